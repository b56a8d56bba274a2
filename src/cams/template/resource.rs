//! `alicloud_cams_chatapp_template`: a message template in one language.
//!
//! What the service offers, and so what this resource can promise (CAMS API 2020-06-06):
//!
//! * `CreateChatappTemplate` submits to Meta's review at once. It has no idempotency token. So the templates of the space
//!   are listed before, once for each run, and looked for again after a create whose outcome is unknown. A create that may
//!   have been executed is not sent again.
//! * The review ends after minutes or days. Creating does not fail for it: a failure would taint the template, and its
//!   replacement would meet a locked name.
//! * `ModifyChatappTemplate` replaces the content and begins a new review. It is sent only if the content differs.
//! * Meta locks the name of a deleted template that was approved. Whether one ever was is kept in the private state.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use alicloud::{
    Error,
    cams::template::{
        ArchiveChatappTemplate, ArchivedTemplate, CreateChatappTemplate, DeleteChatappTemplate,
        GetChatappTemplateDetail, ModifyChatappTemplate, ModifyChatappTemplateProperties, Template,
    },
};
use async_trait::async_trait;
use framework::{Block, Diagnostic, Diagnostics, Field, timeouts::Timeout, wait::WaitPolicy};
use serde_json::{Value as Json, json};
use tokio::{sync::Mutex as AsyncMutex, time::timeout};

use super::{
    details::Content,
    messages,
    model::{
        self, LANGUAGE_DESCRIPTION, Model, TEMPLATE_CODE_DESCRIPTION, TYPE_DESCRIPTION, WHATSAPP,
        is_approved, is_under_review,
    },
    rules,
    template_list::{Filter, list_templates},
};
use crate::common::{
    Context, Key, Looks,
    deletion_policy::{ABANDON, DELETE, DeletionPolicy, PREVENT},
    error_diagnostics::is_permission,
    resource::{CamsResource, Plan, Presence, Saved},
    space::{self, check_bound},
};

/// The resource.
pub(crate) struct ChatappTemplate;

const ARCHIVE: &str = "ARCHIVE";

/// The code for a template that does not exist, of `GetChatappTemplateDetail`.
pub(super) const NOT_FOUND: &str = "DetailError.TemplateNotExist";
/// The same of `DeleteChatappTemplate`.
const ALREADY_DELETED: &str = "DelError.TemplateNotExist";
/// A name that is taken, on an older page.
const NAME_EXISTS: &str = "InvalidParameter.TemplateNameExist";

/// What the private state says: whether the template was ever approved. Absent, that is not known.
const APPROVED: &str = "approved";
/// What the plan notes for a replacement under the same name.
const LOCKED: &str = "locked";

#[async_trait]
impl CamsResource for ChatappTemplate {
    type Model = Model;

