//! The types of Chat App Message Service (CAMS), one folder a noun, and the lists of them all.

mod waba_binding;

use framework::Resource;

use crate::common::Connection;

/// All resources of the provider.
#[must_use]
pub fn resources() -> Vec<Box<dyn Resource<Client = Connection>>> {
    vec![Box::new(waba_binding::CamsWabaBinding)]
}
