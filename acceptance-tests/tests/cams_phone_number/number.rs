//! The whole life of a phone number.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_error, only_warning},
    cases,
    emulator::{CallingKeysPlace, Fault, FaultKind, PhoneNumber, RowWords},
};
use serde_json::{Value, json};

use crate::{
    LIST, NUMBER, REGISTER, SPACE, SYNC, WABA, bound, plan_only_reads, resource, with_numbers,
};

pub(crate) const CASES: &[Case] = cases![number:
    number_is_synchronised_and_registered,
    listed_number_needs_no_synchronisation,
    registration_none_only_reads,
    lost_registration_is_planned_and_made_again,
    unknown_statuses_are_left_alone,
    quality_and_tier_are_computed_drift,
    unverified_number_warns_then_fails_the_update,
    pending_number_is_left_alone_after_a_registration,
    missing_number_is_added_once,
    display_name_cannot_be_changed,
    destroying_abandons_deregisters_or_refuses,
    deregister_does_not_undo_what_the_run_has_written,
    import_registers_nothing,
    missing_number_is_gone_and_unbound_space_is_an_error,
    register_is_retried_once_at_most,
    failed_registration_does_not_taint,
];

const A: &str = "alicloud_cams_phone_number.a";
const ADD: &str = "AddChatappPhoneNumber";

fn number(arguments: &str) -> String {
    resource("phone_number", arguments)
}

fn change(context: &TestContext, change: impl FnOnce(&mut PhoneNumber)) -> TestResult {
    context.emulator.change_phone_number(WABA, NUMBER, change);
    Ok(context.emulator.sync_phone_numbers(SPACE)?)
}

fn number_is_synchronised_and_registered(context: &mut TestContext) -> TestResult {
    bound(context)?;
    let output = context.applied(&number(""))?;
    equal("warnings", output.warnings().len(), 0)?;
    let object = context.object(A)?;
    let expected = json!({
        "id": format!("{SPACE}:{NUMBER}"),
        "cust_space_id": SPACE,
        "phone_number": NUMBER,
        "country_code": null,
        "verified_name": "Business 0001",
        "registration": "MANAGED",
        "isv_code": null,
        "registered": true,
        "status": "CONNECTED",
        "quality_rating": "GREEN",
        "messaging_limit_tier": "TIER_1K",
        "name_status": "Approval",
        "new_name_status": null,
        "code_verification_status": "VERIFIED",
        "is_official": "N",
        "phone_number_id": "100006580000001",
        "calling": null,
        "deletion_policy": "ABANDON",
        "timeouts": null,
        "account_id": null,
        "assume_role": null,
    });
    equal("the object", Value::Object(object.values), expected)?;
    equal("synchronisations", context.calls(SYNC), 1)?;
    equal("registrations", context.calls(REGISTER), 1)?;
    let (plan, _) = plan_only_reads(context, 0)?;
    equal("drift", plan.resource_drift.len(), 0)
}

fn listed_number_needs_no_synchronisation(context: &mut TestContext) -> TestResult {
    bound(context)?;
    change(context, |number| {
        number.status = "CONNECTED".to_owned();
        number.calling_configure = Some(json!({
            "MaxTalkTime": 60,
            "Calling": {
                "Status": "ENABLED",
                "CallIconVisibility": "DEFAULT",
                "CallHours": {"WeeklyOperatingHours": [{"DayOfWeek": "MONDAY", "OpenTime": "0900", "CloseTime": "1700"}]},
            },
        }));
    })?;
    for place in [CallingKeysPlace::Calling, CallingKeysPlace::CallHours] {
        context
            .emulator
            .set_behavior(|behavior| behavior.phone_number.calling_keys_place = place);
        context.applied(&number(""))?;
        let calling = &context.object(A)?.values["calling"];
        equal(
            "the call button",
            &calling["call_icon_visibility"],
            "DEFAULT",
        )?;
        equal("the longest call", &calling["max_talk_time"], 60)?;
        let hours = &calling["call_hours"]["weekly_operating_hours"];
        equal("hours", &hours[0]["close_time"], "1700")?;
        plan_only_reads(context, 0)?;
    }
    equal("synchronisations", context.calls(SYNC), 0)?;
    equal("registrations", context.calls(REGISTER), 0)
}

