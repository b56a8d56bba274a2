//! `alicloud_cams_phone_number`: a phone number of a WABA, kept registered.
//!
//! What the service offers, and so what this resource can promise (CAMS API 2020-06-06):
//!
//! * The list of numbers is the service's copy of what Meta has. Only `ChatappSyncPhoneNumber` renews it, which needs a right
//!   to write: creating synchronises if the number is missing, a refresh never does.
//! * `AddChatappPhoneNumber` adds a number. It has no idempotency token, so it is sent once, and the outcome is looked up.
//! * `ChatappPhoneNumberRegister` makes a verified number ready to send. Meta allows ten in 72 hours. So it is sent only for a
//!   status that a registration repairs, and at most twice.
//! * Verification needs a person. A number that is not verified is no error of a create, which would taint it; the plans that
//!   follow show the missing registration, and applying them is an error that names the steps.
//! * No operation changes the display name or removes a number from a WABA.
//! * **Destroying**: `ABANDON` leaves the number, `DEREGISTER` ends its registration, `PREVENT` refuses.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use time::OffsetDateTime;

use alicloud::{
    Error,
    cams::phone_number::{AddChatappPhoneNumber, ChatappPhoneNumberDeregister, PhoneNumber},
};
use framework::{AttributePath, Block, Diagnostic, Diagnostics, Field, timeouts::Timeout};

use super::{
    messages,
    model::{self, MANAGED, Model, NONE, registered},
    registration::{GRACE_SECONDS, Registration, Target, register},
    verification::{is_verified, verification},
};
use crate::common::{
    Context, Key,
    deletion_policy::{ABANDON, DeletionPolicy, PREVENT},
    error_diagnostics::shell_word,
    phone_number::{self, PHONE_NUMBER},
    phone_numbers::{self, find_or_diagnose},
    resource::{CamsResource, Plan, Presence, Saved},
    space::{CUST_SPACE_ID, check_bound},
    text_of,
};

/// The resource.
pub(crate) struct CamsPhoneNumber;

/// Ends the registration.
const DEREGISTER: &str = "DEREGISTER";

/// What is kept with a number that is no attribute.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Private {
    /// When this provider last registered the number, in seconds since 1970.
    registered_at: Option<i64>,
    /// Whether that was so short a time before the last read that `PENDING` counts as under way. Kept, because a plan must not
    /// look at a clock.
    under_way: bool,
    /// The display name that was configured when the number was last applied.
    configured_name: Option<String>,
}

impl Private {
    fn of(private: Option<&Json>) -> Self {
        let private = private.and_then(|private| serde_json::from_value(private.clone()).ok());
        private.unwrap_or_default()
    }

    fn save(&self, saved: &mut Saved<'_, CamsPhoneNumber>) {
        saved.set_private(serde_json::json!(self));
    }

    /// The same, as of a read at this time.
    fn seen_at(mut self, now: i64, status: Option<&str>) -> Self {
        let is_recent = self
            .registered_at
            .is_some_and(|registered| (0..GRACE_SECONDS).contains(&(now - registered)));
        self.under_way = is_recent && status == Some("PENDING");
        self
    }
}

fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

#[async_trait]
impl CamsResource for CamsPhoneNumber {
    type Model = Model;

