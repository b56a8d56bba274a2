//! Those who hand out temporary credentials beside STS: the metadata service of an instance, a credentials URI, the sign-in
//! host of CloudSSO, the OAuth server.
//!
//! Paths, headers and answers: the public pages on instance metadata, and what the official CLI and SDKs send and read. All
//! of them are silent (404) until [`Vending`] names a role. Must not contain: STS, or who may do what.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::request::Received;
use super::state::{Now, World};
use super::sts::{RoleSession, issue};

/// Who gets credentials, and for what.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Vending {
    /// The account of the role; absent, nothing is handed out.
    pub account: Option<String>,
    /// The role whose sessions are handed out.
    pub role: String,
    /// Which versions of the metadata service answer.
    pub metadata: Metadata,
    /// The access token that CloudSSO takes; absent, none.
    pub sso_access_token: Option<String>,
    /// The access token that the OAuth server exchanges; a renewal changes it.
    pub oauth_access_token: Option<String>,
    /// The refresh token that the OAuth server takes, once; a renewal changes it.
    pub oauth_refresh_token: Option<String>,
    /// Seconds that renewed OAuth access tokens last.
    pub oauth_seconds: i64,
    /// What all of them answer instead.
    pub odd_answer: Option<OddAnswer>,
}

/// An answer that is not what was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OddAnswer {
    /// HTTP status.
    pub status: u16,
    /// The body, as it stands.
    pub body: String,
}

/// Versions of the metadata service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metadata {
    /// With a token and without.
    #[default]
    Both,
    /// Only with a token.
    V2Only,
    /// Knows no tokens.
    V1Only,
}

/// An answer to be sent.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) media_type: &'static str,
    pub(super) body: String,
}

impl Answer {
    fn text(status: u16, body: impl Into<String>) -> Answer {
        Answer {
            status,
            media_type: "text/plain",
            body: body.into(),
        }
    }

    fn json(status: u16, body: &Value) -> Answer {
        Answer {
            status,
            media_type: "application/json",
            body: body.to_string(),
        }
    }

    fn refusal(status: u16, code: &str, message: &str) -> Answer {
        Answer::json(status, &json!({"Code": code, "Message": message}))
    }
}

const METADATA: &str = "/latest/meta-data/ram/security-credentials/";
/// The one token of the metadata service; a fake, and looks it.
const METADATA_TOKEN: &str = "emulator-metadata-token==";
/// The client IDs of the CLI, for both sites.
const CLIENTS: [&str; 2] = ["4038181954557748008", "4103531455503354461"];

/// The answer to a request for one of these services; none if it is for another.
pub(super) fn answer(world: &mut World, received: &Received, now: Now) -> Option<Answer> {
    type Serve = fn(&mut World, &Received, OffsetDateTime) -> Answer;
    let (name, method, serve): (&str, &str, Serve) = match received.path.as_str() {
        "/latest/api/token" => ("MetadataToken", "PUT", metadata_token),
        METADATA => ("MetadataRole", "GET", metadata_role),
        path if path.starts_with(METADATA) => ("MetadataCredentials", "GET", metadata_credentials),
        "/credentials-uri" => ("CredentialsUri", "GET", credentials_uri),
        "/cloud-credentials" => ("CloudSsoCredentials", "POST", cloud_sso),
        "/v1/token" => ("OAuthToken", "POST", oauth_token),
        "/v1/exchange" => ("OAuthExchange", "POST", oauth_exchange),
        _ => return None,
    };
    let now = world.clock(now);
    let number = world.calls.arrived(received, name, now.since_start_ms);
    let answer = if world.vending.account.is_none() {
        Answer::text(404, "nothing is handed out here\n")
    } else if let Some(OddAnswer { status, body }) = world.vending.odd_answer.clone() {
        Answer::text(status, body)
    } else if received.method == method {
        serve(world, received, now.utc)
    } else {
        Answer::text(405, "another method is needed\n")
    };
    world.calls.amend(number, |call| {
        call.executed = true;
        call.answered_at_ms = Some(now.since_start_ms);
        call.status = Some(answer.status);
    });
    Some(answer)
}

/// A session of the role, as its four fields.
fn session(world: &mut World, now: OffsetDateTime, name: &str) -> Value {
    let Vending { account, role, .. } = world.vending.clone();
    let named = RoleSession {
        account: account.as_deref().unwrap_or_default(),
        role: &role,
        name,
        policy: None,
    };
    issue(world, now, named, 3600).unwrap_or_default()
}

fn metadata_token(world: &mut World, received: &Received, _: OffsetDateTime) -> Answer {
    let seconds = received.header("x-aliyun-ecs-metadata-token-ttl-seconds");
    let seconds: Option<u32> = seconds.and_then(|text| text.parse().ok());
    match (world.vending.metadata, seconds) {
        (Metadata::V1Only, _) => Answer::text(404, "not found\n"),
        (_, Some(1..=21_600)) => Answer::text(200, METADATA_TOKEN),
        _ => Answer::text(400, "the life of the token has to be 1 to 21600 seconds\n"),
    }
}

