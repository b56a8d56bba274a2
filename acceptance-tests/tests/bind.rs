//! Never lost, never doubled: every way in which a bind can go wrong, against everything that is not known of the service.
//!
//! The shipped binary is driven through the plugin host, and afterwards its responses are compared with what the emulated
//! service really holds.

use std::{path::PathBuf, time::Duration};

use acceptance_tests::{
    emulator::{
        AccessKey, Account, Behavior, BindAgain, BusinessErrorStatus, DEFAULT_ACCESS_KEY_ID,
        DEFAULT_ACCESS_KEY_SECRET, DEFAULT_ACCOUNT, Emulator, Fault, FaultKind, Filter, NewSpace,
        NothingBound, Outcome as Foreign, RamDenial, SpaceIdStyle, SuccessFlag,
    },
    provider_binary::{self, Profile},
    session::{Outcome, Session, provider_config},
};
use libtest_mimic::{Arguments, Trial};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const WABA: &str = "102290129340398";
const BIND: &str = "ChatappBindWaba";
const LIST: &str = "ListInstance";
const QUERY: &str = "QueryChatappBindWaba";

fn binary() -> PathBuf {
    provider_binary::path(Profile::tested()).unwrap_or_else(|error| panic!("{error}"))
}

/// One run: a service with these switches and faults, and one bind.
struct Case {
    emulator: Emulator,
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
    fn new(switch: impl FnOnce(&mut Behavior)) -> Self {
        let emulator = Emulator::start().expect("a free port");
        emulator.set_behavior(switch);
        let mut provider = provider_config(&emulator);
        provider["client_read_timeout"] = json!(1500);
        Case {
            emulator,
            arguments: json!({"waba_id": WABA, "timeouts": {"create": "60s"}}),
            provider,
        }
    }

    fn fault(self, fault: Fault) -> Self {
        let fault = fault.with_parameter("WabaId", WABA);
        self.emulator.inject(fault).expect("a sound fault");
        self
    }

