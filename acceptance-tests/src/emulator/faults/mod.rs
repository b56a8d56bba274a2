//! Faults on demand: which calls they hit, when, and how often.
//!
//! A fault is played on calls that are signed well and within the limits. Any other call gets the error that says what is
//! wrong with it. What a fault does to a response is in [`kind`].

use std::collections::BTreeMap;

mod kind;

use super::request::Received;
use fastrand::Rng;
pub use kind::FaultKind;
pub(super) use kind::{Wire, WireBody};
use serde::{Deserialize, Serialize};

/// A fault: which calls, when, how often, what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Action that it hits; absent, every action.
    #[serde(default)]
    pub action: Option<String>,
    /// Parameters and their values that a call must have to be hit.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// Account whose calls it hits; absent, every account.
    #[serde(default)]
    pub account: Option<String>,
    /// Before the operation runs (which then never runs), or after it has run.
    #[serde(default)]
    pub when: When,
    /// Matching calls that are let pass first.
    #[serde(default)]
    pub skip: u32,
    /// Matching calls that are hit; `null` is all of them, for ever.
    #[serde(default = "once")]
    pub times: Option<u32>,
    /// Chance of a matching call to be hit, 0 to 1; a call that is not hit is not counted.
    #[serde(default = "certain")]
    pub probability: f64,
    /// Seed of that chance, so that a run is reproducible.
    #[serde(default)]
    pub seed: u64,
    /// What happens.
    pub fault: FaultKind,
}

/// Whether the operation runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// The operation does not run (but [`FaultKind::Slow`] only delays it).
    #[default]
    Before,
    /// The operation runs, and then the fault changes its response.
    After,
}

impl Fault {
    /// Hits the next call of an action, before it runs.
    pub fn new(action: &str, fault: FaultKind) -> Self {
        Fault {
            action: Some(action.to_owned()),
            parameters: BTreeMap::new(),
            account: None,
            when: When::Before,
            skip: 0,
            times: once(),
            probability: certain(),
            seed: 0,
            fault,
        }
    }

    /// The same, after the operation has run.
    pub fn after(self) -> Self {
        Fault {
            when: When::After,
            ..self
        }
    }

    /// The same, for that many calls.
    pub fn times(self, times: u32) -> Self {
        Fault {
            times: Some(times),
            ..self
        }
    }

    /// The same, for ever.
    pub fn always(self) -> Self {
        Fault {
            times: None,
            ..self
        }
    }

    /// The same, once that many calls have passed.
    pub fn skip(self, skip: u32) -> Self {
        Fault { skip, ..self }
    }

    /// The same, only for calls with that value of a parameter.
    pub fn with_parameter(mut self, name: &str, value: &str) -> Self {
        self.parameters.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The same, by chance.
    pub fn with_probability(self, probability: f64, seed: u64) -> Self {
        Fault {
            probability,
            seed,
            ..self
        }
    }

    fn matches(&self, received: &Received, action: &str, account: Option<&str>) -> bool {
        self.action.as_deref().is_none_or(|wanted| wanted == action)
            && (self.account.is_none() || self.account.as_deref() == account)
            && self
                .parameters
                .iter()
                .all(|(name, value)| received.parameter(name) == Some(value))
    }
}

/// The faults that are waiting for their calls, oldest first.
#[derive(Default)]
pub(super) struct Faults {
    waiting: Vec<(Fault, Rng)>,
}

impl Faults {
    /// Adds a fault behind the others; an error is a sentence about what is wrong with it.
    pub(super) fn add(&mut self, fault: Fault) -> Result<(), String> {
        if !(0.0..=1.0).contains(&fault.probability) {
            return Err(format!(
                "the probability {} is not between 0 and 1",
                fault.probability
            ));
        }
        if let FaultKind::Throttle { status, .. }
        | FaultKind::Error { status, .. }
        | FaultKind::Html { status }
        | FaultKind::Page { status, .. }
        | FaultKind::Body { status, .. }
        | FaultKind::Redirect { status, .. } = &fault.fault
            && !(200..=599).contains(status)
        {
            return Err(format!("the status {status} is not between 200 and 599"));
        }
        let rng = Rng::with_seed(fault.seed);
        self.waiting.push((fault, rng));
        Ok(())
    }

