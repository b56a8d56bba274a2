//! Misbehaviour on demand: which calls it hits, and what it makes of their answers.
//!
//! A fault is played on calls that are signed well and within the limits: a broken client is told what is broken
//! instead. Must not contain: sockets, sleeping; what is to happen on the wire is returned as a description.

use std::collections::BTreeMap;

use fastrand::Rng;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::Reply;
use super::request::Received;

/// A fault: which calls, when, how often, what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Action that it hits; absent, every action.
    #[serde(default)]
    pub action: Option<String>,
    /// Parameters and their values that a call must have to be hit.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// Account whose calls it hits; absent, every account.
    #[serde(default)]
    pub account: Option<String>,
    /// Before the operation runs (which then never runs), or after it has run.
    #[serde(default)]
    pub when: When,
    /// Matching calls that are let pass first.
    #[serde(default)]
    pub skip: u32,
    /// Matching calls that are hit; `null` is all of them, for ever.
    #[serde(default = "once")]
    pub times: Option<u32>,
    /// Chance of a matching call to be hit, 0 to 1; a call that is spared is not counted.
    #[serde(default = "certain")]
    pub probability: f64,
    /// Seed of that chance, so that a run can be repeated.
    #[serde(default)]
    pub seed: u64,
    /// What happens.
    pub fault: Misbehaviour,
}

/// Whether the operation runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// The operation does not run (but [`Misbehaviour::Slow`] only delays it).
    #[default]
    Before,
    /// The operation runs, and then this happens to its answer.
    After,
}

/// What can go wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Misbehaviour {
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
        #[serde(default = "told_to")]
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
    /// The connection is closed without an answer.
    Cut,
    /// The answer takes its time; the operation runs, after the delay or (with `after`) before it.
    Slow {
        /// Milliseconds.
        delay_ms: u64,
    },
    /// The true answer in small pieces.
    Drip {
        /// Bytes in a piece.
        bytes: usize,
        /// Milliseconds before each piece.
        interval_ms: u64,
    },
    /// The head of the true answer, but only this many bytes of its body; then the connection closes.
    Truncate {
        /// Bytes that are sent; absent, half of them.
        #[serde(default)]
        bytes: Option<usize>,
    },
    /// The true answer without these fields.
    MissingFields {
        /// Paths such as `Data.CustSpaceId`.
        fields: Vec<String>,
    },
    /// The true answer with lists where these fields were.
    WrongTypes {
        /// Paths such as `Data.CustSpaceId`.
        fields: Vec<String>,
    },
    /// The true answer with other values in these fields.
    SetFields {
        /// Paths such as `Data.WabaId`, and their values.
        fields: BTreeMap<String, Value>,
    },
}

impl Fault {
    /// Hits the next call of an action, before it runs.
    pub fn new(action: &str, fault: Misbehaviour) -> Self {
        Fault {
            action: Some(action.to_owned()),
            parameters: BTreeMap::new(),
            account: None,
            when: When::Before,
            skip: 0,
            times: once(),
            probability: certain(),
            seed: 0,
            fault,
        }
    }

    /// The same, after the operation has run.
    pub fn after(self) -> Self {
        Fault {
            when: When::After,
            ..self
        }
    }

    /// The same, for that many calls.
    pub fn times(self, times: u32) -> Self {
        Fault {
            times: Some(times),
            ..self
        }
    }

    /// The same, for ever.
    pub fn always(self) -> Self {
        Fault {
            times: None,
            ..self
        }
    }

    /// The same, once that many calls have passed.
    pub fn skip(self, skip: u32) -> Self {
        Fault { skip, ..self }
    }

