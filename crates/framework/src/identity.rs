//! Resource identity: the few attributes that name one remote object for ever, apart from its state.
//!
//! Must not contain: the identity of a single resource, encodings.
//!
//! A provider may not send the identity of a type without an identity schema, or another identity for the same object
//! (source: plugin protocol 6.9, Terraform 1.12). An identity with an unknown value is never sent at all, although the
//! protocol allows it in the plan of a creation: see `encode_identity`.

use std::fmt;

use super::{
    types::Type,
    upgrade::{UpgradePath, UpgradeStep},
    value::{Object, Value},
};

/// Which attributes name an object.
#[derive(Clone, Debug)]
pub struct IdentitySchema {
    /// In the order in which they are documented.
    pub attributes: Vec<IdentityAttribute>,
    /// From what earlier versions stored to this one.
    pub upgrades: UpgradePath,
}

/// One attribute of an identity.
#[derive(Clone, Debug)]
pub struct IdentityAttribute {
    /// As the practitioner writes it in the `identity` of an `import` block.
    pub name: &'static str,
    /// What it holds.
    pub ty: IdentityType,
    /// Whether an import must give it; else it may. An object cannot be named without the required ones.
    pub required_for_import: bool,
    /// Whether it only tells an import how to reach the object. It names nothing then, may say another thing tomorrow, and
    /// is null in every identity that is stored.
    pub only_for_import: bool,
    /// What it is, in a sentence.
    pub description: &'static str,
}

/// What an attribute of an identity holds. The protocol also allows lists of these; nothing here needs one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityType {
    /// Unicode text.
    String,
    /// A decimal number.
    Number,
    /// True or false.
    Bool,
}

impl IdentityType {
    /// The same as a type of values.
    #[must_use]
    pub fn ty(self) -> Type {
        match self {
            Self::String => Type::String,
            Self::Number => Type::Number,
            Self::Bool => Type::Bool,
        }
    }
}

impl IdentityAttribute {
    /// One that an import must give.
    #[must_use]
    pub fn required(name: &'static str, ty: IdentityType, description: &'static str) -> Self {
        Self {
            name,
            ty,
            required_for_import: true,
            only_for_import: false,
            description,
        }
    }

    /// One that an import may give.
    #[must_use]
    pub fn optional(name: &'static str, ty: IdentityType, description: &'static str) -> Self {
        Self {
            required_for_import: false,
            ..Self::required(name, ty, description)
        }
    }

    /// One by which an import may say how to reach the object, and which names nothing.
    #[must_use]
    pub fn only_for_import(
        name: &'static str,
        ty: IdentityType,
        description: &'static str,
    ) -> Self {
        Self {
            only_for_import: true,
            ..Self::optional(name, ty, description)
        }
    }
}

impl IdentitySchema {
    /// Version 0.
    #[must_use]
    pub fn new(attributes: Vec<IdentityAttribute>) -> Self {
        Self {
            attributes,
            upgrades: UpgradePath::default(),
        }
    }

    /// The next version, with the step to it from the one before.
    #[must_use]
    pub fn upgraded_by(mut self, step: UpgradeStep) -> Self {
        self.upgrades.push(step);
        self
    }

    /// The version that an identity is stored with.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.upgrades.version()
    }

    /// The type of an identity.
    #[must_use]
    pub fn ty(&self) -> Type {
        let attributes = self
            .attributes
            .iter()
            .map(|attribute| (attribute.name.to_owned(), attribute.ty.ty()));
        Type::Object(attributes.collect())
    }

    /// The identity's own attributes of an object, and no others. What does not name the object is null.
    pub(super) fn project(&self, object: &Object) -> Object {
        let mut identity = Object::new();
        for attribute in &self.attributes {
            let value = match attribute.only_for_import {
                true => Value::Null,
                false => object.get(attribute.name).clone(),
            };
            identity.set(attribute.name, value);
        }
        identity
    }

    /// The required attributes that have no value.
    pub(super) fn missing(&self, identity: &Object) -> Vec<&'static str> {
        self.attributes
            .iter()
            .filter(|attribute| {
                attribute.required_for_import && identity.get(attribute.name).is_null()
            })
            .map(|attribute| attribute.name)
            .collect()
    }
}

