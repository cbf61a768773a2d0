//! Settings of the decoding strategies, as `generation_config.json` spells it.

use std::path::Path;

use captioner_files::{FileError, read_json, write_json};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::config::TokenIds;
use crate::error::{ModelError, SettingError};
use crate::spec::ModelSpec;

/// The file that holds a [`GenerationConfig`].
pub const GENERATION_FILE: &str = "generation_config.json";

/// Tokens that are generated where no length is asked for; transformers' default.
const DEFAULT_NEW_TOKENS: usize = 20;

/// Settings of the decoding strategies; names, meanings and defaults are those of transformers'
/// `GenerationConfig`.
///
/// Lengths count tokens, those of the prompt and the end token included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenerationConfig {
    /// Longest sequence; where neither this nor `max_new_tokens` is set, 20 new tokens are generated.
    pub max_length: Option<usize>,
    /// Most tokens after the prompt; goes before `max_length`.
    pub max_new_tokens: Option<usize>,
    /// The sequence does not end before it has this many tokens.
    pub min_length: usize,
    /// The sequence does not end before this many tokens after the prompt; goes before `min_length`.
    pub min_new_tokens: Option<usize>,
    /// Beams that are followed at once; 1 is greedy search or sampling, more is beam search.
    pub num_beams: usize,
    /// Sequences that come back for each prompt.
    pub num_return_sequences: usize,
    /// Beam search divides a sequence's log probability by its length to this power.
    pub length_penalty: f32,
    /// When beam search stops.
    pub early_stopping: EarlyStopping,
    /// Whether to draw each token at random instead of taking the likeliest.
    pub do_sample: bool,
    /// Logits are divided by it before a token is drawn.
    pub temperature: f32,
    /// Only so many of the likeliest tokens can be drawn; 0 keeps all.
    pub top_k: usize,
    /// Only the likeliest tokens that together have this probability can be drawn.
    pub top_p: f32,
    /// Only tokens with at least this share of the likeliest one's probability can be drawn.
    pub min_p: Option<f32>,
    /// Logits of tokens that the sequence already has are divided by it (multiplied where negative).
    pub repetition_penalty: f32,
    /// No sequence of so many tokens is generated twice; 0 allows it.
    pub no_repeat_ngram_size: usize,
    /// Token sequences that are never generated.
    pub bad_words_ids: Vec<Vec<u32>>,
    /// Tokens that are never generated.
    pub suppress_tokens: Vec<u32>,
    /// The token that follows a prompt of one token.
    pub forced_bos_token_id: Option<u32>,
    /// The tokens of which one ends a sequence that reaches its greatest length.
    pub forced_eos_token_id: Option<TokenIds>,
    /// The prompt of captions without one; the model's where unset.
    pub bos_token_id: Option<u32>,
    /// Tokens that end a sequence; the model's where unset.
    pub eos_token_id: Option<TokenIds>,
    /// Whether results carry the log probability of each token.
    pub output_scores: bool,
    /// Seed of `do_sample`: the same seed draws the same sequences.
    pub seed: u64,
    /// The keys of the file that it was read from: saving keeps those that mean nothing here.
    #[serde(skip)]
    pub file_keys: Map<String, Value>,
}

/// When beam search stops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EarlyStopping {
    /// When the best running beam, at its present length, is behind the worst finished one.
    #[default]
    No,
    /// As soon as there are as many finished sequences as beams.
    Yes,
    /// When no running beam can overtake a finished one, whatever its length.
    Never,
}

