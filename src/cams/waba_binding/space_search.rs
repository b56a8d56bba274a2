//! Finds the space that a WABA is bound to, when only the WABA is known.
//!
//! The service has no such operation. `ListInstance` lists the spaces of the account without their WABAs, and
//! `QueryChatappBindWaba` names the WABA of one space. So the spaces are listed and queried, the youngest first. Whether the
//! list shows every space that a bind has made is not documented.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::{sync::Mutex as AsyncMutex, time::timeout};

use super::query::{query, unread};
use crate::common::{
    Context,
    error_diagnostics::is_permission,
    space_list::{SpaceList, concerns_one_space, list_spaces},
};
use alicloud::{Error, ErrorCause, ErrorKind, GiveUp, cams::waba::Waba, is_of_an_outage};

/// What one run knows of the spaces of one account. All bindings of the account share it, so that the account is listed
/// once, however many bindings are created.
#[derive(Default)]
pub(crate) struct AccountSpaces {
    /// Locked for the time of a search, so that concurrent creates wait for one search and use its results.
    listing: AsyncMutex<Listing>,
    /// The WABA of each space that is known to hold one.
    wabas: Mutex<BTreeMap<String, Box<Waba>>>,
    /// The WABAs that this run has begun to create a binding for.
    claimed: Mutex<BTreeSet<String>>,
    /// The spaces whose bindings this run replaces, by WABA.
    replaced: Mutex<BTreeMap<String, String>>,
}

/// The spaces of an account before this run bound anything.
#[derive(Default)]
struct Listing {
    spaces: Option<SpaceList>,
    /// The spaces that have no WABA.
    unbound: BTreeSet<String>,
    /// Why listing failed, for each role: another role may have the right to list.
    failures: BTreeMap<Option<String>, SearchError>,
}

impl AccountSpaces {
    /// Claims a WABA for one resource of this run. False if another resource has claimed it.
    pub(super) fn claim(&self, waba_id: &str) -> bool {
        let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        claimed.insert(waba_id.to_owned())
    }

    /// Takes a claim back, for a create that ended before it sent a bind.
    pub(super) fn release(&self, waba_id: &str) {
        let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        claimed.remove(waba_id);
    }

    /// Notes that the binding of this space is being replaced.
    pub(super) fn note_replaced(&self, waba_id: &str, cust_space_id: &str) {
        let mut replaced = self.replaced.lock().unwrap_or_else(PoisonError::into_inner);
        replaced.insert(waba_id.to_owned(), cust_space_id.to_owned());
    }

    /// The space with this WABA whose binding is being replaced.
    pub(super) fn replaced(&self, waba_id: &str) -> Option<String> {
        let replaced = self.replaced.lock().unwrap_or_else(PoisonError::into_inner);
        replaced.get(waba_id).cloned()
    }

    /// Notes that a bind returned this space.
    pub(super) fn note_bound(&self, cust_space_id: &str, waba_id: &str) {
        self.wabas()
            .insert(cust_space_id.to_owned(), unread(waba_id));
    }

    fn known_waba(&self, cust_space_id: &str) -> Option<Box<Waba>> {
        self.wabas().get(cust_space_id).cloned()
    }

    fn wabas(&self) -> MutexGuard<'_, BTreeMap<String, Box<Waba>>> {
        // Entries are put in whole, so a poisoned map is still one.
        self.wabas.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The result of a search.
#[derive(Debug)]
pub(super) enum Finding {
    /// The space, and what the service says of its WABA.
    Found {
        /// The space.
        cust_space_id: String,
        /// What it holds: the WABA that was searched for.
        waba: Box<Waba>,
    },
    /// No space that could be read holds it.
    Absent(Absence),
}

/// How far a search that found nothing can be trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Absence {
    /// How many spaces the list has.
    pub(super) listed: usize,
    /// Whether the list was seen to its end.
    pub(super) complete: bool,
    /// The spaces that could not be read.
    pub(super) unreadable: Vec<String>,
    /// The spaces that show no WABA. After a bind, one of them may show it a little later.
    pub(super) unbound: Vec<String>,
}

/// Why a search was not possible, as a sentence without its full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SearchError(pub(super) String);

/// Why there is no result of a search before a bind.
pub(super) enum LookError {
    /// Searching was not possible. Binding may be.
    Search(SearchError),
    /// No call is possible, so that binding is not, either: there are no valid credentials of an allowed account, or no
    /// connection, or something else responds in place of the service, or the provider is stopped.
    Call(Error),
}

/// A search for one WABA.
pub(super) struct Search<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) spaces: &'a AccountSpaces,
    pub(super) waba_id: &'a str,
    pub(super) isv_code: Option<&'a str>,
    /// A space that does not count, although it holds the WABA.
    pub(super) except: Option<&'a str>,
}

