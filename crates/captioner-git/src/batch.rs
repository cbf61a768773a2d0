//! A batch of captioned pictures, in host memory.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

use crate::GitError;

/// Label of a position that is not counted in the loss.
pub const IGNORE_INDEX: i64 = -100;

/// Preprocessed pictures or videos, row-major, not yet on a device.
#[derive(Clone, Debug, PartialEq)]
pub struct PixelValues {
    values: Vec<f32>,
    shape: Vec<usize>,
}

impl PixelValues {
    /// Pictures `[B, 3, H, W]`, or videos `[B, F, 3, H, W]`.
    ///
    /// # Errors
    /// When `shape` has another rank or number of channels, a size is 0, or `values` does not fill
    /// it.
    pub fn new(values: Vec<f32>, shape: &[usize]) -> Result<Self, GitError> {
        let wrong = |problem: &str| {
            let problem = format!("their shape is {shape:?}, {problem}");
            Err(GitError::Pixels(problem))
        };
        if !matches!(shape.len(), 4 | 5) {
            return wrong("but pictures have [B, 3, H, W] and videos [B, F, 3, H, W]");
        }
        if shape[shape.len() - 3] != 3 {
            return wrong("but 3 colour channels are needed before height and width");
        }
        let count = shape
            .iter()
            .try_fold(1usize, |count, &size| count.checked_mul(size));
        match count {
            None | Some(0) => wrong("which holds nothing or too much"),
            Some(count) if count != values.len() => {
                wrong(&format!("which {} values do not fill", values.len()))
            }
            Some(_) => Ok(Self {
                values,
                shape: shape.to_vec(),
            }),
        }
    }

    /// Number of pictures or videos.
    pub fn count(&self) -> usize {
        self.shape[0]
    }

    /// The sizes, `[B, 3, H, W]` or `[B, F, 3, H, W]`.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values, row-major.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// On a device, frame by frame: `[B · F, 3, H, W]`.
    pub(crate) fn upload(&self, device: &Device) -> Tensor<4> {
        let sides = self.shape.len() - 2;
        let (height, width) = (self.shape[sides], self.shape[sides + 1]);
        let frames = self.values.len() / (3 * height * width);
        let data = TensorData::new(self.values.clone(), [frames, 3, height, width]);
        Tensor::from_data(data, device)
    }
}

/// What the model trains on: pixel values and tokens, row-major, not yet on a device.
#[derive(Clone, Debug, PartialEq)]
pub struct CaptionBatch {
    pixels: PixelValues,
    input_ids: Vec<u32>,
    labels: Vec<i64>,
    lengths: Vec<usize>,
    padded_length: usize,
}

/// How token rows of different lengths become a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextPadding {
    /// Length that all rows are filled up to; the longest row's where unset.
    pub length: Option<usize>,
    /// Whether the model also learns to write the pads, as in the Hugging Face guide. Their share
    /// of the loss then hides the captions'; for comparison only.
    pub in_loss: bool,
}

/// The rows and targets of the loss: position `t` predicts the token at `t + 1`.
pub(crate) struct Targets {
    /// Flat positions in `[captions, length]`.
    pub(crate) positions: Vec<i64>,
    /// The token each of them should predict.
    pub(crate) tokens: Vec<i64>,
}

impl CaptionBatch {
    /// Pads token rows to one length and makes the labels: pads are left out of the loss unless
    /// `padding` says otherwise. Captions of a picture follow each other, equally many for each.
    ///
    /// # Errors
    /// When `rows` is empty, holds an empty row, or does not fit the pictures or the length.
    pub fn new(
        pixels: PixelValues,
        rows: &[Vec<u32>],
        pad_token_id: u32,
        padding: TextPadding,
    ) -> Result<Self, GitError> {
        let longest = rows.iter().map(Vec::len).max().unwrap_or(0);
        let pictures = pixels.count();
        let empty = rows.iter().any(Vec::is_empty);
        if longest == 0 || empty || !rows.len().is_multiple_of(pictures) {
            return Err(GitError::Batch(format!(
                "{} captions, the longest of {longest} tokens, for {pictures} pictures: \
                 equally many captions of at least one token are needed for each picture",
                rows.len()
            )));
        }
        let length = padding.length.unwrap_or(longest);
        if length < longest {
            return Err(GitError::Batch(format!(
                "a caption has {longest} tokens, more than the length of {length} that rows are \
                 padded to: raise it, or cut captions"
            )));
        }
        let pad_label = match padding.in_loss {
            true => i64::from(pad_token_id),
            false => IGNORE_INDEX,
        };
        let mut batch = Self {
            pixels,
            input_ids: Vec::with_capacity(rows.len() * length),
            labels: Vec::with_capacity(rows.len() * length),
            lengths: rows.iter().map(Vec::len).collect(),
            padded_length: length,
        };
        for row in rows {
            let pads = length - row.len();
            batch.input_ids.extend_from_slice(row);
            batch
                .input_ids
                .extend(std::iter::repeat_n(pad_token_id, pads));
            batch.labels.extend(row.iter().map(|&id| i64::from(id)));
            batch.labels.extend(std::iter::repeat_n(pad_label, pads));
        }
        Ok(batch)
    }

    /// Replaces the labels, `[captions, length]`: the token at each position, or
    /// [`IGNORE_INDEX`] where its prediction does not count (a question before its answer, say).
    ///
    /// # Errors
    /// When their number is another.
    pub fn with_labels(mut self, labels: Vec<i64>) -> Result<Self, GitError> {
        if labels.len() != self.labels.len() {
            return Err(GitError::Batch(format!(
                "{} labels for {} captions of {} tokens",
                labels.len(),
                self.captions(),
                self.padded_length
            )));
        }
        self.labels = labels;
        Ok(self)
    }

