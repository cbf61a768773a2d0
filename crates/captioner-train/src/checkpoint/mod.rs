//! Checkpoints: everything that a run needs to go on as if it had never stopped.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `model.safetensors`, `config.json`, `generation_config.json` | the weights as they are trained, in Hugging Face's names |
//! | `adapter_model.safetensors`, `adapter_config.json` | in their place where an adapter is trained, in PEFT's format |
//! | the processor's files | tokenizer and image processor |
//! | `optimizer.safetensors` | the optimizer's moments, by parameter |
//! | `ema.safetensors` | averaged weights, where they are kept |
//! | `trainer_state.json` | steps, best value, log, as transformers writes them |
//! | `training_args.json` | the settings |
//! | `resume.json` | what else a resumed run needs; see [`Progress`] |
//! | `skipped_rows.json` | rows that could not be used |
//! | `manifest.json` | sizes and checksums of all these; written last |
//!
//! There is no state of random generators: the order of rows comes from seed and epoch, dropout and
//! augmentation from seed, epoch and step.

mod changes;
mod read;
mod write;

use std::collections::BTreeMap;

use captioner_files::MANIFEST_FILE;
use serde::{Deserialize, Serialize};

use crate::schedule::ScheduleState;
use crate::step::Recent;

pub(crate) use changes::changed_settings;
pub(crate) use read::{Saved, load_ema, load_weights, newest};
pub(crate) use write::{Snapshot, write};

/// File of a checkpoint that says where the run stood.
pub const STATE_FILE: &str = "trainer_state.json";

/// Files of a checkpoint that are the run's, and none of the model's or its processor's.
pub const RUN_FILES: [&str; 6] = [
    STATE_FILE,
    PROGRESS_FILE,
    OPTIMIZER_FILE,
    EMA_FILE,
    SKIPPED_FILE,
    MANIFEST_FILE,
];

const PROGRESS_FILE: &str = "resume.json";
const OPTIMIZER_FILE: &str = "optimizer.safetensors";
const EMA_FILE: &str = "ema.safetensors";
const SKIPPED_FILE: &str = "skipped_rows.json";

/// The form of checkpoints that this version writes.
pub(crate) const FORMAT: u32 = 1;

/// What a resumed run needs beyond weights, moments and [`TrainerState`](crate::TrainerState).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Form of the checkpoint.
    pub(crate) format: u32,
    /// Sums since the last log entry.
    pub(crate) recent: Recent,
    /// The sum of all steps' losses.
    pub(crate) total_loss: f64,
    /// Batches that something was learnt from.
    pub(crate) trained_batches: usize,
    /// Steps that were skipped because loss or gradients were infinite or NaN.
    pub(crate) non_finite_steps: usize,
    /// Of them, those since a step that was not.
    pub(crate) skipped_in_a_row: usize,
    /// What the schedule knows of evaluations.
    pub(crate) schedule: ScheduleState,
    /// A learning rate that a callback set.
    pub(crate) learning_rate: Option<f64>,
    /// What the step was to do and did not: the run stopped, or an evaluation failed.
    pub(crate) pending: Pending,
    /// Whether a callback ended the run.
    pub(crate) stopped: bool,
    /// The name that was given to the model which an adapter belongs to.
    pub(crate) base_model: Option<String>,
    /// Whether an adapter is trained.
    pub(crate) adapter: bool,
    /// What the rows are, of the training set and of the evaluation set.
    pub(crate) data: BTreeMap<String, String>,
}

/// What is due after a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) log: bool,
    pub(crate) evaluate: bool,
    pub(crate) save: bool,
}
