//! `ReadResource`.
//!
//! Must not contain: what a concrete resource reads.

use crate::{
    capabilities::ClientCapabilities,
    catch_panic::{Operation, catch_panic, provider_bug},
    diagnostics::Diagnostics,
    plan::keep_spelling,
    private_state::PrivateState,
    provider::Provider,
    resource::{ReadRequest, StateResponse},
    state::null_unknowns,
    value::DynamicValue,
};

use super::{
    Server, StateReply,
    codec::{decode_object, outcome_diagnostics},
};

/// What a read is asked with.
#[derive(Clone, Debug, Default)]
pub struct ReadInput {
    /// The state as stored, or as an import made it.
    pub stored: DynamicValue,
    /// The identity as stored; `None` from a CLI that knows none, or where none was stored yet.
    pub identity: Option<DynamicValue>,
    /// The private bytes of the state.
    pub private: Vec<u8>,
    /// What the CLI accepts.
    pub client: ClientCapabilities,
}

impl<P: Provider> Server<P> {
    /// `ReadResource`: refresh. When the object cannot be read, the stored state stays as it is.
    pub async fn read_resource(&self, type_name: &str, input: ReadInput) -> StateReply {
        match self.read(type_name, &input).await {
            Ok(reply) => reply,
            Err(diagnostics) => StateReply {
                diagnostics,
                ..as_stored(input)
            },
        }
    }

    async fn read(&self, type_name: &str, input: &ReadInput) -> Result<StateReply, Diagnostics> {
        let managed = self.managed(type_name)?;
        let Some(state) = decode_object(&input.stored, managed.ty(), "stored state")? else {
            return Ok(StateReply {
                state: input.stored.clone(),
                ..StateReply::default()
            });
        };
        managed.record_object(&[Some(&state)]);
        let sent = managed.sent_identity(input.identity.as_ref())?;
        if let deferred @ Some(_) = self.deferral_of_provider(input.client) {
            return Ok(StateReply {
                deferred,
                ..as_stored(input.clone())
            });
        }
        let client = self.ready()?;
        let before = match sent {
            Some(identity) => Some(identity),
            None => managed.identity_of(Some(&state))?,
        };
        let mut private = PrivateState::decode(&input.private);
        let mut response = StateResponse {
            state: Some(state.clone()),
            private_state: private.state.take(),
            warnings: Vec::new(),
        };
        let request = ReadRequest {
            state: state.clone(),
            importing: private.importing,
        };
        let outcome = catch_panic(
            Operation::Read,
            managed.resource().read(&client, request, &mut response),
        )
        .await;
        let mut diagnostics = outcome_diagnostics(outcome, response.warnings);
        if response.state.as_mut().is_some_and(null_unknowns) {
            diagnostics.push(provider_bug(Operation::Read, "left a value unknown"));
        }
        if diagnostics.has_errors() {
            return Err(diagnostics);
        }
        if let Some(read) = &mut response.state {
            keep_spelling(&managed.schema().block, &state, read);
            private.state = response.private_state;
        } else {
            private = PrivateState::default();
        }
        let identity =
            managed.identity_after(Operation::Read, before.as_ref(), response.state.as_ref())?;
        let (state, misfit) = managed.encode_fitting(Operation::Read, response.state);
        if let Some(misfit) = misfit {
            diagnostics.push(misfit);
            return Err(diagnostics);
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

/// Nothing was learned: state, identity and notes go back as they came, or Terraform would take them for erased.
fn as_stored(input: ReadInput) -> StateReply {
    StateReply {
        state: input.stored,
        identity: input.identity,
        private: input.private,
        ..StateReply::default()
    }
}
