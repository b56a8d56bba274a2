//! Credentials from an external program: the mode `External` of the CLI's profiles.
//!
//! The command is split as a shell would split it, but no shell runs: quotes and backslashes work, variables and pipes do
//! not. The program has a minute; it gets no input; its output is JSON:
//! `{"mode": "StsToken", "access_key_id": …, "access_key_secret": …, "sts_token": …, "expiration": …}`, or `"mode": "AK"`
//! without token. Without `expiration` the credentials are kept until the service calls them expired. Source: the official
//! CLI and SDKs.

use std::fmt;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tokio::process::Command;
use zeroize::Zeroizing;

use super::temporary_credentials::{Document, expiration};
use super::{
    Context, Credentials, CredentialsError, CredentialsSource, Fetch, Refreshing, Secret,
    TemporaryCredentials,
};
use crate::redact::Redactor;

/// How long the program may take.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(60);

/// A program that writes credentials to its standard output.
pub(super) struct Process {
    program: String,
    // They may hold a secret, so they are never shown.
    arguments: Vec<String>,
}

impl Process {
    /// A source that runs `command` at each refresh.
    pub(super) fn source(
        context: &Context,
        command: &str,
    ) -> Result<Arc<dyn CredentialsSource>, CredentialsError> {
        const DISABLED: &str = "ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS";
        if context.environment.is_on(DISABLED) {
            return Err(CredentialsError::new(format!(
                "the variable {DISABLED} forbids running programs for credentials"
            )));
        }
        let mut words = split(command, cfg!(windows)).map_err(CredentialsError::new)?;
        if words.is_empty() {
            return Err(CredentialsError::new("process_command is empty"));
        }
        let program = words.remove(0);
        let process = Process {
            program,
            arguments: words,
        };
        Ok(Arc::new(Refreshing::new(process, context.clock())))
    }

    /// The program. Whoever writes `TOKEN=… vend` as for a shell has put a secret in its place.
    fn shown(&self) -> &str {
        let name = self.program.split_once('=');
        name.map_or(self.program.as_str(), |(name, _)| name)
    }

    /// The beginning of what it wrote to stderr, without what is likely to be secret there: arguments and parts of its
    /// result that are no words, and what follows a name such as `token=`.
    fn complaint(&self, stdout: &[u8], stderr: &[u8]) -> Option<String> {
        let mut redactor = Redactor::default();
        let mut before = "";
        for argument in &self.arguments {
            match argument.split_once('=') {
                Some((name, value)) if names_secret(name) || looks_secret(value) => {
                    redactor.withhold(value);
                }
                None if looks_secret(argument)
                    || before.starts_with('-') && names_secret(before) =>
                {
                    redactor.withhold(argument);
                }
                _ => {}
            }
            before = argument;
        }
        let stderr = Zeroizing::new(String::from_utf8_lossy(stderr).into_owned());
        for text in String::from_utf8_lossy(stdout)
            .split(|c: char| c.is_whitespace() || "\"',:{}[]".contains(c))
            .filter(|word| looks_secret(word))
            .chain(labelled(&stderr))
        {
            redactor.withhold(text);
        }
        redactor.excerpt(stderr.as_bytes())
    }

    async fn run(&self) -> Result<TemporaryCredentials, CredentialsError> {
        let running = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(REFRESH_TIMEOUT, running)
            .await
            .map_err(|_| {
                CredentialsError::new(format!(
                    "it did not finish within {} s",
                    REFRESH_TIMEOUT.as_secs()
                ))
            })?
            .map_err(|error| CredentialsError::new("it cannot be run").caused_by(error))?;
        let stdout = Zeroizing::new(output.stdout);
        if !output.status.success() {
            // What it complains of is for the user; what it was given or wrote as its result may be a secret.
            let said = self.complaint(&stdout, &output.stderr);
            let said = said.map_or_else(
                || "it wrote nothing to stderr".to_owned(),
                |said| format!("it wrote to stderr: {said}"),
            );
            return Err(CredentialsError::new(format!(
                "it failed ({}); {said}",
                output.status
            )));
        }
        match serde_json::from_slice(&stdout) {
            Ok(Value::Object(fields)) => read(&Document::new(fields)),
            Ok(_) => Err(CredentialsError::new(
                "its output is JSON, but not an object",
            )),
            Err(error) => Err(CredentialsError::new(format!(
                "its output is not JSON (line {}, column {})",
                error.line(),
                error.column()
            ))),
        }
    }
}

