//! The requests of a push: which may be sent again, and which carry the token.

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use futures_util::stream;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue,
};
use reqwest::{Body, Client, Method, RequestBuilder, Url, redirect};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::land::Commit;
use super::local::LocalFile;
use super::parts::reader;
use super::plan::BATCH;
use super::{Push, PushError};
use crate::hub::http::{Ask, Failure, Http, client_builder, failed, host, parse};
use crate::hub::refusal::{Subject, refusal};
use crate::hub::wait::asked_wait;
use crate::{DownloadProgress, HubError, RepoKind};

/// A push and the Hub that it goes to.
pub(super) struct Wire<'a> {
    pub(super) push: &'a Push,
    http: Http,
    /// For the Hub: it follows redirects to the Hub only.
    api: Client,
    /// For addresses that the Hub names: it follows no redirect.
    plain: Client,
}

/// An answer of the kind 2xx.
pub(super) struct Reply {
    headers: HeaderMap,
    body: Vec<u8>,
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

/// Bytes of a file to an address that the Hub named.
pub(super) struct Put<'a> {
    pub(super) url: &'a str,
    pub(super) header: &'a [(String, String)],
    pub(super) file: &'a LocalFile,
    pub(super) range: Range<u64>,
}

impl Reply {
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

    /// Sends bytes of a file, without the token; the answer's `ETag`.
    pub(super) async fn put(&self, put: &Put<'_>) -> Result<Option<String>, HubError> {
        let mut tries = self.tries();
        loop {
            let failure = match self.put_once(put).await? {
                Answered::Ok(reply) => return Ok(reply.etag()),
                Answered::Refused { error, .. } => Failure {
                    again: false,
                    ..Failure::passing(error)
                },
                Answered::Open(failure) => failure,
            };
            // Other bytes than were announced are refused as well.
            put.file.unchanged()?;
            tries.wait(failure).await?;
        }
    }

    async fn put_once(&self, put: &Put<'_>) -> Result<Answered, HubError> {
        let taken = Arc::new(AtomicU64::new(0));
        let changed = || PushError::Changed {
            path: put.file.path.clone(),
        };
        let source = reader(&put.file.source, put.range.clone()).map_err(|_| changed())?;
        let mut request = self.plain.put(put.url);
        for (name, value) in put.header {
            request = request.header(name, value);
        }
        let length = put.range.end - put.range.start;
        // Object storage takes no body of unknown length.
        let request = request.header(CONTENT_LENGTH, length);
        let path = put.file.path.clone();
        let (count, progress) = (Arc::clone(&taken), Arc::clone(&self.http.progress));
        let request = request.body(streamed(source, move |bytes| {
            count.fetch_add(bytes, Ordering::Relaxed);
            progress.advance(&path, bytes);
        }));
        let answered = self.watched(put.url, request, &taken).await;
        if !matches!(answered, Answered::Ok(_)) {
            let sent = taken.load(Ordering::Relaxed);
            self.http.progress.lose(&put.file.path, sent);
        }
        Ok(answered)
    }

    /// A request to the Hub, with the token.
    fn request(&self, method: Method, url: &str) -> Result<RequestBuilder, HubError> {
        Ok(self.api.request(method, url).headers(self.token_headers()?))
    }

    /// Sends a request that may be acted on twice, until it is answered.
    async fn again(&self, url: &str, request: &RequestBuilder) -> Result<Answered, HubError> {
        let mut tries = self.tries();
        loop {
            // Only a streamed body can't be sent twice.
            let Some(request) = request.try_clone() else {
                return Ok(Answered::Open(Failure::passing(self.silent(url))));
            };
            match self.once(url, request).await {
                Answered::Open(failure) => tries.wait(failure).await?,
                answered => return Ok(answered),
            }
        }
    }

    async fn once(&self, url: &str, request: RequestBuilder) -> Answered {
        self.watched(url, request, &AtomicU64::new(0)).await
    }

    /// Sends a request and waits for the answer as long as bytes of its body are `taken`.
    async fn watched(&self, url: &str, request: RequestBuilder, taken: &AtomicU64) -> Answered {
        let mut sent = Box::pin(self.answer(url, request));
        let (mut last, mut moved) = (0, Instant::now());
        loop {
            if let Ok(answered) = timeout(TICK, &mut sent).await {
                return answered;
            }
            let now = taken.load(Ordering::Relaxed);
            if now != last {
                (last, moved) = (now, Instant::now());
            }
            if moved.elapsed() > self.patience() {
                return Answered::Open(Failure::passing(self.silent(url)));
            }
        }
    }

