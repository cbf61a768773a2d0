//! The few numbers that anything around a captioner needs, and tokens on a device.

use burn::tensor::{Bool, Int, Tensor};
use captioner_ops::causal_mask;

/// Sizes and special tokens of a captioner.
#[derive(Clone, Debug, PartialEq, Eq)]
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
