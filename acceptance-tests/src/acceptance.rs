//! Acceptance tests: named cases, each run once for each CLI on this machine, in a context of its own.
//!
//! Where a CLI is missing, its tests are reported as ignored, with the reason. With `CI` set a missing `terraform` is a
//! failure, so that nobody takes an empty run for a good one.
//!
//! Must not contain: the cases.

use std::{
    env,
    fmt::{Display, Write as _},
    process::ExitCode,
    sync::Arc,
    thread,
};

pub use libtest_mimic::Failed;
use libtest_mimic::{Arguments, Completion, Trial};

use crate::{
    default_signals,
    emulator::{DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET, Emulator},
    provider_binary::{self, Profile},
    terraform::{
        Cli, Diagnostic, Error, Feature, Installation, Output, PATH_VARIABLE, Plan, Planned,
        Program, StateResource, WorkingDirectory,
    },
};

/// How a case ends. Anything that can be displayed fails it, so `?` works on every error.
pub type TestResult = Result<(), Failed>;

/// A behaviour to be tested.
#[derive(Clone, Copy)]
pub struct Case {
    /// Says the behaviour, for example `drift::another_waba_is_planned_as_a_replacement`.
    pub name: &'static str,
    /// Shows it.
    pub show: fn(&mut TestContext) -> TestResult,
    /// What the CLI must be able to do. Under a CLI that lacks it, the case is reported as ignored, with the reason.
    pub needs: Option<Feature>,
}

/// Lists functions as cases under the name of a subject. `a_case needs Query` is run by CLIs that have [`Feature::Query`].
#[macro_export]
macro_rules! cases {
    ($subject:ident: $($case:ident $(needs $feature:ident)?),+ $(,)?) => {
        &[$($crate::acceptance::Case {
            name: concat!(stringify!($subject), "::", stringify!($case)),
            show: $case,
            needs: $crate::cases!(@feature $($feature)?),
        }),+]
    };
    (@feature) => { None };
    (@feature $feature:ident) => { Some($crate::terraform::Feature::$feature) };
}

/// What a case has to itself: a cloud, and a directory with a CLI and the provider under test.
pub struct TestContext {
    /// The cloud.
    pub emulator: Emulator,
    /// The directory; the provider overrides `alicloud-cams/alicloud` there.
    pub directory: WorkingDirectory,
}

impl TestContext {
    fn new(cli: &Cli) -> Result<Self, Failed> {
        let binary = provider_binary::path(Profile::tested())?;
        Ok(Self {
            emulator: Emulator::start()?,
            directory: WorkingDirectory::new(cli, &Installation::dev_overrides(binary))?,
        })
    }

    /// Another directory beside the first, with the same CLI and provider, and nothing in it.
    pub fn directory_with_the_provider(&self) -> Result<WorkingDirectory, Failed> {
        let binary = provider_binary::path(Profile::tested())?;
        Ok(self.another_directory(&Installation::dev_overrides(binary))?)
    }

    /// Another directory beside the first, with the same CLI.
    pub fn another_directory(
        &self,
        installation: &Installation,
    ) -> Result<WorkingDirectory, Error> {
        WorkingDirectory::new(self.directory.cli(), installation)
    }

    /// Writes `main.tf`: the provider from its source, its block pointing at the emulator, and `text`.
    pub fn configure(&self, text: &str) -> Result<(), Error> {
        self.configure_with("", text)
    }

    /// The same, with more arguments in the provider block.
    pub fn configure_with(&self, arguments: &str, text: &str) -> Result<(), Error> {
        let provider = self.provider_block(arguments);
        self.directory.write(
            "main.tf",
            &format!("{REQUIRED_PROVIDERS}\n{provider}\n{text}"),
        )
    }

    /// A provider block that points at the emulator, with more arguments.
    #[must_use]
    pub fn provider_block(&self, arguments: &str) -> String {
        self.provider_block_of(DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET, arguments)
    }

