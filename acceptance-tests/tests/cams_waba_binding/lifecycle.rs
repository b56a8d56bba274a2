//! Bindings without failures: create, no change, change in place, replace, many at once.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_warning},
    cases,
    emulator::{DEFAULT_ACCOUNT, Fault, FaultKind},
};
use serde_json::{Value, json};

use crate::{A, BIND, OTHER_WABA, QUERY, WABA, binding};

pub(crate) const CASES: &[Case] = cases![lifecycle:
    create_saves_the_attributes_of_the_service,
    create_plan_has_all_known_values,
    second_plan_is_empty,
    missing_response_fields_are_null,
    changed_waba_id_replaces_with_a_warning,
    isv_code_deletion_policy_and_timeouts_change_in_place,
    isv_code_is_sent_with_reads,
    for_each_sends_one_bind_for_each_key,
    waba_id_from_another_resource_is_planned_as_unknown,
    create_before_destroy_replaces,
    binding_is_found_after_state_rm,
    many_bindings_stay_within_the_rate_limit,
];

fn create_saves_the_attributes_of_the_service(context: &mut TestContext) -> TestResult {
    let output = context.applied(&binding(WABA, ""))?;
    equal("warnings", output.warnings().len(), 0)?;
    let object = context.object(A)?;
    let space = context.space_of(WABA)?;
    equal("tainted", object.tainted, false)?;
    let expected = json!({
        "id": space,
        "cust_space_id": space,
        "waba_id": WABA,
        "isv_code": null,
        "deletion_policy": "ABANDON",
        "existing_binding": "ADOPT",
        "timeouts": null,
        "account_id": null,
        "assume_role": null,
        "waba_name": "Business 0001",
        "account_review_status": "APPROVED",
        "business_id": "19290001",
        "business_name": "Business 0001 Ltd",
        "currency": "USD",
        "message_template_namespace": "93e6b26e_8a67_4163_a093_ebfe645a0001",
        "marketing_message_lite_status": "Y",
        "is_on_biz_app": "N",
        "primary_business_location": "SG",
        "auth_international_rate_eligibility": "{\"exception_countries\":[],\"start_time\":1721952000}",
    });
    let mut found = Value::Object(object.values);
    // The order of keys in the JSON text is not specified.
    let name = "auth_international_rate_eligibility";
    let parse =
        |object: &Value| serde_json::from_str::<Value>(object[name].as_str().unwrap_or_default());
    equal(name, parse(&found)?, parse(&expected)?)?;
    found[name] = expected[name].clone();
    equal("the object", found, expected)?;
    equal("binds", context.calls(BIND), 1)
}

fn create_plan_has_all_known_values(context: &mut TestContext) -> TestResult {
    context.configure(&binding(WABA, ""))?;
    let (plan, _) = context.plan(2)?;
    let change = &plan.change(A).ok_or("no change of the resource")?.change;
    equal("actions", change.actions.as_slice(), ["create"])?;
    equal("waba_id", &change.after["waba_id"], WABA)?;
    equal(
        "deletion_policy",
        &change.after["deletion_policy"],
        "ABANDON",
    )?;
    let unknown = change.unknown();
    for name in ["id", "cust_space_id", "waba_name", "account_review_status"] {
        equal(name, unknown.contains(&name), true)?;
    }
    // The plan of a create sends no request.
    equal("calls", context.emulator.calls().len(), 0)
}

fn second_plan_is_empty(context: &mut TestContext) -> TestResult {
    context.applied(&binding(
        WABA,
        "isv_code = \"code\"\n  timeouts {\n    read = \"90s\"\n  }",
    ))?;
    let (plan, output) = context.plan(0)?;
    equal("drift", plan.resource_drift.len(), 0)?;
    equal("warnings", output.warnings().len(), 0)?;
    equal("binds", context.calls(BIND), 1)
}

fn missing_response_fields_are_null(context: &mut TestContext) -> TestResult {
    let fields = ["Name", "BusinessId", "AuthInternationalRateEligibility"];
    let fields = fields.iter().map(|name| format!("Data.{name}")).collect();
    context
        .emulator
        .inject(Fault::new(QUERY, FaultKind::MissingFields { fields }).always())?;
    context.applied(&binding(WABA, ""))?;
    let object = context.object(A)?;
    for name in [
        "waba_name",
        "business_id",
        "auth_international_rate_eligibility",
    ] {
        equal(name, &object.values[name], &Value::Null)?;
    }
    equal("currency", object.text("currency"), "USD")?;
    context.plan(0)?;
    Ok(())
}

