//! The responses of the shipped binary to each RPC, for a host that behaves as every Terraform up to 1.16.
//!
//! The life of the process is in `protocol.rs`, and what a CLI makes of the responses in the tests with a CLI.
//!
//! Resource identity came with Terraform 1.12, so a CLI before that cannot show it; deferral is behind an experiment in
//! every release. What is sent here is what those send, by the contract of plugin protocol 6.

mod actions;
mod listing;
mod logs;
mod outside_text;

use std::collections::{BTreeMap, HashMap};

use acceptance_tests::{
    emulator::{
        Account, DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET, DEFAULT_ACCOUNT, Emulator, Role,
    },
    plugin_host::{
        Launch, PluginHost,
        value::{dynamic, json, unknown, unknown_text},
    },
    proto::tfplugin6::{self as wire, deferred::Reason, diagnostic::Severity},
    provider_binary::{self, Profile},
};
use serde_json::{Value, json};
use tonic::{Code, Request, Status, client::Grpc};
use tonic_prost::ProstCodec;

const TYPE: &str = "alicloud_cams_waba_binding";
const WABA: &str = "102030405060708";
const OTHER_WABA: &str = "102030405060709";
const TENANT: &str = "1000000000000020";
const ROLE: &str = "acs:ram::1000000000000020:role/onboarding";

/// The provider, its cloud, and what Terraform knows of both.
struct Session {
    host: PluginHost,
    emulator: Emulator,
    /// The attributes and blocks of the resource, each null.
    empty: BTreeMap<String, Value>,
    /// What this host allows the provider.
    client: wire::ClientCapabilities,
}

/// An object as Terraform carries it from call to call.
#[derive(Clone, Debug, PartialEq)]
struct Instance {
    state: Value,
    identity: Value,
    private: Vec<u8>,
}

/// A plan as Terraform stores it.
#[derive(Clone, Debug)]
struct Plan {
    config: Value,
    planned: Value,
    identity: Value,
    private: Vec<u8>,
    replaces: Vec<String>,
    deferred: Option<Reason>,
    diagnostics: Vec<wire::Diagnostic>,
}

impl Session {
    /// A provider that only has been started.
    async fn start() -> Self {
        Self::started(launch()).await
    }

    /// A provider that logs everything and is configured.
    async fn logging() -> Self {
        let session = Self::started(launch().env("TF_LOG", "trace")).await;
        let diagnostics = session.configure(DEFAULT_ACCESS_KEY_SECRET.into()).await;
        assert_eq!(text(&diagnostics), "");
        session
    }

    async fn started(launch: Launch) -> Self {
        let host = launch.start().await.expect("the plugin starts");
        let schema = schemas(&host).await;
        let block = schema.resource_schemas[TYPE]
            .block
            .clone()
            .expect("has one");
        let attributes = block.attributes.into_iter().map(|attribute| attribute.name);
        let blocks = block.block_types.into_iter().map(|block| block.type_name);
        Self {
            host,
            emulator: Emulator::start().expect("starts"),
            empty: attributes
                .chain(blocks)
                .map(|name| (name, Value::Null))
                .collect(),
            client: wire::ClientCapabilities {
                write_only_attributes_allowed: true,
                ..wire::ClientCapabilities::default()
            },
        }
    }

    /// A provider with a configuration that is wholly known.
    async fn configured() -> Self {
        let session = Self::start().await;
        let diagnostics = session.configure(DEFAULT_ACCESS_KEY_SECRET.into()).await;
        assert_eq!(text(&diagnostics), "");
        session
    }

    /// A provider whose secret key another resource has yet to yield.
    async fn waiting() -> Self {
        let session = Self::start().await;
        let diagnostics = session.configure(unknown()).await;
        assert_eq!(text(&diagnostics), "", "unknown values are no error yet");
        session
    }

    async fn configure(&self, secret_key: Value) -> Vec<wire::Diagnostic> {
        let endpoint = self.emulator.endpoint();
        let arguments = json!({
            "access_key": DEFAULT_ACCESS_KEY_ID,
            "secret_key": secret_key,
            "endpoints": { "cams": endpoint, "sts": endpoint },
        });
        self.configure_with(arguments).await
    }

    /// Configures the provider with these arguments and no others.
    async fn configure_with(&self, arguments: Value) -> Vec<wire::Diagnostic> {
        let schema = schemas(&self.host).await.provider.expect("is there");
        let config = whole(&schema, arguments);
        let request = wire::configure_provider::Request {
            terraform_version: "1.14.0".to_owned(),
            config: dynamic(&config),
            client_capabilities: Some(self.client),
        };
        let response = self.host.provider().configure_provider(request).await;
        response.expect("responds").into_inner().diagnostics
    }

    fn may_defer(mut self) -> Self {
        self.client.deferral_allowed = true;
        self
    }

    /// An object of the resource, null where nothing is given.
    fn object(&self, attributes: Value) -> Value {
        let mut object = self.empty.clone();
        let Value::Object(attributes) = attributes else {
            panic!("attributes are an object");
        };
        for (name, value) in attributes {
            assert!(object.insert(name.clone(), value).is_some(), "{name}");
        }
        json!(object)
    }

    async fn validate(&self, config: &Value) -> Vec<wire::Diagnostic> {
        let request = wire::validate_resource_config::Request {
            type_name: TYPE.to_owned(),
            config: dynamic(config),
            client_capabilities: Some(self.client),
        };
        let response = self.host.provider().validate_resource_config(request).await;
        response.expect("responds").into_inner().diagnostics
    }

    /// Plans what a configuration makes of an object; `None` destroys it.
    async fn plan(&self, prior: Option<&Instance>, config: Option<&Value>) -> Plan {
        let (state, identity, private) = match prior {
            Some(prior) => (&prior.state, &prior.identity, prior.private.clone()),
            None => (&Value::Null, &Value::Null, Vec::new()),
        };
        self.plan_with(state, identity, private, config).await
    }

