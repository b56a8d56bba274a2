//! `GetProviderSchema`.

use std::{collections::HashMap, sync::Arc};

use framework::{Provider, Schema, server::Server};

use super::{
    super::{
        convert::{function_to_wire, schema_to_wire},
        proto::tfplugin6::{self as wire, get_provider_schema},
    },
    Rpc,
    get_metadata::CAPABILITIES,
};

impl Rpc for get_provider_schema::Request {
    const NAME: &'static str = "GetProviderSchema";
    type Response = get_provider_schema::Response;

    async fn handle<P: Provider>(self, server: Arc<Server<P>>) -> get_provider_schema::Response {
        let Self {} = self;
        let action = |schema: &Schema| wire::ActionSchema {
            schema: Some(schema_to_wire(schema)),
        };
        get_provider_schema::Response {
            provider: Some(schema_to_wire(server.provider_schema())),
            resource_schemas: by_name(server.resource_schemas(), schema_to_wire),
            data_source_schemas: by_name(server.data_source_schemas(), schema_to_wire),
            functions: server
                .function_definitions()
                .map(|(name, definition)| (name.to_owned(), function_to_wire(definition)))
                .collect(),
            ephemeral_resource_schemas: HashMap::new(),
            list_resource_schemas: by_name(server.list_resource_schemas(), schema_to_wire),
            state_store_schemas: HashMap::new(),
            action_schemas: by_name(server.action_schemas(), action),
            diagnostics: Vec::new(),
            // Modules have nothing to say to a provider.
            provider_meta: None,
            server_capabilities: Some(CAPABILITIES),
        }
    }
}

fn by_name<'a, T>(
    schemas: impl Iterator<Item = (&'static str, &'a Schema)>,
    to_wire: impl Fn(&Schema) -> T,
) -> HashMap<String, T> {
    schemas
        .map(|(name, schema)| (name.to_owned(), to_wire(schema)))
        .collect()
}
