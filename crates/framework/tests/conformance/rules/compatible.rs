//! Whether a later object is a possible outcome of an earlier, partly unknown one: the state after apply of the plan,
//! and the plan before apply of the first plan.
//!
//! Must not contain: whether either of them fits a configuration.

use framework::{Block, Nesting, Type, Value};

use super::{Complaints, attribute_of, is_null, is_unknown, same};
use crate::format::format_value;

/// What is wrong with an outcome of a plan; nothing if it is compatible.
pub(crate) fn assert_object_compatible(
    block: &Block,
    planned: &Value,
    actual: &Value,
) -> Complaints {
    let mut complaints = Complaints::new();
    object(block, planned, actual, "", &mut complaints);
    complaints
}

/// As [`assert_object_compatible`], for one value of a type.
pub(crate) fn assert_value_compatible(ty: &Type, planned: &Value, actual: &Value) -> Complaints {
    let mut complaints = Complaints::new();
    value(ty, planned, actual, "", &mut complaints);
    complaints
}

fn object(block: &Block, planned: &Value, actual: &Value, place: &str, out: &mut Complaints) {
    let root = if place.is_empty() { "Root object " } else { "" };
    if is_null(planned) && !is_null(actual) {
        out.push(format!("{place}: {root}was absent, but now present"));
        return;
    }
    if is_null(actual) && !is_null(planned) {
        out.push(format!("{place}: {root}was present, but now absent"));
        return;
    }
    if is_null(planned) {
        return;
    }
    for attribute in &block.attributes {
        let place = format!("{place}.{}", attribute.name);
        let mut found = Complaints::new();
        value(
            &attribute.ty(),
            &attribute_of(planned, attribute.name),
            &attribute_of(actual, attribute.name),
            &place,
            &mut found,
        );
        if attribute.sensitive && !found.is_empty() {
            out.push(format!(
                "{place}: inconsistent values for sensitive attribute"
            ));
        } else {
            out.extend(found);
        }
    }
    for nested in &block.blocks {
        let place = format!("{place}.{}", nested.name);
        let planned = attribute_of(planned, nested.name);
        let actual = attribute_of(actual, nested.name);
        let inner = &nested.block;
        // A placeholder for blocks may turn out to be any number of them, none as well.
        if is_unknown(&planned) {
            continue;
        }
        match (nested.nesting, &planned, &actual) {
            (Nesting::Single { .. } | Nesting::Group, planned, actual) => {
                object(inner, planned, actual, &place, out);
            }
            (Nesting::List(_), Value::List(planned), Value::List(actual)) => {
                if planned.len() != actual.len() {
                    block_count(planned.len(), actual.len(), &place, out);
                    continue;
                }
                for (index, (planned, actual)) in planned.iter().zip(actual).enumerate() {
                    object(inner, planned, actual, &format!("{place}[{index}]"), out);
                }
            }
            (Nesting::Map, Value::Map(planned), Value::Map(actual)) => {
                for (key, planned) in planned {
                    match actual.get(key) {
                        None => out.push(format!("{place}: block key {key:?} has vanished")),
                        Some(actual) => {
                            object(inner, planned, actual, &format!("{place}[{key:?}]"), out);
                        }
                    }
                }
                if planned.len() != actual.len() {
                    block_count(planned.len(), actual.len(), &place, out);
                }
            }
            (Nesting::Set(_), Value::List(planned), Value::List(actual)) => {
                set(planned, actual, &place, out, &|planned, actual| {
                    assert_object_compatible(inner, planned, actual).is_empty()
                });
                if planned.len() < actual.len() {
                    out.push(format!(
                        "{place}: block set length changed from {} to {}",
                        planned.len(),
                        actual.len()
                    ));
                }
            }
            (_, planned, actual) if is_null(planned) != is_null(actual) => {
                out.push(format!("{place}: blocks turned null or no longer are"));
            }
            _ => {}
        }
    }
}

fn block_count(planned: usize, actual: usize, place: &str, out: &mut Complaints) {
    out.push(format!(
        "{place}: block count changed from {planned} to {actual}"
    ));
}