    /// The same, with another AccessKey.
    #[must_use]
    pub fn provider_block_of(&self, access_key: &str, secret_key: &str, arguments: &str) -> String {
        let endpoint = self.emulator.endpoint();
        format!(
            "provider \"alicloud\" {{
  access_key = \"{access_key}\"
  secret_key = \"{secret_key}\"
  endpoints {{
    cams = \"{endpoint}\"
    sts  = \"{endpoint}\"
  }}
{arguments}
}}
"
        )
    }

    /// Applies without asking, with `-json`, however that ends.
    pub fn apply(&self) -> Result<Output, Error> {
        self.directory.run(&["apply", "-json", "-auto-approve"])
    }

    /// Writes `main.tf` as [`TestContext::configure`] does, and applies it; an error unless that works.
    pub fn applied(&self, text: &str) -> Result<Output, Error> {
        self.configure(text)?;
        self.apply()?.expecting(0)
    }

    /// Plans; an error unless the exit code is 0 (nothing to do) or 2 (something to do).
    pub fn plan(&self, code: i32) -> Result<(Plan, Output), Error> {
        let Planned { output, plan } = self.directory.plan(&[])?;
        let output = output.expecting(code)?;
        match plan {
            Some(plan) => Ok((plan, output)),
            None => Err(Error::Failed(Box::new(output))),
        }
    }

    /// The object at an address of the state.
    pub fn object(&self, address: &str) -> Result<StateResource, Failed> {
        let state = self.directory.state()?;
        match state.resource(address) {
            Some(resource) => Ok(resource.clone()),
            None => Err(format!("{address} is not in state, which is {state:#?}").into()),
        }
    }

    /// How many calls of an action the cloud has seen.
    #[must_use]
    pub fn calls(&self, action: &str) -> usize {
        self.emulator.calls_of(action).len()
    }

    /// The ID of the one space that a WABA is bound to.
    pub fn space_of(&self, waba_id: &str) -> Result<String, Failed> {
        match self.emulator.spaces_bound_to(waba_id).as_slice() {
            [space] => Ok(space.cust_space_id.clone()),
            spaces => Err(format!("WABA {waba_id} is bound to {} spaces", spaces.len()).into()),
        }
    }
}

/// The block that says where the provider comes from.
pub const REQUIRED_PROVIDERS: &str = r#"terraform {
  required_providers {
    alicloud = {
      source = "alicloud-cams/alicloud"
    }
  }
}
"#;

