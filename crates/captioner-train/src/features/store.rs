//! Where rows' features lie: in memory up to a budget, then in a file.

use std::path::PathBuf;

use super::scratch::ScratchFile;

/// What a row in memory takes beside its values, at most: its place in the list, which doubles as
/// it grows and then has two of its sizes at once, and what the allocator notes.
const ROW_OVERHEAD: usize = 64;

/// Rows' features, each `[I, E]` of one shape.
#[derive(Debug)]
pub(super) struct FeatureStore {
    budget: usize,
    /// Of each row of the set, its slot counted from 1; 0 where it has none. Slots in memory come
    /// before those of the file. Empty until the first row comes.
    places: Vec<u32>,
    rows: usize,
    shape: Option<RowShape>,
    memory: Vec<Box<[f32]>>,
    used: usize,
    file: FileState,
    file_slots: usize,
    /// Bytes of the file's disk that stay free.
    reserve: u64,
    /// A slot's bytes on their way to the file or from it.
    buffer: Vec<u8>,
}

/// What all rows that are kept have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RowShape {
    /// The picture, `[3, H, W]` or `[F, 3, H, W]`.
    pub pixels: Vec<usize>,
    /// The features, `[I, E]`.
    pub features: [usize; 2],
}

impl RowShape {
    /// Values of a row's features.
    pub(super) fn size(&self) -> usize {
        self.features[0] * self.features[1]
    }
}

#[derive(Debug)]
enum FileState {
    /// No file, or none that could be made.
    None,
    /// It is made when the first row comes.
    Unopened(PathBuf),
    Growing(ScratchFile),
    /// Nothing more is written: the disk is full or failed.
    Stopped(ScratchFile),
}

/// What came of asking for a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fetched {
    Memory,
    File,
    Absent,
    /// It was kept, but the file can't be read.
    Lost,
}

/// What came of giving a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Here,
    /// There is no more space, or the row has another shape.
    NoRoom,
    /// The file can't be made or written; it does not grow any more.
    Failed,
}

impl FeatureStore {
    /// For a set of so many rows; `index` bytes are spent already.
    pub(super) fn new(rows: usize, index: usize, budget: usize, folder: Option<PathBuf>) -> Self {
        Self {
            budget,
            places: Vec::new(),
            rows,
            shape: None,
            memory: Vec::new(),
            used: index.saturating_add(rows.saturating_mul(size_of::<u32>())),
            file: folder.map_or(FileState::None, FileState::Unopened),
            file_slots: 0,
            reserve: 0,
            buffer: Vec::new(),
        }
    }

    /// Leaves so many bytes of the file's disk free.
    pub(super) fn with_reserve(mut self, bytes: u64) -> Self {
        self.reserve = bytes;
        self
    }

    pub(super) fn shape(&self) -> Option<&RowShape> {
        self.shape.as_ref()
    }

    /// Rows in memory, and in the file.
    pub(super) fn kept(&self) -> (usize, usize) {
        (self.memory.len(), self.file_slots)
    }

    /// Bytes in memory, the index included; none where nothing is kept.
    pub(super) fn memory_bytes(&self) -> usize {
        if self.places.is_empty() { 0 } else { self.used }
    }

    pub(super) fn file_bytes(&self) -> u64 {
        self.offset(self.file_slots)
    }

    /// Copies a row's features to `out`, which is as long.
    pub(super) fn fetch(&mut self, row: usize, out: &mut [f32]) -> Fetched {
        let Some(slot) = self.slot(row) else {
            return Fetched::Absent;
        };
        if let Some(values) = self.memory.get(slot) {
            out.copy_from_slice(values);
            return Fetched::Memory;
        }
        match self.read(slot - self.memory.len(), out) {
            Ok(()) => Fetched::File,
            Err(_) => {
                self.stop();
                self.places[row] = 0;
                Fetched::Lost
            }
        }
    }

