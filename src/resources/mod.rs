//! The resources, and what they share: the connection to the cloud, and how its errors become diagnostics.
//!
//! A new resource is one file here and one line in [`all`]. Adding a file without the line fails a test.
//!
//! Must not contain: the operations of a single resource.

mod account;
mod cams_waba_binding;
mod diagnosis;
pub(crate) mod role;

use std::time::Duration;

use crate::{
    alicloud::{Accounts, Operation},
    framework::{Diagnostic, Diagnostics, Object, Resource},
};

/// All resources of the provider.
#[must_use]
pub fn all() -> Vec<Box<dyn Resource<Client = Connection>>> {
    vec![Box::new(cams_waba_binding::CamsWabaBinding::default())]
}

/// What configuring the provider yields: a client, or the reason why there cannot be one yet.
pub enum Connection {
    /// Everything is known.
    Ready(Accounts),
    /// Arguments of the provider block are known only after other resources are applied. Plans that need no call to
    /// the cloud work all the same.
    Waiting {
        /// Their names.
        unknown: Vec<String>,
    },
}

impl Connection {
    /// Begins an operation of at most `limit`, retries and waits included, as the role that `object` names, if any.
    fn operation(&self, object: &Object, limit: Duration) -> Result<Operation, Diagnostics> {
        match self {
            Self::Ready(accounts) => {
                let role = role::of(object)?;
                Ok(accounts.client(role.as_ref()).operation(limit))
            }
            Self::Waiting { unknown } => Err(waiting(unknown)),
        }
    }

    /// The accounts, once everything is known.
    fn accounts(&self) -> Option<&Accounts> {
        match self {
            Self::Ready(accounts) => Some(accounts),
            Self::Waiting { .. } => None,
        }
    }
}

fn waiting(unknown: &[String]) -> Diagnostics {
    Diagnostic::error(
        "Provider configuration is not known yet",
        format!(
            "This object has to be looked up in the cloud, but of the provider block these arguments are known only \
             after apply: {}. Give them values that are known during the plan (variables, data sources), or first apply \
             what they depend on, with `terraform apply -target=ADDRESS`.",
            unknown.join(", ")
        ),
    )
    .into()
}
