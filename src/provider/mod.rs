//! The `alicloud` provider: its block, and how the block and the environment become a client.
//!
//! | file | what |
//! |---|---|
//! | `arguments` | names of arguments and of the environment variables that stand in for them |
//! | `schema` | the schema of the block |
//! | `config` | the block and the environment become a client configuration |
//! | `credentials` | chooses the credentials source |
//! | `validate` | errors of the block that do not depend on the environment |
//!
//! Names follow the official `aliyun/alicloud` provider, so that an existing provider block works unchanged. Of several
//! variables with the same meaning, the current spelling `ALIBABA_CLOUD_*` comes before the older ones.
//!
//! Only this folder and the plugin handshake read the environment. Nothing here uses the network or reads a file.

mod arguments;
mod config;
mod credentials;
mod schema;
mod validate;

use std::ffi::OsString;

use async_trait::async_trait;

use crate::{
    cams,
    common::{Connection, RunCache},
};
use alicloud::{
    Client, RoleClients,
    credentials::{Context, Environment},
};
use config::ProviderConfig;
use framework::{
    Action, DataSource, Diagnostics, Function, ListResource, Object, Provider, Resource, Schema,
    provider::ConfigureRequest,
};

/// The provider.
pub struct Alicloud {
    environment: Environment,
}

impl Alicloud {
    /// The provider, configured from its block and this process's environment.
    #[must_use]
    pub fn new() -> Self {
        Self::with_environment(|name| std::env::var_os(name))
    }

    fn with_environment(
        environment: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static,
    ) -> Self {
        Self {
            environment: Environment::new(environment),
        }
    }
}

impl Default for Alicloud {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Provider for Alicloud {
    type Client = Connection;

    fn schema(&self) -> Schema {
        schema::schema()
    }

    fn resources(&self) -> Vec<Box<dyn Resource<Client = Connection>>> {
        cams::resources()
    }

    fn data_sources(&self) -> Vec<Box<dyn DataSource<Client = Connection>>> {
        cams::data_sources()
    }

    fn list_resources(&self) -> Vec<Box<dyn ListResource<Client = Connection>>> {
        cams::list_resources()
    }

    fn actions(&self) -> Vec<Box<dyn Action<Client = Connection>>> {
        cams::actions()
    }

    fn functions(&self) -> Vec<Box<dyn Function>> {
        cams::functions()
    }

    fn validate(&self, config: &Object) -> Diagnostics {
        validate::faults(config).into_iter().collect()
    }

    async fn configure(&self, request: ConfigureRequest) -> Result<Connection, Diagnostics> {
        let config = ProviderConfig {
            block: &request.config,
            environment: &self.environment,
        };
        let unknown = config.unknown_arguments();
        if !unknown.is_empty() {
            return Ok(Connection::Waiting { unknown });
        }
        let run = RunCache::new(!request.is_shared);
        let clients = config.role_clients(&request.terraform_version)?;
        Ok(Connection::ready(clients, run))
    }

    fn warnings(&self, config: &Object) -> Diagnostics {
        let config = ProviderConfig {
            block: config,
            environment: &self.environment,
        };
        config.undocumented_region().into_iter().collect()
    }

    fn not_ready(&self, connection: &Connection) -> Option<Diagnostics> {
        connection.not_ready()
    }

    fn stop(&self, connection: &Connection) {
        if let Connection::Ready {
            accounts: clients, ..
        } = connection
        {
            clients.stop();
        }
    }
}

impl ProviderConfig<'_> {
    /// The client of the configured credentials, which also gives clients of roles.
    fn role_clients(&self, terraform_version: &str) -> Result<RoleClients, Diagnostics> {
        let context = Context {
            environment: self.environment.clone(),
            client: Client::new(self.client_config(terraform_version)?),
        };
        let credentials = self.credentials_source(&context)?;
        let rule = self.account_rule(&credentials)?;
        Ok(RoleClients::new(
            context.client.acting_as(credentials.source),
            rule,
        ))
    }
}

#[cfg(test)]
mod tests;
