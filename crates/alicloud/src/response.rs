//! Judges an HTTP response: success, or which failure.
//!
//! Gateways, products and whatever stands in between speak differently: names in either case, `AccessDeniedDetail` as
//! object or text, refusals with status 200, XML, HTML, nothing. Sources: the vendor's pages on RPC style answers and
//! on the errors of CAMS.
//!
//! Must not contain: sending, repeating, or what the data of a product means.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::access_denied::AccessDenied;
use super::error::{ApiError, Cause, ErrorKind};
use super::http::RawResponse;
use super::json;
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

/// What is known about the attempt that was answered.
pub(super) struct RequestContext<'a> {
    pub(super) envelope: Envelope,
    pub(super) string_to_sign: Option<&'a str>,
    pub(super) temporary_credentials: bool,
    /// Whether a successful answer holds secrets, so that nothing of it may be shown.
    pub(super) secret_response: bool,
    pub(super) redactor: &'a Redactor,
}

impl Failure {
    /// A failure without an response.
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
                (Envelope::CodeOk, Some(code)) => !code.eq_ignore_ascii_case("OK"),
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

    /// The failure of a successful answer whose body is not as declared. Only shapes are named if it holds secrets.
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

    fn is_markup(&self) -> bool {
        self.body.trim_ascii_start().starts_with(b"<")
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
            // Where secrets are answered, even a failure may come with them; a page of something in between does not.
            None if asked.secret_response && !self.is_markup() => None,
            None => redactor.excerpt(&self.body),
        };
        let asked_to_wait = self.milliseconds("x-acs-retry-after");
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

/// The fields that every answer may have, from whichever format.
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
        .unwrap_or_else(|| {
            inside
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&apos;", "'")
                .replace("&amp;", "&")
        });
    (!inside.is_empty()).then_some(inside)
}

