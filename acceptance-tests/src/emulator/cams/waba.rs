//! WABAs: binding one to a space, and reading what is bound.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::behavior::Behavior;
use super::super::entities::Entities;
use super::super::gateway::{Task, invalid, missing};
use super::super::response::{Refusal, envelope};
use super::super::state::{Now, State};
use super::space::{Space, asked_space, new_space};
use super::{account, refused};

/// A WhatsApp Business Account as the service describes it; an absent field is not in the response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names are those of the service's response")]
pub struct Waba {
    #[serde(default)]
    pub id: String,
    /// The only account that may bind it; absent, the first account that binds it.
    #[serde(default)]
    pub owner: Option<String>,
    pub name: Option<String>,
    pub account_review_status: Option<String>,
    pub business_id: Option<String>,
    pub business_name: Option<String>,
    pub currency: Option<String>,
    pub message_template_namespace: Option<String>,
    pub marketing_message_lite_status: Option<String>,
    pub is_on_biz_app: Option<String>,
    pub primary_business_location: Option<String>,
    pub auth_international_rate_eligibility: Option<Value>,
    /// Of the business at Meta.
    #[serde(default)]
    pub verification_status: Option<String>,
    #[serde(default)]
    pub vertical: Option<String>,
}

impl Waba {
    /// The WABA that an unregistered ID stands for: plausible, and the same at every look.
    pub fn derived(id: &str, account_review_status: &str) -> Self {
        let start = id.char_indices().rev().nth(3).map_or(0, |(start, _)| start);
        let tail = &id[start..];
        let text = |text: String| Some(text);
        Waba {
            id: id.to_owned(),
            owner: None,
            name: text(format!("Business {tail}")),
            account_review_status: text(account_review_status.to_owned()),
            business_id: text(format!("1929{tail}")),
            business_name: text(format!("Business {tail} Ltd")),
            currency: text("USD".to_owned()),
            message_template_namespace: text(format!("93e6b26e_8a67_4163_a093_ebfe645a{tail:0>4}")),
            marketing_message_lite_status: text("Y".to_owned()),
            is_on_biz_app: text("N".to_owned()),
            primary_business_location: text("SG".to_owned()),
            auth_international_rate_eligibility: Some(
                json!({"start_time": 1_721_952_000, "exception_countries": []}),
            ),
            verification_status: text("verified".to_owned()),
            vertical: text("RETAIL".to_owned()),
        }
    }
}

impl Entities {
    /// The WABA of that ID, registered or derived.
    pub(in crate::emulator) fn waba(&self, id: &str, account_review_status: &str) -> Waba {
        let registered = self.wabas.get(id).cloned();
        registered.unwrap_or_else(|| Waba::derived(id, account_review_status))
    }
}

/// What the service does when a WABA is bound, and when a space is asked for its WABA.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WabaBehavior {
    /// Binding a WABA that the same account has bound already. Undocumented.
    pub bind_again: BindAgain,
    /// Binding a WABA that another account has bound or owns. Undocumented.
    pub bind_foreign: Outcome,
    /// With `true` only registered WABAs exist; otherwise every decimal WABA ID does.
    pub known_wabas_only: bool,
    /// Error code for a WABA that does not exist (only with `known_wabas_only`). Undocumented.
    pub unknown_waba_code: String,
    /// Asking for a space of the caller that has no WABA. Undocumented.
    pub nothing_bound: NothingBound,
    /// After a bind, this many queries of the space still see nothing.
    pub lag_queries: u32,
    /// After a bind, queries of the space still see nothing for this many milliseconds.
    pub lag_ms: u64,
    /// `Data.WabaId` in the response of a bind.
    pub bind_response_waba_id: BindResponseWabaId,
    /// `AccountReviewStatus` of WABAs that are not registered with another one.
    pub account_review_status: String,
}

impl Default for WabaBehavior {
    fn default() -> Self {
        let not_owned = || "Unknown.ResourceOwnerId".to_owned();
        WabaBehavior {
            bind_again: BindAgain::SameSpace,
            bind_foreign: Outcome::Error(not_owned()),
            known_wabas_only: false,
            unknown_waba_code: not_owned(),
            nothing_bound: NothingBound::DataNull,
            lag_queries: 0,
            lag_ms: 0,
            bind_response_waba_id: BindResponseWabaId::Same,
            account_review_status: "APPROVED".to_owned(),
        }
    }
}

