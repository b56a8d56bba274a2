//! A worker: a cloud, a directory, and the steps that are taken there, one after another.
//!
//! Must not contain: which steps are chosen, or what counts as wrong.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    fs::File,
    io::Write as _,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use acceptance_tests::{
    acceptance::{Failed, REQUIRED_PROVIDERS},
    emulator::{
        Account, Behavior, BindAgain, DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET,
        DEFAULT_ACCOUNT, Emulator, Fault, NewSpace, Role, Space,
    },
    process::{self, Process},
    terraform::{Output, Running, WorkingDirectory},
};
use fastrand::Rng;

use crate::{
    generator::{self, ACCOUNTS, Action, BIND, Binding, Drift, End, Shown, Wishes},
    invariants::{self, Command, Defects, Invariants, Stored, Wrong},
};

const ISV_CODE: &str = "isv-code-that-nobody-may-see";
const TYPE: &str = "alicloud_cams_waba_binding";

/// Where the provider's trace of a command goes.
const TRACE: &str = "trace.log";

/// Kept from the end of the time, for the last apply.
const RESERVE: Duration = Duration::from_secs(12);

/// How long calls in flight and a provider without its CLI may take.
const MAX_WAIT: Duration = Duration::from_secs(20);

/// A step that failed, or a harness that did.
enum Stop {
    Defects(String),
    Harness(String),
}

impl<E: fmt::Display> From<E> for Stop {
    fn from(error: E) -> Self {
        Stop::Harness(error.to_string())
    }
}

/// What a worker did.
#[derive(Default)]
pub(crate) struct Figures {
    steps: BTreeMap<String, usize>,
    faults: BTreeMap<String, usize>,
    wrong: BTreeMap<Wrong, usize>,
    commands: usize,
    failed: usize,
    bindings: usize,
    named: usize,
    unheard: usize,
    unavoidable: usize,
    reported_doubles: usize,
    again: usize,
}

impl Figures {
    pub(crate) fn add(&mut self, other: &Figures) {
        for (into, from) in [
            (&mut self.steps, &other.steps),
            (&mut self.faults, &other.faults),
        ] {
            for (name, count) in from {
                *into.entry(name.clone()).or_default() += count;
            }
        }
        for (kind, count) in &other.wrong {
            *self.wrong.entry(*kind).or_default() += count;
        }
        self.commands += other.commands;
        self.failed += other.failed;
        self.bindings += other.bindings;
        self.named += other.named;
        self.unheard += other.unheard;
        self.unavoidable += other.unavoidable;
        self.reported_doubles += other.reported_doubles;
        self.again += other.again;
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (title, counts) in [("steps", &self.steps), ("faults met", &self.faults)] {
            let total: usize = counts.values().sum();
            writeln!(f, "{title:34}|{total:6}")?;
            for (name, count) in counts {
                writeln!(f, "  {name:32}|{count:6}")?;
            }
        }
        let wrong = |kind| self.wrong.get(&kind).copied().unwrap_or_default();
        for (name, count) in [
            ("commands", self.commands),
            ("  of them failed, with an error", self.failed),
            ("bindings made", self.bindings),
            ("  named by a message", self.named),
            ("  unheard of after a hard end", self.unheard),
            ("  left behind by that", self.unavoidable),
            ("WABAs in two spaces, with a message", self.reported_doubles),
            ("WABAs bound again after a warning", self.again),
            ("lost", wrong(Wrong::Lost)),
            ("doubled", wrong(Wrong::Doubled)),
            ("leaked", wrong(Wrong::Leaked)),
            ("wrong diagnostics", wrong(Wrong::Diagnostic)),
        ] {
            writeln!(f, "{name:34}|{count:6}")?;
        }
        Ok(())
    }
}

pub(crate) struct Worker {
    number: usize,
    seed: u64,
    emulator: Emulator,
    directory: WorkingDirectory,
    file: File,
    log: String,
    wishes: Wishes,
    invariants: Invariants,
    figures: Figures,
}