    /// The same, only for calls with that value of a parameter.
    pub fn with_parameter(mut self, name: &str, value: &str) -> Self {
        self.parameters.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The same, by chance.
    pub fn with_probability(self, probability: f64, seed: u64) -> Self {
        Fault {
            probability,
            seed,
            ..self
        }
    }

    fn matches(&self, received: &Received, action: &str, account: Option<&str>) -> bool {
        self.action.as_deref().is_none_or(|wanted| wanted == action)
            && (self.account.is_none() || self.account.as_deref() == account)
            && self
                .parameters
                .iter()
                .all(|(name, value)| received.parameter(name) == Some(value))
    }
}

/// The faults that are waiting for their calls, oldest first.
#[derive(Default)]
pub(super) struct Faults {
    waiting: Vec<(Fault, Rng)>,
}

impl Faults {
    /// Adds a fault behind the others; an error is a sentence about what is wrong with it.
    pub(super) fn add(&mut self, fault: Fault) -> Result<(), String> {
        if !(0.0..=1.0).contains(&fault.probability) {
            return Err(format!(
                "the probability {} is not between 0 and 1",
                fault.probability
            ));
        }
        if let Misbehaviour::Throttle { status, .. }
        | Misbehaviour::Error { status, .. }
        | Misbehaviour::Html { status }
        | Misbehaviour::Body { status, .. }
        | Misbehaviour::Redirect { status, .. } = &fault.fault
            && !(200..=599).contains(status)
        {
            return Err(format!("the status {status} is not between 200 and 599"));
        }
        let rng = Rng::with_seed(fault.seed);
        self.waiting.push((fault, rng));
        Ok(())
    }

    /// The fault for this call, if one is due; at most one is played on a call.
    pub(super) fn take(
        &mut self,
        received: &Received,
        action: &str,
        account: Option<&str>,
    ) -> Option<(When, Misbehaviour)> {
        let mut due = None;
        for (index, (fault, rng)) in self.waiting.iter_mut().enumerate() {
            if !fault.matches(received, action, account) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if fault.probability < 1.0 && rng.f64() >= fault.probability {
                continue;
            }
            due = Some(index);
            break;
        }
        let index = due?;
        let (fault, _) = &mut self.waiting[index];
        let hit = (fault.when, fault.fault.clone());
        if let Some(times) = &mut fault.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.waiting.remove(index);
            }
        }
        Some(hit)
    }

    /// The faults that are still waiting.
    pub(super) fn all(&self) -> Vec<&Fault> {
        self.waiting.iter().map(|(fault, _)| fault).collect()
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }
}

/// What the socket has to do.
#[derive(Debug, PartialEq)]
pub(super) enum Wire {
    /// Close without a word.
    Cut,
    /// Answer, perhaps oddly.
    Answer {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: WireBody,
    },
}

/// How a body goes out.
#[derive(Debug, PartialEq)]
pub(super) enum WireBody {
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
}

