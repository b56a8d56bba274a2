//! The signals that this process takes notice of.
//!
//! Must not contain: what follows from a signal.

use std::{future::pending, io};

#[cfg(unix)]
use tokio::signal::unix::{Signal as Hangups, Signal as Interrupts, Signal as Terminations};
#[cfg(windows)]
use tokio::signal::windows::{
    CtrlBreak as Terminations, CtrlC as Interrupts, CtrlClose as Hangups,
};

/// From [`Signals::listen`] on none of them ends the process by itself, and children are not affected.
#[derive(Debug)]
pub(super) struct Signals {
    interrupts: Interrupts,
    terminations: Terminations,
    hangups: Hangups,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Signal {
    /// SIGINT, or Ctrl-C on Windows.
    Interrupt,
    /// SIGTERM or SIGHUP: the process is not wanted any more, or its terminal is gone. On Windows Ctrl-Break, which is as
    /// near as its console comes, and the end of the console.
    Terminate,
}

impl Signals {
    /// Begins to listen. Must be called within a runtime.
    ///
    /// A signal that was inherited as ignored or blocked is received all the same: shells, `nohup` and supervisors pass
    /// such signals on to the processes that they start, and a provider that ignores SIGTERM stays for ever.
    #[cfg(unix)]
    pub(super) fn listen() -> io::Result<Self> {
        use nix::sys::signal::{SigSet, Signal};
        use tokio::signal::unix::{SignalKind, signal};
        let mut received = SigSet::empty();
        for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
            received.add(signal);
        }
        received.thread_unblock()?;
        Ok(Self {
            interrupts: signal(SignalKind::interrupt())?,
            terminations: signal(SignalKind::terminate())?,
            hangups: signal(SignalKind::hangup())?,
        })
    }

    /// Begins to listen. Must be called within a runtime.
    #[cfg(windows)]
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close};
        Ok(Self {
            interrupts: ctrl_c()?,
            terminations: ctrl_break()?,
            hangups: ctrl_close()?,
        })
    }

    /// The next signal. Nothing is lost when the wait is given up.
    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            Some(()) = self.interrupts.recv() => Signal::Interrupt,
            Some(()) = self.terminations.recv() => Signal::Terminate,
            Some(()) = self.hangups.recv() => Signal::Terminate,
            // No more signals can come, which is no signal.
            else => pending().await,
        }
    }
}
