//! Phone numbers of the WABA of a space: the copy that the service keeps, registration, and verification by a code.

use serde::{Deserialize, Serialize};

use super::NoData;
use crate::json::{Fields, UnexpectedResponse};
use crate::{Action, CAMS, Product};

/// Lists the numbers of a space, all at once. The service keeps a copy of what Meta has; only
/// [`ChatappSyncPhoneNumber`] brings it up to date. The parameter `Status` is left out: what it filters is not documented.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct QueryChatappPhoneNumbers<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// The code that shows that an ISV may act for the owner of the space. Treated as a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isv_code: Option<&'a str>,
}

/// The numbers of a space. A response without the list is an error; an empty list is complete.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(try_from = "Fields")]
pub struct QueryChatappPhoneNumbersResponse {
    /// In no documented order.
    pub phone_numbers: Vec<PhoneNumber>,
}

/// A number as the service describes it. Every field but the number may be absent. The words of the states are not fixed:
/// two pages of the service document two sets of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PhoneNumber {
    /// Digits, country code first, without `+`.
    pub phone_number: String,
    /// The display name.
    pub verified_name: Option<String>,
    /// Such as `PENDING`, `CONNECTED`, `BANNED`.
    pub status: Option<String>,
    /// Meta's review of the display name.
    pub name_status: Option<String>,
    /// Meta's review of a new display name.
    pub new_name_status: Option<String>,
    /// Such as `VERIFIED`.
    pub code_verification_status: Option<String>,
    /// `GREEN`, `YELLOW` or `RED`.
    pub quality_rating: Option<String>,
    /// Such as `TIER_1K`.
    pub messaging_limit_tier: Option<String>,
    /// `Y` or `N`.
    pub is_official: Option<String>,
    /// Where reports on messages go, without the white space that some rows have around it.
    pub status_callback_url: Option<String>,
    /// Where messages of customers go, without white space around it.
    pub up_callback_url: Option<String>,
    /// The queue for reports.
    pub status_queue: Option<String>,
    /// The queue for messages of customers.
    pub up_queue: Option<String>,
    /// How calls to the number are treated.
    pub calling: Option<Calling>,
}

/// How calls to a number are treated (`CallingConfigure`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calling {
    /// Where reports on calls go.
    pub calling_callback_url: Option<String>,
    /// The longest call; the unit is not documented.
    pub max_talk_time: Option<u64>,
    /// Whether calls are allowed.
    pub status: Option<String>,
    /// Whether the call button is shown.
    pub call_icon_visibility: Option<String>,
    /// Whether the business may call back.
    pub callback_permission_status: Option<String>,
    /// When calls are taken.
    pub call_hours: Option<CallHours>,
}

/// When calls are taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallHours {
    /// Whether the hours count.
    pub status: Option<String>,
    /// The time zone of the hours.
    pub timezone_id: Option<String>,
    /// Hours of the days of the week: day, begin, end.
    pub weekly_operating_hours: Vec<[Option<String>; 3]>,
    /// Other hours on single days: date, begin, end.
    pub holiday_schedule: Vec<[Option<String>; 3]>,
}

impl Action for QueryChatappPhoneNumbers<'_> {
    const NAME: &'static str = "QueryChatappPhoneNumbers";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 10;
    const IDEMPOTENT: bool = true;
    const SENSITIVE: &'static [&'static str] = &["IsvCode"];
    type Response = QueryChatappPhoneNumbersResponse;
}

impl TryFrom<Fields> for QueryChatappPhoneNumbersResponse {
    type Error = UnexpectedResponse;

    fn try_from(body: Fields) -> Result<Self, UnexpectedResponse> {
        let rows = body.required_objects("PhoneNumbers")?;
        Ok(Self {
            phone_numbers: rows.iter().map(number).collect::<Result<_, _>>()?,
        })
    }
}

