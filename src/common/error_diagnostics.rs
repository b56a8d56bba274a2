//! From an error of the cloud to what the practitioner reads: what happened, what to do, and the facts for support.
//!
//! What a code means and what to do about it is data of `alicloud` ([`ErrorCode`]). Codes that are not known pass through
//! unchanged.
//!
//! Must not contain: the operations of a resource, or a decision about retries.

use std::{error::Error as _, fmt::Write as _, time::Duration};

use alicloud::{
    CertificateFault, ConnectCause, CredentialsError, CredentialsErrorKind, Error, ErrorCause,
    ErrorCode, ErrorKind, GiveUp, Page, ProxyFault, TimeoutPhase, Wait, is_of_an_outage,
};
use framework::{AttributePath, Diagnostic};

use super::{credentials_cause::credentials_cause, deletion_policy::sentence};

/// What was attempted, for the sentences about it.
pub(crate) struct Attempted<'a> {
    /// How the summary of the diagnostic begins: "Cannot bind WABA 1234". The cause follows.
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
    let cause = cause(error);
    let summary = summary(attempted.summary, &cause.summary);
    let mut detail = happened(error, attempted);
    let advice = advice(error, attempted);
    let own = (error.code() != Some(&*cause.code)).then_some(&*cause.code);
    let _ = write!(detail, "\n\n{}\n\n{}", advice.text, facts(error, own));
    let diagnostic = Diagnostic::error(summary, detail);
    if advice.concerns_subject {
        diagnostic.at(attempted.attribute.clone())
    } else {
        diagnostic
    }
}

/// Less than so many characters, for lists of summaries.
const MAX_SUMMARY: usize = 70;

/// What was attempted, and why it failed. The cause is never cut off.
fn summary(begin: &str, cause: &str) -> String {
    if begin.is_empty() {
        return sentence(cause);
    }
    let whole = format!("{begin}: {cause}");
    if whole.chars().count() < MAX_SUMMARY {
        return whole;
    }
    let left = MAX_SUMMARY.saturating_sub(cause.chars().count() + 4);
    let begin: String = begin.chars().take(left).collect();
    format!("{begin}…: {cause}")
}

/// What a failure is called.
pub(super) struct Cause {
    /// A few words for the end of a summary, which has to stay short.
    pub(super) summary: String,
    /// The code of the service, or one of the provider.
    pub(super) code: String,
}

impl Cause {
    fn new(summary: impl Into<String>, code: &str) -> Self {
        Self {
            summary: summary.into(),
            code: code.to_owned(),
        }
    }
}

pub(super) fn cause(error: &Error) -> Cause {
    let code_or = |own: &'static str| error.code().unwrap_or(own);
    match error.kind() {
        ErrorKind::Api(response) => match error.code() {
            Some(code) => Cause::new(in_short(error), code),
            None => Cause::new(
                format!("HTTP {}", response.status),
                "Provider.UnexpectedResponse",
            ),
        },
        ErrorKind::Throttled { .. } => Cause::new("throttled", code_or("Provider.Throttled")),
        ErrorKind::Unavailable(response) => Cause::new(
            format!("service error (HTTP {})", response.status),
            code_or("Provider.ServiceUnavailable"),
        ),
        ErrorKind::Down { .. } => Cause::new(
            match last_failure(error) {
                Some(ErrorKind::Connect(failure)) => match &failure.cause {
                    ConnectCause::Proxy(_) => "the proxy is down",
                    _ => "the service cannot be reached",
                },
                _ => "the service is down",
            },
            "Provider.ServiceDown",
        ),
        ErrorKind::Credentials => without_credentials(error),
        ErrorKind::Request(_) => Cause::new("invalid request", "Provider.InvalidRequest"),
        ErrorKind::Connect(failure) => match &failure.cause {
            ConnectCause::Dns => Cause::new("host not found", "Provider.Network.Dns"),
            ConnectCause::Refused => Cause::new("connection refused", "Provider.Network.Refused"),
            ConnectCause::Timeout => {
                Cause::new("no connection in time", "Provider.Network.Timeout")
            }
            ConnectCause::Certificate(fault) => Cause::new(
                match fault {
                    CertificateFault::Expired => "certificate expired",
                    CertificateFault::NotYetValid => "certificate not valid yet",
                    CertificateFault::WrongHost => "certificate of another host",
                    CertificateFault::UnknownIssuer | CertificateFault::Other(_) => {
                        "certificate not trusted"
                    }
                },
                "Provider.Network.Certificate",
            ),
            ConnectCause::NoRoots => Cause::new(
                "no root certificates",
                "Provider.Network.NoRootCertificates",
            ),
            ConnectCause::Proxy(fault) => proxy_fault(fault),
            ConnectCause::Tls(_) => Cause::new("TLS handshake failed", "Provider.Network.Tls"),
            ConnectCause::Other => Cause::new("no connection", "Provider.Network.Connect"),
        },
        ErrorKind::Timeout(TimeoutPhase::RateLimit) => {
            Cause::new("not sent in time", "Provider.Timeout.RateLimit")
        }
        ErrorKind::Timeout(TimeoutPhase::Credentials(_)) => {
            Cause::new("no credentials in time", "Provider.Timeout.Credentials")
        }
        ErrorKind::Timeout(TimeoutPhase::FirstUse) => {
            Cause::new("first request too slow", "Provider.Timeout.FirstUse")
        }
        ErrorKind::Timeout(TimeoutPhase::Response(_)) => {
            Cause::new("no response in time", "Provider.Timeout.Response")
        }
        ErrorKind::Interrupted => Cause::new("connection closed", "Provider.Network.Closed"),
        ErrorKind::Redirect { .. } => Cause::new("redirected", "Provider.Redirected"),
        ErrorKind::Page { status: 407, .. } => proxy_fault(&ProxyFault::Login),
        ErrorKind::Page { status, page } => Cause::new(
            in_place_of_a_response(error, *status, page),
            if is_of_an_outage(*status) {
                "Provider.ServiceUnavailable"
            } else {
                "Provider.NotTheService"
            },
        ),
        ErrorKind::Decode { .. } => {
            Cause::new("unreadable response", "Provider.UnexpectedResponse")
        }
        ErrorKind::Stopped => Cause::new("interrupted", "Provider.Stopped"),
    }
}

fn proxy_fault(fault: &ProxyFault) -> Cause {
    let unreachable = "Provider.Proxy.Unreachable";
    match fault {
        ProxyFault::Dns => Cause::new("host of the proxy not found", unreachable),
        ProxyFault::Refused => Cause::new("the proxy refused the connection", unreachable),
        ProxyFault::Unreachable => Cause::new("the proxy cannot be reached", unreachable),
        ProxyFault::Tls(_) => Cause::new("TLS with the proxy failed", unreachable),
        ProxyFault::Login => Cause::new("the proxy wants a login", "Provider.Proxy.Login"),
        ProxyFault::Status { status, .. } => Cause::new(
            format!("the proxy refused (HTTP {status})"),
            "Provider.Proxy.Refused",
        ),
        ProxyFault::NoTunnel(_) => {
            Cause::new("no tunnel through the proxy", "Provider.Proxy.Refused")
        }
    }
}

/// A page in a few words.
fn in_place_of_a_response(error: &Error, status: u16, page: &Page) -> String {
    let what = match (page, error.proxy()) {
        (_, None) if status == 511 => return "the network wants a login".to_owned(),
        (Page::Html { .. }, Some(_)) => "HTML page via proxy",
        (Page::Html { .. }, None) => "HTML page, not JSON",
        (Page::Text { .. }, Some(_)) => "text via proxy, no JSON",
        (Page::Text { .. }, None) => "text, no JSON",
        (Page::Empty, Some(_)) => "empty response via proxy",
        (Page::Empty, None) => "empty response",
    };
    format!("{what} (HTTP {status})")
}

/// The failure for which nothing is sent any more.
fn last_failure(error: &Error) -> Option<&ErrorKind> {
    error.source()?.downcast_ref()
}

/// An error code of the service in a few words.
fn in_short(error: &Error) -> String {
    let code = error.code().unwrap_or_default();
    let Some(known) = error.known_code() else {
        return code.chars().take(40).collect();
    };
    let short = match (code, known.cause) {
        (_, ErrorCause::Permission | ErrorCause::ObjectPermission) => "permission denied",
        ("SignatureDoesNotMatch", _) => "wrong AccessKey secret",
        ("InvalidAccessKeyId.Inactive", _) => "AccessKey disabled",
        ("InvalidAccessKeyId.NotFound" | "InvalidAccessKeyId", _) => "unknown AccessKey",
        ("InvalidSecurityToken.Expired", _) => "security token expired",
        (_, ErrorCause::Credentials) => "wrong security token",
        ("InvalidTimeStamp.Expired" | "InvalidTimeStamp.Format" | "IllegalTimestamp", _) => {
            "wrong clock"
        }
        ("InvalidProtocol.NeedSsl", _) => "HTTPS needed",
        ("SignatureNonceUsed", _) => "request sent twice",
        (_, ErrorCause::Connection) => "wrong endpoint",
        ("Product.Unsubscript", _) => "CAMS is not activated",
        ("Unknown.ResourceOwnerId", _) => "not in this account",
        (_, ErrorCause::Rate) => "throttled",
        _ if known.meaning.len() <= 40 => known.meaning,
        _ => code,
    };
    short.to_owned()
}

/// Why there are no credentials: by the failed call of STS, if there was one.
fn without_credentials(error: &Error) -> Cause {
    let Some(call) = failed_call(error) else {
        let cause = credentials_cause(credentials_error_kind(error));
        return Cause::new(cause.summary, cause.code);
    };
    let code = match call.action() {
        "GetCallerIdentity" => "Provider.Credentials.CallerIdentity",
        _ => "Provider.Credentials.AssumeRole",
    };
    let unavailable = "Provider.Credentials.StsUnavailable";
    match (call.kind(), call.code()) {
        (ErrorKind::Api(_), Some("EntityNotExist.Role")) => Cause::new("role does not exist", code),
        (ErrorKind::Api(_), Some("AuthenticationFail.OIDCToken.Expired")) => {
            Cause::new("OIDC token expired", code)
        }
        (ErrorKind::Api(_), Some(refusal)) if refusal.starts_with("AuthenticationFail.") => {
            Cause::new("OIDC token refused", code)
        }
        (ErrorKind::Api(_), Some("NoPermission")) => Cause::new("role not allowed", code),
        (ErrorKind::Api(_), Some(_)) if call.known_code().is_some() => {
            Cause::new(in_short(call), code)
        }
        (ErrorKind::Throttled { .. }, _) => Cause::new("STS throttled", unavailable),
        (ErrorKind::Connect(failure), _) if failure.cause == ConnectCause::Dns => {
            Cause::new("STS host not found", unavailable)
        }
        (ErrorKind::Connect(_) | ErrorKind::Page { .. }, _) => {
            Cause::new(format!("STS: {}", cause(call).summary), unavailable)
        }
        (ErrorKind::Api(_) | ErrorKind::Request(_), _) => Cause::new("role not assumed", code),
        _ => Cause::new("STS not available", unavailable),
    }
}

fn credentials_error_kind(error: &Error) -> CredentialsErrorKind {
    let source = error.credentials_error();
    source.map_or(CredentialsErrorKind::Other, CredentialsError::kind)
}

