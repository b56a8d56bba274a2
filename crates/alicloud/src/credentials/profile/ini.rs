//! The ini file of the SDKs, `~/.alibabacloud/credentials`: its sections, each a profile.
//!
//! `[name]` opens a section, `key = value` is an entry, `#` and `;` begin comments, also after a value and a blank. Quotes
//! around a whole value are no part of it, as in the Go SDK that the CLI uses. Errors name file and line, never a value.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::error::{looks_like_name, quoted_name};
use super::super::{CredentialsError, CredentialsErrorKind, FileFault};
use super::cli_file::shown_word;

/// The file, as it was read.
pub(super) struct IniFile {
    path: PathBuf,
    sections: BTreeMap<String, BTreeMap<String, String>>,
}

/// One section of it.
pub(super) struct IniProfile<'a> {
    place: String,
    entries: &'a BTreeMap<String, String>,
}

impl IniFile {
    pub(super) fn parse(path: &Path, text: &str) -> Result<IniFile, CredentialsError> {
        let fault = |number: usize, reason: &str| {
            CredentialsError::new(
                CredentialsErrorKind::File(FileFault::Syntax),
                format!("{} line {}: {reason}", path.display(), number + 1),
            )
        };
        let mut sections: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        let mut section: Option<String> = None;
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(rest) = line.strip_prefix('[') {
                let name = without_comment(rest)
                    .trim()
                    .strip_suffix(']')
                    .ok_or_else(|| fault(number, "a section needs a closing ]"))?;
                sections.entry(name.trim().to_owned()).or_default();
                section = Some(name.trim().to_owned());
                continue;
            }
            let Some((key, value)) = line.split_once('=') else {
                return Err(fault(number, "neither [section] nor key = value"));
            };
            let value = unquoted(value.trim()).map_err(|reason| fault(number, reason))?;
            let Some(entries) = section.as_ref().and_then(|name| sections.get_mut(name)) else {
                return Err(fault(number, "an entry before the first [section]"));
            };
            entries.insert(key.trim().to_owned(), value.to_owned());
        }
        Ok(IniFile {
            path: path.to_owned(),
            sections,
        })
    }

    pub(super) fn profile(&self, name: &str) -> Result<IniProfile<'_>, CredentialsError> {
        match self.sections.get(name) {
            Some(entries) => Ok(IniProfile {
                place: format!("section {} of {}", in_brackets(name), self.path.display()),
                entries,
            }),
            None => {
                let names: Vec<String> =
                    self.sections.keys().map(|name| in_brackets(name)).collect();
                let has = if names.is_empty() {
                    "it has no sections".to_owned()
                } else {
                    format!("its sections are {}", names.join(", "))
                };
                Err(CredentialsError::new(
                    CredentialsErrorKind::ProfileMissing,
                    format!(
                        "there is no section {} in {}; {has}",
                        in_brackets(name),
                        self.path.display()
                    ),
                ))
            }
        }
    }
}

/// The name of a section for messages, if it looks like a name.
fn in_brackets(name: &str) -> String {
    if looks_like_name(name) {
        format!("[{name}]")
    } else {
        quoted_name(name)
    }
}

impl IniProfile<'_> {
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        let value = self.entries.get(key)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    pub(super) fn needed(&self, key: &str) -> Result<&str, CredentialsError> {
        self.text(key).ok_or_else(|| match self.text("type") {
            Some(kind) if key != "type" => {
                self.fault(&format!("has type {} but no {key}", shown_word(kind)))
            }
            _ => self.fault(&format!("has no {key}")),
        })
    }

    pub(super) fn fault(&self, reason: &str) -> CredentialsError {
        CredentialsError::new(
            CredentialsErrorKind::Profile,
            format!("{} {reason}", self.place),
        )
    }
}

/// A value without the quotes around it, or without the comment behind it.
fn unquoted(value: &str) -> Result<&str, &'static str> {
    let Some(quote) = value.chars().next().filter(|c| "\"'`".contains(*c)) else {
        return Ok(without_comment(value).trim());
    };
    let (inside, behind) = value[1..]
        .split_once(quote)
        .ok_or("the value has a quote that is not closed")?;
    match without_comment(behind).trim() {
        "" => Ok(inside),
        _ => Err("the value has something behind its closing quote"),
    }
}

fn without_comment(line: &str) -> &str {
    let mut before_blank = true;
    for (at, character) in line.char_indices() {
        if before_blank && (character == '#' || character == ';') {
            return &line[..at];
        }
        before_blank = character.is_whitespace();
    }
    line
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::IniFile;

    fn check(text: &str, section: &str, key: &str, expected: &str) {
        let found = IniFile::parse(Path::new("file"), text)
            .and_then(|file| file.profile(section)?.needed(key).map(str::to_owned));
        let found = found.unwrap_or_else(|error| error.to_string());
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn sections_entries_comments() {
        check("[a]\nk = v\n", "a", "k", "v");
        check("; c\n# c\n[ a ]\r\nk=v # c\r\n", "a", "k", "v");
        check("[a]\nk = v#w=x\n", "a", "k", "v#w=x");
        check("[a]\nk=1\n[b]\nk=2\n[a]\nj=3\n", "a", "j", "3");
        check(
            "[a]\ntype = x\n",
            "a",
            "k",
            "section [a] of file has type x but no k",
        );
        check("[a]\n", "a", "type", "section [a] of file has no type");
        check(
            "[a]\n[b]\n",
            "c",
            "k",
            "there is no section [c] in file; its sections are [a], [b]",
        );
        check(
            "k = secret\n",
            "a",
            "k",
            "file line 1: an entry before the first [section]",
        );
        check(
            "[a]\nsecret\n",
            "a",
            "k",
            "file line 2: neither [section] nor key = value",
        );
        for quoted in ["k = \"v # w\"", "k='v # w' ; c", "k = `v # w`  "] {
            check(&format!("[a]\n{quoted}\n"), "a", "k", "v # w");
        }
        check("[a]\nk = it's\n", "a", "k", "it's");
        check(
            "[a]\n\nk = \"secret\n",
            "a",
            "k",
            "file line 3: the value has a quote that is not closed",
        );
        check(
            "[a]\nk = 'x' secret\n",
            "a",
            "k",
            "file line 2: the value has something behind its closing quote",
        );
        check(
            "[LTAI5tQnKxAbCdEfGhJkwXyZ]\n[b]\n",
            "c",
            "k",
            "there is no section [c] in file; its sections are (not shown: it does not look like a name), [b]",
        );
        check("[a\n", "a", "k", "file line 1: a section needs a closing ]");
    }
}
