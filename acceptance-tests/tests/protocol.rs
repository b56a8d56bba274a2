//! The shipped binary as a plugin process: start, protection, and every way to end.
//! What its RPCs mean is in `rpcs`.

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use acceptance_tests::{
    plugin_host::{
        Address, BOTH, Caller, Dial, Handshake, HostError, Identity, Launch, MAX_WAIT, PluginHost,
        Process, provider, value::dynamic,
    },
    proto::{
        grpc_health_v1::{
            HealthCheckRequest, HealthListRequest, health_check_response::ServingStatus,
            health_client::HealthClient,
        },
        plugin::{ConnInfo, Empty},
        tfplugin6,
    },
    provider_binary::{self, Profile},
};
use rustls::version::{TLS12, TLS13};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{sleep, timeout},
};
use tonic::{Code, transport::Channel};

fn binary() -> PathBuf {
    provider_binary::path(Profile::tested()).unwrap_or_else(|error| panic!("{error}"))
}

fn launch() -> Launch {
    Launch::new(&binary()).expect("a certificate is made")
}

fn bare() -> Launch {
    Launch::bare(&binary()).expect("a directory is made")
}

async fn start() -> PluginHost {
    launch().start().await.expect("the plugin starts")
}

/// Asks the plugin whether it is well: works for its host and for nobody else.
async fn check_health(channel: Channel) -> Result<(), HostError> {
    let request = HealthCheckRequest {
        service: "plugin".to_owned(),
    };
    let response = timeout(MAX_WAIT, HealthClient::new(channel).check(request)).await??;
    match response.into_inner().status() {
        ServingStatus::Serving => Ok(()),
        status => Err(format!("{status:?}").into()),
    }
}

async fn must_respond(host: &PluginHost) {
    check_health(host.channel.clone())
        .await
        .expect("the plugin responds to its host");
    check_health(
        host.dial()
            .connect()
            .await
            .expect("its host connects again"),
    )
    .await
    .expect("and there, too");
}

async fn must_refuse(dial: Dial, whom: &str) {
    if let Ok(channel) = dial.connect().await {
        let health = check_health(channel.clone()).await;
        assert!(health.is_err(), "{whom} got a response");
        let schema = provider(channel)
            .get_provider_schema(tfplugin6::get_provider_schema::Request {})
            .await;
        // The plugin itself serves this RPC, so any error comes from the connection.
        assert!(schema.is_err(), "{whom} got a response");
    }
}

#[cfg(unix)]
fn socket(host: &PluginHost) -> PathBuf {
    match &host.handshake.address {
        Address::Unix(path) => path.clone(),
        Address::Tcp(address) => panic!("listens on {address}"),
    }
}

// Start

#[tokio::test]
async fn start_by_hand_prints_an_explanation() {
    for launch in [bare(), launch().env("TF_PLUGIN_MAGIC_COOKIE", "wrong")] {
        let ended = launch.run().await.expect("ends");
        assert_eq!(ended.status.code(), Some(1));
        assert_eq!(ended.stdout, "");
        assert!(
            ended.stderr.contains("a plugin that Terraform"),
            "{}",
            ended.stderr
        );
        assert!(
            ended
                .stderr
                .contains("registry.terraform.io/alicloud-cams/alicloud"),
            "{}",
            ended.stderr
        );
    }
}

#[tokio::test]
async fn help_and_version_are_printed() {
    let response = async |argument: &str| {
        let ended = bare().arg(argument).run().await.expect("ends");
        assert_eq!(
            (ended.status.code(), ended.stderr.as_str()),
            (Some(0), ""),
            "{argument}"
        );
        ended.stdout
    };
    for argument in ["-version", "--version"] {
        let text = response(argument).await;
        assert!(text.starts_with("terraform-provider-alicloud 0."), "{text}");
    }
    for argument in ["-help", "--help"] {
        let text = response(argument).await;
        for word in [
            "-debug",
            "-version",
            "TF_LOG_PROVIDER_ALICLOUD",
            "TF_PLUGIN_NETWORK",
        ] {
            assert!(text.contains(word), "{word} is not in {text}");
        }
    }
    let ended = launch().arg("-frobnicate").run().await.expect("ends");
    assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(2), ""));
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("-frobnicate") && ended.stderr.contains("-help"),
        "{}",
        ended.stderr
    );
}

