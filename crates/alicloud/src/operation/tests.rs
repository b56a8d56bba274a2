//! Calls over real sockets on loopback.

use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use time::macros::datetime;
use tokio::time::Instant;

use super::{Interrupt, Response};
use crate::captured_log::CapturedLog;
use crate::circuit_breaker;
use crate::client::Runtime;
use crate::mock_server::{MockServer, Reaction};
use crate::{
    Action, Authentication, CAMS, Client, ClientConfig, ConnectCause, Credentials,
    CredentialsError, CredentialsSource, Endpoint, Error, ErrorKind, GiveUp, NoCredentials,
    Placement, Product, Protocol, STS, Secret, SignatureVersion, StaticKeys, TimeoutPhase,
};

const KEY_ID: &str = "LTAI5tQnKxAbCdEfGhJkwXyZ";
const SECRET: &str = "KEYSECRETvalue";
const TOKEN: &str = "TOKEN+value/with==specials";
const ISV_CODE: &str = "ISVCODEvalue";
const OK: &str = r#"{"Code":"OK","RequestId":"R-OK","Data":{"Id":"7"}}"#;
const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(150);

/// Changes something: not to be done twice.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Bind {
    waba_id: &'static str,
}

/// Reads something.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Query {
    isv_code: &'static str,
}

/// Trades a token, anonymously.
#[derive(Serialize)]
struct Trade {
    #[serde(rename = "OIDCToken")]
    token: &'static str,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    data: Option<Data>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Data {
    id: Option<String>,
}

impl Action for Bind {
    const NAME: &'static str = "Bind";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 10;
    const IDEMPOTENT: bool = false;
    type Response = Body;
}

impl Action for Query {
    const NAME: &'static str = "Query";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 10;
    const IDEMPOTENT: bool = true;
    const SENSITIVE: &'static [&'static str] = &["IsvCode"];
    type Response = Body;
}

impl Action for Trade {
    const NAME: &'static str = "Trade";
    const PRODUCT: &'static Product = &STS;
    const CALLS_PER_SECOND: u32 = 100;
    const IDEMPOTENT: bool = true;
    const PLACEMENT: Placement = Placement::Form;
    const AUTHENTICATION: Authentication = Authentication::Anonymous;
    const SENSITIVE: &'static [&'static str] = &["OIDCToken"];
    const SECRET_RESPONSE: bool = true;
    type Response = Body;
}

const BIND: Bind = Bind { waba_id: "42" };
const QUERY: Query = Query { isv_code: ISV_CODE };

fn config(host: &str) -> ClientConfig {
    let keys = StaticKeys::new(KEY_ID, SECRET, Some(TOKEN)).expect("valid keys");
    let mut config = ClientConfig::new("ap-southeast-1", Arc::new(keys));
    let endpoint = || Endpoint::parse(host, Protocol::Http).expect("an endpoint");
    config.endpoints = config
        .endpoints
        .with(&CAMS, endpoint())
        .with(&STS, endpoint());
    config
}

fn runtime() -> Runtime {
    static NONCES: AtomicU32 = AtomicU32::new(0);
    Runtime {
        now: || datetime!(2026-01-15 08:30:05 UTC),
        jitter: || 0.0,
        nonce: || format!("nonce-{}", NONCES.fetch_add(1, Ordering::Relaxed)),
        limiter: Arc::default(),
        circuit_breaker: circuit_breaker::Limits::default(),
    }
}

fn client_with(config: ClientConfig) -> Client {
    Client::within(config, runtime())
}

async fn start(reactions: &[Reaction]) -> (MockServer, Client) {
    let server = MockServer::start(reactions.to_vec()).await;
    let client = client_with(config(&server.host()));
    (server, client)
}

