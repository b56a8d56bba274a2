//! Runs the real CLI, `terraform` or `tofu`, in a directory of its own and with an environment of its own.
//!
//! Nothing of the caller's environment reaches the CLI but where programs are found: no credentials, proxies, CLI
//! configuration or plugin caches. The variables are those of Terraform's pages on environment variables and on the CLI
//! configuration file; `TF_ACC_TERRAFORM_PATH` and `TF_ACC_PERSIST_WORKING_DIR` mean what they mean to HashiCorp's own
//! harness for acceptance tests.
//!
//! Must not contain: expectations. What a run should do is said by who runs it.

mod installation;
mod output;
mod process;
mod representation;

pub use installation::Installation;
pub use output::{Diagnostic, Output};
pub use process::{Echo, Group, Running};
pub use representation::{Change, Plan, ResourceChange, State, StateResource};

use std::{
    cell::Cell,
    collections::BTreeMap,
    env,
    ffi::{OsStr, OsString},
    fmt, fs, io,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

/// Names the CLI to use, in place of those on `PATH`.
pub const PATH_VARIABLE: &str = "TF_ACC_TERRAFORM_PATH";

/// Set to anything, directories of failed runs are kept.
const PERSIST_VARIABLE: &str = "TF_ACC_PERSIST_WORKING_DIR";

/// How long a command may take before it is killed. Most take less than a second; the rest is for a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

/// Why a command could not be run to its end.
#[derive(Debug)]
pub enum Error {
    /// The operating system refused something.
    Io {
        /// What was attempted, to follow "unable to".
        attempted: String,
        /// Its output.
        source: io::Error,
    },
    /// The command did not end in time and was killed.
    TimedOut {
        /// The command line.
        command: String,
        /// Its limit.
        limit: Duration,
        /// What it had printed.
        output: String,
    },
    /// The command ended in another way than its use here needs.
    Failed(Box<Output>),
    /// The command's output is not in the documented form.
    Form {
        /// The command and its output.
        output: Box<Output>,
        /// What is wrong with it.
        reason: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { attempted, source } => write!(f, "unable to {attempted}: {source}"),
            Self::TimedOut {
                command,
                limit,
                output,
            } => write!(
                f,
                "`{command}` did not end within {limit:?} and was killed; it had printed:\n{output}"
            ),
            Self::Failed(output) => write!(f, "{output}"),
            Self::Form { output, reason } => {
                write!(f, "unable to read the output: {reason}\n{output}")
            }
        }
    }
}

impl std::error::Error for Error {}

/// Which of the two programs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Program {
    /// HashiCorp's `terraform`.
    Terraform,
    /// OpenTofu's `tofu`.
    Tofu,
}

impl Program {
    /// The name of the command.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Terraform => "terraform",
            Self::Tofu => "tofu",
        }
    }

    /// The host that source addresses without a host mean.
    #[must_use]
    pub fn registry(self) -> &'static str {
        match self {
            Self::Terraform => "registry.terraform.io",
            Self::Tofu => "registry.opentofu.org",
        }
    }
}

/// A CLI that runs on this machine.
#[derive(Clone, Debug)]
pub struct Cli {
    /// Where it is.
    pub path: PathBuf,
    /// Which one it is, by what it says itself.
    pub program: Program,
    /// Its version, for example `1.11.4`.
    pub version: String,
}

impl Cli {
    /// The CLI that `TF_ACC_TERRAFORM_PATH` names; else those of `terraform` and `tofu` that are on `PATH`, in this order.
    pub fn all() -> Result<Vec<Self>, Error> {
        if let Some(named) = env::var_os(PATH_VARIABLE).filter(|named| !named.is_empty()) {
            return Self::at(Path::new(&named)).map(|cli| vec![cli]);
        }
        let path = env::var_os("PATH").unwrap_or_default();
        [Program::Terraform, Program::Tofu]
            .iter()
            .filter_map(|program| search(&path, program.name()))
            .map(|path| Self::at(&path))
            .collect()
    }

