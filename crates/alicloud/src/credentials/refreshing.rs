//! The cache of all temporary credentials: fetched at first use, refreshed ahead of their end, once for all waiters.
//!
//! * The lead scales with the lifetime: a fifth of it, at most a quarter of an hour. A fixed lead of a quarter of an hour,
//!   as some SDKs have it, would refresh a session of 15 minutes before every call.
//! * Within the lead one caller refreshes while the others go on with the old credentials. If that fails they go on too,
//!   and it is tried again a little later.
//! * When nothing valid is left, all callers wait for one refresh and share its outcome, a failure included.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use super::{
    Credentials, CredentialsError, CredentialsErrorKind, CredentialsSource, TemporaryCredentials,
    Wait,
};

/// Gets temporary credentials, each time anew.
#[async_trait]
pub(crate) trait Fetch: fmt::Debug + Send + Sync {
    /// One attempt, its own retries included.
    async fn fetch(&self) -> Result<TemporaryCredentials, CredentialsError>;

    /// What a fetch that has not ended is waiting for.
    fn waiting_for(&self) -> Wait;

    /// Who hands the credentials out, for messages: it reads on from "the credentials from". Never a secret.
    fn issuer(&self) -> String;

    /// The account that the credentials will act for, if it is known beforehand.
    fn account_id(&self) -> Option<String> {
        None
    }
}

/// Tells the time.
pub(crate) type Clock = Arc<dyn Fn() -> OffsetDateTime + Send + Sync>;

/// Keeps what `F` fetches until shortly before its end.
pub(crate) struct Refreshing<F> {
    fetch: F,
    clock: Clock,
    state: Mutex<State>,
    /// Held by whoever fetches.
    fetch_lock: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// How many fetches have ended, and how the last one failed, if it did.
    fetches: u64,
    last_failure: Option<CredentialsError>,
}

#[derive(Clone)]
struct Held {
    credentials: Credentials,
    expires: Option<OffsetDateTime>,
    /// When to look for the next ones.
    refresh: Option<OffsetDateTime>,
}

impl<F: Fetch> Refreshing<F> {
    pub(crate) fn new(fetch: F, clock: Clock) -> Refreshing<F> {
        Refreshing {
            fetch,
            clock,
            state: Mutex::default(),
            fetch_lock: tokio::sync::Mutex::default(),
        }
    }

    /// Waits for the lock and fetches, unless somebody else has done so meanwhile with an outcome that `serves`.
    async fn fetch_once(
        &self,
        serves: impl Fn(&Held) -> bool,
    ) -> Result<Credentials, CredentialsError> {
        let before = self.state().fetches;
        let _guard = self.fetch_lock.lock().await;
        {
            let state = self.state();
            if let Some(held) = state.held.as_ref().filter(|held| serves(held)) {
                return Ok(held.credentials.clone());
            }
            if state.fetches != before
                && let Some(failure) = &state.last_failure
            {
                return Err(failure.clone());
            }
        }
        self.fetch_now().await
    }

    /// Fetches. The lock has to be held.
    async fn fetch_now(&self) -> Result<Credentials, CredentialsError> {
        let outcome = self.fetch.fetch().await.and_then(|session| {
            let now = (self.clock)();
            match session.expires {
                Some(expires) if expires <= now => Err(self.expired(expires)),
                _ => Ok(Held::new(session, now)),
            }
        });
        let mut state = self.state();
        state.fetches += 1;
        match outcome {
            Ok(held) => {
                let credentials = held.credentials.clone();
                state.held = Some(held);
                state.last_failure = None;
                Ok(credentials)
            }
            Err(error) => {
                state.last_failure = Some(error.clone());
                Err(error)
            }
        }
    }

    fn expired(&self, expires: OffsetDateTime) -> CredentialsError {
        let issuer = self.fetch.issuer();
        let when = expires.to_offset(UtcOffset::UTC).replace_nanosecond(0);
        let when = when.ok().and_then(|when| when.format(&Rfc3339).ok());
        CredentialsError::new(
            CredentialsErrorKind::Expired,
            match when {
                Some(when) => format!(
                    "the credentials from {issuer} had already expired when they arrived: their expiration is {when}"
                ),
                None => {
                    format!("the credentials from {issuer} had already expired when they arrived")
                }
            },
        )
    }

    /// Credentials that are still valid although it is time for new ones: tries to get those, but insists on nothing.
    async fn refresh_early(&self, held: Held) -> Credentials {
        let Ok(_guard) = self.fetch_lock.try_lock() else {
            return held.credentials;
        };
        // Whoever had the lock before may have refreshed.
        if let Some(fresh) = self.held().filter(|held| held.is_fresh((self.clock)())) {
            return fresh.credentials;
        }
        match self.fetch_now().await {
            Ok(credentials) => credentials,
            Err(error) => {
                let now = (self.clock)();
                tracing::warn!(target: "provider.alicloud", %error, "credentials were not refreshed; the old ones are still valid");
                if let Some(held) = &mut self.state().held {
                    held.put_off(now);
                }
                held.credentials
            }
        }
    }

