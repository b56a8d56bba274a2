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
//!
//! Must not contain: limits of particular actions, or repeating.

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
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::time::{Instant, advance, sleep, timeout};

    use super::{LaneKey, Ledger, PERIOD, RateLimiter};

    fn key(account: &str, action: &'static str) -> LaneKey {
        LaneKey {
            account: account.to_owned(),
            product: "cams",
            action,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn never_more_than_the_limit_in_any_second() {
        let limiter = Arc::new(RateLimiter::default());
        let started = Instant::now();
        let calls = (0..95).map(|_| {
            let limiter = Arc::clone(&limiter);
            tokio::spawn(async move {
                limiter.turn(&key("a", "Bind"), 10).await;
                Instant::now()
            })
        });
        let mut turns = Vec::new();
        for call in calls.collect::<Vec<_>>() {
            turns.push(call.await.expect("no panic"));
        }
        turns.sort();
        for window in turns.windows(11) {
            let span = window[10] - window[0];
            assert!(span > Duration::from_secs(1), "11 turns within {span:?}");
        }
        // And hardly slower than that: after ten at once it is a tenth of a period for each.
        let span = *turns.last().expect("turns") - started;
        assert!(
            span >= PERIOD * 9 && span <= PERIOD.mul_f64(9.5),
            "{span:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn first_come_first_served() {
        let limiter = Arc::new(RateLimiter::default());
        let (sender, mut order) = tokio::sync::mpsc::unbounded_channel();
        for number in 0..20 {
            let (limiter, sender) = (Arc::clone(&limiter), sender.clone());
            tokio::spawn(async move {
                limiter.turn(&key("a", "Bind"), 2).await;
                sender.send(number).expect("a receiver");
            });
        }
        drop(sender);
        let mut seen = Vec::new();
        while let Some(number) = order.recv().await {
            seen.push(number);
        }
        assert_eq!(seen, (0..20).collect::<Vec<_>>());
    }

    #[tokio::test(start_paused = true)]
    async fn lanes_are_apart() {
        let limiter = RateLimiter::default();
        let started = Instant::now();
        for (account, action) in [("a", "Bind"), ("a", "Query"), ("b", "Bind")] {
            limiter.turn(&key(account, action), 1).await;
        }
        assert_eq!(started.elapsed(), Duration::ZERO);
        limiter.turn(&key("a", "Bind"), 1).await;
        assert_eq!(started.elapsed(), PERIOD);
    }

    #[tokio::test(start_paused = true)]
    async fn leaving_the_line_uses_no_turn_up() {
        let limiter = RateLimiter::default();
        let lane = key("a", "Bind");
        limiter.turn(&lane, 1).await;
        let started = Instant::now();
        let left = timeout(Duration::from_millis(100), limiter.turn(&lane, 1)).await;
        assert!(left.is_err());
        limiter.turn(&lane, 1).await;
        assert_eq!(started.elapsed(), PERIOD);
    }

    #[tokio::test(start_paused = true)]
    async fn idle_lanes_are_forgotten() {
        let limiter = RateLimiter::default();
        for number in 0..100 {
            limiter.turn(&key(&number.to_string(), "Bind"), 1).await;
            advance(Duration::from_secs(2)).await;
        }
        assert_eq!(limiter.lanes.lock().expect("not poisoned").len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_slows_the_lane_and_success_restores_it() {
        let limiter = RateLimiter::default();
        let lane = key("a", "Bind");
        let turn = limiter.turn(&lane, 10).await;
        let same_moment = limiter.turn(&lane, 10).await;
        let pace = turn.throttled(None).expect("slower");
        assert!((pace - 7.0).abs() < 1e-9, "{pace}");
        // A refusal from the same burst teaches nothing new.
        assert_eq!(same_moment.throttled(None), None);
        // Turns are even now.
        let started = Instant::now();
        let mut turns = Vec::new();
        for _ in 0..7 {
            turns.push(limiter.turn(&lane, 10).await);
        }
        let span = started.elapsed().as_secs_f64();
        assert!((0.9..1.1).contains(&span), "7 turns in {span} s");
        // A second of successes makes it a quarter of a call a second faster; a dozen of them restore the limit.
        for turn in &turns {
            turn.taken();
        }
        let pace = limiter.lane(&lane).ledger().reduced.expect("still slower");
        assert!((7.2..7.3).contains(&pace), "{pace}");
        for _ in 0..110 {
            limiter.turn(&lane, 10).await.taken();
        }
        assert_eq!(limiter.lane(&lane).ledger().reduced, None);
    }

    /// The first calls take their time, because connections are made; those after them arrive at once.
    #[tokio::test(start_paused = true)]
    async fn a_late_arrival_counts_from_when_it_may_have_arrived() {
        let limiter = Arc::new(RateLimiter::default());
        let mut arrivals = Vec::new();
        let first = (0..10).map(|_| {
            let limiter = Arc::clone(&limiter);
            tokio::spawn(async move {
                let turn = limiter.turn(&key("a", "Bind"), 10).await;
                sleep(Duration::from_millis(150)).await;
                turn.taken();
                Instant::now()
            })
        });
        for arrival in first.collect::<Vec<_>>() {
            arrivals.push(arrival.await.expect("no panic"));
        }
        for _ in 0..30 {
            let turn = limiter.turn(&key("a", "Bind"), 10).await;
            arrivals.push(Instant::now());
            sleep(Duration::from_millis(20)).await;
            turn.taken();
        }
        for window in arrivals.windows(11) {
            let span = window[10] - window[0];
            assert!(span > Duration::from_secs(1), "11 arrivals within {span:?}");
        }
        // It costs the first way, once.
        let span = arrivals[39] - arrivals[0];
        assert!(span < Duration::from_millis(4_300), "{span:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_timers_are_late_does_not_add_up() {
        let check = |late: Duration, expected: Duration| {
            let mut ledger = Ledger::default();
            let started = Instant::now();
            let mut now = started;
            for _ in 0..1_000 {
                while let Err(due) = ledger.take(10, now) {
                    now = due + late;
                }
            }
            let span = now - started;
            let spread = span.max(expected) - span.min(expected);
            assert!(spread < Duration::from_millis(200), "{late:?}: {span:?}");
        };
        // The first ten come at once, and the rest evenly, each ten in a period and what one timer is late.
        let in_all = |period: Duration| period + period / 10 * 989;
        check(Duration::ZERO, in_all(PERIOD));
        let late = Duration::from_millis(1);
        check(late, in_all(PERIOD + late));
    }

    #[tokio::test(start_paused = true)]
    async fn the_pace_has_a_floor() {
        let limiter = RateLimiter::default();
        let lane = key("a", "Bind");
        for _ in 0..20 {
            limiter.turn(&lane, 10).await.throttled(None);
        }
        let pace = limiter.lane(&lane).ledger().reduced.expect("slower");
        assert!((pace - 0.5).abs() < 1e-9, "{pace}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_the_service_asks_for_is_everybodys() {
        let limiter = Arc::new(RateLimiter::default());
        let refused = limiter.turn(&key("a", "Bind"), 10).await;
        let started = Instant::now();
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let limiter = Arc::clone(&limiter);
                tokio::spawn(async move { limiter.turn(&key("a", "Bind"), 1).await })
            })
            .collect();
        // They are in line already when the refusal comes.
        advance(Duration::from_millis(100)).await;
        refused.throttled(Some(Duration::from_secs(5)));
        for turn in waiting {
            let turn = turn.await.expect("no panic");
            assert!(turn.taken - started >= Duration::from_secs(5), "{turn:?}");
        }
        let other = limiter.turn(&key("b", "Bind"), 10).await;
        assert_eq!(other.waited, Duration::ZERO);
    }

    /// Processes that know nothing of each other, and a service that takes ten calls in any second from all of them.
    #[tokio::test(start_paused = true)]
    async fn processes_share_the_limit_without_knowing_of_each_other() {
        let check = async |processes: u32| {
            let service = Arc::new(std::sync::Mutex::new(std::collections::VecDeque::new()));
            let started = Instant::now();
            let runs: Vec<_> = (0..processes)
                .map(|_| {
                    let (limiter, service) = (RateLimiter::default(), Arc::clone(&service));
                    tokio::spawn(async move {
                        let (mut taken, mut refused) = (0_u32, 0_u32);
                        while started.elapsed() < Duration::from_secs(120) {
                            let turn = limiter.turn(&key("a", "Bind"), 10).await;
                            let admitted = {
                                let mut window = service.lock().expect("not poisoned");
                                let now = Instant::now();
                                while window
                                    .front()
                                    .is_some_and(|first| now - *first >= Duration::from_secs(1))
                                {
                                    window.pop_front();
                                }
                                let admitted = window.len() < 10;
                                if admitted {
                                    window.push_back(now);
                                }
                                admitted
                            };
                            if admitted {
                                turn.taken();
                                taken += 1;
                            } else {
                                turn.throttled(None);
                                refused += 1;
                            }
                        }
                        (taken, refused)
                    })
                })
                .collect();
            let (mut all, mut refused, mut least) = (0, 0, u32::MAX);
            for run in runs {
                let (own, own_refused) = run.await.expect("no panic");
                all += own;
                refused += own_refused;
                least = least.min(own);
            }
            // Most of what the service bears is used, few calls are refused, and nobody starves.
            assert!(all >= 900, "{processes} processes: {all} of 1200 taken");
            assert!(
                refused * 4 <= all,
                "{processes} processes: {refused} refused of {all}"
            );
            assert!(
                least * processes * 3 >= all,
                "{processes} processes: one took {least} of {all}"
            );
        };
        for processes in [1, 2, 5] {
            check(processes).await;
        }
    }

    #[test]
    fn one_limiter_for_the_process() {
        let (one, other) = (RateLimiter::process_wide(), RateLimiter::process_wide());
        assert!(Arc::ptr_eq(&one, &other));
    }
}
