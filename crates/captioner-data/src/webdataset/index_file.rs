//! The index as a file beside its shard, so that the second opening reads no header.
//!
//! Eight bytes that say what it is, a CRC-32 of all that follows, the shard's size, its time of
//! change and the CRC-32 of its first bytes, then the index in variable-length numbers. Places are
//! counted in blocks from the end of what comes before, so that most take one byte.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::index::{Fault, FaultKind, Index, Part};
use super::member::{BLOCK, read_exact_at};

const MAGIC: &[u8; 8] = b"CAPTTAR\x01";
const KEY_BYTES: usize = 24;
/// How much of the shard's beginning counts for the key.
const HEAD: u64 = 4096;
/// The largest index file: one of a shard of the largest size stays far below.
const MAX_FILE: u64 = 4 << 30;

/// What an index belongs to: the shard's size, time of change and beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key([u8; KEY_BYTES]);

impl Key {
    pub(super) fn of(file: &File, metadata: &Metadata) -> std::io::Result<Self> {
        let mut head = vec![0; metadata.len().min(HEAD) as usize];
        read_exact_at(file, &mut head, 0)?;
        let (seconds, nanoseconds) = changed(metadata);
        let mut key = [0; KEY_BYTES];
        key[..8].copy_from_slice(&metadata.len().to_le_bytes());
        key[8..16].copy_from_slice(&seconds.to_le_bytes());
        key[16..20].copy_from_slice(&nanoseconds.to_le_bytes());
        key[20..].copy_from_slice(&crc32fast::hash(&head).to_le_bytes());
        Ok(Self(key))
    }
}

/// The time of the last change, in seconds and nanoseconds since 1970; zero where none is known.
pub(super) fn changed(metadata: &Metadata) -> (i64, u32) {
    let Ok(time) = metadata.modified() else {
        return (0, 0);
    };
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => (since.as_secs() as i64, since.subsec_nanos()),
        Err(before) => (
            -(before.duration().as_secs() as i64),
            before.duration().subsec_nanos(),
        ),
    }
}

/// Where the index of a shard is kept: `NAME.tar.captioner-index` beside `NAME.tar`.
pub(super) fn path_of(shard: &Path) -> PathBuf {
    let mut path = OsString::from(shard);
    path.push(".captioner-index");
    path.into()
}

/// The index kept beside a shard of this key and size; none if there is none that fits.
pub(super) fn load(shard: &Path, key: &Key, bytes: u64) -> Option<Index> {
    let mut file = File::open(path_of(shard)).ok()?;
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() || metadata.len() > MAX_FILE {
        return None;
    }
    let mut read = Vec::with_capacity(metadata.len() as usize);
    file.read_to_end(&mut read).ok()?;
    decode(&read, key, bytes)
}

/// Keeps an index beside its shard. Where that can't be done, the next opening makes it anew.
/// A file of that name which is no index stays.
pub(super) fn save(shard: &Path, key: &Key, index: &Index) {
    let path = path_of(shard);
    if may_be_replaced(&path) {
        let _ = captioner_files::write_file(path, &encode(key, index));
    }
}

fn may_be_replaced(path: &Path) -> bool {
    let Ok(metadata) = path.metadata() else {
        return true;
    };
    metadata.is_file() && (metadata.len() == 0 || is_index(path).unwrap_or(false))
}

/// Whether a file begins as an index does, of whatever version: that is the last byte.
fn is_index(path: &Path) -> std::io::Result<bool> {
    let mut name = [0; MAGIC.len() - 1];
    read_exact_at(&File::open(path)?, &mut name, 0)?;
    Ok(MAGIC.starts_with(&name))
}

pub(super) fn encode(key: &Key, index: &Index) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + 5 * index.parts.len() + 3 * index.len());
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&key.0);
    put(&mut out, index.fields.len() as u64);
    for field in &index.fields {
        put(&mut out, field.len() as u64);
        out.extend_from_slice(field.as_bytes());
    }
    put(&mut out, index.len() as u64);
    put(&mut out, index.parts.len() as u64);
    let mut end = 0;
    for sample in 0..index.len() {
        let start = u64::from(index.starts[sample]);
        let parts = index.parts_of(sample);
        put(&mut out, start - end);
        put(&mut out, parts.len() as u64);
        end = start;
        for part in parts {
            put(&mut out, u64::from(part.field));
            put(&mut out, u64::from(part.block) - end);
            put(&mut out, u64::from(part.bytes));
            end = part.end_block();
        }
    }
    put(&mut out, index.faults.len() as u64);
    for fault in &index.faults {
        put(&mut out, u64::from(fault.sample));
        put(&mut out, u64::from(fault.kind.code()));
        put(&mut out, u64::from(fault.start));
    }
    let crc = crc32fast::hash(&out[12..]);
    out[8..12].copy_from_slice(&crc.to_le_bytes());
    out
}

