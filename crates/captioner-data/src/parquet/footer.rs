//! Opening one Parquet file: its footer, checked.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use captioner_files::is_lfs_pointer;
use parquet::basic::CompressionCodec;
use parquet::file::metadata::{
    ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataOptions, ParquetMetaDataReader,
    ParquetStatisticsPolicy, RowGroupMetaData,
};
use parquet::schema::types::ColumnDescPtr;

use super::ParquetError;
use super::schema;
use super::thrift::Compact;
use crate::DataError;
use crate::columns::{Column, ColumnKind, choose, same_columns};
use crate::read_at::FileAt;

/// What is read of a beginning, to tell a file from what stands in its place.
const HEAD_BYTES: usize = 64;

/// The largest footer that is read. One of 10,000 row groups has about 5 MB.
const MAX_FOOTER_BYTES: u64 = 64 << 20;

/// The magic bytes at both ends.
const MAGIC: &[u8] = b"PAR1";
const ENCRYPTED_MAGIC: &[u8] = b"PARE";

/// One file of the set.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) file: FileAt,
    pub(super) columns: ShardColumns,
    pub(super) groups: Vec<Group>,
}

/// The columns that are read, in one file.
#[derive(Clone, Debug)]
pub(super) struct ShardColumns {
    pub(super) image: Column,
    pub(super) caption: Column,
    leaves: [Option<(usize, ColumnDescPtr)>; 3],
}

/// A leaf column that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Leaf {
    Bytes,
    Path,
    Caption,
}

impl ShardColumns {
    pub(super) fn leaf(&self, leaf: Leaf) -> Option<&ColumnDescPtr> {
        self.leaves[leaf as usize]
            .as_ref()
            .map(|(_, descriptor)| descriptor)
    }

    pub(super) fn caption_is_list(&self) -> bool {
        self.caption.kind == ColumnKind::TextList
    }
}

/// A row group.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) rows: u64,
    chunks: [Option<Chunk>; 3],
}

impl Group {
    pub(super) fn chunk(&self, leaf: Leaf) -> Option<&Chunk> {
        self.chunks[leaf as usize].as_ref()
    }
}

/// Where a leaf column of a row group lies.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    pub(super) start: u64,
    pub(super) bytes: u64,
    pub(super) codec: CompressionCodec,
    /// Offset and length of its page index.
    pub(super) index: Option<(u64, u32)>,
}

impl Chunk {
    pub(super) fn end(&self) -> u64 {
        self.start + self.bytes
    }
}

impl Shard {
    /// Opens a file by its footer alone.
    ///
    /// `first` is the set's first file, whose columns this one must have.
    pub(super) fn open(
        path: &Path,
        keep_open: bool,
        caption_column: Option<&str>,
        first: Option<&Self>,
    ) -> Result<Self, DataError> {
        let file = FileAt::open(path, keep_open).map_err(|source| DataError::Io {
            path: path.to_owned(),
            source,
        })?;
        let footer = footer(&file)?;
        let columns = columns(path, &footer, caption_column, first)?;
        let end = file.len();
        let checked = footer
            .row_groups()
            .iter()
            .map(|group| group_of(group, &columns, end));
        let groups = checked
            .collect::<Result<Vec<_>, _>>()
            .map_err(|fault| fault.of(path))?;
        Ok(Self {
            file,
            columns,
            groups,
        })
    }
}

fn footer(file: &FileAt) -> Result<ParquetMetaData, DataError> {
    let bytes = footer_bytes(file)?;
    let mut options = ParquetMetaDataOptions::new();
    options.set_column_stats_policy(ParquetStatisticsPolicy::SkipAll);
    options.set_encoding_stats_policy(ParquetStatisticsPolicy::SkipAll);
    options.set_size_stats_policy(ParquetStatisticsPolicy::SkipAll);
    let parse = || ParquetMetaDataReader::decode_metadata_with_options(&bytes, Some(&options));
    let damaged = |reason: String| ParquetError::Footer {
        file: file.path().to_owned(),
        reason,
    };
    if says_encrypted(&bytes) {
        let file = file.path().to_owned();
        return Err(ParquetError::Encrypted { file }.into());
    }
    match catch_unwind(AssertUnwindSafe(parse)) {
        Ok(Ok(footer)) => Ok(footer),
        Ok(Err(error)) => Err(damaged(error.to_string()).into()),
        Err(_) => Err(damaged("it can't be parsed".to_owned()).into()),
    }
}

/// Whether a footer that isn't encrypted itself names the encryption of columns: field 8 of
/// `FileMetaData`, which the reader passes over.
fn says_encrypted(footer: &[u8]) -> bool {
    let mut found = false;
    let fields = Compact::new(footer).fields(|_, number, _| {
        found |= number == 8;
        Ok(false)
    });
    fields.is_ok() && found
}

fn footer_bytes(file: &FileAt) -> Result<Vec<u8>, DataError> {
    let io = |source| DataError::Io {
        path: file.path().to_owned(),
        source,
    };
    let tail_start = file.len().saturating_sub(8);
    let tail = file.read_up_to(tail_start, 8).map_err(io)?;
    if tail.len() < 8 || &tail[4..] != MAGIC {
        let head = file.read_up_to(0, HEAD_BYTES).map_err(io)?;
        return Err(near_miss(file.path(), &head, &tail).into());
    }
    let bytes = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
    let path = || file.path().to_owned();
    if bytes > MAX_FOOTER_BYTES {
        let limit = MAX_FOOTER_BYTES;
        return Err(ParquetError::FooterTooLarge {
            file: path(),
            bytes,
            limit,
        }
        .into());
    }
    let start = tail_start
        .checked_sub(bytes)
        .filter(|&start| start >= MAGIC.len() as u64);
    let start = start.ok_or_else(|| ParquetError::Cut { file: path() })?;
    file.read(start, bytes as usize).map_err(io)
}

