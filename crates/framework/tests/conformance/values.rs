//! Generated values: configurations, what happens to them, and what a provider makes of a plan.
//!
//! The domain is small on purpose: three texts, one of them also in a second spelling, and three numbers. Elements of sets then collide, and a changed
//! configuration often says what the state says already.
//!
//! Must not contain: rules, or anything of the planner.

use std::collections::BTreeMap;

use framework::{
    Attribute, Block, Nesting, Type, Value,
    schema::{AttributeKind, Collection, NestedBlock, Setting},
};

use crate::{
    choices::Choices,
    rules::{attribute_of, is_null, is_unknown, same},
    schemas,
};

type Attributes = BTreeMap<String, Value>;

/// Percent of the places of a configuration that are unknown.
#[derive(Clone, Copy)]
pub(crate) struct Unknowns(pub(crate) usize);

/// A known value of a type; what is inside may be null.
pub(crate) fn known_value(choices: &mut Choices<'_>, ty: &Type) -> Value {
    value(choices, ty, Unknowns(0))
}

/// A value of a type: not null itself, unknown only in places.
fn value(choices: &mut Choices<'_>, ty: &Type, unknowns: Unknowns) -> Value {
    match ty {
        Type::String => Value::string(choices.pick(&["x", "y", "z", "X"])),
        Type::Number => Value::from(choices.below(3) as i64),
        Type::Bool => Value::Bool(choices.chance(50)),
        Type::List(of) => collected(choices, Collection::List, &mut |choices| {
            inner(choices, of, unknowns)
        }),
        Type::Set(of) => distinct(
            ty,
            collected(choices, Collection::Set, &mut |choices| {
                inner(choices, of, unknowns)
            }),
        ),
        Type::Map(of) => collected(choices, Collection::Map, &mut |choices| {
            inner(choices, of, unknowns)
        }),
        Type::Tuple(of) => Value::List(of.iter().map(|of| inner(choices, of, unknowns)).collect()),
        Type::Object(of) => Value::Map(
            of.iter()
                .map(|(name, of)| (name.clone(), inner(choices, of, unknowns)))
                .collect(),
        ),
        Type::Dynamic => {
            let ty = schemas::ty(choices, 1, true);
            let value = inner(choices, &ty, unknowns);
            Value::Dynamic(Box::new((ty, value)))
        }
    }
}

/// As [`value`], but also null or unknown as a whole.
fn inner(choices: &mut Choices<'_>, ty: &Type, unknowns: Unknowns) -> Value {
    if choices.chance(unknowns.0) {
        Value::Unknown
    } else if choices.chance(10) {
        Value::Null
    } else {
        value(choices, ty, unknowns)
    }
}

