//! What a provider is, to the framework.
//!
//! Must not contain: a concrete provider.

use async_trait::async_trait;

use super::{
    action::Action, data_source::DataSource, diagnostics::Diagnostics, function::Function,
    list_resource::ListResource, resource::Resource, schema::Schema, value::Object,
};

/// A provider: one configuration block, and the types that work with what comes of it.
///
/// Each list is asked for once, when it is first needed; the schema of a type when that type is first needed. So a list
/// should cost next to nothing, and a schema may cost something.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// What configuring yields and every resource is handed.
    type Client: Send + Sync + 'static;

    /// The schema of the provider block.
    fn schema(&self) -> Schema;

    /// All resources.
    fn resources(&self) -> Vec<Box<dyn Resource<Client = Self::Client>>>;

    /// All data sources.
    fn data_sources(&self) -> Vec<Box<dyn DataSource<Client = Self::Client>>> {
        Vec::new()
    }

    /// All list resources.
    fn list_resources(&self) -> Vec<Box<dyn ListResource<Client = Self::Client>>> {
        Vec::new()
    }

    /// All actions.
    fn actions(&self) -> Vec<Box<dyn Action<Client = Self::Client>>> {
        Vec::new()
    }

    /// All functions.
    fn functions(&self) -> Vec<Box<dyn Function>> {
        Vec::new()
    }

    /// Checks the provider block beyond what its schema says. Values may be unknown.
    fn validate(&self, _config: &Object) -> Diagnostics {
        Diagnostics::new()
    }

    /// Turns the provider block into a client. Touches no network; must not fail merely because values are unknown,
    /// since a plan may not need them.
    ///
    /// # Errors
    /// What is wrong with the configuration or the environment.
    async fn configure(&self, request: ConfigureRequest) -> Result<Self::Client, Diagnostics>;

    /// Warnings about a valid configuration. Called after [`configure`](Provider::configure).
    fn warnings(&self, _config: &Object) -> Diagnostics {
        Diagnostics::new()
    }

    /// Why no call to the remote system can be made yet: the provider block has values that are known only after apply.
    /// `None` once everything is known.
    ///
    /// A type is not called then. The response is deferred to a later run if the CLI allows that, and is this error
    /// otherwise. Plans are made all the same, because they need no remote system.
    fn not_ready(&self, _client: &Self::Client) -> Option<Diagnostics> {
        None
    }

    /// Terraform was interrupted: waits of the client end early, work in flight may end.
    fn stop(&self, client: &Self::Client);
}

/// The configured provider block.
#[derive(Debug)]
pub struct ConfigureRequest {
    /// The block; values may be unknown during a plan.
    pub config: Object,
    /// The version of the CLI, for example `1.11.4`.
    pub terraform_version: String,
    /// Whether the process may serve several runs of the CLI, even at the same time: see
    /// [`Server::keep_configuration`](crate::server::Server::keep_configuration).
    pub is_shared: bool,
}
