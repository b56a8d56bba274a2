//! From an error of the cloud to what the practitioner reads: what happened, what to do, and the facts for support.
//!
//! What a code means and what to do about it is data of `alicloud` ([`ErrorCode`]). Codes that are not known pass through
//! unchanged.
//!
//! Must not contain: the operations of a resource, or a decision about retries.

use std::{error::Error as _, fmt::Write as _, time::Duration};

use alicloud::{ConnectCause, Error, ErrorCause, ErrorCode, ErrorKind, GiveUp, TimeoutPhase};
use framework::{AttributePath, Diagnostic};

/// What was attempted, for the sentences about it.
pub(crate) struct Attempted<'a> {
    /// The summary of the diagnostic, for example "Unable to bind the WhatsApp Business Account".
    pub(crate) summary: &'a str,
    /// What it was attempted on, for example "WABA 1234".
    pub(crate) subject: &'a str,
    /// The attribute that names the subject.
    pub(crate) attribute: AttributePath,
    /// The attribute that limits the operation, for example `timeouts.create`.
    pub(crate) limit: &'a str,
    /// The RAM actions that the resource needs.
    pub(crate) ram_actions: &'a [&'a str],
}

/// The diagnostic for a failed call.
pub(crate) fn diagnose(error: &Error, attempted: &Attempted<'_>) -> Diagnostic {
    let mut detail = happened(error, attempted);
    let advice = advice(error, attempted);
    let _ = write!(detail, "\n\n{}\n\n{}", advice.text, facts(error, None));
    let diagnostic = Diagnostic::error(attempted.summary, detail);
    if advice.concerns_subject {
        diagnostic.at(attempted.attribute.clone())
    } else {
        diagnostic
    }
}

fn happened(error: &Error, attempted: &Attempted<'_>) -> String {
    let (action, subject) = (error.action(), attempted.subject);
    match error.kind() {
        ErrorKind::Api(_) => match error.known_code() {
            Some(known) => {
                let meaning = known.meaning;
                format!("The service refused {action} for {subject}: {meaning}.")
            }
            None => format!("The service refused {action} for {subject}."),
        },
        ErrorKind::Throttled { .. } => {
            format!("The service kept refusing {action} for {subject}, to limit the rate of calls.")
        }
        ErrorKind::Unavailable(_) => {
            format!("The service could not process {action} for {subject}.")
        }
        ErrorKind::Stopped => {
            format!("{action} for {subject} was interrupted before it was sent again.")
        }
        kind => format!("{action} for {subject} failed: {kind}."),
    }
}

/// What to do next.
struct Advice {
    text: String,
    /// Whether the value of the attribute is what has to be looked at.
    concerns_subject: bool,
}

fn advice(error: &Error, attempted: &Attempted<'_>) -> Advice {
    let code = error.code().unwrap_or_default();
    let concerns_subject = match error.known_code() {
        Some(known) => matches!(known.cause, ErrorCause::Object | ErrorCause::Value),
        None => {
            is_about_a_value(code) && code != "UnsupportedParameter" && !is_about_the_caller(code)
        }
    };
    let text = match error.kind() {
        ErrorKind::Throttled { .. } => throttled(error, attempted),
        ErrorKind::Api(answer) => by_code(code, error, attempted).unwrap_or_else(|| by_status(answer.status)),
        ErrorKind::Unavailable(_) => "The service has a problem. Try again in a few minutes. If it happens again, give the request ID below to Alibaba Cloud support.".to_owned(),
        ErrorKind::Down { .. } => "Every object of this run that needs the service fails for the same reason; see Reason below. Check the network and the service, and run the command again when the service responds.".to_owned(),
        ErrorKind::Credentials => "Nothing was sent. See Reason below. The provider looks for credentials in the provider block, then in the environment, then in the profiles of the Alibaba Cloud CLI, then at the ECS instance.".to_owned(),
        ErrorKind::Request(_) => "Nothing was sent. Correct the value named above; if it looks right, report this to the provider's developers.".to_owned(),
        ErrorKind::Connect(failure) => match &failure.cause {
            ConnectCause::Dns => "Nothing was sent. Check the name resolution of this machine, the region of the provider, and its `endpoints` block.".to_owned(),
            ConnectCause::Certificate(_) | ConnectCause::Tls(_) => "Nothing was sent. Check the endpoint, and whether a proxy on the way replaces certificates; its CA has to be trusted by this machine.".to_owned(),
            ConnectCause::Timeout => "Nothing was sent. Check firewall and proxy (HTTPS_PROXY, NO_PROXY), or raise `client_connect_timeout` of the provider.".to_owned(),
            _ => "Nothing was sent. Check network, firewall and proxy (HTTPS_PROXY, NO_PROXY), and the `endpoints` block of the provider.".to_owned(),
        },
        ErrorKind::Timeout(TimeoutPhase::Permit) => format!("Many calls share the limit of calls per second. Raise `{}`, or lower the CLI's `-parallelism`.", attempted.limit),
        ErrorKind::Timeout(TimeoutPhase::Response(_)) => format!("If the service is slow rather than unreachable, raise `client_read_timeout` of the provider or `{}`.", attempted.limit),
        ErrorKind::Interrupted => "Check network and proxy, and try again.".to_owned(),
        ErrorKind::Redirect { .. } => "Check the `endpoints` block of the provider, and whether a proxy or a login page stands between.".to_owned(),
        ErrorKind::Decode { .. } => "Check whether the endpoint is the right one and whether a proxy responds in its place. If both are right, report this to the provider's developers.".to_owned(),
        ErrorKind::Stopped => "Run the command again to go on.".to_owned(),
    };
    Advice {
        text,
        concerns_subject,
    }
}

