//! The RPCs of plugin protocol 6: decode, ask the server, encode.
//!
//! Served are those that a provider with managed resources needs. The others (data sources, ephemeral resources,
//! functions, lists, actions, state stores, identity, moves) answer `UNIMPLEMENTED` from the generated trait, which
//! tells the host that there are none.
//!
//! Must not contain: a decision about plans or state.

use std::{future::Future, sync::Arc, time::Instant};

use tonic::{Request, Response, Status};
use tracing::Instrument;

use crate::framework::{
    guard::guarded,
    provider,
    server::{ApplyInput, PlanInput, Server},
};

use super::{
    Service,
    convert::{
        diagnostic_to_wire, diagnostics_to_wire, path_to_wire, raw_state_from_wire, schema_to_wire,
        value_from_wire, value_to_wire,
    },
    logging,
    proto::tfplugin6::{
        self as wire, apply_resource_change, configure_provider, get_metadata, get_provider_schema,
        import_resource_state, plan_resource_change, provider_server, read_resource, stop_provider,
        upgrade_resource_state, validate_provider_config, validate_resource_config,
    },
};

/// A provider behind the generated trait of the protocol.
pub struct ProviderService<P: provider::Provider> {
    server: Arc<Server<P>>,
}

impl<P: provider::Provider> ProviderService<P> {
    /// The service of a provider.
    pub fn new(provider: P) -> Self {
        Self {
            server: Arc::new(Server::new(provider)),
        }
    }
}

impl<P: provider::Provider> Service for ProviderService<P> {
    fn stop(&self) {
        self.server.stop();
    }
}

const CAPABILITIES: wire::ServerCapabilities = wire::ServerCapabilities {
    // Destroying is planned, too, so that a binding under `PREVENT` is refused before anything is changed.
    plan_destroy: true,
    get_provider_schema_optional: true,
    move_resource_state: false,
    generate_resource_config: false,
};

#[tonic::async_trait]
impl<P: provider::Provider> provider_server::Provider for ProviderService<P> {
    async fn get_metadata(
        &self,
        _: Request<get_metadata::Request>,
    ) -> Result<Response<get_metadata::Response>, Status> {
        let server = Arc::clone(&self.server);
        answer(
            "GetMetadata",
            None,
            get_metadata::Response::default(),
            async move {
                let resources = server.resource_schemas();
                get_metadata::Response {
                    server_capabilities: Some(CAPABILITIES),
                    resources: resources
                        .map(|(name, _)| get_metadata::ResourceMetadata {
                            type_name: name.to_owned(),
                        })
                        .collect(),
                    ..get_metadata::Response::default()
                }
            },
        )
        .await
    }

    async fn get_provider_schema(
        &self,
        _: Request<get_provider_schema::Request>,
    ) -> Result<Response<get_provider_schema::Response>, Status> {
        let server = Arc::clone(&self.server);
        answer(
            "GetProviderSchema",
            None,
            get_provider_schema::Response::default(),
            async move {
                get_provider_schema::Response {
                    provider: Some(schema_to_wire(server.provider_schema())),
                    resource_schemas: server
                        .resource_schemas()
                        .map(|(name, schema)| (name.to_owned(), schema_to_wire(schema)))
                        .collect(),
                    server_capabilities: Some(CAPABILITIES),
                    ..get_provider_schema::Response::default()
                }
            },
        )
        .await
    }

    async fn validate_provider_config(
        &self,
        request: Request<validate_provider_config::Request>,
    ) -> Result<Response<validate_provider_config::Response>, Status> {
        let server = Arc::clone(&self.server);
        let config = value_from_wire(request.into_inner().config);
        answer(
            "ValidateProviderConfig",
            None,
            validate_provider_config::Response::default(),
            async move {
                let diagnostics = diagnostics_to_wire(server.validate_provider_config(&config));
                validate_provider_config::Response { diagnostics }
            },
        )
        .await
    }

    async fn configure_provider(
        &self,
        request: Request<configure_provider::Request>,
    ) -> Result<Response<configure_provider::Response>, Status> {
        let server = Arc::clone(&self.server);
        let request = request.into_inner();
        answer(
            "ConfigureProvider",
            None,
            configure_provider::Response::default(),
            async move {
                let config = value_from_wire(request.config);
                let diagnostics = server.configure(&config, request.terraform_version).await;
                configure_provider::Response {
                    diagnostics: diagnostics_to_wire(diagnostics),
                }
            },
        )
        .await
    }

