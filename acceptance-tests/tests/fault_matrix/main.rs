//! The fault matrix: each fault of network and service against each operation, once and for ever, as a table for the
//! service and one for the Security Token Service (STS). The operations of other types than the binding meet a choice of
//! the same faults (`other_types`).
//!
//! What counts is compared with what the emulated service truly holds: bindings that are in no state and no message
//! (lost), bindings made twice (doubled), secrets in messages or logs (leaked), and messages that are missing, needless or
//! do not name the fault (wrong). All four must be zero. One case has no cell: a refresh whose response lacks its data is
//! one of a space without a WABA, as far as anybody can tell. Must not contain: the CLI, which has acceptance tests of its own.

mod other_types;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    thread,
    time::{Duration, Instant},
};

use acceptance_tests::{
    emulator::{
        Account, CredentialEndpoints, DEFAULT_ACCESS_KEY_SECRET, DEFAULT_ACCOUNT, Emulator, Fault,
        FaultKind, NewSpace, OidcProvider, Pace, PhoneNumber, Role, UnexpectedResponse,
    },
    plugin_host::HostError,
    proto::tfplugin6::diagnostic::Severity,
    provider_binary::{self, Profile},
    session::{Outcome, Session, provider_config},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use libtest_mimic::{Arguments, Trial};
use serde_json::{Value as Json, json};
use tokio::sync::Semaphore;

const WABA: &str = "102290129340398";
const BIND: &str = "ChatappBindWaba";
const QUERY: &str = "QueryChatappBindWaba";
const LIST: &str = "ListInstance";
const ASSUME: &str = "AssumeRole";
const ASSUME_WITH_OIDC: &str = "AssumeRoleWithOIDC";
const CALLER: &str = "GetCallerIdentity";

const TENANT: &str = "1000000000000020";
const ROLE: &str = "acs:ram::1000000000000020:role/onboarding";
const OIDC_PROVIDER: &str = "acs:ram::1000000000000020:oidc-provider/ci";
const OIDC_MARK: &str = "mark-that-nobody-may-see";

const ISV_CODE: &str = "isv-code-that-nobody-may-see";

/// Cells that run side by side: most of their time is spent waiting.
const AT_ONCE: usize = 18;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// The bind, and the fault keeps it from being executed.
    Bind,
    /// The bind, and the fault hits its response.
    Bound,
    /// The read right after the bind.
    Fill,
    Refresh,
    Import,
    /// The search for a WABA after a bind without a response.
    Search,
    /// A role is assumed before the bind.
    Role,
    /// The session ends between the bind and the read after it, and the role is assumed again.
    Renewal,
    /// The account is compared with `allowed_account_ids`.
    Guard,
    /// A role is assumed for an OIDC token, before the bind.
    Oidc,
    /// The credentials come from a URI.
    Sidecar,
}

const COLUMNS: [(At, &str); 11] = [
    (At::Bind, "bind, not run"),
    (At::Bound, "bind, run"),
    (At::Fill, "read after bind"),
    (At::Refresh, "refresh"),
    (At::Import, "import"),
    (At::Search, "look-up"),
    (At::Role, "role before bind"),
    (At::Renewal, "role after bind"),
    (At::Guard, "account guard"),
    (At::Oidc, "role by OIDC"),
    (At::Sidecar, "credentials URI"),
];

impl At {
    fn is_sts(self) -> bool {
        matches!(
            self,
            At::Role | At::Renewal | At::Guard | At::Oidc | At::Sidecar
        )
    }

    /// The action whose call the fault meets.
    fn action(self) -> &'static str {
        match self {
            At::Bind | At::Bound => BIND,
            At::Search => LIST,
            At::Fill | At::Refresh | At::Import => QUERY,
            At::Role | At::Renewal => ASSUME,
            At::Guard => CALLER,
            At::Oidc => ASSUME_WITH_OIDC,
            At::Sidecar => "CredentialsUri",
        }
    }
}

/// A part of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// The field that reports success. STS reports it by the HTTP status alone.
    Code,
    /// All data of the response.
    Whole,
    /// The one field that the provider cannot do without.
    Key,
}

impl Part {
    fn field(self, at: At) -> Option<&'static str> {
        Some(match (self, at) {
            (_, At::Sidecar) => return None,
            (Part::Code, at) if at.is_sts() => return None,
            (Part::Code, _) => "Code",
            (Part::Whole, At::Role | At::Renewal | At::Oidc) => "Credentials",
            (Part::Key, At::Role | At::Renewal | At::Oidc) => "Credentials.SecurityToken",
            (Part::Key, At::Guard) => "AccountId",
            // The account is all data of the response, and each row of a list has its own key.
            (Part::Whole, At::Guard) | (Part::Key, At::Search) => return None,
            (Part::Whole, _) => "Data",
            (Part::Key, At::Bind | At::Bound) => "Data.CustSpaceId",
            (Part::Key, _) => "Data.Id",
        })
    }
}

/// The expected result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Want {
    /// It works, without a diagnostic.
    Fine,
    /// It works, with a warning.
    Warned,
    /// It fails with an error that names the fault, and nothing is changed.
    Fails,
    /// It fails, and the error says that it is unknown whether the WABA is bound.
    Unknown,
}
use Want::{Fails, Fine, Unknown, Warned};

