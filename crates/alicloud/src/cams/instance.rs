//! An instance, which the console calls a channel. [`ListInstance`](super::space::ListInstance) is with the spaces: it alone
//! says which space an instance has.

use serde::{Deserialize, Serialize};

use crate::json::{Fields, UnexpectedResponse};
use crate::product::Envelope;
use crate::{Action, CAMS, Product};

/// Makes an instance. There is no idempotency token; several instances may have one name, as far as is documented.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateInstance<'a> {
    /// For example `whatsapp` or `VIBER`.
    pub channel_type: &'a str,
    /// What can be changed later.
    #[serde(flatten)]
    pub settings: InstanceSettings<'a>,
    /// ID of the resource group; absent, the default one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_group_id: Option<&'a str>,
}

/// What a create and an update set.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct InstanceSettings<'a> {
    /// Name of the instance.
    pub instance_name: &'a str,
    /// Description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_description: Option<&'a str>,
    /// Mail address of the contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_mail: Option<&'a str>,
    /// Country code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_id: Option<&'a str>,
    /// Address of the office.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office_address: Option<&'a str>,
    /// ID of the business at Meta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facebook_bm_id: Option<&'a str>,
    /// URL or file name of the agreement between ISV and client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isv_terms: Option<&'a str>,
    /// `Y` or `N`: whether the audit is confirmed. No operation returns it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_confirm_audit: Option<&'a str>,
}

/// The new instance.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Fields")]
pub struct CreateInstanceResponse {
    /// Its ID. A response without it is an error.
    pub instance_id: String,
}

impl TryFrom<Fields> for CreateInstanceResponse {
    type Error = UnexpectedResponse;

    fn try_from(body: Fields) -> Result<Self, UnexpectedResponse> {
        let instance_id = body.required_object("Data")?.required("InstanceId")?;
        Ok(Self { instance_id })
    }
}

impl Action for CreateInstance<'_> {
    const NAME: &'static str = "CreateInstance";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 5;
    const IDEMPOTENT: bool = false;
    type Response = CreateInstanceResponse;
}

/// Reads an instance.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct QueryInstance<'a> {
    /// Its ID.
    pub instance_id: &'a str,
}

/// What is known of an instance.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Fields")]
pub struct QueryInstanceResponse {
    /// The instance; `None` if the response names none.
    pub instance: Option<Instance>,
}

/// An instance. Every field but the ID may be absent. Neither space nor state are among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instance {
    /// Its ID.
    pub instance_id: String,
    /// Its name. Documented as text and as a number.
    pub instance_name: Option<String>,
    /// Description.
    pub instance_description: Option<String>,
    /// For example `whatsapp`, in either case.
    pub channel_type: Option<String>,
    /// `CustType`, such as `01`. Not described by the service.
    pub cust_type: Option<String>,
    /// Mail address of the contact.
    pub contact_mail: Option<String>,
    /// Country code.
    pub country_id: Option<String>,
    /// Address of the office.
    pub office_address: Option<String>,
    /// ID of the business at Meta.
    pub facebook_bm_id: Option<String>,
    /// URL or file name of the agreement between ISV and client.
    pub isv_terms: Option<String>,
    /// ID of the resource group.
    pub resource_group_id: Option<String>,
    /// Region of the resource.
    pub resource_region_id: Option<String>,
    /// When it was made, as `YYYY-MM-DD hh:mm:ss`. The time zone is not documented.
    pub submit_time: Option<String>,
}

impl TryFrom<Fields> for QueryInstanceResponse {
    type Error = UnexpectedResponse;

    fn try_from(body: Fields) -> Result<Self, UnexpectedResponse> {
        // How the service responds for an instance that does not exist is not documented.
        let Some(data) = body.object("Data")? else {
            return Ok(Self { instance: None });
        };
        let instance = data.identifier("InstanceId")?.map(|instance_id| Instance {
            instance_id,
            instance_name: data.text("InstanceName"),
            instance_description: data.text("InstanceDescription"),
            channel_type: data.text("ChannelType"),
            cust_type: data.text("CustType"),
            contact_mail: data.text("ContactMail"),
            country_id: data.text("CountryId"),
            office_address: data.text("OfficeAddress"),
            facebook_bm_id: data.text("FacebookBmId"),
            isv_terms: data.text("IsvTerms"),
            resource_group_id: data.text("ResourceGroupId"),
            resource_region_id: data.text("ResourceRegionId"),
            submit_time: data.text("SubmitTime"),
        });
        Ok(Self { instance })
    }
}