/// The response to a second bind of the same WABA by the same account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BindAgain {
    /// The space that the WABA is bound to.
    SameSpace,
    /// A further space; the WABA is then bound to both.
    NewSpace,
    /// This error code; nothing changes.
    Error(String),
}

/// Allowed, or refused with a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As if there were nothing special.
    Ok,
    /// This error code; nothing changes.
    Error(String),
}

/// The response to a query of a space without a WABA.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NothingBound {
    /// `Code: OK` and `"Data": null`.
    DataNull,
    /// `Code: OK` and `"Data": {}`.
    DataEmpty,
    /// `Code: OK` without the key `Data`.
    DataMissing,
    /// `Code: OK` and a `Data` with other keys but no `Id`.
    DataWithoutId,
    /// This error code.
    Error(String),
}

/// `Data.WabaId` of a bind's response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BindResponseWabaId {
    /// The one that was asked for.
    Same,
    /// Not there.
    Absent,
    /// This one instead.
    Other(String),
}

/// `ChatappBindWaba`: connects a WABA with a space of the caller, most often a new one.
pub(super) fn bind(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let account = account(task)?;
    let waba_id = task
        .received
        .parameter("WabaId")
        .ok_or_else(|| missing("WabaId"))?;
    if !waba_id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid("WabaId"));
    }
    let behavior = state.behavior.clone();
    let registered = state.entities.wabas.get(waba_id);
    if registered.is_none() && behavior.waba.known_wabas_only {
        return Err(refused(&behavior.waba.unknown_waba_code));
    }
    let owned_elsewhere = registered
        .and_then(|waba| waba.owner.as_deref())
        .is_some_and(|owner| owner != account);
    let bound = state.entities.spaces_bound_to(waba_id);
    let bound_here = bound.iter().find(|space| space.account == account);
    let bound_here = bound_here.map(|space| space.cust_space_id.clone());
    let foreign = owned_elsewhere || (bound_here.is_none() && !bound.is_empty());
    if foreign && let Outcome::Error(code) = &behavior.waba.bind_foreign {
        return Err(refused(code));
    }
    let space = match (bound_here, &behavior.waba.bind_again) {
        (Some(_), BindAgain::Error(code)) => return Err(refused(code)),
        (Some(space), BindAgain::SameSpace) => space,
        (Some(_), BindAgain::NewSpace) | (None, _) => {
            let mut space = new_space(state, account, task.now);
            let id = space.cust_space_id.clone();
            space.made_by_bind = true;
            space.waba_id = Some(waba_id.to_owned());
            space.bound_at_ms = Some(task.now.since_start_ms);
            space.blind_queries = behavior.waba.lag_queries;
            state.entities.spaces.insert(id.clone(), space);
            id
        }
    };
    let mut data = json!({"CustSpaceId": space});
    match &behavior.waba.bind_response_waba_id {
        BindResponseWabaId::Same => data["WabaId"] = json!(waba_id),
        BindResponseWabaId::Other(other) => data["WabaId"] = json!(other),
        BindResponseWabaId::Absent => {}
    }
    Ok(envelope(task.request_id, &behavior, json!({"Data": data})))
}

/// `QueryChatappBindWaba`: the WABA that is bound to a space.
pub(super) fn query(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let behavior = state.behavior.clone();
    let bound = match asked_space(state, task)? {
        Some(id) => see_binding(state, &id, task.now),
        None => None,
    };
    let fields = match (bound, &behavior.waba.nothing_bound) {
        (Some(waba_id), _) => {
            json!({"Data": waba_data(&state.entities, &behavior, &waba_id)})
        }
        (None, NothingBound::DataNull) => json!({"Data": null}),
        (None, NothingBound::DataEmpty) => json!({"Data": {}}),
        (None, NothingBound::DataMissing) => json!({}),
        (None, NothingBound::DataWithoutId) => json!({"Data": {"Currency": "USD"}}),
        (None, NothingBound::Error(code)) => return Err(refused(code)),
    };
    Ok(envelope(task.request_id, &behavior, fields))
}

