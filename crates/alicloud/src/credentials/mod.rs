//! Who is calling: credentials, the secrets in them, and what every source of credentials promises.
//!
//! One source is one file:
//!
//! | file | credentials come from |
//! |---|---|
//! | `static_keys` | an AccessKey pair as written down |
//! | `assume_role` | `AssumeRole` of STS, on top of any other source |
//! | `assume_role_with_oidc` | `AssumeRoleWithOIDC` of STS, for an OIDC token |
//! | `profile` | a profile of the Alibaba Cloud CLI's file or of the ini file of the SDKs; builds one of the others |
//! | `process` | an external program |
//! | `cloud_sso`, `oauth` | a login that the Alibaba Cloud CLI has made |
//! | `credentials_uri` | a URL, such as of a sidecar |
//! | `ecs_metadata` | the metadata service of an ECS instance |
//! | `default_chain` | the first of several that has something to say |
//! | `account_guard` | another source, once its account has been found to be an allowed one |
//! | `no_credentials` | nowhere, for a reason |
//!
//! What fetches temporary credentials implements `Fetch` and is wrapped in `Refreshing`, the one cache. A source that
//! builds on another holds it, and asks it again at each refresh. The environment is read through [`Environment`], files
//! through `file`; HTTP apart from STS goes through `request`. What went wrong is a [`CredentialsErrorKind`] with a text
//! (`error`).

mod account_guard;
mod assume_role;
mod assume_role_with_oidc;
mod cloud_sso;
mod credentials_uri;
mod default_chain;
mod ecs_metadata;
mod environment;
mod error;
mod file;
mod in_flight;
mod no_credentials;
mod oauth;
mod process;
mod profile;
mod refreshing;
mod request;
#[cfg(test)]
mod source_tests;
mod static_keys;
mod temporary_credentials;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use zeroize::Zeroizing;

pub use account_guard::{AccountGuard, AccountRule};
pub use assume_role::{AssumedRole, Role, RoleArn};
pub use assume_role_with_oidc::{OidcRole, OidcToken, RoleWithOidc};
pub use credentials_uri::CredentialsUri;
pub use default_chain::DefaultChain;
pub use ecs_metadata::{EcsMetadata, InstanceMetadata};
pub use environment::Environment;
pub use error::{CredentialsError, CredentialsErrorKind, FileFault, ProgramFault, ServiceFault};
pub(super) use in_flight::InFlight;
pub use no_credentials::NoCredentials;
pub use profile::{Profile, ProfileSelector};
pub(super) use refreshing::{Fetch, Refreshing};
pub use static_keys::StaticKeys;
pub(super) use temporary_credentials::{Document, TemporaryCredentials};

use super::client::Client;
use super::error::Wait;

/// What sources have to work with: the machine, and a client whose config say how to reach STS.
#[derive(Clone, Debug)]
pub struct Context {
    /// Environment and files.
    pub environment: Environment,
    /// A client without credentials of its own; sources sign with those that they build on.
    pub client: Client,
}

impl Context {
    fn clock(&self) -> refreshing::Clock {
        let client = self.client.clone();
        Arc::new(move || client.now())
    }
}

/// A text that must not be seen: no `Display`, an opaque `Debug`, wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a text into care.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(Zeroizing::new(text.into()))
    }

    /// The text itself, for signing and sending only.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(withheld)")
    }
}

/// An AccessKey pair, with a security token if it is temporary.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The AccessKey ID; `STS.` leads the IDs of temporary pairs.
    pub access_key_id: String,
    /// The AccessKey secret.
    pub access_key_secret: Secret,
    /// The security token that belongs to a temporary pair.
    pub security_token: Option<Secret>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &access_key_hint(&self.access_key_id))
            .field("temporary", &self.security_token.is_some())
            .finish_non_exhaustive()
    }
}

/// The first and last characters of an AccessKey ID, such as `LTAI…wXyZ`: enough to tell keys apart, for messages.
pub fn access_key_hint(access_key_id: &str) -> String {
    let characters: Vec<char> = access_key_id.chars().collect();
    // At least half of a short ID stays hidden.
    let shown = (characters.len() / 4).min(4);
    let first: String = characters.iter().take(shown).collect();
    let last: String = characters.iter().skip(characters.len() - shown).collect();
    format!("{first}…{last}")
}

/// Where credentials come from. Asked before every attempt of a call, so an implementation keeps what it fetched until
/// shortly before it expires, and lets all who wait share one refresh.
#[async_trait]
pub trait CredentialsSource: fmt::Debug + Send + Sync {
    /// Credentials that are valid now. No network, process or file is touched before the first call.
    async fn credentials(&self) -> Result<Credentials, CredentialsError>;

    /// Credentials in place of ones that the service called expired, or `None` if this source has no others to give.
    async fn replacement(
        &self,
        _expired: &Credentials,
    ) -> Result<Option<Credentials>, CredentialsError> {
        Ok(None)
    }

    /// What a call of [`credentials`](CredentialsSource::credentials) that has not returned is waiting for. `None` where
    /// nothing is ever waited for.
    fn waiting_for(&self) -> Option<Wait> {
        None
    }

    /// The AccessKey ID, if it is known without any work.
    fn access_key_id(&self) -> Option<String>;

    /// The ID of the account that the credentials act for, if it is known without any work.
    fn account_id(&self) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{Credentials, Secret, access_key_hint};

    #[test]
    fn access_key_hints_are_short() {
        let check = |id: &str, expected: &str| assert_eq!(access_key_hint(id), expected, "{id}");
        check("LTAI5tQnKxAbCdEfGhJkwXyZ", "LTAI…wXyZ");
        check("STS.NUabcdefghijklmnop", "STS.…mnop");
        check("testid12", "te…12");
        check("testid", "t…d");
        check("abc", "…");
        check("", "…");
    }

    #[test]
    fn nothing_secret_is_printed() {
        let credentials = Credentials {
            access_key_id: "LTAI5tQnKxAbCdEfGhJkwXyZ".to_owned(),
            access_key_secret: Secret::new("the-secret"),
            security_token: Some(Secret::new("the-token")),
        };
        let printed = format!("{credentials:?} {:?}", credentials.access_key_secret);
        assert!(printed.contains("LTAI…wXyZ") && printed.contains("temporary: true"));
        for hidden in ["the-secret", "the-token", "5tQnKx"] {
            assert!(!printed.contains(hidden), "{printed}");
        }
    }
}
