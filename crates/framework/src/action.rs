//! What an action is, to the framework: something that is done to the remote system and leaves no state.

use async_trait::async_trait;

use super::{diagnostics::Diagnostics, schema::Schema, value::Object};

/// Something that Terraform does when it is asked to, or when a resource changes, and that leaves no state.
#[async_trait]
pub trait Action: Send + Sync + 'static {
    /// What the provider's configuration yields.
    type Client: Send + Sync;

    /// The name of the action type, for example `alicloud_cams_send_test_message`.
    fn type_name(&self) -> &'static str;

    /// What may be written in the `config` block of an `action` block. All of it is configured: nothing is computed.
    fn schema(&self) -> Schema;

    /// Checks a configuration beyond what the schema says. Values may be unknown.
    fn validate(&self, _config: &Object) -> Diagnostics {
        Diagnostics::new()
    }

    /// Looks at what is about to be invoked, and may refuse it or warn about it. Values may be unknown. Makes no call:
    /// the client is there for what is written in the provider's configuration.
    fn plan(&self, _client: Option<&Self::Client>, _config: &Object) -> Diagnostics {
        Diagnostics::new()
    }

    /// Does it, and reports progress for the person who waits.
    ///
    /// # Errors
    /// Why it was not done, or not wholly.
    async fn invoke(
        &self,
        client: &Self::Client,
        request: InvokeRequest,
        progress: &mut dyn Progress,
    ) -> Result<(), Diagnostics>;
}

/// What an action is invoked with.
#[derive(Clone, Debug)]
pub struct InvokeRequest {
    /// The configuration, wholly known.
    pub config: Object,
}

/// Where an action reports what it is doing.
#[async_trait]
pub trait Progress: Send {
    /// Shows one line to the person who waits. An action goes on when nobody listens any more.
    async fn report(&mut self, message: String);
}