/// `QueryWabaBusinessInfo`: the business that owns the WABA of a space.
pub(super) fn business_info(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let behavior = state.behavior.clone();
    let bound = match asked_space(state, task)? {
        Some(id) => see_binding(state, &id, task.now),
        None => None,
    };
    let asked = task.received.parameter("WabaId");
    let Some(id) = bound.filter(|id| asked == Some(id)) else {
        return Err(refused(&behavior.waba.unknown_waba_code));
    };
    let waba = state
        .entities
        .waba(&id, &behavior.waba.account_review_status);
    let mut data = Map::new();
    for (name, text) in [
        ("BusinessId", waba.business_id),
        ("BusinessName", waba.business_name),
        ("VerificationStatus", waba.verification_status),
        ("Vertical", waba.vertical),
    ] {
        if let Some(text) = text {
            data.insert(name.to_owned(), json!(text));
        }
    }
    Ok(envelope(task.request_id, &behavior, json!({"Data": data})))
}

/// What a query sees bound; counts the query against the lag.
pub(super) fn see_binding(state: &mut State, cust_space_id: &str, now: Now) -> Option<String> {
    let behavior = state.behavior.clone();
    let space = state.entities.spaces.get_mut(cust_space_id)?;
    let seen = visible_binding(&behavior, space, now).map(str::to_owned);
    space.blind_queries = space.blind_queries.saturating_sub(1);
    seen
}

pub(super) fn visible_binding<'a>(
    behavior: &Behavior,
    space: &'a Space,
    now: Now,
) -> Option<&'a str> {
    let too_early = space
        .bound_at_ms
        .is_some_and(|bound| now.since_start_ms < bound.saturating_add(behavior.waba.lag_ms));
    match &space.waba_id {
        Some(waba_id) if space.blind_queries == 0 && !too_early => Some(waba_id),
        _ => None,
    }
}

fn waba_data(entities: &Entities, behavior: &Behavior, waba_id: &str) -> Value {
    let waba = entities.waba(waba_id, &behavior.waba.account_review_status);
    let mut data = Map::new();
    data.insert("Id".to_owned(), json!(waba.id));
    for (name, text) in [
        ("Name", waba.name),
        ("AccountReviewStatus", waba.account_review_status),
        ("BusinessId", waba.business_id),
        ("BusinessName", waba.business_name),
        ("Currency", waba.currency),
        ("MessageTemplateNamespace", waba.message_template_namespace),
        (
            "MarketingMessageLiteStatus",
            waba.marketing_message_lite_status,
        ),
        ("IsOnBizApp", waba.is_on_biz_app),
        ("PrimaryBusinessLocation", waba.primary_business_location),
    ] {
        if let Some(text) = text {
            data.insert(name.to_owned(), json!(text));
        }
    }
    if let Some(eligibility) = waba.auth_international_rate_eligibility {
        data.insert("AuthInternationalRateEligibility".to_owned(), eligibility);
    }
    if behavior.response.unknown_keys {
        data.insert("UnknownKey".to_owned(), json!("of tomorrow"));
    }
    Value::Object(data)
}

#[cfg(test)]
mod tests {
    use super::super::super::{DEFAULT_ACCOUNT, SpaceIdStyle, SuccessFlag};
    use super::super::testing::{
        WABA, bind, bound, call, call_as_other, check, emulator, error, query,
    };
    use super::*;

    #[test]
    fn a_bound_waba_is_found_in_its_space() {
        let emulator = emulator(|_| {});
        let response = bind(&emulator, WABA);
        check(&response, 200, "OK");
        let body = response.json();
        assert_eq!(body["Data"]["WabaId"], WABA);
        assert_eq!(body["Message"], "None");
        assert_eq!(body["AccessDeniedDetail"], "None");
        assert_eq!(body["Success"], true);
        let space = body["Data"]["CustSpaceId"].as_str().expect("a space");
        let tail = space.strip_prefix("cams-").expect("the style of a space");
        assert_eq!(tail.len(), 11);
        let data = query(&emulator, space).json()["Data"].take();
        for (key, value) in [
            ("Id", WABA),
            ("AccountReviewStatus", "APPROVED"),
            ("Currency", "USD"),
            ("IsOnBizApp", "N"),
        ] {
            assert_eq!(data[key], value, "{key}");
        }
        assert!(data["AuthInternationalRateEligibility"].is_object());
        let truth = emulator.space(space).expect("the space is there");
        assert_eq!(truth.waba_id.as_deref(), Some(WABA));
        assert_eq!(truth.account, DEFAULT_ACCOUNT);
        assert_ne!(bound(&emulator, "7"), space);
    }

