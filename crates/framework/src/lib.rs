//! Terraform without any cloud: values, schemas, planning, and the server behind the RPCs.
//!
//! Must not contain: the name of a cloud, gRPC, an async runtime, I/O.

pub mod capabilities;
pub mod diagnostics;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod guard;
pub mod identity;
pub mod json;
pub mod msgpack;
pub mod number;
pub mod path;
pub mod plan;
mod private;
pub mod provider;
pub mod resource;
pub mod schema;
pub mod server;
mod state;
pub mod timeouts;
pub mod types;
pub mod upgrade;
pub mod validate;
pub mod value;

pub use capabilities::{ClientCapabilities, DeferredReason};
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use identity::{IdentityAttribute, IdentitySchema, IdentityType};
pub use number::Number;
pub use path::{AttributePath, Step};
pub use provider::{ConfigureRequest, Provider};
pub use resource::{
    CreateRequest, DeleteRequest, ImportRequest, MoveSource, PlanRequest, PlanResponse,
    ReadRequest, Resource, SourceVersions, StateResponse, UpdateRequest,
};
pub use schema::{Attribute, Block, NestedBlock, Nesting, Schema};
pub use types::Type;
pub use value::{Object, Value};
