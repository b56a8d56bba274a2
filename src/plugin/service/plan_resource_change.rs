//! `PlanResourceChange`.

use std::sync::Arc;

use framework::{
    Provider,
    server::{PlanInput, Server},
};

use super::{
    super::{
        convert::{
            capabilities_from_wire, deferred_to_wire, diagnostics_to_wire, identity_from_wire,
            identity_to_wire, path_to_wire, value_from_wire, value_to_wire,
        },
        logging::Subject,
        proto::tfplugin6::plan_resource_change,
    },
    Rpc,
};

impl Rpc for plan_resource_change::Request {
    const NAME: &'static str = "PlanResourceChange";
    type Response = plan_resource_change::Response;

    fn subject(&self) -> Subject<'_> {
        Subject::Resource(&self.type_name)
    }

    async fn handle<P: Provider>(self, server: Arc<Server<P>>) -> plan_resource_change::Response {
        let Self {
            type_name,
            prior_state,
            proposed_new_state,
            config,
            prior_private,
            provider_meta: _,
            client_capabilities,
            prior_identity,
            planned_private: _,
        } = self;
        let input = PlanInput {
            prior: value_from_wire(prior_state),
            proposed: value_from_wire(proposed_new_state),
            config: value_from_wire(config),
            prior_private,
            prior_identity: identity_from_wire(prior_identity),
            client: capabilities_from_wire(client_capabilities),
        };
        let reply = server.plan_resource_change(&type_name, &input);
        plan_resource_change::Response {
            planned_state: Some(value_to_wire(reply.planned)),
            requires_replace: reply.requires_replace.iter().map(path_to_wire).collect(),
            planned_private: reply.private,
            diagnostics: diagnostics_to_wire(reply.diagnostics),
            legacy_type_system: false,
            deferred: reply.deferred.map(deferred_to_wire),
            planned_identity: identity_to_wire(reply.identity),
        }
    }
}