impl Search<'_> {
    /// Searches the spaces as they were when this run began. At most half of the time that is left is spent on it.
    pub(super) async fn before_bind(&self) -> Result<Finding, LookError> {
        let limit = self.context.operation.remaining() / 2;
        timeout(limit, self.shared_search())
            .await
            .unwrap_or_else(|_| {
                Err(LookError::Search(SearchError(
                    "listing the spaces took more than half of `timeouts.create`".to_owned(),
                )))
            })
    }

    async fn shared_search(&self) -> Result<Finding, LookError> {
        let mut listing = self.spaces.listing.lock().await;
        let role = self.context.role_arn().map(str::to_owned);
        if let Some(failure) = listing.failures.get(&role) {
            return Err(LookError::Search(failure.clone()));
        }
        let list = match &listing.spaces {
            Some(list) => list.clone(),
            None => match list_spaces(&self.context.operation).await {
                Ok(list) => listing.spaces.insert(list).clone(),
                Err(error) => return Err(listing.fail(role, error)),
            },
        };
        let mut absence = Absence {
            listed: list.spaces.len(),
            complete: list.complete,
            ..Absence::default()
        };
        for id in list.spaces.iter().map(|space| &space.cust_space_id) {
            if self.except == Some(id) {
                continue;
            }
            if listing.unbound.contains(id) {
                absence.unbound.push(id.clone());
                continue;
            }
            match self.waba_of(id).await {
                Ok(Some(waba)) if waba.id == self.waba_id => {
                    let cust_space_id = id.clone();
                    return Ok(Finding::Found {
                        cust_space_id,
                        waba,
                    });
                }
                Ok(Some(_)) => {}
                Ok(None) => {
                    listing.unbound.insert(id.clone());
                    absence.unbound.push(id.clone());
                }
                Err(error) if concerns_one_space(&error) => absence.unreadable.push(id.clone()),
                Err(error) => return Err(listing.fail(role, error)),
            }
        }
        Ok(Finding::Absent(absence))
    }

    /// Searches the spaces as they are now, after a bind of unknown outcome.
    pub(super) async fn after_bind(&self) -> Result<Finding, SearchError> {
        let list = list_spaces(&self.context.operation)
            .await
            .map_err(|error| SearchError::from(&error))?;
        let mut absence = Absence {
            listed: list.spaces.len(),
            complete: list.complete,
            ..Absence::default()
        };
        for id in list.spaces.into_iter().map(|space| space.cust_space_id) {
            if self.except == Some(&id) {
                continue;
            }
            match self.waba_of(&id).await {
                Ok(Some(waba)) if waba.id == self.waba_id => {
                    return Ok(Finding::Found {
                        cust_space_id: id,
                        waba,
                    });
                }
                Ok(Some(_)) => {}
                Ok(None) => absence.unbound.push(id),
                Err(error) if concerns_one_space(&error) => absence.unreadable.push(id),
                Err(error) => return Err(SearchError::from(&error)),
            }
        }
        Ok(Finding::Absent(absence))
    }

    /// The WABA of a space, which is queried unless it is known.
    async fn waba_of(&self, cust_space_id: &str) -> Result<Option<Box<Waba>>, Error> {
        if let Some(waba) = self.spaces.known_waba(cust_space_id) {
            return Ok(Some(waba));
        }
        let waba = query(&self.context.operation, cust_space_id, self.isv_code).await?;
        if let Some(waba) = &waba {
            let mut wabas = self.spaces.wabas();
            wabas.insert(cust_space_id.to_owned(), waba.clone());
        }
        Ok(waba)
    }
}

impl Listing {
    /// Keeps a failure that will not heal within this run, so that two hundred creates do not meet it one by one.
    fn fail(&mut self, role: Option<String>, error: Error) -> LookError {
        // Something else responded in place of the service, and it would receive the bind, too.
        let is_elsewhere = match error.kind() {
            ErrorKind::Page { status, .. } => !is_of_an_outage(*status),
            ErrorKind::Redirect { .. } => true,
            _ => false,
        };
        // A bind with these credentials would be refused, too.
        let is_of_credentials = error
            .known_code()
            .is_some_and(|code| code.cause == ErrorCause::Credentials);
        if is_of_credentials
            || is_elsewhere
            || matches!(
                error.kind(),
                ErrorKind::Credentials
                    | ErrorKind::Request(_)
                    | ErrorKind::Connect(_)
                    | ErrorKind::Down { .. }
                    | ErrorKind::Stopped
            )
        {
            return LookError::Call(error);
        }
        let failure = SearchError::from(&error);
        let own_limit = matches!(error.kind(), ErrorKind::Timeout(_))
            || matches!(error.give_up(), GiveUp::Deadline { .. });
        if !own_limit {
            self.failures.insert(role, failure.clone());
        }
        LookError::Search(failure)
    }
}

impl From<&Error> for SearchError {
    fn from(error: &Error) -> Self {
        let mut text = error.to_string();
        if is_permission(error) {
            text.push_str(&format!(
                " (grant `cams:{}` to let the provider search)",
                error.action()
            ));
        }
        Self(text)
    }
}

impl fmt::Display for SearchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waba_is_claimed_once_in_each_account() {
        let account = AccountSpaces::default();
        assert!(account.claim("1"));
        assert!(account.claim("2"));
        assert!(!account.claim("1"));
        assert!(AccountSpaces::default().claim("1"));
    }
}
