//! Runs that are killed while a bind is in flight: what the state has then, and what the next run does.
//!
//! A binding that the service has made cannot be saved in three cases: a second SIGINT, after which the CLI exits without
//! the response of the provider; SIGKILL of the provider; SIGKILL of the CLI. The state is without the binding then. The
//! next apply looks for the WABA before it binds, and adopts the first space.
//!
//! One SIGINT loses nothing (`interrupt.rs`). On Linux only: `/proc` says which process is whose child.

use std::{
    fs, io, thread,
    time::{Duration, Instant},
};

use acceptance_tests::{
    acceptance::{Case, Failed, TestContext, TestResult, contains, equal, only_warning},
    cases,
    emulator::{BindAgain, Fault, FaultKind},
    process::{self, Process},
    terraform::{Output, Running},
};
use tempfile::TempDir;

use crate::{A, BIND, WABA, binding};

pub(crate) const CASES: &[Case] = cases![kill_signals:
    second_interrupt_loses_the_response_and_the_next_apply_finds_the_space,
    sigterm_of_both_saves_the_bind,
    killed_provider_then_bind_to_the_same_space,
    killed_provider_then_bind_error,
    killed_provider_gets_no_second_space,
    killed_cli_leaves_no_process_or_socket,
];

const MAX_WAIT: Duration = Duration::from_secs(60);

/// How long the service delays the response to a bind that it has executed.
const RESPONSE_DELAY: Duration = Duration::from_millis(2_500);

/// How long a provider may run without its host, after the call in flight.
const GRACE: Duration = Duration::from_secs(5);

/// An apply whose bind was executed and has no response yet.
struct Binding {
    running: Running,
    provider: Process,
    /// The provider's directory for temporary files, with its socket.
    temporary: TempDir,
}

