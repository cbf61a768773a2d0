//! The settings of a run, as its card shows them: what was done, not what was wished.

use captioner_train::{OptimizerKind, Steps, TrainingArguments};

use super::FinishedRun;

/// The version of Burn that models are written for: pinned in `Cargo.toml`.
const BURN: &str = "0.22.1";

/// Name and value, in the order of the table.
pub(super) fn settings(run: &FinishedRun<'_>) -> Vec<(String, String)> {
    let (args, state) = (run.arguments, run.state);
    let mut rows = Rows::default();
    rows.add("optimizer steps", steps(run));
    rows.add("epochs", format!("{:.2}", state.epoch));
    rows.add("effective batch size", batch_size(args));
    rows.add("learning rate", args.learning_rate);
    rows.add("schedule", schedule(args, state.max_steps));
    rows.add("optimizer", optimizer(args));
    if args.max_grad_norm > 0.0 {
        rows.add("largest norm of gradients", args.max_grad_norm);
    }
    if args.label_smoothing_factor > 0.0 {
        rows.add("label smoothing", args.label_smoothing_factor);
    }
    if let Some(decay) = args.ema_decay {
        rows.add("average of weights, decay", decay);
    }
    if let Some(r) = args.lora_r {
        rows.add("LoRA", lora(args, r));
    }
    if !args.freeze.is_empty() {
        rows.add("frozen", args.freeze.join(", "));
    }
    if args.fp16 {
        rows.add("precision", "mixed, 16-bit floats");
    }
    rows.add("seed", args.seed);
    if let Some(seed) = args.data_seed {
        rows.add("seed of the order of rows", seed);
    }
    rows.add("device", &run.device);
    let part = match args.resume_from_checkpoint {
        Some(_) => ", since the run was last begun",
        None => "",
    };
    rows.add("seconds", format!("{:.0}{part}", run.seconds));
    rows.add(
        "versions",
        format!("captioner {}, Burn {BURN}", env!("CARGO_PKG_VERSION")),
    );
    rows.0
}

#[derive(Default)]
struct Rows(Vec<(String, String)>);

impl Rows {
    fn add(&mut self, name: &str, value: impl ToString) {
        self.0.push((name.to_owned(), value.to_string()));
    }
}

fn steps(run: &FinishedRun<'_>) -> String {
    let (done, planned) = (run.state.global_step, run.state.max_steps);
    match done < planned {
        true => format!("{done}, of {planned} that were planned"),
        false => done.to_string(),
    }
}

fn batch_size(args: &TrainingArguments) -> String {
    let (rows, batches) = (
        args.per_device_train_batch_size,
        args.gradient_accumulation_steps,
    );
    match batches {
        1 => rows.to_string(),
        _ => format!("{} ({rows} in each of {batches} batches)", rows * batches),
    }
}

fn schedule(args: &TrainingArguments, steps: usize) -> String {
    let warmup = args.warmup(steps);
    match args.warmup_steps {
        Steps::Count(0) => args.lr_scheduler_type.to_string(),
        _ => format!("{}, {warmup} steps of warm-up", args.lr_scheduler_type),
    }
}

fn optimizer(args: &TrainingArguments) -> String {
    let decay = match args.weight_decay {
        0.0 => String::new(),
        decay => format!(", weight decay {decay}"),
    };
    let moments = match args.optim {
        OptimizerKind::AdamW => {
            let (one, two, epsilon) = (args.adam_beta1, args.adam_beta2, args.adam_epsilon);
            format!(", betas {one} and {two}, epsilon {epsilon:e}")
        }
        _ => String::new(),
    };
    format!("{}{moments}{decay}", args.optim)
}

fn lora(args: &TrainingArguments, r: usize) -> String {
    let alpha = args.lora_alpha.unwrap_or(r as f64);
    let targets = match args.lora_target_modules.is_empty() {
        true => String::new(),
        false => format!(", in {}", args.lora_target_modules.join(", ")),
    };
    format!(
        "rank {r}, alpha {alpha}, dropout {}{targets}",
        args.lora_dropout
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_burn_is_the_one_that_is_pinned() {
        let manifest = include_str!("../../Cargo.toml");
        assert!(manifest.contains(&format!("burn = {{ version = \"={BURN}\"")));
    }
}
