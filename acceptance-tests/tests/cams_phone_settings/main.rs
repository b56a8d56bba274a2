//! Acceptance tests of the settings of a phone number: `alicloud_cams_phone_business_profile`,
//! `alicloud_cams_commerce_setting`, `alicloud_cams_conversational_automation`. The real CLI, the real provider, an emulated
//! cloud.
//!
//! `common` has what holds for each of them; the other modules have what is special of one.

mod automation;
mod common;
mod profile;

use std::process::ExitCode;

use acceptance_tests::{
    acceptance::{self, Case, Failed, TestContext},
    emulator::NewSpace,
};

const SUBJECTS: &[&[Case]] = &[common::CASES, profile::CASES, automation::CASES];

fn main() -> ExitCode {
    acceptance::run(&SUBJECTS.concat())
}

/// The space of all cases.
const SPACE: &str = "cams-8filvjc8snw";

/// The WABA that is bound to it.
const WABA: &str = "100000000000001";

/// Its number.
const NUMBER: &str = "6580000001";

/// Its import ID.
const ID: &str = "cams-8filvjc8snw:6580000001";

/// Makes the space.
fn make_space(context: &TestContext) -> Result<(), Failed> {
    context.emulator.add_space(NewSpace {
        cust_space_id: Some(SPACE.to_owned()),
        waba_id: Some(WABA.to_owned()),
        ..NewSpace::default()
    })?;
    Ok(())
}

/// A resource of a type with the name `a`.
fn resource(kind: &str, arguments: &str) -> String {
    format!(
        "resource \"{kind}\" \"a\" {{\n  cust_space_id = \"{SPACE}\"\n  phone_number = \"{NUMBER}\"\n  {arguments}\n}}\n"
    )
}
