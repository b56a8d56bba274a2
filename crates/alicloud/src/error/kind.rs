//! What went wrong, apart from the circumstances of the call: one variant for each different thing to do.

use std::fmt;
use std::time::Duration;

use crate::access_denied::AccessDenied;
use crate::page::Page;

/// What went wrong in the last attempt; each variant is a different thing to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ErrorKind {
    /// There are no valid credentials; the source says why. Nothing was sent.
    #[error("there are no valid credentials")]
    Credentials,
    /// The request cannot be formed. Nothing was sent.
    #[error("the request cannot be formed: {0}")]
    Request(String),
    /// No connection was made. Nothing was sent.
    #[error("{0}")]
    Connect(ConnectFailure),
    /// Time ran out.
    #[error("{0}")]
    Timeout(TimeoutPhase),
    /// The connection was cut, so that the request may have been executed.
    #[error("the connection was closed before the response was complete")]
    Interrupted,
    /// A response with a 3xx status. Redirects are never followed: the request is signed for one host.
    #[error(
        "HTTP {status}, a redirect{}; signed requests are not redirected, so check the endpoint and the proxy",
        To(location)
    )]
    Redirect {
        /// The HTTP status.
        status: u16,
        /// Scheme and host that the response points at.
        location: Option<String>,
    },
    /// Flow control refused the request; it was not executed.
    #[error("throttled: {response}")]
    Throttled {
        /// The response.
        response: ApiError,
        /// The wait that the service asked for.
        retry_after: Option<Duration>,
    },
    /// The service failed or is down, for no fault of the request.
    #[error("the service is not available: {0}")]
    Unavailable(ApiError),
    /// Nothing was sent, because the service did not respond to any of many earlier calls, whoever made them; the source says
    /// how the last of them failed.
    #[error("not sent, because the service is down: {failures} calls in a row failed within {}", Seconds(*lasting))]
    Down {
        /// How many calls in a row failed.
        failures: u32,
        /// Since when.
        lasting: Duration,
    },
    /// The service refused the request.
    #[error("{0}")]
    Api(ApiError),
    /// Something that is no response of the service, though the HTTP status may be any but a redirect: it was written by
    /// something on the way. With a 4xx status or 511 the request was not executed, with another one it may have been.
    #[error("HTTP {status} with {page} in place of a response of the service")]
    Page {
        /// The HTTP status.
        status: u16,
        /// What came.
        page: Page,
    },
    /// A 2xx response that cannot be read: the request was most likely executed.
    #[error(
        "the response (HTTP {status}) cannot be read: {reason}{}",
        Excerpt(excerpt)
    )]
    Decode {
        /// The HTTP status.
        status: u16,
        /// What is wrong with the response.
        reason: String,
        /// How the response begins, if that may be shown.
        excerpt: Option<String>,
    },
    /// The client was asked to stop before the call was complete; an earlier failure, if any, is the source.
    #[error("stopped before it was complete")]
    Stopped,
}

/// What the service said in a response that reports a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status; some refusals come with 200.
    pub status: u16,
    /// `Code`, unchanged.
    pub code: Option<String>,
    /// `Message`, or how the response begins if it has no message.
    pub message: Option<String>,
    /// `AccessDeniedDetail`, where it says something.
    pub access_denied: Option<AccessDenied>,
    /// `Recommend`: a page of the vendor about this failure.
    pub recommend: Option<String>,
}

/// Why no connection was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectFailure {
    /// What failed.
    pub cause: ConnectCause,
    /// The host to try instead, if this one was formed by rule and the product documents only another.
    pub only_documented_host: Option<&'static str>,
}

/// The step in which connecting failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectCause {
    /// The name has no address, or no name server responded.
    #[error("the host name cannot be resolved")]
    Dns,
    /// The host refused the connection: nothing listens at this port.
    #[error("the connection was refused")]
    Refused,
    /// Nothing came back in time.
    #[error("no connection in time")]
    Timeout,
    /// The server's certificate is not trusted.
    #[error("{0}")]
    Certificate(CertificateFault),
    /// No certificate can be trusted, because this machine has no root certificates.
    #[error("this machine has no root certificates, so that no certificate can be trusted")]
    NoRoots,
    /// The TLS handshake failed for another reason.
    #[error("the TLS handshake failed: {0}")]
    Tls(String),
    /// The proxy made no connection.
    #[error("no connection through the proxy: {0}")]
    Proxy(ProxyFault),
    /// Anything else, such as an unreachable network; the source says what.
    #[error("no connection")]
    Other,
}

/// Why a certificate is not trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// No root certificate of this machine stands behind it: a proxy that inspects TLS, or a private CA.
    #[error("no root certificate that this machine trusts has signed the certificate of the host")]
    UnknownIssuer,
    /// By the clock of this machine it is over.
    #[error("the certificate of the host has expired, by the clock of this machine")]
    Expired,
    /// By the clock of this machine it has not begun.
    #[error("the certificate of the host is not valid yet, by the clock of this machine")]
    NotYetValid,
    /// It is for other names.
    #[error("the certificate is not one of this host")]
    WrongHost,
    /// Anything else; with the reason.
    #[error("the certificate of the host is not trusted: {0}")]
    Other(String),
}

