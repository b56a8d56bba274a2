//! Values from JSON: stored state (plugin protocol 6, `RawState`) and the JSON form of `DynamicValue`.
//!
//! Must not contain: knowledge of schemas beyond the type.
//!
//! The text becomes a tree first and a value of the type then, because the JSON form of a dynamic value names its
//! type after its value. JSON cannot hold unknown values and infinities.

use std::{cell::RefCell, collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value as Json, error::Category};

use super::{
    path::AttributePath,
    types::Type,
    value::{DecodeError, DecodePath, Value},
};

/// Reads a value of a type. The value must fill the input; an object must have exactly the attributes of its type.
///
/// # Errors
/// Where the text is no JSON, line and column; else the place of the first thing that does not fit, with what was
/// expected and the kind of what was found.
pub(crate) fn decode(bytes: &[u8], ty: &Type) -> Result<Value, DecodeError> {
    value(parse(bytes)?, ty, &DecodePath::ROOT, Attributes::Exact)
}

/// Reads a value of a type from state that an earlier version of the schema may have written, and says what was dropped.
///
/// Attributes that the type no longer has are dropped, those that it did not have then are null. Within a dynamic
/// value nothing is dropped or added: its type was stored along with it.
///
/// # Errors
/// As [`decode`].
pub(crate) fn decode_stored(bytes: &[u8], ty: &Type) -> Result<(Value, Dropped), DecodeError> {
    let dropped = RefCell::new(Dropped::default());
    let value = value(
        parse(bytes)?,
        ty,
        &DecodePath::ROOT,
        Attributes::Stored(&dropped),
    )?;
    Ok((value, dropped.into_inner()))
}

/// Reads a JSON object of any shape.
///
/// # Errors
/// Where the text is no JSON, line and column; else what was found in place of an object, or where an object has a key
/// twice.
pub(super) fn decode_object(bytes: &[u8]) -> Result<Map<String, Json>, DecodeError> {
    match parse(bytes)? {
        Node::Object(entries) => document_object(entries, &DecodePath::ROOT),
        node => Err(DecodePath::ROOT.error(format!("expected an object, found {}", node.name()))),
    }
}

/// Reads any JSON document.
///
/// # Errors
/// As [`decode_object`].
pub(super) fn decode_document(bytes: &[u8]) -> Result<Json, DecodeError> {
    document(parse(bytes)?, &DecodePath::ROOT)
}

/// The places of what was left out, because the type does not have it. What holds nothing (null, an empty list, an empty
/// object) does not count.
///
/// Shown as a list of paths, the first few of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dropped {
    paths: Vec<AttributePath>,
    further: usize,
}

impl Dropped {
    /// So many paths are shown; a person does not read more.
    const SHOWN: usize = 10;

    /// Whether nothing was left out.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    fn add(&mut self, place: &DecodePath<'_>) {
        if self.paths.len() < Self::SHOWN {
            self.paths.push(place.path());
        } else {
            self.further += 1;
        }
    }
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, path) in self.paths.iter().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            path.fmt(f)?;
        }
        match self.further {
            0 => Ok(()),
            further => write!(f, " and {further} more"),
        }
    }
}

/// How the attributes of an object have to agree with its type.
#[derive(Clone, Copy)]
enum Attributes<'a> {
    Exact,
    Stored(&'a RefCell<Dropped>),
}

