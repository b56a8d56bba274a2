//! Failures that cannot heal while this process lives: a wrong secret, a role that does not trust the caller, a profile that
//! is not there. Who meets one after somebody else is told so without a call.
//!
//! They are known for each credentials source and, by what a service says of them, for each pair of credentials and
//! product. While nothing is known of a pair, one call goes first and the others wait for its first response, so that a
//! wrong secret is tried once and not by as many as run at the same time.

use std::collections::HashMap;
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
    /// Whether there was a first attempt.
    tried: bool,
    refusals: Vec<Refusal>,
}

/// A refusal that would be repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The action that is refused; `None`: all.
    action: Option<&'static str>,
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
    /// The refusal that an action would meet.
    pub(super) fn refusal(&self, action: &'static str) -> Option<Refusal> {
        let known = lock(&self.known);
        let fits = |refusal: &&Refusal| refusal.action.is_none_or(|refused| refused == action);
        known.refusals.iter().find(fits).cloned()
    }

    /// Waits until somebody has tried, or for the right to be the first. `None`: somebody has, or takes too long.
    pub(super) async fn turn(self: &Arc<Standing>) -> Option<Turn> {
        if lock(&self.known).tried {
            return None;
        }
        let waiting = Arc::clone(&self.turn).lock_owned();
        let guard = tokio::time::timeout(MAX_TURN, waiting).await.ok()?;
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
        let Some(scope) = scope(product, kind) else {
            return true;
        };
        let action = match scope {
            Scope::Credentials => None,
            Scope::Action => Some(action),
        };
        let mut known = lock(&self.known);
        if known
            .refusals
            .iter()
            .any(|refusal| refusal.action == action)
        {
            return false;
        }
        known.refusals.push(Refusal {
            action,
            kind: kind.clone(),
            request_id: request_id.map(str::to_owned),
        });
        true
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
    /// The credentials or their account, whatever is asked for.
    Credentials,
    /// What the credentials may do.
    Action,
}

fn scope(product: &'static Product, kind: &ErrorKind) -> Option<Scope> {
    let ErrorKind::Api(response) = kind else {
        return None;
    };
    let known = ErrorCode::find(product.error_codes, response.code.as_deref()?)?;
    match known.cause {
        ErrorCause::Credentials | ErrorCause::Account => Some(Scope::Credentials),
        // At STS it is about the role that is asked for. Its source remembers that.
        ErrorCause::Permission if product == &STS => None,
        ErrorCause::Permission => Some(Scope::Action),
        ErrorCause::ObjectPermission
        | ErrorCause::Object
        | ErrorCause::Value
        | ErrorCause::Connection
        | ErrorCause::Rate => None,
    }
}

/// Whether a service says that the credentials are of no use.
pub(super) fn refuses_credentials(product: &'static Product, kind: &ErrorKind) -> bool {
    scope(product, kind) == Some(Scope::Credentials)
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
    fn refusals_are_known_for_credentials_or_for_an_action() {
        let memory = FailureMemory::default();
        let standing = memory.standing(&CAMS, &credentials("a"));
        let learn = |code: &str| standing.learn(&CAMS, "List", &refused(code), Some("R"));
        assert!(learn("Forbidden.RAM") && !learn("NoPermission"));
        assert!(standing.refusal("Get").is_none(), "another action");
        assert_eq!(
            standing.refusal("List").expect("refused").kind,
            refused("Forbidden.RAM")
        );
        // What is about one object or value is met anew by each.
        assert!(learn("InvalidParameter.Format") && learn("InvalidParameter.Format"));
        assert!(learn("SignatureDoesNotMatch") && !learn("InvalidAccessKeyId.NotFound"));
        assert!(standing.refusal("Get").is_some());
        // A role that does not trust the caller says nothing of other roles.
        let at_sts = memory.standing(&STS, &credentials("a"));
        for _ in 0..2 {
            assert!(at_sts.learn(&STS, "AssumeRole", &refused("NoPermission"), None));
        }
        assert!(at_sts.refusal("AssumeRole").is_none());
        for (product, secret) in [(&CAMS, "b"), (&STS, "a")] {
            let other = memory.standing(product, &credentials(secret));
            assert!(other.refusal("Get").is_none());
        }
        assert!(
            memory
                .standing(&CAMS, &credentials("a"))
                .refusal("Get")
                .is_some()
        );
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
        // Nobody waits for ever.
        let standing = FailureMemory::default().standing(&CAMS, &credentials("a"));
        let _silent = standing.turn().await.expect("nobody was before");
        assert!(standing.turn().await.is_none());
    }
}
