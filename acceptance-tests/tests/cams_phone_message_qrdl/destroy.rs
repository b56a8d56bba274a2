//! Destroying and replacing under each policy.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_error, only_warning},
    cases,
    emulator::{Fault, FaultKind},
};

use crate::{A, DELETE, MESSAGE, NUMBER, import_id, link, links, make_space};

pub(crate) const CASES: &[Case] = cases![destroy:
    delete_is_the_default_and_warns_in_the_plan,
    abandon_leaves_the_link_with_a_warning,
    prevent_refuses_destruction_and_replacement,
    delete_of_a_link_that_is_gone_succeeds,
    link_that_cannot_be_deleted_stays_in_the_state,
];

fn delete_is_the_default_and_warns_in_the_plan(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context.applied(&link(""))?;
    let code = context.object(A)?.text("qrdl_code").to_owned();
    let planned = context.directory.plan(&["-destroy"])?.output.expecting(2)?;
    let warning = only_warning(&planned)?;
    let summary = format!("Destroying voids the QR codes of message link {code}");
    equal("summary", &*warning.summary, summary)?;
    contains(&warning.text(), &[NUMBER, "in print", "ABANDON"])?;
    context
        .directory
        .run(&["apply", "-json", "tfplan"])?
        .expecting(0)?;
    equal("links", links(context).len(), 0)?;
    equal("deletes", context.calls(DELETE), 1)
}

fn abandon_leaves_the_link_with_a_warning(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context.applied(&link("deletion_policy = \"ABANDON\""))?;
    let code = context.object(A)?.text("qrdl_code").to_owned();
    context.configure("")?;
    let output = context.apply()?.expecting(0)?;
    equal("in plan and apply", output.warnings().len(), 2)?;
    let import = format!("terraform import 'ADDRESS' {}", import_id(&code));
    for warning in output.warnings() {
        contains(&warning.text(), &["keeps working", &import])?;
    }
    equal("links", links(context).len(), 1)?;
    equal("deletes", context.calls(DELETE), 0)
}

fn prevent_refuses_destruction_and_replacement(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context.applied(&link("deletion_policy = \"PREVENT\""))?;
    let output = context.directory.plan(&["-destroy"])?.output.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["protected by deletion_policy", "Provider.DeletionPrevented"],
    )?;
    context.configure(&link("deletion_policy = \"PREVENT\"").replace(MESSAGE, "Hello"))?;
    let output = context.directory.plan(&[])?.output.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["prefilled_message", "would replace it"],
    )?;
    equal("deletes", context.calls(DELETE), 0)
}

fn delete_of_a_link_that_is_gone_succeeds(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    // The first attempt deletes, and its response is lost. The second one finds nothing.
    for unknown in [Some("X.Unknown".to_owned()), None] {
        context.emulator.set_behavior(|behavior| {
            behavior.message_link.delete_unknown_code = unknown.clone();
        });
        context.applied(&link(""))?;
        context
            .emulator
            .inject(Fault::new(DELETE, FaultKind::Cut).after())?;
        context.emulator.clear_calls();
        context.applied("")?;
        equal("deletes", context.calls(DELETE), 2)?;
        equal("links", links(context).len(), 0)?;
    }
    Ok(())
}

fn link_that_cannot_be_deleted_stays_in_the_state(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context.applied(&link(""))?;
    let before = context.object(A)?;
    let refused = FaultKind::Error {
        status: 400,
        code: "X.Refused".to_owned(),
        message: "no".to_owned(),
        retry_after_ms: None,
    };
    context.emulator.inject(Fault::new(DELETE, refused))?;
    context.configure("")?;
    let error = only_error(&context.apply()?.expecting(1)?)?;
    let code = before.text("qrdl_code");
    let summary = format!("Cannot delete message link {code}: X.Refused");
    equal("summary", &*error.summary, summary)?;
    contains(&error.text(), &["stays in the state"])?;
    equal("the object", context.object(A)?, before)
}
