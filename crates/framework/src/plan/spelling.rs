//! Values that mean the same in another spelling: JSON documents, URLs, words in capitals.
//!
//! A remote service may send a value back in its own spelling. Taken into the state, it would differ from the
//! configuration for ever; after an apply, Terraform refuses it as another value than the planned one. So the spelling
//! that was there first stays.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::{
    json,
    number::Number,
    schema::{Attribute, AttributeKind, Block, Collection, Equality},
    value::{Object, Value},
};

use super::same;

impl Equality {
    /// Whether two known texts mean the same. All other values do so only when they are equal.
    pub(crate) fn means_the_same(self, left: &Value, right: &Value) -> bool {
        match (left, right) {
            (Value::String(left), Value::String(right)) => {
                left == right || self.same_text(left, right)
            }
            _ => left == right,
        }
    }

    fn same_text(self, left: &str, right: &str) -> bool {
        match self {
            Self::Json => match (parse_json(left), parse_json(right)) {
                (Some(left), Some(right)) => same_json(&left, &right),
                _ => false,
            },
            Self::IgnoreCase => left.to_lowercase() == right.to_lowercase(),
            Self::TrimmedUrl => trimmed_url(left) == trimmed_url(right),
            Self::Custom(same) => same(left, right),
        }
    }
}

fn trimmed_url(text: &str) -> &str {
    text.trim().trim_end_matches('/')
}

/// `None` also for what is read in two ways: a document with the same key twice.
fn parse_json(text: &str) -> Option<Json> {
    json::decode_document(text.as_bytes()).ok()
}

/// Numbers are equal by value, so that `1.0` is `1` and no digit is lost.
fn same_json(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => {
            let number = |text: String| text.parse::<Number>();
            left == right
                || matches!(
                    (number(left.to_string()), number(right.to_string())),
                    (Ok(left), Ok(right)) if left == right
                )
        }
        (Json::Array(left), Json::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| same_json(left, right))
        }
        (Json::Object(left), Json::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, left)| right.get(key).is_some_and(|right| same_json(left, right)))
        }
        _ => left == right,
    }
}

/// Gives an object the spellings that another one has for the same values.
pub(crate) fn keep_spelling(block: &Block, before: &Object, after: &mut Object) {
    if !has_equality(block) {
        return;
    }
    let mut attributes = std::mem::take(after).into_attributes();
    keep_in_block(block, before.attributes(), &mut attributes);
    *after = attributes.into();
}

fn has_equality(block: &Block) -> bool {
    fn among(attributes: &[Attribute]) -> bool {
        attributes.iter().any(|attribute| {
            attribute.equality.is_some()
                || matches!(&attribute.kind, AttributeKind::Nested(_, nested) if among(nested))
        })
    }
    among(&block.attributes)
        || block
            .blocks
            .iter()
            .any(|nested| has_equality(&nested.block))
}

type Attributes = BTreeMap<String, Value>;

fn keep_in_block(block: &Block, before: &Attributes, after: &mut Attributes) {
    keep_in_attributes(&block.attributes, before, after);
    for nested in &block.blocks {
        if let (Some(before), Some(after)) = (before.get(nested.name), after.get_mut(nested.name)) {
            let keep = |before: &Attributes, after: &mut Attributes| {
                keep_in_block(&nested.block, before, after);
            };
            let same = |left: &Value, right: &Value| same(&nested.block.ty(), left, right);
            keep_in_objects(nested.nesting.collection(), before, after, &keep, &same);
        }
    }
}

fn keep_in_attributes(attributes: &[Attribute], before: &Attributes, after: &mut Attributes) {
    for attribute in attributes {
        let (Some(before), Some(after)) =
            (before.get(attribute.name), after.get_mut(attribute.name))
        else {
            continue;
        };
        if let Some(equality) = attribute.equality
            && equality.means_the_same(before, after)
        {
            *after = before.clone();
        }
        if let AttributeKind::Nested(collection, nested) = &attribute.kind {
            let keep = |before: &Attributes, after: &mut Attributes| {
                keep_in_attributes(nested, before, after);
            };
            let same = |left: &Value, right: &Value| {
                nested.iter().all(|attribute| {
                    let of = |object: &Value| match object {
                        Value::Map(object) => {
                            object.get(attribute.name).cloned().unwrap_or(Value::Null)
                        }
                        _ => Value::Null,
                    };
                    same(&attribute.ty(), &of(left), &of(right))
                })
            };
            keep_in_objects(*collection, before, after, &keep, &same);
        }
    }
}

/// An element of a set takes the spellings of one that it equals then, each of another one.
fn keep_in_objects(
    collection: Collection,
    before: &Value,
    after: &mut Value,
    keep: &dyn Fn(&Attributes, &mut Attributes),
    same: &dyn Fn(&Value, &Value) -> bool,
) {
    let keep_in = |before: &Value, after: &mut Value| {
        if let (Value::Map(before), Value::Map(after)) = (before, after) {
            keep(before, after);
        }
    };
    match (collection, before, after) {
        (Collection::Single, before, after) => keep_in(before, after),
        (Collection::List, Value::List(before), Value::List(after)) => {
            for (before, after) in before.iter().zip(after) {
                keep_in(before, after);
            }
        }
        (Collection::Map, Value::Map(before), Value::Map(after)) => {
            for (key, after) in after {
                if let Some(before) = before.get(key) {
                    keep_in(before, after);
                }
            }
        }
        (Collection::Set, Value::List(before), Value::List(after)) => {
            let mut left: Vec<&Value> = before.iter().collect();
            for after in after {
                let kept = left.iter().enumerate().find_map(|(index, before)| {
                    let mut candidate = after.clone();
                    keep_in(before, &mut candidate);
                    same(before, &candidate).then_some((index, candidate))
                });
                if let Some((index, kept)) = kept {
                    left.swap_remove(index);
                    *after = kept;
                }
            }
        }
        _ => {}
    }
}
