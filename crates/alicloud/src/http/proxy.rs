//! Which proxy a server is reached through, by the rules of Go's `golang.org/x/net/http/httpproxy`, which Terraform itself
//! follows.
//!
//! `HTTPS_PROXY` is for `https://`, `HTTP_PROXY` for `http://`, both also in lower case; a value without a scheme is a proxy
//! that speaks HTTP. `NO_PROXY` lists what is reached directly, with commas between: `*`, a domain with all below it
//! (`example.com`), all below it alone (`.example.com`, `*.example.com`), an IP address, or a network (`10.0.0.0/8`); a
//! domain and an address may have a port. This machine is always reached directly.
//!
//! Where Go ignores a variable that cannot be used, here it is an error: a request would leave another way than meant.

use std::error::Error as StdError;
use std::ffi::OsString;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use reqwest::Url;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::error::ProxyFault;
use crate::page::Page;
use crate::redact::Redactor;

/// The proxies of an environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    direct: Vec<Direct>,
}

/// A proxy, and the variable that names it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Proxy {
    // It may hold a password, so it is never shown.
    url: Url,
    variable: &'static str,
}

/// A variable that names no proxy that can be used. Its value may hold a password and is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} is not the URL of a proxy")]
pub struct ProxyError {
    /// The variable.
    pub variable: &'static str,
}

/// What is reached directly.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Direct {
    All,
    /// A network, and how many of its first bits count.
    Network(IpAddr, u8),
    Address(IpAddr, Option<String>),
    Domain {
        /// From a dot on, in lower case.
        suffix: String,
        /// Whether the name without the dot is meant, too.
        itself: bool,
        port: Option<String>,
    },
}

impl Proxies {
    /// Reads the variables through `lookup`. An empty one counts as not set.
    ///
    /// # Errors
    ///
    /// If a variable is set and names no proxy.
    pub fn from_environment(
        lookup: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Proxies, ProxyError> {
        let text = |variable: &'static str| match lookup(variable) {
            Some(value) if !value.is_empty() => value
                .into_string()
                .map(Some)
                .map_err(|_| ProxyError { variable }),
            _ => Ok(None),
        };
        let proxy = |variables: [&'static str; 2]| -> Result<Option<Proxy>, ProxyError> {
            for variable in variables {
                if let Some(value) = text(variable)? {
                    return Proxy::parse(&value, variable).map(Some);
                }
            }
            Ok(None)
        };
        let direct = match text("NO_PROXY")? {
            Some(list) => list,
            None => text("no_proxy")?.unwrap_or_default(),
        };
        Ok(Proxies {
            http: proxy(["HTTP_PROXY", "http_proxy"])?,
            https: proxy(["HTTPS_PROXY", "https_proxy"])?,
            direct: direct.split(',').filter_map(Direct::parse).collect(),
        })
    }

    /// The proxy that a server is reached through, if any.
    pub(super) fn of(&self, url: &Url) -> Option<&Proxy> {
        let proxy = match url.scheme() {
            "https" => self.https.as_ref()?,
            "http" => self.http.as_ref()?,
            _ => return None,
        };
        let host = url
            .host_str()?
            .trim_matches(['[', ']'])
            .to_ascii_lowercase();
        let host = host.as_str();
        let port = url.port_or_known_default()?.to_string();
        let address: Option<IpAddr> = host.parse().ok();
        let is_here = host == "localhost" || address.is_some_and(|address| address.is_loopback());
        let is_direct = |rule: &Direct| rule.fits(host, address, &port);
        (!is_here && !self.direct.iter().any(is_direct)).then_some(proxy)
    }
}

