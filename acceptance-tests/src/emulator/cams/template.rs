//! Message templates of a space, Meta's review of them, and the names that Meta locks.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::Emulator;
use super::super::entities::Entities;
use super::super::gateway::{Task, invalid};
use super::super::response::{Refusal, envelope};
use super::super::state::{Now, State};
use super::refused;
use super::space::asked_space;

/// Undocumented behaviour of templates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateBehavior {
    /// The response to a detail of an archived template. Undocumented.
    pub archived_detail: ArchivedDetail,
    /// `Code` of the inner envelope in the response to archiving.
    pub archive_inner_code: String,
    /// Whether the languages of one name share a code. Undocumented.
    pub code_shared_between_languages: bool,
    /// The order of the components in a detail. Undocumented.
    pub component_order: ComponentOrder,
    /// So many details do not see a template that was just created. Undocumented.
    pub detail_lag: u32,
    /// The code for a name that is taken. An older page has the default.
    pub exists_code: String,
    /// Whether details show values that nobody sent: flags, `UrlType`, and the texts of a template for authentication.
    /// Undocumented.
    pub fills_defaults: bool,
    /// What the list makes of `Name`. Undocumented.
    pub list_name_filter: NameFilter,
    /// The URL of media in details. Undocumented.
    pub media_url: MediaUrl,
    /// The code for modifying an approved template; `null` allows it. The public pages contradict each other.
    pub modify_approved_code: Option<String>,
    /// The code for a name that Meta has locked. Undocumented.
    pub name_locked_code: String,
    /// Most rows of a page of the list; a larger wish is cut to this. Undocumented.
    pub page_maximum: u64,
    /// Templates that wait for so many milliseconds are approved; `null` leaves them waiting.
    pub review_after_ms: Option<u64>,
    /// The form of components and samples in details; an old sample has them as JSON text.
    pub shape: TemplateShape,
}

impl Default for TemplateBehavior {
    fn default() -> Self {
        TemplateBehavior {
            archived_detail: ArchivedDetail::Shown,
            archive_inner_code: "OK".to_owned(),
            code_shared_between_languages: false,
            component_order: ComponentOrder::AsSent,
            detail_lag: 0,
            exists_code: "InvalidParameter.TemplateNameExist".to_owned(),
            fills_defaults: true,
            list_name_filter: NameFilter::Exact,
            media_url: MediaUrl::Same,
            modify_approved_code: None,
            name_locked_code: "InvalidParameter.CreateError".to_owned(),
            page_maximum: 100,
            review_after_ms: None,
            shape: TemplateShape::Current,
        }
    }
}

/// The response to a detail of an archived template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArchivedDetail {
    /// The template, as before.
    Shown,
    /// That it does not exist.
    NotFound,
}

/// The order of components.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComponentOrder {
    /// As they were sent.
    AsSent,
    /// The other way round.
    Reversed,
}

/// How a list compares names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameFilter {
    /// The whole name.
    Exact,
    /// A part of the name.
    Part,
    /// Not at all.
    Ignored,
}

/// The URL of media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaUrl {
    /// As it was sent.
    Same,
    /// Of the service's own copy.
    Copy,
}

/// The form of components and samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateShape {
    /// A list and an object.
    Current,
    /// JSON text, with keys that begin in lower case.
    OldJsonText,
}

/// The templates of a space.
#[derive(Debug, Clone, Default, Serialize)]
pub(in crate::emulator) struct Templates {
    pub(in crate::emulator) rows: Vec<Template>,
    /// Names of deleted templates that were approved once.
    pub(in crate::emulator) locked_names: BTreeSet<String>,
}

/// A template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Template {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// `WHATSAPP` or `VIBER`.
    pub template_type: String,
    /// The present category; Meta may move it.
    pub category: String,
    /// Components as they were sent.
    pub components: Value,
    /// Samples as they were sent.
    pub example: Value,
    /// Seconds.
    pub message_send_ttl_seconds: Option<i64>,
    /// As it was sent.
    pub product_set_id: Option<String>,
    /// Whether sending stops when the category moves.
    pub category_change_paused: bool,
    /// Whether it may be sent.
    pub allow_send: bool,
    /// `auditing`, `pass`, `fail` or `unaudit`.
    pub audit_status: String,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    pub quality_score: String,
    /// Whether it was archived.
    pub archived: bool,
    /// Whether it was ever approved.
    pub ever_approved: bool,
    /// How often it was modified.
    pub edits: u32,
    /// When it was submitted for review, in milliseconds since the start.
    #[serde(skip)]
    pub(in crate::emulator) submitted_at_ms: u64,
    /// Details that have not yet seen it.
    #[serde(skip)]
    pub(in crate::emulator) blind_details: u32,
}

impl Template {
    /// Meta's decision.
    pub fn review(&mut self, audit_status: &str, reason: Option<&str>) {
        self.audit_status = audit_status.to_owned();
        self.reason = reason.map(str::to_owned);
        self.ever_approved |= audit_status == "pass";
    }