    async fn plan_with(
        &self,
        state: &Value,
        identity: &Value,
        private: Vec<u8>,
        config: Option<&Value>,
    ) -> Plan {
        let config = config.cloned().unwrap_or_default();
        let request = wire::plan_resource_change::Request {
            type_name: TYPE.to_owned(),
            prior_state: dynamic(state),
            proposed_new_state: dynamic(&proposed(state, &config)),
            config: dynamic(&config),
            prior_private: private,
            provider_meta: None,
            client_capabilities: Some(self.client),
            prior_identity: identity_data(identity),
            planned_private: Vec::new(),
        };
        let response = self.host.provider().plan_resource_change(request).await;
        let response = response.expect("responds").into_inner();
        assert!(!response.legacy_type_system);
        Plan {
            config,
            planned: json(response.planned_state.as_ref()).expect("is a value"),
            identity: identity_json(response.planned_identity.as_ref()),
            private: response.planned_private,
            replaces: response.requires_replace.iter().map(path).collect(),
            deferred: response.deferred.map(|deferred| deferred.reason()),
            diagnostics: response.diagnostics,
        }
    }

    async fn apply(&self, prior: Option<&Instance>, plan: &Plan) -> (Instance, String) {
        let request = wire::apply_resource_change::Request {
            type_name: TYPE.to_owned(),
            prior_state: dynamic(prior.map_or(&Value::Null, |prior| &prior.state)),
            planned_state: dynamic(&plan.planned),
            config: dynamic(&plan.config),
            planned_private: plan.private.clone(),
            provider_meta: None,
            planned_identity: identity_data(&plan.identity),
        };
        let response = self.host.provider().apply_resource_change(request).await;
        let response = response.expect("responds").into_inner();
        let instance = Instance {
            state: json(response.new_state.as_ref()).expect("is a value"),
            identity: identity_json(response.new_identity.as_ref()),
            private: response.private,
        };
        (instance, text(&response.diagnostics))
    }

    /// Plans and applies a creation.
    async fn create(&self, attributes: Value) -> Instance {
        let config = self.object(attributes);
        let plan = self.plan(None, Some(&config)).await;
        assert_eq!(text(&plan.diagnostics), "");
        let (instance, messages) = self.apply(None, &plan).await;
        assert_eq!(messages, "");
        instance
    }

    async fn read(&self, instance: &Instance) -> (Instance, Option<Reason>, String) {
        let request = wire::read_resource::Request {
            type_name: TYPE.to_owned(),
            current_state: dynamic(&instance.state),
            private: instance.private.clone(),
            provider_meta: None,
            client_capabilities: Some(self.client),
            current_identity: identity_data(&instance.identity),
        };
        let response = self.host.provider().read_resource(request).await;
        let response = response.expect("responds").into_inner();
        let read = Instance {
            state: json(response.new_state.as_ref()).expect("is a value"),
            identity: identity_json(response.new_identity.as_ref()),
            private: response.private,
        };
        let deferred = response.deferred.map(|deferred| deferred.reason());
        (read, deferred, text(&response.diagnostics))
    }

    async fn import(
        &self,
        id: &str,
        identity: &Value,
    ) -> (Option<Instance>, Option<Reason>, String) {
        let request = wire::import_resource_state::Request {
            type_name: TYPE.to_owned(),
            id: id.to_owned(),
            client_capabilities: Some(self.client),
            identity: identity_data(identity),
        };
        let response = self.host.provider().import_resource_state(request).await;
        let response = response.expect("responds").into_inner();
        let deferred = response.deferred.map(|deferred| deferred.reason());
        let messages = text(&response.diagnostics);
        let mut imported = response.imported_resources.into_iter().map(|imported| {
            assert_eq!(imported.type_name, TYPE);
            Instance {
                state: json(imported.state.as_ref()).expect("is a value"),
                identity: identity_json(imported.identity.as_ref()),
                private: imported.private,
            }
        });
        let first = imported.next();
        assert!(imported.next().is_none(), "one object at most");
        (first, deferred, messages)
    }

    async fn upgrade(&self, version: i64, raw: wire::RawState) -> (Value, Vec<wire::Diagnostic>) {
        let request = wire::upgrade_resource_state::Request {
            type_name: TYPE.to_owned(),
            version,
            raw_state: Some(raw),
        };
        let response = self.host.provider().upgrade_resource_state(request).await;
        let response = response.expect("responds").into_inner();
        let state = json(response.upgraded_state.as_ref()).expect("is a value");
        (state, response.diagnostics)
    }
}

/// A start as Terraform makes it.
fn launch() -> Launch {
    let binary = provider_binary::path(Profile::tested()).unwrap_or_else(|error| panic!("{error}"));
    Launch::new(&binary).expect("a certificate is made")
}

async fn schemas(host: &PluginHost) -> wire::get_provider_schema::Response {
    let request = wire::get_provider_schema::Request {};
    let response = host.provider().get_provider_schema(request).await;
    response.expect("responds").into_inner()
}

/// An object of a schema, null where nothing is given.
fn whole(schema: &wire::Schema, arguments: Value) -> Value {
    let block = schema.block.as_ref().expect("has one");
    let attributes = block.attributes.iter().map(|attribute| &attribute.name);
    let blocks = block.block_types.iter().map(|block| &block.type_name);
    let mut object: serde_json::Map<String, Value> = attributes
        .chain(blocks)
        .map(|name| (name.clone(), Value::Null))
        .collect();
    let Value::Object(arguments) = arguments else {
        panic!("arguments are an object");
    };
    for (name, value) in arguments {
        assert!(object.insert(name.clone(), value).is_some(), "{name}");
    }
    object.into()
}

/// Terraform's merge: the configuration where it says something, else what the provider set.
fn proposed(state: &Value, config: &Value) -> Value {
    let (Value::Object(state), Value::Object(config)) = (state, config) else {
        return config.clone();
    };
    // What only a practitioner sets is what the configuration says.
    let own = ["waba_id", "isv_code", "timeouts"];
    let merged = config.iter().map(|(name, value)| {
        let kept = value.is_null() && !own.contains(&name.as_str());
        (
            name.clone(),
            if kept {
                state[name].clone()
            } else {
                value.clone()
            },
        )
    });
    Value::Object(merged.collect())
}

fn identity_data(identity: &Value) -> Option<wire::ResourceIdentityData> {
    (!identity.is_null()).then(|| wire::ResourceIdentityData {
        identity_data: dynamic(identity),
    })
}

fn identity_json(identity: Option<&wire::ResourceIdentityData>) -> Value {
    let data = identity.and_then(|identity| identity.identity_data.as_ref());
    json(data).expect("is a value")
}

