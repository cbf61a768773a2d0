//! Softmax cross entropy.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor};

/// The loss of each row, `-log softmax(logits)[target]`, in nats.
///
/// `logits` is `[rows, classes]`, `targets` is `[rows]` with values in `0..classes`; the result is
/// `[rows]`. With `label_smoothing` ε the target distribution is
/// `(1 - ε) · one_hot + ε / classes` ([Szegedy et al., 2015](https://arxiv.org/abs/1512.00567)),
/// as in PyTorch. Rows that should not count are left out by the caller, not masked here.
pub fn cross_entropy(
    logits: Tensor<2>,
    targets: Tensor<1, Int>,
    label_smoothing: f64,
) -> Tensor<1> {
    let [rows, classes] = logits.dims();
    let log_p = log_softmax(logits, 1);
    let picked = log_p.clone().gather(1, targets.reshape([rows, 1]));
    let loss = picked.reshape([rows]).neg();
    if label_smoothing == 0.0 {
        return loss;
    }
    let uniform = log_p.sum_dim(1).reshape([rows]).neg() / classes as f64;
    loss * (1.0 - label_smoothing) + uniform * label_smoothing
}

#[cfg(test)]
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
