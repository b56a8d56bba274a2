//! What is known to be wrong with a configuration before the service sees it.
//!
//! An error is what the service refuses for certain. What Meta may have changed since its pages were written is a warning.

use std::collections::BTreeSet;

use framework::{AttributePath, Diagnostic, Diagnostics, Field};

use super::{
    model::{AUTHENTICATION, Button, Model},
    variables::variables,
};

/// Checks a configuration. Values may be unknown; these are checked when they are known.
pub(super) fn check(config: &Model) -> Diagnostics {
    let mut rules = Rules {
        found: Diagnostics::new(),
    };
    rules.category(config);
    rules.texts(config);
    rules.buttons(config);
    rules.cards(config);
    rules.samples(config);
    rules.found
}

struct Rules {
    found: Diagnostics,
}

fn at(name: &str) -> AttributePath {
    AttributePath::attribute(name)
}

impl Rules {
    fn error(&mut self, path: AttributePath, summary: impl Into<String>, detail: &str) {
        let detail = format!("{detail} Nothing was sent.\n\n  Code:  Provider.InvalidTemplate");
        self.found.push(Diagnostic::error(summary, detail).at(path));
    }

    fn warn(&mut self, path: AttributePath, summary: impl Into<String>, detail: &str) {
        let detail = format!(
            "{detail} The provider passes it on, since Meta may have changed its rules; the service may refuse it."
        );
        self.found
            .push(Diagnostic::warning(summary, detail).at(path));
    }

    fn category(&mut self, config: &Model) {
        let Some(category) = config.category.as_deref() else {
            return;
        };
        let known = ["UTILITY", "MARKETING", AUTHENTICATION];
        if !known.contains(&category) {
            self.warn(
                at("category"),
                format!("Unknown category \"{}\"", category.escape_debug()),
                "The documented categories are UTILITY, MARKETING and AUTHENTICATION.",
            );
        }
        self.time_to_live(config, category);
        if category == AUTHENTICATION {
            self.authentication(config);
        } else if known.contains(&category) {
            self.texts_by_hand(config, category);
        }
    }

    fn time_to_live(&mut self, config: &Model, category: &str) {
        let limits = match category {
            AUTHENTICATION => 30..=900,
            "UTILITY" => 30..=43_200,
            _ => return,
        };
        let seconds = config.message_send_ttl_seconds.as_known();
        if let Some(seconds) = seconds.filter(|seconds| !limits.contains(*seconds)) {
            self.warn(
                at("message_send_ttl_seconds"),
                format!("Unusual time to live: {seconds} seconds"),
                &format!(
                    "For {category} the documented range is {} to {}.",
                    limits.start(),
                    limits.end()
                ),
            );
        }
    }

    /// Meta writes the texts.
    fn authentication(&mut self, config: &Model) {
        if config.header.is_known() {
            self.error(
                at("header"),
                "A template for authentication has no header",
                "The category is AUTHENTICATION, which allows no header. Remove `header`.",
            );
        }
        let body = config.body.as_known();
        if body.is_some_and(|body| body.text.is_known()) {
            self.error(
                at("body").then_attribute("text"),
                "A template for authentication has no text of its own",
                "The category is AUTHENTICATION, for which Meta writes the text. Remove `body.text`.",
            );
        }
        let footer = config.footer.as_known();
        if footer.is_some_and(|footer| footer.text.is_known()) {
            self.error(
                at("footer").then_attribute("text"),
                "A template for authentication has no footer text of its own",
                "The category is AUTHENTICATION, for which Meta writes the footer. Remove `footer.text`, and set \
                 `footer.code_expiration_minutes` if the footer shall say how long the code is valid.",
            );
        }
        let buttons = match &config.buttons {
            Field::Unknown => return,
            Field::Null => &[][..],
            Field::Known(buttons) => buttons,
        };
        if buttons.len() != 1 {
            self.error(
                at("buttons"),
                "A template for authentication has exactly one button",
                &format!(
                    "The category is AUTHENTICATION, which needs one button of type COPY_CODE or ONE_TAP, but `buttons` has {}.",
                    buttons.len()
                ),
            );
        }
        for (index, button) in known_elements(buttons) {
            self.code_button(index, button);
        }
    }

