//! The rules by which Terraform checks the responses of a provider, in our own words.
//!
//! Two of them are whole procedures: whether a plan is valid for prior state and configuration, and whether a
//! later object is compatible with an earlier, partly unknown one. Each complaint begins with the place and uses the
//! phrase that a practitioner would see.
//!
//! Must not contain: a line of the planner. If both made the same mistake, nobody would notice.

mod compatible;
mod plan_valid;

use framework::{
    Attribute, AttributePath, Block, Nesting, Type, Value,
    path::Step,
    schema::{AttributeKind, Collection},
};

pub(crate) use compatible::{assert_object_compatible, assert_value_compatible};
pub(crate) use plan_valid::{Reading, assert_plan_valid};

/// What is wrong, each with its place.
pub(crate) type Complaints = Vec<String>;

/// Whether a value is null, with a type of its own or without.
pub(crate) fn is_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Dynamic(typed) => typed.1 == Value::Null,
        _ => false,
    }
}

/// Whether a value is unknown as a whole, with a type of its own or without.
pub(crate) fn is_unknown(value: &Value) -> bool {
    match value {
        Value::Unknown => true,
        Value::Dynamic(typed) => typed.1 == Value::Unknown,
        _ => false,
    }
}

/// An attribute of an object. What is null or unknown has only such attributes.
pub(crate) fn attribute_of(object: &Value, name: &str) -> Value {
    match object {
        Value::Map(attributes) => attributes.get(name).cloned().unwrap_or(Value::Null),
        Value::Unknown => Value::Unknown,
        _ => Value::Null,
    }
}

/// Whether two values of a type are the same: null, unknown and known alike; sets without order.
pub(crate) fn same(ty: &Type, left: &Value, right: &Value) -> bool {
    match (ty, left, right) {
        (Type::List(of), Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same(of, l, r))
        }
        (Type::Tuple(of), Value::List(left), Value::List(right)) => {
            left.len() == right.len()
                && of
                    .iter()
                    .zip(left.iter().zip(right))
                    .all(|(of, (l, r))| same(of, l, r))
        }
        (Type::Set(of), Value::List(left), Value::List(right)) => {
            let mut unmatched: Vec<&Value> = right.iter().collect();
            left.len() == right.len()
                && left.iter().all(|l| {
                    let found = unmatched.iter().position(|r| same(of, l, r));
                    found.map(|at| unmatched.remove(at)).is_some()
                })
        }
        (Type::Map(of), Value::Map(left), Value::Map(right)) => {
            left.keys().eq(right.keys())
                && left
                    .values()
                    .zip(right.values())
                    .all(|(l, r)| same(of, l, r))
        }
        (Type::Object(of), Value::Map(_), Value::Map(_)) => of
            .iter()
            .all(|(name, of)| same(of, &attribute_of(left, name), &attribute_of(right, name))),
        (Type::Dynamic, Value::Dynamic(left), Value::Dynamic(right)) => {
            left.0 == right.0 && same(&left.0, &left.1, &right.1)
        }
        _ => left == right,
    }
}

/// What is wrong with an object that is to be stored: unknown values, write-only values, absent collections of blocks.
pub(crate) fn assert_storable(block: &Block, object: &Value) -> Complaints {
    let mut complaints = write_only_values(block, object);
    if !object.is_wholly_known() {
        complaints.push("still indicated an unknown value".to_owned());
    }
    absent_blocks(block, object, &mut complaints);
    complaints
}

/// Write-only attributes that are not null.
pub(crate) fn write_only_values(block: &Block, object: &Value) -> Complaints {
    let mut complaints = Complaints::new();
    write_only_in_block(block, object, "", &mut complaints);
    complaints
}

fn write_only_in_block(block: &Block, object: &Value, place: &str, complaints: &mut Complaints) {
    write_only_in_attributes(&block.attributes, object, place, complaints);
    for nested in &block.blocks {
        let place = format!("{place}.{}", nested.name);
        let value = attribute_of(object, nested.name);
        for object in objects(nested.nesting.collection(), &value) {
            write_only_in_block(&nested.block, object, &place, complaints);
        }
    }
}

fn write_only_in_attributes(
    attributes: &[Attribute],
    object: &Value,
    place: &str,
    complaints: &mut Complaints,
) {
    for attribute in attributes {
        let place = format!("{place}.{}", attribute.name);
        let value = attribute_of(object, attribute.name);
        if attribute.write_only && !is_null(&value) {
            complaints.push(format!(
                "{place}: returned a value for the write-only attribute"
            ));
        } else if let AttributeKind::Nested(collection, nested) = &attribute.kind {
            for object in objects(*collection, &value) {
                write_only_in_attributes(nested, object, &place, complaints);
            }
        }
    }
}

