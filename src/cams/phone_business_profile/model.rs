//! The attributes of a business profile.

use alicloud::cams::phone_business_profile::QueryPhoneBusinessProfileResponse;
use framework::{
    Attribute, AttributePath, Block, Diagnostic, Diagnostics, Field, Type, Value,
    schema::{Equality, Validator},
};
use serde::{Deserialize, Serialize};

use crate::common::{phone_number, space, web_url};

/// The industries that Meta documents.
const VERTICALS: [&str; 19] = [
    "OTHER",
    "AUTO",
    "BEAUTY",
    "APPAREL",
    "EDU",
    "ENTERTAIN",
    "EVENT_PLAN",
    "FINANCE",
    "GROCERY",
    "GOVT",
    "HOTEL",
    "HEALTH",
    "NONPROFIT",
    "PROF_SERVICES",
    "RETAIL",
    "TRAVEL",
    "RESTAURANT",
    "NOT_A_BIZ",
    NO_VERTICAL,
];

/// The industry of a profile that has none.
const NO_VERTICAL: &str = "UNDEFINED";

/// Meta's limits.
const MAX_WEBSITES: usize = 2;
const MAX_WEBSITE_LENGTH: usize = 256;

/// A business profile, as configuration and state hold it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Model {
    pub(super) cust_space_id: Field<String>,
    pub(super) phone_number: Field<String>,
    pub(super) about: Field<String>,
    pub(super) address: Field<String>,
    pub(super) description: Field<String>,
    pub(super) email: Field<String>,
    pub(super) vertical: Field<String>,
    pub(super) websites: Field<Vec<String>>,
    pub(super) profile_picture_url: Field<String>,
}

impl Model {
    /// Writes what the service shows; empty where it shows nothing. The picture stays: the service shows it under another
    /// URL.
    pub(super) fn fill(&mut self, shown: QueryPhoneBusinessProfileResponse) {
        let text = |shown: Option<String>| Field::from(shown.unwrap_or_default());
        self.about = text(shown.about);
        self.address = text(shown.address);
        self.description = text(shown.description);
        self.email = text(shown.email);
        let vertical = shown.vertical.unwrap_or_default();
        if !(self.vertical.as_deref()).is_some_and(|known| same_vertical(known, &vertical)) {
            self.vertical = vertical.into();
        }
        let known = self.websites.as_deref().unwrap_or_default();
        let spelled = |(index, site): (usize, String)| match known.get(index) {
            Some(known) if same_url(known, &site) => known.clone(),
            _ => site,
        };
        let websites = shown.websites.into_iter().enumerate().map(spelled);
        self.websites = websites.collect::<Vec<_>>().into();
    }
}

/// The service may spell the industry in its own way, and has a word for none.
fn same_vertical(one: &str, other: &str) -> bool {
    let word = |text: &str| match text.trim() {
        "" => NO_VERTICAL.to_owned(),
        text => text.to_uppercase(),
    };
    word(one) == word(other)
}

fn same_url(one: &str, other: &str) -> bool {
    let url = |text: &str| text.trim().trim_end_matches('/').to_owned();
    url(one) == url(other)
}

/// The attributes of the resource.
pub(super) fn block() -> Block {
    Block::new(
        "The business profile of a phone number: what customers see of the business in WhatsApp. The profile exists while \
         the number exists, so it is only written. Arguments that are not set are shown and not changed; an argument that \
         is removed is left as it is, and an empty value clears it. Whether the service takes an empty value is not \
         documented: after each write the profile is read back, with a warning if it shows something else. The service may \
         refuse a change until Meta has approved the display name.",
    )
    .attribute(space::attribute())
    .attribute(phone_number::attribute())
    .attribute(
        shown("about", "The line below the name, 1 to 139 characters. It cannot be cleared.").validate(
            Validator::text(|text| match text.is_empty() {
                true => Err("must not be empty: the service cannot clear it".to_owned()),
                false => at_most(139, text),
            }),
        ),
    )
    .attribute(limited("address", 256, "Address of the business, at most 256 characters."))
    .attribute(limited("description", 512, "Description of the business, at most 512 characters."))
    .attribute(limited("email", 128, "E-mail address of the business, at most 128 characters."))
    .attribute(
        shown(
            "vertical",
            "Industry of the business: `OTHER`, `AUTO`, `BEAUTY`, `APPAREL`, `EDU`, `ENTERTAIN`, `EVENT_PLAN`, `FINANCE`, \
             `GROCERY`, `GOVT`, `HOTEL`, `HEALTH`, `NONPROFIT`, `PROF_SERVICES`, `RETAIL`, `TRAVEL`, `RESTAURANT`, \
             `NOT_A_BIZ` or `UNDEFINED`. Upper and lower case mean the same, as do `UNDEFINED` and an empty text. Another value \
             is sent with a warning.",
        )
        .equality(Equality::Custom(same_vertical)),
    )
    .attribute(
        Attribute::optional_computed("websites", Type::List(Box::new(Type::String)))
            .describe("Web sites of the business, in order: at most two URLs with `https://` or `http://`, of at most 256 characters each. A slash at the end means nothing.")
            .use_state_for_unknown()
            .validate(Validator::new(check_websites)),
    )
    .attribute(
        Attribute::optional("profile_picture_url", Type::String)
            .describe("URL that the picture is fetched from. It is sent with each change of the profile, so it has to stay valid. The service shows the picture under another URL, so a picture that was changed elsewhere does not show in a plan. A removed argument leaves the picture.")
            .validate(Validator::text(web_url::check)),
    )
}

