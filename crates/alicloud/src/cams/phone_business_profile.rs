//! The business profile of a phone number: what customers see of the business in WhatsApp.

use serde::{Deserialize, Serialize};

use super::NoData;
use crate::json::{Fields, UnexpectedResponse};
use crate::parameters::json_text;
use crate::{Action, CAMS, Product};

/// Writes the business profile. What is `None` is not sent; whether the service keeps or clears it then is not documented.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyPhoneBusinessProfile<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// The number with its country code, digits only.
    pub phone_number: &'a str,
    /// The line below the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<&'a str>,
    /// Address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<&'a str>,
    /// Description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<&'a str>,
    /// URL that the picture is fetched from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_picture_url: Option<&'a str>,
    /// Industry, such as `OTHER`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vertical: Option<&'a str>,
    /// URLs of web sites. An empty list is sent.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "json_text")]
    pub websites: Option<&'a [String]>,
}

impl ModifyPhoneBusinessProfile<'_> {
    /// Whether it sends any field of the profile.
    pub fn changes_something(&self) -> bool {
        let texts = [
            self.about,
            self.address,
            self.description,
            self.email,
            self.profile_picture_url,
            self.vertical,
        ];
        self.websites.is_some() || texts.iter().any(Option::is_some)
    }
}

impl Action for ModifyPhoneBusinessProfile<'_> {
    const NAME: &'static str = "ModifyPhoneBusinessProfile";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 10;
    const IDEMPOTENT: bool = true;
    type Response = NoData;
}

/// Reads the business profile.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct QueryPhoneBusinessProfile<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// The number with its country code, digits only.
    pub phone_number: &'a str,
}

/// A business profile. A field that the service leaves out is not set.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Fields")]
pub struct QueryPhoneBusinessProfileResponse {
    /// The line below the name.
    pub about: Option<String>,
    /// Address.
    pub address: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// URL of the picture at a content network: another one than the picture was fetched from.
    pub profile_picture_url: Option<String>,
    /// Industry. A sample of the documentation spells it `Retail`, the request takes `RETAIL`.
    pub vertical: Option<String>,
    /// URLs of web sites.
    pub websites: Vec<String>,
}

impl Action for QueryPhoneBusinessProfile<'_> {
    const NAME: &'static str = "QueryPhoneBusinessProfile";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 10;
    const IDEMPOTENT: bool = true;
    type Response = QueryPhoneBusinessProfileResponse;
}

impl TryFrom<Fields> for QueryPhoneBusinessProfileResponse {
    type Error = UnexpectedResponse;

    fn try_from(body: Fields) -> Result<Self, UnexpectedResponse> {
        let data = body.object_or_empty("Data")?;
        Ok(Self {
            about: data.text("About"),
            address: data.text("Address"),
            description: data.text("Description"),
            email: data.text("Email"),
            profile_picture_url: data.text("ProfilePictureUrl"),
            vertical: data.text("Vertical"),
            websites: data.text_list("Websites")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::parameters::Parameters;

    #[test]
    fn only_what_is_set_is_sent() {
        let action = ModifyPhoneBusinessProfile {
            cust_space_id: "cams-1",
            phone_number: "6580012345",
            description: Some(""),
            websites: Some(&[]),
            ..ModifyPhoneBusinessProfile::default()
        };
        let parameters = Parameters::of(&action).expect("named fields");
        let mut sent: Vec<_> = parameters.iter().collect();
        sent.sort_unstable();
        let expected = [
            ("CustSpaceId", "cams-1"),
            ("Description", ""),
            ("PhoneNumber", "6580012345"),
            ("Websites", "[]"),
        ];
        assert_eq!(sent, expected);
    }

    #[test]
    fn what_is_absent_is_not_set() {
        let check = |body: Value, expected: Result<(Option<&str>, &[&str]), &str>| {
            let found = serde_json::from_value::<QueryPhoneBusinessProfileResponse>(body.clone());
            let found = found
                .map(|profile| (profile.about, profile.websites))
                .map_err(|error| error.to_string());
            let expected = expected
                .map(|(about, sites)| {
                    let sites: Vec<String> = sites.iter().map(|&site| site.to_owned()).collect();
                    (about.map(str::to_owned), sites)
                })
                .map_err(str::to_owned);
            assert_eq!(found, expected, "{body}");
        };
        check(
            json!({"Data": {"About": "Hi", "Websites": ["https://a.b"]}}),
            Ok((Some("Hi"), &["https://a.b"])),
        );
        check(json!({"Data": {}}), Ok((None, &[])));
        check(json!({"Data": {"Websites": null}}), Ok((None, &[])));
        check(json!({}), Err("it has no `Data`"));
        check(json!({"Data": null}), Err("it has no `Data`"));
        check(
            json!({"Data": {"Websites": "x"}}),
            Err("`Data.Websites` is not a list"),
        );
        check(
            json!({"Data": {"Websites": [1]}}),
            Err("`Data.Websites[0]` is not text"),
        );
    }
}
