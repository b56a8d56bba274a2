//! One call: credentials, a permit, sign, send, judge, and perhaps again.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::action::{ActionFacts, Authentication};
use super::circuit_breaker::CircuitOpen;
use super::credentials::{Credentials, CredentialsError, access_key_hint};
use super::endpoint::Endpoint;
use super::error::{Cause, ConnectCause, Error, ErrorKind, GiveUp, Record, TimeoutPhase, Wait};
use super::failure_memory::{self, Refusal, Turn};
use super::http::{self, Bounds, RawResponse};
use super::operation::{Interrupt, Operation};
use super::parameters::Parameters;
use super::product::Product;
use super::rate_limit::{Permit, RateLimitKey};
use super::redact::Redactor;
use super::request::{Draft, Retry};
use super::response::{Accepted, Failure, RequestContext};
use super::retry::{Budget, Class, History};
use super::signature;

/// Bytes of a response.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// One call with its attempts.
pub(super) struct Call<'a> {
    operation: &'a Operation,
    action: ActionFacts,
    parameters: Parameters,
    endpoint: Endpoint,
    started: Instant,
    attempts: u32,
    last_wait: Option<Duration>,
    history: History,
    first_failure: Option<Instant>,
    last_failure: Option<ErrorKind>,
    last_request_id: Option<String>,
    outcome_unknown: bool,
    /// What signed the last attempt.
    credentials: Option<Credentials>,
    /// What has to sign the next one, in place of expired credentials.
    replacement: Option<Credentials>,
    /// Expired credentials were not replaced, for a reason that may pass.
    may_heal: bool,
    /// The right to be the first to try the credentials.
    turn: Option<Turn>,
}

