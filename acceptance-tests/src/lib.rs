//! The acceptance tests and what they stand on.

pub mod acceptance;
pub mod emulator;
pub mod plugin_host;
pub mod proto;
pub mod provider_binary;
pub mod terraform;