    async fn validate_resource_config(
        &self,
        request: Request<validate_resource_config::Request>,
    ) -> Result<Response<validate_resource_config::Response>, Status> {
        let server = Arc::clone(&self.server);
        let request = request.into_inner();
        let type_name = request.type_name.clone();
        let fallback = validate_resource_config::Response::default();
        answer(
            "ValidateResourceConfig",
            Some(&type_name),
            fallback,
            async move {
                let config = value_from_wire(request.config);
                let diagnostics = server.validate_resource_config(&request.type_name, &config);
                validate_resource_config::Response {
                    diagnostics: diagnostics_to_wire(diagnostics),
                }
            },
        )
        .await
    }

    async fn upgrade_resource_state(
        &self,
        request: Request<upgrade_resource_state::Request>,
    ) -> Result<Response<upgrade_resource_state::Response>, Status> {
        let server = Arc::clone(&self.server);
        let request = request.into_inner();
        let type_name = request.type_name.clone();
        let fallback = upgrade_resource_state::Response::default();
        answer(
            "UpgradeResourceState",
            Some(&type_name),
            fallback,
            async move {
                let raw = raw_state_from_wire(request.raw_state);
                let reply = server.upgrade_resource_state(&request.type_name, &raw);
                upgrade_resource_state::Response {
                    upgraded_state: Some(value_to_wire(reply.state)),
                    diagnostics: diagnostics_to_wire(reply.diagnostics),
                }
            },
        )
        .await
    }

    async fn read_resource(
        &self,
        request: Request<read_resource::Request>,
    ) -> Result<Response<read_resource::Response>, Status> {
        let server = Arc::clone(&self.server);
        let request = request.into_inner();
        let type_name = request.type_name.clone();
        let fallback = read_resource::Response {
            new_state: request.current_state.clone(),
            private: request.private.clone(),
            ..read_resource::Response::default()
        };
        answer("ReadResource", Some(&type_name), fallback, async move {
            let stored = value_from_wire(request.current_state);
            let reply = server
                .read_resource(&request.type_name, stored, &request.private)
                .await;
            read_resource::Response {
                new_state: Some(value_to_wire(reply.state)),
                private: reply.private,
                diagnostics: diagnostics_to_wire(reply.diagnostics),
                ..read_resource::Response::default()
            }
        })
        .await
    }

    async fn plan_resource_change(
        &self,
        request: Request<plan_resource_change::Request>,
    ) -> Result<Response<plan_resource_change::Response>, Status> {
        let server = Arc::clone(&self.server);
        let request = request.into_inner();
        let type_name = request.type_name.clone();
        let fallback = plan_resource_change::Response::default();
        answer(
            "PlanResourceChange",
            Some(&type_name),
            fallback,
            async move {
                let input = PlanInput {
                    prior: value_from_wire(request.prior_state),
                    proposed: value_from_wire(request.proposed_new_state),
                    config: value_from_wire(request.config),
                    prior_private: request.prior_private,
                };
                let reply = server.plan_resource_change(&request.type_name, &input);
                plan_resource_change::Response {
                    planned_state: Some(value_to_wire(reply.planned)),
                    requires_replace: reply.requires_replace.iter().map(path_to_wire).collect(),
                    planned_private: reply.private,
                    diagnostics: diagnostics_to_wire(reply.diagnostics),
                    ..plan_resource_change::Response::default()
                }
            },
        )
        .await
    }

    async fn apply_resource_change(
        &self,
        request: Request<apply_resource_change::Request>,
    ) -> Result<Response<apply_resource_change::Response>, Status> {
        let server = Arc::clone(&self.server);
        let request = request.into_inner();
        let type_name = request.type_name.clone();
        let fallback = apply_resource_change::Response {
            new_state: request.prior_state.clone(),
            ..apply_resource_change::Response::default()
        };
        answer(
            "ApplyResourceChange",
            Some(&type_name),
            fallback,
            async move {
                let input = ApplyInput {
                    prior: value_from_wire(request.prior_state),
                    planned: value_from_wire(request.planned_state),
                    config: value_from_wire(request.config),
                };
                let reply = server
                    .apply_resource_change(&request.type_name, &input)
                    .await;
                apply_resource_change::Response {
                    new_state: Some(value_to_wire(reply.state)),
                    private: reply.private,
                    diagnostics: diagnostics_to_wire(reply.diagnostics),
                    ..apply_resource_change::Response::default()
                }
            },
        )
        .await
    }