/// The call of STS that failed, for which there are no credentials. With a chain of roles it is the first one. `None` if not
/// even that call had credentials: then what these lack is the cause, and no role.
fn failed_call(error: &Error) -> Option<&Error> {
    let mut next = error.source();
    let mut found = None;
    while let Some(source) = next {
        found = source.downcast_ref::<Error>().or(found);
        next = source.source();
    }
    found.filter(|call: &&Error| !matches!(call.kind(), ErrorKind::Credentials))
}

fn happened(error: &Error, attempted: &Attempted<'_>) -> String {
    let (action, subject) = (error.action(), attempted.subject);
    match error.kind() {
        ErrorKind::Api(response) => match (error.known_code(), &response.code) {
            (Some(known), _) if error.attempts() == 0 => format!(
                "{action} for {subject} was not sent, because the service has refused these credentials before: {}.",
                known.meaning
            ),
            (Some(known), _) => {
                let meaning = known.meaning;
                format!("The service refused {action} for {subject}: {meaning}.")
            }
            (None, Some(_)) => format!("The service refused {action} for {subject}."),
            (None, None) => format!(
                "{action} for {subject} got a response with HTTP status {} and without an error code. Such a response \
                 often comes from a proxy or a wrong endpoint, not from the service.",
                response.status
            ),
        },
        ErrorKind::Throttled { .. } => {
            format!("The service kept refusing {action} for {subject}, to limit the rate of calls.")
        }
        ErrorKind::Unavailable(_) => {
            format!("The service could not process {action} for {subject}.")
        }
        ErrorKind::Stopped => {
            format!("{action} for {subject} was interrupted before it was complete.")
        }
        ErrorKind::Credentials => {
            let why = match credentials_error_kind(error) {
                CredentialsErrorKind::WrongAccount => {
                    "the credentials belong to an account that the provider block does not allow"
                }
                _ => "there are no valid credentials",
            };
            format!("{action} for {subject} was not sent, because {why}.")
        }
        ErrorKind::Page { status, page } => {
            let origin = match error.proxy() {
                Some(proxy) => format!("It came through {proxy}."),
                None => "Something on the way responded in its place: a proxy, a firewall, a login of the network, or a \
                         front end of the service."
                    .to_owned(),
            };
            format!(
                "{action} for {subject} got no response of the service, but HTTP {status} with {page}. {origin}"
            )
        }
        ErrorKind::Connect(failure) => match (&failure.cause, error.proxy()) {
            (ConnectCause::Proxy(fault), Some(proxy)) => {
                format!("{action} for {subject} failed: no connection through {proxy}: {fault}.")
            }
            _ => format!("{action} for {subject} failed: {failure}.{}", via(error)),
        },
        kind => format!("{action} for {subject} failed: {kind}.{}", via(error)),
    }
}

/// A sentence about the proxy, if there is one.
fn via(error: &Error) -> String {
    let proxy = error.proxy();
    proxy.map_or_else(String::new, |proxy| {
        format!(" The way leads through {proxy}.")
    })
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
        Some(known) => match known.cause {
            ErrorCause::Object => true,
            ErrorCause::Value => names(code, &attempted.attribute),
            _ => false,
        },
        None => {
            is_about_a_value(code)
                && code != "UnsupportedParameter"
                && !is_about_the_caller(code)
                && names(code, &attempted.attribute)
        }
    };
    let limit = attempted.limit;
    let text = match error.kind() {
        ErrorKind::Throttled { .. } => throttled(error, attempted),
        ErrorKind::Api(_) => by_code(code, error, attempted).unwrap_or_else(|| by_status(error)),
        ErrorKind::Unavailable(_) => by_status(error),
        ErrorKind::Down { .. } => "Every object of this run that needs the service fails for the same reason. Reason below is that of the last failed call. Check the network and the service, and run the command again when the service responds.".to_owned(),
        ErrorKind::Credentials => about_credentials(error),
        ErrorKind::Request(_) => "Nothing was sent. Correct the value named above. If it looks right, report this to the provider's developers.".to_owned(),
        ErrorKind::Connect(failure) => about_connection(&failure.cause, error),
        ErrorKind::Page { status, .. } => about_page(*status, error),
        ErrorKind::Timeout(TimeoutPhase::Credentials(wait)) => format!("{} Raise `{limit}` if that may take longer.", about_wait(*wait)),
        ErrorKind::Timeout(TimeoutPhase::FirstUse) => format!("If that request failed, its own error says why. Raise `{limit}` if it may take longer."),
        ErrorKind::Timeout(TimeoutPhase::RateLimit) => format!("Many calls share the limit of calls per second. Raise `{limit}`, or lower the CLI's `-parallelism`."),
        ErrorKind::Timeout(TimeoutPhase::Response(_)) => format!("If the service is slow rather than unreachable, raise `client_read_timeout` of the provider or `{limit}`."),
        ErrorKind::Interrupted => "Check network and proxy, and try again.".to_owned(),
        ErrorKind::Redirect { .. } => format!("Open https://{}/ with a browser on this machine, to see where it leads. If it is a login of the network, sign in, and run the command again. Otherwise correct the `endpoints` block of the provider.", error.host()),
        ErrorKind::Decode { .. } => "Check whether the endpoint is the right one and whether a proxy responds in its place. If both are right, report this to the provider's developers.".to_owned(),
        ErrorKind::Stopped => "Run the command again to go on.".to_owned(),
    };
    Advice {
        text,
        concerns_subject,
    }
}

/// Where to look if credentials did not come in time. The first line names what was waited for.
fn about_wait(wait: Wait) -> &'static str {
    match wait {
        Wait::File => {
            "Check that the file system with the credentials files responds. A network mount can hang, and a pipe waits for a writer."
        }
        Wait::FileLock => {
            "Another process uses the file of the Alibaba Cloud CLI, such as a login that waits for a browser. Let it end, and run the command again."
        }
        Wait::Program => {
            "Run the program of the profile by hand, and see whether it waits for input. It gets none from the provider."
        }
        Wait::Metadata => {
            "Check that this machine is an ECS instance, and that its firewall lets 100.100.100.200 through. On any other machine, configure other credentials."
        }
        Wait::CredentialsUri => "Check that the server of the credentials URI runs and responds.",
        Wait::Sts | Wait::CloudSso | Wait::OAuth => {
            "Check the network, and the proxy on the way (HTTPS_PROXY, NO_PROXY)."
        }
    }
}

/// What to do if no connection was made. Nothing was sent then.
fn about_connection(cause: &ConnectCause, error: &Error) -> String {
    let host = error.host();
    let text = match cause {
        ConnectCause::Dns => "Check the name resolution of this machine, the region of the provider, and its `endpoints` block."
            .to_owned(),
        ConnectCause::Certificate(CertificateFault::Expired) => format!(
            "Check the clock of this machine first. If it is right, the certificate has to be renewed by whoever runs {host}, \
             or a proxy or firewall that inspects TLS on the way."
        ),
        ConnectCause::Certificate(CertificateFault::NotYetValid) => {
            "Set the clock of this machine, for example with NTP.".to_owned()
        }
        ConnectCause::Certificate(CertificateFault::WrongHost) => format!(
            "Check the `endpoints` block of the provider, and whether the name {host} leads to the service: a name server, a \
             firewall or a proxy can lead it elsewhere."
        ),
        ConnectCause::Certificate(_) => {
            "Either a proxy or firewall on the way inspects TLS and replaces certificates, or the endpoint has a private CA. \
             Get the root certificate (PEM) from whoever runs it, and let this machine trust it in one of these ways:\n\
             1. Add it to the root certificates of the operating system. The provider trusts these.\n\
             2. On Linux: set SSL_CERT_FILE to a file that has it and all others that you need. The provider then trusts \
             that file in place of those of the operating system."
                .to_owned()
        }
        ConnectCause::NoRoots => {
            "Install the root certificates of the operating system, for example with the package ca-certificates. In an \
             image without packages, copy the file of another image, and set SSL_CERT_FILE to it."
                .to_owned()
        }
        ConnectCause::Tls(_) => {
            "Check the endpoint, and whether a proxy or firewall on the way breaks TLS.".to_owned()
        }
        ConnectCause::Timeout => match error.proxy() {
            Some(proxy) => format!(
                "Check whether {proxy} can be reached and can reach {host}, or raise `client_connect_timeout` of the provider."
            ),
            None => "Check firewall and proxy (HTTPS_PROXY, NO_PROXY), or raise `client_connect_timeout` of the provider."
                .to_owned(),
        },
        ConnectCause::Proxy(fault) => about_proxy(fault, error),
        ConnectCause::Refused | ConnectCause::Other => {
            "Check network, firewall and proxy (HTTPS_PROXY, NO_PROXY), and the `endpoints` block of the provider.".to_owned()
        }
    };
    format!("Nothing was sent. {text}")
}

/// The environment variable that names the proxy.
fn proxy_variable(error: &Error) -> &str {
    let last = error.proxy().and_then(|proxy| proxy.rsplit(' ').next());
    last.unwrap_or("HTTPS_PROXY")
}

fn about_proxy(fault: &ProxyFault, error: &Error) -> String {
    let (host, variable) = (error.host(), proxy_variable(error));
    match fault {
        ProxyFault::Dns | ProxyFault::Refused | ProxyFault::Unreachable | ProxyFault::Tls(_) => {
            format!(
                "Correct {variable}, or unset it if this machine needs no proxy. To reach this host alone directly, add {host} to \
             NO_PROXY."
            )
        }
        ProxyFault::Login => format!(
            "Set the user name and the password in {variable}, such as http://USER:PASSWORD@proxy.example:3128, with special \
             characters percent-encoded. If they are there, correct them. The provider knows Basic authentication only: for \
             NTLM or Kerberos, run a local proxy that signs in, and name that one in {variable}."
        ),
        ProxyFault::Status { .. } | ProxyFault::NoTunnel(_) => format!(
            "Ask whoever runs the proxy to let this machine connect to {host} (CONNECT). If this machine can reach the host \
             directly, add {host} to NO_PROXY."
        ),
    }
}

/// What to do about something that is no response of the service.
fn about_page(status: u16, error: &Error) -> String {
    let host = error.host();
    match (status, error.proxy()) {
        (407, _) => about_proxy(&ProxyFault::Login, error),
        (_, Some(_)) if is_of_an_outage(status) => format!(
            "Run the command again in a few minutes. If it happens again, ask whoever runs the proxy what it says about \
             {host}, or add {host} to NO_PROXY if this machine can reach it directly."
        ),
        (_, None) if is_of_an_outage(status) => "Run the command again in a few minutes. If it happens again, look for a proxy or a \
             firewall between this machine and the service. If there is none, report it to Alibaba Cloud support."
            .to_owned(),
        (511, _) => "Sign in to the network with a browser on this machine, and run the command again.".to_owned(),
        (_, Some(_)) => format!(
            "Ask whoever runs the proxy to let requests to {host} pass, or add {host} to NO_PROXY if this machine can reach it \
             directly. If the proxy shows a login, sign in with a browser on this machine, and run the command again."
        ),
        (_, None) => format!(
            "Open https://{host}/ with a browser on this machine, to see what responds. If it is a login of the network, sign \
             in, and run the command again. If the network needs a proxy, set HTTPS_PROXY. Otherwise correct the `endpoints` \
             block of the provider."
        ),
    }
}