    #[test]
    fn invalid_waba_id_is_refused() {
        let emulator = emulator(|_| {});
        check(&bind(&emulator, "12a"), 400, "InvalidWabaId");
        check(
            &call(&emulator, "ChatappBindWaba", &[]),
            400,
            "MissingWabaId",
        );
        check(&bind(&emulator, ""), 400, "MissingWabaId");
        assert!(emulator.spaces(DEFAULT_ACCOUNT).is_empty());
        emulator.set_behavior(|behavior| {
            behavior.waba.known_wabas_only = true;
            behavior.waba.unknown_waba_code = error("X.NoWaba");
        });
        check(&bind(&emulator, WABA), 200, "X.NoWaba");
        emulator.put_waba(Waba::derived(WABA, "PENDING"));
        check(&bind(&emulator, WABA), 200, "OK");
        let space = &emulator.spaces(DEFAULT_ACCOUNT)[0];
        let data = query(&emulator, &space.cust_space_id).json()["Data"].take();
        assert_eq!(data["AccountReviewStatus"], "PENDING");
    }

    #[test]
    fn a_second_bind_follows_the_switch() {
        let emulator = emulator(|_| {});
        let first = bound(&emulator, WABA);
        assert_eq!(bound(&emulator, WABA), first);
        emulator.set_behavior(|behavior| behavior.waba.bind_again = BindAgain::NewSpace);
        assert_ne!(bound(&emulator, WABA), first);
        assert_eq!(emulator.spaces_bound_to(WABA).len(), 2);
        let code = error("X.Already");
        emulator.set_behavior(|behavior| behavior.waba.bind_again = BindAgain::Error(code));
        check(&bind(&emulator, WABA), 200, "X.Already");
        assert_eq!(emulator.spaces_bound_to(WABA).len(), 2);
    }

    #[test]
    fn foreign_waba_follows_the_switch() {
        let emulator = emulator(|_| {});
        let parameters = [("WabaId", WABA)];
        let first = bound(&emulator, WABA);
        let other = || call_as_other(&emulator, "ChatappBindWaba", &parameters);
        check(&other(), 400, "Unknown.ResourceOwnerId");
        emulator.set_behavior(|behavior| {
            behavior.waba.bind_foreign = Outcome::Error(error("X.Theirs"))
        });
        check(&other(), 200, "X.Theirs");
        emulator.set_behavior(|behavior| behavior.waba.bind_foreign = Outcome::Ok);
        let response = other();
        check(&response, 200, "OK");
        assert_ne!(response.json()["Data"]["CustSpaceId"], first.as_str());
        emulator.set_behavior(|behavior| {
            behavior.waba.bind_foreign = Behavior::default().waba.bind_foreign
        });
        let owned = Waba {
            owner: Some("2".to_owned()),
            ..Waba::derived("77", "APPROVED")
        };
        emulator.put_waba(owned);
        check(&bind(&emulator, "77"), 400, "Unknown.ResourceOwnerId");
        check(
            &call_as_other(&emulator, "ChatappBindWaba", &[("WabaId", "77")]),
            200,
            "OK",
        );
    }

    #[test]
    fn nothing_bound_follows_the_switch() {
        let emulator = emulator(|_| {});
        let space = bound(&emulator, WABA);
        emulator.unbind(&space).expect("the space is there");
        for (nothing_bound, data) in [
            (NothingBound::DataNull, Some(json!(null))),
            (NothingBound::DataEmpty, Some(json!({}))),
            (NothingBound::DataMissing, None),
            (
                NothingBound::DataWithoutId,
                Some(json!({"Currency": "USD"})),
            ),
        ] {
            emulator.set_behavior(|behavior| behavior.waba.nothing_bound = nothing_bound);
            let response = query(&emulator, &space);
            check(&response, 200, "OK");
            assert_eq!(response.json().get("Data").cloned(), data);
        }
        let code = NothingBound::Error(error("X.Nothing"));
        emulator.set_behavior(|behavior| behavior.waba.nothing_bound = code);
        check(&query(&emulator, &space), 200, "X.Nothing");
        emulator.rebind(&space, "8").expect("the space is there");
        assert_eq!(query(&emulator, &space).json()["Data"]["Id"], "8");
        assert!(emulator.rebind("nowhere", "8").is_err());
    }

