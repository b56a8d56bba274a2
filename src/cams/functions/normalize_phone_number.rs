//! Function `normalize_phone_number`: a phone number as people write it, in the form that the service takes.

use framework::{
    Function, Type, Value,
    function::{FunctionDefinition, FunctionError, Parameter},
};

/// The function.
pub(crate) struct NormalizePhoneNumber;

/// Fewest and most digits of a number with its country code. Source: ITU-T E.164 sets 15 as the maximum; the minimum is
/// that of the service's attribute here.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

impl Function for NormalizePhoneNumber {
    fn name(&self) -> &'static str {
        "normalize_phone_number"
    }

    fn definition(&self) -> FunctionDefinition {
        FunctionDefinition {
            parameters: vec![Parameter::new(
                "text",
                Type::String,
                "A phone number with its country code. A `+` or `00` before it, blanks, hyphens, dots, slashes and \
                 parentheses are taken away.",
            )],
            variadic: None,
            return_type: Type::String,
            summary: "Phone number in digits".to_owned(),
            description: "Returns a phone number as 7 to 15 digits that begin with the country code, as `phone_number` \
                          arguments take it. A text with letters or other signs, or with too few or too many digits, is \
                          an error; so is a number that begins with `0`, since no country code does."
                .to_owned(),
            deprecation: None,
        }
    }

    fn call(&self, arguments: Vec<Value>) -> Result<Value, FunctionError> {
        let number = normalize(super::text(arguments.first()));
        number
            .map(Value::from)
            .map_err(|why| FunctionError::argument(0, why))
    }
}

/// The digits of a phone number, country code first.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub(super) fn normalize(text: &str) -> Result<String, String> {
    let shown = text.escape_debug();
    let trimmed = text.trim();
    let rest = trimmed.strip_prefix('+');
    // No country code begins with 0, so 00 can only be the prefix of an international call.
    let rest = rest.or_else(|| trimmed.strip_prefix("00"));
    let rest = rest.unwrap_or(trimmed);
    if rest.contains("(0)") {
        return Err(format!(
            "The phone number \"{shown}\" has a \"(0)\", which is not dialled together with the country code. Leave it out."
        ));
    }
    let mut digits = String::new();
    for character in rest.chars() {
        match character {
            '0'..='9' => digits.push(character),
            // Hyphens, dashes and the like, as they come from tables and documents.
            '-' | '.' | '/' | '(' | ')' | '\u{2010}'..='\u{2015}' => {}
            _ if character.is_whitespace() => {}
            _ => {
                return Err(format!(
                    "The phone number \"{shown}\" has the character \"{}\". Only digits, blanks, hyphens, dots, slashes, \
                     parentheses and a plus sign at the beginning are allowed.",
                    character.escape_debug()
                ));
            }
        }
    }
    if digits.starts_with('0') {
        return Err(format!(
            "The phone number \"{shown}\" has no country code: it begins with 0. Write it as, for example, +49 30 1234567."
        ));
    }
    if !DIGITS.contains(&digits.len()) {
        return Err(format!(
            "The phone number \"{shown}\" has {} digits. A number with its country code has {} to {}.",
            digits.len(),
            DIGITS.start(),
            DIGITS.end(),
        ));
    }
    Ok(digits)
}

#[cfg(test)]
mod tests {
    use super::normalize;

    #[test]
    fn numbers_become_digits() {
        let check = |text: &str, expected: &str| {
            assert_eq!(normalize(text).as_deref(), Ok(expected), "{text}");
        };
        check("6580001234", "6580001234");
        check("+65 8000 1234", "6580001234");
        check("+49 (30) 123-45.67/8", "493012345678");
        check("0049 30 1234567", "49301234567");
        check("  +1\u{a0}202\u{2011}555\u{2013}0100\n", "12025550100");
        check("+1234567", "1234567");
        check("123456789012345", "123456789012345");
    }

    #[test]
    fn invalid_numbers_are_errors() {
        let check = |text: &str, expected: &str| {
            let error = normalize(text).expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
        };
        check("", "has 0 digits");
        check("+123456", "has 6 digits");
        check("1234567890123456", "has 16 digits");
        check("+49 (0) 30 1234567", "has a \"(0)\"");
        check("+49 (0)30 1234567", "has a \"(0)\"");
        check("030 1234567", "no country code");
        check("+0 30 1234567", "no country code");
        check("00 0301234567", "no country code");
        check("+1 800 FLOWERS", "the character \"F\"");
        check("6580+001234", "the character \"+\"");
        check("++6580001234", "the character \"+\"");
        check("٤٩٣٠١٢٣٤٥٦٧", "the character");
        check("49\u{200b}301234567", "the character \"\\u{200b}\"");
    }
}
