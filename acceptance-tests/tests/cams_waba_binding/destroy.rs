//! Destroy and replace under both deletion policies. The service has no unbind.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_error, only_warning},
    cases,
};

use crate::{A, BIND, OTHER_WABA, WABA, binding};

pub(crate) const CASES: &[Case] = cases![destroy:
    abandon_warns_in_plan_and_apply_and_keeps_the_binding,
    abandon_is_the_default_and_sends_no_request,
    abandon_applies_to_a_removed_resource_block,
    prevent_refuses_the_plan_of_a_destruction,
    prevent_refuses_the_plan_of_a_replacement,
    prevent_refuses_a_forced_replacement,
    prevent_refuses_a_triggered_replacement,
    prevent_refuses_a_replacement_after_drift,
    prevent_is_read_from_the_state,
    prevent_changed_to_abandon_allows_the_destruction,
    tainted_object_is_protected_during_apply,
    tainted_object_keeps_its_space,
    deleted_space_is_removed_from_the_state,
];

const PREVENT: &str = "deletion_policy = \"PREVENT\"";

fn abandon_warns_in_plan_and_apply_and_keeps_the_binding(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, "deletion_policy = \"ABANDON\""))?;
    let space = context.space_of(WABA)?;
    let planned = context.directory.plan(&["-destroy"])?.output.expecting(2)?;
    let parts = [
        WABA,
        &space,
        "no operation to unbind",
        "Channel Management",
        "permanent",
    ];
    let warning = only_warning(&planned)?;
    equal(
        "summary",
        &*warning.summary,
        "Destroying leaves WABA bindings in the cloud",
    )?;
    contains(&warning.text(), &parts)?;

    let applied = context
        .directory
        .run(&["apply", "-json", "tfplan"])?
        .expecting(0)?;
    let warning = only_warning(&applied)?;
    equal(
        "summary",
        &*warning.summary,
        "Destroyed WABA bindings stay in the cloud",
    )?;
    contains(&warning.text(), &parts)?;
    equal("objects", context.directory.state()?.resources.len(), 0)?;
    equal("the space", context.space_of(WABA)?, space)
}

fn abandon_is_the_default_and_sends_no_request(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, ""))?;
    context.emulator.clear_calls();
    let output = context
        .directory
        .run(&["destroy", "-refresh=false", "-auto-approve"])?
        .expecting(0)?;
    contains(
        &output.text(),
        &["Destroyed WABA bindings stay in the cloud", "1 destroyed"],
    )?;
    equal("calls", context.emulator.calls().len(), 0)?;
    context.space_of(WABA)?;
    Ok(())
}

fn abandon_applies_to_a_removed_resource_block(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, PREVENT))?;
    context.configure("")?;
    let output = context.apply()?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["is protected by deletion_policy", WABA],
    )?;
    context.applied(&binding(WABA, ""))?;
    let output = context.applied("")?;
    let warnings: Vec<String> = output
        .warnings()
        .into_iter()
        .map(|warning| warning.summary)
        .collect();
    equal(
        "warnings",
        warnings,
        [
            "Destroying leaves WABA bindings in the cloud",
            "Destroyed WABA bindings stay in the cloud",
        ],
    )
}

fn prevent_refuses_the_plan_of_a_destruction(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, PREVENT))?;
    let before = context.object(A)?;
    let output = context.directory.plan(&["-destroy"])?.output.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &[
            "is protected by deletion_policy",
            WABA,
            before.text("id"),
            "first apply `deletion_policy = \"ABANDON\"`",
        ],
    )?;
    context
        .directory
        .run(&["destroy", "-auto-approve"])?
        .expecting(1)?;
    equal("the object", context.object(A)?, before)
}

fn prevent_refuses_the_plan_of_a_replacement(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, PREVENT))?;
    let before = context.object(A)?;
    context.configure(&binding(OTHER_WABA, PREVENT))?;
    let output = context.directory.plan(&[])?.output.expecting(1)?;
    let error = only_error(&output)?;
    contains(
        &error.text(),
        &[
            "is protected by deletion_policy",
            WABA,
            before.text("id"),
            &format!("set `waba_id = \"{WABA}\"`"),
        ],
    )?;
    contains(error.points_at(), &["waba_id", OTHER_WABA])?;
    context.apply()?.expecting(1)?;
    equal("the object", context.object(A)?, before)?;
    equal("binds", context.calls(BIND), 1)
}

