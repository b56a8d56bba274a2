//! A RAM role, assumed by whoever another source says: `AssumeRole` of STS.
//!
//! Limits of the values: the API reference of `AssumeRole`. The source below is asked anew at each refresh, so that a
//! chain of roles outlives every session in it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::error::quoted_name;
use super::temporary_credentials::TemporaryCredentials;
use super::{CredentialsError, CredentialsErrorKind, CredentialsSource, Fetch, Refreshing, Wait};
use crate::client::Client;
use crate::sts::{AssumeRole, AssumeRoleResponse};
use crate::{Error, Response};

/// How long one refresh may take, its retries included.
pub(super) const REFRESH_TIMEOUT: Duration = Duration::from_secs(60);

/// The ARN of a RAM role: `acs:ram::<account ID>:role/<name>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoleArn {
    // Invariant: `text[account]` is the account ID, decimal digits.
    text: String,
    account: String,
}

impl RoleArn {
    /// Reads an ARN.
    ///
    /// # Errors
    ///
    /// What is expected, to follow "must be" or "is not".
    pub fn parse(text: &str) -> Result<RoleArn, String> {
        let parts = text
            .strip_prefix("acs:ram::")
            .and_then(|rest| rest.split_once(":role/"));
        match parts {
            Some((account, name))
                if is_account_id(account)
                    && !name.is_empty()
                    && name.bytes().all(|byte| byte.is_ascii_graphic()) =>
            {
                Ok(RoleArn {
                    text: text.to_owned(),
                    account: account.to_owned(),
                })
            }
            _ => Err(
                "the ARN of a role, such as acs:ram::1000000000000001:role/terraform".to_owned(),
            ),
        }
    }

    /// The ID of the account that the role belongs to.
    pub fn account_id(&self) -> &str {
        &self.account
    }

    /// The ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether a text can be an account ID: decimal digits.
pub(super) fn is_account_id(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A role, and how it is assumed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Role {
    /// Which role.
    pub arn: RoleArn,
    /// A name for the session in the audit log: 2 to 64 letters, digits, `.`, `@`, `-`, `_`.
    pub session_name: String,
    /// Seconds that a session lasts: 900 to 43200, at most what the role allows.
    pub session_expiration: u32,
    /// A policy that narrows what the session may do, as JSON text of at most 2048 characters.
    pub policy: Option<String>,
    /// What the role's trust policy may demand of a foreign account, 2 to 1224 characters. Never shown.
    pub external_id: Option<String>,
}

impl Role {
    /// The default session name.
    pub const SESSION_NAME: &'static str = "terraform";
    /// The default length of a session, in seconds.
    pub const SESSION_EXPIRATION: u32 = 3600;

    /// A role with defaults for everything else.
    pub fn new(arn: RoleArn) -> Role {
        Role {
            arn,
            session_name: Role::SESSION_NAME.to_owned(),
            session_expiration: Role::SESSION_EXPIRATION,
            policy: None,
            external_id: None,
        }
    }

    /// Checks a session name; the error says what it must be.
    ///
    /// # Errors
    ///
    /// What is expected, to follow "must be".
    pub fn check_session_name(text: &str) -> Result<(), String> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".@-_".contains(&byte);
        if (2..=64).contains(&text.len()) && text.bytes().all(fits) {
            return Ok(());
        }
        Err(format!(
            "2 to 64 letters, digits, \".\", \"@\", \"-\" or \"_\", but is \"{}\"",
            text.escape_debug()
        ))
    }

    /// Checks the length of a session in seconds.
    ///
    /// # Errors
    ///
    /// What is expected, to follow "must be".
    pub fn check_session_expiration(seconds: i64) -> Result<u32, String> {
        u32::try_from(seconds)
            .ok()
            .filter(|seconds| (900..=43_200).contains(seconds))
            .ok_or_else(|| format!("900 to 43200 seconds, but is {seconds}"))
    }

    /// Checks a policy: JSON of 1 to 2048 characters.
    ///
    /// # Errors
    ///
    /// What is expected, to follow "must be".
    pub fn check_policy(text: &str) -> Result<(), String> {
        let length = text.chars().count();
        if length > 2048 {
            return Err(format!(
                "at most 2048 characters long, but has {length} characters"
            ));
        }
        match serde_json::from_str::<serde_json::Value>(text) {
            Ok(serde_json::Value::Object(_)) => Ok(()),
            Ok(_) => Err("a JSON object, but is another kind of JSON".to_owned()),
            Err(error) => Err(format!("JSON, but is not: {error}")),
        }
    }

    /// Checks an external ID. The error does not show it.
    ///
    /// # Errors
    ///
    /// What is expected, to follow "must be".
    pub fn check_external_id(text: &str) -> Result<(), String> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&byte);
        if (2..=1224).contains(&text.len()) && text.bytes().all(fits) {
            return Ok(());
        }
        Err("2 to 1224 letters, digits or characters of \"_+=,.@:/-\"".to_owned())
    }
}

