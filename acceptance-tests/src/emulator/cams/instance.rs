//! Instances: making, reading, changing, moving and deleting them, and the list of the caller's spaces, page by page.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::gateway::{Task, invalid};
use super::super::response::{Refusal, envelope};
use super::super::state::State;
use super::space::{Space, new_space};
use super::waba::visible_binding;
use super::{account, refused};

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
    /// What a request gets that names an instance which is not the caller's. Undocumented.
    pub instance_not_found: InstanceNotFound,
    /// What `DeleteInstance` does to an instance with a WABA. Undocumented.
    pub delete_instance_bound: DeleteBound,
    /// The `ResourceType` that `ChangeResourceGroup` demands; `null` demands none. Undocumented.
    pub change_group_type: Option<String>,
    /// What an update makes of a parameter that is left out. Undocumented.
    pub update_omitted: Omitted,
    /// This many reads after an update still show the old values.
    pub update_lag_reads: u32,
}

/// What a request gets that names an instance which does not exist or is not the caller's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstanceNotFound {
    /// `QueryInstance`: `Code: OK` and `"Data": null`; other operations: `OK`.
    DataNull,
    /// This error code.
    Error(String),
}

/// What deleting an instance with a WABA does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeleteBound {
    /// Instance, space and binding are gone.
    Unbind,
    /// This error code; nothing changes.
    Refuse(String),
}

/// What becomes of a setting whose parameter is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Omitted {
    /// It stays.
    Keep,
    /// It becomes empty.
    Clear,
}

/// What an instance has beside its name, its channel and its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "the names are those of the service's parameters"
)]
pub struct InstanceDetails {
    pub instance_description: String,
    pub contact_mail: String,
    pub country_id: String,
    pub office_address: String,
    pub facebook_bm_id: String,
    pub isv_terms: String,
    pub resource_group_id: String,
    /// What reads show until the lag is over, and how many of them do.
    #[serde(skip)]
    pub(in crate::emulator) before: Option<(u32, String, Box<InstanceDetails>)>,
}

impl Default for InstanceDetails {
    fn default() -> Self {
        InstanceDetails {
            instance_description: String::new(),
            contact_mail: String::new(),
            country_id: String::new(),
            office_address: String::new(),
            facebook_bm_id: String::new(),
            isv_terms: String::new(),
            resource_group_id: "rg-emulated".to_owned(),
            before: None,
        }
    }
}

