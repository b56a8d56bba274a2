//! Chat App Message Service, API 2020-06-06: the operations around the binding of a WABA to a space.
//!
//! Names and shapes follow the public API pages of the product. Where the pages are silent a switch decides. Must not
//! contain: authentication, rate limits, HTTP.

use serde_json::{Map, Value, json};
use time::macros::format_description;

use super::behavior::{
    Behavior, BindAgain, BindResponseWabaId, Filter, NothingBound, OpenStatusUnsubscribed, Outcome,
    QueryWithoutSpace, SpaceIdStyle, SpaceResponse,
};
use super::entities::{Entities, Space};
use super::gateway::{Access, Operation, Product, Task, invalid, missing};
use super::response::{Refusal, envelope};
use super::state::{Now, State};

/// Every operation of the product that is emulated.
pub(super) const OPERATIONS: [Operation; 5] = [
    Operation {
        name: "ChatappBindWaba",
        product: Product::Cams,
        required: &["WabaId"],
        access: Access::Allowed,
        run: bind,
    },
    Operation {
        name: "QueryChatappBindWaba",
        product: Product::Cams,
        required: &[],
        access: Access::Allowed,
        run: query,
    },
    Operation {
        name: "ListInstance",
        product: Product::Cams,
        required: &[],
        access: Access::Allowed,
        run: list,
    },
    Operation {
        name: "QueryChatappPhoneNumbers",
        product: Product::Cams,
        required: &[],
        access: Access::Allowed,
        run: phone_numbers,
    },
    Operation {
        name: "GetChatappOpenStatus",
        product: Product::Cams,
        required: &[],
        access: Access::Allowed,
        run: open_status,
    },
];

/// `ChatappBindWaba`: connects a WABA with a space of the caller, most often a new one.
fn bind(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
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
    if registered.is_none() && behavior.known_wabas_only {
        return Err(refused(&behavior.unknown_waba_code));
    }
    let owned_elsewhere = registered
        .and_then(|waba| waba.owner.as_deref())
        .is_some_and(|owner| owner != account);
    let bound = state.entities.spaces_bound_to(waba_id);
    let bound_here = bound.iter().find(|space| space.account == account);
    let bound_here = bound_here.map(|space| space.cust_space_id.clone());
    let foreign = owned_elsewhere || (bound_here.is_none() && !bound.is_empty());
    if foreign && let Outcome::Error(code) = &behavior.bind_foreign {
        return Err(refused(code));
    }
    let space = match (bound_here, &behavior.bind_again) {
        (Some(_), BindAgain::Error(code)) => return Err(refused(code)),
        (Some(space), BindAgain::SameSpace) => space,
        (Some(_), BindAgain::NewSpace) | (None, _) => {
            let mut space = new_space(state, account, task.now);
            let id = space.cust_space_id.clone();
            space.made_by_bind = true;
            space.waba_id = Some(waba_id.to_owned());
            space.bound_at_ms = Some(task.now.since_start_ms);
            space.blind_queries = behavior.lag_queries;
            state.entities.spaces.insert(id.clone(), space);
            id
        }
    };
    let mut data = json!({"CustSpaceId": space});
    match &behavior.bind_response_waba_id {
        BindResponseWabaId::Same => data["WabaId"] = json!(waba_id),
        BindResponseWabaId::Other(other) => data["WabaId"] = json!(other),
        BindResponseWabaId::Absent => {}
    }
    Ok(envelope(task.request_id, &behavior, json!({"Data": data})))
}

