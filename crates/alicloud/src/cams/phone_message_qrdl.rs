//! Message links of a phone number: a short link and a QR code that open a chat with a text in it.

use serde::{Deserialize, Serialize};

use super::NoData;
use crate::json::{Fields, UnexpectedResponse};
use crate::{Action, CAMS, Product};

/// Makes a link. There is no idempotency token: each call makes another one.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreatePhoneMessageQrdl<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// The number with its country code, digits only.
    pub phone_number: &'a str,
    /// The text that the chat opens with.
    pub prefilled_message: &'a str,
    /// Format of the picture: `PNG` or `SVG`.
    pub generate_qr_image: &'a str,
}

/// The new link.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Fields")]
pub struct CreatePhoneMessageQrdlResponse {
    /// The link. A response without its code is an error.
    pub link: Qrdl,
}

/// A message link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Qrdl {
    /// What names the link within the number.
    pub qrdl_code: String,
    /// The URL, such as `https://wa.me/message/…`.
    pub deep_link_url: Option<String>,
    /// The text that the chat opens with.
    pub prefilled_message: Option<String>,
    /// Format of the picture. Whether a list says it is not documented.
    pub generate_qr_image: Option<String>,
    /// URL of the picture, which expires.
    pub qr_image_url: Option<String>,
}

impl Action for CreatePhoneMessageQrdl<'_> {
    const NAME: &'static str = "CreatePhoneMessageQrdl";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 5;
    const IDEMPOTENT: bool = false;
    type Response = CreatePhoneMessageQrdlResponse;
}

impl TryFrom<Fields> for CreatePhoneMessageQrdlResponse {
    type Error = UnexpectedResponse;

    fn try_from(body: Fields) -> Result<Self, UnexpectedResponse> {
        let data = body.required_object("Data")?;
        Ok(Self {
            link: Qrdl::of(&data)?,
        })
    }
}

impl Qrdl {
    fn of(row: &Fields) -> Result<Self, UnexpectedResponse> {
        Ok(Self {
            qrdl_code: row.required("QrdlCode")?,
            deep_link_url: row.text("DeepLinkUrl"),
            prefilled_message: row.text("PrefilledMessage"),
            generate_qr_image: row.text("GenerateQrImage"),
            qr_image_url: row.text("QrImageUrl"),
        })
    }
}

/// Lists the links of a number, all in one response.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListPhoneMessageQrdl<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// The number with its country code, digits only.
    pub phone_number: &'a str,
}

/// The links of a number.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Fields")]
pub struct ListPhoneMessageQrdlResponse {
    /// The links. A response without the list is an error; an empty list says that there are none.
    pub links: Vec<Qrdl>,
}

impl Action for ListPhoneMessageQrdl<'_> {
    const NAME: &'static str = "ListPhoneMessageQrdl";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 5;
    const IDEMPOTENT: bool = true;
    type Response = ListPhoneMessageQrdlResponse;
}

impl TryFrom<Fields> for ListPhoneMessageQrdlResponse {
    type Error = UnexpectedResponse;

    fn try_from(body: Fields) -> Result<Self, UnexpectedResponse> {
        let rows = body.required_objects("Data")?;
        let links = rows.iter().map(Qrdl::of);
        Ok(Self {
            links: links.collect::<Result<_, _>>()?,
        })
    }
}

/// Deletes a link. Its printed QR codes stop working.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeletePhoneMessageQrdl<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// The number with its country code, digits only.
    pub phone_number: &'a str,
    /// The code of the link.
    pub qrdl_code: &'a str,
}

impl Action for DeletePhoneMessageQrdl<'_> {
    const NAME: &'static str = "DeletePhoneMessageQrdl";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 5;
    const IDEMPOTENT: bool = true;
    type Response = NoData;
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_list_is_there_or_an_error() {
        let check = |body: Value, expected: Result<&[&str], &str>| {
            let found = serde_json::from_value::<ListPhoneMessageQrdlResponse>(body.clone());
            let found = found.map_err(|error| error.to_string()).map(|list| {
                let codes = list.links.into_iter().map(|link| link.qrdl_code);
                codes.collect::<Vec<_>>()
            });
            let expected = expected
                .map(|codes| codes.iter().map(|&code| code.to_owned()).collect())
                .map_err(str::to_owned);
            assert_eq!(found, expected, "{body}");
        };
        check(json!({"Data": []}), Ok(&[]));
        check(
            json!({"Data": [{"QrdlCode": "A"}, {"QrdlCode": 7}]}),
            Ok(&["A", "7"]),
        );
        check(json!({}), Err("it has no `Data`"));
        check(json!({"Data": null}), Err("it has no `Data`"));
        check(
            json!({"Data": [{"DeepLinkUrl": "x"}]}),
            Err("it has no `Data[0].QrdlCode`"),
        );
    }

    #[test]
    fn a_create_names_the_code() {
        let parse = |body: Value| serde_json::from_value::<CreatePhoneMessageQrdlResponse>(body);
        let body = json!({"Data": {"QrdlCode": "A", "PrefilledMessage": "Hi"}});
        let link = parse(body).expect("a response").link;
        assert_eq!(link.qrdl_code, "A");
        assert_eq!(link.prefilled_message.as_deref(), Some("Hi"));
        let error = parse(json!({"Data": {"PrefilledMessage": "Hi"}})).expect_err("no code");
        assert_eq!(error.to_string(), "it has no `Data.QrdlCode`");
    }
}
