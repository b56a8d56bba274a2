//! `ImportResourceState`.

use std::sync::Arc;

use framework::{
    Provider,
    server::{ImportInput, Server},
};

use super::{
    super::{
        convert::{
            capabilities_from_wire, deferred_to_wire, diagnostics_to_wire, identity_from_wire,
            identity_to_wire, value_to_wire,
        },
        logging::Subject,
        proto::tfplugin6::import_resource_state,
    },
    Rpc,
};

impl Rpc for import_resource_state::Request {
    const NAME: &'static str = "ImportResourceState";
    type Response = import_resource_state::Response;

    fn subject(&self) -> Subject<'_> {
        Subject::Resource(&self.type_name)
    }

    async fn handle<P: Provider>(self, server: Arc<Server<P>>) -> import_resource_state::Response {
        let Self {
            type_name,
            id,
            client_capabilities,
            identity,
        } = self;
        let input = ImportInput {
            id,
            identity: identity_from_wire(identity),
            client: capabilities_from_wire(client_capabilities),
        };
        let reply = server.import_resource_state(&type_name, &input);
        // An import that waits has no object to show, and Terraform makes up a placeholder.
        let is_imported = !reply.diagnostics.has_errors() && reply.deferred.is_none();
        let imported = is_imported.then(|| import_resource_state::ImportedResource {
            type_name,
            state: Some(value_to_wire(reply.state)),
            private: reply.private,
            identity: identity_to_wire(reply.identity),
        });
        import_resource_state::Response {
            imported_resources: imported.into_iter().collect(),
            diagnostics: diagnostics_to_wire(reply.diagnostics),
            deferred: reply.deferred.map(deferred_to_wire),
        }
    }
}