/// `QueryChatappBindWaba`: the WABA that is bound to a space.
fn query(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let behavior = state.behavior.clone();
    let bound = match asked_space(state, task)? {
        Some(id) => see_binding(state, &id, task.now),
        None => None,
    };
    let fields = match (bound, &behavior.nothing_bound) {
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

/// `ListInstance`: one page of the caller's spaces, oldest first.
fn list(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let account = account(task)?;
    let behavior = &state.behavior;
    let parameter = |name: &str| {
        task.received
            .parameter(name)
            .filter(|text| !text.is_empty())
    };
    let number = |name: &str, default: u32| match parameter(name) {
        None => Ok(default),
        Some(text) => match text.parse::<u32>() {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(invalid(name)),
        },
    };
    let page = number("PageIndex", 1)? as usize;
    let size = number("PageSize", behavior.list_default_page_size)?;
    let size = size.min(behavior.list_maximum_page_size).max(1) as usize;
    let is_bound = match parameter("IsBind").map(str::to_ascii_lowercase).as_deref() {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err(invalid("IsBind")),
    };
    let same = |name: &str, value: &str| parameter(name).is_none_or(|wanted| wanted == value);
    let rows: Vec<Value> = state
        .entities
        .spaces_of(account)
        .into_iter()
        .filter(|space| behavior.list_shows_bound_spaces || !space.made_by_bind)
        .filter(|space| {
            parameter("ChannelType")
                .is_none_or(|wanted| wanted.eq_ignore_ascii_case(&space.channel_type))
                && same("InstanceId", &space.instance_id)
                && same("InstanceName", &space.instance_name)
        })
        .filter(|space| {
            let waba_id = visible_binding(behavior, space, task.now);
            let by_id = behavior.list_bind_id_filter == Filter::Ignored
                || parameter("BindId").is_none_or(|wanted| waba_id == Some(wanted));
            let by_state = behavior.list_is_bind_filter == Filter::Ignored
                || is_bound.is_none_or(|wanted| wanted == waba_id.is_some());
            by_id && by_state
        })
        .filter(|space| {
            behavior.list_filter_str == Filter::Ignored
                || parameter("FilterStr").is_none_or(|part| {
                    space.instance_id.contains(part) || space.instance_name.contains(part)
                })
        })
        .map(instance_row)
        .collect();
    let total = rows.len();
    let page: Vec<Value> = rows
        .into_iter()
        .skip((page - 1).saturating_mul(size))
        .take(size)
        .collect();
    let fields = json!({"TotalCount": total, "Data": page});
    Ok(envelope(task.request_id, behavior, fields))
}

/// `QueryChatappPhoneNumbers`: the numbers of the WABA that is bound to a space.
fn phone_numbers(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let bound = match asked_space(state, task)? {
        Some(id) => see_binding(state, &id, task.now),
        None => None,
    };
    let behavior = &state.behavior;
    let status = task.received.parameter("Status");
    let numbers: Vec<Value> = bound
        .map(|id| state.entities.waba(&id, &behavior.account_review_status))
        .map(|waba| waba.phone_numbers)
        .unwrap_or_default()
        .into_iter()
        .filter(|number| status.is_none_or(|wanted| number["Status"] == wanted))
        .collect();
    // The real answer has a text `Data` without meaning beside the list.
    let fields = json!({"PhoneNumbers": numbers, "Data": ""});
    Ok(envelope(task.request_id, behavior, fields))
}

/// `GetChatappOpenStatus`: whether the account has activated the service.
fn open_status(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let account = account(task)?;
    let account = state.entities.accounts.get(account);
    let subscribed = account.is_some_and(|account| account.subscribed);
    if !subscribed && state.behavior.open_status_unsubscribed == OpenStatusUnsubscribed::Error {
        return Err(Refusal::product("Product.Unsubscript"));
    }
    // Neither `Success` nor `AccessDeniedDetail` is documented for this one.
    Ok(json!({
        "RequestId": task.request_id,
        "Code": state.behavior.ok_code,
        "Message": "success",
        "OpenStatus": subscribed,
    }))
}

/// A space that nobody has registered yet, with no WABA, not yet in the state.
pub(super) fn new_space(state: &mut State, account: &str, now: Now) -> Space {
    let cust_space_id = loop {
        let id = match state.behavior.space_id_style {
            SpaceIdStyle::Cams => {
                let tail = state.random_text(b"abcdefghijklmnopqrstuvwxyz0123456789", 11);
                format!("cams-{tail}")
            }
            SpaceIdStyle::Isv => format!("C{}", state.random_text(b"0123456789", 16)),
        };
        if !state.entities.spaces.contains_key(&id) {
            break id;
        }
    };
    let instance_id = if state.behavior.instance_id_equals_space {
        cust_space_id.clone()
    } else {
        state.random_text(b"123456789", 14)
    };
    state.entities.spaces_made += 1;
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    Space {
        instance_name: format!("whatsapp-{}", state.entities.spaces_made),
        cust_space_id,
        account: account.to_owned(),
        instance_id,
        channel_type: "whatsapp".to_owned(),
        state: "published".to_owned(),
        submit_time: now.utc.format(format).unwrap_or_default(),
        made_by_bind: false,
        waba_id: None,
        isv_code: state.behavior.isv_code.clone(),
        number: state.entities.spaces_made,
        bound_at_ms: None,
        blind_queries: 0,
    }
}

fn account<'a>(task: &Task<'a>) -> Result<&'a str, Refusal> {
    // The gateway lets nobody through to these operations without a key; said again, not assumed.
    let caller = task.caller.ok_or_else(|| missing("AccessKeyId"))?;
    Ok(&caller.account)
}

