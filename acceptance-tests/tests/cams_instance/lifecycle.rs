//! Create, refresh, drift, change in place, import.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_error, only_warning},
    cases,
    emulator::{DEFAULT_ACCOUNT, Fault, FaultKind, Omitted, Space},
};
use serde_json::json;

use crate::{A, CREATE, LIST, MOVE, QUERY, UPDATE, instance};

pub(crate) const CASES: &[Case] = cases![lifecycle:
    created_instance_plans_empty_and_is_only_read,
    drift_of_each_argument_is_planned_and_healed,
    arguments_change_in_place_and_a_group_by_a_move,
    arguments_that_leave_the_configuration_stay_as_they_are,
    failed_move_keeps_what_was_changed_before,
    lagging_read_after_a_change_is_waited_for_or_warned_about,
    instance_of_a_binding_is_imported_and_named,
    instance_is_imported_by_identity needs ImportByIdentity,
    unknown_instances_and_invalid_ids_are_errors,
    refused_creates_and_reads_are_errors,
];

/// What somebody changes of a space outside of Terraform.
type Change = fn(&mut Space);

/// The one instance of the account.
fn only_instance(context: &TestContext) -> Result<Space, acceptance_tests::acceptance::Failed> {
    match context.emulator.spaces(DEFAULT_ACCOUNT).as_slice() {
        [space] => Ok(space.clone()),
        spaces => Err(format!("{} instances", spaces.len()).into()),
    }
}

fn created_instance_plans_empty_and_is_only_read(context: &mut TestContext) -> TestResult {
    let arguments =
        "contact_mail = \"shop@example.com\"\n  country_id = \"\"\n  is_confirm_audit = \"Y\"";
    context.applied(&instance(arguments))?;
    let object = context.object(A)?;
    let made = only_instance(context)?;
    equal("id", object.text("id"), &made.instance_id)?;
    equal(
        "cust_space_id",
        object.text("cust_space_id"),
        &made.cust_space_id,
    )?;
    equal("state", object.text("state"), "published")?;
    equal("cust_type", object.text("cust_type"), "01")?;
    equal(
        "resource_group_id",
        object.text("resource_group_id"),
        "rg-emulated",
    )?;
    equal("country_id", object.text("country_id"), "")?;
    equal("isv_terms", object.values["isv_terms"].is_null(), true)?;
    context.emulator.clear_calls();
    context.plan(0)?;
    let refresh_only = ["-refresh-only"];
    context.directory.plan(&refresh_only)?.output.expecting(0)?;
    let calls = context.emulator.calls();
    let only_reads = calls
        .iter()
        .all(|call| [QUERY, LIST].contains(&&*call.action));
    equal("only reads", (only_reads, calls.len()), (true, 4))
}

fn drift_of_each_argument_is_planned_and_healed(context: &mut TestContext) -> TestResult {
    let arguments = "instance_description = \"d\"\n  contact_mail = \"m\"\n  country_id = \"c\"\n  office_address = \
                     \"o\"\n  facebook_bm_id = \"f\"\n  isv_terms = \"t\"\n  resource_group_id = \"rg-1\"";
    context.applied(&instance(arguments))?;
    let id = only_instance(context)?.cust_space_id;
    let drifts: [(&str, Change); 8] = [
        ("instance_name", |it| it.instance_name = "x".to_owned()),
        ("instance_description", |it| {
            it.details.instance_description = "x".to_owned()
        }),
        ("contact_mail", |it| it.details.contact_mail = String::new()),
        ("country_id", |it| it.details.country_id = "x".to_owned()),
        ("office_address", |it| {
            it.details.office_address = "x".to_owned()
        }),
        ("facebook_bm_id", |it| {
            it.details.facebook_bm_id = "x".to_owned()
        }),
        ("isv_terms", |it| it.details.isv_terms = "x".to_owned()),
        ("resource_group_id", |it| {
            it.details.resource_group_id = "x".to_owned()
        }),
    ];
    let before = context.emulator.space(&id);
    for (name, drift) in drifts {
        equal(
            "the instance",
            context.emulator.change_space(&id, drift),
            true,
        )?;
        let (plan, _) = context.plan(2)?;
        let change = &plan.change(A).ok_or("no change of the resource")?.change;
        equal(name, change.actions.as_slice(), ["update"])?;
        equal("changed", change.changed(), vec![name])?;
        context.apply()?.expecting(0)?;
        equal(
            format!("{name} is healed"),
            context.emulator.space(&id),
            before.clone(),
        )?;
    }
    // A state of the instance is computed: it shows where only a refresh is asked for.
    context
        .emulator
        .change_space(&id, |it| it.state = "frozen".to_owned());
    context.plan(0)?;
    context
        .directory
        .plan(&["-refresh-only"])?
        .output
        .expecting(2)?;
    Ok(())
}

