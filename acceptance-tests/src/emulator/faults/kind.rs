//! What can go wrong with a call, and how its response changes then.
//!
//! Must not contain: sockets, sleeping. What is to happen on the wire is returned as a description.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::response::Reply;

/// What can go wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultKind {
    /// Flow control with any code.
    Throttle {
        /// `Throttling.User`, `System.LimitControl`, …
        #[serde(default = "throttling_user")]
        code: String,
        /// HTTP status.
        #[serde(default = "bad_request")]
        status: u16,
        /// `x-acs-retry-after` in milliseconds; absent, the header is not sent.
        #[serde(default)]
        retry_after_ms: Option<u64>,
    },
    /// A JSON error in the gateway's form.
    Error {
        /// HTTP status.
        status: u16,
        /// `Code`.
        code: String,
        /// `Message`.
        #[serde(default = "injected_message")]
        message: String,
        /// `x-acs-retry-after` in milliseconds; absent, the header is not sent.
        #[serde(default)]
        retry_after_ms: Option<u64>,
    },
    /// The page of a front end that lost its back end.
    Html {
        /// HTTP status.
        #[serde(default = "bad_gateway")]
        status: u16,
    },
    /// The page of a proxy, of a firewall or of a login, with a title.
    Page {
        /// HTTP status.
        #[serde(default = "ok")]
        status: u16,
        /// Its title.
        title: String,
    },
    /// Any text as the whole body.
    Body {
        /// HTTP status.
        #[serde(default = "ok")]
        status: u16,
        /// `content-type`.
        #[serde(default = "json_type")]
        content_type: String,
        /// The body.
        text: String,
    },
    /// HTTP 200 and nothing else.
    EmptyBody,
    /// HTTP 200 and a body that stops being JSON in its middle.
    InvalidJson,
    /// HTTP 200 and a JSON text of this many bytes.
    HugeBody {
        /// Length of the body.
        bytes: u64,
    },
    /// A redirect.
    Redirect {
        /// HTTP status.
        #[serde(default = "found")]
        status: u16,
        /// `location`.
        location: String,
    },
    /// 400 `InvalidSecurityToken.Expired`.
    ExpiredToken,
    /// The connection ends without a response.
    Cut,
    /// The connection is reset without a response.
    Reset,
    /// The response is late. The operation runs after the delay or, with `after`, before it.
    Slow {
        /// Milliseconds.
        delay_ms: u64,
    },
    /// The real response in small pieces.
    Drip {
        /// Bytes in a piece.
        bytes: usize,
        /// Milliseconds before each piece.
        interval_ms: u64,
    },
    /// The head of the real response, but only this many bytes of its body; then the connection closes.
    Truncate {
        /// Bytes that are sent; absent, half of them.
        #[serde(default)]
        bytes: Option<usize>,
    },
    /// The real response without these fields.
    MissingFields {
        /// Paths such as `Data.CustSpaceId`.
        fields: Vec<String>,
    },
    /// The real response with lists where these fields were.
    WrongTypes {
        /// Paths such as `Data.CustSpaceId`.
        fields: Vec<String>,
    },
    /// The real response with ill-formed text in these fields: half of a surrogate pair, a byte that UTF-8 never has, and
    /// control characters. Fields that the response does not have are not added.
    BrokenText {
        /// Paths such as `Data.Name`.
        fields: Vec<String>,
    },
    /// The real response with other values in these fields.
    SetFields {
        /// Paths such as `Data.WabaId`, and their values.
        fields: BTreeMap<String, Value>,
    },
}

/// What the socket has to do.
#[derive(Debug, PartialEq)]
pub(in crate::emulator) enum Wire {
    /// End the connection without a response.
    Cut,
    /// Reset the connection.
    Reset,
    /// Send a response, perhaps an unusual one.
    Response {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: WireBody,
    },
}

/// How a body goes out.
#[derive(Debug, PartialEq)]
pub(in crate::emulator) enum WireBody {
    Whole(Vec<u8>),
    /// Only the first bytes of what the head announces.
    Truncated {
        whole: Vec<u8>,
        sent: usize,
    },
    /// In pieces.
    Drip {
        whole: Vec<u8>,
        piece: usize,
        interval_ms: u64,
    },
    /// A JSON text of that length.
    Huge(u64),
    /// These bytes, and others without end.
    Endless(Vec<u8>),
}

impl FaultKind {
    /// A right that is lacking, as the gateway says it.
    pub fn denied() -> Self {
        FaultKind::Error {
            status: 403,
            code: "NoPermission".to_owned(),
            message: "You are not authorized to do this action.".to_owned(),
            retry_after_ms: None,
        }
    }

