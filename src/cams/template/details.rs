//! From a model to what the service takes.

use std::collections::BTreeMap;

use alicloud::cams::template::{self as api, Component};
use framework::Field;
use serde_json::{Value as Json, json};

use super::model::{Button, Card, Model, SupportedApp};

/// The content of a template, as it is sent.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Content {
    pub(super) components: Vec<Component>,
    pub(super) example: BTreeMap<String, String>,
    pub(super) message_send_ttl_seconds: Option<i64>,
    pub(super) product_set_id: Option<String>,
}

impl Content {
    /// The content of a template. What is unknown counts as absent.
    pub(super) fn of(model: &Model) -> Self {
        let mut example = BTreeMap::new();
        for (name, sample) in model.example.as_known().into_iter().flatten() {
            if let Some(sample) = sample.as_known() {
                example.insert(name.clone(), sample.clone());
            }
        }
        Self {
            components: components(model),
            example,
            message_send_ttl_seconds: number(&model.message_send_ttl_seconds),
            product_set_id: text(&model.product_set_id),
        }
    }

    /// Whether both mean the same to the service. White space around a text, the form of line ends, and flags that are off
    /// make no difference.
    pub(super) fn means_the_same(&self, other: &Self) -> bool {
        self.canonical() == other.canonical()
    }

    fn canonical(&self) -> Json {
        canonical(json!({
            "components": self.components,
            "example": self.example,
            "ttl": self.message_send_ttl_seconds,
            "product_set_id": self.product_set_id,
        }))
    }
}

/// A text as it is compared: the form of line ends and white space around it make no difference.
pub(super) fn comparable(text: &str) -> String {
    text.replace("\r\n", "\n").trim().to_owned()
}

fn canonical(value: Json) -> Json {
    match value {
        Json::String(text) => Json::String(comparable(&text)),
        Json::Array(elements) => elements.into_iter().map(canonical).collect(),
        Json::Object(members) => {
            let members = members
                .into_iter()
                .map(|(name, value)| (name, canonical(value)))
                .filter(|(_, value)| {
                    !matches!(value, Json::Null | Json::Bool(false)) && value != ""
                });
            Json::Object(members.collect())
        }
        other => other,
    }
}

fn components(model: &Model) -> Vec<Component> {
    let mut components = Vec::new();
    let component = |kind: &str| Component {
        kind: kind.to_owned(),
        ..Component::default()
    };
    if let Some(header) = model.header.as_known() {
        components.push(Component {
            format: text(&header.format),
            text: text(&header.text),
            url: text(&header.url),
            file_name: text(&header.file_name),
            caption: text(&header.caption),
            ..component("HEADER")
        });
    }
    if let Some(offer) = model.limited_time_offer.as_known() {
        components.push(Component {
            text: text(&offer.text),
            has_expiration: flag(&offer.has_expiration),
            ..component("LIMITED_TIME_OFFER")
        });
    }
    // Meta writes the text of a body for authentication, but the body has to be there.
    if model.body.is_known() || model.is_authentication() {
        let body = model.body.as_known().cloned().unwrap_or_default();
        components.push(Component {
            text: text(&body.text),
            add_secret_recommendation: flag(&body.add_secret_recommendation),
            ..component("BODY")
        });
    }
    if let Some(footer) = model.footer.as_known() {
        components.push(Component {
            text: text(&footer.text),
            code_expiration_minutes: number(&footer.code_expiration_minutes),
            ..component("FOOTER")
        });
    }
    let buttons = known_elements(&model.buttons);
    if !buttons.is_empty() {
        components.push(Component {
            buttons: buttons.into_iter().map(button).collect(),
            ..component("BUTTONS")
        });
    }
    let cards = known_elements(&model.cards);
    if !cards.is_empty() {
        components.push(Component {
            cards: cards.into_iter().map(card).collect(),
            ..component("CAROUSEL")
        });
    }
    components
}

fn card(card: &Card) -> api::Card {
    let component = |kind: &str| Component {
        kind: kind.to_owned(),
        ..Component::default()
    };
    let mut parts = Vec::new();
    if let Some(header) = card.header.as_known() {
        parts.push(Component {
            format: text(&header.format),
            url: text(&header.url),
            ..component("HEADER")
        });
    }
    if let Some(body) = card.body.as_known() {
        parts.push(Component {
            text: text(&body.text),
            ..component("BODY")
        });
    }
    let buttons = known_elements(&card.buttons);
    if !buttons.is_empty() {
        parts.push(Component {
            buttons: buttons
                .into_iter()
                .map(|it| button(&Button::from(it.clone())))
                .collect(),
            ..component("BUTTONS")
        });
    }
    api::Card {
        card_components: parts,
    }
}

fn button(button: &Button) -> api::Button {
    let app = |app: &SupportedApp| api::SupportedApp {
        package_name: text(&app.package_name).unwrap_or_default(),
        signature_hash: text(&app.signature_hash).unwrap_or_default(),
    };
    api::Button {
        kind: text(&button.kind).unwrap_or_default(),
        text: text(&button.text),
        url: text(&button.url),
        url_type: text(&button.url_type),
        phone_number: text(&button.phone_number),
        coupon_code: text(&button.coupon_code),
        is_opt_out: flag(&button.is_opt_out),
        autofill_text: text(&button.autofill_text),
        supported_apps: known_elements(&button.supported_apps)
            .into_iter()
            .map(app)
            .collect(),
        flow_id: text(&button.flow_id),
        flow_action: text(&button.flow_action),
        navigate_screen: text(&button.navigate_screen),
    }
}

/// The known elements of a list.
pub(super) fn known_elements<T>(list: &Field<Vec<Field<T>>>) -> Vec<&T> {
    let elements = list.as_known().into_iter().flatten();
    elements.filter_map(Field::as_known).collect()
}

fn text(field: &Field<String>) -> Option<String> {
    field.as_known().cloned()
}

fn number(field: &Field<i64>) -> Option<i64> {
    field.as_known().copied()
}

fn flag(field: &Field<bool>) -> Option<bool> {
    field.as_known().copied()
}