    fn held(&self) -> Option<Held> {
        self.state().held.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Only whole values are written, so a poisoned lock still guards one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl<F: Fetch> CredentialsSource for Refreshing<F> {
    async fn credentials(&self) -> Result<Credentials, CredentialsError> {
        let now = (self.clock)();
        match self.held() {
            Some(held) if held.is_fresh(now) => Ok(held.credentials),
            Some(held) if held.is_valid(now) => Ok(self.refresh_early(held).await),
            _ => self.fetch_once(|held| held.is_valid((self.clock)())).await,
        }
    }

    async fn replacement(
        &self,
        expired: &Credentials,
    ) -> Result<Option<Credentials>, CredentialsError> {
        // Whatever differs from the expired ones was fetched after them.
        self.fetch_once(|held| held.credentials != *expired)
            .await
            .map(Some)
    }

    fn waiting_for(&self) -> Option<Wait> {
        Some(self.fetch.waiting_for())
    }

    fn access_key_id(&self) -> Option<String> {
        Some(self.held()?.credentials.access_key_id)
    }

    fn account_id(&self) -> Option<String> {
        self.fetch.account_id()
    }
}

impl<F: fmt::Debug> fmt::Debug for Refreshing<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fetch.fmt(f)
    }
}

impl Held {
    fn new(session: TemporaryCredentials, now: OffsetDateTime) -> Held {
        let refresh = session.expires.map(|expires| expires - lead(expires - now));
        Held {
            credentials: session.credentials,
            expires: session.expires,
            refresh,
        }
    }

    fn is_valid(&self, now: OffsetDateTime) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    fn is_fresh(&self, now: OffsetDateTime) -> bool {
        self.refresh.is_none_or(|refresh| now < refresh)
    }

    /// After a failed refresh: again after a tenth of what is left, but not at every call.
    fn put_off(&mut self, now: OffsetDateTime) {
        self.refresh = self.expires.map(|expires| {
            let rest: time::Duration = (expires - now) / 10_i32;
            now + rest.clamp(time::Duration::SECOND, time::Duration::MINUTE)
        });
    }
}