/// Why a proxy made no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyFault {
    /// Its name has no address, or no name server responded.
    #[error("its host name cannot be resolved")]
    Dns,
    /// Nothing listens at its port.
    #[error("it refused the connection")]
    Refused,
    /// It cannot be reached for another reason.
    #[error("it cannot be reached")]
    Unreachable,
    /// No TLS with the proxy itself; with the reason.
    #[error("TLS with it failed: {0}")]
    Tls(String),
    /// It wants a user name and a password, or others.
    #[error("it wants a login (HTTP 407)")]
    Login,
    /// It responded to the request to connect to the host with an error.
    #[error("it refused to connect to the host (HTTP {status}{})", Shown(page))]
    Status {
        /// The HTTP status.
        status: u16,
        /// What it wrote, unless that is JSON or nothing.
        page: Option<Page>,
    },
    /// It did not respond as a proxy does; with the reason.
    #[error("it did not connect to the host ({0})")]
    NoTunnel(String),
}

impl ProxyFault {
    /// Whether the same comes out however often it is tried.
    pub(crate) fn is_permanent(&self) -> bool {
        match self {
            ProxyFault::Login | ProxyFault::Tls(_) => true,
            ProxyFault::Status { status, .. } => *status < 500,
            _ => false,
        }
    }
}

struct Shown<'a>(&'a Option<Page>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|page| write!(f, ", {page}"))
    }
}

/// What the time ran out on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeoutPhase {
    /// While waiting for credentials. Nothing was sent of this call.
    #[error(
        "the time limit of the operation passed before the request was sent, while the provider waited for {0}"
    )]
    Credentials(Wait),
    /// While the first request with the same credentials was under way. Nothing was sent.
    #[error(
        "the time limit of the operation passed before the request was sent, while the first request with the same credentials was under way"
    )]
    FirstUse,
    /// While waiting for a turn under the limit of calls per second. Nothing was sent.
    #[error(
        "the time limit of the operation passed before the request was sent, during the wait for the rate limit"
    )]
    RateLimit,
    /// After an attempt began, so that the request may have been executed. With the time given to the attempt.
    #[error("no complete response within {}", Seconds(*.0))]
    Response(Duration),
}

/// What a source of credentials waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wait {
    /// A file is read.
    #[error("a credentials file to be read")]
    File,
    /// Somebody else has locked the file of the CLI.
    #[error("the lock of the CLI's file")]
    FileLock,
    /// An external program runs.
    #[error("an external program")]
    Program,
    /// STS.
    #[error("STS")]
    Sts,
    /// The metadata service of an ECS instance.
    #[error("the ECS metadata service")]
    Metadata,
    /// The server of a credentials URI.
    #[error("the credentials URI")]
    CredentialsUri,
    /// The sign-in host of CloudSSO.
    #[error("CloudSSO")]
    CloudSso,
    /// The OAuth server.
    #[error("the OAuth server")]
    OAuth,
}

impl ErrorKind {
    pub(crate) fn response(&self) -> Option<&ApiError> {
        match self {
            ErrorKind::Throttled { response, .. }
            | ErrorKind::Unavailable(response)
            | ErrorKind::Api(response) => Some(response),
            _ => None,
        }
    }

    pub(crate) fn code(&self) -> Option<&str> {
        self.response()?.code.as_deref()
    }

    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            ErrorKind::Redirect { status, .. }
            | ErrorKind::Decode { status, .. }
            | ErrorKind::Page { status, .. } => Some(*status),
            _ => Some(self.response()?.status),
        }
    }
}

/// Where a redirect leads, if it says so.
struct To<'a>(&'a Option<String>);

impl fmt::Display for To<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|location| write!(f, " to {location}"))
    }
}

/// The start of a response, if it may be shown.
struct Excerpt<'a>(&'a Option<String>);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|excerpt| write!(f, "; it begins with: {excerpt}"))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ConnectFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)?;
        match self.only_documented_host {
            Some(host) => write!(
                f,
                "; this host was formed from the region and may not exist, the only documented one is {host}"
            ),
            None => Ok(()),
        }
    }
}

/// A duration for people: `350 ms`, `1.5 s`, `20 s`.
pub(crate) struct Seconds(pub(crate) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.0.as_millis();
        if milliseconds < 1000 {
            write!(f, "{milliseconds} ms")
        } else if milliseconds < 10_000 && !milliseconds.is_multiple_of(1000) {
            write!(f, "{:.1} s", self.0.as_secs_f64())
        } else {
            write!(f, "{:.0} s", self.0.as_secs_f64())
        }
    }
}
