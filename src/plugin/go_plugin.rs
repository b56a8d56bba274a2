//! The services that a go-plugin host expects beside the provider: health, controller, stdio, broker.
//!
//! Must not contain: anything of Terraform's, the decision how the process ends.
//!
//! A provider sends nothing on stdio and the broker. Their streams stay open and silent until the process ends. The open
//! streams also keep the host's channel from going idle.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming, async_trait, codegen::BoxStream};

use super::{
    lifecycle::Life,
    proto::{
        grpc_health_v1::{
            HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse,
            health_check_response::ServingStatus, health_server::Health,
        },
        plugin::{
            ConnInfo, Empty, StdioData, grpc_broker_server::GrpcBroker,
            grpc_controller_server::GrpcController, grpc_stdio_server::GrpcStdio,
        },
    },
};

/// All four services; they share nothing but the life of the process.
#[derive(Clone)]
pub(super) struct GoPlugin {
    life: Arc<Life>,
}

impl GoPlugin {
    pub(super) const fn new(life: Arc<Life>) -> Self {
        Self { life }
    }

    fn silent<T>(&self) -> Silent<T> {
        let life = Arc::clone(&self.life);
        Silent {
            ended: Box::pin(async move { life.ended().await }),
            item: std::marker::PhantomData,
        }
    }
}

#[async_trait]
impl GrpcController for GoPlugin {
    /// The host asks the process to end. It ignores the response and waits for the end of the process.
    async fn shutdown(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        self.life.shut_down();
        Ok(Response::new(Empty {}))
    }
}

#[async_trait]
impl GrpcStdio for GoPlugin {
    async fn stream_stdio(&self, _: Request<()>) -> Result<Response<BoxStream<StdioData>>, Status> {
        Ok(Response::new(Box::pin(self.silent())))
    }
}

#[async_trait]
impl GrpcBroker for GoPlugin {
    /// Ends with the host's half of the stream. The messages of the host would open side channels, which a provider does not have.
    async fn start_stream(
        &self,
        request: Request<Streaming<ConnInfo>>,
    ) -> Result<Response<BoxStream<ConnInfo>>, Status> {
        let offers = request.into_inner();
        Ok(Response::new(Box::pin(OffersIgnored {
            offers,
            silent: self.silent(),
        })))
    }
}

/// The names that go-plugin servers report: the whole server, and the plugin in it.
const SERVICES: [&str; 2] = ["", "plugin"];

#[async_trait]
impl Health for GoPlugin {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        match status_of(&request.get_ref().service) {
            ServingStatus::Serving => Ok(Response::new(health(ServingStatus::Serving))),
            _ => Err(Status::not_found("no such service; ask for \"plugin\"")),
        }
    }

    async fn list(
        &self,
        _: Request<HealthListRequest>,
    ) -> Result<Response<HealthListResponse>, Status> {
        let statuses: HashMap<_, _> = SERVICES
            .iter()
            .map(|service| ((*service).to_owned(), health(status_of(service))))
            .collect();
        Ok(Response::new(HealthListResponse { statuses }))
    }

    /// The status now, and then nothing, because it never changes. An unknown service is no error here.
    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<BoxStream<HealthCheckResponse>>, Status> {
        let now = health(status_of(&request.get_ref().service));
        Ok(Response::new(Box::pin(
            tokio_stream::once(Ok(now)).chain(self.silent()),
        )))
    }
}

fn status_of(service: &str) -> ServingStatus {
    if SERVICES.contains(&service) {
        ServingStatus::Serving
    } else {
        ServingStatus::ServiceUnknown
    }
}

fn health(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

/// A stream without items, which ends when the process begins to end.
struct Silent<T> {
    ended: Pin<Box<dyn Future<Output = ()> + Send>>,
    item: std::marker::PhantomData<fn() -> T>,
}

impl<T> Stream for Silent<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        ready!(self.ended.as_mut().poll(cx));
        Poll::Ready(None)
    }
}

/// A silent stream that also ends with the caller's half.
struct OffersIgnored {
    offers: Streaming<ConnInfo>,
    silent: Silent<ConnInfo>,
}

impl Stream for OffersIgnored {
    type Item = Result<ConnInfo, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while let Poll::Ready(offer) = Pin::new(&mut self.offers).poll_next(cx) {
            if !matches!(offer, Some(Ok(_))) {
                return Poll::Ready(None);
            }
        }
        Pin::new(&mut self.silent).poll_next(cx)
    }
}