#[tokio::test]
async fn invalid_variable_ends_the_start_with_an_error() {
    let refused = async |name: &str, value: &str| {
        let ended = launch().env(name, value).run().await.expect("ends");
        assert_eq!(
            (ended.status.code(), ended.stdout.as_str()),
            (Some(1), ""),
            "{name}={value}"
        );
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        assert!(ended.stderr.contains(name), "{}", ended.stderr);
    };
    // A connection that was to be protected is never served unprotected.
    refused("PLUGIN_CLIENT_CERT", "").await;
    refused("PLUGIN_CLIENT_CERT", "-----BEGIN CERTIFICATE-----").await;
    refused(
        "PLUGIN_CLIENT_CERT",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    .await;
    refused("PLUGIN_MIN_PORT", "many").await;
    refused("TF_PLUGIN_NETWORK", "udp").await;
    refused("PLUGIN_UNIX_SOCKET_DIR", "/nowhere/at/all").await;
}

#[tokio::test]
async fn stdout_has_only_the_handshake_line() {
    let host = start().await;
    assert_eq!(host.handshake.multiplex, None);
    assert!(host.handshake.certificate.is_some());
    must_respond(&host).await;
    let ended = host.shut_down().await.expect("ends");
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", ""));
    assert!(ended.status.success());
}

#[tokio::test]
async fn version_is_six_for_every_offer() {
    for offered in ["5,6", "6,5", "6", "5", "7", ""] {
        let process = launch()
            .env("PLUGIN_PROTOCOL_VERSIONS", offered)
            .spawn()
            .await
            .expect("starts");
        assert!(
            process.first_line.starts_with("1|6|"),
            "{offered:?}: {}",
            process.first_line
        );
    }
}

#[tokio::test]
async fn seventh_field_is_present_if_requested() {
    let host = launch()
        .env("PLUGIN_MULTIPLEX_GRPC", "true")
        .start()
        .await
        .expect("starts");
    assert_eq!(host.handshake.multiplex, Some(false));
    must_respond(&host).await;
}

#[cfg(unix)]
#[tokio::test]
async fn socket_is_reachable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let temporary = tempfile::tempdir().expect("is made");
    let host = launch()
        .env("TMPDIR", temporary.path())
        .start()
        .await
        .expect("starts");
    let socket = socket(&host);
    assert!(socket.starts_with(temporary.path()), "{socket:?}");
    let directory = socket.parent().expect("has a parent");
    let mode = std::fs::metadata(directory)
        .expect("exists")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
    host.shut_down().await.expect("ends");
    assert_eq!(files(temporary.path()), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn long_temporary_directory_is_replaced() {
    let temporary = tempfile::tempdir().expect("is made");
    let deep = temporary.path().join("d".repeat(100));
    std::fs::create_dir(&deep).expect("is made");
    let host = launch().env("TMPDIR", &deep).start().await.expect("starts");
    let socket = socket(&host);
    assert!(!socket.starts_with(&deep), "{socket:?}");
    must_respond(&host).await;
    host.shut_down().await.expect("ends");
    assert!(!socket.exists());
    assert_eq!(files(&deep), 0);
}

#[tokio::test]
async fn tcp_as_on_windows() {
    let host = launch()
        .env("TF_PLUGIN_NETWORK", "tcp")
        .start()
        .await
        .expect("starts");
    let Address::Tcp(address) = host.handshake.address else {
        panic!("listens on {}", host.handshake.address)
    };
    assert!(address.ip().is_loopback());
    assert!((10000..=25000).contains(&address.port()));
    must_respond(&host).await;
    must_refuse(host.dial_as(Caller::Anonymous), "without a certificate").await;

    let other = launch()
        .env("TF_PLUGIN_NETWORK", "tcp")
        .start()
        .await
        .expect("starts beside the first");
    assert_ne!(other.handshake.address, host.handshake.address);
    other.shut_down().await.expect("ends");
    let ended = host.shut_down().await.expect("ends");
    assert!(ended.after < Duration::from_secs(1), "{:?}", ended.after);

    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("binds");
    let port = taken.local_addr().expect("is bound").port().to_string();
    let ended = launch()
        .env("TF_PLUGIN_NETWORK", "tcp")
        .env("PLUGIN_MIN_PORT", &port)
        .env("PLUGIN_MAX_PORT", &port)
        .run()
        .await
        .expect("ends");
    assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(1), ""));
    assert!(ended.stderr.contains(&port), "{}", ended.stderr);
}

// Protection

