//! The index of a shard: where the members of each sample lie.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use super::error::TarError;
use super::member::{BLOCK, Headers, Kind, Member};
use super::name::{is_hidden, key_and_field, leads_outside, shown};

/// How many kinds of field there may be: a set has a handful.
const MAX_FIELDS: usize = 1000;
/// The largest shard: its blocks are counted in 32 bits.
const MAX_SHARD: u64 = BLOCK << 32;

/// Where the members of each sample lie. Knows of no caption column: what is a picture or
/// a caption is decided when the set is opened.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    /// The names of the fields, such as `jpg`.
    pub(super) fields: Vec<String>,
    /// The block with the first header of each sample.
    pub(super) starts: Vec<u32>,
    /// The first part of each sample.
    pub(super) firsts: Vec<u32>,
    /// The parts of all samples, in the shard's order.
    pub(super) parts: Vec<Part>,
    /// The samples with a member that can't be used, in order.
    pub(super) faults: Vec<Fault>,
}

/// A member of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// The block with its first byte.
    pub(super) block: u32,
    /// How many bytes it has, or `u32::MAX` if there are as many or more.
    pub(super) bytes: u32,
    /// Its place among the names of the fields.
    pub(super) field: u16,
}

/// A member that can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) sample: u32,
    pub(super) kind: FaultKind,
    /// The block with the member's first header.
    pub(super) start: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// No file, but what this type flag says.
    NotAFile(u8),
    PathOutside,
    Duplicate,
}

impl Part {
    pub(super) fn offset(&self) -> u64 {
        u64::from(self.block) * BLOCK
    }

    /// The block behind its last byte.
    pub(super) fn end_block(&self) -> u64 {
        u64::from(self.block) + u64::from(self.bytes).div_ceil(BLOCK)
    }
}

impl Index {
    /// Walks through the headers of a shard of this size.
    pub(super) fn build(path: &Path, file: &File, bytes: u64) -> Result<Self, TarError> {
        if bytes > MAX_SHARD {
            return Err(TarError::ShardTooLarge {
                path: path.to_owned(),
                bytes,
                limit: MAX_SHARD,
            });
        }
        let mut headers = Headers::new(path, file, bytes, 0);
        let mut builder = Builder {
            path,
            index: Self::default(),
            fields: HashMap::new(),
            key: None,
        };
        while let Some(member) = headers.next()? {
            builder.add(&member)?;
        }
        headers.check_end()?;
        Ok(builder.index)
    }

    /// How many samples there are, those that can't be used included.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// The members of a sample, which must be there.
    pub(super) fn parts_of(&self, sample: usize) -> &[Part] {
        let first = self.firsts[sample] as usize;
        let end = self.firsts.get(sample + 1);
        &self.parts[first..end.map_or(self.parts.len(), |&end| end as usize)]
    }

    pub(super) fn field(&self, part: &Part) -> &str {
        &self.fields[usize::from(part.field)]
    }

    /// The first member of a sample that can't be used.
    pub(super) fn fault_of(&self, sample: usize) -> Option<&Fault> {
        let at = self
            .faults
            .partition_point(|fault| (fault.sample as usize) < sample);
        self.faults
            .get(at)
            .filter(|fault| fault.sample as usize == sample)
    }
}

struct Builder<'a> {
    path: &'a Path,
    index: Index,
    fields: HashMap<Vec<u8>, u16>,
    /// The key of the sample that goes on.
    key: Option<Vec<u8>>,
}

impl Builder<'_> {
    fn add(&mut self, member: &Member) -> Result<(), TarError> {
        if member.kind == Kind::Folder || is_hidden(&member.name) {
            return Ok(());
        }
        let fault = match member.kind {
            Kind::Refused(flag) => Some(FaultKind::NotAFile(flag)),
            _ if leads_outside(&member.name) => Some(FaultKind::PathOutside),
            _ => None,
        };
        let Some((key, field)) = key_and_field(&member.name) else {
            if let Some(kind) = fault {
                self.begin(member, None);
                self.fail(member, kind);
            }
            return Ok(());
        };
        if self.key.as_deref() != Some(key) {
            self.begin(member, Some(key.to_owned()));
        }
        match fault {
            Some(kind) => self.fail(member, kind),
            None => self.add_part(member, field)?,
        }
        Ok(())
    }

    fn begin(&mut self, member: &Member, key: Option<Vec<u8>>) {
        self.key = key;
        self.index.starts.push((member.start / BLOCK) as u32);
        self.index.firsts.push(self.index.parts.len() as u32);
    }

    /// Notes the first fault of the sample that goes on.
    fn fail(&mut self, member: &Member, kind: FaultKind) {
        let sample = self.index.starts.len() as u32 - 1;
        if self
            .index
            .faults
            .last()
            .is_none_or(|last| last.sample != sample)
        {
            let start = (member.start / BLOCK) as u32;
            self.index.faults.push(Fault {
                sample,
                kind,
                start,
            });
        }
    }

    fn add_part(&mut self, member: &Member, field: &[u8]) -> Result<(), TarError> {
        let field = self.field(field)?;
        let first = self.index.firsts.last().map_or(0, |&first| first as usize);
        if self.index.parts[first..]
            .iter()
            .any(|part| part.field == field)
        {
            self.fail(member, FaultKind::Duplicate);
            return Ok(());
        }
        self.index.parts.push(Part {
            block: (member.offset / BLOCK) as u32,
            bytes: u32::try_from(member.size).unwrap_or(u32::MAX),
            field,
        });
        Ok(())
    }

    fn field(&mut self, field: &[u8]) -> Result<u16, TarError> {
        if let Some(&known) = self.fields.get(field) {
            return Ok(known);
        }
        let next = self.index.fields.len();
        if next == MAX_FIELDS {
            return Err(TarError::TooManyFields {
                path: self.path.to_owned(),
                limit: MAX_FIELDS,
                example: shown(field),
            });
        }
        self.index.fields.push(shown(field));
        self.fields.insert(field.to_owned(), next as u16);
        Ok(next as u16)
    }
}