/// A response that reports success.
pub(super) struct Exchange {
    received: RawResponse,
    accepted: Accepted,
    redactor: Redactor,
    action: ActionFacts,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        operation: &'a Operation,
        action: ActionFacts,
        parameters: Result<Parameters, String>,
    ) -> Result<Call<'a>, Error> {
        let config = &operation.shared.config;
        let unformed = |reason: String| {
            Error::new(Record {
                action: action.name,
                product: action.product,
                host: action.product.host_in(&config.region),
                proxy: None,
                kind: ErrorKind::Request(reason),
                give_up: GiveUp::Pointless,
                attempts: 0,
                elapsed: Duration::ZERO,
                last_wait: None,
                request_id: None,
                access_key_hint: None,
                outcome_unknown: false,
                source: None,
            })
        };
        let endpoint = config.endpoint(action.product);
        Ok(Call {
            operation,
            action,
            parameters: parameters.map_err(unformed)?,
            endpoint: endpoint.map_err(|error| unformed(error.to_string()))?,
            started: Instant::now(),
            attempts: 0,
            last_wait: None,
            history: History::default(),
            first_failure: None,
            last_failure: None,
            last_request_id: None,
            outcome_unknown: false,
            credentials: None,
            replacement: None,
            may_heal: false,
            turn: None,
        })
    }

    /// How many requests were sent.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// One attempt. The outer error ends the call, the inner one is for [`Call::recover`].
    pub(super) async fn attempt(&mut self) -> Result<Result<Exchange, Box<Failure>>, Error> {
        let operation = self.operation;
        let shared = &operation.shared;

        // 1. Credentials that are valid now.
        if self.action.authentication == Authentication::Signed {
            let credentials = match self.replacement.take() {
                Some(credentials) => credentials,
                None => self.obtain_credentials().await?,
            };
            shared.remember_access_key(&credentials.access_key_id);
            self.take_turn(&credentials).await?;
            self.credentials = Some(credentials);
        }
        let credentials = self.credentials.as_ref();

        // 2. Nothing goes out to a service that is down, and nobody queues up for it.
        let host = self.endpoint.host();
        if let Err(open) = shared.circuit_breaker.admit(&host, Instant::now()) {
            return Err(self.down(open));
        }

        // 3. A permit under the limit of the account and action.
        let source = &shared.config.credentials;
        let queue = RateLimitKey {
            // The limits are the account's. Where that is not known its key stands for it.
            account: credentials.map_or_else(String::new, |keys| {
                source
                    .account_id()
                    .unwrap_or_else(|| keys.access_key_id.clone())
            }),
            product: self.action.product.code,
            action: self.action.name,
        };
        let per_second = shared.config.requests_per_second;
        let per_second = per_second.map_or(self.action.calls_per_second, NonZeroU32::get);
        let permit = shared.runtime.limiter.permit(&queue, per_second);
        let permit = match operation.until(permit).await {
            Ok(permit) => permit,
            Err(interrupt) => return Err(self.interrupted(interrupt, TimeoutPhase::RateLimit)),
        };
        let remaining = operation.remaining();
        if remaining.is_zero() {
            return Err(self.interrupted(Interrupt::Deadline, TimeoutPhase::RateLimit));
        }

        // 4. A signature of this attempt alone.
        let mut redactor = Redactor::of(credentials);
        for name in self.action.sensitive {
            if let Some(value) = self.parameters.value(name) {
                redactor.withhold(value);
            }
        }
        let prepared = Draft {
            endpoint: &self.endpoint,
            action: &self.action,
            parameters: &self.parameters,
            user_agent: &shared.config.user_agent,
            credentials,
            signature: shared.config.signature_version(self.action.product),
            date: &signature::date(shared.now()),
            nonce: &(shared.runtime.nonce)(),
            retry: self.last_wait.map(|wait| Retry {
                attempts: self.attempts,
                wait,
            }),
        }
        .prepare();
        let string_to_sign = prepared.string_to_sign.clone();

        // 5. Out and back. Not even a stop cuts this short: the result would be lost.
        self.attempts += 1;
        let sent = Instant::now();
        let bounds = Bounds {
            timeout: shared.config.read_timeout.min(self.share_of(remaining)),
            max_body: MAX_BODY,
        };
        let outcome = match prepared.into_request() {
            Ok(request) => shared
                .http
                .send(request, shared.route(&self.endpoint), bounds)
                .await
                .map_err(|error| error.into_failure(bounds)),
            Err(reason) => Err(http::unsendable(reason)),
        };

        // 6. Success or failure.
        let outcome = outcome.and_then(|received| {
            let asked = RequestContext {
                envelope: self.action.envelope,
                string_to_sign: string_to_sign.as_deref(),
                temporary_credentials: credentials
                    .is_some_and(|keys| keys.security_token.is_some()),
                secret_response: self.action.secret_response,
                redactor: &redactor,
            };
            let accepted = received.judge(&asked)?;
            Ok((received, accepted))
        });
        self.log(&outcome, permit.waited, sent.elapsed());
        self.learn(&outcome, &permit, &host, sent);
        self.end_turn(outcome.as_ref().err().map(|failure| &**failure));
        Ok(outcome.map(|(received, accepted)| Exchange {
            received,
            accepted,
            redactor,
            action: self.action,
        }))
    }

    /// Credentials that are valid now. A failure of the source that cannot heal is met once.
    async fn obtain_credentials(&self) -> Result<Credentials, Error> {
        let shared = &self.operation.shared;
        let source = &shared.config.credentials;
        if let Some(error) = shared.failures.of_source(source) {
            return Err(self.without_credentials(error));
        }
        let mut obtaining = std::pin::pin!(source.credentials());
        match self.operation.until(obtaining.as_mut()).await {
            Ok(Ok(credentials)) => Ok(credentials),
            Ok(Err(error)) => {
                shared.failures.learn_source(source, &error);
                Err(self.without_credentials(error))
            }
            Err(interrupt) => {
                // The source is still at it, so it knows what it waits for.
                let wait = source.waiting_for().unwrap_or(Wait::File);
                // A login whose refresh token is used up has to be saved first.
                shared.renewals.none().await;
                Err(self.interrupted(interrupt, TimeoutPhase::Credentials(wait)))
            }
        }
    }

    /// Fails at once with credentials that are known to be refused. While nothing is known of them, one call goes first.
    async fn take_turn(&mut self, credentials: &Credentials) -> Result<(), Error> {
        if self.turn.is_some() {
            return Ok(());
        }
        let failures = &self.operation.shared.failures;
        let standing = failures.standing(self.action.product, credentials);
        if let Some(refusal) = standing.refusal() {
            return Err(self.refused_before(refusal, credentials));
        }
        match self.operation.until(standing.turn()).await {
            Ok(turn) => {
                if let Some(refusal) = standing.refusal() {
                    return Err(self.refused_before(refusal, credentials));
                }
                self.turn = turn;
                Ok(())
            }
            Err(interrupt) => Err(self.interrupted(interrupt, TimeoutPhase::FirstUse)),
        }
    }

    /// After the first attempt the others may try, unless the credentials were refused. Then it has to be seen first what
    /// becomes of that.
    fn end_turn(&mut self, failure: Option<&Failure>) {
        let product = self.action.product;
        let is_refused = failure.is_some_and(|failure| {
            failure.class == Class::CredentialsExpired
                || failure_memory::refuses_credentials(product, &failure.kind)
        });
        if !is_refused && let Some(turn) = self.turn.take() {
            turn.tried();
        }
    }

    fn refused_before(&self, refusal: Refusal, credentials: &Credentials) -> Error {
        Error::new(Record {
            request_id: refusal.request_id,
            access_key_hint: Some(access_key_hint(&credentials.access_key_id)),
            ..self.record(refusal.kind, GiveUp::Pointless, None)
        })
    }

    /// How much of the operation's time one attempt may use up. If it cannot be retried, a quarter is left, so that there
    /// is time to find out what became of it.
    fn share_of(&self, remaining: Duration) -> Duration {
        if self.action.idempotent {
            remaining
        } else {
            remaining * 3 / 4
        }
    }

    /// Prepares the next attempt and waits for it, or says why there is none.
    pub(super) async fn recover(&mut self, failure: Box<Failure>) -> Result<(), Error> {
        let mut failure = *failure;
        self.outcome_unknown |= failure.class.may_have_run();
        self.last_request_id = failure.request_id.take();
        let first_failure = *self.first_failure.get_or_insert_with(Instant::now);
        if let ErrorKind::Connect(connect) = &mut failure.kind
            && connect.cause == ConnectCause::Dns
        {
            connect.only_documented_host = other_host(self.action.product, &self.endpoint);
        }

        match failure.class {
            Class::ClockOff => {
                if let Some(server_time) = failure.server_time {
                    self.operation.shared.set_clock(server_time);
                }
            }
            Class::CredentialsExpired => {
                self.replace_credentials(&mut failure).await?;
                if self.replacement.is_none() {
                    return Err(self.failed(failure.kind, GiveUp::Pointless, failure.source));
                }
            }
            _ => {}
        }

        if self.replacement.is_some()
            && let Some(turn) = self.turn.take()
        {
            // The others meet the same, and share the replacement.
            turn.tried();
        }
        let shared = &self.operation.shared;
        let spent = *self.operation.retried() + first_failure.elapsed();
        let budget = Budget {
            deadline: self.operation.remaining(),
            retrying: shared
                .config
                .max_retry_timeout
                .map(|most| most.saturating_sub(spent)),
            attempt: (self.operation.timeout / 10).min(Duration::from_secs(1)),
        };
        let next = self.history.next(
            failure.class,
            self.action.idempotent,
            failure.server_wait,
            budget,
            (shared.runtime.jitter)(),
        );
        let wait = match next {
            Ok(wait) => wait,
            Err(give_up) => return Err(self.failed(failure.kind, give_up, failure.source)),
        };
        self.last_failure = Some(failure.kind);
        match self.operation.until(sleep(wait)).await {
            Ok(()) => {
                self.last_wait = Some(wait);
                Ok(())
            }
            Err(interrupt) => Err(self.interrupted(interrupt, TimeoutPhase::RateLimit)),
        }
    }

    /// Asks for other credentials than the expired ones. None come from a source that has only those.
    async fn replace_credentials(&mut self, failure: &mut Failure) -> Result<(), Error> {
        let Some(expired) = &self.credentials else {
            return Ok(());
        };
        let source = &self.operation.shared.config.credentials;
        let mut replacing = std::pin::pin!(source.replacement(expired));
        match self.operation.until(replacing.as_mut()).await {
            Ok(Ok(replacement)) => self.replacement = replacement.filter(|new| new != expired),
            Ok(Err(error)) => {
                self.may_heal = !error.is_permanent();
                failure.source = Some(Cause::from(error));
            }
            Err(interrupt) => {
                let wait = source.waiting_for().unwrap_or(Wait::File);
                self.operation.shared.renewals.none().await;
                return Err(self.interrupted(interrupt, TimeoutPhase::Credentials(wait)));
            }
        }
        Ok(())
    }

    fn without_credentials(&self, error: CredentialsError) -> Error {
        self.failed(
            ErrorKind::Credentials,
            GiveUp::Pointless,
            Some(Cause::from(error)),
        )
    }

    /// The call ended in a wait. After a failure the error is that one, unless the client was stopped.
    fn interrupted(&self, interrupt: Interrupt, phase: TimeoutPhase) -> Error {
        let last = self.last_failure.clone();
        match (interrupt, last) {
            (Interrupt::Stopped, last) => {
                self.failed(ErrorKind::Stopped, GiveUp::Stopped, last.map(Cause::from))
            }
            (Interrupt::Deadline, Some(last)) => {
                self.failed(last, GiveUp::Deadline { wait: None }, None)
            }
            (Interrupt::Deadline, None) => {
                self.failed(ErrorKind::Timeout(phase), GiveUp::Pointless, None)
            }
        }
    }

    fn failed(&self, kind: ErrorKind, give_up: GiveUp, source: Option<Cause>) -> Error {
        if let Some(credentials) = self.credentials.as_ref().filter(|_| !self.may_heal) {
            let failures = &self.operation.shared.failures;
            let standing = failures.standing(self.action.product, credentials);
            let request_id = self.last_request_id.as_deref();
            standing.learn(self.action.product, &kind, request_id);
        }
        Error::new(self.record(kind, give_up, source))
    }

    fn record(&self, kind: ErrorKind, give_up: GiveUp, source: Option<Cause>) -> Record {
        let id = self.credentials.as_ref().map(|keys| &keys.access_key_id);
        Record {
            action: self.action.name,
            product: self.action.product,
            host: self.endpoint.host(),
            proxy: self.operation.shared.proxy(&self.endpoint),
            kind,
            give_up,
            attempts: self.attempts,
            elapsed: self.started.elapsed(),
            last_wait: self.last_wait,
            request_id: self.last_request_id.clone(),
            access_key_hint: id.map(|id| access_key_hint(id)),
            outcome_unknown: self.outcome_unknown,
            source,
        }
    }

    /// What the others can learn from an attempt: about the limit, and about the service.
    fn learn<T>(
        &self,
        outcome: &Result<T, Box<Failure>>,
        permit: &Permit,
        host: &str,
        sent: Instant,
    ) {
        let action = self.action.name;
        match outcome {
            Err(failure) if failure.class == Class::Throttled => {
                if let Some(pace) = permit.throttled(failure.server_wait) {
                    tracing::info!(
                        action,
                        calls_per_second = pace,
                        "slowing down after throttling"
                    );
                }
            }
            Err(failure) if failure.class.is_outage() => {}
            _ => permit.taken(),
        }
        let circuit_breaker = &self.operation.shared.circuit_breaker;
        match outcome {
            Err(failure) if failure.class.is_outage() => {
                if circuit_breaker.failed(host, sent, Instant::now(), &failure.kind) {
                    tracing::warn!(
                        host,
                        "the service is down; calls fail at once until it responds"
                    );
                }
            }
            _ => {
                if circuit_breaker.responded(host) {
                    tracing::info!(host, "the service responds again");
                }
            }
        }
    }

    fn down(&self, open: Box<CircuitOpen>) -> Error {
        let kind = ErrorKind::Down {
            failures: open.failures,
            lasting: open.lasting,
        };
        self.failed(kind, GiveUp::Pointless, Some(Cause::from(open.last)))
    }

    fn log(
        &self,
        outcome: &Result<(RawResponse, Accepted), Box<Failure>>,
        rate_limit_wait: Duration,
        duration: Duration,
    ) {
        let (status, code, request_id, failure) = match outcome {
            Ok((received, accepted)) => (Some(received.status), None, &accepted.request_id, None),
            Err(failure) => {
                let kind = &failure.kind;
                (kind.status(), kind.code(), &failure.request_id, Some(kind))
            }
        };
        tracing::debug!(
            action = self.action.name,
            host = self.endpoint.host(),
            status,
            code,
            request_id = request_id.as_deref(),
            attempt = self.attempts,
            wait_ms = self.last_wait.map(milliseconds),
            rate_limit_wait_ms = milliseconds(rate_limit_wait),
            duration_ms = milliseconds(duration),
            failure = failure.map(tracing::field::display),
            "API attempt"
        );
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if let Some(first_failure) = self.first_failure {
            *self.operation.retried() += first_failure.elapsed();
        }
    }
}

