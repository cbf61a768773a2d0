//! A folder whose files belong together.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::FileError;
use crate::flush::{flush_folder, flush_tree};
use crate::place::Place;
use crate::scratch::{self, ScratchFolder, exists};

/// Makes a folder, and those above it. One that is there stays as it is.
///
/// # Errors
/// [`FileError::NotFolder`] where a file is in the way, else [`FileError::Io`].
pub fn create_folder(path: impl AsRef<Path>) -> Result<(), FileError> {
    let path = path.as_ref();
    fs::create_dir_all(path).map_err(|source| match exists(path) && !path.is_dir() {
        true => FileError::NotFolder {
            path: path.to_owned(),
        },
        false => FileError::io("create", path)(source),
    })
}

/// Fills a folder whole or not at all, and replaces the former one.
///
/// `fill` writes into an empty folder beside `target`. Then everything is flushed to the disk and
/// the two folders are exchanged in one step, so that at any time the former one or the new one is
/// there. Nothing of the former folder stays; it gives the new one its permissions. Folders above
/// `target` are made; where it is a symbolic link, the folder that it leads to is replaced.
///
/// Where the file system can't exchange, the former folder is moved aside for a moment. A process
/// killed then leaves none, until the next call, or [`recover_folder`], puts the former one back.
///
/// # Errors
/// What `fill` returns, or a [`FileError`] when files can't be flushed or renamed. The former
/// folder is then as it was.
pub fn replace_folder<E: From<FileError>>(
    target: impl AsRef<Path>,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    replace(target.as_ref(), exchange, fill)
}

/// Puts a former folder back that a process was killed while replacing. Usually there is nothing
/// to do; whoever reads a folder that [`replace_folder`] wrote may call this before.
///
/// # Errors
/// [`FileError::Io`] when there is one that can't be put back.
pub fn recover_folder(target: impl AsRef<Path>) -> Result<(), FileError> {
    scratch::recover(&Place::of(target.as_ref())?)
}

fn replace<E: From<FileError>>(
    target: &Path,
    exchange: Exchange,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let place = Place::of(target)?;
    create_folder(&place.folder)?;
    scratch::recover(&place)?;
    scratch::remove_stale(&place);
    let target = place.path();
    if exists(&target) && !target.is_dir() {
        return Err(FileError::NotFolder { path: target }.into());
    }
    let scratch = ScratchFolder::create(&place)?;
    let fresh = scratch.fresh();
    fill(&fresh)?;
    reached("filled");
    if let Ok(former) = fs::metadata(&target) {
        let kept = fs::set_permissions(&fresh, former.permissions());
        kept.map_err(FileError::io("set the permissions of", &fresh))?;
    }
    flush_tree(&fresh)?;
    put_in_place(&scratch, &target, exchange)?;
    flush_folder(&place.folder)?;
    reached("in place");
    Ok(())
}

/// How often a neighbour that replaces the same folder may come first.
const ATTEMPTS: usize = 1000;

fn put_in_place(
    scratch: &ScratchFolder,
    target: &Path,
    exchange: Exchange,
) -> Result<(), FileError> {
    let fresh = scratch.fresh();
    let mut last = ErrorKind::AlreadyExists.into();
    for _ in 0..ATTEMPTS {
        match exchange(&fresh, target) {
            Exchanged::Done => return Ok(()),
            Exchanged::NothingThere => {}
            Exchanged::Unsupported => {
                reached("flushed");
                let moved = scratch.move_aside();
                moved.map_err(FileError::io("move aside", target))?;
            }
        }
        reached("aside");
        let moved = fs::rename(&fresh, target);
        reached("moved in");
        match moved {
            Ok(()) => {
                scratch.retire_former();
                return Ok(());
            }
            // A neighbour's finished folder came first; it is the former one now.
            Err(error) if exists(target) => {
                scratch.retire_former();
                last = error;
            }
            Err(error) => {
                last = error; // dropping the scratch folder puts the former one back
                break;
            }
        }
    }
    Err(FileError::io("move the finished folder to", target)(last))
}

/// Exchanges two folders in one step, where the file system can.
type Exchange = fn(&Path, &Path) -> Exchanged;

enum Exchanged {
    Done,
    NothingThere,
    /// Or refused: then renaming says why.
    Unsupported,
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchange(fresh: &Path, target: &Path) -> Exchanged {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, fresh, CWD, target, RenameFlags::EXCHANGE) {
        Ok(()) => Exchanged::Done,
        Err(rustix::io::Errno::NOENT) => Exchanged::NothingThere,
        Err(_) => Exchanged::Unsupported,
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchange(_fresh: &Path, target: &Path) -> Exchanged {
    match exists(target) {
        true => Exchanged::Unsupported,
        false => Exchanged::NothingThere,
    }
}

/// A point at which the tests end the process, as a kill would.
#[cfg(test)]
fn reached(step: &str) {
    if std::env::var_os(tests::ABORT_AT).is_some_and(|at| at == step) {
        std::process::abort();
    }
}

#[cfg(not(test))]
fn reached(_step: &str) {}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
