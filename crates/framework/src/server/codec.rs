//! Encoded values and objects: what every RPC begins and ends with.
//!
//! Must not contain: the work of an RPC.

use crate::{
    catch_panic::{Operation, REPORT, provider_bug},
    diagnostics::{Diagnostic, Diagnostics},
    json, msgpack,
    path::{AttributePath, Step},
    state::complete,
    types::Type,
    value::{DecodeError, DynamicValue, Object, Value},
};

use super::registry::Typed;

impl<T: ?Sized> Typed<T> {
    pub(super) fn encode_state(&self, state: Option<Object>) -> DynamicValue {
        match state {
            Some(state) => encode(self.ty(), &complete(&self.schema().block, state.into())),
            None => encode(self.ty(), &Value::Null),
        }
    }

    /// As [`Self::encode_state`], for what a resource made: values that do not fit the schema become null, with the
    /// complaint to go with them. Terraform would refuse the whole object, and after a creation nobody would know of it.
    pub(super) fn encode_fitting(
        &self,
        operation: Operation,
        mut state: Option<Object>,
    ) -> (DynamicValue, Option<Diagnostic>) {
        let mut complaint = None;
        loop {
            let encoded = self.encode_state(state.clone());
            let Err(error) = msgpack::decode(&encoded.msgpack, self.ty()) else {
                return (encoded, complaint);
            };
            let happened = format!(
                "left a value that does not fit the schema; at {}: {}",
                error.path, error.reason
            );
            complaint.get_or_insert(provider_bug(operation, &happened));
            // Every round makes one more attribute null, and null fits everywhere.
            match (error.path.steps().first(), &mut state) {
                (Some(Step::Attribute(name)), Some(state)) if !state.get(name).is_null() => {
                    state.set(name, Value::Null);
                }
                _ => return (encoded, complaint),
            }
        }
    }
}

pub(super) fn encode(ty: &Type, value: &Value) -> DynamicValue {
    tracing::trace!(shape = ?value, "Encoded value");
    DynamicValue {
        msgpack: msgpack::encode(value, ty),
        json: Vec::new(),
    }
}

fn decode(encoded: &DynamicValue, ty: &Type) -> Result<Value, DecodeError> {
    if !encoded.msgpack.is_empty() {
        msgpack::decode(&encoded.msgpack, ty)
    } else if !encoded.json.is_empty() {
        json::decode(&encoded.json, ty)
    } else {
        Ok(Value::Null)
    }
}

/// As [`encode`], for a value that a type made and that may not be of the type.
pub(super) fn encode_checked(ty: &Type, value: &Value) -> Result<DynamicValue, DecodeError> {
    let encoded = encode(ty, value);
    msgpack::decode(&encoded.msgpack, ty)?;
    Ok(encoded)
}

pub(super) fn decode_value(
    encoded: &DynamicValue,
    ty: &Type,
    what: &str,
) -> Result<Value, Diagnostic> {
    let value =
        decode(encoded, ty).map_err(|error| does_not_fit(what, error.path, &error.reason))?;
    // `Debug` of a value shows its shape and no content; nothing is formatted unless the level asks for it.
    tracing::trace!(value = what, shape = ?value, "Received value");
    Ok(value)
}

/// `None` for a null object.
pub(super) fn decode_object(
    encoded: &DynamicValue,
    ty: &Type,
    what: &str,
) -> Result<Option<Object>, Diagnostic> {
    match decode_value(encoded, ty, what)? {
        Value::Null => Ok(None),
        Value::Map(attributes) => Ok(Some(attributes.into())),
        other => Err(does_not_fit(
            what,
            AttributePath::root(),
            &format!("expected an object, found {}", other.shape()),
        )),
    }
}

fn does_not_fit(what: &str, path: AttributePath, reason: &str) -> Diagnostic {
    Diagnostic::error(
        format!("Unable to read the {what}"),
        format!(
            "Terraform sent a {what} that does not fit the schema. At {path}: {reason}. This is a bug in the provider or \
             in the CLI.\n\n{REPORT}",
        ),
    )
    .with_code("Provider.UnexpectedValue")
    .at(path)
}

/// What an operation returned and warned of, in one.
pub(super) fn outcome_diagnostics(
    outcome: Result<Result<(), Diagnostics>, Diagnostic>,
    warnings: Vec<Diagnostic>,
) -> Diagnostics {
    let mut diagnostics: Diagnostics = warnings.into_iter().collect();
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(errors)) => diagnostics.extend(errors),
        Err(panic) => diagnostics.push(panic),
    }
    diagnostics
}
