//! What a function is, to the framework: a pure computation that expressions call as `provider::<name>::<function>`.

use super::{types::Type, value::Value};

/// A computation without a remote system: the same arguments give the same result, always. It is called before the
/// provider is configured.
pub trait Function: Send + Sync + 'static {
    /// Its name, without the prefix of the provider.
    fn name(&self) -> &'static str;

    /// Parameters, result and documentation.
    fn definition(&self) -> FunctionDefinition;

    /// Computes the result. There is one argument for each parameter, then those of the variadic parameter.
    ///
    /// The framework calls this only with arguments that their parameters allow: a null only with
    /// [`Parameter::nullable`], an unknown value, at any depth, only with [`Parameter::accepts_unknown`]. Without a leave
    /// for unknown values the result of a call with one is unknown, and the function is not called.
    ///
    /// # Errors
    /// What is wrong, and with which argument.
    fn call(&self, arguments: Vec<Value>) -> Result<Value, FunctionError>;
}

/// The signature of a function and its documentation.
#[derive(Clone, Debug)]
pub struct FunctionDefinition {
    /// In order.
    pub parameters: Vec<Parameter>,
    /// The parameter that takes all further arguments, if any number of them is allowed.
    pub variadic: Option<Parameter>,
    /// The type of the result.
    pub return_type: Type,
    /// What it does, in a few words.
    pub summary: String,
    /// The same at length, in Markdown.
    pub description: String,
    /// What to use instead, for a function that will go.
    pub deprecation: Option<String>,
}

/// One parameter of a function.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name in documentation and errors: an identifier, unique within the function.
    pub name: &'static str,
    /// What it takes.
    pub ty: Type,
    /// Whether the whole argument may be null. Values inside it may always be.
    pub nullable: bool,
    /// Whether the argument may be unknown, or have unknown values inside.
    pub accepts_unknown: bool,
    /// What it is, in Markdown.
    pub description: String,
}

impl Parameter {
    /// One that takes known values that are not null.
    #[must_use]
    pub fn new(name: &'static str, ty: Type, description: impl Into<String>) -> Self {
        Self {
            name,
            ty,
            nullable: false,
            accepts_unknown: false,
            description: description.into(),
        }
    }

    /// The same, null allowed.
    #[must_use]
    pub fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// The same, unknown values allowed.
    #[must_use]
    pub fn accepts_unknown(mut self) -> Self {
        self.accepts_unknown = true;
        self
    }
}

/// Why a function has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// What is wrong, in a sentence.
    pub text: String,
    /// The argument that is at fault, counted from 0; `None` when no single one is.
    pub argument: Option<usize>,
}

impl FunctionError {
    /// An error about no argument in particular.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            argument: None,
        }
    }

    /// An error about one argument, counted from 0.
    #[must_use]
    pub fn argument(index: usize, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            argument: Some(index),
        }
    }
}
