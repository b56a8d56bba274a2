//! Message templates. A template is named by space, code, language and type (`WHATSAPP` or `VIBER`).
//!
//! Creating or modifying one submits it to Meta's review. Variables of texts are written `$(name)`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::json::{Fields, UnexpectedResponse};
use crate::parameters::json_text;
use crate::{Action, CAMS, Product};

/// Creates a template and submits it to Meta's review. Not idempotent, and without a token that would make it so.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateChatappTemplate<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// The code that shows that an ISV may act for the owner of the space. Treated as a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isv_code: Option<&'a str>,
    /// The name, unique in the WABA together with the language.
    pub name: &'a str,
    /// The language, such as `en`.
    pub language: &'a str,
    /// `UTILITY`, `MARKETING` or `AUTHENTICATION`. Meta may choose another one.
    pub category: &'a str,
    /// `WHATSAPP` or `VIBER`.
    pub template_type: &'a str,
    /// What the template consists of.
    #[serde(serialize_with = "json_text")]
    pub components: &'a [Component],
    /// A sample for each variable.
    #[serde(
        serialize_with = "optional_json_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub example: Option<&'a BTreeMap<String, String>>,
    /// How long a message is tried to be delivered, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_send_ttl_seconds: Option<i64>,
    /// Whether sending stops when Meta changes the category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category_change_paused: Option<bool>,
    /// Not described by the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_set_id: Option<&'a str>,
}

/// The template that was created or modified.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Fields")]
pub struct CreateChatappTemplateResponse {
    /// Code of the template.
    pub template_code: String,
}

impl Action for CreateChatappTemplate<'_> {
    const NAME: &'static str = "CreateChatappTemplate";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 50;
    const IDEMPOTENT: bool = false;
    const SENSITIVE: &'static [&'static str] = &["IsvCode"];
    type Response = CreateChatappTemplateResponse;
}

impl TryFrom<Fields> for CreateChatappTemplateResponse {
    type Error = UnexpectedResponse;

    fn try_from(body: Fields) -> Result<Self, UnexpectedResponse> {
        let data = body.required_object("Data")?;
        Ok(Self {
            template_code: data.required("TemplateCode")?,
        })
    }
}

/// Replaces the content of a template, which is reviewed again. The name, the language, the type and the category stay.
///
/// Not idempotent: Meta counts edits, and may refuse one while it reviews the edit before.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyChatappTemplate<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// The code that shows that an ISV may act for the owner of the space. Treated as a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isv_code: Option<&'a str>,
    /// Code of the template.
    pub template_code: &'a str,
    /// The language of the template.
    pub language: &'a str,
    /// `WHATSAPP` or `VIBER`.
    pub template_type: &'a str,
    /// What the template shall consist of.
    #[serde(serialize_with = "json_text")]
    pub components: &'a [Component],
    /// A sample for each variable.
    #[serde(serialize_with = "json_text")]
    pub example: &'a BTreeMap<String, String>,
    /// How long a message is tried to be delivered, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_send_ttl_seconds: Option<i64>,
    /// Whether sending stops when Meta changes the category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category_change_paused: Option<bool>,
    /// Not described by the service. An empty text stands for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_set_id: Option<&'a str>,
}

impl Action for ModifyChatappTemplate<'_> {
    const NAME: &'static str = "ModifyChatappTemplate";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 50;
    const IDEMPOTENT: bool = false;
    const SENSITIVE: &'static [&'static str] = &["IsvCode"];
    type Response = Done;
}

/// Changes properties of a template that need no review.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyChatappTemplateProperties<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// Code of the template.
    pub template_code: &'a str,
    /// The language of the template.
    pub language: &'a str,
    /// `WHATSAPP` or `VIBER`.
    pub template_type: &'a str,
    /// Whether the template may be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_send: Option<bool>,
    /// Whether sending stops when Meta changes the category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category_change_paused: Option<bool>,
}

