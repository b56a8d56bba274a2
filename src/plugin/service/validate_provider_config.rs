//! `ValidateProviderConfig`.

use std::sync::Arc;

use framework::{Provider, server::Server};

use super::{
    super::{
        convert::{diagnostics_to_wire, value_from_wire},
        proto::tfplugin6::validate_provider_config,
    },
    Rpc,
};

impl Rpc for validate_provider_config::Request {
    const NAME: &'static str = "ValidateProviderConfig";
    type Response = validate_provider_config::Response;

    async fn handle<P: Provider>(
        self,
        server: Arc<Server<P>>,
    ) -> validate_provider_config::Response {
        let Self { config } = self;
        let diagnostics = server.validate_provider_config(&value_from_wire(config));
        validate_provider_config::Response {
            diagnostics: diagnostics_to_wire(diagnostics),
        }
    }
}
