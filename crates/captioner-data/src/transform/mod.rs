//! Sets made from other sets. Nothing is copied: rows are read from the set below when they are
//! asked for, and every random choice is made by a seed.

mod concatenate;
mod filter;
mod k_fold;
mod map_captions;
mod select;
mod shuffle;
mod test_size;
mod train_and_eval;

pub use concatenate::{Concatenated, concatenate};
pub use filter::{Row, filter, filter_rows};
pub use k_fold::k_fold;
pub use map_captions::{MappedCaptions, map_caption_lists, map_captions, rename_caption_column};
pub use select::select;
pub use shuffle::shuffle;
pub use test_size::{ParseTestSizeError, TestSize};
pub use train_and_eval::{DEFAULT_TEST_SIZE, SplitChoice, train_and_eval};
