//! From what an earlier version of a schema stored to an object of today's.
//!
//! Must not contain: the steps of a single resource, encodings.
//!
//! A schema's version is the number of its upgrade steps, so that no version can be raised without the way to it, and no
//! step be forgotten. Each step is a function from the JSON attributes of one version to those of the next.

use serde_json::{Map, Value as Json};

use super::{
    diagnostics::Diagnostic,
    json::{self, Dropped},
    path::AttributePath,
    types::Type,
    value::{DecodeError, Value},
};

/// The attributes of a stored object, as JSON. Numbers keep their digits.
pub(crate) type Attributes = Map<String, Json>;

/// One step: from the attributes as version `n` stored them to those of version `n + 1`. Must be pure.
///
/// Its error says what cannot be upgraded and never shows a value, which may be secret; it reads on from "version 0
/// cannot be upgraded: ", for example "`size` is neither a number nor text".
pub(crate) type UpgradeStep = fn(Attributes) -> Result<Attributes, String>;

/// All steps, the one from version 0 first.
#[derive(Clone, Debug, Default)]
pub struct UpgradePath(Vec<UpgradeStep>);

/// What was stored, as it lies in the state file.
#[derive(Clone, Debug, Default)]
pub struct RawState {
    /// The JSON of the attributes.
    pub json: Vec<u8>,
    /// Whether the state has the form that Terraform wrote before 0.12.
    pub is_flatmap: bool,
}

/// An object of today's schema.
#[cfg_attr(test, derive(Debug))]
pub(super) struct Upgraded {
    pub(super) value: Value,
    /// What today's schema has no place for.
    pub(super) dropped: Dropped,
}

/// Why there is none: the place, where it is known, and a sentence.
#[derive(Debug)]
pub(super) struct NotUpgraded {
    path: AttributePath,
    reason: String,
}

impl UpgradePath {
    /// Adds the step from the present version to the next.
    pub fn push(&mut self, step: UpgradeStep) {
        self.0.push(step);
    }

    /// The version that the steps lead to.
    #[must_use]
    pub fn version(&self) -> i64 {
        // A path of more than 2^63 steps does not fit into memory.
        i64::try_from(self.0.len()).unwrap_or(i64::MAX)
    }

    /// Reads what `version` stored as a value of today's type.
    pub(super) fn run(
        &self,
        raw: &RawState,
        version: i64,
        ty: &Type,
    ) -> Result<Upgraded, NotUpgraded> {
        let json = raw.text()?;
        let steps = usize::try_from(version)
            .ok()
            .and_then(|version| self.0.get(version..))
            .ok_or_else(|| {
                let ours = self.version();
                NotUpgraded::from(if version > ours {
                    format!(
                        "it was stored by version {version} of the schema, but this release of the provider knows \
                         versions up to {ours} only; use the release that stored it, or a newer one"
                    )
                } else {
                    format!("{version} is no version of a schema")
                })
            })?;
        if steps.is_empty() {
            return decode(json, ty);
        }
        let mut attributes = json::decode_object(json)?;
        for (step, from) in steps.iter().zip(version..) {
            attributes = step(attributes).map_err(|reason| {
                NotUpgraded::from(format!("version {from} cannot be upgraded: {reason}"))
            })?;
        }
        decode(Json::Object(attributes).to_string().as_bytes(), ty)
    }
}

/// Reads JSON of unknown version as a value of a type: what fits is taken, what does not fit is an error.
pub(super) fn decode_by_name(raw: &RawState, ty: &Type) -> Result<Upgraded, NotUpgraded> {
    decode(raw.text()?, ty)
}

fn decode(json: &[u8], ty: &Type) -> Result<Upgraded, NotUpgraded> {
    let (value, dropped) = json::decode_stored(json, ty)?;
    if value.is_null() {
        // Passed on, it would be taken for an object that is gone.
        return Err("it is null, where an object was expected".to_owned().into());
    }
    Ok(Upgraded { value, dropped })
}

impl RawState {
    fn text(&self) -> Result<&[u8], NotUpgraded> {
        if self.is_flatmap {
            return Err("it has the form that Terraform 0.11 and older wrote (flatmap), which no release of this provider \
                        has ever used"
                .to_owned()
                .into());
        }
        if self.json.is_empty() {
            return Err("it has no JSON attributes".to_owned().into());
        }
        Ok(&self.json)
    }
}

impl NotUpgraded {
    /// The diagnostic. `subject` is what was read, for example "stored state of this toy_thing"; `advice` is a sentence.
    pub(super) fn diagnose(self, summary: &str, subject: &str, advice: &str) -> Diagnostic {
        let place = if self.path.is_root() {
            String::new()
        } else {
            format!(" At {}:", self.path)
        };
        Diagnostic::error(
            summary,
            format!(
                "The {subject} does not fit the schema.{place} {}. {advice}",
                capitalised_unless(&self.reason, !place.is_empty()),
            ),
        )
        .with_code("Provider.InvalidState")
        .at(self.path)
    }
}

fn capitalised_unless(text: &str, keep: bool) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if !keep => first.to_uppercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}

impl From<String> for NotUpgraded {
    fn from(reason: String) -> Self {
        Self {
            path: AttributePath::root(),
            reason,
        }
    }
}

