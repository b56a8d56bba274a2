//! The data source `alicloud_cams_whatsapp_health_status`.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_error},
    cases,
    emulator::Waba,
};
use serde_json::json;

use crate::{WABA, binding};

pub(crate) const CASES: &[Case] = cases![health:
    each_node_has_a_health,
    missing_arguments_are_named_without_a_call,
    refusals_of_meta_are_errors,
];

const DATA: &str = "data.alicloud_cams_whatsapp_health_status.a";

fn health(arguments: &str) -> String {
    format!(
        "{}data \"alicloud_cams_whatsapp_health_status\" \"a\" {{\n  cust_space_id = \
         alicloud_cams_waba_binding.a.cust_space_id\n  {arguments}\n}}\n",
        binding()
    )
}

fn each_node_has_a_health(context: &mut TestContext) -> TestResult {
    let of_waba = health(&format!("node_type = \"waba\"\n  waba_id = \"{WABA}\""));
    context.applied(&of_waba)?;
    equal(
        "health",
        context.object(DATA)?.text("can_send_message"),
        "AVAILABLE",
    )?;
    context.emulator.put_waba(Waba::derived(WABA, "REJECTED"));
    context.applied(&of_waba)?;
    let values = context.object(DATA)?.values;
    equal("health", &values["can_send_message"], "BLOCKED")?;
    equal(
        "reason",
        &values["entities"][0]["errors"][0]["error_code"],
        "141014",
    )?;

    context.emulator.put_waba(Waba::derived(WABA, "APPROVED"));
    let number = "6580000001";
    context.applied(&health(&format!(
        "node_type = \"phone\"\n  phone_number = \"{number}\""
    )))?;
    let values = context.object(DATA)?.values;
    let kinds: Vec<_> = (0..2)
        .map(|at| values["entities"][at]["entity_type"].clone())
        .collect();
    equal(
        "sorted entities",
        json!(kinds),
        json!(["PHONE_NUMBER", "WABA"]),
    )?;
    context.applied(&health(
        "node_type = \"template\"\n  template_code = \"c\"\n  language = \"en\"",
    ))?;
    equal(
        "health",
        context.object(DATA)?.text("can_send_message"),
        "AVAILABLE",
    )
}

fn missing_arguments_are_named_without_a_call(context: &mut TestContext) -> TestResult {
    for (node, name) in [("waba", "waba_id"), ("phone", "phone_number")] {
        context.configure(&health(&format!("node_type = \"{node}\"")))?;
        let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
        let error = only_error(&output)?;
        equal("summary", &*error.summary, format!("{name} is missing"))?;
    }
    context.configure(&health("node_type = \"car\""))?;
    let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
    contains(&only_error(&output)?.text(), &["node_type"])?;
    equal("calls", context.emulator.calls().len(), 0)
}

fn refusals_of_meta_are_errors(context: &mut TestContext) -> TestResult {
    context.applied(&binding())?;
    context.emulator.set_behavior(|behavior| {
        behavior.health.limit_code = Some("Meta.TooMany".to_owned());
    });
    context.configure(&health(&format!(
        "node_type = \"waba\"\n  waba_id = \"{WABA}\""
    )))?;
    let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
    let error = only_error(&output)?;
    equal(
        "summary",
        &*error.summary,
        format!("Cannot read the health of waba {WABA}: Meta.TooMany"),
    )?;
    contains(&error.text(), &["Meta.TooMany"])
}
