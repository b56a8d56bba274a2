//! `alicloud_cams_waba_binding`.

mod bind;
mod messages;
mod resource;
mod space_search;
mod waba_attributes;

pub(super) use self::resource::CamsWabaBinding;

use self::resource::RAM_ACTIONS;
