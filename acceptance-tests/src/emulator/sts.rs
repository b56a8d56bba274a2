//! Security Token Service, API 2015-04-01: temporary credentials, and who am I.
//!
//! Parameters, limits and error codes are those of the public API pages. Must not contain: how a temporary credential is
//! verified later on.

use serde_json::{Value, json};
use time::Duration;

use super::answer::Refusal;
use super::cloud::{Role, Session};
use super::gateway::{Access, Operation, Product, Task, invalid, iso_date, missing};
use super::oidc::judge_token;
use super::ram::{Identity, is_policy};
use super::world::World;

/// Every operation of the product that is emulated.
pub(super) const OPERATIONS: [Operation; 3] = [
    Operation {
        name: "AssumeRole",
        product: Product::Sts,
        required: &["RoleArn", "RoleSessionName"],
        access: Access::Allowed,
        run: assume_role,
    },
    Operation {
        name: "AssumeRoleWithOIDC",
        product: Product::Sts,
        required: &["RoleArn", "RoleSessionName", "OIDCProviderArn", "OIDCToken"],
        access: Access::Anonymous,
        run: assume_role_with_oidc,
    },
    Operation {
        name: "GetCallerIdentity",
        product: Product::Sts,
        required: &[],
        access: Access::Signed,
        run: caller_identity,
    },
];

/// Longest inline policy in bytes.
const POLICY_BYTES: usize = 2048;

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// `AssumeRole`: a key of one identity for a temporary key of a role.
fn assume_role(world: &mut World, task: &Task<'_>) -> Result<Value, Refusal> {
    let caller = task.caller.ok_or_else(|| missing("AccessKeyId"))?;
    let wish = Wish::read(task)?;
    if caller.identity == Identity::Root {
        return Err(Refusal::gateway(
            403,
            "NoPermission",
            "Roles may not be assumed by root accounts.",
        ));
    }
    let role = wish.role(world)?.clone();
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
    grant(world, task, &wish, &role)
}

/// `AssumeRoleWithOIDC`: a token of an identity provider for a temporary key of a role.
fn assume_role_with_oidc(world: &mut World, task: &Task<'_>) -> Result<Value, Refusal> {
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
    let provider = world
        .cloud
        .accounts
        .get(account)
        .and_then(|account| {
            account
                .oidc_providers
                .iter()
                .find(|known| known.name == name)
        })
        .ok_or_else(no_permission)?;
    let role = wish.role(world)?.clone();
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
    let mut answer = grant(world, task, &wish, &role)?;
    answer["OIDCTokenInfo"] = info;
    Ok(answer)
}

/// `GetCallerIdentity`: needs a good signature and no right.
fn caller_identity(_: &mut World, task: &Task<'_>) -> Result<Value, Refusal> {
    let caller = task.caller.ok_or_else(|| missing("AccessKeyId"))?;
    let mut answer = json!({
        "RequestId": task.request_id,
        "AccountId": caller.account,
        "Arn": caller.arn(),
    });
    match &caller.identity {
        Identity::Root => {
            answer["IdentityType"] = json!("Account");
            answer["PrincipalId"] = json!(caller.account);
            answer["UserId"] = json!(caller.account);
        }
        Identity::User { name, .. } => {
            answer["IdentityType"] = json!("RAMUser");
            answer["PrincipalId"] = json!(number_of(name));
            answer["UserId"] = json!(number_of(name));
        }
        Identity::Role { role, session, .. } => {
            answer["IdentityType"] = json!("AssumedRoleUser");
            answer["PrincipalId"] = json!(format!("{}:{session}", number_of(role)));
            answer["RoleId"] = json!(number_of(role));
        }
    }
    Ok(answer)
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

    fn role<'w>(&self, world: &'w World) -> Result<&'w Role, Refusal> {
        let account = world.cloud.accounts.get(self.account);
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

/// Makes the temporary key and the answer that carries it.
fn grant(
    world: &mut World,
    task: &Task<'_>,
    wish: &Wish<'_>,
    role: &Role,
) -> Result<Value, Refusal> {
    let seconds = wish.seconds.unwrap_or(3600);
    if seconds > role.max_session_duration {
        return Err(bad("DurationSeconds"));
    }
    let seconds = world.switches.sts_lifetime_seconds.unwrap_or(seconds);
    let life = i64::try_from(seconds).unwrap_or(i64::MAX);
    let expires = task
        .now
        .utc
        .checked_add(Duration::seconds(life))
        .ok_or_else(|| bad("DurationSeconds"))?;
    let access_key_id = format!("STS.Emulated{}", world.random_text(LETTERS, 16));
    let secret = world.random_text(LETTERS, 44);
    // Real tokens hold characters that every wrong encoding garbles.
    let token = format!(
        "CAIS{}+/{}==",
        world.random_text(LETTERS, 120),
        world.random_text(LETTERS, 60)
    );
    let answer = json!({
        "RequestId": task.request_id,
        "AssumedRoleUser": {
            "Arn": format!("acs:ram::{}:role/{}/{}", wish.account, wish.role, wish.session),
            "AssumedRoleId": format!("{}:{}", number_of(wish.role), wish.session),
        },
        "Credentials": {
            "AccessKeyId": access_key_id,
            "AccessKeySecret": secret,
            "SecurityToken": token,
            "Expiration": iso_date(expires),
        },
    });
    let session = Session {
        secret,
        token,
        account: wish.account.to_owned(),
        role: wish.role.to_owned(),
        name: wish.session.to_owned(),
        expires,
        policy: wish.policy.clone(),
    };
    world.cloud.sessions.insert(access_key_id, session);
    Ok(answer)
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
    use super::*;
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
