//! `alicloud_cams_waba_binding`.

mod bind;
mod data_source;
mod list_resource;
mod messages;
mod resource;
mod space_search;
mod waba_attributes;

pub(super) use self::{
    data_source::WabaBindings, list_resource::WabaBindingList, resource::CamsWabaBinding,
};

use self::resource::RAM_ACTIONS;
