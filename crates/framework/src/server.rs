//! The provider as a server: one method for each RPC, in the framework's own types.
//!
//! Here encoded values become values and back, and here it is decided whether an apply creates, updates or deletes. Each
//! RPC has a file of its name; what several need is here, in `codec` and in `identity`.
//!
//! Two promises hold for every method: nothing that a resource learned of a remote object is lost, not even when the
//! operation panics; and whatever cannot be done comes back as a diagnostic, never as a transport error.
//!
//! Must not contain: gRPC types, plan logic, knowledge of a concrete resource.

mod apply_resource_change;
mod codec;
mod configure_provider;
mod identity;
mod import_resource_state;
mod move_resource_state;
mod plan_resource_change;
mod read_resource;
mod upgrade_resource_identity;
mod upgrade_resource_state;
mod validate_provider_config;
mod validate_resource_config;

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use super::{
    capabilities::DeferredReason,
    diagnostics::{Diagnostic, Diagnostics},
    identity::IdentitySchema,
    path::AttributePath,
    provider::Provider,
    resource::Resource,
    schema::Schema,
    types::Type,
    value::DynamicValue,
};

pub use self::{
    apply_resource_change::ApplyInput, import_resource_state::ImportInput,
    move_resource_state::MoveInput, plan_resource_change::PlanInput, read_resource::ReadInput,
};
pub use super::upgrade::RawState;

/// A provider, ready to be asked.
pub struct Server<P: Provider> {
    provider: P,
    schema: Schema,
    resources: BTreeMap<&'static str, Managed<P::Client>>,
    /// Set by `configure`; set again when a host that stays (debug mode) configures again.
    client: RwLock<Option<Arc<P::Client>>>,
}

struct Managed<C> {
    resource: Box<dyn Resource<Client = C>>,
    schema: Schema,
    ty: Type,
    identity: Option<IdentitySchema>,
}

/// A state, and what the practitioner is told.
#[derive(Clone, Debug, Default)]
pub struct StateReply {
    /// Null where there is no object.
    pub state: DynamicValue,
    /// The identity of the object; `None` where there is no object, or its type has no identity.
    pub identity: Option<DynamicValue>,
    /// The framework's notes to itself.
    pub private: Vec<u8>,
    /// Why the answer waits for a later run, if it does.
    pub deferred: Option<DeferredReason>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// A plan, and what the practitioner is told.
#[derive(Clone, Debug, Default)]
pub struct PlanReply {
    /// Null for an object to be destroyed.
    pub planned: DynamicValue,
    /// The identity of the object; `None` where its type has none, or while it is not wholly known.
    pub identity: Option<DynamicValue>,
    /// Changed attributes that require replacement.
    pub requires_replace: Vec<AttributePath>,
    /// The framework's notes to itself.
    pub private: Vec<u8>,
    /// Why the change waits for a later run, if it does.
    pub deferred: Option<DeferredReason>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// An identity, and what the practitioner is told.
#[derive(Clone, Debug, Default)]
pub struct IdentityReply {
    /// `None` when there is an error.
    pub identity: Option<DynamicValue>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

impl<P: Provider> Server<P> {
    /// A server for a provider. No resource is touched yet.
    pub fn new(provider: P) -> Self {
        let resources = provider.resources().into_iter().map(|resource| {
            let schema = resource.schema();
            let ty = schema.ty();
            let identity = resource.identity_schema();
            (
                resource.type_name(),
                Managed {
                    resource,
                    schema,
                    ty,
                    identity,
                },
            )
        });
        Self {
            schema: provider.schema(),
            resources: resources.collect(),
            client: RwLock::new(None),
            provider,
        }
    }

    /// The schema of the provider block.
    pub fn provider_schema(&self) -> &Schema {
        &self.schema
    }

    /// The resource types and their schemas.
    pub fn resource_schemas(&self) -> impl Iterator<Item = (&'static str, &Schema)> {
        self.resources
            .iter()
            .map(|(name, managed)| (*name, &managed.schema))
    }

    /// The resource types that have an identity, and its schema.
    pub fn identity_schemas(&self) -> impl Iterator<Item = (&'static str, &IdentitySchema)> {
        self.resources
            .iter()
            .filter_map(|(name, managed)| Some((*name, managed.identity.as_ref()?)))
    }

    fn client(&self) -> Option<Arc<P::Client>> {
        self.client
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn configured(&self) -> Result<Arc<P::Client>, Diagnostic> {
        self.client().ok_or_else(|| {
            Diagnostic::error(
                "Provider is not configured",
                "The resource was called before the provider was configured. This is a defect of the host.",
            )
        })
    }

    /// Whether the client cannot be used yet, for want of values of the provider block.
    fn is_waiting(&self) -> bool {
        self.client()
            .is_some_and(|client| self.provider.is_waiting(&client))
    }

    fn managed(&self, type_name: &str) -> Result<&Managed<P::Client>, Diagnostic> {
        self.resources.get(type_name).ok_or_else(|| {
            let known: Vec<&str> = self.resources.keys().copied().collect();
            Diagnostic::error(
                "Unknown resource type",
                format!(
                    "This provider has no resource type \"{type_name}\"; it has {}.",
                    known.join(", ")
                ),
            )
        })
    }
}

#[cfg(test)]
mod tests;
