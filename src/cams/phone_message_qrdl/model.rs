//! The attributes of a message link.

use alicloud::cams::phone_message_qrdl::Qrdl;
use framework::{
    Attribute, Block, Field, Type,
    schema::{Equality, Validator},
};
use serde::{Deserialize, Serialize};

use crate::common::{phone_number, space, text_of};

/// The code that names a link within its number.
pub(super) const QRDL_CODE: &str = "qrdl_code";

/// What it is, for the schema of the identity.
pub(super) const QRDL_CODE_DESCRIPTION: &str = "The code of the link, for example `4O4YGZEG3RIVE1`: what stands behind `https://wa.me/message/`.";

/// The attribute for the format of the picture.
pub(super) const GENERATE_QR_IMAGE: &str = "generate_qr_image";

/// The formats.
const FORMATS: &[&str] = &["PNG", "SVG"];

/// Meta's limit.
const MAX_MESSAGE_LENGTH: usize = 140;

/// A message link, as configuration and state hold it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Model {
    pub(super) cust_space_id: Field<String>,
    pub(super) phone_number: Field<String>,
    pub(super) prefilled_message: Field<String>,
    pub(super) generate_qr_image: Field<String>,
    pub(super) qrdl_code: Field<String>,
    pub(super) deep_link_url: Field<String>,
}

impl Model {
    pub(super) fn space(&self) -> &str {
        text_of(&self.cust_space_id)
    }

    pub(super) fn number(&self) -> &str {
        text_of(&self.phone_number)
    }

    pub(super) fn code(&self) -> &str {
        text_of(&self.qrdl_code)
    }

    pub(super) fn message(&self) -> &str {
        self.prefilled_message.as_deref().unwrap_or_default()
    }

    /// Whether a link opens a chat with this message.
    pub(super) fn has_message_of(&self, link: &Qrdl) -> bool {
        let shown = link.prefilled_message.as_deref().unwrap_or_default();
        same_message(shown, self.message())
    }

    /// Writes what the service shows of the link. A message that differs in the blanks around it alone keeps its spelling.
    /// The format stays: whether the list shows that of the create is not documented, and a wrong one would replace a link
    /// that is in print.
    pub(super) fn fill(&mut self, link: &Qrdl) {
        self.qrdl_code = Field::from(&*link.qrdl_code);
        self.deep_link_url = link.deep_link_url.clone().into();
        if !self.has_message_of(link) {
            self.prefilled_message = link.prefilled_message.clone().into();
        }
    }

    /// Writes the format that the list shows, if it is one.
    pub(super) fn fill_format(&mut self, link: &Qrdl) {
        let shown = link.generate_qr_image.as_deref();
        let known = FORMATS.iter().find(|&&format| shown == Some(format));
        self.generate_qr_image = known.map(|&format| format.to_owned()).into();
    }

    /// What was planned, with what the service computes.
    pub(super) fn completed_by(&self, link: &Qrdl) -> Self {
        Self {
            qrdl_code: Field::from(&*link.qrdl_code),
            deep_link_url: link.deep_link_url.clone().into(),
            ..self.clone()
        }
    }
}

fn same_message(one: &str, other: &str) -> bool {
    one.trim() == other.trim()
}

/// The attributes of the resource.
pub(super) fn block() -> Block {
    Block::new(
        "A message link of a phone number, with a QR code: a person who opens the link or scans the code gets a chat with the number, \
         with a text that is ready to send. No attribute can be changed in place, since a change at the service would void the \
         QR codes in print and may return another code. **A link that is deleted or replaced stops working, in print, too.** \
         Set `create_before_destroy` to have the new link before the old one goes. The service has a URL of the picture, which \
         expires, so it is not in the state; make a QR code of `deep_link_url` instead. Meta allows 2000 links for each number.",
    )
    .attribute(space::attribute())
    .attribute(phone_number::attribute())
    .attribute(
        Attribute::required("prefilled_message", Type::String)
            .describe("Text that the chat opens with, at most 140 characters. A change replaces the link.")
            .requires_replace()
            .equality(Equality::Custom(same_message))
            .validate(Validator::text(check_message)),
    )
    .attribute(
        Attribute::required(GENERATE_QR_IMAGE, Type::String)
            .describe("Format of the picture that the service makes of the QR code: `PNG` or `SVG`. A change replaces the link. Whether the service shows the format that a link was created with is not documented, so only an import reads it. If the configuration has another one than that, the next apply takes it into the state in place, and sends nothing.")
            .requires_replace()
            .validate(Validator::one_of(FORMATS)),
    )
    .attribute(
        Attribute::computed(QRDL_CODE, Type::String)
            .describe(QRDL_CODE_DESCRIPTION)
            .use_state_for_unknown()
            .validate(Validator::text(check_code)),
    )
    .attribute(
        Attribute::computed("deep_link_url", Type::String)
            .describe("The link: `https://wa.me/message/…`.")
            .use_state_for_unknown(),
    )
}

fn check_message(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("must not be empty".to_owned());
    }
    match text.chars().count() {
        length if length <= MAX_MESSAGE_LENGTH => Ok(()),
        length => Err(format!(
            "must have at most {MAX_MESSAGE_LENGTH} characters, but has {length}"
        )),
    }
}

/// The form is not documented; each sample has letters and digits only. A colon would be another key.
fn check_code(text: &str) -> Result<(), String> {
    match text.contains([':', '/']) {
        false => Ok(()),
        true => Err(format!(
            "must be the code of a link without its URL, but is \"{}\"",
            text.escape_debug()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(message: &str) -> Qrdl {
        Qrdl {
            qrdl_code: "A".to_owned(),
            prefilled_message: Some(message.to_owned()),
            generate_qr_image: Some("PNG".to_owned()),
            ..Qrdl::default()
        }
    }

    #[test]
    fn shown_messages_keep_the_known_spelling() {
        let mut model = Model {
            prefilled_message: "Hi ".into(),
            generate_qr_image: "SVG".into(),
            ..Model::default()
        };
        model.fill(&link("Hi"));
        assert_eq!(model.prefilled_message, Field::from("Hi "));
        assert_eq!(model.generate_qr_image, Field::from("SVG"));
        model.fill(&link("Hello"));
        assert_eq!(model.prefilled_message, Field::from("Hello"));
        model.fill_format(&link("Hello"));
        assert_eq!(model.generate_qr_image, Field::from("PNG"));
        model.fill_format(&Qrdl::default());
        assert_eq!(model.generate_qr_image, Field::Null);
    }

    #[test]
    fn messages_have_a_limit() {
        assert_eq!(check_message(&"ü".repeat(140)), Ok(()));
        let found = check_message(&"ü".repeat(141)).err().unwrap_or_default();
        assert_eq!(found, "must have at most 140 characters, but has 141");
        assert!(check_message(" ").is_err());
    }
}
