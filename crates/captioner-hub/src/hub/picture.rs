//! Pictures from an address on the web, within limits.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, Url};

use crate::{HubError, HubSettings};

use super::http::{Ask, client_builder, failed, host, redirect};
use super::public_address::is_public;
use super::runtime::Background;

/// What a picture from the web may cost, and where it may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UrlLimits {
    /// Bytes of the file.
    pub bytes: u64,
    /// Time from the first request to the last byte.
    pub time: Duration,
    /// Redirects.
    pub redirects: usize,
    /// Whether addresses of one's own machine and network may be asked.
    pub private: bool,
}

impl Default for UrlLimits {
    /// 64 MiB, 30 s, 5 redirects, public addresses only.
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            time: Duration::from_secs(30),
            redirects: 5,
            private: false,
        }
    }
}

/// Fetches pictures from the web; connections are kept for the next one.
///
/// Unless [`UrlLimits::private`] is set, the address that a name stands for must be of the public
/// internet, and so must those of all redirects; it is checked when the connection is made, so a
/// name can't be another address a moment later. Proxies of the environment are not used: they
/// would look the name up. No token is sent.
///
/// ```
/// use captioner_hub::{HubError, PictureFetcher, UrlLimits};
///
/// let fetcher = PictureFetcher::new(UrlLimits::default())?;
/// let error = fetcher.fetch("http://192.168.1.1/camera.jpg").unwrap_err();
/// assert!(matches!(error, HubError::Address { .. }));
/// # Ok::<(), HubError>(())
/// ```
#[derive(Debug)]
pub struct PictureFetcher {
    client: Client,
    background: Background,
    limits: UrlLimits,
}

impl PictureFetcher {
    /// With these limits for each picture.
    ///
    /// # Errors
    /// When no client or thread can be made.
    pub fn new(limits: UrlLimits) -> Result<Self, HubError> {
        Ok(Self {
            client: client(&limits)?,
            background: Background::start()?,
            limits,
        })
    }

    /// The bytes at an address, from `http` or `https`. It may be called from several threads.
    ///
    /// # Errors
    /// [`HubError::Address`] for what is not fetched, [`HubError::TooLarge`],
    /// [`HubError::Timeout`], [`HubError::Redirect`], [`HubError::Status`] or
    /// [`HubError::Connect`].
    pub fn fetch(&self, address: &str) -> Result<Vec<u8>, HubError> {
        let url = Url::parse(address).map_err(|_| refuse(None, "it is no address"))?;
        let (client, limits) = (self.client.clone(), self.limits);
        self.background.wait(async move {
            let ask = Ask {
                method: Method::GET,
                url: url.clone(),
                from: 0,
                timeout: limits.time,
                variable: "the limit of time",
            };
            let fetched = tokio::time::timeout(limits.time, fetch(&client, &ask, &limits)).await;
            fetched.unwrap_or_else(|_| {
                Err(HubError::Timeout {
                    host: host(&url),
                    seconds: limits.time.as_secs(),
                    variable: ask.variable,
                })
            })
        })
    }
}

/// The bytes of one picture at an address, as [`PictureFetcher::fetch`].
///
/// # Errors
/// As [`PictureFetcher::fetch`].
pub fn fetch_picture(address: &str, limits: &UrlLimits) -> Result<Vec<u8>, HubError> {
    PictureFetcher::new(*limits)?.fetch(address)
}

fn client(limits: &UrlLimits) -> Result<Client, HubError> {
    let mut settings = HubSettings::from_lookup(|_| None)?;
    settings.download_timeout = limits.time;
    settings.etag_timeout = limits.time;
    let mut builder = client_builder(&settings)
        .redirect(Policy::none())
        .no_proxy();
    if !limits.private {
        builder = builder.dns_resolver(Arc::new(PublicOnly));
    }
    builder
        .build()
        .map_err(|_| refuse(None, "no client can be made"))
}

async fn fetch(client: &Client, ask: &Ask, limits: &UrlLimits) -> Result<Vec<u8>, HubError> {
    let mut url = ask.url.clone();
    for _ in 0..=limits.redirects {
        check(&url, limits)?;
        let sent = client.get(url.clone()).send().await;
        let response = sent.map_err(|error| connection(&error, &url, ask))?;
        match redirect(&response, &url)? {
            Some(next) => url = next,
            None => return body(response, ask, limits).await,
        }
    }
    Err(HubError::Redirect {
        host: host(&ask.url),
        problem: "more often than the limit allows",
    })
}

/// A name is checked when it is looked up; a number in place of it never is.
fn check(url: &Url, limits: &UrlLimits) -> Result<(), HubError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse(Some(url), "only http and https are fetched"));
    }
    let number = url.host_str().and_then(|host| {
        let host = host.trim_matches(['[', ']']);
        host.parse::<IpAddr>().ok()
    });
    match number {
        Some(number) if !limits.private && !is_public(number) => Err(refuse(Some(url), OWN)),
        _ => Ok(()),
    }
}

const OWN: &str = "it is of this machine or its network, which must be allowed first";

async fn body(mut response: Response, ask: &Ask, limits: &UrlLimits) -> Result<Vec<u8>, HubError> {
    let url = response.url().clone();
    if !response.status().is_success() {
        return Err(HubError::Status {
            host: host(&url),
            status: response.status().as_u16(),
        });
    }
    let too_large = || HubError::TooLarge {
        host: host(&url),
        limit: limits.bytes,
    };
    if response
        .content_length()
        .is_some_and(|length| length > limits.bytes)
    {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    while let Some(piece) = response
        .chunk()
        .await
        .map_err(|error| failed(&error, &url, ask))?
    {
        if (bytes.len() + piece.len()) as u64 > limits.bytes {
            return Err(too_large());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

fn connection(error: &reqwest::Error, url: &Url, ask: &Ask) -> HubError {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(found) = cause {
        if found.is::<NotPublic>() {
            return refuse(Some(url), OWN);
        }
        cause = found.source();
    }
    failed(error, url, ask)
}

/// The address without user, password, query and fragment.
fn refuse(url: Option<&Url>, problem: &'static str) -> HubError {
    let address = url.map_or_else(String::new, |url| {
        format!("{}://{}{}", url.scheme(), host(url), url.path())
    });
    HubError::Address { address, problem }
}

/// Looks names up, and gives an error where none of a name's addresses is public.
#[derive(Debug)]
struct PublicOnly;

#[derive(Debug, thiserror::Error)]
#[error("no public address")]
struct NotPublic;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let found = tokio::task::spawn_blocking(move || (name, 0).to_socket_addrs()).await??;
            let public: Vec<SocketAddr> = found.filter(|found| is_public(found.ip())).collect();
            if public.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}
