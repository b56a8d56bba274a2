//! From a model to an object.

use std::{collections::BTreeMap, fmt::Display};

use serde::{
    Serialize, Serializer,
    ser::{
        Error, Impossible, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple,
        SerializeTupleStruct,
    },
};

use super::{ModelError, field::UNKNOWN};
use crate::{
    number::{NUMBER, Number, NumberError},
    path::Step,
    value::Value,
};

impl Error for ModelError {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(message.to_string())
    }
}

/// Writes one value.
pub(super) struct ValueWriter;

fn unsupported(what: &str) -> ModelError {
    ModelError::new(format!("a model cannot have {what}"))
}

/// The digits of an integer are a number.
fn number(digits: impl Display) -> Result<Value, ModelError> {
    let number = digits.to_string().parse();
    number
        .map(Value::Number)
        .map_err(|error: NumberError| ModelError::new(error.to_string()))
}

macro_rules! integers {
    ($($method:ident $integer:ident)*) => {$(
        fn $method(self, value: $integer) -> Result<Value, ModelError> {
            number(value)
        }
    )*};
}

impl Serializer for ValueWriter {
    type Ok = Value;
    type Error = ModelError;
    type SerializeSeq = ListWriter;
    type SerializeTuple = ListWriter;
    type SerializeTupleStruct = ListWriter;
    type SerializeTupleVariant = Impossible<Value, ModelError>;
    type SerializeMap = MapWriter;
    type SerializeStruct = StructWriter;
    type SerializeStructVariant = Impossible<Value, ModelError>;

    integers! {
        serialize_i8 i8
        serialize_i16 i16
        serialize_i32 i32
        serialize_i64 i64
        serialize_i128 i128
        serialize_u8 u8
        serialize_u16 u16
        serialize_u32 u32
        serialize_u64 u64
        serialize_u128 u128
    }

    fn serialize_bool(self, value: bool) -> Result<Value, ModelError> {
        Ok(value.into())
    }

    fn serialize_f32(self, _: f32) -> Result<Value, ModelError> {
        Err(unsupported("an f32"))
    }

    /// NaN becomes text: no number fits, and the server says of a value that does not fit where it is, and keeps the rest.
    fn serialize_f64(self, value: f64) -> Result<Value, ModelError> {
        Ok(Number::from_f64(value).map_or_else(|_| Value::string("NaN"), Value::Number))
    }

    fn serialize_char(self, value: char) -> Result<Value, ModelError> {
        Ok(Value::string(value))
    }

    fn serialize_str(self, text: &str) -> Result<Value, ModelError> {
        Ok(text.into())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<Value, ModelError> {
        Err(unsupported("bytes"))
    }

    fn serialize_none(self) -> Result<Value, ModelError> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, ModelError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value, ModelError> {
        Err(unsupported("a unit"))
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<Value, ModelError> {
        match name {
            UNKNOWN => Ok(Value::Unknown),
            _ => Err(unsupported("a unit struct")),
        }
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Value, ModelError> {
        Ok(variant.into())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Value, ModelError> {
        match (name, value.serialize(self)?) {
            (NUMBER, Value::String(digits)) => Number::from_display(&digits)
                .map(Value::Number)
                .map_err(|error| ModelError::new(error.to_string())),
            (_, value) => Ok(value),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<Value, ModelError> {
        Err(unsupported("a variant with content"))
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<ListWriter, ModelError> {
        Ok(ListWriter(Vec::with_capacity(length.unwrap_or_default())))
    }

    fn serialize_tuple(self, length: usize) -> Result<ListWriter, ModelError> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        length: usize,
    ) -> Result<ListWriter, ModelError> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, ModelError> {
        Err(unsupported("a variant with content"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<MapWriter, ModelError> {
        Ok(MapWriter::default())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<StructWriter, ModelError> {
        Ok(StructWriter(BTreeMap::new()))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, ModelError> {
        Err(unsupported("a variant with content"))
    }
}

/// Writes the elements of a list.
pub(super) struct ListWriter(Vec<Value>);

impl ListWriter {
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ModelError> {
        let index = i64::try_from(self.0.len()).unwrap_or(i64::MAX);
        let value = value
            .serialize(ValueWriter)
            .map_err(|error| error.below(Step::Index(index)))?;
        self.0.push(value);
        Ok(())
    }
}

impl SerializeSeq for ListWriter {
    type Ok = Value;
    type Error = ModelError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ModelError> {
        self.element(value)
    }

    fn end(self) -> Result<Value, ModelError> {
        Ok(Value::List(self.0))
    }
}

impl SerializeTuple for ListWriter {
    type Ok = Value;
    type Error = ModelError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ModelError> {
        self.element(value)
    }

    fn end(self) -> Result<Value, ModelError> {
        Ok(Value::List(self.0))
    }
}

impl SerializeTupleStruct for ListWriter {
    type Ok = Value;
    type Error = ModelError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ModelError> {
        self.element(value)
    }

    fn end(self) -> Result<Value, ModelError> {
        Ok(Value::List(self.0))
    }
}

/// Writes the elements of a map.
#[derive(Default)]
pub(super) struct MapWriter {
    elements: BTreeMap<String, Value>,
    key: String,
}

impl SerializeMap for MapWriter {
    type Ok = Value;
    type Error = ModelError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), ModelError> {
        match key.serialize(ValueWriter)? {
            Value::String(key) => {
                self.key = key;
                Ok(())
            }
            _ => Err(unsupported("a map whose keys are no strings")),
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ModelError> {
        let key = std::mem::take(&mut self.key);
        let value = value
            .serialize(ValueWriter)
            .map_err(|error| error.below(Step::Key(key.clone())))?;
        self.elements.insert(key, value);
        Ok(())
    }

    fn end(self) -> Result<Value, ModelError> {
        Ok(Value::Map(self.elements))
    }
}

/// Writes the members of a struct.
pub(super) struct StructWriter(BTreeMap<String, Value>);

impl SerializeStruct for StructWriter {
    type Ok = Value;
    type Error = ModelError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), ModelError> {
        let value = value
            .serialize(ValueWriter)
            .map_err(|error| error.below(Step::Attribute(name.to_owned())))?;
        self.0.insert(name.to_owned(), value);
        Ok(())
    }

    fn end(self) -> Result<Value, ModelError> {
        Ok(Value::Map(self.0))
    }
}