    const TYPE: &'static str = "alicloud_cams_phone_number";
    const PLURAL: &'static str = "phone numbers";
    const KEYS: &'static [Key] = phone_number::KEYS;
    const TIMEOUTS: &'static [Timeout] = &[
        Timeout::new("create", "5m"),
        Timeout::new("read", "2m"),
        Timeout::new("update", "5m"),
        Timeout::new("delete", "2m"),
    ];
    const DELETION: DeletionPolicy = DeletionPolicy {
        default: ABANDON,
        values: &[ABANDON, DEREGISTER, PREVENT],
        description: "What destroying does: `ABANDON` (default) removes the number from the state and leaves it registered, with a warning; `DEREGISTER` ends its registration, so that it stops sending at once, and leaves it in the WABA; `PREVENT` refuses to plan a destruction or replacement, by the value in state. No operation removes a number from a WABA.",
    };
    const RAM_ACTIONS: &'static [&'static str] = &[
        "cams:QueryChatappPhoneNumbers",
        "cams:QueryChatappBindWaba",
        "cams:GetPhoneNumberVerificationStatus",
        "cams:ChatappSyncPhoneNumber",
        "cams:AddChatappPhoneNumber",
        "cams:ChatappPhoneNumberRegister",
        "cams:ChatappPhoneNumberDeregister",
    ];

    fn block(&self) -> Block {
        model::block()
    }

    fn name(&self, model: &Model) -> String {
        match model.phone_number.as_deref() {
            Some(number) => format!("phone number {number}"),
            None => "the phone number".to_owned(),
        }
    }

    fn left_behind(&self, model: &Model) -> String {
        let (space, number) = (text_of(&model.cust_space_id), text_of(&model.phone_number));
        let state = match model.registered.as_known() {
            Some(true) => " and stays registered, so it goes on sending and receiving",
            _ => "",
        };
        format!(
            "The number {number} stays in the WABA of space {space}{state}. To end its registration, apply `deletion_policy = \
             \"{DEREGISTER}\"` before destroying. A number is removed from a WABA at Meta."
        )
    }

    fn validate(&self, config: &Model) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        if let (Some(code), Some(number)) = (
            config.country_code.as_deref(),
            config.phone_number.as_deref(),
        ) && (!number.starts_with(code) || number.len() <= code.len())
        {
            diagnostics.push(
                Diagnostic::error(
                    "country_code is not the beginning of phone_number",
                    format!(
                        "The country code is \"{}\", but the phone number \"{}\" does not begin with it. Nothing was sent.\n\nSet \
                         `country_code` to the first digits of `phone_number`, or leave it out: it is needed only to add the number to \
                         the WABA.\n\n  Code:  Provider.CountryCodeMismatch",
                        code.escape_debug(),
                        number.escape_debug(),
                    ),
                )
                .at(AttributePath::attribute("country_code")),
            );
        }
        diagnostics
    }

    fn plan(&self, plan: &mut Plan<'_, Model>) {
        let private = Private::of(plan.private_state);
        let is_replaced = !plan.requires_replace.is_empty();
        let (Some(prior), Some(planned)) = (&plan.prior, &mut plan.planned) else {
            return;
        };
        if is_replaced {
            return;
        }
        let number = text_of(&prior.phone_number).to_owned();
        let configured = plan
            .config
            .as_ref()
            .and_then(|config| config.verified_name.as_deref());
        let found = prior.verified_name.as_deref();
        if let Some(configured) = configured
            && found != Some(configured)
        {
            if private.configured_name.as_deref() == Some(configured) {
                // It was as configured once, or never could be: no change of the configuration.
                plan.diagnostics
                    .push(messages::has_another_name(&number, configured, found));
                planned.verified_name = prior.verified_name.clone();
            } else {
                plan.diagnostics
                    .push(messages::cannot_rename(&number, configured, found));
            }
        }
        let is_registered = prior.registered.as_known().copied();
        if planned.wants_registration(is_registered, private.under_way) {
            planned.expect_registration();
        }
        if is_registered.is_none()
            && planned.registration.as_deref() == Some(MANAGED)
            && let Some(status) = prior.status.as_deref()
        {
            plan.diagnostics
                .push(messages::status_is_left_alone(&number, status));
        }
    }

    async fn create(
        &self,
        context: &Context<'_>,
        mut model: Model,
        saved: &mut Saved<'_, Self>,
    ) -> Result<(), Diagnostics> {
        let (space, number) = keys(&model);
        let found = find_or_add(context, &model).await?;
        let configured = model.verified_name.as_known().cloned();
        let shown_name = found.as_ref().and_then(|found| found.verified_name.clone());
        if let (Some(configured), Some(_)) = (&configured, &found)
            && shown_name.as_ref() != Some(configured)
        {
            let shown_name = shown_name.as_deref();
            context.warn(messages::has_another_name(&number, configured, shown_name));
        }
        model.verified_name = configured.clone().or(shown_name).into();
        model.fill(&found.unwrap_or_default());
        model.phone_number_id = Field::Null;
        let mut private = Private {
            configured_name: configured,
            ..Private::default()
        };
        private.save(saved);
        saved.save(&model);

        let verification = verification(context, &space, &number).await;
        if let Ok(verification) = &verification {
            model.phone_number_id = verification.id.clone().into();
            saved.save(&model);
        }
        if !model.wants_registration(model.registered.as_known().copied(), false) {
            if model.registered.is_null()
                && model.registration.as_deref() == Some(MANAGED)
                && let Some(status) = model.status.as_deref()
            {
                context.warn(messages::status_is_left_alone(&number, status));
            }
            return Ok(());
        }
        // From here on nothing may be an error: it would taint the number.
        let failed = |error: &Error| {
            let detail = diagnose(context, error, "", &space, &number).detail;
            messages::not_registered(&number, &detail)
        };
        match verification {
            Err(error) => context.warn(failed(&error)),
            Ok(verification) if is_verified(&verification) => {
                match registered_now(context, &mut model, &mut private, saved).await {
                    Ok(()) => {}
                    Err(error) => context.warn(failed(&error)),
                }
            }
            Ok(verification) => {
                let status = verification.code_verification_status.as_deref();
                context.warn(messages::not_verified_yet(&number, &space, status));
            }
        }
        Ok(())
    }

    async fn read(
        &self,
        context: &Context<'_>,
        mut model: Model,
        saved: &mut Saved<'_, Self>,
    ) -> Result<Presence<Model>, Diagnostics> {
        let (space, number) = keys(&model);
        let isv_code = model.isv_code.as_deref().map(str::to_owned);
        let found = find_or_diagnose(context, &space, isv_code.as_deref(), &number).await?;
        let Some(found) = found else {
            check_bound(context, &space, isv_code.as_deref(), &self.name(&model)).await?;
            return Ok(Presence::Gone(format!(
                "The service does not show phone number {number} in space {space}."
            )));
        };
        model.fill(&found);
        model.verified_name = found.verified_name.clone().into();
        if context.importing && model.registered.as_known() == Some(&false) {
            // An import alone must not lead to a registration.
            model.registration = NONE.into();
        }
        let before = Private::of(saved.private());
        let after = before.clone().seen_at(now(), found.status.as_deref());
        if after != before {
            after.save(saved);
        }
        if model.phone_number_id.is_null()
            && let Ok(verification) = verification(context, &space, &number).await
        {
            // Only this call has the ID. Without it the number is as good.
            model.phone_number_id = verification.id.into();
        }
        Ok(Presence::Found(model))
    }

    async fn update(
        &self,
        context: &Context<'_>,
        _prior: Model,
        mut planned: Model,
        saved: &mut Saved<'_, Self>,
    ) -> Result<(), Diagnostics> {
        let (space, number) = keys(&planned);
        let mut private = Private::of(saved.private());
        if let Some(name) = planned.verified_name.as_known() {
            private.configured_name = Some(name.clone());
        }
        if !planned.registered.is_unknown() {
            private.save(saved);
            saved.save(&planned);
            return Ok(());
        }
        let isv_code = planned.isv_code.as_deref().map(str::to_owned);
        let found = find_or_diagnose(context, &space, isv_code.as_deref(), &number).await?;
        let Some(found) = found else {
            return Err(messages::not_in_waba(&number, &space).into());
        };
        planned.fill(&found);
        private.save(saved);
        saved.save(&planned);
        if planned.registered.as_known() != Some(&false) {
            return Ok(());
        }
        let summary = format!("Cannot register phone number {number}");
        let failed = |error: &Error| diagnose(context, error, &summary, &space, &number);
        let verification = verification(context, &space, &number).await;
        let verification = verification.map_err(|error| failed(&error))?;
        if !is_verified(&verification) {
            let status = verification.code_verification_status.as_deref();
            return Err(messages::not_verified(&number, &space, status).into());
        }
        registered_now(context, &mut planned, &mut private, saved)
            .await
            .map_err(|error| failed(&error).into())
    }

    async fn delete(
        &self,
        context: &Context<'_>,
        prior: Model,
        policy: &'static str,
    ) -> Result<(), Diagnostics> {
        debug_assert_eq!(policy, DEREGISTER);
        let (space, number) = keys(&prior);
        let action = ChatappPhoneNumberDeregister {
            cust_space_id: &space,
            phone_number: &number,
        };
        let result = context.operation.call(&action).await;
        phone_numbers::forget(context, &space);
        let summary = format!("Cannot deregister phone number {number}");
        result
            .map(|_| ())
            .map_err(|error| diagnose(context, &error, &summary, &space, &number).into())
    }
}

