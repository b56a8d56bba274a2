//! Import by command and by block: the imported object, and the errors.

use acceptance_tests::{
    acceptance::{Case, Failed, TestContext, TestResult, contains, equal, only_error},
    cases,
    emulator::{Account, NewSpace},
    terraform::WorkingDirectory,
};

use crate::{A, BIND, QUERY, WABA, binding};

pub(crate) const CASES: &[Case] = cases![import:
    import_command_equals_create,
    import_block_equals_create,
    binding_made_elsewhere_is_imported,
    import_of_an_unbound_space_is_an_error,
    import_of_an_unknown_space_is_an_error,
    import_of_a_space_of_another_account_is_an_error,
    invalid_ids_are_rejected_without_a_request,
    other_waba_in_the_configuration_is_a_replacement,
    isv_code_is_added_in_place,
];

/// The `import` block.
fn import_block(id: &str) -> String {
    format!("import {{\n  to = {A}\n  id = \"{id}\"\n}}\n")
}

/// A second directory with the same cloud and configuration, and without a state.
fn elsewhere(context: &TestContext) -> Result<WorkingDirectory, Failed> {
    let directory = context.directory_with_the_provider()?;
    directory.write("main.tf", &context.directory.read("main.tf")?)?;
    Ok(directory)
}

fn import_command_equals_create(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, ""))?;
    let created = context.object(A)?;
    let directory = elsewhere(context)?;
    let output = directory
        .run(&["import", A, created.text("id")])?
        .expecting(0)?;
    contains(&output.text(), &["Import successful"])?;
    let state = directory.state()?;
    equal("the object", state.resource(A), Some(&created))?;
    directory.plan(&[])?.output.expecting(0)?;
    equal("binds", context.calls(BIND), 1)
}

fn import_block_equals_create(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, ""))?;
    let created = context.object(A)?;
    let directory = elsewhere(context)?;
    directory.write("import.tf", &import_block(created.text("id")))?;
    let planned = directory.plan(&[])?;
    let plan = planned.plan.ok_or("no plan")?;
    let change = &plan.change(A).ok_or("no change of the resource")?.change;
    equal("actions", change.actions.as_slice(), ["no-op"])?;
    equal("importing", change.importing.is_some(), true)?;
    directory.run(&["apply", "-json", "tfplan"])?.expecting(0)?;
    equal("the object", directory.state()?.resource(A), Some(&created))?;
    directory.plan(&[])?.output.expecting(0)?;
    equal("binds", context.calls(BIND), 1)
}

fn binding_made_elsewhere_is_imported(context: &mut TestContext) -> TestResult {
    let space = context.emulator.add_space(NewSpace {
        waba_id: Some(WABA.to_owned()),
        cust_space_id: Some("C0202939293840012".to_owned()),
        ..NewSpace::default()
    })?;
    context.configure(&binding(WABA, ""))?;
    context
        .directory
        .run(&["import", A, &space.cust_space_id])?
        .expecting(0)?;
    let object = context.object(A)?;
    equal("id", object.text("id"), "C0202939293840012")?;
    equal("waba_id", object.text("waba_id"), WABA)?;
    equal("waba_name", object.text("waba_name"), "Business 0001")?;
    context.plan(0)?;
    equal("binds", context.calls(BIND), 0)
}

fn import_of_an_unbound_space_is_an_error(context: &mut TestContext) -> TestResult {
    let space = context
        .emulator
        .add_space(NewSpace::default())?
        .cust_space_id;
    context.configure(&binding(WABA, ""))?;
    let parts = [
        "Nothing to import",
        &space,
        "has no WABA",
        "channel ID",
        "neither the ID of the WABA",
        "account",
    ];
    let output = context
        .directory
        .run(&["import", A, &space])?
        .expecting(1)?;
    contains(&output.text(), &parts)?;
    equal("objects", context.directory.state()?.resources.len(), 0)?;

    context
        .directory
        .write("import.tf", &import_block(&space))?;
    let output = context.directory.plan(&[])?.output.expecting(1)?;
    contains(&only_error(&output)?.text(), &parts)
}

fn import_of_an_unknown_space_is_an_error(context: &mut TestContext) -> TestResult {
    context.configure(&binding(WABA, ""))?;
    context
        .directory
        .write("import.tf", &import_block("cams-nowhere"))?;
    let output = context.directory.plan(&[])?.output.expecting(1)?;
    let text = only_error(&output)?.text();
    contains(
        &text,
        &[
            "Cannot read the binding",
            "cams-nowhere",
            "Unknown.ResourceOwnerId",
            "belongs to another account",
        ],
    )?;
    equal(
        "nothing is said of a state",
        text.contains("stays in the state"),
        false,
    )
}

fn import_of_a_space_of_another_account_is_an_error(context: &mut TestContext) -> TestResult {
    context
        .emulator
        .put_account(Account::new("2000000000000002"))?;
    let space = context.emulator.add_space(NewSpace {
        account: Some("2000000000000002".to_owned()),
        waba_id: Some(WABA.to_owned()),
        ..NewSpace::default()
    })?;
    context.configure(&binding(WABA, ""))?;
    let output = context
        .directory
        .run(&["import", A, &space.cust_space_id])?
        .expecting(1)?;
    contains(
        &output.text(),
        &["Unknown.ResourceOwnerId", &space.cust_space_id],
    )
}

fn invalid_ids_are_rejected_without_a_request(context: &mut TestContext) -> TestResult {
    context.configure(&binding(WABA, ""))?;
    for id in ["cams 1", " cams-1", "cams-1\n"] {
        let output = context.directory.run(&["import", A, id])?.expecting(1)?;
        contains(
            &output.text(),
            &[
                "Invalid import ID",
                "CustSpaceId",
                "a blank or a control character",
            ],
        )?;
    }
    equal("calls", context.emulator.calls().len(), 0)
}

fn other_waba_in_the_configuration_is_a_replacement(context: &mut TestContext) -> TestResult {
    let space = context.emulator.add_space(NewSpace {
        waba_id: Some("999".to_owned()),
        ..NewSpace::default()
    })?;
    context.configure(&binding(WABA, ""))?;
    context
        .directory
        .run(&["import", A, &space.cust_space_id])?
        .expecting(0)?;
    let (plan, _) = context.plan(2)?;
    let change = &plan.change(A).ok_or("no change of the resource")?.change;
    equal("actions", change.actions.as_slice(), ["delete", "create"])?;
    equal("waba_id before", &change.before["waba_id"], "999")
}

fn isv_code_is_added_in_place(context: &mut TestContext) -> TestResult {
    let space = context.emulator.add_space(NewSpace {
        waba_id: Some(WABA.to_owned()),
        ..NewSpace::default()
    })?;
    context.configure(&binding(
        WABA,
        "isv_code = \"code\"\n  deletion_policy = \"PREVENT\"",
    ))?;
    context
        .directory
        .run(&["import", A, &space.cust_space_id])?
        .expecting(0)?;
    let (plan, _) = context.plan(2)?;
    let change = &plan.change(A).ok_or("no change of the resource")?.change;
    equal("actions", change.actions.as_slice(), ["update"])?;
    equal("changed", change.changed(), ["deletion_policy", "isv_code"])?;
    context.apply()?.expecting(0)?;
    context.plan(0)?;
    equal("reads", context.calls(QUERY) > 0, true)
}
