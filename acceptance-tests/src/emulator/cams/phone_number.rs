//! Phone numbers: those that Meta has of a WABA, the copy that the service keeps for each space, and their webhooks.
//!
//! `QueryChatappPhoneNumbers` shows the copy. `ChatappSyncPhoneNumber` makes the copy like Meta's numbers again. Numbers are
//! signed up at Meta by control calls; a WABA that nobody gave numbers has one, verified and not registered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::behavior::Behavior;
use super::super::entities::Entities;
use super::super::gateway::{Task, missing};
use super::super::response::{Refusal, envelope};
use super::super::state::{Now, State};
use super::refused;
use super::space::asked_space;
use super::waba::see_binding;

/// A number at Meta.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PhoneNumber {
    /// Digits, country code first.
    pub phone_number: String,
    /// Numeric ID at Meta.
    pub id: String,
    /// Display name.
    pub verified_name: Option<String>,
    /// Meta's review of the name.
    pub name_status: Option<String>,
    /// Meta's review of a new name.
    pub new_name_status: Option<String>,
    /// `PENDING` before it is registered, then `CONNECTED`; any other word that Meta uses.
    pub status: String,
    /// Whether somebody has proved that the number is theirs, and the proof still counts.
    pub verified: bool,
    /// Whether there was a proof that no longer counts: after about 14 days.
    pub expired: bool,
    /// `GREEN`, `YELLOW`, `RED`.
    pub quality_rating: Option<String>,
    /// `TIER_250`, `TIER_1K` and so on.
    pub messaging_limit_tier: Option<String>,
    /// `Y` or `N`.
    pub is_official: Option<String>,
    /// Object `CallingConfigure` in the service's spelling.
    pub calling_configure: Option<Value>,
    /// The code that was last sent to the person who owns the number.
    pub verify_code: Option<String>,
    /// How often it was registered.
    pub registrations: u32,
}

impl Default for PhoneNumber {
    fn default() -> Self {
        PhoneNumber {
            phone_number: String::new(),
            id: String::new(),
            verified_name: Some("Shop".to_owned()),
            name_status: Some("Approval".to_owned()),
            new_name_status: None,
            status: "PENDING".to_owned(),
            verified: true,
            expired: false,
            quality_rating: Some("GREEN".to_owned()),
            messaging_limit_tier: Some("TIER_1K".to_owned()),
            is_official: Some("N".to_owned()),
            calling_configure: None,
            verify_code: None,
            registrations: 0,
        }
    }
}

impl PhoneNumber {
    /// A number as Meta's embedded signup leaves it: verified, and not registered.
    pub fn signed_up(phone_number: &str) -> Self {
        PhoneNumber {
            phone_number: phone_number.to_owned(),
            id: format!("1{phone_number:0>14}"),
            ..PhoneNumber::default()
        }
    }

    /// The same, verified by nobody.
    pub fn unverified(phone_number: &str) -> Self {
        PhoneNumber {
            status: "UNVERIFIED".to_owned(),
            verified: false,
            ..PhoneNumber::signed_up(phone_number)
        }
    }
}

/// What the service keeps of a number in a space.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PhoneCopy {
    /// The number as it was when it was last copied.
    pub number: PhoneNumber,
    /// Where the service reports the state of messages.
    pub status_callback_url: String,
    /// Where the service sends messages of customers.
    pub up_callback_url: String,
    /// Whether it reports by HTTP.
    pub http_flag: bool,
    /// Whether it reports to queues.
    pub queue_flag: bool,
    /// Lists that still show the webhook as it was before.
    #[serde(skip)]
    blind_lists: u32,
    #[serde(skip)]
    before: Option<(String, String)>,
    /// When the number will be `CONNECTED`, in milliseconds since the start.
    #[serde(skip)]
    connected_at_ms: Option<u64>,
}

/// All numbers there are.
#[derive(Debug, Default)]
pub(in crate::emulator) struct PhoneNumbers {
    /// At Meta, by WABA and number.
    meta: BTreeMap<String, BTreeMap<String, PhoneNumber>>,
    /// At the service, by space and number.
    copies: BTreeMap<String, BTreeMap<String, PhoneCopy>>,
}