/// Settings of transformers that change what is generated and are not supported, each with the
/// values that mean "off".
const UNSUPPORTED: [(&str, &[f64]); 20] = [
    ("num_beam_groups", &[1.0]),
    ("diversity_penalty", &[0.0]),
    ("penalty_alpha", &[0.0]),
    ("typical_p", &[1.0]),
    ("epsilon_cutoff", &[0.0]),
    ("eta_cutoff", &[0.0]),
    ("top_h", &[]),
    ("guidance_scale", &[1.0]),
    ("encoder_repetition_penalty", &[1.0]),
    ("encoder_no_repeat_ngram_size", &[0.0]),
    ("sequence_bias", &[]),
    ("exponential_decay_length_penalty", &[]),
    ("begin_suppress_tokens", &[]),
    ("force_words_ids", &[]),
    ("constraints", &[]),
    ("renormalize_logits", &[0.0]),
    ("stop_strings", &[]),
    ("watermarking_config", &[]),
    ("prompt_lookup_num_tokens", &[]),
    ("token_healing", &[0.0]),
];

impl Default for GenerationConfig {
    fn default() -> Self {
        Self {
            max_length: None,
            max_new_tokens: None,
            min_length: 0,
            min_new_tokens: None,
            num_beams: 1,
            num_return_sequences: 1,
            length_penalty: 1.0,
            early_stopping: EarlyStopping::No,
            do_sample: false,
            temperature: 1.0,
            top_k: 50,
            top_p: 1.0,
            min_p: None,
            repetition_penalty: 1.0,
            no_repeat_ngram_size: 0,
            bad_words_ids: Vec::new(),
            suppress_tokens: Vec::new(),
            forced_bos_token_id: None,
            forced_eos_token_id: None,
            bos_token_id: None,
            eos_token_id: None,
            output_scores: false,
            seed: 0,
            file_keys: Map::new(),
        }
    }
}

impl GenerationConfig {
    /// Reads `generation_config.json` of a checkpoint folder; the defaults where there is none.
    ///
    /// # Errors
    /// When the file can't be read, is no such JSON, or asks for what is not supported.
    pub fn from_pretrained(folder: impl AsRef<Path>) -> Result<Self, ModelError> {
        let path = folder.as_ref().join(GENERATION_FILE);
        match path.exists() {
            true => Self::from_json_file(path),
            false => Ok(Self::default()),
        }
    }

    /// Reads a file such as `generation_config.json`, or the one in a folder.
    ///
    /// # Errors
    /// When the file can't be read, is no such JSON, or asks for what is not supported.
    pub fn from_json_file(path: impl AsRef<Path>) -> Result<Self, ModelError> {
        let mut path = path.as_ref().to_owned();
        if path.is_dir() {
            path.push(GENERATION_FILE);
        }
        let settings = supported(read_json(&path)?)?;
        let config = serde_json::from_value(Value::Object(settings.clone()));
        let config: Self = config.map_err(|source| FileError::Json { path, source })?;
        Ok(Self {
            file_keys: settings,
            ..config
        })
    }

    /// Reads the keys of `generation_config.json`.
    ///
    /// # Errors
    /// When a value is of the wrong kind, or asks for what is not supported.
    pub fn from_keys(keys: Map<String, Value>) -> Result<Self, SettingError> {
        let settings = supported(keys)?;
        let config = serde_json::from_value(Value::Object(settings.clone()));
        let config: Self = config.map_err(|error| {
            let keys = Value::Object(settings.clone());
            SettingError::new("generation_config", keys, error)
        })?;
        Ok(Self {
            file_keys: settings,
            ..config
        })
    }

