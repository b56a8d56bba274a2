//! A client for the emulator's own tests: raw HTTP over a socket, so that every byte may be wrong on purpose.
//!
//! It signs with the functions that the vectors have proven. Must not contain: anything that the emulator itself uses.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;

use super::gateway::iso_date;
use super::request::Received;
use super::signature::{
    ACS3, escape, v1_signature, v1_string_to_sign, v3_canonical_request, v3_signature,
    v3_string_to_sign,
};
use super::{DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET, Emulator};

/// How a request is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    V1,
    V3,
    Anonymous,
}

/// A request before it is signed; every part may be changed.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) address: SocketAddr,
    pub(super) style: Style,
    pub(super) method: &'static str,
    pub(super) action: String,
    pub(super) version: &'static str,
    pub(super) format: Option<&'static str>,
    pub(super) key_id: String,
    pub(super) secret: String,
    pub(super) token: Option<String>,
    pub(super) date: String,
    pub(super) nonce: String,
    pub(super) parameters: Vec<(String, String)>,
    /// Whether the parameters of the operation travel in a form body.
    pub(super) in_form: bool,
    /// Headers that are left out of the signature although they are sent.
    pub(super) unsigned: Vec<&'static str>,
}

impl Draft {
    /// A V3 request with the default key, now, with a fresh nonce.
    pub(super) fn new(emulator: &Emulator, action: &str, parameters: &[(&str, &str)]) -> Self {
        let sts = action.starts_with("AssumeRole") || action == "GetCallerIdentity";
        Draft {
            address: emulator.address(),
            style: Style::V3,
            method: "POST",
            action: action.to_owned(),
            version: if sts { "2015-04-01" } else { "2020-06-06" },
            format: None,
            key_id: DEFAULT_ACCESS_KEY_ID.to_owned(),
            secret: DEFAULT_ACCESS_KEY_SECRET.to_owned(),
            token: None,
            date: iso_date(OffsetDateTime::now_utc()),
            nonce: uuid::Uuid::new_v4().to_string(),
            parameters: parameters
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            in_form: false,
            unsigned: Vec::new(),
        }
    }

    /// The same under another key.
    pub(super) fn with_key(mut self, id: &str, secret: &str, token: Option<&str>) -> Self {
        self.key_id = id.to_owned();
        self.secret = secret.to_owned();
        self.token = token.map(str::to_owned);
        self
    }

    /// Signs; what comes out may still be spoilt before it is sent.
    pub(super) fn sign(&self) -> Signed {
        let mut request = Received {
            method: self.method.to_owned(),
            path: "/".to_owned(),
            ..Received::default()
        };
        let own = |text: &str| text.to_owned();
        request
            .headers
            .push((own("host"), self.address.to_string()));
        if self.in_form {
            request.form.clone_from(&self.parameters);
            request.headers.push((
                own("content-type"),
                own("application/x-www-form-urlencoded"),
            ));
        } else {
            request.query.clone_from(&self.parameters);
        }
        request.body = pairs(&request.form).into_bytes();
        if let Some(format) = self.format {
            request.query.push((own("Format"), own(format)));
        }
        match self.style {
            Style::V3 => self.sign_v3(&mut request),
            Style::V1 | Style::Anonymous => {
                for (name, value) in [
                    ("Action", self.action.as_str()),
                    ("Version", self.version),
                    ("Timestamp", &self.date),
                    ("SignatureNonce", &self.nonce),
                ] {
                    request.query.push((own(name), own(value)));
                }
                if self.format.is_none() {
                    request.query.push((own("Format"), own("JSON")));
                }
                if self.style == Style::V1 {
                    self.sign_v1(&mut request);
                }
            }
        }
        Signed {
            address: self.address,
            request,
        }
    }

    /// Signs and sends.
    pub(super) fn send(&self) -> HttpResponse {
        self.sign().send()
    }

    fn sign_v1(&self, request: &mut Received) {
        let token = self
            .token
            .as_ref()
            .map(|token| ("SecurityToken", token.as_str()));
        let common = [
            ("AccessKeyId", self.key_id.as_str()),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureVersion", "1.0"),
        ];
        for (name, value) in common.into_iter().chain(token) {
            request.query.push((name.to_owned(), value.to_owned()));
        }
        let signature = v1_signature(&self.secret, &v1_string_to_sign(request));
        request.query.push(("Signature".to_owned(), signature));
    }