fn registration_none_only_reads(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    context.applied(&number("registration = \"NONE\""))?;
    equal(
        "registered",
        &context.object(A)?.values["registered"],
        false,
    )?;
    plan_only_reads(context, 0)?;
    equal("registrations", context.calls(REGISTER), 0)?;
    // In place, and visible in the plan before.
    context.configure(&number("timeouts {\n    update = \"1m\"\n  }"))?;
    let (plan, _) = plan_only_reads(context, 2)?;
    let planned = &plan.change(A).ok_or("no change of the resource")?.change;
    equal("actions", planned.actions.as_slice(), ["update"])?;
    equal(
        "registered",
        planned.unknown().contains(&"registered"),
        true,
    )?;
    context.apply()?.expecting(0)?;
    equal("registered", &context.object(A)?.values["registered"], true)?;
    equal("registrations", context.calls(REGISTER), 1)?;
    plan_only_reads(context, 0)?;
    context.applied(&number(
        "registration = \"NONE\"\n  isv_code = \"x\"\n  deletion_policy = \"PREVENT\"",
    ))?;
    plan_only_reads(context, 0)?;
    equal("registrations", context.calls(REGISTER), 1)
}

fn lost_registration_is_planned_and_made_again(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    context.applied(&number(""))?;
    change(context, |number| number.status = "DISCONNECTED".to_owned())?;
    let (plan, _) = plan_only_reads(context, 2)?;
    let planned = &plan.change(A).ok_or("no change of the resource")?.change;
    equal("actions", planned.actions.as_slice(), ["update"])?;
    equal("unknown", planned.unknown().contains(&"registered"), true)?;
    context.apply()?.expecting(0)?;
    equal("registered", &context.object(A)?.values["registered"], true)?;
    plan_only_reads(context, 0)?;
    equal("registrations", context.calls(REGISTER), 2)
}

fn unknown_statuses_are_left_alone(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    context.applied(&number(""))?;
    for status in ["MIGRATED", "BANNED", "A_NEW_WORD"] {
        change(context, |number| number.status = status.to_owned())?;
        let (_, output) = plan_only_reads(context, 0)?;
        let warning = only_warning(&output)?;
        contains(
            &warning.text(),
            &[status, "does not register", "Nothing is done about it"],
        )?;
        context.apply()?.expecting(0)?;
        equal(
            "registered",
            &context.object(A)?.values["registered"],
            &Value::Null,
        )?;
    }
    // The other documented word for a lost connection is none of those that a registration repairs.
    context
        .emulator
        .set_behavior(|behavior| behavior.phone_number.row_words = RowWords::Newer);
    change(context, |number| number.status = "DISCONNECTED".to_owned())?;
    let (_, output) = plan_only_reads(context, 0)?;
    contains(&only_warning(&output)?.text(), &["OFFLINE"])?;
    equal("registrations", context.calls(REGISTER), 1)
}

fn quality_and_tier_are_computed_drift(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    context.applied(&number(""))?;
    change(context, |number| {
        number.quality_rating = Some("RED".to_owned());
        number.messaging_limit_tier = None;
        number.name_status = Some("Rejected".to_owned());
    })?;
    let (plan, _) = plan_only_reads(context, 0)?;
    equal("drift", plan.resource_drift.len(), 1)?;
    let refresh = ["plan", "-refresh-only", "-detailed-exitcode"];
    context.directory.run(&refresh)?.expecting(2)?;
    context.apply()?.expecting(0)?;
    let object = context.object(A)?;
    equal("quality", object.text("quality_rating"), "RED")?;
    equal("tier", &object.values["messaging_limit_tier"], &Value::Null)
}

fn unverified_number_warns_then_fails_the_update(context: &mut TestContext) -> TestResult {
    bound(context)?;
    context
        .emulator
        .put_phone_number(WABA, PhoneNumber::unverified(NUMBER));
    let output = context.applied(&number(""))?;
    let warning = only_warning(&output)?;
    equal(
        "summary",
        &*warning.summary,
        "Phone number 6580000001 is not verified",
    )?;
    contains(
        &warning.text(),
        &[
            "NOT_VERIFIED",
            "alicloud_cams_request_verification_code",
            "aliyun cams GetChatappVerifyCode --CustSpaceId cams-shop0000001 \\",
            "--PhoneNumber 6580000001 --Locale en_US --Method sms",
            "alicloud_cams_verify_phone_number",
        ],
    )?;
    let object = context.object(A)?;
    equal("tainted", object.tainted, false)?;
    equal("registered", &object.values["registered"], false)?;
    equal("registrations", context.calls(REGISTER), 0)?;

    // The missing registration shows in each plan, and fails each apply, without a taint.
    plan_only_reads(context, 2)?;
    let output = context.apply()?.expecting(1)?;
    let error = only_error(&output)?;
    contains(
        &error.text(),
        &[
            "is not verified",
            "Provider.PhoneNumberNotVerified",
            "registration =",
        ],
    )?;
    equal("tainted", context.object(A)?.tainted, false)?;
    equal("registrations", context.calls(REGISTER), 0)?;

    context
        .emulator
        .change_phone_number(WABA, NUMBER, |number| number.verified = true);
    context.apply()?.expecting(0)?;
    equal("registered", &context.object(A)?.values["registered"], true)?;
    plan_only_reads(context, 0)?;
    Ok(())
}