fn arguments_change_in_place_and_a_group_by_a_move(context: &mut TestContext) -> TestResult {
    context.applied(&instance(""))?;
    let id = only_instance(context)?.cust_space_id;
    context.emulator.clear_calls();
    context.applied(&instance("contact_mail = \"a@example.com\""))?;
    equal(
        "updates and moves",
        (context.calls(UPDATE), context.calls(MOVE)),
        (1, 0),
    )?;
    context.applied(&instance(
        "contact_mail = \"a@example.com\"\n  resource_group_id = \"rg-2\"",
    ))?;
    equal(
        "updates and moves",
        (context.calls(UPDATE), context.calls(MOVE)),
        (1, 1),
    )?;
    // Only Terraform's own: nothing is sent.
    context.applied(&instance(
        "contact_mail = \"a@example.com\"\n  resource_group_id = \"rg-2\"\n  deletion_policy = \"ABANDON\"",
    ))?;
    equal(
        "updates and moves",
        (context.calls(UPDATE), context.calls(MOVE)),
        (1, 1),
    )?;
    let changed = context.emulator.space(&id).ok_or("no instance")?.details;
    equal(
        "the instance",
        (changed.contact_mail, changed.resource_group_id),
        ("a@example.com".to_owned(), "rg-2".to_owned()),
    )?;
    context.plan(0)?;
    Ok(())
}

fn arguments_that_leave_the_configuration_stay_as_they_are(
    context: &mut TestContext,
) -> TestResult {
    // Even where the service clears what is left out.
    context.emulator.set_behavior(|behavior| {
        behavior.instance.update_omitted = Omitted::Clear;
    });
    context.applied(&instance("contact_mail = \"m\"\n  country_id = \"SG\""))?;
    context.applied(&instance("country_id = \"MY\""))?;
    let made = only_instance(context)?.details;
    equal("contact_mail", &*made.contact_mail, "m")?;
    equal("in the state", context.object(A)?.text("contact_mail"), "m")?;
    context.applied(&instance("contact_mail = \"\"\n  country_id = \"MY\""))?;
    equal(
        "cleared",
        &*only_instance(context)?.details.contact_mail,
        "",
    )?;
    context.plan(0)?;
    Ok(())
}

fn failed_move_keeps_what_was_changed_before(context: &mut TestContext) -> TestResult {
    context.applied(&instance(""))?;
    context
        .emulator
        .inject(Fault::new(MOVE, FaultKind::denied()).always())?;
    context.configure(&instance(
        "contact_mail = \"m\"\n  resource_group_id = \"rg-2\"",
    ))?;
    let output = context.apply()?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["Cannot change instance", "cams:ChangeResourceGroup"],
    )?;
    let object = context.object(A)?;
    equal("contact_mail", object.text("contact_mail"), "m")?;
    equal(
        "resource_group_id",
        object.text("resource_group_id"),
        "rg-emulated",
    )?;
    context.emulator.clear_faults();
    let (plan, _) = context.plan(2)?;
    let change = &plan.change(A).ok_or("no change")?.change;
    equal("changed", change.changed(), vec!["resource_group_id"])
}

fn lagging_read_after_a_change_is_waited_for_or_warned_about(
    context: &mut TestContext,
) -> TestResult {
    context.applied(&instance(""))?;
    context
        .emulator
        .set_behavior(|behavior| behavior.instance.update_lag_reads = 2);
    let output = context.applied(&instance("contact_mail = \"m\""))?;
    equal("warnings", output.warnings().len(), 0)?;
    context
        .emulator
        .set_behavior(|behavior| behavior.instance.update_lag_reads = 1_000);
    let output = context.applied(&instance("contact_mail = \"n\""))?;
    contains(
        &only_warning(&output)?.text(),
        &["does not show all that was sent", "contact_mail"],
    )?;
    equal("the state", context.object(A)?.text("contact_mail"), "n")
}

