//! Acceptance tests of `alicloud_cams_waba_binding`: the real CLI, the real provider, an emulated cloud.
//!
//! One module for each subject. A case that no list below its module's head names does not compile without a warning,
//! so none is forgotten.

#[path = "cams_waba_binding/ambiguous.rs"]
mod ambiguous;
#[path = "cams_waba_binding/destroy.rs"]
mod destroy;
#[path = "cams_waba_binding/drift.rs"]
mod drift;
#[cfg(target_os = "linux")]
#[path = "cams_waba_binding/endings.rs"]
mod endings;
#[path = "cams_waba_binding/errors.rs"]
mod errors;
#[path = "cams_waba_binding/import.rs"]
mod import;
#[path = "cams_waba_binding/installation.rs"]
mod installation;
#[cfg(unix)]
#[path = "cams_waba_binding/interrupt.rs"]
mod interrupt;
#[path = "cams_waba_binding/life.rs"]
mod life;
#[path = "cams_waba_binding/listing.rs"]
mod listing;
#[path = "cams_waba_binding/odd.rs"]
mod odd;
#[path = "cams_waba_binding/provider_block.rs"]
mod provider_block;
#[path = "cams_waba_binding/saved_plan.rs"]
mod saved_plan;
#[path = "cams_waba_binding/secrets.rs"]
mod secrets;
#[path = "cams_waba_binding/stored.rs"]
mod stored;
#[path = "cams_waba_binding/unknown.rs"]
mod unknown;

use std::process::ExitCode;

use acceptance_tests::acceptance::{self, Case};

const SUBJECTS: &[&[Case]] = &[
    life::CASES,
    listing::CASES,
    drift::CASES,
    destroy::CASES,
    import::CASES,
    errors::CASES,
    ambiguous::CASES,
    odd::CASES,
    #[cfg(unix)]
    interrupt::CASES,
    #[cfg(target_os = "linux")]
    endings::CASES,
    saved_plan::CASES,
    secrets::CASES,
    stored::CASES,
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
