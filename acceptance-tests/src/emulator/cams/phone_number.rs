//! Phone numbers of the WABA that is bound to a space.

use serde_json::{Value, json};

use super::super::gateway::Task;
use super::super::response::{Refusal, envelope};
use super::super::state::State;
use super::space::asked_space;
use super::waba::see_binding;

/// `QueryChatappPhoneNumbers`: the numbers of the WABA that is bound to a space.
pub(super) fn list(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let bound = match asked_space(state, task)? {
        Some(id) => see_binding(state, &id, task.now),
        None => None,
    };
    let behavior = &state.behavior;
    let status = task.received.parameter("Status");
    let numbers: Vec<Value> = bound
        .map(|id| {
            state
                .entities
                .waba(&id, &behavior.waba.account_review_status)
        })
        .map(|waba| waba.phone_numbers)
        .unwrap_or_default()
        .into_iter()
        .filter(|number| status.is_none_or(|wanted| number["Status"] == wanted))
        .collect();
    // The real answer has a text `Data` without meaning beside the list.
    let fields = json!({"PhoneNumbers": numbers, "Data": ""});
    Ok(envelope(task.request_id, behavior, fields))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{WABA, bound, call, emulator};

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
}
