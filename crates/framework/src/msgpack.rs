//! Values to and from MessagePack, including unknown ones (plugin protocol 6, `DynamicValue`).
//!
//! Must not contain: knowledge of schemas beyond the type.
//!
//! Source: <https://github.com/hashicorp/terraform/blob/main/docs/plugin-protocol/object-wire-format.md>, and for the
//! formats <https://github.com/msgpack/msgpack/blob/master/spec.md>. Input comes from another process and is not
//! trusted: nothing is allocated because a length was announced, and nesting has an end.

use std::collections::BTreeMap;

use rmp::{
    Marker, decode as read,
    encode::{self as write, ByteBuf},
};

use super::{
    number::Number,
    types::Type,
    value::{DecodeError, DecodePath, Value},
};

/// The body of an extension, which stands for an unknown value, has at most so many bytes. Terraform draws the same line.
const MAX_EXTENSION_BODY: u32 = 1024;

/// Most elements that memory is reserved for before they arrive. An announced length can be false.
const MAX_RESERVED: usize = 1024;

/// The unknown value without refinements: an extension of type 0 with one byte, which is 0.
const UNKNOWN: [u8; 3] = [0xd4, 0, 0];

/// Reads a value of a type. The value must fill the input.
///
/// Every form is taken that Terraform sends or takes itself: strings as text or as bytes; numbers as integers of any
/// width, as floats or as decimal text; any extension as an unknown value, its refinements passed over. An object
/// must have exactly the attributes of its type, in any order. The elements of a set come out as [`Value::set`] has
/// them, those of a list and a tuple in order.
///
/// # Errors
/// The place of the first thing that does not fit, with what was expected and the kind of what was found. Empty input
/// is an error as well: whether it stands for null is for the caller to say.
pub fn decode(bytes: &[u8], ty: &Type) -> Result<Value, DecodeError> {
    let mut reader = Reader { rest: bytes };
    let value = reader.value(ty, &DecodePath::ROOT)?;
    match reader.rest.len() {
        0 => Ok(value),
        left => {
            Err(DecodePath::ROOT.error(format!("the value ends {left} bytes before the input")))
        }
    }
}

/// Writes a value of a type.
///
/// An object has all attributes of its type, null where the value has none, in order of name. Integers that fit 64
/// bits with a sign take their shortest form, other numbers are decimal text, infinities are floats. Unknown is
/// written without refinements, because a refinement is a promise that Terraform holds the provider to.
///
/// A value that is not of the type is written as what it is. Terraform then refuses it and names the attribute; null
/// in its place would be a silent loss.
#[must_use]
pub fn encode(value: &Value, ty: &Type) -> Vec<u8> {
    let mut out = ByteBuf::new();
    write_value(&mut out, value, ty);
    out.into_vec()
}

