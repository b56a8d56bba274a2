//! `CallFunction`.

use crate::{
    catch_panic::{Operation, catch_panic_sync},
    diagnostics::Diagnostic,
    function::{Function, FunctionDefinition, FunctionError, Parameter},
    provider::Provider,
    value::{DynamicValue, Value},
};

use super::{
    Server,
    codec::{decode_value, encode, encode_checked},
};

/// The result of a function, or why there is none.
pub type FunctionReply = Result<DynamicValue, FunctionError>;

impl<P: Provider> Server<P> {
    /// `CallFunction`: from arguments to a result. Needs no configured provider.
    ///
    /// # Errors
    /// What is wrong, and with which argument. A function has no other place for diagnostics.
    pub fn call_function(&self, name: &str, arguments: &[DynamicValue]) -> FunctionReply {
        let function = self.functions.get(name).map_err(without_argument)?;
        let definition = catch_panic_sync(Operation::CallFunction, || function.definition())
            .map_err(without_argument)?;
        call(&**function, &definition, arguments)
    }
}

fn call(
    function: &dyn Function,
    definition: &FunctionDefinition,
    encoded: &[DynamicValue],
) -> FunctionReply {
    let mut arguments = Vec::with_capacity(encoded.len());
    let mut is_wholly_known = true;
    let mut is_foreseen = true;
    for ((index, encoded), parameter) in
        encoded
            .iter()
            .enumerate()
            .zip(parameters(function, definition, encoded.len())?)
    {
        let value = decode_value(encoded, &parameter.ty, "argument")
            .map_err(|error| FunctionError::argument(index, error.detail))?;
        if value.is_null() && !parameter.nullable {
            let text = format!("the argument \"{}\" must not be null", parameter.name);
            return Err(FunctionError::argument(index, text));
        }
        let is_known = value.is_wholly_known();
        is_wholly_known &= is_known;
        is_foreseen &= is_known || parameter.accepts_unknown;
        arguments.push(value);
    }
    if !is_foreseen {
        return Ok(encode(&definition.return_type, &Value::Unknown));
    }
    let result = catch_panic_sync(Operation::CallFunction, || function.call(arguments))
        .map_err(without_argument)??;
    let unfit = |why: &str| {
        FunctionError::new(format!(
            "The function {} {why}. This is a bug in the provider; please report it to its developers.",
            function.name()
        ))
    };
    if is_wholly_known && !result.is_wholly_known() {
        return Err(unfit("made an unknown result of known arguments"));
    }
    encode_checked(&definition.return_type, &result).map_err(|error| {
        unfit(&format!(
            "made a result that does not fit its return type (at {}: {})",
            error.path, error.reason
        ))
    })
}

/// The parameter of each argument.
fn parameters<'a>(
    function: &dyn Function,
    definition: &'a FunctionDefinition,
    arguments: usize,
) -> Result<impl Iterator<Item = &'a Parameter>, FunctionError> {
    let count = definition.parameters.len();
    let (fits, at_least) = match definition.variadic {
        Some(_) => (arguments >= count, "at least "),
        None => (arguments == count, ""),
    };
    if !fits {
        return Err(FunctionError::new(format!(
            "The function {} takes {at_least}{count} arguments, but was called with {arguments}.",
            function.name()
        )));
    }
    let further = std::iter::repeat(definition.variadic.as_ref()).flatten();
    Ok(definition
        .parameters
        .iter()
        .chain(further.take(arguments - count)))
}

fn without_argument(diagnostic: Diagnostic) -> FunctionError {
    FunctionError::new(format!("{}. {}", diagnostic.summary, diagnostic.detail))
}