impl Proxy {
    fn parse(value: &str, variable: &'static str) -> Result<Proxy, ProxyError> {
        let unusable = ProxyError { variable };
        let value = value.trim();
        let with_host = |text: &str| Url::parse(text).ok().filter(Url::has_host);
        let url = match value.contains("://") {
            // As in Go, the proxy looks up names.
            true => with_host(&value.replacen("socks5://", "socks5h://", 1)),
            false => with_host(&format!("http://{value}")),
        };
        let mut url = url.ok_or(unusable)?;
        if url.scheme() == "socks5h" && url.port().is_none() {
            url.set_port(Some(1080)).map_err(|()| unusable)?;
        }
        let is_host = |host: &str| {
            !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c.is_control())
        };
        let is_known = matches!(url.scheme(), "http" | "https" | "socks5h");
        if is_known && url.host_str().is_some_and(is_host) {
            Ok(Proxy { url, variable })
        } else {
            Err(unusable)
        }
    }

    /// The URL, with the password that it may hold.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    fn address(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port_or_known_default().unwrap_or(80);
        format!("{host}:{port}")
    }

    /// Why there is no connection through this proxy, if it is the proxy's fault: `error` is that of a request to `server`.
    pub(super) async fn fault(&self, error: &reqwest::Error, server: &Url) -> Option<ProxyFault> {
        let Some(handshake) = handshake_error(error) else {
            // Plain HTTP is sent to the proxy itself. What fails behind a tunnel is the server's.
            return (server.scheme() == "http").then(|| self.unreachable(error));
        };
        if handshake.ends_with("failed to create underlying connection") {
            return Some(self.unreachable(error));
        }
        let login = [
            "proxy authorization required",
            "user/pass authentication",
            "credentials not accepted",
        ];
        if login.iter().any(|text| handshake.ends_with(text)) {
            return Some(ProxyFault::Login);
        }
        match self.refusal(server).await {
            Some(refusal) => Some(refusal),
            None => Some(ProxyFault::NoTunnel(handshake)),
        }
    }

    /// No connection to the proxy.
    fn unreachable(&self, error: &reqwest::Error) -> ProxyFault {
        if error.is_dns() {
            ProxyFault::Dns
        } else if let Some(tls) = super::find::<rustls::Error>(error) {
            ProxyFault::Tls(tls.to_string())
        } else if super::is_refused(error) {
            ProxyFault::Refused
        } else {
            ProxyFault::Unreachable
        }
    }

    /// How the proxy refuses to connect to a server. The HTTP client says only that it does, so it is asked once more.
    async fn refusal(&self, server: &Url) -> Option<ProxyFault> {
        if self.url.scheme() != "http" {
            return None;
        }
        let asked = tokio::time::timeout(REFUSAL_TIMEOUT, self.ask(server)).await;
        let response = asked.ok()?.ok()?;
        let text = String::from_utf8_lossy(&response);
        let status = text.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()?;
        if (200..300).contains(&status) {
            return None;
        }
        if status == 407 {
            return Some(ProxyFault::Login);
        }
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let mut redactor = Redactor::default();
        for secret in [self.url.username(), self.url.password().unwrap_or_default()] {
            redactor.withhold(secret);
            redactor.withhold(&percent_decode_str(secret).decode_utf8_lossy());
        }
        let page = Page::of(body.as_bytes(), true, &redactor).filter(|page| *page != Page::Empty);
        Some(ProxyFault::Status { status, page })
    }

    /// What the proxy responds to `CONNECT`, up to some size.
    async fn ask(&self, server: &Url) -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(self.address()).await?;
        let host = server.host_str().unwrap_or_default();
        let port = server.port_or_known_default().unwrap_or(443);
        let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
        if !self.url.username().is_empty() || self.url.password().is_some() {
            let decoded = |text| percent_decode_str(text).decode_utf8_lossy();
            let pair = format!(
                "{}:{}",
                decoded(self.url.username()),
                decoded(self.url.password().unwrap_or_default())
            );
            let pair = STANDARD.encode(pair);
            request.push_str(&format!("Proxy-Authorization: Basic {pair}\r\n"));
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut response = Vec::new();
        // A page that does not end in time is shown as far as it came.
        let mut reader = stream.take(MAX_REFUSAL);
        let reading = reader.read_to_end(&mut response);
        let _ = tokio::time::timeout(REFUSAL_TIMEOUT / 2, reading).await;
        Ok(response)
    }
}

