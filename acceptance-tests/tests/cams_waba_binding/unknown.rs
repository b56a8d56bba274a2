//! Values that are known only after apply: in the provider block, and refined ones in the resource.
//!
//! Deferral is tested without a CLI (`rpcs`): the CLIs have it only as an experiment.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_error},
    cases,
};

use crate::{A, BIND, QUERY, WABA, binding};

pub(crate) const CASES: &[Case] = cases![unknown:
    unknown_provider_configuration_plans_a_create,
    unknown_provider_configuration_is_named_when_it_is_needed,
    partly_known_arguments_are_planned_and_applied,
];

/// A resource of a built-in provider whose output is known only after apply.
fn source(input: &str, trigger: &str) -> String {
    format!(
        "resource \"terraform_data\" \"source\" {{\n  input = \"{input}\"\n  triggers_replace = \"{trigger}\"\n}}\n"
    )
}

const FROM_SOURCE: &str = "configuration_source = terraform_data.source.output";

fn unknown_provider_configuration_plans_a_create(context: &mut TestContext) -> TestResult {
    let text = format!("{}{}", source("s", "1"), binding(WABA, ""));
    context.configure_with(FROM_SOURCE, &text)?;
    let (plan, _) = context.plan(2)?;
    let change = plan.change(A).ok_or("no change of the resource")?;
    equal("actions", change.change.actions.as_slice(), ["create"])?;
    equal("calls while planning", context.emulator.calls().len(), 0)?;
    context.apply()?.expecting(0)?;
    equal("the WABA", context.object(A)?.text("waba_id"), WABA)?;
    context.plan(0)?;
    equal("binds", context.calls(BIND), 1)
}

fn unknown_provider_configuration_is_named_when_it_is_needed(
    context: &mut TestContext,
) -> TestResult {
    let text = |trigger: &str| format!("{}{}", source("s", trigger), binding(WABA, ""));
    context.configure_with(FROM_SOURCE, &text("1"))?;
    context.apply()?.expecting(0)?;
    let before = context.object(A)?;
    let queries = context.calls(QUERY);
    // The resource behind the configuration is to be replaced, so the binding cannot be refreshed.
    context.configure_with(FROM_SOURCE, &text("2"))?;
    let output = context.directory.plan(&[])?.output.expecting(1)?;
    let error = only_error(&output)?;
    contains(
        &error.text(),
        &[
            "Provider configuration is not known yet",
            "not known until apply: configuration_source.",
            "-target",
        ],
    )?;
    equal("queries", context.calls(QUERY), queries)?;
    equal("the object", &context.object(A)?, &before)?;
    // The step that the message advises.
    context
        .directory
        .run(&[
            "apply",
            "-json",
            "-auto-approve",
            "-target=terraform_data.source",
        ])?
        .expecting(0)?;
    context.plan(0)?;
    equal("binds", context.calls(BIND), 1)
}

fn partly_known_arguments_are_planned_and_applied(context: &mut TestContext) -> TestResult {
    let (known, rest) = WABA.split_at(5);
    let arguments = "isv_code = \"isv-${terraform_data.source.id}\"
  timeouts {
    create = \"${terraform_data.source.output == \"\" ? \"1\" : \"2\"}m\"
  }";
    let text = format!(
        "{}{}",
        source(rest, "1"),
        binding(
            &format!("{known}${{terraform_data.source.output}}"),
            arguments
        )
    );
    context.configure(&text)?;
    let (plan, _) = context.plan(2)?;
    let change = plan.change(A).ok_or("no change of the resource")?;
    equal("actions", change.change.actions.as_slice(), ["create"])?;
    let unknown = change.change.unknown();
    for name in ["waba_id", "isv_code", "cust_space_id"] {
        equal(format!("{name} is unknown"), unknown.contains(&name), true)?;
    }
    context.apply()?.expecting(0)?;
    let object = context.object(A)?;
    equal("waba_id", object.text("waba_id"), WABA)?;
    let timeout = object.values["timeouts"]["create"].as_str();
    equal("timeout", timeout, Some("2m"))?;
    context.plan(0)?;
    equal("binds", context.calls(BIND), 1)
}