impl Action for ModifyChatappTemplateProperties<'_> {
    const NAME: &'static str = "ModifyChatappTemplateProperties";
    const PRODUCT: &'static Product = &CAMS;
    // No limit is documented for this action.
    const CALLS_PER_SECOND: u32 = 5;
    const IDEMPOTENT: bool = true;
    type Response = Done;
}

/// Deletes one language of a template. Meta locks the name of one that was approved, for 30 days.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteChatappTemplate<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// The code that shows that an ISV may act for the owner of the space. Treated as a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isv_code: Option<&'a str>,
    /// Code of the template.
    pub template_code: &'a str,
    /// The language. Without it all languages would be deleted.
    pub language: &'a str,
    /// `WHATSAPP` or `VIBER`.
    pub template_type: &'a str,
}

impl Action for DeleteChatappTemplate<'_> {
    const NAME: &'static str = "DeleteChatappTemplate";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 5;
    const IDEMPOTENT: bool = true;
    const SENSITIVE: &'static [&'static str] = &["IsvCode"];
    type Response = Done;
}

/// Archives templates. How to undo it is not documented.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ArchiveChatappTemplate<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// The channel, such as `whatsapp`.
    pub channel_type: &'a str,
    /// `ARCHIVED`. No other value is documented.
    pub archive_type: &'a str,
    /// Which templates.
    #[serde(serialize_with = "json_text")]
    pub template_list: &'a [ArchivedTemplate<'a>],
}

/// A template to be archived.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ArchivedTemplate<'a> {
    /// Code of the template.
    pub template_code: &'a str,
    /// The language of the template.
    pub language: &'a str,
}

/// What came of archiving: the response has an envelope within its envelope.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(from = "Fields")]
pub struct ArchiveChatappTemplateResponse {
    /// Code of the inner envelope, if there is one: `OK` on success.
    pub code: Option<String>,
    /// Its message.
    pub message: Option<String>,
}

impl Action for ArchiveChatappTemplate<'_> {
    const NAME: &'static str = "ArchiveChatappTemplate";
    const PRODUCT: &'static Product = &CAMS;
    // No limit is documented for this action.
    const CALLS_PER_SECOND: u32 = 5;
    const IDEMPOTENT: bool = true;
    type Response = ArchiveChatappTemplateResponse;
}

impl ArchiveChatappTemplateResponse {
    /// Whether the templates were archived, as far as the inner envelope says.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        let code = self.code.as_deref();
        code.is_none_or(|code| code.is_empty() || code.eq_ignore_ascii_case("OK"))
    }
}

impl From<Fields> for ArchiveChatappTemplateResponse {
    fn from(body: Fields) -> Self {
        let inner = body.object("Data").ok().flatten();
        let text = |name| inner.as_ref().and_then(|inner| inner.text(name));
        Self {
            code: text("Code"),
            message: text("Message"),
        }
    }
}

/// Reads one template.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetChatappTemplateDetail<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// The code that shows that an ISV may act for the owner of the space. Treated as a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isv_code: Option<&'a str>,
    /// Code of the template.
    pub template_code: &'a str,
    /// The language of the template.
    pub language: &'a str,
    /// `WHATSAPP` or `VIBER`.
    pub template_type: &'a str,
}

/// A template as the service describes it. Every field but name and components may be absent.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Fields")]
pub struct Template {
    /// Its name.
    pub name: String,
    /// The present category.
    pub category: Option<String>,
    /// `auditing`, `pass`, `fail` or `unaudit`; an old sample shows `APPROVED`.
    pub audit_status: Option<String>,
    /// Why Meta rejected it.
    pub reason: Option<String>,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    pub quality_score: Option<String>,
    /// Whether it may be sent.
    pub allow_send: Option<bool>,
    /// Whether sending stops when Meta changes the category.
    pub category_change_paused: Option<bool>,
    /// How long a message is tried to be delivered, in seconds.
    pub message_send_ttl_seconds: Option<i64>,
    /// Not described by the service.
    pub product_set_id: Option<String>,
    /// A sample for each variable. Whether the service repeats them is not documented.
    pub example: Option<BTreeMap<String, String>>,
    /// What it consists of.
    pub components: Vec<Component>,
}

