//! The gateway in front of the products: which operation is meant, who calls, and whether it may go on.
//!
//! Statuses and codes are those of the vendor's public pages on RPC gateway errors. Must not contain: what an operation
//! does.

use serde_json::Value;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use super::answer::Refusal;
use super::ram::{Caller, Identity};
use super::request::Received;
use super::signature::{
    ACS3, Authorization, AuthorizationError, v1_signature, v1_string_to_sign, v3_canonical_request,
    v3_signature, v3_string_to_sign,
};
use super::switches::{RamDenial, Throttling};
use super::world::{Now, World};
use super::{cams, sts};

/// How far a request's date may be from ours; the documented fifteen minutes.
const CLOCK_TOLERANCE: Duration = Duration::minutes(15);

/// A product behind the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Product {
    Cams,
    Sts,
}

impl Product {
    fn version(self) -> &'static str {
        match self {
            Product::Cams => "2020-06-06",
            Product::Sts => "2015-04-01",
        }
    }

    fn code(self) -> &'static str {
        match self {
            Product::Cams => "cams",
            Product::Sts => "sts",
        }
    }
}

/// What the gateway knows about an operation.
pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) product: Product,
    /// Parameters without which the call never reaches the product.
    pub(super) required: &'static [&'static str],
    pub(super) access: Access,
    pub(super) run: fn(&mut World, &Task<'_>) -> Result<Value, Refusal>,
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Whom RAM allows it.
    Allowed,
    /// Everybody with a key.
    Signed,
    /// Everybody.
    Anonymous,
}

/// A call that has passed the gateway.
pub(super) struct Task<'a> {
    pub(super) received: &'a Received,
    /// Absent only where [`Access::Anonymous`] lets it.
    pub(super) caller: Option<&'a Caller>,
    pub(super) now: Now,
    pub(super) request_id: &'a str,
}

/// Every operation there is.
fn operations() -> impl Iterator<Item = &'static Operation> {
    cams::OPERATIONS.iter().chain(&sts::OPERATIONS)
}

/// The action that a request names, in a header or a parameter.
pub(super) fn action(received: &Received) -> &str {
    received
        .parameter("Action")
        .or_else(|| received.header("x-acs-action"))
        .unwrap_or_default()
}

/// Which operation is meant.
pub(super) fn operation(world: &World, received: &Received) -> Result<&'static Operation, Refusal> {
    match received.method.as_str() {
        "POST" => {}
        "GET" if world.switches.accepts_get => {}
        method => {
            return Err(Refusal::gateway(
                400,
                "UnsupportedHTTPMethod",
                format!("This http method {method} is not supported."),
            ));
        }
    }
    if received.path != "/" {
        return Err(Refusal::gateway(
            404,
            "InvalidApi.NotFound",
            "Specified api is not found, please check your url and method.",
        ));
    }
    let action = action(received);
    if action.is_empty() {
        return Err(missing("Action"));
    }
    let header = received.header("x-acs-action");
    if header.is_some_and(|header| header != action) {
        return Err(invalid("Action"));
    }
    let version = received
        .parameter("Version")
        .or_else(|| received.header("x-acs-version"))
        .ok_or_else(|| missing("Version"))?;
    if !operations().any(|operation| operation.product.version() == version) {
        return Err(Refusal::gateway(
            404,
            "InvalidVersion",
            "Specified parameter Version is not valid.",
        ));
    }
    if let Some(format) = received.parameter("Format")
        && !["json", "xml"].contains(&format.to_ascii_lowercase().as_str())
    {
        return Err(Refusal::gateway(
            400,
            "InvalidParameter.Format",
            format!("The parameter Format is neither JSON nor XML but \"{format}\"."),
        ));
    }
    operations()
        .find(|operation| operation.name == action && operation.product.version() == version)
        .ok_or_else(|| {
            Refusal::gateway(
                404,
                "InvalidAction.NotFound",
                "Specified api is not found, please check your url and method.",
            )
        })
}

