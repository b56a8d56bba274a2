//! Finds the space that a WABA is bound to, when only the WABA is known.
//!
//! The service has no such operation. `ListInstance` lists the spaces of the account without their WABAs, and
//! `QueryChatappBindWaba` names the WABA of one space. So the spaces are listed and queried, the youngest first. Whether the
//! list shows every space that a bind has made is not documented.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::{sync::Mutex as AsyncMutex, time::timeout};

use super::waba_attributes::{query, unread};
use crate::common::error_diagnostics::is_permission;
use alicloud::{
    Error, ErrorKind, GiveUp, Operation,
    cams::{
        space::{ListInstance, ListInstanceResponse, Space},
        waba::Waba,
    },
};

/// Rows asked for in a page. The largest that the service gives is not documented; this is an ordinary one.
const PAGE_SIZE: u32 = 50;

/// More pages than any account has; in case the service never says that the list is over.
const MAX_PAGES: u32 = 1_000;

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

/// The spaces of an account.
#[derive(Clone, Default)]
pub(super) struct SpaceList {
    /// The youngest first.
    pub(super) spaces: Vec<Space>,
    /// Whether the list was seen to its end.
    pub(super) complete: bool,
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
    /// connection, or the provider is told to stop.
    Call(Error),
}

/// A search for one WABA.
pub(super) struct Search<'a> {
    pub(super) operation: &'a Operation,
    pub(super) spaces: &'a AccountSpaces,
    pub(super) waba_id: &'a str,
    pub(super) isv_code: Option<&'a str>,
    /// The role that the resource names.
    pub(super) role_arn: Option<&'a str>,
    /// A space that does not count, although it holds the WABA.
    pub(super) except: Option<&'a str>,
}

impl Search<'_> {
    /// Searches the spaces as they were when this run began. At most half of the time that is left is spent on it.
    pub(super) async fn before_bind(&self) -> Result<Finding, LookError> {
        let limit = self.operation.remaining() / 2;
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
        let role = self.role_arn.map(str::to_owned);
        if let Some(failure) = listing.failures.get(&role) {
            return Err(LookError::Search(failure.clone()));
        }
        let list = match &listing.spaces {
            Some(list) => list.clone(),
            None => match list_spaces(self.operation).await {
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
        let list = list_spaces(self.operation)
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
        let waba = query(self.operation, cust_space_id, self.isv_code).await?;
        if let Some(waba) = &waba {
            let mut wabas = self.spaces.wabas();
            wabas.insert(cust_space_id.to_owned(), waba.clone());
        }
        Ok(waba)
    }
}

/// All spaces of the account that a WABA can be bound to, the youngest first.
///
/// # Errors
/// If a page could not be read: the list is never shorter without a word.
pub(super) async fn list_spaces(operation: &Operation) -> Result<SpaceList, Error> {
    let mut spaces: Vec<Space> = Vec::new();
    let mut known = BTreeSet::new();
    let mut rows_seen = 0;
    let mut complete = false;
    for page in 1..=MAX_PAGES {
        let action = ListInstance {
            page_index: page,
            page_size: PAGE_SIZE,
            bind_id: None,
        };
        let response = operation.call(&action).await?.body;
        let (rows, total) = (response.row_count, response.total_count);
        let found = whatsapp(response);
        rows_seen += rows as u64;
        let before = spaces.len();
        let relevant = found.len();
        spaces.extend(
            found
                .into_iter()
                .filter(|space| known.insert(space.cust_space_id.clone())),
        );
        if rows == 0 {
            complete = total.is_none_or(|total| rows_seen >= total);
            break;
        }
        if relevant > 0 && spaces.len() == before {
            // The same rows again: the service does not page as expected.
            break;
        }
        if total.is_some_and(|total| rows_seen >= total) {
            complete = true;
            break;
        }
    }
    youngest_first(&mut spaces);
    Ok(SpaceList { spaces, complete })
}

impl Listing {
    /// Keeps a failure that will not heal within this run, so that two hundred creates do not meet it one by one.
    fn fail(&mut self, role: Option<String>, error: Error) -> LookError {
        if matches!(
            error.kind(),
            ErrorKind::Credentials
                | ErrorKind::Request(_)
                | ErrorKind::Connect(_)
                | ErrorKind::Down { .. }
                | ErrorKind::Stopped
        ) {
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

/// A WABA may be in an older space and in the one that a bind has just made; the latter is searched for. The list's order is
/// not documented. Spaces of the same second stay in the reverse of it.
fn youngest_first(spaces: &mut [Space]) {
    spaces.reverse();
    spaces.sort_by(|a, b| b.submit_time.cmp(&a.submit_time));
}

/// Whether the failure says nothing of other spaces: a refusal of this request, such as for a space that needs another ISV
/// code, or a response that cannot be used.
pub(super) fn concerns_one_space(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Api(_) => !is_permission(error),
        ErrorKind::Decode { .. } => true,
        _ => false,
    }
}

/// The spaces that a WABA can be bound to.
fn whatsapp(page: ListInstanceResponse) -> Vec<Space> {
    let spaces = page.spaces.into_iter();
    spaces.filter(Space::is_whatsapp).collect()
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

    #[test]
    fn the_youngest_space_comes_first() {
        let space = |id: &str, time: Option<&str>| Space {
            cust_space_id: id.to_owned(),
            submit_time: time.map(str::to_owned),
            ..Space::default()
        };
        let mut spaces = [
            space("a", Some("2026-01-01 00:00:00")),
            space("b", Some("2026-01-02 00:00:00")),
            space("c", Some("2026-01-02 00:00:00")),
            space("d", None),
        ];
        youngest_first(&mut spaces);
        let ids: Vec<&str> = spaces.iter().map(|space| &*space.cust_space_id).collect();
        assert_eq!(ids, ["c", "b", "a", "d"]);
    }
}