#[async_trait]
impl Fetch for Process {
    async fn fetch(&self) -> Result<TemporaryCredentials, CredentialsError> {
        self.run().await.map_err(|error| {
            CredentialsError::new(format!(
                "the program {} returned no credentials",
                self.shown()
            ))
            .caused_by(error)
        })
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Process({})", self.shown())
    }
}

fn read(fields: &Document) -> Result<TemporaryCredentials, CredentialsError> {
    let text = |name: &str| {
        let text = fields.get(name).and_then(Value::as_str);
        text.filter(|text| !text.is_empty())
    };
    let needed = |name: &str| {
        text(name).ok_or_else(|| CredentialsError::new(format!("its output has no {name}")))
    };
    let token = match text("mode") {
        Some("AK") => None,
        Some("StsToken") => Some(Secret::new(needed("sts_token")?)),
        Some(_) => {
            return Err(CredentialsError::new(
                "the mode in its output is neither AK nor StsToken",
            ));
        }
        None => return Err(CredentialsError::new("its output has no mode")),
    };
    Ok(TemporaryCredentials {
        credentials: Credentials {
            access_key_id: needed("access_key_id")?.to_owned(),
            access_key_secret: Secret::new(needed("access_key_secret")?),
            security_token: token,
        },
        expires: text("expiration").map(expiration).transpose()?,
    })
}

/// What stands behind `:` or `=` after a name that ends in a word for secrets, and is no word itself.
fn labelled(text: &str) -> impl Iterator<Item = &str> {
    let edge = |c: char| c.is_whitespace() || "\"',;&{}".contains(c);
    text.match_indices([':', '=']).filter_map(move |(at, _)| {
        let name = text[..at].trim_end_matches(edge);
        let value = text[at + 1..].trim_start_matches(edge);
        let value = value.split(edge).next().unwrap_or_default();
        (names_secret(name) && looks_secret(value)).then_some(value)
    })
}

/// Whether a text ends in a word for secrets.
fn names_secret(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["secret", "token", "password", "key"]
        .iter()
        .any(|word| text.ends_with(word))
}

/// Whether a text is more than a word of a sentence: long, and with a digit or a capital within.
fn looks_secret(text: &str) -> bool {
    let odd = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase();
    text.len() >= 8 && text.chars().skip(1).any(odd)
}

/// The words of a command line, as a POSIX shell splits them. On Windows a backslash is itself, except before a double
/// quote.
fn split(command: &str, windows: bool) -> Result<Vec<String>, String> {
    let words = match windows {
        true => shlex::split(&escape_backslashes(command)),
        false => shlex::split(command),
    };
    words.ok_or_else(|| {
        "process_command has a quote that is not closed, or ends in a backslash".to_owned()
    })
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
    use super::{labelled, split};

    #[test]
    fn labelled_secrets_are_found() {
        let check = |text: &str, expected: &[&str]| {
            let found: Vec<&str> = labelled(text).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("token expired: log in again", &[]);
        check("invalid token: authentication failed", &[]);
        check("access_key_secret = Ab12Cd34", &["Ab12Cd34"]);
        check(
            "AccessKeySecret: Ab12Cd34; sts_token=\"xY34567z\"",
            &["Ab12Cd34", "xY34567z"],
        );
        check("{\"AccessKeySecret\": \"Ab12Cd34\"}", &["Ab12Cd34"]);
        check(
            "https://vault.example:8200/v1?token=Ab12Cd34&x=Ab12Cd35",
            &["Ab12Cd34"],
        );
        check("é: ü = ß", &[]);
    }

    #[test]
    fn words() {
        let check = |command: &str, windows: bool, expected: &[&str]| {
            let found = split(command, windows).unwrap_or_else(|error| vec![error]);
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
