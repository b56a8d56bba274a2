//! Why a call failed: one type for the whole crate, precise enough to act on and free of secrets.
//!
//! `Display` gives one fragment, lower-case and without a full stop, fit to follow "failed to …: "; causes below it are
//! left to [`source`](std::error::Error::source). Nothing here holds a URL, a signature, a secret or a whole response.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

mod kind;

use super::credentials::CredentialsError;
use super::error_codes::ErrorCode;
use super::product::Product;
use kind::Seconds;
pub use kind::{
    ApiError, CertificateFault, ConnectCause, ConnectFailure, ErrorKind, ProxyFault, TimeoutPhase,
    Wait,
};

/// A failed call, with all that was tried.
pub struct Error(Box<Record>);

pub(super) type Cause = Box<dyn StdError + Send + Sync>;

pub(super) struct Record {
    pub(super) action: &'static str,
    pub(super) product: &'static Product,
    pub(super) host: String,
    pub(super) proxy: Option<String>,
    pub(super) kind: ErrorKind,
    pub(super) give_up: GiveUp,
    pub(super) attempts: u32,
    pub(super) elapsed: Duration,
    pub(super) last_wait: Option<Duration>,
    pub(super) request_id: Option<String>,
    pub(super) access_key_hint: Option<String>,
    pub(super) outcome_unknown: bool,
    pub(super) source: Option<Cause>,
}

/// Why the call was not retried once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GiveUp {
    /// Repeating does not help.
    Pointless,
    /// The outcome is unknown and the action must not be done twice.
    NotIdempotent,
    /// As often as makes sense for this failure.
    Exhausted,
    /// The deadline of the operation.
    Deadline {
        /// The wait that would have passed it; `None` if it passed while waiting for the next turn.
        wait: Option<Duration>,
    },
    /// The next wait would pass the time allowed for retries.
    MaxRetryTimeout {
        /// The wait that was due.
        wait: Duration,
    },
    /// The client was asked to stop.
    Stopped,
}

impl Error {
    pub(super) fn new(record: Record) -> Error {
        Error(Box::new(record))
    }

    /// A failed call of CAMS as [`Operation::call`](crate::Operation::call) would report it, for tests of what is made of
    /// errors: one attempt, or none if nothing can have been sent, and no request ID.
    pub fn example(
        action: &'static str,
        kind: ErrorKind,
        source: Option<Box<dyn StdError + Send + Sync>>,
    ) -> Error {
        let sent = !matches!(
            kind,
            ErrorKind::Credentials
                | ErrorKind::Request(_)
                | ErrorKind::Down { .. }
                | ErrorKind::Timeout(
                    TimeoutPhase::Credentials(_) | TimeoutPhase::FirstUse | TimeoutPhase::RateLimit
                )
        );
        Error::new(Record {
            action,
            product: &crate::CAMS,
            host: "cams.ap-southeast-1.aliyuncs.com".to_owned(),
            proxy: None,
            kind,
            give_up: GiveUp::Pointless,
            attempts: u32::from(sent),
            elapsed: Duration::from_millis(350),
            last_wait: None,
            request_id: None,
            access_key_hint: Some("LTAI…wXyZ".to_owned()),
            outcome_unknown: false,
            source,
        })
    }

    /// The same error of a call through a proxy, as [`Error::proxy`] names it, for tests.
    #[must_use]
    pub fn through(mut self, proxy: &str) -> Error {
        self.0.proxy = Some(proxy.to_owned());
        self
    }