    /// The CLI at a path, asked for its version.
    pub fn at(path: &Path) -> Result<Self, Error> {
        let mut cli = Self {
            path: path.to_owned(),
            program: Program::Terraform,
            version: String::new(),
        };
        // In a directory of its own, so that the user's CLI configuration is not read.
        let directory = WorkingDirectory::new(&cli, &Installation::Nothing)?;
        let text = directory.run(&["version"])?.expecting(0)?;
        cli.program = parse_program(&text.stdout).ok_or_else(|| Error::Form {
            reason: "no line begins with \"Terraform v\" or \"OpenTofu v\"".to_owned(),
            output: Box::new(text.clone()),
        })?;
        let json = directory.run(&["version", "-json"])?.expecting(0)?;
        cli.version = parse_version(&json.stdout).ok_or_else(|| Error::Form {
            reason: "there is no JSON object with a `terraform_version`".to_owned(),
            output: Box::new(json.clone()),
        })?;
        Ok(cli)
    }

    /// Why this CLI cannot run a case that needs a feature; `None` if it can.
    #[must_use]
    pub fn lacks(&self, feature: Feature) -> Option<String> {
        let since = feature.since(self.program);
        if since.is_some_and(|since| release(&self.version) >= Some(since)) {
            return None;
        }
        let needed = |program: Program| {
            let (major, minor) = feature.since(program)?;
            Some(format!("{} {major}.{minor}", program.name()))
        };
        let needed: Vec<String> = [Program::Terraform, Program::Tofu]
            .into_iter()
            .filter_map(needed)
            .collect();
        Some(format!(
            "{self} has no {}; this case needs {} or later",
            feature.description(),
            needed.join(" or ")
        ))
    }
}

/// A feature that not every supported CLI has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Feature {
    /// `action` blocks, and `apply -invoke`.
    Actions,
    /// An `import` block with `identity` instead of `id`.
    ImportByIdentity,
    /// Functions of providers.
    ProviderFunctions,
    /// `terraform test` with `mock_provider`.
    Mocks,
    /// The command `query` and `list` blocks.
    Query,
}

impl Feature {
    /// The first release of a program that has it; `None`: no release has.
    fn since(self, program: Program) -> Option<(u32, u32)> {
        match (self, program) {
            (Self::Actions, Program::Terraform) => Some((1, 14)),
            (Self::Actions, Program::Tofu) => None,
            (Self::ImportByIdentity, Program::Terraform) => Some((1, 12)),
            (Self::ImportByIdentity, Program::Tofu) => Some((1, 12)),
            (Self::ProviderFunctions, Program::Terraform) => Some((1, 8)),
            (Self::ProviderFunctions, Program::Tofu) => Some((1, 7)),
            (Self::Mocks, Program::Terraform) => Some((1, 7)),
            (Self::Mocks, Program::Tofu) => Some((1, 8)),
            (Self::Query, Program::Terraform) => Some((1, 14)),
            (Self::Query, Program::Tofu) => None,
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Actions => "`action` blocks",
            Self::ImportByIdentity => "import by identity",
            Self::ProviderFunctions => "functions of providers",
            Self::Mocks => "mocks in tests",
            Self::Query => "command `query`",
        }
    }
}

/// The release that a version such as `1.11.4` or `1.12.0-beta1` belongs to.
fn release(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    let mut part = || parts.next()?.parse().ok();
    Some((part()?, part()?))
}

impl fmt::Display for Cli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.program.name(), self.version)
    }
}

fn search(path: &OsStr, name: &str) -> Option<PathBuf> {
    let name = format!("{name}{}", env::consts::EXE_SUFFIX);
    env::split_paths(path)
        .map(|folder| folder.join(&name))
        .find(|candidate| candidate.is_file())
}

/// The program that the output of `version` is from. Warnings may stand above and below the line that says it.
fn parse_program(text: &str) -> Option<Program> {
    text.lines().find_map(|line| {
        let is = |prefix| line.trim_start().starts_with(prefix);
        if is("Terraform v") {
            Some(Program::Terraform)
        } else if is("OpenTofu v") {
            Some(Program::Tofu)
        } else {
            None
        }
    })
}

/// The version in the output of `version -json`. OpenTofu writes warnings to stdout, above the JSON.
fn parse_version(text: &str) -> Option<String> {
    let start = text
        .split_inclusive('\n')
        .scan(0, |next, line| {
            let start = *next;
            *next += line.len();
            Some((start, line))
        })
        .find_map(|(start, line)| line.starts_with('{').then_some(start))?;
    let mut documents = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
    let document = documents.next()?.ok()?;
    Some(document.get("terraform_version")?.as_str()?.to_owned())
}

