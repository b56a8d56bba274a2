//! The last touches that make an object fit for the wire.
//!
//! Must not contain: encodings, or rules of a single resource.

use std::collections::BTreeMap;

use super::{
    path::AttributePath,
    schema::{Attribute, AttributeKind, Block, Collection, Nesting, Setting},
    value::{Object, Value},
};

/// Brings an object to the form that the protocol wants: collections of blocks are never null, a group is never absent,
/// and write-only attributes are null, for nothing may store them.
pub(super) fn complete(block: &Block, value: Value) -> Value {
    let Value::Map(mut attributes) = value else {
        return value;
    };
    for nested in &block.blocks {
        let value = attributes.remove(nested.name).unwrap_or(Value::Null);
        let value = match (nested.nesting, value) {
            (Nesting::List(_) | Nesting::Set(_), Value::Null) => Value::List(Vec::new()),
            (Nesting::Map, Value::Null) => Value::Map(BTreeMap::new()),
            (Nesting::Group, Value::Null) => complete(&nested.block, Value::Map(BTreeMap::new())),
            (nesting, value) => match (nesting.collection(), value) {
                (Collection::Single, value) => complete(&nested.block, value),
                (_, Value::List(objects)) => Value::List(
                    objects
                        .into_iter()
                        .map(|object| complete(&nested.block, object))
                        .collect(),
                ),
                (_, Value::Map(objects)) => Value::Map(
                    objects
                        .into_iter()
                        .map(|(key, object)| (key, complete(&nested.block, object)))
                        .collect(),
                ),
                (_, other) => other,
            },
        };
        attributes.insert(nested.name.to_owned(), value);
    }
    without_write_only(&block.attributes, &mut attributes);
    Value::Map(attributes)
}

/// Gives arguments that stored JSON does not name their default values: a release that did not know the argument stored it, and
/// did what the default says. Null, the argument would show as a change in the next plan. Terraform always stores every
/// attribute that the schema has.
pub(super) fn default_new_arguments(block: &Block, stored: &[u8], value: Value) -> Value {
    let defaults = block.attributes.iter();
    let mut defaults = defaults
        .filter_map(|attribute| Some((attribute.name, attribute.default.as_ref()?)))
        .peekable();
    let Value::Map(mut attributes) = value else {
        return value;
    };
    if defaults.peek().is_some()
        && let Ok(stored) =
            serde_json::from_slice::<BTreeMap<String, serde::de::IgnoredAny>>(stored)
    {
        for (name, default) in defaults {
            if !stored.contains_key(name) && attributes.get(name).is_none_or(Value::is_null) {
                attributes.insert(name.to_owned(), default.clone());
            }
        }
    }
    Value::Map(attributes)
}

fn without_write_only(attributes: &[Attribute], object: &mut BTreeMap<String, Value>) {
    for attribute in attributes {
        if attribute.write_only {
            object.insert(attribute.name.to_owned(), Value::Null);
        } else if let AttributeKind::Nested(collection, nested) = &attribute.kind
            && let Some(value) = object.get_mut(attribute.name)
        {
            match (collection, value) {
                (Collection::Single, Value::Map(object)) => without_write_only(nested, object),
                (Collection::Map, Value::Map(objects)) => {
                    for object in objects.values_mut() {
                        without_write_only_in(nested, object);
                    }
                }
                (Collection::List | Collection::Set, Value::List(objects)) => {
                    for object in objects {
                        without_write_only_in(nested, object);
                    }
                }
                _ => {}
            }
        }
    }
}

fn without_write_only_in(attributes: &[Attribute], object: &mut Value) {
    if let Value::Map(object) = object {
        without_write_only(attributes, object);
    }
}

/// The configuration that an object could have been made with: its state without what only the provider sets.
///
/// What the provider would set to the same value by itself is left out as well, if nothing is gained by saying it: a
/// default, and a deprecated attribute. All other values stay, deprecated ones included, because without them the plan
/// would change the object.
pub(super) fn config_of_state(block: &Block, state: Object) -> Object {
    let mut attributes = state.into_attributes();
    config_of_block(block, &mut attributes);
    attributes.into()
}

