//! Dropout while training.

use burn::tensor::{Distribution, Tensor};

/// Sets each value to zero with `probability` and scales the rest by `1 / (1 - probability)`, so
/// that the mean stays ([Srivastava et al., 2014](https://jmlr.org/papers/v15/srivastava14a.html)).
///
/// Only where gradients are recorded: on a device without autodiff the input comes back as it is.
/// The random numbers are the device's: seed it with `Device::seed` to repeat a run.
pub fn dropout<const D: usize>(x: Tensor<D>, probability: f64) -> Tensor<D> {
    if probability <= 0.0 || !x.device().is_autodiff() {
        return x;
    }
    let keep = 1.0 - probability;
    let mask = x.random_like(Distribution::Bernoulli(keep));
    x * mask * (1.0 / keep)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn evaluation_keeps_every_value() {
        let x = Tensor::<1>::ones([1000], &Device::flex());
        let y = dropout(x, 0.5).into_data().try_to_vec::<f32>().unwrap();
        assert!(y.iter().all(|&v| v == 1.0));
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