/// A fresh directory with a configuration, its state, and the CLI to work on it. Removed in the end.
pub struct WorkingDirectory {
    cli: Cli,
    root: Option<TempDir>,
    path: PathBuf,
    environment: BTreeMap<OsString, OsString>,
    limit: Duration,
    failed: Cell<bool>,
}

/// A plan that was asked for, made or refused.
#[derive(Debug)]
pub struct Planned {
    /// How the command ended: 0 without changes, 2 with changes, 1 with errors.
    pub output: Output,
    /// The plan, if there is one.
    pub plan: Option<Plan>,
}

impl WorkingDirectory {
    /// An empty directory, where the CLI finds the provider as `installation` says.
    pub fn new(cli: &Cli, installation: &Installation) -> Result<Self, Error> {
        let io = |attempted: &str| {
            let attempted = attempted.to_owned();
            move |source| Error::Io { attempted, source }
        };
        let root = tempfile::Builder::new()
            .prefix("alicloud-cams-")
            .tempdir()
            .map_err(io("make a temporary directory"))?;
        let folder = |name: &str| -> Result<PathBuf, Error> {
            let path = root.path().join(name);
            fs::create_dir(&path).map_err(io("make a directory"))?;
            Ok(path)
        };
        let path = folder("work")?;
        let home = folder("home")?;
        let configuration = root.path().join("terraform.rc");
        installation
            .install(cli.program, root.path())
            .and_then(|text| fs::write(&configuration, text))
            .map_err(io("install the provider"))?;

        let mut environment = BTreeMap::new();
        // What programs need to start at all, and where temporary files go.
        for name in ["PATH", "TMPDIR", "TEMP", "TMP", "SystemRoot"] {
            if let Some(value) = env::var_os(name) {
                environment.insert(OsString::from(name), value);
            }
        }
        let mut set = |name: &str, value: &OsStr| {
            environment.insert(name.into(), value.to_owned());
        };
        set("HOME", home.as_os_str());
        set("USERPROFILE", home.as_os_str());
        set("APPDATA", home.as_os_str());
        set("TF_CLI_CONFIG_FILE", configuration.as_os_str());
        set("TF_CLI_ARGS", OsStr::new("-no-color"));
        set("TF_INPUT", OsStr::new("0"));
        set("TF_IN_AUTOMATION", OsStr::new("1"));
        set("CHECKPOINT_DISABLE", OsStr::new("1"));
        Ok(Self {
            cli: cli.clone(),
            root: Some(root),
            path,
            environment,
            limit: LIMIT,
            failed: Cell::new(false),
        })
    }

    /// Where the commands run.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The CLI that runs here.
    #[must_use]
    pub fn cli(&self) -> &Cli {
        &self.cli
    }

