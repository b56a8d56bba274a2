//! Values as Terraform writes and reads them: MessagePack in a `DynamicValue`, shown to tests as JSON.
//!
//! Must not contain: schemas. The caller knows the type of a value.
//!
//! An unknown value, which JSON has no word for, is an object with the one key `(unknown)`, and a refinement behind it:
//! see [`unknown`] and [`unknown_text`]. Numbers are those that JSON and MessagePack share.

use std::io::Read;

use rmp::{Marker, decode, encode};
use serde_json::{Map, Value, json};

use super::HostError;
use crate::proto::tfplugin6::DynamicValue;

const UNKNOWN: &str = "(unknown)";

/// The extension type of a refined unknown value.
const REFINED: i8 = 12;

/// A value that is known only after apply.
pub fn unknown() -> Value {
    json!({ UNKNOWN: null })
}

/// Text that is known only after apply, but not to be null and to begin with a prefix, as `"prefix${...}"` is.
pub fn unknown_text(prefix: &str) -> Value {
    json!({ UNKNOWN: prefix })
}

/// For the wire.
pub fn dynamic(value: &Value) -> Option<DynamicValue> {
    let mut msgpack = Vec::new();
    write(&mut msgpack, value).expect("a vector takes everything");
    Some(DynamicValue {
        msgpack,
        json: Vec::new(),
    })
}

/// From the wire. Nothing, in either form, is null.
pub fn json(value: Option<&DynamicValue>) -> Result<Value, HostError> {
    let Some(value) = value else {
        return Ok(Value::Null);
    };
    if !value.json.is_empty() {
        return Ok(serde_json::from_slice(&value.json)?);
    }
    if value.msgpack.is_empty() {
        return Ok(Value::Null);
    }
    let mut rest = value.msgpack.as_slice();
    let value = read_value(&mut rest)?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err("there is something behind the value".into())
    }
}

fn write(out: &mut Vec<u8>, value: &Value) -> Result<(), HostError> {
    match value {
        Value::Null => encode::write_nil(out)?,
        Value::Bool(value) => encode::write_bool(out, *value)?,
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => drop(encode::write_sint(out, whole)?),
            (None, Some(number)) => encode::write_f64(out, number)?,
            (None, None) => return Err("a number that fits nowhere".into()),
        },
        Value::String(text) => encode::write_str(out, text)?,
        Value::Array(elements) => {
            encode::write_array_len(out, u32::try_from(elements.len())?)?;
            for element in elements {
                write(out, element)?;
            }
        }
        Value::Object(entries) => match entries.get(UNKNOWN) {
            Some(Value::String(prefix)) => {
                let mut body = Vec::new();
                encode::write_map_len(&mut body, 2)?;
                encode::write_sint(&mut body, 1)?;
                encode::write_bool(&mut body, false)?;
                encode::write_sint(&mut body, 2)?;
                encode::write_str(&mut body, prefix)?;
                encode::write_ext_meta(out, u32::try_from(body.len())?, REFINED)?;
                out.extend(body);
            }
            Some(_) => {
                encode::write_ext_meta(out, 1, 0)?;
                out.push(0);
            }
            None => {
                encode::write_map_len(out, u32::try_from(entries.len())?)?;
                for (key, value) in entries {
                    encode::write_str(out, key)?;
                    write(out, value)?;
                }
            }
        },
    }
    Ok(())
}

fn read_value(rest: &mut &[u8]) -> Result<Value, HostError> {
    let whole = *rest;
    let marker = decode::read_marker(rest).map_err(|error| error.0)?;
    let again = || whole;
    Ok(match marker {
        Marker::Null => Value::Null,
        Marker::True => true.into(),
        Marker::False => false.into(),
        Marker::F64 => {
            *rest = again();
            decode::read_f64(rest)?.into()
        }
        Marker::FixPos(_)
        | Marker::FixNeg(_)
        | Marker::U8
        | Marker::U16
        | Marker::U32
        | Marker::U64
        | Marker::I8
        | Marker::I16
        | Marker::I32
        | Marker::I64 => {
            *rest = again();
            decode::read_int::<i64, _>(rest)?.into()
        }
        Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => {
            *rest = again();
            let length = decode::read_str_len(rest)?;
            let mut bytes = vec![0; length as usize];
            rest.read_exact(&mut bytes)?;
            String::from_utf8(bytes)?.into()
        }
        Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => {
            *rest = again();
            let length = decode::read_array_len(rest)?;
            let elements = (0..length).map(|_| read_value(rest));
            Value::Array(elements.collect::<Result<_, _>>()?)
        }
        Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => {
            *rest = again();
            let mut entries = Map::new();
            for _ in 0..decode::read_map_len(rest)? {
                let Value::String(key) = read_value(rest)? else {
                    return Err("a key that is no text".into());
                };
                if entries.insert(key, read_value(rest)?).is_some() {
                    return Err("a key twice".into());
                }
            }
            Value::Object(entries)
        }
        Marker::FixExt1
        | Marker::FixExt2
        | Marker::FixExt4
        | Marker::FixExt8
        | Marker::FixExt16
        | Marker::Ext8
        | Marker::Ext16
        | Marker::Ext32 => {
            *rest = again();
            let meta = decode::read_ext_meta(rest)?;
            let mut body = vec![0; meta.size as usize];
            rest.read_exact(&mut body)?;
            unknown()
        }
        other => return Err(format!("{other:?} is not of Terraform's values").into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_unchanged_over_the_wire() {
        let check = |value: Value| {
            let read = json(dynamic(&value).as_ref()).expect("is a value");
            assert_eq!(read, value);
        };
        check(Value::Null);
        check(json!([
            true,
            false,
            0,
            -1,
            200,
            70000,
            -70000,
            1.5,
            "text",
            {},
            []
        ]));
        check(json!({ "a": { "b": unknown() }, "c": "x".repeat(70_000) }));
        assert_eq!(json(None).expect("is null"), Value::Null);
        let refined = dynamic(&unknown_text("p-"));
        assert_eq!(json(refined.as_ref()).expect("is unknown"), unknown());
        // As Terraform was seen to write them.
        let bytes = |value| dynamic(&value).expect("is there").msgpack;
        assert_eq!(bytes(unknown()), [0xd4, 0x00, 0x00]);
        assert_eq!(bytes(unknown_text("p-"))[..2], [0xc7, 0x07]);
        let broken = DynamicValue {
            msgpack: vec![0xc0, 0xc0],
            json: Vec::new(),
        };
        assert!(json(Some(&broken)).is_err());
    }
}
