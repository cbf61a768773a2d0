//! The decoder's rows in flight: a prefix with one entry a picture, and a cache with one a row.

use burn::tensor::{Int, Tensor, TensorData};

use crate::error::ModelError;
use crate::model::{CaptionModel, check_rows, floats_on_host};
use crate::prefix::Rows;

/// Sequences that are extended together.
pub(super) struct DecoderRows<'m, M: CaptionModel> {
    model: &'m M,
    prefix: M::Prefix,
    cache: M::Cache,
}

impl<'m, M: CaptionModel> DecoderRows<'m, M> {
    /// Reads the prompts, equally many for each picture, with memory for `new` more tokens each;
    /// gives the logits of their last tokens, `[prompts, vocab]`. Prompts of different lengths
    /// are padded on the left, where nothing looks.
    pub(super) fn prefill(
        model: &'m M,
        prefix: &M::Prefix,
        prompts: &[Vec<u32>],
        new: usize,
    ) -> Result<(Self, Vec<f32>), ModelError> {
        let spec = model.spec();
        let length = prompts.iter().map(Vec::len).max().unwrap_or(0);
        check_rows(&spec, prefix.rows(), prompts.len(), length)?;
        let pads: Vec<usize> = prompts.iter().map(|ids| length - ids.len()).collect();
        let filler = i64::from(spec.pad_token_id);
        let mut ids = Vec::with_capacity(prompts.len() * length);
        for (prompt, &pads) in prompts.iter().zip(&pads) {
            ids.extend(std::iter::repeat_n(filler, pads));
            ids.extend(prompt.iter().map(|&id| i64::from(id)));
        }
        let mut rows = Self {
            model,
            prefix: prefix.clone(),
            cache: model.cache(&pads, length + new),
        };
        let logits = rows.read(ids, [prompts.len(), length])?;
        Ok((rows, logits))
    }

    /// Adds one token to each row; gives the logits of the next, `[rows, vocab]`.
    pub(super) fn extend(&mut self, tokens: &[u32]) -> Result<Vec<f32>, ModelError> {
        let ids = tokens.iter().map(|&id| i64::from(id)).collect();
        self.read(ids, [tokens.len(), 1])
    }

    /// Row `i` becomes a copy of the former row `rows[i]`; only `pictures` stay, if given.
    pub(super) fn rearrange(&mut self, rows: &[usize], pictures: Option<&[usize]>) {
        self.cache.select(rows);
        if let Some(pictures) = pictures {
            self.prefix.select(pictures);
        }
    }

    fn read(&mut self, ids: Vec<i64>, shape: [usize; 2]) -> Result<Vec<f32>, ModelError> {
        let [rows, length] = shape;
        let data = TensorData::new(ids, shape);
        let ids = Tensor::<2, Int>::from_data(data, &self.model.device());
        let hidden = self.model.extend(&self.prefix, ids, &mut self.cache)?;
        let [_, _, width] = hidden.dims();
        let last = hidden.narrow(1, length - 1, 1).reshape([rows, width]);
        Ok(floats_on_host(self.model.head(last))?)
    }
}
