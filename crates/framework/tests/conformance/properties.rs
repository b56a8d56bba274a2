//! What holds for every schema, every configuration and every state.
//!
//! Must not contain: single cases; those are in `cases`.

use std::fmt;

use framework::{
    Attribute, AttributePath, Block, Diagnostics, Object, Schema, Severity, Value,
    schema::{AttributeKind, Collection},
    server::ClientCapabilities,
};
use proptest::{
    prelude::*,
    test_runner::{RngSeed, TestCaseError},
};

use crate::{
    choices::{Choices, choice_lists},
    fixture_provider::{Host, Plan},
    format::{format_block, format_value},
    proposal::proposed_new,
    rules::{
        Action, Complaints, Reading, action, assert_object_compatible, assert_plan_valid,
        assert_storable, at, attribute_of, has_merged, has_twins, is_null, is_unknown, same,
        type_at, write_only_values,
    },
    schemas,
    values::{self, Unknowns},
};

/// One life of an object.
struct Case {
    schema: Schema,
    /// What the object was created with.
    first: Value,
    /// What an apply of it left in state.
    state: Value,
    /// The state after somebody else was there, perhaps.
    drifted: Value,
    /// The configuration now, unknown in places.
    config: Value,
    /// The same once everything is known.
    known: Value,
    /// What the service decides when it is asked again.
    decisions: Vec<u16>,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nschema\n{}", format_block(&self.schema.block))?;
        writeln!(f, "first   {}", format_value(&self.first))?;
        writeln!(f, "state   {}", format_value(&self.state))?;
        writeln!(f, "drifted {}", format_value(&self.drifted))?;
        writeln!(f, "config  {}", format_value(&self.config))?;
        writeln!(f, "known   {}", format_value(&self.known))
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let choice_lists = (
        choice_lists(140),
        choice_lists(240),
        choice_lists(80),
        choice_lists(240),
        choice_lists(80),
    );
    choice_lists.prop_map(|(schema, first, decisions, edits, resolution)| {
        let schema = schemas::schema(&mut Choices::new(&schema));
        let block = &schema.block;
        let first = values::config(&mut Choices::new(&first), block, Unknowns(0));
        let state = created(&schema, &first, &decisions);
        let mut edits = Choices::new(&edits);
        let drifted = if edits.chance(30) {
            values::drifted(&mut edits, block, &state)
        } else {
            state.clone()
        };
        let unknowns = edits.pick(&[Unknowns(0), Unknowns(12), Unknowns(30)]);
        let config = values::edited(&mut edits, block, &first, unknowns);
        let known = values::resolved(&mut Choices::new(&resolution), block, &config);
        Case {
            first,
            state,
            drifted,
            config,
            known,
            decisions: decisions
                .iter()
                .map(|choice| choice.wrapping_add(1))
                .collect(),
            schema,
        }
    })
}

/// The state that a creation leaves, made without the planner: nothing is settled but what is configured.
fn created(schema: &Schema, config: &Value, decisions: &[u16]) -> Value {
    let proposed = proposed_new(&schema.block, &Value::Null, config);
    let host = Host::new(schema, decisions);
    let planned = host
        .plan(None, config, &proposed)
        .expect("a creation can be planned");
    host.apply(None, config, &planned.object)
        .expect("a planned creation can be applied")
}

fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    // The cases of every day are the same every day, so that a change is judged and not the draw. Who asks for more gets new
    // ones each time.
    let (cases, rng_seed) = match std::env::var_os("PROPTEST_CASES") {
        Some(_) => (default.cases, default.rng_seed),
        None => (600, RngSeed::Fixed(6)),
    };
    ProptestConfig {
        cases,
        rng_seed,
        // What is found becomes a row.
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..default
    }
}

type Outcome = Result<(), TestCaseError>;

fn no(complaints: Complaints, what: &str) -> Outcome {
    prop_assert!(
        complaints.is_empty(),
        "{what}:\n  {}",
        complaints.join("\n  ")
    );
    Ok(())
}

/// A plan as Terraform asks for it, with what it had proposed; `None` where elements of a set have become one.
fn planned(
    schema: &Schema,
    prior: Option<&Value>,
    config: &Value,
) -> Result<Option<Plan>, TestCaseError> {
    let proposed = proposed_new(&schema.block, prior.unwrap_or(&Value::Null), config);
    let plan = sound(Host::new(schema, &[]).plan(prior, config, &proposed))?;
    let ty = schema.ty();
    let twins = has_twins(&ty, &proposed) || has_twins(&ty, &plan.object);
    Ok((!twins).then_some(plan))
}