/// The space and the number.
fn keys(model: &Model) -> (String, String) {
    let space = text_of(&model.cust_space_id).to_owned();
    (space, text_of(&model.phone_number).to_owned())
}

fn diagnose(
    context: &Context<'_>,
    error: &Error,
    summary: &str,
    space: &str,
    number: &str,
) -> Diagnostic {
    let subject = format!("phone number {number} of space {space}");
    context.diagnose(error, summary, &subject, PHONE_NUMBER)
}

/// The number as the service shows it. If it is missing, the numbers are copied from Meta; if it is still missing, it is added.
/// `None` for a number that was added and is not shown yet.
async fn find_or_add(
    context: &Context<'_>,
    model: &Model,
) -> Result<Option<PhoneNumber>, Diagnostic> {
    let (space, number) = keys(model);
    let isv_code = model.isv_code.as_deref();
    if let Some(found) = find_or_diagnose(context, &space, isv_code, &number).await? {
        return Ok(Some(found));
    }
    let sync_failed = |error: Error| {
        let summary = format!("Cannot synchronise the numbers of space {space}");
        context.diagnose(&error, &summary, &format!("space {space}"), CUST_SPACE_ID)
    };
    phone_numbers::sync_once(context, &space)
        .await
        .map_err(sync_failed)?;
    if let Some(found) = find_or_diagnose(context, &space, isv_code, &number).await? {
        return Ok(Some(found));
    }
    let (Some(country_code), Some(name)) = (
        model.country_code.as_deref(),
        model.verified_name.as_deref(),
    ) else {
        return Err(messages::not_in_waba(&number, &space));
    };
    let action = AddChatappPhoneNumber {
        cust_space_id: &space,
        cc: country_code,
        phone_number: number.strip_prefix(country_code).unwrap_or(&number),
        verified_name: name,
    };
    let added = context.operation.call(&action).await;
    phone_numbers::forget(context, &space);
    let added = match added {
        Ok(_) => Ok(()),
        Err(error) if error.outcome_unknown() => Err(error),
        Err(error) => {
            let summary = format!("Cannot add phone number {number}");
            return Err(diagnose(context, &error, &summary, &space, &number));
        }
    };
    let mut found = match &added {
        Ok(()) => find_or_diagnose(context, &space, isv_code, &number)
            .await
            .ok()
            .flatten(),
        Err(_) => None,
    };
    if found.is_none() && phone_numbers::sync(context, &space).await.is_ok() {
        let shown = phone_numbers::look_up_fresh(context, &space, isv_code, &number, |_| true);
        found = shown.await.ok().flatten();
    }
    match (&added, &found) {
        (Ok(()), None) => context.warn(messages::added_but_not_shown(&number, &space)),
        (Err(_), Some(_)) => context.warn(messages::added_without_response(&number)),
        (Err(error), None) => {
            let id = context.import_id(&format!("{space}:{number}"));
            return Err(messages::add_outcome_unknown(
                &number,
                &space,
                error,
                &shell_word(&id),
            ));
        }
        (Ok(()), Some(_)) => {}
    }
    Ok(found)
}

