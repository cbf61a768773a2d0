//! Which split a file belongs to, by its path, as `datasets` tells it (`data_files.py`).

/// The splits and the words that stand for them (`SPLIT_KEYWORDS`), in `datasets`' order.
const KEYWORDS: [(&str, &[&str]); 3] = [
    ("train", &["train", "training"]),
    ("validation", &["validation", "valid", "dev", "val"]),
    ("test", &["test", "testing", "eval", "evaluation"]),
];

/// The split of files that name none.
pub(crate) const DEFAULT_SPLIT: &str = "train";

/// A split's name and its files.
pub(crate) type SplitFiles<T> = (String, Vec<T>);

/// Cuts files by their folders: `train/…`, `x/my-test_2/…`. None if no file lies in such a
/// folder; files that lie in none are left out otherwise, as `datasets` leaves them out.
pub(crate) fn splits_by_folder<T: Clone>(
    files: &[T],
    path: impl Fn(&T) -> &str,
) -> Option<Vec<SplitFiles<T>>> {
    by_keyword(files, |file, keyword| {
        let folders = path(file)
            .rsplit_once('/')
            .map_or("", |(folders, _)| folders);
        folders.split('/').any(|name| folder_says(name, keyword))
    })
}

/// Cuts shards (Parquet files, tar files) into splits: `data/{split}-00000-of-00002*`, or by
/// folder, or by file name (`train-0.parquet`), or else all are `train`.
///
/// Each split's files are in the order of `files`.
pub(crate) fn splits_of_shards(files: &[String]) -> Vec<SplitFiles<String>> {
    sharded(files)
        .or_else(|| splits_by_folder(files, String::as_str))
        .or_else(|| by_keyword(files, |file, keyword| name_says(base_name(file), keyword)))
        .unwrap_or_else(|| vec![(DEFAULT_SPLIT.to_owned(), files.to_vec())])
}

fn base_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

fn by_keyword<T: Clone>(
    files: &[T],
    says: impl Fn(&T, &str) -> bool,
) -> Option<Vec<SplitFiles<T>>> {
    let in_split = |keywords: &[&str]| -> Vec<T> {
        let is_in = |file: &&T| keywords.iter().any(|keyword| says(file, keyword));
        files.iter().filter(is_in).cloned().collect()
    };
    let splits: Vec<_> = KEYWORDS
        .iter()
        .map(|(split, keywords)| ((*split).to_owned(), in_split(keywords)))
        .filter(|(_, files)| !files.is_empty())
        .collect();
    (!splits.is_empty()).then_some(splits)
}

/// `SPLIT_PATTERN_SHARDED`: any name may be a split's there.
fn sharded(files: &[String]) -> Option<Vec<SplitFiles<String>>> {
    let mut splits: Vec<SplitFiles<String>> = Vec::new();
    for file in files {
        let Some(split) = file.strip_prefix("data/").and_then(sharded_split) else {
            continue;
        };
        match splits.iter_mut().find(|(name, _)| name == split) {
            Some((_, files)) => files.push(file.clone()),
            None => splits.push((split.to_owned(), vec![file.clone()])),
        }
    }
    let known = |name: &str| KEYWORDS.iter().position(|(split, _)| *split == name);
    splits.sort_by(|(a, _), (b, _)| {
        let key = |name| (known(name).unwrap_or(KEYWORDS.len()), name.to_owned());
        key(a).cmp(&key(b))
    });
    (!splits.is_empty()).then_some(splits)
}

/// The `{split}` of `{split}-00000-of-00002*.*`.
fn sharded_split(name: &str) -> Option<&str> {
    let is_number = |text: Option<&str>| {
        text.is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let fits = |&(at, _): &(usize, &str)| {
        let rest = &name[at..];
        at > 0
            && is_number(rest.get(1..6))
            && rest.get(6..10) == Some("-of-")
            && is_number(rest.get(10..15))
            && rest.get(15..).is_some_and(|rest| rest.contains('.'))
    };
    let (at, _) = name.rmatch_indices('-').find(fits)?;
    name.get(..at).filter(|split| !split.contains('/'))
}

/// Whether `keyword` stands in a name between separators or the name's ends.
fn folder_says(name: &str, keyword: &str) -> bool {
    stands_in(name, keyword, true)
}

/// The same for a file's name, where a separator must follow.
fn name_says(name: &str, keyword: &str) -> bool {
    stands_in(name, keyword, false)
}

fn stands_in(name: &str, keyword: &str, may_end: bool) -> bool {
    name.match_indices(keyword).any(|(at, _)| {
        let before = name[..at].chars().next_back();
        let after = name[at + keyword.len()..].chars().next();
        before.is_none_or(separates) && after.map_or(may_end, separates)
    })
}

/// `NON_WORDS_CHARS`.
fn separates(c: char) -> bool {
    matches!(c, '-' | '.' | '_' | ' ' | '0'..='9')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shards(files: &[&str]) -> Vec<(String, usize)> {
        let files: Vec<_> = files.iter().map(|&file| file.to_owned()).collect();
        let splits = splits_of_shards(&files);
        splits
            .into_iter()
            .map(|(split, files)| (split, files.len()))
            .collect()
    }

    fn named(splits: &[(&str, usize)]) -> Vec<(String, usize)> {
        splits
            .iter()
            .map(|&(split, files)| (split.to_owned(), files))
            .collect()
    }

    #[test]
    fn shards_of_the_hub_name_their_split() {
        let files = [
            "data/test-00000-of-00001-0a1b2c.parquet",
            "data/train-00000-of-00002-0a1b2c.parquet",
            "data/train-00001-of-00002-0a1b2c.parquet",
            "data/zeta-00000-of-00001.parquet",
            "data/a-b-00000-of-00001.parquet",
            "data/readme.parquet",
        ];
        let expected = [("train", 2), ("test", 1), ("a-b", 1), ("zeta", 1)];
        assert_eq!(shards(&files), named(&expected));
    }

    #[test]
    fn folders_come_before_file_names() {
        let folders = [
            "default/train/0000.parquet",
            "default/val/train-1.parquet",
            "x.parquet",
        ];
        assert_eq!(shards(&folders), named(&[("train", 1), ("validation", 1)]));
        let names = [
            "x/dev.parquet",
            "x/my_training.0.parquet",
            "evaluation-1.parquet",
        ];
        let expected = [("train", 1), ("validation", 1), ("test", 1)];
        assert_eq!(shards(&names), named(&expected));
        assert_eq!(
            shards(&["a.parquet", "trains.parquet"]),
            named(&[("train", 2)])
        );
    }

    #[test]
    fn a_word_stands_alone_in_a_folders_name() {
        for name in [
            "train",
            "train2017",
            "my-train",
            "a train.b",
            "train_",
            "x_train_y",
        ] {
            assert!(folder_says(name, "train"), "{name}");
        }
        for name in ["trains", "strain", "Train", "", "trai"] {
            assert!(!folder_says(name, "train"), "{name}");
        }
        assert!(name_says("train.parquet", "train") && !name_says("a-train", "train"));
    }
}