impl Action for GetChatappTemplateDetail<'_> {
    const NAME: &'static str = "GetChatappTemplateDetail";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 5;
    const IDEMPOTENT: bool = true;
    const SENSITIVE: &'static [&'static str] = &["IsvCode"];
    type Response = Template;
}

impl TryFrom<Fields> for Template {
    type Error = UnexpectedResponse;

    fn try_from(body: Fields) -> Result<Self, UnexpectedResponse> {
        let data = body.required_object("Data")?;
        let components = data
            .raw("Components")
            .ok_or_else(|| data.missing("`Components`"))?;
        Ok(Self {
            name: data.text("Name").unwrap_or_default(),
            category: data.text("Category"),
            audit_status: data.text("AuditStatus"),
            reason: data.text("Reason"),
            quality_score: data.text("QualityScore"),
            allow_send: data.flag("AllowSend"),
            category_change_paused: data.flag("CategoryChangePaused"),
            message_send_ttl_seconds: data.integer("MessageSendTtlSeconds"),
            product_set_id: data.text("ProductSetId"),
            example: example(&data),
            components: components_of(components)?,
        })
    }
}

/// Samples; an old form of the response has them as JSON text.
fn example(data: &Fields) -> Option<BTreeMap<String, String>> {
    match data.raw("Example")? {
        Value::String(text) => {
            let parsed: Map<String, Value> = serde_json::from_str(text).ok()?;
            let wrapped = Map::from_iter([("Example".to_owned(), Value::Object(parsed))]);
            Fields::from(wrapped).texts("Example")
        }
        _ => data.texts("Example"),
    }
}

/// Components; an old form of the response has them as JSON text, with keys that begin in lower case.
fn components_of(value: &Value) -> Result<Vec<Component>, UnexpectedResponse> {
    let parsed = match value {
        Value::String(text) if text.trim().is_empty() => Value::Array(Vec::new()),
        Value::String(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        other => other.clone(),
    };
    let wrapped = Map::from_iter([("Components".to_owned(), pascal_case_keys(parsed))]);
    let rows = Fields::from(wrapped).required_objects("Components")?;
    rows.iter().map(Component::of).collect()
}

/// With a capital letter at the beginning of each key.
fn pascal_case_keys(value: Value) -> Value {
    match value {
        Value::Array(elements) => elements.into_iter().map(pascal_case_keys).collect(),
        Value::Object(members) => {
            let members = members.into_iter().map(|(key, value)| {
                let mut letters = key.chars();
                let first = letters.next().map(|first| first.to_ascii_uppercase());
                (
                    first.into_iter().chain(letters).collect(),
                    pascal_case_keys(value),
                )
            });
            Value::Object(members.collect())
        }
        other => other,
    }
}

/// A part of a template. Which fields it has goes by its type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Component {
    /// `HEADER`, `BODY`, `FOOTER`, `BUTTONS`, `CAROUSEL` or `LIMITED_TIME_OFFER`.
    #[serde(rename = "Type")]
    pub kind: String,
    /// Of a header: `TEXT`, `IMAGE`, `VIDEO` or `DOCUMENT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The text, with variables as `$(name)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Where the media of a header is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Name of a document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// Caption of media.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// Of a body for authentication: whether a sentence warns to keep the code secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub add_secret_recommendation: Option<bool>,
    /// Of a footer for authentication: for how many minutes the code is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_expiration_minutes: Option<i64>,
    /// Of a limited-time offer: whether it shows when it expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_expiration: Option<bool>,
    /// The buttons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Button>,
    /// The cards of a carousel.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cards: Vec<Card>,
}

