//! Calls per second: never more than so many of one action for one account in any second, first come, first served.
//!
//! A queue remembers its latest permits. The first in the queue waits for the next permit, the others wait behind it. To
//! drop the future of [`RateLimiter::permit`] leaves the queue and uses no permit.
//!
//! The service counts calls when they arrive, not when they leave. A call over a new connection arrives late, and one
//! over a used connection soon after would then be one too many. So a permit counts from the latest moment at which its
//! call can have arrived: when the response came, less the shortest way out and back that was seen.
//!
//! A queue starts at its limit. What the service refuses for flow control shows that others use the account, too: then the
//! queue slows down by a part, and speeds up again little by little while calls are taken (additive increase,
//! multiplicative decrease), so that several processes share the limit without knowing of each other. A wait that the
//! service asked for is everybody's in the queue.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The period of a limit. A little more than a second: permits are taken here, but counted after the way to the service,
/// which takes not always the same time.
const PERIOD: Duration = Duration::from_millis(1010);

/// What is left of the pace after a refusal. Two processes settle at half the limit after two of them.
const DECREASE: f64 = 0.7;

/// The slowest pace, as a part of the limit: however many processes there are, a call is tried now and then.
const SLOWEST: f64 = 0.05;

/// By how many calls a second the pace grows in each second of calls that are taken.
const INCREASE: f64 = 0.25;

/// The longest wait on the service's word; the official SDKs have the same.
const MAX_WAIT: Duration = Duration::from_secs(120);

/// Who shares a limit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct RateLimitKey {
    /// The account's ID or, where that is not known, the AccessKey ID.
    pub(super) account: String,
    pub(super) product: &'static str,
    pub(super) action: &'static str,
}

/// Hands out permits.
#[derive(Debug, Default)]
pub(super) struct RateLimiter {
    queues: Mutex<HashMap<RateLimitKey, Arc<Queue>>>,
}

/// A permit that was taken, which has to learn how the attempt went.
#[derive(Debug)]
pub(super) struct Permit {
    queue: Arc<Queue>,
    number: u64,
    limit: u32,
    taken: Instant,
    /// How long it took to get it.
    pub(super) waited: Duration,
}

#[derive(Debug, Default)]
struct Queue {
    /// The line: whoever holds it is first. An asynchronous mutex is fair.
    line: tokio::sync::Mutex<()>,
    ledger: Mutex<Ledger>,
}

/// What a queue knows.
#[derive(Debug, Default)]
struct Ledger {
    /// The latest permits with their numbers: from when each counts.
    permits: VecDeque<(u64, Instant)>,
    /// When the last one was given away.
    last: Option<Instant>,
    given: u64,
    /// The shortest way out and back, once connections are used again.
    shortest: Option<Duration>,
    /// Calls a second that the service bears; `None` is the limit.
    reduced: Option<f64>,
    /// When it was reduced last. Refusals of permits from before teach nothing new.
    reduced_at: Option<Instant>,
    /// No permit before this.
    closed_until: Option<Instant>,
}

impl RateLimiter {
    /// The limiter that all clients of the process share, since they may act for the same account.
    pub(super) fn process_wide() -> Arc<RateLimiter> {
        static SHARED: OnceLock<Arc<RateLimiter>> = OnceLock::new();
        Arc::clone(SHARED.get_or_init(Arc::default))
    }

    /// Waits for a permit. At most `per_second` are given to a queue in any second; 0 counts as 1.
    pub(super) async fn permit(&self, key: &RateLimitKey, per_second: u32) -> Permit {
        let asked = Instant::now();
        let limit = per_second.max(1);
        let queue = self.queue(key);
        let first = queue.line.lock().await;
        // What the queue knows may change during the wait, so it is looked at again after it.
        let (number, taken) = loop {
            let due = queue.ledger().take(limit, Instant::now());
            match due {
                Ok(permit) => break permit,
                Err(next) => sleep_until(next).await,
            }
        };
        drop(first);
        Permit {
            queue,
            number,
            limit,
            taken,
            waited: taken - asked,
        }
    }

    fn queue(&self, key: &RateLimitKey) -> Arc<Queue> {
        // No code between lock and unlock can panic half-way, so a poisoned map is still whole.
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get(key) {
            return Arc::clone(queue);
        }
        // Temporary keys come and go; a queue that is empty by now is the same as none.
        queues.retain(|_, queue| Arc::strong_count(queue) > 1 || !queue.is_idle());
        Arc::clone(queues.entry(key.clone()).or_default())
    }
}