fn refusal(status: u16, code: &str) -> Reaction {
    let body = format!(r#"{{"Code":"{code}","Message":"said {code}","RequestId":"R-{code}"}}"#);
    Reaction::response(status, &[], &body)
}

fn ok() -> Reaction {
    Reaction::response(200, &[], OK)
}

fn parameter(request: &str, name: &str) -> Option<String> {
    let target = request.split(' ').nth(1)?;
    let url = reqwest::Url::parse(&format!("http://h{target}")).ok()?;
    url.query_pairs()
        .find_map(|(candidate, value)| (candidate == name).then(|| value.into_owned()))
}

fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let head = request.split("\r\n\r\n").next()?;
    head.lines().skip(1).find_map(|line| {
        let (candidate, value) = line.split_once(':')?;
        candidate.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// Everything that an error may say, its causes included.
fn everything(error: &Error) -> String {
    let mut text = format!("{error}\n{error:?}\n{error:#?}\n");
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        text.push_str(&format!("{cause}\n{cause:?}\n"));
        next = cause.source();
    }
    text
}

async fn bind(client: &Client) -> Result<Response<Body>, Error> {
    client.operation(LONG).call(&BIND).await
}

async fn query(client: &Client) -> Result<Response<Body>, Error> {
    client.operation(LONG).call(&QUERY).await
}

#[tokio::test]
async fn request_of_a_call_is_complete() {
    let (server, client) = start(&[ok()]).await;
    let response = bind(&client).await.expect("success");
    assert_eq!(
        response.body.data.and_then(|data| data.id).as_deref(),
        Some("7")
    );
    assert_eq!(
        (response.request_id.as_deref(), response.attempts),
        (Some("R-OK"), 1)
    );
    bind(&client).await.expect("success");
    let requests = server.requests();
    let request = &requests[0];
    assert!(request.starts_with("POST /?"), "{request}");
    for (name, value) in [
        ("Action", "Bind"),
        ("Version", "2020-06-06"),
        ("Format", "JSON"),
        ("WabaId", "42"),
        ("AccessKeyId", KEY_ID),
        ("SecurityToken", TOKEN),
        ("Timestamp", "2026-01-15T08:30:05Z"),
    ] {
        assert_eq!(parameter(request, name).as_deref(), Some(value), "{name}");
    }
    for (name, value) in [
        ("host", server.host().as_str()),
        ("accept", "application/json"),
        ("content-length", "0"),
        ("x-acs-action", "Bind"),
    ] {
        assert_eq!(header(request, name), Some(value), "{name}");
    }
    assert_eq!(header(request, "x-acs-retry-attempts"), None);
    assert_ne!(
        parameter(request, "SignatureNonce"),
        parameter(&requests[1], "SignatureNonce")
    );
    assert_eq!(server.connections(), 1, "connections are reused");
    assert_eq!(client.access_key_hint().as_deref(), Some("LTAI…wXyZ"));
}

#[tokio::test]
async fn v3_url_has_no_keys() {
    let server = MockServer::start(vec![ok()]).await;
    let mut config = config(&server.host());
    config.signature = config.signature.with(&CAMS, SignatureVersion::V3);
    bind(&client_with(config)).await.expect("success");
    let request = &server.requests()[0];
    assert!(
        request.starts_with("POST /?WabaId=42 HTTP/1.1"),
        "{request}"
    );
    assert_eq!(header(request, "x-acs-security-token"), Some(TOKEN));
    let authorization = header(request, "authorization").expect("a signature");
    let names = "SignedHeaders=host;x-acs-accesskey-id;x-acs-action;x-acs-content-sha256;x-acs-date;\
                     x-acs-security-token;x-acs-signature-nonce;x-acs-version,";
    assert!(authorization.contains(names), "{authorization}");
}

#[tokio::test]
async fn anonymous_call_sends_a_form() {
    let (server, client) = start(&[Reaction::response(200, &[], "{}")]).await;
    let trade = Trade { token: "the.token" };
    client.operation(LONG).call(&trade).await.expect("success");
    let request = &server.requests()[0];
    assert_eq!(parameter(request, "Action").as_deref(), Some("Trade"));
    for absent in ["OIDCToken", "AccessKeyId", "Signature", "SecurityToken"] {
        assert_eq!(parameter(request, absent), None);
    }
    assert!(
        request.ends_with("\r\n\r\nOIDCToken=the.token"),
        "{request}"
    );
}

#[tokio::test]
async fn throttled_call_is_retried() {
    let body = r#"{"Code":"Throttling.User"}"#;
    let asks = Reaction::response(400, &[("x-acs-retry-after", "120")], body);
    let reactions = [
        asks,
        refusal(400, "System.LimitControl"),
        refusal(200, "Throttling"),
        ok(),
    ];
    let (server, client) = start(&reactions).await;
    let started = Instant::now();
    // Not idempotent, and yet retried: none of these was executed.
    let response = bind(&client).await.expect("success");
    assert!(started.elapsed() >= Duration::from_millis(120));
    assert_eq!(response.attempts, 4);
    let requests = server.requests();
    assert_eq!(header(&requests[1], "x-acs-retry-attempts"), Some("1"));
    assert_eq!(header(&requests[1], "x-acs-retry-delay"), Some("120"));
    assert_eq!(header(&requests[3], "x-acs-retry-attempts"), Some("3"));
    let nonces = requests
        .iter()
        .map(|request| parameter(request, "SignatureNonce"));
    let mut nonces: Vec<_> = nonces.collect();
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 4, "each attempt has its own nonce");
}

/// The outcome is unknown: an action that changes something is sent once, one that reads is sent again.
async fn check_ambiguous(reaction: Reaction, expected: &str) {
    check_ambiguous_within(LONG, reaction, expected).await;
}

async fn check_ambiguous_within(read_timeout: Duration, reaction: Reaction, expected: &str) {
    let server = MockServer::start(vec![reaction.clone(), ok()]).await;
    let mut config = config(&server.host());
    config.read_timeout = read_timeout;
    let client = client_with(config.clone());
    let error = bind(&client).await.expect_err("ambiguous");
    let text = error.to_string();
    let end = "; not retried, because it is unknown whether the request was executed";
    assert!(text.contains(expected) && text.ends_with(end), "{text}");
    assert!(error.outcome_unknown(), "{text}");
    assert_eq!(
        (error.attempts(), error.give_up()),
        (1, GiveUp::NotIdempotent),
        "{text}"
    );
    assert_eq!(server.requests().len(), 1, "{text}");

    let server = MockServer::start(vec![reaction, ok()]).await;
    let endpoint = Endpoint::parse(&server.host(), Protocol::Http).expect("an endpoint");
    config.endpoints = config.endpoints.with(&CAMS, endpoint);
    let response = query(&client_with(config)).await.expect("success");
    assert_eq!(
        (response.attempts, server.requests().len()),
        (2, 2),
        "{text}"
    );
}

#[tokio::test]
async fn ambiguous_failures_of_a_bind_are_not_retried() {
    let partial = "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{\"Code\":";
    check_ambiguous(Reaction::default().cut(), "Bind at 127.0.0.1:").await;
    check_ambiguous(
        Reaction::default().cut(),
        "the connection was closed before",
    )
    .await;
    check_ambiguous(
        Reaction::raw(partial.as_bytes()).cut(),
        "the connection was closed",
    )
    .await;
    // Long enough for the good response of the second attempt.
    let limit = Duration::from_secs(2);
    let expected = "no complete response within 2 s";
    check_ambiguous_within(limit, ok().after(LONG), expected).await;
    check_ambiguous_within(limit, ok().dripping(limit / 5), expected).await;
    check_ambiguous(
        Reaction::response(
            502,
            &[("content-type", "text/html")],
            "<html><h1>502 Bad Gateway</h1>",
        ),
        "HTTP 502 with an HTML page with the title \"502 Bad Gateway\" in place of a response of the service",
    )
    .await;
    check_ambiguous(
        refusal(500, "InternalError"),
        "HTTP 500 InternalError: said",
    )
    .await;
    check_ambiguous(refusal(503, "Other"), "HTTP 503 Other").await;
    check_ambiguous(
        Reaction::response(200, &[], r#"{"Code":"OK","#),
        "JSON that ends too early, after 13 bytes",
    )
    .await;
    check_ambiguous(Reaction::response(200, &[], ""), "HTTP 200 with no content").await;
    check_ambiguous(
        Reaction::raw(b"SSH-2.0-nonsense\r\n").cut(),
        "the connection was closed",
    )
    .await;
}

#[tokio::test]
async fn unreadable_responses_are_decode_errors() {
    let wrong_type = Reaction::response(200, &[], r#"{"Code":"OK","Data":"text","RequestId":"R"}"#);
    let (server, client) = start(&[wrong_type]).await;
    let error = query(&client).await.expect_err("another shape");
    assert!(
        error
            .to_string()
            .contains("invalid type: string \"text\", expected struct Data"),
        "{error}"
    );
    assert_eq!((error.status(), error.request_id()), (Some(200), Some("R")));
    assert!(error.outcome_unknown());
    assert_eq!(
        server.requests().len(),
        1,
        "the next response would be the same"
    );
}

#[tokio::test]
async fn large_responses_are_not_read() {
    let announced = "HTTP/1.1 200 OK\r\ncontent-length: 4194305\r\n\r\n";
    let mut chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..5 {
        chunked.extend_from_slice(b"100000\r\n");
        chunked.extend_from_slice(&vec![b' '; 0x10_0000]);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    for bytes in [announced.as_bytes(), &chunked] {
        let (server, client) = start(&[Reaction::raw(bytes)]).await;
        let error = query(&client).await.expect_err("too large");
        assert!(
            error.to_string().contains("it is larger than 4 MiB"),
            "{error}"
        );
        assert_eq!(server.requests().len(), 1);
    }
    // The limit itself is allowed.
    let body = format!("{OK}{}", " ".repeat(4 * 1024 * 1024 - OK.len()));
    let (_server, client) = start(&[Reaction::response(200, &[], &body)]).await;
    query(&client).await.expect("success");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = MockServer::start(vec![ok()]).await;
    for status in [301, 302, 303, 307, 308] {
        let target = format!("http://{}/login?AccessKeyId={KEY_ID}", elsewhere.host());
        let (_server, client) =
            start(&[Reaction::response(status, &[("location", &target)], "")]).await;
        let error = bind(&client).await.expect_err("redirected");
        assert!(
            error
                .to_string()
                .contains(&format!("HTTP {status}, a redirect to http://127.0.0.1;")),
            "{error}"
        );
        assert!(!error.outcome_unknown());
    }
    assert_eq!(elsewhere.requests().len(), 0);
}

#[tokio::test]
async fn refusals_are_final() {
    for status in [200, 400, 403, 404] {
        let (server, client) = start(&[refusal(status, "Product.Unsubscript")]).await;
        let error = query(&client).await.expect_err("refused");
        assert_eq!(error.code(), Some("Product.Unsubscript"));
        assert_eq!(error.status(), Some(status));
        assert_eq!(error.request_id(), Some("R-Product.Unsubscript"));
        assert_eq!(error.access_key_hint(), Some("LTAI…wXyZ"));
        assert_eq!((error.attempts(), error.give_up()), (1, GiveUp::Pointless));
        assert!(!error.outcome_unknown());
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_used_nonce_is_replaced_once() {
    let used = refusal(400, "SignatureNonceUsed");
    let (_server, client) = start(&[used.clone(), ok()]).await;
    assert_eq!(query(&client).await.expect("success").attempts, 2);
    let (server, client) = start(slice::from_ref(&used)).await;
    let error = query(&client).await.expect_err("used again");
    assert_eq!((error.attempts(), error.give_up()), (2, GiveUp::Exhausted));
    assert_eq!(server.requests().len(), 2);

    // The copy that came first may have been executed.
    let (server, client) = start(&[used]).await;
    let error = bind(&client).await.expect_err("unknown");
    assert_eq!(error.give_up(), GiveUp::NotIdempotent);
    assert!(error.outcome_unknown());
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn the_clock_of_the_service_is_learned() {
    let body = r#"{"Code":"InvalidTimeStamp.Expired"}"#;
    let expired = Reaction::response(400, &[("date", "Thu, 15 Jan 2026 10:00:05 GMT")], body);
    let (server, client) = start(&[expired, ok()]).await;
    assert_eq!(bind(&client).await.expect("success").attempts, 2);
    assert_eq!(bind(&client).await.expect("success").attempts, 1);
    let dates = server.requests();
    let dates = dates.iter().map(|request| parameter(request, "Timestamp"));
    let expected = [
        "2026-01-15T08:30:05Z",
        "2026-01-15T10:00:05Z",
        "2026-01-15T10:00:05Z",
    ];
    assert_eq!(
        dates.collect::<Vec<_>>(),
        expected.map(|date| Some(date.to_owned()))
    );
}

fn session(id: &str) -> Credentials {
    Credentials {
        access_key_id: id.to_owned(),
        access_key_secret: Secret::new(SECRET),
        security_token: Some(Secret::new(TOKEN)),
    }
}

/// Gives a new session each time it is asked for a replacement.
#[derive(Debug)]
struct Sessions {
    number: AtomicU32,
    fails: bool,
}

#[async_trait]
impl CredentialsSource for Sessions {
    async fn credentials(&self) -> Result<Credentials, CredentialsError> {
        let number = self.number.load(Ordering::Relaxed);
        Ok(session(&format!("STS.session{number}")))
    }

    async fn replacement(
        &self,
        _expired: &Credentials,
    ) -> Result<Option<Credentials>, CredentialsError> {
        if self.fails {
            return Err(CredentialsError::other("the role is gone"));
        }
        self.number.fetch_add(1, Ordering::Relaxed);
        self.credentials().await.map(Some)
    }

    fn access_key_id(&self) -> Option<String> {
        None
    }
}

#[tokio::test]
async fn expired_credentials_are_replaced_once() {
    for code in [
        "InvalidSecurityToken.Expired",
        "InvalidAccessKeyId.NotFound",
    ] {
        let expired = refusal(403, code);
        let server = MockServer::start(vec![expired.clone(), ok(), expired]).await;
        let mut config = config(&server.host());
        let sessions = |fails| {
            Arc::new(Sessions {
                number: AtomicU32::new(0),
                fails,
            })
        };
        config.credentials = sessions(false);
        let client = client_with(config.clone());
        assert_eq!(client.access_key_hint(), None);
        assert_eq!(bind(&client).await.expect("success").attempts, 2);
        let error = bind(&client).await.expect_err("expired for good");
        assert_eq!((error.attempts(), error.code()), (2, Some(code)));
        assert_eq!(error.give_up(), GiveUp::Exhausted);
        let keys: Vec<_> = server
            .requests()
            .iter()
            .map(|r| parameter(r, "AccessKeyId"))
            .collect();
        let expected = [
            "STS.session0",
            "STS.session1",
            "STS.session1",
            "STS.session2",
        ];
        assert_eq!(keys, expected.map(|key| Some(key.to_owned())));

        config.credentials = sessions(true);
        let error = bind(&client_with(config))
            .await
            .expect_err("no replacement");
        assert_eq!((error.attempts(), error.code()), (1, Some(code)));
        assert!(everything(&error).contains("the role is gone"));
    }
    // Fixed keys are all there is.
    let (server, client) = start(&[refusal(403, "InvalidSecurityToken.Expired")]).await;
    bind(&client).await.expect_err("expired");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn refused_credentials_are_tried_once() {
    let (server, client) = start(&[refusal(403, "SignatureDoesNotMatch")]).await;
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { query(&client).await.expect_err("refused") })
        })
        .collect();
    let mut attempts = 0;
    for call in calls {
        let error = call.await.expect("no panic");
        assert_eq!(error.code(), Some("SignatureDoesNotMatch"));
        assert_eq!(error.request_id(), Some("R-SignatureDoesNotMatch"));
        attempts += error.attempts();
    }
    assert_eq!((attempts, server.requests().len()), (1, 1));
    // Of other credentials nothing is known.
    let keys = StaticKeys::new(KEY_ID, "ANOTHERSECRETvalue", None).expect("valid keys");
    let other = client.acting_as(Arc::new(keys));
    query(&other).await.expect_err("refused");
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn refusals_that_may_heal_are_tried_each_time() {
    for code in ["NoPermission", "Product.Unsubscript"] {
        let (server, client) = start(&[refusal(403, code), refusal(403, code), ok()]).await;
        for _ in 0..2 {
            let error = query(&client).await.expect_err("refused");
            assert_eq!(error.attempts(), 1);
        }
        query(&client).await.expect("granted meanwhile");
        assert_eq!(server.requests().len(), 3);
    }
}

/// Has a session and, from the second time on, another one.
#[derive(Debug)]
struct LateSessions {
    asked: AtomicU32,
}

#[async_trait]
impl CredentialsSource for LateSessions {
    async fn credentials(&self) -> Result<Credentials, CredentialsError> {
        Ok(session("STS.old"))
    }

    async fn replacement(
        &self,
        _expired: &Credentials,
    ) -> Result<Option<Credentials>, CredentialsError> {
        match self.asked.fetch_add(1, Ordering::Relaxed) {
            0 => Err(CredentialsError::other("STS is down")),
            _ => Ok(Some(session("STS.new"))),
        }
    }

    fn access_key_id(&self) -> Option<String> {
        None
    }
}

#[tokio::test]
async fn expired_credentials_are_not_given_up_while_their_source_may_recover() {
    let expired = refusal(403, "InvalidSecurityToken.Expired");
    let server = MockServer::start(vec![expired.clone(), expired, ok()]).await;
    let mut config = config(&server.host());
    config.credentials = Arc::new(LateSessions {
        asked: AtomicU32::new(0),
    });
    let client = client_with(config);
    let error = query(&client).await.expect_err("no replacement");
    assert!(everything(&error).contains("STS is down"));
    assert_eq!(query(&client).await.expect("replaced").attempts, 2);
}

#[tokio::test]
async fn others_go_on_after_whatever_first_attempt() {
    for first in [ok(), refusal(400, "Throttling.User"), ok().cut()] {
        let (server, client) = start(&[first.after(Duration::from_millis(50)), ok()]).await;
        let calls: Vec<_> = (0..6)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { query(&client).await })
            })
            .collect();
        let mut attempts = 0;
        for call in calls {
            attempts += call.await.expect("no panic").expect("success").attempts;
        }
        assert_eq!(server.requests().len(), attempts as usize);
    }
}

#[tokio::test]
async fn without_credentials_nothing_is_sent() {
    let server = MockServer::start(vec![ok()]).await;
    let mut config = config(&server.host());
    config.credentials = Arc::new(NoCredentials::because("no access key was given"));
    let error = bind(&client_with(config))
        .await
        .expect_err("no credentials");
    assert_eq!(error.kind(), &ErrorKind::Credentials);
    assert!(!error.outcome_unknown());
    assert!(everything(&error).contains("no access key was given"));
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn refused_connection_is_a_connect_error() {
    let client = client_with(config("127.0.0.1:1"));
    let error = bind(&client).await.expect_err("refused");
    let ErrorKind::Connect(failure) = error.kind() else {
        panic!("{error}")
    };
    assert_eq!(failure.cause, ConnectCause::Refused);
    // Nothing was sent, so even a bind is tried again.
    assert_eq!((error.attempts(), error.give_up()), (6, GiveUp::Exhausted));
    assert!(!error.outcome_unknown());
}

#[tokio::test]
async fn plain_server_is_a_tls_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let client = client_with(config(&format!("https://127.0.0.1:{port}")));
    let error = bind(&client).await.expect_err("no TLS there");
    let text = error.to_string();
    assert!(text.contains("does the endpoint speak HTTPS?"), "{text}");
    assert!(!error.outcome_unknown() && error.attempts() == 1, "{text}");
}

/// A server that takes connections and never says a word, so that TLS is never established.
async fn mute() -> (tokio::net::TcpListener, String) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    (listener, format!("https://127.0.0.1:{port}"))
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    // The deadline passes while connecting.
    let (_listener, host) = mute().await;
    let client = client_with(config(&host));
    let error = client
        .operation(SHORT)
        .call(&BIND)
        .await
        .expect_err("no connection");
    assert!(
        error.to_string().contains("no connection in time"),
        "{error}"
    );
    assert!(!error.outcome_unknown(), "{error}");
    assert!(
        matches!(error.give_up(), GiveUp::Deadline { .. }),
        "{error:?}"
    );

    // The time for connecting passes.
    let mut config = config(&host);
    config.connect_timeout = SHORT / 5;
    let client = client_with(config);
    let error = bind(&client).await.expect_err("no connection");
    assert!(
        error.to_string().contains("no connection in time"),
        "{error}"
    );
    assert_eq!((error.attempts(), error.outcome_unknown()), (6, false));
}

#[tokio::test]
async fn an_untrusted_certificate_is_final() {
    let certified =
        rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("a certificate");
    let key = rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der())
        .expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server_config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .expect("a valid pair");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(server_config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = acceptor.accept(stream).await;
        }
    });
    let client = client_with(config(&format!("https://127.0.0.1:{port}")));
    let error = bind(&client).await.expect_err("untrusted");
    let ErrorKind::Connect(failure) = error.kind() else {
        panic!("{error}")
    };
    assert!(
        matches!(
            failure.cause,
            ConnectCause::Certificate(_) | ConnectCause::NoRoots
        ),
        "{error}"
    );
    assert!(!error.outcome_unknown());
}

