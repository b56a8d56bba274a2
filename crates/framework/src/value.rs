//! Terraform values: at every level null, unknown or known.
//!
//! Must not contain: types, schemas or encodings. The type of a value is in its schema.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
};

use super::{
    number::{Number, NumberError},
    path::AttributePath,
    types::{self, Type},
};

/// A Terraform value.
///
/// `Debug` shows shapes only, because any value may be a secret.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// A value of the type `dynamic`, which brings its own type, one other than `dynamic`. Null and unknown values may
    /// have a type or not; those without are plain [`Value::Null`] and [`Value::Unknown`].
    Dynamic(Box<(Type, Self)>),
}

/// The result of [`Object::get`] for a name that does not exist.
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

    /// The elements of a set, in the order given, each wholly known one once.
    ///
    /// Equal elements with something unknown in them stay apart, because they may turn out different. That is how
    /// Terraform counts the elements of a set as well.
    #[must_use]
    pub fn set(mut elements: Vec<Self>) -> Self {
        let mut seen = HashSet::new();
        let kept: Vec<bool> = elements
            .iter()
            .map(|element| !element.is_wholly_known() || seen.insert(element))
            .collect();
        let mut kept = kept.into_iter();
        elements.retain(|_| kept.next().unwrap_or(true));
        Self::List(elements)
    }

    /// The text, if this is known text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Whether this is null, with a type of its own or without. An unknown value may turn out null; it is not null now.
    #[must_use]
    pub fn is_null(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Dynamic(typed) => typed.1.is_null(),
            _ => false,
        }
    }

    /// Whether this is unknown as a whole, with a type of its own or without.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        match self {
            Self::Unknown => true,
            Self::Dynamic(typed) => typed.1.is_unknown(),
            _ => false,
        }
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

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
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

/// A value as it is sent in the protocol: encoded. Its type is in the schema.
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

/// Where a decoder stands: a chain on its stack, which becomes an [`AttributePath`] only when something is wrong.
///
/// It also words the errors that do not depend on the encoding, so that both encodings fail alike.
#[derive(Clone, Copy)]
pub(super) struct DecodePath<'a> {
    from: Option<(&'a Self, DecodeStep<'a>)>,
    depth: usize,
}

#[derive(Clone, Copy)]
enum DecodeStep<'a> {
    Attribute(&'a str),
    Key(&'a str),
    Index(usize),
    /// Into a set or a dynamic value, for which a path has no step.
    Inside,
}

impl<'a> DecodePath<'a> {
    pub(super) const ROOT: Self = Self {
        from: None,
        depth: 0,
    };

    pub(super) fn attribute(&'a self, name: &'a str) -> Self {
        self.then(DecodeStep::Attribute(name))
    }

    pub(super) fn key(&'a self, key: &'a str) -> Self {
        self.then(DecodeStep::Key(key))
    }

    pub(super) fn index(&'a self, index: usize) -> Self {
        self.then(DecodeStep::Index(index))
    }

    pub(super) fn inside(&'a self) -> Self {
        self.then(DecodeStep::Inside)
    }

    fn then(&'a self, step: DecodeStep<'a>) -> Self {
        Self {
            from: Some((self, step)),
            depth: self.depth + 1,
        }
    }

    /// To be asked before every step down: recursion must have an end.
    pub(super) fn check_depth(&self) -> Result<(), DecodeError> {
        if self.depth > types::MAX_DEPTH {
            let limit = types::MAX_DEPTH;
            return Err(self.error(format!("nested more than {limit} levels deep")));
        }
        Ok(())
    }

    pub(super) fn error(&self, reason: impl Into<String>) -> DecodeError {
        DecodeError::new(self.path(), reason)
    }

    pub(super) fn mismatch(&self, expected: &Type, found: impl fmt::Display) -> DecodeError {
        self.error(format!("expected {expected}, found {found}"))
    }

    pub(super) fn bad_number(&self, error: NumberError) -> DecodeError {
        self.error(format!("expected number, but this is {error}"))
    }

    pub(super) fn repeated(&self, key: &str) -> DecodeError {
        self.error(format!("{} occurs more than once", Quoted(key)))
    }

    pub(super) fn unsupported_attribute(&self, name: &str) -> DecodeError {
        self.error(format!("unsupported attribute {}", Quoted(name)))
    }

    /// An object must bring all its attributes; null ones as null.
    pub(super) fn check_complete(
        &self,
        found: &BTreeMap<String, Value>,
        expected: &BTreeMap<String, Type>,
    ) -> Result<(), DecodeError> {
        match expected.keys().find(|name| !found.contains_key(*name)) {
            None => Ok(()),
            Some(missing) => Err(self.error(format!(
                "expected object with {} attributes, found {}: {} is missing",
                expected.len(),
                found.len(),
                Quoted(missing)
            ))),
        }
    }

    pub(super) fn path(&self) -> AttributePath {
        match self.from {
            None => AttributePath::root(),
            Some((parent, DecodeStep::Attribute(name))) => parent.path().then_attribute(name),
            Some((parent, DecodeStep::Key(key))) => parent.path().then_key(key),
            Some((parent, DecodeStep::Index(index))) => parent.path().then_index(index),
            Some((parent, DecodeStep::Inside)) => parent.path(),
        }
    }
}

/// A name out of the input, in quotes and cut to a length that fits a sentence.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(80) {
            Some((end, _)) => write!(f, "{:?}...", &self.0[..end]),
            None => write!(f, "{:?}", self.0),
        }
    }
}

