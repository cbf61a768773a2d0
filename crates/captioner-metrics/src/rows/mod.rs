//! Predictions and references from files, paired by id or by position.

mod file;

use std::collections::HashMap;
use std::path::Path;

use file::Entry;

use crate::{FileLocation, FileProblem, MetricError};

/// Rows to score, read from two files.
///
/// The ending of a file's name says what it holds:
/// - `.json`: coco-caption's formats. Predictions are a list of `{"image_id", "caption"}`,
///   references an object whose `annotations` are such a list, an id once for each reference.
/// - `.jsonl`, `.ndjson`: a JSON value on each line. A caption, a list of captions, or an object
///   with one of `caption`, `captions`, `prediction`, `reference`, `references`, `text`, and if
///   rows are to be paired by id, with `image_id` or `id`.
/// - anything else: a caption on each line; an empty line is an empty caption.
///
/// If both files have ids, rows are paired by id and come in the order of the references; if
/// neither has, they are paired by position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaptionRows {
    /// One caption for each row.
    pub predictions: Vec<String>,
    /// At least one caption for each row.
    pub references: Vec<Vec<String>>,
}

impl CaptionRows {
    /// Reads both files.
    ///
    /// # Errors
    /// [`MetricError::File`] and [`MetricError::Malformed`] name the file;
    /// [`MetricError::RowCountMismatch`], [`MetricError::UnknownId`],
    /// [`MetricError::MissingPrediction`] and [`MetricError::DuplicateId`] say which rows don't
    /// go together.
    pub fn read(
        predictions: impl AsRef<Path>,
        references: impl AsRef<Path>,
    ) -> Result<Self, MetricError> {
        let (prediction_path, reference_path) = (predictions.as_ref(), references.as_ref());
        let predictions = file::read(prediction_path)?;
        let references = file::read(reference_path)?;
        let predictions = predictions
            .into_iter()
            .map(|entry| single(entry, prediction_path))
            .collect::<Result<Vec<_>, _>>()?;
        let has_ids = |id: &Option<String>| id.is_some();
        let left = predictions.iter().any(|(id, _)| has_ids(id));
        let right = references.iter().any(|entry| has_ids(&entry.id));
        match (left, right) {
            (false, false) => by_position(predictions, references),
            (true, true) => by_id(
                with_ids(predictions, prediction_path)?,
                with_ids(
                    references.into_iter().map(|e| (e.id, e.captions)),
                    reference_path,
                )?,
            ),
            (true, false) => Err(no_ids(reference_path)),
            (false, true) => Err(no_ids(prediction_path)),
        }
    }
}

fn no_ids(path: &Path) -> MetricError {
    MetricError::malformed(path, FileLocation::Whole, FileProblem::NoIds)
}

/// The only caption of a prediction.
fn single(entry: Entry, path: &Path) -> Result<(Option<String>, String), MetricError> {
    let count = entry.captions.len();
    match <[String; 1]>::try_from(entry.captions) {
        Ok([caption]) => Ok((entry.id, caption)),
        Err(_) => {
            let problem = FileProblem::NotOnePrediction { count };
            Err(MetricError::malformed(path, entry.location, problem))
        }
    }
}

fn with_ids<T>(
    rows: impl IntoIterator<Item = (Option<String>, T)>,
    path: &Path,
) -> Result<Vec<(String, T)>, MetricError> {
    let rows = rows.into_iter().map(|(id, row)| match id {
        Some(id) => Ok((id, row)),
        None => Err(MetricError::malformed(
            path,
            FileLocation::Whole,
            FileProblem::SomeIds,
        )),
    });
    rows.collect()
}

fn by_position(
    predictions: Vec<(Option<String>, String)>,
    references: Vec<Entry>,
) -> Result<CaptionRows, MetricError> {
    if predictions.len() != references.len() {
        return Err(MetricError::RowCountMismatch {
            predictions: predictions.len(),
            references: references.len(),
        });
    }
    Ok(CaptionRows {
        predictions: predictions
            .into_iter()
            .map(|(_, caption)| caption)
            .collect(),
        references: references.into_iter().map(|entry| entry.captions).collect(),
    })
}

