//! `assume_role`: the attributes of a RAM role to assume, the same in the provider block and on a resource.
//!
//! Names and limits: the block of the same name in the official `aliyun/alicloud` provider, and the API reference of
//! `AssumeRole`.
//!
//! Must not contain: environment variables, or the assuming of roles.

use std::collections::BTreeMap;

use alicloud::credentials::{Role, RoleArn};
use framework::{
    Attribute, AttributePath, Diagnostic, Diagnostics, Object, Type, Value,
    schema::{Collection, Setting, Validator},
};

/// The name of block and attribute.
pub(crate) const NAME: &str = "assume_role";

/// The attribute of an identity that chooses the role for an import.
pub(crate) const ROLE_ARN: &str = "role_arn";

/// The attribute for a resource.
pub(crate) fn attribute() -> Attribute {
    Attribute::nested(NAME, Collection::Single, attributes(true), Setting::Optional).describe(
        "A RAM role to assume for this resource, with the provider's credentials. Resources with the same role share its \
         session. A role of another account replaces the resource; a change within the account is made in place.",
    )
}

/// The attribute for a data source, a list or an action, which have no object of their own.
pub(crate) fn read_attribute() -> Attribute {
    Attribute::nested(NAME, Collection::Single, attributes(true), Setting::Optional)
        .describe("A RAM role to assume here, with the provider's credentials. Uses of the same role share its session.")
}

/// The attributes. In the provider block the ARN may come from the environment.
pub(crate) fn attributes(arn_required: bool) -> Vec<Attribute> {
    let arn = if arn_required {
        Attribute::required("role_arn", Type::String)
    } else {
        Attribute::optional("role_arn", Type::String)
    };
    vec![
        arn.describe("ARN of the role: `acs:ram::<account ID>:role/<name>`.")
            .validate(Validator::text(move |text| {
                if text.is_empty() && !arn_required {
                    // As in the official provider: no role.
                    return Ok(());
                }
                RoleArn::parse(text).map(|_| ()).map_err(|expected| {
                    format!("must be {expected}, but is \"{}\"", text.escape_debug())
                })
            })),
        session_name("session_name"),
        policy(),
        session_expiration(),
        Attribute::optional("external_id", Type::String)
            .describe("External ID that the role's trust policy demands. It is no secret.")
            .validate(Validator::text(|text| {
                Role::check_external_id(text).map_err(must_be)
            })),
    ]
}

/// The attribute for the name of a session.
pub(crate) fn session_name(name: &'static str) -> Attribute {
    Attribute::optional(name, Type::String)
        .describe("Name of the session in the audit log. Default: `terraform`.")
        .validate(Validator::text(|text| {
            if text.is_empty() {
                return Ok(());
            }
            Role::check_session_name(text).map_err(must_be)
        }))
}

/// The attribute for a policy that narrows the session's rights.
pub(crate) fn policy() -> Attribute {
    Attribute::optional("policy", Type::String)
        .describe(
            "Policy that narrows what the session may do, as JSON of at most 2048 characters.",
        )
        .validate(Validator::text(|text| {
            if text.is_empty() {
                return Ok(());
            }
            Role::check_policy(text).map_err(must_be)
        }))
}

/// The attribute for the length of a session.
pub(crate) fn session_expiration() -> Attribute {
    Attribute::optional("session_expiration", Type::Number)
        .describe(
            "Seconds that a session lasts before it is renewed, 900 to 43200; at most what the role allows. Default: `3600`.",
        )
        .validate(Validator::new(|value| match value {
            Value::Number(number) => number
                .as_i64()
                .ok_or_else(|| format!("must be a whole number, but is {number}"))
                .and_then(|seconds| Role::check_session_expiration(seconds).map_err(must_be))
                .map(|_| ()),
            _ => Ok(()),
        }))
}

/// The role that a resource names.
pub(crate) fn object_role(object: &Object) -> Result<Option<Role>, Diagnostics> {
    let Some(attributes) = object.object(NAME) else {
        return Ok(None);
    };
    let arn = attributes.get("role_arn").and_then(Value::as_str);
    let at = AttributePath::attribute(NAME);
    parse_role(arn.unwrap_or_default(), attributes, &at).map(Some)
}

