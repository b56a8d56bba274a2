//! An OAuth login that the Alibaba Cloud CLI has made: its access token is exchanged for credentials.
//!
//! The access token is renewed when at most 20 minutes of it are left. A renewal uses the refresh token up and yields a new
//! one, which is the only copy of the login. So:
//!
//! 1. Before the call the file of the CLI is locked, and it is proven that it can be written.
//! 2. A renewal, once begun, goes on when nobody waits for it any more, and calls and the end of the process wait for it.
//! 3. The new tokens are written at once. If that fails after all, they are kept in memory until they are written.
//!
//! Source: the official CLI and SDKs.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use reqwest::{Method, Url};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

use super::error::{looks_like_name, quoted_name};
use super::in_flight::InFlight;
use super::profile::{CliProfile, LockedFile};
use super::refreshing::Clock;
use super::request::{self, Reach, Request};
use super::{
    Context, CredentialsError, CredentialsErrorKind, CredentialsSource, Environment, Fetch,
    Refreshing, Secret, ServiceFault, TemporaryCredentials, Wait, file,
};
use crate::http::Http;

/// With this many seconds of the access token left it is renewed.
const RENEWAL: i64 = 1200;

/// Names a stand-in for the OAuth server, on this machine: for tests.
const STAND_IN: &str = "ALIBABA_CLOUD_OAUTH_ENDPOINT";

/// The longest that an access token is taken to last. What the server says may be anything.
const MAX_LIFE: i64 = 24 * 3600;

/// The login of one profile.
#[derive(Clone)]
pub(super) struct OAuth {
    http: Arc<Http>,
    environment: Environment,
    path: PathBuf,
    profile: String,
    clock: Clock,
    renewals: InFlight,
    unsaved: Arc<Mutex<Option<Unsaved>>>,
    waiting: Arc<Mutex<Option<Wait>>>,
}

/// Tokens that could not be written.
#[derive(Clone)]
struct Unsaved {
    /// The refresh token in the file, which is used up.
    spent: Secret,
    tokens: Tokens,
}

/// What a renewal yields.
#[derive(Clone)]
struct Tokens {
    access: Secret,
    refresh: Secret,
    /// In seconds since 1970.
    expires: i64,
}

