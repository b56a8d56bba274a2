//! `ConfigureProvider`.

use std::sync::Arc;

use framework::{Provider, server::Server};

use super::{
    super::{
        convert::{diagnostics_to_wire, value_from_wire},
        proto::tfplugin6::configure_provider,
    },
    Rpc,
};

impl Rpc for configure_provider::Request {
    const NAME: &'static str = "ConfigureProvider";
    type Response = configure_provider::Response;

    async fn handle<P: Provider>(self, server: Arc<Server<P>>) -> configure_provider::Response {
        let Self {
            terraform_version,
            config,
            client_capabilities: _,
        } = self;
        let diagnostics = server
            .configure(&value_from_wire(config), terraform_version)
            .await;
        configure_provider::Response {
            diagnostics: diagnostics_to_wire(diagnostics),
        }
    }
}
