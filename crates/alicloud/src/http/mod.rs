//! Sends one HTTP request and collects the whole response, bounded in time and size: for API calls and for the sources of
//! credentials that are not STS.
//!
//! Connections are kept and reused. [`Proxies`] come from the environment, except for servers on loopback, which are always
//! reached directly. Redirects are not followed.

mod connection_probe;
mod proxy;
mod tls;

use std::collections::HashMap;
use std::error::Error as StdError;
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Request, Url, redirect};
use zeroize::Zeroizing;

use super::error::{
    Cause, CertificateFault, ConnectCause, ConnectFailure, ErrorKind, ProxyFault, TimeoutPhase,
};
use super::response::Failure;
use super::retry::Class;
use connection_probe::ConnectionProbe;
pub use proxy::{Proxies, ProxyError};

/// How long an unused connection is kept. Short, so that it is rarely closed by the other side just when it is used.
const IDLE: Duration = Duration::from_secs(30);

/// Sends requests. Clients and their TLS configuration are made when they are first needed, and kept.
pub(crate) struct Http {
    proxies: Proxies,
    tls: OnceLock<Result<rustls::ClientConfig, String>>,
    pools: Mutex<HashMap<Route, Arc<Pool>>>,
}

/// How a server is reached. Each route has connections of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Route {
    /// Never through a proxy.
    pub(crate) direct: bool,
    /// For name resolution, TCP and TLS.
    pub(crate) connect_timeout: Duration,
}

/// The bounds of one exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// From the start to the last byte of the response.
    pub(crate) timeout: Duration,
    /// Bytes of the response's body.
    pub(crate) max_body: usize,
}

/// A response as it came. It may hold secrets, so it has no `Debug` and its body is wiped.
pub(crate) struct RawResponse {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// Why there is no whole response.
#[derive(Debug)]
pub(crate) enum SendError {
    /// No client can be made; with the reason.
    NoClient(String),
    /// Out of time before any connection was made: nothing was sent.
    NoConnection,
    /// Out of time after the request may have been sent.
    NoResponse,
    /// The body is larger than allowed.
    TooLarge {
        /// The HTTP status.
        status: u16,
    },
    /// The proxy made no connection: nothing was sent.
    Proxy(ProxyFault),
    /// Anything else. The URL is taken out: it may hold an AccessKey ID, a signature and parameters.
    Failed(reqwest::Error),
}

/// Connections of one route.
struct Pool {
    client: reqwest::Client,
    probe: ConnectionProbe,
}

impl Http {
    /// Sends through these proxies.
    pub(crate) fn new(proxies: Proxies) -> Http {
        Http {
            proxies,
            tls: OnceLock::new(),
            pools: Mutex::default(),
        }
    }

    /// The proxy that a server is reached through, such as `the proxy proxy.example:3128 from HTTPS_PROXY`.
    pub(crate) fn proxy(&self, url: &Url, route: Route) -> Option<String> {
        let proxy = self.proxies.of(url).filter(|_| !route.direct)?;
        Some(proxy.to_string())
    }

    /// Sends a request and collects the whole response.
    pub(crate) async fn send(
        &self,
        request: Request,
        route: Route,
        bounds: Bounds,
    ) -> Result<RawResponse, SendError> {
        let pool = self.pool(route)?;
        let server = request.url().clone();
        let exchange = exchange(&pool.client, request, bounds.max_body);
        match tokio::time::timeout(bounds.timeout, exchange).await {
            Ok(Err(SendError::Failed(error))) if error.is_connect() && !error.is_timeout() => {
                let proxy = self.proxies.of(&server).filter(|_| !route.direct);
                match proxy {
                    Some(proxy) => Err(proxy
                        .fault(&error, &server)
                        .await
                        .map_or(SendError::Failed(error), SendError::Proxy)),
                    None => Err(SendError::Failed(error)),
                }
            }
            Ok(outcome) => outcome,
            Err(_) if pool.probe.ever() => Err(SendError::NoResponse),
            Err(_) => Err(SendError::NoConnection),
        }
    }

