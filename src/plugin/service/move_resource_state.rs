//! `MoveResourceState`.

use std::sync::Arc;

use framework::{
    Provider,
    resource::MoveSource,
    server::{MoveInput, Server},
};

use super::{
    super::{
        convert::{diagnostics_to_wire, identity_to_wire, raw_state_from_wire, value_to_wire},
        logging::Subject,
        proto::tfplugin6::move_resource_state,
    },
    Rpc,
};

impl Rpc for move_resource_state::Request {
    const NAME: &'static str = "MoveResourceState";
    type Response = move_resource_state::Response;

    fn subject(&self) -> Subject<'_> {
        Subject::Resource(&self.target_type_name)
    }

    async fn handle<P: Provider>(self, server: Arc<Server<P>>) -> move_resource_state::Response {
        let Self {
            source_provider_address,
            source_type_name,
            source_schema_version,
            source_state,
            target_type_name,
            source_private: _,
            source_identity,
            source_identity_schema_version: _,
        } = self;
        let input = MoveInput {
            source: MoveSource {
                provider_address: source_provider_address,
                type_name: source_type_name,
                schema_version: source_schema_version,
            },
            state: source_state.map(raw_state_from_wire).unwrap_or_default(),
            identity: source_identity.map(raw_state_from_wire),
            target_type_name,
        };
        let reply = server.move_resource_state(&input);
        move_resource_state::Response {
            target_state: Some(value_to_wire(reply.state)),
            diagnostics: diagnostics_to_wire(reply.diagnostics),
            target_private: reply.private,
            target_identity: identity_to_wire(reply.identity),
        }
    }
}
