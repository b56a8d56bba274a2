//! Bindings of WABAs to spaces: the resource, the data source and the list resource.

mod bind;
mod data_source;
mod list_resource;
mod messages;
mod model;
mod query;
mod resource;
mod space_search;

pub(super) use self::{
    data_source::WabaBindings, list_resource::WabaBindingList, resource::CamsWabaBinding,
};
