//! Chooses a step. The choice depends on a random generator and on the earlier configuration only.
//!
//! Must not contain: the running of a command, or a look at the cloud.

use std::fmt;

use acceptance_tests::emulator::{
    Behavior, BindAgain, BindResponseWabaId, BusinessErrorStatus, Fault, FaultKind, Filter,
    KeyStyle, NothingBound, SpaceIdStyle, SpaceResponse, SuccessFlag, Throttling,
};
use fastrand::Rng;

pub(crate) const BIND: &str = "ChatappBindWaba";
pub(crate) const QUERY: &str = "QueryChatappBindWaba";
pub(crate) const LIST: &str = "ListInstance";
pub(crate) const ASSUME: &str = "AssumeRole";

/// Accounts of a worker. The first is that of the provider's own keys; the others are reached through a role.
pub(crate) const ACCOUNTS: usize = 3;

const MOST_BINDINGS: usize = 6;

/// The error code of a service that refuses a second bind. None is documented.
const BOUND_ALREADY: &str = "Waba.AlreadyBound";

/// One of the weighted choices.
fn pick<T: Copy>(rng: &mut Rng, choices: &[(u32, T)]) -> T {
    let total = choices.iter().map(|(weight, _)| weight).sum();
    let mut number = rng.u32(0..total);
    for (weight, choice) in choices {
        match number.checked_sub(*weight) {
            Some(left) => number = left,
            None => return *choice,
        }
    }
    choices[0].1
}

fn chance(rng: &mut Rng, percent: u32) -> bool {
    rng.u32(0..100) < percent
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drift {
    AnotherWaba,
    WabaGone,
    SpaceGone,
}

/// How an apply is ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Interrupt,
    InterruptTwice,
    Terminate,
    KillProvider,
    KillCli,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Plan,
    Apply,
    Refresh,
    /// By a block of the configuration, or by the command.
    Import {
        block: bool,
    },
    Drift(Drift),
    Behavior,
    Ended(End),
    Converge,
}

impl Action {
    pub(crate) fn random(rng: &mut Rng) -> Self {
        pick(
            rng,
            &[
                (4, Action::Plan),
                (26, Action::Apply),
                (6, Action::Refresh),
                (3, Action::Import { block: true }),
                (3, Action::Import { block: false }),
                (4, Action::Drift(Drift::AnotherWaba)),
                (2, Action::Drift(Drift::WabaGone)),
                (2, Action::Drift(Drift::SpaceGone)),
                (12, Action::Behavior),
                (5, Action::Ended(End::Interrupt)),
                (3, Action::Ended(End::InterruptTwice)),
                (3, Action::Ended(End::Terminate)),
                (4, Action::Ended(End::KillProvider)),
                (4, Action::Ended(End::KillCli)),
                (4, Action::Converge),
            ],
        )
    }

    /// Chance of faults, in percent.
    fn faulty(self) -> u32 {
        match self {
            Action::Plan => 30,
            Action::Apply => 65,
            Action::Refresh => 50,
            Action::Import { .. } => 40,
            Action::Ended(_) => 30,
            Action::Drift(_) | Action::Behavior | Action::Converge => 0,
        }
    }
}

/// A binding that the configuration asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Binding {
    pub(crate) name: String,
    pub(crate) waba_id: String,
    pub(crate) account: usize,
    pub(crate) isv_code: bool,
    pub(crate) prevent: bool,
    pub(crate) create_seconds: u32,
}

#[derive(Clone, Copy)]
enum Edit {
    Add,
    Change,
    Remove,
}

/// What the configuration asks for, and what it has asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wishes {
    pub(crate) bindings: Vec<Binding>,
    /// WABAs that it does not ask for any more, each with its account.
    retired: Vec<(String, usize)>,
    names: u32,
    wabas: u64,
}

impl Wishes {
    pub(crate) fn new(worker: usize) -> Self {
        Self {
            bindings: Vec::new(),
            retired: Vec::new(),
            names: 0,
            // So that no ID is part of another, or of a message by accident.
            wabas: 410_000_000_000_000 + 1_000_000_000 * worker as u64,
        }
    }