/// The account of the role that a resource names.
pub(crate) fn account(object: &Object) -> Option<String> {
    Some(RoleArn::parse(arn(object)?).ok()?.account_id().to_owned())
}

/// The ARN of the role that a resource names.
pub(crate) fn arn(object: &Object) -> Option<&str> {
    object.object(NAME)?.get("role_arn")?.as_str()
}

/// An import ID, `<role ARN>/<ID>` or `<ID>` alone, in its two parts.
pub(crate) fn of_import_id(text: &str) -> Result<(Option<RoleArn>, &str), Diagnostics> {
    if !text.starts_with("acs:ram:") {
        return Ok((None, text));
    }
    let parts = text
        .rsplit_once('/')
        .and_then(|(arn, id)| Some((RoleArn::parse(arn).ok()?, id)));
    match parts {
        Some((arn, id)) => Ok((Some(arn), id)),
        None => Err(Diagnostic::error(
            "Invalid import ID",
            format!(
                "\"{}\" is not in the form ROLE_ARN/ID, for example \
                 \"acs:ram::1000000000000001:role/onboarding/cams-8filvjc8snw\". Nothing was read.\n\n  Code: \
                 Provider.InvalidImportId",
                text.escape_debug()
            ),
        )
        .into()),
    }
}

/// The role that an identity names for an import.
pub(crate) fn of_identity(role_arn: Option<&str>) -> Result<Option<RoleArn>, Diagnostics> {
    let arn = role_arn.map(RoleArn::parse).transpose();
    arn.map_err(|expected| {
        Diagnostic::error(
            "Invalid identity attribute role_arn",
            format!(
                "The identity attribute `role_arn` names the role to assume. It must be {expected}, but is \"{}\". Nothing was \
                 read.\n\n  Code: Provider.InvalidIdentity",
                role_arn.unwrap_or_default().escape_debug()
            ),
        )
        .into()
    })
}

/// What [`of_import_id`] takes apart.
pub(crate) fn import_id(arn: Option<&str>, id: &str) -> String {
    match arn {
        Some(arn) => format!("{arn}/{id}"),
        None => id.to_owned(),
    }
}

/// The attribute of a resource that names this role and nothing else.
pub(crate) fn with_arn(arn: &RoleArn) -> Value {
    let attributes = attributes(true).into_iter().map(|attribute| {
        let value = match attribute.name {
            "role_arn" => Value::string(arn.as_str()),
            _ => Value::Null,
        };
        (attribute.name.to_owned(), value)
    });
    Value::Map(attributes.collect())
}

fn must_be(expected: String) -> String {
    format!("must be {expected}")
}

