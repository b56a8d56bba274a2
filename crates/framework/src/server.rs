//! The provider as a server: one method for each RPC, in the framework's own types.
//!
//! Here encoded values become values and back, and here it is decided whether an apply creates, updates or deletes. Each
//! RPC has a file of its name; what several need is here, in `codec` and in `identity`.
//!
//! Two promises hold for every method: nothing that a resource learned of a remote object is lost, not even when the
//! operation panics; and every failure is a diagnostic, never a transport error.
//!
//! Must not contain: gRPC types, plan logic, knowledge of a concrete resource.

mod apply_resource_change;
mod call_function;
mod codec;
mod configure_provider;
mod generate_resource_config;
mod identity;
mod import_resource_state;
mod invoke_action;
mod list_resource;
mod move_resource_state;
mod object_span;
mod plan_action;
mod plan_resource_change;
mod read_data_source;
mod read_resource;
mod registry;
mod upgrade_resource_identity;
mod upgrade_resource_state;
mod validate_action_config;
mod validate_data_resource_config;
mod validate_list_resource_config;
mod validate_provider_config;
mod validate_resource_config;

use std::{
    ops::ControlFlow,
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock},
};

use async_trait::async_trait;

use super::{
    action::Action,
    data_source::DataSource,
    diagnostics::{Diagnostic, Diagnostics},
    function::{Function, FunctionDefinition},
    identity::IdentitySchema,
    list_resource::ListResource,
    path::AttributePath,
    provider::Provider,
    schema::Schema,
};

use self::{
    configure_provider::Kept,
    registry::{Managed, Registry, Typed},
};

pub use self::{
    apply_resource_change::ApplyInput,
    call_function::FunctionReply,
    generate_resource_config::ConfigReply,
    import_resource_state::ImportInput,
    invoke_action::InvokeActionInput,
    list_resource::{ListEvent, ListInput},
    move_resource_state::MoveInput,
    plan_action::{PlanActionInput, PlanActionReply},
    plan_resource_change::PlanInput,
    read_data_source::{DataSourceReply, ReadDataSourceInput},
    read_resource::ReadInput,
    validate_list_resource_config::ValidateListInput,
};
pub use super::{
    capabilities::{ClientCapabilities, DeferredReason},
    catch_panic::{Operation, catch_panic},
    upgrade::RawState,
    value::DynamicValue,
};

/// A provider, ready to serve.
pub struct Server<P: Provider> {
    provider: P,
    schema: OnceLock<Schema>,
    resources: Registry<Managed<P::Client>>,
    data_sources: Registry<Typed<dyn DataSource<Client = P::Client>>>,
    list_resources: Registry<Typed<dyn ListResource<Client = P::Client>>>,
    actions: Registry<Typed<dyn Action<Client = P::Client>>>,
    functions: Registry<Box<dyn Function>>,
    /// Set by each `configure`.
    client: RwLock<Option<Arc<P::Client>>>,
    /// The configuration that all later ones have to agree with, once `keep_configuration` was called.
    kept: Mutex<Kept>,
}

/// A state, and diagnostics.
#[derive(Clone, Debug, Default)]
pub struct StateReply {
    /// Null where there is no object.
    pub state: DynamicValue,
    /// The identity of the object; `None` where there is no object, or its type has no identity.
    pub identity: Option<DynamicValue>,
    /// The private state: data of the framework and of the type.
    pub private: Vec<u8>,
    /// Why the response is deferred to a later run, if it is.
    pub deferred: Option<DeferredReason>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// A plan, and diagnostics.
#[derive(Clone, Debug, Default)]
pub struct PlanReply {
    /// Null for an object to be destroyed.
    pub planned: DynamicValue,
    /// The identity of the object; `None` where its type has none, or while it is not wholly known.
    pub identity: Option<DynamicValue>,
    /// Changed attributes that require replacement.
    pub requires_replace: Vec<AttributePath>,
    /// The private state: data of the framework and of the type.
    pub private: Vec<u8>,
    /// Why the change is deferred to a later run, if it is.
    pub deferred: Option<DeferredReason>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// An identity, and diagnostics.
#[derive(Clone, Debug, Default)]
pub struct IdentityReply {
    /// `None` when there is an error.
    pub identity: Option<DynamicValue>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// Where an RPC with a stream of events puts them.
#[async_trait]
pub trait EventSink<E: Send>: Send {
    /// Sends one event, and waits while the receiver is slower. `Break` when the caller went away.
    async fn send(&mut self, event: E) -> ControlFlow<()>;
}

impl<P: Provider> Server<P> {
    /// A server for a provider. No schema is built yet.
    pub fn new(provider: P) -> Self {
        let resources = provider.resources().into_iter();
        let data_sources = provider.data_sources().into_iter();
        let list_resources = provider.list_resources().into_iter();
        let actions = provider.actions().into_iter();
        let functions = provider.functions().into_iter();
        Self {
            schema: OnceLock::new(),
            resources: Registry::new(
                "resource type",
                resources.map(|resource| (resource.type_name(), Managed::new(resource))),
            ),
            data_sources: Registry::new(
                "data source",
                data_sources.map(|it| (it.type_name(), Typed::new(it, |it| it.schema()))),
            ),
            list_resources: Registry::new(
                "list resource",
                list_resources.map(|it| (it.type_name(), Typed::new(it, |it| it.schema()))),
            ),
            actions: Registry::new(
                "action",
                actions.map(|it| (it.type_name(), Typed::new(it, |it| it.schema()))),
            ),
            functions: Registry::new("function", functions.map(|it| (it.name(), it))),
            client: RwLock::new(None),
            kept: Mutex::default(),
            provider,
        }
    }

