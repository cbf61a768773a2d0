//! One shard: its index, and reading at the places that the index gives.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::column::{Chosen, Columns};
use super::error::{SampleProblem, TarError};
use super::index::{Fault, FaultKind, Index, Part};
use super::index_file::{self, Key};
use super::member::{BLOCK, Headers, Member, kind_name, read_exact_at};
use super::name::{key_and_field, shown};
use super::sniff;

/// The largest picture that is read, as in a folder.
const MAX_PICTURE_BYTES: u64 = 512 << 20;
/// The largest member with a caption: an object with dozens of the longest captions.
const MAX_CAPTION_MEMBER: u64 = 4 << 20;

/// An open shard. Its file is opened for each read: a set may have more shards than a process may
/// have files.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) path: PathBuf,
    bytes: u64,
    changed: (i64, u32),
    pub(super) index: Index,
    columns: Columns,
    /// The samples that can be used; none if all can be.
    usable: Option<Vec<u32>>,
}

impl Shard {
    /// Opens a shard by the index beside it, or makes one and keeps it there.
    pub(super) fn open(path: &Path, column: Option<&str>) -> Result<Self, TarError> {
        sniff::check_name(path)?;
        let failed = |source| io_error(path, source);
        let metadata = path.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(TarError::NotAFile {
                path: path.to_owned(),
            });
        }
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        sniff::check_content(path, &file, metadata.len())?;
        let index = index(path, &file, &metadata)?;
        Ok(Self {
            path: path.to_owned(),
            bytes: metadata.len(),
            changed: index_file::changed(&metadata),
            columns: Columns::new(&index.fields, column),
            index,
            usable: None,
        })
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        let usable = self.usable.as_ref();
        usable.map_or(self.index.len(), Vec::len)
    }

    /// The sample which is shown as this row, which must be there.
    pub(super) fn sample(&self, row: usize) -> usize {
        self.usable
            .as_ref()
            .map_or(row, |usable| usable[row] as usize)
    }

    /// Leaves out the samples that `keep` refuses.
    pub(super) fn retain<E>(
        &mut self,
        mut keep: impl FnMut(&Self, usize) -> Result<bool, E>,
    ) -> Result<(), E> {
        let mut usable: Option<Vec<u32>> = None;
        for sample in 0..self.index.len() {
            match (keep(self, sample)?, &mut usable) {
                (true, Some(usable)) => usable.push(sample as u32),
                (true, None) | (false, Some(_)) => {}
                (false, none) => *none = Some((0..sample as u32).collect()),
            }
        }
        self.usable = usable;
        Ok(())
    }

    /// The picture and the caption of a sample, or what its headers say against it.
    pub(super) fn choose(&self, sample: usize) -> Result<Chosen<'_>, SampleProblem> {
        if let Some(fault) = self.index.fault_of(sample) {
            return Err(self.problem(fault));
        }
        let chosen = self
            .columns
            .choose(&self.index, self.index.parts_of(sample))?;
        self.check_size(chosen.picture, MAX_PICTURE_BYTES)?;
        self.check_size(chosen.caption, MAX_CAPTION_MEMBER)?;
        Ok(chosen)
    }

    fn check_size(&self, part: &Part, limit: u64) -> Result<(), SampleProblem> {
        let field = || self.index.field(part).to_owned();
        match u64::from(part.bytes) {
            0 => Err(SampleProblem::Empty { field: field() }),
            bytes if bytes > limit => Err(SampleProblem::TooLarge {
                field: field(),
                bytes,
                limit,
            }),
            _ => Ok(()),
        }
    }

    fn problem(&self, fault: &Fault) -> SampleProblem {
        let name = self
            .member_at(fault.start)
            .map(|member| shown(&member.name));
        let name = name.unwrap_or_else(|_| format!("at byte {}", u64::from(fault.start) * BLOCK));
        match fault.kind {
            FaultKind::NotAFile(flag) => SampleProblem::NotAFile {
                name,
                kind: kind_name(flag),
            },
            FaultKind::PathOutside => SampleProblem::PathOutside { name },
            FaultKind::Duplicate => SampleProblem::DuplicateField { name },
        }
    }

    /// A sample's key, as its first header gives it.
    pub(super) fn key(&self, sample: usize) -> Result<String, TarError> {
        let member = self.member_at(self.index.starts[sample])?;
        let key = key_and_field(&member.name).map(|(key, _)| key);
        Ok(shown(key.unwrap_or(&member.name)))
    }

    /// Where a sample is, for messages.
    pub(super) fn describe(&self, sample: usize) -> String {
        let place = format!("`{}` row {}", self.path.display(), sample + 1);
        match self.key(sample) {
            Ok(key) => format!("`{key}` of {place}"),
            Err(_) => place,
        }
    }

    fn member_at(&self, start: u32) -> Result<Member, TarError> {
        let file = self.file()?;
        let start = u64::from(start) * BLOCK;
        let member = Headers::new(&self.path, &file, self.bytes, start).next()?;
        member.ok_or_else(|| self.has_changed())
    }

    /// Reads a member's bytes.
    pub(super) fn read(&self, part: &Part) -> Result<Vec<u8>, TarError> {
        let file = self.file()?;
        let mut bytes = vec![0; part.bytes as usize];
        let read = read_exact_at(&file, &mut bytes, part.offset());
        read.map_err(|source| io_error(&self.path, source))?;
        Ok(bytes)
    }

    /// The file, which must be the one that the index describes.
    fn file(&self) -> Result<File, TarError> {
        let failed = |source| io_error(&self.path, source);
        let file = File::open(&self.path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let is_same =
            metadata.len() == self.bytes && index_file::changed(&metadata) == self.changed;
        match is_same {
            true => Ok(file),
            false => Err(self.has_changed()),
        }
    }

    fn has_changed(&self) -> TarError {
        TarError::Changed {
            path: self.path.clone(),
        }
    }
}

/// The index kept beside the shard, or a new one.
fn index(path: &Path, file: &File, metadata: &Metadata) -> Result<Index, TarError> {
    let key = Key::of(file, metadata).map_err(|source| io_error(path, source))?;
    if let Some(index) = index_file::load(path, &key, metadata.len()) {
        return Ok(index);
    }
    let index = Index::build(path, file, metadata.len())?;
    // One of a file that grew meanwhile describes neither state of it.
    let now = file.metadata().and_then(|now| Key::of(file, &now));
    if now.is_ok_and(|now| now == key) {
        index_file::save(path, &key, &index);
    }
    Ok(index)
}

fn io_error(path: &Path, source: io::Error) -> TarError {
    TarError::Io {
        path: path.to_owned(),
        source,
    }
}
