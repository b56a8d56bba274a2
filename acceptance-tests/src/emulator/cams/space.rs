//! Spaces: what the console calls channels, and which space a request means.

use serde::{Deserialize, Serialize};
use time::macros::format_description;

use super::super::entities::Entities;
use super::super::gateway::Task;
use super::super::response::Refusal;
use super::super::state::{Now, State};
use super::instance::InstanceDetails;
use super::{account, refused};

/// A space: what the console calls a channel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Space {
    /// The space ID, which is the ID of the binding.
    pub cust_space_id: String,
    /// Account that owns the space.
    pub account: String,
    /// Instance ID as `ListInstance` shows it.
    pub instance_id: String,
    /// Name as `ListInstance` shows it.
    pub instance_name: String,
    /// `whatsapp` or another channel.
    pub channel_type: String,
    /// `published` and the like.
    pub state: String,
    /// `YYYY-MM-DD hh:mm:ss`.
    pub submit_time: String,
    /// Made by a bind and not at the console.
    pub made_by_bind: bool,
    /// The WABA that is bound to it.
    pub waba_id: Option<String>,
    /// What else its instance has.
    pub details: InstanceDetails,
    /// Demanded `IsvCode`; never shown.
    #[serde(skip)]
    pub(in crate::emulator) isv_code: Option<String>,
    /// Order of creation.
    #[serde(skip)]
    pub(in crate::emulator) number: u64,
    /// When a call has bound it, in milliseconds since the start; absent if it was not a call.
    #[serde(skip)]
    pub(in crate::emulator) bound_at_ms: Option<u64>,
    /// Queries that have not yet seen the bind.
    #[serde(skip)]
    pub(in crate::emulator) blind_queries: u32,
}

impl Entities {
    /// Spaces of one account in the order of their creation.
    pub(in crate::emulator) fn spaces_of(&self, account: &str) -> Vec<&Space> {
        let mut spaces: Vec<&Space> = self
            .spaces
            .values()
            .filter(|space| space.account == account)
            .collect();
        spaces.sort_by_key(|space| space.number);
        spaces
    }

    /// Spaces that a WABA is bound to, oldest first.
    pub(in crate::emulator) fn spaces_bound_to(&self, waba_id: &str) -> Vec<&Space> {
        let mut spaces: Vec<&Space> = self
            .spaces
            .values()
            .filter(|space| space.waba_id.as_deref() == Some(waba_id))
            .collect();
        spaces.sort_by_key(|space| space.number);
        spaces
    }

    /// Sets or clears what is bound to a space, seen at once by everybody.
    pub(in crate::emulator) fn set_binding(
        &mut self,
        cust_space_id: &str,
        waba_id: Option<&str>,
    ) -> Result<(), String> {
        let space = self.spaces.get_mut(cust_space_id).ok_or_else(|| {
            format!("there is no space \"{cust_space_id}\"; look for it in the state")
        })?;
        space.waba_id = waba_id.map(str::to_owned);
        space.blind_queries = 0;
        space.bound_at_ms = None;
        Ok(())
    }
}

/// What a request gets that names a space, and what new spaces are like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpaceBehavior {
    /// Asking for a space that does not exist. Undocumented.
    pub unknown_space: SpaceResponse,
    /// Asking for a space of another account. Undocumented.
    pub foreign_space: SpaceResponse,
    /// Asking without a `CustSpaceId`, which the interface allows. Undocumented.
    pub query_without_space: QueryWithoutSpace,
    /// The form of a new `CustSpaceId`.
    pub space_id_style: SpaceIdStyle,
    /// New spaces demand this `IsvCode` of everybody who asks for them; `null` demands none.
    pub isv_code: Option<String>,
    /// Error code for a missing or wrong `IsvCode`. Undocumented.
    pub isv_code_error: String,
}