impl InstanceDetails {
    /// The parameters that a create and an update have in common.
    fn settings(&mut self) -> [(&'static str, &mut String); 6] {
        [
            ("InstanceDescription", &mut self.instance_description),
            ("ContactMail", &mut self.contact_mail),
            ("CountryId", &mut self.country_id),
            ("OfficeAddress", &mut self.office_address),
            ("FacebookBmId", &mut self.facebook_bm_id),
            ("IsvTerms", &mut self.isv_terms),
        ]
    }

    fn set(&mut self, task: &Task<'_>, omitted: Omitted) {
        for (name, value) in self.settings() {
            match (task.received.parameter(name), omitted) {
                (Some(text), _) => text.clone_into(value),
                (None, Omitted::Clear) => value.clear(),
                (None, Omitted::Keep) => {}
            }
        }
    }
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
            instance_not_found: InstanceNotFound::Error("Unknown.ResourceOwnerId".to_owned()),
            delete_instance_bound: DeleteBound::Unbind,
            change_group_type: None,
            update_omitted: Omitted::Keep,
            update_lag_reads: 0,
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
                && same("ResourceGroupId", &space.details.resource_group_id)
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
        .map(|space| Value::Object(instance_row(space)))
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

/// `CreateInstance`: a further instance of the caller. Every name is allowed.
pub(super) fn create(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let account = account(task)?;
    let parameter = |name: &str| task.received.parameter(name).unwrap_or_default();
    const CHANNELS: [&str; 4] = ["whatsapp", "messenger", "instagram", "viber"];
    let channel_type = parameter("ChannelType");
    if !CHANNELS.contains(&&*channel_type.to_ascii_lowercase()) {
        return Err(refused("InvalidParameter.ChannelTypeNotSupport"));
    }
    let mut space = new_space(state, account, task.now);
    space.channel_type = channel_type.to_owned();
    parameter("InstanceName").clone_into(&mut space.instance_name);
    space.details.set(task, Omitted::Clear);
    if let Some(group) = task.received.parameter("ResourceGroupId") {
        group.clone_into(&mut space.details.resource_group_id);
    }
    let data = json!({
        "InstanceId": space.instance_id,
        "InstanceName": name_on_the_wire(&space.instance_name),
        "InstanceDescription": space.details.instance_description,
        "ChannelType": space.channel_type,
        "ResourceRegionId": "ap-southeast-1",
        "SubmitTime": space.submit_time,
    });
    let id = space.cust_space_id.clone();
    state.entities.spaces.insert(id, space);
    let fields = json!({"Data": data});
    Ok(envelope(task.request_id, &state.behavior, fields))
}

/// `QueryInstance`: all of an instance but its space and its state.
pub(super) fn query(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let behavior = state.behavior.clone();
    let data = match own_space(state, task)? {
        None => Value::Null,
        Some(space) => {
            let mut row = instance_row(space);
            row.remove("CustSpaceId");
            row.remove("State");
            row.insert("CustType".to_owned(), json!("01"));
            row.insert(
                "InstanceName".to_owned(),
                name_on_the_wire(&seen_name(space)),
            );
            if let Some((reads, _, _)) = &mut space.details.before {
                *reads -= 1;
                if *reads == 0 {
                    space.details.before = None;
                }
            }
            Value::Object(row)
        }
    };
    Ok(envelope(task.request_id, &behavior, json!({"Data": data})))
}

/// `UpdateInstance`: other settings of an instance.
pub(super) fn update(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let behavior = state.behavior.clone();
    let (omitted, lag) = (
        behavior.instance.update_omitted,
        behavior.instance.update_lag_reads,
    );
    let mut data = json!({});
    if let Some(space) = own_space(state, task)? {
        let before = (space.instance_name.clone(), Box::new(space.details.clone()));
        space.details.set(task, omitted);
        if let Some(name) = task.received.parameter("InstanceName") {
            name.clone_into(&mut space.instance_name);
        }
        space.details.before = (lag > 0).then_some((lag, before.0, before.1));
        data = json!({
            "InstanceId": space.instance_id,
            "InstanceName": space.instance_name,
            "InstanceDescription": space.details.instance_description,
            "Description": space.details.instance_description,
            "ChannelType": space.channel_type,
            "ResourceRegionId": "ap-southeast-1",
            "SubmitTime": space.submit_time,
        });
    }
    Ok(envelope(task.request_id, &behavior, json!({"Data": data})))
}

/// `DeleteInstance`: removes an instance, and what it holds.
pub(super) fn delete(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let behavior = state.behavior.clone();
    if let Some(space) = own_space(state, task)? {
        let id = space.cust_space_id.clone();
        if let (Some(_), DeleteBound::Refuse(code)) =
            (&space.waba_id, &behavior.instance.delete_instance_bound)
        {
            return Err(refused(code));
        }
        state.entities.spaces.remove(&id);
    }
    Ok(envelope(task.request_id, &behavior, json!({})))
}

/// `ChangeResourceGroup`: moves an instance. Its response has `RequestId` alone.
pub(super) fn change_group(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    if let Some(demanded) = &state.behavior.instance.change_group_type
        && task.received.parameter("ResourceType") != Some(demanded)
    {
        return Err(invalid("ResourceType"));
    }
    let group = task
        .received
        .parameter("ResourceGroupId")
        .unwrap_or_default();
    let group = group.to_owned();
    if let Some(space) = named(state, task, "ResourceId")? {
        space.details.resource_group_id = group;
    }
    Ok(json!({"RequestId": task.request_id}))
}

/// The caller's instance that a request names.
fn own_space<'a>(state: &'a mut State, task: &Task<'_>) -> Result<Option<&'a mut Space>, Refusal> {
    named(state, task, "InstanceId")
}

fn named<'a>(
    state: &'a mut State,
    task: &Task<'_>,
    parameter: &str,
) -> Result<Option<&'a mut Space>, Refusal> {
    let account = account(task)?;
    let id = task.received.parameter(parameter).unwrap_or_default();
    let mut spaces = state.entities.spaces.values_mut();
    let space = spaces.find(|space| space.instance_id == id && space.account == account);
    match (space, &state.behavior.instance.instance_not_found) {
        (None, InstanceNotFound::Error(code)) => Err(refused(code)),
        (space, _) => Ok(space),
    }
}

/// The documentation types the name as an integer in one place and as text in others.
fn name_on_the_wire(name: &str) -> Value {
    match name.parse::<u64>() {
        Ok(number) if number.to_string() == name => json!(number),
        _ => json!(name),
    }
}

fn seen_name(space: &Space) -> String {
    match &space.details.before {
        Some((_, name, _)) => name.clone(),
        None => space.instance_name.clone(),
    }
}

