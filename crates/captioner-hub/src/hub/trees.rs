//! Listings kept in the cache: `trees/{commit}.json`, as `huggingface_hub`'s `_tree_cache.py`
//! writes them. They say, without the Hub, whether a snapshot is complete.

use std::collections::BTreeMap;
use std::path::Path;

use captioner_files::{create_folder, write_json};
use serde::{Deserialize, Serialize};

use super::listing::RemoteFile;
use super::names::is_hash;

const FORMAT: u32 = 1;

#[derive(Deserialize, Serialize)]
struct Tree {
    format_version: u32,
    files: BTreeMap<String, Entry>,
}

#[derive(Deserialize, Serialize)]
struct Entry {
    size: u64,
    blob_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lfs_sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lfs_size: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    xet_hash: Option<String>,
}

/// The listing of a commit; none if there is none that can be read.
pub(crate) fn read(path: &Path) -> Option<Vec<RemoteFile>> {
    let bytes = std::fs::read(path).ok()?;
    let tree: Tree = serde_json::from_slice(&bytes).ok()?;
    let files = tree.files.into_iter().map(|(path, entry)| RemoteFile {
        path,
        size: entry.lfs_size.unwrap_or(entry.size),
        blob_id: entry.blob_id,
        sha256: entry.lfs_sha256,
        xet_hash: entry.xet_hash,
    });
    let files: Vec<_> = files.collect();
    let named = |file: &RemoteFile| is_hash(file.etag(), 40) || is_hash(file.etag(), 64);
    (tree.format_version == FORMAT && files.iter().all(named)).then_some(files)
}

/// Keeps a listing. A cache that can't be written is no reason to stop here: the files come next.
pub(crate) fn write(path: &Path, files: &[RemoteFile]) {
    let entry = |file: &RemoteFile| Entry {
        size: file.size,
        blob_id: file.blob_id.clone(),
        lfs_size: file.sha256.as_ref().map(|_| file.size),
        lfs_sha256: file.sha256.clone(),
        xet_hash: file.xet_hash.clone(),
    };
    let files = files.iter().map(|file| (file.path.clone(), entry(file)));
    let tree = Tree {
        format_version: FORMAT,
        files: files.collect(),
    };
    if let Some(folder) = path.parent()
        && create_folder(folder).is_ok()
    {
        let _ = write_json(path, &tree);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(sha256: Option<String>) -> RemoteFile {
        RemoteFile {
            path: "a/b".into(),
            size: 3,
            blob_id: "0".repeat(40),
            sha256,
            xet_hash: None,
        }
    }

    #[test]
    fn a_listing_is_read_as_it_was_written() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("trees").join("x.json");
        for files in [vec![file(None)], vec![file(Some("1".repeat(64)))], vec![]] {
            write(&path, &files);
            assert_eq!(read(&path).unwrap(), files);
        }
    }

    #[test]
    fn other_formats_and_hashes_that_are_paths_are_no_listing() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("x.json");
        assert!(read(&path).is_none());
        write(&path, &[file(Some("../x".into()))]);
        assert!(read(&path).is_none());
        std::fs::write(&path, r#"{"format_version": 2, "files": {}}"#).unwrap();
        assert!(read(&path).is_none());
    }
}
