//! The fault matrix: each fault of network and service against each operation, once and for ever, as one table.
//!
//! What counts is compared with what the emulated service truly holds: bindings that are in no state and no message
//! (lost), bindings made twice (doubled), secrets in messages or logs (leaked), and messages that are missing, needless or
//! do not name the fault (wrong). All four must be zero. Must not contain: the CLI, which has acceptance tests of its own.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    net::TcpListener,
    path::PathBuf,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use acceptance_tests::{
    emulator::{DEFAULT_ACCESS_KEY_SECRET, Emulator, Fault, Misbehaviour, NewSpace},
    plugin_host::HostError,
    provider_binary::{self, Profile},
    session::{Outcome, Session, provider_config},
};
use libtest_mimic::{Arguments, Trial};
use serde_json::json;
use tokio::sync::Semaphore;

const WABA: &str = "102290129340398";
const BIND: &str = "ChatappBindWaba";
const QUERY: &str = "QueryChatappBindWaba";
const LIST: &str = "ListInstance";
const ISV_CODE: &str = "isv-code-that-nobody-may-see";

/// Cells that run side by side: most of their time is spent waiting.
const AT_ONCE: usize = 12;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// The bind, and the fault keeps it from being executed.
    Bind,
    /// The bind, and the fault hits its answer.
    Bound,
    /// The read right after the bind.
    Fill,
    Refresh,
    Import,
    /// The search for a WABA after a bind without an answer.
    Search,
}

const COLUMNS: [(At, &str); 6] = [
    (At::Bind, "bind, not run"),
    (At::Bound, "bind, run"),
    (At::Fill, "read after bind"),
    (At::Refresh, "refresh"),
    (At::Import, "import"),
    (At::Search, "look-up"),
];

/// What must come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Want {
    /// It works, and nobody hears of the fault.
    Fine,
    /// It works, and a warning tells.
    Warned,
    /// It fails with an error that names the fault, and nothing is changed.
    Fails,
    /// It fails, and the error says that it is unknown whether the WABA is bound.
    Unknown,
}
use Want::{Fails, Fine, Unknown, Warned};

/// How often a fault hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Often {
    Once,
    Always,
}

/// What kind of fault it is, which decides what must come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Nobody can tell whether the request was executed, and there is no answer.
    Silent,
    /// As above, but something came back that may be the answer.
    Garbled,
    /// As above, and reading it again does not help.
    Odd,
    /// Certainly not executed, and it helps to repeat it.
    Passing,
    /// Certainly not executed, and it does not help.
    Final,
    /// As above, and every call of the session meets it.
    Everywhere,
}

/// A row.
struct Row {
    name: &'static str,
    kind: Kind,
    fault: Played,
    /// What an error about it must say.
    words: &'static [&'static str],
}

enum Played {
    /// By the emulator.
    Fault(Misbehaviour),
    /// The emulated clock is an hour ahead.
    Clock,
    /// The endpoint is one where nothing answers as it should.
    Endpoint(fn() -> String),
}

fn error(status: u16, code: &str) -> Played {
    Played::Fault(Misbehaviour::Error {
        status,
        code: code.to_owned(),
        message: "told".to_owned(),
        retry_after_ms: None,
    })
}

fn throttle(status: u16, code: &str, retry_after_ms: Option<u64>) -> Played {
    Played::Fault(Misbehaviour::Throttle {
        code: code.to_owned(),
        status,
        retry_after_ms,
    })
}

