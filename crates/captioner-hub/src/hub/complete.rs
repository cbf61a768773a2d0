//! What a snapshot's own files say must be there: the shards of an index, and all of `-of-00003`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

/// Names given in an error; more than a few help nobody.
const NAMED: usize = 8;

/// Files that others name and that are not among `files`: some of them, if there are many.
pub(crate) fn lacking(folder: &Path, files: &[String]) -> Vec<String> {
    let present: BTreeSet<&str> = files.iter().map(String::as_str).collect();
    let indices = files.iter().filter(|file| file.ends_with(".index.json"));
    let mut lacks: BTreeSet<String> = indices
        .flat_map(|file| shards(&folder.join(file)))
        .collect();
    lacks.extend(missing_numbers(files));
    lacks.retain(|name| !present.contains(name.as_str()));
    lacks.into_iter().take(NAMED).collect()
}

/// The shards that an index of weights names; what is no such index names none.
fn shards(path: &Path) -> Vec<String> {
    let bytes = std::fs::read(path).unwrap_or_default();
    let index: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let map = index["weight_map"].as_object().into_iter().flatten();
    let names: BTreeSet<&str> = map.filter_map(|(_, name)| name.as_str()).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// What is missing of each `NAME-00001-of-00003.ENDING`.
fn missing_numbers(files: &[String]) -> Vec<String> {
    let mut sets: BTreeMap<(&str, u32, &str), BTreeSet<u32>> = BTreeMap::new();
    for (head, number, of, tail) in files.iter().filter_map(|file| shard(file)) {
        sets.entry((head, of, tail)).or_default().insert(number);
    }
    let missing = sets.into_iter().flat_map(|((head, of, tail), numbers)| {
        // Weights are counted from 1, data from 0.
        let first = u32::from(numbers.contains(&of) || head.ends_with("model"));
        let absent = (first..first + of).filter(move |number| !numbers.contains(number));
        absent
            .take(NAMED)
            .map(move |number| format!("{head}-{number:05}-of-{of:05}{tail}"))
    });
    missing.take(NAMED).collect()
}

/// The parts of a shard's name: before, number, of how many, behind.
pub(crate) fn shard(file: &str) -> Option<(&str, u32, u32, &str)> {
    let (front, back) = file.rsplit_once("-of-")?;
    let (head, number) = front.rsplit_once('-')?;
    let (of, tail) = (back.get(..5)?, back.get(5..)?);
    let digits = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(number) || !digits(of) {
        return None;
    }
    Some((head, number.parse().ok()?, of.parse().ok()?, tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacks(files: &[&str]) -> Vec<String> {
        let files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
        lacking(Path::new("/nowhere"), &files)
    }

    #[test]
    fn a_shard_names_the_others() {
        let lack = lacks(&["data/train-00001-of-00003.parquet"]);
        let first = "data/train-00000-of-00003.parquet";
        assert_eq!(lack, [first, "data/train-00002-of-00003.parquet"]);
        assert_eq!(lacks(&["model-00002-of-00002.safetensors"]).len(), 1);
        assert!(lacks(&["data/train-00000-of-00001.parquet"]).is_empty());
        assert!(lacks(&["a-of-b.bin", "x-1-of-2", "-of-00001"]).is_empty());
    }

    #[test]
    fn an_index_names_its_shards() {
        let root = tempfile::tempdir().unwrap();
        let name = "model.safetensors.index.json";
        let text =
            r#"{"weight_map": {"a": "x.safetensors", "b": "y.safetensors", "c": "x.safetensors"}}"#;
        std::fs::write(root.path().join(name), text).unwrap();
        let files = [name.to_owned(), "y.safetensors".to_owned()];
        assert_eq!(lacking(root.path(), &files), ["x.safetensors"]);
    }
}