/// What a file is that doesn't end as Parquet does.
fn near_miss(path: &Path, head: &[u8], tail: &[u8]) -> ParquetError {
    let file = path.to_owned();
    if is_lfs_pointer(head) {
        ParquetError::GitLfsPointer { file }
    } else if tail.ends_with(ENCRYPTED_MAGIC) || head.starts_with(ENCRYPTED_MAGIC) {
        ParquetError::Encrypted { file }
    } else if head.starts_with(MAGIC) {
        ParquetError::Cut { file }
    } else {
        ParquetError::NotParquet { file }
    }
}

fn columns(
    path: &Path,
    footer: &ParquetMetaData,
    caption_column: Option<&str>,
    first: Option<&Shard>,
) -> Result<ShardColumns, DataError> {
    let about = footer.file_metadata();
    let all = schema::columns(about.schema_descr());
    let chosen = match first {
        Some(Shard { file, columns, .. }) => {
            same_columns(path, &all, file.path(), (&columns.image, &columns.caption))?
        }
        None => {
            let pairs = about.key_value_metadata().into_iter().flatten();
            let huggingface = pairs.filter(|pair| pair.key == "huggingface");
            let json = huggingface.filter_map(|pair| pair.value.as_deref()).next();
            choose(path, &all, json, caption_column)?
        }
    };
    let leaves = |field| schema::leaves(about.schema_descr(), field);
    let image = &all[chosen.image];
    let of_image = leaves(chosen.image);
    let part = |name: &str| {
        let is_it = |leaf: &&(usize, ColumnDescPtr)| leaf.1.name() == name;
        of_image.iter().find(is_it).cloned()
    };
    let only = || of_image.first().cloned();
    let (bytes, path) = match image.kind {
        ColumnKind::ImageStruct => (part("bytes"), part("path")),
        ColumnKind::Binary => (only(), None),
        _ => (None, only()),
    };
    Ok(ShardColumns {
        leaves: [bytes, path, leaves(chosen.caption).first().cloned()],
        image: image.clone(),
        caption: all[chosen.caption].clone(),
    })
}

/// What is wrong with a row group, before the file is named.
enum Fault {
    Damaged(String),
    Codec(String, CompressionCodec),
}

impl Fault {
    fn of(self, path: &Path) -> ParquetError {
        let file = path.to_owned();
        match self {
            Self::Damaged(reason) => ParquetError::Footer { file, reason },
            Self::Codec(column, codec) => ParquetError::Codec {
                file,
                column,
                codec: codec.to_string(),
            },
        }
    }
}

fn group_of(group: &RowGroupMetaData, columns: &ShardColumns, end: u64) -> Result<Group, Fault> {
    let rows = u64::try_from(group.num_rows());
    let rows = rows.map_err(|_| Fault::Damaged("a row group of less than no rows".to_owned()))?;
    let mut chunks = [const { None }; 3];
    // A group without rows has no pages, and its offsets lead nowhere.
    let leaves = columns.leaves.iter().filter(|_| rows > 0);
    for (chunk, leaf) in chunks.iter_mut().zip(leaves) {
        let Some((leaf, descriptor)) = leaf else {
            continue;
        };
        let found = group.columns().get(*leaf);
        let found = found.ok_or_else(|| Fault::Damaged("a row group lacks a column".to_owned()))?;
        *chunk = Some(chunk_of(found, descriptor, end)?);
    }
    Ok(Group { rows, chunks })
}

fn chunk_of(
    chunk: &ColumnChunkMetaData,
    leaf: &ColumnDescPtr,
    file_end: u64,
) -> Result<Chunk, Fault> {
    let name = || leaf.path().string();
    let damaged = |what: &str| Fault::Damaged(format!("the column `{}` {what}", name()));
    if chunk.file_path().is_some() {
        return Err(damaged("lies in another file, which is not supported"));
    }
    let codec = chunk.compression_codec();
    if !can_decompress(codec) {
        return Err(Fault::Codec(name(), codec));
    }
    let offset = |value: i64| u64::try_from(value).ok();
    let first_page = offset(chunk.data_page_offset());
    let dictionary = chunk
        .dictionary_page_offset()
        .and_then(offset)
        .filter(|&at| at > 0);
    let start = dictionary.into_iter().chain(first_page).min();
    let bytes = offset(chunk.compressed_size());
    let (Some(start), Some(bytes)) = (start, bytes) else {
        return Err(damaged("has a negative offset or size"));
    };
    let end = start.checked_add(bytes).filter(|&end| end <= file_end);
    if end.is_none() || start < MAGIC.len() as u64 {
        return Err(damaged("reaches beyond the file"));
    }
    Ok(Chunk {
        start,
        bytes,
        codec,
        index: index_place(chunk, file_end),
    })
}

/// Where the chunk's page index lies; none if it has none that can be there.
fn index_place(chunk: &ColumnChunkMetaData, file_end: u64) -> Option<(u64, u32)> {
    let start = u64::try_from(chunk.offset_index_offset()?).ok()?;
    let length = u32::try_from(chunk.offset_index_length()?).ok()?;
    let end = start.checked_add(u64::from(length))?;
    (end <= file_end && length > 0).then_some((start, length))
}

/// Whether pages of this compression are read. Hadoop's LZ4 isn't: its decoder has no limit.
fn can_decompress(codec: CompressionCodec) -> bool {
    use CompressionCodec::{GZIP, LZ4_RAW, SNAPPY, UNCOMPRESSED, ZSTD};
    [UNCOMPRESSED, SNAPPY, GZIP, ZSTD, LZ4_RAW].contains(&codec)
}
