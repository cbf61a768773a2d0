//! Preprocessed pictures kept in memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use captioner_image::ResizedPicture;

/// Pictures of all sets of a run that were decoded and resized, within one budget of memory.
///
/// What is kept are the 8-bit pixels that resizing ends in, a quarter of the size of what the model
/// reads; they are normalised anew for each batch, to the same bits. When the budget is spent, what
/// is in the cache stays, and other pictures are decoded each time. Clones share one budget.
#[derive(Clone, Debug)]
pub struct PixelCache {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    budget: usize,
    used: AtomicUsize,
    /// Number of sets that have a share.
    sets: AtomicUsize,
    kept: Mutex<HashMap<(usize, usize), Arc<ResizedPicture>>>,
}

/// One set's part of a [`PixelCache`].
#[derive(Debug)]
pub(crate) struct CacheShare {
    cache: PixelCache,
    set: usize,
}

impl PixelCache {
    /// 512 MiB: 3,500 pictures of 224 x 224 pixels.
    pub const DEFAULT_BYTES: usize = 512 << 20;

    /// A cache of at most so many bytes; 0 keeps nothing.
    pub fn new(bytes: usize) -> Self {
        Self {
            shared: Arc::new(Shared {
                budget: bytes,
                used: AtomicUsize::new(0),
                sets: AtomicUsize::new(0),
                kept: Mutex::default(),
            }),
        }
    }

    /// Bytes of the pictures that are kept now.
    pub fn used(&self) -> usize {
        self.shared.used.load(Ordering::Relaxed)
    }

    pub(crate) fn share(&self) -> CacheShare {
        CacheShare {
            cache: self.clone(),
            set: self.shared.sets.fetch_add(1, Ordering::Relaxed),
        }
    }
}

impl Default for PixelCache {
    fn default() -> Self {
        Self::new(Self::DEFAULT_BYTES)
    }
}

/// What a set kept is of no use to others.
impl Drop for CacheShare {
    fn drop(&mut self) {
        let shared = &self.cache.shared;
        let mut kept = shared.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(set, _), _| *set != self.set);
        let used = kept.values().map(|picture| picture.bytes()).sum();
        shared.used.store(used, Ordering::Relaxed);
    }
}

impl CacheShare {
    pub(crate) fn get(&self, row: usize) -> Option<Arc<ResizedPicture>> {
        let kept = &self.cache.shared.kept;
        // A thread that panicked while it held the lock had at most added one whole entry.
        let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&(self.set, row)).cloned()
    }

    /// Frees its memory for others.
    pub(crate) fn remove(&self, row: usize) {
        let shared = &self.cache.shared;
        let mut kept = shared.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(picture) = kept.remove(&(self.set, row)) {
            let used = shared.used.load(Ordering::Relaxed);
            let used = used.saturating_sub(picture.bytes());
            shared.used.store(used, Ordering::Relaxed);
        }
    }

    /// Keeps a picture where the budget allows it, and gives it back to share.
    pub(crate) fn insert(&self, row: usize, picture: ResizedPicture) -> Arc<ResizedPicture> {
        let shared = &self.cache.shared;
        let picture = Arc::new(picture);
        let bytes = picture.bytes();
        let mut kept = shared.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let used = shared.used.load(Ordering::Relaxed);
        if used.saturating_add(bytes) <= shared.budget
            && kept.insert((self.set, row), picture.clone()).is_none()
        {
            shared.used.store(used + bytes, Ordering::Relaxed);
        }
        picture
    }
}
