//! The first of several sources that has something to say, for those who have configured nothing.
//!
//! A member that is not there is passed over; one that is there but broken ends the search, because to go on would act as
//! somebody else than the user meant. What was found is kept for the life of the process, and so is that there was
//! nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use tokio::sync::OnceCell;

use super::{Credentials, CredentialsError, CredentialsErrorKind, CredentialsSource, Wait};

/// Several sources, asked in order until one has credentials.
#[derive(Debug)]
pub struct DefaultChain {
    members: Vec<Arc<dyn CredentialsSource>>,
    /// What was already known not to be there, for the error.
    absent: Vec<String>,
    /// The number of the member that is asked now.
    asked: AtomicUsize,
    chosen: OnceCell<Result<Arc<dyn CredentialsSource>, CredentialsError>>,
}

impl DefaultChain {
    /// `absent` are sentences about sources that were found missing before, to begin the account of what was looked at.
    pub fn new(members: Vec<Arc<dyn CredentialsSource>>, absent: Vec<String>) -> DefaultChain {
        DefaultChain {
            members,
            absent,
            asked: AtomicUsize::new(0),
            chosen: OnceCell::new(),
        }
    }

    async fn chosen(&self) -> Result<&Arc<dyn CredentialsSource>, CredentialsError> {
        let chosen = self.chosen.get_or_try_init(|| async {
            let mut looked_at = self.absent.clone();
            for (number, member) in self.members.iter().enumerate() {
                self.asked.store(number, Ordering::Relaxed);
                match member.credentials().await {
                    Ok(_) => return Ok(Ok(Arc::clone(member))),
                    Err(error) if error.is_absent() => looked_at.push(chain(&error)),
                    Err(error) => return Err(error),
                }
            }
            Ok(Err(CredentialsError::new(
                CredentialsErrorKind::NotFound,
                format!(
                    "no credentials were found in any of these sources, in this order: {}",
                    looked_at.join("; ")
                ),
            )))
        });
        chosen.await?.as_ref().map_err(Clone::clone)
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[async_trait]
impl CredentialsSource for DefaultChain {
    async fn credentials(&self) -> Result<Credentials, CredentialsError> {
        self.chosen().await?.credentials().await
    }

    async fn replacement(
        &self,
        expired: &Credentials,
    ) -> Result<Option<Credentials>, CredentialsError> {
        self.chosen().await?.replacement(expired).await
    }

    fn waiting_for(&self) -> Option<Wait> {
        match self.chosen.get() {
            Some(chosen) => chosen.as_ref().ok()?.waiting_for(),
            None => {
                let asked = self.asked.load(Ordering::Relaxed);
                self.members.get(asked)?.waiting_for()
            }
        }
    }

    fn access_key_id(&self) -> Option<String> {
        self.chosen.get()?.as_ref().ok()?.access_key_id()
    }

    fn account_id(&self) -> Option<String> {
        self.chosen.get()?.as_ref().ok()?.account_id()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;

    use super::DefaultChain;
    use crate::credentials::{Credentials, CredentialsError, CredentialsSource, StaticKeys};

    #[derive(Debug)]
    struct Fails(CredentialsError);

    #[async_trait]
    impl CredentialsSource for Fails {
        async fn credentials(&self) -> Result<Credentials, CredentialsError> {
            Err(self.0.clone())
        }
        fn access_key_id(&self) -> Option<String> {
            None
        }
    }

    fn absent() -> Arc<dyn CredentialsSource> {
        Arc::new(Fails(CredentialsError::absent("no file")))
    }

    fn broken() -> Arc<dyn CredentialsSource> {
        Arc::new(Fails(CredentialsError::other("a broken file")))
    }

    fn keys() -> Arc<dyn CredentialsSource> {
        Arc::new(StaticKeys::new("id", "secret", None).expect("valid keys"))
    }

    async fn check(members: Vec<Arc<dyn CredentialsSource>>, expected: &str) {
        let chain = DefaultChain::new(members, vec!["no variable".to_owned()]);
        let found = match chain.credentials().await {
            Ok(credentials) => credentials.access_key_id,
            Err(error) => error.to_string(),
        };
        assert!(found.ends_with(expected), "{found}");
    }

    #[tokio::test]
    async fn the_first_present_source_is_used() {
        check(vec![absent(), keys(), broken()], "id").await;
        check(vec![absent(), broken(), keys()], "a broken file").await;
        check(
            vec![absent(), absent()],
            "in this order: no variable; no file; no file",
        )
        .await;
    }
}
