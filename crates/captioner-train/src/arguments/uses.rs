//! What the settings mean for a run of a certain length, a model or a device.

use burn::tensor::Device;
use captioner_model::{
    GenerationConfig, LoraConfig, ModelError, NamePattern, Pretrained, SettingError, add_lora,
    freeze, has_adapter,
};
use captioner_ops::is_cpu;

use super::TrainingArguments;
use crate::schedule::Schedule;

/// Longest caption where nothing says more; transformers' default.
const DEFAULT_MAX_LENGTH: usize = 20;

impl TrainingArguments {
    /// Steps from one evaluation to the next, in a run of `total` steps.
    pub fn eval_every(&self, total: usize) -> usize {
        let set = self.eval_steps.filter(|steps| !steps.is_zero());
        set.unwrap_or(self.logging_steps).of(total)
    }

    /// Steps in which the learning rate rises, in a run of `total` steps.
    pub fn warmup(&self, total: usize) -> usize {
        self.warmup_steps.of(total)
    }

    /// The learning rate over a run of `total` steps. Of the value that best means,
    /// `more_is_better` says whether a plateau is a value that doesn't rise or one that doesn't
    /// fall.
    pub fn schedule(&self, total: usize, more_is_better: bool) -> Schedule {
        let (kind, peak) = (self.lr_scheduler_type, self.learning_rate);
        Schedule::new(kind, peak, self.warmup(total), total)
            .with_kwargs(self.lr_scheduler_kwargs)
            .with_greater_is_better(more_is_better)
    }

    /// The decoding settings of evaluations, of a model whose own are `own`: `generation_config`, or
    /// these where it is unset, with the run's length and beams, and one caption a picture.
    pub fn generation(&self, own: &GenerationConfig) -> GenerationConfig {
        let config = self.generation_config.as_ref().unwrap_or(own).clone();
        let (max_length, max_new_tokens) = match self.generation_max_length {
            Some(length) => (Some(length), None),
            None if config.max_length.is_none() && config.max_new_tokens.is_none() => {
                (Some(DEFAULT_MAX_LENGTH), None)
            }
            None => (config.max_length, config.max_new_tokens),
        };
        GenerationConfig {
            max_length,
            max_new_tokens,
            num_beams: self.generation_num_beams.unwrap_or(config.num_beams),
            num_return_sequences: 1,
            ..config
        }
    }

    /// The settings of the adapters to train, where `lora_r` asks for any.
    pub fn lora(&self) -> Option<LoraConfig> {
        let r = self.lora_r?;
        let default = LoraConfig::default();
        Some(LoraConfig {
            r,
            lora_alpha: self.lora_alpha.unwrap_or(r as f64),
            lora_dropout: self.lora_dropout,
            target_modules: match self.lora_target_modules.is_empty() {
                true => default.target_modules,
                false => self.lora_target_modules.clone(),
            },
        })
    }

    /// The model with the parts frozen and the adapters added that `freeze` and `lora_r` ask for. A
    /// model that has an adapter comes back as it is: it was chosen before what is trained of it.
    ///
    /// # Errors
    /// When a pattern is none or picks nothing, or a setting of the adapters does not fit the model.
    pub fn choose_parameters<M: Pretrained>(&self, model: M) -> Result<M, ModelError> {
        if has_adapter(&model) {
            return Ok(model);
        }
        let patterns: Result<Vec<_>, _> = self.freeze.iter().map(NamePattern::new).collect();
        let model = freeze(model, &patterns?)?;
        match self.lora() {
            Some(lora) => add_lora(model, &lora, self.seed),
            None => Ok(model),
        }
    }

