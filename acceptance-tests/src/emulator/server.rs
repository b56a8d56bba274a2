//! From the socket to the answer and back: HTTP/1.1 on a loopback port, in a thread of its own.
//!
//! Here alone are the clocks read and is time spent waiting. Must not contain: what an answer says.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use time::OffsetDateTime;
use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep};
use uuid::Uuid;

use super::answer::{Echo, Refusal, Reply, xml};
use super::control;
use super::faults::{Misbehaviour, When, Wire, WireBody};
use super::gateway::{self, Operation, Product, Task};
use super::ram::Caller;
use super::request::Received;
use super::world::{Now, World};

/// Longest request body that is read.
const REQUEST_BYTES: usize = 8 * 1024 * 1024;

/// What the server thread and the owner of the emulator share.
pub(super) struct Shared {
    started: Instant,
    world: Mutex<World>,
}

impl Shared {
    pub(super) fn new() -> Self {
        Shared {
            started: Instant::now(),
            world: Mutex::new(World::new()),
        }
    }

    /// The state. A panic elsewhere does not make it unusable: every change to it is complete in itself.
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Both clocks, unmoved.
    pub(super) fn now(&self) -> Now {
        let since_start = self.started.elapsed().as_millis();
        Now {
            since_start_ms: u64::try_from(since_start).unwrap_or(u64::MAX),
            utc: OffsetDateTime::now_utc(),
        }
    }
}

/// Serves until told to stop, then drops every connection.
pub(super) fn run(
    listener: TcpListener,
    shared: Arc<Shared>,
    stop: oneshot::Receiver<()>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        tokio::select! {
            () = accept(listener, shared) => {}
            // Also when the sender is gone: nobody is left to use the emulator.
            _ = stop => {}
        }
        Ok(())
    })
}

async fn accept(listener: tokio::net::TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely; they come back.
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        // Small answers are to leave at once; a socket that cannot promise that still serves.
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(&shared, request));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            // The client's departure, or the cut that a fault has asked for.
            let _ = connection.await;
        });
    }
}

/// The connection has to be closed now.
#[derive(Debug)]
struct CutConnection;

impl Display for CutConnection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is cut on purpose")
    }
}

impl std::error::Error for CutConnection {}

async fn answer(
    shared: &Shared,
    request: Request<Incoming>,
) -> Result<Response<PacedBody>, CutConnection> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, REQUEST_BYTES).collect().await;
    let Ok(body) = body.map(|body| body.to_bytes().to_vec()) else {
        return respond(plain(
            413,
            "the request body cannot be read or is too long\n",
        ));
    };
    let received = match Received::new(&parts, body) {
        Ok(received) => received,
        Err(sentence) => return respond(plain(400, &format!("{sentence}\n"))),
    };
    if let Some(path) = received.path.strip_prefix(control::PREFIX) {
        let now = shared.now();
        let (status, body) = control::answer(&mut shared.world(), &received, path, now);
        return respond(Wire::Answer {
            status,
            headers: vec![("content-type", "application/json".to_owned())],
            body: WireBody::Whole(format!("{body:#}\n").into_bytes()),
        });
    }
    respond(call(shared, &received).await)
}

