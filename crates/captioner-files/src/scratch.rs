//! What is being written lies beside its target, under a name that says which target that is, and
//! is locked by the process at work on it.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::FileError;
use crate::place::Place;

/// The longest name that a scratch name repeats; file systems end at 255 bytes, some before.
const MAX_NAME: usize = 100;
/// How often another name is tried where a neighbour was in the way.
const ATTEMPTS: usize = 100;

/// What all scratch names of a target begin with.
fn prefix(name: &OsStr) -> OsString {
    let mut prefix = OsString::from(".");
    if name.len() <= MAX_NAME {
        prefix.push(name);
    } else {
        let mut hasher = DefaultHasher::new();
        name.as_encoded_bytes().hash(&mut hasher);
        prefix.push(format!("{:016x}", hasher.finish()));
    }
    prefix.push(".captioner-");
    prefix
}

/// A name that no other process and no other call has: `.NAME.captioner-PROCESS-TIME-CALL`.
fn fresh(place: &Place) -> PathBuf {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let time = SystemTime::now().duration_since(UNIX_EPOCH);
    let time = time.map_or(0, |time| time.as_nanos() as u64);
    let mut name = prefix(&place.name);
    name.push(format!("{}-{time}-{call}", std::process::id()));
    place.folder.join(name)
}

/// Whether `name` is one that [`fresh`] gives for the target with this prefix.
fn belongs(name: &OsStr, prefix: &OsStr) -> bool {
    let rest = name
        .as_encoded_bytes()
        .strip_prefix(prefix.as_encoded_bytes());
    let numbers = |rest: &[u8]| {
        let mut numbers = rest.split(|&byte| byte == b'-');
        rest.split(|&byte| byte == b'-').count() == 3
            && numbers.all(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))
    };
    rest.is_some_and(numbers)
}

/// The target's scratch files and scratch folders. None where the folder can't be listed.
fn scratches(place: &Place) -> Vec<(PathBuf, fs::FileType)> {
    let prefix = prefix(&place.name);
    let entries = fs::read_dir(&place.folder).into_iter().flatten().flatten();
    let own = entries.filter(|entry| belongs(&entry.file_name(), &prefix));
    own.filter_map(|entry| Some((entry.path(), entry.file_type().ok()?)))
        .collect()
}

/// The targets that scratch in a folder belongs to. Names too long to be repeated in the scratch's
/// are left out: they are cleaned when they are written again.
pub(crate) fn targets_in(folder: &Path) -> Vec<Place> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| {
        let scratch = entry.file_name().into_string().ok()?;
        let (name, _) = scratch.strip_prefix('.')?.rsplit_once(".captioner-")?;
        let is_hash = name.len() == 16 && name.bytes().all(|b| b.is_ascii_hexdigit());
        let belongs = belongs(OsStr::new(&scratch), &prefix(OsStr::new(name)));
        (belongs && !is_hash).then(|| OsString::from(name))
    });
    let mut names: Vec<OsString> = names.collect();
    names.sort();
    names.dedup();
    let place = |name| Place {
        folder: folder.to_owned(),
        name,
    };
    names.into_iter().map(place).collect()
}

/// Removes what killed processes left of this target. What can't be removed stays.
pub(crate) fn remove_stale(place: &Place) {
    for (path, kind) in scratches(place) {
        if kind.is_dir() {
            if let Lock::Stale(_held) = lock_state(&path.join(LOCK)) {
                remove_folder(&path, &place.path());
            }
            let _ = fs::remove_dir(&path); // one that was killed before it had a lock is empty
        } else if kind.is_file()
            && let Lock::Stale(_held) = lock_state(&path)
        {
            let _ = fs::remove_file(&path);
        }
    }
}

/// Puts a former folder back which a killed process had moved aside.
///
/// # Errors
/// When there is one that can't be put back.
pub(crate) fn recover(place: &Place) -> Result<(), FileError> {
    let target = place.path();
    if exists(&target) {
        return Ok(());
    }
    let mut folders: Vec<_> = scratches(place)
        .into_iter()
        .filter(|(path, kind)| kind.is_dir() && exists(&path.join(FORMER)))
        .map(|(path, _)| {
            (
                fs::metadata(&path).and_then(|data| data.modified()).ok(),
                path,
            )
        })
        .collect();
    folders.sort();
    for (_, path) in folders.into_iter().rev() {
        // Putting back needs no lock: where locks don't work, a neighbour at work takes it again.
        let state = lock_state(&path.join(LOCK));
        if !matches!(state, Lock::Live) {
            put_back(&path, &target).map_err(FileError::io("restore", &target))?;
        }
    }
    Ok(())
}

/// Moves a former folder back to its place, unless there is another by now.
fn put_back(scratch: &Path, target: &Path) -> io::Result<()> {
    let former = scratch.join(FORMER);
    if exists(target) || !exists(&former) {
        return Ok(());
    }
    match fs::rename(&former, target) {
        Err(error) if !exists(target) && exists(&former) => Err(error),
        _ => Ok(()),
    }
}