    fn pool(&self, route: Route) -> Result<Arc<Pool>, SendError> {
        // Only whole entries are added, so a poisoned map is still whole.
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.get(&route) {
            return Ok(Arc::clone(pool));
        }
        let tls = self
            .tls
            .get_or_init(|| tls::client_config().map_err(|error| error.to_string()));
        let tls = tls.clone().map_err(SendError::NoClient)?;
        let pool = Arc::new(Pool::new(route, tls, &self.proxies)?);
        pools.insert(route, Arc::clone(&pool));
        Ok(pool)
    }
}

impl Pool {
    fn new(route: Route, tls: rustls::ClientConfig, proxies: &Proxies) -> Result<Pool, SendError> {
        let probe = ConnectionProbe::default();
        let mut builder = reqwest::Client::builder()
            .connector_layer(probe.clone())
            .tls_backend_preconfigured(tls)
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(route.connect_timeout)
            .pool_idle_timeout(IDLE)
            .tcp_nodelay(true)
            // Not those that the HTTP client would read itself.
            .no_proxy();
        if !route.direct {
            let proxies = proxies.clone();
            let choose = move |url: &Url| proxies.of(url).map(|proxy| proxy.url().clone());
            builder = builder.proxy(reqwest::Proxy::custom(choose));
        }
        match builder.build() {
            Ok(client) => Ok(Pool { client, probe }),
            Err(error) => Err(SendError::NoClient(chain(&error.without_url()))),
        }
    }
}

async fn exchange(
    client: &reqwest::Client,
    request: Request,
    max_body: usize,
) -> Result<RawResponse, SendError> {
    let failed = |error: reqwest::Error| SendError::Failed(error.without_url());
    let mut response = client.execute(request).await.map_err(failed)?;
    let status = response.status().as_u16();
    let announced = response.content_length().unwrap_or_default();
    if announced > max_body as u64 {
        return Err(SendError::TooLarge { status });
    }
    let mut body = Zeroizing::new(Vec::with_capacity(
        usize::try_from(announced).unwrap_or_default(),
    ));
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > max_body {
            return Err(SendError::TooLarge { status });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(RawResponse {
        status,
        headers: std::mem::take(response.headers_mut()),
        body,
    })
}

/// A request. Values of headers may be tokens: they are marked as sensitive, and an error names the header only.
pub(crate) fn request<'a>(
    method: Method,
    url: Url,
    headers: impl IntoIterator<Item = (&'static str, &'a str)>,
    body: String,
) -> Result<Request, String> {
    let mut request = Request::new(method, url);
    for (name, value) in headers {
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| format!("the header {name} has a value that HTTP forbids"))?;
        value.set_sensitive(true);
        request
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
    }
    *request.body_mut() = Some(body.into());
    Ok(request)
}

