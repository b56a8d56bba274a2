//! What every type shares: the connection to the cloud, roles and accounts, and how errors become diagnostics.
//!
//! A type implements one trait: `resource::CamsResource`, `data_source::CamsDataSource`,
//! `list_resource::CamsListResource` or `action::CamsAction`. The wrapper beside the trait adds what the types share and
//! makes a type of the framework of it. The operations get a `Context` with a client that is ready.

pub(crate) mod account_id;
pub(crate) mod action;
pub(crate) mod assume_role;
#[cfg(test)]
pub(crate) mod codes;
mod context;
mod credentials_cause;
pub(crate) mod data_source;
pub(crate) mod deletion_policy;
pub(crate) mod error_diagnostics;
mod import_id;
pub(crate) mod list_resource;
mod looks;
pub(crate) mod phone_number;
pub(crate) mod phone_numbers;
pub(crate) mod phone_setting;
#[cfg(test)]
pub(crate) mod printed;
pub(crate) mod resource;
mod run_cache;
mod run_writes;
mod shared_failures;
pub(crate) mod space;
pub(crate) mod space_list;
pub(crate) mod web_url;

use std::time::Duration;

use alicloud::{Operation, RoleClients};
use framework::{Diagnostic, Diagnostics, Field, Object};

pub(crate) use self::{context::Context, import_id::Key, looks::Looks};

pub use self::run_cache::RunCache;

/// What configuring the provider yields: a client, or the reason why there cannot be one yet.
pub enum Connection {
    /// Everything is known.
    Ready {
        /// The clients.
        accounts: RoleClients,
        /// Values that types share while this configuration is in use.
        run: RunCache,
    },
    /// Arguments of the provider block are known only after other resources are applied. Plans that need no call to
    /// the cloud work all the same.
    Waiting {
        /// Their names.
        unknown: Vec<String>,
    },
}

impl Connection {
    /// A connection by these clients.
    #[must_use]
    pub fn ready(accounts: RoleClients, run: RunCache) -> Self {
        Self::Ready { accounts, run }
    }

    /// A connection for tests of messages: nothing is called.
    #[cfg(test)]
    pub(crate) fn example(run: RunCache) -> Self {
        use alicloud::{Client, ClientConfig, NoCredentials, credentials::AccountRule};
        let none = NoCredentials::because("nothing is called");
        let config = ClientConfig::new("ap-southeast-1", std::sync::Arc::new(none));
        let clients = RoleClients::new(Client::new(config), AccountRule::default());
        Self::ready(clients, run)
    }

    /// Begins an operation of at most `limit`, retries and waits included, as the role that `object` names, if any.
    pub(crate) fn operation(
        &self,
        object: &Object,
        limit: Duration,
    ) -> Result<Operation, Diagnostics> {
        match self {
            Self::Ready { accounts, .. } => {
                let role = assume_role::object_role(object)?;
                Ok(accounts.client(role.as_ref()).operation(limit))
            }
            Self::Waiting { unknown } => Err(waiting(unknown)),
        }
    }

    /// Why there cannot be a client yet.
    pub(crate) fn not_ready(&self) -> Option<Diagnostics> {
        match self {
            Self::Ready { .. } => None,
            Self::Waiting { unknown } => Some(waiting(unknown)),
        }
    }

    /// Values that types share during a run.
    pub(crate) fn run(&self) -> Result<&RunCache, Diagnostics> {
        match self {
            Self::Ready { run, .. } => Ok(run),
            Self::Waiting { unknown } => Err(waiting(unknown)),
        }
    }

    /// Whether this is the first time in this run that something is said of a type.
    pub(crate) fn is_first(
        connection: Option<&Self>,
        type_name: &'static str,
        what: &'static str,
    ) -> bool {
        match connection {
            Some(Self::Ready { run, .. }) => run.is_first(type_name, what),
            _ => true,
        }
    }

    /// The accounts, once everything is known.
    pub(crate) fn accounts(&self) -> Option<&RoleClients> {
        match self {
            Self::Ready { accounts, .. } => Some(accounts),
            Self::Waiting { .. } => None,
        }
    }
}

/// A text for a message, or `(unknown)`.
pub(crate) fn text_of(field: &Field<String>) -> &str {
    field.as_deref().unwrap_or("(unknown)")
}

fn waiting(unknown: &[String]) -> Diagnostics {
    Diagnostic::error(
        "Provider configuration is not known yet",
        format!(
            "This object has to be read, but these arguments of the provider block are not known until apply: {}. Nothing was \
             sent.\n\nSet them to values that are known during the plan, such as variables. Or first apply what they depend \
             on:\n\n  terraform apply -target='ADDRESS'\n\n  Code: Provider.ConfigurationUnknown",
            unknown.join(", ")
        ),
    )
    .into()
}
