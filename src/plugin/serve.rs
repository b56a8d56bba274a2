//! Serves one process: accepts connections, secures them, responds, and ends in time.
//!
//! Must not contain: the meaning of any call, the environment, stdout.

use std::{
    collections::VecDeque,
    fmt, io, mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpListener,
    sync::mpsc,
    task::{AbortHandle, JoinHandle},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{
    Server,
    server::{Connected, Router},
};

use super::{
    Service,
    go_plugin::GoPlugin,
    lifecycle::{Life, OpenConnection, RunToCompletion},
    listener::Socket,
    proto::{
        grpc_health_v1::health_server::HealthServer,
        plugin::{
            grpc_broker_server::GrpcBrokerServer, grpc_controller_server::GrpcControllerServer,
            grpc_stdio_server::GrpcStdioServer,
        },
        tfplugin6::provider_server::ProviderServer,
    },
    signals::{Signal, Signals},
};

/// The largest message either way, in bytes. Schemas and states of thousands of resources pass; Go plugins set the same.
const MAX_MESSAGE: usize = 256 << 20;

/// A host completes its TLS handshake in milliseconds. A peer that has not after this time is not a host.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// Unfinished TLS handshakes at one time. With one more, the oldest is ended if it has had its minimum time; otherwise the
/// new one is refused. So stalled peers cannot keep the host out, and a flood of new ones cannot end the host's handshake.
const MAX_HANDSHAKES: usize = 256;

/// No handshake is ended for another one before this time.
const MIN_HANDSHAKE_TIME: Duration = Duration::from_secs(2);

/// A host connects at once after the handshake line. If it has not after this time, it is gone.
const FIRST_CONNECTION_LIMIT: Duration = Duration::from_secs(60);

/// Without a connection for this time, the host is gone, perhaps killed. A host keeps its connection open while it lives.
const RECONNECT_LIMIT: Duration = Duration::from_secs(2);

/// After Shutdown the host waits two seconds and then kills the process, which would leave the socket behind.
const SHUTDOWN_LIMIT: Duration = Duration::from_millis(1500);

/// After a signal the process stays for this time after its last response. The same signal may be on its way to the host,
/// which begins calls until it arrives. When the process has ended, a host fails every call whose response it has not read
/// yet (go-plugin cancels the context of all calls), also one that created an object.
const QUIET: Duration = Duration::from_secs(1);

/// How long calls in flight may take to end when nobody is about to kill the process. After a stop their own time limits
/// are shorter.
const DRAIN_LIMIT: Duration = Duration::from_secs(60);

/// How the process was started. This decides what ends it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mode {
    /// Ends with its host. An interrupt is ignored: Ctrl-C reaches the whole process group, but the host still wants to
    /// finish its work, and stops the provider by an RPC.
    Plugin,
    /// Ends with an interrupt; hosts come and go.
    Debug,
}

/// Why serving ended.
#[derive(Debug)]
pub(super) enum End {
    /// The host asked for it.
    Shutdown,
    /// A signal to terminate or, if a person started the process, to interrupt.
    Signal,
    /// The host is gone without a Shutdown.
    HostGone,
    /// The server failed; it must not.
    Failed(String),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shutdown => f.write_str("the host asked for it"),
            Self::Signal => f.write_str("a signal asked for it"),
            Self::HostGone => f.write_str("no host is connected"),
            Self::Failed(reason) => f.write_str(reason),
        }
    }
}

