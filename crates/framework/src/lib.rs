//! Terraform without any cloud: values, schemas, planning, and the server behind the RPCs.
//!
//! A provider implements [`Provider`], and for each of its types [`Resource`], [`DataSource`], [`ListResource`],
//! [`Action`] or [`Function`]. Each type has a [`Schema`] and a [model]. A plugin process hands what Terraform
//! sends to a [`server::Server`], one method for each RPC.
//!
//! No name of a cloud, no gRPC, no async runtime, no I/O: clocks and pauses are parameters.

pub mod action;
mod capabilities;
mod catch_panic;
pub mod data_source;
mod diagnostics;
pub mod function;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod identity;
mod json;
pub mod list_resource;
pub mod model;
pub mod msgpack;
mod number;
pub mod path;
mod plan;
mod printable;
mod private_state;
pub mod provider;
pub mod resource;
pub mod schema;
pub mod server;
mod state;
pub mod timeouts;
mod types;
mod upgrade;
mod validate;
mod value;
pub mod wait;

// The traits that a provider implements. Requests and responses of an operation are in the module of its trait.
pub use action::Action;
pub use data_source::DataSource;
pub use function::Function;
pub use list_resource::ListResource;
pub use provider::Provider;
pub use resource::Resource;

// Schemas. What is needed less often is in `schema`, what names an object for life in `identity`.
pub use schema::{Attribute, Block, Nesting, Schema};
pub use types::Type;

// Values, typed and untyped, and places in them.
pub use model::{Field, Model};
pub use number::Number;
pub use path::AttributePath;
pub use value::{Object, Value};

// What the user reads.
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use printable::{printable_line, printable_text};
