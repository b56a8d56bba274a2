//! The provider binary: what it is, and what it serves.
//!
//! Must not contain: anything else.

use std::process::ExitCode;

use terraform_provider_alicloud::{
    plugin::{self, ProviderInfo, ProviderService},
    provider::Alicloud,
};

fn main() -> ExitCode {
    let info = ProviderInfo {
        name: "alicloud",
        // Set by `cargo release-provider`; a build by hand says that it is one.
        version: option_env!("PROVIDER_VERSION")
            .unwrap_or(concat!(env!("CARGO_PKG_VERSION"), "-dev")),
        commit: option_env!("PROVIDER_COMMIT"),
        target: option_env!("PROVIDER_TARGET"),
        address: "registry.terraform.io/alicloud-cams/alicloud",
        log_variable: "TF_LOG_PROVIDER_ALICLOUD",
        crates: &["alicloud"],
        summary: "WhatsApp Business Account onboarding on Alibaba Cloud Chat App Message Service (CAMS)",
    };
    plugin::run(info, || ProviderService::new(Alicloud::new()))
}
