//! What a command printed: text, exit code, and the diagnostics of its `-json` form.
//!
//! Shapes: Terraform's pages on the machine-readable UI and on `validate -json`. Must not contain: states and plans.

use std::{fmt, time::Duration};

use serde::Deserialize;
use serde_json::Value;

use super::Error;

/// Lines of each stream that are shown when something is wrong; a trace has thousands.
const SHOWN: usize = 80;

/// How a command ended, and what it printed.
#[derive(Clone, Debug)]
pub struct Output {
    /// The command line.
    pub command: String,
    /// Exit code; absent if a signal ended it.
    pub code: Option<i32>,
    /// Everything on stdout.
    pub stdout: String,
    /// Everything on stderr.
    pub stderr: String,
    /// From start to end.
    pub elapsed: Duration,
}

impl Output {
    /// The same, if the exit code is this one; else an error that shows all of it.
    pub fn expecting(self, code: i32) -> Result<Self, Error> {
        if self.code == Some(code) {
            Ok(self)
        } else {
            Err(Error::Failed(Box::new(self)))
        }
    }

    /// Both streams as one text without line breaks, frames and repeated blanks: the CLI wraps text at the width of the
    /// terminal and draws a frame around it.
    #[must_use]
    pub fn text(&self) -> String {
        unwrapped(&format!("{}\n{}", self.stdout, self.stderr))
    }

    /// The diagnostics of a command that ran with `-json`, in order; none of one that ran without.
    #[must_use]
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        #[derive(Deserialize)]
        struct Line {
            diagnostic: Option<Diagnostic>,
        }
        #[derive(Deserialize)]
        struct Validation {
            diagnostics: Vec<Diagnostic>,
        }
        // `validate` prints one document, the others one document a line.
        if let Ok(validation) = serde_json::from_str::<Validation>(&self.stdout) {
            return validation.diagnostics;
        }
        self.stdout
            .lines()
            .filter_map(|line| serde_json::from_str::<Line>(line).ok()?.diagnostic)
            .collect()
    }

    /// Those that are errors.
    #[must_use]
    pub fn errors(&self) -> Vec<Diagnostic> {
        let mut diagnostics = self.diagnostics();
        diagnostics.retain(Diagnostic::is_error);
        diagnostics
    }

    /// Those that are warnings, but for the CLI's own that development overrides are in effect.
    #[must_use]
    pub fn warnings(&self) -> Vec<Diagnostic> {
        let mut diagnostics = self.diagnostics();
        diagnostics.retain(|diagnostic| {
            !diagnostic.is_error()
                && diagnostic.summary != "Provider development overrides are in effect"
        });
        diagnostics
    }

    /// The messages of a command that ran with `-json`, one a line of its output.
    #[must_use]
    pub fn messages(&self) -> Vec<Value> {
        self.stdout
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self
            .code
            .map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
        write!(f, "`{}` ended with {code}", self.command)?;
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            let lines: Vec<&str> = text.trim_end().lines().collect();
            let left_out = lines.len().saturating_sub(SHOWN);
            if left_out > 0 {
                write!(f, "\n--- {name}, without its first {left_out} lines")?;
            } else if !lines.is_empty() {
                write!(f, "\n--- {name}")?;
            }
            for line in &lines[left_out..] {
                write!(f, "\n{line}")?;
            }
        }
        Ok(())
    }
}

/// An error or a warning, as the CLI passes it on.
#[derive(Clone, Debug, Deserialize)]
pub struct Diagnostic {
    /// `error` or `warning`.
    pub severity: String,
    /// The headline.
    pub summary: String,
    /// The text below it.
    #[serde(default)]
    pub detail: String,
    /// The resource it is about.
    #[serde(default)]
    pub address: Option<String>,
    /// Where in the configuration it points, with the lines there.
    #[serde(default)]
    snippet: Option<Snippet>,
}

#[derive(Clone, Debug, Deserialize)]
struct Snippet {
    code: String,
}

impl Diagnostic {
    /// Whether it is an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == "error"
    }

    /// Summary and detail as one text without line breaks and repeated blanks.
    #[must_use]
    pub fn text(&self) -> String {
        unwrapped(&format!("{}: {}", self.summary, self.detail))
    }

    /// The line of the configuration that it points at; empty if it points at none.
    #[must_use]
    pub fn points_at(&self) -> &str {
        self.snippet
            .as_ref()
            .map_or("", |snippet| snippet.code.trim())
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n{}", self.severity, self.summary, self.detail)
    }
}

/// One line, single blanks, no frame.
fn unwrapped(text: &str) -> String {
    let words: Vec<&str> = text
        .split_whitespace()
        .filter(|word| !matches!(*word, "│" | "╷" | "╵"))
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(stdout: &str, stderr: &str) -> Output {
        Output {
            command: "terraform plan".to_owned(),
            code: Some(1),
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
            elapsed: Duration::ZERO,
        }
    }

    #[test]
    fn frames_and_wrapping_are_undone() {
        let framed = "╷\n│ Error: Nothing to import\n│ \n│ The service reported that\n│ no WABA is bound.\n╵\n";
        assert_eq!(
            output("", framed).text(),
            "Error: Nothing to import The service reported that no WABA is bound."
        );
    }

    #[test]
    fn diagnostics_are_read_from_either_form() {
        let check = |stdout: &str| {
            let found = output(stdout, "").diagnostics();
            assert_eq!(found.len(), 1, "{stdout}");
            assert!(found[0].is_error());
            assert_eq!(found[0].text(), "Bad: really bad");
            assert_eq!(found[0].points_at(), "waba_id = \"x\"");
        };
        let diagnostic = r#"{"severity":"error","summary":"Bad","detail":"really\n\n bad","snippet":{"code":"  waba_id = \"x\"","context":null}}"#;
        check(&format!(
            "{{\"@level\":\"info\",\"type\":\"version\"}}\n{{\"type\":\"diagnostic\",\"diagnostic\":{diagnostic}}}\n"
        ));
        check(&format!(
            "{{\n  \"format_version\": \"1.0\",\n  \"valid\": false,\n  \"diagnostics\": [{diagnostic}]\n}}"
        ));
    }

    #[test]
    fn end_of_long_output_is_shown() {
        let long: String = (1..=200).map(|number| format!("line {number}\n")).collect();
        let text = output("", &long).to_string();
        assert!(
            text.contains("without its first 120 lines\nline 121\n"),
            "{text}"
        );
        assert!(text.ends_with("line 200"), "{text}");
    }

    #[test]
    fn plain_output_has_no_diagnostics() {
        assert!(
            output("No changes.\n\nError: no", "")
                .diagnostics()
                .is_empty()
        );
    }
}
