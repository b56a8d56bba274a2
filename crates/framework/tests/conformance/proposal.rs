//! The proposed new state: what Terraform makes of prior state and configuration before it asks for a plan.
//!
//! Written down from the behaviour of Terraform 1.5 and later. A value of the configuration comes first;
//! a computed attribute on which it is silent keeps its prior value. Objects in lists belong together by position, in
//! maps by key, in sets if the prior one can have come from the configured one: equal but for computed attributes on
//! which the configuration is silent.
//!
//! Elements of a set that become equal are left as they are here; Terraform makes them one. Whoever asks for a proposal
//! looks for such twins and passes the case over, since no plan could then have what the configuration has.
//!
//! Must not contain: anything of the planner.

use std::collections::BTreeMap;

use framework::{
    Attribute, Block, Nesting, Type, Value,
    schema::{AttributeKind, Collection, NestedBlock},
};

use crate::rules::{attribute_of, is_null, is_unknown, same};

/// The proposal for an object; `prior` is null for one to be created.
pub(crate) fn proposed_new(block: &Block, prior: &Value, config: &Value) -> Value {
    if is_null(config) || is_unknown(config) {
        return prior.clone();
    }
    let mut object = BTreeMap::new();
    for attribute in &block.attributes {
        let prior = attribute_of(prior, attribute.name);
        let config = attribute_of(config, attribute.name);
        object.insert(
            attribute.name.to_owned(),
            proposed_attribute(attribute, &prior, &config),
        );
    }
    for nested in &block.blocks {
        let prior = attribute_of(prior, nested.name);
        let config = attribute_of(config, nested.name);
        object.insert(
            nested.name.to_owned(),
            proposed_blocks(nested, &prior, &config),
        );
    }
    Value::Map(object)
}

fn proposed_blocks(nested: &NestedBlock, prior: &Value, config: &Value) -> Value {
    let block = &nested.block;
    match nested.nesting {
        Nesting::Single { .. } | Nesting::Group if is_null(config) || is_unknown(config) => {
            config.clone()
        }
        Nesting::Single { .. } | Nesting::Group => proposed_new(block, prior, config),
        nesting => merged(
            nesting.collection(),
            prior,
            config,
            &|prior, config| proposed_new(block, prior, config),
            &|prior, config| may_come_from_block(block, prior, config),
        ),
    }
}

fn proposed_attribute(attribute: &Attribute, prior: &Value, config: &Value) -> Value {
    if attribute.setting.is_computed() && is_null(config) {
        // A nested object in state with something in it that only a configuration can have set cannot stay when the
        // configuration is gone.
        let configured_once = attribute.setting.is_configurable()
            && matches!(&attribute.kind, AttributeKind::Nested(collection, nested)
                if holds_configured(*collection, nested, prior));
        return if configured_once {
            config.clone()
        } else {
            prior.clone()
        };
    }
    match &attribute.kind {
        AttributeKind::Plain(_) => config.clone(),
        AttributeKind::Nested(collection, attributes) => merged(
            *collection,
            prior,
            config,
            &|prior, config| proposed_object(attributes, prior, config),
            &|prior, config| may_come_from(attributes, prior, config),
        ),
    }
}

fn proposed_object(attributes: &[Attribute], prior: &Value, config: &Value) -> Value {
    if is_null(config) || is_unknown(config) {
        return config.clone();
    }
    let attribute = |attribute: &Attribute| {
        let prior = attribute_of(prior, attribute.name);
        let config = attribute_of(config, attribute.name);
        (
            attribute.name.to_owned(),
            proposed_attribute(attribute, &prior, &config),
        )
    };
    Value::Map(attributes.iter().map(attribute).collect())
}

type Merge<'a> = &'a dyn Fn(&Value, &Value) -> Value;
type Belongs<'a> = &'a dyn Fn(&Value, &Value) -> bool;

