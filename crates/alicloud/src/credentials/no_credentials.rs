//! The source of a client that was configured without credentials: it explains why when it is asked.

use async_trait::async_trait;

use super::{Credentials, CredentialsError, CredentialsErrorKind, CredentialsSource};

/// No credentials, for a known reason. A client may be built with it; the first signed call fails with that reason.
#[derive(Debug)]
pub struct NoCredentials {
    reason: String,
}

impl NoCredentials {
    /// Takes the reason: a lower-case fragment that says what was looked for, where, and what to do.
    pub fn because(reason: impl Into<String>) -> NoCredentials {
        NoCredentials {
            reason: reason.into(),
        }
    }
}

#[async_trait]
impl CredentialsSource for NoCredentials {
    async fn credentials(&self) -> Result<Credentials, CredentialsError> {
        Err(CredentialsError::new(
            CredentialsErrorKind::NotFound,
            &self.reason,
        ))
    }

    fn access_key_id(&self) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::NoCredentials;
    use crate::credentials::CredentialsSource;

    #[tokio::test]
    async fn missing_credentials_state_the_reason() {
        let source = NoCredentials::because("nothing was configured");
        let error = source.credentials().await.expect_err("there are none");
        assert_eq!(error.to_string(), "nothing was configured");
        assert_eq!(source.access_key_id(), None);
    }
}
