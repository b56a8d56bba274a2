//! Never lost, never doubled: every way in which a bind can go wrong, against everything that is not known of the service.
//!
//! The shipped binary is driven through the plugin host, and afterwards its answers are compared with what the emulated
//! service really holds. Must not contain: the CLI, or faults of other operations.

use std::{path::PathBuf, time::Duration};

use acceptance_tests::{
    emulator::{
        AccessKey, Account, BindAgain, BusinessErrorStatus, DEFAULT_ACCESS_KEY_ID,
        DEFAULT_ACCESS_KEY_SECRET, DEFAULT_ACCOUNT, Emulator, Fault, Filter, Misbehaviour,
        NewSpace, NothingBound, Outcome as Foreign, RamDenial, SpaceIdStyle, SuccessFlag, Switches,
    },
    provider_binary::{self, Profile},
    session::{Outcome, Session, provider_config},
};
use libtest_mimic::{Arguments, Trial};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const WABA: &str = "102290129340398";
const WITNESS: &str = "900000000000001";
const BIND: &str = "ChatappBindWaba";

fn binary() -> PathBuf {
    provider_binary::path(Profile::tested()).unwrap_or_else(|error| panic!("{error}"))
}

/// One run: a service with these switches and faults, and one bind.
struct Case {
    emulator: Emulator,
    /// Whether the process binds another WABA first, so that it has seen what the list shows.
    witness: bool,
    arguments: Value,
    provider: Value,
}

/// How it came out.
#[derive(Debug)]
struct Seen {
    outcome: Outcome,
    /// The spaces that truly hold the WABA.
    spaces: Vec<String>,
    binds: usize,
}

impl Case {
    fn new(switch: impl FnOnce(&mut Switches)) -> Self {
        let emulator = Emulator::start().expect("a free port");
        emulator.set_switches(switch);
        let mut provider = provider_config(&emulator);
        provider["client_read_timeout"] = json!(1500);
        Case {
            emulator,
            witness: false,
            arguments: json!({"waba_id": WABA, "timeouts": {"create": "60s"}}),
            provider,
        }
    }

    fn fault(self, fault: Fault) -> Self {
        let fault = fault.with_parameter("WabaId", WABA);
        self.emulator.inject(fault).expect("a sound fault");
        self
    }

    fn with_witness(self) -> Self {
        Case {
            witness: true,
            ..self
        }
    }

    async fn run(&self) -> Seen {
        let session = Session::start(&binary(), &self.provider)
            .await
            .expect("starts");
        if self.witness {
            let first = session.create(&json!({"waba_id": WITNESS})).await;
            assert!(!first.expect("answers").failed());
        }
        let outcome = session.create(&self.arguments).await.expect("answers");
        session.end().await.expect("ends");
        let spaces = self.emulator.spaces_bound_to(WABA);
        let binds = self.emulator.calls_of(BIND).into_iter();
        let binds = binds.filter(|call| call.parameters.get("WabaId").is_some_and(|id| id == WABA));
        Seen {
            outcome,
            spaces: spaces
                .into_iter()
                .map(|space| space.cust_space_id)
                .collect(),
            binds: binds.count(),
        }
    }
}

impl Seen {
    /// What holds whatever happens: nothing false is saved, and every space that holds the WABA is in state or named; or,
    /// where it cannot be known, that is said.
    fn is_honest(&self, case: &str) -> &Self {
        let told = self.outcome.told();
        let saved = self.outcome.text("cust_space_id");
        assert_eq!(self.outcome.failed(), saved.is_none(), "{case}: {told}");
        if let Some(saved) = saved {
            assert!(
                self.spaces.iter().any(|space| space == saved),
                "{case}: {saved} is false; {told}"
            );
            assert_eq!(self.outcome.text("waba_id"), Some(WABA), "{case}");
        }
        for space in &self.spaces {
            let known = saved == Some(space) || told.contains(space.as_str());
            let admitted =
                told.contains("is bound now is unknown") && told.contains("terraform import");
            assert!(
                known || admitted || told.contains("may be bound to two spaces"),
                "{case}: {space} is lost; {told}"
            );
        }
        assert!(!told.contains(DEFAULT_ACCESS_KEY_SECRET), "{case}");
        self
    }

