//! A create whose response is lost: it is sent once, and what came of it is looked for.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_error, only_warning},
    cases,
    emulator::{Fault, FaultKind},
};

use crate::{A, CREATE, LIST, NUMBER, SPACE, link, links, make_space};

pub(crate) const CASES: &[Case] = cases![unknown_outcome:
    create_cut_after_execution_is_adopted_beside_an_older_namesake,
    create_cut_before_execution_is_an_error_and_is_not_sent_again,
    links_of_one_message_are_never_mixed_up,
    several_new_links_are_an_error_that_lists_them,
    failed_look_after_a_lost_response_is_an_error,
    failed_read_after_a_create_keeps_the_link,
];

fn create_cut_after_execution_is_adopted_beside_an_older_namesake(
    context: &mut TestContext,
) -> TestResult {
    make_space(context)?;
    context.applied(&link(""))?;
    context.directory.run(&["state", "rm", A])?.expecting(0)?;
    for kind in [FaultKind::Cut, FaultKind::Html { status: 502 }] {
        let before = links(context).len();
        context.emulator.inject(Fault::new(CREATE, kind).after())?;
        let output = context.apply()?.expecting(0)?;
        let links = links(context);
        equal("links", links.len(), before + 1)?;
        let object = context.object(A)?;
        let code = &links[before].code;
        equal("the new one", object.text("qrdl_code"), code)?;
        equal("tainted", object.tainted, false)?;
        let warning = only_warning(&output)?;
        let summary = format!("The response to the creation of message link {code} was lost");
        equal("summary", &*warning.summary, summary)?;
        contains(&warning.text(), &["Provider.OutcomeUnknown"])?;
        context.plan(0)?;
        context.directory.run(&["state", "rm", A])?.expecting(0)?;
    }
    Ok(())
}

fn create_cut_before_execution_is_an_error_and_is_not_sent_again(
    context: &mut TestContext,
) -> TestResult {
    make_space(context)?;
    context
        .emulator
        .inject(Fault::new(CREATE, FaultKind::Cut))?;
    context.configure(&link(""))?;
    let error = only_error(&context.apply()?.expecting(1)?)?;
    let summary = format!("It is unknown whether a link of {NUMBER} was created");
    equal("summary", &*error.summary, summary)?;
    contains(
        &error.text(),
        &[
            "Nothing was saved",
            &format!("terraform import 'ADDRESS' {SPACE}:{NUMBER}:QRDL_CODE"),
            "Code: Provider.OutcomeUnknown",
        ],
    )?;
    equal("creates", context.calls(CREATE), 1)?;
    context.apply()?.expecting(0)?;
    equal("links", links(context).len(), 1)?;
    context.plan(0)?;
    Ok(())
}

fn links_of_one_message_are_never_mixed_up(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    let names = ["a", "b", "c"];
    let config: String = names
        .iter()
        .map(|name| link("").replace("\"a\"", &format!("\"{name}\"")))
        .collect();
    context
        .emulator
        .inject(Fault::new(CREATE, FaultKind::Cut).after().times(2))?;
    let output = context.applied(&config)?;
    equal("adopted", output.warnings().len(), 2)?;
    let state = context.directory.state()?;
    let codes: std::collections::BTreeSet<&str> = state
        .resources
        .iter()
        .map(|resource| resource.text("qrdl_code"))
        .collect();
    equal("each has a link of its own", codes.len(), 3)?;
    equal("links", links(context).len(), 3)?;
    context.plan(0)?;
    Ok(())
}

fn several_new_links_are_an_error_that_lists_them(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    // Two links are made beside the run while the list does not show them: by another run, say.
    context
        .emulator
        .set_behavior(|behavior| behavior.message_link.twin_creates = true);
    context
        .emulator
        .inject(Fault::new(CREATE, FaultKind::Cut).after())?;
    context.configure(&link(""))?;
    let error = only_error(&context.apply()?.expecting(1)?)?;
    let links = links(context);
    equal("links", links.len(), 2)?;
    contains(
        &error.text(),
        &[
            "several new links",
            &links[0].code,
            &links[1].code,
            "Provider.OutcomeUnknown",
        ],
    )?;
    equal("objects", context.directory.state()?.resources.len(), 0)?;
    equal("creates", context.calls(CREATE), 1)
}

fn failed_look_after_a_lost_response_is_an_error(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context
        .emulator
        .inject(Fault::new(CREATE, FaultKind::Cut).after())?;
    context
        .emulator
        .inject(Fault::new(LIST, FaultKind::denied()).skip(1).always())?;
    context.configure(&link(""))?;
    let error = only_error(&context.apply()?.expecting(1)?)?;
    contains(
        &error.text(),
        &[
            "ListPhoneMessageQrdl could not show what happened",
            "Provider.OutcomeUnknown",
        ],
    )
}

fn failed_read_after_a_create_keeps_the_link(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context
        .emulator
        .inject(Fault::new(LIST, FaultKind::denied()).skip(1).always())?;
    let output = context.applied(&link(""))?;
    contains(
        &only_warning(&output)?.text(),
        &["was created, but not read", "lacks the RAM action"],
    )?;
    context.emulator.clear_faults();
    context.plan(0)?;
    equal("creates", context.calls(CREATE), 1)
}
