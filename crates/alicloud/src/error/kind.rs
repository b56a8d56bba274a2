//! What went wrong, apart from the circumstances of the call: one variant for each different thing to do.
//!
//! Must not contain: attempts, hosts, or what was tried.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::access_denied::AccessDenied;

/// What went wrong in the last attempt; each variant is a different thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// There are no valid credentials; the source says why. Nothing was sent.
    Credentials,
    /// The request cannot be formed. Nothing was sent.
    Request(String),
    /// No connection was made. Nothing was sent.
    Connect(ConnectFailure),
    /// Time ran out.
    Timeout(TimeoutPhase),
    /// The connection was cut, so that the request may have been executed.
    Interrupted,
    /// An answer with a 3xx status. Redirects are never followed: the request is signed for one host.
    Redirect {
        /// The HTTP status.
        status: u16,
        /// Scheme and host that the answer points at.
        location: Option<String>,
    },
    /// Flow control refused the request; it was not executed.
    Throttled {
        /// The response.
        response: ApiError,
        /// The wait that the service asked for.
        retry_after: Option<Duration>,
    },
    /// The service failed or is down, for no fault of the request.
    Unavailable(ApiError),
    /// Nothing was sent, because the service did not answer any of many earlier calls, whoever made them; the source says
    /// how the last of them failed.
    Down {
        /// How many calls in a row failed.
        failures: u32,
        /// Since when.
        lasting: Duration,
    },
    /// The service refused the request.
    Api(ApiError),
    /// A 2xx answer that cannot be read: the request was most likely executed.
    Decode {
        /// The HTTP status.
        status: u16,
        /// What is wrong with the response.
        reason: String,
        /// How the answer begins, if that may be shown.
        excerpt: Option<String>,
    },
    /// The client was told to stop before the call was complete; an earlier failure, if any, is the source.
    Stopped,
}

/// What the service said in an answer that reports a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status; some refusals come with 200.
    pub status: u16,
    /// `Code`, unchanged.
    pub code: Option<String>,
    /// `Message`, or how the answer begins if it has no message.
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectCause {
    /// The name has no address, or no name server answered.
    Dns,
    /// The host refused the connection: nothing listens at this port.
    Refused,
    /// Nothing came back in time.
    Timeout,
    /// The server's certificate is not trusted; with the reason.
    Certificate(String),
    /// The TLS handshake failed for another reason.
    Tls(String),
    /// Anything else, such as an unreachable network or a failing proxy; the source says what.
    Other,
}

/// What the time ran out on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutPhase {
    /// Before the first attempt, while waiting for a turn under the limit of calls per second, or for credentials.
    /// Nothing was sent.
    Permit,
    /// After an attempt began, so that the request may have been executed. With the time given to the attempt.
    Response(Duration),
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
            ErrorKind::Redirect { status, .. } | ErrorKind::Decode { status, .. } => Some(*status),
            _ => Some(self.response()?.status),
        }
    }
}

impl StdError for ErrorKind {}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorKind::Credentials => f.write_str("there are no valid credentials"),
            ErrorKind::Request(reason) => write!(f, "the request cannot be formed: {reason}"),
            ErrorKind::Connect(failure) => failure.fmt(f),
            ErrorKind::Timeout(TimeoutPhase::Permit) => f.write_str(
                "the time limit of the operation passed before the request was sent, during the wait for credentials and for the rate limit",
            ),
            ErrorKind::Timeout(TimeoutPhase::Response(limit)) => {
                write!(f, "no complete response within {}", Seconds(*limit))
            }
            ErrorKind::Interrupted => {
                f.write_str("the connection was closed before the response was complete")
            }
            ErrorKind::Redirect { status, location } => {
                write!(f, "HTTP {status}, a redirect")?;
                if let Some(location) = location {
                    write!(f, " to {location}")?;
                }
                f.write_str("; signed requests are not redirected, so check the endpoint and the proxy")
            }
            ErrorKind::Throttled { response, .. } => write!(f, "throttled: {response}"),
            ErrorKind::Unavailable(response) => write!(f, "the service is not available: {response}"),
            ErrorKind::Down { failures, lasting } => write!(
                f,
                "not sent, because the service is down: {failures} calls in a row failed within {}",
                Seconds(*lasting)
            ),
            ErrorKind::Api(response) => response.fmt(f),
            ErrorKind::Decode {
                status,
                reason,
                excerpt,
            } => {
                write!(f, "the response (HTTP {status}) cannot be read: {reason}")?;
                match excerpt {
                    Some(excerpt) => write!(f, "; it begins with: {excerpt}"),
                    None => Ok(()),
                }
            }
            ErrorKind::Stopped => f.write_str("stopped before it was complete"),
        }
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
        match &self.cause {
            ConnectCause::Dns => f.write_str("the host name cannot be resolved")?,
            ConnectCause::Refused => f.write_str("the connection was refused")?,
            ConnectCause::Timeout => f.write_str("no connection in time")?,
            ConnectCause::Certificate(reason) => {
                write!(f, "the certificate of the host is not trusted: {reason}")?;
            }
            ConnectCause::Tls(reason) => write!(f, "the TLS handshake failed: {reason}")?,
            ConnectCause::Other => f.write_str("no connection")?,
        }
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