    fn sign_v3(&self, request: &mut Received) {
        let empty = Received::default();
        let payload = Received {
            body: request.body.clone(),
            ..empty
        };
        let canonical = v3_canonical_request(&payload, &[]);
        let payload_hash = canonical.rsplit('\n').next().unwrap_or_default();
        let mut headers = vec![
            ("x-acs-action", self.action.as_str()),
            ("x-acs-version", self.version),
            ("x-acs-date", &self.date),
            ("x-acs-signature-nonce", &self.nonce),
            ("x-acs-content-sha256", payload_hash),
        ];
        if let Some(token) = &self.token {
            headers.push(("x-acs-accesskey-id", &self.key_id));
            headers.push(("x-acs-security-token", token));
        }
        for (name, value) in headers {
            request.headers.push((name.to_owned(), value.to_owned()));
        }
        let names: Vec<String> = request
            .headers
            .iter()
            .map(|(name, _)| name.clone())
            .filter(|name| !self.unsigned.contains(&name.as_str()))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let canonical = v3_canonical_request(request, &names);
        let signature = v3_signature(&self.secret, &v3_string_to_sign(&canonical));
        let authorization = format!(
            "{ACS3} Credential={},SignedHeaders={},Signature={signature}",
            self.key_id,
            names.join(";")
        );
        request
            .headers
            .push(("authorization".to_owned(), authorization));
    }
}

/// A request ready to go.
pub(super) struct Signed {
    pub(super) address: SocketAddr,
    pub(super) request: Received,
}

impl Signed {
    /// Replaces (or adds) a header after signing.
    pub(super) fn set_header(&mut self, name: &str, value: &str) {
        self.remove_header(name);
        let header = (name.to_owned(), value.to_owned());
        self.request.headers.push(header);
    }

    /// Drops a header after signing.
    pub(super) fn remove_header(&mut self, name: &str) {
        self.request.headers.retain(|(header, _)| header != name);
    }

    /// Replaces a query parameter after signing; `None` drops it.
    pub(super) fn set_parameter(&mut self, name: &str, value: Option<&str>) {
        self.request
            .query
            .retain(|(parameter, _)| parameter != name);
        let added = value.map(|value| (name.to_owned(), value.to_owned()));
        self.request.query.extend(added);
    }

    /// Sends and reads until the server closes.
    pub(super) fn send(&self) -> HttpResponse {
        let request = &self.request;
        let mut text = format!(
            "{} {}?{} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n",
            request.method,
            request.path,
            pairs(&request.query),
            request.body.len()
        );
        for (name, value) in &request.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend(&request.body);
        exchange(self.address, &bytes)
    }
}

/// A control request, with the content type that `curl -d` sends.
pub(super) fn control(emulator: &Emulator, method: &str, path: &str, body: &str) -> (u16, Value) {
    let text = format!(
        "{method} /_emulator/{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let response = exchange(emulator.address(), text.as_bytes());
    (
        response.status.expect("control always responds"),
        response.json(),
    )
}

/// What came back, perhaps nothing.
#[derive(Debug)]
pub(super) struct HttpResponse {
    pub(super) status: Option<u16>,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
    pub(super) was_reset: bool,
}

impl HttpResponse {
    /// The body as JSON; `null` if it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// `Code` of the body, empty if there is none.
    pub(super) fn code(&self) -> String {
        let json = self.json();
        let code = json["Code"].as_str().or_else(|| json["code"].as_str());
        code.unwrap_or_default().to_owned()
    }

    /// A header of the response.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let prefix = format!("{name}: ");
        self.head
            .lines()
            .find_map(|line| line.strip_prefix(prefix.as_str()))
    }

    /// Whether the body is as long as its head says.
    pub(super) fn is_whole(&self) -> bool {
        self.header("content-length") == Some(self.body.len().to_string().as_str())
    }
}

fn exchange(address: SocketAddr, request: &[u8]) -> HttpResponse {
    let mut stream = TcpStream::connect(address).expect("the emulator listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a timeout can be set");
    stream.write_all(request).expect("the emulator reads");
    let mut bytes = Vec::new();
    let was_reset = match stream.read_to_end(&mut bytes) {
        Ok(_) => false,
        Err(error) if error.kind() == ErrorKind::ConnectionReset => true,
        Err(error) => panic!("no response: {error}"),
    };
    let split = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let (head, body) = match split {
        Some(at) => (
            String::from_utf8_lossy(&bytes[..at]).into_owned(),
            bytes[at + 4..].to_vec(),
        ),
        None => (String::new(), Vec::new()),
    };
    let status = head
        .split_whitespace()
        .nth(1)
        .and_then(|status| status.parse().ok());
    HttpResponse {
        status,
        head,
        body,
        was_reset,
    }
}

fn pairs(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name), escape(value)))
        .collect();
    pairs.join("&")
}
