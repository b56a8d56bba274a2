//! The attributes of a phone number, and what its status means.

use alicloud::cams::phone_number::{CallHours, Calling, PhoneNumber};
use framework::{
    Attribute, Block, Field, Type,
    schema::{Collection, Setting, Validator},
};
use serde::{Deserialize, Serialize};

use crate::common::{
    phone_number,
    space::{self, isv_code_attribute},
};

/// The number is kept registered.
pub(super) const MANAGED: &str = "MANAGED";
/// The number is only in the state.
pub(super) const NONE: &str = "NONE";

/// A phone number, as configuration and state hold it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Model {
    pub(super) cust_space_id: Field<String>,
    pub(super) phone_number: Field<String>,
    pub(super) country_code: Field<String>,
    pub(super) verified_name: Field<String>,
    pub(super) registration: Field<String>,
    pub(super) isv_code: Field<String>,
    pub(super) registered: Field<bool>,
    pub(super) status: Field<String>,
    pub(super) quality_rating: Field<String>,
    pub(super) messaging_limit_tier: Field<String>,
    pub(super) name_status: Field<String>,
    pub(super) new_name_status: Field<String>,
    pub(super) code_verification_status: Field<String>,
    pub(super) is_official: Field<String>,
    pub(super) phone_number_id: Field<String>,
    pub(super) calling: Field<CallingModel>,
}

/// `CallingConfigure`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct CallingModel {
    calling_callback_url: Field<String>,
    max_talk_time: Field<u64>,
    status: Field<String>,
    call_icon_visibility: Field<String>,
    callback_permission_status: Field<String>,
    call_hours: Field<CallHoursModel>,
}