    /// A WABA that nothing has asked for yet.
    pub(crate) fn fresh_waba(&mut self) -> String {
        self.wabas += 1;
        self.wabas.to_string()
    }

    /// What is wished for is what was wished before; but no name and no WABA is given twice.
    pub(crate) fn back_to(&mut self, before: Wishes) {
        let (names, wabas) = (self.names, self.wabas);
        *self = Wishes {
            names,
            wabas,
            ..before
        };
    }

    pub(crate) fn add(&mut self, rng: &mut Rng) -> Binding {
        self.names += 1;
        let account = rng.usize(0..ACCOUNTS);
        // Now and then one that was bound before and abandoned.
        let again = chance(rng, 20)
            .then(|| self.retired.iter().position(|(_, whose)| *whose == account))
            .flatten();
        let waba_id = match again {
            Some(index) => self.retired.remove(index).0,
            None => self.fresh_waba(),
        };
        let binding = Binding {
            name: format!("b{}", self.names),
            waba_id,
            account,
            isv_code: chance(rng, 25),
            prevent: chance(rng, 4),
            create_seconds: 25,
        };
        self.bindings.push(binding.clone());
        binding
    }

    fn added(&mut self, rng: &mut Rng) -> String {
        let Binding {
            name,
            waba_id,
            account,
            ..
        } = self.add(rng);
        format!("{name}: new, WABA {waba_id}, account {account}")
    }

    fn change(&mut self, rng: &mut Rng) -> String {
        let index = rng.usize(0..self.bindings.len());
        let fresh = self.fresh_waba();
        let binding = &mut self.bindings[index];
        let name = binding.name.clone();
        match pick(rng, &[(3, 0), (2, 1), (2, 2), (2, 3), (2, 4)]) {
            0 => {
                self.retired
                    .push((binding.waba_id.clone(), binding.account));
                binding.waba_id = fresh;
                format!("{name}: waba_id {}", binding.waba_id)
            }
            1 => {
                self.retired
                    .push((binding.waba_id.clone(), binding.account));
                binding.account = (binding.account + 1) % ACCOUNTS;
                binding.waba_id = fresh;
                format!(
                    "{name}: account {}, waba_id {}",
                    binding.account, binding.waba_id
                )
            }
            2 => {
                binding.isv_code = !binding.isv_code;
                format!("{name}: isv_code {}", binding.isv_code)
            }
            3 => {
                binding.prevent = !binding.prevent && chance(rng, 20);
                format!("{name}: prevent {}", binding.prevent)
            }
            _ => {
                binding.create_seconds = rng.u32(20..30);
                format!("{name}: create {} s", binding.create_seconds)
            }
        }
    }

    /// One to three changes; the first is a new binding if one has to be made.
    pub(crate) fn edit(&mut self, rng: &mut Rng, binds: bool) -> Vec<String> {
        let mut edits = Vec::new();
        for number in 0..rng.usize(1..=3) {
            let kind = pick(rng, &[(4, Edit::Add), (4, Edit::Change), (2, Edit::Remove)]);
            let must_bind = (binds && number == 0) || self.bindings.is_empty();
            let full = self.bindings.len() >= MOST_BINDINGS;
            if must_bind && full {
                edits.push(self.remove(rng));
            }
            edits.push(match kind {
                _ if must_bind => self.added(rng),
                Edit::Add if !full => self.added(rng),
                Edit::Change => self.change(rng),
                Edit::Add | Edit::Remove => self.remove(rng),
            });
        }
        edits
    }

    fn remove(&mut self, rng: &mut Rng) -> String {
        let gone = self.bindings.remove(rng.usize(0..self.bindings.len()));
        self.retired.push((gone.waba_id, gone.account));
        format!("{}: removed", gone.name)
    }
}

/// A fault, for people.
pub(crate) struct Shown<'a>(pub(crate) &'a Fault);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = self.0;
        let action = fault.action.as_deref().unwrap_or("any action");
        write!(f, "{:?} {:?} {action}", fault.fault, fault.when)?;
        match fault.times {
            None => f.write_str(", always")?,
            Some(times) => write!(f, ", {times} times")?,
        }
        if fault.skip > 0 {
            write!(f, ", after {}", fault.skip)?;
        }
        if fault.probability < 1.0 {
            write!(f, ", by chance {}", fault.probability)?;
        }
        Ok(())
    }
}