/// A command that has ended, and how.
struct Ran {
    output: Output,
    hard: bool,
    signalled: bool,
}

impl Ran {
    /// Ended by itself.
    fn uninterrupted(output: Output) -> Self {
        Self {
            output,
            hard: false,
            signalled: false,
        }
    }

    fn well(&self) -> bool {
        !self.hard && !self.signalled && matches!(self.output.code, Some(0 | 2))
    }
}

fn account(number: usize) -> String {
    match number {
        0 => DEFAULT_ACCOUNT.to_owned(),
        number => format!("{}", 2_000_000_000_000_000 + number),
    }
}

fn role(number: usize) -> Option<String> {
    (number > 0).then(|| format!("acs:ram::{}:role/onboarding", account(number)))
}

fn address(name: &str) -> String {
    format!("{TYPE}.{name}")
}

impl Worker {
    pub(crate) fn new(
        number: usize,
        seed: u64,
        mut directory: WorkingDirectory,
        log: &Path,
    ) -> Result<Self, Failed> {
        let emulator = Emulator::start()?;
        for number in 1..ACCOUNTS {
            let user = format!("acs:ram::{DEFAULT_ACCOUNT}:user/terraform");
            let role = Role::new("onboarding", &[&user]);
            emulator.put_account(Account::new(&account(number)).with_role(role))?;
        }
        let trace = directory.path().join(TRACE);
        for (name, value) in [
            ("ALIBABA_CLOUD_ACCESS_KEY_ID", DEFAULT_ACCESS_KEY_ID),
            ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", DEFAULT_ACCESS_KEY_SECRET),
            ("TF_VAR_isv_code", ISV_CODE),
            ("TF_LOG_PROVIDER", "TRACE"),
            ("TF_LOG_PATH", &trace.to_string_lossy()),
        ] {
            directory.set(name, value);
        }
        Ok(Self {
            number,
            seed,
            emulator,
            directory,
            file: File::create(log)?,
            log: String::new(),
            wishes: Wishes::new(number),
            invariants: Invariants::default(),
            figures: Figures::default(),
        })
    }

    /// Takes steps until the time is over, or until something is wrong.
    pub(crate) fn run(mut self, end: Instant, stop: &AtomicBool) -> (Figures, Option<String>) {
        let mut step = 0;
        let failed = loop {
            let over = Instant::now() + RESERVE >= end || stop.load(Ordering::Relaxed);
            let taken = if over {
                self.log_line(&format!("{step:3} the end: converge"));
                self.converge()
            } else {
                self.step(step)
            };
            match taken {
                Ok(()) if over => break None,
                Ok(()) => step += 1,
                Err(stopped) => break Some(stopped),
            }
        };
        self.figures.bindings = self.invariants.bindings;
        self.figures.named = self.invariants.named;
        self.figures.unheard = self.invariants.unheard;
        self.figures.unavoidable = self.invariants.unavoidable;
        self.figures.reported_doubles = self.invariants.reported_doubles.len();
        self.figures.again = self.invariants.again.len();
        let failure = failed.map(|failed| {
            stop.store(true, Ordering::Relaxed);
            self.directory.mark_failed();
            let why = match failed {
                Stop::Defects(text) => text,
                Stop::Harness(text) => format!("could not go on: {text}"),
            };
            format!("{}\nstep {step}: {why}", self.log)
        });
        (self.figures, failure)
    }

    fn log_line(&mut self, line: &str) {
        let _ = writeln!(self.log, "{line}");
        // The log is for people; a disk that is full does not end the run.
        let _ = writeln!(self.file, "{line}");
    }

    fn count(&mut self, step: &str) {
        *self.figures.steps.entry(step.to_owned()).or_default() += 1;
    }

