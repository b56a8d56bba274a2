//! The commerce settings of a phone number.

mod resource;

pub(super) use self::resource::CommerceSetting;
