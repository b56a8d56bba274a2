//! Where a product is called: an endpoint, parsed from what a person writes or formed by rule from a region.

use std::fmt;

use reqwest::Url;

use super::product::Product;

/// The transport of endpoints that are not written as a URL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// TLS.
    #[default]
    Https,
    /// Plain HTTP: nothing on the way is secret.
    Http,
}

/// A scheme, a host and perhaps a port: everything a request needs to find its server.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    // Invariant: http or https, with a host; no user information, path, query or fragment.
    url: Url,
    loopback: bool,
    by_rule: bool,
}

/// Why a text is no endpoint. Its `Display` names the value and says what is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointError {
    value: String,
    fault: Fault,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Fault {
    Empty,
    Whitespace,
    UserInformation,
    PathOrQuery,
    Scheme(String),
    Host(String),
    PlainHttp,
    Region,
}

impl Endpoint {
    /// Reads `host`, `host:port` or `http(s)://host[:port]`. Without a scheme, `protocol` decides.
    ///
    /// # Errors
    ///
    /// If the text is none of these, or asks for plain HTTP to a host that is not loopback while `protocol` is HTTPS.
    pub fn parse(text: &str, protocol: Protocol) -> Result<Endpoint, EndpointError> {
        Endpoint::read(text, protocol).map_err(|fault| EndpointError {
            // A mistake with user information may hold a password, so such a value is not shown.
            value: if text.contains('@') {
                "(withheld)".to_owned()
            } else {
                text.to_owned()
            },
            fault,
        })
    }

    /// The public endpoint of a product in a region.
    ///
    /// # Errors
    ///
    /// If `region` cannot be part of a host name.
    pub(crate) fn by_rule(
        product: &Product,
        region: &str,
        protocol: Protocol,
    ) -> Result<Endpoint, EndpointError> {
        let label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let edge = |byte: Option<&u8>| byte.is_some_and(|byte| *byte != b'-');
        let bytes = region.as_bytes();
        if !bytes.iter().copied().all(label) || !edge(bytes.first()) || !edge(bytes.last()) {
            return Err(EndpointError {
                value: region.to_owned(),
                fault: Fault::Region,
            });
        }
        let scheme = protocol.scheme();
        let host = product.host_in(region);
        let url = Url::parse(&format!("{scheme}://{host}/")).map_err(|error| EndpointError {
            value: host,
            fault: Fault::Host(error.to_string()),
        })?;
        Ok(Endpoint {
            url,
            loopback: false,
            by_rule: true,
        })
    }

    /// The value of the HTTP `Host` header: the host, and the port if it is not the scheme's own.
    pub fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// Whether the host is this machine. Such an endpoint is never reached through a proxy.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Whether the host was formed from a region, so that it may not exist.
    pub(crate) fn is_by_rule(&self) -> bool {
        self.by_rule
    }

    /// The URL of the path `/` with an encoded query.
    pub(super) fn url_with_query(&self, query: &str) -> Url {
        let mut url = self.url.clone();
        if !query.is_empty() {
            url.set_query(Some(query));
        }
        url
    }

    fn read(text: &str, protocol: Protocol) -> Result<Endpoint, Fault> {
        if text.is_empty() {
            return Err(Fault::Empty);
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(Fault::Whitespace);
        }
        let with_scheme = match text.split_once("://") {
            Some(_) => text.to_owned(),
            None => format!("{}://{text}", protocol.scheme()),
        };
        let url = Url::parse(&with_scheme).map_err(|error| Fault::Host(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Fault::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
            return Err(Fault::UserInformation);
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(Fault::PathOrQuery);
        }
        let Some(host) = url.host_str() else {
            return Err(Fault::Host("no host".to_owned()));
        };
        let loopback = is_loopback(host);
        if url.scheme() == "http" && protocol == Protocol::Https && !loopback {
            return Err(Fault::PlainHttp);
        }
        Ok(Endpoint {
            loopback,
            by_rule: false,
            url,
        })
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.url.scheme(), self.host())
    }
}

impl Protocol {
    fn scheme(self) -> &'static str {
        match self {
            Protocol::Https => "https",
            Protocol::Http => "http",
        }
    }
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = &self.value;
        match &self.fault {
            Fault::Empty => write!(f, "an endpoint must not be empty")?,
            Fault::Region => {
                return write!(
                    f,
                    "\"{value}\" is not a region: a region ID has lower-case letters, digits and inner hyphens only, \
                     such as ap-southeast-1"
                );
            }
            Fault::PlainHttp => {
                return write!(
                    f,
                    "\"{value}\" asks for plain HTTP, which shows every request to the network; use https://, or \
                     choose the protocol HTTP to accept this (a loopback address may always be plain)"
                );
            }
            Fault::Whitespace => write!(f, "\"{value}\" is not an endpoint: it has a blank in it")?,
            Fault::UserInformation => write!(
                f,
                "an endpoint must not have a user name or password before its host {value}"
            )?,
            Fault::PathOrQuery => {
                write!(
                    f,
                    "\"{value}\" is not an endpoint: it has a path or a query"
                )?;
            }
            Fault::Scheme(scheme) => write!(
                f,
                "\"{value}\" is not an endpoint: the scheme is {scheme}, not http or https"
            )?,
            Fault::Host(reason) => write!(f, "\"{value}\" is not an endpoint: {reason}")?,
        }
        write!(
            f,
            "; expected a host, host:port or http(s)://host[:port], such as cams.ap-southeast-1.aliyuncs.com"
        )
    }
}

