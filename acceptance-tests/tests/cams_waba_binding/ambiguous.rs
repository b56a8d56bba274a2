//! Failures after which the answer does not tell whether the call was executed. Reads are repeated then. A bind is not,
//! because the service has no idempotency token and no unbind, until it is found out that it did not take place.

use acceptance_tests::{
    acceptance::{Case, Ending, Stage, contains, equal, only_error, only_warning},
    cases,
    emulator::{BindAgain, Fault, Filter, Misbehaviour, NewSpace},
    terraform::Output,
};
use serde_json::Value;

use crate::{A, BIND, LIST, QUERY, WABA, binding};

pub(crate) const CASES: &[Case] = cases![ambiguous:
    a_bind_cut_after_execution_is_found,
    a_bind_cut_after_execution_is_found_beside_an_older_space,
    a_bind_cut_before_execution_is_bound_again,
    a_bind_behind_a_broken_gateway_is_found,
    a_bind_answered_with_a_server_failure_is_found,
    a_bind_beyond_the_read_timeout_is_found,
    a_bind_beyond_the_create_timeout_is_found_in_time,
    the_commands_that_the_message_names_settle_it,
    reads_are_repeated,
    reads_that_never_work_end_in_time,
    a_slow_answer_within_the_limit_is_waited_for,
    a_lagging_read_is_tolerated,
    a_read_that_lags_too_long_leaves_a_saved_binding_and_a_warning,
    a_binding_that_the_service_has_not_shown_yet_stays_in_state,
    a_failed_read_after_the_bind_leaves_a_saved_binding_and_a_warning,
];

/// Applies, which must find the binding that the bind has made, and must say what happened.
fn finds_the_binding(
    stage: &Stage,
    parts: &[&str],
) -> Result<Output, acceptance_tests::acceptance::Failed> {
    let output = stage.apply()?.expecting(0)?;
    let space = stage.space_of(WABA)?;
    let warning = only_warning(&output)?;
    equal(
        "summary",
        &*warning.summary,
        "The bind was not answered properly, but took place",
    )?;
    contains(&warning.text(), &[WABA, &space])?;
    contains(&warning.text(), parts)?;
    let object = stage.object(A)?;
    equal("tainted", object.tainted, false)?;
    equal("id", object.text("id"), &space)?;
    equal("waba_name", object.text("waba_name"), "Business 0001")?;
    equal("binds", stage.calls(BIND), 1)?;
    stage.plan(0)?;
    Ok(output)
}

fn a_bind_cut_after_execution_is_found(stage: &mut Stage) -> Ending {
    stage.configure(&binding(WABA, ""))?;
    stage
        .emulator
        .inject(Fault::new(BIND, Misbehaviour::Cut).after())?;
    finds_the_binding(
        stage,
        &["Not retried: it is unknown whether the request was executed"],
    )?;
    Ok(())
}

/// The WABA was bound before, and the service makes a new space of each bind: the one that the bind has made is meant.
fn a_bind_cut_after_execution_is_found_beside_an_older_space(stage: &mut Stage) -> Ending {
    for filter in [Filter::Honoured, Filter::Ignored] {
        stage.emulator.reset();
        stage.emulator.add_space(NewSpace {
            waba_id: Some(WABA.to_owned()),
            ..NewSpace::default()
        })?;
        stage.emulator.set_switches(|switches| {
            switches.bind_again = BindAgain::NewSpace;
            switches.list_bind_id_filter = filter;
        });
        stage
            .emulator
            .inject(Fault::new(BIND, Misbehaviour::Cut).after())?;
        let output = stage.applied(&binding(WABA, ""))?;
        let spaces = stage.emulator.spaces_bound_to(WABA);
        let made = spaces.last().ok_or("no space")?;
        equal("made by the bind", made.made_by_bind, true)?;
        equal("id", stage.object(A)?.text("id"), &made.cust_space_id)?;
        contains(
            &only_warning(&output)?.text(),
            &["look for a second channel with this WABA"],
        )?;
        stage.directory.run(&["state", "rm", A])?.expecting(0)?;
    }
    Ok(())
}

fn a_bind_cut_before_execution_is_bound_again(stage: &mut Stage) -> Ending {
    stage.emulator.inject(Fault::new(BIND, Misbehaviour::Cut))?;
    let output = stage.applied(&binding(WABA, ""))?;
    equal("warnings", output.warnings().len(), 0)?;
    let space = stage.space_of(WABA)?;
    equal("id", stage.object(A)?.text("id"), &space)?;
    equal("binds", stage.calls(BIND), 2)
}

