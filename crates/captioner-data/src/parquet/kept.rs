//! What was read last, kept up to a number of bytes.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Values that were made last, up to a number of bytes in all.
///
/// Several threads share it: who asks for a value which is being made waits for it. The
/// newest value is kept even if it is larger than the limit alone, so that its rows are
/// read once; all others go then.
#[derive(Debug)]
pub(super) struct Kept<K, V> {
    limit: usize,
    state: Mutex<State<K, V>>,
}

type Cell<V> = Arc<Mutex<Option<Arc<V>>>>;

#[derive(Debug)]
struct Slot<V> {
    cell: Cell<V>,
    bytes: usize,
    used: u64,
}

#[derive(Debug)]
struct State<K, V> {
    slots: HashMap<K, Slot<V>>,
    by_use: BTreeMap<u64, K>,
    clock: u64,
    bytes: usize,
}

impl<K: Copy + Eq + Hash, V> Kept<K, V> {
    /// Nothing yet, and at most `limit` bytes later.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            state: Mutex::new(State {
                slots: HashMap::new(),
                by_use: BTreeMap::new(),
                clock: 0,
                bytes: 0,
            }),
        }
    }

    /// The value of this key: the kept one, or the one that `make` makes, with its size.
    pub(super) fn get_or_make<E>(
        &self,
        key: K,
        make: impl FnOnce() -> Result<(V, usize), E>,
    ) -> Result<Arc<V>, E> {
        let cell = self.state().touch(key);
        let mut value = lock(&cell);
        if let Some(value) = value.as_ref() {
            return Ok(Arc::clone(value));
        }
        let (made, bytes) = make()?;
        let made = Arc::new(made);
        *value = Some(Arc::clone(&made));
        drop(value);
        self.state().grown(key, &cell, bytes, self.limit);
        Ok(made)
    }

    fn state(&self) -> MutexGuard<'_, State<K, V>> {
        lock(&self.state)
    }
}

/// A lock is never poisoned in a way that matters: what it guards is whole at every step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K: Copy + Eq + Hash, V> State<K, V> {
    /// The cell of a key, now the one used last.
    fn touch(&mut self, key: K) -> Cell<V> {
        self.clock += 1;
        let slot = self.slots.entry(key).or_insert_with(|| Slot {
            cell: Arc::default(),
            bytes: 0,
            used: 0,
        });
        self.by_use.remove(&slot.used);
        slot.used = self.clock;
        self.by_use.insert(self.clock, key);
        Arc::clone(&slot.cell)
    }

    /// Counts a value that was made, and lets those go which were used longest ago.
    fn grown(&mut self, key: K, cell: &Cell<V>, bytes: usize, limit: usize) {
        let Some(slot) = self.slots.get_mut(&key) else {
            return;
        };
        if !Arc::ptr_eq(&slot.cell, cell) {
            return;
        }
        slot.bytes = bytes;
        self.bytes += bytes;
        while self.bytes > limit {
            let oldest = self.by_use.iter().map(|(&used, &oldest)| (used, oldest));
            let Some((used, oldest)) = oldest.into_iter().find(|&(_, oldest)| oldest != key) else {
                return;
            };
            self.by_use.remove(&used);
            self.bytes -= self.slots.remove(&oldest).map_or(0, |slot| slot.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(kept: &Kept<u32, u32>, key: u32, bytes: usize) -> bool {
        let mut was_made = false;
        let value = kept.get_or_make(key, || {
            was_made = true;
            Ok::<_, ()>((key * 10, bytes))
        });
        assert_eq!(*value.unwrap(), key * 10);
        was_made
    }

    /// The bytes held, and the values.
    fn held(kept: &Kept<u32, u32>) -> (usize, usize) {
        let state = kept.state();
        (state.bytes, state.slots.len())
    }

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let kept = Kept::new(10);
        assert!(get(&kept, 1, 4) && get(&kept, 2, 4));
        assert!(!get(&kept, 1, 4));
        assert!(get(&kept, 3, 4));
        assert!(!get(&kept, 1, 4) && !get(&kept, 3, 4));
        assert!(get(&kept, 2, 4));
        assert_eq!(held(&kept), (8, 2));
    }

    #[test]
    fn a_value_larger_than_the_limit_is_kept_alone() {
        let kept = Kept::new(10);
        assert!(get(&kept, 1, 4) && get(&kept, 2, 50));
        assert!(!get(&kept, 2, 50));
        assert_eq!(held(&kept), (50, 1));
        assert!(get(&kept, 1, 4));
        assert_eq!(kept.state().bytes, 4);
    }

    #[test]
    fn a_value_that_could_not_be_made_is_made_again() {
        let kept = Kept::<u32, u32>::new(10);
        assert_eq!(kept.get_or_make(1, || Err("no")).unwrap_err(), "no");
        assert!(get(&kept, 1, 4));
    }

    #[test]
    fn threads_make_a_value_once() {
        let kept = Kept::<u32, u32>::new(10);
        let made = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let value = kept.get_or_make(7, || {
                        std::thread::sleep(std::time::Duration::from_millis(5));
                        made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        Ok::<_, ()>((7, 1))
                    });
                    assert_eq!(*value.unwrap(), 7);
                });
            }
        });
        assert_eq!(made.into_inner(), 1);
    }
}
