//! A RAM role for the holder of an OIDC token: `AssumeRoleWithOIDC` of STS. No AccessKey is needed.
//!
//! A token in a file is read again at each refresh, because the platforms that put it there (Kubernetes, CI) rotate it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use zeroize::Zeroizing;

use super::assume_role::{REFRESH_TIMEOUT, issued, refused};
use super::{
    CredentialsError, CredentialsErrorKind, CredentialsSource, Fetch, FileFault, Refreshing, Role,
    Secret, TemporaryCredentials, Wait, file,
};
use crate::client::Client;
use crate::sts::AssumeRoleWithOidc;

/// Where the token is.
#[derive(Clone, Debug)]
pub enum OidcToken {
    /// It is this text.
    Text(Secret),
    /// In this file.
    File(PathBuf),
}

/// A role, and what proves the right to it. The role's external ID is not used: this action knows none.
#[derive(Clone, Debug)]
pub struct RoleWithOidc {
    /// The role and its session.
    pub role: Role,
    /// The ARN of the OIDC provider in RAM, such as `acs:ram::1000000000000001:oidc-provider/ci`.
    pub oidc_provider_arn: String,
    /// The token.
    pub token: OidcToken,
}

/// The sessions of one role.
pub struct OidcRole {
    client: Client,
    role: RoleWithOidc,
}

impl OidcRole {
    /// A source of sessions. `client` needs no credentials.
    pub fn source(client: Client, role: RoleWithOidc) -> Arc<dyn CredentialsSource> {
        let clock = {
            let client = client.clone();
            Arc::new(move || client.now())
        };
        Arc::new(Refreshing::new(OidcRole { client, role }, clock))
    }

    async fn token(&self) -> Result<Secret, CredentialsError> {
        let (token, origin) = match &self.role.token {
            OidcToken::Text(token) => (
                Zeroizing::new(token.expose().to_owned()),
                "the OIDC token".to_owned(),
            ),
            OidcToken::File(path) => {
                let origin = format!("the OIDC token file {}", path.display());
                let text = file::read(path).await.map_err(|error| {
                    // Somebody wants this file, so that it is not there is a fault.
                    let kind = match error.kind() {
                        CredentialsErrorKind::Absent => {
                            CredentialsErrorKind::File(FileFault::Unreadable)
                        }
                        kind => kind,
                    };
                    CredentialsError::new(kind, format!("{origin} cannot be used")).because(error)
                })?;
                (text, origin)
            }
        };
        // Files end in a line break more often than not.
        let token = token.trim();
        if token.is_empty() {
            return Err(CredentialsError::new(
                CredentialsErrorKind::File(FileFault::Empty),
                format!("{origin} is empty"),
            ));
        }
        Ok(Secret::new(token))
    }
}

#[async_trait]
impl Fetch for OidcRole {
    async fn fetch(&self) -> Result<TemporaryCredentials, CredentialsError> {
        let token = self.token().await?;
        let role = &self.role.role;
        let response = self
            .client
            .operation(REFRESH_TIMEOUT)
            .call(&AssumeRoleWithOidc {
                oidc_provider_arn: &self.role.oidc_provider_arn,
                role_arn: role.arn.as_str(),
                oidc_token: token.expose(),
                role_session_name: &role.session_name,
                duration_seconds: role.session_expiration,
                policy: role.policy.as_deref(),
            })
            .await
            .map_err(|error| {
                let expired = error.code() == Some("AuthenticationFail.OIDCToken.Expired");
                let refused = refused(&role.arn, error);
                match &self.role.token {
                    // Whoever put the file there may put another one in its place.
                    OidcToken::File(_) if expired => refused.permanent(false),
                    _ => refused,
                }
            })?;
        issued(&response, &role.arn)
    }

    fn account_id(&self) -> Option<String> {
        Some(self.role.role.arn.account_id().to_owned())
    }

    fn waiting_for(&self) -> Wait {
        Wait::Sts
    }

    fn issuer(&self) -> String {
        format!("STS for the role {}", self.role.role.arn)
    }
}

impl fmt::Debug for OidcRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OidcRole").field(&self.role).finish()
    }
}
