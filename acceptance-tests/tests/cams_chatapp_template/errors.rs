//! What is refused, and what happens when a response is lost.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_error, only_warning},
    cases,
    emulator::{Fault, FaultKind, When},
};

use crate::{
    A, CREATE, DELETE, DETAIL, LIST, MODIFY, SPACE, template, the_template, utility, with_space,
};

pub(crate) const CASES: &[Case] = cases![errors:
    wrong_content_is_refused_before_anything_is_sent,
    codes_of_the_service_reach_the_user,
    existing_template_is_refused_with_its_import_id,
    same_template_twice_is_refused,
    create_whose_response_is_lost_is_found,
    create_of_unknown_outcome_is_an_error_and_is_not_sent_again,
    modification_whose_response_is_lost_is_found,
    deletion_of_a_deleted_template_succeeds,
    late_detail_is_waited_for,
    create_that_cannot_be_read_stays_in_the_state,
    missing_template_of_an_unbound_space_stays_in_the_state,
    throttled_calls_are_retried,
];

fn lost(action: &str) -> Fault {
    Fault {
        when: When::After,
        ..Fault::new(action, FaultKind::Cut)
    }
}

fn wrong_content_is_refused_before_anything_is_sent(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    for (configuration, parts) in [
        (
            utility("{{1}}", ""),
            vec![
                "`body.text` has a raw placeholder",
                "Provider.InvalidTemplate",
            ],
        ),
        (template("UTILITY", ""), vec!["needs a body"]),
        (template("AUTHENTICATION", ""), vec!["exactly one button"]),
        (
            utility(&"x".repeat(1025), ""),
            vec!["at most 1024 characters"],
        ),
        (
            utility("x", "header = { format = \"SOUND\" }"),
            vec!["must be", "SOUND"],
        ),
        (
            utility("x", "wait_for_audit = \"soon\""),
            vec!["must be a duration"],
        ),
    ] {
        context.configure(&configuration)?;
        let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
        contains(&output.errors()[0].text(), &parts)?;
    }
    equal("calls", context.emulator.calls().len(), 0)
}

fn codes_of_the_service_reach_the_user(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    for code in [
        "InvalidParameter.MessageInvalid",
        "InvalidParameter.HeaderMoreVarable",
        "InvalidParameter.LanguageNotSupport",
        "InvalidParameter.CreateError",
        "Authentication.NoAuth",
        "Product.Unsubscript",
        "New.Code",
    ] {
        let kind = FaultKind::Error {
            status: 400,
            code: code.to_owned(),
            message: "the service's words".to_owned(),
            retry_after_ms: None,
        };
        context.emulator.inject(Fault::new(CREATE, kind))?;
        context.configure(&utility("One", ""))?;
        let output = context.apply()?.expecting(1)?;
        contains(
            &only_error(&output)?.text(),
            &["Cannot create template hello", code, "the service's words"],
        )?;
    }
    equal("templates", context.emulator.templates(SPACE).len(), 0)
}

fn existing_template_is_refused_with_its_import_id(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.applied(&utility("One", ""))?;
    let code = the_template(context)?.code;
    context.directory.run(&["state", "rm", A])?.expecting(0)?;
    let id = format!("{SPACE}:{code}:en:WHATSAPP");
    let output = context.apply()?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &[
            "Template hello (en) exists already",
            &id,
            "Provider.TemplateExists",
        ],
    )?;
    equal("creates", context.calls(CREATE), 1)?;
    // The same by the service's word, where the list before the create was refused.
    context
        .emulator
        .inject(Fault::new(LIST, FaultKind::denied()))?;
    let output = context.apply()?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &[&id, "Provider.TemplateExists"],
    )?;
    context.directory.run(&["import", A, &id])?.expecting(0)?;
    context.plan(0)?;
    Ok(())
}

fn same_template_twice_is_refused(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    let one = utility("One", "");
    context.configure(&format!("{one}{}", one.replacen("\"a\"", "\"b\"", 1)))?;
    let output = context.apply()?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &[
            "Two resources create template hello",
            "Provider.CreatedTwice",
        ],
    )?;
    equal("creates", context.calls(CREATE), 1)
}