impl Misbehaviour {
    /// The name in control documents and in the call log.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Misbehaviour::Throttle { .. } => "throttle",
            Misbehaviour::Error { .. } => "error",
            Misbehaviour::Html { .. } => "html",
            Misbehaviour::Body { .. } => "body",
            Misbehaviour::EmptyBody => "empty_body",
            Misbehaviour::InvalidJson => "invalid_json",
            Misbehaviour::HugeBody { .. } => "huge_body",
            Misbehaviour::Redirect { .. } => "redirect",
            Misbehaviour::ExpiredToken => "expired_token",
            Misbehaviour::Cut => "cut",
            Misbehaviour::Slow { .. } => "slow",
            Misbehaviour::Drip { .. } => "drip",
            Misbehaviour::Truncate { .. } => "truncate",
            Misbehaviour::MissingFields { .. } => "missing_fields",
            Misbehaviour::WrongTypes { .. } => "wrong_types",
            Misbehaviour::SetFields { .. } => "set_fields",
        }
    }

    /// Whether it needs the true answer, so that the operation runs in any case.
    pub(super) fn needs_answer(&self) -> bool {
        matches!(
            self,
            Misbehaviour::Slow { .. }
                | Misbehaviour::Drip { .. }
                | Misbehaviour::Truncate { .. }
                | Misbehaviour::MissingFields { .. }
                | Misbehaviour::WrongTypes { .. }
                | Misbehaviour::SetFields { .. }
        )
    }

    /// Milliseconds to wait, if it is slowness.
    pub(super) fn delay_ms(&self) -> Option<u64> {
        match self {
            Misbehaviour::Slow { delay_ms } => Some(*delay_ms),
            _ => None,
        }
    }

    /// The error code that the client is made to see, if it is one.
    pub(super) fn code(&self) -> Option<&str> {
        match self {
            Misbehaviour::Throttle { code, .. } | Misbehaviour::Error { code, .. } => Some(code),
            Misbehaviour::ExpiredToken => Some("InvalidSecurityToken.Expired"),
            _ => None,
        }
    }

    /// What goes out instead of the true answer; `encode` turns a tree into the bytes of the asked-for format.
    pub(super) fn play(&self, reply: Reply, encode: impl Fn(&Reply) -> Vec<u8>) -> Wire {
        let json = |status: u16, body: &Value| Wire::Answer {
            status,
            headers: vec![("content-type", json_type())],
            body: WireBody::Whole(body.to_string().into_bytes()),
        };
        let text = |status: u16, content_type: &str, text: &str| Wire::Answer {
            status,
            headers: vec![("content-type", content_type.to_owned())],
            body: WireBody::Whole(text.as_bytes().to_vec()),
        };
        let reshaped = |reply: Reply, shape: &dyn Fn(Vec<u8>) -> WireBody| Wire::Answer {
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
            Wire::Answer {
                status,
                headers,
                body: WireBody::Whole(body.to_string().into_bytes()),
            }
        };
        match self {
            Misbehaviour::Cut => Wire::Cut,
            Misbehaviour::Throttle {
                code,
                status,
                retry_after_ms,
            } => error(
                *status,
                code,
                "Request was denied due to flow control.",
                *retry_after_ms,
            ),
            Misbehaviour::Error {
                status,
                code,
                message,
                retry_after_ms,
            } => error(*status, code, message, *retry_after_ms),
            Misbehaviour::ExpiredToken => error(
                400,
                "InvalidSecurityToken.Expired",
                "Specified SecurityToken is expired.",
                None,
            ),
            Misbehaviour::Html { status } => text(
                *status,
                "text/html",
                &format!(
                    "<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center><hr>front end</body></html>"
                ),
            ),
            Misbehaviour::Body {
                status,
                content_type,
                text: body,
            } => text(*status, content_type, body),
            Misbehaviour::EmptyBody => text(200, "application/json", ""),
            Misbehaviour::InvalidJson => text(
                200,
                "application/json",
                "{\"Code\":\"OK\",\"Data\":{\"Id\":",
            ),
            Misbehaviour::HugeBody { bytes } => Wire::Answer {
                status: 200,
                headers: vec![("content-type", json_type())],
                body: WireBody::Huge(*bytes),
            },
            Misbehaviour::Redirect { status, location } => Wire::Answer {
                status: *status,
                headers: vec![("location", location.clone())],
                body: WireBody::Whole(Vec::new()),
            },
            Misbehaviour::Slow { .. } => reshaped(reply, &WireBody::Whole),
            Misbehaviour::Drip { bytes, interval_ms } => reshaped(reply, &|whole| WireBody::Drip {
                whole,
                piece: (*bytes).max(1),
                interval_ms: *interval_ms,
            }),
            Misbehaviour::Truncate { bytes } => reshaped(reply, &|whole| WireBody::Truncated {
                sent: bytes.unwrap_or(whole.len() / 2).min(whole.len()),
                whole,
            }),
            Misbehaviour::MissingFields { fields } => {
                let mut body = reply.body;
                for field in fields {
                    edit(&mut body, field, None);
                }
                json(reply.status, &body)
            }
            Misbehaviour::WrongTypes { fields } => {
                let mut body = reply.body;
                for field in fields {
                    edit(&mut body, field, Some(json!([{"Unexpected": true}, 1])));
                }
                json(reply.status, &body)
            }
            Misbehaviour::SetFields { fields } => {
                let mut body = reply.body;
                for (field, value) in fields {
                    edit(&mut body, field, Some(value.clone()));
                }
                json(reply.status, &body)
            }
        }
    }
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

fn once() -> Option<u32> {
    Some(1)
}

fn certain() -> f64 {
    1.0
}

