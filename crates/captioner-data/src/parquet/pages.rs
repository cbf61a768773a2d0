//! Where the pages of a column chunk lie, and which rows are in each.

use std::io;

use super::PageError;
use super::footer::Chunk;
use super::page_header::{PageHeader, PageKind};
use super::thrift::{Bad, Compact, I32, I64, LIST, STRUCT};
use crate::read_at::FileAt;

/// The largest page index that is read, one of some 3,000,000 pages.
const MAX_INDEX_BYTES: u32 = 64 << 20;

/// The longest page header that is read: with statistics of long values it has some kilobytes.
const MAX_HEADER_BYTES: usize = 1 << 20;

/// How much of a chunk is read at once where its page headers are looked for.
const WINDOW_BYTES: usize = 16 << 10;

/// The pages of a column chunk.
#[derive(Debug)]
pub(super) struct PageMap {
    /// Where the dictionary page lies: its offset and its length.
    pub(super) dictionary: Option<(u64, u64)>,
    runs: Vec<Run>,
    rows: u64,
}

/// A page, or the pages which have to be read together, with whole rows in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) offset: u64,
    pub(super) bytes: u64,
    /// The first row in it, counted in the row group.
    pub(super) first_row: u64,
}

impl PageMap {
    /// Reads the chunk's page index; if it has none, or one that contradicts the chunk, walks
    /// over the headers of its pages.
    ///
    /// A list column without an index is one run: only the values say where a row begins.
    pub(super) fn read(
        file: &FileAt,
        chunk: &Chunk,
        rows: u64,
        is_list: bool,
    ) -> Result<Self, PageError> {
        if let Some(map) = Self::from_index(file, chunk, rows)? {
            return Ok(map);
        }
        Self::from_headers(file, chunk, rows, is_list)
    }

    /// The run in which a row of the group lies: its number, itself, and how many rows it has.
    pub(super) fn find(&self, row: u64) -> Option<(usize, Run, u64)> {
        let number = self
            .runs
            .partition_point(|run| run.first_row <= row)
            .checked_sub(1)?;
        let run = self.runs[number];
        let end = self
            .runs
            .get(number + 1)
            .map_or(self.rows, |next| next.first_row);
        (row < end).then_some((number, run, end - run.first_row))
    }

    /// The memory it takes.
    pub(super) fn cost(&self) -> usize {
        size_of::<Self>() + self.runs.capacity() * size_of::<Run>()
    }

    fn from_index(file: &FileAt, chunk: &Chunk, rows: u64) -> Result<Option<Self>, PageError> {
        let Some((offset, length)) = chunk.index.filter(|&(_, length)| length <= MAX_INDEX_BYTES)
        else {
            return Ok(None);
        };
        let bytes = file.read(offset, length as usize)?;
        let Ok(runs) = locations(&bytes) else {
            return Ok(None);
        };
        let Some(first) = runs
            .first()
            .copied()
            .filter(|_| are_sound(&runs, chunk, rows))
        else {
            return Ok(None);
        };
        let before = first.offset - chunk.start;
        Ok(Some(Self {
            dictionary: (before > 0).then_some((chunk.start, before)),
            runs,
            rows,
        }))
    }

    fn from_headers(
        file: &FileAt,
        chunk: &Chunk,
        rows: u64,
        is_list: bool,
    ) -> Result<Self, PageError> {
        let mut walk = Walk::new(file, chunk);
        let mut map = Self {
            dictionary: None,
            runs: Vec::new(),
            rows,
        };
        let mut row = 0;
        while let Some((offset, header)) = walk.next_header()? {
            let bytes = header.total();
            match header.kind {
                PageKind::Dictionary => map.dictionary = Some((offset, bytes)),
                PageKind::Index => {}
                PageKind::Data if is_list => map.extend_only_run(offset, bytes),
                PageKind::Data if header.values == 0 => {}
                PageKind::Data => {
                    map.runs.push(Run {
                        offset,
                        bytes,
                        first_row: row,
                    });
                    row += header.values;
                    if row > rows {
                        return Err(PageError::damaged("more values than rows"));
                    }
                }
            }
        }
        if !is_list && row < rows {
            return Err(PageError::damaged(format!("{row} values in {rows} rows")));
        }
        Ok(map)
    }

    fn extend_only_run(&mut self, offset: u64, bytes: u64) {
        match self.runs.first_mut() {
            Some(run) => run.bytes = offset + bytes - run.offset,
            None => self.runs.push(Run {
                offset,
                bytes,
                first_row: 0,
            }),
        }
    }
}

/// The page locations of an `OffsetIndex`, as `parquet.thrift` has them.
fn locations(bytes: &[u8]) -> Result<Vec<Run>, Bad> {
    let mut runs = Vec::new();
    Compact::new(bytes).fields(|it, number, kind| {
        if (number, kind) != (1, LIST) {
            return Ok(false);
        }
        let (of, length) = it.list()?;
        if of != STRUCT {
            return Err(Bad::Invalid);
        }
        for _ in 0..length {
            runs.push(location(it)?);
        }
        Ok(true)
    })?;
    Ok(runs)
}

