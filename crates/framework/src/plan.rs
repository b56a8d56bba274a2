//! Planning: from prior state, configuration and proposal to the planned state. Pure.
//!
//! What Terraform demands of a plan is in plugin protocol 6 (`PlanResourceChange`): what the practitioner set is
//! planned as it was set; what the provider sets may be known or unknown; and a plan that changes nothing equals the
//! prior state exactly, or there would be a difference for ever.
//!
//! Must not contain: decisions of a single resource, I/O, time, chance. The same input has to give the same plan,
//! because Terraform plans again before it applies.

mod equality;
mod set_correlation;
mod spelling;
mod walk;

use std::collections::BTreeSet;

use super::{
    path::AttributePath,
    schema::{Attribute, PlanContext, Schema},
    value::{Object, Value},
};
use equality::same_attributes;
use walk::{Attributes, BlockRef, Site, Visit, walk};

pub(crate) use equality::same;
pub(crate) use spelling::keep_spelling;

/// A planned object, and why it cannot come about in place.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Planned {
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
pub(crate) fn plan_object(
    schema: &Schema,
    prior: Option<&Object>,
    config: &Object,
    proposed: Object,
) -> Planned {
    let proposed = proposed.into_attributes();
    let mut planned = proposed.clone();
    let show = |planned: &mut Attributes, visit: &mut dyn Visit| {
        walk(schema, config, prior, &proposed, planned, visit);
    };
    let objects = Objects { config, prior };

    // 1. Where the configuration is silent, a default speaks, or the prior state if the schema says that it stays. The
    //    prior state also stays where the configuration means the same in another spelling. A write-only value is never
    //    planned: it would be stored.
    show(&mut planned, &mut settle);

    // 2. A plan that changes nothing ends here, equal to the prior state. Marking anything as unknown now would turn
    //    every plan into a change.
    let unchanged =
        prior.is_some_and(|prior| same_attributes(&schema.ty(), prior.attributes(), &planned));
    let mut replacements = Replacements {
        objects,
        paths: BTreeSet::new(),
    };
    if !unchanged {
        // 3. Something changes, so what the provider computes may change with it: unknown until apply, unless it was
        //    settled above or the schema knows what it will be.
        show(
            &mut planned,
            &mut |attribute: &Attribute, site: Site<'_>, planned: &mut Value| {
                plan_computed(attribute, site, objects, planned);
            },
        );

        // 4. An attribute that changes and cannot change in place asks for a replacement. A planned unknown counts as
        //    a change, since it may become one, and so do objects of which nothing is known yet: the plan before apply
        //    must not ask for a replacement that this one did not announce. On creation there is nothing to replace.
        if prior.is_some() {
            show(&mut planned, &mut replacements);
        }
    }

    Planned {
        object: planned.into(),
        requires_replace: replacements.paths.into_iter().collect(),
    }
}

fn settle(attribute: &Attribute, site: Site<'_>, planned: &mut Value) {
    if attribute.write_only {
        *planned = Value::Null;
    } else if !site.config.is_null() {
        // The configuration speaks, and was proposed.
        if let (Some(equality), Some(prior)) = (attribute.equality, site.prior)
            && equality.means_the_same(prior, site.config)
        {
            *planned = prior.clone();
        }
    } else if let Some(default) = &attribute.default {
        *planned = default.clone();
    } else if let Some(kept) = kept_value(attribute, site) {
        // Mostly proposed already. But of an object that was configured once, Terraform proposes nothing.
        *planned = kept.clone();
    }
}

/// The whole objects that a plan is made from.
#[derive(Clone, Copy)]
struct Objects<'a> {
    config: &'a Object,
    prior: Option<&'a Object>,
}

impl<'a> Objects<'a> {
    fn context(self, site: Site<'a>, planned: &'a Value) -> PlanContext<'a> {
        PlanContext {
            path: site.path,
            config: site.config,
            prior: site.prior.unwrap_or(&Value::Null),
            planned,
            config_object: self.config,
            prior_object: self.prior,
        }
    }
}

fn plan_computed(attribute: &Attribute, site: Site<'_>, objects: Objects<'_>, planned: &mut Value) {
    let settled = !attribute.setting.is_computed()
        || attribute.write_only
        || !site.config.is_null()
        || attribute.default.is_some()
        || kept_value(attribute, site).is_some();
    if !settled {
        let value = attribute
            .planned_value
            .and_then(|value| value(&objects.context(site, planned)));
        *planned = value.unwrap_or(Value::Unknown);
    }
}

/// The prior value of what stays as it is when the configuration is silent.
fn kept_value<'a>(attribute: &Attribute, site: Site<'a>) -> Option<&'a Value> {
    site.prior
        .filter(|_| attribute.setting.is_computed() && attribute.use_state_for_unknown)
}

