//! One value of a model: null, unknown or known.

use std::{fmt, marker::PhantomData, ops::Deref};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, SeqAccess, Visitor},
};

/// By this name a deserializer knows that null and unknown are welcome.
pub(super) const FIELD: &str = "$framework::Field";
/// By this name the serializer knows an unknown value.
pub(super) const UNKNOWN: &str = "$framework::Field::Unknown";

/// A value that may be null or unknown.
///
/// `Debug` shows which of the three it is and never the value, because any value may be a secret.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field<T> {
    /// Not set.
    #[default]
    Null,
    /// Known only after apply.
    Unknown,
    /// A value.
    Known(T),
}

impl<T> Field<T> {
    /// The value, if it is known and not null.
    #[must_use]
    pub fn as_known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// The value, if it is known and not null; for text as `&str`.
    #[must_use]
    pub fn as_deref(&self) -> Option<&T::Target>
    where
        T: Deref,
    {
        self.as_known().map(Deref::deref)
    }

    /// The value, if it is known and not null.
    #[must_use]
    pub fn into_option(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// Whether it is not set. An unknown value may turn out null; it is not null now.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether it is known only after apply.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// Whether it has a value.
    #[must_use]
    pub fn is_known(&self) -> bool {
        matches!(self, Self::Known(_))
    }

    /// Another value in place of a known one; null and unknown stay.
    #[must_use]
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Field<U> {
        match self {
            Self::Null => Field::Null,
            Self::Unknown => Field::Unknown,
            Self::Known(value) => Field::Known(change(value)),
        }
    }

    /// The same with a reference to the value.
    #[must_use]
    pub fn as_ref(&self) -> Field<&T> {
        match self {
            Self::Null => Field::Null,
            Self::Unknown => Field::Unknown,
            Self::Known(value) => Field::Known(value),
        }
    }
}

impl<T> fmt::Debug for Field<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Unknown => "unknown",
            Self::Known(_) => "known",
        })
    }
}

impl<T> From<T> for Field<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

/// `None` is null.
impl<T> From<Option<T>> for Field<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Known)
    }
}

impl From<&str> for Field<String> {
    fn from(text: &str) -> Self {
        Self::Known(text.to_owned())
    }
}

impl<T: Serialize> Serialize for Field<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Unknown => serializer.serialize_unit_struct(UNKNOWN),
            Self::Known(value) => value.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(FIELD, FieldVisitor(PhantomData))
    }
}

/// Receives null as none, unknown as a unit, and a known value as a newtype.
struct FieldVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for FieldVisitor<T> {
    type Value = Field<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of Terraform")
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Field::Null)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Field::Unknown)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, known: D) -> Result<Self::Value, D::Error> {
        T::deserialize(known).map(Field::Known)
    }

    /// Receives a value that is not null or unknown itself: as the one element, or without any if a part of the value is
    /// unknown that the type cannot hold.
    fn visit_seq<A: SeqAccess<'de>>(self, mut value: A) -> Result<Self::Value, A::Error> {
        Ok(value.next_element()?.map_or(Field::Unknown, Field::Known))
    }
}
