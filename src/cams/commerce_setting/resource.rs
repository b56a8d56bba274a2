//! `alicloud_cams_commerce_setting`: whether the customers of a number see the catalogue and the cart.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::common::{phone_number, phone_setting::PhoneSetting, space};
use alicloud::{
    Error, Operation,
    cams::commerce_setting::{GetCommerceSetting, UpdateCommerceSetting},
};
use framework::{Attribute, Block, Field, Type};

/// The setting.
pub(crate) struct CommerceSetting;

/// Commerce settings, as configuration and state hold them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Model {
    cust_space_id: Field<String>,
    phone_number: Field<String>,
    cart_enable: Field<bool>,
    catalog_visible: Field<bool>,
}

#[async_trait]
impl PhoneSetting for CommerceSetting {
    type Model = Model;

    const TYPE: &'static str = "alicloud_cams_commerce_setting";
    const NOUN: &'static str = "commerce setting";
    const PLURAL: &'static str = "commerce settings";
    const WRITE: &'static str = "UpdateCommerceSetting";
    const DELETION_POLICY: &'static str = "What destroying does: `ABANDON` (default) removes the settings from the state and leaves their values, with a warning; `RESET` sets both to `false`.";
    const RAM_ACTIONS: &'static [&'static str] =
        &["cams:UpdateCommerceSetting", "cams:GetCommerceSetting"];

    fn block(&self) -> Block {
        Block::new(
            "The commerce settings of a phone number: whether customers see the catalogue and the cart. They exist while the \
             number does, so they are only written. The service may refuse a visible catalogue until one is connected to \
             the WABA. RAM counts reading them (`cams:GetCommerceSetting`) as an update, so a role that only reads needs this \
             action by name.",
        )
        .attribute(space::attribute())
        .attribute(phone_number::attribute())
        .attribute(
            Attribute::required("cart_enable", Type::Bool).describe("Whether customers see the cart."),
        )
        .attribute(
            Attribute::required("catalog_visible", Type::Bool)
                .describe("Whether customers see the catalogue."),
        )
    }

    fn number<'a>(&self, model: &'a Model) -> (&'a Field<String>, &'a Field<String>) {
        (&model.cust_space_id, &model.phone_number)
    }

    async fn query(&self, operation: &Operation, known: Model) -> Result<Model, Error> {
        let action = GetCommerceSetting {
            cust_space_id: known.cust_space_id.as_deref().unwrap_or_default(),
            phone_number: known.phone_number.as_deref().unwrap_or_default(),
        };
        let shown = operation.call(&action).await?.body;
        Ok(Model {
            cart_enable: shown.cart_enable.into(),
            catalog_visible: shown.catalog_visible.into(),
            ..known
        })
    }

    async fn write(
        &self,
        operation: &Operation,
        _config: &Model,
        planned: &Model,
    ) -> Result<(), Error> {
        let flag = |field: &Field<bool>| field.as_known().copied().unwrap_or_default();
        let action = UpdateCommerceSetting {
            cust_space_id: planned.cust_space_id.as_deref().unwrap_or_default(),
            phone_number: planned.phone_number.as_deref().unwrap_or_default(),
            cart_enable: flag(&planned.cart_enable),
            catalog_visible: flag(&planned.catalog_visible),
        };
        operation.call(&action).await.map(drop)
    }

    fn neutral(&self, prior: &Model) -> Model {
        Model {
            cart_enable: false.into(),
            catalog_visible: false.into(),
            ..prior.clone()
        }
    }
}