fn number(row: &Fields) -> Result<PhoneNumber, UnexpectedResponse> {
    let url = |name| {
        let url = row.text(name)?;
        Some(url.trim().to_owned()).filter(|url| !url.is_empty())
    };
    let text = |name| row.text(name).filter(|text| !text.is_empty());
    Ok(PhoneNumber {
        phone_number: row
            .required("PhoneNumber")?
            .trim_start_matches('+')
            .to_owned(),
        verified_name: text("VerifiedName"),
        status: text("Status"),
        name_status: text("NameStatus"),
        new_name_status: text("NewNameStatus"),
        code_verification_status: text("CodeVerificationStatus"),
        quality_rating: text("QualityRating"),
        messaging_limit_tier: text("MessagingLimitTier"),
        is_official: text("IsOfficial"),
        status_callback_url: url("StatusCallbackUrl"),
        up_callback_url: url("UpCallbackUrl"),
        status_queue: text("StatusQueue"),
        up_queue: text("UpQueue"),
        calling: row
            .object("CallingConfigure")?
            .map(|configure| calling(&configure))
            .transpose()?,
    })
}

/// The documentation shows two keys in two places, so both are read.
fn calling(configure: &Fields) -> Result<Calling, UnexpectedResponse> {
    let inner = configure.object("Calling")?;
    let hours = match &inner {
        Some(inner) => inner.object("CallHours")?,
        None => None,
    };
    let of_inner = |name: &str| inner.as_ref().and_then(|inner| inner.text(name));
    let of_hours = |name: &str| hours.as_ref().and_then(|hours| hours.text(name));
    let either = |name: &str| of_inner(name).or_else(|| of_hours(name));
    Ok(Calling {
        calling_callback_url: configure.text("CallingCallbackUrl"),
        max_talk_time: configure.count("MaxTalkTime"),
        status: of_inner("Status"),
        call_icon_visibility: either("CallIconVisibility"),
        callback_permission_status: either("CallbackPermissionStatus"),
        call_hours: hours.as_ref().map(call_hours).transpose()?.flatten(),
    })
}

fn call_hours(hours: &Fields) -> Result<Option<CallHours>, UnexpectedResponse> {
    let rows = |list: &str, names: [&str; 3]| -> Result<Vec<_>, UnexpectedResponse> {
        let rows = hours.objects(list)?;
        let row = |row: &Fields| names.map(|name| row.text(name));
        Ok(rows.iter().map(row).collect())
    };
    let found = CallHours {
        status: hours.text("Status"),
        timezone_id: hours.text("TimezoneId"),
        weekly_operating_hours: rows(
            "WeeklyOperatingHours",
            ["DayOfWeek", "OpenTime", "CloseTime"],
        )?,
        holiday_schedule: rows("HolidaySchedule", ["Date", "StartTime", "EndTime"])?,
    };
    Ok((found != CallHours::default()).then_some(found))
}

/// Copies all numbers of the WABA of a space from Meta.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChatappSyncPhoneNumber<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
}

/// What was copied. The list may be absent; [`QueryChatappPhoneNumbers`] has it for certain.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(try_from = "Fields")]
pub struct ChatappSyncPhoneNumberResponse {
    /// The numbers.
    pub phone_numbers: Vec<PhoneNumber>,
}

impl Action for ChatappSyncPhoneNumber<'_> {
    const NAME: &'static str = "ChatappSyncPhoneNumber";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 10;
    const IDEMPOTENT: bool = true;
    type Response = ChatappSyncPhoneNumberResponse;
}

impl TryFrom<Fields> for ChatappSyncPhoneNumberResponse {
    type Error = UnexpectedResponse;

    fn try_from(body: Fields) -> Result<Self, UnexpectedResponse> {
        let rows = body.objects("PhoneNumbers")?;
        Ok(Self {
            phone_numbers: rows.iter().map(number).collect::<Result<_, _>>()?,
        })
    }
}

/// Adds a number to the WABA of a space. It has to be verified by a code before it can be registered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AddChatappPhoneNumber<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// The country code, without `+`.
    pub cc: &'a str,
    /// The number without the country code.
    pub phone_number: &'a str,
    /// The display name, which Meta reviews.
    pub verified_name: &'a str,
}

