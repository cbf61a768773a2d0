//! Names of arguments that aren't fields: those of earlier versions of transformers, and those that
//! mean something in Python only.

use captioner_model::SettingError;
use serde_json::Value;

use super::json::NAMES;

/// Names of transformers 4 that 5 has another one for: (former, present).
const RENAMED: &[(&str, &str)] = &[
    ("evaluation_strategy", "eval_strategy"),
    ("per_gpu_train_batch_size", "per_device_train_batch_size"),
    ("per_gpu_eval_batch_size", "per_device_eval_batch_size"),
    ("push_to_hub_model_id", "hub_model_id"),
    ("push_to_hub_token", "hub_token"),
];

/// Switches of transformers 4 that are a value of another argument in 5: (former, present, value).
const SWITCHES: &[(&str, &str, &str)] = &[
    (
        "group_by_length",
        "train_sampling_strategy",
        "group_by_length",
    ),
    ("adafactor", "optim", "adafactor"),
    ("evaluate_during_training", "eval_strategy", "steps"),
];

/// Where the run computes is not a setting of it.
const DEVICE: &str = "the run computes where the model is: open it on the CPU (DeviceSpec `flex`, in \
                      the examples --device flex) and leave this out";

/// Arguments of transformers that would change what a run gives and are not here, each with what
/// helps. They are read where they are off.
const REFUSED: &[(&str, &str)] = &[
    ("no_cuda", DEVICE),
    ("use_cpu", DEVICE),
    ("use_mps_device", DEVICE),
    (
        "optim_args",
        "optimizers have no settings besides those of their own here: leave it out",
    ),
    (
        "optim_target_modules",
        "GaLore and APOLLO are not available: use freeze or lora_target_modules",
    ),
    (
        "tf32",
        "matrices are multiplied in the precision that the device has for f32: leave it out",
    ),
    (
        "bf16_full_eval",
        "evaluations compute in the precision of the model: leave it out",
    ),
    (
        "fp16_full_eval",
        "evaluations compute in the precision of the model: leave it out",
    ),
    (
        "neftune_noise_alpha",
        "noise on embeddings is not available: leave it out",
    ),
    (
        "auto_find_batch_size",
        "set per_device_train_batch_size to what fits",
    ),
    ("fsdp", "a run has one device: leave it out"),
    ("deepspeed", "a run has one device: leave it out"),
    ("parallelism_config", "a run has one device: leave it out"),
    ("sharded_ddp", "a run has one device: leave it out"),
    ("mp_parameters", "a run has one device: leave it out"),
    (
        "ignore_data_skip",
        "a resumed run goes on with the rows it would have had: leave it out",
    ),
    (
        "sortish_sampler",
        "use train_sampling_strategy group_by_length",
    ),
    (
        "push_to_hub_organization",
        "write it into hub_model_id, as organization/name",
    ),
    ("hub_revision", "pushes go to the main branch: leave it out"),
    ("past_index", "captioners have no such output: leave it out"),
    ("torchdynamo", "use no compiler of PyTorch's: leave it out"),
    (
        "prediction_loss_only",
        "leave predict_with_generate out for the loss and no captions",
    ),
];

/// Arguments of transformers that change nothing of what a run gives: speed, memory and logs of
/// PyTorch, several devices, and what scripts read. Any value is read and passed over.
const PASSED_OVER: &[&str] = &[
    "_n_gpu",
    "accelerator_config",
    "activation_checkpointing",
    "activation_checkpointing_kwargs",
    "average_tokens_across_devices",
    "batch_eval_metrics",
    "dataloader_in_order",
    "dataloader_multiprocessing_context",
    "dataloader_persistent_workers",
    "dataloader_pin_memory",
    "dataloader_prefetch_factor",
    "ddp_backend",
    "ddp_broadcast_buffers",
    "ddp_bucket_cap_mb",
    "ddp_find_unused_parameters",
    "ddp_static_graph",
    "ddp_timeout",
    "debug",
    "dispatch_batches",
    "do_eval",
    "do_predict",
    "do_train",
    "enable_jit_checkpoint",
    "eval_accumulation_steps",
    "eval_do_concat_batches",
    "eval_use_gather_object",
    "fp16_backend",
    "fp16_opt_level",
    "fsdp_config",
    "fsdp_min_num_params",
    "fsdp_transformer_layer_cls_to_wrap",
    "full_determinism",
    "gradient_checkpointing",
    "gradient_checkpointing_kwargs",
    "half_precision_backend",
    "hub_always_push",
    "include_for_metrics",
    "include_inputs_for_metrics",
    "include_num_input_tokens_seen",
    "include_tokens_per_second",
    "jit_mode_eval",
    "label_names",
    "length_column_name",
    "liger_kernel_config",
    "local_rank",
    "log_level",
    "log_level_replica",
    "log_on_each_node",
    "project",
    "ray_scope",
    "restore_callback_states_from_checkpoint",
    "save_on_each_node",
    "save_safetensors",
    "skip_memory_metrics",
    "split_batches",
    "torch_compile",
    "torch_compile_backend",
    "torch_compile_mode",
    "torch_empty_cache_steps",
    "tpu_metrics_debug",
    "tpu_num_cores",
    "trackio_bucket_id",
    "trackio_space_id",
    "trackio_static_space_id",
    "use_cache",
    "use_ipex",
    "use_legacy_prediction_loop",
    "use_liger_kernel",
    "xpu_backend",
];