fn sound<T>(result: Result<T, Diagnostics>) -> Result<T, TestCaseError> {
    result.map_err(|diagnostics| TestCaseError::fail(format!("{diagnostics:?}")))
}

/// Everything that is demanded of one plan.
fn check_plan(schema: &Schema, prior: Option<&Value>, config: &Value, plan: &Plan) -> Outcome {
    let block = &schema.block;
    let before = prior.unwrap_or(&Value::Null);
    for reading in [Reading::Terraform, Reading::House] {
        let complaints = assert_plan_valid(reading, block, before, config, &plan.object);
        no(
            complaints,
            &format!("the plan {}", format_value(&plan.object)),
        )?;
    }
    no(
        write_only_values(block, &plan.object),
        &format!("the plan {}", format_value(&plan.object)),
    )?;
    for path in &plan.requires_replace {
        prop_assert!(
            at(before, path).is_some() || at(&plan.object, path).is_some(),
            "has indicated \"requires replacement\" on {path} for a non-existent attribute path"
        );
    }
    let mut sorted = plan.requires_replace.clone();
    sorted.sort();
    sorted.dedup();
    prop_assert_eq!(&sorted, &plan.requires_replace);
    match prior {
        None => prop_assert!(plan.requires_replace.is_empty()),
        Some(prior) => {
            let demanded = replacements(block, prior, config, &plan.object);
            for path in &demanded {
                prop_assert!(
                    plan.requires_replace.contains(path),
                    "{path} cannot change in place; plan {}",
                    format_value(&plan.object)
                );
            }
            for path in &plan.requires_replace {
                let ty = type_at(&schema.ty(), path).expect("a path into the schema");
                let unchanged = match (at(prior, path), at(&plan.object, path)) {
                    (Some(before), Some(after)) => {
                        after.is_wholly_known() && same(&ty, &before, &after)
                    }
                    _ => false,
                };
                prop_assert!(!unchanged, "nothing changes at {path}");
            }
        }
    }
    Ok(())
}

/// The attributes that change and cannot change in place, as far as there are paths to them.
fn replacements(
    block: &Block,
    prior: &Value,
    config: &Value,
    planned: &Value,
) -> Vec<AttributePath> {
    let mut found = Vec::new();
    in_block(
        block,
        prior,
        config,
        planned,
        &AttributePath::root(),
        &mut found,
    );
    found
}

fn in_block(
    block: &Block,
    prior: &Value,
    config: &Value,
    planned: &Value,
    path: &AttributePath,
    found: &mut Vec<AttributePath>,
) {
    in_attributes(&block.attributes, prior, config, planned, path, found);
    for nested in &block.blocks {
        let path = path.then_attribute(nested.name);
        objects_at(
            nested.nesting.collection(),
            &attribute_of(prior, nested.name),
            &attribute_of(config, nested.name),
            &attribute_of(planned, nested.name),
            &path,
            &mut |prior, config, planned, path| {
                in_block(&nested.block, prior, config, planned, path, found);
            },
        );
    }
}

fn in_attributes(
    attributes: &[Attribute],
    prior: &Value,
    config: &Value,
    planned: &Value,
    path: &AttributePath,
    found: &mut Vec<AttributePath>,
) {
    for attribute in attributes {
        let path = path.then_attribute(attribute.name);
        let prior = attribute_of(prior, attribute.name);
        let config = attribute_of(config, attribute.name);
        let planned = attribute_of(planned, attribute.name);
        let replaces = attribute.requires_replace
            || attribute.requires_replace_if.is_some() && (is_unknown(&planned) || planned < prior);
        if replaces && !same(&attribute.ty(), &prior, &planned) {
            found.push(path.clone());
        }
        if let AttributeKind::Nested(collection, nested) = &attribute.kind {
            objects_at(
                *collection,
                &prior,
                &config,
                &planned,
                &path,
                &mut |prior, config, planned, path| {
                    in_attributes(nested, prior, config, planned, path, found);
                },
            );
        }
    }
}

type VisitObject<'a> = dyn FnMut(&Value, &Value, &Value, &AttributePath) + 'a;

