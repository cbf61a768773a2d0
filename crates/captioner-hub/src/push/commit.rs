//! The body of a commit: one JSON value a line.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::PushError;
use super::local::LocalFile;
use super::plan::{Mode, Planned};

/// What a commit says besides its files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header<'a> {
    pub(crate) summary: &'a str,
    pub(crate) description: &'a str,
    /// The head that the commit is made upon; the Hub refuses it on any other.
    pub(crate) parent: &'a str,
}

/// The NDJSON of a commit. Regular files are read again, and must still be what was hashed.
///
/// # Errors
/// When a file changed meanwhile.
pub(crate) fn body(
    header: Header<'_>,
    files: &[LocalFile],
    plan: &[Planned],
    delete: &[String],
) -> Result<Vec<u8>, PushError> {
    let mut body = Vec::new();
    line(&mut body, "header", header_value(header));
    for path in delete {
        line(&mut body, "deletedFile", json!({ "path": path }));
    }
    for (file, planned) in files.iter().zip(plan) {
        match planned.mode {
            Mode::Regular => line(&mut body, "file", regular(file)?),
            Mode::Large => line(&mut body, "lfsFile", large(file)),
            Mode::Unchanged | Mode::Ignored => {}
        }
    }
    Ok(body)
}

fn header_value(header: Header<'_>) -> Value {
    json!({
        "summary": header.summary,
        "description": header.description,
        "parentCommit": header.parent,
    })
}

fn regular(file: &LocalFile) -> Result<Value, PushError> {
    let content = STANDARD.encode(file.content()?);
    Ok(json!({ "content": content, "path": file.path, "encoding": "base64" }))
}

fn large(file: &LocalFile) -> Value {
    json!({ "path": file.path, "algo": "sha256", "oid": file.sha256, "size": file.size })
}

fn line(body: &mut Vec<u8>, key: &str, value: Value) {
    body.extend_from_slice(json!({ "key": key, "value": value }).to_string().as_bytes());
    body.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::super::local::PushFile;
    use super::*;

    #[test]
    fn a_commit_is_a_header_then_a_line_a_file() {
        let files = ["a", "b", "c", "d"].map(|path| {
            let content = format!("content\nof {path}");
            LocalFile::read(&PushFile::bytes(path, content)).unwrap()
        });
        let plan = [Mode::Regular, Mode::Large, Mode::Unchanged, Mode::Ignored]
            .map(|mode| Planned { mode, remote: None });
        let header = Header {
            summary: "one\n\"two\"",
            description: "",
            parent: "00",
        };
        let body = body(header, &files, &plan, &["old".to_owned()]).unwrap();
        let text = String::from_utf8(body).unwrap();
        assert!(text.ends_with('\n'));
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let value = |index: usize, key: &str| lines[index]["value"][key].clone();
        let keys: Vec<_> = lines
            .iter()
            .map(|line| line["key"].as_str().unwrap())
            .collect();
        assert_eq!(keys, ["header", "deletedFile", "file", "lfsFile"]);
        assert_eq!(value(0, "summary"), "one\n\"two\"");
        assert_eq!(value(0, "parentCommit"), "00");
        assert_eq!(value(1, "path"), "old");
        assert_eq!(value(2, "content"), STANDARD.encode("content\nof a"));
        assert_eq!(value(3, "oid"), files[1].sha256.as_str());
        assert_eq!(value(3, "size"), 12);
    }
}