/// What is known of a key that is no field.
pub(super) enum Known {
    /// It stands for this value of another one.
    Alias(&'static str, Value),
    /// It says nothing that matters here.
    Nothing,
}

/// What a key that is no field stands for.
pub(super) fn known(key: &str, value: &Value) -> Result<Known, SettingError> {
    let renamed = RENAMED.iter().find(|(former, _)| *former == key);
    let switch = SWITCHES.iter().find(|(former, ..)| *former == key);
    let refused = REFUSED.iter().find(|(name, _)| *name == key);
    match (renamed, switch, refused) {
        (Some(_), ..) if value.is_null() => Ok(Known::Nothing),
        (Some((_, present)), ..) => Ok(Known::Alias(present, value.clone())),
        (_, Some((_, present, name)), _) => match value {
            Value::Bool(true) => Ok(Known::Alias(present, (*name).into())),
            Value::Bool(false) | Value::Null => Ok(Known::Nothing),
            _ => Err(SettingError::new(key, value, "use true or false")),
        },
        (.., Some(_)) if is_off(value) => Ok(Known::Nothing),
        (.., Some((_, help))) => Err(SettingError::new(key, value, help)),
        _ if key == "warmup_ratio" => warmup_ratio(value),
        _ if PASSED_OVER.contains(&key) => Ok(Known::Nothing),
        _ => Err(unknown(key, value)),
    }
}

/// A share of all steps; transformers 4 writes 0 where there is none.
fn warmup_ratio(value: &Value) -> Result<Known, SettingError> {
    match value.as_f64() {
        None if value.is_null() => Ok(Known::Nothing),
        Some(0.0) => Ok(Known::Nothing),
        Some(share) if share > 0.0 && share < 1.0 => {
            Ok(Known::Alias("warmup_steps", value.clone()))
        }
        _ => {
            let help = "it must be from 0 to below 1; warmup_steps takes a number of steps";
            Err(SettingError::new("warmup_ratio", value, help))
        }
    }
}

/// Whether a value means "not asked for".
fn is_off(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64().is_some_and(|number| number <= 0.0),
        Value::String(text) => text.is_empty() || text == "no",
        Value::Array(list) => list.is_empty(),
        Value::Object(keys) => keys.is_empty(),
        Value::Bool(true) => false,
    }
}

fn unknown(key: &str, value: &Value) -> SettingError {
    let near = nearest(key);
    let help = format!("there is no such argument; did you mean {near}?");
    SettingError::new(key, value, help)
}

/// The argument whose name is spelt most like `key`.
fn nearest(key: &str) -> &'static str {
    let former = RENAMED.iter().map(|(former, _)| former);
    let names = NAMES.iter().chain(former);
    let nearest = names.min_by_key(|name| edits(key, name));
    nearest.copied().unwrap_or_default()
}

/// The least number of characters to insert, remove or replace that makes one text of another
/// (Levenshtein's distance).
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_levenshteins() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("flaw", "lawn"), 2);
        assert_eq!(edits("seed", "seed"), 0);
    }

    #[test]
    fn the_nearest_name_is_what_was_meant() {
        for (wrong, meant) in [
            ("learning_rte", "learning_rate"),
            ("eval_step", "eval_steps"),
            ("warmup_step", "warmup_steps"),
            ("metric_for_best", "metric_for_best_model"),
            ("lora_rank", "lora_r"),
        ] {
            assert_eq!(nearest(wrong), meant);
        }
    }

    #[test]
    fn no_name_stands_in_two_lists() {
        let all = NAMES.iter().chain(RENAMED.iter().map(|(name, _)| name));
        let all = all.chain(SWITCHES.iter().map(|(name, ..)| name));
        let all = all.chain(REFUSED.iter().map(|(name, _)| name));
        let mut all: Vec<_> = all.chain(PASSED_OVER).collect();
        all.sort_unstable();
        let twice = all.windows(2).find(|pair| pair[0] == pair[1]);
        assert_eq!(twice, None);
        for (_, present) in RENAMED {
            assert!(NAMES.contains(present), "{present}");
        }
    }
}
