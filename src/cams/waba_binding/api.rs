//! The operations of Chat App Message Service (CAMS API 2020-06-06) that the binding needs, and how to read their answers.
//!
//! Names and shapes follow the public API pages. Every field may be absent, and what is not documented is read leniently;
//! but nothing odd is ever taken for "nothing there".
//!
//! Must not contain: what follows from an answer.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use alicloud::{Action, CAMS, Error, Operation, Product};
use framework::{Object, Value};

/// `ChatappBindWaba`: binds a WABA to a space that the service picks or makes.
#[derive(Serialize)]
pub(super) struct ChatappBindWaba<'a> {
    #[serde(rename = "WabaId")]
    pub(super) waba_id: &'a str,
}

impl Action for ChatappBindWaba<'_> {
    const NAME: &'static str = "ChatappBindWaba";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 10;
    const IDEMPOTENT: bool = false;
    type Answer = Answer;
}

/// `QueryChatappBindWaba`: the WABA that is bound to a space.
#[derive(Serialize)]
struct QueryChatappBindWaba<'a> {
    #[serde(rename = "CustSpaceId")]
    cust_space_id: &'a str,
    #[serde(rename = "IsvCode", skip_serializing_if = "Option::is_none")]
    isv_code: Option<&'a str>,
}

impl Action for QueryChatappBindWaba<'_> {
    const NAME: &'static str = "QueryChatappBindWaba";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 10;
    const IDEMPOTENT: bool = true;
    const SENSITIVE: &'static [&'static str] = &["IsvCode"];
    type Answer = Answer;
}

/// `ListInstance`: one page of the account's spaces. Pages count from 1, as far as is known; the largest page size is not
/// documented, and neither is what the filters do, so that only a hint is ever asked for.
#[derive(Serialize)]
pub(super) struct ListInstance<'a> {
    #[serde(rename = "PageIndex")]
    pub(super) page: u32,
    #[serde(rename = "PageSize")]
    pub(super) size: u32,
    /// By its name the WABA that is bound. Not described, so it may do nothing, or something else.
    #[serde(rename = "BindId", skip_serializing_if = "Option::is_none")]
    pub(super) bind_id: Option<&'a str>,
}

impl Action for ListInstance<'_> {
    const NAME: &'static str = "ListInstance";
    const PRODUCT: &'static Product = &CAMS;
    // None is documented for this one; the one that most operations of the product have.
    const CALLS_PER_SECOND: u32 = 10;
    const IDEMPOTENT: bool = true;
    type Answer = Page;
}

/// A page of spaces.
#[derive(Deserialize)]
pub(super) struct Page {
    #[serde(rename = "TotalCount", default)]
    total: Json,
    #[serde(rename = "Data", default)]
    rows: Json,
}

/// A row of the list, as far as it matters here.
pub(super) struct Space {
    /// What a query takes as `CustSpaceId`. Where the row has none, its `InstanceId`: for direct customers both are the
    /// same, by the documentation.
    pub(super) id: String,
    /// When the space was made, in a notation that sorts by time.
    pub(super) made: String,
}

