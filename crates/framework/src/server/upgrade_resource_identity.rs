//! `UpgradeResourceIdentity`.

use crate::{
    catch_panic::{Operation, catch_panic_sync},
    diagnostics::{Diagnostic, Diagnostics},
    identity::IdentitySchema,
    provider::Provider,
    upgrade::{RawState, Upgraded},
    value::{Object, Value},
};

use super::{
    IdentityReply, Server,
    codec::encode,
    upgrade_resource_state::{RESTORE, left_out},
};

impl<P: Provider> Server<P> {
    /// `UpgradeResourceIdentity`: what some version of the identity schema stored becomes an identity of the present one.
    pub fn upgrade_resource_identity(
        &self,
        type_name: &str,
        version: i64,
        raw: &RawState,
    ) -> IdentityReply {
        let mut diagnostics = Diagnostics::new();
        let upgraded = self.managed(type_name).and_then(|managed| {
            let schema = managed.identity_schema().ok_or_else(|| {
                Diagnostic::error(
                    "Unable to read the stored identity",
                    format!(
                        "The type {type_name} has no resource identity in this release of the provider. The identity in \
                         state may come from a newer one; use that."
                    ),
                )
                .with_code("Provider.InvalidState")
            })?;
            let (identity, upgraded) = stored_identity(schema, type_name, version, raw)?;
            diagnostics.extend(left_out(
                &upgraded,
                &format!("stored identity of this {type_name}"),
            ));
            Ok(encode(&schema.ty(), &identity.into()))
        });
        let identity = upgraded.map_err(|error| diagnostics.push(error)).ok();
        IdentityReply {
            identity,
            diagnostics,
        }
    }
}

fn stored_identity(
    schema: &IdentitySchema,
    type_name: &str,
    version: i64,
    raw: &RawState,
) -> Result<(Object, Upgraded), Diagnostic> {
    const SUMMARY: &str = "Unable to read the stored identity";
    let upgraded = catch_panic_sync(Operation::Upgrade, || {
        schema.upgrades.run(raw, version, &schema.ty())
    })?
    .map_err(|why| {
        why.diagnose(
            SUMMARY,
            &format!("stored identity of this {type_name}"),
            RESTORE,
        )
    })?;
    let identity = match &upgraded.value {
        Value::Map(attributes) => Object::from(attributes.clone()),
        _ => Object::new(),
    };
    let missing = schema.missing(&identity);
    if !missing.is_empty() {
        return Err(Diagnostic::error(
            SUMMARY,
            format!(
                "The stored identity of this {type_name} lacks a value for {}. {RESTORE}",
                missing.join(", ")
            ),
        )
        .with_code("Provider.InvalidState"));
    }
    Ok((identity, upgraded))
}
