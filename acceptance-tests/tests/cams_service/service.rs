//! The activation of the service: it is one-way, and done only where it is needed.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_error, only_warning},
    cases,
    emulator::{
        Account, DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET, DEFAULT_ACCOUNT, Fault,
        FaultKind, OpenStatusUnsubscribed, Role,
    },
};

pub(crate) const CASES: &[Case] = cases![service:
    inactive_service_is_opened_once_and_left_open,
    active_service_is_not_opened_again,
    deactivated_service_is_planned_as_a_create,
    activation_of_unknown_outcome_is_looked_up,
    refused_activation_is_an_error,
    activation_that_is_not_shown_yet_is_a_warning,
    prevent_refuses_the_destruction,
    service_of_a_role_has_the_account_as_its_id,
    service_is_imported_by_the_name_of_the_product,
    data_source_reads_both_states,
];

const A: &str = "alicloud_cams_service.a";
const OPEN: &str = "OpenChatappService";
const STATUS: &str = "GetChatappOpenStatus";
const SITE: &str = "GetCustomerSite";

fn service(arguments: &str) -> String {
    format!("resource \"alicloud_cams_service\" \"a\" {{\n  {arguments}\n}}\n")
}

/// The default account, with or without the service.
fn account(context: &TestContext, subscribed: bool) -> TestResult {
    let mut account =
        Account::new(DEFAULT_ACCOUNT).with_key(DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET);
    account.subscribed = subscribed;
    Ok(context.emulator.put_account(account)?)
}

fn inactive_service_is_opened_once_and_left_open(context: &mut TestContext) -> TestResult {
    account(context, false)?;
    context.applied(&service(""))?;
    let object = context.object(A)?;
    equal("open_status", &object.values["open_status"], true)?;
    equal("site", object.text("site"), "international")?;
    context.emulator.clear_calls();
    context.plan(0)?;
    let calls = context.emulator.calls();
    let only_reads = calls
        .iter()
        .all(|call| [STATUS, SITE].contains(&&*call.action));
    equal("only reads", (only_reads, calls.is_empty()), (true, false))?;

    context.configure("")?;
    let output = context.apply()?.expecting(0)?;
    equal("in plan and apply", output.warnings().len(), 2)?;
    for warning in output.warnings() {
        contains(
            &warning.text(),
            &["stays active", "no operation deactivates"],
        )?;
    }
    context.applied(&service(""))?;
    equal("activations", context.calls(OPEN), 0)
}

fn active_service_is_not_opened_again(context: &mut TestContext) -> TestResult {
    context.applied(&service(""))?;
    equal("activations", context.calls(OPEN), 0)?;
    context.plan(0)?;
    Ok(())
}

fn deactivated_service_is_planned_as_a_create(context: &mut TestContext) -> TestResult {
    context.applied(&service(""))?;
    account(context, false)?;
    for form in [
        OpenStatusUnsubscribed::StatusFalse,
        OpenStatusUnsubscribed::Error,
    ] {
        context.emulator.set_behavior(|behavior| {
            behavior.service.open_status_unsubscribed = form;
        });
        let (plan, _) = context.plan(2)?;
        let change = plan.change(A).ok_or("no change of the resource")?;
        equal("actions", change.change.actions.as_slice(), ["create"])?;
    }
    context.apply()?.expecting(0)?;
    equal("activations", context.calls(OPEN), 1)?;
    context.plan(0)?;
    Ok(())
}

fn activation_of_unknown_outcome_is_looked_up(context: &mut TestContext) -> TestResult {
    account(context, false)?;
    let cut = Fault::new(OPEN, FaultKind::Cut).after();
    context.emulator.inject(cut.always())?;
    context.applied(&service("timeouts {\n    create = \"4s\"\n  }"))?;
    let open = &context.object(A)?.values["open_status"];
    equal("open_status", open, true)
}

fn refused_activation_is_an_error(context: &mut TestContext) -> TestResult {
    account(context, false)?;
    let denied = Fault::new(OPEN, FaultKind::denied()).always();
    context.emulator.inject(denied)?;
    context.configure(&service(""))?;
    let output = context.apply()?.expecting(1)?;
    let error = only_error(&output)?;
    equal(
        "summary",
        &*error.summary,
        "Cannot activate Chat App Message Service: permission denied",
    )?;
    contains(&error.text(), &["cams:OpenChatappService", "Code: "])?;
    equal("objects", context.directory.state()?.resources.len(), 0)
}

fn activation_that_is_not_shown_yet_is_a_warning(context: &mut TestContext) -> TestResult {
    account(context, false)?;
    context
        .emulator
        .set_behavior(|behavior| behavior.service.open_lag_queries = 1_000);
    let output = context.applied(&service(""))?;
    contains(
        &only_warning(&output)?.text(),
        &["does not show as active yet"],
    )?;
    let open = &context.object(A)?.values["open_status"];
    equal("open_status", open, false)
}

fn prevent_refuses_the_destruction(context: &mut TestContext) -> TestResult {
    context.applied(&service("deletion_policy = \"PREVENT\""))?;
    let output = context
        .directory
        .run(&["destroy", "-json", "-auto-approve"])?;
    let error = only_error(&output.expecting(1)?)?;
    contains(&error.text(), &["protected by deletion_policy"])
}

fn service_of_a_role_has_the_account_as_its_id(context: &mut TestContext) -> TestResult {
    const TENANT: &str = "2000000000000002";
    let user = format!("acs:ram::{DEFAULT_ACCOUNT}:user/terraform");
    let mut tenant = Account::new(TENANT).with_role(Role::new("onboarding", &[&user]));
    tenant.subscribed = false;
    context.emulator.put_account(tenant)?;
    let role = format!("acs:ram::{TENANT}:role/onboarding");
    let config = service(&format!("assume_role = {{ role_arn = \"{role}\" }}"));
    context.applied(&config)?;
    let created = context.object(A)?;
    equal("id", created.text("id"), TENANT)?;
    equal("account_id", created.text("account_id"), TENANT)?;
    context.plan(0)?;

    context.directory.run(&["state", "rm", A])?.expecting(0)?;
    let id = format!("{role}/cams");
    context.directory.run(&["import", A, &id])?.expecting(0)?;
    equal("the object", context.object(A)?, created)?;
    context.plan(0)?;
    Ok(())
}

fn service_is_imported_by_the_name_of_the_product(context: &mut TestContext) -> TestResult {
    context.configure(&service(""))?;
    let output = context
        .directory
        .run(&["import", "-no-color", A, "chatapp"])?
        .expecting(1)?;
    contains(&output.text(), &["Invalid import ID", "is cams"])?;
    equal("calls", context.emulator.calls().len(), 0)?;
    context
        .directory
        .run(&["import", A, "cams"])?
        .expecting(0)?;
    context.plan(0)?;
    context.directory.run(&["state", "rm", A])?.expecting(0)?;
    account(context, false)?;
    let output = context
        .directory
        .run(&["import", "-no-color", A, "cams"])?
        .expecting(1)?;
    contains(&output.text(), &["Nothing to import", "is not active"])
}

fn data_source_reads_both_states(context: &mut TestContext) -> TestResult {
    let source = "data \"alicloud_cams_service\" \"a\" {}\n";
    for (subscribed, site) in [(true, Some("international")), (false, None)] {
        account(context, subscribed)?;
        context.applied(source)?;
        let values = context.object("data.alicloud_cams_service.a")?.values;
        equal("open_status", &values["open_status"], subscribed)?;
        equal("site", values["site"].as_str(), site)?;
    }
    equal("activations", context.calls(OPEN), 0)
}