fn rows() -> Vec<Row> {
    let row = |name, kind, fault, words| Row {
        name,
        kind,
        fault,
        words,
    };
    let fault = Played::Fault;
    vec![
        row(
            "name not resolved",
            Kind::Everywhere,
            Played::Endpoint(|| "https://no-such-host.invalid".to_owned()),
            &["cannot be resolved", "Nothing was sent"],
        ),
        row(
            "connection refused",
            Kind::Everywhere,
            Played::Endpoint(refusing),
            &["the connection was refused", "Nothing was sent"],
        ),
        row(
            "no TLS there",
            Kind::Everywhere,
            Played::Endpoint(plain),
            &["TLS", "Nothing was sent"],
        ),
        row(
            "TLS handshake unanswered",
            Kind::Everywhere,
            Played::Endpoint(mute),
            &["no connection in time", "Nothing was sent"],
        ),
        row(
            "connection cut",
            Kind::Silent,
            fault(Misbehaviour::Cut),
            &["the connection was cut"],
        ),
        row(
            "connection reset",
            Kind::Silent,
            fault(Misbehaviour::Reset),
            &["the connection was cut"],
        ),
        row(
            "answer too late",
            Kind::Silent,
            fault(Misbehaviour::Slow { delay_ms: 1_500 }),
            &["no complete answer within"],
        ),
        row(
            "answer drips",
            Kind::Silent,
            fault(Misbehaviour::Drip {
                bytes: 8,
                interval_ms: 400,
            }),
            &["no complete answer within"],
        ),
        row(
            "answer breaks off",
            Kind::Silent,
            fault(Misbehaviour::Truncate { bytes: Some(20) }),
            &["the connection was cut"],
        ),
        row(
            "500 InternalError",
            Kind::Silent,
            error(500, "InternalError"),
            &["InternalError", "500"],
        ),
        row(
            "502 with HTML",
            Kind::Silent,
            fault(Misbehaviour::Html { status: 502 }),
            &["502"],
        ),
        row(
            "504 with HTML",
            Kind::Silent,
            fault(Misbehaviour::Html { status: 504 }),
            &["504"],
        ),
        row(
            "503 ServiceUnavailable",
            Kind::Passing,
            error(503, "ServiceUnavailable"),
            &["ServiceUnavailable", "503"],
        ),
        row(
            "429",
            Kind::Passing,
            throttle(429, "Throttling", None),
            &["429", "10 calls a second"],
        ),
        row(
            "400 throttled, with a wait",
            Kind::Passing,
            throttle(400, "Throttling.User", Some(200)),
            &["Throttling.User"],
        ),
        row(
            "400 throttled, without a wait",
            Kind::Passing,
            throttle(400, "System.LimitControl", None),
            &["System.LimitControl"],
        ),
        row(
            "400 of any code, with a wait",
            Kind::Passing,
            throttle(400, "Some.Limit", Some(200)),
            &["Some.Limit"],
        ),
        row(
            "nonce reported as used",
            Kind::Passing,
            error(400, "SignatureNonceUsed"),
            &["SignatureNonceUsed"],
        ),
        row(
            "200 with an error code",
            Kind::Final,
            error(200, "Some.Failure"),
            &["Some.Failure"],
        ),
        row(
            "403 permission denied",
            Kind::Final,
            fault(Misbehaviour::denied()),
            &["NoPermission", "\"cams:ListInstance\""],
        ),
        row(
            "security token expired",
            Kind::Final,
            fault(Misbehaviour::ExpiredToken),
            &["InvalidSecurityToken.Expired"],
        ),
        row(
            "redirect",
            Kind::Final,
            fault(Misbehaviour::Redirect {
                status: 302,
                location: "http://127.0.0.1:9/elsewhere".to_owned(),
            }),
            &["a redirect"],
        ),
        row(
            "no JSON",
            Kind::Garbled,
            fault(Misbehaviour::InvalidJson),
            &["cannot be read"],
        ),
        row(
            "empty body",
            Kind::Garbled,
            fault(Misbehaviour::EmptyBody),
            &["it is empty"],
        ),
        row(
            "without Code",
            Kind::Garbled,
            fault(Misbehaviour::MissingFields {
                fields: vec!["Code".to_owned()],
            }),
            &["it has no Code"],
        ),
        row(
            "Code of another type",
            Kind::Garbled,
            fault(Misbehaviour::WrongTypes {
                fields: vec!["Code".to_owned()],
            }),
            &["it has no Code"],
        ),
        row(
            "data of another type",
            Kind::Odd,
            fault(Misbehaviour::WrongTypes {
                fields: vec!["Data".to_owned()],
            }),
            &["odd"],
        ),
        row(
            "5 MiB",
            Kind::Odd,
            fault(Misbehaviour::HugeBody { bytes: 5 << 20 }),
            &["larger than 4 MiB"],
        ),
        row(
            "clock off by an hour",
            Kind::Everywhere,
            Played::Clock,
            &["InvalidTimeStamp.Expired", "clock of this machine"],
        ),
    ]
}

