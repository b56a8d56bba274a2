//! The service itself: whether the account has activated Chat App Message Service.

mod data_source;
mod query;
mod resource;

pub(crate) use self::{data_source::CamsServiceStatus, resource::CamsService};
