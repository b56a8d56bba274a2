//! A phone number as the parent of an object: the attribute that names it.

use framework::{Attribute, Type, schema::Validator};

use super::{Key, space};

/// The attribute of an object that belongs to a phone number.
pub(crate) const PHONE_NUMBER: &str = "phone_number";

/// What the attribute is.
const PHONE_NUMBER_DESCRIPTION: &str =
    "The phone number: 7 to 15 digits, country code first, without `+`, for example `6580001234`.";

/// The part of an identity that names the number within its space.
pub(crate) const KEY: Key = Key::new(PHONE_NUMBER, PHONE_NUMBER_DESCRIPTION);

/// The identity of what exists once for each number.
pub(crate) const KEYS: &[Key] = &[space::KEY, KEY];

/// The attribute for an object that belongs to a phone number.
pub(crate) fn attribute() -> Attribute {
    argument().requires_replace()
}

/// The argument for an action.
pub(crate) fn argument() -> Attribute {
    Attribute::required(PHONE_NUMBER, Type::String)
        .describe(PHONE_NUMBER_DESCRIPTION)
        .validate(Validator::text(check))
}

/// Whether a text is a number as the service writes it: as in E.164, without the plus sign.
pub(crate) fn check(text: &str) -> Result<(), String> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if is_digits && (7..=15).contains(&text.len()) && !text.starts_with('0') {
        return Ok(());
    }
    Err(format!(
        "must be a phone number of 7 to 15 digits, country code first, without \"+\", zeros in front or blanks, for example \
         \"6580001234\", but is \"{}\". The function `provider::alicloud::normalize_phone_number` makes one of other \
         spellings",
        text.escape_debug()
    ))
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_digits_with_a_country_code() {
        let check = |text: &str, expected: bool| {
            assert_eq!(super::check(text).is_ok(), expected, "{text}");
        };
        check("6580001234", true);
        check("1234567", true);
        check("123456789012345", true);
        check("123456", false);
        check("1234567890123456", false);
        check("+6580001234", false);
        check("006580001234", false);
        check("65 8000 1234", false);
        check("", false);
        check("６５８０００１２３４", false);
        let error = super::check("+65 8000\n").expect_err("has a plus sign");
        assert!(error.contains("is \"+65 8000\\n\""), "{error}");
        assert!(error.contains("normalize_phone_number"), "{error}");
    }
}
