//! Judges an HTTP response: success, or which failure.
//!
//! Gateways, products and whatever stands in between speak differently: names in either case, `AccessDeniedDetail` as
//! object or text, refusals with status 200, XML, HTML, nothing. Sources: the vendor's pages on RPC style responses and
//! on the errors of CAMS.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::access_denied::AccessDenied;
use super::error::{ApiError, Cause, ErrorKind};
use super::http::RawResponse;
use super::json;
use super::page::{Page, unescaped};
use super::product::Envelope;
use super::redact::Redactor;
use super::retry::Class;

/// A response that reports success.
pub(super) struct Accepted {
    pub(super) request_id: Option<String>,
    pub(super) fields: Map<String, Value>,
}

/// A failed attempt.
pub(super) struct Failure {
    pub(super) kind: ErrorKind,
    pub(super) class: Class,
    pub(super) request_id: Option<String>,
    /// The wait that the service asked for.
    pub(super) server_wait: Option<Duration>,
    /// The time at the service.
    pub(super) server_time: Option<OffsetDateTime>,
    pub(super) source: Option<Cause>,
}

/// What is known about the attempt that got a response.
pub(super) struct RequestContext<'a> {
    pub(super) envelope: Envelope,
    pub(super) string_to_sign: Option<&'a str>,
    pub(super) temporary_credentials: bool,
    /// Whether a successful response holds secrets, so that nothing of it may be shown.
    pub(super) secret_response: bool,
    pub(super) redactor: &'a Redactor,
}

impl Failure {
    /// A failure without a response.
    pub(super) fn without_response(
        kind: ErrorKind,
        class: Class,
        source: Option<Cause>,
    ) -> Box<Failure> {
        Box::new(Failure {
            kind,
            class,
            request_id: None,
            server_wait: None,
            server_time: None,
            source,
        })
    }
}

impl RawResponse {
    /// Decides whether the call succeeded.
    pub(super) fn judge(&self, asked: &RequestContext<'_>) -> Result<Accepted, Box<Failure>> {
        if (300..400).contains(&self.status) {
            return Err(self.redirected());
        }
        let parsed = ParsedBody::read(self.content_type(), &self.body);
        let request_id = self.request_id(&parsed, asked.redactor);
        if let Some(page) = self.page(&parsed, asked)
            && self.status != 429
        {
            return Err(self.in_place_of_a_response(page, request_id));
        }
        if (200..300).contains(&self.status) {
            let refused = match (asked.envelope, parsed.code()) {
                _ if !parsed.is_json_object => {
                    let reason = format!("it is {}, not a JSON object", describe(&self.body));
                    return Err(self.undecodable(asked, request_id, reason, Class::Ambiguous));
                }
                (Envelope::CodeOk, None) => {
                    let reason = "it has no `Code`".to_owned();
                    return Err(self.undecodable(asked, request_id, reason, Class::Ambiguous));
                }
                (Envelope::CodeOkOrAbsent, None) => false,
                (Envelope::CodeOk | Envelope::CodeOkOrAbsent, Some(code)) => {
                    !code.eq_ignore_ascii_case("OK")
                }
                (Envelope::NoCode, code) => code.is_some(),
            };
            if !refused {
                return Ok(Accepted {
                    request_id,
                    fields: parsed.fields,
                });
            }
        }
        Err(self.refused(asked, &parsed, request_id))
    }

    /// The failure of a successful response whose body is not as declared. Only shapes are named if it holds secrets.
    pub(super) fn misshapen(
        &self,
        asked: &RequestContext<'_>,
        request_id: Option<String>,
        error: &serde_json::Error,
    ) -> Box<Failure> {
        let reason = if asked.secret_response {
            "it is not as documented".to_owned()
        } else {
            asked.redactor.clean(&error.to_string())
        };
        self.undecodable(asked, request_id, reason, Class::FinalAfterExecution)
    }

    fn undecodable(
        &self,
        asked: &RequestContext<'_>,
        request_id: Option<String>,
        reason: String,
        class: Class,
    ) -> Box<Failure> {
        let excerpt = if asked.secret_response {
            None
        } else {
            asked.redactor.excerpt(&self.body)
        };
        let kind = ErrorKind::Decode {
            status: self.status,
            reason,
            excerpt,
        };
        let mut failure = Failure::without_response(kind, class, None);
        failure.request_id = request_id;
        failure
    }

