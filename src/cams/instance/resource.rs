//! Resource `alicloud_cams_instance`.
//!
//! Deleting is final, and what becomes of a bound WABA is not documented, so `PREVENT` is the default.

use alicloud::{
    Error, ErrorKind,
    cams::instance::{ChangeResourceGroup, DeleteInstance, UpdateInstance},
};
use async_trait::async_trait;
use framework::{Block, Diagnostic, Diagnostics, timeouts::Timeout};

use super::{
    create::create,
    messages,
    model::{self, INSTANCE_ID, INSTANCE_ID_DESCRIPTION, Model},
    query::query,
};
use crate::common::{
    Context, Key,
    deletion_policy::{ABANDON, DELETE, DeletionPolicy, PREVENT},
    resource::{CamsResource, Plan, Presence, Saved},
};

/// The resource.
pub(crate) struct CamsInstance;

#[async_trait]
impl CamsResource for CamsInstance {
    type Model = Model;

    const TYPE: &'static str = "alicloud_cams_instance";
    const PLURAL: &'static str = "instances";
    const KEYS: &'static [Key] = &[Key::new(INSTANCE_ID, INSTANCE_ID_DESCRIPTION)];
    const TIMEOUTS: &'static [Timeout] = &[
        Timeout::new("create", "5m"),
        Timeout::new("read", "2m"),
        Timeout::new("update", "5m"),
        Timeout::new("delete", "5m"),
    ];
    const DELETION: DeletionPolicy = DeletionPolicy {
        default: PREVENT,
        values: &[PREVENT, ABANDON, DELETE],
        description: "What destroying does: `PREVENT` (default) refuses to plan a destruction or replacement, by the value in state; `ABANDON` removes the instance from the state and leaves it at the service, with a warning; `DELETE` deletes it for good, and may take a bound WABA, numbers and templates with it.",
    };
    const RAM_ACTIONS: &'static [&'static str] = &[
        "cams:CreateInstance",
        "cams:QueryInstance",
        "cams:ListInstance",
        "cams:UpdateInstance",
        "cams:DeleteInstance",
        "cams:ChangeResourceGroup",
    ];

    fn block(&self) -> Block {
        model::block()
    }

    fn name(&self, model: &Model) -> String {
        match (model.instance_id.as_deref(), model.instance_name.as_deref()) {
            (Some(id), _) => format!("instance {id}"),
            (None, Some(_)) => messages::subject(model),
            (None, None) => "the instance".to_owned(),
        }
    }

    fn left_behind(&self, model: &Model) -> String {
        format!(
            "Instance {} stays at the service, with its space. To delete it for good, use Channel Management in the console \
             (https://chatapp.console.alibabacloud.com).",
            model.id()
        )
    }

    fn plan(&self, plan: &mut Plan<'_, Model>) {
        let Some(prior) = plan.prior.as_ref().filter(|_| plan.policy == DELETE) else {
            return;
        };
        let replaced = plan.planned.is_some();
        if !replaced || !plan.requires_replace.is_empty() {
            let warning = messages::deletes_for_good(prior, replaced);
            plan.diagnostics.push(warning);
        }
    }

    async fn create(
        &self,
        context: &Context<'_>,
        mut planned: Model,
        saved: &mut Saved<'_, Self>,
    ) -> Result<(), Diagnostics> {
        planned.instance_id = create(context, &planned).await?.into();
        saved.save(&planned.without_unknowns());
        look_after_write(context, &planned, saved).await;
        Ok(())
    }

    async fn read(
        &self,
        context: &Context<'_>,
        state: Model,
        _saved: &mut Saved<'_, Self>,
    ) -> Result<Presence<Model>, Diagnostics> {
        let id = state.id();
        let found = query(&context.operation, id).await;
        let found = found.map_err(|error| {
            let summary = format!("Cannot read instance {id}");
            context.diagnose(&error, &summary, &format!("instance {id}"), INSTANCE_ID)
        })?;
        Ok(match found {
            Some(found) => Presence::Found(state.read(&found)),
            None => Presence::Gone(format!("The service does not show instance {id}.")),
        })
    }

    async fn update(
        &self,
        context: &Context<'_>,
        prior: Model,
        planned: Model,
        saved: &mut Saved<'_, Self>,
    ) -> Result<(), Diagnostics> {
        let id = planned.id();
        let failed = |error: &Error| -> Diagnostic {
            let summary = format!("Cannot change instance {id}");
            context.diagnose(error, &summary, &format!("instance {id}"), INSTANCE_ID)
        };
        let operation = &context.operation;
        let mut done = prior.clone();
        if of_settings(&prior) != of_settings(&planned) {
            let action = UpdateInstance {
                instance_id: id,
                settings: planned.settings(),
            };
            let updated = operation.call(&action).await;
            updated.map_err(|error| failed(&error))?;
            done = planned.clone();
            done.resource_group_id.clone_from(&prior.resource_group_id);
            saved.save(&done.without_unknowns());
        }
        if let Some(group) = planned.resource_group_id.as_deref()
            && prior.resource_group_id != planned.resource_group_id
        {
            let action = ChangeResourceGroup {
                resource_group_id: group,
                resource_id: id,
            };
            let moved = operation.call(&action).await;
            moved.map_err(|error| failed(&error))?;
        }
        if done == prior && prior.resource_group_id == planned.resource_group_id {
            // Only Terraform's own arguments have changed.
            saved.save(&planned.without_unknowns());
            return Ok(());
        }
        saved.save(&planned.without_unknowns());
        look_after_write(context, &planned, saved).await;
        Ok(())
    }

    async fn delete(
        &self,
        context: &Context<'_>,
        prior: Model,
        _policy: &'static str,
    ) -> Result<(), Diagnostics> {
        let id = prior.id();
        let operation = &context.operation;
        let Err(error) = operation.call(&DeleteInstance { instance_id: id }).await else {
            return Ok(());
        };
        // What the service says of an instance that is gone is not documented; another attempt, or a person, may have
        // deleted it.
        if matches!(error.kind(), ErrorKind::Api(_))
            && matches!(query(operation, id).await, Ok(None))
        {
            return Ok(());
        }
        let summary = format!("Cannot delete instance {id}");
        let diagnostic = context.diagnose(&error, &summary, &format!("instance {id}"), INSTANCE_ID);
        Err(diagnostic.into())
    }
}

/// The part of an object that UpdateInstance sets.
fn of_settings(model: &Model) -> Model {
    Model {
        resource_group_id: framework::Field::Null,
        ..model.clone()
    }
}

/// Reads the instance until it shows what was sent, for a short while, and saves what is computed.
async fn look_after_write(
    context: &Context<'_>,
    planned: &Model,
    saved: &mut Saved<'_, CamsInstance>,
) {
    let id = planned.id();
    let mut differences = Vec::new();
    let mut looks = context.looks_after_write();
    while let Ok(true) = looks.next().await {
        match query(&context.operation, id).await {
            Ok(Some(found)) => {
                let found = planned.read(&found);
                differences = planned.differences(&found);
                saved.save(&planned.completed_by(&found));
                if differences.is_empty() {
                    return;
                }
            }
            Ok(None) => differences = vec!["instance_name"],
            Err(error) => {
                let read = context.diagnose(&error, "", &format!("instance {id}"), INSTANCE_ID);
                context.warn(messages::made_but_not_read(planned, &read.detail));
                return;
            }
        }
    }
    context.warn(messages::not_shown(planned, &differences));
}