/// Removes a scratch folder whose lock is held by the caller; never the last good copy.
fn remove_folder(scratch: &Path, target: &Path) {
    if put_back(scratch, target).is_err() {
        return;
    }
    for part in [FRESH, FORMER, SUPERSEDED] {
        let _ = fs::remove_dir_all(scratch.join(part));
    }
    remove_nested(scratch);
    let _ = fs::remove_file(scratch.join(LOCK));
    let _ = fs::remove_dir(scratch);
}

/// Removes the scratch of a folder that was itself being filled in scratch; its process is gone too.
fn remove_nested(scratch: &Path) {
    let entries = fs::read_dir(scratch).into_iter().flatten().flatten();
    let prefix = prefix(OsStr::new(FRESH));
    for entry in entries.filter(|entry| belongs(&entry.file_name(), &prefix)) {
        let _ = fs::remove_dir_all(entry.path());
    }
}

pub(crate) fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Whether a process is at work on what a lock stands for.
enum Lock {
    /// None is, and none can begin while the file is held.
    Stale(File),
    Live,
    /// There is no lock, or the file system has no locks.
    Unknown,
}

fn lock_state(path: &Path) -> Lock {
    // Over NFS a lock needs a file that is open for writing.
    let Ok(file) = File::options().write(true).open(path) else {
        return Lock::Unknown;
    };
    match file.try_lock() {
        Ok(()) => Lock::Stale(file),
        Err(TryLockError::WouldBlock) => Lock::Live,
        Err(TryLockError::Error(_)) => Lock::Unknown,
    }
}

/// A new file, locked by us; `None` where a neighbour took it for a killed process's.
fn create_locked(path: &Path) -> io::Result<Option<File>> {
    let created = File::options().write(true).create_new(true).open(path);
    let file = match created {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(None),
        created => created?,
    };
    let _ = file.lock(); // where there are no locks, nobody removes what is not their own
    Ok(exists(path).then_some(file))
}

/// A file being written. Dropped, it is removed.
#[derive(Debug)]
pub(crate) struct ScratchFile {
    path: PathBuf,
    file: File,
    renamed: bool,
}

impl ScratchFile {
    pub(crate) fn create(place: &Place) -> Result<Self, FileError> {
        let failed = || FileError::io("write", place.path());
        for _ in 0..ATTEMPTS {
            let path = fresh(place);
            if let Some(file) = create_locked(&path).map_err(failed())? {
                let renamed = false;
                return Ok(Self {
                    path,
                    file,
                    renamed,
                });
            }
        }
        Err(failed()(ErrorKind::AlreadyExists.into()))
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    pub(crate) fn rename_to(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for ScratchFile {
    fn drop(&mut self) {
        if !self.renamed {
            let _ = fs::remove_file(&self.path);
        }
    }
}

const LOCK: &str = "lock";
/// The folder being filled; after the exchange, the former one.
const FRESH: &str = "new";
/// The former folder while nothing is in its place.
const FORMER: &str = "former";
/// A former folder that a neighbour's has replaced meanwhile.
const SUPERSEDED: &str = "superseded";

/// A folder being filled. Dropped, it is removed, after a former folder was put back.
#[derive(Debug)]
pub(crate) struct ScratchFolder {
    path: PathBuf,
    target: PathBuf,
    _lock: File,
}

impl ScratchFolder {
    pub(crate) fn create(place: &Place) -> Result<Self, FileError> {
        let failed = || FileError::io("create a folder beside", place.path());
        for _ in 0..ATTEMPTS {
            let path = fresh(place);
            fs::create_dir(&path).map_err(failed())?;
            let lock = match create_locked(&path.join(LOCK)) {
                Err(error) if error.kind() == ErrorKind::NotFound => continue, // taken for stale
                lock => lock.map_err(failed())?,
            };
            let Some(lock) = lock else { continue };
            let scratch = Self {
                path,
                target: place.path(),
                _lock: lock,
            };
            fs::create_dir(scratch.fresh()).map_err(failed())?;
            return Ok(scratch);
        }
        Err(failed()(ErrorKind::AlreadyExists.into()))
    }

    pub(crate) fn fresh(&self) -> PathBuf {
        self.path.join(FRESH)
    }

    /// Moves the target aside; where there is none, nothing.
    pub(crate) fn move_aside(&self) -> io::Result<()> {
        match fs::rename(&self.target, self.path.join(FORMER)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            moved => moved,
        }
    }

    /// Moves the target in here, where it is removed with the scratch folder.
    pub(crate) fn take_out(&self) -> io::Result<()> {
        fs::rename(&self.target, self.path.join(SUPERSEDED))
    }

    /// Puts what was moved aside under a name from which nothing is ever put back.
    pub(crate) fn retire_former(&self) {
        let superseded = self.path.join(SUPERSEDED);
        let _ = fs::remove_dir_all(&superseded);
        let _ = fs::rename(self.path.join(FORMER), superseded);
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        remove_folder(&self.path, &self.target);
    }
}
