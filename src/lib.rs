//! The `alicloud` Terraform provider for Chat App Message Service (CAMS).
//!
//! Must not contain: logic.

pub mod alicloud;
pub mod framework;
pub mod provider;
pub mod resources;
