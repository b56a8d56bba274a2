//! Templates, phone numbers, webhooks and instances: each operation of an object against faults that hit every call, before
//! the operation runs at the service and, if it writes, after it has run.

use super::*;

const SPACE: &str = "cams-shop0000001";
const NUMBER: &str = "6580000001";

/// Rows of the table of bindings that are played here: one of each kind that a client can tell apart.
const ROWS: [&str; 9] = [
    "connection cut",
    "response too late",
    "500 InternalError",
    "502 page of a proxy",
    "403 page of a proxy",
    "login of a network",
    "400 throttled, with a wait",
    "no JSON",
    "text that is not well formed",
];

/// What is done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Create,
    Read,
    Update,
    Delete,
}

/// An operation, and the action of the service that does it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation {
    kind: &'static str,
    step: Step,
    action: &'static str,
}

const TEMPLATE: &str = "alicloud_cams_chatapp_template";
const INSTANCE: &str = "alicloud_cams_instance";
const PHONE: &str = "alicloud_cams_phone_number";
const HOOK: &str = "alicloud_cams_phone_webhook";

const OPERATIONS: [Operation; 12] = [
    operation(TEMPLATE, Step::Create, "CreateChatappTemplate"),
    operation(TEMPLATE, Step::Read, "GetChatappTemplateDetail"),
    operation(TEMPLATE, Step::Update, "ModifyChatappTemplate"),
    operation(TEMPLATE, Step::Delete, "DeleteChatappTemplate"),
    operation(INSTANCE, Step::Create, "CreateInstance"),
    operation(INSTANCE, Step::Read, "QueryInstance"),
    operation(INSTANCE, Step::Update, "UpdateInstance"),
    operation(INSTANCE, Step::Delete, "DeleteInstance"),
    operation(PHONE, Step::Create, "ChatappPhoneNumberRegister"),
    operation(PHONE, Step::Read, "QueryChatappPhoneNumbers"),
    operation(HOOK, Step::Create, "UpdatePhoneWebhook"),
    operation(HOOK, Step::Read, "QueryChatappPhoneNumbers"),
];

const fn operation(kind: &'static str, step: Step, action: &'static str) -> Operation {
    Operation { kind, step, action }
}

/// The arguments of an object, and those after a change.
fn arguments(kind: &str) -> (Json, Json) {
    let number = json!({"cust_space_id": SPACE, "phone_number": NUMBER});
    let (before, change) = match kind {
        TEMPLATE => (
            json!({"cust_space_id": SPACE, "name": "hello", "language": "en", "category": "UTILITY",
                "deletion_policy": "DELETE", "body": {"text": "One"}}),
            json!({"body": {"text": "Two"}}),
        ),
        INSTANCE => (
            json!({"channel_type": "whatsapp", "instance_name": "shop", "deletion_policy": "DELETE"}),
            json!({"contact_mail": "shop@example.com"}),
        ),
        _ => (number, json!({})),
    };
    let mut before = before;
    if kind == HOOK {
        before["up_callback_url"] = json!("https://shop.example/inbound");
    }
    let mut after = before.clone();
    for (name, value) in change.as_object().into_iter().flatten() {
        after[name] = value.clone();
    }
    (before, after)
}

/// How many objects there are at the service that the operation can have made.
fn count(emulator: &Emulator, kind: &str) -> usize {
    match kind {
        TEMPLATE => emulator.templates(SPACE).len(),
        // One is the space of all cases.
        INSTANCE => emulator.spaces(DEFAULT_ACCOUNT).len() - 1,
        _ => 0,
    }
}

async fn cell(
    binary: PathBuf,
    row: &Row,
    operation: Operation,
    after: bool,
) -> Result<Found, HostError> {
    let emulator = Emulator::start()?;
    emulator.add_space(NewSpace {
        cust_space_id: Some(SPACE.to_owned()),
        waba_id: Some(WABA.to_owned()),
        ..NewSpace::default()
    })?;
    emulator.put_phone_number(WABA, PhoneNumber::signed_up(NUMBER));
    emulator.sync_phone_numbers(SPACE)?;
    let Operation { kind, step, action } = operation;
    let mut provider = provider_config(&emulator);
    provider["client_read_timeout"] = json!(700);
    provider["client_connect_timeout"] = json!(500);
    provider["max_retry_timeout"] = json!(2);
    let (first, second) = arguments(kind);
    let good = Session::start(&binary, &provider).await?.for_type(kind);
    let before = match step {
        Step::Create => None,
        _ => Some(good.create(&first).await?),
    };
    good.end().await?;
    if let Some(before) = &before
        && before.failed()
    {
        return Err(format!("the object of {kind} was not made: {}", before.messages()).into());
    }

    let mut launch = Session::launch(&binary)?;
    launch = launch
        .env("TF_LOG", "TRACE")
        .env("TF_LOG_PROVIDER", "TRACE");
    let session = Session::with(launch, &provider).await?.for_type(kind);
    let fault = row.fault.kind(At::Refresh).ok_or("no fault to play")?;
    // A slow operation runs all the same.
    let runs = after || row.fault.needs_response();
    let fault = Fault::new(action, fault).always();
    emulator.inject(if after { fault.after() } else { fault })?;
    let outcome = match (step, &before) {
        (Step::Read, Some(before)) => session.read_again(before).await?,
        (Step::Update, Some(before)) => session.update(before, &second).await?,
        (Step::Delete, Some(before)) => session.delete(before).await?,
        _ => session.create(&first).await?,
    };
    let logged = session.end().await?.stderr;
    let seen = Seen {
        outcome: &outcome,
        before: before.as_ref(),
        objects: count(&emulator, kind),
        logged: &logged,
    };
    Ok(judge(row, operation, runs, &seen))
}

