//! `ListResource`.

use std::{borrow::Cow, ops::ControlFlow, sync::Arc};

use async_trait::async_trait;
use framework::{
    Provider,
    server::{EventSink, ListEvent, ListInput, Server},
};

use super::{
    super::{
        convert::{
            diagnostics_to_wire, identity_to_wire, line_to_wire, value_from_wire, value_to_wire,
        },
        logging::Subject,
        proto::tfplugin6::{self as wire, list_resource},
    },
    EventSender, StreamingRpc, WithDiagnostics,
};

impl StreamingRpc for list_resource::Request {
    const NAME: &'static str = "ListResource";

    // Terraform cancels a list that has reached its limit. Listing changes nothing, so it may end anywhere.
    const RUNS_TO_COMPLETION: bool = false;

    type Event = list_resource::Event;

    fn subject(&self) -> Subject<'_> {
        Subject::ListResource(&self.type_name)
    }

    async fn handle<P: Provider>(
        self,
        server: Arc<Server<P>>,
        events: &mut EventSender<list_resource::Event>,
    ) {
        let Self {
            type_name,
            config,
            include_resource_object,
            limit,
        } = self;
        let input = ListInput {
            config: value_from_wire(config),
            include_resource: include_resource_object,
            // Absent is zero on the wire, and no limit is below one.
            limit: u64::try_from(limit).ok().filter(|limit| *limit > 0),
        };
        server.list_resource(&type_name, &input, events).await;
    }
}

#[async_trait]
impl EventSink<ListEvent> for EventSender<list_resource::Event> {
    async fn send(&mut self, event: ListEvent) -> ControlFlow<()> {
        let ListEvent {
            identity,
            display_name,
            resource,
            diagnostics,
        } = event;
        self.send_event(list_resource::Event {
            identity: identity_to_wire(identity),
            display_name: line_to_wire(&display_name),
            resource_object: resource.map(value_to_wire),
            diagnostic: diagnostics_to_wire(diagnostics),
        })
        .await
    }
}

impl WithDiagnostics for list_resource::Event {
    fn diagnostics(&self) -> Cow<'_, [wire::Diagnostic]> {
        Cow::Borrowed(&self.diagnostic)
    }

    fn push_diagnostic(&mut self, diagnostic: wire::Diagnostic) {
        self.diagnostic.push(diagnostic);
    }
}
