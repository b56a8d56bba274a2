//! The business profile of a phone number.

mod model;
mod resource;

pub(super) use self::resource::PhoneBusinessProfile;