fn shown(name: &'static str, description: &'static str) -> Attribute {
    Attribute::optional_computed(name, Type::String)
        .describe(description)
        .use_state_for_unknown()
}

fn limited(name: &'static str, most: usize, description: &'static str) -> Attribute {
    shown(name, description).validate(Validator::text(move |text| at_most(most, text)))
}

fn at_most(most: usize, text: &str) -> Result<(), String> {
    match text.chars().count() {
        length if length <= most => Ok(()),
        length => Err(format!(
            "must have at most {most} characters, but has {length}"
        )),
    }
}

fn check_websites(value: &Value) -> Result<(), String> {
    let Value::List(sites) = value else {
        return Ok(());
    };
    if sites.len() > MAX_WEBSITES {
        return Err(format!(
            "must have at most {MAX_WEBSITES} elements, but has {}",
            sites.len()
        ));
    }
    let known = sites.iter().filter_map(Value::as_str);
    for site in known {
        web_url::check(site).map_err(|why| format!("has an element that {why}"))?;
        at_most(MAX_WEBSITE_LENGTH, site).map_err(|why| format!("has an element that {why}"))?;
    }
    match sites.iter().any(Value::is_null) {
        true => Err("must not have elements that are null".to_owned()),
        false => Ok(()),
    }
}

/// What Meta may change is not refused.
pub(super) fn validate(config: &Model) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    if let Some(vertical) = config
        .vertical
        .as_deref()
        .filter(|vertical| !vertical.is_empty())
        && !VERTICALS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(vertical))
    {
        let vertical = vertical.escape_debug();
        diagnostics.push(
            Diagnostic::warning(
                "Unknown value of vertical",
                format!(
                    "Meta does not document \"{vertical}\" as an industry. It is sent as it is; the service may refuse it.\n\n\
                     Documented are {}.",
                    VERTICALS.join(", ")
                ),
            )
            .at(AttributePath::attribute("vertical")),
        );
    }
    diagnostics
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_values_keep_the_known_spelling() {
        let mut model = Model {
            vertical: "RETAIL".into(),
            websites: vec!["https://a.b".to_owned(), "https://c.d".to_owned()].into(),
            profile_picture_url: "https://a.b/p.png".into(),
            ..Model::default()
        };
        let before = model.clone();
        let shown = QueryPhoneBusinessProfileResponse {
            vertical: Some("Retail".to_owned()),
            websites: vec!["https://a.b/".to_owned(), "https://c.d/".to_owned()],
            profile_picture_url: Some("https://cdn/x".to_owned()),
            ..QueryPhoneBusinessProfileResponse::default()
        };
        model.fill(shown.clone());
        assert_eq!(model.vertical, before.vertical);
        assert_eq!(model.websites, before.websites);
        assert_eq!(model.profile_picture_url, before.profile_picture_url);
        assert_eq!(model.about, Field::from(""));

        // Other values, and another order, are differences.
        let mut swapped = shown;
        swapped.websites.reverse();
        swapped.vertical = None;
        model.fill(swapped);
        assert_eq!(
            model.websites,
            Field::from(vec!["https://c.d/".to_owned(), "https://a.b/".to_owned()])
        );
        assert_eq!(model.vertical, Field::from(""));
    }

    #[test]
    fn an_empty_industry_is_undefined() {
        for (one, other, expected) in [
            ("", "UNDEFINED", true),
            ("", "undefined", true),
            ("RETAIL", "retail", true),
            ("", "OTHER", false),
            ("RETAIL", "UNDEFINED", false),
        ] {
            assert_eq!(same_vertical(one, other), expected, "{one} {other}");
            assert_eq!(same_vertical(other, one), expected, "{other} {one}");
        }
    }
}
