//! A server, a cache, and what is told of a download.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use captioner_hub::{DownloadProgress, Hub, HubSettings, RepoId, Token};
use captioner_hub_server::{Content, HubServer, Logged, RepoKind, Side};
use tempfile::TempDir;

pub(crate) const TOKEN: &str = "hf_secretsecret";
pub(crate) const MODEL: &str = "tests/git";

/// What a download told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) notes: Mutex<Vec<String>>,
    pub(crate) bytes: Mutex<i64>,
}

impl DownloadProgress for Told {
    fn advance(&self, _: &str, bytes: u64) {
        *self.bytes.lock().unwrap() += bytes as i64;
    }

    fn lose(&self, _: &str, bytes: u64) {
        *self.bytes.lock().unwrap() -= bytes as i64;
    }

    fn note(&self, line: &str) {
        self.notes.lock().unwrap().push(line.to_owned());
    }
}

/// A server with a user, and a home for a cache.
pub(crate) struct World {
    pub(crate) server: HubServer,
    pub(crate) home: TempDir,
    pub(crate) told: Arc<Told>,
}

impl World {
    pub(crate) fn new() -> Self {
        let server = HubServer::start(0).unwrap();
        server.state().add_user(TOKEN, "tests", true);
        server.state().add_user("hf_reader", "reader", false);
        Self {
            server,
            home: tempfile::tempdir().unwrap(),
            told: Arc::default(),
        }
    }

    /// With a model of two shards of `len` bytes each.
    pub(crate) fn with_model(len: u64) -> Self {
        let world = Self::new();
        world.add(RepoKind::Model, MODEL, model(len));
        world
    }

    pub(crate) fn add(&self, kind: RepoKind, id: &str, files: Vec<(String, Content)>) -> String {
        self.server
            .state()
            .add_files(kind, id, "main", files)
            .unwrap()
    }

    /// Settings with short waits; `variables` go before them.
    pub(crate) fn settings(&self, variables: &[(&str, &str)]) -> HubSettings {
        let home = self.home.path().to_str().unwrap();
        let endpoint = self.server.state().endpoint().to_owned();
        let settings = HubSettings::from_lookup(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            match (found, name) {
                (Some((_, value)), _) => Some((*value).to_owned()),
                (None, "HF_HOME") => Some(home.to_owned()),
                (None, "HF_ENDPOINT") => Some(endpoint.clone()),
                _ => None,
            }
        });
        let mut settings = settings.unwrap();
        settings.retry_wait = Duration::from_millis(5);
        settings
    }

    pub(crate) fn hub(&self) -> Hub {
        self.hub_with(self.settings(&[]))
    }

    pub(crate) fn hub_with(&self, settings: HubSettings) -> Hub {
        Hub::with_progress(settings, self.told.clone()).unwrap()
    }

    pub(crate) fn with_token(&self) -> HubSettings {
        let mut settings = self.settings(&[]);
        settings.token = Token::new(TOKEN);
        settings
    }

    pub(crate) fn notes(&self) -> String {
        self.told.notes.lock().unwrap().join("\n")
    }

    pub(crate) fn requests(&self, side: Side) -> Vec<Logged> {
        let mut log = self.server.state().log();
        log.retain(|request| request.side == side);
        log
    }

    /// A folder of the model's repository in the cache.
    pub(crate) fn cached(&self, name: &str) -> PathBuf {
        self.home.path().join("hub/models--tests--git").join(name)
    }
}

pub(crate) fn id(text: &str) -> RepoId {
    RepoId::parse(text).unwrap()
}

pub(crate) fn file(name: &str, text: &str) -> (String, Content) {
    (name.to_owned(), text.into())
}

pub(crate) fn drawn(name: &str, seed: u64, len: u64) -> (String, Content) {
    (name.to_owned(), Content::Drawn { seed, len })
}

pub(crate) fn shard(number: u64) -> String {
    format!("model-{number:05}-of-00002.safetensors")
}

pub(crate) fn model(len: u64) -> Vec<(String, Content)> {
    let map = format!(
        r#"{{"weight_map": {{"a": "{}", "b": "{}"}}}}"#,
        shard(1),
        shard(2)
    );
    vec![
        file("config.json", "{\"model_type\": \"git\"}"),
        file("vocab.txt", "[PAD]\n[UNK]\n"),
        file("model.safetensors.index.json", &map),
        drawn(&shard(1), 1, len),
        drawn(&shard(2), 2, len),
    ]
}

/// Whether a folder holds exactly these files with these bytes.
pub(crate) fn assert_holds(folder: &Path, files: &[(String, Content)]) {
    for (name, content) in files {
        let found = std::fs::read(folder.join(name)).unwrap();
        assert!(found == content.to_vec().unwrap(), "{name} has other bytes");
    }
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
