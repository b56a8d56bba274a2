//! The server with a fixture provider: what every RPC promises for every resource.
//!
//! Must not contain: the real provider.

use async_trait::async_trait;
use serde_json::json;

use super::{
    codec::{decode_object, encode},
    *,
};
use crate::{
    Action, Attribute, Block, DataSource, Function, ListResource, Object, Resource, Type, Value,
    diagnostics::Severity,
    provider::ConfigureRequest,
    resource::{
        CreateRequest, DeleteRequest, ImportRequest, PlanRequest, PlanResponse, ReadRequest,
        StateResponse, UpdateRequest,
    },
    schema::{Bounds, Nesting},
};

mod actions;
mod configuration;
mod data_sources;
mod deferral;
mod fixtures;
mod functions;
mod generated_config;
mod identity;
mod lists;
mod private_state;
mod upgrades_and_moves;

struct FixtureProvider;

#[async_trait]
impl Provider for FixtureProvider {
    type Client = String;

    fn schema(&self) -> Schema {
        Schema::new(Block::new("").attribute(Attribute::optional("greeting", Type::String)))
    }

    fn resources(&self) -> Vec<Box<dyn Resource<Client = String>>> {
        vec![Box::new(Thing), Box::new(fixtures::Room)]
    }

    fn data_sources(&self) -> Vec<Box<dyn DataSource<Client = String>>> {
        vec![Box::new(data_sources::Rooms)]
    }

    fn list_resources(&self) -> Vec<Box<dyn ListResource<Client = String>>> {
        vec![Box::new(lists::Rooms), Box::new(lists::Things)]
    }

    fn actions(&self) -> Vec<Box<dyn Action<Client = String>>> {
        vec![Box::new(actions::Knock)]
    }

    fn functions(&self) -> Vec<Box<dyn Function>> {
        vec![Box::new(functions::Join), Box::new(functions::Defect)]
    }

    fn validate(&self, config: &Object) -> Diagnostics {
        match config.text("greeting") {
            Some("panic") => panic!("a defect"),
            _ => Diagnostics::new(),
        }
    }

    async fn configure(&self, request: ConfigureRequest) -> Result<String, Diagnostics> {
        match request.config.text("greeting") {
            Some("panic") => panic!("a defect"),
            Some("shared?") => Ok(request.is_shared.to_string()),
            Some("rude") => Err(Diagnostic::error("No", "Not like that.").into()),
            other => Ok(other.unwrap_or("hello").to_owned()),
        }
    }

    /// As if the greeting were known only after apply.
    fn not_ready(&self, client: &String) -> Option<Diagnostics> {
        (client == "waiting").then(|| {
            Diagnostic::error("The greeting is not known yet", "Give it a known value.").into()
        })
    }

    fn stop(&self, _: &String) {}
}

/// Does what its attribute `act` says.
struct Thing;

#[async_trait]
impl Resource for Thing {
    type Client = String;

