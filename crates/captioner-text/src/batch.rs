//! Several captions as one rectangle of token ids.

use crate::TextError;

/// How the rows of a batch are made equally long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Padding {
    /// No padding: all captions must have the same number of tokens.
    #[default]
    None,
    /// Up to the longest caption of the batch.
    Longest,
    /// Up to this many tokens, which no caption may exceed.
    MaxLength(usize),
}

/// The end of a caption at which padding is added or tokens are cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Side {
    /// Before the first token.
    Left,
    /// After the last token.
    #[default]
    Right,
}

/// How captions become a [`TokenBatch`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodeOptions {
    /// How rows are made equally long.
    pub padding: Padding,
    /// The side that padding goes to.
    pub padding_side: Side,
    /// Round the padded length up to a multiple of this.
    pub pad_to_multiple_of: Option<usize>,
    /// Cut captions to this many tokens, special tokens included; those are always kept.
    pub max_length: Option<usize>,
    /// The side that tokens are cut from.
    pub truncation_side: Side,
    /// Put `[CLS]` before and `[SEP]` after each caption.
    pub add_special_tokens: bool,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self {
            padding: Padding::None,
            padding_side: Side::Right,
            pad_to_multiple_of: None,
            max_length: None,
            truncation_side: Side::Right,
            add_special_tokens: true,
        }
    }
}

/// Captions as token ids, shape `[rows, columns]`, row after row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenBatch {
    /// Token ids, `[rows, columns]`.
    pub input_ids: Vec<u32>,
    /// 1 where a token is, 0 where padding is, `[rows, columns]`.
    pub attention_mask: Vec<u8>,
    /// How many captions.
    pub rows: usize,
    /// How many ids each caption has, padding included.
    pub columns: usize,
    /// How many captions had more tokens than [`EncodeOptions::max_length`] and were cut.
    pub truncated: usize,
}

/// Captions as token ids without padding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EncodedRows {
    /// The ids of each caption.
    pub ids: Vec<Vec<u32>>,
    /// How many captions had more tokens than [`EncodeOptions::max_length`] and were cut.
    pub truncated: usize,
}

impl TokenBatch {
    /// Lays rows of token ids into one rectangle, and fills the short ones with `pad_id`.
    ///
    /// Of `options` only the padding is looked at: [`CaptionTokenizer::encode_rows`], which makes the
    /// rows, has truncated them, and counts those it cut.
    ///
    /// ```
    /// use captioner_text::{EncodeOptions, Padding, TokenBatch};
    ///
    /// let longest = EncodeOptions { padding: Padding::Longest, ..EncodeOptions::default() };
    /// let batch = TokenBatch::from_rows(&[vec![2, 7, 3], vec![2, 7, 8, 9, 3]], 0, &longest)?;
    /// assert_eq!((batch.rows, batch.columns), (2, 5));
    /// assert_eq!(batch.input_ids_row(0), [2, 7, 3, 0, 0]);
    /// assert_eq!(batch.attention_mask_row(0), [1, 1, 1, 0, 0]);
    /// assert_eq!(batch.row_length(0), 3);
    /// # Ok::<(), captioner_text::TextError>(())
    /// ```
    ///
    /// # Errors
    /// When the rows stay unequal under the padding that `options` asks for, or the batch would have
    /// more than 2^28 ids.
    ///
    /// [`CaptionTokenizer::encode_rows`]: crate::CaptionTokenizer::encode_rows
    pub fn from_rows(
        rows: &[impl AsRef<[u32]>],
        pad_id: u32,
        options: &EncodeOptions,
    ) -> Result<Self, TextError> {
        let lengths: Vec<usize> = rows.iter().map(|row| row.as_ref().len()).collect();
        let columns = columns(&lengths, options)?;
        let ids = all_ids(rows.len(), columns)?;
        let mut batch = Self {
            input_ids: Vec::with_capacity(ids),
            attention_mask: Vec::with_capacity(ids),
            rows: rows.len(),
            columns,
            truncated: 0,
        };
        for row in rows {
            push_row(&mut batch, row.as_ref(), pad_id, options.padding_side);
        }
        Ok(batch)
    }