fn is_about_the_caller(code: &str) -> bool {
    [
        "InvalidAccessKeyId",
        "InvalidSecurityToken",
        "InvalidTimeStamp",
        "InvalidSignatureMethod",
        "InvalidProduct",
        "InvalidApi",
        "InvalidAction",
        "InvalidVersion",
        "InvalidProtocol",
    ]
    .iter()
    .any(|prefix| code.starts_with(prefix))
}

fn throttled(error: &Error, attempted: &Attempted<'_>) -> String {
    let raise = match error.give_up() {
        GiveUp::MaxRetryTimeout { .. } => "`max_retry_timeout` of the provider",
        _ => attempted.limit,
    };
    format!(
        "The provider sent the request {} in {}, with longer waits each time. The service allows 10 calls a second for \
         each account, shared by everything that uses the account. Raise {raise}, lower the CLI's `-parallelism`, or \
         let fewer pipelines run at the same time; then run the command again.",
        times(error.attempts()),
        seconds(error.elapsed()),
    )
}

/// Whether the caller lacks a right, whatever was asked for. `Authentication.NoAuth` is none of these: CAMS gives it for
/// single objects, too.
pub(crate) fn is_permission(error: &Error) -> bool {
    let known = error.known_code();
    known.is_some_and(|known| known.cause == ErrorCause::Permission)
}

/// Whether the error code is documented, so that its reason is known.
pub(crate) fn is_documented(error: &Error) -> bool {
    error.code().is_some_and(|code| {
        // `Missing{Name}`, `Invalid{Name}` and this one are the gateway's; with a part behind a dot they are a product's.
        let by_gateway = (code.starts_with("Missing") || code.starts_with("Invalid"))
            && !code.contains('.')
            || code == "InvalidParameter.Format";
        by_gateway || error.known_code().is_some()
    })
}

fn by_code(code: &str, error: &Error, attempted: &Attempted<'_>) -> Option<String> {
    match error.known_code() {
        Some(known) => by_known_code(known, error, attempted),
        None => is_about_a_value(code).then(|| check_the_value(attempted)),
    }
}

fn check_the_value(attempted: &Attempted<'_>) -> String {
    format!(
        "The service does not accept a value of this request. Check `{}` and the message below.",
        attempted.attribute
    )
}

/// Codes of the gateway are formed by rule: `Missing{Name}`, `Invalid{Name}`.
fn is_about_a_value(code: &str) -> bool {
    code.starts_with("Missing") || code.starts_with("Invalid") || code == "UnsupportedParameter"
}

fn by_known_code(known: &ErrorCode, error: &Error, attempted: &Attempted<'_>) -> Option<String> {
    let key = error
        .access_key_hint()
        .map_or_else(|| "in use".to_owned(), |hint| format!("`{hint}`"));
    if matches!(
        known.cause,
        ErrorCause::Permission | ErrorCause::ObjectPermission
    ) {
        return Some(permission(error, attempted, &key));
    }
    let advice = known
        .advice
        .replace("{key}", &key)
        .replace("{subject}", attempted.subject)
        .replace("{host}", error.host());
    let argument = match known.code {
        "SignatureDoesNotMatch" => {
            " If it is right, try `sign_version { cams = \"v3\" }` in the provider block, and report this to the \
             provider's developers."
        }
        "InvalidProtocol.NeedSsl" => {
            " Remove `protocol = \"HTTP\"` and `http://` from the provider block."
        }
        "InvalidVersion"
        | "NoSuchVersion"
        | "InvalidAction.NotFound"
        | "InvalidApi.NotFound"
        | "InvalidAction"
        | "InvalidProduct.NotFound" => {
            " The region and the `endpoints` block of the provider say where it is; the only documented endpoint of CAMS is \
             cams.ap-southeast-1.aliyuncs.com."
        }
        _ => "",
    };
    Some(match (advice.is_empty(), known.cause) {
        (true, ErrorCause::Value) => check_the_value(attempted),
        (true, _) => return None,
        (false, _) => format!("{advice}{argument}"),
    })
}