/// Why the metadata service does not answer; none if it does.
fn metadata_refusal(world: &World, received: &Received) -> Option<Answer> {
    let token = received.header("x-aliyun-ecs-metadata-token");
    match (world.vending.metadata, token) {
        (_, Some(METADATA_TOKEN)) | (Metadata::Both | Metadata::V1Only, None) => None,
        (_, Some(_)) => Some(Answer::text(401, "another token is needed\n")),
        (Metadata::V2Only, None) => Some(Answer::text(403, "a token is needed\n")),
    }
}

fn metadata_role(world: &mut World, received: &Received, _: OffsetDateTime) -> Answer {
    metadata_refusal(world, received).unwrap_or_else(|| Answer::text(200, &*world.vending.role))
}

fn metadata_credentials(world: &mut World, received: &Received, now: OffsetDateTime) -> Answer {
    if let Some(refusal) = metadata_refusal(world, received) {
        return refusal;
    }
    if received.path.strip_prefix(METADATA) != Some(world.vending.role.as_str()) {
        return Answer::text(404, "not found\n");
    }
    let mut body = session(world, now, "vm-ram-i-emulated");
    body["Code"] = json!("Success");
    Answer::json(200, &body)
}

fn credentials_uri(world: &mut World, _: &Received, now: OffsetDateTime) -> Answer {
    let mut body = session(world, now, "sidecar");
    body["Code"] = json!("Success");
    Answer::json(200, &body)
}

fn bearer(received: &Received) -> Option<&str> {
    received.header("authorization")?.strip_prefix("Bearer ")
}

fn cloud_sso(world: &mut World, received: &Received, now: OffsetDateTime) -> Answer {
    if bearer(received).is_none() || bearer(received) != world.vending.sso_access_token.as_deref() {
        return Answer::refusal(401, "Unauthorized", "The access token is not valid.");
    }
    let wish: Value = serde_json::from_slice(&received.body).unwrap_or_default();
    if wish["AccountId"].as_str() != world.vending.account.as_deref() {
        return Answer::refusal(403, "Forbidden", "The account is not assigned.");
    }
    if wish["AccessConfigurationId"]
        .as_str()
        .is_none_or(str::is_empty)
    {
        return Answer::refusal(400, "MissingParameter", "AccessConfigurationId is needed.");
    }
    let credential = session(world, now, "sso");
    Answer::json(
        200,
        &json!({"CloudCredential": credential, "RequestId": "emulated"}),
    )
}

fn oauth_token(world: &mut World, received: &Received, _: OffsetDateTime) -> Answer {
    let good = received.parameter("grant_type") == Some("refresh_token")
        && received
            .parameter("client_id")
            .is_some_and(|id| CLIENTS.contains(&id))
        && received.query.is_empty();
    if !good {
        return Answer::json(400, &json!({"error": "invalid_request"}));
    }
    let given = received.parameter("refresh_token");
    if given.is_none() || given != world.vending.oauth_refresh_token.as_deref() {
        return Answer::json(400, &json!({"error": "invalid_grant"}));
    }
    let access_token = format!(
        "emulated-access-{}",
        world.random_text(b"abcdef0123456789", 16)
    );
    let refresh_token = format!(
        "emulated-refresh-{}",
        world.random_text(b"abcdef0123456789", 16)
    );
    let body = json!({
        "access_token": access_token,
        "refresh_token": refresh_token,
        "expires_in": world.vending.oauth_seconds,
        "token_type": "Bearer",
    });
    world.vending.oauth_access_token = Some(access_token);
    world.vending.oauth_refresh_token = Some(refresh_token);
    Answer::json(200, &body)
}

