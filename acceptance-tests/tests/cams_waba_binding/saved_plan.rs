//! Saved plans: `plan -out`, `show -json` of the file, `apply` of the file, for each kind of change.

use acceptance_tests::{
    acceptance::{Case, Ending, Stage, equal},
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
fn plan_show_apply(stage: &Stage, text: &str, actions: &[&str]) -> Ending {
    stage.configure(text)?;
    let planned = stage.directory.run(&["plan", "-out=saved"])?;
    planned.expecting(0)?;
    let plan = stage.directory.saved_plan("saved")?;
    let change = plan.change(A).ok_or("the plan does not have the binding")?;
    equal("actions", change.change.is(actions), true)?;
    // The text form is read from the same file.
    stage.directory.run(&["show", "saved"])?.expecting(0)?;
    let applied = stage.directory.run(&["apply", "-json", "saved"])?;
    let applied = applied.expecting(0)?;
    equal("errors", applied.errors().len(), 0)?;
    stage.plan(0)?;
    Ok(())
}

fn create_is_shown_and_applied(stage: &mut Stage) -> Ending {
    plan_show_apply(stage, &binding(WABA, ""), &["create"])?;
    equal("binds", stage.calls(BIND), 1)?;
    equal("id", stage.object(A)?.text("id"), stage.space_of(WABA)?)
}

fn update_is_shown_and_applied(stage: &mut Stage) -> Ending {
    stage.applied(&binding(WABA, ""))?;
    let text = binding(WABA, "deletion_policy = \"PREVENT\"");
    plan_show_apply(stage, &text, &["update"])?;
    equal("binds", stage.calls(BIND), 1)?;
    let object = stage.object(A)?;
    equal("policy", object.text("deletion_policy"), "PREVENT")
}

fn replace_is_shown_and_applied(stage: &mut Stage) -> Ending {
    stage.applied(&binding(WABA, ""))?;
    let text = binding(OTHER_WABA, "");
    plan_show_apply(stage, &text, &["delete", "create"])?;
    equal("binds", stage.calls(BIND), 2)?;
    let id = stage.space_of(OTHER_WABA)?;
    equal("id", stage.object(A)?.text("id"), id)
}

fn create_before_destroy_is_shown_and_applied(stage: &mut Stage) -> Ending {
    let early = "lifecycle {\n    create_before_destroy = true\n  }";
    stage.applied(&binding(WABA, early))?;
    let text = binding(OTHER_WABA, early);
    plan_show_apply(stage, &text, &["create", "delete"])?;
    let id = stage.space_of(OTHER_WABA)?;
    equal("id", stage.object(A)?.text("id"), id)
}
