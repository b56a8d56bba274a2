//! Failures that many objects of a run share, such as a wrong secret. The first error is whole, and the others are two lines
//! that name the first: two hundred times the same text is no help.
//!
//! The CLI prints about eight lines around each error, but warnings of one summary only once. So an object that cannot be
//! refreshed for the same reason as another one gets a warning. This is safe only because an error that a refresh returns
//! fails the whole run. A failure therefore counts only once it is returned, as an error, by a refresh of the same run.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{Mutex, MutexGuard, PoisonError},
};

use alicloud::{Error, ErrorCause, ErrorKind, Page};
use framework::{Diagnostic, Diagnostics, Severity};

use super::error_diagnostics::{cause, causes, labelled};

/// The failures that were returned in this run.
#[derive(Default)]
pub(super) struct SharedFailures(Mutex<BTreeMap<Key, First>>);

/// A failure that was returned whole.
struct First {
    /// What it was about, for example "space cams-1".
    subject: String,
    /// Whether a refresh has returned it as an error.
    is_of_refresh: bool,
}

/// What the failures of several objects have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    code: String,
    host: String,
    /// The action, if others may well succeed.
    action: Option<&'static str>,
    access_key: Option<String>,
    /// Why there are no credentials, or what came in place of a response.
    reason: Option<String>,
}

/// A failure that other objects of the run may share.
pub(super) struct SharedFailure {
    key: Key,
    subject: String,
    /// The detail of its diagnostic.
    whole: String,
    happened: &'static str,
    request_id: Option<String>,
}

impl SharedFailure {
    /// `None` if the failure is about one object. `diagnostic` is the whole one.
    pub(super) fn new(error: &Error, subject: &str, diagnostic: &Diagnostic) -> Option<Self> {
        if error.outcome_unknown() {
            return None;
        }
        let (action, reason) = match error.kind() {
            ErrorKind::Credentials => (None, causes(error)),
            ErrorKind::Down { .. } | ErrorKind::Connect(_) => (None, None),
            // Without content it may be about one object.
            ErrorKind::Page { status, page } if *page != Page::Empty => {
                (None, Some(format!("HTTP {status} with {page}")))
            }
            ErrorKind::Api(_) => match error.known_code()?.cause {
                ErrorCause::Credentials | ErrorCause::Account => (None, None),
                ErrorCause::Permission => (Some(error.action()), None),
                _ => return None,
            },
            _ => return None,
        };
        let was_sent = error.attempts() > 0;
        let request_id = error.request_id().filter(|_| was_sent);
        Some(Self {
            key: Key {
                code: cause(error).code,
                host: error.host().to_owned(),
                action,
                access_key: error.access_key_hint().map(str::to_owned),
                reason,
            },
            subject: subject.to_owned(),
            whole: diagnostic.detail.clone(),
            happened: match error.kind() {
                _ if !was_sent => "Nothing was sent.",
                ErrorKind::Api(_) => "The service refused this, too.",
                _ => "This failed in the same way.",
            },
            request_id: request_id.map(str::to_owned),
        })
    }

    fn is_in(&self, diagnostic: &Diagnostic) -> bool {
        diagnostic.severity == Severity::Error && diagnostic.detail == self.whole
    }

    fn short(&self, first: &str) -> String {
        let mut facts = vec![("Code", &*self.key.code)];
        facts.extend(self.request_id.as_deref().map(|id| ("Request ID", id)));
        format!(
            "{} For the reason, see the message about {first}.\n{}",
            self.happened,
            labelled(&facts)
        )
    }
}

impl SharedFailures {
    /// The diagnostics of a failed operation, in short if an operation before has returned this failure.
    pub(super) fn shorten(&self, failure: &SharedFailure, diagnostics: Diagnostics) -> Diagnostics {
        if !diagnostics
            .iter()
            .any(|diagnostic| failure.is_in(diagnostic))
        {
            return diagnostics;
        }
        let short = match self.lock().entry(failure.key.clone()) {
            Entry::Occupied(first) => failure.short(&first.get().subject),
            Entry::Vacant(new) => {
                new.insert(First {
                    subject: failure.subject.clone(),
                    is_of_refresh: false,
                });
                return diagnostics;
            }
        };
        let shorten = |diagnostic: Diagnostic| match failure.is_in(&diagnostic) {
            true => Diagnostic {
                detail: short.clone(),
                ..diagnostic
            },
            false => diagnostic,
        };
        diagnostics.into_iter().map(shorten).collect()
    }

