//! Functions about phone numbers and import IDs. They compute, and know no account and no network.

mod normalize_phone_number;
mod parse_id;
mod wa_me_link;

pub(crate) use self::{
    normalize_phone_number::NormalizePhoneNumber, parse_id::ParseId, wa_me_link::WaMeLink,
};

/// The text of an argument that the framework has checked to be known and not null.
fn text(argument: Option<&framework::Value>) -> &str {
    argument
        .and_then(framework::Value::as_str)
        .unwrap_or_default()
}
