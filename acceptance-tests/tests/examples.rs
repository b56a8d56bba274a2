//! x
use std::process::ExitCode;
fn main() -> ExitCode {
    acceptance_tests::acceptance::run(&[])
}
