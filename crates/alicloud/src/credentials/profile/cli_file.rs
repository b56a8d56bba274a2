//! The JSON file of the Alibaba Cloud CLI, `~/.aliyun/config.json`: its profiles, and the fields of one.
//!
//! Numbers may come as text, empty text and zero count as not set: older versions of the CLI wrote both for fields that a
//! profile does not use. Errors name file, profile and field, never a value.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::temporary_credentials::Document;
use super::super::{CredentialsError, Environment, Secret};

/// The file, as it was read.
pub(in super::super) struct CliFile {
    path: PathBuf,
    root: Document,
}

/// One profile of it.
#[derive(Clone)]
pub(in super::super) struct CliProfile {
    path: PathBuf,
    pub(in super::super) name: String,
    fields: Document,
}

impl CliFile {
    /// Reads the file.
    pub(in super::super) fn read(path: &Path) -> Result<CliFile, CredentialsError> {
        let text = Environment::read(path).map_err(|error| unreadable(path, error))?;
        CliFile::parse(path, &text)
    }

    pub(super) fn parse(path: &Path, text: &str) -> Result<CliFile, CredentialsError> {
        let shown = path.display();
        match serde_json::from_str(text) {
            Ok(Value::Object(root)) => Ok(CliFile {
                path: path.to_owned(),
                root: Document::new(root),
            }),
            Ok(_) => Err(CredentialsError::new(format!(
                "{shown} is JSON, but not an object with profiles"
            ))),
            // Complaints about syntax have no value in them.
            Err(error) => Err(CredentialsError::new(format!(
                "{shown} is not valid JSON: {error}"
            ))),
        }
    }

    /// The profile that the CLI uses when none is named.
    pub(super) fn current(&self) -> &str {
        match self.root.get("current").and_then(Value::as_str) {
            Some(name) if !name.is_empty() => name,
            _ => "default",
        }
    }

    /// A profile by its name.
    pub(in super::super) fn profile(&self, name: &str) -> Result<CliProfile, CredentialsError> {
        let profiles = self.root.get("profiles").and_then(Value::as_array);
        let named = |profile: &&Value| profile.get("name").and_then(Value::as_str) == Some(name);
        let found = profiles
            .and_then(|profiles| profiles.iter().find(named))
            .and_then(Value::as_object);
        match found {
            Some(fields) => Ok(CliProfile {
                path: self.path.clone(),
                name: name.to_owned(),
                fields: Document::new(fields.clone()),
            }),
            None => {
                let names: Vec<String> = profiles
                    .into_iter()
                    .flatten()
                    .filter_map(|profile| profile.get("name")?.as_str())
                    .map(|name| format!("\"{name}\""))
                    .collect();
                let has = if names.is_empty() {
                    "it has none".to_owned()
                } else {
                    format!("it has {}", names.join(", "))
                };
                Err(CredentialsError::absent(format!(
                    "there is no profile \"{name}\" in {}; {has}",
                    self.path.display()
                )))
            }
        }
    }
}

impl CliProfile {
    /// For messages: `profile "prod" in /home/me/.aliyun/config.json`.
    pub(in super::super) fn place(&self) -> String {
        format!("profile \"{}\" in {}", self.name, self.path.display())
    }

    /// The file it stands in.
    pub(in super::super) fn path(&self) -> &Path {
        &self.path
    }

    pub(in super::super) fn text(&self, field: &str) -> Option<&str> {
        self.fields
            .get(field)?
            .as_str()
            .filter(|text| !text.is_empty())
    }

    /// A field without which the profile cannot be used.
    pub(in super::super) fn needed(&self, field: &str) -> Result<&str, CredentialsError> {
        self.text(field).ok_or_else(|| {
            let mode = self.text("mode").unwrap_or("(none)");
            CredentialsError::new(format!("{} has mode {mode} but no {field}", self.place()))
        })
    }

    pub(in super::super) fn secret(&self, field: &str) -> Result<Secret, CredentialsError> {
        self.needed(field).map(Secret::new)
    }

    pub(in super::super) fn number(&self, field: &str) -> Option<i64> {
        let number = match self.fields.get(field)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|number| *number != 0)
    }

    pub(super) fn is_on(&self, field: &str) -> bool {
        match self.fields.get(field) {
            Some(Value::Bool(on)) => *on,
            Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
            _ => false,
        }
    }

    /// An error about this profile.
    pub(in super::super) fn fault(&self, reason: &str) -> CredentialsError {
        CredentialsError::new(format!("{} {reason}", self.place()))
    }
}

/// The error of a file that cannot be read: absent if it is not there.
pub(super) fn unreadable(path: &Path, error: io::Error) -> CredentialsError {
    if error.kind() == io::ErrorKind::NotFound {
        return CredentialsError::absent(format!("there is no file {}", path.display()));
    }
    CredentialsError::new(format!("{} cannot be read", path.display())).caused_by(error)
}