/// Serves until the process has to end. On return no call is in flight, or its time was up.
pub(super) async fn serve<S: Service>(
    socket: Socket,
    tls: Option<TlsAcceptor>,
    service: Arc<S>,
    mode: Mode,
    mut signals: Signals,
) -> io::Result<End> {
    let life = Life::new();
    let (connections, incoming) = mpsc::channel(1);
    let accepting = tokio::spawn(accept(
        AsyncSocket::new(socket)?,
        tls,
        Arc::clone(&life),
        connections,
    ));

    let router = router(&service, &life);
    let ended = Arc::clone(&life);
    let mut serving = tokio::spawn(router.serve_with_incoming_shutdown(
        ReceiverStream::new(incoming),
        async move {
            ended.ended().await;
        },
    ));

    let end = tokio::select! {
        () = life.shutdown_requested() => End::Shutdown,
        () = termination_signal(&mut signals, mode) => End::Signal,
        () = host_gone(&life), if mode == Mode::Plugin => End::HostGone,
        ended = &mut serving => return Ok(End::Failed(match ended {
            Ok(Ok(())) => "the server ended by itself".to_owned(),
            Ok(Err(error)) => format!("the server failed: {error}"),
            Err(error) => format!("the server panicked: {error}"),
        })),
    };
    tracing::debug!(reason = %end, "Leaving");

    let mut at_once = false;
    if matches!(end, End::Signal) {
        // Waits end early, but the host is served until it has its responses.
        service.stop();
        tokio::select! {
            () = quiet(&life) => {}
            () = life.shutdown_requested() => {}
            () = life.no_connections() => {}
            () = sleep(DRAIN_LIMIT) => {}
            // A second signal ends the process at once.
            () = termination_signal(&mut signals, mode) => at_once = true,
        }
    }

    // No new connection is accepted, waits end early, and the streams that would never end are closed.
    accepting.abort();
    service.stop();
    life.end();
    let drained = drain(&life, serving);
    match end {
        End::Shutdown => drop(timeout(SHUTDOWN_LIMIT, drained).await),
        End::Signal if at_once => {}
        _ => tokio::select! {
            _ = timeout(DRAIN_LIMIT, drained) => {}
            () = termination_signal(&mut signals, mode) => {}
        },
    }
    Ok(end)
}

/// Returns when no call has been in flight for a while.
async fn quiet(life: &Life) {
    loop {
        life.no_calls().await;
        if timeout(QUIET, life.next_call()).await.is_err() {
            return;
        }
    }
}

/// Returns when all calls are over and their responses are sent.
async fn drain(life: &Life, serving: JoinHandle<Result<(), tonic::transport::Error>>) {
    // Calls whose callers are gone are not the server's any more.
    life.no_calls().await;
    // A failure at the very end changes nothing now.
    let _ = serving.await;
}

/// Returns at the next signal that ends this process.
async fn termination_signal(signals: &mut Signals, mode: Mode) {
    while signals.next().await == Signal::Interrupt && mode == Mode::Plugin {
        tracing::debug!("Ignored an interrupt: the host decides when this process ends");
    }
}

/// Returns when there is no host to serve.
async fn host_gone(life: &Life) {
    if timeout(FIRST_CONNECTION_LIMIT, life.first_connection())
        .await
        .is_err()
    {
        return;
    }
    loop {
        life.no_connections().await;
        if timeout(RECONNECT_LIMIT, life.some_connection())
            .await
            .is_err()
        {
            return;
        }
    }
}

fn router<S: Service>(service: &Arc<S>, life: &Arc<Life>) -> Router {
    let provider = ProviderServer::from_arc(Arc::clone(service))
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE);
    let stopped = Arc::clone(service);
    let provider = RunToCompletion::new(provider, Arc::clone(life), move || stopped.stop());
    let go_plugin = GoPlugin::new(Arc::clone(life));
    Server::builder()
        // The host alone can connect, and an interrupted one may drop hundreds of calls at once; with h2's default of 20
        // that would end the connection under all the others.
        .http2_max_pending_accept_reset_streams(Some(4096))
        // Enough that a large schema or state does not crawl from window update to window update.
        .initial_stream_window_size(4 << 20)
        .initial_connection_window_size(16 << 20)
        .max_concurrent_streams(1024)
        .http2_max_header_list_size(16 << 10)
        .add_service(provider)
        .add_service(GrpcControllerServer::new(go_plugin.clone()))
        .add_service(GrpcStdioServer::new(go_plugin.clone()))
        .add_service(GrpcBrokerServer::new(go_plugin.clone()))
        .add_service(HealthServer::new(go_plugin))
}