    async fn import_resource_state(
        &self,
        request: Request<import_resource_state::Request>,
    ) -> Result<Response<import_resource_state::Response>, Status> {
        let server = Arc::clone(&self.server);
        let request = request.into_inner();
        let type_name = request.type_name.clone();
        let fallback = import_resource_state::Response::default();
        answer(
            "ImportResourceState",
            Some(&type_name),
            fallback,
            async move {
                let reply = server.import_resource_state(&request.type_name, request.id);
                let imported = (!reply.diagnostics.has_errors()).then(|| {
                    import_resource_state::ImportedResource {
                        type_name: request.type_name,
                        state: Some(value_to_wire(reply.state)),
                        private: reply.private,
                        ..import_resource_state::ImportedResource::default()
                    }
                });
                import_resource_state::Response {
                    imported_resources: imported.into_iter().collect(),
                    diagnostics: diagnostics_to_wire(reply.diagnostics),
                    ..import_resource_state::Response::default()
                }
            },
        )
        .await
    }

    async fn stop_provider(
        &self,
        _: Request<stop_provider::Request>,
    ) -> Result<Response<stop_provider::Response>, Status> {
        let server = Arc::clone(&self.server);
        answer(
            "StopProvider",
            None,
            stop_provider::Response::default(),
            async move {
                server.stop();
                stop_provider::Response::default()
            },
        )
        .await
    }
}

/// Does the work of one RPC, logged within a span of its own. A panic that nothing caught further inside ends this work
/// alone; the caller gets `fallback`, which holds the state as it was, with an error diagnostic.
async fn answer<T: Answer>(
    rpc: &'static str,
    resource_type: Option<&str>,
    fallback: T,
    work: impl Future<Output = T> + Send,
) -> Result<Response<T>, Status> {
    let served = async {
        let begin = Instant::now();
        logging::rpc_received();
        let answer = guarded(rpc, work).await.unwrap_or_else(|defect| {
            let mut fallback = fallback;
            fallback.add(diagnostic_to_wire(defect));
            fallback
        });
        let count = |severity: wire::diagnostic::Severity| {
            let diagnostics = answer.diagnostics().iter();
            diagnostics
                .filter(|diagnostic| diagnostic.severity() == severity)
                .count()
        };
        logging::rpc_served(
            begin.elapsed(),
            count(wire::diagnostic::Severity::Error),
            count(wire::diagnostic::Severity::Warning),
        );
        answer
    };
    Ok(Response::new(
        served
            .instrument(logging::rpc_span(rpc, resource_type))
            .await,
    ))
}

/// An answer with a place for diagnostics.
trait Answer: Send + 'static {
    fn diagnostics(&self) -> &[wire::Diagnostic];
    fn add(&mut self, diagnostic: wire::Diagnostic);
}

macro_rules! answers {
    ($($rpc:ident),*) => {$(
        impl Answer for $rpc::Response {
            fn diagnostics(&self) -> &[wire::Diagnostic] {
                &self.diagnostics
            }

            fn add(&mut self, diagnostic: wire::Diagnostic) {
                self.diagnostics.push(diagnostic);
            }
        }
    )*};
}

answers!(
    apply_resource_change,
    configure_provider,
    get_metadata,
    get_provider_schema,
    import_resource_state,
    plan_resource_change,
    read_resource,
    upgrade_resource_state,
    validate_provider_config,
    validate_resource_config
);

/// Has an error text of its own instead of diagnostics.
impl Answer for stop_provider::Response {
    fn diagnostics(&self) -> &[wire::Diagnostic] {
        &[]
    }

    fn add(&mut self, diagnostic: wire::Diagnostic) {
        self.error = diagnostic.detail;
    }
}
