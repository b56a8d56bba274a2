//! `ValidateResourceConfig`.

use std::sync::Arc;

use framework::{Provider, server::Server};

use super::{
    super::{
        convert::{capabilities_from_wire, diagnostics_to_wire, value_from_wire},
        logging::Subject,
        proto::tfplugin6::validate_resource_config,
    },
    Rpc,
};

impl Rpc for validate_resource_config::Request {
    const NAME: &'static str = "ValidateResourceConfig";
    type Response = validate_resource_config::Response;

    fn subject(&self) -> Subject<'_> {
        Subject::Resource(&self.type_name)
    }

    async fn handle<P: Provider>(
        self,
        server: Arc<Server<P>>,
    ) -> validate_resource_config::Response {
        let Self {
            type_name,
            config,
            client_capabilities,
        } = self;
        let diagnostics = server.validate_resource_config(
            &type_name,
            &value_from_wire(config),
            capabilities_from_wire(client_capabilities),
        );
        validate_resource_config::Response {
            diagnostics: diagnostics_to_wire(diagnostics),
        }
    }
}
