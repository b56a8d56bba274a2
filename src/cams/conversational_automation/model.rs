//! The attributes of conversational components.

use alicloud::cams::conversational_automation::{Command, GetConversationalAutomationResponse};
use framework::{
    Attribute, AttributePath, Block, Diagnostic, Diagnostics, Field, Type, Value,
    schema::{Collection, Setting, Validator},
};
use serde::{Deserialize, Serialize};

use crate::common::{phone_number, space};

/// Meta's limits.
const MAX_PROMPTS: usize = 4;
const MAX_PROMPT_LENGTH: usize = 80;
const MAX_COMMANDS: usize = 30;
const MAX_NAME_LENGTH: usize = 32;
const MAX_DESCRIPTION_LENGTH: usize = 256;

/// Conversational components, as configuration and state hold them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Model {
    pub(super) cust_space_id: Field<String>,
    pub(super) phone_number: Field<String>,
    pub(super) prompts: Field<Vec<String>>,
    pub(super) commands: Field<Vec<CommandModel>>,
    pub(super) enable_welcome_message: Field<bool>,
}

/// One command.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct CommandModel {
    pub(super) command_name: Field<String>,
    pub(super) command_description: Field<String>,
}

impl From<&CommandModel> for Command {
    fn from(model: &CommandModel) -> Self {
        let text = |field: &Field<String>| field.as_deref().unwrap_or_default().to_owned();
        Self {
            command_name: text(&model.command_name),
            command_description: text(&model.command_description),
        }
    }
}

impl Model {
    /// Writes what the service shows. Commands that are only in another order are the same.
    pub(super) fn fill(&mut self, shown: GetConversationalAutomationResponse) {
        self.prompts = shown.prompts.into();
        // Whether the service always shows it is not documented. What it does not show cannot differ.
        if shown.enable_welcome_message.is_some() || self.enable_welcome_message.is_unknown() {
            self.enable_welcome_message = shown.enable_welcome_message.into();
        }
        let known = self.commands.as_deref().unwrap_or_default();
        let mut known: Vec<Command> = known.iter().map(Command::from).collect();
        let mut sorted = shown.commands.clone();
        let by_name = |one: &Command, other: &Command| one.command_name.cmp(&other.command_name);
        known.sort_by(by_name);
        sorted.sort_by(by_name);
        if self.commands.is_known() && known == sorted {
            return;
        }
        let commands = shown.commands.into_iter().map(|command| CommandModel {
            command_name: command.command_name.into(),
            command_description: command.command_description.into(),
        });
        self.commands = commands.collect::<Vec<_>>().into();
    }
}

/// The attributes of the resource.
pub(super) fn block() -> Block {
    let text = |name, most, description: &'static str| {
        Attribute::required(name, Type::String)
            .describe(description)
            .validate(Validator::text(move |text| check_text(most, text)))
    };
    Block::new(
        "The conversational components of a phone number: prompts (ice breakers) that a new chat offers, and commands that \
         customers choose from after a slash. They exist while the number exists, so they are only written, all in one call. \
         What the configuration leaves out is shown and kept; an argument that is removed is left as it is, and an empty list \
         clears it. Each refresh makes the service ask Meta. Where that is too much, keep these resources in a \
         configuration of their own.",
    )
    .attribute(space::attribute())
    .attribute(phone_number::attribute())
    .attribute(
        Attribute::optional_computed("prompts", Type::List(Box::new(Type::String)))
            .describe("Prompts, in order: at most 4, of at most 80 characters each, without emoji.")
            .use_state_for_unknown()
            .validate(Validator::new(check_prompts)),
    )
    .attribute(
        Attribute::nested(
            "commands",
            Collection::List,
            vec![
                text("command_name", MAX_NAME_LENGTH, "Name without the slash, at most 32 characters, without emoji."),
                text(
                    "command_description",
                    MAX_DESCRIPTION_LENGTH,
                    "What the command does, at most 256 characters, without emoji.",
                ),
            ],
            Setting::OptionalComputed,
        )
        .describe("Commands: at most 30, each name once. The order that the service shows them in does not count.")
        .use_state_for_unknown()
        .validate(Validator::new(check_commands)),
    )
    .attribute(
        Attribute::optional_computed("enable_welcome_message", Type::Bool)
            .describe("Whether the webhook receives an event when a customer writes for the first time, so that it can send a welcome. Meta's documentation has dropped the welcome message, so `true` may have no effect.")
            .use_state_for_unknown(),
    )
}