    /// Meta moves the template to another category. Sending stops where that was asked for.
    pub fn move_category(&mut self, category: &str) {
        self.category = category.to_owned();
        if self.category_change_paused {
            self.allow_send = false;
        }
    }

    fn is(&self, code: &str, language: &str, template_type: Option<&str>) -> bool {
        self.code == code
            && self.language == language
            && template_type.is_none_or(|wanted| wanted == self.template_type)
    }
}

impl Entities {
    fn templates_of(&mut self, space: &str) -> &mut Templates {
        self.templates.entry(space.to_owned()).or_default()
    }
}

impl Emulator {
    /// The templates of a space as they truly are.
    pub fn templates(&self, cust_space_id: &str) -> Vec<Template> {
        let state = self.shared.state();
        let templates = state.entities.templates.get(cust_space_id);
        templates
            .map(|templates| templates.rows.clone())
            .unwrap_or_default()
    }

    /// Makes a template of plain text as if at the console, in a space that exists, with this code.
    pub fn add_template(&self, cust_space_id: &str, code: &str, name: &str, language: &str) {
        let mut state = self.shared.state();
        let template = Template {
            code: code.to_owned(),
            name: name.to_owned(),
            language: language.to_owned(),
            template_type: "WHATSAPP".to_owned(),
            category: "UTILITY".to_owned(),
            components: json!([{"Type": "BODY", "Text": "Hello"}]),
            example: json!({}),
            message_send_ttl_seconds: None,
            product_set_id: None,
            category_change_paused: false,
            allow_send: true,
            audit_status: "pass".to_owned(),
            reason: None,
            quality_score: "GREEN".to_owned(),
            archived: false,
            ever_approved: true,
            edits: 0,
            submitted_at_ms: 0,
            blind_details: 0,
        };
        state
            .entities
            .templates_of(cust_space_id)
            .rows
            .push(template);
    }

    /// Changes each template of a name in a space, behind everybody's back. How many there are.
    pub fn change_templates(
        &self,
        cust_space_id: &str,
        name: &str,
        mut change: impl FnMut(&mut Template),
    ) -> usize {
        let mut state = self.shared.state();
        let templates = state.entities.templates_of(cust_space_id);
        let rows = templates.rows.iter_mut();
        rows.filter(|row| row.name == name).map(&mut change).count()
    }

    /// Deletes each template of a name in a space, behind everybody's back.
    pub fn remove_templates(&self, cust_space_id: &str, name: &str) {
        let mut state = self.shared.state();
        state
            .entities
            .templates_of(cust_space_id)
            .rows
            .retain(|row| row.name != name);
    }
}

/// Control over HTTP: sets fields of the templates of a name, such as `audit_status` and `reason`.
pub(in crate::emulator) fn control(
    state: &mut State,
    space: &str,
    name: &str,
    changes: &Map<String, Value>,
) -> Result<Value, String> {
    let templates = state.entities.templates_of(space);
    let mut changed = Vec::new();
    for row in templates.rows.iter_mut().filter(|row| row.name == name) {
        let mut all = json!(row);
        for (field, value) in changes {
            let known = all.get_mut(field);
            *known.ok_or_else(|| format!("a template has no field \"{field}\""))? = value.clone();
        }
        let new: Template = serde_json::from_value(all).map_err(|error| error.to_string())?;
        *row = Template {
            submitted_at_ms: row.submitted_at_ms,
            ever_approved: new.ever_approved || new.audit_status == "pass",
            ..new
        };
        changed.push(json!(row));
    }
    match changed.is_empty() {
        true => Err(format!("the space \"{space}\" has no template \"{name}\"")),
        false => Ok(Value::Array(changed)),
    }
}

fn parameter<'a>(task: &Task<'a>, name: &str) -> Option<&'a str> {
    task.received
        .parameter(name)
        .filter(|text| !text.is_empty())
}

fn required<'a>(task: &Task<'a>, name: &str) -> Result<&'a str, Refusal> {
    parameter(task, name).ok_or_else(|| super::super::gateway::missing(name))
}

fn flag(task: &Task<'_>, name: &str) -> Result<Option<bool>, Refusal> {
    match parameter(task, name) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(invalid(name)),
    }
}

fn json_parameter(task: &Task<'_>, name: &str) -> Result<Option<Value>, Refusal> {
    let parsed = parameter(task, name).map(serde_json::from_str);
    parsed.transpose().map_err(|_| invalid(name))
}

/// The space of a request: its own, and with a WABA.
fn space(state: &State, task: &Task<'_>) -> Result<String, Refusal> {
    let space = asked_space(state, task)?.ok_or_else(|| refused("Unknown.ResourceOwnerId"))?;
    let bound = state.entities.spaces.get(&space);
    match bound.is_some_and(|space| space.waba_id.is_some()) {
        true => Ok(space),
        false => Err(refused("InvalidParameter.CreateError")),
    }
}