    #[test]
    fn bind_is_shown_after_its_lag() {
        let emulator = emulator(|behavior| behavior.waba.lag_queries = 2);
        let space = bound(&emulator, WABA);
        let list =
            || call(&emulator, "ListInstance", &[("IsBind", "true")]).json()["TotalCount"].take();
        assert_eq!(list(), 0);
        assert_eq!(query(&emulator, &space).json()["Data"], Value::Null);
        assert_eq!(query(&emulator, &space).json()["Data"], Value::Null);
        assert_eq!(query(&emulator, &space).json()["Data"]["Id"], WABA);
        assert_eq!(list(), 1);
        emulator.set_behavior(|behavior| {
            behavior.waba.lag_queries = 0;
            behavior.waba.lag_ms = 600_000;
        });
        let space = bound(&emulator, "8");
        assert_eq!(query(&emulator, &space).json()["Data"], Value::Null);
        emulator.set_behavior(|behavior| behavior.waba.lag_ms = 30);
        std::thread::sleep(std::time::Duration::from_millis(40));
        assert_eq!(query(&emulator, &space).json()["Data"]["Id"], "8");
    }

    #[test]
    fn bind_responses_follow_the_switches() {
        let emulator = emulator(|behavior| {
            behavior.waba.bind_response_waba_id = BindResponseWabaId::Absent;
            behavior.space.space_id_style = SpaceIdStyle::Isv;
            behavior.waba.account_review_status = "REJECTED".to_owned();
        });
        let data = bind(&emulator, WABA).json()["Data"].take();
        assert_eq!(data.get("WabaId"), None);
        let space = data["CustSpaceId"].as_str().expect("a space");
        let digits = space.strip_prefix('C').expect("the style of an ISV");
        assert!(digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_digit()));
        let status = query(&emulator, space).json()["Data"]["AccountReviewStatus"].take();
        assert_eq!(status, "REJECTED");
        let other = BindResponseWabaId::Other("9".to_owned());
        emulator.set_behavior(|behavior| behavior.waba.bind_response_waba_id = other);
        assert_eq!(bind(&emulator, WABA).json()["Data"]["WabaId"], "9");
    }

    #[test]
    fn success_fields_follow_their_switches() {
        for (success_flag, expected) in [
            (SuccessFlag::Consistent, Some(json!(true))),
            (SuccessFlag::FalseBesideOk, Some(json!(false))),
            (SuccessFlag::Absent, None),
        ] {
            let emulator = emulator(|behavior| {
                behavior.response.success_flag = success_flag;
                behavior.response.ok_code = "ok".to_owned();
                behavior.response.ok_message = "SUCCESS".to_owned();
                behavior.response.ok_access_denied_detail = "{}".to_owned();
                behavior.response.unknown_keys = false;
            });
            let body = bind(&emulator, WABA).json();
            assert_eq!(body.get("Success").cloned(), expected);
            assert_eq!(body["Code"], "ok");
            assert_eq!(body["Message"], "SUCCESS");
            assert_eq!(body["AccessDeniedDetail"], "{}");
            assert_eq!(body.get("UnknownKey"), None);
        }
    }

    #[test]
    fn business_of_a_bound_waba_is_returned() {
        let emulator = emulator(|_| {});
        let space = bound(&emulator, WABA);
        let info = |waba: &str| {
            let parameters = [("CustSpaceId", space.as_str()), ("WabaId", waba)];
            call(&emulator, "QueryWabaBusinessInfo", &parameters)
        };
        assert_eq!(info(WABA).json()["Data"]["VerificationStatus"], "verified");
        check(&info("9"), 400, "Unknown.ResourceOwnerId");
        emulator.unbind(&space).expect("the space is there");
        check(&info(WABA), 400, "Unknown.ResourceOwnerId");
    }
}
