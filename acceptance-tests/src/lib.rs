//! The acceptance tests and what they stand on: the emulated cloud, a plugin host, and drivers of the real CLIs.
//!
//! Must not contain: anything that the product needs; it is never published.

pub mod acceptance;
pub mod default_signals;
pub mod emulator;
pub mod machine;
pub mod plugin_host;
#[cfg(target_os = "linux")]
pub mod process;
pub mod proto;
pub mod provider_binary;
pub mod session;
pub mod terraform;