    /// Keeps a row's features where they fit.
    pub(super) fn keep(&mut self, row: usize, shape: &RowShape, values: &[f32]) -> Kept {
        if self.slot(row).is_some() {
            return Kept::Here;
        }
        let another = self.shape.as_ref().is_some_and(|known| known != shape);
        if another || row >= self.rows {
            return Kept::NoRoom;
        }
        let slot = self.memory.len() + self.file_slots;
        let Ok(place) = u32::try_from(slot + 1) else {
            return Kept::NoRoom;
        };
        let bytes = size_of_val(values).saturating_add(ROW_OVERHEAD);
        // What lies in the file stays there, and so does what comes after it.
        if self.file_slots == 0 && self.used.saturating_add(bytes) <= self.budget {
            self.used += bytes;
            self.memory.push(values.into());
        } else {
            match self.write(values) {
                Kept::Here => self.file_slots += 1,
                other => return other,
            }
        }
        if self.places.is_empty() {
            self.places = vec![0; self.rows];
        }
        self.shape.get_or_insert_with(|| shape.clone());
        self.places[row] = place;
        Kept::Here
    }

    fn slot(&self, row: usize) -> Option<usize> {
        (self.places.get(row).copied()? as usize).checked_sub(1)
    }

    fn offset(&self, slot: usize) -> u64 {
        let values = self.shape.as_ref().map_or(0, RowShape::size);
        slot as u64 * (values * size_of::<f32>()) as u64
    }

    fn read(&mut self, slot: usize, out: &mut [f32]) -> std::io::Result<()> {
        let offset = self.offset(slot);
        let (FileState::Growing(file) | FileState::Stopped(file)) = &self.file else {
            return Err(std::io::ErrorKind::NotFound.into());
        };
        self.buffer.resize(size_of_val(out), 0);
        file.read_at(&mut self.buffer, offset)?;
        let (numbers, _) = self.buffer.as_chunks::<4>();
        for (out, bytes) in out.iter_mut().zip(numbers) {
            *out = f32::from_le_bytes(*bytes);
        }
        Ok(())
    }

    /// Writes the next slot of the file.
    fn write(&mut self, values: &[f32]) -> Kept {
        if let FileState::Unopened(folder) = &self.file {
            match ScratchFile::create(folder) {
                Ok(file) => self.file = FileState::Growing(file),
                Err(_) => {
                    self.file = FileState::None;
                    return Kept::Failed;
                }
            }
        }
        let FileState::Growing(file) = &self.file else {
            return Kept::NoRoom;
        };
        let bytes = size_of_val(values) as u64;
        let enough = |free: u64| free >= self.reserve.saturating_add(bytes);
        if !file.free_bytes().is_none_or(enough) {
            // Space may come back, so this is not the end of the file.
            return Kept::NoRoom;
        }
        self.buffer.clear();
        self.buffer
            .extend(values.iter().flat_map(|v| v.to_le_bytes()));
        // Slots are of one size, which is this one's where it is the first.
        let offset = self.file_slots as u64 * bytes;
        match file.write_at(&self.buffer, offset) {
            Ok(()) => Kept::Here,
            Err(_) => {
                let _ = file.truncate(offset);
                self.stop();
                Kept::Failed
            }
        }
    }