/// Known objects that are configured, with the prior ones at their places. Not those of sets.
fn objects_at(
    collection: Collection,
    prior: &Value,
    config: &Value,
    planned: &Value,
    path: &AttributePath,
    visit: &mut VisitObject<'_>,
) {
    let is_object = |value: &Value| !is_null(value) && !is_unknown(value);
    match (collection, config, planned) {
        (Collection::Single, Value::Map(_), Value::Map(_)) => visit(prior, config, planned, path),
        (Collection::List, Value::List(config), Value::List(planned)) => {
            for (index, (config, planned)) in config.iter().zip(planned).enumerate() {
                let prior = match prior {
                    Value::List(prior) => prior.get(index).cloned().unwrap_or(Value::Null),
                    _ => Value::Null,
                };
                if is_object(config) && is_object(planned) {
                    visit(&prior, config, planned, &path.then_index(index));
                }
            }
        }
        (Collection::Map, Value::Map(config), Value::Map(planned)) => {
            for (key, planned) in planned {
                let config = config.get(key).cloned().unwrap_or(Value::Null);
                if is_object(&config) && is_object(planned) {
                    visit(
                        &attribute_of(prior, key),
                        &config,
                        planned,
                        &path.then_key(key),
                    );
                }
            }
        }
        _ => {}
    }
}

/// The JSON of a state as Terraform stores it.
fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null | Value::Unknown => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => {
            serde_json::from_str(&number.to_string()).expect("a number in state is finite")
        }
        Value::String(text) => text.as_str().into(),
        Value::List(elements) => elements.iter().map(json).collect(),
        Value::Map(elements) => serde_json::Value::Object(
            elements
                .iter()
                .map(|(name, value)| (name.clone(), json(value)))
                .collect(),
        ),
        Value::Dynamic(typed) => serde_json::json!({
            "type": typed.0.to_json(),
            "value": json(&typed.1),
        }),
    }
}

/// A suite that generates nothing of interest passes, too. So the first thousand cases must have everything often.
#[test]
fn generated_cases_cover_every_feature() {
    use std::collections::BTreeMap;

    use proptest::{strategy::ValueTree, test_runner::TestRunner};

    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut count = |what, happens: bool| *seen.entry(what).or_default() += usize::from(happens);
    for _ in 0..1000 {
        let case = cases().new_tree(&mut runner).expect("a case").current();
        let ty = case.schema.ty();
        let prior = Some(&case.drifted);
        let plan = planned(&case.schema, prior, &case.config).expect("a sound plan");
        count("passed over", plan.is_none());
        let Some(plan) = plan else { continue };
        let action = action(&ty, prior, &plan.object, &plan.requires_replace);
        count("no change", action == Action::NoOp);
        count("an update", action == Action::Update);
        count("a replacement", action == Action::Replace);
        count("drift", !same(&ty, &case.state, &case.drifted));
        count("an unknown configuration", !case.config.is_wholly_known());
        let text = format_block(&case.schema.block);
        for (what, mark) in [
            ("a default", " default "),
            ("a sensitive attribute", " sensitive"),
            ("a write-only attribute", " write-only"),
            ("a value that stays", " use-state"),
            ("a condition of a replacement", " replaces-if"),
            ("a computed value that is planned", " plans-value"),
            ("a text in several spellings", " equality"),
            ("a dynamic attribute", "\"dynamic\""),
            ("an object", "nested Single"),
            ("a list of objects", "nested List"),
            ("a set of objects", "nested Set"),
            ("a map of objects", "nested Map"),
            ("a single block", ": Single"),
            ("a group", ": Group"),
            ("blocks in a list", ": List("),
            ("blocks in a set", ": Set("),
            ("blocks in a map", ": Map\n"),
        ] {
            count(what, text.contains(mark));
        }
    }
    let passed_over = seen.remove("passed over").unwrap_or_default();
    assert!(passed_over < 100, "{passed_over} of 1000 cases passed over");
    let rare: Vec<_> = seen.iter().filter(|(_, count)| **count < 50).collect();
    assert!(rare.is_empty(), "too rare: {rare:?} of {seen:?}");
}

