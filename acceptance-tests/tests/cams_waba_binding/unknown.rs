//! Values that are known only after apply: in the provider block, and refined ones in the resource.
//!
//! Must not contain: deferral, which no release of a CLI allows without an experiment; it is tested without a CLI.

use acceptance_tests::{
    acceptance::{Case, Ending, Stage, contains, equal, only_error},
    cases,
};

use crate::{A, BIND, QUERY, WABA, binding};

pub(crate) const CASES: &[Case] = cases![unknown:
    a_provider_that_is_not_known_yet_plans_a_creation,
    a_provider_that_is_not_known_yet_says_what_it_lacks,
    arguments_that_are_known_in_part_are_planned_and_applied,
];

/// A resource without a provider to install, whose output is known only after it is applied.
fn source(input: &str, trigger: &str) -> String {
    format!(
        "resource \"terraform_data\" \"source\" {{\n  input = \"{input}\"\n  triggers_replace = \"{trigger}\"\n}}\n"
    )
}

const FROM_SOURCE: &str = "configuration_source = terraform_data.source.output";

fn a_provider_that_is_not_known_yet_plans_a_creation(stage: &mut Stage) -> Ending {
    let text = format!("{}{}", source("s", "1"), binding(WABA, ""));
    stage.configure_with(FROM_SOURCE, &text)?;
    let (plan, _) = stage.plan(2)?;
    let change = plan.change(A).ok_or("no change of the resource")?;
    equal("actions", change.change.actions.as_slice(), ["create"])?;
    equal("calls while planning", stage.emulator.calls().len(), 0)?;
    stage.apply()?.expecting(0)?;
    equal("the WABA", stage.object(A)?.text("waba_id"), WABA)?;
    stage.plan(0)?;
    equal("binds", stage.calls(BIND), 1)
}

fn a_provider_that_is_not_known_yet_says_what_it_lacks(stage: &mut Stage) -> Ending {
    let text = |trigger: &str| format!("{}{}", source("s", trigger), binding(WABA, ""));
    stage.configure_with(FROM_SOURCE, &text("1"))?;
    stage.apply()?.expecting(0)?;
    let before = stage.object(A)?;
    let queries = stage.calls(QUERY);
    // The source is to be replaced, so the binding cannot be refreshed.
    stage.configure_with(FROM_SOURCE, &text("2"))?;
    let output = stage.directory.plan(&[])?.output.expecting(1)?;
    let error = only_error(&output)?;
    contains(
        &error.text(),
        &[
            "Provider configuration is not known yet",
            "known only after apply: configuration_source.",
            "-target",
        ],
    )?;
    equal("queries", stage.calls(QUERY), queries)?;
    equal("the object", &stage.object(A)?, &before)?;
    // What the message advises helps.
    stage
        .directory
        .run(&[
            "apply",
            "-json",
            "-auto-approve",
            "-target=terraform_data.source",
        ])?
        .expecting(0)?;
    stage.plan(0)?;
    equal("binds", stage.calls(BIND), 1)
}

fn arguments_that_are_known_in_part_are_planned_and_applied(stage: &mut Stage) -> Ending {
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
    stage.configure(&text)?;
    let (plan, _) = stage.plan(2)?;
    let change = plan.change(A).ok_or("no change of the resource")?;
    equal("actions", change.change.actions.as_slice(), ["create"])?;
    let unknown = change.change.unknown();
    for name in ["waba_id", "isv_code", "cust_space_id"] {
        equal(format!("{name} is unknown"), unknown.contains(&name), true)?;
    }
    stage.apply()?.expecting(0)?;
    let object = stage.object(A)?;
    equal("waba_id", object.text("waba_id"), WABA)?;
    let timeout = object.values["timeouts"]["create"].as_str();
    equal("timeout", timeout, Some("2m"))?;
    stage.plan(0)?;
    equal("binds", stage.calls(BIND), 1)
}