#[tokio::test]
async fn only_the_host_gets_responses() {
    let host = start().await;
    let own = host.identity.clone().expect("asked for TLS");
    let other = Identity::new().expect("is made");
    must_refuse(host.dial_as(Caller::Anonymous), "without a certificate").await;
    must_refuse(host.dial_as(Caller::PlainText), "without TLS").await;
    must_refuse(
        host.dial_as(Caller::WithCertificate(other.clone())),
        "with another certificate",
    )
    .await;
    must_refuse(
        host.dial_as(Caller::WithCertificate(own.with_key_of(&other))),
        "without the key",
    )
    .await;
    // In the header, the name, the public key, and the signature.
    let len = own.certificate_len();
    for index in [3, len / 4, len / 2, len - 60, len - 1] {
        let modified = Caller::WithCertificate(own.with_flipped_bit(index));
        must_refuse(
            host.dial_as(modified),
            &format!("with byte {index} modified"),
        )
        .await;
    }
    must_respond(&host).await;
    host.shut_down().await.expect("ends");
}

#[tokio::test]
async fn tls_1_2_is_accepted_with_the_same_checks() {
    let host = start().await;
    const ONE_EACH: [&[&rustls::SupportedProtocolVersion]; 2] = [&[&TLS12], &[&TLS13]];
    for versions in ONE_EACH {
        let dial = |caller| Dial {
            versions,
            ..host.dial_as(caller)
        };
        let own = host.identity.clone().expect("asked for TLS");
        let other = Identity::new().expect("is made");
        check_health(
            dial(Caller::WithCertificate(own.clone()))
                .connect()
                .await
                .expect("connects"),
        )
        .await
        .expect("responds");
        must_refuse(dial(Caller::Anonymous), "without a certificate").await;
        must_refuse(
            dial(Caller::WithCertificate(other.clone())),
            "with another certificate",
        )
        .await;
        must_refuse(
            dial(Caller::WithCertificate(own.with_key_of(&other))),
            "without the key",
        )
        .await;
    }
    must_respond(&host).await;
}

#[tokio::test]
async fn tls_below_1_2_is_refused() {
    let host = start().await;
    let response = async |minor| {
        let mut stream = host.dial().raw().await.expect("connects");
        stream
            .write_all(&client_hello(minor))
            .await
            .expect("is read");
        let mut response = [0; 7];
        timeout(MAX_WAIT, stream.read_exact(&mut response))
            .await
            .expect("does not hang")
            .expect("gets a response");
        response
    };
    // An alert: fatal, protocol_version.
    const REFUSED: [u8; 7] = [21, 3, 3, 0, 2, 2, 70];
    for minor in 0..3 {
        assert_eq!(response(minor).await, REFUSED, "version 3.{minor}");
    }
    // The same message from a client that knows TLS 1.2 gets on: nothing but the version was wrong with it.
    let hello = response(3).await;
    assert_eq!((hello[0], hello[5]), (22, 2), "{hello:?} is no ServerHello");
    must_respond(&host).await;
}

/// The first message of a TLS client that knows nothing beyond version 3.`minor`, and else all that is needed.
fn client_hello(minor: u8) -> Vec<u8> {
    let list = |items: &[u16]| {
        let mut bytes = (items.len() as u16 * 2).to_be_bytes().to_vec();
        items
            .iter()
            .for_each(|item| bytes.extend(item.to_be_bytes()));
        bytes
    };
    // supported_groups: x25519, P-256; ec_point_formats: uncompressed; signature_algorithms: ECDSA with SHA-256.
    let extensions: [(u16, Vec<u8>); 3] = [
        (10, list(&[29, 23])),
        (11, vec![1, 0]),
        (13, list(&[0x0403])),
    ];
    let mut extended = Vec::new();
    for (id, content) in extensions {
        extended.extend(id.to_be_bytes());
        extended.extend((content.len() as u16).to_be_bytes());
        extended.extend(content);
    }

    let mut body = vec![3, minor];
    body.extend([7; 32]); // random
    body.push(0); // session ID
    body.extend(list(&[0xc02b, 0xc009, 0xc00a])); // ECDHE with ECDSA: one of TLS 1.2, two of its predecessors
    body.extend([1, 0]); // no compression
    body.extend((extended.len() as u16).to_be_bytes());
    body.extend(extended);
    let mut handshake = vec![1];
    handshake.extend(&(body.len() as u32).to_be_bytes()[1..]);
    handshake.extend(body);
    let mut record = vec![22, 3, minor];
    record.extend((handshake.len() as u16).to_be_bytes());
    record.extend(handshake);
    record
}

#[tokio::test]
async fn host_without_tls_is_served() {
    let host = launch().without_tls().start().await.expect("starts");
    assert_eq!(host.handshake.certificate, None);
    must_respond(&host).await;
    host.shut_down().await.expect("ends");
}

// Neighbours

