//! Conversational components of phone numbers.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::gateway::{Task, invalid};
use super::super::response::{Refusal, envelope};
use super::super::state::State;
use super::number_setting::asked_number;
use super::refused;

/// The conversational components of a number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the service")]
pub struct ConversationalAutomation {
    pub prompts: Vec<String>,
    /// Names and descriptions.
    pub commands: Vec<(String, String)>,
    pub enable_welcome_message: bool,
}

/// What no page says of conversational components.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutomationBehavior {
    /// What a write does with an empty list.
    pub empty_list: EmptyList,
    /// Whether commands come back sorted by name.
    pub reorders: bool,
    /// Whether the welcome message stays off after every write.
    pub welcome_ignored: bool,
    /// Whether a read shows `EnableWelcomeMessage`.
    pub welcome_shown: bool,
}

impl Default for AutomationBehavior {
    fn default() -> Self {
        AutomationBehavior {
            empty_list: EmptyList::Clear,
            reorders: false,
            welcome_ignored: false,
            welcome_shown: true,
        }
    }
}

/// What a write does with an empty list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmptyList {
    /// It clears.
    Clear,
    /// It changes nothing.
    Keep,
    /// This error code.
    Error(String),
}

/// A command as it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Command {
    command_name: String,
    command_description: String,
}

/// `UpdateConversationalAutomation`.
pub(super) fn update(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let key = asked_number(state, task)?;
    let behavior = state.behavior.clone();
    let switches = &behavior.automation;
    let sent = |name: &str| task.received.parameter(name);
    let prompts: Option<Vec<String>> = sent("Prompts")
        .map(|text| serde_json::from_str(text).map_err(|_| invalid("Prompts")))
        .transpose()?;
    let commands: Option<Vec<Command>> = sent("Commands")
        .map(|text| serde_json::from_str(text).map_err(|_| invalid("Commands")))
        .transpose()?;
    let welcome = match sent("EnableWelcomeMessage") {
        None => None,
        Some("true" | "True") => Some(true),
        Some("false" | "False") => Some(false),
        Some(_) => return Err(invalid("EnableWelcomeMessage")),
    };
    let has_empty =
        prompts.as_ref().is_some_and(Vec::is_empty) || commands.as_ref().is_some_and(Vec::is_empty);
    if let (true, EmptyList::Error(code)) = (has_empty, &switches.empty_list) {
        return Err(refused(code));
    }
    let keeps_empty = switches.empty_list == EmptyList::Keep;
    let stored = state.entities.automations.entry(key).or_default();
    stored.write(&behavior.number_setting, |stored| {
        if let Some(prompts) = prompts.filter(|list| !(list.is_empty() && keeps_empty)) {
            stored.prompts = prompts;
        }
        if let Some(commands) = commands.filter(|list| !(list.is_empty() && keeps_empty)) {
            let pair = |command: Command| (command.command_name, command.command_description);
            stored.commands = commands.into_iter().map(pair).collect();
        }
        if let Some(welcome) = welcome.filter(|_| !switches.welcome_ignored) {
            stored.enable_welcome_message = welcome;
        }
    });
    Ok(envelope(task.request_id, &behavior, json!({})))
}

/// `GetConversationalAutomation`.
pub(super) fn get(state: &mut State, task: &Task<'_>) -> Result<Value, Refusal> {
    let key = asked_number(state, task)?;
    let number = key.1.clone();
    let mut shown = state.entities.automations.entry(key).or_default().read();
    let switches = &state.behavior.automation;
    if switches.reorders {
        shown.commands.sort();
    }
    let commands: Vec<Value> = shown
        .commands
        .iter()
        .map(|(name, text)| json!({"CommandName": name, "CommandDescription": text}))
        .collect();
    let mut data = json!({
        "PhoneNumber": number,
        "Prompts": shown.prompts,
        "Commands": commands,
    });
    if switches.welcome_shown {
        data["EnableWelcomeMessage"] = json!(shown.enable_welcome_message);
    }
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
    fn components_follow_their_switches() {
        let emulator = emulator(|_| {});
        let space = bound(&emulator, WABA);
        let number = [
            ("CustSpaceId", space.as_str()),
            ("PhoneNumber", "6580002345"),
        ];
        let update = |fields: &[(&str, &str)]| {
            let parameters = [number.as_slice(), fields].concat();
            call(&emulator, "UpdateConversationalAutomation", &parameters).code()
        };
        let shown = || {
            let response = call(&emulator, "GetConversationalAutomation", &number);
            check(&response, 200, "OK");
            response.json()["Data"].take()
        };
        let commands = r#"[{"CommandName": "b", "CommandDescription": "B"}, {"CommandName": "a", "CommandDescription": "A"}]"#;
        let all = [
            ("Prompts", r#"["Hi"]"#),
            ("Commands", commands),
            ("EnableWelcomeMessage", "true"),
        ];
        assert_eq!(update(&all), "OK");
        let expected: Value = serde_json::from_str(commands).expect("JSON");
        assert_eq!(shown()["Commands"], expected);
        assert_eq!(shown()["EnableWelcomeMessage"], true);
        assert_eq!(update(&[("Commands", "a")]), "InvalidCommands");

        emulator.set_behavior(|behavior| {
            behavior.automation.empty_list = EmptyList::Keep;
            behavior.automation.reorders = true;
            behavior.automation.welcome_ignored = true;
            behavior.automation.welcome_shown = false;
        });
        let nothing = [("Prompts", "[]"), ("EnableWelcomeMessage", "false")];
        assert_eq!(update(&nothing), "OK");
        assert_eq!(shown()["Prompts"], json!(["Hi"]));
        assert_eq!(shown()["Commands"][0]["CommandName"], "a");
        assert_eq!(shown().get("EnableWelcomeMessage"), None);
        let error = EmptyList::Error("X.Empty".to_owned());
        emulator.set_behavior(|behavior| behavior.automation.empty_list = error);
        assert_eq!(update(&[("Prompts", "[]")]), "X.Empty");
        emulator.set_behavior(|behavior| behavior.automation = AutomationBehavior::default());
        assert_eq!(update(&[("Prompts", "[]")]), "OK");
        assert_eq!(shown()["Prompts"], json!([]));
        assert_eq!(shown()["EnableWelcomeMessage"], true);
    }
}
