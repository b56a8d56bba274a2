//! Acceptance tests of `alicloud_cams_service`, and of the data sources that read an account without changing it:
//! `alicloud_cams_service`, `alicloud_cams_waba` and `alicloud_cams_whatsapp_health_status`.

mod health;
mod service;
mod waba;

use std::process::ExitCode;

use acceptance_tests::acceptance::{self, Case};

const SUBJECTS: &[&[Case]] = &[service::CASES, waba::CASES, health::CASES];

fn main() -> ExitCode {
    acceptance::run(&SUBJECTS.concat())
}

/// The WABA in most cases.
const WABA: &str = "100000000000001";

/// A bound WABA.
fn binding() -> String {
    format!("resource \"alicloud_cams_waba_binding\" \"a\" {{\n  waba_id = \"{WABA}\"\n}}\n")
}
