//! What a list resource is, to the framework: the objects of a managed type that exist in the remote system, one by one.

use std::ops::ControlFlow;

use async_trait::async_trait;

use super::{
    diagnostics::{Diagnostic, Diagnostics},
    schema::Schema,
    value::Object,
};

/// Finds the objects of one managed resource type, for `terraform query`.
#[async_trait]
pub trait ListResource: Send + Sync + 'static {
    /// What the provider's configuration yields.
    type Client: Send + Sync;

    /// The name of the managed resource type whose objects are listed. The type must have an identity schema.
    fn type_name(&self) -> &'static str;

    /// What may be written in the `config` block of a `list` block.
    fn schema(&self) -> Schema;

    /// Checks the `config` block beyond what the schema says. Values may be unknown.
    fn validate(&self, _config: &Object) -> Diagnostics {
        Diagnostics::new()
    }

    /// Finds objects and pushes each into `sink` as soon as it is known, and stops when `sink` says so.
    ///
    /// # Errors
    /// Why the list is not whole. What was pushed before stays with the user.
    async fn list(
        &self,
        client: &Self::Client,
        request: ListRequest,
        sink: &mut dyn ListSink,
    ) -> Result<(), Diagnostics>;
}

/// What is listed.
#[derive(Clone, Debug)]
pub struct ListRequest {
    /// The `config` block, wholly known.
    pub config: Object,
    /// At most so many objects. [`ListSink::push`] enforces it; a type that knows it sends no requests for pages that nobody reads.
    pub limit: Option<u64>,
    /// Whether [`ListedResource::resource`] is wanted. If not, nothing has to be read for it.
    pub include_resource: bool,
}

/// One object that was found.
#[derive(Clone, Debug, Default)]
pub struct ListedResource {
    /// The attributes of the type's identity schema, wholly known.
    pub identity: Object,
    /// What a person calls the object.
    pub display_name: String,
    /// The whole object, as reading it would yield it. Only sent when it was asked for.
    pub resource: Option<Object>,
    /// Warnings about this object.
    pub warnings: Vec<Diagnostic>,
}

/// Where a list resource puts what it finds.
#[async_trait]
pub trait ListSink: Send {
    /// Hands over one object, and waits while the receiver is slower than the list.
    ///
    /// `Break` when nothing more is wanted: the limit is reached, or the caller went away.
    async fn push(&mut self, resource: ListedResource) -> ControlFlow<()>;
}