    /// Writes a file, in place of the one of that name.
    pub fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        fs::write(self.path.join(name), text).map_err(|source| Error::Io {
            attempted: format!("write {name}"),
            source,
        })
    }

    /// Reads a file.
    pub fn read(&self, name: &str) -> Result<String, Error> {
        fs::read(self.path.join(name))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .map_err(|source| Error::Io {
                attempted: format!("read {name}"),
                source,
            })
    }

    /// Sets an environment variable for the commands to come.
    pub fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.environment
            .insert(name.into(), value.as_ref().to_owned());
    }

    /// Takes an environment variable away from the commands to come.
    pub fn unset(&mut self, name: &str) {
        self.environment.remove(OsStr::new(name));
    }

    /// Lets the commands to come take so long before they are killed.
    pub fn wait_at_most(&mut self, limit: Duration) {
        self.limit = limit;
    }

    /// Lets the CLI colour its output, for a terminal to which it is passed on.
    pub fn allow_colour(&mut self) {
        self.unset("TF_CLI_ARGS");
    }

    /// Runs a command to its end. Every exit code is accepted.
    pub fn run(&self, arguments: &[&str]) -> Result<Output, Error> {
        self.start(arguments)?.finish()
    }

    /// Starts a command.
    pub fn start(&self, arguments: &[&str]) -> Result<Running, Error> {
        self.start_in(arguments, Group::Own, None)
    }

    /// Starts a command in a process group of choice, its output shown to somebody else, too.
    pub fn start_in(
        &self,
        arguments: &[&str],
        group: Group,
        echo: Option<&Echo>,
    ) -> Result<Running, Error> {
        let mut command = Command::new(&self.cli.path);
        command
            .args(arguments)
            .current_dir(&self.path)
            .env_clear()
            .envs(&self.environment);
        let line = format!("{} {}", self.cli.program.name(), arguments.join(" "));
        Running::start(command, line, group, self.limit, echo)
    }

    /// Runs another program here to its end, with the environment of the CLI.
    pub fn run_program(&self, program: &Path, arguments: &[&str]) -> Result<Output, Error> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&self.path)
            .env_clear()
            .envs(&self.environment);
        let line = format!("{} {}", program.display(), arguments.join(" "));
        Running::start(command, line, Group::Own, self.limit, None)?.finish()
    }

    /// The state (`show -json`).
    pub fn state(&self) -> Result<State, Error> {
        self.shown(&["show", "-json"], State::parse)
    }

    /// A saved plan (`show -json FILE`).
    pub fn saved_plan(&self, file: &str) -> Result<Plan, Error> {
        self.shown(&["show", "-json", file], |text| serde_json::from_str(text))
    }

    /// Plans into the file `tfplan`, with `-json` and `-detailed-exitcode`, and reads the plan back.
    pub fn plan(&self, more: &[&str]) -> Result<Planned, Error> {
        let usual = ["plan", "-json", "-detailed-exitcode", "-out=tfplan"];
        let output = self.run(&[&usual, more].concat())?;
        let plan = match output.code {
            Some(0 | 2) => Some(self.saved_plan("tfplan")?),
            _ => None,
        };
        Ok(Planned { output, plan })
    }

    /// Says that what was tried here went wrong, so that the directory is kept if that is asked for.
    pub fn mark_failed(&self) {
        self.failed.set(true);
    }

    /// Leaves the directory where it is, and says where.
    #[must_use]
    pub fn keep(mut self) -> PathBuf {
        // Taken once, here; `drop` finds nothing left to remove.
        self.root.take().map(TempDir::keep).unwrap_or_default()
    }

    fn shown<T>(
        &self,
        arguments: &[&str],
        parse: impl FnOnce(&str) -> serde_json::Result<T>,
    ) -> Result<T, Error> {
        let output = self.run(arguments)?;
        if output.code != Some(0) {
            return Err(Error::Failed(Box::new(output)));
        }
        parse(&output.stdout).map_err(|error| Error::Form {
            reason: error.to_string(),
            output: Box::new(output.clone()),
        })
    }
}