fn describe(body: &[u8]) -> String {
    match json::parse(body) {
        _ if body.is_empty() => "empty".to_owned(),
        Err(error) if error.is_eof() => {
            format!("JSON that ends too early, after {} bytes", body.len())
        }
        Err(_) if body.trim_ascii_start().starts_with(b"<") => "markup".to_owned(),
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
mod tests {
    use std::time::Duration;

    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
    use serde_json::json;
    use time::macros::datetime;

    use super::{Failure, RawResponse, RequestContext};
    use crate::product::Envelope;
    use crate::redact::Redactor;
    use crate::retry::Class;

    fn received(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> RawResponse {
        let headers = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        RawResponse {
            status,
            headers: headers.collect::<HeaderMap>(),
            body: body.as_bytes().to_vec().into(),
        }
    }

    fn asked(envelope: Envelope, redactor: &Redactor) -> RequestContext<'_> {
        RequestContext {
            envelope,
            string_to_sign: Some("POST&%2F&ours"),
            temporary_credentials: false,
            secret_response: false,
            redactor,
        }
    }

    fn request_id(
        received: &RawResponse,
        asked: &RequestContext<'_>,
    ) -> Result<Option<String>, Box<Failure>> {
        received.judge(asked).map(|accepted| accepted.request_id)
    }

    fn judge(received: &RawResponse) -> Result<Option<String>, Box<Failure>> {
        request_id(received, &asked(Envelope::CodeOk, &Redactor::default()))
    }

    /// The verdict in one line: `ok <request ID>`, or the sentence and the class.
    fn check(received: &RawResponse, expected: &str) {
        let found = match judge(received) {
            Ok(request_id) => format!("ok {}", request_id.unwrap_or_default()),
            Err(failure) => format!("{} [{:?}]", failure.kind, failure.class),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn success_is_a_matter_of_code_alone() {
        check(
            &received(200, &[], r#"{"Code":"OK","RequestId":"R"}"#),
            "ok R",
        );
        check(
            &received(
                200,
                &[],
                r#"{"Code":"ok","Success":false,"Message":"not authorized"}"#,
            ),
            "ok ",
        );
        check(
            &received(
                200,
                &[],
                r#"{"code":"OK","requestId":"R","AccessDeniedDetail":"denied"}"#,
            ),
            "ok R",
        );
        check(
            &received(200, &[("x-acs-request-id", "H")], r#"{"Code":"OK"}"#),
            "ok H",
        );
        check(
            &received(200, &[], r#"{"Success":true,"Message":"OK"}"#),
            "the response (HTTP 200) cannot be read: it has no `Code`; it begins with: \
             {\"Success\":true,\"Message\":\"OK\"} [Ambiguous]",
        );
        check(
            &received(
                200,
                &[],
                r#"{"Code":"Authentication.NoAuth","Success":true,"Message":"no"}"#,
            ),
            "HTTP 200 Authentication.NoAuth: no [Final]",
        );
        check(
            &received(200, &[], r#"{"Code":200}"#),
            "HTTP 200 200: {\"Code\":200} [Final]",
        );
        check(
            &received(500, &[], r#"{"Code":"OK"}"#),
            "the service is not available: HTTP 500 OK: {\"Code\":\"OK\"} [Ambiguous]",
        );
    }

    #[test]
    fn without_an_envelope_a_code_is_a_refusal() {
        let redactor = Redactor::default();
        let judge = |body: &str| {
            request_id(
                &received(200, &[], body),
                &asked(Envelope::NoCode, &redactor),
            )
        };
        assert!(matches!(judge(r#"{"RequestId":"R"}"#), Ok(Some(id)) if id == "R"));
        assert!(judge(r#"{"Code":"NoPermission"}"#).is_err());
        assert!(judge("[]").is_err());
    }

    #[test]
    fn answers_that_are_no_object() {
        let start = "the response (HTTP 200) cannot be read: it is";
        check(
            &received(200, &[], ""),
            &format!("{start} empty, not a JSON object [Ambiguous]"),
        );
        check(
            &received(204, &[], ""),
            "the response (HTTP 204) cannot be read: it is empty, not a JSON object [Ambiguous]",
        );
        check(
            &received(200, &[], r#"{"Code":"OK","Data":{"#),
            &format!(
                "{start} JSON that ends too early, after 21 bytes, not a JSON object; it begins with: {{\"Code\":\"OK\",\"Data\":{{ [Ambiguous]"
            ),
        );
        check(
            &received(200, &[], "<html>hello</html>"),
            &format!(
                "{start} markup, not a JSON object; it begins with: <html>hello</html> [Ambiguous]"
            ),
        );
        check(
            &received(200, &[], "\"OK\""),
            &format!(
                "{start} another JSON value, not a JSON object; it begins with: \"OK\" [Ambiguous]"
            ),
        );
        let deep = "[".repeat(100_000);
        assert!(
            matches!(judge(&received(200, &[], &deep)), Err(failure) if failure.class == Class::Ambiguous)
        );
    }

    #[test]
    fn refusals() {
        let body = json!({
            "RequestId": "R", "HostId": "h", "Code": "Ram.PermissionDeny",
            "Message": "You are not authorized to perform the operation.", "Recommend": "https://example.com/help",
            "AccessDeniedDetail": {"AuthAction": "cams:ChatappBindWaba"},
        });
        let failure = judge(&received(400, &[], &body.to_string())).expect_err("refused");
        assert_eq!(failure.request_id.as_deref(), Some("R"));
        let super::ErrorKind::Api(response) = failure.kind else {
            panic!("{:?}", failure.kind)
        };
        assert_eq!(response.code.as_deref(), Some("Ram.PermissionDeny"));
        assert_eq!(
            response.recommend.as_deref(),
            Some("https://example.com/help")
        );
        let action = response.access_denied.and_then(|denied| denied.action);
        assert_eq!(action.as_deref(), Some("cams:ChatappBindWaba"));

        check(
            &received(502, &[], "<html>\n<h1>502 Bad\tGateway</h1>"),
            "the service is not available: HTTP 502: <html> <h1>502 Bad Gateway</h1> [Ambiguous]",
        );
        check(&received(404, &[], ""), "HTTP 404 [Final]");
        check(
            &received(
                403,
                &[("content-type", "text/xml;charset=utf-8")],
                "<Error><Code>Forbidden</Code><Message>a &lt;b&gt; &amp;lt; c</Message></Error>",
            ),
            "HTTP 403 Forbidden: a <b> &lt; c [Final]",
        );
        check(
            &received(
                400,
                &[],
                "<?xml version='1.0'?><Error><Code>X</Code><Message><![CDATA[m]]></Message></Error>",
            ),
            "HTTP 400 X: m [Final]",
        );
        check(
            &received(
                302,
                &[("location", "https://login.example.com/x?AccessKeyId=LTAI")],
                "",
            ),
            "HTTP 302, a redirect to https://login.example.com; signed requests are not redirected, so check the \
             endpoint and the proxy [Final]",
        );
    }

    #[test]
    fn waits() {
        let check = |status, code: &str, headers: &[_], expected: Option<u64>| {
            let failure = judge(&received(
                status,
                headers,
                &json!({"Code": code}).to_string(),
            ))
            .expect_err("refused");
            assert_eq!(
                failure.server_wait,
                expected.map(Duration::from_millis),
                "{code} {headers:?}"
            );
        };
        check(400, "Throttling", &[], None);
        check(
            400,
            "Throttling",
            &[("x-acs-retry-after", "1500")],
            Some(1500),
        );
        check(
            400,
            "Anything",
            &[("x-acs-retry-after", "1500")],
            Some(1500),
        );
        check(400, "Throttling", &[("x-acs-retry-after", "0")], None);
        check(400, "Throttling", &[("x-acs-retry-after", "-1")], None);
        check(400, "Throttling", &[("x-acs-retry-after", "soon")], None);
        check(400, "Throttling", &[("retry-after", "2")], Some(2000));
        check(
            503,
            "ServiceUnavailable",
            &[("retry-after", "2")],
            Some(2000),
        );
        check(400, "Invalid", &[("retry-after", "2")], None);
        let of_user = (
            "x-ratelimit-user",
            "Limit:1,Remain:0,TimeLeft:2000,Reset:1234",
        );
        let of_api = ("x-ratelimit-user-api", "Limit:1, Remain:0, TimeLeft: 700");
        check(400, "Throttling", &[of_user], Some(2000));
        check(400, "Throttling", &[of_api], Some(700));
        check(400, "Throttling", &[of_user, of_api], Some(2000));
        check(
            400,
            "Throttling",
            &[of_user, ("x-acs-retry-after", "100")],
            Some(100),
        );
        check(400, "Invalid", &[of_user], None);
    }

    #[test]
    fn the_time_at_the_service() {
        let response = received(
            400,
            &[("date", "Thu, 15 Jan 2026 08:30:05 GMT")],
            r#"{"Code":"InvalidTimeStamp.Expired"}"#,
        );
        let failure = judge(&response).expect_err("refused");
        assert_eq!(failure.class, Class::ClockOff);
        assert_eq!(
            failure.server_time,
            Some(datetime!(2026-01-15 08:30:05 UTC))
        );
    }

    #[test]
    fn a_string_to_sign_is_not_repeated() {
        let check = |message: &str, expected: &str| {
            let body = json!({"Code": "SignatureDoesNotMatch", "Message": message});
            let failure = judge(&received(400, &[], &body.to_string())).expect_err("refused");
            let found = failure.kind.to_string();
            assert!(
                found.contains(expected) && !found.contains("POST&"),
                "{found}"
            );
        };
        let said =
            "Specified signature is not matched with our calculation. server string to sign is:";
        check(
            &format!("{said}POST&%2F&ours"),
            "calculation. (the service signed the very same text, so the AccessKey secret",
        );
        check(
            &format!("{said}POST&%2F&AccessKeyId%3DLTAI"),
            "calculation. (the service signed another text",
        );
        check("nothing to see", "SignatureDoesNotMatch: nothing to see");
    }

    #[test]
    fn a_request_id_is_no_way_out_for_a_secret() {
        let mut redactor = Redactor::default();
        redactor.withhold("hush-hush");
        let asked = asked(Envelope::NoCode, &redactor);
        for received in [
            received(200, &[], r#"{"RequestId":"hush-hush"}"#),
            received(200, &[("x-acs-request-id", "hush-hush")], "{}"),
        ] {
            let request_id = request_id(&received, &asked).ok().flatten();
            assert_eq!(request_id.as_deref(), Some("(withheld)"));
        }
    }

    #[test]
    fn secret_answers_are_not_shown() {
        let redactor = Redactor::default();
        let asked = RequestContext {
            secret_response: true,
            ..asked(Envelope::NoCode, &redactor)
        };
        let broken = received(200, &[], r#"{"Credentials":{"AccessKeySecret":"hush""#);
        let failure = request_id(&broken, &asked).expect_err("undecodable");
        assert!(
            !failure.kind.to_string().contains("hush"),
            "{}",
            failure.kind
        );
        let misshapen = received(200, &[], r#"{"Credentials":"hush"}"#);
        let error =
            serde_json::from_slice::<std::collections::BTreeMap<String, u64>>(&misshapen.body)
                .expect_err("a text is no number");
        assert!(error.to_string().contains("hush"));
        let failure = misshapen.misshapen(&asked, None, &error);
        assert!(
            !failure.kind.to_string().contains("hush"),
            "{}",
            failure.kind
        );
    }
}
