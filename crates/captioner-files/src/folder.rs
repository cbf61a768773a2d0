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
    replace(target.as_ref(), exchange, |_| Ok(()), fill)
}

/// As [`replace_folder`], but `fill` writes over a copy of the former folder: what it does not write
/// stays as it was, and all that it writes appears together.
///
/// The copy is of hard links where the file system has them, so `fill` must replace files, as
/// [`write_file`](crate::write_file) does, and not write into them.
///
/// # Errors
/// As [`replace_folder`], and when the former folder can't be copied.
pub fn update_folder<E: From<FileError>>(
    target: impl AsRef<Path>,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let target = Place::of(target.as_ref())?.path();
    let link = |fresh: &Path| match target.is_dir() {
        true => link_tree(&target, fresh),
        false => Ok(()),
    };
    replace(&target, exchange, link, fill)
}

/// Removes a folder: it is gone from its place in one step, and its files after that. What a kill
/// leaves of them is scratch, not half a folder.
///
/// # Errors
/// [`FileError::Io`] when it can't be moved aside.
pub fn remove_folder(target: impl AsRef<Path>) -> Result<(), FileError> {
    let place = Place::of(target.as_ref())?;
    let target = place.path();
    let scratch = ScratchFolder::create(&place)?;
    scratch
        .take_out()
        .map_err(FileError::io("remove", &target))?;
    reached("taken out");
    flush_folder(&place.folder)
}

/// Removes what killed processes left in a folder, of whichever file or folder in it, after former
/// folders were put back.
///
/// # Errors
/// [`FileError::Io`] when a former folder can't be put back.
pub fn clean_folder(folder: impl AsRef<Path>) -> Result<(), FileError> {
    for place in scratch::targets_in(folder.as_ref()) {
        scratch::recover(&place)?;
        scratch::remove_stale(&place);
    }
    Ok(())
}

/// Fills an empty folder with the files of another: hard links, or copies where there are none.
fn link_tree(from: &Path, to: &Path) -> Result<(), FileError> {
    let copied = || FileError::io("copy", from);
    for entry in fs::read_dir(from).map_err(copied())? {
        let entry = entry.map_err(copied())?;
        let (source, copy) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(copied())?;
        if kind.is_dir() {
            fs::create_dir(&copy).map_err(FileError::io("create", &copy))?;
            link_tree(&source, &copy)?;
            let data = fs::metadata(&source).map_err(copied())?;
            fs::set_permissions(&copy, data.permissions())
                .map_err(FileError::io("set the permissions of", &copy))?;
        } else if fs::hard_link(&source, &copy).is_err() {
            fs::copy(&source, &copy).map_err(FileError::io("copy", &source))?;
        }
    }
    Ok(())
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
    prepare: impl FnOnce(&Path) -> Result<(), FileError>,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let place = Place::of(target)?;
    create_folder(&place.folder)?;
    scratch::recover(&place)?;
    scratch::remove_stale(&place);
    let target = place.path();
    // Asked once: between two questions a neighbour may have moved the folder aside.
    if fs::symlink_metadata(&target).is_ok_and(|found| !found.is_dir()) {
        return Err(FileError::NotFolder { path: target }.into());
    }
    let scratch = ScratchFolder::create(&place)?;
    let fresh = scratch.fresh();
    prepare(&fresh)?;
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
