//! The private bytes that Terraform carries with an object from call to call: notes of the framework, and the private state
//! of the object's type.
//!
//! Terraform stores them in plan and state files, unencrypted and unseen. They hold no secrets.

use serde_json::{Map, Value as Json};

const IMPORTING: &str = "importing";
const PLAN: &str = "plan";
const STATE: &str = "state";
const FOREIGN: &str = "foreign";

/// What the private bytes say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PrivateState {
    /// From import to the first read.
    pub(super) importing: bool,
    /// From the first plan of a replacement to the second.
    pub(super) plan: Option<Json>,
    /// What the type keeps beside the state of one object.
    pub(super) state: Option<Json>,
    /// Data of another version of the framework or of another provider. It stays with the object.
    pub(super) other: Map<String, Json>,
}

impl PrivateState {
    pub(super) fn decode(bytes: &[u8]) -> Self {
        let mut notes = match serde_json::from_slice(bytes) {
            Ok(Json::Object(notes)) => notes,
            _ if bytes.is_empty() => Map::new(),
            _ => Map::from_iter([(FOREIGN.to_owned(), bytes.into())]),
        };
        Self {
            importing: notes.remove(IMPORTING) == Some(Json::Bool(true)),
            plan: notes.remove(PLAN),
            state: notes.remove(STATE),
            other: notes,
        }
    }

    pub(super) fn encode(self) -> Vec<u8> {
        let mut notes = self.other;
        if self.importing {
            notes.insert(IMPORTING.to_owned(), true.into());
        }
        if let Some(plan) = self.plan {
            notes.insert(PLAN.to_owned(), plan);
        }
        if let Some(state) = self.state {
            notes.insert(STATE.to_owned(), state);
        }
        if notes.is_empty() {
            Vec::new()
        } else {
            Json::Object(notes).to_string().into_bytes()
        }
    }

    /// Without the notes that only lead from one call to the next.
    pub(super) fn of_object(self) -> Self {
        Self {
            importing: false,
            plan: None,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn private_state_survives_being_encoded() {
        let check = |importing: bool, plan: Option<Json>, state: Option<Json>| {
            let private = PrivateState {
                importing,
                plan,
                state,
                other: Map::new(),
            };
            assert_eq!(PrivateState::decode(&private.clone().encode()), private);
        };
        check(false, None, None);
        check(true, None, None);
        check(false, Some(json!({"a": [1, null]})), None);
        check(false, None, Some(json!("text")));
        check(true, Some(Json::Null), Some(json!({"digits": 1})));
        assert!(PrivateState::default().encode().is_empty());
    }

    #[test]
    fn foreign_private_bytes_are_ignored_and_kept() {
        let check = |bytes: &[u8], kept: &str| {
            let mut private = PrivateState::decode(bytes);
            assert!(!private.importing && private.plan.is_none() && private.state.is_none());
            private.state = Some(json!(1));
            private = PrivateState::decode(&private.encode()).of_object();
            assert_eq!(private.state.take(), Some(json!(1)));
            let encoded = private.encode();
            assert_eq!(String::from_utf8_lossy(&encoded), kept);
            let again = PrivateState::decode(&encoded).encode();
            assert_eq!(again, encoded, "it does not grow");
        };
        check(b"", "");
        check(br#"{"schema_version":"1"}"#, r#"{"schema_version":"1"}"#);
        check(b"no", r#"{"foreign":[110,111]}"#);
        check(b"[1]", r#"{"foreign":[91,49,93]}"#);
        check(br#"{"importing":"yes","other":1}"#, r#"{"other":1}"#);
    }
}
