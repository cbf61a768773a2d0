//! What a path holds, and how each of its splits is opened.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use serde::Deserialize;

use crate::folder::{has_metadata, no_metadata};
use crate::open_formats::{open_arrow, open_parquet, open_tar};
use crate::shard_pattern::expand;
use crate::split_names::{DEFAULT_SPLIT, splits_of_shards};
use crate::text_pairs::has_pairs;
use crate::tree::Tree;
use crate::{CaptionDataset, CocoDataset, DataError, OpenOptions, PictureFolder, TextPairFolder};

/// Opens a split.
pub(crate) type Opener =
    Box<dyn FnOnce(&OpenOptions) -> Result<Arc<dyn CaptionDataset>, DataError>>;

/// The splits of a set, unopened, in order.
pub(crate) type Layout = Vec<(String, Opener)>;

/// A function that opens shards.
type OpenShards = fn(&[PathBuf], &OpenOptions) -> Result<Arc<dyn CaptionDataset>, DataError>;

/// The largest `dataset_dict.json`.
const MAX_DICT_BYTES: u64 = 1 << 20;

/// Files that look like sets and are none here: how their names end, what they are, what helps.
const REFUSED: [(&[&str], &str, &str); 5] = [
    (
        &[".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst"],
        "a compressed tar file",
        "rows are read from anywhere within a tar, so decompress it to a plain .tar",
    ),
    (
        &[".zip", ".7z", ".rar"],
        "an archive",
        "unpack it and give the folder",
    ),
    (
        &[".arrow"],
        "an Arrow file alone",
        "give the folder that `save_to_disk` wrote, with its state.json",
    ),
    (
        &[
            ".parquet.gz",
            ".jsonl.gz",
            ".csv.gz",
            ".jsonl.zst",
            ".json.gz",
        ],
        "a compressed file",
        "decompress it",
    ),
    (
        &[".h5", ".hdf5", ".tfrecord", ".lmdb", ".mdb", ".pkl"],
        "a file of a format that is not read here",
        "write the set as a picture folder, as Parquet or as WebDataset tar files",
    ),
];

/// Files that the folder of a model, or of an adapter, has and no set.
const OF_MODELS: [&str; 4] = [
    "config.json",
    "adapter_config.json",
    "model.safetensors",
    "pytorch_model.bin",
];

/// What a file holds.
pub(crate) fn of_file(path: &Path, options: &OpenOptions) -> Result<Layout, DataError> {
    let name = lower_name(path);
    if let Some(error) = refused(path) {
        return Err(error);
    }
    if name.ends_with(".parquet") {
        return Ok(one_split(vec![path.to_owned()], open_parquet));
    }
    if name.ends_with(".tar") {
        return Ok(one_split(vec![path.to_owned()], open_tar));
    }
    if name.ends_with(".json") {
        return coco(path, options);
    }
    Err(DataError::NotAFolder {
        path: path.to_owned(),
    })
}

/// The shards of a pattern such as `shards-{000..010}.tar`; none if it is no pattern of shards.
pub(crate) fn of_pattern(pattern: &str) -> Option<Layout> {
    let open = match Path::new(pattern).extension()?.to_str()? {
        "tar" => open_tar,
        "parquet" => open_parquet,
        _ => return None,
    };
    let shards = expand(pattern)?.into_iter().map(PathBuf::from).collect();
    Some(one_split(shards, open))
}

/// What a folder holds.
pub(crate) fn of_folder(folder: &Path, options: &OpenOptions) -> Result<Layout, DataError> {
    if folder.join("dataset_dict.json").is_file() {
        return saved_splits(folder);
    }
    if folder.join("state.json").is_file() && folder.join("dataset_info.json").is_file() {
        return Ok(vec![saved(DEFAULT_SPLIT, folder.to_owned())]);
    }
    let tree = Rc::new(Tree::list(folder)?);
    if has_metadata(&tree) {
        return picture_folder(&tree);
    }
    if has_pairs(&tree) {
        return text_pairs(folder);
    }
    shards(&tree, ".parquet", open_parquet)
        .or_else(|| shards(&tree, ".tar", open_tar))
        .map_or_else(|| other_files(&tree, options), Ok)
}

