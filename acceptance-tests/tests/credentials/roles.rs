//! `assume_role` of the resource: which account it acts on, and what a change of the role does.

use acceptance_tests::{
    acceptance::{
        Case, Failed, TestContext, TestResult, contains, equal, only_error, only_warning,
    },
    cases,
    emulator::{AccessKey, Account, Fault, FaultKind, Outcome, Role, SpaceResponse},
};

use crate::{
    BINDING, HUB, KEY_ID, KEY_SECRET, ROLE, TENANT, USER, WABA, configure, keys, populate,
};

pub(crate) const CASES: &[Case] = cases![roles:
    refresh_with_a_role_finds_no_drift,
    role_of_the_same_account_changes_in_place,
    role_of_another_account_replaces,
    protected_binding_is_not_moved_to_another_account,
    binding_is_imported_with_its_role,
    untrusted_role_is_an_error,
    advised_import_after_an_unknown_bind_names_the_role,
    role_of_the_providers_account_is_added_and_removed_in_place,
    role_of_another_account_is_not_added_in_place,
    role_is_not_added_while_the_account_is_unknown,
    role_beside_the_providers_role_replaces,
    binding_of_another_account_is_not_removed_from_the_state,
    account_id_of_the_provider_block_skips_the_lookup,
    contradicted_account_id_changes_nothing,
    role_found_to_be_of_another_account_changes_nothing,
];

const A: &str = "alicloud_cams_waba_binding.a";
const SECOND: &str = "acs:ram::1000000000000020:role/second";
const OTHER: &str = "1000000000000030";
const ROLE_OF_OTHER: &str = "acs:ram::1000000000000030:role/onboarding";

fn with_role(context: &TestContext, role: &str, more: &str) -> Result<(), Failed> {
    let text = format!(
        "resource \"alicloud_cams_waba_binding\" \"a\" {{\n  waba_id     = \"{WABA}\"\n  assume_role = {{ role_arn = \"{role}\" }}\n{more}\n}}\n"
    );
    configure(context, &keys(), &text)
}

fn accounts(context: &TestContext) -> TestResult {
    populate(context)?;
    let other = Account::new(OTHER).with_role(Role::new("onboarding", &[USER]));
    context.emulator.put_account(other)?;
    // It is not documented whether another account can bind the same WABA. Here it can.
    context
        .emulator
        .set_behavior(|behavior| behavior.waba.bind_foreign = Outcome::Ok);
    Ok(())
}

fn role_of_the_same_account_changes_in_place(context: &mut TestContext) -> TestResult {
    accounts(context)?;
    with_role(context, ROLE, "")?;
    context.apply()?.expecting(0)?;
    context.plan(0)?;
    with_role(context, SECOND, "")?;
    let (plan, _) = context.plan(2)?;
    equal(
        "actions",
        plan.resource_changes[0].change.actions.clone(),
        ["update"],
    )?;
    context.directory.run(&["apply", "tfplan"])?.expecting(0)?;
    context.plan(0)?;
    equal("spaces", context.emulator.spaces(TENANT).len(), 1)?;
    equal("spaces of the hub", context.emulator.spaces(HUB).len(), 0)?;
    equal("binds", context.calls("ChatappBindWaba"), 1)
}

fn role_of_another_account_replaces(context: &mut TestContext) -> TestResult {
    accounts(context)?;
    with_role(context, ROLE, "")?;
    context.apply()?.expecting(0)?;
    with_role(context, ROLE_OF_OTHER, "")?;
    let (plan, _) = context.plan(2)?;
    equal(
        "actions",
        plan.resource_changes[0].change.actions.clone(),
        ["delete", "create"],
    )?;
    context.directory.run(&["apply", "tfplan"])?.expecting(0)?;
    context.plan(0)?;
    // The service has no unbind: the old binding stays, as the plan said.
    equal(
        "spaces of the old account",
        context.emulator.spaces(TENANT).len(),
        1,
    )?;
    equal(
        "spaces of the new account",
        context.emulator.spaces(OTHER).len(),
        1,
    )
}

fn protected_binding_is_not_moved_to_another_account(context: &mut TestContext) -> TestResult {
    accounts(context)?;
    with_role(context, ROLE, "  deletion_policy = \"PREVENT\"")?;
    context.apply()?.expecting(0)?;
    with_role(context, ROLE_OF_OTHER, "  deletion_policy = \"PREVENT\"")?;
    let output = context.directory.plan(&[])?.output.expecting(1)?;
    contains(&only_error(&output)?.text(), &["PREVENT"])?;
    equal(
        "spaces of the new account",
        context.emulator.spaces(OTHER).len(),
        0,
    )
}