/// Whether two identities name different objects. A null or unknown value says nothing: what was not known of an object
/// may become known.
pub(super) fn differ(before: &Object, after: &Object) -> bool {
    before.iter().any(|(name, before)| {
        let after = after.get(name);
        let settled = !before.is_null() && !before.is_unknown();
        settled && !after.is_unknown() && before != after
    })
}

/// The former identity, with what the later one adds to it.
pub(super) fn completed(before: &Object, after: &Object) -> Object {
    let mut identity = after.clone();
    for (name, value) in before.iter() {
        if !value.is_null() && !value.is_unknown() {
            identity.set(name, value.clone());
        }
    }
    identity
}

/// An identity as a practitioner would write it: `space = "a", account = null`. It is no secret; Terraform shows it.
pub(super) struct Shown<'a>(pub(super) &'a Object);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (name, value)) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            match value {
                Value::String(text) => write!(f, "{name} = {text:?}")?,
                Value::Number(number) => write!(f, "{name} = {number}")?,
                Value::Bool(value) => write!(f, "{name} = {value}")?,
                Value::Unknown => write!(f, "{name} = (known after apply)")?,
                Value::Null | Value::List(_) | Value::Map(_) | Value::Dynamic(_) => {
                    write!(f, "{name} = null")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(space: Value, account: Value) -> Object {
        let mut object = Object::new();
        object.set("space", space);
        object.set("account", account);
        object
    }

    #[test]
    fn an_identity_may_become_known_but_never_another() {
        let check = |before: (Value, Value), after: (Value, Value), expected: bool| {
            let (before, after) = (object(before.0, before.1), object(after.0, after.1));
            assert_eq!(differ(&before, &after), expected, "{before:?} {after:?}");
        };
        let (a, b) = (|| Value::from("a"), || Value::from("b"));
        check((a(), Value::Null), (a(), Value::Null), false);
        check((a(), Value::Null), (a(), b()), false);
        check((a(), Value::Unknown), (a(), b()), false);
        check((a(), b()), (a(), Value::Unknown), false);
        check((a(), b()), (b(), b()), true);
        check((a(), b()), (a(), Value::Null), true);
        check((a(), Value::Null), (Value::Null, Value::Null), true);
    }

    #[test]
    fn known_identity_values_stay_and_new_ones_are_added() {
        let check = |before: (Value, Value), after: (Value, Value), expected: &str| {
            let identity = completed(&object(before.0, before.1), &object(after.0, after.1));
            assert_eq!(Shown(&identity).to_string(), expected);
        };
        check(
            ("a".into(), Value::Null),
            (Value::Unknown, "b".into()),
            r#"account = "b", space = "a""#,
        );
        check(
            (Value::Unknown, true.into()),
            (7.into(), Value::Unknown),
            "account = true, space = 7",
        );
        check(
            (Value::Null, Value::Null),
            (Value::Unknown, Value::Null),
            "account = null, space = (known after apply)",
        );
    }

    #[test]
    fn only_the_attributes_of_the_schema_belong_to_an_identity() {
        let schema = IdentitySchema::new(vec![
            IdentityAttribute::required("space", IdentityType::String, ""),
            IdentityAttribute::optional("account", IdentityType::String, ""),
            IdentityAttribute::only_for_import("key", IdentityType::String, ""),
        ]);
        let mut state = object("a".into(), Value::Null);
        state.set("colour", "red");
        state.set("key", "k");
        let identity = schema.project(&state);
        let mut expected = object("a".into(), Value::Null);
        expected.set("key", Value::Null);
        assert_eq!(identity, expected);
        assert!(schema.missing(&identity).is_empty());
        assert_eq!(schema.missing(&Object::new()), ["space"]);
        assert_eq!(
            schema.ty().to_json().to_string(),
            r#"["object",{"account":"string","key":"string","space":"string"}]"#
        );
    }
}