    /// The name in control documents and in the call log.
    pub(in crate::emulator) fn name(&self) -> &'static str {
        match self {
            FaultKind::Throttle { .. } => "throttle",
            FaultKind::Error { .. } => "error",
            FaultKind::Html { .. } => "html",
            FaultKind::Page { .. } => "page",
            FaultKind::Body { .. } => "body",
            FaultKind::EmptyBody => "empty_body",
            FaultKind::InvalidJson => "invalid_json",
            FaultKind::HugeBody { .. } => "huge_body",
            FaultKind::Redirect { .. } => "redirect",
            FaultKind::ExpiredToken => "expired_token",
            FaultKind::Cut => "cut",
            FaultKind::Reset => "reset",
            FaultKind::Slow { .. } => "slow",
            FaultKind::Drip { .. } => "drip",
            FaultKind::Truncate { .. } => "truncate",
            FaultKind::MissingFields { .. } => "missing_fields",
            FaultKind::WrongTypes { .. } => "wrong_types",
            FaultKind::BrokenText { .. } => "broken_text",
            FaultKind::SetFields { .. } => "set_fields",
        }
    }

    /// Whether it needs the real response, so that the operation always runs.
    pub(in crate::emulator) fn needs_response(&self) -> bool {
        matches!(
            self,
            FaultKind::Slow { .. }
                | FaultKind::Drip { .. }
                | FaultKind::Truncate { .. }
                | FaultKind::MissingFields { .. }
                | FaultKind::WrongTypes { .. }
                | FaultKind::BrokenText { .. }
                | FaultKind::SetFields { .. }
        )
    }

    /// Milliseconds to wait, if it is slowness.
    pub(in crate::emulator) fn delay_ms(&self) -> Option<u64> {
        match self {
            FaultKind::Slow { delay_ms } => Some(*delay_ms),
            _ => None,
        }
    }

    /// The error code that the client sees, if the fault has one.
    pub(in crate::emulator) fn code(&self) -> Option<&str> {
        match self {
            FaultKind::Throttle { code, .. } | FaultKind::Error { code, .. } => Some(code),
            FaultKind::ExpiredToken => Some("InvalidSecurityToken.Expired"),
            _ => None,
        }
    }

    /// What goes out instead of the real response; `encode` turns a tree into the bytes of the asked-for format.
    pub(in crate::emulator) fn play(
        &self,
        reply: Reply,
        encode: impl Fn(&Reply) -> Vec<u8>,
    ) -> Wire {
        let json = |status: u16, body: &Value| Wire::Response {
            status,
            headers: vec![("content-type", json_type())],
            body: WireBody::Whole(body.to_string().into_bytes()),
        };
        let text = |status: u16, content_type: &str, text: &str| Wire::Response {
            status,
            headers: vec![("content-type", content_type.to_owned())],
            body: WireBody::Whole(text.as_bytes().to_vec()),
        };
        let reshaped = |reply: Reply, shape: &dyn Fn(Vec<u8>) -> WireBody| Wire::Response {
            body: shape(encode(&reply)),
            status: reply.status,
            headers: reply.headers,
        };
        let error = |status: u16, code: &str, message: &str, retry_after_ms: Option<u64>| {
            let mut headers = vec![("content-type", json_type())];
            headers.extend(retry_after_ms.map(|wait| ("x-acs-retry-after", wait.to_string())));
            let body = json!({
                "RequestId": reply.body.get("RequestId").or_else(|| reply.body.get("requestId")),
                "HostId": "emulator",
                "Code": code,
                "Message": message,
            });
            Wire::Response {
                status,
                headers,
                body: WireBody::Whole(body.to_string().into_bytes()),
            }
        };
        match self {
            FaultKind::Cut => Wire::Cut,
            FaultKind::Reset => Wire::Reset,
            FaultKind::Throttle {
                code,
                status,
                retry_after_ms,
            } => error(
                *status,
                code,
                "Request was denied due to flow control.",
                *retry_after_ms,
            ),
            FaultKind::Error {
                status,
                code,
                message,
                retry_after_ms,
            } => error(*status, code, message, *retry_after_ms),
            FaultKind::ExpiredToken => error(
                400,
                "InvalidSecurityToken.Expired",
                "Specified SecurityToken is expired.",
                None,
            ),
            FaultKind::Html { status } => text(
                *status,
                "text/html",
                &format!(
                    "<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center><hr>front end</body></html>"
                ),
            ),
            FaultKind::Page { status, title } => {
                text(*status, "text/html; charset=utf-8", &page(title))
            }
            FaultKind::Body {
                status,
                content_type,
                text: body,
            } => text(*status, content_type, body),
            FaultKind::EmptyBody => text(200, "application/json", ""),
            FaultKind::InvalidJson => text(
                200,
                "application/json",
                "{\"Code\":\"OK\",\"Data\":{\"Id\":",
            ),
            FaultKind::HugeBody { bytes } => Wire::Response {
                status: 200,
                headers: vec![("content-type", json_type())],
                body: WireBody::Huge(*bytes),
            },
            FaultKind::Redirect { status, location } => Wire::Response {
                status: *status,
                headers: vec![("location", location.clone())],
                body: WireBody::Whole(Vec::new()),
            },
            FaultKind::Slow { .. } => reshaped(reply, &WireBody::Whole),
            FaultKind::Drip { bytes, interval_ms } => reshaped(reply, &|whole| WireBody::Drip {
                whole,
                piece: (*bytes).max(1),
                interval_ms: *interval_ms,
            }),
            FaultKind::Truncate { bytes } => reshaped(reply, &|whole| WireBody::Truncated {
                sent: bytes.unwrap_or(whole.len() / 2).min(whole.len()),
                whole,
            }),
            FaultKind::MissingFields { fields } => {
                let mut body = reply.body;
                for field in fields {
                    edit(&mut body, field, None);
                }
                json(reply.status, &body)
            }
            FaultKind::WrongTypes { fields } => {
                let mut body = reply.body;
                for field in fields {
                    edit(&mut body, field, Some(json!([{"Unexpected": true}, 1])));
                }
                json(reply.status, &body)
            }
            FaultKind::BrokenText { fields } => {
                let mut body = reply.body;
                for field in fields {
                    let pointer = format!("/{}", field.replace('.', "/"));
                    if let Some(Value::String(text)) = body.pointer_mut(&pointer) {
                        text.push_str(BROKEN);
                    }
                }
                Wire::Response {
                    status: reply.status,
                    headers: vec![("content-type", json_type())],
                    body: WireBody::Whole(broken(&body)),
                }
            }
            FaultKind::SetFields { fields } => {
                let mut body = reply.body;
                for (field, value) in fields {
                    edit(&mut body, field, Some(value.clone()));
                }
                json(reply.status, &body)
            }
        }
    }
}

