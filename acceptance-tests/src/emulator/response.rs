//! Responses before they become bytes: successes, the error bodies of gateway and product, JSON or XML.
//!
//! The bodies follow the vendor's public pages on RPC errors and on the CAMS envelope. Must not contain: decisions about
//! when which error is due.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::behavior::Behavior;
use super::gateway::KeyStyle;

/// What the responses of the product have in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponseBehavior {
    /// HTTP status of errors that the product (not the gateway) gives.
    pub business_error_status: BusinessErrorStatus,
    /// `Success` of responses that have one; documented samples show `false` beside `OK`.
    pub success_flag: SuccessFlag,
    /// `Code` of a success; some documented samples spell it in lower case.
    pub ok_code: String,
    /// `Message` of a success; documented samples show `None`, `SUCCESS`, `null` and worse.
    pub ok_message: String,
    /// `AccessDeniedDetail` of a success; a text there, while it is an object in gateway errors.
    pub ok_access_denied_detail: String,
    /// Whether responses carry keys that no document names.
    pub unknown_keys: bool,
}

impl Default for ResponseBehavior {
    fn default() -> Self {
        ResponseBehavior {
            business_error_status: BusinessErrorStatus::Documented,
            success_flag: SuccessFlag::Consistent,
            ok_code: "OK".to_owned(),
            ok_message: "None".to_owned(),
            ok_access_denied_detail: "None".to_owned(),
            unknown_keys: true,
        }
    }
}

/// HTTP status of the product's errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BusinessErrorStatus {
    /// 400 for the four codes documented with it, 200 for every other.
    Documented,
    /// Always 200.
    Always200,
    /// Always 400.
    Always400,
}

/// The key `Success`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuccessFlag {
    /// `true` beside `OK`.
    Consistent,
    /// Not there at all.
    Absent,
    /// `false` beside `OK`.
    FalseBesideOk,
}

/// The codes whose pages say HTTP 400; about every other product code they are silent.
const DOCUMENTED_400: [&str; 4] = [
    "Product.Unsubscript",
    "Ram.PermissionDeny",
    "System.LimitControl",
    "Unknown.ResourceOwnerId",
];

/// Why a call was not executed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Refusal {
    /// Said by the gateway, before the product saw the call.
    Gateway {
        status: u16,
        code: String,
        message: String,
        access_denied_detail: Option<Box<Value>>,
        retry_after_ms: Option<u64>,
    },
    /// Said by the product, in its envelope.
    Product {
        code: String,
        message: String,
        retry_after_ms: Option<u64>,
    },
}

impl Refusal {
    /// A gateway error without further detail.
    pub(super) fn gateway(status: u16, code: &str, message: impl Into<String>) -> Self {
        Refusal::Gateway {
            status,
            code: code.to_owned(),
            message: message.into(),
            access_denied_detail: None,
            retry_after_ms: None,
        }
    }

    /// A product error, with the documented sentence where there is one.
    pub(super) fn product(code: &str) -> Self {
        let message = match code {
            "Product.Unsubscript" => "You have not subscribed to the specified product.",
            "Ram.PermissionDeny" => "You are not authorized to perform the operation.",
            "System.LimitControl" => "The system is under flow control.",
            "Unknown.ResourceOwnerId" => "The resource does not belong to the current user.",
            _ => "The emulator was configured to return this code.",
        };
        Refusal::Product {
            code: code.to_owned(),
            message: message.to_owned(),
            retry_after_ms: None,
        }
    }

    /// The error code of the body.
    pub(super) fn code(&self) -> &str {
        match self {
            Refusal::Gateway { code, .. } | Refusal::Product { code, .. } => code,
        }
    }
}

/// A complete response. Its body is still a tree.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Value,
    /// The root element, were it XML.
    pub(super) root: String,
}

/// The parts of a request that every response has.
pub(super) struct Echo<'a> {
    pub(super) request_id: &'a str,
    pub(super) host: &'a str,
    pub(super) action: &'a str,
}

impl Reply {
    /// A success; the operation has made the whole body.
    pub(super) fn success(echo: &Echo<'_>, body: Value) -> Self {
        Reply {
            status: 200,
            headers: vec![("x-acs-request-id", echo.request_id.to_owned())],
            body,
            root: format!("{}Response", echo.action),
        }
    }

    /// The body that says why not.
    pub(super) fn refusal(echo: &Echo<'_>, behavior: &Behavior, refusal: &Refusal) -> Self {
        let mut headers = vec![("x-acs-request-id", echo.request_id.to_owned())];
        let (Refusal::Gateway { retry_after_ms, .. } | Refusal::Product { retry_after_ms, .. }) =
            refusal;
        if let Some(wait) = retry_after_ms {
            headers.push(("x-acs-retry-after", wait.to_string()));
        }
        let (status, body) = match refusal {
            Refusal::Gateway {
                status,
                code,
                message,
                access_denied_detail,
                ..
            } => {
                let mut body = json!({
                    "RequestId": echo.request_id,
                    "HostId": echo.host,
                    "Code": code,
                    "Message": message,
                    "Recommend": format!(
                        "https://api.alibabacloud.com/troubleshoot?q={code}&requestId={}",
                        echo.request_id
                    ),
                });
                if let Some(detail) = access_denied_detail {
                    body["AccessDeniedDetail"] = Value::clone(detail);
                }
                if behavior.gateway.error_keys == KeyStyle::Camel {
                    body = camel_case_keys(body);
                }
                (*status, body)
            }
            Refusal::Product { code, message, .. } => {
                let status = match behavior.response.business_error_status {
                    BusinessErrorStatus::Always200 => 200,
                    BusinessErrorStatus::Always400 => 400,
                    BusinessErrorStatus::Documented if DOCUMENTED_400.contains(&code.as_str()) => {
                        400
                    }
                    BusinessErrorStatus::Documented => 200,
                };
                let mut body = json!({
                    "RequestId": echo.request_id,
                    "Code": code,
                    "Message": message,
                    "AccessDeniedDetail": behavior.response.ok_access_denied_detail,
                });
                if behavior.response.success_flag != SuccessFlag::Absent {
                    body["Success"] = json!(false);
                }
                (status, body)
            }
        };
        Reply {
            status,
            headers,
            body,
            root: "Error".to_owned(),
        }
    }
}

