//! `ApplyResourceChange`.
//!
//! Must not contain: what a concrete resource does.

use crate::{
    catch_panic::{Operation, catch_panic, provider_bug},
    diagnostics::Diagnostics,
    plan::keep_spelling,
    private_state::PrivateState,
    provider::Provider,
    resource::{CreateRequest, DeleteRequest, StateResponse, UpdateRequest},
    state::null_unknowns,
    value::DynamicValue,
};

use super::{
    Server, StateReply,
    codec::{decode_object, outcome_diagnostics},
};

/// What an apply is asked with.
#[derive(Clone, Debug, Default)]
pub struct ApplyInput {
    /// The object as it is.
    pub prior: DynamicValue,
    /// The object as planned.
    pub planned: DynamicValue,
    /// The configuration.
    pub config: DynamicValue,
    /// The private bytes of the plan.
    pub planned_private: Vec<u8>,
    /// The identity as planned; `None` from a CLI that knows none.
    pub planned_identity: Option<DynamicValue>,
}

impl<P: Provider> Server<P> {
    /// `ApplyResourceChange`: creates, updates or deletes, by which of prior and planned state is null.
    pub async fn apply_resource_change(&self, type_name: &str, input: &ApplyInput) -> StateReply {
        match self.apply(type_name, input).await {
            Ok(reply) => reply,
            // Nothing was called, so what was true before is true still.
            Err(diagnostics) => StateReply {
                state: input.prior.clone(),
                private: PrivateState::decode(&input.planned_private)
                    .of_object()
                    .encode(),
                identity: self.identity_of_prior(type_name, input),
                diagnostics,
                ..StateReply::default()
            },
        }
    }

    /// The identity of an object that was not changed, if it can be found out.
    fn identity_of_prior(&self, type_name: &str, input: &ApplyInput) -> Option<DynamicValue> {
        let managed = self.managed(type_name).ok()?;
        let prior = decode_object(&input.prior, managed.ty(), "prior state").ok()??;
        managed.encode_identity(managed.identity_of(Some(&prior)).ok()?)
    }

    async fn apply(&self, type_name: &str, input: &ApplyInput) -> Result<StateReply, Diagnostics> {
        let managed = self.managed(type_name)?;
        let prior = decode_object(&input.prior, managed.ty(), "prior state")?;
        let planned = decode_object(&input.planned, managed.ty(), "planned state")?;
        let config = decode_object(&input.config, managed.ty(), "configuration")?;
        managed.record_object(&[planned.as_ref(), prior.as_ref()]);
        let before = match managed.sent_identity(input.planned_identity.as_ref())? {
            Some(identity) => Some(identity),
            None => managed.identity_of(prior.as_ref())?,
        };
        let client = self.ready()?;
        let resource = managed.resource();

        let mut private = PrivateState::decode(&input.planned_private);
        let planned_private = private.plan.take();
        let mut response = StateResponse {
            state: prior.clone(),
            private_state: private.state.take(),
            warnings: Vec::new(),
        };
        let wanted = planned.clone();
        let operation = match (&prior, &planned) {
            (None, _) => Operation::Create,
            (Some(_), Some(_)) => Operation::Update,
            (Some(_), None) => Operation::Delete,
        };
        let outcome = match (prior, planned) {
            (None, Some(planned)) => {
                let request = CreateRequest {
                    config: config.unwrap_or_default(),
                    planned,
                };
                catch_panic(operation, resource.create(&client, request, &mut response)).await
            }
            (Some(prior), Some(planned)) => {
                let request = UpdateRequest {
                    prior,
                    config: config.unwrap_or_default(),
                    planned,
                };
                catch_panic(operation, resource.update(&client, request, &mut response)).await
            }
            (Some(prior), None) => {
                let request = DeleteRequest {
                    prior,
                    planned_private,
                };
                catch_panic(operation, resource.delete(&client, request, &mut response)).await
            }
            (None, None) => Ok(Ok(())),
        };
        let mut diagnostics = outcome_diagnostics(outcome, response.warnings);

        let mut state = response.state;
        if wanted.is_none() && !diagnostics.has_errors() {
            state = None;
        }
        private.state = response.private_state;
        if let (Some(wanted), Some(state)) = (&wanted, &mut state) {
            keep_spelling(&managed.schema().block, wanted, state);
        }
        if let Some(state) = &mut state
            && null_unknowns(state)
            && !diagnostics.has_errors()
        {
            diagnostics.push(provider_bug(operation, "left a value unknown"));
        }
        // From here on nothing can fail: all known facts of the remote object reach the state, and an identity that is
        // not what it was is one more thing to tell.
        let identity = match managed.identity_after(operation, before.as_ref(), state.as_ref()) {
            Ok(identity) => identity,
            Err(diagnostic) => {
                if !diagnostics.has_errors() {
                    diagnostics.push(diagnostic);
                }
                managed.identity_of(state.as_ref()).unwrap_or_default()
            }
        };
        let (state, misfit) = managed.encode_fitting(operation, state);
        if let Some(misfit) = misfit
            && !diagnostics.has_errors()
        {
            diagnostics.push(misfit);
        }
        Ok(StateReply {
            state,
            identity: managed.encode_identity(identity),
            private: private.of_object().encode(),
            diagnostics,
            ..StateReply::default()
        })
    }
}
