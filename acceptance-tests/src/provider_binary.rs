//! The provider under test: built by the same cargo right before it is used, so that a stale one can never be tested.
//!
//! Must not contain: anything that runs the provider.

use std::{
    env, fmt, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use serde_json::Value;

/// How the provider is built.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Profile {
    /// As `cargo test --workspace` builds it.
    Dev,
    /// As it is shipped.
    Release,
}

/// Says how the provider that tests and demo run is built: `dev` or `release`.
pub const PROFILE_VARIABLE: &str = "TF_ACC_PROVIDER_PROFILE";

impl Profile {
    /// The one that tests run: as `TF_ACC_PROVIDER_PROFILE` says, else `dev`.
    ///
    /// # Panics
    ///
    /// If the variable is neither `dev` nor `release`.
    #[must_use]
    pub fn tested() -> Self {
        Self::from_environment().unwrap_or(Self::Dev)
    }

    /// The one that the demo runs: as `TF_ACC_PROVIDER_PROFILE` says, else the one that is shipped.
    ///
    /// # Panics
    ///
    /// If the variable is neither `dev` nor `release`.
    #[must_use]
    pub fn shown() -> Self {
        Self::from_environment().unwrap_or(Self::Release)
    }

    /// What [`PROFILE_VARIABLE`] calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
        }
    }

    fn from_environment() -> Option<Self> {
        let name = env::var_os(PROFILE_VARIABLE).unwrap_or_default();
        match name.to_str() {
            Some("") => None,
            Some(name) if name == Self::Dev.name() => Some(Self::Dev),
            Some(name) if name == Self::Release.name() => Some(Self::Release),
            _ => panic!(
                "{PROFILE_VARIABLE} has to be dev or release, but is {}",
                name.display()
            ),
        }
    }
}

/// Why there is no provider binary.
#[derive(Clone, Debug)]
pub enum BuildError {
    /// cargo could not be run.
    Cargo(String),
    /// cargo ran, and failed, with what it wrote to stderr.
    Build(String),
    /// cargo was content, but named no executable.
    NoExecutable,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cargo(error) => write!(f, "unable to run cargo to build the provider: {error}"),
            Self::Build(stderr) => write!(f, "the provider does not build:\n{stderr}"),
            Self::NoExecutable => {
                write!(f, "cargo built the provider but named no executable {NAME}")
            }
        }
    }
}

impl std::error::Error for BuildError {}

impl From<io::Error> for BuildError {
    fn from(error: io::Error) -> Self {
        Self::Cargo(error.to_string())
    }
}

/// The absolute path of the provider binary, built now if it has to be; at most once for each profile in a process.
pub fn path(profile: Profile) -> Result<PathBuf, BuildError> {
    static DEV: OnceLock<Result<PathBuf, BuildError>> = OnceLock::new();
    static RELEASE: OnceLock<Result<PathBuf, BuildError>> = OnceLock::new();
    let built = match profile {
        Profile::Dev => &DEV,
        Profile::Release => &RELEASE,
    };
    built.get_or_init(|| build(profile)).clone()
}

/// The triple of this machine's static executables, where Rust's standard library for it is installed.
#[must_use]
pub fn static_target() -> Option<String> {
    let triple = format!("{}-unknown-linux-musl", env::consts::ARCH);
    let mut command = Command::new("rustc");
    command.args(["--print", "target-libdir", "--target", &triple]);
    let output = command.stderr(Stdio::null()).output().ok()?;
    let folder = String::from_utf8(output.stdout).ok()?;
    let installed = cfg!(target_os = "linux") && Path::new(folder.trim()).is_dir();
    installed.then_some(triple)
}

/// The static executable as `cargo release-provider` makes it; `None` where its target is not installed.
pub fn shipped_static() -> Option<Result<PathBuf, BuildError>> {
    let triple = static_target()?;
    let root = Path::new(MANIFEST).parent().unwrap_or(Path::new("."));
    let mut command = cargo();
    command
        .current_dir(root)
        .args(["run", "--quiet", "--package", "release", "--"])
        .args(["--snapshot", "--build-only", "--target", &triple])
        .args(["--out", "target/static-provider"])
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    Some(match command.output() {
        Err(error) => Err(error.into()),
        Ok(output) if output.status.success() => Ok(root
            .join("target/release-provider-build")
            .join(triple)
            .join("release/shipped")),
        Ok(output) => Err(BuildError::Build(
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )),
    })
}

/// The name of the binary target.
const NAME: &str = "terraform-provider-alicloud";

/// The workspace's manifest, as it was when these tests were compiled.
const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");

/// The cargo that runs the tests, if one does, without what it says of them.
fn cargo() -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // What the outer cargo says of the package under test would make build scripts run again, here and then there.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let of_the_package = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "CARGO_CRATE_",
        ];
        if of_the_package.iter().any(|prefix| text.starts_with(prefix)) || text == "OUT_DIR" {
            command.env_remove(&name);
        }
    }
    command
}

fn build(profile: Profile) -> Result<PathBuf, BuildError> {
    let mut command = cargo();
    command.args([
        "build",
        "--manifest-path",
        MANIFEST,
        "--bin",
        NAME,
        "--message-format",
        "json-render-diagnostics",
    ]);
    match profile {
        // The features of dependencies as the whole workspace unites them: they are compiled already.
        Profile::Dev => command.arg("--workspace"),
        Profile::Release => command.args(["--package", NAME, "--release"]),
    };
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        return Err(BuildError::Build(
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ));
    }
    output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == NAME)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .ok_or(BuildError::NoExecutable)
}