    /// One step, chosen by the seed, the worker and the number of the step.
    fn step(&mut self, number: u64) -> Result<(), Stop> {
        let worker = self.number as u64;
        let mut seeds = Rng::with_seed(self.seed ^ (worker << 48) ^ (number << 16));
        let rng = &mut Rng::with_seed(seeds.u64(..));
        let action = Action::random(rng);
        let before = self.wishes.clone();
        let edits = match action {
            Action::Ended(_) => self.wishes.edit(rng, true),
            Action::Plan | Action::Apply => self.wishes.edit(rng, false),
            Action::Import { .. } => {
                let Binding { waba_id, .. } = self.wishes.add(rng);
                vec![format!("WABA {waba_id}")]
            }
            _ => Vec::new(),
        };
        let mut faults = generator::faults(rng, action);
        if matches!(action, Action::Ended(_)) {
            faults.extend(generator::delay(rng));
        }
        let mut line = format!("{number:3} {action:?}");
        for edit in &edits {
            let _ = write!(line, "; {edit}");
        }
        for fault in &faults {
            let _ = write!(line, "\n      fault: {}", Shown(fault));
        }
        self.log_line(&line);
        self.configure(None)?;
        match action {
            Action::Plan => {
                let usual = ["plan", "-json", "-detailed-exitcode"];
                let ran = self.command("plan", &usual, faults)?;
                self.look(&ran, false)?;
                // It was but a thought.
                self.wishes.back_to(before);
            }
            Action::Apply => {
                let ran = self.command("apply", &APPLY, faults)?;
                self.look(&ran, true)?;
                self.follow(&ran, before, rng)?;
            }
            Action::Refresh => {
                let ran = self.command("refresh", &REFRESH, faults)?;
                self.look(&ran, false)?;
            }
            Action::Import { block } => self.import(block, before, faults, rng)?,
            Action::Drift(drift) => self.drift(drift, rng)?,
            Action::Behavior => {
                self.count("behavior");
                let behavior = generator::behavior(rng);
                self.log_line(&format!("      {}", differences(&behavior)));
                if behavior.waba.bind_again == BindAgain::NewSpace {
                    // From here on, binding again without the look that a message asks for would double.
                    self.settle()?;
                }
                self.stir(behavior)?;
            }
            Action::Ended(end) => {
                let ran = self.ended(end, faults, rng)?;
                self.look(&ran, false)?;
                if ran.hard {
                    self.count("apply after a hard end");
                    self.converge()?;
                } else {
                    self.follow(&ran, before, rng)?;
                }
            }
            Action::Converge => {
                self.count("apply without faults, and plan");
                self.converge()?;
            }
        }
        Ok(())
    }

