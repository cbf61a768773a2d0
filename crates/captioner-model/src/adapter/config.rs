//! The settings of an adapter, as PEFT's `adapter_config.json` spells them.

use std::path::PathBuf;

use thiserror::Error;

use crate::error::SettingError;

/// How an adapter is made; names and meanings are those of PEFT's `LoraConfig`.
#[derive(Clone, Debug, PartialEq)]
pub struct LoraConfig {
    /// Rank of the addition.
    pub r: usize,
    /// The addition is scaled by `lora_alpha / r`.
    pub lora_alpha: f64,
    /// Dropout of the adapter's input, while training.
    pub lora_dropout: f64,
    /// The linear layers that are adapted; see [`NamePattern`](crate::NamePattern).
    pub target_modules: Vec<String>,
}

/// Why an adapter can't be made, loaded or saved.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AdapterError {
    /// A setting out of its range.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The model has an adapter already.
    #[error("the model has an adapter already: merge it first")]
    Present,
    /// There is no adapter to save.
    #[error("the model has no adapter: add one, or save the model itself")]
    Absent,
    /// An adapter that does something that is not supported.
    #[error("{path}: {key} is {value}, which is not supported", path = .path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// Its value.
        value: String,
    },
    /// The folder holds no adapter.
    #[error(
        "{folder} holds no adapter: adapter_config.json and adapter_model.safetensors (or .bin) \
         are needed", folder = .folder.display()
    )]
    Missing {
        /// The folder.
        folder: PathBuf,
    },
    /// An adapter of another model.
    #[error("{path} does not fit the model: '{tensor}' {problem}", path = .path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// The tensor, or the linear layer.
        tensor: String,
        /// How it differs.
        problem: AdapterMismatch,
    },
}

/// How a tensor of an adapter does not fit the model.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AdapterMismatch {
    /// One of a layer's two matrices is missing.
    #[error("has one of its two matrices only")]
    Half,
    /// A layer's matrices are missing.
    #[error("is missing")]
    Missing,
    /// Another shape or type.
    #[error("should be {want:?} of F32, F16 or BF16, and is {have:?} of {type_name}")]
    Shape {
        /// The shape that the model asks for.
        want: [usize; 2],
        /// The shape in the file.
        have: Vec<usize>,
        /// The type in the file.
        type_name: String,
    },
    /// The model has no such layer.
    #[error("has no linear layer in it ({count} such tensors)")]
    NoLayer {
        /// How many tensors have none.
        count: usize,
    },
}

impl Default for LoraConfig {
    /// Rank 8 on the queries and values of both halves of the model.
    fn default() -> Self {
        let targets = ["query", "value", "q_proj", "v_proj"];
        Self {
            r: 8,
            lora_alpha: 8.0,
            lora_dropout: 0.0,
            target_modules: targets.map(str::to_owned).to_vec(),
        }
    }
}

impl LoraConfig {
    /// Checks every setting.
    pub(super) fn validate(&self) -> Result<(), SettingError> {
        let (alpha, dropout) = (self.lora_alpha, self.lora_dropout);
        let targets = self.target_modules.len();
        SettingError::check("r", self.r, self.r > 0, "it must be 1 or more")?;
        // Beyond the width of a layer a rank adds nothing, and no layer is that wide.
        SettingError::check("r", self.r, self.r <= 65_536, "it must be at most 65536")?;
        let fits = alpha.is_finite() && alpha > 0.0;
        SettingError::check("lora_alpha", alpha, fits, "it must be above 0")?;
        let fits = (0.0..1.0).contains(&dropout);
        SettingError::check(
            "lora_dropout",
            dropout,
            fits,
            "it must be from 0 to below 1",
        )?;
        let help = "at least one linear layer must be adapted";
        SettingError::check("target_modules", "[]", targets > 0, help)
    }

    /// What the product of the two matrices is multiplied by.
    pub(super) fn scale(&self) -> f64 {
        self.lora_alpha / self.r as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_out_of_range_are_named() {
        let good = LoraConfig::default;
        for (name, config) in [
            ("r", LoraConfig { r: 0, ..good() }),
            (
                "lora_alpha",
                LoraConfig {
                    lora_alpha: f64::NAN,
                    ..good()
                },
            ),
            (
                "lora_dropout",
                LoraConfig {
                    lora_dropout: 1.0,
                    ..good()
                },
            ),
            (
                "target_modules",
                LoraConfig {
                    target_modules: vec![],
                    ..good()
                },
            ),
        ] {
            let message = config.validate().unwrap_err().to_string();
            assert!(message.starts_with(&format!("{name} is ")), "{message}");
        }
    }
}