/// Who calls: checks date, key, token, signature and nonce.
pub(super) fn authenticate(
    world: &mut World,
    received: &Received,
    operation: &Operation,
    now: Now,
) -> Result<Option<Caller>, Refusal> {
    let signed = match received.header("authorization") {
        Some(header) => Signed::v3(received, header)?,
        None if received.parameter("Signature").is_some()
            || received.parameter("AccessKeyId").is_some() =>
        {
            if !world.switches.accepts_v1 {
                return Err(invalid_signature_method());
            }
            Signed::v1(received)?
        }
        None if operation.access == Access::Anonymous => {
            if let Some(date) = received
                .parameter("Timestamp")
                .or_else(|| received.header("x-acs-date"))
            {
                check_date(date, now)?;
            }
            return Ok(None);
        }
        None => return Err(missing("AccessKeyId")),
    };
    check_date(signed.date.ok_or_else(illegal_timestamp)?, now)?;
    let (caller, secret) = key_owner(world, &signed, now)?;
    let expected = (signed.sign)(&secret, &signed.string_to_sign);
    if expected != signed.signature {
        return Err(Refusal::gateway(
            400,
            "SignatureDoesNotMatch",
            format!(
                "Specified signature is not matched with our calculation. server string to sign is:{}",
                signed.string_to_sign
            ),
        ));
    }
    let nonce = signed.nonce.ok_or_else(|| missing("SignatureNonce"))?;
    if !world
        .nonces
        .use_once(signed.access_key_id, nonce, now.since_start_ms)
    {
        return Err(Refusal::gateway(
            400,
            "SignatureNonceUsed",
            "Specified signature nonce was used already.",
        ));
    }
    Ok(Some(caller))
}

/// Whether the call may go on to its product: parameters, rights, rate.
pub(super) fn authorise(
    world: &mut World,
    operation: &Operation,
    task: &Task<'_>,
) -> Result<(), Refusal> {
    for name in operation.required {
        if task.received.parameter(name).is_none_or(str::is_empty) {
            return Err(missing(name));
        }
    }
    let product = operation.product;
    // The anonymous calls of everybody share one window: there is no account to count them for.
    let account = task.caller.map_or("", |caller| &caller.account);
    let limit = match product {
        Product::Cams => world.switches.cams_calls_per_second,
        Product::Sts => world.switches.sts_calls_per_second,
    };
    if let Some(limit) = limit
        && !world
            .windows
            .admit(account, operation.name, limit, task.now.since_start_ms)
    {
        return Err(throttled(world, product));
    }
    let Some(caller) = task.caller else {
        return Ok(());
    };
    if operation.access == Access::Allowed
        && let Err(detail) = caller.may(&format!("{}:{}", product.code(), operation.name))
    {
        return Err(denied(world, product, detail));
    }
    let subscribed = world.cloud.accounts.get(account);
    if product == Product::Cams
        && operation.name != "GetChatappOpenStatus"
        && !subscribed.is_some_and(|account| account.subscribed)
    {
        return Err(Refusal::product("Product.Unsubscript"));
    }
    Ok(())
}

/// `Missing…`, 400.
pub(super) fn missing(name: &str) -> Refusal {
    Refusal::gateway(
        400,
        &format!("Missing{name}"),
        format!("{name} is mandatory for this action."),
    )
}

/// `Invalid…`, 400.
pub(super) fn invalid(name: &str) -> Refusal {
    Refusal::gateway(
        400,
        &format!("Invalid{name}"),
        format!("Specified parameter {name} is not valid."),
    )
}

/// The parts of a signed request, whichever way it is signed.
struct Signed<'a> {
    access_key_id: &'a str,
    security_token: Option<&'a str>,
    date: Option<&'a str>,
    nonce: Option<&'a str>,
    signature: &'a str,
    string_to_sign: String,
    sign: fn(&str, &str) -> String,
}