/// The envelope of a CAMS success around the fields of one operation.
pub(super) fn envelope(request_id: &str, behavior: &Behavior, fields: Value) -> Value {
    let mut body = json!({
        "RequestId": request_id,
        "Code": behavior.response.ok_code,
        "Message": behavior.response.ok_message,
        "AccessDeniedDetail": behavior.response.ok_access_denied_detail,
    });
    match behavior.response.success_flag {
        SuccessFlag::Consistent => body["Success"] = json!(true),
        SuccessFlag::FalseBesideOk => body["Success"] = json!(false),
        SuccessFlag::Absent => {}
    }
    if behavior.response.unknown_keys {
        body["UnknownKey"] = json!({"Nested": [1, null]});
    }
    if let Value::Object(fields) = fields {
        for (key, value) in fields {
            body[&key] = value;
        }
    }
    body
}

/// The older representation, which the gateway chooses when no `Format` asks for JSON.
pub(super) fn xml(root: &str, body: &Value) -> String {
    let mut text = String::from("<?xml version='1.0' encoding='UTF-8'?>");
    write_element(&mut text, root, body);
    text
}

fn write_element(text: &mut String, name: &str, value: &Value) {
    text.push_str(&format!("<{name}>"));
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                write_element(text, key, value);
            }
        }
        Value::Array(items) => {
            for item in items {
                write_element(text, "member", item);
            }
        }
        Value::String(value) => {
            let value = value.replace('&', "&amp;").replace('<', "&lt;");
            text.push_str(&value);
        }
        Value::Null => {}
        other => text.push_str(&other.to_string()),
    }
    text.push_str(&format!("</{name}>"));
}

fn camel_case_keys(body: Value) -> Value {
    let Value::Object(map) = body else {
        return body;
    };
    let renamed: Map<String, Value> = map
        .into_iter()
        .map(|(key, value)| {
            let mut letters = key.chars();
            let first = letters.next().map(|letter| letter.to_ascii_lowercase());
            (first.into_iter().chain(letters).collect(), value)
        })
        .collect();
    Value::Object(renamed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ECHO: Echo<'_> = Echo {
        request_id: "ID",
        host: "h",
        action: "A",
    };

    /// The defaults with some switches moved.
    fn moved(change: impl FnOnce(&mut Behavior)) -> Behavior {
        let mut behavior = Behavior::default();
        change(&mut behavior);
        behavior
    }

    fn check(behavior: Behavior, refusal: Refusal, status: u16, body: Value) {
        let reply = Reply::refusal(&ECHO, &behavior, &refusal);
        assert_eq!(reply.status, status);
        for (key, value) in body.as_object().expect("an object") {
            assert_eq!(&reply.body[key], value, "{key} of {}", reply.body);
        }
    }

    #[test]
    fn product_errors_follow_the_switch() {
        let with = |business_error_status| {
            moved(|behavior| {
                behavior.response.business_error_status = business_error_status;
            })
        };
        let documented = Refusal::product("System.LimitControl");
        let other = Refusal::product("Authentication.NoAuth");
        use BusinessErrorStatus::{Always200, Always400, Documented};
        for (switch, refusal, status) in [
            (Documented, &documented, 400),
            (Documented, &other, 200),
            (Always200, &documented, 200),
            (Always200, &other, 200),
            (Always400, &documented, 400),
            (Always400, &other, 400),
        ] {
            let body = json!({"Code": refusal.code(), "Success": false, "RequestId": "ID"});
            check(with(switch), refusal.clone(), status, body);
        }
    }

    #[test]
    fn gateway_errors_have_their_own_body() {
        let refusal = Refusal::gateway(404, "InvalidVersion", "no");
        let body = json!({"Code": "InvalidVersion", "HostId": "h", "Message": "no"});
        check(Behavior::default(), refusal.clone(), 404, body);
        let camel = moved(|behavior| {
            behavior.gateway.error_keys = KeyStyle::Camel;
        });
        let body = json!({"code": "InvalidVersion", "hostId": "h", "Code": null});
        check(camel, refusal, 404, body);
    }

    #[test]
    fn xml_escapes_and_nests() {
        let body = json!({"A": "x<&y", "B": [1, {"C": null}], "D": true});
        assert_eq!(
            xml("R", &body),
            "<?xml version='1.0' encoding='UTF-8'?><R><A>x&lt;&amp;y</A>\
             <B><member>1</member><member><C></C></member></B><D>true</D></R>"
        );
    }
}
