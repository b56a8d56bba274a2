//! `GetMetadata`.

use std::sync::Arc;

use framework::{Provider, server::Server};

use super::{
    super::proto::tfplugin6::{self as wire, get_metadata},
    Rpc,
};

/// What this provider offers beyond the base protocol.
pub(super) const CAPABILITIES: wire::ServerCapabilities = wire::ServerCapabilities {
    // Destroying is planned, too, so that a resource can refuse it before anything is changed.
    plan_destroy: true,
    get_provider_schema_optional: true,
    move_resource_state: true,
    generate_resource_config: true,
};

impl Rpc for get_metadata::Request {
    const NAME: &'static str = "GetMetadata";
    type Response = get_metadata::Response;

    async fn handle<P: Provider>(self, server: Arc<Server<P>>) -> get_metadata::Response {
        let Self {} = self;
        get_metadata::Response {
            server_capabilities: Some(CAPABILITIES),
            diagnostics: Vec::new(),
            data_sources: names(server.data_source_types(), |type_name| {
                get_metadata::DataSourceMetadata { type_name }
            }),
            resources: names(server.resource_types(), |type_name| {
                get_metadata::ResourceMetadata { type_name }
            }),
            functions: names(server.function_names(), |name| {
                get_metadata::FunctionMetadata { name }
            }),
            ephemeral_resources: Vec::new(),
            list_resources: names(server.list_resource_types(), |type_name| {
                get_metadata::ListResourceMetadata { type_name }
            }),
            state_stores: Vec::new(),
            actions: names(server.action_types(), |type_name| {
                get_metadata::ActionMetadata { type_name }
            }),
        }
    }
}

fn names<T>(names: impl Iterator<Item = &'static str>, wrap: impl Fn(String) -> T) -> Vec<T> {
    names.map(|name| wrap(name.to_owned())).collect()
}
