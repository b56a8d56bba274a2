//! The provider's process beside the CLI that started it: found, watched and killed.
//!
//! Linux alone tells whose child a process is (`/proc`). Must not contain: what a kill leads to.

use std::{fs, io};

use rustix::process::{Pid, Signal, kill_process};

/// The start of the provider's name, as far as the kernel keeps it.
const NAME: &str = "terraform-provi";

/// A process. Its start time distinguishes it from a later process with the same ID.
#[derive(Clone, Debug)]
pub struct Process {
    pid: u32,
    started: String,
}

impl Process {
    /// The provider that a CLI has started and that still runs.
    pub fn provider_of(cli: u32) -> io::Result<Option<Self>> {
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            if let Some(stat) = Stat::of(pid)
                && stat.parent == cli
                && stat.name.starts_with(NAME)
                && stat.state != "Z"
            {
                let started = stat.started;
                return Ok(Some(Self { pid, started }));
            }
        }
        Ok(None)
    }

    /// Whether it runs. One that has ended and that nobody has waited for does not.
    #[must_use]
    pub fn is_running(&self) -> bool {
        Stat::of(self.pid).is_some_and(|stat| stat.started == self.started && stat.state != "Z")
    }

    /// Ends it without a warning (SIGKILL).
    pub fn kill(&self) -> io::Result<()> {
        kill(self.pid)
    }
}

/// Ends a process without a warning (SIGKILL).
pub fn kill(pid: u32) -> io::Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or(io::ErrorKind::InvalidInput)?;
    Ok(kill_process(pid, Signal::KILL)?)
}

/// What `/proc/PID/stat` says, as `proc_pid_stat(5)` describes it.
struct Stat {
    name: String,
    state: String,
    parent: u32,
    /// In clock ticks since boot.
    started: String,
}

impl Stat {
    /// `None`: there is no such process (any more).
    fn of(pid: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name may hold parentheses and spaces itself; nothing after it does.
        let (before, after) = text.rsplit_once(") ")?;
        let fields: Vec<&str> = after.split_whitespace().collect();
        Some(Self {
            name: before.split_once('(')?.1.to_owned(),
            state: (*fields.first()?).to_owned(),
            parent: fields.get(1)?.parse().ok()?,
            started: (*fields.get(19)?).to_owned(),
        })
    }
}
