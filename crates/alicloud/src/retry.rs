//! Which failure is retried, how often, and after how long: one table, and the arithmetic of waiting.
//!
//! Failures are distinguished by HTTP status and exact code, never by searching a message. Source of the codes: the
//! vendor's pages on common errors of RPC style APIs and on CAMS; of the wait headers: the official SDKs.

use std::time::Duration;

use super::error::GiveUp;

/// What a failure means for retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Flow control.
    Throttled,
    /// The service said that it took no request.
    Refused,
    /// No connection was made.
    Unreachable,
    /// The request may have been executed.
    Ambiguous,
    /// The nonce was seen before: something on the way sent the request twice, and the first copy may have been executed.
    /// The next attempt has another one.
    NonceUsed,
    /// The date of the request is too far from the server's clock.
    ClockOff,
    /// The temporary credentials are no longer valid.
    CredentialsExpired,
    /// Executed or not, the same would happen again.
    Final,
    /// As `Final`, and the request was most likely executed.
    FinalAfterExecution,
}

/// How a class of failures is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rule {
    /// Whether the request may have been executed. Then only idempotent actions are retried.
    may_have_run: bool,
    /// The most retries for failures of this class in one call.
    repeats: u32,
    /// Whether there is a wait before the next attempt; a mended request needs none.
    waits: bool,
    /// Whether the service may be down: then the failure counts for the circuit_breaker.
    outage: bool,
}

const UNLIMITED: u32 = u32::MAX;

impl Class {
    /// THE table. Time bounds what has no count.
    #[rustfmt::skip]
    const fn rule(self) -> Rule {
        let (may_have_run, repeats, waits, outage) = match self {
            Class::Throttled           => (false, UNLIMITED, true,  false),
            Class::Refused             => (false, UNLIMITED, true,  true),
            Class::Unreachable         => (false, 5,         true,  true),
            Class::Ambiguous           => (true,  5,         true,  true),
            Class::NonceUsed           => (true,  1,         false, false),
            Class::ClockOff            => (false, 1,         false, false),
            Class::CredentialsExpired  => (false, 1,         false, false),
            Class::Final               => (false, 0,         false, false),
            Class::FinalAfterExecution => (true,  0,         false, false),
        };
        Rule { may_have_run, repeats, waits, outage }
    }

    /// Whether the request may have been executed.
    pub(super) fn may_have_run(self) -> bool {
        self.rule().may_have_run
    }

    /// Whether the service may be down.
    pub(super) fn is_outage(self) -> bool {
        self.rule().outage
    }

    /// Classifies a response that reports a failure. `asked_to_wait` says that it has the header `x-acs-retry-after`;
    /// `temporary` that it was signed with a security token.
    pub(super) fn of_response(
        status: u16,
        code: Option<&str>,
        asked_to_wait: bool,
        temporary: bool,
    ) -> Class {
        let error_status = status >= 400;
        if error_status && (asked_to_wait || status == 429) {
            return Class::Throttled;
        }
        match code {
            Some("Throttling" | "Rejected.Throttling" | "System.LimitControl") => Class::Throttled,
            Some(code) if code.starts_with("Throttling.") => Class::Throttled,
            Some("ServiceUnavailable" | "ServiceUnavailableTemporary") => Class::Refused,
            Some("InternalError" | "InternalFailure" | "UnknownError") => Class::Ambiguous,
            Some("SignatureNonceUsed") => Class::NonceUsed,
            Some("InvalidTimeStamp.Expired") => Class::ClockOff,
            Some("InvalidSecurityToken.Expired" | "InvalidSecurityToken.Malformed") => {
                Class::CredentialsExpired
            }
            Some("InvalidAccessKeyId.NotFound") if temporary => Class::CredentialsExpired,
            _ if status >= 500 || status == 408 => Class::Ambiguous,
            _ => Class::Final,
        }
    }
}

/// The bounds of retries: what is left of each budget now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// Until the deadline of the operation.
    pub(super) deadline: Duration,
    /// Of the time for retries, if that is limited.
    pub(super) retrying: Option<Duration>,
    /// What an attempt needs at least, to be worth its start.
    pub(super) attempt: Duration,
}

/// What one call has retried so far.
#[derive(Debug, Default)]
pub(super) struct History {
    counts: Vec<(Class, u32)>,
}

