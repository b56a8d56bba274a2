//! The demo of the README holds all its claims, with each CLI on this machine.
//!
//! Every step of the demo checks itself; this runs it with the provider that the other tests run.

use std::process::{Command, ExitCode, Stdio};

use acceptance_tests::{
    acceptance::{self, Case, TestContext, TestResult, contains, equal},
    cases,
    provider_binary::{PROFILE_VARIABLE, Profile},
    terraform::PATH_VARIABLE,
};

const CASES: &[Case] = cases![demo: every_claim_holds, an_unknown_argument_is_named];

fn main() -> ExitCode {
    acceptance::run(CASES)
}

/// The demo, with the CLI and the provider of this run of the tests.
fn demo(context: &TestContext) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
    command
        .env(PATH_VARIABLE, &context.directory.cli().path)
        .env(PROFILE_VARIABLE, Profile::tested().name())
        .stdin(Stdio::null());
    command
}

fn every_claim_holds(context: &mut TestContext) -> TestResult {
    let output = demo(context).output()?;
    let messages = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{}: {complaint}\n{messages}", output.status).into());
    }
    contains(
        &messages,
        &[
            "Everything was as claimed.",
            "Destroy complete!",
            "# Drift report",
        ],
    )
}

fn an_unknown_argument_is_named(context: &mut TestContext) -> TestResult {
    let output = demo(context).arg("--quick").output()?;
    equal("the exit code", output.status.code(), Some(2))?;
    contains(
        &String::from_utf8_lossy(&output.stderr),
        &["unknown argument \"--quick\"; --help shows them all"],
    )
}
