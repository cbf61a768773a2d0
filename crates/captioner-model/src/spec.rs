//! The few numbers that anything around a captioner needs, and tokens on a device.

use burn::tensor::{Bool, Int, Tensor};
use captioner_ops::causal_mask;
use captioner_text::CaptionTokenizer;
use serde::{Deserialize, Serialize};

/// Sizes and special tokens of a captioner. The configuration of a model of one's own may hold one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelSpec {
    /// Number of tokens that the model can read and predict.
    pub vocab_size: usize,
    /// Longest sequence, in tokens.
    pub max_positions: usize,
    /// Most frames of a video; 1 for a model of single pictures.
    pub max_frames: usize,
    /// The token that every caption starts with.
    pub start_token_id: u32,
    /// Tokens that end a caption; usually one.
    pub eos_token_ids: Vec<u32>,
    /// The token that fills up short rows.
    pub pad_token_id: u32,
}

impl ModelSpec {
    /// A model of single pictures whose captions are those of `tokenizer`: they start and end with
    /// its own tokens.
    pub fn for_tokenizer(tokenizer: &CaptionTokenizer, max_positions: usize) -> Self {
        Self {
            vocab_size: tokenizer.vocab_size(),
            max_positions,
            max_frames: 1,
            start_token_id: tokenizer.cls_id(),
            eos_token_ids: vec![tokenizer.sep_id()],
            pad_token_id: tokenizer.pad_id(),
        }
    }
}

/// Rows of token ids on a device, `[R, T]`. `R` is `k` times the number of pictures; the rows of a
/// picture follow each other.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Token ids, `[R, T]`.
    pub ids: Tensor<2, Int>,
    /// True where no row may look, `[R, 1, 1, T]`: at pads. `None` where nothing that counts comes
    /// after a pad, so that a causal mask hides them already.
    pub pads: Option<Tensor<4, Bool>>,
}

impl Tokens {
    /// Rows without pads that need hiding.
    pub fn new(ids: Tensor<2, Int>) -> Self {
        Self { ids, pads: None }
    }

    /// Where a row may not look in its own sequence, `[1 or R, 1, T, T]`: at tokens after it, and at
    /// pads.
    pub fn mask(&self) -> Tensor<4, Bool> {
        let [rows, length] = self.dims();
        let causal = causal_mask(length, 0, &self.ids.device()).unsqueeze();
        match &self.pads {
            None => causal,
            Some(pads) => {
                let shape = [rows, 1, length, length];
                pads.clone().expand(shape).bool_or(causal.expand(shape))
            }
        }
    }

    /// Number of rows and tokens of each, `[R, T]`.
    pub fn dims(&self) -> [usize; 2] {
        self.ids.dims()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use captioner_text::WordPieceTraining;

    #[test]
    fn a_configuration_can_hold_the_spec_of_its_tokenizer() {
        let training = WordPieceTraining::default();
        let tokenizer = CaptionTokenizer::train_word_piece(["a cat"], &training).unwrap();
        let spec = ModelSpec::for_tokenizer(&tokenizer, 20);
        let caption = tokenizer.encode("a cat").unwrap();
        assert_eq!(spec.start_token_id, caption[0]);
        assert_eq!(spec.eos_token_ids, caption[caption.len() - 1..]);
        assert!(caption.iter().all(|&id| (id as usize) < spec.vocab_size));
        let text = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<ModelSpec>(&text).unwrap(), spec);
    }
}
