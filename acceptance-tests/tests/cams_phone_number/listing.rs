//! Lists of phone numbers: the data source `alicloud_cams_phone_numbers`, and the list resource of `terraform query`.

use acceptance_tests::{
    acceptance::{Case, Failed, TestContext, TestResult, contains, equal, only_error},
    cases,
    emulator::{Fault, FaultKind, NewSpace, PhoneNumber},
};
use serde_json::{Value, json};

use crate::{LIST, NUMBER, READS, REGISTER, SPACE, WABA, bound};

pub(crate) const CASES: &[Case] = cases![listing:
    data_source_lists_and_filters_numbers,
    data_source_reads_verifications,
    data_source_refuses_a_list_that_is_not_whole,
    query_finds_numbers_and_writes_a_configuration_that_plans_empty needs Query,
    query_stops_at_the_limit needs Query,
];

/// Numbers of the WABA, sorted, and the status of each.
const NUMBERS: [(&str, &str); 3] = [
    ("4915100001", "BANNED"),
    (NUMBER, "CONNECTED"),
    ("8613800001", "PENDING"),
];

fn with_three_numbers(context: &TestContext) -> TestResult {
    bound(context)?;
    for (number, status) in NUMBERS {
        let mut signed_up = PhoneNumber::signed_up(number);
        signed_up.status = status.to_owned();
        context.emulator.put_phone_number(WABA, signed_up);
    }
    Ok(context.emulator.sync_phone_numbers(SPACE)?)
}

fn data_source(arguments: &str) -> String {
    format!(
        "data \"alicloud_cams_phone_numbers\" \"all\" {{\n  cust_space_id = \"{SPACE}\"\n  {arguments}\n}}\n"
    )
}

fn read_list(context: &TestContext, arguments: &str) -> Result<Value, Failed> {
    context.applied(&data_source(arguments))?;
    let object = context.object("data.alicloud_cams_phone_numbers.all")?;
    Ok(serde_json::to_value(&object.values)?)
}

/// The numbers of a result.
fn numbers(found: &Value) -> Vec<&str> {
    let rows = found["phone_numbers"].as_array().into_iter().flatten();
    rows.filter_map(|row| row["phone_number"].as_str())
        .collect()
}

fn data_source_lists_and_filters_numbers(context: &mut TestContext) -> TestResult {
    with_three_numbers(context)?;
    context.emulator.change_phone_copy(SPACE, NUMBER, |copy| {
        copy.up_callback_url = "https://shop.example\n".to_owned();
    });
    let found = read_list(context, "")?;
    let all: Vec<&str> = NUMBERS.iter().map(|(number, _)| *number).collect();
    equal("numbers", numbers(&found), all)?;
    equal("complete", &found["complete"], true)?;
    let id = format!("{SPACE}:{NUMBER}");
    equal("ids", &found["ids"][1], &*id)?;
    let row = &found["phone_numbers"][1];
    let expected = json!({
        "phone_number": NUMBER,
        "verified_name": "Shop",
        "registered": true,
        "status": "CONNECTED",
        "quality_rating": "GREEN",
        "messaging_limit_tier": "TIER_1K",
        "name_status": "Approval",
        "new_name_status": null,
        "code_verification_status": "VERIFIED",
        "is_official": "N",
        "status_callback_url": null,
        "up_callback_url": "https://shop.example",
        "status_queue": null,
        "up_queue": null,
        "calling": null,
        "phone_number_id": null,
        "verification": null,
    });
    equal("the row", row, &expected)?;
    let registered: Vec<&Value> = found["phone_numbers"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| &row["registered"])
        .collect();
    equal("registered", json!(registered), json!([null, true, false]))?;
    for (arguments, expected) in [
        (
            format!("phone_number_filter = [\"{NUMBER}\", \"1\"]"),
            vec![NUMBER],
        ),
        (
            "statuses = [\"PENDING\", \"BANNED\"]".to_owned(),
            vec!["4915100001", "8613800001"],
        ),
        ("statuses = []".to_owned(), vec![]),
    ] {
        equal(
            &arguments,
            numbers(&read_list(context, &arguments)?),
            expected,
        )?;
    }
    let calls = context.emulator.calls();
    let only_reads = calls.iter().all(|call| READS.contains(&&*call.action));
    equal("only reads", only_reads, true)
}

