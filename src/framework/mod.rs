//! The framework room: Terraform and no cloud.

pub mod protocol;
