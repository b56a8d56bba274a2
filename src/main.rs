//! The provider binary: what it is, and what it serves.

use std::process::ExitCode;

use terraform_provider_alicloud::framework::protocol::{self, About, Service, proto::tfplugin6};

fn main() -> ExitCode {
    let about = About {
        name: "alicloud",
        version: env!("CARGO_PKG_VERSION"),
        address: "registry.terraform.io/alicloud-cams/alicloud",
        log_variable: "TF_LOG_PROVIDER_ALICLOUD",
        summary: "WhatsApp Business Account onboarding on Alibaba Cloud Chat App Message Service (CAMS)",
    };
    protocol::run(about, || Unserved)
}

/// Answers every RPC with UNIMPLEMENTED.
struct Unserved;

impl tfplugin6::provider_server::Provider for Unserved {}

impl Service for Unserved {
    fn stop(&self) {}
}