impl Default for SpaceBehavior {
    fn default() -> Self {
        let not_owned = || "Unknown.ResourceOwnerId".to_owned();
        SpaceBehavior {
            unknown_space: SpaceResponse::Error(not_owned()),
            foreign_space: SpaceResponse::Error(not_owned()),
            query_without_space: QueryWithoutSpace::FirstSpace,
            space_id_style: SpaceIdStyle::Cams,
            isv_code: None,
            isv_code_error: "Authentication.NoAuth".to_owned(),
        }
    }
}

/// The response to a query of a space that is not the caller's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpaceResponse {
    /// What `nothing_bound` says.
    NothingBound,
    /// This error code.
    Error(String),
}

/// The response to a query without a `CustSpaceId`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueryWithoutSpace {
    /// About the caller's first space.
    FirstSpace,
    /// This error code.
    Error(String),
}

/// The form of a `CustSpaceId`; both are seen in documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpaceIdStyle {
    /// `cams-` and eleven lower-case letters or digits.
    Cams,
    /// `C` and sixteen digits, a sub-customer of an ISV.
    Isv,
}

/// A space that nobody has registered yet, with no WABA, not yet in the state.
pub(in crate::emulator) fn new_space(state: &mut State, account: &str, now: Now) -> Space {
    let cust_space_id = loop {
        let id = match state.behavior.space.space_id_style {
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
    let instance_id = if state.behavior.instance.instance_id_equals_space {
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
        details: InstanceDetails::default(),
        isv_code: state.behavior.space.isv_code.clone(),
        number: state.entities.spaces_made,
        bound_at_ms: None,
        blind_queries: 0,
    }
}

/// The space that a query is about; `None` where the response says that nothing is bound.
pub(super) fn asked_space(state: &State, task: &Task<'_>) -> Result<Option<String>, Refusal> {
    let account = account(task)?;
    let behavior = &state.behavior;
    let not_ours = |response: &SpaceResponse| match response {
        SpaceResponse::NothingBound => Ok(None),
        SpaceResponse::Error(code) => Err(refused(code)),
    };
    let asked = task.received.parameter("CustSpaceId");
    let space = match asked.filter(|id| !id.is_empty()) {
        Some(id) => match state.entities.spaces.get(id) {
            None => return not_ours(&behavior.space.unknown_space),
            Some(space) if space.account != account => {
                return not_ours(&behavior.space.foreign_space);
            }
            Some(space) => space,
        },
        None => match &behavior.space.query_without_space {
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
        return Err(refused(&behavior.space.isv_code_error));
    }
    Ok(Some(space.cust_space_id.clone()))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::testing::{WABA, bound, call, call_as_other, check, emulator, error, query};
    use super::*;

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
            behavior.space.unknown_space = SpaceResponse::NothingBound;
            behavior.space.foreign_space = SpaceResponse::Error(error("X.Foreign"));
            behavior.space.query_without_space =
                QueryWithoutSpace::Error(error("MissingCustSpaceId"));
        });
        assert_eq!(query(&emulator, "cams-unknown").json()["Data"], Value::Null);
        check(&foreign(), 200, "X.Foreign");
        check(&unnamed(), 400, "MissingCustSpaceId");
    }

    #[test]
    fn a_space_may_demand_an_isv_code() {
        let emulator = emulator(|behavior| behavior.space.isv_code = Some("secret".to_owned()));
        let space = bound(&emulator, WABA);
        let with = |code: &str| {
            let parameters = [("CustSpaceId", space.as_str()), ("IsvCode", code)];
            call(&emulator, "QueryChatappBindWaba", &parameters)
        };
        check(&query(&emulator, &space), 200, "Authentication.NoAuth");
        check(&with("wrong"), 200, "Authentication.NoAuth");
        check(&with("secret"), 200, "OK");
        emulator.set_behavior(|behavior| behavior.space.isv_code_error = error("X.Code"));
        check(&with("wrong"), 200, "X.Code");
        let log = format!("{:?}", emulator.calls());
        assert!(!log.contains("secret"), "{log}");
    }
}
