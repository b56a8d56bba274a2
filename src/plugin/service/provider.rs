//! The provider block and the provider's life: validate, configure, stop.
//!
//! Must not contain: what a configuration means.

use std::sync::Arc;

use framework::{provider::Provider, server::Server};

use super::{
    super::{
        convert::{diagnostics_to_wire, value_from_wire},
        proto::tfplugin6::{configure_provider, stop_provider, validate_provider_config},
    },
    Rpc,
};

impl Rpc for validate_provider_config::Request {
    const NAME: &'static str = "ValidateProviderConfig";
    type Response = validate_provider_config::Response;

    async fn answer<P: Provider>(
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

impl Rpc for configure_provider::Request {
    const NAME: &'static str = "ConfigureProvider";
    type Response = configure_provider::Response;

    async fn answer<P: Provider>(self, server: Arc<Server<P>>) -> configure_provider::Response {
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

impl Rpc for stop_provider::Request {
    const NAME: &'static str = "StopProvider";
    type Response = stop_provider::Response;

    async fn answer<P: Provider>(self, server: Arc<Server<P>>) -> stop_provider::Response {
        let Self {} = self;
        server.stop();
        stop_provider::Response {
            error: String::new(),
        }
    }
}
