//! `PlanResourceChange`.
//!
//! Must not contain: the rules of planning (`framework/plan.rs`) or of a concrete resource.

use crate::{
    capabilities::{ClientCapabilities, DeferredReason},
    catch_panic::{Operation, catch_panic_sync},
    diagnostics::{Diagnostic, Diagnostics},
    identity::{completed, differ},
    path::{AttributePath, Step},
    plan,
    private_state::PrivateState,
    provider::Provider,
    resource::{PlanRequest, PlanResponse},
    value::{DynamicValue, Object, Value},
};

use super::{PlanReply, Server, codec::decode_object, registry::Managed};

/// What a plan is asked with.
#[derive(Clone, Debug, Default)]
pub struct PlanInput {
    /// The object as it is.
    pub prior: DynamicValue,
    /// The configuration merged over it.
    pub proposed: DynamicValue,
    /// The configuration.
    pub config: DynamicValue,
    /// The private bytes of the state, or of the plan before this one.
    pub prior_private: Vec<u8>,
    /// The identity as stored, or of the plan before this one; `None` from a CLI that knows none.
    pub prior_identity: Option<DynamicValue>,
    /// What the CLI accepts.
    pub client: ClientCapabilities,
}

impl<P: Provider> Server<P> {
    /// `PlanResourceChange`.
    pub fn plan_resource_change(&self, type_name: &str, input: &PlanInput) -> PlanReply {
        self.plan(type_name, input)
            .unwrap_or_else(|diagnostics| PlanReply {
                diagnostics,
                ..PlanReply::default()
            })
    }

    fn plan(&self, type_name: &str, input: &PlanInput) -> Result<PlanReply, Diagnostics> {
        let managed = self.managed(type_name)?;
        let prior = decode_object(&input.prior, managed.ty(), "prior state")?;
        let proposed = decode_object(&input.proposed, managed.ty(), "proposed new state")?;
        let config = decode_object(&input.config, managed.ty(), "configuration")?;
        managed.record_object(&[proposed.as_ref(), prior.as_ref()]);
        let prior_identity = managed.sent_identity(input.prior_identity.as_ref())?;
        let mut private = PrivateState::decode(&input.prior_private);
        let prior_private = private.plan.take();
        if prior.is_none() {
            // What was noted of the object that goes is not true of the one that comes.
            private = PrivateState::default();
        }

        let mut response = PlanResponse::default();
        if let Some(proposed) = proposed {
            let planned = plan::plan_object(
                managed.schema(),
                prior.as_ref(),
                config.as_ref().unwrap_or(&Object::new()),
                proposed,
            );
            response.planned = Some(planned.object);
            response.requires_replace = planned.requires_replace;
        }
        let deferred = self.deferral(input.client, config.as_ref(), &response.requires_replace);
        if deferred == Some(DeferredReason::ResourceConfigUnknown) {
            // Whether the object has to be replaced is what is not known yet.
            response.requires_replace.clear();
        }
        let client = self.client();
        let request = PlanRequest {
            client: client.as_deref(),
            prior: prior.as_ref(),
            config: config.as_ref(),
            prior_private: prior_private.as_ref(),
            private_state: private.state.as_ref(),
        };
        catch_panic_sync(Operation::Plan, || {
            managed.resource().modify_plan(&request, &mut response)
        })?;
        let identity = managed.planned_identity(prior.as_ref(), prior_identity, &response)?;
        Ok(PlanReply {
            planned: managed.encode_state(response.planned),
            identity: managed.encode_identity(identity),
            requires_replace: response.requires_replace,
            private: PrivateState {
                plan: response.private,
                ..private.of_object()
            }
            .encode(),
            deferred,
            diagnostics: response.diagnostics,
        })
    }

    /// Whether the change waits for a later run. A plan itself needs no remote system, so without the client's leave it is
    /// made as far as it goes. With it, Terraform gets to know what the plan could only guess: what comes of an object
    /// whose provider is not known yet, and whether an unknown value will replace an object.
    fn deferral(
        &self,
        client: ClientCapabilities,
        config: Option<&Object>,
        requires_replace: &[AttributePath],
    ) -> Option<DeferredReason> {
        if !client.deferral_allowed {
            return None;
        }
        if let deferred @ Some(_) = self.deferral_of_provider(client) {
            return deferred;
        }
        let config = config?;
        let only_perhaps = !requires_replace.is_empty()
            && requires_replace
                .iter()
                .all(|path| !at(config, path).is_wholly_known());
        only_perhaps.then_some(DeferredReason::ResourceConfigUnknown)
    }
}

impl<C: Send + Sync + 'static> Managed<C> {
    fn planned_identity(
        &self,
        prior: Option<&Object>,
        prior_identity: Option<Object>,
        response: &PlanResponse,
    ) -> Result<Option<Object>, Diagnostic> {
        let before = match (prior, prior_identity) {
            // With the second plan of a replacement comes the identity of the object that goes.
            (None, _) => None,
            (Some(_), Some(identity)) => Some(identity),
            (Some(prior), None) => self.identity_of(Some(prior))?,
        };
        if response.planned.is_none() {
            return Ok(before);
        }
        let after = self.identity_of(response.planned.as_ref())?;
        match (before, after) {
            (Some(before), Some(after)) if response.requires_replace.is_empty() => {
                if differ(&before, &after) {
                    return Err(self.changed(Operation::Plan, &before, &after));
                }
                // An object that exists keeps its identity; what is not known of it now is not planned to change.
                let mut identity = completed(&before, &after);
                for (name, value) in before.iter() {
                    if identity.get(name).is_unknown() {
                        identity.set(name, value.clone());
                    }
                }
                Ok(Some(identity))
            }
            (Some(before), None) => Ok(Some(before)),
            (_, after) => Ok(after),
        }
    }
}

/// The value at a path; what lies below an unknown value is unknown. Paths end at a set.
fn at<'a>(object: &'a Object, path: &AttributePath) -> &'a Value {
    const NULL: &Value = &Value::Null;
    let mut steps = path.steps().iter();
    let Some(Step::Attribute(first)) = steps.next() else {
        return NULL;
    };
    let mut value = object.get(first);
    for step in steps {
        value = match (value, step) {
            (Value::Unknown, _) => return value,
            (Value::Map(attributes), Step::Attribute(name) | Step::Key(name)) => {
                attributes.get(name).unwrap_or(NULL)
            }
            (Value::List(elements), Step::Index(index)) => usize::try_from(*index)
                .ok()
                .and_then(|index| elements.get(index))
                .unwrap_or(NULL),
            _ => NULL,
        };
    }
    value
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn paths_lead_to_values() {
        let map = |name: &str, value: Value| Value::Map(BTreeMap::from([(name.to_owned(), value)]));
        let mut object = Object::new();
        object.set(
            "a",
            Value::List(vec![map("b", 1.into()), map("b", Value::Unknown)]),
        );
        object.set("u", Value::Unknown);
        let list = |index| AttributePath::attribute("a").then_index(index);
        let check = |path: AttributePath, expected: Value| {
            assert_eq!(at(&object, &path), &expected, "{path}");
        };
        check(list(0).then_attribute("b"), 1.into());
        check(list(1).then_attribute("b"), Value::Unknown);
        check(list(2).then_attribute("b"), Value::Null);
        check(list(0).then_key("b"), 1.into());
        check(list(0).then_attribute("c"), Value::Null);
        check(
            AttributePath::attribute("u")
                .then_index(4)
                .then_attribute("x"),
            Value::Unknown,
        );
        check(AttributePath::attribute("none"), Value::Null);
        check(AttributePath::root(), Value::Null);
    }
}
