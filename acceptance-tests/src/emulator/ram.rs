//! Resource Access Management, as far as these operations need it: who is allowed which action.
//!
//! Resources and conditions of policies are not judged: the emulated CAMS operations take `*`. Must not contain: keys,
//! signatures.

use serde_json::{Value, json};

/// The caller of a request, once its key is known to be good.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Caller {
    pub(super) account: String,
    pub(super) access_key_id: String,
    pub(super) identity: Identity,
}

/// As whom a key acts.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Identity {
    /// The account itself.
    Root,
    /// A RAM user.
    User { name: String, allow: Vec<String> },
    /// A session of a role.
    Role {
        role: String,
        session: String,
        allow: Vec<String>,
        policy: Option<Value>,
    },
}

impl Caller {
    /// The ARN of the caller; of a role session, that of the session.
    pub(super) fn arn(&self) -> String {
        let account = &self.account;
        match &self.identity {
            Identity::Root => format!("acs:ram::{account}:root"),
            Identity::User { name, .. } => format!("acs:ram::{account}:user/{name}"),
            Identity::Role { role, session, .. } => {
                format!("acs:ram::{account}:role/{role}/{session}")
            }
        }
    }

    /// Whether `who` of a trust policy (an account ID, an ARN or `*`) means this caller.
    pub(super) fn is_meant_by(&self, who: &str) -> bool {
        let account = &self.account;
        who == "*"
            || who == account
            || who == format!("acs:ram::{account}:root")
            || who == self.arn()
            || match &self.identity {
                Identity::Role { role, .. } => who == format!("acs:ram::{account}:role/{role}"),
                _ => false,
            }
    }

    /// Whether the caller may do `action` (`cams:ChatappBindWaba`); the detail of the refusal if not.
    pub(super) fn may(&self, action: &str) -> Result<(), Value> {
        let (principal_type, allow, policy) = match &self.identity {
            Identity::Root => return Ok(()),
            Identity::User { allow, .. } => ("SubUser", allow, None),
            Identity::Role { allow, policy, .. } => ("AssumedRoleUser", allow, policy.as_ref()),
        };
        let allowed = allow.iter().any(|pattern| matches(pattern, action));
        let (policy_type, kind) = match (allowed, policy.map(|policy| judge(policy, action))) {
            (true, None | Some(Verdict::Allowed)) => return Ok(()),
            (false, _) => ("AccountLevelIdentityBasedPolicy", "ImplicitDeny"),
            (true, Some(Verdict::Unmentioned)) => ("SessionPolicy", "ImplicitDeny"),
            (true, Some(Verdict::Denied)) => ("SessionPolicy", "ExplicitDeny"),
        };
        let name = match &self.identity {
            Identity::User { name, .. } => name.clone(),
            Identity::Role { role, session, .. } => format!("{role}:{session}"),
            Identity::Root => String::new(),
        };
        Err(json!({
            "AuthAction": action,
            "AuthPrincipalType": principal_type,
            "AuthPrincipalOwnerId": self.account,
            "AuthPrincipalDisplayName": name,
            "PolicyType": policy_type,
            "NoPermissionType": kind,
            "EncodedDiagnosticMessage": "AQFemulatedDiagnosticMessage",
        }))
    }
}

/// Whether a document is a policy: an object with a list of statements that allow or deny actions.
pub(super) fn is_policy(policy: &Value) -> bool {
    let Some(statements) = policy["Statement"].as_array() else {
        return false;
    };
    policy["Version"].is_string()
        && !statements.is_empty()
        && statements.iter().all(|statement| {
            matches!(statement["Effect"].as_str(), Some("Allow" | "Deny"))
                && !actions(statement).is_empty()
        })
}

enum Verdict {
    Allowed,
    Denied,
    Unmentioned,
}

fn judge(policy: &Value, action: &str) -> Verdict {
    let mut verdict = Verdict::Unmentioned;
    for statement in policy["Statement"].as_array().into_iter().flatten() {
        let mentions = actions(statement)
            .iter()
            .any(|pattern| matches(pattern, action));
        match statement["Effect"].as_str() {
            Some("Deny") if mentions => return Verdict::Denied,
            Some("Allow") if mentions => verdict = Verdict::Allowed,
            _ => {}
        }
    }
    verdict
}

fn actions(statement: &Value) -> Vec<&str> {
    match &statement["Action"] {
        Value::String(action) => vec![action],
        Value::Array(actions) => actions.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Whether a pattern with any number of `*` covers the whole text, letters of either case.
fn matches(pattern: &str, text: &str) -> bool {
    fn covers(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => (0..=text.len()).any(|skipped| covers(rest, &text[skipped..])),
            Some((first, rest)) => text.split_first().is_some_and(|(letter, text)| {
                letter.eq_ignore_ascii_case(first) && covers(rest, text)
            }),
        }
    }
    covers(pattern.as_bytes(), text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(allow: &[&str], policy: Option<Value>, expected: Result<(), (&str, &str)>) {
        let caller = Caller {
            account: "1".to_owned(),
            access_key_id: "k".to_owned(),
            identity: Identity::Role {
                role: "r".to_owned(),
                session: "s".to_owned(),
                allow: allow.iter().map(|&pattern| pattern.to_owned()).collect(),
                policy,
            },
        };
        let found = caller.may("cams:QueryChatappBindWaba").map_err(|detail| {
            let text = |key: &str| detail[key].as_str().unwrap_or_default().to_owned();
            (text("PolicyType"), text("NoPermissionType"))
        });
        let expected = expected.map_err(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(found, expected, "{allow:?}");
    }

    #[test]
    fn rights_are_the_intersection_of_role_and_policy() {
        let implicit = ("AccountLevelIdentityBasedPolicy", "ImplicitDeny");
        check(&["*"], None, Ok(()));
        check(&["cams:*"], None, Ok(()));
        check(&["cams:Query*"], None, Ok(()));
        check(&["CAMS:query*waba"], None, Ok(()));
        check(&["cams:Get*", "cams:List*"], None, Err(implicit));
        check(&["sts:*"], None, Err(implicit));
        check(&[], None, Err(implicit));
        let policy = |effect: &str, action: Value| {
            Some(
                json!({"Version": "1", "Statement": [{"Effect": effect, "Action": action, "Resource": "*"}]}),
            )
        };
        check(&["*"], policy("Allow", json!("cams:*")), Ok(()));
        check(
            &["*"],
            policy("Allow", json!(["cams:Get*"])),
            Err(("SessionPolicy", "ImplicitDeny")),
        );
        check(
            &["*"],
            policy("Deny", json!(["cams:Query*"])),
            Err(("SessionPolicy", "ExplicitDeny")),
        );
        check(&[], policy("Allow", json!("*")), Err(implicit));
    }

    #[test]
    fn malformed_policies_are_refused() {
        let good = json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*"}]});
        assert!(is_policy(&good));
        for bad in [
            json!({}),
            json!({"Version": "1", "Statement": []}),
            json!({"Statement": [{"Effect": "Allow", "Action": "*"}]}),
            json!({"Version": "1", "Statement": [{"Effect": "Maybe", "Action": "*"}]}),
            json!({"Version": "1", "Statement": [{"Effect": "Allow"}]}),
        ] {
            assert!(!is_policy(&bad), "{bad}");
        }
    }
}