    /// The pictures.
    pub fn pixels(&self) -> &PixelValues {
        &self.pixels
    }

    /// Number of captions.
    pub fn captions(&self) -> usize {
        self.lengths.len()
    }

    /// Tokens of each row, pads included.
    pub fn padded_length(&self) -> usize {
        self.padded_length
    }

    /// Token ids, `[captions, padded_length]`.
    pub fn input_ids(&self) -> &[u32] {
        &self.input_ids
    }

    /// Labels, `[captions, padded_length]`.
    pub fn labels(&self) -> &[i64] {
        &self.labels
    }

    /// How many predictions the loss counts.
    pub fn target_count(&self) -> usize {
        self.targets().tokens.len()
    }

    pub(crate) fn targets(&self) -> Targets {
        let length = self.padded_length;
        let counted = self
            .labels
            .iter()
            .enumerate()
            .filter(|(at, label)| at % length > 0 && **label != IGNORE_INDEX);
        let (positions, tokens) = counted.map(|(at, label)| (at as i64 - 1, *label)).unzip();
        Targets { positions, tokens }
    }

    /// Checks that the model's vocabulary has every token.
    pub(crate) fn check_tokens(&self, vocab_size: usize) -> Result<(), GitError> {
        let known = |id: i64| (0..vocab_size as i64).contains(&id);
        let ids = self.input_ids.iter().map(|&id| i64::from(id));
        let labels = self.labels.iter().copied().filter(|&id| id != IGNORE_INDEX);
        match ids.chain(labels).find(|&id| !known(id)) {
            None => Ok(()),
            Some(id) => Err(GitError::Batch(format!(
                "it has token {id}, but the model's vocabulary only {vocab_size}: \
                 use the tokenizer that belongs to the model"
            ))),
        }
    }

    pub(crate) fn upload_ids(&self, device: &Device) -> Tensor<2, Int> {
        let ids: Vec<i64> = self.input_ids.iter().map(|&id| i64::from(id)).collect();
        let shape = [self.captions(), self.padded_length];
        Tensor::from_data(TensorData::new(ids, shape), device)
    }

    /// Where pads count, `[captions, 1, 1, padded_length]` that is true at pads, where no row may
    /// look. Elsewhere nothing that counts comes after a pad, and none is needed.
    pub(crate) fn upload_pads(&self, device: &Device) -> Option<Tensor<4, Bool>> {
        let length = self.padded_length;
        let counts = |row: usize| {
            let pads = row * length + self.lengths[row]..(row + 1) * length;
            self.labels[pads].iter().any(|&label| label != IGNORE_INDEX)
        };
        if !(0..self.captions()).any(counts) {
            return None;
        }
        let mut pads = Vec::with_capacity(self.input_ids.len());
        for &tokens in &self.lengths {
            pads.extend((0..length).map(|column| column >= tokens));
        }
        let shape = [self.captions(), 1, 1, length];
        Some(Tensor::from_data(TensorData::new(pads, shape), device))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(pictures: usize) -> PixelValues {
        PixelValues::new(vec![0.0; pictures * 12], &[pictures, 3, 2, 2]).unwrap()
    }

    fn batch(rows: &[Vec<u32>]) -> Result<CaptionBatch, GitError> {
        CaptionBatch::new(pixels(1), rows, 0, TextPadding::default())
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
        assert!(batch.upload_pads(&Device::flex()).is_none());
    }

    #[test]
    fn pads_count_and_are_hidden_where_the_guide_wants_them() {
        let padding = TextPadding {
            length: Some(5),
            in_loss: true,
        };
        let rows = [vec![1, 7, 2], vec![1, 2]];
        let batch = CaptionBatch::new(pixels(1), &rows, 0, padding).unwrap();
        assert_eq!(batch.targets().tokens, [7, 2, 0, 0, 2, 0, 0, 0]);
        let pads = batch.upload_pads(&Device::flex()).unwrap().into_data();
        let pads: Vec<bool> = pads.iter().collect();
        let (f, t) = (false, true);
        assert_eq!(pads, [f, f, f, t, t, f, f, t, t, t]);
    }

    #[test]
    fn captions_that_do_not_fit_the_pictures_are_refused() {
        assert!(batch(&[]).is_err());
        assert!(batch(&[vec![]]).is_err());
        let odd = CaptionBatch::new(pixels(2), &[vec![1]], 0, TextPadding::default());
        assert!(odd.is_err());
        let padding = TextPadding {
            length: Some(2),
            in_loss: false,
        };
        let long = CaptionBatch::new(pixels(1), &[vec![1, 5, 2]], 0, padding);
        assert!(long.unwrap_err().to_string().contains('3'));
    }

    #[test]
    fn pixel_values_of_the_wrong_rank_or_size_are_refused() {
        for shape in [
            &[3, 2, 2][..],
            &[1, 1, 1, 3, 2, 2],
            &[1, 4, 2, 2],
            &[1, 3, 2, 3],
            &[0, 3, 2, 2],
            &[1 << 40, 3, 1 << 40, 2],
        ] {
            let error = PixelValues::new(vec![0.0; 12], shape).unwrap_err();
            assert!(error.to_string().contains(&format!("{shape:?}")), "{error}");
        }
        assert!(PixelValues::new(vec![0.0; 24], &[1, 2, 3, 2, 2]).is_ok());
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
}
