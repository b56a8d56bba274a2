//! Makes an instance, and finds out what came of a create whose response was lost.
//!
//! `CreateInstance` has no idempotency token, and several instances may have one name. So the instances of the name are
//! listed before the create, which is sent once. If its outcome is unknown, an instance that was not there before is looked
//! for: a single one is adopted, several are an error that lists them. The comparison needs no clock: the time zone of
//! `SubmitTime` is not documented.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use alicloud::{
    Error, Operation,
    cams::{instance::CreateInstance, space::Space},
};
use framework::Diagnostics;

use super::{messages, model::Model};
use crate::common::{Context, space_list::list_instances};

/// The instances that this run has made or adopted. No other create may adopt them.
#[derive(Default)]
struct Taken(Mutex<BTreeSet<String>>);

impl Taken {
    /// Whether nobody else has taken it.
    fn take(&self, id: &str) -> bool {
        // Only whole IDs are added, so a poisoned set is still whole.
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.insert(id.to_owned())
    }

    fn has(&self, id: &str) -> bool {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.contains(id)
    }
}

/// The rows with the name and the channel of an instance, by ID.
struct Namesakes {
    rows: Vec<Space>,
    complete: bool,
}

impl Namesakes {
    async fn list(operation: &Operation, model: &Model) -> Result<Self, Error> {
        let list = list_instances(operation, None).await?;
        let (name, channel) = (
            model.instance_name.as_deref(),
            model.channel_type.as_deref(),
        );
        let is_one = |row: &Space| {
            let same_channel = match (row.channel_type.as_deref(), channel) {
                (Some(found), Some(wanted)) => found.eq_ignore_ascii_case(wanted),
                _ => true,
            };
            row.instance_name.as_deref() == name && same_channel && row.instance_id.is_some()
        };
        Ok(Self {
            rows: list.spaces.into_iter().filter(is_one).collect(),
            complete: list.complete,
        })
    }

    fn has(&self, id: Option<&str>) -> bool {
        self.rows.iter().any(|row| row.instance_id.as_deref() == id)
    }
}

/// Makes the instance. Returns its ID.
pub(super) async fn create(context: &Context<'_>, model: &Model) -> Result<String, Diagnostics> {
    let operation = &context.operation;
    let taken = context.shared::<Taken>();
    let subject = messages::subject(model);
    let before = Namesakes::list(operation, model).await.map_err(|error| {
        let summary = format!("Cannot list instances before {subject} is created");
        context.diagnose(&error, &summary, &subject, "instance_name")
    })?;
    let action = CreateInstance {
        channel_type: model.channel_type.as_deref().unwrap_or_default(),
        settings: model.settings(),
        resource_group_id: model.resource_group_id.as_deref(),
    };
    let error = match operation.call(&action).await {
        Ok(response) => {
            let id = response.body.instance_id;
            taken.take(&id);
            return Ok(id);
        }
        Err(error) if error.outcome_unknown() => error,
        Err(error) => {
            let summary = format!("Cannot create {subject}");
            let diagnostic = context.diagnose(&error, &summary, &subject, "instance_name");
            return Err(diagnostic.into());
        }
    };
    let new_ones = match after(context, model, &before, &taken).await {
        Ok(new_ones) => new_ones,
        Err(why) => return Err(messages::unknown(model, &error, Err(why)).into()),
    };
    match new_ones.as_slice() {
        [row] if before.complete => {
            let id = row.instance_id.clone().unwrap_or_default();
            if taken.take(&id) {
                context.warn(messages::response_lost(model, &error, &id));
                return Ok(id);
            }
            Err(messages::unknown(model, &error, Ok(&[])).into())
        }
        rows => Err(messages::unknown(model, &error, Ok(rows)).into()),
    }
}

/// The instances that were not there before, looked for during some seconds. The error says why they could not be listed.
async fn after(
    context: &Context<'_>,
    model: &Model,
    before: &Namesakes,
    taken: &Taken,
) -> Result<Vec<Space>, String> {
    let mut looks = context.looks_after_unknown_outcome();
    let mut new_ones: Vec<Space> = Vec::new();
    while new_ones.is_empty()
        && looks
            .next()
            .await
            .map_err(|interrupt| interrupt.to_string())?
    {
        let now = Namesakes::list(&context.operation, model).await;
        let now = now.map_err(|error| error.to_string())?;
        let is_new = |row: &Space| {
            let id = row.instance_id.as_deref();
            !before.has(id) && !id.is_some_and(|id| taken.has(id))
        };
        new_ones = now.rows.into_iter().filter(is_new).collect();
    }
    Ok(new_ones)
}
