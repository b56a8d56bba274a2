//! Finds the space that a WABA is bound to, when only the WABA is known.
//!
//! The service has no such operation. What it has is `ListInstance`, the one enumeration of spaces, whose rows do not
//! name the WABA, and `QueryChatappBindWaba`, which names the WABA of one space. So the spaces are listed and asked, the
//! youngest first. Documentation equates the `CustSpaceId` that a bind returns with the channels that are listed; whether
//! the list really shows spaces that a bind has made is not said, so it is observed: a space that a bind of this process
//! returned is there or is not.
//!
//! Must not contain: what follows from a finding.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::waba_attributes::query;
use crate::common::error_diagnostics::is_permission;
use alicloud::{
    Error, ErrorKind, Operation,
    cams::{
        space::{ListInstance, ListInstanceResponse, Space},
        waba::Waba,
    },
};

/// Rows asked for in a page. The largest that the service gives is not documented; this is an ordinary one.
const PAGE_SIZE: u32 = 50;

/// More pages than any account has; in case the service never says that the list is over.
const MOST_PAGES: u32 = 1_000;

/// How many spaces are asked because of the hint. If the service ignores it, the hint gives a page of any spaces.
const MOST_HINTED: usize = 5;

/// What this process has seen bound, so that what is known need not be asked again. Shared by all bindings.
#[derive(Default)]
pub(super) struct Sightings(Mutex<BTreeMap<String, Sighting>>);

struct Sighting {
    waba_id: String,
    /// Whether a bind of this process returned the space.
    by_bind: bool,
}

impl Sightings {
    /// A bind returned this space.
    pub(super) fn bound(&self, cust_space_id: &str, waba_id: &str) {
        self.note(cust_space_id, waba_id, true);
    }

    /// A query showed this WABA in the space.
    pub(super) fn read(&self, cust_space_id: &str, waba_id: &str) {
        self.note(cust_space_id, waba_id, false);
    }

    fn note(&self, cust_space_id: &str, waba_id: &str, by_bind: bool) {
        let mut seen = self.lock();
        let by_bind = by_bind || seen.get(cust_space_id).is_some_and(|known| known.by_bind);
        let waba_id = waba_id.to_owned();
        seen.insert(cust_space_id.to_owned(), Sighting { waba_id, by_bind });
    }

    fn holds_another(&self, cust_space_id: &str, waba_id: &str) -> bool {
        let seen = self.lock();
        seen.get(cust_space_id)
            .is_some_and(|known| known.waba_id != waba_id)
    }

