//! The decoder's rows in flight: an image prefix, and a text cache with one row a lane.

use burn::tensor::{Int, Tensor, TensorData};

use crate::GitError;
use crate::cache::TextCache;
use crate::decoder::ImagePrefix;
use crate::model::{GitForCausalLm, floats_on_host};

/// Texts that are extended together.
pub(super) struct Lanes<'m> {
    model: &'m GitForCausalLm,
    prefix: ImagePrefix,
    cache: TextCache,
}

impl<'m> Lanes<'m> {
    /// Reads the prompts, equally many for each picture, with room for `new` more tokens each;
    /// gives the logits of their last tokens, `[prompts, vocab]`. Prompts of different lengths
    /// are filled up on the left, where nothing looks.
    pub(super) fn prefill(
        model: &'m GitForCausalLm,
        prefix: &ImagePrefix,
        prompts: &[Vec<u32>],
        new: usize,
    ) -> Result<(Self, Vec<f32>), GitError> {
        let length = prompts.iter().map(Vec::len).max().unwrap_or(0);
        model.check_text(prefix, prompts.len(), length)?;
        let pads: Vec<usize> = prompts.iter().map(|ids| length - ids.len()).collect();
        let filler = i64::from(model.config().pad_token_id);
        let mut ids = Vec::with_capacity(prompts.len() * length);
        for (prompt, &pads) in prompts.iter().zip(&pads) {
            ids.extend(std::iter::repeat_n(filler, pads));
            ids.extend(prompt.iter().map(|&id| i64::from(id)));
        }
        let layers = model.config().num_hidden_layers;
        let mut lanes = Self {
            model,
            prefix: prefix.clone(),
            cache: TextCache::new(layers, length + new, pads),
        };
        let logits = lanes.read(ids, [prompts.len(), length])?;
        Ok((lanes, logits))
    }

    /// Adds one token to each lane; gives the logits of the next, `[lanes, vocab]`.
    pub(super) fn extend(&mut self, tokens: &[u32]) -> Result<Vec<f32>, GitError> {
        let ids = tokens.iter().map(|&id| i64::from(id)).collect();
        self.read(ids, [tokens.len(), 1])
    }

    /// Lane `i` becomes a copy of the former lane `lanes[i]`; only `pictures` stay, if given.
    pub(super) fn rearrange(&mut self, lanes: &[usize], pictures: Option<&Vec<usize>>) {
        self.cache.select(lanes, &self.model.device());
        if let Some(pictures) = pictures {
            self.prefix = self.prefix.select(pictures);
        }
    }

    fn read(&mut self, ids: Vec<i64>, shape: [usize; 2]) -> Result<Vec<f32>, GitError> {
        let data = TensorData::new(ids, shape);
        let ids = Tensor::<2, Int>::from_data(data, &self.model.device());
        let logits = self.model.extend(&self.prefix, ids, &mut self.cache);
        floats_on_host(logits)
    }
}
