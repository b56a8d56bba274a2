//! Control over HTTP: JSON documents below [`PREFIX`], for tests and people in any language.
//!
//! The paths are described in the module documentation of the emulator. Must not contain: anything that the typed
//! interface cannot do as well.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::cams::{PhoneNumber, Space, Waba, control_templates, new_space};
use super::credential_endpoints::CredentialEndpoints;
use super::entities::Account;
use super::faults::Fault;
use super::request::Received;
use super::state::{Now, State};

/// Where control begins.
pub(super) const PREFIX: &str = "/_emulator";

const PATHS: [&str; 21] = [
    "GET /_emulator/behavior",
    "PUT /_emulator/behavior",
    "GET /_emulator/faults",
    "POST /_emulator/faults",
    "DELETE /_emulator/faults",
    "GET /_emulator/accounts",
    "PUT /_emulator/accounts/{account_id}",
    "PUT /_emulator/wabas/{waba_id}",
    "PUT /_emulator/templates/{cust_space_id}/{name}",
    "PUT /_emulator/wabas/{waba_id}/phone_numbers/{phone_number}",
    "POST /_emulator/sync/{cust_space_id}",
    "PUT /_emulator/credential_endpoints",
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
pub(super) fn respond(
    state: &mut State,
    received: &Received,
    path: &str,
    now: Now,
) -> (u16, Value) {
    let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty()).collect();
    let done = match (received.method.as_str(), steps.as_slice()) {
        ("GET", []) => Ok(json!({"paths": PATHS})),
        ("GET", ["behavior"]) => Ok(Value::Object(state.behavior.to_object())),
        ("PUT", ["behavior"]) => put_behavior(state, received),
        ("GET", ["faults"]) => Ok(json!(state.faults.all())),
        ("POST", ["faults"]) => document::<Fault>(received)
            .and_then(|fault| state.faults.add(fault))
            .map(|()| json!({"waiting": state.faults.all()})),
        ("DELETE", ["faults"]) => {
            state.faults.clear();
            Ok(json!({}))
        }
        ("GET", ["accounts"]) => Ok(state.entities.snapshot()["accounts"].take()),
        ("PUT", ["accounts", id]) => document::<Account>(received).and_then(|account| {
            state.entities.put_account(Account {
                id: (*id).to_owned(),
                ..account
            })?;
            Ok(json!({"account": id}))
        }),
        ("PUT", ["wabas", id]) => put_waba(state, received, id),
        ("PUT", ["templates", space, name]) => document::<serde_json::Map<String, Value>>(received)
            .and_then(|changes| control_templates(state, space, name, &changes)),
        ("PUT", ["wabas", id, "phone_numbers", number]) => {
            put_phone_number(state, received, id, number)
        }
        ("POST", ["sync", space]) => sync_phone_numbers(state, space).map(|()| json!({})),
        ("PUT", ["credential_endpoints"]) => {
            document::<CredentialEndpoints>(received).map(|credential_endpoints| {
                state.credential_endpoints = credential_endpoints;
                json!({})
            })
        }
        ("GET", ["state"]) => Ok(state.entities.snapshot()),
        ("POST", ["spaces"]) => document::<NewSpace>(received)
            .and_then(|wanted| add_space(state, wanted, now))
            .map(|space| json!(space)),
        ("DELETE", ["spaces", id]) => match state.entities.spaces.remove(*id) {
            Some(space) => Ok(json!(space)),
            None => Err(format!("there is no space \"{id}\"")),
        },
        ("POST", ["rebind"]) => document::<Rebind>(received).and_then(|rebind| {
            let waba_id = Some(rebind.waba_id.as_str());
            state.entities.set_binding(&rebind.cust_space_id, waba_id)?;
            Ok(json!(state.entities.spaces.get(&rebind.cust_space_id)))
        }),
        ("POST", ["unbind"]) => document::<Unbind>(received).and_then(|unbind| {
            state.entities.set_binding(&unbind.cust_space_id, None)?;
            Ok(json!(state.entities.spaces.get(&unbind.cust_space_id)))
        }),
        ("GET", ["calls"]) => calls(state, received),
        ("DELETE", ["calls"]) => {
            state.calls.clear();
            Ok(json!({}))
        }
        ("POST", ["reset"]) => {
            *state = State::new();
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
pub(super) fn add_space(state: &mut State, wanted: NewSpace, now: Now) -> Result<Space, String> {
    let account = wanted
        .account
        .unwrap_or_else(|| super::DEFAULT_ACCOUNT.to_owned());
    if !state.entities.accounts.contains_key(&account) {
        return Err(format!("there is no account \"{account}\"; put it first"));
    }
    let mut space = new_space(state, &account, now);
    if let Some(id) = wanted.cust_space_id {
        if state.entities.spaces.contains_key(&id) {
            return Err(format!("the space \"{id}\" exists already"));
        }
        if state.behavior.instance.instance_id_equals_space {
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
    state.entities.spaces.insert(id, space.clone());
    Ok(space)
}

fn put_behavior(state: &mut State, received: &Received) -> Result<Value, String> {
    let changes: Value = document(received)?;
    let changes = changes.as_object().ok_or_else(|| {
        "the body is no JSON object such as {\"waba\": {\"bind_again\": \"same_space\"}}".to_owned()
    })?;
    state.behavior = state.behavior.with(changes)?;
    Ok(Value::Object(state.behavior.to_object()))
}

/// Registers a WABA. A value for an absent field is derived; a `null` field is absent from responses.
fn put_waba(state: &mut State, received: &Received, id: &str) -> Result<Value, String> {
    let changes: Value = document(received)?;
    let changes = changes
        .as_object()
        .ok_or_else(|| "the body is no JSON object such as {\"name\": \"Shop\"}".to_owned())?;
    let present = state
        .entities
        .waba(id, &state.behavior.waba.account_review_status);
    let mut all = json!(present);
    for (name, value) in changes {
        all[name] = value.clone();
    }
    all["id"] = json!(id);
    let waba: Waba = serde_json::from_value(all).map_err(|error| error.to_string())?;
    let shown = json!(waba);
    state.entities.wabas.insert(id.to_owned(), waba);
    Ok(shown)
}

/// Signs a number up at Meta, or changes it there: what is absent stays as it is, or is as the signup leaves it.
fn put_phone_number(
    state: &mut State,
    received: &Received,
    waba_id: &str,
    phone_number: &str,
) -> Result<Value, String> {
    let changes: Value = document(received)?;
    let changes = changes
        .as_object()
        .ok_or_else(|| "the body is no JSON object such as {\"status\": \"BANNED\"}".to_owned())?;
    let present = state.entities.phone_number(waba_id, phone_number);
    let present = present.map_or_else(|| PhoneNumber::signed_up(phone_number), |it| it.clone());
    let mut all = json!(present);
    for (name, value) in changes {
        all[name] = value.clone();
    }
    all["phone_number"] = json!(phone_number);
    let number: PhoneNumber = serde_json::from_value(all).map_err(|error| error.to_string())?;
    let shown = json!(number);
    state.entities.put_phone_number(waba_id, number);
    Ok(shown)
}

/// Copies the numbers of a space's WABA from Meta, as somebody at the console may do.
pub(super) fn sync_phone_numbers(state: &mut State, cust_space_id: &str) -> Result<(), String> {
    let space = state.entities.spaces.get(cust_space_id);
    let space = space.ok_or_else(|| format!("there is no space \"{cust_space_id}\""))?;
    let waba_id = space.waba_id.clone();
    let waba_id = waba_id.ok_or_else(|| format!("space \"{cust_space_id}\" has no WABA"))?;
    state
        .entities
        .sync_phone_numbers(cust_space_id, &waba_id, false);
    Ok(())
}

/// The log, of one action if `?action=` is given, and only after call number `?after=`.
fn calls(state: &State, received: &Received) -> Result<Value, String> {
    let action = received.parameter("action");
    let after = match received.parameter("after") {
        None => 0,
        Some(text) => text
            .parse::<u64>()
            .map_err(|_| format!("after=\"{text}\" is not the number of a call"))?,
    };
    let calls =
        state.calls.all().iter().filter(|call| {
            call.number > after && action.is_none_or(|action| action == call.action)
        });
    Ok(json!(calls.collect::<Vec<_>>()))
}

fn document<T: DeserializeOwned>(received: &Received) -> Result<T, String> {
    serde_json::from_slice(&received.body)
        .map_err(|error| format!("the body is not what this path expects: {error}"))
}

#[cfg(test)]
mod tests {
    use super::super::test_client::{Draft, control};
    use super::super::{DEFAULT_ACCESS_KEY_SECRET, DEFAULT_ACCOUNT, Emulator};
    use super::*;

    fn check(emulator: &Emulator, request: (&str, &str, &str), status: u16, part: &str) -> Value {
        let (method, path, body) = request;
        let (found, response) = control(emulator, method, path, body);
        let text = response.to_string();
        assert_eq!(found, status, "{request:?} {text}");
        assert!(text.contains(part), "{request:?} {text}");
        response
    }

    #[test]
    fn switches_are_read_and_moved() {
        let emulator = Emulator::start().expect("a free port");
        check(
            &emulator,
            ("GET", "behavior", ""),
            200,
            "\"bind_again\":\"same_space\"",
        );
        let body = r#"{"waba": {"bind_again": {"error": "X"}, "lag_queries": 3}}"#;
        check(
            &emulator,
            ("PUT", "behavior", body),
            200,
            r#""bind_again":{"error":"X"}"#,
        );
        assert_eq!(emulator.behavior().waba.lag_queries, 3);
        let body = r#"{"waba": {"lag_queries": 4, "mispelt": 1}}"#;
        check(
            &emulator,
            ("PUT", "behavior", body),
            400,
            "waba.bind_again, waba.bind_foreign",
        );
        assert_eq!(emulator.behavior().waba.lag_queries, 3);
        let body = r#"{"response": {"success_flag": "maybe"}}"#;
        check(
            &emulator,
            ("PUT", "behavior", body),
            400,
            "`false_beside_ok`",
        );
        check(&emulator, ("PUT", "behavior", "[]"), 400, "no JSON object");
        check(
            &emulator,
            ("PUT", "behavior", "{"),
            400,
            "not what this path expects",
        );
    }

    #[test]
    fn faults_are_posted_listed_and_dropped() {
        let emulator = Emulator::start().expect("a free port");
        let body = r#"{"action": "ListInstance", "times": 2, "fault": {"html": {"status": 504}}}"#;
        check(&emulator, ("POST", "faults", body), 200, "\"times\":2");
        let response = Draft::new(&emulator, "ListInstance", &[]).send();
        assert_eq!(response.status, Some(504));
        check(&emulator, ("GET", "faults", ""), 200, "\"times\":1");
        check(&emulator, ("DELETE", "faults", ""), 200, "{}");
        assert!(emulator.faults().is_empty());
        check(
            &emulator,
            ("POST", "faults", r#"{"fault": "burn"}"#),
            400,
            "`drip`",
        );
        let body = r#"{"fault": "cut", "probability": 2}"#;
        check(&emulator, ("POST", "faults", body), 400, "between 0 and 1");
    }

    #[test]
    fn accounts_are_put_and_shown_without_secrets() {
        let emulator = Emulator::start().expect("a free port");
        let body = r#"{
            "access_keys": [{"id": "k", "secret": "unmistakable", "user": "u", "allow": ["cams:List*"]}],
            "roles": [{"name": "r", "trusted": ["1000000000000001"], "external_id": "unmistakable"}],
            "oidc_providers": [{"name": "ci", "issuer": "i", "audiences": ["a"], "hs256_key": "unmistakable"}]
        }"#;
        check(&emulator, ("PUT", "accounts/2", body), 200, "\"2\"");
        let draft = || Draft::new(&emulator, "ListInstance", &[]);
        let response = draft().with_key("k", "unmistakable", None).send();
        assert_eq!(response.code(), "OK");
        let shown = check(
            &emulator,
            ("GET", "accounts", ""),
            200,
            "\"access_key_ids\":[\"k\"]",
        );
        let state = check(
            &emulator,
            ("GET", "state", ""),
            200,
            "\"oidc_providers\":[\"ci\"]",
        );
        let log = check(
            &emulator,
            ("GET", "calls", ""),
            200,
            "\"access_key_id\":\"k\"",
        );
        for text in [shown, state, log] {
            let text = text.to_string();
            assert!(!text.contains("unmistakable"), "{text}");
            assert!(!text.contains(DEFAULT_ACCESS_KEY_SECRET), "{text}");
        }
        check(
            &emulator,
            ("PUT", "accounts/two", "{}"),
            400,
            "decimal digits",
        );
        check(
            &emulator,
            ("PUT", "accounts/3", r#"{"keys": []}"#),
            400,
            "`access_keys`",
        );
        let body = r#"{"access_keys": [{"id": "k", "secret": "s"}]}"#;
        check(
            &emulator,
            ("PUT", "accounts/3", body),
            400,
            "another account",
        );
    }

    #[test]
    fn control_changes_the_state_out_of_band() {
        let emulator = Emulator::start().expect("a free port");
        let body = r#"{"waba_id": "8", "cust_space_id": "cams-made"}"#;
        check(
            &emulator,
            ("POST", "spaces", body),
            200,
            "\"waba_id\":\"8\"",
        );
        check(&emulator, ("POST", "spaces", body), 400, "exists already");
        check(
            &emulator,
            ("POST", "spaces", r#"{"account": "9"}"#),
            400,
            "no account",
        );
        let query = || {
            let parameters = [("CustSpaceId", "cams-made")];
            Draft::new(&emulator, "QueryChatappBindWaba", &parameters)
                .send()
                .json()["Data"]
                .take()
        };
        assert_eq!(query()["Id"], "8");
        let body = r#"{"cust_space_id": "cams-made", "waba_id": "9"}"#;
        check(
            &emulator,
            ("POST", "rebind", body),
            200,
            "\"waba_id\":\"9\"",
        );
        assert_eq!(query()["Id"], "9");
        let body = r#"{"name": "Shop", "currency": null}"#;
        check(
            &emulator,
            ("PUT", "wabas/9", body),
            200,
            "\"name\":\"Shop\"",
        );
        assert_eq!(query()["Name"], "Shop");
        assert_eq!(query().get("Currency"), None);
        assert_eq!(query()["BusinessName"], "Business 9 Ltd");
        check(
            &emulator,
            ("PUT", "wabas/9", r#"{"nmae": ""}"#),
            400,
            "`name`",
        );
        let body = r#"{"name": "50%ff é"}"#;
        check(&emulator, ("PUT", "wabas/9", body), 200, "50%ff é");
        let body = r#"{"cust_space_id": "cams-made", "waba_id": "é12"}"#;
        check(&emulator, ("POST", "rebind", body), 200, "é12");
        assert_eq!(query()["Name"], "Business é12");
        let body = r#"{"cust_space_id": "cams-made"}"#;
        check(&emulator, ("POST", "unbind", body), 200, "\"waba_id\":null");
        assert_eq!(query(), Value::Null);
        check(
            &emulator,
            ("DELETE", "spaces/cams-made", ""),
            200,
            "cams-made",
        );
        check(
            &emulator,
            ("DELETE", "spaces/cams-made", ""),
            400,
            "no space",
        );
        check(&emulator, ("POST", "unbind", body), 400, "no space");
    }

    #[test]
    fn calls_are_shown_and_forgotten() {
        let emulator = Emulator::start().expect("a free port");
        for action in ["ListInstance", "GetChatappOpenStatus", "ListInstance"] {
            Draft::new(&emulator, action, &[("PageSize", "7")]).send();
        }
        let all = check(&emulator, ("GET", "calls", ""), 200, "\"signature\":\"V3\"");
        let all = all.as_array().expect("a list");
        assert_eq!(all.len(), 3);
        assert_ne!(all[0]["nonce"], all[2]["nonce"]);
        assert_eq!(all[0]["account"], DEFAULT_ACCOUNT);
        assert_eq!(all[0]["parameters"]["PageSize"], "7");
        assert_eq!(all[0]["code"], "OK");
        let lists = check(
            &emulator,
            ("GET", "calls?action=ListInstance", ""),
            200,
            "ListInstance",
        );
        assert_eq!(lists.as_array().map(Vec::len), Some(2));
        let later = check(&emulator, ("GET", "calls?after=2", ""), 200, "ListInstance");
        assert_eq!(later.as_array().map(Vec::len), Some(1));
        check(
            &emulator,
            ("GET", "calls?after=x", ""),
            400,
            "not the number",
        );
        check(&emulator, ("DELETE", "calls", ""), 200, "{}");
        assert!(emulator.calls().is_empty());
    }

    #[test]
    fn a_reset_brings_back_the_start() {
        let emulator = Emulator::start().expect("a free port");
        check(
            &emulator,
            ("PUT", "behavior", r#"{"waba": {"lag_ms": 5}}"#),
            200,
            "",
        );
        check(&emulator, ("POST", "spaces", "{}"), 200, "");
        check(&emulator, ("POST", "reset", ""), 200, "{}");
        assert_eq!(emulator.behavior().waba.lag_ms, 0);
        assert!(emulator.spaces(DEFAULT_ACCOUNT).is_empty());
    }

    #[test]
    fn unknown_paths_are_refused_with_the_known_ones() {
        let emulator = Emulator::start().expect("a free port");
        check(&emulator, ("GET", "", ""), 200, "/_emulator/rebind");
        check(&emulator, ("GET", "sate", ""), 404, "GET /_emulator/state");
        check(
            &emulator,
            ("POST", "behavior", "{}"),
            404,
            "PUT /_emulator/behavior",
        );
    }
}
