//! Terraform values: at every level null, unknown or known.
//!
//! Must not contain: types, schemas or encodings. A value's type is told by whoever holds its schema.

use std::{collections::BTreeMap, fmt};

use super::{number::Number, path::AttributePath, types::Type};

/// A Terraform value.
///
/// `Debug` shows shapes only, because any value may be a secret.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(test, derive(Debug))]
pub enum Value {
    /// Not set.
    Null,
    /// Known only after apply.
    Unknown,
    /// True or false.
    Bool(bool),
    /// A decimal number.
    Number(Number),
    /// Text.
    String(String),
    /// The elements of a list, a set or a tuple.
    List(Vec<Self>),
    /// The elements of a map, or the attributes of an object.
    Map(BTreeMap<String, Self>),
    /// A value of the type `dynamic`, which brings its own type. Never null or unknown itself as a whole.
    Dynamic(Box<(Type, Self)>),
}

/// What [`Object::get`] answers for a name that is not there.
static NULL: Value = Value::Null;

impl Value {
    /// Text.
    #[must_use]
    pub fn string(text: impl Into<String>) -> Self {
        Self::String(text.into())
    }

    /// Text, or null.
    #[must_use]
    pub fn optional_string(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Null, Self::string)
    }

    /// The text, if this is known text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Whether this is null. An unknown value may turn out null; it is not null now.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether this is unknown as a whole.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// Whether nothing in it is unknown.
    #[must_use]
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => true,
            Self::List(elements) => elements.iter().all(Self::is_wholly_known),
            Self::Map(elements) => elements.values().all(Self::is_wholly_known),
            Self::Dynamic(typed) => typed.1.is_wholly_known(),
        }
    }

    /// What kind of value this is, in a word; never the content.
    #[must_use]
    pub fn shape(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Unknown => "unknown",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Dynamic(_) => "dynamic",
        }
    }
}

#[cfg(not(test))]
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(elements) => f.debug_list().entries(elements).finish(),
            Self::Map(elements) => f.debug_map().entries(elements).finish(),
            other => f.write_str(other.shape()),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::string(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

/// The attributes and nested blocks of one object: a resource, a provider block, a nested block.
#[derive(Clone, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub struct Object(BTreeMap<String, Value>);

impl Object {
    /// Without attributes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An attribute or nested block; null when it is not there.
    #[must_use]
    pub fn get(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&NULL)
    }

    /// The known text of an attribute; `None` when it is null, unknown or no text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).as_str()
    }

    /// A nested block or object that is known, and not null.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<&BTreeMap<String, Value>> {
        match self.get(name) {
            Value::Map(attributes) => Some(attributes),
            _ => None,
        }
    }

    /// Sets an attribute or nested block.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.0.insert(name.into(), value.into());
    }

    /// Name and value, in order of name.
    pub fn iter(&self) -> std::collections::btree_map::Iter<'_, String, Value> {
        self.0.iter()
    }

    /// The attributes themselves.
    #[must_use]
    pub fn attributes(&self) -> &BTreeMap<String, Value> {
        &self.0
    }

    /// The attributes themselves.
    #[must_use]
    pub fn into_attributes(self) -> BTreeMap<String, Value> {
        self.0
    }
}

#[cfg(not(test))]
impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<BTreeMap<String, Value>> for Object {
    fn from(attributes: BTreeMap<String, Value>) -> Self {
        Self(attributes)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Map(object.0)
    }
}

/// A value as it travels in the protocol: encoded, its type told by the schema.
///
/// Shape: at most one of the two is filled; both empty means null. Terraform sends MessagePack and takes either.
/// Source: message `DynamicValue` of plugin protocol 6.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct DynamicValue {
    /// The MessagePack form.
    pub msgpack: Vec<u8>,
    /// The JSON form, which cannot hold unknown values.
    pub json: Vec<u8>,
}

impl fmt::Debug for DynamicValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "DynamicValue({} bytes of MessagePack, {} of JSON)",
            self.msgpack.len(),
            self.json.len()
        )
    }
}

/// Encoded input that is no value of the expected type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// Where in the value.
    pub path: AttributePath,
    /// What was expected and what was found there; never the content of a value, which may be secret.
    pub reason: String,
}

impl DecodeError {
    /// An error at a place.
    pub fn new(path: AttributePath, reason: impl Into<String>) -> Self {
        Self {
            path,
            reason: reason.into(),
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.reason)
    }
}

impl std::error::Error for DecodeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_leaf_makes_the_whole_not_wholly_known() {
        let check = |value: Value, expected: bool| {
            assert_eq!(value.is_wholly_known(), expected, "{value:?}")
        };
        check(Value::Null, true);
        check(Value::Unknown, false);
        check(Value::List(vec!["a".into(), Value::Null]), true);
        check(Value::List(vec!["a".into(), Value::Unknown]), false);
        check(
            Value::Map(BTreeMap::from([("a".to_owned(), Value::Unknown)])),
            false,
        );
        check(
            Value::Dynamic(Box::new((Type::String, Value::Unknown))),
            false,
        );
    }

    #[test]
    fn a_name_that_is_not_there_is_null() {
        let mut object = Object::new();
        object.set("a", "text");
        assert_eq!(object.text("a"), Some("text"));
        assert_eq!(object.get("b"), &Value::Null);
        assert_eq!(object.text("b"), None);
    }
}
