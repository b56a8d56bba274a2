//! Exact decimal numbers, as Terraform's configuration language has them.
//!
//! Must not contain: arithmetic. A provider passes numbers on, compares them, and reads small integers.

use std::{fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};

/// By this name the serializer and the deserializer of models know that text is a number.
pub(super) const NUMBER: &str = "$framework::Number";

/// The most digits that a number may have when written out, exponent applied.
///
/// Terraform itself calculates with 512 bits, about 155 digits. The bound keeps a short text such as `1e999999999`
/// from growing into gigabytes.
pub(crate) const MAX_DIGITS: usize = 65_536;

/// A decimal number of any size, or an infinity. Never narrowed to a binary float.
///
/// Two numbers are equal when they are numerically equal, however they were written: `1.50` is `1.5`.
///
/// The order is that of the texts: good for sorting, not for size.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(Kind);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    /// Plain decimal text in its one canonical form: no exponent, no plus sign, no needless zero, no `-0`.
    Finite(Box<str>),
    PositiveInfinity,
    NegativeInfinity,
}

/// Why a text or a float is not a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberError {
    /// The text is not decimal notation.
    Syntax,
    /// Written out, the number would have more than [`MAX_DIGITS`] digits.
    TooLong,
    /// The float is not a number.
    NotANumber,
}

impl Number {
    /// Positive infinity.
    pub const INFINITY: Self = Self(Kind::PositiveInfinity);
    /// Negative infinity.
    pub const NEGATIVE_INFINITY: Self = Self(Kind::NegativeInfinity);

    /// The number that a binary float stands for, by its shortest decimal text.
    ///
    /// Terraform compares numbers by their shortest decimal text, so that text is what has to survive.
    ///
    /// # Errors
    /// An error for NaN, which Terraform does not have.
    pub fn from_f64(value: f64) -> Result<Self, NumberError> {
        if value.is_nan() {
            Err(NumberError::NotANumber)
        } else if value.is_infinite() {
            Ok(if value > 0.0 {
                Self::INFINITY
            } else {
                Self::NEGATIVE_INFINITY
            })
        } else {
            value.to_string().parse()
        }
    }

    /// The decimal text, without an exponent; `None` for an infinity.
    #[must_use]
    pub fn decimal(&self) -> Option<&str> {
        match &self.0 {
            Kind::Finite(text) => Some(text),
            Kind::PositiveInfinity | Kind::NegativeInfinity => None,
        }
    }

    /// Reads what `Display` writes.
    pub(super) fn from_display(text: &str) -> Result<Self, NumberError> {
        match text {
            "infinity" => Ok(Self::INFINITY),
            "-infinity" => Ok(Self::NEGATIVE_INFINITY),
            _ => text.parse(),
        }
    }

    /// The number as an integer, when it is one and fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.decimal()?.parse().ok()
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(Kind::Finite(value.to_string().into()))
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(Kind::Finite(value.to_string().into()))
    }
}

impl FromStr for Number {
    type Err = NumberError;

    /// Reads decimal notation with an optional sign, fraction and exponent, as JSON and MessagePack strings carry it.
    fn from_str(text: &str) -> Result<Self, NumberError> {
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => (&unsigned[..at], parse_exponent(&unsigned[at + 1..])?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let has_point = mantissa.contains('.');
        if whole.is_empty() || (has_point && fraction.is_empty()) {
            return Err(NumberError::Syntax);
        }
        if !whole
            .bytes()
            .chain(fraction.bytes())
            .all(|byte| byte.is_ascii_digit())
        {
            return Err(NumberError::Syntax);
        }
        if whole.len() + fraction.len() > MAX_DIGITS {
            return Err(NumberError::TooLong);
        }

        // digits × 10^scale, without zeros on either side.
        let digits = format!("{whole}{fraction}");
        let kept = digits.trim_start_matches('0').trim_end_matches('0');
        if kept.is_empty() {
            return Ok(Self(Kind::Finite("0".into())));
        }
        let trailing_zeros = digits.len() - digits.trim_end_matches('0').len();
        // All three are bounded far below the range of i64: lengths by MAX_DIGITS, the exponent by its parser.
        let scale = exponent + trailing_zeros as i64 - fraction.len() as i64;
        if scale.unsigned_abs() as usize + kept.len() > MAX_DIGITS {
            return Err(NumberError::TooLong);
        }

        let mut plain = String::from(if negative { "-" } else { "" });
        if scale >= 0 {
            plain.push_str(kept);
            plain.extend(std::iter::repeat_n('0', scale as usize));
        } else {
            let places = scale.unsigned_abs() as usize;
            if kept.len() > places {
                let (before, after) = kept.split_at(kept.len() - places);
                plain.push_str(before);
                plain.push('.');
                plain.push_str(after);
            } else {
                plain.push_str("0.");
                plain.extend(std::iter::repeat_n('0', places - kept.len()));
                plain.push_str(kept);
            }
        }
        Ok(Self(Kind::Finite(plain.into())))
    }
}

/// An exponent, clamped. A number beyond the bound is always too long, unless all its digits are zero.
fn parse_exponent(text: &str) -> Result<i64, NumberError> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NumberError::Syntax);
    }
    let magnitude = digits
        .parse::<i64>()
        .unwrap_or(i64::MAX)
        .min(i64::from(u32::MAX));
    Ok(if negative { -magnitude } else { magnitude })
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Kind::Finite(text) => text,
            Kind::PositiveInfinity => "infinity",
            Kind::NegativeInfinity => "-infinity",
        })
    }
}

