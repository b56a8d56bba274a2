//! Failures after which it is unknown whether the call was executed. Reads are retried. A bind is not, because the service
//! has no idempotency token and no unbind: the provider looks for the WABA instead.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_error, only_warning},
    cases,
    emulator::{BindAgain, Fault, FaultKind, NewSpace},
    terraform::Output,
};
use serde_json::Value;

use crate::{A, BIND, LIST, QUERY, WABA, binding};

pub(crate) const CASES: &[Case] = cases![ambiguous:
    bind_cut_after_execution_is_found,
    bind_cut_after_execution_is_found_beside_an_older_space,
    bind_cut_before_execution_is_not_retried,
    existing_binding_is_adopted,
    existing_binding_with_refuse_can_be_imported,
    replacement_of_the_same_waba_binds_again,
    renamed_resource_keeps_the_binding,
    bind_with_a_gateway_error_is_found,
    bind_with_a_server_error_is_found,
    bind_beyond_the_read_timeout_is_found,
    bind_beyond_the_create_timeout_is_found_in_time,
    commands_of_the_message_resolve_the_error,
    failed_reads_are_retried,
    reads_that_always_fail_end_in_time,
    slow_response_within_the_timeout_is_accepted,
    read_behind_the_bind_is_retried,
    read_far_behind_the_bind_saves_the_binding_with_a_warning,
    binding_not_yet_shown_stays_in_state,
    failed_read_after_the_bind_saves_the_binding_with_a_warning,
];

/// Applies. The apply must find the binding that the bind made, and must say what happened.
fn finds_the_binding(
    context: &TestContext,
    parts: &[&str],
) -> Result<Output, acceptance_tests::acceptance::Failed> {
    let output = context.apply()?.expecting(0)?;
    let space = context.space_of(WABA)?;
    let warning = only_warning(&output)?;
    equal(
        "summary",
        &*warning.summary,
        format!("WABA {WABA} was bound, but the response was lost"),
    )?;
    contains(&warning.text(), &[WABA, &space])?;
    contains(&warning.text(), parts)?;
    let object = context.object(A)?;
    equal("tainted", object.tainted, false)?;
    equal("id", object.text("id"), &space)?;
    equal("waba_name", object.text("waba_name"), "Business 0001")?;
    equal("binds", context.calls(BIND), 1)?;
    context.plan(0)?;
    Ok(output)
}

fn bind_cut_after_execution_is_found(context: &mut TestContext) -> TestResult {
    context.configure(&binding(WABA, ""))?;
    context
        .emulator
        .inject(Fault::new(BIND, FaultKind::Cut).after())?;
    finds_the_binding(
        context,
        &[
            "The request was sent once",
            "the connection was closed",
            "Code: Provider.OutcomeUnknown",
        ],
    )?;
    Ok(())
}

/// The WABA was bound before, and the service makes a new space for each bind. The space of this bind must be found.
fn bind_cut_after_execution_is_found_beside_an_older_space(
    context: &mut TestContext,
) -> TestResult {
    context.emulator.add_space(NewSpace {
        waba_id: Some(WABA.to_owned()),
        ..NewSpace::default()
    })?;
    context
        .emulator
        .set_behavior(|behavior| behavior.waba.bind_again = BindAgain::NewSpace);
    context
        .emulator
        .inject(Fault::new(BIND, FaultKind::Cut).after())?;
    let output = context.applied(&binding(WABA, "existing_binding = \"IGNORE\""))?;
    let spaces = context.emulator.spaces_bound_to(WABA);
    let made = spaces.last().ok_or("no space")?;
    equal("made by the bind", made.made_by_bind, true)?;
    equal("id", context.object(A)?.text("id"), &made.cust_space_id)?;
    contains(
        &only_warning(&output)?.text(),
        &["Look for a second channel with this WABA"],
    )
}

fn bind_cut_before_execution_is_not_retried(context: &mut TestContext) -> TestResult {
    context.configure(&binding(WABA, ""))?;
    context.emulator.inject(Fault::new(BIND, FaultKind::Cut))?;
    let output = context.apply()?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &[
            "ListInstance shows no space with this WABA",
            "Nothing was saved in the state",
            "run terraform apply again",
        ],
    )?;
    equal("objects", context.directory.state()?.resources.len(), 0)?;
    equal("binds", context.calls(BIND), 1)?;
    // The step that the message advises.
    context.apply()?.expecting(0)?;
    let space = context.space_of(WABA)?;
    equal("id", context.object(A)?.text("id"), &space)?;
    equal("binds", context.calls(BIND), 2)
}

