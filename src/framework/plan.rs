//! Planning: from prior state, configuration and proposal to the planned state. Pure.
//!
//! What Terraform demands of a plan is in plugin protocol 6 (`PlanResourceChange`): what the practitioner set is
//! planned as it was set; what the provider sets may be known or unknown; and a plan that changes nothing equals the
//! prior state exactly, or there would be a difference for ever.
//!
//! Must not contain: decisions of a single resource, I/O, time, chance. The same input has to give the same plan,
//! because Terraform plans again before it applies.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    path::AttributePath,
    schema::{Attribute, AttributeKind, Block, Collection, NestedBlock, Schema},
    types::Type,
    value::{Object, Value},
};

type Attributes = BTreeMap<String, Value>;

/// A planned object, and why it cannot come about in place.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub struct Planned {
    /// The object as it shall be.
    pub object: Object,
    /// The changed attributes that require replacement, sorted; empty for an object to be created.
    pub requires_replace: Vec<AttributePath>,
}

/// Plans one object that shall exist.
///
/// `proposed` is Terraform's merge of `config` over `prior`: the configuration where it says something, the prior
/// value of computed attributes where it does not.
#[must_use]
pub fn plan(schema: &Schema, prior: Option<&Object>, config: &Object, proposed: Object) -> Planned {
    let nothing = Attributes::new();
    let root = Level {
        block: BlockRef::from(&schema.block),
        path: &AttributePath::root(),
        in_set: false,
    };
    let config = config.attributes();
    let prior_attributes = prior.map(Object::attributes);
    let mut planned = proposed.into_attributes();

    // 1. Where the configuration is silent, a default speaks. A write-only value is never planned: it would be stored.
    walk(
        root,
        config,
        prior_attributes,
        &mut planned,
        &mut |attribute, place, planned| {
            if attribute.write_only {
                *planned = Value::Null;
            } else if place.config.is_null()
                && let Some(default) = &attribute.default
            {
                *planned = default.clone();
            }
        },
    );

    // 2. A plan that changes nothing ends here, equal to the prior state. Marking anything as unknown now would turn
    //    every plan into a change.
    let ty = schema.ty();
    let unchanged = prior.is_some_and(|prior| same_attributes(&ty, prior.attributes(), &planned));
    if !unchanged {
        // 3. Something changes, so what the provider computes may change with it: unknown until apply, unless the
        //    configuration or a default has settled it, or the schema says that it stays as it is.
        walk(
            root,
            config,
            prior_attributes,
            &mut planned,
            &mut |attribute, place, planned| {
                let settled = !attribute.setting.is_computed()
                    || attribute.write_only
                    || !place.config.is_null()
                    || attribute.default.is_some();
                if settled {
                    return;
                }
                *planned = match place.prior {
                    Some(prior) if attribute.use_state_for_unknown => prior.clone(),
                    _ => Value::Unknown,
                };
            },
        );
    }

    // 4. An attribute that changes and cannot change in place asks for a replacement. A planned unknown counts as a
    //    change, since it may become one. On creation there is nothing to replace.
    let mut requires_replace = BTreeSet::new();
    if prior.is_some() {
        let prior = prior_attributes.unwrap_or(&nothing);
        walk(
            root,
            config,
            Some(prior),
            &mut planned,
            &mut |attribute, place, planned| {
                if attribute.requires_replace
                    && !same(
                        &attribute.ty(),
                        place.prior.unwrap_or(&Value::Null),
                        planned,
                    )
                {
                    requires_replace.insert(place.path.clone());
                }
            },
        );
    }

    Planned {
        object: planned.into(),
        requires_replace: requires_replace.into_iter().collect(),
    }
}

/// Whether two values of a type are the same to Terraform: the order of a set does not count.
#[must_use]
pub fn same(ty: &Type, left: &Value, right: &Value) -> bool {
    left == right || canonical(ty, left) == canonical(ty, right)
}

fn same_attributes(ty: &Type, left: &Attributes, right: &Attributes) -> bool {
    left == right
        || canonical(ty, &Value::Map(left.clone())) == canonical(ty, &Value::Map(right.clone()))
}

