//! The RPCs of plugin protocol 6: decode, call the framework's server, encode. One file for each, by its name.
//!
//! Ephemeral resources and state stores are not served: the generated trait returns UNIMPLEMENTED for them.

mod apply_resource_change;
mod call_function;
mod configure_provider;
mod generate_resource_config;
mod get_functions;
mod get_metadata;
mod get_provider_schema;
mod get_resource_identity_schemas;
mod import_resource_state;
mod invoke_action;
mod list_resource;
mod move_resource_state;
mod plan_action;
mod plan_resource_change;
mod read_data_source;
mod read_resource;
mod stop_provider;
mod stream;
mod upgrade_resource_identity;
mod upgrade_resource_state;
mod validate_action_config;
mod validate_data_resource_config;
mod validate_list_resource_config;
mod validate_provider_config;
mod validate_resource_config;

use std::{borrow::Cow, future::Future, sync::Arc, time::Instant};

use tonic::{Request, Response, Status, codegen::BoxStream};
use tracing::Instrument;

use framework::{
    Provider,
    server::{Operation, Server, catch_panic},
};

use self::stream::{EventSender, EventStream};
use super::{
    Service,
    convert::diagnostic_to_wire,
    lifecycle::InFlight,
    logging::{self, Subject},
    proto::tfplugin6::{self as wire, diagnostic::Severity, provider_server},
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
        let span = logging::rpc_span(R::NAME, request.subject());
        let mut fallback = request.fallback();
        let work = request.handle(Arc::clone(&self.server));
        let served = async {
            let begin = Instant::now();
            logging::rpc_received();
            let response = catch_panic(Operation::Rpc(R::NAME), work)
                .await
                .unwrap_or_else(|defect| {
                    fallback.push_diagnostic(diagnostic_to_wire(defect));
                    fallback
                });
            let mut counts = Counts::default();
            counts.log(&response.diagnostics());
            logging::rpc_served(begin.elapsed(), counts.errors, counts.warnings);
            response
        };
        Ok(Response::new(served.instrument(span).await))
    }

    /// Serves one RPC with a stream of events, logged within a span of its own. After a panic that nothing caught further
    /// inside, the last event has an error diagnostic.
    fn stream<R: StreamingRpc>(
        &self,
        request: Request<R>,
    ) -> Result<Response<BoxStream<R::Event>>, Status> {
        // The process stays while this is held.
        let in_flight = request.extensions().get::<InFlight>().cloned();
        let request = request.into_inner();
        let span = logging::rpc_span(R::NAME, request.subject());
        let server = Arc::clone(&self.server);
        let (mut events, receiver) = EventSender::channel();
        let work = async move {
            let begin = Instant::now();
            logging::rpc_received();
            if let Err(defect) =
                catch_panic(Operation::Rpc(R::NAME), request.handle(server, &mut events)).await
            {
                let mut event = R::Event::default();
                event.push_diagnostic(diagnostic_to_wire(defect));
                // The last event: whether somebody reads it changes nothing.
                let _ = events.send_event(event).await;
            }
            let Counts { errors, warnings } = events.counts;
            logging::rpc_served(begin.elapsed(), errors, warnings);
            drop(in_flight);
        };
        let work = work.instrument(span);
        let stream = if R::RUNS_TO_COMPLETION {
            tokio::spawn(work);
            let server = Arc::clone(&self.server);
            EventStream::of_task(receiver, move || server.stop())
        } else {
            EventStream::driving(receiver, work)
        };
        Ok(Response::new(Box::pin(stream)))
    }
}

impl<P: Provider> Service for ProviderService<P> {
    fn stop(&self) {
        self.server.stop();
    }

    fn shared_by_provider_blocks(&self) {
        self.server.keep_configuration();
    }
}