    const TYPE: &'static str = "alicloud_cams_chatapp_template";
    const PLURAL: &'static str = "message templates";
    const KEYS: &'static [Key] = &[
        space::KEY,
        Key::new("template_code", TEMPLATE_CODE_DESCRIPTION),
        Key::new("language", LANGUAGE_DESCRIPTION),
        Key::new("template_type", TYPE_DESCRIPTION).or(WHATSAPP),
    ];
    const TIMEOUTS: &'static [Timeout] = &[
        Timeout::new("create", "5m"),
        Timeout::new("read", "5m"),
        Timeout::new("update", "5m"),
        Timeout::new("delete", "5m"),
    ];
    const DELETION: DeletionPolicy = DeletionPolicy {
        default: DELETE,
        values: &[DELETE, ARCHIVE, ABANDON, PREVENT],
        description: "What destroying does: `DELETE` (default) deletes the template, and Meta locks its name for 30 days if it was approved; `ARCHIVE` archives it; `ABANDON` removes it from the state only, with a warning; `PREVENT` refuses to plan a destruction or replacement. The value in the state counts.",
    };
    const RAM_ACTIONS: &'static [&'static str] = &[
        "cams:CreateChatappTemplate",
        "cams:GetChatappTemplateDetail",
        "cams:ListChatappTemplate",
        "cams:ModifyChatappTemplate",
        "cams:ModifyChatappTemplateProperties",
        "cams:DeleteChatappTemplate",
        "cams:ArchiveChatappTemplate",
        "cams:QueryChatappBindWaba",
    ];

    fn block(&self) -> Block {
        model::block()
    }

    fn name(&self, model: &Model) -> String {
        messages::name(model)
    }

    fn left_behind(&self, model: &Model) -> String {
        messages::left_behind(model)
    }

    fn validate(&self, config: &Model) -> Diagnostics {
        rules::check(config)
    }

    fn plan(&self, plan: &mut Plan<'_, Model>) {
        let names = plan.seen::<NamesOfPlan>().unwrap_or_default();
        match (&plan.prior, &mut plan.planned) {
            (Some(prior), Some(planned)) => {
                let history = History::of(plan.private_state, prior, plan.policy, &names);
                plan.note = history.replacement_note();
                if plan.requires_replace.is_empty() {
                    plan_update(prior, planned, plan.diagnostics);
                } else if plan.policy == PREVENT {
                    // Refused by the policy.
                } else if keeps_name(plan.requires_replace) {
                    plan.diagnostics.extend(history.of_replacement(prior));
                } else {
                    if plan.policy == DELETE && prior.is_approved() {
                        let warning = messages::replacement_loses_approval(prior);
                        plan.diagnostics.push(warning);
                    }
                    plan.diagnostics.extend(history.gives_up(prior, &names));
                }
            }
            (Some(prior), None) if plan.policy != PREVENT => {
                let history = History::of(plan.private_state, prior, plan.policy, &names);
                plan.diagnostics.extend(history.gives_up(prior, &names));
                if !prior.is_approved() && !names.is_approved(prior) {
                    return;
                }
                if plan.policy == DELETE {
                    plan.diagnostics.push(messages::approval_is_lost(prior));
                } else if plan.policy == ARCHIVE && plan.is_first("archives") {
                    plan.diagnostics.push(messages::archives_approved(prior));
                }
            }
            // The second plan of a replacement. Only here does `-replace` or `replace_triggered_by` show.
            (None, Some(planned)) => {
                let note = plan.replaced.take();
                let same_name = note.filter(|note| note["key"] == json!(key(planned)));
                let locked = same_name.as_ref().filter(|note| note[LOCKED] == "yes");
                let is_given_up = names.create(planned);
                if let Some(note) = locked {
                    let stays = note["stays"] == true;
                    plan.diagnostics.push(messages::name_locked(planned, stays));
                } else if is_given_up {
                    plan.diagnostics.push(messages::name_in_state(planned));
                }
                // Of a tainted template there was no first plan, but its deletion gets this note.
                let new = || json!({ LOCKED: "no", "key": key(planned) });
                plan.note = Some(same_name.unwrap_or_else(new));
            }
            _ => {}
        }
    }

    fn check_replacement(&self, prior: &Model, note: &Json) -> Result<(), Diagnostic> {
        // The refresh of the plan may have been skipped, or may be older than the approval.
        let takes_its_name = note["key"] == json!(key(prior));
        match takes_its_name && (note[LOCKED] == "maybe" || prior.is_approved()) {
            true => Err(messages::name_locked(prior, false)),
            false => Ok(()),
        }
    }

    async fn create(
        &self,
        context: &Context<'_>,
        planned: Model,
        saved: &mut Saved<'_, Self>,
    ) -> Result<(), Diagnostics> {
        let templates = context.shared::<RunTemplates>();
        if !templates.claim(&planned) {
            return Err(messages::created_twice(&planned).into());
        }
        let before = templates.existing(context, &planned).await;
        if let Ok(Some(code)) = &before {
            return Err(messages::exists(context, &planned, code).into());
        }
        let code = send_create(context, &planned, before.is_ok()).await?;
        templates.note_created(&planned, &code);

        // The template exists now. It goes into the state before anything else can happen.
        let mut created = planned.clone();
        created.template_code = Field::from(code);
        for field in [
            &mut created.current_category,
            &mut created.audit_status,
            &mut created.reason,
            &mut created.quality_score,
        ] {
            *field = Field::Null;
        }
        for field in [&mut created.allow_send, &mut created.category_change_paused] {
            *field = known_or(*field, Field::Null);
        }
        let seconds = &mut created.message_send_ttl_seconds;
        *seconds = known_or(*seconds, Field::Null);
        saved.set_private(json!({ APPROVED: false }));
        saved.save(&created);
        after_write(context, None, created, &planned, saved).await
    }

    async fn read(
        &self,
        context: &Context<'_>,
        state: Model,
        saved: &mut Saved<'_, Self>,
    ) -> Result<Presence<Model>, Diagnostics> {
        let found = match detail(context, &state).await {
            Ok(found) => found,
            Err(error) if error.code() == Some(NOT_FOUND) => return absent(context, state).await,
            Err(error) => return Err(failed(context, &error, &state, "read").into()),
        };
        let mut read = state.with_content(&found);
        if !state.name.is_known() && !found.name.is_empty() {
            read.name = Field::from(&*found.name);
        }
        if is_approved(found.audit_status.as_deref()) {
            saved.set_private(json!({ APPROVED: true }));
        }
        if saved.private().is_some_and(|noted| noted[APPROVED] == true)
            && context.seen::<NamesOfPlan>().add_approved(&read)
        {
            return Err(messages::name_in_state(&read).into());
        }
        let (before, now) = (state.current_category.as_deref(), found.category.as_deref());
        if let (Some(before), Some(now)) = (before, now)
            && before != now
            && state.category.as_deref() != Some(now)
        {
            context.warn(messages::category_moved(&read, now));
        }
        Ok(Presence::Found(read))
    }

    async fn update(
        &self,
        context: &Context<'_>,
        prior: Model,
        planned: Model,
        saved: &mut Saved<'_, Self>,
    ) -> Result<(), Diagnostics> {
        let mut updated = planned.clone();
        updated.current_category = or(updated.current_category, &prior.current_category);
        updated.audit_status = or(updated.audit_status, &prior.audit_status);
        updated.reason = or(updated.reason, &prior.reason);
        updated.quality_score = or(updated.quality_score, &prior.quality_score);
        updated.allow_send = known_or(updated.allow_send, prior.allow_send);
        updated.category_change_paused =
            known_or(updated.category_change_paused, prior.category_change_paused);
        if content_changes(&prior, &planned) {
            modify(context, &prior, &updated).await?;
            if prior.is_approved() {
                saved.set_private(json!({ APPROVED: true }));
            }
            // Nothing has changed this property yet.
            saved.save(&Model {
                allow_send: prior.allow_send,
                ..updated.clone()
            });
            return after_write(context, Some(&prior), updated, &planned, saved).await;
        }
        let changed = |before: Field<bool>, after: Field<bool>| {
            after.as_known().copied().filter(|_| before != after)
        };
        let allow_send = changed(prior.allow_send, updated.allow_send);
        let paused = changed(prior.category_change_paused, updated.category_change_paused);
        if allow_send.is_some() || paused.is_some() {
            set_properties(context, &updated, allow_send, paused)
                .await
                .map_err(|error| failed(context, &error, &updated, "change the properties of"))?;
        }
        saved.save(&updated);
        Ok(())
    }

    async fn delete(
        &self,
        context: &Context<'_>,
        prior: Model,
        policy: &'static str,
    ) -> Result<(), Diagnostics> {
        let templates = context.shared::<RunTemplates>();
        if prior.is_approved() && templates.is_claimed_by_another(&prior) {
            return Err(messages::name_in_state(&prior).into());
        }
        if policy == ARCHIVE {
            return archive(context, &prior).await;
        }
        if !prior.is_approved() {
            check_unapproved(context, &prior).await?;
        }
        let action = DeleteChatappTemplate {
            cust_space_id: known_text(&prior.cust_space_id),
            isv_code: prior.isv_code.as_deref(),
            template_code: known_text(&prior.template_code),
            language: known_text(&prior.language),
            template_type: known_text(&prior.template_type),
        };
        match context.operation.call(&action).await {
            Ok(_) => {}
            Err(error) if error.code() == Some(ALREADY_DELETED) => {}
            Err(error) => return Err(failed(context, &error, &prior, "delete").into()),
        }
        templates.note_deleted(&prior);
        Ok(())
    }
}

