//! Requests: redirects, tries, waits and timeouts.
//!
//! These are this crate's own, on the stack that hf-hub brings (`reqwest`), because hf-hub 1.0.0
//! loses the `RateLimit` header, has no timeout where it follows no redirects, and sends the token
//! to any host that a `Link` header names.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, LOCATION, RANGE, USER_AGENT};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, StatusCode, Url};

use crate::{DownloadProgress, HubError, HubSettings};

use super::refusal::{Subject, refusal};
use super::wait::asked_wait;

/// More redirects than any real answer has.
const MAX_REDIRECTS: usize = 10;
/// The longest wait that was not asked for by the server.
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);
/// No listing is longer; a server that sends on and on is not believed.
const MAX_JSON: usize = 256 << 20;
const AGENT: &str = concat!("captioner-hub/", env!("CARGO_PKG_VERSION"));

/// What asks.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: Client,
    pub(crate) settings: Arc<HubSettings>,
    pub(crate) progress: Arc<dyn DownloadProgress>,
}

/// A question.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// The first byte that is wanted, if not the first of all.
    pub(crate) from: u64,
    /// How long the server may take for the head of its answer.
    pub(crate) timeout: Duration,
    /// The variable that sets that time.
    pub(crate) variable: &'static str,
}

/// An answer: of the last server, and what the Hub said of the file before it led there.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) response: Response,
    /// The headers of the Hub's own answer.
    pub(crate) hub: HeaderMap,
}

impl Http {
    pub(crate) fn new(
        settings: Arc<HubSettings>,
        progress: Arc<dyn DownloadProgress>,
    ) -> Result<Self, HubError> {
        let client = client_builder(&settings).redirect(Policy::none()).build();
        Ok(Self {
            client: client.map_err(|error| unusable(&error))?,
            settings,
            progress,
        })
    }

    /// The address of a path below the endpoint, its parts still to be encoded.
    pub(crate) fn url(&self, parts: &[&str]) -> Result<Url, HubError> {
        let mut url = parse(&self.settings.endpoint)?;
        let added = url.path_segments_mut().map(|mut path| {
            path.pop_if_empty().extend(parts);
        });
        added.map_err(|()| bad_address("it has no path"))?;
        Ok(url)
    }

    /// Asks for what a repository holds.
    pub(crate) fn ask(&self, url: Url) -> Ask {
        Ask {
            method: Method::GET,
            url,
            from: 0,
            timeout: self.settings.etag_timeout,
            variable: "HF_HUB_ETAG_TIMEOUT",
        }
    }

    /// The answer with a status of success. Failures that pass are tried again, after the wait that
    /// the server asks for or one of our own.
    pub(crate) async fn send(&self, ask: &Ask, subject: &Subject<'_>) -> Result<Answer, HubError> {
        let mut tries = 0;
        loop {
            let failure = match self.follow(ask).await {
                Ok(answer) if answer.response.status().is_success() => return Ok(answer),
                Ok(answer) => self.judge(&answer, subject),
                Err(error) => Failure::of(error),
            };
            tries += 1;
            self.pause(failure, tries).await?;
        }
    }

    /// JSON, and the headers that came with it.
    pub(crate) async fn json<T: serde::de::DeserializeOwned>(
        &self,
        url: Url,
        subject: &Subject<'_>,
    ) -> Result<(T, HeaderMap), HubError> {
        let host = host(&url);
        let ask = self.ask(url);
        let mut tries = 0;
        loop {
            let Answer { response, hub } = self.send(&ask, subject).await?;
            match read(response, MAX_JSON, &ask).await {
                Ok(body) => {
                    let value = serde_json::from_slice(&body);
                    let value = value.map_err(|_| HubError::Answer {
                        host,
                        what: "an answer that is no JSON of the Hub".to_owned(),
                    })?;
                    return Ok((value, hub));
                }
                Err(error) => {
                    tries += 1;
                    self.pause(Failure::of(error), tries).await?;
                }
            }
        }
    }