fn value(
    node: Node,
    ty: &Type,
    place: &DecodePath<'_>,
    rule: Attributes<'_>,
) -> Result<Value, DecodeError> {
    place.check_depth()?;
    match (ty, node) {
        (_, Node::Null) => Ok(Value::Null),
        (Type::Bool, Node::Bool(value)) => Ok(Value::Bool(value)),
        (Type::String, Node::String(text)) => Ok(Value::String(text)),
        (Type::Number, Node::Number(digits)) => match digits.parse() {
            Ok(number) => Ok(Value::Number(number)),
            Err(error) => Err(place.bad_number(error)),
        },
        (Type::List(element), Node::Array(nodes)) => {
            let elements = nodes.into_iter().enumerate();
            let elements =
                elements.map(|(index, node)| value(node, element, &place.index(index), rule));
            Ok(Value::List(elements.collect::<Result<_, _>>()?))
        }
        (Type::Set(element), Node::Array(nodes)) => {
            let elements = nodes.into_iter();
            let elements = elements.map(|node| value(node, element, &place.inside(), rule));
            Ok(Value::set(elements.collect::<Result<_, _>>()?))
        }
        (Type::Tuple(types), Node::Array(nodes)) => {
            if nodes.len() != types.len() {
                return Err(place.mismatch(ty, format_args!("{} elements", nodes.len())));
            }
            let elements = nodes.into_iter().zip(types).enumerate();
            let elements =
                elements.map(|(index, (node, ty))| value(node, ty, &place.index(index), rule));
            Ok(Value::List(elements.collect::<Result<_, _>>()?))
        }
        (Type::Map(element), Node::Object(entries)) => {
            let mut elements = BTreeMap::new();
            for (key, node) in entries {
                let value = value(node, element, &place.key(&key), rule)?;
                if elements.contains_key(&key) {
                    return Err(place.repeated(&key));
                }
                elements.insert(key, value);
            }
            Ok(Value::Map(elements))
        }
        (Type::Object(types), Node::Object(entries)) => object(entries, types, place, rule),
        (Type::Dynamic, Node::Object(entries)) => dynamic(entries, place),
        (Type::Dynamic, node) => Err(place.error(format!(
            "expected an object of type and value, found {}",
            node.name()
        ))),
        (expected, node) => Err(place.mismatch(expected, node.name())),
    }
}

fn object(
    entries: Vec<(String, Node)>,
    types: &BTreeMap<String, Type>,
    place: &DecodePath<'_>,
    rule: Attributes<'_>,
) -> Result<Value, DecodeError> {
    let mut attributes = BTreeMap::new();
    for (name, node) in entries {
        match (types.get(&name), rule) {
            (None, Attributes::Stored(dropped)) => {
                if !node.is_empty() {
                    dropped.borrow_mut().add(&place.attribute(&name));
                }
            }
            (None, Attributes::Exact) => return Err(place.unsupported_attribute(&name)),
            (Some(ty), _) => {
                let value = value(node, ty, &place.attribute(&name), rule)?;
                if attributes.contains_key(&name) {
                    return Err(place.repeated(&name));
                }
                attributes.insert(name, value);
            }
        }
    }
    match rule {
        Attributes::Exact => place.check_complete(&attributes, types)?,
        Attributes::Stored(_) => {
            for name in types.keys() {
                if !attributes.contains_key(name) {
                    attributes.insert(name.clone(), Value::Null);
                }
            }
        }
    }
    Ok(Value::Map(attributes))
}

/// `{"value": ..., "type": ...}`. One whose type is `dynamic` again only wraps, and is unwrapped.
fn dynamic(entries: Vec<(String, Node)>, place: &DecodePath<'_>) -> Result<Value, DecodeError> {
    let (mut ty, mut inner) = (None, None);
    for (key, node) in entries {
        let part = match key.as_str() {
            "type" => &mut ty,
            "value" => &mut inner,
            _ => return Err(place.unsupported_attribute(&key)),
        };
        if part.replace(node).is_some() {
            return Err(place.repeated(&key));
        }
    }
    let (Some(ty), Some(inner)) = (ty, inner) else {
        return Err(place.error("expected an object of type and value, found one without both"));
    };
    // The type is not quoted: a sender that mixes up type and value would get its value quoted.
    let ty = ty
        .into_json()
        .and_then(|json| Type::from_json(&json).ok())
        .ok_or_else(|| place.error("the type beside the value is not a type constraint"))?;
    let value = value(inner, &ty, &place.inside(), Attributes::Exact)?;
    Ok(match ty {
        Type::Dynamic => value,
        ty => Value::Dynamic(Box::new((ty, value))),
    })
}

fn document(node: Node, place: &DecodePath<'_>) -> Result<Json, DecodeError> {
    Ok(match node {
        Node::Null => Json::Null,
        Node::Bool(value) => Json::Bool(value),
        Node::String(text) => Json::String(text),
        Node::Number(digits) => Json::Number(
            digits
                .parse()
                .map_err(|_| place.error("expected a number of JSON"))?,
        ),
        Node::Array(nodes) => nodes
            .into_iter()
            .enumerate()
            .map(|(index, node)| document(node, &place.index(index)))
            .collect::<Result<_, _>>()?,
        Node::Object(entries) => Json::Object(document_object(entries, place)?),
    })
}

