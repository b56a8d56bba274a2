//! A configured provider process, spoken to in JSON: what Terraform asks for a resource, without its CLI.
//!
//! A creation is a plan and its apply, an import is an import and its read, each as the host sends them. It is fast, so
//! that a test can afford hundreds of them. Must not contain: what is expected of a response.

use std::{collections::HashMap, path::Path, time::Duration};

use rmp::Marker;
use serde_json::{Map, Value, json};

use crate::emulator::{DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET, Emulator};
use crate::plugin_host::{COOKIE, Ended, HostError, Launch, PluginHost};
use crate::proto::tfplugin6::{
    self, Diagnostic, DynamicValue, Schema, apply_resource_change, configure_provider,
    diagnostic::Severity,
    get_provider_schema, import_resource_state, plan_resource_change, read_resource,
    schema::{nested_block::NestingMode, object},
    stop_provider,
};

/// The resource type that a session works with at first.
const TYPE: &str = "alicloud_cams_waba_binding";

/// A running, configured provider.
#[derive(Debug)]
pub struct Session {
    host: PluginHost,
    schemas: HashMap<String, Schema>,
    kind: String,
}

/// What an RPC left behind.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The new state; null if there is none.
    pub state: Value,
    /// The same as it came, to be sent again.
    pub raw: DynamicValue,
    /// What the provider keeps beside it.
    pub private: Vec<u8>,
    /// The diagnostics of the operation.
    pub diagnostics: Vec<Diagnostic>,
}

/// The arguments of a provider block that points at an emulator.
pub fn provider_config(emulator: &Emulator) -> Value {
    json!({
        "access_key": DEFAULT_ACCESS_KEY_ID,
        "secret_key": DEFAULT_ACCESS_KEY_SECRET,
        "region": "ap-southeast-1",
        "endpoints": {"cams": emulator.endpoint(), "sts": emulator.endpoint()},
    })
}

impl Session {
    /// Starts the provider and configures it. Arguments that are left out are null.
    ///
    /// Without TLS: it is proven elsewhere, and its keys would be most of the work of a short session.
    pub async fn start(binary: &Path, config: &Value) -> Result<Self, HostError> {
        Self::with(Self::launch(binary)?, config).await
    }

    /// The start that [`Session::start`] makes, to be changed.
    pub fn launch(binary: &Path) -> Result<Launch, HostError> {
        Ok(Launch::bare(binary)?
            .env(COOKIE.0, COOKIE.1)
            .env("PLUGIN_PROTOCOL_VERSIONS", "6"))
    }

    /// Starts the provider in some way and configures it.
    pub async fn with(launch: Launch, config: &Value) -> Result<Self, HostError> {
        let host = launch.start().await?;
        let schemas = host
            .provider()
            .get_provider_schema(get_provider_schema::Request::default())
            .await?
            .into_inner();
        let provider = schemas.provider.ok_or("no schema of the provider")?;
        let request = configure_provider::Request {
            terraform_version: "1.11.4".to_owned(),
            config: Some(encoded(&whole(provider.block.as_ref(), config))),
            client_capabilities: None,
        };
        let configured = host.provider().configure_provider(request).await?;
        match configured.into_inner().diagnostics.first() {
            None => Ok(Session {
                host,
                schemas: schemas.resource_schemas.into_iter().collect(),
                kind: TYPE.to_owned(),
            }),
            Some(error) => Err(format!("{}: {}", error.summary, error.detail).into()),
        }
    }

    /// The same session, for objects of another type.
    #[must_use]
    pub fn for_type(self, kind: &str) -> Self {
        Session {
            kind: kind.to_owned(),
            ..self
        }
    }

    /// Plans and applies a new object with these arguments.
    pub async fn create(&self, arguments: &Value) -> Result<Outcome, HostError> {
        let config = whole(self.block()?, arguments);
        self.change(encoded(&Value::Null), Vec::new(), config.clone(), config)
            .await
    }

    /// Plans and applies these arguments for an object that is there. What is left out stays if the provider sets it.
    pub async fn update(&self, before: &Outcome, arguments: &Value) -> Result<Outcome, HostError> {
        let block = self.block()?;
        let config = whole(block, arguments);
        let mut proposed = config.clone();
        for attribute in block.iter().flat_map(|block| &block.attributes) {
            if attribute.computed && config[&attribute.name].is_null() {
                proposed[&attribute.name] = before.state[&attribute.name].clone();
            }
        }
        self.change(before.raw.clone(), before.private.clone(), proposed, config)
            .await
    }