/// How often a fault hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Often {
    Once,
    Always,
}

/// The kind of a fault. It decides the expected result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It is unknown whether the request was executed, and there is no response.
    Silent,
    /// As above, but something came back that may be the response.
    Garbled,
    /// As above, and a retry of a read does not help.
    Malformed,
    /// Certainly not executed, and a retry helps.
    Passing,
    /// As above, once credentials are renewed.
    Renewable,
    /// Certainly not executed, and a retry does not help.
    Final,
    /// As above, and it is about the credentials, so that nothing is sent with them any more.
    Refused,
    /// As `Final`, and every call of the session meets it.
    Everywhere,
    /// The response reports success and has no data.
    Empty,
    /// Every call is executed, and then refused because it arrived twice.
    Replayed,
    /// Only text that the provider does not need is wrong.
    Harmless,
}

/// A row.
struct Row {
    name: &'static str,
    kind: Kind,
    fault: Played,
    /// Words that an error about it must have.
    words: &'static [&'static str],
}

enum Played {
    /// By the emulator.
    Fault(FaultKind),
    /// The emulated clock is an hour ahead.
    Clock,
    /// An endpoint that does not respond as the service does.
    Endpoint(fn() -> String),
    /// The real response without a part of it.
    Without(Part),
    /// The real response with a list in the place of a part.
    WrongType(Part),
    /// The token has expired, and the credentials can be renewed.
    Expired,
    /// A proxy sends every request twice and returns the second response.
    Twice,
    /// The machine has no root certificates.
    NoRoots,
    /// The environment names a proxy that makes no connection.
    Proxy(fn() -> String),
    /// The server at a credentials URI returns another response.
    Sidecar(u16, &'static str, Pace),
}

impl Played {
    /// What the emulator has to do, at that place.
    fn kind(&self, at: At) -> Option<FaultKind> {
        let fields = |part: Part| part.field(at).map(|field| vec![field.to_owned()]);
        match self {
            _ if at == At::Sidecar => None,
            Played::Fault(kind) => Some(kind.clone()),
            Played::Without(part) => {
                fields(*part).map(|fields| FaultKind::MissingFields { fields })
            }
            Played::WrongType(part) => fields(*part).map(|fields| FaultKind::WrongTypes { fields }),
            Played::Expired => (!at.is_sts()).then_some(FaultKind::ExpiredToken),
            Played::Clock
            | Played::Endpoint(_)
            | Played::NoRoots
            | Played::Twice
            | Played::Proxy(_)
            | Played::Sidecar(..) => None,
        }
    }

    /// Whether there is anything to play at that place.
    fn is_possible(&self, at: At) -> bool {
        match self {
            Played::Sidecar(..) => at == At::Sidecar,
            _ if at == At::Sidecar => false,
            Played::Endpoint(_) | Played::NoRoots | Played::Proxy(_) | Played::Clock => {
                at != At::Renewal
            }
            Played::Twice => true,
            _ => self.kind(at).is_some(),
        }
    }

    /// Whether something else than the service responds, and says so: no bind is sent there.
    fn is_elsewhere(&self) -> bool {
        match self {
            Played::Fault(FaultKind::Page { status, .. } | FaultKind::Body { status, .. }) => {
                !matches!(status, 500..=510 | 512..)
            }
            Played::Fault(FaultKind::Redirect { .. }) => true,
            _ => false,
        }
    }

