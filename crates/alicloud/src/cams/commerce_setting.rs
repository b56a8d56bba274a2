//! Commerce settings of a phone number: whether customers see the catalogue and the cart.

use serde::{Deserialize, Serialize};

use super::NoData;
use crate::json::{Fields, UnexpectedResponse};
use crate::{Action, CAMS, Product};

/// Writes the commerce settings.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateCommerceSetting<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// The number with its country code, digits only.
    pub phone_number: &'a str,
    /// Whether customers see the cart.
    pub cart_enable: bool,
    /// Whether customers see the catalogue.
    pub catalog_visible: bool,
}

impl Action for UpdateCommerceSetting<'_> {
    const NAME: &'static str = "UpdateCommerceSetting";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 10;
    const IDEMPOTENT: bool = true;
    type Response = NoData;
}

/// Reads the commerce settings. Its RAM action has the access level of an update.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetCommerceSetting<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// The number with its country code, digits only.
    pub phone_number: &'a str,
}

/// The commerce settings. A response without one of them is an error.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Fields")]
pub struct GetCommerceSettingResponse {
    /// Whether customers see the cart.
    pub cart_enable: bool,
    /// Whether customers see the catalogue.
    pub catalog_visible: bool,
}

impl Action for GetCommerceSetting<'_> {
    const NAME: &'static str = "GetCommerceSetting";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 10;
    const IDEMPOTENT: bool = true;
    type Response = GetCommerceSettingResponse;
}

impl TryFrom<Fields> for GetCommerceSettingResponse {
    type Error = UnexpectedResponse;

    fn try_from(body: Fields) -> Result<Self, UnexpectedResponse> {
        let data = body.required_object("Data")?;
        Ok(Self {
            cart_enable: data.required_flag("CartEnable")?,
            catalog_visible: data.required_flag("CatalogVisible")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::GetCommerceSettingResponse;

    #[test]
    fn both_flags_are_needed() {
        let check = |data: Value, expected: Result<(bool, bool), &str>| {
            let body = json!({ "Data": data });
            let found = serde_json::from_value::<GetCommerceSettingResponse>(body.clone());
            let found = found
                .map(|setting| (setting.cart_enable, setting.catalog_visible))
                .map_err(|error| error.to_string());
            assert_eq!(found, expected.map_err(str::to_owned), "{body}");
        };
        check(
            json!({"CartEnable": true, "CatalogVisible": false}),
            Ok((true, false)),
        );
        check(
            json!({"CartEnable": "true", "CatalogVisible": "False"}),
            Ok((true, false)),
        );
        check(
            json!({"CartEnable": true}),
            Err("it has no `Data.CatalogVisible`"),
        );
        check(
            json!({"CartEnable": 1, "CatalogVisible": true}),
            Err("it has no `Data.CartEnable`"),
        );
        check(json!(null), Err("it has no `Data`"));
    }
}
