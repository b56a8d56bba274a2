//! Requests of the sources that are not STS, over the one HTTP layer: one request, one bounded response of JSON or text.

use std::time::Duration;

use reqwest::{Method, Url};
use serde_json::Value;
use zeroize::Zeroizing;

use super::temporary_credentials::Document;
use super::{CredentialsError, CredentialsErrorKind, Environment, Secret, ServiceFault};
use crate::http::{self, Bounds, Http, Route, SendError};
use crate::json;
use crate::page::{Page, is_of_an_outage};
use crate::redact::Redactor;
use crate::signature::canonical_query;
use crate::{Endpoint, Protocol};

/// Bytes of a response.
const MAX_BODY: usize = 256 * 1024;

/// How a source reaches its server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    pub(super) route: Route,
    /// For the whole exchange.
    pub(super) timeout: Duration,
}

impl Reach {
    /// A server on the network. A server on this machine is reached directly.
    pub(super) fn network(url: &Url) -> Reach {
        Reach {
            route: Route {
                // Credentials in plain text are for this network alone.
                direct: is_loopback(url) || url.scheme() == "http",
                connect_timeout: Duration::from_secs(5),
            },
            timeout: Duration::from_secs(15),
        }
    }
}

/// One request. It may hold secrets, so it has no `Debug`.
pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: Vec<(&'static str, &'a str)>,
    pub(super) body: String,
    /// What no error may show although the server may send it back.
    pub(super) secrets: Vec<&'a Secret>,
}

/// A whole response. It may hold secrets, so it has no `Debug`.
pub(super) struct Response {
    pub(super) status: u16,
    body: Zeroizing<Vec<u8>>,
    redactor: Redactor,
    /// The proxy that it came through, as errors name it.
    proxy: Option<String>,
}

impl<'a> Request<'a> {
    pub(super) fn new(method: Method, url: Url) -> Request<'a> {
        Request {
            method,
            url,
            headers: Vec::new(),
            body: String::new(),
            secrets: Vec::new(),
        }
    }

    pub(super) fn header(mut self, name: &'static str, value: &'a str) -> Request<'a> {
        self.headers.push((name, value));
        self
    }

    /// Sends it. Errors say what failed, and name neither path nor query of the URL.
    pub(super) async fn send(
        self,
        http: &Http,
        reach: Reach,
    ) -> Result<Response, CredentialsError> {
        self.send_unless_alone(http, reach)
            .await
            .unwrap_or_else(Err)
    }

    /// Sends it. The outer error says that nobody is there: no connection was made, or nothing came back.
    pub(super) async fn send_unless_alone(
        self,
        http: &Http,
        reach: Reach,
    ) -> Result<Result<Response, CredentialsError>, CredentialsError> {
        let host = host(&self.url);
        let unusable = |reason: String| {
            CredentialsError::service(
                ServiceFault::Unsendable,
                format!("the request to {host} cannot be made: {reason}"),
            )
        };
        let bounds = Bounds {
            timeout: reach.timeout,
            max_body: MAX_BODY,
        };
        let mut redactor = Redactor::default();
        for secret in &self.secrets {
            redactor.withhold(secret.expose());
        }
        let request = match http::request(self.method, self.url, self.headers, self.body) {
            Ok(request) => request,
            Err(reason) => return Ok(Err(unusable(reason))),
        };
        let proxy = http.proxy(request.url(), reach.route);
        let silent = || {
            let seconds = reach.timeout.as_secs_f32();
            CredentialsError::service(
                ServiceFault::Silent,
                format!("{host} did not respond within {seconds} s"),
            )
        };
        match http.send(request, reach.route, bounds).await {
            Ok(response) => Ok(Ok(Response {
                status: response.status,
                body: response.body,
                redactor,
                proxy,
            })),
            Err(SendError::NoClient(reason)) => Ok(Err(unusable(reason))),
            Err(SendError::NoConnection | SendError::NoResponse) => Err(silent()),
            Err(SendError::TooLarge { .. }) => Ok(Err(CredentialsError::service(
                ServiceFault::Response,
                format!(
                    "the response of {host} is larger than {} KiB",
                    MAX_BODY >> 10
                ),
            ))),
            Err(SendError::Proxy(fault)) => {
                let proxy = proxy.unwrap_or_default();
                Ok(Err(CredentialsError::service(
                    ServiceFault::Proxy,
                    format!("{host} cannot be reached through {proxy}: {fault}"),
                )))
            }
            Err(SendError::Failed(error)) => {
                if error.is_connect() {
                    let reason = format!("{host} cannot be reached");
                    Err(CredentialsError::service(ServiceFault::Unreachable, reason)
                        .caused_by(error))
                } else {
                    let reason = format!("{host} sent no whole response");
                    Ok(Err(
                        CredentialsError::service(ServiceFault::Silent, reason).caused_by(error)
                    ))
                }
            }
        }
    }
}

impl Response {
    /// The body as text, without blanks around it.
    pub(super) fn text(&self) -> Zeroizing<String> {
        let text = Zeroizing::new(String::from_utf8_lossy(&self.body).into_owned());
        Zeroizing::new(text.trim().to_owned())
    }

    /// What came in place of a response of the server, as an error. `None` if a server may have written it: JSON, or a
    /// failure without content.
    pub(super) fn page(&self) -> Option<CredentialsError> {
        // Text may be a part of credentials, so only the title of a page is shown.
        let page = Page::of(&self.body, false, &self.redactor)?;
        if page == Page::Empty && self.status != 200 {
            return None;
        }
        let origin = match &self.proxy {
            Some(proxy) => format!("through {proxy}"),
            None => "perhaps from a proxy, a firewall or a login of the network".to_owned(),
        };
        let reason = format!(
            "HTTP {} with {page} came in place of credentials, {origin}",
            self.status
        );
        let kind = if is_of_an_outage(self.status) {
            CredentialsErrorKind::Service(ServiceFault::Failed)
        } else {
            CredentialsErrorKind::Page
        };
        Some(CredentialsError::new(kind, reason))
    }

