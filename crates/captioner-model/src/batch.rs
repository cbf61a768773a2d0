//! A batch of captioned pictures, in host memory.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

use captioner_image::PixelValues;
use captioner_text::TokenBatch;

use crate::error::{BatchError, ModelError};
use crate::model::floats_on_host;
use crate::spec::Tokens;

/// Label of a position that is not counted in the loss.
pub const IGNORE_INDEX: i64 = -100;

/// The pictures of a batch: pixels, or what a frozen encoder made of them before.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Visual {
    /// Pixel values, `[B, 3, H, W]` or `[B, F, 3, H, W]`.
    Pixels(PixelValues),
    /// The encoder's features.
    Features(FeatureRows),
}

/// Features of an encoder in host memory, `[B, I, E]`, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureRows {
    values: Vec<f32>,
    shape: [usize; 3],
}

/// What the model trains on: pictures and tokens, row-major, not yet on a device.
#[derive(Clone, Debug, PartialEq)]
pub struct CaptionBatch {
    visual: Visual,
    tokens: TokenBatch,
    labels: Vec<i64>,
}

/// The rows and targets of the loss: position `t` predicts the token at `t + 1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Targets {
    /// Flat positions in `[captions, length]`.
    pub positions: Vec<i64>,
    /// The token each of them should predict.
    pub tokens: Vec<i64>,
}

impl FeatureRows {
    /// Features `[B, I, E]`.
    ///
    /// # Errors
    /// When `values` do not fill `shape`, or it holds nothing.
    pub fn new(values: Vec<f32>, shape: [usize; 3]) -> Result<Self, BatchError> {
        let mut sizes = shape.iter().copied();
        let count = sizes.try_fold(1usize, usize::checked_mul);
        match count {
            Some(count) if count > 0 && count == values.len() => Ok(Self { values, shape }),
            _ => Err(BatchError::Features {
                values: values.len(),
                shape,
            }),
        }
    }

    /// Takes features from their device.
    ///
    /// # Errors
    /// When the device fails, or there is none.
    pub fn from_tensor(features: Tensor<3>) -> Result<Self, ModelError> {
        let shape = features.dims();
        Ok(Self::new(floats_on_host(features)?, shape)?)
    }

    /// `[B, I, E]`.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// The values, row-major.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The values, row-major, without a copy.
    pub fn into_values(self) -> Vec<f32> {
        self.values
    }

    pub(crate) fn upload(&self, device: &Device) -> Tensor<3> {
        Tensor::from_data(TensorData::new(self.values.clone(), self.shape), device)
    }
}

impl Visual {
    /// Number of pictures or videos.
    pub fn count(&self) -> usize {
        match self {
            Self::Pixels(pixels) => pixels.shape()[0],
            Self::Features(features) => features.shape[0],
        }
    }
}

impl From<PixelValues> for Visual {
    fn from(pixels: PixelValues) -> Self {
        Self::Pixels(pixels)
    }
}

impl From<FeatureRows> for Visual {
    fn from(features: FeatureRows) -> Self {
        Self::Features(features)
    }
}

impl CaptionBatch {
    /// Pictures and their captions, padded on the right. Captions of a picture follow each other,
    /// equally many for each. Every token but a caption's first is a target; pads are none.
    ///
    /// # Errors
    /// When there is no caption, one without a token or with pads on its left, or their number does
    /// not fit the pictures.
    pub fn new(visual: impl Into<Visual>, tokens: TokenBatch) -> Result<Self, ModelError> {
        let visual = visual.into();
        let pictures = visual.count();
        let (ids, mask) = (tokens.input_ids.len(), tokens.attention_mask.len());
        let (rows, columns) = (tokens.rows, tokens.columns);
        if rows.checked_mul(columns) != Some(ids) || ids != mask {
            return Err(BatchError::Tokens {
                ids,
                mask,
                rows,
                columns,
            }
            .into());
        }
        let lengths = || (0..tokens.rows).map(|row| tokens.row_length(row));
        if lengths().min().unwrap_or(0) == 0 || !tokens.rows.is_multiple_of(pictures) {
            return Err(BatchError::Rows {
                captions: tokens.rows,
                longest: lengths().max().unwrap_or(0),
                pictures,
            }
            .into());
        }
        let left = |row: usize| tokens.attention_mask[row * tokens.columns] == 0;
        if let Some(row) = (0..tokens.rows).find(|&row| left(row)) {
            return Err(BatchError::LeftPadding { row }.into());
        }
        let ids = tokens.input_ids.iter().zip(&tokens.attention_mask);
        let label = |(&id, &mask): (&u32, &u8)| match mask {
            0 => IGNORE_INDEX,
            _ => i64::from(id),
        };
        let labels = ids.map(label).collect();
        Ok(Self {
            visual,
            tokens,
            labels,
        })
    }

