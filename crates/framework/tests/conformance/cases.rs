//! One small case for each rule: a response that breaks it, with the phrase that Terraform has for it, and our own response
//! to the same question, which does not.
//!
//! Must not contain: generated cases.

use framework::{
    Attribute, Block, Nesting, Schema, Type, Value,
    schema::{Bounds, Collection, Setting},
};
use serde_json::{Value as Json, json};

use crate::{
    fixture_provider::Host,
    format::format_value,
    proposal::proposed_new,
    rules::{
        Action, Reading, action, assert_object_compatible, assert_plan_valid, assert_storable,
        assert_value_compatible,
    },
};

/// A value in short: `"?"` is unknown.
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

/// `a` is optional, `b` optional and computed, `c` computed, `s` sensitive, `w` write-only.
fn attributes() -> Vec<Attribute> {
    vec![
        Attribute::optional("a", Type::String),
        Attribute::optional_computed("b", Type::String),
        Attribute::computed("c", Type::String),
        Attribute::optional("s", Type::String).sensitive(),
        Attribute::optional("w", Type::String).write_only(),
    ]
}

fn flat() -> Schema {
    Schema::new(
        attributes()
            .into_iter()
            .fold(Block::new(""), Block::attribute),
    )
}

fn nested(collection: Collection) -> Schema {
    let inner = vec![
        Attribute::optional("a", Type::String),
        Attribute::computed("c", Type::String),
    ];
    Schema::new(Block::new("").attribute(Attribute::nested(
        "n",
        collection,
        inner,
        Setting::Optional,
    )))
}

fn blocks(nesting: Nesting) -> Schema {
    let inner = Block::new("")
        .attribute(Attribute::optional("a", Type::String))
        .attribute(Attribute::computed("c", Type::String));
    Schema::new(Block::new("").nested("n", nesting, inner))
}

const LIST: Nesting = Nesting::List(Bounds { min: 0, max: None });
const SET: Nesting = Nesting::Set(Bounds { min: 0, max: None });

/// A plan that breaks a rule is found out, and ours passes.
#[track_caller]
fn check_plan(
    row: &str,
    schema: &Schema,
    prior: Json,
    config: Json,
    planned: Json,
    complaint: &str,
) {
    let (prior, config, planned) = (value(&prior), value(&config), value(&planned));
    let found = assert_plan_valid(Reading::Terraform, &schema.block, &prior, &config, &planned);
    assert!(
        found.iter().any(|found| found.contains(complaint)),
        "{row}: {found:?}"
    );

    if matches!(config, Value::Null) {
        return;
    }
    let proposed = proposed_new(&schema.block, &prior, &config);
    let ours = Host::new(schema, &[])
        .plan(
            matches!(prior, Value::Map(_)).then_some(&prior),
            &config,
            &proposed,
        )
        .unwrap_or_else(|diagnostics| panic!("{row}: {diagnostics:?}"));
    let found = assert_plan_valid(Reading::House, &schema.block, &prior, &config, &ours.object);
    assert!(
        found.is_empty(),
        "{row}: {} {found:?}",
        format_value(&ours.object)
    );
}

#[test]
fn plan_is_null_exactly_if_the_configuration_is() {
    check_plan(
        "null plan for a configuration",
        &flat(),
        Json::Null,
        json!({"a": "x"}),
        Json::Null,
        "planned for absence but config wants existence",
    );
    check_plan(
        "a plan for no configuration",
        &flat(),
        json!({"a": "x"}),
        Json::Null,
        json!({"a": "x"}),
        "planned for existence but config wants absence",
    );
    let host = Host::new(&flat(), &[]);
    let destroyed = host
        .plan(Some(&value(&json!({"a": "x"}))), &Value::Null, &Value::Null)
        .expect("a destruction can be planned");
    assert!(matches!(destroyed.object, Value::Null));
}

