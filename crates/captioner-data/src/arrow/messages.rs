//! The messages of an Arrow file, found by their headers.
//!
//! Both formats are read alike: the file format is the stream between two magic words.
//! Source: "Encapsulated message format" of Arrow's columnar format.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::{Endianness, MetadataVersion, RecordBatch, root_as_message};
use arrow_schema::Schema;
use captioner_files::is_lfs_pointer;

use super::ArrowError;
use crate::DataError;
use crate::read_at::FileAt;

/// What is read of a beginning, to tell a file from what stands in its place.
const HEAD_BYTES: usize = 64;

/// The largest message header that is read: it holds the schema, never values.
const MAX_HEADER_BYTES: u32 = 64 << 20;

/// How much is read where a header is expected: most are smaller.
const USUAL_HEADER_BYTES: usize = 4 << 10;

const MAGIC: &[u8] = b"ARROW1";
const CONTINUATION: u32 = u32::MAX;

/// What is known of a file after its headers were read.
#[derive(Debug)]
pub(super) struct Messages {
    pub(super) schema: Schema,
    /// The ids of the dictionaries of each column, and of a list's items.
    pub(super) dictionary_ids: Vec<Option<i64>>,
    pub(super) batches: Vec<Batch>,
    pub(super) dictionaries: Vec<Dictionary>,
}

/// A record batch.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub(super) message: Message,
    pub(super) rows: u64,
    /// How many dictionary batches come before it.
    pub(super) dictionaries: usize,
}

/// A dictionary batch.
#[derive(Clone, Debug)]
pub(super) struct Dictionary {
    pub(super) message: Message,
    pub(super) rows: u64,
    pub(super) id: i64,
    pub(super) is_delta: bool,
}

/// Where a message lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message {
    header: u64,
    header_bytes: u32,
    pub(super) body: u64,
    pub(super) body_bytes: u64,
}

impl Message {
    /// Reads the header again, and hands on its record batch.
    pub(super) fn batch<T>(
        &self,
        file: &FileAt,
        then: impl FnOnce(RecordBatch<'_>) -> Result<T, BatchError>,
    ) -> Result<T, BatchError> {
        let bytes = file.read(self.header, self.header_bytes as usize)?;
        let message = root_as_message(&bytes).map_err(BatchError::damaged)?;
        let of_dictionary = || {
            message
                .header_as_dictionary_batch()
                .and_then(|it| it.data())
        };
        let batch = message.header_as_record_batch().or_else(of_dictionary);
        then(batch.ok_or_else(|| BatchError::damaged("no record batch"))?)
    }
}

/// What can be wrong with a value of a batch.
#[derive(Debug, thiserror::Error)]
pub(super) enum BatchError {
    #[error("{0}")]
    Damaged(String),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("a value of {0} bytes")]
    TooLarge(u64),
}

impl BatchError {
    pub(super) fn damaged(what: impl ToString) -> Self {
        Self::Damaged(what.to_string())
    }
}

/// A header that was read, and where the next one begins.
struct Header {
    bytes: Vec<u8>,
    at: u64,
}

impl Messages {
    /// Walks over the headers of a file.
    pub(super) fn read(file: &FileAt) -> Result<Self, DataError> {
        let start = start(file)?;
        let first = next_header(file, start)?.ok_or_else(|| not_arrow(file))?;
        let (schema, dictionary_ids) = schema(file, &first.bytes)?;
        let mut messages = Self {
            schema,
            dictionary_ids,
            batches: Vec::new(),
            dictionaries: Vec::new(),
        };
        let mut at = first.end();
        while let Some(header) = next_header(file, at)? {
            at = messages.add(file, &header)?;
        }
        Ok(messages)
    }

    /// Adds the message of a header, and says where it ends.
    fn add(&mut self, file: &FileAt, header: &Header) -> Result<u64, DataError> {
        let damaged = |reason: String| damaged(file, reason);
        let message = root_as_message(&header.bytes).map_err(|error| damaged(error.to_string()))?;
        let body_bytes = u64::try_from(message.bodyLength());
        let body_bytes =
            body_bytes.map_err(|_| damaged("a body of less than no bytes".to_owned()))?;
        let body = header.end();
        let end = body
            .checked_add(body_bytes)
            .filter(|&end| end <= file.len());
        let end = end.ok_or_else(|| cut(file))?;
        let place = Message {
            header: header.at,
            header_bytes: header.bytes.len() as u32,
            body,
            body_bytes,
        };
        if let Some(batch) = message.header_as_record_batch() {
            let rows = rows(file, &batch, body_bytes)?;
            let dictionaries = self.dictionaries.len();
            self.batches.push(Batch {
                message: place,
                rows,
                dictionaries,
            });
        } else if let Some(dictionary) = message.header_as_dictionary_batch() {
            let batch = dictionary.data();
            let batch = batch.ok_or_else(|| damaged("a dictionary without values".to_owned()))?;
            self.dictionaries.push(Dictionary {
                message: place,
                rows: rows(file, &batch, body_bytes)?,
                id: dictionary.id(),
                is_delta: dictionary.isDelta(),
            });
        }
        Ok(end)
    }
}

