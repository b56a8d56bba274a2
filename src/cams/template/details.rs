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

    /// Whether both mean the same to the service. White space around a text, the form of line ends, flags that are off, and the
    /// default type of a URL make no difference.
    pub(super) fn means_the_same(&self, other: &Self) -> bool {
        self.canonical() == other.canonical()
    }

    fn canonical(&self) -> Json {
        canonical(json!({
            "components": without_default_url_types(&self.components),
            "example": self.example,
            "ttl": self.message_send_ttl_seconds,
            "product_set_id": self.product_set_id,
        }))
    }
}

/// Components without a `UrlType` that the service assumes by itself.
fn without_default_url_types(components: &[Component]) -> Vec<Component> {
    let mut components = components.to_vec();
    for component in &mut components {
        component.buttons.iter_mut().for_each(remove_default);
        let parts = component
            .cards
            .iter_mut()
            .map(|card| &mut card.card_components);
        for part in parts.flatten() {
            part.buttons.iter_mut().for_each(remove_default);
        }
    }
    components
}

fn remove_default(button: &mut api::Button) {
    let default_style = default_url_type(button.url.as_deref());
    let is_default = |style: &mut String| style.trim().eq_ignore_ascii_case(default_style);
    button.url_type.take_if(is_default);
}

/// What a button without `UrlType` has: a URL with a variable is dynamic.
pub(super) fn default_url_type(url: Option<&str>) -> &'static str {
    match url.is_some_and(|url| url.contains("$(")) {
        true => "dynamic",
        false => "static",
    }
}

/// Whether a component says something. One that does not is not sent.
fn has_content(component: &Component) -> bool {
    let nothing = Component {
        kind: component.kind.clone(),
        ..Component::default()
    };
    canonical(json!(component)) != canonical(json!(nothing))
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
    // The body of a template for authentication is there without anything in it.
    components.retain(|component| component.kind == "BODY" || has_content(component));
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
    parts.retain(has_content);
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

#[cfg(test)]
mod tests {
    use super::{
        super::model::{CardBody, CardButton, Footer, LimitedTimeOffer},
        *,
    };

    fn button(url: &str, url_type: Option<&str>) -> Button {
        Button {
            kind: "URL".into(),
            url: url.into(),
            url_type: Field::from(url_type.map(str::to_owned)),
            ..Button::default()
        }
    }

    #[test]
    fn default_url_type_makes_no_difference() {
        let model = |url: &str, url_type: Option<&str>| {
            let button = button(url, url_type);
            let card = Card {
                buttons: Field::Known(vec![Field::Known(CardButton::from(button.clone()))]),
                ..Card::default()
            };
            (
                Content::of(&Model {
                    buttons: Field::Known(vec![Field::Known(button)]),
                    ..Model::default()
                }),
                Content::of(&Model {
                    cards: Field::Known(vec![Field::Known(card)]),
                    ..Model::default()
                }),
            )
        };
        let check = |url: &str, url_type: &str, same: bool| {
            let (plain, spelled) = (model(url, None), model(url, Some(url_type)));
            assert_eq!(plain.0.means_the_same(&spelled.0), same, "{url} {url_type}");
            assert_eq!(plain.1.means_the_same(&spelled.1), same, "{url} {url_type}");
        };
        check("https://e", "static", true);
        check("https://e", "STATIC", true);
        check("https://e", "dynamic", false);
        check("https://e/$(a)", "dynamic", true);
        check("https://e/$(a)", "static", false);
    }

    #[test]
    fn empty_components_are_not_sent() {
        let empty = Model {
            category: "AUTHENTICATION".into(),
            body: Field::Known(super::super::model::Body::default()),
            footer: Field::Known(Footer {
                text: " ".into(),
                ..Footer::default()
            }),
            limited_time_offer: Field::Known(LimitedTimeOffer {
                has_expiration: Field::Known(false),
                ..LimitedTimeOffer::default()
            }),
            cards: Field::Known(vec![Field::Known(Card {
                body: Field::Known(CardBody::default()),
                ..Card::default()
            })]),
            ..Model::default()
        };
        let kinds = |components: &[Component]| -> Vec<String> {
            components.iter().map(|part| part.kind.clone()).collect()
        };
        let content = Content::of(&empty);
        assert_eq!(kinds(&content.components), ["BODY", "CAROUSEL"]);
        let parts = &content.components[1].cards[0].card_components;
        assert_eq!(kinds(parts), Vec::<String>::new());
        let footer = Footer {
            code_expiration_minutes: Field::Known(5),
            ..Footer::default()
        };
        let full = Model {
            footer: Field::Known(footer),
            cards: Field::Null,
            ..empty
        };
        assert_eq!(kinds(&Content::of(&full).components), ["BODY", "FOOTER"]);
    }
}
