//! Work that must not be cut short: who would end waits for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// Longer than a renewal takes, its request and its file included. A file system that hangs holds up nobody for ever.
const MAX_WAIT: Duration = Duration::from_secs(20);

/// How much such work is going on. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct InFlight(Arc<watch::Sender<usize>>);

/// A piece of such work, until it is dropped.
pub(super) struct Guard(InFlight);

impl InFlight {
    pub(super) fn begin(&self) -> Guard {
        self.0.send_modify(|count| *count += 1);
        Guard(self.clone())
    }

    /// Waits until none is going on.
    pub(crate) async fn none(&self) {
        let mut count = self.0.subscribe();
        // The sender lives as long as `self`.
        let _ = tokio::time::timeout(MAX_WAIT, count.wait_for(|count| *count == 0)).await;
    }
}

impl Default for InFlight {
    fn default() -> InFlight {
        InFlight(Arc::new(watch::Sender::new(0)))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::InFlight;

    #[tokio::test(start_paused = true)]
    async fn the_end_waits_for_work() {
        let work = InFlight::default();
        work.none().await;
        let guard = work.begin();
        let ended = tokio::spawn({
            let work = work.clone();
            async move { work.none().await }
        });
        tokio::task::yield_now().await;
        assert!(!ended.is_finished());
        drop(guard);
        ended.await.expect("no panic");
        // Work that never ends is not waited for without end.
        let _stuck = work.begin();
        work.none().await;
    }
}