/// How long a proxy is asked why it refuses.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(2);
/// Bytes of the response.
const MAX_REFUSAL: u64 = 16 * 1024;

/// What went wrong between this machine and the proxy, in the words of hyper-util, whose types for it have no names outside.
/// A test holds the words.
fn handshake_error(error: &reqwest::Error) -> Option<String> {
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if text.starts_with("tunnel error: ") || text.starts_with("SOCKS error: ") {
            return Some(text);
        }
        next = cause.source();
    }
    None
}

/// `the proxy proxy.example:3128 from HTTPS_PROXY`.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the proxy {} from {}", self.address(), self.variable)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({} from {})", self.address(), self.variable)
    }
}

impl Direct {
    fn parse(text: &str) -> Option<Direct> {
        let text = text.trim().to_lowercase();
        if text == "*" {
            return Some(Direct::All);
        }
        if let Some((address, length)) = text.split_once('/')
            && let (Ok(address), Ok(length)) = (address.parse::<IpAddr>(), length.parse::<u8>())
            && length <= if address.is_ipv4() { 32 } else { 128 }
        {
            return Some(Direct::Network(address, length));
        }
        let bracketed = text
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("]:"));
        let (host, port) = match (bracketed, text.split_once(':')) {
            (Some((host, port)), _) => (host, Some(port)),
            (None, Some((host, port))) if !port.contains(':') => (host, Some(port)),
            _ => (text.as_str(), None),
        };
        if host.is_empty() {
            return None;
        }
        let port = port.filter(|port| !port.is_empty()).map(str::to_owned);
        if let Ok(address) = host.parse() {
            return Some(Direct::Address(address, port));
        }
        let host = host
            .strip_prefix('*')
            .filter(|rest| rest.starts_with('.'))
            .unwrap_or(host);
        let (name, itself) = match host.strip_prefix('.') {
            Some(name) => (name, false),
            None => (host, true),
        };
        // The form that the names of servers have.
        let ascii = Url::parse(&format!("http://{name}"));
        let ascii = ascii.ok().and_then(|url| url.host_str().map(str::to_owned));
        let name = ascii
            .filter(|_| !name.is_ascii())
            .unwrap_or_else(|| name.to_owned());
        Some(Direct::Domain {
            suffix: format!(".{name}"),
            itself,
            port,
        })
    }

    fn fits(&self, host: &str, address: Option<IpAddr>, port: &str) -> bool {
        let at_port =
            |wanted: &Option<String>| wanted.as_deref().is_none_or(|wanted| wanted == port);
        match self {
            Direct::All => true,
            Direct::Network(network, length) => {
                address.is_some_and(|address| is_within(address, *network, *length))
            }
            Direct::Address(wanted, port) => {
                address.is_some_and(|address| address.to_canonical() == wanted.to_canonical())
                    && at_port(port)
            }
            Direct::Domain {
                suffix,
                itself,
                port,
            } => {
                let is_it = *itself && host == &suffix[1..];
                (is_it || host.ends_with(suffix.as_str())) && at_port(port)
            }
        }
    }
}

fn is_within(address: IpAddr, network: IpAddr, length: u8) -> bool {
    let (address, network, bits) = match (address.to_canonical(), network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => (
            u128::from(address.to_bits()),
            u128::from(network.to_bits()),
            32,
        ),
        (IpAddr::V6(address), IpAddr::V6(network)) => (address.to_bits(), network.to_bits(), 128),
        _ => return false,
    };
    let shift = bits - u32::from(length);
    address.checked_shr(shift).unwrap_or(0) == network.checked_shr(shift).unwrap_or(0)
}

#[cfg(test)]
mod tests;