    fn is_bound_once(&self, case: &str) -> &Self {
        assert!(!self.outcome.failed(), "{case}: {}", self.outcome.told());
        assert_eq!(self.spaces.len(), 1, "{case}: {}", self.outcome.told());
        self
    }

    /// An error that says that it is unknown, and how to settle it.
    fn is_unknown(&self, case: &str) -> &Self {
        let told = self.outcome.told();
        assert!(
            self.outcome.failed() && self.outcome.state.is_null(),
            "{case}: {told}"
        );
        for words in [
            "is bound now is unknown, and nothing was saved",
            "terraform import '",
            "  terraform apply",
        ] {
            assert!(told.contains(words), "{case}: {words} is not in {told}");
        }
        self
    }

    fn says(&self, case: &str, words: &[&str]) -> &Self {
        let told = self.outcome.told();
        for words in words {
            assert!(told.contains(words), "{case}: {words} is not in {told}");
        }
        self
    }
}

fn cut() -> Fault {
    Fault::new(BIND, Misbehaviour::Cut)
}

fn already() -> BindAgain {
    BindAgain::Error("Waba.AlreadyBound".to_owned())
}

type Again = fn() -> BindAgain;

const AGAIN: [Again; 3] = [|| BindAgain::SameSpace, || BindAgain::NewSpace, already];

/// Runs cases side by side, since most of their time is spent waiting.
async fn all<F: Future<Output = ()> + Send + 'static>(cases: Vec<F>) {
    let running: Vec<_> = cases.into_iter().map(tokio::spawn).collect();
    for case in running {
        case.await.expect("the case holds");
    }
}

async fn an_executed_bind_without_an_answer_is_adopted() {
    let mut cases = Vec::new();
    type Make = fn() -> Fault;
    let faults: [(&str, Make); 10] = [
        ("cut", || cut().after()),
        ("reset", || Fault::new(BIND, Misbehaviour::Reset).after()),
        ("502", || {
            Fault::new(BIND, Misbehaviour::Html { status: 502 }).after()
        }),
        ("500", || {
            Fault::new(
                BIND,
                Misbehaviour::Error {
                    status: 500,
                    code: "InternalError".to_owned(),
                    message: "m".to_owned(),
                    retry_after_ms: None,
                },
            )
            .after()
        }),
        ("slow", || {
            Fault::new(BIND, Misbehaviour::Slow { delay_ms: 2500 })
        }),
        ("truncated", || {
            Fault::new(BIND, Misbehaviour::Truncate { bytes: None })
        }),
        ("no JSON", || {
            Fault::new(BIND, Misbehaviour::InvalidJson).after()
        }),
        ("empty", || {
            Fault::new(BIND, Misbehaviour::EmptyBody).after()
        }),
        ("no space", || {
            Fault::new(
                BIND,
                Misbehaviour::MissingFields {
                    fields: vec!["Data.CustSpaceId".to_owned()],
                },
            )
        }),
        ("a list for the space", || {
            Fault::new(
                BIND,
                Misbehaviour::WrongTypes {
                    fields: vec!["Data.CustSpaceId".to_owned()],
                },
            )
        }),
    ];
    for (name, fault) in faults {
        for again in AGAIN {
            cases.push(async move {
                let case = Case::new(|switches| switches.bind_again = again()).fault(fault());
                let name = format!("{name}, {:?}", again());
                let seen = case.run().await;
                seen.is_honest(&name).is_bound_once(&name);
                seen.says(&name, &["took place", &seen.spaces[0]]);
                assert_eq!(seen.binds, 1, "{name}");
                assert!(
                    seen.outcome.text("waba_name").is_some(),
                    "{name}: not filled"
                );
            });
        }
    }
    all(cases).await;
}

async fn a_bind_that_was_not_executed_is_bound_again() {
    let mut cases = Vec::new();
    for again in AGAIN {
        for witness in [false, true] {
            cases.push(async move {
                let mut case = Case::new(|switches| switches.bind_again = again()).fault(cut());
                case.witness = witness;
                let name = format!("{:?}, witness {witness}", again());
                let seen = case.run().await;
                seen.is_honest(&name).is_bound_once(&name);
                assert_eq!(seen.binds, 2, "{name}");
                assert_eq!(
                    seen.outcome.diagnostics,
                    [],
                    "{name}: nothing to worry about"
                );
            });
        }
    }
    all(cases).await;
}