    /// Lets the file be as it is.
    fn stop(&mut self) {
        self.file = match std::mem::replace(&mut self.file, FileState::None) {
            FileState::Growing(file) => FileState::Stopped(file),
            other => other,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: usize = 6;

    fn shape() -> RowShape {
        RowShape {
            pixels: vec![3, 4, 4],
            features: [2, 3],
        }
    }

    fn values(row: usize) -> Vec<f32> {
        (0..VALUES).map(|v| (row * 10 + v) as f32 + 0.1).collect()
    }

    /// Memory for so many rows of a set of ten.
    fn store(in_memory: usize, folder: Option<PathBuf>) -> FeatureStore {
        let budget = 10 * 4 + in_memory * (VALUES * 4 + ROW_OVERHEAD);
        FeatureStore::new(10, 0, budget, folder)
    }

    fn fetch(store: &mut FeatureStore, row: usize) -> (Fetched, Vec<f32>) {
        let mut out = vec![0.0; VALUES];
        (store.fetch(row, &mut out), out)
    }

    #[test]
    fn rows_fill_the_memory_first_and_then_the_file_and_come_back_to_the_bit() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(2, Some(folder.path().to_owned()));
        assert_eq!((store.memory_bytes(), store.file_bytes()), (0, 0));
        let mut odd = values(7);
        odd[1] = f32::from_bits(0x7fc0_1234); // a NaN with a payload
        odd[2] = -0.0;
        for row in [5, 3, 0, 9] {
            assert_eq!(store.keep(row, &shape(), &values(row)), Kept::Here);
        }
        assert_eq!(store.keep(7, &shape(), &odd), Kept::Here);
        // Twice is once.
        assert_eq!(store.keep(3, &shape(), &values(1)), Kept::Here);
        assert_eq!(store.kept(), (2, 3));
        assert!(store.memory_bytes() <= store.budget);
        assert_eq!(store.file_bytes(), 3 * 4 * VALUES as u64);
        for (row, from) in [
            (9, Fetched::File),
            (5, Fetched::Memory),
            (0, Fetched::File),
            (3, Fetched::Memory),
        ] {
            assert_eq!(fetch(&mut store, row), (from, values(row)));
        }
        let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&fetch(&mut store, 7).1), bits(&odd));
        assert_eq!(fetch(&mut store, 1).0, Fetched::Absent);
    }

    #[test]
    fn without_a_file_what_does_not_fit_is_not_kept() {
        let mut store = store(1, None);
        assert_eq!(store.keep(0, &shape(), &values(0)), Kept::Here);
        assert_eq!(store.keep(1, &shape(), &values(1)), Kept::NoRoom);
        assert_eq!(store.kept(), (1, 0));
        let mut none = FeatureStore::new(10, 0, 0, None);
        assert_eq!(none.keep(0, &shape(), &values(0)), Kept::NoRoom);
        assert_eq!(none.memory_bytes(), 0);
    }

    #[test]
    fn rows_of_another_shape_are_not_kept() {
        let mut store = store(5, None);
        assert_eq!(store.keep(0, &shape(), &values(0)), Kept::Here);
        let other = RowShape {
            features: [3, 2],
            ..shape()
        };
        assert_eq!(store.keep(1, &other, &values(1)), Kept::NoRoom);
        let other = RowShape {
            pixels: vec![3, 2, 8],
            ..shape()
        };
        assert_eq!(store.keep(1, &other, &values(1)), Kept::NoRoom);
    }

    #[test]
    fn a_file_that_can_not_be_read_loses_its_rows_one_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(1, Some(folder.path().to_owned()));
        for row in 0..4 {
            store.keep(row, &shape(), &values(row));
        }
        let FileState::Growing(file) = &store.file else {
            panic!("the file grows");
        };
        file.truncate(4 * VALUES as u64).unwrap();
        assert_eq!(fetch(&mut store, 3).0, Fetched::Lost);
        assert_eq!(fetch(&mut store, 3).0, Fetched::Absent);
        assert_eq!(fetch(&mut store, 1), (Fetched::File, values(1)));
        assert_eq!(fetch(&mut store, 0), (Fetched::Memory, values(0)));
        assert_eq!(store.keep(3, &shape(), &values(3)), Kept::NoRoom);
    }

    #[test]
    fn a_folder_that_can_not_be_made_and_a_disk_without_room_keep_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "x").unwrap();
        let mut none = store(0, Some(path));
        assert_eq!(none.keep(0, &shape(), &values(0)), Kept::Failed);
        assert_eq!(none.keep(1, &shape(), &values(1)), Kept::NoRoom);
        if cfg!(unix) {
            let mut full = store(0, Some(folder.path().to_owned())).with_reserve(u64::MAX);
            assert_eq!(full.keep(0, &shape(), &values(0)), Kept::NoRoom);
            full.reserve = 0;
            assert_eq!(full.keep(0, &shape(), &values(0)), Kept::Here);
        }
    }

    /// `/dev/full` is a disk that is always full.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_ends_the_growth_and_no_run() {
        let mut options = std::fs::OpenOptions::new();
        let full = options.read(true).write(true).open("/dev/full").unwrap();
        let mut store = store(1, None);
        store.file = FileState::Growing(ScratchFile::of(full));
        assert_eq!(store.keep(0, &shape(), &values(0)), Kept::Here);
        assert_eq!(store.keep(1, &shape(), &values(1)), Kept::Failed);
        assert_eq!(store.keep(2, &shape(), &values(2)), Kept::NoRoom);
        assert_eq!(fetch(&mut store, 1).0, Fetched::Absent);
        assert_eq!(fetch(&mut store, 0), (Fetched::Memory, values(0)));
    }
}