/// How long before their end credentials of this remaining life are refreshed.
fn lead(life: time::Duration) -> time::Duration {
    (life / 5_i32).min(time::Duration::minutes(15))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
    use std::time::Duration;

    use async_trait::async_trait;
    use time::OffsetDateTime;
    use time::macros::datetime;

    use super::{Fetch, Refreshing, lead};
    use crate::credentials::{
        Credentials, CredentialsError, CredentialsErrorKind, CredentialsSource, Secret,
        TemporaryCredentials, Wait,
    };

    /// Sessions of 1000 s, numbered; each fetch takes 5 s of the paused clock.
    #[derive(Debug, Default)]
    struct Issuer {
        fetches: AtomicU32,
        fails: AtomicBool,
        now: Arc<AtomicI64>,
    }

    const START: OffsetDateTime = datetime!(2026-01-15 08:30:05 UTC);

    #[async_trait]
    impl Fetch for Arc<Issuer> {
        async fn fetch(&self) -> Result<TemporaryCredentials, CredentialsError> {
            let number = self.fetches.fetch_add(1, Ordering::Relaxed) + 1;
            tokio::time::sleep(Duration::from_secs(5)).await;
            if self.fails.load(Ordering::Relaxed) {
                return Err(CredentialsError::other(format!("failure {number}")));
            }
            let now = START + time::Duration::seconds(self.now.load(Ordering::Relaxed));
            Ok(TemporaryCredentials {
                credentials: Credentials {
                    access_key_id: format!("key {number}"),
                    access_key_secret: Secret::new("secret"),
                    security_token: None,
                },
                expires: Some(now + time::Duration::seconds(1000)),
            })
        }

        fn waiting_for(&self) -> Wait {
            Wait::Sts
        }

        fn issuer(&self) -> String {
            "the issuer".to_owned()
        }
    }

    struct Scene {
        issuer: Arc<Issuer>,
        source: Arc<Refreshing<Arc<Issuer>>>,
    }

    impl Scene {
        fn new() -> Scene {
            let issuer = Arc::new(Issuer::default());
            let now = Arc::clone(&issuer.now);
            let clock =
                Arc::new(move || START + time::Duration::seconds(now.load(Ordering::Relaxed)));
            let source = Arc::new(Refreshing::new(Arc::clone(&issuer), clock));
            Scene { issuer, source }
        }

        fn at(&self, seconds: i64) {
            self.issuer.now.store(seconds, Ordering::Relaxed);
        }

        fn fails(&self, fails: bool) {
            self.issuer.fails.store(fails, Ordering::Relaxed);
        }

        fn fetches(&self) -> u32 {
            self.issuer.fetches.load(Ordering::Relaxed)
        }

        async fn key(&self) -> String {
            outcome(self.source.credentials().await)
        }

        async fn keys_of_many(&self) -> Vec<String> {
            let calls = (0..10).map(|_| {
                let source = Arc::clone(&self.source);
                tokio::spawn(async move { outcome(source.credentials().await) })
            });
            let mut found = Vec::new();
            for call in calls.collect::<Vec<_>>() {
                found.push(call.await.expect("no panic"));
            }
            found.sort();
            found.dedup();
            found
        }
    }

    fn outcome(found: Result<Credentials, CredentialsError>) -> String {
        match found {
            Ok(credentials) => credentials.access_key_id,
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_lead_scales_with_the_lifetime() {
        let check = |life: i64, expected: i64| {
            let found = lead(time::Duration::seconds(life));
            assert_eq!(found, time::Duration::seconds(expected), "{life}");
        };
        check(43_200, 900);
        check(3600, 720);
        check(900, 180);
        check(5, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn all_waiters_share_one_fetch() {
        let scene = Scene::new();
        assert_eq!(scene.keys_of_many().await, ["key 1"]);
        assert_eq!(scene.fetches(), 1);
        assert_eq!(scene.source.access_key_id().as_deref(), Some("key 1"));
    }

    #[tokio::test(start_paused = true)]
    async fn all_waiters_share_one_failure() {
        let scene = Scene::new();
        scene.fails(true);
        assert_eq!(scene.keys_of_many().await, ["failure 1"]);
        assert_eq!(scene.fetches(), 1);
        // Who comes later tries anew.
        scene.fails(false);
        assert_eq!(scene.key().await, "key 2");
    }

    #[tokio::test(start_paused = true)]
    async fn early_refresh_is_done_by_one_caller() {
        let scene = Scene::new();
        assert_eq!(scene.key().await, "key 1");
        scene.at(799);
        assert_eq!(scene.key().await, "key 1");
        assert_eq!(scene.fetches(), 1);
        scene.at(800);
        assert_eq!(scene.keys_of_many().await, ["key 1", "key 2"]);
        assert_eq!(scene.fetches(), 2);
        assert_eq!(scene.key().await, "key 2");
    }

    #[tokio::test(start_paused = true)]
    async fn failed_early_refresh_keeps_valid_credentials() {
        let scene = Scene::new();
        assert_eq!(scene.key().await, "key 1");
        scene.fails(true);
        scene.at(800);
        assert_eq!(scene.key().await, "key 1");
        scene.at(819);
        assert_eq!(scene.key().await, "key 1");
        assert_eq!(scene.fetches(), 2, "not at every call");
        scene.at(820);
        assert_eq!(scene.key().await, "key 1");
        assert_eq!(scene.fetches(), 3, "again after a tenth of the rest");
        scene.at(1000);
        assert_eq!(scene.key().await, "failure 4");
        scene.fails(false);
        assert_eq!(scene.key().await, "key 5");
    }

    #[tokio::test(start_paused = true)]
    async fn expired_credentials_are_replaced_by_one_fetch() {
        let scene = Scene::new();
        let old = scene.source.credentials().await.expect("credentials");
        let calls = (0..5).map(|_| {
            let (source, old) = (Arc::clone(&scene.source), old.clone());
            tokio::spawn(async move { source.replacement(&old).await })
        });
        for call in calls.collect::<Vec<_>>() {
            let new = call.await.expect("no panic").expect("success");
            assert_eq!(new.expect("a replacement").access_key_id, "key 2");
        }
        assert_eq!(scene.fetches(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn abandoned_fetch_releases_the_lock() {
        let scene = Scene::new();
        let abandoned =
            tokio::time::timeout(Duration::from_secs(1), scene.source.credentials()).await;
        assert!(abandoned.is_err());
        assert_eq!(scene.key().await, "key 2");
    }

    #[tokio::test(start_paused = true)]
    async fn expired_credentials_are_rejected() {
        #[derive(Debug)]
        struct Stale;
        #[async_trait]
        impl Fetch for Stale {
            async fn fetch(&self) -> Result<TemporaryCredentials, CredentialsError> {
                Ok(TemporaryCredentials {
                    credentials: Credentials {
                        access_key_id: "key".to_owned(),
                        access_key_secret: Secret::new("secret"),
                        security_token: None,
                    },
                    expires: Some(START),
                })
            }

            fn waiting_for(&self) -> Wait {
                Wait::Sts
            }

            fn issuer(&self) -> String {
                "the program vend".to_owned()
            }
        }
        let source = Refreshing::new(Stale, Arc::new(|| START));
        let error = source.credentials().await.expect_err("expired");
        assert_eq!(error.kind(), CredentialsErrorKind::Expired);
        assert_eq!(
            error.to_string(),
            "the credentials from the program vend had already expired when they arrived: their expiration is \
             2026-01-15T08:30:05Z"
        );
    }
}
