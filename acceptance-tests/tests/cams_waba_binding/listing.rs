//! Lists of bindings: the data source `alicloud_cams_waba_bindings`, and the list resource `alicloud_cams_waba_binding` of
//! `terraform query`.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_error},
    cases,
    emulator::{Fault, FaultKind, NewSpace},
};
use serde_json::{Value, json};

use crate::{BIND, LIST, OTHER_WABA, QUERY, WABA, binding};

pub(crate) const CASES: &[Case] = cases![listing:
    data_source_lists_undeclared_bindings,
    data_source_filters_rows,
    undeclared_bindings_fail_a_plan_by_a_postcondition,
    unreadable_spaces_are_listed_apart,
    failed_page_is_an_error,
    query_finds_bindings_and_writes_a_configuration_that_plans_empty needs Query,
    query_stops_at_the_limit needs Query,
];

/// A third WABA.
const THIRD_WABA: &str = "100000000000003";

const DATA: &str = "data.alicloud_cams_waba_bindings.all";

fn data_source(arguments: &str) -> String {
    format!("data \"alicloud_cams_waba_bindings\" \"all\" {{\n  {arguments}\n}}\n")
}

/// Makes a space in the console; with a WABA, it is bound.
fn made_in_the_console(
    context: &TestContext,
    cust_space_id: &str,
    waba_id: Option<&str>,
    isv_code: Option<&str>,
) -> TestResult {
    context.emulator.add_space(NewSpace {
        cust_space_id: Some(cust_space_id.to_owned()),
        waba_id: waba_id.map(str::to_owned),
        isv_code: isv_code.map(str::to_owned),
        ..NewSpace::default()
    })?;
    Ok(())
}

/// The attributes of the data source after a read.
fn read_list(
    context: &TestContext,
    arguments: &str,
) -> Result<Value, acceptance_tests::acceptance::Failed> {
    context.applied(&data_source(arguments))?;
    let object = context.object(DATA)?;
    Ok(serde_json::to_value(&object.values)?)
}

fn data_source_lists_undeclared_bindings(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, ""))?;
    made_in_the_console(context, "cams-b", Some(OTHER_WABA), None)?;
    made_in_the_console(context, "cams-a", None, None)?;
    context.emulator.clear_calls();
    let found = read_list(context, "")?;
    equal("complete", &found["complete"], true)?;
    equal("waba_ids", &found["waba_ids"], &json!([WABA, OTHER_WABA]))?;
    equal("unreadable", &found["unreadable"], &json!([]))?;
    let rows = found["bindings"].as_array().ok_or("bindings")?;
    let spaces: Vec<&str> = rows
        .iter()
        .filter_map(|row| row["cust_space_id"].as_str())
        .collect();
    equal("sorted", spaces.is_sorted(), true)?;
    equal("ids", &found["ids"], &json!(spaces))?;
    let row = rows
        .iter()
        .find(|row| row["waba_id"] == OTHER_WABA)
        .ok_or("the other WABA")?;
    equal("the row's space", &row["cust_space_id"], "cams-b")?;
    equal("its review", row["account_review_status"].is_string(), true)?;
    // A read sends one list and one query for each space.
    let calls = context.emulator.calls();
    let only_reads = calls
        .iter()
        .all(|call| [LIST, QUERY].contains(&&*call.action));
    equal("only reads", only_reads, true)?;
    equal(
        "spaces without a WABA",
        read_list(context, "include_unbound = true")?["ids"]
            .as_array()
            .map(Vec::len),
        Some(3),
    )
}

