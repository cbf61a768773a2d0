//! Edit alignments between a reference and a prediction.

mod chunk;
mod distance_row;
mod lcs;
mod levenshtein;
mod short;
mod symbols;

pub(crate) use chunk::EditCounts;
pub use chunk::{AlignmentChunk, EditKind};
pub(crate) use lcs::LcsTable;
pub(crate) use levenshtein::align;
pub(crate) use short::{short_char_edits, short_word_edits};
pub(crate) use symbols::SymbolPair;
