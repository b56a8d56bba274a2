//! The report of a panic, in the form that Terraform shows when a command fails because of it.
//!
//! The panic itself is caught where the RPC is served.

use std::{
    any::Any,
    backtrace::{Backtrace, BacktraceStatus},
    fmt::Write as _,
    io::{self, Write as _},
    panic::{self, Location},
};

use framework::printable_text;

use super::logging;

/// Replaces the panic report of this process.
///
/// Terraform looks for a line that starts with `panic: `, as Go writes it, and shows what follows to the user. The report
/// holds the message, the place and, with `RUST_BACKTRACE`, the calls; no values of variables, hence no secrets.
pub(super) fn install_panic_hook() {
    panic::set_hook(Box::new(|panic| {
        let backtrace = Backtrace::capture();
        let backtrace =
            (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
        let report = report(
            message(panic.payload()),
            panic.location(),
            backtrace.as_deref(),
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

fn report(message: &str, location: Option<&Location<'_>>, backtrace: Option<&str>) -> String {
    let message = printable_text(logging::head(message, MAX_MESSAGE));
    let mut report = format!("panic: {message}\n\n");
    if let Some(location) = location {
        // Writing to a string does not fail.
        let _ = writeln!(report, "at {location}");
    }
    match backtrace {
        Some(backtrace) => report.push_str(backtrace),
        None => report.push_str("Set RUST_BACKTRACE=1 for a backtrace.\n"),
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_begins_as_hosts_expect() {
        let here = Location::caller();
        let text = report("it broke", Some(here), None);
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("panic: it broke"));
        assert_eq!(lines.next(), Some(""));
        assert_eq!(lines.next(), Some(format!("at {here}").as_str()));
        assert!(text.ends_with("RUST_BACKTRACE=1 for a backtrace.\n"));
        assert!(report("x", None, Some("0: main\n")).ends_with("\n\n0: main\n"));
        let text = report("\u{1b}[1A\u{202e}", None, Some(""));
        assert_eq!(text, "panic: \\u{1b}[1A\\u{202e}\n\n");
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let text = report(&"é".repeat(MAX_MESSAGE), None, Some(""));
        assert!(text.len() <= "panic: \n\n".len() + MAX_MESSAGE, "{text}");
        assert!(text.len() >= MAX_MESSAGE);
    }

    #[test]
    fn payloads() {
        assert_eq!(message(&"text"), "text");
        assert_eq!(message(&"owned".to_owned()), "owned");
        assert_eq!(message(&7), "(no message)");
    }
}