fn config_of_block(block: &Block, object: &mut BTreeMap<String, Value>) {
    config_of_attributes(&block.attributes, object);
    for nested in &block.blocks {
        if let Some(value) = object.get_mut(nested.name) {
            each_object(nested.nesting.collection(), value, &mut |object| {
                config_of_block(&nested.block, object);
            });
        }
    }
}

/// Returns whether a configuration can say what the object holds. If not, the whole is left out where the provider may set
/// it: what a configuration does not say stays as it is.
fn config_of_attributes(attributes: &[Attribute], object: &mut BTreeMap<String, Value>) -> bool {
    let mut can_be_said = true;
    for attribute in attributes {
        let Some(value) = object.get_mut(attribute.name) else {
            continue;
        };
        let is_left_out = match attribute.setting {
            Setting::Computed => true,
            Setting::OptionalComputed => match &attribute.default {
                Some(default) => default == value,
                None => attribute.deprecated.is_some(),
            },
            Setting::Required | Setting::Optional => false,
        };
        if is_left_out || attribute.write_only {
            *value = Value::Null;
            continue;
        }
        // A null in a configuration means the default.
        let mut fits = attribute.default.is_none() || !value.is_null();
        if let AttributeKind::Nested(collection, nested) = &attribute.kind {
            each_object(*collection, value, &mut |object| {
                fits &= config_of_attributes(nested, object);
            });
            fits &= *collection != Collection::Set || !has_equal_elements(value);
        }
        if !fits && attribute.setting == Setting::OptionalComputed && attribute.default.is_none() {
            *value = Value::Null;
        } else {
            can_be_said &= fits;
        }
    }
    can_be_said
}

/// Whether some elements differed only in values of the provider, which are gone now.
fn has_equal_elements(value: &Value) -> bool {
    let Value::List(elements) = value else {
        return false;
    };
    elements
        .iter()
        .enumerate()
        .any(|(index, element)| elements[..index].contains(element))
}

/// Visits each known object of a collection.
fn each_object(
    collection: Collection,
    value: &mut Value,
    visit: &mut dyn FnMut(&mut BTreeMap<String, Value>),
) {
    let elements: Vec<&mut Value> = match (collection, value) {
        (Collection::Single, value) => vec![value],
        (Collection::Map, Value::Map(objects)) => objects.values_mut().collect(),
        (Collection::List | Collection::Set, Value::List(objects)) => objects.iter_mut().collect(),
        _ => Vec::new(),
    };
    for element in elements {
        if let Value::Map(object) = element {
            visit(object);
        }
    }
}

/// The place of a null among the objects of nested blocks, where only objects belong; within a set, the place of the set.
pub(super) fn null_block(block: &Block, value: &Value) -> Option<AttributePath> {
    fn within(block: &Block, value: &Value, path: &AttributePath) -> Option<AttributePath> {
        let Value::Map(attributes) = value else {
            return None;
        };
        block.blocks.iter().find_map(|nested| {
            let path = path.then_attribute(nested.name);
            let element = |value: &Value, path: AttributePath| {
                if value.is_null() {
                    Some(path)
                } else {
                    within(&nested.block, value, &path)
                }
            };
            match (nested.nesting.collection(), attributes.get(nested.name)?) {
                (Collection::Single, value) => within(&nested.block, value, &path),
                (Collection::Set, Value::List(objects)) => objects
                    .iter()
                    .find_map(|object| element(object, path.clone())),
                (_, Value::List(objects)) => objects
                    .iter()
                    .enumerate()
                    .find_map(|(index, object)| element(object, path.then_index(index))),
                (Collection::Map, Value::Map(objects)) => objects
                    .iter()
                    .find_map(|(key, object)| element(object, path.then_key(key))),
                _ => None,
            }
        })
    }
    within(block, value, &AttributePath::root())
}