/// `CreateChatappTemplate`.
pub(super) fn create(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let space = space(state, task)?;
    let behavior = state.behavior.template.clone();
    let (name, language) = (required(task, "Name")?, required(task, "Language")?);
    let template_type = required(task, "TemplateType")?;
    let category = required(task, "Category")?;
    let components = json_parameter(task, "Components")?.ok_or_else(|| invalid("Components"))?;
    check_head(name, language, template_type, category)?;
    check_content(category, &components)?;
    let paused = flag(task, "CategoryChangePaused")?.unwrap_or(false);
    let example = json_parameter(task, "Example")?.unwrap_or_else(|| json!({}));
    let templates = state.entities.templates_of(&space);
    let same_name = templates.rows.iter().find(|row| row.name == name);
    let shared = same_name.map(|row| row.code.clone());
    let taken = templates.rows.iter().any(|row| {
        row.name == name && row.language == language && row.template_type == template_type
    });
    if taken {
        return Err(refused(&behavior.exists_code));
    }
    if templates.locked_names.contains(name) {
        return Err(refused(&behavior.name_locked_code));
    }
    let code = match shared.filter(|_| behavior.code_shared_between_languages) {
        Some(code) => code,
        None => state.random_text(b"123456789", 16),
    };
    let template = Template {
        code: code.clone(),
        name: name.to_owned(),
        language: language.to_owned(),
        template_type: template_type.to_owned(),
        category: category.to_owned(),
        components,
        example,
        message_send_ttl_seconds: seconds(task)?,
        product_set_id: parameter(task, "ProductSetId").map(str::to_owned),
        category_change_paused: paused,
        allow_send: true,
        audit_status: "auditing".to_owned(),
        reason: None,
        quality_score: "UNKNOWN".to_owned(),
        archived: false,
        ever_approved: false,
        edits: 0,
        submitted_at_ms: task.now.since_start_ms,
        blind_details: behavior.detail_lag,
    };
    state.entities.templates_of(&space).rows.push(template);
    let fields = json!({"Data": {"TemplateCode": code, "TemplateName": name}});
    Ok(envelope(task.request_id, &state.behavior, fields))
}

fn seconds(task: &Task<'_>) -> Result<Option<i64>, Refusal> {
    let name = "MessageSendTtlSeconds";
    let parsed = parameter(task, name).map(str::parse);
    parsed.transpose().map_err(|_| invalid(name))
}

/// `ModifyChatappTemplate`.
pub(super) fn modify(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let space = space(state, task)?;
    let refused_when_approved = state.behavior.template.modify_approved_code.clone();
    let components = json_parameter(task, "Components")?.ok_or_else(|| invalid("Components"))?;
    let ttl = seconds(task)?;
    let example = json_parameter(task, "Example")?;
    let paused = flag(task, "CategoryChangePaused")?;
    let product_set = task.received.parameter("ProductSetId").map(str::to_owned);
    let now = task.now.since_start_ms;
    let row = find_template(state, task, &space)?
        .ok_or_else(|| refused("DetailError.TemplateNotExist"))?;
    check_content(&row.category, &components)?;
    if let Some(code) = refused_when_approved.filter(|_| row.audit_status == "pass") {
        return Err(refused(&code));
    }
    row.components = components;
    row.example = example.unwrap_or_else(|| row.example.clone());
    row.message_send_ttl_seconds = ttl.or(row.message_send_ttl_seconds);
    row.category_change_paused = paused.unwrap_or(row.category_change_paused);
    if let Some(id) = product_set {
        row.product_set_id = Some(id).filter(|id| !id.is_empty());
    }
    row.audit_status = "auditing".to_owned();
    row.reason = None;
    row.edits += 1;
    row.submitted_at_ms = now;
    let fields = json!({"Data": {"TemplateCode": row.code, "TemplateName": row.name}});
    Ok(envelope(task.request_id, &state.behavior, fields))
}

/// `ModifyChatappTemplateProperties`.
pub(super) fn modify_properties(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let space = space(state, task)?;
    let (allow, paused) = (
        flag(task, "AllowSend")?,
        flag(task, "CategoryChangePaused")?,
    );
    let row = find_template(state, task, &space)?
        .ok_or_else(|| refused("DetailError.TemplateNotExist"))?;
    row.allow_send = allow.unwrap_or(row.allow_send);
    row.category_change_paused = paused.unwrap_or(row.category_change_paused);
    Ok(envelope(
        task.request_id,
        &state.behavior,
        json!({"Model": {}}),
    ))
}