/// Whether the template was ever approved, and what a replacement under its name would meet.
struct History {
    /// `None`: not known.
    approved: Option<bool>,
    /// By its policy the template stays at the service.
    stays: bool,
    key: [String; 4],
}

impl History {
    fn of(private: Option<&Json>, prior: &Model, policy: &str, names: &NamesOfPlan) -> Self {
        let noted = private.and_then(|private| private[APPROVED].as_bool());
        let is_approved = prior.is_approved() || names.was_approved(prior);
        Self {
            approved: if is_approved { Some(true) } else { noted },
            stays: policy == ABANDON || policy == ARCHIVE,
            key: key(prior),
        }
    }

    fn locked(&self) -> &'static str {
        match self.approved {
            _ if self.stays => "yes",
            Some(true) => "yes",
            Some(false) => "no",
            None => "maybe",
        }
    }

    /// For the second plan of a replacement, and for the deletion in it.
    fn replacement_note(&self) -> Option<Json> {
        Some(json!({ LOCKED: self.locked(), "stays": self.stays, "key": self.key }))
    }

    /// Notes that the plan takes the template away. An error if the plan creates another one under its name.
    fn gives_up(&self, prior: &Model, names: &NamesOfPlan) -> Diagnostics {
        let was_approved = self.approved == Some(true);
        match names.give_up(prior, was_approved) && was_approved {
            true => messages::name_in_state(prior).into(),
            false => Diagnostics::new(),
        }
    }

    /// What the first plan of a replacement under the same name says.
    fn of_replacement(&self, prior: &Model) -> Diagnostics {
        match self.locked() {
            "yes" => messages::name_locked(prior, self.stays).into(),
            "maybe" => messages::name_perhaps_locked(prior).into(),
            _ => Diagnostics::new(),
        }
    }
}

