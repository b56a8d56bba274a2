//! Serves HTTP/1.1 on a loopback port, in a thread of its own.
//!
//! Only this module reads the clocks and waits. Must not contain: the content of a response.

use std::io;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use time::OffsetDateTime;
use tokio::sync::oneshot;
use tokio::time::sleep;
use uuid::Uuid;

use super::authentication;
use super::body::{CutConnection, PacedBody};
use super::control;
use super::credential_endpoints::{self, Pace};
use super::faults::When;
use super::faults::{FaultKind, Wire, WireBody};
use super::gateway::{self, Operation, Product, Task};
use super::ram::Caller;
use super::request::Received;
use super::response::{Echo, Refusal, Reply, xml};
use super::state::{Now, State};

/// Longest request body that is read.
const REQUEST_BYTES: usize = 8 * 1024 * 1024;

/// The data that the server thread and the owner of the emulator share.
pub(super) struct Shared {
    started: Instant,
    state: Mutex<State>,
}

impl Shared {
    pub(super) fn new() -> Self {
        Shared {
            started: Instant::now(),
            state: Mutex::new(State::new()),
        }
    }

    /// The state. A panic elsewhere does not make it unusable: every change to it is complete in itself.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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

/// Serves until `stop` fires, then drops every connection.
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
        // Sends small responses at once. A socket that cannot do that still works.
        let _ = stream.set_nodelay(true);
        tokio::spawn(serve(stream, Arc::clone(&shared)));
    }
}

