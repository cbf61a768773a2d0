//! Decoding a page, after its header was judged.

use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use parquet::basic::CompressionCodec;
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::errors::ParquetError as ReaderError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::schema::types::ColumnDescPtr;

use super::PageError;
use super::footer::Chunk;
use super::judged::JudgedPages;
use super::page_header::{PageHeader, PageKind};
use super::pages::{PageMap, Run};
use super::thrift::Bad;
use crate::read_at::FileAt;

/// The most bytes that a page may have, decompressed or not, its dictionary included.
const MAX_PAGE_BYTES: u64 = 1 << 30;

/// The most values of a page, nulls included: each takes some 50 bytes while it is kept.
const MAX_PAGE_VALUES: u64 = 8 << 20;

/// Pages from this size on are decoded one at a time, however many threads read.
const LARGE_PAGE_BYTES: u64 = 64 << 20;

/// A large page is being decoded.
static LARGE_PAGE: Mutex<()> = Mutex::new(());

/// The values of a page.
#[derive(Debug)]
pub(super) struct Decoded {
    values: Vec<Option<ByteArray>>,
    /// Of a list column, where each row's values end.
    ends: Option<Vec<u32>>,
    cost: usize,
}

impl Decoded {
    /// A row's values, the row counted in the page: one of a flat column, any number of a list.
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = Option<&[u8]>> {
        let range = match &self.ends {
            None => row..row + 1,
            Some(ends) => {
                let start = row.checked_sub(1).map_or(0, |before| ends[before]);
                start as usize..ends[row] as usize
            }
        };
        self.values[range]
            .iter()
            .map(|value| value.as_ref().map(ByteArray::data))
    }

    /// The memory it takes.
    pub(super) fn cost(&self) -> usize {
        self.cost
    }
}

/// Reads and decodes a run of pages with `rows` rows.
pub(super) fn decode(
    file: &FileAt,
    chunk: &Chunk,
    leaf: &ColumnDescPtr,
    map: &PageMap,
    (run, rows): (Run, u64),
) -> Result<Decoded, PageError> {
    let _one_at_a_time = (run.bytes >= LARGE_PAGE_BYTES).then(large_page);
    let pages = Pages::read(file, chunk, map, run)?;
    let _one_at_a_time =
        (_one_at_a_time.is_none() && pages.uncompressed >= LARGE_PAGE_BYTES).then(large_page);
    let decode = || pages.decode(chunk.codec, leaf);
    let decoded = match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(decoded) => decoded?,
        Err(_) => return Err(PageError::damaged("its values can't be decoded")),
    };
    let found = decoded.ends.as_ref().map_or(decoded.values.len(), Vec::len) as u64;
    if found != rows {
        return Err(PageError::damaged(format!(
            "{found} rows where {rows} belong"
        )));
    }
    Ok(decoded)
}

fn large_page() -> std::sync::MutexGuard<'static, ()> {
    LARGE_PAGE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The bytes of pages, judged by their headers: the dictionary's first, if they need one.
struct Pages {
    bytes: Vec<u8>,
    dictionary_bytes: usize,
    values: u64,
    uncompressed: u64,
}

impl Pages {
    fn read(file: &FileAt, chunk: &Chunk, map: &PageMap, run: Run) -> Result<Self, PageError> {
        let bytes = read_limited(file, run.offset, run.bytes)?;
        let headers = headers(&bytes)?;
        let mut pages = Self {
            bytes,
            dictionary_bytes: 0,
            values: 0,
            uncompressed: 0,
        };
        pages.judge(&headers, chunk.codec)?;
        if headers.iter().any(|(_, header)| header.needs_dictionary()) {
            let (offset, length) = map
                .dictionary
                .ok_or_else(|| PageError::damaged("no dictionary"))?;
            pages.put_dictionary(read_limited(file, offset, length)?, chunk.codec)?;
        }
        Ok(pages)
    }

    fn judge(
        &mut self,
        headers: &[(usize, PageHeader)],
        codec: CompressionCodec,
    ) -> Result<(), PageError> {
        for (start, header) in headers {
            header.check_encoding()?;
            self.values += header.values;
            self.uncompressed += header.uncompressed;
            limited(self.uncompressed, MAX_PAGE_BYTES)?;
            let values = self.values;
            if values > MAX_PAGE_VALUES {
                return Err(PageError::TooManyValues {
                    values,
                    limit: MAX_PAGE_VALUES,
                });
            }
            let body = start + header.header_bytes as usize;
            let body = &self.bytes[body..body + header.compressed as usize];
            check_body(header, body, codec)?;
        }
        Ok(())
    }

    fn put_dictionary(
        &mut self,
        dictionary: Vec<u8>,
        codec: CompressionCodec,
    ) -> Result<(), PageError> {
        let first = PageHeader::read(&dictionary).map_err(bad_header)?;
        let length = first.total() as usize;
        let is_one = first.kind == PageKind::Dictionary && length <= dictionary.len();
        // Each entry has its length before it.
        if !is_one || first.values > first.uncompressed / 4 {
            return Err(PageError::damaged("its dictionary is none"));
        }
        let data = std::mem::replace(&mut self.bytes, dictionary);
        self.bytes.truncate(length);
        // The dictionary counts like a page, and its entries like values.
        self.judge(&[(0, first)], codec)?;
        self.values -= first.values;
        self.dictionary_bytes = length;
        self.bytes.extend_from_slice(&data);
        Ok(())
    }

