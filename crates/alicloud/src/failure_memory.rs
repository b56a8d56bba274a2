//! Failures that cannot heal while this process lives: a wrong secret, a role that does not trust the caller, a profile that
//! is not there. Who meets one after somebody else is told so without a call.
//!
//! They are known for each credentials source and, by what a service says of them, for each pair of credentials and
//! product. While nothing is known of a pair, one call goes first and the others wait for its first response, so that a
//! wrong secret is tried once and not by as many as run at the same time.
//!
//! Only a refusal of the credentials themselves spares later calls. A missing permission may be about one object, and both a
//! permission and a service that is not active may come into being while the process lives, even by what it does. So
//! these are tried each time; it is only known that they were told before.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::sync::OwnedMutexGuard;

use super::credentials::{Credentials, CredentialsError, CredentialsSource};
use super::error::ErrorKind;
use super::error_codes::{ErrorCause, ErrorCode};
use super::product::{Product, STS};

/// How long others wait for the first response. A service that is silent for longer is not waited for one by one.
const MAX_TURN: Duration = Duration::from_secs(10);

/// What is known.
#[derive(Default)]
pub(super) struct FailureMemory {
    sources: Mutex<Vec<FailedSource>>,
    standings: Mutex<HashMap<Key, Arc<Standing>>>,
}

/// The code of a product and a hash of the credentials.
type Key = (&'static str, [u8; 32]);

struct FailedSource {
    source: Arc<dyn CredentialsSource>,
    error: CredentialsError,
    /// Whether somebody was told of it whole.
    told: bool,
}

/// What a product says of a pair of credentials.
#[derive(Default)]
pub(super) struct Standing {
    known: Mutex<Known>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct Known {
    /// Whether there was a first attempt, or it takes too long.
    tried: bool,
    /// The refusal of the credentials, which would be repeated for each call.
    refusal: Option<Refusal>,
    /// Refusals that were told before: the code, and the action if they are about one.
    told: HashSet<(&'static str, Option<&'static str>)>,
}

/// A refusal of credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) kind: ErrorKind,
    pub(super) request_id: Option<String>,
}

/// The right to be the first to try. The others wait until it is dropped.
pub(super) struct Turn {
    standing: Arc<Standing>,
    _guard: OwnedMutexGuard<()>,
}

impl FailureMemory {
    /// The failure of a source, for those who did not meet it first.
    pub(super) fn of_source(
        &self,
        source: &Arc<dyn CredentialsSource>,
    ) -> Option<CredentialsError> {
        let sources = lock(&self.sources);
        let known = sources.iter().find(|known| is_same(&known.source, source));
        known.map(|known| known.error.clone().remembered())
    }

    /// Remembers the failure of a source, if it cannot heal, and returns it as it has to be told.
    pub(super) fn learn_source(
        &self,
        source: &Arc<dyn CredentialsSource>,
        error: CredentialsError,
    ) -> CredentialsError {
        if !error.is_permanent() {
            return error;
        }
        let mut sources = lock(&self.sources);
        let position = sources
            .iter()
            .position(|known| is_same(&known.source, source));
        let position = position.unwrap_or_else(|| {
            sources.push(FailedSource {
                source: Arc::clone(source),
                error: error.clone(),
                told: false,
            });
            sources.len() - 1
        });
        let known = &mut sources[position];
        if error.is_remembered() || known.told {
            return error.remembered();
        }
        known.told = true;
        error
    }

    /// What is known of credentials at a product.
    pub(super) fn standing(&self, product: &Product, credentials: &Credentials) -> Arc<Standing> {
        let mut hash = Sha256::new();
        let token = credentials.security_token.as_ref();
        for part in [
            credentials.access_key_id.as_str(),
            credentials.access_key_secret.expose(),
            token.map_or("", |token| token.expose()),
        ] {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        let key = (product.code, hash.finalize().into());
        Arc::clone(lock(&self.standings).entry(key).or_default())
    }
}

impl Standing {
    /// The refusal that each call would meet.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        lock(&self.known).refusal.clone()
    }

    /// Waits until somebody has tried, or for the right to be the first. `None`: somebody has, or takes too long, for which
    /// nobody waits a second time.
    pub(super) async fn turn(self: &Arc<Standing>) -> Option<Turn> {
        if lock(&self.known).tried {
            return None;
        }
        let waiting = Arc::clone(&self.turn).lock_owned();
        let Ok(guard) = tokio::time::timeout(MAX_TURN, waiting).await else {
            lock(&self.known).tried = true;
            return None;
        };
        (!lock(&self.known).tried).then(|| Turn {
            standing: Arc::clone(self),
            _guard: guard,
        })
    }

    /// Remembers what a service said, if it would say it again. Whether nobody has met it before.
    pub(super) fn learn(
        &self,
        product: &'static Product,
        action: &'static str,
        kind: &ErrorKind,
        request_id: Option<&str>,
    ) -> bool {
        let Some((code, scope)) = scope(product, kind) else {
            return true;
        };
        let mut known = lock(&self.known);
        match scope {
            Scope::Credentials => {
                let is_first = known.refusal.is_none();
                known.refusal.get_or_insert_with(|| Refusal {
                    kind: kind.clone(),
                    request_id: request_id.map(str::to_owned),
                });
                is_first
            }
            Scope::Account => known.told.insert((code, None)),
            Scope::Action => known.told.insert((code, Some(action))),
        }
    }
}

impl Turn {
    /// There was a first attempt: the others need not wait.
    pub(super) fn tried(self) {
        lock(&self.standing.known).tried = true;
    }
}

/// What a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// The credentials, whatever is asked for.
    Credentials,
    /// Their account.
    Account,
    /// What the credentials may do.
    Action,
}

