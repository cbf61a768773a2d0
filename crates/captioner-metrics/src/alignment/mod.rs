//! Edit alignments between a reference and a hypothesis.

mod chunk;
mod distance_row;
mod lcs;
mod levenshtein;
mod symbols;

pub(crate) use chunk::EditCounts;
pub use chunk::{AlignmentChunk, EditKind};
pub(crate) use lcs::LcsTable;
pub(crate) use levenshtein::align;
pub(crate) use symbols::SymbolPair;