/// COCO's own layout, or an error for what is there.
fn other_files(tree: &Tree, options: &OpenOptions) -> Result<Layout, DataError> {
    let files = || tree.others().iter().map(|path| tree.root().join(path));
    let is_coco = |path: &PathBuf| {
        let name = lower_name(path);
        let known = name.starts_with("captions_") || name.starts_with("dataset_coco");
        known && name.ends_with(".json")
    };
    let mut splits = Layout::new();
    for file in files().filter(is_coco) {
        splits.extend(coco(&file, options)?);
    }
    let names: Vec<_> = splits.iter().map(|(name, _)| name.clone()).collect();
    if (1..names.len()).any(|at| names[..at].contains(&names[at])) {
        return Err(DataError::UnsupportedFormat {
            path: tree.root().to_owned(),
            found: "a folder with several COCO captions files of one split",
            help: "give one of the files",
        });
    }
    if !splits.is_empty() {
        return Ok(splits);
    }
    if OF_MODELS
        .iter()
        .any(|file| tree.root().join(file).is_file())
    {
        return Err(DataError::UnsupportedFormat {
            path: tree.root().to_owned(),
            found: "the folder of a model",
            help: "give it where the model is asked for, and here the set",
        });
    }
    // Pictures with a wrong metadata file are meant more likely than an archive beside them.
    let archive = files().find_map(|path| refused(&path));
    match archive {
        Some(error) if tree.picture_folders().is_empty() => Err(error),
        _ => Err(no_metadata(tree)),
    }
}

fn lower_name(path: &Path) -> String {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().to_ascii_lowercase());
    name.unwrap_or_default()
}

/// The error for a file that looks like a set and is none here.
pub(crate) fn refused(path: &Path) -> Option<DataError> {
    let name = lower_name(path);
    let ends_so = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    let &(_, found, help) = REFUSED.iter().find(|(ends, ..)| ends_so(ends))?;
    Some(DataError::UnsupportedFormat {
        path: path.to_owned(),
        found,
        help,
    })
}

fn one_split(files: Vec<PathBuf>, open: OpenShards) -> Layout {
    let opener: Opener = Box::new(move |options| open(&files, options));
    vec![(DEFAULT_SPLIT.to_owned(), opener)]
}

fn shards(tree: &Tree, ending: &str, open: OpenShards) -> Option<Layout> {
    let is_shard = |path: &&String| path.to_ascii_lowercase().ends_with(ending);
    let files: Vec<_> = tree.others().iter().filter(is_shard).cloned().collect();
    if files.is_empty() {
        return None;
    }
    let opener = |(split, files): (String, Vec<String>)| {
        let files: Vec<_> = files.iter().map(|file| tree.root().join(file)).collect();
        let opener: Opener = Box::new(move |options| open(&files, options));
        (split, opener)
    };
    Some(splits_of_shards(&files).into_iter().map(opener).collect())
}

fn picture_folder(tree: &Rc<Tree>) -> Result<Layout, DataError> {
    let splits = PictureFolder::split_files(tree)?;
    let several = splits.len() > 1;
    let opener = |split: (String, _)| {
        let (name, tree) = (split.0.clone(), tree.clone());
        let opener: Opener = Box::new(move |options| {
            let set = PictureFolder::of_split(&tree, split, several, options)?;
            Ok(Arc::new(set))
        });
        (name, opener)
    };
    Ok(splits.into_iter().map(opener).collect())
}

fn text_pairs(folder: &Path) -> Result<Layout, DataError> {
    let splits = TextPairFolder::split_files(folder)?;
    let several = splits.len() > 1;
    let opener = |split: (String, Vec<String>)| {
        let (name, folder) = (split.0.clone(), folder.to_owned());
        let opener: Opener = Box::new(move |options| {
            let set = TextPairFolder::of_split(&folder, &split, several, options)?;
            Ok(Arc::new(set))
        });
        (name, opener)
    };
    Ok(splits.into_iter().map(opener).collect())
}