    /// Sends and follows redirects; the token goes to the endpoint and to no other host or port.
    async fn follow(&self, ask: &Ask) -> Result<Answer, HubError> {
        let mut url = ask.url.clone();
        let mut hub = HeaderMap::new();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send_once(ask, &url).await?;
            if self.is_endpoint(&url) {
                hub.extend(response.headers().clone());
            }
            let Some(next) = redirect(&response, &url)? else {
                return Ok(Answer { response, hub });
            };
            url = next;
        }
        Err(HubError::Redirect {
            host: host(&ask.url),
            problem: "in a circle: check HF_ENDPOINT",
        })
    }

    async fn send_once(&self, ask: &Ask, url: &Url) -> Result<Response, HubError> {
        let mut request = self.client.request(ask.method.clone(), url.clone());
        if let Some(token) = self
            .settings
            .token
            .as_ref()
            .filter(|_| self.is_endpoint(url))
        {
            request = request.header(AUTHORIZATION, bearer(token.expose())?);
        }
        if ask.from > 0 {
            request = request.header(RANGE, format!("bytes={}-", ask.from));
        }
        let sent = tokio::time::timeout(ask.timeout, request.send()).await;
        match sent {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(failed(&error, url, ask)),
            Err(_) => Err(timed_out(url, ask)),
        }
    }

    fn is_endpoint(&self, url: &Url) -> bool {
        Url::parse(&self.settings.endpoint).is_ok_and(|endpoint| is_same_hub(&endpoint, url))
    }

    fn judge(&self, answer: &Answer, subject: &Subject<'_>) -> Failure {
        let response = &answer.response;
        let status = response.status();
        let elsewhere = !self.is_endpoint(response.url());
        let asked = asked_wait(response.headers(), SystemTime::now());
        let again = matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
            // A signed address has run out: the next try gets a new one.
            || (elsewhere && status == StatusCode::FORBIDDEN);
        let error = if again || elsewhere {
            HubError::Status {
                host: host(response.url()),
                status: status.as_u16(),
            }
        } else {
            refusal(status.as_u16(), response.headers(), subject, &self.settings).unwrap_or_else(
                || HubError::Status {
                    host: host(response.url()),
                    status: status.as_u16(),
                },
            )
        };
        Failure {
            error,
            again,
            asked,
        }
    }

    /// Waits before the next try, or gives the error if there is none.
    pub(crate) async fn pause(&self, failure: Failure, tries: u32) -> Result<(), HubError> {
        let Failure {
            error,
            again,
            asked,
        } = failure;
        if !again {
            return Err(error);
        }
        let own = self
            .settings
            .retry_wait
            .saturating_mul(1 << (tries - 1).min(16));
        let wait = asked.unwrap_or(own.min(LONGEST_BACKOFF));
        if wait > self.settings.max_wait {
            let host = match error {
                HubError::Status { host, .. } => host,
                other => return Err(other),
            };
            let seconds = wait.as_secs();
            return Err(HubError::RateLimited { host, seconds });
        }
        if tries > self.settings.retries {
            return Err(error);
        }
        let seconds = wait.as_secs_f64().ceil();
        let of = self.settings.retries;
        self.progress.note(&format!(
            "{}; next try in {seconds} s ({tries} of {of})",
            brief(&error)
        ));
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// Why a try failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: HubError,
    /// Whether another try may go well.
    pub(crate) again: bool,
    /// The wait that the server asks for.
    pub(crate) asked: Option<Duration>,
}

impl Failure {
    /// One of the connection may pass, and no other.
    fn of(error: HubError) -> Self {
        Self {
            again: matches!(error, HubError::Timeout { .. } | HubError::Connect { .. }),
            error,
            asked: None,
        }
    }

    /// One that may pass.
    pub(crate) fn passing(error: HubError) -> Self {
        Self {
            error,
            again: true,
            asked: None,
        }
    }
}

/// A client with this crate's timeouts and no decompression: lengths are those of the files.
pub(crate) fn client_builder(settings: &HubSettings) -> reqwest::ClientBuilder {
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    Client::builder()
        .default_headers(headers)
        .connect_timeout(settings.etag_timeout.max(settings.download_timeout))
        .read_timeout(settings.download_timeout)
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
}

/// Whether two addresses are of the same Hub: same scheme, host and port. The public one has two
/// names.
fn is_same_hub(endpoint: &Url, url: &Url) -> bool {
    let public = |url: &Url| {
        let name = matches!(url.host_str(), Some("huggingface.co" | "hf.co"));
        name && url.scheme() == "https" && url.port().is_none()
    };
    endpoint.origin() == url.origin() || (public(endpoint) && public(url))
}