/// The value with all sets sorted, and every attribute of an object present.
fn canonical(ty: &Type, value: &Value) -> Value {
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

/// The attributes and blocks of one level of a schema, and where it is.
#[derive(Clone, Copy)]
struct Level<'a> {
    block: BlockRef<'a>,
    path: &'a AttributePath,
    /// Below a set there are no paths: the protocol has no step to an element of a set.
    in_set: bool,
}

#[derive(Clone, Copy)]
struct BlockRef<'a> {
    attributes: &'a [Attribute],
    blocks: &'a [NestedBlock],
}

impl<'a> From<&'a Block> for BlockRef<'a> {
    fn from(block: &'a Block) -> Self {
        Self {
            attributes: &block.attributes,
            blocks: &block.blocks,
        }
    }
}

/// What is known of an attribute beside its planned value.
struct Place<'a> {
    config: &'a Value,
    /// `None` where the object that has the attribute does not exist yet.
    prior: Option<&'a Value>,
    path: &'a AttributePath,
}

type Visit<'v> = dyn FnMut(&Attribute, Place<'_>, &mut Value) + 'v;

/// Visits every attribute of a planned object, outermost first, with what configuration and prior state say there.
///
/// It goes down only where the configuration has objects: what is null there is planned as a whole, and what is
/// unknown there stays exactly that.
fn walk(
    level: Level<'_>,
    config: &Attributes,
    prior: Option<&Attributes>,
    planned: &mut Attributes,
    visit: &mut Visit<'_>,
) {
    for attribute in level.block.attributes {
        let path = level.below(attribute.name);
        let config = config.get(attribute.name).unwrap_or(&Value::Null);
        let prior = prior.map(|prior| prior.get(attribute.name).unwrap_or(&Value::Null));
        let planned = planned
            .entry(attribute.name.to_owned())
            .or_insert(Value::Null);
        visit(
            attribute,
            Place {
                config,
                prior,
                path: &path,
            },
            planned,
        );
        if let AttributeKind::Nested(nesting, attributes) = &attribute.kind {
            let below = Level {
                block: BlockRef {
                    attributes,
                    blocks: &[],
                },
                path: &path,
                in_set: level.in_set,
            };
            walk_nested(below, *nesting, config, prior, planned, visit);
        }
    }
    for nested in level.block.blocks {
        let path = level.below(nested.name);
        let config = config.get(nested.name).unwrap_or(&Value::Null);
        let prior = prior.map(|prior| prior.get(nested.name).unwrap_or(&Value::Null));
        let planned = planned.entry(nested.name.to_owned()).or_insert(Value::Null);
        let below = Level {
            block: BlockRef::from(&nested.block),
            path: &path,
            in_set: level.in_set,
        };
        walk_nested(
            below,
            nested.nesting.collection(),
            config,
            prior,
            planned,
            visit,
        );
    }
}

/// Goes down into the objects of a nested attribute or block.
fn walk_nested(
    level: Level<'_>,
    collection: Collection,
    config: &Value,
    prior: Option<&Value>,
    planned: &mut Value,
    visit: &mut Visit<'_>,
) {
    match (collection, config, planned) {
        (Collection::Single, Value::Map(config), Value::Map(planned)) => {
            walk(level, config, prior.and_then(attributes), planned, visit);
        }
        (Collection::Map, Value::Map(config), Value::Map(planned)) => {
            let prior = prior.and_then(attributes);
            for (key, planned) in planned {
                let path = level.path.then_key(key);
                let level = Level {
                    path: if level.in_set { level.path } else { &path },
                    ..level
                };
                let prior = prior.and_then(|prior| prior.get(key));
                walk_element(level, config.get(key), prior, planned, visit);
            }
        }
        (Collection::List, Value::List(config), Value::List(planned)) => {
            let prior = prior.and_then(elements);
            for (index, planned) in planned.iter_mut().enumerate() {
                let path = level.path.then_index(index);
                let level = Level {
                    path: if level.in_set { level.path } else { &path },
                    ..level
                };
                let prior = prior.and_then(|prior| prior.get(index));
                walk_element(level, config.get(index), prior, planned, visit);
            }
        }
        (Collection::Set, Value::List(config), Value::List(planned)) => {
            // Elements of a set have no key to find them by. A planned element belongs to the configured one that it
            // agrees with wherever that one says something, and to the prior one that it agrees with wherever the
            // plan is known.
            let level = Level {
                in_set: true,
                ..level
            };
            let mut configured: Vec<&Value> = config.iter().collect();
            let mut existing: Vec<&Value> = prior
                .and_then(elements)
                .unwrap_or_default()
                .iter()
                .collect();
            for planned in planned {
                let config = take(&mut configured, |config| {
                    agrees(config, planned, Value::is_null)
                });
                let prior = take(&mut existing, |prior| {
                    agrees(planned, prior, Value::is_unknown)
                });
                walk_element(level, config, prior, planned, visit);
            }
        }
        // Null or unknown as a whole, in the configuration or in the plan.
        _ => {}
    }
}

