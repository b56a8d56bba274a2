//! Riding at the limit: one process never crosses it, several share it, and a service that is down is given up quickly.
//!
//! The shipped binary, through the plugin host, against the emulated service with its limits. Must not contain: the
//! arithmetic of the limiter; it is tested where it stands.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use acceptance_tests::{
    emulator::{DEFAULT_ACCOUNT, Emulator, Fault, FaultKind},
    provider_binary::{self, Profile},
    session::{Outcome, Session, provider_config},
};
use serde_json::{Value, json};
use tokio::{net::TcpSocket, task::JoinSet};

const BIND: &str = "ChatappBindWaba";

/// A machine that is busy with other tests may hold so many calls up for longer than the margin of the limiter. Then they arrive in
/// a second with others.
const HELD_UP: usize = 2;

fn binary() -> PathBuf {
    provider_binary::path(Profile::tested()).unwrap_or_else(|error| panic!("{error}"))
}

async fn start(config: &Value) -> Arc<Session> {
    Arc::new(Session::start(&binary(), config).await.expect("starts"))
}

/// Creates a binding for each WABA, all at once, as Terraform does with enough parallelism.
fn create_all(into: &mut JoinSet<Outcome>, session: &Arc<Session>, wabas: std::ops::Range<u64>) {
    for waba_id in wabas {
        let session = Arc::clone(session);
        into.spawn(async move {
            let arguments = json!({"waba_id": waba_id.to_string()});
            session.create(&arguments).await.expect("responds")
        });
    }
}

