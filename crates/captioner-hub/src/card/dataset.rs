//! The data set of a card.

use std::path::Path;

use super::origin::hub_id_of;

/// The data set of a [`ModelCard`](super::ModelCard).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CardDataset {
    /// Its name, for people.
    pub name: String,
    /// Its repository on the Hub, where it has one.
    pub id: Option<String>,
    /// Its configuration, where the repository has several.
    pub config: Option<String>,
    /// The split that the metrics are of.
    pub split: Option<String>,
    /// The revision of the repository.
    pub revision: Option<String>,
    /// Rows that were trained on.
    pub training_rows: Option<usize>,
    /// Rows that the metrics are of.
    pub evaluated_rows: Option<usize>,
}

impl CardDataset {
    /// The set that a user named: `owner/name`, `owner/name@revision`, `owner/name:configuration`,
    /// or what is here, which goes by its last name: a card tells nobody's folders.
    ///
    /// ```
    /// use captioner_hub::CardDataset;
    ///
    /// let set = CardDataset::named("user/set@v1:large");
    /// assert_eq!(set.id.as_deref(), Some("user/set"));
    /// assert_eq!((set.revision.as_deref(), set.config.as_deref()), (Some("v1"), Some("large")));
    /// assert_eq!(CardDataset::named("/home/me/pictures/cats").name, "cats");
    /// ```
    pub fn named(spec: &str) -> Self {
        let (whole, config) = match spec.split_once(':') {
            Some((whole, config)) if !Path::new(spec).exists() => (whole, Some(config)),
            _ => (spec, None),
        };
        let Some(id) = hub_id_of(whole) else {
            return Self {
                name: last_name(spec),
                ..Self::default()
            };
        };
        let revision = whole.split_once('@').map(|(_, revision)| revision);
        let revision = revision.or_else(|| snapshot_of(whole));
        Self {
            name: id.clone(),
            id: Some(id),
            config: config.map(str::to_owned),
            revision: revision.map(str::to_owned),
            ..Self::default()
        }
    }
}

fn last_name(spec: &str) -> String {
    let path = Path::new(spec);
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = whole.file_name().unwrap_or_default().to_string_lossy();
    match name.is_empty() {
        true => "pictures".to_owned(),
        false => name.into_owned(),
    }
}

/// The commit of a snapshot in the Hub's cache.
fn snapshot_of(path: &str) -> Option<&str> {
    let mut parts = Path::new(path).iter().filter_map(|part| part.to_str());
    parts.find(|part| *part == "snapshots")?;
    parts.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_here_goes_by_its_last_name() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("user/set");
        std::fs::create_dir_all(&folder).unwrap();
        let set = CardDataset::named(folder.to_str().unwrap());
        assert_eq!((set.name.as_str(), set.id), ("set", None));
        // Whatever way it is given.
        let inside = folder.join(".");
        let set = CardDataset::named(inside.to_str().unwrap());
        assert_eq!(set.name, "set");
        assert_eq!(CardDataset::named("/").name, "pictures");
    }

    #[test]
    fn a_snapshot_of_the_cache_names_its_repository_and_commit() {
        let set = CardDataset::named("/c/hub/datasets--user--set/snapshots/0123abc/data");
        assert_eq!(set.id.as_deref(), Some("user/set"));
        assert_eq!(set.revision.as_deref(), Some("0123abc"));
    }
}
