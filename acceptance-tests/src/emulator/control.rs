//! Control over HTTP: JSON documents below [`PREFIX`], for tests and people in any language.
//!
//! The paths are described in the module documentation of the emulator. Must not contain: anything that the typed
//! interface cannot do as well.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::cams::new_space;
use super::cloud::{Account, Space, Waba};
use super::faults::Fault;
use super::request::Received;
use super::world::{Now, World};

/// Where control begins.
pub(super) const PREFIX: &str = "/_emulator";

const PATHS: [&str; 17] = [
    "GET /_emulator/switches",
    "PUT /_emulator/switches",
    "GET /_emulator/faults",
    "POST /_emulator/faults",
    "DELETE /_emulator/faults",
    "GET /_emulator/accounts",
    "PUT /_emulator/accounts/{account_id}",
    "PUT /_emulator/wabas/{waba_id}",
    "GET /_emulator/state",
    "POST /_emulator/spaces",
    "DELETE /_emulator/spaces/{cust_space_id}",
    "POST /_emulator/rebind",
    "POST /_emulator/unbind",
    "GET /_emulator/calls",
    "DELETE /_emulator/calls",
    "POST /_emulator/reset",
    "GET /_emulator/",
];

/// A space to be made as if at the console.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewSpace {
    /// Account that gets it; absent, the default account.
    pub account: Option<String>,
    /// Its ID; absent, a new one.
    pub cust_space_id: Option<String>,
    /// What is bound to it; absent, nothing.
    pub waba_id: Option<String>,
    /// `whatsapp` unless said otherwise.
    pub channel_type: Option<String>,
    /// Demanded of those who ask for it; absent, as the switch says.
    pub isv_code: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rebind {
    cust_space_id: String,
    waba_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unbind {
    cust_space_id: String,
}

/// The status and the document that a control request gets; `path` comes without the prefix.
pub(super) fn answer(world: &mut World, received: &Received, path: &str, now: Now) -> (u16, Value) {
    let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty()).collect();
    let done = match (received.method.as_str(), steps.as_slice()) {
        ("GET", []) => Ok(json!({"paths": PATHS})),
        ("GET", ["switches"]) => Ok(Value::Object(world.switches.to_object())),
        ("PUT", ["switches"]) => put_switches(world, received),
        ("GET", ["faults"]) => Ok(json!(world.faults.all())),
        ("POST", ["faults"]) => document::<Fault>(received)
            .and_then(|fault| world.faults.add(fault))
            .map(|()| json!({"waiting": world.faults.all()})),
        ("DELETE", ["faults"]) => {
            world.faults.clear();
            Ok(json!({}))
        }
        ("GET", ["accounts"]) => Ok(world.cloud.snapshot()["accounts"].take()),
        ("PUT", ["accounts", id]) => document::<Account>(received).and_then(|account| {
            world.cloud.put_account(Account {
                id: (*id).to_owned(),
                ..account
            })?;
            Ok(json!({"account": id}))
        }),
        ("PUT", ["wabas", id]) => put_waba(world, received, id),
        ("GET", ["state"]) => Ok(world.cloud.snapshot()),
        ("POST", ["spaces"]) => document::<NewSpace>(received)
            .and_then(|wanted| add_space(world, wanted, now))
            .map(|space| json!(space)),
        ("DELETE", ["spaces", id]) => match world.cloud.spaces.remove(*id) {
            Some(space) => Ok(json!(space)),
            None => Err(format!("there is no space \"{id}\"")),
        },
        ("POST", ["rebind"]) => document::<Rebind>(received).and_then(|rebind| {
            let waba_id = Some(rebind.waba_id.as_str());
            world.cloud.set_binding(&rebind.cust_space_id, waba_id)?;
            Ok(json!(world.cloud.spaces.get(&rebind.cust_space_id)))
        }),
        ("POST", ["unbind"]) => document::<Unbind>(received).and_then(|unbind| {
            world.cloud.set_binding(&unbind.cust_space_id, None)?;
            Ok(json!(world.cloud.spaces.get(&unbind.cust_space_id)))
        }),
        ("GET", ["calls"]) => calls(world, received),
        ("DELETE", ["calls"]) => {
            world.calls.clear();
            Ok(json!({}))
        }
        ("POST", ["reset"]) => {
            *world = World::new();
            Ok(json!({}))
        }
        (method, _) => {
            let error = format!("there is no {method} {PREFIX}{path}");
            return (404, json!({"error": error, "paths": PATHS}));
        }
    };
    match done {
        Ok(body) => (200, body),
        Err(sentence) => (400, json!({"error": sentence})),
    }
}

/// Makes a space as if at the console.
pub(super) fn add_space(world: &mut World, wanted: NewSpace, now: Now) -> Result<Space, String> {
    let account = wanted
        .account
        .unwrap_or_else(|| super::DEFAULT_ACCOUNT.to_owned());
    if !world.cloud.accounts.contains_key(&account) {
        return Err(format!("there is no account \"{account}\"; put it first"));
    }
    let mut space = new_space(world, &account, now);
    if let Some(id) = wanted.cust_space_id {
        if world.cloud.spaces.contains_key(&id) {
            return Err(format!("the space \"{id}\" exists already"));
        }
        if world.switches.instance_id_equals_space {
            space.instance_id.clone_from(&id);
        }
        space.cust_space_id = id;
    }
    if let Some(channel_type) = wanted.channel_type {
        space.channel_type = channel_type;
    }
    if wanted.isv_code.is_some() {
        space.isv_code = wanted.isv_code;
    }
    space.waba_id = wanted.waba_id;
    let id = space.cust_space_id.clone();
    world.cloud.spaces.insert(id, space.clone());
    Ok(space)
}

fn put_switches(world: &mut World, received: &Received) -> Result<Value, String> {
    let changes: Value = document(received)?;
    let changes = changes.as_object().ok_or_else(|| {
        "the body is no JSON object such as {\"bind_again\": \"same_space\"}".to_owned()
    })?;
    world.switches = world.switches.with(changes)?;
    Ok(Value::Object(world.switches.to_object()))
}

/// Registers a WABA: what is absent is derived, what is `null` will be absent from answers.
fn put_waba(world: &mut World, received: &Received, id: &str) -> Result<Value, String> {
    let changes: Value = document(received)?;
    let changes = changes
        .as_object()
        .ok_or_else(|| "the body is no JSON object such as {\"name\": \"Shop\"}".to_owned())?;
    let present = world.cloud.waba(id, &world.switches.account_review_status);
    let mut all = json!(present);
    for (name, value) in changes {
        all[name] = value.clone();
    }
    all["id"] = json!(id);
    let waba: Waba = serde_json::from_value(all).map_err(|error| error.to_string())?;
    let shown = json!(waba);
    world.cloud.wabas.insert(id.to_owned(), waba);
    Ok(shown)
}

/// The log, of one action if `?action=` is given, and only after call number `?after=`.
fn calls(world: &World, received: &Received) -> Result<Value, String> {
    let action = received.parameter("action");
    let after = match received.parameter("after") {
        None => 0,
        Some(text) => text
            .parse::<u64>()
            .map_err(|_| format!("after=\"{text}\" is not the number of a call"))?,
    };
    let calls =
        world.calls.all().iter().filter(|call| {
            call.number > after && action.is_none_or(|action| action == call.action)
        });
    Ok(json!(calls.collect::<Vec<_>>()))
}

fn document<T: DeserializeOwned>(received: &Received) -> Result<T, String> {
    serde_json::from_slice(&received.body)
        .map_err(|error| format!("the body is not what this path expects: {error}"))
}
