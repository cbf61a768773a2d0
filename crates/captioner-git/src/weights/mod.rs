//! Weights: their names, fresh values, and the safetensors file.

mod init;
mod names;
mod safetensors;

pub use self::safetensors::WeightsError;
pub(crate) use self::safetensors::{WEIGHTS_FILE, load, save};
pub(crate) use init::initialize;