fn pending_number_is_left_alone_after_a_registration(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    context
        .emulator
        .set_behavior(|behavior| behavior.phone_number.connect_lag_ms = u64::MAX);
    let arguments = "timeouts {\n    create = \"4s\"\n    update = \"4s\"\n  }";
    let output = context.applied(&number(arguments))?;
    let warning = only_warning(&output)?;
    equal(
        "summary",
        &*warning.summary,
        "Phone number 6580000001 is not connected yet",
    )?;
    contains(&warning.text(), &["timeouts.create", "ten minutes"])?;
    let object = context.object(A)?;
    equal("tainted", object.tainted, false)?;
    equal("status", object.text("status"), "PENDING")?;
    // Also in plans without a refresh.
    plan_only_reads(context, 0)?;
    context
        .directory
        .run(&["plan", "-refresh=false", "-detailed-exitcode"])?
        .expecting(0)?;
    equal("registrations", context.calls(REGISTER), 1)?;
    context
        .emulator
        .set_behavior(|behavior| behavior.phone_number.connect_lag_ms = 0);
    change(context, |_| {})?;
    context.apply()?.expecting(0)?;
    equal("registered", &context.object(A)?.values["registered"], true)?;
    equal("registrations", context.calls(REGISTER), 1)
}

fn missing_number_is_added_once(context: &mut TestContext) -> TestResult {
    bound(context)?;
    let other = "6591234567";
    let of = |arguments: &str| number(arguments).replace(NUMBER, other);
    context.configure(&of(""))?;
    let output = context.apply()?.expecting(1)?;
    let error = only_error(&output)?;
    equal(
        "summary",
        &*error.summary,
        "Phone number 6591234567 is not in the WABA",
    )?;
    contains(
        &error.text(),
        &[
            "country_code",
            "verified_name",
            "signup",
            "Provider.PhoneNumberNotFound",
        ],
    )?;
    equal("adds", context.calls(ADD), 0)?;
    equal("objects", context.directory.state()?.resources.len(), 0)?;

    context.configure(&of("country_code = \"49\"\n  verified_name = \"Shop\""))?;
    let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["country_code is not the beginning"],
    )?;

    // The response of the add is lost; the number is there.
    let arguments = "country_code = \"65\"\n  verified_name = \"Shop\"";
    context
        .emulator
        .inject(Fault::new(ADD, FaultKind::Cut).after())?;
    let output = context.applied(&of(arguments))?;
    let messages: String = output
        .warnings()
        .iter()
        .map(|warning| warning.text())
        .collect();
    contains(
        &messages,
        &["was added, but the response was lost", "is not verified"],
    )?;
    equal("adds", context.calls(ADD), 1)?;
    let object = context.object(A)?;
    equal("name", object.text("verified_name"), "Shop")?;
    equal("tainted", object.tainted, false)?;

    // The request of the add is lost.
    let third = "6591234568";
    context.directory.run(&["state", "rm", A])?.expecting(0)?;
    context.emulator.inject(Fault::new(ADD, FaultKind::Cut))?;
    context.configure(&number(arguments).replace(NUMBER, third))?;
    let output = context.apply()?.expecting(1)?;
    let error = only_error(&output)?;
    equal(
        "summary",
        &*error.summary,
        "It is unknown whether 6591234568 was added",
    )?;
    contains(
        &error.text(),
        &["Provider.OutcomeUnknown", &format!("{SPACE}:{third}")],
    )?;
    equal("adds", context.calls(ADD), 2)?;
    context
        .emulator
        .set_behavior(|behavior| behavior.phone_number.add_visible_at_once = false);
    context.apply()?.expecting(0)?;
    equal("adds", context.calls(ADD), 3)?;
    equal("status", context.object(A)?.text("status"), "UNVERIFIED")
}

