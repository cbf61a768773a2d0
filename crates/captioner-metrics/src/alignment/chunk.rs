//! Runs of equal edits, as jiwer names them.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// What has to be done to a span of the reference to get the prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EditKind {
    /// Both sides agree.
    Equal,
    /// The prediction has other tokens in the same number.
    Substitute,
    /// The prediction has tokens the reference lacks.
    Insert,
    /// The prediction lacks tokens of the reference.
    Delete,
}

/// A span of an alignment: token positions on both sides, ends excluded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlignmentChunk {
    /// What happened here.
    pub kind: EditKind,
    /// Positions in the reference; empty for an insertion.
    pub reference: Range<usize>,
    /// Positions in the prediction; empty for a deletion.
    pub prediction: Range<usize>,
}

/// How many tokens fell into each kind of edit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct EditCounts {
    pub(crate) hits: u64,
    pub(crate) substitutions: u64,
    pub(crate) deletions: u64,
    pub(crate) insertions: u64,
}

impl EditCounts {
    pub(crate) fn of(chunks: &[AlignmentChunk]) -> Self {
        let mut counts = EditCounts::default();
        for chunk in chunks {
            let reference = chunk.reference.len() as u64;
            match chunk.kind {
                EditKind::Equal => counts.hits += reference,
                EditKind::Substitute => counts.substitutions += reference,
                EditKind::Delete => counts.deletions += reference,
                EditKind::Insert => counts.insertions += chunk.prediction.len() as u64,
            }
        }
        counts
    }

    pub(crate) fn sum(rows: &[EditCounts]) -> Self {
        rows.iter().fold(Self::default(), |sum, row| EditCounts {
            hits: sum.hits + row.hits,
            substitutions: sum.substitutions + row.substitutions,
            deletions: sum.deletions + row.deletions,
            insertions: sum.insertions + row.insertions,
        })
    }

    pub(crate) fn errors(&self) -> u64 {
        self.substitutions + self.deletions + self.insertions
    }

    pub(crate) fn reference_length(&self) -> u64 {
        self.hits + self.substitutions + self.deletions
    }
}

/// Grows an alignment from left to right and joins neighbours of one kind.
#[derive(Debug, Default)]
pub(super) struct Alignment {
    chunks: Vec<AlignmentChunk>,
    reference_end: usize,
    prediction_end: usize,
}

impl Alignment {
    pub(super) fn push(&mut self, kind: EditKind, length: usize) {
        if length == 0 {
            return;
        }
        let reference = self.reference_end;
        let prediction = self.prediction_end;
        if kind != EditKind::Insert {
            self.reference_end += length;
        }
        if kind != EditKind::Delete {
            self.prediction_end += length;
        }
        match self.chunks.last_mut() {
            Some(last) if last.kind == kind => {
                last.reference.end = self.reference_end;
                last.prediction.end = self.prediction_end;
            }
            _ => self.chunks.push(AlignmentChunk {
                kind,
                reference: reference..self.reference_end,
                prediction: prediction..self.prediction_end,
            }),
        }
    }

    pub(super) fn into_chunks(self) -> Vec<AlignmentChunk> {
        self.chunks
    }
}