    /// Whether the fault needs a real response, so that it cannot be played on a call that is not executed.
    fn needs_response(&self) -> bool {
        matches!(
            self,
            Played::Without(_)
                | Played::WrongType(_)
                | Played::Fault(
                    FaultKind::Slow { .. }
                        | FaultKind::Drip { .. }
                        | FaultKind::Truncate { .. }
                        | FaultKind::BrokenText { .. }
                )
        )
    }
}

fn error(status: u16, code: &str) -> Played {
    Played::Fault(FaultKind::Error {
        status,
        code: code.to_owned(),
        message: "injected".to_owned(),
        retry_after_ms: None,
    })
}

fn throttle(status: u16, code: &str, retry_after_ms: Option<u64>) -> Played {
    Played::Fault(FaultKind::Throttle {
        code: code.to_owned(),
        status,
        retry_after_ms,
    })
}

fn page(status: u16, title: &str) -> Played {
    let title = title.to_owned();
    Played::Fault(FaultKind::Page { status, title })
}

fn body(status: u16, text: &str) -> Played {
    Played::Fault(FaultKind::Body {
        status,
        content_type: "text/plain".to_owned(),
        text: text.to_owned(),
    })
}

fn rows() -> Vec<Row> {
    let row = |name, kind, fault, words| Row {
        name,
        kind,
        fault,
        words,
    };
    let fault = Played::Fault;
    vec![
        row(
            "name not resolved",
            Kind::Everywhere,
            Played::Endpoint(|| "https://no-such-host.invalid".to_owned()),
            &["cannot be resolved", "Nothing was sent"],
        ),
        row(
            "connection refused",
            Kind::Everywhere,
            Played::Endpoint(refusing),
            &["the connection was refused", "Nothing was sent"],
        ),
        row(
            "no TLS there",
            Kind::Everywhere,
            Played::Endpoint(plain),
            &["TLS", "Nothing was sent"],
        ),
        row(
            "certificate not trusted",
            Kind::Everywhere,
            Played::Endpoint(untrusted),
            &["certificate", "Nothing was sent"],
        ),
        row(
            "no root certificates",
            Kind::Everywhere,
            Played::NoRoots,
            &[
                "no root certificates",
                "Nothing was sent",
                "ca-certificates",
            ],
        ),
        row(
            "connection not accepted",
            Kind::Everywhere,
            Played::Endpoint(crowded),
            &["no connection in time", "Nothing was sent"],
        ),
        row(
            "TLS handshake without a response",
            Kind::Everywhere,
            Played::Endpoint(mute),
            &["no connection in time", "Nothing was sent"],
        ),
        row(
            "connection cut",
            Kind::Silent,
            fault(FaultKind::Cut),
            &["the connection was closed"],
        ),
        row(
            "connection reset",
            Kind::Silent,
            fault(FaultKind::Reset),
            &["the connection was closed"],
        ),
        row(
            "response too late",
            Kind::Silent,
            fault(FaultKind::Slow { delay_ms: 1_500 }),
            &["no complete response within"],
        ),
        row(
            "response drips",
            Kind::Silent,
            fault(FaultKind::Drip {
                bytes: 8,
                interval_ms: 400,
            }),
            &["no complete response within"],
        ),
        row(
            "response cut off",
            Kind::Silent,
            fault(FaultKind::Truncate { bytes: Some(20) }),
            &["the connection was closed"],
        ),
        row(
            "500 InternalError",
            Kind::Silent,
            error(500, "InternalError"),
            &["InternalError", "500"],
        ),
        row(
            "502 with HTML",
            Kind::Silent,
            fault(FaultKind::Html { status: 502 }),
            &["502"],
        ),
        row(
            "504 with HTML",
            Kind::Silent,
            fault(FaultKind::Html { status: 504 }),
            &["504"],
        ),
        row(
            "502 page of a proxy",
            Kind::Silent,
            page(502, "Cannot reach the origin"),
            &["\"Cannot reach the origin\"", "502"],
        ),
        row(
            "503 without content",
            Kind::Silent,
            body(503, ""),
            &["503", "no content"],
        ),
        row(
            "403 page of a proxy",
            Kind::Final,
            page(403, "Blocked by policy 7"),
            &["\"Blocked by policy 7\""],
        ),
        row(
            "login of a network",
            Kind::Malformed,
            page(200, "Hotel Aurora: sign in"),
            &["\"Hotel Aurora: sign in\""],
        ),
        row(
            "511, login of a network",
            Kind::Final,
            page(511, "Sign in"),
            &["\"Sign in\""],
        ),
        row(
            "text of a proxy",
            Kind::Malformed,
            body(200, "Access to this site is not allowed.\n"),
            &["HTTP 200"],
        ),
        row(
            "404 without content",
            Kind::Final,
            body(404, ""),
            &["404", "no content"],
        ),
        row(
            "text that is not well formed",
            Kind::Harmless,
            fault(FaultKind::BrokenText {
                fields: ["Message", "RequestId", "Data.Name"]
                    .map(str::to_owned)
                    .to_vec(),
            }),
            &[],
        ),
        row(
            "proxy not resolved",
            Kind::Everywhere,
            Played::Proxy(|| "http://me:proxy-mark@proxy.invalid:3128".to_owned()),
            &[
                "the proxy proxy.invalid:3128 from HTTPS_PROXY",
                "its host name cannot be resolved",
                "Nothing was sent",
            ],
        ),
        row(
            "proxy refuses the connection",
            Kind::Everywhere,
            Played::Proxy(refusing),
            &[
                "it refused the connection",
                "from HTTPS_PROXY",
                "Nothing was sent",
            ],
        ),
        row(
            "proxy wants a login",
            Kind::Everywhere,
            Played::Proxy(|| proxy(b"HTTP/1.1 407 Login\r\ncontent-length: 0\r\n\r\n")),
            &[
                "it wants a login (HTTP 407)",
                "from HTTPS_PROXY",
                "Nothing was sent",
            ],
        ),
        row(
            "proxy refuses the host",
            Kind::Everywhere,
            Played::Proxy(|| {
                proxy(b"HTTP/1.1 403 No\r\nconnection: close\r\n\r\n<html><title>Not on the list</title>")
            }),
            &[
                "\"Not on the list\"",
                "from HTTPS_PROXY",
                "Nothing was sent",
            ],
        ),
        row(
            "proxy cannot reach the host",
            Kind::Everywhere,
            Played::Proxy(|| proxy(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")),
            &[
                "it refused to connect to the host (HTTP 502)",
                "from HTTPS_PROXY",
                "Nothing was sent",
            ],
        ),
        row(
            "proxy is none",
            Kind::Everywhere,
            Played::Proxy(|| proxy(b"SSH-2.0-OpenSSH_9.6\r\n")),
            &[
                "it did not connect to the host",
                "from HTTPS_PROXY",
                "Nothing was sent",
            ],
        ),
        row(
            "sidecar: login of a network",
            Kind::Everywhere,
            Played::Sidecar(
                200,
                "<html><title>Sign in</title>sidecar-mark</html>",
                Pace::AtOnce,
            ),
            &["127.0.0.1", "title \"Sign in\""],
        ),
        row(
            "sidecar: 403 page",
            Kind::Everywhere,
            Played::Sidecar(403, "<html>sidecar-mark</html>", Pace::AtOnce),
            &["127.0.0.1"],
        ),
        row(
            "sidecar: no content",
            Kind::Everywhere,
            Played::Sidecar(200, "", Pace::AtOnce),
            &["127.0.0.1"],
        ),
        row(
            "sidecar: slow",
            Kind::Everywhere,
            Played::Sidecar(200, "{}", Pace::After(60_000)),
            &["wait"],
        ),
        row(
            "sidecar: without end",
            Kind::Everywhere,
            Played::Sidecar(200, "{\"sidecar-mark\":\"", Pace::Endless),
            &["larger than 256 KiB"],
        ),
        row(
            "503 ServiceUnavailable",
            Kind::Passing,
            error(503, "ServiceUnavailable"),
            &["ServiceUnavailable", "503"],
        ),
        row(
            "429",
            Kind::Passing,
            throttle(429, "Throttling", None),
            &["429", "10 calls a second"],
        ),
        row(
            "400 throttled, with a wait",
            Kind::Passing,
            throttle(400, "Throttling.User", Some(200)),
            &["Throttling.User"],
        ),
        row(
            "400 throttled, without a wait",
            Kind::Passing,
            throttle(400, "System.LimitControl", None),
            &["System.LimitControl"],
        ),
        row(
            "400 of any code, with a wait",
            Kind::Passing,
            throttle(400, "Some.Limit", Some(200)),
            &["Some.Limit"],
        ),
        row(
            "400 of any code",
            Kind::Final,
            error(400, "Some.Limit"),
            &["Some.Limit"],
        ),
        row(
            "nonce reported as used",
            Kind::Silent,
            error(400, "SignatureNonceUsed"),
            &["SignatureNonceUsed"],
        ),
        row(
            "request sent twice by a proxy",
            Kind::Replayed,
            Played::Twice,
            &["SignatureNonceUsed"],
        ),
        row(
            "200 with an error code",
            Kind::Final,
            error(200, "Some.Failure"),
            &["Some.Failure"],
        ),
        row(
            "403 permission denied",
            Kind::Final,
            fault(FaultKind::denied()),
            &["NoPermission", "\"cams:ListInstance\""],
        ),
        row(
            "token expired, fixed keys",
            Kind::Refused,
            fault(FaultKind::ExpiredToken),
            &["InvalidSecurityToken.Expired"],
        ),
        row(
            "token expired, renewable",
            Kind::Renewable,
            Played::Expired,
            &["InvalidSecurityToken.Expired"],
        ),
        row(
            "redirect",
            Kind::Final,
            fault(FaultKind::Redirect {
                status: 302,
                location: "http://127.0.0.1:9/elsewhere".to_owned(),
            }),
            &["a redirect"],
        ),
        row(
            "no JSON",
            Kind::Garbled,
            fault(FaultKind::InvalidJson),
            &["cannot be read"],
        ),
        row(
            "empty body",
            Kind::Garbled,
            fault(FaultKind::EmptyBody),
            &["no content"],
        ),
        row(
            "without Code",
            Kind::Garbled,
            Played::Without(Part::Code),
            &["it has no `Code`"],
        ),
        row(
            "Code of another type",
            Kind::Garbled,
            Played::WrongType(Part::Code),
            &["it has no `Code`"],
        ),
        row(
            "without its data",
            Kind::Empty,
            Played::Without(Part::Whole),
            &["cannot be read"],
        ),
        row(
            "without its key field",
            Kind::Empty,
            Played::Without(Part::Key),
            &["cannot be read"],
        ),
        row(
            "data of another type",
            Kind::Malformed,
            Played::WrongType(Part::Whole),
            &["cannot be read"],
        ),
        row(
            "key field of another type",
            Kind::Malformed,
            Played::WrongType(Part::Key),
            &["cannot be read"],
        ),
        row(
            "5 MiB",
            Kind::Malformed,
            fault(FaultKind::HugeBody { bytes: 5 << 20 }),
            &["larger than 4 MiB"],
        ),
        row(
            "clock off by an hour",
            Kind::Everywhere,
            Played::Clock,
            &["InvalidTimeStamp.Expired", "clock of this machine"],
        ),
    ]
}

impl Row {
    /// What must come out; `None` where the case does not exist.
    fn want(&self, at: At, often: Often) -> Option<Want> {
        match at {
            // The look before the bind meets it.
            At::Search if self.fault.is_elsewhere() => Some(Fails),
            // It is sent again, because a look changes nothing. The second time it is seen to be no service.
            At::Search if matches!(self.fault, Played::Fault(FaultKind::EmptyBody)) => {
                Some(if often == Often::Once { Warned } else { Fails })
            }
            _ => self.kind.want(at, often),
        }
    }
}

impl Kind {
    /// The same by the kind alone.
    fn want(self, at: At, often: Often) -> Option<Want> {
        let once = often == Often::Once;
        let on = |once_want, always_want| Some(if once { once_want } else { always_want });
        match (self, at) {
            // There is neither an executed bind nor a read after it.
            (Kind::Everywhere, At::Bound | At::Fill | At::Search | At::Renewal) => None,
            (Kind::Harmless, At::Bind) => None,
            (Kind::Harmless, At::Search) => Some(Warned),
            (Kind::Harmless, _) => Some(Fine),
            (Kind::Everywhere, _) => (!once).then_some(Fails),
            // Every call meets it, and one without a signature has no nonce.
            (Kind::Replayed, At::Bound) => (!once).then_some(Unknown),
            (Kind::Replayed, At::Refresh | At::Import | At::Role | At::Guard) => {
                (!once).then_some(Fails)
            }
            (Kind::Replayed, _) => None,
            // STS changes nothing, so it is simply asked again.
            (Kind::Silent | Kind::Garbled | Kind::Passing | Kind::Renewable, At::Renewal) => {
                on(Fine, Warned)
            }
            (_, At::Renewal) => Some(Warned),
            (
                Kind::Silent | Kind::Garbled | Kind::Passing | Kind::Renewable,
                At::Role | At::Guard | At::Oidc,
            ) => on(Fine, Fails),
            (_, At::Role | At::Guard | At::Oidc | At::Sidecar) => Some(Fails),
            // A bind that may have been executed is not sent again.
            (Kind::Silent | Kind::Garbled | Kind::Malformed | Kind::Empty, At::Bind) => {
                Some(Unknown)
            }
            (Kind::Silent | Kind::Garbled | Kind::Malformed | Kind::Empty, At::Bound) => {
                Some(Warned)
            }
            (Kind::Passing | Kind::Renewable, At::Bind) => on(Fine, Fails),
            (Kind::Final | Kind::Refused, At::Bind) => Some(Fails),
            // A service that does not execute a call does not execute it.
            (Kind::Passing | Kind::Renewable | Kind::Final | Kind::Refused, At::Bound) => None,
            (
                Kind::Silent | Kind::Garbled | Kind::Passing | Kind::Renewable | Kind::Empty,
                At::Fill,
            ) => on(Fine, Warned),
            (Kind::Malformed | Kind::Final | Kind::Refused, At::Fill) => Some(Warned),
            // Nobody can tell it from a space without a WABA.
            (Kind::Empty, At::Refresh) => None,
            (
                Kind::Silent | Kind::Garbled | Kind::Passing | Kind::Renewable,
                At::Refresh | At::Import,
            ) => on(Fine, Fails),
            (
                Kind::Malformed | Kind::Final | Kind::Refused | Kind::Empty,
                At::Refresh | At::Import,
            ) => Some(Fails),
            (Kind::Silent | Kind::Garbled | Kind::Passing, At::Search) => on(Warned, Unknown),
            // After a bind the look is sent again with new credentials. If they are refused, no bind is sent.
            (Kind::Renewable, At::Search) => on(Warned, Fails),
            (Kind::Malformed | Kind::Final | Kind::Empty, At::Search) => (!once).then_some(Unknown),
            // The look before the bind meets it, and no bind is sent.
            (Kind::Refused, At::Search) => (!once).then_some(Fails),
        }
    }
}

/// A port where nobody listens. A port that was free a moment ago is no such port: the next server of another case may get it.
fn refusing() -> String {
    "http://127.0.0.1:1".to_owned()
}

/// A port that speaks, but no TLS.
fn plain() -> String {
    serve(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    })
}

/// A port that takes connections and never says a word.
fn mute() -> String {
    serve(|stream| {
        thread::sleep(Duration::from_secs(30));
        drop(stream);
    })
}

/// A proxy that sends one response to every request, and closes the connection.
fn proxy(response: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let own = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // What it is asked has to be read, or else the connection ends with a reset.
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(response);
        }
    });
    format!("http://me:proxy-mark@{own}")
}