impl Kind {
    /// What must come out; `None` where the case does not exist.
    fn want(self, at: At, often: Often, needs_answer: bool) -> Option<Want> {
        let once = often == Often::Once;
        let want =
            match (self, at) {
                // There is neither an executed bind nor a read after it.
                (Kind::Everywhere, At::Bind | At::Refresh | At::Import) => {
                    return (!once).then_some(Fails);
                }
                (Kind::Everywhere, _) => return None,
                // What needs a true answer cannot be played on a call that is not executed.
                (_, At::Bind) if needs_answer => return None,
                (Kind::Silent, At::Bind) => {
                    if once {
                        Fine
                    } else {
                        Unknown
                    }
                }
                (Kind::Garbled | Kind::Odd, At::Bind) => Unknown,
                (Kind::Silent | Kind::Garbled | Kind::Odd, At::Bound) => Warned,
                (Kind::Passing, At::Bind) => {
                    if once {
                        Fine
                    } else {
                        Fails
                    }
                }
                (Kind::Final, At::Bind) => Fails,
                // A service that does not execute a call does not execute it.
                (Kind::Passing | Kind::Final, At::Bound) => return None,
                (Kind::Silent | Kind::Garbled | Kind::Passing, At::Fill) => {
                    if once {
                        Fine
                    } else {
                        Warned
                    }
                }
                (Kind::Odd | Kind::Final, At::Fill) => Warned,
                (Kind::Silent | Kind::Garbled | Kind::Passing, At::Refresh | At::Import) => {
                    if once { Fine } else { Fails }
                }
                (Kind::Odd | Kind::Final, At::Refresh | At::Import) => Fails,
                (Kind::Silent | Kind::Garbled | Kind::Passing, At::Search) => {
                    if once {
                        Warned
                    } else {
                        Unknown
                    }
                }
                (Kind::Odd | Kind::Final, At::Search) => {
                    if once {
                        return None;
                    } else {
                        Unknown
                    }
                }
            };
        Some(want)
    }
}

/// A port where nobody listens.
fn refusing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    format!("http://{address}")
}

/// A port that speaks, but no TLS.
fn plain() -> String {
    serve(|mut stream| {
        use std::io::Write;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    })
}

/// A port that takes connections and never says a word.
fn mute() -> String {
    serve(|stream| {
        thread::sleep(Duration::from_secs(30));
        drop(stream);
    })
}

fn serve(each: fn(std::net::TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || each(stream));
        }
    });
    format!("https://{address}")
}

/// What was found in a cell.
#[derive(Debug, Default)]
struct Found {
    lost: Vec<String>,
    doubled: Vec<String>,
    leaked: Vec<String>,
    wrong: Vec<String>,
}

impl Found {
    fn all(&self) -> impl Iterator<Item = &String> {
        let all = [&self.lost, &self.doubled, &self.leaked, &self.wrong];
        all.into_iter().flatten()
    }
}