fn a_bind_behind_a_broken_gateway_is_found(stage: &mut Stage) -> Ending {
    stage.configure(&binding(WABA, ""))?;
    stage
        .emulator
        .inject(Fault::new(BIND, Misbehaviour::Html { status: 502 }).after())?;
    finds_the_binding(stage, &["HTTP status: 502"])?;
    Ok(())
}

fn a_bind_answered_with_a_server_failure_is_found(stage: &mut Stage) -> Ending {
    stage.configure(&binding(WABA, ""))?;
    let fault = Misbehaviour::Error {
        status: 500,
        code: "InternalError".to_owned(),
        message: "The request processing has failed.".to_owned(),
        retry_after_ms: None,
    };
    stage.emulator.inject(Fault::new(BIND, fault).after())?;
    finds_the_binding(
        stage,
        &[
            "HTTP status: 500",
            "Code: InternalError",
            "Request ID:",
            "support",
        ],
    )?;
    Ok(())
}

fn a_bind_beyond_the_read_timeout_is_found(stage: &mut Stage) -> Ending {
    stage.configure_with("  client_read_timeout = 700", &binding(WABA, ""))?;
    stage
        .emulator
        .inject(Fault::new(BIND, Misbehaviour::Slow { delay_ms: 3_000 }))?;
    finds_the_binding(stage, &["`client_read_timeout`"])?;
    Ok(())
}

fn a_bind_beyond_the_create_timeout_is_found_in_time(stage: &mut Stage) -> Ending {
    stage.configure(&binding(WABA, "timeouts {\n    create = \"3s\"\n  }"))?;
    stage
        .emulator
        .inject(Fault::new(BIND, Misbehaviour::Slow { delay_ms: 20_000 }).after())?;
    let output = finds_the_binding(stage, &["`timeouts.create`"])?;
    equal(
        "ended before the answer",
        output.elapsed.as_secs() < 15,
        true,
    )
}

/// Without the right to list spaces, the practitioner has to find out.
fn the_commands_that_the_message_names_settle_it(stage: &mut Stage) -> Ending {
    stage.configure(&binding(WABA, ""))?;
    stage
        .emulator
        .inject(Fault::new(LIST, Misbehaviour::denied()).always())?;
    stage
        .emulator
        .inject(Fault::new(BIND, Misbehaviour::Cut).after())?;
    let output = stage.apply()?.expecting(1)?;
    let error = only_error(&output)?;
    equal(
        "summary",
        &*error.summary,
        "Unable to bind the WhatsApp Business Account",
    )?;
    contains(
        &error.text(),
        &[
            &format!("Whether WABA {WABA} is bound now is unknown"),
            "nothing was saved in state",
            "grant `cams:ListInstance`",
            "Channel Management",
            "terraform import 'alicloud_cams_waba_binding.NAME' CHANNEL_ID",
            "apply again: terraform apply",
        ],
    )?;
    equal("objects", stage.directory.state()?.resources.len(), 0)?;
    let space = stage.space_of(WABA)?;
    stage.directory.run(&["import", A, &space])?.expecting(0)?;
    stage.plan(0)?;
    equal("binds", stage.calls(BIND), 1)
}

fn reads_are_repeated(stage: &mut Stage) -> Ending {
    stage.applied(&binding(WABA, ""))?;
    for fault in [
        Misbehaviour::Cut,
        Misbehaviour::Html { status: 502 },
        Misbehaviour::Truncate { bytes: None },
    ] {
        stage.emulator.clear_calls();
        stage.emulator.inject(Fault::new(QUERY, fault.clone()))?;
        stage.plan(0)?;
        equal(format!("reads after {fault:?}"), stage.calls(QUERY), 2)?;
    }
    Ok(())
}

fn reads_that_never_work_end_in_time(stage: &mut Stage) -> Ending {
    stage.applied(&binding(WABA, "timeouts {\n    read = \"2s\"\n  }"))?;
    let before = stage.object(A)?;
    stage
        .emulator
        .inject(Fault::new(QUERY, Misbehaviour::Html { status: 504 }).always())?;
    let output = stage.directory.plan(&[])?.output.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["HTTP status: 504", "Attempts:", "stays in state as it was"],
    )?;
    equal("ended in time", output.elapsed.as_secs() < 15, true)?;
    equal("repeated", stage.calls(QUERY) > 2, true)?;
    equal("the object", stage.object(A)?, before)
}

