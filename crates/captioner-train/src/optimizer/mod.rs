//! The optimizer of a model: its settings, its state by the names of parameters, its steps.

mod rule;
mod state;

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use captioner_model::{
    ByName, LayerKind, NamedMapper, NamedVisitor, ParameterName, Pretrained, TensorWriter,
    WeightLayout,
};

use crate::arguments::{OptimizerKind, TrainingArguments};
use crate::recording::Recording;
use crate::state_file::{StateError, StateReader, trained_parameters, writer};
use rule::Rule;
use state::State;

/// What a file of an optimizer's state says it holds.
fn content(kind: OptimizerKind) -> &'static str {
    match kind {
        OptimizerKind::AdamW => "the state of AdamW",
        OptimizerKind::Sgd => "the state of SGD",
        OptimizerKind::Adafactor => "the state of Adafactor",
    }
}

/// An optimizer and its constants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OptimizerSettings {
    /// How parameters are changed.
    pub kind: OptimizerKind,
    /// Decay of AdamW's mean of gradients.
    pub beta_1: f64,
    /// Decay of AdamW's mean of squared gradients.
    pub beta_2: f64,
    /// What AdamW adds to the root of that mean.
    pub epsilon: f64,
    /// Weight decay of all parameters but biases and those of layer norms, as in transformers'
    /// `Trainer`. AdamW and Adafactor take it off the parameter, SGD adds it to the gradient.
    pub weight_decay: f64,
}

impl From<&TrainingArguments> for OptimizerSettings {
    fn from(args: &TrainingArguments) -> Self {
        Self {
            kind: args.optim,
            beta_1: args.adam_beta1,
            beta_2: args.adam_beta2,
            epsilon: args.adam_epsilon,
            weight_decay: args.weight_decay,
        }
    }
}

/// Changes a model's parameters by their gradients, and keeps what it needs for that by the names
/// of the parameters, so that it can be saved, and loaded beside the same model later.
///
/// ```
/// use captioner_git::{GitConfig, GitForCausalLm};
/// use captioner_model::Pretrained;
/// use captioner_model::burn::optim::GradientsParams;
/// use captioner_model::burn::tensor::Device;
/// use captioner_train::{Optimizer, OptimizerSettings, TrainingArguments};
/// # let folder = tempfile::tempdir()?;
///
/// let device = Device::flex().autodiff();
/// let mut model = GitForCausalLm::with_fresh_weights(GitConfig::small(30, 0, 2, 3), 1, &device)?;
/// let settings = OptimizerSettings::from(&TrainingArguments::default());
/// let mut optimizer = Optimizer::new(&settings, &model);
/// // ... here, gradients from `CaptionModel::gradients`.
/// model = optimizer.step(1e-3, model, GradientsParams::new());
///
/// let file = folder.path().join("optimizer.safetensors");
/// optimizer.save(&model, &file)?;
/// let mut again = Optimizer::new(&settings, &model);
/// again.load(&model, &file)?; // further steps are the same to the bit
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Optimizer {
    settings: OptimizerSettings,
    layout: WeightLayout,
    states: BTreeMap<String, State>,
}

impl Optimizer {
    /// An optimizer before its first step, for `model` or one with the same names of parameters.
    pub fn new<M: Pretrained>(settings: &OptimizerSettings, _model: &M) -> Self {
        Self::with_layout(settings, M::layout())
    }

    /// As [`new`](Self::new), for any Burn module; `layout` has its renames.
    pub fn with_layout(settings: &OptimizerSettings, layout: WeightLayout) -> Self {
        Self {
            settings: *settings,
            layout,
            states: BTreeMap::new(),
        }
    }

    /// The settings.
    pub fn settings(&self) -> &OptimizerSettings {
        &self.settings
    }

    /// The model after a step. Parameters without a gradient in `grads` stay as they are.
    ///
    /// # Panics
    /// When a parameter has another shape than at earlier steps.
    pub fn step<M: Module>(&mut self, learning_rate: f64, model: M, grads: GradientsParams) -> M {
        let step = Step {
            settings: &self.settings,
            states: &mut self.states,
            learning_rate,
            grads,
        };
        ByName::new(&self.layout, step).map(model).0
    }

