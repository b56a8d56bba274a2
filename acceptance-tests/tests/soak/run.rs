//! The run: its length and seed, its workers, and the table at its end.
//!
//! Must not contain: a step.

use std::{
    env,
    fmt::Write as _,
    path::Path,
    sync::{Arc, atomic::AtomicBool},
    thread,
    time::{Duration, Instant},
};

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult},
    cases,
};

use crate::worker::{Figures, Worker};

pub(crate) const CASES: &[Case] = cases![soak: loses_doubles_and_leaks_nothing];

/// The length of a run in seconds.
const SECONDS_VARIABLE: &str = "TF_ACC_SOAK_SECONDS";
const SECONDS: u64 = 120;

/// The seed of an earlier run, to run it again.
const SEED_VARIABLE: &str = "TF_ACC_SOAK_SEED";

/// The seed of a run of which nothing is said, so that one change is judged by the same decisions as the other.
const SEED: u64 = 500;

/// Workers side by side: most of their time is spent waiting.
const WORKERS: usize = 4;

#[expect(clippy::print_stdout, reason = "the table is what this test is for")]
fn loses_doubles_and_leaks_nothing(context: &mut TestContext) -> TestResult {
    let wanted = number(SECONDS_VARIABLE)?;
    let seconds = wanted.unwrap_or(SECONDS);
    let seed = number(SEED_VARIABLE)?.unwrap_or_else(|| match wanted {
        Some(_) => u64::from(fastrand::u32(..)),
        None => SEED,
    });
    let settings = format!("{SEED_VARIABLE}={seed} {SECONDS_VARIABLE}={seconds}");
    let cli = context.directory.cli().clone();
    println!("soak of {cli}: {settings}");
    let started = Instant::now();
    let end = started + Duration::from_secs(seconds);
    let stop = Arc::new(AtomicBool::new(false));
    let mut running = Vec::new();
    for number in 0..WORKERS {
        let log = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("soak-{}-{number}.log", cli.program.name()));
        println!("  worker {number}: {}", log.display());
        let directory = context.directory_with_the_provider()?;
        let worker = Worker::new(number, seed, directory, &log)?;
        let stop = Arc::clone(&stop);
        running.push(thread::spawn(move || worker.run(end, &stop)));
    }
    let (mut all, mut failures) = (Figures::default(), String::new());
    for (number, worker) in running.into_iter().enumerate() {
        let Ok((figures, failure)) = worker.join() else {
            let _ = write!(failures, "\n== worker {number} panicked");
            continue;
        };
        all.add(&figures);
        if let Some(failure) = failure {
            let _ = write!(failures, "\n== worker {number}\n{failure}");
        }
    }
    let spent = started.elapsed().as_secs_f64();
    println!("\n{all}\nsoak of {cli}: {spent:.0} s in {WORKERS} workers, {settings}\n");
    if failures.is_empty() {
        Ok(())
    } else {
        Err(format!("the soak with {settings} failed{failures}").into())
    }
}

fn number(variable: &str) -> Result<Option<u64>, String> {
    let Some(text) = env::var_os(variable).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let number = text.to_str().and_then(|text| text.parse().ok());
    let wrong = || {
        format!(
            "{variable} has to be a whole number, but is {}",
            text.display()
        )
    };
    number.map(Some).ok_or_else(wrong)
}
