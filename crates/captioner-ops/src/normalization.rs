//! Layer normalisation.

use burn::tensor::Tensor;
use burn::tensor::module;

/// Normalises the last axis to mean 0 and variance 1, then scales and shifts
/// ([Ba et al., 2016](https://arxiv.org/abs/1607.06450)).
///
/// `x` is `[..., width]`, `weight` and `bias` are `[width]`. The variance is the biased one and
/// `eps` is added to it, as in PyTorch.
pub fn layer_norm<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    eps: f64,
) -> Tensor<D> {
    module::layer_norm(x, weight, Some(bias), eps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn variance_is_the_biased_one() {
        let device = Device::flex();
        let x = Tensor::<2>::from_data([[1.0f32, 3.0], [0.0, 4.0]], &device);
        let weight = Tensor::from_data([1.0f32, 2.0], &device);
        let bias = Tensor::from_data([0.0f32, 1.0], &device);
        let y = layer_norm(x, weight, bias, 0.0);
        let y = y.into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(y, [-1.0, 3.0, -1.0, 3.0]);
    }
}
