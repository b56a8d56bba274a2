//! Temporary credentials as services and programs write them down in JSON, and when they expire.
//!
//! The fields are `AccessKeyId`, `AccessKeySecret`, `SecurityToken` and `Expiration` (ISO 8601, UTC), the same in the
//! responses of STS, of the metadata service, of a credentials URI and of CloudSSO; the exchange of OAuth tokens spells
//! them in camel case. Source: the public pages of STS and ECS metadata, and the official SDKs.
//!
//! What is read stays in a [`Document`], which is wiped when it is dropped.

use std::fmt;
use std::ops::Deref;

use serde::Deserialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroize as _;

use super::{Credentials, CredentialsError, Secret, ServiceFault};

/// Credentials, and the moment at which they end, if that is known.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct TemporaryCredentials {
    pub(crate) credentials: Credentials,
    pub(crate) expires: Option<OffsetDateTime>,
}

impl TemporaryCredentials {
    /// Reads a document of four fields. Its errors name fields, never values.
    pub(super) fn of_document(
        fields: &Map<String, Value>,
    ) -> Result<TemporaryCredentials, CredentialsError> {
        let text =
            |name: &str| field(fields, name).ok_or_else(|| incomplete(format!("it has no {name}")));
        Ok(TemporaryCredentials {
            credentials: Credentials {
                access_key_id: text("AccessKeyId")?.to_owned(),
                access_key_secret: Secret::new(text("AccessKeySecret")?),
                security_token: Some(Secret::new(text("SecurityToken")?)),
            },
            expires: Some(expiration(text("Expiration")?)?),
        })
    }
}

impl fmt::Debug for TemporaryCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TemporaryCredentials")
            .field("credentials", &self.credentials)
            .field("expires", &self.expires)
            .finish()
    }
}

/// The fields of a JSON object that holds secrets: not printed, and wiped when dropped.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Document(Map<String, Value>);

impl Document {
    pub(super) fn new(fields: Map<String, Value>) -> Document {
        Document(fields)
    }
}

impl Deref for Document {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Document(withheld)")
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

/// Overwrites every text in a value.
pub(super) fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(elements) => elements.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A moment such as `2026-01-15T09:30:05Z`.
pub(super) fn expiration(text: &str) -> Result<OffsetDateTime, CredentialsError> {
    OffsetDateTime::parse(text.trim(), &Rfc3339)
        .map_err(|_| incomplete("its Expiration is not a date such as 2026-01-15T09:30:05Z"))
}

/// The error of credentials that came without a part, or with one that cannot be used.
fn incomplete(reason: impl Into<String>) -> CredentialsError {
    CredentialsError::service(ServiceFault::Response, reason)
}

/// A field that is not empty, in Pascal or camel case.
fn field<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    let camel = || {
        let (first, rest) = name.split_at(1);
        format!("{}{rest}", first.to_ascii_lowercase())
    };
    fields
        .get(name)
        .or_else(|| fields.get(&camel()))?
        .as_str()
        .filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::{Document, TemporaryCredentials, wipe};

    #[test]
    fn documents_are_wiped_and_not_printed() {
        let mut value = json!({"a": "tell", "b": [{"c": "nobody"}], "d": 7});
        let document = Document::new(value.as_object().expect("an object").clone());
        assert_eq!(format!("{document:?}"), "Document(withheld)");
        wipe(&mut value);
        assert_eq!(value, json!({"a": "", "b": [{"c": ""}], "d": 7}));
    }

    fn check(document: &serde_json::Value, expected: Result<(), &str>) {
        let fields = document.as_object().expect("an object");
        let found = TemporaryCredentials::of_document(fields);
        match (found, expected) {
            (Ok(session), Ok(())) => {
                assert_eq!(session.credentials.access_key_id, "STS.id");
                assert_eq!(session.expires, Some(datetime!(2026-01-15 09:30:05 UTC)));
                assert!(!format!("{session:?}").contains("tell-nobody"));
            }
            (Err(error), Err(expected)) => {
                assert_eq!(error.to_string(), expected);
                assert!(!format!("{error:?}").contains("tell-nobody"));
            }
            (found, expected) => panic!("found {found:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn documents() {
        check(
            &json!({"AccessKeyId": "STS.id", "AccessKeySecret": "tell-nobody", "SecurityToken": "tell-nobody-2",
                "Expiration": "2026-01-15T09:30:05Z"}),
            Ok(()),
        );
        check(
            &json!({"accessKeyId": "STS.id", "accessKeySecret": "tell-nobody", "securityToken": "tell-nobody-2",
                "expiration": "2026-01-15T17:30:05+08:00"}),
            Ok(()),
        );
        check(&json!({}), Err("it has no AccessKeyId"));
        check(
            &json!({"AccessKeyId": "STS.id", "AccessKeySecret": ""}),
            Err("it has no AccessKeySecret"),
        );
        check(
            &json!({"AccessKeyId": "STS.id", "AccessKeySecret": "tell-nobody", "SecurityToken": "tell-nobody-2",
                "Expiration": "tell-nobody"}),
            Err("its Expiration is not a date such as 2026-01-15T09:30:05Z"),
        );
    }
}