fn throttling_user() -> String {
    "Throttling.User".to_owned()
}

fn told_to() -> String {
    "The emulator was told to answer this code.".to_owned()
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

    fn request(pairs: &[(&str, &str)]) -> Received {
        Received {
            query: pairs
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            ..Received::default()
        }
    }

    fn check(faults: Vec<Fault>, actions: &[&str], expected: &[Option<&str>]) {
        let mut waiting = Faults::default();
        for fault in faults {
            waiting.add(fault).expect("a sound fault");
        }
        let hits: Vec<Option<&str>> = actions
            .iter()
            .map(|action| {
                let hit = waiting.take(&request(&[("WabaId", "7")]), action, Some("1"));
                hit.map(|(_, fault)| fault.name())
            })
            .collect();
        assert_eq!(hits, expected);
    }

    #[test]
    fn faults_hit_what_they_are_meant_for() {
        use Misbehaviour::{Cut, EmptyBody};
        let cut = || Fault::new("A", Cut);
        check(vec![cut()], &["B", "A", "A"], &[None, Some("cut"), None]);
        check(
            vec![cut().times(2)],
            &["A", "A", "A"],
            &[Some("cut"), Some("cut"), None],
        );
        check(vec![cut().always()], &["A"; 4], &[Some("cut"); 4]);
        check(
            vec![cut().skip(2)],
            &["A"; 4],
            &[None, None, Some("cut"), None],
        );
        let first_then = vec![cut(), Fault::new("A", EmptyBody)];
        check(
            first_then,
            &["A"; 3],
            &[Some("cut"), Some("empty_body"), None],
        );
        check(
            vec![cut().with_parameter("WabaId", "7")],
            &["A"],
            &[Some("cut")],
        );
        check(vec![cut().with_parameter("WabaId", "8")], &["A"], &[None]);
        check(vec![cut().with_parameter("Other", "7")], &["A"], &[None]);
        let any = Fault {
            action: None,
            ..cut()
        };
        check(vec![any], &["Z"], &[Some("cut")]);
        let of = |account: &str| Fault {
            account: Some(account.to_owned()),
            ..cut()
        };
        check(vec![of("2")], &["A"], &[None]);
        check(vec![of("1")], &["A"], &[Some("cut")]);
    }

    #[test]
    fn chance_is_repeatable() {
        let run = |seed| {
            let mut waiting = Faults::default();
            let fault = Fault::new("A", Misbehaviour::Cut).always();
            waiting
                .add(fault.with_probability(0.3, seed))
                .expect("sound");
            let hits: Vec<bool> = (0..1000)
                .map(|_| waiting.take(&request(&[]), "A", None).is_some())
                .collect();
            hits
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
        let hits = run(1).into_iter().filter(|&hit| hit).count();
        assert!((250..350).contains(&hits), "{hits} of 1000");
    }

    #[test]
    fn unsound_faults_are_refused() {
        let mut waiting = Faults::default();
        let fault = Fault::new("A", Misbehaviour::Cut).with_probability(1.5, 0);
        assert!(waiting.add(fault).is_err());
        let fault = Fault::new("A", Misbehaviour::Html { status: 99 });
        assert!(waiting.add(fault).is_err());
        assert!(waiting.all().is_empty());
    }

    #[test]
    fn a_document_without_a_known_fault_is_refused_with_the_list() {
        let parse = |text| serde_json::from_str::<Fault>(text).map_err(|error| error.to_string());
        assert!(parse(r#"{"fault":"cut"}"#).is_ok());
        assert!(parse(r#"{"fault":{"throttle":{}},"times":null}"#).is_ok());
        let error = parse(r#"{"fault":"cat"}"#).expect_err("no such fault");
        assert!(
            error.contains("`cut`") && error.contains("`drip`"),
            "{error}"
        );
        let error = parse(r#"{"fault":"cut","tims":3}"#).expect_err("no such key");
        assert!(error.contains("`times`"), "{error}");
        let error = parse(r#"{"fault":{"throttle":{"cod":"X"}}}"#).expect_err("no such key");
        assert!(error.contains("`code`"), "{error}");
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