    /// Writes the configuration that is wished for, perhaps with an import.
    fn configure(&self, import: Option<(&str, &str)>) -> Result<(), Stop> {
        let endpoint = self.emulator.endpoint();
        let mut text = format!(
            "{REQUIRED_PROVIDERS}
variable \"isv_code\" {{
  type      = string
  sensitive = true
}}

provider \"alicloud\" {{
  endpoints {{
    cams = \"{endpoint}\"
    sts  = \"{endpoint}\"
  }}
  client_connect_timeout = 500
  client_read_timeout    = 800
  max_retry_timeout      = 4
}}
"
        );
        for binding in &self.wishes.bindings {
            let mut arguments = String::new();
            if let Some(arn) = role(binding.account) {
                let _ = writeln!(arguments, "  assume_role = {{ role_arn = \"{arn}\" }}");
            }
            if binding.isv_code {
                arguments.push_str("  isv_code = var.isv_code\n");
            }
            if binding.prevent {
                arguments.push_str("  deletion_policy = \"PREVENT\"\n");
            }
            let Binding {
                name,
                waba_id,
                create_seconds,
                ..
            } = binding;
            let _ = write!(
                text,
                "
resource \"{TYPE}\" \"{name}\" {{
  waba_id = \"{waba_id}\"
{arguments}  timeouts {{
    create = \"{create_seconds}s\"
    read   = \"10s\"
  }}
}}
"
            );
        }
        if let Some((to, id)) = import {
            let _ = write!(text, "\nimport {{\n  to = {to}\n  id = \"{id}\"\n}}\n");
        }
        self.directory.write("main.tf", &text)?;
        Ok(())
    }

    fn command(&mut self, step: &str, arguments: &[&str], faults: Vec<Fault>) -> Result<Ran, Stop> {
        let with = if faults.is_empty() {
            ""
        } else {
            " with faults"
        };
        self.count(&format!("{step}{with}"));
        let running = self.start(arguments, faults)?;
        Ok(Ran::uninterrupted(running.finish()?))
    }

    fn start(&mut self, arguments: &[&str], faults: Vec<Fault>) -> Result<Running, Stop> {
        self.emulator.clear_calls();
        for fault in faults {
            self.emulator.inject(fault)?;
        }
        self.directory.write(TRACE, "")?;
        self.figures.commands += 1;
        Ok(self.directory.start(arguments)?)
    }

    /// An apply that a signal ends.
    fn ended(&mut self, end: End, faults: Vec<Fault>, rng: &mut Rng) -> Result<Ran, Stop> {
        self.count(match end {
            End::Interrupt => "apply, SIGINT",
            End::InterruptTwice => "apply, SIGINT twice",
            End::Terminate => "apply, SIGTERM",
            End::KillProvider => "apply, SIGKILL of the provider",
            End::KillCli => "apply, SIGKILL of the CLI",
        });
        let pause = Duration::from_millis(rng.u64(0..600));
        let between = Duration::from_millis(rng.u64(50..500));
        let running = self.start(&APPLY, faults)?;
        self.emulator
            .wait_for_calls(BIND, 1, Duration::from_millis(2_500));
        thread::sleep(pause);
        // A run that has ended by itself meanwhile is not hurt any more.
        let provider = Process::provider_of(running.pid())?;
        let mut hard = false;
        match end {
            End::Interrupt => drop(running.interrupt()),
            End::InterruptTwice => {
                let _ = running.interrupt();
                thread::sleep(between);
                let _ = running.interrupt();
            }
            End::Terminate => drop(running.terminate()),
            End::KillProvider => {
                hard = provider
                    .as_ref()
                    .is_some_and(|provider| provider.kill().is_ok());
            }
            End::KillCli => drop(process::kill(running.pid())),
        }
        let output = running.finish()?;
        hard |= output.code.is_none() || output.text().contains("Two interrupts received");
        if let Some(provider) = provider {
            let deadline = Instant::now() + MAX_WAIT;
            while provider.is_running() {
                if Instant::now() > deadline {
                    return Err(Stop::Defects(format!(
                        "the provider runs {MAX_WAIT:?} after its CLI\n{output}"
                    )));
                }
                thread::sleep(Duration::from_millis(10));
            }
        }
        Ok(Ran {
            output,
            hard,
            signalled: true,
        })
    }

    /// Lets calls in flight end, and forgets the faults.
    fn quiet(&mut self) -> Result<bool, Stop> {
        let clean = self.emulator.faults().is_empty();
        let deadline = Instant::now() + MAX_WAIT;
        let calls = loop {
            let calls = self.emulator.calls();
            if calls.iter().all(|call| call.responded_at_ms.is_some()) {
                break calls;
            }
            if Instant::now() > deadline {
                return Err("a call does not end".into());
            }
            thread::sleep(Duration::from_millis(10));
        };
        self.emulator.clear_faults();
        let mut met = 0;
        for fault in calls.iter().filter_map(|call| call.fault) {
            met += 1;
            *self.figures.faults.entry(fault.to_owned()).or_default() += 1;
        }
        Ok(clean && met == 0)
    }

    fn truth(&self) -> Vec<Space> {
        let spaces = (0..ACCOUNTS).flat_map(|number| self.emulator.spaces(&account(number)));
        spaces.collect()
    }

    fn stored(&self) -> Result<(String, Vec<Stored>), Stop> {
        let text = match self.directory.read("terraform.tfstate") {
            Ok(text) => text,
            // Nothing was applied yet.
            Err(_) if !self.directory.path().join("terraform.tfstate").exists() => {
                return Ok((String::new(), Vec::new()));
            }
            Err(error) => return Err(error.into()),
        };
        let stored =
            invariants::stored(&text).map_err(|error| format!("the state: {error}\n{text}"))?;
        Ok((text, stored))
    }

    /// Compares what a command has left with the truth.
    fn look(&mut self, ran: &Ran, applied: bool) -> Result<(), Stop> {
        let clean = self.quiet()?;
        let Ran {
            ref output,
            hard,
            signalled,
        } = *ran;
        let code = output
            .code
            .map_or_else(|| "a signal".to_owned(), |code| code.to_string());
        let first = invariants::messages(output)
            .into_iter()
            .filter(|message| {
                !message
                    .summary
                    .starts_with("Provider development overrides")
            })
            .map(|message| message.summary)
            .collect::<Vec<_>>()
            .join("; ");
        let (spent, ending) = (
            output.elapsed.as_secs_f64(),
            if hard { ", hard" } else { "" },
        );
        self.log_line(&format!("      {code}{ending} in {spent:.1} s: {first}"));
        if output.code == Some(1) {
            self.figures.failed += 1;
        }
        let (text, stored) = self.stored()?;
        let truth = self.truth();
        let command = Command {
            output,
            hard,
            signalled,
        };
        let mut defects = self.invariants.judge(Some(&command), &truth, &stored);
        self.leaks(output, &text, &stored, &mut defects)?;
        let lags = {
            let behavior = self.emulator.behavior();
            behavior.waba.lag_queries > 0 || behavior.waba.lag_ms > 0
        };
        let refreshes = !output.command.contains(" plan ") && !output.command.contains(" import ");
        if clean && !lags && ran.well() && refreshes {
            let said = invariants::messages(output);
            let certain: Vec<&Stored> = stored
                .iter()
                .filter(|object| {
                    !said
                        .iter()
                        .any(|message| message.reports_missing(&object.id))
                })
                .collect();
            self.agrees(&truth, &certain, &mut defects);
            if applied {
                self.is_as_wished(&stored, &mut defects);
            }
        }
        self.report(&defects, output, &stored)
    }

    /// The state says what is true.
    fn agrees(&self, truth: &[Space], stored: &[&Stored], defects: &mut Defects) {
        for object in stored {
            let space = truth.iter().find(|space| space.cust_space_id == object.id);
            let waba_id = space.and_then(|space| space.waba_id.as_deref());
            if waba_id != Some(&object.waba_id) {
                let defect = format!("the state says {object:?}, but the space holds {waba_id:?}");
                defects.push((Wrong::Diagnostic, defect));
            }
        }
    }

    /// Every binding that is wished for is in state, and nothing else.
    fn is_as_wished(&self, stored: &[Stored], defects: &mut Defects) {
        let sorted = |mut all: Vec<(String, String)>| {
            all.sort();
            all
        };
        let found = stored.iter();
        let found = found.map(|object| (object.address.clone(), object.waba_id.clone()));
        let wished = self.wishes.bindings.iter();
        let wished = wished.map(|binding| (address(&binding.name), binding.waba_id.clone()));
        let (found, wished) = (sorted(found.collect()), sorted(wished.collect()));
        if found != wished {
            let defect = format!("applied were {wished:?}, in state are {found:?}");
            defects.push((Wrong::Lost, defect));
        }
    }

    fn leaks(
        &self,
        output: &Output,
        state: &str,
        stored: &[Stored],
        defects: &mut Defects,
    ) -> Result<(), Stop> {
        let trace = self.directory.read(TRACE)?;
        let backup = self.directory.read("terraform.tfstate.backup");
        // There is none before the second apply.
        let backup = backup.unwrap_or_default();
        let mut secrets = self.emulator.session_secrets();
        secrets.push(DEFAULT_ACCESS_KEY_SECRET.to_owned());
        let everywhere = [
            ("stdout", output.stdout.as_str()),
            ("stderr", &output.stderr),
            ("the trace", &trace),
            ("the state", state),
            ("the backup of the state", &backup),
        ];
        for (place, text) in everywhere {
            let mut leaked = |what: &str| {
                if let Some(line) = text.lines().find(|line| line.contains(what)) {
                    defects.push((Wrong::Leaked, format!("{what} in {place}: {line}")));
                }
            };
            secrets.iter().for_each(|secret| leaked(secret));
            leaked("Signature=");
            if !place.ends_with("state") {
                leaked(ISV_CODE);
            }
        }
        let kept = stored.iter().filter(|object| object.isv_code).count();
        if state.matches(ISV_CODE).count() != kept {
            let defect = "the ISV code is in state beside its attribute".to_owned();
            defects.push((Wrong::Leaked, defect));
        }
        for mark in ["panicked at", "Bug in the provider"] {
            if trace.contains(mark) {
                defects.push((Wrong::Diagnostic, format!("\"{mark}\" is in the trace")));
            }
        }
        Ok(())
    }

    fn report(
        &mut self,
        defects: &Defects,
        output: &Output,
        stored: &[Stored],
    ) -> Result<(), Stop> {
        if defects.is_empty() {
            return Ok(());
        }
        let mut text = String::new();
        for (kind, defect) in defects {
            *self.figures.wrong.entry(*kind).or_default() += 1;
            let _ = writeln!(text, "{kind:?}: {defect}");
        }
        let _ = writeln!(text, "--- state\n{stored:#?}\n--- cloud");
        for space in self.truth() {
            let (id, waba_id, whose) = (space.cust_space_id, space.waba_id, space.account);
            let _ = writeln!(text, "{id} of {whose}: {waba_id:?}");
        }
        text.push_str("--- calls\n");
        for call in self.emulator.calls() {
            let (at, fault, status) = (call.at_ms, call.fault.unwrap_or("-"), call.status);
            let (action, parameters) = (call.action, call.parameters);
            let code = call.code.unwrap_or_default();
            let _ = writeln!(
                text,
                "{at:>7} ms {action} {parameters:?}: {fault} {status:?} {code}"
            );
        }
        let _ = write!(text, "--- {output}");
        Err(Stop::Defects(text))
    }

    /// Does what the messages of a command ask for.
    fn follow(&mut self, ran: &Ran, before: Wishes, rng: &mut Rng) -> Result<(), Stop> {
        let said = invariants::messages(&ran.output);
        let protected = |message: &invariants::Message| {
            message.summary.contains("is protected by deletion_policy")
        };
        if said.iter().any(protected) {
            // "Keep `waba_id` as it is (if the WABA of the space was changed in the console, set `waba_id` to …)".
            self.wishes.back_to(before);
            let (_, stored) = self.stored()?;
            let truth = self.truth();
            for object in stored.iter().filter(|object| object.prevent) {
                let space = truth.iter().find(|space| space.cust_space_id == object.id);
                let bound = space.and_then(|space| Some((space, space.waba_id.clone()?)));
                let wished = self.wishes.bindings.iter_mut();
                let mut wished = wished.filter(|binding| address(&binding.name) == object.address);
                if let (Some(binding), Some((space, bound))) = (wished.next(), bound) {
                    binding.waba_id = bound;
                    // From the provider's keys to a role is a change in place, as far as a plan can know.
                    let owner = (0..ACCOUNTS).find(|number| account(*number) == space.account);
                    binding.account = owner.unwrap_or(binding.account);
                }
            }
        }
        let new_spaces = self.emulator.behavior().waba.bind_again == BindAgain::NewSpace;
        let (settles, removes) = (rng.bool(), rng.bool());
        if new_spaces || settles {
            self.settle()?;
        }
        if removes {
            self.remove_what_is_gone(&said)?;
        }
        Ok(())
    }

    /// Imports the spaces that turn out to be there after an unknown outcome, as the messages say.
    fn settle(&mut self) -> Result<(), Stop> {
        for (waba_id, space) in self.invariants.to_be_settled(&self.truth()) {
            let wished = self.wishes.bindings.iter();
            let mut wished = wished.filter(|binding| binding.waba_id == waba_id);
            let Some(binding) = wished.next().cloned() else {
                continue;
            };
            let (_, stored) = self.stored()?;
            let to = address(&binding.name);
            if stored.iter().any(|object| object.address == to) {
                continue;
            }
            self.log_line(&format!("      settle: import {space} to {to}"));
            self.configure(None)?;
            let id = import_id(&binding, &space);
            let kept = self.calm()?;
            let import = ["import", &to, &id];
            let ran = self.command("import, as a message says", &import, vec![])?;
            self.stir(kept)?;
            self.look(&ran, false)?;
            if !ran.well() {
                return Err(Stop::Defects(format!(
                    "what the message says does not help\n{}",
                    ran.output
                )));
            }
        }
        Ok(())
    }

    fn import(
        &mut self,
        block: bool,
        before: Wishes,
        faults: Vec<Fault>,
        rng: &mut Rng,
    ) -> Result<(), Stop> {
        let Some(binding) = self.wishes.bindings.last().cloned() else {
            return Err("an import without a binding".into());
        };
        // A space that a message says to look for exists already; nobody makes another at the console.
        let named = self.invariants.to_be_settled(&self.truth());
        let mut named = named
            .into_iter()
            .filter(|(waba_id, _)| *waba_id == binding.waba_id);
        let space = match named.next() {
            Some((_, space)) => space,
            None => {
                let made = self.emulator.add_space(NewSpace {
                    account: Some(account(binding.account)),
                    waba_id: Some(binding.waba_id.clone()),
                    ..NewSpace::default()
                })?;
                self.invariants.made_at_the_console(&made.cust_space_id);
                made.cust_space_id
            }
        };
        let (to, id) = (address(&binding.name), import_id(&binding, &space));
        let ran = if block {
            self.configure(Some((&to, &id)))?;
            self.command("import by a block", &APPLY, faults)?
        } else {
            self.configure(None)?;
            self.command("import by the command", &["import", &to, &id], faults)?
        };
        self.look(&ran, block)?;
        if ran.well() {
            let (_, stored) = self.stored()?;
            let imported = |object: &Stored| object.address == to && object.id == space;
            if !stored.iter().any(imported) {
                let text = format!("{to} is not in state\n{}", ran.output);
                return Err(Stop::Defects(text));
            }
        }
        self.follow(&ran, before, rng)
    }

    /// Changes something behind Terraform's back.
    fn drift(&mut self, drift: Drift, rng: &mut Rng) -> Result<(), Stop> {
        self.count(match drift {
            Drift::AnotherWaba => "drift: another WABA",
            Drift::WabaGone => "drift: no WABA",
            Drift::SpaceGone => "drift: no space",
        });
        let fresh = self.wishes.fresh_waba();
        let index = rng.usize(..);
        if self.wishes.bindings.is_empty() {
            return Ok(());
        }
        let name = &self.wishes.bindings[index % self.wishes.bindings.len()].name;
        let (name, to) = (name.clone(), address(name));
        let (_, stored) = self.stored()?;
        let Some(object) = stored.iter().find(|object| object.address == to) else {
            self.log_line(&format!("      {name} is not bound"));
            return Ok(());
        };
        self.log_line(&format!("      {name}, {}", object.id));
        match drift {
            // It may be gone already.
            Drift::AnotherWaba => drop(self.emulator.rebind(&object.id, &fresh)),
            Drift::WabaGone => drop(self.emulator.unbind(&object.id)),
            Drift::SpaceGone => drop(self.emulator.remove_space(&object.id)),
        }
        Ok(())
    }

    /// The switches as they stand, which are then moved so that nothing is in the way: no lag, a whole list, no haste.
    fn calm(&self) -> Result<Behavior, Stop> {
        self.show_all()?;
        let now = self.emulator.behavior();
        self.emulator.set_behavior(|behavior| {
            behavior.waba.lag_queries = 0;
            behavior.waba.lag_ms = 0;
            behavior.instance.list_shows_bound_spaces = true;
            behavior.gateway.cams_calls_per_second = Some(10);
        });
        Ok(now)
    }

    /// Moves the switches. Lag is about binds to come: what was to be seen does not vanish again.
    fn stir(&self, behavior: Behavior) -> Result<(), Stop> {
        self.show_all()?;
        self.emulator.set_behavior(|now| *now = behavior);
        Ok(())
    }

    /// Lets every query see what is bound.
    fn show_all(&self) -> Result<(), Stop> {
        for space in self.truth() {
            if let Some(waba_id) = &space.waba_id {
                self.emulator.rebind(&space.cust_space_id, waba_id)?;
            }
        }
        Ok(())
    }

    /// Without faults everything arrives where it should: exit code 0, an empty plan, and a state that is true.
    fn converge(&mut self) -> Result<(), Stop> {
        let kept = self.calm()?;
        self.settle()?;
        let mut rounds = 0;
        let ran = loop {
            rounds += 1;
            self.configure(None)?;
            let ran = self.undisturbed(&APPLY)?;
            self.look(&ran, true)?;
            let cleared = self.clear_the_way(&ran)?;
            if ran.well() && !cleared {
                break ran;
            }
            if rounds == 4 || !cleared {
                return Err(Stop::Defects(format!("does not converge\n{}", ran.output)));
            }
        };
        let (_, stored) = self.stored()?;
        let one_space = kept.waba.bind_again != BindAgain::NewSpace;
        let defects = self.invariants.heard(&self.truth(), &stored, one_space);
        self.report(&defects, &ran.output, &stored)?;
        let ran = self.undisturbed(&["plan", "-json", "-detailed-exitcode"])?;
        self.look(&ran, false)?;
        if ran.output.code != Some(0) {
            let text = format!("the plan after the apply is not empty\n{}", ran.output);
            return Err(Stop::Defects(text));
        }
        self.stir(kept)
    }

    fn undisturbed(&mut self, arguments: &[&str]) -> Result<Ran, Stop> {
        let running = self.start(arguments, vec![])?;
        Ok(Ran::uninterrupted(running.finish()?))
    }

    /// Does what a user does for objects that no apply repairs. Returns whether there were any.
    fn clear_the_way(&mut self, ran: &Ran) -> Result<bool, Stop> {
        let said = invariants::messages(&ran.output);
        let mut cleared = false;
        if said
            .iter()
            .any(|message| message.summary.contains("is protected by deletion_policy"))
        {
            self.follow(ran, self.wishes.clone(), &mut Rng::with_seed(0))?;
            cleared = true;
        }
        Ok(self.remove_what_is_gone(&said)? || cleared)
    }

    /// Takes out of state what messages name and the cloud does not have: the service's code for "nothing there" is not
    /// documented, so the provider takes no code for it. Whether there was something.
    fn remove_what_is_gone(&mut self, said: &[invariants::Message]) -> Result<bool, Stop> {
        let (_, stored) = self.stored()?;
        let truth = self.truth();
        let mut removed = false;
        for object in stored {
            let space = truth.iter().find(|space| space.cust_space_id == object.id);
            let there = space.is_some_and(|space| space.waba_id.is_some());
            if !there && said.iter().any(|message| message.text.contains(&object.id)) {
                self.log_line(&format!("      state rm {}", object.address));
                let removal = ["state", "rm", object.address.as_str()];
                self.directory.run(&removal)?.expecting(0)?;
                removed = true;
            }
        }
        Ok(removed)
    }
}

const APPLY: [&str; 3] = ["apply", "-json", "-auto-approve"];
const REFRESH: [&str; 4] = ["apply", "-json", "-auto-approve", "-refresh-only"];

fn import_id(binding: &Binding, space: &str) -> String {
    match role(binding.account) {
        Some(arn) => format!("{arn}/{space}"),
        None => space.to_owned(),
    }
}

/// The switches that are not in their default positions.
fn differences(behavior: &Behavior) -> String {
    let moved = behavior.differences().into_iter();
    let moved: Vec<String> = moved
        .map(|(name, position)| format!("{name}: {position}"))
        .collect();
    format!("behavior: {}", moved.join(", "))
}