/// `CallHours`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct CallHoursModel {
    status: Field<String>,
    timezone_id: Field<String>,
    weekly_operating_hours: Field<Vec<OperatingHours>>,
    holiday_schedule: Field<Vec<Holiday>>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct OperatingHours {
    day_of_week: Field<String>,
    open_time: Field<String>,
    close_time: Field<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Holiday {
    date: Field<String>,
    start_time: Field<String>,
    end_time: Field<String>,
}

impl Model {
    /// Writes what the service says of the number, all but its name; null where the service is silent.
    pub(super) fn fill(&mut self, number: &PhoneNumber) {
        self.registered = registered(number.status.as_deref()).into();
        self.status = number.status.clone().into();
        self.quality_rating = number.quality_rating.clone().into();
        self.messaging_limit_tier = number.messaging_limit_tier.clone().into();
        self.name_status = number.name_status.clone().into();
        self.new_name_status = number.new_name_status.clone().into();
        self.code_verification_status = number.code_verification_status.clone().into();
        self.is_official = number.is_official.clone().into();
        self.calling = number.calling.clone().map(CallingModel::from).into();
    }

    /// What a registration may change is known only after it.
    pub(super) fn expect_registration(&mut self) {
        self.registered = Field::Unknown;
        self.status = Field::Unknown;
        self.quality_rating = Field::Unknown;
        self.messaging_limit_tier = Field::Unknown;
        self.name_status = Field::Unknown;
        self.new_name_status = Field::Unknown;
        self.code_verification_status = Field::Unknown;
        self.is_official = Field::Unknown;
        self.calling = Field::Unknown;
    }

    /// Whether the configuration asks for a registration that is missing. `is_under_way` says that one was asked for a short
    /// while ago.
    pub(super) fn wants_registration(&self, registered: Option<bool>, is_under_way: bool) -> bool {
        self.registration.as_deref() == Some(MANAGED) && registered == Some(false) && !is_under_way
    }
}

/// Whether a number with this status can send. `None` for every word of which no page says so: nothing is done about a number
/// in such a state. To register one that was moved elsewhere could take it back from there.
pub(super) fn registered(status: Option<&str>) -> Option<bool> {
    match status? {
        "CONNECTED" | "FLAGGED" | "RESTRICTED" | "RATE_LIMITED" | "PAUSED" => Some(true),
        "PENDING" | "UNVERIFIED" | "DISCONNECTED" => Some(false),
        _ => None,
    }
}

impl From<Calling> for CallingModel {
    fn from(calling: Calling) -> Self {
        Self {
            calling_callback_url: calling.calling_callback_url.into(),
            max_talk_time: calling.max_talk_time.into(),
            status: calling.status.into(),
            call_icon_visibility: calling.call_icon_visibility.into(),
            callback_permission_status: calling.callback_permission_status.into(),
            call_hours: calling.call_hours.map(CallHoursModel::from).into(),
        }
    }
}

impl From<CallHours> for CallHoursModel {
    fn from(hours: CallHours) -> Self {
        let weekly = hours.weekly_operating_hours.into_iter();
        let holidays = hours.holiday_schedule.into_iter();
        Self {
            status: hours.status.into(),
            timezone_id: hours.timezone_id.into(),
            weekly_operating_hours: Field::Known(
                weekly
                    .map(|[day, open, close]| OperatingHours {
                        day_of_week: day.into(),
                        open_time: open.into(),
                        close_time: close.into(),
                    })
                    .collect(),
            ),
            holiday_schedule: Field::Known(
                holidays
                    .map(|[date, start, end]| Holiday {
                        date: date.into(),
                        start_time: start.into(),
                        end_time: end.into(),
                    })
                    .collect(),
            ),
        }
    }
}

/// The attributes of the resource.
pub(super) fn block() -> Block {
    let block = Block::new(
        "A phone number of the WABA of a space, registered so that it can send. After Meta's embedded signup the number exists \
         and is verified; this resource synchronises and registers it without a person. A number that the WABA lacks is added \
         if `country_code` and `verified_name` are set; it has to be verified by a code that a person receives.",
    )
    .attribute(space::attribute())
    .attribute(phone_number::attribute())
    .attribute(
        Attribute::optional("country_code", Type::String)
            .describe("Country code, the digits at the beginning of `phone_number`. Needed only to add the number to the WABA.")
            .validate(Validator::text(|text| {
                let is_code = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
                if is_code {
                    return Ok(());
                }
                Err(format!(
                    "must be a country code of 1 to 4 digits without \"+\", for example \"65\", but is \"{}\"",
                    text.escape_debug()
                ))
            })),
    )
    .attribute(
        Attribute::optional_computed("verified_name", Type::String)
            .describe("Display name. The number is added with it; the service has no operation to change it later. A name that Meta changes shows as a warning.")
            .validate(Validator::text(|text| {
                if text.is_empty() {
                    Err("must not be empty; leave it out instead".to_owned())
                } else {
                    Ok(())
                }
            }))
            .use_state_for_unknown(),
    )
    .attribute(
        Attribute::optional("registration", Type::String)
            .describe("`MANAGED` (default) registers the number, and again when it is no longer registered. `NONE` only reads it, for example for a number that is used in the phone app. An imported number that is not registered has `NONE` in the state.")
            .validate(Validator::one_of(&[MANAGED, NONE]))
            .default(MANAGED),
    )
    .attribute(isv_code_attribute())
    .attribute(
        Attribute::computed("registered", Type::Bool)
            .describe("Whether the number can send: true for `CONNECTED`, `FLAGGED`, `RESTRICTED`, `RATE_LIMITED` and `PAUSED`; false for `PENDING`, `UNVERIFIED` and `DISCONNECTED`; null for every other status, about which nothing is done.")
            .use_state_for_unknown(),
    );
    let block = row_attributes()
        .into_iter()
        .fold(block, |block, (name, description)| {
            block.attribute(
                Attribute::computed(name, Type::String)
                    .describe(description)
                    .use_state_for_unknown(),
            )
        });
    block
        .attribute(
            Attribute::computed("phone_number_id", Type::String)
                .describe("Numeric ID of the number at Meta.")
                .use_state_for_unknown(),
        )
        .attribute(calling_attribute().use_state_for_unknown())
}

/// What is shown of a number as it comes.
pub(super) fn row_attributes() -> [(&'static str, &'static str); 7] {
    [
        (
            "status",
            "Status of the number, for example `CONNECTED`, `PENDING`, `FLAGGED` or `BANNED`.",
        ),
        (
            "quality_rating",
            "Meta's rating of the messages: `GREEN`, `YELLOW` or `RED`.",
        ),
        (
            "messaging_limit_tier",
            "How many customers may be written to first, for example `TIER_1K`.",
        ),
        ("name_status", "Meta's review of the display name."),
        ("new_name_status", "Meta's review of a new display name."),
        (
            "code_verification_status",
            "Whether the number was verified, for example `VERIFIED`.",
        ),
        (
            "is_official",
            "Whether the number has an official business account: `Y` or `N`.",
        ),
    ]
}

/// `calling`.
pub(super) fn calling_attribute() -> Attribute {
    let text = |name, description: &'static str| {
        Attribute::computed(name, Type::String).describe(description)
    };
    let list = |name, attributes, description: &'static str| {
        Attribute::nested(name, Collection::List, attributes, Setting::Computed)
            .describe(description)
    };
    let hours = vec![
        text("status", "Whether the hours count."),
        text("timezone_id", "Time zone of the hours."),
        list(
            "weekly_operating_hours",
            vec![
                text("day_of_week", "Day of the week."),
                text("open_time", "Begin."),
                text("close_time", "End."),
            ],
            "Hours of the days of the week.",
        ),
        list(
            "holiday_schedule",
            vec![
                text("date", "Date."),
                text("start_time", "Begin."),
                text("end_time", "End."),
            ],
            "Other hours on single days.",
        ),
    ];
    Attribute::nested(
        "calling",
        Collection::Single,
        vec![
            text("calling_callback_url", "URL that reports on calls go to."),
            Attribute::computed("max_talk_time", Type::Number)
                .describe("The longest call; the service does not document the unit."),
            text("status", "Whether calls are allowed."),
            text("call_icon_visibility", "Whether the call button is shown."),
            text(
                "callback_permission_status",
                "Whether the business may call back.",
            ),
            Attribute::nested("call_hours", Collection::Single, hours, Setting::Computed)
                .describe("When calls are taken."),
        ],
        Setting::Computed,
    )
    .describe("How calls to the number are treated (`CallingConfigure`), as the service shows it. No operation sets it.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_means_registered_not_registered_or_unknown() {
        for (status, expected) in [
            (Some("CONNECTED"), Some(true)),
            (Some("FLAGGED"), Some(true)),
            (Some("RESTRICTED"), Some(true)),
            (Some("RATE_LIMITED"), Some(true)),
            (Some("PAUSED"), Some(true)),
            (Some("PENDING"), Some(false)),
            (Some("UNVERIFIED"), Some(false)),
            (Some("DISCONNECTED"), Some(false)),
            (Some("BANNED"), None),
            (Some("MIGRATED"), None),
            (Some("DELETED"), None),
            (Some("OFFLINE"), None),
            (Some("UNKNOWN"), None),
            (Some("A_NEW_WORD"), None),
            (Some("connected"), None),
            (None, None),
        ] {
            assert_eq!(registered(status), expected, "{status:?}");
        }
    }

    #[test]
    fn only_a_missing_registration_that_is_managed_is_made() {
        let check = |registration: &str, registered, is_under_way, expected| {
            let model = Model {
                registration: registration.into(),
                ..Model::default()
            };
            let found = model.wants_registration(registered, is_under_way);
            assert_eq!(
                found, expected,
                "{registration} {registered:?} {is_under_way}"
            );
        };
        check(MANAGED, Some(false), false, true);
        check(MANAGED, Some(false), true, false);
        check(MANAGED, Some(true), false, false);
        check(MANAGED, None, false, false);
        check(NONE, Some(false), false, false);
    }
}