/// The space that a query is about; `None` where the answer is that nothing is bound.
fn asked_space(state: &State, task: &Task<'_>) -> Result<Option<String>, Refusal> {
    let account = account(task)?;
    let behavior = &state.behavior;
    let not_ours = |answer: &SpaceResponse| match answer {
        SpaceResponse::NothingBound => Ok(None),
        SpaceResponse::Error(code) => Err(refused(code)),
    };
    let asked = task.received.parameter("CustSpaceId");
    let space = match asked.filter(|id| !id.is_empty()) {
        Some(id) => match state.entities.spaces.get(id) {
            None => return not_ours(&behavior.unknown_space),
            Some(space) if space.account != account => return not_ours(&behavior.foreign_space),
            Some(space) => space,
        },
        None => match &behavior.query_without_space {
            QueryWithoutSpace::Error(code) => return Err(refused(code)),
            QueryWithoutSpace::FirstSpace => {
                let Some(space) = state.entities.spaces_of(account).into_iter().next() else {
                    return Ok(None);
                };
                space
            }
        },
    };
    if space.isv_code.is_some() && space.isv_code.as_deref() != task.received.parameter("IsvCode") {
        return Err(refused(&behavior.isv_code_error));
    }
    Ok(Some(space.cust_space_id.clone()))
}

/// What a query sees bound; counts the query against the lag.
fn see_binding(state: &mut State, cust_space_id: &str, now: Now) -> Option<String> {
    let behavior = state.behavior.clone();
    let space = state.entities.spaces.get_mut(cust_space_id)?;
    let seen = visible_binding(&behavior, space, now).map(str::to_owned);
    space.blind_queries = space.blind_queries.saturating_sub(1);
    seen
}

fn visible_binding<'a>(behavior: &Behavior, space: &'a Space, now: Now) -> Option<&'a str> {
    let too_early = space
        .bound_at_ms
        .is_some_and(|bound| now.since_start_ms < bound.saturating_add(behavior.lag_ms));
    match &space.waba_id {
        Some(waba_id) if space.blind_queries == 0 && !too_early => Some(waba_id),
        _ => None,
    }
}

/// A code that a switch gives; `Missing…` belongs to the gateway, everything else to the product.
fn refused(code: &str) -> Refusal {
    match code.strip_prefix("Missing") {
        Some(name) => missing(name),
        None => Refusal::product(code),
    }
}

fn waba_data(entities: &Entities, behavior: &Behavior, waba_id: &str) -> Value {
    let waba = entities.waba(waba_id, &behavior.account_review_status);
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
    if behavior.unknown_keys {
        data.insert("UnknownKey".to_owned(), json!("of tomorrow"));
    }
    Value::Object(data)
}

fn instance_row(space: &Space) -> Value {
    json!({
        "InstanceId": space.instance_id,
        "InstanceName": space.instance_name,
        "InstanceDescription": "",
        "ChannelType": space.channel_type,
        "CustSpaceId": space.cust_space_id,
        "State": space.state,
        "SubmitTime": space.submit_time,
        "ResourceGroupId": "rg-emulated",
        "ResourceRegionId": "ap-southeast-1",
    })
}

#[cfg(test)]
mod tests {
    use super::super::test_client::{Answer, Draft};
    use super::super::{Account, DEFAULT_ACCOUNT, Emulator, NewSpace, SuccessFlag, Waba};
    use super::*;

    const WABA: &str = "123456789012345";

    fn emulator(change: impl FnOnce(&mut Behavior)) -> Emulator {
        let emulator = Emulator::start().expect("a free port");
        let other = Account::new("2").with_key("other", "s");
        emulator.put_account(other).expect("a sound account");
        emulator.set_behavior(|behavior| {
            behavior.cams_calls_per_second = None;
            change(behavior);
        });
        emulator
    }

    fn call(emulator: &Emulator, action: &str, parameters: &[(&str, &str)]) -> Answer {
        Draft::new(emulator, action, parameters).send()
    }

