//! Weights: their names, fresh values, and the files they are read from and written to.

mod error;
mod init;
mod load;
mod names;
mod pytorch;
mod safetensors;
mod source;

pub use self::error::{Mismatches, WeightsError};
pub use self::load::LoadReport;
pub(crate) use self::load::{load, transpose};
pub(crate) use self::safetensors::{Collector, save};
pub(crate) use self::source::{Stored, WEIGHTS_FILE, has_weights, open_adapter};
pub(crate) use init::initialize;
pub(crate) use names::{Layer, Path};

#[cfg(test)]
mod tests;
