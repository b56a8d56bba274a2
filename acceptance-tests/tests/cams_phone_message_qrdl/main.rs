//! Acceptance tests of `alicloud_cams_phone_message_qrdl`. The real CLI, the real provider, an emulated cloud.
//!
//! One module for each subject, with the list of its cases.

mod destroy;
mod errors;
mod lifecycle;
mod unknown_outcome;

use std::process::ExitCode;

use acceptance_tests::{
    acceptance::{self, Case, Failed, TestContext},
    emulator::{MessageLink, NewSpace},
};

const SUBJECTS: &[&[Case]] = &[
    lifecycle::CASES,
    destroy::CASES,
    unknown_outcome::CASES,
    errors::CASES,
];

fn main() -> ExitCode {
    acceptance::run(&SUBJECTS.concat())
}

/// The address of the resource.
const A: &str = "alicloud_cams_phone_message_qrdl.a";

/// The space of all cases, the WABA that is bound to it, and its number.
const SPACE: &str = "cams-8filvjc8snw";
const WABA: &str = "100000000000001";
const NUMBER: &str = "6580000001";

/// The actions of the service that the provider calls.
const CREATE: &str = "CreatePhoneMessageQrdl";
const LIST: &str = "ListPhoneMessageQrdl";
const DELETE: &str = "DeletePhoneMessageQrdl";

/// The message of the resource.
const MESSAGE: &str = "Where is my order?";

/// Makes the space.
fn make_space(context: &TestContext) -> Result<(), Failed> {
    context.emulator.add_space(NewSpace {
        cust_space_id: Some(SPACE.to_owned()),
        waba_id: Some(WABA.to_owned()),
        ..NewSpace::default()
    })?;
    Ok(context.emulator.sync_phone_numbers(SPACE)?)
}

/// The resource, with more arguments.
fn link(arguments: &str) -> String {
    format!(
        "resource \"alicloud_cams_phone_message_qrdl\" \"a\" {{\n  cust_space_id = \"{SPACE}\"\n  phone_number = \"{NUMBER}\"\n  \
         prefilled_message = \"{MESSAGE}\"\n  generate_qr_image = \"SVG\"\n  {arguments}\n}}\n"
    )
}

/// The links of the number, in order.
fn links(context: &TestContext) -> Vec<MessageLink> {
    context.emulator.change_message_links(SPACE, NUMBER, |_| {})
}

/// The import ID of a link.
fn import_id(code: &str) -> String {
    format!("{SPACE}:{NUMBER}:{code}")
}
