//! Configuration against schema: what is missing, what may not be set, and what each attribute's own checks say.
//!
//! Terraform checks the shape of a configuration itself; the checks here also hold for hosts that do not. Each diagnostic
//! points at its own argument and names it in full, such as `timeouts.create`.

use std::collections::BTreeMap;

use super::{
    diagnostics::{Diagnostic, Diagnostics},
    path::AttributePath,
    schema::{
        Attribute, AttributeKind, Block, Bounds, Collection, NestedBlock, Nesting, Rule, Schema,
        Setting,
    },
    value::{Object, Value},
};

/// Checks a configuration, which may have unknown values; these pass, since they are checked again once known.
#[must_use]
pub(crate) fn validate(schema: &Schema, config: &Object) -> Diagnostics {
    let mut found = Diagnostics::new();
    block(
        &schema.block,
        config.attributes(),
        &Place::root(),
        &mut found,
    );
    found
}

/// The code of an error about a configuration.
pub(crate) const INVALID_ARGUMENT: &str = "Provider.InvalidArgument";

fn error(summary: impl Into<String>, detail: impl Into<String>) -> Diagnostic {
    Diagnostic::error(summary, detail).with_code(INVALID_ARGUMENT)
}

/// Refuses the values of write-only attributes. For a CLI that does not know what write-only means: it would store them.
#[must_use]
pub(crate) fn write_only_values(schema: &Schema, config: &Object) -> Diagnostics {
    let mut found = Diagnostics::new();
    write_only(
        &schema.block,
        config.attributes(),
        &Place::root(),
        &mut found,
    );
    found
}

fn write_only(
    block: &Block,
    config: &BTreeMap<String, Value>,
    place: &Place,
    found: &mut Diagnostics,
) {
    write_only_attributes(&block.attributes, config, place, found);
    for nested in &block.blocks {
        let value = config.get(nested.name).unwrap_or(&Value::Null);
        objects(
            nested.nesting.collection(),
            value,
            &place.then(nested.name),
            &mut |object, place| write_only(&nested.block, object, place, found),
        );
    }
}

fn write_only_attributes(
    attributes: &[Attribute],
    config: &BTreeMap<String, Value>,
    place: &Place,
    found: &mut Diagnostics,
) {
    for attribute in attributes {
        let value = config.get(attribute.name).unwrap_or(&Value::Null);
        let place = place.then(attribute.name);
        let name = &place.name;
        if attribute.write_only && !value.is_null() {
            found.push(
                error(
                    "Write-only arguments need a newer CLI",
                    format!(
                        "The argument \"{name}\" is write-only: its value is never stored. This CLI does not support that \
                         and would store it. Use Terraform 1.11 or OpenTofu 1.11 or later, or leave \"{name}\" out."
                    ),
                )
                .at(place.path.clone()),
            );
        }
        if let AttributeKind::Nested(nesting, nested) = &attribute.kind {
            objects(*nesting, value, &place, &mut |object, place| {
                write_only_attributes(nested, object, place, found);
            });
        }
    }
}

/// An argument or a block: where it is, and what it is called.
#[derive(Clone)]
struct Place {
    /// For the host. It ends at a set, because the protocol has no step into one.
    path: AttributePath,
    /// For the user. It goes on below a set.
    name: AttributePath,
    is_within_set: bool,
}

impl Place {
    fn root() -> Self {
        Self {
            path: AttributePath::root(),
            name: AttributePath::root(),
            is_within_set: false,
        }
    }

    /// One step further, as the path of the host and the name for the user take it.
    fn step(&self, step: impl Fn(&AttributePath) -> AttributePath) -> Self {
        Self {
            path: match self.is_within_set {
                true => self.path.clone(),
                false => step(&self.path),
            },
            name: step(&self.name),
            is_within_set: self.is_within_set,
        }
    }

    fn then(&self, name: &str) -> Self {
        self.step(|path| path.then_attribute(name))
    }

    fn within_set(&self) -> Self {
        Self {
            is_within_set: true,
            ..self.clone()
        }
    }
}

fn block(block: &Block, config: &BTreeMap<String, Value>, place: &Place, found: &mut Diagnostics) {
    attributes(&block.attributes, config, place, found);
    for nested in &block.blocks {
        let value = config.get(nested.name).unwrap_or(&Value::Null);
        nested_block(nested, value, &place.then(nested.name), found);
    }
    for rule in &block.rules {
        if let Err((name, broken)) = check_rule(rule, config, place) {
            let at = name.map_or_else(|| place.clone(), |name| place.then(name));
            found.push(broken.at(at.path));
        }
    }
}

