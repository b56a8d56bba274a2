//! Streams of events: how they get from the framework to the caller, and what happens when the caller goes away.

use std::{
    ops::ControlFlow,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::sync::mpsc;
use tokio_stream::Stream;
use tonic::Status;

use super::{Counts, WithDiagnostics};

/// Where the work behind a stream puts its events. It waits while the caller is slower.
pub(super) struct EventSender<E> {
    sender: mpsc::Sender<E>,
    pub(super) counts: Counts,
}

impl<E: WithDiagnostics> EventSender<E> {
    pub(super) fn channel() -> (Self, mpsc::Receiver<E>) {
        let (sender, receiver) = mpsc::channel(1);
        let counts = Counts::default();
        (Self { sender, counts }, receiver)
    }

    /// `Break` when the caller went away.
    pub(super) async fn send_event(&mut self, event: E) -> ControlFlow<()> {
        self.counts.log(&event.diagnostics());
        match self.sender.send(event).await {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

/// The events of one call.
pub(super) struct EventStream<E> {
    receiver: mpsc::Receiver<E>,
    /// The work, if it ends with the stream.
    work: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// What to do when the caller goes away before the work has ended.
    abandoned: Option<Box<dyn FnOnce() + Send>>,
}

impl<E> EventStream<E> {
    /// Does the work itself: when the caller goes away, the work ends where it is.
    pub(super) fn driving(
        receiver: mpsc::Receiver<E>,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        Self {
            receiver,
            work: Some(Box::pin(work)),
            abandoned: None,
        }
    }

    /// The work is a task that goes on when the caller goes away; `abandoned` is called then.
    pub(super) fn of_task(
        receiver: mpsc::Receiver<E>,
        abandoned: impl FnOnce() + Send + 'static,
    ) -> Self {
        Self {
            receiver,
            work: None,
            abandoned: Some(Box::new(abandoned)),
        }
    }
}

impl<E: Unpin> Stream for EventStream<E> {
    type Item = Result<E, Status>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            match this.receiver.poll_recv(context) {
                Poll::Ready(Some(event)) => return Poll::Ready(Some(Ok(event))),
                Poll::Ready(None) => {
                    this.abandoned = None;
                    return Poll::Ready(None);
                }
                Poll::Pending => {}
            }
            let Some(work) = &mut this.work else {
                return Poll::Pending;
            };
            let is_done = work.as_mut().poll(context).is_ready();
            if is_done {
                this.work = None;
            } else if this.receiver.is_empty() {
                return Poll::Pending;
            }
        }
    }
}

impl<E> Drop for EventStream<E> {
    fn drop(&mut self) {
        if let Some(abandoned) = self.abandoned.take() {
            abandoned();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };

    use tokio_stream::StreamExt;

    use super::*;
    use crate::plugin::proto::tfplugin6::list_resource::Event;

    fn event(name: usize) -> Event {
        Event {
            display_name: name.to_string(),
            ..Event::default()
        }
    }

    /// Says when it is dropped.
    struct Dropped(Arc<AtomicBool>);

    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    #[tokio::test]
    async fn work_that_is_driven_sends_all_its_events() {
        let (mut events, receiver) = EventSender::channel();
        let stream = EventStream::driving(receiver, async move {
            for name in 0..100 {
                tokio::task::yield_now().await;
                assert!(events.send_event(event(name)).await.is_continue());
            }
        });
        let received: Vec<_> = stream.collect().await;
        assert_eq!(received.len(), 100);
        let last = received.last().and_then(|event| event.as_ref().ok());
        assert_eq!(last.map(|event| &*event.display_name), Some("99"));
    }

    #[tokio::test]
    async fn work_that_is_driven_ends_with_its_stream() {
        let dropped = Arc::new(AtomicBool::new(false));
        let (mut events, receiver) = EventSender::channel();
        let guard = Dropped(Arc::clone(&dropped));
        let mut stream = EventStream::driving(receiver, async move {
            let _guard = guard;
            let _ = events.send_event(event(0)).await;
            std::future::pending::<()>().await;
        });
        assert!(stream.next().await.is_some());
        assert!(!dropped.load(Ordering::SeqCst));
        drop(stream);
        assert!(dropped.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn a_task_continues_without_its_stream_and_is_stopped() {
        let abandoned = Arc::new(AtomicBool::new(false));
        let stream = |receiver| {
            let abandoned = Arc::clone(&abandoned);
            EventStream::of_task(receiver, move || abandoned.store(true, Ordering::SeqCst))
        };
        let work = |mut events: EventSender<Event>| {
            tokio::spawn(async move {
                let _ = events.send_event(event(0)).await;
                events.send_event(event(1)).await
            })
        };

        let (events, receiver) = EventSender::channel();
        let task = work(events);
        assert_eq!(stream(receiver).collect::<Vec<_>>().await.len(), 2);
        assert!(task.await.expect("does not panic").is_continue());
        assert!(!abandoned.load(Ordering::SeqCst), "all was received");

        let (events, receiver) = EventSender::channel();
        let task = work(events);
        let mut stream = stream(receiver);
        assert!(stream.next().await.is_some());
        drop(stream);
        assert!(abandoned.load(Ordering::SeqCst));
        assert!(task.await.expect("does not panic").is_break());
    }
}
