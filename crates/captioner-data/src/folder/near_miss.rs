//! What is said of a folder without a metadata file.

use std::collections::BTreeSet;

use crate::DataError;
use crate::tree::Tree;

/// Extensions of tables, whatever the file is called.
const TABLES: [&str; 5] = ["jsonl", "ndjson", "csv", "tsv", "jsonlines"];

/// How many labels or files a message names.
const NAMED: usize = 3;

/// The error for a folder without metadata: with files that may have been meant, or, where
/// pictures lie in folders side by side, saying that labels are no captions.
pub(crate) fn no_metadata(tree: &Tree) -> DataError {
    let folder = tree.root().to_owned();
    let near: Vec<_> = tree
        .others()
        .iter()
        .filter(|path| may_be_meant(path))
        .cloned()
        .collect();
    if near.is_empty()
        && let Some(labels) = labels(tree.picture_folders())
    {
        return DataError::LabelFolders { folder, labels };
    }
    DataError::NoMetadata {
        folder,
        near: near.into_iter().take(NAMED).collect(),
    }
}

/// Whether a file looks like metadata under another name: `metadata.json1`, `meta.csv`,
/// `Metadata.jsonl`, `metadata.jsonl.txt`, `captions.tsv`.
fn may_be_meant(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    TABLES.contains(&extension)
        || name.starts_with("meta")
        || ["metadata.jsonl", "metadata.csv"]
            .iter()
            .any(|known| distance(&name, known) <= 2)
}

/// The labels of a folder that `datasets` would read as a set for classification: pictures in
/// more than one folder, all at the same depth.
fn labels(folders: &BTreeSet<String>) -> Option<Vec<String>> {
    let depth = |folder: &String| folder.matches('/').count();
    let first = folders.first().filter(|folder| !folder.is_empty())?;
    let label = |folder: &String| folder.rsplit('/').next().unwrap_or_default().to_owned();
    let labels: BTreeSet<_> = folders.iter().map(label).collect();
    let same_depth = folders.iter().all(|folder| depth(folder) == depth(first));
    (same_depth && labels.len() > 1).then(|| labels.into_iter().take(NAMED).collect())
}

/// How many letters must be put in, left out or changed to make one name the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in b.bytes().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_close_to_metadata_are_seen() {
        for name in [
            "metadata.json1",
            "metadata.json",
            "metadata.jsonl.txt",
            "meta.csv",
            "Metadata.jsonl",
            "matadata.jsonl",
            "x/metadata.jsnol",
            "captions.jsonl",
            "labels.tsv",
        ] {
            assert!(may_be_meant(name), "{name}");
        }
        for name in ["README.md", "a.txt", "data.zip", "config.json"] {
            assert!(!may_be_meant(name), "{name}");
        }
    }

    #[test]
    fn letters_are_counted() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!((distance("", "abc"), distance("abc", "abc")), (3, 0));
    }

    #[test]
    fn folders_side_by_side_are_labels() {
        let labels = |folders: &[&str]| labels(&folders.iter().map(|&f| f.to_owned()).collect());
        assert_eq!(labels(&["train/cat", "train/dog"]).unwrap(), ["cat", "dog"]);
        assert!(labels(&["", "cat"]).is_none());
        assert!(labels(&["cat", "x/dog"]).is_none());
        assert!(labels(&["images"]).is_none());
        assert!(labels(&["train/images", "test/images"]).is_none());
    }
}
