//! Gives the processes that tests start the default disposition of signals, also if the tests inherited another one.
//!
//! A shell starts a background job with SIGINT and SIGQUIT ignored, and `nohup` ignores SIGHUP. A process passes ignored
//! signals on to every program that it starts, but not handlers: a handled signal has its default disposition in the new
//! program. So a handler that does nothing is installed for each signal that is ignored. The tests themselves go on as
//! before. SIGPIPE needs nothing: the standard library resets it in each child.

use std::sync::Once;

/// Makes sure that programs started from now on do not inherit an ignored SIGINT, SIGQUIT or SIGHUP.
///
/// On Linux only: elsewhere there is no safe way to learn what is ignored.
pub fn restore() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        #[cfg(target_os = "linux")]
        linux::handle_ignored();
    });
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{fs, thread};

    use tokio::signal::unix::{SignalKind, signal};

    pub(super) fn handle_ignored() {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = ignored(&status);
        let kinds: Vec<SignalKind> = [
            SignalKind::interrupt(),
            SignalKind::quit(),
            SignalKind::hangup(),
        ]
        .into_iter()
        .filter(|kind| ignored & (1 << (kind.as_raw_value() - 1)) != 0)
        .collect();
        if !kinds.is_empty() {
            handle(kinds);
        }
    }

    /// Installs a handler for each signal, on a thread of its own: a task of another runtime must not drop a runtime.
    fn handle(kinds: Vec<SignalKind>) {
        let installing = thread::spawn(|| install_handlers(kinds));
        installing.join().expect("the handlers are installed");
    }

    fn install_handlers(kinds: Vec<SignalKind>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .expect("a runtime can be made");
        let _entered = runtime.enter();
        for kind in kinds {
            // The handler stays when the stream of its signals is dropped.
            drop(signal(kind).expect("a handler can be installed"));
        }
    }

    /// The set of ignored signals in `/proc/PID/status`; bit 0 is signal 1.
    fn ignored(status: &str) -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        line.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok())
            .unwrap_or(0)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn ignored_signals_are_read_from_the_status() {
            let check = |status: &str, expected: u64| assert_eq!(ignored(status), expected);
            check(
                "SigBlk:\t0000000000000000\nSigIgn:\t0000000000001007\nSigCgt:\t0000000000000440\n",
                0x1007,
            );
            check("Name:\tcat\n", 0);
        }

        #[tokio::test]
        async fn handlers_are_installed_from_inside_a_task() {
            handle(vec![SignalKind::user_defined1()]);
        }
    }
}
