//! What the provider is made of: metadata, schemas, capabilities.
//!
//! Must not contain: the conversion of a schema (`convert.rs`).

use std::{collections::HashMap, sync::Arc};

use framework::{provider::Provider, server::Server};

use super::{
    super::{
        convert::{identity_schema_to_wire, schema_to_wire},
        proto::tfplugin6::{
            self as wire, get_functions, get_metadata, get_provider_schema,
            get_resource_identity_schemas,
        },
    },
    Rpc,
};

const CAPABILITIES: wire::ServerCapabilities = wire::ServerCapabilities {
    // Destroying is planned, too, so that a binding under `PREVENT` is refused before anything is changed.
    plan_destroy: true,
    get_provider_schema_optional: true,
    move_resource_state: true,
    // A CLI writes the configuration of an import well from schema and state: there is nothing to add.
    generate_resource_config: false,
};

impl Rpc for get_metadata::Request {
    const NAME: &'static str = "GetMetadata";
    type Response = get_metadata::Response;

    async fn answer<P: Provider>(self, server: Arc<Server<P>>) -> get_metadata::Response {
        let Self {} = self;
        get_metadata::Response {
            server_capabilities: Some(CAPABILITIES),
            diagnostics: Vec::new(),
            data_sources: Vec::new(),
            resources: server
                .resource_schemas()
                .map(|(name, _)| get_metadata::ResourceMetadata {
                    type_name: name.to_owned(),
                })
                .collect(),
            functions: Vec::new(),
            ephemeral_resources: Vec::new(),
            list_resources: Vec::new(),
            state_stores: Vec::new(),
            actions: Vec::new(),
        }
    }
}

impl Rpc for get_provider_schema::Request {
    const NAME: &'static str = "GetProviderSchema";
    type Response = get_provider_schema::Response;

    async fn answer<P: Provider>(self, server: Arc<Server<P>>) -> get_provider_schema::Response {
        let Self {} = self;
        get_provider_schema::Response {
            provider: Some(schema_to_wire(server.provider_schema())),
            resource_schemas: server
                .resource_schemas()
                .map(|(name, schema)| (name.to_owned(), schema_to_wire(schema)))
                .collect(),
            data_source_schemas: HashMap::new(),
            functions: HashMap::new(),
            ephemeral_resource_schemas: HashMap::new(),
            list_resource_schemas: HashMap::new(),
            state_store_schemas: HashMap::new(),
            action_schemas: HashMap::new(),
            diagnostics: Vec::new(),
            provider_meta: None,
            server_capabilities: Some(CAPABILITIES),
        }
    }
}

impl Rpc for get_resource_identity_schemas::Request {
    const NAME: &'static str = "GetResourceIdentitySchemas";
    type Response = get_resource_identity_schemas::Response;

    async fn answer<P: Provider>(
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

/// OpenTofu asks for functions that the schema does not have, so "there are none" is an answer worth giving.
impl Rpc for get_functions::Request {
    const NAME: &'static str = "GetFunctions";
    type Response = get_functions::Response;

    async fn answer<P: Provider>(self, _: Arc<Server<P>>) -> get_functions::Response {
        let Self {} = self;
        get_functions::Response {
            functions: HashMap::new(),
            diagnostics: Vec::new(),
        }
    }
}