fn prevent_refuses_a_forced_replacement(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, PREVENT))?;
    let replace = format!("-replace={A}");
    let output = context.directory.plan(&[&replace])?.output.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["is protected by deletion_policy", WABA],
    )
}

fn prevent_refuses_a_triggered_replacement(context: &mut TestContext) -> TestResult {
    let configuration = |revision: u32| {
        let trigger = format!(
            "{PREVENT}\n  lifecycle {{\n    replace_triggered_by = [terraform_data.revision]\n  }}"
        );
        format!(
            "resource \"terraform_data\" \"revision\" {{\n  input = {revision}\n}}\n{}",
            binding(WABA, &trigger)
        )
    };
    context.applied(&configuration(1))?;
    context.configure(&configuration(2))?;
    let output = context.directory.plan(&[])?.output.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["is protected by deletion_policy", WABA],
    )
}

fn prevent_refuses_a_replacement_after_drift(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, PREVENT))?;
    let space = context.space_of(WABA)?;
    context.emulator.rebind(&space, OTHER_WABA)?;
    let output = context.directory.plan(&[])?.output.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &[
            "is protected by deletion_policy",
            &format!("set `waba_id = \"{OTHER_WABA}\"`"),
            &space,
        ],
    )
}

fn prevent_is_read_from_the_state(context: &mut TestContext) -> TestResult {
    // The policy changes in the same step that destroys: ABANDON of the configuration has not been applied yet.
    context.applied(&binding(WABA, PREVENT))?;
    context.configure(&binding(OTHER_WABA, "deletion_policy = \"ABANDON\""))?;
    let output = context.directory.plan(&[])?.output.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["is protected by deletion_policy"],
    )
}

fn prevent_changed_to_abandon_allows_the_destruction(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, PREVENT))?;
    context.applied(&binding(WABA, ""))?;
    context.applied(&binding(OTHER_WABA, ""))?;
    context
        .directory
        .run(&["destroy", "-auto-approve"])?
        .expecting(0)?;
    equal("objects", context.directory.state()?.resources.len(), 0)
}

fn tainted_object_is_protected_during_apply(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, PREVENT))?;
    let space = context.space_of(WABA)?;
    context.directory.run(&["taint", A])?.expecting(0)?;
    // For a tainted object Terraform plans a create and does not send the old object to the provider. So the provider can
    // refuse only when the destruction is applied.
    let output = context.apply()?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["is protected by deletion_policy", WABA, &space],
    )?;
    equal("binds", context.calls(BIND), 1)?;
    equal("the space", context.object(A)?.text("id"), &space)?;
    context.directory.run(&["untaint", A])?.expecting(0)?;
    context.plan(0)?;
    Ok(())
}

/// A failure after the bind must not make the next apply bind again.
fn tainted_object_keeps_its_space(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, ""))?;
    context.directory.run(&["taint", A])?.expecting(0)?;
    let space = context.space_of(WABA)?;
    let output = context.apply()?.expecting(0)?;
    let warnings = output.warnings();
    let mut summaries: Vec<&str> = warnings.iter().map(|warning| &*warning.summary).collect();
    summaries.sort_unstable();
    let adopted = format!("WABA {WABA} was already bound");
    equal(
        "warnings",
        summaries.as_slice(),
        ["Destroyed WABA bindings stay in the cloud", &*adopted],
    )?;
    let object = context.object(A)?;
    equal("tainted", object.tainted, false)?;
    equal("id", object.text("id"), space)?;
    equal("binds", context.calls(BIND), 1)
}

fn deleted_space_is_removed_from_the_state(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, PREVENT))?;
    let space = context.space_of(WABA)?;
    context.emulator.unbind(&space)?;
    // The refresh finds nothing bound, so nothing is left to protect.
    let output = context
        .directory
        .run(&["destroy", "-auto-approve"])?
        .expecting(0)?;
    contains(&output.text(), &["0 destroyed"])?;
    equal("objects", context.directory.state()?.resources.len(), 0)
}
