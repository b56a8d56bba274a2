//! The provider as a server: one method for each RPC, in the framework's own types.
//!
//! Here encoded values become values and back, and here it is decided whether an apply creates, updates or deletes. The
//! methods stand by subject: the provider block here, then `read`, `plan`, `apply`, `import`, and `stored` for what
//! earlier versions and other providers stored.
//!
//! Two promises hold for every method: nothing that a resource learned of a remote object is lost, not even when the
//! operation panics; and whatever cannot be done comes back as a diagnostic, never as a transport error.
//!
//! Must not contain: gRPC types, plan logic, knowledge of a concrete resource.

mod apply;
mod codec;
mod identity;
mod import;
mod plan;
mod read;
mod stored;

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use super::{
    capabilities::{ClientCapabilities, DeferredReason},
    diagnostics::{Diagnostic, Diagnostics},
    guard::{guarded, guarded_now},
    identity::IdentitySchema,
    path::AttributePath,
    provider::{ConfigureRequest, Provider},
    resource::Resource,
    schema::Schema,
    types::Type,
    validate::{validate, write_only_values},
    value::DynamicValue,
};

use self::codec::decode_object;

pub use self::{
    apply::ApplyInput, import::ImportInput, plan::PlanInput, read::ReadInput, stored::MoveInput,
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

    /// `ValidateProviderConfig`: the provider block, values possibly unknown.
    pub fn validate_provider_config(&self, config: &DynamicValue) -> Diagnostics {
        let checked =
            decode_object(config, &self.schema.ty(), "provider configuration").and_then(|config| {
                let config = config.unwrap_or_default();
                let mut diagnostics = validate(&self.schema, &config);
                if !diagnostics.has_errors() {
                    diagnostics.extend(guarded_now("validate the provider", || {
                        self.provider.validate(&config)
                    })?);
                }
                Ok(diagnostics)
            });
        checked.unwrap_or_else(Into::into)
    }

    /// `ConfigureProvider`: makes the client that all resources use from now on.
    pub async fn configure(&self, config: &DynamicValue, terraform_version: String) -> Diagnostics {
        let config = match decode_object(config, &self.schema.ty(), "provider configuration") {
            Ok(config) => config.unwrap_or_default(),
            Err(diagnostic) => return diagnostic.into(),
        };
        let configuring = self.provider.configure(ConfigureRequest {
            config,
            terraform_version,
        });
        match guarded("configure the provider", configuring).await {
            Ok(Ok(client)) => {
                *self.client.write().unwrap_or_else(PoisonError::into_inner) =
                    Some(Arc::new(client));
                Diagnostics::new()
            }
            Ok(Err(diagnostics)) => diagnostics,
            Err(panic) => panic.into(),
        }
    }

    /// `StopProvider`: waiting work ends early; the server goes on answering.
    pub fn stop(&self) {
        if let Some(client) = self.client() {
            self.provider.stop(&client);
        }
    }

    /// `ValidateResourceConfig`: one resource block, values possibly unknown.
    pub fn validate_resource_config(
        &self,
        type_name: &str,
        config: &DynamicValue,
        client: ClientCapabilities,
    ) -> Diagnostics {
        let checked = self.managed(type_name).and_then(|managed| {
            let config = decode_object(config, &managed.ty, "configuration")?.unwrap_or_default();
            let mut diagnostics = validate(&managed.schema, &config);
            if !client.write_only_attributes_allowed {
                diagnostics.extend(write_only_values(&managed.schema, &config));
            }
            if !diagnostics.has_errors() {
                diagnostics.extend(guarded_now("validate", || {
                    managed.resource.validate(&config)
                })?);
            }
            Ok(diagnostics)
        });
        checked.unwrap_or_else(Into::into)
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
