//! The settings as JSON, with the keys that transformers writes.

use std::path::Path;

use captioner_files::read_json;
use captioner_model::SettingError;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::names::{Known, known};
use super::read::read;
use super::{SettingErrors, TrainingArguments};
use crate::error::TrainError;
use crate::schedule::LrSchedulerKwargs;

/// Lists the fields, so that each can be read by its name.
macro_rules! fields {
    ($($name:ident),+ $(,)?) => {
        /// The names of all arguments.
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),+];

        /// Reads the value of one argument into its place.
        fn fill(
            arguments: &mut TrainingArguments,
            name: &str,
            json: &Value,
        ) -> Result<(), SettingError> {
            $(if name == stringify!($name) {
                return read(name, json, &mut arguments.$name);
            })+
            Ok(())
        }
    };
}

fields!(
    output_dir,
    overwrite_output_dir,
    run_name,
    num_train_epochs,
    max_steps,
    per_device_train_batch_size,
    gradient_accumulation_steps,
    seed,
    data_seed,
    resume_from_checkpoint,
    accept_changed_arguments,
    optim,
    learning_rate,
    weight_decay,
    adam_beta1,
    adam_beta2,
    adam_epsilon,
    max_grad_norm,
    lr_scheduler_type,
    lr_scheduler_kwargs,
    warmup_steps,
    label_smoothing_factor,
    ema_decay,
    non_finite,
    fp16,
    bf16,
    freeze,
    lora_r,
    lora_alpha,
    lora_dropout,
    lora_target_modules,
    train_sampling_strategy,
    captions_per_image,
    dataloader_num_workers,
    dataloader_drop_last,
    remove_unused_columns,
    cache_encoder_outputs,
    encoder_cache_mib,
    logging_strategy,
    logging_steps,
    logging_first_step,
    logging_nan_inf_filter,
    logging_dir,
    report_to,
    disable_tqdm,
    eval_strategy,
    eval_steps,
    eval_delay,
    eval_on_start,
    per_device_eval_batch_size,
    predict_with_generate,
    metrics,
    metric_spelling,
    generation_max_length,
    generation_num_beams,
    generation_config,
    save_strategy,
    save_steps,
    save_total_limit,
    save_only_model,
    load_best_model_at_end,
    metric_for_best_model,
    greater_is_better,
    early_stopping_patience,
    early_stopping_threshold,
    push_to_hub,
    hub_model_id,
    hub_private_repo,
    hub_strategy,
    hub_token,
);

/// Arguments whose negative values mean "none" in transformers.
const NEGATIVE_IS_NONE: [&str; 2] = ["max_steps", "save_total_limit"];

impl TrainingArguments {
    /// Reads a JSON file, such as a checkpoint's `training_args.json` or what transformers'
    /// `to_json_string` gave. What it leaves out has its default.
    ///
    /// Names of transformers 4 are read too; where a file has both, as those that it wrote do, the
    /// former name counts where the present one is at its default. Arguments that mean something in
    /// Python only are passed over, and those of them that would change the results are errors.
    ///
    /// # Errors
    /// When the file can't be read or is no JSON object; [`TrainError::ArgumentsFile`] names
    /// everything in it that is unknown, of the wrong kind or not available. Ranges are checked by
    /// [`validate`](Self::validate).
    pub fn from_json_file(path: impl AsRef<Path>) -> Result<Self, TrainError> {
        let mut arguments = Self::default();
        let keys = read_keys(path.as_ref())?;
        // Every key was read once.
        arguments.set_keys(&keys).map_err(TrainError::from)?;
        Ok(arguments)
    }

    /// Puts the values of JSON keys over the present ones.
    ///
    /// # Errors
    /// Names every key that is unknown, of the wrong kind or not available; those that can be read
    /// are in place then.
    pub(crate) fn set_keys(&mut self, keys: &Map<String, Value>) -> Result<(), SettingErrors> {
        let (mut errors, mut aliases) = (Vec::new(), Vec::new());
        // What the keys say by themselves, to know which are at their defaults.
        let mut alone = Self::default();
        for (key, value) in keys {
            if !NAMES.contains(&key.as_str()) {
                match known(key, value) {
                    Ok(Known::Alias(present, value)) => aliases.push((key, present, value)),
                    Ok(Known::Nothing) => {}
                    Err(error) => errors.push(error),
                }
                continue;
            }
            let _ = fill_sentinel(&mut alone, key, value);
            errors.extend(fill_sentinel(self, key, value).err());
        }
        let (alone, defaults) = (alone.values(), Self::default().values());
        for (former, present, value) in aliases {
            if alone.get(present) != defaults.get(present) {
                continue;
            }
            if let Err(error) = fill_sentinel(self, present, &value) {
                errors.push(SettingError::new(former, error.value, error.help));
            }
        }
        SettingErrors::check(errors)
    }

    /// The values by their names.
    pub(crate) fn values(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(values)) => values,
            _ => Map::new(),
        }
    }
}

fn fill_sentinel(
    arguments: &mut TrainingArguments,
    name: &str,
    json: &Value,
) -> Result<(), SettingError> {
    let negative = json.as_f64().is_some_and(|number| number < 0.0);
    match negative && NEGATIVE_IS_NONE.contains(&name) {
        true => fill(arguments, name, &Value::Null),
        false => fill(arguments, name, json),
    }
}

/// The keys of a JSON file of arguments; each was read once.
pub(crate) fn read_keys(path: &Path) -> Result<Map<String, Value>, TrainError> {
    let keys: Map<String, Value> = read_json(path)?;
    let read = TrainingArguments::default().set_keys(&keys);
    read.map_err(|source| TrainError::ArgumentsFile {
        path: path.to_owned(),
        source,
    })?;
    Ok(keys)
}

impl<'de> Deserialize<'de> for TrainingArguments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let keys = Map::deserialize(deserializer)?;
        let mut arguments = Self::default();
        let read = arguments.set_keys(&keys);
        read.map_err(serde::de::Error::custom)?;
        Ok(arguments)
    }
}

/// A count, or -1 for none, as transformers writes it.
pub(super) fn or_minus_one<S: Serializer>(
    count: &Option<usize>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match count {
        Some(count) => count.serialize(serializer),
        None => serializer.serialize_i64(-1),
    }
}

/// The settings of a schedule, or null where there are none, as transformers writes it.
pub(super) fn or_null<S: Serializer>(
    kwargs: &LrSchedulerKwargs,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match *kwargs == LrSchedulerKwargs::default() {
        true => serializer.serialize_none(),
        false => kwargs.serialize(serializer),
    }
}