/// An RPC with one response, by its request.
trait Rpc: Sized + Send + 'static {
    /// As the proto calls it.
    const NAME: &'static str;

    type Response: WithDiagnostics;

    /// The type that it concerns.
    fn subject(&self) -> Subject<'_> {
        Subject::Provider
    }

    /// The response when the work panics: whatever must not be taken for erased goes back as it came.
    fn fallback(&self) -> Self::Response {
        Self::Response::default()
    }

    fn handle<P: Provider>(
        self,
        server: Arc<Server<P>>,
    ) -> impl Future<Output = Self::Response> + Send;
}

/// An RPC with a stream of events, by its request.
trait StreamingRpc: Sized + Send + 'static {
    /// As the proto calls it.
    const NAME: &'static str;

    /// Whether the work continues when the caller goes away. Its waits end early then.
    const RUNS_TO_COMPLETION: bool;

    type Event: WithDiagnostics;

    /// The type that it concerns.
    fn subject(&self) -> Subject<'_>;

    fn handle<P: Provider>(
        self,
        server: Arc<Server<P>>,
        events: &mut EventSender<Self::Event>,
    ) -> impl Future<Output = ()> + Send;
}

/// A response or an event with a place for diagnostics.
trait WithDiagnostics: Default + Send + Unpin + 'static {
    fn diagnostics(&self) -> Cow<'_, [wire::Diagnostic]>;
    fn push_diagnostic(&mut self, diagnostic: wire::Diagnostic);
}

/// How many diagnostics of each severity an RPC has sent.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    errors: usize,
    warnings: usize,
}

impl Counts {
    /// Writes diagnostics to the log and counts them.
    fn log(&mut self, diagnostics: &[wire::Diagnostic]) {
        for diagnostic in diagnostics {
            logging::diagnostic(diagnostic);
            match diagnostic.severity() {
                Severity::Error => self.errors += 1,
                Severity::Warning => self.warnings += 1,
                Severity::Invalid => {}
            }
        }
    }
}

macro_rules! with_diagnostics {
    ($($rpc:ident),* $(,)?) => {$(
        impl WithDiagnostics for wire::$rpc::Response {
            fn diagnostics(&self) -> Cow<'_, [wire::Diagnostic]> {
                Cow::Borrowed(&self.diagnostics)
            }

            fn push_diagnostic(&mut self, diagnostic: wire::Diagnostic) {
                self.diagnostics.push(diagnostic);
            }
        }
    )*};
}

with_diagnostics!(
    apply_resource_change,
    configure_provider,
    generate_resource_config,
    get_functions,
    get_metadata,
    get_provider_schema,
    get_resource_identity_schemas,
    import_resource_state,
    move_resource_state,
    plan_action,
    plan_resource_change,
    read_data_source,
    read_resource,
    upgrade_resource_identity,
    upgrade_resource_state,
    validate_action_config,
    validate_data_resource_config,
    validate_list_resource_config,
    validate_provider_config,
    validate_resource_config,
);

#[tonic::async_trait]
impl<P: Provider> provider_server::Provider for ProviderService<P> {
    async fn apply_resource_change(
        &self,
        request: Request<wire::apply_resource_change::Request>,
    ) -> Result<Response<wire::apply_resource_change::Response>, Status> {
        self.serve(request).await
    }

    async fn call_function(
        &self,
        request: Request<wire::call_function::Request>,
    ) -> Result<Response<wire::call_function::Response>, Status> {
        self.serve(request).await
    }

    async fn configure_provider(
        &self,
        request: Request<wire::configure_provider::Request>,
    ) -> Result<Response<wire::configure_provider::Response>, Status> {
        self.serve(request).await
    }

    async fn generate_resource_config(
        &self,
        request: Request<wire::generate_resource_config::Request>,
    ) -> Result<Response<wire::generate_resource_config::Response>, Status> {
        self.serve(request).await
    }

    async fn get_functions(
        &self,
        request: Request<wire::get_functions::Request>,
    ) -> Result<Response<wire::get_functions::Response>, Status> {
        self.serve(request).await
    }

