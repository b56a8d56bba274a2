//! Refreshes without the CLI: what one costs, how the cost grows, and how close many come to the limit of calls.
//!
//! Must not contain: whole commands.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use acceptance_tests::{
    emulator::{Account, Emulator, NewSpace, PhoneNumber, Role},
    machine::{processor_time, resident},
    plugin_host::{HostError, Launch},
    proto::tfplugin6::DynamicValue,
    session::{Session, provider_config},
};
use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    configuration::{Configuration, Resource},
    figures::{Report, Samples},
};

/// Who may assume the roles of all accounts: the user of the key that the emulator starts with.
pub(crate) const USER: &str = "acs:ram::1000000000000001:user/terraform";

const NUMBER: &str = "alicloud_cams_phone_number";

const SERVICE: &str = "alicloud_cams_service";

/// Calls a second and account, by the documentation.
const LIMIT: f64 = 10.0;

pub(crate) fn account(number: usize) -> String {
    (2_000_000_000_000_000 + number).to_string()
}

pub(crate) fn waba(number: usize) -> String {
    (300_000_000_000_000 + number).to_string()
}

pub(crate) fn phone_number(number: usize) -> String {
    (6_500_000_000_u64 + number as u64).to_string()
}

/// A provider that does not hold itself back, and a service that does not mind.
pub(crate) fn without_limits(emulator: &Emulator) -> Value {
    emulator.set_behavior(|behavior| {
        behavior.gateway.cams_calls_per_second = None;
        behavior.sts.calls_per_second = None;
    });
    let mut config = provider_config(emulator);
    config["requests_per_second"] = json!(1_000_000);
    config
}

/// The states of bindings that exist in the cloud, in turn of each account. One account is that of the provider's key;
/// of more, each has a role of its own.
pub(crate) async fn bindings(
    session: &Session,
    emulator: &Emulator,
    accounts: usize,
    of_each: usize,
) -> Result<Vec<DynamicValue>, HostError> {
    let one = session.create(&json!({"waba_id": waba(0)})).await?;
    if one.failed() {
        return Err(one.messages().into());
    }
    for number in 0..accounts {
        let role = Role::new("onboarding", &[USER]);
        emulator.put_account(Account::new(&account(number)).with_role(role))?;
    }
    let mut states = Vec::new();
    for number in 0..accounts * of_each {
        let (space, waba) = (format!("cams-bench{number}"), waba(number + 1));
        let owner = (accounts > 1).then(|| account(number % accounts));
        let mut state = one.state.clone();
        state["id"] = json!(space);
        state["cust_space_id"] = json!(space);
        state["waba_id"] = json!(waba);
        if let Some(owner) = &owner {
            state["assume_role"] = json!({
                "role_arn": format!("acs:ram::{owner}:role/onboarding"), "session_name": null,
                "policy": null, "session_expiration": null, "external_id": null,
            });
        }
        emulator.add_space(NewSpace {
            account: owner,
            cust_space_id: Some(space),
            waba_id: Some(waba),
            ..NewSpace::default()
        })?;
        states.push(DynamicValue {
            msgpack: Vec::new(),
            json: state.to_string().into_bytes(),
        });
    }
    Ok(states)
}

/// One refresh, which must find its binding as it was.
async fn refresh(session: &Session, state: &DynamicValue) -> Result<(), HostError> {
    let outcome = session.read(state).await?;
    if outcome.diagnostics.is_empty() && outcome.text("id").is_some() {
        Ok(())
    } else {
        Err(format!("a refresh went wrong: {}", outcome.messages()).into())
    }
}

/// Refreshes all of them, so many at a time.
pub(crate) async fn all(
    session: Session,
    states: Vec<DynamicValue>,
    at_a_time: usize,
) -> Result<Session, HostError> {
    let session = Arc::new(session);
    let places = Arc::new(Semaphore::new(at_a_time));
    let mut running = JoinSet::new();
    for state in states {
        let place = Arc::clone(&places).acquire_owned().await?;
        let session = Arc::clone(&session);
        running.spawn(async move {
            let refreshed = refresh(&session, &state).await;
            drop(place);
            refreshed
        });
    }
    while let Some(refreshed) = running.join_next().await {
        refreshed??;
    }
    Arc::into_inner(session).ok_or_else(|| "a refresh is still running".into())
}

