//! Whether a model has exactly the attributes of a schema.

use std::collections::BTreeMap;

use serde::{
    Deserializer,
    de::{
        DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor,
        value::{StrDeserializer, StringDeserializer},
    },
    forward_to_deserialize_any,
};

use super::{
    Model, ModelError,
    de::{AsExpected, VariantReader},
    field::FIELD,
};
use crate::{
    number::NUMBER,
    path::Step,
    schema::{Attribute, AttributeKind, Block, Collection, NestedBlock, Nesting, Schema, Setting},
    types::Type,
};

/// Checks that the members of a model are exactly the attributes and blocks of a schema, at every depth, and of their
/// types. A member has to be a [`Field`](super::Field) where a value can be null or unknown, which is everything but a
/// required attribute, a collection of blocks, and an element of a collection; and where it is sensitive, so that
/// `Debug` does not show it.
///
/// Each type has a test that calls this: attributes of the schema that are missing in the model would otherwise show as
/// errors at run time.
///
/// The model is asked to read itself from a sample of such an object, in which each text is empty, each number 0, and
/// each enum the first variant. A member that reads text of its own form only is to accept the empty one.
///
/// # Errors
/// The first place where the two differ, with what each has there.
pub fn check<M: Model>(schema: &Schema) -> Result<(), ModelError> {
    M::deserialize(Sample {
        shape: Shape::Object(Members::of_block(&schema.block)),
        field: Presence::Always,
    })
    .map(drop)
}

/// A sample value at one place of a schema.
#[derive(Clone)]
struct Sample<'a> {
    shape: Shape<'a>,
    field: Presence,
}

#[derive(Clone)]
enum Shape<'a> {
    Plain(&'a Type),
    Object(Members<'a>),
    List(Box<Self>),
    Map(Box<Self>),
}

/// Why a member has to be a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Always,
    MayBeNull,
    Sensitive,
}

type Members<'a> = BTreeMap<&'a str, Sample<'a>>;

trait MembersOf<'a> {
    fn of_block(block: &'a Block) -> Self;
    fn of_attributes(attributes: &'a [Attribute]) -> Self;
}

impl<'a> MembersOf<'a> for Members<'a> {
    fn of_block(block: &'a Block) -> Self {
        let mut members = Self::of_attributes(&block.attributes);
        members.extend(block.blocks.iter().map(|block| (block.name, block.into())));
        members
    }

    fn of_attributes(attributes: &'a [Attribute]) -> Self {
        attributes
            .iter()
            .map(|attribute| (attribute.name, attribute.into()))
            .collect()
    }
}

impl<'a> From<&'a Attribute> for Sample<'a> {
    fn from(attribute: &'a Attribute) -> Self {
        Self {
            shape: match &attribute.kind {
                AttributeKind::Plain(ty) => Shape::Plain(ty),
                AttributeKind::Nested(collection, attributes) => {
                    Shape::collected(*collection, Members::of_attributes(attributes))
                }
            },
            field: if attribute.sensitive || attribute.write_only {
                Presence::Sensitive
            } else if attribute.setting == Setting::Required {
                Presence::Always
            } else {
                Presence::MayBeNull
            },
        }
    }
}

impl<'a> From<&'a NestedBlock> for Sample<'a> {
    fn from(nested: &'a NestedBlock) -> Self {
        Self {
            shape: Shape::collected(
                nested.nesting.collection(),
                Members::of_block(&nested.block),
            ),
            field: match nested.nesting {
                Nesting::Single { required: false } => Presence::MayBeNull,
                _ => Presence::Always,
            },
        }
    }
}

impl<'a> Shape<'a> {
    fn collected(collection: Collection, members: Members<'a>) -> Self {
        let object = Self::Object(members);
        match collection {
            Collection::Single => object,
            Collection::List | Collection::Set => Self::List(Box::new(object)),
            Collection::Map => Self::Map(Box::new(object)),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Plain(ty) => ty.to_string(),
            Self::Object(_) => "object".to_owned(),
            Self::List(_) => "list of objects".to_owned(),
            Self::Map(_) => "map of objects".to_owned(),
        }
    }
}

impl<'a> Sample<'a> {
    fn element(shape: Shape<'a>) -> Self {
        Self {
            shape,
            field: Presence::Always,
        }
    }

    /// The type of a value that the model reads as what it is, not as a field.
    fn bare(self) -> Result<Shape<'a>, ModelError> {
        match self.field {
            Presence::Always => Ok(self.shape),
            Presence::MayBeNull => Err(ModelError::new(
                "the value can be null or unknown, so that the model needs a Field here",
            )),
            Presence::Sensitive => Err(ModelError::new(
                "the value is sensitive, so that the model needs a Field here",
            )),
        }
    }

    fn plain(self, asked: &str) -> Result<&'a Type, ModelError> {
        match self.bare()? {
            Shape::Plain(ty) => Ok(ty),
            other => Err(differ(&other.name(), asked)),
        }
    }
}

fn differ(schema: &str, model: &str) -> ModelError {
    ModelError::new(format!("the schema has {schema}, the model {model}"))
}

