//! Waiting for a remote object to reach a state: how often to look, and for how long.
//!
//! The clock and the pause are parameters, so that a wait ends when the provider is stopped and tests take no time.

use std::{future::Future, time::Duration};

/// How often to look, and for how long. Pauses double from the first to the longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitPolicy {
    /// The pause after the first look.
    pub first_pause: Duration,
    /// No pause is longer.
    pub longest_pause: Duration,
    /// The whole wait, looks included. There is a last look when it is over.
    pub limit: Duration,
}

/// How a pause ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Its time is over.
    Over,
    /// The operation is to end: the provider was stopped.
    Stopped,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitResult<T, E> {
    /// The object reached the state, with what was seen of it then.
    Reached(T),
    /// The object did not reach the state within the limit.
    TimedOut,
    /// The provider was stopped.
    Stopped,
    /// A look failed. The `look` function decides which failures count and which mean "not yet".
    Failed(E),
}

impl WaitPolicy {
    /// The pause after so many looks, when so much of the limit is over; `None` when nothing of it is left.
    #[must_use]
    pub fn pause_after(&self, looks: u32, elapsed: Duration) -> Option<Duration> {
        let left = self
            .limit
            .checked_sub(elapsed)
            .filter(|left| !left.is_zero())?;
        let doubled = 2_u32
            .checked_pow(looks.saturating_sub(1))
            .and_then(|factor| self.first_pause.checked_mul(factor))
            .unwrap_or(self.longest_pause);
        // A policy without pauses would keep a processor busy.
        let pause = doubled.min(self.longest_pause).max(SHORTEST_PAUSE);
        Some(pause.min(left))
    }

    /// Looks until `look` finds the state, the limit is over, or the provider is stopped. `look` says `None` for "not yet".
    ///
    /// `elapsed` is the time since the operation began; `pause` lets time pass, and says if the provider was stopped.
    pub async fn wait<T, E, Look, Looking, Pausing>(
        &self,
        elapsed: impl Fn() -> Duration,
        mut pause: impl FnMut(Duration) -> Pausing,
        mut look: Look,
    ) -> WaitResult<T, E>
    where
        Look: FnMut() -> Looking,
        Looking: Future<Output = Result<Option<T>, E>>,
        Pausing: Future<Output = Pause>,
    {
        let mut looks = 0_u32;
        loop {
            match look().await {
                Ok(Some(found)) => return WaitResult::Reached(found),
                Ok(None) => {}
                Err(error) => return WaitResult::Failed(error),
            }
            looks = looks.saturating_add(1);
            let Some(next) = self.pause_after(looks, elapsed()) else {
                return WaitResult::TimedOut;
            };
            if pause(next).await == Pause::Stopped {
                return WaitResult::Stopped;
            }
        }
    }
}

const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use std::{
        cell::{Cell, RefCell},
        future::ready,
    };

    use proptest::prelude::*;

    use super::*;

    const POLICY: WaitPolicy = WaitPolicy {
        first_pause: Duration::from_secs(1),
        longest_pause: Duration::from_secs(5),
        limit: Duration::from_secs(20),
    };

    /// Waits with a clock that moves by pauses and by `look_time` a look. Returns the pauses and the result.
    fn run(
        policy: WaitPolicy,
        look_time: Duration,
        stop_after: Option<usize>,
        look: impl Fn(usize) -> Result<Option<&'static str>, &'static str>,
    ) -> (Vec<Duration>, WaitResult<&'static str, &'static str>) {
        let now = Cell::new(Duration::ZERO);
        let pauses = RefCell::new(Vec::new());
        let looks = Cell::new(0);
        let waiting = policy.wait(
            || now.get(),
            |pause| {
                now.set(now.get() + pause);
                pauses.borrow_mut().push(pause);
                ready(if Some(pauses.borrow().len()) == stop_after {
                    Pause::Stopped
                } else {
                    Pause::Over
                })
            },
            || {
                now.set(now.get() + look_time);
                looks.set(looks.get() + 1);
                ready(look(looks.get()))
            },
        );
        let result = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime without I/O needs nothing")
            .block_on(waiting);
        (pauses.into_inner(), result)
    }

    fn check(
        stop_after: Option<usize>,
        look: impl Fn(usize) -> Result<Option<&'static str>, &'static str>,
        expected_pauses: &[u64],
        expected: WaitResult<&'static str, &'static str>,
    ) {
        let (pauses, result) = run(POLICY, Duration::ZERO, stop_after, look);
        let pauses: Vec<u64> = pauses.iter().map(Duration::as_secs).collect();
        assert_eq!((pauses.as_slice(), result), (expected_pauses, expected));
    }

    #[test]
    fn wait_ends_as_soon_as_the_state_is_reached() {
        check(
            None,
            |_| Ok(Some("ready")),
            &[],
            WaitResult::Reached("ready"),
        );
        let third = |look| Ok((look == 3).then_some("ready"));
        check(None, third, &[1, 2], WaitResult::Reached("ready"));
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_end_with_the_limit() {
        check(
            None,
            |_| Ok(None),
            &[1, 2, 4, 5, 5, 3],
            WaitResult::TimedOut,
        );
        // The last look comes when the limit is over.
        let last = |look| Ok((look == 7).then_some("ready"));
        check(
            None,
            last,
            &[1, 2, 4, 5, 5, 3],
            WaitResult::Reached("ready"),
        );
    }

    #[test]
    fn stop_and_failure_end_the_wait() {
        check(Some(2), |_| Ok(None), &[1, 2], WaitResult::Stopped);
        let fails = |look| if look < 2 { Ok(None) } else { Err("gone") };
        check(None, fails, &[1], WaitResult::Failed("gone"));
    }

    #[test]
    fn time_of_looks_counts_towards_the_limit() {
        let (pauses, result) = run(POLICY, Duration::from_secs(30), None, |_| Ok(None));
        assert_eq!((pauses.len(), result), (0, WaitResult::TimedOut));
    }

    proptest! {
        #[test]
        fn any_policy_ends_within_its_limit(
            first in 0_u64..10_000,
            longest in 0_u64..10_000,
            limit in 0_u64..3_000,
            look_time in 0_u64..50,
        ) {
            let policy = WaitPolicy {
                first_pause: Duration::from_millis(first),
                longest_pause: Duration::from_millis(longest),
                limit: Duration::from_millis(limit),
            };
            let (pauses, result) = run(policy, Duration::from_millis(look_time), None, |_| Ok(None));
            prop_assert_eq!(result, WaitResult::TimedOut);
            prop_assert!(pauses.iter().sum::<Duration>() <= policy.limit);
            prop_assert!(pauses.iter().all(|pause| !pause.is_zero()));
        }
    }
}