    fn type_name(&self) -> &'static str {
        "toy_thing"
    }

    fn schema(&self) -> Schema {
        Schema::new(
            Block::new("")
                .attribute(Attribute::required("act", Type::String))
                .attribute(Attribute::computed("id", Type::String).use_state_for_unknown())
                .attribute(Attribute::optional("secret", Type::String).write_only())
                .nested(
                    "part",
                    Nesting::List(Bounds::default()),
                    Block::new("").attribute(Attribute::optional("size", Type::Number)),
                ),
        )
    }

    fn validate(&self, config: &Object) -> Diagnostics {
        act(config.text("act"));
        Diagnostics::new()
    }

    fn modify_plan(&self, request: &PlanRequest<'_, Self::Client>, response: &mut PlanResponse) {
        act(request
            .config
            .and_then(|config| config.text("act"))
            .filter(|text| *text == "panic in plan"));
        response.private = request.prior.map(|_| json!("from the first plan"));
        if let Some(private) = request.prior_private {
            response
                .diagnostics
                .push(Diagnostic::warning("Seen", private.to_string()));
        }
    }

    fn generated_config(&self, config: Object) -> Object {
        act(config
            .text("act")
            .filter(|text| *text == "panic in generated_config"));
        config
    }

    async fn create(
        &self,
        client: &String,
        request: CreateRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        let what = request.planned.text("act").unwrap_or_default().to_owned();
        if what == "fail before" {
            return Err(Diagnostic::error("No", "Nothing was made.").into());
        }
        let mut state = request.planned;
        if what != "leave unknown" {
            state.set("id", client.as_str());
        }
        if what == "misfit" {
            state.set("id", 7);
            state.set("part", "no blocks");
        }
        state.set("secret", "must not be stored");
        response.state = Some(state);
        response
            .warnings
            .push(Diagnostic::warning("Hm", "A warning."));
        tokio::task::yield_now().await;
        match what.as_str() {
            "panic after" => panic!("a defect"),
            "fail after" => Err(Diagnostic::error("No", "Made, but then it failed.").into()),
            _ => Ok(()),
        }
    }

    async fn read(
        &self,
        _: &String,
        request: ReadRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        match request.state.text("act") {
            Some("panic after") => panic!("a defect"),
            Some("fail after") => {
                response.state = None;
                Err(Diagnostic::error("No", "Not to be read.").into())
            }
            Some("gone") => {
                response.state = None;
                Ok(())
            }
            Some(what @ ("misfit" | "leave unknown")) => {
                if let Some(state) = &mut response.state {
                    let id = if what == "misfit" {
                        7.into()
                    } else {
                        Value::Unknown
                    };
                    state.set("id", id);
                }
                Ok(())
            }
            _ => {
                let id = if request.importing {
                    "imported"
                } else {
                    "refreshed"
                };
                if let Some(state) = &mut response.state {
                    state.set("id", id);
                }
                Ok(())
            }
        }
    }

    async fn update(
        &self,
        _: &String,
        request: UpdateRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        if request.planned.text("act") == Some("panic after") {
            panic!("a defect");
        }
        response.state = Some(request.planned);
        Ok(())
    }

    async fn delete(
        &self,
        _: &String,
        request: DeleteRequest,
        _: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        match request.prior.text("act") {
            Some("panic after") => panic!("a defect"),
            Some("fail after") => Err(Diagnostic::error("No", "It stays.").into()),
            _ => Ok(()),
        }
    }

    fn import(&self, request: ImportRequest) -> Result<Object, Diagnostics> {
        let ImportRequest::Id(id) = request else {
            panic!("a type without an identity is imported by ID")
        };
        act(Some(&id));
        let mut state = Object::new();
        match id.as_str() {
            "misfit" => state.set("id", 7),
            "leave unknown" => state.set("id", Value::Unknown),
            _ => state.set("id", id),
        }
        Ok(state)
    }
}

fn act(what: Option<&str>) {
    assert!(
        !what.is_some_and(|what| what.starts_with("panic in")),
        "a defect"
    );
}

fn server() -> Server<FixtureProvider> {
    Server::new(FixtureProvider)
}

async fn configured() -> Server<FixtureProvider> {
    let server = server();
    let diagnostics = server
        .configure(&DynamicValue::default(), "1.11.4".to_owned())
        .await;
    assert!(diagnostics.is_empty());
    server
}

fn thing(act: &str, id: Value) -> Object {
    let mut object = Object::new();
    object.set("act", act);
    object.set("id", id);
    object.set("part", Value::List(Vec::new()));
    object
}

fn wire(object: Option<Object>) -> DynamicValue {
    encode(
        &Thing.schema().ty(),
        &object.map_or(Value::Null, Value::from),
    )
}

fn read_back(state: &DynamicValue) -> Option<Object> {
    decode_object(state, &Thing.schema().ty(), "state")
        .expect("what the server sends fits the schema")
}

async fn read(
    server: &Server<FixtureProvider>,
    stored: DynamicValue,
    private: &[u8],
) -> StateReply {
    let input = ReadInput {
        stored,
        private: private.to_vec(),
        ..ReadInput::default()
    };
    server.read_resource("toy_thing", input).await
}

fn by_id(id: &str) -> ImportInput {
    ImportInput {
        id: id.to_owned(),
        ..ImportInput::default()
    }
}

fn id(state: &DynamicValue) -> Option<String> {
    read_back(state).and_then(|state| state.text("id").map(str::to_owned))
}

async fn apply(prior: Option<Object>, planned: Option<Object>) -> StateReply {
    let input = ApplyInput {
        config: wire(planned.clone()),
        prior: wire(prior),
        planned: wire(planned),
        planned_private: Vec::new(),
        planned_identity: None,
    };
    configured()
        .await
        .apply_resource_change("toy_thing", &input)
        .await
}

