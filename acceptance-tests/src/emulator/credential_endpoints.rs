//! Those who hand out temporary credentials beside STS: the metadata service of an instance, a credentials URI, the sign-in
//! host of CloudSSO, the OAuth server.
//!
//! Paths, headers and responses: the public pages on instance metadata, and what the official CLI and SDKs send and read. All
//! of them are silent (404) until [`CredentialEndpoints`] names a role. Must not contain: STS, or who may do what.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::request::Received;
use super::state::{Now, State};
use super::sts::{RoleSession, issue};

/// Who gets credentials, and for what.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CredentialEndpoints {
    /// The account of the role; absent, nothing is handed out.
    pub account: Option<String>,
    /// The role whose sessions are handed out.
    pub role: String,
    /// Versions that the metadata service supports.
    pub metadata: Metadata,
    /// The access token that CloudSSO takes; absent, none.
    pub sso_access_token: Option<String>,
    /// The access token that the OAuth server exchanges; a renewal changes it.
    pub oauth_access_token: Option<String>,
    /// The refresh token that the OAuth server takes, once; a renewal changes it.
    pub oauth_refresh_token: Option<String>,
    /// Seconds that renewed OAuth access tokens last.
    pub oauth_seconds: i64,
    /// The response that all of them send instead.
    pub unexpected_response: Option<UnexpectedResponse>,
}

/// A response that is not the documented one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnexpectedResponse {
    /// HTTP status.
    pub status: u16,
    /// The body, unchanged.
    pub body: String,
    /// When it is sent.
    #[serde(default)]
    pub pace: Pace,
}

/// When a response is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// At once.
    #[default]
    AtOnce,
    /// After so many milliseconds.
    After(u64),
    /// At once, with bytes behind it that do not end.
    Endless,
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

/// A response to send.
pub(super) struct PacedResponse {
    pub(super) status: u16,
    pub(super) media_type: &'static str,
    pub(super) body: String,
    pub(super) pace: Pace,
}

impl PacedResponse {
    fn text(status: u16, body: impl Into<String>) -> PacedResponse {
        PacedResponse {
            status,
            media_type: "text/plain",
            body: body.into(),
            pace: Pace::AtOnce,
        }
    }

    fn json(status: u16, body: &Value) -> PacedResponse {
        PacedResponse {
            status,
            media_type: "application/json",
            body: body.to_string(),
            pace: Pace::AtOnce,
        }
    }

    fn refusal(status: u16, code: &str, message: &str) -> PacedResponse {
        PacedResponse::json(status, &json!({"Code": code, "Message": message}))
    }
}

const METADATA: &str = "/latest/meta-data/ram/security-credentials/";
/// The one token of the metadata service; a fake, and looks it.
const METADATA_TOKEN: &str = "emulator-metadata-token==";
/// The client IDs of the CLI, for both sites.
const CLIENTS: [&str; 2] = ["4038181954557748008", "4103531455503354461"];

/// Responds to a request for one of these services. `None`: the request is for another.
pub(super) fn respond(state: &mut State, received: &Received, now: Now) -> Option<PacedResponse> {
    type Serve = fn(&mut State, &Received, OffsetDateTime) -> PacedResponse;
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
    let now = state.clock(now);
    let number = state.calls.arrived(received, name, now.since_start_ms);
    let response = if state.credential_endpoints.account.is_none() {
        PacedResponse::text(404, "nothing is handed out here\n")
    } else if let Some(UnexpectedResponse { status, body, pace }) =
        state.credential_endpoints.unexpected_response.clone()
    {
        PacedResponse {
            pace,
            ..PacedResponse::text(status, body)
        }
    } else if received.method == method {
        serve(state, received, now.utc)
    } else {
        PacedResponse::text(405, "another method is needed\n")
    };
    state.calls.amend(number, |call| {
        call.executed = true;
        call.responded_at_ms = Some(now.since_start_ms);
        call.status = Some(response.status);
    });
    Some(response)
}