impl Tokens {
    fn fields(&self) -> [(&'static str, Value); 3] {
        [
            ("oauth_access_token", json!(self.access.expose())),
            ("oauth_refresh_token", json!(self.refresh.expose())),
            ("oauth_access_token_expire", json!(self.expires)),
        ]
    }
}

/// Server and client ID of a site.
#[derive(Clone)]
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
            renewals: context.client.renewals().clone(),
            unsaved: Arc::default(),
            waiting: Arc::default(),
        };
        Arc::new(Refreshing::new(login, context.clock()))
    }

    /// Renews the access token if need be, and exchanges it.
    async fn session(&self) -> Result<TemporaryCredentials, CredentialsError> {
        self.waits_for(Wait::FileLock);
        let mut locked = LockedFile::lock(&self.path).await?;
        // Read under the lock: somebody else may have renewed the token meanwhile.
        let (file, locked) = file::blocking(move || Ok((locked.read()?, locked))).await?;
        let profile = file.profile(&self.profile)?;
        let site = self.site(&profile)?;
        self.waits_for(Wait::OAuth);
        let access_token = match self.valid_token(&profile, RENEWAL)? {
            Some(token) => {
                drop(locked);
                token
            }
            None => self.renewed(site.clone(), &profile, locked).await?,
        };
        let url = endpoint(&site, "/v1/exchange", &profile)?;
        let failed = |error: CredentialsError| {
            let reason = format!(
                "could not be exchanged for credentials at {}",
                request::host(&url)
            );
            profile.frame(&reason, error)
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

    /// The access token, in memory or in the file, if more than so many seconds of it are left.
    fn valid_token(
        &self,
        profile: &CliProfile,
        seconds: i64,
    ) -> Result<Option<Secret>, CredentialsError> {
        let now = (self.clock)().unix_timestamp();
        let (token, expires) = match self.unsaved_for(profile)? {
            Some(unsaved) => (Some(unsaved.tokens.access), unsaved.tokens.expires),
            None => (
                profile.text("oauth_access_token")?.map(Secret::new),
                profile.number("oauth_access_token_expire")?.unwrap_or(0),
            ),
        };
        Ok(token.filter(|_| expires.saturating_sub(now) > seconds))
    }

    /// The tokens in memory, if those in the file are the ones that they replace. After a new login they are not.
    fn unsaved_for(&self, profile: &CliProfile) -> Result<Option<Unsaved>, CredentialsError> {
        let in_file = profile.text("oauth_refresh_token")?;
        let unsaved = lock(&self.unsaved).clone();
        Ok(unsaved.filter(|unsaved| in_file == Some(unsaved.spent.expose())))
    }

    /// Proves that new tokens can be written, and renews. Without that proof a token that is valid for a little longer has
    /// to do.
    async fn renewed(
        &self,
        site: Site,
        profile: &CliProfile,
        mut locked: LockedFile,
    ) -> Result<Secret, CredentialsError> {
        let unsaved = self.unsaved_for(profile)?;
        if unsaved.is_none() && profile.text("oauth_refresh_token")?.is_none() {
            return Err(profile.fault_of(
                CredentialsErrorKind::LoginExpired,
                &format!("has no refresh token; {}", log_in(profile)),
            ));
        }
        let proven = file::blocking(move || {
            let proof = locked.prove();
            Ok((proof, locked))
        });
        let locked = match proven.await? {
            // Who has tokens in memory alone can lose nothing by renewing them.
            (Err(error), locked) if unsaved.is_some() => {
                tracing::debug!(%error, "a login is still not saved");
                locked
            }
            (Err(error), _) => {
                return match self.valid_token(profile, 0)? {
                    Some(token) => {
                        tracing::warn!(
                            target: "provider.alicloud",
                            %error,
                            "a login cannot be renewed before it ends, because its file cannot be written"
                        );
                        Ok(token)
                    }
                    None => Err(profile.fault_of(
                        CredentialsErrorKind::LoginNotRenewable,
                        "cannot be renewed: a renewal uses the refresh token up, and the new one could not be saved; the \
                         refresh token was not used. Make the file and its directory writable, or use another source of \
                         credentials",
                    )
                    .because(error)),
                };
            }
            (Ok(_), locked) => locked,
        };
        // A task of its own: it must not end between the renewal and the writing back.
        let (login, profile, renewal) = (self.clone(), profile.clone(), self.renewals.begin());
        let task = tokio::spawn(async move {
            let _renewal = renewal;
            login.renew(&site, &profile, unsaved, locked).await
        });
        // A panic's words are for the log alone: they may hold anything.
        task.await
            .map_err(|_| CredentialsError::other("the renewal failed because of a bug"))?
    }

    async fn renew(
        &self,
        site: &Site,
        profile: &CliProfile,
        unsaved: Option<Unsaved>,
        mut locked: LockedFile,
    ) -> Result<Secret, CredentialsError> {
        let in_file = Secret::new(profile.text("oauth_refresh_token")?.unwrap_or_default());
        let refresh_token = unsaved.map_or_else(|| in_file.clone(), |own| own.tokens.refresh);
        let url = endpoint(site, "/v1/token", profile)?;
        let failed = |error: CredentialsError| {
            let reason = format!("could not be renewed at {}", request::host(&url));
            profile.frame(&reason, error)
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
            // Another login helps where this one was refused, and not where the server is out of order or did not respond.
            400..500 if response.page().is_none() => {
                let reason = format!(
                    "could not be renewed at {}; {}",
                    request::host(&url),
                    log_in(profile)
                );
                profile
                    .fault_of(CredentialsErrorKind::LoginExpired, &reason)
                    .because(error)
            }
            _ => failed(error),
        })?;
        let token = |name: &str| {
            let text = fields.get(name).and_then(Value::as_str);
            text.filter(|text| !text.is_empty())
                .map(Secret::new)
                .ok_or_else(|| {
                    let reason = format!("its response has no {name}");
                    let kind = CredentialsErrorKind::Service(ServiceFault::Response);
                    failed(CredentialsError::new(kind, reason))
                })
        };
        let tokens = Tokens {
            access: token("access_token")?,
            refresh: token("refresh_token")?,
            expires: now.unix_timestamp() + life(fields.get("expires_in")),
        };
        let access = tokens.access.clone();
        // In memory first: whatever happens to the file, this process goes on.
        *lock(&self.unsaved) = Some(Unsaved {
            spent: in_file,
            tokens: tokens.clone(),
        });
        let name = profile.name.clone();
        let saved = file::blocking(move || locked.set(&name, &tokens.fields())).await;
        match saved {
            Ok(()) => *lock(&self.unsaved) = None,
            Err(error) => tracing::warn!(
                target: "provider.alicloud",
                %error,
                "a renewed login could not be saved: it lasts as long as this process, and then a new login is needed"
            ),
        }
        Ok(access)
    }

    fn waits_for(&self, wait: Wait) {
        *lock(&self.waiting) = Some(wait);
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
            None => Url::parse(host).map_err(|error| CredentialsError::other(error.to_string()))?,
        };
        Ok(Site { url, client_id })
    }
}

fn endpoint(site: &Site, path: &str, profile: &CliProfile) -> Result<Url, CredentialsError> {
    site.url
        .join(path)
        .map_err(|error| profile.fault(&error.to_string()))
}

fn log_in(profile: &CliProfile) -> String {
    // A name that does not look like one is not shown, so it cannot be typed either.
    let name = match looks_like_name(&profile.name) {
        true => format!(" --profile '{}'", profile.name),
        false => String::new(),
    };
    format!("log in again: aliyun configure --mode OAuth{name}")
}

/// Seconds that an access token lasts, within reason; 0 if the server does not say it.
fn life(expires_in: Option<&Value>) -> i64 {
    let seconds = match expires_in {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    #[allow(clippy::cast_possible_truncation)] // clamped
    seconds.map_or(0, |seconds: f64| seconds.clamp(0.0, MAX_LIFE as f64) as i64)
}

/// Only whole values are written, so a poisoned lock still guards one.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Fetch for OAuth {
    async fn fetch(&self) -> Result<TemporaryCredentials, CredentialsError> {
        self.session().await
    }

    fn waiting_for(&self) -> Wait {
        lock(&self.waiting).unwrap_or(Wait::File)
    }

    fn issuer(&self) -> String {
        let (name, path) = (quoted_name(&self.profile), self.path.display());
        format!("the OAuth login of profile {name} in {path}")
    }
}

impl std::fmt::Debug for OAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OAuth({})", self.profile)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{MAX_LIFE, life};

    #[test]
    fn lives_are_bounded() {
        let check = |said: Value, expected: i64| assert_eq!(life(Some(&said)), expected, "{said}");
        check(json!(3600), 3600);
        check(json!("3600"), 3600);
        check(json!(3600.7), 3600);
        check(json!(i64::MAX), MAX_LIFE);
        check(json!(1e300), MAX_LIFE);
        check(json!("1e300"), MAX_LIFE);
        check(json!("NaN"), 0);
        check(json!(-5), 0);
        check(json!([1]), 0);
        assert_eq!(life(None), 0);
    }
}
