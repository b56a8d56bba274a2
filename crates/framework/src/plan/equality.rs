//! Equality of values as Terraform sees it.
//!
//! Must not contain: what a difference leads to.

use std::collections::{BTreeMap, BTreeSet};

use crate::{types::Type, value::Value};

/// Whether two values of a type are the same to Terraform: the order of a set does not count.
#[must_use]
pub(crate) fn same(ty: &Type, left: &Value, right: &Value) -> bool {
    left == right || canonical(ty, left) == canonical(ty, right)
}

pub(super) fn same_attributes(
    ty: &Type,
    left: &BTreeMap<String, Value>,
    right: &BTreeMap<String, Value>,
) -> bool {
    left == right
        || canonical(ty, &Value::Map(left.clone())) == canonical(ty, &Value::Map(right.clone()))
}

/// The value with all sets sorted, and every attribute of an object present: equal where [`same`] is true.
pub(super) fn canonical(ty: &Type, value: &Value) -> Value {
    match (ty, value) {
        (Type::Set(element), Value::List(elements)) => {
            let sorted: BTreeSet<Value> = elements
                .iter()
                .map(|value| canonical(element, value))
                .collect();
            Value::List(sorted.into_iter().collect())
        }
        (Type::List(element), Value::List(elements)) => Value::List(
            elements
                .iter()
                .map(|value| canonical(element, value))
                .collect(),
        ),
        (Type::Tuple(types), Value::List(elements)) if types.len() == elements.len() => {
            Value::List(
                types
                    .iter()
                    .zip(elements)
                    .map(|(ty, value)| canonical(ty, value))
                    .collect(),
            )
        }
        (Type::Map(element), Value::Map(elements)) => Value::Map(
            elements
                .iter()
                .map(|(key, value)| (key.clone(), canonical(element, value)))
                .collect(),
        ),
        (Type::Object(types), Value::Map(attributes)) => {
            let attribute = |(name, ty): (&String, &Type)| {
                (
                    name.clone(),
                    canonical(ty, attributes.get(name).unwrap_or(&Value::Null)),
                )
            };
            Value::Map(types.iter().map(attribute).collect())
        }
        (Type::Dynamic, Value::Dynamic(typed)) => {
            Value::Dynamic(Box::new((typed.0.clone(), canonical(&typed.0, &typed.1))))
        }
        _ => value.clone(),
    }
}
