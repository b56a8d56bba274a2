//! A create whose response is lost: it is sent once, and what came of it is looked for.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_error, only_warning},
    cases,
    emulator::{DEFAULT_ACCOUNT, Fault, FaultKind},
};

use crate::{A, CREATE, LIST, instance};

pub(crate) const CASES: &[Case] = cases![unknown_outcome:
    create_cut_after_execution_is_adopted_beside_an_older_namesake,
    create_cut_before_execution_is_an_error_and_is_not_sent_again,
    several_new_namesakes_are_an_error_that_lists_them,
    failed_look_after_a_lost_response_is_an_error,
    failed_read_after_a_create_keeps_the_instance,
];

fn create_cut_after_execution_is_adopted_beside_an_older_namesake(
    context: &mut TestContext,
) -> TestResult {
    context.applied(&instance("deletion_policy = \"ABANDON\""))?;
    context.directory.run(&["state", "rm", A])?.expecting(0)?;
    context
        .emulator
        .inject(Fault::new(CREATE, FaultKind::Cut).after())?;
    let output = context.apply()?.expecting(0)?;
    let spaces = context.emulator.spaces(DEFAULT_ACCOUNT);
    equal("instances", spaces.len(), 2)?;
    let object = context.object(A)?;
    equal("the new one", object.text("id"), &spaces[1].instance_id)?;
    equal("tainted", object.tainted, false)?;
    let warning = only_warning(&output)?;
    contains(
        &warning.text(),
        &[
            "was lost",
            &spaces[1].instance_id,
            "Provider.OutcomeUnknown",
        ],
    )?;
    context.plan(0)?;
    Ok(())
}

fn create_cut_before_execution_is_an_error_and_is_not_sent_again(
    context: &mut TestContext,
) -> TestResult {
    context
        .emulator
        .inject(Fault::new(CREATE, FaultKind::Cut))?;
    context.configure(&instance(""))?;
    let output = context.apply()?.expecting(1)?;
    let error = only_error(&output)?;
    equal(
        "summary",
        &*error.summary,
        "It is unknown whether instance \"shop\" was created",
    )?;
    contains(
        &error.text(),
        &[
            "Nothing was saved",
            "terraform import",
            "Code: Provider.OutcomeUnknown",
        ],
    )?;
    equal("creates", context.calls(CREATE), 1)?;
    context.apply()?.expecting(0)?;
    context.plan(0)?;
    Ok(())
}

fn several_new_namesakes_are_an_error_that_lists_them(context: &mut TestContext) -> TestResult {
    // Two resources of one name, and both responses are lost: nobody can tell which instance is whose.
    let both = format!("{}{}", instance(""), instance("").replace("\"a\"", "\"b\""));
    context
        .emulator
        .inject(Fault::new(CREATE, FaultKind::Cut).after().times(2))?;
    context.configure(&both)?;
    let output = context.apply()?;
    let state = context.directory.state()?;
    let ids: std::collections::BTreeSet<&str> = state
        .resources
        .iter()
        .map(|resource| resource.text("id"))
        .collect();
    // However the two interleave, no instance is in the state twice, and none is made again.
    equal("each instance once", ids.len(), state.resources.len())?;
    equal("creates", context.calls(CREATE), 2)?;
    equal(
        "instances",
        context.emulator.spaces(DEFAULT_ACCOUNT).len(),
        2,
    )?;
    for error in output.errors() {
        contains(&error.text(), &["It is unknown whether instance"])?;
    }
    Ok(())
}

fn failed_look_after_a_lost_response_is_an_error(context: &mut TestContext) -> TestResult {
    context
        .emulator
        .inject(Fault::new(CREATE, FaultKind::Cut).after())?;
    context
        .emulator
        .inject(Fault::new(LIST, FaultKind::denied()).skip(1).always())?;
    context.configure(&instance(""))?;
    let output = context.apply()?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &[
            "ListInstance could not show what happened",
            "Provider.OutcomeUnknown",
        ],
    )
}

fn failed_read_after_a_create_keeps_the_instance(context: &mut TestContext) -> TestResult {
    context
        .emulator
        .inject(Fault::new("QueryInstance", FaultKind::denied()).always())?;
    let output = context.applied(&instance(""))?;
    contains(
        &only_warning(&output)?.text(),
        &["was not read after the change"],
    )?;
    let id = context.emulator.spaces(DEFAULT_ACCOUNT)[0]
        .instance_id
        .clone();
    equal("id", context.object(A)?.text("id"), &id)?;
    context.emulator.clear_faults();
    context.plan(0)?;
    equal("creates", context.calls(CREATE), 1)
}