/// `DeleteChatappTemplate`: one language, or all of them.
pub(super) fn delete(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let space = space(state, task)?;
    let code = required(task, "TemplateCode")?;
    let language = parameter(task, "Language");
    let template_type = parameter(task, "TemplateType");
    let templates = state.entities.templates_of(&space);
    let (gone, kept): (Vec<Template>, Vec<Template>) =
        templates.rows.drain(..).partition(|row| match language {
            Some(language) => row.is(code, language, template_type),
            None => row.code == code,
        });
    templates.rows = kept;
    if gone.is_empty() {
        return Err(refused("DelError.TemplateNotExist"));
    }
    let locked = gone.into_iter().filter(|row| row.ever_approved);
    templates.locked_names.extend(locked.map(|row| row.name));
    Ok(envelope(task.request_id, &state.behavior, json!({})))
}

/// `ArchiveChatappTemplate`.
pub(super) fn archive(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let space = space(state, task)?;
    if required(task, "ArchiveType")? != "ARCHIVED" {
        return Err(invalid("ArchiveType"));
    }
    let channel = required(task, "ChannelType")?.to_ascii_lowercase();
    if !["whatsapp", "viber"].contains(&channel.as_str()) {
        return Err(refused("InvalidParameter.ChannelTypeNotSupport"));
    }
    let list = json_parameter(task, "TemplateList")?.ok_or_else(|| invalid("TemplateList"))?;
    let inner = state.behavior.template.archive_inner_code.clone();
    let templates = state.entities.templates_of(&space);
    for wanted in list.as_array().into_iter().flatten() {
        let text = |name: &str| wanted[name].as_str().unwrap_or_default();
        let (code, language) = (text("TemplateCode"), text("Language"));
        let rows = templates.rows.iter_mut();
        for row in rows.filter(|row| row.is(code, language, None)) {
            row.archived |= inner == "OK";
        }
    }
    let data = json!({"Code": inner, "Message": "", "RequestId": task.request_id, "Success": inner == "OK"});
    Ok(envelope(
        task.request_id,
        &state.behavior,
        json!({"Data": data}),
    ))
}

/// `GetChatappTemplateDetail`.
pub(super) fn detail(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let space = space(state, task)?;
    review(state, &space, task.now);
    let behavior = state.behavior.template.clone();
    let not_found = || refused("DetailError.TemplateNotExist");
    let row = find_template(state, task, &space)?.ok_or_else(not_found)?;
    if row.blind_details > 0 {
        row.blind_details -= 1;
        return Err(not_found());
    }
    if row.archived && behavior.archived_detail == ArchivedDetail::NotFound {
        return Err(not_found());
    }
    let mut components = row.components.clone();
    // The response spells this one key in its own way.
    rename_key(&mut components, "HasExpiration", "hasExpiration");
    if behavior.fills_defaults {
        fill_defaults(&row.category, &mut components);
    }
    if let Some(rows) = components.as_array_mut() {
        if behavior.component_order == ComponentOrder::Reversed {
            rows.reverse();
        }
        for component in rows.iter_mut() {
            let media = component["Type"] == "HEADER" && component["Format"] != "TEXT";
            if media && behavior.media_url == MediaUrl::Copy {
                component["Url"] = json!(format!("https://media.example/{}", row.code));
            }
        }
    }
    let mut example = row.example.clone();
    if behavior.shape == TemplateShape::OldJsonText {
        lower_keys(&mut components);
        components = json!(components.to_string());
        example = json!(example.to_string());
    }
    let data = json!({
        "TemplateCode": row.code,
        "Name": row.name,
        "Language": row.language,
        "TemplateType": row.template_type,
        "Category": row.category,
        "AuditStatus": row.audit_status,
        "Reason": row.reason,
        "QualityScore": row.quality_score,
        "AllowSend": row.allow_send,
        "CategoryChangePaused": row.category_change_paused,
        "MessageSendTtlSeconds": row.message_send_ttl_seconds,
        "ProductSetId": row.product_set_id,
        "Example": example,
        "Components": components,
    });
    Ok(envelope(
        task.request_id,
        &state.behavior,
        json!({"Data": data}),
    ))
}

