//! A fixed AccessKey pair, with an optional security token: what a user wrote down.

use async_trait::async_trait;

use super::{Credentials, CredentialsError, CredentialsErrorKind, CredentialsSource, Secret};

/// Always the same credentials.
#[derive(Debug)]
pub struct StaticKeys(Credentials);

impl StaticKeys {
    /// Takes a pair and, for a temporary one, its token.
    ///
    /// # Errors
    ///
    /// If a part is empty or has characters that no key has. Blanks around a pasted key are the usual cause, and would
    /// come back from the service as a wrong signature.
    pub fn new(
        access_key_id: &str,
        access_key_secret: &str,
        security_token: Option<&str>,
    ) -> Result<StaticKeys, CredentialsError> {
        let token = security_token.filter(|token| !token.is_empty());
        acceptable("AccessKey ID", access_key_id)?;
        acceptable("AccessKey secret", access_key_secret)?;
        if let Some(token) = token {
            acceptable("security token", token)?;
        }
        Ok(StaticKeys(Credentials {
            access_key_id: access_key_id.to_owned(),
            access_key_secret: Secret::new(access_key_secret),
            security_token: token.map(Secret::new),
        }))
    }
}

#[async_trait]
impl CredentialsSource for StaticKeys {
    async fn credentials(&self) -> Result<Credentials, CredentialsError> {
        Ok(self.0.clone())
    }

    fn access_key_id(&self) -> Option<String> {
        Some(self.0.access_key_id.clone())
    }
}

fn acceptable(part: &str, value: &str) -> Result<(), CredentialsError> {
    let fault = if value.is_empty() {
        "is empty"
    } else if value.trim() != value {
        "has a blank or a line break around it"
    } else if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        "has a blank or a character outside printable ASCII in it"
    } else {
        return Ok(());
    };
    Err(CredentialsError::new(
        CredentialsErrorKind::Value,
        format!("the {part} {fault}; copy it again from the RAM console"),
    ))
}

#[cfg(test)]
mod tests {
    use super::StaticKeys;
    use crate::credentials::CredentialsSource;

    fn check(id: &str, secret: &str, token: Option<&str>, expected: &str) {
        let found = match StaticKeys::new(id, secret, token) {
            Ok(_) => "ok".to_owned(),
            Err(error) => error.to_string(),
        };
        assert!(found.starts_with(expected), "{found}");
    }

    #[test]
    fn malformed_keys_are_rejected() {
        check("id", "secret", None, "ok");
        check("id", "secret", Some("token+/=="), "ok");
        check("", "secret", None, "the AccessKey ID is empty");
        check("id", "", None, "the AccessKey secret is empty");
        check(
            "id",
            "secret\n",
            None,
            "the AccessKey secret has a blank or a line break around",
        );
        check(
            "i d",
            "secret",
            None,
            "the AccessKey ID has a blank or a character",
        );
        check(
            "id",
            "secret",
            Some("tökén"),
            "the security token has a blank or a character",
        );
    }

    #[tokio::test]
    async fn an_empty_token_is_none() {
        let keys = StaticKeys::new("id", "secret", Some("")).expect("valid keys");
        let credentials = keys.credentials().await.expect("credentials");
        assert_eq!(credentials.security_token, None);
        assert_eq!(keys.access_key_id().as_deref(), Some("id"));
        let none = keys.replacement(&credentials).await.expect("no failure");
        assert!(none.is_none(), "fixed keys have no replacement");
    }
}