fn data_source_reads_verifications(context: &mut TestContext) -> TestResult {
    with_three_numbers(context)?;
    context
        .emulator
        .change_phone_number(WABA, NUMBER, |number| {
            number.verified = false;
            number.expired = true;
        });
    let verification = "GetPhoneNumberVerificationStatus";
    let refused = FaultKind::Error {
        status: 400,
        code: "X.Refused".to_owned(),
        message: "no".to_owned(),
        retry_after_ms: None,
    };
    let refused = Fault::new(verification, refused).always();
    context
        .emulator
        .inject(refused.with_parameter("PhoneNumber", "8613800001"))?;
    let found = read_list(context, "with_verification = true")?;
    let row = &found["phone_numbers"][1];
    equal("verification", &row["verification"], "EXPIRED")?;
    equal("ID", &row["phone_number_id"], "100006580000001")?;
    equal("complete", &found["complete"], false)?;
    let unreadable = json!([{"phone_number": "8613800001", "code": "X.Refused"}]);
    equal("unreadable", &found["unreadable"], &unreadable)?;

    context.emulator.clear_faults();
    let denied = Fault::new(verification, FaultKind::denied()).always();
    context.emulator.inject(denied)?;
    let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
    let error = only_error(&output)?;
    contains(
        &error.text(),
        &[
            "Cannot read the verification of 4915100001",
            "cams:GetPhoneNumberVerificationStatus",
        ],
    )
}

fn data_source_refuses_a_list_that_is_not_whole(context: &mut TestContext) -> TestResult {
    with_three_numbers(context)?;
    context.configure(&data_source(""))?;
    let fields = vec!["PhoneNumbers".to_owned()];
    let missing = Fault::new(LIST, FaultKind::MissingFields { fields });
    context.emulator.inject(missing.always())?;
    let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
    let error = only_error(&output)?;
    equal(
        "summary",
        &*error.summary,
        "Cannot read the phone numbers of space cams-sho…: unreadable response",
    )?;
    context.emulator.clear_faults();
    context.emulator.unbind(SPACE)?;
    let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["has no WABA", "Provider.SpaceWithoutWaba"],
    )
}

fn configure_query(context: &TestContext, arguments: &str) -> TestResult {
    context.configure("")?;
    let query = format!(
        "list \"alicloud_cams_phone_number\" \"all\" {{\n  provider = alicloud\n  {arguments}\n}}\n"
    );
    context.directory.write("found.tfquery.hcl", &query)?;
    Ok(())
}

fn query_finds_numbers_and_writes_a_configuration_that_plans_empty(
    context: &mut TestContext,
) -> TestResult {
    with_three_numbers(context)?;
    context.emulator.add_space(NewSpace {
        cust_space_id: Some("cams-empty000001".to_owned()),
        ..NewSpace::default()
    })?;
    configure_query(context, "include_resource = true")?;
    let output = context
        .directory
        .run(&["query", "-generate-config-out=found.tf"])?
        .expecting(0)?;
    contains(&output.text(), &[SPACE, NUMBER, "4915100001", "8613800001"])?;
    let output = context
        .directory
        .run(&["plan", "-detailed-exitcode", "-out=plan"])?
        .expecting(2)?;
    contains(
        &output.text(),
        &["3 to import, 0 to add, 0 to change, 0 to destroy"],
    )?;
    context.directory.run(&["apply", "plan"])?.expecting(0)?;
    context.directory.plan(&[])?.output.expecting(0)?;
    equal("registrations", context.calls(REGISTER), 0)
}

fn query_stops_at_the_limit(context: &mut TestContext) -> TestResult {
    with_three_numbers(context)?;
    configure_query(
        context,
        &format!("limit = 2\n  config {{\n    cust_space_ids = [\"{SPACE}\"]\n  }}"),
    )?;
    let output = context.directory.run(&["query"])?.expecting(0)?;
    equal("numbers", output.text().matches("phone_number=").count(), 2)?;
    equal("lists of spaces", context.calls("ListInstance"), 0)
}
