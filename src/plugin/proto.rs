//! The messages and services of `proto/`, compiled at build time.
//!
//! Must not contain: anything written by hand.

/// Terraform plugin protocol 6.
#[allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::wildcard_imports
)]
pub mod tfplugin6 {
    tonic::include_proto!("tfplugin6");
}

/// go-plugin's controller, stdio and broker.
#[allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::wildcard_imports
)]
pub mod plugin {
    tonic::include_proto!("plugin");
}

/// The gRPC health service.
#[allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::wildcard_imports
)]
pub mod grpc_health_v1 {
    tonic::include_proto!("grpc.health.v1");
}
