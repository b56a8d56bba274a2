//! A circuit_breaker for each host: once a service has been down for a while, calls fail at once instead of one after another.
//!
//! Without it, every object of a large configuration finds out for itself that nobody responds, each within its own limits:
//! hours, for a thousand of them. The circuit_breaker opens when nothing but outages came back for so long and so often that it
//! is no blip, which the retry table rides out. While it is open, one call is let through from time to time; the first
//! that comes back with anything but an outage, be it an error, closes it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::error::ErrorKind;

/// When a circuit_breaker opens, and how it recovers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// So many outages in a row, whoever met them.
    pub(super) failures: u32,
    /// From the start of the first of these attempts to the end of the last.
    pub(super) lasting: Duration,
    /// Between two calls that are let through an open circuit_breaker.
    pub(super) probing: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            failures: 10,
            lasting: Duration::from_secs(30),
            probing: Duration::from_secs(5),
        }
    }
}

/// The breakers of all hosts that a client calls.
#[derive(Debug, Default)]
pub(super) struct CircuitBreaker {
    limits: Limits,
    hosts: Mutex<HashMap<String, Outage>>,
}

/// Outages in a row. A host without one has no entry.
#[derive(Debug)]
struct Outage {
    since: Instant,
    failures: u32,
    last: ErrorKind,
    /// When the next call is let through; `None` while the circuit_breaker is closed.
    next_probe: Option<Instant>,
}

/// Why a call is not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CircuitOpen {
    pub(super) failures: u32,
    pub(super) lasting: Duration,
    pub(super) last: ErrorKind,
}

impl CircuitBreaker {
    pub(super) fn new(limits: Limits) -> CircuitBreaker {
        CircuitBreaker {
            limits,
            hosts: Mutex::default(),
        }
    }

    /// Whether a call may be sent. One that may while the circuit_breaker is open is a probe.
    pub(super) fn admit(&self, host: &str, now: Instant) -> Result<(), Box<CircuitOpen>> {
        let mut hosts = self.lock();
        let Some(outage) = hosts.get_mut(host) else {
            return Ok(());
        };
        match outage.next_probe {
            None => Ok(()),
            Some(due) if due <= now => {
                outage.next_probe = Some(now + self.limits.probing);
                Ok(())
            }
            Some(_) => Err(Box::new(CircuitOpen {
                failures: outage.failures,
                lasting: now - outage.since,
                last: outage.last.clone(),
            })),
        }
    }

    /// An attempt met an outage. Says whether that opened the circuit_breaker.
    pub(super) fn failed(&self, host: &str, sent: Instant, now: Instant, kind: &ErrorKind) -> bool {
        let mut hosts = self.lock();
        let outage = hosts.entry(host.to_owned()).or_insert_with(|| Outage {
            since: sent,
            failures: 0,
            last: kind.clone(),
            next_probe: None,
        });
        outage.since = outage.since.min(sent);
        outage.failures = outage.failures.saturating_add(1);
        outage.last = kind.clone();
        let opens = outage.next_probe.is_none()
            && outage.failures >= self.limits.failures
            && now - outage.since >= self.limits.lasting;
        if opens {
            outage.next_probe = Some(now + self.limits.probing);
        }
        opens
    }

    /// The host responded. Says whether that closed the circuit_breaker.
    pub(super) fn responded(&self, host: &str) -> bool {
        let ended = self.lock().remove(host);
        ended.is_some_and(|outage| outage.next_probe.is_some())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Outage>> {
        // An entry is whole between any two statements, so a poisoned map is still one.
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{CircuitBreaker, Limits};
    use crate::error::ErrorKind;

    const LIMITS: Limits = Limits {
        failures: 3,
        lasting: Duration::from_secs(10),
        probing: Duration::from_secs(5),
    };

    /// What happens at a second: `f`ailure, `a`nswer; or whether a call is let through (`+`) or not (`-`).
    fn check(events: &[(u64, char)]) {
        let circuit_breaker = CircuitBreaker::new(LIMITS);
        let start = Instant::now();
        for (position, (second, event)) in events.iter().enumerate() {
            let now = start + Duration::from_secs(*second);
            match event {
                'f' => {
                    circuit_breaker.failed("h", now, now, &ErrorKind::Interrupted);
                }
                'a' => {
                    circuit_breaker.responded("h");
                }
                expected => {
                    let admitted = circuit_breaker.admit("h", now).is_ok();
                    assert_eq!(admitted, *expected == '+', "{events:?}[{position}]");
                }
            }
        }
    }

    #[test]
    fn opening() {
        check(&[(0, '+')]);
        // Often, but not for long; for long, but not often.
        check(&[(0, 'f'), (1, 'f'), (2, 'f'), (3, 'f'), (4, '+')]);
        check(&[(0, 'f'), (60, 'f'), (61, '+')]);
        check(&[(0, 'f'), (5, 'f'), (10, 'f'), (10, '-'), (14, '-')]);
        // Any response in between starts anew.
        check(&[
            (0, 'f'),
            (5, 'f'),
            (6, 'a'),
            (10, 'f'),
            (10, '+'),
            (16, 'f'),
            (21, 'f'),
            (21, '-'),
        ]);
    }

    #[test]
    fn recovering() {
        let opened = [(0, 'f'), (5, 'f'), (10, 'f'), (11, '-')];
        let after = |events: &[(u64, char)]| check(&[&opened, events].concat());
        // One probe at a time.
        after(&[(15, '+'), (15, '-'), (19, '-'), (20, '+'), (20, '-')]);
        after(&[(15, '+'), (16, 'f'), (16, '-'), (20, '+')]);
        after(&[(15, '+'), (16, 'a'), (16, '+'), (16, '+')]);
        // A probe that never comes back is followed by the next.
        after(&[(15, '+'), (99, '+'), (99, '-')]);
    }

    #[test]
    fn hosts_are_separate() {
        let circuit_breaker = CircuitBreaker::new(LIMITS);
        let start = Instant::now();
        let late = start + Duration::from_secs(20);
        let opened: Vec<bool> = (0..4)
            .map(|_| circuit_breaker.failed("h", start, late, &ErrorKind::Interrupted))
            .collect();
        assert_eq!(opened, [false, false, true, false]);
        let open = circuit_breaker.admit("h", late).expect_err("open");
        assert_eq!(
            (open.failures, open.lasting, open.last),
            (4, Duration::from_secs(20), ErrorKind::Interrupted)
        );
        assert_eq!(circuit_breaker.admit("other", late), Ok(()));
        assert!(circuit_breaker.responded("h"));
        assert!(!circuit_breaker.responded("h"));
    }
}
