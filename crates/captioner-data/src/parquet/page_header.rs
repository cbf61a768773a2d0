//! The header of a page.

use super::PageError;
use super::thrift::{Bad, Compact, I32, STRUCT};

/// A page header, as far as it is needed to judge and to find pages.
///
/// Source: `PageHeader` in `parquet.thrift` of Apache Parquet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PageHeader {
    pub(super) kind: PageKind,
    /// How many bytes the header itself has.
    pub(super) header_bytes: u64,
    /// How many bytes follow it.
    pub(super) compressed: u64,
    pub(super) uncompressed: u64,
    /// Values, nulls included; of a dictionary its entries.
    pub(super) values: u64,
    pub(super) encoding: i32,
    /// How many rows begin in the page, if it says so.
    pub(super) rows: Option<u64>,
    /// How many of the bytes are levels that are never compressed.
    pub(super) level_bytes: u64,
    /// Whether the values are compressed, if the column is.
    pub(super) is_compressed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageKind {
    Data,
    Index,
    Dictionary,
}

/// The parts of a header as they are written, which may be missing or negative.
#[derive(Default)]
struct Raw {
    kind: Option<i32>,
    uncompressed: Option<i32>,
    compressed: Option<i32>,
    v1: Part,
    dictionary: Part,
    v2: Part,
}

#[derive(Clone, Copy, Default)]
struct Part {
    values: Option<i32>,
    encoding: Option<i32>,
    rows: Option<i32>,
    definition_bytes: Option<i32>,
    repetition_bytes: Option<i32>,
    not_compressed: bool,
}

impl PageHeader {
    /// Reads the header at the front of `bytes`.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Bad> {
        let mut compact = Compact::new(bytes);
        let mut raw = Raw::default();
        compact.fields(|it, number, kind| {
            match (number, kind) {
                (1, I32) => raw.kind = Some(it.i32()?),
                (2, I32) => raw.uncompressed = Some(it.i32()?),
                (3, I32) => raw.compressed = Some(it.i32()?),
                (5, STRUCT) => raw.v1 = Part::read(it, false)?,
                (7, STRUCT) => raw.dictionary = Part::read(it, false)?,
                (8, STRUCT) => raw.v2 = Part::read(it, true)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        raw.checked(compact.read_bytes()).ok_or(Bad::Invalid)
    }

    /// The whole page's length, its header included.
    pub(super) fn total(&self) -> u64 {
        self.header_bytes + self.compressed
    }

    /// Whether the values are numbers of entries of a dictionary.
    pub(super) fn needs_dictionary(&self) -> bool {
        const PLAIN_DICTIONARY: i32 = 2;
        const RLE_DICTIONARY: i32 = 8;
        self.kind == PageKind::Data && [PLAIN_DICTIONARY, RLE_DICTIONARY].contains(&self.encoding)
    }

    /// Checks that texts and pictures are read in this encoding. DELTA_BYTE_ARRAY isn't: a few
    /// bytes of it can stand for any number.
    pub(super) fn check_encoding(&self) -> Result<(), PageError> {
        const PLAIN: i32 = 0;
        const DELTA_LENGTH_BYTE_ARRAY: i32 = 6;
        let fine = [PLAIN, DELTA_LENGTH_BYTE_ARRAY].contains(&self.encoding);
        if fine || self.needs_dictionary() || self.kind != PageKind::Data {
            return Ok(());
        }
        Err(PageError::Encoding(self.encoding))
    }
}

impl Part {
    fn read(compact: &mut Compact<'_>, is_v2: bool) -> Result<Self, Bad> {
        const FALSE: u8 = 2;
        let mut part = Self::default();
        compact.fields(|it, number, kind| {
            match (number, kind, is_v2) {
                (1, I32, _) => part.values = Some(it.i32()?),
                (2, I32, false) | (4, I32, true) => part.encoding = Some(it.i32()?),
                (3, I32, true) => part.rows = Some(it.i32()?),
                (5, I32, true) => part.definition_bytes = Some(it.i32()?),
                (6, I32, true) => part.repetition_bytes = Some(it.i32()?),
                (7, FALSE, true) => part.not_compressed = true,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(part)
    }
}

impl Raw {
    fn checked(self, header_bytes: usize) -> Option<PageHeader> {
        let (kind, part, is_v2) = match self.kind? {
            0 => (PageKind::Data, self.v1, false),
            1 => (PageKind::Index, Part::default(), false),
            2 => (PageKind::Dictionary, self.dictionary, false),
            3 => (PageKind::Data, self.v2, true),
            _ => return None,
        };
        let size = |value: Option<i32>| u64::try_from(value?).ok();
        let level_bytes = match is_v2 {
            true => size(part.definition_bytes)? + size(part.repetition_bytes)?,
            false => 0,
        };
        let header = PageHeader {
            kind,
            header_bytes: header_bytes as u64,
            compressed: size(self.compressed)?,
            uncompressed: size(self.uncompressed)?,
            values: if kind == PageKind::Index {
                0
            } else {
                size(part.values)?
            },
            encoding: if kind == PageKind::Index {
                0
            } else {
                part.encoding?
            },
            rows: if is_v2 { Some(size(part.rows)?) } else { None },
            level_bytes,
            is_compressed: !part.not_compressed,
        };
        let fits = level_bytes <= header.compressed && level_bytes <= header.uncompressed;
        fits.then_some(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_a_header_are_checked() {
        // A data page: 100 bytes, 90 compressed, 5 values, PLAIN, RLE levels.
        let good = [
            0x15, 0x00, 0x15, 0xc8, 0x01, 0x15, 0xb4, 0x01, 0x2c, 0x15, 0x0a, 0x15, 0x00, 0x15,
            0x06, 0x15, 0x06, 0x00, 0x00,
        ];
        let header = PageHeader::read(&good).unwrap();
        assert_eq!(
            (header.uncompressed, header.compressed, header.values),
            (100, 90, 5)
        );
        assert_eq!(
            (header.header_bytes, header.total(), header.rows),
            (19, 109, None)
        );
        for cut in 0..good.len() {
            assert_eq!(PageHeader::read(&good[..cut]), Err(Bad::Short), "{cut}");
        }
        let mut negative = good;
        negative[3] = 0xc9;
        assert_eq!(PageHeader::read(&negative), Err(Bad::Invalid));
        let mut no_such_kind = good;
        no_such_kind[1] = 0x12;
        assert_eq!(PageHeader::read(&no_such_kind), Err(Bad::Invalid));
    }
}