impl fmt::Debug for WorkingDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkingDirectory")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Drop for WorkingDirectory {
    fn drop(&mut self) {
        let failed = self.failed.get() || thread::panicking();
        if failed
            && env::var_os(PERSIST_VARIABLE).is_some_and(|value| !value.is_empty())
            && let Some(root) = self.root.take()
        {
            eprintln!("kept: {}", root.keep().display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WARNING: &str = "\nWarning: Unable to open CLI configuration file\n\n\
        The CLI configuration file at \"/root/.terraformrc\" does not exist.\n";

    #[test]
    fn program_is_found_below_warnings() {
        let check = |text: &str, expected: Option<Program>| {
            assert_eq!(parse_program(text), expected, "{text:?}");
            assert_eq!(parse_program(&format!("{WARNING}{text}")), expected);
        };
        check(
            "Terraform v1.11.4\non linux_amd64\n",
            Some(Program::Terraform),
        );
        check("OpenTofu v1.10.0-beta1\n", Some(Program::Tofu));
        check("GNU bash, version 5", None);
        check("", None);
    }

    #[test]
    fn version_is_found_below_warnings() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(parse_version(text).as_deref(), expected, "{text:?}");
            let text = format!("{WARNING}{text}\nWarning: below\n");
            assert_eq!(parse_version(&text).as_deref(), expected, "{text:?}");
        };
        check(
            "{\n  \"terraform_version\": \"1.17.0-dev\",\n  \"platform\": \"linux_amd64\"\n}\n",
            Some("1.17.0-dev"),
        );
        check("{\"terraform_version\": \"1.12.6\"}", Some("1.12.6"));
        check("{\"terraform_version\": 1}", None);
        check("{", None);
        check("", None);
    }

    #[test]
    fn features_belong_to_releases() {
        let check = |program, version: &str, feature, expected: Option<&str>| {
            let cli = Cli {
                path: PathBuf::new(),
                program,
                version: version.to_owned(),
            };
            assert_eq!(cli.lacks(feature).as_deref(), expected, "{cli}");
        };
        use Feature::{ImportByIdentity, Query};
        use Program::{Terraform, Tofu};
        check(
            Terraform,
            "1.11.4",
            ImportByIdentity,
            Some(
                "terraform 1.11.4 has no import by identity; \
                 this case needs terraform 1.12 or tofu 1.12 or later",
            ),
        );
        check(Terraform, "1.12.0-beta1", ImportByIdentity, None);
        check(Terraform, "2.0.0", Query, None);
        check(Tofu, "1.12.6", ImportByIdentity, None);
        check(
            Tofu,
            "1.12.6",
            Query,
            Some("tofu 1.12.6 has no command `query`; this case needs terraform 1.14 or later"),
        );
    }

    #[test]
    fn the_first_folder_of_the_path_wins() {
        let [first, second] = [(); 2].map(|()| tempfile::tempdir().expect("a directory"));
        let name = format!("tofu{}", env::consts::EXE_SUFFIX);
        fs::write(second.path().join(&name), "").expect("a file");
        let path = env::join_paths([first.path(), second.path()]).expect("no separators in paths");
        assert_eq!(search(&path, "tofu"), Some(second.path().join(&name)));
        fs::write(first.path().join(&name), "").expect("a file");
        assert_eq!(search(&path, "tofu"), Some(first.path().join(&name)));
        assert_eq!(search(&path, "terraform"), None);
    }

    /// A program in place of the CLI, which records how it is called.
    #[cfg(unix)]
    fn fake(script: &str) -> (TempDir, Cli) {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("terraform");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("our own file");
        let cli = Cli {
            path,
            program: Program::Terraform,
            version: "1.0.0".to_owned(),
        };
        (folder, cli)
    }

    #[cfg(unix)]
    #[test]
    fn environment_of_the_caller_is_not_inherited() {
        let (_folder, cli) = fake("env; pwd");
        let mut directory =
            WorkingDirectory::new(&cli, &Installation::Nothing).expect("a directory");
        directory.set("TF_LOG", "trace");
        let output = directory.run(&["plan"]).expect("a run");
        let names: Vec<&str> = output
            .stdout
            .lines()
            .filter_map(|line| Some(line.split_once('=')?.0))
            .collect();
        assert!(names.contains(&"TF_LOG"), "{names:?}");
        assert!(names.contains(&"CHECKPOINT_DISABLE"), "{names:?}");
        // cargo always sets this for tests, so it is there to be kept away.
        assert!(env::var_os("CARGO_MANIFEST_DIR").is_some());
        assert!(!names.contains(&"CARGO_MANIFEST_DIR"), "{names:?}");
        assert!(output.stdout.trim_end().ends_with("/work"), "{output}");
    }

    #[cfg(unix)]
    #[test]
    fn the_directory_is_removed_unless_kept() {
        let (_folder, cli) = fake("exit 0");
        let directory = WorkingDirectory::new(&cli, &Installation::Nothing).expect("a directory");
        let path = directory.path().to_owned();
        assert!(path.is_dir());
        drop(directory);
        assert!(!path.exists());

        let directory = WorkingDirectory::new(&cli, &Installation::Nothing).expect("a directory");
        let root = directory.keep();
        assert!(root.join("work").is_dir());
        fs::remove_dir_all(root).expect("our own directory");
    }

    #[cfg(unix)]
    #[test]
    fn version_is_read_from_the_program() {
        let script = "echo 'Warning: none of this matters'\n\
            if [ \"$2\" = -json ]; then echo '{\"terraform_version\": \"1.2.3\"}'; else echo 'OpenTofu v9'; fi";
        let (_folder, cli) = fake(script);
        let cli = Cli::at(&cli.path).expect("a version");
        assert_eq!(cli.to_string(), "tofu 1.2.3");
        let (_folder, cli) = fake("echo 'GNU bash, version 5'");
        let error = Cli::at(&cli.path).expect_err("another program").to_string();
        assert!(error.contains("GNU bash"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn unexpected_output_is_an_error_that_shows_it() {
        let check = |script: &str, part: &str| {
            let (_folder, cli) = fake(script);
            let directory =
                WorkingDirectory::new(&cli, &Installation::Nothing).expect("a directory");
            let error = directory.state().expect_err("no state").to_string();
            assert!(error.contains(part), "{error}");
        };
        check("echo 'no such command' >&2; exit 1", "no such command");
        check("echo 'this is no JSON'", "this is no JSON");
        check("echo '[]'", "unable to read the output");
    }
}
