//! Low-rank adapters: fine-tuning a small addition to chosen linear maps while the model stays.

mod config;
mod files;

pub use config::{AdapterError, LoraConfig};

use burn::module::{Module, Param};
use burn::tensor::{Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, Uniform};

use crate::GitError;
use crate::layers::{Linear, Lora};
use crate::model::GitForCausalLm;
use crate::pattern::NamePattern;

impl GitForCausalLm {
    /// Adds an adapter to every linear map that the settings pick, and freezes all else.
    ///
    /// As in PEFT, `lora_A` starts at random (uniform, from the seed) and `lora_B` at zero, so the
    /// model computes what it did before.
    ///
    /// # Errors
    /// When a setting is out of range, a target picks no linear map, or the model has an adapter.
    pub fn with_lora(self, config: &LoraConfig, seed: u64) -> Result<Self, GitError> {
        config.validate()?;
        if self.has_adapter() {
            return Err(AdapterError::Present.into());
        }
        let targets: Result<Vec<NamePattern>, GitError> = config
            .target_modules
            .iter()
            .map(|target| NamePattern::new(target))
            .collect();
        let targets = targets?;
        let mut picked = vec![false; targets.len()];
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut model = self.freeze_where(&|_| true);
        model.linear_maps(&mut |name, linear| {
            let mut any = false;
            for (target, picked) in targets.iter().zip(&mut picked) {
                if target.matches(name) {
                    (any, *picked) = (true, true);
                }
            }
            if any {
                linear.lora = Some(fresh(linear, config, &mut random));
            }
        });
        match targets.iter().zip(picked).find(|(_, picked)| !picked) {
            Some((target, _)) => Err(target.picks_nothing("linear map")),
            None => Ok(model),
        }
    }

    /// Whether the model has an adapter.
    pub fn has_adapter(&self) -> bool {
        let mut found = false;
        self.clone()
            .linear_maps(&mut |_, linear| found |= linear.lora.is_some());
        found
    }

    /// Adds the adapter into the weights that it changes; the model computes the same, without it.
    /// Parameters that were frozen for the adapter can be trained again.
    pub fn merge_adapter(mut self) -> Self {
        self.linear_maps(&mut |_, linear| {
            if let Some(lora) = linear.lora.take() {
                let added = lora.a.val().matmul(lora.b.val()) * lora.scale;
                let weight = linear.weight.clone();
                linear.weight = weight.map(|weight| (weight + added).detach());
            }
        });
        self.map(&mut Thawing)
    }
}

/// Lets every parameter be trained.
struct Thawing;

impl burn::module::ModuleMapper for Thawing {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CaptionBatch, GitConfig, PixelValues, TextPadding};
    use burn::module::Module;
    use burn::optim::{AdamWConfig, GradientsParams};
    use burn::tensor::Device;

    pub(super) fn model(device: &Device) -> GitForCausalLm {
        GitForCausalLm::new(GitConfig::small(30, 0, 1, 2), 1, device).unwrap()
    }

    fn batch() -> CaptionBatch {
        let values = (0..3 * 96 * 96).map(|i| (i % 7) as f32 / 7.0).collect();
        let pixels = PixelValues::new(values, &[1, 3, 96, 96]).unwrap();
        let rows = [vec![1, 5, 9, 2]];
        CaptionBatch::new(pixels, &rows, 0, TextPadding::default()).unwrap()
    }

    pub(super) fn loss(model: &GitForCausalLm) -> f32 {
        model.loss(&batch(), 0.0).unwrap().sum.into_scalar::<f32>()
    }

    /// A model whose adapter was trained for one step.
    pub(super) fn adapted() -> GitForCausalLm {
        let device = Device::flex().autodiff();
        let model = model(&device).with_lora(&LoraConfig::default(), 3).unwrap();
        let loss = model.loss(&batch(), 0.0).unwrap().sum;
        let grads = GradientsParams::from_grads(loss.backward(), &model);
        AdamWConfig::new().init().step(0.01, model, grads)
    }

    #[test]
    fn a_fresh_adapter_changes_nothing_and_is_all_that_is_trained() {
        let device = Device::flex().autodiff();
        let plain = model(&device);
        let adapted = plain.clone().with_lora(&LoraConfig::default(), 3).unwrap();
        assert_eq!(loss(&adapted), loss(&plain));
        let sum = adapted.loss(&batch(), 0.0).unwrap().sum;
        let grads = GradientsParams::from_grads(sum.backward(), &adapted);
        // Queries and values: two maps in each of 4 vision and 2 decoder layers, two matrices each.
        assert_eq!(grads.len(), 2 * 2 * (4 + 2));
    }

    #[test]
    fn merging_changes_no_result_and_leaves_no_adapter() {
        let adapted = adapted();
        let before = loss(&adapted);
        assert!((before - loss(&model(&Device::flex()))).abs() > 1e-3);
        let merged = adapted.merge_adapter();
        assert!(!merged.has_adapter());
        let after = loss(&merged.valid());
        assert!(
            (after - before).abs() < 1e-4 * before,
            "{after} is not {before}"
        );
    }

    #[test]
    fn a_target_that_picks_nothing_and_a_second_adapter_are_refused() {
        let device = Device::flex();
        let config = LoraConfig {
            target_modules: vec!["quary".into()],
            ..LoraConfig::default()
        };
        let message = model(&device)
            .with_lora(&config, 1)
            .unwrap_err()
            .to_string();
        assert!(message.contains("quary"), "{message}");
        let twice = adapted().with_lora(&LoraConfig::default(), 1);
        assert!(matches!(
            twice,
            Err(GitError::Adapter(AdapterError::Present))
        ));
    }
}