/// Scalars are asked for by type.
macro_rules! scalars {
    ($($method:ident $ty:ident $visit:ident $sample:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
            match self.plain(AsExpected(&visitor).to_string().as_str())? {
                Type::$ty => visitor.$visit($sample),
                other => Err(differ(&other.to_string(), &AsExpected(&visitor).to_string())),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Sample<'_> {
    type Error = ModelError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        Err(differ(
            &self.shape.name(),
            &format!("{}, which is not supported", AsExpected(&visitor)),
        ))
    }

    scalars! {
        deserialize_bool Bool visit_bool false;
        deserialize_i8 Number visit_i8 0;
        deserialize_i16 Number visit_i16 0;
        deserialize_i32 Number visit_i32 0;
        deserialize_i64 Number visit_i64 0;
        deserialize_i128 Number visit_i128 0;
        deserialize_u8 Number visit_u8 0;
        deserialize_u16 Number visit_u16 0;
        deserialize_u32 Number visit_u32 0;
        deserialize_u64 Number visit_u64 0;
        deserialize_u128 Number visit_u128 0;
        deserialize_f64 Number visit_f64 0.0;
        deserialize_str String visit_str "";
        deserialize_string String visit_str "";
    }

    fn deserialize_option<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ModelError> {
        Err(differ(
            &self.shape.name(),
            "an Option, which cannot be unknown: use a Field",
        ))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ModelError> {
        match name {
            FIELD => visitor.visit_newtype_struct(Self::element(self.shape)),
            NUMBER => match self.plain("a number")? {
                Type::Number => visitor.visit_str("0"),
                other => Err(differ(&other.to_string(), "a number")),
            },
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        let element = match self.bare()? {
            Shape::List(element) => *element,
            Shape::Plain(Type::List(element) | Type::Set(element)) => Shape::Plain(element),
            other => return Err(differ(&other.name(), "a list")),
        };
        visitor.visit_seq(Elements(vec![element].into_iter()))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, ModelError> {
        match self.bare()? {
            Shape::Plain(Type::Tuple(elements)) if elements.len() == length => {
                let elements: Vec<Shape<'_>> = elements.iter().map(Shape::Plain).collect();
                visitor.visit_seq(Elements(elements.into_iter()))
            }
            other => Err(differ(
                &other.name(),
                &format!("a tuple of {length} elements"),
            )),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        let element = match self.bare()? {
            Shape::Map(element) => *element,
            Shape::Plain(Type::Map(element)) => Shape::Plain(element),
            other => return Err(differ(&other.name(), "a map")),
        };
        visitor.visit_map(OneKey(Some(element)))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ModelError> {
        let members: Members<'_> = match self.bare()? {
            Shape::Object(members) => members,
            Shape::Plain(Type::Object(attributes)) => attributes
                .iter()
                .map(|(name, ty)| (name.as_str(), Sample::element(Shape::Plain(ty))))
                .collect(),
            other => return Err(differ(&other.name(), &format!("the struct {name}"))),
        };
        let missing: Vec<&str> = members
            .keys()
            .filter(|name| !fields.contains(name))
            .copied()
            .collect();
        let surplus: Vec<&str> = fields
            .iter()
            .filter(|name| !members.contains_key(*name))
            .copied()
            .collect();
        if !missing.is_empty() || !surplus.is_empty() {
            return Err(ModelError::new(format!(
                "the struct {name} and the schema differ: only in the schema [{}], only in the struct [{}]",
                missing.join(", "),
                surplus.join(", ")
            )));
        }
        visitor.visit_map(SampleMembers {
            members: members.into_iter(),
            next: None,
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ModelError> {
        match (self.plain(name)?, variants.first()) {
            (Type::String, Some(first)) => visitor.visit_enum(VariantReader(first)),
            (other, _) => Err(differ(&other.to_string(), &format!("the enum {name}"))),
        }
    }

    forward_to_deserialize_any! {
        f32 char bytes byte_buf unit unit_struct tuple_struct identifier ignored_any
    }
}

struct Elements<'a>(std::vec::IntoIter<Shape<'a>>);

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = ModelError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ModelError> {
        let Some(shape) = self.0.next() else {
            return Ok(None);
        };
        seed.deserialize(Sample::element(shape))
            .map(Some)
            .map_err(|error| error.below(Step::Index(0)))
    }
}

struct OneKey<'a>(Option<Shape<'a>>);

impl<'de> MapAccess<'de> for OneKey<'_> {
    type Error = ModelError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ModelError> {
        if self.0.is_none() {
            return Ok(None);
        }
        let key: StringDeserializer<ModelError> = "key".to_owned().into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, ModelError> {
        let shape = self
            .0
            .take()
            .ok_or_else(|| ModelError::new("a value was asked for before its key"))?;
        seed.deserialize(Sample::element(shape))
            .map_err(|error| error.below(Step::Key("key".to_owned())))
    }
}

struct SampleMembers<'a> {
    members: std::collections::btree_map::IntoIter<&'a str, Sample<'a>>,
    next: Option<(&'a str, Sample<'a>)>,
}

impl<'de> MapAccess<'de> for SampleMembers<'_> {
    type Error = ModelError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ModelError> {
        self.next = self.members.next();
        let Some((name, _)) = &self.next else {
            return Ok(None);
        };
        seed.deserialize(StrDeserializer::<ModelError>::new(name))
            .map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, ModelError> {
        let (name, sample) = self
            .next
            .take()
            .ok_or_else(|| ModelError::new("a value was asked for before its name"))?;
        seed.deserialize(sample)
            .map_err(|error| error.below(Step::Attribute(name.to_owned())))
    }
}