impl Action for AddChatappPhoneNumber<'_> {
    const NAME: &'static str = "AddChatappPhoneNumber";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 10;
    const IDEMPOTENT: bool = false;
    type Response = NoData;
}

/// Asks Meta whether somebody has proved that the number is theirs. A proof counts for about 14 days.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetPhoneNumberVerificationStatus<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// Digits, country code first.
    pub phone_number: &'a str,
}

/// The verification of a number.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Fields")]
pub struct GetPhoneNumberVerificationStatusResponse {
    /// `NOT_VERIFIED`, `VERIFIED` or `EXPIRED`.
    pub code_verification_status: Option<String>,
    /// Numeric ID of the number at Meta.
    pub id: Option<String>,
}

impl Action for GetPhoneNumberVerificationStatus<'_> {
    const NAME: &'static str = "GetPhoneNumberVerificationStatus";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 10;
    const IDEMPOTENT: bool = true;
    type Response = GetPhoneNumberVerificationStatusResponse;
}

impl TryFrom<Fields> for GetPhoneNumberVerificationStatusResponse {
    type Error = UnexpectedResponse;

    fn try_from(body: Fields) -> Result<Self, UnexpectedResponse> {
        let data = body.required_object("Data")?;
        Ok(Self {
            code_verification_status: data.text("CodeVerificationStatus"),
            id: data.identifier("Id")?,
        })
    }
}

/// Registers a verified number, so that it can send. Meta allows ten in 72 hours, so it is not retried by itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChatappPhoneNumberRegister<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// Digits, country code first.
    pub phone_number: &'a str,
}

impl Action for ChatappPhoneNumberRegister<'_> {
    const NAME: &'static str = "ChatappPhoneNumberRegister";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 10;
    const IDEMPOTENT: bool = false;
    type Response = NoData;
}

/// Takes the registration of a number back: it stops sending at once, and stays in the WABA.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChatappPhoneNumberDeregister<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// Digits, country code first.
    pub phone_number: &'a str,
}

impl Action for ChatappPhoneNumberDeregister<'_> {
    const NAME: &'static str = "ChatappPhoneNumberDeregister";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 10;
    const IDEMPOTENT: bool = true;
    type Response = NoData;
}

/// Has a verification code sent to the person who owns the number.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetChatappVerifyCode<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// Digits, country code first.
    pub phone_number: &'a str,
    /// Language of the message, such as `en_US`.
    pub locale: &'a str,
    /// `sms`; the word for a call is not documented.
    pub method: &'a str,
}

impl Action for GetChatappVerifyCode<'_> {
    const NAME: &'static str = "GetChatappVerifyCode";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 10;
    const IDEMPOTENT: bool = false;
    type Response = NoData;
}

/// Takes the code that a person has received, and registers the number.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChatappVerifyAndRegister<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// Digits, country code first.
    pub phone_number: &'a str,
    /// The code.
    pub verify_code: &'a str,
}

impl Action for ChatappVerifyAndRegister<'_> {
    const NAME: &'static str = "ChatappVerifyAndRegister";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 10;
    const IDEMPOTENT: bool = false;
    const SENSITIVE: &'static [&'static str] = &["VerifyCode"];
    type Response = NoData;
}

/// Sets where messages of a number go. What an omitted parameter means is not documented, so all are sent. URLs are treated as
/// secrets: they may have a token.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct UpdatePhoneWebhook<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// Digits, country code first.
    pub phone_number: &'a str,
    /// Where reports on messages go; empty for nowhere.
    pub status_callback_url: &'a str,
    /// Where messages of customers go; empty for nowhere.
    pub up_callback_url: &'a str,
    /// `Y` or `N`: whether they go to the URLs.
    pub http_flag: &'a str,
    /// `Y` or `N`: whether they go to queues.
    pub queue_flag: &'a str,
}

