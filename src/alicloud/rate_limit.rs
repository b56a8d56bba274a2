//! Calls per second: never more than so many of one action for one account in any second, first come, first served.
//!
//! A lane remembers when its latest turns were taken. Whoever is first in line holds the lane while waiting for the
//! next turn; the others queue behind. Dropping the future of [`RateLimiter::turn`] leaves the line without using a
//! turn up.
//!
//! The limit is the documented one and stays as it is; if it is ever to follow what the service bears, a lane is the
//! place that learns.
//!
//! Must not contain: limits of particular actions, or repeating.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The period of a limit. A little more than a second: turns are taken here, but counted after the way to the service,
/// which takes not always the same time.
const PERIOD: Duration = Duration::from_millis(1010);

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

// When the latest turns were taken, oldest first. The queue of the asynchronous mutex is fair.
type Lane = tokio::sync::Mutex<VecDeque<Instant>>;

impl RateLimiter {
    /// The limiter that all clients of the process share, since they may act for the same account.
    pub(super) fn process_wide() -> Arc<RateLimiter> {
        static SHARED: OnceLock<Arc<RateLimiter>> = OnceLock::new();
        Arc::clone(SHARED.get_or_init(Arc::default))
    }

    /// Waits for a turn. At most `per_second` are given to a lane in any second; 0 counts as 1.
    pub(super) async fn turn(&self, key: &LaneKey, per_second: u32) {
        let most = usize::try_from(per_second.max(1)).unwrap_or(usize::MAX);
        let lane = self.lane(key);
        let mut taken = lane.lock().await;
        while taken.len() >= most {
            if let Some(oldest) = taken.front() {
                sleep_until(*oldest + PERIOD).await;
            }
            taken.pop_front();
        }
        taken.push_back(Instant::now());
    }

    fn lane(&self, key: &LaneKey) -> Arc<Lane> {
        // No code between lock and unlock can panic half-way, so a poisoned map is still whole.
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get(key) {
            return Arc::clone(lane);
        }
        // Temporary keys come and go; a lane that is empty by now is the same as none.
        lanes.retain(|_, lane| Arc::strong_count(lane) > 1 || !is_idle(lane));
        Arc::clone(lanes.entry(key.clone()).or_default())
    }
}

fn is_idle(lane: &Lane) -> bool {
    lane.try_lock().is_ok_and(|taken| {
        let latest = taken.back();
        latest.is_none_or(|latest| latest.elapsed() > PERIOD)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::time::{Instant, advance, timeout};

    use super::{LaneKey, PERIOD, RateLimiter};

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
        // And no slower than that: 95 turns need nine full periods.
        assert_eq!(*turns.last().expect("turns") - started, PERIOD * 9);
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

    #[test]
    fn one_limiter_for_the_process() {
        let (one, other) = (RateLimiter::process_wide(), RateLimiter::process_wide());
        assert!(Arc::ptr_eq(&one, &other));
    }
}