#[tokio::test]
async fn wait_beyond_the_deadline_is_not_started() {
    let asks = Reaction::response(
        400,
        &[("x-acs-retry-after", "5000")],
        r#"{"Code":"Throttling"}"#,
    );
    let (server, client) = start(&[asks]).await;
    let started = Instant::now();
    let operation = client.operation(Duration::from_secs(3));
    let error = operation.call(&BIND).await.expect_err("throttled");
    assert!(started.elapsed() < Duration::from_secs(2));
    assert_eq!(
        error.give_up(),
        GiveUp::Deadline {
            wait: Some(Duration::from_secs(5))
        }
    );
    let ErrorKind::Throttled { retry_after, .. } = error.kind() else {
        panic!("{error}")
    };
    assert_eq!(*retry_after, Some(Duration::from_secs(5)));
    assert!(!error.outcome_unknown());
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn the_deadline_cuts_an_attempt() {
    let (_server, client) = start(&[ok().after(LONG)]).await;
    let error = client
        .operation(SHORT)
        .call(&BIND)
        .await
        .expect_err("too late");
    let ErrorKind::Timeout(TimeoutPhase::Response(limit)) = error.kind() else {
        panic!("{error}")
    };
    assert!(*limit <= SHORT && error.outcome_unknown());
}

#[tokio::test]
async fn deadline_applies_to_the_rate_limit() {
    let (server, client) = start(&[ok()]).await;
    for _ in 0..10 {
        bind(&client).await.expect("success");
    }
    let error = client
        .operation(SHORT)
        .call(&BIND)
        .await
        .expect_err("no turn in time");
    assert_eq!(error.kind(), &ErrorKind::Timeout(TimeoutPhase::RateLimit));
    assert!(!error.outcome_unknown());
    assert_eq!((error.attempts(), server.requests().len()), (0, 10));
}

#[tokio::test]
async fn retry_time_is_limited() {
    let asks = Reaction::response(
        400,
        &[("x-acs-retry-after", "60")],
        r#"{"Code":"Throttling"}"#,
    );
    let server = MockServer::start(vec![asks]).await;
    let mut config = config(&server.host());
    config.max_retry_timeout = Some(Duration::from_millis(200));
    let client = client_with(config);
    let operation = client.operation(LONG);
    let error = operation.call(&BIND).await.expect_err("throttled");
    assert_eq!(
        error.give_up(),
        GiveUp::MaxRetryTimeout {
            wait: Duration::from_millis(60)
        }
    );
    assert!((2..=4).contains(&error.attempts()), "{error}");
    // The budget belongs to the operation, so the next call has hardly any left.
    let error = operation.call(&BIND).await.expect_err("throttled");
    assert!(error.attempts() <= 2, "{error}");
}

#[tokio::test]
async fn stopping_ends_waits() {
    let asks = Reaction::response(
        400,
        &[("x-acs-retry-after", "15000")],
        r#"{"Code":"Throttling"}"#,
    );
    let (server, client) = start(&[asks]).await;
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { bind(&client).await }
    });
    while server.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(SHORT).await;
    client.stop();
    let error = waiting.await.expect("no panic").expect_err("stopped");
    assert_eq!(
        (error.kind(), error.give_up()),
        (&ErrorKind::Stopped, GiveUp::Stopped)
    );
    assert!(everything(&error).contains("throttled: HTTP 400 Throttling"));
    assert_eq!(server.requests().len(), 1);
    // Nothing begins any more.
    let error = bind(&client).await.expect_err("stopped");
    assert_eq!((error.kind(), error.attempts()), (&ErrorKind::Stopped, 0));
    assert_eq!(
        client.operation(LONG).pause(LONG / 2).await,
        Err(Interrupt::Stopped)
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn stopping_ends_a_wait_for_the_rate_limit() {
    let (server, client) = start(&[ok()]).await;
    for _ in 0..10 {
        bind(&client).await.expect("success");
    }
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { bind(&client).await }
    });
    tokio::task::yield_now().await;
    client.stop();
    let error = waiting.await.expect("no panic").expect_err("stopped");
    assert_eq!((error.kind(), error.attempts()), (&ErrorKind::Stopped, 0));
    assert_eq!(server.requests().len(), 10);
}