#[tokio::test]
async fn created_object_is_kept_after_failure_and_panic() {
    for (act, errors) in [("create", 0), ("fail after", 1), ("panic after", 1)] {
        let reply = apply(None, Some(thing(act, Value::Unknown))).await;
        assert_eq!(id(&reply.state).as_deref(), Some("hello"), "{act}");
        assert_eq!(reply.diagnostics.count(Severity::Error), errors, "{act}");
        assert_eq!(reply.diagnostics.count(Severity::Warning), 1, "{act}");
        let state = read_back(&reply.state).expect("a state");
        assert_eq!(
            state.get("secret"),
            &Value::Null,
            "a write-only value must not be stored"
        );
    }
}

#[tokio::test]
async fn failed_create_without_object_stores_nothing() {
    let reply = apply(None, Some(thing("fail before", Value::Unknown))).await;
    assert!(reply.diagnostics.has_errors());
    assert_eq!(read_back(&reply.state), None);
}

#[tokio::test]
async fn unknown_value_after_apply_is_a_bug_and_loses_nothing() {
    let reply = apply(None, Some(thing("leave unknown", Value::Unknown))).await;
    let text: Vec<String> = reply.diagnostics.iter().map(ToString::to_string).collect();
    assert!(
        text.iter()
            .any(|text| text.contains("left a value unknown")),
        "{text:?}"
    );
    assert_eq!(
        read_back(&reply.state).expect("a state").text("act"),
        Some("leave unknown")
    );
}

#[tokio::test]
async fn unfit_value_becomes_null_and_the_rest_is_kept() {
    let reply = apply(None, Some(thing("misfit", Value::Unknown))).await;
    let text: Vec<String> = reply.diagnostics.iter().map(ToString::to_string).collect();
    assert!(
        text.iter()
            .any(|text| text.contains("does not fit the schema; at id: expected string")),
        "{text:?}"
    );
    let state = read_back(&reply.state).expect("a state");
    assert_eq!(state.text("act"), Some("misfit"));
    assert_eq!(state.get("id"), &Value::Null);
    assert_eq!(state.get("part"), &Value::List(Vec::new()));
}

#[tokio::test]
async fn unstorable_state_is_neither_read_nor_imported() {
    let server = configured().await;
    for (act, part) in [
        ("misfit", "does not fit"),
        ("leave unknown", "left a value unknown"),
    ] {
        let stored = wire(Some(thing(act, "1".into())));
        let reply = read(&server, stored.clone(), b"notes").await;
        assert_eq!(reply.state, stored, "{act}");
        let input = ImportInput {
            id: act.to_owned(),
            ..ImportInput::default()
        };
        let imported = server.import_resource_state("toy_thing", &input);
        assert_eq!(imported.state, DynamicValue::default(), "{act}");
        for diagnostics in [reply.diagnostics, imported.diagnostics] {
            let text: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
            assert!(text.iter().any(|text| text.contains(part)), "{text:?}");
        }
    }
}

#[tokio::test]
async fn failed_update_and_delete_keep_the_prior_state() {
    let prior = || Some(thing("fail after", "1".into()));
    let reply = apply(prior(), Some(thing("panic after", "1".into()))).await;
    assert!(reply.diagnostics.has_errors());
    assert_eq!(read_back(&reply.state), prior().map(with_nulls));

    for act in ["fail after", "panic after"] {
        let reply = apply(Some(thing(act, "1".into())), None).await;
        assert!(reply.diagnostics.has_errors());
        assert_eq!(id(&reply.state).as_deref(), Some("1"), "{act}");
    }

    let reply = apply(Some(thing("x", "1".into())), None).await;
    assert!(!reply.diagnostics.has_errors());
    assert_eq!(read_back(&reply.state), None);

    let reply = apply(Some(thing("x", "1".into())), Some(thing("y", "1".into()))).await;
    assert!(reply.diagnostics.is_empty());
    assert_eq!(
        read_back(&reply.state),
        Some(with_nulls(thing("y", "1".into())))
    );
}

fn with_nulls(mut object: Object) -> Object {
    object.set("secret", Value::Null);
    object
}