    /// The fault for this call, if one is due; at most one is played on a call.
    pub(super) fn take(
        &mut self,
        received: &Received,
        action: &str,
        account: Option<&str>,
    ) -> Option<(When, FaultKind)> {
        let mut due = None;
        for (index, (fault, rng)) in self.waiting.iter_mut().enumerate() {
            if !fault.matches(received, action, account) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if fault.probability < 1.0 && rng.f64() >= fault.probability {
                continue;
            }
            due = Some(index);
            break;
        }
        let index = due?;
        let (fault, _) = &mut self.waiting[index];
        let hit = (fault.when, fault.fault.clone());
        if let Some(times) = &mut fault.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.waiting.remove(index);
            }
        }
        Some(hit)
    }

    /// The faults that are still waiting.
    pub(super) fn all(&self) -> Vec<&Fault> {
        self.waiting.iter().map(|(fault, _)| fault).collect()
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }
}

fn once() -> Option<u32> {
    Some(1)
}

fn certain() -> f64 {
    1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(pairs: &[(&str, &str)]) -> Received {
        Received {
            query: pairs
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            ..Received::default()
        }
    }

    fn check(faults: Vec<Fault>, actions: &[&str], expected: &[Option<&str>]) {
        let mut waiting = Faults::default();
        for fault in faults {
            waiting.add(fault).expect("a sound fault");
        }
        let hits: Vec<Option<&str>> = actions
            .iter()
            .map(|action| {
                let hit = waiting.take(&request(&[("WabaId", "7")]), action, Some("1"));
                hit.map(|(_, fault)| fault.name())
            })
            .collect();
        assert_eq!(hits, expected);
    }

    #[test]
    fn faults_hit_matching_calls_only() {
        use FaultKind::{Cut, EmptyBody};
        let cut = || Fault::new("A", Cut);
        check(vec![cut()], &["B", "A", "A"], &[None, Some("cut"), None]);
        check(
            vec![cut().times(2)],
            &["A", "A", "A"],
            &[Some("cut"), Some("cut"), None],
        );
        check(vec![cut().always()], &["A"; 4], &[Some("cut"); 4]);
        check(
            vec![cut().skip(2)],
            &["A"; 4],
            &[None, None, Some("cut"), None],
        );
        let first_then = vec![cut(), Fault::new("A", EmptyBody)];
        check(
            first_then,
            &["A"; 3],
            &[Some("cut"), Some("empty_body"), None],
        );
        check(
            vec![cut().with_parameter("WabaId", "7")],
            &["A"],
            &[Some("cut")],
        );
        check(vec![cut().with_parameter("WabaId", "8")], &["A"], &[None]);
        check(vec![cut().with_parameter("Other", "7")], &["A"], &[None]);
        let any = Fault {
            action: None,
            ..cut()
        };
        check(vec![any], &["Z"], &[Some("cut")]);
        let of = |account: &str| Fault {
            account: Some(account.to_owned()),
            ..cut()
        };
        check(vec![of("2")], &["A"], &[None]);
        check(vec![of("1")], &["A"], &[Some("cut")]);
    }

    #[test]
    fn probability_is_reproducible_by_seed() {
        let run = |seed| {
            let mut waiting = Faults::default();
            let fault = Fault::new("A", FaultKind::Cut).always();
            waiting
                .add(fault.with_probability(0.3, seed))
                .expect("sound");
            let hits: Vec<bool> = (0..1000)
                .map(|_| waiting.take(&request(&[]), "A", None).is_some())
                .collect();
            hits
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
        let hits = run(1).into_iter().filter(|&hit| hit).count();
        assert!((250..350).contains(&hits), "{hits} of 1000");
    }

    #[test]
    fn invalid_faults_are_refused() {
        let mut waiting = Faults::default();
        let fault = Fault::new("A", FaultKind::Cut).with_probability(1.5, 0);
        assert!(waiting.add(fault).is_err());
        let fault = Fault::new("A", FaultKind::Html { status: 99 });
        assert!(waiting.add(fault).is_err());
        assert!(waiting.all().is_empty());
    }

    #[test]
    fn unknown_fault_is_refused_with_the_list_of_faults() {
        let parse = |text| serde_json::from_str::<Fault>(text).map_err(|error| error.to_string());
        assert!(parse(r#"{"fault":"cut"}"#).is_ok());
        assert!(parse(r#"{"fault":{"throttle":{}},"times":null}"#).is_ok());
        let error = parse(r#"{"fault":"cat"}"#).expect_err("no such fault");
        assert!(
            error.contains("`cut`") && error.contains("`drip`"),
            "{error}"
        );
        let error = parse(r#"{"fault":"cut","tims":3}"#).expect_err("no such key");
        assert!(error.contains("`times`"), "{error}");
        let error = parse(r#"{"fault":{"throttle":{"cod":"X"}}}"#).expect_err("no such key");
        assert!(error.contains("`code`"), "{error}");
    }
}