impl fmt::Debug for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Role")
            .field("arn", &self.arn.as_str())
            .field(
                "session_name",
                // It has its quotes already.
                &format_args!("{}", quoted_name(&self.session_name)),
            )
            .field("session_expiration", &self.session_expiration)
            .finish_non_exhaustive()
    }
}

/// The sessions of one role.
#[derive(Debug)]
pub struct AssumedRole {
    client: Client,
    role: Role,
}

impl AssumedRole {
    /// A source of sessions of `role`, assumed with the credentials of `client`.
    pub fn source(client: Client, role: Role) -> Arc<dyn CredentialsSource> {
        let clock = {
            let client = client.clone();
            Arc::new(move || client.now())
        };
        Arc::new(Refreshing::new(AssumedRole { client, role }, clock))
    }
}

#[async_trait]
impl Fetch for AssumedRole {
    async fn fetch(&self) -> Result<TemporaryCredentials, CredentialsError> {
        let Role {
            arn,
            session_name,
            session_expiration,
            policy,
            external_id,
        } = &self.role;
        let response = self
            .client
            .operation(REFRESH_TIMEOUT)
            .call(&AssumeRole {
                role_arn: arn.as_str(),
                role_session_name: session_name,
                duration_seconds: *session_expiration,
                policy: policy.as_deref(),
                external_id: external_id.as_deref(),
            })
            .await
            .map_err(|error| refused(arn, error))?;
        issued(&response, arn)
    }

    fn account_id(&self) -> Option<String> {
        Some(self.role.arn.account_id().to_owned())
    }

    fn waiting_for(&self) -> Wait {
        self.client.credentials().waiting_for().unwrap_or(Wait::Sts)
    }

    fn issuer(&self) -> String {
        format!("STS for the role {}", self.role.arn)
    }
}

/// What STS has issued.
pub(super) fn issued(
    response: &Response<AssumeRoleResponse>,
    arn: &RoleArn,
) -> Result<TemporaryCredentials, CredentialsError> {
    TemporaryCredentials::of_document(&response.body.credentials).map_err(|error| {
        let request_id = response.request_id.as_deref().unwrap_or("(none)");
        CredentialsError::new(
            CredentialsErrorKind::AssumeRole,
            format!(
                "STS returned no usable credentials for the role {arn} (request ID {request_id})"
            ),
        )
        .because(error)
    })
}

/// Why a role cannot be assumed, with what to do about it.
pub(super) fn refused(arn: &RoleArn, error: Error) -> CredentialsError {
    let mut reason = format!("the role {arn} cannot be assumed");
    if let Some(hint) = error.access_key_hint() {
        reason.push_str(&format!(" with the AccessKey {hint}"));
    }
    if let Some(request_id) = error.request_id() {
        reason.push_str(&format!(" (request ID {request_id})"));
    }
    if let Some(remedy) = error.code().and_then(remedy) {
        reason.push_str(&format!("; {remedy}"));
    }
    CredentialsError::new(CredentialsErrorKind::AssumeRole, reason).of_call(error)
}

