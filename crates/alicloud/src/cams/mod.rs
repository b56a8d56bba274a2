//! Chat App Message Service (CAMS, API version 2020-06-06): one file a noun, with the actions on it.
//!
//! Requests and responses have the names of the API. Most fields of a response are optional, since the service documents
//! none as always present; what a caller cannot do without is an error when it is missing.

pub mod commerce_setting;
pub mod conversational_automation;
pub(crate) mod error_codes;
pub mod health;
pub mod instance;
pub mod phone_business_profile;
pub mod phone_message_qrdl;
pub mod phone_number;
pub mod service;
pub mod space;
pub mod template;
pub mod waba;

use serde::Deserialize;

/// A successful response that says nothing more.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub struct NoData {}
