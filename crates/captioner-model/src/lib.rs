//! What any image captioner is, and what needs to know no more than that.
//!
//! A captioner reads pictures with an encoder and predicts captions token by token.
//! [`CaptionModel`] says what it computes and [`Pretrained`] how its checkpoint looks; losses,
//! decoding strategies, adapters, freezing, loading and saving are written once over the two.
//! `captioner-git` implements them for GIT; `examples/custom_model.rs` does for a model of its own.
//!
//! ```
//! use captioner_model::{CaptionBatch, Padding, PixelValues, TokenBatch};
//! use captioner_text::EncodeOptions;
//!
//! // One picture of 2 x 2 pixels and its caption, as the model takes them.
//! let pixels = PixelValues::new(vec![0.0; 3 * 2 * 2], &[1, 3, 2, 2])?;
//! let options = EncodeOptions { padding: Padding::Longest, ..EncodeOptions::default() };
//! let tokens = TokenBatch::from_rows(&[vec![101, 7, 102]], 0, &options)?;
//! let batch = CaptionBatch::new(pixels, tokens)?;
//! assert_eq!(batch.target_count(), 2); // each token but the first is predicted
//! # Ok::<(), captioner_model::ModelError>(())
//! ```

mod adapter;
mod any;
mod batch;
mod cache;
mod config;
mod error;
mod freeze;
mod generation;
mod layers;
mod loss;
mod model;
mod other_folder;
mod parameters;
mod pattern;
mod pictures;
mod predict;
mod prefix;
mod pretrained;
mod processor;
mod spec;
mod weights;

/// Burn, in the exact version that models are written for.
pub use captioner_ops::burn;

pub use adapter::{
    AdapterError, AdapterMismatch, LoraConfig, add_lora, has_adapter, load_adapter,
    load_adapter_weights, merge_adapter, remove_adapter, save_adapter,
};
pub use any::AnyCaptioner;
pub use batch::{CaptionBatch, FeatureRows, IGNORE_INDEX, Targets, Visual};
pub use cache::TextCache;
pub use captioner_image::PixelValues;
pub use captioner_text::{EncodeOptions, Padding, TokenBatch};
pub use config::{CONFIG_FILE, ConfigError, HiddenAct, TokenIds, check_config};
pub use error::{
    BatchError, DeviceFailure, MissingPart, ModelError, OtherFolder, PatternError, PromptError,
    SettingError,
};
pub use freeze::{freeze, parameter_names, trained_parameters};
pub use generation::{EarlyStopping, GENERATION_FILE, Generated, GenerationConfig, StreamedToken};
pub use layers::{Embedding, LayerNorm, Linear, LinearVisitor, Lora, activate, parameter};
pub use loss::{LossOptions, LossOutput, Predictions};
pub use model::{CaptionModel, batch_features, batch_hidden, counted_logits};
pub use parameters::{ByName, LayerKind, NamedMapper, NamedVisitor, ParameterName};
pub use pattern::NamePattern;
pub use pictures::upload_pictures;
pub use predict::{RowPrediction, predict_rows};
pub use prefix::{KeyValuePrefix, Rows};
pub use pretrained::{Pretrained, model_type, save_pretrained};
pub use processor::{Caption, Processor};
pub use spec::{ModelSpec, Tokens};
pub use weights::{
    Fused, IndexProblem, Init, LoadReport, Mismatches, TensorReader, TensorWriter, WeightLayout,
    WeightsError, initialize,
};
