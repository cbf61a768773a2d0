//! One file of captions.

use std::path::Path;

use serde_json::Value;

use crate::{FileLocation, FileProblem, MetricError};

/// What a file says of a row.
pub(super) struct Entry {
    pub(super) id: Option<String>,
    pub(super) captions: Vec<String>,
    pub(super) location: FileLocation,
}

/// Keys under which captions are looked for, one string or a list.
static CAPTION_KEYS: [&str; 6] = [
    "caption",
    "captions",
    "prediction",
    "reference",
    "references",
    "text",
];

const ID_KEYS: [&str; 2] = ["image_id", "id"];

/// Reads a file by the ending of its name.
pub(super) fn read(path: &Path) -> Result<Vec<Entry>, MetricError> {
    let text = read_text(path)?;
    let ending = path.extension().and_then(|ending| ending.to_str());
    match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("json") => coco(path, &text),
        Some("jsonl" | "ndjson") => json_lines(path, &text),
        _ => Ok(text_lines(&text)),
    }
}

fn read_text(path: &Path) -> Result<String, MetricError> {
    let bytes = std::fs::read(path).map_err(|error| MetricError::file(path, error))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
        MetricError::malformed(path, FileLocation::Line(line), FileProblem::NotUtf8)
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(text) => text.to_owned(),
        None => text,
    })
}

fn text_lines(text: &str) -> Vec<Entry> {
    let entry = |(caption, line): (&str, usize)| Entry {
        id: None,
        captions: vec![caption.to_owned()],
        location: FileLocation::Line(line),
    };
    text.lines().zip(1..).map(entry).collect()
}

fn json_lines(path: &Path, text: &str) -> Result<Vec<Entry>, MetricError> {
    let lines = text.lines().zip(1..);
    let lines = lines.filter(|(text, _)| !text.trim().is_empty());
    let entries = lines.map(|(text, line)| {
        let location = FileLocation::Line(line);
        let value = serde_json::from_str(text).map_err(|error| not_json(path, line, &error))?;
        entry(value, location).map_err(|problem| MetricError::malformed(path, location, problem))
    });
    entries.collect()
}

/// A list of results, or an object with such a list under `annotations`.
fn coco(path: &Path, text: &str) -> Result<Vec<Entry>, MetricError> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| not_json(path, error.line(), &error))?;
    let list = match value {
        Value::Array(list) => Some(list),
        Value::Object(mut object) => match object.remove("annotations") {
            Some(Value::Array(list)) => Some(list),
            _ => None,
        },
        _ => None,
    };
    let Some(list) = list else {
        let whole = FileLocation::Whole;
        return Err(MetricError::malformed(path, whole, FileProblem::NoList));
    };
    let entries = list.into_iter().enumerate().map(|(place, value)| {
        let location = FileLocation::Entry(place);
        entry(value, location).map_err(|problem| MetricError::malformed(path, location, problem))
    });
    entries.collect()
}

fn not_json(path: &Path, line: usize, error: &serde_json::Error) -> MetricError {
    let column = error.column();
    MetricError::malformed(
        path,
        FileLocation::Line(line),
        FileProblem::NotJson { column },
    )
}

fn entry(value: Value, location: FileLocation) -> Result<Entry, FileProblem> {
    let (id, captions) = match value {
        Value::Object(mut object) => {
            let id = ID_KEYS.iter().find_map(|key| object.remove(*key));
            let captions = CAPTION_KEYS.iter().find_map(|key| object.remove(*key));
            let missing = FileProblem::NoCaption {
                keys: &CAPTION_KEYS,
            };
            (id.map(id_text).transpose()?, captions.ok_or(missing)?)
        }
        captions => (None, captions),
    };
    Ok(Entry {
        id,
        captions: caption_texts(captions)?,
        location,
    })
}

fn id_text(id: Value) -> Result<String, FileProblem> {
    match id {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(FileProblem::IdType {
            value: other.to_string(),
        }),
    }
}

fn caption_texts(captions: Value) -> Result<Vec<String>, FileProblem> {
    let list = match captions {
        Value::Array(list) => list,
        other => vec![other],
    };
    let text = |caption| match caption {
        Value::String(text) => Ok(text),
        other => Err(FileProblem::CaptionNoString {
            value: other.to_string(),
        }),
    };
    list.into_iter().map(text).collect()
}
