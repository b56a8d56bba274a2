//! What earlier versions and other providers stored: upgrades and moves.
//!
//! Must not contain: a decision about state.

use std::sync::Arc;

use framework::{
    provider::Provider,
    resource::MoveSource,
    server::{MoveInput, Server},
};

use super::{
    super::{
        convert::{diagnostics_to_wire, identity_to_wire, raw_state_from_wire, value_to_wire},
        proto::tfplugin6::{
            move_resource_state, upgrade_resource_identity, upgrade_resource_state,
        },
    },
    Rpc,
};

impl Rpc for upgrade_resource_state::Request {
    const NAME: &'static str = "UpgradeResourceState";
    type Response = upgrade_resource_state::Response;

    fn resource_type(&self) -> Option<&str> {
        Some(&self.type_name)
    }

    async fn answer<P: Provider>(self, server: Arc<Server<P>>) -> upgrade_resource_state::Response {
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

impl Rpc for upgrade_resource_identity::Request {
    const NAME: &'static str = "UpgradeResourceIdentity";
    type Response = upgrade_resource_identity::Response;

    fn resource_type(&self) -> Option<&str> {
        Some(&self.type_name)
    }

    async fn answer<P: Provider>(
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

impl Rpc for move_resource_state::Request {
    const NAME: &'static str = "MoveResourceState";
    type Response = move_resource_state::Response;

    fn resource_type(&self) -> Option<&str> {
        Some(&self.target_type_name)
    }

    async fn answer<P: Provider>(self, server: Arc<Server<P>>) -> move_resource_state::Response {
        let Self {
            source_provider_address,
            source_type_name,
            source_schema_version,
            source_state,
            target_type_name,
            source_private: _,
            source_identity,
            source_identity_schema_version: _,
        } = self;
        let input = MoveInput {
            source: MoveSource {
                provider_address: source_provider_address,
                type_name: source_type_name,
                schema_version: source_schema_version,
            },
            state: source_state.map(raw_state_from_wire).unwrap_or_default(),
            identity: source_identity.map(raw_state_from_wire),
            target_type_name,
        };
        let reply = server.move_resource_state(&input);
        move_resource_state::Response {
            target_state: Some(value_to_wire(reply.state)),
            diagnostics: diagnostics_to_wire(reply.diagnostics),
            target_private: reply.private,
            target_identity: identity_to_wire(reply.identity),
        }
    }
}
