//! Chat App Message Service, API 2020-06-06: the operations around the binding of a WABA to a space.
//!
//! Names and shapes follow the public API pages of the product. Where the pages are silent a switch decides. Must not
//! contain: authentication, rate limits, HTTP.

use serde_json::{Map, Value, json};
use time::macros::format_description;

use super::answer::{Refusal, envelope};
use super::cloud::{Cloud, Space};
use super::gateway::{Access, Operation, Product, Task, invalid, missing};
use super::switches::{
    BindAgain, BindAnswerWabaId, Filter, NothingBound, OpenStatusUnsubscribed, Outcome,
    QueryWithoutSpace, SpaceAnswer, SpaceIdStyle, Switches,
};
use super::world::{Now, World};

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
fn bind(world: &mut World, task: &Task<'_>) -> Result<Value, Refusal> {
    let account = account(task)?;
    let waba_id = task
        .received
        .parameter("WabaId")
        .ok_or_else(|| missing("WabaId"))?;
    if !waba_id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid("WabaId"));
    }
    let switches = world.switches.clone();
    let registered = world.cloud.wabas.get(waba_id);
    if registered.is_none() && switches.known_wabas_only {
        return Err(refused(&switches.unknown_waba_code));
    }
    let owned_elsewhere = registered
        .and_then(|waba| waba.owner.as_deref())
        .is_some_and(|owner| owner != account);
    let bound = world.cloud.spaces_bound_to(waba_id);
    let bound_here = bound.iter().find(|space| space.account == account);
    let bound_here = bound_here.map(|space| space.cust_space_id.clone());
    let foreign = owned_elsewhere || (bound_here.is_none() && !bound.is_empty());
    if foreign && let Outcome::Error(code) = &switches.bind_foreign {
        return Err(refused(code));
    }
    let space = match (bound_here, &switches.bind_again) {
        (Some(_), BindAgain::Error(code)) => return Err(refused(code)),
        (Some(space), BindAgain::SameSpace) => space,
        (Some(_), BindAgain::NewSpace) | (None, _) => {
            let mut space = new_space(world, account, task.now);
            let id = space.cust_space_id.clone();
            space.made_by_bind = true;
            space.waba_id = Some(waba_id.to_owned());
            space.bound_at_ms = Some(task.now.since_start_ms);
            space.blind_queries = switches.lag_queries;
            world.cloud.spaces.insert(id.clone(), space);
            id
        }
    };
    let mut data = json!({"CustSpaceId": space});
    match &switches.bind_answer_waba_id {
        BindAnswerWabaId::Same => data["WabaId"] = json!(waba_id),
        BindAnswerWabaId::Other(other) => data["WabaId"] = json!(other),
        BindAnswerWabaId::Absent => {}
    }
    Ok(envelope(task.request_id, &switches, json!({"Data": data})))
}

/// `QueryChatappBindWaba`: the WABA that is bound to a space.
fn query(world: &mut World, task: &Task<'_>) -> Result<Value, Refusal> {
    let switches = world.switches.clone();
    let bound = match asked_space(world, task)? {
        Some(id) => see_binding(world, &id, task.now),
        None => None,
    };
    let fields = match (bound, &switches.nothing_bound) {
        (Some(waba_id), _) => {
            json!({"Data": waba_data(&world.cloud, &switches, &waba_id)})
        }
        (None, NothingBound::DataNull) => json!({"Data": null}),
        (None, NothingBound::DataEmpty) => json!({"Data": {}}),
        (None, NothingBound::DataMissing) => json!({}),
        (None, NothingBound::DataWithoutId) => json!({"Data": {"Currency": "USD"}}),
        (None, NothingBound::Error(code)) => return Err(refused(code)),
    };
    Ok(envelope(task.request_id, &switches, fields))
}

