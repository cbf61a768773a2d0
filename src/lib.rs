//! Image captioning: fine-tune, evaluate and run Microsoft's GIT.
//!
//! This crate puts the workspace's crates under one name and adds [`Captioner`], which captions a
//! picture in one call. Each room is a crate of its own; take only those you need:
//!
//! | module | what it does |
//! | --- | --- |
//! | [`data`] | captioned picture sets: folders, and a built-in one |
//! | [`image`] | pictures to pixel values |
//! | [`text`] | captions to token ids and back |
//! | [`git`] | the model, its weights and its processor |
//! | [`train`] | fine-tuning and evaluation |
//! | [`metrics`] | scores for captions |
//! | [`report`] | pictures for people |
//! | [`ops`] | devices and tensor operations |
//! | `hub` | where models come from, and their cards (feature `hub`) |

mod captioner;

pub use captioner::{Captioner, CaptionerError};
pub use captioner_data as data;
pub use captioner_git as git;
#[cfg(feature = "hub")]
pub use captioner_hub as hub;
pub use captioner_image as image;
pub use captioner_metrics as metrics;
pub use captioner_ops as ops;
pub use captioner_report as report;
pub use captioner_text as text;
pub use captioner_train as train;