fn existing_binding_is_adopted(context: &mut TestContext) -> TestResult {
    let space = context.emulator.add_space(NewSpace {
        waba_id: Some(WABA.to_owned()),
        ..NewSpace::default()
    })?;
    let output = context.applied(&binding(WABA, ""))?;
    let warning = only_warning(&output)?;
    equal(
        "summary",
        &*warning.summary,
        format!("WABA {WABA} was already bound"),
    )?;
    contains(&warning.text(), &[&space.cust_space_id, "REFUSE"])?;
    equal("id", context.object(A)?.text("id"), &space.cust_space_id)?;
    equal("binds", context.calls(BIND), 0)?;
    context.plan(0)?;
    Ok(())
}

/// The import block of the error message resolves the error.
fn existing_binding_with_refuse_can_be_imported(context: &mut TestContext) -> TestResult {
    let space = context.emulator.add_space(NewSpace {
        waba_id: Some(WABA.to_owned()),
        ..NewSpace::default()
    })?;
    let configuration = binding(WABA, "existing_binding = \"REFUSE\"");
    context.configure(&configuration)?;
    let output = context.apply()?.expecting(1)?;
    let error = only_error(&output)?;
    let block = format!(
        "import {{ to = alicloud_cams_waba_binding.NAME id = \"{}\" }}",
        space.cust_space_id
    );
    contains(&error.text(), &[&block, "Code: Provider.AlreadyBound"])?;
    equal("objects", context.directory.state()?.resources.len(), 0)?;
    let import = format!(
        "import {{\n  to = {A}\n  id = \"{}\"\n}}\n",
        space.cust_space_id
    );
    context.configure(&format!("{configuration}{import}"))?;
    context.apply()?.expecting(0)?;
    equal("binds", context.calls(BIND), 0)?;
    context.plan(0)?;
    Ok(())
}

/// A replacement sends a new bind, with every response to a second bind.
fn replacement_of_the_same_waba_binds_again(context: &mut TestContext) -> TestResult {
    // With `create_before_destroy` the create comes first. The provider must not adopt the binding that is replaced.
    for arguments in [
        "",
        "existing_binding = \"REFUSE\"",
        "existing_binding = \"IGNORE\"\n  lifecycle {\n    create_before_destroy = true\n  }",
    ] {
        context.emulator.reset();
        context
            .emulator
            .set_behavior(|behavior| behavior.waba.bind_again = BindAgain::NewSpace);
        context.applied(&binding(WABA, arguments))?;
        let before = context.object(A)?.text("id").to_owned();
        context
            .directory
            .run(&["apply", "-auto-approve", &format!("-replace={A}")])?
            .expecting(0)?;
        let after = context.object(A)?.text("id").to_owned();
        equal("another space", before != after, true)?;
        equal("binds", context.calls(BIND), 2)?;

        context.emulator.unbind(&before)?;

        // A response with the same space is a replacement, too.
        context
            .emulator
            .set_behavior(|behavior| behavior.waba.bind_again = BindAgain::SameSpace);
        context
            .directory
            .run(&["apply", "-auto-approve", &format!("-replace={A}")])?
            .expecting(0)?;
        equal("binds", context.calls(BIND), 3)?;

        // With REFUSE the error names the binding that has left the state.
        context.emulator.set_behavior(|behavior| {
            behavior.waba.bind_again = BindAgain::Error("Waba.AlreadyBound".to_owned());
        });
        let replaced = context.object(A)?.text("id").to_owned();
        let output = context
            .directory
            .run(&["apply", "-json", "-auto-approve", &format!("-replace={A}")])?
            .expecting(1)?;
        if context.directory.state()?.resources.is_empty() {
            let import = format!("terraform import 'ADDRESS' {replaced}");
            contains(&only_error(&output)?.text(), &[&import])?;
            context
                .directory
                .run(&["import", A, &replaced])?
                .expecting(0)?;
        }
        context.directory.run(&["state", "rm", A])?.expecting(0)?;
    }
    Ok(())
}