    /// Writes the state of `model`'s trained parameters to a safetensors file, whole or not at all:
    ///
    /// | tensor | of | shape |
    /// |---|---|---|
    /// | `NAME.step`, the steps it has taken | every trained parameter | `[]`, U64 |
    /// | `NAME.exp_avg`, `NAME.exp_avg_sq` | AdamW | the parameter's |
    /// | `NAME.exp_avg_sq_row`, `NAME.exp_avg_sq_col` | Adafactor, two axes and more | the parameter's without its last axis; without its last but one |
    /// | `NAME.exp_avg_sq` | Adafactor, one axis | the parameter's |
    ///
    /// Names are those of the checkpoint, and those of an adapter end in `lora.a` and `lora.b`.
    /// Shapes are those of the module: a linear layer's weight is `[inputs, outputs]`, the transpose
    /// of the checkpoint's. Tensors are read from the device one by one.
    ///
    /// # Errors
    /// When the file can't be written, a device fails, or two parameters have one name.
    pub fn save<M: Module>(&self, model: &M, file: impl AsRef<Path>) -> Result<(), StateError> {
        let save = Save {
            optimizer: self,
            file: writer(content(self.settings.kind)),
        };
        let saved = ByName::new(&self.layout, save).visit(model);
        Ok(saved.file.write(file)?)
    }

    /// Replaces the state by that of a file that [`save`](Self::save) wrote, to the bit, each tensor
    /// on the device of `model`'s parameter. Further steps are those that the saved optimizer would
    /// have taken.
    ///
    /// # Errors
    /// When the file can't be read, is damaged, holds the state of another kind of optimizer, or
    /// does not have exactly the tensors of `model`'s trained parameters; the state is then as it
    /// was.
    pub fn load<M: Module>(&mut self, model: &M, file: impl AsRef<Path>) -> Result<(), StateError> {
        let kind = self.settings.kind;
        let mut file = StateReader::open(file.as_ref(), content(kind))?;
        let mut states = BTreeMap::new();
        for parameter in trained_parameters(model, &self.layout) {
            let state = State::load(kind, &parameter, &mut file)?;
            states.insert(parameter.name, state);
        }
        file.finish()?;
        self.states = states;
        Ok(())
    }
}

/// Whether weight decay takes something off a parameter.
fn decays(name: &ParameterName) -> bool {
    name.last() != "bias" && name.kind() != LayerKind::Norm
}

/// Takes a step at each parameter.
struct Step<'a> {
    settings: &'a OptimizerSettings,
    states: &'a mut BTreeMap<String, State>,
    learning_rate: f64,
    grads: GradientsParams,
}

impl NamedMapper for Step<'_> {
    fn map<const D: usize>(
        &mut self,
        name: &ParameterName,
        param: Param<Tensor<D>>,
    ) -> Param<Tensor<D>> {
        let Some(grad) = self.grads.remove::<D>(param.id) else {
            return param;
        };
        let state = self.states.entry(name.full()).or_default();
        let rule = Rule {
            settings: self.settings,
            learning_rate: self.learning_rate,
            weight_decay: match decays(name) {
                true => self.settings.weight_decay,
                false => 0.0,
            },
        };
        param.map(|value| {
            let recording = Recording::of(&value);
            recording.restore(rule.step(value.inner(), grad, state))
        })
    }
}

/// Hands each trained parameter's state to the file.
struct Save<'a> {
    optimizer: &'a Optimizer,
    file: TensorWriter,
}

impl NamedVisitor for Save<'_> {
    fn visit<const D: usize>(&mut self, name: &ParameterName, param: &Param<Tensor<D>>) {
        if !param.is_require_grad() {
            return;
        }
        let (name, kind) = (name.full(), self.optimizer.settings.kind);
        let state = self.optimizer.states.get(&name);
        let state = state.cloned().unwrap_or_default();
        state.save(kind, &name, &param.dims(), &mut self.file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let mut adamw = Optimizer::with_layout(&(&args).into(), WeightLayout::default());
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

    #[derive(Default)]
    struct Undecayed(usize);

    impl NamedVisitor for Undecayed {
        fn visit<const D: usize>(&mut self, name: &ParameterName, _param: &Param<Tensor<D>>) {
            self.0 += usize::from(!decays(name));
        }
    }

    #[test]
    fn every_norm_of_the_model_is_found_the_projections_included() {
        let config = GitConfig::small(30, 0, 2, 3);
        let model = GitForCausalLm::new(config, 1, &Device::flex()).unwrap();
        let found = ByName::new(&WeightLayout::default(), Undecayed::default()).visit(&model);
        // Norms: 2 a layer, 2 around the vision encoder, 1 of the projection, 1 of embeddings.
        // Linear maps: 6 a layer, the projection, the head.
        let (layers, norms) = (4 + 2, 2 * (4 + 2) + 4);
        assert_eq!(found.0, 2 * norms + 6 * layers + 2);
    }
}