    /// Writes `generation_config.json` into a folder: the keys that the settings were read with,
    /// those that differ from the defaults, and the special tokens of the model.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn save_pretrained(
        &self,
        folder: impl AsRef<Path>,
        spec: &ModelSpec,
    ) -> Result<(), FileError> {
        let path = folder.as_ref().join(GENERATION_FILE);
        let json = |config: &Self| match serde_json::to_value(config) {
            Ok(Value::Object(map)) => Ok(map),
            Ok(_) => Ok(Map::new()),
            Err(source) => Err(FileError::Json {
                path: path.clone(),
                source,
            }),
        };
        let (own, defaults) = (json(self)?, json(&Self::default())?);
        let mut keys = self.file_keys.clone();
        for (key, value) in own {
            if keys.contains_key(&key) || defaults.get(&key) != Some(&value) {
                keys.insert(key, value);
            }
        }
        let eos = TokenIds(spec.eos_token_ids.clone());
        let eos = serde_json::to_value(eos).unwrap_or_default();
        for (key, value) in [
            ("bos_token_id", spec.start_token_id.into()),
            ("eos_token_id", eos),
            ("pad_token_id", spec.pad_token_id.into()),
        ] {
            keys.entry(key).or_insert(value);
        }
        write_json(&path, &keys)
    }

    /// Checks every setting for a model.
    ///
    /// # Errors
    /// Names the first one that is out of its range or contradicts another.
    pub fn validate(&self, spec: &ModelSpec) -> Result<(), ModelError> {
        let at_least_one = "it must be 1 or more";
        let counts = [
            ("num_beams", Some(self.num_beams)),
            ("num_return_sequences", Some(self.num_return_sequences)),
            ("max_new_tokens", self.max_new_tokens),
        ];
        for (name, count) in counts {
            SettingError::check(name, count.unwrap_or(1), count != Some(0), at_least_one)?;
        }
        for (name, count) in [
            ("num_beams", self.num_beams),
            ("num_return_sequences", self.num_return_sequences),
        ] {
            SettingError::check(name, count, count <= 1024, "it must be at most 1024")?;
        }
        self.validate_lengths(spec)?;
        self.validate_beams()?;
        self.validate_sampling()?;
        Ok(self.validate_tokens(spec.vocab_size)?)
    }

    fn validate_lengths(&self, spec: &ModelSpec) -> Result<(), ModelError> {
        let limit = spec.max_positions;
        if let Some(length) = self.max_length {
            let help = "a sequence needs its start token and one more, so at least 2";
            SettingError::check("max_length", length, length > 1, help)?;
            if length > limit {
                return Err(ModelError::TooLong { length, limit });
            }
        }
        let bounds = [
            ("min_length", Some(self.min_length), self.max_length),
            ("min_new_tokens", self.min_new_tokens, self.max_new_tokens),
        ];
        for (name, least, most) in bounds {
            if let (Some(least), Some(most)) = (least, most) {
                let help = "it must not be above the greatest length: lower it or raise that";
                SettingError::check(name, least, least <= most, help)?;
            }
        }
        Ok(())
    }

    fn validate_beams(&self) -> Result<(), SettingError> {
        let (beams, returned) = (self.num_beams, self.num_return_sequences);
        if beams > 1 {
            let help = "beam search can't return more sequences than it has beams";
            SettingError::check("num_return_sequences", returned, returned <= beams, help)?;
            let help = "sampling goes with num_beams 1: switch one of them off";
            SettingError::check("do_sample", true, !self.do_sample, help)?;
        } else if !self.do_sample {
            let help = "greedy search gives one sequence: raise num_beams, or set do_sample";
            SettingError::check("num_return_sequences", returned, returned == 1, help)?;
        }
        let penalty = self.length_penalty;
        let help = "it must be a finite number";
        SettingError::check("length_penalty", penalty, penalty.is_finite(), help)
    }

    fn validate_sampling(&self) -> Result<(), SettingError> {
        let above_zero = "it must be a finite number above 0";
        for (name, value) in [
            ("temperature", self.temperature),
            ("repetition_penalty", self.repetition_penalty),
        ] {
            SettingError::check(name, value, value.is_finite() && value > 0.0, above_zero)?;
        }
        let share = "it must be from 0 to 1";
        for (name, value) in [("top_p", Some(self.top_p)), ("min_p", self.min_p)] {
            let value = value.unwrap_or(0.0);
            SettingError::check(name, value, (0.0..=1.0).contains(&value), share)?;
        }
        Ok(())
    }

    fn validate_tokens(&self, vocab_size: usize) -> Result<(), SettingError> {
        let empty = self.bad_words_ids.iter().any(Vec::is_empty);
        let help = "each sequence needs at least one token";
        SettingError::check("bad_words_ids", "[]", !empty, help)?;
        let list = |ids: &Option<TokenIds>| ids.clone().map_or_else(Vec::new, |ids| ids.0);
        let lists = [
            ("bad_words_ids", self.bad_words_ids.concat()),
            ("suppress_tokens", self.suppress_tokens.clone()),
            (
                "forced_bos_token_id",
                self.forced_bos_token_id.into_iter().collect(),
            ),
            ("forced_eos_token_id", list(&self.forced_eos_token_id)),
            ("bos_token_id", self.bos_token_id.into_iter().collect()),
            ("eos_token_id", list(&self.eos_token_id)),
        ];
        for (name, ids) in lists {
            if let Some(id) = ids.iter().find(|id| **id as usize >= vocab_size) {
                let help = "the model's vocabulary has no such token";
                return Err(SettingError::new(name, id, help));
            }
        }
        Ok(())
    }

    /// Greatest length of a sequence that continues a prompt of `prompt` tokens.
    pub(crate) fn max_length_after(&self, prompt: usize, spec: &ModelSpec) -> usize {
        let limit = spec.max_positions;
        match (self.max_new_tokens, self.max_length) {
            (Some(new), _) => prompt.saturating_add(new),
            (None, Some(length)) => length,
            (None, None) => limit.min(prompt.saturating_add(DEFAULT_NEW_TOKENS)),
        }
    }

    /// Least length of a sequence that continues a prompt of `prompt` tokens.
    pub(crate) fn min_length_after(&self, prompt: usize) -> usize {
        self.min_new_tokens
            .map_or(self.min_length, |new| prompt.saturating_add(new))
    }
}