#[tokio::test]
async fn waits_are_logged() {
    let asks = Reaction::response(
        400,
        &[("x-acs-retry-after", "30")],
        r#"{"Code":"Throttling"}"#,
    );
    let (_server, client) = start(&[asks, ok()]).await;
    let log = CapturedLog::start();
    for _ in 0..10 {
        bind(&client).await.expect("success");
    }
    let logged = log.text();
    let waits = |field: &str, least: u64| {
        let values = logged.split_whitespace();
        let values = values.filter_map(|word| word.strip_prefix(field)?.parse().ok());
        values.filter(|wait: &u64| *wait >= least).count()
    };
    assert_eq!(waits("wait_ms=", 30), 1, "the service's word: {logged}");
    assert!(waits("rate_limit_wait_ms=", 1) > 0, "in line: {logged}");
}

#[tokio::test]
async fn stopping_lets_a_call_in_flight_end() {
    let (server, client) = start(&[ok().after(SHORT * 2)]).await;
    let flying = tokio::spawn({
        let client = client.clone();
        async move { bind(&client).await }
    });
    while server.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    client.stop();
    let response = flying
        .await
        .expect("no panic")
        .expect("the response is used");
    assert_eq!(response.request_id.as_deref(), Some("R-OK"));
}

#[tokio::test]
async fn pauses() {
    let client = client_with(config("127.0.0.1:1"));
    let operation = client.operation(Duration::from_secs(2));
    assert_eq!(operation.pause(Duration::from_millis(10)).await, Ok(()));
    assert_eq!(operation.pause(LONG).await, Err(Interrupt::Deadline));
    assert!(operation.remaining() < Duration::from_secs(2));
    client
        .operation(Duration::MAX)
        .pause(Duration::ZERO)
        .await
        .expect("far deadline");
}