/// A port with TLS whose certificate nobody has signed.
fn untrusted() -> String {
    serve(|mut stream| {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]);
        let made = made.expect("a certificate");
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .expect("a key of its certificate");
        let mut server = rustls::ServerConnection::new(Arc::new(config)).expect("a server");
        // The client takes leave.
        let _ = server.complete_io(&mut stream);
    })
}

/// A port with more connections than its queue holds: a further connection is not accepted.
fn crowded() -> String {
    static CROWD: OnceLock<(TcpListener, Vec<TcpStream>)> = OnceLock::new();
    let (listener, _) = CROWD.get_or_init(|| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let mut crowd = Vec::new();
        // The queue of a listener has a few thousand places at most.
        while crowd.len() < 5_000
            && let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300))
        {
            crowd.push(stream);
        }
        (listener, crowd)
    });
    format!("https://{}", listener.local_addr().expect("an address"))
}

/// A proxy to the service at `address` that sends each request twice and returns the second response.
fn twice(address: SocketAddr) -> String {
    let proxied = move |mut stream: TcpStream| -> std::io::Result<()> {
        let mut request = Vec::new();
        let mut piece = [0; 4096];
        // The parameters stand in the URL, so that there is no body.
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            match stream.read(&mut piece)? {
                0 => return Ok(()),
                count => request.extend_from_slice(&piece[..count]),
            }
        }
        let mut response = Vec::new();
        for _ in 0..2 {
            let mut service = TcpStream::connect(address)?;
            service.write_all(&request)?;
            response.clear();
            service.set_read_timeout(Some(Duration::from_millis(150)))?;
            // The service keeps the connection open, so the response ends when no more bytes arrive.
            while let Ok(count @ 1..) = service.read(&mut piece) {
                response.extend_from_slice(&piece[..count]);
            }
        }
        stream.write_all(&response)
    };
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let own = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || proxied(stream));
        }
    });
    format!("http://{own}")
}

