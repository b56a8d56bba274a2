//! The client: one set of settings, one pool of connections, one switch to stop it all.
//!
//! Must not contain: how a call proceeds (that is [`Operation`]), or actions of a product.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::watch;

use super::breaker::{self, Breaker};
use super::credentials::{CredentialsSource, access_key_hint};
use super::operation::Operation;
use super::rate_limit::RateLimiter;
use super::settings::Settings;
use super::transport::Transport;

/// Calls products of Alibaba Cloud. Clones share everything.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

/// What all clones and operations share.
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) transport: Arc<Transport>,
    pub(super) surroundings: Surroundings,
    pub(super) breaker: Arc<Breaker>,
    pub(super) stopped: watch::Sender<bool>,
    /// Seconds by which the service is ahead of this machine, learned from a refusal.
    clock_offset: Arc<AtomicI64>,
    /// The AccessKey ID that was used last.
    last_access_key_id: Mutex<Option<String>>,
}

/// What a client takes from the world around it.
#[derive(Clone)]
pub(super) struct Surroundings {
    pub(super) now: fn() -> OffsetDateTime,
    /// A number in `0.0..1.0`.
    pub(super) jitter: fn() -> f64,
    pub(super) nonce: fn() -> String,
    pub(super) limiter: Arc<RateLimiter>,
    pub(super) breaker: breaker::Limits,
}

impl Client {
    /// A client with these settings. Touches no network and no file; connections are made by the first call.
    pub fn new(settings: Settings) -> Client {
        Client::within(
            settings,
            Surroundings {
                now: OffsetDateTime::now_utc,
                jitter: fastrand::f64,
                nonce: || uuid::Uuid::new_v4().simple().to_string(),
                limiter: RateLimiter::process_wide(),
                breaker: breaker::Limits::default(),
            },
        )
    }

    pub(super) fn within(mut settings: Settings, surroundings: Surroundings) -> Client {
        settings
            .user_agent
            .retain(|c| c == ' ' || c.is_ascii_graphic());
        // So that an unreachable host is told from a silent one before the time of the attempt is over.
        let connect_timeout = settings
            .connect_timeout
            .min(settings.read_timeout.mul_f64(0.9));
        Client(Arc::new(Shared {
            transport: Arc::new(Transport::new(connect_timeout)),
            settings,
            breaker: Arc::new(Breaker::new(surroundings.breaker)),
            surroundings,
            stopped: watch::Sender::new(false),
            clock_offset: Arc::default(),
            last_access_key_id: Mutex::new(None),
        }))
    }

    /// A client with changed settings that shares connections, clock, rate limits and the switch to stop it all with
    /// this one. Its timeouts for connecting stay those of this client.
    #[must_use]
    pub fn with(&self, change: impl FnOnce(&mut Settings)) -> Client {
        let Shared {
            transport,
            surroundings,
            breaker,
            stopped,
            clock_offset,
            ..
        } = &*self.0;
        let mut settings = self.0.settings.clone();
        change(&mut settings);
        Client(Arc::new(Shared {
            settings,
            transport: Arc::clone(transport),
            surroundings: surroundings.clone(),
            breaker: Arc::clone(breaker),
            stopped: stopped.clone(),
            clock_offset: Arc::clone(clock_offset),
            last_access_key_id: Mutex::new(None),
        }))
    }

    /// The same client for another caller.
    #[must_use]
    pub fn acting_as(&self, credentials: Arc<dyn CredentialsSource>) -> Client {
        self.with(|settings| settings.credentials = credentials)
    }

    /// Where credentials come from.
    pub fn credentials(&self) -> &Arc<dyn CredentialsSource> {
        &self.0.settings.credentials
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The time at the service, as far as it is known.
    pub(super) fn now(&self) -> OffsetDateTime {
        self.0.now()
    }

    /// Begins an operation: calls and waits that together must end within `timeout`, counted from now.
    pub fn operation(&self, timeout: Duration) -> Operation {
        Operation::new(Arc::clone(&self.0), timeout)
    }

    /// Stops this client and all its clones for good: waits end and no new attempt begins, while a call in flight may
    /// end, so that its result is not lost.
    pub fn stop(&self) {
        self.0.stopped.send_replace(true);
    }

    /// First and last characters of the AccessKey ID that was used last, or else of the one that is known without any
    /// work, such as `LTAI…wXyZ`.
    pub fn access_key_hint(&self) -> Option<String> {
        let last = self.0.last_access_key_id();
        let id = last.or_else(|| self.0.settings.credentials.access_key_id())?;
        Some(access_key_hint(&id))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// The time at the service, as far as it is known.
    pub(super) fn now(&self) -> OffsetDateTime {
        let offset = time::Duration::seconds(self.clock_offset.load(Ordering::Relaxed));
        let now = (self.surroundings.now)();
        now.checked_add(offset).unwrap_or(now)
    }

    /// Learns the time at the service.
    pub(super) fn set_clock(&self, server_time: OffsetDateTime) {
        let offset = server_time - (self.surroundings.now)();
        self.clock_offset
            .store(offset.whole_seconds(), Ordering::Relaxed);
    }

    pub(super) fn remember_access_key(&self, id: &str) {
        let mut last = self.lock_access_key();
        if last.as_deref() != Some(id) {
            *last = Some(id.to_owned());
        }
    }

    fn last_access_key_id(&self) -> Option<String> {
        self.lock_access_key().clone()
    }

    fn lock_access_key(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        // Only whole values are written, so a poisoned lock still guards one.
        self.last_access_key_id
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