/// A COCO file is read whole to know its splits, so they are open already.
fn coco(path: &Path, options: &OpenOptions) -> Result<Layout, DataError> {
    let splits = CocoDataset::open_splits(path, options)?;
    let opener = |(name, set): (String, CocoDataset)| {
        let opener: Opener = Box::new(move |_| Ok(Arc::new(set)));
        (name, opener)
    };
    Ok(splits.into_iter().map(opener).collect())
}

fn saved(split: &str, folder: PathBuf) -> (String, Opener) {
    let opener: Opener = Box::new(move |options| open_arrow(&folder, options));
    (split.to_owned(), opener)
}

/// `dataset_dict.json`: `{"splits": ["train", "test"]}`, each a folder beside it.
fn saved_splits(folder: &Path) -> Result<Layout, DataError> {
    #[derive(Deserialize)]
    struct Dict {
        splits: Vec<String>,
    }
    let path = folder.join("dataset_dict.json");
    let mut text = String::new();
    let file = File::open(&path).map(|file| file.take(MAX_DICT_BYTES));
    let read = file.and_then(|mut file| file.read_to_string(&mut text));
    read.map_err(|source| DataError::Io {
        path: path.clone(),
        source,
    })?;
    let dict: Option<Dict> = serde_json::from_str(&text).ok();
    let plain =
        |split: &String| !split.is_empty() && !split.contains(['/', '\\', ':']) && split != "..";
    match dict.filter(|dict| !dict.splits.is_empty() && dict.splits.iter().all(plain)) {
        Some(dict) => Ok(dict
            .splits
            .iter()
            .map(|split| saved(split, folder.join(split)))
            .collect()),
        None => Err(DataError::UnsupportedFormat {
            path,
            found: "no list of splits",
            help: "write the set with `save_to_disk` again",
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn folder(files: &[(&str, &str)]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn splits(files: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let folder = folder(files);
        let layout = of_folder(folder.path(), &OpenOptions::default());
        let layout = layout.map_err(|error| error.to_string())?;
        Ok(layout.into_iter().map(|(split, _)| split).collect())
    }

    #[test]
    fn shards_are_found_with_their_splits() {
        let parquet = [
            ("README.md", ""),
            ("data/test-00000-of-00001.parquet", ""),
            ("data/train-00000-of-00001-0a1b.parquet", ""),
        ];
        assert_eq!(splits(&parquet).unwrap(), ["train", "test"]);
        assert_eq!(splits(&[("a.tar", ""), ("b.tar", "")]).unwrap(), ["train"]);
        assert_eq!(
            splits(&[("val/0.tar", ""), ("train/0.tar", "")]).unwrap(),
            ["train", "validation"]
        );
        assert_eq!(of_pattern("x/{00..11}.tar").unwrap().len(), 1);
        assert!(of_pattern("x/{00..11}.zip").is_none() && of_pattern("x.tar").is_none());
    }

    #[test]
    fn what_save_to_disk_wrote_is_found() {
        let one = [
            ("dataset_info.json", "{}"),
            ("state.json", "{}"),
            ("data-00000-of-00001.arrow", ""),
        ];
        assert_eq!(splits(&one).unwrap(), ["train"]);
        let dict = |text| splits(&[("dataset_dict.json", text), ("a/state.json", "{}")]);
        assert_eq!(dict(r#"{"splits": ["a", "b"]}"#).unwrap(), ["a", "b"]);
        for bad in [
            "",
            "{}",
            r#"{"splits": []}"#,
            r#"{"splits": ["../a"]}"#,
            r#"{"splits": [".."]}"#,
        ] {
            assert!(
                dict(bad).unwrap_err().contains("no list of splits"),
                "{bad}"
            );
        }
    }

    #[test]
    fn archives_alone_are_refused_by_name() {
        for (name, found) in [
            ("a.tar.gz", "a compressed tar"),
            ("a.zip", "an archive"),
            ("a.arrow", "an Arrow file alone"),
        ] {
            let error = splits(&[("README.md", ""), (name, "")]).unwrap_err();
            assert!(error.contains(found) && error.contains(name), "{error}");
        }
        let with_pictures = splits(&[("a.png", ""), ("a.zip", "")]).unwrap_err();
        assert!(
            with_pictures.contains("neither metadata.jsonl"),
            "{with_pictures}"
        );
    }
}
