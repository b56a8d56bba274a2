//! Generated schemas: attributes and blocks of every nesting, with every mark that planning knows.
//!
//! They obey what Terraform demands of a schema when it loads it, and what a careful author would obey: what lies
//! below an attribute that only the provider sets is set by the provider only. In the elements of a set Terraform
//! recognises what the provider computed in plain attributes only, other than sets; whatever else is computed there would
//! be lost from the proposal each time, and be a difference for ever.
//!
//! Must not contain: values, beyond those of defaults.

use std::collections::BTreeMap;

use framework::{
    Attribute, Block, Nesting, Schema, Type, Value,
    schema::{AttributeKind, Bounds, Collection, Equality, PlanContext, Setting},
};

use crate::{choices::Choices, values};

const ATTRIBUTES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const BLOCKS: [&str; 3] = ["p", "q", "r"];
const COLLECTIONS: [Collection; 4] = [
    Collection::Single,
    Collection::List,
    Collection::Map,
    Collection::Set,
];

/// What the surroundings of an attribute allow.
#[derive(Clone, Copy)]
struct Surroundings {
    depth: usize,
    /// Neither dynamic nor write-only attributes may be inside of a set.
    in_set: bool,
    /// Only the provider sets what is below.
    computed: bool,
    /// Only the practitioner sets what is below.
    configured: bool,
}

/// A schema.
pub(crate) fn schema(choices: &mut Choices<'_>) -> Schema {
    let surroundings = Surroundings {
        depth: 3,
        in_set: false,
        computed: false,
        configured: false,
    };
    Schema::new(block(choices, surroundings))
}

fn block(choices: &mut Choices<'_>, around: Surroundings) -> Block {
    let mut block = Block::new("");
    for name in &ATTRIBUTES[..=choices.below(if around.depth == 3 { 5 } else { 3 })] {
        block = block.attribute(attribute(choices, name, around));
    }
    if around.depth == 0 {
        return block;
    }
    let deeper = Surroundings {
        depth: around.depth - 1,
        ..around
    };
    for name in &BLOCKS[..choices.below(3)] {
        let nesting = choices.pick(&[
            Nesting::OPTIONAL,
            Nesting::List(Bounds::default()),
            Nesting::Set(Bounds::default()),
            Nesting::Map,
            Nesting::Group,
            Nesting::Single { required: true },
            Nesting::List(Bounds {
                min: 1,
                max: Some(3),
            }),
        ]);
        let set = nesting.collection() == Collection::Set;
        let inside = Surroundings {
            in_set: around.in_set || set,
            configured: around.configured || around.in_set && set,
            ..deeper
        };
        block = block.nested(name, nesting, self::block(choices, inside));
    }
    block
}

fn attribute(choices: &mut Choices<'_>, name: &'static str, around: Surroundings) -> Attribute {
    let setting = match around {
        Surroundings { computed: true, .. } => Setting::Computed,
        Surroundings {
            configured: true, ..
        } => choices.pick(&[Setting::Optional, Setting::Required]),
        _ => choices.pick(&[
            Setting::Optional,
            Setting::Computed,
            Setting::OptionalComputed,
            Setting::Required,
        ]),
    };
    let write_only = !around.in_set && !setting.is_computed() && choices.chance(12);
    let lost = around.in_set && setting.is_computed();
    let mut attribute = if around.depth > 0 && !lost && choices.chance(35) {
        let collection = choices.pick(&COLLECTIONS);
        let inside = Surroundings {
            depth: around.depth - 1,
            in_set: around.in_set || collection == Collection::Set,
            computed: setting == Setting::Computed,
            configured: write_only
                || around.configured
                || around.in_set && collection == Collection::Set,
        };
        let nested = ATTRIBUTES[..=choices.below(3)]
            .iter()
            .map(|name| attribute(choices, name, inside))
            .collect();
        Attribute::nested(name, collection, nested, setting)
    } else {
        let ty = match ty(choices, 2, around.in_set) {
            Type::Set(of) if lost => Type::List(of),
            ty => ty,
        };
        let mut attribute = Attribute::optional(name, ty);
        attribute.setting = setting;
        attribute
    };
    attribute.write_only = write_only;
    attribute.sensitive = choices.chance(10);
    attribute.requires_replace = choices.chance(20);
    attribute.use_state_for_unknown = setting.is_computed() && choices.chance(35);
    let is_plain =
        |types: &[Type]| matches!(&attribute.kind, AttributeKind::Plain(ty) if types.contains(ty));
    if is_plain(&[Type::String, Type::Number, Type::Bool]) && choices.chance(15) {
        attribute.requires_replace_if = Some(shrinks);
    }
    if is_plain(&[Type::String]) && !around.in_set {
        if setting.is_configurable() && choices.chance(30) {
            attribute.equality = Some(Equality::IgnoreCase);
        } else if setting.is_computed() && choices.chance(30) {
            attribute.planned_value = Some(same_as_a);
        }
    }
    let settable = matches!(setting, Setting::Optional | Setting::OptionalComputed);
    let may_default = settable && !write_only && !around.configured;
    if may_default && !(around.in_set && is_nested_or_set(&attribute)) && choices.chance(25) {
        let default = default(choices, &attribute);
        attribute = attribute.default(default);
    }
    attribute
}

/// A condition of a replacement that goes by the values.
pub(crate) fn shrinks(context: &PlanContext<'_>) -> bool {
    context.planned < context.prior
}

/// A computed value that the schema knows as soon as the configuration does.
fn same_as_a(context: &PlanContext<'_>) -> Option<Value> {
    let name = context.config_object.get("a");
    name.as_str().map(Value::from)
}

fn is_nested_or_set(attribute: &Attribute) -> bool {
    !matches!(&attribute.kind, AttributeKind::Plain(ty) if !matches!(ty, Type::Set(_)))
}

/// A default is a known value. What is nested in it has no defaults and no write-only values of its own.
fn default(choices: &mut Choices<'_>, attribute: &Attribute) -> Value {
    match &attribute.kind {
        AttributeKind::Plain(ty) => values::known_value(choices, ty),
        AttributeKind::Nested(collection, attributes) => {
            values::collected(choices, *collection, &mut |choices| {
                let value = |attribute: &Attribute| {
                    let value = if attribute.write_only {
                        Value::Null
                    } else {
                        default(choices, attribute)
                    };
                    (attribute.name.to_owned(), value)
                };
                Value::Map(attributes.iter().map(value).collect())
            })
        }
    }
}

/// A type of a plain attribute.
pub(crate) fn ty(choices: &mut Choices<'_>, depth: usize, in_set: bool) -> Type {
    let kinds = if depth == 0 { 3 } else { 9 };
    match choices.below(kinds + usize::from(!in_set)) {
        1 => Type::Number,
        2 => Type::Bool,
        3 if depth > 0 => Type::List(Box::new(ty(choices, depth - 1, in_set))),
        4 => Type::Set(Box::new(ty(choices, depth - 1, true))),
        5 => Type::Map(Box::new(ty(choices, depth - 1, in_set))),
        6 => Type::Object(BTreeMap::from([
            ("x".to_owned(), ty(choices, depth - 1, in_set)),
            ("y".to_owned(), ty(choices, depth - 1, in_set)),
        ])),
        7 => Type::Tuple(vec![ty(choices, depth - 1, in_set), Type::Number]),
        3 | 9 => Type::Dynamic,
        _ => Type::String,
    }
}