async fn cell(
    binary: PathBuf,
    row: &Row,
    at: At,
    often: Often,
    want: Want,
) -> Result<Found, HostError> {
    let emulator = Emulator::start()?;
    // A neighbour, so that the list is not empty.
    let neighbour = NewSpace {
        waba_id: Some("900000000000001".to_owned()),
        ..NewSpace::default()
    };
    emulator.add_space(neighbour)?;
    let mut provider = provider_config(&emulator);
    provider["client_read_timeout"] = json!(700);
    provider["client_connect_timeout"] = json!(500);
    provider["max_retry_timeout"] = json!(3);
    let arguments = json!({
        "waba_id": WABA,
        "isv_code": ISV_CODE,
        "timeouts": {"create": "40s", "read": "20s"},
    });

    // 1. What has to be there before.
    let good = Session::start(&binary, &provider).await?;
    let before = match at {
        At::Refresh | At::Import => Some(good.create(&arguments).await?),
        _ => None,
    };
    good.end().await?;

    // 2. The fault.
    if let Played::Endpoint(address) = &row.fault {
        provider["endpoints"]["cams"] = json!(address());
    }
    let launch = Session::launch(&binary)?
        .env("TF_LOG", "TRACE")
        .env("TF_LOG_PROVIDER", "TRACE");
    let session = Session::with(launch, &provider).await?;
    match &row.fault {
        Played::Clock => emulator.set_switches(|switches| switches.clock_offset_seconds = 3600),
        Played::Endpoint(_) => {}
        Played::Fault(misbehaviour) => {
            let action = match at {
                At::Bind | At::Bound => BIND,
                At::Search => LIST,
                At::Fill | At::Refresh | At::Import => QUERY,
            };
            let mut fault = Fault::new(action, misbehaviour.clone());
            if at == At::Bound {
                fault = fault.after();
            }
            if often == Often::Always {
                fault = fault.always();
            }
            emulator.inject(fault)?;
        }
    }
    if at == At::Search {
        emulator.inject(Fault::new(BIND, Misbehaviour::Cut).after())?;
    }

    // 3. The operation.
    let outcome = match (at, &before) {
        (At::Refresh, Some(before)) => session.read(&before.raw).await?,
        (At::Import, Some(before)) => {
            let id = before.text("cust_space_id").ok_or("nothing was bound")?;
            session.import(id).await?
        }
        _ => session.create(&arguments).await?,
    };
    let logged = session.end().await?.stderr;

    // 4. The truth.
    let spaces = emulator.spaces_bound_to(WABA);
    let spaces = spaces
        .into_iter()
        .map(|space| space.cust_space_id)
        .collect();
    Ok(judge(
        row,
        at,
        want,
        &outcome,
        before.as_ref(),
        spaces,
        &logged,
    ))
}

fn judge(
    row: &Row,
    at: At,
    want: Want,
    outcome: &Outcome,
    before: Option<&Outcome>,
    spaces: Vec<String>,
    logged: &str,
) -> Found {
    let mut found = Found::default();
    let told = outcome.told();
    let saved = outcome.text("cust_space_id");
    let admitted = told.contains("is bound now is unknown");

    // Lost and doubled.
    if before.is_none() {
        for space in &spaces {
            if saved != Some(space) && !told.contains(space.as_str()) && !admitted {
                found
                    .lost
                    .push(format!("{space} is in no state and no message: {told}"));
            }
        }
        if spaces.len() > 1 {
            found.doubled.push(format!("{spaces:?}"));
        }
    }
    if let Some(saved) = saved
        && !spaces.iter().any(|space| space == saved)
    {
        found.wrong.push(format!("{saved} is saved, but not true"));
    }
    match (at, before) {
        (At::Refresh, Some(before)) if outcome.state != before.state => {
            found.lost.push(format!(
                "a refresh changed the state to {}: {told}",
                outcome.state
            ));
        }
        _ => {}
    }

    // Leaked.
    for secret in [DEFAULT_ACCESS_KEY_SECRET, ISV_CODE, "Signature="] {
        if told.contains(secret) {
            found.leaked.push(format!("{secret} in {told}"));
        }
        if logged.contains(secret) {
            found.leaked.push(format!("{secret} in the log"));
        }
    }

    if !logged.contains("\"action\":") {
        found
            .wrong
            .push("no call is in the log, so that nothing proves that it is clean".to_owned());
    }

    // Said.
    let came = match (outcome.failed(), outcome.diagnostics.is_empty()) {
        (false, true) => Fine,
        (false, false) => Warned,
        (true, _) if admitted => Unknown,
        (true, _) => Fails,
    };
    if came != want {
        found
            .wrong
            .push(format!("{came:?} instead of {want:?}: {told}"));
    }
    if came != Fine {
        // After a bind without an answer that failure is told, and the one of the search in a word.
        let words = match (at, came) {
            (At::Search, Warned) => &[],
            (At::Search, _) => &row.words[..1],
            _ => row.words,
        };
        for word in words {
            if !told.contains(word) {
                found.wrong.push(format!("\"{word}\" is not in {told}"));
            }
        }
    }
    if came == Fails && before.is_none() && !spaces.is_empty() {
        found
            .lost
            .push(format!("said to have failed, but bound: {told}"));
    }
    found
}

/// What was found, by row and column.
type Cells = BTreeMap<(usize, usize), Vec<(Often, Want, Found)>>;

/// The name of the only test here.
const NAME: &str = "no_fault_loses_doubles_or_leaks_anything";