fn a_slow_answer_within_the_limit_is_waited_for(stage: &mut Stage) -> Ending {
    stage
        .emulator
        .inject(Fault::new(BIND, Misbehaviour::Slow { delay_ms: 1_200 }))?;
    stage.emulator.inject(Fault::new(
        QUERY,
        Misbehaviour::Drip {
            bytes: 64,
            interval_ms: 100,
        },
    ))?;
    stage.applied(&binding(WABA, ""))?;
    equal("binds", stage.calls(BIND), 1)?;
    equal(
        "waba_name",
        stage.object(A)?.text("waba_name"),
        "Business 0001",
    )
}

fn a_lagging_read_is_tolerated(stage: &mut Stage) -> Ending {
    stage
        .emulator
        .set_switches(|switches| switches.lag_queries = 2);
    let output = stage.applied(&binding(WABA, ""))?;
    equal("warnings", output.warnings().len(), 0)?;
    equal(
        "waba_name",
        stage.object(A)?.text("waba_name"),
        "Business 0001",
    )?;
    equal("reads", stage.calls(QUERY), 3)?;
    stage.plan(0)?;
    Ok(())
}

fn a_read_that_lags_too_long_leaves_a_saved_binding_and_a_warning(stage: &mut Stage) -> Ending {
    stage
        .emulator
        .set_switches(|switches| switches.lag_ms = 600_000);
    let output = stage.applied(&binding(WABA, ""))?;
    let space = stage.space_of(WABA)?;
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
    let object = stage.object(A)?;
    equal("tainted", object.tainted, false)?;
    equal("id", object.text("id"), &space)?;
    equal("waba_name", &object.values["waba_name"], &Value::Null)?;

    stage.emulator.set_switches(|switches| switches.lag_ms = 0);
    stage.plan(0)?;
    stage.apply()?.expecting(0)?;
    equal(
        "waba_name",
        stage.object(A)?.text("waba_name"),
        "Business 0001",
    )?;
    equal("binds", stage.calls(BIND), 1)
}

/// A service that is behind answers as one that has lost the binding does.
fn a_binding_that_the_service_has_not_shown_yet_stays_in_state(stage: &mut Stage) -> Ending {
    stage.emulator.set_switches(|switches| {
        switches.lag_ms = 600_000;
        switches.bind_again = BindAgain::NewSpace;
    });
    stage.applied(&binding(WABA, ""))?;
    let space = stage.space_of(WABA)?;
    for _ in 0..2 {
        let output = stage.apply()?.expecting(0)?;
        let warning = only_warning(&output)?;
        contains(
            &warning.text(),
            &[
                "does not show the binding yet",
                WABA,
                &space,
                "terraform state rm 'alicloud_cams_waba_binding.NAME'",
            ],
        )?;
        equal("id", stage.object(A)?.text("id"), &space)?;
    }
    equal("binds", stage.calls(BIND), 1)?;

    // Once it has been shown, "nothing bound" means that it is gone.
    stage.emulator.set_switches(|switches| switches.lag_ms = 0);
    let output = stage.apply()?.expecting(0)?;
    equal("warnings", output.warnings().len(), 0)?;
    stage.emulator.unbind(&space)?;
    let (plan, _) = stage.plan(2)?;
    let change = &plan.change(A).ok_or("no change of the resource")?.change;
    equal("actions", change.actions.as_slice(), ["create"])
}

fn a_failed_read_after_the_bind_leaves_a_saved_binding_and_a_warning(stage: &mut Stage) -> Ending {
    let fault = Misbehaviour::Error {
        status: 403,
        code: "NoPermission".to_owned(),
        message: "You are not authorized to do this action.".to_owned(),
        retry_after_ms: None,
    };
    stage.emulator.inject(Fault::new(QUERY, fault))?;
    let output = stage.applied(&binding(WABA, ""))?;
    let space = stage.space_of(WABA)?;
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
    let object = stage.object(A)?;
    equal("tainted", object.tainted, false)?;
    equal("id", object.text("id"), &space)?;
    stage.plan(0)?;
    Ok(())
}
