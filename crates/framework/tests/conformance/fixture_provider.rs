//! A provider with one resource of any schema, behind the real server.
//!
//! It does what a provider may do, carelessly: it fills what was left to it, changes what it never promised to keep,
//! spells texts in its own way where the spelling does not count, and hands back write-only values that it should have
//! forgotten.
//!
//! Must not contain: rules.

use async_trait::async_trait;
use framework::{
    AttributePath, Block, Diagnostics, Object, Provider, Resource, Schema, Value,
    identity::{IdentityAttribute, IdentitySchema, IdentityType},
    msgpack,
    provider::ConfigureRequest,
    resource::{
        CreateRequest, DeleteRequest, ImportRequest, ReadRequest, StateResponse, UpdateRequest,
    },
    server::{
        ApplyInput, ClientCapabilities, DynamicValue, ImportInput, PlanInput, PlanReply, RawState,
        ReadInput, Server, StateReply,
    },
};

use crate::{choices::Choices, values};

const THING: &str = "fixture_thing";

/// A CLI that knows write-only attributes and does not allow deferral.
const CLIENT: ClientCapabilities = ClientCapabilities {
    deferral_allowed: false,
    write_only_attributes_allowed: true,
};

struct FixtureProvider {
    thing: Thing,
}

#[derive(Clone)]
struct Thing {
    schema: Schema,
    /// What the remote service decides.
    decisions: Vec<u16>,
    /// What an import finds.
    remote: Object,
}

/// A configured server for one schema.
pub(crate) struct Host {
    server: Server<FixtureProvider>,
    schema: Schema,
    runtime: tokio::runtime::Runtime,
}

/// A plan as values.
pub(crate) struct Plan {
    pub(crate) object: Value,
    pub(crate) requires_replace: Vec<AttributePath>,
    /// Null where none was sent.
    pub(crate) identity: Value,
}

impl Host {
    pub(crate) fn new(schema: &Schema, decisions: &[u16]) -> Self {
        Self::with_remote(schema, decisions, Object::new())
    }

    pub(crate) fn with_remote(schema: &Schema, decisions: &[u16], remote: Object) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime without I/O needs nothing");
        let server = Server::new(FixtureProvider {
            thing: Thing {
                schema: schema.clone(),
                decisions: decisions.to_vec(),
                remote,
            },
        });
        let diagnostics =
            runtime.block_on(server.configure(&DynamicValue::default(), String::new()));
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        Self {
            server,
            schema: schema.clone(),
            runtime,
        }
    }

    pub(crate) fn validate(&self, config: &Value) -> Diagnostics {
        self.server
            .validate_resource_config(THING, &self.wire(config), CLIENT)
    }

    pub(crate) fn plan(
        &self,
        prior: Option<&Value>,
        config: &Value,
        proposed: &Value,
    ) -> Result<Plan, Diagnostics> {
        self.plan_as(prior, config, proposed, None, CLIENT)
    }

    /// A plan by a CLI that knows the identity of an existing object, and may allow deferral.
    pub(crate) fn plan_as(
        &self,
        prior: Option<&Value>,
        config: &Value,
        proposed: &Value,
        prior_identity: Option<&Value>,
        client: ClientCapabilities,
    ) -> Result<Plan, Diagnostics> {
        let PlanReply {
            planned,
            requires_replace,
            identity,
            diagnostics,
            ..
        } = self.server.plan_resource_change(
            THING,
            &PlanInput {
                prior: self.wire(prior.unwrap_or(&Value::Null)),
                proposed: self.wire(proposed),
                config: self.wire(config),
                prior_private: Vec::new(),
                prior_identity: prior_identity.map(|identity| DynamicValue {
                    msgpack: msgpack::encode(identity, &identity_schema().ty()),
                    json: Vec::new(),
                }),
                client,
            },
        );
        let identity = known_identity(identity.as_ref());
        if diagnostics.is_empty() {
            Ok(Plan {
                object: self.value(&planned),
                requires_replace,
                identity,
            })
        } else {
            Err(diagnostics)
        }
    }

    pub(crate) fn apply(
        &self,
        prior: Option<&Value>,
        config: &Value,
        planned: &Value,
    ) -> Result<Value, Diagnostics> {
        let input = ApplyInput {
            prior: self.wire(prior.unwrap_or(&Value::Null)),
            planned: self.wire(planned),
            config: self.wire(config),
            planned_private: Vec::new(),
            planned_identity: None,
        };
        let reply = self
            .runtime
            .block_on(self.server.apply_resource_change(THING, &input));
        self.state(reply)
    }

    pub(crate) fn read(&self, state: &Value) -> Result<Value, Diagnostics> {
        let input = ReadInput {
            stored: self.wire(state),
            identity: None,
            private: Vec::new(),
            client: CLIENT,
        };
        let reply = self
            .runtime
            .block_on(self.server.read_resource(THING, input));
        self.state(reply)
    }

    pub(crate) fn import(&self) -> Result<Value, Diagnostics> {
        let input = ImportInput {
            id: "id".to_owned(),
            identity: None,
            client: CLIENT,
        };
        self.state(self.server.import_resource_state(THING, &input))
    }

    /// The configuration that an object could have been made with.
    pub(crate) fn generate_config(&self, state: &Value) -> Result<Value, Diagnostics> {
        let reply = self
            .server
            .generate_resource_config(THING, &self.wire(state));
        if reply.diagnostics.is_empty() {
            Ok(self.value(&reply.config))
        } else {
            Err(reply.diagnostics)
        }
    }

    pub(crate) fn upgrade(&self, json: &str) -> Result<Value, Diagnostics> {
        let raw = RawState {
            json: json.as_bytes().to_vec(),
            ..RawState::default()
        };
        self.state(self.server.upgrade_resource_state(THING, 0, &raw))
    }

    fn state(&self, reply: StateReply) -> Result<Value, Diagnostics> {
        known_identity(reply.identity.as_ref());
        if !reply.diagnostics.has_errors() {
            Ok(self.value(&reply.state))
        } else {
            Err(reply.diagnostics)
        }
    }

    fn wire(&self, value: &Value) -> DynamicValue {
        DynamicValue {
            msgpack: msgpack::encode(value, &self.schema.ty()),
            json: Vec::new(),
        }
    }

    /// Terraform decodes every response by the type of the schema.
    fn value(&self, encoded: &DynamicValue) -> Value {
        msgpack::decode(&encoded.msgpack, &self.schema.ty()).expect("a response fits the schema")
    }
}