/// What no page says of phone numbers and their webhooks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhoneNumberBehavior {
    /// Whether the list shows the numbers of a WABA before anybody has synchronised them.
    pub numbers_visible_without_sync: bool,
    /// Whether the list shows an added number before the next synchronisation.
    pub add_visible_at_once: bool,
    /// Error code for adding a number that the WABA has already.
    pub add_again_code: String,
    /// Error code for a number that the WABA does not have.
    pub unknown_number_code: String,
    /// Error code for registering a number that is not verified.
    pub unverified_register_code: String,
    /// So many registrations of a number are allowed.
    pub register_limit: u32,
    /// Error code for more.
    pub register_limit_code: String,
    /// How long a registered number stays `PENDING`.
    pub connect_lag_ms: u64,
    /// `Status` after the registration was taken back.
    pub deregistered_status: String,
    /// Error code for a wrong verification code.
    pub wrong_verify_code: String,
    /// What the parameter `Status` of the list does.
    pub status_filter: StatusFilter,
    /// Which of two documented sets of words the rows use.
    pub row_words: RowWords,
    /// Where two keys of `CallingConfigure` stand in the list; the pages show both places.
    pub calling_keys_place: CallingKeysPlace,
    /// What a webhook update does with a URL that is not sent.
    pub webhook_omitted: WebhookOmitted,
    /// What a webhook update does with an empty URL.
    pub webhook_empty: WebhookEmpty,
    /// Whether the list hides the URLs of a number without HTTP.
    pub flag_n_hides_url: bool,
    /// Whether a synchronisation forgets the webhooks.
    pub sync_resets_webhook: bool,
    /// So many lists after a webhook update still show what was before.
    pub webhook_lag_queries: u32,
    /// What stands behind the URLs of a row; a documented sample has a line break there.
    pub url_suffix: String,
}

impl Default for PhoneNumberBehavior {
    fn default() -> Self {
        PhoneNumberBehavior {
            numbers_visible_without_sync: false,
            add_visible_at_once: true,
            add_again_code: "InvalidParameter.PhoneNumberError".to_owned(),
            unknown_number_code: "InvalidParameter.PhoneNumberError".to_owned(),
            // Meta's own codes; those of other operations are known to come through.
            unverified_register_code: "133006".to_owned(),
            register_limit: 10,
            register_limit_code: "133016".to_owned(),
            connect_lag_ms: 0,
            deregistered_status: "DISCONNECTED".to_owned(),
            wrong_verify_code: "136025".to_owned(),
            status_filter: StatusFilter::Exact,
            row_words: RowWords::Long,
            calling_keys_place: CallingKeysPlace::Calling,
            webhook_omitted: WebhookOmitted::Keep,
            webhook_empty: WebhookEmpty::Clear,
            flag_n_hides_url: false,
            sync_resets_webhook: false,
            webhook_lag_queries: 0,
            url_suffix: String::new(),
        }
    }
}

/// What a filter by `Status` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusFilter {
    /// Only rows with exactly this status.
    Exact,
    /// Nothing.
    Ignored,
}

/// Two documented sets of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowWords {
    /// `DISCONNECTED`, `TIER_1K`; an unverified number has no `CodeVerificationStatus`.
    Long,
    /// `OFFLINE`, `TIER_1000`, `NOT_VERIFIED`.
    Newer,
}

/// Where `CallIconVisibility` and `CallbackPermissionStatus` stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallingKeysPlace {
    /// In `Calling`.
    Calling,
    /// In `Calling.CallHours`.
    CallHours,
}

/// A URL that is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookOmitted {
    /// It stays.
    Keep,
    /// It goes.
    Clear,
}

/// A URL that is empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookEmpty {
    /// The old one goes.
    Clear,
    /// The old one stays.
    Keep,
    /// This error code; nothing changes.
    Error(String),
}

impl Entities {
    /// The numbers of a WABA at Meta: those that were signed up, or the one that every WABA has.
    fn numbers_at_meta(&mut self, waba_id: &str) -> &mut BTreeMap<String, PhoneNumber> {
        let numbers = self.phone_numbers.meta.entry(waba_id.to_owned());
        numbers.or_insert_with(|| {
            let start = waba_id.char_indices().rev().nth(3);
            let tail = &waba_id[start.map_or(0, |(start, _)| start)..];
            let mut number = PhoneNumber::signed_up(&format!("65800{tail:0>5}"));
            number.verified_name = Some(format!("Business {tail}"));
            BTreeMap::from([(number.phone_number.clone(), number)])
        })
    }

    /// Signs a number up at Meta, or changes it there. The service learns of it by a synchronisation.
    pub(in crate::emulator) fn put_phone_number(&mut self, waba_id: &str, number: PhoneNumber) {
        let numbers = self.phone_numbers.meta.entry(waba_id.to_owned());
        let numbers = numbers.or_default();
        numbers.insert(number.phone_number.clone(), number);
    }