/// `ListChatappTemplate`: one page, oldest first.
pub(super) fn list(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let space = space(state, task)?;
    review(state, &space, task.now);
    let behavior = state.behavior.template.clone();
    let bad_page = || refused("InvalidParameter.PageInvalid");
    let page = json_parameter(task, "Page")?.unwrap_or_else(|| json!({}));
    let number = |name: &str, default: u64| {
        let given = page
            .get(name)
            .or_else(|| page.get(name.to_ascii_lowercase()));
        let number = given.map_or(Some(default), Value::as_u64);
        number.filter(|number| *number > 0).ok_or_else(bad_page)
    };
    let (index, size) = (number("Index", 1)?, number("Size", 10)?);
    let size = size.min(behavior.page_maximum).max(1);
    let statuses = ["pass", "fail", "auditing", "unaudit"];
    if parameter(task, "AuditStatus").is_some_and(|status| !statuses.contains(&status)) {
        return Err(refused("InvalidParameter.AuditStatusNotSupport"));
    }
    let is = |name: &str, value: &str| parameter(task, name).is_none_or(|wanted| wanted == value);
    let rows = &state.entities.templates_of(&space).rows;
    let rows: Vec<&Template> = rows
        .iter()
        .filter(|row| !(row.archived && behavior.archived_detail == ArchivedDetail::NotFound))
        .filter(
            |row| match (parameter(task, "Name"), behavior.list_name_filter) {
                (Some(name), NameFilter::Exact) => row.name == name,
                (Some(name), NameFilter::Part) => row.name.contains(name),
                _ => true,
            },
        )
        .filter(|row| {
            is("Code", &row.code)
                && is("Language", &row.language)
                && is("Category", &row.category)
                && is("AuditStatus", &row.audit_status)
                && is("TemplateType", &row.template_type)
        })
        .collect();
    let total = rows.len();
    let first = usize::try_from((index - 1).saturating_mul(size)).unwrap_or(usize::MAX);
    let rows = rows.into_iter().skip(first);
    let shown: Vec<Value> = rows
        .take(usize::try_from(size).unwrap_or(usize::MAX))
        .map(|row| {
            json!({
                "TemplateCode": row.code,
                "TemplateName": row.name,
                "TemplateType": row.template_type,
                "Category": row.category,
                "Language": row.language,
                "AuditStatus": row.audit_status,
                "Reason": row.reason,
                "LastUpdateTime": 1_700_000_000_000_u64 + row.submitted_at_ms,
            })
        })
        .collect();
    let fields = json!({"Total": total, "ListTemplate": shown});
    Ok(envelope(task.request_id, &state.behavior, fields))
}

/// The template that a request names by code or by name.
fn find_template<'a>(
    state: &'a mut State,
    task: &Task<'_>,
    space: &str,
) -> Result<Option<&'a mut Template>, Refusal> {
    let language = required(task, "Language")?;
    let template_type = parameter(task, "TemplateType");
    let (code, name) = (
        parameter(task, "TemplateCode"),
        parameter(task, "TemplateName"),
    );
    if code.is_none() && name.is_none() {
        return Err(refused("InvalidParameter.TemplateCodeNotEmpty"));
    }
    let rows = state.entities.templates_of(space).rows.iter_mut();
    Ok(rows.into_iter().find(|row| {
        row.language == language
            && template_type.is_none_or(|wanted| wanted == row.template_type)
            && code.map_or_else(|| name == Some(&row.name), |code| code == row.code)
    }))
}

/// Approves what has waited long enough.
fn review(state: &mut State, space: &str, now: Now) {
    let Some(after) = state.behavior.template.review_after_ms else {
        return;
    };
    for row in &mut state.entities.templates_of(space).rows {
        if row.audit_status == "auditing" && now.since_start_ms >= row.submitted_at_ms + after {
            row.review("pass", None);
        }
    }
}

fn check_head(
    name: &str,
    language: &str,
    template_type: &str,
    category: &str,
) -> Result<(), Refusal> {
    let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.len() > 512 || !name.chars().all(sound) {
        return Err(refused("InvalidParameter.CreateError"));
    }
    let mut parts = language.splitn(2, '_');
    let first = parts.next().unwrap_or_default();
    if !(2..=3).contains(&first.len()) || !first.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Err(refused("InvalidParameter.LanguageNotSupport"));
    }
    if !["WHATSAPP", "VIBER"].contains(&template_type) {
        return Err(refused("InvalidParameter.TemplateTypeNotSupport"));
    }
    match ["UTILITY", "MARKETING", "AUTHENTICATION"].contains(&category) {
        true => Ok(()),
        false => Err(refused("InvalidParameter.CreateError")),
    }
}

/// The codes of the product's error page that follow from the content.
fn check_content(category: &str, components: &Value) -> Result<(), Refusal> {
    let Some(components) = components.as_array() else {
        return Err(invalid("Components"));
    };
    let variables = |value: &Value| value.as_str().unwrap_or_default().matches("$(").count();
    let mut has_body = false;
    for component in components {
        let text = &component["Text"];
        if text.as_str().is_some_and(|text| text.contains("{{")) {
            return Err(refused("InvalidParameter.MessageInvalid"));
        }
        match component["Type"].as_str().unwrap_or_default() {
            "HEADER" => {
                let formats = ["TEXT", "IMAGE", "VIDEO", "DOCUMENT"];
                if !formats.contains(&component["Format"].as_str().unwrap_or_default()) {
                    return Err(refused("InvalidParameter.HeaderTypeNotSupport"));
                }
                if variables(text) > 1 {
                    return Err(refused("InvalidParameter.HeaderMoreVarable"));
                }
            }
            "BODY" => has_body = category == "AUTHENTICATION" || text.is_string(),
            "FOOTER" if variables(text) > 0 => {
                return Err(refused("InvalidParameter.FooterHaveVariable"));
            }
            "FOOTER" | "LIMITED_TIME_OFFER" => {}
            "BUTTONS" => check_buttons(component)?,
            "CAROUSEL" => {
                let cards = component["Cards"].as_array().into_iter().flatten();
                for part in
                    cards.flat_map(|card| card["CardComponents"].as_array().into_iter().flatten())
                {
                    check_buttons(part)?;
                }
            }
            _ => return Err(refused("InvalidParameter.CreateError")),
        }
    }
    match has_body {
        true => Ok(()),
        false => Err(refused("InvalidParameter.CreateError")),
    }
}

