//! Reading single values of a record batch, and nothing else of it.

use std::ops::Range;

use arrow_ipc::RecordBatch;

use super::layout::{At, Flat, FlatColumn};
use super::messages::{BatchError, Dictionary, Message};
use crate::read_at::FileAt;

/// The values of one record batch, or of one dictionary batch.
pub(super) struct Values<'a> {
    pub(super) file: &'a FileAt,
    pub(super) message: &'a Message,
    pub(super) batch: RecordBatch<'a>,
    /// The dictionary batches that hold in it, of the column that is read.
    pub(super) dictionaries: &'a [&'a Dictionary],
}

/// A buffer's place in the file.
#[derive(Clone, Copy, Debug)]
struct Piece {
    offset: u64,
    bytes: u64,
}

impl Values<'_> {
    /// The bytes of a value, at most `limit` of them; none if it is null.
    pub(super) fn value(
        &self,
        column: FlatColumn,
        row: u64,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, BatchError> {
        if !self.is_valid(column.at, row)? {
            return Ok(None);
        }
        let value = match column.flat {
            Flat::Offsets { wide } => {
                let range = self.offsets(column.at, row, wide)?;
                self.bytes(column.at, 2, range, limit)?
            }
            Flat::Views => self.view(column.at, row, limit)?,
            Flat::Dictionary {
                index_bytes,
                of_views,
                wide,
            } => {
                let entry = self.index(column.at, row, index_bytes)?;
                let entries = if of_views {
                    Flat::Views
                } else {
                    Flat::Offsets { wide }
                };
                return self.entry(entries, entry, limit);
            }
        };
        Ok(Some(value))
    }

    /// The numbers of a list's items; none if the list is null.
    pub(super) fn items(
        &self,
        (at, wide): (At, bool),
        row: u64,
    ) -> Result<Option<Range<u64>>, BatchError> {
        match self.is_valid(at, row)? {
            true => self.offsets(at, row, wide).map(Some),
            false => Ok(None),
        }
    }

    /// Whether the value isn't null.
    ///
    /// # Errors
    /// That there is no such row.
    pub(super) fn is_valid(&self, at: At, row: u64) -> Result<bool, BatchError> {
        let nodes = self.batch.nodes().filter(|nodes| at.node < nodes.len());
        let node = nodes
            .ok_or_else(|| BatchError::damaged("a column is missing"))?
            .get(at.node);
        if u64::try_from(node.length()).is_ok_and(|length| row >= length) {
            return Err(BatchError::damaged("a column has too few rows"));
        }
        let bits = self.buffer(at, 0)?;
        if node.null_count() == 0 || bits.bytes == 0 {
            return Ok(true);
        }
        let byte = self.piece(bits, row / 8, 1)?[0];
        Ok(byte >> (row % 8) & 1 == 1)
    }

    /// Two neighbouring offsets.
    fn offsets(&self, at: At, row: u64, wide: bool) -> Result<Range<u64>, BatchError> {
        let width = if wide { 8 } else { 4 };
        let from = row
            .checked_mul(width)
            .ok_or_else(|| BatchError::damaged("an offset"))?;
        let bytes = self.piece(self.buffer(at, 1)?, from, 2 * width)?;
        let (start, end) = bytes.split_at(width as usize);
        let range = number(start)?..number(end)?;
        match range.start <= range.end {
            true => Ok(range),
            false => Err(BatchError::damaged("an offset before the last one")),
        }
    }

    /// Bytes of the buffer which is so many after the column's first.
    fn bytes(
        &self,
        at: At,
        after: usize,
        range: Range<u64>,
        limit: u64,
    ) -> Result<Vec<u8>, BatchError> {
        let length = range.end - range.start;
        if length > limit {
            return Err(BatchError::TooLarge(length));
        }
        self.piece(self.buffer(at, after)?, range.start, length)
    }

    fn view(&self, at: At, row: u64, limit: u64) -> Result<Vec<u8>, BatchError> {
        const INLINE: u64 = 12;
        let from = row
            .checked_mul(16)
            .ok_or_else(|| BatchError::damaged("a view"))?;
        let view = self.piece(self.buffer(at, 1)?, from, 16)?;
        let length = number(&view[..4])?;
        if length <= INLINE {
            return Ok(view[4..4 + length as usize].to_vec());
        }
        let (buffer, start) = (number(&view[8..12])?, number(&view[12..])?);
        let count = self.variadic(at.views).unwrap_or_default();
        if buffer >= count {
            return Err(BatchError::damaged("a view of a buffer that isn't there"));
        }
        self.bytes(at, 2 + buffer as usize, start..start + length, limit)
    }

    /// The number of a dictionary's entry.
    fn index(&self, at: At, row: u64, index_bytes: u64) -> Result<u64, BatchError> {
        let from = row
            .checked_mul(index_bytes)
            .ok_or_else(|| BatchError::damaged("an index"))?;
        // A negative one becomes far more than any dictionary has.
        Ok(unsigned(&self.piece(
            self.buffer(at, 1)?,
            from,
            index_bytes,
        )?))
    }

    /// An entry of the dictionary: the last whole one, and what was added to it.
    fn entry(&self, entries: Flat, entry: u64, limit: u64) -> Result<Option<Vec<u8>>, BatchError> {
        let whole = self
            .dictionaries
            .iter()
            .rposition(|dictionary| !dictionary.is_delta);
        let mut entry = entry;
        for dictionary in &self.dictionaries[whole.unwrap_or(0)..] {
            if entry < dictionary.rows {
                let column = FlatColumn {
                    at: At::default(),
                    flat: entries,
                };
                return dictionary.message.batch(self.file, |batch| {
                    let values = Values {
                        file: self.file,
                        message: &dictionary.message,
                        batch,
                        dictionaries: &[],
                    };
                    values.value(column, entry, limit)
                });
            }
            entry -= dictionary.rows;
        }
        Err(BatchError::damaged(
            "an entry that its dictionary doesn't have",
        ))
    }

    /// How many data buffers a column of views has.
    fn variadic(&self, column: usize) -> Option<u64> {
        let counts = self.batch.variadicBufferCounts()?;
        (column < counts.len()).then(|| u64::try_from(counts.get(column)).ok())?
    }

    /// The buffer which is so many after the column's first.
    fn buffer(&self, at: At, after: usize) -> Result<Piece, BatchError> {
        let damaged = |what: &str| BatchError::damaged(what);
        let mut number = at.buffer + after;
        for column in 0..at.views {
            let count = self
                .variadic(column)
                .and_then(|count| usize::try_from(count).ok());
            let count = count.ok_or_else(|| damaged("a count of buffers"))?;
            number = number
                .checked_add(count)
                .ok_or_else(|| damaged("a count of buffers"))?;
        }
        let buffers = self
            .batch
            .buffers()
            .filter(|buffers| number < buffers.len());
        let buffer = buffers
            .ok_or_else(|| damaged("a buffer is missing"))?
            .get(number);
        let offset = u64::try_from(buffer.offset()).ok();
        let bytes = u64::try_from(buffer.length()).ok();
        let (Some(offset), Some(bytes)) = (offset, bytes) else {
            return Err(damaged("a negative offset"));
        };
        let end = offset
            .checked_add(bytes)
            .filter(|&end| end <= self.message.body_bytes);
        end.ok_or_else(|| damaged("a buffer reaches beyond its batch"))?;
        let offset = self.message.body + offset;
        Ok(Piece { offset, bytes })
    }

    /// Some bytes of a buffer, which must lie in it.
    fn piece(&self, piece: Piece, from: u64, bytes: u64) -> Result<Vec<u8>, BatchError> {
        let end = from.checked_add(bytes).filter(|&end| end <= piece.bytes);
        end.ok_or_else(|| BatchError::damaged("a value reaches beyond its buffer"))?;
        Ok(self.file.read(piece.offset + from, bytes as usize)?)
    }
}

/// A little-endian number that isn't negative.
fn number(bytes: &[u8]) -> Result<u64, BatchError> {
    match bytes.last().is_some_and(|last| last >> 7 == 1) {
        true => Err(BatchError::damaged("a negative offset")),
        false => Ok(unsigned(bytes)),
    }
}

/// A little-endian number of up to 8 bytes.
fn unsigned(bytes: &[u8]) -> u64 {
    let digits = bytes.iter().rev();
    digits.fold(0, |number, &byte| number << 8 | u64::from(byte))
}
