//! Who calls: the date, the key, the token, the signature and the nonce of a request.
//!
//! Must not contain: what the caller may do; that is the gateway's.

use time::macros::format_description;
use time::{Duration, PrimitiveDateTime};

use super::gateway::{Access, Operation, invalid, missing};
use super::ram::{Caller, Identity};
use super::request::Received;
use super::response::Refusal;
use super::signature::{
    ACS3, Authorization, AuthorizationError, v1_signature, v1_string_to_sign, v3_canonical_request,
    v3_signature, v3_string_to_sign,
};
use super::state::{Now, State};

/// How far a request's date may be from ours; the documented fifteen minutes.
const CLOCK_TOLERANCE: Duration = Duration::minutes(15);

/// Who calls: checks date, key, token, signature and nonce.
pub(super) fn authenticate(
    state: &mut State,
    received: &Received,
    operation: &Operation,
    now: Now,
) -> Result<Option<Caller>, Refusal> {
    let signed = match received.header("authorization") {
        Some(header) => Signed::v3(received, header)?,
        None if received.parameter("Signature").is_some()
            || received.parameter("AccessKeyId").is_some() =>
        {
            if !state.behavior.gateway.accepts_v1 {
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
    let (caller, secret) = key_owner(state, &signed, now)?;
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
    if !state
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
fn key_owner(state: &State, signed: &Signed<'_>, now: Now) -> Result<(Caller, String), Refusal> {
    let id = signed.access_key_id;
    let caller = |account: &str, identity| Caller {
        account: account.to_owned(),
        access_key_id: id.to_owned(),
        identity,
    };
    if let Some(session) = state.entities.sessions.get(id) {
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
        let allow = state
            .entities
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
    let found = state.entities.accounts.values().find_map(|account| {
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

#[cfg(test)]
mod tests {
    use super::super::test_client::{Draft, Signed, Style};
    use super::super::{AccessKey, Account, Behavior, Emulator, Role};
    use super::*;
    use time::OffsetDateTime;

    const STYLES: [Style; 2] = [Style::V1, Style::V3];

    fn check(
        emulator: &Emulator,
        style: Style,
        draft: impl Fn(&mut Draft),
        spoil: impl Fn(&mut Signed),
        status: u16,
        code: &str,
    ) {
        let mut drafted = Draft::new(emulator, "ListInstance", &[]);
        drafted.style = style;
        draft(&mut drafted);
        let mut signed = drafted.sign();
        spoil(&mut signed);
        let response = signed.send();
        let found = (response.status, response.code());
        assert_eq!(
            found,
            (Some(status), code.to_owned()),
            "{style:?} {response:?}"
        );
    }

    fn nothing<T>(_: &mut T) {}

    #[test]
    fn valid_signature_is_accepted_in_every_layout() {
        let emulator = Emulator::start().expect("a free port");
        for style in STYLES {
            for method in ["GET", "POST"] {
                for in_form in [false, true] {
                    if method == "GET" && in_form {
                        continue;
                    }
                    let draft = |draft: &mut Draft| {
                        draft.method = method;
                        draft.in_form = in_form;
                        let unusual = "a b+c*d~e'f/ü😀%20";
                        draft.parameters = vec![("FilterStr".to_owned(), unusual.to_owned())];
                    };
                    check(&emulator, style, draft, nothing, 200, "OK");
                }
            }
        }
    }

    #[test]
    fn wrong_keys_and_secrets_are_refused() {
        let emulator = Emulator::start().expect("a free port");
        let mut account = Account::new("2").with_key("asleep", "s");
        account.access_keys[0].active = false;
        emulator.put_account(account).expect("a sound account");
        for style in STYLES {
            let key = |id: &'static str, secret: &'static str| {
                move |draft: &mut Draft| *draft = draft.clone().with_key(id, secret, None)
            };
            let own = super::super::DEFAULT_ACCESS_KEY_ID;
            let wrong = key(own, "wrong");
            check(
                &emulator,
                style,
                wrong,
                nothing,
                400,
                "SignatureDoesNotMatch",
            );
            let unknown = key("nobody", "s");
            check(
                &emulator,
                style,
                unknown,
                nothing,
                404,
                "InvalidAccessKeyId.NotFound",
            );
            let asleep = key("asleep", "s");
            check(
                &emulator,
                style,
                asleep,
                nothing,
                400,
                "InvalidAccessKeyId.Inactive",
            );
            let token = |draft: &mut Draft| draft.token = Some("t".to_owned());
            check(
                &emulator,
                style,
                token,
                nothing,
                400,
                "InvalidSecurityToken.Malformed",
            );
        }
    }

    #[test]
    fn changes_after_signing_are_refused() {
        let emulator = Emulator::start().expect("a free port");
        let no_match = "SignatureDoesNotMatch";
        for style in STYLES {
            let more = |signed: &mut Signed| signed.set_parameter("PageSize", Some("5"));
            check(&emulator, style, nothing, more, 400, no_match);
            let form = |draft: &mut Draft| {
                draft.in_form = true;
                draft.parameters = vec![("PageSize".to_owned(), "4".to_owned())];
            };
            let body = |signed: &mut Signed| signed.request.body = b"PageSize=5".to_vec();
            check(&emulator, style, form, body, 400, no_match);
            let get = |signed: &mut Signed| signed.request.method = "GET".to_owned();
            check(&emulator, style, nothing, get, 400, no_match);
        }
        let nonce = |signed: &mut Signed| signed.set_header("x-acs-signature-nonce", "other");
        check(&emulator, Style::V3, nothing, nonce, 400, no_match);
        let nonce = |signed: &mut Signed| signed.set_parameter("SignatureNonce", Some("other"));
        check(&emulator, Style::V1, nothing, nonce, 400, no_match);
    }

    #[test]
    fn mismatch_shows_the_string_to_sign() {
        let emulator = Emulator::start().expect("a free port");
        for (style, tail) in [
            (Style::V1, "POST&%2F&AccessKeyId%3D"),
            (Style::V3, "ACS3-HMAC-SHA256\n"),
        ] {
            let mut draft = Draft::new(&emulator, "ListInstance", &[]);
            draft.style = style;
            draft.secret = "wrong".to_owned();
            let response = draft.send().json();
            let message = response["Message"].as_str().expect("a message");
            let expected = format!("server string to sign is:{tail}");
            assert!(message.contains(&expected), "{message}");
            assert_eq!(response["HostId"], emulator.address().to_string());
        }
    }

    #[test]
    fn date_must_be_within_fifteen_minutes() {
        let emulator = Emulator::start().expect("a free port");
        let now = OffsetDateTime::now_utc();
        for style in STYLES {
            for (minutes, status, code) in [
                (-14, 200, "OK"),
                (14, 200, "OK"),
                (-16, 400, "InvalidTimeStamp.Expired"),
                (16, 400, "InvalidTimeStamp.Expired"),
            ] {
                let date = super::super::gateway::iso_date(now + Duration::minutes(minutes));
                let draft = |draft: &mut Draft| draft.date.clone_from(&date);
                check(&emulator, style, draft, nothing, status, code);
            }
            for date in [
                "2026-01-15T08:30:05+00:00",
                "2026-01-15T08:30:05.1Z",
                "yesterday",
            ] {
                let draft = |draft: &mut Draft| date.clone_into(&mut draft.date);
                check(
                    &emulator,
                    style,
                    draft,
                    nothing,
                    400,
                    "InvalidTimeStamp.Format",
                );
            }
        }
        let ahead = Duration::hours(2).whole_seconds();
        emulator.set_behavior(|behavior| behavior.gateway.clock_offset_seconds = ahead);
        check(
            &emulator,
            Style::V3,
            nothing,
            nothing,
            400,
            "InvalidTimeStamp.Expired",
        );
        let date = super::super::gateway::iso_date(now + Duration::hours(2));
        let draft = |draft: &mut Draft| draft.date.clone_from(&date);
        check(&emulator, Style::V3, draft, nothing, 200, "OK");
        let none = |signed: &mut Signed| signed.remove_header("x-acs-date");
        check(&emulator, Style::V3, nothing, none, 400, "IllegalTimestamp");
        let none = |signed: &mut Signed| signed.set_parameter("Timestamp", None);
        check(&emulator, Style::V1, nothing, none, 400, "IllegalTimestamp");
    }

    #[test]
    fn nonce_is_used_up_by_accepted_calls_only() {
        let emulator = Emulator::start().expect("a free port");
        for style in STYLES {
            let nonce = |draft: &mut Draft| draft.nonce = format!("once-{style:?}");
            let wrong = |draft: &mut Draft| {
                nonce(draft);
                draft.secret = "wrong".to_owned();
            };
            check(
                &emulator,
                style,
                wrong,
                nothing,
                400,
                "SignatureDoesNotMatch",
            );
            check(&emulator, style, nonce, nothing, 200, "OK");
            check(&emulator, style, nonce, nothing, 400, "SignatureNonceUsed");
        }
        let none = |signed: &mut Signed| signed.remove_header("x-acs-signature-nonce");
        check(
            &emulator,
            Style::V3,
            nothing,
            none,
            400,
            "IncompleteSignature",
        );
    }

    #[test]
    fn v3_headers_have_to_be_there_and_signed() {
        let emulator = Emulator::start().expect("a free port");
        for header in [
            "host",
            "x-acs-action",
            "x-acs-version",
            "x-acs-date",
            "x-acs-signature-nonce",
            "x-acs-content-sha256",
        ] {
            let draft = |draft: &mut Draft| draft.unsigned = vec![header];
            check(
                &emulator,
                Style::V3,
                draft,
                nothing,
                400,
                "IncompleteSignature",
            );
        }
        let unsigned_type = |draft: &mut Draft| {
            draft.in_form = true;
            draft.unsigned = vec!["content-type"];
        };
        check(
            &emulator,
            Style::V3,
            unsigned_type,
            nothing,
            400,
            "IncompleteSignature",
        );
        let extra = |signed: &mut Signed| signed.set_header("x-acs-note", "unsigned");
        check(
            &emulator,
            Style::V3,
            nothing,
            extra,
            400,
            "IncompleteSignature",
        );
        let plain = |signed: &mut Signed| signed.set_header("accept", "application/json");
        check(&emulator, Style::V3, nothing, plain, 200, "OK");
        let other = |signed: &mut Signed| signed.set_header("authorization", "ACS3-RSA-SHA256 x");
        check(
            &emulator,
            Style::V3,
            nothing,
            other,
            400,
            "InvalidSignatureMethod",
        );
        let part = |signed: &mut Signed| {
            signed.set_header("authorization", "ACS3-HMAC-SHA256 Credential=k");
        };
        check(
            &emulator,
            Style::V3,
            nothing,
            part,
            400,
            "IncompleteSignature",
        );
        let hash = |signed: &mut Signed| signed.set_header("x-acs-content-sha256", "0");
        check(
            &emulator,
            Style::V3,
            nothing,
            hash,
            400,
            "SignatureDoesNotMatch",
        );
    }

    #[test]
    fn v1_parameters_have_to_be_there() {
        let emulator = Emulator::start().expect("a free port");
        for (name, value, code) in [
            ("AccessKeyId", None, "MissingAccessKeyId"),
            ("SignatureMethod", None, "MissingSignatureMethod"),
            (
                "SignatureMethod",
                Some("HMAC-MD5"),
                "InvalidSignatureMethod",
            ),
            ("SignatureVersion", Some("2.0"), "InvalidSignatureVersion"),
            ("Signature", None, "MissingSignature"),
        ] {
            let spoil = |signed: &mut Signed| signed.set_parameter(name, value);
            check(&emulator, Style::V1, nothing, spoil, 400, code);
        }
        check(
            &emulator,
            Style::Anonymous,
            nothing,
            nothing,
            400,
            "MissingAccessKeyId",
        );
        emulator.set_behavior(|behavior: &mut Behavior| behavior.gateway.accepts_v1 = false);
        check(
            &emulator,
            Style::V1,
            nothing,
            nothing,
            400,
            "InvalidSignatureMethod",
        );
        check(&emulator, Style::V3, nothing, nothing, 200, "OK");
    }

    #[test]
    fn temporary_keys_need_their_token_and_end() {
        let emulator = Emulator::start().expect("a free port");
        let mut account = Account::new("2").with_role(Role::new("r", &["2"]));
        account.access_keys.push(AccessKey {
            id: "k".to_owned(),
            secret: "s".to_owned(),
            user: Some("u".to_owned()),
            allow: vec!["sts:*".to_owned()],
            active: true,
        });
        emulator.put_account(account).expect("a sound account");
        let role = [("RoleArn", "acs:ram::2:role/r"), ("RoleSessionName", "run")];
        let draft = Draft::new(&emulator, "AssumeRole", &role).with_key("k", "s", None);
        let credentials = draft.send().json()["Credentials"].take();
        let text = |key: &str| credentials[key].as_str().expect("text").to_owned();
        let (id, secret, token) = (
            text("AccessKeyId"),
            text("AccessKeySecret"),
            text("SecurityToken"),
        );
        let with = |token: Option<&str>| {
            let token = token.map(str::to_owned);
            let (id, secret) = (&id, &secret);
            move |draft: &mut Draft| {
                *draft = draft.clone().with_key(id, secret, token.as_deref());
            }
        };
        for style in STYLES {
            check(&emulator, style, with(Some(&token)), nothing, 200, "OK");
            check(
                &emulator,
                style,
                with(None),
                nothing,
                400,
                "MissingSecurityToken",
            );
            let mismatch = "InvalidSecurityToken.MismatchWithAccessKey";
            check(
                &emulator,
                style,
                with(Some("other")),
                nothing,
                400,
                mismatch,
            );
        }
        emulator.set_behavior(|behavior| behavior.gateway.clock_offset_seconds = 3601);
        for style in STYLES {
            let later = |draft: &mut Draft| {
                with(Some(&token))(draft);
                let now = OffsetDateTime::now_utc() + Duration::seconds(3601);
                draft.date = super::super::gateway::iso_date(now);
            };
            check(
                &emulator,
                style,
                later,
                nothing,
                400,
                "InvalidSecurityToken.Expired",
            );
        }
    }
}
