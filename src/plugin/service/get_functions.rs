//! `GetFunctions`.

use std::sync::Arc;

use framework::{Provider, server::Server};

use super::{
    super::{convert::function_to_wire, proto::tfplugin6::get_functions},
    Rpc,
};

/// OpenTofu asks for functions that the schema does not have.
impl Rpc for get_functions::Request {
    const NAME: &'static str = "GetFunctions";
    type Response = get_functions::Response;

    async fn handle<P: Provider>(self, server: Arc<Server<P>>) -> get_functions::Response {
        let Self {} = self;
        get_functions::Response {
            functions: server
                .function_definitions()
                .map(|(name, definition)| (name.to_owned(), function_to_wire(definition)))
                .collect(),
            diagnostics: Vec::new(),
        }
    }
}
