//! The soak: random steps of the real CLI against the emulated cloud, and a check of the invariants after each.
//!
//! ```sh
//! cargo test -p acceptance-tests --test soak                                # two minutes
//! TF_ACC_SOAK_SECONDS=7200 cargo test -p acceptance-tests --test soak      # two hours, with a new seed
//! TF_ACC_SOAK_SEED=4711 cargo test -p acceptance-tests --test soak         # the same decisions again
//! ```
//!
//! Several workers run side by side, each with a cloud of three accounts (one reached with plain keys, two through
//! `assume_role` on the resource) and a directory of its own. A step is a plan, an apply of a changed configuration, a
//! refresh, an import, drift behind Terraform's back, other positions of the emulator's switches, or a signal during an
//! apply; most come with faults. Where a message tells the practitioner what to do, the soak does that and nothing else.
//!
//! The seed is random if a length is set, and else always the same; it is printed at the start and with a failure. Each
//! step depends on the seed, its worker and its number alone, so the same seed makes the same decisions. What depends on time may differ: how many calls a fault by chance meets, what
//! is in flight when a signal arrives, how many steps fit. The log of each worker, whose path is printed, and the failure
//! itself list each decision and its result.
//!
//! # What has to hold after each step
//!
//! * **Lost.** Every space that holds a WABA is (a) in state; or (b) named by a message of the command that made it: by
//!   its ID, or by its WABA with the two commands that settle it, or, where the WABA was in a space before, by the hint
//!   that a bind without a response may have made another one; or (c) abandoned, with a warning that names it, by the
//!   command that took it out of state (of a command that was ended hard, its plan is enough); or (d) made at the console
//!   and not imported yet; or (e) made by a command that was ended hard, so that nobody received the response (SIGKILL of
//!   the provider or of the CLI, a second SIGINT). After (e) the next apply without faults ends with that space in state,
//!   unless the service makes a new space of each bind.
//! * **Doubled.** No WABA is in two spaces, those abandoned not counted, unless a message says so or may say so, or a hard
//!   end and a service that makes a new space of each bind left no other way. These are counted and printed.
//! * **Leaked.** No secret is in any output, in the provider's trace or in state, but for the ISV code in its attribute.
//! * **Wrong.** A command without faults that ends well leaves a state that says what is true: no object whose space is
//!   gone, no other WABA than the cloud's, after an apply no other objects than the configuration's. Without faults
//!   everything converges: exit code 0, then an empty plan. A command that fails has an error, each error is one that this
//!   provider words, with what to do next, and none says that the plugin did not respond, a hard end excepted. Nothing
//!   panics, and no provider outlives its CLI.
//!
//! The soak leaves out false responses: `OK` without the data of a space, which by the documentation may mean that nothing is
//! bound, a refusal of a bind that was executed, and another WABA than the bound one.

#[cfg(target_os = "linux")]
mod generator;
#[cfg(target_os = "linux")]
mod invariants;
#[cfg(target_os = "linux")]
mod run;
#[cfg(target_os = "linux")]
mod worker;

use std::process::ExitCode;

use acceptance_tests::acceptance;

fn main() -> ExitCode {
    // Only Linux shows which provider belongs to which CLI.
    #[cfg(target_os = "linux")]
    let cases = run::CASES;
    #[cfg(not(target_os = "linux"))]
    let cases = &[];
    acceptance::run(cases)
}
