//! What the service says about a denied permission.

use std::fmt;

use serde_json::Value;

/// The field `AccessDeniedDetail` of a response, where it says something. Every part is as the service wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessDenied {
    /// `AuthAction`: the RAM action that was denied, such as `cams:ChatappBindWaba`.
    pub action: Option<String>,
    /// `AuthPrincipalType`: `SubUser`, `AssumedRoleUser` or `Federated`.
    pub principal_type: Option<String>,
    /// `AuthPrincipalDisplayName`: the user ID, or role and session.
    pub principal: Option<String>,
    /// `AuthPrincipalOwnerId`: the account of the principal.
    pub principal_owner: Option<String>,
    /// `PolicyType`: which kind of policy decided, such as `AccountLevelIdentityBasedPolicy` or `ControlPolicy`.
    pub policy_type: Option<String>,
    /// `NoPermissionType`: `ImplicitDeny` (nothing allows it) or `ExplicitDeny` (something forbids it).
    pub no_permission_type: Option<String>,
    /// `EncodedDiagnosticMessage`: for RAM's `DecodeDiagnosticMessage`.
    pub encoded_diagnostic_message: Option<String>,
    /// A detail that is no object, as text.
    pub text: Option<String>,
}

impl AccessDenied {
    /// Reads the field. Gateways send an object, products a text, and some of those texts hold an object. `None` for
    /// the fillers that say nothing: null, `{}`, `/` and `None` among them.
    pub fn read(detail: &Value) -> Option<AccessDenied> {
        let denied = match detail {
            Value::String(text) => match serde_json::from_str::<Value>(text) {
                Ok(Value::Object(fields)) => AccessDenied::of(&fields),
                _ => AccessDenied {
                    text: spoken(text),
                    ..AccessDenied::default()
                },
            },
            Value::Object(fields) => AccessDenied::of(fields),
            _ => AccessDenied::default(),
        };
        (denied != AccessDenied::default()).then_some(denied)
    }

    /// The same with every text passed through `change`.
    pub(super) fn map(self, change: impl Fn(&str) -> String) -> AccessDenied {
        let change = |part: Option<String>| part.map(|text| change(&text));
        AccessDenied {
            action: change(self.action),
            principal_type: change(self.principal_type),
            principal: change(self.principal),
            principal_owner: change(self.principal_owner),
            policy_type: change(self.policy_type),
            no_permission_type: change(self.no_permission_type),
            encoded_diagnostic_message: change(self.encoded_diagnostic_message),
            text: change(self.text),
        }
    }

    fn of(fields: &serde_json::Map<String, Value>) -> AccessDenied {
        let part = |name: &str| {
            let found = fields
                .iter()
                .find(|(candidate, _)| candidate.eq_ignore_ascii_case(name))?;
            spoken(found.1.as_str()?)
        };
        AccessDenied {
            action: part("AuthAction"),
            principal_type: part("AuthPrincipalType"),
            principal: part("AuthPrincipalDisplayName"),
            principal_owner: part("AuthPrincipalOwnerId"),
            policy_type: part("PolicyType"),
            no_permission_type: part("NoPermissionType"),
            encoded_diagnostic_message: part("EncodedDiagnosticMessage"),
            text: None,
        }
    }
}

/// One line, such as `cams:ChatappBindWaba denied to SubUser 2000 of account 1000: ImplicitDeny by ControlPolicy`.
impl fmt::Display for AccessDenied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = &self.text {
            return f.write_str(text);
        }
        let or = |part: &Option<String>, otherwise: &str| {
            part.clone().unwrap_or_else(|| otherwise.to_owned())
        };
        write!(
            f,
            "{} denied to {} {}",
            or(&self.action, "the action is"),
            or(&self.principal_type, "principal"),
            or(&self.principal, "(not named)"),
        )?;
        if let Some(owner) = &self.principal_owner {
            write!(f, " of account {owner}")?;
        }
        match (&self.no_permission_type, &self.policy_type) {
            (None, None) => Ok(()),
            (Some(kind), None) => write!(f, ": {kind}"),
            (kind, Some(policy)) => write!(f, ": {} by {policy}", or(kind, "denied")),
        }
    }
}

fn spoken(text: &str) -> Option<String> {
    let text = text.trim();
    let silent = ["", "/", "-", "{}", "[]", "none", "null"];
    let is_silent = silent
        .iter()
        .any(|filler| text.eq_ignore_ascii_case(filler));
    (!is_silent).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::AccessDenied;

    #[expect(clippy::needless_pass_by_value, reason = "json! gives values")]
    fn check(detail: Value, expected: Option<&str>) {
        let found = AccessDenied::read(&detail).map(|denied| denied.to_string());
        assert_eq!(found.as_deref(), expected, "{detail}");
    }

    #[test]
    fn shapes() {
        for filler in ["", "None", "none", "{}", "/", "null", " ", "NULL"] {
            check(json!(filler), None);
        }
        check(json!(null), None);
        check(json!({}), None);
        check(json!([]), None);
        check(json!(5), None);
        check(json!({"AuthAction": null, "PolicyType": ""}), None);
        check(json!("no policy allows it"), Some("no policy allows it"));
        let full = json!({
            "AuthAction": "cams:ChatappBindWaba",
            "AuthPrincipalType": "SubUser",
            "AuthPrincipalDisplayName": "2000",
            "AuthPrincipalOwnerId": "1000",
            "PolicyType": "ControlPolicy",
            "NoPermissionType": "ImplicitDeny",
            "EncodedDiagnosticMessage": "AQEB",
        });
        let line = "cams:ChatappBindWaba denied to SubUser 2000 of account 1000: ImplicitDeny by ControlPolicy";
        check(full.clone(), Some(line));
        check(json!(full.to_string()), Some(line));
        check(
            json!({"authAction": "cams:X"}),
            Some("cams:X denied to principal (not named)"),
        );
        check(
            json!({"PolicyType": "SessionPolicy"}),
            Some("the action is denied to principal (not named): denied by SessionPolicy"),
        );
    }
}
