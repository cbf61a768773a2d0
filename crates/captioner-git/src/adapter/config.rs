//! The settings of an adapter, as PEFT's `adapter_config.json` spells them.

use std::path::PathBuf;

use thiserror::Error;

/// How an adapter is made; names and meanings are those of PEFT's `LoraConfig`.
#[derive(Clone, Debug, PartialEq)]
pub struct LoraConfig {
    /// Rank of the addition.
    pub r: usize,
    /// The addition is scaled by `lora_alpha / r`.
    pub lora_alpha: f64,
    /// Dropout of the adapter's input, while training.
    pub lora_dropout: f64,
    /// The linear maps that are adapted; see [`NamePattern`](crate::NamePattern).
    pub target_modules: Vec<String>,
}

/// Why an adapter can't be made, loaded or saved.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AdapterError {
    /// A setting out of its range.
    #[error("{name} is {value}: {mend}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// What would be right.
        mend: &'static str,
    },
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
    #[error("{path} does not fit the model: {problem}", path = .path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// Which tensor, and how it differs.
        problem: String,
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
    pub(super) fn validate(&self) -> Result<(), AdapterError> {
        let wrong = |name, value: String, mend| AdapterError::Setting { name, value, mend };
        if self.r == 0 {
            return Err(wrong("r", "0".into(), "it must be 1 or more"));
        }
        let (alpha, dropout) = (self.lora_alpha, self.lora_dropout);
        if !alpha.is_finite() || alpha <= 0.0 {
            return Err(wrong("lora_alpha", alpha.to_string(), "it must be above 0"));
        }
        if !(0.0..1.0).contains(&dropout) {
            let mend = "it must be from 0 to below 1";
            return Err(wrong("lora_dropout", dropout.to_string(), mend));
        }
        if self.target_modules.is_empty() {
            let mend = "at least one linear map must be adapted";
            return Err(wrong("target_modules", "[]".into(), mend));
        }
        Ok(())
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