fn serve(each: fn(TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || each(stream));
        }
    });
    format!("https://{address}")
}

/// What was found in a cell.
#[derive(Debug, Default)]
struct Found {
    lost: Vec<String>,
    doubled: Vec<String>,
    leaked: Vec<String>,
    wrong: Vec<String>,
}

impl Found {
    fn all(&self) -> impl Iterator<Item = &String> {
        let all = [&self.lost, &self.doubled, &self.leaked, &self.wrong];
        all.into_iter().flatten()
    }
}

async fn cell(
    binary: PathBuf,
    row: &Row,
    at: At,
    often: Often,
    want: Want,
) -> Result<Found, HostError> {
    let emulator = Emulator::start()?;
    // A neighbour, so that the list is not empty.
    let neighbour = NewSpace {
        waba_id: Some("900000000000001".to_owned()),
        ..NewSpace::default()
    };
    emulator.add_space(neighbour)?;
    emulator.put_account(tenant())?;
    let mut provider = provider_config(&emulator);
    provider["client_read_timeout"] = json!(700);
    provider["client_connect_timeout"] = json!(500);
    provider["max_retry_timeout"] = json!(3);
    match at {
        At::Role | At::Renewal => provider["assume_role"] = json!({"role_arn": ROLE}),
        _ if matches!(row.fault, Played::Expired) => {
            provider["assume_role"] = json!({"role_arn": ROLE});
        }
        At::Guard => provider["allowed_account_ids"] = json!([DEFAULT_ACCOUNT]),
        At::Oidc => {
            provider["access_key"] = Json::Null;
            provider["secret_key"] = Json::Null;
            provider["assume_role_with_oidc"] = json!({
                "role_arn": ROLE,
                "oidc_provider_arn": OIDC_PROVIDER,
                "oidc_token": oidc_token(),
            });
        }
        At::Sidecar => {
            emulator.set_credential_endpoints(CredentialEndpoints {
                account: Some(TENANT.to_owned()),
                role: "onboarding".to_owned(),
                ..CredentialEndpoints::default()
            });
            provider["access_key"] = Json::Null;
            provider["secret_key"] = Json::Null;
            let uri = format!("{}/credentials-uri", emulator.endpoint());
            provider["credentials_uri"] = json!(uri);
        }
        _ => {}
    }
    let mut arguments = json!({
        "waba_id": WABA,
        "isv_code": ISV_CODE,
        "timeouts": {"create": "40s", "read": "20s"},
    });
    if at == At::Sidecar {
        // Less than the provider gives a sidecar.
        arguments["timeouts"]["create"] = json!("3s");
    }
    if at == At::Fill {
        // The fault shall meet the read after the bind, not that of a neighbour before it.
        arguments["existing_binding"] = json!("IGNORE");
    }

    // 1. What has to be there before.
    let good = Session::start(&binary, &provider).await?;
    let before = match at {
        At::Refresh | At::Import => Some(good.create(&arguments).await?),
        _ => None,
    };
    good.end().await?;

    // 2. The fault.
    let product = if at.is_sts() { "sts" } else { "cams" };
    match &row.fault {
        Played::Endpoint(address) => provider["endpoints"][product] = json!(address()),
        Played::Twice => provider["endpoints"][product] = json!(twice(emulator.address())),
        _ => {}
    }
    let mut launch = Session::launch(&binary)?
        .env("TF_LOG", "TRACE")
        .env("TF_LOG_PROVIDER", "TRACE");
    if matches!(row.fault, Played::NoRoots) {
        provider["endpoints"][product] = json!(untrusted());
        launch = launch
            .env("SSL_CERT_FILE", "/dev/null")
            .without("SSL_CERT_DIR");
    }
    if let Played::Proxy(address) = &row.fault {
        // A loopback address is reached past every proxy.
        provider["endpoints"][product] =
            json!(format!("https://{product}.behind-the-proxy.invalid"));
        launch = launch.env("HTTPS_PROXY", address());
    }
    let session = Session::with(launch, &provider).await?;
    if matches!(row.fault, Played::Clock) {
        emulator.set_behavior(|behavior| behavior.gateway.clock_offset_seconds = 3600);
    }
    if let Played::Sidecar(status, body, pace) = row.fault {
        emulator.set_credential_endpoints(CredentialEndpoints {
            unexpected_response: Some(UnexpectedResponse {
                status,
                body: body.to_owned(),
                pace,
            }),
            ..emulator.credential_endpoints()
        });
    }
    if let Some(kind) = row.fault.kind(at) {
        let mut fault = Fault::new(at.action(), kind);
        if at == At::Bound {
            fault = fault.after();
        }
        if often == Often::Always {
            fault = fault.always();
        }
        if at == At::Renewal {
            emulator.inject(Fault::new(QUERY, FaultKind::ExpiredToken))?;
            fault = fault.skip(1);
        }
        emulator.inject(fault)?;
    }
    if at == At::Search {
        emulator.inject(Fault::new(BIND, FaultKind::Cut).after())?;
    }

    // 3. The operation.
    let outcome = match (at, &before) {
        (At::Refresh, Some(before)) => session.read(&before.raw).await?,
        (At::Import, Some(before)) => {
            let id = before.text("cust_space_id").ok_or("nothing was bound")?;
            session.import(id).await?
        }
        _ => session.create(&arguments).await?,
    };
    let logged = session.end().await?.stderr;

    // 4. The truth.
    let spaces = emulator.spaces_bound_to(WABA);
    let spaces = spaces
        .into_iter()
        .map(|space| space.cust_space_id)
        .collect();
    let mut found = judge(row, at, want, &outcome, before.as_ref(), spaces, &logged);
    for secret in emulator.session_secrets() {
        if outcome.messages().contains(&secret) || logged.contains(&secret) {
            found.leaked.push(format!("{secret} of a session"));
        }
    }
    Ok(found)
}