/// The keys that are set; transformers writes what is unset as null.
fn supported(mut settings: Map<String, Value>) -> Result<Map<String, Value>, SettingError> {
    settings.retain(|_, value| !value.is_null());
    for (name, off) in UNSUPPORTED {
        let value = settings.get(name);
        if let Some(value) = value.filter(|value| !is_one_of(value, off)) {
            let help = "which is not supported here: remove it from generation_config.json";
            return Err(SettingError::new(name, value, help));
        }
    }
    Ok(settings)
}

fn is_one_of(value: &Value, off: &[f64]) -> bool {
    let number = value
        .as_f64()
        .or(value.as_bool().map(|on| f64::from(u8::from(on))));
    number.is_some_and(|number| off.contains(&number))
}

impl Serialize for EarlyStopping {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::No => serializer.serialize_bool(false),
            Self::Yes => serializer.serialize_bool(true),
            Self::Never => serializer.serialize_str("never"),
        }
    }
}

impl<'de> Deserialize<'de> for EarlyStopping {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match &value {
            Value::Bool(false) => Ok(Self::No),
            Value::Bool(true) => Ok(Self::Yes),
            Value::String(text) => text.parse().map_err(serde::de::Error::custom),
            other => Err(serde::de::Error::custom(format!(
                "early_stopping is {other}: use false, true or \"never\""
            ))),
        }
    }
}

impl std::str::FromStr for EarlyStopping {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        match text {
            "false" => Ok(Self::No),
            "true" => Ok(Self::Yes),
            "never" => Ok(Self::Never),
            other => Err(SettingError::new(
                "early_stopping",
                other,
                "use false, true or never",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<GenerationConfig, ModelError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(GENERATION_FILE), text).unwrap();
        GenerationConfig::from_pretrained(folder.path())
    }

    fn spec() -> ModelSpec {
        ModelSpec {
            vocab_size: 30,
            max_positions: 64,
            max_frames: 1,
            start_token_id: 1,
            eos_token_ids: vec![2],
            pad_token_id: 0,
        }
    }