#[tokio::test]
async fn unreadable_state_stays() {
    let server = configured().await;
    for act in ["fail after", "panic after"] {
        let stored = wire(Some(thing(act, "1".into())));
        let reply = read(&server, stored.clone(), b"notes").await;
        assert!(reply.diagnostics.has_errors(), "{act}");
        assert_eq!(reply.state, stored, "{act}");
        assert_eq!(reply.private, b"notes", "{act}");
    }
    let reply = read(&server, wire(Some(thing("gone", "1".into()))), b"").await;
    assert_eq!(read_back(&reply.state), None);
    let reply = read(&server, wire(Some(thing("x", "1".into()))), b"").await;
    assert_eq!(id(&reply.state).as_deref(), Some("refreshed"));
}

#[tokio::test]
async fn first_read_after_import_knows_of_it() {
    let server = configured().await;
    let imported = server.import_resource_state("toy_thing", &by_id("7"));
    assert_eq!(id(&imported.state).as_deref(), Some("7"));
    let read = read(&server, imported.state, &imported.private).await;
    assert_eq!(id(&read.state).as_deref(), Some("imported"));
    assert!(
        read.private.is_empty(),
        "the next read is no import any more"
    );

    let failed = server.import_resource_state("toy_thing", &by_id("panic in import"));
    assert!(failed.diagnostics.has_errors());
}

#[tokio::test]
async fn second_plan_of_a_replacement_gets_private_data_of_the_first() {
    let server = configured().await;
    let plan = |prior: Option<Object>, private: Vec<u8>| {
        let planned = Some(thing("x", Value::Null));
        let input = PlanInput {
            prior: wire(prior),
            proposed: wire(planned.clone()),
            config: wire(planned),
            prior_private: private,
            ..PlanInput::default()
        };
        server.plan_resource_change("toy_thing", &input)
    };
    let first = plan(Some(thing("x", "1".into())), Vec::new());
    assert!(first.diagnostics.is_empty());
    let second = plan(None, first.private);
    assert_eq!(second.diagnostics.count(Severity::Warning), 1);
    assert!(second.private.is_empty());
    let creation = plan(None, Vec::new());
    assert!(creation.diagnostics.is_empty());
    assert_eq!(
        read_back(&creation.planned).expect("a plan").get("id"),
        &Value::Unknown
    );
}

#[tokio::test]
async fn destroying_is_planned_as_null() {
    let input = PlanInput {
        prior: wire(Some(thing("x", "1".into()))),
        proposed: wire(None),
        config: wire(None),
        ..PlanInput::default()
    };
    let reply = configured().await.plan_resource_change("toy_thing", &input);
    assert!(reply.diagnostics.is_empty());
    assert_eq!(read_back(&reply.planned), None);
}

#[tokio::test]
async fn panics_of_hooks_become_diagnostics() {
    let server = configured().await;
    let is_defect = |diagnostics: &Diagnostics| {
        assert!(
            diagnostics
                .iter()
                .any(|diagnostic| diagnostic.summary.ends_with(" panicked"))
        );
    };
    is_defect(&server.validate_resource_config(
        "toy_thing",
        &wire(Some(thing("panic in validate", Value::Null))),
        ClientCapabilities::default(),
    ));
    let config = wire(Some(thing("panic in plan", Value::Null)));
    let input = PlanInput {
        prior: wire(None),
        proposed: config.clone(),
        config,
        ..PlanInput::default()
    };
    is_defect(&server.plan_resource_change("toy_thing", &input).diagnostics);
    let mut greeting = Object::new();
    greeting.set("greeting", "panic");
    let greeting = encode(&FixtureProvider.schema().ty(), &greeting.into());
    is_defect(&server.validate_provider_config(&greeting));
    is_defect(&server.configure(&greeting, String::new()).await);
}

#[tokio::test]
async fn calls_before_configuration_and_unknown_types_are_errors() {
    let stored = wire(Some(thing("x", "1".into())));
    let reply = read(&server(), stored.clone(), b"").await;
    assert_eq!(reply.state, stored);
    assert!(
        reply
            .diagnostics
            .iter()
            .any(|diagnostic| diagnostic.summary == "The provider is not configured")
    );
    let diagnostics = server().validate_resource_config(
        "toy_other",
        &DynamicValue::default(),
        ClientCapabilities::default(),
    );
    let text: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    assert!(
        text[0].contains("no resource type \"toy_other\". It has: toy_room, toy_thing"),
        "{text:?}"
    );
}

