//! The requests of a push: which may be sent again, and which carry the token.

use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Url, redirect};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::land::Commit;
use super::plan::BATCH;
use super::send::Tries;
use super::{Push, PushError};
use crate::hub::http::{Failure, Http, client_builder, failed, parse};
use crate::{DownloadProgress, HubError, RepoKind};

/// A push and the Hub that it goes to.
pub(super) struct Wire<'a> {
    pub(super) push: &'a Push,
    pub(super) http: Http,
    /// For the Hub: it follows redirects to the Hub only.
    api: Client,
    /// For addresses that the Hub names: it follows no redirect.
    pub(super) plain: Client,
}

/// An answer of the kind 2xx.
pub(super) struct Reply {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// How one request ended.
pub(super) enum Answered {
    Ok(Reply),
    /// The Hub has seen the request and does not do it.
    Refused {
        status: u16,
        error: HubError,
    },
    /// It is open whether the request was acted on, or another try may go well.
    Open(Failure),
}

/// What a commit holds at a path.
#[derive(Debug, Deserialize)]
pub(super) struct Held {
    pub(super) path: String,
    #[serde(default)]
    oid: Option<String>,
    #[serde(default)]
    lfs: Option<Object>,
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Debug, Deserialize)]
struct Object {
    oid: String,
}

impl Held {
    /// The object id of its content: of a large file the SHA-256, of others git's.
    pub(super) fn object(&self) -> Option<&str> {
        let large = self.lfs.as_ref().map(|lfs| lfs.oid.as_str());
        large.or(self.oid.as_deref())
    }
}

impl Reply {
    pub(super) fn etag(&self) -> Option<String> {
        let etag = self.headers.get(ETAG)?.to_str().ok()?;
        Some(etag.to_owned())
    }

    /// The body as JSON; `request` is named in the error.
    pub(super) fn parsed<T: DeserializeOwned>(&self, request: &'static str) -> Result<T, HubError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let reason = error.to_string();
            PushError::Answer { request, reason }.into()
        })
    }
}

impl Answered {
    pub(super) fn ok(self) -> Result<Reply, HubError> {
        match self {
            Self::Ok(reply) => Ok(reply),
            Self::Refused { error, .. } => Err(error),
            Self::Open(failure) => Err(failure.error),
        }
    }
}

impl<'a> Wire<'a> {
    /// An error if there is no token.
    pub(super) fn new(http: Http, push: &'a Push) -> Result<Self, HubError> {
        let settings = &http.settings;
        if settings.token.is_none() {
            return Err(PushError::NoToken {
                repo: push.repo.id(),
                endpoint: settings.endpoint.clone(),
            }
            .into());
        }
        if settings.offline {
            let repo = push.repo.id();
            return Err(PushError::Offline { repo }.into());
        }
        let endpoint = parse(&settings.endpoint)?;
        let ask = http.ask(endpoint.clone());
        // A server is silent while a body is sent; how long is watched here.
        let client = |policy| {
            let builder = client_builder(settings).read_timeout(NEVER);
            let built = builder.redirect(policy).build();
            built.map_err(|error| failed(&error, &endpoint, &ask))
        };
        Ok(Self {
            api: client(within(&endpoint))?,
            plain: client(redirect::Policy::none())?,
            push,
            http,
        })
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.http.settings.endpoint
    }

    /// The branch that is pushed to.
    pub(super) fn branch(&self) -> &str {
        self.push.repo.revision()
    }