    #[test]
    fn saving_keeps_the_keys_of_the_file_and_adds_what_was_set() {
        let text = r#"{"_from_model_config": true, "bos_token_id": 5, "eos_token_id": [7, 8],
            "length_penalty": 1.0, "max_length": 50, "transformers_version": "4.27.2"}"#;
        let config = GenerationConfig {
            max_length: Some(40),
            num_beams: 4,
            ..read(text).unwrap()
        };
        let folder = tempfile::tempdir().unwrap();
        config.save_pretrained(folder.path(), &spec()).unwrap();
        let saved: Value = read_json(folder.path().join(GENERATION_FILE)).unwrap();
        let want = serde_json::json!({
            "_from_model_config": true, "bos_token_id": 5, "eos_token_id": [7, 8],
            "length_penalty": 1.0, "max_length": 40, "transformers_version": "4.27.2",
            "num_beams": 4, "pad_token_id": 0,
        });
        assert_eq!(saved, want);
        let fresh = GenerationConfig::default();
        fresh.save_pretrained(folder.path(), &spec()).unwrap();
        let saved: Value = read_json(folder.path().join(GENERATION_FILE)).unwrap();
        let want = serde_json::json!({"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0});
        assert_eq!(saved, want);
    }

    #[test]
    fn what_transformers_leaves_unset_is_the_default() {
        let config = read(
            r#"{"max_length": null, "num_beams": 4, "early_stopping": "never",
            "eos_token_id": 102, "transformers_version": "5.23.0", "typical_p": 1.0}"#,
        );
        let want = GenerationConfig {
            num_beams: 4,
            early_stopping: EarlyStopping::Never,
            eos_token_id: Some(TokenIds(vec![102])),
            ..GenerationConfig::default()
        };
        let config = config.unwrap();
        let file_keys = config.file_keys.clone();
        assert_eq!(config, GenerationConfig { file_keys, ..want });
    }

    #[test]
    fn what_would_silently_write_other_captions_is_refused() {
        let message = read(r#"{"typical_p": 0.5}"#).unwrap_err().to_string();
        assert!(message.contains("typical_p is 0.5"), "{message}");
        assert!(read(r#"{"early_stopping": "soon"}"#).is_err());
    }

    #[test]
    fn contradictions_are_named() {
        let model = spec();
        let good = GenerationConfig::default;
        let cases = [
            (
                "num_beams",
                GenerationConfig {
                    num_beams: 0,
                    ..good()
                },
            ),
            (
                "min_length",
                GenerationConfig {
                    min_length: 9,
                    max_length: Some(8),
                    ..good()
                },
            ),
            (
                "min_new_tokens",
                GenerationConfig {
                    min_new_tokens: Some(9),
                    max_new_tokens: Some(8),
                    ..good()
                },
            ),
            (
                "max_length",
                GenerationConfig {
                    max_length: Some(1),
                    ..good()
                },
            ),
            (
                "max_new_tokens",
                GenerationConfig {
                    max_new_tokens: Some(0),
                    ..good()
                },
            ),
            (
                "num_return_sequences",
                GenerationConfig {
                    num_return_sequences: 2,
                    ..good()
                },
            ),
            (
                "temperature",
                GenerationConfig {
                    temperature: 0.0,
                    ..good()
                },
            ),
            (
                "top_p",
                GenerationConfig {
                    top_p: f32::NAN,
                    ..good()
                },
            ),
            (
                "bad_words_ids",
                GenerationConfig {
                    bad_words_ids: vec![vec![30]],
                    ..good()
                },
            ),
            (
                "do_sample",
                GenerationConfig {
                    do_sample: true,
                    num_beams: 2,
                    ..good()
                },
            ),
        ];
        for (name, config) in cases {
            let message = config.validate(&model).unwrap_err().to_string();
            assert!(message.starts_with(&format!("{name} is ")), "{message}");
        }
        good().validate(&model).unwrap();
    }
}
