//! The body of a commit, read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// A line of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    File {
        path: String,
        content: Vec<u8>,
    },
    Large {
        path: String,
        oid: String,
        size: Option<u64>,
    },
    DeleteFile(String),
    DeleteFolder(String),
}

/// A commit as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) summary: String,
    pub(super) description: String,
    pub(super) parent: Option<String>,
    pub(super) operations: Vec<Operation>,
}

/// Reads a commit; the error names the line.
pub(super) fn parse(body: &[u8]) -> Result<Sent, String> {
    let text = std::str::from_utf8(body).map_err(|_| "the body is not UTF-8".to_owned())?;
    let mut sent = Sent::default();
    for (index, line) in text.lines().filter(|line| !line.is_empty()).enumerate() {
        let line: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        read(&mut sent, index, &line).ok_or_else(|| format!("line {}: {line}", index + 1))?;
    }
    match sent.summary.is_empty() {
        true => Err("a summary is required".to_owned()),
        false => Ok(sent),
    }
}

fn read(sent: &mut Sent, index: usize, line: &Value) -> Option<()> {
    let value = &line["value"];
    let key = line["key"].as_str()?;
    if (key == "header") != (index == 0) {
        return None;
    }
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    let operation = match key {
        "header" => {
            sent.summary = text("summary")?;
            sent.description = text("description").unwrap_or_default();
            sent.parent = text("parentCommit");
            return Some(());
        }
        "file" => Operation::File {
            path: text("path")?,
            content: match value["encoding"].as_str() {
                Some("base64") => STANDARD.decode(value["content"].as_str()?).ok()?,
                _ => text("content")?.into_bytes(),
            },
        },
        "lfsFile" if value["algo"] == "sha256" => Operation::Large {
            path: text("path")?,
            oid: text("oid")?,
            size: value["size"].as_u64(),
        },
        "deletedFile" => Operation::DeleteFile(text("path")?),
        "deletedFolder" => Operation::DeleteFolder(text("path")?),
        _ => return None,
    };
    sent.operations.push(operation);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_read_line_by_line() {
        let body = concat!(
            r#"{"key":"header","value":{"summary":"s","description":"d","parentCommit":"00"}}"#,
            "\n",
            r#"{"key":"file","value":{"content":"aGk=","path":"a","encoding":"base64"}}"#,
            "\n",
            r#"{"key":"lfsFile","value":{"path":"b","algo":"sha256","oid":"11","size":3}}"#,
            "\n",
            r#"{"key":"deletedFolder","value":{"path":"c/"}}"#,
            "\n",
        );
        let sent = parse(body.as_bytes()).unwrap();
        assert_eq!(sent.parent.as_deref(), Some("00"));
        let content = b"hi".to_vec();
        let file = Operation::File {
            path: "a".into(),
            content,
        };
        assert_eq!(sent.operations[0], file);
        assert_eq!(sent.operations[2], Operation::DeleteFolder("c/".into()));
    }

    #[test]
    fn a_body_cut_off_is_no_commit() {
        let header = r#"{"key":"header","value":{"summary":"s"}}"#;
        for rest in [
            r#"{"key":"file","value":{"content":"aGk"#,
            r#"{"key":"file","value":{"content":"aG","path":"a","encoding":"base64"}}"#,
            r#"{"key":"lfsFile","value":{"path":"b","algo":"md5","oid":"11"}}"#,
            header,
        ] {
            assert!(
                parse(format!("{header}\n{rest}").as_bytes()).is_err(),
                "{rest}"
            );
        }
        assert!(parse(b"").is_err());
    }
}