    /// The action, such as `ChatappBindWaba`.
    pub fn action(&self) -> &'static str {
        self.0.action
    }

    /// The host that was called, with its port unless it is the usual one.
    pub fn host(&self) -> &str {
        &self.0.host
    }

    /// The proxy that the host is reached through, such as `the proxy proxy.example:3128 from HTTPS_PROXY`.
    pub fn proxy(&self) -> Option<&str> {
        self.0.proxy.as_deref()
    }

    /// What went wrong in the last attempt.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Why the call was not retried.
    pub fn give_up(&self) -> GiveUp {
        self.0.give_up
    }

    /// How many requests were sent, or tried to be.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The error of a request that was sent before already, with another error, and not by [`Operation::call`](crate::Operation::call)
    /// itself: the attempts and times of both.
    #[must_use]
    pub fn after(mut self, earlier: &Error) -> Error {
        self.0.attempts += earlier.0.attempts;
        self.0.elapsed += earlier.0.elapsed;
        if self.0.give_up == GiveUp::NotIdempotent {
            self.0.give_up = GiveUp::Exhausted;
        }
        self
    }

    /// The time since the call began, waits included.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// The request ID of the last response.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// First and last characters of the AccessKey ID that the last attempt was signed with.
    pub fn access_key_hint(&self) -> Option<&str> {
        self.0.access_key_hint.as_deref()
    }

    /// Whether the request may have been executed, in this attempt or in an earlier one.
    pub fn outcome_unknown(&self) -> bool {
        self.0.outcome_unknown
    }

    /// Whether the same call would fail again for as long as this process lives.
    pub fn is_permanent(&self) -> bool {
        match self.kind() {
            ErrorKind::Credentials => self
                .credentials_error()
                .is_some_and(CredentialsError::is_permanent),
            // An unknown code is most likely about the request.
            ErrorKind::Api(_) => self.known_code().is_none_or(ErrorCode::is_final),
            _ => false,
        }
    }

    /// Why there are no credentials, if that is what went wrong.
    pub fn credentials_error(&self) -> Option<&CredentialsError> {
        let source = self.0.source.as_deref();
        source
            .filter(|_| *self.kind() == ErrorKind::Credentials)?
            .downcast_ref()
    }

    /// The response of the service, if there was one.
    pub fn response(&self) -> Option<&ApiError> {
        self.kind().response()
    }

    /// The error code of the service.
    pub fn code(&self) -> Option<&str> {
        self.kind().code()
    }

    /// What is known of the error code.
    pub fn known_code(&self) -> Option<&'static ErrorCode> {
        ErrorCode::find(self.0.product.error_codes, self.code()?)
    }

    /// The HTTP status of the last response.
    pub fn status(&self) -> Option<u16> {
        self.kind().status()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Record {
            action,
            host,
            proxy,
            kind,
            attempts,
            elapsed,
            give_up,
            ..
        } = &*self.0;
        write!(f, "{action} at {host}")?;
        if let Some(proxy) = proxy {
            write!(f, " through {proxy}")?;
        }
        write!(f, ": {kind}")?;
        if *attempts > 1 {
            write!(f, " ({attempts} attempts in {})", Seconds(*elapsed))?;
        }
        match give_up {
            GiveUp::Deadline { wait: Some(wait) } => write!(
                f,
                "; the next wait of {} would pass the time limit of the operation",
                Seconds(*wait)
            ),
            GiveUp::Deadline { wait: None } => write!(
                f,
                "; the time limit of the operation passed before the next attempt"
            ),
            GiveUp::MaxRetryTimeout { wait } => write!(
                f,
                "; the next wait of {} would pass the time allowed for retries",
                Seconds(*wait)
            ),
            GiveUp::NotIdempotent => write!(
                f,
                "; not retried, because it is unknown whether the request was executed"
            ),
            GiveUp::Pointless | GiveUp::Exhausted | GiveUp::Stopped => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Record {
            action,
            product: _,
            host,
            proxy,
            kind,
            give_up,
            attempts,
            elapsed,
            last_wait,
            request_id,
            access_key_hint,
            outcome_unknown,
            source,
        } = &*self.0;
        f.debug_struct("Error")
            .field("action", action)
            .field("host", host)
            .field("proxy", proxy)
            .field("kind", kind)
            .field("give_up", give_up)
            .field("attempts", attempts)
            .field("elapsed", elapsed)
            .field("last_wait", last_wait)
            .field("request_id", request_id)
            .field("access_key_hint", access_key_hint)
            .field("outcome_unknown", outcome_unknown)
            .field("source", source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.0.source.as_ref()?;
        Some(source.as_ref() as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::CAMS;

    use super::{
        ApiError, ConnectCause, ConnectFailure, Error, ErrorKind, GiveUp, Record, TimeoutPhase,
    };

    fn check(kind: ErrorKind, give_up: GiveUp, attempts: u32, expected: &str) {
        let error = Error::new(Record {
            action: "ChatappBindWaba",
            product: &CAMS,
            host: "cams.example.com".to_owned(),
            proxy: None,
            kind,
            give_up,
            attempts,
            elapsed: Duration::from_millis(12_400),
            last_wait: None,
            request_id: None,
            access_key_hint: None,
            outcome_unknown: false,
            source: None,
        });
        assert_eq!(
            error.to_string(),
            format!("ChatappBindWaba at cams.example.com: {expected}")
        );
    }

    #[test]
    fn errors_are_displayed() {
        let response = ApiError {
            status: 400,
            code: Some("System.LimitControl".to_owned()),
            message: Some("The system is under flow control.".to_owned()),
            ..ApiError::default()
        };
        check(
            ErrorKind::Throttled {
                response: response.clone(),
                retry_after: None,
            },
            GiveUp::Deadline {
                wait: Some(Duration::from_secs(20)),
            },
            7,
            "throttled: HTTP 400 System.LimitControl: The system is under flow control. (7 attempts in 12 s); \
             the next wait of 20 s would pass the time limit of the operation",
        );
        check(
            ErrorKind::Api(ApiError {
                status: 404,
                ..ApiError::default()
            }),
            GiveUp::Pointless,
            1,
            "HTTP 404",
        );
        check(
            ErrorKind::Timeout(TimeoutPhase::Response(Duration::from_millis(1500))),
            GiveUp::NotIdempotent,
            1,
            "no complete response within 1.5 s; not retried, because it is unknown whether the request was executed",
        );
        check(
            ErrorKind::Connect(ConnectFailure {
                cause: ConnectCause::Dns,
                only_documented_host: Some("cams.ap-southeast-1.aliyuncs.com"),
            }),
            GiveUp::Exhausted,
            1,
            "the host name cannot be resolved; this host was formed from the region and may not exist, the only \
             documented one is cams.ap-southeast-1.aliyuncs.com",
        );
    }
}
