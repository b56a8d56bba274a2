//! Security Token Service, API 2015-04-01: temporary credentials, and who am I.
//!
//! Parameters, limits and error codes are those of the public API pages. Must not contain: how a temporary credential is
//! verified later on.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::entities::{Role, Session};
use super::gateway::{Access, Operation, Product, Task, invalid, iso_date, missing};
use super::oidc::judge_token;
use super::ram::{Identity, is_policy};
use super::response::Refusal;
use super::state::State;

/// What the Security Token Service does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StsBehavior {
    /// Calls a second, for each account and STS action; `null` is without limit.
    pub calls_per_second: Option<u32>,
    /// Lifetime of temporary credentials; `null` is the requested one.
    pub lifetime_seconds: Option<u64>,
}

impl Default for StsBehavior {
    fn default() -> Self {
        StsBehavior {
            calls_per_second: Some(100),
            lifetime_seconds: None,
        }
    }
}

/// Every operation of the product that is emulated.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "AssumeRole",
        product: Product::Sts,
        required: &["RoleArn", "RoleSessionName"],
        calls_per_second: None,
        access: Access::Allowed,
        run: assume_role,
    },
    Operation {
        name: "AssumeRoleWithOIDC",
        product: Product::Sts,
        required: &["RoleArn", "RoleSessionName", "OIDCProviderArn", "OIDCToken"],
        calls_per_second: None,
        access: Access::Anonymous,
        run: assume_role_with_oidc,
    },
    Operation {
        name: "GetCallerIdentity",
        product: Product::Sts,
        required: &[],
        calls_per_second: None,
        access: Access::Signed,
        run: caller_identity,
    },
];

/// Longest inline policy in bytes.
const POLICY_BYTES: usize = 2048;

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// `AssumeRole`: a key of one identity for a temporary key of a role.
fn assume_role(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let caller = task.caller.ok_or_else(|| missing("AccessKeyId"))?;
    let wish = Wish::read(task)?;
    if caller.identity == Identity::Root {
        return Err(Refusal::gateway(
            403,
            "NoPermission",
            "Roles may not be assumed by root accounts.",
        ));
    }
    let role = wish.role(state)?.clone();
    if !role.trusted.iter().any(|who| caller.is_meant_by(who)) {
        return Err(Refusal::gateway(
            403,
            "NoPermission",
            "You are not authorized to do this action. You should be authorized by RAM. The trust policy of the role does not name the caller.",
        ));
    }
    let external_id = task.received.parameter("ExternalId");
    if let Some(id) = external_id
        && !(2..=1224).contains(&id.len())
    {
        return Err(bad("ExternalId"));
    }
    if role.external_id.is_some() && role.external_id.as_deref() != external_id {
        return Err(Refusal::gateway(
            403,
            "NoPermission",
            "You are not authorized to do this action. The ExternalId is not the one that the trust policy of the role demands.",
        ));
    }
    grant(state, task, &wish, &role)
}

/// `AssumeRoleWithOIDC`: a token of an identity provider for a temporary key of a role.
fn assume_role_with_oidc(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let wish = Wish::read(task)?;
    let required = |name| task.received.parameter(name).ok_or_else(|| missing(name));
    let provider_arn = required("OIDCProviderArn")?;
    let token = required("OIDCToken")?;
    if !(4..=20_000).contains(&token.len()) {
        return Err(bad("OIDCToken"));
    }
    let no_permission = || {
        Refusal::gateway(
            401,
            "AuthenticationFail.NoPermission",
            "This operation is forbidden by the trust policy of the role, or the OIDC provider does not exist.",
        )
    };
    let (account, name) = split_arn(provider_arn, "oidc-provider").ok_or_else(no_permission)?;
    let provider = state
        .entities
        .accounts
        .get(account)
        .and_then(|account| {
            account
                .oidc_providers
                .iter()
                .find(|known| known.name == name)
        })
        .ok_or_else(no_permission)?;
    let role = wish.role(state)?.clone();
    if !role.trusted.iter().any(|who| who == provider_arn) {
        return Err(no_permission());
    }
    let claims = judge_token(provider, token, task.now.utc)?;
    let subject = claims["sub"].as_str().unwrap_or_default();
    if let Some(subjects) = &role.oidc_subjects
        && !subjects.iter().any(|allowed| allowed == subject)
    {
        return Err(no_permission());
    }
    let info = json!({
        "Subject": subject,
        "Issuer": provider.issuer,
        "ClientIds": provider.audiences.join(","),
        "VerificationInfo": "Success",
    });
    let mut response = grant(state, task, &wish, &role)?;
    response["OIDCTokenInfo"] = info;
    Ok(response)
}

