//! Webhooks of phone numbers.

mod model;
mod resource;

pub(super) use self::resource::CamsPhoneWebhook;
