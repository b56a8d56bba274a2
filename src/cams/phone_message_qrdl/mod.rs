//! Message links of a phone number, with their QR codes.

mod create;
mod messages;
mod model;
mod resource;

pub(super) use self::resource::PhoneMessageQrdl;
