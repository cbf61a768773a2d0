//! Where a row lies, and the page that holds it.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::decode::{Decoded, decode};
use super::footer::{Group, Leaf, Shard, ShardColumns};
use super::kept::Kept;
use super::pages::PageMap;
use super::{PageError, ParquetError};
use crate::{DataError, Place};

/// The pages of pictures that are kept.
const KEPT_PICTURE_BYTES: usize = 256 << 20;

/// The pages of captions that are kept, and those of paths.
const KEPT_TEXT_BYTES: usize = 32 << 20;

/// What is known of where pages lie, for as many column chunks as fit.
const KEPT_MAP_BYTES: usize = 32 << 20;

/// The rows of a set's files, one after the other.
#[derive(Debug)]
pub(super) struct Rows {
    shards: Vec<Shard>,
    groups: Vec<GroupPlace>,
    len: usize,
}

/// A row group that has rows.
#[derive(Debug)]
struct GroupPlace {
    shard: u32,
    /// The group's number in its file.
    group: u32,
    /// Its first row in the set, and in its file.
    first_row: usize,
    first_of_file: usize,
}

/// A row, found.
#[derive(Debug)]
pub(super) struct RowPlace<'a> {
    pub(super) shard: &'a Shard,
    group: &'a Group,
    group_in_file: u32,
    group_in_set: u32,
    /// The row in its group, and in its file.
    in_group: u64,
    in_file: usize,
}

impl Rows {
    /// Adds up the row groups.
    ///
    /// # Errors
    /// [`ParquetError::Footer`] if there are more rows than can be counted.
    pub(super) fn new(shards: Vec<Shard>) -> Result<Self, ParquetError> {
        let mut groups = Vec::new();
        let mut len = 0usize;
        for (shard, of) in shards.iter().enumerate() {
            let first_of_set = len;
            for (group, of_group) in of
                .groups
                .iter()
                .enumerate()
                .filter(|(_, group)| group.rows > 0)
            {
                groups.push(GroupPlace {
                    shard: shard as u32,
                    group: group as u32,
                    first_row: len,
                    first_of_file: len - first_of_set,
                });
                let rows = usize::try_from(of_group.rows).ok();
                let sum = rows.and_then(|rows| len.checked_add(rows));
                len = sum.ok_or_else(|| ParquetError::Footer {
                    file: of.file.path().to_owned(),
                    reason: format!("a row group of {} rows", of_group.rows),
                })?;
            }
        }
        Ok(Self {
            shards,
            groups,
            len,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The columns of the first file; the others have the same.
    pub(super) fn columns(&self) -> &ShardColumns {
        &self.shards[0].columns
    }

    pub(super) fn bytes_read(&self) -> u64 {
        self.shards
            .iter()
            .map(|shard| shard.file.bytes_read())
            .sum()
    }

    /// Where a row lies; none past the end.
    pub(super) fn find(&self, row: usize) -> Option<RowPlace<'_>> {
        if row >= self.len {
            return None;
        }
        let number = self.groups.partition_point(|group| group.first_row <= row) - 1;
        let place = &self.groups[number];
        let shard = &self.shards[place.shard as usize];
        let in_group = row - place.first_row;
        Some(RowPlace {
            shard,
            group: &shard.groups[place.group as usize],
            group_in_file: place.group,
            group_in_set: number as u32,
            in_group: in_group as u64,
            in_file: place.first_of_file + in_group,
        })
    }

    /// The rows of each group.
    pub(super) fn blocks(&self) -> Vec<Range<usize>> {
        let starts = self.groups.iter().map(|group| group.first_row);
        let ends = starts.clone().skip(1).chain([self.len]);
        starts.zip(ends).map(|(start, end)| start..end).collect()
    }
}

impl RowPlace<'_> {
    /// The row for messages: its file and its number there.
    pub(super) fn place(&self) -> Place {
        let row = self.in_file + 1;
        Place {
            path: self.shard.file.path().to_owned(),
            row,
            line: row as u64,
        }
    }

    /// The folder of the row's file.
    pub(super) fn folder(&self) -> &Path {
        let folder = self.shard.file.path().parent();
        folder
            .filter(|folder| *folder != Path::new(""))
            .unwrap_or(Path::new("."))
    }
}

/// The pages read last.
#[derive(Debug)]
pub(super) struct Pages {
    maps: Kept<(u32, Leaf), PageMap>,
    pub(super) pictures: Kept<(u32, u32), Decoded>,
    paths: Kept<(u32, u32), Decoded>,
    captions: Kept<(u32, u32), Decoded>,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            maps: Kept::new(KEPT_MAP_BYTES),
            pictures: Kept::new(KEPT_PICTURE_BYTES),
            paths: Kept::new(KEPT_TEXT_BYTES),
            captions: Kept::new(KEPT_TEXT_BYTES),
        }
    }
}

impl Pages {
    /// The page that holds a row's value in a column, and the row's number in it.
    pub(super) fn read(
        &self,
        at: &RowPlace<'_>,
        leaf: Leaf,
    ) -> Result<(Arc<Decoded>, usize), DataError> {
        self.read_page(at, leaf).map_err(|source| {
            let column = at.shard.columns.leaf(leaf);
            let error = ParquetError::Page {
                place: at.place(),
                column: column.map_or_else(String::new, |column| column.path().string()),
                group: at.group_in_file as usize,
                source,
            };
            error.into()
        })
    }

    fn read_page(&self, at: &RowPlace<'_>, leaf: Leaf) -> Result<(Arc<Decoded>, usize), PageError> {
        let missing = || PageError::damaged("the column is missing");
        let (chunk, file) = (at.group.chunk(leaf).ok_or_else(missing)?, &at.shard.file);
        let column = at.shard.columns.leaf(leaf).ok_or_else(missing)?;
        let is_list = column.max_rep_level() > 0;
        let map = self.maps.get_or_make((at.group_in_set, leaf), || {
            let map = PageMap::read(file, chunk, at.group.rows, is_list)?;
            let cost = map.cost();
            Ok::<_, PageError>((map, cost))
        })?;
        let found = map.find(at.in_group);
        let (number, run, rows) = found.ok_or_else(|| PageError::damaged("no page has the row"))?;
        let kept = match leaf {
            Leaf::Bytes => &self.pictures,
            Leaf::Path => &self.paths,
            Leaf::Caption => &self.captions,
        };
        let page = kept.get_or_make((at.group_in_set, number as u32), || {
            let page = decode(file, chunk, column, &map, (run, rows))?;
            let cost = page.cost();
            Ok::<_, PageError>((page, cost))
        })?;
        Ok((page, (at.in_group - run.first_row) as usize))
    }
}