#[tokio::test]
async fn stalled_connections_delay_no_other() {
    let host = start().await;
    let mut stalled = Vec::new();
    // More than the process keeps at one time.
    for index in 0..300 {
        let mut stream = host.dial().raw().await.expect("connects");
        if index % 2 == 0 {
            // Half a record; the rest never comes. The last ones are refused.
            let _ = stream.write_all(&client_hello(3)[..20]).await;
        }
        stalled.push(stream);
        if index % 50 == 0 {
            must_respond(&host).await;
        }
    }
    // A connection that is there already is not touched, and after two seconds the oldest of them make room.
    check_health(host.channel.clone()).await.expect("responds");
    sleep(Duration::from_millis(2100)).await;
    must_respond(&host).await;
    for mut stream in stalled.drain(..100) {
        // A peer that sends nonsense now, or is gone.
        let _ = stream.write_all(&[0xff; 300]).await;
    }
    must_respond(&host).await;
    host.shut_down()
        .await
        .expect("ends, though half of them are still there");
}

#[tokio::test]
async fn thousand_concurrent_calls_are_served() {
    let host = start().await;
    let calls: Vec<_> = (0..1000)
        .map(|_| tokio::spawn(check_health(host.channel.clone())))
        .collect();
    for call in calls {
        call.await
            .expect("does not panic")
            .expect("gets a response");
    }
}

#[tokio::test]
async fn reset_calls_leave_nothing_behind() {
    let host = start().await;
    for _ in 0..10 {
        let calls: Vec<_> = (0..100)
            .map(|_| {
                let mut provider = host.provider();
                let request = tfplugin6::get_provider_schema::Request {};
                tokio::spawn(async move { provider.get_provider_schema(request).await })
            })
            .collect();
        // Long enough for some of them to be on their way; a future dropped there resets its stream.
        sleep(Duration::from_millis(2)).await;
        calls.iter().for_each(tokio::task::JoinHandle::abort);
        must_respond(&host).await;
    }
    // A call still counted as in flight would hold up the end.
    let ended = host.shut_down().await.expect("ends");
    assert!(ended.after < Duration::from_secs(1), "{:?}", ended.after);
    assert!(ended.status.success());
}

#[tokio::test]
async fn next_connection_is_served_after_a_lost_one() {
    let host = start().await;
    for _ in 0..5 {
        let channel = host.dial().connect().await.expect("connects");
        let calls: Vec<_> = (0..100)
            .map(|_| tokio::spawn(check_health(channel.clone())))
            .collect();
        drop(channel);
        sleep(Duration::from_millis(2)).await;
        // With the last call its connection goes.
        calls.iter().for_each(tokio::task::JoinHandle::abort);
        must_respond(&host).await;
    }
    let ended = host.shut_down().await.expect("ends");
    assert!(ended.after < Duration::from_secs(1), "{:?}", ended.after);
    assert!(ended.status.success());
}

#[tokio::test]
async fn oversized_message_fails_only_its_call() {
    let host = start().await;
    let status = announce_message(&host, 256 << 20 | 1).await;
    assert_eq!(status, Some(Code::OutOfRange));
    must_respond(&host).await;

    // More than the four mebibytes that gRPC libraries accept by default. The content does not matter.
    let large = tfplugin6::validate_provider_config::Request {
        config: Some(tfplugin6::DynamicValue {
            msgpack: vec![0xc1; 10 << 20],
            json: Vec::new(),
        }),
    };
    if let Err(status) = host.provider().validate_provider_config(large).await {
        assert!(
            !matches!(status.code(), Code::OutOfRange | Code::ResourceExhausted),
            "{status:?}"
        );
    }
    must_respond(&host).await;
}

/// Announces a message of so many bytes to an RPC without sending it, and reads the status of the response.
async fn announce_message(host: &PluginHost, length: u32) -> Option<Code> {
    use http_body_util::Full;
    use tonic::{
        Status,
        body::Body,
        codegen::{Bytes, Service, http},
    };
    let mut message = vec![0];
    message.extend(length.to_be_bytes());
    message.extend([0; 1024]);
    let request = http::Request::post("http://localhost/tfplugin6.Provider/ValidateProviderConfig")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Body::new(Full::new(Bytes::from(message))))
        .expect("is a request");
    let mut channel = host.channel.clone();
    std::future::poll_fn(|cx| channel.poll_ready(cx))
        .await
        .expect("is ready");
    let response = timeout(MAX_WAIT, channel.call(request))
        .await
        .expect("does not hang")
        .expect("gets a response");
    Status::from_header_map(response.headers()).map(|status| status.code())
}

#[tokio::test]
async fn garbage_in_place_of_http2_ends_only_its_connection() {
    let host = start().await;
    for garbage in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0xff; 4096],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        let mut stream = host.dial().stream().await.expect("connects");
        stream.write_all(garbage).await.expect("is read");
        let mut response = Vec::new();
        // Closed or reset, with or without a last frame: but not held open.
        let _ = timeout(MAX_WAIT, stream.read_to_end(&mut response))
            .await
            .expect("does not hang");
    }
    must_respond(&host).await;
}

