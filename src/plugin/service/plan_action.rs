//! `PlanAction`.

use std::sync::Arc;

use framework::{
    Provider,
    server::{PlanActionInput, Server},
};

use super::{
    super::{
        convert::{capabilities_from_wire, deferred_to_wire, diagnostics_to_wire, value_from_wire},
        logging::Subject,
        proto::tfplugin6::plan_action,
    },
    Rpc,
};

impl Rpc for plan_action::Request {
    const NAME: &'static str = "PlanAction";
    type Response = plan_action::Response;

    fn subject(&self) -> Subject<'_> {
        Subject::Action(&self.action_type)
    }

    async fn handle<P: Provider>(self, server: Arc<Server<P>>) -> plan_action::Response {
        let Self {
            action_type,
            config,
            client_capabilities,
        } = self;
        let input = PlanActionInput {
            config: value_from_wire(config),
            client: capabilities_from_wire(client_capabilities),
        };
        let reply = server.plan_action(&action_type, &input);
        plan_action::Response {
            diagnostics: diagnostics_to_wire(reply.diagnostics),
            deferred: reply.deferred.map(deferred_to_wire),
        }
    }
}
