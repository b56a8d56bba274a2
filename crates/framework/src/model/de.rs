//! From an object to a model.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{
    Deserializer,
    de::{
        DeserializeSeed, EnumAccess, Error, Expected, IntoDeserializer, MapAccess, SeqAccess,
        Unexpected, VariantAccess, Visitor,
        value::{StrDeserializer, StringDeserializer},
    },
    forward_to_deserialize_any,
};

use super::{ModelError, field::FIELD};
use crate::{
    number::{NUMBER, Number},
    path::Step,
    value::Value,
};

/// Serde's own wordings show values; these do not.
impl Error for ModelError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::expected(expected, shape(found))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::expected(expected, &format!("another {}", shape(found)))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        let quoted: Vec<String> = expected.iter().map(|name| format!("\"{name}\"")).collect();
        Self::expected(quoted.join(" or "), "another string")
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self::new("the model has no such attribute").below(Step::Attribute(field.to_owned()))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new("the object has no such attribute").below(Step::Attribute(field.to_owned()))
    }
}

fn shape(found: Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "bool",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "number",
        Unexpected::Char(_) | Unexpected::Str(_) => "string",
        Unexpected::Option | Unexpected::Unit => "null",
        Unexpected::Seq => "list",
        Unexpected::Map => "map",
        _ => "value",
    }
}

/// A whole object: as its value, but not copied into one.
pub(super) struct ObjectReader<'de>(pub(super) &'de BTreeMap<String, Value>);

impl<'de> Deserializer<'de> for ObjectReader<'de> {
    type Error = ModelError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        Err(ModelError::expected(AsExpected(&visitor), "object"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ModelError> {
        read_struct(self.0, fields, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ModelError> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq
        tuple tuple_struct map enum identifier ignored_any
    }
}

fn read_struct<'de, V: Visitor<'de>>(
    attributes: &'de BTreeMap<String, Value>,
    fields: &'static [&'static str],
    visitor: V,
) -> Result<V::Value, ModelError> {
    if let Some(name) = attributes
        .keys()
        .find(|name| !fields.contains(&name.as_str()))
    {
        return Err(ModelError::unknown_field(name, fields));
    }
    visitor.visit_map(StructReader {
        attributes,
        fields,
        next: 0,
    })
}

/// The members of a struct, in its order; what the object lacks is null.
struct StructReader<'de> {
    attributes: &'de BTreeMap<String, Value>,
    fields: &'static [&'static str],
    /// The index of the member whose key comes next.
    next: usize,
}

impl<'de> StructReader<'de> {
    /// The member whose key was read, and its value.
    fn current(&self) -> (&'static str, &'de Value) {
        let name = self.fields[self.next - 1];
        (name, self.attributes.get(name).unwrap_or(&Value::Null))
    }
}

impl<'de> MapAccess<'de> for StructReader<'de> {
    type Error = ModelError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ModelError> {
        let index = self.next;
        if index == self.fields.len() {
            return Ok(None);
        }
        self.next += 1;
        seed.deserialize(MemberReader {
            index,
            name: self.fields[index],
        })
        .map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, ModelError> {
        let (name, value) = self.current();
        seed.deserialize(ValueReader(value))
            .map_err(|error| below_attribute(error, name))
    }
}

/// Which member of a struct comes next.
struct MemberReader {
    index: usize,
    name: &'static str,
}

impl<'de> Deserializer<'de> for MemberReader {
    type Error = ModelError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        visitor.visit_str(self.name)
    }

    /// What derived models ask for. Serde numbers their members as `fields` lists them; by name each model would compare its
    /// texts in code of its own.
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        visitor.visit_u64(u64::try_from(self.index).unwrap_or(u64::MAX))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq
        newtype_struct tuple tuple_struct map struct enum ignored_any
    }
}

/// Apart from the models, of which each has a copy of what it is read by.
#[cold]
#[inline(never)]
fn below_attribute(error: ModelError, name: &str) -> ModelError {
    error.below(Step::Attribute(name.to_owned()))
}

#[cold]
#[inline(never)]
fn below_index(error: ModelError, index: i64) -> ModelError {
    error.below(Step::Index(index))
}

/// One value.
#[derive(Clone, Copy)]
pub(super) struct ValueReader<'de>(pub(super) &'de Value);

/// What a visitor expects, as text.
pub(super) struct AsExpected<'a>(pub(super) &'a dyn Expected);

impl fmt::Display for AsExpected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> ValueReader<'de> {
    /// A whole number of a type, whose range is named where it is another value.
    #[inline(never)]
    fn integer<T: FromStr>(self, range: fn() -> String) -> Result<T, ModelError> {
        let Value::Number(number) = self.0 else {
            return Err(self.other_than(&range()));
        };
        number
            .decimal()
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| ModelError::expected(range(), "another number"))
    }

    #[inline(never)]
    fn text(self) -> Result<&'de str, ModelError> {
        match self.0 {
            Value::String(text) => Ok(text),
            _ => Err(self.other_than("string")),
        }
    }

    #[cold]
    #[inline(never)]
    fn other_than(self, expected: &str) -> ModelError {
        ModelError {
            unknown: matches!(self.0, Value::Unknown),
            ..ModelError::expected(expected, self.0.shape())
        }
    }
}

/// Integers are read from the number's digits: nothing is rounded on the way.
macro_rules! integers {
    ($($method:ident $visit:ident $integer:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
            let range = || format!("a whole number from {} to {}", $integer::MIN, $integer::MAX);
            visitor.$visit(self.integer(range)?)
        }
    )*};
}

