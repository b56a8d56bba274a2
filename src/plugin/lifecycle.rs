//! What keeps this process alive and what ends it: calls in flight, open connections, and the host's Shutdown.
//!
//! Must not contain: sockets, signals, a decision about time limits.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::sync::watch;
use tonic::{
    Status,
    body::Body,
    codegen::{BoxFuture, Service, http},
    server::NamedService,
};

/// The state of the process's life, shared by everything that serves.
#[derive(Debug)]
pub(super) struct Life {
    calls: watch::Sender<Calls>,
    connections: watch::Sender<Connections>,
    shutdown: watch::Sender<bool>,
    ended: watch::Sender<bool>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Calls {
    in_flight: usize,
    /// Calls ever begun.
    begun: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Connections {
    open: usize,
    /// Connections ever accepted.
    accepted: usize,
}

impl Life {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            calls: watch::Sender::default(),
            connections: watch::Sender::default(),
            shutdown: watch::Sender::new(false),
            ended: watch::Sender::new(false),
        })
    }

    /// Counts a connection until the returned value is dropped.
    pub(super) fn connection(self: &Arc<Self>) -> OpenConnection {
        self.connections.send_modify(|connections| {
            connections.open += 1;
            connections.accepted += 1;
        });
        OpenConnection(Arc::clone(self))
    }

    /// The host asks the process to end.
    pub(super) fn shut_down(&self) {
        self.shutdown.send_replace(true);
    }

    /// The process begins to end: silent streams close.
    pub(super) fn end(&self) {
        self.ended.send_replace(true);
    }

    /// Returns when the host has asked the process to end.
    pub(super) async fn shutdown_requested(&self) {
        until(&self.shutdown, |requested| *requested).await;
    }

    /// Returns when the process begins to end.
    pub(super) async fn ended(&self) {
        until(&self.ended, |ended| *ended).await;
    }

    /// Returns when no call is in flight.
    pub(super) async fn no_calls(&self) {
        until(&self.calls, |calls| calls.in_flight == 0).await;
    }

    /// Returns when a call begins.
    pub(super) async fn next_call(&self) {
        let begun = self.calls.borrow().begun;
        until(&self.calls, |calls| calls.begun > begun).await;
    }

    /// Returns when a first connection has been accepted.
    pub(super) async fn first_connection(&self) {
        until(&self.connections, |connections| connections.accepted > 0).await;
    }

    /// Returns when no connection is open.
    pub(super) async fn no_connections(&self) {
        until(&self.connections, |connections| connections.open == 0).await;
    }

    /// Returns when a connection is open.
    pub(super) async fn some_connection(&self) {
        until(&self.connections, |connections| connections.open > 0).await;
    }
}

async fn until<T>(state: &watch::Sender<T>, reached: impl FnMut(&T) -> bool) {
    // The sender is borrowed, so it outlives the wait, and waiting can only fail after it is gone.
    let _ = state.subscribe().wait_for(reached).await;
}

/// One open connection.
#[derive(Debug)]
pub(super) struct OpenConnection(Arc<Life>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0
            .connections
            .send_modify(|connections| connections.open -= 1);
    }
}

/// One call in flight.
#[derive(Debug)]
struct Call(Arc<Life>);

/// Keeps a call in flight: an extension of its request, for work that goes on after the response has begun.
#[derive(Clone, Debug)]
pub(super) struct InFlight(#[expect(dead_code, reason = "held, not read")] Arc<Call>);

impl Call {
    fn begin(life: &Arc<Life>) -> Self {
        life.calls.send_modify(|calls| {
            calls.in_flight += 1;
            calls.begun += 1;
        });
        Self(Arc::clone(life))
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.0.calls.send_modify(|calls| calls.in_flight -= 1);
    }
}

/// Lets every call of a service run to its end, and counts it while it does.
///
/// A call changes remote objects. If its caller goes away (a reset stream, a lost connection), the call must not end in the
/// middle of a request to the cloud, as dropping its future would do. It continues in a task of its own, and `abandoned` is
/// called, so that waits can end early.
pub(super) struct RunToCompletion<S> {
    service: S,
    life: Arc<Life>,
    abandoned: Arc<dyn Fn() + Send + Sync>,
}

impl<S> RunToCompletion<S> {
    pub(super) fn new(
        service: S,
        life: Arc<Life>,
        abandoned: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self {
            service,
            life,
            abandoned: Arc::new(abandoned),
        }
    }
}

impl<S: Clone> Clone for RunToCompletion<S> {
    fn clone(&self) -> Self {
        Self {
            service: self.service.clone(),
            life: Arc::clone(&self.life),
            abandoned: Arc::clone(&self.abandoned),
        }
    }
}

impl<S: NamedService> NamedService for RunToCompletion<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<http::Request<Body>> for RunToCompletion<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let call = InFlight(Arc::new(Call::begin(&self.life)));
        request.extensions_mut().insert(call.clone());
        let response = self.service.call(request);
        let task = tokio::spawn(async move {
            let _call = call;
            response.await
        });
        let caller = Caller {
            abandoned: Some(Arc::clone(&self.abandoned)),
        };
        Box::pin(async move {
            let finished = task.await;
            caller.received_response();
            match finished {
                Ok(response) => response,
                Err(_) => Ok(Status::internal(
                    "the provider panicked while it served this call; please send the report in the log \
                     to the provider's developers",
                )
                .into_http()),
            }
        })
    }
}

