//! Why a source returned no credentials: what kind of failure it is, for those who decide and word by it, and a text.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// The kind of a [`CredentialsError`]: each is another thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialsErrorKind {
    /// Nothing is configured, and no implicit source was found.
    NotFound,
    /// The source is not there at all: no file, an empty one, the untouched one of the CLI, no instance.
    Absent,
    /// A file is there but cannot be used.
    File(FileFault),
    /// The file has no profile of that name.
    ProfileMissing,
    /// A profile lacks a field, has one that cannot be used, or is of a mode that is not supported.
    Profile,
    /// An AccessKey or another value of the configuration cannot be used.
    Value,
    /// A login that was made with the CLI has ended: a person has to log in again.
    LoginExpired,
    /// A login cannot be renewed, because its successor could not be saved. The refresh token was not used.
    LoginNotRenewable,
    /// An external program.
    Program(ProgramFault),
    /// A host that hands out credentials, such as a credentials URI, or the way to it.
    Service(ServiceFault),
    /// A page or a text of something on the way, such as a proxy, in place of a response of such a service.
    Page,
    /// A host or a program returned credentials that had already expired.
    Expired,
    /// STS did not issue a session of the role.
    AssumeRole,
    /// The credentials belong to an account that the configuration does not allow.
    WrongAccount,
    /// Anything else.
    Other,
}

/// What is wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFault {
    /// It cannot be opened or read; the source says why.
    Unreadable,
    /// A directory, a pipe, a device or a socket.
    NotRegular,
    /// A symbolic link, here or above, that leads nowhere.
    BrokenLink,
    /// More bytes than any such file has.
    TooLarge,
    /// Not UTF-8.
    NotText,
    /// Text, but not of the format.
    Syntax,
    /// An OIDC token file without a token.
    Empty,
}

/// What went wrong with an external program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramFault {
    /// A variable forbids to run programs.
    Forbidden,
    /// It cannot be started.
    NotStarted,
    /// It ended with a failure.
    Failed,
    /// It did not end in time.
    TimedOut,
    /// It wrote more than any credentials have.
    TooMuchOutput,
    /// Its output is not what it has to be.
    Output,
}

/// What went wrong with a host that hands out credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceFault {
    /// This process cannot make the request, for example because of an unusable proxy variable.
    Unsendable,
    /// No connection was made.
    Unreachable,
    /// The proxy on the way did not lead there.
    Proxy,
    /// No response came in time.
    Silent,
    /// It responded with a failure.
    Failed,
    /// Its response is not what credentials have to be.
    Response,
    /// The configuration wants the role of an ECS instance, and there is no instance or it has no role.
    NoInstanceRole,
}

impl CredentialsErrorKind {
    /// Whether the same would fail again for as long as this process lives.
    fn is_permanent(self) -> bool {
        match self {
            CredentialsErrorKind::NotFound
            | CredentialsErrorKind::Absent
            | CredentialsErrorKind::File(_)
            | CredentialsErrorKind::ProfileMissing
            | CredentialsErrorKind::Profile
            | CredentialsErrorKind::Value
            | CredentialsErrorKind::LoginExpired
            | CredentialsErrorKind::LoginNotRenewable
            | CredentialsErrorKind::WrongAccount => true,
            CredentialsErrorKind::Program(fault) => {
                !matches!(fault, ProgramFault::Failed | ProgramFault::TimedOut)
            }
            CredentialsErrorKind::Service(_)
            | CredentialsErrorKind::Page
            | CredentialsErrorKind::Expired
            | CredentialsErrorKind::AssumeRole
            | CredentialsErrorKind::Other => false,
        }
    }
}

