//! Whether a pool of connections has ever made one.
//!
//! As long as it has not, no request can have left, whatever an attempt died of. So a deadline that passes while an
//! unreachable host is dialled is distinguished from one that passes while a server is silent.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

/// Set by the first connection, TLS included, before any request can use it.
#[derive(Clone, Debug, Default)]
pub(super) struct ConnectionProbe(Arc<AtomicBool>);

/// A connector that sets [`ConnectionProbe`].
#[derive(Clone, Debug)]
pub(super) struct ProbedConnector<S> {
    connector: S,
    probe: ConnectionProbe,
}

impl ConnectionProbe {
    /// Whether a connection was ever made.
    pub(super) fn ever(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl<S> Layer<S> for ConnectionProbe {
    type Service = ProbedConnector<S>;

    fn layer(&self, connector: S) -> ProbedConnector<S> {
        ProbedConnector {
            connector,
            probe: self.clone(),
        }
    }
}

impl<S, R> Service<R> for ProbedConnector<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, target: R) -> Self::Future {
        let connecting = self.connector.call(target);
        let probe = self.probe.clone();
        Box::pin(async move {
            let connection = connecting.await?;
            probe.0.store(true, Ordering::Release);
            Ok(connection)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Ready, ready};
    use std::task::{Context, Poll};

    use tower_layer::Layer as _;
    use tower_service::Service;

    use super::ConnectionProbe;

    struct Dial;

    impl Service<bool> for Dial {
        type Response = ();
        type Error = &'static str;
        type Future = Ready<Result<(), &'static str>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, reachable: bool) -> Self::Future {
            ready(if reachable {
                Ok(())
            } else {
                Err("unreachable")
            })
        }
    }

    #[tokio::test]
    async fn only_success_counts() {
        let probe = ConnectionProbe::default();
        let mut connector = probe.layer(Dial);
        for (reachable, expected) in [(false, false), (true, true), (false, true)] {
            let outcome = connector.call(reachable).await;
            assert_eq!((outcome.is_ok(), probe.ever()), (reachable, expected));
        }
    }
}
