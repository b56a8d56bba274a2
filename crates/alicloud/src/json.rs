//! JSON from outside, read leniently.
//!
//! A response of a bind that cannot be read loses a binding. So text that is not well formed is repaired, as other
//! clients do, and a field that nobody needs never makes a response unreadable.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Deserialize;
use serde_json::{Map, Value};

/// Parses JSON. Invalid UTF-8 and lone surrogates (`"\ud83d"`) become U+FFFD.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    // Only a text that is refused as it is gets repaired: nearly all are fine.
    serde_json::from_slice(bytes).or_else(|error| {
        let text = String::from_utf8_lossy(bytes);
        let repaired = replace_lone_surrogates(&text);
        match (&text, &repaired) {
            (Cow::Borrowed(_), Cow::Borrowed(_)) => Err(error),
            _ => serde_json::from_str(&repaired),
        }
    })
}

/// Replaces escapes of surrogates that are not half of a pair by the escape of U+FFFD, which is as long.
fn replace_lone_surrogates(text: &str) -> Cow<'_, str> {
    const REPLACEMENT: &str = "\\ufffd";
    let surrogate = |at: usize| -> Option<u16> {
        let digits = text.get(at..at + REPLACEMENT.len())?.strip_prefix("\\u")?;
        let unit = u16::from_str_radix(digits, 16).ok()?;
        (0xD800..0xE000).contains(&unit).then_some(unit)
    };
    let mut repaired = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find('\\') {
        at += found;
        match surrogate(at) {
            // Any other escape. The character behind the backslash is skipped, so that `\\ud800` is left alone.
            None => {
                let escaped = text[at + 1..].chars().next();
                at += 1 + escaped.map_or(0, char::len_utf8);
            }
            Some(0xD800..0xDC00)
                if matches!(surrogate(at + REPLACEMENT.len()), Some(0xDC00..0xE000)) =>
            {
                at += 2 * REPLACEMENT.len();
            }
            Some(_) => {
                repaired.push_str(&text[copied..at]);
                repaired.push_str(REPLACEMENT);
                at += REPLACEMENT.len();
                copied = at;
            }
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    repaired.push_str(&text[copied..]);
    Cow::Owned(repaired)
}

/// The fields of an object in a response. Unknown fields are ignored, `null` is the same as absent.
#[derive(Debug, Deserialize)]
#[serde(from = "Map<String, Value>")]
pub(crate) struct Fields {
    /// Where the object stands in the response, for messages; empty for the whole body.
    path: String,
    fields: Map<String, Value>,
}

/// What is wrong with a response that reports success, as a fragment of a sentence. It names fields, never values.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UnexpectedResponse(String);

impl From<Map<String, Value>> for Fields {
    fn from(fields: Map<String, Value>) -> Fields {
        Fields {
            path: String::new(),
            fields,
        }
    }
}

/// Whether a text may be the ID of a space or an instance. The service does not document the form; samples have letters, digits
/// and hyphens only.
pub fn is_id(text: &str) -> bool {
    let is_sound = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !text.is_empty() && text.len() <= 128 && text.chars().all(is_sound)
}

impl Fields {
    fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    fn path(&self, name: &str) -> String {
        match self.path.as_str() {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        }
    }

    /// An identifier that the caller acts on: text that is not empty, or a number, in case the service leaves the quotes
    /// out. Any other type is an error, so that it is never taken for "nothing there".
    pub(crate) fn identifier(&self, name: &str) -> Result<Option<String>, UnexpectedResponse> {
        match self.get(name) {
            None => Ok(None),
            // It goes into states and onto terminals, and back to the service.
            Some(Value::String(text)) if text.chars().any(char::is_control) => Err(
                UnexpectedResponse(format!("`{}` has control characters", self.path(name))),
            ),
            Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(UnexpectedResponse(format!(
                "`{}` is neither text nor a number",
                self.path(name)
            ))),
        }
    }

    /// The same, where the caller cannot do without it.
    pub(crate) fn required(&self, name: &str) -> Result<String, UnexpectedResponse> {
        self.identifier(name)?
            .ok_or_else(|| UnexpectedResponse(format!("it has no `{}`", self.path(name))))
    }

    /// An identifier of letters, digits, hyphens and underscores, 128 at most, where the caller cannot do without it.
    pub(crate) fn required_id(&self, name: &str) -> Result<String, UnexpectedResponse> {
        let id = self.required(name)?;
        if is_id(&id) {
            return Ok(id);
        }
        Err(UnexpectedResponse(format!(
            "`{}` is not an ID of letters, digits and hyphens",
            self.path(name)
        )))
    }

    /// A text for people. Another type is given as its JSON, so that no such field makes a response unreadable.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }

    /// A value of any type as JSON text.
    pub(crate) fn json(&self, name: &str) -> Option<String> {
        self.get(name).map(Value::to_string)
    }

    /// A value as it came, for a field that comes in more than one type.
    pub(crate) fn raw(&self, name: &str) -> Option<&Value> {
        self.get(name)
    }

    /// A whole number that is not negative, or such a number as text.
    pub(crate) fn count(&self, name: &str) -> Option<u64> {
        match self.get(name)? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A whole number, or such a number as text.
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A truth value, or one as text, in any case.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Value::Bool(truth) => Some(*truth),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// A map of texts. A value of another type is given as its JSON; anything but an object is the same as absent.
    pub(crate) fn texts(&self, name: &str) -> Option<BTreeMap<String, String>> {
        let Value::Object(entries) = self.get(name)? else {
            return None;
        };
        let entries = Fields::from(entries.clone());
        let names = entries.fields.keys();
        Some(
            names
                .filter_map(|name| Some((name.clone(), entries.text(name)?)))
                .collect(),
        )
    }

    /// An object. Which empty value the service sends in place of one is not documented, so each of them counts as absent.
    pub(crate) fn object(&self, name: &str) -> Result<Option<Fields>, UnexpectedResponse> {
        let path = self.path(name);
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(fields)) => Ok((!fields.is_empty()).then(|| Fields {
                path,
                fields: fields.clone(),
            })),
            Some(Value::Array(elements)) if elements.is_empty() => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::Array(_)) => Err(UnexpectedResponse(format!(
                "`{path}` is a list, not an object"
            ))),
            Some(_) => Err(UnexpectedResponse(format!(
                "`{path}` is a single value, not an object"
            ))),
        }
    }

    /// The same, where the caller cannot do without it.
    pub(crate) fn required_object(&self, name: &str) -> Result<Fields, UnexpectedResponse> {
        self.object(name)?
            .ok_or_else(|| UnexpectedResponse(format!("it has no `{}`", self.path(name))))
    }

    /// An object that has to be there, and may be empty.
    pub(crate) fn object_or_empty(&self, name: &str) -> Result<Fields, UnexpectedResponse> {
        match self.get(name) {
            Some(Value::Object(fields)) if fields.is_empty() => Ok(Fields {
                path: self.path(name),
                fields: Map::new(),
            }),
            _ => self.required_object(name),
        }
    }

    /// A truth value, or one as text, where the caller cannot do without it.
    pub(crate) fn required_flag(&self, name: &str) -> Result<bool, UnexpectedResponse> {
        self.flag(name).ok_or_else(|| self.lacks(name))
    }

    /// A list of texts; absent is the same as empty.
    pub(crate) fn text_list(&self, name: &str) -> Result<Vec<String>, UnexpectedResponse> {
        self.list(name, "text", |element, _| {
            element.as_str().map(str::to_owned)
        })
    }

    /// A list of objects; absent is the same as empty.
    pub(crate) fn objects(&self, name: &str) -> Result<Vec<Fields>, UnexpectedResponse> {
        self.list(name, "an object", |element, path| {
            let fields = element.as_object()?.clone();
            Some(Fields { path, fields })
        })
    }

    /// A list of what `read` takes from an element and its path; `None` of it means that the element is not `expected`.
    fn list<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl Fn(&Value, String) -> Option<T>,
    ) -> Result<Vec<T>, UnexpectedResponse> {
        let path = self.path(name);
        let Some(list) = self.get(name) else {
            return Ok(Vec::new());
        };
        let elements = list
            .as_array()
            .ok_or_else(|| UnexpectedResponse(format!("`{path}` is not a list")))?;
        let elements = elements.iter().enumerate().map(|(index, element)| {
            let path = format!("{path}[{index}]");
            read(element, path.clone())
                .ok_or_else(|| UnexpectedResponse(format!("`{path}` is not {expected}")))
        });
        elements.collect()
    }

    /// The same, where a list without its key is an error. An empty list is complete.
    pub(crate) fn required_objects(&self, name: &str) -> Result<Vec<Fields>, UnexpectedResponse> {
        match self.get(name) {
            None => Err(self.lacks(name)),
            Some(_) => self.objects(name),
        }
    }

    /// That a field is not there, or not of its type.
    pub(crate) fn lacks(&self, name: &str) -> UnexpectedResponse {
        UnexpectedResponse(format!("it has no `{}`", self.path(name)))
    }

    /// That none of these fields is there.
    pub(crate) fn missing(&self, names: &str) -> UnexpectedResponse {
        UnexpectedResponse(format!("`{}` has no {names}", self.path))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Fields, parse};

    #[test]
    fn ill_formed_text_is_replaced() {
        let check = |bytes: &[u8], expected: &str| {
            let parsed = parse(bytes).expect("JSON once it is repaired");
            assert_eq!(parsed, json!({ "a": expected }), "{bytes:?}");
        };
        check(br#"{"a":"Shop \ud83d"}"#, "Shop \u{fffd}");
        check(br#"{"a":"\uDE00 Shop"}"#, "\u{fffd} Shop");
        check(br#"{"a":"\ud83d\ud83d\ude00"}"#, "\u{fffd}\u{1f600}");
        check(br#"{"a":"\ude00\ud83d"}"#, "\u{fffd}\u{fffd}");
        check(br#"{"a":"\ud83d\n"}"#, "\u{fffd}\n");
        check(br#"{"a":"\ud83d\\ud83d"}"#, "\u{fffd}\\ud83d");
        check(br#"{"a":"\ud83d\ude00"}"#, "\u{1f600}");
        check(br#"{"a":"\\ud83d"}"#, "\\ud83d");
        check(b"{\"a\":\"Caf\xe9\"}", "Caf\u{fffd}");
        check(b"{\"a\":\"\xed\xa0\xbd\"}", "\u{fffd}\u{fffd}\u{fffd}");
        check(b"{\"a\":\"\xff\\ud83d\"}", "\u{fffd}\u{fffd}");
    }

    #[test]
    fn ill_formed_names_are_replaced() {
        let parsed = parse(br#"{"\ud83d":1,"Code":"OK"}"#).expect("JSON once it is repaired");
        assert_eq!(parsed, json!({"\u{fffd}": 1, "Code": "OK"}));
    }

    #[test]
    fn other_text_is_refused() {
        for bytes in [
            &b""[..],
            b"{",
            br#"{"a":"\ud83d"#,
            br#"{"a":"\ud8"}"#,
            br#"{"a":"\ud83"}"#,
            br#"{"a":"\uzzzz"}"#,
            b"{\"a\":\"\\",
            b"<html>\xff</html>",
            "{\"a\":\"\\ü\"}".as_bytes(),
        ] {
            assert!(parse(bytes).is_err(), "{bytes:?}");
        }
    }

    fn fields(value: Value) -> Fields {
        serde_json::from_value(value).expect("an object")
    }

    fn one_line<T: std::fmt::Debug>(found: Result<T, super::UnexpectedResponse>) -> String {
        match found {
            Ok(value) => format!("{value:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn identifiers_are_text_or_numbers() {
        let check = |value: Value, expected: &str| {
            let found = fields(json!({ "Id": value.clone() })).identifier("Id");
            assert_eq!(one_line(found), expected, "{value}");
        };
        check(json!("7"), r#"Some("7")"#);
        check(json!(7), r#"Some("7")"#);
        check(json!(null), "None");
        check(json!(""), "None");
        for wrong in [json!(["7"]), json!({"x": 7}), json!(true)] {
            check(wrong, "`Id` is neither text nor a number");
        }
        assert_eq!(one_line(fields(json!({})).identifier("Id")), "None");
    }

    #[test]
    fn texts_are_never_an_error() {
        let check = |value: Value, expected: Option<&str>| {
            let found = fields(json!({ "Name": value.clone() })).text("Name");
            assert_eq!(found.as_deref(), expected, "{value}");
        };
        check(json!("Shop"), Some("Shop"));
        check(json!(""), Some(""));
        check(json!(7.5), Some("7.5"));
        check(json!(false), Some("false"));
        check(json!({"a": [1]}), Some(r#"{"a":[1]}"#));
        check(json!(null), None);
    }

    #[test]
    fn counts_are_numbers_or_text() {
        let check = |value: Value, expected: Option<u64>| {
            let found = fields(json!({ "TotalCount": value.clone() })).count("TotalCount");
            assert_eq!(found, expected, "{value}");
        };
        check(json!(3), Some(3));
        check(json!("3"), Some(3));
        check(json!(-3), None);
        check(json!("many"), None);
        check(json!([3]), None);
    }

    #[test]
    fn an_empty_value_is_no_object() {
        let check = |value: Value, expected: &str| {
            let found = fields(json!({ "Data": value.clone() })).object("Data");
            let found = found.map(|found| found.map(|data| data.identifier("Id")));
            assert_eq!(one_line(found), expected, "{value}");
        };
        for empty in [json!(null), json!({}), json!([]), json!("")] {
            check(empty, "None");
        }
        check(json!({"Id": 7}), r#"Some(Ok(Some("7")))"#);
        check(
            json!({"Id": []}),
            r#"Some(Err(UnexpectedResponse("`Data.Id` is neither text nor a number")))"#,
        );
        check(json!([1]), "`Data` is a list, not an object");
        check(json!("7"), "`Data` is a single value, not an object");
        check(json!(true), "`Data` is a single value, not an object");
    }

    #[test]
    fn an_object_that_has_to_be_there_may_be_empty() {
        let check = |value: Value, expected: &str| {
            let found = fields(json!({ "Data": value.clone() })).object_or_empty("Data");
            let found = found.and_then(|data| data.required_flag("On"));
            assert_eq!(one_line(found), expected, "{value}");
        };
        check(json!({}), "it has no `Data.On`");
        check(json!({"On": null}), "it has no `Data.On`");
        check(json!({"On": 1}), "it has no `Data.On`");
        check(json!({"On": false}), "false");
        check(json!({"On": "True"}), "true");
        check(json!(null), "it has no `Data`");
        check(json!([]), "it has no `Data`");
    }

    #[test]
    fn lists_hold_texts() {
        let check = |value: Value, expected: &str| {
            let found = fields(json!({ "Sites": value.clone() })).text_list("Sites");
            assert_eq!(one_line(found), expected, "{value}");
        };
        check(json!(null), "[]");
        check(json!([]), "[]");
        check(json!(["a", ""]), r#"["a", ""]"#);
        check(json!(["a", 1]), "`Sites[1]` is not text");
        check(json!("a"), "`Sites` is not a list");
    }

    #[test]
    fn lists_hold_objects() {
        let check = |value: Value, expected: &str| {
            let found = fields(json!({ "Data": value.clone() })).objects("Data");
            let found = found.map(|rows| rows.into_iter().map(|row| row.path).collect::<Vec<_>>());
            assert_eq!(one_line(found), expected, "{value}");
        };
        check(json!(null), "[]");
        check(json!([]), "[]");
        check(json!([{}, {"a": 1}]), r#"["Data[0]", "Data[1]"]"#);
        check(json!([{}, 1]), "`Data[1]` is not an object");
        check(json!({}), "`Data` is not a list");
    }

    #[test]
    fn numbers_flags_and_maps_are_read_leniently() {
        let body = fields(json!({
            "A": -3, "B": " 7", "C": "x", "D": true, "E": "FALSE", "F": 1,
            "G": {"a": "x", "b": 1, "c": null}, "H": [],
        }));
        let integers = ["A", "B", "C", "Z"].map(|name| body.integer(name));
        assert_eq!(integers, [Some(-3), Some(7), None, None]);
        let flags = ["D", "E", "F", "Z"].map(|name| body.flag(name));
        assert_eq!(flags, [Some(true), Some(false), None, None]);
        let texts = body.texts("G").expect("an object");
        let texts: Vec<(&str, &str)> = texts.iter().map(|(k, v)| (&**k, &**v)).collect();
        assert_eq!(texts, [("a", "x"), ("b", "1")]);
        assert_eq!((body.texts("H"), body.texts("Z")), (None, None));
    }

    #[test]
    fn a_required_list_may_be_empty_but_not_missing() {
        let body = fields(json!({"A": [], "B": null, "C": {}}));
        assert_eq!(body.required_objects("A").map(|rows| rows.len()), Ok(0));
        for (name, expected) in [("B", "it has no `B`"), ("C", "`C` is not a list")] {
            let error = body.required_objects(name).expect_err("no list");
            assert_eq!(error.to_string(), expected);
        }
    }
}