/// Turns what is still unknown into null, and says whether there was anything.
pub(super) fn null_unknowns(object: &mut Object) -> bool {
    fn within(value: &mut Value) {
        match value {
            Value::Unknown => *value = Value::Null,
            Value::List(elements) => elements.iter_mut().for_each(within),
            Value::Map(elements) => elements.values_mut().for_each(within),
            Value::Dynamic(typed) => within(&mut typed.1),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    if object.attributes().values().all(Value::is_wholly_known) {
        return false;
    }
    let mut attributes = std::mem::take(object).into_attributes();
    attributes.values_mut().for_each(within);
    *object = attributes.into();
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{schema::Bounds, types::Type};

    fn map(attributes: &[(&str, Value)]) -> Value {
        Value::Map(
            attributes
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        )
    }

    #[test]
    fn new_arguments_get_their_defaults() {
        let block = Block::new("")
            .attribute(Attribute::optional("policy", Type::String).default("KEEP"))
            .attribute(Attribute::optional("name", Type::String));
        let check = |stored: &str, policy: Value, expected: Value| {
            let value = map(&[("policy", policy), ("name", Value::Null)]);
            let found = default_new_arguments(&block, stored.as_bytes(), value);
            let expected = map(&[("policy", expected), ("name", Value::Null)]);
            assert_eq!(found, expected, "{stored}");
        };
        check(r#"{"name":null}"#, Value::Null, "KEEP".into());
        // What was stored is what is true, null included.
        check(r#"{"policy":null}"#, Value::Null, Value::Null);
        check(r#"{"policy":"DROP"}"#, "DROP".into(), "DROP".into());
        // An upgrade step knows better.
        check(r#"{"name":null}"#, "DROP".into(), "DROP".into());
    }

    #[test]
    fn absent_blocks_take_the_form_that_the_protocol_wants() {
        let inner =
            || Block::new("").nested("deep", Nesting::List(Bounds::default()), Block::new(""));
        let block = Block::new("")
            .attribute(Attribute::optional("secret", Type::String).write_only())
            .nested("one", Nesting::OPTIONAL, inner())
            .nested("group", Nesting::Group, inner())
            .nested("list", Nesting::List(Bounds::default()), inner())
            .nested("set", Nesting::Set(Bounds::default()), inner())
            .nested("map", Nesting::Map, inner());
        let empty = Value::List(Vec::new());
        let completed = map(&[("deep", empty.clone())]);
        assert_eq!(
            complete(
                &block,
                map(&[
                    ("secret", "s".into()),
                    ("list", Value::List(vec![map(&[])]))
                ])
            ),
            map(&[
                ("secret", Value::Null),
                ("one", Value::Null),
                ("group", completed.clone()),
                ("list", Value::List(vec![completed])),
                ("set", empty),
                ("map", map(&[])),
            ])
        );
        assert_eq!(complete(&block, Value::Null), Value::Null);
    }

    #[test]
    fn generated_config_has_the_required_arguments() {
        let attributes = || {
            vec![
                Attribute::required("required", Type::String),
                Attribute::optional("optional", Type::String),
                Attribute::computed("computed", Type::String),
                Attribute::optional("secret", Type::String).write_only(),
                Attribute::optional_computed("either", Type::String),
                Attribute {
                    deprecated: Some(String::new()),
                    ..Attribute::optional("old", Type::String)
                },
                Attribute {
                    deprecated: Some(String::new()),
                    ..Attribute::optional_computed("old_either", Type::String)
                },
                Attribute::optional("default", Type::String).default("d"),
            ]
        };
        let nested =
            |name, collection| Attribute::nested(name, collection, attributes(), Setting::Optional);
        let inner = || {
            attributes()
                .into_iter()
                .fold(Block::new(""), Block::attribute)
        };
        let block = inner()
            .attribute(nested("one", Collection::Single))
            .attribute(nested("set", Collection::Set))
            .attribute(nested("map", Collection::Map))
            .attribute(Attribute::nested(
                "all_computed",
                Collection::Single,
                attributes(),
                Setting::Computed,
            ))
            .nested("block", Nesting::List(Bounds::default()), inner());
        let names = [
            "required",
            "optional",
            "computed",
            "secret",
            "either",
            "old",
            "old_either",
            "default",
        ];
        let object = |default: &str, kept: &[&str]| {
            let attributes = names.map(|name| match (name, kept.contains(&name)) {
                (_, false) => (name, Value::Null),
                ("default", true) => (name, default.into()),
                (_, true) => (name, "x".into()),
            });
            map(&attributes)
        };
        let check = |default: &str, kept: &[&str]| {
            let whole = |inner: Value| {
                let Value::Map(mut attributes) = inner.clone() else {
                    unreachable!("an object is a map")
                };
                attributes.insert("one".to_owned(), inner.clone());
                attributes.insert("set".to_owned(), Value::List(vec![inner.clone()]));
                attributes.insert("map".to_owned(), map(&[("k", inner.clone())]));
                attributes.insert("block".to_owned(), Value::List(vec![inner]));
                attributes
            };
            let mut state = whole(object(default, &names));
            state.insert("all_computed".to_owned(), object(default, &names));
            let mut config = whole(object(default, kept));
            config.insert("all_computed".to_owned(), Value::Null);
            assert_eq!(config_of_state(&block, state.into()), config.into());
        };
        check("d", &["required", "optional", "either", "old"]);
        check(
            "other",
            &["required", "optional", "either", "old", "default"],
        );
    }

    #[test]
    fn null_among_nested_blocks_is_found() {
        let inner = Block::new("").nested("deep", Nesting::List(Bounds::default()), Block::new(""));
        let block = Block::new("")
            .attribute(Attribute::optional("text", Type::String))
            .nested("one", Nesting::OPTIONAL, inner.clone())
            .nested("list", Nesting::List(Bounds::default()), inner.clone())
            .nested("set", Nesting::Set(Bounds::default()), inner.clone())
            .nested("map", Nesting::Map, inner);
        let nulls = || Value::List(vec![map(&[]), Value::Null]);
        let deep = || map(&[("deep", nulls())]);
        let check = |name: &str, value: Value, expected: Option<&str>| {
            let found = null_block(&block, &map(&[(name, value)]));
            assert_eq!(found.map(|path| path.to_string()).as_deref(), expected);
        };
        check("text", Value::Null, None);
        check("one", Value::Null, None);
        check("one", deep(), Some("one.deep[1]"));
        check("list", Value::Null, None);
        check("list", nulls(), Some("list[1]"));
        check("list", Value::List(vec![deep()]), Some("list[0].deep[1]"));
        check("set", nulls(), Some("set"));
        check("map", map(&[("k", Value::Null)]), Some("map[\"k\"]"));
        check("map", map(&[("k", map(&[]))]), None);
        check("other", nulls(), None);
    }

    #[test]
    fn write_only_values_are_dropped_at_every_depth() {
        let secret = || vec![Attribute::optional("secret", Type::String).write_only()];
        let nested =
            |name, collection| Attribute::nested(name, collection, secret(), Setting::Optional);
        let deep = Attribute::nested(
            "deep",
            Collection::List,
            vec![nested("inner", Collection::Single)],
            Setting::Optional,
        );
        let block = Block::new("")
            .attribute(nested("one", Collection::Single))
            .attribute(nested("list", Collection::List))
            .attribute(nested("map", Collection::Map))
            .attribute(deep.clone())
            .nested("block", Nesting::OPTIONAL, Block::new("").attribute(deep));
        let object = |secret: Value| {
            let one = || map(&[("secret", secret.clone())]);
            let deep = || Value::List(vec![map(&[("inner", one())]), Value::Unknown]);
            map(&[
                ("one", one()),
                ("list", Value::List(vec![one(), Value::Null])),
                ("map", map(&[("k", one())])),
                ("deep", deep()),
                ("block", map(&[("deep", deep())])),
            ])
        };
        assert_eq!(complete(&block, object("s".into())), object(Value::Null));
    }

    #[test]
    fn unknown_values_become_null_at_every_depth() {
        let check = |before: Value, after: Value, expected: bool| {
            let Value::Map(attributes) = map(&[("a", before)]) else {
                unreachable!("a map is a map")
            };
            let mut object = Object::from(attributes);
            assert_eq!(null_unknowns(&mut object), expected);
            assert_eq!(object.get("a"), &after);
        };
        check("x".into(), "x".into(), false);
        check(Value::Unknown, Value::Null, true);
        check(
            Value::List(vec![Value::Unknown, map(&[("b", Value::Unknown)])]),
            Value::List(vec![Value::Null, map(&[("b", Value::Null)])]),
            true,
        );
        check(
            Value::Dynamic(Box::new((Type::String, Value::Unknown))),
            Value::Dynamic(Box::new((Type::String, Value::Null))),
            true,
        );
    }
}
