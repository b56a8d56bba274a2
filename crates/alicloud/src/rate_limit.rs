//! Calls per second: never more than so many of one action for one account in any second, first come, first served.
//!
//! A lane remembers its latest turns. Whoever is first in line waits for the next turn; the others queue behind. Dropping
//! the future of [`RateLimiter::turn`] leaves the line without using a turn up.
//!
//! The service counts calls when they arrive, not when they leave. A call over a new connection arrives late, and one
//! over a used connection soon after would then be one too many. So a turn counts from the latest moment at which its
//! call can have arrived: when it was answered, less the shortest way out and back that was seen.
//!
//! A lane starts at its limit. What the service refuses for flow control shows that others use the account, too: then the
//! lane slows down by a part, and speeds up again little by little while calls are taken (additive increase,
//! multiplicative decrease), so that several processes share the limit without knowing of each other. A wait that the
//! service asked for is everybody's in the lane.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The period of a limit. A little more than a second: turns are taken here, but counted after the way to the service,
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
pub(super) struct LaneKey {
    /// The account's ID or, where that is not known, the AccessKey ID.
    pub(super) account: String,
    pub(super) product: &'static str,
    pub(super) action: &'static str,
}

/// Hands out turns.
#[derive(Debug, Default)]
pub(super) struct RateLimiter {
    lanes: Mutex<HashMap<LaneKey, Arc<Lane>>>,
}

/// A turn that was taken, to be told how it went.
#[derive(Debug)]
pub(super) struct Turn {
    lane: Arc<Lane>,
    number: u64,
    limit: u32,
    taken: Instant,
    /// How long it took to get it.
    pub(super) waited: Duration,
}

#[derive(Debug, Default)]
struct Lane {
    /// The line: whoever holds it is first. An asynchronous mutex is fair.
    line: tokio::sync::Mutex<()>,
    ledger: Mutex<Ledger>,
}

/// What a lane knows.
#[derive(Debug, Default)]
struct Ledger {
    /// The latest turns with their numbers: from when each counts.
    turns: VecDeque<(u64, Instant)>,
    /// When the last one was given away.
    last: Option<Instant>,
    given: u64,
    /// The shortest way out and back, once connections are used again.
    shortest: Option<Duration>,
    /// Calls a second that the service bears; `None` is the limit.
    reduced: Option<f64>,
    /// When it was reduced last. Refusals of turns from before teach nothing new.
    reduced_at: Option<Instant>,
    /// No turn before this.
    closed_until: Option<Instant>,
}

impl RateLimiter {
    /// The limiter that all clients of the process share, since they may act for the same account.
    pub(super) fn process_wide() -> Arc<RateLimiter> {
        static SHARED: OnceLock<Arc<RateLimiter>> = OnceLock::new();
        Arc::clone(SHARED.get_or_init(Arc::default))
    }

    /// Waits for a turn. At most `per_second` are given to a lane in any second; 0 counts as 1.
    pub(super) async fn turn(&self, key: &LaneKey, per_second: u32) -> Turn {
        let asked = Instant::now();
        let limit = per_second.max(1);
        let lane = self.lane(key);
        let first = lane.line.lock().await;
        // What the lane knows may change during the wait, so it is looked at again after it.
        let (number, taken) = loop {
            let due = lane.ledger().take(limit, Instant::now());
            match due {
                Ok(turn) => break turn,
                Err(next) => sleep_until(next).await,
            }
        };
        drop(first);
        Turn {
            lane,
            number,
            limit,
            taken,
            waited: taken - asked,
        }
    }

    fn lane(&self, key: &LaneKey) -> Arc<Lane> {
        // No code between lock and unlock can panic half-way, so a poisoned map is still whole.
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get(key) {
            return Arc::clone(lane);
        }
        // Temporary keys come and go; a lane that is empty by now is the same as none.
        lanes.retain(|_, lane| Arc::strong_count(lane) > 1 || !lane.is_idle());
        Arc::clone(lanes.entry(key.clone()).or_default())
    }
}

impl Turn {
    /// The call was refused for flow control. Gives the pace that follows, if the refusal taught anything.
    pub(super) fn throttled(&self, server_wait: Option<Duration>) -> Option<f64> {
        let now = Instant::now();
        let mut ledger = self.lane.ledger();
        ledger.answered(self, now);
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
        let mut ledger = self.lane.ledger();
        ledger.answered(self, Instant::now());
        if let Some(reduced) = ledger.reduced {
            let grown = reduced + INCREASE / reduced;
            ledger.reduced = (grown < f64::from(self.limit)).then_some(grown);
        }
    }
}

impl Lane {
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
    /// Takes the next turn, or says when it is due.
    fn take(&mut self, limit: u32, now: Instant) -> Result<(u64, Instant), Instant> {
        // Kept for twice the period, to know whether the lane is at rest.
        while let Some((_, counts)) = self.turns.front()
            && *counts + PERIOD * 2 <= now
        {
            self.turns.pop_front();
        }
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let in_period = |(_, counts): &&(u64, Instant)| *counts + PERIOD > now;
        let by_limit = if self.turns.iter().filter(in_period).count() < most {
            None
        } else {
            let counting = self.turns.iter().filter(in_period);
            counting.map(|(_, counts)| *counts + PERIOD).min()
        };
        // The first turns after a rest may come at once. From then on they are even, and so are they at a reduced pace:
        // whoever fills each second with one burst leaves no room in which others could show that they are there.
        let busy = self.turns.len() >= most;
        let interval = match self.reduced {
            Some(rate) => Some(Duration::from_secs_f64(1.0 / rate)),
            None => busy.then(|| PERIOD.div_f64(f64::from(limit))),
        };
        let by_pace = interval.and_then(|interval| Some(self.last? + interval));
        match by_limit.max(by_pace).max(self.closed_until) {
            Some(next) if next > now => Err(next),
            _ => {
                self.given += 1;
                self.turns.push_back((self.given, now));
                // Timers wake a little late. If each turn were paced from when the one before was really taken, what they
                // are late would add up, to a hundredth of the pace at ten calls a second.
                let on_time = by_pace
                    .zip(interval)
                    .filter(|(due, interval)| now.saturating_duration_since(*due) < *interval / 4);
                self.last = Some(on_time.map_or(now, |(due, _)| due));
                Ok((self.given, now))
            }
        }
    }

    /// Learns from when a turn counts.
    fn answered(&mut self, turn: &Turn, now: Instant) {
        let way = now - turn.taken;
        // The first calls of a lane make connections, and say nothing about the way over a used one.
        let counts = if turn.number <= u64::from(turn.limit) {
            now
        } else {
            let shortest = self.shortest.map_or(way, |known| known.min(way));
            self.shortest = Some(shortest);
            turn.taken + (way - shortest)
        };
        let known = self
            .turns
            .iter_mut()
            .rev()
            .find(|(number, _)| *number == turn.number);
        if let Some((_, known)) = known {
            *known = counts;
        }
    }
}

#[cfg(test)]
mod tests;