fn create_whose_response_is_lost_is_found(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.emulator.inject(lost(CREATE))?;
    let output = context.applied(&utility("One", ""))?;
    contains(
        &only_warning(&output)?.text(),
        &[
            "was created, but the response was lost",
            "Provider.OutcomeUnknown",
        ],
    )?;
    equal("creates", context.calls(CREATE), 1)?;
    let code = the_template(context)?.code;
    equal(
        "template_code",
        context.object(A)?.text("template_code"),
        &*code,
    )?;
    context.plan(0)?;
    Ok(())
}

fn create_of_unknown_outcome_is_an_error_and_is_not_sent_again(
    context: &mut TestContext,
) -> TestResult {
    with_space(context)?;
    context
        .emulator
        .inject(Fault::new(CREATE, FaultKind::Html { status: 502 }))?;
    context.configure(&utility("One", ""))?;
    let output = context.apply()?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &[
            "It is unknown whether template hello (en) was created",
            "TEMPLATE_CODE",
            "Provider.OutcomeUnknown",
        ],
    )?;
    equal("creates", context.calls(CREATE), 1)?;
    equal("objects", context.directory.state()?.resources.len(), 0)?;
    context.apply()?.expecting(0)?;
    context.plan(0)?;
    Ok(())
}

fn modification_whose_response_is_lost_is_found(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.applied(&utility("One", ""))?;
    context.emulator.inject(lost(MODIFY))?;
    context.applied(&utility("Two", ""))?;
    equal("modifications", context.calls(MODIFY), 1)?;
    context
        .emulator
        .inject(Fault::new(MODIFY, FaultKind::Html { status: 502 }))?;
    context.configure(&utility("Three", ""))?;
    let output = context.apply()?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["Cannot modify template hello (en)"],
    )?;
    equal("modifications", context.calls(MODIFY), 2)?;
    context.plan(2)?;
    Ok(())
}

fn deletion_of_a_deleted_template_succeeds(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.applied(&utility("One", ""))?;
    context.emulator.remove_templates(SPACE, "hello");
    let arguments = ["destroy", "-json", "-refresh=false", "-auto-approve"];
    context.directory.run(&arguments)?.expecting(0)?;
    equal("deletes", context.calls(DELETE), 1)
}

fn late_detail_is_waited_for(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context
        .emulator
        .set_behavior(|behavior| behavior.template.detail_lag = 2);
    let output = context.applied(&utility("One", ""))?;
    equal("warnings", output.warnings().len(), 0)?;
    equal(
        "status",
        context.object(A)?.text("audit_status"),
        "auditing",
    )
}

fn create_that_cannot_be_read_stays_in_the_state(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context
        .emulator
        .set_behavior(|behavior| behavior.template.detail_lag = 8);
    let output = context.applied(&utility("One", ""))?;
    contains(
        &only_warning(&output)?.text(),
        &["was saved, but not read yet"],
    )?;
    equal("tainted", context.object(A)?.tainted, false)?;
    let (_, output) = context.plan(0)?;
    contains(&only_warning(&output)?.text(), &["is not shown yet"])?;
    context.emulator.change_templates(SPACE, "hello", |_| {});
    context
        .emulator
        .set_behavior(|behavior| behavior.template.detail_lag = 0);
    context.plan(0)?;
    context.plan(0)?;
    equal("creates", context.calls(CREATE), 1)
}

fn missing_template_of_an_unbound_space_stays_in_the_state(
    context: &mut TestContext,
) -> TestResult {
    with_space(context)?;
    context.applied(&utility("One", ""))?;
    let kind = FaultKind::Error {
        status: 200,
        code: "DetailError.TemplateNotExist".to_owned(),
        message: "no".to_owned(),
        retry_after_ms: None,
    };
    context.emulator.inject(Fault::new(DETAIL, kind).always())?;
    context.emulator.unbind(SPACE)?;
    let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &[
            "has no WABA",
            "Provider.SpaceWithoutWaba",
            "stays in the state",
        ],
    )
}

fn throttled_calls_are_retried(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    let throttle = FaultKind::Throttle {
        code: "Throttling.User".to_owned(),
        status: 400,
        retry_after_ms: Some(10),
    };
    for action in [CREATE, DETAIL, LIST] {
        context
            .emulator
            .inject(Fault::new(action, throttle.clone()))?;
    }
    context.applied(&utility("One", ""))?;
    the_template(context)?;
    context.plan(0)?;
    Ok(())
}
