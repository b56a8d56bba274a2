//! A template that was ever approved is not replaced under its name.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_error, only_warning},
    cases,
    emulator::{Fault, FaultKind},
};

use crate::{A, CREATE, DELETE, DETAIL, SPACE, named, reviewed, template, utility, with_space};

pub(crate) const CASES: &[Case] = cases![names:
    approved_template_is_not_replaced_by_a_change_of_category,
    approved_template_is_not_replaced_on_demand,
    approved_template_is_not_replaced_when_tainted,
    approved_template_moves_to_another_address,
    approved_template_is_not_recreated_at_another_address,
    approval_after_the_plan_stops_each_deletion,
    approval_in_the_state_stops_a_replacement_that_was_planned_without_refresh,
    unread_template_is_not_deleted,
    replacement_by_another_name_warns,
    template_that_was_approved_once_is_remembered,
    template_that_stays_is_not_replaced_under_its_name,
    unapproved_template_is_replaced,
    imported_template_of_unknown_history_is_kept,
];

const BODY: &str = "body = { text = \"One\" }";

fn refused_by_the_plan(context: &TestContext, arguments: &[&str]) -> TestResult {
    let arguments: Vec<&str> = ["plan", "-json"].iter().chain(arguments).copied().collect();
    let output = context.directory.run(&arguments)?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &[
            "Template hello (en) cannot be replaced under its name",
            "Provider.TemplateNameLocked",
        ],
    )
}

fn approved_template_is_not_replaced_by_a_change_of_category(
    context: &mut TestContext,
) -> TestResult {
    with_space(context)?;
    context.applied(&template("UTILITY", BODY))?;
    reviewed(context, "pass", None);
    context.configure(&template("MARKETING", BODY))?;
    refused_by_the_plan(context, &[])?;
    // Under a new name it may go.
    context.configure(&named("hello_v2", "MARKETING", BODY))?;
    context.apply()?.expecting(0)?;
    equal("name", context.object(A)?.text("name"), "hello_v2")?;
    context.plan(0)?;
    Ok(())
}

fn approved_template_is_not_replaced_on_demand(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.applied(&template("UTILITY", BODY))?;
    reviewed(context, "pass", None);
    refused_by_the_plan(context, &["-replace", A])?;
    equal("deletes", context.calls(DELETE), 0)
}

/// Terraform plans a tainted template as if there were none.
fn approved_template_is_not_replaced_when_tainted(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.applied(&template("UTILITY", BODY))?;
    context.directory.run(&["taint", A])?.expecting(0)?;
    // Not approved yet, so its name is free again once it is deleted.
    context.plan(2)?;
    reviewed(context, "pass", None);
    let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &[
            "Template hello (en) is in the state and was approved",
            "terraform untaint",
            "Provider.TemplateNameLocked",
        ],
    )?;
    equal("deletes", context.calls(DELETE), 0)?;
    context.directory.run(&["untaint", A])?.expecting(0)?;
    context.plan(0)?;
    Ok(())
}

fn approved_template_moves_to_another_address(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.applied(&template("UTILITY", BODY))?;
    reviewed(context, "pass", None);
    let renamed = template("UTILITY", BODY).replacen("\"a\"", "\"b\"", 1);
    let b = A.replace(".a", ".b");
    let moved = format!("{renamed}\nmoved {{\n  from = {A}\n  to   = {b}\n}}\n");
    context.configure(&moved)?;
    context.apply()?.expecting(0)?;
    equal("deletes", context.calls(DELETE), 0)?;
    context.plan(0)?;
    Ok(())
}

fn at_other_address(address: &str) -> String {
    template("UTILITY", BODY).replacen("\"a\"", &format!("\"{address}\""), 1)
}