impl<'a> Signed<'a> {
    fn v1(received: &'a Received) -> Result<Self, Refusal> {
        let required = |name| received.parameter(name).ok_or_else(|| missing(name));
        if required("SignatureMethod")? != "HMAC-SHA1" {
            return Err(invalid_signature_method());
        }
        if required("SignatureVersion")? != "1.0" {
            return Err(invalid("SignatureVersion"));
        }
        Ok(Signed {
            access_key_id: required("AccessKeyId")?,
            security_token: received.parameter("SecurityToken"),
            date: received.parameter("Timestamp"),
            nonce: received.parameter("SignatureNonce"),
            signature: required("Signature")?,
            string_to_sign: v1_string_to_sign(received),
            sign: v1_signature,
        })
    }

    fn v3(received: &'a Received, header: &'a str) -> Result<Self, Refusal> {
        let incomplete = |what: String| Refusal::gateway(400, "IncompleteSignature", what);
        let authorization = Authorization::parse(header).map_err(|error| match error {
            AuthorizationError::Algorithm(_) => invalid_signature_method(),
            AuthorizationError::Missing(part) => incomplete(format!(
                "The header Authorization has no {part}; it reads {ACS3} Credential=..,SignedHeaders=..,Signature=.."
            )),
        })?;
        let signed = |name: &str| {
            let mut names = authorization.signed_headers.iter();
            names.any(|signed| signed.eq_ignore_ascii_case(name))
        };
        for name in [
            "host",
            "x-acs-action",
            "x-acs-version",
            "x-acs-date",
            "x-acs-signature-nonce",
            "x-acs-content-sha256",
        ] {
            if received.header(name).is_none() {
                return Err(match name {
                    "x-acs-date" => illegal_timestamp(),
                    _ => incomplete(format!("The header {name} is missing.")),
                });
            }
        }
        for (name, _) in &received.headers {
            let has_to_be_signed =
                name == "host" || name == "content-type" || name.starts_with("x-acs-");
            if has_to_be_signed && !signed(name) {
                return Err(incomplete(format!(
                    "The header {name} is not among the SignedHeaders."
                )));
            }
        }
        if received
            .header("x-acs-accesskey-id")
            .is_some_and(|id| id != authorization.access_key_id)
        {
            return Err(incomplete(
                "The header x-acs-accesskey-id is not the Credential of the Authorization."
                    .to_owned(),
            ));
        }
        let canonical_request = v3_canonical_request(received, &authorization.signed_headers);
        Ok(Signed {
            access_key_id: authorization.access_key_id,
            security_token: received.header("x-acs-security-token"),
            date: received.header("x-acs-date"),
            nonce: received.header("x-acs-signature-nonce"),
            signature: authorization.signature,
            string_to_sign: v3_string_to_sign(&canonical_request),
            sign: v3_signature,
        })
    }
}