/// What to do if there are no credentials.
fn about_credentials(error: &Error) -> String {
    let Some(call) = failed_call(error) else {
        return credentials_cause(credentials_error_kind(error))
            .advice
            .to_owned();
    };
    let text = match (call.kind(), call.code()) {
        (ErrorKind::Connect(failure), _) if failure.cause != ConnectCause::Dns => {
            return about_connection(&failure.cause, call);
        }
        (ErrorKind::Page { status, .. }, _) => return about_page(*status, call),
        (ErrorKind::Api(_), Some("NoPermission")) => {
            "Check these in the RAM console:\n1. The trust policy of the role names the caller or its account.\n2. The \
             caller has the RAM action sts:AssumeRole, for example by the system policy AliyunSTSAssumeRoleAccess. The \
             account itself (root) cannot assume roles.\n3. If the trust policy demands an external ID, `external_id` in \
             `assume_role` is the same."
        }
        (ErrorKind::Api(_), Some("EntityNotExist.Role")) => {
            "Check the account ID and the name in the ARN of the role."
        }
        (ErrorKind::Api(_), Some("AuthenticationFail.OIDCToken.Expired")) => {
            "Get a new OIDC token, and run the command again. A token in a file is read again at each refresh."
        }
        (ErrorKind::Api(_), Some(code)) if code.starts_with("AuthenticationFail.") => {
            "Check these in the RAM console:\n1. The OIDC provider is the one that issued the token: its URL, its client IDs and \
             its fingerprints.\n2. The trust policy of the role names the OIDC provider, and its conditions on oidc:iss, oidc:aud \
             and oidc:sub fit the token."
        }
        (ErrorKind::Api(_), _) => "Check the credentials and the role that Reason below names.",
        (ErrorKind::Throttled { .. }, _) => {
            "Try again in a few minutes, and let fewer pipelines run at the same time."
        }
        _ => {
            "Check the network and the proxy between this machine and STS, the region of the provider, and `sts` in its \
             `endpoints` block. Then try again."
        }
    };
    text.to_owned()
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
        None => is_about_a_value(code).then(|| check_the_value(code, attempted)),
    }
}

fn check_the_value(code: &str, attempted: &Attempted<'_>) -> String {
    let which = if names(code, &attempted.attribute) {
        format!("Check `{}` and the message below.", attempted.attribute)
    } else {
        "Compare the message below with the arguments, and correct the one that it is about."
            .to_owned()
    };
    format!("The service does not accept a value of this request. {which}")
}

/// Whether an error code is about that argument: it has the argument's name in it, or the request has no other.
fn names(code: &str, attribute: &AttributePath) -> bool {
    let bare = |text: &str| text.replace(['_', '.'], "").to_ascii_lowercase();
    let attribute = attribute.to_string();
    attribute == "waba_id" || bare(code).contains(&bare(&attribute))
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
        (true, ErrorCause::Value) => check_the_value(known.code, attempted),
        (true, _) => return None,
        (false, _) => format!("{advice}{argument}"),
    })
}

fn permission(error: &Error, attempted: &Attempted<'_>, key: &str) -> String {
    let denied = error
        .response()
        .and_then(|response| response.access_denied.as_ref());
    let explicit =
        denied.and_then(|denied| denied.no_permission_type.as_deref()) == Some("ExplicitDeny");
    let action = format!("cams:{}", error.action());
    // These limit what the policies of the identity allow, so another policy of the identity does not help.
    match denied.and_then(|denied| denied.policy_type.as_deref()) {
        Some("SessionPolicy") => {
            let change = if explicit {
                "Remove the statement that denies it from"
            } else {
                "Add the action to"
            };
            return format!(
                "The policy of the session does not allow `{action}`. It limits the role for this session, whatever the role \
                 itself allows. {change} `policy` of `assume_role`, or of the profile that assumes the role."
            );
        }
        Some("ControlPolicy") => {
            return format!(
                "A control policy of the resource directory does not allow `{action}` in this account. No grant within the \
                 account helps: ask whoever manages the resource directory of the company."
            );
        }
        _ => {}
    }
    if explicit {
        return format!(
            "A policy explicitly denies `{action}` to the identity of the AccessKey {key}. Another grant does not help: \
             find and change the statement with \"Effect\": \"Deny\" (see Access denied below)."
        );
    }
    let for_readers = ["Get", "List"]
        .iter()
        .any(|prefix| error.action().starts_with(prefix));
    let system_policy = if for_readers {
        "AliyunCamsReadOnlyAccess allows this action, too, but no other one than `cams:Get*` and `cams:List*`."
    } else {
        "AliyunCamsReadOnlyAccess is not enough: it allows `cams:Get*` and `cams:List*` only."
    };
    // Whoever only reads gets a policy that only allows to read.
    let reading = attempted.limit == "timeouts.read" && is_read(&action);
    let actions = attempted.ram_actions.iter().copied();
    let mut actions: Vec<&str> = actions.filter(|other| !reading || is_read(other)).collect();
    if !actions.contains(&&*action) {
        actions.push(&action);
    }
    let lines: Vec<String> = actions
        .iter()
        .map(|action| format!("        \"{action}\""))
        .collect();
    format!(
        "The identity of the AccessKey {key} lacks the RAM action `{action}`. Attach this policy to it in the RAM console, or \
         the system policy AliyunCamsFullAccess. {system_policy}\n\n  {{\n    \"Version\": \"1\",\n    \"Statement\": \
         [{{\n      \"Effect\": \"Allow\",\n      \"Action\": [\n{}\n      ],\n      \"Resource\": \"*\"\n    }}]\n  }}",
        lines.join(",\n")
    )
}