#[tokio::test]
async fn malformed_value_is_an_error_that_names_its_path() {
    let server = configured().await;
    let broken = DynamicValue {
        msgpack: vec![0xc1],
        json: Vec::new(),
    };
    let diagnostics =
        server.validate_resource_config("toy_thing", &broken, ClientCapabilities::default());
    assert!(
        diagnostics
            .iter()
            .any(|diagnostic| diagnostic.summary == "Unable to read the configuration")
    );
    let reply = read(&server, broken.clone(), b"").await;
    assert_eq!(reply.state, broken, "what cannot be read is not dropped");
    let input = ApplyInput {
        prior: broken.clone(),
        planned: wire(None),
        config: wire(None),
        planned_private: Vec::new(),
        planned_identity: None,
    };
    let reply = server.apply_resource_change("toy_thing", &input).await;
    assert_eq!(reply.state, broken, "what cannot be read is not dropped");
    assert!(reply.diagnostics.has_errors());
}

#[tokio::test]
async fn write_only_value_is_refused_from_a_cli_that_would_store_it() {
    let server = configured().await;
    let check = |secret: Value, allowed: bool, expected: Option<&str>| {
        let mut config = thing("x", Value::Null);
        config.set("secret", secret);
        let client = ClientCapabilities {
            write_only_attributes_allowed: allowed,
            ..ClientCapabilities::default()
        };
        let diagnostics = server.validate_resource_config("toy_thing", &wire(Some(config)), client);
        let found = diagnostics.iter().next();
        assert_eq!(found.is_some(), expected.is_some(), "{found:?}");
        if let (Some(found), Some(expected)) = (found, expected) {
            assert!(found.detail.contains(expected), "{found}");
            assert_eq!(found.attribute.to_string(), "secret");
            assert!(!found.detail.contains("hunter2"), "{found}");
        }
    };
    let older = Some("Use Terraform 1.11 or OpenTofu 1.11 or later");
    check("hunter2".into(), false, older);
    check(Value::Unknown, false, older);
    check(Value::Null, false, None);
    check("hunter2".into(), true, None);
}

#[tokio::test]
async fn type_without_identity_never_sends_one() {
    let server = configured().await;
    assert_eq!(
        server
            .identity_schemas()
            .map(|(name, _)| name)
            .collect::<Vec<_>>(),
        ["toy_room"]
    );
    let stray = Some(DynamicValue {
        json: br#"{"id":"1"}"#.to_vec(),
        ..DynamicValue::default()
    });
    let input = ReadInput {
        stored: wire(Some(thing("x", "1".into()))),
        identity: stray.clone(),
        ..ReadInput::default()
    };
    let reply = server.read_resource("toy_thing", input).await;
    assert_eq!(reply.identity, None);
    assert_eq!(id(&reply.state).as_deref(), Some("refreshed"));
    let input = ImportInput {
        identity: stray,
        ..ImportInput::default()
    };
    let reply = server.import_resource_state("toy_thing", &input);
    let text: Vec<String> = reply.diagnostics.iter().map(ToString::to_string).collect();
    assert!(
        text[0].contains("toy_thing has no resource identity"),
        "{text:?}"
    );
}

/// Takes so many events, then goes away.
struct Receiver<E> {
    events: Vec<E>,
    room: usize,
}

impl<E> Receiver<E> {
    fn new(room: usize) -> Self {
        Self {
            events: Vec::new(),
            room,
        }
    }
}

#[async_trait]
impl<E: Send> EventSink<E> for Receiver<E> {
    async fn send(&mut self, event: E) -> ControlFlow<()> {
        // Another task may run between two events.
        tokio::task::yield_now().await;
        if self.events.len() == self.room {
            return ControlFlow::Break(());
        }
        self.events.push(event);
        ControlFlow::Continue(())
    }
}

/// An object of one attribute.
fn one(name: &str, value: impl Into<Value>) -> Object {
    let mut object = Object::new();
    object.set(name, value);
    object
}

fn summaries(diagnostics: &Diagnostics) -> Vec<&str> {
    diagnostics
        .iter()
        .map(|diagnostic| &*diagnostic.summary)
        .collect()
}