/// One call of an action: log, admit, perhaps misbehave, run, perhaps misbehave.
async fn call(shared: &Shared, received: &Received) -> Wire {
    let request_id = Uuid::new_v4().to_string().to_uppercase();
    let action = gateway::action(received).to_owned();
    let echo = Echo {
        request_id: &request_id,
        host: received.header("host").unwrap_or_default(),
        action: &action,
    };
    let encode = |reply: &Reply| encode(received, reply);

    let (number, admitted, fault) = {
        let world = &mut *shared.world();
        let now = world.clock(shared.now());
        let number = world.calls.arrived(received, &action, now.since_start_ms);
        let admitted = admit(world, received, number, &request_id, now);
        let fault = admitted.as_ref().ok().and_then(|(_, caller)| {
            let account = caller.as_ref().map(|caller| caller.account.as_str());
            world.faults.take(received, &action, account)
        });
        if let Some((_, fault)) = &fault {
            world
                .calls
                .amend(number, |call| call.fault = Some(fault.name()));
        }
        (number, admitted, fault)
    };

    let delay = |wanted: When| match &fault {
        Some((when, fault)) if *when == wanted => fault.delay_ms(),
        _ => None,
    };
    if let Some(delay_ms) = delay(When::Before) {
        sleep(Duration::from_millis(delay_ms)).await;
    }
    let reply = {
        let world = &mut *shared.world();
        let now = world.clock(shared.now());
        let runs = match &fault {
            Some((When::Before, fault)) => fault.needs_answer(),
            _ => true,
        };
        match admitted {
            Err(refusal) => Ok(Err(refusal)),
            Ok((operation, caller)) if runs => {
                let stripped = without_form(world, operation, received);
                let task = Task {
                    received: stripped.as_ref().unwrap_or(received),
                    caller: caller.as_ref(),
                    now,
                    request_id: &request_id,
                };
                world.calls.amend(number, |call| call.executed = true);
                Ok((operation.run)(world, &task))
            }
            Ok(_) => Err(()),
        }
        .map(|result| match result {
            Ok(body) => (Reply::success(&echo, body), "OK".to_owned()),
            Err(refusal) => {
                let code = refusal.code().to_owned();
                (Reply::refusal(&echo, &world.switches, &refusal), code)
            }
        })
    };
    if let Some(delay_ms) = delay(When::After) {
        sleep(Duration::from_millis(delay_ms)).await;
    }

    let misbehaviour = fault.as_ref().map(|(_, fault)| fault);
    let (wire, code) = send_off(reply.ok(), misbehaviour, &echo, encode);
    let world = &mut *shared.world();
    let answered_at_ms = shared.now().since_start_ms;
    world.calls.amend(number, |call| {
        call.answered_at_ms = Some(answered_at_ms);
        call.code = code;
        call.status = match &wire {
            Wire::Answer { status, .. } => Some(*status),
            Wire::Cut => None,
        };
    });
    wire
}

/// Everything that can refuse a call before its operation runs.
fn admit(
    world: &mut World,
    received: &Received,
    number: u64,
    request_id: &str,
    now: Now,
) -> Result<(&'static Operation, Option<Caller>), Refusal> {
    let operation = gateway::operation(world, received)?;
    let caller = gateway::authenticate(world, received, operation, now)?;
    if let Some(caller) = &caller {
        let account = caller.account.clone();
        world
            .calls
            .amend(number, |call| call.account = Some(account));
    }
    let stripped = without_form(world, operation, received);
    let task = Task {
        received: stripped.as_ref().unwrap_or(received),
        caller: caller.as_ref(),
        now,
        request_id,
    };
    gateway::authorise(world, operation, &task)?;
    Ok((operation, caller))
}

/// The request as a product sees it that takes no parameters from form bodies, if that is switched on.
fn without_form(world: &World, operation: &Operation, received: &Received) -> Option<Received> {
    let blind = operation.product == Product::Cams && !world.switches.accepts_form_parameters;
    blind.then(|| Received {
        form: Vec::new(),
        ..received.clone()
    })
}

/// The wire form of the answer, and the code that the client is made to see.
fn send_off(
    reply: Option<(Reply, String)>,
    fault: Option<&Misbehaviour>,
    echo: &Echo<'_>,
    encode: impl Fn(&Reply) -> Vec<u8>,
) -> (Wire, Option<String>) {
    let (reply, code) = match reply {
        Some((reply, code)) => (reply, Some(code)),
        // Not run: there is no true answer, and the fault makes its own.
        None => {
            let body = serde_json::json!({"RequestId": echo.request_id});
            (Reply::success(echo, body), None)
        }
    };
    match fault {
        Some(fault) => {
            let code = match fault.needs_answer() {
                true => code,
                false => fault.code().map(str::to_owned),
            };
            (fault.play(reply, encode), code)
        }
        None => {
            let wire = Wire::Answer {
                body: WireBody::Whole(encode(&reply)),
                status: reply.status,
                headers: reply.headers,
            };
            (wire, code)
        }
    }
}

/// JSON, unless the request is one of those that get XML: `Format=XML`, or the older style without a `Format`.
fn encode(received: &Received, reply: &Reply) -> Vec<u8> {
    if wants_xml(received) {
        xml(&reply.root, &reply.body).into_bytes()
    } else {
        reply.body.to_string().into_bytes()
    }
}

