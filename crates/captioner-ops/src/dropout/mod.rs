//! Dropout while training.

mod autodiff;
#[cfg(feature = "flex")]
mod flex;
pub(crate) mod key;

pub use key::{DropoutKey, mix_key, with_dropout_key};

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, TensorMetadata};
use burn::tensor::{Device, Distribution, Tensor};

use crate::backends::on_each_backend;

/// Sets each value to zero with `probability` and scales the rest by `1 / (1 - probability)`, so
/// that the mean stays ([Srivastava et al., 2014](https://jmlr.org/papers/v15/srivastava14a.html)).
///
/// Only where gradients are recorded: on a device without autodiff the input comes back as it is.
/// Within [`with_dropout_key`] the mask comes from the key and the number of dropouts before this
/// one. Elsewhere the random numbers are the device's: seed it with `Device::seed` to repeat a run.
/// With a probability of 1 all values become 0.
///
/// # Panics
/// When `probability` lies outside `0..=1`, or is NaN.
#[track_caller]
pub fn dropout<const D: usize>(x: Tensor<D>, probability: f64) -> Tensor<D> {
    if !drops(&x.device(), probability) {
        return x;
    }
    let seed = key::next_seed();
    let (y, _) = Dispatch::drop_values(x.into_dispatch(), 1.0 - probability, seed);
    Tensor::from_dispatch(y)
}

/// Whether [`dropout`] changes anything.
///
/// # Panics
/// When `probability` lies outside `0..=1`, or is NaN.
#[track_caller]
pub(crate) fn drops(device: &Device, probability: f64) -> bool {
    assert!(
        (0.0..=1.0).contains(&probability),
        "a dropout probability of {probability} is not in 0..=1"
    );
    probability > 0.0 && device.is_autodiff()
}

on_each_backend!(
    /// Dropout and its gradient. Between them a backend keeps the mask, in a form of its own: the
    /// factors of all values, or the seed that makes them again.
    pub(crate) trait FusedDropout: Backend {
        /// The result and the mask, where each value is kept with probability `keep`; from `seed`
        /// alone where there is one, else from the device's generator.
        #[fusion(default)]
        fn drop_values(
            x: FloatTensor<Self>,
            keep: f64,
            seed: Option<u64>,
        ) -> (FloatTensor<Self>, FloatTensor<Self>) {
            composed::<Self>(x, keep, seed)
        }

        /// The gradient of the input from that of the result.
        #[fusion(default)]
        fn drop_values_backward(
            grad: FloatTensor<Self>,
            mask: FloatTensor<Self>,
            keep: f64,
        ) -> FloatTensor<Self> {
            let _ = keep;
            Self::float_mul(grad, mask)
        }
    }
);

/// What dropout means, in the backend's own operations; the mask holds every value's factor.
fn composed<B: Backend>(
    x: FloatTensor<B>,
    keep: f64,
    seed: Option<u64>,
) -> (FloatTensor<B>, FloatTensor<B>) {
    if let Some(seed) = seed {
        B::seed(&x.device(), seed);
    }
    let chance = Distribution::Bernoulli(keep);
    let kept = B::float_random(x.shape(), chance, &x.device(), x.dtype().into());
    // Nothing kept times infinity would be NaN.
    let factor = if keep > 0.0 { 1.0 / keep } else { 0.0 };
    let mask = B::float_mul_scalar(kept, factor.into());
    (B::float_mul(x, mask.clone()), mask)
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use burn::tensor::FloatDType;

    #[test]
    fn evaluation_keeps_every_value() {
        let x = Tensor::<1>::ones([1000], &Device::flex());
        let y = dropout(x, 0.5).into_data().try_to_vec::<f32>().unwrap();
        assert!(y.iter().all(|&v| v == 1.0));
    }

    #[test]
    fn gradient_is_zero_where_the_value_was_dropped_and_scaled_elsewhere() {
        let device = Device::flex().autodiff();
        for shape in [[1, 1], [7, 129], [64, 1025]] {
            device.seed(3);
            let x = Tensor::<2>::ones(shape, &device).require_grad();
            let y = dropout(x.clone(), 0.1);
            let grad = x.grad(&(y.clone() * 2.0).sum().backward()).unwrap();
            let want = (y.inner() * 2.0).into_data();
            assert_eq!(grad.into_data(), want);
        }
    }

    #[test]
    fn a_seed_repeats_the_mask_and_the_next_call_draws_another() {
        let device = Device::flex().autodiff();
        let draw = || dropout(Tensor::<1>::ones([5000], &device), 0.5).into_data();
        device.seed(1);
        let (first, second) = (draw(), draw());
        device.seed(1);
        assert_eq!(draw(), first);
        assert_ne!(second, first);
        device.seed(2);
        assert_ne!(draw(), first);
    }

    #[test]
    fn a_probability_of_one_gives_zeros_and_no_gradient() {
        let device = Device::flex().autodiff();
        // Double precision takes the composed operations.
        for dtype in [FloatDType::F32, FloatDType::F64] {
            let x = Tensor::<1>::ones([100], &device).cast(dtype);
            let x = x.detach().require_grad();
            let y = dropout(x.clone(), 1.0);
            let grad = x.grad(&y.clone().sum().backward()).unwrap();
            for values in [y.inner(), grad].map(|x| x.cast(FloatDType::F32).into_data()) {
                let values = values.try_to_vec::<f32>().unwrap();
                assert!(values.iter().all(|&v| v == 0.0), "{dtype:?}: {values:?}");
            }
        }
    }

    #[test]
    #[should_panic(expected = "a dropout probability of NaN")]
    fn a_probability_that_is_nan_is_refused() {
        dropout(Tensor::<1>::ones([1], &Device::flex()), f64::NAN);
    }

    #[test]
    fn neighbours_are_dropped_independently() {
        let device = Device::flex().autodiff();
        device.seed(5);
        let y = dropout(Tensor::<1>::ones([40_000], &device), 0.5);
        let y = y.into_data().try_to_vec::<f32>().unwrap();
        for distance in [1, 2, 7, 64, 1024] {
            let both = y.iter().zip(&y[distance..]);
            let both = both.filter(|(a, b)| **a > 0.0 && **b > 0.0).count();
            let share = both as f64 / (y.len() - distance) as f64;
            assert!((share - 0.25).abs() < 0.015, "{distance}: {share}");
        }
    }

    #[test]
    fn training_keeps_the_mean() {
        let device = Device::flex().autodiff();
        device.seed(7);
        let x = Tensor::<1>::ones([20_000], &device);
        let y = dropout(x, 0.25).into_data().try_to_vec::<f32>().unwrap();
        let kept = y.iter().filter(|&&v| v > 0.0).count() as f32 / 20_000.0;
        let mean = y.iter().sum::<f32>() / 20_000.0;
        assert!((kept - 0.75).abs() < 0.02, "kept {kept}");
        assert!((mean - 1.0).abs() < 0.03, "mean {mean}");
    }
}
