//! AdamW over the parameters of a model.

use burn::module::{Module, Param, ParamGroup, ParamId};
use burn::optim::{AdamWState, AdaptiveMomentumState, LearningRate, ModuleOptimizer, Optimizer};
use burn::tensor::{Device, Tensor};
use captioner_model::{ByName, LayerKind, NamedVisitor, ParameterName, WeightLayout};
use captioner_ops::{AdamWStep, adamw};

use crate::arguments::TrainingArguments;

/// AdamW ([Loshchilov and Hutter, 2017](https://arxiv.org/abs/1711.05101)) with the constants of
/// `args`; biases and layer norms do not decay, as in transformers' `Trainer`.
pub fn adamw_optimizer<M: Module>(args: &TrainingArguments, model: &M) -> ModuleOptimizer {
    let fixed = AdamW {
        beta_1: args.adam_beta1,
        beta_2: args.adam_beta2,
        epsilon: args.adam_epsilon,
        weight_decay: 0.0,
    };
    let decaying = AdamW {
        weight_decay: args.weight_decay,
        ..fixed
    };
    let undecayed = ByName::new(&WeightLayout::default(), Undecayed::default()).visit(model);
    let group = ParamGroup::from_ids(undecayed.ids);
    ModuleOptimizer::from(decaying).with_group(group, fixed, None)
}

/// AdamW with one pass over each parameter. Its state is that of Burn's own.
#[derive(Clone, Copy, Debug)]
struct AdamW {
    beta_1: f64,
    beta_2: f64,
    epsilon: f64,
    weight_decay: f64,
}

impl Optimizer for AdamW {
    type State<const D: usize> = AdamWState<D>;

    fn step<const D: usize>(
        &self,
        learning_rate: LearningRate,
        parameter: Tensor<D>,
        grad: Tensor<D>,
        state: Option<AdamWState<D>>,
    ) -> (Tensor<D>, Option<AdamWState<D>>) {
        let AdaptiveMomentumState {
            time,
            moment_1,
            moment_2,
            ..
        } = match state {
            Some(state) => state.momentum,
            None => AdaptiveMomentumState::new(0, grad.zeros_like(), grad.zeros_like()),
        };
        let step = AdamWStep {
            time: time + 1,
            learning_rate,
            beta_1: self.beta_1,
            beta_2: self.beta_2,
            epsilon: self.epsilon,
            weight_decay: self.weight_decay,
        };
        let (parameter, means) = adamw(parameter, grad, (moment_1, moment_2), step);
        let momentum = AdaptiveMomentumState::new(step.time, means.0, means.1);
        (parameter, Some(AdamWState::new(momentum)))
    }

    fn to_device<const D: usize>(state: AdamWState<D>, device: &Device) -> AdamWState<D> {
        AdamWState::new(state.momentum.to_device(device))
    }
}

/// Collects the parameters that weight decay leaves alone.
#[derive(Default)]
struct Undecayed {
    ids: Vec<ParamId>,
}

impl NamedVisitor for Undecayed {
    fn visit<const D: usize>(&mut self, name: &ParameterName, param: &Param<Tensor<D>>) {
        if name.last() == "bias" || name.kind() == LayerKind::Norm {
            self.ids.push(param.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::optim::GradientsParams;
    use burn::tensor::Device;
    use captioner_git::{GitConfig, GitForCausalLm};

    #[derive(Module, Debug)]
    struct Affine {
        weight: Param<Tensor<1>>,
        bias: Param<Tensor<1>>,
    }

    /// Two steps with gradients 0.5 and -0.25, learning rate 0.1.
    fn two_steps(weight_decay: f64) -> (f32, f32) {
        let device = Device::flex().autodiff();
        let mut affine = Affine {
            weight: Param::from_data([1.0f32], &device),
            bias: Param::from_data([1.0f32], &device),
        };
        let args = TrainingArguments {
            weight_decay,
            ..TrainingArguments::default()
        };
        let mut adamw = adamw_optimizer(&args, &affine);
        for grad in [0.5, -0.25] {
            let loss = (affine.weight.val() + affine.bias.val()) * grad;
            let grads = GradientsParams::from_grads(loss.backward(), &affine);
            affine = adamw.step(0.1, affine, grads);
        }
        let value = |param: &Param<Tensor<1>>| param.val().into_scalar::<f32>();
        (value(&affine.weight), value(&affine.bias))
    }

    #[test]
    fn steps_are_those_of_torch_optim_adamw_and_biases_do_not_decay() {
        // torch.optim.AdamW([w], lr=0.1, weight_decay=0 and 0.1) over the same two gradients
        let (weight, bias) = two_steps(0.0);
        assert!((weight - 0.873_366_2).abs() < 1e-6, "{weight}");
        assert_eq!(weight, bias);
        let (weight, bias) = two_steps(0.1);
        assert!((weight - 0.854_466_2).abs() < 1e-6, "{weight}");
        assert!((bias - 0.873_366_2).abs() < 1e-6, "{bias}");
    }

    #[test]
    fn every_norm_of_the_model_is_found_the_projections_included() {
        let config = GitConfig::small(30, 0, 2, 3);
        let model = GitForCausalLm::new(config, 1, &Device::flex()).unwrap();
        let found = ByName::new(&WeightLayout::default(), Undecayed::default()).visit(&model);
        // Norms: 2 a layer, 2 around the vision encoder, 1 of the projection, 1 of embeddings.
        // Linear maps: 6 a layer, the projection, the head.
        let (layers, norms) = (4 + 2, 2 * (4 + 2) + 4);
        assert_eq!(found.ids.len(), 2 * norms + 6 * layers + 2);
    }
}
