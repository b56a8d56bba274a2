//! The conversational components of a phone number.

mod model;
mod resource;

pub(super) use self::resource::ConversationalAutomation;