/// Calls `abandoned` if the caller does not wait for its response.
struct Caller {
    abandoned: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl Caller {
    fn received_response(mut self) {
        self.abandoned = None;
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        if let Some(abandoned) = self.abandoned.take() {
            abandoned();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{Future, poll_fn},
        pin::pin,
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use tokio::{sync::oneshot, time::timeout};

    use super::*;

    /// Responds when its command arrives; panics when the sender of the command is dropped.
    #[derive(Clone)]
    struct OnCommand(Arc<std::sync::Mutex<Option<oneshot::Receiver<()>>>>);

    impl Service<http::Request<Body>> for OnCommand {
        type Response = http::Response<Body>;
        type Error = Infallible;
        type Future = BoxFuture<Self::Response, Infallible>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: http::Request<Body>) -> Self::Future {
            let command = self
                .0
                .lock()
                .expect("not poisoned")
                .take()
                .expect("called once");
            Box::pin(async move {
                command.await.expect("the command arrives");
                Ok(Status::ok("").into_http())
            })
        }
    }

    struct Scene {
        life: Arc<Life>,
        respond: oneshot::Sender<()>,
        abandoned: Arc<AtomicUsize>,
        call: BoxFuture<http::Response<Body>, Infallible>,
    }

    fn scene() -> Scene {
        let (respond, command) = oneshot::channel();
        let life = Life::new();
        let abandoned = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&abandoned);
        let mut service = RunToCompletion::new(
            OnCommand(Arc::new(std::sync::Mutex::new(Some(command)))),
            Arc::clone(&life),
            move || {
                count.fetch_add(1, Ordering::Relaxed);
            },
        );
        let call = service.call(http::Request::new(Body::empty()));
        Scene {
            life,
            respond,
            abandoned,
            call,
        }
    }

    async fn is_pending(future: impl Future<Output = ()>) -> bool {
        let mut future = pin!(future);
        poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
    }

    const SOON: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn call_is_counted_until_its_response() {
        let Scene {
            life,
            respond,
            abandoned,
            call,
        } = scene();
        assert!(is_pending(life.no_calls()).await);
        respond.send(()).expect("is awaited");
        call.await.expect("is infallible");
        timeout(SOON, life.no_calls()).await.expect("is over");
        assert_eq!(abandoned.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn call_continues_without_its_caller() {
        let Scene {
            life,
            respond,
            abandoned,
            call,
        } = scene();
        drop(call);
        assert_eq!(abandoned.load(Ordering::Relaxed), 1);
        tokio::task::yield_now().await;
        assert!(is_pending(life.no_calls()).await);
        respond.send(()).expect("is still awaited");
        timeout(SOON, life.no_calls()).await.expect("is over");
    }

    #[tokio::test]
    async fn a_panic_is_a_response_and_ends_the_count() {
        let Scene {
            life,
            respond,
            abandoned,
            call,
        } = scene();
        drop(respond);
        let response = call.await.expect("is infallible");
        let status = Status::from_header_map(response.headers()).expect("is an error");
        assert_eq!(status.code(), tonic::Code::Internal);
        assert!(status.message().contains("panicked"), "{status}");
        timeout(SOON, life.no_calls()).await.expect("is over");
        assert_eq!(abandoned.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn waits_follow_connections_and_shutdown() {
        let life = Life::new();
        assert!(is_pending(life.first_connection()).await);
        assert!(!is_pending(life.no_connections()).await);
        let (one, two) = (life.connection(), life.connection());
        assert!(!is_pending(life.first_connection()).await);
        drop(one);
        assert!(is_pending(life.no_connections()).await);
        assert!(!is_pending(life.some_connection()).await);
        drop(two);
        assert!(!is_pending(life.no_connections()).await);
        assert!(is_pending(life.some_connection()).await);
        assert!(!is_pending(life.first_connection()).await);

        assert!(is_pending(life.shutdown_requested()).await);
        life.shut_down();
        assert!(!is_pending(life.shutdown_requested()).await);
        assert!(is_pending(life.ended()).await);
        life.end();
        assert!(!is_pending(life.ended()).await);
    }
}
