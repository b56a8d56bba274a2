//! The checks and postconditions that the guide shows, as they stand there.

use std::fs;

use acceptance_tests::{
    acceptance::{Case, Failed, TestContext, TestResult, contains, equal},
    cases,
    emulator::{NewSpace, PhoneNumber, Waba},
    terraform::{Diagnostic, Output},
};

pub(crate) const CASES: &[Case] = cases![patterns:
    patterns_of_the_guide_hold,
];

const WABAS: [&str; 2] = ["300000000000001", "300000000000002"];
const NUMBERS: [&str; 2] = ["6580000001", "6580000002"];

/// What the guide says its patterns are for: bindings and webhooks `all`.
const BINDINGS: &str = r#"
locals {
  numbers = { 300000000000001 = "6580000001", 300000000000002 = "6580000002" }
}

resource "alicloud_cams_waba_binding" "all" {
  for_each = local.numbers
  waba_id  = each.key
}
"#;

const WEBHOOKS: &str = r#"
resource "alicloud_cams_phone_webhook" "all" {
  for_each        = local.numbers
  cust_space_id   = alicloud_cams_waba_binding.all[each.key].cust_space_id
  phone_number    = each.value
  up_callback_url = "https://shop.example.com/inbound"
}
"#;

/// The blocks of the guide's section on checks.
fn patterns() -> Result<String, Failed> {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/guides/drift-in-ci.md");
    let guide = fs::read_to_string(guide)?;
    let section = guide.split("\n## Checks in the configuration\n").nth(1);
    let section = section.and_then(|rest| rest.split("\n## ").next());
    let blocks = section.ok_or("no section")?.split("```terraform\n").skip(1);
    let blocks: Vec<&str> = blocks
        .filter_map(|block| block.split("```").next())
        .collect();
    equal("blocks", blocks.len(), 3)?;
    Ok(blocks.concat())
}

/// What a condition that does not hold makes of a plan.
enum Said<'a> {
    Nothing,
    Warning(&'a str),
    /// Of a plan; a refresh-only plan warns.
    Error(&'a str),
}

fn patterns_of_the_guide_hold(context: &mut TestContext) -> TestResult {
    let emulator = &context.emulator;
    context.applied(BINDINGS)?;
    let spaces = WABAS.map(|waba| context.space_of(waba));
    let [first, second] = spaces;
    let (first, second) = (first?, second?);
    for (space, waba, number) in [
        (&first, WABAS[0], NUMBERS[0]),
        (&second, WABAS[1], NUMBERS[1]),
    ] {
        emulator.put_phone_number(waba, PhoneNumber::signed_up(number));
        emulator.sync_phone_numbers(space)?;
        emulator.add_template(space, &format!("code-{number}"), "hello", "en");
    }
    context.applied(&format!("{BINDINGS}{WEBHOOKS}"))?;
    context.configure(&format!("{BINDINGS}{WEBHOOKS}{}", patterns()?))?;
    context.apply()?.expecting(0)?;

    let run = |arguments: &[&str]| -> Result<Output, Failed> {
        let usual = ["plan", "-json", "-detailed-exitcode", "-lock=false"];
        Ok(context.directory.run(&[&usual, arguments].concat())?)
    };
    let check = |code: i32, differs: bool, said: Said<'_>| -> TestResult {
        let plan = run(&[])?.expecting(code)?;
        let refresh = run(&["-refresh-only"])?;
        // Terraform 1.15 always ends it with 2 if there are data sources, so the test checks its output.
        let codes: &[i32] = if differs { &[2] } else { &[0, 2] };
        let shown = refresh.code.unwrap_or_default();
        equal(format!("exit code {shown}"), codes.contains(&shown), true)?;
        let messages = refresh.messages();
        let drift = messages.iter().any(|it| it["type"] == "resource_drift");
        equal("objects differ", drift, differs)?;

        let (errors, warnings) = match said {
            Said::Nothing => ("", ""),
            Said::Warning(text) => ("", text),
            Said::Error(text) => (text, ""),
        };
        for (what, found, expected) in [
            ("errors", plan.errors(), errors),
            ("warnings", plan.warnings(), warnings),
            // A refresh-only plan fails on no condition.
            ("errors", refresh.errors(), ""),
            (
                "warnings",
                refresh.warnings(),
                &format!("{errors}{warnings}"),
            ),
        ] {
            let texts: String = found.iter().map(Diagnostic::text).collect();
            equal(what, texts.is_empty(), expected.is_empty())?;
            contains(&texts, &[expected])?;
        }
        Ok(())
    };
    check(0, false, Said::Nothing)?;

    // A WABA is in review again.
    emulator.put_waba(Waba::derived(WABAS[0], "PENDING"));
    check(0, true, Said::Warning("Meta has not approved every WABA."))?;
    emulator.put_waba(Waba::derived(WABAS[0], "APPROVED"));

    // Meta rejects a template that no resource manages.
    let review = |status: &str| {
        emulator.change_templates(&second, "hello", |template| template.review(status, None))
    };
    equal("templates", review("fail"), 1)?;
    let message = format!("Meta has rejected a template of space {second}");
    check(1, false, Said::Error(&message))?;
    review("pass");

    // Somebody binds a WABA by hand.
    let space = emulator.add_space(NewSpace {
        waba_id: Some("300000000000009".to_owned()),
        ..NewSpace::default()
    })?;
    check(
        1,
        false,
        Said::Error("There are bindings that nobody declared."),
    )?;
    emulator.remove_space(&space.cust_space_id);

    // Messages of a number go elsewhere: its own resource repairs that, and the check names it.
    let redirect = |url: &str| {
        emulator.change_phone_copy(&first, NUMBERS[0], |copy| {
            copy.up_callback_url = url.to_owned();
        });
    };
    redirect("https://thief.example/inbound");
    let message = "The messages of a number go to another server, or nowhere.";
    check(2, true, Said::Warning(message))?;
    redirect("https://shop.example.com/inbound");

    // A number that no resource manages.
    emulator.put_phone_number(WABAS[1], PhoneNumber::signed_up("6580000009"));
    emulator.sync_phone_numbers(&second)?;
    check(0, false, Said::Warning(message))?;
    emulator.remove_phone_number(WABAS[1], "6580000009");
    emulator.sync_phone_numbers(&second)?;
    check(0, false, Said::Nothing)
}