/// Reads an index back. None unless every byte and every place in it makes sense for a shard of
/// this key and size.
pub(super) fn decode(file: &[u8], key: &Key, bytes: u64) -> Option<Index> {
    let body = file.strip_prefix(MAGIC)?;
    let (crc, body) = body.split_first_chunk::<4>()?;
    if crc32fast::hash(body) != u32::from_le_bytes(*crc) {
        return None;
    }
    let mut rest = body.strip_prefix(&key.0)?;
    let index = read_index(&mut rest, bytes)?;
    rest.is_empty().then_some(index)
}

fn read_index(rest: &mut &[u8], bytes: u64) -> Option<Index> {
    let mut index = Index {
        fields: read_fields(rest)?,
        ..Index::default()
    };
    // A sample takes at least two bytes here, and a part three: no count can ask for more memory.
    let samples = count(rest, 2)?;
    let parts = count(rest, 3)?;
    index.starts.reserve_exact(samples);
    index.firsts.reserve_exact(samples);
    index.parts.reserve_exact(parts);
    let mut end = 0;
    for _ in 0..samples {
        end = read_sample(rest, &mut index, end, bytes)?;
    }
    for _ in 0..count(rest, 3)? {
        index.faults.push(read_fault(rest, &index)?);
    }
    (index.parts.len() == parts).then_some(index)
}

fn read_fields(rest: &mut &[u8]) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    for _ in 0..count(rest, 1)? {
        let length = count(rest, 1)?;
        let (field, after) = rest.split_at_checked(length)?;
        fields.push(std::str::from_utf8(field).ok()?.to_owned());
        *rest = after;
    }
    Some(fields)
}

/// Reads the sample that follows the block `end`, and gives the block behind it.
fn read_sample(rest: &mut &[u8], index: &mut Index, end: u64, bytes: u64) -> Option<u64> {
    let start = end.checked_add(number(rest)?)?;
    index.starts.push(u32::try_from(start).ok()?);
    index.firsts.push(u32::try_from(index.parts.len()).ok()?);
    let mut end = start;
    for _ in 0..count(rest, 3)? {
        let part = Part {
            field: u16::try_from(number(rest)?).ok()?,
            block: u32::try_from(end.checked_add(number(rest)?)?).ok()?,
            bytes: u32::try_from(number(rest)?).ok()?,
        };
        let is_known = usize::from(part.field) < index.fields.len();
        if !is_known || part.offset() + u64::from(part.bytes) > bytes {
            return None;
        }
        end = part.end_block();
        index.parts.push(part);
    }
    (end * BLOCK < bytes.checked_add(BLOCK)?).then_some(end)
}

fn read_fault(rest: &mut &[u8], index: &Index) -> Option<Fault> {
    let fault = Fault {
        sample: u32::try_from(number(rest)?).ok()?,
        kind: FaultKind::of_code(u16::try_from(number(rest)?).ok()?)?,
        start: u32::try_from(number(rest)?).ok()?,
    };
    let is_next = index
        .faults
        .last()
        .is_none_or(|last| last.sample < fault.sample);
    (is_next && (fault.sample as usize) < index.len()).then_some(fault)
}

impl FaultKind {
    fn code(self) -> u16 {
        match self {
            Self::NotAFile(flag) => u16::from(flag),
            Self::PathOutside => 256,
            Self::Duplicate => 257,
        }
    }

    fn of_code(code: u16) -> Option<Self> {
        match code {
            0..256 => Some(Self::NotAFile(code as u8)),
            256 => Some(Self::PathOutside),
            257 => Some(Self::Duplicate),
            _ => None,
        }
    }
}

/// Writes a number with seven bits a byte, the lowest first.
fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        let bits = u64::from(byte & 0x7f);
        if bits << shift >> shift != bits {
            return None;
        }
        value |= bits << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// A number of things, each of which takes at least `least` bytes of what follows.
fn count(rest: &mut &[u8], least: usize) -> Option<usize> {
    let count = usize::try_from(number(rest)?).ok()?;
    (count <= rest.len() / least).then_some(count)
}
