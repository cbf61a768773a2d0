//! Where a file or folder lies once links are followed.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use crate::FileError;

/// As many links as Linux follows.
const MAX_LINKS: usize = 40;

/// A path as its folder and its name there. The name is not a link.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) folder: PathBuf,
    pub(crate) name: OsString,
}

impl Place {
    /// Follows links, so that what they lead to is written and they stay.
    pub(crate) fn of(path: &Path) -> Result<Self, FileError> {
        let mut place = Self::split(path)?;
        for _ in 0..MAX_LINKS {
            let Ok(link) = fs::read_link(place.path()) else {
                return Ok(place); // no link, or nothing there
            };
            place = Self::split(&place.folder.join(link))?;
        }
        Err(FileError::TooManyLinks {
            path: path.to_owned(),
            limit: MAX_LINKS,
        })
    }

    fn split(path: &Path) -> Result<Self, FileError> {
        let (Some(name), Some(folder)) = (path.file_name(), path.parent()) else {
            return Err(FileError::NoName {
                path: path.to_owned(),
            });
        };
        let here = folder.as_os_str().is_empty();
        let folder = if here { Path::new(".") } else { folder };
        Ok(Self {
            folder: folder.to_owned(),
            name: name.to_owned(),
        })
    }

    pub(crate) fn path(&self) -> PathBuf {
        match self.folder.as_os_str() == OsStr::new(".") {
            true => PathBuf::from(&self.name),
            false => self.folder.join(&self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_name_lies_in_the_current_folder() {
        let place = Place::of(Path::new("config.json")).unwrap();
        assert_eq!(place.folder, Path::new("."));
        assert_eq!(place.path(), Path::new("config.json"));
    }
}
