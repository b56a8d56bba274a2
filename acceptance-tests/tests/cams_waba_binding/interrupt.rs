//! Ctrl-C: bindings that were made are saved, and waits end soon.

use std::{thread, time::Duration};

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal},
    cases,
    emulator::{Fault, FaultKind},
};

use crate::{A, BIND, QUERY, WABA, binding};

pub(crate) const CASES: &[Case] = cases![interrupt:
    bind_in_flight_is_saved,
    read_after_the_bind_keeps_the_binding,
    wait_for_a_retry_ends_soon,
    pending_binds_are_not_sent,
];

const MAX_WAIT: Duration = Duration::from_secs(60);

fn interrupted(
    context: &TestContext,
    action: &str,
    grace: Duration,
) -> Result<acceptance_tests::terraform::Output, acceptance_tests::acceptance::Failed> {
    let running = context
        .directory
        .start(&["apply", "-json", "-auto-approve"])?;
    if !context.emulator.wait_for_calls(action, 1, MAX_WAIT) {
        return Err(format!("no {action} came; the command printed {}", running.stdout()).into());
    }
    thread::sleep(grace);
    running.interrupt()?;
    Ok(running.finish()?)
}

fn bind_in_flight_is_saved(context: &mut TestContext) -> TestResult {
    context.configure(&binding(WABA, ""))?;
    context
        .emulator
        .inject(Fault::new(BIND, FaultKind::Slow { delay_ms: 2_500 }).after())?;
    let output = interrupted(context, BIND, Duration::from_millis(300))?.expecting(1)?;
    contains(&output.stdout, &["nterrupt"])?;
    let space = context.space_of(WABA)?;
    let object = context.object(A)?;
    equal("id", object.text("id"), &space)?;
    equal("waba_id", object.text("waba_id"), WABA)?;
    equal("tainted", object.tainted, false)?;
    // The next run continues with that state.
    context.apply()?.expecting(0)?;
    equal(
        "waba_name",
        context.object(A)?.text("waba_name"),
        "Business 0001",
    )?;
    equal("binds", context.calls(BIND), 1)
}

fn read_after_the_bind_keeps_the_binding(context: &mut TestContext) -> TestResult {
    context
        .emulator
        .set_behavior(|behavior| behavior.waba.lag_ms = 600_000);
    context.configure(&binding(WABA, ""))?;
    let output = interrupted(context, QUERY, Duration::from_millis(300))?;
    equal("ended soon", output.elapsed < Duration::from_secs(20), true)?;
    let object = context.object(A)?;
    equal("id", object.text("id"), context.space_of(WABA)?)?;
    equal("tainted", object.tainted, false)
}

fn wait_for_a_retry_ends_soon(context: &mut TestContext) -> TestResult {
    context.configure(&binding(WABA, ""))?;
    let throttled = FaultKind::Throttle {
        code: "Throttling.User".to_owned(),
        status: 400,
        retry_after_ms: Some(120_000),
    };
    context
        .emulator
        .inject(Fault::new(BIND, throttled).always())?;
    let output = interrupted(context, BIND, Duration::from_millis(500))?.expecting(1)?;
    equal("ended soon", output.elapsed < Duration::from_secs(20), true)?;
    let text: String = output.errors().iter().map(|error| error.text()).collect();
    contains(
        &text,
        &[
            "Cannot bind WABA",
            WABA,
            "was interrupted",
            "Run the command again",
        ],
    )?;
    equal(
        "an ambiguity that is none",
        text.contains("is unknown"),
        false,
    )?;
    equal("binds", context.calls(BIND), 1)?;
    equal("objects", context.directory.state()?.resources.len(), 0)
}

fn pending_binds_are_not_sent(context: &mut TestContext) -> TestResult {
    context.configure(
        r#"
resource "alicloud_cams_waba_binding" "a" {
  count   = 12
  waba_id = 100000000000000 + count.index
}
"#,
    )?;
    context.emulator.inject(
        Fault::new(BIND, FaultKind::Slow { delay_ms: 1_500 })
            .after()
            .always(),
    )?;
    interrupted(context, BIND, Duration::from_millis(600))?.expecting(1)?;
    let state = context.directory.state()?;
    let mut in_state: Vec<&str> = state
        .resources
        .iter()
        .map(|resource| resource.text("id"))
        .collect();
    let spaces = context
        .emulator
        .spaces(acceptance_tests::emulator::DEFAULT_ACCOUNT);
    let mut in_cloud: Vec<&str> = spaces.iter().map(|space| &*space.cust_space_id).collect();
    in_state.sort_unstable();
    in_cloud.sort_unstable();
    equal("spaces in state and in the cloud", in_state, in_cloud)?;
    equal("some were begun", spaces.is_empty(), false)
}
