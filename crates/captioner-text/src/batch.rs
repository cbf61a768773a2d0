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
}

impl TokenBatch {
    /// The ids of one caption, padding included. Panics when `row` is not below `rows`.
    pub fn input_ids_row(&self, row: usize) -> &[u32] {
        &self.input_ids[row * self.columns..(row + 1) * self.columns]
    }

    /// The attention mask of one caption. Panics when `row` is not below `rows`.
    pub fn attention_mask_row(&self, row: usize) -> &[u8] {
        &self.attention_mask[row * self.columns..(row + 1) * self.columns]
    }
}

/// The most ids in a batch, which take 1 GiB.
const MOST_IDS: usize = 1 << 28;

/// Lays the captions' ids into one rectangle.
pub(crate) fn pad(
    rows: &[Vec<u32>],
    pad_id: u32,
    options: &EncodeOptions,
) -> Result<TokenBatch, TextError> {
    let columns = columns(rows, options)?;
    let ids = all_ids(rows.len(), columns)?;
    let mut batch = TokenBatch {
        input_ids: Vec::with_capacity(ids),
        attention_mask: Vec::with_capacity(ids),
        rows: rows.len(),
        columns,
    };
    for row in rows {
        push_row(&mut batch, row, pad_id, options.padding_side);
    }
    Ok(batch)
}

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
fn columns(rows: &[Vec<u32>], options: &EncodeOptions) -> Result<usize, TextError> {
    let longest = rows.iter().map(Vec::len).max().unwrap_or(0);
    let multiple = options.pad_to_multiple_of.unwrap_or(1);
    if multiple == 0 {
        return Err(TextError::MultipleOfZero);
    }
    let rounded = |length: usize| {
        let columns = length.checked_next_multiple_of(multiple);
        columns.unwrap_or(usize::MAX) // refused later, as any other length beyond memory
    };
    match options.padding {
        Padding::None => all_equal(rows),
        Padding::Longest => Ok(rounded(longest)),
        Padding::MaxLength(length) => none_longer(rows, rounded(length)),
    }
}

fn all_equal(rows: &[Vec<u32>]) -> Result<usize, TextError> {
    let columns = rows.first().map_or(0, Vec::len);
    match rows.iter().position(|row| row.len() != columns) {
        None => Ok(columns),
        Some(row) => Err(TextError::Ragged {
            row,
            length: rows[row].len(),
            columns,
        }),
    }
}

fn none_longer(rows: &[Vec<u32>], columns: usize) -> Result<usize, TextError> {
    match rows.iter().position(|row| row.len() > columns) {
        None => Ok(columns),
        Some(row) => Err(TextError::LongerThanPadding {
            row,
            length: rows[row].len(),
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
        let batch = pad(&rows(), 0, &options(Padding::Longest)).unwrap();
        assert_eq!((batch.rows, batch.columns), (2, 5));
        assert_eq!(batch.input_ids, [2, 7, 3, 0, 0, 2, 7, 8, 9, 3]);
        assert_eq!(batch.attention_mask, [1, 1, 1, 0, 0, 1, 1, 1, 1, 1]);
    }

    #[test]
    fn left_padding_goes_before_the_caption() {
        let options = EncodeOptions {
            padding_side: Side::Left,
            ..options(Padding::MaxLength(6))
        };
        let batch = pad(&rows(), 9, &options).unwrap();
        assert_eq!(batch.input_ids_row(0), [9, 9, 9, 2, 7, 3]);
        assert_eq!(batch.attention_mask_row(0), [0, 0, 0, 1, 1, 1]);
    }

    #[test]
    fn padded_length_is_rounded_up_to_the_multiple() {
        let options = EncodeOptions {
            pad_to_multiple_of: Some(4),
            ..options(Padding::Longest)
        };
        assert_eq!(pad(&rows(), 0, &options).unwrap().columns, 8);
    }

    #[test]
    fn a_multiple_of_zero_is_a_named_error() {
        let options = EncodeOptions {
            pad_to_multiple_of: Some(0),
            ..options(Padding::Longest)
        };
        let error = pad(&rows(), 0, &options).unwrap_err();
        assert!(matches!(error, TextError::MultipleOfZero));
    }

    #[test]
    fn a_batch_beyond_memory_is_a_named_error() {
        let refused = |padding, pad_to_multiple_of, rows: &[Vec<u32>]| {
            let options = EncodeOptions {
                pad_to_multiple_of,
                ..options(padding)
            };
            let error = pad(rows, 0, &options).unwrap_err();
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
        let error = pad(&rows(), 0, &options(Padding::None)).unwrap_err();
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
        let error = pad(&rows(), 0, &options(Padding::MaxLength(4))).unwrap_err();
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
        let batch = pad(&[], 0, &options(Padding::Longest)).unwrap();
        assert_eq!(
            (batch.rows, batch.columns, batch.input_ids.len()),
            (0, 0, 0)
        );
    }
}