/// Up to three objects, collected.
pub(crate) fn collected(
    choices: &mut Choices<'_>,
    collection: Collection,
    element: &mut dyn FnMut(&mut Choices<'_>) -> Value,
) -> Value {
    match collection {
        Collection::Single => element(choices),
        Collection::List => Value::List((0..choices.below(4)).map(|_| element(choices)).collect()),
        Collection::Set => Value::set((0..choices.below(4)).map(|_| element(choices)).collect()),
        Collection::Map => {
            let keys = ["k", "l", "m"];
            let first = choices.below(3);
            Value::Map(
                (0..choices.below(4))
                    .map(|at| (keys[(first + at) % 3].to_owned(), element(choices)))
                    .collect(),
            )
        }
    }
}

/// A set without elements that Terraform would count as one.
fn distinct(ty: &Type, set: Value) -> Value {
    let (Type::Set(of), Value::List(elements)) = (ty, set) else {
        unreachable!("only sets are made distinct")
    };
    let mut kept: Vec<Value> = Vec::new();
    for element in elements {
        if !element.is_wholly_known() || !kept.iter().any(|other| same(of, other, &element)) {
            kept.push(element);
        }
    }
    Value::List(kept)
}

/// A configuration of a block: every attribute is there, null where the practitioner says nothing.
pub(crate) fn config(choices: &mut Choices<'_>, block: &Block, unknowns: Unknowns) -> Value {
    let mut object = Attributes::new();
    for attribute in &block.attributes {
        object.insert(
            attribute.name.to_owned(),
            configured(choices, attribute, unknowns),
        );
    }
    for nested in &block.blocks {
        object.insert(nested.name.to_owned(), blocks(choices, nested, unknowns));
    }
    Value::Map(object)
}

fn configured(choices: &mut Choices<'_>, attribute: &Attribute, unknowns: Unknowns) -> Value {
    let silent = match attribute.setting {
        Setting::Computed => true,
        Setting::Required => false,
        Setting::Optional | Setting::OptionalComputed => choices.chance(45),
    };
    if silent {
        // The null of an expression such as `tostring(null)` has a type.
        return match attribute.kind {
            AttributeKind::Plain(Type::Dynamic)
                if attribute.setting.is_configurable() && choices.chance(30) =>
            {
                Value::Dynamic(Box::new((Type::String, Value::Null)))
            }
            _ => Value::Null,
        };
    }
    if choices.chance(unknowns.0) {
        return Value::Unknown;
    }
    match &attribute.kind {
        AttributeKind::Plain(ty @ Type::Dynamic) => match value(choices, ty, unknowns) {
            Value::Dynamic(typed)
                if attribute.setting == Setting::Required && is_null(&typed.1) =>
            {
                Value::Dynamic(Box::new((Type::Bool, Value::Bool(true))))
            }
            other => other,
        },
        AttributeKind::Plain(ty) => value(choices, ty, unknowns),
        AttributeKind::Nested(collection, attributes) => {
            let objects = collected(choices, *collection, &mut |choices| {
                if *collection != Collection::Single {
                    if choices.chance(unknowns.0 / 2) {
                        return Value::Unknown;
                    }
                    if choices.chance(4) {
                        return Value::Null;
                    }
                }
                let object = attributes
                    .iter()
                    .map(|attribute| {
                        let value = configured(choices, attribute, unknowns);
                        (attribute.name.to_owned(), value)
                    })
                    .collect();
                Value::Map(object)
            });
            match collection {
                Collection::Set => distinguishable(objects, &attribute.ty(), |object| {
                    attributes_with_defaults(attributes, object)
                }),
                _ => objects,
            }
        }
    }
}

fn blocks(choices: &mut Choices<'_>, nested: &NestedBlock, unknowns: Unknowns) -> Value {
    // A `dynamic` block over something unknown makes all blocks of its name unknown.
    if nested.nesting != Nesting::Group && choices.chance(unknowns.0 / 2) {
        return Value::Unknown;
    }
    let mut object = |choices: &mut Choices<'_>| config(choices, &nested.block, unknowns);
    match nested.nesting {
        Nesting::Single { required: false } if choices.chance(40) => Value::Null,
        Nesting::List(bounds) | Nesting::Set(bounds) => {
            let collected = collected(choices, nested.nesting.collection(), &mut object);
            let Value::List(mut objects) = collected else {
                unreachable!("a list is a list")
            };
            while objects.len() < bounds.min as usize {
                objects.push(object(choices));
            }
            match nested.nesting {
                Nesting::Set(_) => distinguishable(Value::List(objects), &nested.ty(), |object| {
                    with_defaults(&nested.block, object)
                }),
                _ => Value::List(objects),
            }
        }
        nesting => collected(choices, nesting.collection(), &mut object),
    }
}

/// Of elements that are the same once the defaults have spoken, only the first: they would become one, which no
/// provider can plan as configured.
fn distinguishable(set: Value, ty: &Type, settled: impl Fn(&Value) -> Value) -> Value {
    let Value::List(elements) = set else {
        return set;
    };
    let Type::Set(of) = ty else {
        unreachable!("a set has the type of one")
    };
    let mut kept: Vec<(Value, Value)> = Vec::new();
    for element in elements {
        let settled = settled(&element);
        if !kept.iter().any(|(_, other)| same(of, other, &settled)) {
            kept.push((element, settled));
        }
    }
    Value::List(kept.into_iter().map(|(element, _)| element).collect())
}

/// An object of a configuration with its defaults filled in.
fn with_defaults(block: &Block, object: &Value) -> Value {
    let Value::Map(mut filled) = attributes_with_defaults(&block.attributes, object) else {
        return object.clone();
    };
    for nested in &block.blocks {
        let value = attribute_of(object, nested.name);
        let value = each(&value, nested.nesting.collection(), &mut |object| {
            with_defaults(&nested.block, object)
        });
        filled.insert(nested.name.to_owned(), value);
    }
    Value::Map(filled)
}

fn attributes_with_defaults(attributes: &[Attribute], object: &Value) -> Value {
    let Value::Map(object) = object else {
        return object.clone();
    };
    let mut filled = object.clone();
    for attribute in attributes {
        let value = object.get(attribute.name).unwrap_or(&Value::Null);
        let value = match (&attribute.default, &attribute.kind) {
            (Some(default), _) if is_null(value) => default.clone(),
            (_, AttributeKind::Nested(collection, nested)) => {
                each(value, *collection, &mut |object| {
                    attributes_with_defaults(nested, object)
                })
            }
            _ => value.clone(),
        };
        filled.insert(attribute.name.to_owned(), value);
    }
    Value::Map(filled)
}

/// Each object of a collection changed; what is null or unknown stays.
fn each(value: &Value, collection: Collection, change: &mut dyn FnMut(&Value) -> Value) -> Value {
    match (collection, value) {
        (Collection::Single, Value::Map(_)) => change(value),
        (Collection::Map, Value::Map(objects)) => Value::Map(
            objects
                .iter()
                .map(|(key, object)| (key.clone(), change(object)))
                .collect(),
        ),
        (Collection::Set, Value::List(objects)) => Value::set(objects.iter().map(change).collect()),
        (Collection::List, Value::List(objects)) => {
            Value::List(objects.iter().map(change).collect())
        }
        _ => value.clone(),
    }
}

/// Another configuration for the same object: mostly the same, with some new values.
pub(crate) fn edited(
    choices: &mut Choices<'_>,
    block: &Block,
    config: &Value,
    unknowns: Unknowns,
) -> Value {
    let mut edited = Attributes::new();
    for attribute in &block.attributes {
        let value = if choices.chance(25) {
            configured(choices, attribute, unknowns)
        } else {
            attribute_of(config, attribute.name)
        };
        edited.insert(attribute.name.to_owned(), value);
    }
    for nested in &block.blocks {
        let value = attribute_of(config, nested.name);
        let value = match choices.below(4) {
            0 => value,
            1 => blocks(choices, nested, unknowns),
            _ => {
                let changed = each(&value, nested.nesting.collection(), &mut |object| {
                    self::edited(choices, &nested.block, object, unknowns)
                });
                match nested.nesting {
                    Nesting::Set(_) => distinguishable(changed, &nested.ty(), |object| {
                        with_defaults(&nested.block, object)
                    }),
                    _ => changed,
                }
            }
        };
        edited.insert(nested.name.to_owned(), value);
    }
    Value::Map(edited)
}

/// What a configuration turns out to be once everything is known.
pub(crate) fn resolved(choices: &mut Choices<'_>, block: &Block, config: &Value) -> Value {
    let mut resolved = Attributes::new();
    for attribute in &block.attributes {
        let value = attribute_of(config, attribute.name);
        resolved.insert(
            attribute.name.to_owned(),
            resolved_attribute(choices, attribute, &value),
        );
    }
    for nested in &block.blocks {
        let value = attribute_of(config, nested.name);
        let value = if is_unknown(&value) {
            blocks(choices, nested, Unknowns(0))
        } else {
            each(&value, nested.nesting.collection(), &mut |object| {
                self::resolved(choices, &nested.block, object)
            })
        };
        resolved.insert(nested.name.to_owned(), value);
    }
    Value::Map(resolved)
}

fn resolved_attribute(choices: &mut Choices<'_>, attribute: &Attribute, value: &Value) -> Value {
    match &attribute.kind {
        _ if matches!(value, Value::Unknown) => configured(choices, attribute, Unknowns(0)),
        AttributeKind::Plain(ty) => {
            // An unknown value that brings its type promises that type, also to whoever sets the value in place of a
            // null; nobody can keep that, so it turns out to be no null.
            let typed = *ty == Type::Dynamic && attribute.setting.is_computed();
            let required = attribute.setting == Setting::Required;
            resolved_value(choices, ty, value, required || typed)
        }
        AttributeKind::Nested(collection, attributes) => {
            each(value, *collection, &mut |object| match object {
                Value::Null => Value::Null,
                object => Value::Map(
                    attributes
                        .iter()
                        .map(|attribute| {
                            let value = attribute_of(object, attribute.name);
                            let value = resolved_attribute(choices, attribute, &value);
                            (attribute.name.to_owned(), value)
                        })
                        .collect(),
                ),
            })
        }
    }
}

fn resolved_value(choices: &mut Choices<'_>, ty: &Type, value: &Value, required: bool) -> Value {
    let mut below = |ty: &Type, value: &Value| resolved_value(choices, ty, value, false);
    match (ty, value) {
        (ty, Value::Unknown) if required => known_value(choices, ty),
        (ty, Value::Unknown) => inner(choices, ty, Unknowns(0)),
        (Type::List(of), Value::List(elements)) => {
            Value::List(elements.iter().map(|value| below(of, value)).collect())
        }
        (Type::Set(of), Value::List(elements)) => distinct(
            ty,
            Value::List(elements.iter().map(|value| below(of, value)).collect()),
        ),
        (Type::Tuple(of), Value::List(elements)) => {
            let pairs = of.iter().zip(elements);
            Value::List(pairs.map(|(of, value)| below(of, value)).collect())
        }
        (Type::Map(of), Value::Map(elements)) => Value::Map(
            elements
                .iter()
                .map(|(key, value)| (key.clone(), below(of, value)))
                .collect(),
        ),
        (Type::Object(of), Value::Map(attributes)) => Value::Map(
            of.iter()
                .map(|(name, of)| {
                    let value = attributes.get(name).unwrap_or(&Value::Null);
                    (name.clone(), below(of, value))
                })
                .collect(),
        ),
        (Type::Dynamic, Value::Dynamic(typed)) => {
            let value = resolved_value(choices, &typed.0, &typed.1, required);
            Value::Dynamic(Box::new((typed.0.clone(), value)))
        }
        _ => value.clone(),
    }
}

/// What a provider makes of a plan: unknown becomes known.
///
/// Where it alone decides on a value and has not promised to keep it, it sets another one each time, whatever the plan
/// says. A plan that had promised a value there is thereby found out. In sets, where no element can be distinguished from
/// another, it fills what is unknown.
pub(crate) fn applied(
    choices: &mut Choices<'_>,
    block: &Block,
    prior: Option<&Value>,
    config: &Value,
    planned: &Value,
) -> Value {
    let mut object = applied_attributes(choices, &block.attributes, prior, Some(config), planned);
    for nested in &block.blocks {
        let config = attribute_of(config, nested.name);
        let prior = prior.map(|prior| attribute_of(prior, nested.name));
        let planned = attribute_of(planned, nested.name);
        let value = paired(
            nested.nesting.collection(),
            prior.as_ref(),
            &config,
            &planned,
            &mut |prior, config, planned| match config {
                Some(config) => applied(choices, &nested.block, prior, config, planned),
                None => filled(choices, &nested.block, planned),
            },
        );
        object.insert(nested.name.to_owned(), value);
    }
    Value::Map(object)
}

fn applied_attributes(
    choices: &mut Choices<'_>,
    attributes: &[Attribute],
    prior: Option<&Value>,
    config: Option<&Value>,
    planned: &Value,
) -> Attributes {
    let mut object = Attributes::new();
    for attribute in attributes {
        let planned = attribute_of(planned, attribute.name);
        let keeps = attribute.use_state_for_unknown && prior.is_some();
        let prior = prior.map(|prior| attribute_of(prior, attribute.name));
        let configured = config.map(|config| attribute_of(config, attribute.name));
        let decides = attribute.setting.is_computed()
            && attribute.default.is_none()
            && attribute.planned_value.is_none()
            && !keeps
            && configured.as_ref().is_some_and(is_null);
        let value = match (&attribute.kind, &configured) {
            _ if decides || is_unknown(&planned) => computed(choices, attribute),
            // What a careless provider does: it hands back all that it was given. Write-only values are among it.
            (_, Some(config)) if attribute.write_only => config.clone(),
            (AttributeKind::Nested(collection, nested), Some(config)) if !is_null(config) => {
                paired(
                    *collection,
                    prior.as_ref(),
                    config,
                    &planned,
                    &mut |prior, config, planned| {
                        Value::Map(applied_attributes(choices, nested, prior, config, planned))
                    },
                )
            }
            // Kept, or a default: it is as it is.
            (AttributeKind::Nested(collection, nested), _) => {
                each(&planned, *collection, &mut |planned| match planned {
                    Value::Null => Value::Null,
                    planned => Value::Map(applied_attributes(choices, nested, None, None, planned)),
                })
            }
            (AttributeKind::Plain(_), _) => planned,
        };
        object.insert(attribute.name.to_owned(), value);
    }
    object
}

/// What a service makes of texts whose spelling does not count: it has its own.
pub(crate) fn respelled(block: &Block, object: &Value) -> Value {
    let Value::Map(mut respelled) = respelled_attributes(&block.attributes, object) else {
        return object.clone();
    };
    for nested in &block.blocks {
        let value = attribute_of(object, nested.name);
        let value = each(&value, nested.nesting.collection(), &mut |object| {
            self::respelled(&nested.block, object)
        });
        respelled.insert(nested.name.to_owned(), value);
    }
    Value::Map(respelled)
}

fn respelled_attributes(attributes: &[Attribute], object: &Value) -> Value {
    let Value::Map(object) = object else {
        return object.clone();
    };
    let mut respelled = object.clone();
    for attribute in attributes {
        let value = object.get(attribute.name).unwrap_or(&Value::Null);
        let value = match (&attribute.kind, value) {
            (_, Value::String(text)) if attribute.equality.is_some() => {
                Value::from(text.to_uppercase())
            }
            (AttributeKind::Nested(collection, nested), value) => {
                each(value, *collection, &mut |object| {
                    respelled_attributes(nested, object)
                })
            }
            _ => value.clone(),
        };
        respelled.insert(attribute.name.to_owned(), value);
    }
    Value::Map(respelled)
}

/// What is unknown, filled in.
fn filled(choices: &mut Choices<'_>, block: &Block, planned: &Value) -> Value {
    let mut object = applied_attributes(choices, &block.attributes, None, None, planned);
    for nested in &block.blocks {
        let planned = attribute_of(planned, nested.name);
        let value = each(&planned, nested.nesting.collection(), &mut |planned| {
            filled(choices, &nested.block, planned)
        });
        object.insert(nested.name.to_owned(), value);
    }
    Value::Map(object)
}

type Apply<'a> = dyn FnMut(Option<&Value>, Option<&Value>, &Value) -> Value + 'a;

/// Each planned object, with the configured and the prior one at its place; in sets alone.
fn paired(
    collection: Collection,
    prior: Option<&Value>,
    config: &Value,
    planned: &Value,
    apply: &mut Apply<'_>,
) -> Value {
    let existing = |value: Option<&Value>| value.filter(|value| !is_null(value)).cloned();
    match (collection, planned) {
        (Collection::Single, Value::Map(_)) => {
            apply(existing(prior).as_ref(), Some(config), planned)
        }
        (Collection::Map, Value::Map(objects)) => Value::Map(
            objects
                .iter()
                .map(|(key, planned)| {
                    let prior = existing(prior.map(|prior| attribute_of(prior, key)).as_ref());
                    let config = attribute_of(config, key);
                    let value = match planned {
                        Value::Null => Value::Null,
                        planned => apply(prior.as_ref(), Some(&config), planned),
                    };
                    (key.clone(), value)
                })
                .collect(),
        ),
        (Collection::List, Value::List(objects)) => {
            let at = |value: Option<&Value>, index: usize| match value {
                Some(Value::List(elements)) => existing(elements.get(index)),
                _ => None,
            };
            let objects = objects.iter().enumerate().map(|(index, planned)| {
                let (prior, config) = (at(prior, index), at(Some(config), index));
                match planned {
                    Value::Null => Value::Null,
                    planned => apply(prior.as_ref(), config.as_ref(), planned),
                }
            });
            Value::List(objects.collect())
        }
        (Collection::Set, Value::List(objects)) => {
            let objects = objects.iter().map(|planned| match planned {
                Value::Null => Value::Null,
                planned => apply(None, None, planned),
            });
            Value::set(objects.collect())
        }
        _ => planned.clone(),
    }
}

/// A value that the provider sets. Below an attribute that the practitioner may set as well it sets only what is
/// computed: what is not cannot be kept by Terraform, since it must have come from a configuration.
fn computed(choices: &mut Choices<'_>, attribute: &Attribute) -> Value {
    if choices.chance(15) {
        return Value::Null;
    }
    match &attribute.kind {
        AttributeKind::Plain(ty) => known_value(choices, ty),
        AttributeKind::Nested(collection, attributes) => {
            let objects = collected(choices, *collection, &mut |choices| {
                let object = attributes.iter().map(|attribute| {
                    let value = if attribute.setting.is_computed() {
                        computed(choices, attribute)
                    } else {
                        Value::Null
                    };
                    (attribute.name.to_owned(), value)
                });
                Value::Map(object.collect())
            });
            match collection {
                Collection::Set => distinct(&attribute.ty(), objects),
                _ => objects,
            }
        }
    }
}

/// What somebody else did to the object: some values are others now, also such as the configuration sets.
pub(crate) fn drifted(choices: &mut Choices<'_>, block: &Block, state: &Value) -> Value {
    let mut drifted = Attributes::new();
    for attribute in &block.attributes {
        let value = if !attribute.write_only && choices.chance(20) {
            computed(choices, attribute)
        } else {
            attribute_of(state, attribute.name)
        };
        drifted.insert(attribute.name.to_owned(), value);
    }
    for nested in &block.blocks {
        let value = attribute_of(state, nested.name);
        let value = match (nested.nesting, value) {
            (Nesting::List(_) | Nesting::Set(_), Value::List(mut objects))
                if choices.chance(20) && !objects.is_empty() =>
            {
                objects.remove(choices.below(objects.len()));
                Value::List(objects)
            }
            (nesting, value) => each(&value, nesting.collection(), &mut |object| {
                self::drifted(choices, &nested.block, object)
            }),
        };
        drifted.insert(nested.name.to_owned(), value);
    }
    Value::Map(drifted)
}

/// The same value with the elements of every set in the opposite order.
pub(crate) fn turned(ty: &Type, value: &Value) -> Value {
    match (ty, value) {
        (Type::Set(of), Value::List(elements)) => Value::List(
            elements
                .iter()
                .rev()
                .map(|value| turned(of, value))
                .collect(),
        ),
        (Type::List(of), Value::List(elements)) => {
            Value::List(elements.iter().map(|value| turned(of, value)).collect())
        }
        (Type::Map(of), Value::Map(elements)) => Value::Map(
            elements
                .iter()
                .map(|(key, value)| (key.clone(), turned(of, value)))
                .collect(),
        ),
        (Type::Object(of), Value::Map(elements)) => Value::Map(
            elements
                .iter()
                .map(|(name, value)| (name.clone(), turned(&of[name], value)))
                .collect(),
        ),
        _ => value.clone(),
    }
}

/// An object with something in every write-only attribute: what a careless resource would hand back.
pub(crate) fn leaking(block: &Block, object: &Value) -> Value {
    let Value::Map(mut leaking) = leaking_attributes(&block.attributes, object) else {
        return object.clone();
    };
    for nested in &block.blocks {
        let value = attribute_of(object, nested.name);
        let value = each(&value, nested.nesting.collection(), &mut |object| {
            self::leaking(&nested.block, object)
        });
        leaking.insert(nested.name.to_owned(), value);
    }
    Value::Map(leaking)
}

fn leaking_attributes(attributes: &[Attribute], object: &Value) -> Value {
    let Value::Map(mut leaking) = object.clone() else {
        return object.clone();
    };
    for attribute in attributes {
        let value = attribute_of(object, attribute.name);
        let value = match &attribute.kind {
            AttributeKind::Plain(ty) if attribute.write_only => {
                known_value(&mut Choices::new(&[]), ty)
            }
            AttributeKind::Nested(collection, nested) => each(&value, *collection, &mut |object| {
                leaking_attributes(nested, object)
            }),
            AttributeKind::Plain(_) => value,
        };
        leaking.insert(attribute.name.to_owned(), value);
    }
    Value::Map(leaking)
}