/// A session of the role, as its four fields.
fn session(state: &mut State, now: OffsetDateTime, name: &str) -> Value {
    let CredentialEndpoints { account, role, .. } = state.credential_endpoints.clone();
    let named = RoleSession {
        account: account.as_deref().unwrap_or_default(),
        role: &role,
        name,
        policy: None,
    };
    issue(state, now, named, 3600).unwrap_or_default()
}

fn metadata_token(state: &mut State, received: &Received, _: OffsetDateTime) -> PacedResponse {
    let seconds = received.header("x-aliyun-ecs-metadata-token-ttl-seconds");
    let seconds: Option<u32> = seconds.and_then(|text| text.parse().ok());
    match (state.credential_endpoints.metadata, seconds) {
        (Metadata::V1Only, _) => PacedResponse::text(404, "not found\n"),
        (_, Some(1..=21_600)) => PacedResponse::text(200, METADATA_TOKEN),
        _ => PacedResponse::text(400, "the life of the token has to be 1 to 21600 seconds\n"),
    }
}

/// The refusal of the metadata service; none if it allows the request.
fn metadata_refusal(state: &State, received: &Received) -> Option<PacedResponse> {
    let token = received.header("x-aliyun-ecs-metadata-token");
    match (state.credential_endpoints.metadata, token) {
        (_, Some(METADATA_TOKEN)) | (Metadata::Both | Metadata::V1Only, None) => None,
        (_, Some(_)) => Some(PacedResponse::text(401, "another token is needed\n")),
        (Metadata::V2Only, None) => Some(PacedResponse::text(403, "a token is needed\n")),
    }
}

fn metadata_role(state: &mut State, received: &Received, _: OffsetDateTime) -> PacedResponse {
    metadata_refusal(state, received)
        .unwrap_or_else(|| PacedResponse::text(200, &*state.credential_endpoints.role))
}

fn metadata_credentials(
    state: &mut State,
    received: &Received,
    now: OffsetDateTime,
) -> PacedResponse {
    if let Some(refusal) = metadata_refusal(state, received) {
        return refusal;
    }
    if received.path.strip_prefix(METADATA) != Some(state.credential_endpoints.role.as_str()) {
        return PacedResponse::text(404, "not found\n");
    }
    let mut body = session(state, now, "vm-ram-i-emulated");
    body["Code"] = json!("Success");
    PacedResponse::json(200, &body)
}

fn credentials_uri(state: &mut State, _: &Received, now: OffsetDateTime) -> PacedResponse {
    let mut body = session(state, now, "sidecar");
    body["Code"] = json!("Success");
    PacedResponse::json(200, &body)
}

fn bearer(received: &Received) -> Option<&str> {
    received.header("authorization")?.strip_prefix("Bearer ")
}

fn cloud_sso(state: &mut State, received: &Received, now: OffsetDateTime) -> PacedResponse {
    if bearer(received).is_none()
        || bearer(received) != state.credential_endpoints.sso_access_token.as_deref()
    {
        return PacedResponse::refusal(401, "Unauthorized", "The access token is not valid.");
    }
    let wish: Value = serde_json::from_slice(&received.body).unwrap_or_default();
    if wish["AccountId"].as_str() != state.credential_endpoints.account.as_deref() {
        return PacedResponse::refusal(403, "Forbidden", "The account is not assigned.");
    }
    if wish["AccessConfigurationId"]
        .as_str()
        .is_none_or(str::is_empty)
    {
        return PacedResponse::refusal(400, "MissingParameter", "AccessConfigurationId is needed.");
    }
    let credential = session(state, now, "sso");
    PacedResponse::json(
        200,
        &json!({"CloudCredential": credential, "RequestId": "emulated"}),
    )
}

