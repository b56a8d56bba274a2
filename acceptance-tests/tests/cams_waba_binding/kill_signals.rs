//! Every hard end of a run while a bind is in flight: what state holds then, and where the next run arrives.
//!
//! Terraform gives the provider no chance to save a binding that the cloud has made in three cases: a second SIGINT, on
//! which the CLI exits without waiting for the answer; SIGKILL of the provider, after which there is no answer; SIGKILL
//! of the CLI, after which nobody takes it. In each of them state does not know the binding, and the next apply binds
//! again. Where the service answers that with the same space or with an error, the next apply ends with the one space
//! in state. Where it makes another space, the new one is in state, and the first stays bound in the cloud without being
//! in state or named to anybody: the answer to the second bind gives no reason to search for it.
//!
//! Must not contain: one SIGINT, which costs nothing (`interrupt.rs`); Linux alone tells whose child a process is.

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
    a_second_interrupt_costs_the_answer_and_the_next_apply_finds_the_space,
    a_termination_of_both_leaves_the_bind_in_state,
    a_killed_provider_then_the_same_space,
    a_killed_provider_then_an_error,
    a_killed_provider_then_no_second_space,
    a_killed_cli_leaves_nothing_behind,
];

const PATIENCE: Duration = Duration::from_secs(60);

/// How long the service keeps the answer to a bind that it has executed.
const ANSWER_AFTER: Duration = Duration::from_millis(2_500);

/// How long a provider may stay without its host, the call in flight not counted.
const GRACE: Duration = Duration::from_secs(5);

/// An apply whose bind the cloud has executed and not answered.
struct Binding {
    running: Running,
    provider: Process,
    /// The provider's directory for temporary files, in which its socket lies.
    temporary: TempDir,
}

impl Binding {
    fn begin(context: &mut TestContext) -> Result<Self, Failed> {
        let temporary = tempfile::tempdir()?;
        context.directory.set("TMPDIR", temporary.path());
        context.configure(&binding(WABA, ""))?;
        let delay_ms = u64::try_from(ANSWER_AFTER.as_millis())?;
        context
            .emulator
            .inject(Fault::new(BIND, FaultKind::Slow { delay_ms }).after())?;
        let running = context
            .directory
            .start(&["apply", "-json", "-auto-approve"])?;
        let deadline = Instant::now() + PATIENCE;
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

    /// Waits until neither the provider nor its socket is there.
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
    // The CLI keeps files of its own there.
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

/// The next apply, which must end with one object in state that the plan after it leaves alone.
fn converges(context: &TestContext) -> Result<(Output, String), Failed> {
    let output = context.apply()?.expecting(0)?;
    let object = context.object(A)?;
    equal("objects", context.directory.state()?.resources.len(), 1)?;
    equal("tainted", object.tainted, false)?;
    equal("waba_id", object.text("waba_id"), WABA)?;
    context.plan(0)?;
    Ok((output, object.text("id").to_owned()))
}

/// The same, with the space of the bind whose answer was lost.
fn converges_on_the_first_space(context: &TestContext, first: &str) -> TestResult {
    let (_, id) = converges(context)?;
    equal("id", &*id, first)?;
    equal("the one space", context.space_of(WABA)?, id)
}

fn a_second_interrupt_costs_the_answer_and_the_next_apply_finds_the_space(
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
    Binding::leaves_nothing_within(&provider, &temporary, ANSWER_AFTER + GRACE)?;
    nothing_is_in_state(context)?;
    converges_on_the_first_space(context, &first)
}

fn a_termination_of_both_leaves_the_bind_in_state(context: &mut TestContext) -> TestResult {
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

/// Kills the provider during the bind; the first space.
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

fn a_killed_provider_then_the_same_space(context: &mut TestContext) -> TestResult {
    let first = killed_provider(context)?;
    converges_on_the_first_space(context, &first)
}

fn a_killed_provider_then_an_error(context: &mut TestContext) -> TestResult {
    let first = killed_provider(context)?;
    context.emulator.set_behavior(|behavior| {
        behavior.waba.bind_again = BindAgain::Error("Waba.AlreadyBound".to_owned());
    });
    converges_on_the_first_space(context, &first)
}

/// A service that makes a new space of each bind does not get a second one.
fn a_killed_provider_then_no_second_space(context: &mut TestContext) -> TestResult {
    let first = killed_provider(context)?;
    context
        .emulator
        .set_behavior(|behavior| behavior.waba.bind_again = BindAgain::NewSpace);
    let (output, id) = converges(context)?;
    equal("the space", &id, &first)?;
    contains(&only_warning(&output)?.text(), &["was already bound"])?;
    equal("spaces", context.emulator.spaces_bound_to(WABA).len(), 1)
}

fn a_killed_cli_leaves_nothing_behind(context: &mut TestContext) -> TestResult {
    let Binding {
        running,
        provider,
        temporary,
    } = Binding::begin(context)?;
    let first = context.space_of(WABA)?;
    process::kill(running.pid())?;
    equal("exit code", running.finish()?.code, None)?;
    Binding::leaves_nothing_within(&provider, &temporary, ANSWER_AFTER + GRACE)?;
    nothing_is_in_state(context)?;
    converges_on_the_first_space(context, &first)
}