    /// Whether the model also learns to predict the pads after each caption, as in the Hugging Face
    /// guide. Their share of the loss then hides the captions'; for comparison only.
    pub fn with_pads_in_loss(mut self, in_loss: bool) -> Self {
        let ids = self
            .tokens
            .input_ids
            .iter()
            .zip(&self.tokens.attention_mask);
        let length = self.tokens.columns;
        for (at, (label, (&id, &mask))) in self.labels.iter_mut().zip(ids).enumerate() {
            // A row of one token alone fills up a picture that has fewer captions: nothing counts.
            let is_filler = self.tokens.row_length(at / length) < 2;
            if mask == 0 {
                let counts = in_loss && !is_filler;
                *label = if counts { i64::from(id) } else { IGNORE_INDEX };
            }
        }
        self
    }

    /// Replaces the labels, `[captions, length]`: the token at each position, or
    /// [`IGNORE_INDEX`] where its prediction does not count (a question before its answer, say).
    ///
    /// # Errors
    /// When their number is another.
    pub fn with_labels(mut self, labels: Vec<i64>) -> Result<Self, ModelError> {
        if labels.len() != self.labels.len() {
            return Err(BatchError::Labels {
                labels: labels.len(),
                captions: self.captions(),
                length: self.padded_length(),
            }
            .into());
        }
        self.labels = labels;
        Ok(self)
    }

    /// One picture of the batch, counted from 0, with its captions, padded as they are.
    ///
    /// # Errors
    /// When there is no such picture.
    pub fn picture(&self, index: usize) -> Result<Self, ModelError> {
        let pictures = self.visual.count();
        if index >= pictures {
            return Err(BatchError::NoPicture { index, pictures }.into());
        }
        let each = self.captions() / pictures;
        let tokens = index * each * self.padded_length()..(index + 1) * each * self.padded_length();
        let visual = match &self.visual {
            Visual::Pixels(pixels) => {
                let mut shape = pixels.shape().to_vec();
                let size = pixels.values().len() / pictures;
                shape[0] = 1;
                let values = pixels.values()[index * size..(index + 1) * size].to_vec();
                Visual::Pixels(PixelValues::new(values, &shape)?)
            }
            Visual::Features(features) => {
                let [_, rows, width] = features.shape;
                let size = rows * width;
                let values = features.values[index * size..(index + 1) * size].to_vec();
                Visual::Features(FeatureRows::new(values, [1, rows, width])?)
            }
        };
        Ok(Self {
            visual,
            tokens: TokenBatch {
                input_ids: self.tokens.input_ids[tokens.clone()].to_vec(),
                attention_mask: self.tokens.attention_mask[tokens.clone()].to_vec(),
                rows: each,
                ..self.tokens.clone()
            },
            labels: self.labels[tokens].to_vec(),
        })
    }

    /// The pictures.
    pub fn visual(&self) -> &Visual {
        &self.visual
    }

    /// The tokens, padded to one length.
    pub fn tokens(&self) -> &TokenBatch {
        &self.tokens
    }

    /// Number of captions.
    pub fn captions(&self) -> usize {
        self.tokens.rows
    }

    /// Tokens of each row, pads included.
    pub fn padded_length(&self) -> usize {
        self.tokens.columns
    }

    /// Labels, `[captions, padded_length]`.
    pub fn labels(&self) -> &[i64] {
        &self.labels
    }