fn by_id(
    predictions: Vec<(String, String)>,
    references: Vec<(String, Vec<String>)>,
) -> Result<CaptionRows, MetricError> {
    let mut predicted = HashMap::with_capacity(predictions.len());
    for (id, caption) in predictions {
        if predicted.insert(id.clone(), caption).is_some() {
            return Err(MetricError::DuplicateId { id });
        }
    }
    let mut rows = CaptionRows::default();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (id, captions) in references {
        if let Some(place) = places.get(&id) {
            rows.references[*place].extend(captions);
            continue;
        }
        let Some(prediction) = predicted.remove(&id) else {
            return Err(MetricError::MissingPrediction { id });
        };
        rows.predictions.push(prediction);
        rows.references.push(captions);
        places.insert(id, places.len());
    }
    // The smallest, so that the same files give the same message.
    match predicted.into_keys().min() {
        Some(id) => Err(MetricError::UnknownId { id }),
        None => Ok(rows),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: [(&str, &str); 2]) -> Result<CaptionRows, MetricError> {
        let folder = tempfile::tempdir().unwrap();
        let paths = files.map(|(name, text)| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        });
        CaptionRows::read(&paths[0], &paths[1])
    }

    const RESULTS: &str =
        r#"[{"image_id": 7, "caption": "a cat"}, {"image_id": 8, "caption": "a dog"}]"#;

    #[test]
    fn lines_keep_empty_captions_and_lose_line_ends() {
        let rows = read([
            ("p.txt", "\u{feff}a cat\r\n\n[x] {y}\n"),
            ("r.txt", "a\nb\nc"),
        ])
        .unwrap();
        assert_eq!(rows.predictions, ["a cat", "", "[x] {y}"]);
        assert_eq!(rows.references, [["a"], ["b"], ["c"]]);
    }

    #[test]
    fn coco_files_are_paired_by_id_whatever_the_order() {
        let annotations = r#"{"images": [], "annotations": [
            {"image_id": 8, "id": 1, "caption": "one dog"},
            {"image_id": 7, "id": 2, "caption": "one cat"},
            {"image_id": 8, "id": 3, "caption": "the dog"}]}"#;
        let rows = read([("p.json", RESULTS), ("r.json", annotations)]).unwrap();
        assert_eq!(rows.predictions, ["a dog", "a cat"]);
        assert_eq!(
            rows.references,
            [vec!["one dog", "the dog"], vec!["one cat"]]
        );
    }

    #[test]
    fn json_lines_hold_captions_lists_or_objects() {
        let predictions = "\"a cat\"\n{\"prediction\": \"a dog\"}\n";
        let references = "[\"a\", \"b\"]\n{\"references\": [\"c\"]}\n\n";
        let rows = read([("p.jsonl", predictions), ("r.ndjson", references)]).unwrap();
        assert_eq!(rows.predictions, ["a cat", "a dog"]);
        assert_eq!(rows.references, [vec!["a", "b"], vec!["c"]]);
    }

    #[test]
    fn ids_that_do_not_meet_are_named() {
        let line = |id: &str| format!("{{\"id\": {id}, \"caption\": \"a\"}}\n");
        let jsonl = |ids: &[&str]| ids.iter().map(|id| line(id)).collect::<String>();
        let read = |left: &[&str], right: &[&str]| {
            read([("p.jsonl", &jsonl(left)), ("r.jsonl", &jsonl(right))]).unwrap_err()
        };
        let error = read(&["1", "2"], &["1"]);
        assert!(matches!(error, MetricError::UnknownId { id } if id == "2"));
        let error = read(&["1"], &["1", "\"x\""]);
        assert!(matches!(error, MetricError::MissingPrediction { id } if id == "x"));
        let error = read(&["1", "1"], &["1"]);
        assert!(matches!(error, MetricError::DuplicateId { id } if id == "1"));
    }

    #[test]
    fn different_row_counts_are_a_named_error() {
        let error = read([("p.txt", "a\nb\n"), ("r.txt", "a\n")]).unwrap_err();
        let expected = "2 predictions but references for 1 rows";
        assert!(error.to_string().starts_with(expected), "{error}");
    }

    #[test]
    fn errors_name_file_and_line() {
        let cases = [
            ("p.jsonl", "\"a\"\n{\"caption\": 5}\n", "p.jsonl, line 2"),
            ("p.jsonl", "\"a\"\n{\n", "p.jsonl, line 2"),
            ("p.jsonl", "[\"a\", \"b\"]\n", "p.jsonl, line 1"),
            (
                "p.json",
                "[\"a\", {\"image_id\": 1}]",
                "p.json, entry 1: none of",
            ),
            ("p.json", "[[\"a\", \"b\"]]", "p.json, entry 0: 2 captions"),
            ("p.json", "5", "p.json: expected a list"),
            ("p.jsonl", "{\"id\": 1, \"caption\": \"a\"}\n", "r.txt"),
        ];
        for (name, text, expected) in cases {
            let error = read([(name, text), ("r.txt", "a\n")])
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected) && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_a_named_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.txt");
        std::fs::write(&path, b"a\nb\xff\n").unwrap();
        let error = CaptionRows::read(&path, &path).unwrap_err().to_string();
        assert!(error.contains("p.txt, line 2"), "{error}");
    }
}