    /// A number at Meta.
    pub(in crate::emulator) fn phone_number(
        &mut self,
        waba_id: &str,
        phone_number: &str,
    ) -> Option<&mut PhoneNumber> {
        self.numbers_at_meta(waba_id).get_mut(phone_number)
    }

    /// Takes a number away from a WABA at Meta.
    pub(in crate::emulator) fn remove_phone_number(&mut self, waba_id: &str, phone_number: &str) {
        self.numbers_at_meta(waba_id).remove(phone_number);
    }

    /// What the service keeps of a number.
    pub(in crate::emulator) fn phone_copy(
        &mut self,
        cust_space_id: &str,
        phone_number: &str,
    ) -> Option<&mut PhoneCopy> {
        let copies = self.phone_numbers.copies.get_mut(cust_space_id)?;
        copies.get_mut(phone_number)
    }

    /// All numbers at Meta and at the service, for the control API.
    pub(in crate::emulator) fn phone_number_snapshot(&self) -> Value {
        json!({"meta": self.phone_numbers.meta, "spaces": self.phone_numbers.copies})
    }

    /// Copies all numbers of the WABA of a space from Meta.
    pub(in crate::emulator) fn sync_phone_numbers(
        &mut self,
        cust_space_id: &str,
        waba_id: &str,
        forget_webhooks: bool,
    ) {
        let numbers = self.numbers_at_meta(waba_id).clone();
        let copies = self.phone_numbers.copies.entry(cust_space_id.to_owned());
        let copies = copies.or_default();
        copies.retain(|number, _| numbers.contains_key(number));
        for (name, number) in numbers {
            let copy = copies.entry(name).or_default();
            copy.number = number;
            copy.connected_at_ms = None;
            if forget_webhooks {
                *copy = PhoneCopy {
                    number: copy.number.clone(),
                    ..PhoneCopy::default()
                };
            }
        }
    }
}

/// The space that a call is about and its WABA, if one is bound.
fn bound(state: &mut State, task: &Task<'_>) -> Result<Option<(String, String)>, Refusal> {
    let Some(space) = asked_space(state, task)? else {
        return Ok(None);
    };
    Ok(see_binding(state, &space, task.now).map(|waba| (space, waba)))
}

/// A number of the WABA that is bound to the space of a call.
pub(super) struct Asked {
    pub(super) cust_space_id: String,
    pub(super) waba_id: String,
    pub(super) phone_number: String,
}

/// The number that a call is about; an error if the space has no such number.
pub(super) fn asked_number(state: &mut State, task: &Task<'_>) -> Result<Asked, Refusal> {
    let phone_number = task.received.parameter("PhoneNumber");
    let phone_number = phone_number.ok_or_else(|| missing("PhoneNumber"))?;
    let unknown = refused(&state.behavior.phone_number.unknown_number_code);
    let Some((cust_space_id, waba_id)) = bound(state, task)? else {
        return Err(unknown);
    };
    match state.entities.phone_number(&waba_id, phone_number) {
        None => Err(unknown),
        Some(_) => Ok(Asked {
            cust_space_id,
            waba_id,
            phone_number: phone_number.to_owned(),
        }),
    }
}

/// `QueryChatappPhoneNumbers`: what the service keeps of the numbers of the WABA that is bound to a space.
pub(super) fn list(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let rows = match bound(state, task)? {
        None => Vec::new(),
        Some((space, waba_id)) => {
            if state.behavior.phone_number.numbers_visible_without_sync
                && !state.entities.phone_numbers.copies.contains_key(&space)
            {
                state.entities.sync_phone_numbers(&space, &waba_id, false);
            }
            rows(state, &space, &waba_id, task.now)
        }
    };
    let behavior = &state.behavior;
    let filter = behavior.phone_number.status_filter;
    let status = task
        .received
        .parameter("Status")
        .filter(|_| filter == StatusFilter::Exact);
    let rows: Vec<Value> = rows
        .into_iter()
        .filter(|row| status.is_none_or(|wanted| row["Status"] == wanted))
        .collect();
    // The real response has a text `Data` without meaning beside the list.
    let fields = json!({"PhoneNumbers": rows, "Data": ""});
    Ok(envelope(task.request_id, behavior, fields))
}

