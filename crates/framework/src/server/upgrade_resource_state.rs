//! `UpgradeResourceState`.

use crate::{
    catch_panic::{Operation, catch_panic_sync},
    diagnostics::{Diagnostic, Diagnostics},
    provider::Provider,
    state::{complete, default_new_arguments, null_block},
    upgrade::{RawState, Upgraded},
    value::{DynamicValue, Value},
};

use super::{Server, StateReply, codec::encode, registry::Managed};

pub(super) const RESTORE: &str = "If the state file was edited by hand, restore it; else remove the object with `terraform state rm` \
                       and import it again.";

impl<P: Provider> Server<P> {
    /// `UpgradeResourceState`: what some version of the schema stored becomes a value of the present one. Arguments that
    /// it lacks have their default values, other attributes that it lacks are null; attributes that the schema does not know any more are left out, with a warning that names them.
    pub fn upgrade_resource_state(
        &self,
        type_name: &str,
        version: i64,
        raw: &RawState,
    ) -> StateReply {
        let mut diagnostics = Diagnostics::new();
        let upgraded = self.managed(type_name).and_then(|managed| {
            let subject = format!("stored state of this {type_name}");
            let upgraded = catch_panic_sync(Operation::Upgrade, || {
                managed.schema().upgrades.run(raw, version, managed.ty())
            })?
            .map_err(|why| why.diagnose("Unable to read the stored state", &subject, RESTORE))?;
            managed.check_blocks(&upgraded.value, &subject)?;
            diagnostics.extend(left_out(&upgraded, &subject));
            let block = &managed.schema().block;
            let value = default_new_arguments(block, &raw.json, upgraded.value);
            Ok(encode(managed.ty(), &complete(block, value)))
        });
        let state = upgraded.unwrap_or_else(|error| {
            diagnostics.push(error);
            DynamicValue::default()
        });
        StateReply {
            state,
            diagnostics,
            ..StateReply::default()
        }
    }
}

impl<C: Send + Sync + 'static> Managed<C> {
    pub(super) fn check_blocks(&self, state: &Value, subject: &str) -> Result<(), Diagnostic> {
        match null_block(&self.schema().block, state) {
            None => Ok(()),
            Some(path) => Err(Diagnostic::error(
                "Unable to read the stored state",
                format!("The {subject} has a null in place of a nested block at {path}. {RESTORE}"),
            )
            .with_code("Provider.InvalidState")
            .at(path)),
        }
    }
}

/// A warning about stored values that the present schema has no place for.
pub(super) fn left_out(upgraded: &Upgraded, subject: &str) -> Diagnostics {
    let warning = (!upgraded.dropped.is_empty()).then(|| {
        Diagnostic::warning(
            "Stored values are left out",
            format!(
                "The {subject} has values that this release of the provider has no place for: {}. They are left out, and \
                 gone from state after the next apply. If a newer release stored them, use that release.",
                upgraded.dropped
            ),
        )
    });
    warning.into_iter().collect()
}
