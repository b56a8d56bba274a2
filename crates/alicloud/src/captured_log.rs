//! Collects what is logged, for tests.

use std::fmt::Debug;
use std::sync::{Arc, LazyLock, Mutex};

use tracing::field::Field;
use tracing::subscriber::{DefaultGuard, NoSubscriber, set_default};
use tracing::{Dispatch, Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

/// The fields of every event of this thread, one event a line, for as long as this lives.
pub(super) struct CapturedLog {
    text: Arc<Mutex<String>>,
    _guard: DefaultGuard,
}

struct Collector(Arc<Mutex<String>>);

impl CapturedLog {
    pub(super) fn start() -> CapturedLog {
        // With one dispatcher alone, tracing asks that of whichever thread meets an event first, and keeps the answer for all.
        static OTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));
        LazyLock::force(&OTHER);
        let text = Arc::default();
        let collector = Collector(Arc::clone(&text));
        CapturedLog {
            text,
            _guard: set_default(tracing_subscriber::registry().with(collector)),
        }
    }

    pub(super) fn text(&self) -> String {
        self.text.lock().expect("not poisoned").clone()
    }
}

impl<S: Subscriber> Layer<S> for Collector {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let text = &mut *self.0.lock().expect("not poisoned");
        event.record(&mut |field: &Field, value: &dyn Debug| {
            text.push_str(&format!("{field}={value:?} "));
        });
        text.push('\n');
    }
}
