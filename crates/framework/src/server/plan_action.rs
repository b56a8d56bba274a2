//! `PlanAction`.

use crate::{
    capabilities::{ClientCapabilities, DeferredReason},
    catch_panic::{Operation, catch_panic_sync},
    diagnostics::Diagnostics,
    provider::Provider,
    value::DynamicValue,
};

use super::Server;

/// What the plan of an action is asked with.
#[derive(Clone, Debug, Default)]
pub struct PlanActionInput {
    /// The configuration, values possibly unknown.
    pub config: DynamicValue,
    /// What the CLI accepts.
    pub client: ClientCapabilities,
}

/// Whether an action can be invoked, and diagnostics.
#[derive(Clone, Debug, Default)]
pub struct PlanActionReply {
    /// Why the action waits for a later run, if it does. Terraform accepts only the provider's configuration as a reason.
    pub deferred: Option<DeferredReason>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

impl<P: Provider> Server<P> {
    /// `PlanAction`: what can be said of an action before it is invoked.
    pub fn plan_action(&self, type_name: &str, input: &PlanActionInput) -> PlanActionReply {
        let planned = self.actions.get(type_name).and_then(|typed| {
            let config = typed.config(&input.config)?;
            let client = self.client();
            catch_panic_sync(Operation::PlanAction, || {
                typed.inner.plan(client.as_deref(), &config)
            })
        });
        PlanActionReply {
            deferred: self.deferral_of_provider(input.client),
            diagnostics: planned.unwrap_or_else(Into::into),
        }
    }
}