/// The faults that an action comes with.
pub(crate) fn faults(rng: &mut Rng, action: Action) -> Vec<Fault> {
    if !chance(rng, action.faulty()) {
        return Vec::new();
    }
    let count = pick(rng, &[(5, 1), (3, 2), (2, 3)]);
    (0..count).map(|_| fault(rng)).collect()
}

fn fault(rng: &mut Rng) -> Fault {
    let action = pick(
        rng,
        &[
            (9, Some(BIND)),
            (4, Some(QUERY)),
            (5, Some(LIST)),
            (3, Some(ASSUME)),
            (2, None),
        ],
    );
    let after = chance(rng, 50);
    let mut fault = Fault::new(BIND, kind(rng, action, after));
    fault.action = action.map(str::to_owned);
    if after {
        fault = fault.after();
    }
    match pick(rng, &[(5, 0), (3, 1), (2, 2), (3, 3)]) {
        0 => {}
        1 => fault = fault.times(rng.u32(2..5)),
        2 => fault = fault.always(),
        _ => {
            let percent = rng.u32(10..70);
            fault = fault
                .always()
                .with_probability(f64::from(percent) / 100.0, rng.u64(..));
        }
    }
    if chance(rng, 25) {
        fault = fault.skip(rng.u32(1..4));
    }
    fault
}

fn kind(rng: &mut Rng, action: Option<&str>, after: bool) -> FaultKind {
    let error = |status: u16, code: &str, retry_after_ms| FaultKind::Error {
        status,
        code: code.to_owned(),
        message: "injected".to_owned(),
        retry_after_ms,
    };
    let wait = chance(rng, 50).then(|| rng.u64(50..1_500));
    // Faults that do not show whether the call was executed, and responses with unexpected fields.
    let vague = rng.u32(0..14);
    let clear = rng.u32(0..9);
    // A service that has executed a bind does not say that it has not.
    let may_refuse = !(after && matches!(action, Some(BIND) | None));
    if may_refuse && chance(rng, 45) {
        return match clear {
            0 => FaultKind::Throttle {
                code: "Throttling.User".to_owned(),
                status: 400,
                retry_after_ms: wait,
            },
            1 => FaultKind::Throttle {
                code: "System.LimitControl".to_owned(),
                status: 200,
                retry_after_ms: None,
            },
            2 => FaultKind::Throttle {
                code: "Throttling".to_owned(),
                status: 429,
                retry_after_ms: wait,
            },
            3 => error(503, "ServiceUnavailable", wait),
            4 => error(200, "Some.Failure", None),
            5 => FaultKind::denied(),
            6 => FaultKind::ExpiredToken,
            7 => FaultKind::Redirect {
                status: 302,
                location: "http://127.0.0.1:9/elsewhere".to_owned(),
            },
            _ => error(400, "SignatureNonceUsed", None),
        };
    }
    let fields = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    match vague {
        0 => FaultKind::Cut,
        1 => FaultKind::Reset,
        2 => FaultKind::Slow {
            delay_ms: rng.u64(100..3_000),
        },
        3 => FaultKind::Drip {
            bytes: rng.usize(8..64),
            interval_ms: rng.u64(20..400),
        },
        4 => FaultKind::Truncate {
            bytes: chance(rng, 50).then_some(20),
        },
        5 => error(500, "InternalError", None),
        6 => FaultKind::Html { status: 502 },
        7 => FaultKind::Html { status: 504 },
        8 => FaultKind::EmptyBody,
        9 => FaultKind::InvalidJson,
        10 => FaultKind::HugeBody { bytes: 5 << 20 },
        11 => FaultKind::Body {
            status: 200,
            content_type: "text/plain".to_owned(),
            text: "moved".to_owned(),
        },
        12 => FaultKind::MissingFields {
            fields: match action {
                Some(BIND) => fields(pick(rng, &[(1, &["Data.CustSpaceId"]), (1, &["Data"])])),
                Some(LIST) => fields(&["Data"]),
                Some(ASSUME) => fields(&["Credentials"]),
                // Without its data a query says that nothing is bound.
                _ => fields(&["Code"]),
            },
        },
        _ => FaultKind::WrongTypes {
            fields: match action {
                Some(BIND | QUERY | LIST) => fields(pick(rng, &[(1, &["Data"]), (1, &["Code"])])),
                Some(ASSUME) => fields(&["Credentials"]),
                _ => fields(&["Code"]),
            },
        },
    }
}