fn display_name_cannot_be_changed(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    context.applied(&number("verified_name = \"Business 0001\""))?;
    plan_only_reads(context, 0)?;
    context.configure(&number("verified_name = \"Better\""))?;
    let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
    let error = only_error(&output)?;
    equal(
        "summary",
        &*error.summary,
        "Cannot change the display name of 6580000001",
    )?;
    contains(
        &error.text(),
        &["Provider.VerifiedNameCannotChange", "Business 0001"],
    )?;
    // Meta has approved another name.
    context.configure(&number("verified_name = \"Business 0001\""))?;
    change(context, |number| {
        number.verified_name = Some("Better".to_owned())
    })?;
    let (plan, output) = plan_only_reads(context, 0)?;
    equal("drift", plan.resource_drift.len(), 1)?;
    contains(
        &only_warning(&output)?.text(),
        &["has another display name", "Better"],
    )?;
    context.applied(&number("verified_name = \"Better\""))?;
    let (_, output) = plan_only_reads(context, 0)?;
    equal("warnings", output.warnings().len(), 0)
}

fn destroying_abandons_deregisters_or_refuses(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    let status = |context: &TestContext| {
        let number = context.emulator.phone_number(WABA, NUMBER);
        number.map(|number| number.status).unwrap_or_default()
    };
    let destroy = ["destroy", "-json", "-auto-approve"];
    context.applied(&number("deletion_policy = \"PREVENT\""))?;
    let output = context.directory.run(&destroy)?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["Provider.DeletionPrevented", "\"DEREGISTER\""],
    )?;

    context.applied(&number(""))?;
    let output = context.directory.run(&destroy)?.expecting(0)?;
    let messages: String = output
        .warnings()
        .iter()
        .map(|warning| warning.text())
        .collect();
    contains(
        &messages,
        &[
            "Destroyed phone numbers stay in the cloud",
            "stays registered",
        ],
    )?;
    equal("status", status(context), "CONNECTED")?;

    context.applied(&number("deletion_policy = \"DEREGISTER\""))?;
    let output = context.directory.run(&destroy)?.expecting(0)?;
    equal("warnings", output.warnings().len(), 0)?;
    equal("status", status(context), "DISCONNECTED")?;
    // It can be registered again.
    context.applied(&number(""))?;
    equal("status", status(context), "CONNECTED")
}

fn deregister_does_not_undo_what_the_run_has_written(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    let status = |context: &TestContext| {
        let number = context.emulator.phone_number(WABA, NUMBER);
        number.map(|number| number.status).unwrap_or_default()
    };
    let deregister = "deletion_policy = \"DEREGISTER\"";
    context.applied(&number(deregister))?;
    let replace = format!("-replace={A}");
    let replace = ["apply", "-json", "-auto-approve", &replace];
    // Destroyed, then created: it is registered again.
    context.directory.run(&replace)?.expecting(0)?;
    equal("registrations", context.calls(REGISTER), 2)?;
    equal("status", status(context), "CONNECTED")?;

    // A dependent with `create_before_destroy` hands that down.
    let code = format!(
        "resource \"alicloud_cams_phone_message_qrdl\" \"a\" {{\n  cust_space_id = {A}.cust_space_id\n  phone_number = \
         {A}.phone_number\n  prefilled_message = \"Hi\"\n  generate_qr_image = \"PNG\"\n  lifecycle {{\n    \
         create_before_destroy = true\n  }}\n}}\n"
    );
    context.applied(&format!("{}{code}", number(deregister)))?;
    let output = context.directory.run(&replace)?.expecting(0)?;
    equal(
        "summary",
        &*only_warning(&output)?.summary,
        "Phone number 6580000001 was left as it is",
    )?;
    equal("status", status(context), "CONNECTED")?;

    // Renamed without a `moved` block, and declared twice.
    let renamed = number(deregister).replace("\" \"a\" {", "\" \"b\" {");
    context.applied(&renamed)?;
    equal("status", status(context), "CONNECTED")?;
    plan_only_reads(context, 0)?;
    let third = renamed.replace("\" \"b\" {", "\" \"c\" {");
    context.directory = context.directory_with_the_provider()?;
    context.configure(&format!("{renamed}{third}"))?;
    let error = only_error(&context.apply()?.expecting(1)?)?;
    equal(
        "summary",
        &*error.summary,
        "Two resources manage phone number 6580000001",
    )
}