    fn code_button(&mut self, index: usize, button: &Button) {
        let path = at("buttons").then_index(index);
        let Some(kind) = button.kind.as_deref() else {
            return;
        };
        if !["COPY_CODE", "ONE_TAP", "ZERO_TAP"].contains(&kind) {
            self.warn(
                path.then_attribute("type"),
                format!(
                    "Unusual button for authentication: \"{}\"",
                    kind.escape_debug()
                ),
                "The documented types for AUTHENTICATION are COPY_CODE, ONE_TAP and ZERO_TAP.",
            );
        }
        if ["COPY_CODE", "ONE_TAP"].contains(&kind) && button.text.is_null() {
            self.lacks(&path, kind, "text");
        }
        if kind == "ONE_TAP" && button.autofill_text.is_null() {
            self.lacks(&path, kind, "autofill_text");
        }
        if kind == "ONE_TAP" && button.supported_apps.is_null() {
            self.lacks(&path, kind, "supported_apps");
        }
    }

    fn lacks(&mut self, path: &AttributePath, kind: &str, attribute: &str) {
        self.error(
            path.then_attribute(attribute),
            format!("A {kind} button needs {attribute}"),
            &format!("A button of type {kind} has no `{attribute}`, which the service requires."),
        );
    }

    /// `MARKETING` and `UTILITY`.
    fn texts_by_hand(&mut self, config: &Model, category: &str) {
        let lacks_text = match &config.body {
            Field::Null => true,
            Field::Known(body) => body.text.is_null(),
            Field::Unknown => false,
        };
        if lacks_text {
            self.error(
                at("body"),
                format!("A template for {category} needs a body"),
                &format!("The category is {category}, which needs `body.text`."),
            );
        }
    }

    fn texts(&mut self, config: &Model) {
        if let Some(header) = config.header.as_known() {
            let path = at("header");
            match header.format.as_deref() {
                Some("TEXT") if header.text.is_null() => {
                    self.lacks_part(&path, "text", "The format TEXT needs it.")
                }
                Some("IMAGE" | "VIDEO" | "DOCUMENT") if header.url.is_null() => self.warn(
                    path.then_attribute("url"),
                    "The header has no sample of its media",
                    "Meta reviews a header with media by a sample, which `header.url` leads to.",
                ),
                _ => {}
            }
            self.text(&path.then_attribute("text"), &header.text, Some(1));
        }
        if let Some(body) = config.body.as_known() {
            self.text(&at("body").then_attribute("text"), &body.text, None);
        }
        if let Some(footer) = config.footer.as_known() {
            self.text(&at("footer").then_attribute("text"), &footer.text, Some(0));
        }
        if let Some(offer) = config.limited_time_offer.as_known() {
            self.text(
                &at("limited_time_offer").then_attribute("text"),
                &offer.text,
                None,
            );
        }
    }

    fn lacks_part(&mut self, path: &AttributePath, attribute: &str, why: &str) {
        let path = path.then_attribute(attribute);
        self.error(path.clone(), format!("`{path}` is missing"), why);
    }

    /// Placeholders of another kind, and more variables than the place takes.
    fn text(&mut self, path: &AttributePath, field: &Field<String>, most: Option<usize>) {
        let Some(text) = field.as_deref() else {
            return;
        };
        if text.contains("{{") {
            self.error(
                path.clone(),
                format!("`{path}` has a raw placeholder"),
                "The service refuses placeholders such as {{1}}. Write a variable as $(name); in HCL text that is \"$(name)\", \
                 without a brace.",
            );
        }
        let count = text.matches("$(").count();
        match most {
            Some(0) if count > 0 => self.error(
                path.clone(),
                format!("`{path}` has a variable"),
                "The service allows no variable in this text.",
            ),
            Some(most) if count > most => self.error(
                path.clone(),
                format!("`{path}` has more than one variable"),
                &format!("The service allows at most one variable here, but there are {count}."),
            ),
            _ => {}
        }
    }