/// Whether a replacement for these attributes takes the same name in the same place: only the category differs.
fn keeps_name(changed: &[framework::AttributePath]) -> bool {
    let category = framework::AttributePath::attribute("category");
    changed.iter().all(|path| *path == category)
}

/// What Meta locks: the name in a space, with language and type.
fn key(model: &Model) -> [String; 4] {
    [
        &model.cust_space_id,
        &model.name,
        &model.language,
        &model.template_type,
    ]
    .map(|field| field.as_deref().unwrap_or_default().to_owned())
}

fn content_changes(prior: &Model, planned: &Model) -> bool {
    let object = framework::Object::from_model(planned);
    let is_known = CONTENT
        .iter()
        .all(|name| object.get(name).is_wholly_known());
    !is_known || !Content::of(prior).means_the_same(&Content::of(planned))
}

/// The attributes that make the content.
const CONTENT: [&str; 9] = [
    "header",
    "body",
    "footer",
    "buttons",
    "cards",
    "limited_time_offer",
    "example",
    TIME_TO_LIVE,
    "product_set_id",
];

const TIME_TO_LIVE: &str = "message_send_ttl_seconds";

/// What the computed attributes will be, and what the user should know of a change.
fn plan_update(prior: &Model, planned: &mut Model, diagnostics: &mut Diagnostics) {
    if content_changes(prior, planned) {
        if let Some(warning) = messages::will_be_reviewed(prior) {
            diagnostics.push(warning);
        }
        return;
    }
    // Without new content there is no new review.
    planned.current_category.clone_from(&prior.current_category);
    planned.audit_status.clone_from(&prior.audit_status);
    planned.reason.clone_from(&prior.reason);
    planned.quality_score.clone_from(&prior.quality_score);
}

fn or(field: Field<String>, other: &Field<String>) -> Field<String> {
    match field {
        Field::Unknown => other.clone(),
        field => field,
    }
}

fn known_or<T>(field: Field<T>, other: Field<T>) -> Field<T> {
    match field {
        Field::Unknown => other,
        field => field,
    }
}

fn known_text(field: &Field<String>) -> &str {
    field.as_deref().unwrap_or_default()
}

/// The diagnostic for a failed call.
fn failed(context: &Context<'_>, error: &Error, model: &Model, verb: &str) -> Diagnostic {
    let name = messages::name(model);
    let short: String = name.chars().take(45).collect();
    context.diagnose(error, &format!("Cannot {verb} {short}"), &name, "name")
}

/// The template as the service shows it.
pub(super) async fn detail(context: &Context<'_>, model: &Model) -> Result<Template, Error> {
    let action = GetChatappTemplateDetail {
        cust_space_id: known_text(&model.cust_space_id),
        isv_code: model.isv_code.as_deref(),
        template_code: known_text(&model.template_code),
        language: known_text(&model.language),
        template_type: known_text(&model.template_type),
    };
    Ok(context.operation.call(&action).await?.body)
}

/// The service says that there is no such template.
async fn absent(context: &Context<'_>, state: Model) -> Result<Presence<Model>, Diagnostics> {
    let space = known_text(&state.cust_space_id);
    let code = known_text(&state.template_code);
    let why = format!(
        "Space {} has no template with the code {} in the language {}.",
        space.escape_debug(),
        code.escape_debug(),
        known_text(&state.language).escape_debug()
    );
    if context.importing {
        return Ok(Presence::Gone(why));
    }
    if state.audit_status.is_null() && state.current_category.is_null() {
        context.warn(messages::not_shown_yet(&state));
        return Ok(Presence::Found(state));
    }
    check_bound(
        context,
        space,
        state.isv_code.as_deref(),
        &messages::name(&state),
    )
    .await?;
    Ok(Presence::Gone(why))
}