/// What is left of the input.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn value(&mut self, ty: &Type, place: &DecodePath<'_>) -> Result<Value, DecodeError> {
        place.check_depth()?;
        match (ty, self.form(place)?) {
            (_, Form::Nil) => {
                self.read(place, read::read_nil)?;
                Ok(Value::Null)
            }
            (_, Form::Extension) => self.unknown(place),
            (Type::Bool, Form::Bool) => Ok(Value::Bool(self.read(place, read::read_bool)?)),
            (Type::String, Form::Text | Form::Bytes) => Ok(Value::string(self.text(place)?)),
            (
                Type::Number,
                Form::Unsigned | Form::Signed | Form::Float32 | Form::Float64 | Form::Text,
            ) => Ok(Value::Number(self.number(place)?)),
            (Type::List(element), Form::Array) => {
                Ok(Value::List(self.elements(element, true, place)?))
            }
            (Type::Set(element), Form::Array) => {
                Ok(Value::set(self.elements(element, false, place)?))
            }
            (Type::Tuple(elements), Form::Array) => self.tuple(ty, elements, place),
            (Type::Map(element), Form::Map) => self.map(element, place),
            (Type::Object(attributes), Form::Map) => self.object(attributes, place),
            (Type::Dynamic, Form::Array) => self.dynamic(place),
            (Type::Dynamic, found) => Err(place.error(format!(
                "expected a pair of type and value, found {}",
                found.name()
            ))),
            (expected, found) => Err(place.mismatch(expected, found.name())),
        }
    }

    fn unknown(&mut self, place: &DecodePath<'_>) -> Result<Value, DecodeError> {
        let extension = self.read(place, read::read_ext_meta)?;
        if extension.size > MAX_EXTENSION_BODY {
            return Err(place.error(format!(
                "the extension for an unknown value has {} bytes, more than {MAX_EXTENSION_BODY}",
                extension.size
            )));
        }
        self.take(extension.size, place)?;
        Ok(Value::Unknown)
    }

    fn number(&mut self, place: &DecodePath<'_>) -> Result<Number, DecodeError> {
        let number = match self.form(place)? {
            Form::Unsigned => Ok(Number::from(self.read(place, read::read_int::<u64, _>)?)),
            Form::Signed => Ok(Number::from(self.read(place, read::read_int::<i64, _>)?)),
            Form::Float32 => Number::from_f64(self.read(place, read::read_f32)?.into()),
            Form::Float64 => Number::from_f64(self.read(place, read::read_f64)?),
            _ => self.text(place)?.parse(),
        };
        number.map_err(|error| place.bad_number(error))
    }

    /// The elements of a list or a set; a path has steps into the first only.
    fn elements(
        &mut self,
        element: &Type,
        indexed: bool,
        place: &DecodePath<'_>,
    ) -> Result<Vec<Value>, DecodeError> {
        let length = self.array_length(place)?;
        let mut elements = Vec::with_capacity(length.min(MAX_RESERVED));
        for index in 0..length {
            let place = if indexed {
                place.index(index)
            } else {
                place.inside()
            };
            elements.push(self.value(element, &place)?);
        }
        Ok(elements)
    }

    fn tuple(
        &mut self,
        ty: &Type,
        types: &[Type],
        place: &DecodePath<'_>,
    ) -> Result<Value, DecodeError> {
        let length = self.array_length(place)?;
        if length != types.len() {
            return Err(place.mismatch(ty, format_args!("{length} elements")));
        }
        let mut elements = Vec::with_capacity(length.min(MAX_RESERVED));
        for (index, ty) in types.iter().enumerate() {
            elements.push(self.value(ty, &place.index(index))?);
        }
        Ok(Value::List(elements))
    }

    fn map(&mut self, element: &Type, place: &DecodePath<'_>) -> Result<Value, DecodeError> {
        let mut elements = BTreeMap::new();
        for _ in 0..self.map_length(place)? {
            let key = self.key(place)?;
            let value = self.value(element, &place.key(key))?;
            if elements.insert(key.to_owned(), value).is_some() {
                return Err(place.repeated(key));
            }
        }
        Ok(Value::Map(elements))
    }

    fn object(
        &mut self,
        types: &BTreeMap<String, Type>,
        place: &DecodePath<'_>,
    ) -> Result<Value, DecodeError> {
        let mut attributes = BTreeMap::new();
        for _ in 0..self.map_length(place)? {
            let name = self.key(place)?;
            let Some(ty) = types.get(name) else {
                return Err(place.unsupported_attribute(name));
            };
            let value = self.value(ty, &place.attribute(name))?;
            if attributes.insert(name.to_owned(), value).is_some() {
                return Err(place.repeated(name));
            }
        }
        place.check_complete(&attributes, types)?;
        Ok(Value::Map(attributes))
    }

    /// A pair of type and value. A pair whose type is `dynamic` again only wraps, and is unwrapped.
    fn dynamic(&mut self, place: &DecodePath<'_>) -> Result<Value, DecodeError> {
        let length = self.array_length(place)?;
        if length != 2 {
            return Err(place.error(format!(
                "expected a pair of type and value, found a list of {length}"
            )));
        }
        let json = match self.form(place)? {
            Form::Bytes | Form::Text => self.bytes(place)?,
            found => {
                return Err(place.error(format!(
                    "expected a type before the value, found {}",
                    found.name()
                )));
            }
        };
        // The type is not quoted: a sender that mixes up type and value would get its value quoted.
        let ty = serde_json::from_slice(json)
            .ok()
            .and_then(|json| Type::from_json(&json).ok())
            .ok_or_else(|| place.error("the type before the value is not a type constraint"))?;
        let value = self.value(&ty, &place.inside())?;
        Ok(match ty {
            Type::Dynamic => value,
            ty => Value::Dynamic(Box::new((ty, value))),
        })
    }

    fn array_length(&mut self, place: &DecodePath<'_>) -> Result<usize, DecodeError> {
        let length = self.read(place, read::read_array_len)? as usize;
        self.check_length(length, length, place)
    }

    fn map_length(&mut self, place: &DecodePath<'_>) -> Result<usize, DecodeError> {
        let length = self.read(place, read::read_map_len)? as usize;
        self.check_length(length, length.saturating_mul(2), place)
    }

    /// Every key and every value takes one byte at least.
    fn check_length(
        &self,
        length: usize,
        least_bytes: usize,
        place: &DecodePath<'_>,
    ) -> Result<usize, DecodeError> {
        if least_bytes > self.rest.len() {
            return Err(place.error(format!(
                "{length} elements announced, but the input ends after {} more bytes",
                self.rest.len()
            )));
        }
        Ok(length)
    }

    fn key(&mut self, place: &DecodePath<'_>) -> Result<&'a str, DecodeError> {
        match self.form(place)? {
            Form::Text | Form::Bytes => self.text(place),
            found => Err(place.error(format!("expected a string as key, found {}", found.name()))),
        }
    }

    fn text(&mut self, place: &DecodePath<'_>) -> Result<&'a str, DecodeError> {
        let bytes = self.bytes(place)?;
        str::from_utf8(bytes).map_err(|error| {
            let position = error.valid_up_to();
            place.error(format!("not valid UTF-8 from byte {position} of the text"))
        })
    }

    fn bytes(&mut self, place: &DecodePath<'_>) -> Result<&'a [u8], DecodeError> {
        let length = match self.form(place)? {
            Form::Bytes => self.read(place, read::read_bin_len)?,
            _ => self.read(place, read::read_str_len)?,
        };
        self.take(length, place)
    }

    fn take(&mut self, length: u32, place: &DecodePath<'_>) -> Result<&'a [u8], DecodeError> {
        let Some((taken, rest)) = self.rest.split_at_checked(length as usize) else {
            return Err(place.error(format!(
                "{length} bytes announced, but the input ends after {} more bytes",
                self.rest.len()
            )));
        };
        self.rest = rest;
        Ok(taken)
    }

    /// What comes next, without taking it.
    fn form(&self, place: &DecodePath<'_>) -> Result<Form, DecodeError> {
        match self.rest.first() {
            Some(&byte) => Ok(Form::of(Marker::from_u8(byte))),
            None => Err(place.error("the input ends where a value should begin")),
        }
    }

    /// Reads a primitive of the form that was seen to come next, so that all that can be wrong is an early end.
    fn read<T, E>(
        &mut self,
        place: &DecodePath<'_>,
        primitive: impl FnOnce(&mut &'a [u8]) -> Result<T, E>,
    ) -> Result<T, DecodeError> {
        primitive(&mut self.rest).map_err(|_| place.error("the input ends within a value"))
    }
}

/// The forms that MessagePack has, as far as they differ in meaning.
#[derive(Clone, Copy)]
enum Form {
    Nil,
    Bool,
    Unsigned,
    Signed,
    Float32,
    Float64,
    Text,
    Bytes,
    Array,
    Map,
    Extension,
    /// The one byte that the format leaves unused.
    Reserved,
}

impl Form {
    fn of(marker: Marker) -> Self {
        match marker {
            Marker::Null => Self::Nil,
            Marker::True | Marker::False => Self::Bool,
            Marker::FixPos(_) | Marker::U8 | Marker::U16 | Marker::U32 | Marker::U64 => {
                Self::Unsigned
            }
            Marker::FixNeg(_) | Marker::I8 | Marker::I16 | Marker::I32 | Marker::I64 => {
                Self::Signed
            }
            Marker::F32 => Self::Float32,
            Marker::F64 => Self::Float64,
            Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => Self::Text,
            Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => Self::Bytes,
            Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => Self::Array,
            Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => Self::Map,
            Marker::FixExt1
            | Marker::FixExt2
            | Marker::FixExt4
            | Marker::FixExt8
            | Marker::FixExt16
            | Marker::Ext8
            | Marker::Ext16
            | Marker::Ext32 => Self::Extension,
            Marker::Reserved => Self::Reserved,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Nil => "null",
            Self::Bool => "bool",
            Self::Unsigned | Self::Signed | Self::Float32 | Self::Float64 => "number",
            Self::Text => "string",
            Self::Bytes => "bytes",
            Self::Array => "list",
            Self::Map => "map",
            Self::Extension => "unknown",
            Self::Reserved => "the unused byte c1",
        }
    }
}

fn write_value(out: &mut ByteBuf, value: &Value, ty: &Type) {
    match (value, ty) {
        (Value::Null, _) => {
            let Ok(()) = write::write_nil(out);
        }
        (Value::Unknown, _) => out.as_mut_vec().extend(UNKNOWN),
        (Value::Bool(value), _) => {
            let Ok(()) = write::write_bool(out, *value);
        }
        (Value::Number(number), Type::Number) => write_number(out, number),
        (Value::Number(number), _) => write_misplaced_number(out, number),
        (Value::String(text), _) => write_text(out, text),
        (Value::List(elements), ty) => {
            write_array_length(out, elements.len());
            for (index, element) in elements.iter().enumerate() {
                write_value(out, element, element_type(ty, index));
            }
        }
        (Value::Map(attributes), Type::Object(types)) => write_object(out, attributes, types),
        (Value::Map(elements), ty) => {
            write_map_length(out, elements.len());
            for (key, element) in elements {
                write_text(out, key);
                write_value(out, element, element_type(ty, 0));
            }
        }
        (Value::Dynamic(typed), _) => {
            let (ty, value) = &**typed;
            write_array_length(out, 2);
            let json = ty.to_json().to_string();
            let Ok(_) = write::write_bin_len(out, length(json.len()));
            out.as_mut_vec().extend_from_slice(json.as_bytes());
            write_value(out, value, ty);
        }
    }
}

/// Both the attributes of the type and those of the value: one that the type does not have shall be seen and refused.
fn write_object(
    out: &mut ByteBuf,
    attributes: &BTreeMap<String, Value>,
    types: &BTreeMap<String, Type>,
) {
    let mut all: BTreeMap<&str, (&Value, &Type)> = types
        .iter()
        .map(|(name, ty)| (name.as_str(), (&Value::Null, ty)))
        .collect();
    for (name, value) in attributes {
        all.entry(name).or_insert((value, &Type::Dynamic)).0 = value;
    }
    write_map_length(out, all.len());
    for (name, (value, ty)) in all {
        write_text(out, name);
        write_value(out, value, ty);
    }
}

/// As decimal text, also where it is a whole number. Terraform core compares the object that it stored (read from JSON) with the
/// one that a refresh returns by every detail of the representation, and an integer of MessagePack has another precision there
/// than decimal text: `plan -refresh-only -detailed-exitcode` then exits 2 without a change. Seen with Terraform 1.11.4.
fn write_number(out: &mut ByteBuf, number: &Number) {
    if let Some(decimal) = number.decimal() {
        return write_text(out, decimal);
    }
    let infinity = if *number == Number::INFINITY {
        f64::INFINITY
    } else {
        f64::NEG_INFINITY
    };
    let Ok(()) = write::write_f64(out, infinity);
}

/// A number where the type wants something else, in a form that is not mistaken for text.
fn write_misplaced_number(out: &mut ByteBuf, number: &Number) {
    match number.as_i64() {
        Some(integer) => {
            let Ok(_) = write::write_sint(out, integer);
        }
        None => write_number(out, number),
    }
}

fn write_text(out: &mut ByteBuf, text: &str) {
    let Ok(_) = write::write_str_len(out, length(text.len()));
    out.as_mut_vec().extend_from_slice(text.as_bytes());
}

fn write_array_length(out: &mut ByteBuf, elements: usize) {
    let Ok(_) = write::write_array_len(out, length(elements));
}

fn write_map_length(out: &mut ByteBuf, elements: usize) {
    let Ok(_) = write::write_map_len(out, length(elements));
}

/// A length as the format has it. What is longer exceeds every limit on messages long before.
fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The type of an element; for a value that is not of its type, the one under which it is written as what it is.
fn element_type(ty: &Type, index: usize) -> &Type {
    match ty {
        Type::List(element) | Type::Set(element) | Type::Map(element) => element,
        Type::Tuple(elements) => elements.get(index).unwrap_or(&Type::Dynamic),
        _ => &Type::Dynamic,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;
    use crate::{number::MAX_DIGITS, types::MAX_DEPTH, value::strategies::typed_values};

    fn ty(json: &str) -> Type {
        let json = serde_json::from_str(json).expect("the case is JSON");
        Type::from_json(&json).expect("the case is a type")
    }

    /// Pairs of hexadecimal digits; text in single quotes stands for itself.
    fn bytes(notation: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (position, part) in notation.split('\'').enumerate() {
            if position % 2 == 1 {
                bytes.extend(part.as_bytes());
            } else {
                for byte in part.split_whitespace() {
                    bytes.push(u8::from_str_radix(byte, 16).expect("the case is hexadecimal"));
                }
            }
        }
        bytes
    }

    fn number(text: &str) -> Value {
        Value::Number(match text {
            "infinity" => Number::INFINITY,
            "-infinity" => Number::NEGATIVE_INFINITY,
            digits => digits.parse().expect("the case is a number"),
        })
    }

    fn list<const N: usize>(elements: [Value; N]) -> Value {
        Value::List(elements.into())
    }

    fn map<const N: usize>(elements: [(&str, Value); N]) -> Value {
        Value::Map(elements.map(|(key, value)| (key.to_owned(), value)).into())
    }

    fn dynamic(json: &str, value: Value) -> Value {
        Value::Dynamic(Box::new((ty(json), value)))
    }

    fn check(encoded: &str, json: &str, expected: Value) {
        assert_eq!(
            decode(&bytes(encoded), &ty(json)),
            Ok(expected),
            "{encoded} as {json}"
        );
    }

    fn check_error(encoded: &str, json: &str, expected: &str) {
        match decode(&bytes(encoded), &ty(json)) {
            Ok(value) => panic!("{encoded} as {json} was taken for {value:?}"),
            Err(error) => assert_eq!(error.to_string(), expected, "{encoded} as {json}"),
        }
    }

    fn check_encoded(value: Value, json: &str, expected: &str) {
        assert_eq!(
            encode(&value, &ty(json)),
            bytes(expected),
            "{value:?} as {json}"
        );
    }

    /// One type of each kind.
    const TYPES: [&str; 9] = [
        r#""string""#,
        r#""number""#,
        r#""bool""#,
        r#""dynamic""#,
        r#"["list","string"]"#,
        r#"["set","string"]"#,
        r#"["map","string"]"#,
        r#"["tuple",["string"]]"#,
        r#"["object",{"a":"string"}]"#,
    ];

    #[test]
    fn null_is_read_and_written_for_every_type() {
        for json in TYPES {
            check("c0", json, Value::Null);
            check_encoded(Value::Null, json, "c0");
        }
    }

    #[test]
    fn every_extension_is_unknown_for_every_type() {
        for json in TYPES {
            for encoded in [
                "d4 00 00",
                "d4 0c 80",
                "d5 0c 81 01",
                "d6 00 00 00 00 00",
                "d7 00 00 00 00 00 00 00 00 00",
                "d8 ff 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
                "c7 00 00",
                "c7 07 0c 82 01 c2 02 a2 'p-'",
                "c8 00 01 0c 80",
                "c9 00 00 00 01 0c 80",
            ] {
                check(encoded, json, Value::Unknown);
            }
            check_encoded(Value::Unknown, json, "d4 00 00");
        }
        let body = "00 ".repeat(1024);
        check(
            &format!("c8 04 00 0c {body}"),
            r#""string""#,
            Value::Unknown,
        );
        check_error(
            &format!("c8 04 01 0c {body} 00"),
            r#""string""#,
            "(root): the extension for an unknown value has 1025 bytes, more than 1024",
        );
        check_error(
            "c9 ff ff ff ff 0c",
            r#"["list","string"]"#,
            "(root): the extension for an unknown value has 4294967295 bytes, more than 1024",
        );
    }

    #[test]
    fn a_string_may_come_as_text_or_as_bytes_of_any_width() {
        for encoded in [
            "a2 'hi'",
            "d9 02 'hi'",
            "da 00 02 'hi'",
            "db 00 00 00 02 'hi'",
            "c4 02 'hi'",
            "c5 00 02 'hi'",
            "c6 00 00 00 02 'hi'",
        ] {
            check(encoded, r#""string""#, "hi".into());
        }
        check("a0", r#""string""#, "".into());
        check("a4 'na' c3 af", r#""string""#, "naï".into());
        check("a1 00", r#""string""#, "\0".into());
    }

    #[test]
    fn text_takes_its_shortest_form() {
        let json = r#""string""#;
        check_encoded("".into(), json, "a0");
        check_encoded("hi".into(), json, "a2 'hi'");
        for (length, head) in [
            (31, "bf"),
            (32, "d9 20"),
            (255, "d9 ff"),
            (256, "da 01 00"),
            (65_535, "da ff ff"),
            (65_536, "db 00 01 00 00"),
        ] {
            let text = "x".repeat(length);
            check_encoded(
                Value::string(text.as_str()),
                json,
                &format!("{head} '{text}'"),
            );
        }
    }

    #[test]
    fn a_number_may_come_in_every_form() {
        let check = |encoded: &str, text: &str| check(encoded, r#""number""#, number(text));
        check("00", "0");
        check("7f", "127");
        check("ff", "-1");
        check("e0", "-32");
        check("cc 05", "5");
        check("cd 01 00", "256");
        check("ce 00 01 00 00", "65536");
        check("cf ff ff ff ff ff ff ff ff", "18446744073709551615");
        check("d0 80", "-128");
        check("d1 80 00", "-32768");
        check("d2 80 00 00 00", "-2147483648");
        check("d3 80 00 00 00 00 00 00 00", "-9223372036854775808");
        check("d3 00 00 00 00 00 00 00 07", "7");
        check("ca 3f 00 00 00", "0.5");
        check("cb 3f f8 00 00 00 00 00 00", "1.5");
        check("cb 80 00 00 00 00 00 00 00", "0");
        check("cb 7f f0 00 00 00 00 00 00", "infinity");
        check("ca ff 80 00 00", "-infinity");
        check("a3 '0.1'", "0.1");
        check("a4 '1e-2'", "0.01");
        check("d9 13 '9223372036854775808'", "9223372036854775808");
    }

    #[test]
    fn a_number_is_written_as_decimal_text() {
        let check = |text: &str, expected: &str| {
            check_encoded(number(text), r#""number""#, expected);
        };
        check("0", "a1 '0'");
        check("3600", "a4 '3600'");
        check("-1", "a2 '-1'");
        check("9223372036854775808", "b3 '9223372036854775808'");
        check("-9223372036854775809", "b4 '-9223372036854775809'");
        check("0.1", "a3 '0.1'");
        check("1.50", "a3 '1.5'");
        check("infinity", "cb 7f f0 00 00 00 00 00 00");
        check("-infinity", "cb ff f0 00 00 00 00 00 00");
    }

    #[test]
    fn a_number_keeps_ten_thousand_digits_and_has_a_limit() {
        let digits = "7".repeat(10_000);
        let encoded = format!("da 27 10 '{digits}'");
        check(&encoded, r#""number""#, number(&digits));
        check_encoded(number(&digits), r#""number""#, &encoded);

        let too_many = "7".repeat(MAX_DIGITS + 1);
        check_error(
            &format!("db 00 01 00 01 '{too_many}'"),
            r#""number""#,
            "(root): expected number, but this is a number with more than 65536 digits",
        );
        check_error(
            "ab '1e999999999'",
            r#""number""#,
            "(root): expected number, but this is a number with more than 65536 digits",
        );
        check_error(
            "a5 'seven'",
            r#""number""#,
            "(root): expected number, but this is not a decimal number",
        );
        for nan in ["ca 7f c0 00 00", "cb 7f f8 00 00 00 00 00 00"] {
            check_error(
                nan,
                r#""number""#,
                "(root): expected number, but this is NaN, which is not a number",
            );
        }
    }

    #[test]
    fn bools() {
        check("c2", r#""bool""#, false.into());
        check("c3", r#""bool""#, true.into());
        check_encoded(false.into(), r#""bool""#, "c2");
        check_encoded(true.into(), r#""bool""#, "c3");
    }

    #[test]
    fn lists_and_tuples_keep_their_order() {
        let elements = list(["b".into(), Value::Null, Value::Unknown, "b".into()]);
        for head in ["94", "dc 00 04", "dd 00 00 00 04"] {
            check(
                &format!("{head} a1 'b' c0 d4 00 00 a1 'b'"),
                r#"["list","string"]"#,
                elements.clone(),
            );
        }
        check_encoded(
            elements,
            r#"["list","string"]"#,
            "94 a1 'b' c0 d4 00 00 a1 'b'",
        );
        check("90", r#"["list","string"]"#, list([]));
        check("90", r#"["tuple",[]]"#, list([]));

        let pair = r#"["tuple",["string","number"]]"#;
        check("92 a1 'b' 07", pair, list(["b".into(), 7.into()]));
        check_encoded(list(["b".into(), 7.into()]), pair, "92 a1 'b' a1 '7'");
        check_error(
            "91 a1 'b'",
            pair,
            "(root): expected tuple of 2 elements, found 1 elements",
        );
        check_error(
            "93 a1 'b' 07 07",
            pair,
            "(root): expected tuple of 2 elements, found 3 elements",
        );
        check_error(
            "92 a1 'b' a1 'b' 07",
            pair,
            "[1]: expected number, but this is not a decimal number",
        );
    }

    #[test]
    fn a_set_keeps_each_known_element_once() {
        let set = r#"["set","string"]"#;
        check(
            "93 a1 'b' a1 'a' a1 'b'",
            set,
            list(["b".into(), "a".into()]),
        );
        check("92 c0 c0", set, list([Value::Null]));
        check(
            "92 d4 00 00 d4 00 00",
            set,
            list([Value::Unknown, Value::Unknown]),
        );
        check(
            "92 81 a1 'a' d4 00 00 81 a1 'a' d4 00 00",
            r#"["set",["object",{"a":"string"}]]"#,
            list([map([("a", Value::Unknown)]), map([("a", Value::Unknown)])]),
        );
        check("92 01 a3 '1.0'", r#"["set","number"]"#, list([1.into()]));
        check_encoded(list(["b".into(), "a".into()]), set, "92 a1 'b' a1 'a'");
    }

    #[test]
    fn maps_come_in_any_order_and_leave_sorted() {
        let json = r#"["map","number"]"#;
        let elements = map([("a", 1.into()), ("b", Value::Unknown), ("c", Value::Null)]);
        for head in ["83", "de 00 03", "df 00 00 00 03"] {
            check(
                &format!("{head} a1 'c' c0 c4 01 'a' 01 d9 01 'b' d4 00 00"),
                json,
                elements.clone(),
            );
        }
        check_encoded(elements, json, "83 a1 'a' a1 '1' a1 'b' d4 00 00 a1 'c' c0");
        check("80", json, map([]));
        check("81 a0 01", json, map([("", 1.into())]));
        check_error(
            "82 a1 'a' 01 a1 'a' 02",
            json,
            "(root): \"a\" occurs more than once",
        );
        check_error(
            "81 01 01",
            json,
            "(root): expected a string as key, found number",
        );
        check_error(
            "81 c0 01",
            json,
            "(root): expected a string as key, found null",
        );
        check_error(
            "81 a1 ff 01",
            json,
            "(root): not valid UTF-8 from byte 0 of the text",
        );
        check_error("81 a1 'a' c2", json, "[\"a\"]: expected number, found bool");
    }

    #[test]
    fn an_object_needs_exactly_its_attributes() {
        let json = r#"["object",{"a":"string","b":"number"}]"#;
        let object = map([("a", "x".into()), ("b", 2.into())]);
        check("82 a1 'a' a1 'x' a1 'b' 02", json, object.clone());
        check("82 a1 'b' 02 a1 'a' a1 'x'", json, object.clone());
        check_encoded(object, json, "82 a1 'a' a1 'x' a1 'b' a1 '2'");
        check("80", r#"["object",{}]"#, map([]));
        check_error(
            "80",
            json,
            "(root): expected object with 2 attributes, found 0: \"a\" is missing",
        );
        check_error(
            "81 a1 'a' c0",
            json,
            "(root): expected object with 2 attributes, found 1: \"b\" is missing",
        );
        check_error(
            "83 a1 'a' c0 a1 'b' c0 a1 'c' c0",
            json,
            "(root): unsupported attribute \"c\"",
        );
        check_error(
            "82 a1 'a' c0 a1 'a' c0",
            json,
            "(root): \"a\" occurs more than once",
        );
        let long = "n".repeat(200);
        check_error(
            &format!("81 d9 c8 '{long}' c0"),
            json,
            &format!("(root): unsupported attribute \"{}\"...", "n".repeat(80)),
        );
    }

    #[test]
    fn an_object_is_written_with_all_attributes_of_its_type() {
        let json = r#"["object",{"b":"number","a":["list","string"],"c":["object",{"d":"bool"}]}]"#;
        check_encoded(
            map([("b", 2.into()), ("c", map([]))]),
            json,
            "83 a1 'a' c0 a1 'b' a1 '2' a1 'c' 81 a1 'd' c0",
        );
        check_encoded(map([]), json, "83 a1 'a' c0 a1 'b' c0 a1 'c' c0");
    }

    #[test]
    fn value_of_another_type_is_written_unchanged() {
        check_encoded("x".into(), r#""number""#, "a1 'x'");
        check_encoded(true.into(), r#"["list","string"]"#, "c3");
        check_encoded(list([1.into()]), r#""string""#, "91 01");
        check_encoded(list([1.into()]), r#"["tuple",[]]"#, "91 01");
        check_encoded(map([("a", 1.into())]), r#""string""#, "81 a1 'a' 01");
        check_encoded(
            map([("typo", 1.into())]),
            r#"["object",{"a":"string","z":"string"}]"#,
            "83 a1 'a' c0 a4 'typo' 01 a1 'z' c0",
        );
    }

    #[test]
    fn dynamic_value_has_its_type() {
        let json = r#""dynamic""#;
        let text = dynamic(r#""string""#, "x".into());
        check("92 c4 08 '\"string\"' a1 'x'", json, text.clone());
        check("92 a8 '\"string\"' a1 'x'", json, text.clone());
        check_encoded(text.clone(), json, "92 c4 08 '\"string\"' a1 'x'");
        check(
            "92 c4 08 '\"string\"' c0",
            json,
            dynamic(r#""string""#, Value::Null),
        );
        check(
            "92 c4 08 '\"number\"' d4 00 00",
            json,
            dynamic(r#""number""#, Value::Unknown),
        );
        check_encoded(
            dynamic(r#""number""#, Value::Unknown),
            json,
            "92 c4 08 '\"number\"' d4 00 00",
        );
        check(
            "92 92 c4 08 '\"string\"' a1 'x' 92 c4 06 '\"bool\"' c3",
            r#"["list","dynamic"]"#,
            list([text.clone(), dynamic(r#""bool""#, true.into())]),
        );
        check(
            "92 c4 12 '[\"list\",\"dynamic\"]' 91 92 c4 08 '\"string\"' a1 'x'",
            json,
            dynamic(r#"["list","dynamic"]"#, list([text.clone()])),
        );
        check(
            "92 c4 09 '\"dynamic\"' 92 c4 08 '\"string\"' a1 'x'",
            json,
            text,
        );
        check("92 c4 09 '\"dynamic\"' c0", json, Value::Null);
        check("92 c4 09 '\"dynamic\"' d4 00 00", json, Value::Unknown);
    }

    #[test]
    fn malformed_dynamic_value_is_refused() {
        let json = r#"["map","dynamic"]"#;
        let check = |encoded: &str, expected: &str| {
            check_error(
                &format!("81 a1 'k' {encoded}"),
                json,
                &format!("[\"k\"]: {expected}"),
            );
        };
        check("c3", "expected a pair of type and value, found bool");
        check("a1 'x'", "expected a pair of type and value, found string");
        check("80", "expected a pair of type and value, found map");
        check("90", "expected a pair of type and value, found a list of 0");
        check(
            "93 c0 c0 c0",
            "expected a pair of type and value, found a list of 3",
        );
        check("92 c0 c0", "expected a type before the value, found null");
        check(
            "92 91 c0 c0",
            "expected a type before the value, found list",
        );
        check(
            "92 d4 00 00 c0",
            "expected a type before the value, found unknown",
        );
        let no_type = "the type before the value is not a type constraint";
        check("92 c4 00 c0", no_type);
        check("92 c4 06 'secret' c0", no_type);
        check("92 c4 08 '\"secret\"' c0", no_type);
        check("92 c4 0a '\"string\" 1' c0", no_type);
        check("92 c4 04 ff ff ff ff c0", no_type);
        check("92 c4 08 '\"number\"' c3", "expected number, found bool");
    }

    #[test]
    fn another_kind_of_value_is_named_and_not_shown() {
        let kinds = [
            ("c3", "bool"),
            ("07", "number"),
            ("cb 3f f8 00 00 00 00 00 00", "number"),
            ("a6 'secret'", "string"),
            ("c4 06 'secret'", "bytes"),
            ("91 c3", "list"),
            ("81 a1 'a' c3", "map"),
            ("c1", "the unused byte c1"),
        ];
        let check = |json: &str, fitting: &[&str]| {
            for (encoded, found) in kinds {
                if !fitting.contains(&found) {
                    let expected = format!("(root): expected {}, found {found}", ty(json));
                    check_error(encoded, json, &expected);
                }
            }
        };
        check(r#""string""#, &["string", "bytes"]);
        check(r#""number""#, &["number", "string"]);
        check(r#""bool""#, &["bool"]);
        check(r#"["list","bool"]"#, &["list"]);
        check(r#"["set","bool"]"#, &["list"]);
        check(r#"["tuple",["bool"]]"#, &["list"]);
        check(r#"["map","bool"]"#, &["map"]);
        check(r#"["object",{"a":"bool"}]"#, &["map"]);
    }

    #[test]
    fn an_error_names_its_place() {
        let json = r#"["object",{"a":["list",["map",["tuple",["bool","string"]]]]}]"#;
        check_error(
            "81 a1 'a' 92 80 81 a1 'k' 92 c3 a2 ff fe",
            json,
            "a[1][\"k\"][1]: not valid UTF-8 from byte 0 of the text",
        );
        check_error(
            "81 a1 'a' 91 81 a1 'k' 92 c0 a3 'ab' ff",
            json,
            "a[0][\"k\"][1]: not valid UTF-8 from byte 2 of the text",
        );
        check_error(
            "81 a1 'a' 91 81 a1 'k' 92 c3 c3",
            json,
            "a[0][\"k\"][1]: expected string, found bool",
        );
        // A path has no step into a set.
        check_error(
            "81 a1 'a' 92 81 a1 'b' c3 81 a1 'b' 01",
            r#"["object",{"a":["set",["object",{"b":"bool"}]]}]"#,
            "a.b: expected bool, found number",
        );
    }

    #[test]
    fn an_early_or_late_end_is_an_error() {
        let string = r#""string""#;
        check_error(
            "",
            string,
            "(root): the input ends where a value should begin",
        );
        check_error(
            "c0 c0",
            string,
            "(root): the value ends 1 bytes before the input",
        );
        check_error(
            "a1 'xyz'",
            string,
            "(root): the value ends 2 bytes before the input",
        );
        check_error(
            "a5 'xy'",
            string,
            "(root): 5 bytes announced, but the input ends after 2 more bytes",
        );
        check_error("d9", string, "(root): the input ends within a value");
        check_error("da 00", string, "(root): the input ends within a value");
        check_error("d4", string, "(root): the input ends within a value");
        check_error(
            "d4 00",
            string,
            "(root): 1 bytes announced, but the input ends after 0 more bytes",
        );
        check_error(
            "cd 01",
            r#""number""#,
            "(root): the input ends within a value",
        );
        check_error(
            "cb 3f f8",
            r#""number""#,
            "(root): the input ends within a value",
        );
        check_error(
            "91",
            r#"["list","string"]"#,
            "(root): 1 elements announced, but the input ends after 0 more bytes",
        );
        check_error(
            "92 d9 02 'ab'",
            r#"["list","string"]"#,
            "[1]: the input ends where a value should begin",
        );
        check_error(
            "82 a1 'a' c0",
            r#"["map","string"]"#,
            "(root): 2 elements announced, but the input ends after 3 more bytes",
        );
    }

    #[test]
    fn announced_length_allocates_nothing() {
        let started = Instant::now();
        for (encoded, json) in [
            ("db ff ff ff ff", r#""string""#),
            ("c6 ff ff ff ff", r#""string""#),
            ("dd ff ff ff ff c0", r#"["list","string"]"#),
            ("dd ff ff ff ff c0", r#"["set","string"]"#),
            ("dd ff ff ff ff c0", r#""dynamic""#),
            ("df ff ff ff ff c0", r#"["map","string"]"#),
            ("df ff ff ff ff a1 'a' c0", r#"["object",{"a":"string"}]"#),
        ] {
            assert!(decode(&bytes(encoded), &ty(json)).is_err(), "{encoded}");
        }
        assert!(started.elapsed() < Duration::from_secs(1));
    }

    /// Lists within lists, as many as `levels`.
    fn nested_lists(levels: usize) -> (Type, Vec<u8>) {
        let ty = (0..levels).fold(Type::String, |inner, _| Type::List(Box::new(inner)));
        let mut encoded = vec![0x91; levels];
        encoded.push(0xc0);
        (ty, encoded)
    }

    #[test]
    fn depth_limit_is_enforced() {
        let (ty, encoded) = nested_lists(MAX_DEPTH);
        let value = decode(&encoded, &ty).expect("nested as deeply as allowed");
        assert_eq!(encode(&value, &ty), encoded);

        let (ty, encoded) = nested_lists(MAX_DEPTH + 1);
        let error = decode(&encoded, &ty).expect_err("nested too deeply");
        assert_eq!(error.reason, "nested more than 100 levels deep");
        assert_eq!(error.path.steps().len(), MAX_DEPTH + 1);

        // Each pair has the type `dynamic` again, until the input ends.
        let wrapped = bytes("92 c4 09 '\"dynamic\"'").repeat(1_000_000);
        let error = decode(&wrapped, &Type::Dynamic).expect_err("nested too deeply");
        assert_eq!(
            error.to_string(),
            "(root): nested more than 100 levels deep"
        );

        // The type itself is nested too deeply.
        let json = format!(
            "{}\"string\"{}",
            "[\"list\",".repeat(5_000),
            "]".repeat(5_000)
        );
        let mut encoded = vec![0x92, 0xc5];
        encoded.extend(
            u16::try_from(json.len())
                .expect("a short type")
                .to_be_bytes(),
        );
        encoded.extend(json.as_bytes());
        encoded.push(0xc0);
        assert!(decode(&encoded, &Type::Dynamic).is_err());
    }

    #[test]
    fn large_values_pass_quickly() {
        let started = Instant::now();
        let text = Value::string("ä".repeat(25_000_000));
        let encoded = encode(&text, &Type::String);
        assert_eq!(encoded.len(), 50_000_005);
        assert!(decode(&encoded, &Type::String) == Ok(text));

        // Each element is compared with all others, which must not take quadratic time.
        let set = Type::Set(Box::new(Type::Number));
        let numbers: Vec<Value> = (0..200_000).map(Value::from).collect();
        let twice: Vec<Value> = numbers.iter().chain(&numbers).cloned().collect();
        let decoded = decode(&encode(&Value::List(twice), &set), &set);
        assert!(decoded == Ok(Value::List(numbers)));
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "{:?}",
            started.elapsed()
        );
    }

    fn config() -> ProptestConfig {
        ProptestConfig {
            // What is found becomes a case above.
            failure_persistence: None,
            ..ProptestConfig::default()
        }
    }

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn written_value_is_read_unchanged((ty, value) in typed_values(true)) {
            prop_assert_eq!(decode(&encode(&value, &ty), &ty), Ok(value));
        }

        #[test]
        fn truncated_values_are_errors((ty, value) in typed_values(true)) {
            let encoded = encode(&value, &ty);
            for end in 0..encoded.len() {
                prop_assert!(decode(&encoded[..end], &ty).is_err(), "cut at {}", end);
            }
        }

        /// Damaged input is an error or another value; that value then is a sound one.
        #[test]
        fn damaged_inputs_do_not_panic(
            (ty, value) in typed_values(true),
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        ) {
            let mut encoded = encode(&value, &ty);
            for (position, byte) in damage {
                let position = position.index(encoded.len());
                encoded[position] = byte;
            }
            if let Ok(value) = decode(&encoded, &ty) {
                prop_assert_eq!(decode(&encode(&value, &ty), &ty), Ok(value));
            }
        }

        #[test]
        fn random_inputs_do_not_panic(
            (ty, _) in typed_values(true),
            noise in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            if let Ok(value) = decode(&noise, &ty) {
                prop_assert_eq!(decode(&encode(&value, &ty), &ty), Ok(value));
            }
        }
    }
}
