//! git-base's size, with a vocabulary for drawn creatures.

use captioner_creatures::Creatures;
use captioner_data::CaptionDataset;
use captioner_git::GitConfig;
use captioner_text::{CaptionTokenizer, WordPieceTraining};

/// The number that stands behind `--`, or `otherwise`.
pub(crate) fn rows(otherwise: usize) -> usize {
    let given = std::env::args().find_map(|rows| rows.parse().ok());
    given.unwrap_or(otherwise)
}

/// A tokenizer of the captions of so many creatures, and the configuration that goes with it.
pub(crate) fn for_creatures(rows: usize) -> (CaptionTokenizer, GitConfig) {
    let creatures = Creatures::with_rows(rows, 42);
    let captions: Result<Vec<_>, _> = (0..rows).map(|row| creatures.captions(row)).collect();
    let captions = captions.expect("captions").concat();
    let training = WordPieceTraining::default();
    let tokenizer = CaptionTokenizer::train_word_piece(captions, &training).expect("a tokenizer");
    let (pad, bos, eos) = (tokenizer.pad_id(), tokenizer.cls_id(), tokenizer.sep_id());
    let config = GitConfig {
        pad_token_id: pad,
        bos_token_id: bos,
        eos_token_id: vec![eos].into(),
        ..GitConfig::default()
    };
    (tokenizer, config)
}