fn check_buttons(component: &Value) -> Result<(), Refusal> {
    let variables = |value: &Value| value.as_str().unwrap_or_default().matches("$(").count();
    for button in component["Buttons"].as_array().into_iter().flatten() {
        if variables(&button["Text"]) > 0 {
            return Err(refused("InvalidParameter.ButtonTextHaveVariable"));
        }
        if variables(&button["Url"]) > 1 {
            return Err(refused("InvalidParameter.UrlMoreVarable"));
        }
        let number = button["PhoneNumber"].as_str().unwrap_or_default();
        if button["Type"] == "PHONE_NUMBER" && !number.starts_with('+') {
            return Err(refused("InvalidParameter.PhoneNumberError"));
        }
    }
    Ok(())
}

/// Values that nobody sent.
fn fill_defaults(category: &str, components: &mut Value) {
    let authentication = category == "AUTHENTICATION";
    for component in components.as_array_mut().into_iter().flatten() {
        let kind = component["Type"].as_str().unwrap_or_default().to_owned();
        match kind.as_str() {
            "BODY" if authentication => {
                component["Text"] = json!("*{{1}}* is your verification code.");
            }
            "FOOTER" if authentication => component["Text"] = json!("This code expires."),
            _ => {}
        }
        if component.get("AddSecretRecommendation").is_none() {
            component["AddSecretRecommendation"] = json!(false);
        }
        fill_buttons(component);
        for card in component["Cards"].as_array_mut().into_iter().flatten() {
            for part in card["CardComponents"].as_array_mut().into_iter().flatten() {
                fill_buttons(part);
            }
        }
    }
}

fn fill_buttons(component: &mut Value) {
    for button in component["Buttons"].as_array_mut().into_iter().flatten() {
        let url = button["Url"].as_str().unwrap_or_default();
        if button["Type"] == "URL" && button.get("UrlType").is_none() {
            let style = if url.contains("$(") {
                "dynamic"
            } else {
                "static"
            };
            button["UrlType"] = json!(style);
        }
        if button.get("IsOptOut").is_none() {
            button["IsOptOut"] = json!(false);
        }
    }
}

fn rename_key(value: &mut Value, from: &str, to: &str) {
    for component in value.as_array_mut().into_iter().flatten() {
        if let Some(object) = component.as_object_mut()
            && let Some(value) = object.remove(from)
        {
            object.insert(to.to_owned(), value);
        }
    }
}

