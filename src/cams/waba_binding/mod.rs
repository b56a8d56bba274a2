//! `alicloud_cams_waba_binding`.

mod api;
mod bind;
mod messages;
mod resource;
mod space_search;

pub(super) use self::resource::CamsWabaBinding;

use self::resource::RAM_ACTIONS;
