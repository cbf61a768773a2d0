//! Weights: how they are laid out, fresh values, and the files they are read from and written to.

mod error;
mod init;
mod layout;
mod load;
mod pytorch;
mod reader;
mod safetensors;
mod save;
mod source;
mod writer;

pub use self::error::{IndexProblem, Mismatches, WeightsError};
pub use self::init::{Init, initialize};
pub use self::layout::{Fused, WeightLayout};
pub use self::load::LoadReport;
pub(crate) use self::load::{load, transpose};
pub use self::reader::TensorReader;
pub(crate) use self::save::{Collector, save};
pub(crate) use self::source::{Stored, has_weights, open_adapter};
pub use self::writer::TensorWriter;