#[tokio::test]
async fn no_error_holds_a_secret() {
    let echo = format!(
        "your secret {SECRET}, your token {TOKEN}, once more {}, your ISV code {ISV_CODE}, your key {KEY_ID}",
        crate::signature::percent_encode(TOKEN)
    );
    let json = |status| {
        let body = serde_json::json!({
            "Code": "SignatureDoesNotMatch", "Message": echo, "Recommend": echo, "AccessDeniedDetail": echo,
        });
        Reaction::response(status, &[], &body.to_string())
    };
    let target = format!(
        "http://127.0.0.1:9/?SecurityToken={TOKEN}&IsvCode={ISV_CODE}&AccessKeyId={KEY_ID}"
    );
    let reactions = [
        json(400),
        json(200),
        json(500),
        json(429),
        Reaction::response(502, &[], &echo),
        Reaction::response(200, &[], &echo),
        Reaction::response(
            200,
            &[],
            &serde_json::json!({"Code": "OK", "Data": echo}).to_string(),
        ),
        Reaction::response(302, &[("location", &target)], ""),
        Reaction::default().cut(),
        Reaction::raw(format!("{echo}\r\n\r\n").as_bytes()).cut(),
        Reaction::raw(b"HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n"),
        ok().after(LONG),
    ];
    let log = CapturedLog::start();
    for (number, reaction) in reactions.into_iter().enumerate() {
        for version in [SignatureVersion::V1, SignatureVersion::V3] {
            let server = MockServer::start(vec![reaction.clone()]).await;
            let mut config = config(&server.host());
            config.signature = config.signature.with(&CAMS, version);
            config.read_timeout = SHORT;
            let client = client_with(config);
            let operation = client.operation(SHORT * 4);
            let error = operation.call(&QUERY).await.expect_err("a failure");
            let said = format!("{}{client:?}{operation:?}", everything(&error));
            for hidden in [SECRET, "TOKEN+", "TOKEN%2B", ISV_CODE, KEY_ID, "Signature="] {
                assert!(
                    !said.contains(hidden),
                    "reaction {number}: {hidden} in {said}"
                );
            }
        }
    }
    let logged = log.text();
    assert!(
        logged.contains("action=\"Query\"") && logged.contains("duration_ms="),
        "{logged}"
    );
    for hidden in [SECRET, "TOKEN+", "TOKEN%2B", ISV_CODE, KEY_ID, "Signature="] {
        assert!(!logged.contains(hidden), "{hidden} in {logged}");
    }
}

