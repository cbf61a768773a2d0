//! One file of captions.

use std::path::Path;

use serde_json::Value;

use crate::MetricError;

/// What a file says of a row.
pub(super) struct Entry {
    pub(super) id: Option<String>,
    pub(super) captions: Vec<String>,
    /// From 1; 0 where lines mean nothing.
    pub(super) line: usize,
}

/// Keys under which captions are looked for, one string or a list.
const CAPTION_KEYS: [&str; 6] = [
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
        _ => Ok(plain_lines(&text)),
    }
}

fn read_text(path: &Path) -> Result<String, MetricError> {
    let bytes = std::fs::read(path).map_err(|error| MetricError::file(path, error))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
        MetricError::malformed(path, line, &"not UTF-8; convert the file to UTF-8")
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(text) => text.to_owned(),
        None => text,
    })
}

fn plain_lines(text: &str) -> Vec<Entry> {
    let entry = |(caption, line): (&str, usize)| Entry {
        id: None,
        captions: vec![caption.to_owned()],
        line,
    };
    text.lines().zip(1..).map(entry).collect()
}

fn json_lines(path: &Path, text: &str) -> Result<Vec<Entry>, MetricError> {
    let lines = text.lines().zip(1..);
    let lines = lines.filter(|(text, _)| !text.trim().is_empty());
    let entries = lines.map(|(text, line)| {
        let value = serde_json::from_str(text).map_err(|error| not_json(path, line, &error))?;
        entry(value, line).map_err(|reason| MetricError::malformed(path, line, &reason))
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
        let reason = "expected a list of results, or an object with a list of annotations; \
                      for one JSON value on each line, call the file .jsonl";
        return Err(MetricError::malformed(path, 0, &reason));
    };
    let entries = list.into_iter().enumerate().map(|(place, value)| {
        entry(value, 0)
            .map_err(|reason| MetricError::malformed(path, 0, &format!("entry {place}: {reason}")))
    });
    entries.collect()
}

fn not_json(path: &Path, line: usize, error: &serde_json::Error) -> MetricError {
    let reason = format!("not JSON at column {}", error.column());
    MetricError::malformed(path, line, &reason)
}

fn entry(value: Value, line: usize) -> Result<Entry, String> {
    let (id, captions) = match value {
        Value::Object(mut object) => {
            let id = ID_KEYS.iter().find_map(|key| object.remove(*key));
            let captions = CAPTION_KEYS.iter().find_map(|key| object.remove(*key));
            let missing = || format!("none of {}", CAPTION_KEYS.join(", "));
            (id.map(id_text).transpose()?, captions.ok_or_else(missing)?)
        }
        captions => (None, captions),
    };
    Ok(Entry {
        id,
        captions: caption_texts(captions)?,
        line,
    })
}

fn id_text(id: Value) -> Result<String, String> {
    match id {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(format!("id {other} is neither a number nor a string")),
    }
}

fn caption_texts(captions: Value) -> Result<Vec<String>, String> {
    let list = match captions {
        Value::Array(list) => list,
        other => vec![other],
    };
    let text = |caption| match caption {
        Value::String(text) => Ok(text),
        other => Err(format!("{other} where a caption is expected")),
    };
    list.into_iter().map(text).collect()
}