impl From<DecodeError> for NotUpgraded {
    fn from(error: DecodeError) -> Self {
        Self {
            path: error.path,
            reason: error.reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Version 0 had `size` as text, version 1 as a number, version 2 calls it `length` and has it within `part`.
    fn path() -> UpgradePath {
        let mut path = UpgradePath::default();
        path.push(|mut attributes| {
            let size = match attributes.remove("size") {
                Some(Json::String(text)) => text
                    .parse::<serde_json::Number>()
                    .map(Json::Number)
                    .map_err(|_| "`size` is not a number".to_owned())?,
                None | Some(Json::Null) => Json::Null,
                Some(_) => return Err("`size` is not text".to_owned()),
            };
            attributes.insert("size".to_owned(), size);
            Ok(attributes)
        });
        path.push(|mut attributes| {
            let size = attributes.remove("size").unwrap_or_default();
            let mut part = Attributes::new();
            part.insert("length".to_owned(), size);
            attributes.insert("part".to_owned(), Json::Object(part));
            Ok(attributes)
        });
        path
    }

    fn ty() -> Type {
        let object = |attributes: [(&str, Type); 1]| {
            Type::Object(attributes.map(|(name, ty)| (name.to_owned(), ty)).into())
        };
        object([("part", object([("length", Type::Number)]))])
    }

    fn check(version: i64, json: &str, expected: Result<(&str, &str), &str>) {
        let raw = RawState {
            json: json.as_bytes().to_vec(),
            is_flatmap: false,
        };
        let actual = path().run(&raw, version, &ty());
        match (actual, expected) {
            (Ok(upgraded), Ok((length, dropped))) => {
                let length = if length.is_empty() {
                    Value::Null
                } else {
                    Value::Number(length.parse().expect("the case is a number"))
                };
                let map =
                    |name: &str, value| Value::Map(BTreeMap::from([(name.to_owned(), value)]));
                assert_eq!(upgraded.value, map("part", map("length", length)), "{json}");
                assert_eq!(upgraded.dropped.to_string(), dropped, "{json}");
            }
            (Err(error), Err(expected)) => {
                let diagnostic = error.diagnose("No", "thing", "Repair it.");
                assert!(diagnostic.detail.contains(expected), "{json}: {diagnostic}");
            }
            (actual, _) => panic!("{version}: {json}: {actual:?}"),
        }
    }

    #[test]
    fn every_version_is_upgraded() {
        check(0, r#"{"size":"7"}"#, Ok(("7", "")));
        check(1, r#"{"size":7}"#, Ok(("7", "")));
        check(2, r#"{"part":{"length":7}}"#, Ok(("7", "")));
        check(0, "{}", Ok(("", "")));
        check(0, r#"{"size":null}"#, Ok(("", "")));
        // All digits survive the steps.
        let digits = "123456789012345678901234567890.125";
        check(0, &format!(r#"{{"size":"{digits}"}}"#), Ok((digits, "")));
        check(1, &format!(r#"{{"size":{digits}}}"#), Ok((digits, "")));
    }

    #[test]
    fn dropped_attributes_are_named() {
        check(
            2,
            r#"{"part":{"length":7,"colour":"red"},"gone":[1],"empty":null,"none":[]}"#,
            Ok(("7", "part.colour, gone")),
        );
        check(0, r#"{"size":"7","gone":{"a":1}}"#, Ok(("7", "gone")));
    }

    #[test]
    fn failed_upgrade_says_why() {
        check(
            0,
            r#"{"size":7}"#,
            Err("Version 0 cannot be upgraded: `size` is not text."),
        );
        check(0, r#"{"size":"x"}"#, Err("`size` is not a number"));
        check(
            1,
            r#"{"size":"7"}"#,
            Err("At part.length: expected number, found string"),
        );
        check(
            3,
            "{}",
            Err(
                "by version 3 of the schema, but this release of the provider knows versions up to 2",
            ),
        );
        check(-1, "{}", Err("-1 is no version"));
        check(i64::MIN, "{}", Err("is no version"));
        check(i64::MAX, "{}", Err("by version 9223372036854775807"));
        check(0, "null", Err("Expected an object, found null"));
        check(2, "null", Err("It is null, where an object was expected"));
        check(0, "[1]", Err("Expected an object, found list"));
        check(0, "", Err("no JSON attributes"));
        check(0, r#"{"size":"7""#, Err("Not valid JSON"));
        check(
            0,
            r#"{"size":"7","size":"8"}"#,
            Err("\"size\" occurs more than once"),
        );
        check(
            0,
            r#"{"a":[{"b":1,"b":2}]}"#,
            Err("At a[0]: \"b\" occurs more than once"),
        );
        let flatmap = RawState {
            json: b"{}".to_vec(),
            is_flatmap: true,
        };
        let error = path().run(&flatmap, 0, &ty()).expect_err("is refused");
        assert!(error.reason.contains("flatmap"), "{error:?}");
    }

    #[test]
    fn the_version_is_the_number_of_steps() {
        assert_eq!(UpgradePath::default().version(), 0);
        assert_eq!(path().version(), 2);
    }
}
