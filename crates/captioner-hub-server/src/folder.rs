//! Repositories from a folder tree.

use std::fs;
use std::io;
use std::path::Path;

use crate::content::Content;
use crate::repository::RepoKind;
use crate::request::decode;
use crate::state::State;

impl State {
    /// Adds `FOLDER/models/OWNER/NAME` and `FOLDER/datasets/OWNER/NAME`; `NAME@BRANCH` is another
    /// branch, its name percent-encoded (`NAME@refs%2Fconvert%2Fparquet`).
    ///
    /// # Errors
    /// When the folder can't be read.
    pub fn add_folder(&self, root: impl AsRef<Path>) -> io::Result<()> {
        for kind in [RepoKind::Model, RepoKind::Dataset] {
            for owner in names(&root.as_ref().join(kind.plural()))? {
                let folder = root.as_ref().join(kind.plural()).join(&owner);
                for name in names(&folder)? {
                    let mut files = Vec::new();
                    collect(&folder.join(&name), "", &mut files)?;
                    let (plain, branch) = name.split_once('@').unwrap_or((&name, "main"));
                    self.add_files(kind, &format!("{owner}/{plain}"), &decode(branch), files)?;
                }
            }
        }
        Ok(())
    }
}

/// The names in a folder, sorted; none if there is no folder.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder)?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, Content)>) -> io::Result<()> {
    for name in names(folder)? {
        let path = folder.join(&name);
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), files)?;
        } else {
            files.push((format!("{prefix}{name}"), Content::file(path)?));
        }
    }
    Ok(())
}