async fn run() -> Result<String, String> {
    let binary = provider_binary::path(Profile::Dev).map_err(|error| error.to_string())?;
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let rows: Arc<Vec<Row>> = Arc::new(rows());
    let mut running = Vec::new();
    let started = Instant::now();
    for (number, row) in rows.iter().enumerate() {
        let needs_answer = matches!(
            &row.fault,
            Played::Fault(
                Misbehaviour::Slow { .. }
                    | Misbehaviour::Drip { .. }
                    | Misbehaviour::Truncate { .. }
                    | Misbehaviour::MissingFields { .. }
                    | Misbehaviour::WrongTypes { .. }
            )
        );
        for (column, (at, _)) in COLUMNS.into_iter().enumerate() {
            for often in [Often::Once, Often::Always] {
                let Some(want) = row.kind.want(at, often, needs_answer) else {
                    continue;
                };
                let (turns, rows, binary) = (Arc::clone(&turns), Arc::clone(&rows), binary.clone());
                running.push(tokio::spawn(async move {
                    let _turn = turns.acquire_owned().await;
                    let found = cell(binary, &rows[number], at, often, want).await;
                    ((number, column), often, want, found)
                }));
            }
        }
    }
    let mut cells = Cells::new();
    let mut all = 0;
    for cell in running {
        let (place, often, want, found) = cell.await.map_err(|error| error.to_string())?;
        let found = found
            .map_err(|error| format!("{} {}: {error}", rows[place.0].name, COLUMNS[place.1].1))?;
        cells.entry(place).or_default().push((often, want, found));
        all += 1;
    }
    let (table, defects) = table(&rows, &cells);
    let sum = |of: fn(&Found) -> usize| -> usize {
        cells
            .values()
            .flatten()
            .map(|(_, _, found)| of(found))
            .sum()
    };
    let totals = format!(
        "{all} cases in {:.0} s: bindings lost {}, doubled {}, secrets leaked {}, wrong diagnostics {}",
        started.elapsed().as_secs_f64(),
        sum(|found| found.lost.len()),
        sum(|found| found.doubled.len()),
        sum(|found| found.leaked.len()),
        sum(|found| found.wrong.len()),
    );
    let text = format!("{table}\n{totals}\n");
    if defects.is_empty() {
        Ok(text)
    } else {
        Err(format!("{text}\n{defects}"))
    }
}

/// One line for each fault; in each field what came of it when it hit once and when it hit always.
fn table(rows: &[Row], cells: &Cells) -> (String, String) {
    let (mut table, mut defects) = (String::new(), String::new());
    let _ = write!(table, "\n{:30}", "fault (once / always)");
    for (_, title) in COLUMNS {
        let _ = write!(table, "| {title:19}");
    }
    table.push('\n');
    for (number, row) in rows.iter().enumerate() {
        let _ = write!(table, "{:30}", row.name);
        for (column, (_, title)) in COLUMNS.into_iter().enumerate() {
            let none = Vec::new();
            let results = cells.get(&(number, column)).unwrap_or(&none);
            let mut field = |wanted: Often| {
                results.iter().find(|(often, ..)| *often == wanted).map_or(
                    "-".to_owned(),
                    |(often, want, found)| {
                        for defect in found.all() {
                            let _ =
                                writeln!(defects, "{}, {}, {often:?}: {defect}", row.name, title);
                        }
                        let failed = found.all().next().is_some();
                        format!(
                            "{}{}",
                            if failed { "DEFECT " } else { "" },
                            match want {
                                Fine => "fine",
                                Warned => "warned",
                                Fails => "told",
                                Unknown => "unknown",
                            }
                        )
                    },
                )
            };
            let (once, always) = (field(Often::Once), field(Often::Always));
            let _ = write!(table, "| {:19}", format!("{once} / {always}"));
        }
        table.push('\n');
    }
    (table, defects)
}

#[expect(clippy::print_stdout, reason = "the table is what this test is for")]
fn main() -> std::process::ExitCode {
    let trial = Trial::test(NAME, || {
        let runtime = tokio::runtime::Runtime::new()?;
        let table = runtime.block_on(run())?;
        println!("{table}");
        Ok(())
    });
    libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit_code()
}
