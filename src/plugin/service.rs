//! The RPCs of plugin protocol 6: decode, ask the server, encode.
//!
//! All 36 methods stand in one list, each answered on purpose: served, by an [`Rpc`] in the file of its subject, or
//! refused with a sentence. `coverage.rs` tests the list, and every field of every message behind it, against a table.
//!
//! Must not contain: a decision about plans or state.

mod describe;
mod provider;
mod resource;
mod stored;

use std::{future::Future, sync::Arc, time::Instant};

use tonic::{Request, Response, Status, Streaming, codegen::BoxStream};
use tracing::Instrument;

use framework::{guard::guarded, provider::Provider, server::Server};

use super::{
    Service,
    convert::diagnostic_to_wire,
    logging,
    proto::tfplugin6::{
        self as wire, apply_resource_change, call_function, close_ephemeral_resource,
        configure_provider, configure_state_store, delete_state, generate_resource_config,
        get_functions, get_metadata, get_provider_schema, get_resource_identity_schemas,
        get_states, import_resource_state, invoke_action, list_resource, lock_state,
        move_resource_state, open_ephemeral_resource, plan_action, plan_resource_change,
        provider_server, read_data_source, read_resource, read_state_bytes,
        renew_ephemeral_resource, stop_provider, unlock_state, upgrade_resource_identity,
        upgrade_resource_state, validate_action_config, validate_data_resource_config,
        validate_ephemeral_resource_config, validate_list_resource_config,
        validate_provider_config, validate_resource_config, validate_state_store,
        write_state_bytes,
    },
};

/// A provider behind the generated trait of the protocol.
pub struct ProviderService<P: Provider> {
    server: Arc<Server<P>>,
}

impl<P: Provider> ProviderService<P> {
    /// The service of a provider.
    pub fn new(provider: P) -> Self {
        Self {
            server: Arc::new(Server::new(provider)),
        }
    }

