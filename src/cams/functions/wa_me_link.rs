//! Function `wa_me_link`: a link that opens a chat with a number.

use std::fmt::Write as _;

use framework::{
    Function, Type, Value,
    function::{FunctionDefinition, FunctionError, Parameter},
};

use super::normalize_phone_number::normalize;

/// The function.
pub(crate) struct WaMeLink;

impl Function for WaMeLink {
    fn name(&self) -> &'static str {
        "wa_me_link"
    }

    fn definition(&self) -> FunctionDefinition {
        FunctionDefinition {
            parameters: vec![
                Parameter::new(
                    "phone_number",
                    Type::String,
                    "The phone number, in any form that `normalize_phone_number` takes.",
                ),
                Parameter::new(
                    "message",
                    Type::String,
                    "The text that the link writes into the customer's message. Null or empty for none.",
                )
                .nullable(),
            ],
            variadic: None,
            return_type: Type::String,
            summary: "Link to a chat".to_owned(),
            description: "Returns a `https://wa.me/` link that opens a WhatsApp chat with a phone number, with a message \
                          ready to send. The link is computed: nothing is created at the service, so it needs no resource \
                          and never expires."
                .to_owned(),
            deprecation: None,
        }
    }

    fn call(&self, arguments: Vec<Value>) -> Result<Value, FunctionError> {
        let digits = normalize(super::text(arguments.first()))
            .map_err(|why| FunctionError::argument(0, why))?;
        Ok(Value::from(link(&digits, super::text(arguments.get(1)))))
    }
}

fn link(digits: &str, message: &str) -> String {
    let mut link = format!("https://wa.me/{digits}");
    if message.is_empty() {
        return link;
    }
    link.push_str("?text=");
    for byte in message.bytes() {
        // The unreserved characters of RFC 3986. A blank is %20: not every reader of a link takes + for one.
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            link.push(char::from(byte));
        } else {
            let _ = write!(link, "%{byte:02X}");
        }
    }
    link
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_escaped() {
        let check = |message: Value, expected: &str| {
            let arguments = vec![Value::from("+65 8000 1234"), message];
            let found = WaMeLink.call(arguments).expect("a link");
            assert_eq!(found.as_str(), Some(expected));
        };
        check(Value::Null, "https://wa.me/6580001234");
        check(Value::from(""), "https://wa.me/6580001234");
        check(
            Value::from("Hi & what's-up? 50% ~ü\n"),
            "https://wa.me/6580001234?text=Hi%20%26%20what%27s-up%3F%2050%25%20~%C3%BC%0A",
        );
    }

    #[test]
    fn invalid_numbers_are_errors_of_the_first_argument() {
        let error = WaMeLink.call(vec![Value::from("x"), Value::Null]);
        assert_eq!(error.expect_err("no number").argument, Some(0));
    }
}
