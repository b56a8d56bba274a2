//! One way to many accounts: a client for the configured credentials, and one for each role that is assumed with them.
//!
//! Whoever asks for the same role shares its session. All clients share connections and the switch that stops them; the
//! rate limits are each account's own.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;

use super::client::Client;
use super::credentials::{AccountGuard, AccountRule, AssumedRole, Role};
use super::error::Error;
use super::sts::CallerIdentity;

/// Clients for the configured credentials and for roles. Clones share everything.
#[derive(Clone)]
pub struct RoleClients(Arc<Shared>);

struct Shared {
    /// With the configured credentials, whatever account they belong to: roles may be assumed from anywhere.
    unguarded: Client,
    own: Client,
    /// The account of `own`, if the configuration says it.
    configured_account: Option<String>,
    /// The account of `own` by `GetCallerIdentity`, if that was asked.
    asked_account: OnceCell<Option<String>>,
    rule: AccountRule,
    roles: Mutex<HashMap<Role, Client>>,
}

impl RoleClients {
    /// Clients that act only on accounts that `rule` allows.
    pub fn new(client: Client, rule: AccountRule) -> RoleClients {
        let own = guarded(client.clone(), &rule);
        RoleClients(Arc::new(Shared {
            // Nothing was called yet, so nothing but the configuration can have said it.
            configured_account: own.credentials().account_id(),
            asked_account: OnceCell::new(),
            own,
            unguarded: client,
            rule,
            roles: Mutex::default(),
        }))
    }

    /// The client of the configured credentials or, with a role, of its sessions.
    pub fn client(&self, role: Option<&Role>) -> Client {
        let Some(role) = role else {
            return self.0.own.clone();
        };
        // Only whole entries are added, so a poisoned map is still whole.
        let mut roles = self.0.roles.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = roles.get(role) {
            return client.clone();
        }
        let sessions = AssumedRole::source(self.0.unguarded.clone(), role.clone());
        let client = guarded(
            self.0.unguarded.acting_as(sessions),
            &self.0.rule.for_roles(),
        );
        roles.insert(role.clone(), client.clone());
        client
    }

    /// The account of the configured credentials, if the configuration itself says it: by a role's ARN, for example. The
    /// same for as long as the configuration is, whatever is found out.
    pub fn configured_account(&self) -> Option<&str> {
        self.0.configured_account.as_deref()
    }

    /// The account of the configured credentials, if it is known by now.
    pub fn known_account(&self) -> Option<String> {
        let asked = || self.0.asked_account.get().cloned().flatten();
        self.0.own.credentials().account_id().or_else(asked)
    }

    /// The account of the configured credentials. Only if nothing tells it, `GetCallerIdentity` is called, once for all who
    /// ask, within `limit`. `None` if the response does not tell it either.
    ///
    /// # Errors
    ///
    /// If the call fails.
    pub async fn own_account(&self, limit: Duration) -> Result<Option<String>, Error> {
        if let Some(account) = self.known_account() {
            return Ok(Some(account));
        }
        let asked = self.0.asked_account.get_or_try_init(|| async {
            let operation = self.0.own.operation(limit);
            Ok(CallerIdentity::of(&operation).await?.account_id)
        });
        asked.await.cloned()
    }

    /// Stops all clients for good, as [`Client::stop`] does.
    pub fn stop(&self) {
        self.0.unguarded.stop();
    }
}

fn guarded(client: Client, rule: &AccountRule) -> Client {
    if rule.is_empty() && rule.stated.is_none() {
        return client;
    }
    let guard = AccountGuard::new(client.clone(), rule.clone());
    client.acting_as(Arc::new(guard))
}

impl fmt::Debug for RoleClients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoleClients")
            .field("client", &self.0.unguarded)
            .field("rule", &self.0.rule)
            .finish_non_exhaustive()
    }
}