/// An account whose role the default user and the holders of an OIDC token may assume.
fn tenant() -> Account {
    let user = format!("acs:ram::{DEFAULT_ACCOUNT}:user/terraform");
    let mut tenant =
        Account::new(TENANT).with_role(Role::new("onboarding", &[&user, OIDC_PROVIDER]));
    tenant.oidc_providers.push(OidcProvider {
        name: "ci".to_owned(),
        issuer: "https://ci.example".to_owned(),
        audiences: vec!["terraform".to_owned()],
        hs256_key: None,
    });
    tenant
}

/// An unsigned token that the provider `ci` vouches for.
fn oidc_token() -> String {
    let claims = json!({
        "iss": "https://ci.example",
        "aud": "terraform",
        "sub": "repo:acme/onboarding",
        "iat": 0,
        "exp": 4_102_444_800_i64,
        "mark": OIDC_MARK,
    });
    let part = |value: &Json| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(&json!({"alg": "none"})), part(&claims))
}

fn judge(
    row: &Row,
    at: At,
    want: Want,
    outcome: &Outcome,
    before: Option<&Outcome>,
    spaces: Vec<String>,
    logged: &str,
) -> Found {
    let mut found = Found::default();
    let messages = outcome.messages();
    let saved = outcome.text("cust_space_id");
    let admitted = messages.contains("It is unknown whether WABA");

    // Lost and doubled.
    if before.is_none() {
        for space in &spaces {
            if saved != Some(space) && !messages.contains(space.as_str()) && !admitted {
                found
                    .lost
                    .push(format!("{space} is in no state and no message: {messages}"));
            }
        }
        if spaces.len() > 1 {
            found.doubled.push(format!("{spaces:?}"));
        }
    }
    if let Some(saved) = saved
        && !spaces.iter().any(|space| space == saved)
    {
        found.wrong.push(format!("{saved} is saved, but not true"));
    }
    match (at, before) {
        // A name may have become another one.
        (At::Refresh, Some(before))
            if row.kind != Kind::Harmless && outcome.state != before.state =>
        {
            found.lost.push(format!(
                "a refresh changed the state to {}: {messages}",
                outcome.state
            ));
        }
        _ => {}
    }

    // Leaked.
    let token = oidc_token();
    for secret in [
        DEFAULT_ACCESS_KEY_SECRET,
        ISV_CODE,
        "Signature=",
        "proxy-mark",
        "sidecar-mark",
        token.as_str(),
    ] {
        if messages.contains(secret) {
            found.leaked.push(format!("{secret} in {messages}"));
        }
        if logged.contains(secret) {
            found.leaked.push(format!("{secret} in the log"));
        }
    }

    if at != At::Sidecar && !logged.contains("\"action\":") {
        found
            .wrong
            .push("no call is in the log, so that nothing proves that it is clean".to_owned());
    }

    // Said.
    let came = match (outcome.failed(), outcome.diagnostics.is_empty()) {
        (false, true) => Fine,
        (false, false) => Warned,
        (true, _) if admitted => Unknown,
        (true, _) => Fails,
    };
    if came != want {
        found
            .wrong
            .push(format!("{came:?} instead of {want:?}: {messages}"));
    }
    if came != Fine {
        // After a bind without a response the error shows that failure, and mentions the failure of the search.
        let words = match (&row.fault, at, came) {
            (_, At::Search, Warned) => &[],
            (Played::Without(_) | Played::WrongType(_), At::Guard, _) => &[CALLER][..],
            (Played::Without(_) | Played::WrongType(Part::Key), at, _) if at.is_sts() => {
                &["STS returned no usable credentials"]
            }
            (Played::WrongType(_), at, _) if at.is_sts() => &[at.action()][..],
            // What to do is said of credentials in general.
            (_, at, _) if at.is_sts() => &row.words[..1],
            (Played::Without(Part::Whole | Part::Key), At::Fill, _) => {
                &["does not show a WABA in space"]
            }
            (Played::Without(Part::Whole | Part::Key), At::Import, _) => &["has no WABA"],
            (Played::Without(Part::Whole), At::Search, _) => &["it has no `Data`"],
            (_, At::Search, _) => &row.words[..1],
            _ => row.words,
        };
        // Long values are broken into lines.
        let unbroken = messages.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            if !unbroken.contains(word) {
                found.wrong.push(format!("\"{word}\" is not in {messages}"));
            }
        }
    }
    if came == Fails && before.is_none() && !spaces.is_empty() {
        found
            .lost
            .push(format!("said to have failed, but bound: {messages}"));
    }
    found
}