/// The binding is kept if its address changes without a `moved` block.
fn renamed_resource_keeps_the_binding(context: &mut TestContext) -> TestResult {
    context
        .emulator
        .set_behavior(|behavior| behavior.waba.bind_again = BindAgain::NewSpace);
    context.applied(&binding(WABA, ""))?;
    let space = context.space_of(WABA)?;
    context.applied(&binding(WABA, "").replace("\"a\"", "\"b\""))?;
    let object = context.object("alicloud_cams_waba_binding.b")?;
    equal("id", object.text("id"), &space)?;
    equal("binds", context.calls(BIND), 1)
}

fn bind_with_a_gateway_error_is_found(context: &mut TestContext) -> TestResult {
    context.configure(&binding(WABA, ""))?;
    context
        .emulator
        .inject(Fault::new(BIND, FaultKind::Html { status: 502 }).after())?;
    finds_the_binding(context, &["HTTP status: 502"])?;
    Ok(())
}

fn bind_with_a_server_error_is_found(context: &mut TestContext) -> TestResult {
    context.configure(&binding(WABA, ""))?;
    let fault = FaultKind::Error {
        status: 500,
        code: "InternalError".to_owned(),
        message: "The request processing has failed.".to_owned(),
        retry_after_ms: None,
    };
    context.emulator.inject(Fault::new(BIND, fault).after())?;
    finds_the_binding(
        context,
        &[
            "HTTP status: 500",
            "Service code: InternalError",
            "Request ID:",
        ],
    )?;
    Ok(())
}

fn bind_beyond_the_read_timeout_is_found(context: &mut TestContext) -> TestResult {
    context.configure_with("  client_read_timeout = 700", &binding(WABA, ""))?;
    context
        .emulator
        .inject(Fault::new(BIND, FaultKind::Slow { delay_ms: 3_000 }))?;
    finds_the_binding(context, &["no complete response within 700 ms"])?;
    Ok(())
}

fn bind_beyond_the_create_timeout_is_found_in_time(context: &mut TestContext) -> TestResult {
    context.configure(&binding(WABA, "timeouts {\n    create = \"3s\"\n  }"))?;
    context
        .emulator
        .inject(Fault::new(BIND, FaultKind::Slow { delay_ms: 20_000 }).after())?;
    let output = finds_the_binding(context, &["no complete response within"])?;
    equal(
        "ended before the response",
        output.elapsed.as_secs() < 15,
        true,
    )
}

/// Without the right to list spaces, the user must check whether the WABA was bound.
fn commands_of_the_message_resolve_the_error(context: &mut TestContext) -> TestResult {
    context.configure(&binding(WABA, ""))?;
    context
        .emulator
        .inject(Fault::new(LIST, FaultKind::denied()).always())?;
    context
        .emulator
        .inject(Fault::new(BIND, FaultKind::Cut).after())?;
    let output = context.apply()?.expecting(1)?;
    let error = only_error(&output)?;
    equal(
        "summary",
        &*error.summary,
        format!("It is unknown whether WABA {WABA} was bound"),
    )?;
    contains(
        &error.text(),
        &[
            "Nothing was saved in the state",
            "grant `cams:ListInstance`",
            "Channel Management",
            "terraform import 'ADDRESS' CHANNEL_ID",
            "run terraform apply again",
        ],
    )?;
    equal("objects", context.directory.state()?.resources.len(), 0)?;
    let space = context.space_of(WABA)?;
    context
        .directory
        .run(&["import", A, &space])?
        .expecting(0)?;
    context.plan(0)?;
    equal("binds", context.calls(BIND), 1)
}

fn failed_reads_are_retried(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, ""))?;
    for fault in [
        FaultKind::Cut,
        FaultKind::Html { status: 502 },
        FaultKind::Truncate { bytes: None },
    ] {
        context.emulator.clear_calls();
        context.emulator.inject(Fault::new(QUERY, fault.clone()))?;
        context.plan(0)?;
        equal(format!("reads after {fault:?}"), context.calls(QUERY), 2)?;
    }
    Ok(())
}

fn reads_that_always_fail_end_in_time(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, "timeouts {\n    read = \"2s\"\n  }"))?;
    let before = context.object(A)?;
    context
        .emulator
        .inject(Fault::new(QUERY, FaultKind::Html { status: 504 }).always())?;
    let output = context.directory.plan(&[])?.output.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["HTTP status: 504", "Attempts:", "stays in the state"],
    )?;
    equal("ended in time", output.elapsed.as_secs() < 15, true)?;
    equal("retried", context.calls(QUERY) > 2, true)?;
    equal("the object", context.object(A)?, before)
}

