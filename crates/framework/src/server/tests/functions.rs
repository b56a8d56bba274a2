//! `GetFunctions` and `CallFunction`.

use super::*;
use crate::{
    Function,
    function::{FunctionDefinition, FunctionError, Parameter},
};

/// Joins texts: a separator that may be null, and any number of parts, of which one may be unknown.
pub(super) struct Join;

impl Function for Join {
    fn name(&self) -> &'static str {
        "join"
    }

    fn definition(&self) -> FunctionDefinition {
        FunctionDefinition {
            parameters: vec![
                Parameter::new("first", Type::String, "What comes first."),
                Parameter::new("separator", Type::String, "What stands between.").nullable(),
            ],
            variadic: Some(Parameter::new("rest", Type::String, "").accepts_unknown()),
            return_type: Type::String,
            summary: "Joins texts".to_owned(),
            description: String::new(),
            deprecation: None,
        }
    }

    fn call(&self, arguments: Vec<Value>) -> Result<Value, FunctionError> {
        let [first, separator, rest @ ..] = &*arguments else {
            unreachable!("the framework counts");
        };
        let separator = separator.as_str().unwrap_or("-");
        let mut joined = first.as_str().unwrap_or_default().to_owned();
        for (index, part) in rest.iter().enumerate() {
            match part.as_str() {
                Some("") => return Err(FunctionError::argument(index + 2, "it is empty")),
                Some("bad") => return Err(FunctionError::new("it is all bad")),
                Some("panic") => panic!("a defect"),
                Some(part) => joined = format!("{joined}{separator}{part}"),
                None => return Ok(Value::Unknown),
            }
        }
        Ok(joined.into())
    }
}

/// Does what a function must not do.
pub(super) struct Defect;

impl Function for Defect {
    fn name(&self) -> &'static str {
        "defect"
    }

    fn definition(&self) -> FunctionDefinition {
        FunctionDefinition {
            parameters: vec![Parameter::new("unknown", Type::Bool, "")],
            variadic: None,
            return_type: Type::Number,
            summary: String::new(),
            description: String::new(),
            deprecation: Some("Use join.".to_owned()),
        }
    }

    fn call(&self, arguments: Vec<Value>) -> Result<Value, FunctionError> {
        match arguments.first() {
            Some(Value::Bool(true)) => Ok(Value::Unknown),
            _ => Ok("no number".into()),
        }
    }
}

fn call(name: &str, arguments: &[Value]) -> Result<Value, (Option<usize>, String)> {
    let encoded: Vec<DynamicValue> = arguments
        .iter()
        .map(|value| match value {
            Value::Bool(_) => encode(&Type::Bool, value),
            Value::List(_) => encode(&Type::List(Box::new(Type::String)), value),
            value => encode(&Type::String, value),
        })
        .collect();
    match server().call_function(name, &encoded) {
        Ok(result) => Ok(codec::decode_value(&result, &Type::String, "result").expect("is text")),
        Err(FunctionError { text, argument }) => Err((argument, text)),
    }
}

#[test]
fn function_gets_only_values_that_its_parameters_allow() {
    let text = |text: &str| Value::string(text);
    let check = |arguments: &[Value], expected: Value| {
        assert_eq!(call("join", arguments), Ok(expected), "{arguments:?}");
    };
    check(&[text("a"), text("+")], text("a"));
    check(&[text("a"), text("+"), text("b"), text("c")], text("a+b+c"));
    check(&[text("a"), Value::Null, text("b")], text("a-b"));
    // Known parts are looked at beside an unknown one, where the parameter allows it.
    check(&[text("a"), text("+"), Value::Unknown], Value::Unknown);
    assert_eq!(
        call("join", &[text("a"), text("+"), text(""), Value::Unknown]),
        Err((Some(2), "it is empty".to_owned()))
    );
    // Elsewhere the function is not called.
    check(&[Value::Unknown, text("+"), text("panic")], Value::Unknown);
    check(&[text("a"), Value::Unknown, text("panic")], Value::Unknown);
}

#[test]
fn failed_call_names_the_argument() {
    let text = |text: &str| Value::string(text);
    let check = |name: &str, arguments: &[Value], argument: Option<usize>, fragment: &str| {
        let (at, why) = call(name, arguments).expect_err(fragment);
        assert_eq!(at, argument, "{why}");
        assert!(why.contains(fragment), "{why}");
    };
    check(
        "join",
        &[Value::Null, text("+")],
        Some(0),
        "\"first\" must not be null",
    );
    check(
        "join",
        &[text("a"), text("+"), text("b"), Value::Null],
        Some(3),
        "\"rest\" must not be null",
    );
    check(
        "join",
        &[text("a"), Value::List(Vec::new())],
        Some(1),
        "does not fit",
    );
    check(
        "join",
        &[text("a")],
        None,
        "takes at least 2 arguments, but was called with 1",
    );
    check(
        "join",
        &[text("a"), text("+"), text("b"), text("")],
        Some(3),
        "it is empty",
    );
    check(
        "join",
        &[text("a"), text("+"), text("bad")],
        None,
        "it is all bad",
    );
    check(
        "join",
        &[text("a"), text("+"), text("panic")],
        None,
        "Bug in the provider: the function panicked",
    );
    check(
        "defect",
        &[],
        None,
        "takes 1 arguments, but was called with 0",
    );
    check("defect", &[true.into(), true.into()], None, "called with 2");
    check(
        "defect",
        &[true.into()],
        None,
        "an unknown result of known arguments",
    );
    check(
        "defect",
        &[false.into()],
        None,
        "does not fit its return type",
    );
    check(
        "split",
        &[],
        None,
        "This provider has no function \"split\". It has: defect, join.",
    );
}

#[test]
fn all_kinds_are_announced_by_name_without_their_schemas() {
    let server = server();
    let names = |names: &mut dyn Iterator<Item = &'static str>| names.collect::<Vec<_>>().join(" ");
    assert_eq!(names(&mut server.resource_types()), "toy_room toy_thing");
    assert_eq!(names(&mut server.data_source_types()), "toy_rooms");
    assert_eq!(
        names(&mut server.list_resource_types()),
        "toy_room toy_thing"
    );
    assert_eq!(names(&mut server.action_types()), "toy_knock");
    assert_eq!(names(&mut server.function_names()), "defect join");
    assert_eq!(server.data_source_schemas().count(), 1);
    assert_eq!(server.list_resource_schemas().count(), 2);
    assert_eq!(server.action_schemas().count(), 1);
    assert_eq!(server.function_definitions().count(), 2);
}