fn instance_row(space: &Space) -> Map<String, Value> {
    let details = match &space.details.before {
        Some((_, _, before)) => before,
        None => &space.details,
    };
    let row = json!({
        "InstanceId": space.instance_id,
        "InstanceName": seen_name(space),
        "InstanceDescription": details.instance_description,
        "ChannelType": space.channel_type,
        "CustSpaceId": space.cust_space_id,
        "State": space.state,
        "SubmitTime": space.submit_time,
        "ContactMail": details.contact_mail,
        "CountryId": details.country_id,
        "OfficeAddress": details.office_address,
        "FacebookBmId": details.facebook_bm_id,
        "IsvTerms": details.isv_terms,
        "ResourceGroupId": space.details.resource_group_id,
        "ResourceRegionId": "ap-southeast-1",
    });
    match row {
        Value::Object(row) => row,
        _ => Map::new(),
    }
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
            let response = call(&emulator, "ListInstance", parameters);
            check(&response, 200, "OK");
            let body = response.json();
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

    fn made(emulator: &super::super::super::Emulator, name: &str) -> String {
        let parameters = [
            ("ChannelType", "VIBER"),
            ("InstanceName", name),
            ("CountryId", "SG"),
        ];
        let response = call(emulator, "CreateInstance", &parameters);
        check(&response, 200, "OK");
        let id = response.json()["Data"]["InstanceId"]
            .as_str()
            .map(str::to_owned);
        id.expect("an instance")
    }

    #[test]
    fn an_instance_lives_from_create_to_delete() {
        let emulator = emulator(|behavior| behavior.instance.instance_id_equals_space = false);
        let id = made(&emulator, "42");
        let named = [("InstanceId", id.as_str())];
        let data = || call(&emulator, "QueryInstance", &named).json()["Data"].take();
        let shown = data();
        assert_eq!(shown["InstanceName"], 42);
        assert_eq!(shown["CountryId"], "SG");
        assert_eq!(shown.get("CustSpaceId"), None);
        let row = call(&emulator, "ListInstance", &named).json()["Data"][0].take();
        assert_eq!(row["InstanceName"], "42");
        assert_ne!(row["CustSpaceId"], id.as_str());

        let change = [
            ("InstanceId", id.as_str()),
            ("InstanceName", "new"),
            ("ContactMail", "a@example.com"),
        ];
        emulator.set_behavior(|behavior| behavior.instance.update_lag_reads = 1);
        check(&call(&emulator, "UpdateInstance", &change), 200, "OK");
        assert_eq!(data()["ContactMail"], "");
        let shown = data();
        assert_eq!(
            (&shown["InstanceName"], &shown["CountryId"]),
            (&json!("new"), &json!("SG"))
        );
        emulator.set_behavior(|behavior| {
            behavior.instance.update_lag_reads = 0;
            behavior.instance.update_omitted = Omitted::Clear;
        });
        check(&call(&emulator, "UpdateInstance", &change), 200, "OK");
        assert_eq!(data()["CountryId"], "");

        let group = [("ResourceId", id.as_str()), ("ResourceGroupId", "rg-2")];
        let moved = call(&emulator, "ChangeResourceGroup", &group).json();
        assert_eq!(moved.as_object().map(Map::len), Some(1));
        assert_eq!(data()["ResourceGroupId"], "rg-2");
        let demanded = Some("instance".to_owned());
        emulator.set_behavior(|behavior| behavior.instance.change_group_type = demanded);
        let moved = call(&emulator, "ChangeResourceGroup", &group);
        check(&moved, 400, "InvalidResourceType");

        check(
            &call_as_other(&emulator, "DeleteInstance", &named),
            400,
            "Unknown.ResourceOwnerId",
        );
        check(&call(&emulator, "DeleteInstance", &named), 200, "OK");
        check(
            &call(&emulator, "QueryInstance", &named),
            400,
            "Unknown.ResourceOwnerId",
        );
        emulator.set_behavior(|behavior| {
            behavior.instance.instance_not_found = InstanceNotFound::DataNull;
        });
        assert_eq!(data(), Value::Null);
        check(&call(&emulator, "DeleteInstance", &named), 200, "OK");
    }

    #[test]
    fn deleting_a_bound_instance_follows_the_switch() {
        let emulator = emulator(|behavior| {
            behavior.instance.delete_instance_bound = DeleteBound::Refuse("X.Bound".to_owned());
        });
        let space = bound(&emulator, "1");
        let named = [("InstanceId", space.as_str())];
        check(&call(&emulator, "DeleteInstance", &named), 200, "X.Bound");
        emulator.set_behavior(|behavior| {
            behavior.instance.delete_instance_bound = DeleteBound::Unbind;
        });
        check(&call(&emulator, "DeleteInstance", &named), 200, "OK");
        assert!(emulator.space(&space).is_none());
    }

    #[test]
    fn channels_are_checked_and_names_are_not_unique() {
        let emulator = emulator(|_| {});
        assert_ne!(made(&emulator, "a"), made(&emulator, "a"));
        let fax = [("ChannelType", "fax"), ("InstanceName", "a")];
        let refusal = call(&emulator, "CreateInstance", &fax);
        check(&refusal, 200, "InvalidParameter.ChannelTypeNotSupport");
    }
}