    /// Serves one RPC, logged within a span of its own. A panic that nothing caught further inside ends this work alone;
    /// the caller gets the fallback, which holds the state as it was, with an error diagnostic.
    async fn serve<R: Rpc>(&self, request: Request<R>) -> Result<Response<R::Response>, Status> {
        let request = request.into_inner();
        let span = logging::rpc_span(R::NAME, request.resource_type());
        let mut fallback = request.fallback();
        let work = request.answer(Arc::clone(&self.server));
        let served = async {
            let begin = Instant::now();
            logging::rpc_received();
            let answer = guarded(R::NAME, work).await.unwrap_or_else(|defect| {
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
        Ok(Response::new(served.instrument(span).await))
    }
}

impl<P: Provider> Service for ProviderService<P> {
    fn stop(&self) {
        self.server.stop();
    }
}

/// One RPC that is served, by its request.
trait Rpc: Sized + Send + 'static {
    /// As the proto calls it.
    const NAME: &'static str;

    type Response: Answer;

    /// The resource type that it concerns, if any.
    fn resource_type(&self) -> Option<&str> {
        None
    }

    /// The answer when the work panics: whatever must not be taken for erased goes back as it came.
    fn fallback(&self) -> Self::Response {
        Self::Response::default()
    }

    fn answer<P: Provider>(
        self,
        server: Arc<Server<P>>,
    ) -> impl Future<Output = Self::Response> + Send;
}

/// An answer with a place for diagnostics.
trait Answer: Default + Send + 'static {
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
    get_functions,
    get_metadata,
    get_provider_schema,
    get_resource_identity_schemas,
    import_resource_state,
    move_resource_state,
    plan_resource_change,
    read_resource,
    upgrade_resource_identity,
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

/// UNIMPLEMENTED, which tells a host that there is no such thing here, and a reader of its logs why.
fn refused<T>(why: &str) -> Result<Response<T>, Status> {
    Err(Status::unimplemented(why))
}

const NO_DATA_SOURCES: &str = "this provider has no data sources";
const NO_EPHEMERAL_RESOURCES: &str = "this provider has no ephemeral resources";
const NO_LIST_RESOURCES: &str = "this provider has no list resources";
const NO_FUNCTIONS: &str = "this provider has no functions";
const NO_STATE_STORES: &str = "this provider has no state stores";
const NO_ACTIONS: &str = "this provider has no actions";
const NO_GENERATED_CONFIG: &str = "this provider leaves it to the CLI to write the configuration of an imported resource, from its schema and \
     state, and announces no generate_resource_config";

#[tonic::async_trait]
impl<P: Provider> provider_server::Provider for ProviderService<P> {
    async fn get_metadata(
        &self,
        request: Request<get_metadata::Request>,
    ) -> Result<Response<get_metadata::Response>, Status> {
        self.serve(request).await
    }

    async fn get_provider_schema(
        &self,
        request: Request<get_provider_schema::Request>,
    ) -> Result<Response<get_provider_schema::Response>, Status> {
        self.serve(request).await
    }

    async fn validate_provider_config(
        &self,
        request: Request<validate_provider_config::Request>,
    ) -> Result<Response<validate_provider_config::Response>, Status> {
        self.serve(request).await
    }

    async fn validate_resource_config(
        &self,
        request: Request<validate_resource_config::Request>,
    ) -> Result<Response<validate_resource_config::Response>, Status> {
        self.serve(request).await
    }

    async fn upgrade_resource_state(
        &self,
        request: Request<upgrade_resource_state::Request>,
    ) -> Result<Response<upgrade_resource_state::Response>, Status> {
        self.serve(request).await
    }

    async fn get_resource_identity_schemas(
        &self,
        request: Request<get_resource_identity_schemas::Request>,
    ) -> Result<Response<get_resource_identity_schemas::Response>, Status> {
        self.serve(request).await
    }

    async fn upgrade_resource_identity(
        &self,
        request: Request<upgrade_resource_identity::Request>,
    ) -> Result<Response<upgrade_resource_identity::Response>, Status> {
        self.serve(request).await
    }

    async fn configure_provider(
        &self,
        request: Request<configure_provider::Request>,
    ) -> Result<Response<configure_provider::Response>, Status> {
        self.serve(request).await
    }

    async fn read_resource(
        &self,
        request: Request<read_resource::Request>,
    ) -> Result<Response<read_resource::Response>, Status> {
        self.serve(request).await
    }

    async fn plan_resource_change(
        &self,
        request: Request<plan_resource_change::Request>,
    ) -> Result<Response<plan_resource_change::Response>, Status> {
        self.serve(request).await
    }

    async fn apply_resource_change(
        &self,
        request: Request<apply_resource_change::Request>,
    ) -> Result<Response<apply_resource_change::Response>, Status> {
        self.serve(request).await
    }

    async fn import_resource_state(
        &self,
        request: Request<import_resource_state::Request>,
    ) -> Result<Response<import_resource_state::Response>, Status> {
        self.serve(request).await
    }

    async fn move_resource_state(
        &self,
        request: Request<move_resource_state::Request>,
    ) -> Result<Response<move_resource_state::Response>, Status> {
        self.serve(request).await
    }

    async fn get_functions(
        &self,
        request: Request<get_functions::Request>,
    ) -> Result<Response<get_functions::Response>, Status> {
        self.serve(request).await
    }

    async fn stop_provider(
        &self,
        request: Request<stop_provider::Request>,
    ) -> Result<Response<stop_provider::Response>, Status> {
        self.serve(request).await
    }

    async fn generate_resource_config(
        &self,
        _: Request<generate_resource_config::Request>,
    ) -> Result<Response<generate_resource_config::Response>, Status> {
        refused(NO_GENERATED_CONFIG)
    }

    async fn validate_data_resource_config(
        &self,
        _: Request<validate_data_resource_config::Request>,
    ) -> Result<Response<validate_data_resource_config::Response>, Status> {
        refused(NO_DATA_SOURCES)
    }

    async fn read_data_source(
        &self,
        _: Request<read_data_source::Request>,
    ) -> Result<Response<read_data_source::Response>, Status> {
        refused(NO_DATA_SOURCES)
    }

    async fn validate_ephemeral_resource_config(
        &self,
        _: Request<validate_ephemeral_resource_config::Request>,
    ) -> Result<Response<validate_ephemeral_resource_config::Response>, Status> {
        refused(NO_EPHEMERAL_RESOURCES)
    }

    async fn open_ephemeral_resource(
        &self,
        _: Request<open_ephemeral_resource::Request>,
    ) -> Result<Response<open_ephemeral_resource::Response>, Status> {
        refused(NO_EPHEMERAL_RESOURCES)
    }

    async fn renew_ephemeral_resource(
        &self,
        _: Request<renew_ephemeral_resource::Request>,
    ) -> Result<Response<renew_ephemeral_resource::Response>, Status> {
        refused(NO_EPHEMERAL_RESOURCES)
    }

    async fn close_ephemeral_resource(
        &self,
        _: Request<close_ephemeral_resource::Request>,
    ) -> Result<Response<close_ephemeral_resource::Response>, Status> {
        refused(NO_EPHEMERAL_RESOURCES)
    }

    async fn list_resource(
        &self,
        _: Request<list_resource::Request>,
    ) -> Result<Response<BoxStream<list_resource::Event>>, Status> {
        refused(NO_LIST_RESOURCES)
    }

    async fn validate_list_resource_config(
        &self,
        _: Request<validate_list_resource_config::Request>,
    ) -> Result<Response<validate_list_resource_config::Response>, Status> {
        refused(NO_LIST_RESOURCES)
    }

    async fn call_function(
        &self,
        _: Request<call_function::Request>,
    ) -> Result<Response<call_function::Response>, Status> {
        refused(NO_FUNCTIONS)
    }

    async fn validate_state_store_config(
        &self,
        _: Request<validate_state_store::Request>,
    ) -> Result<Response<validate_state_store::Response>, Status> {
        refused(NO_STATE_STORES)
    }

    async fn configure_state_store(
        &self,
        _: Request<configure_state_store::Request>,
    ) -> Result<Response<configure_state_store::Response>, Status> {
        refused(NO_STATE_STORES)
    }

    async fn read_state_bytes(
        &self,
        _: Request<read_state_bytes::Request>,
    ) -> Result<Response<BoxStream<read_state_bytes::Response>>, Status> {
        refused(NO_STATE_STORES)
    }

    async fn write_state_bytes(
        &self,
        _: Request<Streaming<write_state_bytes::RequestChunk>>,
    ) -> Result<Response<write_state_bytes::Response>, Status> {
        refused(NO_STATE_STORES)
    }

    async fn lock_state(
        &self,
        _: Request<lock_state::Request>,
    ) -> Result<Response<lock_state::Response>, Status> {
        refused(NO_STATE_STORES)
    }

    async fn unlock_state(
        &self,
        _: Request<unlock_state::Request>,
    ) -> Result<Response<unlock_state::Response>, Status> {
        refused(NO_STATE_STORES)
    }

    async fn get_states(
        &self,
        _: Request<get_states::Request>,
    ) -> Result<Response<get_states::Response>, Status> {
        refused(NO_STATE_STORES)
    }

    async fn delete_state(
        &self,
        _: Request<delete_state::Request>,
    ) -> Result<Response<delete_state::Response>, Status> {
        refused(NO_STATE_STORES)
    }

    async fn plan_action(
        &self,
        _: Request<plan_action::Request>,
    ) -> Result<Response<plan_action::Response>, Status> {
        refused(NO_ACTIONS)
    }

    async fn invoke_action(
        &self,
        _: Request<invoke_action::Request>,
    ) -> Result<Response<BoxStream<invoke_action::Event>>, Status> {
        refused(NO_ACTIONS)
    }

    async fn validate_action_config(
        &self,
        _: Request<validate_action_config::Request>,
    ) -> Result<Response<validate_action_config::Response>, Status> {
        refused(NO_ACTIONS)
    }
}