/// What came of an operation.
struct Seen<'a> {
    outcome: &'a Outcome,
    before: Option<&'a Outcome>,
    objects: usize,
    logged: &'a str,
}

fn judge(row: &Row, operation: Operation, after: bool, seen: &Seen<'_>) -> Found {
    let mut found = Found::default();
    let Operation { kind, step, action } = operation;
    let outcome = seen.outcome;
    let messages = outcome.messages();
    let is_counted = [TEMPLATE, INSTANCE].contains(&kind);
    let is_saved = !outcome.state.is_null();
    let admitted = messages.contains("It is unknown whether");

    for secret in [DEFAULT_ACCESS_KEY_SECRET, "Signature="] {
        if messages.contains(secret) || seen.logged.contains(secret) {
            found.leaked.push(format!("{secret} in {messages}"));
        }
    }
    if is_counted && seen.objects > 1 {
        found
            .doubled
            .push(format!("{} objects: {messages}", seen.objects));
    }
    match step {
        Step::Create if is_counted && seen.objects > 0 && !is_saved && !admitted => {
            found
                .lost
                .push(format!("in no state and no message: {messages}"));
        }
        Step::Create if is_counted && seen.objects == 0 && is_saved => {
            found
                .wrong
                .push(format!("saved, but not true: {}", outcome.state));
        }
        Step::Read if row.kind != Kind::Harmless => {
            let before = seen.before.map(|before| &before.state);
            if before != Some(&outcome.state) {
                found.lost.push(format!(
                    "a refresh changed the state to {}: {messages}",
                    outcome.state
                ));
            }
        }
        Step::Update if !is_saved => found
            .lost
            .push(format!("no state after a change: {messages}")),
        Step::Delete if is_counted && seen.objects > 0 && !is_saved => {
            found
                .lost
                .push(format!("left the state, and is there: {messages}"));
        }
        _ => {}
    }

    let is_quiet = outcome.diagnostics.is_empty();
    if row.kind == Kind::Harmless {
        if !is_quiet {
            found
                .wrong
                .push(format!("nobody needed that text: {messages}"));
        }
        return found;
    }
    // A search finds out that an operation ran, so only a fault that prevents it must be in the message.
    if is_quiet && !after {
        found.wrong.push("nobody hears of the fault".to_owned());
    }
    let unbroken = messages.split_whitespace().collect::<Vec<_>>().join(" ");
    if outcome.failed() && !after {
        for word in row.words.iter().take(1).chain(&[action]) {
            if !unbroken.contains(word) {
                found.wrong.push(format!("\"{word}\" is not in {messages}"));
            }
        }
    }
    for diagnostic in &outcome.diagnostics {
        let summary = diagnostic.summary.chars().count();
        if summary >= 70 {
            found
                .wrong
                .push(format!("a summary of {summary} characters: {messages}"));
        }
        let codes = diagnostic
            .detail
            .lines()
            .filter(|line| line.trim_start().starts_with("Code:"));
        let codes = codes.count();
        let is_error = diagnostic.severity() == Severity::Error;
        if codes > 1 || is_error && codes == 0 {
            found.wrong.push(format!("{codes} codes: {messages}"));
        }
    }
    found
}

/// All cases: the operations, whether the fault comes after they ran, and what was found.
pub(super) async fn run(
    binary: &Path,
    turns: &Arc<Semaphore>,
) -> Result<(usize, String, Vec<Found>), String> {
    let rows: Arc<Vec<Row>> = Arc::new(rows());
    let mut running = Vec::new();
    for name in ROWS {
        let number = rows.iter().position(|row| row.name == name);
        let number = number.ok_or_else(|| format!("there is no row {name}"))?;
        for operation in OPERATIONS {
            for after in [false, true] {
                // A service that refuses or repairs nothing has no later chance to.
                let row = &rows[number];
                let is_refusal = matches!(
                    row.kind,
                    Kind::Final | Kind::Passing | Kind::Renewable | Kind::Harmless
                );
                if after && (operation.step == Step::Read || is_refusal) {
                    continue;
                }
                let (turns, rows, binary) =
                    (Arc::clone(turns), Arc::clone(&rows), binary.to_owned());
                running.push(tokio::spawn(async move {
                    let _turn = turns.acquire_owned().await;
                    let found = cell(binary, &rows[number], operation, after).await;
                    (name, operation, after, found)
                }));
            }
        }
    }
    let (mut all, mut defects, mut founds) = (0, String::new(), Vec::new());
    for cell in running {
        let (name, operation, after, found) = cell.await.map_err(|error| error.to_string())?;
        let place = format!("{name}, {operation:?}, after it ran: {after}");
        let found = found.map_err(|error| format!("{place}: {error}"))?;
        for defect in found.all() {
            let _ = writeln!(defects, "{place}: {defect}");
        }
        founds.push(found);
        all += 1;
    }
    Ok((all, defects, founds))
}
