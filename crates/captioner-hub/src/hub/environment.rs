//! The variables of the environment, with the meaning that `huggingface_hub/constants.py` gives
//! them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Url;

use crate::{HubError, Token};

const DEFAULT_ENDPOINT: &str = "https://huggingface.co";
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// The variables, by name.
pub(super) struct Environment<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> Environment<'a> {
    pub(super) fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup }
    }

    fn get(&self, name: &str) -> Option<String> {
        (self.lookup)(name)
    }

    /// A variable that is set to more than nothing: Python's `or` takes the next one otherwise.
    fn filled(&self, name: &str) -> Option<String> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// `_is_true`
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| is_true(&value))
    }

    pub(super) fn endpoint(&self) -> Result<String, HubError> {
        const NAME: &str = "HF_ENDPOINT";
        let value = self
            .get(NAME)
            .unwrap_or_else(|| DEFAULT_ENDPOINT.to_owned());
        let endpoint = value.trim_end_matches('/');
        match Url::parse(endpoint) {
            Ok(url) if is_plain(&url) => Ok(endpoint.to_owned()),
            _ => Err(HubError::Setting {
                name: NAME,
                problem: "give an address such as https://huggingface.co, without a password",
                value: without_user(&value),
            }),
        }
    }

    /// `HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE`: the second counts only where the first is empty.
    pub(super) fn offline(&self) -> bool {
        let either = self.filled("HF_HUB_OFFLINE");
        let value = either.or_else(|| self.get("TRANSFORMERS_OFFLINE"));
        value.is_some_and(|value| is_true(&value))
    }

    /// `datasets/config.py`: its own variable, if set, goes before the Hub's.
    pub(super) fn datasets_offline(&self, offline: bool) -> bool {
        let own = self.get("HF_DATASETS_OFFLINE");
        own.map_or(offline, |value| is_true(&value))
    }

    pub(super) fn seconds(&self, name: &'static str) -> Result<Duration, HubError> {
        let Some(value) = self.get(name) else {
            return Ok(DEFAULT_TIMEOUT);
        };
        match value.trim().parse::<u64>() {
            // Python's `_as_int(...) or DEFAULT`
            Ok(0) => Ok(DEFAULT_TIMEOUT),
            Ok(seconds) => Ok(Duration::from_secs(seconds)),
            Err(_) => Err(HubError::Setting {
                name,
                value,
                problem: "give a number of seconds",
            }),
        }
    }

    fn user_home(&self) -> String {
        let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        self.get(name).unwrap_or_else(|| "~".to_owned())
    }

    fn home(&self) -> PathBuf {
        match self.get("HF_HOME") {
            Some(home) => self.expand(&home),
            None => {
                let cache = self.get("XDG_CACHE_HOME");
                let cache = cache.unwrap_or_else(|| format!("{}/.cache", self.user_home()));
                self.expand(&cache).join("huggingface")
            }
        }
    }

    pub(super) fn cache(&self) -> PathBuf {
        let former = || self.get("HUGGINGFACE_HUB_CACHE");
        match self.get("HF_HUB_CACHE").or_else(former) {
            Some(cache) => self.expand(&cache),
            None => self.home().join("hub"),
        }
    }

    pub(super) fn token_path(&self) -> PathBuf {
        match self.get("HF_TOKEN_PATH") {
            Some(path) => self.expand(&path),
            None => self.home().join("token"),
        }
    }

    /// `get_token`, where tokens may be sent that were not named in the call.
    pub(super) fn token(&self, path: &Path) -> Option<Token> {
        if self.is_true("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
            return None;
        }
        let former = || self.get("HUGGING_FACE_HUB_TOKEN");
        let named = self.filled("HF_TOKEN").or_else(former);
        let kept = || Token::new(&std::fs::read_to_string(path).ok()?);
        named.and_then(|text| Token::new(&text)).or_else(kept)
    }

    /// `os.path.expandvars(os.path.expanduser(path))`
    fn expand(&self, path: &str) -> PathBuf {
        let path = match path.strip_prefix('~') {
            Some(rest) if rest.is_empty() || rest.starts_with(['/', std::path::MAIN_SEPARATOR]) => {
                format!("{}{rest}", self.user_home())
            }
            _ => path.to_owned(),
        };
        PathBuf::from(self.variables(&path))
    }

    /// `$NAME` and `${NAME}`; what is not set stays as it is.
    fn variables(&self, path: &str) -> String {
        let mut expanded = String::new();
        let mut rest = path;
        while let Some((before, after)) = rest.split_once('$') {
            expanded += before;
            let (name, behind) = name_of(after);
            let value = (!name.is_empty()).then(|| self.get(name)).flatten();
            let taken = after.len() - behind.len();
            expanded += &value.unwrap_or_else(|| format!("${}", &after[..taken]));
            rest = behind;
        }
        expanded + rest
    }
}

/// The name behind a `$`, and what follows it.
fn name_of(text: &str) -> (&str, &str) {
    if let Some((name, behind)) = text.strip_prefix('{').and_then(|text| text.split_once('}')) {
        return (name, behind);
    }
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split_at(text.find(|c| !word(c)).unwrap_or(text.len()))
}

/// A password in the address would be shown wherever the address is.
fn is_plain(url: &Url) -> bool {
    let web = matches!(url.scheme(), "http" | "https");
    web && url.username().is_empty() && url.password().is_none()
}

