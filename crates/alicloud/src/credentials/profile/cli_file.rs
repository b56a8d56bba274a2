//! The JSON file of the Alibaba Cloud CLI, `~/.aliyun/config.json`: its profiles, and the fields of one.
//!
//! Numbers may come as text. Null, empty text and the number zero count as not set: older versions of the CLI wrote the last
//! two for fields that a profile does not use. A field of another JSON type is an error and not absent: without a policy or an
//! external ID a session would be another one than somebody wrote down. Errors name file, profile and field, never a value.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::error::{looks_like_name, quoted_name};
use super::super::temporary_credentials::Document;
use super::super::{CredentialsError, CredentialsErrorKind, FileFault, Secret, file};

/// The profile of a file that calls none current.
const DEFAULT: &str = "default";

/// Fields of a profile that say nothing about credentials, whatever they hold.
const NO_CREDENTIALS: [&str; 13] = [
    "name",
    "expired_seconds",
    "region_id",
    "output_format",
    "language",
    "site",
    "site_type",
    "retry_timeout",
    "retry_count",
    "connect_timeout",
    "read_timeout",
    "auto_plugin_install",
    "endpoint_type",
];

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
    pub(in super::super) async fn read(path: &Path) -> Result<CliFile, CredentialsError> {
        CliFile::parse(path, &file::read(path).await?)
    }

    pub(in super::super) fn parse(path: &Path, text: &str) -> Result<CliFile, CredentialsError> {
        let fault = |reason: String| {
            let kind = CredentialsErrorKind::File(FileFault::Syntax);
            CredentialsError::new(kind, format!("{} {reason}", path.display()))
        };
        match serde_json::from_str(text) {
            Ok(Value::Object(root)) => Ok(CliFile {
                path: path.to_owned(),
                root: Document::new(root),
            }),
            Ok(_) => Err(fault("is JSON, but not an object with profiles".to_owned())),
            // Complaints about syntax have no value in them.
            Err(error) => Err(fault(format!("is not valid JSON: {error}"))),
        }
    }

    /// The profile that the CLI uses when none is named.
    pub(super) fn current(&self) -> Result<&str, CredentialsError> {
        match self.root.get("current") {
            None | Some(Value::Null) => Ok(DEFAULT),
            Some(Value::String(name)) if name.is_empty() => Ok(DEFAULT),
            Some(Value::String(name)) => Ok(name),
            // To take another profile would be to act as somebody else.
            Some(_) => Err(CredentialsError::new(
                CredentialsErrorKind::File(FileFault::Syntax),
                format!(
                    "{} has a `current` that is not the name of a profile; {}",
                    self.path.display(),
                    self.list()
                ),
            )),
        }
    }

    /// Whether this is what the CLI makes at its first start, and nobody has filled in: one profile, the current one, that
    /// says nothing about credentials.
    pub(super) fn is_untouched(&self) -> bool {
        let Some([profile]) = self.profiles() else {
            return false;
        };
        let Some(fields) = profile.as_object() else {
            return false;
        };
        let is_current = self.current().ok() == fields.get("name").and_then(Value::as_str);
        is_current
            && fields.iter().all(|(name, value)| match name.as_str() {
                "mode" => is_empty(value) || value == "AK",
                name => NO_CREDENTIALS.contains(&name) || is_empty(value),
            })
    }

    fn profiles(&self) -> Option<&[Value]> {
        Some(self.root.get("profiles")?.as_array()?.as_slice())
    }

    /// Which profiles there are, for messages.
    fn list(&self) -> String {
        let names: Vec<String> = self
            .profiles()
            .into_iter()
            .flatten()
            .filter_map(|profile| profile.get("name")?.as_str())
            .map(quoted_name)
            .collect();
        if names.is_empty() {
            "it has no profiles".to_owned()
        } else {
            format!("its profiles are {}", names.join(", "))
        }
    }

    /// A profile by its name.
    pub(in super::super) fn profile(&self, name: &str) -> Result<CliProfile, CredentialsError> {
        let named = |profile: &&Value| profile.get("name").and_then(Value::as_str) == Some(name);
        let found = self
            .profiles()
            .and_then(|profiles| profiles.iter().find(named))
            .and_then(Value::as_object);
        match found {
            Some(fields) => Ok(CliProfile {
                path: self.path.clone(),
                name: name.to_owned(),
                fields: Document::new(fields.clone()),
            }),
            None => Err(CredentialsError::new(
                CredentialsErrorKind::ProfileMissing,
                format!(
                    "there is no profile {} in {}; {}",
                    quoted_name(name),
                    self.path.display(),
                    self.list()
                ),
            )),
        }
    }
}

impl CliProfile {
    /// For messages: `profile "prod" in /home/me/.aliyun/config.json`.
    pub(in super::super) fn place(&self) -> String {
        format!(
            "profile {} in {}",
            quoted_name(&self.name),
            self.path.display()
        )
    }

    /// The file it stands in.
    pub(in super::super) fn path(&self) -> &Path {
        &self.path
    }