fn location(compact: &mut Compact<'_>) -> Result<Run, Bad> {
    let [mut offset, mut bytes, mut first_row] = [-1, -1, -1];
    compact.fields(|it, number, kind| {
        match (number, kind) {
            (1, I64) => offset = it.i64()?,
            (2, I32) => bytes = i64::from(it.i32()?),
            (3, I64) => first_row = it.i64()?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let number = |value: i64| u64::try_from(value).map_err(|_| Bad::Invalid);
    Ok(Run {
        offset: number(offset)?,
        bytes: number(bytes)?,
        first_row: number(first_row)?,
    })
}

/// Whether the pages follow each other within the chunk, and their rows within the group.
fn are_sound(runs: &[Run], chunk: &Chunk, rows: u64) -> bool {
    let follows = |pair: &[Run]| {
        pair[0].end() <= Some(pair[1].offset) && pair[0].first_row < pair[1].first_row
    };
    let within = |run: &Run| {
        run.bytes > 0 && run.end().is_some_and(|end| end <= chunk.end()) && run.first_row < rows
    };
    let begins = |first: &Run| first.first_row == 0 && first.offset >= chunk.start;
    runs.first().is_some_and(begins) && runs.iter().all(within) && runs.windows(2).all(follows)
}

impl Run {
    fn end(&self) -> Option<u64> {
        self.offset.checked_add(self.bytes)
    }
}

/// Walks over the page headers of a chunk, reading pieces of it.
struct Walk<'a> {
    file: &'a FileAt,
    at: u64,
    end: u64,
    window: Vec<u8>,
    window_start: u64,
}

impl<'a> Walk<'a> {
    fn new(file: &'a FileAt, chunk: &Chunk) -> Self {
        Self {
            file,
            at: chunk.start,
            end: chunk.end(),
            window: Vec::new(),
            window_start: chunk.start,
        }
    }

    /// The next page's offset and header; none at the chunk's end.
    fn next_header(&mut self) -> Result<Option<(u64, PageHeader)>, PageError> {
        if self.at >= self.end {
            return Ok(None);
        }
        let header = self.header()?;
        let offset = self.at;
        let end = offset.checked_add(header.total());
        self.at = end
            .filter(|&end| end <= self.end)
            .ok_or_else(|| PageError::damaged("a page reaches beyond its column"))?;
        Ok(Some((offset, header)))
    }

    fn header(&mut self) -> Result<PageHeader, PageError> {
        for window in [0, WINDOW_BYTES, MAX_HEADER_BYTES] {
            if window > 0 {
                self.read_window(window)?;
            }
            let within = self
                .at
                .checked_sub(self.window_start)
                .map(|skip| skip as usize);
            let bytes = within
                .and_then(|skip| self.window.get(skip..))
                .unwrap_or_default();
            match PageHeader::read(bytes) {
                Ok(header) => return Ok(header),
                Err(Bad::Short) => {}
                Err(Bad::Invalid) => return Err(PageError::damaged("a page header is none")),
            }
        }
        Err(PageError::damaged("a page header has no end"))
    }

    fn read_window(&mut self, bytes: usize) -> io::Result<()> {
        let bytes = (self.end - self.at).min(bytes as u64) as usize;
        self.window = self.file.read(self.at, bytes)?;
        self.window_start = self.at;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::basic::CompressionCodec;

    fn run(offset: u64, bytes: u64, first_row: u64) -> Run {
        Run {
            offset,
            bytes,
            first_row,
        }
    }

    #[test]
    fn an_index_that_contradicts_its_chunk_is_not_believed() {
        let chunk = Chunk {
            start: 100,
            bytes: 100,
            codec: CompressionCodec::UNCOMPRESSED,
            index: None,
        };
        let sound = |runs: &[Run]| are_sound(runs, &chunk, 10);
        assert!(sound(&[run(110, 40, 0), run(150, 50, 6)]));
        for bad in [
            &[][..],
            &[run(99, 10, 0)],
            &[run(100, 101, 0)],
            &[run(100, 10, 1)],
            &[run(100, 0, 0)],
            &[run(100, u64::MAX, 0)],
            &[run(100, 60, 0), run(150, 50, 6)],
            &[run(100, 50, 0), run(150, 50, 0)],
            &[run(100, 50, 0), run(150, 50, 10)],
        ] {
            assert!(!sound(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_row_is_found_in_its_page() {
        let map = PageMap {
            dictionary: None,
            runs: vec![run(0, 1, 0), run(1, 1, 4), run(2, 1, 5)],
            rows: 9,
        };
        assert_eq!(map.find(3), Some((0, map.runs[0], 4)));
        assert_eq!(map.find(4), Some((1, map.runs[1], 1)));
        assert_eq!(map.find(8), Some((2, map.runs[2], 4)));
        assert_eq!(map.find(9), None);
    }
}