fn absent_blocks(block: &Block, object: &Value, complaints: &mut Complaints) {
    for nested in &block.blocks {
        let value = attribute_of(object, nested.name);
        if is_null(&value) && !matches!(nested.nesting, Nesting::Single { .. }) {
            complaints.push(format!("{}: collection of blocks is null", nested.name));
        }
        for object in objects(nested.nesting.collection(), &value) {
            absent_blocks(&nested.block, object, complaints);
        }
    }
}

/// The known objects of a collection.
pub(crate) fn objects(collection: Collection, value: &Value) -> Vec<&Value> {
    let all: Vec<&Value> = match (collection, value) {
        (Collection::Single, object) => vec![object],
        (Collection::Map, Value::Map(objects)) => objects.values().collect(),
        (_, Value::List(objects)) => objects.iter().collect(),
        _ => Vec::new(),
    };
    all.into_iter()
        .filter(|object| matches!(object, Value::Map(_)))
        .collect()
}

/// Whether a path leads to something in a value. Through unknown it leads to unknown, through null nowhere.
pub(crate) fn at(value: &Value, path: &AttributePath) -> Option<Value> {
    path.steps()
        .iter()
        .try_fold(value.clone(), |value, step| match (step, &value) {
            (_, Value::Unknown) => Some(Value::Unknown),
            (Step::Attribute(name) | Step::Key(name), Value::Map(elements)) => {
                elements.get(name).cloned()
            }
            (Step::Index(index), Value::List(elements)) => {
                elements.get(usize::try_from(*index).ok()?).cloned()
            }
            _ => None,
        })
}

/// The type at a path.
pub(crate) fn type_at(ty: &Type, path: &AttributePath) -> Option<Type> {
    path.steps()
        .iter()
        .try_fold(ty.clone(), |ty, step| match (step, ty) {
            (Step::Attribute(name), Type::Object(of)) => of.get(name).cloned(),
            (Step::Key(_), Type::Map(of)) | (Step::Index(_), Type::List(of)) => Some(*of),
            _ => None,
        })
}

/// What Terraform does with a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Create,
    Update,
    Replace,
    NoOp,
}

/// The action that a plan amounts to. A path counts only where prior and plan differ, or may.
pub(crate) fn action(
    ty: &Type,
    prior: Option<&Value>,
    planned: &Value,
    requires_replace: &[AttributePath],
) -> Action {
    let Some(prior) = prior else {
        return Action::Create;
    };
    let counts = |path: &AttributePath| {
        let (before, after) = (at(prior, path), at(planned, path));
        let (before, after) = (before.unwrap_or(Value::Null), after.unwrap_or(Value::Null));
        let same = type_at(ty, path).is_some_and(|ty| same(&ty, &before, &after));
        !same || !after.is_wholly_known()
    };
    if same(ty, prior, planned) {
        Action::NoOp
    } else if requires_replace.iter().any(counts) {
        Action::Replace
    } else {
        Action::Update
    }
}

/// Whether a set in a value has two elements that Terraform takes for one.
pub(crate) fn has_twins(ty: &Type, value: &Value) -> bool {
    match (ty, value) {
        (Type::Set(of), Value::List(elements)) => {
            let twins = |(index, element): (usize, &Value)| {
                element.is_wholly_known()
                    && elements[..index]
                        .iter()
                        .any(|other| same(of, other, element))
            };
            elements.iter().enumerate().any(twins)
                || elements.iter().any(|element| has_twins(of, element))
        }
        (Type::List(of), Value::List(elements)) => {
            elements.iter().any(|element| has_twins(of, element))
        }
        (Type::Map(of), Value::Map(elements)) => {
            elements.values().any(|element| has_twins(of, element))
        }
        (Type::Object(of), Value::Map(_)) => of
            .iter()
            .any(|(name, of)| has_twins(of, &attribute_of(value, name))),
        _ => false,
    }
}

/// Whether a set has fewer elements than before: the provider's values made two of them equal. No configuration can say
/// that, so Terraform sees a difference for ever.
pub(crate) fn has_merged(ty: &Type, before: &Value, after: &Value) -> bool {
    match (ty, before, after) {
        (Type::Set(_), Value::List(before), Value::List(after)) => before.len() > after.len(),
        (Type::List(of), Value::List(before), Value::List(after)) => before
            .iter()
            .zip(after)
            .any(|(before, after)| has_merged(of, before, after)),
        (Type::Map(of), Value::Map(before), Value::Map(after)) => {
            before.iter().any(|(key, before)| {
                after
                    .get(key)
                    .is_some_and(|after| has_merged(of, before, after))
            })
        }
        (Type::Object(of), Value::Map(_), Value::Map(_)) => of.iter().any(|(name, of)| {
            has_merged(of, &attribute_of(before, name), &attribute_of(after, name))
        }),
        _ => false,
    }
}