    fn call_as_other(emulator: &Emulator, action: &str, parameters: &[(&str, &str)]) -> Answer {
        let draft = Draft::new(emulator, action, parameters);
        draft.with_key("other", "s", None).send()
    }

    fn bind(emulator: &Emulator, waba_id: &str) -> Answer {
        call(emulator, "ChatappBindWaba", &[("WabaId", waba_id)])
    }

    fn bound(emulator: &Emulator, waba_id: &str) -> String {
        let answer = bind(emulator, waba_id).json();
        let space = answer["Data"]["CustSpaceId"].as_str();
        space.expect("a space").to_owned()
    }

    fn query(emulator: &Emulator, space: &str) -> Answer {
        call(emulator, "QueryChatappBindWaba", &[("CustSpaceId", space)])
    }

    fn check(answer: &Answer, status: u16, code: &str) {
        let found = (answer.status, answer.code());
        assert_eq!(found, (Some(status), code.to_owned()), "{answer:?}");
    }

    fn error(code: &str) -> String {
        code.to_owned()
    }

    #[test]
    fn a_bound_waba_is_found_in_its_space() {
        let emulator = emulator(|_| {});
        let answer = bind(&emulator, WABA);
        check(&answer, 200, "OK");
        let body = answer.json();
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
    fn what_is_no_waba_is_refused() {
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
            behavior.known_wabas_only = true;
            behavior.unknown_waba_code = error("X.NoWaba");
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
        emulator.set_behavior(|behavior| behavior.bind_again = BindAgain::NewSpace);
        assert_ne!(bound(&emulator, WABA), first);
        assert_eq!(emulator.spaces_bound_to(WABA).len(), 2);
        let code = error("X.Already");
        emulator.set_behavior(|behavior| behavior.bind_again = BindAgain::Error(code));
        check(&bind(&emulator, WABA), 200, "X.Already");
        assert_eq!(emulator.spaces_bound_to(WABA).len(), 2);
    }

    #[test]
    fn a_foreign_waba_follows_the_switch() {
        let emulator = emulator(|_| {});
        let parameters = [("WabaId", WABA)];
        let first = bound(&emulator, WABA);
        let other = || call_as_other(&emulator, "ChatappBindWaba", &parameters);
        check(&other(), 400, "Unknown.ResourceOwnerId");
        emulator.set_behavior(|behavior| behavior.bind_foreign = Outcome::Error(error("X.Theirs")));
        check(&other(), 200, "X.Theirs");
        emulator.set_behavior(|behavior| behavior.bind_foreign = Outcome::Ok);
        let answer = other();
        check(&answer, 200, "OK");
        assert_ne!(answer.json()["Data"]["CustSpaceId"], first.as_str());
        emulator.set_behavior(|behavior| behavior.bind_foreign = Behavior::default().bind_foreign);
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
            emulator.set_behavior(|behavior| behavior.nothing_bound = nothing_bound);
            let answer = query(&emulator, &space);
            check(&answer, 200, "OK");
            assert_eq!(answer.json().get("Data").cloned(), data);
        }
        let code = NothingBound::Error(error("X.Nothing"));
        emulator.set_behavior(|behavior| behavior.nothing_bound = code);
        check(&query(&emulator, &space), 200, "X.Nothing");
        emulator.rebind(&space, "8").expect("the space is there");
        assert_eq!(query(&emulator, &space).json()["Data"]["Id"], "8");
        assert!(emulator.rebind("nowhere", "8").is_err());
    }

    #[test]
    fn unknown_foreign_and_unnamed_spaces_follow_their_switches() {
        let emulator = emulator(|_| {});
        let unnamed = || call(&emulator, "QueryChatappBindWaba", &[]);
        assert_eq!(unnamed().json()["Data"], Value::Null);
        let space = bound(&emulator, WABA);
        bound(&emulator, "8");
        let foreign = || {
            call_as_other(
                &emulator,
                "QueryChatappBindWaba",
                &[("CustSpaceId", &space)],
            )
        };
        check(
            &query(&emulator, "cams-unknown"),
            400,
            "Unknown.ResourceOwnerId",
        );
        check(&foreign(), 400, "Unknown.ResourceOwnerId");
        assert_eq!(unnamed().json()["Data"]["Id"], WABA);
        emulator.set_behavior(|behavior| {
            behavior.unknown_space = SpaceResponse::NothingBound;
            behavior.foreign_space = SpaceResponse::Error(error("X.Foreign"));
            behavior.query_without_space = QueryWithoutSpace::Error(error("MissingCustSpaceId"));
        });
        assert_eq!(query(&emulator, "cams-unknown").json()["Data"], Value::Null);
        check(&foreign(), 200, "X.Foreign");
        check(&unnamed(), 400, "MissingCustSpaceId");
    }