impl Action for UpdatePhoneWebhook<'_> {
    const NAME: &'static str = "UpdatePhoneWebhook";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 10;
    const IDEMPOTENT: bool = true;
    const SENSITIVE: &'static [&'static str] = &["StatusCallbackUrl", "UpCallbackUrl"];
    type Response = NoData;
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_list_is_complete_or_an_error() {
        let check = |body: Value, expected: Result<&[&str], &str>| {
            let found = serde_json::from_value::<QueryChatappPhoneNumbersResponse>(body.clone());
            let found = found.map_err(|error| error.to_string());
            let found = found.map(|response| {
                let numbers = response.phone_numbers.into_iter();
                numbers
                    .map(|number| number.phone_number)
                    .collect::<Vec<_>>()
            });
            let expected = expected
                .map(|numbers| {
                    numbers
                        .iter()
                        .map(|&it| it.to_owned())
                        .collect::<Vec<String>>()
                })
                .map_err(str::to_owned);
            assert_eq!(found, expected, "{body}");
        };
        check(json!({"PhoneNumbers": [], "Data": ""}), Ok(&[]));
        check(
            json!({"PhoneNumbers": [{"PhoneNumber": 861}, {"PhoneNumber": "+65"}]}),
            Ok(&["861", "65"]),
        );
        check(json!({"Data": ""}), Err("it has no `PhoneNumbers`"));
        check(
            json!({"PhoneNumbers": null}),
            Err("it has no `PhoneNumbers`"),
        );
        check(
            json!({"PhoneNumbers": [{"Status": "CONNECTED"}]}),
            Err("it has no `PhoneNumbers[0].PhoneNumber`"),
        );
        check(
            json!({"PhoneNumbers": {}}),
            Err("`PhoneNumbers` is not a list"),
        );
    }

    #[test]
    fn rows_are_read_leniently() {
        let hours = json!({
            "Status": "ENABLED",
            "CallIconVisibility": "DEFAULT",
            "WeeklyOperatingHours": [{"DayOfWeek": "MONDAY", "OpenTime": "0900"}],
        });
        let body = json!({"PhoneNumbers": [{
            "PhoneNumber": "6580000001",
            "Status": "CONNECTED",
            "NewNameStatus": "",
            "StatusCallbackUrl": "https://a.example/x\n",
            "UpCallbackUrl": " ",
            "CallingConfigure": {
                "MaxTalkTime": "60",
                "Calling": {"Status": "ENABLED", "CallbackPermissionStatus": "Y", "CallHours": hours},
            },
        }]});
        let response: QueryChatappPhoneNumbersResponse =
            serde_json::from_value(body).expect("a list");
        let text = |text: &str| Some(text.to_owned());
        let expected = PhoneNumber {
            phone_number: "6580000001".to_owned(),
            status: text("CONNECTED"),
            status_callback_url: text("https://a.example/x"),
            calling: Some(Calling {
                max_talk_time: Some(60),
                status: text("ENABLED"),
                call_icon_visibility: text("DEFAULT"),
                callback_permission_status: text("Y"),
                call_hours: Some(CallHours {
                    status: text("ENABLED"),
                    weekly_operating_hours: vec![[text("MONDAY"), text("0900"), None]],
                    ..CallHours::default()
                }),
                ..Calling::default()
            }),
            ..PhoneNumber::default()
        };
        assert_eq!(response.phone_numbers, [expected]);
    }

    #[test]
    fn a_verification_may_lack_all_but_its_object() {
        let check = |body: Value, expected: Result<(Option<&str>, Option<&str>), &str>| {
            let found =
                serde_json::from_value::<GetPhoneNumberVerificationStatusResponse>(body.clone());
            let found = found.map_err(|error| error.to_string());
            let expected = expected
                .map(|(status, id)| GetPhoneNumberVerificationStatusResponse {
                    code_verification_status: status.map(str::to_owned),
                    id: id.map(str::to_owned),
                })
                .map_err(str::to_owned);
            assert_eq!(found, expected, "{body}");
        };
        check(
            json!({"Data": {"Id": 7, "CodeVerificationStatus": "VERIFIED"}}),
            Ok((Some("VERIFIED"), Some("7"))),
        );
        check(json!({"Data": {"PhoneNumber": "1"}}), Ok((None, None)));
        check(json!({}), Err("it has no `Data`"));
    }
}
