//! Where the masks of dropout come from, if not from the device's generator.

use std::cell::Cell;

thread_local! {
    /// The key that this thread's dropouts take their masks from.
    static CURRENT: Cell<Option<DropoutKey>> = const { Cell::new(None) };
}

/// A key that masks of dropout are made from, and the number of the next one.
///
/// The n-th dropout of a pass takes its mask from the key and n alone. What ran before, what runs
/// on other threads, and any other use of the device's generator change nothing.
///
/// ```
/// use captioner_ops::burn::tensor::Tensor;
/// use captioner_ops::{DeviceSpec, DropoutKey, dropout, with_dropout_key};
///
/// # fn main() -> Result<(), captioner_ops::DeviceError> {
/// let device = "auto".parse::<DeviceSpec>()?.open()?.autodiff();
/// let draw = || dropout(Tensor::<1>::ones([64], &device), 0.5).into_data();
///
/// let (first, place, second) = with_dropout_key(7, || (draw(), DropoutKey::current(), draw()));
/// assert_ne!(first, second);
/// assert_eq!(with_dropout_key(7, draw), first);
/// // A layer that is computed again starts where it started before.
/// assert_eq!(place.unwrap().within(draw), second);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DropoutKey {
    key: u64,
    next: u64,
}

impl DropoutKey {
    /// A key at the start of a pass.
    pub fn new(key: u64) -> Self {
        Self { key, next: 0 }
    }

    /// The key that this thread is within, at the place that its pass has come to; `None` where
    /// masks are drawn from the device's generator.
    pub fn current() -> Option<Self> {
        CURRENT.get()
    }

    /// Runs `pass`, whose dropouts on this thread take their masks from this key, counted from its
    /// place on. Whatever this thread was within before goes on afterwards as if nothing had been
    /// between, also after a panic.
    pub fn within<R>(self, pass: impl FnOnce() -> R) -> R {
        within(Some(self), pass).0
    }

    /// The number that the next mask is made from.
    fn take(&mut self) -> u64 {
        let place = self.next;
        self.next = place.wrapping_add(1);
        mix_key(&[self.key, place])
    }
}

/// Runs `pass`, in which the n-th dropout on this thread takes its mask from (`key`, n) alone. See
/// [`DropoutKey`].
///
/// On the CPU backend (`flex`) masks are hashed, and the device's generator is neither read nor
/// changed. On other backends each dropout seeds the device from (`key`, n) before it draws: other
/// threads that draw on that device must wait.
///
/// Work that is handed to another thread is not within, except by [`on_worker`](crate::on_worker).
pub fn with_dropout_key<R>(key: u64, pass: impl FnOnce() -> R) -> R {
    DropoutKey::new(key).within(pass)
}

/// One number from several, such as a key from a seed and a step. Each number is mixed by
/// splitmix64 ([Steele et al., 2014](https://doi.org/10.1145/2660193.2660195)) before it joins the
/// others, so that near numbers give unrelated keys; their order counts.
///
/// ```
/// use captioner_ops::mix_key;
///
/// assert_ne!(mix_key(&[0, 1]), mix_key(&[1, 0]));
/// ```
pub fn mix_key(numbers: &[u64]) -> u64 {
    let join = |all: u64, number: &u64| splitmix64(all ^ splitmix64(*number));
    numbers.iter().fold(0, join)
}

fn splitmix64(x: u64) -> u64 {
    let mut x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The number that the next mask is made from, where this thread is within a key.
pub(crate) fn next_seed() -> Option<u64> {
    let mut key = CURRENT.get()?;
    let seed = key.take();
    CURRENT.set(Some(key));
    Some(seed)
}

/// Runs `pass` within `key`, or outside of any; gives its result and the place that it came to.
pub(crate) fn within<R>(
    key: Option<DropoutKey>,
    pass: impl FnOnce() -> R,
) -> (R, Option<DropoutKey>) {
    let _restore = Restore(CURRENT.replace(key));
    (pass(), CURRENT.get())
}

/// Puts back what a thread was within.
struct Restore(Option<DropoutKey>);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

/// Goes on from the place that a pass came to on another thread, which it was carried to.
#[cfg(feature = "flex")]
pub(crate) fn go_on_from(place: Option<DropoutKey>) {
    CURRENT.set(place);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn splitmix64_is_the_published_one() {
        // The generator of Vigna's splitmix64.c, state 0: its first two numbers.
        assert_eq!(splitmix64(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(splitmix64(0x9e37_79b9_7f4a_7c15), 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn a_scope_counts_its_own_dropouts_and_the_outer_one_goes_on() {
        assert_eq!(next_seed(), None);
        let alone = with_dropout_key(1, || [(); 3].map(|()| next_seed()));
        let mixed = with_dropout_key(1, || {
            let first = next_seed();
            let inner = with_dropout_key(2, || [(); 2].map(|()| next_seed()));
            assert!(inner.iter().all(|seed| !alone.contains(seed)));
            [first, next_seed(), next_seed()]
        });
        assert_eq!(mixed, alone);
        assert_eq!(alone.iter().collect::<HashSet<_>>().len(), 3);
        assert_eq!(DropoutKey::current(), None);
    }

    #[test]
    fn a_panic_leaves_the_outer_scope_as_it_was() {
        with_dropout_key(1, || {
            let before = DropoutKey::current();
            let inner = || with_dropout_key(2, || -> () { panic!("on purpose") });
            std::panic::catch_unwind(inner).unwrap_err();
            assert_eq!(DropoutKey::current(), before);
        });
    }

    #[test]
    fn near_numbers_give_other_keys() {
        let mut keys = HashSet::new();
        for a in 0..40 {
            for b in 0..40 {
                for c in 0..40 {
                    keys.insert(mix_key(&[a, b, c]));
                }
            }
        }
        assert_eq!(keys.len(), 40 * 40 * 40);
    }

    /// Each bit of each number changes about half of the key's bits.
    #[test]
    fn every_bit_counts() {
        for at in 0..3 {
            for bit in 0..64 {
                let changed = |round: u64| {
                    let numbers = [round, round * 77, round * 1_000_003];
                    let mut other = numbers;
                    other[at] ^= 1 << bit;
                    (mix_key(&numbers) ^ mix_key(&other)).count_ones()
                };
                let mean = (0..64).map(changed).sum::<u32>() as f64 / 64.0;
                // 64 binomial draws of 64 bits: a deviation of 0.5 around 32.
                assert!((mean - 32.0).abs() < 3.0, "{at}, {bit}: {mean}");
            }
        }
    }
}