/// `ListInstance`: one page of the caller's spaces, oldest first.
fn list(world: &mut World, task: &Task<'_>) -> Result<Value, Refusal> {
    let account = account(task)?;
    let switches = &world.switches;
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
    let size = number("PageSize", switches.list_default_page_size)?;
    let size = size.min(switches.list_maximum_page_size).max(1) as usize;
    let is_bound = match parameter("IsBind").map(str::to_ascii_lowercase).as_deref() {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err(invalid("IsBind")),
    };
    let same = |name: &str, value: &str| parameter(name).is_none_or(|wanted| wanted == value);
    let rows: Vec<Value> = world
        .cloud
        .spaces_of(account)
        .into_iter()
        .filter(|space| switches.list_shows_bound_spaces || !space.made_by_bind)
        .filter(|space| {
            parameter("ChannelType")
                .is_none_or(|wanted| wanted.eq_ignore_ascii_case(&space.channel_type))
                && same("InstanceId", &space.instance_id)
                && same("InstanceName", &space.instance_name)
        })
        .filter(|space| {
            let waba_id = visible_binding(switches, space, task.now);
            let by_id = switches.list_bind_id_filter == Filter::Ignored
                || parameter("BindId").is_none_or(|wanted| waba_id == Some(wanted));
            let by_state = switches.list_is_bind_filter == Filter::Ignored
                || is_bound.is_none_or(|wanted| wanted == waba_id.is_some());
            by_id && by_state
        })
        .filter(|space| {
            switches.list_filter_str == Filter::Ignored
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
    Ok(envelope(task.request_id, switches, fields))
}

/// `QueryChatappPhoneNumbers`: the numbers of the WABA that is bound to a space.
fn phone_numbers(world: &mut World, task: &Task<'_>) -> Result<Value, Refusal> {
    let bound = match asked_space(world, task)? {
        Some(id) => see_binding(world, &id, task.now),
        None => None,
    };
    let switches = &world.switches;
    let status = task.received.parameter("Status");
    let numbers: Vec<Value> = bound
        .map(|id| world.cloud.waba(&id, &switches.account_review_status))
        .map(|waba| waba.phone_numbers)
        .unwrap_or_default()
        .into_iter()
        .filter(|number| status.is_none_or(|wanted| number["Status"] == wanted))
        .collect();
    // The real answer has a text `Data` without meaning beside the list.
    let fields = json!({"PhoneNumbers": numbers, "Data": ""});
    Ok(envelope(task.request_id, switches, fields))
}

/// `GetChatappOpenStatus`: whether the account has activated the service.
fn open_status(world: &mut World, task: &Task<'_>) -> Result<Value, Refusal> {
    let account = account(task)?;
    let account = world.cloud.accounts.get(account);
    let subscribed = account.is_some_and(|account| account.subscribed);
    if !subscribed && world.switches.open_status_unsubscribed == OpenStatusUnsubscribed::Error {
        return Err(Refusal::product("Product.Unsubscript"));
    }
    // Neither `Success` nor `AccessDeniedDetail` is documented for this one.
    Ok(json!({
        "RequestId": task.request_id,
        "Code": world.switches.ok_code,
        "Message": "success",
        "OpenStatus": subscribed,
    }))
}

/// A space that nobody has registered yet, with no WABA, not yet in the state.
pub(super) fn new_space(world: &mut World, account: &str, now: Now) -> Space {
    let cust_space_id = loop {
        let id = match world.switches.space_id_style {
            SpaceIdStyle::Cams => {
                let tail = world.random_text(b"abcdefghijklmnopqrstuvwxyz0123456789", 11);
                format!("cams-{tail}")
            }
            SpaceIdStyle::Isv => format!("C{}", world.random_text(b"0123456789", 16)),
        };
        if !world.cloud.spaces.contains_key(&id) {
            break id;
        }
    };
    let instance_id = if world.switches.instance_id_equals_space {
        cust_space_id.clone()
    } else {
        world.random_text(b"123456789", 14)
    };
    world.cloud.spaces_made += 1;
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    Space {
        instance_name: format!("whatsapp-{}", world.cloud.spaces_made),
        cust_space_id,
        account: account.to_owned(),
        instance_id,
        channel_type: "whatsapp".to_owned(),
        state: "published".to_owned(),
        submit_time: now.utc.format(format).unwrap_or_default(),
        made_by_bind: false,
        waba_id: None,
        isv_code: world.switches.isv_code.clone(),
        number: world.cloud.spaces_made,
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
fn asked_space(world: &World, task: &Task<'_>) -> Result<Option<String>, Refusal> {
    let account = account(task)?;
    let switches = &world.switches;
    let not_ours = |answer: &SpaceAnswer| match answer {
        SpaceAnswer::NothingBound => Ok(None),
        SpaceAnswer::Error(code) => Err(refused(code)),
    };
    let asked = task.received.parameter("CustSpaceId");
    let space = match asked.filter(|id| !id.is_empty()) {
        Some(id) => match world.cloud.spaces.get(id) {
            None => return not_ours(&switches.unknown_space),
            Some(space) if space.account != account => return not_ours(&switches.foreign_space),
            Some(space) => space,
        },
        None => match &switches.query_without_space {
            QueryWithoutSpace::Error(code) => return Err(refused(code)),
            QueryWithoutSpace::FirstSpace => {
                let Some(space) = world.cloud.spaces_of(account).into_iter().next() else {
                    return Ok(None);
                };
                space
            }
        },
    };
    if space.isv_code.is_some() && space.isv_code.as_deref() != task.received.parameter("IsvCode") {
        return Err(refused(&switches.isv_code_error));
    }
    Ok(Some(space.cust_space_id.clone()))
}

/// What a query sees bound; counts the query against the lag.
fn see_binding(world: &mut World, cust_space_id: &str, now: Now) -> Option<String> {
    let switches = world.switches.clone();
    let space = world.cloud.spaces.get_mut(cust_space_id)?;
    let seen = visible_binding(&switches, space, now).map(str::to_owned);
    space.blind_queries = space.blind_queries.saturating_sub(1);
    seen
}

fn visible_binding<'a>(switches: &Switches, space: &'a Space, now: Now) -> Option<&'a str> {
    let too_early = space
        .bound_at_ms
        .is_some_and(|bound| now.since_start_ms < bound.saturating_add(switches.lag_ms));
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

fn waba_data(cloud: &Cloud, switches: &Switches, waba_id: &str) -> Value {
    let waba = cloud.waba(waba_id, &switches.account_review_status);
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
    if switches.unknown_keys {
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
