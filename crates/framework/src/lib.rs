//! Terraform without any cloud: values, schemas, planning, and the server behind the RPCs.
//!
//! Must not contain: the name of a cloud, gRPC, an async runtime, I/O.

pub mod action;
pub mod capabilities;
pub mod catch_panic;
pub mod data_source;
pub mod diagnostics;
pub mod function;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod identity;
pub mod json;
pub mod list_resource;
pub mod model;
pub mod msgpack;
pub mod number;
pub mod path;
pub mod plan;
mod private_state;
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
pub mod wait;

pub use action::{Action, InvokeRequest, Progress};
pub use capabilities::{ClientCapabilities, DeferredReason};
pub use data_source::{DataSource, DataSourceReadRequest};
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use function::{Function, FunctionDefinition, FunctionError, Parameter};
pub use identity::{IdentityAttribute, IdentitySchema, IdentityType};
pub use list_resource::{ListRequest, ListResource, ListSink, ListedResource};
pub use model::{Field, Model, ModelError};
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
pub use wait::{Pause, WaitPolicy, WaitResult};
