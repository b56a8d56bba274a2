//! A CloudSSO login that the Alibaba Cloud CLI has made: its access token is exchanged for credentials of an account.
//!
//! The profile is read at each refresh, so that a new login takes effect in a running process. The access token cannot be
//! renewed without a browser. Source: the official CLI and SDKs.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::error::{looks_like_name, quoted_name};
use super::profile::{CliFile, CliProfile};
use super::refreshing::Clock;
use super::request::{self, Reach, Request};
use super::{
    Context, CredentialsError, CredentialsErrorKind, CredentialsSource, Fetch, Refreshing,
    ServiceFault, TemporaryCredentials, Wait,
};
use crate::http::Http;

/// The login of one profile.
pub(super) struct CloudSso {
    http: Arc<Http>,
    path: PathBuf,
    profile: String,
    clock: Clock,
}

impl CloudSso {
    /// A source for a profile of the mode `CloudSSO`.
    pub(super) fn source(context: &Context, profile: &CliProfile) -> Arc<dyn CredentialsSource> {
        let login = CloudSso {
            http: Arc::clone(context.client.http()),
            path: profile.path().to_owned(),
            profile: profile.name.clone(),
            clock: context.clock(),
        };
        Arc::new(Refreshing::new(login, context.clock()))
    }

    async fn exchange(
        &self,
        profile: &CliProfile,
    ) -> Result<TemporaryCredentials, CredentialsError> {
        let sign_in = profile.needed("cloud_sso_sign_in_url")?;
        let account = profile.needed("cloud_sso_account_id")?;
        let configuration = profile.needed("cloud_sso_access_config")?;
        let log_in = || {
            // A name that does not look like one is not shown, so it cannot be typed either.
            let name = match looks_like_name(&profile.name) {
                true => format!(" --profile '{}'", profile.name),
                false => String::new(),
            };
            format!("log in again: aliyun configure --mode CloudSSO{name}")
        };
        if profile.text("access_token")?.is_none() {
            return Err(profile.fault_of(
                CredentialsErrorKind::LoginExpired,
                &format!("has no access token; {}", log_in()),
            ));
        }
        let token = profile.secret("access_token")?;
        let now = (self.clock)().unix_timestamp();
        if profile
            .number("cloud_sso_access_token_expire")?
            .is_some_and(|expires| expires <= now)
        {
            return Err(profile.fault_of(
                CredentialsErrorKind::LoginExpired,
                &format!("has an access token that has expired; {}", log_in()),
            ));
        }
        let url = request::url(sign_in, false)
            .and_then(|url| {
                url.join("/cloud-credentials")
                    .map_err(|error| error.to_string())
            })
            .map_err(|reason| {
                profile.fault(&format!("has an unusable cloud_sso_sign_in_url: {reason}"))
            })?;
        let failed = |error: CredentialsError| {
            let reason = format!(
                "could not be exchanged for credentials at {}",
                request::host(&url)
            );
            profile.frame(&reason, error)
        };
        let authorization = Zeroizing::new(format!("Bearer {}", token.expose()));
        let mut request = Request::new(Method::POST, url.clone())
            .header("authorization", &authorization)
            .header("content-type", "application/json")
            .header("accept", "application/json");
        request.body =
            json!({"AccountId": account, "AccessConfigurationId": configuration}).to_string();
        request.secrets.push(&token);
        let response = request
            .send(&self.http, Reach::network(&url))
            .await
            .map_err(failed)?;
        // A page is no refusal of the login: it may be one of a proxy.
        if matches!(response.status, 401 | 403) && response.page().is_none() {
            let refusal = response.fields().err();
            let fault = profile.fault_of(
                CredentialsErrorKind::LoginExpired,
                &format!(
                    "was refused at {}; {}, or choose another account or access configuration",
                    request::host(&url),
                    log_in()
                ),
            );
            return Err(match refusal {
                Some(refusal) => fault.because(refusal),
                None => fault,
            });
        }
        let fields = response.fields().map_err(failed)?;
        match fields.get("CloudCredential") {
            Some(Value::Object(credential)) => {
                TemporaryCredentials::of_document(credential).map_err(failed)
            }
            _ => Err(failed(CredentialsError::new(
                CredentialsErrorKind::Service(ServiceFault::Response),
                "its response has no CloudCredential",
            ))),
        }
    }
}

#[async_trait]
impl Fetch for CloudSso {
    async fn fetch(&self) -> Result<TemporaryCredentials, CredentialsError> {
        let profile = CliFile::read(&self.path).await?.profile(&self.profile)?;
        self.exchange(&profile).await
    }

    fn waiting_for(&self) -> Wait {
        Wait::CloudSso
    }

    fn issuer(&self) -> String {
        let (name, path) = (quoted_name(&self.profile), self.path.display());
        format!("the CloudSSO login of profile {name} in {path}")
    }
}

impl std::fmt::Debug for CloudSso {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CloudSso({})", self.profile)
    }
}