/// A template without a `moved` block: Terraform plans a destroy and a create, in any order.
fn approved_template_is_not_recreated_at_another_address(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.applied(&template("UTILITY", BODY))?;
    // Before the approval its name is free once it is deleted.
    context.configure(&at_other_address("b"))?;
    context.plan(2)?;
    context.configure(&template("UTILITY", BODY))?;
    reviewed(context, "pass", None);
    let keyed = |key: &str| {
        let keyed = template("UTILITY", BODY);
        keyed.replacen('{', &format!("{{\n  for_each = toset([\"{key}\"])"), 1)
    };
    let refused = |context: &TestContext| -> TestResult {
        for arguments in [&["plan", "-json"][..], &["plan", "-json", "-parallelism=1"]] {
            let output = context.directory.run(arguments)?.expecting(1)?;
            contains(
                &output.text(),
                &[
                    "Template hello (en) is in the state and was approved",
                    "add a `moved` block",
                    "Provider.TemplateNameLocked",
                ],
            )?;
        }
        Ok(())
    };
    for address in ["b", "0", "zz"] {
        let address = address.replace('0', "_0");
        context.configure(&at_other_address(&address))?;
        refused(context)?;
    }
    let b = A.replace(".a", ".b");
    let b_moved = format!(
        "{}\nmoved {{\n  from = {A}\n  to   = {b}\n}}\n",
        at_other_address("b")
    );
    context.configure(&b_moved)?;
    context.apply()?.expecting(0)?;
    // From one key to another.
    let one = format!(
        "{}\nmoved {{\n  from = {b}\n  to   = {A}[\"one\"]\n}}\n",
        keyed("one")
    );
    context.configure(&one)?;
    context.apply()?.expecting(0)?;
    context.configure(&keyed("two"))?;
    refused(context)?;
    // A replacement by another name, while another resource takes the old one.
    let two = format!(
        "{}{}",
        keyed("one").replace("\"hello\"", "\"hello_v2\""),
        at_other_address("b")
    );
    context.configure(&two)?;
    refused(context)?;
    // Destroying alone is fine.
    context.configure(&keyed("one"))?;
    let destroy = ["destroy", "-json", "-auto-approve"];
    context.directory.run(&destroy)?.expecting(0)?;
    equal("creates", context.calls(CREATE), 1)?;
    equal("deletes", context.calls(DELETE), 1)
}

fn approval_after_the_plan_stops_each_deletion(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    let new_category = template("MARKETING", BODY);
    let same = template("UTILITY", BODY);
    let plans: [(&str, &[&str]); 4] = [
        (&new_category, &[]),
        (&same, &["-replace", A]),
        (&same, &["-destroy"]),
        ("", &[]),
    ];
    for (configuration, arguments) in plans {
        context.applied(&same)?;
        context.configure(configuration)?;
        let plan = ["plan", "-out=tfplan"];
        let plan: Vec<&str> = plan.iter().chain(arguments).copied().collect();
        context.directory.run(&plan)?.expecting(0)?;
        reviewed(context, "pass", None);
        let apply = ["apply", "-json", "tfplan"];
        let output = context.directory.run(&apply)?.expecting(1)?;
        contains(
            &only_error(&output)?.text(),
            &[
                "Template hello (en) is approved by now",
                "Nothing was deleted",
                "stays in the state",
                "Provider.TemplateApproved",
            ],
        )?;
        equal("name", context.object(A)?.text("name"), "hello")?;
        context.directory.run(&["state", "rm", A])?.expecting(0)?;
        context.emulator.remove_templates(SPACE, "hello");
    }
    equal("deletes", context.calls(DELETE), 0)
}