impl Page {
    /// How many rows all pages have together, if the service says so.
    pub(super) fn total(&self) -> Option<u64> {
        match &self.total {
            Json::Number(number) => number.as_u64(),
            Json::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// How many rows this page has, and which of them are spaces that a WABA can be bound to.
    pub(super) fn spaces(&self) -> Result<(usize, Vec<Space>), OddAnswer> {
        let rows = match &self.rows {
            Json::Null => &[][..],
            Json::Array(rows) => rows.as_slice(),
            _ => return Err(OddAnswer("`Data` is not a list".to_owned())),
        };
        let mut spaces = Vec::new();
        for row in rows {
            let Json::Object(fields) = row else {
                return Err(OddAnswer("a row of `Data` is not an object".to_owned()));
            };
            // Filtered here, because the documentation spells the filter's values in two ways.
            let channel = identifier(fields, "ChannelType")?;
            if channel.is_some_and(|channel| !channel.eq_ignore_ascii_case("whatsapp")) {
                continue;
            }
            let id = match identifier(fields, "CustSpaceId")? {
                Some(id) => id,
                None => identifier(fields, "InstanceId")?
                    .ok_or_else(|| OddAnswer("a row of `Data` has no identifier".to_owned()))?,
            };
            let made = identifier(fields, "SubmitTime").ok().flatten();
            spaces.push(Space {
                id,
                made: made.unwrap_or_default(),
            });
        }
        Ok((rows.len(), spaces))
    }
}

/// Why a space could not be looked at.
pub(super) enum Unread {
    /// The call failed.
    Call(Error),
    /// The service said `OK`, but the answer makes no sense.
    Odd(OddAnswer, Option<String>),
}

/// The WABA that is bound to a space, `None` if there is none.
pub(super) async fn query(
    operation: &Operation,
    cust_space_id: &str,
    isv_code: Option<&str>,
) -> Result<Option<Waba>, Unread> {
    let action = QueryChatappBindWaba {
        cust_space_id,
        isv_code,
    };
    let answer = operation.call(&action).await.map_err(Unread::Call)?;
    Waba::from_answer(answer.body).map_err(|odd| Unread::Odd(odd, answer.request_id))
}

/// An answer of a bind or a query. Data that is absent, null or empty holds nothing: which of these the service sends when
/// there is nothing to say is not documented.
#[derive(Deserialize)]
pub(super) struct Answer {
    #[serde(rename = "Data", default)]
    data: Json,
}

impl Answer {
    pub(super) fn fields(&self) -> Result<Option<&Map<String, Json>>, OddAnswer> {
        match &self.data {
            Json::Null => Ok(None),
            Json::Object(fields) => Ok(Some(fields).filter(|fields| !fields.is_empty())),
            Json::Array(elements) if elements.is_empty() => Ok(None),
            Json::String(text) if text.is_empty() => Ok(None),
            Json::Array(_) => Err(OddAnswer("`Data` is a list, not an object".to_owned())),
            Json::String(_) | Json::Bool(_) | Json::Number(_) => Err(OddAnswer(
                "`Data` is a single value, not an object".to_owned(),
            )),
        }
    }
}

/// What is wrong with an answer that says `OK`, to follow "the answer is odd: ".
pub(super) struct OddAnswer(pub(super) String);

/// An identifier among the fields of an answer. Numbers count, in case the service forgets the quotes; anything else is
/// not taken for "nothing there", since an object must not leave the state over a slip of the service.
pub(super) fn identifier(
    fields: &Map<String, Json>,
    name: &str,
) -> Result<Option<String>, OddAnswer> {
    match fields.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(Json::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(OddAnswer(format!(
            "`Data.{name}` is neither text nor a number"
        ))),
    }
}

/// What the service knows of a bound WABA.
#[derive(Debug)]
pub(super) struct Waba {
    pub(super) id: String,
    fields: Map<String, Json>,
}

impl Waba {
    /// A WABA of which nothing but the ID is known.
    pub(super) fn unread(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            fields: Map::new(),
        }
    }

    /// Whether nothing that a query says is in this state: then none has shown the binding since it was made.
    pub(super) fn is_unread(state: &Object) -> bool {
        let names = FROM_QUERY.iter().map(|(attribute, ..)| *attribute);
        let mut names = names.chain([ELIGIBILITY.0]);
        names.all(|attribute| state.get(attribute).is_null())
    }

    fn from_answer(answer: Answer) -> Result<Option<Self>, OddAnswer> {
        let Some(id) = answer
            .fields()?
            .map(|fields| identifier(fields, "Id"))
            .transpose()?
            .flatten()
        else {
            return Ok(None);
        };
        let fields = match answer.data {
            Json::Object(fields) => fields,
            _ => Map::new(),
        };
        Ok(Some(Self { id, fields }))
    }

    /// Writes the computed attributes; null where the service is silent.
    pub(super) fn fill(&self, state: &mut Object) {
        for (attribute, field, _) in FROM_QUERY {
            let value = match self.fields.get(field) {
                None | Some(Json::Null) => Value::Null,
                Some(Json::String(text)) => Value::string(text),
                // Undescribed fields may come in another type one day; their JSON is the honest text then.
                Some(other) => Value::string(other.to_string()),
            };
            state.set(attribute, value);
        }
        let eligibility = self
            .fields
            .get(ELIGIBILITY.1)
            .filter(|json| !json.is_null());
        state.set(
            ELIGIBILITY.0,
            Value::optional_string(eligibility.map(ToString::to_string)),
        );
    }
}

/// The object-valued field of a query, kept as JSON text.
const ELIGIBILITY: (&str, &str) = (
    "auth_international_rate_eligibility",
    "AuthInternationalRateEligibility",
);

/// The computed attributes that `QueryChatappBindWaba` fills, with their names there.
pub(super) const FROM_QUERY: [(&str, &str, &str); 9] = [
    ("waba_name", "Name", "Name of the WABA."),
    (
        "account_review_status",
        "AccountReviewStatus",
        "Meta's review of the WABA: `PENDING`, `APPROVED`, `REJECTED` or `DISABLED`.",
    ),
    (
        "business_id",
        "BusinessId",
        "ID of the Meta business portfolio.",
    ),
    (
        "business_name",
        "BusinessName",
        "Name of the Meta business portfolio.",
    ),
    (
        "currency",
        "Currency",
        "Currency of the WABA, for example `USD`.",
    ),
    (
        "message_template_namespace",
        "MessageTemplateNamespace",
        "Namespace of the message templates.",
    ),
    (
        "marketing_message_lite_status",
        "MarketingMessageLiteStatus",
        "State of Marketing Messages Lite, for example `Y`.",
    ),
    (
        "is_on_biz_app",
        "IsOnBizApp",
        "The service's field `IsOnBizApp`, for example `N`. The service does not describe it.",
    ),
    (
        "primary_business_location",
        "PrimaryBusinessLocation",
        "The service's field `PrimaryBusinessLocation`, as it comes.",
    ),
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Answer, Page, Waba};

