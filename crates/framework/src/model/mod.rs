//! Typed models: a struct of a resource's attributes in place of names as text.
//!
//! A model is an ordinary struct with serde's derives. A [`Field`] carries null and unknown, at any depth:
//!
//! ```
//! use framework::{Field, Object};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
//! struct Webhook {
//!     url: Field<String>,
//!     retries: Field<u32>,
//!     headers: Field<Vec<Header>>,
//! }
//!
//! #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
//! struct Header {
//!     name: String,
//!     value: Field<String>,
//! }
//!
//! let webhook = Webhook {
//!     url: Field::from("https://example.com"),
//!     retries: Field::Unknown,
//!     headers: Field::Null,
//! };
//! let object = Object::from_model(&webhook);
//! assert_eq!(object.text("url"), Some("https://example.com"));
//! assert_eq!(object.to_model::<Webhook>().expect("has the form of a webhook"), webhook);
//! ```
//!
//! | Terraform | in a model |
//! |---|---|
//! | string, bool | `String`, `bool`; an enum of unit variants for a string of few values |
//! | number | an integer type, `f64` where the number is exactly one, [`Number`](crate::Number) for all others |
//! | list, set | `Vec<T>` |
//! | map | `BTreeMap<String, T>` |
//! | object, single block | a struct |
//! | blocks in a list, set or map | `Vec<Struct>`, `BTreeMap<String, Struct>`; these are never null |
//!
//! `T` and every member of a struct may be a `Field`, and has to be one where the value can be null or unknown. A `Field` of a
//! collection whose elements are not `Field`s is unknown if one of them is unknown.
//! [`check`] proves in a type's test that model and schema have the same attributes, at every depth.
//! `#[serde(flatten)]` and untagged enums are not supported, nor is Terraform's type `dynamic`.

mod check;
mod de;
mod field;
mod ser;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    diagnostics::{Diagnostic, Diagnostics},
    path::{AttributePath, Step},
    value::{Object, Value},
};

pub use self::{check::check, field::Field};

/// A struct that can stand for an [`Object`].
pub trait Model: Serialize + DeserializeOwned {}

impl<M: Serialize + DeserializeOwned> Model for M {}

/// Why an object has not the form of a model. Never shows a value, which may be secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelError {
    /// From the place outwards, since errors come from within.
    steps: Vec<Step>,
    reason: String,
    /// Whether an unknown value stands where the model has no [`Field`].
    unknown: bool,
}

impl ModelError {
    fn new(reason: impl Into<String>) -> Self {
        Self {
            steps: Vec::new(),
            reason: reason.into(),
            unknown: false,
        }
    }

    fn below(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    fn expected(expected: impl fmt::Display, found: &str) -> Self {
        Self::new(format!("expected {expected}, found {found}"))
    }

    /// Where in the object.
    #[must_use]
    pub fn path(&self) -> AttributePath {
        AttributePath::from_steps(self.steps.iter().rev().cloned())
    }

    /// What was expected there and what was found.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path(), self.reason)
    }
}

impl std::error::Error for ModelError {}

impl From<ModelError> for Diagnostic {
    fn from(error: ModelError) -> Self {
        // A model does not know a set from a list, and the protocol has no step into a set.
        let outer = error
            .path()
            .steps()
            .iter()
            .take_while(|step| !matches!(step, Step::Index(_)))
            .cloned()
            .collect::<Vec<_>>();
        Self::error(
            format!("Invalid value of {}", error.path()),
            format!("{}: {}.", error.path(), error.reason),
        )
        .with_code("Provider.InvalidArgument")
        .at(AttributePath::from_steps(outer))
    }
}

impl From<ModelError> for Diagnostics {
    fn from(error: ModelError) -> Self {
        Diagnostic::from(error).into()
    }
}

impl Object {
    /// This object as a model. Attributes that the object lacks are null; one that the model lacks is an error.
    ///
    /// # Errors
    /// Names the attribute whose value has another type than the member of the model.
    pub fn to_model<M: Model>(&self) -> Result<M, ModelError> {
        M::deserialize(de::ObjectReader(self.attributes()))
    }

    /// A model as an object.
    ///
    /// # Panics
    /// If the model has members of types that Terraform has no value for. [`check`] finds these.
    #[must_use]
    pub fn from_model<M: Model>(model: &M) -> Self {
        match model.serialize(ser::ValueWriter) {
            Ok(Value::Map(attributes)) => attributes.into(),
            Ok(other) => panic!("a model is a struct, not a {}", other.shape()),
            Err(error) => panic!("a model has a member that is no value of Terraform: {error}"),
        }
    }
}
