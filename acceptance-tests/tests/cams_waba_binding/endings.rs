//! Ends that nobody asked for: killed providers, killed CLIs, second interrupts. What is bound by then, the next apply finds.
//!
//! Terraform gives a provider no chance to save a binding in three cases: the provider is killed while it binds, the CLI is
//! killed, or the CLI is interrupted a second time. State then lacks the binding, and only the next apply can mend that.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use acceptance_tests::{
    acceptance::{Case, Ending, Failed, Stage, contains, equal},
    cases,
    emulator::{BindAgain, Fault, Misbehaviour},
    terraform::Running,
};
use rustix::process::{Pid, Signal, kill_process};

use crate::{A, BIND, WABA, binding};

pub(crate) const CASES: &[Case] = cases![endings:
    a_provider_killed_during_a_bind_is_followed_by_convergence,
    a_cli_killed_during_a_bind_leaves_no_process_and_no_socket,
    a_termination_during_a_bind_keeps_the_binding,
    a_second_interrupt_is_followed_by_convergence,
];

const PATIENCE: Duration = Duration::from_secs(60);

/// How long the bind takes to be answered once it is executed: long enough to do something meanwhile.
const BINDING_MS: u64 = 2_000;

/// How long a provider may outlive its CLI, the call in flight apart.
const BOUND: Duration = Duration::from_secs(8);

/// Starts an apply and returns once the WABA is bound, while the answer is still on its way.
fn binding_now(stage: &Stage) -> Result<Running, Failed> {
    stage.configure(&binding(WABA, ""))?;
    let slow = Misbehaviour::Slow {
        delay_ms: BINDING_MS,
    };
    stage.emulator.inject(Fault::new(BIND, slow).after())?;
    let running = stage
        .directory
        .start(&["apply", "-json", "-auto-approve"])?;
    if !stage.emulator.wait_for_calls(BIND, 1, PATIENCE) {
        return Err(format!("no bind came; the command printed {}", running.stdout()).into());
    }
    thread::sleep(Duration::from_millis(300));
    stage.space_of(WABA)?;
    Ok(running)
}

/// The provider that binds: the youngest of those that this CLI has started.
fn provider_of(running: &Running) -> Result<Pid, Failed> {
    let parent = format!("PPid:\t{}", running.pid());
    let children = fs::read_dir("/proc")?.filter_map(|entry| {
        let pid: i32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let is_child = status.lines().any(|line| line == parent);
        // The kernel cuts the names of processes short.
        (is_child && status.starts_with("Name:\tterraform-provi")).then_some(pid)
    });
    let pid = children.max().and_then(Pid::from_raw);
    pid.ok_or_else(|| "the CLI has no provider".into())
}

fn exists(pid: Pid) -> bool {
    fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero()))
        .is_ok_and(|status| !status.contains("State:\tZ"))
}

/// The next apply finds what is bound, and the plan after it has nothing to do.
fn converges(stage: &Stage, spaces: usize) -> Ending {
    stage.emulator.clear_faults();
    stage.apply()?.expecting(0)?;
    stage.plan(0)?;
    let bound = stage.emulator.spaces_bound_to(WABA);
    equal("spaces of the WABA", bound.len(), spaces)?;
    let object = stage.object(A)?;
    let in_state = bound
        .iter()
        .any(|space| space.cust_space_id == object.text("id"));
    equal("whether the space in state holds the WABA", in_state, true)?;
    equal("tainted", object.tainted, false)
}

fn a_provider_killed_during_a_bind_is_followed_by_convergence(stage: &mut Stage) -> Ending {
    // What a second bind does is not documented. If it makes a second space, nothing known to the next apply tells.
    for (again, spaces) in [
        (BindAgain::SameSpace, 1),
        (BindAgain::Error("Waba.AlreadyBound".to_owned()), 1),
        (BindAgain::NewSpace, 2),
    ] {
        stage.emulator.reset();
        let _ = fs::remove_file(stage.directory.path().join("terraform.tfstate"));
        stage
            .emulator
            .set_switches(|switches| switches.bind_again = again);
        let running = binding_now(stage)?;
        kill_process(provider_of(&running)?, Signal::KILL)?;
        let output = running.finish()?.expecting(1)?;
        contains(&output.stdout, &["Plugin did not respond"])?;
        converges(stage, spaces)?;
    }
    Ok(())
}

fn a_cli_killed_during_a_bind_leaves_no_process_and_no_socket(stage: &mut Stage) -> Ending {
    let temporary = stage.directory.path().join("temporary");
    fs::create_dir(&temporary)?;
    stage.directory.set("TMPDIR", &temporary);
    let running = binding_now(stage)?;
    let provider = provider_of(&running)?;
    let cli = i32::try_from(running.pid()).ok().and_then(Pid::from_raw);
    kill_process(cli.ok_or("a process ID")?, Signal::KILL)?;
    let killed = Instant::now();
    drop(running.finish());
    while exists(provider) && killed.elapsed() < BOUND + Duration::from_millis(BINDING_MS) {
        thread::sleep(Duration::from_millis(20));
    }
    equal(
        "whether the provider outlives its CLI",
        exists(provider),
        false,
    )?;
    let left: Vec<_> = fs::read_dir(&temporary)?
        .filter_map(|entry| Some(entry.ok()?.file_name()))
        .filter(|name| name.to_string_lossy().starts_with("plugin"))
        .collect();
    equal(
        "sockets left behind",
        left,
        Vec::<std::ffi::OsString>::new(),
    )?;
    converges(stage, 1)
}

fn a_termination_during_a_bind_keeps_the_binding(stage: &mut Stage) -> Ending {
    let running = binding_now(stage)?;
    running.terminate()?;
    running.finish()?.expecting(1)?;
    let object = stage.object(A)?;
    equal("id", object.text("id"), stage.space_of(WABA)?)?;
    equal("tainted", object.tainted, false)?;
    converges(stage, 1)
}

fn a_second_interrupt_is_followed_by_convergence(stage: &mut Stage) -> Ending {
    let running = binding_now(stage)?;
    let provider = provider_of(&running)?;
    running.interrupt()?;
    thread::sleep(Duration::from_millis(300));
    running.interrupt()?;
    let output = running.finish()?;
    equal("whether the command failed", output.code == Some(0), false)?;
    equal("whether the provider is left", exists(provider), false)?;
    converges(stage, 1)
}