/// Sends the create, at most once, and finds out what came of it: the code of the template.
async fn send_create(
    context: &Context<'_>,
    planned: &Model,
    checked: bool,
) -> Result<String, Diagnostics> {
    let content = Content::of(planned);
    let example = Some(&content.example).filter(|example| !example.is_empty());
    let action = CreateChatappTemplate {
        cust_space_id: known_text(&planned.cust_space_id),
        isv_code: planned.isv_code.as_deref(),
        name: known_text(&planned.name),
        language: known_text(&planned.language),
        category: known_text(&planned.category),
        template_type: known_text(&planned.template_type),
        components: &content.components,
        example,
        message_send_ttl_seconds: content.message_send_ttl_seconds,
        category_change_paused: planned.category_change_paused.as_known().copied(),
        product_set_id: content.product_set_id.as_deref(),
    };
    match context.operation.call(&action).await {
        Ok(response) => Ok(response.body.template_code),
        Err(error) if error.outcome_unknown() => {
            let mut sought = Ok(None);
            let mut looks = context.looks_after_unknown_outcome();
            while matches!(sought, Ok(None)) && looks.next().await == Ok(true) {
                sought = find_template(context, planned).await;
            }
            match sought {
                Ok(Some(code)) => {
                    context.warn(messages::response_lost(planned, &error, &code, checked));
                    Ok(code)
                }
                Ok(None) => Err(messages::unknown(context, planned, &error, None).into()),
                Err(why) => {
                    let why = why.to_string();
                    Err(messages::unknown(context, planned, &error, Some(&why)).into())
                }
            }
        }
        Err(error) if error.code() == Some(NAME_EXISTS) => {
            match find_template(context, planned).await {
                Ok(Some(code)) => Err(messages::exists(context, planned, &code).into()),
                _ => Err(failed(context, &error, planned, "create").into()),
            }
        }
        Err(error) => Err(failed(context, &error, planned, "create").into()),
    }
}

/// The code of the template with this name, language and type, if a list shows it.
async fn find_template(context: &Context<'_>, model: &Model) -> Result<Option<String>, Error> {
    let filter = Filter {
        cust_space_id: known_text(&model.cust_space_id),
        isv_code: model.isv_code.as_deref(),
        name: model.name.as_deref(),
        language: model.language.as_deref(),
        template_type: model.template_type.as_deref(),
        ..Filter::default()
    };
    let list = list_templates(&context.operation, &filter).await?;
    Ok(list.rows.into_iter().next().map(|row| row.template_code))
}

/// Sends new content. A modification that may have been executed is not sent again.
async fn modify(context: &Context<'_>, prior: &Model, updated: &Model) -> Result<(), Diagnostics> {
    let content = Content::of(updated);
    let product_set_id = content.product_set_id.as_deref();
    let action = ModifyChatappTemplate {
        cust_space_id: known_text(&updated.cust_space_id),
        isv_code: updated.isv_code.as_deref(),
        template_code: known_text(&updated.template_code),
        language: known_text(&updated.language),
        template_type: known_text(&updated.template_type),
        components: &content.components,
        example: &content.example,
        message_send_ttl_seconds: content.message_send_ttl_seconds,
        category_change_paused: updated.category_change_paused.as_known().copied(),
        product_set_id: product_set_id.or(prior.product_set_id.as_deref().map(|_| "")),
    };
    let Err(error) = context.operation.call(&action).await else {
        return Ok(());
    };
    let looks = context.looks_after_unknown_outcome();
    if error.outcome_unknown()
        && let Ok(found) = look_up(context, looks, updated, |found| {
            differences(updated, found).is_empty()
        })
        .await
        && differences(updated, &found).is_empty()
    {
        return Ok(());
    }
    let mut refused = failed(context, &error, updated, "modify");
    if matches!(error.kind(), alicloud::ErrorKind::Api(_)) && !is_permission(&error) {
        messages::two_ways_out(&mut refused);
    }
    Err(refused.into())
}

/// Reads a template that the state does not show as approved, before it is deleted: Meta may have approved it since the plan.
///
/// # Errors
/// If it is approved by now, or could not be read.
async fn check_unapproved(context: &Context<'_>, prior: &Model) -> Result<(), Diagnostic> {
    match detail(context, prior).await {
        Ok(found) if is_approved(found.audit_status.as_deref()) => {
            Err(messages::approved_since_plan(prior))
        }
        Ok(_) => Ok(()),
        // A new template may not be shown yet, so the delete is sent all the same.
        Err(error) if error.code() == Some(NOT_FOUND) => Ok(()),
        Err(error) => Err(failed(context, &error, prior, "read")),
    }
}

async fn set_properties(
    context: &Context<'_>,
    model: &Model,
    allow_send: Option<bool>,
    category_change_paused: Option<bool>,
) -> Result<(), Error> {
    let action = ModifyChatappTemplateProperties {
        cust_space_id: known_text(&model.cust_space_id),
        template_code: known_text(&model.template_code),
        language: known_text(&model.language),
        template_type: known_text(&model.template_type),
        allow_send,
        category_change_paused,
    };
    context.operation.call(&action).await.map(|_| ())
}

