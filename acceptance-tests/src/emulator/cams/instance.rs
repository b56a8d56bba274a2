//! Instances: the list of the caller's spaces, page by page.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::gateway::{Task, invalid};
use super::super::response::{Refusal, envelope};
use super::super::state::State;
use super::account;
use super::space::Space;
use super::waba::visible_binding;

/// What `ListInstance` shows, and what it makes of its filters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceBehavior {
    /// Whether the `InstanceId` of a new space is its `CustSpaceId`. Undocumented.
    pub instance_id_equals_space: bool,
    /// Whether `ListInstance` shows spaces that a bind has made. Undocumented.
    pub list_shows_bound_spaces: bool,
    /// What `ListInstance` makes of `BindId`, taken as a WABA ID. Undocumented.
    pub list_bind_id_filter: Filter,
    /// What `ListInstance` makes of `IsBind`. Undocumented.
    pub list_is_bind_filter: Filter,
    /// What `ListInstance` makes of `FilterStr`; honoured, it is a part of the ID or the name. Undocumented.
    pub list_filter_str: Filter,
    /// Rows of a `ListInstance` page if none is asked for. Undocumented.
    pub list_default_page_size: u32,
    /// Most rows of a `ListInstance` page; a larger wish is cut to this. Undocumented.
    pub list_maximum_page_size: u32,
}

impl Default for InstanceBehavior {
    fn default() -> Self {
        InstanceBehavior {
            instance_id_equals_space: true,
            list_shows_bound_spaces: true,
            list_bind_id_filter: Filter::Applied,
            list_is_bind_filter: Filter::Applied,
            list_filter_str: Filter::Applied,
            list_default_page_size: 10,
            list_maximum_page_size: 100,
        }
    }
}

/// Whether a filter of a list does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// It does.
    Applied,
    /// It is accepted and does nothing.
    Ignored,
}

/// `ListInstance`: one page of the caller's spaces, oldest first.
pub(super) fn list(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
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
    let size = number("PageSize", behavior.instance.list_default_page_size)?;
    let size = size.min(behavior.instance.list_maximum_page_size).max(1) as usize;
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
        .filter(|space| behavior.instance.list_shows_bound_spaces || !space.made_by_bind)
        .filter(|space| {
            parameter("ChannelType")
                .is_none_or(|wanted| wanted.eq_ignore_ascii_case(&space.channel_type))
                && same("InstanceId", &space.instance_id)
                && same("InstanceName", &space.instance_name)
        })
        .filter(|space| {
            let waba_id = visible_binding(behavior, space, task.now);
            let by_id = behavior.instance.list_bind_id_filter == Filter::Ignored
                || parameter("BindId").is_none_or(|wanted| waba_id == Some(wanted));
            let by_state = behavior.instance.list_is_bind_filter == Filter::Ignored
                || is_bound.is_none_or(|wanted| wanted == waba_id.is_some());
            by_id && by_state
        })
        .filter(|space| {
            behavior.instance.list_filter_str == Filter::Ignored
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
    use super::super::super::NewSpace;
    use super::super::testing::{bound, call, call_as_other, check, emulator};
    use super::*;

    #[test]
    fn spaces_are_listed_in_pages_and_filtered() {
        let emulator = emulator(|behavior| {
            behavior.instance.instance_id_equals_space = false;
            behavior.instance.list_maximum_page_size = 4;
            behavior.instance.list_default_page_size = 3;
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
            behavior.instance.list_bind_id_filter = Filter::Ignored;
            behavior.instance.list_is_bind_filter = Filter::Ignored;
            behavior.instance.list_filter_str = Filter::Ignored;
        });
        for filter in [("BindId", "103"), ("IsBind", "false"), ("FilterStr", "x")] {
            assert_eq!(list(&[filter]).0, 6, "{filter:?}");
        }
        emulator.set_behavior(|behavior| behavior.instance.list_shows_bound_spaces = false);
        assert_eq!(list(&[]).0, 1);
        let other = call_as_other(&emulator, "ListInstance", &[]).json();
        assert_eq!(other["TotalCount"], 0);
    }
}
