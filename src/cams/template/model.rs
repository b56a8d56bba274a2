//! The attributes of a template. It has at most one component of each kind, so each kind is an attribute of its own and
//! the order on the wire makes no difference.

use std::collections::BTreeMap;

use framework::{
    Attribute, Block, Field, Type,
    schema::{Collection, Setting, Validator},
};
use serde::{Deserialize, Serialize};

use crate::common::space::{self, isv_code_attribute};

/// The type of most templates.
pub(super) const WHATSAPP: &str = "WHATSAPP";
/// A category whose texts Meta writes.
pub(super) const AUTHENTICATION: &str = "AUTHENTICATION";

/// A template, as configuration and state hold it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Model {
    pub(super) cust_space_id: Field<String>,
    pub(super) name: Field<String>,
    pub(super) language: Field<String>,
    pub(super) template_type: Field<String>,
    pub(super) category: Field<String>,
    pub(super) header: Field<Header>,
    pub(super) body: Field<Body>,
    pub(super) footer: Field<Footer>,
    pub(super) buttons: Field<Vec<Field<Button>>>,
    pub(super) cards: Field<Vec<Field<Card>>>,
    pub(super) limited_time_offer: Field<LimitedTimeOffer>,
    pub(super) example: Field<BTreeMap<String, Field<String>>>,
    pub(super) message_send_ttl_seconds: Field<i64>,
    pub(super) category_change_paused: Field<bool>,
    pub(super) allow_send: Field<bool>,
    pub(super) product_set_id: Field<String>,
    pub(super) wait_for_audit: Field<String>,
    pub(super) isv_code: Field<String>,
    pub(super) template_code: Field<String>,
    pub(super) current_category: Field<String>,
    pub(super) audit_status: Field<String>,
    pub(super) reason: Field<String>,
    pub(super) quality_score: Field<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) format: Field<String>,
    pub(super) text: Field<String>,
    pub(super) url: Field<String>,
    pub(super) file_name: Field<String>,
    pub(super) caption: Field<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Body {
    pub(super) text: Field<String>,
    pub(super) add_secret_recommendation: Field<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Footer {
    pub(super) text: Field<String>,
    pub(super) code_expiration_minutes: Field<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct LimitedTimeOffer {
    pub(super) text: Field<String>,
    pub(super) has_expiration: Field<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Button {
    #[serde(rename = "type")]
    pub(super) kind: Field<String>,
    pub(super) text: Field<String>,
    pub(super) url: Field<String>,
    pub(super) url_type: Field<String>,
    pub(super) phone_number: Field<String>,
    pub(super) coupon_code: Field<String>,
    pub(super) is_opt_out: Field<bool>,
    pub(super) autofill_text: Field<String>,
    pub(super) supported_apps: Field<Vec<Field<SupportedApp>>>,
    pub(super) flow_id: Field<String>,
    pub(super) flow_action: Field<String>,
    pub(super) navigate_screen: Field<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct SupportedApp {
    pub(super) package_name: Field<String>,
    pub(super) signature_hash: Field<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Card {
    pub(super) header: Field<CardHeader>,
    pub(super) body: Field<CardBody>,
    pub(super) buttons: Field<Vec<Field<CardButton>>>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct CardHeader {
    pub(super) format: Field<String>,
    pub(super) url: Field<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct CardBody {
    pub(super) text: Field<String>,
}

/// A button of a card has fewer attributes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct CardButton {
    #[serde(rename = "type")]
    pub(super) kind: Field<String>,
    pub(super) text: Field<String>,
    pub(super) url: Field<String>,
    pub(super) url_type: Field<String>,
    pub(super) phone_number: Field<String>,
}

impl From<Button> for CardButton {
    fn from(button: Button) -> Self {
        Self {
            kind: button.kind,
            text: button.text,
            url: button.url,
            url_type: button.url_type,
            phone_number: button.phone_number,
        }
    }
}

impl From<CardButton> for Button {
    fn from(button: CardButton) -> Self {
        Self {
            kind: button.kind,
            text: button.text,
            url: button.url,
            url_type: button.url_type,
            phone_number: button.phone_number,
            ..Self::default()
        }
    }
}

impl Model {
    /// Whether Meta writes the texts.
    pub(super) fn is_authentication(&self) -> bool {
        self.category.as_deref() == Some(AUTHENTICATION)
    }

    /// Whether Meta has approved it, by the state. An old form of the response has another word.
    pub(super) fn is_approved(&self) -> bool {
        is_approved(self.audit_status.as_deref())
    }
}

/// Whether an audit status says that Meta approved the template.
pub(super) fn is_approved(audit_status: Option<&str>) -> bool {
    audit_status.is_some_and(|status| {
        status.eq_ignore_ascii_case("pass") || status.eq_ignore_ascii_case("approved")
    })
}

/// Whether an audit status says that the review is not over.
pub(super) fn is_under_review(audit_status: Option<&str>) -> bool {
    audit_status.is_none_or(|status| {
        ["auditing", "unaudit", "pending", ""]
            .iter()
            .any(|waiting| status.eq_ignore_ascii_case(waiting))
    })
}

/// What the code of a template is.
pub(super) const TEMPLATE_CODE_DESCRIPTION: &str =
    "Code of the template, which messages are sent with. Opaque.";
/// What the language of a template is.
pub(super) const LANGUAGE_DESCRIPTION: &str =
    "Language of the template, for example `en`, `en_US` or `pt_BR`.";
/// What the type of a template is.
pub(super) const TYPE_DESCRIPTION: &str = "`WHATSAPP` (default) or `VIBER`.";

const MEDIA: &str =
    "The service may keep a copy under another URL, so a change of it at the service is not seen.";

/// The attributes of the resource.
pub(super) fn block() -> Block {
    Block::new(
        "Manages a message template in one language. Creating it, and changing its content, submits it to Meta's review, \
         which takes minutes to days; creating does not wait for it, unless `wait_for_audit` says so. Test the result with a \
         postcondition on `audit_status`.\n\nVariables are written `$(name)`.\n\nMeta locks the name of a deleted template \
         that was approved, for 30 days. So a template that was ever approved is never replaced under its name, also not under \
         another address: the plan refuses it. Give the new template another `name`, or add a `moved` block. A template that Meta \
         has approved since the plan is not deleted: plan again.",
    )
    .attribute(space::attribute())
    .attribute(
        text("name", Setting::Required, "Name of the template: 1 to 512 lower-case letters, digits and underscores.")
            .requires_replace()
            .validate(Validator::text(check_name)),
    )
    .attribute(
        text("language", Setting::Required, LANGUAGE_DESCRIPTION)
            .requires_replace()
            .validate(Validator::text(check_language)),
    )
    .attribute(
        Attribute::optional("template_type", Type::String)
            .describe(TYPE_DESCRIPTION)
            .default(WHATSAPP)
            .requires_replace()
            .validate(Validator::one_of(&[WHATSAPP, "VIBER"])),
    )
    .attribute(
        text("category", Setting::Required, "Requested category: `UTILITY`, `MARKETING` or `AUTHENTICATION`. Meta may move the template to another category, which shows in `current_category` and does not change this argument. After an import it is the present category.")
            .requires_replace(),
    )
    .attribute(
        Attribute::nested("header", Collection::Single, header_attributes(), Setting::Optional)
            .describe("The header. Not for `AUTHENTICATION`."),
    )
    .attribute(
        Attribute::nested("body", Collection::Single, body_attributes(), Setting::Optional)
            .describe("The body. Required, except for `AUTHENTICATION`, where Meta writes the text."),
    )
    .attribute(
        Attribute::nested("footer", Collection::Single, footer_attributes(), Setting::Optional)
            .describe("The footer. Without any value in it, it is the same as none."),
    )
    .attribute(
        Attribute::nested("buttons", Collection::List, button_attributes(), Setting::Optional)
            .describe("Up to 10 buttons, in this order. For `AUTHENTICATION` exactly one.")
            .validate(at_most("buttons", 10)),
    )
    .attribute(
        Attribute::nested("cards", Collection::List, card_attributes(), Setting::Optional)
            .describe("The cards of a carousel, in this order."),
    )
    .attribute(
        Attribute::nested(
            "limited_time_offer",
            Collection::Single,
            vec![
                text("text", Setting::Optional, "Text of the offer."),
                Attribute::optional("has_expiration", Type::Bool)
                    .describe("Whether the message shows when the offer expires. Default: `false`."),
            ],
            Setting::Optional,
        )
        .describe("A limited-time offer. Without any value in it, it is the same as none."),
    )
    .attribute(
        Attribute::optional("example", Type::Map(Box::new(Type::String)))
            .describe("A sample for each variable, by its name. Meta reviews the template with them."),
    )
    .attribute(
        Attribute::optional_computed("message_send_ttl_seconds", Type::Number)
            .describe("For how long delivery is tried, in seconds: 30 to 900 for `AUTHENTICATION`, 30 to 43200 for `UTILITY`. No operation removes it once it is set, so the value stays if the argument is removed.")
            .use_state_for_unknown(),
    )
    .attribute(
        Attribute::optional_computed("category_change_paused", Type::Bool)
            .describe("Whether sending stops when Meta moves the template to another category, which may cost more. Changes without a review.")
            .use_state_for_unknown(),
    )
    .attribute(
        Attribute::optional_computed("allow_send", Type::Bool)
            .describe("Whether the template may be sent. Changes without a review.")
            .use_state_for_unknown(),
    )
    .attribute(text("product_set_id", Setting::Optional, "The service's field `ProductSetId`, which it does not describe."))
    .attribute(
        text("wait_for_audit", Setting::Optional, "How long creating, and updating the content, waits for the end of Meta's review, for example `\"10m\"`; at most until `timeouts` end. If the review is not over then, there is a warning, never an error. Default: no wait.")
            .validate(Validator::text(|text| match framework::timeouts::parse(text) {
                Some(_) => Ok(()),
                None => Err(format!("must be a duration above zero such as \"90s\", \"5m\" or \"1h30m\", but is \"{}\"", text.escape_debug())),
            })),
    )
    .attribute(isv_code_attribute())
    .attribute(computed("template_code", TEMPLATE_CODE_DESCRIPTION).use_state_for_unknown())
    .attribute(computed("current_category", "The present category, as Meta decided."))
    .attribute(computed("audit_status", "Meta's review: `auditing`, `pass`, `fail` or `unaudit`."))
    .attribute(computed("reason", "Why Meta rejected the template; null if Meta did not."))
    .attribute(computed("quality_score", "Meta's quality score: `GREEN`, `YELLOW`, `RED` or `UNKNOWN`."))
}

fn header_attributes() -> Vec<Attribute> {
    vec![
        text(
            "format",
            Setting::Required,
            "`TEXT`, `IMAGE`, `VIDEO` or `DOCUMENT`.",
        )
        .validate(Validator::one_of(&["TEXT", "IMAGE", "VIDEO", "DOCUMENT"])),
        text(
            "text",
            Setting::Optional,
            "The text, up to 60 characters, with at most one variable. For `TEXT`.",
        )
        .validate(Validator::text(|text| check_length(text, 60))),
        text(
            "url",
            Setting::Optional,
            &format!("URL of a sample of the media. {MEDIA}"),
        ),
        text("file_name", Setting::Optional, "File name of a document."),
        text("caption", Setting::Optional, "Caption of the media."),
    ]
}

fn body_attributes() -> Vec<Attribute> {
    vec![
        text("text", Setting::Optional, "The text, up to 1024 characters. Not for `AUTHENTICATION`.")
            .validate(Validator::text(|text| check_length(text, 1024))),
        Attribute::optional("add_secret_recommendation", Type::Bool)
            .describe("For `AUTHENTICATION`: whether a sentence advises to keep the code secret. Default: `false`."),
    ]
}

fn footer_attributes() -> Vec<Attribute> {
    vec![
        text(
            "text",
            Setting::Optional,
            "The text, up to 60 characters, without variables. Not for `AUTHENTICATION`.",
        )
        .validate(Validator::text(|text| check_length(text, 60))),
        Attribute::optional("code_expiration_minutes", Type::Number)
            .describe("For `AUTHENTICATION`: for how many minutes the code is valid."),
    ]
}

fn button_attributes() -> Vec<Attribute> {
    let mut attributes = card_button_attributes(
        "`PHONE_NUMBER`, `URL`, `QUICK_REPLY`, `COPY_CODE`, `ONE_TAP`, `ZERO_TAP`, `MPM`, `CATALOG` or `FLOW`.",
    );
    attributes.extend([
        text(
            "coupon_code",
            Setting::Optional,
            "Code that `COPY_CODE` copies.",
        ),
        Attribute::optional("is_opt_out", Type::Bool)
            .describe("Whether a `QUICK_REPLY` ends the subscription. Default: `false`."),
        text(
            "autofill_text",
            Setting::Optional,
            "Text of `ONE_TAP` where the app fills in the code.",
        ),
        Attribute::nested(
            "supported_apps",
            Collection::List,
            vec![
                text(
                    "package_name",
                    Setting::Required,
                    "Package name of the Android app.",
                ),
                text(
                    "signature_hash",
                    Setting::Required,
                    "Hash of the app's signing key.",
                ),
            ],
            Setting::Optional,
        )
        .describe("Android apps that `ONE_TAP` and `ZERO_TAP` hand the code to."),
        text(
            "flow_id",
            Setting::Optional,
            "ID of the flow that `FLOW` opens.",
        ),
        text(
            "flow_action",
            Setting::Optional,
            "`NAVIGATE` or `DATA_EXCHANGE`.",
        ),
        text(
            "navigate_screen",
            Setting::Optional,
            "First screen of the flow, for `NAVIGATE`.",
        ),
    ]);
    attributes
}

fn card_button_attributes(types: &'static str) -> Vec<Attribute> {
    vec![
        text("type", Setting::Required, types),
        text(
            "text",
            Setting::Optional,
            "What is on the button, without variables.",
        ),
        text(
            "url",
            Setting::Optional,
            "URL that `URL` opens, with at most one variable.",
        ),
        text(
            "url_type",
            Setting::Optional,
            "`static`, or `dynamic` for a URL with a variable. If it is not set, the service derives it from the URL, and setting \
             that value changes nothing.",
        ),
        text(
            "phone_number",
            Setting::Optional,
            "Number that `PHONE_NUMBER` calls, with `+` and country code.",
        ),
    ]
}

fn card_attributes() -> Vec<Attribute> {
    vec![
        Attribute::nested(
            "header",
            Collection::Single,
            vec![
                text(
                    "format",
                    Setting::Required,
                    "`IMAGE` or `VIDEO`; the same for all cards.",
                ),
                text(
                    "url",
                    Setting::Optional,
                    &format!("URL of a sample of the media. {MEDIA}"),
                ),
            ],
            Setting::Optional,
        )
        .describe("The header of the card."),
        Attribute::nested(
            "body",
            Collection::Single,
            vec![text("text", Setting::Required, "The text.")],
            Setting::Optional,
        )
        .describe("The body of the card."),
        Attribute::nested(
            "buttons",
            Collection::List,
            card_button_attributes("`PHONE_NUMBER`, `URL` or `QUICK_REPLY`."),
            Setting::Optional,
        )
        .describe("Up to 2 buttons.")
        .validate(at_most("buttons", 2)),
    ]
}

fn text(name: &'static str, setting: Setting, description: &str) -> Attribute {
    let attribute = match setting {
        Setting::Required => Attribute::required(name, Type::String),
        _ => Attribute::optional(name, Type::String),
    };
    attribute.describe(description)
}

fn computed(name: &'static str, description: &str) -> Attribute {
    Attribute::computed(name, Type::String).describe(description)
}

fn at_most(what: &'static str, count: usize) -> Validator {
    Validator::new(move |value| match value {
        framework::Value::List(elements) if elements.len() > count => Err(format!(
            "must have at most {count} {what}, but has {}",
            elements.len()
        )),
        _ => Ok(()),
    })
}

/// The service counts a variable by what is in its place, so a variable does not count here.
fn check_length(text: &str, limit: usize) -> Result<(), String> {
    match super::variables::length_without_variables(text) {
        length if length > limit => Err(format!(
            "must have at most {limit} characters, but has {length} without its variables"
        )),
        _ => Ok(()),
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let sound = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    match (1..=512).contains(&name.len()) && name.bytes().all(sound) {
        true => Ok(()),
        false => Err(format!(
            "must have 1 to 512 lower-case letters, digits and underscores, but is \"{}\"",
            name.escape_debug()
        )),
    }
}

fn check_language(language: &str) -> Result<(), String> {
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    match !language.is_empty() && language.len() <= 32 && language.bytes().all(sound) {
        true => Ok(()),
        false => Err(format!(
            "must be the code of a language, for example \"en\" or \"pt_BR\", but is \"{}\"",
            language.escape_debug()
        )),
    }
}
