//! Programs that the release runs, and the one error of this program: a sentence.

use std::{
    ffi::OsStr,
    fmt, io,
    path::Path,
    process::{Command, Stdio},
};

/// Why a step failed: a sentence that says what to do.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

impl Failure {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }

    /// A file could not be read, written, created or removed.
    pub(crate) fn file(verb: &str, path: &Path, error: &io::Error) -> Self {
        Self(format!("cannot {verb} {}: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a program wrote to standard output. Its standard error goes to ours.
///
/// # Errors
/// If it could not be started or failed, with its name and exit status.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>, Failure> {
    let name = command.get_program().to_string_lossy().into_owned();
    let arguments: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
    let call = format!("{name} {}", arguments.join(" "));
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure(format!("cannot start {name}: {error}")))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(Failure(format!("`{call}` failed ({})", output.status)))
    }
}

/// The same as text, without white space around it.
pub(crate) fn text(command: &mut Command) -> Result<String, Failure> {
    let bytes = output(command)?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}
