//! One run of a command: started, watched, interrupted if asked, ended in time.
//!
//! Must not contain: what is run, or what its output means.

use std::{
    fmt,
    io::{self, Read, Write},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use super::{Error, Output};
use crate::default_signals;

/// Whether a signal to the terminal (Ctrl-C) reaches the command, too.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Group {
    /// It does not: the command and what it starts are a process group of their own, which can be signalled as a whole.
    Own,
    /// It does, as in a shell.
    Shared,
}

/// Who else sees the output as it comes.
pub type Echo = Arc<Mutex<dyn Write + Send>>;

/// A command that has been started. Dropped before its end, it is killed.
pub struct Running {
    child: Child,
    group: Group,
    command: String,
    started: Instant,
    limit: Duration,
    stdout: Stream,
    stderr: Stream,
    ended: bool,
}

impl Running {
    pub(super) fn start(
        mut command: Command,
        line: String,
        group: Group,
        limit: Duration,
        echo: Option<&Echo>,
    ) -> Result<Self, Error> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        #[cfg(unix)]
        if group == Group::Own {
            use std::os::unix::process::CommandExt;
            command.process_group(0);
        }
        let failed = |source| Error::Io {
            attempted: format!("start `{line}`"),
            source,
        };
        default_signals::restore();
        let started = Instant::now();
        let mut child = command.spawn().map_err(failed)?;
        let stdout = Stream::read(child.stdout.take(), echo);
        let stderr = Stream::read(child.stderr.take(), echo);
        Ok(Self {
            child,
            group,
            command: line,
            started,
            limit,
            stdout,
            stderr,
            ended: false,
        })
    }

    /// Sends SIGINT to the command and all that it has started, as Ctrl-C in a terminal does.
    #[cfg(unix)]
    pub fn interrupt(&self) -> Result<(), Error> {
        self.signal(rustix::process::Signal::INT)
            .map_err(|source| Error::Io {
                attempted: format!("interrupt `{}`", self.command),
                source,
            })
    }

    /// The process ID of the command itself.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGTERM to the command and all that it has started, as the end of a session does.
    #[cfg(unix)]
    pub fn terminate(&self) -> Result<(), Error> {
        self.signal(rustix::process::Signal::TERM)
            .map_err(|source| Error::Io {
                attempted: format!("terminate `{}`", self.command),
                source,
            })
    }

    /// What the command has written to stdout so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// Waits for the end; past the time limit the command is killed, and that is an error.
    pub fn finish(mut self) -> Result<Output, Error> {
        let status = self.wait()?;
        let deadline = self.started + self.limit;
        // A process left behind that still holds the pipes must not hold up the caller.
        if !(self.stdout.wait(deadline) && self.stderr.wait(deadline)) {
            return Err(self.timed_out());
        }
        self.ended = true;
        Ok(Output {
            command: self.command.clone(),
            code: status.code(),
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
            elapsed: self.started.elapsed(),
        })
    }

    fn wait(&mut self) -> Result<ExitStatus, Error> {
        loop {
            let status = self.child.try_wait().map_err(|source| Error::Io {
                attempted: format!("wait for `{}`", self.command),
                source,
            })?;
            if let Some(status) = status {
                return Ok(status);
            }
            if self.started.elapsed() >= self.limit {
                return Err(self.timed_out());
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn timed_out(&self) -> Error {
        Error::TimedOut {
            command: self.command.clone(),
            limit: self.limit,
            output: format!("{}{}", self.stdout.text(), self.stderr.text()),
        }
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) -> io::Result<()> {
        use rustix::process::{Pid, kill_process, kill_process_group};
        let pid = Pid::from_child(&self.child);
        match self.group {
            Group::Own => kill_process_group(pid, signal)?,
            Group::Shared => kill_process(pid, signal)?,
        }
        Ok(())
    }

    #[cfg(unix)]
    fn kill(&mut self) {
        // It may have ended on its own meanwhile; then there is nothing to kill.
        let _ = self.signal(rustix::process::Signal::KILL);
    }

    #[cfg(not(unix))]
    fn kill(&mut self) {
        // As above.
        let _ = self.child.kill();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            self.kill();
            let _ = self.child.wait();
        }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("command", &self.command)
            .finish_non_exhaustive()
    }
}

/// One of the output streams, read on a thread of its own so that it never fills up.
struct Stream {
    bytes: Arc<Mutex<Vec<u8>>>,
    ended: mpsc::Receiver<()>,
}

impl Stream {
    fn read(source: Option<impl Read + Send + 'static>, echo: Option<&Echo>) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let (end, ended) = mpsc::channel::<()>();
        if let Some(mut source) = source {
            let (bytes, echo) = (Arc::clone(&bytes), echo.cloned());
            thread::spawn(move || {
                // Dropped with the thread, which is how the end is known.
                let _end = end;
                let mut buffer = [0; 16 * 1024];
                loop {
                    let count = match source.read(&mut buffer) {
                        Ok(0) => return,
                        Ok(count) => count,
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                        Err(_) => return,
                    };
                    let piece = &buffer[..count];
                    bytes
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .extend_from_slice(piece);
                    if let Some(echo) = &echo {
                        let mut echo = echo.lock().unwrap_or_else(PoisonError::into_inner);
                        // A reader that has gone away takes nothing from the command.
                        let _ = echo.write_all(piece).and_then(|()| echo.flush());
                    }
                }
            });
        }
        Self { bytes, ended }
    }

    /// Waits until everything is read; whether it is.
    fn wait(&self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        !matches!(
            self.ended.recv_timeout(left),
            Err(mpsc::RecvTimeoutError::Timeout)
        )
    }

    fn text(&self) -> String {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Running {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Running::start(command, script.to_owned(), Group::Own, limit, None).expect("a shell")
    }

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn output_and_exit_code_are_kept_apart() {
        let output = shell("echo out; echo err >&2; exit 3", LONG)
            .finish()
            .expect("an end");
        assert_eq!(output.code, Some(3));
        assert_eq!(output.stdout, "out\n");
        assert_eq!(output.stderr, "err\n");
    }

    #[test]
    fn time_limit_ends_the_process_and_its_children() {
        let started = Instant::now();
        let error = shell("echo begun; sleep 30 & wait", Duration::from_millis(300))
            .finish()
            .expect_err("too long");
        assert!(started.elapsed() < Duration::from_secs(10));
        let text = error.to_string();
        assert!(text.contains("begun"), "{text}");
        assert!(text.contains("did not end within 300ms"), "{text}");
    }

    #[test]
    fn interrupt_reaches_the_whole_process_group() {
        // The inner shell would outlast the outer one if only that were interrupted.
        let running = shell(
            "sh -c 'trap \"echo inner; exit 0\" INT; echo ready; while :; do sleep 0.05; done'; echo after",
            LONG,
        );
        let deadline = Instant::now() + LONG;
        while !running.stdout().contains("ready") {
            assert!(Instant::now() < deadline, "never ready");
            thread::sleep(Duration::from_millis(5));
        }
        running.interrupt().expect("a process group");
        let output = running.finish().expect("an end");
        assert!(output.stdout.contains("inner"), "{output}");
    }

    /// Runs this test again in a process that has inherited ignored signals, and looks at what its own child inherits.
    #[cfg(target_os = "linux")]
    #[test]
    fn ignored_signals_are_not_inherited() {
        const INNER: &str = "TEST_INHERITS_IGNORED_SIGNALS";
        if std::env::var_os(INNER).is_some() {
            let child = shell("grep SigIgn /proc/self/status", LONG);
            let output = child.finish().expect("an end");
            let digits = output.stdout.strip_prefix("SigIgn:\t").expect("a line");
            let ignored = u64::from_str_radix(digits.trim(), 16).expect("a set");
            // SIGHUP, SIGINT, SIGQUIT and SIGPIPE.
            let checked = [1, 2, 3, 13].map(|signal| 1_u64 << (signal - 1));
            assert_eq!(ignored & checked.iter().sum::<u64>(), 0, "{output}");
            return;
        }
        let this = std::env::current_exe().expect("a path");
        let name = "terraform::process::tests::ignored_signals_are_not_inherited";
        let output = Command::new("sh")
            .args(["-c", "trap '' INT QUIT HUP; exec \"$0\" --exact \"$1\""])
            .arg(this)
            .arg(name)
            .env(INNER, "1")
            .output()
            .expect("a shell");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}");
        assert!(text.contains("1 passed"), "{text}");
    }

    #[test]
    fn output_is_echoed_as_it_comes() {
        let seen = Arc::new(Mutex::new(Vec::<u8>::new()));
        let echo: Echo = seen.clone();
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two"]);
        let running =
            Running::start(command, String::new(), Group::Own, LONG, Some(&echo)).expect("a shell");
        let output = running.finish().expect("an end");
        let seen = seen.lock().expect("no reader panicked");
        assert_eq!(String::from_utf8_lossy(&seen), output.stdout);
    }
}
