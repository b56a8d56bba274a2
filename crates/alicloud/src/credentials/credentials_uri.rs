//! Temporary credentials from a URL, such as of a sidecar that holds the true ones.
//!
//! `GET` gives `AccessKeyId`, `AccessKeySecret`, `SecurityToken` and `Expiration`; a `Code`, if there is one, has to be
//! `Success`. Plain HTTP is taken, as the SDKs take it: sidecars speak it on addresses of the pod or host.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::{Method, Url};

use super::request::{self, Reach, Request};
use super::{
    Context, CredentialsError, CredentialsErrorKind, CredentialsSource, Fetch, Refreshing, Secret,
    ServiceFault, TemporaryCredentials, Wait,
};
use crate::http::Http;

/// Credentials from a URL. Path and query are never shown: they may hold a secret.
pub struct CredentialsUri {
    http: Arc<Http>,
    url: Url,
}

impl CredentialsUri {
    /// A source that asks `text` at each refresh.
    ///
    /// # Errors
    ///
    /// If it is not a URL with HTTP or HTTPS.
    pub fn source(
        context: &Context,
        text: &str,
    ) -> Result<Arc<dyn CredentialsSource>, CredentialsError> {
        let url = request::url(text, true).map_err(|reason| {
            let reason = format!("the credentials URI cannot be used: {reason}");
            CredentialsError::new(CredentialsErrorKind::Value, reason)
        })?;
        Ok(Arc::new(Refreshing::new(
            CredentialsUri {
                http: Arc::clone(context.client.http()),
                url,
            },
            context.clock(),
        )))
    }

    /// What the server may repeat and nobody may see: the query, and in the path whatever is too long for a word.
    fn secrets(&self) -> Vec<Secret> {
        const MAX_WORD: usize = 15;
        let mut secrets: Vec<Secret> = Vec::new();
        for (name, value) in self.url.query_pairs() {
            // A query without `=` is a name alone.
            let secret = if value.is_empty() { name } else { value };
            secrets.push(Secret::new(secret));
        }
        secrets.extend(self.url.query().map(Secret::new));
        let segments = self.url.path_segments().into_iter().flatten();
        secrets.extend(
            segments
                .filter(|segment| segment.len() > MAX_WORD)
                .map(Secret::new),
        );
        secrets
    }
}

#[async_trait]
impl Fetch for CredentialsUri {
    async fn fetch(&self) -> Result<TemporaryCredentials, CredentialsError> {
        let failed = |error: CredentialsError| {
            let host = request::host(&self.url);
            CredentialsError::other(format!(
                "the credentials URI at {host} returned no credentials"
            ))
            .because(error)
        };
        let secrets = self.secrets();
        let mut request = Request::new(Method::GET, self.url.clone());
        request.secrets.extend(&secrets);
        let response = request
            .send(&self.http, Reach::network(&self.url))
            .await
            .map_err(failed)?;
        let fields = response.fields().map_err(failed)?;
        if let Some(code) = fields.get("Code").and_then(|code| code.as_str())
            && code != "Success"
        {
            let reason = format!(
                "its response has the Code \"{}\", not \"Success\"",
                response.shown(code)
            );
            let kind = CredentialsErrorKind::Service(ServiceFault::Failed);
            return Err(failed(CredentialsError::new(kind, reason)));
        }
        TemporaryCredentials::of_document(&fields).map_err(failed)
    }

    fn waiting_for(&self) -> Wait {
        Wait::CredentialsUri
    }

    fn issuer(&self) -> String {
        format!("the credentials URI at {}", request::host(&self.url))
    }
}

impl fmt::Debug for CredentialsUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CredentialsUri({})", request::host(&self.url))
    }
}
