//! `assume_role` on the resource: whose account is acted on, and what a change of it means.

use acceptance_tests::{
    acceptance::{Case, Ending, Failed, Stage, contains, equal, only_error},
    cases,
    emulator::{Account, Fault, Misbehaviour, Outcome, Role},
};

use crate::{HUB, ROLE, TENANT, USER, WABA, configure, keys, populate};

pub(crate) const CASES: &[Case] = cases![roles:
    a_role_of_the_same_account_changes_in_place,
    a_role_of_another_account_replaces,
    a_protected_binding_is_not_moved_to_another_account,
    a_binding_is_imported_with_its_role,
    a_role_that_is_not_trusted_is_explained,
    the_import_that_is_advised_after_an_unknown_bind_names_the_role,
];

const A: &str = "alicloud_cams_waba_binding.a";
const SECOND: &str = "acs:ram::1000000000000020:role/second";
const OTHER: &str = "1000000000000030";
const ROLE_OF_OTHER: &str = "acs:ram::1000000000000030:role/onboarding";

fn with_role(stage: &Stage, role: &str, more: &str) -> Result<(), Failed> {
    let text = format!(
        "resource \"alicloud_cams_waba_binding\" \"a\" {{\n  waba_id     = \"{WABA}\"\n  assume_role = {{ role_arn = \"{role}\" }}\n{more}\n}}\n"
    );
    configure(stage, &keys(), &text)
}

fn accounts(stage: &Stage) -> Ending {
    populate(stage)?;
    let other = Account::new(OTHER).with_role(Role::new("onboarding", &[USER]));
    stage.emulator.put_account(other)?;
    // Whether the service lets another account bind the same WABA is not documented; here it does.
    stage
        .emulator
        .set_switches(|switches| switches.bind_foreign = Outcome::Ok);
    Ok(())
}

fn a_role_of_the_same_account_changes_in_place(stage: &mut Stage) -> Ending {
    accounts(stage)?;
    with_role(stage, ROLE, "")?;
    stage.apply()?.expecting(0)?;
    stage.plan(0)?;
    with_role(stage, SECOND, "")?;
    let (plan, _) = stage.plan(2)?;
    equal(
        "actions",
        plan.resource_changes[0].change.actions.clone(),
        ["update"],
    )?;
    stage.directory.run(&["apply", "tfplan"])?.expecting(0)?;
    stage.plan(0)?;
    equal("spaces", stage.emulator.spaces(TENANT).len(), 1)?;
    equal("spaces of the hub", stage.emulator.spaces(HUB).len(), 0)?;
    equal("binds", stage.calls("ChatappBindWaba"), 1)
}

fn a_role_of_another_account_replaces(stage: &mut Stage) -> Ending {
    accounts(stage)?;
    with_role(stage, ROLE, "")?;
    stage.apply()?.expecting(0)?;
    with_role(stage, ROLE_OF_OTHER, "")?;
    let (plan, _) = stage.plan(2)?;
    equal(
        "actions",
        plan.resource_changes[0].change.actions.clone(),
        ["delete", "create"],
    )?;
    stage.directory.run(&["apply", "tfplan"])?.expecting(0)?;
    stage.plan(0)?;
    // The service cannot unbind: the old one stays, as the plan has said.
    equal(
        "spaces of the old account",
        stage.emulator.spaces(TENANT).len(),
        1,
    )?;
    equal(
        "spaces of the new account",
        stage.emulator.spaces(OTHER).len(),
        1,
    )
}

fn a_protected_binding_is_not_moved_to_another_account(stage: &mut Stage) -> Ending {
    accounts(stage)?;
    with_role(stage, ROLE, "  deletion_policy = \"PREVENT\"")?;
    stage.apply()?.expecting(0)?;
    with_role(stage, ROLE_OF_OTHER, "  deletion_policy = \"PREVENT\"")?;
    let output = stage.directory.plan(&[])?.output.expecting(1)?;
    contains(&only_error(&output)?.text(), &["PREVENT"])?;
    equal(
        "spaces of the new account",
        stage.emulator.spaces(OTHER).len(),
        0,
    )
}

fn a_binding_is_imported_with_its_role(stage: &mut Stage) -> Ending {
    accounts(stage)?;
    with_role(stage, ROLE, "")?;
    stage.apply()?.expecting(0)?;
    let space = stage.space_of(WABA)?;
    stage.directory.run(&["state", "rm", A])?.expecting(0)?;
    let output = stage.directory.run(&["import", A, &space])?.expecting(1)?;
    contains(&output.stderr, &["hub-"])?;
    stage
        .directory
        .run(&["import", A, &format!("{ROLE}/{space}")])?
        .expecting(0)?;
    stage.plan(0)?;
    Ok(())
}

fn a_role_that_is_not_trusted_is_explained(stage: &mut Stage) -> Ending {
    accounts(stage)?;
    for (role, parts) in [
        (
            "acs:ram::1000000000000020:role/nobody",
            ["EntityNotExist.Role", "there is no such role"],
        ),
        (ROLE_OF_OTHER, ["NoPermission", "trust policy"]),
    ] {
        let other = Account::new(OTHER).with_role(Role::new("onboarding", &["1"]));
        stage.emulator.put_account(other)?;
        with_role(stage, role, "")?;
        let output = stage.apply()?.expecting(1)?;
        let text = only_error(&output)?.text();
        contains(&text, &parts)?;
        contains(
            &text,
            &[role, "no valid credentials", "hub-…6789", "request ID"],
        )?;
    }
    Ok(())
}

fn the_import_that_is_advised_after_an_unknown_bind_names_the_role(stage: &mut Stage) -> Ending {
    accounts(stage)?;
    with_role(stage, ROLE, "")?;
    let faults = [
        Fault::new("ListInstance", Misbehaviour::denied()).always(),
        Fault::new("ChatappBindWaba", Misbehaviour::Cut).after(),
    ];
    for fault in faults {
        stage.emulator.inject(fault)?;
    }
    let output = stage.apply()?.expecting(1)?;
    let text = only_error(&output)?.detail;
    // The command is followed as it is printed, with the two words filled in.
    let line = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("terraform import "))
        .ok_or("no command")?;
    let space = stage.space_of(WABA)?;
    let line = line
        .replace("'alicloud_cams_waba_binding.NAME'", A)
        .replace("CHANNEL_ID", &space);
    let words: Vec<&str> = std::iter::once("import").chain(line.split(' ')).collect();
    stage.directory.run(&words)?.expecting(0)?;
    stage.plan(0)?;
    equal("binds", stage.calls("ChatappBindWaba"), 1)
}