fn instance_of_a_binding_is_imported_and_named(context: &mut TestContext) -> TestResult {
    let binding =
        "resource \"alicloud_cams_waba_binding\" \"a\" {\n  waba_id = \"100000000000001\"\n}\n";
    context.applied(binding)?;
    let space = only_instance(context)?;
    context.configure(&format!("{binding}{}", instance("")))?;
    context
        .directory
        .run(&["import", A, &space.instance_id])?
        .expecting(0)?;
    let (plan, _) = context.plan(2)?;
    let change = &plan.change(A).ok_or("no change")?.change;
    equal(
        "the import differs in its name",
        change.changed(),
        vec!["instance_name"],
    )?;
    context.apply()?.expecting(0)?;
    equal("the name", &*only_instance(context)?.instance_name, "shop")?;
    equal("creates", context.calls(CREATE), 0)?;
    context.plan(0)?;
    Ok(())
}

fn instance_is_imported_by_identity(context: &mut TestContext) -> TestResult {
    context.applied(&instance(""))?;
    let created = context.object(A)?;
    context.directory.run(&["state", "rm", A])?.expecting(0)?;
    let block = format!(
        "import {{\n  to = {A}\n  identity = {{ instance_id = \"{}\" }}\n}}\n",
        created.text("id")
    );
    context.configure(&format!("{}{block}", instance("")))?;
    context.apply()?.expecting(0)?;
    equal("the object", context.object(A)?, created)?;
    context.plan(0)?;
    Ok(())
}

fn unknown_instances_and_invalid_ids_are_errors(context: &mut TestContext) -> TestResult {
    context.configure(&instance(""))?;
    let import = |id: &str| context.directory.run(&["import", "-no-color", A, id]);
    contains(
        &import("cams-none")?.expecting(1)?.text(),
        &["Nothing to import", "cams-none"],
    )?;
    context.emulator.clear_calls();
    contains(
        &import("a:b")?.expecting(1)?.text(),
        &["Invalid import ID", "must be the ID of an instance"],
    )?;
    equal("calls", context.emulator.calls().len(), 0)
}

fn refused_creates_and_reads_are_errors(context: &mut TestContext) -> TestResult {
    let fax = instance("").replace("\"whatsapp\"", "\"fax\"");
    context.configure(&fax)?;
    let output = context.apply()?.expecting(1)?;
    let error = only_error(&output)?;
    equal(
        "summary",
        &*error.summary,
        "Cannot create instance \"shop\": the channel type is not supported",
    )?;
    contains(&error.text(), &["InvalidParameter.ChannelTypeNotSupport"])?;
    for (action, code) in [(LIST, "cams:ListInstance"), (CREATE, "cams:CreateInstance")] {
        context
            .emulator
            .inject(Fault::new(action, FaultKind::denied()).always())?;
        context.configure(&instance(""))?;
        let output = context.apply()?.expecting(1)?;
        contains(&only_error(&output)?.text(), &[code])?;
        context.emulator.clear_faults();
    }
    equal(
        "instances",
        context.emulator.spaces(DEFAULT_ACCOUNT).len(),
        0,
    )?;
    context.applied(&instance(""))?;
    context
        .emulator
        .inject(Fault::new(QUERY, FaultKind::denied()).always())?;
    let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["Cannot read instance", "stays in the state"],
    )?;
    context.emulator.clear_faults();
    let throttle = FaultKind::Throttle {
        code: "System.LimitControl".to_owned(),
        status: 400,
        retry_after_ms: Some(50),
    };
    for action in [QUERY, LIST] {
        context
            .emulator
            .inject(Fault::new(action, throttle.clone()))?;
    }
    context.plan(0)?;
    let names = json!([QUERY, LIST]);
    equal(
        format!("retried {names}"),
        context.emulator.faults().len(),
        0,
    )
}