/// `ChatappSyncPhoneNumber`: copies the numbers from Meta.
pub(super) fn sync(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let rows = match bound(state, task)? {
        None => Vec::new(),
        Some((space, waba_id)) => {
            let forget = state.behavior.phone_number.sync_resets_webhook;
            state.entities.sync_phone_numbers(&space, &waba_id, forget);
            rows(state, &space, &waba_id, task.now)
        }
    };
    let fields = json!({"PhoneNumbers": rows});
    Ok(envelope(task.request_id, &state.behavior, fields))
}

/// `AddChatappPhoneNumber`: a new number at Meta, verified by nobody.
pub(super) fn add(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let parameter = |name| task.received.parameter(name).ok_or_else(|| missing(name));
    let phone_number = format!("{}{}", parameter("Cc")?, parameter("PhoneNumber")?);
    let name = parameter("VerifiedName")?.to_owned();
    let behavior = state.behavior.clone();
    let switches = &behavior.phone_number;
    let Some((space, waba_id)) = bound(state, task)? else {
        return Err(refused(&switches.unknown_number_code));
    };
    if state
        .entities
        .phone_number(&waba_id, &phone_number)
        .is_some()
    {
        return Err(refused(&switches.add_again_code));
    }
    let mut number = PhoneNumber::unverified(&phone_number);
    number.verified_name = Some(name);
    // Not `put_phone_number`: a WABA keeps the number that it has without any.
    let numbers = state.entities.numbers_at_meta(&waba_id);
    numbers.insert(phone_number.clone(), number.clone());
    if switches.add_visible_at_once {
        let copies = state.entities.phone_numbers.copies.entry(space);
        copies.or_default().entry(phone_number).or_default().number = number;
    }
    Ok(envelope(task.request_id, &behavior, json!({})))
}

/// `GetPhoneNumberVerificationStatus`: asks Meta.
pub(super) fn verification(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let asked = asked_number(state, task)?;
    let behavior = state.behavior.clone();
    let number = at_meta(state, &asked);
    let status = match (number.verified, number.expired) {
        (true, _) => "VERIFIED",
        (false, true) => "EXPIRED",
        (false, false) => "NOT_VERIFIED",
    };
    let data = json!({
        "PhoneNumber": number.phone_number,
        "Id": number.id,
        "CodeVerificationStatus": status,
    });
    let body = envelope(task.request_id, &behavior, json!({"Data": data}));
    Ok(without_success(body))
}

/// `ChatappPhoneNumberRegister`: makes a verified number ready to send.
pub(super) fn register(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let asked = asked_number(state, task)?;
    register_number(state, &asked, task.now)?;
    Ok(envelope(task.request_id, &state.behavior, json!({})))
}

fn register_number(state: &mut State, asked: &Asked, now: Now) -> Result<(), Refusal> {
    let switches = state.behavior.phone_number.clone();
    let number = at_meta(state, asked);
    if !number.verified {
        return Err(refused(&switches.unverified_register_code));
    }
    if number.registrations >= switches.register_limit {
        return Err(refused(&switches.register_limit_code));
    }
    number.registrations += 1;
    number.status = "CONNECTED".to_owned();
    let number = number.clone();
    let copies = &mut state.entities.phone_numbers.copies;
    let copies = copies.entry(asked.cust_space_id.clone()).or_default();
    let copy = copies.entry(asked.phone_number.clone()).or_default();
    copy.number = number;
    copy.connected_at_ms = Some(now.since_start_ms.saturating_add(switches.connect_lag_ms));
    Ok(())
}

/// `ChatappPhoneNumberDeregister`: takes the registration back. The number stays in the WABA.
pub(super) fn deregister(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let asked = asked_number(state, task)?;
    let status = state.behavior.phone_number.deregistered_status.clone();
    at_meta(state, &asked).status.clone_from(&status);
    if let Some(copy) = state
        .entities
        .phone_copy(&asked.cust_space_id, &asked.phone_number)
    {
        copy.number.status = status;
        copy.connected_at_ms = None;
    }
    let body = envelope(task.request_id, &state.behavior, json!({}));
    Ok(without_success(body))
}

/// `GetChatappVerifyCode`: sends a code to the person who owns the number. A test reads it from the number at Meta.
pub(super) fn send_code(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let asked = asked_number(state, task)?;
    let code = state.random_text(b"0123456789", 6);
    at_meta(state, &asked).verify_code = Some(code);
    Ok(envelope(task.request_id, &state.behavior, json!({})))
}

