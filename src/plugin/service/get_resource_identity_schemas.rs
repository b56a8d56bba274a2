//! `GetResourceIdentitySchemas`.

use std::sync::Arc;

use framework::{Provider, server::Server};

use super::{
    super::{convert::identity_schema_to_wire, proto::tfplugin6::get_resource_identity_schemas},
    Rpc,
};

impl Rpc for get_resource_identity_schemas::Request {
    const NAME: &'static str = "GetResourceIdentitySchemas";
    type Response = get_resource_identity_schemas::Response;

    async fn handle<P: Provider>(
        self,
        server: Arc<Server<P>>,
    ) -> get_resource_identity_schemas::Response {
        let Self {} = self;
        get_resource_identity_schemas::Response {
            identity_schemas: server
                .identity_schemas()
                .map(|(name, schema)| (name.to_owned(), identity_schema_to_wire(schema)))
                .collect(),
            diagnostics: Vec::new(),
        }
    }
}
