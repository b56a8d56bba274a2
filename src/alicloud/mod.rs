//! Alibaba Cloud.

pub mod action;
pub mod credentials;
pub mod endpoint;
pub mod parameters;
pub mod product;
mod request;
pub mod settings;
pub mod signature;
pub use action::Action;
pub use parameters::Parameters;
