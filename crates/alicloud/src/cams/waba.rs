//! A WhatsApp Business Account (WABA), and the space that it is bound to.

use serde::{Deserialize, Serialize};

use crate::json::{Fields, UnexpectedResponse};
use crate::{Action, CAMS, Product};

/// Binds a WABA to a space that the service chooses or makes. There is no operation to unbind, and no idempotency token.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChatappBindWaba<'a> {
    /// ID of the WABA at Meta.
    pub waba_id: &'a str,
}

/// The space that the WABA is bound to.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Fields")]
pub struct ChatappBindWabaResponse {
    /// ID of the space. A response without it is an error.
    pub cust_space_id: String,
    /// The WABA that was bound, if the response says so.
    pub waba_id: Option<String>,
}

impl Action for ChatappBindWaba<'_> {
    const NAME: &'static str = "ChatappBindWaba";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 10;
    const IDEMPOTENT: bool = false;
    type Response = ChatappBindWabaResponse;
}

impl TryFrom<Fields> for ChatappBindWabaResponse {
    type Error = UnexpectedResponse;

    fn try_from(body: Fields) -> Result<Self, UnexpectedResponse> {
        let data = body.required_object("Data")?;
        Ok(Self {
            // With another text no later call could name the space, while a search can find its ID.
            cust_space_id: data.required_id("CustSpaceId")?,
            // There is a space to keep; an unexpected `WabaId` is no reason to lose it.
            waba_id: data.identifier("WabaId").ok().flatten(),
        })
    }
}

/// Reads the WABA that is bound to a space.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct QueryChatappBindWaba<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// The code that shows that an ISV may act for the owner of the space. Treated as a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isv_code: Option<&'a str>,
}

/// What is bound to a space.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Fields")]
pub struct QueryChatappBindWabaResponse {
    /// The WABA; `None` if the response names none.
    pub waba: Option<Waba>,
}

/// A WABA as the service describes it. Every field but the ID may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waba {
    /// ID of the WABA at Meta.
    pub id: String,
    /// Name of the WABA.
    pub name: Option<String>,
    /// Meta's review of the WABA: `PENDING`, `APPROVED`, `REJECTED` or `DISABLED`.
    pub account_review_status: Option<String>,
    /// ID of the Meta business portfolio.
    pub business_id: Option<String>,
    /// Name of the Meta business portfolio.
    pub business_name: Option<String>,
    /// Currency of the WABA, such as `USD`.
    pub currency: Option<String>,
    /// Namespace of the message templates.
    pub message_template_namespace: Option<String>,
    /// State of Marketing Messages Lite, such as `Y`.
    pub marketing_message_lite_status: Option<String>,
    /// `IsOnBizApp`, such as `N`. Not described by the service.
    pub is_on_biz_app: Option<String>,
    /// `PrimaryBusinessLocation`. Not described by the service.
    pub primary_business_location: Option<String>,
    /// Data on international authentication rates, as JSON text.
    pub auth_international_rate_eligibility: Option<String>,
}

impl Action for QueryChatappBindWaba<'_> {
    const NAME: &'static str = "QueryChatappBindWaba";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 10;
    const IDEMPOTENT: bool = true;
    const SENSITIVE: &'static [&'static str] = &["IsvCode"];
    type Response = QueryChatappBindWabaResponse;
}

impl TryFrom<Fields> for QueryChatappBindWabaResponse {
    type Error = UnexpectedResponse;

    fn try_from(body: Fields) -> Result<Self, UnexpectedResponse> {
        // How the service responds for a space without a WABA is not documented: every form of "no `Id`" is one.
        let Some(data) = body.object("Data")? else {
            return Ok(Self { waba: None });
        };
        let waba = data.identifier("Id")?.map(|id| Waba {
            id,
            name: data.text("Name"),
            account_review_status: data.text("AccountReviewStatus"),
            business_id: data.text("BusinessId"),
            business_name: data.text("BusinessName"),
            currency: data.text("Currency"),
            message_template_namespace: data.text("MessageTemplateNamespace"),
            marketing_message_lite_status: data.text("MarketingMessageLiteStatus"),
            is_on_biz_app: data.text("IsOnBizApp"),
            primary_business_location: data.text("PrimaryBusinessLocation"),
            auth_international_rate_eligibility: data.json("AuthInternationalRateEligibility"),
        });
        Ok(Self { waba })
    }
}

/// Reads what Meta knows of the business that owns a WABA.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct QueryWabaBusinessInfo<'a> {
    /// ID of the space that the WABA is bound to.
    pub cust_space_id: &'a str,
    /// ID of the WABA at Meta.
    pub waba_id: &'a str,
}

/// The business that owns a WABA. Any of it may be absent.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Fields")]
pub struct QueryWabaBusinessInfoResponse {
    /// ID of the Meta business portfolio.
    pub business_id: Option<String>,
    /// Name of the Meta business portfolio.
    pub business_name: Option<String>,
    /// State of the business verification at Meta, such as `verified`.
    pub verification_status: Option<String>,
    /// The industry. The documentation calls it deprecated.
    pub vertical: Option<String>,
}