/// For members of a model.
impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(NUMBER, &self.to_string())
    }
}

/// For members of a model.
impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;

        impl Visitor<'_> for Digits {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_str<E: Error>(self, digits: &str) -> Result<Number, E> {
                Number::from_display(digits).map_err(E::custom)
            }
        }

        deserializer.deserialize_newtype_struct(NUMBER, Digits)
    }
}

impl fmt::Display for NumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax => f.write_str("not a decimal number"),
            Self::TooLong => write!(f, "a number with more than {MAX_DIGITS} digits"),
            Self::NotANumber => f.write_str("NaN, which is not a number"),
        }
    }
}

impl std::error::Error for NumberError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, NumberError>) {
        let actual = text.parse::<Number>().map(|number| number.to_string());
        assert_eq!(actual, expected.map(str::to_owned), "parsing {text:?}");
    }

    #[test]
    fn spellings_of_one_number_become_one_text() {
        check("0", Ok("0"));
        check("-0", Ok("0"));
        check("-0.000", Ok("0"));
        check("0e99999999999999999999", Ok("0"));
        check("+7", Ok("7"));
        check("007", Ok("7"));
        check("1.50", Ok("1.5"));
        check("100", Ok("100"));
        check("1e2", Ok("100"));
        check("1E+2", Ok("100"));
        check("120e-1", Ok("12"));
        check("12.34e1", Ok("123.4"));
        check("12.34e-5", Ok("0.0001234"));
        check("-5e-1", Ok("-0.5"));
        check("9223372036854775808", Ok("9223372036854775808"));
        check(
            "0.1000000000000000055511151231257827",
            Ok("0.1000000000000000055511151231257827"),
        );
    }

    #[test]
    fn text_that_is_no_number_is_refused() {
        for text in [
            "", "-", "+", ".", "1.", ".5", "1e", "1e+", "e5", "0x10", "1_000", " 1", "1 ", "NaN",
            "inf", "١",
        ] {
            check(text, Err(NumberError::Syntax));
        }
        check("1e999999999", Err(NumberError::TooLong));
        check("1e-999999999", Err(NumberError::TooLong));
        check("1e99999999999999999999999999", Err(NumberError::TooLong));
        check(&"9".repeat(MAX_DIGITS + 1), Err(NumberError::TooLong));
        check(&"9".repeat(MAX_DIGITS), Ok(&"9".repeat(MAX_DIGITS)));
    }

    #[test]
    fn float_keeps_its_shortest_text() {
        let check = |float: f64, text: &str| {
            assert_eq!(
                Number::from_f64(float).map(|number| number.to_string()),
                Ok(text.to_owned()),
                "{float}"
            );
        };
        check(0.5, "0.5");
        check(-0.0, "0");
        check(1e21, "1000000000000000000000");
        check(0.1, "0.1");
        check(f64::INFINITY, "infinity");
        check(f64::NEG_INFINITY, "-infinity");
        assert_eq!(Number::from_f64(f64::NAN), Err(NumberError::NotANumber));
    }

    #[test]
    fn integer_is_read_exactly_or_not_at_all() {
        let check = |text: &str, expected: Option<i64>| {
            assert_eq!(
                text.parse::<Number>()
                    .ok()
                    .and_then(|number| number.as_i64()),
                expected,
                "{text}"
            );
        };
        check("9223372036854775807", Some(i64::MAX));
        check("9223372036854775808", None);
        check("1.0", Some(1));
        check("1.5", None);
        assert_eq!(Number::INFINITY.as_i64(), None);
    }
}