/// The identity of a binding whose account is not known.
fn identity(space: &Value) -> Value {
    identity_in(space, &Value::Null)
}

/// The identity of a binding in an account.
fn identity_in(space: &Value, account: &Value) -> Value {
    json!({ "cust_space_id": space, "account_id": account, "role_arn": null })
}

/// A role to assume, and nothing more about it.
fn role(arn: &str) -> Value {
    json!({
        "role_arn": arn, "session_name": null, "policy": null, "session_expiration": null, "external_id": null,
    })
}

fn text(diagnostics: &[wire::Diagnostic]) -> String {
    let lines: Vec<String> = diagnostics
        .iter()
        .map(|diagnostic| {
            assert_ne!(diagnostic.severity(), Severity::Invalid);
            format!(
                "{:?}: {}: {}",
                diagnostic.severity(),
                diagnostic.summary,
                diagnostic.detail
            )
        })
        .collect();
    lines.join("\n")
}

fn path(path: &wire::AttributePath) -> String {
    use wire::attribute_path::step::Selector;
    let steps: Vec<String> = path
        .steps
        .iter()
        .map(
            |step| match step.selector.as_ref().expect("leads somewhere") {
                Selector::AttributeName(name) => name.clone(),
                Selector::ElementKeyString(key) => format!("[{key:?}]"),
                Selector::ElementKeyInt(index) => format!("[{index}]"),
            },
        )
        .collect();
    steps.join(".")
}

fn raw(json: &str) -> wire::RawState {
    wire::RawState {
        json: json.as_bytes().to_vec(),
        ..wire::RawState::default()
    }
}

/// The first of some text that has a part, or all of it in the failure.
fn must_say(text: &str, part: &str) {
    assert!(text.contains(part), "{part:?} is not in:\n{text}");
}

// Failures that objects share

/// Only a failure of the same run counts: the error of the first refresh is what fails it.
#[tokio::test]
async fn refresh_that_fails_as_another_one_did_is_a_warning_within_a_run() {
    let session = Session::configured().await;
    let instance = session.create(json!({"waba_id": WABA})).await;
    for _run in 0..2 {
        let messages = session.configure("another-secret".into()).await;
        assert_eq!(text(&messages), "");
        let (read, _, messages) = session.read(&instance).await;
        assert!(messages.starts_with("Error: Cannot read"), "{messages}");
        must_say(&messages, "The secret does not belong to the AccessKey");
        assert_eq!(read, instance);
        let (read, _, messages) = session.read(&instance).await;
        assert!(messages.starts_with("Warning: Not refreshed"), "{messages}");
        must_say(&messages, "For the reason, see the message about space");
        must_say(&messages, "stays in the state");
        assert_eq!(read, instance);
    }
    // An error of an import fails the import alone, so it says nothing of the refreshes of a run.
    session.configure("another-secret".into()).await;
    let (imported, _, _) = session.import(&read_id(&instance), &Value::Null).await;
    let imported = imported.expect("an import calls nothing yet");
    let (_, _, messages) = session.read(&imported).await;
    assert!(messages.starts_with("Error: "), "{messages}");
    let (_, _, messages) = session.read(&instance).await;
    assert!(messages.starts_with("Error: "), "{messages}");
}

fn read_id(instance: &Instance) -> String {
    instance.state["id"].as_str().expect("is known").to_owned()
}

// The list of methods

/// Sends an empty message, which is a valid one of every type, and reads the first message back.
async fn call_empty(session: &Session, method: &str) -> Result<(), Status> {
    let mut caller = Grpc::new(session.host.channel.clone());
    caller.ready().await.expect("is connected");
    let path = format!("/tfplugin6.Provider/{method}")
        .parse()
        .expect("is a path");
    let codec = ProstCodec::<(), ()>::default();
    let mut stream = caller
        .server_streaming(Request::new(()), path, codec)
        .await?
        .into_inner();
    stream.message().await.map(drop)
}

#[tokio::test]
async fn every_method_is_served_or_unimplemented() {
    const UNIMPLEMENTED: [&str; 12] = [
        "ValidateEphemeralResourceConfig",
        "OpenEphemeralResource",
        "RenewEphemeralResource",
        "CloseEphemeralResource",
        "ValidateStateStoreConfig",
        "ConfigureStateStore",
        "ReadStateBytes",
        "WriteStateBytes",
        "LockState",
        "UnlockState",
        "GetStates",
        "DeleteState",
    ];
    const CONTRACT: &str = include_str!("../../../src/plugin/testdata/wire.tsv");
    let session = Session::start().await;
    let mut count = 0;
    for row in CONTRACT.lines() {
        let Some(method) = row.strip_prefix("rpc\tProvider\t") else {
            continue;
        };
        let method = method.split('\t').next().expect("names a method");
        let result = call_empty(&session, method).await;
        match UNIMPLEMENTED.contains(&method) {
            true => assert_eq!(
                result.expect_err(method).code(),
                Code::Unimplemented,
                "{method}"
            ),
            false => result.expect(method),
        }
        count += 1;
    }
    assert_eq!(count, 36);
}

