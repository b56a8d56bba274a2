//! Terraform without any cloud: values, schemas, planning, and the server behind the RPCs.
//!
//! A provider implements [`Provider`], and for each of its types [`Resource`], [`DataSource`], [`ListResource`],
//! [`Action`] or [`Function`]. Each type has a [`Schema`] and a [model]. A plugin process hands what Terraform
//! sends to a [`server::Server`], one method for each RPC.
//!
//! No name of a cloud, no gRPC, no async runtime, no I/O: clocks and pauses are parameters.

mod action;
mod capabilities;
mod catch_panic;
mod data_source;
mod diagnostics;
mod function;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod identity;
mod json;
mod list_resource;
pub mod model;
pub mod msgpack;
mod number;
mod path;
mod plan;
mod printable;
mod private_state;
mod provider;
mod resource;
pub mod schema;
pub mod server;
mod state;
pub mod timeouts;
mod types;
mod upgrade;
mod validate;
mod value;
mod wait;

// The provider.
pub use provider::{ConfigureRequest, Provider};

// Resources: each operation with its request, and what it leaves behind.
pub use resource::{
    CreateRequest, DeleteRequest, ImportRequest, MoveSource, PlanRequest, PlanResponse,
    ReadRequest, Resource, SourceVersions, StateResponse, UpdateRequest,
};

// Resource identities.
pub use identity::{IdentityAttribute, IdentitySchema, IdentityType};

// The other kinds of types.
pub use action::{Action, InvokeRequest, Progress};
pub use data_source::{DataSource, DataSourceReadRequest};
pub use function::{Function, FunctionDefinition, FunctionError, Parameter};
pub use list_resource::{ListRequest, ListResource, ListSink, ListedResource};

// Schemas. What is needed less often is in `schema`.
pub use schema::{Attribute, Block, Nesting, Schema};
pub use types::Type;

// Values, typed and untyped, and places in them.
pub use model::{Field, Model, ModelError};
pub use number::Number;
pub use path::{AttributePath, Step};
pub use value::{Object, Value};

// What the user reads.
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use printable::{printable_line, printable_text};

// Waiting for a remote object.
pub use wait::{Pause, WaitPolicy, WaitResult};
