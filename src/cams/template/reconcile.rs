//! From what the service says of a template to a model, beside the model that is kept.
//!
//! The service may fill in defaults, generate texts, and re-spell values. What means the same keeps the kept spelling, and
//! an argument that nobody set stays null where the service shows a default. Everything else is drift, and shows.

use std::collections::BTreeMap;

use alicloud::cams::template::{self as api, Component, Template};
use framework::Field;

use super::{
    details::{comparable, default_url_type},
    model::{
        AUTHENTICATION, Body, Button, Card, CardBody, CardButton, CardHeader, Footer, Header,
        LimitedTimeOffer, Model, SupportedApp,
    },
};

impl Model {
    /// This model with what the service says of the template. All computed attributes become known.
    pub(super) fn with_content(&self, found: &Template) -> Self {
        let of = |kind: &str| found.components.iter().find(|part| part.kind == kind);
        let category = self.category.as_deref().or(found.category.as_deref());
        let authentication = category == Some(AUTHENTICATION);
        let or_empty = |kind: &str| of(kind).cloned().unwrap_or_default();
        let buttons = or_empty("BUTTONS").buttons;
        let cards = or_empty("CAROUSEL").cards;
        Self {
            category: match &self.category {
                Field::Known(_) => self.category.clone(),
                _ => found.category.clone().into(),
            },
            header: object(&self.header, |kept| header(kept, &or_empty("HEADER"))),
            body: object(&self.body, |kept| {
                let found = or_empty("BODY");
                Body {
                    text: text(&kept.text, found.text.as_deref(), |_| authentication),
                    add_secret_recommendation: flag(
                        &kept.add_secret_recommendation,
                        found.add_secret_recommendation,
                    ),
                }
            }),
            footer: object(&self.footer, |kept| {
                let found = or_empty("FOOTER");
                Footer {
                    text: text(&kept.text, found.text.as_deref(), |_| authentication),
                    code_expiration_minutes: number(
                        &kept.code_expiration_minutes,
                        found.code_expiration_minutes,
                        |_| false,
                    ),
                }
            }),
            buttons: list(&self.buttons, &buttons, button),
            cards: list(&self.cards, &cards, card),
            limited_time_offer: object(&self.limited_time_offer, |kept| {
                let found = or_empty("LIMITED_TIME_OFFER");
                LimitedTimeOffer {
                    text: text(&kept.text, found.text.as_deref(), |_| false),
                    has_expiration: flag(&kept.has_expiration, found.has_expiration),
                }
            }),
            example: example(&self.example, found.example.as_ref()),
            message_send_ttl_seconds: number(
                &self.message_send_ttl_seconds,
                found.message_send_ttl_seconds,
                // Meta's own defaults: ten minutes for authentication, 30 days for the others.
                |seconds| seconds == if authentication { 600 } else { 2_592_000 },
            ),
            product_set_id: text(
                &self.product_set_id,
                found.product_set_id.as_deref(),
                |_| false,
            ),
            ..self.clone()
        }
        .with_status(found)
    }

    /// This model with the computed attributes alone.
    pub(super) fn with_status(mut self, found: &Template) -> Self {
        self.current_category = found.category.clone().into();
        self.audit_status = found.audit_status.clone().into();
        let reason = found.reason.clone();
        self.reason = reason.filter(|reason| !reason.trim().is_empty()).into();
        self.quality_score = found.quality_score.clone().into();
        self.allow_send = found.allow_send.into();
        self.category_change_paused = found.category_change_paused.into();
        self
    }
}

fn same(kept: &str, found: &str) -> bool {
    comparable(kept) == comparable(found)
}

fn text(
    kept: &Field<String>,
    found: Option<&str>,
    is_default: impl Fn(&str) -> bool,
) -> Field<String> {
    let found = found.filter(|found| !found.trim().is_empty());
    match (kept.as_deref(), found) {
        (Some(value), found) if same(value, found.unwrap_or_default()) => kept.clone(),
        (None, Some(found)) if is_default(found) => Field::Null,
        (_, found) => Field::from(found.map(str::to_owned)),
    }
}

fn flag(kept: &Field<bool>, found: Option<bool>) -> Field<bool> {
    match (kept.as_known(), found.unwrap_or(false)) {
        (Some(value), found) if *value == found => *kept,
        (None, false) => Field::Null,
        (_, found) => Field::Known(found),
    }
}