/// What is not known of the list and of the query, each in the position that is the worst for looking up.
async fn looking_up_works_whatever_the_service_is_like() {
    type Switch = fn(&mut Switches);
    let switches: [(&str, Switch); 12] = [
        ("filters ignored", |switches| {
            switches.list_bind_id_filter = Filter::Ignored;
            switches.list_is_bind_filter = Filter::Ignored;
        }),
        ("seen late", |switches| switches.lag_queries = 2),
        ("seen very late", |switches| switches.lag_ms = 4000),
        ("other instance IDs", |switches| {
            switches.instance_id_equals_space = false
        }),
        ("errors with 200", |switches| {
            switches.business_error_status = BusinessErrorStatus::Always200
        }),
        ("errors with 400", |switches| {
            switches.business_error_status = BusinessErrorStatus::Always400
        }),
        ("nothing bound is empty", |switches| {
            switches.nothing_bound = NothingBound::DataEmpty
        }),
        ("nothing bound is an error", |switches| {
            switches.nothing_bound = NothingBound::Error("Some.Code".to_owned());
            switches.lag_queries = 1;
        }),
        ("small pages", |switches| {
            switches.list_maximum_page_size = 2
        }),
        ("no Success", |switches| {
            switches.success_flag = SuccessFlag::FalseBesideOk
        }),
        ("ISV spaces", |switches| {
            switches.space_id_style = SpaceIdStyle::Isv
        }),
        ("own ISV code", |switches| {
            switches.isv_code = Some("code".to_owned())
        }),
    ];
    let mut cases = Vec::new();
    for (name, switch) in switches {
        for again in AGAIN {
            for executed in [true, false] {
                cases.push(async move {
                    let mut case = Case::new(|switches| {
                        switches.bind_again = again();
                        switch(switches);
                    });
                    // Neighbours that hold other WABAs, and enough of them for several pages.
                    for number in 0..5 {
                        let space = NewSpace {
                            waba_id: Some(format!("80000000000000{number}")),
                            ..NewSpace::default()
                        };
                        case.emulator.add_space(space).expect("a space");
                    }
                    case.arguments["isv_code"] = json!("code");
                    let case = case.fault(if executed { cut().after() } else { cut() });
                    let name = format!("{name}, {:?}, executed {executed}", again());
                    let seen = case.run().await;
                    seen.is_honest(&name);
                    seen.is_bound_once(&name);
                    assert_eq!(seen.binds, if executed { 1 } else { 2 }, "{name}");
                });
            }
        }
    }
    all(cases).await;
}

/// The list may not show what binds make. Then nothing is bound twice once that is seen.
async fn a_list_that_hides_spaces_is_not_trusted() {
    let mut cases = Vec::new();
    for again in AGAIN {
        for executed in [true, false] {
            for witness in [true, false] {
                cases.push(async move {
                    let mut case = Case::new(|switches| {
                        switches.bind_again = again();
                        switches.list_shows_bound_spaces = false;
                    })
                    .fault(if executed { cut().after() } else { cut() });
                    case.witness = witness;
                    let name = format!("{:?}, executed {executed}, witness {witness}", again());
                    let seen = case.run().await;
                    seen.is_honest(&name);
                    if witness {
                        seen.is_unknown(&name).says(
                            &name,
                            &["does not show the spaces that were bound in this run"],
                        );
                        assert_eq!(seen.binds, 1, "{name}");
                    } else if executed && again() == already() {
                        seen.is_unknown(&name);
                    } else {
                        // Nothing shows that the list hides spaces until the second bind has made one.
                        assert_eq!(seen.binds, 2, "{name}");
                        seen.says(&name, &["may be bound to two spaces"]);
                    }
                });
            }
        }
    }
    all(cases).await;
}

