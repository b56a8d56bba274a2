//! Memory of the recent past: calls within the last second, nonces within the last quarter of an hour.
//!
//! Must not contain: clocks; the time is always an argument.

use std::collections::{HashMap, HashSet, VecDeque};

/// How long a nonce is remembered, in milliseconds; the documented fifteen minutes.
const NONCE_LIFE_MS: u64 = 15 * 60 * 1000;

/// Accepted calls of the last second, for each account and action.
#[derive(Default)]
pub(super) struct Windows {
    calls: HashMap<(String, String), VecDeque<u64>>,
}

impl Windows {
    /// Counts a call in, unless `limit` calls were counted within the second before it.
    pub(super) fn admit(&mut self, account: &str, action: &str, limit: u32, now_ms: u64) -> bool {
        let key = (account.to_owned(), action.to_owned());
        let window = self.calls.entry(key).or_default();
        while window.front().is_some_and(|&call| call + 1000 <= now_ms) {
            window.pop_front();
        }
        let admitted = window.len() < limit as usize;
        if admitted {
            window.push_back(now_ms);
        }
        admitted
    }
}

/// Nonces that were used.
#[derive(Default)]
pub(super) struct Nonces {
    known: HashSet<(String, String)>,
    order: VecDeque<(u64, (String, String))>,
}

impl Nonces {
    /// Remembers the nonce of a key; `false` if it is known from the last fifteen minutes.
    pub(super) fn use_once(&mut self, access_key_id: &str, nonce: &str, now_ms: u64) -> bool {
        while let Some((used, oldest)) = self.order.front()
            && *used + NONCE_LIFE_MS <= now_ms
        {
            self.known.remove(oldest);
            self.order.pop_front();
        }
        let entry = (access_key_id.to_owned(), nonce.to_owned());
        if !self.known.insert(entry.clone()) {
            return false;
        }
        self.order.push_back((now_ms, entry));
        true
    }
}

/// The most of these times (ascending, in milliseconds) that lie within any one second.
pub(super) fn busiest_second(times: &[u64]) -> usize {
    let mut first = 0;
    let mut most = 0;
    for (last, time) in times.iter().enumerate() {
        while times[first] + 1000 <= *time {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(limit: u32, times: &[u64], expected: &[bool]) {
        let mut windows = Windows::default();
        let admitted: Vec<bool> = times
            .iter()
            .map(|&now| windows.admit("1", "A", limit, now))
            .collect();
        assert_eq!(admitted, expected, "{limit} of {times:?}");
    }

    #[test]
    fn the_window_slides_and_refused_calls_do_not_count() {
        check(2, &[0, 1, 2], &[true, true, false]);
        check(2, &[0, 999, 999, 1000], &[true, true, false, true]);
        check(
            2,
            &[0, 500, 999, 1000, 1499, 1500],
            &[true, true, false, true, false, true],
        );
        check(0, &[0, 5000], &[false, false]);
    }

    #[test]
    fn accounts_and_actions_have_their_own_windows() {
        let mut windows = Windows::default();
        for (account, action, admitted) in [
            ("1", "A", true),
            ("1", "A", false),
            ("2", "A", true),
            ("1", "B", true),
        ] {
            assert_eq!(windows.admit(account, action, 1, 0), admitted);
        }
    }

    #[test]
    fn nonce_is_accepted_once_in_fifteen_minutes() {
        let mut nonces = Nonces::default();
        for (key, nonce, now, fresh) in [
            ("k", "a", 0, true),
            ("k", "a", 1, false),
            ("k", "b", 1, true),
            ("l", "a", 1, true),
            ("k", "a", NONCE_LIFE_MS - 1, false),
            ("k", "a", NONCE_LIFE_MS, true),
            ("k", "b", NONCE_LIFE_MS, false),
            ("k", "b", NONCE_LIFE_MS + 1, true),
        ] {
            assert_eq!(
                nonces.use_once(key, nonce, now),
                fresh,
                "{key} {nonce} {now}"
            );
        }
    }

    #[test]
    fn the_busiest_second_is_found() {
        for (times, most) in [
            (vec![], 0),
            (vec![5], 1),
            (vec![0, 999, 1000], 2),
            (vec![0, 1000, 2000], 1),
            (vec![0, 400, 800, 1100, 1200, 1399, 3000], 5),
        ] {
            assert_eq!(busiest_second(&times), most, "{times:?}");
        }
    }
}