    fn decode(self, codec: CompressionCodec, leaf: &ColumnDescPtr) -> Result<Decoded, PageError> {
        let kept = self.bytes.len().max(self.uncompressed as usize);
        let pages = self.reader(codec, leaf).map_err(PageError::damaged)?;
        let pages = JudgedPages::read(pages, leaf)?;
        let mut reader = ColumnReaderImpl::<ByteArrayType>::new(Arc::clone(leaf), Box::new(pages));
        let mut levels = Levels::default();
        let mut values = Vec::new();
        loop {
            let (definitions, repetitions) = (&mut levels.definitions, &mut levels.repetitions);
            let some =
                reader.read_records(1 << 16, Some(definitions), Some(repetitions), &mut values);
            let (records, _, read) = some.map_err(PageError::damaged)?;
            if records == 0 {
                break;
            }
            levels.count += read;
        }
        assemble(values, &levels, leaf, kept)
    }

    /// The reader of the pages, as if they were a column of their own.
    fn reader(
        self,
        codec: CompressionCodec,
        leaf: &ColumnDescPtr,
    ) -> Result<SerializedPageReader<Bytes>, ReaderError> {
        let bytes = self.bytes.len() as i64;
        let dictionary = (self.dictionary_bytes > 0).then_some(0);
        let about = ColumnChunkMetaData::builder(Arc::clone(leaf))
            .set_compression_codec(codec)
            .set_num_values(self.values as i64)
            .set_total_compressed_size(bytes)
            .set_total_uncompressed_size(self.uncompressed as i64)
            .set_dictionary_page_offset(dictionary)
            .set_data_page_offset(self.dictionary_bytes as i64)
            .build()?;
        let source = Arc::new(Bytes::from(self.bytes));
        SerializedPageReader::new(source, &about, self.values as usize, None)
    }
}

fn read_limited(file: &FileAt, offset: u64, bytes: u64) -> Result<Vec<u8>, PageError> {
    limited(bytes, MAX_PAGE_BYTES)?;
    Ok(file.read(offset, bytes as usize)?)
}

fn limited(bytes: u64, limit: u64) -> Result<(), PageError> {
    if bytes > limit {
        return Err(PageError::TooLarge { bytes, limit });
    }
    Ok(())
}

/// The headers of the pages that lie one after the other in `bytes`, and where they begin.
fn headers(bytes: &[u8]) -> Result<Vec<(usize, PageHeader)>, PageError> {
    let mut headers = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let header = PageHeader::read(&bytes[at..]).map_err(bad_header)?;
        if header.total() > (bytes.len() - at) as u64 {
            return Err(PageError::damaged("a page reaches beyond its place"));
        }
        if header.kind == PageKind::Dictionary {
            return Err(PageError::damaged("a dictionary among the pages"));
        }
        headers.push((at, header));
        at += header.total() as usize;
    }
    Ok(headers)
}

fn bad_header(bad: Bad) -> PageError {
    PageError::damaged(match bad {
        Bad::Short => "a page header is cut",
        Bad::Invalid => "a page header is none",
    })
}

/// Checks a page's size against its bytes, as far as its compression doesn't do so itself.
fn check_body(header: &PageHeader, body: &[u8], codec: CompressionCodec) -> Result<(), PageError> {
    let differs = || PageError::damaged("a page's size isn't what its header says");
    if header.kind == PageKind::Index {
        return Ok(());
    }
    if codec == CompressionCodec::UNCOMPRESSED || !header.is_compressed {
        let same = header.compressed == header.uncompressed;
        return if same { Ok(()) } else { Err(differs()) };
    }
    // The reader decompresses gzip to its end, whatever the header says.
    if codec == CompressionCodec::GZIP {
        let expected = header.uncompressed - header.level_bytes;
        let packed = &body[header.level_bytes as usize..];
        if expected > 0 && unpacked_bytes(packed, expected)? != expected {
            return Err(differs());
        }
    }
    Ok(())
}

/// How many bytes come out of gzip, counted up to one more than expected.
fn unpacked_bytes(packed: &[u8], expected: u64) -> Result<u64, PageError> {
    let mut unpacked = MultiGzDecoder::new(packed).take(expected + 1);
    std::io::copy(&mut unpacked, &mut std::io::sink()).map_err(PageError::damaged)
}

/// The definition and repetition levels of a column.
#[derive(Default)]
struct Levels {
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
    count: usize,
}

/// Puts nulls between the values, and finds where the rows of a list end.
fn assemble(
    values: Vec<ByteArray>,
    levels: &Levels,
    leaf: &ColumnDescPtr,
    bytes: usize,
) -> Result<Decoded, PageError> {
    let is_list = leaf.max_rep_level() > 0;
    let mut decoded = Decoded {
        values: Vec::with_capacity(levels.count),
        ends: is_list.then(Vec::new),
        cost: 0,
    };
    let mut values = values.into_iter();
    for level in 0..levels.count {
        if is_list && levels.repetitions.get(level) == Some(&0) && level > 0 {
            decoded.end_row();
        }
        let definition = match leaf.max_def_level() {
            0 => 0,
            _ => *levels
                .definitions
                .get(level)
                .ok_or_else(|| PageError::damaged("too few levels"))?,
        };
        if definition == leaf.max_def_level() {
            let value = values
                .next()
                .ok_or_else(|| PageError::damaged("too few values"))?;
            decoded.values.push(Some(value));
        } else if !is_list || definition >= leaf.repeated_ancestor_def_level() {
            decoded.values.push(None);
        }
    }
    if levels.count > 0 {
        decoded.end_row();
    }
    let ends = decoded
        .ends
        .as_ref()
        .map_or(0, |ends| ends.capacity() * size_of::<u32>());
    decoded.cost = bytes + decoded.values.capacity() * size_of::<Option<ByteArray>>() + ends;
    Ok(decoded)
}

impl Decoded {
    fn end_row(&mut self) {
        if let Some(ends) = &mut self.ends {
            // Values are limited to MAX_PAGE_VALUES.
            ends.push(self.values.len() as u32);
        }
    }
}
