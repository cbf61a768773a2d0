//! One file, whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use crate::FileError;
use crate::flush::flush_folder;
use crate::place::Place;
use crate::scratch::{ScratchFile, remove_stale};

/// Writes a file whole or not at all.
///
/// The bytes go beside the file, are flushed to the disk, and take the file's name in one step. A
/// former file keeps its permissions; a new one gets those that any new file gets. A symbolic link
/// stays, and what it leads to is written.
///
/// # Errors
/// When the path names a folder, a device or a read-only file, when its folder is missing, or when
/// the operating system refuses. The former file is then as it was.
pub fn write_file(path: impl AsRef<Path>, bytes: &[u8]) -> Result<(), FileError> {
    let path = path.as_ref();
    write_file_with(path, |writer| {
        writer
            .write_all(bytes)
            .map_err(FileError::io("write", path))
    })
}

/// Writes a file whole or not at all, as [`write_file`], from a function that writes its bytes.
///
/// ```
/// use captioner_files::{FileError, write_file_with};
/// use std::io::Write;
/// # let root = tempfile::tempdir().unwrap();
/// # let path = root.path().join("captions.txt");
///
/// write_file_with(&path, |writer| {
///     for caption in ["a green cat", "a blue bird"] {
///         writeln!(writer, "{caption}").map_err(FileError::io("write", &path))?;
///     }
///     Ok::<(), FileError>(())
/// })?;
/// # assert_eq!(std::fs::read_to_string(&path).unwrap(), "a green cat\na blue bird\n");
/// # Ok::<(), FileError>(())
/// ```
///
/// # Errors
/// What `write` returns, or one of [`write_file`]. The former file is then as it was.
pub fn write_file_with<E: From<FileError>>(
    path: impl AsRef<Path>,
    write: impl FnOnce(&mut FileWriter<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let place = Place::of(path.as_ref())?;
    let target = place.path();
    let former = writable(&place)?;
    remove_stale(&place);
    let scratch = ScratchFile::create(&place)?;
    let mut writer = FileWriter(BufWriter::new(scratch.file()));
    write(&mut writer)?;
    let failed = || FileError::io("write", &target);
    writer.flush().map_err(failed())?;
    drop(writer);
    if let Some(former) = former {
        let kept = scratch.file().set_permissions(former.permissions());
        kept.map_err(failed())?;
    }
    scratch.file().sync_all().map_err(failed())?;
    scratch.rename_to(&target).map_err(failed())?;
    flush_folder(&place.folder)?;
    Ok(())
}

/// What a file's bytes are written to. Nobody sees them before they are complete.
#[derive(Debug)]
pub struct FileWriter<'a>(BufWriter<&'a File>);

impl Write for FileWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Seek for FileWriter<'_> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.0.seek(position)
    }
}

/// The former file, if there is one that may be written.
fn writable(place: &Place) -> Result<Option<fs::Metadata>, FileError> {
    let path = place.path();
    match fs::metadata(&path) {
        Ok(found) if found.is_dir() => Err(FileError::IsFolder { path }),
        Ok(found) if !found.is_file() => Err(FileError::NotRegularFile { path }),
        Ok(found) if found.permissions().readonly() => Err(FileError::ReadOnly { path }),
        Ok(found) => Ok(Some(found)),
        Err(_) if place.folder.is_dir() => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(FileError::MissingFolder {
            path,
            folder: place.folder.clone(),
        }),
        Err(error) => Err(FileError::io("write", &path)(error)),
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