fn walk_element(
    level: Level<'_>,
    config: Option<&Value>,
    prior: Option<&Value>,
    planned: &mut Value,
    visit: &mut Visit<'_>,
) {
    if let (Some(Value::Map(config)), Value::Map(planned)) = (config, planned) {
        walk(level, config, prior.and_then(attributes), planned, visit);
    }
}

fn take<'a>(from: &mut Vec<&'a Value>, wanted: impl Fn(&Value) -> bool) -> Option<&'a Value> {
    from.iter()
        .position(|value| wanted(value))
        .map(|at| from.swap_remove(at))
}

/// Whether a value has what a pattern says, where the pattern says something.
fn agrees(pattern: &Value, value: &Value, is_silent: fn(&Value) -> bool) -> bool {
    match (pattern, value) {
        (pattern, _) if is_silent(pattern) => true,
        (Value::Map(pattern), Value::Map(value)) => pattern.iter().all(|(name, pattern)| {
            agrees(pattern, value.get(name).unwrap_or(&Value::Null), is_silent)
        }),
        (Value::List(pattern), Value::List(value)) => {
            pattern.len() == value.len()
                && pattern
                    .iter()
                    .zip(value)
                    .all(|(pattern, value)| agrees(pattern, value, is_silent))
        }
        _ => pattern == value,
    }
}

fn attributes(value: &Value) -> Option<&Attributes> {
    match value {
        Value::Map(attributes) => Some(attributes),
        _ => None,
    }
}

fn elements(value: &Value) -> Option<&[Value]> {
    match value {
        Value::List(elements) => Some(elements),
        _ => None,
    }
}