impl Component {
    fn of(row: &Fields) -> Result<Self, UnexpectedResponse> {
        let buttons = row.objects("Buttons")?;
        let cards = row.objects("Cards")?;
        Ok(Self {
            kind: row.text("Type").unwrap_or_default().to_ascii_uppercase(),
            format: row.text("Format"),
            text: row.text("Text"),
            url: row.text("Url"),
            file_name: row.text("FileName"),
            caption: row.text("Caption"),
            add_secret_recommendation: row.flag("AddSecretRecommendation"),
            code_expiration_minutes: row.integer("CodeExpirationMinutes"),
            has_expiration: row.flag("HasExpiration"),
            buttons: buttons.iter().map(Button::of).collect::<Result<_, _>>()?,
            cards: cards
                .iter()
                .map(|card| {
                    let components = card.objects("CardComponents")?;
                    let components = components.iter().map(Component::of);
                    Ok(Card {
                        card_components: components.collect::<Result<_, _>>()?,
                    })
                })
                .collect::<Result<_, UnexpectedResponse>>()?,
        })
    }
}

/// A card of a carousel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Card {
    /// `HEADER`, `BODY` and `BUTTONS`.
    pub card_components: Vec<Component>,
}

/// A button.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Button {
    /// `PHONE_NUMBER`, `URL`, `QUICK_REPLY`, `COPY_CODE`, `ONE_TAP`, `ZERO_TAP`, `MPM`, `CATALOG` or `FLOW`.
    #[serde(rename = "Type")]
    pub kind: String,
    /// What is on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Where it leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// `static`, or `dynamic` for a URL with a variable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url_type: Option<String>,
    /// The number that it calls, with `+`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// The code that it copies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coupon_code: Option<String>,
    /// Whether it ends a subscription.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_opt_out: Option<bool>,
    /// What is on it where a code is filled in by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autofill_text: Option<String>,
    /// Android apps that may receive the code.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub supported_apps: Vec<SupportedApp>,
    /// ID of a flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow_id: Option<String>,
    /// `NAVIGATE` or `DATA_EXCHANGE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow_action: Option<String>,
    /// The first screen of the flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub navigate_screen: Option<String>,
}

impl Button {
    fn of(row: &Fields) -> Result<Self, UnexpectedResponse> {
        let app = |row: &Fields| SupportedApp {
            package_name: row.text("PackageName").unwrap_or_default(),
            signature_hash: row.text("SignatureHash").unwrap_or_default(),
        };
        let mut supported_apps: Vec<_> = row.objects("SupportedApps")?.iter().map(app).collect();
        // An older form has the one app in the button itself.
        let only = app(row);
        if supported_apps.is_empty() && !only.package_name.is_empty() {
            supported_apps.push(only);
        }
        Ok(Self {
            kind: row.text("Type").unwrap_or_default().to_ascii_uppercase(),
            text: row.text("Text"),
            url: row.text("Url"),
            url_type: row.text("UrlType"),
            phone_number: row.text("PhoneNumber"),
            coupon_code: row.text("CouponCode"),
            is_opt_out: row.flag("IsOptOut"),
            autofill_text: row.text("AutofillText"),
            supported_apps,
            flow_id: row.text("FlowId"),
            flow_action: row.text("FlowAction"),
            navigate_screen: row.text("NavigateScreen"),
        })
    }
}

/// An Android app.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SupportedApp {
    /// Its package name.
    pub package_name: String,
    /// The hash of its signing key.
    pub signature_hash: String,
}

/// Lists the templates of a space, one page a call. Whether the filters compare whole values is not documented.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListChatappTemplate<'a> {
    /// ID of the space.
    pub cust_space_id: &'a str,
    /// The code that shows that an ISV may act for the owner of the space. Treated as a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isv_code: Option<&'a str>,
    /// Only templates of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// Only the template with this code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'a str>,
    /// Only this language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<&'a str>,
    /// Only this category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<&'a str>,
    /// Only this audit status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_status: Option<&'a str>,
    /// Only this type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_type: Option<&'a str>,
    /// Which page.
    #[serde(serialize_with = "json_text")]
    pub page: Page,
}

/// A page of a list.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Page {
    /// The page, counted from 1.
    pub index: u64,
    /// Rows a page. The largest that the service gives is not documented.
    pub size: u64,
}

