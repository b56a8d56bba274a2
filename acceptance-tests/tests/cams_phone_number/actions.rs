//! Actions under a CLI that has them. The tests of the RPCs show them without one.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal},
    cases,
    emulator::PhoneNumber,
};

use crate::{NUMBER, REGISTER, SPACE, SYNC, WABA, bound, plan_only_reads, resource};

pub(crate) const CASES: &[Case] = cases![actions:
    actions_bring_an_unverified_number_to_registration needs Actions,
];

fn invoke(
    context: &TestContext,
    action: &str,
    more: &[&str],
) -> Result<String, acceptance_tests::acceptance::Failed> {
    let target = format!("-invoke=action.alicloud_cams_{action}.a");
    let mut arguments = vec!["apply", "-auto-approve", &target];
    arguments.extend(more);
    Ok(context.directory.run(&arguments)?.expecting(0)?.text())
}

fn actions_bring_an_unverified_number_to_registration(context: &mut TestContext) -> TestResult {
    bound(context)?;
    context
        .emulator
        .put_phone_number(WABA, PhoneNumber::unverified(NUMBER));
    let keys = format!("cust_space_id = \"{SPACE}\"\n    phone_number = \"{NUMBER}\"");
    let config = format!(
        "{}variable \"code\" {{\n  type = string\n  default = \"none\"\n  ephemeral = true\n}}\n\
         action \"alicloud_cams_sync_phone_numbers\" \"a\" {{\n  config {{\n    cust_space_id = \"{SPACE}\"\n  }}\n}}\n\
         action \"alicloud_cams_request_verification_code\" \"a\" {{\n  config {{\n    {keys}\n    locale = \"en_US\"\n    method = \"sms\"\n  }}\n}}\n\
         action \"alicloud_cams_verify_phone_number\" \"a\" {{\n  config {{\n    {keys}\n    verify_code = var.code\n  }}\n}}\n",
        resource("phone_number", ""),
    );
    context.applied(&config)?;
    let text = invoke(context, "sync_phone_numbers", &[])?;
    contains(&text, &["6580000001 (UNVERIFIED)"])?;
    equal("synchronisations", context.calls(SYNC), 2)?;
    let text = invoke(context, "request_verification_code", &[])?;
    contains(&text, &["has sent a code to 6580000001"])?;
    let number = context.emulator.phone_number(WABA, NUMBER);
    let code = number
        .and_then(|number| number.verify_code)
        .ok_or("no code was sent")?;
    let text = invoke(
        context,
        "verify_phone_number",
        &["-var", &format!("code={code}")],
    )?;
    contains(&text, &["is verified"])?;
    equal("the code is shown", text.contains(&code), false)?;
    let text = invoke(context, "request_verification_code", &[])?;
    contains(&text, &["is verified already. No code was sent"])?;
    equal("codes", context.calls("GetChatappVerifyCode"), 1)?;
    context.apply()?.expecting(0)?;
    plan_only_reads(context, 0)?;
    // The verification registered it.
    equal("registrations", context.calls(REGISTER), 0)
}
