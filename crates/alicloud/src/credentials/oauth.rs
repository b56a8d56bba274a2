//! An OAuth login that the Alibaba Cloud CLI has made: its access token is exchanged for credentials.
//!
//! The access token is renewed when at most 20 minutes of it are left. A renewal uses the refresh token up and yields a new
//! one, so what comes back is written to the CLI's file at once, under its lock; otherwise the login of the CLI would be
//! lost. For the same reason a renewal, once begun, goes on when nobody waits for it any more. Source: the official CLI and
//! SDKs.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::{Method, Url};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

use super::profile::{CliFile, CliProfile, LockedFile};
use super::refreshing::Clock;
use super::request::{self, Reach, Request};
use super::{
    Context, CredentialsError, CredentialsSource, Environment, Fetch, Refreshing, Secret,
    TemporaryCredentials,
};
use crate::http::Http;

/// With this many seconds of the access token left it is renewed.
const RENEWAL: i64 = 1200;

/// Names a stand-in for the OAuth server, on this machine: for tests.
const STAND_IN: &str = "ALIBABA_CLOUD_OAUTH_ENDPOINT";

/// The login of one profile.
#[derive(Clone)]
pub(super) struct OAuth {
    http: Arc<Http>,
    environment: Environment,
    path: PathBuf,
    profile: String,
    clock: Clock,
}

/// Server and client ID of a site.
struct Site {
    url: Url,
    client_id: &'static str,
}

impl OAuth {
    /// A source for a profile of the mode `OAuth`.
    pub(super) fn source(context: &Context, profile: &CliProfile) -> Arc<dyn CredentialsSource> {
        let login = OAuth {
            http: Arc::clone(context.client.http()),
            environment: context.environment.clone(),
            path: profile.path().to_owned(),
            profile: profile.name.clone(),
            clock: context.clock(),
        };
        Arc::new(Refreshing::new(login, context.clock()))
    }

    /// Renews the access token if need be, and exchanges it.
    async fn session(self) -> Result<TemporaryCredentials, CredentialsError> {
        let path = self.path.clone();
        // The lock is waited for on a thread that may block.
        let locked = tokio::task::spawn_blocking(move || LockedFile::lock(&path))
            .await
            .map_err(|_| CredentialsError::new("the lock of the CLI's file was not taken"))??;
        // Read under the lock: somebody else may have renewed the token meanwhile.
        let profile = CliFile::read(&self.path)?.profile(&self.profile)?;
        let site = self.site(&profile)?;
        let left = profile.number("oauth_access_token_expire").unwrap_or(0)
            - (self.clock)().unix_timestamp();
        let access_token = if left > RENEWAL && profile.text("oauth_access_token").is_some() {
            profile.secret("oauth_access_token")?
        } else {
            self.renew(&site, &profile, &locked).await?
        };
        drop(locked);
        let url = endpoint(&site, "/v1/exchange", &profile)?;
        let failed = |error: CredentialsError| {
            let reason = format!(
                "could not be exchanged for credentials at {}",
                request::host(&url)
            );
            profile.fault(&reason).caused_by(error)
        };
        let authorization = Zeroizing::new(format!("Bearer {}", access_token.expose()));
        let mut request = Request::new(Method::POST, url.clone())
            .header("authorization", &authorization)
            .header("content-type", "application/json");
        request.secrets.push(&access_token);
        let response = request
            .send(&self.http, Reach::network(&url))
            .await
            .map_err(failed)?;
        let fields = response.fields().map_err(failed)?;
        TemporaryCredentials::of_document(&fields).map_err(failed)
    }

    async fn renew(
        &self,
        site: &Site,
        profile: &CliProfile,
        locked: &LockedFile,
    ) -> Result<Secret, CredentialsError> {
        let log_in = format!(
            "log in again: aliyun configure --mode OAuth --profile '{}'",
            profile.name
        );
        if profile.text("oauth_refresh_token").is_none() {
            return Err(profile.fault(&format!("has no refresh token; {log_in}")));
        }
        let refresh_token = profile.secret("oauth_refresh_token")?;
        let url = endpoint(site, "/v1/token", profile)?;
        let failed = |error: CredentialsError| {
            let reason = format!("could not be renewed at {}", request::host(&url));
            profile.fault(&reason).caused_by(error)
        };
        let now = (self.clock)();
        let timestamp = now
            .replace_nanosecond(0)
            .unwrap_or(now)
            .format(&Rfc3339)
            .unwrap_or_default();
        let mut request = Request::new(Method::POST, url.clone())
            .header("content-type", "application/x-www-form-urlencoded");
        request.body = request::form(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.expose()),
            ("client_id", site.client_id),
            ("Timestamp", &timestamp),
        ]);
        request.secrets.push(&refresh_token);
        let response = request
            .send(&self.http, Reach::network(&url))
            .await
            .map_err(failed)?;
        let fields = response.fields().map_err(|error| match response.status {
            // Another login helps where this one was refused, and not where the server is out of order.
            400..500 => {
                let reason = format!("could not be renewed at {}; {log_in}", request::host(&url));
                profile.fault(&reason).caused_by(error)
            }
            _ => failed(error),
        })?;
        let token = |name: &str| {
            let text = fields.get(name).and_then(Value::as_str);
            text.filter(|text| !text.is_empty())
                .map(Secret::new)
                .ok_or_else(|| failed(CredentialsError::new(format!("its response has no {name}"))))
        };
        let (access_token, refresh_token) = (token("access_token")?, token("refresh_token")?);
        let expires_in = fields
            .get("expires_in")
            .and_then(Value::as_i64)
            .unwrap_or(0);
        locked.set(
            &profile.name,
            &[
                ("oauth_access_token", json!(access_token.expose())),
                ("oauth_refresh_token", json!(refresh_token.expose())),
                (
                    "oauth_access_token_expire",
                    json!(now.unix_timestamp() + expires_in),
                ),
            ],
        )?;
        Ok(access_token)
    }

    fn site(&self, profile: &CliProfile) -> Result<Site, CredentialsError> {
        let (host, client_id) = match profile
            .needed("oauth_site_type")?
            .to_ascii_uppercase()
            .as_str()
        {
            "CN" => ("https://oauth.aliyun.com/", "4038181954557748008"),
            "INTL" => ("https://oauth.alibabacloud.com/", "4103531455503354461"),
            _ => return Err(profile.fault("has an oauth_site_type other than CN or INTL")),
        };
        let url = match request::stand_in(&self.environment, STAND_IN)? {
            Some(url) => url,
            None => Url::parse(host).map_err(|error| CredentialsError::new(error.to_string()))?,
        };
        Ok(Site { url, client_id })
    }
}

fn endpoint(site: &Site, path: &str, profile: &CliProfile) -> Result<Url, CredentialsError> {
    site.url
        .join(path)
        .map_err(|error| profile.fault(&error.to_string()))
}

#[async_trait]
impl Fetch for OAuth {
    async fn fetch(&self) -> Result<TemporaryCredentials, CredentialsError> {
        // A task of its own: it must not end between the renewal and the writing back.
        tokio::spawn(self.clone().session())
            .await
            // A panic's words are for the log alone: they may hold anything.
            .map_err(|_| CredentialsError::new("the renewal failed because of a bug"))?
    }
}

impl std::fmt::Debug for OAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OAuth({})", self.profile)
    }
}
