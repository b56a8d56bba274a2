//! `ReadDataSource`.

use std::sync::Arc;

use framework::{
    Provider,
    server::{ReadDataSourceInput, Server},
};

use super::{
    super::{
        convert::{
            capabilities_from_wire, deferred_to_wire, diagnostics_to_wire, value_from_wire,
            value_to_wire,
        },
        logging::Subject,
        proto::tfplugin6::read_data_source,
    },
    Rpc,
};

impl Rpc for read_data_source::Request {
    const NAME: &'static str = "ReadDataSource";
    type Response = read_data_source::Response;

    fn subject(&self) -> Subject<'_> {
        Subject::DataSource(&self.type_name)
    }

    async fn handle<P: Provider>(self, server: Arc<Server<P>>) -> read_data_source::Response {
        let Self {
            type_name,
            config,
            // No provider_meta schema is declared, so none is sent.
            provider_meta: _,
            client_capabilities,
        } = self;
        let input = ReadDataSourceInput {
            config: value_from_wire(config),
            client: capabilities_from_wire(client_capabilities),
        };
        let reply = server.read_data_source(&type_name, &input).await;
        read_data_source::Response {
            state: Some(value_to_wire(reply.state)),
            diagnostics: diagnostics_to_wire(reply.diagnostics),
            deferred: reply.deferred.map(deferred_to_wire),
        }
    }
}