impl Exchange {
    /// The body as the action declares it, and the request ID.
    pub(super) fn decode<T: DeserializeOwned>(self) -> Result<(T, Option<String>), Box<Failure>> {
        let Accepted { fields, request_id } = self.accepted;
        let error = match serde_json::from_value(Value::Object(fields)) {
            Ok(body) => return Ok((body, request_id)),
            Err(error) => error,
        };
        let asked = RequestContext {
            envelope: self.action.envelope,
            string_to_sign: None,
            temporary_credentials: false,
            secret_response: self.action.secret_response,
            redactor: &self.redactor,
        };
        Err(self.received.misshapen(&asked, request_id, &error))
    }
}

/// What to try instead of a host without an address: if it was formed by rule, its region is most likely one without
/// the product.
fn other_host(product: &Product, endpoint: &Endpoint) -> Option<&'static str> {
    let documented = product.only_documented_host?;
    (endpoint.is_by_rule() && endpoint.host() != documented).then_some(documented)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    //! Calls themselves are tested in `operation`, over sockets.

    use super::other_host;
    use crate::{CAMS, Endpoint, EndpointError, Product, Protocol, STS};

    #[test]
    fn documented_host_is_suggested() {
        let check = |product: &Product, endpoint: Result<Endpoint, EndpointError>, expected| {
            let endpoint = endpoint.expect("an endpoint");
            assert_eq!(other_host(product, &endpoint), expected, "{endpoint}");
        };
        let rule = |product, region| Endpoint::by_rule(product, region, Protocol::Https);
        let by_hand = Endpoint::parse("cams.eu-central-1.aliyuncs.com", Protocol::Https);
        let singapore = "cams.ap-southeast-1.aliyuncs.com";
        check(&CAMS, rule(&CAMS, "eu-central-1"), Some(singapore));
        check(&CAMS, rule(&CAMS, "ap-southeast-1"), None);
        check(&CAMS, by_hand, None);
        check(&STS, rule(&STS, "eu-central-1"), None);
    }
}