    /// Whether a list with these spaces shows what binds make.
    fn judge(&self, listed: &[Space]) -> Showing {
        let seen = self.lock();
        let mut witnesses = seen.iter().filter(|(_, known)| known.by_bind).peekable();
        if witnesses.peek().is_none() {
            return Showing::Unproven;
        }
        let listed: BTreeSet<&str> = listed
            .iter()
            .map(|space| space.cust_space_id.as_str())
            .collect();
        if witnesses.any(|(id, _)| listed.contains(id.as_str())) {
            Showing::Shows
        } else {
            Showing::Hides
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Sighting>> {
        // Entries are put in whole, so a poisoned map is still one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The sightings of each account, since what the list of one shows says nothing of another.
#[derive(Default)]
pub(super) struct SightingsByAccount(Mutex<BTreeMap<Option<String>, Arc<Sightings>>>);

impl SightingsByAccount {
    /// Those of the account of a role or, without one, of the account that the provider's own credentials belong to.
    pub(super) fn of_account(&self, account: Option<String>) -> Arc<Sightings> {
        // Entries are put in whole, so a poisoned map is still one.
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(accounts.entry(account).or_default())
    }
}

/// Whether the list shows spaces that a bind has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Showing {
    /// It shows one that a bind of this process returned.
    Shows,
    /// It does not show what binds of this process returned.
    Hides,
    /// This process has not bound anything yet that could tell.
    Unproven,
}

/// What a search ends with.
#[derive(Debug)]
pub(super) enum Finding {
    /// The space, and what the service says of its WABA.
    Found {
        /// The space.
        cust_space_id: String,
        /// What it holds: the WABA that was looked for.
        waba: Box<Waba>,
    },
    /// No space that could be asked holds it.
    Absent(Absence),
}

/// How far a search that found nothing can be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Absence {
    /// How many spaces the list has.
    pub(super) listed: usize,
    /// Whether the list was seen to its end.
    pub(super) complete: bool,
    /// The spaces that show no WABA, or do not tell. One of them may show it a little later.
    pub(super) undecided: Vec<String>,
    /// Whether the list would show what a bind makes.
    pub(super) list: Showing,
}

/// Why no search was possible, as a sentence without its full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unsearchable(pub(super) String);

/// A search for one WABA, which may take several rounds.
pub(super) struct Search<'a> {
    pub(super) operation: &'a Operation,
    pub(super) sightings: &'a Sightings,
    pub(super) waba_id: &'a str,
    pub(super) isv_code: Option<&'a str>,
    /// The role that the resource names, for advice.
    pub(super) role_arn: Option<&'a str>,
}

impl Search<'_> {
    /// Looks once through all spaces, except one that need not be looked at.
    pub(super) async fn round(&self, except: Option<&str>) -> Result<Finding, Unsearchable> {
        // 1. If the list's undescribed filter does what its name says, it gives the space at once.
        let hinted = self.hinted().await?;
        let finding = self.ask(&hinted, except).await?;
        if let Asked::Found(cust_space_id, waba) = finding {
            return Ok(Finding::Found {
                cust_space_id,
                waba,
            });
        }
        // 2. If not, that says nothing, and the whole list is looked through.
        let (mut spaces, complete) = self.list().await?;
        let list = self.sightings.judge(&spaces);
        youngest_first(&mut spaces);
        match self.ask(&spaces, except).await? {
            Asked::Found(cust_space_id, waba) => Ok(Finding::Found {
                cust_space_id,
                waba,
            }),
            Asked::NoneOf { undecided } => Ok(Finding::Absent(Absence {
                listed: spaces.len(),
                complete,
                undecided,
                list,
            })),
        }
    }

    async fn hinted(&self) -> Result<Vec<Space>, Unsearchable> {
        let action = ListInstance {
            page_index: 1,
            page_size: PAGE_SIZE,
            bind_id: Some(self.waba_id),
        };
        let mut spaces = match self.operation.call(&action).await {
            Ok(response) => whatsapp(response.body),
            // A filter that is refused is no filter.
            Err(error) if is_refusal(&error) || is_unexpected(&error) => Vec::new(),
            Err(error) => return Err(Unsearchable::from(&error)),
        };
        if spaces.len() > MOST_HINTED {
            spaces.clear();
        }
        youngest_first(&mut spaces);
        Ok(spaces)
    }

    /// All pages, and whether their end was seen.
    async fn list(&self) -> Result<(Vec<Space>, bool), Unsearchable> {
        let mut spaces: Vec<Space> = Vec::new();
        let mut known = BTreeSet::new();
        let mut rows_seen = 0;
        for page in 1..=MOST_PAGES {
            let action = ListInstance {
                page_index: page,
                page_size: PAGE_SIZE,
                bind_id: None,
            };
            let answer = self.operation.call(&action).await;
            let answer = answer.map_err(|error| Unsearchable::from(&error))?;
            let (rows, total) = (answer.body.row_count, answer.body.total_count);
            let found = whatsapp(answer.body);
            rows_seen += rows as u64;
            let before = spaces.len();
            let relevant = found.len();
            spaces.extend(
                found
                    .into_iter()
                    .filter(|space| known.insert(space.cust_space_id.clone())),
            );
            if rows == 0 {
                return Ok((spaces, total.is_none_or(|total| rows_seen >= total)));
            }
            if relevant > 0 && spaces.len() == before {
                // The same rows again: pages are not what they seem.
                return Ok((spaces, false));
            }
            if total.is_some_and(|total| rows_seen >= total) {
                return Ok((spaces, true));
            }
        }
        Ok((spaces, false))
    }