fn check_text(most: usize, text: &str) -> Result<(), String> {
    let length = text.chars().count();
    if length == 0 {
        return Err("must not be empty".to_owned());
    }
    if length > most {
        return Err(format!(
            "must have at most {most} characters, but has {length}"
        ));
    }
    match text.chars().find(|&c| is_emoji(c)) {
        Some(emoji) => Err(format!("must have no emoji, but has \"{emoji}\"")),
        None => Ok(()),
    }
}

/// Characters that are drawn as pictures by themselves, and the mark that makes a picture of the one before it. Not digits,
/// letters or signs such as a copyright sign, which are emoji only with that mark.
fn is_emoji(c: char) -> bool {
    matches!(u32::from(c), 0x1F000..=0x1FAFF | 0xFE0F)
}

fn check_prompts(value: &Value) -> Result<(), String> {
    let Value::List(prompts) = value else {
        return Ok(());
    };
    if prompts.len() > MAX_PROMPTS {
        return Err(format!(
            "must have at most {MAX_PROMPTS} elements, but has {}",
            prompts.len()
        ));
    }
    if prompts.iter().any(Value::is_null) {
        return Err("must not have elements that are null".to_owned());
    }
    let known = prompts.iter().filter_map(Value::as_str);
    known
        .into_iter()
        .try_for_each(|prompt| check_text(MAX_PROMPT_LENGTH, prompt))
        .map_err(|why| format!("has an element that {why}"))
}

fn check_commands(value: &Value) -> Result<(), String> {
    match value {
        Value::List(commands) if commands.len() > MAX_COMMANDS => Err(format!(
            "must have at most {MAX_COMMANDS} elements, but has {}",
            commands.len()
        )),
        _ => Ok(()),
    }
}

/// What concerns several commands, and what may have no effect.
pub(super) fn validate(config: &Model) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let commands = config.commands.as_deref().unwrap_or_default();
    let names: Vec<&str> = commands
        .iter()
        .filter_map(|command| command.command_name.as_deref())
        .collect();
    let twice = names
        .iter()
        .enumerate()
        .find(|(index, name)| names[..*index].contains(name));
    if let Some((_, name)) = twice {
        diagnostics.push(
            Diagnostic::error(
                "A command is there twice",
                format!(
                    "`commands` has more than one element with the name \"{}\". Give each command a name of its own.\n\n  \
                     Code:  Provider.InvalidConfiguration",
                    name.escape_debug()
                ),
            )
            .at(AttributePath::attribute("commands")),
        );
    }
    if config.enable_welcome_message.as_known() == Some(&true) {
        diagnostics.push(
            Diagnostic::warning(
                "The welcome message may have no effect",
                "Meta's documentation has dropped the welcome message. If the service ignores `enable_welcome_message = true`, \
                 each plan shows it as a change. Remove the argument then.",
            )
            .at(AttributePath::attribute("enable_welcome_message")),
        );
    }
    diagnostics
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(name: &str, description: &str) -> Command {
        Command {
            command_name: name.to_owned(),
            command_description: description.to_owned(),
        }
    }

    #[test]
    fn order_of_commands_does_not_count() {
        let names = |model: &Model| -> Vec<String> {
            let commands = model.commands.as_deref().unwrap_or_default();
            commands
                .iter()
                .map(|it| Command::from(it).command_name)
                .collect()
        };
        let shown = |commands: &[Command]| GetConversationalAutomationResponse {
            commands: commands.to_vec(),
            ..Default::default()
        };
        let mut model = Model::default();
        model.fill(shown(&[command("b", "B"), command("a", "A")]));
        assert_eq!(names(&model), ["b", "a"]);
        model.fill(shown(&[command("a", "A"), command("b", "B")]));
        assert_eq!(names(&model), ["b", "a"]);
        model.fill(shown(&[command("a", "A"), command("b", "other")]));
        assert_eq!(names(&model), ["a", "b"]);
        model.fill(shown(&[]));
        assert_eq!(model.commands, Field::from(Vec::new()));
    }

    #[test]
    fn emoji_are_pictures() {
        for text in ["Order 7", "Où?", "注文する", "© 2026", "Ελληνικά"] {
            assert_eq!(check_text(80, text), Ok(()), "{text}");
        }
        for text in ["Hi \u{1f600}", "\u{2764}\u{fe0f}", "\u{1f1f8}\u{1f1ec}"] {
            assert!(check_text(80, text).is_err(), "{text}");
        }
    }
}