    async fn run(&self) -> Seen {
        let session = Session::start(&binary(), &self.provider)
            .await
            .expect("starts");
        let outcome = session.create(&self.arguments).await.expect("responds");
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
    /// What holds in every case: nothing false is saved, and every space that holds the WABA is in state or named; or,
    /// where it cannot be known, that is said.
    fn is_honest(&self, case: &str) -> &Self {
        let messages = self.outcome.messages();
        let saved = self.outcome.text("cust_space_id");
        assert_eq!(self.outcome.failed(), saved.is_none(), "{case}: {messages}");
        if let Some(saved) = saved {
            assert!(
                self.spaces.iter().any(|space| space == saved),
                "{case}: {saved} is false; {messages}"
            );
            assert_eq!(self.outcome.text("waba_id"), Some(WABA), "{case}");
        }
        for space in &self.spaces {
            let known = saved == Some(space) || messages.contains(space.as_str());
            let admitted = messages.contains("It is unknown whether WABA")
                && messages.contains("terraform import");
            assert!(known || admitted, "{case}: {space} is lost; {messages}");
        }
        assert!(!messages.contains(DEFAULT_ACCESS_KEY_SECRET), "{case}");
        self
    }

    fn is_bound_once(&self, case: &str) -> &Self {
        assert!(
            !self.outcome.failed(),
            "{case}: {}",
            self.outcome.messages()
        );
        assert_eq!(self.spaces.len(), 1, "{case}: {}", self.outcome.messages());
        self
    }

    /// An error that says that it is unknown, and how to settle it.
    fn is_unknown(&self, case: &str) -> &Self {
        let messages = self.outcome.messages();
        assert!(
            self.outcome.failed() && self.outcome.state.is_null(),
            "{case}: {messages}"
        );
        for words in [
            "It is unknown whether WABA",
            "Nothing was saved in the state",
            "terraform import 'ADDRESS' CHANNEL_ID",
            "Provider.OutcomeUnknown",
        ] {
            assert!(
                messages.contains(words),
                "{case}: {words} is not in {messages}"
            );
        }
        self
    }

    fn says(&self, case: &str, words: &[&str]) -> &Self {
        let messages = self.outcome.messages();
        for words in words {
            assert!(
                messages.contains(words),
                "{case}: {words} is not in {messages}"
            );
        }
        self
    }
}

fn cut() -> Fault {
    Fault::new(BIND, FaultKind::Cut)
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

async fn executed_bind_without_a_response_is_adopted() {
    let mut cases = Vec::new();
    type Make = fn() -> Fault;
    let faults: [(&str, Make); 10] = [
        ("cut", || cut().after()),
        ("reset", || Fault::new(BIND, FaultKind::Reset).after()),
        ("502", || {
            Fault::new(BIND, FaultKind::Html { status: 502 }).after()
        }),
        ("500", || {
            Fault::new(
                BIND,
                FaultKind::Error {
                    status: 500,
                    code: "InternalError".to_owned(),
                    message: "m".to_owned(),
                    retry_after_ms: None,
                },
            )
            .after()
        }),
        ("slow", || {
            Fault::new(BIND, FaultKind::Slow { delay_ms: 2500 })
        }),
        ("truncated", || {
            Fault::new(BIND, FaultKind::Truncate { bytes: None })
        }),
        ("no JSON", || {
            Fault::new(BIND, FaultKind::InvalidJson).after()
        }),
        ("empty", || Fault::new(BIND, FaultKind::EmptyBody).after()),
        ("no space", || {
            Fault::new(
                BIND,
                FaultKind::MissingFields {
                    fields: vec!["Data.CustSpaceId".to_owned()],
                },
            )
        }),
        ("a list for the space", || {
            Fault::new(
                BIND,
                FaultKind::WrongTypes {
                    fields: vec!["Data.CustSpaceId".to_owned()],
                },
            )
        }),
    ];
    for (name, fault) in faults {
        for again in AGAIN {
            cases.push(async move {
                let case = Case::new(|behavior| behavior.waba.bind_again = again()).fault(fault());
                let name = format!("{name}, {:?}", again());
                let seen = case.run().await;
                seen.is_honest(&name).is_bound_once(&name);
                seen.says(
                    &name,
                    &["was bound, but the response was lost", &seen.spaces[0]],
                );
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

async fn a_bind_that_was_not_executed_is_not_sent_again() {
    let mut cases = Vec::new();
    for again in AGAIN {
        cases.push(async move {
            let case = Case::new(|behavior| behavior.waba.bind_again = again()).fault(cut());
            let name = format!("{:?}", again());
            let seen = case.run().await;
            seen.is_honest(&name)
                .is_unknown(&name)
                .says(&name, &["ListInstance shows no space with this WABA"]);
            assert_eq!((seen.binds, seen.spaces.len()), (1, 0), "{name}");
        });
    }
    all(cases).await;
}

/// What is not known of the list and of the query, each in the position that is the worst for looking up.
async fn looking_up_works_whatever_the_service_is_like() {
    type Switch = fn(&mut Behavior);
    let behavior: [(&str, Switch); 12] = [
        ("filters ignored", |behavior| {
            behavior.instance.list_bind_id_filter = Filter::Ignored;
            behavior.instance.list_is_bind_filter = Filter::Ignored;
        }),
        ("seen late", |behavior| behavior.waba.lag_queries = 2),
        ("seen very late", |behavior| behavior.waba.lag_ms = 4000),
        ("other instance IDs", |behavior| {
            behavior.instance.instance_id_equals_space = false
        }),
        ("errors with 200", |behavior| {
            behavior.response.business_error_status = BusinessErrorStatus::Always200
        }),
        ("errors with 400", |behavior| {
            behavior.response.business_error_status = BusinessErrorStatus::Always400
        }),
        ("nothing bound is empty", |behavior| {
            behavior.waba.nothing_bound = NothingBound::DataEmpty
        }),
        ("nothing bound is an error", |behavior| {
            behavior.waba.nothing_bound = NothingBound::Error("Some.Code".to_owned());
            behavior.waba.lag_queries = 1;
        }),
        ("small pages", |behavior| {
            behavior.instance.list_maximum_page_size = 2
        }),
        ("no Success", |behavior| {
            behavior.response.success_flag = SuccessFlag::FalseBesideOk
        }),
        ("ISV spaces", |behavior| {
            behavior.space.space_id_style = SpaceIdStyle::Isv
        }),
        ("own ISV code", |behavior| {
            behavior.space.isv_code = Some("code".to_owned())
        }),
    ];
    let mut cases = Vec::new();
    for (name, switch) in behavior {
        for again in AGAIN {
            for executed in [true, false] {
                cases.push(async move {
                    let mut case = Case::new(|behavior| {
                        behavior.waba.bind_again = again();
                        switch(behavior);
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
                    if executed {
                        seen.is_bound_once(&name);
                    } else {
                        seen.is_unknown(&name);
                    }
                    assert_eq!(seen.binds, 1, "{name}");
                });
            }
        }
    }
    all(cases).await;
}

/// The list may not show what binds make.
async fn a_space_that_the_list_hides_stays_unknown() {
    let mut cases = Vec::new();
    for again in AGAIN {
        for executed in [true, false] {
            cases.push(async move {
                let case = Case::new(|behavior| {
                    behavior.waba.bind_again = again();
                    behavior.instance.list_shows_bound_spaces = false;
                })
                .fault(if executed { cut().after() } else { cut() });
                let name = format!("{:?}, executed {executed}", again());
                let seen = case.run().await;
                seen.is_honest(&name)
                    .is_unknown(&name)
                    .says(&name, &["may lag behind"]);
                assert_eq!(seen.binds, 1, "{name}");
            });
        }
    }
    all(cases).await;
}

/// A space without a WABA may be the new one.
async fn a_space_without_a_waba_is_named() {
    let mut cases = Vec::new();
    for again in AGAIN {
        for lag in [0, 60_000] {
            cases.push(async move {
                let case = Case::new(|behavior| {
                    behavior.waba.bind_again = again();
                    behavior.waba.lag_ms = lag;
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
                seen.says(&name, &[&silent, "has no WABA yet"]);
                assert_eq!(seen.binds, 1, "{name}");
            });
        }
    }
    all(cases).await;
}

/// A space of the account that holds the WABA, as if it had been bound in the console.
fn bound_before(case: &Case) -> String {
    let space = NewSpace {
        waba_id: Some(WABA.to_owned()),
        ..NewSpace::default()
    };
    let space = case.emulator.add_space(space).expect("a space");
    space.cust_space_id
}

async fn an_existing_binding_is_adopted_by_default() {
    let mut cases = Vec::new();
    for again in AGAIN {
        for argument in [None, Some("ADOPT")] {
            cases.push(async move {
                let mut case = Case::new(|behavior| behavior.waba.bind_again = again());
                if let Some(argument) = argument {
                    case.arguments["existing_binding"] = json!(argument);
                }
                let space = bound_before(&case);
                let name = format!("{:?}, {argument:?}", again());
                let seen = case.run().await;
                seen.is_honest(&name)
                    .is_bound_once(&name)
                    .says(&name, &["was already bound", &space]);
                assert_eq!(seen.binds, 0, "{name}");
                assert_eq!(seen.outcome.text("cust_space_id"), Some(&*space), "{name}");
                assert_eq!(
                    seen.outcome.text("existing_binding"),
                    Some("ADOPT"),
                    "{name}"
                );
                assert!(
                    seen.outcome.text("waba_name").is_some(),
                    "{name}: not filled"
                );
            });
        }
    }
    all(cases).await;
}

async fn an_existing_binding_can_be_refused() {
    let mut cases = Vec::new();
    for again in AGAIN {
        cases.push(async move {
            let mut case = Case::new(|behavior| behavior.waba.bind_again = again());
            case.arguments["existing_binding"] = json!("REFUSE");
            let space = bound_before(&case);
            let name = format!("{:?}", again());
            let seen = case.run().await;
            seen.is_honest(&name).says(
                &name,
                &[
                    "is already bound",
                    &format!("id = \"{space}\""),
                    &format!("terraform import 'ADDRESS' {space}"),
                    "Provider.AlreadyBound",
                ],
            );
            assert!(seen.outcome.state.is_null(), "{name}");
            assert_eq!(seen.binds, 0, "{name}");
            // Without an existing binding it binds as any other.
            let mut case = Case::new(|behavior| behavior.waba.bind_again = again());
            case.arguments["existing_binding"] = json!("REFUSE");
            let seen = case.run().await;
            seen.is_honest(&name).is_bound_once(&name);
            assert_eq!(seen.outcome.diagnostics, [], "{name}");
        });
    }
    all(cases).await;
}

async fn an_existing_binding_can_be_ignored() {
    for (again, spaces) in [
        (BindAgain::SameSpace, 1),
        (BindAgain::NewSpace, 2),
        (already(), 1),
    ] {
        let name = format!("{again:?}");
        let mut case = Case::new(|behavior| behavior.waba.bind_again = again.clone());
        case.arguments["existing_binding"] = json!("IGNORE");
        let before = bound_before(&case);
        let seen = case.run().await;
        assert_eq!((seen.binds, seen.spaces.len()), (1, spaces), "{name}");
        assert!(case.emulator.calls_of(LIST).is_empty(), "{name}: looked");
        match again {
            BindAgain::SameSpace => {
                assert_eq!(seen.outcome.text("cust_space_id"), Some(&*before), "{name}");
            }
            BindAgain::NewSpace => {
                assert_ne!(seen.outcome.text("cust_space_id"), Some(&*before), "{name}");
                assert_eq!(seen.outcome.diagnostics, [], "{name}");
            }
            BindAgain::Error(_) => {
                seen.says(&name, &["`existing_binding = \"IGNORE\"`"]);
            }
        }
    }
}

/// Two resources for one WABA, at the same time and one after the other: the second is an error.
async fn one_waba_is_bound_once_in_a_run() {
    let mut cases = Vec::new();
    for again in AGAIN {
        for bound in [true, false] {
            cases.push(async move {
                let case = Case::new(|behavior| behavior.waba.bind_again = again());
                let name = format!("{:?}, bound before {bound}", again());
                if bound {
                    bound_before(&case);
                }
                let session = Session::start(&binary(), &case.provider)
                    .await
                    .expect("starts");
                let create = || session.create(&case.arguments);
                let (one, two) = tokio::join!(create(), create());
                let three = create().await;
                let all = [one, two, three].map(|outcome| outcome.expect("responds"));
                let (failed, made): (Vec<_>, Vec<_>) =
                    all.iter().partition(|outcome| outcome.failed());
                assert_eq!((failed.len(), made.len()), (2, 1), "{name}");
                for failed in failed {
                    assert!(
                        failed.messages().contains("Two resources bind WABA"),
                        "{name}: {}",
                        failed.messages()
                    );
                }
                let binds = case.emulator.calls_of(BIND).len();
                assert_eq!(binds, usize::from(!bound), "{name}");
                assert_eq!(case.emulator.spaces_bound_to(WABA).len(), 1, "{name}");
                session.end().await.expect("ends");
                // Another run knows nothing of it.
                let seen = case.run().await;
                assert!(
                    !seen.outcome.failed(),
                    "{name}: {}",
                    seen.outcome.messages()
                );
            });
        }
    }
    all(cases).await;
}

/// Concurrent creates share one list of the account, and the WABA of each of its spaces.
async fn an_account_is_listed_once() {
    const SPACES: usize = 20;
    const CREATES: usize = 8;
    let case = Case::new(|behavior| behavior.gateway.cams_calls_per_second = None);
    for number in 0..SPACES {
        let space = NewSpace {
            waba_id: Some(format!("8000000000000{number:02}")),
            ..NewSpace::default()
        };
        case.emulator.add_space(space).expect("a space");
    }
    let session = Session::start(&binary(), &case.provider)
        .await
        .expect("starts");
    let create = |number: usize| {
        let arguments = json!({"waba_id": format!("7000000000000{number:02}")});
        let session = &session;
        async move { session.create(&arguments).await.expect("responds") }
    };
    let (a, b, c, d, e, f, g, h) = tokio::join!(
        create(0),
        create(1),
        create(2),
        create(3),
        create(4),
        create(5),
        create(6),
        create(7)
    );
    for outcome in [a, b, c, d, e, f, g, h] {
        assert_eq!(outcome.diagnostics, []);
    }
    assert_eq!(case.emulator.calls_of(LIST).len(), 1);
    // Each space once, and each new binding once.
    assert_eq!(case.emulator.calls_of(QUERY).len(), SPACES + CREATES);
    session.end().await.expect("ends");
}

/// A page or a redirect in place of the list: whoever sent it would get the bind, too.
async fn nothing_is_bound_through_something_else() {
    for (name, fault) in [
        (
            "login",
            FaultKind::Page {
                status: 200,
                title: "Sign in".to_owned(),
            },
        ),
        (
            "blocked",
            FaultKind::Page {
                status: 403,
                title: "Blocked".to_owned(),
            },
        ),
        (
            "text",
            FaultKind::Body {
                status: 200,
                text: "not allowed".to_owned(),
                content_type: "text/plain".to_owned(),
            },
        ),
        (
            "redirect",
            FaultKind::Redirect {
                status: 302,
                location: "http://127.0.0.1:9/elsewhere".to_owned(),
            },
        ),
    ] {
        for argument in ["ADOPT", "REFUSE"] {
            let mut case = Case::new(|_| {});
            case.arguments["existing_binding"] = json!(argument);
            case.emulator
                .inject(Fault::new(LIST, fault.clone()))
                .expect("a sound fault");
            let seen = case.run().await;
            assert_eq!(seen.binds, 0, "{name}, {argument}");
            assert!(seen.outcome.state.is_null(), "{name}, {argument}");
            assert!(seen.outcome.failed(), "{name}, {argument}");
        }
    }
}

/// An ID with anything else than an ID has would reach terminals, and no later call could name the space. The look finds it.
async fn odd_id_of_a_space_is_looked_up() {
    for odd in ["cams-x\u{1b}]0;owned\u{7}", "../../etc", "cams 1"] {
        let case = Case::new(|_| {});
        let fields = [("Data.CustSpaceId".to_owned(), json!(odd))].into();
        let fault = Fault::new(BIND, FaultKind::SetFields { fields });
        case.emulator.inject(fault).expect("a sound fault");
        let seen = case.run().await;
        seen.is_honest(odd).is_bound_once(odd);
        assert_eq!(
            seen.outcome.text("cust_space_id"),
            Some(&*seen.spaces[0]),
            "{odd:?}"
        );
    }
}

/// Where the account cannot be searched, the bind is sent, and a warning says what was not checked.
async fn what_was_not_checked_is_said() {
    let minute = 60_000;
    let cases = || {
        [
            (
                "denied",
                Fault::new(LIST, FaultKind::denied()).always(),
                "grant `cams:ListInstance`",
            ),
            (
                // What the service demands, not what is drawn by lot, is longer than the time that is left.
                "throttled",
                Fault::new(
                    LIST,
                    FaultKind::Error {
                        status: 400,
                        code: "Throttling.User".to_owned(),
                        message: "m".to_owned(),
                        retry_after_ms: Some(minute),
                    },
                )
                .always(),
                "would pass the time limit of the operation",
            ),
            (
                "slow",
                Fault::new(LIST, FaultKind::Slow { delay_ms: 20_000 }).always(),
                "took more than half of `timeouts.create`",
            ),
            (
                "pages without an end",
                Fault::new(
                    LIST,
                    FaultKind::MissingFields {
                        fields: vec!["TotalCount".to_owned()],
                    },
                )
                .always(),
                "",
            ),
        ]
    };
    // Whoever wants no second binding gets none.
    for (name, fault, word) in cases() {
        let mut case = Case::new(|_| {});
        case.arguments["existing_binding"] = json!("REFUSE");
        case.arguments["timeouts"]["create"] = json!("16s");
        case.emulator.inject(fault).expect("a sound fault");
        let seen = case.run().await;
        if word.is_empty() {
            seen.is_honest(name).is_bound_once(name);
            continue;
        }
        assert_eq!(seen.binds, 0, "{name}");
        assert!(seen.outcome.state.is_null(), "{name}");
        seen.says(
            name,
            &[
                "Cannot check whether WABA",
                word,
                "No bind was sent",
                "Provider.NotChecked",
            ],
        );
    }
    for (name, fault, word) in cases() {
        let mut case = Case::new(|_| {});
        case.arguments["timeouts"]["create"] = json!("16s");
        case.emulator.inject(fault).expect("a sound fault");
        let seen = case.run().await;
        seen.is_honest(name).is_bound_once(name);
        assert_eq!(seen.binds, 1, "{name}");
        if word.is_empty() {
            assert_eq!(
                seen.outcome.diagnostics,
                [],
                "{name}: an empty page is an end"
            );
        } else {
            seen.says(name, &["It was not checked whether WABA", word]);
        }
    }
    // A space that demands a code of its own.
    let case = Case::new(|behavior| behavior.space.isv_code = Some("code".to_owned()));
    let space = NewSpace {
        waba_id: Some("800000000000001".to_owned()),
        ..NewSpace::default()
    };
    let space = case.emulator.add_space(space).expect("a space");
    let space = space.cust_space_id;
    let seen = case.run().await;
    seen.is_honest("ISV").is_bound_once("ISV").says(
        "ISV",
        &[
            "It was not checked whether WABA",
            &format!("space {space} could not be read"),
        ],
    );
}

async fn trouble_that_lasts_ends_with_the_truth() {
    let mut cases = Vec::new();
    for again in AGAIN {
        for executed in [true, false] {
            for list in [
                FaultKind::Cut,
                FaultKind::Html { status: 502 },
                FaultKind::InvalidJson,
            ] {
                cases.push(async move {
                    let mut case = Case::new(|behavior| behavior.waba.bind_again = again());
                    case.arguments["timeouts"]["create"] = json!("12s");
                    let looking = Fault::new(LIST, list.clone()).always();
                    case.emulator.inject(looking).expect("a sound fault");
                    let case = case.fault(if executed { cut().after() } else { cut() });
                    let name = format!("{:?}, {list:?}, executed {executed}", again());
                    let seen = case.run().await;
                    seen.is_honest(&name)
                        .is_unknown(&name)
                        .says(&name, &["could not look for the WABA", LIST]);
                    assert_eq!(seen.binds, 1, "{name}");
                });
            }
        }
    }
    all(cases).await;
}

async fn without_the_right_to_list_it_is_as_good_as_before() {
    for denial in [
        RamDenial::GatewayNoPermission,
        RamDenial::GatewayForbiddenRam,
        RamDenial::Product,
    ] {
        let case = Case::new(|behavior| behavior.gateway.ram_denial = denial).fault(cut().after());
        let mut account = Account::new(DEFAULT_ACCOUNT);
        account.access_keys.push(AccessKey {
            id: DEFAULT_ACCESS_KEY_ID.to_owned(),
            secret: DEFAULT_ACCESS_KEY_SECRET.to_owned(),
            user: Some("terraform".to_owned()),
            allow: vec![format!("cams:{BIND}"), format!("cams:{QUERY}")],
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

/// The list does not show the binding, and the service refuses a second one.
async fn a_refusal_because_it_is_bound_already() {
    let mut cases = Vec::new();
    for status in [
        BusinessErrorStatus::Documented,
        BusinessErrorStatus::Always400,
    ] {
        for code in ["Waba.AlreadyBound", "InvalidWaba.Bound", "X"] {
            cases.push(async move {
                let name = format!("{code}, {status:?}");
                let switch = move |behavior: &mut Behavior| {
                    behavior.response.business_error_status = status;
                    behavior.waba.bind_again = BindAgain::Error(code.to_owned());
                };
                let case = Case::new(|behavior| {
                    switch(behavior);
                    behavior.instance.list_shows_bound_spaces = false;
                });
                let session = Session::start(&binary(), &case.provider)
                    .await
                    .expect("starts");
                let bound = session.create(&case.arguments).await.expect("responds");
                assert!(!bound.failed());
                let seen = case.run().await;
                assert!(seen.outcome.failed(), "{name}");
                seen.says(
                    &name,
                    &[
                        code,
                        "No error code is documented for a WABA that is already bound",
                    ],
                );
                assert_eq!(seen.spaces.len(), 1, "{name}");
            });
        }
    }
    all(cases).await;
}

async fn a_refusal_because_another_account_has_it() {
    let check = async |code: &str, explained: bool| {
        let case =
            Case::new(|behavior| behavior.waba.bind_foreign = Foreign::Error(code.to_owned()));
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
            !seen.outcome.messages().contains(&foreign.cust_space_id),
            "{code}"
        );
        assert_eq!(
            seen.outcome
                .messages()
                .contains("most likely in another account"),
            explained,
            "{code}"
        );
    };
    // A documented code has a reason of its own.
    check("Unknown.ResourceOwnerId", false).await;
    check("Waba.Taken", true).await;
}

/// No time for a search, or a stop: the error says at once what is unknown.
async fn interruptions() {
    // A quarter of the time is kept for the search, so that a late response does not use up all of it.
    let mut case =
        Case::new(|_| {}).fault(Fault::new(BIND, FaultKind::Slow { delay_ms: 8000 }).after());
    case.arguments["timeouts"]["create"] = json!("4s");
    case.provider["client_read_timeout"] = json!(60_000);
    let seen = case.run().await;
    seen.is_honest("late").is_bound_once("late");

    let case = Case::new(|_| {}).fault(cut());
    let session = Session::start(&binary(), &case.provider)
        .await
        .expect("starts");
    let stopping = async {
        // Once before the bind, and then after it.
        while case.emulator.calls_of(LIST).len() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        session.stop().await.expect("is sent");
    };
    let (outcome, ()) = tokio::join!(session.create(&case.arguments), stopping);
    let outcome = outcome.expect("responds");
    assert!(
        outcome.failed() && outcome.messages().contains("It is unknown whether WABA"),
        "{}",
        outcome.messages()
    );
    assert_eq!(case.emulator.spaces_bound_to(WABA).len(), 0);
}

macro_rules! trials {
    ($($test:ident,)*) => { vec![$(trial(stringify!($test), $test)),*] };
}

fn main() -> std::process::ExitCode {
    let tests = trials![
        executed_bind_without_a_response_is_adopted,
        a_bind_that_was_not_executed_is_not_sent_again,
        looking_up_works_whatever_the_service_is_like,
        a_space_that_the_list_hides_stays_unknown,
        a_space_without_a_waba_is_named,
        an_existing_binding_is_adopted_by_default,
        an_existing_binding_can_be_refused,
        an_existing_binding_can_be_ignored,
        one_waba_is_bound_once_in_a_run,
        an_account_is_listed_once,
        nothing_is_bound_through_something_else,
        odd_id_of_a_space_is_looked_up,
        what_was_not_checked_is_said,
        trouble_that_lasts_ends_with_the_truth,
        without_the_right_to_list_it_is_as_good_as_before,
        a_refusal_because_it_is_bound_already,
        a_refusal_because_another_account_has_it,
        interruptions,
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
