//! Which files of a repository a data set is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::{HubError, RepoId, RepoKind};

use super::Hub;
use super::configurations::{Configuration, configurations};
use super::listing::RemoteFile;
use super::snapshot::Snapshot;

/// The branch that the Hub converts sets to.
const CONVERTED: &str = "refs/convert/parquet";
const README: &str = "README.md";
/// Files that a captioned set of pictures may consist of, beside its metadata.
const PICTURES: [&str; 9] = [
    "png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff", "txt",
];
const METADATA: [&str; 3] = ["metadata.jsonl", "metadata.csv", "metadata.parquet"];

/// The files of a data set in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetFiles {
    /// The folder that holds them: the snapshot's, or that of the configuration in it.
    pub folder: PathBuf,
    /// The files.
    pub files: Vec<PathBuf>,
    /// The files of each split, where the data set's card or the Hub's conversion says so; where
    /// it is empty, the names of the files say it.
    pub splits: Vec<(String, Vec<PathBuf>)>,
}

type Splits = Vec<(String, Vec<RemoteFile>)>;

/// Finds the files in one of the forms that are read here, and fetches them.
pub(crate) fn find(hub: &Hub, id: &RepoId, wanted: Option<&str>) -> Result<DatasetFiles, HubError> {
    let card = hub.choose(RepoKind::Dataset, id, false, |files| {
        Ok(files
            .iter()
            .filter(|file| file.path == README)
            .cloned()
            .collect())
    })?;
    let readme = std::fs::read_to_string(card.folder.join(README)).unwrap_or_default();
    // The same commit from here on, whatever is pushed meanwhile.
    let at = id.at(&card.commit)?;
    let found = in_any_form(hub, id, &at, &configurations(&readme), wanted)?;
    // Until all files are there, an older snapshot serves.
    hub.remember(RepoKind::Dataset, id, &card.commit)?;
    Ok(found)
}

fn in_any_form(
    hub: &Hub,
    id: &RepoId,
    at: &RepoId,
    configurations: &[Configuration],
    wanted: Option<&str>,
) -> Result<DatasetFiles, HubError> {
    match own_parquet(hub, at, id, configurations, wanted) {
        Err(HubError::NoData { .. }) => {}
        other => return other,
    }
    match converted(hub, id, wanted) {
        Err(HubError::Revision { .. } | HubError::Offline { .. } | HubError::NoData { .. }) => {}
        other => return other,
    }
    match wanted {
        Some(_) => Err(configuration(id, configurations)),
        None => pictures(hub, at, id),
    }
}

/// The parquet files of the repository itself, by the configurations of its card.
fn own_parquet(
    hub: &Hub,
    at: &RepoId,
    id: &RepoId,
    configurations: &[Configuration],
    wanted: Option<&str>,
) -> Result<DatasetFiles, HubError> {
    let chosen = match configurations {
        // The Hub's conversion may have it.
        [] if wanted.is_some() => return Err(HubError::NoData { id: id.to_string() }),
        [] => None,
        several => Some(choose(id, several, wanted)?.clone()),
    };
    let of = id.clone();
    let split = move |files: &[RemoteFile]| -> Splits {
        let files: Vec<_> = files.iter().filter(|file| is_data(file)).cloned().collect();
        match &chosen {
            Some(chosen) => chosen.files(&files),
            None => vec![(String::new(), files)],
        }
    };
    let choice = split.clone();
    let found = hub.choose(RepoKind::Dataset, at, false, move |files| {
        some(&of, choice(files))
    })?;
    let files = dataset_files(&found, split(&as_remote(&found)));
    // One configuration of several: the folder of its files, not that of all.
    Ok(match configurations {
        [] | [_] => files,
        _ => DatasetFiles {
            folder: common(&found.folder, &files.files),
            ..files
        },
    })
}

/// The parquet files that the Hub converted: `configuration/split/0000.parquet`.
fn converted(hub: &Hub, id: &RepoId, wanted: Option<&str>) -> Result<DatasetFiles, HubError> {
    let (of, wanted) = (id.clone(), wanted.map(str::to_owned));
    let branch = id.at(CONVERTED)?;
    let split = move |files: &[RemoteFile]| {
        let all = by_configuration(files);
        let chosen = choose(&of, &all, wanted.as_deref())?;
        Ok::<Splits, HubError>(chosen.files(files))
    };
    let (choice, of) = (split.clone(), id.clone());
    let found = hub.choose(RepoKind::Dataset, &branch, true, move |files| {
        some(&of, choice(files)?)
    })?;
    let files = dataset_files(&found, split(&as_remote(&found))?);
    let path = found.files.first().and_then(|path| path.split('/').next());
    Ok(DatasetFiles {
        folder: found.folder.join(path.unwrap_or_default()),
        ..files
    })
}