/// `GetCallerIdentity`: needs a good signature and no right.
fn caller_identity(_: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let caller = task.caller.ok_or_else(|| missing("AccessKeyId"))?;
    let mut response = json!({
        "RequestId": task.request_id,
        "AccountId": caller.account,
        "Arn": caller.arn(),
    });
    match &caller.identity {
        Identity::Root => {
            response["IdentityType"] = json!("Account");
            response["PrincipalId"] = json!(caller.account);
            response["UserId"] = json!(caller.account);
        }
        Identity::User { name, .. } => {
            response["IdentityType"] = json!("RAMUser");
            response["PrincipalId"] = json!(number_of(name));
            response["UserId"] = json!(number_of(name));
        }
        Identity::Role { role, session, .. } => {
            response["IdentityType"] = json!("AssumedRoleUser");
            response["PrincipalId"] = json!(format!("{}:{session}", number_of(role)));
            response["RoleId"] = json!(number_of(role));
        }
    }
    Ok(response)
}

/// What both ways of assuming a role ask for.
struct Wish<'a> {
    account: &'a str,
    role: &'a str,
    session: &'a str,
    seconds: Option<u64>,
    policy: Option<Value>,
}

impl<'a> Wish<'a> {
    fn read(task: &Task<'a>) -> Result<Self, Refusal> {
        let received = task.received;
        let required = |name| received.parameter(name).ok_or_else(|| missing(name));
        let arn = required("RoleArn")?;
        let (account, role) = split_arn(arn, "role").ok_or_else(|| bad("RoleArn"))?;
        let session = required("RoleSessionName")?;
        let fits = (2..=64).contains(&session.len())
            && session
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".@-_".contains(&byte));
        if !fits {
            return Err(bad("RoleSessionName"));
        }
        let seconds = match received.parameter("DurationSeconds") {
            None => None,
            Some(text) => {
                let seconds: u64 = text.parse().map_err(|_| bad("DurationSeconds"))?;
                if seconds < 900 {
                    return Err(bad("DurationSeconds"));
                }
                Some(seconds)
            }
        };
        let policy = match received.parameter("Policy") {
            None => None,
            Some(text) if text.len() > POLICY_BYTES => return Err(bad("PolicySize")),
            Some(text) => {
                let policy: Value = serde_json::from_str(text).map_err(|_| bad("PolicyGrammar"))?;
                if !is_policy(&policy) {
                    return Err(bad("PolicyGrammar"));
                }
                Some(policy)
            }
        };
        Ok(Wish {
            account,
            role,
            session,
            seconds,
            policy,
        })
    }

    fn role<'s>(&self, state: &'s State) -> Result<&'s Role, Refusal> {
        let account = state.entities.accounts.get(self.account);
        account
            .and_then(|account| account.roles.iter().find(|role| role.name == self.role))
            .ok_or_else(|| {
                Refusal::gateway(
                    404,
                    "EntityNotExist.Role",
                    format!(
                        "The role not exists: acs:ram::{}:role/{}.",
                        self.account, self.role
                    ),
                )
            })
    }
}

/// Makes the temporary key and the response that carries it.
fn grant(
    state: &mut State,
    task: &Task<'_>,
    wish: &Wish<'_>,
    role: &Role,
) -> Result<Value, Refusal> {
    let seconds = wish.seconds.unwrap_or(3600);
    if seconds > role.max_session_duration {
        return Err(bad("DurationSeconds"));
    }
    let named = RoleSession {
        account: wish.account,
        role: wish.role,
        name: wish.session,
        policy: wish.policy.clone(),
    };
    let credentials =
        issue(state, task.now.utc, named, seconds).ok_or_else(|| bad("DurationSeconds"))?;
    Ok(json!({
        "RequestId": task.request_id,
        "AssumedRoleUser": {
            "Arn": format!("acs:ram::{}:role/{}/{}", wish.account, wish.role, wish.session),
            "AssumedRoleId": format!("{}:{}", number_of(wish.role), wish.session),
        },
        "Credentials": credentials,
    }))
}

