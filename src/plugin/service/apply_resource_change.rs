//! `ApplyResourceChange`.

use std::sync::Arc;

use framework::{
    Provider,
    server::{ApplyInput, Server},
};

use super::{
    super::{
        convert::{
            diagnostics_to_wire, identity_from_wire, identity_to_wire, value_from_wire,
            value_to_wire,
        },
        logging::Subject,
        proto::tfplugin6::apply_resource_change,
    },
    Rpc,
};

impl Rpc for apply_resource_change::Request {
    const NAME: &'static str = "ApplyResourceChange";
    type Response = apply_resource_change::Response;

    fn subject(&self) -> Subject<'_> {
        Subject::Resource(&self.type_name)
    }

    fn fallback(&self) -> apply_resource_change::Response {
        apply_resource_change::Response {
            new_state: self.prior_state.clone(),
            private: Vec::new(),
            diagnostics: Vec::new(),
            legacy_type_system: false,
            new_identity: None,
        }
    }

    async fn handle<P: Provider>(self, server: Arc<Server<P>>) -> apply_resource_change::Response {
        let Self {
            type_name,
            prior_state,
            planned_state,
            config,
            planned_private,
            provider_meta: _,
            planned_identity,
        } = self;
        let input = ApplyInput {
            prior: value_from_wire(prior_state),
            planned: value_from_wire(planned_state),
            config: value_from_wire(config),
            planned_private,
            planned_identity: identity_from_wire(planned_identity),
        };
        let reply = server.apply_resource_change(&type_name, &input).await;
        apply_resource_change::Response {
            new_state: Some(value_to_wire(reply.state)),
            private: reply.private,
            diagnostics: diagnostics_to_wire(reply.diagnostics),
            legacy_type_system: false,
            new_identity: identity_to_wire(reply.identity),
        }
    }
}