fn oauth_exchange(world: &mut World, received: &Received, now: OffsetDateTime) -> Answer {
    if bearer(received).is_none() || bearer(received) != world.vending.oauth_access_token.as_deref()
    {
        return Answer::refusal(401, "Unauthorized", "The access token is not valid.");
    }
    let fields = session(world, now, "oauth");
    let camel: serde_json::Map<String, Value> = fields
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| {
            let (first, rest) = name.split_at(1);
            (
                format!("{}{rest}", first.to_ascii_lowercase()),
                value.clone(),
            )
        })
        .collect();
    Answer::json(200, &Value::Object(camel))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use serde_json::{Value, json};

    use super::super::{Account, DEFAULT_ACCOUNT, Emulator, Role};
    use super::{Metadata, OddAnswer, Vending};

    fn emulator(change: impl FnOnce(&mut Vending)) -> Emulator {
        let emulator = Emulator::start().expect("a free port");
        let account = Account::new(DEFAULT_ACCOUNT).with_role(Role::new("runner", &[]));
        emulator.put_account(account).expect("a sound account");
        let mut vending = Vending {
            account: Some(DEFAULT_ACCOUNT.to_owned()),
            role: "runner".to_owned(),
            sso_access_token: Some("sso".to_owned()),
            oauth_access_token: Some("access".to_owned()),
            oauth_refresh_token: Some("refresh".to_owned()),
            oauth_seconds: 3600,
            ..Vending::default()
        };
        change(&mut vending);
        emulator.set_vending(vending);
        emulator
    }

    /// Status and body.
    fn send(emulator: &Emulator, line: &str, headers: &[&str], body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(emulator.address()).expect("a connection");
        let mut text = format!(
            "{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n",
            body.len()
        );
        for header in headers {
            text.push_str(&format!("{header}\r\n"));
        }
        write!(stream, "{text}\r\n{body}").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        (status.expect("a status"), body.to_owned())
    }

    fn check(
        emulator: &Emulator,
        line: &str,
        headers: &[&str],
        body: &str,
        expected: u16,
    ) -> Value {
        let (status, text) = send(emulator, line, headers, body);
        assert_eq!(status, expected, "{line}: {text}");
        serde_json::from_str(&text).unwrap_or_else(|_| json!(text))
    }

    const TOKEN: &str = "x-aliyun-ecs-metadata-token: emulator-metadata-token==";
    const LIFE: &str = "x-aliyun-ecs-metadata-token-ttl-seconds: 21600";
    const ROLES: &str = "GET /latest/meta-data/ram/security-credentials/";
    const RUNNER: &str = "GET /latest/meta-data/ram/security-credentials/runner";

    #[test]
    fn metadata_versions() {
        let both = emulator(|_| {});
        assert_eq!(
            check(&both, "PUT /latest/api/token", &[LIFE], "", 200),
            "emulator-metadata-token=="
        );
        check(&both, "PUT /latest/api/token", &[], "", 400);
        check(&both, "GET /latest/api/token", &[LIFE], "", 405);
        assert_eq!(check(&both, ROLES, &[], "", 200), "runner");
        assert_eq!(check(&both, RUNNER, &[TOKEN], "", 200)["Code"], "Success");
        check(
            &both,
            RUNNER,
            &["x-aliyun-ecs-metadata-token: other"],
            "",
            401,
        );
        check(&both, &format!("{ROLES}other"), &[TOKEN], "", 404);
        let v2 = emulator(|vending| vending.metadata = Metadata::V2Only);
        check(&v2, RUNNER, &[], "", 403);
        check(&v2, RUNNER, &[TOKEN], "", 200);
        let v1 = emulator(|vending| vending.metadata = Metadata::V1Only);
        check(&v1, "PUT /latest/api/token", &[LIFE], "", 404);
        check(&v1, RUNNER, &[], "", 200);
        let odd = emulator(|vending| {
            vending.odd_answer = Some(OddAnswer {
                status: 503,
                body: "later".to_owned(),
            });
        });
        assert_eq!(check(&odd, RUNNER, &[], "", 503), "later");
        let none = emulator(|vending| vending.account = None);
        check(&none, RUNNER, &[], "", 404);
        assert_eq!(v1.calls_of("MetadataCredentials").len(), 1);
    }

    #[test]
    fn sign_ins() {
        let emulator = emulator(|_| {});
        let sso = "POST /cloud-credentials";
        let wish =
            json!({"AccountId": DEFAULT_ACCOUNT, "AccessConfigurationId": "ac-1"}).to_string();
        let found = check(&emulator, sso, &["authorization: Bearer sso"], &wish, 200);
        assert!(found["CloudCredential"]["SecurityToken"].is_string());
        check(&emulator, sso, &["authorization: Bearer other"], &wish, 401);
        check(&emulator, sso, &["authorization: Bearer sso"], "{}", 403);
        let exchange = "POST /v1/exchange";
        assert!(
            check(
                &emulator,
                exchange,
                &["authorization: Bearer access"],
                "",
                200
            )["accessKeyId"]
                .is_string()
        );
        let form = "content-type: application/x-www-form-urlencoded";
        let renewal =
            "grant_type=refresh_token&refresh_token=refresh&client_id=4103531455503354461";
        let renewed = check(&emulator, "POST /v1/token", &[form], renewal, 200);
        assert_eq!(renewed["expires_in"], 3600);
        // Used up.
        check(&emulator, "POST /v1/token", &[form], renewal, 400);
        check(
            &emulator,
            exchange,
            &["authorization: Bearer access"],
            "",
            401,
        );
        let bearer = format!(
            "authorization: Bearer {}",
            renewed["access_token"].as_str().expect("text")
        );
        check(&emulator, exchange, &[&bearer], "", 200);
        assert_eq!(
            check(&emulator, "GET /credentials-uri", &[], "", 200)["Code"],
            "Success"
        );
    }
}
