//! What was stored: `UpgradeResourceState`, `UpgradeResourceIdentity` and `MoveResourceState`. None needs a client.
//!
//! Must not contain: the steps of a concrete resource, the reading of JSON.

use crate::{
    diagnostics::{Diagnostic, Diagnostics},
    guard::guarded_now,
    identity::{IdentitySchema, Shown, differ},
    provider::Provider,
    resource::{MoveSource, SourceVersions},
    state::{complete, null_block},
    upgrade::{RawState, Upgraded, decode_by_name},
    value::{DynamicValue, Object, Value},
};

use super::{IdentityReply, Managed, Server, StateReply, codec::encode};

/// What a move is asked with.
#[derive(Clone, Debug)]
pub struct MoveInput {
    /// Where the state comes from.
    pub source: MoveSource,
    /// The state as it was stored there.
    pub state: RawState,
    /// The identity as it was stored there; `None` where there is none.
    pub identity: Option<RawState>,
    /// What the object shall be here.
    pub target_type_name: String,
}

const RESTORE: &str = "If the state file was edited by hand, restore it; else remove the object with `terraform state rm` \
                       and import it again.";

impl<P: Provider> Server<P> {
    /// `UpgradeResourceState`: what some version of the schema stored becomes a value of the present one. Attributes that
    /// it lacks are null; attributes that the schema does not know any more are left out, with a warning that names them.
    pub fn upgrade_resource_state(
        &self,
        type_name: &str,
        version: i64,
        raw: &RawState,
    ) -> StateReply {
        let mut diagnostics = Diagnostics::new();
        let upgraded = self.managed(type_name).and_then(|managed| {
            let subject = format!("stored state of this {type_name}");
            let upgraded = guarded_now("upgrade", || {
                managed.schema.upgrades.run(raw, version, &managed.ty)
            })?
            .map_err(|why| why.diagnose("Unable to read the stored state", &subject, RESTORE))?;
            managed.check_blocks(&upgraded.value, &subject)?;
            diagnostics.extend(left_out(&upgraded, &subject));
            Ok(encode(
                &managed.ty,
                &complete(&managed.schema.block, upgraded.value),
            ))
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

    /// `UpgradeResourceIdentity`: what some version of the identity schema stored becomes an identity of the present one.
    pub fn upgrade_resource_identity(
        &self,
        type_name: &str,
        version: i64,
        raw: &RawState,
    ) -> IdentityReply {
        let mut diagnostics = Diagnostics::new();
        let upgraded = self.managed(type_name).and_then(|managed| {
            let schema = managed.identity.as_ref().ok_or_else(|| {
                Diagnostic::error(
                    "Unable to read the stored identity",
                    format!(
                        "The type {type_name} has no resource identity in this release of the provider. The identity in \
                         state may come from a newer one; use that."
                    ),
                )
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

    /// `MoveResourceState`: what another provider, or this one under another address, stored for a resource type of the
    /// same name becomes a state of ours. Everything else is refused by name.
    pub fn move_resource_state(&self, input: &MoveInput) -> StateReply {
        self.moved(input).unwrap_or_else(|diagnostics| StateReply {
            diagnostics,
            ..StateReply::default()
        })
    }

    fn moved(&self, input: &MoveInput) -> Result<StateReply, Diagnostics> {
        const SUMMARY: &str = "Unable to move the state";
        let MoveSource {
            provider_address,
            type_name,
            schema_version,
        } = &input.source;
        let target = &input.target_type_name;
        let managed = self.managed(target)?;
        let refuse = |why: String| {
            Diagnostic::error(
                SUMMARY,
                format!(
                    "The state of a {type_name} of the provider {provider_address} cannot become the state of a {target} of \
                     this provider: {why}. Remove the `moved` block, take the object out of state with `terraform state \
                     rm`, and import it as {target}.",
                ),
            )
        };
        if type_name != target {
            return Err(refuse(
                "objects of another type are other objects; only a type of the same name can be taken over".to_owned(),
            )
            .into());
        }
        let versions = managed.resource.move_source(&input.source).ok_or_else(|| {
            refuse("this resource takes over no state of that provider".to_owned())
        })?;

        // Read as what it is: a state of ours by its version, a foreign one by the names of its attributes.
        let subject = format!(
            "state of this {type_name} of the provider {provider_address} (schema version {schema_version})"
        );
        let advice = format!(
            "Remove the `moved` block, take the object out of state with `terraform state rm`, and import it as {target}."
        );
        let upgraded = guarded_now("move", || match versions {
            SourceVersions::Ours => {
                managed
                    .schema
                    .upgrades
                    .run(&input.state, *schema_version, &managed.ty)
            }
            SourceVersions::Foreign => decode_by_name(&input.state, &managed.ty),
        })?
        .map_err(|why| why.diagnose(SUMMARY, &subject, &advice))?;
        managed.check_blocks(&upgraded.value, &subject)?;
        let diagnostics = left_out(&upgraded, &subject);
        let Value::Map(attributes) = complete(&managed.schema.block, upgraded.value) else {
            return Err(refuse("it is not an object".to_owned()).into());
        };
        let state = guarded_now("move", || managed.resource.moved(attributes.into()))??;

        // What names the object has to be there, and the same as what named it before.
        let identity = managed.identity_of(Some(&state))?;
        if let Some(schema) = &managed.identity {
            let Some(identity) = &identity else {
                let names: Vec<&str> = schema
                    .attributes
                    .iter()
                    .filter(|attribute| attribute.required_for_import)
                    .map(|attribute| attribute.name)
                    .collect();
                return Err(refuse(format!("it lacks {}", names.join(", "))).into());
            };
            // Another provider may have an identity of another form. That is no identity to compare with.
            let before = input
                .identity
                .as_ref()
                .and_then(|raw| decode_by_name(raw, &schema.ty()).ok())
                .and_then(|upgraded| match upgraded.value {
                    Value::Map(attributes) => Some(Object::from(attributes)),
                    _ => None,
                });
            if let Some(before) = before.filter(|before| differ(before, identity)) {
                return Err(refuse(format!(
                    "its identity says {}, its attributes say {}",
                    Shown(&before),
                    Shown(identity)
                ))
                .into());
            }
        }
        Ok(StateReply {
            state: managed.encode_state(Some(state)),
            identity: managed.encode_identity(identity),
            diagnostics,
            ..StateReply::default()
        })
    }
}

impl<C: Send + Sync + 'static> Managed<C> {
    fn check_blocks(&self, state: &Value, subject: &str) -> Result<(), Diagnostic> {
        match null_block(&self.schema.block, state) {
            None => Ok(()),
            Some(path) => Err(Diagnostic::error(
                "Unable to read the stored state",
                format!("The {subject} has a null in place of a nested block at {path}. {RESTORE}"),
            )
            .at(path)),
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
    let upgraded = guarded_now("upgrade", || {
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
        ));
    }
    Ok((identity, upgraded))
}

/// A warning about stored values that the present schema has no place for.
fn left_out(upgraded: &Upgraded, subject: &str) -> Diagnostics {
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