fn number(kept: &Field<i64>, found: Option<i64>, is_default: impl Fn(i64) -> bool) -> Field<i64> {
    let found = found.filter(|found| *found != 0);
    match (kept.as_known(), found) {
        (None, Some(found)) if is_default(found) => Field::Null,
        (_, found) => found.into(),
    }
}

/// An object whose members are all null is the same as none.
fn object<T: Clone + Default + PartialEq>(
    kept: &Field<T>,
    found: impl FnOnce(&T) -> T,
) -> Field<T> {
    let nothing = T::default();
    let found = found(kept.as_known().unwrap_or(&nothing));
    match found == nothing {
        false => Field::Known(found),
        true if kept.as_known() == Some(&nothing) => kept.clone(),
        true => Field::Null,
    }
}

/// Lists are compared element by element, as their order counts.
fn list<T: Clone + Default, F>(
    kept: &Field<Vec<Field<T>>>,
    found: &[F],
    element: impl Fn(&T, &F) -> T,
) -> Field<Vec<Field<T>>> {
    if found.is_empty() {
        return match kept.as_known() {
            Some(elements) if elements.is_empty() => kept.clone(),
            _ => Field::Null,
        };
    }
    let kept = kept.as_known().map(Vec::as_slice).unwrap_or_default();
    let nothing = T::default();
    let elements = found.iter().enumerate().map(|(index, found)| {
        let kept = kept.get(index).and_then(Field::as_known);
        Field::Known(element(kept.unwrap_or(&nothing), found))
    });
    Field::Known(elements.collect())
}

/// The service may keep its own copy of media, so that only whether there is a header of this format can be compared.
fn media_url(kept: &Field<String>, found: Option<&str>) -> Field<String> {
    match kept {
        Field::Known(_) => kept.clone(),
        _ => Field::from(found.filter(|url| !url.is_empty()).map(str::to_owned)),
    }
}

fn header(kept: &Header, found: &Component) -> Header {
    if found.format.is_none() && found.text.is_none() && found.url.is_none() {
        return Header::default();
    }
    Header {
        format: text(&kept.format, found.format.as_deref(), |_| false),
        text: text(&kept.text, found.text.as_deref(), |_| false),
        url: media_url(&kept.url, found.url.as_deref()),
        file_name: text(&kept.file_name, found.file_name.as_deref(), |_| false),
        caption: text(&kept.caption, found.caption.as_deref(), |_| false),
    }
}

fn button(kept: &Button, found: &api::Button) -> Button {
    // Of another button nothing is kept.
    let nothing = Button::default();
    let same_kind = kept
        .kind
        .as_deref()
        .is_some_and(|kind| same(kind, &found.kind));
    let kept = if same_kind { kept } else { &nothing };
    // Meta makes the URL of a button that hands over a code, and the text for apps that it does not fill in.
    let hands_over = ["COPY_CODE", "ONE_TAP", "ZERO_TAP"].contains(&found.kind.as_str());
    let default_style = default_url_type(found.url.as_deref());
    let is_default_style = |style: &str| style.trim().eq_ignore_ascii_case(default_style);
    let shown_style = found.url_type.as_deref();
    let shown_style = shown_style.filter(|style| !style.trim().is_empty());
    let url_type = match kept.url_type.as_deref() {
        // The service may show a default in other letters, or not at all.
        Some(style) if is_default_style(style) && shown_style.is_none_or(is_default_style) => {
            kept.url_type.clone()
        }
        _ => text(&kept.url_type, shown_style, |style| {
            hands_over || is_default_style(style)
        }),
    };
    Button {
        kind: text(&kept.kind, Some(&found.kind), |_| false),
        text: text(&kept.text, found.text.as_deref(), |_| false),
        url: text(&kept.url, found.url.as_deref(), |_| hands_over),
        url_type,
        phone_number: phone_number(&kept.phone_number, found.phone_number.as_deref()),
        coupon_code: text(&kept.coupon_code, found.coupon_code.as_deref(), |_| false),
        is_opt_out: flag(&kept.is_opt_out, found.is_opt_out),
        autofill_text: text(&kept.autofill_text, found.autofill_text.as_deref(), |_| {
            found.kind == "COPY_CODE"
        }),
        supported_apps: list(
            &kept.supported_apps,
            &found.supported_apps,
            |kept, found| SupportedApp {
                package_name: text(&kept.package_name, Some(&found.package_name), |_| false),
                signature_hash: text(&kept.signature_hash, Some(&found.signature_hash), |_| false),
            },
        ),
        flow_id: text(&kept.flow_id, found.flow_id.as_deref(), |_| false),
        flow_action: text(&kept.flow_action, found.flow_action.as_deref(), |action| {
            action.eq_ignore_ascii_case("NAVIGATE")
        }),
        navigate_screen: text(
            &kept.navigate_screen,
            found.navigate_screen.as_deref(),
            |_| false,
        ),
    }
}