/// Types, and values of them, that nobody would think of.
#[cfg(test)]
pub(super) mod strategies {
    use proptest::{collection, prelude::*};

    use super::*;

    /// How often a dynamic value may hold another.
    const DYNAMIC_DEPTH: u32 = 2;

    /// A type with a value of it; without `all_kinds`, one that JSON can hold: no unknown value, no infinity.
    pub(crate) fn typed_values(all_kinds: bool) -> impl Strategy<Value = (Type, Value)> {
        types().prop_flat_map(move |ty| {
            let values = values(&ty, all_kinds, DYNAMIC_DEPTH);
            (Just(ty), values)
        })
    }

    fn types() -> impl Strategy<Value = Type> {
        let leaf = prop_oneof![
            Just(Type::String),
            Just(Type::Number),
            Just(Type::Bool),
            Just(Type::Dynamic),
        ];
        leaf.prop_recursive(4, 16, 4, |inner| {
            prop_oneof![
                inner.clone().prop_map(|of| Type::List(Box::new(of))),
                inner.clone().prop_map(|of| Type::Set(Box::new(of))),
                inner.clone().prop_map(|of| Type::Map(Box::new(of))),
                collection::vec(inner.clone(), 0..4).prop_map(Type::Tuple),
                collection::btree_map("[a-z_]{1,8}", inner, 0..4).prop_map(Type::Object),
            ]
        })
    }

    fn values(ty: &Type, all_kinds: bool, dynamic_depth: u32) -> BoxedStrategy<Value> {
        let elements = |of: &Type| {
            let element = values(of, all_kinds, dynamic_depth);
            collection::vec(element, 0..5)
        };
        let known = match ty {
            Type::String => any::<String>().prop_map(Value::String).boxed(),
            Type::Number => numbers(all_kinds).prop_map(Value::Number).boxed(),
            Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
            Type::List(of) => elements(of).prop_map(Value::List).boxed(),
            Type::Set(of) => elements(of).prop_map(Value::set).boxed(),
            Type::Map(of) => {
                let element = values(of, all_kinds, dynamic_depth);
                let elements = collection::btree_map(any::<String>(), element, 0..5);
                elements.prop_map(Value::Map).boxed()
            }
            Type::Tuple(of) => {
                let elements = of.iter().map(|of| values(of, all_kinds, dynamic_depth));
                let elements: Vec<_> = elements.collect();
                elements.prop_map(Value::List).boxed()
            }
            Type::Object(of) => {
                let names: Vec<String> = of.keys().cloned().collect();
                let attributes = of.values().map(|of| values(of, all_kinds, dynamic_depth));
                let attributes: Vec<_> = attributes.collect();
                let object = attributes.prop_map(move |values| {
                    Value::Map(names.iter().cloned().zip(values).collect())
                });
                object.boxed()
            }
            Type::Dynamic if dynamic_depth == 0 => Just(Value::Null).boxed(),
            Type::Dynamic => {
                let types = types()
                    .prop_filter("a value's own type is definite", |ty| *ty != Type::Dynamic);
                let typed = types.prop_flat_map(move |ty| {
                    let values = values(&ty, all_kinds, dynamic_depth - 1);
                    (Just(ty), values)
                });
                typed
                    .prop_map(|typed| Value::Dynamic(Box::new(typed)))
                    .boxed()
            }
        };
        let unknown = if all_kinds {
            Value::Unknown
        } else {
            Value::Null
        };
        prop_oneof![1 => Just(Value::Null), 1 => Just(unknown), 8 => known].boxed()
    }

    fn numbers(all_kinds: bool) -> impl Strategy<Value = Number> {
        prop_oneof![
            any::<i64>().prop_map(Number::from),
            any::<u64>().prop_map(Number::from),
            "-?[0-9]{1,40}(\\.[0-9]{1,40})?(e-?[0-9]{1,2})?"
                .prop_filter_map("decimal notation", |text| text.parse().ok()),
            any::<f64>().prop_filter_map("a number", move |float| {
                Number::from_f64(float)
                    .ok()
                    .filter(|number| all_kinds || number.decimal().is_some())
            }),
        ]
    }
}

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
    fn conversion_keeps_null_and_unknown() {
        let check = |value: Value, null: bool, unknown: bool| {
            let typed = Value::Dynamic(Box::new((Type::String, value.clone())));
            for value in [value, typed] {
                assert_eq!(
                    (value.is_null(), value.is_unknown()),
                    (null, unknown),
                    "{value:?}"
                );
            }
        };
        check(Value::Null, true, false);
        check(Value::Unknown, false, true);
        check("x".into(), false, false);
    }

    #[test]
    fn a_set_keeps_each_known_element_once() {
        let check = |elements: Vec<Value>, expected: Vec<Value>| {
            assert_eq!(Value::set(elements), Value::List(expected));
        };
        check(vec![], vec![]);
        check(
            vec!["b".into(), "a".into(), "b".into(), Value::Null, Value::Null],
            vec!["b".into(), "a".into(), Value::Null],
        );
        check(
            vec![Value::Unknown, Value::Unknown],
            vec![Value::Unknown, Value::Unknown],
        );
        let partly_known = Value::List(vec!["a".into(), Value::Unknown]);
        check(
            vec![partly_known.clone(), partly_known.clone()],
            vec![partly_known.clone(), partly_known],
        );
    }

    #[test]
    fn missing_name_is_null() {
        let mut object = Object::new();
        object.set("a", "text");
        assert_eq!(object.text("a"), Some("text"));
        assert_eq!(object.get("b"), &Value::Null);
        assert_eq!(object.text("b"), None);
    }
}