/// A header that is not shown in any log.
fn bearer(token: &str) -> Result<HeaderValue, HubError> {
    let value = HeaderValue::from_str(&format!("Bearer {token}"));
    let mut value = value.map_err(|_| HubError::Setting {
        name: "HF_TOKEN",
        value: "..".to_owned(),
        problem: "a token holds letters, digits and '_'",
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Where a redirect leads; none if the answer is no redirect.
pub(crate) fn redirect(response: &Response, url: &Url) -> Result<Option<Url>, HubError> {
    if !response.status().is_redirection() {
        return Ok(None);
    }
    let refuse = |problem| HubError::Redirect {
        host: host(url),
        problem,
    };
    let place = response.headers().get(LOCATION);
    let place = place.and_then(|place| place.to_str().ok());
    let next = place.and_then(|place| url.join(place).ok());
    let next = next.ok_or_else(|| refuse("to no address: check HF_ENDPOINT"))?;
    match (url.scheme(), next.scheme()) {
        (_, "https") | ("http", "http") => Ok(Some(next)),
        ("https", "http") => Err(refuse("from https to http: it is not followed")),
        _ => Err(refuse("to something that is not http: it is not followed")),
    }
}

/// The body, of `limit` bytes at most.
pub(crate) async fn read(
    mut response: Response,
    limit: usize,
    ask: &Ask,
) -> Result<Vec<u8>, HubError> {
    let url = response.url().clone();
    let mut body = Vec::new();
    while let Some(piece) = response
        .chunk()
        .await
        .map_err(|error| failed(&error, &url, ask))?
    {
        if body.len() + piece.len() > limit {
            return Err(HubError::Answer {
                host: host(&url),
                what: format!("more than {limit} bytes"),
            });
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// The host and port of an address, without what may be secret: path, query, user.
pub(crate) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("nobody");
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// A failure of the connection in one line that holds no address.
pub(crate) fn failed(error: &reqwest::Error, url: &Url, ask: &Ask) -> HubError {
    if error.is_timeout() {
        return timed_out(url, ask);
    }
    HubError::Connect {
        host: host(url),
        reason: cause(error),
    }
}

fn timed_out(url: &Url, ask: &Ask) -> HubError {
    HubError::Timeout {
        host: host(url),
        seconds: ask.timeout.as_secs(),
        variable: ask.variable,
    }
}

/// The innermost cause: reqwest's own message is the address and little else.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let text = cause.to_string();
    // An error without a cause names its address.
    let text = if text.contains("://") {
        "the request failed"
    } else {
        &text
    };
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// An error without its advice, for a line while it is tried again.
fn brief(error: &HubError) -> String {
    let text = error.to_string();
    let end = text.find([';']).or_else(|| text.rfind(": "));
    text[..end.unwrap_or(text.len())].to_owned()
}

pub(crate) fn parse(address: &str) -> Result<Url, HubError> {
    Url::parse(address).map_err(|_| bad_address("it is no address"))
}

fn bad_address(problem: &'static str) -> HubError {
    HubError::Setting {
        name: "HF_ENDPOINT",
        value: String::new(),
        problem,
    }
}

fn unusable(error: &reqwest::Error) -> HubError {
    HubError::Connect {
        host: "any server".to_owned(),
        reason: cause(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_goes_to_the_same_scheme_host_and_port() {
        let same = |a: &str, b: &str| is_same_hub(&Url::parse(a).unwrap(), &Url::parse(b).unwrap());
        let hub = "https://huggingface.co";
        assert!(same(hub, "https://huggingface.co:443/x") && same(hub, "https://hf.co/x"));
        for other in [
            "http://huggingface.co",
            "https://huggingface.co:8443",
            "https://huggingface.co.x.org",
            "https://cdn-lfs.hf.co/x",
            "https://x.org/huggingface.co",
            "https://hf.co@x.org/",
        ] {
            assert!(!same(hub, other), "{other}");
        }
        assert!(same("http://127.0.0.1:80/hub", "http://127.0.0.1/x"));
        assert!(!same("http://127.0.0.1:1", "http://127.0.0.1:2"));
        assert!(!same("http://127.0.0.1:1", "http://localhost:1"));
        assert!(!same("http://127.0.0.1", "https://huggingface.co"));
    }
}
