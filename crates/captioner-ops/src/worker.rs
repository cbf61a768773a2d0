//! Computing from within the threads that compute.

/// Runs `work` on one of the threads that share the CPU backend's operations, and waits for it.
///
/// An operation that another thread starts has to wake these threads, and that thread sleeps until
/// they are done. One that starts on them begins at once, and the rest join in: a training step of
/// small operations takes a fifth less. Wrap a whole training run or generation, not single
/// operations. With one thread alone, `work` runs where it was called: what it waits for may need
/// that thread. Other backends gain nothing and lose nothing.
///
/// Dropouts in `work` count on within the [`DropoutKey`](crate::DropoutKey) that the caller is
/// within.
///
/// ```
/// let sum = captioner_ops::on_worker(|| 1 + 1);
/// assert_eq!(sum, 2);
/// ```
pub fn on_worker<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    #[cfg(feature = "flex")]
    if rayon::current_num_threads() > 1 {
        use crate::dropout::{DropoutKey, key};
        let within = DropoutKey::current();
        let (result, place) = rayon::scope(|_| key::within(within, work));
        key::go_on_from(place);
        return result;
    }
    work()
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use crate::{DropoutKey, with_dropout_key};

    #[test]
    fn work_runs_on_a_worker_unless_it_is_the_only_one() {
        let where_it_runs = || on_worker(rayon::current_thread_index);
        if rayon::current_num_threads() > 1 {
            assert!(where_it_runs().is_some());
        }
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        // Already inside of the pool: it stays there.
        assert_eq!(one.unwrap().install(where_it_runs), Some(0));
    }

    #[test]
    fn a_key_for_dropout_goes_along_and_comes_back() {
        assert_eq!(on_worker(DropoutKey::current), None);
        let place = with_dropout_key(3, || {
            on_worker(|| on_worker(crate::dropout::key::next_seed)).unwrap();
            DropoutKey::current()
        });
        let want = with_dropout_key(3, || {
            crate::dropout::key::next_seed().unwrap();
            DropoutKey::current()
        });
        assert_eq!(place, want);
        assert_eq!(DropoutKey::current(), None);
    }
}