impl Level<'_> {
    fn below(&self, name: &str) -> AttributePath {
        if self.in_set {
            self.path.clone()
        } else {
            self.path.then_attribute(name)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::framework::schema::{Bounds, Nesting, Setting};

    /// A value in short: `"?"` stands for unknown, JSON for the rest.
    fn value(json: &Json) -> Value {
        match json {
            Json::Null => Value::Null,
            Json::Bool(value) => (*value).into(),
            Json::Number(number) => Value::Number(number.to_string().parse().expect("a number")),
            Json::String(text) if text == "?" => Value::Unknown,
            Json::String(text) => Value::string(text),
            Json::Array(elements) => Value::List(elements.iter().map(value).collect()),
            Json::Object(attributes) => Value::Map(
                attributes
                    .iter()
                    .map(|(name, json)| (name.clone(), value(json)))
                    .collect(),
            ),
        }
    }

    fn object(json: &Json) -> Object {
        match value(json) {
            Value::Map(attributes) => attributes.into(),
            other => panic!("a case needs an object, not {other:?}"),
        }
    }

    fn check(
        schema: &Schema,
        prior: Json,
        config: Json,
        proposed: Json,
        expected: Json,
        replaced: &[&str],
    ) {
        let prior = (!prior.is_null()).then(|| object(&prior));
        let planned = plan(schema, prior.as_ref(), &object(&config), object(&proposed));
        let ty = schema.ty();
        let (actual, expected) = (planned.object.clone().into(), object(&expected).into());
        assert_eq!(
            canonical(&ty, &actual),
            canonical(&ty, &expected),
            "config {config}"
        );
        let paths: Vec<String> = planned
            .requires_replace
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(paths, replaced, "config {config}");

        // Terraform plans again before it applies; the second answer must be the first.
        let again = plan(schema, prior.as_ref(), &object(&config), object(&proposed));
        assert_eq!(again, planned);
    }

    fn schema() -> Schema {
        Schema::new(
            Block::new("")
                .attribute(Attribute::required("name", Type::String).requires_replace())
                .attribute(Attribute::optional("note", Type::String))
                .attribute(Attribute::optional("mode", Type::String).default("A"))
                .attribute(Attribute::computed("id", Type::String).use_state_for_unknown())
                .attribute(Attribute::computed("version", Type::String))
                .attribute(Attribute::optional_computed("zone", Type::String))
                .attribute(Attribute::optional("secret", Type::String).write_only()),
        )
    }

    #[test]
    fn creation_marks_what_the_provider_sets() {
        check(
            &schema(),
            Json::Null,
            json!({"name": "a"}),
            json!({"name": "a"}),
            json!({"name": "a", "mode": "A", "id": "?", "version": "?", "zone": "?"}),
            &[],
        );
        check(
            &schema(),
            Json::Null,
            json!({"name": "?", "mode": "B", "zone": "z", "note": "?", "secret": "s"}),
            json!({"name": "?", "mode": "B", "zone": "z", "note": "?", "secret": "s"}),
            json!({"name": "?", "mode": "B", "zone": "z", "note": "?", "id": "?", "version": "?"}),
            &[],
        );
    }

    #[test]
    fn a_plan_without_changes_equals_the_prior_state() {
        let prior = json!({"name": "a", "mode": "A", "id": "1", "version": "v1", "zone": "z"});
        check(
            &schema(),
            prior.clone(),
            json!({"name": "a"}),
            prior.clone(),
            prior.clone(),
            &[],
        );
        // A write-only value arrives with every proposal and changes nothing.
        let mut proposed = prior.clone();
        proposed["secret"] = "s".into();
        check(
            &schema(),
            prior.clone(),
            json!({"name": "a", "secret": "s"}),
            proposed,
            prior,
            &[],
        );
    }

    #[test]
    fn a_change_leaves_known_what_is_kept() {
        let prior = json!({"name": "a", "mode": "A", "id": "1", "version": "v1", "zone": "z"});
        check(
            &schema(),
            prior.clone(),
            json!({"name": "a", "note": "n"}),
            json!({"name": "a", "note": "n", "mode": "A", "id": "1", "version": "v1", "zone": "z"}),
            json!({"name": "a", "note": "n", "mode": "A", "id": "1", "version": "?", "zone": "?"}),
            &[],
        );
        // The default comes back when the practitioner's value goes.
        let mut was_b = prior.clone();
        was_b["mode"] = "B".into();
        check(
            &schema(),
            was_b.clone(),
            json!({"name": "a"}),
            was_b,
            json!({"name": "a", "mode": "A", "id": "1", "version": "?", "zone": "?"}),
            &[],
        );
    }

    #[test]
    fn a_null_that_is_kept_stays_null() {
        check(
            &schema(),
            json!({"name": "a", "mode": "A", "id": null, "version": "v1"}),
            json!({"name": "a", "note": "n"}),
            json!({"name": "a", "note": "n", "mode": "A", "version": "v1"}),
            json!({"name": "a", "note": "n", "mode": "A", "id": null, "version": "?", "zone": "?"}),
            &[],
        );
    }

    #[test]
    fn what_cannot_change_in_place_asks_for_replacement() {
        let prior = json!({"name": "a", "mode": "A", "id": "1", "version": "v1", "zone": "z"});
        for name in ["b", "?"] {
            check(
                &schema(),
                prior.clone(),
                json!({"name": name}),
                json!({"name": name, "mode": "A", "id": "1", "version": "v1", "zone": "z"}),
                json!({"name": name, "mode": "A", "id": "1", "version": "?", "zone": "?"}),
                &["name"],
            );
        }
    }

    fn nested(collection: Collection) -> Schema {
        let attributes = vec![
            Attribute::required("key", Type::String).requires_replace(),
            Attribute::optional("size", Type::Number).default(1_i64),
            Attribute::computed("id", Type::String).use_state_for_unknown(),
        ];
        Schema::new(
            Block::new("")
                .attribute(Attribute::optional("note", Type::String))
                .attribute(Attribute::nested(
                    "parts",
                    collection,
                    attributes,
                    Setting::Optional,
                )),
        )
    }

    #[test]
    fn attributes_nested_in_a_list_are_planned_by_position() {
        check(
            &nested(Collection::List),
            json!({"parts": [{"key": "a", "size": 1, "id": "1"}]}),
            json!({"parts": [{"key": "a", "size": null, "id": null}, {"key": "b", "size": 5, "id": null}]}),
            json!({"parts": [{"key": "a", "size": 1, "id": "1"}, {"key": "b", "size": 5, "id": null}]}),
            json!({"parts": [{"key": "a", "size": 1, "id": "1"}, {"key": "b", "size": 5, "id": "?"}]}),
            &["parts[1].key"],
        );
    }

    #[test]
    fn attributes_nested_in_a_map_are_planned_by_key() {
        check(
            &nested(Collection::Map),
            json!({"parts": {"x": {"key": "a", "size": 1, "id": "1"}}}),
            json!({"parts": {"x": {"key": "c", "size": null, "id": null}}}),
            json!({"parts": {"x": {"key": "c", "size": 1, "id": "1"}}}),
            json!({"parts": {"x": {"key": "c", "size": 1, "id": "1"}}}),
            &["parts[\"x\"].key"],
        );
    }

    #[test]
    fn attributes_nested_in_a_set_have_no_path_of_their_own() {
        check(
            &nested(Collection::Set),
            json!({"parts": [{"key": "a", "size": 1, "id": "1"}]}),
            json!({"parts": [{"key": "b", "size": null, "id": null}]}),
            json!({"parts": [{"key": "b", "size": null, "id": null}]}),
            json!({"parts": [{"key": "b", "size": 1, "id": "?"}]}),
            &["parts"],
        );
    }

    #[test]
    fn the_order_of_a_set_is_no_change() {
        let one = json!({"key": "a", "size": 1, "id": "1"});
        let two = json!({"key": "b", "size": 1, "id": "2"});
        check(
            &nested(Collection::Set),
            json!({"parts": [one, two]}),
            json!({"parts": [{"key": "b", "size": null, "id": null}, {"key": "a", "size": null, "id": null}]}),
            json!({"parts": [two, one]}),
            json!({"parts": [one, two]}),
            &[],
        );
    }

    #[test]
    fn unknown_and_null_collections_are_planned_as_they_are() {
        for whole in [json!("?"), Json::Null] {
            check(
                &nested(Collection::List),
                json!({"note": "n", "parts": [{"key": "a", "size": 1, "id": "1"}]}),
                json!({"parts": whole}),
                json!({"parts": whole}),
                json!({"note": null, "parts": whole}),
                &[],
            );
        }
    }

    #[test]
    fn blocks_are_planned_like_nested_attributes() {
        let inner = || {
            Block::new("")
                .attribute(Attribute::optional("size", Type::Number).default(1_i64))
                .attribute(Attribute::computed("id", Type::String))
        };
        let schema = Schema::new(
            Block::new("")
                .nested("one", Nesting::OPTIONAL, inner())
                .nested("group", Nesting::Group, inner())
                .nested("many", Nesting::List(Bounds::default()), inner())
                .nested("named", Nesting::Map, inner()),
        );
        let empty = json!({"size": null, "id": null});
        let planned = json!({"size": 1, "id": "?"});
        check(
            &schema,
            Json::Null,
            json!({"one": null, "group": empty, "many": [empty], "named": {"k": empty}}),
            json!({"one": null, "group": empty, "many": [empty], "named": {"k": empty}}),
            json!({"one": null, "group": planned, "many": [planned], "named": {"k": planned}}),
            &[],
        );
        check(
            &schema,
            Json::Null,
            json!({"one": empty, "group": empty, "many": "?", "named": {}}),
            json!({"one": empty, "group": empty, "many": "?", "named": {}}),
            json!({"one": planned, "group": planned, "many": "?", "named": {}}),
            &[],
        );
    }
}