/// Whole conversions only: `partial-train` holds the first 5 GB of a set.
fn by_configuration(files: &[RemoteFile]) -> Vec<Configuration> {
    let mut all: BTreeMap<&str, BTreeMap<&str, Vec<String>>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.path.ends_with(".parquet")) {
        if let [name, split, _] = file.path.split('/').collect::<Vec<_>>()[..]
            && !split.starts_with("partial-")
        {
            let splits = all.entry(name).or_default();
            splits.entry(split).or_default().push(file.path.clone());
        }
    }
    let owned = |(split, files): (&str, Vec<String>)| (split.to_owned(), files);
    all.into_iter()
        .map(|(name, splits)| Configuration {
            name: name.to_owned(),
            default: false,
            splits: splits.into_iter().map(owned).collect(),
        })
        .collect()
}

/// Tar files, or pictures with their captions beside them.
fn pictures(hub: &Hub, at: &RepoId, id: &RepoId) -> Result<DatasetFiles, HubError> {
    let of = id.clone();
    let found = hub.choose(RepoKind::Dataset, at, false, move |files| {
        let tars: Vec<_> = files
            .iter()
            .filter(|file| file.path.ends_with(".tar"))
            .cloned()
            .collect();
        let tars = if tars.is_empty() {
            captioned(files)
        } else {
            tars
        };
        some(&of, vec![(String::new(), tars)])
    })?;
    let files = vec![(String::new(), as_remote(&found))];
    Ok(dataset_files(&found, files))
}

/// The pictures of a repository with metadata, or with a text of the same name beside each.
fn captioned(files: &[RemoteFile]) -> Vec<RemoteFile> {
    let name = |file: &RemoteFile| file.path.rsplit('/').next().unwrap_or_default().to_owned();
    let is_metadata = |file: &RemoteFile| METADATA.contains(&name(file).as_str());
    let ending = |file: &RemoteFile| {
        file.path
            .rsplit('.')
            .next()
            .unwrap_or_default()
            .to_lowercase()
    };
    let is_part =
        |file: &RemoteFile| is_metadata(file) || PICTURES.contains(&ending(file).as_str());
    let texts = files.iter().any(|file| ending(file) == "txt");
    let pictures = files
        .iter()
        .any(|file| ending(file) != "txt" && !is_metadata(file) && is_part(file));
    if pictures && (texts || files.iter().any(is_metadata)) {
        files.iter().filter(|file| is_part(file)).cloned().collect()
    } else {
        Vec::new()
    }
}

fn is_data(file: &RemoteFile) -> bool {
    let hidden = file.path.split('/').any(|part| part.starts_with('.'));
    file.path.ends_with(".parquet") && !file.path.ends_with("metadata.parquet") && !hidden
}

/// The configuration that is named, the default one, or the only one.
fn choose<'a>(
    id: &RepoId,
    all: &'a [Configuration],
    wanted: Option<&str>,
) -> Result<&'a Configuration, HubError> {
    let named = |name: &str| all.iter().find(|one| one.name == name);
    let found = match (wanted, all) {
        (_, []) => return Err(HubError::NoData { id: id.to_string() }),
        (Some(name), _) => named(name),
        (None, [only]) => Some(only),
        (None, _) => all
            .iter()
            .find(|one| one.default)
            .or_else(|| named("default")),
    };
    found.ok_or_else(|| configuration(id, all))
}

fn configuration(id: &RepoId, all: &[Configuration]) -> HubError {
    let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).take(20).collect();
    let found = match all.len() {
        0 => "default".to_owned(),
        count if count > 20 => format!("{}, ... ({count} of them)", names.join(", ")),
        _ => names.join(", "),
    };
    HubError::Configuration {
        id: id.to_string(),
        found,
    }
}

/// All files of all splits, or an error if there is none.
fn some(id: &RepoId, splits: Splits) -> Result<Vec<RemoteFile>, HubError> {
    let files: Vec<_> = splits.into_iter().flat_map(|(_, files)| files).collect();
    if files.is_empty() {
        return Err(HubError::NoData { id: id.to_string() });
    }
    Ok(files)
}

/// The files of a snapshot as a listing, to be told apart once more.
fn as_remote(found: &Snapshot) -> Vec<RemoteFile> {
    let file = |path: &String| RemoteFile {
        path: path.clone(),
        size: 0,
        blob_id: String::new(),
        sha256: None,
        xet_hash: None,
    };
    found.files.iter().map(file).collect()
}

fn dataset_files(found: &Snapshot, splits: Splits) -> DatasetFiles {
    let path = |file: &RemoteFile| found.folder.join(&file.path);
    let paths = |files: &[RemoteFile]| files.iter().map(path).collect::<Vec<_>>();
    let files: Vec<PathBuf> = splits.iter().flat_map(|(_, files)| paths(files)).collect();
    let named = splits
        .iter()
        .filter(|(name, files)| !name.is_empty() && !files.is_empty());
    DatasetFiles {
        folder: found.folder.clone(),
        splits: named
            .map(|(name, files)| (name.clone(), paths(files)))
            .collect(),
        files,
    }
}

/// The deepest folder below `root` that holds all files.
fn common(root: &Path, files: &[PathBuf]) -> PathBuf {
    let mut parents = files.iter().filter_map(|file| file.parent());
    let Some(first) = parents.next() else {
        return root.to_owned();
    };
    let holds = |folder: &&Path| files.iter().all(|file| file.starts_with(folder));
    first.ancestors().find(holds).unwrap_or(root).to_owned()
}