    /// The fields of a successful response. Of a failed one the error shows the code and message that it gives, and nothing
    /// else: what else it holds may be secret.
    pub(super) fn fields(&self) -> Result<Document, CredentialsError> {
        if let Some(page) = self.page() {
            return Err(page);
        }
        let parsed = json::parse(&self.body);
        if self.status != 200 {
            let refusal = parsed.ok().and_then(|value| self.refusal(&value));
            let refusal = refusal.map_or_else(String::new, |refusal| format!(": {refusal}"));
            return Err(CredentialsError::service(
                ServiceFault::Failed,
                format!("it responded with HTTP {}{refusal}", self.status),
            ));
        }
        match parsed {
            Ok(Value::Object(fields)) => Ok(Document::new(fields)),
            Ok(_) => Err(CredentialsError::service(
                ServiceFault::Response,
                "its response is JSON, but not an object".to_owned(),
            )),
            Err(error) => Err(CredentialsError::service(
                ServiceFault::Response,
                format!(
                    "its response is not JSON (line {}, column {})",
                    error.line(),
                    error.column()
                ),
            )),
        }
    }

    /// A text of the response, fit to be shown.
    pub(super) fn shown(&self, text: &str) -> String {
        self.redactor.excerpt(text.as_bytes()).unwrap_or_default()
    }

    fn refusal(&self, value: &Value) -> Option<String> {
        let text = |names: [&str; 4]| {
            let found = names.iter().find_map(|name| value.get(name)?.as_str());
            found
                .filter(|text| !text.is_empty())
                .map(|text| self.shown(text))
        };
        let code = text(["Code", "code", "error", "ErrorCode"]);
        let message = text(["Message", "message", "error_description", "ErrorMessage"]);
        match (code, message) {
            (Some(code), Some(message)) => Some(format!("{code}: {message}")),
            (code, message) => code.or(message),
        }
    }
}

/// A URL that credentials may be fetched from: HTTPS, or plain HTTP to this machine unless `plain` allows it anywhere.
pub(super) fn url(text: &str, plain: bool) -> Result<Url, String> {
    let url = Url::parse(text.trim()).map_err(|error| format!("it is not a URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("it must begin with https:// or http:// and name a host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it must not contain a user name or password".to_owned());
    }
    if url.scheme() == "http" && !plain && !is_loopback(&url) {
        return Err(
            "plain http:// would show the credentials to the network; use https://".to_owned(),
        );
    }
    Ok(url)
}

/// The server that stands in for a fixed one in tests: a variable may name it, but only on this machine, so that no
/// environment can send credentials elsewhere.
pub(super) fn stand_in(
    environment: &Environment,
    variable: &str,
) -> Result<Option<Url>, CredentialsError> {
    let Some(text) = environment.variable(variable) else {
        return Ok(None);
    };
    match url(&text, false) {
        Ok(url) if is_loopback(&url) => Ok(Some(url)),
        _ => Err(CredentialsError::new(
            CredentialsErrorKind::Value,
            format!(
                "the variable {variable} is for tests and may only name a loopback address, such as http://127.0.0.1:8080"
            ),
        )),
    }
}

pub(super) fn is_loopback(url: &Url) -> bool {
    let origin = url.origin().ascii_serialization();
    Endpoint::parse(&origin, Protocol::Http).is_ok_and(|endpoint| endpoint.is_loopback())
}

/// Host and port, for messages.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// An urlencoded body.
pub(super) fn form(fields: &[(&str, &str)]) -> String {
    canonical_query(fields.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::{Response, url};
    use crate::redact::Redactor;

    #[test]
    fn page_is_shown_with_the_proxy_that_it_came_through() {
        let check = |status, body: &str, expected: Option<&str>| {
            let mut redactor = Redactor::default();
            redactor.withhold("the-token");
            let response = Response {
                status,
                body: body.as_bytes().to_vec().into(),
                redactor,
                proxy: Some("the proxy proxy.example:3128 from HTTPS_PROXY".to_owned()),
            };
            let page = response.page().map(|error| error.to_string());
            assert_eq!(page.as_deref(), expected, "{body}");
        };
        let page = "<html><title>No the-token</title>secret</html>";
        check(
            403,
            page,
            Some(
                "HTTP 403 with an HTML page with the title \"No (withheld)\" came in place of credentials, through the proxy \
                 proxy.example:3128 from HTTPS_PROXY",
            ),
        );
        // These are responses of a server.
        check(403, r#"{"Code": "Denied"}"#, None);
        check(200, r#"{"AccessKeyId": "#, None);
        check(500, "", None);
    }

    #[test]
    fn urls() {
        let check = |text: &str, plain: bool, expected: &str| {
            let found = match url(text, plain) {
                Ok(url) => url.to_string(),
                Err(reason) => reason,
            };
            assert!(found.contains(expected), "{text}: {found}");
        };
        check("https://vend.example/x", false, "https://vend.example/x");
        check("http://127.0.0.1:9/x", false, "http://127.0.0.1:9/x");
        check("http://localhost/x", false, "http://localhost/x");
        check("http://vend.example/x", false, "plain http://");
        check("http://vend.example/x", true, "http://vend.example/x");
        check("ftp://vend.example", false, "https:// or http://");
        check("vend", false, "not a URL");
        check("https://me:pw@vend.example", false, "must not contain");
    }
}