/// Why a source returned no credentials. Says what was looked at and why it did not serve; never a secret.
///
/// It can be cloned, because all who wait for one refresh share its failure.
#[derive(Clone, Debug)]
pub struct CredentialsError {
    kind: CredentialsErrorKind,
    reason: String,
    permanent: bool,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl CredentialsError {
    /// An error with a lower-case fragment that can follow "no credentials: ".
    pub fn new(kind: CredentialsErrorKind, reason: impl Into<String>) -> CredentialsError {
        CredentialsError {
            kind,
            reason: reason.into(),
            permanent: kind.is_permanent(),
            source: None,
        }
    }

    /// An error of the kind [`Other`](CredentialsErrorKind::Other).
    pub fn other(reason: impl Into<String>) -> CredentialsError {
        CredentialsError::new(CredentialsErrorKind::Other, reason)
    }

    /// An error of a host that hands out credentials.
    pub(super) fn service(fault: ServiceFault, reason: impl Into<String>) -> CredentialsError {
        CredentialsError::new(CredentialsErrorKind::Service(fault), reason)
    }

    /// An error that says that the source is not there at all, as opposed to one that is there and does not work. A
    /// [`DefaultChain`](super::DefaultChain) goes on to its next member only after such a one.
    pub fn absent(reason: impl Into<String>) -> CredentialsError {
        CredentialsError::new(CredentialsErrorKind::Absent, reason)
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> CredentialsErrorKind {
        self.kind
    }

    /// Whether the source is not there at all.
    pub fn is_absent(&self) -> bool {
        self.kind == CredentialsErrorKind::Absent
    }

    /// Whether the same would fail again for as long as this process lives.
    pub fn is_permanent(&self) -> bool {
        self.permanent
    }

    #[must_use]
    pub(super) fn permanent(mut self, permanent: bool) -> CredentialsError {
        self.permanent = permanent;
        self
    }

    /// The same error, caused by another one of this kind. What is only a frame around it, of the kind
    /// [`Other`](CredentialsErrorKind::Other), takes over its kind and whether it is permanent.
    #[must_use]
    pub(super) fn because(mut self, source: CredentialsError) -> CredentialsError {
        if self.kind == CredentialsErrorKind::Other {
            self.kind = source.kind;
            self.permanent = source.permanent;
        }
        self.source = Some(Arc::new(source));
        self
    }

    /// The same error, caused by a call of an API. If that call had no credentials, these are what is missing here, too.
    #[must_use]
    pub(super) fn of_call(mut self, error: crate::Error) -> CredentialsError {
        if let Some(below) = error.credentials_error() {
            self.kind = below.kind;
        }
        self.permanent = error.is_permanent();
        self.caused_by(error)
    }

    /// The same error, caused by `source`.
    #[must_use]
    pub fn caused_by(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> CredentialsError {
        self.source = Some(Arc::from(source.into()));
        self
    }
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl StdError for CredentialsError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_ref()
            .map(|source| source.as_ref() as &(dyn StdError + 'static))
    }
}

/// A name from a file, in double quotes, if it looks like a name; else that it does not. What stands in the place of a
/// name may be anything, a secret included.
pub(super) fn quoted_name(name: &str) -> String {
    if looks_like_name(name) {
        format!("\"{name}\"")
    } else {
        "(not shown: it does not look like a name)".to_owned()
    }
}

/// Short, of letters, digits and the usual separators, and without a part in which letters and digits alternate as they
/// do in keys and tokens.
pub(super) fn looks_like_name(name: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || " ._-@".contains(c);
    let is_word = |part: &str| {
        let characters: Vec<char> = part.chars().collect();
        let changes = |kind: fn(char) -> bool| {
            let pairs = characters.windows(2);
            pairs.filter(|pair| kind(pair[0]) != kind(pair[1])).count()
        };
        let length = characters.len();
        let most_capitals = match characters.iter().any(|c| c.is_numeric()) {
            true => length / 5,
            false => length / 2,
        };
        length < 10
            || length <= 32
                && changes(char::is_numeric) <= 1
                && changes(char::is_uppercase) <= most_capitals
    };
    (1..=64).contains(&name.chars().count())
        && name.trim() == name
        && name.chars().all(fits)
        && name.split(|c: char| !c.is_alphanumeric()).all(is_word)
}

#[cfg(test)]
mod tests {
    use super::{CredentialsError, CredentialsErrorKind, looks_like_name};

    #[test]
    fn names_are_distinguished_from_secrets() {
        for name in [
            "default",
            "prod",
            "Prod-eu.2",
            "me@example.com",
            "production20260115",
            "1000000000000001",
            "team 7",
            "ProductionEurope",
            "RamRoleArnWithRoleName",
            "ünï",
        ] {
            assert!(looks_like_name(name), "{name}");
        }
        for secret in [
            "",
            " x",
            "LTAI5tQnKxAbCdEfGhJkwXyZ",
            "aB3dE6gH9jK2mN5pQ8rS1tU4vW7xYz",
            "{\"access_key_secret\"",
            "\"x\"",
            "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
            "eyJhbGciOiJSUzI1NiIsImtpZCI6",
            "0123456789abcdef0123456789abcdef",
            "a/b",
            "a\u{1b}[2J",
        ] {
            assert!(!looks_like_name(secret), "{secret}");
        }
    }

    #[test]
    fn frames_take_over_the_kind() {
        let kind = CredentialsErrorKind::ProfileMissing;
        let inner = CredentialsError::new(kind, "inner");
        let outer = CredentialsError::other("outer").because(inner);
        assert_eq!(outer.kind(), kind);
        assert!(outer.is_permanent() && !outer.is_absent());
    }
}