    #[test]
    fn a_bind_is_seen_after_its_lag() {
        let emulator = emulator(|behavior| behavior.lag_queries = 2);
        let space = bound(&emulator, WABA);
        let list =
            || call(&emulator, "ListInstance", &[("IsBind", "true")]).json()["TotalCount"].take();
        assert_eq!(list(), 0);
        assert_eq!(query(&emulator, &space).json()["Data"], Value::Null);
        assert_eq!(query(&emulator, &space).json()["Data"], Value::Null);
        assert_eq!(query(&emulator, &space).json()["Data"]["Id"], WABA);
        assert_eq!(list(), 1);
        emulator.set_behavior(|behavior| {
            behavior.lag_queries = 0;
            behavior.lag_ms = 600_000;
        });
        let space = bound(&emulator, "8");
        assert_eq!(query(&emulator, &space).json()["Data"], Value::Null);
        emulator.set_behavior(|behavior| behavior.lag_ms = 30);
        std::thread::sleep(std::time::Duration::from_millis(40));
        assert_eq!(query(&emulator, &space).json()["Data"]["Id"], "8");
    }

    #[test]
    fn success_and_its_company_follow_their_switches() {
        for (success_flag, expected) in [
            (SuccessFlag::Consistent, Some(json!(true))),
            (SuccessFlag::FalseBesideOk, Some(json!(false))),
            (SuccessFlag::Absent, None),
        ] {
            let emulator = emulator(|behavior| {
                behavior.success_flag = success_flag;
                behavior.ok_code = "ok".to_owned();
                behavior.ok_message = "SUCCESS".to_owned();
                behavior.ok_access_denied_detail = "{}".to_owned();
                behavior.unknown_keys = false;
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
    fn the_answer_of_a_bind_can_be_odd() {
        let emulator = emulator(|behavior| {
            behavior.bind_response_waba_id = BindResponseWabaId::Absent;
            behavior.space_id_style = SpaceIdStyle::Isv;
            behavior.account_review_status = "REJECTED".to_owned();
        });
        let data = bind(&emulator, WABA).json()["Data"].take();
        assert_eq!(data.get("WabaId"), None);
        let space = data["CustSpaceId"].as_str().expect("a space");
        let digits = space.strip_prefix('C').expect("the style of an ISV");
        assert!(digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_digit()));
        let status = query(&emulator, space).json()["Data"]["AccountReviewStatus"].take();
        assert_eq!(status, "REJECTED");
        let other = BindResponseWabaId::Other("9".to_owned());
        emulator.set_behavior(|behavior| behavior.bind_response_waba_id = other);
        assert_eq!(bind(&emulator, WABA).json()["Data"]["WabaId"], "9");
    }

    #[test]
    fn a_space_may_demand_an_isv_code() {
        let emulator = emulator(|behavior| behavior.isv_code = Some("secret".to_owned()));
        let space = bound(&emulator, WABA);
        let with = |code: &str| {
            let parameters = [("CustSpaceId", space.as_str()), ("IsvCode", code)];
            call(&emulator, "QueryChatappBindWaba", &parameters)
        };
        check(&query(&emulator, &space), 200, "Authentication.NoAuth");
        check(&with("wrong"), 200, "Authentication.NoAuth");
        check(&with("secret"), 200, "OK");
        emulator.set_behavior(|behavior| behavior.isv_code_error = error("X.Code"));
        check(&with("wrong"), 200, "X.Code");
        let log = format!("{:?}", emulator.calls());
        assert!(!log.contains("secret"), "{log}");
    }

    #[test]
    fn spaces_are_listed_in_pages_and_filtered() {
        let emulator = emulator(|behavior| {
            behavior.instance_id_equals_space = false;
            behavior.list_maximum_page_size = 4;
            behavior.list_default_page_size = 3;
        });
        let spaces: Vec<String> = (0..5)
            .map(|n| bound(&emulator, &format!("10{n}")))
            .collect();
        let viber = NewSpace {
            channel_type: Some("viber".to_owned()),
            ..NewSpace::default()
        };
        emulator.add_space(viber).expect("a sound space");
        let list = |parameters: &[(&str, &str)]| {
            let answer = call(&emulator, "ListInstance", parameters);
            check(&answer, 200, "OK");
            let body = answer.json();
            let rows = body["Data"].as_array().expect("a list").clone();
            (body["TotalCount"].as_u64().expect("a number"), rows)
        };
        let (total, rows) = list(&[]);
        assert_eq!((total, rows.len()), (6, 3));
        assert_eq!(rows[0]["CustSpaceId"], spaces[0].as_str());
        assert_ne!(rows[0]["InstanceId"], rows[0]["CustSpaceId"]);
        assert_eq!(list(&[("PageSize", "50")]).1.len(), 4);
        let (total, rows) = list(&[("PageSize", "4"), ("PageIndex", "2")]);
        assert_eq!((total, rows.len()), (6, 2));
        assert_eq!(rows[0]["CustSpaceId"], spaces[4].as_str());
        assert_eq!(list(&[("PageIndex", "9")]).1.len(), 0);
        for (filter, total) in [
            (("ChannelType", "WHATSAPP"), 5),
            (("ChannelType", "viber"), 1),
            (("BindId", "103"), 1),
            (("BindId", "999"), 0),
            (("IsBind", "True"), 5),
            (("IsBind", "false"), 1),
            (("FilterStr", "whatsapp-3"), 1),
            (("InstanceName", "whatsapp-3"), 1),
            (("InstanceName", "whatsapp"), 0),
        ] {
            assert_eq!(list(&[filter]).0, total, "{filter:?}");
        }
        let bad = call(&emulator, "ListInstance", &[("PageSize", "0")]);
        check(&bad, 400, "InvalidPageSize");
        let bad = call(&emulator, "ListInstance", &[("IsBind", "maybe")]);
        check(&bad, 400, "InvalidIsBind");
        emulator.set_behavior(|behavior| {
            behavior.list_bind_id_filter = Filter::Ignored;
            behavior.list_is_bind_filter = Filter::Ignored;
            behavior.list_filter_str = Filter::Ignored;
        });
        for filter in [("BindId", "103"), ("IsBind", "false"), ("FilterStr", "x")] {
            assert_eq!(list(&[filter]).0, 6, "{filter:?}");
        }
        emulator.set_behavior(|behavior| behavior.list_shows_bound_spaces = false);
        assert_eq!(list(&[]).0, 1);
        let other = call_as_other(&emulator, "ListInstance", &[]).json();
        assert_eq!(other["TotalCount"], 0);
    }

    #[test]
    fn numbers_belong_to_the_bound_waba() {
        let emulator = emulator(|_| {});
        let space = bound(&emulator, WABA);
        let numbers = |status: Option<&str>| {
            let mut parameters = vec![("CustSpaceId", space.as_str())];
            parameters.extend(status.map(|status| ("Status", status)));
            let body = call(&emulator, "QueryChatappPhoneNumbers", &parameters).json();
            body["PhoneNumbers"].as_array().expect("a list").len()
        };
        assert_eq!(numbers(None), 1);
        assert_eq!(numbers(Some("CONNECTED")), 1);
        assert_eq!(numbers(Some("BANNED")), 0);
        emulator.unbind(&space).expect("the space is there");
        assert_eq!(numbers(None), 0);
    }

    #[test]
    fn the_service_is_open_or_not() {
        let emulator = emulator(|_| {});
        let mut closed = Account::new("3").with_key("closed", "s");
        closed.subscribed = false;
        emulator.put_account(closed).expect("a sound account");
        let status = |key: &str, secret: &str| {
            let draft = Draft::new(&emulator, "GetChatappOpenStatus", &[]);
            draft.with_key(key, secret, None).send()
        };
        let open = status("other", "s").json();
        assert_eq!(open["OpenStatus"], true);
        assert_eq!(open.get("Success"), None);
        assert_eq!(status("closed", "s").json()["OpenStatus"], false);
        let error = OpenStatusUnsubscribed::Error;
        emulator.set_behavior(|behavior| behavior.open_status_unsubscribed = error);
        check(&status("closed", "s"), 400, "Product.Unsubscript");
    }
}
