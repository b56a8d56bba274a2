//! A Terraform provider for WhatsApp Business Account (WABA) onboarding on Alibaba Cloud Chat App Message Service (CAMS).
//!
//! `ARCHITECTURE.md` at the root of the repository is the map; `CONTRIBUTING.md` says how to add a type.
//!
//! | module | what it is |
//! |---|---|
//! | [`plugin`] | the plugin process and gRPC: handshake, mutual TLS, logs, signals, one file for each group of RPCs |
//! | [`provider`] | the provider block: schema, environment variables, credentials |
//! | [`common`] | what every type shares: connection, role, account, errors as diagnostics |
//! | [`cams`] | the types, one folder a noun, and their lists |

pub mod cams;
pub mod common;
pub mod plugin;
pub mod provider;

#[cfg(test)]
mod docs;
#[cfg(test)]
mod tidy;