impl<'de> Deserializer<'de> for ValueReader<'de> {
    type Error = ModelError;

    /// Asked by untagged enums and flattened structs, for which values would have to be guessed.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        Err(self.other_than(&AsExpected(&visitor).to_string()))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        match self.0 {
            Value::Bool(value) => visitor.visit_bool(*value),
            _ => Err(self.other_than("bool")),
        }
    }

    integers! {
        deserialize_i8 visit_i8 i8
        deserialize_i16 visit_i16 i16
        deserialize_i32 visit_i32 i32
        deserialize_i64 visit_i64 i64
        deserialize_i128 visit_i128 i128
        deserialize_u8 visit_u8 u8
        deserialize_u16 visit_u16 u16
        deserialize_u32 visit_u32 u32
        deserialize_u64 visit_u64 u64
        deserialize_u128 visit_u128 u128
    }

    /// Only a number that the float stands for exactly, by its shortest text.
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        let Value::Number(number) = self.0 else {
            return Err(self.other_than("number"));
        };
        let float: Option<f64> = match number.decimal() {
            Some(digits) => digits.parse().ok(),
            None if *number == Number::INFINITY => Some(f64::INFINITY),
            None => Some(f64::NEG_INFINITY),
        };
        match float.filter(|float| Number::from_f64(*float).as_ref() == Ok(number)) {
            Some(float) => visitor.visit_f64(float),
            None => Err(ModelError::expected(
                "a number of at most 15 significant digits",
                "another number",
            )),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ModelError> {
        match (name, self.0) {
            (FIELD, Value::Null) => visitor.visit_none(),
            (FIELD, Value::Unknown) => visitor.visit_unit(),
            (FIELD, _) => visitor.visit_seq(PartsReader(self)),
            (NUMBER, Value::Number(number)) => visitor.visit_string(number.to_string()),
            (NUMBER, _) => Err(self.other_than("number")),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        match self.0 {
            Value::List(elements) => {
                let mut reader = ListReader {
                    elements: elements.iter(),
                    index: 0,
                };
                let read = visitor.visit_seq(&mut reader)?;
                match reader.elements.len() {
                    0 => Ok(read),
                    _ => Err(ModelError::expected(
                        format!("{} elements", reader.index),
                        "more",
                    )),
                }
            }
            _ => Err(self.other_than("list")),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, ModelError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        match self.0 {
            Value::Map(elements) => visitor.visit_map(MapReader {
                elements: elements.iter(),
                next: None,
            }),
            _ => Err(self.other_than("map")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ModelError> {
        match self.0 {
            Value::Map(attributes) => read_struct(attributes, fields, visitor),
            _ => Err(self.other_than("object")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ModelError> {
        match self.0 {
            Value::String(text) => visitor.visit_enum(VariantReader(text)),
            _ => Err(self.other_than("string")),
        }
    }

    forward_to_deserialize_any! {
        f32 char bytes byte_buf unit unit_struct tuple_struct identifier ignored_any
    }
}

/// The value of a field: one element, or none if a part of it is unknown where the model has no field.
struct PartsReader<'de>(ValueReader<'de>);

impl<'de> SeqAccess<'de> for PartsReader<'de> {
    type Error = ModelError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ModelError> {
        match seed.deserialize(self.0) {
            Err(error) if error.unknown => Ok(None),
            read => read.map(Some),
        }
    }
}

/// A variant without content, named by text.
pub(super) struct VariantReader<'de>(pub(super) &'de str);

impl<'de> EnumAccess<'de> for VariantReader<'de> {
    type Error = ModelError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self), ModelError> {
        let variant = seed.deserialize(StrDeserializer::<ModelError>::new(self.0))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for VariantReader<'de> {
    type Error = ModelError;

    fn unit_variant(self) -> Result<(), ModelError> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, _: S) -> Result<S::Value, ModelError> {
        Err(ModelError::expected("a variant with content", "string"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, ModelError> {
        Err(ModelError::expected("a variant with content", "string"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, ModelError> {
        Err(ModelError::expected("a variant with content", "string"))
    }
}

/// The elements of a list, a set or a tuple.
struct ListReader<'de> {
    elements: std::slice::Iter<'de, Value>,
    index: i64,
}

impl<'de> SeqAccess<'de> for &mut ListReader<'de> {
    type Error = ModelError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ModelError> {
        let Some(element) = self.elements.next() else {
            return Ok(None);
        };
        let index = self.index;
        self.index += 1;
        seed.deserialize(ValueReader(element))
            .map(Some)
            .map_err(|error| below_index(error, index))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.elements.len())
    }
}

/// The elements of a map.
struct MapReader<'de> {
    elements: std::collections::btree_map::Iter<'de, String, Value>,
    /// The element whose key was read.
    next: Option<(&'de String, &'de Value)>,
}

impl<'de> MapAccess<'de> for MapReader<'de> {
    type Error = ModelError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ModelError> {
        self.next = self.elements.next();
        let Some((key, _)) = self.next else {
            return Ok(None);
        };
        let key: StringDeserializer<ModelError> = key.clone().into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, ModelError> {
        let Some((key, value)) = self.next.take() else {
            return Err(ModelError::new("a value was asked for before its key"));
        };
        seed.deserialize(ValueReader(value))
            .map_err(|error| error.below(Step::Key(key.clone())))
    }
}