/// A space that does not tell its WABA may be the new one.
async fn a_silent_space_stops_binding_again() {
    let mut cases = Vec::new();
    for again in AGAIN {
        for lag in [0, 60_000] {
            cases.push(async move {
                let case = Case::new(|switches| {
                    switches.bind_again = again();
                    switches.lag_ms = lag;
                });
                let empty = (lag == 0).then(|| {
                    case.emulator
                        .add_space(NewSpace::default())
                        .expect("a space")
                });
                let case = case.fault(if lag == 0 { cut() } else { cut().after() });
                let name = format!("{:?}, lag {lag}", again());
                let seen = case.run().await;
                seen.is_honest(&name).is_unknown(&name);
                let silent =
                    empty.map_or_else(|| seen.spaces[0].clone(), |space| space.cust_space_id);
                seen.says(&name, &[&silent, "does not tell its WABA"]);
                assert_eq!(seen.binds, 1, "{name}");
            });
        }
    }
    all(cases).await;
}

async fn trouble_that_lasts_ends_with_the_truth() {
    let mut cases = Vec::new();
    for again in AGAIN {
        for executed in [true, false] {
            for list in [
                Misbehaviour::Cut,
                Misbehaviour::Html { status: 502 },
                Misbehaviour::InvalidJson,
            ] {
                cases.push(async move {
                    let case = Case::new(|switches| switches.bind_again = again());
                    let looking = Fault::new("ListInstance", list.clone()).always();
                    case.emulator.inject(looking).expect("a sound fault");
                    let case = case.fault(if executed { cut().after() } else { cut() });
                    let name = format!("{:?}, {list:?}, executed {executed}", again());
                    let seen = case.run().await;
                    seen.is_honest(&name)
                        .is_unknown(&name)
                        .says(&name, &["could not look it up", "ListInstance"]);
                    assert_eq!(seen.binds, 1, "{name}");
                });
            }
        }
    }
    all(cases).await;
    // The connection is cut each time.
    let case = Case::new(|_| {}).with_witness().fault(cut().always());
    let seen = case.run().await;
    seen.is_honest("cut for ever").is_unknown("cut for ever");
    assert_eq!((seen.binds, seen.spaces.len()), (3, 0));
}

async fn without_the_right_to_list_it_is_as_good_as_before() {
    for denial in [
        RamDenial::GatewayNoPermission,
        RamDenial::GatewayForbiddenRam,
        RamDenial::Product,
    ] {
        let case = Case::new(|switches| switches.ram_denial = denial).fault(cut().after());
        let mut account = Account::new(DEFAULT_ACCOUNT);
        account.access_keys.push(AccessKey {
            id: DEFAULT_ACCESS_KEY_ID.to_owned(),
            secret: DEFAULT_ACCESS_KEY_SECRET.to_owned(),
            user: Some("terraform".to_owned()),
            allow: vec![
                format!("cams:{BIND}"),
                "cams:QueryChatappBindWaba".to_owned(),
            ],
            active: true,
        });
        case.emulator.put_account(account).expect("a sound account");
        let name = format!("{denial:?}");
        let seen = case.run().await;
        seen.is_honest(&name)
            .is_unknown(&name)
            .says(&name, &["grant `cams:ListInstance`"]);
        assert_eq!(seen.binds, 1, "{name}");
    }
}

async fn a_refusal_because_it_is_bound_already() {
    let mut cases = Vec::new();
    for status in [
        BusinessErrorStatus::Documented,
        BusinessErrorStatus::Always400,
    ] {
        for code in ["Waba.AlreadyBound", "InvalidWaba.Bound", "X"] {
            cases.push(async move {
                let name = format!("{code}, {status:?}");
                let switch = move |switches: &mut Switches| {
                    switches.business_error_status = status;
                    switches.bind_again = BindAgain::Error(code.to_owned());
                };
                // Ours: adopted.
                let case = Case::new(switch);
                let space = NewSpace {
                    waba_id: Some(WABA.to_owned()),
                    ..NewSpace::default()
                };
                case.emulator.add_space(space).expect("a space");
                let seen = case.run().await;
                seen.is_honest(&name)
                    .is_bound_once(&name)
                    .says(&name, &["was bound already", &seen.spaces[0], code]);
                // Not shown: explained.
                let case = Case::new(|switches| {
                    switch(switches);
                    switches.list_shows_bound_spaces = false;
                });
                let session = Session::start(&binary(), &case.provider)
                    .await
                    .expect("starts");
                let bound = session.create(&case.arguments).await.expect("answers");
                assert!(!bound.failed());
                let seen = case.run().await;
                assert!(seen.outcome.failed(), "{name}");
                seen.says(
                    &name,
                    &[
                        code,
                        "No code is documented for a WABA that is bound already",
                    ],
                );
                assert_eq!(seen.spaces.len(), 1, "{name}");
            });
        }
    }
    all(cases).await;
}