/// What was found, by row and column.
type Cells = BTreeMap<(usize, usize), Vec<(Often, Want, Found)>>;

/// The name of the only test here.
const NAME: &str = "no_fault_loses_doubles_or_leaks_anything";

async fn run() -> Result<String, String> {
    let binary = provider_binary::path(Profile::tested()).map_err(|error| error.to_string())?;
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let rows: Arc<Vec<Row>> = Arc::new(rows());
    let mut running = Vec::new();
    let started = Instant::now();
    for (number, row) in rows.iter().enumerate() {
        for (column, (at, _)) in COLUMNS.into_iter().enumerate() {
            for often in [Often::Once, Often::Always] {
                let played =
                    row.fault.is_possible(at) && !(at == At::Bind && row.fault.needs_response());
                let Some(want) = row.want(at, often).filter(|_| played) else {
                    continue;
                };
                let (turns, rows, binary) = (Arc::clone(&turns), Arc::clone(&rows), binary.clone());
                running.push(tokio::spawn(async move {
                    let _turn = turns.acquire_owned().await;
                    let found = cell(binary, &rows[number], at, often, want).await;
                    ((number, column), often, want, found)
                }));
            }
        }
    }
    let mut cells = Cells::new();
    let mut all = 0;
    for cell in running {
        let (place, often, want, found) = cell.await.map_err(|error| error.to_string())?;
        let found = found
            .map_err(|error| format!("{} {}: {error}", rows[place.0].name, COLUMNS[place.1].1))?;
        cells.entry(place).or_default().push((often, want, found));
        all += 1;
    }
    let (table, mut defects) = table(&rows, &cells);
    let (others, other_defects, founds) = other_types::run(&binary, &turns).await?;
    defects.push_str(&other_defects);
    let sum = |of: fn(&Found) -> usize| -> usize {
        let bindings = cells.values().flatten().map(|(_, _, found)| found);
        bindings.chain(&founds).map(of).sum()
    };
    let totals = format!(
        "{all} cases of bindings and {others} of other types in {:.0} s: objects lost {}, doubled {}, secrets leaked {}, wrong diagnostics {}",
        started.elapsed().as_secs_f64(),
        sum(|found| found.lost.len()),
        sum(|found| found.doubled.len()),
        sum(|found| found.leaked.len()),
        sum(|found| found.wrong.len()),
    );
    let text = format!("{table}\n{totals}\n");
    if defects.is_empty() {
        Ok(text)
    } else {
        Err(format!("{text}\n{defects}"))
    }
}

