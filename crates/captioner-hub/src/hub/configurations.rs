//! The configurations of a data set, as the head of its README.md names them.
//!
//! `configs:` is read in the form in which `datasets` writes it (`MetadataConfigs` in
//! `utils/metadata.py`); a head in another form names none, and the files' names decide.

use super::listing::RemoteFile;

/// A configuration: its name, and each split with the patterns of its files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Configuration {
    pub(crate) name: String,
    /// The one that is meant where none is named.
    pub(crate) default: bool,
    pub(crate) splits: Vec<(String, Vec<String>)>,
}

impl Configuration {
    /// The files of each split.
    pub(crate) fn files(&self, files: &[RemoteFile]) -> Vec<(String, Vec<RemoteFile>)> {
        let fit = |patterns: &[String]| {
            let any = |file: &&RemoteFile| patterns.iter().any(|pattern| glob(pattern, &file.path));
            files.iter().filter(any).cloned().collect()
        };
        let splits = self.splits.iter();
        splits
            .map(|(split, patterns)| (split.clone(), fit(patterns)))
            .collect()
    }
}

/// The configurations that the head of a README names.
pub(crate) fn configurations(readme: &str) -> Vec<Configuration> {
    let mut found = Vec::new();
    for line in section(readme) {
        let Some((mut key, value)) = field(line) else {
            continue;
        };
        if let Some(rest) = key.strip_prefix("- ") {
            key = rest.trim_start();
        }
        match (key, found.last_mut()) {
            ("config_name", _) => found.push(Configuration {
                name: value.to_owned(),
                ..Configuration::default()
            }),
            ("default", Some(last)) => last.default = value == "true",
            ("data_files", Some(last)) if !value.is_empty() => {
                last.splits
                    .push(("train".to_owned(), vec![value.to_owned()]));
            }
            ("split", Some(last)) => last.splits.push((value.to_owned(), Vec::new())),
            ("path" | "-", Some(last)) if !value.is_empty() => {
                let split = || ("train".to_owned(), Vec::new());
                if last.splits.is_empty() {
                    last.splits.push(split());
                }
                if let Some((_, patterns)) = last.splits.last_mut() {
                    patterns.push(value.to_owned());
                }
            }
            _ => {}
        }
    }
    found.retain(|configuration| {
        let splits = &configuration.splits;
        !splits.is_empty() && splits.iter().all(|(_, patterns)| !patterns.is_empty())
    });
    found
}

/// The lines below `configs:` in the head of a README.
fn section(readme: &str) -> impl Iterator<Item = &str> {
    let mut lines = readme.lines();
    let opened = lines.next().is_some_and(|line| line.trim_end() == "---");
    let head = lines.take_while(move |line| opened && line.trim_end() != "---");
    let section = head
        .skip_while(|line| line.trim_end() != "configs:")
        .skip(1);
    section.take_while(|line| line.starts_with([' ', '-']) || line.is_empty())
}

/// `key: value`, or `- value` with the key `-`; quotes and comments go.
fn field(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let (key, value) = match line.split_once(": ") {
        Some((key, value)) => (key, value),
        None => match line.strip_suffix(':') {
            Some(key) => (key, ""),
            None => ("-", line.strip_prefix("- ")?),
        },
    };
    let value = value.split(" #").next().unwrap_or_default().trim();
    Some((key, value.trim_matches(['"', '\''])))
}

/// A pattern as `fsspec` reads it: `*` and `?` within a folder, `**` over folders.
pub(crate) fn glob(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.trim_start_matches("./").split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    parts(&pattern, &path)
}

fn parts(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern, path) {
        ([], []) => true,
        (["**"], [_, ..]) => true,
        (["**", rest @ ..], _) => (0..=path.len()).any(|skipped| parts(rest, &path[skipped..])),
        ([first, rest @ ..], [name, names @ ..]) => {
            super::patterns::fits(&[first], name) && parts(rest, names)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUSHED: &str = "---\nlicense: mit\ndataset_info:\n  features: []\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data/train-*\n  - split: test\n    path: data/test-*\n---\n# A set\n- config_name: not_this\n";

    #[test]
    fn configurations_are_read_as_push_to_hub_writes_them() {
        let found = configurations(PUSHED);
        let pattern = |split: &str| (split.to_owned(), vec![format!("data/{split}-*")]);
        let expected = Configuration {
            name: "default".into(),
            default: false,
            splits: vec![pattern("train"), pattern("test")],
        };
        assert_eq!(found, [expected]);
    }

    #[test]
    fn other_forms_of_the_same_are_read_too() {
        let readme = "---\nconfigs:\n  - config_name: \"en\" # English\n    data_files: \"en/*.parquet\"\n    default: true\n  - config_name: de\n    data_files:\n      - split: train\n        path:\n          - \"de/a.parquet\"\n          - de/b.parquet\nlanguage: en\n---\n";
        let found = configurations(readme);
        assert_eq!((found[0].name.as_str(), found[0].default), ("en", true));
        assert_eq!(
            found[0].splits,
            [("train".into(), vec!["en/*.parquet".into()])]
        );
        let both = vec!["de/a.parquet".to_owned(), "de/b.parquet".to_owned()];
        assert_eq!(found[1].splits, [("train".to_owned(), both)]);
    }

    #[test]
    fn a_readme_without_a_head_names_none() {
        for readme in [
            "",
            "# A set\nconfigs:\n- config_name: x\n",
            "---\nconfigs: []\n---\n",
        ] {
            assert!(configurations(readme).is_empty(), "{readme}");
        }
    }

    #[test]
    fn a_star_stays_within_its_folder_and_two_do_not() {
        assert!(glob("data/train-*", "data/train-0.parquet"));
        assert!(!glob("data/*", "data/en/train.parquet"));
        assert!(glob("**/train-*", "a/b/train-0") && glob("**/train-*", "train-0"));
        assert!(glob("**", "a/b") && glob("./a/**", "a/b/c") && !glob("a/**", "b/c"));
    }
}