fn oauth_token(state: &mut State, received: &Received, _: OffsetDateTime) -> PacedResponse {
    let good = received.parameter("grant_type") == Some("refresh_token")
        && received
            .parameter("client_id")
            .is_some_and(|id| CLIENTS.contains(&id))
        && received.query.is_empty();
    if !good {
        return PacedResponse::json(400, &json!({"error": "invalid_request"}));
    }
    let given = received.parameter("refresh_token");
    if given.is_none() || given != state.credential_endpoints.oauth_refresh_token.as_deref() {
        return PacedResponse::json(400, &json!({"error": "invalid_grant"}));
    }
    let access_token = format!(
        "emulated-access-{}",
        state.random_text(b"abcdef0123456789", 16)
    );
    let refresh_token = format!(
        "emulated-refresh-{}",
        state.random_text(b"abcdef0123456789", 16)
    );
    let body = json!({
        "access_token": access_token,
        "refresh_token": refresh_token,
        "expires_in": state.credential_endpoints.oauth_seconds,
        "token_type": "Bearer",
    });
    state.credential_endpoints.oauth_access_token = Some(access_token);
    state.credential_endpoints.oauth_refresh_token = Some(refresh_token);
    PacedResponse::json(200, &body)
}

fn oauth_exchange(state: &mut State, received: &Received, now: OffsetDateTime) -> PacedResponse {
    if bearer(received).is_none()
        || bearer(received) != state.credential_endpoints.oauth_access_token.as_deref()
    {
        return PacedResponse::refusal(401, "Unauthorized", "The access token is not valid.");
    }
    let fields = session(state, now, "oauth");
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
    PacedResponse::json(200, &Value::Object(camel))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use serde_json::{Value, json};

    use super::super::{Account, DEFAULT_ACCOUNT, Emulator, Role};
    use super::{CredentialEndpoints, Metadata, Pace, UnexpectedResponse};

    fn emulator(change: impl FnOnce(&mut CredentialEndpoints)) -> Emulator {
        let emulator = Emulator::start().expect("a free port");
        let account = Account::new(DEFAULT_ACCOUNT).with_role(Role::new("runner", &[]));
        emulator.put_account(account).expect("a sound account");
        let mut credential_endpoints = CredentialEndpoints {
            account: Some(DEFAULT_ACCOUNT.to_owned()),
            role: "runner".to_owned(),
            sso_access_token: Some("sso".to_owned()),
            oauth_access_token: Some("access".to_owned()),
            oauth_refresh_token: Some("refresh".to_owned()),
            oauth_seconds: 3600,
            ..CredentialEndpoints::default()
        };
        change(&mut credential_endpoints);
        emulator.set_credential_endpoints(credential_endpoints);
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
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("a response");
        let (head, body) = response.split_once("\r\n\r\n").expect("a body");
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
    fn metadata_versions_follow_the_switch() {
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
        let v2 = emulator(|credential_endpoints| credential_endpoints.metadata = Metadata::V2Only);
        check(&v2, RUNNER, &[], "", 403);
        check(&v2, RUNNER, &[TOKEN], "", 200);
        let v1 = emulator(|credential_endpoints| credential_endpoints.metadata = Metadata::V1Only);
        check(&v1, "PUT /latest/api/token", &[LIFE], "", 404);
        check(&v1, RUNNER, &[], "", 200);
        let unexpected = emulator(|credential_endpoints| {
            credential_endpoints.unexpected_response = Some(UnexpectedResponse {
                status: 503,
                body: "later".to_owned(),
                pace: Pace::AtOnce,
            });
        });
        assert_eq!(check(&unexpected, RUNNER, &[], "", 503), "later");
        let none = emulator(|credential_endpoints| credential_endpoints.account = None);
        check(&none, RUNNER, &[], "", 404);
        assert_eq!(v1.calls_of("MetadataCredentials").len(), 1);
    }

    #[test]
    fn sign_in_endpoints_check_their_tokens() {
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