fn permission(error: &Error, attempted: &Attempted<'_>, key: &str) -> String {
    let denied = error
        .response()
        .and_then(|answer| answer.access_denied.as_ref());
    let explicit =
        denied.and_then(|denied| denied.no_permission_type.as_deref()) == Some("ExplicitDeny");
    let action = format!("cams:{}", error.action());
    let mut text = if explicit {
        format!(
            "A policy explicitly denies `{action}` to the identity of the AccessKey {key}. Another grant does not help: \
             find and change the statement with \"Effect\": \"Deny\" (see the kind of policy below)."
        )
    } else {
        format!(
            "The identity of the AccessKey {key} lacks the RAM action `{action}`. Attach this policy to it in the RAM \
             console, or the system policy AliyunCamsFullAccess. AliyunCamsReadOnlyAccess is not enough: it allows \
             `cams:Get*` and `cams:List*`, but not `cams:Query*`."
        )
    };
    if !explicit {
        let actions: Vec<String> = attempted
            .ram_actions
            .iter()
            .map(|action| format!("\"{action}\""))
            .collect();
        let _ = write!(
            text,
            "\n\n  {{\n    \"Version\": \"1\",\n    \"Statement\": [{{\n      \"Effect\": \"Allow\",\n      \"Action\": \
             [{}],\n      \"Resource\": \"*\"\n    }}]\n  }}",
            actions.join(", ")
        );
    }
    text
}

fn by_status(status: u16) -> String {
    match status {
        500.. => "The service has a problem. Try again in a few minutes. If it happens again, give the request ID below to Alibaba Cloud support.".to_owned(),
        _ => "The provider has no advice for this code. Look it up in the error center of Alibaba Cloud (https://api.alibabacloud.com/troubleshoot) with the request ID below.".to_owned(),
    }
}

/// The code of an error after which it is not known whether the object exists.
pub(crate) const OUTCOME_UNKNOWN: &str = "Provider.OutcomeUnknown";

/// The facts about a request whose outcome is unknown.
pub(crate) fn facts_of_unknown_outcome(error: &Error) -> String {
    facts(error, Some(OUTCOME_UNKNOWN))
}

/// A text as one word of a shell command.
pub(crate) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The facts, one a line. Lines that begin with a blank are not wrapped by the CLI. `code` is one of this provider, which
/// stands before the service's own.
fn facts(error: &Error, code: Option<&str>) -> String {
    let answer = error.response();
    let mut facts: Vec<(&str, String)> = vec![
        ("Action", error.action().to_owned()),
        ("Endpoint", error.host().to_owned()),
    ];
    let mut add = |name, value: Option<String>| facts.extend(value.map(|value| (name, value)));
    add(
        "HTTP status",
        error.status().map(|status| status.to_string()),
    );
    add("Code", code.or(error.code()).map(str::to_owned));
    add("Service code", code.and(error.code()).map(str::to_owned));
    add("Message", answer.and_then(|answer| answer.message.clone()));
    add(
        "Access denied",
        answer
            .and_then(|answer| answer.access_denied.as_ref())
            .map(ToString::to_string),
    );
    add(
        "Diagnostic message",
        answer.and_then(|answer| {
            answer
                .access_denied
                .as_ref()?
                .encoded_diagnostic_message
                .clone()
        }),
    );
    add("Request ID", error.request_id().map(str::to_owned));
    add("More", answer.and_then(|answer| answer.recommend.clone()));
    add(
        "Attempts",
        (error.attempts() > 0).then(|| match error.attempts() {
            1 => "1".to_owned(),
            attempts => format!("{attempts} in {}", seconds(error.elapsed())),
        }),
    );
    add(
        "Not retried",
        match error.give_up() {
            GiveUp::NotIdempotent if code.is_some() => None,
            GiveUp::NotIdempotent => {
                Some("it is unknown whether the request was executed".to_owned())
            }
            GiveUp::Deadline { wait: Some(wait) } => Some(format!(
                "the next wait of {} would pass the time limit",
                seconds(wait)
            )),
            GiveUp::Deadline { wait: None } => Some("the time limit has passed".to_owned()),
            GiveUp::MaxRetryTimeout { wait } => Some(format!(
                "the next wait of {} would pass `max_retry_timeout`",
                seconds(wait)
            )),
            _ => None,
        },
    );
    add("Reason", causes(error));
    let width = facts
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or_default()
        + 1;
    let lines: Vec<String> = facts
        .iter()
        .map(|(name, value)| {
            format!(
                "  {:width$} {}",
                format!("{name}:"),
                value.replace('\n', " ")
            )
        })
        .collect();
    lines.join("\n")
}

fn causes(error: &Error) -> Option<String> {
    let mut parts = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        parts.push(cause.to_string());
        next = cause.source();
    }
    (!parts.is_empty()).then(|| parts.join(": "))
}

fn times(attempts: u32) -> String {
    match attempts {
        1 => "once".to_owned(),
        attempts => format!("{attempts} times"),
    }
}

fn seconds(duration: Duration) -> String {
    match duration.as_millis() {
        milliseconds @ 0..1000 => format!("{milliseconds} ms"),
        _ => format!("{:.1} s", duration.as_secs_f64()),
    }
}
