//! A token that is asked about and kept, where Python looks for it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use captioner_files::{FileError, create_folder};
use serde::Deserialize;

use crate::{HubError, RepoId, RepoKind, Token};

use super::Hub;
use super::http::Http;
use super::refusal::Subject;

/// Whose a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user.
    pub name: String,
    /// What its owner calls the token.
    pub token_name: String,
    /// What the token may do: `read`, `write` or `fineGrained`.
    pub role: Option<String>,
}

#[derive(Deserialize)]
struct WhoAmI {
    name: String,
    auth: Option<Auth>,
}

#[derive(Deserialize)]
struct Auth {
    #[serde(rename = "accessToken")]
    token: Option<AccessToken>,
}

#[derive(Deserialize)]
struct AccessToken {
    #[serde(rename = "displayName")]
    name: Option<String>,
    role: Option<String>,
}

/// As `_validate_and_save_token` in `huggingface_hub/_login.py`.
pub(crate) fn login(hub: &Hub, token: Token) -> Result<Account, HubError> {
    let mut settings = hub.settings().clone();
    settings.token = Some(token.clone());
    let path = settings.token_path.clone();
    let http = Http::new(Arc::new(settings), Arc::clone(&hub.http.progress))?;
    let account = hub.background.wait(who_am_i(http))?;
    let stored = path.with_file_name("stored_tokens");
    let former = match fs::read_to_string(&stored) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(FileError::io("read", &stored)(error).into()),
    };
    write_secret(&stored, &with_token(&former, &account.token_name, &token))?;
    write_secret(&path, token.expose())?;
    Ok(account)
}

pub(crate) async fn who_am_i(http: Http) -> Result<Account, HubError> {
    let url = http.url(&["api", "whoami-v2"])?;
    // There is no repository here; the error of a refused token names what was asked for.
    let id = RepoId::parse("api/whoami-v2")?;
    let subject = Subject {
        kind: RepoKind::Model,
        id: &id,
        file: None,
    };
    let (found, _) = match http.json::<WhoAmI>(url, &subject).await {
        Err(HubError::NotFound { .. } | HubError::TokenRefused { .. }) => {
            return Err(HubError::TokenRefused {
                id: "login".to_owned(),
                help: String::new(),
            });
        }
        other => other?,
    };
    let token = found.auth.and_then(|auth| auth.token);
    let (name, role) = token.map_or((None, None), |token| (token.name, token.role));
    let name = name.map(|name| name.replace(['\n', '\r', '[', ']'], " ").trim().to_owned());
    let name = name.filter(|name| !name.is_empty());
    Ok(Account {
        token_name: name.unwrap_or_else(|| format!("oauth-{}", found.name)),
        name: found.name,
        role,
    })
}

/// The INI file of all tokens, with the section of this one new and all others as they were.
fn with_token(former: &str, name: &str, token: &Token) -> String {
    let head = format!("[{name}]");
    let mut kept = String::new();
    let mut own = false;
    for line in former.lines() {
        if line.starts_with('[') {
            own = line.trim_end() == head;
        }
        if !own {
            kept += line;
            kept.push('\n');
        }
    }
    format!("{kept}{head}\nhf_token = {}\n\n", token.expose())
}

/// `_write_secret`: readable by its owner only, from its first byte on.
fn write_secret(path: &Path, text: &str) -> Result<(), HubError> {
    let scratch = scratch(path);
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    let written = owner_only(&scratch).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&scratch, path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&scratch);
    }
    Ok(written.map_err(FileError::io("write", path))?)
}

fn scratch(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}", std::process::id()))
}

/// A new file that nobody else may read.
fn owner_only(path: &Path) -> io::Result<File> {
    let _ = fs::remove_file(path);
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_tokens_stay_in_the_file() {
        let token = Token::new("hf_new").unwrap();
        let former = "[a]\nhf_token = hf_a\nexpires_at = 3\n\n[b]\nhf_token = hf_b\n\n";
        let expected = "[a]\nhf_token = hf_a\nexpires_at = 3\n\n[b]\nhf_token = hf_new\n\n";
        assert_eq!(with_token(former, "b", &token), expected);
        assert_eq!(with_token("", "c", &token), "[c]\nhf_token = hf_new\n\n");
        assert!(with_token(former, "a", &token).starts_with("[b]\nhf_token = hf_b\n"));
    }
}