fn slow_response_within_the_timeout_is_accepted(context: &mut TestContext) -> TestResult {
    context
        .emulator
        .inject(Fault::new(BIND, FaultKind::Slow { delay_ms: 1_200 }))?;
    context.emulator.inject(Fault::new(
        QUERY,
        FaultKind::Drip {
            bytes: 64,
            interval_ms: 100,
        },
    ))?;
    context.applied(&binding(WABA, ""))?;
    equal("binds", context.calls(BIND), 1)?;
    equal(
        "waba_name",
        context.object(A)?.text("waba_name"),
        "Business 0001",
    )
}

fn read_behind_the_bind_is_retried(context: &mut TestContext) -> TestResult {
    context
        .emulator
        .set_behavior(|behavior| behavior.waba.lag_queries = 2);
    let output = context.applied(&binding(WABA, ""))?;
    equal("warnings", output.warnings().len(), 0)?;
    equal(
        "waba_name",
        context.object(A)?.text("waba_name"),
        "Business 0001",
    )?;
    equal("reads", context.calls(QUERY), 3)?;
    context.plan(0)?;
    Ok(())
}

fn read_far_behind_the_bind_saves_the_binding_with_a_warning(
    context: &mut TestContext,
) -> TestResult {
    context
        .emulator
        .set_behavior(|behavior| behavior.waba.lag_ms = 600_000);
    let output = context.applied(&binding(WABA, ""))?;
    let space = context.space_of(WABA)?;
    let warning = only_warning(&output)?;
    contains(
        &warning.text(),
        &[
            "is bound, but could not be read yet",
            WABA,
            &space,
            "until the next refresh",
        ],
    )?;
    let object = context.object(A)?;
    equal("tainted", object.tainted, false)?;
    equal("id", object.text("id"), &space)?;
    equal("waba_name", &object.values["waba_name"], &Value::Null)?;

    context
        .emulator
        .set_behavior(|behavior| behavior.waba.lag_ms = 0);
    context.plan(0)?;
    context.apply()?.expecting(0)?;
    equal(
        "waba_name",
        context.object(A)?.text("waba_name"),
        "Business 0001",
    )?;
    equal("binds", context.calls(BIND), 1)
}

/// The response of a service that is behind equals that of a service without the binding.
fn binding_not_yet_shown_stays_in_state(context: &mut TestContext) -> TestResult {
    context.emulator.set_behavior(|behavior| {
        behavior.waba.lag_ms = 600_000;
        behavior.waba.bind_again = BindAgain::NewSpace;
    });
    context.applied(&binding(WABA, ""))?;
    let space = context.space_of(WABA)?;
    for _ in 0..2 {
        let output = context.apply()?.expecting(0)?;
        let warning = only_warning(&output)?;
        contains(
            &warning.text(),
            &[
                "does not show its WABA yet",
                WABA,
                &space,
                "terraform state rm 'ADDRESS'",
            ],
        )?;
        equal("id", context.object(A)?.text("id"), &space)?;
    }
    equal("binds", context.calls(BIND), 1)?;

    // After the service has shown the binding once, "nothing bound" means that it is gone.
    context
        .emulator
        .set_behavior(|behavior| behavior.waba.lag_ms = 0);
    let output = context.apply()?.expecting(0)?;
    equal("warnings", output.warnings().len(), 0)?;
    context.emulator.unbind(&space)?;
    let (plan, _) = context.plan(2)?;
    let change = &plan.change(A).ok_or("no change of the resource")?.change;
    equal("actions", change.actions.as_slice(), ["create"])
}

fn failed_read_after_the_bind_saves_the_binding_with_a_warning(
    context: &mut TestContext,
) -> TestResult {
    let fault = FaultKind::Error {
        status: 403,
        code: "NoPermission".to_owned(),
        message: "You are not authorized to do this action.".to_owned(),
        retry_after_ms: None,
    };
    context.emulator.inject(Fault::new(QUERY, fault))?;
    let output = context.applied(&binding(WABA, ""))?;
    let space = context.space_of(WABA)?;
    let warning = only_warning(&output)?;
    contains(
        &warning.text(),
        &[
            "is bound, but could not be read yet",
            &space,
            "Code: NoPermission",
            "`cams:QueryChatappBindWaba`",
        ],
    )?;
    let object = context.object(A)?;
    equal("tainted", object.tainted, false)?;
    equal("id", object.text("id"), &space)?;
    context.plan(0)?;
    Ok(())
}