    /// The same for a failed refresh, and whether another refresh has returned this failure, and nothing else is wrong here.
    pub(super) fn shorten_refresh(
        &self,
        failure: &SharedFailure,
        diagnostics: Diagnostics,
    ) -> (Diagnostics, bool) {
        let is_shared = |diagnostic: &Diagnostic| failure.is_in(diagnostic);
        if !diagnostics.iter().any(is_shared) {
            return (diagnostics, false);
        }
        let is_all = diagnostics.iter().all(is_shared);
        let diagnostics = self.shorten(failure, diagnostics);
        let mut known = self.lock();
        let known = known.get_mut(&failure.key);
        let was_returned =
            known.is_some_and(|first| std::mem::replace(&mut first.is_of_refresh, true));
        (diagnostics, was_returned && is_all)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, First>> {
        // Only whole entries are added, so a poisoned map is still whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use alicloud::{
        ApiError, ConnectCause, ConnectFailure, CredentialsError, CredentialsErrorKind,
    };
    use expect_test::expect;

    use super::*;
    use crate::common::printed::printed;

    fn refused(code: &str) -> Error {
        let response = ApiError {
            status: 403,
            code: Some(code.to_owned()),
            ..ApiError::default()
        };
        Error::example("QueryInstance", ErrorKind::Api(response), None)
    }

    fn without_credentials(reason: &str) -> Error {
        let kind = CredentialsErrorKind::ProfileMissing;
        let source = CredentialsError::new(kind, reason);
        Error::example("QueryInstance", ErrorKind::Credentials, Some(source.into()))
    }

    fn page(title: &str) -> Error {
        let page = Page::Html {
            title: Some(title.to_owned()),
        };
        let kind = ErrorKind::Page { status: 403, page };
        Error::example("QueryInstance", kind, None)
    }

    fn unconnected() -> Error {
        let failure = ConnectFailure {
            cause: ConnectCause::Dns,
            only_documented_host: None,
        };
        Error::example("QueryInstance", ErrorKind::Connect(failure), None)
    }

    fn whole(error: &Error) -> Diagnostic {
        Diagnostic::error("Cannot read it: the cause", format!("{error:?}"))
    }

    fn failure(error: &Error, subject: &str) -> Option<SharedFailure> {
        SharedFailure::new(error, subject, &whole(error))
    }

    /// Whether the second of two errors in one run is short.
    fn is_short(first: &Error, second: &Error) -> bool {
        let failures = SharedFailures::default();
        let mut is_short = [first, second].map(|error| {
            let diagnostics = Diagnostics::from(whole(error));
            failure(error, "space cams-1").is_some_and(|failure| {
                failures.shorten(&failure, diagnostics.clone()) != diagnostics
            })
        });
        assert!(!std::mem::take(&mut is_short[0]), "the first one is whole");
        is_short[1]
    }

    #[test]
    fn only_failures_that_objects_share_are_shortened() {
        for shared in [
            || refused("SignatureDoesNotMatch"),
            || refused("NoPermission"),
            || refused("Product.Unsubscript"),
            || without_credentials("no profile \"x\" in the file F"),
            unconnected,
            || page("Blocked"),
        ] {
            assert!(is_short(&shared(), &shared()), "{:?}", shared());
        }
        for own in ["Unknown.ResourceOwnerId", "Authentication.NoAuth", "Other"] {
            assert!(!is_short(&refused(own), &refused(own)), "{own}");
        }
        let stopped = || Error::example("QueryInstance", ErrorKind::Stopped, None);
        assert!(!is_short(&stopped(), &stopped()));
        let (one, other) = (refused("NoPermission"), refused("Forbidden.RAM"));
        assert!(!is_short(&one, &other));
        assert!(!is_short(&page("Blocked"), &page("Sign in")));
        assert!(!is_short(
            &without_credentials("F"),
            &without_credentials("G")
        ));
    }

    #[test]
    fn refresh_is_a_repetition_only_after_an_error_of_another_refresh() {
        let error = refused("SignatureDoesNotMatch");
        let shared = |subject| failure(&error, subject).expect("shared");
        let (one, two, three) = (shared("a"), shared("b"), shared("c"));
        let failures = SharedFailures::default();
        let refresh = |failure, diagnostics| failures.shorten_refresh(failure, diagnostics).1;
        // It was met, but other errors are returned, or none.
        assert!(!refresh(&one, Diagnostics::new()));
        assert!(!refresh(&two, Diagnostic::error("Other", "other").into()));
        let warning = Diagnostic::warning("Cannot read it", whole(&error).detail);
        assert!(!refresh(&two, warning.into()));
        // A create or a data source has returned it. In a `check` block that is no error of the run.
        failures.shorten(&one, whole(&error).into());
        assert!(!refresh(&two, whole(&error).into()), "the first refresh");
        assert!(refresh(&three, whole(&error).into()));
        // With something else that is wrong.
        let both = [whole(&error), Diagnostic::error("Other", "other")];
        assert!(!refresh(&three, both.into_iter().collect()));
        // Another run knows nothing of it.
        let other_run = SharedFailures::default();
        assert!(!other_run.shorten_refresh(&three, whole(&error).into()).1);
    }

    #[test]
    fn repetition_names_the_first_error() {
        let failures = SharedFailures::default();
        let mut shown = String::new();
        for error in [
            without_credentials("F"),
            refused("NoPermission"),
            unconnected(),
        ] {
            for subject in ["instance i-1", "instance i-2"] {
                let failure = failure(&error, subject).expect("shared");
                let diagnostics = failures.shorten(&failure, whole(&error).into());
                if subject == "instance i-2" {
                    shown += &printed(diagnostics.iter());
                }
            }
        }
        expect![[r#"
            Error: Cannot read it: the cause

            Nothing was sent. For the reason, see the message about instance i-1.
              Code: Provider.Credentials.ProfileMissing
            Error: Cannot read it: the cause

            The service refused this, too. For the reason, see the message about instance
            i-1.
              Code: NoPermission
            Error: Cannot read it: the cause

            This failed in the same way. For the reason, see the message about instance
            i-1.
              Code: Provider.Network.Dns
        "#]]
        .assert_eq(&shown);
    }
}