    /// How many predictions the loss counts.
    pub fn target_count(&self) -> usize {
        self.targets().tokens.len()
    }

    /// The counted positions and what each should predict.
    pub fn targets(&self) -> Targets {
        let length = self.padded_length();
        let counted = self
            .labels
            .iter()
            .enumerate()
            .filter(|(at, label)| at % length > 0 && **label != IGNORE_INDEX);
        let (positions, tokens) = counted.map(|(at, label)| (at as i64 - 1, *label)).unzip();
        Targets { positions, tokens }
    }

    /// Predictions `[N]` of the counted positions, and their targets, caption by caption.
    pub(crate) fn by_caption(&self, predicted: &[u32]) -> (Vec<Vec<u32>>, Vec<Vec<u32>>) {
        let mut predictions = vec![Vec::new(); self.captions()];
        let mut expected = predictions.clone();
        let targets = self.targets();
        let rows = targets.positions.iter().zip(&targets.tokens).zip(predicted);
        for ((position, target), predicted) in rows {
            let row = *position as usize / self.padded_length();
            predictions[row].push(*predicted);
            expected[row].push(*target as u32);
        }
        (predictions, expected)
    }

    /// Checks that the model's vocabulary has every token.
    pub(crate) fn check_tokens(&self, vocab_size: usize) -> Result<(), BatchError> {
        let known = |id: i64| (0..vocab_size as i64).contains(&id);
        let ids = self.tokens.input_ids.iter().map(|&id| i64::from(id));
        let labels = self.labels.iter().copied().filter(|&id| id != IGNORE_INDEX);
        match ids.chain(labels).find(|&id| !known(id)) {
            None => Ok(()),
            Some(id) => Err(BatchError::Token { id, vocab_size }),
        }
    }

    /// The tokens on a device, with pads hidden where one counts. Elsewhere nothing that counts
    /// comes after a pad.
    pub fn upload_tokens(&self, device: &Device) -> Tokens {
        let ids = self.tokens.input_ids.iter().map(|&id| i64::from(id));
        let shape = [self.captions(), self.padded_length()];
        let ids: Tensor<2, Int> = Tensor::from_data(TensorData::new(ids.collect(), shape), device);
        let pads = self.counts_a_pad().then(|| self.upload_pads(device));
        Tokens { ids, pads }
    }

    fn counts_a_pad(&self) -> bool {
        let mut labels = self.labels.iter().zip(&self.tokens.attention_mask);
        labels.any(|(&label, &mask)| mask == 0 && label != IGNORE_INDEX)
    }