fn approval_in_the_state_stops_a_replacement_that_was_planned_without_refresh(
    context: &mut TestContext,
) -> TestResult {
    with_space(context)?;
    context.applied(&template("UTILITY", BODY))?;
    reviewed(context, "pass", None);
    context
        .directory
        .run(&["apply", "-refresh-only", "-auto-approve"])?
        .expecting(0)?;
    refused_by_the_plan(context, &["-refresh=false", "-replace", A])?;
    // Terraform plans a tainted one as if there were none, so only the apply can refuse.
    context.directory.run(&["taint", A])?.expecting(0)?;
    let apply = ["apply", "-json", "-auto-approve", "-refresh=false"];
    let output = context.directory.run(&apply)?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["Provider.TemplateNameLocked", "stays in the state"],
    )?;
    equal("deletes", context.calls(DELETE), 0)?;
    // Without a replacement it goes.
    let destroy = ["destroy", "-json", "-auto-approve", "-refresh=false"];
    context.directory.run(&destroy)?.expecting(0)?;
    equal("deletes", context.calls(DELETE), 1)
}

fn unread_template_is_not_deleted(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.applied(&template("UTILITY", BODY))?;
    let denied = Fault::new(DETAIL, FaultKind::denied()).always();
    context.emulator.inject(denied)?;
    let destroy = ["destroy", "-json", "-auto-approve", "-refresh=false"];
    let output = context.directory.run(&destroy)?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["Cannot read template hello (en)", "stays in the state"],
    )?;
    equal("deletes", context.calls(DELETE), 0)
}

fn replacement_by_another_name_warns(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.applied(&template("UTILITY", BODY))?;
    context.configure(&named("hello_v2", "UTILITY", BODY))?;
    let (_, output) = context.plan(2)?;
    equal("warnings", output.warnings().len(), 0)?;
    reviewed(context, "pass", None);
    let (_, output) = context.plan(2)?;
    contains(
        &only_warning(&output)?.text(),
        &[
            "Replacing deletes the approved template hello (en)",
            "`create_before_destroy = true`",
        ],
    )
}

fn template_that_was_approved_once_is_remembered(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.applied(&template("UTILITY", BODY))?;
    reviewed(context, "pass", None);
    context
        .directory
        .run(&["apply", "-refresh-only", "-auto-approve"])?
        .expecting(0)?;
    // A change begins a new review, but the name would be locked all the same.
    context.applied(&utility("Two", ""))?;
    equal(
        "status",
        context.object(A)?.text("audit_status"),
        "auditing",
    )?;
    refused_by_the_plan(context, &["-replace", A])
}

fn template_that_stays_is_not_replaced_under_its_name(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    for policy in ["ABANDON", "ARCHIVE"] {
        context.applied(&template(
            "UTILITY",
            &format!("{BODY}\n  deletion_policy = \"{policy}\""),
        ))?;
        let output = context
            .directory
            .run(&["plan", "-json", "-replace", A])?
            .expecting(1)?;
        contains(
            &output.text(),
            &["cannot be replaced under its name", "its name stays taken"],
        )?;
    }
    Ok(())
}

fn unapproved_template_is_replaced(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.applied(&template("UTILITY", BODY))?;
    reviewed(context, "fail", Some("wrong category"));
    context.applied(&template("MARKETING", BODY))?;
    equal("deletes", context.calls(DELETE), 1)?;
    equal("category", context.object(A)?.text("category"), "MARKETING")?;
    context.plan(0)?;
    Ok(())
}

fn imported_template_of_unknown_history_is_kept(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.applied(&template("UTILITY", BODY))?;
    let id = context.object(A)?.text("id").to_owned();
    context.directory.run(&["state", "rm", A])?.expecting(0)?;
    context.directory.run(&["import", A, &id])?.expecting(0)?;
    context.configure(&template("MARKETING", BODY))?;
    let (_, output) = context.plan(2)?;
    let warnings: String = output
        .warnings()
        .iter()
        .map(|warning| warning.text())
        .collect();
    contains(
        &warnings,
        &["The name of template hello (en) may be locked"],
    )?;
    let output = context.apply()?.expecting(1)?;
    contains(
        &output.text(),
        &["Provider.TemplateNameLocked", "stays in the state"],
    )?;
    equal("deletes", context.calls(DELETE), 0)?;
    equal("templates", context.emulator.templates(SPACE).len(), 1)
}