/// Where broken text goes.
const BROKEN: &str = "(broken)";

/// JSON with broken text.
fn broken(body: &Value) -> Vec<u8> {
    let text = body.to_string();
    let parts: Vec<&[u8]> = text.split(BROKEN).map(str::as_bytes).collect();
    parts.join(&b" \\ud83d \xff \\u0000\\u001b[2J\\u202e"[..])
}

/// A page as those in between send it.
fn page(title: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<title>\n  {title}\n</title>\n\
         <script>var code = {{\"Code\": \"OK\"}};</script></head>\n<body><h1>Network</h1><form method=\"post\" \
         action=\"/login\"><input name=\"user\"><input name=\"password\" type=\"password\"></form></body></html>\n"
    )
}

/// Sets or removes what stands at a dotted path, making the objects on the way.
fn edit(body: &mut Value, path: &str, value: Option<Value>) {
    let (head, rest) = match path.split_once('.') {
        Some((head, rest)) => (head, Some(rest)),
        None => (path, None),
    };
    if !body.is_object() {
        if value.is_none() {
            return;
        }
        *body = json!({});
    }
    let Value::Object(map) = body else {
        return;
    };
    match (rest, value) {
        (None, Some(value)) => {
            map.insert(head.to_owned(), value);
        }
        (None, None) => {
            map.remove(head);
        }
        (Some(rest), Some(value)) => edit(
            map.entry(head.to_owned()).or_insert(Value::Null),
            rest,
            Some(value),
        ),
        (Some(rest), None) => {
            if let Some(inner) = map.get_mut(head) {
                edit(inner, rest, None);
            }
        }
    }
}

fn throttling_user() -> String {
    "Throttling.User".to_owned()
}

fn injected_message() -> String {
    "The emulator was configured to return this code.".to_owned()
}

fn json_type() -> String {
    "application/json;charset=utf-8".to_owned()
}

fn ok() -> u16 {
    200
}

fn found() -> u16 {
    302
}

fn bad_request() -> u16 {
    400
}

fn bad_gateway() -> u16 {
    502
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_text_is_no_json_for_strict_readers() {
        let bytes = broken(&json!({"Name": format!("Shop{BROKEN}"), "Code": "OK"}));
        assert!(serde_json::from_slice::<Value>(&bytes).is_err());
        let lenient = String::from_utf8_lossy(&bytes).replace("\\ud83d", "");
        let value: Value = serde_json::from_str(&lenient).expect("JSON but for its text");
        assert_eq!(value["Code"], "OK");
    }

    #[test]
    fn fields_are_edited_by_path() {
        for (path, value, expected) in [
            ("A", None, json!({"D": {"E": 1}})),
            ("D.E", None, json!({"A": 1, "D": {}})),
            ("D.X", None, json!({"A": 1, "D": {"E": 1}})),
            ("A.B", None, json!({"A": 1, "D": {"E": 1}})),
            ("D.E", Some(json!([2])), json!({"A": 1, "D": {"E": [2]}})),
            (
                "X.Y",
                Some(json!(2)),
                json!({"A": 1, "D": {"E": 1}, "X": {"Y": 2}}),
            ),
            ("A.B", Some(json!(2)), json!({"A": {"B": 2}, "D": {"E": 1}})),
        ] {
            let mut body = json!({"A": 1, "D": {"E": 1}});
            edit(&mut body, path, value);
            assert_eq!(body, expected, "{path}");
        }
    }
}