fn changed_waba_id_replaces_with_a_warning(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, ""))?;
    let old_space = context.space_of(WABA)?;
    context.configure(&binding(OTHER_WABA, ""))?;

    let (plan, output) = context.plan(2)?;
    let change = plan.change(A).ok_or("no change of the resource")?;
    equal(
        "actions",
        change.change.actions.as_slice(),
        ["delete", "create"],
    )?;
    equal(
        "replace_paths",
        change.change.replace_paths.as_slice(),
        [json!(["waba_id"])],
    )?;
    let warning = only_warning(&output)?;
    contains(
        &warning.text(),
        &[
            "Replacing leaves the old object in the cloud",
            WABA,
            &old_space,
            "Channel Management",
        ],
    )?;

    let output = context.apply()?.expecting(0)?;
    let messages: String = output
        .warnings()
        .iter()
        .map(|warning| warning.text())
        .collect();
    contains(
        &messages,
        &[
            "Destroyed WABA bindings stay in the cloud",
            WABA,
            &old_space,
        ],
    )?;
    let object = context.object(A)?;
    equal(
        "the new space",
        object.text("cust_space_id"),
        context.space_of(OTHER_WABA)?,
    )?;
    equal("the old space", context.space_of(WABA)?, old_space)?;
    context.plan(0)?;
    Ok(())
}

fn isv_code_deletion_policy_and_timeouts_change_in_place(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, ""))?;
    let created = context.object(A)?;
    for (arguments, changed) in [
        ("isv_code = \"one\"", "isv_code"),
        ("isv_code = \"two\"", "isv_code"),
        (
            "isv_code = \"two\"\n  deletion_policy = \"PREVENT\"",
            "deletion_policy",
        ),
        (
            "isv_code = \"two\"\n  deletion_policy = \"PREVENT\"\n  timeouts {\n    create = \"90s\"\n  }",
            "timeouts",
        ),
        (
            "isv_code = \"two\"\n  timeouts {\n    create = \"90s\"\n  }",
            "deletion_policy",
        ),
    ] {
        context.configure(&binding(WABA, arguments))?;
        let (plan, output) = context.plan(2)?;
        let change = &plan.change(A).ok_or("no change of the resource")?.change;
        equal("actions", change.actions.as_slice(), ["update"])?;
        equal("changed attributes", change.changed(), [changed])?;
        equal("unknown attributes", change.unknown(), Vec::<&str>::new())?;
        equal("warnings", output.warnings().len(), 0)?;
        let text = context.directory.run(&["plan"])?.expecting(0)?.text();
        contains(
            &text,
            &[
                "will be updated in-place",
                "0 to add, 1 to change, 0 to destroy",
            ],
        )?;
        equal(
            "(known after apply)",
            text.contains("known after apply"),
            false,
        )?;
        let reads = context.calls(QUERY);
        context
            .directory
            .run(&["apply", "-json", "-refresh=false", "-auto-approve"])?
            .expecting(0)?;
        equal("reads while updating", context.calls(QUERY), reads)?;
        context.plan(0)?;
    }
    equal("binds", context.calls(BIND), 1)?;
    equal(
        "the space",
        context.object(A)?.text("id"),
        created.text("id"),
    )
}

fn isv_code_is_sent_with_reads(context: &mut TestContext) -> TestResult {
    context
        .emulator
        .set_behavior(|behavior| behavior.space.isv_code = Some("sub-customer-7".to_owned()));
    context.applied(&binding(WABA, "isv_code = \"sub-customer-7\""))?;
    equal(
        "waba_name",
        context.object(A)?.text("waba_name"),
        "Business 0001",
    )?;
    context.plan(0)?;

    // Without the code the service refuses the read, and the object stays in the state.
    context.configure(&binding(WABA, "isv_code = \"wrong\""))?;
    context
        .directory
        .run(&["apply", "-refresh=false", "-auto-approve"])?
        .expecting(0)?;
    let output = context.directory.plan(&[])?.output.expecting(1)?;
    contains(
        &output.errors()[0].text(),
        &["Authentication.NoAuth", "stays in the state"],
    )
}

