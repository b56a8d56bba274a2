//! The report of a panic, in the form that Terraform shows when a command fails because of it.
//!
//! The panic itself is caught where the RPC is served.

use std::{
    any::Any,
    backtrace::Backtrace,
    fmt::Write as _,
    io::{self, Write as _},
    panic::{self, Location},
};

use framework::printable_text;

use super::logging;

/// Replaces the panic report of this process.
///
/// Terraform looks for a line that starts with `panic: `, as Go writes it, and shows what follows to the user. The report
/// has the message, the place and the calls, also without `RUST_BACKTRACE`: few users can make the same crash happen again.
/// It holds no values of variables, hence no secrets.
pub(super) fn install_panic_hook() {
    panic::set_hook(Box::new(|panic| {
        let report = report(
            message(panic.payload()),
            panic.location(),
            &Backtrace::force_capture().to_string(),
        );
        // There is nowhere to report a failure of this.
        let _ = io::stderr().lock().write_all(report.as_bytes());
    }));
}

fn message(payload: &dyn Any) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no message)")
}

/// A message quotes data at worst in its first words, and a report of many pages helps nobody.
const MAX_MESSAGE: usize = 4 << 10;

fn report(message: &str, location: Option<&Location<'_>>, backtrace: &str) -> String {
    let message = printable_text(logging::head(message, MAX_MESSAGE));
    let mut report = format!("panic: {message}\n\n");
    if let Some(location) = location {
        // Writing to a string does not fail.
        let _ = writeln!(report, "at {location}");
    }
    report.push_str(backtrace);
    report
}

#[cfg(test)]
mod tests {
    use std::{env, process::Command};

    use super::*;

    #[test]
    fn the_report_begins_as_hosts_expect() {
        let here = Location::caller();
        let text = report("it broke", Some(here), "0: main\n");
        assert_eq!(text, format!("panic: it broke\n\nat {here}\n0: main\n"));
        assert_eq!(report("x", None, ""), "panic: x\n\n");
        let text = report("\u{1b}[1A\u{202e}", None, "");
        assert_eq!(text, "panic: \\u{1b}[1A\\u{202e}\n\n");
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let text = report(&"é".repeat(MAX_MESSAGE), None, "");
        assert!(text.len() <= "panic: \n\n".len() + MAX_MESSAGE, "{text}");
        assert!(text.len() >= MAX_MESSAGE);
    }

    #[test]
    fn panic_payloads_become_messages() {
        assert_eq!(message(&"text"), "text");
        assert_eq!(message(&"owned".to_owned()), "owned");
        assert_eq!(message(&7), "(no message)");
    }

    /// Set for the process that crashes.
    const CRASH: &str = "TEST_OF_THE_PANIC_HOOK_CRASHES";

    #[inline(never)]
    fn a_function_with_a_defect() {
        panic!("a defect");
    }

    #[test]
    fn crash_report_has_a_backtrace_without_rust_backtrace() {
        if env::var_os(CRASH).is_some() {
            install_panic_hook();
            a_function_with_a_defect();
        }
        let module = module_path!().split_once("::").map_or("", |(_, rest)| rest);
        let this = format!("{module}::crash_report_has_a_backtrace_without_rust_backtrace");
        let output = Command::new(env::current_exe().expect("a test is a file"))
            .args(["--exact", "--nocapture", &this])
            .env(CRASH, "1")
            .env_remove("RUST_BACKTRACE")
            .env_remove("RUST_LIB_BACKTRACE")
            .output()
            .expect("a test can be started");
        let stderr = String::from_utf8_lossy(&output.stderr);
        let report = stderr.split_once("panic: a defect\n\nat ");
        let (_, calls) = report.unwrap_or_else(|| panic!("no report in {stderr}"));
        assert!(calls.contains("a_function_with_a_defect"), "{stderr}");
    }
}