/// A page of templates.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Fields")]
pub struct ListChatappTemplateResponse {
    /// How many rows all pages have together, if the service says so.
    pub total: Option<u64>,
    /// The rows.
    pub templates: Vec<TemplateRow>,
}

/// A template as a list shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateRow {
    /// Code of the template.
    pub template_code: String,
    /// Its name.
    pub template_name: Option<String>,
    /// `WHATSAPP` or `VIBER`.
    pub template_type: Option<String>,
    /// The present category.
    pub category: Option<String>,
    /// The language.
    pub language: Option<String>,
    /// `auditing`, `pass`, `fail` or `unaudit`.
    pub audit_status: Option<String>,
    /// Why Meta rejected it.
    pub reason: Option<String>,
    /// When it was changed last, in milliseconds since 1970.
    pub last_update_time: Option<i64>,
}

impl Action for ListChatappTemplate<'_> {
    const NAME: &'static str = "ListChatappTemplate";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 5;
    const IDEMPOTENT: bool = true;
    const SENSITIVE: &'static [&'static str] = &["IsvCode"];
    type Response = ListChatappTemplateResponse;
}

impl TryFrom<Fields> for ListChatappTemplateResponse {
    type Error = UnexpectedResponse;

    fn try_from(body: Fields) -> Result<Self, UnexpectedResponse> {
        let rows = body.required_objects("ListTemplate")?;
        let templates = rows.iter().map(|row| {
            Ok(TemplateRow {
                template_code: row.required("TemplateCode")?,
                template_name: row.text("TemplateName"),
                template_type: row.text("TemplateType"),
                category: row.text("Category"),
                language: row.text("Language"),
                audit_status: row.text("AuditStatus"),
                reason: row.text("Reason"),
                last_update_time: row.integer("LastUpdateTime"),
            })
        });
        Ok(Self {
            total: body.count("Total"),
            templates: templates.collect::<Result<_, UnexpectedResponse>>()?,
        })
    }
}

/// A response of which only the success counts.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(from = "Fields")]
pub struct Done;

impl From<Fields> for Done {
    fn from(_: Fields) -> Self {
        Self
    }
}