/// `ChatappVerifyAndRegister`: takes the code, then registers.
pub(super) fn verify_and_register(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let code = task.received.parameter("VerifyCode");
    let code = code.ok_or_else(|| missing("VerifyCode"))?;
    let asked = asked_number(state, task)?;
    let wrong = refused(&state.behavior.phone_number.wrong_verify_code);
    let number = at_meta(state, &asked);
    if number.verify_code.as_deref() != Some(code) {
        return Err(wrong);
    }
    number.verify_code = None;
    number.verified = true;
    number.expired = false;
    register_number(state, &asked, task.now)?;
    Ok(envelope(task.request_id, &state.behavior, json!({})))
}

/// `UpdatePhoneWebhook`: where messages of a number go.
pub(super) fn update_webhook(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let asked = asked_number(state, task)?;
    let switches = state.behavior.phone_number.clone();
    let number = at_meta(state, &asked).clone();
    let copies = &mut state.entities.phone_numbers.copies;
    let copies = copies.entry(asked.cust_space_id).or_default();
    let copy = copies.entry(asked.phone_number).or_default();
    if copy.number.phone_number.is_empty() {
        copy.number = number;
    }
    let url = |name: &str, present: &str| match task.received.parameter(name) {
        None if switches.webhook_omitted == WebhookOmitted::Keep => Ok(present.to_owned()),
        None => Ok(String::new()),
        Some("") => match &switches.webhook_empty {
            WebhookEmpty::Clear => Ok(String::new()),
            WebhookEmpty::Keep => Ok(present.to_owned()),
            WebhookEmpty::Error(code) => Err(refused(code)),
        },
        Some(url) => Ok(url.to_owned()),
    };
    let status = url("StatusCallbackUrl", &copy.status_callback_url)?;
    let up = url("UpCallbackUrl", &copy.up_callback_url)?;
    let before = (
        std::mem::replace(&mut copy.status_callback_url, status),
        std::mem::replace(&mut copy.up_callback_url, up),
    );
    copy.before = Some(before);
    copy.blind_lists = switches.webhook_lag_queries;
    let flag = |name: &str, present: bool| match task.received.parameter(name) {
        None => present,
        Some(flag) => flag == "Y",
    };
    copy.http_flag = flag("HttpFlag", copy.http_flag);
    copy.queue_flag = flag("QueueFlag", copy.queue_flag);
    let body = envelope(task.request_id, &state.behavior, json!({}));
    Ok(without_success(body))
}

fn at_meta<'a>(state: &'a mut State, asked: &Asked) -> &'a mut PhoneNumber {
    let number = state
        .entities
        .phone_number(&asked.waba_id, &asked.phone_number);
    number.expect("the number was looked up before")
}

/// The body without the flag that some operations leave out.
pub(super) fn without_success(mut body: Value) -> Value {
    if let Some(fields) = body.as_object_mut() {
        fields.remove("Success");
    }
    body
}

/// The rows of a space, in the order of the numbers; numbers of another WABA that was bound before are not shown.
fn rows(state: &mut State, space: &str, waba_id: &str, now: Now) -> Vec<Value> {
    let behavior = state.behavior.clone();
    let at_meta = state.entities.numbers_at_meta(waba_id);
    let known: Vec<String> = at_meta.keys().cloned().collect();
    let copies = state.entities.phone_numbers.copies.get_mut(space);
    let rows = copies.into_iter().flatten();
    rows.filter(|(number, _)| known.contains(number))
        .map(|(_, copy)| row(&behavior, copy, now))
        .collect()
}

