//! `alicloud_cams_conversational_automation`: prompts and commands of a number.

use async_trait::async_trait;

use super::model::{self, Model};
use crate::common::phone_setting::PhoneSetting;
use alicloud::{
    Error, Operation,
    cams::conversational_automation::{
        Command, GetConversationalAutomation, UpdateConversationalAutomation,
    },
};
use framework::{Block, Diagnostics, Field};

/// The setting.
pub(crate) struct ConversationalAutomation;

#[async_trait]
impl PhoneSetting for ConversationalAutomation {
    type Model = Model;

    const TYPE: &'static str = "alicloud_cams_conversational_automation";
    const NOUN: &'static str = "automation";
    const PLURAL: &'static str = "conversational automations";
    const WRITE: &'static str = "UpdateConversationalAutomation";
    const DELETION_POLICY: &'static str = "What destroying does: `ABANDON` (default) removes the components from the state and leaves their values, with a warning; `RESET` empties both lists and switches the welcome message off. Whether the service takes empty lists is not documented.";
    /// The documentation says that these need no authorization.
    const RAM_ACTIONS: &'static [&'static str] = &[
        "cams:UpdateConversationalAutomation",
        "cams:GetConversationalAutomation",
    ];

    fn block(&self) -> Block {
        model::block()
    }

    fn number<'a>(&self, model: &'a Model) -> (&'a Field<String>, &'a Field<String>) {
        (&model.cust_space_id, &model.phone_number)
    }

    fn validate(&self, config: &Model) -> Diagnostics {
        model::validate(config)
    }

    async fn query(&self, operation: &Operation, mut known: Model) -> Result<Model, Error> {
        let action = GetConversationalAutomation {
            cust_space_id: known.cust_space_id.as_deref().unwrap_or_default(),
            phone_number: known.phone_number.as_deref().unwrap_or_default(),
        };
        let shown = operation.call(&action).await?.body;
        known.fill(shown);
        Ok(known)
    }

    /// All of it, as what happens to a part that is left out is not documented.
    async fn write(
        &self,
        operation: &Operation,
        _config: &Model,
        planned: &Model,
    ) -> Result<(), Error> {
        let commands = planned.commands.as_deref();
        let commands =
            commands.map(|commands| commands.iter().map(Command::from).collect::<Vec<_>>());
        let action = UpdateConversationalAutomation {
            cust_space_id: planned.cust_space_id.as_deref().unwrap_or_default(),
            phone_number: planned.phone_number.as_deref().unwrap_or_default(),
            enable_welcome_message: planned.enable_welcome_message.as_known().copied(),
            prompts: planned.prompts.as_deref(),
            commands: commands.as_deref(),
        };
        operation.call(&action).await.map(drop)
    }

    /// A flag that the service does not show is not sent.
    fn neutral(&self, prior: &Model) -> Model {
        Model {
            prompts: Vec::new().into(),
            commands: Vec::new().into(),
            enable_welcome_message: prior.enable_welcome_message.map(|_| false),
            ..prior.clone()
        }
    }
}