#[async_trait]
impl Provider for FixtureProvider {
    type Client = ();

    fn schema(&self) -> Schema {
        Schema::new(Block::new(""))
    }

    fn resources(&self) -> Vec<Box<dyn Resource<Client = ()>>> {
        vec![Box::new(self.thing.clone())]
    }

    async fn configure(&self, _: ConfigureRequest) -> Result<(), Diagnostics> {
        Ok(())
    }

    fn stop(&self, (): &()) {}
}

impl Thing {
    fn applied(&self, prior: Option<Object>, config: Object, planned: Object) -> Option<Object> {
        let state = values::applied(
            &mut Choices::new(&self.decisions),
            &self.schema.block,
            prior.map(Value::from).as_ref(),
            &config.into(),
            &planned.into(),
        );
        object(values::respelled(&self.schema.block, &state))
    }

    fn leaking(&self, state: Object) -> Option<Object> {
        object(values::leaking(&self.schema.block, &state.into()))
    }
}

/// The identity of a thing: one attribute that is known from the beginning, and one that only an apply tells.
fn identity_schema() -> IdentitySchema {
    IdentitySchema::new(vec![
        IdentityAttribute::required("name", IdentityType::String, ""),
        IdentityAttribute::optional("serial", IdentityType::Number, ""),
    ])
}

/// The identity of a response, null where there is none. None may have an unknown value, after any operation:
/// the newest CLIs cannot write such a state or plan.
fn known_identity(encoded: Option<&DynamicValue>) -> Value {
    let identity = encoded.map_or(Value::Null, |encoded| {
        msgpack::decode(&encoded.msgpack, &identity_schema().ty()).expect("an identity fits")
    });
    assert!(
        identity.is_wholly_known(),
        "an identity with an unknown value"
    );
    identity
}

fn object(value: Value) -> Option<Object> {
    match value {
        Value::Map(attributes) => Some(attributes.into()),
        _ => None,
    }
}

#[async_trait]
impl Resource for Thing {
    type Client = ();

    fn type_name(&self) -> &'static str {
        THING
    }

    fn schema(&self) -> Schema {
        self.schema.clone()
    }

    fn identity_schema(&self) -> Option<IdentitySchema> {
        Some(identity_schema())
    }

    /// The serial number is unknown while any other value of the object is.
    fn identity(&self, state: &Object) -> Object {
        let is_known = state.iter().all(|(_, value)| value.is_wholly_known());
        let mut identity = Object::new();
        identity.set("name", "thing");
        identity.set("serial", if is_known { 1.into() } else { Value::Unknown });
        identity
    }

    async fn create(
        &self,
        (): &(),
        request: CreateRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        response.state = self.applied(None, request.config, request.planned);
        Ok(())
    }

    async fn read(
        &self,
        (): &(),
        request: ReadRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        let state = values::respelled(&self.schema.block, &request.state.into());
        response.state = object(state).and_then(|state| self.leaking(state));
        Ok(())
    }

    async fn update(
        &self,
        (): &(),
        request: UpdateRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        response.state = self.applied(Some(request.prior), request.config, request.planned);
        Ok(())
    }

    async fn delete(
        &self,
        (): &(),
        _: DeleteRequest,
        _: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        Ok(())
    }

    fn import(&self, _: ImportRequest) -> Result<Object, Diagnostics> {
        Ok(self.leaking(self.remote.clone()).unwrap_or_default())
    }
}
