//! The running average of a model's weights.

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use captioner_model::{
    ByName, NamedMapper, NamedVisitor, ParameterName, Pretrained, SettingError, WeightLayout,
};
use captioner_ops::lerp;

use crate::recording::Recording;
use crate::state_file::{StateError, StateReader, trained_parameters, writer};

/// What a file of averaged weights says it holds.
const CONTENT: &str = "averaged weights";

/// The exponential moving average of the weights that are trained
/// ([Polyak and Juditsky, 1992](https://doi.org/10.1137/0330046)). After every step
///
/// ```text
/// average = decay · average + (1 - decay) · weight
/// ```
///
/// computed as `average + (1 - decay) · (weight - average)`, which is the arithmetic of diffusers'
/// `EMAModel`. That one lowers the decay at the first steps; here it is the same at all of them, and
/// the average starts at the weights that the model has.
///
/// ```
/// use captioner_git::{GitConfig, GitForCausalLm};
/// use captioner_model::Pretrained;
/// use captioner_model::burn::tensor::Device;
/// use captioner_train::Ema;
///
/// let device = Device::flex().autodiff();
/// let model = GitForCausalLm::with_fresh_weights(GitConfig::small(30, 0, 2, 3), 1, &device)?;
/// let mut ema = Ema::new(&model, 0.999)?;
/// // ... after each step of an optimizer:
/// ema.update(&model);
/// let averaged = ema.apply(model);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Ema {
    decay: f64,
    layout: WeightLayout,
    /// One row for each trained parameter, by its name; without recording of gradients.
    averages: BTreeMap<String, Tensor<1>>,
}

impl Ema {
    /// The average of the present weights of `model` alone. A parameter is trained where it records
    /// gradients: `model` is on a device with autodiff.
    ///
    /// # Errors
    /// When `decay` is not from 0 to 1.
    pub fn new<M: Pretrained>(model: &M, decay: f64) -> Result<Self, SettingError> {
        Self::with_layout(model, decay, M::layout())
    }

    /// As [`new`](Self::new), for any Burn module; `layout` has its renames.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_layout<M: Module>(
        model: &M,
        decay: f64,
        layout: WeightLayout,
    ) -> Result<Self, SettingError> {
        let fits = (0.0..=1.0).contains(&decay);
        SettingError::check("decay", decay, fits, "it must be from 0 to 1")?;
        let mut ema = Self {
            decay,
            layout,
            averages: BTreeMap::new(),
        };
        ema.update(model);
        Ok(ema)
    }

    /// Takes the weights after a step into the average, in one pass and in place. A parameter that
    /// was not trained before starts at its weight.
    ///
    /// # Panics
    /// When a parameter has another number of values than before.
    pub fn update<M: Module>(&mut self, model: &M) {
        let layout = self.layout;
        ByName::new(&layout, Update(self)).visit(model);
    }

    /// The model with the averaged weights; the ids of its parameters, what is frozen, adapters and
    /// all that is not trained are `model`'s. It shares the average's memory: the next
    /// [`update`](Self::update) copies what is still in use then.
    ///
    /// # Panics
    /// When a parameter has another number of values than its average.
    pub fn apply<M: Module>(&self, model: M) -> M {
        ByName::new(&self.layout, Apply(self)).map(model).0
    }

    /// Writes the averages to a safetensors file, whole or not at all, under the names of the
    /// checkpoint and in the shapes of the module: a linear layer's weight is `[inputs, outputs]`,
    /// the transpose of the checkpoint's. For a checkpoint of them, save the model that
    /// [`apply`](Self::apply) gives.
    ///
    /// # Errors
    /// When the file can't be written, a device fails, or two parameters have one name.
    pub fn save<M: Module>(&self, model: &M, file: impl AsRef<Path>) -> Result<(), StateError> {
        let mut writer = writer(CONTENT);
        for parameter in trained_parameters(model, &self.layout) {
            if let Some(average) = self.averages.get(&parameter.name) {
                writer.tensor(parameter.name, parameter.shape, average.clone());
            }
        }
        Ok(writer.write(file)?)
    }

    /// Replaces the averages by those of a file that [`save`](Self::save) wrote, to the bit.
    ///
    /// # Errors
    /// When the file can't be read, is damaged, holds something else, or does not have exactly the
    /// trained parameters of `model`; the averages are then as they were.
    pub fn load<M: Module>(&mut self, model: &M, file: impl AsRef<Path>) -> Result<(), StateError> {
        let mut file = StateReader::open(file.as_ref(), CONTENT)?;
        let mut averages = BTreeMap::new();
        for parameter in trained_parameters(model, &self.layout) {
            let (name, shape) = (parameter.name, &parameter.shape);
            let average = file.row(name.clone(), shape, &parameter.device)?;
            averages.insert(name, average);
        }
        file.finish()?;
        self.averages = averages;
        Ok(())
    }
}

struct Update<'a>(&'a mut Ema);

impl NamedVisitor for Update<'_> {
    fn visit<const D: usize>(&mut self, name: &ParameterName, param: &Param<Tensor<D>>) {
        if !param.is_require_grad() {
            return;
        }
        let weight = param.val().inner();
        let count = weight.shape().num_elements();
        let (weight, name) = (weight.reshape([count]), name.full());
        // Taken out, so that nothing else holds what is written on in place.
        let average = match self.0.averages.remove(&name) {
            Some(average) => lerp(average, weight, 1.0 - self.0.decay),
            None => weight,
        };
        self.0.averages.insert(name, average);
    }
}

struct Apply<'a>(&'a Ema);

impl NamedMapper for Apply<'_> {
    fn map<const D: usize>(
        &mut self,
        name: &ParameterName,
        param: Param<Tensor<D>>,
    ) -> Param<Tensor<D>> {
        let Some(average) = self.0.averages.get(&name.full()) else {
            return param;
        };
        param.map(|value| {
            let recording = Recording::of(&value);
            recording.restore(average.clone().reshape(value.dims()))
        })
    }
}
