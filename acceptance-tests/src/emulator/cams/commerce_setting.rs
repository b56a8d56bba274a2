//! Commerce settings of phone numbers.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::gateway::{Task, invalid};
use super::super::response::{Refusal, envelope};
use super::super::state::State;
use super::number_setting::asked_number;
use super::refused;

/// The commerce settings of a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the service")]
pub struct CommerceSetting {
    pub cart_enable: bool,
    pub catalog_visible: bool,
}

/// What no page says of commerce settings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommerceBehavior {
    /// Error code for a visible catalogue, as if none were connected to the WABA; `null` allows it.
    pub needs_catalog: Option<String>,
}

/// A parameter that is a truth value. The gateway takes both spellings.
fn flag(task: &Task<'_>, name: &str) -> Result<bool, Refusal> {
    match task.received.parameter(name) {
        Some("true" | "True") => Ok(true),
        Some("false" | "False") => Ok(false),
        _ => Err(invalid(name)),
    }
}

/// `UpdateCommerceSetting`.
pub(super) fn update(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let key = asked_number(state, task)?;
    let behavior = state.behavior.clone();
    let setting = CommerceSetting {
        cart_enable: flag(task, "CartEnable")?,
        catalog_visible: flag(task, "CatalogVisible")?,
    };
    if let (true, Some(code)) = (setting.catalog_visible, &behavior.commerce.needs_catalog) {
        return Err(refused(code));
    }
    let stored = state.entities.commerce_settings.entry(key).or_default();
    stored.write(&behavior.number_setting, |stored| *stored = setting);
    Ok(envelope(task.request_id, &behavior, json!({})))
}

/// `GetCommerceSetting`.
pub(super) fn get(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let key = asked_number(state, task)?;
    let setting = state
        .entities
        .commerce_settings
        .entry(key)
        .or_default()
        .read();
    let data = json!({
        "CartEnable": setting.cart_enable,
        "CatalogVisible": setting.catalog_visible,
    });
    Ok(envelope(
        task.request_id,
        &state.behavior,
        json!({ "Data": data }),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{WABA, bound, call, check, emulator};
    use super::*;

    #[test]
    fn flags_are_written_and_read() {
        let emulator = emulator(|_| {});
        let space = bound(&emulator, WABA);
        let number = [
            ("CustSpaceId", space.as_str()),
            ("PhoneNumber", "6580002345"),
        ];
        let update = |cart: &str, catalog: &str| {
            let flags = [("CartEnable", cart), ("CatalogVisible", catalog)];
            let parameters = [number.as_slice(), flags.as_slice()].concat();
            call(&emulator, "UpdateCommerceSetting", &parameters)
        };
        check(&update("True", "true"), 200, "OK");
        let shown = || call(&emulator, "GetCommerceSetting", &number).json()["Data"].take();
        assert_eq!(shown(), json!({"CartEnable": true, "CatalogVisible": true}));
        check(&update("yes", "true"), 400, "InvalidCartEnable");
        emulator.set_behavior(|behavior| {
            behavior.commerce.needs_catalog = Some("X.Catalog".to_owned());
        });
        check(&update("true", "true"), 200, "X.Catalog");
        check(&update("true", "false"), 200, "OK");
        assert_eq!(shown()["CatalogVisible"], false);
        let missing = call(&emulator, "UpdateCommerceSetting", &number);
        check(&missing, 400, "MissingCartEnable");
    }
}
