//! Identities beside states: where they come from, and that they stay what they are.
//!
//! Must not contain: the comparison of identities (`framework/identity.rs`).

use crate::{
    catch_panic::{Operation, REPORT, catch_panic_sync, provider_bug},
    diagnostics::Diagnostic,
    identity::{Shown, completed, differ},
    value::{DynamicValue, Object, Value},
};

use super::{
    codec::{decode_object, encode},
    registry::Managed,
};

impl<C: Send + Sync + 'static> Managed<C> {
    /// The identity that Terraform sent along, if any.
    pub(super) fn sent_identity(
        &self,
        sent: Option<&DynamicValue>,
    ) -> Result<Option<Object>, Diagnostic> {
        match (self.identity_schema(), sent) {
            (Some(schema), Some(sent)) => decode_object(sent, &schema.ty(), "identity"),
            _ => Ok(None),
        }
    }

    /// The identity of the object that a state describes; `None` where the type has none, or the state lacks a value that
    /// the identity cannot do without.
    pub(super) fn identity_of(&self, state: Option<&Object>) -> Result<Option<Object>, Diagnostic> {
        let (Some(schema), Some(state)) = (self.identity_schema(), state) else {
            return Ok(None);
        };
        let identity = catch_panic_sync(Operation::Identity, || {
            schema.project(&self.resource().identity(state))
        })?;
        Ok(Some(identity).filter(|identity| schema.missing(identity).is_empty()))
    }

    /// The identity of an object that was just read or made.
    ///
    /// `before` is the identity by which the object was known. Another one now means that the operation ended with another
    /// object than it began with.
    pub(super) fn identity_after(
        &self,
        operation: Operation,
        before: Option<&Object>,
        state: Option<&Object>,
    ) -> Result<Option<Object>, Diagnostic> {
        if self.identity_schema().is_none() || state.is_none() {
            return Ok(None);
        }
        let Some(after) = self.identity_of(state)? else {
            return Err(provider_bug(
                operation,
                "left the object without an identity",
            ));
        };
        match before {
            Some(before) if differ(before, &after) => Err(self.changed(operation, before, &after)),
            Some(before) => Ok(Some(completed(before, &after))),
            None => Ok(Some(after)),
        }
    }

    pub(super) fn changed(
        &self,
        operation: Operation,
        before: &Object,
        after: &Object,
    ) -> Diagnostic {
        Diagnostic::error(
            "The identity of an object changed",
            format!(
                "{} of this {} began with the object {} and ended with the object {}. An identity names one object for \
                 ever, so these are two. If the state file was edited by hand, restore it, or remove the object with \
                 `terraform state rm` and import the right one. If not, this is a bug in the provider.\n\n{REPORT}\n\n  \
                 Code: Provider.IdentityChanged",
                operation.title(),
                self.resource().type_name(),
                Shown(before),
                Shown(after),
            ),
        )
    }

    /// Encodes an identity for the wire. Nothing is sent for a type without an identity schema, and nothing while a value of
    /// it is unknown: the protocol allows that in the plan of a creation, but OpenTofu 1.12 then cannot write the state, and
    /// `terraform show -json` of Terraform 1.12 to 1.15 cannot write the plan ("value is not known").
    pub(super) fn encode_identity(&self, identity: Option<Object>) -> Option<DynamicValue> {
        let schema = self.identity_schema()?;
        let identity = Value::from(identity?);
        identity
            .is_wholly_known()
            .then(|| encode(&schema.ty(), &identity))
    }
}