fn wants_xml(received: &Received) -> bool {
    match received.parameter("Format") {
        Some(format) => format.eq_ignore_ascii_case("xml"),
        None => {
            let old_style = received.header("x-acs-action").is_none();
            old_style && received.header("authorization").is_none()
        }
    }
}

fn plain(status: u16, text: &str) -> Wire {
    Wire::Answer {
        status,
        headers: vec![("content-type", "text/plain".to_owned())],
        body: WireBody::Whole(text.as_bytes().to_vec()),
    }
}

fn respond(wire: Wire) -> Result<Response<PacedBody>, CutConnection> {
    let Wire::Answer {
        status,
        headers,
        body,
    } = wire
    else {
        return Err(CutConnection);
    };
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    // A header value from a fault that HTTP cannot carry ends the connection; there is nothing better to say.
    response
        .body(PacedBody::new(body))
        .map_err(|_| CutConnection)
}

/// A body that goes out whole, in pieces, or not to its end.
struct PacedBody {
    rest: Bytes,
    /// Bytes of padding that are still to come, for bodies too large to hold.
    padding: u64,
    announced: u64,
    piece: usize,
    interval: Duration,
    pause: Option<Pin<Box<Sleep>>>,
    cut_at_end: bool,
}

/// What a huge body starts and ends with: JSON, but for its size.
const HUGE_HEAD: &[u8] = b"{\"Code\":\"OK\",\"Message\":\"";
const HUGE_PIECE: usize = 64 * 1024;

impl PacedBody {
    fn new(body: WireBody) -> Self {
        let whole = |bytes: Vec<u8>| PacedBody {
            announced: bytes.len() as u64,
            rest: Bytes::from(bytes),
            padding: 0,
            piece: usize::MAX,
            interval: Duration::ZERO,
            pause: None,
            cut_at_end: false,
        };
        match body {
            WireBody::Whole(bytes) => whole(bytes),
            WireBody::Truncated { whole: all, sent } => {
                let announced = all.len() as u64;
                PacedBody {
                    announced,
                    cut_at_end: true,
                    ..whole(all[..sent].to_vec())
                }
            }
            WireBody::Drip {
                whole: all,
                piece,
                interval_ms,
            } => PacedBody {
                piece,
                interval: Duration::from_millis(interval_ms),
                ..whole(all)
            },
            WireBody::Huge(bytes) => PacedBody {
                announced: bytes.max(HUGE_HEAD.len() as u64),
                padding: bytes.saturating_sub(HUGE_HEAD.len() as u64),
                ..whole(HUGE_HEAD.to_vec())
            },
        }
    }

    /// The next piece of what is still to be sent.
    fn next(&mut self) -> Option<Bytes> {
        if !self.rest.is_empty() {
            let length = self.piece.min(self.rest.len());
            return Some(self.rest.split_to(length));
        }
        if self.padding == 0 {
            return None;
        }
        let length = usize::try_from(self.padding).map_or(HUGE_PIECE, |all| all.min(HUGE_PIECE));
        self.padding -= length as u64;
        let mut piece = vec![b'x'; length];
        if self.padding == 0 {
            let tail = b"\"}";
            let start = length.saturating_sub(tail.len());
            piece[start..].copy_from_slice(&tail[tail.len() - (length - start)..]);
        }
        Some(Bytes::from(piece))
    }
}

impl Body for PacedBody {
    type Data = Bytes;
    type Error = CutConnection;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutConnection>>> {
        let at_end = self.rest.is_empty() && self.padding == 0;
        let pause = match (at_end, self.cut_at_end) {
            (true, false) => return Poll::Ready(None),
            // Leave the socket time to send what it has; a cut throws the rest away.
            (true, true) => Duration::from_millis(20),
            (false, _) => self.interval,
        };
        if !pause.is_zero() {
            let sleep = self.pause.get_or_insert_with(|| Box::pin(sleep(pause)));
            std::task::ready!(sleep.as_mut().poll(context));
            self.pause = None;
        }
        match self.next() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            None => Poll::Ready(Some(Err(CutConnection))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.padding == 0 && !self.cut_at_end
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}
