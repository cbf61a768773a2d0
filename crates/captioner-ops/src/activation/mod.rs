//! The activations of GIT and CLIP.

mod autodiff;
#[cfg(feature = "flex")]
mod flex;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch};
use burn::tensor::Tensor;

use crate::backends::on_each_backend;

/// Gaussian error linear unit in its exact form, `x · Φ(x)` with `Φ` by the error function
/// ([Hendrycks and Gimpel, 2016](https://arxiv.org/abs/1606.08415)). Any shape.
///
/// Not Burn's, because the gradient of Burn 0.22's `gelu` is that of the tanh approximation on some
/// devices, off by up to 8.7e-4.
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::activate(x.into_dispatch(), Activation::Gelu))
}

/// The sigmoid approximation `x · σ(1.702 x)` that CLIP's vision encoder was trained with.
/// Any shape.
pub fn quick_gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::activate(x.into_dispatch(), Activation::QuickGelu))
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Activation {
    Gelu,
    QuickGelu,
}

const QUICK: f64 = 1.702;

on_each_backend!(
    /// An activation and its gradient, each in one pass where the backend has a kernel.
    pub(crate) trait FusedActivation: Backend {
        /// The activation of every value.
        #[fusion(default)]
        fn activate(x: FloatTensor<Self>, kind: Activation) -> FloatTensor<Self> {
            composed::<Self>(x, kind)
        }

        /// `grad` times the activation's derivative at `x`.
        #[fusion(default)]
        fn activate_backward(
            grad: FloatTensor<Self>,
            x: FloatTensor<Self>,
            kind: Activation,
        ) -> FloatTensor<Self> {
            composed_backward::<Self>(grad, x, kind)
        }
    }
);

/// What the activations mean, in the backend's own operations.
fn composed<B: Backend>(x: FloatTensor<B>, kind: Activation) -> FloatTensor<B> {
    let weight = match kind {
        Activation::Gelu => normal_distribution::<B>(x.clone()),
        Activation::QuickGelu => B::sigmoid(B::float_mul_scalar(x.clone(), QUICK.into())),
    };
    B::float_mul(x, weight)
}

fn composed_backward<B: Backend>(
    grad: FloatTensor<B>,
    x: FloatTensor<B>,
    kind: Activation,
) -> FloatTensor<B> {
    let slope = match kind {
        Activation::Gelu => {
            let half_square =
                B::float_mul_scalar(B::float_mul(x.clone(), x.clone()), (-0.5).into());
            let factor = 1.0 / (2.0 * std::f64::consts::PI).sqrt();
            let density = B::float_mul_scalar(B::float_exp(half_square), factor.into());
            let phi = normal_distribution::<B>(x.clone());
            B::float_add(phi, B::float_mul(x, density))
        }
        Activation::QuickGelu => {
            let s = B::sigmoid(B::float_mul_scalar(x.clone(), QUICK.into()));
            let rest = B::float_add_scalar(B::float_neg(s.clone()), 1.0.into());
            let steep = B::float_mul_scalar(B::float_mul(s.clone(), rest), QUICK.into());
            B::float_add(s, B::float_mul(x, steep))
        }
    };
    B::float_mul(grad, slope)
}

fn normal_distribution<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let scaled = B::float_mul_scalar(x, std::f64::consts::FRAC_1_SQRT_2.into());
    let half = B::float_mul_scalar(B::float_erf(scaled), 0.5.into());
    B::float_add_scalar(half, 0.5.into())
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use burn::tensor::Device;

    /// Values of `torch.nn.functional.gelu` and its derivative at -2, -0.5, 0, 1, 2.02.
    const X: [f32; 5] = [-2.0, -0.5, 0.0, 1.0, 2.02];
    const GELU: [f32; 5] = [-0.045_500_3, -0.154_268_8, 0.0, 0.841_344_7, 1.976_184_5];
    const GELU_SLOPE: [f32; 5] = [-0.085_231_8, 0.132_504_5, 0.5, 1.083_315_5, 1.083_073];

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