async fn archive(context: &Context<'_>, prior: &Model) -> Result<(), Diagnostics> {
    let channel = known_text(&prior.template_type).to_ascii_lowercase();
    let template = ArchivedTemplate {
        template_code: known_text(&prior.template_code),
        language: known_text(&prior.language),
    };
    let action = ArchiveChatappTemplate {
        cust_space_id: known_text(&prior.cust_space_id),
        channel_type: &channel,
        archive_type: "ARCHIVED",
        template_list: &[template],
    };
    let response = context.operation.call(&action).await;
    let response = response
        .map_err(|error| failed(context, &error, prior, "archive"))?
        .body;
    match response.succeeded() {
        true => Ok(()),
        false => {
            let code = response.code.as_deref().unwrap_or_default();
            Err(messages::not_archived(prior, code, response.message.as_deref()).into())
        }
    }
}

/// The attributes of the content that the service shows otherwise.
fn differences(model: &Model, found: &Template) -> Vec<&'static str> {
    let shown = framework::Object::from_model(&model.with_content(found));
    let sent = framework::Object::from_model(model);
    // What was not sent is the service's to choose.
    let is_sent = |name: &str| name != TIME_TO_LIVE || !sent.get(name).is_null();
    let names = CONTENT.iter().copied();
    names
        .filter(|name| is_sent(name) && shown.get(name) != sent.get(name))
        .collect()
}

/// Looks the template up until it is as wanted, for a short while; then as it is.
async fn look_up(
    context: &Context<'_>,
    mut looks: Looks<'_>,
    model: &Model,
    as_wanted: impl Fn(&Template) -> bool,
) -> Result<Template, Error> {
    // The first look is at once.
    let _ = looks.next().await;
    loop {
        let result = detail(context, model).await;
        let again = match &result {
            Ok(found) => !as_wanted(found),
            Err(error) => error.code() == Some(NOT_FOUND),
        };
        if !again || looks.next().await != Ok(true) {
            return result;
        }
    }
}

/// Reads a template back that was written, sets the properties that differ, and waits for the review if that is wanted.
/// `before` is the object before an update.
///
/// # Errors
/// In an update, if a property was not set: the state keeps its old value. After a create nothing is an error, since the
/// template exists, and an error would taint it.
async fn after_write(
    context: &Context<'_>,
    before: Option<&Model>,
    written: Model,
    planned: &Model,
    saved: &mut Saved<'_, ChatappTemplate>,
) -> Result<(), Diagnostics> {
    let found = look_up(context, context.looks_after_write(), &written, |found| {
        differences(&written, found).is_empty()
    })
    .await;
    let mut found = match found {
        Ok(found) => Some(found),
        Err(error) => {
            let why = failed(context, &error, &written, "read");
            context.warn(messages::not_read(&written, &why.detail));
            None
        }
    };
    if let Some(found) = &found {
        let different = differences(&written, found);
        if !different.is_empty() {
            context.warn(messages::shows_otherwise(&written, &different));
        }
    }
    // What the service has now. The content was sent with one of the two properties.
    let (allows, pauses) = match &found {
        Some(found) => (found.allow_send.into(), found.category_change_paused.into()),
        None => (
            before.map_or(Field::Null, |before| before.allow_send),
            written.category_change_paused,
        ),
    };
    let wanted = |planned: Field<bool>, has: Field<bool>| {
        planned.as_known().copied().filter(|_| planned != has)
    };
    let allow_send = wanted(planned.allow_send, allows);
    let paused = wanted(planned.category_change_paused, pauses);
    let mut refused = None;
    if (allow_send.is_some() || paused.is_some())
        && let Err(error) = set_properties(context, &written, allow_send, paused).await
    {
        let mut why = failed(context, &error, &written, "change the properties of");
        let names = [
            allow_send.map(|_| "`allow_send`"),
            paused.map(|_| "`category_change_paused`"),
        ];
        let names: Vec<&str> = names.into_iter().flatten().collect();
        messages::add_unset_properties(&mut why, &names.join(" and "), before.is_some());
        match before {
            Some(_) => refused = Some(why),
            None => {
                why.severity = framework::Severity::Warning;
                context.warn(why);
            }
        }
    }
    let is_refused = refused.is_some();
    let with = |found: Option<&Template>| {
        let mut model = written.clone();
        if let Some(found) = found {
            model = model.with_status(found);
            if planned.message_send_ttl_seconds.is_unknown() {
                model.message_send_ttl_seconds =
                    written.with_content(found).message_send_ttl_seconds;
            }
        }
        if is_refused {
            (model.allow_send, model.category_change_paused) = (allows, pauses);
            return model;
        }
        // What was planned is kept; if the service shows something else, the next refresh says so.
        model.allow_send = known_or(planned.allow_send, model.allow_send);
        model.category_change_paused =
            known_or(planned.category_change_paused, model.category_change_paused);
        model
    };
    saved.save(&with(found.as_ref()));
    if let Some(shown) = &found
        && let Some(limit) = written.wait_for_audit.as_deref()
        && !is_refused
    {
        if let Some(reviewed) = wait_for_review(context, &written, limit, shown).await {
            found = Some(reviewed);
        }
        saved.save(&with(found.as_ref()));
    }
    if found.is_some() {
        let model = with(found.as_ref());
        if model.is_approved() {
            saved.set_private(json!({ APPROVED: true }));
        } else if model.audit_status.as_deref() == Some("fail") {
            context.warn(messages::rejected(&model));
        }
    }
    refused.map_or(Ok(()), |refused| Err(refused.into()))
}