fn phone_number(kept: &Field<String>, found: Option<&str>) -> Field<String> {
    let digits = |text: &str| text.trim().trim_start_matches('+').to_owned();
    match (kept.as_deref(), found) {
        (Some(value), Some(found)) if digits(value) == digits(found) => kept.clone(),
        _ => text(kept, found, |_| false),
    }
}

fn card(kept: &Card, found: &api::Card) -> Card {
    let parts = &found.card_components;
    let of = |kind: &str| {
        let part = parts.iter().find(|part| part.kind == kind);
        part.cloned().unwrap_or_default()
    };
    Card {
        header: object(&kept.header, |kept| {
            let found = of("HEADER");
            if found.format.is_none() && found.url.is_none() {
                return CardHeader::default();
            }
            CardHeader {
                format: text(&kept.format, found.format.as_deref(), |_| false),
                url: media_url(&kept.url, found.url.as_deref()),
            }
        }),
        body: object(&kept.body, |kept| CardBody {
            text: text(&kept.text, of("BODY").text.as_deref(), |_| false),
        }),
        buttons: list(
            &kept.buttons,
            &of("BUTTONS").buttons,
            |kept: &CardButton, found| CardButton::from(button(&Button::from(kept.clone()), found)),
        ),
    }
}

/// Whether the service returns the samples is not documented, so a response without them changes nothing.
fn example(
    kept: &Field<BTreeMap<String, Field<String>>>,
    found: Option<&BTreeMap<String, String>>,
) -> Field<BTreeMap<String, Field<String>>> {
    let Some(found) = found.filter(|found| !found.is_empty()) else {
        return match kept {
            Field::Known(_) => kept.clone(),
            _ => Field::Null,
        };
    };
    let nothing = BTreeMap::new();
    let kept = kept.as_known().unwrap_or(&nothing);
    let samples = found.iter().map(|(name, sample)| {
        let kept = kept.get(name).cloned().unwrap_or_default();
        let sample = match kept.as_deref() {
            Some(value) if same(value, sample) => kept,
            _ => Field::from(sample.as_str()),
        };
        (name.clone(), sample)
    });
    Field::Known(samples.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(components: Vec<Component>) -> Template {
        Template {
            name: "t".to_owned(),
            components,
            ..Template::default()
        }
    }

    fn part(kind: &str, text: Option<&str>) -> Component {
        Component {
            kind: kind.to_owned(),
            text: text.map(str::to_owned),
            ..Component::default()
        }
    }

    fn body(text: &str) -> Field<Body> {
        Field::Known(Body {
            text: text.into(),
            ..Body::default()
        })
    }

    #[test]
    fn texts_keep_their_spelling_and_drift_shows() {
        let check = |kept: &str, found: &str, expected: &str| {
            let model = Model {
                body: body(kept),
                ..Model::default()
            };
            let found = model.with_content(&template(vec![part("BODY", Some(found))]));
            assert_eq!(found.body, body(expected), "{kept} {expected}");
        };
        check("a", "a", "a");
        check("a\n", "a", "a\n");
        check("a\r\nb", " a\nb ", "a\r\nb");
        check("a", "b", "b");
    }

    #[test]
    fn absent_arguments_stay_null_beside_defaults() {
        let buttons = |url_type: Option<&str>, is_opt_out: Option<bool>| Component {
            buttons: vec![api::Button {
                kind: "URL".to_owned(),
                url: Some("https://e".to_owned()),
                url_type: url_type.map(str::to_owned),
                is_opt_out,
                ..api::Button::default()
            }],
            ..part("BUTTONS", None)
        };
        let kept = Model {
            buttons: Field::Known(vec![Field::Known(Button {
                kind: "URL".into(),
                url: "https://e".into(),
                ..Button::default()
            })]),
            ..Model::default()
        };
        let check = |found: Component, same: bool| {
            let read = kept.with_content(&template(vec![found.clone()]));
            assert_eq!(read.buttons == kept.buttons, same, "{found:?}");
        };
        check(buttons(None, None), true);
        check(buttons(Some("static"), Some(false)), true);
        check(buttons(Some("dynamic"), None), false);
        check(buttons(None, Some(true)), false);
        // One that is spelled out stays so, also where the service does not show it.
        let mut spelled = kept.clone();
        if let Field::Known(buttons) = &mut spelled.buttons
            && let Field::Known(button) = &mut buttons[0]
        {
            button.url_type = "static".into();
        }
        let check_spelled = |url_type: Option<&str>, same: bool| {
            let read = spelled.with_content(&template(vec![buttons(url_type, None)]));
            assert_eq!(read.buttons == spelled.buttons, same, "{url_type:?}");
        };
        check_spelled(None, true);
        check_spelled(Some("STATIC"), true);
        check_spelled(Some("dynamic"), false);
        // An import keeps nothing, and shows no default.
        let read =
            Model::default().with_content(&template(vec![buttons(Some("static"), Some(false))]));
        assert_eq!(read.buttons, kept.buttons);
    }

    #[test]
    fn generated_texts_of_authentication_are_no_drift() {
        let found = template(vec![
            part("BODY", Some("*{{1}}* is your code.")),
            Component {
                code_expiration_minutes: Some(5),
                ..part("FOOTER", Some("This code expires."))
            },
        ]);
        let model = Model {
            category: AUTHENTICATION.into(),
            ..Model::default()
        };
        let read = model.with_content(&found);
        assert_eq!(read.body, Field::Null);
        let footer = Footer {
            code_expiration_minutes: Field::Known(5),
            ..Footer::default()
        };
        assert_eq!(read.footer, Field::Known(footer));
        let empty = Model {
            body: Field::Known(Body::default()),
            ..model
        };
        assert_eq!(empty.with_content(&found).body, empty.body);
    }

    #[test]
    fn media_keep_their_url_and_samples_that_are_not_repeated() {
        let model = Model {
            header: Field::Known(Header {
                format: "IMAGE".into(),
                url: "https://mine".into(),
                ..Header::default()
            }),
            example: Field::Known(BTreeMap::from([("a".to_owned(), "x".into())])),
            ..Model::default()
        };
        let image = |format: &str| Component {
            format: Some(format.to_owned()),
            url: Some("https://copy".to_owned()),
            ..part("HEADER", None)
        };
        let read = model.with_content(&template(vec![image("IMAGE")]));
        assert_eq!(
            (&read.header, &read.example),
            (&model.header, &model.example)
        );
        let moved = model.with_content(&template(vec![image("VIDEO")]));
        assert_ne!(moved.header, model.header);
        let gone = model.with_content(&template(Vec::new()));
        assert_eq!(gone.header, Field::Null);
    }

    #[test]
    fn lists_are_compared_by_their_order() {
        let reply = |text: &str| api::Button {
            kind: "QUICK_REPLY".to_owned(),
            text: Some(text.to_owned()),
            ..api::Button::default()
        };
        let found = |texts: &[&str]| {
            template(vec![Component {
                buttons: texts.iter().map(|text| reply(text)).collect(),
                ..part("BUTTONS", None)
            }])
        };
        let kept = Model::default().with_content(&found(&["a", "b"]));
        assert_eq!(kept.with_content(&found(&["a", "b"])).buttons, kept.buttons);
        assert_ne!(kept.with_content(&found(&["b", "a"])).buttons, kept.buttons);
        assert_ne!(kept.with_content(&found(&["a"])).buttons, kept.buttons);
        assert_eq!(kept.with_content(&found(&[])).buttons, Field::Null);
    }

    #[test]
    fn moved_categories_do_not_change_what_was_asked_for() {
        let found = Template {
            category: Some("MARKETING".to_owned()),
            ..Template::default()
        };
        let asked = Model {
            category: "UTILITY".into(),
            ..Model::default()
        };
        let read = asked.with_content(&found);
        assert_eq!(read.category, Field::from("UTILITY"));
        assert_eq!(read.current_category, Field::from("MARKETING"));
        assert_eq!(
            Model::default().with_content(&found).category,
            Field::from("MARKETING")
        );
    }
}
