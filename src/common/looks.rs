//! Reads the service several times, until a change is visible or the time is over.

use std::{slice, time::Duration};

use alicloud::{Interrupt, Operation};

/// The waits between reads after a change. It is possible, but not documented, that a read right after a write lags.
const AFTER_WRITE: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_millis(1_000),
    Duration::from_millis(1_500),
    Duration::from_millis(2_000),
    Duration::from_millis(2_500),
];

/// The waits between reads after a request of unknown outcome: a service that cut the connection may still be working.
const AFTER_UNKNOWN_OUTCOME: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// Reads of the service: the first at once, each further one after a wait.
pub(crate) struct Looks<'a> {
    operation: &'a Operation,
    waits: slice::Iter<'static, Duration>,
    is_first: bool,
}

impl<'a> Looks<'a> {
    /// Reads that look for what was just written.
    pub(super) fn after_write(operation: &'a Operation) -> Self {
        Self::new(operation, &AFTER_WRITE)
    }

    /// Reads that look for what a request of unknown outcome may have made.
    pub(super) fn after_unknown_outcome(operation: &'a Operation) -> Self {
        Self::new(operation, &AFTER_UNKNOWN_OUTCOME)
    }

    fn new(operation: &'a Operation, waits: &'static [Duration]) -> Self {
        Self {
            operation,
            waits: waits.iter(),
            is_first: true,
        }
    }

    /// Waits for the next read. False when there is none any more.
    ///
    /// # Errors
    /// If the wait would pass the time limit of the operation, or the provider was stopped.
    pub(crate) async fn next(&mut self) -> Result<bool, Interrupt> {
        if std::mem::take(&mut self.is_first) {
            return Ok(true);
        }
        match self.waits.next() {
            None => Ok(false),
            Some(wait) => self.operation.pause(*wait).await.map(|()| true),
        }
    }
}