fn import_registers_nothing(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    context.configure(&number("registration = \"NONE\""))?;
    let id = format!("{SPACE}:{NUMBER}");
    context.directory.run(&["import", A, &id])?.expecting(0)?;
    let object = context.object(A)?;
    equal("registration", object.text("registration"), "NONE")?;
    equal(
        "ID at Meta",
        object.text("phone_number_id"),
        "100006580000001",
    )?;
    plan_only_reads(context, 0)?;
    // With `country_code`, nothing is replaced.
    context.configure(&number("country_code = \"65\""))?;
    let (plan, _) = plan_only_reads(context, 2)?;
    let planned = &plan.change(A).ok_or("no change of the resource")?.change;
    equal("actions", planned.actions.as_slice(), ["update"])?;
    context.apply()?.expecting(0)?;
    equal("registrations", context.calls(REGISTER), 1)?;

    let directory = context.directory_with_the_provider()?;
    directory.write("main.tf", &context.directory.read("main.tf")?)?;
    directory.run(&["import", A, &id])?.expecting(0)?;
    let state = directory.state()?;
    let imported = state.resource(A).ok_or("not imported")?;
    equal("registration", imported.text("registration"), "MANAGED")?;
    let directory = context.directory_with_the_provider()?;
    directory.write("main.tf", &context.directory.read("main.tf")?)?;
    let output = directory
        .run(&["import", A, &format!("{SPACE}:6580009999")])?
        .expecting(1)?;
    contains(&output.text(), &["Nothing to import", "6580009999"])
}

fn missing_number_is_gone_and_unbound_space_is_an_error(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    context.applied(&number(""))?;
    context.emulator.unbind(SPACE)?;
    let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["Provider.SpaceWithoutWaba", "stays in the state"],
    )?;
    context.emulator.rebind(SPACE, WABA)?;
    context
        .emulator
        .inject(Fault::new(LIST, FaultKind::denied()).always())?;
    let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["cams:QueryChatappPhoneNumbers", "stays in the state"],
    )?;
    context.emulator.clear_faults();
    context.emulator.remove_phone_number(WABA, NUMBER);
    let (_, output) = plan_only_reads(context, 2)?;
    contains(&output.text(), &["Phone number 6580000001 is gone"])
}

fn register_is_retried_once_at_most(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    // The response is lost, and the list shows that it took place.
    context
        .emulator
        .inject(Fault::new(REGISTER, FaultKind::Cut).after())?;
    let output = context.applied(&number(""))?;
    equal("warnings", output.warnings().len(), 0)?;
    equal("registrations", context.calls(REGISTER), 1)?;
    // The request is lost: once more, and no further.
    change(context, |number| number.status = "DISCONNECTED".to_owned())?;
    context
        .emulator
        .inject(Fault::new(REGISTER, FaultKind::Cut).always())?;
    let output = context.apply()?.expecting(1)?;
    let error = only_error(&output)?;
    equal(
        "summary",
        &*error.summary,
        "Cannot register phone number 6580000001: connection closed",
    )?;
    equal("registrations", context.calls(REGISTER), 3)?;
    contains(&error.text(), &["Attempts: 2 in "])?;
    equal("not retried", error.text().contains("Not retried"), false)?;
    equal("tainted", context.object(A)?.tainted, false)?;
    context.emulator.clear_faults();
    context.apply()?.expecting(0)?;
    plan_only_reads(context, 0)?;
    Ok(())
}

fn failed_registration_does_not_taint(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    change(context, |number| number.registrations = 10)?;
    let output = context.applied(&number(""))?;
    let warning = only_warning(&output)?;
    equal(
        "summary",
        &*warning.summary,
        "Phone number 6580000001 is not registered",
    )?;
    contains(&warning.text(), &["133016", "ten registrations"])?;
    equal("tainted", context.object(A)?.tainted, false)?;
    let output = context.apply()?.expecting(1)?;
    contains(&only_error(&output)?.text(), &["133016"])?;
    let throttle = FaultKind::Throttle {
        status: 429,
        code: "Throttling.User".to_owned(),
        retry_after_ms: Some(1),
    };
    change(context, |number| number.registrations = 0)?;
    context.emulator.inject(Fault::new(REGISTER, throttle))?;
    context.apply()?.expecting(0)?;
    plan_only_reads(context, 0)?;
    Ok(())
}
