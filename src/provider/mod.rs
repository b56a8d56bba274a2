//! The `alicloud` provider: its block, and how configuration and environment become a client.
//!
//! | file | what |
//! |---|---|
//! | `arguments` | names of arguments and of the environment variables that stand in for them |
//! | `schema` | the schema of the block |
//! | `config` | block and environment become settings |
//! | `credentials` | which source of credentials is meant |
//!
//! Names of arguments and of environment variables follow the official `aliyun/alicloud` provider, so that an existing
//! provider block works unchanged. Where several variables mean the same, the current spelling `ALIBABA_CLOUD_*` beats the
//! older ones.
//!
//! This is the one place, beside the plugin handshake, that reads the environment.
//!
//! Must not contain: network or file access, resources, or the obtaining of credentials.

mod arguments;
mod config;
mod credentials;
mod schema;

use std::ffi::OsString;

use async_trait::async_trait;

use crate::{cams, common::Connection};
use alicloud::{
    Client, RoleClients,
    credentials::{Context, Environment},
};
use config::Reading;
use framework::{ConfigureRequest, Diagnostics, Provider, Resource, Schema};

/// The provider.
pub struct Alicloud {
    machine: Environment,
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
            machine: Environment::new(environment),
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

    async fn configure(&self, request: ConfigureRequest) -> Result<Connection, Diagnostics> {
        let reading = Reading {
            config: &request.config,
            machine: &self.machine,
        };
        let unknown = reading.unknown();
        if !unknown.is_empty() {
            return Ok(Connection::Waiting { unknown });
        }
        reading
            .accounts(&request.terraform_version)
            .map(Connection::Ready)
    }

    fn not_ready(&self, connection: &Connection) -> Option<Diagnostics> {
        connection.not_ready()
    }

    fn stop(&self, connection: &Connection) {
        if let Connection::Ready(accounts) = connection {
            accounts.stop();
        }
    }
}

impl Reading<'_> {
    /// The way to the configured credentials' account, and to those of roles.
    fn accounts(&self, terraform_version: &str) -> Result<RoleClients, Diagnostics> {
        let context = Context {
            environment: self.machine.clone(),
            client: Client::new(self.settings(terraform_version)?),
        };
        let credentials = self.credentials(&context)?;
        let rule = self.account_rule(&credentials)?;
        Ok(RoleClients::new(
            context.client.acting_as(credentials.source),
            rule,
        ))
    }
}

#[cfg(test)]
mod tests;