/// A role from its attributes, of which the ARN is known. `at` is where they stand, for errors about values that came
/// from elsewhere than a checked configuration.
pub(crate) fn parse_role(
    arn: &str,
    attributes: &BTreeMap<String, Value>,
    at: &AttributePath,
) -> Result<Role, Diagnostics> {
    let bad = |name: &str, expected: String| -> Diagnostics {
        Diagnostic::error(
            format!("Invalid role: {name}"),
            format!(
                "`{name}` of the role to assume must be {expected}. Nothing was sent.\n\n  Code: \
                 Provider.InvalidConfiguration"
            ),
        )
        .at(at.then_attribute(name))
        .into()
    };
    let text = |name: &str| {
        let text = attributes.get(name).and_then(Value::as_str);
        text.filter(|text| !text.is_empty())
    };
    let mut role = Role::new(RoleArn::parse(arn).map_err(|expected| bad("role_arn", expected))?);
    if let Some(name) = text("session_name") {
        Role::check_session_name(name).map_err(|expected| bad("session_name", expected))?;
        role.session_name = name.to_owned();
    }
    if let Some(policy) = text("policy") {
        Role::check_policy(policy).map_err(|expected| bad("policy", expected))?;
        role.policy = Some(policy.to_owned());
    }
    if let Some(id) = text("external_id") {
        Role::check_external_id(id).map_err(|expected| bad("external_id", expected))?;
        role.external_id = Some(id.to_owned());
    }
    if let Some(Value::Number(number)) = attributes.get("session_expiration") {
        let seconds = number.as_i64().unwrap_or(-1);
        role.session_expiration = Role::check_session_expiration(seconds)
            .map_err(|expected| bad("session_expiration", expected))?;
    }
    Ok(role)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{attributes, import_id, object_role, of_import_id, parse_role, with_arn};
    use alicloud::credentials::RoleArn;
    use framework::{AttributePath, Object, Value};

    const ARN: &str = "acs:ram::123:role/onboarding";

    fn check(arn: &str, name: &str, value: Value, expected: &str) {
        let found = parse_role(
            arn,
            &BTreeMap::from([(name.to_owned(), value)]),
            &AttributePath::attribute("assume_role"),
        );
        let found = match found {
            Ok(role) => format!("{role:?} {:?}", role.policy),
            Err(diagnostics) => diagnostics
                .iter()
                .map(|diagnostic| format!("{}: {diagnostic}", diagnostic.attribute))
                .collect(),
        };
        assert!(found.contains(expected), "{found}");
        assert!(!found.contains("tell nobody"), "{found}");
    }

    #[test]
    fn roles() {
        check(
            ARN,
            "session_name",
            Value::Null,
            "\"terraform\", session_expiration: 3600",
        );
        check(ARN, "session_name", "ci".into(), "\"ci\"");
        check(ARN, "session_name", "".into(), "\"terraform\"");
        check(
            ARN,
            "session_expiration",
            900_i64.into(),
            "session_expiration: 900",
        );
        check(ARN, "policy", "{}".into(), "Some(\"{}\")");
        check(
            "x",
            "policy",
            "{}".into(),
            "assume_role.role_arn: Invalid role",
        );
        check(
            ARN,
            "session_name",
            "x".into(),
            "assume_role.session_name: Invalid role",
        );
        check(
            ARN,
            "session_expiration",
            60_i64.into(),
            "must be 900 to 43200 seconds, but is 60",
        );
        check(ARN, "policy", "[]".into(), "must be a JSON object");
        check(
            ARN,
            "external_id",
            "tell nobody".into(),
            "assume_role.external_id",
        );
    }

    #[test]
    fn import_ids() {
        let check = |text: &str, expected: &str| {
            let found = match of_import_id(text) {
                Ok((arn, id)) => format!(
                    "{} {id}",
                    arn.map(|arn| arn.to_string()).unwrap_or_default()
                ),
                Err(diagnostics) => diagnostics.iter().map(ToString::to_string).collect(),
            };
            assert!(found.contains(expected), "{text}: {found}");
        };
        check("cams-8filvjc8snw", " cams-8filvjc8snw");
        check(
            "acs:ram::1:role/a/cams-8filvjc8snw",
            "acs:ram::1:role/a cams-8filvjc8snw",
        );
        check("acs:ram::1:role/a/", "acs:ram::1:role/a ");
        check("acs:ram::1:role/a", "Invalid import ID");
        check("acs:ram::1:user/a/cams", "Invalid import ID");
        check(&import_id(None, "cams"), " cams");
        check(
            &import_id(Some("acs:ram::1:role/a"), "cams"),
            "acs:ram::1:role/a cams",
        );
        let arn = RoleArn::parse("acs:ram::1:role/a").expect("an ARN");
        let mut object = Object::new();
        object.set("assume_role", with_arn(&arn));
        assert_eq!(
            object_role(&object).expect("a role").map(|role| role.arn),
            Some(arn)
        );
    }

    #[test]
    fn values_are_checked_in_the_configuration() {
        let check = |required: bool, name: &str, value: Value, good: bool| {
            let attributes = attributes(required);
            let attribute = attributes
                .iter()
                .find(|attribute| attribute.name == name)
                .expect("an attribute");
            let found = attribute
                .validators
                .iter()
                .try_for_each(|v| v.check(&value));
            assert_eq!(found.is_ok(), good, "{name}: {found:?}");
        };
        check(true, "role_arn", ARN.into(), true);
        check(true, "role_arn", "".into(), false);
        check(false, "role_arn", "".into(), true);
        check(false, "role_arn", "x".into(), false);
        check(true, "session_expiration", 899_i64.into(), false);
        check(true, "policy", "{".into(), false);
        check(true, "session_name", "ci run".into(), false);
        check(true, "external_id", "x".into(), false);
    }
}
