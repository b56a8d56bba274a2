//! Generates the client half of the protocol from the product's own `proto/`, for the plugin host of the tests.
//!
//! Must not contain: anything but that.

use std::error::Error;

use tonic_prost_build::Config;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=../proto");
    let descriptors = protox::compile(
        ["tfplugin6.proto", "go_plugin.proto", "health.proto"],
        ["../proto"],
    )?;
    let mut config = Config::new();
    config.disable_comments(["."]);
    tonic_prost_build::configure()
        .build_server(false)
        .compile_fds_with_config(descriptors, config)?;
    Ok(())
}