/// Whose session is issued.
pub(super) struct RoleSession<'a> {
    pub(super) account: &'a str,
    pub(super) role: &'a str,
    pub(super) name: &'a str,
    pub(super) policy: Option<Value>,
}

/// Makes a temporary key, valid for so many seconds unless the switch for that says otherwise, and the four fields that
/// carry it; none if its end cannot be written as a date.
pub(super) fn issue(
    state: &mut State,
    now: OffsetDateTime,
    named: RoleSession<'_>,
    seconds: u64,
) -> Option<Value> {
    let seconds = state.behavior.sts.lifetime_seconds.unwrap_or(seconds);
    let life = i64::try_from(seconds).unwrap_or(i64::MAX);
    let expires = now.checked_add(Duration::seconds(life))?;
    let access_key_id = format!("STS.Emulated{}", state.random_text(LETTERS, 16));
    let secret = state.random_text(LETTERS, 44);
    // Real tokens hold characters that every wrong encoding garbles.
    let token = format!(
        "CAIS{}+/{}==",
        state.random_text(LETTERS, 120),
        state.random_text(LETTERS, 60)
    );
    let credentials = json!({
        "AccessKeyId": access_key_id,
        "AccessKeySecret": secret,
        "SecurityToken": token,
        "Expiration": iso_date(expires),
    });
    let session = Session {
        secret,
        token,
        account: named.account.to_owned(),
        role: named.role.to_owned(),
        name: named.name.to_owned(),
        expires,
        policy: named.policy,
    };
    state.entities.sessions.insert(access_key_id, session);
    Some(credentials)
}

/// Account and name of `acs:ram::<account>:<kind>/<name>`.
fn split_arn<'a>(arn: &'a str, kind: &str) -> Option<(&'a str, &'a str)> {
    let (account, rest) = arn.strip_prefix("acs:ram::")?.split_once(':')?;
    let name = rest.strip_prefix(kind)?.strip_prefix('/')?;
    let fits = !account.is_empty()
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && !name.is_empty();
    fits.then_some((account, name))
}

/// `InvalidParameter.…`, 400.
fn bad(what: &str) -> Refusal {
    let Refusal::Gateway { message, .. } = invalid(what) else {
        return invalid(what);
    };
    Refusal::gateway(400, &format!("InvalidParameter.{what}"), message)
}

