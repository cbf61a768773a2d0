//! Softmax cross entropy.

mod autodiff;
#[cfg(feature = "flex")]
mod flex;

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Dispatch, TensorMetadata};
use burn::tensor::{IndexingUpdateOp, Int, Shape, Slice, Tensor};

use crate::backends::on_each_backend;

/// The loss of each row, `-log softmax(logits)[target]`, in nats.
///
/// `logits` is `[rows, classes]`, `targets` is `[rows]` with values in `0..classes`; the result is
/// `[rows]`. With `label_smoothing` ε the target distribution is
/// `(1 - ε) · one_hot + ε / classes` ([Szegedy et al., 2015](https://arxiv.org/abs/1512.00567)),
/// as in PyTorch. Rows that should not count are left out by the caller, not masked here.
///
/// # Panics
/// When there are not as many targets as rows; on the CPU also when a target is no class. GPUs
/// don't check the targets, whose values never leave the device.
#[track_caller]
pub fn cross_entropy(
    logits: Tensor<2>,
    targets: Tensor<1, Int>,
    label_smoothing: f64,
) -> Tensor<1> {
    assert_eq!(
        logits.dims()[0],
        targets.dims()[0],
        "cross entropy: rows of logits and targets"
    );
    let (logits, targets) = (logits.into_dispatch(), targets.into_dispatch());
    let (loss, _) = Dispatch::cross_entropy_forward(logits, targets, label_smoothing);
    Tensor::from_dispatch(loss)
}

on_each_backend!(
    /// Cross entropy and its gradient. Kept between them are the logits and two values a row: the
    /// largest logit and the reciprocal of the sum of exponentials, `[rows, 2]`.
    pub(crate) trait FusedCrossEntropy: Backend {
        /// Losses `[rows]` and statistics.
        #[fusion(default)]
        fn cross_entropy_forward(
            logits: FloatTensor<Self>,
            targets: IntTensor<Self>,
            smoothing: f64,
        ) -> (FloatTensor<Self>, FloatTensor<Self>) {
            composed::<Self>(logits, targets, smoothing)
        }

        /// The gradient of the logits from that of the losses.
        #[fusion(default)]
        fn cross_entropy_backward(
            grad: FloatTensor<Self>,
            logits: FloatTensor<Self>,
            targets: IntTensor<Self>,
            statistics: FloatTensor<Self>,
            smoothing: f64,
        ) -> FloatTensor<Self> {
            composed_backward::<Self>(grad, logits, targets, statistics, smoothing)
        }
    }
);

/// What cross entropy means, in the backend's own operations.
fn composed<B: Backend>(
    logits: FloatTensor<B>,
    targets: IntTensor<B>,
    smoothing: f64,
) -> (FloatTensor<B>, FloatTensor<B>) {
    let rows = logits.shape()[0];
    let largest = B::float_max_dim(logits.clone(), 1);
    let shifted = B::float_sub(logits, largest.clone());
    let sum = B::float_sum_dim(B::float_exp(shifted.clone()), 1);
    let index = B::int_reshape(targets, Shape::from([rows, 1]));
    let picked = B::float_gather(1, shifted.clone(), index);
    let picked = B::float_mul_scalar(picked, (1.0 - smoothing).into());
    let mut loss = B::float_sub(B::float_log(sum.clone()), picked);
    if smoothing != 0.0 {
        let uniform = B::float_mul_scalar(B::float_mean_dim(shifted, 1), smoothing.into());
        loss = B::float_sub(loss, uniform);
    }
    let loss = B::float_reshape(loss, Shape::from([rows]));
    (loss, B::float_cat(vec![largest, B::float_recip(sum)], 1))
}

fn composed_backward<B: Backend>(
    grad: FloatTensor<B>,
    logits: FloatTensor<B>,
    targets: IntTensor<B>,
    statistics: FloatTensor<B>,
    smoothing: f64,
) -> FloatTensor<B> {
    let (rows, classes) = (logits.shape()[0], logits.shape()[1]);
    let column = |index: usize| {
        let place = [Slice::from(0..rows), Slice::from(index..index + 1)];
        B::float_slice(statistics.clone(), &place)
    };
    let weights = B::float_exp(B::float_sub(logits, column(0)));
    let mut p = B::float_mul(weights, column(1));
    if smoothing != 0.0 {
        p = B::float_sub_scalar(p, (smoothing / classes as f64).into());
    }
    let grad = B::float_reshape(grad, Shape::from([rows, 1]));
    let all = B::float_mul(p, grad.clone());
    let index = B::int_reshape(targets, Shape::from([rows, 1]));
    let of_target = B::float_mul_scalar(grad, (smoothing - 1.0).into());
    B::float_scatter(1, all, index, of_target, IndexingUpdateOp::Add)
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn row(smoothing: f64) -> f32 {
        let device = Device::flex();
        let logits = Tensor::<2>::from_data([[1.0f32, 2.0, 3.0]], &device);
        let targets = Tensor::from_data([2], &device);
        cross_entropy(logits, targets, smoothing).into_scalar::<f32>()
    }

    #[test]
    fn loss_is_in_nats_and_smoothing_is_pytorchs() {
        // torch.nn.functional.cross_entropy([[1, 2, 3]], [2], label_smoothing=0 and 0.1)
        assert!((row(0.0) - 0.407_605_96).abs() < 1e-6);
        assert!((row(0.1) - 0.507_605_96).abs() < 1e-6);
    }

    #[test]
    fn gradient_is_softmax_less_one_hot() {
        let device = Device::flex().autodiff();
        let logits = Tensor::<2>::from_data([[0.0f32, 0.0]], &device).require_grad();
        let loss = cross_entropy(logits.clone(), Tensor::from_data([0], &device), 0.0);
        let grad = logits.grad(&loss.sum().backward()).unwrap();
        let grad = grad.into_data().try_to_vec::<f32>().unwrap();
        assert!((grad[0] + 0.5).abs() < 1e-6 && (grad[1] - 0.5).abs() < 1e-6);
    }
}
