//! The repository that a model or a data set came from.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::readme::head_value;
use crate::RepoId;

/// The repository on the Hub of what a user named: a folder of the Hub's cache is that of its
/// repository, any other folder or file is of none, and what is not here may be a repository's name.
///
/// ```
/// use captioner_hub::hub_id_of;
///
/// assert_eq!(hub_id_of("microsoft/git-base@main").as_deref(), Some("microsoft/git-base"));
/// let cached = "/home/me/.cache/huggingface/hub/models--microsoft--git-base/snapshots/0123abc";
/// assert_eq!(hub_id_of(cached).as_deref(), Some("microsoft/git-base"));
/// assert_eq!(hub_id_of("/home/me/git-pokemon/model"), None);
/// ```
pub fn hub_id_of(spec: &str) -> Option<String> {
    let path = Path::new(spec);
    let mut parts = path.iter().filter_map(|part| part.to_str());
    if let Some(cached) = parts.find_map(cached_id) {
        return Some(cached);
    }
    match path.exists() {
        true => None,
        false => plain_id(spec),
    }
}

/// Where a checkpoint came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Its repository on the Hub, or the one that it was fine-tuned from.
    pub id: Option<String>,
    /// The license that its card names.
    pub license: Option<String>,
}

impl Origin {
    /// Where the checkpoint came from that a user named and that lies in `folder`: the name itself,
    /// the place in the Hub's cache, or what the card, `config.json` (`_name_or_path`, which
    /// transformers writes) or `adapter_config.json` of the folder says. A local path is never one.
    ///
    /// ```
    /// use captioner_hub::Origin;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let card = "---\nlicense: mit\nbase_model: microsoft/git-base\n---\n";
    /// std::fs::write(folder.path().join("README.md"), card)?;
    /// let origin = Origin::of(&folder.path().to_string_lossy(), folder.path());
    /// assert_eq!(origin.id.as_deref(), Some("microsoft/git-base"));
    /// assert_eq!(origin.license.as_deref(), Some("mit"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn of(spec: &str, folder: impl AsRef<Path>) -> Self {
        let folder = folder.as_ref();
        let card = fs::read_to_string(folder.join("README.md")).unwrap_or_default();
        let of_card = || head_value(&card, "base_model").and_then(|id| plain_id(&id));
        let id = hub_id_of(spec)
            .or_else(|| hub_id_of(&folder.to_string_lossy()))
            .or_else(of_card)
            .or_else(|| named_in(&folder.join("config.json"), "_name_or_path"))
            .or_else(|| {
                named_in(
                    &folder.join("adapter_config.json"),
                    "base_model_name_or_path",
                )
            });
        Self {
            id,
            license: head_value(&card, "license").filter(|license| is_license(license)),
        }
    }
}

/// `owner/name` of what is written as a repository's name.
fn plain_id(text: &str) -> Option<String> {
    RepoId::parse(text).ok().map(|id| id.id())
}

/// `models--owner--name` of the cache.
fn cached_id(part: &str) -> Option<String> {
    let (kind, rest) = part.split_once("--")?;
    let (owner, name) = rest.split_once("--")?;
    let known = matches!(kind, "models" | "datasets");
    plain_id(&format!("{owner}/{name}")).filter(|_| known)
}

/// The repository that a JSON file names under a key. A relative folder looks like one, and is none.
fn named_in(file: &Path, key: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let json: Value = serde_json::from_str(&text).ok()?;
    hub_id_of(json.get(key)?.as_str()?)
}

/// The Hub's names of licenses: `mit`, `apache-2.0`, `cc-by-nc-4.0`.
fn is_license(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    !text.is_empty() && text.len() <= 40 && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(files: &[(&str, &str)]) -> Origin {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Origin::of(folder.path().to_str().unwrap(), folder.path())
    }

    #[test]
    fn a_local_path_is_no_origin() {
        assert_eq!(origin(&[]), Origin::default());
        for path in ["/home/me/git-base", "./git/base", "../a", "C:\\git\\base"] {
            let config = serde_json::json!({ "_name_or_path": path }).to_string();
            let base = serde_json::json!({ "base_model_name_or_path": path }).to_string();
            let files = [
                ("config.json", config.as_str()),
                ("adapter_config.json", base.as_str()),
            ];
            assert_eq!(origin(&files).id, None, "{path}");
        }
        let card = "---\nbase_model: /home/me/x\nlicense: \"a: b\"\n---\n";
        assert_eq!(origin(&[("README.md", card)]), Origin::default());
    }

    #[test]
    fn what_its_own_files_name_is_the_origin() {
        let config = r#"{"_name_or_path": "microsoft/git-base"}"#;
        let found = origin(&[("config.json", config)]);
        assert_eq!(found.id.as_deref(), Some("microsoft/git-base"));
        let base = r#"{"base_model_name_or_path": "microsoft/git-large"}"#;
        let found = origin(&[("adapter_config.json", base)]);
        assert_eq!(found.id.as_deref(), Some("microsoft/git-large"));
        let card = "---\nbase_model:\n- microsoft/git-base-coco\n---\n";
        let found = origin(&[("README.md", card), ("config.json", config)]);
        assert_eq!(found.id.as_deref(), Some("microsoft/git-base-coco"));
    }

    #[test]
    fn a_name_of_the_hub_goes_before_what_files_say() {
        let folder = tempfile::tempdir().unwrap();
        let config = r#"{"_name_or_path": "somebody/else"}"#;
        fs::write(folder.path().join("config.json"), config).unwrap();
        let found = Origin::of("microsoft/git-base@v1", folder.path());
        assert_eq!(found.id.as_deref(), Some("microsoft/git-base"));
    }
}