// go-plugin's services

#[tokio::test]
async fn health() {
    let host = start().await;
    let mut health = host.health();
    let check = async |health: &mut HealthClient<Channel>, service: &str| {
        let response = health
            .check(HealthCheckRequest {
                service: service.to_owned(),
            })
            .await;
        response
            .map(|response| response.into_inner().status())
            .map_err(|status| status.code())
    };
    assert_eq!(
        check(&mut health, "plugin").await,
        Ok(ServingStatus::Serving)
    );
    assert_eq!(check(&mut health, "").await, Ok(ServingStatus::Serving));
    assert_eq!(check(&mut health, "other").await, Err(Code::NotFound));

    let list = health
        .list(HealthListRequest {})
        .await
        .expect("gets a response")
        .into_inner();
    assert_eq!(list.statuses["plugin"].status(), ServingStatus::Serving);

    for (service, expected) in [
        ("plugin", ServingStatus::Serving),
        ("other", ServingStatus::ServiceUnknown),
    ] {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let mut watch = health
            .watch(request)
            .await
            .expect("gets a response")
            .into_inner();
        let first = watch.message().await.expect("is well").expect("is there");
        assert_eq!(first.status(), expected, "{service}");
        assert!(
            timeout(Duration::from_millis(200), watch.message())
                .await
                .is_err(),
            "{service} has no news"
        );
    }
}

#[tokio::test]
async fn stdio_and_broker_are_open_and_silent_until_shutdown() {
    let host = start().await;
    let mut stdio = host
        .stdio()
        .stream_stdio(())
        .await
        .expect("opens")
        .into_inner();
    let (offers, offered) = tokio::sync::mpsc::channel(1);
    let offered = tokio_stream::wrappers::ReceiverStream::new(offered);
    let mut broker = host
        .broker()
        .start_stream(offered)
        .await
        .expect("opens")
        .into_inner();
    offers
        .send(ConnInfo {
            service_id: 1,
            ..ConnInfo::default()
        })
        .await
        .expect("is taken");
    assert!(
        timeout(Duration::from_millis(200), stdio.message())
            .await
            .is_err(),
        "stdio speaks"
    );
    assert!(
        timeout(Duration::from_millis(200), broker.message())
            .await
            .is_err(),
        "the broker speaks"
    );

    // The host closes its half of the broker and leaves stdio open.
    drop(offers);
    let end = timeout(MAX_WAIT, broker.message())
        .await
        .expect("ends")
        .expect("ends well");
    assert_eq!(end, None);

    host.controller()
        .shutdown(Empty {})
        .await
        .expect("gets a response");
    // The end of the stream, or of the connection under it.
    let end = timeout(MAX_WAIT, stdio.message()).await.expect("ends");
    assert!(matches!(end, Ok(None) | Err(_)), "{end:?}");
    let ended = host
        .process
        .ended_within(Duration::from_secs(1))
        .await
        .expect("ends at once");
    assert!(ended.status.success());
}

// End

#[cfg(unix)]
#[tokio::test]
async fn shutdown_ends_the_process_at_once() {
    let host = start().await;
    let directory = socket(&host).parent().expect("has a parent").to_owned();
    // Other connections, stalled and live, change nothing.
    let _live = host.dial().connect().await.expect("connects");
    let _stalled = host.dial().raw().await.expect("connects");
    let ended = host.shut_down().await.expect("ends");
    assert!(
        ended.after < Duration::from_millis(1000),
        "{:?}",
        ended.after
    );
    assert!(ended.status.success());
    assert!(!directory.exists());
}

#[cfg(unix)]
#[tokio::test]
async fn interrupt_is_ignored_under_a_host() {
    let mut host = start().await;
    for _ in 0..3 {
        host.process.signal("INT").await.expect("is sent");
        must_respond(&host).await;
    }
    sleep(Duration::from_millis(300)).await;
    assert!(host.process.is_running().expect("can be asked"));
    must_respond(&host).await;
    host.shut_down().await.expect("ends");
}