/// Waits until Meta's review is over. `None` if nothing new was seen.
async fn wait_for_review(
    context: &Context<'_>,
    model: &Model,
    wait: &str,
    found: &Template,
) -> Option<Template> {
    let began = context.operation.remaining();
    // Some time is left for the last look.
    let limit = framework::timeouts::parse(wait).unwrap_or_default();
    let limit = limit.min(began.saturating_sub(Duration::from_secs(5)));
    let policy = WaitPolicy {
        first_pause: Duration::from_secs(2),
        longest_pause: Duration::from_secs(15),
        limit,
    };
    let mut looks = 1;
    let mut last = None;
    let mut status = found.audit_status.clone();
    while is_under_review(status.as_deref()) {
        let elapsed = began.saturating_sub(context.operation.remaining());
        let pause = policy.pause_after(looks, elapsed);
        let Some(pause) = pause else {
            context.warn(messages::not_reviewed(model, wait));
            break;
        };
        if context.operation.pause(pause).await.is_err() {
            context.warn(messages::not_reviewed(model, wait));
            break;
        }
        match detail(context, model).await {
            Ok(found) => {
                status.clone_from(&found.audit_status);
                last = Some(found);
            }
            Err(error) => {
                let why = failed(context, &error, model, "read");
                context.warn(messages::not_read(model, &why.detail));
                break;
            }
        }
        looks += 1;
    }
    last
}

/// The code of each template of a space, by its [`key`].
type Codes = BTreeMap<[String; 4], String>;

/// What the calls of one plan say of names that Meta keeps. Terraform plans each resource apart, in any order: a template whose
/// address has changed is one destroy and one create, and a tainted one is a create.
#[derive(Default)]
struct NamesOfPlan(Mutex<PlannedNames>);

#[derive(Default)]
struct PlannedNames {
    /// Templates that were ever approved, as reads have seen them, and whether they are now.
    approved: BTreeMap<[String; 4], bool>,
    /// Templates that the plan destroys or replaces by another name, and whether they were ever approved by the state. The
    /// destroy of a resource that has left the configuration is planned before it is read.
    given_up: BTreeMap<[String; 4], bool>,
    created: BTreeSet<[String; 4]>,
}

impl NamesOfPlan {
    fn names(&self) -> MutexGuard<'_, PlannedNames> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a template was ever approved. True if the plan takes it away and creates another one under its name.
    fn add_approved(&self, model: &Model) -> bool {
        let mut names = self.names();
        let key = key(model);
        let is_lost = names.given_up.contains_key(&key) && names.created.contains(&key);
        names.approved.insert(key, model.is_approved());
        is_lost
    }

    fn was_approved(&self, model: &Model) -> bool {
        self.names().approved.contains_key(&key(model))
    }

    fn is_approved(&self, model: &Model) -> bool {
        self.names().approved.get(&key(model)) == Some(&true)
    }

    /// Notes that the plan takes a template away. True if it creates another one under its name.
    fn give_up(&self, model: &Model, was_approved: bool) -> bool {
        let mut names = self.names();
        names.given_up.insert(key(model), was_approved);
        names.created.contains(&key(model))
    }

    /// Notes that the plan creates a template. True if an approved one has its name.
    fn create(&self, model: &Model) -> bool {
        let mut names = self.names();
        let key = key(model);
        let is_taken = names.approved.contains_key(&key) || names.given_up.get(&key) == Some(&true);
        names.created.insert(key);
        is_taken
    }
}

/// What one run knows of the templates of one account. All templates share it, so that each space is listed once.
#[derive(Default)]
struct RunTemplates {
    /// The templates of a space before this run, or why they are not known. Locked for the time of a list, so that
    /// concurrent creates wait for one list and use it.
    spaces: AsyncMutex<BTreeMap<String, Result<Codes, String>>>,
    /// The names that resources of this run create, with the code once there is one.
    claimed: Mutex<BTreeMap<[String; 4], Option<String>>>,
    deleted: Mutex<BTreeSet<[String; 4]>>,
}

impl RunTemplates {
    /// Claims a name for one resource of this run. False if another resource has claimed it.
    fn claim(&self, model: &Model) -> bool {
        let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        match claimed.entry(key(model)) {
            Entry::Occupied(_) => false,
            Entry::Vacant(entry) => {
                entry.insert(None);
                true
            }
        }
    }

