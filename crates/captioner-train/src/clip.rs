//! Clipping of gradients by their global norm, as in PyTorch's `clip_grad_norm_`.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use captioner_ops::{scale, sum_of_squares};

/// The norm of all gradients together, `[1]`, on their device; `None` where there are none.
pub fn global_norm<M: Module>(model: &M, grads: &GradientsParams) -> Option<Tensor<1>> {
    let mut squares = Squares {
        grads,
        sums: Vec::new(),
    };
    model.visit(&mut squares);
    let sums = squares.sums;
    (!sums.is_empty()).then(|| Tensor::cat(sums, 0).sum().sqrt())
}

/// Scales the gradients so that their global norm becomes at most `max_norm`, without reading it on
/// the host, as PyTorch's `clip_grad_norm_` does; 0 leaves them as they are. Gives the norm before.
pub fn clip_grad_norm<M: Module>(
    model: &M,
    grads: &mut GradientsParams,
    max_norm: f64,
) -> Option<Tensor<1>> {
    let norm = global_norm(model, grads)?;
    if max_norm > 0.0 {
        let factor = (norm.clone() + 1e-6).recip();
        let factor = factor.mul_scalar(max_norm).clamp_max(1.0);
        model.visit(&mut Scale { grads, factor });
    }
    Some(norm)
}

struct Squares<'a> {
    grads: &'a GradientsParams,
    sums: Vec<Tensor<1>>,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(grad) = self.grads.get::<D>(param.id) {
            self.sums.push(sum_of_squares(grad));
        }
    }
}

struct Scale<'a> {
    grads: &'a mut GradientsParams,
    factor: Tensor<1>,
}

impl ModuleVisitor for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(grad) = self.grads.remove::<D>(param.id) {
            let grad = scale(grad, self.factor.clone());
            self.grads.register::<D>(param.id, grad);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[derive(Module, Debug)]
    struct Pair {
        a: Param<Tensor<1>>,
        b: Param<Tensor<2>>,
    }

    /// Gradients 3 and (0, 4): global norm 5, while no single one has that.
    fn clipped(max_norm: f64) -> (f32, f32, f32) {
        let device = Device::flex().autodiff();
        let pair = Pair {
            a: Param::from_data([1.0f32], &device),
            b: Param::from_data([[1.0f32, 1.0]], &device),
        };
        let scale = Tensor::<2>::from_data([[0.0f32, 4.0]], &device);
        let loss = pair.a.val().sum() * 3.0 + (pair.b.val() * scale).sum();
        let mut grads = GradientsParams::from_grads(loss.backward(), &pair);
        let norm = clip_grad_norm(&pair, &mut grads, max_norm).unwrap();
        let a = grads.get::<1>(pair.a.id).unwrap().into_scalar::<f32>();
        let b = grads
            .get::<2>(pair.b.id)
            .unwrap()
            .sum()
            .into_scalar::<f32>();
        (norm.into_scalar::<f32>(), a, b)
    }

    #[test]
    fn the_norm_is_taken_over_all_parameters_together() {
        let (norm, a, b) = clipped(1.0);
        assert!((norm - 5.0).abs() < 1e-6);
        assert!((a - 0.6).abs() < 1e-5 && (b - 0.8).abs() < 1e-5);
    }

    #[test]
    fn small_gradients_stay_as_they_are() {
        for max_norm in [10.0, 0.0] {
            let (_, a, b) = clipped(max_norm);
            assert_eq!((a, b), (3.0, 4.0));
        }
    }
}