    /// Plans and applies the end of an object.
    pub async fn delete(&self, before: &Outcome) -> Result<Outcome, HostError> {
        let (raw, private) = (before.raw.clone(), before.private.clone());
        self.change(raw, private, Value::Null, Value::Null).await
    }

    fn block(&self) -> Result<Option<&tfplugin6::schema::Block>, HostError> {
        let schema = self.schemas.get(&self.kind);
        Ok(schema.ok_or("no schema of the resource")?.block.as_ref())
    }

    async fn change(
        &self,
        before: DynamicValue,
        private: Vec<u8>,
        proposed: Value,
        config: Value,
    ) -> Result<Outcome, HostError> {
        let config = encoded(&config);
        let request = plan_resource_change::Request {
            type_name: self.kind.clone(),
            prior_state: Some(before.clone()),
            proposed_new_state: Some(encoded(&proposed)),
            config: Some(config.clone()),
            prior_private: private,
            ..plan_resource_change::Request::default()
        };
        let planned = self.host.provider().plan_resource_change(request).await?;
        let planned = planned.into_inner();
        if is_error(&planned.diagnostics) {
            return outcome(None, Vec::new(), planned.diagnostics);
        }
        let request = apply_resource_change::Request {
            type_name: self.kind.clone(),
            prior_state: Some(before),
            planned_state: planned.planned_state,
            config: Some(config),
            planned_private: planned.planned_private,
            ..apply_resource_change::Request::default()
        };
        let applied = self.host.provider().apply_resource_change(request).await?;
        let applied = applied.into_inner();
        outcome(applied.new_state, applied.private, applied.diagnostics)
    }

    /// Refreshes a state.
    pub async fn read(&self, state: &DynamicValue) -> Result<Outcome, HostError> {
        self.refresh(state.clone(), Vec::new()).await
    }

    /// Imports by ID, and reads.
    pub async fn import(&self, id: &str) -> Result<Outcome, HostError> {
        let request = import_resource_state::Request {
            type_name: self.kind.clone(),
            id: id.to_owned(),
            ..import_resource_state::Request::default()
        };
        let imported = self.host.provider().import_resource_state(request).await?;
        let imported = imported.into_inner();
        match imported.imported_resources.into_iter().next() {
            Some(object) if !is_error(&imported.diagnostics) => {
                let state = object.state.ok_or("an import without a state")?;
                self.refresh(state, object.private).await
            }
            _ => outcome(None, Vec::new(), imported.diagnostics),
        }
    }

    async fn refresh(&self, state: DynamicValue, private: Vec<u8>) -> Result<Outcome, HostError> {
        let request = read_resource::Request {
            type_name: self.kind.clone(),
            current_state: Some(state),
            private,
            ..read_resource::Request::default()
        };
        let read = self.host.provider().read_resource(request).await?;
        let read = read.into_inner();
        outcome(read.new_state, read.private, read.diagnostics)
    }

    /// Refreshes an object, with what the provider keeps beside its state.
    pub async fn read_again(&self, before: &Outcome) -> Result<Outcome, HostError> {
        self.refresh(before.raw.clone(), before.private.clone())
            .await
    }

    /// Asks to stop, as Terraform does when it is interrupted.
    pub async fn stop(&self) -> Result<(), HostError> {
        let request = stop_provider::Request::default();
        let stopped = self.host.provider().stop_provider(request).await?;
        match stopped.into_inner().error.as_str() {
            "" => Ok(()),
            error => Err(error.into()),
        }
    }

    /// The process.
    pub fn host(&self) -> &PluginHost {
        &self.host
    }

    /// Ends the provider, and gives what it logged.
    pub async fn end(self) -> Result<Ended, HostError> {
        let _ = self
            .host
            .controller()
            .shutdown(crate::proto::plugin::Empty {})
            .await;
        drop(self.host.channel);
        // More than Terraform grants, since many sessions share the processors of a test.
        self.host
            .process
            .ended_within(Duration::from_secs(20))
            .await
    }
}

impl Outcome {
    /// An attribute of the new state, if it is text.
    pub fn text(&self, attribute: &str) -> Option<&str> {
        self.state.get(attribute)?.as_str()
    }

    /// Whether there is an error among the diagnostics.
    pub fn failed(&self) -> bool {
        is_error(&self.diagnostics)
    }

    /// All diagnostics as one text.
    pub fn messages(&self) -> String {
        let texts = self.diagnostics.iter().map(|diagnostic| {
            format!(
                "{:?}: {}\n{}\n",
                diagnostic.severity(),
                diagnostic.summary,
                diagnostic.detail
            )
        });
        texts.collect()
    }
}