#[cfg(unix)]
#[tokio::test]
async fn early_interrupt_is_ignored_under_a_host() {
    for _ in 0..5 {
        let mut process = launch().spawn().await.expect("starts");
        process.signal("INT").await.expect("is sent");
        sleep(Duration::from_millis(20)).await;
        assert!(process.is_running().expect("can be asked"));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn termination_ends_the_process_cleanly() {
    for signal in ["TERM", "HUP"] {
        let host = start().await;
        let directory = socket(&host).parent().expect("has a parent").to_owned();
        must_respond(&host).await;
        host.process.signal(signal).await.expect("is sent");
        let ended = host
            .process
            .ended_within(Duration::from_secs(5))
            .await
            .expect("ends");
        assert_eq!(ended.status.code(), Some(0));
        assert!(!directory.exists());
    }
}

/// The host has had the same signal, or is about to: until then it begins calls, and it still has responses to read.
#[cfg(unix)]
#[tokio::test]
async fn terminated_process_serves_its_host_until_the_last_response() {
    let host = start().await;
    host.process.signal("TERM").await.expect("is sent");
    for _ in 0..4 {
        sleep(Duration::from_millis(400)).await;
        let request = tfplugin6::get_provider_schema::Request {};
        host.provider()
            .get_provider_schema(request)
            .await
            .expect("is served");
    }
    let ended = host
        .process
        .ended_within(Duration::from_secs(5))
        .await
        .expect("ends");
    assert_eq!(ended.status.code(), Some(0));
}

#[cfg(unix)]
#[tokio::test]
async fn process_ends_without_its_host() {
    let host = start().await;
    let directory = socket(&host).parent().expect("has a parent").to_owned();
    let second = host.dial().connect().await.expect("connects");
    check_health(second.clone()).await.expect("responds");
    let PluginHost {
        mut process,
        channel,
        ..
    } = host;
    drop(channel);
    // One connection is left.
    sleep(Duration::from_secs(3)).await;
    assert!(process.is_running().expect("can be asked"));
    check_health(second.clone()).await.expect("still responds");
    drop(second);
    let ended = process
        .ended_within(Duration::from_secs(10))
        .await
        .expect("ends by itself");
    assert!(ended.status.success());
    assert!(!directory.exists());
}

/// A shell's background job, `nohup` and some supervisors pass on ignored or blocked signals.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn ignored_and_blocked_signals_are_not_inherited() {
    let ignoring = r#"trap '' TERM INT HUP QUIT PIPE; exec "$0" "$@""#;
    let blocking = r#"exec env --block-signal=TERM,INT,HUP "$0" "$@""#;
    for script in [ignoring, blocking] {
        for signal in ["TERM", "HUP"] {
            let host = launch()
                .through_shell(script)
                .start()
                .await
                .expect("starts");
            host.process.signal(signal).await.expect("is sent");
            let ended = host.process.ended_within(Duration::from_secs(5)).await;
            let ended = ended.unwrap_or_else(|error| panic!("{script}, {signal}: {error}"));
            assert_eq!(ended.status.code(), Some(0), "{script}, {signal}");
        }
        let host = launch()
            .through_shell(script)
            .start()
            .await
            .expect("starts");
        let PluginHost {
            process, channel, ..
        } = host;
        drop(channel);
        let ended = process.ended_within(Duration::from_secs(10)).await;
        let ended = ended.unwrap_or_else(|error| panic!("{script}, orphan: {error}"));
        assert_eq!(ended.status.code(), Some(0), "{script}, orphan");
    }
}

// Standard streams

#[tokio::test]
async fn stdin_is_not_read() {
    let (mut reader, mut writer) = std::io::pipe().expect("is made");
    writer.write_all(b"yes\n").expect("is taken");
    let host = launch()
        .stdin(reader.try_clone().expect("is made"))
        .start()
        .await
        .expect("starts");
    must_respond(&host).await;
    host.shut_down().await.expect("ends");
    drop(writer);
    let mut rest = String::new();
    reader.read_to_string(&mut rest).expect("is read");
    assert_eq!(rest, "yes\n");
}

#[tokio::test]
async fn every_log_line_is_one_that_terraform_reads() {
    let host = launch()
        .env("TF_LOG", "trace")
        .start()
        .await
        .expect("starts");
    must_refuse(host.dial_as(Caller::Anonymous), "without a certificate").await;
    must_respond(&host).await;
    let ended = host.shut_down().await.expect("ends");
    assert!(ended.stderr.lines().count() >= 2, "{}", ended.stderr);
    for line in ended.stderr.lines() {
        let line: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let text = |key: &str| {
            line[key]
                .as_str()
                .unwrap_or_else(|| panic!("{key} in {line}"))
        };
        assert!(
            ["trace", "debug", "info", "warn", "error"].contains(&text("@level")),
            "{line}"
        );
        assert!(
            !text("@message").is_empty() && !text("@module").is_empty(),
            "{line}"
        );
        let (date, time) = text("@timestamp")
            .split_once('T')
            .unwrap_or_else(|| panic!("{line}"));
        assert_eq!(
            (date.len(), time.len(), time.find('.'), time.ends_with('Z')),
            (10, 16, Some(8), true),
            "{line}"
        );
    }
    assert!(
        ended.stderr.contains("Refused a connection"),
        "{}",
        ended.stderr
    );
}

#[tokio::test]
async fn the_level_is_the_lesser_of_the_hosts_and_the_providers() {
    let lines = async |variables: &[(&str, &str)]| {
        let launch = variables
            .iter()
            .fold(launch(), |launch, (name, value)| launch.env(name, value));
        let host = launch.start().await.expect("starts");
        must_refuse(host.dial_as(Caller::Anonymous), "without a certificate").await;
        host.shut_down().await.expect("ends").stderr
    };
    // A refusal is a warning, the end of the process a debug line.
    let refused = |lines: &str| lines.contains("Refused a connection");
    let leaving = |lines: &str| lines.contains("Leaving");
    let check = async |variables: &[(&str, &str)], warnings: bool, debug: bool| {
        let lines = lines(variables).await;
        assert_eq!(
            (refused(&lines), leaving(&lines)),
            (warnings, debug),
            "{variables:?}: {lines}"
        );
    };
    check(&[], false, false).await;
    check(&[("TF_LOG_PROVIDER_ALICLOUD", "TRACE")], false, false).await;
    check(&[("TF_LOG", "debug")], true, true).await;
    check(&[("TF_LOG", "warn")], true, false).await;
    check(
        &[("TF_LOG", "trace"), ("TF_LOG_PROVIDER", "warn")],
        true,
        false,
    )
    .await;
    check(
        &[("TF_LOG", "trace"), ("TF_LOG_PROVIDER_ALICLOUD", "warn")],
        true,
        false,
    )
    .await;
    check(
        &[
            ("TF_LOG_PROVIDER", "JSON"),
            ("TF_LOG_PROVIDER_ALICLOUD", "off"),
        ],
        false,
        false,
    )
    .await;
}

#[tokio::test]
async fn broken_stderr_does_not_stop_the_provider() {
    let (reader, writer) = std::io::pipe().expect("is made");
    let host = launch()
        .env("TF_LOG", "trace")
        .stderr(writer)
        .start()
        .await
        .expect("starts");
    drop(reader);
    must_refuse(host.dial_as(Caller::Anonymous), "without a certificate").await;
    must_respond(&host).await;
    assert!(host.shut_down().await.expect("ends").status.success());
}

#[tokio::test]
async fn unread_stderr_does_not_block_the_provider() {
    let (reader, writer) = std::io::pipe().expect("is made");
    let host = launch()
        .env("TF_LOG", "trace")
        .stderr(writer)
        .start()
        .await
        .expect("starts");
    // More lines than a pipe holds, and more than may wait.
    for _ in 0..1500 {
        drop(host.dial().raw().await.expect("connects"));
    }
    must_respond(&host).await;
    assert!(host.shut_down().await.expect("ends").status.success());
    drop(reader);
}

// Debug mode

#[cfg(unix)]
#[tokio::test]
async fn debug_mode_waits_for_hosts_until_its_user_interrupts_it() {
    for argument in ["-debug", "--debug"] {
        let process = bare().arg(argument).spawn().await.expect("starts");
        let assignment = process.first_line.trim_end();
        let json = assignment
            .strip_prefix("TF_REATTACH_PROVIDERS='")
            .and_then(|rest| rest.strip_suffix('\''))
            .unwrap_or_else(|| panic!("{assignment}"));
        let providers: Value = serde_json::from_str(json).expect("is JSON");
        let provider = &providers["registry.terraform.io/alicloud-cams/alicloud"];
        assert_eq!(provider["Protocol"], "grpc");
        assert_eq!(provider["ProtocolVersion"], 6);
        assert_eq!(provider["Test"], true);
        assert_eq!(provider["Pid"], process.pid().expect("runs"));
        assert_eq!(provider["Addr"]["Network"], "unix");
        let path = PathBuf::from(provider["Addr"]["String"].as_str().expect("is text"));

        let handshake = Handshake {
            address: Address::Unix(path.clone()),
            certificate: None,
            multiplex: None,
        };
        let dial = Dial {
            handshake,
            caller: Caller::PlainText,
            versions: BOTH,
        };
        for _ in 0..2 {
            check_health(dial.clone().connect().await.expect("connects"))
                .await
                .expect("responds");
        }
        // Longer than a process waits that a host has started.
        if argument == "-debug" {
            sleep(Duration::from_secs(3)).await;
        }
        check_health(dial.connect().await.expect("still connects"))
            .await
            .expect("responds");
        process.signal("INT").await.expect("is sent");
        let ended = process
            .ended_within(Duration::from_secs(2))
            .await
            .expect("ends");
        assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(0), ""));
        assert!(ended.stderr.contains("Ctrl-C"), "{}", ended.stderr);
        assert!(!path.exists());
    }
}

