//! What a data source is, to the framework: a configuration that is read into an object.

use async_trait::async_trait;

use super::{diagnostics::Diagnostics, resource::StateResponse, schema::Schema, value::Object};

/// A kind of remote object, or a list of them, that Terraform only reads.
#[async_trait]
pub trait DataSource: Send + Sync + 'static {
    /// What the provider's configuration yields.
    type Client: Send + Sync;

    /// The name of the data source type, for example `alicloud_cams_waba_bindings`.
    fn type_name(&self) -> &'static str;

    /// Its arguments, and the attributes that reading computes.
    fn schema(&self) -> Schema;

    /// Checks a configuration beyond what the schema says. Values may be unknown.
    fn validate(&self, _config: &Object) -> Diagnostics {
        Diagnostics::new()
    }

    /// Reads the remote system. `response.state` starts as the configuration and must end as the whole object, with no
    /// unknown value.
    ///
    /// # Errors
    /// Why it could not be read. Terraform stops then: a data source that finds nothing has to say so.
    async fn read(
        &self,
        client: &Self::Client,
        request: DataSourceReadRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics>;
}

/// What a data source is read with.
#[derive(Clone, Debug)]
pub struct DataSourceReadRequest {
    /// The configuration, wholly known.
    pub config: Object,
}
