//! Changes outside Terraform: another WABA in the space, no WABA, other attributes of the same WABA.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_error},
    cases,
    emulator::{NothingBound, Waba},
};
use serde_json::{Value, json};

use crate::{A, BIND, OTHER_WABA, WABA, binding};

pub(crate) const CASES: &[Case] = cases![drift:
    other_waba_is_planned_as_a_replacement_and_repaired,
    other_waba_can_be_accepted_in_the_configuration,
    nothing_bound_is_planned_as_a_create_in_every_form,
    error_instead_of_nothing_bound_keeps_the_object,
    computed_attributes_are_refreshed_without_a_plan,
    refresh_only_shows_the_drift,
];

fn other_waba_is_planned_as_a_replacement_and_repaired(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, ""))?;
    let space = context.space_of(WABA)?;
    context.emulator.rebind(&space, OTHER_WABA)?;

    let (plan, _) = context.plan(2)?;
    let change = plan.change(A).ok_or("no change of the resource")?;
    equal(
        "actions",
        change.change.actions.as_slice(),
        ["delete", "create"],
    )?;
    equal(
        "waba_id before",
        &change.change.before["waba_id"],
        OTHER_WABA,
    )?;
    equal("waba_id after", &change.change.after["waba_id"], WABA)?;
    equal(
        "replace_paths",
        change.change.replace_paths.as_slice(),
        [json!(["waba_id"])],
    )?;
    let drift = plan.resource_drift.first().ok_or("no drift")?;
    equal("drift from", &drift.change.before["waba_id"], WABA)?;
    equal("drift to", &drift.change.after["waba_id"], OTHER_WABA)?;

    context.apply()?.expecting(0)?;
    let object = context.object(A)?;
    equal("waba_id", object.text("waba_id"), WABA)?;
    equal("the new space", object.text("id"), context.space_of(WABA)?)?;
    equal("the old space", context.space_of(OTHER_WABA)?, space)?;
    context.plan(0)?;
    Ok(())
}

fn other_waba_can_be_accepted_in_the_configuration(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, ""))?;
    let space = context.space_of(WABA)?;
    context.emulator.rebind(&space, OTHER_WABA)?;
    context.configure(&binding(OTHER_WABA, ""))?;
    context.apply()?.expecting(0)?;
    equal("the space", context.object(A)?.text("id"), space)?;
    equal("binds", context.calls(BIND), 1)?;
    context.plan(0)?;
    Ok(())
}

fn nothing_bound_is_planned_as_a_create_in_every_form(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, ""))?;
    for form in [
        NothingBound::DataNull,
        NothingBound::DataEmpty,
        NothingBound::DataMissing,
        NothingBound::DataWithoutId,
    ] {
        let space = context.object(A)?.text("id").to_owned();
        context
            .emulator
            .set_behavior(|behavior| behavior.waba.nothing_bound = form.clone());
        context.emulator.unbind(&space)?;
        let (plan, _) = context.plan(2)?;
        let change = &plan.change(A).ok_or("no change of the resource")?.change;
        equal(
            format!("actions with {form:?}"),
            change.actions.as_slice(),
            ["create"],
        )?;
        context.apply()?.expecting(0)?;
        equal(
            "the space",
            context.object(A)?.text("id"),
            context.space_of(WABA)?,
        )?;
        context.plan(0)?;
    }
    Ok(())
}

fn error_instead_of_nothing_bound_keeps_the_object(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, ""))?;
    let before = context.object(A)?;
    let space = context.space_of(WABA)?;
    context.emulator.set_behavior(|behavior| {
        behavior.waba.nothing_bound = NothingBound::Error("Space.NotBound".to_owned());
    });
    context.emulator.unbind(&space)?;
    let output = context.directory.plan(&[])?.output.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &[
            "Cannot read the binding",
            "Space.NotBound",
            &space,
            "stays in the state",
        ],
    )?;
    equal("the object", context.object(A)?, before)
}

fn computed_attributes_are_refreshed_without_a_plan(context: &mut TestContext) -> TestResult {
    context.emulator.put_waba(Waba::derived(WABA, "PENDING"));
    context.applied(&binding(WABA, ""))?;
    equal(
        "review",
        context.object(A)?.text("account_review_status"),
        "PENDING",
    )?;

    context.emulator.put_waba(Waba {
        name: None,
        currency: Some("EUR".to_owned()),
        ..Waba::derived(WABA, "APPROVED")
    });
    context.plan(0)?;
    context.apply()?.expecting(0)?;
    let object = context.object(A)?;
    equal("review", object.text("account_review_status"), "APPROVED")?;
    equal("currency", object.text("currency"), "EUR")?;
    equal("waba_name", &object.values["waba_name"], &Value::Null)
}

fn refresh_only_shows_the_drift(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, ""))?;
    let space = context.space_of(WABA)?;
    context.emulator.rebind(&space, OTHER_WABA)?;
    let planned = context.directory.plan(&["-refresh-only"])?;
    planned.output.expecting(2)?;
    let plan = planned.plan.ok_or("no plan")?;
    equal(
        "drift",
        &plan.resource_drift.first().ok_or("no drift")?.change.after["waba_id"],
        OTHER_WABA,
    )?;
    equal(
        "changes",
        plan.resource_changes
            .iter()
            .any(|change| !change.change.is(&["no-op"])),
        false,
    )
}
