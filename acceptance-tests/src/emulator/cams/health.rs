//! The health of a WABA, a phone number or a template, as Meta would report it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::gateway::{Task, invalid, missing};
use super::super::response::{Refusal, envelope};
use super::super::state::State;
use super::refused;
use super::space::asked_space;
use super::waba::see_binding;

/// What Meta says beside the truth.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthBehavior {
    /// Error code that Meta's own limit brings; `null` is within the limit. Undocumented.
    pub limit_code: Option<String>,
}

/// `GetWhatsappHealthStatus`: derived from the review of the WABA and the states of its numbers.
pub(super) fn status(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let behavior = state.behavior.clone();
    if let Some(code) = &behavior.health.limit_code {
        return Err(refused(code));
    }
    let bound = match asked_space(state, task)? {
        Some(id) => see_binding(state, &id, task.now),
        None => None,
    };
    let Some(waba_id) = bound else {
        return Err(refused(&behavior.waba.unknown_waba_code));
    };
    let waba = state
        .entities
        .waba(&waba_id, &behavior.waba.account_review_status);
    let given = |name: &str| {
        let text = task
            .received
            .parameter(name)
            .filter(|text| !text.is_empty());
        text.ok_or_else(|| missing(name))
    };
    let mut entities = vec![entity(
        "WABA",
        waba.account_review_status.as_deref() == Some("APPROVED"),
        ("WabaId", &waba_id),
        ("141014", "The WABA has not been approved."),
    )];
    match given("NodeType")? {
        "waba" if given("WabaId")? != waba_id => {
            return Err(refused(&behavior.waba.unknown_waba_code));
        }
        "waba" => {}
        "phone" => {
            let wanted = given("PhoneNumber")?;
            let number = state.entities.phone_number(&waba_id, wanted);
            let Some(number) = number else {
                return Err(refused("InvalidParameter.PhoneNumberError"));
            };
            entities.push(entity(
                "PHONE_NUMBER",
                number.status == "CONNECTED",
                ("PhoneNumber", wanted),
                ("141006", "The phone number is not connected."),
            ));
        }
        "template" => {
            let code = given("TemplateCode")?;
            given("Language")?;
            entities.push(entity(
                "MESSAGE_TEMPLATE",
                true,
                ("TemplateCode", code),
                ("", ""),
            ));
        }
        _ => return Err(invalid("NodeType")),
    }
    let available = entities
        .iter()
        .all(|it| it["CanSendMessage"] == "AVAILABLE");
    let data = json!({
        "CanSendMessage": if available { "AVAILABLE" } else { "BLOCKED" },
        "Entities": entities,
    });
    Ok(envelope(task.request_id, &behavior, json!({"Data": data})))
}

fn entity(kind: &str, available: bool, id: (&str, &str), error: (&str, &str)) -> Value {
    let mut entity = json!({
        "EntityType": kind,
        "CanSendMessage": if available { "AVAILABLE" } else { "BLOCKED" },
    });
    entity[id.0] = json!(id.1);
    if !available {
        entity["Errors"] = json!([{
            "ErrorCode": error.0,
            "ErrorDescription": error.1,
            "PossibleSolution": "See the documentation of Meta.",
        }]);
    }
    entity
}

#[cfg(test)]
mod tests {
    use super::super::super::{PhoneNumber, Waba};
    use super::super::testing::{WABA, bound, call, check, emulator};

    #[test]
    fn health_follows_review_and_status() {
        let emulator = emulator(|_| {});
        let space = bound(&emulator, WABA);
        let health = |more: &[(&str, &str)]| {
            let mut parameters = vec![("CustSpaceId", space.as_str())];
            parameters.extend(more);
            call(&emulator, "GetWhatsappHealthStatus", &parameters)
        };
        let of_waba = || health(&[("NodeType", "waba"), ("WabaId", WABA)]);
        assert_eq!(of_waba().json()["Data"]["CanSendMessage"], "AVAILABLE");
        check(&health(&[("NodeType", "waba")]), 400, "MissingWabaId");
        check(&health(&[("NodeType", "car")]), 400, "InvalidNodeType");
        let number = "6580000001".to_owned();
        emulator.put_phone_number(WABA, PhoneNumber::signed_up(&number));
        let of_phone = health(&[("NodeType", "phone"), ("PhoneNumber", &number)]).json();
        assert_eq!(
            of_phone["Data"]["Entities"][1]["EntityType"],
            "PHONE_NUMBER"
        );
        let other = health(&[("NodeType", "phone"), ("PhoneNumber", "1")]);
        check(&other, 200, "InvalidParameter.PhoneNumberError");
        let template = [
            ("NodeType", "template"),
            ("TemplateCode", "c"),
            ("Language", "en"),
        ];
        check(&health(&template), 200, "OK");
        emulator.put_waba(Waba::derived(WABA, "REJECTED"));
        let data = of_waba().json()["Data"].take();
        assert_eq!(data["CanSendMessage"], "BLOCKED");
        assert_eq!(data["Entities"][0]["Errors"][0]["ErrorCode"], "141014");
        emulator.set_behavior(|behavior| behavior.health.limit_code = Some("X.Meta".to_owned()));
        check(&of_waba(), 200, "X.Meta");
    }
}