fn lower_keys(value: &mut Value) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(lower_keys),
        Value::Object(members) => {
            let old = std::mem::take(members);
            for (key, mut value) in old {
                lower_keys(&mut value);
                let mut letters = key.chars();
                let first = letters.next().map(|first| first.to_ascii_lowercase());
                members.insert(first.into_iter().chain(letters).collect(), value);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::test_client::HttpResponse;
    use super::super::testing::{WABA, bound, call, call_as_other, check, emulator, error};
    use super::*;

    const BODY: &str = r#"[{"Type":"BODY","Text":"Hello $(name)"}]"#;

    fn create(emulator: &Emulator, space: &str, changes: &[(&str, &str)]) -> HttpResponse {
        let mut parameters = vec![
            ("CustSpaceId", space),
            ("Name", "hello"),
            ("Language", "en"),
            ("Category", "UTILITY"),
            ("TemplateType", "WHATSAPP"),
            ("Components", BODY),
        ];
        parameters.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        parameters.extend(changes);
        call(emulator, "CreateChatappTemplate", &parameters)
    }

    fn created(emulator: &Emulator, space: &str, changes: &[(&str, &str)]) -> String {
        let response = create(emulator, space, changes);
        check(&response, 200, "OK");
        let code = &response.json()["Data"]["TemplateCode"];
        code.as_str().expect("a code").to_owned()
    }

    fn call_template(
        emulator: &Emulator,
        action: &str,
        space: &str,
        code: &str,
        more: &[(&str, &str)],
    ) -> HttpResponse {
        let mut parameters = vec![
            ("CustSpaceId", space),
            ("TemplateCode", code),
            ("Language", "en"),
            ("TemplateType", "WHATSAPP"),
        ];
        parameters.extend(more);
        call(emulator, action, &parameters)
    }

    const DETAIL: &str = "GetChatappTemplateDetail";
    const MODIFY: &str = "ModifyChatappTemplate";
    const DELETE: &str = "DeleteChatappTemplate";

    #[test]
    fn templates_live_from_review_to_a_locked_name() {
        let emulator = emulator(|_| {});
        let space = bound(&emulator, WABA);
        let code = created(&emulator, &space, &[]);
        let status = || {
            let response = call_template(&emulator, DETAIL, &space, &code, &[]);
            response.json()["Data"]["AuditStatus"].clone()
        };
        assert_eq!(status(), "auditing");
        check(
            &create(&emulator, &space, &[]),
            200,
            "InvalidParameter.TemplateNameExist",
        );
        emulator.change_templates(&space, "hello", |row| row.review("pass", None));
        assert_eq!(status(), "pass");
        let changed = [("Components", r#"[{"Type":"BODY","Text":"Bye"}]"#)];
        emulator.set_behavior(|behavior| {
            behavior.template.modify_approved_code = Some(error("X.Approved"));
        });
        check(
            &call_template(&emulator, MODIFY, &space, &code, &changed),
            200,
            "X.Approved",
        );
        emulator.set_behavior(|behavior| behavior.template.modify_approved_code = None);
        check(
            &call_template(&emulator, MODIFY, &space, &code, &changed),
            200,
            "OK",
        );
        assert_eq!(status(), "auditing");
        emulator.set_behavior(|behavior| behavior.template.review_after_ms = Some(0));
        assert_eq!(status(), "pass");
        check(
            &call_template(&emulator, DELETE, &space, &code, &[]),
            200,
            "OK",
        );
        check(
            &call_template(&emulator, DELETE, &space, &code, &[]),
            200,
            "DelError.TemplateNotExist",
        );
        check(
            &call_template(&emulator, DETAIL, &space, &code, &[]),
            200,
            "DetailError.TemplateNotExist",
        );
        check(
            &create(&emulator, &space, &[]),
            200,
            "InvalidParameter.CreateError",
        );
        created(&emulator, &space, &[("Name", "other")]);
    }

    #[test]
    fn content_gets_the_documented_codes() {
        let emulator = emulator(|_| {});
        let space = bound(&emulator, WABA);
        let with = |components: &str, code: &str| {
            let response = create(&emulator, &space, &[("Components", components)]);
            check(&response, 200, &format!("InvalidParameter.{code}"));
        };
        with(r#"[{"Type":"BODY","Text":"{{1}}"}]"#, "MessageInvalid");
        with(r#"[{"Type":"FOOTER","Text":"$(a)"}]"#, "FooterHaveVariable");
        with(
            r#"[{"Type":"HEADER","Format":"TEXT","Text":"$(a) $(b)"}]"#,
            "HeaderMoreVarable",
        );
        with(
            r#"[{"Type":"HEADER","Format":"AUDIO"}]"#,
            "HeaderTypeNotSupport",
        );
        with(
            r#"[{"Type":"BUTTONS","Buttons":[{"Type":"URL","Text":"$(a)"}]}]"#,
            "ButtonTextHaveVariable",
        );
        with(
            r#"[{"Type":"BUTTONS","Buttons":[{"Type":"URL","Url":"$(a)$(b)"}]}]"#,
            "UrlMoreVarable",
        );
        with(
            r#"[{"Type":"BUTTONS","Buttons":[{"Type":"PHONE_NUMBER","PhoneNumber":"1"}]}]"#,
            "PhoneNumberError",
        );
        with("[]", "CreateError");
        let head = |name: &str, value: &str, code: &str| {
            let response = create(&emulator, &space, &[(name, value)]);
            check(&response, 200, &format!("InvalidParameter.{code}"));
        };
        head("Language", "English", "LanguageNotSupport");
        head("TemplateType", "SMS", "TemplateTypeNotSupport");
        head("Category", "OTHER", "CreateError");
        head("Name", "With Blank", "CreateError");
        let foreign = [("CustSpaceId", space.as_str())];
        check(
            &call_as_other(&emulator, "ListChatappTemplate", &foreign),
            400,
            "Unknown.ResourceOwnerId",
        );
    }

    #[test]
    fn details_follow_their_switches() {
        let emulator = emulator(|behavior| behavior.template.detail_lag = 1);
        let space = bound(&emulator, WABA);
        let components = r#"[{"Type":"HEADER","Format":"IMAGE","Url":"https://e/i"},{"Type":"BODY","Text":"x"},{"Type":"LIMITED_TIME_OFFER","HasExpiration":true},{"Type":"BUTTONS","Buttons":[{"Type":"URL","Url":"https://e"}]}]"#;
        let code = created(&emulator, &space, &[("Components", components)]);
        let read = || call_template(&emulator, DETAIL, &space, &code, &[]);
        check(&read(), 200, "DetailError.TemplateNotExist");
        let parts = || read().json()["Data"]["Components"].clone();
        assert_eq!(parts()[2]["hasExpiration"], true);
        assert_eq!(parts()[3]["Buttons"][0]["UrlType"], "static");
        emulator.set_behavior(|behavior| {
            behavior.template.fills_defaults = false;
            behavior.template.component_order = ComponentOrder::Reversed;
            behavior.template.media_url = MediaUrl::Copy;
        });
        assert_eq!(parts()[0]["Buttons"][0].get("UrlType"), None);
        assert_eq!(parts()[3]["Url"], format!("https://media.example/{code}"));
        emulator.set_behavior(|behavior| behavior.template.shape = TemplateShape::OldJsonText);
        let text = parts();
        assert!(
            text.as_str()
                .expect("JSON text")
                .contains("\"type\":\"BODY\""),
            "{text}"
        );
        let list = format!(r#"[{{"TemplateCode":"{code}","Language":"en"}}]"#);
        let archive = |kind: &str| {
            let parameters = [
                ("CustSpaceId", space.as_str()),
                ("ArchiveType", kind),
                ("ChannelType", "whatsapp"),
                ("TemplateList", list.as_str()),
            ];
            call(&emulator, "ArchiveChatappTemplate", &parameters)
        };
        check(&archive("GONE"), 400, "InvalidArchiveType");
        emulator.set_behavior(|behavior| behavior.template.archive_inner_code = error("X.Inner"));
        assert_eq!(archive("ARCHIVED").json()["Data"]["Code"], "X.Inner");
        assert!(!emulator.templates(&space)[0].archived);
        emulator.set_behavior(|behavior| behavior.template.archive_inner_code = error("OK"));
        assert_eq!(archive("ARCHIVED").json()["Data"]["Success"], true);
        check(&read(), 200, "OK");
        emulator.set_behavior(|behavior| {
            behavior.template.archived_detail = ArchivedDetail::NotFound;
        });
        check(&read(), 200, "DetailError.TemplateNotExist");
    }

    #[test]
    fn properties_change_without_review_and_a_moved_category_stops_sending() {
        let emulator = emulator(|_| {});
        let space = bound(&emulator, WABA);
        let code = created(&emulator, &space, &[]);
        emulator.change_templates(&space, "hello", |row| row.review("pass", None));
        let paused = [("CategoryChangePaused", "true")];
        check(
            &call_template(
                &emulator,
                "ModifyChatappTemplateProperties",
                &space,
                &code,
                &paused,
            ),
            200,
            "OK",
        );
        emulator.change_templates(&space, "hello", |row| row.move_category("MARKETING"));
        let data = call_template(&emulator, DETAIL, &space, &code, &[]).json()["Data"].clone();
        assert_eq!(data["AllowSend"], false);
        assert_eq!(data["AuditStatus"], "pass");
        assert_eq!(data["Category"], "MARKETING");
    }

    #[test]
    fn lists_are_paged_and_filtered() {
        let emulator = emulator(|behavior| behavior.template.page_maximum = 2);
        let space = bound(&emulator, WABA);
        for name in ["a", "ab", "b"] {
            created(&emulator, &space, &[("Name", name)]);
        }
        created(&emulator, &space, &[("Name", "a"), ("Language", "de")]);
        let list = |more: &[(&str, &str)]| {
            let mut parameters = vec![("CustSpaceId", space.as_str())];
            parameters.extend(more);
            call(&emulator, "ListChatappTemplate", &parameters)
        };
        let names = |more: &[(&str, &str)]| {
            let body = list(more).json();
            let rows = body["ListTemplate"].as_array().expect("a list").clone();
            let names = rows.iter().filter_map(|row| row["TemplateName"].as_str());
            (body["Total"].clone(), names.collect::<Vec<_>>().join(" "))
        };
        assert_eq!(
            names(&[("Page", r#"{"Index":2,"Size":9}"#)]),
            (json!(4), "b a".to_owned())
        );
        assert_eq!(names(&[("Name", "a")]), (json!(2), "a a".to_owned()));
        assert_eq!(
            names(&[("Name", "a"), ("Language", "de")]),
            (json!(1), "a".to_owned())
        );
        emulator.set_behavior(|behavior| {
            behavior.template.page_maximum = 100;
            behavior.template.list_name_filter = NameFilter::Part;
        });
        assert_eq!(names(&[("Name", "a")]).0, 3);
        emulator.set_behavior(|behavior| behavior.template.list_name_filter = NameFilter::Ignored);
        assert_eq!(names(&[("Name", "a")]).0, 4);
        check(
            &list(&[("Page", r#"{"Index":0,"Size":9}"#)]),
            200,
            "InvalidParameter.PageInvalid",
        );
        check(
            &list(&[("AuditStatus", "x")]),
            200,
            "InvalidParameter.AuditStatusNotSupport",
        );
        let codes = |shared: bool| {
            emulator.set_behavior(|behavior| {
                behavior.template.code_shared_between_languages = shared;
            });
            let name = if shared { "shared" } else { "apart" };
            let one = created(&emulator, &space, &[("Name", name)]);
            one == created(&emulator, &space, &[("Name", name), ("Language", "de")])
        };
        assert!(codes(true));
        assert!(!codes(false));
    }
}