impl History {
    /// Decides after a failure: the wait before the next attempt, or why there is none. `jitter` lies in `0.0..1.0`.
    pub(super) fn next(
        &mut self,
        class: Class,
        idempotent: bool,
        server_wait: Option<Duration>,
        budget: Budget,
        jitter: f64,
    ) -> Result<Duration, GiveUp> {
        let rule = class.rule();
        if rule.may_have_run && !idempotent {
            return Err(GiveUp::NotIdempotent);
        }
        let done = self.count(class);
        if *done >= rule.repeats {
            return Err(if *done == 0 {
                GiveUp::Pointless
            } else {
                GiveUp::Exhausted
            });
        }
        let wait = match server_wait {
            _ if !rule.waits => Duration::ZERO,
            Some(asked) => after_server_wait(asked, jitter),
            None => backoff(*done, jitter),
        };
        if wait + budget.attempt > budget.deadline {
            return Err(GiveUp::Deadline { wait: Some(wait) });
        }
        if budget.retrying.is_some_and(|left| wait > left) {
            return Err(GiveUp::MaxRetryTimeout { wait });
        }
        *done += 1;
        Ok(wait)
    }

    fn count(&mut self, class: Class) -> &mut u32 {
        let position = self.counts.iter().position(|(known, _)| *known == class);
        let position = position.unwrap_or_else(|| {
            self.counts.push((class, 0));
            self.counts.len() - 1
        });
        &mut self.counts[position].1
    }
}

/// Full jitter: anything up to half a second, doubled with each repeat, never above 20 s.
fn backoff(repeat: u32, jitter: f64) -> Duration {
    let ceiling = Duration::from_millis(500).saturating_mul(1 << repeat.min(10));
    ceiling.min(Duration::from_secs(20)).mul_f64(jitter)
}

