//! Work on several threads whose results are taken in order.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

/// How many results for each thread may wait for an earlier one, so that a slow one doesn't let the
/// others fill the memory.
const AHEAD: usize = 16;

/// Does `work` on each item, on `threads` threads, and gives the results to `take` on this one in the
/// items' order.
///
/// # Errors
/// When the operating system gives no thread.
pub(crate) fn run<T: Sync, R: Send>(
    threads: usize,
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(&T, R),
) -> io::Result<()> {
    let threads = threads.clamp(1, items.len().max(1));
    let (next, taken) = (AtomicUsize::new(0), Taken::default());
    let (sender, results) = mpsc::channel();
    let worker = |sender: mpsc::Sender<(usize, R)>| {
        let _release = ReleaseOnPanic(&taken);
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { break };
            taken.wait_until_within(index, threads * AHEAD);
            if sender.send((index, work(item))).is_err() {
                break;
            }
        }
    };
    thread::scope(|scope| {
        let mut started = Ok(());
        for number in 0..threads {
            let sender = sender.clone();
            let thread = thread::Builder::new().name(format!("inspect-{number}"));
            if let Err(error) = thread.spawn_scoped(scope, || worker(sender)) {
                started = Err(error);
                next.store(items.len(), Ordering::Relaxed);
                break;
            }
        }
        drop(sender);
        let _release = ReleaseOnPanic(&taken);
        let (mut waiting, mut due) = (BTreeMap::new(), 0);
        for (index, result) in results {
            waiting.insert(index, result);
            while let Some(result) = waiting.remove(&due) {
                take(&items[due], result);
                due += 1;
                taken.set(due);
            }
        }
        started
    })
}

/// How many results were taken.
#[derive(Default)]
struct Taken {
    number: Mutex<usize>,
    changed: Condvar,
}

impl Taken {
    fn lock(&self) -> MutexGuard<'_, usize> {
        self.number.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, number: usize) {
        let mut taken = self.lock();
        *taken = number.max(*taken); // a panic's release stays
        self.changed.notify_all();
    }

    fn wait_until_within(&self, index: usize, ahead: usize) {
        let waits = |taken: &mut usize| index >= taken.saturating_add(ahead);
        drop(self.changed.wait_while(self.lock(), waits));
    }
}

/// Lets the other threads go on to their ends when one panics, so that the panic is seen.
struct ReleaseOnPanic<'a>(&'a Taken);

impl Drop for ReleaseOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.set(usize::MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn results_come_in_order_whatever_the_threads() {
        let items: Vec<usize> = (0..300).collect();
        for threads in [1, 3, 8, 1000] {
            let mut taken = Vec::new();
            let work = |item: &usize| {
                thread::sleep(Duration::from_micros((item * 37 % 11) as u64 * 20));
                item * 2
            };
            run(threads, &items, work, |item, result| {
                taken.push((*item, result))
            })
            .unwrap();
            assert!(
                taken
                    .into_iter()
                    .eq(items.iter().map(|item| (*item, item * 2)))
            );
        }
    }

    #[test]
    fn nothing_to_do_is_done() {
        run(4, &[] as &[u8], |_| (), |_, ()| ()).unwrap();
    }

    #[test]
    fn a_slow_item_holds_the_others_up() {
        let items: Vec<usize> = (0..500).collect();
        let done = AtomicUsize::new(0);
        let mut seen_at_first = 0;
        let work = |item: &usize| {
            if *item == 0 {
                thread::sleep(Duration::from_millis(100));
            }
            done.fetch_add(1, Ordering::Relaxed);
        };
        run(2, &items, work, |item, ()| {
            if *item == 0 {
                seen_at_first = done.load(Ordering::Relaxed);
            }
        })
        .unwrap();
        assert!(seen_at_first <= 2 * AHEAD + 2, "{seen_at_first}");
    }

    #[test]
    fn a_panic_is_passed_on() {
        let items: Vec<usize> = (0..500).collect();
        let work = |item: &usize| assert_ne!(*item, 7, "seven");
        let panicked = std::panic::catch_unwind(|| run(3, &items, work, |_, ()| ()));
        assert!(panicked.is_err());
        let take = |item: &usize, ()| assert_ne!(*item, 9, "nine");
        let panicked = std::panic::catch_unwind(|| run(3, &items, |_| (), take));
        assert!(panicked.is_err());
    }
}