    /// A field that is set to text.
    ///
    /// # Errors
    ///
    /// If it is of another type.
    pub(in super::super) fn text(&self, field: &str) -> Result<Option<&str>, CredentialsError> {
        match self.fields.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(other) => Err(self.misfit(field, "a JSON string", other)),
        }
    }

    /// A field without which the profile cannot be used.
    pub(in super::super) fn needed(&self, field: &str) -> Result<&str, CredentialsError> {
        self.text(field)?.ok_or_else(|| match self.text("mode") {
            Ok(Some(mode)) => self.fault(&format!("has mode {} but no {field}", shown_word(mode))),
            _ => self.fault(&format!("has no {field}")),
        })
    }

    pub(in super::super) fn secret(&self, field: &str) -> Result<Secret, CredentialsError> {
        self.needed(field).map(Secret::new)
    }

    /// A field that is set to a whole number other than zero, as a number or as text.
    ///
    /// # Errors
    ///
    /// If it is anything else.
    pub(in super::super) fn number(&self, field: &str) -> Result<Option<i64>, CredentialsError> {
        let expected = "a whole number";
        let number = match self.fields.get(field) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) if text.is_empty() => return Ok(None),
            Some(Value::Number(number)) => number.as_i64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(other) => return Err(self.misfit(field, expected, other)),
        };
        match number {
            Some(number) => Ok(Some(number).filter(|number| *number != 0)),
            None => Err(self.fault(&format!("has a bad {field}: it must be {expected}"))),
        }
    }

    /// Whether a field is set to `true`, as a Boolean or as text.
    ///
    /// # Errors
    ///
    /// If it is set to something that is neither true nor false.
    pub(super) fn is_on(&self, field: &str) -> Result<bool, CredentialsError> {
        let expected = "true or false";
        match self.fields.get(field) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(on)) => Ok(*on),
            Some(Value::String(text)) => match text.to_ascii_lowercase().as_str() {
                "true" => Ok(true),
                "false" | "" => Ok(false),
                _ => Err(self.fault(&format!("has a bad {field}: it must be {expected}"))),
            },
            Some(other) => Err(self.misfit(field, expected, other)),
        }
    }

    /// The error of a field of the wrong JSON type.
    fn misfit(&self, field: &str, expected: &str, found: &Value) -> CredentialsError {
        let found = match found {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        self.fault(&format!(
            "has a bad {field}: it must be {expected}, but is {found}"
        ))
    }

    /// An error about this profile.
    pub(in super::super) fn fault(&self, reason: &str) -> CredentialsError {
        self.fault_of(CredentialsErrorKind::Profile, reason)
    }

    /// An error of another kind about this profile.
    pub(in super::super) fn fault_of(
        &self,
        kind: CredentialsErrorKind,
        reason: &str,
    ) -> CredentialsError {
        CredentialsError::new(kind, format!("{} {reason}", self.place()))
    }

    /// A frame around another failure, of the same kind.
    pub(in super::super) fn frame(
        &self,
        reason: &str,
        cause: CredentialsError,
    ) -> CredentialsError {
        self.fault_of(CredentialsErrorKind::Other, reason)
            .because(cause)
    }
}

/// A word from the file that should be one of a few, for messages.
pub(super) fn shown_word(word: &str) -> &str {
    if looks_like_name(word) {
        word
    } else {
        "(not shown: it does not look like one)"
    }
}

/// Whether a field counts as not set, as the CLI writes it.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Value, json};

    use super::{CliFile, CliProfile};
    use crate::credentials::{CredentialsError, CredentialsErrorKind};

    fn profile(field: Value) -> CliProfile {
        let file = json!({"profiles": [{"name": "p", "field": field}]}).to_string();
        let file = CliFile::parse(Path::new("file"), &file).expect("a file");
        file.profile("p").expect("the profile")
    }

    /// The error without what all of them begin with.
    fn reason(error: &CredentialsError) -> String {
        assert_eq!(error.kind(), CredentialsErrorKind::Profile);
        let text = error.to_string();
        let rest = text.strip_prefix("profile \"p\" in file has a bad field: it must be ");
        rest.unwrap_or(&text).to_owned()
    }

    #[test]
    fn text_of_another_type_is_an_error() {
        let check = |field: Value, expected: Result<Option<&str>, &str>| {
            let profile = profile(field);
            let found = profile.text("field");
            let found = found.as_ref().map(|text| *text).map_err(reason);
            assert_eq!(found, expected.map_err(str::to_owned));
        };
        check(json!("x"), Ok(Some("x")));
        check(json!(""), Ok(None));
        check(json!(null), Ok(None));
        check(json!({"MARK": 1}), Err("a JSON string, but is an object"));
        check(json!(["MARK"]), Err("a JSON string, but is a list"));
        check(json!(0), Err("a JSON string, but is a number"));
        check(json!(false), Err("a JSON string, but is true or false"));
        let profile = profile(json!("x"));
        assert_eq!(profile.text("other").expect("not set"), None);
        let error = profile.needed("other").expect_err("not set");
        assert_eq!(error.to_string(), "profile \"p\" in file has no other");
    }

    #[test]
    fn number_of_another_type_is_an_error() {
        let check = |field: Value, expected: Result<Option<i64>, &str>| {
            let found = profile(field).number("field");
            let found = found.map_err(|error| reason(&error));
            assert_eq!(found, expected.map_err(str::to_owned));
        };
        check(json!(900), Ok(Some(900)));
        check(json!(" 900 "), Ok(Some(900)));
        for unset in [json!(0), json!("0"), json!(""), json!(null)] {
            check(unset, Ok(None));
        }
        check(json!(900.5), Err("a whole number"));
        check(json!("MARK"), Err("a whole number"));
        check(json!(true), Err("a whole number, but is true or false"));
        check(json!([900]), Err("a whole number, but is a list"));
    }

    #[test]
    fn switch_of_another_type_is_an_error() {
        let check = |field: Value, expected: Result<bool, &str>| {
            let found = profile(field).is_on("field");
            let found = found.map_err(|error| reason(&error));
            assert_eq!(found, expected.map_err(str::to_owned));
        };
        for on in [json!(true), json!("true"), json!("True")] {
            check(on, Ok(true));
        }
        for off in [json!(false), json!("false"), json!(""), json!(null)] {
            check(off, Ok(false));
        }
        check(json!("yes"), Err("true or false"));
        check(json!(1), Err("true or false, but is a number"));
        check(json!({}), Err("true or false, but is an object"));
    }
}