fn for_each_sends_one_bind_for_each_key(context: &mut TestContext) -> TestResult {
    context.applied(
        r#"
locals {
  wabas = { berlin = "100000000000001", lagos = "100000000000002", lima = "100000000000003" }
}
resource "alicloud_cams_waba_binding" "a" {
  for_each = local.wabas
  waba_id  = each.value
}
output "spaces" {
  value = { for name, binding in alicloud_cams_waba_binding.a : name => binding.cust_space_id }
}
"#,
    )?;
    let state = context.directory.state()?;
    equal("objects", state.resources.len(), 3)?;
    let spaces = json!({
        "berlin": context.space_of("100000000000001")?,
        "lagos": context.space_of("100000000000002")?,
        "lima": context.space_of("100000000000003")?,
    });
    equal("the output", &state.outputs["spaces"], &spaces)?;
    equal("binds", context.calls(BIND), 3)?;
    context.plan(0)?;
    Ok(())
}

fn waba_id_from_another_resource_is_planned_as_unknown(context: &mut TestContext) -> TestResult {
    context.configure(
        r#"
resource "terraform_data" "signup" {
  for_each = toset(["100000000000001", "100000000000002"])
  input    = each.value
}
resource "alicloud_cams_waba_binding" "a" {
  for_each = terraform_data.signup
  waba_id  = each.value.output
}
"#,
    )?;
    let (plan, _) = context.plan(2)?;
    for waba_id in [WABA, OTHER_WABA] {
        let address = format!("{A}[\"{waba_id}\"]");
        let change = &plan
            .change(&address)
            .ok_or("no change of the resource")?
            .change;
        equal("actions", change.actions.as_slice(), ["create"])?;
        equal(
            "waba_id is unknown",
            change.unknown().contains(&"waba_id"),
            true,
        )?;
    }
    context
        .directory
        .run(&["apply", "-json", "tfplan"])?
        .expecting(0)?;
    for waba_id in [WABA, OTHER_WABA] {
        let object = context.object(&format!("{A}[\"{waba_id}\"]"))?;
        equal("waba_id", object.text("waba_id"), waba_id)?;
        equal("the space", object.text("id"), context.space_of(waba_id)?)?;
    }
    context.plan(0)?;
    Ok(())
}

fn create_before_destroy_replaces(context: &mut TestContext) -> TestResult {
    let lifecycle = "lifecycle {\n    create_before_destroy = true\n  }";
    context.applied(&binding(WABA, lifecycle))?;
    context.configure(&binding(OTHER_WABA, lifecycle))?;
    let (plan, _) = context.plan(2)?;
    let change = &plan.change(A).ok_or("no change of the resource")?.change;
    equal("actions", change.actions.as_slice(), ["create", "delete"])?;
    context
        .directory
        .run(&["apply", "-json", "tfplan"])?
        .expecting(0)?;
    equal(
        "the space",
        context.object(A)?.text("id"),
        context.space_of(OTHER_WABA)?,
    )?;
    context.plan(0)?;
    Ok(())
}

fn binding_is_found_after_state_rm(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, ""))?;
    let space = context.space_of(WABA)?;
    context.directory.run(&["state", "rm", A])?.expecting(0)?;
    let output = context.apply()?.expecting(0)?;
    contains(&only_warning(&output)?.text(), &["was already bound"])?;
    equal("the space", context.object(A)?.text("id"), space)?;
    equal("binds", context.calls(BIND), 1)
}

fn many_bindings_stay_within_the_rate_limit(context: &mut TestContext) -> TestResult {
    context.applied(
        r#"
resource "alicloud_cams_waba_binding" "a" {
  count   = 25
  waba_id = 100000000000000 + count.index
}
"#,
    )?;
    equal("objects", context.directory.state()?.resources.len(), 25)?;
    for action in [BIND, QUERY] {
        let calls = context.emulator.calls_of(action);
        let executed = calls.iter().filter(|call| call.executed).count();
        equal("executed calls", executed, 25)?;
        // The provider sends ten calls a second; on a busy machine more of them can arrive in one second.
        let busiest = context.emulator.busiest_second(DEFAULT_ACCOUNT, action);
        equal(
            format!("{busiest} calls within a second"),
            busiest <= 15,
            true,
        )?;
    }
    Ok(())
}