/// The code of a refusal and what it is about, if others may meet the same.
fn scope(product: &'static Product, kind: &ErrorKind) -> Option<(&'static str, Scope)> {
    let ErrorKind::Api(response) = kind else {
        return None;
    };
    let known = ErrorCode::find(product.error_codes, response.code.as_deref()?)?;
    let scope = match known.cause {
        ErrorCause::Credentials => Scope::Credentials,
        ErrorCause::Account => Scope::Account,
        // At STS it is about the role that is asked for. Its source remembers that.
        ErrorCause::Permission if product == &STS => return None,
        ErrorCause::Permission => Scope::Action,
        ErrorCause::ObjectPermission
        | ErrorCause::Object
        | ErrorCause::Value
        | ErrorCause::Connection
        | ErrorCause::Rate
        | ErrorCause::Service => return None,
    };
    Some((known.code, scope))
}

/// Whether a service says that the credentials are of no use.
pub(super) fn refuses_credentials(product: &'static Product, kind: &ErrorKind) -> bool {
    scope(product, kind).is_some_and(|(_, scope)| scope == Scope::Credentials)
}

fn is_same(one: &Arc<dyn CredentialsSource>, other: &Arc<dyn CredentialsSource>) -> bool {
    std::ptr::addr_eq(Arc::as_ptr(one), Arc::as_ptr(other))
}