async fn serve(stream: tokio::net::TcpStream, shared: Arc<Shared>) {
    let Ok((stream, twin)) = twin(stream) else {
        return;
    };
    let reset = AtomicBool::new(false);
    let service = service_fn(|request| async {
        let response = handle(&shared, request).await;
        let wants_reset = matches!(response, Err(CutConnection::Reset));
        reset.fetch_or(wants_reset, Ordering::Relaxed);
        response
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    // Ends when the client leaves, or when a fault cuts the connection.
    let _ = connection.await;
    if reset.load(Ordering::Relaxed) {
        // The last descriptor of the socket closes with a reset. Should that fail it closes as usual.
        let _ = tokio::net::TcpStream::from_std(twin).and_then(|twin| twin.set_zero_linger());
    }
}

/// A second descriptor of a connection, to decide how the connection ends.
fn twin(stream: tokio::net::TcpStream) -> io::Result<(tokio::net::TcpStream, std::net::TcpStream)> {
    let stream = stream.into_std()?;
    let twin = stream.try_clone()?;
    Ok((tokio::net::TcpStream::from_std(stream)?, twin))
}

async fn handle(
    shared: &Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<PacedBody>, CutConnection> {
    let (mut parts, body) = request.into_parts();
    if parts.uri.path().starts_with(control::PREFIX) {
        // `curl -d` calls every body a form; here it is always JSON.
        parts.headers.remove("content-type");
    }
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
        let (status, body) = control::respond(&mut shared.state(), &received, path, now);
        return respond(Wire::Response {
            status,
            headers: vec![("content-type", "application/json".to_owned())],
            body: WireBody::Whole(format!("{body:#}\n").into_bytes()),
        });
    }
    let response = credential_endpoints::respond(&mut shared.state(), &received, shared.now());
    if let Some(response) = response {
        let body = response.body.into_bytes();
        let body = match response.pace {
            Pace::Endless => WireBody::Endless(body),
            Pace::After(delay_ms) => {
                sleep(Duration::from_millis(delay_ms)).await;
                WireBody::Whole(body)
            }
            Pace::AtOnce => WireBody::Whole(body),
        };
        return respond(Wire::Response {
            status: response.status,
            headers: vec![("content-type", response.media_type.to_owned())],
            body,
        });
    }
    // A service finishes a request that it has received, also when the client has closed the connection.
    let shared = Arc::clone(shared);
    let call = tokio::spawn(async move { call(&shared, &received).await });
    match call.await {
        Ok(wire) => respond(wire),
        Err(panic) => respond(plain(500, &format!("the emulator is broken: {panic}\n"))),
    }
}

/// One call of an action: log it, admit it, play a fault if one matches, run the operation.
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
        let state = &mut *shared.state();
        let now = state.clock(shared.now());
        let number = state.calls.arrived(received, &action, now.since_start_ms);
        let admitted = admit(state, received, number, &request_id, now);
        let fault = admitted.as_ref().ok().and_then(|(_, caller)| {
            let account = caller.as_ref().map(|caller| caller.account.as_str());
            state.faults.take(received, &action, account)
        });
        if let Some((_, fault)) = &fault {
            state
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
        let state = &mut *shared.state();
        let now = state.clock(shared.now());
        let runs = match &fault {
            Some((When::Before, fault)) => fault.needs_response(),
            _ => true,
        };
        match admitted {
            Err(refusal) => Ok(Err(refusal)),
            Ok((operation, caller)) if runs => {
                let stripped = without_form(state, operation, received);
                let task = Task {
                    received: stripped.as_ref().unwrap_or(received),
                    caller: caller.as_ref(),
                    now,
                    request_id: &request_id,
                };
                state.calls.amend(number, |call| call.executed = true);
                Ok((operation.run)(state, &task))
            }
            Ok(_) => Err(()),
        }
        .map(|result| {
            let (mut reply, code) = match result {
                Ok(body) => (Reply::success(&echo, body), "OK".to_owned()),
                Err(refusal) => {
                    let code = refusal.code().to_owned();
                    (Reply::refusal(&echo, &state.behavior, &refusal), code)
                }
            };
            let media_type = if wants_xml(received) {
                "text/xml"
            } else {
                "application/json"
            };
            let content_type = format!("{media_type};charset=utf-8");
            reply.headers.push(("content-type", content_type));
            (reply, code)
        })
    };
    if let Some(delay_ms) = delay(When::After) {
        sleep(Duration::from_millis(delay_ms)).await;
    }

    let kind = fault.as_ref().map(|(_, fault)| fault);
    let (wire, code) = send_off(reply.ok(), kind, &echo, encode);
    let state = &mut *shared.state();
    let responded_at_ms = shared.now().since_start_ms;
    state.calls.amend(number, |call| {
        call.responded_at_ms = Some(responded_at_ms);
        call.code = code;
        call.status = match &wire {
            Wire::Response { status, .. } => Some(*status),
            Wire::Cut | Wire::Reset => None,
        };
    });
    wire
}

/// Everything that can refuse a call before its operation runs.
fn admit(
    state: &mut State,
    received: &Received,
    number: u64,
    request_id: &str,
    now: Now,
) -> Result<(&'static Operation, Option<Caller>), Refusal> {
    let operation = gateway::operation(state, received)?;
    let caller = authentication::authenticate(state, received, operation, now)?;
    if let Some(caller) = &caller {
        let account = caller.account.clone();
        state
            .calls
            .amend(number, |call| call.account = Some(account));
    }
    let stripped = without_form(state, operation, received);
    let task = Task {
        received: stripped.as_ref().unwrap_or(received),
        caller: caller.as_ref(),
        now,
        request_id,
    };
    gateway::authorise(state, operation, &task)?;
    Ok((operation, caller))
}

/// The request without its form parameters, if the product is switched to ignore them.
fn without_form(state: &State, operation: &Operation, received: &Received) -> Option<Received> {
    let blind =
        operation.product == Product::Cams && !state.behavior.gateway.accepts_form_parameters;
    blind.then(|| Received {
        form: Vec::new(),
        ..received.clone()
    })
}

/// The wire form of the response, and the code that the client sees.
fn send_off(
    reply: Option<(Reply, String)>,
    fault: Option<&FaultKind>,
    echo: &Echo<'_>,
    encode: impl Fn(&Reply) -> Vec<u8>,
) -> (Wire, Option<String>) {
    let (reply, code) = match reply {
        Some((reply, code)) => (reply, Some(code)),
        // Not run: there is no real response, and the fault makes its own.
        None => {
            let body = serde_json::json!({"RequestId": echo.request_id});
            (Reply::success(echo, body), None)
        }
    };
    match fault {
        Some(fault) => {
            let code = match fault.needs_response() {
                true => code,
                false => fault.code().map(str::to_owned),
            };
            (fault.play(reply, encode), code)
        }
        None => {
            let wire = Wire::Response {
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
    Wire::Response {
        status,
        headers: vec![("content-type", "text/plain".to_owned())],
        body: WireBody::Whole(text.as_bytes().to_vec()),
    }
}

fn respond(wire: Wire) -> Result<Response<PacedBody>, CutConnection> {
    let (status, headers, body) = match wire {
        Wire::Cut => return Err(CutConnection::End),
        Wire::Reset => return Err(CutConnection::Reset),
        Wire::Response {
            status,
            headers,
            body,
        } => (status, headers, body),
    };
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    // A header value from a fault that HTTP cannot carry ends the connection.
    response
        .body(PacedBody::new(body))
        .map_err(|_| CutConnection::End)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpStream;
    use std::time::{Duration, Instant};

    use serde_json::{Value, json};

    use super::super::test_client::{Draft, HttpResponse};
    use super::super::{DEFAULT_ACCOUNT, Emulator, Fault, FaultKind};

    const WABA: &str = "123456789012345";

    fn bind(emulator: &Emulator) -> HttpResponse {
        Draft::new(emulator, "ChatappBindWaba", &[("WabaId", WABA)]).send()
    }

    /// Plays a fault given as in control documents on one bind; says what came back, and whether it was executed.
    fn check(document: Value, expected: impl Fn(&HttpResponse), executed: bool) {
        let emulator = Emulator::start().expect("a free port");
        let fault: Fault = serde_json::from_value(document.clone()).expect("a fault");
        let name = fault.fault.clone();
        emulator.inject(fault).expect("a sound fault");
        let response = bind(&emulator);
        expected(&response);
        let spaces = emulator.spaces(DEFAULT_ACCOUNT).len();
        assert_eq!(spaces, usize::from(executed), "{document}");
        let call = emulator.calls().pop().expect("the call is in the log");
        assert_eq!(call.executed, executed, "{document}");
        assert_eq!(call.fault, Some(name.name()));
        assert_eq!(call.status, response.status, "{document}");
        assert!(call.responded_at_ms.is_some());
        assert_eq!(
            bind(&emulator).code(),
            "OK",
            "one call was to be hit: {document}"
        );
    }

    fn says(status: u16, code: &'static str) -> impl Fn(&HttpResponse) {
        move |response| {
            let found = (response.status, response.code());
            assert_eq!(found, (Some(status), code.to_owned()), "{response:?}");
        }
    }

    #[test]
    fn refusals_are_sent_before_and_after_the_call() {
        for (when, executed) in [("before", false), ("after", true)] {
            let with = |fault: Value| json!({"when": when, "fault": fault});
            check(
                with(json!({"throttle": {}})),
                says(400, "Throttling.User"),
                executed,
            );
            let throttle =
                json!({"throttle": {"code": "Throttling", "status": 429, "retry_after_ms": 70}});
            let waits = |response: &HttpResponse| {
                says(429, "Throttling")(response);
                assert_eq!(response.header("x-acs-retry-after"), Some("70"));
            };
            check(with(throttle), waits, executed);
            let error = json!({"error": {"status": 503, "code": "ServiceUnavailable"}});
            check(with(error), says(503, "ServiceUnavailable"), executed);
            let expired = "InvalidSecurityToken.Expired";
            check(with(json!("expired_token")), says(400, expired), executed);
        }
    }

    #[test]
    fn unusual_bodies_are_sent() {
        let text = |expected: &'static str| {
            move |response: &HttpResponse| {
                let body = String::from_utf8_lossy(&response.body).into_owned();
                assert!(body.contains(expected), "{body}");
                assert!(response.is_whole());
                assert_eq!(response.json(), Value::Null);
            }
        };
        check(json!({"fault": {"html": {}}}), text("<h1>502</h1>"), false);
        check(
            json!({"fault": {"html": {"status": 504}}, "when": "after"}),
            text("<h1>504</h1>"),
            true,
        );
        check(
            json!({"fault": "invalid_json"}),
            text("{\"Code\":\"OK\""),
            false,
        );
        check(
            json!({"fault": {"body": {"text": "[[["}}}),
            text("[[["),
            false,
        );
        let empty = |response: &HttpResponse| {
            assert_eq!((response.status, response.body.len()), (Some(200), 0))
        };
        check(json!({"fault": "empty_body"}), empty, false);
        let huge = |response: &HttpResponse| {
            assert_eq!(response.body.len(), 1_000_001);
            assert_eq!(response.json()["Code"], "OK");
        };
        check(
            json!({"fault": {"huge_body": {"bytes": 1_000_001}}}),
            huge,
            false,
        );
        let elsewhere = |response: &HttpResponse| {
            assert_eq!(response.status, Some(307));
            assert_eq!(response.header("location"), Some("http://127.0.0.1:1/"));
        };
        let redirect = json!({"redirect": {"status": 307, "location": "http://127.0.0.1:1/"}});
        check(json!({"fault": redirect}), elsewhere, false);
    }

    #[test]
    fn faults_change_real_responses() {
        let missing = |response: &HttpResponse| {
            assert_eq!(response.json()["Data"], json!({"WabaId": WABA}));
        };
        check(
            json!({"fault": {"missing_fields": {"fields": ["Data.CustSpaceId", "X"]}}}),
            missing,
            true,
        );
        let wrong = |response: &HttpResponse| assert!(response.json()["Data"].is_array());
        check(
            json!({"fault": {"wrong_types": {"fields": ["Data"]}}}),
            wrong,
            true,
        );
        let set = |response: &HttpResponse| assert_eq!(response.json()["Data"]["WabaId"], 9);
        check(
            json!({"fault": {"set_fields": {"fields": {"Data.WabaId": 9}}}}),
            set,
            true,
        );
        let half = |response: &HttpResponse| {
            assert!(
                !response.is_whole() && !response.body.is_empty(),
                "{response:?}"
            );
        };
        check(json!({"fault": {"truncate": {}}}), half, true);
        let three = |response: &HttpResponse| assert_eq!(response.body, b"{\"A");
        check(json!({"fault": {"truncate": {"bytes": 3}}}), three, true);
    }

    #[test]
    fn connections_are_cut() {
        for (when, executed) in [("before", false), ("after", true)] {
            let ended = |response: &HttpResponse| {
                assert_eq!((response.status, response.was_reset), (None, false));
            };
            check(json!({"fault": "cut", "when": when}), ended, executed);
            let reset = |response: &HttpResponse| {
                assert_eq!((response.status, response.was_reset), (None, true));
            };
            check(json!({"fault": "reset", "when": when}), reset, executed);
        }
    }

    #[test]
    fn slow_faults_delay_the_response() {
        for fault in [
            json!({"fault": {"slow": {"delay_ms": 300}}}),
            json!({"fault": {"slow": {"delay_ms": 300}}, "when": "after"}),
            json!({"fault": {"drip": {"bytes": 50, "interval_ms": 100}}}),
        ] {
            let start = Instant::now();
            let slow = |response: &HttpResponse| {
                says(200, "OK")(response);
                assert!(start.elapsed() >= Duration::from_millis(300));
            };
            check(fault, slow, true);
        }
    }

    #[test]
    fn call_continues_after_its_client_left() {
        let emulator = Emulator::start().expect("a free port");
        let slow = FaultKind::Slow { delay_ms: 700 };
        let fault = Fault::new("ChatappBindWaba", slow);
        emulator.inject(fault).expect("a sound fault");
        let request = Draft::new(&emulator, "ChatappBindWaba", &[("WabaId", WABA)]).sign();
        let mut stream = TcpStream::connect(emulator.address()).expect("it listens");
        let mut text = format!("POST /?WabaId={WABA} HTTP/1.1\r\n");
        for (name, value) in &request.request.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        stream.write_all(text.as_bytes()).expect("it reads");
        assert!(emulator.wait_for_calls("ChatappBindWaba", 1, Duration::from_secs(10)));
        drop(stream);
        assert!(emulator.spaces(DEFAULT_ACCOUNT).is_empty());
        let deadline = Instant::now() + Duration::from_secs(10);
        while emulator.spaces(DEFAULT_ACCOUNT).is_empty() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(emulator.spaces_bound_to(WABA).len(), 1);
    }

    #[test]
    fn wrong_signature_is_refused_in_spite_of_faults() {
        let emulator = Emulator::start().expect("a free port");
        let fault = Fault::new("ChatappBindWaba", FaultKind::Cut);
        emulator.inject(fault).expect("a sound fault");
        let mut draft = Draft::new(&emulator, "ChatappBindWaba", &[("WabaId", WABA)]);
        draft.secret = "wrong".to_owned();
        assert_eq!(draft.send().code(), "SignatureDoesNotMatch");
        assert_eq!(emulator.faults().len(), 1);
        assert_eq!(bind(&emulator).status, None);
        assert!(emulator.faults().is_empty());
    }

    #[test]
    fn dropped_emulator_stops_listening() {
        let emulator = Emulator::start().expect("a free port");
        let address = emulator.address();
        let idle = TcpStream::connect(address).expect("it listens");
        drop(emulator);
        assert!(TcpStream::connect(address).is_err());
        drop(idle);
    }

    #[test]
    fn calls_are_served_concurrently() {
        let emulator = Emulator::start().expect("a free port");
        emulator.set_behavior(|behavior| behavior.gateway.cams_calls_per_second = None);
        let slow = FaultKind::Slow { delay_ms: 300 };
        let fault = Fault::new("ListInstance", slow).times(20);
        emulator.inject(fault).expect("a sound fault");
        let start = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    let response = Draft::new(&emulator, "ListInstance", &[]).send();
                    assert_eq!(response.code(), "OK");
                });
            }
        });
        assert!(
            start.elapsed() < Duration::from_secs(3),
            "{:?}",
            start.elapsed()
        );
    }
}