/// One line for each fault; in each field what came of it when it hit once and when it hit always.
fn table(rows: &[Row], cells: &Cells) -> (String, String) {
    let (mut table, mut defects) = (String::new(), String::new());
    let columns = || COLUMNS.into_iter().enumerate();
    for sts in [false, true] {
        let title = if sts { "STS" } else { "CAMS" };
        let _ = write!(table, "\n{title:5}{:25}", "fault (once / always)");
        for (_, (_, title)) in columns().filter(|(_, (at, _))| at.is_sts() == sts) {
            let _ = write!(table, "| {title:19}");
        }
        table.push('\n');
        for (number, row) in rows.iter().enumerate() {
            let mut places = columns().filter(|(_, (at, _))| at.is_sts() == sts);
            if !places.any(|(column, _)| cells.contains_key(&(number, column))) {
                continue;
            }
            let _ = write!(table, "{:30}", row.name);
            for (column, (_, title)) in columns().filter(|(_, (at, _))| at.is_sts() == sts) {
                let none = Vec::new();
                let results = cells.get(&(number, column)).unwrap_or(&none);
                let mut field = |wanted: Often| field(results, wanted, row, title, &mut defects);
                let (once, always) = (field(Often::Once), field(Often::Always));
                let _ = write!(table, "| {:19}", format!("{once} / {always}"));
            }
            table.push('\n');
        }
    }
    (table, defects)
}

fn field(
    results: &[(Often, Want, Found)],
    wanted: Often,
    row: &Row,
    title: &str,
    defects: &mut String,
) -> String {
    let result = results.iter().find(|(often, ..)| *often == wanted);
    let Some((often, want, found)) = result else {
        return "-".to_owned();
    };
    for defect in found.all() {
        let _ = writeln!(defects, "{}, {title}, {often:?}: {defect}", row.name);
    }
    let failed = found.all().next().is_some();
    let came = match want {
        Fine => "fine",
        Warned => "warned",
        Fails => "fails",
        Unknown => "unknown",
    };
    format!("{}{came}", if failed { "DEFECT " } else { "" })
}

#[expect(clippy::print_stdout, reason = "the table is what this test is for")]
fn main() -> std::process::ExitCode {
    let trial = Trial::test(NAME, || {
        let runtime = tokio::runtime::Runtime::new()?;
        let table = runtime.block_on(run())?;
        println!("{table}");
        Ok(())
    });
    libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit_code()
}
