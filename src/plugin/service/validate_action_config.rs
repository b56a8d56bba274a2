//! `ValidateActionConfig`.

use std::sync::Arc;

use framework::{Provider, server::Server};

use super::{
    super::{
        convert::{diagnostics_to_wire, value_from_wire},
        logging::Subject,
        proto::tfplugin6::validate_action_config,
    },
    Rpc,
};

impl Rpc for validate_action_config::Request {
    const NAME: &'static str = "ValidateActionConfig";
    type Response = validate_action_config::Response;

    fn subject(&self) -> Subject<'_> {
        Subject::Action(&self.type_name)
    }

    async fn handle<P: Provider>(self, server: Arc<Server<P>>) -> validate_action_config::Response {
        let Self { type_name, config } = self;
        let diagnostics = server.validate_action_config(&type_name, &value_from_wire(config));
        validate_action_config::Response {
            diagnostics: diagnostics_to_wire(diagnostics),
        }
    }
}