/// What to do, by error code. Source: the error codes in the API reference of `AssumeRole` and `AssumeRoleWithOIDC`.
fn remedy(code: &str) -> Option<&'static str> {
    Some(match code {
        "NoPermission" => {
            "the caller needs the RAM action sts:AssumeRole (system policy AliyunSTSAssumeRoleAccess), the trust policy \
             of the role has to name the caller or its account, and the account itself (root) may not assume roles"
        }
        "EntityNotExist.Role" => "there is no such role: check account ID and name in the ARN",
        "InvalidParameter.RoleArn" => "check the ARN",
        "InvalidParameter.RoleSessionName" => {
            "check the session name: 2 to 64 letters, digits, \".\", \"@\", \"-\", \"_\""
        }
        "InvalidParameter.DurationSeconds" => {
            "the session is longer than the role allows: lower session_expiration, or raise the role's maximum \
             session duration"
        }
        "InvalidParameter.ExternalId" => "check the external ID",
        "InvalidParameter.PolicyGrammar" => "RAM cannot read the policy",
        "InvalidParameter.PolicySize" => "the policy is longer than 2048 bytes",
        "AuthenticationFail.NoPermission" => {
            "the OIDC provider is not registered in the account, or the trust policy of the role does not accept this \
             token: check its conditions on oidc:iss, oidc:aud and oidc:sub"
        }
        "AuthenticationFail.OIDCToken.Expired" => {
            "the OIDC token has expired: get a new one in the job"
        }
        "AuthenticationFail.OIDCToken.AudienceNotMatch" => {
            "the audience of the OIDC token is not a client ID of the OIDC provider in RAM"
        }
        "AuthenticationFail.OIDCToken.Invalid" => {
            "the OIDC token is not a token of the provider named"
        }
        "AuthenticationFail.OIDCToken.InvalidSignature" => {
            "the OIDC token is not signed by a key of its issuer: check the fingerprint and the keys of the OIDC provider \
             in RAM"
        }
        "AuthenticationFail.OIDCToken.HttpsUrlInvalid" => {
            "STS cannot reach the issuer of the OIDC token over HTTPS"
        }
        "InvalidAccessKeyId.NotFound" => "STS does not know this AccessKey",
        "InvalidAccessKeyId.Inactive" => "this AccessKey is disabled in the RAM console",
        "SignatureDoesNotMatch" => "the secret does not belong to this AccessKey",
        "MissingSecurityToken" => "this AccessKey is temporary and its security token is missing",
        "InvalidSecurityToken.Expired" => {
            "the security token has expired: get new temporary credentials"
        }
        "InvalidSecurityToken.Malformed" | "InvalidSecurityToken.MismatchWithAccessKey" => {
            "the security token does not belong to this AccessKey"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Role, RoleArn};

    #[test]
    fn role_arns_are_parsed() {
        let check = |text: &str, expected: Option<&str>| {
            let found = RoleArn::parse(text).ok();
            assert_eq!(found.as_ref().map(RoleArn::account_id), expected, "{text}");
        };
        check("acs:ram::123:role/admin", Some("123"));
        check("acs:ram::123:role/path/admin", Some("123"));
        check("acs:ram::123:user/admin", None);
        check("acs:ram::abc:role/admin", None);
        check("acs:ram::123:role/", None);
        check("acs:ram::123:role/a b", None);
        check("arn:aws:iam::123:role/admin", None);
        check("", None);
    }

    #[test]
    fn values_are_checked_before_they_are_sent() {
        assert!(Role::check_session_name("ci.run@x-1_2").is_ok());
        for name in ["x", "with blank", &"x".repeat(65)] {
            assert!(Role::check_session_name(name).is_err(), "{name}");
        }
        assert_eq!(Role::check_session_expiration(900), Ok(900));
        for seconds in [899, 43_201, -1] {
            assert!(
                Role::check_session_expiration(seconds).is_err(),
                "{seconds}"
            );
        }
        assert!(Role::check_policy("{}").is_ok());
        assert!(Role::check_policy("{").is_err());
        assert!(Role::check_policy("[]").is_err());
        assert!(Role::check_policy(&format!("{{\"x\": \"{}\"}}", "x".repeat(2048))).is_err());
        assert!(Role::check_external_id("tenant-7").is_ok());
        let error = Role::check_external_id("tell nobody").expect_err("a blank");
        assert!(!error.contains("tell"), "{error}");
    }

    #[test]
    fn an_external_id_is_not_printed() {
        let mut role = Role::new(RoleArn::parse("acs:ram::123:role/admin").expect("an ARN"));
        role.external_id = Some("tell-nobody".to_owned());
        assert!(!format!("{role:?}").contains("tell-nobody"));
    }
}
