//! The life of a resource: validate, import, read, plan, apply.
//!
//! Must not contain: a decision about plans or state.

use std::sync::Arc;

use framework::{
    provider::Provider,
    server::{ApplyInput, ImportInput, PlanInput, ReadInput, Server},
};

use super::{
    super::{
        convert::{
            capabilities_from_wire, deferred_to_wire, diagnostics_to_wire, identity_from_wire,
            identity_to_wire, path_to_wire, value_from_wire, value_to_wire,
        },
        proto::tfplugin6::{
            apply_resource_change, import_resource_state, plan_resource_change, read_resource,
            validate_resource_config,
        },
    },
    Rpc,
};

impl Rpc for validate_resource_config::Request {
    const NAME: &'static str = "ValidateResourceConfig";
    type Response = validate_resource_config::Response;

    fn resource_type(&self) -> Option<&str> {
        Some(&self.type_name)
    }

    async fn answer<P: Provider>(
        self,
        server: Arc<Server<P>>,
    ) -> validate_resource_config::Response {
        let Self {
            type_name,
            config,
            client_capabilities,
        } = self;
        let diagnostics = server.validate_resource_config(
            &type_name,
            &value_from_wire(config),
            capabilities_from_wire(client_capabilities),
        );
        validate_resource_config::Response {
            diagnostics: diagnostics_to_wire(diagnostics),
        }
    }
}

impl Rpc for import_resource_state::Request {
    const NAME: &'static str = "ImportResourceState";
    type Response = import_resource_state::Response;

    fn resource_type(&self) -> Option<&str> {
        Some(&self.type_name)
    }

    async fn answer<P: Provider>(self, server: Arc<Server<P>>) -> import_resource_state::Response {
        let Self {
            type_name,
            id,
            client_capabilities,
            identity,
        } = self;
        let input = ImportInput {
            id,
            identity: identity_from_wire(identity),
            client: capabilities_from_wire(client_capabilities),
        };
        let reply = server.import_resource_state(&type_name, &input);
        // An import that waits has no object to show, and Terraform makes up a placeholder.
        let is_imported = !reply.diagnostics.has_errors() && reply.deferred.is_none();
        let imported = is_imported.then(|| import_resource_state::ImportedResource {
            type_name,
            state: Some(value_to_wire(reply.state)),
            private: reply.private,
            identity: identity_to_wire(reply.identity),
        });
        import_resource_state::Response {
            imported_resources: imported.into_iter().collect(),
            diagnostics: diagnostics_to_wire(reply.diagnostics),
            deferred: reply.deferred.map(deferred_to_wire),
        }
    }
}

impl Rpc for read_resource::Request {
    const NAME: &'static str = "ReadResource";
    type Response = read_resource::Response;

    fn resource_type(&self) -> Option<&str> {
        Some(&self.type_name)
    }

    fn fallback(&self) -> read_resource::Response {
        read_resource::Response {
            new_state: self.current_state.clone(),
            diagnostics: Vec::new(),
            private: self.private.clone(),
            deferred: None,
            new_identity: self.current_identity.clone(),
        }
    }

    async fn answer<P: Provider>(self, server: Arc<Server<P>>) -> read_resource::Response {
        let Self {
            type_name,
            current_state,
            private,
            provider_meta: _,
            client_capabilities,
            current_identity,
        } = self;
        let input = ReadInput {
            stored: value_from_wire(current_state),
            identity: identity_from_wire(current_identity),
            private,
            client: capabilities_from_wire(client_capabilities),
        };
        let reply = server.read_resource(&type_name, input).await;
        read_resource::Response {
            new_state: Some(value_to_wire(reply.state)),
            diagnostics: diagnostics_to_wire(reply.diagnostics),
            private: reply.private,
            deferred: reply.deferred.map(deferred_to_wire),
            new_identity: identity_to_wire(reply.identity),
        }
    }
}

impl Rpc for plan_resource_change::Request {
    const NAME: &'static str = "PlanResourceChange";
    type Response = plan_resource_change::Response;

    fn resource_type(&self) -> Option<&str> {
        Some(&self.type_name)
    }

    async fn answer<P: Provider>(self, server: Arc<Server<P>>) -> plan_resource_change::Response {
        let Self {
            type_name,
            prior_state,
            proposed_new_state,
            config,
            prior_private,
            provider_meta: _,
            client_capabilities,
            prior_identity,
            planned_private: _,
        } = self;
        let input = PlanInput {
            prior: value_from_wire(prior_state),
            proposed: value_from_wire(proposed_new_state),
            config: value_from_wire(config),
            prior_private,
            prior_identity: identity_from_wire(prior_identity),
            client: capabilities_from_wire(client_capabilities),
        };
        let reply = server.plan_resource_change(&type_name, &input);
        plan_resource_change::Response {
            planned_state: Some(value_to_wire(reply.planned)),
            requires_replace: reply.requires_replace.iter().map(path_to_wire).collect(),
            planned_private: reply.private,
            diagnostics: diagnostics_to_wire(reply.diagnostics),
            legacy_type_system: false,
            deferred: reply.deferred.map(deferred_to_wire),
            planned_identity: identity_to_wire(reply.identity),
        }
    }
}

impl Rpc for apply_resource_change::Request {
    const NAME: &'static str = "ApplyResourceChange";
    type Response = apply_resource_change::Response;

    fn resource_type(&self) -> Option<&str> {
        Some(&self.type_name)
    }

    fn fallback(&self) -> apply_resource_change::Response {
        apply_resource_change::Response {
            new_state: self.prior_state.clone(),
            private: Vec::new(),
            diagnostics: Vec::new(),
            legacy_type_system: false,
            new_identity: None,
        }
    }

    async fn answer<P: Provider>(self, server: Arc<Server<P>>) -> apply_resource_change::Response {
        let Self {
            type_name,
            prior_state,
            planned_state,
            config,
            planned_private,
            provider_meta: _,
            planned_identity,
        } = self;
        let input = ApplyInput {
            prior: value_from_wire(prior_state),
            planned: value_from_wire(planned_state),
            config: value_from_wire(config),
            planned_private,
            planned_identity: identity_from_wire(planned_identity),
        };
        let reply = server.apply_resource_change(&type_name, &input).await;
        apply_resource_change::Response {
            new_state: Some(value_to_wire(reply.state)),
            private: reply.private,
            diagnostics: diagnostics_to_wire(reply.diagnostics),
            legacy_type_system: false,
            new_identity: identity_to_wire(reply.identity),
        }
    }
}