/// A number in the style of RAM's IDs, the same for the same name.
fn number_of(name: &str) -> String {
    let number = name.bytes().fold(7_u64, |number, byte| {
        number.wrapping_mul(1_000_003).wrapping_add(byte.into())
    });
    format!("{:018}", number % 1_000_000_000_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::super::test_client::{Draft, HttpResponse, Style};
    use super::super::{AccessKey, Account, Emulator, OidcProvider};
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use time::OffsetDateTime;

    const ROLE: &str = "acs:ram::2:role/onboarding";
    const PROVIDER: &str = "acs:ram::2:oidc-provider/ci";

    /// Account 2 with a role that user `u` of account 3 and the provider `ci` may assume.
    fn emulator(change: impl FnOnce(&mut Role)) -> Emulator {
        let emulator = Emulator::start().expect("a free port");
        let mut role = Role::new("onboarding", &["acs:ram::3:user/u", PROVIDER]);
        change(&mut role);
        let mut owner = Account::new("2").with_role(role);
        owner.oidc_providers.push(OidcProvider {
            name: "ci".to_owned(),
            issuer: "https://ci.example".to_owned(),
            audiences: vec!["terraform".to_owned()],
            hs256_key: None,
        });
        let mut caller = Account::new("3");
        for (id, user) in [("user", Some("u")), ("stranger", Some("v")), ("root", None)] {
            caller.access_keys.push(AccessKey {
                id: id.to_owned(),
                secret: "s".to_owned(),
                user: user.map(str::to_owned),
                allow: vec!["*".to_owned()],
                active: true,
            });
        }
        for account in [owner, caller] {
            emulator.put_account(account).expect("a sound account");
        }
        emulator
    }

    fn assume(emulator: &Emulator, key: &str, more: &[(&str, &str)]) -> HttpResponse {
        let mut parameters = vec![("RoleArn", ROLE), ("RoleSessionName", "run")];
        parameters.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
        parameters.extend(more);
        let draft = Draft::new(emulator, "AssumeRole", &parameters);
        draft.with_key(key, "s", None).send()
    }

    fn check(response: &HttpResponse, status: u16, code: &str) {
        let found = (response.status, response.code());
        assert_eq!(found, (Some(status), code.to_owned()), "{response:?}");
    }

    fn with_session(emulator: &Emulator, response: &HttpResponse, action: &str) -> HttpResponse {
        let credentials = response.json()["Credentials"].take();
        let text = |key: &str| credentials[key].as_str().expect("text").to_owned();
        let (id, secret) = (text("AccessKeyId"), text("AccessKeySecret"));
        assert!(id.starts_with("STS."), "{id}");
        let parameters = [("WabaId", "7")];
        let draft = Draft::new(emulator, action, &parameters);
        let token = text("SecurityToken");
        draft.with_key(&id, &secret, Some(&token)).send()
    }

    #[test]
    fn trusted_caller_acts_in_the_account_of_the_role() {
        let emulator = emulator(|_| {});
        let response = assume(&emulator, "user", &[]);
        assert_eq!(response.status, Some(200), "{response:?}");
        let user = response.json()["AssumedRoleUser"]["Arn"].take();
        assert_eq!(user, "acs:ram::2:role/onboarding/run");
        check(
            &with_session(&emulator, &response, "ChatappBindWaba"),
            200,
            "OK",
        );
        assert_eq!(emulator.spaces("2").len(), 1);
        let identity = with_session(&emulator, &response, "GetCallerIdentity").json();
        assert_eq!(identity["IdentityType"], "AssumedRoleUser");
        assert_eq!(identity["AccountId"], "2");
    }

    #[test]
    fn untrusted_callers_cannot_assume_a_role() {
        let emulator = emulator(|_| {});
        check(&assume(&emulator, "stranger", &[]), 403, "NoPermission");
        check(&assume(&emulator, "root", &[]), 403, "NoPermission");
        let nobody = [("RoleArn", "acs:ram::2:role/nobody")];
        check(
            &assume(&emulator, "user", &nobody),
            404,
            "EntityNotExist.Role",
        );
    }

    #[test]
    fn invalid_parameters_of_a_role_are_refused() {
        let emulator = emulator(|role| role.max_session_duration = 7200);
        let long = format!(
            r#"{{"Version": "1", "Statement": ["{}"]}}"#,
            "x".repeat(2048)
        );
        for (name, value, code) in [
            ("RoleArn", "onboarding", "InvalidParameter.RoleArn"),
            ("RoleSessionName", "x", "InvalidParameter.RoleSessionName"),
            (
                "RoleSessionName",
                "with blank",
                "InvalidParameter.RoleSessionName",
            ),
            ("DurationSeconds", "899", "InvalidParameter.DurationSeconds"),
            (
                "DurationSeconds",
                "7201",
                "InvalidParameter.DurationSeconds",
            ),
            (
                "DurationSeconds",
                "long",
                "InvalidParameter.DurationSeconds",
            ),
            ("ExternalId", "x", "InvalidParameter.ExternalId"),
            ("Policy", "{", "InvalidParameter.PolicyGrammar"),
            ("Policy", "{}", "InvalidParameter.PolicyGrammar"),
            ("Policy", &long, "InvalidParameter.PolicySize"),
        ] {
            check(&assume(&emulator, "user", &[(name, value)]), 400, code);
        }
        let response = assume(&emulator, "user", &[("DurationSeconds", "7200")]);
        assert_eq!(response.status, Some(200));
        let without = Draft::new(&emulator, "AssumeRole", &[("RoleArn", ROLE)]);
        let response = without.with_key("user", "s", None).send();
        check(&response, 400, "MissingRoleSessionName");
    }

    #[test]
    fn external_id_and_policy_restrict_a_role() {
        let emulator = emulator(|role| {
            role.external_id = Some("tenant=42".to_owned());
            role.allow = vec!["cams:*".to_owned()];
        });
        check(&assume(&emulator, "user", &[]), 403, "NoPermission");
        let wrong = [("ExternalId", "tenant=43")];
        check(&assume(&emulator, "user", &wrong), 403, "NoPermission");
        let right = ("ExternalId", "tenant=42");
        let response = assume(&emulator, "user", &[right]);
        check(
            &with_session(&emulator, &response, "ListInstance"),
            200,
            "OK",
        );
        check(
            &with_session(&emulator, &response, "ChatappBindWaba"),
            200,
            "OK",
        );
        let policy = r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "cams:List*", "Resource": "*"}]}"#;
        let response = assume(&emulator, "user", &[right, ("Policy", policy)]);
        check(
            &with_session(&emulator, &response, "ListInstance"),
            200,
            "OK",
        );
        let denied = with_session(&emulator, &response, "ChatappBindWaba");
        check(&denied, 403, "NoPermission");
        assert_eq!(
            denied.json()["AccessDeniedDetail"]["PolicyType"],
            "SessionPolicy"
        );
    }

    #[test]
    fn valid_oidc_token_is_accepted() {
        let emulator = emulator(|role| role.oidc_subjects = Some(vec!["main".to_owned()]));
        let token = |subject: &str, audience: &str| {
            let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
            let claims = json!({
                "iss": "https://ci.example", "aud": audience, "sub": subject,
                "exp": OffsetDateTime::now_utc().unix_timestamp() + 60,
            });
            format!("{}.{}.", part(json!({"alg": "none"})), part(claims))
        };
        let assume = |provider: &str, token: &str, in_form: bool| {
            let parameters = [
                ("RoleArn", ROLE),
                ("RoleSessionName", "run"),
                ("OIDCProviderArn", provider),
                ("OIDCToken", token),
            ];
            let mut draft = Draft::new(&emulator, "AssumeRoleWithOIDC", &parameters);
            draft.style = Style::Anonymous;
            draft.in_form = in_form;
            draft.send()
        };
        let good = token("main", "terraform");
        for in_form in [false, true] {
            let response = assume(PROVIDER, &good, in_form);
            assert_eq!(response.status, Some(200), "{response:?}");
            assert_eq!(response.json()["OIDCTokenInfo"]["Subject"], "main");
            check(
                &with_session(&emulator, &response, "ListInstance"),
                200,
                "OK",
            );
        }
        let refused = "AuthenticationFail.NoPermission";
        check(
            &assume(PROVIDER, &token("fork", "terraform"), true),
            401,
            refused,
        );
        check(
            &assume("acs:ram::2:oidc-provider/other", &good, true),
            401,
            refused,
        );
        let audience = "AuthenticationFail.OIDCToken.AudienceNotMatch";
        check(
            &assume(PROVIDER, &token("main", "other"), true),
            401,
            audience,
        );
        let log = format!("{:?}", emulator.calls());
        assert!(!log.contains(&good), "{log}");
    }

    #[test]
    fn every_caller_may_call_get_caller_identity() {
        let emulator = emulator(|_| {});
        for (key, kind, arn) in [
            ("user", "RAMUser", "acs:ram::3:user/u"),
            ("root", "Account", "acs:ram::3:root"),
        ] {
            let draft = Draft::new(&emulator, "GetCallerIdentity", &[]);
            let identity = draft.with_key(key, "s", None).send().json();
            assert_eq!(identity["IdentityType"], kind);
            assert_eq!(identity["Arn"], arn);
            assert_eq!(identity["AccountId"], "3");
        }
    }

    #[test]
    fn lifetime_of_a_session_can_be_set() {
        let emulator = emulator(|_| {});
        emulator.set_behavior(|behavior| behavior.sts.lifetime_seconds = Some(0));
        let response = assume(&emulator, "user", &[]);
        let late = with_session(&emulator, &response, "ListInstance");
        check(&late, 400, "InvalidSecurityToken.Expired");
    }

    #[test]
    fn arns_are_split() {
        for (arn, expected) in [
            ("acs:ram::12:role/r", Some(("12", "r"))),
            ("acs:ram::12:role/a/b", Some(("12", "a/b"))),
            ("acs:ram::12:user/r", None),
            ("acs:ram::x:role/r", None),
            ("acs:ram:::role/r", None),
            ("acs:ram::12:role/", None),
            ("role/r", None),
        ] {
            assert_eq!(split_arn(arn, "role"), expected, "{arn}");
        }
    }
}