/// The address that the process prints for its user.
fn debug_address(process: &Process) -> (String, String) {
    let json = process
        .first_line
        .trim_end()
        .strip_prefix("TF_REATTACH_PROVIDERS='")
        .and_then(|rest| rest.strip_suffix('\''))
        .unwrap_or_else(|| panic!("{}", process.first_line));
    let providers: Value = serde_json::from_str(json).expect("is JSON");
    let address = &providers["registry.terraform.io/alicloud-cams/alicloud"]["Addr"];
    let text = |key: &str| address[key].as_str().expect("is text").to_owned();
    (text("Network"), text("String"))
}

#[cfg(unix)]
#[tokio::test]
async fn debug_mode_uses_tcp_only_with_its_flag() {
    // The variable is for the network of plugins, which TLS protects.
    let process = bare()
        .arg("-debug")
        .env("TF_PLUGIN_NETWORK", "tcp")
        .spawn()
        .await
        .expect("starts");
    assert_eq!(debug_address(&process).0, "unix");
    process.signal("INT").await.expect("is sent");
    let ended = process.ended_within(MAX_WAIT).await.expect("ends");
    assert!(!ended.stderr.contains("every user"), "{}", ended.stderr);

    let process = bare().arg("-debug-tcp").spawn().await.expect("starts");
    let (network, address) = debug_address(&process);
    assert_eq!(network, "tcp");
    let address: std::net::SocketAddr = address.parse().expect("is an address");
    assert!(address.ip().is_loopback());
    let dial = Dial {
        handshake: Handshake {
            address: Address::Tcp(address),
            certificate: None,
            multiplex: None,
        },
        caller: Caller::PlainText,
        versions: BOTH,
    };
    check_health(dial.connect().await.expect("connects"))
        .await
        .expect("responds");
    process.signal("INT").await.expect("is sent");
    let ended = process.ended_within(MAX_WAIT).await.expect("ends");
    let warning = format!("every user of this machine can connect to {address}");
    assert!(ended.stderr.contains(&warning), "{}", ended.stderr);
}

