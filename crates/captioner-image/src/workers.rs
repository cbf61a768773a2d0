//! Threads that decode and process pictures.

use crate::ImageError;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::Arc;

/// Threads that decode and process pictures, apart from those of rayon's global pool, which a
/// model's tensor operations may keep busy. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Workers {
    pool: Arc<ThreadPool>,
}

impl Workers {
    /// Starts `threads` threads; 0 for as many as there are cores.
    ///
    /// # Errors
    /// When the operating system gives no threads.
    pub fn new(threads: usize) -> Result<Self, ImageError> {
        let builder = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|n| format!("picture-{n}"));
        Ok(Self {
            pool: Arc::new(builder.build().map_err(ImageError::Threads)?),
        })
    }

    /// How many threads there are.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    pub(crate) fn pool(&self) -> &ThreadPool {
        &self.pool
    }
}