impl Header {
    fn end(&self) -> u64 {
        self.at + self.bytes.len() as u64
    }
}

/// Where the first message is: after the magic word, if there is one.
fn start(file: &FileAt) -> Result<u64, DataError> {
    let head = file
        .read_up_to(0, HEAD_BYTES)
        .map_err(|source| io_error(file, source))?;
    if is_lfs_pointer(&head) {
        let file = file.path().to_owned();
        return Err(ArrowError::GitLfsPointer { file }.into());
    }
    Ok(if head.starts_with(MAGIC) { 8 } else { 0 })
}

/// The header at an offset; none at the stream's end.
fn next_header(file: &FileAt, at: u64) -> Result<Option<Header>, DataError> {
    let io = |source| io_error(file, source);
    if at >= file.len() {
        return Ok(None);
    }
    let bytes = file.read_up_to(at, USUAL_HEADER_BYTES).map_err(io)?;
    let word = |from: usize| {
        let word = bytes.get(from..from + 4)?;
        Some(u32::from_le_bytes(word.try_into().ok()?))
    };
    // Before Arrow 0.15 there was no continuation marker.
    let prefix = if word(0) == Some(CONTINUATION) { 8 } else { 4 };
    let length = word(prefix - 4).ok_or_else(|| cut(file))?;
    if length == 0 {
        return Ok(None);
    }
    if length > MAX_HEADER_BYTES {
        return Err(not_arrow(file).into());
    }
    let header = at + prefix as u64;
    let bytes = match bytes.get(prefix..prefix + length as usize) {
        Some(bytes) => bytes.to_vec(),
        None if header + u64::from(length) > file.len() => return Err(cut(file).into()),
        None => file.read(header, length as usize).map_err(io)?,
    };
    Ok(Some(Header { bytes, at: header }))
}

/// The schema of the first message, and the dictionaries of its columns.
fn schema(file: &FileAt, header: &[u8]) -> Result<(Schema, Vec<Option<i64>>), DataError> {
    let message = root_as_message(header).map_err(|_| not_arrow(file))?;
    let encoded = message.header_as_schema().ok_or_else(|| not_arrow(file))?;
    if encoded.endianness() != Endianness::Little {
        return Err(unsupported(file, "the byte order of a big-endian machine"));
    }
    if message.version() < MetadataVersion::V4 {
        return Err(unsupported(file, "a version before Arrow 0.8"));
    }
    let parse = || try_fb_to_schema(encoded);
    let schema = match catch_unwind(AssertUnwindSafe(parse)) {
        Ok(Ok(schema)) => schema,
        Ok(Err(error)) => return Err(damaged(file, error.to_string()).into()),
        Err(_) => return Err(damaged(file, "its schema can't be parsed".to_owned()).into()),
    };
    let id = |field: arrow_ipc::Field<'_>| {
        let item = || field.children().filter(|children| children.len() == 1);
        let of_item = || item().and_then(|children| children.get(0).dictionary());
        field
            .dictionary()
            .or_else(of_item)
            .map(|dictionary| dictionary.id())
    };
    let ids = encoded.fields().into_iter().flatten().map(id).collect();
    Ok((schema, ids))
}

/// How many rows a batch has, if there can be as many.
fn rows(file: &FileAt, batch: &RecordBatch<'_>, body_bytes: u64) -> Result<u64, DataError> {
    if batch.compression().is_some() {
        let file = file.path().to_owned();
        return Err(ArrowError::Compressed { file }.into());
    }
    let rows = u64::try_from(batch.length()).ok();
    // Each picture has an offset of 4 bytes at least.
    let fits = rows.filter(|&rows| rows <= body_bytes / 4);
    let reason = || format!("a batch of {} rows in {body_bytes} bytes", batch.length());
    fits.ok_or_else(|| damaged(file, reason()).into())
}

fn io_error(file: &FileAt, source: io::Error) -> DataError {
    let path = file.path().to_owned();
    DataError::Io { path, source }
}

fn damaged(file: &FileAt, reason: String) -> ArrowError {
    let file = file.path().to_owned();
    ArrowError::Damaged { file, reason }
}

fn cut(file: &FileAt) -> ArrowError {
    let file = file.path().to_owned();
    ArrowError::Cut { file }
}

fn not_arrow(file: &FileAt) -> ArrowError {
    let file = file.path().to_owned();
    ArrowError::NotArrow { file }
}

fn unsupported(file: &FileAt, what: &'static str) -> DataError {
    let file = file.path().to_owned();
    ArrowError::Unsupported { file, what }.into()
}
