//! Acceptance tests of `alicloud_cams_waba_binding`: the real CLI, the real provider, an emulated cloud.
//!
//! One module for each subject, with the list of its cases. The compiler warns of a case that is in no list.

mod ambiguous;
mod destroy;
mod drift;
mod errors;
mod import;
mod installation;
#[cfg(unix)]
mod interrupt;
#[cfg(target_os = "linux")]
mod kill_signals;
mod lifecycle;
mod listing;
mod provider_block;
mod saved_plan;
mod secrets;
mod state_upgrade;
mod unexpected_responses;
mod unknown;

use std::process::ExitCode;

use acceptance_tests::acceptance::{self, Case};

const SUBJECTS: &[&[Case]] = &[
    lifecycle::CASES,
    listing::CASES,
    drift::CASES,
    destroy::CASES,
    import::CASES,
    errors::CASES,
    ambiguous::CASES,
    unexpected_responses::CASES,
    #[cfg(unix)]
    interrupt::CASES,
    #[cfg(target_os = "linux")]
    kill_signals::CASES,
    saved_plan::CASES,
    secrets::CASES,
    state_upgrade::CASES,
    unknown::CASES,
    provider_block::CASES,
    installation::CASES,
];

fn main() -> ExitCode {
    acceptance::run(&SUBJECTS.concat())
}

/// The address of the resource in most cases.
const A: &str = "alicloud_cams_waba_binding.a";

/// The WABA in most cases.
const WABA: &str = "100000000000001";

/// Another WABA.
const OTHER_WABA: &str = "100000000000002";

/// The actions of the service that the provider calls.
const BIND: &str = "ChatappBindWaba";
const LIST: &str = "ListInstance";
const QUERY: &str = "QueryChatappBindWaba";

/// The resource, with more arguments.
fn binding(waba_id: &str, arguments: &str) -> String {
    format!(
        "resource \"alicloud_cams_waba_binding\" \"a\" {{\n  waba_id = \"{waba_id}\"\n  {arguments}\n}}\n"
    )
}