proptest! {
    #![proptest_config(config())]

    /// What is generated is a valid configuration, or the other properties would say little.
    #[test]
    fn generated_configurations_are_valid(case in cases()) {
        let host = Host::new(&case.schema, &[]);
        for config in [&case.first, &case.config, &case.known] {
            let diagnostics = host.validate(config);
            prop_assert!(diagnostics.is_empty(), "{} {diagnostics:?}", format_value(config));
        }
    }

    #[test]
    fn creation_plan_obeys_the_rules(case in cases()) {
        if let Some(plan) = planned(&case.schema, None, &case.config)? {
            check_plan(&case.schema, None, &case.config, &plan)?;
        }
    }

    #[test]
    fn change_plan_obeys_the_rules(case in cases()) {
        for prior in [&case.state, &case.drifted] {
            if let Some(plan) = planned(&case.schema, Some(prior), &case.config)? {
                check_plan(&case.schema, Some(prior), &case.config, &plan)?;
            }
        }
    }

    /// For every change and every CLI: an identity is sent wholly known or not at all (asserted by the host for
    /// every response), and an existing object keeps its identity in a plan.
    #[test]
    fn unknown_identities_are_not_sent(case in cases()) {
        let host = Host::new(&case.schema, &[]);
        let mut identity = Object::new();
        identity.set("name", "thing");
        identity.set("serial", 1_i64);
        let identity = Value::from(identity);
        for deferral_allowed in [false, true] {
            let client = ClientCapabilities { deferral_allowed, write_only_attributes_allowed: true };
            for prior in [None, Some(&case.state), Some(&case.drifted)] {
                for sent in [None, Some(&identity)] {
                    let base = prior.unwrap_or(&Value::Null);
                    let proposed = proposed_new(&case.schema.block, base, &case.config);
                    let plan = sound(host.plan_as(prior, &case.config, &proposed, sent, client))?;
                    if prior.is_some() && plan.requires_replace.is_empty() {
                        prop_assert!(plan.identity == identity, "{}", format_value(&plan.identity));
                    }
                }
            }
            let gone = Value::Null;
            let plan = sound(host.plan_as(Some(&case.state), &gone, &gone, Some(&identity), client))?;
            prop_assert!(plan.identity == identity, "{}", format_value(&plan.identity));
        }
    }

    /// Terraform keeps sets in an order of its own, and asks twice.
    #[test]
    fn same_request_gets_the_same_plan(case in cases()) {
        let ty = case.schema.ty();
        let proposed = proposed_new(&case.schema.block, &case.drifted, &case.config);
        let host = Host::new(&case.schema, &[]);
        let first = sound(host.plan(Some(&case.drifted), &case.config, &proposed))?;
        let again = sound(host.plan(Some(&case.drifted), &case.config, &proposed))?;
        prop_assert!(first.object == again.object);
        prop_assert_eq!(&first.requires_replace, &again.requires_replace);
        if has_twins(&ty, &proposed) || has_twins(&ty, &first.object) {
            return Ok(());
        }
        let turned = |value: &Value| values::turned(&ty, value);
        let other = sound(host.plan(
            Some(&turned(&case.drifted)),
            &turned(&case.config),
            &turned(&proposed),
        ))?;
        prop_assert!(
            same(&ty, &first.object, &other.object),
            "{}\n{}", format_value(&first.object), format_value(&other.object)
        );
        prop_assert_eq!(first.requires_replace, other.requires_replace);
    }

    #[test]
    fn applied_configuration_plans_no_change(case in cases()) {
        if has_merged(&case.schema.ty(), &case.first, &case.state) {
            return Ok(());
        }
        let Some(plan) = planned(&case.schema, Some(&case.state), &case.first)? else {
            return Ok(());
        };
        prop_assert!(
            same(&case.schema.ty(), &plan.object, &case.state),
            "a difference for ever: {}", format_value(&plan.object)
        );
        prop_assert!(plan.requires_replace.is_empty());
    }

    /// What `terraform plan -generate-config-out` and `terraform query` write is valid, and changes nothing.
    #[test]
    fn generated_configuration_plans_no_change(case in cases()) {
        let ty = case.schema.ty();
        let host = Host::new(&case.schema, &[]);
        let config = sound(host.generate_config(&case.state))?;
        // No configuration asks for elements of a set that only the provider tells apart.
        if has_merged(&ty, &case.state, &config) || has_twins(&ty, &config) {
            return Ok(());
        }
        if let Some(plan) = planned(&case.schema, Some(&case.state), &config)? {
            prop_assert!(
                same(&ty, &plan.object, &case.state),
                "a difference: config {}\nplan {}", format_value(&config), format_value(&plan.object)
            );
            prop_assert!(plan.requires_replace.is_empty());
        }
        // The state of a valid configuration, as far as a state shows it: write-only values are in no state.
        for diagnostic in host.validate(&config).iter() {
            let is_missing = diagnostic.summary.starts_with("Missing");
            prop_assert!(is_missing || diagnostic.severity == Severity::Warning, "{diagnostic:?}\n{}", format_value(&config));
        }
    }

    /// From plan to state as Terraform goes: plan, plan again when everything is known, apply, plan without a change.
    #[test]
    fn applied_state_matches_its_plan(case in cases()) {
        let (schema, block, ty) = (&case.schema, &case.schema.block, case.schema.ty());
        for prior in [None, Some(&case.state), Some(&case.drifted)] {
            let mut prior = prior;
            let Some(mut first) = planned(schema, prior, &case.config)? else { continue };
            let mut wanted = action(&ty, prior, &first.object, &first.requires_replace);
            if wanted == Action::NoOp {
                continue;
            }
            if wanted == Action::Replace {
                // The old object goes, and the plan for the new one is made from nothing.
                prior = None;
                wanted = Action::Create;
                let Some(anew) = planned(schema, None, &case.config)? else { continue };
                first = anew;
            }
            let Some(last) = planned(schema, prior, &case.known)? else { continue };
            let happens = action(&ty, prior, &last.object, &last.requires_replace);
            prop_assert!(
                happens == wanted || (wanted, happens) == (Action::Update, Action::NoOp),
                "changed the planned action from {wanted:?} to {happens:?}\nfirst {}\nlast {}",
                format_value(&first.object), format_value(&last.object)
            );
            no(
                assert_object_compatible(block, &first.object, &last.object),
                &format!(
                    "the final plan\nfirst {}\nlast {}",
                    format_value(&first.object), format_value(&last.object)
                ),
            )?;
            if happens == Action::NoOp {
                continue;
            }
            let host = Host::new(schema, &case.decisions);
            let state = sound(host.apply(prior, &case.known, &last.object))?;
            no(assert_storable(block, &state), "the new state")?;
            no(
                assert_object_compatible(block, &last.object, &state),
                &format!("the new state {}\nplan {}", format_value(&state), format_value(&last.object)),
            )?;
            if has_merged(&ty, &last.object, &state) {
                continue;
            }
            let Some(settled) = planned(schema, Some(&state), &case.known)? else { continue };
            prop_assert!(
                same(&ty, &settled.object, &state),
                "a difference for ever: state {}\nplan {}", format_value(&state), format_value(&settled.object)
            );
        }
    }

    /// Also from a resource that hands back what it should not.
    #[test]
    fn read_and_imported_states_can_be_stored(case in cases()) {
        let (block, ty) = (&case.schema.block, case.schema.ty());
        let Value::Map(remote) = case.state.clone() else {
            return Err(TestCaseError::fail("a state is an object"));
        };
        let host = Host::with_remote(&case.schema, &[], Object::from(remote));
        for state in [sound(host.read(&case.state))?, sound(host.import())?] {
            no(assert_storable(block, &state), "the state")?;
            prop_assert!(same(&ty, &state, &case.state), "{}", format_value(&state));
        }
        let host = Host::with_remote(&case.schema, &[], Object::new());
        no(assert_storable(block, &sound(host.import())?), "what an import knows")?;
    }

    /// State of another version: attributes that are gone, attributes that are new.
    #[test]
    fn stored_state_of_another_version_is_read(case in cases(), missing in any::<prop::sample::Index>()) {
        let (block, ty) = (&case.schema.block, case.schema.ty());
        let host = Host::new(&case.schema, &[]);
        let mut stored = json(&case.state);
        prop_assert!(same(&ty, &sound(host.upgrade(&stored.to_string()))?, &case.state));

        let attributes = stored.as_object_mut().expect("a state is an object");
        attributes.insert("long_gone".to_owned(), serde_json::json!([{"x": 1e3}]));
        prop_assert!(same(
            &ty,
            &sound(host.upgrade(&serde_json::json!(attributes).to_string()))?,
            &case.state
        ));

        let name = attributes.keys().nth(missing.index(attributes.len())).cloned();
        attributes.remove(&name.unwrap_or_default());
        let state = sound(host.upgrade(&serde_json::json!(attributes).to_string()))?;
        no(assert_storable(block, &state), "the upgraded state")?;
    }
}