/// What the service asked for, at most 120 s as in the official SDKs, and up to a tenth more, so that those who were
/// turned away together do not return together.
fn after_server_wait(asked: Duration, jitter: f64) -> Duration {
    let asked = asked.min(Duration::from_secs(120));
    asked + asked.mul_f64(jitter / 10.0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Budget, Class, History, after_server_wait, backoff};
    use crate::error::GiveUp;

    const AMPLE: Budget = Budget {
        deadline: Duration::from_secs(3600),
        retrying: None,
        attempt: Duration::from_secs(1),
    };

    #[test]
    fn classes() {
        let check = |status, code: &str, expected| {
            let code = (!code.is_empty()).then_some(code);
            assert_eq!(
                Class::of_response(status, code, false, false),
                expected,
                "{status} {code:?}"
            );
        };
        for (status, code) in [
            (400, "Throttling"),
            (400, "Throttling.User"),
            (503, "Throttling.Api"),
            (200, "System.LimitControl"),
            (400, "System.LimitControl"),
            (400, "Rejected.Throttling"),
            (429, ""),
            (429, "Whatever"),
        ] {
            check(status, code, Class::Throttled);
        }
        check(503, "ServiceUnavailable", Class::Refused);
        check(200, "ServiceUnavailableTemporary", Class::Refused);
        check(500, "InternalError", Class::Ambiguous);
        check(502, "", Class::Ambiguous);
        check(503, "", Class::Ambiguous);
        check(599, "Unheard.Of", Class::Ambiguous);
        check(408, "", Class::Ambiguous);
        check(400, "SignatureNonceUsed", Class::NonceUsed);
        check(400, "InvalidTimeStamp.Expired", Class::ClockOff);
        check(
            403,
            "InvalidSecurityToken.Expired",
            Class::CredentialsExpired,
        );
        for (status, code) in [
            (400, "ThrottlingNot"),
            (400, "throttling"),
            (400, "Product.Unsubscript"),
            (400, "Ram.PermissionDeny"),
            (404, "InvalidAccessKeyId.NotFound"),
            (403, ""),
            (200, "Anything"),
            (400, "InvalidTimeStamp.Format"),
        ] {
            check(status, code, Class::Final);
        }
        let header = |status, code| Class::of_response(status, Some(code), true, false);
        assert_eq!(header(400, "Some.Code"), Class::Throttled);
        assert_eq!(header(500, "InternalError"), Class::Throttled);
        assert_eq!(header(200, "Some.Code"), Class::Final, "only 4xx and 5xx");
        assert_eq!(
            Class::of_response(404, Some("InvalidAccessKeyId.NotFound"), false, true),
            Class::CredentialsExpired
        );
    }

    #[test]
    fn retries_are_counted() {
        let check = |class, idempotent, expected: Option<usize>, reason| {
            let mut history = History::default();
            let mut repeats = 0;
            loop {
                match history.next(class, idempotent, None, AMPLE, 0.0) {
                    Ok(_) if repeats == 1000 => break assert_eq!(expected, None, "{class:?}"),
                    Ok(_) => repeats += 1,
                    Err(found) => {
                        assert_eq!((Some(repeats), found), (expected, reason), "{class:?}");
                        break;
                    }
                }
            }
        };
        for idempotent in [false, true] {
            check(Class::Throttled, idempotent, None, GiveUp::Exhausted);
            check(Class::Refused, idempotent, None, GiveUp::Exhausted);
            check(Class::Unreachable, idempotent, Some(5), GiveUp::Exhausted);
            check(Class::ClockOff, idempotent, Some(1), GiveUp::Exhausted);
            check(
                Class::CredentialsExpired,
                idempotent,
                Some(1),
                GiveUp::Exhausted,
            );
            check(Class::Final, idempotent, Some(0), GiveUp::Pointless);
        }
        check(Class::NonceUsed, true, Some(1), GiveUp::Exhausted);
        check(Class::NonceUsed, false, Some(0), GiveUp::NotIdempotent);
        check(Class::Ambiguous, true, Some(5), GiveUp::Exhausted);
        check(Class::Ambiguous, false, Some(0), GiveUp::NotIdempotent);
        check(Class::FinalAfterExecution, true, Some(0), GiveUp::Pointless);
        check(
            Class::FinalAfterExecution,
            false,
            Some(0),
            GiveUp::NotIdempotent,
        );
    }

    #[test]
    fn waits() {
        let ms = Duration::from_millis;
        let check = |repeat, jitter, expected| assert_eq!(backoff(repeat, jitter), ms(expected));
        check(0, 0.0, 0);
        check(0, 0.5, 250);
        check(1, 0.5, 500);
        check(5, 0.5, 8_000);
        check(6, 0.5, 10_000);
        check(u32::MAX, 0.5, 10_000);
        assert_eq!(after_server_wait(ms(2_000), 0.0), ms(2_000));
        assert_eq!(after_server_wait(ms(2_000), 0.5), ms(2_100));
        assert_eq!(
            after_server_wait(Duration::from_secs(999), 0.0),
            Duration::from_secs(120)
        );
        assert_eq!(
            after_server_wait(Duration::MAX, 0.0),
            Duration::from_secs(120)
        );
    }

    #[test]
    fn budgets() {
        let ms = Duration::from_millis;
        let check = |class, server_wait, deadline, retrying: Option<u64>, expected| {
            let budget = Budget {
                deadline: ms(deadline),
                retrying: retrying.map(ms),
                attempt: ms(100),
            };
            let found = History::default().next(class, true, server_wait, budget, 0.5);
            assert_eq!(found, expected);
        };
        let throttled = Class::Throttled;
        check(throttled, None, 350, None, Ok(ms(250)));
        check(
            throttled,
            None,
            349,
            None,
            Err(GiveUp::Deadline {
                wait: Some(ms(250)),
            }),
        );
        check(throttled, Some(ms(1000)), 9_000, None, Ok(ms(1050)));
        check(
            throttled,
            Some(ms(1000)),
            1_100,
            None,
            Err(GiveUp::Deadline {
                wait: Some(ms(1050)),
            }),
        );
        check(throttled, None, 9_000, Some(250), Ok(ms(250)));
        check(
            throttled,
            None,
            9_000,
            Some(249),
            Err(GiveUp::MaxRetryTimeout { wait: ms(250) }),
        );
        check(Class::NonceUsed, Some(ms(500)), 100, None, Ok(ms(0)));
        check(
            Class::NonceUsed,
            None,
            99,
            None,
            Err(GiveUp::Deadline { wait: Some(ms(0)) }),
        );
    }
}
