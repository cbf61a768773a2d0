//! Writing captions, token by token.

use burn::tensor::{Tensor, TensorData};

use crate::GitError;
use crate::batch::CaptionBatch;
use crate::cache::TextCache;
use crate::decoder::ImagePrefix;
use crate::model::{GitForCausalLm, ids_on_host};

/// How to write captions; names and defaults are those of transformers' `GenerationConfig`.
#[derive(Clone, Debug, PartialEq)]
pub struct GenerationConfig {
    /// Longest caption in tokens, those it starts and ends with included.
    pub max_length: usize,
}

impl Default for GenerationConfig {
    fn default() -> Self {
        Self { max_length: 20 }
    }
}

impl GitForCausalLm {
    /// Writes the caption of each picture, taking the likeliest token each time (greedy search).
    ///
    /// `pixel_values` is `[B, 3, H, W]`. Each result starts with the `bos` token and ends with
    /// `eos`, or without it where `max_length` came first. Pictures are read once; each step
    /// computes one token a caption, and stops when all captions have ended.
    ///
    /// # Errors
    /// When the pictures are not of the model's size, `max_length` is not from 2 to the model's
    /// number of positions, or the device fails.
    pub fn generate(
        &self,
        pixel_values: Tensor<4>,
        config: &GenerationConfig,
    ) -> Result<Vec<Vec<u32>>, GitError> {
        self.check_length(config.max_length)?;
        let prefix = self.encode_image(pixel_values)?;
        self.greedy(&prefix, config.max_length)
    }

    /// Writes the captions of a batch's pictures; see [`generate`](Self::generate).
    ///
    /// # Errors
    /// As [`generate`](Self::generate).
    pub fn generate_batch(
        &self,
        batch: &CaptionBatch,
        config: &GenerationConfig,
    ) -> Result<Vec<Vec<u32>>, GitError> {
        self.generate(batch.upload_pixels(&self.device()), config)
    }

    fn check_length(&self, max_length: usize) -> Result<(), GitError> {
        let limit = self.config().max_position_embeddings;
        if max_length < 2 {
            return Err(GitError::Setting {
                name: "max_length",
                value: max_length.to_string(),
                mend: "a caption needs its start token and one more, so at least 2",
            });
        }
        if max_length > limit {
            return Err(GitError::TooLong {
                length: max_length,
                limit,
            });
        }
        Ok(())
    }

    fn greedy(&self, prefix: &ImagePrefix, max_length: usize) -> Result<Vec<Vec<u32>>, GitError> {
        let config = self.config();
        let batch = prefix.batch();
        let mut cache = TextCache::new(config.num_hidden_layers, max_length);
        let mut captions = vec![vec![config.bos_token_id]; batch];
        let mut last = vec![i64::from(config.bos_token_id); batch];
        while captions[0].len().max(cache.length() + 1) < max_length {
            let ids = Tensor::from_data(TensorData::new(last, [batch, 1]), &self.device());
            let logits = self.extend(prefix, ids, &mut cache); // [B, V]
            let next = ids_on_host(logits.argmax(1).reshape([batch]))?;
            for (caption, token) in captions.iter_mut().zip(&next) {
                if caption.last() != Some(&config.eos_token_id) {
                    caption.push(*token);
                }
            }
            let ended = |caption: &Vec<u32>| caption.last() == Some(&config.eos_token_id);
            if captions.iter().all(ended) {
                break;
            }
            last = next.into_iter().map(i64::from).collect();
        }
        Ok(captions)
    }
}
