//! Compiles `proto/` to Rust with a protobuf compiler that is itself Rust, so that no `protoc` is needed.
//!
//! Must not contain: anything but that.

use std::{env, error::Error, fs, path::PathBuf};

use tonic_prost_build::Config;

const PROTOS: [&str; 3] = ["tfplugin6.proto", "go_plugin.proto", "health.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(PROTOS, ["proto"])?;

    // The descriptor test of the protocol room compares this with the checked-in wire table.
    let out_dir = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let mut bytes = Vec::new();
    protox::prost::Message::encode(&descriptors, &mut bytes)?;
    fs::write(out_dir.join("descriptors.bin"), bytes)?;

    let mut config = Config::new();
    // Comments of the .proto files would become doc tests where they are indented.
    config.disable_comments(["."]);
    tonic_prost_build::configure()
        .build_client(false)
        .generate_default_stubs(true)
        .compile_fds_with_config(descriptors, config)?;
    Ok(())
}
