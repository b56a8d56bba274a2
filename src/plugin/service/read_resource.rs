//! `ReadResource`.

use std::sync::Arc;

use framework::{
    Provider,
    server::{ReadInput, Server},
};

use super::{
    super::{
        convert::{
            capabilities_from_wire, deferred_to_wire, diagnostics_to_wire, identity_from_wire,
            identity_to_wire, value_from_wire, value_to_wire,
        },
        logging::Subject,
        proto::tfplugin6::read_resource,
    },
    Rpc,
};

impl Rpc for read_resource::Request {
    const NAME: &'static str = "ReadResource";
    type Response = read_resource::Response;

    fn subject(&self) -> Subject<'_> {
        Subject::Resource(&self.type_name)
    }

    fn fallback(&self) -> read_resource::Response {
        read_resource::Response {
            new_state: self.current_state.clone(),
            diagnostics: Vec::new(),
            private: self.private.clone(),
            deferred: None,
            new_identity: self.current_identity.clone(),
        }
    }

    async fn handle<P: Provider>(self, server: Arc<Server<P>>) -> read_resource::Response {
        let Self {
            type_name,
            current_state,
            private,
            provider_meta: _,
            client_capabilities,
            current_identity,
        } = self;
        let input = ReadInput {
            stored: value_from_wire(current_state),
            identity: identity_from_wire(current_identity),
            private,
            client: capabilities_from_wire(client_capabilities),
        };
        let reply = server.read_resource(&type_name, input).await;
        read_resource::Response {
            new_state: Some(value_to_wire(reply.state)),
            diagnostics: diagnostics_to_wire(reply.diagnostics),
            private: reply.private,
            deferred: reply.deferred.map(deferred_to_wire),
            new_identity: identity_to_wire(reply.identity),
        }
    }
}