    fn note_created(&self, model: &Model, code: &str) {
        let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        claimed.insert(key(model), Some(code.to_owned()));
    }

    /// Whether this run creates, or has tried to create, another template under the name of this one.
    fn is_claimed_by_another(&self, model: &Model) -> bool {
        let claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        claimed
            .get(&key(model))
            .is_some_and(|code| code.as_deref() != model.template_code.as_deref())
    }

    fn note_deleted(&self, model: &Model) {
        let mut deleted = self.deleted.lock().unwrap_or_else(PoisonError::into_inner);
        deleted.insert(key(model));
    }

    fn is_deleted(&self, key: &[String; 4]) -> bool {
        let deleted = self.deleted.lock().unwrap_or_else(PoisonError::into_inner);
        deleted.contains(key)
    }

    /// The code of a template that had this name before the run; an error says why that is not known. At most half of the
    /// time that is left is spent on it.
    async fn existing(
        &self,
        context: &Context<'_>,
        model: &Model,
    ) -> Result<Option<String>, String> {
        let limit = context.operation.remaining() / 2;
        let listing = async {
            let space = known_text(&model.cust_space_id);
            let mut spaces = self.spaces.lock().await;
            if let Some(known) = spaces.get(space) {
                return known.clone();
            }
            let filter = Filter {
                cust_space_id: space,
                isv_code: model.isv_code.as_deref(),
                ..Filter::default()
            };
            let listed = list_templates(&context.operation, &filter).await;
            let listed = match listed {
                Ok(list) if list.complete => {
                    let text = |text: Option<String>| text.unwrap_or_default();
                    let rows = list.rows.into_iter().map(|row| {
                        let key = [
                            space.to_owned(),
                            text(row.template_name),
                            text(row.language),
                            text(row.template_type),
                        ];
                        (key, row.template_code)
                    });
                    Ok(rows.collect())
                }
                Ok(_) => Err("the list may be incomplete".to_owned()),
                Err(error) => Err(error.to_string()),
            };
            spaces.insert(space.to_owned(), listed.clone());
            listed
        };
        let known = timeout(limit, listing).await;
        let known = known.unwrap_or_else(|_| Err("the list took too long".to_owned()))?;
        let key = key(model);
        Ok(known.get(&key).filter(|_| !self.is_deleted(&key)).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, code: &str) -> Model {
        Model {
            cust_space_id: "cams-1".into(),
            name: name.into(),
            template_code: code.into(),
            ..Model::default()
        }
    }

    #[test]
    fn approved_name_is_refused_by_whichever_call_comes_last() {
        let (old, other) = (named("a", "1"), named("b", "2"));
        let names = NamesOfPlan::default();
        assert!(!names.give_up(&old, true) && !names.create(&other));
        assert!(names.create(&old));
        let names = NamesOfPlan::default();
        assert!(!names.create(&old) && !names.give_up(&other, true));
        assert!(names.give_up(&old, true));
        let names = NamesOfPlan::default();
        assert!(!names.give_up(&old, false) && !names.create(&old));
        assert!(names.add_approved(&old) && !names.add_approved(&other));
        let names = NamesOfPlan::default();
        assert!(!names.add_approved(&old) && names.create(&old));
        assert!(names.was_approved(&old) && !names.is_approved(&old));
        let approved = Model {
            audit_status: "pass".into(),
            ..old.clone()
        };
        assert!(
            !names.add_approved(&approved)
                && names.is_approved(&old)
                && !names.was_approved(&other)
        );
    }

    #[test]
    fn name_is_claimed_by_another_until_its_own_create_ends() {
        let templates = RunTemplates::default();
        let (old, new) = (named("a", "1"), named("a", "2"));
        assert!(!templates.is_claimed_by_another(&old));
        assert!(templates.claim(&new) && !templates.claim(&new));
        assert!(templates.is_claimed_by_another(&old));
        templates.note_created(&new, "2");
        assert!(templates.is_claimed_by_another(&old));
        assert!(!templates.is_claimed_by_another(&new));
        assert!(!templates.is_claimed_by_another(&named("b", "3")));
    }

    #[test]
    fn replacement_is_refused_by_its_note_or_by_the_state() {
        let check = |status: &str, name: &str, locked: &str| {
            let prior = Model {
                audit_status: status.into(),
                ..named("a", "1")
            };
            let note = json!({ LOCKED: locked, "key": key(&named(name, "")) });
            ChatappTemplate.check_replacement(&prior, &note).is_ok()
        };
        assert!(check("fail", "a", "no"));
        assert!(!check("fail", "a", "maybe"));
        assert!(!check("pass", "a", "no"));
        assert!(check("pass", "b", "no"));
    }
}
