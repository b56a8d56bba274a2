//! An operation: calls and waits under one deadline.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::action::{Action, ActionFacts};
use super::call::Call;
use super::client::Shared;
use super::error::Error;
use super::parameters::Parameters;

/// Calls and waits that together must end before a deadline.
pub struct Operation {
    pub(super) shared: Arc<Shared>,
    pub(super) timeout: Duration,
    deadline: Instant,
    retried: Mutex<Duration>,
}

/// A successful response.
#[derive(Clone, Debug)]
pub struct Response<T> {
    /// The body.
    pub body: T,
    /// The request ID of the attempt that succeeded.
    pub request_id: Option<String>,
    /// How many requests it took.
    pub attempts: u32,
}

/// Why a wait ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Interrupt {
    /// The client was asked to stop.
    #[error("stopped before it was complete")]
    Stopped,
    /// The deadline of the operation.
    #[error("the time limit of the operation is too short to wait")]
    Deadline,
}

impl Operation {
    pub(super) fn new(shared: Arc<Shared>, timeout: Duration) -> Operation {
        // Far enough away to be the same as none.
        const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);
        Operation {
            shared,
            timeout,
            deadline: Instant::now() + timeout.min(CENTURY),
            retried: Mutex::new(Duration::ZERO),
        }
    }

    /// The time until the deadline.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Calls an action, and retries the call where the retry table allows, until the deadline.
    ///
    /// # Errors
    ///
    /// An [`Error`] with all that was tried. Check [`Error::outcome_unknown`] after an action that changes something.
    pub async fn call<A: Action>(&self, action: &A) -> Result<Response<A::Response>, Error> {
        let parameters = Parameters::of(action).map_err(|error| error.to_string());
        let mut call = Call::new(self, ActionFacts::of::<A>(), parameters)?;
        loop {
            let failure = match call.attempt().await? {
                Ok(exchange) => match exchange.decode() {
                    Ok((body, request_id)) => {
                        return Ok(Response {
                            body,
                            request_id,
                            attempts: call.attempts(),
                        });
                    }
                    Err(failure) => failure,
                },
                Err(failure) => failure,
            };
            call.recover(failure).await?;
        }
    }

    /// Waits, such as for a change to become visible.
    ///
    /// # Errors
    ///
    /// At once if the wait would pass the deadline, early if the client is stopped.
    pub async fn pause(&self, wait: Duration) -> Result<(), Interrupt> {
        if wait > self.remaining() {
            return Err(Interrupt::Deadline);
        }
        self.until(sleep(wait)).await
    }

    /// Awaits something that may be given up at any time.
    pub(super) async fn until<T>(&self, future: impl Future<Output = T>) -> Result<T, Interrupt> {
        let mut stopped = self.shared.stopped.subscribe();
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => Err(Interrupt::Stopped),
            outcome = timeout_at(self.deadline, future) => outcome.map_err(|_| Interrupt::Deadline),
        }
    }

    /// What calls of this operation have spent on retries.
    pub(super) fn retried(&self) -> MutexGuard<'_, Duration> {
        // Only whole values are written, so a poisoned lock still guards one.
        self.retried.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation")
            .field("timeout", &self.timeout)
            .field("remaining", &self.remaining())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