#[test]
fn an_attribute_that_is_not_computed_is_planned_as_configured() {
    check_plan(
        "config null",
        &flat(),
        Json::Null,
        json!({"a": null}),
        json!({"a": "x"}),
        "planned value for a non-computed attribute",
    );
    check_plan(
        "config null, but there was a value",
        &flat(),
        json!({"a": "x"}),
        json!({"a": null}),
        json!({"a": "x"}),
        "planned value for a non-computed attribute",
    );
    check_plan(
        "another value on creation",
        &flat(),
        Json::Null,
        json!({"a": "x"}),
        json!({"a": "y"}),
        "planned value does not match config value",
    );
    check_plan(
        "another value on change",
        &flat(),
        json!({"a": "z"}),
        json!({"a": "x"}),
        json!({"a": "y"}),
        "does not match config value nor prior value",
    );
    check_plan(
        "unknown for known",
        &flat(),
        Json::Null,
        json!({"a": "x"}),
        json!({"a": "?"}),
        "planned value does not match config value",
    );
    check_plan(
        "known for unknown",
        &flat(),
        Json::Null,
        json!({"a": "?"}),
        json!({"a": "x"}),
        "planned value does not match config value",
    );
    check_plan(
        "null for a value",
        &flat(),
        Json::Null,
        json!({"a": "x"}),
        json!({"a": null}),
        "planned value does not match config value",
    );
}

#[test]
fn plan_may_keep_a_prior_value_with_the_same_meaning() {
    let judge = |reading| {
        assert_plan_valid(
            reading,
            &flat().block,
            &value(&json!({"a": "x "})),
            &value(&json!({"a": "x"})),
            &value(&json!({"a": "x "})),
        )
    };
    assert!(judge(Reading::Terraform).is_empty());
    // Ours does not normalise, so that this would be a change that is not made.
    assert!(!judge(Reading::House).is_empty());
}

