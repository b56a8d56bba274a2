//! The service itself: whether an account has activated it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::gateway::Task;
use super::super::response::Refusal;
use super::super::state::State;
use super::account;

/// What the service says about its own state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceBehavior {
    /// What `GetChatappOpenStatus` says to an account without the service.
    pub open_status_unsubscribed: OpenStatusUnsubscribed,
}

impl Default for ServiceBehavior {
    fn default() -> Self {
        ServiceBehavior {
            open_status_unsubscribed: OpenStatusUnsubscribed::StatusFalse,
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
    let account = state.entities.accounts.get(account);
    let subscribed = account.is_some_and(|account| account.subscribed);
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
}
