//! `alicloud_cams_phone_business_profile`: what customers see of a business, for one of its numbers.

use async_trait::async_trait;

use super::model::{self, Model};
use crate::common::phone_setting::PhoneSetting;
use alicloud::{
    Error, Operation,
    cams::phone_business_profile::{ModifyPhoneBusinessProfile, QueryPhoneBusinessProfile},
};
use framework::{Block, Diagnostics, Field};

/// The setting.
pub(crate) struct PhoneBusinessProfile;

#[async_trait]
impl PhoneSetting for PhoneBusinessProfile {
    type Model = Model;

    const TYPE: &'static str = "alicloud_cams_phone_business_profile";
    const NOUN: &'static str = "profile";
    const PLURAL: &'static str = "business profiles";
    const WRITE: &'static str = "ModifyPhoneBusinessProfile";
    const DELETION_POLICY: &'static str = "What destroying does: `ABANDON` (default) removes the profile from the state and leaves its values, with a warning; `RESET` clears all texts and the web sites, also those that were not configured, and leaves `about` and the picture, which cannot be cleared.";
    const RAM_ACTIONS: &'static [&'static str] = &[
        "cams:ModifyPhoneBusinessProfile",
        "cams:QueryPhoneBusinessProfile",
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
        let action = QueryPhoneBusinessProfile {
            cust_space_id: known.cust_space_id.as_deref().unwrap_or_default(),
            phone_number: known.phone_number.as_deref().unwrap_or_default(),
        };
        let shown = operation.call(&action).await?.body;
        known.fill(shown);
        Ok(known)
    }

    /// Only what is configured. By Meta's own API what is left out stays; what CAMS does is not documented.
    async fn write(
        &self,
        operation: &Operation,
        config: &Model,
        planned: &Model,
    ) -> Result<(), Error> {
        let action = ModifyPhoneBusinessProfile {
            cust_space_id: planned.cust_space_id.as_deref().unwrap_or_default(),
            phone_number: planned.phone_number.as_deref().unwrap_or_default(),
            about: config.about.as_deref(),
            address: config.address.as_deref(),
            description: config.description.as_deref(),
            email: config.email.as_deref(),
            profile_picture_url: config.profile_picture_url.as_deref(),
            vertical: config.vertical.as_deref(),
            websites: config.websites.as_deref(),
        };
        match action.changes_something() {
            true => operation.call(&action).await.map(drop),
            false => Ok(()),
        }
    }

    fn neutral(&self, prior: &Model) -> Model {
        Model {
            cust_space_id: prior.cust_space_id.clone(),
            phone_number: prior.phone_number.clone(),
            address: "".into(),
            description: "".into(),
            email: "".into(),
            vertical: "".into(),
            websites: Vec::new().into(),
            ..Model::default()
        }
    }
}
