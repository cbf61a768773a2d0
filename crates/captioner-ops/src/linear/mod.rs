//! Linear maps.

mod autodiff;
#[cfg(feature = "flex")]
mod flex;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, TensorMetadata};
use burn::tensor::{Shape, Tensor};

use crate::backends::on_each_backend;
use crate::rows::by_rows;

/// `x · weight + bias` over the last axis.
///
/// `x` is `[..., inputs]`, `weight` `[inputs, outputs]` and `bias` `[outputs]`; the result is
/// `[..., outputs]`. All leading axes are one: the weight's gradient is a single product, where
/// Burn 0.22 makes one for each entry of the first axis and sums them.
///
/// # Panics
/// When the shapes differ from these.
#[track_caller]
pub fn linear<const D: usize>(x: Tensor<D>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<D> {
    let [inputs, outputs] = weight.dims();
    assert!(
        x.dims().last() == Some(&inputs) && bias.dims() == [outputs],
        "linear: x of shape {:?} with a weight of [{inputs}, {outputs}] and a bias of {:?}",
        x.dims(),
        bias.dims()
    );
    let (weight, bias) = (weight.into_dispatch(), bias.into_dispatch());
    Tensor::from_dispatch(Dispatch::linear_forward(x.into_dispatch(), weight, bias))
}

on_each_backend!(
    /// A linear map and its gradients, each asked for alone: a frozen weight costs no product.
    pub(crate) trait FusedLinear: Backend {
        /// `x` `[..., inputs]`, `weight` `[inputs, outputs]`, `bias` `[outputs]` to `[..., outputs]`.
        #[fusion(default)]
        fn linear_forward(
            x: FloatTensor<Self>,
            weight: FloatTensor<Self>,
            bias: FloatTensor<Self>,
        ) -> FloatTensor<Self> {
            composed::<Self>(x, weight, bias)
        }

        /// The gradient of `x`, `[..., inputs]`.
        #[fusion(default)]
        fn linear_backward_input(
            grad: FloatTensor<Self>,
            weight: FloatTensor<Self>,
        ) -> FloatTensor<Self> {
            composed_backward_input::<Self>(grad, weight)
        }

        /// The gradient of the weight, `[inputs, outputs]`.
        #[fusion(default)]
        fn linear_backward_weight(
            grad: FloatTensor<Self>,
            x: FloatTensor<Self>,
        ) -> FloatTensor<Self> {
            composed_backward_weight::<Self>(grad, x)
        }

        /// The gradient of the bias, `[outputs]`.
        #[fusion(default)]
        fn linear_backward_bias(grad: FloatTensor<Self>) -> FloatTensor<Self> {
            composed_backward_bias::<Self>(grad)
        }
    }
);

fn composed<B: Backend>(
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: FloatTensor<B>,
) -> FloatTensor<B> {
    let outputs = weight.shape()[1];
    let shape = with_last(&x.shape(), outputs);
    let y = B::float_matmul(by_rows::<B>(x), weight);
    let bias = B::float_reshape(bias, Shape::from([1, outputs]));
    B::float_reshape(B::float_add(y, bias), shape)
}

fn composed_backward_input<B: Backend>(
    grad: FloatTensor<B>,
    weight: FloatTensor<B>,
) -> FloatTensor<B> {
    let shape = with_last(&grad.shape(), weight.shape()[0]);
    let product = B::float_matmul(by_rows::<B>(grad), B::float_transpose(weight));
    B::float_reshape(product, shape)
}

fn composed_backward_weight<B: Backend>(grad: FloatTensor<B>, x: FloatTensor<B>) -> FloatTensor<B> {
    B::float_matmul(B::float_transpose(by_rows::<B>(x)), by_rows::<B>(grad))
}

fn composed_backward_bias<B: Backend>(grad: FloatTensor<B>) -> FloatTensor<B> {
    let sums = B::float_sum_dim(by_rows::<B>(grad), 0);
    let outputs = sums.shape().num_elements();
    B::float_reshape(sums, Shape::from([outputs]))
}

/// `shape` with another last axis.
fn with_last(shape: &Shape, last: usize) -> Shape {
    let mut dims: Vec<usize> = shape.iter().copied().collect();
    if let Some(end) = dims.last_mut() {
        *end = last;
    }
    Shape::from(dims)
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn every_row_of_every_batch_is_mapped() {
        let device = Device::flex();
        let x = Tensor::<3>::from_data([[[1.0f32, 2.0]], [[3.0, -1.0]]], &device);
        let weight = Tensor::from_data([[1.0f32, 0.0, 2.0], [0.0, 1.0, 1.0]], &device);
        let bias = Tensor::from_data([0.5f32, 0.0, -1.0], &device);
        let y = linear(x, weight, bias);
        assert_eq!(y.dims(), [2, 1, 3]);
        let y = y.into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(y, [1.5, 2.0, 3.0, 3.5, -1.0, 4.0]);
    }
}