    /// The word in requests.
    pub(super) fn kind(&self) -> &'static str {
        match self.push.kind {
            RepoKind::Model => "model",
            RepoKind::Dataset => "dataset",
        }
    }

    /// Whether the Xet storage may be used.
    pub(super) fn xet(&self) -> bool {
        self.push.xet
    }

    /// Whom to tell how far it is.
    pub(super) fn progress(&self) -> &dyn DownloadProgress {
        &*self.http.progress
    }

    /// How long nothing may move: the Hub may think longer about a commit than about a byte of a
    /// download.
    pub(super) fn patience(&self) -> Duration {
        self.http.settings.download_timeout.saturating_mul(6)
    }

    /// The headers that carry the token: for the Hub alone, and shown in no log.
    pub(super) fn token_headers(&self) -> Result<HeaderMap, HubError> {
        let token = self.http.settings.token.as_ref();
        let text = format!("Bearer {}", token.map_or("", |token| token.expose()));
        let value = HeaderValue::from_str(&text);
        let mut value = value.map_err(|_| HubError::Setting {
            name: "HF_TOKEN",
            value: "..".to_owned(),
            problem: "a token holds letters, digits and '_'",
        })?;
        value.set_sensitive(true);
        Ok(HeaderMap::from_iter([(AUTHORIZATION, value)]))
    }

    pub(super) fn tries(&self) -> Tries {
        Tries {
            http: self.http.clone(),
            count: 0,
        }
    }

    /// `{endpoint}/api/models/{id}`, and what follows it.
    pub(super) fn api(&self, rest: &str) -> String {
        let (kind, repo) = (self.kind(), &self.push.repo);
        format!(
            "{}/api/{kind}s/{}/{}{rest}",
            self.endpoint(),
            repo.owner(),
            repo.name()
        )
    }

    /// An action upon the branch.
    pub(super) fn at_branch(&self, action: &str) -> String {
        self.at(action, self.branch())
    }

    /// An action upon a revision, whose `/` are no separators.
    fn at(&self, action: &str, revision: &str) -> String {
        self.api(&format!("/{action}/{}", encoded(revision)))
    }

    /// An address of the git repository.
    pub(super) fn git(&self, rest: &str) -> String {
        format!("{}.git/{rest}", self.page())
    }

    fn page(&self) -> String {
        let prefix = match self.kind() {
            "dataset" => "datasets/",
            _ => "",
        };
        let repo = &self.push.repo;
        format!(
            "{}/{prefix}{}/{}",
            self.endpoint(),
            repo.owner(),
            repo.name()
        )
    }

    /// A commit by its id.
    pub(super) fn commit(&self, id: &str) -> Commit {
        Commit {
            id: id.to_owned(),
            url: format!("{}/commit/{id}", self.page()),
        }
    }

    /// What a commit holds at these paths.
    pub(super) async fn held(&self, commit: &str, paths: &[String]) -> Result<Vec<Held>, HubError> {
        let mut held = Vec::new();
        for paths in paths.chunks(BATCH) {
            let body = json!({ "paths": paths, "expand": false });
            let entries: Vec<Held> =
                serde_json::from_value(self.post_json(&self.at("paths-info", commit), body).await?)
                    .map_err(|error| PushError::Answer {
                        request: "paths-info",
                        reason: error.to_string(),
                    })?;
            held.extend(entries.into_iter().filter(|entry| entry.kind == "file"));
        }
        Ok(held)
    }

    /// `GET`, sent again when it fails for the moment.
    pub(super) async fn get(&self, url: &str) -> Result<Reply, HubError> {
        self.ask(url).await?.ok()
    }

    /// `GET`, sent again when it fails for the moment; a refusal is an answer.
    pub(super) async fn ask(&self, url: &str) -> Result<Answered, HubError> {
        let request = self.request(Method::GET, url)?;
        self.again(url, &request).await
    }

    /// `GET`, once.
    pub(super) async fn ask_once(&self, url: &str) -> Answered {
        match self.request(Method::GET, url) {
            Ok(request) => self.once(url, request).await,
            Err(error) => Answered::Refused { status: 0, error },
        }
    }

    /// `POST` of JSON that changes nothing, or nothing more when it is sent twice.
    pub(super) async fn post_json(&self, url: &str, body: Value) -> Result<Value, HubError> {
        let body = body.to_string();
        let reply = self.post(url, "application/json", body.into()).await?;
        reply.parsed("a request with JSON")
    }

    /// The same with another media type.
    pub(super) async fn post(
        &self,
        url: &str,
        media: &str,
        body: Vec<u8>,
    ) -> Result<Reply, HubError> {
        let request = self.request(Method::POST, url)?;
        let request = request
            .header(CONTENT_TYPE, media)
            .header(ACCEPT, media)
            .body(body);
        self.again(url, &request).await?.ok()
    }

    /// `POST`, once.
    pub(super) async fn post_once(&self, url: &str, media: &str, body: &[u8]) -> Answered {
        match self.request(Method::POST, url) {
            Ok(request) => {
                let request = request.header(CONTENT_TYPE, media).body(body.to_vec());
                self.once(url, request).await
            }
            Err(error) => Answered::Refused { status: 0, error },
        }
    }

    /// `POST` to an address of the Hub's answer: with the token on the Hub itself only.
    pub(super) async fn post_signed(
        &self,
        url: &str,
        media: &str,
        body: Vec<u8>,
    ) -> Result<(), HubError> {
        let request = match self.own(url) {
            true => self.request(Method::POST, url)?,
            false => self.plain.post(url),
        };
        let request = request
            .header(CONTENT_TYPE, media)
            .header(ACCEPT, media)
            .body(body);
        self.again(url, &request).await?.ok()?;
        Ok(())
    }

    /// A request to the Hub, with the token.
    fn request(&self, method: Method, url: &str) -> Result<RequestBuilder, HubError> {
        Ok(self.api.request(method, url).headers(self.token_headers()?))
    }

    /// Whether an address is the Hub's own: scheme, host and port.
    pub(super) fn own(&self, url: &str) -> bool {
        let origin = |url: &str| Url::parse(url).ok().map(|url| url.origin());
        let own = origin(self.endpoint());
        own.is_some() && own == origin(url)
    }
}

/// Follows redirects, of a repository that has another name now, within one host.
fn within(endpoint: &Url) -> redirect::Policy {
    let origin = endpoint.origin();
    redirect::Policy::custom(move |attempt| {
        match attempt.url().origin() == origin && attempt.previous().len() < 5 {
            true => attempt.follow(),
            false => attempt.stop(),
        }
    })
}

/// Long enough for any request; the clock has no room for more.
const NEVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// A revision as one part of a path.
fn encoded(revision: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    revision.bytes().fold(String::new(), |mut text, byte| {
        match plain(byte) {
            true => text.push(char::from(byte)),
            false => text += &format!("%{byte:02X}"),
        }
        text
    })
}
