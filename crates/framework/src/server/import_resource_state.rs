//! `ImportResourceState`.
//!
//! Must not contain: the form of a concrete resource's import IDs.

use crate::{
    capabilities::ClientCapabilities,
    catch_panic::{Operation, catch_panic_sync, provider_bug},
    diagnostics::{Diagnostic, Diagnostics},
    identity::{Shown, differ},
    private_state::PrivateState,
    provider::Provider,
    resource::ImportRequest,
    state::null_unknowns,
    value::DynamicValue,
};

use super::{Server, StateReply, registry::Managed};

/// What an import is asked with.
#[derive(Clone, Debug, Default)]
pub struct ImportInput {
    /// The ID; empty when the identity names the object.
    pub id: String,
    /// The identity; `None` when the ID names the object.
    pub identity: Option<DynamicValue>,
    /// What the CLI accepts.
    pub client: ClientCapabilities,
}

impl<P: Provider> Server<P> {
    /// `ImportResourceState`: from an ID or an identity to the beginnings of a state. Terraform calls `ReadResource` next.
    ///
    /// With a reason to defer, the state is null.
    pub fn import_resource_state(&self, type_name: &str, input: &ImportInput) -> StateReply {
        self.import(type_name, input)
            .unwrap_or_else(|diagnostics| StateReply {
                diagnostics,
                ..StateReply::default()
            })
    }

    fn import(&self, type_name: &str, input: &ImportInput) -> Result<StateReply, Diagnostics> {
        let managed = self.managed(type_name)?;
        let request = managed.import_request(input)?;
        let asked = match &request {
            ImportRequest::Id(_) => None,
            ImportRequest::Identity(identity) => managed
                .identity_schema()
                .map(|schema| schema.project(identity)),
        };
        let mut state =
            catch_panic_sync(Operation::Import, || managed.resource().import(request))??;
        if null_unknowns(&mut state) {
            return Err(provider_bug(Operation::Import, "left a value unknown").into());
        }
        managed.record_object(&[Some(&state)]);
        let identity = managed.identity_of(Some(&state))?;
        let identity = match (asked, identity) {
            (Some(asked), Some(found)) if differ(&asked, &found) => {
                return Err(managed.changed(Operation::Import, &asked, &found).into());
            }
            (Some(_), None) => {
                return Err(
                    provider_bug(Operation::Import, "left the object without an identity").into(),
                );
            }
            (_, identity) => identity,
        };
        if let deferred @ Some(_) = self.deferral_of_provider(input.client) {
            return Ok(StateReply {
                deferred,
                ..StateReply::default()
            });
        }
        let (state, misfit) = managed.encode_fitting(Operation::Import, Some(state));
        if let Some(misfit) = misfit {
            return Err(misfit.into());
        }
        Ok(StateReply {
            state,
            identity: managed.encode_identity(identity),
            private: PrivateState {
                importing: true,
                ..PrivateState::default()
            }
            .encode(),
            ..StateReply::default()
        })
    }
}

impl<C: Send + Sync + 'static> Managed<C> {
    /// What names the object: either the ID or the identity.
    fn import_request(&self, input: &ImportInput) -> Result<ImportRequest, Diagnostic> {
        let type_name = self.resource().type_name();
        let refuse = |why: String| {
            Diagnostic::error("Unable to import the object", why)
                .with_code("Provider.InvalidIdentity")
        };
        let Some(sent) = &input.identity else {
            return Ok(ImportRequest::Id(input.id.clone()));
        };
        let Some(schema) = self.identity_schema() else {
            return Err(refuse(format!(
                "The type {type_name} has no resource identity. Import the object by its ID."
            )));
        };
        let identity = self.sent_identity(Some(sent))?.ok_or_else(|| {
            refuse(format!(
                "The identity for the import of this {type_name} is null."
            ))
        })?;
        if !input.id.is_empty() {
            return Err(refuse(format!(
                "The import of this {type_name} names its object twice, by the ID \"{}\" and by the identity {}. Give \
                 one of them.",
                input.id.escape_debug(),
                Shown(&identity),
            )));
        }
        if identity.iter().any(|(_, value)| value.is_unknown()) {
            return Err(refuse(format!(
                "The identity {} for the import of this {type_name} has to be known.",
                Shown(&identity)
            )));
        }
        let missing = schema.missing(&identity);
        if !missing.is_empty() {
            return Err(refuse(format!(
                "The identity {} for the import of this {type_name} lacks a value for {}.",
                Shown(&identity),
                missing.join(", "),
            )));
        }
        Ok(ImportRequest::Identity(identity))
    }
}
