//! `InvokeAction`.

use std::{borrow::Cow, ops::ControlFlow, sync::Arc};

use async_trait::async_trait;
use framework::{
    Provider,
    server::{EventSink, InvokeActionInput, Server},
};

use super::{
    super::{
        convert::{diagnostics_to_wire, line_to_wire, value_from_wire},
        logging::Subject,
        proto::tfplugin6::{
            self as wire,
            invoke_action::{
                self,
                event::{Completed, Progress, Type},
            },
        },
    },
    EventSender, StreamingRpc, WithDiagnostics,
};

impl StreamingRpc for invoke_action::Request {
    const NAME: &'static str = "InvokeAction";

    const RUNS_TO_COMPLETION: bool = true;

    type Event = invoke_action::Event;

    fn subject(&self) -> Subject<'_> {
        Subject::Action(&self.action_type)
    }

    async fn handle<P: Provider>(
        self,
        server: Arc<Server<P>>,
        events: &mut EventSender<invoke_action::Event>,
    ) {
        let Self {
            action_type,
            config,
            // Nothing that an action does depends on what the CLI accepts.
            client_capabilities: _,
        } = self;
        let input = InvokeActionInput {
            config: value_from_wire(config),
        };
        let diagnostics = server.invoke_action(&action_type, &input, events).await;
        let completed = Completed {
            diagnostics: diagnostics_to_wire(diagnostics),
        };
        // The last event: whether somebody reads it changes nothing.
        let _ = events.send_event(event(Type::Completed(completed))).await;
    }
}

/// An event without a type makes Terraform panic.
fn event(r#type: Type) -> invoke_action::Event {
    invoke_action::Event {
        r#type: Some(r#type),
    }
}

#[async_trait]
impl EventSink<String> for EventSender<invoke_action::Event> {
    async fn send(&mut self, message: String) -> ControlFlow<()> {
        let message = line_to_wire(&message);
        self.send_event(event(Type::Progress(Progress { message })))
            .await
    }
}

impl WithDiagnostics for invoke_action::Event {
    fn diagnostics(&self) -> Cow<'_, [wire::Diagnostic]> {
        match &self.r#type {
            Some(Type::Completed(completed)) => Cow::Borrowed(&completed.diagnostics),
            Some(Type::Progress(_)) | None => Cow::default(),
        }
    }

    fn push_diagnostic(&mut self, diagnostic: wire::Diagnostic) {
        let diagnostics = vec![diagnostic];
        self.r#type = Some(Type::Completed(Completed { diagnostics }));
    }
}
