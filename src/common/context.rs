//! What one operation of a CAMS type works with: a client of the right account, limited in time, and the ways to report.

use std::{
    any::Any,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use alicloud::{Error, Operation};
use framework::{AttributePath, Diagnostic, Diagnostics, Object, timeouts::Timeout};

use super::{
    Connection, RunCache, assume_role,
    error_diagnostics::{Attempted, diagnose},
    looks::Looks,
    shared_failures::{SharedFailure, SharedFailures},
};

/// What an operation of a type is given: a create, read, update or delete, a list, or an action.
pub(crate) struct Context<'a> {
    /// Calls and waits under the time limit of this operation, as the role that the object names.
    pub(crate) operation: Operation,
    /// The attribute that sets the limit, for example `timeouts.create`.
    pub(crate) limit: String,
    /// Whether this is the read that follows an import.
    pub(crate) importing: bool,
    pub(super) connection: &'a Connection,
    role_arn: Option<String>,
    role_account: Option<String>,
    ram_actions: &'static [&'static str],
    warnings: Mutex<Vec<Diagnostic>>,
    /// The last failure that other objects of the run may share.
    shared_failure: Mutex<Option<SharedFailure>>,
}

impl<'a> Context<'a> {
    /// Begins an operation on the object: its role and its limit apply.
    ///
    /// # Errors
    /// If the role is none, or the provider's configuration is not known yet.
    pub(super) fn new(
        connection: &'a Connection,
        object: &Object,
        timeout: &Timeout,
        ram_actions: &'static [&'static str],
    ) -> Result<Self, Diagnostics> {
        Ok(Self {
            operation: connection.operation(object, timeout.of(object))?,
            limit: format!("timeouts.{}", timeout.operation),
            importing: false,
            connection,
            role_arn: assume_role::arn(object).map(str::to_owned),
            role_account: assume_role::account(object),
            ram_actions,
            warnings: Mutex::default(),
            shared_failure: Mutex::default(),
        })
    }

    /// A context for tests of messages: nothing is called.
    #[cfg(test)]
    pub(crate) fn example(connection: &'a Connection) -> Self {
        let object = Object::from(std::collections::BTreeMap::new());
        let minute = std::time::Duration::from_secs(60);
        Self {
            operation: connection.operation(&object, minute).expect("it is known"),
            limit: "timeouts.create".to_owned(),
            importing: false,
            connection,
            role_arn: None,
            role_account: None,
            ram_actions: &[],
            warnings: Mutex::default(),
            shared_failure: Mutex::default(),
        }
    }

    /// A value that all objects of this account share during a plan or an apply, by its Rust type.
    pub(crate) fn shared<T: Any + Default + Send + Sync>(&self) -> Arc<T> {
        self.run().of_account(self.role_account.as_deref())
    }

    fn run(&self) -> &RunCache {
        let run = self.connection.run();
        run.expect("there is an operation only once the configuration is known")
    }

    /// The same for all accounts, which a plan can read too: [`super::resource::Plan::seen`].
    pub(crate) fn seen<T: Any + Default + Send + Sync>(&self) -> Arc<T> {
        let run = self.connection.run();
        let run = run.expect("there is an operation only once the configuration is known");
        run.of_account(None)
    }

    /// The ARN of the role that acts, if the object names one.
    pub(crate) fn role_arn(&self) -> Option<&str> {
        self.role_arn.as_deref()
    }

    /// An import ID for an object of this account: with the role's ARN before it if there is a role.
    pub(crate) fn import_id(&self, id: &str) -> String {
        assume_role::import_id(self.role_arn(), id)
    }

    /// Looks for what was just written, until the service shows it.
    pub(crate) fn looks_after_write(&self) -> Looks<'_> {
        Looks::after_write(&self.operation)
    }

    /// Looks for what a request of unknown outcome may have made.
    pub(crate) fn looks_after_unknown_outcome(&self) -> Looks<'_> {
        Looks::after_unknown_outcome(&self.operation)
    }

    /// Warns the user, whether the operation succeeds or not.
    pub(crate) fn warn(&self, warning: Diagnostic) {
        self.warnings().push(warning);
    }

    /// The diagnostic for a failed call. `summary` names cause and object; `subject` is what the call was about, for
    /// example "space cams-1"; `attribute` names the subject in the configuration.
    pub(crate) fn diagnose(
        &self,
        error: &Error,
        summary: &str,
        subject: &str,
        attribute: &str,
    ) -> Diagnostic {
        let attempted = Attempted {
            summary,
            subject,
            attribute: AttributePath::attribute(attribute),
            limit: &self.limit,
            ram_actions: self.ram_actions,
        };
        let diagnostic = diagnose(error, &attempted);
        // Without a summary it is a part of another message, which has to be understood alone.
        if !summary.is_empty() {
            *self.shared_failure() = SharedFailure::new(error, subject, &diagnostic);
        }
        diagnostic
    }

    /// The errors of a failed operation, which are returned now: short if this run has returned the same failure before.
    pub(super) fn shorten(&self, errors: Diagnostics) -> Diagnostics {
        let Some(failure) = self.shared_failure().take() else {
            return errors;
        };
        self.shared_failures().shorten(&failure, errors)
    }

    /// The errors of a failed refresh, which are returned now, and whether they may be warnings, because the run fails
    /// without them: another refresh of it has returned the same failure as an error.
    pub(super) fn shorten_refresh(&self, errors: Diagnostics) -> (Diagnostics, bool) {
        let Some(failure) = self.shared_failure().take() else {
            return (errors, false);
        };
        let (errors, is_repetition) = self.shared_failures().shorten_refresh(&failure, errors);
        // The other refresh may be one of another run, if there can be another run.
        (errors, is_repetition && self.run().serves_one_run())
    }

    fn shared_failures(&self) -> Arc<SharedFailures> {
        self.run().of_account(None)
    }

    fn shared_failure(&self) -> MutexGuard<'_, Option<SharedFailure>> {
        // It is set whole, so a poisoned one is still whole.
        let failure = self.shared_failure.lock();
        failure.unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take_warnings(&self) -> Vec<Diagnostic> {
        std::mem::take(&mut *self.warnings())
    }

    fn warnings(&self) -> MutexGuard<'_, Vec<Diagnostic>> {
        // Warnings are pushed whole, so a poisoned list is still one.
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use alicloud::{CredentialsError, CredentialsErrorKind, ErrorKind};

    use super::*;

    /// Whether the second of two refreshes that fail in the same way is a repetition.
    fn is_repetition(run: RunCache) -> bool {
        let connection = Connection::example(run);
        let refresh = || {
            let context = Context::example(&connection);
            let cause = CredentialsError::new(CredentialsErrorKind::NotFound, "none");
            let error = Error::example("Query", ErrorKind::Credentials, Some(cause.into()));
            let diagnostic = context.diagnose(&error, "Cannot read it", "it", "id");
            context.shorten_refresh(diagnostic.into())
        };
        let (first, is_repetition) = refresh();
        assert!(!is_repetition && first.has_errors());
        let (second, is_repetition) = refresh();
        assert!(second.has_errors() && second != first, "{second:?}");
        is_repetition
    }

    #[test]
    fn refresh_repeats_another_only_if_the_process_serves_one_run() {
        assert!(is_repetition(RunCache::new(true)));
        assert!(!is_repetition(RunCache::new(false)));
    }
}
