//! Which object the log lines of an RPC are about.
//!
//! Terraform does not send the address of an object. What names it for a person is what its configuration cannot do
//! without, such as `waba_id`, and its identity.

use serde_json::{Map, Value as Json};
use tracing::{Span, field::display};

use crate::{
    identity::IdentitySchema,
    schema::{Attribute, AttributeKind, Block, Collection, Setting},
    value::{Object, Value},
};

/// Adds the names of an object to the span of the RPC, in its field `object`: a JSON object of texts, by attribute. A span
/// without that field stays as it is.
pub(super) fn record_object(block: &Block, identity: Option<&IdentitySchema>, object: &Object) {
    let span = Span::current();
    if span.is_disabled() {
        return;
    }
    let names = object_names(block, identity, object);
    if !names.is_empty() {
        span.record("object", display(Json::from(names)));
    }
}

/// The attributes of the identity, and the required attributes of the object and of the single objects in it. What is
/// null, unknown, sensitive or a collection has no part in it.
fn object_names(
    block: &Block,
    identity: Option<&IdentitySchema>,
    object: &Object,
) -> Map<String, Json> {
    let mut names = Map::new();
    for attribute in identity.iter().flat_map(|schema| &schema.attributes) {
        insert(
            &mut names,
            attribute.name.to_owned(),
            object.get(attribute.name),
        );
    }
    required(&block.attributes, "", &|name| object.get(name), &mut names);
    names
}

fn required<'a>(
    attributes: &[Attribute],
    prefix: &str,
    value: &dyn Fn(&str) -> &'a Value,
    names: &mut Map<String, Json>,
) {
    for attribute in attributes {
        let name = format!("{prefix}{}", attribute.name);
        let value = value(attribute.name);
        match &attribute.kind {
            _ if attribute.sensitive || attribute.write_only => {}
            AttributeKind::Plain(_) if attribute.setting == Setting::Required => {
                insert(names, name, value);
            }
            AttributeKind::Nested(Collection::Single, nested) => {
                if let Value::Map(object) = value {
                    let value = |name: &str| object.get(name).unwrap_or(&Value::Null);
                    required(nested, &format!("{name}."), &value, names);
                }
            }
            AttributeKind::Plain(_) | AttributeKind::Nested(..) => {}
        }
    }
}

fn insert(names: &mut Map<String, Json>, name: String, value: &Value) {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Null | Value::Unknown | Value::List(_) | Value::Map(_) | Value::Dynamic(_) => return,
    };
    names.insert(name, text.into());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        identity::{IdentityAttribute, IdentityType},
        types::Type,
    };

    #[test]
    fn objects_are_named_by_identity_and_required_attributes() {
        let required = |name| Attribute::required(name, Type::String);
        let role = vec![
            required("arn"),
            Attribute::optional("policy", Type::String),
            required("key").sensitive(),
        ];
        let list = Type::List(Box::new(Type::String));
        let block = Block::new("")
            .attribute(required("door"))
            .attribute(required("secret").sensitive())
            .attribute(Attribute::required("beds", list))
            .attribute(Attribute::optional("color", Type::String))
            .attribute(Attribute::computed("id", Type::String))
            .attribute(Attribute::nested(
                "role",
                Collection::Single,
                role.clone(),
                Setting::Optional,
            ))
            .attribute(Attribute::nested(
                "roles",
                Collection::List,
                role,
                Setting::Optional,
            ));
        let identity = IdentitySchema::new(vec![
            IdentityAttribute::required("id", IdentityType::String, ""),
            IdentityAttribute::optional("floor", IdentityType::Number, ""),
        ]);
        let mut attributes = Object::new();
        for name in ["arn", "policy", "key"] {
            attributes.set(name, name);
        }
        let mut object = Object::new();
        object.set("role", Value::from(attributes.clone()));
        object.set("roles", Value::List(vec![attributes.into()]));
        object.set("beds", Value::List(vec!["one".into()]));
        for name in ["door", "secret", "color"] {
            object.set(name, name);
        }
        object.set("id", Value::Unknown);
        let check = |identity, object: &Object, expected: &str| {
            let names = object_names(&block, identity, object);
            assert_eq!(Json::from(names).to_string(), expected);
        };
        check(None, &Object::new(), "{}");
        check(None, &object, r#"{"door":"door","role.arn":"arn"}"#);
        check(
            Some(&identity),
            &object,
            r#"{"door":"door","role.arn":"arn"}"#,
        );
        object.set("id", "7");
        object.set("floor", 2);
        object.set("door", Value::Null);
        check(
            Some(&identity),
            &object,
            r#"{"floor":"2","id":"7","role.arn":"arn"}"#,
        );
    }
}