#[tokio::test]
async fn announced_types_match_the_schema() {
    let session = Session::start().await;
    let mut provider = session.host.provider();
    let schema = provider
        .get_provider_schema(wire::get_provider_schema::Request {})
        .await
        .expect("responds")
        .into_inner();
    let metadata = provider
        .get_metadata(wire::get_metadata::Request {})
        .await
        .expect("responds")
        .into_inner();
    assert_eq!(schema.server_capabilities, metadata.server_capabilities);
    let capabilities = schema.server_capabilities.expect("are announced");
    assert!(capabilities.plan_destroy && capabilities.get_provider_schema_optional);
    assert!(capabilities.move_resource_state);
    assert!(capabilities.generate_resource_config);
    let functions = provider
        .get_functions(wire::get_functions::Request {})
        .await
        .expect("responds")
        .into_inner();
    assert_eq!(functions.functions, schema.functions);
    // Each kind is announced by the same names in both places.
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    let check = |in_metadata: Vec<String>, in_schema: Vec<String>| {
        assert_eq!(sorted(in_metadata), sorted(in_schema));
    };
    let names = |schemas: &HashMap<String, wire::Schema>| schemas.keys().cloned().collect();
    check(
        metadata
            .resources
            .into_iter()
            .map(|it| it.type_name)
            .collect(),
        names(&schema.resource_schemas),
    );
    check(
        metadata
            .data_sources
            .into_iter()
            .map(|it| it.type_name)
            .collect(),
        names(&schema.data_source_schemas),
    );
    check(
        metadata
            .list_resources
            .into_iter()
            .map(|it| it.type_name)
            .collect(),
        names(&schema.list_resource_schemas),
    );
    check(
        metadata
            .actions
            .into_iter()
            .map(|it| it.type_name)
            .collect(),
        schema.action_schemas.keys().cloned().collect(),
    );
    check(
        metadata.functions.into_iter().map(|it| it.name).collect(),
        schema.functions.keys().cloned().collect(),
    );
    assert!(schema.ephemeral_resource_schemas.is_empty() && schema.state_store_schemas.is_empty());

    let identities = provider
        .get_resource_identity_schemas(wire::get_resource_identity_schemas::Request {})
        .await
        .expect("responds")
        .into_inner();
    assert_eq!(text(&identities.diagnostics), "");
    let named = sorted(identities.identity_schemas.keys().cloned().collect());
    // What exists once in each account has no identity.
    let mut expected = sorted(names(&schema.resource_schemas));
    expected.retain(|name| name != "alicloud_cams_service");
    assert_eq!(named, expected);
    assert!(schema.resource_schemas.contains_key(TYPE));
    let identity = &identities.identity_schemas[TYPE];
    assert_eq!(
        (identity.version, identity.identity_attributes.len()),
        (0, 3)
    );
    for optional in &identity.identity_attributes[1..] {
        assert!(optional.optional_for_import && !optional.required_for_import);
    }
    let space = &identity.identity_attributes[0];
    assert_eq!(
        (space.name.as_str(), space.r#type.as_slice()),
        ("cust_space_id", &b"\"string\""[..])
    );
    assert!(space.required_for_import && !space.optional_for_import);
    assert!(!space.description.is_empty());
}

#[tokio::test]
async fn schema_request_is_optional() {
    let binary = provider_binary::path(Profile::tested()).unwrap_or_else(|error| panic!("{error}"));
    let launch = Launch::new(&binary).expect("a certificate is made");
    let host = launch.start().await.expect("the plugin starts");
    let request = wire::upgrade_resource_state::Request {
        type_name: TYPE.to_owned(),
        version: 0,
        raw_state: Some(raw(r#"{"cust_space_id":"cams-a"}"#)),
    };
    let response = host.provider().upgrade_resource_state(request).await;
    let response = response.expect("responds").into_inner();
    assert_eq!(text(&response.diagnostics), "");
    let state = json(response.upgraded_state.as_ref()).expect("is a value");
    assert_eq!(state["cust_space_id"], "cams-a");
}

// Identity

#[tokio::test]
async fn identity_of_a_binding_is_its_space() {
    let session = Session::configured().await;
    let config = session.object(json!({ "waba_id": WABA }));

    let plan = session.plan(None, Some(&config)).await;
    // The space is known only after apply, and an identity that is not wholly known is not sent.
    assert_eq!(plan.identity, Value::Null);
    let (created, messages) = session.apply(None, &plan).await;
    assert_eq!(messages, "");
    let space = created.state["cust_space_id"].clone();
    assert!(space.is_string());
    assert_eq!(created.identity, identity(&space));

    let (read, _, messages) = session.read(&created).await;
    assert_eq!((messages.as_str(), &read), ("", &created));
    let plan = session.plan(Some(&read), Some(&config)).await;
    assert_eq!(
        (&plan.planned, &plan.identity),
        (&read.state, &read.identity)
    );

    // Changed in place.
    let config = session.object(json!({ "waba_id": WABA, "isv_code": "i" }));
    let plan = session.plan(Some(&read), Some(&config)).await;
    assert_eq!((&plan.identity, plan.replaces.len()), (&read.identity, 0));
    let (updated, messages) = session.apply(Some(&read), &plan).await;
    assert_eq!((messages.as_str(), &updated.identity), ("", &read.identity));

    // Another WABA in the same space is drift of the binding, not another binding.
    session
        .emulator
        .rebind(space.as_str().expect("is text"), OTHER_WABA)
        .expect("is there");
    let (drifted, _, messages) = session.read(&updated).await;
    must_say(&messages, "holds another WABA");
    assert_eq!(drifted.state["waba_id"], OTHER_WABA);
    assert_eq!(drifted.identity, updated.identity);

    // Its replacement, in another run, is another one. The second plan comes with the identity of the first, as Terraform sends it.
    let diagnostics = session.configure(DEFAULT_ACCESS_KEY_SECRET.into()).await;
    assert_eq!(text(&diagnostics), "");
    let first = session.plan(Some(&drifted), Some(&config)).await;
    assert_eq!(first.replaces, ["waba_id"]);
    let second = session
        .plan_with(
            &Value::Null,
            &first.identity,
            first.private.clone(),
            Some(&config),
        )
        .await;
    assert_eq!(second.identity, Value::Null);
    let destroyed = session.plan(Some(&drifted), None).await;
    assert_eq!(destroyed.planned, Value::Null);
    let (gone, messages) = session.apply(Some(&drifted), &destroyed).await;
    must_say(&messages, "Destroyed WABA bindings stay in the cloud");
    assert_eq!((gone.state, gone.identity), (Value::Null, Value::Null));
    let (replaced, messages) = session.apply(None, &second).await;
    assert_eq!(messages, "");
    assert_eq!(
        replaced.identity,
        identity(&replaced.state["cust_space_id"])
    );

    // Gone.
    let space = replaced.state["cust_space_id"].as_str().expect("is text");
    session.emulator.unbind(space).expect("is there");
    let (gone, _, messages) = session.read(&replaced).await;
    must_say(&messages, "is gone");
    assert_eq!((gone.state, gone.identity), (Value::Null, Value::Null));
}

#[tokio::test]
async fn a_state_without_an_identity_gets_one() {
    let session = Session::configured().await;
    let mut instance = session.create(json!({ "waba_id": WABA })).await;
    let known = std::mem::take(&mut instance.identity);
    // Terraform before 1.12, or the first refresh by one after it.
    let (read, _, messages) = session.read(&instance).await;
    assert_eq!((messages.as_str(), &read.identity), ("", &known));
    let config = session.object(json!({ "waba_id": WABA, "deletion_policy": "PREVENT" }));
    let plan = session.plan(Some(&instance), Some(&config)).await;
    assert_eq!(plan.identity, known);
}

#[tokio::test]
async fn failed_read_keeps_the_object() {
    let session = Session::configured().await;
    let instance = session.create(json!({ "waba_id": WABA })).await;
    session
        .emulator
        .set_behavior(|behavior| behavior.gateway.clock_offset_seconds = 3600);
    let mut kept = instance.clone();
    kept.private = b"{\"notes\":1}".to_vec();
    let (read, deferred, messages) = session.read(&kept).await;
    must_say(&messages, "Error: Cannot read the binding");
    assert_eq!((read, deferred), (kept, None));
    // Nor does an identity that belongs to another binding.
    session
        .emulator
        .set_behavior(|behavior| behavior.gateway.clock_offset_seconds = 0);
    let mut strange = instance.clone();
    strange.identity = identity(&"cams-another".into());
    let (read, _, messages) = session.read(&strange).await;
    must_say(&messages, "The identity of an object changed");
    must_say(&messages, "cust_space_id = \"cams-another\"");
    assert_eq!(read, strange);
}

#[tokio::test]
async fn both_ways_of_importing_lead_to_the_same_object() {
    let session = Session::configured().await;
    let created = session.create(json!({ "waba_id": WABA })).await;
    let space = created.state["cust_space_id"].clone();
    let id = space.as_str().expect("is text");
    let (by_id, _, messages) = session.import(id, &Value::Null).await;
    assert_eq!(messages, "");
    let (by_identity, _, messages) = session.import("", &identity(&space)).await;
    assert_eq!(messages, "");
    assert_eq!(by_id, by_identity);
    let imported = by_id.expect("is imported");
    assert_eq!(imported.identity, identity(&space));
    let (read, _, messages) = session.read(&imported).await;
    assert_eq!(messages, "");
    assert_eq!(
        (read.state, read.identity),
        (created.state, created.identity)
    );

    let refused = async |id: &str, identity: Value, part: &str| {
        let (imported, deferred, messages) = session.import(id, &identity).await;
        assert_eq!((imported, deferred), (None, None));
        must_say(&messages, part);
    };
    refused(id, identity(&space), "names its object twice").await;
    refused(
        "",
        identity(&Value::Null),
        "lacks a value for cust_space_id",
    )
    .await;
    refused("", identity(&unknown()), "has to be known").await;
    refused(
        "",
        identity(&"".into()),
        "Invalid identity attribute cust_space_id",
    )
    .await;
    refused(
        "",
        identity(&"a b".into()),
        "a blank or a control character: \"a b\"",
    )
    .await;
    refused("", identity(&7.into()), "Unable to read the identity").await;
    refused("", json!({ "space": "a" }), "Unable to read the identity").await;
    refused("", Value::Null, "Invalid import ID").await;
    // There is none.
    let (imported, _, messages) = session.import("", &identity(&"cams-none".into())).await;
    assert_eq!(messages, "");
    let (_, _, messages) = session.read(&imported.expect("is imported")).await;
    must_say(&messages, "space cams-none does not exist");
}

#[tokio::test]
async fn the_account_of_a_binding_is_part_of_its_identity_once_it_is_known() {
    let session = Session::configured().await;
    let account = Account::new(TENANT)
        .with_role(Role::new("onboarding", &["*"]))
        .with_role(Role::new("second", &["*"]));
    session.emulator.put_account(account).expect("is put");
    let attributes = json!({ "waba_id": WABA, "assume_role": role(ROLE) });
    let created = session.create(attributes.clone()).await;
    let space = created.state["cust_space_id"].clone();
    let known = identity_in(&space, &TENANT.into());
    assert_eq!(
        (&created.state["account_id"], &created.identity),
        (&TENANT.into(), &known)
    );

    // Another role of the account reaches the same binding.
    let config = session.object(
        json!({ "waba_id": WABA, "assume_role": role("acs:ram::1000000000000020:role/second") }),
    );
    let plan = session.plan(Some(&created), Some(&config)).await;
    assert_eq!((&plan.identity, plan.replaces.len()), (&known, 0));
    let (updated, messages) = session.apply(Some(&created), &plan).await;
    assert_eq!((messages.as_str(), &updated.identity), ("", &known));

    // A state from before the account was noted: it becomes known, and that is no difference.
    let mut older = created.clone();
    older.state["account_id"] = Value::Null;
    older.identity = identity(&space);
    let (read, _, messages) = session.read(&older).await;
    assert_eq!((messages.as_str(), &read), ("", &created));
    let config = session.object(attributes);
    for instance in [&older, &read] {
        let plan = session.plan(Some(instance), Some(&config)).await;
        assert_eq!(plan.planned, instance.state);
    }
    assert_eq!(session.emulator.calls_of("GetCallerIdentity").len(), 0);
}

#[tokio::test]
async fn role_arn_in_the_identity_sets_the_role_of_an_import() {
    let session = Session::configured().await;
    let account = Account::new(TENANT).with_role(Role::new("onboarding", &["*"]));
    session.emulator.put_account(account).expect("is put");
    let attributes = json!({ "waba_id": WABA, "assume_role": role(ROLE) });
    let created = session.create(attributes).await;
    let space = created.state["cust_space_id"].clone();
    let asked = |account: Value, role: Value| json!({ "cust_space_id": space, "account_id": account, "role_arn": role });
    for account in [Value::Null, TENANT.into()] {
        let (imported, _, messages) = session.import("", &asked(account, ROLE.into())).await;
        assert_eq!(messages, "");
        let imported = imported.expect("is imported");
        let id = format!("{ROLE}/{}", space.as_str().expect("is text"));
        let (by_id, _, _) = session.import(&id, &Value::Null).await;
        assert_eq!(Some(&imported), by_id.as_ref());
        // The role is not what names the binding.
        assert_eq!(imported.identity, created.identity);
        let (read, _, messages) = session.read(&imported).await;
        assert_eq!(messages, "");
        assert_eq!(
            (read.state, read.identity),
            (created.state.clone(), created.identity.clone())
        );
    }
    let refused = async |identity: Value, part: &str| {
        let (imported, _, messages) = session.import("", &identity).await;
        assert_eq!(imported, None);
        must_say(&messages, part);
    };
    let contradicts = "belongs to account 1000000000000020";
    refused(asked(DEFAULT_ACCOUNT.into(), ROLE.into()), contradicts).await;
    refused(asked(Value::Null, "x".into()), "the ARN of a role").await;
    refused(asked("x".into(), Value::Null), "decimal digits").await;

    // An account without a role is that of the provider's credentials, or none that can be reached.
    assert_eq!(session.emulator.calls_of("GetCallerIdentity").len(), 0);
    let (imported, _, messages) = session.import("", &asked(TENANT.into(), Value::Null)).await;
    assert_eq!(messages, "");
    let (_, _, messages) = session.read(&imported.expect("is imported")).await;
    for part in [
        "The object is in account 1000000000000020, not in 1000000000000001",
        "Set `role_arn` in the identity",
    ] {
        must_say(&messages, part);
    }
    let own = session.create(json!({ "waba_id": OTHER_WABA })).await;
    let named = identity_in(&own.state["cust_space_id"], &DEFAULT_ACCOUNT.into());
    let (imported, _, messages) = session.import("", &named).await;
    assert_eq!(messages, "");
    let (read, _, messages) = session.read(&imported.expect("is imported")).await;
    assert_eq!((messages.as_str(), &read.identity), ("", &named));
    assert_eq!(read.state["account_id"], DEFAULT_ACCOUNT);
    assert_eq!(session.emulator.calls_of("GetCallerIdentity").len(), 1);
}

#[tokio::test]
async fn a_stored_identity_is_read_or_refused() {
    let session = Session::start().await;
    let upgrade = async |version: i64, json: &str| {
        let request = wire::upgrade_resource_identity::Request {
            type_name: TYPE.to_owned(),
            version,
            raw_identity: Some(raw(json)),
        };
        let response = session
            .host
            .provider()
            .upgrade_resource_identity(request)
            .await;
        let response = response.expect("responds").into_inner();
        (
            identity_json(response.upgraded_identity.as_ref()),
            text(&response.diagnostics),
        )
    };
    let (upgraded, messages) = upgrade(0, r#"{"cust_space_id":"cams-a"}"#).await;
    assert_eq!(
        (upgraded, messages.as_str()),
        (identity(&"cams-a".into()), "")
    );
    for (version, json, part) in [
        (
            1,
            r#"{"cust_space_id":"cams-a"}"#,
            "by version 1 of the schema",
        ),
        (0, "{}", "lacks a value for cust_space_id"),
        (0, "null", "It is null"),
        (
            0,
            r#"{"cust_space_id":7}"#,
            "At cust_space_id: expected string, found number",
        ),
    ] {
        let (upgraded, messages) = upgrade(version, json).await;
        assert_eq!(upgraded, Value::Null, "{json}");
        must_say(&messages, part);
    }
}

// Stored state

#[tokio::test]
async fn stored_state_is_upgraded_or_an_error() {
    let session = Session::start().await;
    let bound = |extra: Value| {
        let mut object = json!({ "waba_id": WABA, "id": "cams-a", "cust_space_id": "cams-a" });
        for (name, value) in extra.as_object().expect("is an object") {
            object[name] = value.clone();
        }
        object
    };
    let check = async |stored: Value, expected: Value, warning: &str| {
        let (state, diagnostics) = session.upgrade(0, raw(&stored.to_string())).await;
        assert_eq!(state, with_defaults(session.object(expected)), "{stored}");
        assert_eq!(
            diagnostics.len(),
            usize::from(!warning.is_empty()),
            "{diagnostics:?}"
        );
        assert!(
            diagnostics
                .iter()
                .all(|diagnostic| diagnostic.severity() == Severity::Warning)
        );
        must_say(&text(&diagnostics), warning);
    };
    check(bound(json!({})), bound(json!({})), "").await;
    let timeouts = json!({ "timeouts": { "create": "10m", "read": null, "delete": null } });
    check(bound(timeouts.clone()), bound(timeouts.clone()), "").await;
    check(
        bound(json!({ "timeouts": { "create": "10m" } })),
        bound(timeouts.clone()),
        "",
    )
    .await;
    check(
        bound(json!({ "timeouts": null, "old": null })),
        bound(json!({})),
        "",
    )
    .await;
    check(
        bound(json!({ "old": { "a": 1 } })),
        bound(json!({})),
        "no place for: old.",
    )
    .await;
    let newer = json!({ "timeouts": { "create": "10m", "update": "1m" } });
    check(
        bound(newer),
        bound(timeouts),
        "no place for: timeouts.update.",
    )
    .await;

    let refuse = async |version: i64, raw: wire::RawState, at: &str, part: &str| {
        let (state, diagnostics) = session.upgrade(version, raw).await;
        assert_eq!(state, Value::Null);
        assert_eq!(diagnostics.len(), 1);
        assert_eq!(
            diagnostics[0]
                .attribute
                .as_ref()
                .map(path)
                .unwrap_or_default(),
            at
        );
        must_say(
            &text(&diagnostics),
            "Error: Unable to read the stored state",
        );
        must_say(&text(&diagnostics), part);
    };
    refuse(
        0,
        raw(r#"{"waba_id":1}"#),
        "waba_id",
        "At waba_id: expected string, found number",
    )
    .await;
    let nested = r#"{"timeouts":{"create":5}}"#;
    refuse(
        0,
        raw(nested),
        "timeouts.create",
        "At timeouts.create: expected string",
    )
    .await;
    refuse(
        0,
        raw(r#"{"timeouts":[]}"#),
        "timeouts",
        "At timeouts: expected object",
    )
    .await;
    refuse(0, raw("null"), "", "It is null").await;
    refuse(0, raw(r#"{"waba_id":"#), "", "Not valid JSON").await;
    refuse(1, raw("{}"), "", "stored by version 1 of the schema").await;
    refuse(-1, raw("{}"), "", "-1 is no version").await;
    let flatmap = wire::RawState {
        json: Vec::new(),
        flatmap: [("id".to_owned(), "cams-a".to_owned())].into(),
    };
    refuse(0, flatmap, "", "(flatmap)").await;
    refuse(0, wire::RawState::default(), "", "no JSON attributes").await;
}

#[tokio::test]
async fn move_from_another_provider_needs_no_configuration() {
    const OFFICIAL: &str = "registry.terraform.io/aliyun/alicloud";
    const OURS: &str = "registry.opentofu.org/alicloud-cams/alicloud";
    let session = Session::start().await;
    let request = |provider: &str, type_name: &str, version: i64, state: wire::RawState| {
        wire::move_resource_state::Request {
            source_provider_address: provider.to_owned(),
            source_type_name: type_name.to_owned(),
            source_schema_version: version,
            source_state: Some(state),
            target_type_name: TYPE.to_owned(),
            source_private: b"theirs".to_vec(),
            ..wire::move_resource_state::Request::default()
        }
    };
    let check =
        async |provider: &str, version: i64, stored: Value, expected: Value, warning: &str| {
            let request = request(provider, TYPE, version, raw(&stored.to_string()));
            let response = session.host.provider().move_resource_state(request).await;
            let response = response.expect("responds").into_inner();
            must_say(&text(&response.diagnostics), warning);
            assert_eq!(response.diagnostics.is_empty(), warning.is_empty());
            let state = json(response.target_state.as_ref()).expect("is a value");
            assert_eq!(state, with_defaults(session.object(expected)), "{stored}");
            assert_eq!(
                identity_json(response.target_identity.as_ref()),
                identity(&"cams-a".into())
            );
            assert_eq!(response.target_private, b"", "their notes are not ours");
        };
    let whole = json!({
        "waba_id": WABA, "id": "cams-a", "cust_space_id": "cams-a", "deletion_policy": "PREVENT",
    });
    check(OFFICIAL, 0, whole.clone(), whole.clone(), "").await;
    check(OFFICIAL, 3, whole.clone(), whole.clone(), "").await;
    check("hashicorp/alicloud", 0, whole.clone(), whole.clone(), "").await;
    check(OURS, 0, whole.clone(), whole.clone(), "").await;
    // What such a resource of another hand would most likely lack and have.
    let theirs = json!({ "waba_id": WABA, "id": "cams-a", "region": "x", "timeouts": null });
    let completed = json!({
        "waba_id": WABA, "id": "cams-a", "cust_space_id": "cams-a", "deletion_policy": "ABANDON",
    });
    check(OFFICIAL, 0, theirs, completed, "no place for: region.").await;

    let refuse = async |request: wire::move_resource_state::Request, parts: &[&str]| {
        let response = session.host.provider().move_resource_state(request).await;
        let response = response.expect("responds").into_inner();
        assert_eq!(
            json(response.target_state.as_ref()).expect("is null"),
            Value::Null
        );
        assert_eq!(response.target_identity, None);
        for part in parts {
            must_say(&text(&response.diagnostics), part);
        }
    };
    let other = request(OFFICIAL, "alicloud_cams_other", 0, raw(&whole.to_string()));
    refuse(
        other,
        &[
            "Error: Unable to move the state",
            "alicloud_cams_other",
            OFFICIAL,
        ],
    )
    .await;
    let mut target = request(OFFICIAL, TYPE, 0, raw(&whole.to_string()));
    target.target_type_name = "alicloud_none".to_owned();
    refuse(target, &["no resource type \"alicloud_none\""]).await;
    let newer = request(OURS, TYPE, 1, raw(&whole.to_string()));
    refuse(newer, &[OURS, "schema version 1", "versions up to 0"]).await;
    let nameless = request(OFFICIAL, TYPE, 0, raw(r#"{"waba_id":"1"}"#));
    refuse(nameless, &["neither its keys nor an `id`"]).await;
    let torn = request(
        OFFICIAL,
        TYPE,
        0,
        raw(r#"{"id":"1","cust_space_id":"cams-a"}"#),
    );
    refuse(torn, &["its keys are \"cams-a\", but its `id` is \"1\""]).await;
    let unreadable = request(OFFICIAL, TYPE, 0, raw(r#"{"id":["cams-a"]}"#));
    refuse(
        unreadable,
        &["At id: expected string, found list", OFFICIAL],
    )
    .await;
    let old = wire::RawState {
        json: Vec::new(),
        flatmap: [("id".to_owned(), "cams-a".to_owned())].into(),
    };
    refuse(request(OFFICIAL, TYPE, 0, old), &["(flatmap)"]).await;
    let mut another = request(OFFICIAL, TYPE, 0, raw(&whole.to_string()));
    another.source_identity = Some(raw(r#"{"cust_space_id":"cams-b"}"#));
    refuse(
        another,
        &["its identity says", "cust_space_id = \"cams-b\""],
    )
    .await;
}

// Unknown values

/// A binding as some state has it.
/// A stored object, with the defaults of arguments that its state did not name.
fn with_defaults(mut object: Value) -> Value {
    for (name, default) in [
        ("deletion_policy", "ABANDON"),
        ("existing_binding", "ADOPT"),
    ] {
        if object.is_object() && object[name].is_null() {
            object[name] = default.into();
        }
    }
    object
}

fn stored(session: &Session, policy: &str) -> Instance {
    Instance {
        state: session.object(json!({
            "waba_id": WABA, "id": "cams-a", "cust_space_id": "cams-a", "deletion_policy": policy,
            "existing_binding": "ADOPT",
        })),
        identity: identity(&"cams-a".into()),
        private: Vec::new(),
    }
}

#[tokio::test]
async fn unknown_provider_plans_and_names_its_unknown_arguments() {
    let session = Session::waiting().await;
    let instance = stored(&session, "ABANDON");
    let config = session.object(json!({ "waba_id": WABA }));
    for prior in [None, Some(&instance)] {
        let plan = session.plan(prior, Some(&config)).await;
        assert_eq!(
            (text(&plan.diagnostics).as_str(), plan.deferred),
            ("", None)
        );
    }
    let plan = session.plan(Some(&instance), None).await;
    assert_eq!((plan.planned, plan.deferred), (Value::Null, None));
    let (imported, deferred, messages) = session.import("cams-a", &Value::Null).await;
    assert_eq!(
        (imported.is_some(), deferred, messages.as_str()),
        (true, None, "")
    );
    let (read, deferred, messages) = session.read(&instance).await;
    assert_eq!((&read, deferred), (&instance, None));
    must_say(&messages, "Provider configuration is not known yet");
    must_say(&messages, "not known until apply: secret_key.");
    assert!(session.emulator.calls().is_empty());
}

#[tokio::test]
async fn unknown_provider_defers_if_the_cli_allows_it() {
    let session = Session::waiting().await.may_defer();
    let instance = stored(&session, "ABANDON");
    let config = session.object(json!({ "waba_id": WABA }));
    let expected = Some(Reason::ProviderConfigUnknown);
    let (read, deferred, messages) = session.read(&instance).await;
    assert_eq!(
        (read, deferred, messages.as_str()),
        (instance.clone(), expected, "")
    );
    let plan = session.plan(None, Some(&config)).await;
    assert_eq!((plan.deferred, &plan.planned["id"]), (expected, &unknown()));
    let plan = session.plan(Some(&instance), Some(&config)).await;
    assert_eq!(
        (plan.deferred, plan.planned),
        (expected, instance.state.clone())
    );
    let plan = session.plan(Some(&instance), None).await;
    assert_eq!((plan.deferred, plan.planned), (expected, Value::Null));
    for (id, identity) in [("cams-a", Value::Null), ("", identity(&"cams-a".into()))] {
        let (imported, deferred, messages) = session.import(id, &identity).await;
        assert_eq!(
            (imported, deferred, messages.as_str()),
            (None, expected, "")
        );
    }
    let (imported, deferred, messages) = session.import("a b", &Value::Null).await;
    assert_eq!((imported, deferred), (None, None));
    must_say(&messages, "Invalid import ID");
    // What stays refused is refused at once.
    let plan = session.plan(Some(&stored(&session, "PREVENT")), None).await;
    must_say(&text(&plan.diagnostics), "is protected by deletion_policy");
    assert!(session.emulator.calls().is_empty());
}

#[tokio::test]
async fn nothing_is_deferred_by_a_provider_that_is_known() {
    let session = Session::configured().await.may_defer();
    let created = session.create(json!({ "waba_id": WABA })).await;
    let (read, deferred, messages) = session.read(&created).await;
    assert_eq!((&read, deferred, messages.as_str()), (&created, None, ""));
    let config = session.object(json!({ "waba_id": OTHER_WABA, "isv_code": unknown() }));
    let plan = session.plan(Some(&created), Some(&config)).await;
    assert_eq!((plan.deferred, plan.replaces.len()), (None, 1));
    let plan = session
        .plan(None, Some(&session.object(json!({ "waba_id": unknown() }))))
        .await;
    assert_eq!(plan.deferred, None);
}

#[tokio::test]
async fn unknown_arguments_are_planned_as_they_are() {
    let session = Session::configured().await;
    let timeouts = |create: Value| json!({ "create": create, "read": null, "delete": null });
    // (what the configuration says, whether an existing binding may have to be replaced over it)
    let cases = [
        (json!({ "waba_id": unknown() }), true),
        (json!({ "waba_id": unknown_text("1020") }), true),
        (json!({ "waba_id": WABA, "isv_code": unknown() }), false),
        (
            json!({ "waba_id": WABA, "isv_code": unknown_text("isv-") }),
            false,
        ),
        (
            json!({ "waba_id": WABA, "deletion_policy": unknown() }),
            false,
        ),
        (json!({ "waba_id": WABA, "timeouts": unknown() }), false),
        (
            json!({ "waba_id": WABA, "timeouts": timeouts(unknown()) }),
            false,
        ),
        (
            json!({ "waba_id": WABA, "timeouts": timeouts(unknown_text("1")) }),
            false,
        ),
        (
            json!({ "waba_id": unknown(), "isv_code": unknown(), "timeouts": unknown() }),
            true,
        ),
    ];
    let instance = stored(&session, "ABANDON");
    for (said, replaces) in cases {
        let config = session.object(said.clone());
        let diagnostics = session.validate(&config).await;
        assert_eq!(text(&diagnostics), "", "{said}");
        for prior in [None, Some(&instance)] {
            let plan = session.plan(prior, Some(&config)).await;
            let errors = plan
                .diagnostics
                .iter()
                .filter(|diagnostic| diagnostic.severity() == Severity::Error);
            assert_eq!(errors.count(), 0, "{said}: {:?}", plan.diagnostics);
            assert_eq!(plan.deferred, None);
            let expected: &[&str] = if replaces && prior.is_some() {
                &["waba_id"]
            } else {
                &[]
            };
            assert_eq!(plan.replaces, expected, "{said}");
            for (name, value) in said.as_object().expect("is an object") {
                // Refinements are dropped on the way, which promises less and breaks nothing.
                let plain = value.to_string().replace(r#""1020""#, "null");
                let plain = plain
                    .replace(r#""isv-""#, "null")
                    .replace(r#"{"(unknown)":"1"}"#, r#"{"(unknown)":null}"#);
                assert_eq!(plan.planned[name].to_string(), plain, "{said}");
            }
            // What is not asked to change does not: an existing binding keeps all that is known of it.
            let id = if prior.is_some() {
                json!("cams-a")
            } else {
                unknown()
            };
            assert_eq!(plan.planned["cust_space_id"], id, "{said}");
        }
    }
}

#[tokio::test]
async fn unknown_waba_id_defers_the_plan() {
    let session = Session::configured().await;
    let config = session.object(json!({ "waba_id": unknown_text("1020") }));
    // Without leave to wait the plan has to assume the worst.
    let plan = session
        .plan(Some(&stored(&session, "PREVENT")), Some(&config))
        .await;
    must_say(&text(&plan.diagnostics), "is protected by deletion_policy");
    let plan = session
        .plan(Some(&stored(&session, "ABANDON")), Some(&config))
        .await;
    must_say(
        &text(&plan.diagnostics),
        "Warning: Replacing leaves the old object in the cloud",
    );
    // With it, nothing is decided yet.
    let session = session.may_defer();
    for policy in ["PREVENT", "ABANDON"] {
        let instance = stored(&session, policy);
        let plan = session.plan(Some(&instance), Some(&config)).await;
        assert_eq!(text(&plan.diagnostics), "");
        assert_eq!(plan.deferred, Some(Reason::ResourceConfigUnknown));
        assert!(plan.replaces.is_empty());
        assert_eq!(plan.planned["waba_id"], unknown());
        assert_eq!(plan.identity, instance.identity);
    }
}