    /// The ids of one caption, padding included; empty when there is no such row.
    pub fn input_ids_row(&self, row: usize) -> &[u32] {
        row_of(&self.input_ids, row, self.columns)
    }

    /// The attention mask of one caption; empty when there is no such row.
    pub fn attention_mask_row(&self, row: usize) -> &[u8] {
        row_of(&self.attention_mask, row, self.columns)
    }

    /// How many tokens one caption has, special tokens included and padding left out; 0 when there is
    /// no such row.
    pub fn row_length(&self, row: usize) -> usize {
        let mask = self.attention_mask_row(row);
        mask.iter().filter(|&&token| token != 0).count()
    }
}

fn row_of<T>(values: &[T], row: usize, columns: usize) -> &[T] {
    let start = row.saturating_mul(columns);
    let values = values.get(start..start.saturating_add(columns));
    values.unwrap_or_default()
}

/// The most ids in a batch, which take 1 GiB.
const MOST_IDS: usize = 1 << 28;

/// How many ids the batch has. A length to pad to is refused even where there is nothing to pad.
fn all_ids(rows: usize, columns: usize) -> Result<usize, TextError> {
    let ids = columns.checked_mul(rows.max(1));
    match ids.filter(|ids| *ids <= MOST_IDS) {
        Some(_) => Ok(columns * rows),
        None => Err(TextError::BatchTooLarge {
            rows,
            columns,
            limit: MOST_IDS,
        }),
    }
}

/// The length of every row, or why there is none.
fn columns(lengths: &[usize], options: &EncodeOptions) -> Result<usize, TextError> {
    let longest = lengths.iter().copied().max().unwrap_or(0);
    let multiple = options.pad_to_multiple_of.unwrap_or(1);
    if multiple == 0 {
        return Err(TextError::MultipleOfZero);
    }
    let rounded = |length: usize| {
        let columns = length.checked_next_multiple_of(multiple);
        columns.unwrap_or(usize::MAX) // refused later, as any other length beyond memory
    };
    match options.padding {
        Padding::None => all_equal(lengths),
        Padding::Longest => Ok(rounded(longest)),
        Padding::MaxLength(length) => none_longer(lengths, rounded(length)),
    }
}

fn all_equal(lengths: &[usize]) -> Result<usize, TextError> {
    let columns = lengths.first().copied().unwrap_or(0);
    match lengths.iter().position(|length| *length != columns) {
        None => Ok(columns),
        Some(row) => Err(TextError::Ragged {
            row,
            length: lengths[row],
            columns,
        }),
    }
}

fn none_longer(lengths: &[usize], columns: usize) -> Result<usize, TextError> {
    match lengths.iter().position(|length| *length > columns) {
        None => Ok(columns),
        Some(row) => Err(TextError::LongerThanPadding {
            row,
            length: lengths[row],
            columns,
        }),
    }
}

