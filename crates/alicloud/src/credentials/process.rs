//! Credentials from an external program: the mode `External` of the CLI's profiles.
//!
//! The command is split as a shell would split it, but no shell runs: quotes and backslashes work, variables and pipes do
//! not. The program gets no input; its output is JSON:
//! `{"mode": "StsToken", "access_key_id": …, "access_key_secret": …, "sts_token": …, "expiration": …}`, or `"mode": "AK"`
//! without token. Without `expiration` the credentials are kept until the service calls them expired. Source: the official
//! CLI and SDKs.
//!
//! The program has a minute and may write 64 KiB. What takes longer or writes more is ended, with all that it started; so
//! it is when nobody waits for it any more. What it writes to stderr is not read: it may be anything, a secret included.

use std::fmt;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

use super::error::looks_like_name;
use super::profile::{CliProfile, external_allowed};
use super::temporary_credentials::{Document, expiration};
use super::{
    Context, Credentials, CredentialsError, CredentialsErrorKind, CredentialsSource, Fetch,
    ProgramFault, Refreshing, Secret, TemporaryCredentials, Wait,
};

/// How long the program may take.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(60);

/// Bytes that it may write.
const MAX_OUTPUT: usize = 64 * 1024;

/// A program that writes credentials to its standard output.
pub(super) struct Process {
    program: String,
    // They may hold a secret, so they are never shown.
    arguments: Vec<String>,
    /// Where the command stands, for messages.
    place: String,
    /// What a shell would act on and nothing does here, such as `$`.
    shell_syntax: Vec<&'static str>,
}

impl Process {
    /// A source that runs the command of a profile at each refresh.
    pub(super) fn source(
        context: &Context,
        profile: &CliProfile,
    ) -> Result<Arc<dyn CredentialsSource>, CredentialsError> {
        external_allowed(context).map_err(|error| profile.frame("cannot be used", error))?;
        let unusable = |reason: &str| {
            let error = CredentialsError::new(CredentialsErrorKind::Profile, reason);
            profile.frame("cannot be used", error)
        };
        let command = profile.needed("process_command")?;
        let mut words = split(command, cfg!(windows)).map_err(unusable)?;
        if words.is_empty() {
            return Err(unusable("process_command is empty"));
        }
        let program = words.remove(0);
        let shell_syntax = match is_shell(&program) {
            true => Vec::new(),
            false => shell_syntax(command, cfg!(windows)),
        };
        let process = Process {
            program,
            arguments: words,
            place: profile.place(),
            shell_syntax,
        };
        Ok(Arc::new(Refreshing::new(process, context.clock())))
    }

    /// The program by its name, if what stands there looks like one. Whoever writes `TOKEN=… vend` as for a shell has put a
    /// secret in its place.
    fn shown(&self) -> String {
        let name = self.program.rsplit(['/', '\\']).next().unwrap_or_default();
        match looks_like_name(name) {
            true => format!("the program {name} of {}", self.place),
            false => format!("the program of {}", self.place),
        }
    }

    /// What may explain a failure of a command that was written as for a shell.
    fn hint(&self) -> String {
        match self.shell_syntax.as_slice() {
            [] => String::new(),
            found => format!(
                " (process_command runs without a shell, which alone gives a meaning to {})",
                found.join(" and ")
            ),
        }
    }

    async fn run(&self) -> Result<TemporaryCredentials, CredentialsError> {
        let fault = |fault: ProgramFault, reason: String| {
            CredentialsError::new(CredentialsErrorKind::Program(fault), reason)
        };
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        // A group of its own, so that all that it starts can be ended with it.
        #[cfg(unix)]
        command.process_group(0);
        let child = command.spawn().map_err(|error| {
            let reason = format!("it cannot be run{}", self.hint());
            fault(ProgramFault::NotStarted, reason).caused_by(error)
        })?;
        let mut running = Running { child };
        let output = tokio::time::timeout(REFRESH_TIMEOUT, running.output())
            .await
            .map_err(|_| {
                let seconds = REFRESH_TIMEOUT.as_secs();
                let reason = format!("it did not finish within {seconds} s and was ended");
                fault(ProgramFault::TimedOut, reason)
            })?
            .map_err(|error| {
                let reason = "its output cannot be read".to_owned();
                fault(ProgramFault::Failed, reason).caused_by(error)
            })?;
        let Some((status, stdout)) = output else {
            let reason = format!("it wrote more than {} KiB and was ended", MAX_OUTPUT >> 10);
            return Err(fault(ProgramFault::TooMuchOutput, reason));
        };
        if !status.success() {
            return Err(fault(
                ProgramFault::Failed,
                format!(
                    "it failed ({status}); run its process_command by hand to see why{}",
                    self.hint()
                ),
            ));
        }
        match serde_json::from_slice(&stdout) {
            Ok(Value::Object(fields)) => read(&Document::new(fields)),
            Ok(_) => Err(bad_output("its output is JSON, but not an object")),
            Err(error) => Err(bad_output(format!(
                "its output is not JSON (line {}, column {}){}",
                error.line(),
                error.column(),
                self.hint()
            ))),
        }
    }
}