fn document_object(
    entries: Vec<(String, Node)>,
    place: &DecodePath<'_>,
) -> Result<Map<String, Json>, DecodeError> {
    let mut object = Map::new();
    for (key, node) in entries {
        let value = document(node, &place.attribute(&key))?;
        if object.contains_key(&key) {
            return Err(place.repeated(&key));
        }
        object.insert(key, value);
    }
    Ok(object)
}

fn parse(bytes: &[u8]) -> Result<Node, DecodeError> {
    serde_json::from_slice(bytes).map_err(|error| {
        let reason = match error.classify() {
            // These are worded by serde_json, which quotes nothing and adds line and column.
            Category::Syntax | Category::Eof => format!("not valid JSON: {error}"),
            Category::Data | Category::Io => {
                let (line, column) = (error.line(), error.column());
                format!("not valid JSON at line {line} column {column}")
            }
        };
        DecodePath::ROOT.error(reason)
    })
}

/// JSON as it is written: numbers as their digits, and all entries of an object in order, duplicates included.
///
/// Nesting is limited by serde_json, so that building and dropping a tree cannot exhaust the stack.
enum Node {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Node {
    fn name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "list",
            Self::Object(_) => "map",
        }
    }

    /// Whether there is nothing in it to lose.
    fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Array(nodes) => nodes.is_empty(),
            Self::Object(entries) => entries.is_empty(),
            Self::Bool(_) | Self::Number(_) | Self::String(_) => false,
        }
    }

    /// The same tree for [`Type::from_json`]; `None` where an object has a key twice or something no type has in it.
    fn into_json(self) -> Option<Json> {
        match self {
            Self::String(text) => Some(Json::String(text)),
            Self::Array(nodes) => {
                let nodes = nodes.into_iter().map(Self::into_json);
                Some(Json::Array(nodes.collect::<Option<_>>()?))
            }
            Self::Object(entries) => {
                let mut object = Map::new();
                for (key, node) in entries {
                    if object.insert(key, node.into_json()?).is_some() {
                        return None;
                    }
                }
                Some(Json::Object(object))
            }
            Self::Null | Self::Bool(_) | Self::Number(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Visited::deserialize(deserializer)? {
            Visited::Node(node) => Ok(node),
            Visited::Digits(_) => Err(D::Error::custom("digits outside of a number")),
        }
    }
}

/// What serde_json shows to a visitor.
///
/// A number beyond 64 bits or with a fraction it shows, to keep all digits, as a map whose only value is an **owned**
/// string; whatever is a string in the text it shows as a borrowed one. That is what tells such a number from an
/// object that happens to look like it.
enum Visited {
    Node(Node),
    Digits(String),
}

impl<'de> Deserialize<'de> for Visited {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Visited;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Visited, E> {
        Ok(Visited::Node(Node::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Visited, E> {
        Ok(Visited::Node(Node::Bool(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Visited, E> {
        Ok(Visited::Node(Node::Number(value.to_string())))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Visited, E> {
        Ok(Visited::Node(Node::Number(value.to_string())))
    }

    fn visit_str<E>(self, text: &str) -> Result<Visited, E> {
        Ok(Visited::Node(Node::String(text.to_owned())))
    }

    fn visit_string<E>(self, digits: String) -> Result<Visited, E> {
        Ok(Visited::Digits(digits))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Visited, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = sequence.next_element()? {
            nodes.push(node);
        }
        Ok(Visited::Node(Node::Array(nodes)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Visited, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, visited)) = map.next_entry()? {
            match visited {
                Visited::Node(node) => entries.push((key, node)),
                Visited::Digits(digits) => return Ok(Visited::Node(Node::Number(digits))),
            }
        }
        Ok(Visited::Node(Node::Object(entries)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    fn decode_state(text: &[u8], ty: &Type) -> Result<Value, DecodeError> {
        decode_stored(text, ty).map(|(state, _)| state)
    }
    use crate::{number::MAX_DIGITS, value::strategies::typed_values};

    fn ty(json: &str) -> Type {
        let json = serde_json::from_str(json).expect("the case is JSON");
        Type::from_json(&json).expect("the case is a type")
    }

    fn number(digits: &str) -> Value {
        Value::Number(digits.parse().expect("the case is a number"))
    }

    fn list<const N: usize>(elements: [Value; N]) -> Value {
        Value::List(elements.into())
    }

    fn map<const N: usize>(elements: [(&str, Value); N]) -> Value {
        Value::Map(elements.map(|(key, value)| (key.to_owned(), value)).into())
    }

    fn dynamic(json: &str, value: Value) -> Value {
        Value::Dynamic(Box::new((ty(json), value)))
    }

    /// Where both ways of reading agree.
    fn check(text: &str, json: &str, expected: Value) {
        let decoded = decode(text.as_bytes(), &ty(json));
        assert_eq!(decoded, Ok(expected.clone()), "{text} as {json}");
        let decoded = decode_state(text.as_bytes(), &ty(json));
        assert_eq!(decoded, Ok(expected), "{text} as {json}, stored");
    }

    fn check_exact_error(text: &[u8], json: &str, expected: &str) {
        let shown = String::from_utf8_lossy(text);
        match decode(text, &ty(json)) {
            Ok(value) => panic!("{shown} as {json} was taken for {value:?}"),
            Err(error) => assert_eq!(error.to_string(), expected, "{shown} as {json}"),
        }
    }

    /// Where both ways of reading agree.
    fn check_error(text: impl AsRef<[u8]>, json: &str, expected: &str) {
        let text = text.as_ref();
        check_exact_error(text, json, expected);
        assert_eq!(decode_state(text, &ty(json)), decode(text, &ty(json)));
    }

    #[test]
    fn null_fits_every_type() {
        for json in [
            r#""string""#,
            r#""number""#,
            r#""bool""#,
            r#""dynamic""#,
            r#"["list","string"]"#,
            r#"["set","string"]"#,
            r#"["map","string"]"#,
            r#"["tuple",["string"]]"#,
            r#"["object",{"a":"string"}]"#,
        ] {
            check(" null\n", json, Value::Null);
        }
    }

    #[test]
    fn strings_and_bools() {
        check(r#""""#, r#""string""#, "".into());
        check(r#""naï""#, r#""string""#, "naï".into());
        check(
            r#""\u00e4\n\ud83d\ude00\u0000""#,
            r#""string""#,
            "ä\n😀\0".into(),
        );
        check("true", r#""bool""#, true.into());
        check("false", r#""bool""#, false.into());
    }

    #[test]
    fn numbers_keep_their_digits() {
        let check = |text: &str, digits: &str| check(text, r#""number""#, number(digits));
        check("0", "0");
        check("-0", "0");
        check("7", "7");
        check("-1.50", "-1.5");
        check("1e2", "100");
        check("1E+2", "100");
        check("25e-1", "2.5");
        check("9223372036854775808", "9223372036854775808");
        check("18446744073709551616", "18446744073709551616");
        check("0.1", "0.1");
        check(
            "0.1000000000000000055511151231257827021181583404541015625",
            "0.1000000000000000055511151231257827021181583404541015625",
        );
        check(&"7".repeat(10_000), &"7".repeat(10_000));
    }

    #[test]
    fn a_number_has_a_limit() {
        let too_long = "(root): expected number, but this is a number with more than 65536 digits";
        check_error("7".repeat(MAX_DIGITS + 1), r#""number""#, too_long);
        check_error("1e999999999", r#""number""#, too_long);
        check_error("-1e-999999999", r#""number""#, too_long);
    }

    #[test]
    fn lists_sets_and_tuples() {
        check(
            r#"["b",null,"b"]"#,
            r#"["list","string"]"#,
            list(["b".into(), Value::Null, "b".into()]),
        );
        check("[]", r#"["list","string"]"#, list([]));
        check(
            r#"["b","a","b"]"#,
            r#"["set","string"]"#,
            list(["b".into(), "a".into()]),
        );
        check("[1,1.0,10e-1]", r#"["set","number"]"#, list([1.into()]));
        check("[]", r#"["tuple",[]]"#, list([]));
        let pair = r#"["tuple",["string","number"]]"#;
        check(r#"["b",7]"#, pair, list(["b".into(), 7.into()]));
        check_error(
            r#"["b"]"#,
            pair,
            "(root): expected tuple of 2 elements, found 1 elements",
        );
        check_error(
            r#"["b",7,7]"#,
            pair,
            "(root): expected tuple of 2 elements, found 3 elements",
        );
    }

    #[test]
    fn maps() {
        let json = r#"["map","number"]"#;
        check("{}", json, map([]));
        check(
            r#"{"b":1,"":2,"a\u0062":null}"#,
            json,
            map([("", 2.into()), ("ab", Value::Null), ("b", 1.into())]),
        );
        check_error(
            r#"{"a":1,"a":1}"#,
            json,
            "(root): \"a\" occurs more than once",
        );
        check_error(
            r#"{"a":1,"\u0061":2}"#,
            json,
            "(root): \"a\" occurs more than once",
        );
    }

    /// The name by which serde_json marks a number is a name like any other when it comes from outside.
    #[test]
    fn object_that_looks_like_a_number_marker_stays_an_object() {
        let mark = "$serde_json::private::Number";
        let text = format!(r#"{{"{mark}":"5"}}"#);
        check(&text, r#"["map","string"]"#, map([(mark, "5".into())]));
        check_error(&text, r#""number""#, "(root): expected number, found map");
        let text = format!(r#"{{"{mark}":"\u0035"}}"#);
        check(&text, r#"["map","string"]"#, map([(mark, "5".into())]));
        let text = format!(r#"{{"{mark}":5,"a":6}}"#);
        check(
            &text,
            r#"["map","number"]"#,
            map([(mark, 5.into()), ("a", 6.into())]),
        );
        check_error(
            "5",
            r#"["map","string"]"#,
            "(root): expected map of string, found number",
        );
    }

    #[test]
    fn an_object_needs_exactly_its_attributes() {
        let json = r#"["object",{"a":"string","b":"number"}]"#;
        check(
            r#"{"b":2,"a":"x"}"#,
            json,
            map([("a", "x".into()), ("b", 2.into())]),
        );
        check("{}", r#"["object",{}]"#, map([]));
        check_exact_error(
            br#"{"a":"x"}"#,
            json,
            "(root): expected object with 2 attributes, found 1: \"b\" is missing",
        );
        check_exact_error(
            br#"{"a":"x","b":2,"c":3}"#,
            json,
            "(root): unsupported attribute \"c\"",
        );
        check_error(
            r#"{"a":"x","a":null}"#,
            json,
            "(root): \"a\" occurs more than once",
        );
    }

    #[test]
    fn stored_objects_are_brought_to_the_attributes_of_today() {
        let check = |text: &str, json: &str, expected: Value| {
            let decoded = decode_state(text.as_bytes(), &ty(json));
            assert_eq!(decoded, Ok(expected), "{text} as {json}");
        };
        let json = r#"["object",{"a":"string","b":["list",["object",{"c":"number","d":"bool"}]]}]"#;
        check("{}", json, map([("a", Value::Null), ("b", Value::Null)]));
        check(
            r#"{"a":"x","gone":{"a":[1,{"a":1,"a":2}]},"b":[{"c":1,"gone":"y"},null,{"d":true}]}"#,
            json,
            map([
                ("a", "x".into()),
                (
                    "b",
                    list([
                        map([("c", 1.into()), ("d", Value::Null)]),
                        Value::Null,
                        map([("c", Value::Null), ("d", true.into())]),
                    ]),
                ),
            ]),
        );
        // What remains has to fit all the same.
        let error = decode_state(br#"{"b":[{"c":true}],"gone":1}"#, &ty(json));
        assert_eq!(
            error.map_err(|error| error.to_string()),
            Err("b[0].c: expected number, found bool".to_owned())
        );
    }

    #[test]
    fn dynamic_value_has_its_type() {
        let json = r#""dynamic""#;
        let text = dynamic(r#""string""#, "x".into());
        check(r#"{"value":"x","type":"string"}"#, json, text.clone());
        check(r#"{"type":"string","value":"x"}"#, json, text.clone());
        check(
            r#"{"value":null,"type":["list","number"]}"#,
            json,
            dynamic(r#"["list","number"]"#, Value::Null),
        );
        check(
            r#"[{"value":"x","type":"string"},{"value":true,"type":"bool"},null]"#,
            r#"["list","dynamic"]"#,
            list([text.clone(), dynamic(r#""bool""#, true.into()), Value::Null]),
        );
        check(
            r#"{"value":{"value":"x","type":"string"},"type":"dynamic"}"#,
            json,
            text,
        );
        check(
            r#"{"value":{"a":1},"type":["object",{"a":"number"}]}"#,
            json,
            dynamic(r#"["object",{"a":"number"}]"#, map([("a", 1.into())])),
        );
    }

    #[test]
    fn malformed_dynamic_value_is_refused() {
        let check = |text: &str, expected: &str| {
            check_error(
                format!(r#"{{"k":{text}}}"#),
                r#"["map","dynamic"]"#,
                &format!("[\"k\"]: {expected}"),
            );
        };
        check("1", "expected an object of type and value, found number");
        check("[1,2]", "expected an object of type and value, found list");
        let without = "expected an object of type and value, found one without both";
        check("{}", without);
        check(r#"{"type":"string"}"#, without);
        check(r#"{"value":"secret"}"#, without);
        check(
            r#"{"value":1,"type":"number","more":1}"#,
            "unsupported attribute \"more\"",
        );
        check(
            r#"{"value":1,"type":"number","value":1}"#,
            "\"value\" occurs more than once",
        );
        let no_type = "the type beside the value is not a type constraint";
        check(r#"{"value":1,"type":"secret"}"#, no_type);
        check(r#"{"value":1,"type":null}"#, no_type);
        check(r#"{"value":1,"type":["list"]}"#, no_type);
        check(
            r#"{"value":{"a":1},"type":["object",{"a":"number","a":"string"}]}"#,
            no_type,
        );
        check(
            r#"{"value":true,"type":"number"}"#,
            "expected number, found bool",
        );
        // In state as well: this type was stored with its value.
        check(
            r#"{"value":{},"type":["object",{"a":"number"}]}"#,
            "expected object with 1 attributes, found 0: \"a\" is missing",
        );
    }

    #[test]
    fn another_kind_of_value_is_named_and_not_shown() {
        let kinds = [
            ("true", "bool"),
            ("7", "number"),
            (r#""secret""#, "string"),
            (r#""7""#, "string"),
            ("[true]", "list"),
            (r#"{"a":true}"#, "map"),
        ];
        let check = |json: &str, fitting: &str| {
            for (text, found) in kinds {
                if found != fitting {
                    let expected = format!("(root): expected {}, found {found}", ty(json));
                    check_error(text, json, &expected);
                }
            }
        };
        check(r#""string""#, "string");
        check(r#""number""#, "number");
        check(r#""bool""#, "bool");
        check(r#"["list","bool"]"#, "list");
        check(r#"["set","bool"]"#, "list");
        check(r#"["tuple",["bool"]]"#, "list");
        check(r#"["map","bool"]"#, "map");
        check(r#"["object",{"a":"bool"}]"#, "map");
    }

    #[test]
    fn an_error_names_its_place() {
        check_error(
            r#"{"a":[{},{"k":[true,7]}]}"#,
            r#"["object",{"a":["list",["map",["tuple",["bool","string"]]]]}]"#,
            "a[1][\"k\"][1]: expected string, found number",
        );
        // A path has no step into a set.
        check_error(
            r#"{"a":[{"b":true},{"b":1}]}"#,
            r#"["object",{"a":["set",["object",{"b":"bool"}]]}]"#,
            "a.b: expected bool, found number",
        );
    }

    #[test]
    fn invalid_json_is_reported_by_line_and_column() {
        let check = |text: &[u8], expected: &str| {
            let expected = format!("(root): not valid JSON: {expected}");
            check_error(text, r#"["map","string"]"#, &expected);
        };
        check(b"", "EOF while parsing a value at line 1 column 0");
        check(b"  \n ", "EOF while parsing a value at line 2 column 1");
        check(b"secret", "expected value at line 1 column 1");
        check(b"{\n \"a\": secret}", "expected value at line 2 column 7");
        check(
            b"{\"a\":\"secret",
            "EOF while parsing a string at line 1 column 12",
        );
        check(b"{\"a\":1,}", "trailing comma at line 1 column 8");
        check(b"{secret:1}", "key must be a string at line 1 column 2");
        check(b"{1:1}", "key must be a string at line 1 column 2");
        check(b"{} secret", "trailing characters at line 1 column 4");
        check(b"NaN", "expected value at line 1 column 1");
        check(b"-", "EOF while parsing a value at line 1 column 1");
        check(b"01", "invalid number at line 1 column 2");
        check(
            b"\"\\ud800\"",
            "unexpected end of hex escape at line 1 column 8",
        );
        check(
            b"\"\xff\xfe\"",
            "invalid unicode code point at line 1 column 2",
        );
        check(b"\xef\xbb\xbf{}", "expected value at line 1 column 1");
    }

    #[test]
    fn depth_limit_is_enforced() {
        let lists = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let nested =
            |levels: usize| (0..levels).fold(Type::String, |inner, _| Type::List(Box::new(inner)));
        assert!(decode(lists(100).as_bytes(), &nested(100)).is_ok());
        let error = decode(lists(102).as_bytes(), &nested(102)).expect_err("nested too deeply");
        assert_eq!(error.reason, "nested more than 100 levels deep");
        let error =
            decode(lists(1_000_000).as_bytes(), &nested(10)).expect_err("nested too deeply");
        assert_eq!(
            error.to_string(),
            "(root): not valid JSON: recursion limit exceeded at line 1 column 128"
        );
        // Also within what is dropped.
        let dropped = format!(r#"{{"gone":{}}}"#, lists(1_000_000));
        assert!(decode_state(dropped.as_bytes(), &ty(r#"["object",{}]"#)).is_err());
    }

    #[test]
    fn large_values_pass_quickly() {
        let started = Instant::now();
        let text = "ä".repeat(25_000_000);
        let decoded = decode(format!("\"{text}\"").as_bytes(), &Type::String);
        assert!(decoded == Ok(Value::String(text)));

        // A type with many attributes does not multiply with a value that leaves them all out.
        let attributes: Vec<String> = (0..20_000).map(|n| format!(r#""a{n}":"bool""#)).collect();
        let attributes = attributes.join(",");
        let empty = "{},".repeat(20_000);
        let text =
            format!(r#"{{"value":[{empty}{{}}],"type":["list",["object",{{{attributes}}}]]}}"#);
        assert!(decode_state(text.as_bytes(), &Type::Dynamic).is_err());
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "{:?}",
            started.elapsed()
        );
    }

    /// Terraform's JSON form of a value.
    fn written(value: &Value, ty: &Type) -> Json {
        let element = |index: usize| match ty {
            Type::List(of) | Type::Set(of) | Type::Map(of) => &**of,
            Type::Tuple(of) => &of[index],
            _ => panic!("{ty} has no elements"),
        };
        match value {
            Value::Null => Json::Null,
            Value::Unknown => panic!("JSON holds no unknown value"),
            Value::Bool(value) => Json::Bool(*value),
            Value::Number(number) => {
                let digits = number.decimal().expect("JSON holds no infinity");
                serde_json::from_str(digits).expect("decimal text is a JSON number")
            }
            Value::String(text) => Json::String(text.clone()),
            Value::List(elements) => {
                let elements = elements.iter().enumerate();
                elements
                    .map(|(index, value)| written(value, element(index)))
                    .collect()
            }
            Value::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| {
                    let ty = match ty {
                        Type::Object(attributes) => &attributes[key],
                        _ => element(0),
                    };
                    (key.clone(), written(value, ty))
                });
                Json::Object(entries.collect())
            }
            Value::Dynamic(typed) => serde_json::json!({
                "value": written(&typed.1, &typed.0),
                "type": typed.0.to_json(),
            }),
        }
    }

    fn config() -> ProptestConfig {
        ProptestConfig {
            // What is found becomes a case above.
            failure_persistence: None,
            ..ProptestConfig::default()
        }
    }

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn written_value_is_read_unchanged((ty, value) in typed_values(false)) {
            let text = written(&value, &ty).to_string();
            prop_assert_eq!(decode(text.as_bytes(), &ty), Ok(value.clone()), "{}", text);
            prop_assert_eq!(decode_state(text.as_bytes(), &ty), Ok(value), "{}", text);
        }

        /// Damaged input is an error or another value; that value then is a sound one.
        #[test]
        fn damaged_inputs_do_not_panic(
            (ty, value) in typed_values(false),
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
            cut in any::<Option<prop::sample::Index>>(),
        ) {
            let mut text = written(&value, &ty).to_string().into_bytes();
            for (position, byte) in damage {
                let position = position.index(text.len());
                text[position] = byte;
            }
            if let Some(cut) = cut {
                text.truncate(cut.index(text.len()));
            }
            for value in [decode(&text, &ty), decode_state(&text, &ty)].into_iter().flatten() {
                let text = written(&value, &ty).to_string();
                prop_assert_eq!(decode(text.as_bytes(), &ty), Ok(value));
            }
        }
    }
}
