//! Conversational components of a phone number: ice breakers (prompts), commands, the welcome message.

use serde::{Deserialize, Serialize};

use super::NoData;
use crate::json::{Fields, UnexpectedResponse};
use crate::parameters::json_text;
use crate::{Action, CAMS, Product};

/// A command that customers choose from when they type a slash.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "PascalCase")]
pub struct Command {
    /// Its name, without the slash.
    pub command_name: String,
    /// What it does.
    pub command_description: String,
}

/// Writes the components. What is `None` is not sent; whether the service keeps or clears it then is not documented.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateConversationalAutomation<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// The number with its country code, digits only.
    pub phone_number: &'a str,
    /// Whether the first message of a customer is announced to the webhook, so that it can be welcomed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_welcome_message: Option<bool>,
    /// Ice breakers. An empty list is sent.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "json_text")]
    pub prompts: Option<&'a [String]>,
    /// Commands. An empty list is sent.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "json_text")]
    pub commands: Option<&'a [Command]>,
}

impl Action for UpdateConversationalAutomation<'_> {
    const NAME: &'static str = "UpdateConversationalAutomation";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 5;
    const IDEMPOTENT: bool = true;
    type Response = NoData;
}

/// Reads the components. The service asks Meta at each call.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetConversationalAutomation<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// The number with its country code, digits only.
    pub phone_number: &'a str,
}

/// The components. A list that the service leaves out is empty.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Fields")]
pub struct GetConversationalAutomationResponse {
    /// Whether the first message of a customer is announced; `None` if the service does not say.
    pub enable_welcome_message: Option<bool>,
    /// Ice breakers, in order.
    pub prompts: Vec<String>,
    /// Commands. Whether the order is that of the write is not documented.
    pub commands: Vec<Command>,
}

impl Action for GetConversationalAutomation<'_> {
    const NAME: &'static str = "GetConversationalAutomation";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 5;
    const IDEMPOTENT: bool = true;
    type Response = GetConversationalAutomationResponse;
}

impl TryFrom<Fields> for GetConversationalAutomationResponse {
    type Error = UnexpectedResponse;

    fn try_from(body: Fields) -> Result<Self, UnexpectedResponse> {
        let data = body.object_or_empty("Data")?;
        let rows = data.objects("Commands")?;
        let commands = rows.iter().map(|row| {
            Ok(Command {
                command_name: row.required("CommandName")?,
                command_description: row.text("CommandDescription").unwrap_or_default(),
            })
        });
        Ok(Self {
            enable_welcome_message: data.flag("EnableWelcomeMessage"),
            prompts: data.text_list("Prompts")?,
            commands: commands.collect::<Result<_, UnexpectedResponse>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::parameters::Parameters;

    #[test]
    fn lists_are_sent_as_json_text() {
        let commands = [Command {
            command_name: "order".to_owned(),
            command_description: "Says \"where\"".to_owned(),
        }];
        let action = UpdateConversationalAutomation {
            cust_space_id: "cams-1",
            phone_number: "6580012345",
            enable_welcome_message: None,
            prompts: Some(&[]),
            commands: Some(&commands),
        };
        let parameters = Parameters::of(&action).expect("named fields");
        assert_eq!(parameters.value("Prompts"), Some("[]"));
        assert_eq!(
            parameters.value("Commands"),
            Some(r#"[{"CommandName":"order","CommandDescription":"Says \"where\""}]"#)
        );
        assert_eq!(parameters.value("EnableWelcomeMessage"), None);
    }

    #[test]
    fn components_may_be_absent() {
        let parse = |data| {
            serde_json::from_value::<GetConversationalAutomationResponse>(json!({ "Data": data }))
                .map_err(|error| error.to_string())
        };
        assert_eq!(parse(json!({})), Ok(Default::default()));
        let full = parse(json!({
            "PhoneNumber": "65",
            "EnableWelcomeMessage": false,
            "Prompts": ["Hi"],
            "Commands": [{"CommandName": "order"}],
        }))
        .expect("a response");
        assert_eq!(full.enable_welcome_message, Some(false));
        assert_eq!(full.prompts, ["Hi"]);
        assert_eq!(full.commands[0].command_description, "");
        assert_eq!(
            parse(json!({"Commands": [{}]})),
            Err("it has no `Data.Commands[0].CommandName`".to_owned())
        );
        assert_eq!(parse(json!(null)), Err("it has no `Data`".to_owned()));
    }
}
