//! Meta's review, and what Meta changes by itself.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_warning},
    cases,
};

use crate::{A, SPACE, reviewed, the_template, utility, with_space};

pub(crate) const CASES: &[Case] = cases![review:
    wait_ends_with_the_review,
    wait_that_is_too_short_warns_and_taints_nothing,
    review_result_shows_in_a_refresh_and_fails_a_postcondition,
    changing_an_approved_template_warns,
    moved_category_warns_and_changes_nothing,
];

fn wait_ends_with_the_review(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context
        .emulator
        .set_behavior(|behavior| behavior.template.review_after_ms = Some(1));
    let output = context.applied(&utility("One", "wait_for_audit = \"2m\""))?;
    equal("warnings", output.warnings().len(), 0)?;
    equal("status", context.object(A)?.text("audit_status"), "pass")?;
    context.plan(0)?;
    Ok(())
}

fn wait_that_is_too_short_warns_and_taints_nothing(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    let output = context.applied(&utility("One", "wait_for_audit = \"1s\""))?;
    let warning = only_warning(&output)?;
    contains(
        &warning.text(),
        &["Template hello (en) is still under review", "within 1s"],
    )?;
    let object = context.object(A)?;
    equal("tainted", object.tainted, false)?;
    equal("status", object.text("audit_status"), "auditing")?;
    context.plan(0)?;
    Ok(())
}

fn review_result_shows_in_a_refresh_and_fails_a_postcondition(
    context: &mut TestContext,
) -> TestResult {
    with_space(context)?;
    let check = "lifecycle {\n    postcondition {\n      condition = self.audit_status != \"fail\"\n      error_message = \
                 \"rejected: ${coalesce(self.reason, \"-\")}\"\n    }\n  }";
    context.applied(&utility("One", check))?;
    reviewed(context, "fail", Some("too short"));
    let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
    contains(&output.text(), &["rejected: too short"])?;
    context.configure(&utility("One", ""))?;
    context.plan(0)?;
    context
        .directory
        .run(&["plan", "-refresh-only", "-detailed-exitcode"])?
        .expecting(2)?;
    Ok(())
}

fn changing_an_approved_template_warns(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.applied(&utility("One", ""))?;
    context.configure(&utility("Two", ""))?;
    let (_, output) = context.plan(2)?;
    contains(
        &only_warning(&output)?.text(),
        &["Template hello (en) is under review"],
    )?;
    reviewed(context, "pass", None);
    let (_, output) = context.plan(2)?;
    contains(
        &only_warning(&output)?.text(),
        &["Template hello (en) will lose its approval"],
    )?;
    context.emulator.set_behavior(|behavior| {
        behavior.template.modify_approved_code = Some("InvalidParameter.Approved".to_owned());
    });
    let output = context.apply()?.expecting(1)?;
    contains(
        &output.errors()[0].text(),
        &[
            "Cannot modify template hello (en)",
            "InvalidParameter.Approved",
            "two ways out",
        ],
    )?;
    equal("edits", the_template(context)?.edits, 0)?;
    let text = context.object(A)?.values["body"]["text"].clone();
    equal("the text in the state", text, "One")?;
    context
        .emulator
        .set_behavior(|behavior| behavior.template.modify_approved_code = None);
    context.apply()?.expecting(0)?;
    equal("edits", the_template(context)?.edits, 1)
}

fn moved_category_warns_and_changes_nothing(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.applied(&utility("One", "category_change_paused = true"))?;
    reviewed(context, "pass", None);
    context
        .emulator
        .change_templates(SPACE, "hello", |template| {
            template.move_category("MARKETING")
        });
    let (plan, output) = context.plan(0)?;
    equal(
        "changes",
        plan.change(A)
            .is_none_or(|change| change.change.is(&["no-op"])),
        true,
    )?;
    contains(
        &only_warning(&output)?.text(),
        &["Meta moved template hello (en)", "MARKETING"],
    )?;
    // Once it is in the state there is no warning any more.
    let output = context.apply()?.expecting(0)?;
    drop(output);
    context
        .directory
        .run(&["apply", "-refresh-only", "-auto-approve"])?
        .expecting(0)?;
    let (_, output) = context.plan(0)?;
    equal("warnings", output.warnings().len(), 0)?;
    equal("category", context.object(A)?.text("category"), "UTILITY")?;
    equal(
        "current_category",
        context.object(A)?.text("current_category"),
        "MARKETING",
    )
}
