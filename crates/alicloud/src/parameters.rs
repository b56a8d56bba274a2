//! The parameters of a call, flattened from a serialisable value to the names and texts that RPC style APIs take.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

/// Writes a value as JSON text, for the parameters that CAMS takes as one text, such as a list of components. An empty list
/// is `[]`. For `#[serde(serialize_with = "json_text")]`.
///
/// # Errors
///
/// If the value cannot be JSON, such as a map whose keys are not text.
pub(crate) fn json_text<T: Serialize, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let text = serde_json::to_string(value).map_err(serde::ser::Error::custom)?;
    serializer.serialize_str(&text)
}

/// Parameter names with their values, as text. A name occurs once.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Parameters(Vec<(String, String)>);

/// Why a value cannot become parameters.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ParametersError(String);

impl Parameters {
    /// Flattens the fields of a value: members of `A` become `A.Name`, elements `A.1`, `A.2` and so on. Absent values
    /// and empty lists are left out, an empty text stays; `true`, `false` and numbers are sent as JSON writes them.
    ///
    /// # Errors
    ///
    /// If the value does not serialise to an object.
    pub(crate) fn of(value: &impl Serialize) -> Result<Parameters, ParametersError> {
        let value =
            serde_json::to_value(value).map_err(|error| ParametersError(error.to_string()))?;
        let Value::Object(fields) = value else {
            return Err(ParametersError("parameters must be named".to_owned()));
        };
        let mut parameters = Parameters::default();
        for (name, field) in fields {
            parameters.add(name, field);
        }
        Ok(parameters)
    }

    /// Names and values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of one parameter.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.iter()
            .find_map(|(candidate, value)| (candidate == name).then_some(value))
    }

    fn add(&mut self, name: String, value: Value) {
        match value {
            Value::Null => {}
            Value::Bool(truth) => self.0.push((name, truth.to_string())),
            Value::Number(number) => self.0.push((name, number.to_string())),
            Value::String(text) => self.0.push((name, text)),
            Value::Array(elements) => {
                for (index, element) in elements.into_iter().enumerate() {
                    self.add(format!("{name}.{}", index + 1), element);
                }
            }
            Value::Object(members) => {
                for (member, value) in members {
                    self.add(format!("{name}.{member}"), value);
                }
            }
        }
    }
}

// Values may be secret, so only names are shown.
impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;
    use serde_json::{Value, json};

    use super::Parameters;
    use crate::signature::vectors::load;

    fn check(id: &str, input: &Value, expected: &BTreeMap<String, String>) {
        let parameters = Parameters::of(input).expect("an object");
        let found: BTreeMap<String, String> = parameters
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        assert_eq!(&found, expected, "{id}");
        assert_eq!(
            found.len(),
            parameters.iter().count(),
            "{id}: a name occurs twice"
        );
    }

    #[test]
    fn json_text_is_one_parameter() {
        #[derive(Serialize)]
        struct Request {
            #[serde(serialize_with = "super::json_text")]
            websites: Vec<&'static str>,
        }
        let check = |websites: Vec<&'static str>, expected: &str| {
            let parameters = Parameters::of(&Request { websites }).expect("an object");
            assert_eq!(parameters.value("websites"), Some(expected));
        };
        check(vec![], "[]");
        check(vec!["https://a", "\"b\""], r#"["https://a","\"b\""]"#);
    }

    #[test]
    fn vectors() {
        let cases = load().flatten;
        assert_eq!(cases.len(), 3);
        for case in &cases {
            check(&case.id, &case.input, &case.output);
        }
    }

    #[test]
    fn scalars_and_absent_values() {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Action {
            waba_id: &'static str,
            isv_code: Option<&'static str>,
            enabled: bool,
            limit: u64,
        }
        let action = Action {
            waba_id: "1",
            isv_code: None,
            enabled: true,
            limit: u64::MAX,
        };
        let parameters = Parameters::of(&action).expect("an object");
        let expected = [
            ("WabaId", "1"),
            ("Enabled", "true"),
            ("Limit", "18446744073709551615"),
        ];
        assert_eq!(parameters.iter().collect::<Vec<_>>().len(), expected.len());
        for (name, value) in expected {
            assert_eq!(parameters.value(name), Some(value), "{name}");
        }
        assert_eq!(parameters.value("IsvCode"), None);
    }

    #[test]
    fn only_objects() {
        assert!(Parameters::of(&json!(["x"])).is_err());
        assert!(Parameters::of(&"x").is_err());
    }

    #[test]
    fn values_are_not_printed() {
        let parameters = Parameters::of(&json!({"IsvCode": "hush"})).expect("an object");
        assert_eq!(format!("{parameters:?}"), "{\"IsvCode\"}");
    }
}
