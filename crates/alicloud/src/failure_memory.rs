//! Failures that cannot heal while this process lives: a wrong secret, a role that does not trust the caller, a profile that
//! is not there. Later calls fail with it at once, and nothing is sent for them.
//!
//! They are known for each credentials source and, by what a service says of them, for each pair of credentials and
//! product. While nothing is known of a pair, one call goes first and the others wait for its first response, so that a
//! wrong secret is tried once and not by as many as run at the same time.
//!
//! Only a refusal of the credentials themselves spares later calls. A missing permission may be about one object, and both a
//! permission and a service that is not active may come into being while the process lives, even by what it does. So
//! these are tried each time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::sync::OwnedMutexGuard;

use super::credentials::{Credentials, CredentialsError, CredentialsSource};
use super::error::ErrorKind;
use super::error_codes::{ErrorCause, ErrorCode};
use super::product::Product;

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
    /// The failure of a source that would be repeated for each call.
    pub(super) fn of_source(
        &self,
        source: &Arc<dyn CredentialsSource>,
    ) -> Option<CredentialsError> {
        let sources = lock(&self.sources);
        let known = sources.iter().find(|known| is_same(&known.source, source));
        known.map(|known| known.error.clone())
    }

    /// Remembers the failure of a source, if it cannot heal.
    pub(super) fn learn_source(
        &self,
        source: &Arc<dyn CredentialsSource>,
        error: &CredentialsError,
    ) {
        let mut sources = lock(&self.sources);
        if error.is_permanent() && !sources.iter().any(|known| is_same(&known.source, source)) {
            sources.push(FailedSource {
                source: Arc::clone(source),
                error: error.clone(),
            });
        }
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

    /// Remembers what a service said, if it would say it again to each call.
    pub(super) fn learn(
        &self,
        product: &'static Product,
        kind: &ErrorKind,
        request_id: Option<&str>,
    ) {
        if refuses_credentials(product, kind) {
            lock(&self.known).refusal.get_or_insert_with(|| Refusal {
                kind: kind.clone(),
                request_id: request_id.map(str::to_owned),
            });
        }
    }
}

impl Turn {
    /// There was a first attempt: the others need not wait.
    pub(super) fn tried(self) {
        lock(&self.standing.known).tried = true;
    }
}

/// Whether a service says that the credentials are of no use, whatever is asked for.
pub(super) fn refuses_credentials(product: &'static Product, kind: &ErrorKind) -> bool {
    let ErrorKind::Api(response) = kind else {
        return false;
    };
    let code = response.code.as_deref();
    code.and_then(|code| ErrorCode::find(product.error_codes, code))
        .is_some_and(|known| known.cause == ErrorCause::Credentials)
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
        Secret, ServiceFault,
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
        let learn = |code: &str| standing.learn(&CAMS, &refused(code), Some("R"));
        // A permission may be about one object, or may be given meanwhile.
        for code in [
            "Forbidden.RAM",
            "NoPermission",
            "Product.Unsubscript",
            "InvalidParameter.Format",
            "Authentication.NoAuth",
        ] {
            learn(code);
            assert!(standing.refusal().is_none(), "{code}");
        }

        learn("SignatureDoesNotMatch");
        learn("InvalidAccessKeyId.NotFound");
        let refusal = standing.refusal().expect("refused");
        assert_eq!(refusal.kind, refused("SignatureDoesNotMatch"));
        assert_eq!(refusal.request_id.as_deref(), Some("R"));
        // A role that does not trust the caller says nothing of other roles.
        let at_sts = memory.standing(&STS, &credentials("a"));
        at_sts.learn(&STS, &refused("NoPermission"), None);
        assert!(at_sts.refusal().is_none());
        // Other products and credentials.
        for (product, secret) in [(&CAMS, "b"), (&STS, "a")] {
            let other = memory.standing(product, &credentials(secret));
            assert!(other.refusal().is_none());
        }
        let same = memory.standing(&CAMS, &credentials("a"));
        assert!(same.refusal().is_some());
    }

    #[test]
    fn failures_of_a_source_that_cannot_heal_are_known() {
        let memory = FailureMemory::default();
        let source = |reason: &str| -> Arc<dyn CredentialsSource> {
            Arc::new(NoCredentials::because(reason))
        };
        let (one, other) = (source("a"), source("b"));
        let kind = CredentialsErrorKind::ProfileMissing;
        memory.learn_source(&one, &CredentialsError::new(kind, "missing"));
        assert_eq!(memory.of_source(&one).expect("known").kind(), kind);
        assert!(memory.of_source(&other).is_none());
        let passing =
            CredentialsError::new(CredentialsErrorKind::Service(ServiceFault::Silent), "busy");
        memory.learn_source(&other, &passing);
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
