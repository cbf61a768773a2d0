//! A batch of captioned pictures, in host memory.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::GitError;

/// Label of a position that is not counted in the loss.
pub const IGNORE_INDEX: i64 = -100;

/// What the model trains on: pixel values and tokens, row-major, not yet on a device.
#[derive(Clone, Debug, PartialEq)]
pub struct CaptionBatch {
    /// `[pictures, 3, height, width]`.
    pub pixel_values: Vec<f32>,
    /// `[pictures, 3, height, width]`, as sizes.
    pub picture_shape: [usize; 4],
    /// `[captions, length]`; captions of a picture follow each other, equally many for each.
    pub input_ids: Vec<u32>,
    /// `[captions, length]`: the token ids again, with [`IGNORE_INDEX`] where no prediction counts.
    pub labels: Vec<i64>,
    /// `[captions, length]`, as sizes.
    pub caption_shape: [usize; 2],
}

/// The rows and targets of the loss: position `t` predicts the token at `t + 1`.
pub(crate) struct Targets {
    /// Flat positions in `[captions, length]`.
    pub(crate) positions: Vec<i64>,
    /// The token each of them should predict.
    pub(crate) tokens: Vec<i64>,
}

impl CaptionBatch {
    /// Pads token rows to the longest of them and makes the labels: pads are left out of the loss.
    ///
    /// # Errors
    /// When `rows` is empty, holds an empty row, or does not fit the pictures.
    pub fn new(
        pixel_values: Vec<f32>,
        picture_shape: [usize; 4],
        rows: &[Vec<u32>],
        pad_token_id: u32,
    ) -> Result<Self, GitError> {
        let length = rows.iter().map(Vec::len).max().unwrap_or(0);
        let pictures = picture_shape[0];
        let empty = rows.iter().any(Vec::is_empty);
        if length == 0 || empty || pictures == 0 || !rows.len().is_multiple_of(pictures) {
            return Err(GitError::Batch(format!(
                "{} captions, the longest of {length} tokens, for {pictures} pictures: \
                 equally many captions of at least one token are needed for each picture",
                rows.len()
            )));
        }
        let values: usize = picture_shape.iter().product();
        if pixel_values.len() != values {
            return Err(GitError::Batch(format!(
                "{} pixel values do not fill the shape {picture_shape:?}",
                pixel_values.len()
            )));
        }
        let mut input_ids = Vec::with_capacity(rows.len() * length);
        let mut labels = Vec::with_capacity(rows.len() * length);
        for row in rows {
            let pads = length - row.len();
            input_ids.extend_from_slice(row);
            input_ids.extend(std::iter::repeat_n(pad_token_id, pads));
            labels.extend(row.iter().map(|&id| i64::from(id)));
            labels.extend(std::iter::repeat_n(IGNORE_INDEX, pads));
        }
        Ok(Self {
            pixel_values,
            picture_shape,
            input_ids,
            labels,
            caption_shape: [rows.len(), length],
        })
    }

    /// How many predictions the loss counts.
    pub fn target_count(&self) -> usize {
        self.targets().tokens.len()
    }

    pub(crate) fn targets(&self) -> Targets {
        let [_, length] = self.caption_shape;
        let counted = self
            .labels
            .iter()
            .enumerate()
            .filter(|(at, label)| at % length > 0 && **label != IGNORE_INDEX);
        let (positions, tokens) = counted.map(|(at, label)| (at as i64 - 1, *label)).unzip();
        Targets { positions, tokens }
    }

    pub(crate) fn upload_pixels(&self, device: &Device) -> Tensor<4> {
        let data = TensorData::new(self.pixel_values.clone(), self.picture_shape);
        Tensor::from_data(data, device)
    }

    pub(crate) fn upload_ids(&self, device: &Device) -> Tensor<2, Int> {
        let ids: Vec<i64> = self.input_ids.iter().map(|&id| i64::from(id)).collect();
        Tensor::from_data(TensorData::new(ids, self.caption_shape), device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(rows: &[Vec<u32>]) -> Result<CaptionBatch, GitError> {
        CaptionBatch::new(vec![0.0; 12], [1, 3, 2, 2], rows, 0)
    }

    #[test]
    fn each_position_predicts_the_next_token_of_its_own_row() {
        // The failures this stands against: a double shift (position t learns t + 2), and the
        // last position of a row learning the first token of the next row.
        let batch = batch(&[vec![1, 10, 11, 2], vec![1, 20, 2]]).unwrap();
        let targets = batch.targets();
        assert_eq!(batch.input_ids, [1, 10, 11, 2, 1, 20, 2, 0]);
        assert_eq!(targets.positions, [0, 1, 2, 4, 5]);
        assert_eq!(targets.tokens, [10, 11, 2, 20, 2]);
        assert_eq!(batch.target_count(), 5);
    }

    #[test]
    fn pads_do_not_count_even_when_a_word_has_the_id_of_the_pad() {
        let batch = batch(&[vec![1, 0, 2], vec![1, 2]]).unwrap();
        assert_eq!(batch.targets().tokens, [0, 2, 2]);
    }

    #[test]
    fn captions_that_do_not_fit_the_pictures_are_refused() {
        assert!(batch(&[]).is_err());
        assert!(batch(&[vec![]]).is_err());
        let odd = CaptionBatch::new(vec![0.0; 24], [2, 3, 2, 2], &[vec![1]], 0);
        assert!(odd.is_err());
        let short = CaptionBatch::new(vec![0.0; 11], [1, 3, 2, 2], &[vec![1]], 0);
        assert!(short.unwrap_err().to_string().contains("11"));
    }
}