fn refused(emulator: &Emulator) -> usize {
    let calls = emulator.calls().into_iter();
    calls.filter(|call| call.status != Some(200)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_never_crosses_the_limit() {
    let emulator = Emulator::start().expect("a free port");
    let session = start(&provider_config(&emulator)).await;
    let started = Instant::now();
    let mut running = JoinSet::new();
    create_all(&mut running, &session, 1000..1060);
    while let Some(outcome) = running.join_next().await {
        let outcome = outcome.expect("no panic");
        assert_eq!(outcome.diagnostics, [], "{}", outcome.messages());
    }
    let refused = refused(&emulator);
    assert!(
        refused <= HELD_UP,
        "{refused} of 120 calls were one too many"
    );
    assert_eq!(emulator.spaces(DEFAULT_ACCOUNT).len(), 60);
    assert!(emulator.busiest_second(DEFAULT_ACCOUNT, BIND) <= 10 + refused);
    // Ten at once, and then ten a second.
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn several_processes_share_the_limit_and_nobody_sees_an_error() {
    let emulator = Emulator::start().expect("a free port");
    let config = provider_config(&emulator);
    // Built before the time is taken.
    binary();
    let started = Instant::now();
    let mut running = JoinSet::new();
    for process in 0..3 {
        let session = start(&config).await;
        create_all(
            &mut running,
            &session,
            process * 100 + 1000..process * 100 + 1030,
        );
    }
    while let Some(outcome) = running.join_next().await {
        let outcome = outcome.expect("no panic");
        assert_eq!(outcome.diagnostics, [], "{}", outcome.messages());
    }
    assert_eq!(
        emulator.spaces(DEFAULT_ACCOUNT).len(),
        90,
        "nothing lost, nothing doubled"
    );
    let binds = emulator.calls_of(BIND);
    let refused = binds.iter().filter(|call| call.status != Some(200)).count();
    assert!(refused > 0, "the processes did collide");
    assert!(refused <= 90, "{refused} refusals for 90 binds");
    assert!(
        started.elapsed() < Duration::from_secs(60),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_after_applies_to_the_whole_process() {
    let emulator = Emulator::start().expect("a free port");
    let fault = FaultKind::Throttle {
        code: "Throttling.User".to_owned(),
        status: 400,
        retry_after_ms: Some(2_000),
    };
    emulator
        .inject(Fault::new(BIND, fault))
        .expect("a sound fault");
    let session = start(&provider_config(&emulator)).await;
    let mut running = JoinSet::new();
    create_all(&mut running, &session, 1000..1001);
    assert!(emulator.wait_for_calls(BIND, 1, Duration::from_secs(20)));
    // The refusal is on its way back for a moment.
    tokio::time::sleep(Duration::from_millis(300)).await;
    create_all(&mut running, &session, 1001..1005);
    while let Some(outcome) = running.join_next().await {
        assert!(!outcome.expect("no panic").failed());
    }
    let binds = emulator.calls_of(BIND);
    let wait = binds[1].at_ms - binds[0].at_ms;
    assert!(wait >= 2_000, "the next call came after {wait} ms");
    assert_eq!(binds.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_the_provider_block_is_kept() {
    let emulator = Emulator::start().expect("a free port");
    // The service shows each call that comes too early.
    emulator.set_behavior(|behavior| behavior.gateway.cams_calls_per_second = Some(3));
    let mut config = provider_config(&emulator);
    config["requests_per_second"] = json!(3);
    let session = start(&config).await;
    let mut running = JoinSet::new();
    create_all(&mut running, &session, 1000..1009);
    while let Some(outcome) = running.join_next().await {
        assert!(!outcome.expect("no panic").failed());
    }
    let refused = refused(&emulator);
    assert!(refused <= HELD_UP, "{refused} calls were one too many");
    for action in [BIND, "QueryChatappBindWaba"] {
        assert!(emulator.busiest_second(DEFAULT_ACCOUNT, action) <= 3 + refused);
    }
}

/// A thousand objects and a service that refuses every connection: one cause, in a minute, and an end to it.
#[tokio::test(flavor = "multi_thread")]
async fn circuit_breaker_opens_and_closes_again() {
    // Bound, but nobody listens: connections are refused, and no other process gets the port.
    let closed = TcpSocket::new_v4().expect("a socket");
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    closed.bind(loopback).expect("a free port");
    let port = closed.local_addr().expect("an address").port();
    let emulator = Emulator::start().expect("a free port");
    let mut config = provider_config(&emulator);
    config["endpoints"] = json!({"cams": format!("http://127.0.0.1:{port}")});
    let session = start(&config).await;
    let started = Instant::now();
    let (mut ids, mut running) = (1000..2000_u64, JoinSet::new());
    let (mut down, mut whole) = (0, 0);
    // Ten at a time, as Terraform does by default.
    loop {
        while running.len() < 10
            && let Some(id) = ids.next()
        {
            create_all(&mut running, &session, id..id + 1);
        }
        let Some(outcome) = running.join_next().await else {
            break;
        };
        let outcome = outcome.expect("no panic");
        let messages = outcome.messages();
        assert!(outcome.failed() && outcome.state.is_null(), "{messages}");
        let is_down = messages.contains("Provider.ServiceDown");
        assert!(
            is_down || messages.contains("Provider.Network.Refused"),
            "every object names the cause: {messages}"
        );
        down += usize::from(is_down);
        whole += usize::from(messages.contains("connection was refused"));
    }
    assert_eq!(whole, 2, "one error for each cause says all");
    assert!(
        started.elapsed() < Duration::from_secs(90),
        "{:?}",
        started.elapsed()
    );
    assert!(
        down > 900,
        "{down} of 1000 did not have to find out by themselves"
    );

    // The service recovers. Calls are let through from time to time, and the first response closes the circuit breaker.
    drop(closed);
    let back = Emulator::start_on(port).expect("the port is free");
    let deadline = Instant::now() + Duration::from_secs(20);
    let outcome = loop {
        let outcome = session
            .create(&json!({"waba_id": "77"}))
            .await
            .expect("responds");
        if !outcome.failed() || Instant::now() > deadline {
            break outcome;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert!(!outcome.failed(), "{}", outcome.messages());
    assert_eq!(back.spaces_bound_to("77").len(), 1);
}