    /// True at pads, `[captions, 1, 1, padded_length]`.
    fn upload_pads(&self, device: &Device) -> Tensor<4, Bool> {
        let pads = self.tokens.attention_mask.iter().map(|&mask| mask == 0);
        let shape = [self.captions(), 1, 1, self.padded_length()];
        Tensor::from_data(TensorData::new(pads.collect(), shape), device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use captioner_text::{EncodeOptions, Padding};

    fn pixels(pictures: usize) -> PixelValues {
        PixelValues::new(vec![0.0; pictures * 12], &[pictures, 3, 2, 2]).unwrap()
    }

    fn tokens(rows: &[Vec<u32>], padding: Padding) -> TokenBatch {
        let options = EncodeOptions {
            padding,
            ..EncodeOptions::default()
        };
        TokenBatch::from_rows(rows, 0, &options).unwrap()
    }

    fn batch(rows: &[Vec<u32>]) -> Result<CaptionBatch, ModelError> {
        CaptionBatch::new(pixels(1), tokens(rows, Padding::Longest))
    }

    #[test]
    fn each_position_predicts_the_next_token_of_its_own_row() {
        // The failures this stands against: a double shift (position t learns t + 2), and the
        // last position of a row learning the first token of the next row.
        let batch = batch(&[vec![1, 10, 11, 2], vec![1, 20, 2]]).unwrap();
        let targets = batch.targets();
        assert_eq!(batch.tokens().input_ids, [1, 10, 11, 2, 1, 20, 2, 0]);
        assert_eq!(targets.positions, [0, 1, 2, 4, 5]);
        assert_eq!(targets.tokens, [10, 11, 2, 20, 2]);
        assert_eq!(batch.target_count(), 5);
    }

    #[test]
    fn pads_do_not_count_even_when_a_word_has_the_id_of_the_pad() {
        let batch = batch(&[vec![1, 0, 2], vec![1, 2]]).unwrap();
        assert_eq!(batch.targets().tokens, [0, 2, 2]);
        assert!(batch.upload_tokens(&Device::flex()).pads.is_none());
    }

    #[test]
    fn pads_count_and_are_hidden_where_the_guide_wants_them() {
        let rows = [vec![1, 7, 2], vec![1, 2]];
        let batch = CaptionBatch::new(pixels(1), tokens(&rows, Padding::MaxLength(5))).unwrap();
        let batch = batch.with_pads_in_loss(true);
        assert_eq!(batch.targets().tokens, [7, 2, 0, 0, 2, 0, 0, 0]);
        let pads = batch.upload_tokens(&Device::flex()).pads.unwrap();
        let pads: Vec<bool> = pads.into_data().iter().collect();
        let (f, t) = (false, true);
        assert_eq!(pads, [f, f, f, t, t, f, f, t, t, t]);
        let without = batch.with_pads_in_loss(false);
        assert_eq!(without.targets().tokens, [7, 2, 2]);
    }

    #[test]
    fn captions_that_do_not_fit_the_pictures_are_refused() {
        assert!(batch(&[]).is_err());
        assert!(batch(&[vec![]]).is_err());
        assert!(batch(&[vec![1, 2], vec![]]).is_err());
        let odd = CaptionBatch::new(pixels(2), tokens(&[vec![1]], Padding::Longest));
        assert!(odd.unwrap_err().to_string().contains("2 pictures"));
    }

    #[test]
    fn captions_padded_on_the_left_are_refused() {
        let options = EncodeOptions {
            padding: Padding::Longest,
            padding_side: captioner_text::Side::Left,
            ..EncodeOptions::default()
        };
        let rows = [vec![1, 5, 2], vec![1, 2]];
        let tokens = TokenBatch::from_rows(&rows, 0, &options).unwrap();
        let message = CaptionBatch::new(pixels(1), tokens)
            .unwrap_err()
            .to_string();
        assert!(message.contains("caption 1"), "{message}");
    }

    #[test]
    fn rows_that_only_fill_up_count_nothing_whatever_pads_do() {
        let rows = [vec![1, 7, 2], vec![1]];
        let batch = CaptionBatch::new(pixels(1), tokens(&rows, Padding::MaxLength(4))).unwrap();
        assert_eq!(batch.with_pads_in_loss(true).targets().tokens, [7, 2, 0]);
    }

    #[test]
    fn tokens_that_do_not_fill_their_rows_are_refused() {
        let mut broken = tokens(&[vec![1, 2]], Padding::Longest);
        broken.rows = 2;
        assert!(CaptionBatch::new(pixels(1), broken).is_err());
        let mut broken = tokens(&[vec![1, 2]], Padding::Longest);
        broken.attention_mask.pop();
        assert!(CaptionBatch::new(pixels(1), broken).is_err());
    }

    #[test]
    fn tokens_outside_the_vocabulary_are_named() {
        let batch = batch(&[vec![1, 40, 2]]).unwrap();
        batch.check_tokens(41).unwrap();
        let message = batch.check_tokens(40).unwrap_err().to_string();
        assert!(message.contains("token 40"), "{message}");
        let labelled = batch.with_labels(vec![-100, -1, 2]).unwrap();
        assert!(labelled.check_tokens(41).is_err());
    }

    #[test]
    fn features_must_fill_their_shape() {
        assert!(FeatureRows::new(vec![0.0; 6], [1, 2, 3]).is_ok());
        for shape in [[1, 2, 2], [0, 2, 3], [usize::MAX, 2, 3]] {
            assert!(FeatureRows::new(vec![0.0; 6], shape).is_err());
        }
    }
}
