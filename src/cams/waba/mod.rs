//! Data source `alicloud_cams_waba`: the WABA of a space and the business that owns it.

mod data_source;

pub(crate) use self::data_source::CamsWaba;
