//! Acceptance tests of the provider's functions: the real CLI evaluates them, and no cloud is asked.

use std::process::ExitCode;

use acceptance_tests::{
    acceptance::{self, Case, TestContext, TestResult, contains, equal},
    cases,
};
use serde_json::{Value, json};

const CASES: &[Case] = cases![functions:
    functions_of_known_values_have_results needs ProviderFunctions,
    functions_of_values_known_after_apply_are_unknown_in_the_plan needs ProviderFunctions,
    wrong_arguments_are_named needs ProviderFunctions,
];

fn main() -> ExitCode {
    acceptance::run(CASES)
}

/// A configuration with one output.
fn output(expression: &str) -> String {
    format!("output \"found\" {{\n  value = {expression}\n}}\n")
}

fn functions_of_known_values_have_results(context: &mut TestContext) -> TestResult {
    for (expression, expected) in [
        (
            r#"provider::alicloud::normalize_phone_number("+49 (30) 123-4567")"#,
            json!("49301234567"),
        ),
        (
            r#"provider::alicloud::wa_me_link("0049 30 1234567", "a b")"#,
            json!("https://wa.me/49301234567?text=a%20b"),
        ),
        (
            r#"provider::alicloud::parse_id("cams-1:49301234567")"#,
            json!({"role_arn": null, "cust_space_id": "cams-1", "keys": ["49301234567"]}),
        ),
    ] {
        context.applied(&output(expression))?;
        let outputs = context.directory.state()?.outputs;
        equal(expression, outputs.get("found"), Some(&expected))?;
        context.plan(0)?;
    }
    equal("calls", context.emulator.calls().len(), 0)
}

fn functions_of_values_known_after_apply_are_unknown_in_the_plan(
    context: &mut TestContext,
) -> TestResult {
    let numbers = "resource \"terraform_data\" \"number\" {\n  input = \"+65 8000 1234\"\n}\n";
    let expression = "provider::alicloud::normalize_phone_number(terraform_data.number.output)";
    context.configure(&format!("{numbers}{}", output(expression)))?;
    context.plan(2)?;
    context.apply()?.expecting(0)?;
    let outputs = context.directory.state()?.outputs;
    let expected: Value = json!("6580001234");
    equal("the output", outputs.get("found"), Some(&expected))
}

fn wrong_arguments_are_named(context: &mut TestContext) -> TestResult {
    for (expression, parts) in [
        (
            r#"provider::alicloud::normalize_phone_number("030 1234567")"#,
            &["no country code", "+49 30 1234567"][..],
        ),
        (
            r#"provider::alicloud::wa_me_link("hotline", null)"#,
            &["hotline", "has the character"],
        ),
        (
            r#"provider::alicloud::parse_id("cams-1:")"#,
            &["cams-1:", "ROLE_ARN", "key 1 is empty"],
        ),
    ] {
        context.configure(&output(expression))?;
        let output = context
            .directory
            .run(&["plan", "-no-color"])?
            .expecting(1)?;
        // The CLI breaks lines where it likes.
        let text = output.text().replace(['│', '\n'], " ");
        let words: Vec<&str> = text.split_whitespace().collect();
        contains(&words.join(" "), parts)?;
    }
    Ok(())
}
