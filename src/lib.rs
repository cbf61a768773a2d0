//! Image captioning: fine-tune, evaluate and run captioners such as Microsoft's GIT.
//!
//! This crate puts the workspace's crates under one name, and adds what needs several of them:
//! [`Captioner`] captions pictures in one call, [`open_captioner`] opens any checkpoint by its
//! `model_type`, [`open_dataset`] any data set by what a user typed. Take only the crates you need:
//!
//! | module | what it does |
//! | --- | --- |
//! | [`data`] | captioned picture sets |
//! | [`creatures`] | the built-in set: drawn creatures |
//! | [`image`] | pictures to pixel values |
//! | [`text`] | captions to token ids and back |
//! | [`model`] | what any captioner is: traits, batches, decoding strategies, adapters, checkpoints |
//! | [`git`] | Microsoft's GIT |
//! | [`train`] | fine-tuning and evaluation |
//! | [`metrics`] | metrics of captions |
//! | [`report`] | pictures for people |
//! | [`files`] | files written whole or not at all |
//! | [`ops`] | devices and tensor operations |
//! | [`hub`] | the Hugging Face Hub: downloads and pushes (feature `hub`), model cards |
//! | [`publish`] | a run as a repository of the Hub |
//! | [`inspect`] | what is in a set |
//! | [`burn`] | the tensor library, in the exact version that models are written for |

mod captioner;
mod open;
pub mod publish;

pub use self::captioner::{Captioner, CaptionerError};
pub use self::open::{OpenError, open_captioner, open_dataset, open_splits};
pub use captioner_creatures as creatures;
pub use captioner_data as data;
pub use captioner_files as files;
pub use captioner_git as git;
pub use captioner_hub as hub;
pub use captioner_image as image;
pub use captioner_inspect as inspect;
pub use captioner_metrics as metrics;
pub use captioner_model as model;
pub use captioner_ops as ops;
pub use captioner_ops::burn;
pub use captioner_report as report;
pub use captioner_text as text;
pub use captioner_train as train;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

/// The blocks of `docs/guide.md`, so that they stay true.
#[cfg(doctest)]
#[doc = include_str!("../docs/guide.md")]
mod guide {}