impl SendError {
    /// What it means for a call of an action with these bounds.
    pub(crate) fn into_failure(self, bounds: Bounds) -> Box<Failure> {
        let silent = ErrorKind::Timeout(TimeoutPhase::Response(bounds.timeout));
        match self {
            SendError::NoClient(reason) => unsendable(reason),
            SendError::NoConnection => {
                let (kind, class) = (connect(ConnectCause::Timeout), Class::Unreachable);
                Failure::without_response(kind, class, None)
            }
            SendError::NoResponse => Failure::without_response(silent, Class::Ambiguous, None),
            SendError::Proxy(fault) => {
                let class = match fault.is_permanent() {
                    true => Class::Final,
                    false => Class::Unreachable,
                };
                Failure::without_response(connect(ConnectCause::Proxy(fault)), class, None)
            }
            SendError::TooLarge { status } => {
                let kind = ErrorKind::Decode {
                    status,
                    reason: format!("it is larger than {} MiB", bounds.max_body >> 20),
                    excerpt: None,
                };
                Failure::without_response(kind, Class::FinalAfterExecution, None)
            }
            SendError::Failed(error) => {
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
            rustls::Error::InvalidCertificate(reason) => (
                ConnectCause::Certificate(certificate_fault(reason)),
                Class::Final,
            ),
            rustls::Error::InvalidMessage(_) => {
                let reason = format!("{error}; does the endpoint speak HTTPS?");
                (ConnectCause::Tls(reason), Class::Final)
            }
            // The verifier of the platform fails so if the system has none.
            rustls::Error::General(reason) if reason.contains("No CA certificates") => {
                (ConnectCause::NoRoots, Class::Final)
            }
            rustls::Error::General(_) => (ConnectCause::Tls(error.to_string()), Class::Final),
            _ => (ConnectCause::Tls(error.to_string()), Class::Unreachable),
        }
    } else if error.is_timeout() {
        (ConnectCause::Timeout, Class::Unreachable)
    } else {
        let cause = if is_refused(error) {
            ConnectCause::Refused
        } else {
            ConnectCause::Other
        };
        (cause, Class::Unreachable)
    };
    (connect(cause), class)
}

fn is_refused(error: &reqwest::Error) -> bool {
    find::<io::Error>(error).is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

fn certificate_fault(error: &rustls::CertificateError) -> CertificateFault {
    use rustls::CertificateError as Reason;
    match error {
        Reason::UnknownIssuer => CertificateFault::UnknownIssuer,
        Reason::Expired | Reason::ExpiredContext { .. } => CertificateFault::Expired,
        Reason::NotValidYet | Reason::NotValidYetContext { .. } => CertificateFault::NotYetValid,
        Reason::NotValidForName | Reason::NotValidForNameContext { .. } => {
            CertificateFault::WrongHost
        }
        other => CertificateFault::Other(other.to_string()),
    }
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

/// The failure of a request that cannot be formed.
pub(crate) fn unsendable(reason: String) -> Box<Failure> {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::Method;

    use super::{Bounds, Http, Proxies, Route, SendError, request};
    use crate::mock_server::{MockServer, Reaction};

    const ROUTE: Route = Route {
        direct: true,
        connect_timeout: Duration::from_secs(5),
    };
    const BOUNDS: Bounds = Bounds {
        timeout: Duration::from_secs(5),
        max_body: 4,
    };

    async fn send(http: &Http, server: &MockServer, route: Route) -> Result<Vec<u8>, SendError> {
        let url = format!("http://{}/", server.host());
        let url = url.parse().expect("a URL");
        let request = request(Method::GET, url, [], String::new()).expect("a request");
        let response = http.send(request, route, BOUNDS).await?;
        Ok(response.body.to_vec())
    }

    #[tokio::test]
    async fn requests_of_one_route_share_a_client() {
        let server = MockServer::start(vec![Reaction::response(200, &[], "body")]).await;
        let http = Http::new(Proxies::default());
        for _ in 0..3 {
            let body = send(&http, &server, ROUTE).await.expect("a response");
            assert_eq!(body, b"body");
        }
        assert_eq!(server.connections(), 1);
        let other = Route {
            connect_timeout: Duration::from_secs(1),
            ..ROUTE
        };
        send(&http, &server, other).await.expect("a response");
        assert_eq!(server.connections(), 2);
        assert_eq!(http.pools.lock().expect("not poisoned").len(), 2);
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused() {
        let announced = Reaction::response(200, &[], "large");
        let chunked = Reaction::raw(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nlar\r\n2\r\nge\r\n0\r\n\r\n",
        );
        for reaction in [announced, chunked] {
            let server = MockServer::start(vec![reaction]).await;
            let found = send(&Http::new(Proxies::default()), &server, ROUTE).await;
            assert!(
                matches!(found, Err(SendError::TooLarge { status: 200 })),
                "{found:?}"
            );
        }
    }

    #[test]
    fn an_error_about_a_header_hides_its_value() {
        let url = "http://h/".parse().expect("a URL");
        let found = request(
            Method::GET,
            url,
            [("x-token", "tell\nnobody")],
            String::new(),
        );
        let error = found.expect_err("a line break");
        assert_eq!(error, "the header x-token has a value that HTTP forbids");
    }
}
