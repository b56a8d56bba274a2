//! Variables of a text, which are written `$(name)`, and the function `template_variables`.

use std::collections::BTreeSet;

use framework::{
    Function, Type, Value,
    function::{FunctionDefinition, FunctionError, Parameter},
};

/// The names of the variables of a text, sorted. A `$(` without its `)` is no variable.
pub(super) fn variables(text: &str) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    let mut rest = text;
    while let Some(start) = rest.find("$(") {
        rest = &rest[start + 2..];
        let Some(end) = rest.find(')') else {
            break;
        };
        let name = &rest[..end];
        // A second beginning within a name belongs to the text.
        let name = name.rfind("$(").map_or(name, |inner| &name[inner + 2..]);
        if !name.trim().is_empty() {
            names.insert(name.trim());
        }
        rest = &rest[end + 1..];
    }
    names
}

/// How many characters a text has without its variables.
pub(super) fn length_without_variables(text: &str) -> usize {
    let variables: usize = text
        .match_indices("$(")
        .filter_map(|(start, _)| Some(text[start..].find(')')? + 1))
        .sum();
    text.chars().count().saturating_sub(variables)
}

/// The function.
pub(crate) struct TemplateVariables;

impl Function for TemplateVariables {
    fn name(&self) -> &'static str {
        "template_variables"
    }

    fn definition(&self) -> FunctionDefinition {
        FunctionDefinition {
            parameters: vec![Parameter::new(
                "text",
                Type::String,
                "Text of a message template, for example `Hello $(customer)`.",
            )],
            variadic: None,
            return_type: Type::Set(Box::new(Type::String)),
            summary: "Names of the variables of a template text".to_owned(),
            description: "Returns the names of the variables that a text of a message template has. A variable is written \
                          `$(name)`. Use it to build the `example` of `alicloud_cams_chatapp_template`, or to test that a \
                          template has the variables that a program fills."
                .to_owned(),
            deprecation: None,
        }
    }

    fn call(&self, arguments: Vec<Value>) -> Result<Value, FunctionError> {
        let text = arguments.first().and_then(Value::as_str);
        let text = text.ok_or_else(|| FunctionError::argument(0, "The text must be a string."))?;
        let names = variables(text);
        Ok(Value::set(names.into_iter().map(Value::from).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_found_sorted_and_once() {
        let check = |text: &str, expected: &[&str]| {
            let found: Vec<&str> = variables(text).into_iter().collect();
            assert_eq!(found, expected, "{text}");
        };
        check("Hello $(b), $(a) and $(b)", &["a", "b"]);
        check("none {{1}} $() $( ) (x) $", &[]);
        check("open $(a", &[]);
        check("$($(a)) $( b )", &["a", "b"]);
        check("é$(ü)", &["ü"]);
    }

    #[test]
    fn variables_do_not_count_as_length() {
        let check = |text: &str, expected: usize| {
            assert_eq!(length_without_variables(text), expected, "{text}");
        };
        check("abc", 3);
        check("a $(name) b", 4);
        check("é", 1);
        check("$(a", 3);
    }

    #[test]
    fn the_function_returns_a_set() {
        let result = TemplateVariables.call(vec![Value::from("$(b)$(a)")]);
        let expected = Value::set(vec![Value::from("a"), Value::from("b")]);
        assert_eq!(result, Ok(expected));
    }
}
