//! Saved plans: `plan -out`, `show -json` of the file, `apply` of the file, for each kind of change.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, equal},
    cases,
};

use crate::{A, BIND, OTHER_WABA, WABA, binding};

pub(crate) const CASES: &[Case] = cases![saved_plan:
    create_is_shown_and_applied,
    update_is_shown_and_applied,
    replace_is_shown_and_applied,
    create_before_destroy_is_shown_and_applied,
];

/// Plans into a file, reads the file with `show -json`, and applies it.
///
/// `show -json` encodes the planned identity and fails if a value in it is unknown.
fn plan_show_apply(context: &TestContext, text: &str, actions: &[&str]) -> TestResult {
    context.configure(text)?;
    let planned = context.directory.run(&["plan", "-out=saved"])?;
    planned.expecting(0)?;
    let plan = context.directory.saved_plan("saved")?;
    let change = plan.change(A).ok_or("the plan does not have the binding")?;
    equal("actions", change.change.is(actions), true)?;
    // The text form is read from the same file.
    context.directory.run(&["show", "saved"])?.expecting(0)?;
    let applied = context.directory.run(&["apply", "-json", "saved"])?;
    let applied = applied.expecting(0)?;
    equal("errors", applied.errors().len(), 0)?;
    context.plan(0)?;
    Ok(())
}

fn create_is_shown_and_applied(context: &mut TestContext) -> TestResult {
    plan_show_apply(context, &binding(WABA, ""), &["create"])?;
    equal("binds", context.calls(BIND), 1)?;
    equal("id", context.object(A)?.text("id"), context.space_of(WABA)?)
}

fn update_is_shown_and_applied(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, ""))?;
    let text = binding(WABA, "deletion_policy = \"PREVENT\"");
    plan_show_apply(context, &text, &["update"])?;
    equal("binds", context.calls(BIND), 1)?;
    let object = context.object(A)?;
    equal("policy", object.text("deletion_policy"), "PREVENT")
}

fn replace_is_shown_and_applied(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, ""))?;
    let text = binding(OTHER_WABA, "");
    plan_show_apply(context, &text, &["delete", "create"])?;
    equal("binds", context.calls(BIND), 2)?;
    let id = context.space_of(OTHER_WABA)?;
    equal("id", context.object(A)?.text("id"), id)
}

fn create_before_destroy_is_shown_and_applied(context: &mut TestContext) -> TestResult {
    let early = "lifecycle {\n    create_before_destroy = true\n  }";
    context.applied(&binding(WABA, early))?;
    let text = binding(OTHER_WABA, early);
    plan_show_apply(context, &text, &["create", "delete"])?;
    let id = context.space_of(OTHER_WABA)?;
    equal("id", context.object(A)?.text("id"), id)
}