    async fn get_metadata(
        &self,
        request: Request<wire::get_metadata::Request>,
    ) -> Result<Response<wire::get_metadata::Response>, Status> {
        self.serve(request).await
    }

    async fn get_provider_schema(
        &self,
        request: Request<wire::get_provider_schema::Request>,
    ) -> Result<Response<wire::get_provider_schema::Response>, Status> {
        self.serve(request).await
    }

    async fn get_resource_identity_schemas(
        &self,
        request: Request<wire::get_resource_identity_schemas::Request>,
    ) -> Result<Response<wire::get_resource_identity_schemas::Response>, Status> {
        self.serve(request).await
    }

    async fn import_resource_state(
        &self,
        request: Request<wire::import_resource_state::Request>,
    ) -> Result<Response<wire::import_resource_state::Response>, Status> {
        self.serve(request).await
    }

    async fn invoke_action(
        &self,
        request: Request<wire::invoke_action::Request>,
    ) -> Result<Response<BoxStream<wire::invoke_action::Event>>, Status> {
        self.stream(request)
    }

    async fn list_resource(
        &self,
        request: Request<wire::list_resource::Request>,
    ) -> Result<Response<BoxStream<wire::list_resource::Event>>, Status> {
        self.stream(request)
    }

    async fn move_resource_state(
        &self,
        request: Request<wire::move_resource_state::Request>,
    ) -> Result<Response<wire::move_resource_state::Response>, Status> {
        self.serve(request).await
    }

    async fn plan_action(
        &self,
        request: Request<wire::plan_action::Request>,
    ) -> Result<Response<wire::plan_action::Response>, Status> {
        self.serve(request).await
    }

    async fn plan_resource_change(
        &self,
        request: Request<wire::plan_resource_change::Request>,
    ) -> Result<Response<wire::plan_resource_change::Response>, Status> {
        self.serve(request).await
    }

    async fn read_data_source(
        &self,
        request: Request<wire::read_data_source::Request>,
    ) -> Result<Response<wire::read_data_source::Response>, Status> {
        self.serve(request).await
    }

    async fn read_resource(
        &self,
        request: Request<wire::read_resource::Request>,
    ) -> Result<Response<wire::read_resource::Response>, Status> {
        self.serve(request).await
    }

    async fn stop_provider(
        &self,
        request: Request<wire::stop_provider::Request>,
    ) -> Result<Response<wire::stop_provider::Response>, Status> {
        self.serve(request).await
    }

    async fn upgrade_resource_identity(
        &self,
        request: Request<wire::upgrade_resource_identity::Request>,
    ) -> Result<Response<wire::upgrade_resource_identity::Response>, Status> {
        self.serve(request).await
    }

    async fn upgrade_resource_state(
        &self,
        request: Request<wire::upgrade_resource_state::Request>,
    ) -> Result<Response<wire::upgrade_resource_state::Response>, Status> {
        self.serve(request).await
    }

    async fn validate_action_config(
        &self,
        request: Request<wire::validate_action_config::Request>,
    ) -> Result<Response<wire::validate_action_config::Response>, Status> {
        self.serve(request).await
    }

    async fn validate_data_resource_config(
        &self,
        request: Request<wire::validate_data_resource_config::Request>,
    ) -> Result<Response<wire::validate_data_resource_config::Response>, Status> {
        self.serve(request).await
    }

    async fn validate_list_resource_config(
        &self,
        request: Request<wire::validate_list_resource_config::Request>,
    ) -> Result<Response<wire::validate_list_resource_config::Response>, Status> {
        self.serve(request).await
    }

    async fn validate_provider_config(
        &self,
        request: Request<wire::validate_provider_config::Request>,
    ) -> Result<Response<wire::validate_provider_config::Response>, Status> {
        self.serve(request).await
    }

    async fn validate_resource_config(
        &self,
        request: Request<wire::validate_resource_config::Request>,
    ) -> Result<Response<wire::validate_resource_config::Response>, Status> {
        self.serve(request).await
    }
}
