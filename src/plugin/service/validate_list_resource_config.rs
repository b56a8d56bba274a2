//! `ValidateListResourceConfig`.

use std::sync::Arc;

use framework::{
    Provider,
    server::{Server, ValidateListInput},
};

use super::{
    super::{
        convert::{diagnostics_to_wire, value_from_wire},
        logging::Subject,
        proto::tfplugin6::validate_list_resource_config,
    },
    Rpc,
};

impl Rpc for validate_list_resource_config::Request {
    const NAME: &'static str = "ValidateListResourceConfig";
    type Response = validate_list_resource_config::Response;

    fn subject(&self) -> Subject<'_> {
        Subject::ListResource(&self.type_name)
    }

    async fn handle<P: Provider>(
        self,
        server: Arc<Server<P>>,
    ) -> validate_list_resource_config::Response {
        let Self {
            type_name,
            config,
            // Both booleans are valid.
            include_resource_object: _,
            limit,
        } = self;
        let input = ValidateListInput {
            config: value_from_wire(config),
            limit: value_from_wire(limit),
        };
        let diagnostics = server.validate_list_resource_config(&type_name, &input);
        validate_list_resource_config::Response {
            diagnostics: diagnostics_to_wire(diagnostics),
        }
    }
}