/// What asks for a replacement.
struct Replacements<'a> {
    objects: Objects<'a>,
    paths: BTreeSet<AttributePath>,
}

impl Visit for Replacements<'_> {
    fn attribute(&mut self, attribute: &Attribute, site: Site<'_>, planned: &mut Value) {
        if !may_replace(attribute) {
            return;
        }
        let prior = site.prior.unwrap_or(&Value::Null);
        if same(&attribute.ty(), prior, planned) {
            return;
        }
        let replaces = attribute.requires_replace
            || !planned.is_wholly_known()
            || attribute
                .requires_replace_if
                .is_some_and(|condition| condition(&self.objects.context(site, planned)));
        if replaces {
            self.paths.insert(site.path.clone());
        }
    }

    fn unknown(&mut self, objects: BlockRef<'_>, path: &AttributePath) {
        if objects.any(may_replace) {
            self.paths.insert(path.clone());
        }
    }
}

fn may_replace(attribute: &Attribute) -> bool {
    attribute.requires_replace || attribute.requires_replace_if.is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{equality::canonical, *};
    use crate::{
        schema::{Block, Bounds, Collection, Equality, Nesting, Setting},
        types::Type,
    };

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
        let planned = plan_object(schema, prior.as_ref(), &object(&config), object(&proposed));
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

        // Terraform plans again before it applies; both plans must be equal.
        let again = plan_object(schema, prior.as_ref(), &object(&config), object(&proposed));
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
    fn creation_plans_computed_values_as_unknown() {
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
    fn plan_without_changes_equals_the_prior_state() {
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
    fn conditional_replacement_uses_known_values() {
        let schema = Schema::new(
            Block::new("").attribute(
                Attribute::optional("size", Type::Number)
                    .requires_replace_if(|context| context.planned < context.prior),
            ),
        );
        let check = |prior: Json, config: Json, replaced: &[&str]| {
            check(
                &schema,
                prior,
                config.clone(),
                config.clone(),
                config,
                replaced,
            );
        };
        check(json!({"size": 2}), json!({"size": 1}), &["size"]);
        check(json!({"size": 1}), json!({"size": 2}), &[]);
        check(json!({"size": 1}), json!({"size": 1}), &[]);
        // It may turn out to shrink, and the plan before apply may ask for no replacement that was not announced.
        check(json!({"size": 1}), json!({"size": "?"}), &["size"]);
        check(Json::Null, json!({"size": 1}), &[]);
    }

    #[test]
    fn planned_value_replaces_unknown_in_a_change() {
        let schema = Schema::new(
            Block::new("")
                .attribute(Attribute::optional("name", Type::String))
                .attribute(Attribute::optional("note", Type::String))
                .attribute(
                    Attribute::optional_computed("alias", Type::String).planned_value(|context| {
                        assert_eq!(context.path.to_string(), "alias");
                        context.config_object.text("name").map(Value::from)
                    }),
                ),
        );
        let check = |prior: Json, config: Json, expected: Json| {
            check(&schema, prior, config.clone(), config, expected, &[]);
        };
        check(
            Json::Null,
            json!({"name": "n"}),
            json!({"name": "n", "alias": "n"}),
        );
        check(
            Json::Null,
            json!({"name": "?"}),
            json!({"name": "?", "alias": "?"}),
        );
        check(
            Json::Null,
            json!({"name": "n", "alias": "a"}),
            json!({"name": "n", "alias": "a"}),
        );
        check(
            json!({"name": "n", "alias": "old"}),
            json!({"name": "n", "note": "new"}),
            json!({"name": "n", "note": "new", "alias": "n"}),
        );
        // Without a change it stays what it is.
        let prior = json!({"name": "n", "alias": "old"});
        self::check(
            &schema,
            prior.clone(),
            json!({"name": "n"}),
            prior.clone(),
            prior,
            &[],
        );
    }

    #[test]
    fn other_spelling_of_a_value_is_no_change() {
        let word = || {
            Attribute::optional("word", Type::String)
                .equality(Equality::IgnoreCase)
                .requires_replace()
        };
        let schema = Schema::new(
            Block::new("")
                .attribute(word())
                .attribute(Attribute::computed("id", Type::String))
                .nested(
                    "part",
                    Nesting::List(Bounds::default()),
                    Block::new("").attribute(word()),
                ),
        );
        let prior = json!({"word": "a", "id": "1", "part": [{"word": "b"}]});
        let config = |word: &str, part: &str| json!({"word": word, "part": [{"word": part}]});
        let check = |config: Json, expected: Json, replaced: &[&str]| {
            let mut proposed = config.clone();
            proposed["id"] = "1".into();
            check(&schema, prior.clone(), config, proposed, expected, replaced);
        };
        check(config("A", "B"), prior.clone(), &[]);
        check(
            config("A", "c"),
            json!({"word": "a", "id": "?", "part": [{"word": "c"}]}),
            &["part[0].word"],
        );
        check(
            config("?", "B"),
            json!({"word": "?", "id": "?", "part": [{"word": "b"}]}),
            &["word"],
        );
    }

    #[test]
    fn change_leaves_kept_values_known() {
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
    fn kept_null_stays_null() {
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
    fn change_that_is_impossible_in_place_requires_replacement() {
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
        // What is unknown may turn out to need a replacement, and then it must have been announced.
        for (whole, replaced) in [(json!("?"), &["parts"][..]), (Json::Null, &[])] {
            check(
                &nested(Collection::List),
                json!({"note": "n", "parts": [{"key": "a", "size": 1, "id": "1"}]}),
                json!({"parts": whole}),
                json!({"parts": whole}),
                json!({"note": null, "parts": whole}),
                replaced,
            );
        }
    }

    #[test]
    fn an_unknown_element_may_need_a_replacement() {
        check(
            &nested(Collection::List),
            json!({"parts": [{"key": "a", "size": 1, "id": "1"}]}),
            json!({"parts": ["?"]}),
            json!({"parts": ["?"]}),
            json!({"parts": ["?"]}),
            &["parts[0]"],
        );
        let block =
            Block::new("").attribute(Attribute::required("key", Type::String).requires_replace());
        let schema =
            Schema::new(Block::new("").nested("many", Nesting::List(Bounds::default()), block));
        check(
            &schema,
            json!({"many": [{"key": "a"}]}),
            json!({"many": "?"}),
            json!({"many": "?"}),
            json!({"many": "?"}),
            &["many"],
        );
    }

    #[test]
    fn set_element_with_unknown_values_has_no_prior_element() {
        // It may turn out to be the second one, whose ID is another.
        let one = json!({"key": "a", "size": 1, "id": null});
        let two = json!({"key": "b", "size": 1, "id": "2"});
        check(
            &nested(Collection::Set),
            json!({"parts": [one, two]}),
            json!({"parts": [{"key": "?", "size": null, "id": null}]}),
            json!({"parts": [{"key": "?", "size": null, "id": null}]}),
            json!({"parts": [{"key": "?", "size": 1, "id": "?"}]}),
            &["parts"],
        );
    }

    #[test]
    fn each_element_of_a_set_is_planned_by_its_own_configuration() {
        let attributes = vec![
            Attribute::required("key", Type::String),
            Attribute::optional("size", Type::Number).default(1_i64),
        ];
        let schema = Schema::new(Block::new("").attribute(Attribute::nested(
            "parts",
            Collection::Set,
            attributes,
            Setting::Optional,
        )));
        // The first configured element would fit the second proposed one as well, and its default is not for that.
        let config = json!({"parts": [{"key": "a", "size": null}, {"key": "a", "size": 5}]});
        let proposed = json!({"parts": [{"key": "a", "size": 5}, {"key": "a", "size": null}]});
        check(
            &schema,
            Json::Null,
            config,
            proposed,
            json!({"parts": [{"key": "a", "size": 5}, {"key": "a", "size": 1}]}),
            &[],
        );
    }

    #[test]
    fn kept_value_stays_when_its_configuration_is_removed() {
        let attributes = vec![Attribute::optional("key", Type::String)];
        let schema = Schema::new(
            Block::new("")
                .attribute(Attribute::computed("version", Type::String))
                .attribute(
                    Attribute::nested(
                        "part",
                        Collection::Single,
                        attributes,
                        Setting::OptionalComputed,
                    )
                    .use_state_for_unknown(),
                ),
        );
        let prior = json!({"version": "v1", "part": {"key": "a"}});
        check(
            &schema,
            prior.clone(),
            json!({"version": null, "part": null}),
            json!({"version": "v1", "part": null}),
            prior,
            &[],
        );
    }

    #[test]
    fn typed_null_counts_as_not_configured() {
        let schema = Schema::new(
            Block::new("")
                .attribute(
                    Attribute::optional("mode", Type::Dynamic)
                        .default(Value::Dynamic(Box::new((Type::String, "A".into())))),
                )
                .attribute(Attribute::optional_computed("zone", Type::Dynamic)),
        );
        let null = || Value::Dynamic(Box::new((Type::String, Value::Null)));
        let mut config = Object::new();
        config.set("mode", null());
        config.set("zone", null());
        let planned = plan_object(&schema, None, &config, config.clone()).object;
        assert_eq!(
            planned.get("mode"),
            &Value::Dynamic(Box::new((Type::String, "A".into())))
        );
        assert_eq!(planned.get("zone"), &Value::Unknown);
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
