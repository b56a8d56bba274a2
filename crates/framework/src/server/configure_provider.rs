//! `ConfigureProvider`, and `StopProvider`, which ends what configuring began.

use std::sync::{Arc, PoisonError};

use crate::{
    catch_panic::catch_panic,
    diagnostics::Diagnostics,
    provider::{ConfigureRequest, Provider},
    value::DynamicValue,
};

use super::{Server, codec::decode_object};

impl<P: Provider> Server<P> {
    /// `ConfigureProvider`: makes the client that all resources use from now on.
    pub async fn configure(&self, config: &DynamicValue, terraform_version: String) -> Diagnostics {
        let config = match decode_object(
            config,
            &self.provider_schema().ty(),
            "provider configuration",
        ) {
            Ok(config) => config.unwrap_or_default(),
            Err(diagnostic) => return diagnostic.into(),
        };
        let configuring = self.provider.configure(ConfigureRequest {
            config,
            terraform_version,
        });
        match catch_panic("configure the provider", configuring).await {
            Ok(Ok(client)) => {
                *self.client.write().unwrap_or_else(PoisonError::into_inner) =
                    Some(Arc::new(client));
                Diagnostics::new()
            }
            Ok(Err(diagnostics)) => diagnostics,
            Err(panic) => panic.into(),
        }
    }

    /// `StopProvider`: waiting work ends early; the server goes on answering.
    pub fn stop(&self) {
        if let Some(client) = self.client() {
            self.provider.stop(&client);
        }
    }
}
