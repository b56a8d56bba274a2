//! Instances, which the console calls channels: what a space belongs to.

mod create;
mod data_source;
mod list_resource;
mod messages;
mod model;
mod query;
mod resource;

pub(crate) use self::{
    data_source::CamsInstances, list_resource::InstanceList, resource::CamsInstance,
};
