//! Errors of the service, throttling, and configurations that cannot work.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_error},
    cases,
    emulator::{Fault, FaultKind},
};

use crate::{A, CREATE, DELETE, LIST, MESSAGE, NUMBER, SPACE, WABA, link, links, make_space};

pub(crate) const CASES: &[Case] = cases![errors:
    refusals_name_the_number_and_the_code,
    list_that_fails_before_a_create_sends_no_create,
    refused_read_keeps_the_link,
    missing_number_is_gone_and_unbound_space_is_an_error,
    invalid_configurations_are_rejected_without_a_request,
    throttling_is_retried,
];

fn refusals_name_the_number_and_the_code(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context.configure(&link(""))?;
    for (fault, summary) in [
        (FaultKind::denied(), "permission denied"),
        (
            FaultKind::Error {
                status: 400,
                code: "X.Refused".to_owned(),
                message: "no".to_owned(),
                retry_after_ms: None,
            },
            "X.Refused",
        ),
    ] {
        context.emulator.inject(Fault::new(CREATE, fault))?;
        let error = only_error(&context.apply()?.expecting(1)?)?;
        let summary = format!("Cannot create a message link of {NUMBER}: {summary}");
        equal("summary", &*error.summary, summary)?;
        let place = format!("phone number {NUMBER} of space {SPACE}");
        contains(&error.text(), &[CREATE, "Request ID:", "Code:"])?;
        if !error.text().contains("\"Statement\"") {
            contains(&error.text(), &[&place])?;
        }
        equal("objects", context.directory.state()?.resources.len(), 0)?;
    }
    context.emulator.set_behavior(|behavior| {
        behavior.message_link.maximum = 0;
    });
    let error = only_error(&context.apply()?.expecting(1)?)?;
    contains(&error.text(), &["InvalidParameter.QrdlLimit"])?;
    equal("links", links(context).len(), 0)
}

fn list_that_fails_before_a_create_sends_no_create(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context.configure(&link("").replace(NUMBER, "6580000009"))?;
    let error = only_error(&context.apply()?.expecting(1)?)?;
    contains(
        &error.summary,
        &[
            "Cannot list the message links of",
            "the phone number is wrong",
        ],
    )?;
    contains(
        &error.text(),
        &[
            "InvalidParameter.PhoneNumberError",
            &format!("phone number 6580000009 of space {SPACE}"),
        ],
    )?;
    // A list without its key is no empty list.
    context.configure(&link(""))?;
    let fields = vec!["Data".to_owned()];
    let missing = Fault::new(LIST, FaultKind::MissingFields { fields });
    context.emulator.inject(missing.always())?;
    let error = only_error(&context.apply()?.expecting(1)?)?;
    contains(&error.text(), &["has no `Data`"])?;
    equal("creates", context.calls(CREATE), 0)
}

fn refused_read_keeps_the_link(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context.applied(&link(""))?;
    let code = context.object(A)?.text("qrdl_code").to_owned();
    for refused in [
        "InvalidParameter.PhoneNumberError",
        "Unknown.ResourceOwnerId",
        "X.Refused",
    ] {
        let fault = FaultKind::Error {
            status: 400,
            code: refused.to_owned(),
            message: "no".to_owned(),
            retry_after_ms: None,
        };
        context.emulator.inject(Fault::new(LIST, fault))?;
        let output = context.directory.plan(&[])?.output.expecting(1)?;
        let error = only_error(&output)?;
        contains(
            &error.summary,
            &[&format!("Cannot read message link {code}: ")],
        )?;
        contains(&error.text(), &[refused, "stays in the state"])?;
    }
    context.plan(0)?;
    Ok(())
}

fn missing_number_is_gone_and_unbound_space_is_an_error(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context.applied(&link(""))?;
    context.emulator.unbind(SPACE)?;
    let output = context.directory.plan(&[])?.output.expecting(1)?;
    let error = only_error(&output)?;
    equal(
        "summary",
        &*error.summary,
        format!("Space {SPACE} has no WABA"),
    )?;
    contains(&error.text(), &["message link", "stays in the state"])?;
    context.emulator.rebind(SPACE, WABA)?;
    context.plan(0)?;
    context.emulator.remove_phone_number(WABA, NUMBER);
    let (plan, output) = context.plan(2)?;
    let change = &plan.change(A).ok_or("no change")?.change;
    equal("actions", change.actions.as_slice(), ["create"])?;
    contains(&output.text(), &["is gone", "does not show phone number"])?;
    // Without a refresh, destroying finds out that there is nothing to delete.
    let destroy = ["destroy", "-json", "-auto-approve", "-refresh=false"];
    context.directory.run(&destroy)?.expecting(0)?;
    equal("deletes", context.calls(DELETE), 1)?;
    equal("objects", context.directory.state()?.resources.len(), 0)
}

fn invalid_configurations_are_rejected_without_a_request(context: &mut TestContext) -> TestResult {
    let long = "x".repeat(141);
    for (from, to, parts) in [
        (
            MESSAGE,
            long.as_str(),
            &["prefilled_message", "at most 140 characters, but has 141"][..],
        ),
        (MESSAGE, " ", &["prefilled_message", "must not be empty"]),
        ("SVG", "GIF", &["generate_qr_image", "\"PNG\" or \"SVG\""]),
        (
            NUMBER,
            "+6580000001",
            &["phone_number", "normalize_phone_number"],
        ),
        (SPACE, "cams 1", &["cust_space_id"]),
    ] {
        context.configure(&link("").replace(from, to))?;
        let output = context.directory.plan(&[])?.output.expecting(1)?;
        let error = only_error(&output)?;
        contains(&format!("{} {}", error.text(), error.points_at()), parts)?;
    }
    context.configure(&link("deletion_policy = \"RESET\""))?;
    let output = context.directory.plan(&[])?.output.expecting(1)?;
    contains(&only_error(&output)?.text(), &["\"DELETE\""])?;
    equal("calls", context.emulator.calls().len(), 0)
}

fn throttling_is_retried(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    for action in [CREATE, LIST, DELETE] {
        let throttle = FaultKind::Throttle {
            code: "Throttling.User".to_owned(),
            status: 400,
            retry_after_ms: Some(1),
        };
        context
            .emulator
            .inject(Fault::new(action, throttle).times(2))?;
    }
    context.applied(&link(""))?;
    context.plan(0)?;
    equal("links", links(context).len(), 1)?;
    equal("creates", context.calls(CREATE), 3)?;
    context.applied("")?;
    equal("deletes", context.calls(DELETE), 3)?;
    equal("links", links(context).len(), 0)
}
