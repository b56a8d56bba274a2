//! The data source `alicloud_cams_instances`, and the list resource of `terraform query`.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_error},
    cases,
    emulator::{Fault, FaultKind, NewSpace},
};
use serde_json::{Value, json};

use crate::{CREATE, LIST, instance};

pub(crate) const CASES: &[Case] = cases![listing:
    data_source_lists_instances_of_every_channel_page_by_page,
    failed_page_is_an_error,
    query_finds_instances_and_writes_a_configuration_that_plans_empty needs Query,
];

fn made_in_the_console(context: &TestContext, id: &str, channel: &str) -> TestResult {
    context.emulator.add_space(NewSpace {
        cust_space_id: Some(id.to_owned()),
        channel_type: Some(channel.to_owned()),
        ..NewSpace::default()
    })?;
    Ok(())
}

fn source(arguments: &str) -> String {
    format!("data \"alicloud_cams_instances\" \"all\" {{\n  {arguments}\n}}\n")
}

fn read_list(
    context: &TestContext,
    arguments: &str,
) -> Result<Value, acceptance_tests::acceptance::Failed> {
    context.applied(&source(arguments))?;
    let object = context.object("data.alicloud_cams_instances.all")?;
    Ok(serde_json::to_value(&object.values)?)
}

fn data_source_lists_instances_of_every_channel_page_by_page(
    context: &mut TestContext,
) -> TestResult {
    context.applied(&instance(
        "contact_mail = \"m\"\n  deletion_policy = \"ABANDON\"",
    ))?;
    made_in_the_console(context, "cams-b", "VIBER")?;
    made_in_the_console(context, "cams-a", "whatsapp")?;
    context
        .emulator
        .set_behavior(|behavior| behavior.instance.list_maximum_page_size = 2);
    context.emulator.clear_calls();
    let found = read_list(context, "")?;
    equal("complete", &found["complete"], true)?;
    let rows = found["instances"].as_array().ok_or("instances")?;
    equal("instances", rows.len(), 3)?;
    let ids: Vec<&str> = rows
        .iter()
        .filter_map(|row| row["instance_id"].as_str())
        .collect();
    equal("sorted", ids.is_sorted(), true)?;
    equal("ids", &found["ids"], &json!(ids))?;
    equal("pages", context.calls(LIST) > 2, true)?;
    for (arguments, expected) in [
        ("channel_type = \"viber\"", json!(["cams-b"])),
        ("ids_filter = [\"cams-a\", \"cams-x\"]", json!(["cams-a"])),
        ("submit_time = \"1999\"", json!([])),
        ("resource_group_id = \"rg-none\"", json!([])),
    ] {
        equal(arguments, &read_list(context, arguments)?["ids"], &expected)?;
    }
    let shops = read_list(context, "instance_name = \"shop\"")?;
    equal("by name", &shops["instances"][0]["contact_mail"], "m")
}

fn failed_page_is_an_error(context: &mut TestContext) -> TestResult {
    for id in ["cams-a", "cams-b"] {
        made_in_the_console(context, id, "whatsapp")?;
    }
    context
        .emulator
        .set_behavior(|behavior| behavior.instance.list_maximum_page_size = 1);
    context
        .emulator
        .inject(Fault::new(LIST, FaultKind::denied()).skip(1).always())?;
    context.configure(&source(""))?;
    let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
    let error = only_error(&output)?;
    equal(
        "summary",
        &*error.summary,
        "Cannot list the instances of the account: permission denied",
    )
}

fn query_finds_instances_and_writes_a_configuration_that_plans_empty(
    context: &mut TestContext,
) -> TestResult {
    made_in_the_console(context, "cams-a", "whatsapp")?;
    made_in_the_console(context, "cams-b", "VIBER")?;
    context.configure("")?;
    let query = "list \"alicloud_cams_instance\" \"all\" {\n  provider = alicloud\n  include_resource = true\n}\n";
    context.directory.write("found.tfquery.hcl", query)?;
    let output = context
        .directory
        .run(&["query", "-generate-config-out=found.tf"])?
        .expecting(0)?;
    contains(
        &output.text(),
        &["instance_id=cams-a", "instance_id=cams-b", "VIBER"],
    )?;
    let output = context
        .directory
        .run(&["plan", "-detailed-exitcode", "-out=plan"])?
        .expecting(2)?;
    contains(
        &output.text(),
        &["2 to import, 0 to add, 0 to change, 0 to destroy"],
    )?;
    context.directory.run(&["apply", "plan"])?.expecting(0)?;
    context.directory.plan(&[])?.output.expecting(0)?;
    equal("creates", context.calls(CREATE), 0)
}