    #[test]
    fn what_a_query_says() {
        let check = |body: serde_json::Value, expected: Result<Option<&str>, ()>| {
            let answer: Answer = serde_json::from_value(body.clone()).expect("every body is read");
            let found = Waba::from_answer(answer).map(|waba| waba.map(|waba| waba.id));
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
        ] {
            check(nothing, Ok(None));
        }
        check(json!({"Data": {"Id": null, "Currency": "USD"}}), Ok(None));
        check(json!({"Data": {"Id": ""}}), Ok(None));
        for odd in [
            json!({"Data": "7"}),
            json!({"Data": [1]}),
            json!({"Data": {"Id": ["7"]}}),
            json!({"Data": true}),
        ] {
            check(odd, Err(()));
        }
    }

    #[test]
    fn what_a_page_says() {
        let check = |body: serde_json::Value,
                     expected: Result<(Option<u64>, usize, &[&str]), ()>| {
            let page: Page = serde_json::from_value(body.clone()).expect("every body is read");
            let found = page.spaces().map_err(|_| ());
            let found = found.map(|(rows, spaces)| {
                let ids: Vec<String> = spaces.into_iter().map(|space| space.id).collect();
                (page.total(), rows, ids)
            });
            let expected = expected.map(|(total, rows, ids)| {
                (total, rows, ids.iter().map(|&id| id.to_owned()).collect())
            });
            assert_eq!(found, expected, "{body}");
        };
        check(json!({}), Ok((None, 0, &[])));
        check(json!({"TotalCount": 0, "Data": []}), Ok((Some(0), 0, &[])));
        check(
            json!({"TotalCount": "3", "Data": [
                {"CustSpaceId": "a", "InstanceId": "1", "ChannelType": "WHATSAPP"},
                {"InstanceId": "2"},
                {"CustSpaceId": "v", "ChannelType": "viber"},
            ]}),
            Ok((Some(3), 3, &["a", "2"])),
        );
        check(json!({"Data": {}}), Err(()));
        check(json!({"Data": [1]}), Err(()));
        check(json!({"Data": [{"ChannelType": "whatsapp"}]}), Err(()));
        check(json!({"Data": [{"CustSpaceId": ["a"]}]}), Err(()));
    }
}