/// The delay of a response to a bind, so that a signal arrives before it.
pub(crate) fn delay(rng: &mut Rng) -> Option<Fault> {
    let delay_ms = rng.u64(300..1_500);
    let slow = Fault::new(BIND, FaultKind::Slow { delay_ms }).always();
    let early = slow.clone();
    match rng.u32(0..10) {
        0..6 => Some(slow.after()),
        6..8 => Some(early),
        _ => None,
    }
}

/// Other positions of the switches for what nobody knows about the service.
pub(crate) fn behavior(rng: &mut Rng) -> Behavior {
    let nothing = |rng: &mut Rng| match rng.u32(0..5) {
        0 => NothingBound::DataNull,
        1 => NothingBound::DataEmpty,
        2 => NothingBound::DataMissing,
        3 => NothingBound::DataWithoutId,
        _ => NothingBound::Error("Waba.NotBound".to_owned()),
    };
    let filter = |rng: &mut Rng| pick(rng, &[(1, Filter::Applied), (1, Filter::Ignored)]);
    let mut behavior = Behavior::default();
    behavior.waba.bind_again = match rng.u32(0..7) {
        0..2 => BindAgain::SameSpace,
        2..5 => BindAgain::NewSpace,
        _ => BindAgain::Error(BOUND_ALREADY.to_owned()),
    };
    behavior.waba.nothing_bound = nothing(rng);
    behavior.response.business_error_status = pick(
        rng,
        &[
            (1, BusinessErrorStatus::Documented),
            (1, BusinessErrorStatus::Always200),
            (1, BusinessErrorStatus::Always400),
        ],
    );
    behavior.instance.list_shows_bound_spaces = chance(rng, 80);
    behavior.instance.instance_id_equals_space = chance(rng, 50);
    behavior.instance.list_bind_id_filter = filter(rng);
    behavior.instance.list_is_bind_filter = filter(rng);
    behavior.instance.list_filter_str = filter(rng);
    behavior.instance.list_maximum_page_size = pick(rng, &[(3, 100), (1, 2), (1, 5)]);
    behavior.response.success_flag = pick(
        rng,
        &[
            (2, SuccessFlag::Consistent),
            (1, SuccessFlag::Absent),
            (1, SuccessFlag::FalseBesideOk),
        ],
    );
    behavior.response.ok_code = pick(rng, &[(3, "OK"), (1, "ok")]).to_owned();
    behavior.response.unknown_keys = chance(rng, 50);
    behavior.waba.bind_response_waba_id = match rng.u32(0..3) {
        0 => BindResponseWabaId::Absent,
        _ => BindResponseWabaId::Same,
    };
    behavior.space.space_id_style = pick(rng, &[(2, SpaceIdStyle::Cams), (1, SpaceIdStyle::Isv)]);
    behavior.gateway.cams_calls_per_second = Some(pick(rng, &[(6, 10), (1, 5), (1, 3)]));
    behavior.gateway.throttling = pick(rng, &[(1, Throttling::Gateway), (1, Throttling::Product)]);
    behavior.gateway.throttling_retry_after_ms = chance(rng, 30).then(|| rng.u64(100..1_500));
    behavior.gateway.error_keys = pick(rng, &[(1, KeyStyle::Pascal), (1, KeyStyle::Camel)]);
    if chance(rng, 50) {
        behavior.space.unknown_space = SpaceResponse::NothingBound;
    }
    match rng.u32(0..6) {
        0 => behavior.waba.lag_queries = rng.u32(1..10),
        1 => behavior.waba.lag_ms = rng.u64(200..12_000),
        _ => {}
    }
    behavior
}
