//! `UpgradeResourceState`.

use std::sync::Arc;

use framework::{Provider, server::Server};

use super::{
    super::{
        convert::{diagnostics_to_wire, raw_state_from_wire, value_to_wire},
        logging::Subject,
        proto::tfplugin6::upgrade_resource_state,
    },
    Rpc,
};

impl Rpc for upgrade_resource_state::Request {
    const NAME: &'static str = "UpgradeResourceState";
    type Response = upgrade_resource_state::Response;

    fn subject(&self) -> Subject<'_> {
        Subject::Resource(&self.type_name)
    }

    async fn handle<P: Provider>(self, server: Arc<Server<P>>) -> upgrade_resource_state::Response {
        let Self {
            type_name,
            version,
            raw_state,
        } = self;
        let raw = raw_state.map(raw_state_from_wire).unwrap_or_default();
        let reply = server.upgrade_resource_state(&type_name, version, &raw);
        upgrade_resource_state::Response {
            upgraded_state: Some(value_to_wire(reply.state)),
            diagnostics: diagnostics_to_wire(reply.diagnostics),
        }
    }
}
