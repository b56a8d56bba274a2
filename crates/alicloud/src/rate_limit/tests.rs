use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, advance, sleep, timeout};

use super::{Ledger, PERIOD, RateLimitKey, RateLimiter};

fn key(account: &str, action: &'static str) -> RateLimitKey {
    RateLimitKey {
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
            limiter.permit(&key("a", "Bind"), 10).await;
            Instant::now()
        })
    });
    let mut permits = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        permits.push(call.await.expect("no panic"));
    }
    permits.sort();
    for window in permits.windows(11) {
        let span = window[10] - window[0];
        assert!(span > Duration::from_secs(1), "11 permits within {span:?}");
    }
    // And hardly slower than that: after ten at once it is a tenth of a period for each.
    let span = *permits.last().expect("permits") - started;
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
            limiter.permit(&key("a", "Bind"), 2).await;
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
async fn queues_are_apart() {
    let limiter = RateLimiter::default();
    let started = Instant::now();
    for (account, action) in [("a", "Bind"), ("a", "Query"), ("b", "Bind")] {
        limiter.permit(&key(account, action), 1).await;
    }
    assert_eq!(started.elapsed(), Duration::ZERO);
    limiter.permit(&key("a", "Bind"), 1).await;
    assert_eq!(started.elapsed(), PERIOD);
}

#[tokio::test(start_paused = true)]
async fn cancelled_wait_uses_no_permit() {
    let limiter = RateLimiter::default();
    let queue = key("a", "Bind");
    limiter.permit(&queue, 1).await;
    let started = Instant::now();
    let left = timeout(Duration::from_millis(100), limiter.permit(&queue, 1)).await;
    assert!(left.is_err());
    limiter.permit(&queue, 1).await;
    assert_eq!(started.elapsed(), PERIOD);
}

#[tokio::test(start_paused = true)]
async fn idle_queues_are_forgotten() {
    let limiter = RateLimiter::default();
    for number in 0..100 {
        limiter.permit(&key(&number.to_string(), "Bind"), 1).await;
        advance(Duration::from_secs(2)).await;
    }
    assert_eq!(limiter.queues.lock().expect("not poisoned").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_slows_the_lane_and_success_restores_it() {
    let limiter = RateLimiter::default();
    let queue = key("a", "Bind");
    let permit = limiter.permit(&queue, 10).await;
    let same_moment = limiter.permit(&queue, 10).await;
    let pace = permit.throttled(None).expect("slower");
    assert!((pace - 7.0).abs() < 1e-9, "{pace}");
    // A refusal from the same burst teaches nothing new.
    assert_eq!(same_moment.throttled(None), None);
    // Turns are even now.
    let started = Instant::now();
    let mut permits = Vec::new();
    for _ in 0..7 {
        permits.push(limiter.permit(&queue, 10).await);
    }
    let span = started.elapsed().as_secs_f64();
    assert!((0.9..1.1).contains(&span), "7 permits in {span} s");
    // A second of successes makes it a quarter of a call a second faster; a dozen of them restore the limit.
    for permit in &permits {
        permit.taken();
    }
    let pace = limiter
        .queue(&queue)
        .ledger()
        .reduced
        .expect("still slower");
    assert!((7.2..7.3).contains(&pace), "{pace}");
    for _ in 0..110 {
        limiter.permit(&queue, 10).await.taken();
    }
    assert_eq!(limiter.queue(&queue).ledger().reduced, None);
}

/// The first calls take their time, because connections are made; those after them arrive at once.
#[tokio::test(start_paused = true)]
async fn a_late_arrival_counts_from_when_it_may_have_arrived() {
    let limiter = Arc::new(RateLimiter::default());
    let mut arrivals = Vec::new();
    let first = (0..10).map(|_| {
        let limiter = Arc::clone(&limiter);
        tokio::spawn(async move {
            let permit = limiter.permit(&key("a", "Bind"), 10).await;
            sleep(Duration::from_millis(150)).await;
            permit.taken();
            Instant::now()
        })
    });
    for arrival in first.collect::<Vec<_>>() {
        arrivals.push(arrival.await.expect("no panic"));
    }
    for _ in 0..30 {
        let permit = limiter.permit(&key("a", "Bind"), 10).await;
        arrivals.push(Instant::now());
        sleep(Duration::from_millis(20)).await;
        permit.taken();
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
async fn late_timers_do_not_add_up() {
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
    let queue = key("a", "Bind");
    for _ in 0..20 {
        limiter.permit(&queue, 10).await.throttled(None);
    }
    let pace = limiter.queue(&queue).ledger().reduced.expect("slower");
    assert!((pace - 0.5).abs() < 1e-9, "{pace}");
}

#[tokio::test(start_paused = true)]
async fn retry_after_delays_all_permits() {
    let limiter = Arc::new(RateLimiter::default());
    let refused = limiter.permit(&key("a", "Bind"), 10).await;
    let started = Instant::now();
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let limiter = Arc::clone(&limiter);
            tokio::spawn(async move { limiter.permit(&key("a", "Bind"), 1).await })
        })
        .collect();
    // They are in line already when the refusal comes.
    advance(Duration::from_millis(100)).await;
    refused.throttled(Some(Duration::from_secs(5)));
    for permit in waiting {
        let permit = permit.await.expect("no panic");
        assert!(
            permit.taken - started >= Duration::from_secs(5),
            "{permit:?}"
        );
    }
    let other = limiter.permit(&key("b", "Bind"), 10).await;
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
                        let permit = limiter.permit(&key("a", "Bind"), 10).await;
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
                            permit.taken();
                            taken += 1;
                        } else {
                            permit.throttled(None);
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