/// Accepts for ever. TLS handshakes run concurrently, so that a stalled peer delays no other.
async fn accept(
    socket: AsyncSocket,
    tls: Option<TlsAcceptor>,
    life: Arc<Life>,
    connections: mpsc::Sender<Result<Connection, io::Error>>,
) {
    let mut handshakes = Handshakes::new();
    let refusals = Arc::new(Refusals::default());
    loop {
        let stream = match socket.accept().await {
            Ok(stream) => stream,
            Err(error) => {
                // A peer that gave up while it queued, or no free file descriptor. Neither concerns the next peer.
                tracing::warn!(%error, "Unable to accept a connection");
                sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let now = Instant::now();
        handshakes.forget(AbortHandle::is_finished);
        match handshakes.make_room(now) {
            Room::Free => {}
            Room::InPlaceOf(oldest) => {
                oldest.abort();
                refusals.log(&"too many unfinished TLS handshakes; the oldest one ends");
            }
            Room::None => {
                refusals.log(&"too many unfinished TLS handshakes");
                continue;
            }
        }
        let (tls, life, connections) = (tls.clone(), Arc::clone(&life), connections.clone());
        let refusals = Arc::clone(&refusals);
        let handshake = tokio::spawn(async move {
            let stream = match tls {
                None => stream,
                Some(tls) => match timeout(HANDSHAKE_LIMIT, tls.accept(stream)).await {
                    Ok(Ok(stream)) => Box::pin(stream),
                    Ok(Err(error)) => return refusals.log(&error),
                    Err(_) => return refusals.log(&"the TLS handshake took too long"),
                },
            };
            // Counted only now: a peer that is not the host must not keep the process alive.
            let connection = Connection {
                stream,
                _open: life.connection(),
            };
            // Fails only when the server has ended.
            let _ = connections.send(Ok(connection)).await;
        });
        handshakes.add(now, handshake.abort_handle());
    }
}

/// The unfinished TLS handshakes, oldest first.
struct Handshakes<H>(VecDeque<(Instant, H)>);

/// Whether one more handshake may begin.
#[derive(Debug, PartialEq)]
enum Room<H> {
    Free,
    /// If this one is given up.
    InPlaceOf(H),
    None,
}

impl<H> Handshakes<H> {
    const fn new() -> Self {
        Self(VecDeque::new())
    }

    fn forget(&mut self, is_finished: impl Fn(&H) -> bool) {
        self.0.retain(|(_, handshake)| !is_finished(handshake));
    }

    fn make_room(&mut self, now: Instant) -> Room<H> {
        if self.0.len() < MAX_HANDSHAKES {
            return Room::Free;
        }
        let had_its_time = self
            .0
            .front()
            .is_some_and(|(begun, _)| now.saturating_duration_since(*begun) >= MIN_HANDSHAKE_TIME);
        match self.0.pop_front() {
            Some((_, oldest)) if had_its_time => Room::InPlaceOf(oldest),
            Some(oldest) => {
                self.0.push_front(oldest);
                Room::None
            }
            None => Room::Free,
        }
    }

    fn add(&mut self, now: Instant, handshake: H) {
        self.0.push_back((now, handshake));
    }
}

/// Connections that were refused. A flood of them must not be a flood of log lines.
#[derive(Default)]
struct Refusals(Mutex<Refused>);

#[derive(Default)]
struct Refused {
    logged: Option<Instant>,
    not_logged: u64,
}

impl Refusals {
    fn log(&self, reason: &dyn fmt::Display) {
        let due = lock(&self.0).count(Instant::now());
        if let Some(not_logged) = due {
            tracing::warn!(%reason, not_logged, "Refused a connection");
        }
    }
}

impl Refused {
    /// Counts a refusal. If it is the first in a second it is logged, with the number of those before it that were not.
    fn count(&mut self, now: Instant) -> Option<u64> {
        let is_recent = |logged| now.saturating_duration_since(logged) < Duration::from_secs(1);
        if self.logged.is_some_and(is_recent) {
            self.not_logged += 1;
            return None;
        }
        self.logged = Some(now);
        Some(mem::take(&mut self.not_logged))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while it is held leaves whole values.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A listening socket of either network, in the runtime's hands.
enum AsyncSocket {
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
    Tcp(TcpListener),
}

impl AsyncSocket {
    fn new(socket: Socket) -> io::Result<Self> {
        match socket {
            #[cfg(unix)]
            Socket::Unix(socket) => {
                socket.set_nonblocking(true)?;
                tokio::net::UnixListener::from_std(socket).map(Self::Unix)
            }
            Socket::Tcp(socket) => {
                socket.set_nonblocking(true)?;
                TcpListener::from_std(socket).map(Self::Tcp)
            }
        }
    }

    async fn accept(&self) -> io::Result<Pin<Box<dyn Stream>>> {
        match self {
            #[cfg(unix)]
            Self::Unix(socket) => Ok(Box::pin(socket.accept().await?.0)),
            Self::Tcp(socket) => {
                let (stream, _) = socket.accept().await?;
                // Small responses must not wait for the acknowledgement of earlier ones.
                stream.set_nodelay(true)?;
                Ok(Box::pin(stream))
            }
        }
    }
}

/// A stream of bytes in both directions.
trait Stream: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Stream for T {}

/// A connection with the host, counted while it is open.
struct Connection {
    stream: Pin<Box<dyn Stream>>,
    _open: OpenConnection,
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        net::SocketAddr,
        sync::atomic::{AtomicUsize, Ordering},
    };

    use tokio::sync::{Notify, watch};
    use tonic::{
        Request, Response, Status, async_trait,
        client::Grpc,
        codegen::http::uri::PathAndQuery,
        transport::{Channel, Endpoint},
    };
    use tonic_prost::ProstCodec;

    use super::*;
    use crate::plugin::proto::{plugin, tfplugin6};

    /// A provider with one real call: it runs until it is stopped, and a while longer, or for ever.
    #[derive(Default)]
    struct FixtureProvider {
        running: watch::Sender<usize>,
        finished: AtomicUsize,
        stopped: watch::Sender<bool>,
        after_stop: Duration,
        panics: bool,
        never: Notify,
    }

    #[async_trait]
    impl tfplugin6::provider_server::Provider for FixtureProvider {
        async fn read_resource(
            &self,
            _: Request<tfplugin6::read_resource::Request>,
        ) -> Result<Response<tfplugin6::read_resource::Response>, Status> {
            self.running.send_modify(|running| *running += 1);
            assert!(!self.panics, "this provider panics");
            let stopped = self
                .stopped
                .subscribe()
                .wait_for(|stopped| *stopped)
                .await
                .is_ok();
            assert!(stopped);
            if self.after_stop == Duration::MAX {
                self.never.notified().await;
            }
            sleep(self.after_stop).await;
            self.finished.fetch_add(1, Ordering::Relaxed);
            let private = b"the result".to_vec();
            Ok(Response::new(tfplugin6::read_resource::Response {
                private,
                ..Default::default()
            }))
        }
    }

    impl Service for FixtureProvider {
        fn stop(&self) {
            self.stopped.send_replace(true);
        }

        fn shared_by_provider_blocks(&self) {}
    }

    /// A served provider, and the way to it.
    struct Scene {
        provider: Arc<FixtureProvider>,
        address: SocketAddr,
        serving: JoinHandle<io::Result<End>>,
    }

    impl Scene {
        fn new(provider: FixtureProvider) -> Self {
            let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("binds");
            let address = socket.local_addr().expect("is bound");
            let signals = Signals::listen().expect("can be listened to");
            let provider = Arc::new(provider);
            let serving = tokio::spawn(serve(
                Socket::Tcp(socket),
                None,
                Arc::clone(&provider),
                Mode::Plugin,
                signals,
            ));
            Self {
                provider,
                address,
                serving,
            }
        }

        async fn connect(&self) -> Channel {
            let endpoint =
                Endpoint::from_shared(format!("http://{}", self.address)).expect("is an address");
            endpoint.connect().await.expect("connects")
        }

        /// Returns when so many calls have begun.
        async fn running(&self, calls: usize) {
            let mut running = self.provider.running.subscribe();
            let begun = running.wait_for(|running| *running == calls);
            timeout(Duration::from_secs(10), begun)
                .await
                .expect("they begin")
                .expect("the provider is there");
        }

        async fn end(self) -> (End, usize) {
            let end = timeout(Duration::from_secs(20), self.serving)
                .await
                .expect("ends");
            let end = end.expect("does not panic").expect("does not fail");
            (end, self.provider.finished.load(Ordering::Relaxed))
        }
    }

    type CallResult<T> = Result<Response<T>, Status>;

    async fn read(channel: Channel) -> CallResult<tfplugin6::read_resource::Response> {
        let mut grpc = Grpc::new(channel);
        grpc.ready().await.expect("is ready");
        let codec: ProstCodec<tfplugin6::read_resource::Request, _> = ProstCodec::default();
        let path = PathAndQuery::from_static("/tfplugin6.Provider/ReadResource");
        grpc.unary(Request::new(Default::default()), path, codec)
            .await
    }

    async fn shut_down(channel: Channel) -> CallResult<plugin::Empty> {
        let mut grpc = Grpc::new(channel);
        grpc.ready().await.expect("is ready");
        let codec: ProstCodec<plugin::Empty, _> = ProstCodec::default();
        grpc.unary(
            Request::new(plugin::Empty {}),
            PathAndQuery::from_static("/plugin.GRPCController/Shutdown"),
            codec,
        )
        .await
    }

    #[test]
    fn flood_of_handshakes_ends_none_before_its_minimum_time() {
        let begin = Instant::now();
        let mut handshakes = Handshakes::new();
        for number in 0..MAX_HANDSHAKES {
            assert_eq!(handshakes.make_room(begin), Room::Free);
            handshakes.add(begin, number);
        }
        let almost = begin + MIN_HANDSHAKE_TIME - Duration::from_nanos(1);
        assert_eq!(handshakes.make_room(almost), Room::None);
        let later = begin + MIN_HANDSHAKE_TIME;
        assert_eq!(handshakes.make_room(later), Room::InPlaceOf(0));
        handshakes.add(later, MAX_HANDSHAKES);
        assert_eq!(handshakes.make_room(later), Room::InPlaceOf(1));
        handshakes.add(later, MAX_HANDSHAKES + 1);
        handshakes.forget(|number| *number < MAX_HANDSHAKES);
        assert_eq!(handshakes.make_room(later), Room::Free);
    }

    #[test]
    fn refusals_are_logged_once_a_second() {
        let begin = Instant::now();
        let mut refused = Refused::default();
        let mut at = |milliseconds| refused.count(begin + Duration::from_millis(milliseconds));
        assert_eq!(at(0), Some(0));
        assert_eq!((at(1), at(999)), (None, None));
        assert_eq!(at(1000), Some(2));
        assert_eq!(at(1500), None);
        assert_eq!(at(9000), Some(1));
    }

    #[tokio::test]
    async fn shutdown_lets_a_call_end_and_delivers_its_response() {
        let scene = Scene::new(FixtureProvider {
            after_stop: Duration::from_millis(200),
            ..FixtureProvider::default()
        });
        let channel = scene.connect().await;
        let call = tokio::spawn(read(channel.clone()));
        scene.running(1).await;
        let begun = Instant::now();
        shut_down(channel).await.expect("gets a response");
        let response = call
            .await
            .expect("does not panic")
            .expect("gets a response");
        assert_eq!(response.into_inner().private, b"the result");
        assert!(matches!(scene.end().await, (End::Shutdown, 1)));
        assert!(begun.elapsed() < SHUTDOWN_LIMIT, "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn shutdown_wait_is_limited() {
        let scene = Scene::new(FixtureProvider {
            after_stop: Duration::MAX,
            ..FixtureProvider::default()
        });
        let channel = scene.connect().await;
        let call = tokio::spawn(read(channel.clone()));
        scene.running(1).await;
        let begun = Instant::now();
        shut_down(channel).await.expect("gets a response");
        assert!(matches!(scene.end().await, (End::Shutdown, 0)));
        let took = begun.elapsed();
        assert!(
            SHUTDOWN_LIMIT <= took && took < Duration::from_secs(2),
            "{took:?}"
        );
        call.abort();
    }

    #[tokio::test]
    async fn call_continues_after_a_lost_connection() {
        // Longer than the process waits for another connection.
        let after_stop = RECONNECT_LIMIT + Duration::from_millis(500);
        let scene = Scene::new(FixtureProvider {
            after_stop,
            ..FixtureProvider::default()
        });
        let channel = scene.connect().await;
        let call = tokio::spawn(read(channel));
        scene.running(1).await;
        assert!(!*scene.provider.stopped.borrow());
        // The host is killed: the connection goes with the call.
        call.abort();
        assert!(call.await.expect_err("was aborted").is_cancelled());
        let stopped = Arc::clone(&scene.provider);
        let mut stopped = stopped.stopped.subscribe();
        timeout(Duration::from_secs(1), stopped.wait_for(|stopped| *stopped))
            .await
            .expect("is stopped at once")
            .expect("the provider is there");
        assert!(matches!(scene.end().await, (End::HostGone, 1)));
    }

    #[tokio::test]
    async fn a_panic_is_a_response_and_the_server_continues() {
        let scene = Scene::new(FixtureProvider {
            panics: true,
            ..FixtureProvider::default()
        });
        let channel = scene.connect().await;
        for calls in 1..=2 {
            let status = read(channel.clone()).await.expect_err("panics");
            assert_eq!(status.code(), tonic::Code::Internal, "{status:?}");
            scene.running(calls).await;
        }
        shut_down(channel).await.expect("gets a response");
        assert!(matches!(scene.end().await, (End::Shutdown, 0)));
    }
}