    async fn answer(&self, url: &str, request: RequestBuilder) -> Answered {
        let lost = |error| Answered::Open(Failure::passing(self.lost(url, &error)));
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return lost(error),
        };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        match response.bytes().await {
            Ok(body) if (200..300).contains(&status) => Answered::Ok(Reply {
                headers,
                body: body.to_vec(),
            }),
            Ok(body) => self.not_done(url, status, &headers, &body),
            Err(error) => lost(error),
        }
    }

    /// What a status that is no success means.
    fn not_done(&self, url: &str, status: u16, headers: &HeaderMap, body: &[u8]) -> Answered {
        let own = self.own(url);
        let bare = || HubError::Status {
            host: parse(url).map_or_else(|_| "a server".to_owned(), |url| host(&url)),
            status,
        };
        if matches!(status, 408 | 429 | 500 | 502 | 503 | 504) {
            let asked = asked_wait(headers, SystemTime::now());
            return Answered::Open(Failure {
                asked,
                ..Failure::passing(bare())
            });
        }
        let subject = Subject {
            kind: self.push.kind,
            id: &self.push.repo,
            file: None,
        };
        let known = own.then(|| refusal(status, headers, &subject, &self.http.settings));
        let error = match known {
            Some(Some(error)) => error,
            Some(None) => self.rejected(status, headers, body),
            None => bare(),
        };
        Answered::Refused { status, error }
    }

    /// The Hub's own words, of `X-Error-Message` or the answer's `error`.
    fn rejected(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> HubError {
        let header = headers
            .get("x-error-message")
            .and_then(|text| text.to_str().ok());
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let words = header
            .or(body["error"].as_str())
            .unwrap_or("no reason is given");
        let token = self
            .http
            .settings
            .token
            .as_ref()
            .map_or("", |token| token.expose());
        let words = match token.is_empty() {
            true => words.to_owned(),
            false => words.replace(token, ".."),
        };
        PushError::Rejected {
            repo: self.push.repo.id(),
            status,
            message: words
                .chars()
                .filter(|c| !c.is_control())
                .take(300)
                .collect(),
        }
        .into()
    }

    fn lost(&self, url: &str, error: &reqwest::Error) -> HubError {
        match parse(url) {
            Ok(url) => failed(error, &url, &self.ask_for(url.clone())),
            Err(error) => error,
        }
    }

    fn silent(&self, url: &str) -> HubError {
        HubError::Timeout {
            host: parse(url).map_or_else(|_| "a server".to_owned(), |url| host(&url)),
            seconds: self.patience().as_secs(),
            variable: "HF_HUB_DOWNLOAD_TIMEOUT",
        }
    }

    fn ask_for(&self, url: Url) -> Ask {
        Ask {
            timeout: self.patience(),
            variable: "HF_HUB_DOWNLOAD_TIMEOUT",
            ..self.http.ask(url)
        }
    }

    /// Whether an address is the Hub's own: scheme, host and port.
    fn own(&self, url: &str) -> bool {
        let origin = |url: &str| Url::parse(url).ok().map(|url| url.origin());
        let own = origin(self.endpoint());
        own.is_some() && own == origin(url)
    }
}

/// How often a request was sent.
pub(super) struct Tries {
    http: Http,
    count: u32,
}

impl Tries {
    /// Whether a request was sent before.
    pub(super) fn waited(&self) -> bool {
        self.count > 0
    }

    /// Waits before the next try; the error, if there is none.
    pub(super) async fn wait(&mut self, failure: Failure) -> Result<(), HubError> {
        self.count += 1;
        self.http.pause(failure, self.count).await
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

impl Reply {
    fn etag(&self) -> Option<String> {
        let etag = self.headers.get(ETAG)?.to_str().ok()?;
        Some(etag.to_owned())
    }
}

/// Long enough for any request; the clock has no room for more.
const NEVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// How often it is looked whether bytes are taken.
const TICK: Duration = Duration::from_millis(100);

/// Bytes of a piece that is read and sent at once.
const PIECE: usize = 1 << 18;

/// A body that is read while it is sent; `taken` is told how many bytes went.
fn streamed(reader: Box<dyn Read + Send>, taken: impl Fn(u64) + Send + 'static) -> Body {
    let pieces = stream::unfold((reader, taken), |(mut reader, taken)| async move {
        let mut piece = vec![0; PIECE];
        match reader.read(&mut piece) {
            Ok(0) => None,
            Ok(read) => {
                taken(read as u64);
                piece.truncate(read);
                Some((Ok(piece), (reader, taken)))
            }
            Err(error) => Some((Err(error), (reader, taken))),
        }
    });
    Body::wrap_stream(pieces)
}

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
