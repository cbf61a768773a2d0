//! The captions in a member's bytes.

use serde_json::{Map, Value};

use super::column::{Form, listed};
use super::error::SampleProblem;
use crate::BadRows;

/// The longest caption, as in a folder's metadata.
const MAX_CAPTION_BYTES: usize = 100_000;
/// The caption columns of a JSON object, the first present one counts.
const COLUMNS: [&str; 3] = ["text", "caption", "captions"];

/// How captions are read.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// The column that was asked for.
    pub(super) column: Option<String>,
    pub(super) bad_rows: BadRows,
}

/// The captions of a row, and where they were found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Captions {
    pub(super) captions: Vec<String>,
    /// The column of the JSON object.
    pub(super) column: Option<String>,
    pub(super) is_list: bool,
}

impl Reading {
    /// Reads the captions in a member's bytes, trimmed. Where bad rows are skipped, the bad ones
    /// among several are left out, as long as one remains.
    pub(super) fn read(
        &self,
        bytes: &[u8],
        form: Form,
        field: &str,
    ) -> Result<Captions, SampleProblem> {
        let text = std::str::from_utf8(bytes).map_err(|_| SampleProblem::NotUtf8 {
            field: field.to_owned(),
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match form {
            Form::Text => Ok(Captions {
                captions: vec![check(text, field)?],
                column: None,
                is_list: false,
            }),
            Form::Json => self.read_json(text, field),
        }
    }

    fn read_json(&self, text: &str, field: &str) -> Result<Captions, SampleProblem> {
        let object: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| SampleProblem::InvalidJson {
                field: field.to_owned(),
                reason: error.to_string(),
            })?;
        let (column, value) = self.value(&object, field)?;
        let texts = strings(value).map_err(|found| SampleProblem::WrongType {
            field: field.to_owned(),
            column: column.to_owned(),
            found,
        })?;
        let place = format!("{field}` column `{column}");
        Ok(Captions {
            captions: self.good(&texts, &place)?,
            column: Some(column.to_owned()),
            is_list: value.is_array(),
        })
    }

    fn value<'a>(
        &'a self,
        object: &'a Map<String, Value>,
        field: &str,
    ) -> Result<(&'a str, &'a Value), SampleProblem> {
        let found = |column: &'a str| Some((column, object.get(column)?));
        let value = match &self.column {
            Some(column) => found(column),
            None => COLUMNS.into_iter().find_map(found),
        };
        value.ok_or_else(|| SampleProblem::NoColumn {
            field: field.to_owned(),
            wanted: match &self.column {
                Some(column) => format!("`{column}`"),
                None => "`text` (or `caption`, `captions`)".to_owned(),
            },
            columns: listed(object.keys().map(String::as_str)),
        })
    }

    fn good(&self, texts: &[&str], place: &str) -> Result<Vec<String>, SampleProblem> {
        let mut good = Vec::with_capacity(texts.len());
        let mut first = None;
        for text in texts {
            match (check(text, place), self.bad_rows) {
                (Ok(caption), _) => good.push(caption),
                (Err(problem), BadRows::Stop) => return Err(problem),
                (Err(problem), BadRows::Skip) => first = first.or(Some(problem)),
            }
        }
        let none = || SampleProblem::Empty {
            field: place.to_owned(),
        };
        match good.is_empty() {
            true => Err(first.unwrap_or_else(none)),
            false => Ok(good),
        }
    }
}

fn strings(value: &Value) -> Result<Vec<&str>, &'static str> {
    match value {
        Value::String(text) => Ok(vec![text]),
        Value::Array(list) => {
            let texts: Option<_> = list.iter().map(Value::as_str).collect();
            texts.ok_or("a list with something other than strings")
        }
        Value::Null => Err("null"),
        Value::Bool(_) => Err("a boolean"),
        Value::Number(_) => Err("a number"),
        Value::Object(_) => Err("an object"),
    }
}

fn check(text: &str, field: &str) -> Result<String, SampleProblem> {
    let text = text.trim();
    let field = || field.to_owned();
    if text.is_empty() {
        return Err(SampleProblem::Empty { field: field() });
    }
    let (bytes, limit) = (text.len(), MAX_CAPTION_BYTES);
    if bytes > limit {
        return Err(SampleProblem::CaptionTooLong {
            field: field(),
            bytes,
            limit,
        });
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        bytes: impl AsRef<[u8]>,
        form: Form,
        column: Option<&str>,
        bad_rows: BadRows,
    ) -> Result<Captions, String> {
        let column = column.map(str::to_owned);
        let read = Reading { column, bad_rows }.read(bytes.as_ref(), form, "json");
        read.map_err(|problem| problem.to_string())
    }

    fn captions(json: &str, column: Option<&str>) -> Vec<String> {
        read(json, Form::Json, column, BadRows::Skip)
            .unwrap()
            .captions
    }

    #[test]
    fn captions_are_read_from_text_and_from_json() {
        let text = read("\u{feff} a cat\n", Form::Text, None, BadRows::Stop).unwrap();
        assert_eq!(
            (text.captions, text.column, text.is_list),
            (vec!["a cat".to_owned()], None, false)
        );
        let json = read(
            r#"{"caption": ["a", "b"], "url": 1}"#,
            Form::Json,
            None,
            BadRows::Stop,
        )
        .unwrap();
        assert_eq!(json.captions, ["a", "b"]);
        assert_eq!(
            (json.column.as_deref(), json.is_list),
            (Some("caption"), true)
        );
        assert_eq!(captions(r#"{"text": "t", "caption": "c"}"#, None), ["t"]);
        assert_eq!(
            captions(r#"{"text": "t", "caption": "c"}"#, Some("caption")),
            ["c"]
        );
        assert_eq!(captions(r#"{"text": ["", "t", " "]}"#, None), ["t"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (bytes, form, column, message) in [
            (
                &b"caf\xe9"[..],
                Form::Text,
                None,
                "`json` is not UTF-8 text",
            ),
            (b" \n", Form::Text, None, "`json` is empty"),
            (
                b"[1]",
                Form::Json,
                None,
                "`json` is not a JSON object (invalid type: sequence, expected a map",
            ),
            (
                b"{\"text\": \"",
                Form::Json,
                None,
                "`json` is not a JSON object (EOF",
            ),
            (
                b"{\"alt\": \"x\"}",
                Form::Json,
                None,
                "`json` has no column `text` (or `caption`, `captions`): choose one of its columns `alt`",
            ),
            (
                b"{\"text\": \"x\"}",
                Form::Json,
                Some("alt"),
                "`json` has no column `alt`: choose one of its columns `text`",
            ),
            (
                b"{\"text\": 7}",
                Form::Json,
                None,
                "`text` in `json` is a number",
            ),
            (
                b"{\"text\": [\"a\", null]}",
                Form::Json,
                None,
                "`text` in `json` is a list with something other",
            ),
            (
                b"{\"text\": []}",
                Form::Json,
                None,
                "`json` column `text` is empty",
            ),
            (
                b"{\"text\": [\"a\", \"\"]}",
                Form::Json,
                None,
                "`json` column `text` is empty",
            ),
        ] {
            let error = read(bytes, form, column, BadRows::Stop).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
        let long = "x".repeat(100_001);
        let error = read(long, Form::Text, None, BadRows::Skip).unwrap_err();
        assert!(
            error.contains("has 100001 bytes, more than 100000"),
            "{error}"
        );
        let deep = "[".repeat(100_000);
        assert!(
            read(
                format!("{{\"text\": {deep}"),
                Form::Json,
                None,
                BadRows::Skip
            )
            .is_err()
        );
    }
}
