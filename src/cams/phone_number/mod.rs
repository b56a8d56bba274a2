//! Phone numbers of a WABA: the resource, the data source, the list resource and the actions.

mod actions;
mod data_source;
mod list_resource;
mod messages;
mod model;
mod registration;
mod resource;
mod verification;

pub(super) use self::{
    actions::{RequestVerificationCode, SyncPhoneNumbers, VerifyPhoneNumber},
    data_source::PhoneNumbers,
    list_resource::PhoneNumberList,
    resource::CamsPhoneNumber,
};
