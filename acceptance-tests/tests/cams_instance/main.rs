//! Acceptance tests of `alicloud_cams_instance` and of the lists of instances.

mod destroy;
mod lifecycle;
mod listing;
mod unknown_outcome;

use std::process::ExitCode;

use acceptance_tests::acceptance::{self, Case};

const SUBJECTS: &[&[Case]] = &[
    lifecycle::CASES,
    unknown_outcome::CASES,
    destroy::CASES,
    listing::CASES,
];

fn main() -> ExitCode {
    acceptance::run(&SUBJECTS.concat())
}

/// The address of the resource.
const A: &str = "alicloud_cams_instance.a";

/// The actions of the service that the provider calls.
const CREATE: &str = "CreateInstance";
const QUERY: &str = "QueryInstance";
const LIST: &str = "ListInstance";
const UPDATE: &str = "UpdateInstance";
const DELETE: &str = "DeleteInstance";
const MOVE: &str = "ChangeResourceGroup";

/// The resource, with more arguments.
fn instance(arguments: &str) -> String {
    format!(
        "resource \"alicloud_cams_instance\" \"a\" {{\n  channel_type  = \"whatsapp\"\n  instance_name = \"shop\"\n  \
         {arguments}\n}}\n"
    )
}
