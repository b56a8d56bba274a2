//! `UpgradeResourceIdentity`.

use std::sync::Arc;

use framework::{Provider, server::Server};

use super::{
    super::{
        convert::{diagnostics_to_wire, identity_to_wire, raw_state_from_wire},
        logging::Subject,
        proto::tfplugin6::upgrade_resource_identity,
    },
    Rpc,
};

impl Rpc for upgrade_resource_identity::Request {
    const NAME: &'static str = "UpgradeResourceIdentity";
    type Response = upgrade_resource_identity::Response;

    fn subject(&self) -> Subject<'_> {
        Subject::Resource(&self.type_name)
    }

    async fn handle<P: Provider>(
        self,
        server: Arc<Server<P>>,
    ) -> upgrade_resource_identity::Response {
        let Self {
            type_name,
            version,
            raw_identity,
        } = self;
        let raw = raw_identity.map(raw_state_from_wire).unwrap_or_default();
        let reply = server.upgrade_resource_identity(&type_name, version, &raw);
        upgrade_resource_identity::Response {
            upgraded_identity: identity_to_wire(reply.identity),
            diagnostics: diagnostics_to_wire(reply.diagnostics),
        }
    }
}
