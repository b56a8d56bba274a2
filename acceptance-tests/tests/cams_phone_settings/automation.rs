//! What is special of prompts and commands: the order of commands, the welcome message, parts that nobody configures.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_warning},
    cases,
    emulator::EmptyList,
};
use serde_json::json;

use crate::{NUMBER, SPACE, make_space, resource};

pub(crate) const CASES: &[Case] = cases![automation:
    order_of_commands_does_not_count,
    parts_that_are_not_configured_are_kept,
    parts_that_change_after_the_plan_are_kept,
    welcome_message_that_does_not_stick_is_reported,
    welcome_message_that_is_not_shown_is_not_sent,
    empty_lists_that_do_not_clear_are_warned_about,
];

const A: &str = "alicloud_cams_conversational_automation.a";
const WRITE: &str = "UpdateConversationalAutomation";

fn automation(arguments: &str) -> String {
    resource("alicloud_cams_conversational_automation", arguments)
}

/// A parameter of the last write.
fn sent(context: &TestContext, name: &str) -> Option<String> {
    let calls = context.emulator.calls_of(WRITE);
    let parameters = calls.last()?.parameters.clone();
    parameters
        .into_iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value)
}

const COMMANDS: &str = "commands = [
    { command_name = \"order\", command_description = \"Where\" },
    { command_name = \"hours\", command_description = \"When\" },
  ]";

fn order_of_commands_does_not_count(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context
        .emulator
        .set_behavior(|behavior| behavior.automation.reorders = true);
    let output = context.applied(&automation(COMMANDS))?;
    equal("warnings", output.warnings().len(), 0)?;
    let object = context.object(A)?;
    equal(
        "first",
        &object.values["commands"][0]["command_name"],
        "order",
    )?;
    context.plan(0)?;
    let refresh = context.directory.plan(&["-refresh-only"])?.output;
    refresh.expecting(0)?;
    Ok(())
}

fn parts_that_are_not_configured_are_kept(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context.emulator.change_automation(SPACE, NUMBER, |it| {
        it.prompts = vec!["Console".to_owned()];
        it.enable_welcome_message = true;
    });
    let output = context.applied(&automation(COMMANDS))?;
    equal("warnings", output.warnings().len(), 0)?;
    equal(
        "sent",
        sent(context, "Prompts").as_deref(),
        Some("[\"Console\"]"),
    )?;
    equal(
        "sent",
        sent(context, "EnableWelcomeMessage").as_deref(),
        Some("true"),
    )?;
    let object = context.object(A)?;
    equal("prompts", &object.values["prompts"], &json!(["Console"]))?;
    context.plan(0)?;
    // An argument that is removed is left as it is.
    context.configure(&automation(""))?;
    context.plan(0)?;
    Ok(())
}

fn parts_that_change_after_the_plan_are_kept(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context.applied(&automation(COMMANDS))?;
    context.configure(&automation(&COMMANDS.replace("\"Where\"", "\"Where?\"")))?;
    context.plan(2)?;
    context.emulator.change_automation(SPACE, NUMBER, |it| {
        it.prompts = vec!["Console".to_owned()];
        it.enable_welcome_message = true;
    });
    let output = context.directory.run(&["apply", "-json", "tfplan"])?;
    let output = output.expecting(0)?;
    let warning = only_warning(&output)?;
    let summary = format!("The automation of {NUMBER} was changed elsewhere");
    equal("summary", &*warning.summary, summary)?;
    contains(&warning.text(), &["`enable_welcome_message`, `prompts`"])?;
    let now = context.emulator.change_automation(SPACE, NUMBER, |_| {});
    equal("prompts", now.prompts, vec!["Console".to_owned()])?;
    equal("welcome", now.enable_welcome_message, true)?;
    equal("command", &*now.commands[0].1, "Where?")?;
    context.plan(0)?;
    Ok(())
}

fn welcome_message_that_does_not_stick_is_reported(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context
        .emulator
        .set_behavior(|behavior| behavior.automation.welcome_ignored = true);
    let output = context.applied(&automation("enable_welcome_message = true"))?;
    let summaries: Vec<String> = output.warnings().into_iter().map(|it| it.summary).collect();
    contains(
        &summaries.join("\n"),
        &[
            "The welcome message may have no effect",
            "is not as written",
        ],
    )?;
    let (plan, _) = context.plan(2)?;
    let change = &plan.change(A).ok_or("no change")?.change;
    equal("changed", change.changed(), ["enable_welcome_message"])
}

fn welcome_message_that_is_not_shown_is_not_sent(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context
        .emulator
        .set_behavior(|behavior| behavior.automation.welcome_shown = false);
    context.applied(&automation("prompts = [\"Hi\"]"))?;
    equal("sent", sent(context, "EnableWelcomeMessage"), None)?;
    context.plan(0)?;
    context.applied(&automation("prompts = [\"Hello\"]"))?;
    equal("sent", sent(context, "EnableWelcomeMessage"), None)?;
    context.plan(0)?;
    // What is configured is sent. As the service shows nothing, it is no difference.
    context.applied(&automation("enable_welcome_message = true"))?;
    let welcome = sent(context, "EnableWelcomeMessage");
    equal("sent", welcome.as_deref(), Some("true"))?;
    context.plan(0)?;
    Ok(())
}

fn empty_lists_that_do_not_clear_are_warned_about(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context.applied(&automation("prompts = [\"Hi\"]"))?;
    context
        .emulator
        .set_behavior(|behavior| behavior.automation.empty_list = EmptyList::Keep);
    let output = context.applied(&automation("prompts = []"))?;
    contains(
        &only_warning(&output)?.text(),
        &[
            "is not as written",
            "Not as in the configuration: `prompts`",
        ],
    )
}