impl Permit {
    /// The call was refused for flow control. Gives the pace that follows, if the refusal taught anything.
    pub(super) fn throttled(&self, server_wait: Option<Duration>) -> Option<f64> {
        let now = Instant::now();
        let mut ledger = self.queue.ledger();
        ledger.responded(self, now);
        if let Some(wait) = server_wait {
            let until = now + wait.min(MAX_WAIT);
            ledger.closed_until = ledger.closed_until.max(Some(until));
        }
        if ledger
            .reduced_at
            .is_some_and(|reduced| self.taken <= reduced)
        {
            return None;
        }
        let limit = f64::from(self.limit);
        let reduced = ledger.reduced.unwrap_or(limit) * DECREASE;
        let reduced = reduced.max(limit * SLOWEST);
        ledger.reduced = Some(reduced);
        ledger.reduced_at = Some(now);
        Some(reduced)
    }

    /// The call was taken, whatever its response.
    pub(super) fn taken(&self) {
        let mut ledger = self.queue.ledger();
        ledger.responded(self, Instant::now());
        if let Some(reduced) = ledger.reduced {
            let grown = reduced + INCREASE / reduced;
            ledger.reduced = (grown < f64::from(self.limit)).then_some(grown);
        }
    }
}

impl Queue {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // Every field is valid at any time, so a poisoned lock still guards a ledger.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_idle(&self) -> bool {
        let ledger = self.ledger();
        ledger.reduced.is_none()
            && ledger
                .closed_until
                .is_none_or(|until| until <= Instant::now())
            && ledger.last.is_none_or(|last| last.elapsed() > PERIOD)
    }
}

impl Ledger {
    /// Takes the next permit, or says when it is due.
    fn take(&mut self, limit: u32, now: Instant) -> Result<(u64, Instant), Instant> {
        // Kept for twice the period, to know whether the queue is at rest.
        while let Some((_, counts)) = self.permits.front()
            && *counts + PERIOD * 2 <= now
        {
            self.permits.pop_front();
        }
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let in_period = |(_, counts): &&(u64, Instant)| *counts + PERIOD > now;
        let by_limit = if self.permits.iter().filter(in_period).count() < most {
            None
        } else {
            let counting = self.permits.iter().filter(in_period);
            counting.map(|(_, counts)| *counts + PERIOD).min()
        };
        // The first permits after a rest may come at once. From then on they are even, and so are they at a reduced pace:
        // whoever fills each second with one burst leaves no room in which others could show that they are there.
        let busy = self.permits.len() >= most;
        let interval = match self.reduced {
            Some(rate) => Some(Duration::from_secs_f64(1.0 / rate)),
            None => busy.then(|| PERIOD.div_f64(f64::from(limit))),
        };
        let by_pace = interval.and_then(|interval| Some(self.last? + interval));
        match by_limit.max(by_pace).max(self.closed_until) {
            Some(next) if next > now => Err(next),
            _ => {
                self.given += 1;
                self.permits.push_back((self.given, now));
                // Timers wake a little late. If each permit were paced from when the one before was really taken, what they
                // are late would add up, to a hundredth of the pace at ten calls a second.
                let on_time = by_pace
                    .zip(interval)
                    .filter(|(due, interval)| now.saturating_duration_since(*due) < *interval / 4);
                self.last = Some(on_time.map_or(now, |(due, _)| due));
                Ok((self.given, now))
            }
        }
    }

    /// Learns from when a permit counts.
    fn responded(&mut self, permit: &Permit, now: Instant) {
        let way = now - permit.taken;
        // The first calls of a queue make connections, and say nothing about the way over a used one.
        let counts = if permit.number <= u64::from(permit.limit) {
            now
        } else {
            let shortest = self.shortest.map_or(way, |known| known.min(way));
            self.shortest = Some(shortest);
            permit.taken + (way - shortest)
        };
        let known = self
            .permits
            .iter_mut()
            .rev()
            .find(|(number, _)| *number == permit.number);
        if let Some((_, known)) = known {
            *known = counts;
        }
    }
}

#[cfg(test)]
mod tests;