/// A program that runs. When this is dropped it is ended, with all that it started, unless it has ended by itself.
struct Running {
    child: Child,
}

impl Running {
    /// How it ended and what it wrote, or nothing if it wrote too much.
    async fn output(
        &mut self,
    ) -> std::io::Result<Option<(std::process::ExitStatus, Zeroizing<Vec<u8>>)>> {
        let mut written = Zeroizing::new(Vec::with_capacity(MAX_OUTPUT + 1));
        let stdout = self.child.stdout.take();
        let mut stdout = stdout
            .ok_or_else(|| std::io::Error::other("it has no standard output"))?
            .take(MAX_OUTPUT as u64 + 1);
        let ended = {
            let mut reading = std::pin::pin!(stdout.read_to_end(&mut written));
            tokio::select! {
                biased;
                read = &mut reading => {
                    read?;
                    None
                }
                ended = self.child.wait() => {
                    // What it wrote is in the pipe. What it started may hold the pipe open for as long as it likes.
                    let _ = tokio::time::timeout(Duration::from_secs(1), reading).await;
                    Some(ended?)
                }
            }
        };
        if written.len() > MAX_OUTPUT {
            return Ok(None);
        }
        let status = match ended {
            Some(status) => status,
            None => self.child.wait().await?,
        };
        Ok(Some((status, written)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // There is no ID once it has been waited for.
        let Some(id) = self.child.id() else { return };
        end_group(id);
    }
}

#[cfg(unix)]
fn end_group(leader: u32) {
    use nix::sys::signal::{Signal, killpg};
    use nix::unistd::Pid;

    if let Ok(leader) = i32::try_from(leader) {
        // It may have ended meanwhile.
        let _ = killpg(Pid::from_raw(leader), Signal::SIGKILL);
    }
}

/// Ends the process and those that descend from it.
#[cfg(windows)]
fn end_group(leader: u32) {
    let ending = std::process::Command::new("taskkill")
        .args(["/F", "/T", "/PID", &leader.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    // The child itself is killed in any case.
    drop(ending);
}

fn bad_output(reason: impl Into<String>) -> CredentialsError {
    CredentialsError::new(CredentialsErrorKind::Program(ProgramFault::Output), reason)
}

#[async_trait]
impl Fetch for Process {
    async fn fetch(&self) -> Result<TemporaryCredentials, CredentialsError> {
        self.run().await.map_err(|error| {
            CredentialsError::other(format!("{} returned no credentials", self.shown()))
                .because(error)
        })
    }

    fn waiting_for(&self) -> Wait {
        Wait::Program
    }

    fn issuer(&self) -> String {
        self.shown()
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Process({})", self.shown())
    }
}

fn read(fields: &Document) -> Result<TemporaryCredentials, CredentialsError> {
    // What is there and no text is not passed over: an `expiration` in seconds would be an AccessKey without an end.
    let text = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(_) => Err(bad_output(format!(
            "the {name} in its output is not a JSON string"
        ))),
    };
    let needed =
        |name: &str| text(name)?.ok_or_else(|| bad_output(format!("its output has no {name}")));
    let token = match text("mode")? {
        Some("AK") => None,
        Some("StsToken") => Some(Secret::new(needed("sts_token")?)),
        Some(_) => {
            return Err(bad_output(
                "the mode in its output is neither AK nor StsToken",
            ));
        }
        None => return Err(bad_output("its output has no mode")),
    };
    Ok(TemporaryCredentials {
        credentials: Credentials {
            access_key_id: needed("access_key_id")?.to_owned(),
            access_key_secret: Secret::new(needed("access_key_secret")?),
            security_token: token,
        },
        expires: text("expiration")?.map(expiration).transpose()?,
    })
}

/// The words of a command line, as a POSIX shell splits them. On Windows a backslash is itself, except before a double
/// quote.
fn split(command: &str, windows: bool) -> Result<Vec<String>, &'static str> {
    let words = match windows {
        true => shlex::split(&escape_backslashes(command)),
        false => shlex::split(command),
    };
    words.ok_or("process_command has a quote that is not closed, or ends in a backslash")
}

/// Whether a program is a shell, by its name: `sh`, `bash`, `pwsh` and the like.
fn is_shell(program: &str) -> bool {
    let name = program.rsplit(['/', '\\']).next().unwrap_or_default();
    let name = name.strip_suffix(".exe").unwrap_or(name);
    name.ends_with("sh") || matches!(name, "cmd" | "powershell")
}

/// What in a command only a shell would act on. Quotes and backslashes are not among it: [`split`] acts on them.
fn shell_syntax(command: &str, windows: bool) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut quote = None;
    let mut begins_word = true;
    let mut characters = command.chars().peekable();
    while let Some(character) = characters.next() {
        let began_word = std::mem::replace(&mut begins_word, false);
        let syntax = match (quote, character) {
            (Some(open), _) if open == character => {
                quote = None;
                continue;
            }
            (Some('\''), _) => continue,
            (_, '\\') if !windows => {
                characters.next();
                continue;
            }
            (_, '$') => "$",
            (_, '`') => "`",
            (Some(_), _) => continue,
            (None, '"' | '\'') => {
                quote = Some(character);
                continue;
            }
            (None, '~') if began_word => "~",
            (None, '|') => "|",
            (None, '<') => "<",
            (None, '>') => ">",
            (None, '&') if began_word => "&",
            (None, ';') if characters.peek().is_none_or(|next| next.is_whitespace()) => ";",
            _ => {
                begins_word = character.is_whitespace();
                continue;
            }
        };
        if !found.contains(&syntax) {
            found.push(syntax);
        }
    }
    let first = command.split_whitespace().next().unwrap_or_default();
    let is_assignment = first.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    if is_assignment {
        found.push("NAME=value");
    }
    found
}

/// Doubles backslashes that are not before a double quote, outside single quotes, where none is special.
fn escape_backslashes(command: &str) -> String {
    let mut escaped = String::with_capacity(command.len());
    let mut single = false;
    let mut double = false;
    let mut characters = command.chars().peekable();
    while let Some(character) = characters.next() {
        escaped.push(character);
        match character {
            '\\' if single => {}
            '\\' if characters.peek() == Some(&'"') => escaped.extend(characters.next()),
            '\\' => escaped.push('\\'),
            '\'' if !double => single = !single,
            '"' if !single => double = !double,
            _ => {}
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{is_shell, shell_syntax, split};

    #[test]
    fn shell_syntax_is_found_outside_single_quotes() {
        let check = |command: &str, expected: &[&str]| {
            assert_eq!(shell_syntax(command, false), expected, "{command}");
        };
        check("$HOME/vend", &["$"]);
        check("\"$HOME/vend\" `id`", &["$", "`"]);
        check("~/vend --as ~", &["~"]);
        check("vend | jq .x > out && echo", &["|", ">", "&"]);
        check("vend; echo", &[";"]);
        check("TOKEN=MARK vend", &["NAME=value"]);
        for plain in [
            "vend --as 'my $role | x' \\$x",
            "vend --url=https://h/?a=b&c=d;e --to a~b",
            "vend a=b",
            "C:/bin/vend.exe",
            "",
        ] {
            check(plain, &[]);
        }
        assert_eq!(shell_syntax(r"C:\bin\$x", true), ["$"]);
        for shell in ["sh", "/bin/bash", r"C:\bin\pwsh.exe", "cmd.exe"] {
            assert!(is_shell(shell), "{shell}");
        }
        assert!(!is_shell("/usr/bin/vend"));
    }

    #[test]
    fn words() {
        let check = |command: &str, windows: bool, expected: &[&str]| {
            let found = split(command, windows).unwrap_or_else(|error| vec![error.to_owned()]);
            assert_eq!(found, expected, "{command}");
        };
        check("vend", false, &["vend"]);
        check(
            "  vend  --as 'my role' \"x y\" ",
            false,
            &["vend", "--as", "my role", "x y"],
        );
        check(
            r#"a\ b "c\"d" 'e\f' ''"#,
            false,
            &["a b", "c\"d", "e\\f", ""],
        );
        check("a\\\nb c", false, &["ab", "c"]);
        check(
            r#"C:\bin\vend.exe "a\"b""#,
            true,
            &[r"C:\bin\vend.exe", "a\"b"],
        );
        check("a'b'c", false, &["abc"]);
        check("a $HOME | b", false, &["a", "$HOME", "|", "b"]);
        check(
            r#"'C:\a b\x.exe' C:\y\ "D:\""#,
            true,
            &["process_command has a quote that is not closed, or ends in a backslash"],
        );
        check(
            r#"'C:\a b\x.exe' C:\y\ 'it"s' "it's \z""#,
            true,
            &[r"C:\a b\x.exe", r"C:\y\", "it\"s", r"it's \z"],
        );
        // A comment, as in a shell.
        check("a #b", false, &["a"]);
        check("a#b", false, &["a#b"]);
        for broken in ["a 'b", "a \"b", "a \\"] {
            check(
                broken,
                false,
                &["process_command has a quote that is not closed, or ends in a backslash"],
            );
        }
        check("", false, &[]);
    }
}