impl Action for QueryWabaBusinessInfo<'_> {
    const NAME: &'static str = "QueryWabaBusinessInfo";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 10;
    const IDEMPOTENT: bool = true;
    type Response = QueryWabaBusinessInfoResponse;
}

impl TryFrom<Fields> for QueryWabaBusinessInfoResponse {
    type Error = UnexpectedResponse;

    fn try_from(body: Fields) -> Result<Self, UnexpectedResponse> {
        let data = body.required_object("Data")?;
        Ok(Self {
            business_id: data.text("BusinessId"),
            business_name: data.text("BusinessName"),
            verification_status: data.text("VerificationStatus"),
            vertical: data.text("Vertical"),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{ChatappBindWabaResponse, QueryChatappBindWabaResponse, Waba};

    #[test]
    fn a_bind_names_the_space() {
        let check = |body: Value, expected: Result<(&str, Option<&str>), &str>| {
            let found = serde_json::from_value::<ChatappBindWabaResponse>(body.clone());
            let found = found.map_err(|error| error.to_string());
            let expected = expected
                .map(|(space, waba)| ChatappBindWabaResponse {
                    cust_space_id: space.to_owned(),
                    waba_id: waba.map(str::to_owned),
                })
                .map_err(str::to_owned);
            assert_eq!(found, expected, "{body}");
        };
        check(
            json!({"Data": {"CustSpaceId": "C02", "WabaId": "29"}, "Success": true}),
            Ok(("C02", Some("29"))),
        );
        check(json!({"Data": {"CustSpaceId": 2}}), Ok(("2", None)));
        check(
            json!({"Data": {"CustSpaceId": "C02", "WabaId": ["29"]}}),
            Ok(("C02", None)),
        );
        for nothing in [json!({}), json!({"Data": null}), json!({"Data": {}})] {
            check(nothing, Err("it has no `Data`"));
        }
        check(
            json!({"Data": {"WabaId": "29"}}),
            Err("it has no `Data.CustSpaceId`"),
        );
        check(
            json!({"Data": {"CustSpaceId": ["C02"]}}),
            Err("`Data.CustSpaceId` is neither text nor a number"),
        );
        for odd in [
            "cams 1",
            "../cams-1",
            "cams-1\u{1b}[2J",
            "cams\u{202e}",
            &"c".repeat(129),
        ] {
            let body = json!({"Data": {"CustSpaceId": odd}});
            let found = serde_json::from_value::<ChatappBindWabaResponse>(body);
            assert!(found.is_err(), "{odd:?}");
        }
        check(
            json!({"Data": "C02"}),
            Err("`Data` is a single value, not an object"),
        );
    }

    #[test]
    fn a_query_names_the_waba_or_none() {
        let check = |body: Value, expected: Result<Option<&str>, ()>| {
            let found = serde_json::from_value::<QueryChatappBindWabaResponse>(body.clone());
            let found = found.map(|response| response.waba.map(|waba| waba.id));
            let found = found.as_ref().map(Option::as_deref).map_err(|_| ());
            assert_eq!(found, expected, "{body}");
        };
        check(json!({"Data": {"Id": "7"}}), Ok(Some("7")));
        check(json!({"Data": {"Id": 7}}), Ok(Some("7")));
        for nothing in [
            json!({}),
            json!({"Data": null}),
            json!({"Data": {}}),
            json!({"Data": []}),
            json!({"Data": ""}),
            json!({"Data": {"Id": null, "Currency": "USD"}}),
            json!({"Data": {"Id": ""}}),
        ] {
            check(nothing, Ok(None));
        }
        for wrong in [
            json!({"Data": "7"}),
            json!({"Data": [1]}),
            json!({"Data": {"Id": ["7"]}}),
            json!({"Data": true}),
        ] {
            check(wrong, Err(()));
        }
    }

    #[test]
    fn fields_of_a_waba_are_lenient() {
        let body = json!({"Data": {
            "Id": "7",
            "Name": "Shop",
            "BusinessId": 9,
            "IsOnBizApp": false,
            "Currency": null,
            "PrimaryBusinessLocation": {"start_time": 1},
            "AuthInternationalRateEligibility": {"a": [1]},
            "NewField": "ignored",
        }});
        let response: QueryChatappBindWabaResponse =
            serde_json::from_value(body).expect("a response");
        let text = |text: &str| Some(text.to_owned());
        let expected = Waba {
            id: "7".to_owned(),
            name: text("Shop"),
            business_id: text("9"),
            is_on_biz_app: text("false"),
            primary_business_location: text(r#"{"start_time":1}"#),
            auth_international_rate_eligibility: text(r#"{"a":[1]}"#),
            ..Waba::default()
        };
        assert_eq!(response.waba, Some(expected));
    }
}
