//! Import: by command and by block, what comes out, and what cannot be imported.

use acceptance_tests::{
    acceptance::{Case, Ending, Failed, Stage, contains, equal, only_error},
    cases,
    emulator::{Account, NewSpace},
    terraform::WorkingDirectory,
};

use crate::{A, BIND, QUERY, WABA, binding};

pub(crate) const CASES: &[Case] = cases![import:
    the_command_yields_the_object_that_create_yields,
    the_block_yields_the_object_that_create_yields,
    a_binding_that_terraform_did_not_make_is_imported,
    nothing_bound_says_what_to_check,
    an_unknown_space_says_what_to_check,
    a_space_of_another_account_is_refused,
    ids_that_cannot_be_any_are_refused_unsent,
    another_waba_in_the_configuration_is_a_replacement,
    an_isv_code_is_added_in_place,
];

/// The block, for `import` in the configuration.
fn import_block(id: &str) -> String {
    format!("import {{\n  to = {A}\n  id = \"{id}\"\n}}\n")
}

/// A second directory on the same cloud with the same configuration, which knows of nothing yet.
fn elsewhere(stage: &Stage) -> Result<WorkingDirectory, Failed> {
    let directory = stage.directory_with_the_provider()?;
    directory.write("main.tf", &stage.directory.read("main.tf")?)?;
    Ok(directory)
}

fn the_command_yields_the_object_that_create_yields(stage: &mut Stage) -> Ending {
    stage.applied(&binding(WABA, ""))?;
    let created = stage.object(A)?;
    let directory = elsewhere(stage)?;
    let output = directory
        .run(&["import", A, created.text("id")])?
        .expecting(0)?;
    contains(&output.text(), &["Import successful"])?;
    let state = directory.state()?;
    equal("the object", state.resource(A), Some(&created))?;
    directory.plan(&[])?.output.expecting(0)?;
    equal("binds", stage.calls(BIND), 1)
}

fn the_block_yields_the_object_that_create_yields(stage: &mut Stage) -> Ending {
    stage.applied(&binding(WABA, ""))?;
    let created = stage.object(A)?;
    let directory = elsewhere(stage)?;
    directory.write("import.tf", &import_block(created.text("id")))?;
    let planned = directory.plan(&[])?;
    let plan = planned.plan.ok_or("no plan")?;
    let change = &plan.change(A).ok_or("no change of the resource")?.change;
    equal("actions", change.actions.as_slice(), ["no-op"])?;
    equal("importing", change.importing.is_some(), true)?;
    directory.run(&["apply", "-json", "tfplan"])?.expecting(0)?;
    equal("the object", directory.state()?.resource(A), Some(&created))?;
    directory.plan(&[])?.output.expecting(0)?;
    equal("binds", stage.calls(BIND), 1)
}

fn a_binding_that_terraform_did_not_make_is_imported(stage: &mut Stage) -> Ending {
    let space = stage.emulator.add_space(NewSpace {
        waba_id: Some(WABA.to_owned()),
        cust_space_id: Some("C0202939293840012".to_owned()),
        ..NewSpace::default()
    })?;
    stage.configure(&binding(WABA, ""))?;
    stage
        .directory
        .run(&["import", A, &space.cust_space_id])?
        .expecting(0)?;
    let object = stage.object(A)?;
    equal("id", object.text("id"), "C0202939293840012")?;
    equal("waba_id", object.text("waba_id"), WABA)?;
    equal("waba_name", object.text("waba_name"), "Business 0001")?;
    stage.plan(0)?;
    equal("binds", stage.calls(BIND), 0)
}

fn nothing_bound_says_what_to_check(stage: &mut Stage) -> Ending {
    let space = stage.emulator.add_space(NewSpace::default())?.cust_space_id;
    stage.configure(&binding(WABA, ""))?;
    let parts = [
        "Nothing to import",
        &space,
        "no WABA is bound",
        "channel ID",
        "neither the WABA ID",
        "account",
    ];
    let output = stage.directory.run(&["import", A, &space])?.expecting(1)?;
    contains(&output.text(), &parts)?;
    equal("objects", stage.directory.state()?.resources.len(), 0)?;

    stage.directory.write("import.tf", &import_block(&space))?;
    let output = stage.directory.plan(&[])?.output.expecting(1)?;
    contains(&only_error(&output)?.text(), &parts)
}

fn an_unknown_space_says_what_to_check(stage: &mut Stage) -> Ending {
    stage.configure(&binding(WABA, ""))?;
    stage
        .directory
        .write("import.tf", &import_block("cams-nowhere"))?;
    let output = stage.directory.plan(&[])?.output.expecting(1)?;
    let text = only_error(&output)?.text();
    contains(
        &text,
        &[
            "Unable to read the binding",
            "cams-nowhere",
            "Unknown.ResourceOwnerId",
            "belongs to another account",
        ],
    )?;
    equal(
        "nothing is said of a state",
        text.contains("stays in state"),
        false,
    )
}

fn a_space_of_another_account_is_refused(stage: &mut Stage) -> Ending {
    stage
        .emulator
        .put_account(Account::new("2000000000000002"))?;
    let space = stage.emulator.add_space(NewSpace {
        account: Some("2000000000000002".to_owned()),
        waba_id: Some(WABA.to_owned()),
        ..NewSpace::default()
    })?;
    stage.configure(&binding(WABA, ""))?;
    let output = stage
        .directory
        .run(&["import", A, &space.cust_space_id])?
        .expecting(1)?;
    contains(
        &output.text(),
        &["Unknown.ResourceOwnerId", &space.cust_space_id],
    )
}

fn ids_that_cannot_be_any_are_refused_unsent(stage: &mut Stage) -> Ending {
    stage.configure(&binding(WABA, ""))?;
    for id in ["cams 1", " cams-1", "cams-1\n"] {
        let output = stage.directory.run(&["import", A, id])?.expecting(1)?;
        contains(
            &output.text(),
            &["Invalid import ID", "CustSpaceId", "without blanks"],
        )?;
    }
    equal("calls", stage.emulator.calls().len(), 0)
}

fn another_waba_in_the_configuration_is_a_replacement(stage: &mut Stage) -> Ending {
    let space = stage.emulator.add_space(NewSpace {
        waba_id: Some("999".to_owned()),
        ..NewSpace::default()
    })?;
    stage.configure(&binding(WABA, ""))?;
    stage
        .directory
        .run(&["import", A, &space.cust_space_id])?
        .expecting(0)?;
    let (plan, _) = stage.plan(2)?;
    let change = &plan.change(A).ok_or("no change of the resource")?.change;
    equal("actions", change.actions.as_slice(), ["delete", "create"])?;
    equal("waba_id before", &change.before["waba_id"], "999")
}

fn an_isv_code_is_added_in_place(stage: &mut Stage) -> Ending {
    let space = stage.emulator.add_space(NewSpace {
        waba_id: Some(WABA.to_owned()),
        ..NewSpace::default()
    })?;
    stage.configure(&binding(
        WABA,
        "isv_code = \"code\"\n  deletion_policy = \"PREVENT\"",
    ))?;
    stage
        .directory
        .run(&["import", A, &space.cust_space_id])?
        .expecting(0)?;
    let (plan, _) = stage.plan(2)?;
    let change = &plan.change(A).ok_or("no change of the resource")?.change;
    equal("actions", change.actions.as_slice(), ["update"])?;
    equal("changed", change.changed(), ["deletion_policy", "isv_code"])?;
    stage.apply()?.expecting(0)?;
    stage.plan(0)?;
    equal("reads", stage.calls(QUERY) > 0, true)
}