/// The caller that a key belongs to, and the secret to compute the signature with.
fn key_owner(world: &World, signed: &Signed<'_>, now: Now) -> Result<(Caller, String), Refusal> {
    let id = signed.access_key_id;
    let caller = |account: &str, identity| Caller {
        account: account.to_owned(),
        access_key_id: id.to_owned(),
        identity,
    };
    if let Some(session) = world.cloud.sessions.get(id) {
        let token = signed
            .security_token
            .ok_or_else(|| missing("SecurityToken"))?;
        if token != session.token {
            return Err(Refusal::gateway(
                400,
                "InvalidSecurityToken.MismatchWithAccessKey",
                "Specified SecurityToken mismatch with the AccessKey.",
            ));
        }
        if session.expires <= now.utc {
            return Err(Refusal::gateway(
                400,
                "InvalidSecurityToken.Expired",
                "Specified SecurityToken is expired.",
            ));
        }
        let allow = world
            .cloud
            .accounts
            .get(&session.account)
            .and_then(|account| account.roles.iter().find(|role| role.name == session.role))
            .map(|role| role.allow.clone())
            // A role that is gone allows nothing.
            .unwrap_or_default();
        let identity = Identity::Role {
            role: session.role.clone(),
            session: session.name.clone(),
            allow,
            policy: session.policy.clone(),
        };
        return Ok((caller(&session.account, identity), session.secret.clone()));
    }
    let found = world.cloud.accounts.values().find_map(|account| {
        let key = account.access_keys.iter().find(|key| key.id == id)?;
        Some((account, key))
    });
    let Some((account, key)) = found else {
        return Err(Refusal::gateway(
            404,
            "InvalidAccessKeyId.NotFound",
            "Specified access key is not found.",
        ));
    };
    if !key.active {
        return Err(Refusal::gateway(
            400,
            "InvalidAccessKeyId.Inactive",
            "Specified access key is disabled.",
        ));
    }
    if signed.security_token.is_some() {
        return Err(Refusal::gateway(
            400,
            "InvalidSecurityToken.Malformed",
            "Specified SecurityToken is malformed.",
        ));
    }
    let identity = match &key.user {
        None => Identity::Root,
        Some(user) => Identity::User {
            name: user.clone(),
            allow: key.allow.clone(),
        },
    };
    Ok((caller(&account.id, identity), key.secret.clone()))
}

fn check_date(date: &str, now: Now) -> Result<(), Refusal> {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    let date = PrimitiveDateTime::parse(date, format)
        .map_err(|_| {
            Refusal::gateway(
                400,
                "InvalidTimeStamp.Format",
                "Specified time stamp or date value is not well formatted.",
            )
        })?
        .assume_utc();
    let difference: Duration = date - now.utc;
    if difference.abs() > CLOCK_TOLERANCE {
        return Err(Refusal::gateway(
            400,
            "InvalidTimeStamp.Expired",
            "Specified time stamp or date value is expired.",
        ));
    }
    Ok(())
}

fn illegal_timestamp() -> Refusal {
    Refusal::gateway(
        400,
        "IllegalTimestamp",
        "The input parameter \"Timestamp\" that is mandatory for processing this request is not supplied.",
    )
}

fn invalid_signature_method() -> Refusal {
    Refusal::gateway(
        400,
        "InvalidSignatureMethod",
        "Specified signature method is not valid.",
    )
}

fn throttled(world: &World, product: Product) -> Refusal {
    let retry_after_ms = world.switches.throttling_retry_after_ms;
    match (world.switches.throttling, product) {
        (Throttling::Product, Product::Cams) => {
            let mut refusal = Refusal::product("System.LimitControl");
            if let Refusal::Product {
                retry_after_ms: wait,
                ..
            } = &mut refusal
            {
                *wait = retry_after_ms;
            }
            refusal
        }
        _ => Refusal::Gateway {
            status: 400,
            code: "Throttling.User".to_owned(),
            message: "Request was denied due to user flow control.".to_owned(),
            access_denied_detail: None,
            retry_after_ms,
        },
    }
}

fn denied(world: &World, product: Product, detail: Value) -> Refusal {
    let code = match (world.switches.ram_denial, product) {
        (RamDenial::Product, Product::Cams) => return Refusal::product("Ram.PermissionDeny"),
        (RamDenial::GatewayForbiddenRam, _) => "Forbidden.RAM",
        _ => "NoPermission",
    };
    Refusal::Gateway {
        status: 403,
        code: code.to_owned(),
        message: "You are not authorized to do this action. You should be authorized by RAM."
            .to_owned(),
        access_denied_detail: Some(Box::new(detail)),
        retry_after_ms: None,
    }
}

/// `YYYY-MM-DDThh:mm:ssZ`, the only form of dates here.
pub(super) fn iso_date(date: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    // Every component of this format exists for every date.
    date.format(format).unwrap_or_default()
}