    async fn ask(&self, spaces: &[Space], except: Option<&str>) -> Result<Asked, Unsearchable> {
        let mut undecided = Vec::new();
        for Space {
            cust_space_id: id, ..
        } in spaces
        {
            if except == Some(id) || self.sightings.holds_another(id, self.waba_id) {
                continue;
            }
            match query(self.operation, id, self.isv_code).await {
                Ok(Some(waba)) => {
                    self.sightings.read(id, &waba.id);
                    if waba.id == self.waba_id {
                        return Ok(Asked::Found(id.clone(), waba));
                    }
                }
                // A space that needs another ISV code, or one without a WABA: it does not tell.
                Ok(None) => undecided.push(id.clone()),
                Err(error) if is_refusal(&error) || is_unexpected(&error) => {
                    undecided.push(id.clone());
                }
                Err(error) => return Err(Unsearchable::from(&error)),
            }
        }
        Ok(Asked::NoneOf { undecided })
    }
}

/// What was bound before and what a bind has made since may both hold the WABA; the latter is looked for. The list's order
/// is not documented. Spaces of the same second stay in the reverse of it.
fn youngest_first(spaces: &mut [Space]) {
    spaces.reverse();
    spaces.sort_by(|a, b| b.submit_time.cmp(&a.submit_time));
}

enum Asked {
    Found(String, Box<Waba>),
    NoneOf { undecided: Vec<String> },
}

/// Whether the service refused this one request, rather than the caller or everything.
fn is_refusal(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Api(_)) && !is_permission(error)
}

/// Whether the service reported success, but in a response that cannot be used.
fn is_unexpected(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Decode { .. })
}

/// The spaces that a WABA can be bound to.
fn whatsapp(page: ListInstanceResponse) -> Vec<Space> {
    let spaces = page.spaces.into_iter();
    spaces.filter(Space::is_whatsapp).collect()
}

impl From<&Error> for Unsearchable {
    fn from(error: &Error) -> Self {
        let mut text = error.to_string();
        if is_permission(error) {
            text.push_str(&format!(
                " (grant `cams:{}`, so that the provider can look by itself)",
                error.action()
            ));
        }
        Self(text)
    }
}

impl fmt::Display for Unsearchable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Showing, Sightings, SightingsByAccount, Space};

    #[test]
    fn accounts_know_nothing_of_each_other() {
        let all = SightingsByAccount::default();
        all.of_account(None).bound("a", "1");
        let other = all.of_account(Some("7".to_owned()));
        assert!(!other.holds_another("a", "2"));
        assert_eq!(other.judge(&[]), Showing::Unproven);
        assert!(all.of_account(None).holds_another("a", "2"));
    }

    #[test]
    fn a_list_is_judged_by_what_binds_returned() {
        let check = |bound: &[&str], read: &[&str], listed: &[&str], expected| {
            let sightings = Sightings::default();
            for space in bound {
                sightings.bound(space, "1");
            }
            for space in read {
                sightings.read(space, "1");
            }
            let listed: Vec<Space> = listed
                .iter()
                .map(|&id| Space {
                    cust_space_id: id.to_owned(),
                    ..Space::default()
                })
                .collect();
            assert_eq!(
                sightings.judge(&listed),
                expected,
                "{bound:?} {listed:?}",
                listed = listed.len()
            );
        };
        check(&[], &[], &[], Showing::Unproven);
        check(&[], &["a"], &["a"], Showing::Unproven);
        check(&["a"], &[], &[], Showing::Hides);
        check(&["a"], &["b"], &["b"], Showing::Hides);
        check(&["a"], &["a"], &["a", "b"], Showing::Shows);
        // Spaces of other accounts are not in the list; one of this account is enough.
        check(&["a", "b"], &[], &["b"], Showing::Shows);
    }

    #[test]
    fn what_is_known_to_hold_another_is_not_asked() {
        let sightings = Sightings::default();
        sightings.bound("a", "1");
        sightings.read("b", "2");
        let check = |space, waba_id, expected| {
            assert_eq!(
                sightings.holds_another(space, waba_id),
                expected,
                "{space} {waba_id}"
            );
        };
        check("a", "1", false);
        check("a", "2", true);
        check("b", "1", true);
        check("c", "1", false);
        sightings.read("b", "1");
        check("b", "1", false);
    }
}