/// A client that gives a service up after three outages in a row, and tries it again at intervals of `probing`.
fn impatient(config: ClientConfig, probing: Duration) -> Client {
    let limits = circuit_breaker::Limits {
        failures: 3,
        lasting: Duration::ZERO,
        probing,
    };
    let mut runtime = runtime();
    runtime.circuit_breaker = limits;
    Client::within(config, runtime)
}

#[tokio::test]
async fn open_circuit_breaker_fails_calls_at_once() {
    let down = Reaction::response(
        503,
        &[],
        r#"{"Code":"ServiceUnavailable","RequestId":"R-DOWN"}"#,
    );
    let reactions = [down.clone(), down.clone(), down];
    let server = MockServer::start(reactions.to_vec()).await;
    let client = impatient(config(&server.host()), LONG * 100);
    let error = query(&client).await.expect_err("down");
    let ErrorKind::Down { failures: 3, .. } = error.kind() else {
        panic!("{error:?}")
    };
    assert!(
        everything(&error).contains("HTTP 503 ServiceUnavailable"),
        "the cause is in it: {error:?}"
    );
    // A thousand others send nothing at all, not even in line for their turn.
    for _ in 0..1000 {
        let error = bind(&client).await.expect_err("down");
        assert!(matches!(error.kind(), ErrorKind::Down { .. }) && !error.outcome_unknown());
        assert_eq!((error.attempts(), error.give_up()), (0, GiveUp::Pointless));
    }
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn any_response_closes_the_circuit_breaker() {
    let down = refusal(503, "ServiceUnavailable");
    let back = refusal(404, "Nothing.There");
    let server = MockServer::start(vec![down.clone(), down.clone(), down, back, ok()]).await;
    // Each call is a probe.
    let client = impatient(config(&server.host()), Duration::ZERO);
    let mut codes = Vec::new();
    while server.requests().len() < 4 {
        let error = query(&client).await.expect_err("down or refused");
        codes.push(error.code().map(str::to_owned));
    }
    assert_eq!(codes.pop().flatten().as_deref(), Some("Nothing.There"));
    query(&client).await.expect("success");
}

#[tokio::test]
async fn other_errors_do_not_open_the_circuit_breaker() {
    for reaction in [
        refusal(400, "Throttling.User"),
        refusal(400, "Product.Unsubscript"),
        refusal(403, "NoPermission"),
    ] {
        let server = MockServer::start(vec![reaction]).await;
        let client = impatient(config(&server.host()), SHORT);
        for _ in 0..4 {
            let error = client
                // Long enough that no busy machine turns a refusal into a timeout.
                .operation(SHORT * 10)
                .call(&QUERY)
                .await
                .expect_err("refused");
            assert!(!matches!(error.kind(), ErrorKind::Down { .. }), "{error:?}");
        }
    }
}

#[tokio::test]
async fn unknown_outcome_stays_when_the_service_is_down() {
    let server = MockServer::start(vec![Reaction::default().cut()]).await;
    let client = impatient(config(&server.host()), SHORT);
    let error = query(&client).await.expect_err("down");
    assert!(matches!(error.kind(), ErrorKind::Down { .. }), "{error:?}");
    assert!(
        error.outcome_unknown() && error.attempts() == 3,
        "{error:?}"
    );
}

#[tokio::test]
async fn the_limit_can_be_set() {
    let server = MockServer::start(vec![ok()]).await;
    let mut config = config(&server.host());
    config.requests_per_second = std::num::NonZeroU32::new(2);
    let client = client_with(config);
    let started = Instant::now();
    for _ in 0..3 {
        bind(&client).await.expect("success");
    }
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn retry_after_applies_to_all_callers() {
    let asks = Reaction::response(
        429,
        &[("x-acs-retry-after", "600")],
        r#"{"Code":"Throttling"}"#,
    );
    let (server, client) = start(&[asks, ok()]).await;
    let started = Instant::now();
    let first = tokio::spawn({
        let client = client.clone();
        async move { bind(&client).await }
    });
    while server.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(SHORT / 3).await;
    bind(&client).await.expect("success");
    assert!(started.elapsed() >= Duration::from_millis(600));
    first.await.expect("no panic").expect("success");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn attempt_without_retry_leaves_time_to_look() {
    let (_server, client) = start(&[ok().after(LONG)]).await;
    let operation = client.operation(Duration::from_secs(1));
    operation.call(&BIND).await.expect_err("too late");
    assert!(
        operation.remaining() >= Duration::from_millis(150),
        "{operation:?}"
    );
}

#[test]
fn calls_can_move_between_threads() {
    fn check<T: Send>(_: T) {}
    let client = client_with(config("127.0.0.1:1"));
    let operation = client.operation(LONG);
    check(operation.call(&BIND));
    check(client.clone());
}