    /// What something on the way wrote.
    fn page(&self, parsed: &ParsedBody, asked: &RequestContext<'_>) -> Option<Page> {
        if parsed.code().is_some() {
            return None;
        }
        Page::of(&self.body, !asked.secret_response, asked.redactor)
    }

    fn in_place_of_a_response(&self, page: Page, request_id: Option<String>) -> Box<Failure> {
        let class = match (self.status, &page) {
            // An empty response may be an accident of the way, while a page is there for a reason.
            (200..300, Page::Empty) => Class::Ambiguous,
            (200..300, _) => Class::FinalAfterExecution,
            // The network wants a login first.
            (511, _) => Class::Final,
            (status, _) => Class::of_response(status, None, self.asked_to_wait().is_some(), false),
        };
        let status = self.status;
        let mut failure = Failure::without_response(ErrorKind::Page { status, page }, class, None);
        failure.request_id = request_id;
        failure.server_wait = (class == Class::Ambiguous)
            .then(|| self.retry_after())
            .flatten();
        failure
    }

    fn redirected(&self) -> Box<Failure> {
        // Only scheme and host: the rest may repeat the signed query.
        let location = self.text(LOCATION.as_str()).and_then(|location| {
            let url = reqwest::Url::parse(location).ok()?;
            Some(format!("{}://{}", url.scheme(), url.host_str()?))
        });
        let kind = ErrorKind::Redirect {
            status: self.status,
            location,
        };
        Failure::without_response(kind, Class::Final, None)
    }

    fn refused(
        &self,
        asked: &RequestContext<'_>,
        parsed: &ParsedBody,
        request_id: Option<String>,
    ) -> Box<Failure> {
        let redactor = asked.redactor;
        let message = match parsed.text("Message") {
            Some(message) => {
                let message = judge_signature(&message, asked.string_to_sign);
                Some(redactor.clean(&message))
            }
            None => match self.page(parsed, asked) {
                Some(page) => (page != Page::Empty).then(|| page.to_string()),
                // Where responses hold secrets, even a failure may come with them.
                None if asked.secret_response => None,
                None => redactor.excerpt(&self.body),
            },
        };
        let asked_to_wait = self.asked_to_wait();
        let code = parsed.code();
        let class = Class::of_response(
            self.status,
            code.as_deref(),
            asked_to_wait.is_some(),
            asked.temporary_credentials,
        );
        let response = ApiError {
            status: self.status,
            code: code.map(|code| redactor.clean(&code)),
            message,
            access_denied: parsed
                .value("AccessDeniedDetail")
                .and_then(AccessDenied::read)
                .map(|denied| denied.map(|text| redactor.clean(text))),
            recommend: parsed
                .text("Recommend")
                .map(|recommend| redactor.clean(&recommend)),
        };
        let server_wait = match class {
            Class::Throttled => asked_to_wait
                .or_else(|| self.rate_limit_wait())
                .or_else(|| self.retry_after()),
            Class::Refused | Class::Ambiguous => self.retry_after(),
            _ => None,
        };
        let kind = match class {
            Class::Throttled => ErrorKind::Throttled {
                response,
                retry_after: server_wait,
            },
            Class::Refused | Class::Ambiguous => ErrorKind::Unavailable(response),
            _ => ErrorKind::Api(response),
        };
        let server_time = self.text(DATE.as_str()).and_then(|date| {
            // HTTP writes a date as RFC 2822 does, with the zone name GMT.
            OffsetDateTime::parse(date, &Rfc2822).ok()
        });
        Box::new(Failure {
            kind,
            class,
            request_id,
            server_wait,
            server_time,
            source: None,
        })
    }

    /// Cleaned as every other text: what stands in between may fill in anything.
    fn request_id(&self, parsed: &ParsedBody, redactor: &Redactor) -> Option<String> {
        let said = parsed.text("RequestId");
        let said = said.or_else(|| self.text("x-acs-request-id").map(str::to_owned));
        said.map(|id| redactor.clean(&id))
    }

    fn content_type(&self) -> &str {
        self.text(CONTENT_TYPE.as_str()).unwrap_or_default()
    }

    fn text(&self, header: &str) -> Option<&str> {
        self.headers.get(header)?.to_str().ok().map(str::trim)
    }

    /// The wait that the service asks for in a header of its own.
    fn asked_to_wait(&self) -> Option<Duration> {
        self.milliseconds("x-acs-retry-after")
    }

