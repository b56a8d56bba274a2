//! The service itself: whether an account has activated it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::gateway::Task;
use super::super::response::{Refusal, envelope};
use super::super::state::State;
use super::account;

/// What the service says about its own state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceBehavior {
    /// What `GetChatappOpenStatus` says to an account without the service.
    pub open_status_unsubscribed: OpenStatusUnsubscribed,
    /// After an activation, this many queries still say that the service is not active.
    pub open_lag_queries: u32,
    /// What `GetCustomerSite` says to an account with the service. The spelling of the other site is undocumented.
    pub customer_site: String,
}

impl Default for ServiceBehavior {
    fn default() -> Self {
        ServiceBehavior {
            open_status_unsubscribed: OpenStatusUnsubscribed::StatusFalse,
            open_lag_queries: 0,
            customer_site: "international".to_owned(),
        }
    }
}

/// What `GetChatappOpenStatus` says to an account without the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenStatusUnsubscribed {
    /// `Code: OK` and `"OpenStatus": false`.
    StatusFalse,
    /// The error `Product.Unsubscript`.
    Error,
}

/// `GetChatappOpenStatus`: whether the account has activated the service.
pub(super) fn open_status(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let account = account(task)?;
    let account = state.entities.accounts.get_mut(account);
    let subscribed = account.is_some_and(|account| {
        let seen = account.subscribed && account.blind_queries == 0;
        account.blind_queries = account.blind_queries.saturating_sub(1);
        seen
    });
    if !subscribed
        && state.behavior.service.open_status_unsubscribed == OpenStatusUnsubscribed::Error
    {
        return Err(Refusal::product("Product.Unsubscript"));
    }
    // Neither `Success` nor `AccessDeniedDetail` is documented for this one.
    Ok(json!({
        "RequestId": task.request_id,
        "Code": state.behavior.response.ok_code,
        "Message": "success",
        "OpenStatus": subscribed,
    }))
}

/// `OpenChatappService`: activates the service for the account. Once is enough; again does nothing.
pub(super) fn open(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let lag = state.behavior.service.open_lag_queries;
    let account = account(task)?;
    if let Some(account) = state.entities.accounts.get_mut(account)
        && !account.subscribed
    {
        account.subscribed = true;
        account.blind_queries = lag;
    }
    Ok(json!({
        "RequestId": task.request_id,
        "Code": state.behavior.response.ok_code,
        "Message": "success",
        "OpenStatus": true,
    }))
}

/// `GetCustomerSite`: the site of the account. No `Success` is documented for this one.
pub(super) fn site(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let mut body = envelope(
        task.request_id,
        &state.behavior,
        json!({"Data": state.behavior.service.customer_site}),
    );
    if let Some(body) = body.as_object_mut() {
        body.remove("Success");
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::super::super::Account;
    use super::super::super::test_client::Draft;
    use super::super::testing::{check, emulator};
    use super::*;

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
        emulator.set_behavior(|behavior| behavior.service.open_status_unsubscribed = error);
        check(&status("closed", "s"), 400, "Product.Unsubscript");
    }

    #[test]
    fn the_service_is_opened_once_and_seen_after_its_lag() {
        let emulator = emulator(|behavior| {
            behavior.service.open_lag_queries = 1;
            behavior.service.customer_site = "cn".to_owned();
        });
        let mut closed = Account::new("3").with_key("closed", "s");
        closed.subscribed = false;
        emulator.put_account(closed).expect("a sound account");
        let call = |action: &str| {
            let draft = Draft::new(&emulator, action, &[]);
            draft.with_key("closed", "s", None).send()
        };
        check(&call("GetCustomerSite"), 400, "Product.Unsubscript");
        check(&call("OpenChatappService"), 200, "OK");
        assert_eq!(call("GetChatappOpenStatus").json()["OpenStatus"], false);
        check(&call("OpenChatappService"), 200, "OK");
        assert_eq!(call("GetChatappOpenStatus").json()["OpenStatus"], true);
        let site = call("GetCustomerSite").json();
        assert_eq!((&site["Data"], site.get("Success")), (&json!("cn"), None));
    }
}