fn binding_is_imported_with_its_role(context: &mut TestContext) -> TestResult {
    accounts(context)?;
    with_role(context, ROLE, "")?;
    context.apply()?.expecting(0)?;
    let space = context.space_of(WABA)?;
    context.directory.run(&["state", "rm", A])?.expecting(0)?;
    let output = context
        .directory
        .run(&["import", A, &space])?
        .expecting(1)?;
    contains(&output.stderr, &["hub-"])?;
    context
        .directory
        .run(&["import", A, &format!("{ROLE}/{space}")])?
        .expecting(0)?;
    context.plan(0)?;
    Ok(())
}

fn untrusted_role_is_an_error(context: &mut TestContext) -> TestResult {
    accounts(context)?;
    for (role, parts) in [
        (
            "acs:ram::1000000000000020:role/nobody",
            ["EntityNotExist.Role", "there is no such role"],
        ),
        (ROLE_OF_OTHER, ["NoPermission", "trust policy"]),
    ] {
        let other = Account::new(OTHER).with_role(Role::new("onboarding", &["1"]));
        context.emulator.put_account(other)?;
        with_role(context, role, "")?;
        let output = context.apply()?.expecting(1)?;
        let text = only_error(&output)?.text();
        contains(&text, &parts)?;
        contains(
            &text,
            &[
                role,
                "there are no valid credentials",
                "hub-…6789",
                "request ID",
            ],
        )?;
    }
    Ok(())
}

fn advised_import_after_an_unknown_bind_names_the_role(context: &mut TestContext) -> TestResult {
    accounts(context)?;
    with_role(context, ROLE, "")?;
    let faults = [
        Fault::new("ListInstance", FaultKind::denied()).always(),
        Fault::new("ChatappBindWaba", FaultKind::Cut).after(),
    ];
    for fault in faults {
        context.emulator.inject(fault)?;
    }
    let output = context.apply()?.expecting(1)?;
    let text = only_error(&output)?.detail;
    // The printed command is run with its two placeholders filled in.
    let line = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("terraform import "))
        .ok_or("no command")?;
    let space = context.space_of(WABA)?;
    let line = line.replace("'ADDRESS'", A).replace("CHANNEL_ID", &space);
    let words: Vec<&str> = std::iter::once("import").chain(line.split(' ')).collect();
    context.directory.run(&words)?.expecting(0)?;
    context.plan(0)?;
    equal("binds", context.calls("ChatappBindWaba"), 1)
}

const ROLE_OF_HUB: &str = "acs:ram::1000000000000010:role/onboarding";

/// Lets the hub bind in its own account.
fn hub_of_its_own(context: &TestContext) -> TestResult {
    accounts(context)?;
    let mut hub = Account::new(HUB).with_role(Role::new("onboarding", &[USER]));
    hub.access_keys.push(AccessKey {
        id: KEY_ID.to_owned(),
        secret: KEY_SECRET.to_owned(),
        user: Some("terraform".to_owned()),
        allow: vec!["*".to_owned()],
        active: true,
    });
    context.emulator.put_account(hub)?;
    Ok(())
}

/// The actions that are planned for the binding.
fn planned(context: &TestContext, more: &[&str]) -> Result<Vec<String>, Failed> {
    let planned = context.directory.plan(more)?;
    let output = planned.output.expecting(2)?;
    let plan = planned.plan.ok_or("no plan")?;
    let change = plan.change(A).ok_or(format!("no change: {output}"))?;
    Ok(change.change.actions.clone())
}

fn account_id(context: &TestContext) -> Result<serde_json::Value, Failed> {
    Ok(context.object(A)?.values["account_id"].clone())
}

fn role_of_the_providers_account_is_added_and_removed_in_place(
    context: &mut TestContext,
) -> TestResult {
    hub_of_its_own(context)?;
    configure(context, &keys(), BINDING)?;
    context.apply()?.expecting(0)?;
    context.plan(0)?;
    equal("account", account_id(context)?, serde_json::Value::Null)?;
    equal("questions", context.calls("GetCallerIdentity"), 0)?;
    for (number, role) in [Some(ROLE_OF_HUB), None, Some(ROLE_OF_HUB)]
        .into_iter()
        .enumerate()
    {
        match role {
            Some(role) => with_role(context, role, "")?,
            None => configure(context, &keys(), BINDING)?,
        }
        equal("actions", planned(context, &[])?, ["update"])?;
        context.directory.run(&["apply", "tfplan"])?.expecting(0)?;
        context.plan(0)?;
        equal("account", account_id(context)?, HUB)?;
        // The account ID is in the state now, so no lookup is needed to add a role again.
        let questions = (number + 1).min(2);
        equal("questions", context.calls("GetCallerIdentity"), questions)?;
    }
    equal("binds", context.calls("ChatappBindWaba"), 1)
}

