//! Sends one prepared request and collects the whole response, bounded in time and size.
//!
//! Connections are kept and reused. Proxies come from the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`,
//! `NO_PROXY`, in either case), except for loopback endpoints, which are always reached directly. Redirects are not
//! followed.
//!
//! Must not contain: signatures, judgement of answers, or repeating.

use std::error::Error as StdError;
use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Request, redirect};

use super::connection_probe::ConnectionProbe;
use super::error::{Cause, ConnectCause, ConnectFailure, ErrorKind, TimeoutPhase};
use super::request::{METHOD, Prepared};
use super::response::{Failure, RawResponse};
use super::retry::Class;
use super::tls;

/// The largest answer that is read.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// How long an unused connection is kept. Short, so that it is rarely closed by the other side just when it is used.
const IDLE: Duration = Duration::from_secs(30);

/// Two connection pools, each made when it is first needed: one for what is reached directly, one for the rest.
pub(super) struct Transport {
    connect_timeout: Duration,
    direct: OnceLock<Result<Pool, String>>,
    proxied: OnceLock<Result<Pool, String>>,
}

/// Connections of one kind.
struct Pool {
    client: reqwest::Client,
    probe: ConnectionProbe,
}

impl Transport {
    pub(super) fn new(connect_timeout: Duration) -> Transport {
        Transport {
            connect_timeout,
            direct: OnceLock::new(),
            proxied: OnceLock::new(),
        }
    }

    /// Sends and reads, all within `limit`.
    pub(super) async fn send(
        &self,
        prepared: Prepared,
        direct: bool,
        limit: Duration,
    ) -> Result<RawResponse, Box<Failure>> {
        let pool = if direct { &self.direct } else { &self.proxied };
        let pool = pool
            .get_or_init(|| self.pool(direct))
            .as_ref()
            .map_err(|reason| unsendable(reason.clone()))?;
        let request = request(prepared)?;
        let outcome = tokio::time::timeout(limit, exchange(&pool.client, request)).await;
        let broken = match outcome {
            Ok(Ok(received)) => return Ok(received),
            Ok(Err(broken)) => broken,
            Err(_) if pool.probe.ever() => Broken::Silence,
            Err(_) => Broken::NoConnection,
        };
        Err(broken.with_limit(limit))
    }

    fn pool(&self, direct: bool) -> Result<Pool, String> {
        let tls = tls::client_config().map_err(|error| error.to_string())?;
        let probe = ConnectionProbe::default();
        let mut builder = reqwest::Client::builder()
            .connector_layer(probe.clone())
            .tls_backend_preconfigured(tls)
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(IDLE)
            .tcp_nodelay(true);
        if direct {
            builder = builder.no_proxy();
        }
        match builder.build() {
            Ok(client) => Ok(Pool { client, probe }),
            Err(error) => Err(chain(&error.without_url())),
        }
    }
}

/// How an exchange broke.
enum Broken {
    /// Out of time before any connection was made.
    NoConnection,
    /// Out of time after the request may have been sent.
    Silence,
    TooLarge(u16),
    Http(reqwest::Error),
}

async fn exchange(client: &reqwest::Client, request: Request) -> Result<RawResponse, Broken> {
    let mut response = client.execute(request).await.map_err(Broken::Http)?;
    let status = response.status().as_u16();
    let announced = response.content_length().unwrap_or_default();
    if announced > MAX_BODY as u64 {
        return Err(Broken::TooLarge(status));
    }
    let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or_default());
    while let Some(chunk) = response.chunk().await.map_err(Broken::Http)? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(Broken::TooLarge(status));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(RawResponse {
        status,
        headers: std::mem::take(response.headers_mut()),
        body,
    })
}

impl Broken {
    fn with_limit(self, limit: Duration) -> Box<Failure> {
        let silent = ErrorKind::Timeout(TimeoutPhase::Response(limit));
        match self {
            Broken::NoConnection => {
                let (kind, class) = (connect(ConnectCause::Timeout), Class::Unreachable);
                Failure::without_response(kind, class, None)
            }
            Broken::Silence => Failure::without_response(silent, Class::Ambiguous, None),
            Broken::TooLarge(status) => {
                let kind = ErrorKind::Decode {
                    status,
                    reason: format!("it is larger than {} MiB", MAX_BODY >> 20),
                    excerpt: None,
                };
                Failure::without_response(kind, Class::FinalAfterExecution, None)
            }
            Broken::Http(error) => {
                // URLs hold the AccessKey ID, the signature and parameters.
                let error = error.without_url();
                let (kind, class) = if error.is_builder() {
                    (ErrorKind::Request(chain(&error)), Class::Final)
                } else if error.is_connect() {
                    unconnected(&error)
                } else if error.is_timeout() {
                    (silent, Class::Ambiguous)
                } else {
                    (ErrorKind::Interrupted, Class::Ambiguous)
                };
                Failure::without_response(kind, class, Some(Cause::from(error)))
            }
        }
    }
}

fn unconnected(error: &reqwest::Error) -> (ErrorKind, Class) {
    let (cause, class) = if error.is_dns() {
        (ConnectCause::Dns, Class::Unreachable)
    } else if let Some(error) = find::<rustls::Error>(error) {
        match error {
            // A certificate stays as it is, however often it is looked at.
            rustls::Error::InvalidCertificate(_) => {
                (ConnectCause::Certificate(error.to_string()), Class::Final)
            }
            rustls::Error::InvalidMessage(_) => {
                let reason = format!("{error}; does the endpoint speak HTTPS?");
                (ConnectCause::Tls(reason), Class::Final)
            }
            // Such as a system without any root certificates.
            rustls::Error::General(_) => (ConnectCause::Tls(error.to_string()), Class::Final),
            _ => (ConnectCause::Tls(error.to_string()), Class::Unreachable),
        }
    } else if error.is_timeout() {
        (ConnectCause::Timeout, Class::Unreachable)
    } else {
        let refused = find::<io::Error>(error)
            .is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
        let cause = if refused {
            ConnectCause::Refused
        } else {
            ConnectCause::Other
        };
        (cause, Class::Unreachable)
    };
    (connect(cause), class)
}

fn connect(cause: ConnectCause) -> ErrorKind {
    ErrorKind::Connect(ConnectFailure {
        cause,
        only_documented_host: None,
    })
}

/// The first cause of a type. An I/O error keeps what it wraps to itself, so it is asked.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        if let Some(inner) = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            && let Some(found) = find::<T>(inner)
        {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn request(prepared: Prepared) -> Result<Request, Box<Failure>> {
    let method =
        Method::from_bytes(METHOD.as_bytes()).map_err(|error| unsendable(error.to_string()))?;
    let mut headers = HeaderMap::with_capacity(prepared.headers.len());
    for (name, value) in prepared.headers {
        // The message names the header only: the value may be a token.
        let mut value = HeaderValue::from_str(&value)
            .map_err(|_| unsendable(format!("the header {name} has a value that HTTP forbids")))?;
        value.set_sensitive(matches!(name, "authorization" | "x-acs-security-token"));
        headers.insert(HeaderName::from_static(name), value);
    }
    let mut request = Request::new(method, prepared.url);
    *request.headers_mut() = headers;
    *request.body_mut() = Some(prepared.body.into());
    Ok(request)
}

fn unsendable(reason: String) -> Box<Failure> {
    Failure::without_response(ErrorKind::Request(reason), Class::Final, None)
}

fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
