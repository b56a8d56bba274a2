//! The client: one set of config, one pool of connections, one switch to stop it all.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::watch;

use super::circuit_breaker::{self, CircuitBreaker};
use super::config::ClientConfig;
use super::credentials::{CredentialsSource, InFlight, access_key_hint};
use super::endpoint::Endpoint;
use super::failure_memory::FailureMemory;
use super::http::{Http, Route};
use super::operation::Operation;
use super::rate_limit::RateLimiter;

/// Calls products of Alibaba Cloud. Clones share everything.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

/// What all clones and operations share.
pub(super) struct Shared {
    pub(super) config: ClientConfig,
    pub(super) http: Arc<Http>,
    connect_timeout: Duration,
    pub(super) runtime: Runtime,
    pub(super) circuit_breaker: Arc<CircuitBreaker>,
    pub(super) failures: Arc<FailureMemory>,
    /// Renewals of logins, which nothing may cut short.
    pub(super) renewals: InFlight,
    pub(super) stopped: watch::Sender<bool>,
    /// Seconds by which the service is ahead of this machine, learned from a refusal.
    clock_offset: Arc<AtomicI64>,
    /// The AccessKey ID that was used last.
    last_access_key_id: Mutex<Option<String>>,
}

/// What a client takes from the world around it.
#[derive(Clone)]
pub(super) struct Runtime {
    pub(super) now: fn() -> OffsetDateTime,
    /// A number in `0.0..1.0`.
    pub(super) jitter: fn() -> f64,
    pub(super) nonce: fn() -> String,
    pub(super) limiter: Arc<RateLimiter>,
    pub(super) circuit_breaker: circuit_breaker::Limits,
}

impl Client {
    /// A client with these config. Touches no network and no file; connections are made by the first call.
    pub fn new(config: ClientConfig) -> Client {
        Client::within(
            config,
            Runtime {
                now: OffsetDateTime::now_utc,
                jitter: fastrand::f64,
                nonce: || uuid::Uuid::new_v4().simple().to_string(),
                limiter: RateLimiter::process_wide(),
                circuit_breaker: circuit_breaker::Limits::default(),
            },
        )
    }

    pub(super) fn within(mut config: ClientConfig, runtime: Runtime) -> Client {
        config
            .user_agent
            .retain(|c| c == ' ' || c.is_ascii_graphic());
        // So that an unreachable host is distinguished from a silent one before the time of the attempt is over.
        let connect_timeout = config.connect_timeout.min(config.read_timeout.mul_f64(0.9));
        Client(Arc::new(Shared {
            http: Arc::new(Http::new(config.proxies.clone())),
            connect_timeout,
            config,
            circuit_breaker: Arc::new(CircuitBreaker::new(runtime.circuit_breaker)),
            runtime,
            failures: Arc::default(),
            renewals: InFlight::default(),
            stopped: watch::Sender::new(false),
            clock_offset: Arc::default(),
            last_access_key_id: Mutex::new(None),
        }))
    }

    /// A client with changed config that shares connections, clock, rate limits and the switch to stop it all with
    /// this one. Its timeouts for connecting and its proxies stay those of this client.
    #[must_use]
    pub fn with(&self, change: impl FnOnce(&mut ClientConfig)) -> Client {
        let Shared {
            http,
            connect_timeout,
            runtime,
            circuit_breaker,
            failures,
            renewals,
            stopped,
            clock_offset,
            ..
        } = &*self.0;
        let mut config = self.0.config.clone();
        change(&mut config);
        Client(Arc::new(Shared {
            config,
            http: Arc::clone(http),
            connect_timeout: *connect_timeout,
            runtime: runtime.clone(),
            circuit_breaker: Arc::clone(circuit_breaker),
            failures: Arc::clone(failures),
            renewals: renewals.clone(),
            stopped: stopped.clone(),
            clock_offset: Arc::clone(clock_offset),
            last_access_key_id: Mutex::new(None),
        }))
    }

    /// The same client for another caller.
    #[must_use]
    pub fn acting_as(&self, credentials: Arc<dyn CredentialsSource>) -> Client {
        self.with(|config| config.credentials = credentials)
    }

    /// Where credentials come from.
    pub fn credentials(&self) -> &Arc<dyn CredentialsSource> {
        &self.0.config.credentials
    }

    /// The configuration.
    pub fn config(&self) -> &ClientConfig {
        &self.0.config
    }

    /// The time at the service, as far as it is known.
    pub(super) fn now(&self) -> OffsetDateTime {
        self.0.now()
    }

    /// What sends requests.
    pub(super) fn http(&self) -> &Arc<Http> {
        &self.0.http
    }

    /// Renewals of logins that are under way.
    pub(super) fn renewals(&self) -> &InFlight {
        &self.0.renewals
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
        let id = last.or_else(|| self.0.config.credentials.access_key_id())?;
        Some(access_key_hint(&id))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("config", &self.0.config)
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// How an endpoint is reached.
    pub(super) fn route(&self, endpoint: &Endpoint) -> Route {
        Route {
            direct: endpoint.is_loopback(),
            connect_timeout: self.connect_timeout,
        }
    }

    /// The proxy that an endpoint is reached through.
    pub(super) fn proxy(&self, endpoint: &Endpoint) -> Option<String> {
        let url = endpoint.url_with_query("");
        self.http.proxy(&url, self.route(endpoint))
    }

    /// The time at the service, as far as it is known.
    pub(super) fn now(&self) -> OffsetDateTime {
        let offset = time::Duration::seconds(self.clock_offset.load(Ordering::Relaxed));
        let now = (self.runtime.now)();
        now.checked_add(offset).unwrap_or(now)
    }

    /// Learns the time at the service.
    pub(super) fn set_clock(&self, server_time: OffsetDateTime) {
        let offset = server_time - (self.runtime.now)();
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
