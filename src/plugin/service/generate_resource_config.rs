//! `GenerateResourceConfig`.

use std::sync::Arc;

use framework::{Provider, server::Server};

use super::{
    super::{
        convert::{diagnostics_to_wire, value_from_wire, value_to_wire},
        logging::Subject,
        proto::tfplugin6::generate_resource_config,
    },
    Rpc,
};

impl Rpc for generate_resource_config::Request {
    const NAME: &'static str = "GenerateResourceConfig";
    type Response = generate_resource_config::Response;

    fn subject(&self) -> Subject<'_> {
        Subject::Resource(&self.type_name)
    }

    async fn handle<P: Provider>(
        self,
        server: Arc<Server<P>>,
    ) -> generate_resource_config::Response {
        let Self { type_name, state } = self;
        let reply = server.generate_resource_config(&type_name, &value_from_wire(state));
        generate_resource_config::Response {
            config: Some(value_to_wire(reply.config)),
            diagnostics: diagnostics_to_wire(reply.diagnostics),
        }
    }
}
