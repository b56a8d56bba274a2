//! Function `parse_id`: the parts of an import ID.

use framework::{
    Function, Object, Type, Value,
    function::{FunctionDefinition, FunctionError, Parameter},
};

use crate::common::{assume_role, space};

/// The function.
pub(crate) struct ParseId;

impl Function for ParseId {
    fn name(&self) -> &'static str {
        "parse_id"
    }

    fn definition(&self) -> FunctionDefinition {
        let members = [
            ("role_arn", Type::String),
            ("cust_space_id", Type::String),
            ("keys", Type::List(Box::new(Type::String))),
        ];
        FunctionDefinition {
            parameters: vec![Parameter::new(
                "text",
                Type::String,
                "An import ID or the `id` of an object: `[ROLE_ARN/]CUST_SPACE_ID[:KEY[:KEY]]`.",
            )],
            variadic: None,
            return_type: Type::Object(
                members
                    .into_iter()
                    .map(|(name, ty)| (name.to_owned(), ty))
                    .collect(),
            ),
            summary: "Parts of an import ID".to_owned(),
            description: "Takes an import ID, or the `id` of an object that belongs to a space, apart. Returns an object: \
                          `role_arn` is the role before the slash, or null; `cust_space_id` is the space; `keys` are the \
                          further parts in order, for example the phone number. The parts are not looked up."
                .to_owned(),
            deprecation: None,
        }
    }

    fn call(&self, arguments: Vec<Value>) -> Result<Value, FunctionError> {
        parse(super::text(arguments.first())).map_err(|why| FunctionError::argument(0, why))
    }
}

fn parse(text: &str) -> Result<Value, String> {
    let wrong = |why: &str| {
        format!(
            "The ID \"{}\" is not of the form [ROLE_ARN/]CUST_SPACE_ID[:KEY[:KEY]]: {why}.",
            text.escape_debug()
        )
    };
    let (role, id) =
        assume_role::of_import_id(text).map_err(|_| wrong("the role has another form"))?;
    let mut parts = id.split(':');
    let space = parts.next().unwrap_or_default();
    space::check_id(space).map_err(|why| wrong(&format!("the space {why}")))?;
    let keys: Vec<&str> = parts.collect();
    for (index, key) in keys.iter().enumerate() {
        if key.is_empty() || key.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(wrong(&format!("key {} is empty or has a blank", index + 1)));
        }
    }
    let mut object = Object::new();
    object.set(
        "role_arn",
        Value::optional_string(role.map(|role| role.as_str().to_owned())),
    );
    object.set("cust_space_id", space);
    object.set(
        "keys",
        Value::List(keys.into_iter().map(Value::from).collect()),
    );
    Ok(Value::from(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn import_ids_are_split() {
        let check = |text: &str, role: Option<&str>, space: &str, keys: &[&str]| {
            let Value::Map(found) = parse(text).expect(text) else {
                panic!("no object");
            };
            assert_eq!(found["role_arn"], Value::optional_string(role), "{text}");
            assert_eq!(found["cust_space_id"].as_str(), Some(space), "{text}");
            let keys = keys.iter().map(|&key| Value::from(key)).collect();
            assert_eq!(found["keys"], Value::List(keys), "{text}");
        };
        let arn = "acs:ram::1000000000000002:role/path/onboarding";
        check("cams-1", None, "cams-1", &[]);
        check("cams-1:6580001234", None, "cams-1", &["6580001234"]);
        check(
            &format!("{arn}/C1:code:en:WHATSAPP"),
            Some(arn),
            "C1",
            &["code", "en", "WHATSAPP"],
        );
    }

    #[test]
    fn invalid_ids_are_errors() {
        let check = |text: &str, expected: &str| {
            let error = parse(text).expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
        };
        check("", "the space must not be empty");
        check(":x", "the space must not be empty");
        check("cams 1:x", "the space must be the ID of a space");
        check("cams-1:", "key 1 is empty");
        check("cams-1:a: b", "key 2 is empty or has a blank");
        check("acs:ram::1:role/cams-1", "the role has another form");
        check(
            "acs:ram::1000000000000002:user/x/cams-1",
            "the role has another form",
        );
    }
}