/// Whether a RAM action only reads, by the naming rule of the API.
fn is_read(action: &str) -> bool {
    let name = action.rsplit(':').next().unwrap_or(action);
    ["Get", "List", "Query"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

/// What to do about a response that no code explains.
fn by_status(error: &Error) -> String {
    let support = match error.request_id() {
        Some(_) => "If it happens again, give the request ID below to Alibaba Cloud support.",
        None => "If it happens again, check whether a proxy responds in place of the service.",
    };
    match (error.status(), error.code()) {
        (Some(500..), _) => {
            format!("The service has a problem. Try again in a few minutes. {support}")
        }
        (_, None) => {
            "Check the `endpoints` block of the provider and the proxy (HTTPS_PROXY, NO_PROXY)."
                .to_owned()
        }
        _ => format!(
            "The provider has no advice for this code. Look it up in the error center of Alibaba Cloud \
             (https://api.alibabacloud.com/troubleshoot). {support}"
        ),
    }
}

/// The code of an error after which it is not known whether the object exists.
pub(crate) const OUTCOME_UNKNOWN: &str = "Provider.OutcomeUnknown";

/// The first sentence of a message about an unknown outcome: "The request was sent once and no usable response came back (HTTP 502)."
pub(crate) fn what_was_lost(lost: &Error) -> String {
    let sent = match lost.attempts() {
        0 | 1 => "The request was sent once".to_owned(),
        attempts => format!(
            "The request was sent {attempts} times, of which only the last may have been executed,"
        ),
    };
    let how = match lost.kind() {
        ErrorKind::Unavailable(response) => format!("HTTP {}", response.status),
        ErrorKind::Page { status, page } => format!("HTTP {status} with {page}"),
        ErrorKind::Interrupted => "the connection was closed".to_owned(),
        kind => kind.to_string(),
    };
    format!("{sent} and no usable response came back ({how}).")
}

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
    let response = error.response();
    let mut facts: Vec<(&str, String)> = vec![
        ("Action", error.action().to_owned()),
        ("Endpoint", error.host().to_owned()),
    ];
    if let Some(proxy) = error.proxy() {
        let proxy = proxy.strip_prefix("the proxy ").unwrap_or(proxy);
        facts.push(("Proxy", proxy.to_owned()));
    }
    let mut add = |name, value: Option<String>| facts.extend(value.map(|value| (name, value)));
    add(
        "HTTP status",
        error.status().map(|status| status.to_string()),
    );
    add("Code", code.or(error.code()).map(str::to_owned));
    let call = failed_call(error).filter(|_| *error.kind() == ErrorKind::Credentials);
    let service_code = error.code().or(call.and_then(Error::code));
    add("Service code", code.and(service_code).map(str::to_owned));
    let message = response.and_then(|response| response.message.clone());
    let label = match response.and_then(|response| response.code.as_ref()) {
        Some(_) => "Message",
        None => "Response",
    };
    add(label, message);
    add(
        "Access denied",
        response
            .and_then(|response| response.access_denied.as_ref())
            .map(ToString::to_string),
    );
    add(
        "Diagnostic message",
        response.and_then(|response| {
            response
                .access_denied
                .as_ref()?
                .encoded_diagnostic_message
                .clone()
        }),
    );
    let request_id = error.request_id().or(call.and_then(Error::request_id));
    add("Request ID", request_id.map(str::to_owned));
    add(
        "More",
        response.and_then(|response| response.recommend.clone()),
    );
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
            GiveUp::NotIdempotent if code == Some(OUTCOME_UNKNOWN) => None,
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
    let facts: Vec<(&str, &str)> = facts
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    labelled(&facts)
}

/// Adds sentences to the first paragraph of a detail, which says what happened.
pub(crate) fn add_to_first_paragraph(detail: &mut String, sentences: &str) {
    // The facts may follow without a blank line.
    let end = detail.find("\n\n").or_else(|| detail.find("\n  "));
    let end = end.unwrap_or(detail.len());
    detail.insert_str(end, &format!(" {sentences}"));
}

/// Labelled facts for the end of a message, one a line, with the values below each other. The CLI does not wrap lines that
/// begin with a blank, so that is done here.
pub(crate) fn labelled(facts: &[(&str, &str)]) -> String {
    let width = facts
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or_default()
        + 1;
    let mut text = String::new();
    for (name, value) in facts {
        let begin = format!("  {:width$} ", format!("{name}:"));
        let indent = " ".repeat(begin.len());
        for (at, line) in wrapped(value, WIDTH - begin.len()).iter().enumerate() {
            let begin = if at == 0 { &begin } else { &indent };
            let _ = writeln!(text, "{begin}{line}");
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// The columns of a terminal, without the rule that Terraform draws at the left.
const WIDTH: usize = 78;

/// A value in lines of at most this width. A longer word, such as a token, stays whole.
fn wrapped(value: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in value.split_whitespace() {
        let last = lines.last_mut().expect("there is a line");
        if last.is_empty() {
            last.push_str(word);
        } else if last.chars().count() + 1 + word.chars().count() <= width {
            last.push(' ');
            last.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

pub(super) fn causes(error: &Error) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use alicloud::{ApiError, ConnectFailure};
    use expect_test::{Expect, expect};
    use framework::Diagnostic;

    use super::*;
    use crate::common::{codes::CODES, printed::printed};

    const ATTRIBUTE: &str = "waba_id";

    fn bind<'a>() -> Attempted<'a> {
        Attempted {
            summary: "Cannot bind WABA 102030405060708",
            subject: "WABA 102030405060708",
            attribute: AttributePath::attribute(ATTRIBUTE),
            limit: "timeouts.create",
            ram_actions: &["cams:ChatappBindWaba", "cams:QueryChatappBindWaba"],
        }
    }

    fn read<'a>() -> Attempted<'a> {
        Attempted {
            summary: "Cannot read the binding of cams-8filvjc8snw",
            subject: "space cams-8filvjc8snw",
            attribute: AttributePath::attribute("cust_space_id"),
            limit: "timeouts.read",
            ram_actions: &[
                "cams:ChatappBindWaba",
                "cams:QueryChatappBindWaba",
                "cams:ListInstance",
            ],
        }
    }

    fn response(status: u16, code: &str, message: &str) -> ApiError {
        ApiError {
            status,
            code: (!code.is_empty()).then(|| code.to_owned()),
            message: Some(message.to_owned()),
            ..ApiError::default()
        }
    }

    fn connect(cause: ConnectCause) -> ErrorKind {
        ErrorKind::Connect(ConnectFailure {
            cause,
            only_documented_host: None,
        })
    }

    fn html(title: &str) -> Page {
        Page::Html {
            title: Some(title.to_owned()),
        }
    }

    fn text(excerpt: &str) -> Page {
        Page::Text {
            excerpt: Some(excerpt.to_owned()),
        }
    }

    const PROXY: &str = "the proxy proxy.example:3128 from HTTPS_PROXY";

    /// One of each kind.
    fn kinds() -> Vec<ErrorKind> {
        let page = |status, page| ErrorKind::Page { status, page };
        vec![
            ErrorKind::Credentials,
            ErrorKind::Request("`isv_code` is empty".to_owned()),
            connect(ConnectCause::Dns),
            connect(ConnectCause::Refused),
            connect(ConnectCause::Timeout),
            connect(ConnectCause::Certificate(CertificateFault::UnknownIssuer)),
            connect(ConnectCause::Certificate(CertificateFault::Expired)),
            connect(ConnectCause::Certificate(CertificateFault::NotYetValid)),
            connect(ConnectCause::Certificate(CertificateFault::WrongHost)),
            connect(ConnectCause::NoRoots),
            connect(ConnectCause::Proxy(ProxyFault::Dns)),
            connect(ConnectCause::Proxy(ProxyFault::Refused)),
            connect(ConnectCause::Proxy(ProxyFault::Unreachable)),
            connect(ConnectCause::Proxy(ProxyFault::Tls("no".to_owned()))),
            connect(ConnectCause::Proxy(ProxyFault::Login)),
            connect(ConnectCause::Proxy(ProxyFault::Status {
                status: 403,
                page: Some(html("Blocked")),
            })),
            connect(ConnectCause::Proxy(ProxyFault::NoTunnel("odd".to_owned()))),
            connect(ConnectCause::Tls("no common version".to_owned())),
            connect(ConnectCause::Other),
            ErrorKind::Timeout(TimeoutPhase::FirstUse),
            ErrorKind::Timeout(TimeoutPhase::RateLimit),
            ErrorKind::Timeout(TimeoutPhase::Response(Duration::from_secs(10))),
            ErrorKind::Interrupted,
            ErrorKind::Redirect {
                status: 302,
                location: Some("https://login.example.com".to_owned()),
            },
            ErrorKind::Throttled {
                response: response(429, "", ""),
                retry_after: None,
            },
            ErrorKind::Unavailable(response(502, "", "{}")),
            ErrorKind::Unavailable(response(500, "InternalError", "Again.")),
            page(502, html("Bad Gateway")),
            page(403, html("Blocked")),
            page(200, html("Sign in")),
            page(511, html("Sign in")),
            page(200, text("Blocked by policy")),
            page(502, Page::Empty),
            page(404, Page::Empty),
            ErrorKind::Down {
                failures: 8,
                lasting: Duration::from_secs(30),
            },
            ErrorKind::Api(response(403, "", "{}")),
            ErrorKind::Api(response(400, "Waba.Of.Tomorrow", "Something.")),
            ErrorKind::Decode {
                status: 200,
                reason: "it has no `Code`".to_owned(),
                excerpt: None,
            },
            ErrorKind::Stopped,
        ]
    }

    fn code_of(diagnostic: &Diagnostic) -> Option<&str> {
        let lines = diagnostic.detail.lines();
        let mut codes = lines.filter_map(|line| line.strip_prefix("  Code:"));
        codes.next().map(str::trim)
    }

    #[test]
    fn every_kind_has_a_short_summary_of_its_own_and_a_code() {
        let mut seen = std::collections::BTreeSet::new();
        let known = alicloud::CAMS.error_codes.iter().chain(ErrorCode::GATEWAY);
        let known = known.map(|row| ErrorKind::Api(response(400, row.code, "Refused.")));
        for kind in kinds().into_iter().chain(known) {
            let error = Error::example("QueryChatappBindWaba", kind.clone(), None);
            for attempted in [bind(), read()] {
                let diagnostic = diagnose(&error, &attempted);
                let code = code_of(&diagnostic).unwrap_or_default();
                let documented = CODES.iter().any(|row| row.code == code);
                assert!(documented || Some(code) == error.code(), "{kind:?}: {code}");
                assert_eq!(code.starts_with("Provider."), error.code().is_none());
                let length = diagnostic.summary.chars().count();
                assert!(length < MAX_SUMMARY, "{length}: {}", diagnostic.summary);
                let printed = printed([&diagnostic]);
                let long = printed.lines().find(|line| line.chars().count() > 79);
                assert_eq!(long, None, "{kind:?}");
            }
            if error.code().is_none() {
                let summary = diagnose(&error, &bind()).summary;
                assert!(seen.insert(summary.clone()), "{summary} is there twice");
            }
        }
    }

    #[test]
    fn every_kind_of_missing_credentials_has_a_cause_and_a_code() {
        use alicloud::{FileFault, ProgramFault, ServiceFault};
        let kinds = [
            CredentialsErrorKind::NotFound,
            CredentialsErrorKind::File(FileFault::Unreadable),
            CredentialsErrorKind::File(FileFault::NotRegular),
            CredentialsErrorKind::File(FileFault::BrokenLink),
            CredentialsErrorKind::File(FileFault::TooLarge),
            CredentialsErrorKind::File(FileFault::NotText),
            CredentialsErrorKind::File(FileFault::Syntax),
            CredentialsErrorKind::File(FileFault::Empty),
            CredentialsErrorKind::ProfileMissing,
            CredentialsErrorKind::Profile,
            CredentialsErrorKind::Value,
            CredentialsErrorKind::LoginExpired,
            CredentialsErrorKind::LoginNotRenewable,
            CredentialsErrorKind::Program(ProgramFault::Forbidden),
            CredentialsErrorKind::Program(ProgramFault::NotStarted),
            CredentialsErrorKind::Program(ProgramFault::Failed),
            CredentialsErrorKind::Program(ProgramFault::TimedOut),
            CredentialsErrorKind::Program(ProgramFault::TooMuchOutput),
            CredentialsErrorKind::Program(ProgramFault::Output),
            CredentialsErrorKind::Service(ServiceFault::Unsendable),
            CredentialsErrorKind::Service(ServiceFault::Unreachable),
            CredentialsErrorKind::Service(ServiceFault::Proxy),
            CredentialsErrorKind::Service(ServiceFault::Silent),
            CredentialsErrorKind::Service(ServiceFault::Failed),
            CredentialsErrorKind::Service(ServiceFault::Response),
            CredentialsErrorKind::Service(ServiceFault::NoInstanceRole),
            CredentialsErrorKind::Page,
            CredentialsErrorKind::Expired,
            CredentialsErrorKind::AssumeRole,
            CredentialsErrorKind::WrongAccount,
            CredentialsErrorKind::Other,
        ];
        let mut seen = std::collections::BTreeSet::new();
        for kind in kinds {
            let source = CredentialsError::new(kind, "the reason");
            let error = Error::example(
                "QueryChatappBindWaba",
                ErrorKind::Credentials,
                Some(source.into()),
            );
            let diagnostic = diagnose(&error, &read());
            let code = code_of(&diagnostic).unwrap_or_default();
            assert!(CODES.iter().any(|row| row.code == code), "{kind:?}: {code}");
            let summary = &diagnostic.summary;
            assert!(
                summary.chars().count() < MAX_SUMMARY && !summary.contains('…'),
                "{summary}"
            );
            assert!(seen.insert(summary.clone()), "{summary} is there twice");
            assert!(diagnostic.detail.contains("the reason"), "{kind:?}");
        }
    }

    fn check(error: &Error, attempted: &Attempted<'_>, expected: Expect) {
        expected.assert_eq(&printed([&diagnose(error, attempted)]));
    }

    fn refused(status: u16, code: &str, message: &str) -> Error {
        let kind = ErrorKind::Api(response(status, code, message));
        Error::example("ChatappBindWaba", kind, None)
    }

    #[test]
    fn long_summaries_keep_the_cause() {
        let long = format!("Cannot create template {}", "x".repeat(100));
        let short = summary(&long, "permission denied");
        assert_eq!(short.chars().count(), MAX_SUMMARY - 1);
        assert!(short.ends_with("xxx…: permission denied"), "{short}");
        assert_eq!(
            summary("Cannot bind", "throttled"),
            "Cannot bind: throttled"
        );
        assert_eq!(summary("", "throttled"), "Throttled");
    }

    #[test]
    fn wrong_secret_is_reported_without_another_signature() {
        let error = refused(
            400,
            "SignatureDoesNotMatch",
            "Specified signature is not matched.",
        );
        check(
            &error,
            &bind(),
            expect![[r#"
            Error: Cannot bind WABA 102030405060708: wrong AccessKey secret

            The service refused ChatappBindWaba for WABA 102030405060708: the signature is
            wrong.

            The secret does not belong to the AccessKey `LTAI…wXyZ`. Copy the AccessKey
            secret again, without blanks or line breaks around it.

              Action:      ChatappBindWaba
              Endpoint:    cams.ap-southeast-1.aliyuncs.com
              HTTP status: 400
              Code:        SignatureDoesNotMatch
              Message:     Specified signature is not matched.
              Attempts:    1
        "#]],
        );
    }

    #[test]
    fn account_without_the_service_is_reported() {
        let error = refused(
            400,
            "Product.Unsubscript",
            "You have not subscribed this product.",
        );
        check(
            &error,
            &bind(),
            expect![[r#"
            Error: Cannot bind WABA 102030405060708: CAMS is not activated

            The service refused ChatappBindWaba for WABA 102030405060708: Chat App Message
            Service is not active for the account.

            Activate Chat App Message Service for the account of the AccessKey
            `LTAI…wXyZ`: in the console (https://chatapp.console.alibabacloud.com, for
            accounts of the China site https://chatapp.console.aliyun.com) or with the API
            action OpenChatappService. The account has to be enterprise-verified. If the
            service was active before, look for an overdue payment.

              Action:      ChatappBindWaba
              Endpoint:    cams.ap-southeast-1.aliyuncs.com
              HTTP status: 400
              Code:        Product.Unsubscript
              Message:     You have not subscribed this product.
              Attempts:    1
        "#]],
        );
    }

    #[test]
    fn foreign_waba_is_reported() {
        let error = refused(400, "Unknown.ResourceOwnerId", "The owner is not you.");
        check(
            &error,
            &bind(),
            expect![[r#"
            Error: Cannot bind WABA 102030405060708: not in this account
              at waba_id

            The service refused ChatappBindWaba for WABA 102030405060708: the object does
            not belong to the account.

            To the account of the AccessKey `LTAI…wXyZ`, WABA 102030405060708 does not
            exist, or it belongs to another account. Check the ID, and that these are the
            credentials of the right account. A WABA can be bound once its owner has
            finished Meta's embedded signup with the app of this account. An ISV also
            needs the authorization of the sub-customer (`isv_code`).

              Action:      ChatappBindWaba
              Endpoint:    cams.ap-southeast-1.aliyuncs.com
              HTTP status: 400
              Code:        Unknown.ResourceOwnerId
              Message:     The owner is not you.
              Attempts:    1
        "#]],
        );
    }

    #[test]
    fn missing_right_to_read_gets_a_policy_that_reads() {
        let kind = ErrorKind::Api(response(400, "Ram.PermissionDeny", "Denied."));
        let error = Error::example("QueryChatappBindWaba", kind, None);
        check(
            &error,
            &read(),
            expect![[r#"
            Error: Cannot read the binding of cams-8filvjc8snw: permission denied

            The service refused QueryChatappBindWaba for space cams-8filvjc8snw: the
            caller lacks a RAM action.

            The identity of the AccessKey `LTAI…wXyZ` lacks the RAM action
            `cams:QueryChatappBindWaba`. Attach this policy to it in the RAM console, or
            the system policy AliyunCamsFullAccess. AliyunCamsReadOnlyAccess is not
            enough: it allows `cams:Get*` and `cams:List*` only.

              {
                "Version": "1",
                "Statement": [{
                  "Effect": "Allow",
                  "Action": [
                    "cams:QueryChatappBindWaba",
                    "cams:ListInstance"
                  ],
                  "Resource": "*"
                }]
              }

              Action:      QueryChatappBindWaba
              Endpoint:    cams.ap-southeast-1.aliyuncs.com
              HTTP status: 400
              Code:        Ram.PermissionDeny
              Message:     Denied.
              Attempts:    1
        "#]],
        );
    }

    #[test]
    fn clock_skew_is_reported() {
        let error = refused(
            400,
            "InvalidTimeStamp.Expired",
            "Specified time stamp is expired.",
        );
        check(
            &error,
            &bind(),
            expect![[r#"
            Error: Cannot bind WABA 102030405060708: wrong clock

            The service refused ChatappBindWaba for WABA 102030405060708: the clock is
            more than 15 minutes off.

            Set the clock of this machine, for example with NTP, and try again.

              Action:      ChatappBindWaba
              Endpoint:    cams.ap-southeast-1.aliyuncs.com
              HTTP status: 400
              Code:        InvalidTimeStamp.Expired
              Message:     Specified time stamp is expired.
              Attempts:    1
        "#]],
        );
    }

    #[test]
    fn page_of_a_proxy_is_no_refusal_of_the_service() {
        check(
            &Error::example(
                "ChatappBindWaba",
                ErrorKind::Page {
                    status: 403,
                    page: html("Blocked by policy 7"),
                },
                None,
            )
            .through(PROXY),
            &bind(),
            expect![[r#"
                Error: Cannot bind WABA 102030405060708: HTML page via proxy (HTTP 403)

                ChatappBindWaba for WABA 102030405060708 got no response of the service, but
                HTTP 403 with an HTML page with the title "Blocked by policy 7". It came
                through the proxy proxy.example:3128 from HTTPS_PROXY.

                Ask whoever runs the proxy to let requests to cams.ap-southeast-1.aliyuncs.com
                pass, or add cams.ap-southeast-1.aliyuncs.com to NO_PROXY if this machine can
                reach it directly. If the proxy shows a login, sign in with a browser on this
                machine, and run the command again.

                  Action:      ChatappBindWaba
                  Endpoint:    cams.ap-southeast-1.aliyuncs.com
                  Proxy:       proxy.example:3128 from HTTPS_PROXY
                  HTTP status: 403
                  Code:        Provider.NotTheService
                  Attempts:    1
            "#]],
        );
        check(
            &Error::example(
                "QueryChatappBindWaba",
                ErrorKind::Page {
                    status: 502,
                    page: html("502 Bad Gateway"),
                },
                None,
            )
            .through(PROXY),
            &read(),
            expect![[r#"
                Error: Cannot read the binding of cams-8fil…: HTML page via proxy (HTTP 502)

                QueryChatappBindWaba for space cams-8filvjc8snw got no response of the
                service, but HTTP 502 with an HTML page with the title "502 Bad Gateway". It
                came through the proxy proxy.example:3128 from HTTPS_PROXY.

                Run the command again in a few minutes. If it happens again, ask whoever runs
                the proxy what it says about cams.ap-southeast-1.aliyuncs.com, or add
                cams.ap-southeast-1.aliyuncs.com to NO_PROXY if this machine can reach it
                directly.

                  Action:      QueryChatappBindWaba
                  Endpoint:    cams.ap-southeast-1.aliyuncs.com
                  Proxy:       proxy.example:3128 from HTTPS_PROXY
                  HTTP status: 502
                  Code:        Provider.ServiceUnavailable
                  Attempts:    1
            "#]],
        );
        check(
            &Error::example(
                "ChatappBindWaba",
                ErrorKind::Page {
                    status: 407,
                    page: html("Sign in"),
                },
                None,
            )
            .through(PROXY),
            &bind(),
            expect![[r#"
                Error: Cannot bind WABA 102030405060708: the proxy wants a login

                ChatappBindWaba for WABA 102030405060708 got no response of the service, but
                HTTP 407 with an HTML page with the title "Sign in". It came through the proxy
                proxy.example:3128 from HTTPS_PROXY.

                Set the user name and the password in HTTPS_PROXY, such as
                http://USER:PASSWORD@proxy.example:3128, with special characters
                percent-encoded. If they are there, correct them. The provider knows Basic
                authentication only: for NTLM or Kerberos, run a local proxy that signs in,
                and name that one in HTTPS_PROXY.

                  Action:      ChatappBindWaba
                  Endpoint:    cams.ap-southeast-1.aliyuncs.com
                  Proxy:       proxy.example:3128 from HTTPS_PROXY
                  HTTP status: 407
                  Code:        Provider.Proxy.Login
                  Attempts:    1
            "#]],
        );
    }

    #[test]
    fn page_of_something_unknown_on_the_way_is_reported() {
        check(
            &Error::example(
                "QueryChatappBindWaba",
                ErrorKind::Page {
                    status: 200,
                    page: html("Hotel Aurora: sign in"),
                },
                None,
            ),
            &read(),
            expect![[r#"
                Error: Cannot read the binding of cams-8fil…: HTML page, not JSON (HTTP 200)

                QueryChatappBindWaba for space cams-8filvjc8snw got no response of the
                service, but HTTP 200 with an HTML page with the title "Hotel Aurora: sign
                in". Something on the way responded in its place: a proxy, a firewall, a login
                of the network, or a front end of the service.

                Open https://cams.ap-southeast-1.aliyuncs.com/ with a browser on this machine,
                to see what responds. If it is a login of the network, sign in, and run the
                command again. If the network needs a proxy, set HTTPS_PROXY. Otherwise
                correct the `endpoints` block of the provider.

                  Action:      QueryChatappBindWaba
                  Endpoint:    cams.ap-southeast-1.aliyuncs.com
                  HTTP status: 200
                  Code:        Provider.NotTheService
                  Attempts:    1
            "#]],
        );
        check(
            &Error::example(
                "QueryChatappBindWaba",
                ErrorKind::Page {
                    status: 200,
                    page: text("Access to this site is blocked."),
                },
                None,
            ),
            &read(),
            expect![[r#"
                Error: Cannot read the binding of cams-8filvjc8snw: text, no JSON (HTTP 200)

                QueryChatappBindWaba for space cams-8filvjc8snw got no response of the
                service, but HTTP 200 with the text "Access to this site is blocked".
                Something on the way responded in its place: a proxy, a firewall, a login of
                the network, or a front end of the service.

                Open https://cams.ap-southeast-1.aliyuncs.com/ with a browser on this machine,
                to see what responds. If it is a login of the network, sign in, and run the
                command again. If the network needs a proxy, set HTTPS_PROXY. Otherwise
                correct the `endpoints` block of the provider.

                  Action:      QueryChatappBindWaba
                  Endpoint:    cams.ap-southeast-1.aliyuncs.com
                  HTTP status: 200
                  Code:        Provider.NotTheService
                  Attempts:    1
            "#]],
        );
        check(
            &Error::example(
                "QueryChatappBindWaba",
                ErrorKind::Page {
                    status: 503,
                    page: Page::Empty,
                },
                None,
            ),
            &read(),
            expect![[r#"
                Error: Cannot read the binding of cams-8filvjc8s…: empty response (HTTP 503)

                QueryChatappBindWaba for space cams-8filvjc8snw got no response of the
                service, but HTTP 503 with no content. Something on the way responded in its
                place: a proxy, a firewall, a login of the network, or a front end of the
                service.

                Run the command again in a few minutes. If it happens again, look for a proxy
                or a firewall between this machine and the service. If there is none, report
                it to Alibaba Cloud support.

                  Action:      QueryChatappBindWaba
                  Endpoint:    cams.ap-southeast-1.aliyuncs.com
                  HTTP status: 503
                  Code:        Provider.ServiceUnavailable
                  Attempts:    1
            "#]],
        );
        check(
            &Error::example(
                "QueryChatappBindWaba",
                ErrorKind::Page {
                    status: 511,
                    page: html("Sign in"),
                },
                None,
            ),
            &read(),
            expect![[r#"
                Error: Cannot read the binding of cams-8filvjc8s…: the network wants a login

                QueryChatappBindWaba for space cams-8filvjc8snw got no response of the
                service, but HTTP 511 with an HTML page with the title "Sign in". Something on
                the way responded in its place: a proxy, a firewall, a login of the network,
                or a front end of the service.

                Sign in to the network with a browser on this machine, and run the command
                again.

                  Action:      QueryChatappBindWaba
                  Endpoint:    cams.ap-southeast-1.aliyuncs.com
                  HTTP status: 511
                  Code:        Provider.NotTheService
                  Attempts:    1
            "#]],
        );
    }

    #[test]
    fn proxy_that_makes_no_connection_is_reported() {
        check(
            &Error::example(
                "ChatappBindWaba",
                connect(ConnectCause::Proxy(ProxyFault::Dns)),
                None,
            )
            .through(PROXY),
            &bind(),
            expect![[r#"
                Error: Cannot bind WABA 102030405060708: host of the proxy not found

                ChatappBindWaba for WABA 102030405060708 failed: no connection through the
                proxy proxy.example:3128 from HTTPS_PROXY: its host name cannot be resolved.

                Nothing was sent. Correct HTTPS_PROXY, or unset it if this machine needs no
                proxy. To reach this host alone directly, add cams.ap-southeast-1.aliyuncs.com
                to NO_PROXY.

                  Action:   ChatappBindWaba
                  Endpoint: cams.ap-southeast-1.aliyuncs.com
                  Proxy:    proxy.example:3128 from HTTPS_PROXY
                  Code:     Provider.Proxy.Unreachable
                  Attempts: 1
            "#]],
        );
        check(
            &Error::example(
                "ChatappBindWaba",
                connect(ConnectCause::Proxy(ProxyFault::Login)),
                None,
            )
            .through(PROXY),
            &bind(),
            expect![[r#"
                Error: Cannot bind WABA 102030405060708: the proxy wants a login

                ChatappBindWaba for WABA 102030405060708 failed: no connection through the
                proxy proxy.example:3128 from HTTPS_PROXY: it wants a login (HTTP 407).

                Nothing was sent. Set the user name and the password in HTTPS_PROXY, such as
                http://USER:PASSWORD@proxy.example:3128, with special characters
                percent-encoded. If they are there, correct them. The provider knows Basic
                authentication only: for NTLM or Kerberos, run a local proxy that signs in,
                and name that one in HTTPS_PROXY.

                  Action:   ChatappBindWaba
                  Endpoint: cams.ap-southeast-1.aliyuncs.com
                  Proxy:    proxy.example:3128 from HTTPS_PROXY
                  Code:     Provider.Proxy.Login
                  Attempts: 1
            "#]],
        );
        check(
            &Error::example(
                "ChatappBindWaba",
                connect(ConnectCause::Proxy(ProxyFault::Status {
                    status: 403,
                    page: Some(html("Blocked")),
                })),
                None,
            )
            .through(PROXY),
            &bind(),
            expect![[r#"
                Error: Cannot bind WABA 102030405060708: the proxy refused (HTTP 403)

                ChatappBindWaba for WABA 102030405060708 failed: no connection through the
                proxy proxy.example:3128 from HTTPS_PROXY: it refused to connect to the host
                (HTTP 403, an HTML page with the title "Blocked").

                Nothing was sent. Ask whoever runs the proxy to let this machine connect to
                cams.ap-southeast-1.aliyuncs.com (CONNECT). If this machine can reach the host
                directly, add cams.ap-southeast-1.aliyuncs.com to NO_PROXY.

                  Action:   ChatappBindWaba
                  Endpoint: cams.ap-southeast-1.aliyuncs.com
                  Proxy:    proxy.example:3128 from HTTPS_PROXY
                  Code:     Provider.Proxy.Refused
                  Attempts: 1
            "#]],
        );
        check(
            &Error::example("ChatappBindWaba", connect(ConnectCause::Timeout), None).through(PROXY),
            &bind(),
            expect![[r#"
                Error: Cannot bind WABA 102030405060708: no connection in time

                ChatappBindWaba for WABA 102030405060708 failed: no connection in time. The
                way leads through the proxy proxy.example:3128 from HTTPS_PROXY.

                Nothing was sent. Check whether the proxy proxy.example:3128 from HTTPS_PROXY
                can be reached and can reach cams.ap-southeast-1.aliyuncs.com, or raise
                `client_connect_timeout` of the provider.

                  Action:   ChatappBindWaba
                  Endpoint: cams.ap-southeast-1.aliyuncs.com
                  Proxy:    proxy.example:3128 from HTTPS_PROXY
                  Code:     Provider.Network.Timeout
                  Attempts: 1
            "#]],
        );
    }

    #[test]
    fn certificates_are_reported_with_what_to_do() {
        check(
            &Error::example(
                "ChatappBindWaba",
                connect(ConnectCause::Certificate(CertificateFault::UnknownIssuer)),
                None,
            ),
            &bind(),
            expect![[r#"
                Error: Cannot bind WABA 102030405060708: certificate not trusted

                ChatappBindWaba for WABA 102030405060708 failed: no root certificate that this
                machine trusts has signed the certificate of the host.

                Nothing was sent. Either a proxy or firewall on the way inspects TLS and
                replaces certificates, or the endpoint has a private CA. Get the root
                certificate (PEM) from whoever runs it, and let this machine trust it in one
                of these ways:
                1. Add it to the root certificates of the operating system. The provider
                trusts these.
                2. On Linux: set SSL_CERT_FILE to a file that has it and all others that you
                need. The provider then trusts that file in place of those of the operating
                system.

                  Action:   ChatappBindWaba
                  Endpoint: cams.ap-southeast-1.aliyuncs.com
                  Code:     Provider.Network.Certificate
                  Attempts: 1
            "#]],
        );
        check(
            &Error::example(
                "ChatappBindWaba",
                connect(ConnectCause::Certificate(CertificateFault::UnknownIssuer)),
                None,
            )
            .through(PROXY),
            &bind(),
            expect![[r#"
                Error: Cannot bind WABA 102030405060708: certificate not trusted

                ChatappBindWaba for WABA 102030405060708 failed: no root certificate that this
                machine trusts has signed the certificate of the host. The way leads through
                the proxy proxy.example:3128 from HTTPS_PROXY.

                Nothing was sent. Either a proxy or firewall on the way inspects TLS and
                replaces certificates, or the endpoint has a private CA. Get the root
                certificate (PEM) from whoever runs it, and let this machine trust it in one
                of these ways:
                1. Add it to the root certificates of the operating system. The provider
                trusts these.
                2. On Linux: set SSL_CERT_FILE to a file that has it and all others that you
                need. The provider then trusts that file in place of those of the operating
                system.

                  Action:   ChatappBindWaba
                  Endpoint: cams.ap-southeast-1.aliyuncs.com
                  Proxy:    proxy.example:3128 from HTTPS_PROXY
                  Code:     Provider.Network.Certificate
                  Attempts: 1
            "#]],
        );
        check(
            &Error::example(
                "ChatappBindWaba",
                connect(ConnectCause::Certificate(CertificateFault::Expired)),
                None,
            ),
            &bind(),
            expect![[r#"
                Error: Cannot bind WABA 102030405060708: certificate expired

                ChatappBindWaba for WABA 102030405060708 failed: the certificate of the host
                has expired, by the clock of this machine.

                Nothing was sent. Check the clock of this machine first. If it is right, the
                certificate has to be renewed by whoever runs
                cams.ap-southeast-1.aliyuncs.com, or a proxy or firewall that inspects TLS on
                the way.

                  Action:   ChatappBindWaba
                  Endpoint: cams.ap-southeast-1.aliyuncs.com
                  Code:     Provider.Network.Certificate
                  Attempts: 1
            "#]],
        );
        check(
            &Error::example(
                "ChatappBindWaba",
                connect(ConnectCause::Certificate(CertificateFault::WrongHost)),
                None,
            ),
            &bind(),
            expect![[r#"
                Error: Cannot bind WABA 102030405060708: certificate of another host

                ChatappBindWaba for WABA 102030405060708 failed: the certificate is not one of
                this host.

                Nothing was sent. Check the `endpoints` block of the provider, and whether the
                name cams.ap-southeast-1.aliyuncs.com leads to the service: a name server, a
                firewall or a proxy can lead it elsewhere.

                  Action:   ChatappBindWaba
                  Endpoint: cams.ap-southeast-1.aliyuncs.com
                  Code:     Provider.Network.Certificate
                  Attempts: 1
            "#]],
        );
        check(
            &Error::example("ChatappBindWaba", connect(ConnectCause::NoRoots), None),
            &bind(),
            expect![[r#"
                Error: Cannot bind WABA 102030405060708: no root certificates

                ChatappBindWaba for WABA 102030405060708 failed: this machine has no root
                certificates, so that no certificate can be trusted.

                Nothing was sent. Install the root certificates of the operating system, for
                example with the package ca-certificates. In an image without packages, copy
                the file of another image, and set SSL_CERT_FILE to it.

                  Action:   ChatappBindWaba
                  Endpoint: cams.ap-southeast-1.aliyuncs.com
                  Code:     Provider.Network.NoRootCertificates
                  Attempts: 1
            "#]],
        );
    }

    #[test]
    fn network_on_the_way_to_sts_is_reported() {
        let check = |call: Error, expected: Expect| {
            let error =
                Error::example("ChatappBindWaba", ErrorKind::Credentials, Some(call.into()));
            check(&error, &bind(), expected);
        };
        let page = ErrorKind::Page {
            status: 502,
            page: html("502 Bad Gateway"),
        };
        check(
            Error::example("AssumeRole", page, None).through(PROXY),
            expect![[r#"
                Error: Cannot bind WABA 102030405060708: STS: HTML page via proxy (HTTP 502)

                ChatappBindWaba for WABA 102030405060708 was not sent, because there are no
                valid credentials.

                Run the command again in a few minutes. If it happens again, ask whoever runs
                the proxy what it says about cams.ap-southeast-1.aliyuncs.com, or add
                cams.ap-southeast-1.aliyuncs.com to NO_PROXY if this machine can reach it
                directly.

                  Action:   ChatappBindWaba
                  Endpoint: cams.ap-southeast-1.aliyuncs.com
                  Code:     Provider.Credentials.StsUnavailable
                  Reason:   AssumeRole at cams.ap-southeast-1.aliyuncs.com through the proxy
                            proxy.example:3128 from HTTPS_PROXY: HTTP 502 with an HTML page
                            with the title "502 Bad Gateway" in place of a response of the
                            service
            "#]],
        );
        let login = connect(ConnectCause::Proxy(ProxyFault::Login));
        check(
            Error::example("AssumeRole", login, None).through(PROXY),
            expect![[r#"
                Error: Cannot bind WABA 102030405060708: STS: the proxy wants a login

                ChatappBindWaba for WABA 102030405060708 was not sent, because there are no
                valid credentials.

                Nothing was sent. Set the user name and the password in HTTPS_PROXY, such as
                http://USER:PASSWORD@proxy.example:3128, with special characters
                percent-encoded. If they are there, correct them. The provider knows Basic
                authentication only: for NTLM or Kerberos, run a local proxy that signs in,
                and name that one in HTTPS_PROXY.

                  Action:   ChatappBindWaba
                  Endpoint: cams.ap-southeast-1.aliyuncs.com
                  Code:     Provider.Credentials.StsUnavailable
                  Reason:   AssumeRole at cams.ap-southeast-1.aliyuncs.com through the proxy
                            proxy.example:3128 from HTTPS_PROXY: no connection through the
                            proxy: it wants a login (HTTP 407)
            "#]],
        );
    }

    #[test]
    fn failing_hop_is_reported_when_nothing_is_sent_any_more() {
        let check = |last: ErrorKind, expected: &str| {
            let kind = ErrorKind::Down {
                failures: 10,
                lasting: Duration::from_secs(30),
            };
            let error = Error::example("QueryChatappBindWaba", kind, Some(last.into()));
            let summary = diagnose(&error, &bind()).summary;
            let begin = "Cannot bind WABA 102030405060708";
            assert_eq!(summary, format!("{begin}: {expected}"));
        };
        check(
            connect(ConnectCause::Proxy(ProxyFault::Dns)),
            "the proxy is down",
        );
        check(
            connect(ConnectCause::Refused),
            "the service cannot be reached",
        );
        check(ErrorKind::Interrupted, "the service is down");
    }

    #[test]
    fn unknown_host_is_reported() {
        let kind = connect(ConnectCause::Dns);
        check(
            &Error::example("ChatappBindWaba", kind, None),
            &bind(),
            expect![[r#"
                Error: Cannot bind WABA 102030405060708: host not found

                ChatappBindWaba for WABA 102030405060708 failed: the host name cannot be
                resolved.

                Nothing was sent. Check the name resolution of this machine, the region of the
                provider, and its `endpoints` block.

                  Action:   ChatappBindWaba
                  Endpoint: cams.ap-southeast-1.aliyuncs.com
                  Code:     Provider.Network.Dns
                  Attempts: 1
            "#]],
        );
    }

    #[test]
    fn host_of_another_region_is_reported_with_the_documented_one() {
        let kind = ErrorKind::Connect(ConnectFailure {
            cause: ConnectCause::Dns,
            only_documented_host: Some("cams.ap-southeast-1.aliyuncs.com"),
        });
        check(
            &Error::example("ChatappBindWaba", kind, None),
            &bind(),
            expect![[r#"
                Error: Cannot bind WABA 102030405060708: host not found

                ChatappBindWaba for WABA 102030405060708 failed: the host name cannot be
                resolved; this host was formed from the region and may not exist, the only
                documented one is cams.ap-southeast-1.aliyuncs.com.

                Nothing was sent. Check the name resolution of this machine, the region of the
                provider, and its `endpoints` block.

                  Action:   ChatappBindWaba
                  Endpoint: cams.ap-southeast-1.aliyuncs.com
                  Code:     Provider.Network.Dns
                  Attempts: 1
            "#]],
        );
    }

    #[test]
    fn expired_token_is_reported() {
        let error = refused(
            403,
            "InvalidSecurityToken.Expired",
            "Specified SecurityToken is expired.",
        );
        check(
            &error,
            &bind(),
            expect![[r#"
            Error: Cannot bind WABA 102030405060708: security token expired

            The service refused ChatappBindWaba for WABA 102030405060708: the security
            token has expired.

            Get new temporary credentials, and set AccessKey ID, secret and token
            together.

              Action:      ChatappBindWaba
              Endpoint:    cams.ap-southeast-1.aliyuncs.com
              HTTP status: 403
              Code:        InvalidSecurityToken.Expired
              Message:     Specified SecurityToken is expired.
              Attempts:    1
        "#]],
        );
    }

    #[test]
    fn unknown_access_key_is_reported() {
        let error = refused(
            404,
            "InvalidAccessKeyId.NotFound",
            "Specified access key is not found.",
        );
        check(
            &error,
            &bind(),
            expect![[r#"
            Error: Cannot bind WABA 102030405060708: unknown AccessKey

            The service refused ChatappBindWaba for WABA 102030405060708: there is no such
            AccessKey.

            Check the AccessKey ID `LTAI…wXyZ` for typing errors, and whether it belongs
            to the other site: keys of the China site (aliyun.com) and of the
            international site (alibabacloud.com) differ. A key that begins with `STS.`
            has expired or lacks its security token.

              Action:      ChatappBindWaba
              Endpoint:    cams.ap-southeast-1.aliyuncs.com
              HTTP status: 404
              Code:        InvalidAccessKeyId.NotFound
              Message:     Specified access key is not found.
              Attempts:    1
        "#]],
        );
    }

    #[test]
    fn throttling_is_reported_with_the_limit() {
        let kind = ErrorKind::Throttled {
            response: response(
                400,
                "Throttling.User",
                "Request was denied due to user flow control.",
            ),
            retry_after: None,
        };
        let error = Error::example("QueryChatappBindWaba", kind, None);
        check(
            &error,
            &read(),
            expect![[r#"
            Error: Cannot read the binding of cams-8filvjc8snw: throttled

            The service kept refusing QueryChatappBindWaba for space cams-8filvjc8snw, to
            limit the rate of calls.

            The provider sent the request once in 350 ms, with longer waits each time. The
            service allows 10 calls a second for each account, shared by everything that
            uses the account. Raise timeouts.read, lower the CLI's `-parallelism`, or let
            fewer pipelines run at the same time; then run the command again.

              Action:      QueryChatappBindWaba
              Endpoint:    cams.ap-southeast-1.aliyuncs.com
              HTTP status: 400
              Code:        Throttling.User
              Message:     Request was denied due to user flow control.
              Attempts:    1
        "#]],
        );
    }

    #[test]
    fn failing_service_and_unknown_code_are_reported_without_a_missing_request_id() {
        let kind =
            ErrorKind::Unavailable(response(500, "InternalError", "The request has failed."));
        let error = Error::example("QueryChatappBindWaba", kind, None);
        check(
            &error,
            &read(),
            expect![[r#"
            Error: Cannot read the binding of cams-8filvjc8snw: service error (HTTP 500)

            The service could not process QueryChatappBindWaba for space cams-8filvjc8snw.

            The service has a problem. Try again in a few minutes. If it happens again,
            check whether a proxy responds in place of the service.

              Action:      QueryChatappBindWaba
              Endpoint:    cams.ap-southeast-1.aliyuncs.com
              HTTP status: 500
              Code:        InternalError
              Message:     The request has failed.
              Attempts:    1
        "#]],
        );
        let error = refused(400, "Waba.Of.Tomorrow", "Something that nobody knows.");
        check(
            &error,
            &bind(),
            expect![[r#"
            Error: Cannot bind WABA 102030405060708: Waba.Of.Tomorrow

            The service refused ChatappBindWaba for WABA 102030405060708.

            The provider has no advice for this code. Look it up in the error center of
            Alibaba Cloud (https://api.alibabacloud.com/troubleshoot). If it happens
            again, check whether a proxy responds in place of the service.

              Action:      ChatappBindWaba
              Endpoint:    cams.ap-southeast-1.aliyuncs.com
              HTTP status: 400
              Code:        Waba.Of.Tomorrow
              Message:     Something that nobody knows.
              Attempts:    1
        "#]],
        );
    }

    #[test]
    fn closed_connection_redirect_and_unreadable_response_are_reported() {
        let check = |kind: ErrorKind, expected: Expect| {
            check(
                &Error::example("QueryChatappBindWaba", kind, None),
                &read(),
                expected,
            );
        };
        check(
            ErrorKind::Interrupted,
            expect![[r#"
            Error: Cannot read the binding of cams-8filvjc8snw: connection closed

            QueryChatappBindWaba for space cams-8filvjc8snw failed: the connection was
            closed before the response was complete.

            Check network and proxy, and try again.

              Action:   QueryChatappBindWaba
              Endpoint: cams.ap-southeast-1.aliyuncs.com
              Code:     Provider.Network.Closed
              Attempts: 1
        "#]],
        );
        check(
            ErrorKind::Redirect {
                status: 302,
                location: Some("https://login.example.com".to_owned()),
            },
            expect![[r#"
                Error: Cannot read the binding of cams-8filvjc8snw: redirected

                QueryChatappBindWaba for space cams-8filvjc8snw failed: HTTP 302, a redirect
                to https://login.example.com; signed requests are not redirected, so check the
                endpoint and the proxy.

                Open https://cams.ap-southeast-1.aliyuncs.com/ with a browser on this machine,
                to see where it leads. If it is a login of the network, sign in, and run the
                command again. Otherwise correct the `endpoints` block of the provider.

                  Action:      QueryChatappBindWaba
                  Endpoint:    cams.ap-southeast-1.aliyuncs.com
                  HTTP status: 302
                  Code:        Provider.Redirected
                  Attempts:    1
            "#]],
        );
        check(
            ErrorKind::Decode {
                status: 200,
                reason: "it has no `Code`".to_owned(),
                excerpt: Some("{\"Success\":true}".to_owned()),
            },
            expect![[r#"
                Error: Cannot read the binding of cams-8filvjc8snw: unreadable response

                QueryChatappBindWaba for space cams-8filvjc8snw failed: the response (HTTP
                200) cannot be read: it has no `Code`; it begins with: {"Success":true}.

                Check whether the endpoint is the right one and whether a proxy responds in
                its place. If both are right, report this to the provider's developers.

                  Action:      QueryChatappBindWaba
                  Endpoint:    cams.ap-southeast-1.aliyuncs.com
                  HTTP status: 200
                  Code:        Provider.UnexpectedResponse
                  Attempts:    1
            "#]],
        );
    }

    #[test]
    fn timeouts_of_each_phase_are_reported() {
        let before = ErrorKind::Timeout(TimeoutPhase::RateLimit);
        check(
            &Error::example("ChatappBindWaba", before, None),
            &bind(),
            expect![[r#"
                Error: Cannot bind WABA 102030405060708: not sent in time

                ChatappBindWaba for WABA 102030405060708 failed: the time limit of the
                operation passed before the request was sent, during the wait for the rate
                limit.

                Many calls share the limit of calls per second. Raise `timeouts.create`, or
                lower the CLI's `-parallelism`.

                  Action:   ChatappBindWaba
                  Endpoint: cams.ap-southeast-1.aliyuncs.com
                  Code:     Provider.Timeout.RateLimit
            "#]],
        );
        let after = ErrorKind::Timeout(TimeoutPhase::Response(Duration::from_secs(10)));
        check(
            &Error::example("QueryChatappBindWaba", after, None),
            &read(),
            expect![[r#"
                Error: Cannot read the binding of cams-8filvjc8snw: no response in time

                QueryChatappBindWaba for space cams-8filvjc8snw failed: no complete response
                within 10 s.

                If the service is slow rather than unreachable, raise `client_read_timeout` of
                the provider or `timeouts.read`.

                  Action:   QueryChatappBindWaba
                  Endpoint: cams.ap-southeast-1.aliyuncs.com
                  Code:     Provider.Timeout.Response
                  Attempts: 1
            "#]],
        );
    }

    /// The role was not the cause, so no message mentions it.
    #[test]
    fn credentials_that_a_role_needs_are_what_is_missing() {
        let base = CredentialsError::new(
            CredentialsErrorKind::NotFound,
            "no credentials were found in any of A, B",
        );
        let sts = Error::example("AssumeRole", ErrorKind::Credentials, Some(base.into()));
        let role = CredentialsError::new(
            CredentialsErrorKind::NotFound,
            "the role R cannot be assumed",
        )
        .caused_by(sts);
        let error = Error::example("ChatappBindWaba", ErrorKind::Credentials, Some(role.into()));
        check(
            &error,
            &bind(),
            expect![[r#"
            Error: Cannot bind WABA 102030405060708: no credentials found

            ChatappBindWaba for WABA 102030405060708 was not sent, because there are no
            valid credentials.

            Configure credentials. The provider looks for them in the provider block, then
            in the environment, then in the profiles of the Alibaba Cloud CLI, then at the
            ECS instance. Reason below says what it found there.

              Action:   ChatappBindWaba
              Endpoint: cams.ap-southeast-1.aliyuncs.com
              Code:     Provider.Credentials.NotFound
              Reason:   the role R cannot be assumed: AssumeRole at
                        cams.ap-southeast-1.aliyuncs.com: there are no valid credentials:
                        no credentials were found in any of A, B
        "#]],
        );
    }

    #[test]
    fn policy_above_the_identity_is_named() {
        let check = |policy: &str, kind: &str, expected: Expect| {
            let detail = serde_json::json!({"AuthAction": "cams:ChatappBindWaba", "AuthPrincipalType": "AssumedRoleUser",
                "AuthPrincipalDisplayName": "onboarding:terraform", "PolicyType": policy, "NoPermissionType": kind});
            let mut denied = response(403, "NoPermission", "No.");
            denied.access_denied = alicloud::AccessDenied::read(&detail);
            let error = Error::example("ChatappBindWaba", ErrorKind::Api(denied), None);
            check(&error, &bind(), expected);
        };
        check(
            "SessionPolicy",
            "ImplicitDeny",
            expect![[r#"
            Error: Cannot bind WABA 102030405060708: permission denied

            The service refused ChatappBindWaba for WABA 102030405060708: the caller lacks
            a RAM action.

            The policy of the session does not allow `cams:ChatappBindWaba`. It limits the
            role for this session, whatever the role itself allows. Add the action to
            `policy` of `assume_role`, or of the profile that assumes the role.

              Action:        ChatappBindWaba
              Endpoint:      cams.ap-southeast-1.aliyuncs.com
              HTTP status:   403
              Code:          NoPermission
              Message:       No.
              Access denied: cams:ChatappBindWaba denied to AssumedRoleUser
                             onboarding:terraform: ImplicitDeny by SessionPolicy
              Attempts:      1
        "#]],
        );
        check(
            "SessionPolicy",
            "ExplicitDeny",
            expect![[r#"
            Error: Cannot bind WABA 102030405060708: permission denied

            The service refused ChatappBindWaba for WABA 102030405060708: the caller lacks
            a RAM action.

            The policy of the session does not allow `cams:ChatappBindWaba`. It limits the
            role for this session, whatever the role itself allows. Remove the statement
            that denies it from `policy` of `assume_role`, or of the profile that assumes
            the role.

              Action:        ChatappBindWaba
              Endpoint:      cams.ap-southeast-1.aliyuncs.com
              HTTP status:   403
              Code:          NoPermission
              Message:       No.
              Access denied: cams:ChatappBindWaba denied to AssumedRoleUser
                             onboarding:terraform: ExplicitDeny by SessionPolicy
              Attempts:      1
        "#]],
        );
        check(
            "ControlPolicy",
            "ImplicitDeny",
            expect![[r#"
            Error: Cannot bind WABA 102030405060708: permission denied

            The service refused ChatappBindWaba for WABA 102030405060708: the caller lacks
            a RAM action.

            A control policy of the resource directory does not allow
            `cams:ChatappBindWaba` in this account. No grant within the account helps: ask
            whoever manages the resource directory of the company.

              Action:        ChatappBindWaba
              Endpoint:      cams.ap-southeast-1.aliyuncs.com
              HTTP status:   403
              Code:          NoPermission
              Message:       No.
              Access denied: cams:ChatappBindWaba denied to AssumedRoleUser
                             onboarding:terraform: ImplicitDeny by ControlPolicy
              Attempts:      1
        "#]],
        );
    }

    #[test]
    fn each_wait_for_credentials_has_its_advice() {
        let check = |phase, expected: Expect| {
            let error = Error::example("ChatappBindWaba", ErrorKind::Timeout(phase), None);
            check(&error, &bind(), expected);
        };
        check(
            TimeoutPhase::Credentials(Wait::File),
            expect![[r#"
            Error: Cannot bind WABA 102030405060708: no credentials in time

            ChatappBindWaba for WABA 102030405060708 failed: the time limit of the
            operation passed before the request was sent, while the provider waited for a
            credentials file to be read.

            Check that the file system with the credentials files responds. A network
            mount can hang, and a pipe waits for a writer. Raise `timeouts.create` if that
            may take longer.

              Action:   ChatappBindWaba
              Endpoint: cams.ap-southeast-1.aliyuncs.com
              Code:     Provider.Timeout.Credentials
        "#]],
        );
        check(
            TimeoutPhase::Credentials(Wait::FileLock),
            expect![[r#"
            Error: Cannot bind WABA 102030405060708: no credentials in time

            ChatappBindWaba for WABA 102030405060708 failed: the time limit of the
            operation passed before the request was sent, while the provider waited for
            the lock of the CLI's file.

            Another process uses the file of the Alibaba Cloud CLI, such as a login that
            waits for a browser. Let it end, and run the command again. Raise
            `timeouts.create` if that may take longer.

              Action:   ChatappBindWaba
              Endpoint: cams.ap-southeast-1.aliyuncs.com
              Code:     Provider.Timeout.Credentials
        "#]],
        );
        check(
            TimeoutPhase::Credentials(Wait::Program),
            expect![[r#"
            Error: Cannot bind WABA 102030405060708: no credentials in time

            ChatappBindWaba for WABA 102030405060708 failed: the time limit of the
            operation passed before the request was sent, while the provider waited for an
            external program.

            Run the program of the profile by hand, and see whether it waits for input. It
            gets none from the provider. Raise `timeouts.create` if that may take longer.

              Action:   ChatappBindWaba
              Endpoint: cams.ap-southeast-1.aliyuncs.com
              Code:     Provider.Timeout.Credentials
        "#]],
        );
        check(
            TimeoutPhase::Credentials(Wait::Metadata),
            expect![[r#"
            Error: Cannot bind WABA 102030405060708: no credentials in time

            ChatappBindWaba for WABA 102030405060708 failed: the time limit of the
            operation passed before the request was sent, while the provider waited for
            the ECS metadata service.

            Check that this machine is an ECS instance, and that its firewall lets
            100.100.100.200 through. On any other machine, configure other credentials.
            Raise `timeouts.create` if that may take longer.

              Action:   ChatappBindWaba
              Endpoint: cams.ap-southeast-1.aliyuncs.com
              Code:     Provider.Timeout.Credentials
        "#]],
        );
        check(
            TimeoutPhase::Credentials(Wait::CredentialsUri),
            expect![[r#"
                Error: Cannot bind WABA 102030405060708: no credentials in time

                ChatappBindWaba for WABA 102030405060708 failed: the time limit of the
                operation passed before the request was sent, while the provider waited for
                the credentials URI.

                Check that the server of the credentials URI runs and responds. Raise
                `timeouts.create` if that may take longer.

                  Action:   ChatappBindWaba
                  Endpoint: cams.ap-southeast-1.aliyuncs.com
                  Code:     Provider.Timeout.Credentials
            "#]],
        );
        check(
            TimeoutPhase::Credentials(Wait::Sts),
            expect![[r#"
            Error: Cannot bind WABA 102030405060708: no credentials in time

            ChatappBindWaba for WABA 102030405060708 failed: the time limit of the
            operation passed before the request was sent, while the provider waited for
            STS.

            Check the network, and the proxy on the way (HTTPS_PROXY, NO_PROXY). Raise
            `timeouts.create` if that may take longer.

              Action:   ChatappBindWaba
              Endpoint: cams.ap-southeast-1.aliyuncs.com
              Code:     Provider.Timeout.Credentials
        "#]],
        );
        check(
            TimeoutPhase::FirstUse,
            expect![[r#"
                Error: Cannot bind WABA 102030405060708: first request too slow

                ChatappBindWaba for WABA 102030405060708 failed: the time limit of the
                operation passed before the request was sent, while the first request with the
                same credentials was under way.

                If that request failed, its own error says why. Raise `timeouts.create` if it
                may take longer.

                  Action:   ChatappBindWaba
                  Endpoint: cams.ap-southeast-1.aliyuncs.com
                  Code:     Provider.Timeout.FirstUse
            "#]],
        );
    }

    #[test]
    fn failed_call_of_sts_is_reported_by_its_cause() {
        let check = |code: &str, expected: Expect| {
            let kind = ErrorKind::Api(response(403, code, "Refused by STS."));
            let call = Error::example("AssumeRole", kind, None);
            let error =
                Error::example("ChatappBindWaba", ErrorKind::Credentials, Some(call.into()));
            check(&error, &bind(), expected);
        };
        check(
            "EntityNotExist.Role",
            expect![[r#"
                Error: Cannot bind WABA 102030405060708: role does not exist

                ChatappBindWaba for WABA 102030405060708 was not sent, because there are no
                valid credentials.

                Check the account ID and the name in the ARN of the role.

                  Action:       ChatappBindWaba
                  Endpoint:     cams.ap-southeast-1.aliyuncs.com
                  Code:         Provider.Credentials.AssumeRole
                  Service code: EntityNotExist.Role
                  Reason:       AssumeRole at cams.ap-southeast-1.aliyuncs.com: HTTP 403
                                EntityNotExist.Role: Refused by STS.
            "#]],
        );
        check(
            "NoPermission",
            expect![[r#"
                Error: Cannot bind WABA 102030405060708: role not allowed

                ChatappBindWaba for WABA 102030405060708 was not sent, because there are no
                valid credentials.

                Check these in the RAM console:
                1. The trust policy of the role names the caller or its account.
                2. The caller has the RAM action sts:AssumeRole, for example by the system
                policy AliyunSTSAssumeRoleAccess. The account itself (root) cannot assume
                roles.
                3. If the trust policy demands an external ID, `external_id` in `assume_role`
                is the same.

                  Action:       ChatappBindWaba
                  Endpoint:     cams.ap-southeast-1.aliyuncs.com
                  Code:         Provider.Credentials.AssumeRole
                  Service code: NoPermission
                  Reason:       AssumeRole at cams.ap-southeast-1.aliyuncs.com: HTTP 403
                                NoPermission: Refused by STS.
            "#]],
        );
        check(
            "AuthenticationFail.OIDCToken.Expired",
            expect![[r#"
                Error: Cannot bind WABA 102030405060708: OIDC token expired

                ChatappBindWaba for WABA 102030405060708 was not sent, because there are no
                valid credentials.

                Get a new OIDC token, and run the command again. A token in a file is read
                again at each refresh.

                  Action:       ChatappBindWaba
                  Endpoint:     cams.ap-southeast-1.aliyuncs.com
                  Code:         Provider.Credentials.AssumeRole
                  Service code: AuthenticationFail.OIDCToken.Expired
                  Reason:       AssumeRole at cams.ap-southeast-1.aliyuncs.com: HTTP 403
                                AuthenticationFail.OIDCToken.Expired: Refused by STS.
            "#]],
        );
    }

    #[test]
    fn failures_of_sts_have_summaries_of_their_own() {
        let check = |kind: ErrorKind, expected: &str| {
            let call = Error::example("AssumeRole", kind, None);
            let error =
                Error::example("ChatappBindWaba", ErrorKind::Credentials, Some(call.into()));
            let summary = diagnose(&error, &bind()).summary;
            assert_eq!(
                summary,
                format!("Cannot bind WABA 102030405060708: {expected}")
            );
        };
        let api = |code| ErrorKind::Api(response(400, code, ""));
        check(api("EntityNotExist.Role"), "role does not exist");
        check(api("NoPermission"), "role not allowed");
        check(
            api("AuthenticationFail.OIDCToken.Expired"),
            "OIDC token expired",
        );
        check(api("AuthenticationFail.NoPermission"), "OIDC token refused");
        check(api("SignatureDoesNotMatch"), "wrong AccessKey secret");
        check(api("InvalidTimeStamp.Expired"), "wrong clock");
        check(connect(ConnectCause::Dns), "STS host not found");
        check(
            ErrorKind::Unavailable(response(502, "", "")),
            "STS not available",
        );
        let throttled = ErrorKind::Throttled {
            response: response(429, "", ""),
            retry_after: None,
        };
        check(throttled, "STS throttled");
    }
}