fn role_of_another_account_is_not_added_in_place(context: &mut TestContext) -> TestResult {
    hub_of_its_own(context)?;
    configure(context, &keys(), BINDING)?;
    context.apply()?.expecting(0)?;
    let before = context.object(A)?;
    with_role(context, ROLE, "")?;
    equal("actions", planned(context, &[])?, ["update"])?;
    let output = context.apply()?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &[
            "The object is in account",
            HUB,
            ROLE,
            TENANT,
            "Nothing was changed",
            "-replace='ADDRESS'",
        ],
    )?;
    equal("the object", context.object(A)?, before)?;
    // The step that the message advises.
    let replace = ["apply", "-json", "-auto-approve", "-replace", A];
    context.directory.run(&replace)?.expecting(0)?;
    context.plan(0)?;
    equal("account", account_id(context)?, TENANT)?;
    equal("spaces", context.emulator.spaces(TENANT).len(), 1)?;
    // And the other way round.
    configure(context, &keys(), BINDING)?;
    equal("actions", planned(context, &[])?, ["update"])?;
    let output = context.apply()?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &[HUB, TENANT, "leave `assume_role` as it was"],
    )?;
    equal("account", account_id(context)?, TENANT)?;
    equal("binds", context.calls("ChatappBindWaba"), 2)
}

fn role_is_not_added_while_the_account_is_unknown(context: &mut TestContext) -> TestResult {
    hub_of_its_own(context)?;
    configure(context, &keys(), BINDING)?;
    context.apply()?.expecting(0)?;
    let before = context.object(A)?;
    context
        .emulator
        .inject(Fault::new("GetCallerIdentity", FaultKind::denied()).always())?;
    with_role(context, ROLE_OF_HUB, "")?;
    let output = context.apply()?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &[
            "Account of the provider's credentials: permission denied",
            "NoPermission",
            "Nothing was changed",
            "`account_id` in the provider block",
        ],
    )?;
    equal("the object", context.object(A)?, before)
}

/// The provider block names a role, so both accounts are known during the plan.
fn role_beside_the_providers_role_replaces(context: &mut TestContext) -> TestResult {
    accounts(context)?;
    let block = |role: &str| {
        format!(
            "{}  assume_role {{\n    role_arn = \"{role}\"\n  }}\n",
            keys()
        )
    };
    configure(context, &block(ROLE), BINDING)?;
    context.apply()?.expecting(0)?;
    context.plan(0)?;
    equal("account", account_id(context)?, TENANT)?;
    let with_role = |role: &str| {
        BINDING.replace(
            "\n}",
            &format!("\n  assume_role = {{ role_arn = \"{role}\" }}\n}}"),
        )
    };
    configure(context, &block(ROLE), &with_role(ROLE_OF_OTHER))?;
    equal("actions", planned(context, &[])?, ["delete", "create"])?;
    // The role moves from the provider block to the resource: the account stays the same.
    configure(context, &keys(), &with_role(ROLE))?;
    let in_place = planned(context, &["-refresh=false"])?;
    equal("actions", in_place, ["update"])?;
    // The provider changes to another account.
    configure(context, &block(ROLE_OF_OTHER), BINDING)?;
    let output = context.directory.plan(&[])?.output.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &[TENANT, OTHER, "stays in the state", "-refresh=false"],
    )?;
    let anew = planned(context, &["-refresh=false"])?;
    equal("actions", anew, ["delete", "create"])?;
    context.directory.run(&["apply", "tfplan"])?.expecting(0)?;
    context.plan(0)?;
    equal("account", account_id(context)?, OTHER)?;
    equal("questions", context.calls("GetCallerIdentity"), 0)
}

/// It is not documented whether a query of a foreign space is refused or says that nothing is bound. Here it is the latter.
fn binding_of_another_account_is_not_removed_from_the_state(
    context: &mut TestContext,
) -> TestResult {
    hub_of_its_own(context)?;
    context
        .emulator
        .set_behavior(|behavior| behavior.space.foreign_space = SpaceResponse::NothingBound);
    let block = format!(
        "{}  assume_role {{\n    role_arn = \"{ROLE}\"\n  }}\n",
        keys()
    );
    configure(context, &block, BINDING)?;
    context.apply()?.expecting(0)?;
    let before = context.object(A)?;
    configure(context, &keys(), BINDING)?;
    let output = context.apply()?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["The object is in account", HUB, TENANT],
    )?;
    equal("the object", context.object(A)?, before)?;
    equal("binds", context.calls("ChatappBindWaba"), 1)?;
    // A binding that is gone from its own account is removed.
    configure(context, &block, BINDING)?;
    context.emulator.unbind(&context.space_of(WABA)?)?;
    equal("actions", planned(context, &[])?, ["create"])
}