impl std::error::Error for EndpointError {}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    match address.parse::<std::net::IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => address == "localhost" || address.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, Protocol};
    use crate::product::{CAMS, STS};

    fn check(text: &str, protocol: Protocol, expected: &str) {
        let found = match Endpoint::parse(text, protocol) {
            Ok(endpoint) => endpoint.to_string(),
            Err(error) => error.to_string(),
        };
        assert!(
            found.starts_with(expected),
            "{text:?} with {protocol:?} gave {found:?}, expected {expected:?}"
        );
    }

    #[test]
    fn forms() {
        check(
            "cams.example.com",
            Protocol::Https,
            "https://cams.example.com",
        );
        check(
            "cams.example.com",
            Protocol::Http,
            "http://cams.example.com",
        );
        check(
            "cams.example.com:8443",
            Protocol::Https,
            "https://cams.example.com:8443",
        );
        check(
            "CAMS.Example.COM",
            Protocol::Https,
            "https://cams.example.com",
        );
        check(
            "https://cams.example.com",
            Protocol::Https,
            "https://cams.example.com",
        );
        check(
            "https://cams.example.com/",
            Protocol::Https,
            "https://cams.example.com",
        );
        check(
            "https://cams.example.com:443",
            Protocol::Http,
            "https://cams.example.com",
        );
        check(
            "http://cams.example.com:80",
            Protocol::Http,
            "http://cams.example.com",
        );
        check("127.0.0.1:8080", Protocol::Http, "http://127.0.0.1:8080");
        check(
            "http://127.0.0.1:8080",
            Protocol::Https,
            "http://127.0.0.1:8080",
        );
        check(
            "http://localhost:8080",
            Protocol::Https,
            "http://localhost:8080",
        );
        check("http://[::1]:8080", Protocol::Https, "http://[::1]:8080");
        check("[::1]:8080", Protocol::Https, "https://[::1]:8080");
    }

    #[test]
    fn faults() {
        check(
            "",
            Protocol::Https,
            "an endpoint must not be empty; expected a host",
        );
        check(
            "cams example",
            Protocol::Https,
            "\"cams example\" is not an endpoint: it has a blank",
        );
        check(
            "host/path",
            Protocol::Https,
            "\"host/path\" is not an endpoint: it has a path",
        );
        check(
            "https://host?a=b",
            Protocol::Https,
            "\"https://host?a=b\" is not an endpoint: it has a path",
        );
        check(
            "ftp://host",
            Protocol::Https,
            "\"ftp://host\" is not an endpoint: the scheme is ftp",
        );
        check(
            "host:99999",
            Protocol::Https,
            "\"host:99999\" is not an endpoint: invalid port",
        );
        check(
            "https://",
            Protocol::Https,
            "\"https://\" is not an endpoint: empty host",
        );
        check(
            "https://user:hunter2@host",
            Protocol::Https,
            "an endpoint must not have a user name or password before its host (withheld)",
        );
        check(
            "http://cams.example.com",
            Protocol::Https,
            "\"http://cams.example.com\" asks for plain HTTP",
        );
        check(
            "http://127.0.0.1.example.com",
            Protocol::Https,
            "\"http://127.0.0.1.example.com\" asks for plain HTTP",
        );
    }

    #[test]
    fn by_rule() {
        let check = |region: &str, protocol, expected: &str| {
            let found = match Endpoint::by_rule(&CAMS, region, protocol) {
                Ok(endpoint) => endpoint.to_string(),
                Err(error) => error.to_string(),
            };
            assert!(found.starts_with(expected), "{region:?} gave {found:?}");
        };
        check(
            "eu-central-1",
            Protocol::Https,
            "https://cams.eu-central-1.aliyuncs.com",
        );
        check(
            "eu-central-1",
            Protocol::Http,
            "http://cams.eu-central-1.aliyuncs.com",
        );
        for wrong in ["", "-", "EU", "eu.central", "a/b", "a@b", "eu-", "a b"] {
            check(
                wrong,
                Protocol::Https,
                &format!("\"{wrong}\" is not a region"),
            );
        }
        let sts = Endpoint::by_rule(&STS, "ap-southeast-1", Protocol::Https).expect("a region");
        assert_eq!(sts.host(), "sts.ap-southeast-1.aliyuncs.com");
        assert!(sts.is_by_rule() && !sts.is_loopback());
    }

    #[test]
    fn query_is_kept_as_encoded() {
        let endpoint = Endpoint::parse("127.0.0.1:1", Protocol::Http).expect("an endpoint");
        let url = endpoint.url_with_query("A=%7B%22%2A%20~%27&B=");
        assert_eq!(url.as_str(), "http://127.0.0.1:1/?A=%7B%22%2A%20~%27&B=");
        assert_eq!(endpoint.url_with_query("").as_str(), "http://127.0.0.1:1/");
    }
}
