//! The type of a value, and its JSON form (the type constraints of plugin protocol 6).
//!
//! Must not contain: values, or anything that only a schema knows (required, sensitive, ...).

use std::{collections::BTreeMap, fmt};

use serde_json::Value as Json;

/// The type of a Terraform value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// Unicode text.
    String,
    /// A decimal number of any size.
    Number,
    /// True or false.
    Bool,
    /// Any type; on the wire each value brings its own.
    Dynamic,
    /// An ordered collection.
    List(Box<Self>),
    /// An unordered collection without duplicates.
    Set(Box<Self>),
    /// A collection by key.
    Map(Box<Self>),
    /// A fixed sequence, each element with its own type.
    Tuple(Vec<Self>),
    /// A fixed set of attributes.
    Object(BTreeMap<String, Self>),
}

/// Nesting beyond this is refused: no real configuration comes near it, and recursion must have an end.
pub(crate) const MAX_DEPTH: usize = 100;

impl Type {
    /// The type as JSON, for example `["list","string"]`, as the schema's `type` bytes carry it.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Self::String => "string".into(),
            Self::Number => "number".into(),
            Self::Bool => "bool".into(),
            Self::Dynamic => "dynamic".into(),
            Self::List(element) => Json::Array(vec!["list".into(), element.to_json()]),
            Self::Set(element) => Json::Array(vec!["set".into(), element.to_json()]),
            Self::Map(element) => Json::Array(vec!["map".into(), element.to_json()]),
            Self::Tuple(elements) => Json::Array(vec![
                "tuple".into(),
                Json::Array(elements.iter().map(Self::to_json).collect()),
            ]),
            Self::Object(attributes) => {
                let attributes = attributes
                    .iter()
                    .map(|(name, ty)| (name.clone(), ty.to_json()))
                    .collect();
                Json::Array(vec!["object".into(), Json::Object(attributes)])
            }
        }
    }

    /// Reads the JSON form.
    ///
    /// # Errors
    /// Names what was found where a type was expected.
    pub fn from_json(json: &Json) -> Result<Self, TypeError> {
        Self::from_json_at(json, 0)
    }

    fn from_json_at(json: &Json, depth: usize) -> Result<Self, TypeError> {
        if depth > MAX_DEPTH {
            return Err(TypeError("a type nested too deeply".to_owned()));
        }
        let unknown = || TypeError(format!("the type {}", shortened(json)));
        match json {
            Json::String(name) => match name.as_str() {
                "string" => Ok(Self::String),
                "number" => Ok(Self::Number),
                "bool" => Ok(Self::Bool),
                "dynamic" => Ok(Self::Dynamic),
                _ => Err(unknown()),
            },
            Json::Array(parts) => {
                let element = |json: &Json| Self::from_json_at(json, depth + 1);
                match (
                    parts.first().and_then(Json::as_str),
                    parts.get(1),
                    parts.len(),
                ) {
                    (Some("list"), Some(of), 2) => Ok(Self::List(Box::new(element(of)?))),
                    (Some("set"), Some(of), 2) => Ok(Self::Set(Box::new(element(of)?))),
                    (Some("map"), Some(of), 2) => Ok(Self::Map(Box::new(element(of)?))),
                    (Some("tuple"), Some(Json::Array(of)), 2) => Ok(Self::Tuple(
                        of.iter().map(element).collect::<Result<_, _>>()?,
                    )),
                    // A third part lists the optional attributes of a constraint; a value's type has no use for it.
                    (Some("object"), Some(Json::Object(of)), 2 | 3) => {
                        let attributes =
                            of.iter().map(|(name, ty)| Ok((name.clone(), element(ty)?)));
                        Ok(Self::Object(attributes.collect::<Result<_, TypeError>>()?))
                    }
                    _ => Err(unknown()),
                }
            }
            _ => Err(unknown()),
        }
    }
}

fn shortened(json: &Json) -> String {
    let text = json.to_string();
    match text.char_indices().nth(80) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}

/// A type constraint that plugin protocol 6 does not know. Displays as what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeError(String);

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TypeError {}

/// As a person says it: `string`, `list of number`, `object`.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String => f.write_str("string"),
            Self::Number => f.write_str("number"),
            Self::Bool => f.write_str("bool"),
            Self::Dynamic => f.write_str("value of any type"),
            Self::List(element) => write!(f, "list of {element}"),
            Self::Set(element) => write!(f, "set of {element}"),
            Self::Map(element) => write!(f, "map of {element}"),
            Self::Tuple(elements) => write!(f, "tuple of {} elements", elements.len()),
            Self::Object(attributes) => write!(f, "object with {} attributes", attributes.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: Option<&str>) {
        let json: Json = serde_json::from_str(json).expect("the case is JSON");
        let actual = Type::from_json(&json);
        match expected {
            Some(text) => {
                let ty = actual.expect("a type");
                assert_eq!(ty.to_string(), text);
                assert_eq!(ty.to_json(), json, "{text}");
            }
            None => assert!(actual.is_err(), "{json} was taken for {actual:?}"),
        }
    }

    #[test]
    fn type_survives_json() {
        check(r#""string""#, Some("string"));
        check(r#""number""#, Some("number"));
        check(r#""bool""#, Some("bool"));
        check(r#""dynamic""#, Some("value of any type"));
        check(r#"["list","string"]"#, Some("list of string"));
        check(r#"["set",["map","bool"]]"#, Some("set of map of bool"));
        check(
            r#"["tuple",["string","number"]]"#,
            Some("tuple of 2 elements"),
        );
        check(r#"["tuple",[]]"#, Some("tuple of 0 elements"));
        check(
            r#"["object",{"a":"string","b":["list","number"]}]"#,
            Some("object with 2 attributes"),
        );
    }

    #[test]
    fn other_json_is_refused() {
        for json in [
            r#""text""#,
            "null",
            "1",
            "[]",
            r#"["list"]"#,
            r#"["list","string","string"]"#,
            r#"["tuple","string"]"#,
            r#"["object",["string"]]"#,
            r#"["object",{"a":"text"}]"#,
            r#"{"list":"string"}"#,
        ] {
            check(json, None);
        }
        let deep = (0..MAX_DEPTH + 1).fold(Json::from("string"), |inner, _| {
            Json::Array(vec!["list".into(), inner])
        });
        assert_eq!(
            Type::from_json(&deep),
            Err(TypeError("a type nested too deeply".to_owned()))
        );
    }

    #[test]
    fn optional_attributes_of_an_object_constraint_are_ignored() {
        let json: Json = serde_json::from_str(r#"["object",{"a":"string"},["a"]]"#).expect("JSON");
        let expected = Type::Object(BTreeMap::from([("a".to_owned(), Type::String)]));
        assert_eq!(Type::from_json(&json), Ok(expected));
    }
}
