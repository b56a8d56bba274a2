//! Panics: a bug in one operation ends that operation, not the process, and loses nothing.
//!
//! Must not contain: what a panic said. It was not written for practitioners and may hold anything; the log has it.

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

use super::diagnostics::Diagnostic;

/// Runs an operation to its end. A panic ends that operation only; what it put into its response stays.
pub async fn catch_panic<F: Future>(what: &str, operation: F) -> Result<F::Output, Diagnostic> {
    let mut operation = pin!(operation);
    // The operation is never polled again after a panic, and the responses it writes to are plain data.
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| operation.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(_) => Poll::Ready(Err(provider_bug(what, "it panicked"))),
        },
    )
    .await
}

/// Runs a function to its end or its panic.
pub(crate) fn catch_panic_sync<T>(
    what: &str,
    operation: impl FnOnce() -> T,
) -> Result<T, Diagnostic> {
    catch_unwind(AssertUnwindSafe(operation)).map_err(|_| provider_bug(what, "it panicked"))
}

/// The diagnostic for a bug in the provider.
pub(crate) fn provider_bug(what: &str, happened: &str) -> Diagnostic {
    Diagnostic::error(
        "Bug in the provider",
        format!(
            "This is a bug in the provider. The step \"{what}\" failed: {happened}. What is known of the remote object is saved \
             in the state. Please report this to the provider's developers, with the output of the same command run with \
             TF_LOG_PROVIDER=debug.",
        ),
    )
}