    /// A header with a positive whole number of milliseconds.
    fn milliseconds(&self, header: &str) -> Option<Duration> {
        let number: u64 = self.text(header)?.parse().ok()?;
        (number > 0).then(|| Duration::from_millis(number))
    }

    /// `Limit:1,Remain:0,TimeLeft:2000,Reset:1234`, for the account and for the API: the longer `TimeLeft`, which is in
    /// milliseconds.
    fn rate_limit_wait(&self) -> Option<Duration> {
        let left = |header: &str| -> Option<u64> {
            self.text(header)?
                .split(',')
                .find_map(|part| part.trim().strip_prefix("TimeLeft:")?.trim().parse().ok())
        };
        let longer = left("x-ratelimit-user-api").max(left("x-ratelimit-user"))?;
        (longer > 0).then(|| Duration::from_millis(longer))
    }

    /// The header of HTTP itself, in whole seconds, as proxies and gateways in between send it.
    fn retry_after(&self) -> Option<Duration> {
        let seconds: u64 = self.text(RETRY_AFTER.as_str())?.parse().ok()?;
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }
}

/// The fields that every response may have, from whichever format.
struct ParsedBody {
    fields: Map<String, Value>,
    is_json_object: bool,
}

impl ParsedBody {
    fn read(content_type: &str, body: &[u8]) -> ParsedBody {
        if let Ok(Value::Object(fields)) = json::parse(body) {
            return ParsedBody {
                fields,
                is_json_object: true,
            };
        }
        let text = String::from_utf8_lossy(body);
        let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
        let mut fields = Map::new();
        if content_type.starts_with("text/xml")
            || content_type.starts_with("application/xml")
            || start.starts_with("<?xml")
            || start.starts_with("<Error")
        {
            for name in ["Code", "Message", "RequestId", "Recommend"] {
                if let Some(value) = element(start, name) {
                    fields.insert(name.to_owned(), Value::String(value));
                }
            }
        }
        ParsedBody {
            fields,
            is_json_object: false,
        }
    }

    /// A field as documented, else in another case (some gateways write `requestId`).
    fn value(&self, name: &str) -> Option<&Value> {
        let exact = self.fields.get(name).filter(|value| !value.is_null());
        exact.or_else(|| {
            let any_case = |(candidate, value): &(&String, &Value)| {
                candidate.eq_ignore_ascii_case(name) && !value.is_null()
            };
            self.fields.iter().find(any_case).map(|(_, value)| value)
        })
    }

    /// A field that holds text; a number is as good.
    fn text(&self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => (!text.is_empty()).then(|| text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    fn code(&self) -> Option<String> {
        self.text("Code")
    }
}

/// The text of the first XML element of that name.
fn element(xml: &str, name: &str) -> Option<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let inside = xml.split_once(&open)?.1.split_once(&close)?.0.trim();
    let inside = inside
        .strip_prefix("<![CDATA[")
        .and_then(|inside| inside.strip_suffix("]]>"))
        .map(str::to_owned)
        .unwrap_or_else(|| unescaped(inside));
    (!inside.is_empty()).then_some(inside)
}

fn describe(body: &[u8]) -> String {
    match json::parse(body) {
        Err(error) if error.is_eof() => {
            format!("JSON that ends too early, after {} bytes", body.len())
        }
        Err(error) => format!("not JSON (line {} column {})", error.line(), error.column()),
        Ok(_) => "another JSON value".to_owned(),
    }
}

/// A refusal of a signature may repeat what the service signed: every parameter, the AccessKey ID, the token. What
/// matters in it is only whether that is the same as ours, so that is said instead.
fn judge_signature(message: &str, ours: Option<&str>) -> String {
    const MARK: &str = "string to sign is:";
    let lower = message.to_ascii_lowercase();
    let Some(position) = lower.find(MARK) else {
        return message.to_owned();
    };
    let theirs = message[position + MARK.len()..].trim();
    let verdict = match ours {
        Some(ours) if theirs == ours.trim() => {
            "the service signed the very same text, so the AccessKey secret does not belong to the AccessKey ID"
        }
        _ => {
            "the service signed another text than this client, so the request was changed on the way or is encoded \
             differently"
        }
    };
    let said = message[..position]
        .trim_end()
        .trim_end_matches("server")
        .trim_end_matches("Server")
        .trim_end();
    format!("{said} ({verdict})")
}

#[cfg(test)]
mod tests;