fn push_row(batch: &mut TokenBatch, row: &[u32], pad_id: u32, side: Side) {
    let padding = batch.columns - row.len();
    let pad = |batch: &mut TokenBatch| {
        batch.input_ids.extend(std::iter::repeat_n(pad_id, padding));
        batch.attention_mask.extend(std::iter::repeat_n(0, padding));
    };
    if side == Side::Left {
        pad(batch);
    }
    batch.input_ids.extend_from_slice(row);
    batch
        .attention_mask
        .extend(std::iter::repeat_n(1, row.len()));
    if side == Side::Right {
        pad(batch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Vec<u32>> {
        vec![vec![2, 7, 3], vec![2, 7, 8, 9, 3]]
    }

    fn options(padding: Padding) -> EncodeOptions {
        EncodeOptions {
            padding,
            ..EncodeOptions::default()
        }
    }

    #[test]
    fn pads_go_after_the_caption_and_out_of_the_mask() {
        let batch = TokenBatch::from_rows(&rows(), 0, &options(Padding::Longest)).unwrap();
        assert_eq!((batch.rows, batch.columns), (2, 5));
        assert_eq!(batch.input_ids, [2, 7, 3, 0, 0, 2, 7, 8, 9, 3]);
        assert_eq!(batch.attention_mask, [1, 1, 1, 0, 0, 1, 1, 1, 1, 1]);
        assert_eq!([0, 1].map(|row| batch.row_length(row)), [3, 5]);
    }

    #[test]
    fn a_row_that_is_not_there_is_empty() {
        let batch = TokenBatch::from_rows(&rows(), 0, &options(Padding::Longest)).unwrap();
        for row in [2, usize::MAX] {
            assert!(batch.input_ids_row(row).is_empty());
            assert!(batch.attention_mask_row(row).is_empty());
            assert_eq!(batch.row_length(row), 0);
        }
    }

    #[test]
    fn left_padding_goes_before_the_caption() {
        let options = EncodeOptions {
            padding_side: Side::Left,
            ..options(Padding::MaxLength(6))
        };
        let batch = TokenBatch::from_rows(&rows(), 9, &options).unwrap();
        assert_eq!(batch.input_ids_row(0), [9, 9, 9, 2, 7, 3]);
        assert_eq!(batch.attention_mask_row(0), [0, 0, 0, 1, 1, 1]);
        assert_eq!(batch.row_length(0), 3);
    }

    #[test]
    fn padded_length_is_rounded_up_to_the_multiple() {
        let options = EncodeOptions {
            pad_to_multiple_of: Some(4),
            ..options(Padding::Longest)
        };
        let batch = TokenBatch::from_rows(&rows(), 0, &options).unwrap();
        assert_eq!(batch.columns, 8);
    }

    #[test]
    fn a_multiple_of_zero_is_a_named_error() {
        let options = EncodeOptions {
            pad_to_multiple_of: Some(0),
            ..options(Padding::Longest)
        };
        let error = TokenBatch::from_rows(&rows(), 0, &options).unwrap_err();
        assert!(matches!(error, TextError::MultipleOfZero));
    }

    #[test]
    fn a_batch_beyond_memory_is_a_named_error() {
        let refused = |padding, pad_to_multiple_of, rows: &[Vec<u32>]| {
            let options = EncodeOptions {
                pad_to_multiple_of,
                ..options(padding)
            };
            let error = TokenBatch::from_rows(rows, 0, &options).unwrap_err();
            assert!(matches!(error, TextError::BatchTooLarge { .. }), "{error}");
        };
        for rows in [&rows()[..], &[]] {
            refused(Padding::MaxLength(usize::MAX), None, rows);
            refused(Padding::MaxLength(usize::MAX), Some(8), rows);
            refused(Padding::MaxLength(MOST_IDS + 1), None, rows);
        }
        refused(Padding::MaxLength(MOST_IDS / 2 + 1), None, &rows());
        refused(Padding::Longest, Some(1 << 60), &rows());
        refused(Padding::Longest, Some(usize::MAX), &rows());
    }

    #[test]
    fn unpadded_captions_of_different_lengths_are_a_named_error() {
        let error = TokenBatch::from_rows(&rows(), 0, &options(Padding::None)).unwrap_err();
        assert!(matches!(
            error,
            TextError::Ragged {
                row: 1,
                length: 5,
                columns: 3
            }
        ));
    }

    #[test]
    fn a_caption_longer_than_the_padding_is_a_named_error() {
        let error = TokenBatch::from_rows(&rows(), 0, &options(Padding::MaxLength(4))).unwrap_err();
        assert!(matches!(
            error,
            TextError::LongerThanPadding {
                row: 1,
                length: 5,
                columns: 4
            }
        ));
    }

    #[test]
    fn no_captions_make_an_empty_batch() {
        let batch = TokenBatch::from_rows(&[[0; 0]; 0], 0, &options(Padding::Longest)).unwrap();
        assert_eq!(
            (batch.rows, batch.columns, batch.input_ids.len()),
            (0, 0, 0)
        );
    }
}