fn row(behavior: &Behavior, copy: &mut PhoneCopy, now: Now) -> Value {
    let switches = &behavior.phone_number;
    let number = &copy.number;
    let is_lagging = copy
        .connected_at_ms
        .is_some_and(|connected| now.since_start_ms < connected);
    let status = if is_lagging {
        "PENDING"
    } else {
        number.status.as_str()
    };
    let newer = switches.row_words == RowWords::Newer;
    let status = match status {
        "DISCONNECTED" if newer => "OFFLINE",
        status => status,
    };
    let tier = number
        .messaging_limit_tier
        .as_deref()
        .map(|tier| match tier {
            "TIER_1K" if newer => "TIER_1000",
            "TIER_UNLIMITED" if newer => "UNLIMITED",
            tier => tier,
        });
    let verification = match (number.verified, newer) {
        (true, _) => Some("VERIFIED"),
        (false, true) => Some("NOT_VERIFIED"),
        (false, false) => None,
    };
    let (mut status_url, mut up_url) = match (&copy.before, copy.blind_lists) {
        (Some(before), 1..) => before.clone(),
        _ => (
            copy.status_callback_url.clone(),
            copy.up_callback_url.clone(),
        ),
    };
    copy.blind_lists = copy.blind_lists.saturating_sub(1);
    if switches.flag_n_hides_url && !copy.http_flag {
        status_url.clear();
        up_url.clear();
    }
    for url in [&mut status_url, &mut up_url] {
        if !url.is_empty() {
            url.push_str(&switches.url_suffix);
        }
    }
    let queue = |kind: &str| {
        let id = &number.id;
        copy.queue_flag
            .then(|| format!("Alicom-Queue-{id}-ChatApp{kind}"))
    };
    let mut row = Map::new();
    for (name, text) in [
        ("PhoneNumber", Some(number.phone_number.as_str())),
        ("VerifiedName", number.verified_name.as_deref()),
        ("Status", Some(status)),
        ("NameStatus", number.name_status.as_deref()),
        ("NewNameStatus", number.new_name_status.as_deref()),
        ("CodeVerificationStatus", verification),
        ("QualityRating", number.quality_rating.as_deref()),
        ("MessagingLimitTier", tier),
        ("IsOfficial", number.is_official.as_deref()),
        ("StatusCallbackUrl", Some(&*status_url)),
        ("UpCallbackUrl", Some(&*up_url)),
        ("StatusQueue", queue("Status").as_deref()),
        ("UpQueue", queue("Up").as_deref()),
    ] {
        if let Some(text) = text {
            row.insert(name.to_owned(), json!(text));
        }
    }
    if let Some(calling) = &number.calling_configure {
        let calling = moved_keys(calling.clone(), switches.calling_keys_place);
        row.insert("CallingConfigure".to_owned(), calling);
    }
    Value::Object(row)
}

/// `CallingConfigure` with two keys where the switch wants them; it is stored with them in `Calling`.
fn moved_keys(mut configure: Value, place: CallingKeysPlace) -> Value {
    if place == CallingKeysPlace::CallHours
        && let Some(calling) = configure["Calling"].as_object_mut()
    {
        for key in ["CallIconVisibility", "CallbackPermissionStatus"] {
            if let Some(value) = calling.remove(key) {
                let hours = calling.entry("CallHours").or_insert_with(|| json!({}));
                hours[key] = value;
            }
        }
    }
    configure
}

#[cfg(test)]
mod tests {
    use super::super::super::Emulator;
    use super::super::testing::{WABA, bound as bound_space, call, check, emulator};
    use super::*;

    const NUMBER: &str = "6580002345";

    fn rows_of(emulator: &Emulator, space: &str) -> Vec<Value> {
        let parameters = [("CustSpaceId", space)];
        let body = call(emulator, "QueryChatappPhoneNumbers", &parameters).json();
        body["PhoneNumbers"].as_array().expect("a list").clone()
    }

    fn act(emulator: &Emulator, action: &str, space: &str, more: &[(&str, &str)]) -> Value {
        let mut parameters = vec![("CustSpaceId", space), ("PhoneNumber", NUMBER)];
        parameters.extend(more);
        let response = call(emulator, action, &parameters);
        check(&response, 200, "OK");
        response.json()
    }

    fn code(emulator: &Emulator, action: &str, space: &str, more: &[(&str, &str)]) -> String {
        let mut parameters = vec![("CustSpaceId", space), ("PhoneNumber", NUMBER)];
        parameters.extend(more);
        call(emulator, action, &parameters).code()
    }