/// Registers the number, waits, and saves what is true then.
async fn registered_now(
    context: &Context<'_>,
    model: &mut Model,
    private: &mut Private,
    saved: &mut Saved<'_, CamsPhoneNumber>,
) -> Result<(), Error> {
    let (space, number) = keys(model);
    let isv_code = model.isv_code.as_deref().map(str::to_owned);
    let target = Target {
        cust_space_id: &space,
        phone_number: &number,
        isv_code: isv_code.as_deref(),
    };
    let registration = register(context, &target).await?;
    private.registered_at = Some(now());
    let seen = match registration {
        Registration::Shown(seen) => Some(seen),
        Registration::Pending(seen) => {
            context.warn(messages::still_pending(&number, &context.limit));
            seen
        }
        Registration::Unseen(error) => {
            let detail = diagnose(context, &error, "", &space, &number).detail;
            context.warn(messages::registered_but_not_read(&number, &detail));
            None
        }
    };
    if let Some(seen) = seen {
        model.fill(&seen);
        if registered(seen.status.as_deref()).is_none()
            && let Some(status) = seen.status.as_deref()
        {
            context.warn(messages::status_is_left_alone(&number, status));
        }
    }
    *private = private.clone().seen_at(now(), model.status.as_deref());
    private.save(saved);
    saved.save(model);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_under_way_for_ten_minutes_while_it_is_pending() {
        let check = |registered_at: Option<i64>, status: Option<&str>, expected: bool| {
            let private = Private {
                registered_at,
                ..Private::default()
            };
            let found = private.seen_at(10_000, status).under_way;
            assert_eq!(found, expected, "{registered_at:?} {status:?}");
        };
        check(Some(10_000), Some("PENDING"), true);
        check(Some(9_401), Some("PENDING"), true);
        check(Some(9_400), Some("PENDING"), false);
        check(Some(10_001), Some("PENDING"), false);
        check(Some(10_000), Some("DISCONNECTED"), false);
        check(Some(10_000), Some("CONNECTED"), false);
        check(Some(10_000), None, false);
        check(None, Some("PENDING"), false);
    }

    #[test]
    fn private_state_of_another_form_counts_as_none() {
        let check = |private: Option<Json>, expected: Private| {
            assert_eq!(Private::of(private.as_ref()), expected, "{private:?}");
        };
        check(None, Private::default());
        check(Some(serde_json::json!("x")), Private::default());
        let stored = Private {
            registered_at: Some(7),
            under_way: true,
            configured_name: Some("Shop".to_owned()),
        };
        check(Some(serde_json::json!(stored)), stored);
    }

    #[test]
    fn the_country_code_begins_the_number() {
        let check = |code: &str, expected: usize| {
            let config = Model {
                phone_number: "6580001234".into(),
                country_code: code.into(),
                ..Model::default()
            };
            assert_eq!(
                CamsPhoneNumber.validate(&config).iter().count(),
                expected,
                "{code}"
            );
        };
        check("65", 0);
        check("49", 1);
        check("6580001234", 1);
    }
}
