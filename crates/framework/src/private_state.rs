//! The framework's notes to itself, which Terraform carries from call to call as private bytes.
//!
//! Terraform stores them in plan and state files, unencrypted and unseen.
//!
//! Must not contain: secrets.

use serde_json::Value as Json;

/// What the framework notes in the private bytes that Terraform carries from call to call.
#[derive(Debug, Default)]
pub(super) struct Private {
    /// From import to the first read.
    pub(super) importing: bool,
    /// From the first plan of a replacement to the second.
    pub(super) plan: Option<Json>,
}

impl Private {
    /// Bytes that are not ours, or of an older version, say nothing.
    pub(super) fn decode(bytes: &[u8]) -> Self {
        match serde_json::from_slice(bytes) {
            Ok(Json::Object(mut notes)) => Self {
                importing: notes.get("importing") == Some(&Json::Bool(true)),
                plan: notes.remove("plan"),
            },
            _ => Self::default(),
        }
    }

    pub(super) fn encode(self) -> Vec<u8> {
        let mut notes = serde_json::Map::new();
        if self.importing {
            notes.insert("importing".to_owned(), true.into());
        }
        if let Some(plan) = self.plan {
            notes.insert("plan".to_owned(), plan);
        }
        if notes.is_empty() {
            Vec::new()
        } else {
            Json::Object(notes).to_string().into_bytes()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn notes_survive_and_foreign_bytes_say_nothing() {
        let check = |bytes: &[u8], importing: bool, plan: Option<Json>| {
            let private = Private::decode(bytes);
            assert_eq!((private.importing, private.plan), (importing, plan));
        };
        check(b"", false, None);
        check(b"not JSON", false, None);
        check(b"[1]", false, None);
        check(br#"{"importing":"yes","other":1}"#, false, None);
        check(&Private::default().encode(), false, None);
        check(
            &Private {
                importing: true,
                plan: None,
            }
            .encode(),
            true,
            None,
        );
        let plan = json!({"a": [1, null]});
        check(
            &Private {
                importing: false,
                plan: Some(plan.clone()),
            }
            .encode(),
            false,
            Some(plan),
        );
    }
}