fn merged(
    collection: Collection,
    prior: &Value,
    config: &Value,
    merge: Merge<'_>,
    belongs: Belongs<'_>,
) -> Value {
    match (collection, config) {
        (Collection::Single, Value::Map(_)) => merge(prior, config),
        (Collection::List, Value::List(objects)) => {
            let prior: &[Value] = match prior {
                Value::List(prior) => prior,
                _ => &[],
            };
            let object = |(index, config): (usize, &Value)| match prior.get(index) {
                Some(prior) => merge(prior, config),
                None => config.clone(),
            };
            Value::List(objects.iter().enumerate().map(object).collect())
        }
        (Collection::Map, Value::Map(objects)) => {
            let object = |(key, config): (&String, &Value)| {
                let merged = match prior {
                    Value::Map(prior) => prior.get(key).map(|prior| merge(prior, config)),
                    _ => None,
                };
                (key.clone(), merged.unwrap_or_else(|| config.clone()))
            };
            Value::Map(objects.iter().map(object).collect())
        }
        (Collection::Set, Value::List(objects)) => {
            let mut left: Vec<&Value> = match prior {
                Value::List(prior) => prior.iter().collect(),
                _ => Vec::new(),
            };
            let mut proposed = Vec::new();
            for config in objects {
                let found = left.iter().position(|prior| belongs(prior, config));
                proposed.push(match found {
                    Some(at) => merge(left.remove(at), config),
                    None => config.clone(),
                });
            }
            Value::List(proposed)
        }
        _ => config.clone(),
    }
}

fn may_come_from_block(block: &Block, prior: &Value, config: &Value) -> bool {
    let blocks = block.blocks.iter().all(|nested| {
        let prior = attribute_of(prior, nested.name);
        let config = attribute_of(config, nested.name);
        same(&nested.ty(), &prior, &config)
            || objects_may_come_from(
                nested.nesting.collection(),
                &prior,
                &config,
                &|prior, config| may_come_from_block(&nested.block, prior, config),
            )
    });
    blocks && may_come_from(&block.attributes, prior, config)
}

fn may_come_from(attributes: &[Attribute], prior: &Value, config: &Value) -> bool {
    attributes.iter().all(|attribute| {
        let prior = attribute_of(prior, attribute.name);
        let config = attribute_of(config, attribute.name);
        if same(&attribute.ty(), &prior, &config) {
            return true;
        }
        match &attribute.kind {
            // Terraform does not look into sets, and so not at who sets them.
            AttributeKind::Plain(Type::Set(_)) => false,
            AttributeKind::Plain(_) => attribute.setting.is_computed() && is_null(&config),
            AttributeKind::Nested(collection, nested) => {
                objects_may_come_from(*collection, &prior, &config, &|prior, config| {
                    may_come_from(nested, prior, config)
                })
            }
        }
    })
}

/// Objects that are not equal. In a set they have no key, and all of them must be there.
fn objects_may_come_from(
    collection: Collection,
    prior: &Value,
    config: &Value,
    belongs: Belongs<'_>,
) -> bool {
    match (collection, prior, config) {
        (Collection::Single, Value::Map(_), Value::Map(_)) => belongs(prior, config),
        (Collection::List, Value::List(prior), Value::List(config)) => {
            prior.len() == config.len()
                && prior.iter().zip(config).all(|(prior, config)| {
                    prior == config || both_objects(prior, config) && belongs(prior, config)
                })
        }
        (Collection::Map, Value::Map(prior), Value::Map(config)) => {
            prior.keys().eq(config.keys())
                && prior.values().zip(config.values()).all(|(prior, config)| {
                    prior == config || both_objects(prior, config) && belongs(prior, config)
                })
        }
        _ => false,
    }
}

fn both_objects(left: &Value, right: &Value) -> bool {
    matches!((left, right), (Value::Map(_), Value::Map(_)))
}

/// Whether there is anything in nested objects that only a configuration can have set.
fn holds_configured(collection: Collection, attributes: &[Attribute], value: &Value) -> bool {
    let in_object = |object: &Value| {
        attributes.iter().any(|attribute| {
            let value = attribute_of(object, attribute.name);
            if is_null(&value) {
                return false;
            }
            !attribute.setting.is_computed()
                || matches!(&attribute.kind, AttributeKind::Nested(collection, nested)
                    if holds_configured(*collection, nested, &value))
        })
    };
    match (collection, value) {
        (Collection::Single, object @ Value::Map(_)) => in_object(object),
        (Collection::Map, Value::Map(objects)) => objects.values().any(in_object),
        (_, Value::List(objects)) => objects.iter().any(in_object),
        _ => false,
    }
}