/// Runs all cases, as the command line asks (the options are those of `cargo test`), and tells how it went.
#[must_use]
pub fn run(cases: &[Case]) -> ExitCode {
    default_signals::restore();
    let mut arguments = Arguments::from_args();
    // A case waits half of its time: for a backoff, or for a response that is slow on purpose.
    let threads = thread::available_parallelism().map_or(4, |count| count.get() * 3);
    arguments.test_threads.get_or_insert(threads);
    let in_ci = env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    let trials = match Cli::all() {
        Ok(clis) => {
            if !arguments.list {
                let filter = arguments.filter.as_deref().unwrap_or_default();
                warn_of_ignored(cases, &clis, filter);
            }
            trials(cases, &clis, in_ci)
        }
        Err(error) => vec![failing("the_cli_that_was_named", error.to_string())],
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trials(cases: &[Case], clis: &[Cli], in_ci: bool) -> Vec<Trial> {
    let mut trials = Vec::new();
    if in_ci && !clis.iter().any(|cli| cli.program == Program::Terraform) {
        trials.push(failing(
            "terraform_is_there",
            format!("CI is set, but no terraform was found: {}", missing()),
        ));
    }
    for cli in clis {
        let cli = Arc::new(cli.clone());
        for case in cases {
            let (cli, case) = (Arc::clone(&cli), *case);
            let kind = cli.program.name();
            let trial = match case.needs.and_then(|feature| cli.lacks(feature)) {
                None => Trial::test(case.name, move || run_case(&cli, case)),
                Some(reason) => {
                    Trial::ignorable_test(case.name, move || Ok(Completion::ignored_with(reason)))
                }
            };
            trials.push(trial.with_kind(kind));
        }
    }
    if clis.is_empty() {
        for case in cases {
            let ignored = || Ok(Completion::ignored_with(missing()));
            trials.push(Trial::ignorable_test(case.name, ignored));
        }
    }
    trials
}

/// Says above the results which cases a CLI is too old for: a reason beside one of a hundred results is overlooked.
fn warn_of_ignored(cases: &[Case], clis: &[Cli], filter: &str) {
    for cli in clis {
        let lacking = cases
            .iter()
            .filter(|case| case.name.contains(filter))
            .filter_map(|case| Some((case.name, cli.lacks(case.needs?)?)));
        for (name, reason) in lacking {
            eprintln!("WARNING: {name} will be ignored: {reason}");
        }
    }
}

fn run_case(cli: &Cli, case: Case) -> TestResult {
    let mut context = TestContext::new(cli)?;
    let result = (case.show)(&mut context);
    result.map_err(|failed| {
        context.directory.mark_failed();
        let mut text = failed.message().unwrap_or("no reason given").to_owned();
        let _ = write!(
            text,
            "\n--- calls that the cloud saw\n{}",
            calls(&context.emulator)
        );
        text.into()
    })
}

fn calls(emulator: &Emulator) -> String {
    let line = |call: crate::emulator::Call| {
        let (status, code) = (call.status, call.code.unwrap_or_default());
        format!(
            "{:>6} ms {} {:?}: {status:?} {code}\n",
            call.at_ms, call.action, call.parameters
        )
    };
    emulator.calls().into_iter().map(line).collect()
}

fn failing(name: &str, reason: String) -> Trial {
    Trial::test(name, move || Err(reason.into()))
}

fn missing() -> String {
    format!("neither terraform nor tofu is on PATH; install one, or name one with {PATH_VARIABLE}")
}

/// The one error of a command that ran with `-json`.
pub fn only_error(output: &Output) -> Result<Diagnostic, Failed> {
    match output.errors().as_slice() {
        [error] => Ok(error.clone()),
        errors => Err(format!("{} errors instead of one: {output}", errors.len()).into()),
    }
}

/// The one warning of a command that ran with `-json`.
pub fn only_warning(output: &Output) -> Result<Diagnostic, Failed> {
    match output.warnings().as_slice() {
        [warning] => Ok(warning.clone()),
        warnings => Err(format!("{} warnings instead of one: {output}", warnings.len()).into()),
    }
}

/// Fails unless `text` contains every part.
pub fn contains(text: &str, parts: &[&str]) -> TestResult {
    match parts.iter().find(|part| !text.contains(**part)) {
        None => Ok(()),
        Some(part) => Err(format!("\"{part}\" is not in:\n{text}").into()),
    }
}

/// Fails, with both values, unless they are equal.
pub fn equal<T: PartialEq<U> + std::fmt::Debug, U: std::fmt::Debug>(
    what: impl Display,
    found: T,
    expected: U,
) -> TestResult {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what}: found {found:#?}, expected {expected:#?}").into())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn check(clis: &[Program], in_ci: bool, expected: &[(&str, &str)]) {
        let clis: Vec<Cli> = clis
            .iter()
            .map(|program| Cli {
                path: PathBuf::from("/nowhere"),
                program: *program,
                version: "1.0.0".to_owned(),
            })
            .collect();
        fn show(_: &mut TestContext) -> TestResult {
            Ok(())
        }
        let trials = trials(cases![subject: show], &clis, in_ci);
        let found: Vec<(&str, &str)> = trials
            .iter()
            .map(|trial| (trial.kind(), trial.name()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_cli_gets_every_case() {
        use Program::{Terraform, Tofu};
        check(&[Terraform], false, &[("terraform", "subject::show")]);
        check(&[Terraform], true, &[("terraform", "subject::show")]);
        check(
            &[Terraform, Tofu],
            false,
            &[("terraform", "subject::show"), ("tofu", "subject::show")],
        );
        check(&[], false, &[("", "subject::show")]);
        check(
            &[],
            true,
            &[("", "terraform_is_there"), ("", "subject::show")],
        );
        check(
            &[Tofu],
            true,
            &[("", "terraform_is_there"), ("tofu", "subject::show")],
        );
    }
}