fn is_true(value: &str) -> bool {
    ["1", "ON", "YES", "TRUE"].contains(&value.to_uppercase().as_str())
}

/// An address without the name and password that it may hold.
fn without_user(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((_, rest)) => format!("..@{rest}"),
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HubSettings;

    fn settings(variables: &[(&str, &str)]) -> Result<HubSettings, HubError> {
        let home = [("HOME", "/home/u"), ("USERPROFILE", "/home/u")];
        let all = [variables, &home].concat();
        HubSettings::from_lookup(|name| {
            let found = all.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_cache_is_where_python_has_it() {
        let cases: [(&[(&str, &str)], &str); 8] = [
            (&[], "/home/u/.cache/huggingface/hub"),
            (&[("XDG_CACHE_HOME", "/x")], "/x/huggingface/hub"),
            (
                &[("HF_HOME", "~/hf"), ("XDG_CACHE_HOME", "/x")],
                "/home/u/hf/hub",
            ),
            (&[("HF_HOME", "/h"), ("HF_HUB_CACHE", "/c")], "/c"),
            (&[("HUGGINGFACE_HUB_CACHE", "/d")], "/d"),
            (
                &[("HUGGINGFACE_HUB_CACHE", "/d"), ("HF_HUB_CACHE", "/c")],
                "/c",
            ),
            (
                &[("HF_HUB_CACHE", "$HOME/c/${HOME}$NOT")],
                "/home/u/c//home/u$NOT",
            ),
            (&[("HF_HUB_CACHE", "~other/c")], "~other/c"),
        ];
        for (variables, cache) in cases {
            assert_eq!(
                settings(variables).unwrap().cache,
                Path::new(cache),
                "{variables:?}"
            );
        }
    }

    #[test]
    fn the_second_variable_of_being_offline_counts_where_the_first_is_empty() {
        let offline = |hub: &str, transformers: &str| {
            let variables = [
                ("HF_HUB_OFFLINE", hub),
                ("TRANSFORMERS_OFFLINE", transformers),
            ];
            settings(&variables).unwrap().offline
        };
        assert!(offline("1", "") && offline("yes", "0") && offline("", "True"));
        assert!(!offline("0", "1") && !offline("", "") && !offline("2", "1"));
    }

    #[test]
    fn data_sets_have_a_variable_of_their_own() {
        let pair = |hub, own| [("HF_HUB_OFFLINE", hub), ("HF_DATASETS_OFFLINE", own)];
        assert!(!settings(&pair("1", "0")).unwrap().datasets_offline);
        assert!(settings(&pair("0", "ON")).unwrap().datasets_offline);
        assert!(
            settings(&[("HF_HUB_OFFLINE", "1")])
                .unwrap()
                .datasets_offline
        );
    }

    #[test]
    fn tokens_come_from_variables_and_then_from_the_file() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("token");
        std::fs::write(&path, "hf_file\n").unwrap();
        let file = ("HF_TOKEN_PATH", path.to_str().unwrap());
        let token = |variables: &[(&str, &str)]| {
            let token = settings(&[&[file], variables].concat()).unwrap().token;
            token.map(|token| token.expose().to_owned())
        };
        assert_eq!(token(&[]).unwrap(), "hf_file");
        assert_eq!(token(&[("HF_TOKEN", " hf_a\n")]).unwrap(), "hf_a");
        let both = [("HF_TOKEN", ""), ("HUGGING_FACE_HUB_TOKEN", "hf_b")];
        assert_eq!(token(&both).unwrap(), "hf_b");
        let off = [("HF_TOKEN", "hf_a"), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")];
        assert_eq!(token(&off), None);
        let home = ("HF_HOME", root.path().to_str().unwrap());
        let kept = settings(&[home]).unwrap().token.unwrap();
        assert_eq!(kept.expose(), "hf_file");
    }

    #[test]
    fn numbers_and_addresses_that_have_no_meaning_are_named() {
        let seconds = |value| settings(&[("HF_HUB_DOWNLOAD_TIMEOUT", value)]);
        assert_eq!(
            seconds("30").unwrap().download_timeout,
            Duration::from_secs(30)
        );
        assert_eq!(seconds("0").unwrap().download_timeout, DEFAULT_TIMEOUT);
        for value in ["", "-1", "soon", "1.5"] {
            let message = seconds(value).unwrap_err().to_string();
            assert!(message.contains("HF_HUB_DOWNLOAD_TIMEOUT"), "{message}");
        }
        let endpoint = |value| settings(&[("HF_ENDPOINT", value)]);
        assert_eq!(
            endpoint("http://hub:8080//").unwrap().endpoint,
            "http://hub:8080"
        );
        for value in [
            "",
            "huggingface.co",
            "ftp://x",
            "u:secret@x",
            "https://u:secret@x",
        ] {
            let message = endpoint(value).unwrap_err().to_string();
            assert!(
                message.contains("HF_ENDPOINT") && !message.contains("secret"),
                "{message}"
            );
        }
    }

    #[test]
    fn the_settings_never_show_the_token() {
        let settings = settings(&[("HF_TOKEN", "hf_secret")]).unwrap();
        assert!(!format!("{settings:?}").contains("secret"));
    }
}