fn data_source_filters_rows(context: &mut TestContext) -> TestResult {
    for (space, waba) in [
        ("cams-a", WABA),
        ("cams-b", OTHER_WABA),
        ("cams-c", THIRD_WABA),
    ] {
        made_in_the_console(context, space, Some(waba), None)?;
    }
    for (arguments, expected) in [
        (
            r#"ids_filter = ["cams-a", "cams-x"]"#.to_owned(),
            json!(["cams-a"]),
        ),
        (
            format!("waba_ids_filter = [\"{THIRD_WABA}\"]"),
            json!(["cams-c"]),
        ),
        (
            r#"account_review_status = "REJECTED""#.to_owned(),
            json!([]),
        ),
        (r#"resource_group_id = "rg-none""#.to_owned(), json!([])),
    ] {
        let found = read_list(context, &arguments)?;
        let rows = found["bindings"].as_array().ok_or("bindings")?;
        let spaces: Vec<&Value> = rows.iter().map(|row| &row["cust_space_id"]).collect();
        equal(arguments, json!(spaces), expected)?;
    }
    Ok(())
}

fn undeclared_bindings_fail_a_plan_by_a_postcondition(context: &mut TestContext) -> TestResult {
    let check = format!(
        "lifecycle {{\n    postcondition {{\n      condition = length(setsubtract(self.waba_ids, [\"{WABA}\"])) == 0\n      \
         error_message = \"undeclared: ${{join(\", \", self.waba_ids)}}\"\n    }}\n  }}"
    );
    context.applied(&format!("{}{}", binding(WABA, ""), data_source(&check)))?;
    context.plan(0)?;
    made_in_the_console(context, "cams-b", Some(OTHER_WABA), None)?;
    let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
    contains(&output.text(), &["undeclared: ", OTHER_WABA])
}

fn unreadable_spaces_are_listed_apart(context: &mut TestContext) -> TestResult {
    made_in_the_console(context, "cams-a", Some(WABA), None)?;
    made_in_the_console(context, "cams-isv", Some(OTHER_WABA), Some("code"))?;
    let found = read_list(context, "")?;
    equal("ids", &found["ids"], &json!(["cams-a"]))?;
    equal(
        "unreadable",
        &found["unreadable"][0]["cust_space_id"],
        "cams-isv",
    )?;
    equal("its code", found["unreadable"][0]["code"].is_string(), true)?;
    equal("complete", &found["complete"], false)
}

fn failed_page_is_an_error(context: &mut TestContext) -> TestResult {
    made_in_the_console(context, "cams-a", Some(WABA), None)?;
    context
        .emulator
        .inject(Fault::new(LIST, FaultKind::denied()).always())?;
    context.configure(&data_source(""))?;
    let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
    let error = only_error(&output)?;
    equal(
        "summary",
        &*error.summary,
        "Cannot list the WABA bindings: permission denied",
    )?;
    contains(
        &error.text(),
        &["cams:ListInstance", "cams:QueryChatappBindWaba"],
    )
}

/// Writes the query file and a configuration with the provider alone.
fn configure_query(context: &TestContext, arguments: &str) -> TestResult {
    context.configure("")?;
    let query = format!(
        "list \"alicloud_cams_waba_binding\" \"all\" {{\n  provider = alicloud\n  {arguments}\n}}\n"
    );
    context.directory.write("found.tfquery.hcl", &query)?;
    Ok(())
}

fn query_finds_bindings_and_writes_a_configuration_that_plans_empty(
    context: &mut TestContext,
) -> TestResult {
    made_in_the_console(context, "cams-a", Some(WABA), None)?;
    made_in_the_console(context, "cams-b", Some(OTHER_WABA), None)?;
    made_in_the_console(context, "cams-c", None, None)?;
    configure_query(context, "include_resource = true")?;
    let output = context
        .directory
        .run(&["query", "-generate-config-out=found.tf"])?
        .expecting(0)?;
    contains(
        &output.text(),
        &["cust_space_id=cams-a", "cust_space_id=cams-b", WABA],
    )?;
    equal("an unbound space", output.text().contains("cams-c"), false)?;
    equal("binds", context.calls(BIND), 0)?;
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
    Ok(())
}

fn query_stops_at_the_limit(context: &mut TestContext) -> TestResult {
    for (space, waba) in [
        ("cams-a", WABA),
        ("cams-b", OTHER_WABA),
        ("cams-c", THIRD_WABA),
    ] {
        made_in_the_console(context, space, Some(waba), None)?;
    }
    configure_query(context, "limit = 2")?;
    let output = context.directory.run(&["query"])?.expecting(0)?;
    equal(
        "bindings",
        output.text().matches("cust_space_id=").count(),
        2,
    )
}
