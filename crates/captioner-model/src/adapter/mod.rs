//! Low-rank adapters (LoRA, [Hu et al., 2021](https://arxiv.org/abs/2106.09685)): what is trained
//! beside linear layers while the model stays.
//!
//! Burn's `Module::apply_lora` attaches a low-rank addition to any two-dimensional parameter and
//! needs no list of linear layers. It is not used here: as of 0.22.1 it adds the product of the two
//! matrices to the weight before each use, so that the backward pass makes the gradient of the
//! whole weight, `[inputs, outputs]`, which an adapter is there to avoid; it has no dropout; and it
//! draws the start values from a device's global generator, so that they differ between devices.

mod config;
mod files;

pub use config::{AdapterError, AdapterMismatch, LoraConfig};
pub use files::{load_adapter, load_adapter_weights, save_adapter};

use burn::module::{ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, Uniform};

use crate::error::{ModelError, PatternError, SettingError};
use crate::freeze::freeze_where;
use crate::layers::{Linear, Lora};
use crate::model::CaptionModel;
use crate::pattern::NamePattern;
use crate::pretrained::Pretrained;

/// Adds an adapter to every linear layer that the settings pick, and freezes all else.
///
/// As in PEFT, `lora_A` starts at random (uniform, from the seed) and `lora_B` at zero, so the
/// model computes what it did before.
///
/// # Errors
/// When a setting is out of range, a target picks no linear layer, or the model has an adapter.
pub fn add_lora<M: Pretrained>(model: M, config: &LoraConfig, seed: u64) -> Result<M, ModelError> {
    config.validate().map_err(AdapterError::from)?;
    if has_adapter(&model) {
        return Err(AdapterError::Present.into());
    }
    let layout = M::layout();
    let targets = config.target_modules.iter();
    let targets: Result<Vec<NamePattern>, ModelError> = targets.map(NamePattern::new).collect();
    let targets = targets?;
    let mut picked = vec![false; targets.len()];
    let mut too_high: Option<String> = None;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut model = freeze_where(model, &|_| true);
    model.linear_layers(&mut |name, linear| {
        let mut any = false;
        for (target, picked) in targets.iter().zip(&mut picked) {
            if target.matches(name, &layout) {
                (any, *picked) = (true, true);
            }
        }
        let [inputs, outputs] = linear.weight.lazy_shape().dims();
        if any && config.r > inputs.max(outputs) {
            too_high.get_or_insert_with(|| name.to_owned());
        }
        if any && too_high.is_none() {
            linear.lora = Some(fresh(linear, config, &mut random));
        }
    });
    if let Some(layer) = too_high {
        let help = format!("'{layer}' is not that wide: a lower rank can do as much");
        return Err(AdapterError::from(SettingError::new("r", config.r, help)).into());
    }
    match targets.iter().zip(picked).find(|(_, picked)| !picked) {
        Some((target, _)) => Err(target.error(PatternError::NoLinearLayer)),
        None => Ok(model),
    }
}

/// Whether the model has an adapter.
pub fn has_adapter<M: CaptionModel>(model: &M) -> bool {
    let mut found = false;
    let mut visit = |_: &str, linear: &mut Linear| found |= linear.lora.is_some();
    model.clone().linear_layers(&mut visit);
    found
}

/// Adds the adapter into the weights that it changes; the model computes the same, without it.
/// Parameters that were frozen for the adapter can be trained again.
pub fn merge_adapter<M: CaptionModel>(mut model: M) -> M {
    model.linear_layers(&mut |_, linear| {
        if let Some(lora) = linear.lora.take() {
            let added = lora.a.val().matmul(lora.b.val()) * lora.scale;
            let weight = linear.weight.clone();
            linear.weight = weight.map(|weight| (weight + added).detach());
        }
    });
    model.map(&mut Unfreezing)
}

/// Takes the adapter off; the model computes what it did without it. What was frozen stays frozen.
pub fn remove_adapter<M: CaptionModel>(mut model: M) -> M {
    model.linear_layers(&mut |_, linear| linear.lora = None);
    model
}

/// Lets every parameter be trained.
struct Unfreezing;

impl ModuleMapper for Unfreezing {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.set_require_grad(true)
    }
}

fn fresh(linear: &Linear, config: &LoraConfig, random: &mut ChaCha8Rng) -> Lora {
    let [inputs, outputs] = linear.weight.lazy_shape().dims();
    // `kaiming_uniform_(a=sqrt(5))` of PyTorch.
    let bound = 1.0 / (inputs as f32).sqrt();
    let values = match Uniform::new_inclusive(-bound, bound) {
        Ok(uniform) => uniform
            .sample_iter(random)
            .take(inputs * config.r)
            .collect(),
        Err(_) => vec![0.0; inputs * config.r],
    };
    lora(
        linear,
        LoraValues {
            a: values,
            b: vec![0.0; config.r * outputs],
            rank: config.r,
        },
        config,
    )
}

/// The values of an adapter, `a` as `[inputs, rank]` and `b` as `[rank, outputs]`, row-major.
struct LoraValues {
    a: Vec<f32>,
    b: Vec<f32>,
    rank: usize,
}

impl Lora {
    /// Takes other values of the same shapes; the parameters stay those that they are.
    fn replace(&mut self, values: LoraValues) {
        let put = |param: &mut Param<Tensor<2>>, values: Vec<f32>| {
            let data = TensorData::new(values, param.lazy_shape());
            let tensor = Tensor::from_data(data, &param.lazy_device());
            let id = param.id;
            *param = param.clone().transform_for_load(tensor, id);
        };
        put(&mut self.a, values.a);
        put(&mut self.b, values.b);
    }
}

fn lora(linear: &Linear, values: LoraValues, config: &LoraConfig) -> Lora {
    let [inputs, outputs] = linear.weight.lazy_shape().dims();
    let device = linear.weight.lazy_device();
    let parameter = |values: Vec<f32>, shape: [usize; 2]| {
        let tensor = Tensor::from_data(TensorData::new(values, shape), &device);
        Param::from_tensor(tensor)
    };
    Lora {
        a: parameter(values.a, [inputs, values.rank]),
        b: parameter(values.b, [values.rank, outputs]),
        scale: config.scale(),
        dropout: config.lora_dropout,
    }
}
