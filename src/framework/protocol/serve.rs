//! One process's serving: accept, protect, answer, and end in time.
//!
//! Must not contain: the meaning of any call, the environment, stdout.

use std::{
    collections::VecDeque,
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
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
    life::{Life, OpenConnection, ToTheEnd},
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

/// A host completes its TLS handshake in milliseconds; a peer that has not after this long is none.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// Unfinished TLS handshakes at one time. One more, and the oldest is given up: stalled peers cannot keep the host out.
const MAX_HANDSHAKES: usize = 64;

/// A host connects at once after the handshake line; one that has not by now is gone.
const FIRST_CONNECTION_LIMIT: Duration = Duration::from_secs(60);

/// Without a connection for so long, the host is gone, killed perhaps. Hosts hold theirs open for all of their life.
const RECONNECT_LIMIT: Duration = Duration::from_secs(2);

/// After Shutdown the host waits two seconds and then kills the process, which would leave the socket behind.
const SHUTDOWN_LIMIT: Duration = Duration::from_millis(1500);

/// How long calls in flight may take to end when nobody is about to kill the process. Their own time limits are shorter
/// once they have been told to stop waiting.
const DRAIN_LIMIT: Duration = Duration::from_secs(60);

/// Who started the process, which decides what ends it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum StartedBy {
    /// Ends with its host. An interrupt is ignored: Ctrl-C reaches the whole process group, while the host still wants to
    /// finish or undo its work, and says so by other means.
    Host,
    /// Ends with an interrupt; hosts come and go.
    Person,
}

/// Why serving ended.
#[derive(Debug)]
pub(super) enum End {
    /// The host asked for it.
    Shutdown,
    /// A signal to terminate or, if a person started the process, to interrupt.
    Signal,
    /// The host is gone without a word.
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
    started_by: StartedBy,
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
        () = told_to_end(&mut signals, started_by) => End::Signal,
        () = host_gone(&life), if started_by == StartedBy::Host => End::HostGone,
        ended = &mut serving => return Ok(End::Failed(match ended {
            Ok(Ok(())) => "the server ended by itself".to_owned(),
            Ok(Err(error)) => format!("the server failed: {error}"),
            Err(error) => format!("the server panicked: {error}"),
        })),
    };
    tracing::debug!(reason = %end, "Leaving");

    // Nothing new begins, waiting work is cut short, and the streams that would never end do.
    accepting.abort();
    service.stop();
    life.end();
    let drained = drain(&life, serving);
    match end {
        End::Shutdown => drop(timeout(SHUTDOWN_LIMIT, drained).await),
        // A second signal means it.
        _ => tokio::select! {
            _ = timeout(DRAIN_LIMIT, drained) => {}
            () = told_to_end(&mut signals, started_by) => {}
        },
    }
    Ok(end)
}

/// Returns when all calls are over and their answers are sent.
async fn drain(life: &Life, serving: JoinHandle<Result<(), tonic::transport::Error>>) {
    // Calls whose callers are gone are not the server's any more.
    life.no_calls().await;
    // Whether it failed at its very end changes nothing now.
    let _ = serving.await;
}

/// Returns at the next signal that means this process.
async fn told_to_end(signals: &mut Signals, started_by: StartedBy) {
    while signals.next().await == Signal::Interrupt && started_by == StartedBy::Host {
        tracing::debug!("Ignored an interrupt: it is for the host to say what follows from it");
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
    let provider = ToTheEnd::new(provider, Arc::clone(life), move || stopped.stop());
    let go_plugin = GoPlugin::new(Arc::clone(life));
    Server::builder()
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

/// Accepts for ever. TLS handshakes run beside each other, so that a stalled peer holds up nobody.
async fn accept(
    socket: AsyncSocket,
    tls: Option<TlsAcceptor>,
    life: Arc<Life>,
    connections: mpsc::Sender<Result<Connection, io::Error>>,
) {
    let mut handshakes = VecDeque::<AbortHandle>::new();
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
        handshakes.retain(|handshake| !handshake.is_finished());
        if handshakes.len() >= MAX_HANDSHAKES
            && let Some(oldest) = handshakes.pop_front()
        {
            tracing::warn!(
                limit = MAX_HANDSHAKES,
                "Too many unfinished TLS handshakes; gave up the oldest"
            );
            oldest.abort();
        }
        let (tls, life, connections) = (tls.clone(), Arc::clone(&life), connections.clone());
        let handshake = tokio::spawn(async move {
            let stream = match tls {
                None => stream,
                Some(tls) => match timeout(HANDSHAKE_LIMIT, tls.accept(stream)).await {
                    Ok(Ok(stream)) => Box::pin(stream),
                    Ok(Err(error)) => {
                        tracing::warn!(%error, "Refused a connection");
                        return;
                    }
                    Err(_) => {
                        tracing::warn!("Refused a connection: its TLS handshake took too long");
                        return;
                    }
                },
            };
            // Counted only now: who is not the host keeps nothing alive.
            let connection = Connection {
                stream,
                _open: life.connection(),
            };
            // Fails only when the server has ended.
            let _ = connections.send(Ok(connection)).await;
        });
        handshakes.push_back(handshake.abort_handle());
    }
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
                // Small answers must not wait for the acknowledgement of earlier ones.
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