    /// The schema of the provider block.
    pub fn provider_schema(&self) -> &Schema {
        self.schema.get_or_init(|| self.provider.schema())
    }

    /// The resource types.
    pub fn resource_types(&self) -> impl Iterator<Item = &'static str> {
        self.resources.iter().map(|(name, _)| name)
    }

    /// The resource types and their schemas.
    pub fn resource_schemas(&self) -> impl Iterator<Item = (&'static str, &Schema)> {
        self.resources
            .iter()
            .map(|(name, managed)| (name, managed.schema()))
    }

    /// The resource types that have an identity, and its schema.
    pub fn identity_schemas(&self) -> impl Iterator<Item = (&'static str, &IdentitySchema)> {
        self.resources
            .iter()
            .filter_map(|(name, managed)| Some((name, managed.identity_schema()?)))
    }

    /// The data sources.
    pub fn data_source_types(&self) -> impl Iterator<Item = &'static str> {
        self.data_sources.iter().map(|(name, _)| name)
    }

    /// The data sources and their schemas.
    pub fn data_source_schemas(&self) -> impl Iterator<Item = (&'static str, &Schema)> {
        self.data_sources
            .iter()
            .map(|(name, typed)| (name, typed.schema()))
    }

    /// The resource types that can be listed.
    pub fn list_resource_types(&self) -> impl Iterator<Item = &'static str> {
        self.list_resources.iter().map(|(name, _)| name)
    }

    /// The resource types that can be listed, and the schemas of their `config` blocks.
    pub fn list_resource_schemas(&self) -> impl Iterator<Item = (&'static str, &Schema)> {
        self.list_resources
            .iter()
            .map(|(name, typed)| (name, typed.schema()))
    }

    /// The actions.
    pub fn action_types(&self) -> impl Iterator<Item = &'static str> {
        self.actions.iter().map(|(name, _)| name)
    }

    /// The actions and their schemas.
    pub fn action_schemas(&self) -> impl Iterator<Item = (&'static str, &Schema)> {
        self.actions
            .iter()
            .map(|(name, typed)| (name, typed.schema()))
    }

    /// The functions.
    pub fn function_names(&self) -> impl Iterator<Item = &'static str> {
        self.functions.iter().map(|(name, _)| name)
    }

    /// The functions and their definitions.
    pub fn function_definitions(&self) -> impl Iterator<Item = (&'static str, FunctionDefinition)> {
        self.functions
            .iter()
            .map(|(name, function)| (name, function.definition()))
    }

    fn client(&self) -> Option<Arc<P::Client>> {
        self.client
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The client, once it can be used.
    fn ready(&self) -> Result<Arc<P::Client>, Diagnostics> {
        let client = self.client().ok_or_else(|| {
            Diagnostic::error(
                "The provider is not configured",
                "Terraform called the provider before it configured it. This is a bug in the CLI; please report it to \
                 the developers of the CLI.",
            )
            .with_code("Provider.NotConfigured")
        })?;
        match self.provider.not_ready(&client) {
            Some(reason) => Err(reason),
            None => Ok(client),
        }
    }

    /// The reason to defer, if the provider block has unknown values and the CLI allows that.
    fn deferral_of_provider(&self, client: ClientCapabilities) -> Option<DeferredReason> {
        let unknown = client.deferral_allowed
            && self
                .client()
                .is_some_and(|client| self.provider.not_ready(&client).is_some());
        unknown.then_some(DeferredReason::ProviderConfigUnknown)
    }

    fn managed(&self, type_name: &str) -> Result<&Managed<P::Client>, Diagnostic> {
        self.resources.get(type_name)
    }
}

#[cfg(test)]
mod tests;
