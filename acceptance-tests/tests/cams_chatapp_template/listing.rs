//! The data source, the list resource and the function.

use acceptance_tests::{
    acceptance::{Case, Failed, TestContext, TestResult, contains, equal, only_error},
    cases,
    emulator::{Fault, FaultKind, NameFilter},
};
use serde_json::{Value, json};

use crate::{CREATE, DETAIL, LIST, SPACE, with_space};

pub(crate) const CASES: &[Case] = cases![listing:
    data_source_lists_all_pages,
    data_source_filters_again,
    details_are_read_on_demand,
    incomplete_list_says_so,
    missing_list_is_an_error,
    query_finds_templates_and_writes_a_configuration_that_plans_empty needs Query,
];

const DATA: &str = "data.alicloud_cams_chatapp_templates.all";

/// Creates templates of these names, and takes them out of the state.
fn with_templates(context: &TestContext, names: &[&str]) -> TestResult {
    with_space(context)?;
    let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    context.applied(&format!(
        "resource \"alicloud_cams_chatapp_template\" \"a\" {{\n  for_each = toset([{}])\n  cust_space_id = \"{SPACE}\"\n  name = \
         each.key\n  language = \"en\"\n  category = \"UTILITY\"\n  body = {{ text = \"Hello $(a)\" }}\n  buttons = [{{ type = \
         \"QUICK_REPLY\", text = \"Stop\" }}]\n  example = {{ a = \"x\" }}\n}}\n",
        names.join(", ")
    ))?;
    context
        .directory
        .run(&["state", "rm", "alicloud_cams_chatapp_template.a"])?
        .expecting(0)?;
    context.emulator.clear_calls();
    Ok(())
}

fn read_list(context: &TestContext, arguments: &str) -> Result<Value, Failed> {
    context.applied(&format!(
        "data \"alicloud_cams_chatapp_templates\" \"all\" {{\n  cust_space_id = \"{SPACE}\"\n  {arguments}\n}}\n"
    ))?;
    Ok(serde_json::to_value(&context.object(DATA)?.values)?)
}

fn names(found: &Value) -> Vec<&str> {
    let rows = found["templates"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut names: Vec<&str> = rows
        .iter()
        .filter_map(|row| row["template_name"].as_str())
        .collect();
    names.sort_unstable();
    names
}

fn data_source_lists_all_pages(context: &mut TestContext) -> TestResult {
    with_templates(context, &["a", "ab", "b", "c", "d"])?;
    context
        .emulator
        .set_behavior(|behavior| behavior.template.page_maximum = 2);
    let found = read_list(context, "")?;
    equal("names", names(&found), ["a", "ab", "b", "c", "d"])?;
    equal("complete", &found["complete"], true)?;
    equal("ids", found["ids"].as_array().map(Vec::len), Some(5))?;
    equal(
        "quality_score",
        &found["templates"][0]["quality_score"],
        &Value::Null,
    )?;
    let calls = context.emulator.calls();
    let only_lists = calls.iter().all(|call| call.action == LIST);
    equal("only lists", only_lists, true)
}

fn data_source_filters_again(context: &mut TestContext) -> TestResult {
    with_templates(context, &["a", "ab", "b"])?;
    for filter in [NameFilter::Exact, NameFilter::Part, NameFilter::Ignored] {
        context
            .emulator
            .set_behavior(|behavior| behavior.template.list_name_filter = filter);
        equal("names", names(&read_list(context, "name = \"a\"")?), ["a"])?;
    }
    equal(
        "fail",
        names(&read_list(context, "audit_status = \"fail\"")?).len(),
        0,
    )?;
    equal(
        "auditing",
        names(&read_list(context, "audit_status = \"auditing\"")?).len(),
        3,
    )
}

fn details_are_read_on_demand(context: &mut TestContext) -> TestResult {
    with_templates(context, &["a", "b"])?;
    let found = read_list(context, "details = true")?;
    equal(
        "details",
        &found["templates"][0]["quality_score"],
        "UNKNOWN",
    )?;
    let components = found["templates"][0]["components"]
        .as_str()
        .unwrap_or_default();
    contains(components, &["\"Type\":\"BODY\"", "Hello $(a)"])?;
    equal("complete", &found["complete"], true)?;
    let kind = FaultKind::Error {
        status: 200,
        code: "DetailError.TemplateNotExist".to_owned(),
        message: "no".to_owned(),
        retry_after_ms: None,
    };
    context.emulator.inject(Fault::new(DETAIL, kind))?;
    let found = read_list(context, "details = true")?;
    equal("complete", &found["complete"], false)?;
    equal(
        "unreadable",
        &found["unreadable"][0]["code"],
        "DetailError.TemplateNotExist",
    )?;
    equal("names", names(&found), ["a", "b"])
}

fn incomplete_list_says_so(context: &mut TestContext) -> TestResult {
    with_templates(context, &["a"])?;
    let fields = [("Total".to_owned(), json!(7))].into();
    context
        .emulator
        .inject(Fault::new(LIST, FaultKind::SetFields { fields }).always())?;
    let found = read_list(context, "")?;
    equal("complete", &found["complete"], false)?;
    equal("names", names(&found), ["a"])
}

fn missing_list_is_an_error(context: &mut TestContext) -> TestResult {
    with_templates(context, &["a"])?;
    let fields = vec!["ListTemplate".to_owned()];
    context
        .emulator
        .inject(Fault::new(LIST, FaultKind::MissingFields { fields }).always())?;
    context.configure(&format!(
        "data \"alicloud_cams_chatapp_templates\" \"all\" {{\n  cust_space_id = \"{SPACE}\"\n}}\n"
    ))?;
    let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["Cannot list the templates of space", "ListTemplate"],
    )
}

fn query_finds_templates_and_writes_a_configuration_that_plans_empty(
    context: &mut TestContext,
) -> TestResult {
    with_templates(context, &["a", "b"])?;
    context.configure("")?;
    context.directory.write(
        "found.tfquery.hcl",
        "list \"alicloud_cams_chatapp_template\" \"all\" {\n  provider = alicloud\n  include_resource = true\n}\n",
    )?;
    let query = ["query", "-generate-config-out=found.tf"];
    let output = context.directory.run(&query)?.expecting(0)?;
    contains(&output.text(), &["a (en)", "b (en)"])?;
    let plan = ["plan", "-detailed-exitcode", "-out=plan"];
    let output = context.directory.run(&plan)?.expecting(2)?;
    contains(
        &output.text(),
        &["2 to import, 0 to add, 0 to change, 0 to destroy"],
    )?;
    context.directory.run(&["apply", "plan"])?.expecting(0)?;
    context.directory.plan(&[])?.output.expecting(0)?;
    equal("creates", context.calls(CREATE), 0)
}
