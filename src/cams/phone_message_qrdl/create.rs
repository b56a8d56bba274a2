//! Makes a link, and finds out what came of a create whose response was lost.
//!
//! `CreatePhoneMessageQrdl` has no idempotency token, and several links may have one message. So the links of the number are
//! listed before the create, which is sent once. If its outcome is unknown, a link with the message that was not there before
//! is looked for: a single one is adopted, none or several are an error that lists them. Creates of the same message wait for
//! each other within a run, so that the new link of one is never taken for that of another.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use alicloud::{
    Error,
    cams::phone_message_qrdl::{CreatePhoneMessageQrdl, ListPhoneMessageQrdl, Qrdl},
};
use framework::Diagnostics;

use super::{messages, model::Model};
use crate::common::{Context, phone_number::PHONE_NUMBER};

/// Space, number and message.
type Key = [String; 3];

/// The creates of one account that wait for each other.
#[derive(Default)]
struct Creates(Mutex<BTreeMap<Key, Arc<tokio::sync::Mutex<()>>>>);

impl Creates {
    fn of(&self, model: &Model) -> Arc<tokio::sync::Mutex<()>> {
        let key = [model.space(), model.number(), model.message().trim()].map(str::to_owned);
        // Only whole entries are added, so a poisoned map is still whole.
        let mut creates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(creates.entry(key).or_default())
    }
}

/// All links of the number.
pub(super) async fn list(context: &Context<'_>, model: &Model) -> Result<Vec<Qrdl>, Error> {
    let action = ListPhoneMessageQrdl {
        cust_space_id: model.space(),
        phone_number: model.number(),
    };
    let response = context.operation.call(&action).await?;
    Ok(response.body.links)
}

/// Makes the link.
pub(super) async fn create(context: &Context<'_>, model: &Model) -> Result<Qrdl, Diagnostics> {
    let turn = context.shared::<Creates>().of(model);
    let _turn = turn.lock().await;
    let subject = messages::subject(model);
    let before = list(context, model).await.map_err(|error| {
        let summary = format!("Cannot list the message links of {}", model.number());
        context.diagnose(&error, &summary, &subject, PHONE_NUMBER)
    })?;
    let before: BTreeSet<String> = before.into_iter().map(|link| link.qrdl_code).collect();
    let action = CreatePhoneMessageQrdl {
        cust_space_id: model.space(),
        phone_number: model.number(),
        prefilled_message: model.message(),
        generate_qr_image: model.generate_qr_image.as_deref().unwrap_or_default(),
    };
    let error = match context.operation.call(&action).await {
        Ok(response) => return Ok(response.body.link),
        Err(error) if error.outcome_unknown() => error,
        Err(error) => {
            let summary = format!("Cannot create a message link of {}", model.number());
            let diagnostic = context.diagnose(&error, &summary, &subject, PHONE_NUMBER);
            return Err(diagnostic.into());
        }
    };
    let new_ones = match after(context, model, &before).await {
        Ok(new_ones) => new_ones,
        Err(why) => return Err(messages::unknown(model, &error, Err(why)).into()),
    };
    match <[Qrdl; 1]>::try_from(new_ones) {
        Ok([link]) => {
            context.warn(messages::response_lost(model, &error, &link));
            Ok(link)
        }
        Err(links) => Err(messages::unknown(model, &error, Ok(&links)).into()),
    }
}

/// The links with the message that were not there before, looked for during some seconds. The error says why they could not be
/// listed.
async fn after(
    context: &Context<'_>,
    model: &Model,
    before: &BTreeSet<String>,
) -> Result<Vec<Qrdl>, String> {
    let mut looks = context.looks_after_unknown_outcome();
    let mut new_ones: Vec<Qrdl> = Vec::new();
    while new_ones.is_empty()
        && looks
            .next()
            .await
            .map_err(|interrupt| interrupt.to_string())?
    {
        let now = list(context, model).await;
        let now = now.map_err(|error| error.to_string())?;
        let is_new = |link: &Qrdl| model.has_message_of(link) && !before.contains(&link.qrdl_code);
        new_ones = now.into_iter().filter(is_new).collect();
    }
    Ok(new_ones)
}
