//! `MoveResourceState`.

use crate::{
    catch_panic::{Operation, catch_panic_sync},
    diagnostics::{Diagnostic, Diagnostics},
    identity::{Shown, differ},
    provider::Provider,
    resource::{MoveSource, SourceVersions},
    state::complete,
    upgrade::{RawState, decode_by_name},
    value::{Object, Value},
};

use super::{Server, StateReply, upgrade_resource_state::left_out};

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

impl<P: Provider> Server<P> {
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
            .with_code("Provider.InvalidState")
        };
        if type_name != target {
            return Err(refuse(
                "objects of another type are other objects; only a type of the same name can be moved".to_owned(),
            )
            .into());
        }
        let versions = managed
            .resource()
            .move_source(&input.source)
            .ok_or_else(|| refuse("this resource accepts no state of that provider".to_owned()))?;

        // Read as what it is: a state of ours by its version, a foreign one by the names of its attributes.
        let subject = format!(
            "state of this {type_name} of the provider {provider_address} (schema version {schema_version})"
        );
        let advice = format!(
            "Remove the `moved` block, take the object out of state with `terraform state rm`, and import it as {target}."
        );
        let upgraded = catch_panic_sync(Operation::Move, || match versions {
            SourceVersions::Ours => {
                managed
                    .schema()
                    .upgrades
                    .run(&input.state, *schema_version, managed.ty())
            }
            SourceVersions::Foreign => decode_by_name(&input.state, managed.ty()),
        })?
        .map_err(|why| why.diagnose(SUMMARY, &subject, &advice))?;
        managed.check_blocks(&upgraded.value, &subject)?;
        let diagnostics = left_out(&upgraded, &subject);
        let Value::Map(attributes) = complete(&managed.schema().block, upgraded.value) else {
            return Err(refuse("it is not an object".to_owned()).into());
        };
        let state = catch_panic_sync(Operation::Move, || {
            managed.resource().moved(attributes.into())
        })??;

        // What names the object has to be there, and the same as what named it before.
        let identity = managed.identity_of(Some(&state))?;
        if let Some(schema) = managed.identity_schema() {
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