    /// Checks the settings against the device of the run.
    ///
    /// # Errors
    /// When `fp16` is set and the device is a CPU, which accelerate refuses too.
    pub fn check_device(&self, device: &Device) -> Result<(), SettingError> {
        let help = "fp16 mixed precision requires a GPU, and the device is a CPU: leave it out";
        SettingError::check("fp16", self.fp16, !(self.fp16 && is_cpu(device)), help)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use captioner_git::{GitConfig, GitForCausalLm};
    use captioner_model::{CaptionModel, parameter_names};

    #[test]
    fn evaluations_are_as_far_apart_as_log_entries_where_nothing_is_set() {
        let mut args = TrainingArguments {
            logging_steps: 0.1.into(),
            ..TrainingArguments::default()
        };
        assert_eq!(args.eval_every(95), 10);
        args.eval_steps = Some(0.into());
        assert_eq!(args.eval_every(95), 10);
        args.eval_steps = Some(7.into());
        assert_eq!(args.eval_every(95), 7);
    }

    #[test]
    fn decoding_settings_are_the_runs_then_the_given_ones_then_the_models() {
        let own = GenerationConfig {
            max_new_tokens: Some(9),
            num_beams: 4,
            num_return_sequences: 4,
            ..GenerationConfig::default()
        };
        let mut args = TrainingArguments::default();
        let plain = args.generation(&GenerationConfig::default());
        assert_eq!((plain.max_length, plain.num_beams), (Some(20), 1));
        let from_model = args.generation(&own);
        assert_eq!(from_model.max_length, None);
        assert_eq!(from_model.max_new_tokens, Some(9));
        assert_eq!(
            (from_model.num_beams, from_model.num_return_sequences),
            (4, 1)
        );
        args.generation_config = Some(GenerationConfig {
            max_length: Some(30),
            ..GenerationConfig::default()
        });
        let given = args.generation(&own);
        assert_eq!((given.max_length, given.num_beams), (Some(30), 1));
        args.generation_max_length = Some(12);
        args.generation_num_beams = Some(2);
        let run = args.generation(&own);
        assert_eq!((run.max_length, run.num_beams), (Some(12), 2));
        args.generation_config = None;
        assert_eq!(args.generation(&own).max_new_tokens, None);
    }

    #[test]
    fn adapters_are_asked_for_by_their_rank() {
        let mut args = TrainingArguments::default();
        assert_eq!(args.lora(), None);
        args.lora_r = Some(4);
        let lora = args.lora().unwrap();
        assert_eq!((lora.r, lora.lora_alpha, lora.lora_dropout), (4, 4.0, 0.0));
        assert_eq!(lora.target_modules, LoraConfig::default().target_modules);
        args.lora_alpha = Some(16.0);
        args.lora_target_modules = vec!["query".into()];
        let lora = args.lora().unwrap();
        assert_eq!(
            (lora.lora_alpha, lora.target_modules),
            (16.0, vec!["query".to_owned()])
        );
    }

    #[test]
    fn parts_are_frozen_or_adapters_added_and_an_adapter_is_added_once() {
        let model = || {
            let config = GitConfig::small(30, 0, 2, 3);
            GitForCausalLm::new(config, 1, &Device::flex().autodiff()).unwrap()
        };
        let mut args = TrainingArguments {
            freeze: vec!["image_encoder".into()],
            ..TrainingArguments::default()
        };
        let frozen = args.choose_parameters(model()).unwrap();
        assert!(frozen.encoder_is_frozen() && !has_adapter(&frozen));
        args.freeze = vec!["no_such_part".into()];
        let error = args.choose_parameters(model()).unwrap_err().to_string();
        assert!(error.contains("no_such_part"), "{error}");
        args.freeze.clear();
        args.lora_r = Some(2);
        let adapted = args.choose_parameters(model()).unwrap();
        assert!(has_adapter(&adapted));
        args.freeze = vec!["no_such_part".into()];
        let again = args.choose_parameters(adapted.clone()).unwrap();
        assert_eq!(parameter_names(&again), parameter_names(&adapted));
    }

    #[test]
    fn fp16_needs_a_gpu() {
        let mut args = TrainingArguments::default();
        args.check_device(&Device::flex()).unwrap();
        args.fp16 = true;
        for device in [Device::flex(), Device::flex().autodiff()] {
            let message = args.check_device(&device).unwrap_err().to_string();
            assert!(message.contains("requires a GPU"), "{message}");
            assert!(message.contains("leave it out"), "{message}");
        }
    }
}