/// Only whole values are written, so a poisoned lock still guards one.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::FailureMemory;
    use crate::credentials::{
        Credentials, CredentialsError, CredentialsErrorKind, CredentialsSource, NoCredentials,
        Secret,
    };
    use crate::error::{ApiError, ErrorKind};
    use crate::{CAMS, STS};

    fn refused(code: &str) -> ErrorKind {
        ErrorKind::Api(ApiError {
            status: 403,
            code: Some(code.to_owned()),
            ..ApiError::default()
        })
    }

    fn credentials(secret: &str) -> Credentials {
        Credentials {
            access_key_id: "id".to_owned(),
            access_key_secret: Secret::new(secret),
            security_token: None,
        }
    }

    #[test]
    fn only_refused_credentials_spare_calls() {
        let memory = FailureMemory::default();
        let standing = memory.standing(&CAMS, &credentials("a"));
        let learn = |action, code: &str| standing.learn(&CAMS, action, &refused(code), Some("R"));
        // Told once for an action, or for the account, and tried each time.
        assert!(learn("List", "Forbidden.RAM") && !learn("List", "Forbidden.RAM"));
        assert!(learn("Get", "Forbidden.RAM") && learn("List", "NoPermission"));
        assert!(learn("List", "Product.Unsubscript") && !learn("Get", "Product.Unsubscript"));
        // What is about one object or value is met anew by each.
        for code in ["InvalidParameter.Format", "Authentication.NoAuth"] {
            assert!(learn("List", code) && learn("List", code), "{code}");
        }
        assert!(standing.refusal().is_none());

        assert!(learn("List", "SignatureDoesNotMatch"));
        assert!(!learn("Get", "InvalidAccessKeyId.NotFound"));
        let refusal = standing.refusal().expect("refused");
        assert_eq!(refusal.kind, refused("SignatureDoesNotMatch"));
        assert_eq!(refusal.request_id.as_deref(), Some("R"));
        // A role that does not trust the caller says nothing of other roles.
        let at_sts = memory.standing(&STS, &credentials("a"));
        for _ in 0..2 {
            assert!(at_sts.learn(&STS, "AssumeRole", &refused("NoPermission"), None));
        }
        // Other products and credentials.
        for (product, secret) in [(&CAMS, "b"), (&STS, "a")] {
            let other = memory.standing(product, &credentials(secret));
            assert!(other.refusal().is_none());
        }
        let same = memory.standing(&CAMS, &credentials("a"));
        assert!(same.refusal().is_some());
    }

    #[test]
    fn one_of_all_is_told_whole() {
        let memory = FailureMemory::default();
        let source = |reason: &str| -> Arc<dyn CredentialsSource> {
            Arc::new(NoCredentials::because(reason))
        };
        let (one, other) = (source("a"), source("b"));
        let kind = CredentialsErrorKind::ProfileMissing;
        let error = || CredentialsError::new(kind, "missing");
        // Who shared the failure may come before who met it.
        assert!(
            memory
                .learn_source(&one, error().remembered())
                .is_remembered()
        );
        assert!(!memory.learn_source(&one, error()).is_remembered());
        assert!(memory.learn_source(&one, error()).is_remembered());
        assert!(memory.of_source(&one).expect("known").is_remembered());
        assert!(memory.of_source(&other).is_none());
        let passing = CredentialsError::new(CredentialsErrorKind::Service, "busy");
        memory.learn_source(&other, passing);
        assert!(memory.of_source(&other).is_none(), "may heal");
    }

    #[tokio::test(start_paused = true)]
    async fn one_goes_first() {
        let standing = FailureMemory::default().standing(&CAMS, &credentials("a"));
        let first = standing.turn().await.expect("nobody was before");
        let second = tokio::spawn({
            let standing = Arc::clone(&standing);
            async move { standing.turn().await.is_some() }
        });
        tokio::task::yield_now().await;
        // Who goes away without a response leaves the turn to the next.
        drop(first);
        assert!(second.await.expect("no panic"));
        let third = standing.turn().await.expect("still nobody");
        third.tried();
        assert!(standing.turn().await.is_none());
        // Nobody waits for ever, and nobody a second time.
        let standing = FailureMemory::default().standing(&CAMS, &credentials("a"));
        let _silent = standing.turn().await.expect("nobody was before");
        let waiting = (0..20).map(|_| {
            let standing = Arc::clone(&standing);
            tokio::spawn(async move { standing.turn().await })
        });
        let waiting: Vec<_> = waiting.collect();
        let began = tokio::time::Instant::now();
        for turn in waiting {
            assert!(turn.await.expect("no panic").is_none());
        }
        assert_eq!(began.elapsed(), super::MAX_TURN, "they wait together");
        assert!(standing.turn().await.is_none());
        assert_eq!(began.elapsed(), super::MAX_TURN);
    }
}