#[cfg(unix)]
#[tokio::test]
async fn provider_blocks_of_one_debug_process_must_agree() {
    let process = bare().arg("-debug").spawn().await.expect("starts");
    let (_, path) = debug_address(&process);
    let dial = Dial {
        handshake: Handshake {
            address: Address::Unix(path.into()),
            certificate: None,
            multiplex: None,
        },
        caller: Caller::PlainText,
        versions: BOTH,
    };
    // Each block has a connection of its own.
    let configure = async |key: &str| {
        let mut provider = provider(dial.clone().connect().await.expect("connects"));
        let schema = provider
            .get_provider_schema(tfplugin6::get_provider_schema::Request {})
            .await
            .expect("responds")
            .into_inner();
        let block = schema.provider.and_then(|schema| schema.block);
        let block = block.expect("has one");
        let attributes = block.attributes.iter().map(|attribute| &attribute.name);
        let blocks = block.block_types.iter().map(|block| &block.type_name);
        let mut config: serde_json::Map<String, Value> = attributes
            .chain(blocks)
            .map(|name| (name.clone(), Value::Null))
            .collect();
        config.insert("access_key".to_owned(), key.into());
        config.insert("secret_key".to_owned(), "secret".into());
        let request = tfplugin6::configure_provider::Request {
            terraform_version: "1.11.4".to_owned(),
            config: dynamic(&config.into()),
            client_capabilities: None,
        };
        let response = provider.configure_provider(request).await;
        let messages = response.expect("responds").into_inner().diagnostics;
        let messages = messages
            .into_iter()
            .map(|diagnostic| diagnostic.summary + &diagnostic.detail);
        messages.collect::<String>()
    };
    assert_eq!(configure("LTAIone").await, "");
    assert_eq!(configure("LTAIone").await, "");
    let messages = configure("LTAIother").await;
    assert!(
        messages.contains("Provider.DebugConfiguration"),
        "{messages}"
    );
    assert!(!messages.contains("LTAI"), "{messages}");
    process.signal("INT").await.expect("is sent");
    process.ended_within(MAX_WAIT).await.expect("ends");
}

#[cfg(unix)]
fn files(directory: &Path) -> usize {
    std::fs::read_dir(directory).expect("exists").count()
}