fn is_error(diagnostics: &[Diagnostic]) -> bool {
    diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity() == Severity::Error)
}

fn outcome(
    state: Option<DynamicValue>,
    private: Vec<u8>,
    diagnostics: Vec<Diagnostic>,
) -> Result<Outcome, HostError> {
    let raw = state.unwrap_or_else(|| encoded(&Value::Null));
    Ok(Outcome {
        state: decoded(&raw)?,
        raw,
        private,
        diagnostics,
    })
}

fn encoded(value: &Value) -> DynamicValue {
    DynamicValue {
        msgpack: Vec::new(),
        json: value.to_string().into_bytes(),
    }
}

/// An object with all its attributes, as hosts send it; those that are not given are null, blocks are absent. A list of blocks
/// may be given as its only element.
pub fn whole(block: Option<&tfplugin6::schema::Block>, given: &Value) -> Value {
    let Some(block) = block else {
        return given.clone();
    };
    let value = |name: &str| given.get(name).cloned().unwrap_or(Value::Null);
    let mut object = Map::new();
    for attribute in &block.attributes {
        let given = complete(attribute, value(&attribute.name));
        object.insert(attribute.name.clone(), given);
    }
    for nested in &block.block_types {
        let inner = match (value(&nested.type_name), nested.nesting()) {
            (Value::Null, NestingMode::List | NestingMode::Set) => json!([]),
            (Value::Null, _) => Value::Null,
            (Value::Array(given), _) => {
                let inner = nested.block.as_ref();
                given.iter().map(|given| whole(inner, given)).collect()
            }
            (given, NestingMode::List | NestingMode::Set) => {
                json!([whole(nested.block.as_ref(), &given)])
            }
            (given, _) => whole(nested.block.as_ref(), &given),
        };
        object.insert(nested.type_name.clone(), inner);
    }
    Value::Object(object)
}

/// Nested objects with all their attributes, too.
fn complete(attribute: &tfplugin6::schema::Attribute, given: Value) -> Value {
    let Some(nested) = &attribute.nested_type else {
        return given;
    };
    let object = |given: &Value| {
        let inner = nested.attributes.iter().map(|attribute| {
            let given = given.get(&attribute.name).cloned().unwrap_or(Value::Null);
            (attribute.name.clone(), complete(attribute, given))
        });
        Value::Object(inner.collect())
    };
    match given {
        Value::Array(given) => given.iter().map(object).collect(),
        Value::Object(given) if nested.nesting() == object::NestingMode::Map => {
            let inner = given.iter();
            Value::Object(
                inner
                    .map(|(key, given)| (key.clone(), object(given)))
                    .collect(),
            )
        }
        Value::Object(_) => object(&given),
        given => given,
    }
}

fn decoded(value: &DynamicValue) -> Result<Value, HostError> {
    if value.msgpack.is_empty() {
        return Ok(serde_json::from_slice(&value.json)?);
    }
    let mut bytes = value.msgpack.as_slice();
    let decoded = next(&mut bytes)?;
    if bytes.is_empty() {
        Ok(decoded)
    } else {
        Err("bytes after the end of a state".into())
    }
}

/// The next value of a state: text, truth, whole numbers, lists and objects are all that states of this type hold.
fn next(bytes: &mut &[u8]) -> Result<Value, HostError> {
    let mut ahead = *bytes;
    let marker = rmp::decode::read_marker(&mut ahead).map_err(|_| "a state breaks off")?;
    Ok(match marker {
        Marker::Null => {
            *bytes = ahead;
            Value::Null
        }
        Marker::True | Marker::False => Value::Bool(rmp::decode::read_bool(bytes)?),
        Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => {
            let (text, rest) = rmp::decode::read_str_from_slice(*bytes)
                .map_err(|_| "a text in a state breaks off")?;
            *bytes = rest;
            Value::String(text.to_owned())
        }
        Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => {
            let length = rmp::decode::read_array_len(bytes)?;
            (0..length)
                .map(|_| next(bytes))
                .collect::<Result<Vec<_>, _>>()?
                .into()
        }
        Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => {
            let mut object = Map::new();
            for _ in 0..rmp::decode::read_map_len(bytes)? {
                let Value::String(name) = next(bytes)? else {
                    return Err("a name in a state is no text".into());
                };
                object.insert(name, next(bytes)?);
            }
            Value::Object(object)
        }
        Marker::FixPos(_) | Marker::FixNeg(_) | Marker::U8 | Marker::U16 | Marker::U32 => {
            Value::from(rmp::decode::read_int::<i64, _>(bytes)?)
        }
        other => return Err(format!("{other:?} in a state").into()),
    })
}
