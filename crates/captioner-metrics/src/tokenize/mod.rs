//! How captions are cut into tokens; each reference package has its own way.

mod mteval;
mod ptb;
mod rouge;

pub use mteval::BleuTokenizer;
pub use ptb::ptb_tokenize;
pub(crate) use rouge::rouge_tokens;

use serde::{Deserialize, Serialize};

/// What coco-caption's metrics do to a caption first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CocoTokenizer {
    /// Penn Treebank tokens in lower case, punctuation dropped; see [`ptb_tokenize`]. What
    /// coco-caption does by itself.
    #[default]
    Ptb,
    /// The caption as it is, for captions that are tokenized already.
    Pretokenized,
}

impl CocoTokenizer {
    /// The caption as tokens with single spaces between.
    pub(crate) fn apply(self, caption: &str) -> std::borrow::Cow<'_, str> {
        match self {
            CocoTokenizer::Ptb => ptb_tokenize(caption).join(" ").into(),
            CocoTokenizer::Pretokenized => caption.into(),
        }
    }
}