    #[test]
    fn numbers_belong_to_the_bound_waba() {
        let emulator = emulator(|_| {});
        let space = bound_space(&emulator, WABA);
        assert_eq!(rows_of(&emulator, &space), Vec::<Value>::new());
        act(&emulator, "ChatappSyncPhoneNumber", &space, &[]);
        let rows = rows_of(&emulator, &space);
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["PhoneNumber"], NUMBER);
        assert_eq!(rows[0]["Status"], "PENDING");
        let filtered = |status: &str| {
            let parameters = [("CustSpaceId", space.as_str()), ("Status", status)];
            let body = call(&emulator, "QueryChatappPhoneNumbers", &parameters).json();
            body["PhoneNumbers"].as_array().expect("a list").len()
        };
        assert_eq!((filtered("PENDING"), filtered("BANNED")), (1, 0));
        emulator
            .set_behavior(|behavior| behavior.phone_number.status_filter = StatusFilter::Ignored);
        assert_eq!(filtered("BANNED"), 1);
        emulator.rebind(&space, "9").expect("the space is there");
        assert_eq!(rows_of(&emulator, &space), Vec::<Value>::new());
        emulator.unbind(&space).expect("the space is there");
        assert_eq!(rows_of(&emulator, &space), Vec::<Value>::new());
        let refusal = code(&emulator, "ChatappPhoneNumberRegister", &space, &[]);
        assert_eq!(refusal, "InvalidParameter.PhoneNumberError");
    }

    #[test]
    fn copy_follows_meta_only_after_a_synchronisation() {
        let emulator = emulator(|behavior| {
            behavior.phone_number.numbers_visible_without_sync = true;
        });
        let space = bound_space(&emulator, WABA);
        assert_eq!(rows_of(&emulator, &space)[0]["QualityRating"], "GREEN");
        emulator.change_phone_number(WABA, NUMBER, |number| {
            number.quality_rating = Some("RED".to_owned());
        });
        assert_eq!(rows_of(&emulator, &space)[0]["QualityRating"], "GREEN");
        emulator.sync_phone_numbers(&space).expect("bound");
        assert_eq!(rows_of(&emulator, &space)[0]["QualityRating"], "RED");
        emulator.remove_phone_number(WABA, NUMBER);
        emulator.sync_phone_numbers(&space).expect("bound");
        assert_eq!(rows_of(&emulator, &space), Vec::<Value>::new());
        emulator.put_phone_number(WABA, PhoneNumber::signed_up("4915112345"));
        let body = act(&emulator, "ChatappSyncPhoneNumber", &space, &[]);
        assert_eq!(body["PhoneNumbers"][0]["PhoneNumber"], "4915112345");
    }

    #[test]
    fn a_verified_number_is_registered_and_taken_back() {
        let emulator = emulator(|behavior| behavior.phone_number.register_limit = 2);
        let space = bound_space(&emulator, WABA);
        let body = act(&emulator, "GetPhoneNumberVerificationStatus", &space, &[]);
        assert_eq!(body["Data"]["CodeVerificationStatus"], "VERIFIED");
        assert_eq!(body["Data"]["Id"], "100006580002345");
        assert_eq!(body.get("Success"), None);
        act(&emulator, "ChatappPhoneNumberRegister", &space, &[]);
        assert_eq!(rows_of(&emulator, &space)[0]["Status"], "CONNECTED");
        let body = act(&emulator, "ChatappPhoneNumberDeregister", &space, &[]);
        assert_eq!(body.get("Success"), None);
        assert_eq!(rows_of(&emulator, &space)[0]["Status"], "DISCONNECTED");
        emulator.set_behavior(|behavior| {
            behavior.phone_number.row_words = RowWords::Newer;
            behavior.phone_number.connect_lag_ms = u64::MAX;
        });
        let row = &rows_of(&emulator, &space)[0];
        assert_eq!(row["Status"], "OFFLINE");
        assert_eq!(row["MessagingLimitTier"], "TIER_1000");
        act(&emulator, "ChatappPhoneNumberRegister", &space, &[]);
        assert_eq!(rows_of(&emulator, &space)[0]["Status"], "PENDING");
        let refusal = code(&emulator, "ChatappPhoneNumberRegister", &space, &[]);
        assert_eq!(refusal, "133016");
    }

    #[test]
    fn an_added_number_needs_a_code() {
        let emulator = emulator(|behavior| behavior.phone_number.add_visible_at_once = false);
        let space = bound_space(&emulator, WABA);
        let add = |number: &str| {
            let parameters = [
                ("CustSpaceId", space.as_str()),
                ("Cc", "65"),
                ("PhoneNumber", number),
                ("VerifiedName", "Shop"),
            ];
            call(&emulator, "AddChatappPhoneNumber", &parameters).code()
        };
        assert_eq!(add("80002345"), "InvalidParameter.PhoneNumberError");
        assert_eq!(add("91234567"), "OK");
        assert_eq!(rows_of(&emulator, &space), Vec::<Value>::new());
        act(&emulator, "ChatappSyncPhoneNumber", &space, &[]);
        let rows = rows_of(&emulator, &space);
        assert_eq!(rows[1]["Status"], "UNVERIFIED");
        assert_eq!(rows[1].get("CodeVerificationStatus"), None);

        emulator.change_phone_number(WABA, NUMBER, |number| {
            number.verified = false;
            number.expired = true;
        });
        let refusal = code(&emulator, "ChatappPhoneNumberRegister", &space, &[]);
        assert_eq!(refusal, "133006");
        let body = act(&emulator, "GetPhoneNumberVerificationStatus", &space, &[]);
        assert_eq!(body["Data"]["CodeVerificationStatus"], "EXPIRED");
        act(
            &emulator,
            "GetChatappVerifyCode",
            &space,
            &[("Method", "sms")],
        );
        let sent = emulator.phone_number(WABA, NUMBER).expect("the number");
        let sent = sent.verify_code.expect("a code");
        let verify = |sent: &str| {
            let more = [("VerifyCode", sent)];
            code(&emulator, "ChatappVerifyAndRegister", &space, &more)
        };
        assert_eq!(verify("wrong"), "136025");
        assert_eq!(verify(&sent), "OK");
        assert_eq!(rows_of(&emulator, &space)[0]["Status"], "CONNECTED");
        assert!(!format!("{:?}", emulator.calls()).contains(&sent));
    }

    #[test]
    fn webhooks_follow_their_switches() {
        let emulator = emulator(|_| {});
        let space = bound_space(&emulator, WABA);
        let update = |more: &[(&str, &str)]| code(&emulator, "UpdatePhoneWebhook", &space, more);
        let urls = || {
            let row = &rows_of(&emulator, &space)[0];
            let text = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
            (text("StatusCallbackUrl"), text("UpCallbackUrl"))
        };
        let pair = |status: &str, up: &str| (status.to_owned(), up.to_owned());
        let both = [
            ("StatusCallbackUrl", "https://a"),
            ("UpCallbackUrl", "https://b"),
            ("HttpFlag", "Y"),
            ("QueueFlag", "Y"),
        ];
        assert_eq!(update(&both), "OK");
        assert_eq!(urls(), pair("https://a", "https://b"));
        let row = &rows_of(&emulator, &space)[0];
        assert_eq!(
            row["StatusQueue"],
            "Alicom-Queue-100006580002345-ChatAppStatus"
        );
        assert_eq!(update(&[("StatusCallbackUrl", "")]), "OK");
        assert_eq!(urls(), pair("", "https://b"));

        emulator.set_behavior(|behavior| {
            behavior.phone_number.webhook_empty = WebhookEmpty::Keep;
            behavior.phone_number.webhook_omitted = WebhookOmitted::Clear;
            behavior.phone_number.webhook_lag_queries = 1;
            behavior.phone_number.url_suffix = "\n".to_owned();
        });
        assert_eq!(update(&[("UpCallbackUrl", "")]), "OK");
        assert_eq!(urls(), pair("", "https://b\n"));
        assert_eq!(update(&[]), "OK");
        assert_eq!(urls(), pair("", "https://b\n"));
        assert_eq!(urls(), pair("", ""));

        emulator.set_behavior(|behavior| {
            behavior.phone_number.webhook_empty = WebhookEmpty::Error("X.Empty".to_owned());
            behavior.phone_number.flag_n_hides_url = true;
            behavior.phone_number.sync_resets_webhook = true;
            behavior.phone_number.webhook_lag_queries = 0;
        });
        assert_eq!(update(&[("UpCallbackUrl", "")]), "X.Empty");
        let hidden = [("StatusCallbackUrl", "https://c"), ("HttpFlag", "N")];
        assert_eq!(update(&hidden), "OK");
        assert_eq!(urls(), pair("", ""));
        let copy = emulator.phone_copy(&space, NUMBER).expect("a copy");
        assert_eq!(copy.status_callback_url, "https://c");
        act(&emulator, "ChatappSyncPhoneNumber", &space, &[]);
        let copy = emulator.phone_copy(&space, NUMBER).expect("a copy");
        assert_eq!(copy.status_callback_url, "");
    }

    #[test]
    fn keys_of_calling_have_two_places() {
        let emulator = emulator(|_| {});
        let space = bound_space(&emulator, WABA);
        emulator.change_phone_number(WABA, NUMBER, |number| {
            number.calling_configure = Some(json!({"Calling": {"CallIconVisibility": "DEFAULT"}}));
        });
        let key = |pointer: &str| {
            act(&emulator, "ChatappSyncPhoneNumber", &space, &[]);
            let row = &rows_of(&emulator, &space)[0];
            row.pointer(pointer).cloned()
        };
        let visible = Some(json!("DEFAULT"));
        assert_eq!(
            key("/CallingConfigure/Calling/CallIconVisibility"),
            visible.clone()
        );
        emulator.set_behavior(|behavior| {
            behavior.phone_number.calling_keys_place = CallingKeysPlace::CallHours;
        });
        assert_eq!(
            key("/CallingConfigure/Calling/CallHours/CallIconVisibility"),
            visible
        );
    }
}
