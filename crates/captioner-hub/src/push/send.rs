//! Requests sent: as long as something moves, and again where that can't do a thing twice.

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use futures_util::stream;
use reqwest::header::{CONTENT_LENGTH, HeaderMap};
use reqwest::{Body, RequestBuilder, Url};
use serde_json::Value;
use tokio::time::{Instant, timeout};

use super::PushError;
use super::local::LocalFile;
use super::parts::reader;
use super::wire::{Answered, Reply, Wire};
use crate::HubError;
use crate::hub::http::{Ask, Failure, Http, failed, host, parse};
use crate::hub::refusal::{Subject, refusal};
use crate::hub::wait::asked_wait;

/// Bytes of a file to an address that the Hub named.
pub(super) struct Put<'a> {
    pub(super) url: &'a str,
    pub(super) header: &'a [(String, String)],
    pub(super) file: &'a LocalFile,
    pub(super) range: Range<u64>,
}

/// How often a request was sent.
pub(super) struct Tries {
    pub(super) http: Http,
    pub(super) count: u32,
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

impl Wire<'_> {
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

    /// Sends a request that may be acted on twice, until it is answered.
    pub(super) async fn again(
        &self,
        url: &str,
        request: &RequestBuilder,
    ) -> Result<Answered, HubError> {
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

    pub(super) async fn once(&self, url: &str, request: RequestBuilder) -> Answered {
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
}

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