fn account_id_of_the_provider_block_skips_the_lookup(context: &mut TestContext) -> TestResult {
    hub_of_its_own(context)?;
    let block = format!("{}  account_id = \"{HUB}\"\n", keys());
    configure(context, &block, BINDING)?;
    context.apply()?.expecting(0)?;
    context.plan(0)?;
    equal("account", account_id(context)?, HUB)?;
    let with_role = |role: &str| {
        BINDING.replace(
            "\n}",
            &format!("\n  assume_role = {{ role_arn = \"{role}\" }}\n}}"),
        )
    };
    configure(context, &block, &with_role(ROLE))?;
    let output = context.directory.plan(&[])?.output.expecting(2)?;
    contains(&output.text(), &["Replacing leaves the old object"])?;
    equal("actions", planned(context, &[])?, ["delete", "create"])?;
    configure(context, &block, &with_role(ROLE_OF_HUB))?;
    equal("actions", planned(context, &[])?, ["update"])?;
    context.directory.run(&["apply", "tfplan"])?.expecting(0)?;
    context.plan(0)?;
    equal("questions", context.calls("GetCallerIdentity"), 0)?;
    equal("binds", context.calls("ChatappBindWaba"), 1)
}

fn contradicted_account_id_changes_nothing(context: &mut TestContext) -> TestResult {
    hub_of_its_own(context)?;
    let with = |more: &str| format!("{}  account_id = \"{OTHER}\"\n{more}\n", keys());
    let by_arn = with(&format!(
        "  assume_role {{\n    role_arn = \"{ROLE}\"\n  }}"
    ));
    let by_lookup = with(&format!("  allowed_account_ids = [\"{HUB}\", \"{OTHER}\"]"));
    for (block, account, questions) in [(by_arn, TENANT, 0), (by_lookup, HUB, 1)] {
        configure(context, &block, BINDING)?;
        let output = context.apply()?.expecting(1)?;
        let text = only_error(&output)?.text().to_lowercase();
        contains(
            &text,
            &["account_id", OTHER, account, "nothing was changed"],
        )?;
        equal("questions", context.calls("GetCallerIdentity"), questions)?;
    }
    equal("binds", context.calls("ChatappBindWaba"), 0)
}

fn role_found_to_be_of_another_account_changes_nothing(context: &mut TestContext) -> TestResult {
    accounts(context)?;
    let late = |role: &str| {
        let resource = BINDING.replace(
            "\n}",
            "\n  assume_role = { role_arn = terraform_data.role.output }\n}",
        );
        format!("resource \"terraform_data\" \"role\" {{\n  input = \"{role}\"\n}}\n{resource}")
    };
    configure(context, &keys(), &late(ROLE))?;
    context.apply()?.expecting(0)?;
    configure(context, &keys(), &late(ROLE_OF_OTHER))?;
    equal("actions", planned(context, &[])?, ["update"])?;
    let (_, output) = context.plan(2)?;
    contains(
        &only_warning(&output)?.text(),
        &["The role is not known yet", "run it again"],
    )?;
    let before = context.object(A)?;
    let output = context
        .directory
        .run(&["apply", "-json", "tfplan"])?
        .expecting(1)?;
    // The message is the CLI's: a plan cannot know that it is the last one before the apply.
    contains(
        &output.text(),
        &["changed the planned action from Update to DeleteThenCreate"],
    )?;
    equal("the object", context.object(A)?, before)?;
    equal("binds", context.calls("ChatappBindWaba"), 1)?;
    equal("actions", planned(context, &[])?, ["delete", "create"])
}

/// Core compares what it stored with what a refresh returns by every detail: the order of sensitive paths, which is random
/// (hashicorp/terraform#37406), and how a number is represented. `TF_ACC_REFRESHES` says how many runs are made.
fn refresh_with_a_role_finds_no_drift(context: &mut TestContext) -> TestResult {
    accounts(context)?;
    let text = format!(
        r#"resource "alicloud_cams_waba_binding" "a" {{
  waba_id = "{WABA}"
  assume_role = {{
    role_arn           = "{ROLE}"
    session_name       = "drift"
    session_expiration = 3600
    external_id        = "tenant-20"
    policy = jsonencode({{
      Version   = "1"
      Statement = [{{ Effect = "Allow", Action = "*", Resource = "*" }}]
    }})
  }}
}}
"#
    );
    configure(context, &keys(), &text)?;
    context.apply()?.expecting(0)?;
    let before = context.directory.read("terraform.tfstate")?;
    let runs = std::env::var("TF_ACC_REFRESHES").map_or(Ok(20), |runs| runs.parse())?;
    for _ in 0..runs {
        let output = context
            .directory
            .run(&["plan", "-refresh-only", "-detailed-exitcode"])?;
        output.expecting(0)?;
    }
    equal(
        "the state",
        context.directory.read("terraform.tfstate")?,
        before,
    )
}
