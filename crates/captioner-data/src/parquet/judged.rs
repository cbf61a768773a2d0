//! Decompressed pages, of which what the value decoders believe was checked.

use std::collections::VecDeque;

use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError as ReaderError, Result as ReaderResult};
use parquet::schema::types::ColumnDescPtr;

use super::PageError;
use super::thrift::Compact;

/// Pages in memory, handed on one by one.
pub(super) struct JudgedPages {
    pages: VecDeque<Page>,
}

impl JudgedPages {
    /// Reads all pages, decompressed, and checks them.
    pub(super) fn read(mut from: impl PageReader, leaf: &ColumnDescPtr) -> Result<Self, PageError> {
        let mut pages = VecDeque::new();
        while let Some(page) = from.get_next_page().map_err(PageError::damaged)? {
            if page.encoding() == Encoding::DELTA_LENGTH_BYTE_ARRAY {
                check_lengths(&page, leaf)?;
            }
            pages.push_back(page);
        }
        Ok(Self { pages })
    }
}

/// Checks how many lengths a page says it has: the decoder makes room for as many.
fn check_lengths(page: &Page, leaf: &ColumnDescPtr) -> Result<(), PageError> {
    let damaged = || PageError::damaged("a page of another number of lengths than values");
    let lengths = lengths(page, leaf).ok_or_else(damaged)?;
    match lengths <= u64::from(page.num_values()) {
        true => Ok(()),
        false => Err(damaged()),
    }
}

/// The number of lengths, from the header of their delta encoding: the size of a block, the
/// number of its parts, and then this. Source: "Delta Encoding" in Parquet's `Encodings.md`.
fn lengths(page: &Page, leaf: &ColumnDescPtr) -> Option<u64> {
    let values = page.buffer().get(level_bytes(page, leaf)?..)?;
    let mut header = Compact::new(values);
    for _ in 0..2 {
        header.varint().ok()?;
    }
    header.varint().ok()
}

/// How many bytes of levels are before the values.
fn level_bytes(page: &Page, leaf: &ColumnDescPtr) -> Option<usize> {
    match page {
        Page::DataPage {
            buf,
            def_level_encoding,
            rep_level_encoding,
            ..
        } => {
            let repetition = (leaf.max_rep_level(), rep_level_encoding);
            let definition = (leaf.max_def_level(), def_level_encoding);
            let mut at = 0;
            for (max, encoding) in [repetition, definition] {
                if max > 0 {
                    at = after_levels(buf, at, *encoding)?;
                }
            }
            Some(at)
        }
        Page::DataPageV2 {
            def_levels_byte_len,
            rep_levels_byte_len,
            ..
        } => def_levels_byte_len
            .checked_add(*rep_levels_byte_len)
            .map(|bytes| bytes as usize),
        Page::DictionaryPage { .. } => None,
    }
}

/// Where levels of the first page format end: their length is before them.
fn after_levels(buf: &Bytes, at: usize, encoding: Encoding) -> Option<usize> {
    let length = buf.get(at..at.checked_add(4)?)?.try_into().ok()?;
    let length = u32::from_le_bytes(length) as usize;
    (encoding == Encoding::RLE).then(|| at.checked_add(4)?.checked_add(length))?
}

impl Iterator for JudgedPages {
    type Item = ReaderResult<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.pages.pop_front().map(Ok)
    }
}

impl PageReader for JudgedPages {
    fn get_next_page(&mut self) -> ReaderResult<Option<Page>> {
        Ok(self.pages.pop_front())
    }

    fn peek_next_page(&mut self) -> ReaderResult<Option<PageMetadata>> {
        Ok(self.pages.front().map(|page| PageMetadata {
            num_rows: None,
            num_levels: page.is_data_page().then(|| page.num_values() as usize),
            is_dict: page.is_dictionary_page(),
        }))
    }

    fn skip_next_page(&mut self) -> ReaderResult<()> {
        match self.pages.pop_front() {
            Some(_) => Ok(()),
            None => Err(ReaderError::EOF("no page is left".to_owned())),
        }
    }
}