fn optional_json_text<T: Serialize, S: serde::Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    json_text(value, serializer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::parameters::Parameters;

    #[test]
    fn components_are_one_json_text() {
        let components = [
            Component {
                kind: "BODY".to_owned(),
                text: Some("Hello $(name)".to_owned()),
                ..Component::default()
            },
            Component {
                kind: "BUTTONS".to_owned(),
                buttons: vec![Button {
                    kind: "URL".to_owned(),
                    url_type: Some("static".to_owned()),
                    ..Button::default()
                }],
                ..Component::default()
            },
        ];
        let example = BTreeMap::from([("name".to_owned(), "Ana".to_owned())]);
        let action = ModifyChatappTemplate {
            cust_space_id: "s",
            isv_code: None,
            template_code: "1",
            language: "en",
            template_type: "WHATSAPP",
            components: &components,
            example: &example,
            message_send_ttl_seconds: None,
            category_change_paused: Some(true),
            product_set_id: Some(""),
        };
        let parameters = Parameters::of(&action).expect("an object");
        let mut found: Vec<(&str, &str)> = parameters.iter().collect();
        found.sort_unstable();
        assert_eq!(
            found,
            [
                ("CategoryChangePaused", "true"),
                (
                    "Components",
                    r#"[{"Type":"BODY","Text":"Hello $(name)"},{"Type":"BUTTONS","Buttons":[{"Type":"URL","UrlType":"static"}]}]"#
                ),
                ("CustSpaceId", "s"),
                ("Example", r#"{"name":"Ana"}"#),
                ("Language", "en"),
                ("ProductSetId", ""),
                ("TemplateCode", "1"),
                ("TemplateType", "WHATSAPP"),
            ]
        );
    }

    #[test]
    fn old_and_new_details_read_the_same() {
        let new = json!({"Data": {
            "Name": "n", "AuditStatus": "pass", "MessageSendTtlSeconds": "60", "AllowSend": true,
            "Example": {"a": "b"},
            "Components": [{
                "Type": "LIMITED_TIME_OFFER", "Text": "t", "hasExpiration": true,
                "Buttons": [{"Type": "ONE_TAP", "PackageName": "p", "SignatureHash": "h"}],
                "Cards": [{"CardComponents": [{"Type": "BODY", "Text": "c"}]}],
            }],
        }});
        let old = json!({"Data": {
            "Name": "n", "AuditStatus": "pass", "MessageSendTtlSeconds": 60, "AllowSend": "true",
            "Example": "{\"a\":\"b\"}",
            "Components": "[{\"type\":\"limited_time_offer\",\"text\":\"t\",\"hasExpiration\":true,\"buttons\":[{\"type\":\"ONE_TAP\",\"supportedApps\":[{\"packageName\":\"p\",\"signatureHash\":\"h\"}]}],\"cards\":[{\"cardComponents\":[{\"type\":\"body\",\"text\":\"c\"}]}]}]",
        }});
        let read = |body| serde_json::from_value::<Template>(body).expect("a template");
        let expected = Template {
            name: "n".to_owned(),
            audit_status: Some("pass".to_owned()),
            allow_send: Some(true),
            message_send_ttl_seconds: Some(60),
            example: Some(BTreeMap::from([("a".to_owned(), "b".to_owned())])),
            components: vec![Component {
                kind: "LIMITED_TIME_OFFER".to_owned(),
                text: Some("t".to_owned()),
                has_expiration: Some(true),
                buttons: vec![Button {
                    kind: "ONE_TAP".to_owned(),
                    supported_apps: vec![SupportedApp {
                        package_name: "p".to_owned(),
                        signature_hash: "h".to_owned(),
                    }],
                    ..Button::default()
                }],
                cards: vec![Card {
                    card_components: vec![Component {
                        kind: "BODY".to_owned(),
                        text: Some("c".to_owned()),
                        ..Component::default()
                    }],
                }],
                ..Component::default()
            }],
            ..Template::default()
        };
        assert_eq!(read(new), expected);
        assert_eq!(read(old), expected);
    }

    #[test]
    fn details_without_data_or_components_are_errors() {
        let check = |body: Value, expected: &str| {
            let error = serde_json::from_value::<Template>(body).expect_err("no template");
            assert_eq!(error.to_string(), expected);
        };
        check(json!({}), "it has no `Data`");
        check(json!({"Data": {}}), "it has no `Data`");
        check(json!({"Data": {"Name": "n"}}), "`Data` has no `Components`");
        check(
            json!({"Data": {"Components": "not JSON"}}),
            "it has no `Components`",
        );
    }

    #[test]
    fn a_page_of_templates_has_its_list() {
        let read = |body| {
            serde_json::from_value::<ListChatappTemplateResponse>(body)
                .map(|page| (page.total, page.templates.len()))
                .map_err(|error| error.to_string())
        };
        assert_eq!(
            read(json!({"Total": 0, "ListTemplate": []})),
            Ok((Some(0), 0))
        );
        assert_eq!(
            read(json!({"Total": "2", "ListTemplate": [{"TemplateCode": 1}]})),
            Ok((Some(2), 1))
        );
        assert_eq!(
            read(json!({"Total": 0})),
            Err("it has no `ListTemplate`".to_owned())
        );
        assert_eq!(
            read(json!({"ListTemplate": [{}]})),
            Err("it has no `ListTemplate[0].TemplateCode`".to_owned())
        );
    }

    #[test]
    fn archiving_has_an_inner_envelope() {
        let check = |body: Value, expected: bool| {
            let response: ArchiveChatappTemplateResponse =
                serde_json::from_value(body.clone()).expect("any object");
            assert_eq!(response.succeeded(), expected, "{body}");
        };
        check(json!({}), true);
        check(json!({"Data": {"Code": "ok"}}), true);
        check(json!({"Data": {"Code": "X", "Message": "m"}}), false);
    }
}
