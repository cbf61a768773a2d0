//! The two activations of GIT.

use std::f64::consts::FRAC_1_SQRT_2;

use burn::tensor::{Tensor, activation};

/// Gaussian error linear unit in its exact form, `x · Φ(x)` with `Φ` by the error function
/// ([Hendrycks and Gimpel, 2016](https://arxiv.org/abs/1606.08415)). Any shape.
///
/// Written out because the gradient of Burn 0.22's own `gelu` is that of the tanh approximation
/// on some devices, off by up to 8.7e-4.
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let phi = (x.clone() * FRAC_1_SQRT_2).erf() * 0.5 + 0.5;
    x * phi
}

/// The sigmoid approximation `x · σ(1.702 x)` that CLIP's vision encoder was trained with.
/// Any shape.
pub fn quick_gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    x.clone() * activation::sigmoid(x * 1.702)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    /// Values of `torch.nn.functional.gelu` and its derivative at -2, -0.5, 0, 1, 2.02.
    const X: [f32; 5] = [-2.0, -0.5, 0.0, 1.0, 2.02];
    const GELU: [f32; 5] = [-0.045_500_3, -0.154_268_8, 0.0, 0.841_344_7, 1.976_184_5];
    const GELU_SLOPE: [f32; 5] = [-0.085_231_8, 0.132_504_5, 0.5, 1.083_315_5, 1.083_073_0];

    fn assert_close(got: &[f32], want: &[f32]) {
        for (g, w) in got.iter().zip(want) {
            assert!((g - w).abs() < 2e-6, "{got:?} is not {want:?}");
        }
    }

    #[test]
    fn gelu_gradient_is_the_exact_one_not_the_tanh_approximation() {
        let device = Device::flex().autodiff();
        let x = Tensor::<1>::from_data(X, &device).require_grad();
        let y = gelu(x.clone());
        assert_close(&y.to_data().try_to_vec::<f32>().unwrap(), &GELU);
        let slope = x.grad(&y.sum().backward()).unwrap();
        assert_close(&slope.into_data().try_to_vec::<f32>().unwrap(), &GELU_SLOPE);
    }

    #[test]
    fn quick_gelu_uses_the_factor_of_clip() {
        let x = Tensor::<1>::from_data([-1.0f32, 3.0], &Device::flex());
        let y = quick_gelu(x).into_data().try_to_vec::<f32>().unwrap();
        let want = |x: f32| x / (1.0 + (-1.702 * x).exp());
        assert_close(&y, &[want(-1.0), want(3.0)]);
    }
}
