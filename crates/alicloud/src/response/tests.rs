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
fn success_depends_on_the_code_alone() {
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
fn responses_that_are_not_objects_are_decode_errors() {
    let start = "the response (HTTP 200) cannot be read: it is";
    check(
        &received(200, &[], r#"{"Code":"OK","Data":{"#),
        &format!(
            "{start} JSON that ends too early, after 21 bytes, not a JSON object; it begins with: {{\"Code\":\"OK\",\"Data\":{{ [Ambiguous]"
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
fn pages_are_no_responses() {
    let check = |status, body: &str, expected: &str| {
        let expected = expected.replace('=', "in place of a response of the service");
        check(&received(status, &[], body), &expected);
    };
    check(200, "", "HTTP 200 with no content = [Ambiguous]");
    check(204, "", "HTTP 204 with no content = [Ambiguous]");
    check(404, "", "HTTP 404 with no content = [Final]");
    check(503, " ", "HTTP 503 with no content = [Ambiguous]");
    let html = "an HTML page with the title";
    check(
        200,
        "<html><title>Sign in</title>",
        &format!("HTTP 200 with {html} \"Sign in\" = [FinalAfterExecution]"),
    );
    check(
        502,
        "<html>\n<h1>502 Bad\tGateway</h1>",
        &format!("HTTP 502 with {html} \"502 Bad Gateway\" = [Ambiguous]"),
    );
    for status in [403, 407, 511] {
        let expected = format!("HTTP {status} with {html} \"No\" = [Final]");
        check(status, "<title>No</title>", &expected);
    }
    check(
        200,
        "Blocked",
        "HTTP 200 with the text \"Blocked\" = [FinalAfterExecution]",
    );
    check(
        408,
        "Request timeout",
        "HTTP 408 with the text \"Request timeout\" = [Ambiguous]",
    );
    // Whoever limits the rate, it helps to wait.
    self::check(
        &received(429, &[], "<title>Slow down</title>"),
        &format!("throttled: HTTP 429: {html} \"Slow down\" [Throttled]"),
    );
    // JSON is the service's, whatever it lacks.
    self::check(&received(403, &[], "{}"), "HTTP 403: {} [Final]");
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
fn string_to_sign_is_not_shown() {
    let check = |message: &str, expected: &str| {
        let body = json!({"Code": "SignatureDoesNotMatch", "Message": message});
        let failure = judge(&received(400, &[], &body.to_string())).expect_err("refused");
        let found = failure.kind.to_string();
        assert!(
            found.contains(expected) && !found.contains("POST&"),
            "{found}"
        );
    };
    let said = "Specified signature is not matched with our calculation. server string to sign is:";
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
fn request_id_is_redacted() {
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
fn secret_responses_are_not_shown() {
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
    let error = serde_json::from_slice::<std::collections::BTreeMap<String, u64>>(&misshapen.body)
        .expect_err("a text is no number");
    assert!(error.to_string().contains("hush"));
    let failure = misshapen.misshapen(&asked, None, &error);
    assert!(
        !failure.kind.to_string().contains("hush"),
        "{}",
        failure.kind
    );
}
