//! Pushes to a local Hub.
#![cfg(feature = "hub")]

mod commits;
mod cuts;
mod large;
mod published;
mod refusals;

use std::sync::Arc;
use std::time::Duration;

use captioner_hub::{Hub, HubError, HubSettings, Push, PushError, PushFile, Pushed, RepoId, Token};
use captioner_hub_server::{HubServer, RepoKind, SIGNATURE, Side, State};

const TOKEN: &str = "hf_SecretOfTheTest";
const REPO: &str = "tester/git-creatures";

/// A Hub with one user.
struct Fixture {
    server: HubServer,
    hub: Hub,
}

impl Fixture {
    /// Requests are sent once.
    fn new() -> Self {
        Self::with_tries(0)
    }

    /// Requests are sent again so many times.
    fn with_tries(tries: u32) -> Self {
        let server = HubServer::start(0).unwrap();
        server.state().add_user(TOKEN, "tester", true);
        let hub = hub_with(server.state(), Some(TOKEN), tries);
        Self { server, hub }
    }

    fn state(&self) -> &Arc<State> {
        self.server.state()
    }

    fn push(&self, push: &Push) -> Result<Pushed, HubError> {
        self.hub.push(push)
    }

    /// Titles of the commits, newest first; none without a repository.
    fn titles(&self) -> Vec<String> {
        let repositories = self.state().repositories();
        let found = repositories.get(&(RepoKind::Model, REPO.to_owned()));
        let history = found.map(|repository| repository.history("main"));
        let commits = history.into_iter().flatten();
        commits.map(|commit| commit.title.clone()).collect()
    }

    /// The content at a path of `main`.
    fn content(&self, path: &str) -> Option<Vec<u8>> {
        let repositories = self.state().repositories();
        let repository = repositories.get(&(RepoKind::Model, REPO.to_owned()))?;
        let entry = repository.resolve("main")?.files.get(path)?;
        Some(entry.content.to_vec().unwrap())
    }

    /// Makes the repository, with these files.
    fn existing(&self, files: &[(&str, &str)]) {
        self.other("first", files);
    }

    /// A commit by somebody else.
    fn other(&self, title: &str, files: &[(&str, &str)]) {
        let files: Vec<_> = files
            .iter()
            .map(|(path, content)| {
                let entry = captioner_hub_server::Entry::new(path, (*content).into()).unwrap();
                ((*path).to_owned(), entry)
            })
            .collect();
        let mut repositories = self.state().repositories();
        let key = (RepoKind::Model, REPO.to_owned());
        let first = || captioner_hub_server::Repository::new();
        let repository = repositories.entry(key).or_insert_with(first);
        repository.commit("main", title, "", |all| all.extend(files));
    }

    /// How many requests of this kind came.
    fn asked(&self, method: &str, part: &str) -> usize {
        let log = self.state().log();
        let fits = |entry: &&captioner_hub_server::Logged| {
            entry.method == method && entry.path.contains(part)
        };
        log.iter().filter(fits).count()
    }

    /// The token went to the Hub alone.
    fn assert_token_kept(&self) {
        for entry in self.state().log() {
            let carries = entry.headers.iter().any(|(_, value)| value.contains(TOKEN));
            let hub = entry.side == Side::Hub;
            assert!(!carries || hub, "{} {}", entry.method, entry.path);
            assert!(!entry.path.contains(TOKEN));
        }
    }
}

fn hub(state: &State, token: Option<&str>) -> Hub {
    hub_with(state, token, 0)
}

fn hub_with(state: &State, token: Option<&str>, tries: u32) -> Hub {
    let mut settings = HubSettings::from_lookup(|_| None).unwrap();
    settings.endpoint = state.endpoint().to_owned();
    settings.token = token.and_then(Token::new);
    settings.download_timeout = Duration::from_millis(400);
    settings.retries = tries;
    settings.retry_wait = Duration::from_millis(1);
    settings.progress_bars = false;
    Hub::new(settings).unwrap()
}

fn repo() -> RepoId {
    RepoId::parse(REPO).unwrap()
}

/// A model as it is pushed: two regular files and a large one.
fn model() -> Push {
    let files = vec![
        PushFile::bytes("README.md", "---\n---\n# creatures\n"),
        PushFile::bytes("config.json", "{}"),
        PushFile::bytes("model.safetensors", vec![7; 5000]),
    ];
    Push::new(repo(), files, "Add the model")
}

/// Neither the token nor a signature is in an error.
fn assert_clean(error: &HubError) {
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains(TOKEN) && !text.contains(SIGNATURE), "{text}");
    }
}

fn push_error(error: HubError) -> PushError {
    assert_clean(&error);
    match error {
        HubError::Push(error) => error,
        error => panic!("{error:?}"),
    }
}