fn us(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// One refresh after the other, and ten at a time, without limits.
pub(crate) async fn single(report: &mut Report, binary: &Path) -> Result<(), HostError> {
    report.section("refreshes without limits, through the plugin host")?;
    let emulator = Emulator::start()?;
    let config = without_limits(&emulator);
    let session = Session::with(Launch::new(binary)?, &config).await?;
    let process = session.host().process.pid()?;
    let states = bindings(&session, &emulator, 1, 1_000).await?;
    for state in &states[..100] {
        refresh(&session, state).await?;
    }
    let before = processor_time(process);
    let mut took = Vec::new();
    for state in &states {
        let started = Instant::now();
        refresh(&session, state).await?;
        took.push(us(started.elapsed()));
    }
    let used = processor_time(process).zip(before);
    let took = Samples::of(took).ok_or("no refresh was measured")?;
    report.add(
        "ReadResource, one after the other, the service's share included",
        "us",
        &took,
        Some(1_000.0),
    )?;
    let each = used.map(|(after, before)| us(after.saturating_sub(before)) / states.len() as f64);
    report.value("processor time of the provider in each", "us", each, None)?;
    let count = states.len() as f64;
    let started = Instant::now();
    let session = all(session, states, 10).await?;
    let each = us(started.elapsed()) / count;
    report.value(
        "ReadResource, 10 at a time, wall time of each",
        "us",
        Some(each),
        None,
    )?;
    session.end().await?;
    Ok(())
}

/// How many objects of each type are refreshed, each once and in a space of its own.
const OF_EACH_TYPE: usize = 100;

/// One refresh after the other of each resource type, without limits. Another process has made the objects, so that nothing of
/// what the service says of them is known yet.
pub(crate) async fn types(report: &mut Report, binary: &Path) -> Result<(), HostError> {
    report.section("first ReadResource of each object, without limits, one after the other")?;
    let emulator = Emulator::start()?;
    let config = without_limits(&emulator);
    emulator.set_behavior(|behavior| behavior.template.review_after_ms = Some(0));
    let mut session = Session::with(Launch::new(binary)?, &config).await?;
    let mix = Configuration::own()?;
    let mut kinds: Vec<&str> = mix.resources().iter().map(|one| &*one.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    // Nothing can be said of a number before it is registered.
    kinds.sort_by_key(|kind| *kind != NUMBER);
    let mut spaces = Vec::new();
    for number in 0..OF_EACH_TYPE {
        let phone_number = PhoneNumber::signed_up(&phone_number(number));
        emulator.put_phone_number(&waba(number), phone_number);
        spaces.push(emulator.add_space(NewSpace {
            waba_id: Some(waba(number)),
            ..NewSpace::default()
        })?);
    }
    let mut made = Vec::new();
    for kind in &kinds {
        session = session.for_type(kind);
        let of_kind = mix.resources().iter().filter(|one| one.kind == *kind);
        let resources: Vec<&Resource> = of_kind.collect();
        let count = if *kind == SERVICE { 1 } else { OF_EACH_TYPE };
        let mut objects = Vec::new();
        for number in 0..count {
            let mut arguments = resources[number % resources.len()].arguments(number);
            let real = [
                ("cust_space_id", spaces[number].cust_space_id.clone()),
                ("phone_number", phone_number(number)),
                ("waba_id", waba(number)),
            ];
            for (name, value) in real {
                if let Some(argument) = arguments.get_mut(name) {
                    *argument = value.into();
                }
            }
            let object = session.create(&arguments).await?;
            if object.failed() {
                return Err(format!("{kind} was not created: {}", object.messages()).into());
            }
            objects.push(object);
        }
        made.push(objects);
    }
    session.end().await?;

    let mut session = Session::with(Launch::new(binary)?, &config).await?;
    for (kind, objects) in kinds.iter().zip(&made) {
        session = session.for_type(kind);
        let mut took = Vec::new();
        // An account has one object of the service; it is read as often as the others.
        for object in objects.iter().cycle().take(OF_EACH_TYPE) {
            let started = Instant::now();
            let read = session.read_again(object).await?;
            took.push(us(started.elapsed()));
            if read.failed() || read.text("id") != object.text("id") {
                return Err(format!("a refresh of {kind} went wrong: {}", read.messages()).into());
            }
        }
        let took = Samples::of(took).ok_or("no refresh was measured")?;
        report.add(kind, "us", &took, Some(1_000.0))?;
    }
    session.end().await?;
    Ok(())
}

/// From 100 to 10 000 refreshes in one process.
pub(crate) async fn growth(report: &mut Report, binary: &Path) -> Result<(), HostError> {
    report.section("growth, through the plugin host, 10 at a time, without limits")?;
    for count in [100, 1_000, 10_000] {
        let emulator = Emulator::start()?;
        let config = without_limits(&emulator);
        let session = Session::with(Launch::new(binary)?, &config).await?;
        let process = session.host().process.pid()?;
        let states = bindings(&session, &emulator, 1, count).await?;
        let before = processor_time(process);
        let started = Instant::now();
        let session = all(session, states, 10).await?;
        let each = us(started.elapsed()) / count as f64;
        let used = processor_time(process).zip(before);
        let used = used.map(|(after, before)| us(after.saturating_sub(before)) / count as f64);
        report.value(
            &format!("{count} refreshes: wall time of each"),
            "us",
            Some(each),
            None,
        )?;
        report.value(
            &format!("{count} refreshes: processor time of each"),
            "us",
            used,
            None,
        )?;
        let memory = resident(process);
        report.value(
            &format!("{count} refreshes: resident memory after them"),
            "MiB",
            memory,
            None,
        )?;
        session.end().await?;
    }
    Ok(())
}

/// As fast as the limit allows, for several accounts at once.
pub(crate) async fn at_the_limit(
    report: &mut Report,
    binary: &Path,
    full: bool,
) -> Result<(), HostError> {
    report.section("refreshes at 10 calls a second and account")?;
    for accounts in [1, 10, 50] {
        let of_each = if accounts == 1 || full { 1_000 } else { 200 };
        let emulator = Emulator::start()?;
        let session = Session::with(Launch::new(binary)?, &provider_config(&emulator)).await?;
        let states = bindings(&session, &emulator, accounts, of_each).await?;
        // The creation that served as the model has used turns of its own.
        tokio::time::sleep(Duration::from_secs(3)).await;
        emulator.clear_calls();
        let started = Instant::now();
        let session = all(session, states, accounts * 10).await?;
        let wall = started.elapsed().as_secs_f64();
        let ideal = of_each as f64 / LIMIT;
        let what = format!("{accounts} accounts x {of_each}");
        ride(report, &what, wall, ideal, 1.03, &emulator)?;
        session.end().await?;
    }
    Ok(())
}

/// How well a run kept to the limit: its seconds beside the ideal ones, and what the service refused. All refusals count:
/// nothing but flow control refuses anything here.
pub(crate) fn ride(
    report: &mut Report,
    what: &str,
    wall: f64,
    ideal: f64,
    at_most: f64,
    emulator: &Emulator,
) -> Result<(), HostError> {
    let calls = emulator.calls();
    let refused = calls.iter().filter(|call| call.status != Some(200)).count();
    let times = || calls.iter().map(|call| call.at_ms);
    let span = times().max().unwrap_or_default() - times().min().unwrap_or_default();
    report.value(&format!("{what}: wall time"), "s", Some(wall), None)?;
    report.value(
        &format!("{what}: part of the ideal {ideal} s"),
        "ratio",
        Some(wall / ideal),
        Some(at_most),
    )?;
    // What is left of the wall time is the CLI's own, before the first call and after the last one.
    report.value(
        &format!("{what}: from the first call to the last, part of the ideal {ideal} s"),
        "ratio",
        Some(Duration::from_millis(span).as_secs_f64() / ideal),
        Some(at_most),
    )?;
    report.value(
        &format!("{what}: throttled responses"),
        "calls",
        Some(refused as f64),
        Some(0.0),
    )
}