impl Binding {
    fn begin(context: &mut TestContext) -> Result<Self, Failed> {
        let temporary = tempfile::tempdir()?;
        context.directory.set("TMPDIR", temporary.path());
        context.configure(&binding(WABA, ""))?;
        let delay_ms = u64::try_from(RESPONSE_DELAY.as_millis())?;
        context
            .emulator
            .inject(Fault::new(BIND, FaultKind::Slow { delay_ms }).after())?;
        let running = context
            .directory
            .start(&["apply", "-json", "-auto-approve"])?;
        let deadline = Instant::now() + MAX_WAIT;
        while context.emulator.spaces_bound_to(WABA).is_empty() {
            if Instant::now() > deadline {
                return Err(format!("no bind; the command printed {}", running.stdout()).into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        let provider = Process::provider_of(running.pid())?.ok_or("no provider runs")?;
        equal("the socket's directory", files(&temporary)?, 1)?;
        Ok(Self {
            running,
            provider,
            temporary,
        })
    }

    /// Waits until the provider and its socket are gone.
    fn leaves_nothing_within(
        provider: &Process,
        temporary: &TempDir,
        limit: Duration,
    ) -> TestResult {
        let deadline = Instant::now() + limit;
        while provider.is_running() || files(temporary)? > 0 {
            if Instant::now() > deadline {
                let (runs, left) = (provider.is_running(), files(temporary)?);
                return Err(format!(
                    "after {limit:?} the provider runs: {runs}; files that it left: {left}"
                )
                .into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

fn files(directory: &TempDir) -> io::Result<usize> {
    let entries = fs::read_dir(directory.path())?;
    // The CLI has files of its own there.
    let sockets = entries.filter(|entry| {
        entry.as_ref().is_ok_and(|entry| {
            fs::read_dir(entry.path()).is_ok_and(|mut inner| {
                use std::os::unix::fs::FileTypeExt;
                inner.any(|file| {
                    file.and_then(|file| file.file_type())
                        .is_ok_and(|kind| kind.is_socket())
                })
            })
        })
    });
    Ok(sockets.count())
}

fn nothing_is_in_state(context: &TestContext) -> TestResult {
    equal("objects", context.directory.state()?.resources.len(), 0)
}

/// The next apply. It must end with one object in the state, and the plan after it must be empty.
fn converges(context: &TestContext) -> Result<(Output, String), Failed> {
    let output = context.apply()?.expecting(0)?;
    let object = context.object(A)?;
    equal("objects", context.directory.state()?.resources.len(), 1)?;
    equal("tainted", object.tainted, false)?;
    equal("waba_id", object.text("waba_id"), WABA)?;
    context.plan(0)?;
    Ok((output, object.text("id").to_owned()))
}

/// The same, with the space of the bind whose response was lost.
fn converges_on_the_first_space(context: &TestContext, first: &str) -> TestResult {
    let (_, id) = converges(context)?;
    equal("id", &*id, first)?;
    equal("the one space", context.space_of(WABA)?, id)
}

fn second_interrupt_loses_the_response_and_the_next_apply_finds_the_space(
    context: &mut TestContext,
) -> TestResult {
    let Binding {
        running,
        provider,
        temporary,
    } = Binding::begin(context)?;
    let first = context.space_of(WABA)?;
    running.interrupt()?;
    thread::sleep(Duration::from_millis(300));
    running.interrupt()?;
    let output = running.finish()?.expecting(1)?;
    contains(&output.text(), &["Two interrupts received"])?;
    Binding::leaves_nothing_within(&provider, &temporary, RESPONSE_DELAY + GRACE)?;
    nothing_is_in_state(context)?;
    converges_on_the_first_space(context, &first)
}

fn sigterm_of_both_saves_the_bind(context: &mut TestContext) -> TestResult {
    let Binding {
        running,
        provider,
        temporary,
    } = Binding::begin(context)?;
    let first = context.space_of(WABA)?;
    running.terminate()?;
    running.finish()?.expecting(1)?;
    Binding::leaves_nothing_within(&provider, &temporary, GRACE)?;
    let object = context.object(A)?;
    equal("id", object.text("id"), &*first)?;
    equal("tainted", object.tainted, false)?;
    converges_on_the_first_space(context, &first)?;
    equal("binds", context.calls(BIND), 1)
}

/// Kills the provider during the bind. Returns the space of that bind.
fn killed_provider(context: &mut TestContext) -> Result<String, Failed> {
    let Binding {
        running, provider, ..
    } = Binding::begin(context)?;
    provider.kill()?;
    let output = running.finish()?.expecting(1)?;
    let text: String = output.errors().iter().map(|error| error.text()).collect();
    contains(&text, &["ApplyResourceChange", "lugin"])?;
    nothing_is_in_state(context)?;
    context.space_of(WABA)
}

fn killed_provider_then_bind_to_the_same_space(context: &mut TestContext) -> TestResult {
    let first = killed_provider(context)?;
    converges_on_the_first_space(context, &first)
}

fn killed_provider_then_bind_error(context: &mut TestContext) -> TestResult {
    let first = killed_provider(context)?;
    context.emulator.set_behavior(|behavior| {
        behavior.waba.bind_again = BindAgain::Error("Waba.AlreadyBound".to_owned());
    });
    converges_on_the_first_space(context, &first)
}

/// No second space is made, even if the service would make a new one for each bind.
fn killed_provider_gets_no_second_space(context: &mut TestContext) -> TestResult {
    let first = killed_provider(context)?;
    context
        .emulator
        .set_behavior(|behavior| behavior.waba.bind_again = BindAgain::NewSpace);
    let (output, id) = converges(context)?;
    equal("the space", &id, &first)?;
    contains(&only_warning(&output)?.text(), &["was already bound"])?;
    equal("spaces", context.emulator.spaces_bound_to(WABA).len(), 1)
}

fn killed_cli_leaves_no_process_or_socket(context: &mut TestContext) -> TestResult {
    let Binding {
        running,
        provider,
        temporary,
    } = Binding::begin(context)?;
    let first = context.space_of(WABA)?;
    process::kill(running.pid())?;
    equal("exit code", running.finish()?.code, None)?;
    Binding::leaves_nothing_within(&provider, &temporary, RESPONSE_DELAY + GRACE)?;
    nothing_is_in_state(context)?;
    converges_on_the_first_space(context, &first)
}