async fn a_refusal_because_another_account_has_it() {
    let check = async |code: &str, looked: bool| {
        let case = Case::new(|switches| switches.bind_foreign = Foreign::Error(code.to_owned()));
        let other = Account::new("2").with_key("other", "s");
        case.emulator.put_account(other).expect("a sound account");
        let foreign = NewSpace {
            account: Some("2".to_owned()),
            waba_id: Some(WABA.to_owned()),
            ..NewSpace::default()
        };
        let foreign = case.emulator.add_space(foreign).expect("a space");
        let seen = case.run().await;
        assert!(
            seen.outcome.failed() && seen.outcome.state.is_null(),
            "{code}"
        );
        seen.says(code, &[code]);
        assert!(
            !seen.outcome.told().contains(&foreign.cust_space_id),
            "{code}"
        );
        assert_eq!(
            case.emulator.calls_of("ListInstance").is_empty(),
            !looked,
            "{code}"
        );
        assert_eq!(
            seen.outcome
                .told()
                .contains("most likely to another account"),
            looked,
            "{code}"
        );
    };
    // A documented code has a reason of its own.
    check("Unknown.ResourceOwnerId", false).await;
    check("Waba.Taken", true).await;
}

/// No time to look up, or told to stop: the truth at once.
async fn interruptions() {
    // A quarter of the time is kept for looking, so that an answer that comes too late is not the end.
    let mut case =
        Case::new(|_| {}).fault(Fault::new(BIND, Misbehaviour::Slow { delay_ms: 8000 }).after());
    case.arguments["timeouts"]["create"] = json!("4s");
    case.provider["client_read_timeout"] = json!(60_000);
    let seen = case.run().await;
    seen.is_honest("late").is_bound_once("late");

    let case = Case::new(|_| {}).fault(cut());
    let session = Session::start(&binary(), &case.provider)
        .await
        .expect("starts");
    let stopping = async {
        while case.emulator.calls_of("ListInstance").is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        session.stop().await.expect("is told");
    };
    let (outcome, ()) = tokio::join!(session.create(&case.arguments), stopping);
    let outcome = outcome.expect("answers");
    assert!(
        outcome.failed() && outcome.told().contains("is bound now is unknown"),
        "{}",
        outcome.told()
    );
    assert_eq!(case.emulator.spaces_bound_to(WABA).len(), 0);
}

fn main() -> std::process::ExitCode {
    let tests = vec![
        trial(
            "an_executed_bind_without_an_answer_is_adopted",
            an_executed_bind_without_an_answer_is_adopted,
        ),
        trial(
            "a_bind_that_was_not_executed_is_bound_again",
            a_bind_that_was_not_executed_is_bound_again,
        ),
        trial(
            "looking_up_works_whatever_the_service_is_like",
            looking_up_works_whatever_the_service_is_like,
        ),
        trial(
            "a_list_that_hides_spaces_is_not_trusted",
            a_list_that_hides_spaces_is_not_trusted,
        ),
        trial(
            "a_silent_space_stops_binding_again",
            a_silent_space_stops_binding_again,
        ),
        trial(
            "trouble_that_lasts_ends_with_the_truth",
            trouble_that_lasts_ends_with_the_truth,
        ),
        trial(
            "without_the_right_to_list_it_is_as_good_as_before",
            without_the_right_to_list_it_is_as_good_as_before,
        ),
        trial(
            "a_refusal_because_it_is_bound_already",
            a_refusal_because_it_is_bound_already,
        ),
        trial(
            "a_refusal_because_another_account_has_it",
            a_refusal_because_another_account_has_it,
        ),
        trial("interruptions", interruptions),
    ];
    let mut arguments = Arguments::from_args();
    // Not as many as there are processors: most of the time they wait.
    arguments.test_threads.get_or_insert(tests.len());
    libtest_mimic::run(&arguments, tests).exit_code()
}

fn trial<F: Future<Output = ()> + 'static>(name: &str, test: fn() -> F) -> Trial {
    Trial::test(name, move || {
        Runtime::new()?.block_on(test());
        Ok(())
    })
}