#[test]
fn configured_optional_computed_attribute_is_planned_as_configured() {
    check_plan(
        "config set",
        &flat(),
        Json::Null,
        json!({"b": "x"}),
        json!({"b": "?"}),
        "planned value does not match config value",
    );
    for anything in [json!(null), json!("x"), json!("?")] {
        let (config, planned) = (json!({"b": null}), json!({"b": anything, "c": anything}));
        let found = assert_plan_valid(
            Reading::Terraform,
            &flat().block,
            &Value::Null,
            &value(&config),
            &value(&planned),
        );
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn sensitive_attributes_obey_the_same_rules_without_their_values() {
    check_plan(
        "config null",
        &flat(),
        Json::Null,
        json!({"s": null}),
        json!({"s": "x"}),
        "sensitive planned value for a non-computed attribute",
    );
    check_plan(
        "another value",
        &flat(),
        Json::Null,
        json!({"s": "x"}),
        json!({"s": "y"}),
        "sensitive planned value does not match config value",
    );
}

#[test]
fn write_only_attributes_are_null_in_a_plan() {
    check_plan(
        "write-only",
        &flat(),
        Json::Null,
        json!({"w": "x"}),
        json!({"w": "x"}),
        "write-only attribute is not null",
    );
}

#[test]
fn nested_attribute_has_the_configured_elements() {
    let one = json!([{"a": "x", "c": null}]);
    let row = |row: &str, config: Json, planned: Json, complaint: &str| {
        for collection in [Collection::List, Collection::Set] {
            check_plan(
                row,
                &nested(collection),
                Json::Null,
                json!({"n": config}),
                json!({"n": planned}),
                complaint,
            );
        }
    };
    row(
        "more",
        one.clone(),
        json!([{"a": "x"}, {"a": "y"}]),
        "disagrees with count in config",
    );
    row(
        "fewer",
        one.clone(),
        json!([]),
        "disagrees with count in config",
    );
    row(
        "unknown",
        one.clone(),
        json!("?"),
        "planned unknown for configured value",
    );
    row(
        "null",
        one,
        json!(null),
        "planned for absence but config wants existence",
    );
    row(
        "not null",
        json!(null),
        json!([]),
        "planned value for a non-computed attribute",
    );

    let row = |row: &str, planned: Json, complaint: &str| {
        check_plan(
            row,
            &nested(Collection::Map),
            Json::Null,
            json!({"n": {"k": {"a": "x", "c": null}}}),
            json!({"n": planned}),
            complaint,
        );
    };
    row(
        "another key",
        json!({"l": {"a": "x"}}),
        "map key \"l\" from plan is not present in config",
    );
    row(
        "no key",
        json!({}),
        "map key \"k\" from config is not present in plan",
    );
    row(
        "another value",
        json!({"k": {"a": "y"}}),
        "does not match config value",
    );
    check_plan(
        "another value in a single object",
        &nested(Collection::Single),
        Json::Null,
        json!({"n": {"a": "x", "c": null}}),
        json!({"n": {"a": "y", "c": null}}),
        "n.a: planned value does not match config value",
    );
}

#[test]
fn list_blocks_are_as_many_as_configured_and_never_unknown() {
    let one = || json!({"n": [{"a": "x", "c": null}]});
    let row = |row: &str, config: Json, planned: Json, complaint: &str| {
        check_plan(row, &blocks(LIST), Json::Null, config, planned, complaint);
    };
    row(
        "count",
        one(),
        json!({"n": [{"a": "x", "c": "?"}, {"a": "y", "c": "?"}]}),
        "block count in plan (2) disagrees with count in config (1)",
    );
    row(
        "element unknown",
        one(),
        json!({"n": ["?"]}),
        "element representing nested block must not be unknown itself",
    );
    row(
        "null",
        json!({"n": []}),
        json!({"n": null}),
        "must be empty to indicate no blocks, not null",
    );
    row(
        "unknown as a whole",
        one(),
        json!({"n": "?"}),
        "attribute representing nested block must not be unknown itself",
    );
    row(
        "not unknown",
        json!({"n": "?"}),
        one(),
        "planned value for unknown dynamic block",
    );
    row(
        "another value",
        one(),
        json!({"n": [{"a": "y", "c": "?"}]}),
        "n[0].a: planned value does not match config value",
    );
}

#[test]
fn map_blocks_have_the_configured_keys() {
    let row = |row: &str, planned: Json, complaint: &str| {
        let config = json!({"n": {"k": {"a": "x", "c": null}}});
        check_plan(
            row,
            &blocks(Nesting::Map),
            Json::Null,
            config,
            planned,
            complaint,
        );
    };
    row(
        "another key",
        json!({"n": {"l": {"a": "x"}}}),
        "block key \"l\" from plan is not present in config",
    );
    row(
        "no key",
        json!({"n": {}}),
        "block key \"k\" from config is not present in plan",
    );
    row(
        "unknown element",
        json!({"n": {"k": "?"}}),
        "element representing nested block must not be unknown itself",
    );
    row(
        "null",
        json!({"n": null}),
        "must be empty to indicate no blocks, not null",
    );
}

#[test]
fn set_and_group_blocks_are_never_null_and_set_elements_never_unknown() {
    check_plan(
        "set null",
        &blocks(SET),
        Json::Null,
        json!({"n": []}),
        json!({"n": null}),
        "must be empty to indicate no blocks, not null",
    );
    check_plan(
        "set element unknown",
        &blocks(SET),
        Json::Null,
        json!({"n": [{"a": "x", "c": null}]}),
        json!({"n": ["?"]}),
        "element representing nested block must not be unknown itself",
    );
    check_plan(
        "group null",
        &blocks(Nesting::Group),
        Json::Null,
        json!({"n": {"a": null, "c": null}}),
        json!({"n": null}),
        "must be empty to indicate no blocks, not null",
    );
    check_plan(
        "single block made up",
        &blocks(Nesting::OPTIONAL),
        Json::Null,
        json!({"n": null}),
        json!({"n": {"a": null, "c": "?"}}),
        "planned for existence but config wants absence",
    );
}

#[test]
fn the_elements_of_a_set_are_planned_as_configured() {
    // Terraform trusts the provider here; we do not trust ourselves.
    let judge = |reading, planned: Json| {
        assert_plan_valid(
            reading,
            &blocks(SET).block,
            &Value::Null,
            &value(&json!({"n": [{"a": "x", "c": null}, {"a": "y", "c": null}]})),
            &value(&planned),
        )
    };
    let wrong = json!({"n": [{"a": "x", "c": "?"}, {"a": "x", "c": null}]});
    assert!(judge(Reading::Terraform, wrong.clone()).is_empty());
    assert!(!judge(Reading::House, wrong).is_empty());
    let right = json!({"n": [{"a": "y", "c": "?"}, {"a": "x", "c": "?"}]});
    assert!(judge(Reading::House, right).is_empty());
}

/// A state or final plan that breaks a promise of the plan is found out.
#[track_caller]
fn check_outcome(row: &str, schema: &Schema, planned: Json, actual: Json, complaint: &str) {
    let found = assert_object_compatible(&schema.block, &value(&planned), &value(&actual));
    if complaint.is_empty() {
        assert!(found.is_empty(), "{row}: {found:?}");
    } else {
        assert!(
            found.iter().any(|found| found.contains(complaint)),
            "{row}: {found:?}"
        );
    }
}

#[test]
fn every_known_planned_value_is_unchanged_after_apply() {
    let row = |row: &str, planned: Json, actual: Json, complaint: &str| {
        check_outcome(row, &flat(), planned, actual, complaint);
    };
    row(
        "unknown became known",
        json!({"c": "?"}),
        json!({"c": "x"}),
        "",
    );
    row(
        "unknown became null",
        json!({"c": "?"}),
        json!({"c": null}),
        "",
    );
    row(
        "another",
        json!({"a": "x"}),
        json!({"a": "y"}),
        "a: was \"x\", but now \"y\"",
    );
    row(
        "appeared",
        json!({"c": null}),
        json!({"c": "x"}),
        "c: was null, but now \"x\"",
    );
    row(
        "vanished",
        json!({"c": "x"}),
        json!({"c": null}),
        "c: was \"x\", but now null",
    );
    row(
        "unknown again",
        json!({"c": "x"}),
        json!({"c": "?"}),
        "was known, but now unknown",
    );
    row(
        "sensitive",
        json!({"s": "x"}),
        json!({"s": "y"}),
        "inconsistent values for sensitive attribute",
    );
    row(
        "object gone",
        json!({}),
        Json::Null,
        "Root object was present, but now absent",
    );
    row(
        "object there",
        Json::Null,
        json!({}),
        "Root object was absent, but now present",
    );
}

#[test]
fn collections_keep_their_elements() {
    let check = |ty: Type, planned: Json, actual: Json, complaint: &str| {
        let found = assert_value_compatible(&ty, &value(&planned), &value(&actual));
        match complaint {
            "" => assert!(found.is_empty(), "{found:?}"),
            _ => assert!(
                found.iter().any(|found| found.contains(complaint)),
                "{found:?}"
            ),
        }
    };
    let list = || Type::List(Box::new(Type::String));
    let set = || Type::Set(Box::new(Type::String));
    let map = || Type::Map(Box::new(Type::String));
    check(list(), json!(["x", "?"]), json!(["x", "y"]), "");
    check(
        list(),
        json!(["x", "y"]),
        json!(["x"]),
        "element 1 has vanished",
    );
    check(
        list(),
        json!(["x"]),
        json!(["x", "y"]),
        "new element 1 has appeared",
    );
    check(
        map(),
        json!({"k": "x"}),
        json!({}),
        "element \"k\" has vanished",
    );
    check(
        map(),
        json!({}),
        json!({"k": "x"}),
        "new element \"k\" has appeared",
    );
    check(set(), json!(["x", "y"]), json!(["y", "x"]), "");
    check(set(), json!(["?", "x"]), json!(["x"]), "");
    check(
        set(),
        json!(["x"]),
        json!(["y"]),
        "planned set element \"x\" does not correlate with any element in actual",
    );
    check(
        set(),
        json!(["x"]),
        json!(["x", "y"]),
        "actual set element \"y\" does not correlate with any element in plan",
    );
    check(
        set(),
        json!(["?"]),
        json!(["x", "y"]),
        "length changed from 1 to 2",
    );
    let typed = |ty: Type, value: Value| Value::Dynamic(Box::new((ty, value)));
    let found = assert_value_compatible(
        &Type::Dynamic,
        &typed(Type::String, Value::Unknown),
        &typed(Type::Bool, true.into()),
    );
    assert!(
        found
            .iter()
            .any(|found| found.contains("wrong final value type"))
    );
}

#[test]
fn blocks_keep_their_number_and_keys() {
    let one = || json!({"n": [{"a": "x", "c": "?"}]});
    let two = || json!({"n": [{"a": "x", "c": "y"}, {"a": "z", "c": "y"}]});
    check_outcome(
        "list",
        &blocks(LIST),
        one(),
        two(),
        "block count changed from 1 to 2",
    );
    check_outcome("unknown list", &blocks(LIST), json!({"n": "?"}), two(), "");
    check_outcome(
        "map",
        &blocks(Nesting::Map),
        json!({"n": {"k": {"a": "x"}}}),
        json!({"n": {}}),
        "block key \"k\" has vanished",
    );
    check_outcome(
        "set",
        &blocks(SET),
        one(),
        json!({"n": [{"a": "x", "c": "1"}]}),
        "",
    );
    check_outcome(
        "set element",
        &blocks(SET),
        one(),
        json!({"n": [{"a": "y", "c": "1"}]}),
        "does not correlate with any element in actual",
    );
    check_outcome(
        "set length",
        &blocks(SET),
        json!({"n": [{"a": "?", "c": "?"}]}),
        two(),
        "block set length changed from 1 to 2",
    );
    check_outcome(
        "single",
        &blocks(Nesting::OPTIONAL),
        json!({"n": {"a": "x"}}),
        json!({"n": null}),
        "was present, but now absent",
    );
}

#[test]
fn stored_state_is_known_complete_and_without_write_only_values() {
    let row = |schema: &Schema, state: Json, complaint: &str| {
        let found = assert_storable(&schema.block, &value(&state));
        assert!(
            found.iter().any(|found| found.contains(complaint)),
            "{found:?}"
        );
    };
    row(
        &flat(),
        json!({"c": "?"}),
        "still indicated an unknown value",
    );
    row(&flat(), json!({"w": "x"}), "write-only attribute");
    row(
        &blocks(LIST),
        json!({"n": null}),
        "collection of blocks is null",
    );
    let secret = vec![Attribute::optional("w", Type::String).write_only()];
    let deep = Schema::new(Block::new("").attribute(Attribute::nested(
        "n",
        Collection::Map,
        secret,
        Setting::Optional,
    )));
    row(
        &deep,
        json!({"n": {"k": {"w": "x"}}}),
        "n.w: returned a value for the write-only attribute",
    );
}

#[test]
fn a_replacement_counts_only_where_something_changes() {
    let schema = Schema::new(
        Block::new("")
            .attribute(Attribute::optional("a", Type::String).requires_replace())
            .attribute(Attribute::optional("b", Type::String)),
    );
    let check = |prior: Json, config: Json, expected: Action| {
        let (prior, config) = (value(&prior), value(&config));
        let prior = (!matches!(prior, Value::Null)).then_some(prior);
        let proposed = proposed_new(
            &schema.block,
            prior.as_ref().unwrap_or(&Value::Null),
            &config,
        );
        let plan = Host::new(&schema, &[])
            .plan(prior.as_ref(), &config, &proposed)
            .expect("it can be planned");
        let ty = schema.ty();
        let found = action(&ty, prior.as_ref(), &plan.object, &plan.requires_replace);
        assert_eq!(found, expected, "{}", format_value(&config));
    };
    check(Json::Null, json!({"a": "x", "b": null}), Action::Create);
    check(
        json!({"a": "x", "b": null}),
        json!({"a": "x", "b": null}),
        Action::NoOp,
    );
    check(
        json!({"a": "x", "b": null}),
        json!({"a": "x", "b": "y"}),
        Action::Update,
    );
    check(
        json!({"a": "x", "b": null}),
        json!({"a": "y", "b": null}),
        Action::Replace,
    );
    check(
        json!({"a": "x", "b": null}),
        json!({"a": null, "b": null}),
        Action::Replace,
    );
    check(
        json!({"a": "x", "b": null}),
        json!({"a": "?", "b": null}),
        Action::Replace,
    );
}

#[test]
fn kept_value_is_known_and_causes_no_permanent_diff() {
    let part = vec![Attribute::optional("a", Type::String)];
    let part = Attribute::nested("n", Collection::Single, part, Setting::OptionalComputed);
    let schema = Schema::new(
        Block::new("")
            .attribute(part.use_state_for_unknown())
            .attribute(Attribute::computed("c", Type::String).use_state_for_unknown())
            .attribute(Attribute::computed("d", Type::String))
            .attribute(Attribute::optional("e", Type::String)),
    );
    let prior = value(&json!({"n": {"a": "x"}, "c": "1", "d": "2", "e": null}));
    let check = |config: Json, expected: Json| {
        let config = value(&config);
        let proposed = proposed_new(&schema.block, &prior, &config);
        let plan = Host::new(&schema, &[])
            .plan(Some(&prior), &config, &proposed)
            .expect("it can be planned");
        assert_eq!(format_value(&plan.object), format_value(&value(&expected)));
    };
    // Terraform proposes null for `n`, since its content was configured once.
    check(
        json!({"n": null, "c": null, "d": null, "e": null}),
        json!({"n": {"a": "x"}, "c": "1", "d": "2", "e": null}),
    );
    check(
        json!({"n": null, "c": null, "d": null, "e": "y"}),
        json!({"n": {"a": "x"}, "c": "1", "d": "?", "e": "y"}),
    );
}

#[test]
fn each_element_of_a_set_finds_its_own_configuration() {
    // The first proposed element fits every configured one, the second two of them, the third the first one only. A
    // default tells whether each found one: what was not found keeps the drifted mode.
    let element = vec![
        Attribute::required("key", Type::String),
        Attribute::optional_computed("size", Type::String),
        Attribute::optional_computed("kind", Type::String),
        Attribute::optional("mode", Type::String).default("D"),
    ];
    let schema = Schema::new(Block::new("").attribute(Attribute::nested(
        "n",
        Collection::Set,
        element,
        Setting::Optional,
    )));
    let element = |size: Json, kind: Json, mode: Json| json!({"key": "a", "size": size, "kind": kind, "mode": mode});
    let null = || Json::Null;
    let config = value(&json!({"n": [
        element(null(), null(), null()),
        element(json!("1"), null(), null()),
        element(json!("1"), json!("x"), null()),
    ]}));
    let state = |mode: &str| {
        value(&json!({"n": [
            element(json!("1"), json!("x"), json!(mode)),
            element(json!("1"), json!("y"), json!(mode)),
            element(json!("2"), json!("y"), json!(mode)),
        ]}))
    };
    let drifted = state("E");
    let plan = Host::new(&schema, &[])
        .plan(Some(&drifted), &config, &drifted)
        .expect("it can be planned");
    let found = assert_plan_valid(
        Reading::House,
        &schema.block,
        &drifted,
        &config,
        &plan.object,
    );
    assert!(found.is_empty(), "{} {found:?}", format_value(&plan.object));
}
