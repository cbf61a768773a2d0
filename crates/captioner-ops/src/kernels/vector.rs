//! Code for the widest instructions of the machine it runs on.
//!
//! A loop becomes such code only if all it calls is inlined into it. Closures can't be marked to be
//! inlined always, methods can: hence the structures where closures would be shorter.

use pulp::{Arch, Simd, WithSimd};

/// Loops to run with the widest instructions. Implementations mark `run` `#[inline(always)]`.
pub(crate) trait Work {
    /// What comes of it.
    type Output;

    /// The loops.
    fn run(self) -> Self::Output;
}

/// Runs `work` with the widest instructions of this machine.
pub(crate) fn vectorised<W: Work>(work: W) -> W::Output {
    Arch::new().dispatch(Wide(work))
}

struct Wide<W>(W);

impl<W: Work> WithSimd for Wide<W> {
    type Output = W::Output;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _instructions: S) -> W::Output {
        self.0.run()
    }
}

/// A number from `N` numbers. Implementations mark `of` `#[inline(always)]`.
pub(crate) trait Function<const N: usize>: Copy + Send + Sync {
    /// The number.
    fn of(self, x: [f32; N]) -> f32;
}

/// Defines [`Function`]s: a name, what it captures, its arguments and its value.
macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident { $($captured:ident),* } ($($x:ident),*) = $value:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(crate) struct $name {
            $(pub(crate) $captured: f32,)*
        }

        impl $crate::kernels::vector::Function<{ [$(stringify!($x)),*].len() }> for $name {
            #[inline(always)]
            fn of(self, [$($x),*]: [f32; [$(stringify!($x)),*].len()]) -> f32 {
                let Self { $($captured),* } = self;
                $value
            }
        }
    )*};
}
pub(crate) use functions;
