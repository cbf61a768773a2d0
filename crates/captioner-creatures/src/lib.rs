//! A captioned picture set that draws itself from a seed, so that a first
//! training run needs no download.
//!
//! [`Creatures`] is a [`CaptionDataset`](captioner_data::CaptionDataset) like
//! any other: it can be split, viewed and trained on.
//!
//! ```
//! use std::sync::Arc;
//!
//! use captioner_creatures::Creatures;
//! use captioner_data::{CaptionDataset, Picture, train_test_split};
//!
//! # fn main() -> Result<(), captioner_data::DataError> {
//! let set = Arc::new(Creatures::new(0));
//! assert_eq!(set.len(), 833);
//!
//! let split = train_test_split(set, 0.1, 42)?;
//! assert_eq!((split.train.len(), split.test.len()), (749, 84));
//!
//! assert!(split.test.captions(0)?[0].starts_with("a drawing of a"));
//! assert!(matches!(split.test.picture(0)?, Picture::Rgb8 { width: 256, height: 256, .. }));
//! # Ok(())
//! # }
//! ```

mod caption;
mod creatures;
mod draw;
mod traits;

pub use creatures::Creatures;