    fn button(&mut self, path: &AttributePath, button: &Button) {
        self.text(&path.then_attribute("text"), &button.text, Some(0));
        self.text(&path.then_attribute("url"), &button.url, Some(1));
        let text = button.text.as_deref();
        if text.is_some_and(|text| text.chars().count() > 25) {
            self.warn(
                path.then_attribute("text"),
                "Long text of a button",
                "Meta's pages allow 25 characters on a button.",
            );
        }
        if button.kind.as_deref() != Some("PHONE_NUMBER") {
            return;
        }
        match &button.phone_number {
            Field::Null => self.lacks(path, "PHONE_NUMBER", "phone_number"),
            Field::Known(number) if !is_phone_number(number) => self.error(
                path.then_attribute("phone_number"),
                "The phone number of a button is wrong",
                &format!(
                    "The number has to begin with `+` and the country code, and has 7 to 15 digits and nothing else, but it is \"{}\".",
                    number.escape_debug()
                ),
            ),
            _ => {}
        }
    }

    fn buttons(&mut self, config: &Model) {
        let buttons = config
            .buttons
            .as_known()
            .map(Vec::as_slice)
            .unwrap_or_default();
        for (index, button) in known_elements(buttons) {
            self.button(&at("buttons").then_index(index), button);
            self.flow(&at("buttons").then_index(index), button);
        }
        let kinds: Vec<&str> = known_elements(buttons)
            .filter_map(|(_, button)| button.kind.as_deref())
            .collect();
        for kind in &kinds {
            const TYPES: [&str; 9] = [
                "PHONE_NUMBER",
                "URL",
                "QUICK_REPLY",
                "COPY_CODE",
                "ONE_TAP",
                "ZERO_TAP",
                "MPM",
                "CATALOG",
                "FLOW",
            ];
            if !TYPES.contains(kind) {
                self.warn(
                    at("buttons"),
                    format!("Unknown type of button \"{}\"", kind.escape_debug()),
                    &format!("The documented types are {}.", TYPES.join(", ")),
                );
            }
        }
        for (kind, most) in [("PHONE_NUMBER", 1), ("URL", 2)] {
            let count = kinds.iter().filter(|it| **it == kind).count();
            if count > most {
                self.warn(
                    at("buttons"),
                    format!("More {kind} buttons than usual"),
                    &format!(
                        "The documentation allows {most} of type {kind}, but there are {count}."
                    ),
                );
            }
        }
        // Replies in one run: the type changes to or from QUICK_REPLY at most once.
        let is_reply = kinds.iter().map(|kind| *kind == "QUICK_REPLY");
        let is_reply: Vec<bool> = is_reply.collect();
        if is_reply
            .windows(2)
            .filter(|pair| pair[0] != pair[1])
            .count()
            > 1
        {
            self.warn(
                at("buttons"),
                "Quick replies stand between other buttons",
                "The documentation wants all QUICK_REPLY buttons beside each other.",
            );
        }
    }

    fn flow(&mut self, path: &AttributePath, button: &Button) {
        if button.flow_action.as_deref() == Some("NAVIGATE") && button.navigate_screen.is_null() {
            self.lacks(path, "FLOW", "navigate_screen");
        }
    }

    fn cards(&mut self, config: &Model) {
        let cards = config
            .cards
            .as_known()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let mut formats = BTreeSet::new();
        for (index, card) in known_elements(cards) {
            let path = at("cards").then_index(index);
            if let Some(body) = card.body.as_known() {
                self.text(
                    &path.then_attribute("body").then_attribute("text"),
                    &body.text,
                    None,
                );
            }
            let header = card.header.as_known();
            formats.extend(header.and_then(|header| header.format.as_deref()));
            let buttons = card
                .buttons
                .as_known()
                .map(Vec::as_slice)
                .unwrap_or_default();
            for (index, button) in known_elements(buttons) {
                let path = path.then_attribute("buttons").then_index(index);
                self.button(&path, &Button::from(button.clone()));
            }
        }
        if formats.len() > 1
            || formats
                .iter()
                .any(|format| !["IMAGE", "VIDEO"].contains(format))
        {
            self.warn(
                at("cards"),
                "Headers of cards differ, or are no media",
                "Meta's pages want the same format, IMAGE or VIDEO, on all cards.",
            );
        }
        if cards.len() > 10 {
            self.warn(
                at("cards"),
                format!("A carousel of {} cards", cards.len()),
                "Meta's pages allow 10 cards.",
            );
        }
    }

