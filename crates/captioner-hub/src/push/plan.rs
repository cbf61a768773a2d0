//! What of a push has to be sent, as the Hub's `preupload` says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::PushError;
use super::local::LocalFile;

/// The most files of one `preupload` or LFS batch request.
pub(crate) const BATCH: usize = 256;

/// How a file gets into a commit, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// In the commit itself.
    Regular,
    /// Stored first, then named by the commit.
    Large,
    /// The repository holds the same content at this path.
    Unchanged,
    /// The repository's `.gitignore` leaves it out.
    Ignored,
}

/// A file's way, and the object id that the branch held at its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) mode: Mode,
    pub(crate) remote: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    files: Vec<AnswerFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnswerFile {
    path: String,
    upload_mode: String,
    #[serde(default)]
    should_ignore: bool,
    #[serde(default)]
    oid: Option<String>,
}

/// The body of a `preupload` request for at most [`BATCH`] files.
pub(crate) fn preupload_body(files: &[LocalFile]) -> Value {
    let files: Vec<_> = files
        .iter()
        .map(|file| {
            json!({
                "path": file.path,
                "size": file.size,
                "sample": STANDARD.encode(&file.sample),
            })
        })
        .collect();
    json!({ "files": files })
}

/// The plan of the files that a `preupload` answer speaks of.
///
/// As in `huggingface_hub`, an empty file is never large: object storage refuses empty objects. A
/// large file's object id is its SHA-256, another's the git blob's.
pub(crate) fn planned(files: &[LocalFile], answer: Value) -> Result<Vec<Planned>, PushError> {
    let answer: Answer =
        serde_json::from_value(answer).map_err(|error| malformed(error.to_string()))?;
    let find = |file: &LocalFile| {
        let answer = answer.files.iter().find(|entry| entry.path == file.path);
        plan_one(
            file,
            answer.ok_or_else(|| malformed(format!("it leaves out '{}'", file.path)))?,
        )
    };
    files.iter().map(find).collect()
}

fn plan_one(file: &LocalFile, answer: &AnswerFile) -> Result<Planned, PushError> {
    let large = match answer.upload_mode.as_str() {
        "lfs" => file.size > 0,
        "regular" => false,
        other => {
            return Err(malformed(format!(
                "the upload mode '{other}' of '{}'",
                file.path
            )));
        }
    };
    let mode = if answer.should_ignore {
        Mode::Ignored
    } else if holds(file, answer.oid.as_deref()) {
        Mode::Unchanged
    } else if large {
        Mode::Large
    } else {
        Mode::Regular
    };
    Ok(Planned {
        mode,
        remote: answer.oid.clone(),
    })
}

/// Whether an object id is that of a file's content, in either storage.
pub(crate) fn holds(file: &LocalFile, oid: Option<&str>) -> bool {
    oid.is_some_and(|oid| oid == file.git_oid || oid == file.sha256)
}

/// A file that is to be sent and that the branch holds otherwise than when the push began: another
/// push wrote it.
pub(crate) fn collision<'a>(
    files: &'a [LocalFile],
    before: &[Planned],
    now: &[Planned],
) -> Option<&'a LocalFile> {
    let pairs = before.iter().zip(now);
    files.iter().zip(pairs).find_map(|(file, (before, now))| {
        let sent = matches!(now.mode, Mode::Regular | Mode::Large);
        (sent && before.remote != now.remote).then_some(file)
    })
}

fn malformed(reason: String) -> PushError {
    PushError::Answer {
        request: "preupload",
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::super::local::PushFile;
    use super::*;

    fn file(path: &str, content: &str) -> LocalFile {
        LocalFile::read(&PushFile::bytes(path, content)).unwrap()
    }

    fn plan(file: &LocalFile, rest: Value) -> Result<Planned, PushError> {
        let mut entry = json!({ "path": file.path, "uploadMode": "lfs", "shouldIgnore": false });
        entry
            .as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        let answer = json!({ "files": [entry] });
        planned(std::slice::from_ref(file), answer).map(|mut plans| plans.remove(0))
    }

    #[test]
    fn the_mode_is_the_hubs_but_empty_files_are_regular() {
        let some = file("a", "x");
        assert_eq!(plan(&some, json!({})).unwrap().mode, Mode::Large);
        let regular = json!({ "uploadMode": "regular" });
        assert_eq!(plan(&some, regular).unwrap().mode, Mode::Regular);
        assert_eq!(plan(&file("a", ""), json!({})).unwrap().mode, Mode::Regular);
    }

    #[test]
    fn a_file_that_is_there_is_left_out_by_either_object_id() {
        let some = file("a", "x");
        for oid in [&some.sha256, &some.git_oid] {
            let planned = plan(&some, json!({ "oid": oid })).unwrap();
            assert_eq!(planned.mode, Mode::Unchanged);
        }
        let other = plan(&some, json!({ "oid": "00" })).unwrap();
        assert_eq!(
            (other.mode, other.remote.as_deref()),
            (Mode::Large, Some("00"))
        );
        let ignored = json!({ "oid": some.sha256, "shouldIgnore": true });
        assert_eq!(plan(&some, ignored).unwrap().mode, Mode::Ignored);
    }

    #[test]
    fn answers_without_sense_are_errors() {
        let some = file("a", "x");
        assert!(plan(&some, json!({ "uploadMode": "tape" })).is_err());
        assert!(planned(std::slice::from_ref(&some), json!({ "files": [] })).is_err());
        assert!(planned(std::slice::from_ref(&some), json!([1])).is_err());
    }

    #[test]
    fn a_collision_is_a_file_to_send_whose_object_changed() {
        let files = [file("a", "x"), file("b", "y")];
        let entry = |mode, remote: &str| Planned {
            mode,
            remote: Some(remote.to_owned()),
        };
        let before = [entry(Mode::Regular, "1"), entry(Mode::Regular, "2")];
        let same = [entry(Mode::Unchanged, "3"), entry(Mode::Regular, "2")];
        assert!(collision(&files, &before, &same).is_none());
        let other = [entry(Mode::Regular, "1"), entry(Mode::Large, "3")];
        assert_eq!(collision(&files, &before, &other).unwrap().path, "b");
    }
}