fn value(ty: &Type, planned: &Value, actual: &Value, place: &str, out: &mut Complaints) {
    if let Type::Dynamic = ty {
        return dynamic(planned, actual, place, out);
    }
    if is_unknown(planned) {
        return;
    }
    if is_null(planned) && is_null(actual) {
        return;
    }
    if is_null(actual) {
        out.push(format!(
            "{place}: was {}, but now null",
            format_value(planned)
        ));
        return;
    }
    if is_null(planned) {
        out.push(format!(
            "{place}: was null, but now {}",
            format_value(actual)
        ));
        return;
    }
    if is_unknown(actual) {
        out.push(format!("{place}: was known, but now unknown"));
        return;
    }
    match (ty, planned, actual) {
        (Type::List(_) | Type::Tuple(_), Value::List(planned), Value::List(actual)) => {
            for (index, planned) in planned.iter().enumerate() {
                let of = match ty {
                    Type::Tuple(of) => &of[index],
                    Type::List(of) => of,
                    _ => ty,
                };
                match actual.get(index) {
                    None => out.push(format!("{place}: element {index} has vanished")),
                    Some(actual) => {
                        value(of, planned, actual, &format!("{place}[{index}]"), out);
                    }
                }
            }
            for index in planned.len()..actual.len() {
                out.push(format!("{place}: new element {index} has appeared"));
            }
        }
        (Type::Map(of), Value::Map(planned), Value::Map(actual)) => {
            for (key, planned) in planned {
                match actual.get(key) {
                    None => out.push(format!("{place}: element {key:?} has vanished")),
                    Some(actual) => {
                        value(of, planned, actual, &format!("{place}[{key:?}]"), out);
                    }
                }
            }
            for key in actual.keys().filter(|key| !planned.contains_key(*key)) {
                out.push(format!("{place}: new element {key:?} has appeared"));
            }
        }
        (Type::Object(of), Value::Map(_), Value::Map(_)) => {
            for (name, of) in of {
                value(
                    of,
                    &attribute_of(planned, name),
                    &attribute_of(actual, name),
                    &format!("{place}.{name}"),
                    out,
                );
            }
        }
        (Type::Set(of), Value::List(planned), Value::List(actual)) => {
            set(planned, actual, place, out, &|planned, actual| {
                assert_value_compatible(of, planned, actual).is_empty()
            });
            if planned.len() < actual.len() {
                out.push(format!(
                    "{place}: length changed from {} to {}",
                    planned.len(),
                    actual.len()
                ));
            }
        }
        _ if same(ty, planned, actual) => {}
        _ => out.push(format!(
            "{place}: was {}, but now {}",
            format_value(planned),
            format_value(actual)
        )),
    }
}

/// A value that brings its type keeps it; one without a type may become anything.
fn dynamic(planned: &Value, actual: &Value, place: &str, out: &mut Complaints) {
    match (planned, actual) {
        (Value::Unknown, _) | (Value::Null, Value::Null) => {}
        (Value::Dynamic(planned), Value::Dynamic(actual)) if planned.0 == actual.0 => {
            value(&planned.0, &planned.1, &actual.1, place, out);
        }
        (Value::Dynamic(_), Value::Dynamic(_)) => {
            out.push(format!("{place}: wrong final value type"));
        }
        (Value::Null, actual) => {
            out.push(format!(
                "{place}: was null, but now {}",
                format_value(actual)
            ));
        }
        (planned, Value::Null) => {
            out.push(format!(
                "{place}: was {}, but now null",
                format_value(planned)
            ));
        }
        _ => out.push(format!("{place}: was known, but now unknown")),
    }
}

/// Elements of sets have no key, so each must have at least one that it is compatible with on the other side.
fn set(
    planned: &[Value],
    actual: &[Value],
    place: &str,
    out: &mut Complaints,
    fits: &dyn Fn(&Value, &Value) -> bool,
) {
    for one in planned {
        if !actual.iter().any(|actual| fits(one, actual)) {
            out.push(format!(
                "{place}: planned set element {} does not correlate with any element in actual",
                format_value(one)
            ));
        }
    }
    for one in actual {
        if !planned.iter().any(|planned| fits(planned, one)) {
            out.push(format!(
                "{place}: actual set element {} does not correlate with any element in plan",
                format_value(one)
            ));
        }
    }
}