    /// Each variable should have a sample, and each sample a variable.
    fn samples(&mut self, config: &Model) {
        let Some((used, all_known)) = texts_with_variables(config) else {
            return;
        };
        let given: BTreeSet<&str> = match &config.example {
            Field::Unknown => return,
            Field::Null => BTreeSet::new(),
            Field::Known(samples) => samples.keys().map(String::as_str).collect(),
        };
        let lacking: Vec<&str> = used
            .iter()
            .map(String::as_str)
            .filter(|name| !given.contains(name))
            .collect();
        if !lacking.is_empty() {
            self.warn(
                at("example"),
                "Variables without a sample",
                &format!(
                    "`example` has no sample for: {}. Meta reviews a template by its samples.",
                    lacking.join(", ")
                ),
            );
        }
        let unused: Vec<&str> = given
            .into_iter()
            .filter(|name| !used.contains(*name))
            .collect();
        if all_known && !unused.is_empty() {
            self.warn(
                at("example"),
                "Samples without a variable",
                &format!(
                    "No text of the template has these variables: {}.",
                    unused.join(", ")
                ),
            );
        }
    }
}

fn is_phone_number(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn known_elements<T>(elements: &[Field<T>]) -> impl Iterator<Item = (usize, &T)> {
    let elements = elements.iter().enumerate();
    elements.filter_map(|(index, element)| Some((index, element.as_known()?)))
}

/// The variables of all texts, and whether all texts are known. `None` for a template whose texts Meta writes.
fn texts_with_variables(config: &Model) -> Option<(BTreeSet<String>, bool)> {
    if config.is_authentication() || config.category.is_unknown() {
        return None;
    }
    let content = super::details::Content::of(config);
    let mut texts = Vec::new();
    collect_texts(&serde_json::to_value(&content.components).ok()?, &mut texts);
    let used = texts
        .iter()
        .flat_map(|text| variables(text))
        .map(str::to_owned)
        .collect();
    let parts = framework::Object::from_model(config);
    let all_known = ["header", "body", "buttons", "cards", "limited_time_offer"]
        .iter()
        .all(|name| parts.get(name).is_wholly_known());
    Some((used, all_known))
}

fn collect_texts(value: &serde_json::Value, texts: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => texts.push(text.clone()),
        serde_json::Value::Array(elements) => {
            elements.iter().for_each(|it| collect_texts(it, texts))
        }
        serde_json::Value::Object(members) => {
            members.values().for_each(|it| collect_texts(it, texts))
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use framework::Severity;

    use super::super::model::{Body, Footer, Header};
    use super::*;

    fn check_rules(config: &Model, expected: &[&str]) {
        let found = check(config);
        let found: Vec<String> = found
            .iter()
            .map(|it| {
                let severity = if it.severity == Severity::Error {
                    "E"
                } else {
                    "W"
                };
                format!("{severity} {} at {}", it.summary, it.attribute)
            })
            .collect();
        assert_eq!(found, expected);
    }

    fn utility(text: &str) -> Model {
        Model {
            category: "UTILITY".into(),
            body: Field::Known(Body {
                text: text.into(),
                ..Body::default()
            }),
            ..Model::default()
        }
    }

    fn buttons(buttons: Vec<Button>) -> Field<Vec<Field<Button>>> {
        Field::Known(buttons.into_iter().map(Field::Known).collect())
    }

    fn button(kind: &str) -> Button {
        Button {
            kind: kind.into(),
            ..Button::default()
        }
    }

    #[test]
    fn bodies_are_required_where_meta_does_not_write_them() {
        check_rules(&utility("Hello"), &[]);
        let no_body = Model {
            body: Field::Null,
            ..utility("")
        };
        check_rules(&no_body, &["E A template for UTILITY needs a body at body"]);
        let unknown = Model {
            body: Field::Unknown,
            ..utility("")
        };
        check_rules(&unknown, &[]);
        let other = Model {
            category: "NEWS".into(),
            ..no_body
        };
        check_rules(&other, &["W Unknown category \"NEWS\" at category"]);
    }

    #[test]
    fn authentication_has_one_button_and_no_texts() {
        let sound = Model {
            category: AUTHENTICATION.into(),
            buttons: buttons(vec![Button {
                text: "Copy".into(),
                ..button("COPY_CODE")
            }]),
            ..Model::default()
        };
        check_rules(&sound, &[]);
        let wrong = Model {
            header: Field::Known(Header {
                format: "TEXT".into(),
                text: "x".into(),
                ..Header::default()
            }),
            body: Field::Known(Body {
                text: "x".into(),
                ..Body::default()
            }),
            footer: Field::Known(Footer {
                text: "x".into(),
                ..Footer::default()
            }),
            buttons: buttons(vec![button("ONE_TAP"), button("URL")]),
            ..sound
        };
        check_rules(
            &wrong,
            &[
                "E A template for authentication has no header at header",
                "E A template for authentication has no text of its own at body.text",
                "E A template for authentication has no footer text of its own at footer.text",
                "E A template for authentication has exactly one button at buttons",
                "E A ONE_TAP button needs text at buttons[0].text",
                "E A ONE_TAP button needs autofill_text at buttons[0].autofill_text",
                "E A ONE_TAP button needs supported_apps at buttons[0].supported_apps",
                "W Unusual button for authentication: \"URL\" at buttons[1].type",
            ],
        );
    }

    #[test]
    fn placeholders_and_variables_are_checked_by_place() {
        check_rules(
            &utility("{{1}}"),
            &["E `body.text` has a raw placeholder at body.text"],
        );
        let config = Model {
            header: Field::Known(Header {
                format: "TEXT".into(),
                text: "$(a) $(b)".into(),
                ..Header::default()
            }),
            footer: Field::Known(Footer {
                text: "$(a)".into(),
                ..Footer::default()
            }),
            buttons: buttons(vec![
                Button {
                    text: "$(a)".into(),
                    url: "$(a)$(b)".into(),
                    ..button("URL")
                },
                Button {
                    phone_number: "4930".into(),
                    ..button("PHONE_NUMBER")
                },
            ]),
            example: Field::Known(BTreeMap::from([
                ("a".to_owned(), "x".into()),
                ("z".to_owned(), "x".into()),
            ])),
            ..utility("x")
        };
        check_rules(
            &config,
            &[
                "E `header.text` has more than one variable at header.text",
                "E `footer.text` has a variable at footer.text",
                "E `buttons[0].text` has a variable at buttons[0].text",
                "E `buttons[0].url` has more than one variable at buttons[0].url",
                "E The phone number of a button is wrong at buttons[1].phone_number",
                "W Variables without a sample at example",
                "W Samples without a variable at example",
            ],
        );
    }

    #[test]
    fn values_that_meta_may_have_changed_are_warnings() {
        let reply = || button("QUICK_REPLY");
        let url = || button("URL");
        let config = Model {
            message_send_ttl_seconds: Field::Known(5),
            buttons: buttons(vec![reply(), url(), reply(), url(), url(), button("NEW")]),
            ..utility("x")
        };
        check_rules(
            &config,
            &[
                "W Unusual time to live: 5 seconds at message_send_ttl_seconds",
                "W Unknown type of button \"NEW\" at buttons",
                "W More URL buttons than usual at buttons",
                "W Quick replies stand between other buttons at buttons",
            ],
        );
        let flow = Model {
            buttons: buttons(vec![Button {
                flow_action: "NAVIGATE".into(),
                ..button("FLOW")
            }]),
            ..utility("x")
        };
        check_rules(
            &flow,
            &["E A FLOW button needs navigate_screen at buttons[0].navigate_screen"],
        );
    }
}
