//! Acceptance tests of phone numbers and their webhooks: `alicloud_cams_phone_number`, `alicloud_cams_phone_webhook`, the data
//! source, the list resource and the actions.
//!
//! One module for each subject, with the list of its cases.

mod actions;
mod listing;
mod number;
mod webhook;

use std::process::ExitCode;

use acceptance_tests::{
    acceptance::{self, Case, Failed, TestContext},
    emulator::NewSpace,
};

const SUBJECTS: &[&[Case]] = &[
    webhook::CASES,
    number::CASES,
    listing::CASES,
    actions::CASES,
];

fn main() -> ExitCode {
    acceptance::run(&SUBJECTS.concat())
}

/// The space in all cases.
const SPACE: &str = "cams-shop0000001";

/// The WABA that is bound to it.
const WABA: &str = "100000000000001";

/// The number that the WABA has: verified, and not registered.
const NUMBER: &str = "6580000001";

/// The actions of the service that only read.
const READS: [&str; 4] = [
    "GetPhoneNumberVerificationStatus",
    "ListInstance",
    "QueryChatappBindWaba",
    "QueryChatappPhoneNumbers",
];

const LIST: &str = "QueryChatappPhoneNumbers";
const SYNC: &str = "ChatappSyncPhoneNumber";
const REGISTER: &str = "ChatappPhoneNumberRegister";
const WEBHOOK: &str = "UpdatePhoneWebhook";

/// A space with the WABA, whose numbers the service has copied.
fn with_numbers(context: &TestContext) -> Result<(), Failed> {
    bound(context)?;
    Ok(context.emulator.sync_phone_numbers(SPACE)?)
}

/// A space with the WABA, whose numbers the service does not know yet.
fn bound(context: &TestContext) -> Result<(), Failed> {
    context.emulator.add_space(NewSpace {
        cust_space_id: Some(SPACE.to_owned()),
        waba_id: Some(WABA.to_owned()),
        ..NewSpace::default()
    })?;
    Ok(())
}

/// An object of the number.
fn resource(kind: &str, arguments: &str) -> String {
    format!(
        "resource \"alicloud_cams_{kind}\" \"a\" {{\n  cust_space_id = \"{SPACE}\"\n  phone_number = \"{NUMBER}\"\n  \
         {arguments}\n}}\n"
    )
}

/// Plans, expects the exit code, and shows from the cloud's log that the refresh only read.
fn plan_only_reads(
    context: &TestContext,
    code: i32,
) -> Result<
    (
        acceptance_tests::terraform::Plan,
        acceptance_tests::terraform::Output,
    ),
    Failed,
> {
    let before = context.emulator.calls().len();
    let planned = context.plan(code)?;
    let calls = context.emulator.calls();
    let written: Vec<&str> = calls[before..]
        .iter()
        .map(|call| &*call.action)
        .filter(|action| !READS.contains(action))
        .collect();
    acceptance::equal("writes of a plan", written, Vec::<&str>::new())?;
    Ok(planned)
}