impl Action for QueryInstance<'_> {
    const NAME: &'static str = "QueryInstance";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 5;
    const IDEMPOTENT: bool = true;
    type Response = QueryInstanceResponse;
}

/// A response of which nothing is needed.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub struct Done {}

/// Changes an instance.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateInstance<'a> {
    /// Its ID.
    pub instance_id: &'a str,
    /// All that can be changed. What an absent value does is not documented.
    #[serde(flatten)]
    pub settings: InstanceSettings<'a>,
}

impl Action for UpdateInstance<'_> {
    const NAME: &'static str = "UpdateInstance";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 5;
    const IDEMPOTENT: bool = true;
    type Response = Done;
}

/// Deletes an instance for good. What happens to a WABA that is bound to it is not documented.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteInstance<'a> {
    /// Its ID.
    pub instance_id: &'a str,
}

impl Action for DeleteInstance<'_> {
    const NAME: &'static str = "DeleteInstance";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 5;
    const IDEMPOTENT: bool = true;
    type Response = Done;
}

/// Moves a resource to a resource group. Instances are the only resources of the product that have one.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChangeResourceGroup<'a> {
    /// The group.
    pub resource_group_id: &'a str,
    /// The ID of the instance.
    pub resource_id: &'a str,
}

impl Action for ChangeResourceGroup<'_> {
    const NAME: &'static str = "ChangeResourceGroup";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 5;
    const IDEMPOTENT: bool = true;
    // Its page documents `RequestId` alone.
    const ENVELOPE: Envelope = Envelope::CodeOkOrAbsent;
    type Response = Done;
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{
        ChangeResourceGroup, CreateInstance, CreateInstanceResponse, InstanceSettings,
        QueryInstanceResponse, UpdateInstance,
    };
    use crate::parameters::Parameters;

    #[test]
    fn settings_stand_beside_the_other_parameters() {
        let settings = InstanceSettings {
            instance_name: "shop",
            contact_mail: Some(""),
            ..InstanceSettings::default()
        };
        let names = |parameters: Parameters| {
            let mut names: Vec<String> =
                parameters.iter().map(|(name, _)| name.to_owned()).collect();
            names.sort();
            names.join(" ")
        };
        let create = CreateInstance {
            channel_type: "whatsapp",
            settings: settings.clone(),
            resource_group_id: None,
        };
        let create = Parameters::of(&create).expect("parameters");
        assert_eq!(names(create), "ChannelType ContactMail InstanceName");
        let update = UpdateInstance {
            instance_id: "1",
            settings,
        };
        let update = Parameters::of(&update).expect("parameters");
        assert_eq!(names(update), "ContactMail InstanceId InstanceName");
        let change = ChangeResourceGroup {
            resource_group_id: "rg-1",
            resource_id: "1",
        };
        let change = Parameters::of(&change).expect("parameters");
        assert_eq!(names(change), "ResourceGroupId ResourceId");
    }

    #[test]
    fn a_create_names_the_instance() {
        let check = |body: Value, expected: Result<&str, &str>| {
            let found = serde_json::from_value::<CreateInstanceResponse>(body.clone());
            let found = found.map(|found| found.instance_id);
            let found = found.map_err(|error| error.to_string());
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(found, expected, "{body}");
        };
        check(
            json!({"Data": {"InstanceId": "i", "InstanceName": 7}}),
            Ok("i"),
        );
        check(json!({"Data": {"InstanceId": 7}}), Ok("7"));
        check(json!({"Data": {}}), Err("it has no `Data`"));
        check(
            json!({"Data": {"InstanceName": "x"}}),
            Err("it has no `Data.InstanceId`"),
        );
    }

    #[test]
    fn names_are_text_or_numbers() {
        let check = |body: Value, expected: Option<&str>| {
            let found = serde_json::from_value::<QueryInstanceResponse>(body.clone());
            let found = found.expect("a response").instance;
            let name = found.and_then(|instance| instance.instance_name);
            assert_eq!(name.as_deref(), expected, "{body}");
        };
        check(
            json!({"Data": {"InstanceId": "i", "InstanceName": "a"}}),
            Some("a"),
        );
        check(
            json!({"Data": {"InstanceId": "i", "InstanceName": 42}}),
            Some("42"),
        );
        for nothing in [
            json!({}),
            json!({"Data": null}),
            json!({"Data": {"InstanceName": "a"}}),
        ] {
            check(nothing, None);
        }
    }
}