/// The error of a broken rule, and the attribute to point at, if there is one.
fn check_rule(
    rule: &Rule,
    config: &BTreeMap<String, Value>,
    place: &Place,
) -> Result<(), (Option<&'static str>, Diagnostic)> {
    // Blocks that are absent are an empty collection. That an empty list or map counts as absent, too, is no loss: whoever
    // writes one says nothing with it.
    let is_absent = |name: &str| match config.get(name) {
        None => true,
        Some(Value::List(elements)) => elements.is_empty(),
        Some(Value::Map(elements)) => elements.is_empty(),
        Some(value) => value.is_null(),
    };
    let quoted = |names: &[&str]| {
        let names: Vec<String> = names
            .iter()
            .map(|name| format!("\"{}\"", place.then(name).name))
            .collect();
        enumeration(&names)
    };
    let is_unknown = |name: &str| config.get(name).is_some_and(Value::is_unknown);
    let set = |names: &[&'static str]| -> Vec<&'static str> {
        let mut names = names.to_vec();
        names.retain(|name| !is_absent(name) && !is_unknown(name));
        names
    };
    let at_most_one = |names: &[&'static str]| match *set(names) {
        [_, second, ..] => Err((
            Some(second),
            error(
                "Conflicting arguments",
                format!(
                    "Only one of {} can be set, but {} are.",
                    quoted(names),
                    quoted(&set(names)),
                ),
            ),
        )),
        _ => Ok(()),
    };
    let at_least_one = |names: &[&'static str], what: &str| {
        if names.iter().all(|name| is_absent(name)) {
            let detail = format!("{what} of {} has to be set.", quoted(names));
            return Err((None, error("Missing argument", detail)));
        }
        Ok(())
    };
    match rule {
        Rule::ConflictsWith(names) => at_most_one(names),
        Rule::ExactlyOneOf(names) => {
            at_most_one(names)?;
            at_least_one(names, "Exactly one")
        }
        Rule::AtLeastOneOf(names) => at_least_one(names, "At least one"),
        Rule::RequiredWith(name, others) if !is_absent(name) && !is_unknown(name) => {
            match others.iter().find(|other| is_absent(other)) {
                None => Ok(()),
                Some(missing) => Err((
                    Some(name),
                    error(
                        "Missing argument",
                        format!(
                            "The argument {} is set, so {} has to be set, too.",
                            quoted(&[name]),
                            quoted(&[missing]),
                        ),
                    ),
                )),
            }
        }
        Rule::RequiredWith(..) => Ok(()),
    }
}

fn enumeration(names: &[String]) -> String {
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

fn attributes(
    attributes: &[Attribute],
    config: &BTreeMap<String, Value>,
    place: &Place,
    found: &mut Diagnostics,
) {
    for attribute in attributes {
        let value = config.get(attribute.name).unwrap_or(&Value::Null);
        self::attribute(attribute, value, &place.then(attribute.name), found);
    }
}

fn attribute(attribute: &Attribute, value: &Value, place: &Place, found: &mut Diagnostics) {
    let Place { path, name, .. } = place;
    if value.is_null() {
        if attribute.setting == Setting::Required {
            found.push(
                error(
                    "Missing required argument",
                    format!("The argument \"{name}\" is required, but no value was found for it."),
                )
                .at(path.clone()),
            );
        }
        return;
    }
    if !attribute.setting.is_configurable() {
        found.push(
            error(
                "Value for a read-only attribute",
                format!(
                    "The provider sets the attribute \"{name}\"; remove it from the configuration."
                ),
            )
            .at(path.clone()),
        );
        return;
    }
    if let Some(message) = &attribute.deprecated {
        found.push(
            Diagnostic::warning(
                format!("Argument \"{name}\" is deprecated"),
                message.clone(),
            )
            .at(path.clone()),
        );
    }
    if value.is_unknown() {
        return;
    }
    for validator in &attribute.validators {
        if let Err(complaint) = validator.check(value) {
            found.push(
                error(
                    format!("Invalid value for {name}"),
                    format!("The argument \"{name}\" {complaint}."),
                )
                .at(path.clone()),
            );
        }
    }
    if let AttributeKind::Nested(nesting, nested) = &attribute.kind {
        objects(*nesting, value, place, &mut |object, place| {
            attributes(nested, object, place, found);
        });
    }
}

fn nested_block(nested: &NestedBlock, value: &Value, place: &Place, found: &mut Diagnostics) {
    let name = &place.name;
    let complain = |found: &mut Diagnostics, what: String| {
        found.push(error(format!("Wrong number of {name} blocks"), what).at(place.path.clone()));
    };
    match (nested.nesting, value) {
        (_, Value::Unknown) => return,
        (Nesting::Single { required: true }, Value::Null) => {
            complain(
                found,
                format!("A block \"{name}\" is required, but none was found."),
            );
        }
        (Nesting::List(bounds) | Nesting::Set(bounds), Value::List(blocks)) => {
            let Bounds { min, max } = bounds;
            let count = blocks.len();
            if count < min as usize {
                complain(
                    found,
                    format!(
                        "At least {min} blocks \"{name}\" are required, but there are {count}."
                    ),
                );
            }
            if let Some(max) = max.filter(|max| count > *max as usize) {
                complain(
                    found,
                    format!("At most {max} blocks \"{name}\" are allowed, but there are {count}."),
                );
            }
        }
        _ => {}
    }
    objects(
        nested.nesting.collection(),
        value,
        place,
        &mut |object, place| {
            block(&nested.block, object, place, found);
        },
    );
}

type Visit<'v> = dyn FnMut(&BTreeMap<String, Value>, &Place) + 'v;

/// Visits each known object of a collection.
fn objects(collection: Collection, value: &Value, place: &Place, visit: &mut Visit<'_>) {
    match (collection, value) {
        (Collection::Single, Value::Map(object)) => visit(object, place),
        (Collection::Map, Value::Map(objects)) => {
            for (key, object) in objects {
                if let Value::Map(object) = object {
                    visit(object, &place.step(|path| path.then_key(key)));
                }
            }
        }
        (Collection::List, Value::List(objects)) => {
            for (index, object) in objects.iter().enumerate() {
                if let Value::Map(object) = object {
                    visit(object, &place.step(|path| path.then_index(index)));
                }
            }
        }
        (Collection::Set, Value::List(objects)) => {
            for object in objects {
                if let Value::Map(object) = object {
                    visit(object, &place.within_set());
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{diagnostics::Severity, schema::Validator, types::Type};

    fn config<const N: usize>(values: [(&str, Value); N]) -> Object {
        values
            .into_iter()
            .fold(Object::new(), |mut object, (name, value)| {
                object.set(name, value);
                object
            })
    }

    fn check(block: &Block, config: Object, expected: &[(&str, &str)]) {
        let found = validate(&Schema::new(block.clone()), &config);
        let found: Vec<(String, String)> = found
            .iter()
            .map(|diagnostic| {
                let detail = diagnostic
                    .detail
                    .strip_suffix("\n\n  Code: Provider.InvalidArgument");
                assert_eq!(detail.is_some(), diagnostic.severity == Severity::Error);
                let detail = detail.unwrap_or(&diagnostic.detail);
                (diagnostic.attribute.to_string(), detail.to_owned())
            })
            .collect();
        let expected: Vec<(String, String)> = expected
            .iter()
            .map(|(path, detail)| ((*path).to_owned(), (*detail).to_owned()))
            .collect();
        assert_eq!(found, expected);
    }

    fn block() -> Block {
        let text = |name| Attribute::optional(name, Type::String);
        Block::new("")
            .attribute(text("a"))
            .attribute(text("b"))
            .nested(
                "c",
                Nesting::List(Bounds::default()),
                Block::new("").attribute(text("d")),
            )
    }

    fn no_blocks() -> Value {
        Value::List(Vec::new())
    }

    fn one_block() -> Value {
        Value::List(vec![Value::Map(BTreeMap::new())])
    }

    #[test]
    fn conflicting_arguments_are_refused() {
        let block = block().conflicts_with(&["a", "b", "c"]);
        check(&block, config([]), &[]);
        check(&block, config([("a", "x".into()), ("c", no_blocks())]), &[]);
        check(
            &block,
            config([("a", "x".into()), ("b", Value::Unknown)]),
            &[],
        );
        check(
            &block,
            config([("a", "x".into()), ("b", "y".into())]),
            &[(
                "b",
                "Only one of \"a\", \"b\" and \"c\" can be set, but \"a\" and \"b\" are.",
            )],
        );
        check(
            &block,
            config([("b", "y".into()), ("c", one_block())]),
            &[(
                "c",
                "Only one of \"a\", \"b\" and \"c\" can be set, but \"b\" and \"c\" are.",
            )],
        );
    }

    #[test]
    fn exactly_one_argument_is_demanded() {
        let block = block().exactly_one_of(&["a", "b"]);
        check(&block, config([("b", "x".into())]), &[]);
        check(&block, config([("b", Value::Unknown)]), &[]);
        check(
            &block,
            config([("a", Value::Unknown), ("b", "x".into())]),
            &[],
        );
        check(
            &block,
            config([]),
            &[("(root)", "Exactly one of \"a\" and \"b\" has to be set.")],
        );
        check(
            &block,
            config([("a", "x".into()), ("b", "".into())]),
            &[(
                "b",
                "Only one of \"a\" and \"b\" can be set, but \"a\" and \"b\" are.",
            )],
        );
    }

    #[test]
    fn at_least_one_argument_is_demanded() {
        let block = block().at_least_one_of(&["a", "c"]);
        check(&block, config([("a", "x".into()), ("c", one_block())]), &[]);
        check(&block, config([("c", Value::Unknown)]), &[]);
        check(
            &block,
            config([("b", "x".into()), ("c", no_blocks())]),
            &[("(root)", "At least one of \"a\" and \"c\" has to be set.")],
        );
    }

    #[test]
    fn arguments_without_their_required_ones_are_refused() {
        let block = block().required_with("a", &["b", "c"]);
        check(&block, config([("b", "x".into())]), &[]);
        check(&block, config([("a", Value::Unknown)]), &[]);
        check(
            &block,
            config([("a", "x".into()), ("b", Value::Unknown), ("c", one_block())]),
            &[],
        );
        check(
            &block,
            config([("a", "x".into()), ("b", "y".into())]),
            &[(
                "a",
                "The argument \"a\" is set, so \"c\" has to be set, too.",
            )],
        );
    }

    #[test]
    fn rules_hold_in_nested_blocks() {
        let inner = block().conflicts_with(&["a", "b"]);
        let both = || Value::from(config([("a", "x".into()), ("b", "y".into())]));
        let detail = |block: &str| {
            format!(
                "Only one of \"{block}.a\" and \"{block}.b\" can be set, but \"{block}.a\" and \"{block}.b\" are."
            )
        };
        let list = Block::new("").nested("n", Nesting::List(Bounds::default()), inner.clone());
        check(
            &list,
            config([("n", Value::List(vec![Value::Unknown, both()]))]),
            &[("n[1].b", &detail("n[1]"))],
        );
        let set = Block::new("").nested("n", Nesting::Set(Bounds::default()), inner);
        check(
            &set,
            config([("n", Value::List(vec![both()]))]),
            &[("n", &detail("n"))],
        );
    }

    #[test]
    fn nested_arguments_are_named_in_full() {
        let numbered = || {
            Attribute::optional("d", Type::String)
                .validate(Validator::text(|text| Err(format!("must not be {text}"))))
        };
        let object = vec![numbered(), Attribute::required("e", Type::String)];
        let nested = |name, collection| {
            Attribute::nested(name, collection, object.clone(), Setting::Optional)
        };
        let block = Block::new("")
            .attribute(nested("single", Collection::Single))
            .attribute(nested("map", Collection::Map))
            .attribute(nested("set", Collection::Set))
            .nested(
                "timeouts",
                Nesting::OPTIONAL,
                Block::new("").attribute(numbered()),
            );
        let value = || Value::from(config([("d", "x".into())]));
        let map = Value::Map(BTreeMap::from([("k".to_owned(), value())]));
        check(
            &block,
            config([
                ("single", value()),
                ("map", map),
                ("set", Value::List(vec![value()])),
                ("timeouts", value()),
            ]),
            &[
                ("single.d", "The argument \"single.d\" must not be x."),
                (
                    "single.e",
                    "The argument \"single.e\" is required, but no value was found for it.",
                ),
                (
                    "map[\"k\"].d",
                    "The argument \"map[\"k\"].d\" must not be x.",
                ),
                (
                    "map[\"k\"].e",
                    "The argument \"map[\"k\"].e\" is required, but no value was found for it.",
                ),
                ("set", "The argument \"set.d\" must not be x."),
                (
                    "set",
                    "The argument \"set.e\" is required, but no value was found for it.",
                ),
                ("timeouts.d", "The argument \"timeouts.d\" must not be x."),
            ],
        );
    }

    #[test]
    fn deprecated_argument_is_a_warning_where_it_is_used() {
        let block = Block::new("")
            .attribute(Attribute::optional("old", Type::String).deprecated("Use \"new\" instead."));
        check(&block, config([]), &[]);
        let used = config([("old", Value::Unknown)]);
        let found = validate(&Schema::new(block.clone()), &used);
        assert!(!found.has_errors());
        check(&block, used, &[("old", "Use \"new\" instead.")]);
    }
}
