//! `ListResource`.

use std::ops::ControlFlow;

use async_trait::async_trait;

use crate::{
    catch_panic::{Operation, catch_panic, provider_bug},
    diagnostics::{Diagnostic, Diagnostics},
    identity::differ,
    list_resource::{ListRequest, ListSink, ListedResource},
    provider::Provider,
    value::{DynamicValue, Object},
};

use super::{
    EventSink, Server,
    codec::{encode_checked, outcome_diagnostics},
    registry::Managed,
};

/// What a list is asked with.
#[derive(Clone, Debug, Default)]
pub struct ListInput {
    /// The `config` block.
    pub config: DynamicValue,
    /// Whether the whole objects are wanted, not only their identities.
    pub include_resource: bool,
    /// At most so many objects, if limited.
    pub limit: Option<u64>,
}

/// One event of a list: an object with warnings about it, or diagnostics alone.
#[derive(Clone, Debug, Default)]
pub struct ListEvent {
    /// The identity of the object, wholly known; `None` in an event of diagnostics.
    pub identity: Option<DynamicValue>,
    /// What a person calls the object.
    pub display_name: String,
    /// The whole object, if it was asked for and is known.
    pub resource: Option<DynamicValue>,
    /// Errors and warnings. An error ends the list.
    pub diagnostics: Diagnostics,
}

impl<P: Provider> Server<P> {
    /// `ListResource`: each object as an event, as soon as it is found, and at last an event with what went wrong. Whoever
    /// drops this future ends the list: listing changes nothing, so it may end anywhere.
    pub async fn list_resource(
        &self,
        type_name: &str,
        input: &ListInput,
        events: &mut dyn EventSink<ListEvent>,
    ) {
        let diagnostics = match self.list(type_name, input, events).await {
            Ok(diagnostics) | Err(diagnostics) => diagnostics,
        };
        if !diagnostics.is_empty() {
            let event = ListEvent {
                diagnostics,
                ..ListEvent::default()
            };
            // There is nothing more to send, whether somebody listens or not.
            let _ = events.send(event).await;
        }
    }

    async fn list(
        &self,
        type_name: &str,
        input: &ListInput,
        events: &mut dyn EventSink<ListEvent>,
    ) -> Result<Diagnostics, Diagnostics> {
        let typed = self.list_resources.get(type_name)?;
        let managed = self.managed(type_name)?;
        let config = typed.config(&input.config)?;
        let client = self.ready()?;
        let request = ListRequest {
            config,
            limit: input.limit,
            include_resource: input.include_resource,
        };
        let mut sink = Sink {
            managed,
            events,
            include_resource: input.include_resource,
            left: input.limit,
            defect: None,
            closed: false,
        };
        let outcome = catch_panic(
            Operation::List,
            typed.inner.list(&client, request, &mut sink),
        )
        .await;
        let mut diagnostics = outcome_diagnostics(outcome, Vec::new());
        if let Some(defect) = sink.defect
            && !diagnostics.has_errors()
        {
            diagnostics.push(defect);
        }
        Ok(diagnostics)
    }
}

/// Checks and encodes what a type pushes, and counts it.
struct Sink<'a, C> {
    managed: &'a Managed<C>,
    events: &'a mut dyn EventSink<ListEvent>,
    include_resource: bool,
    left: Option<u64>,
    defect: Option<Diagnostic>,
    closed: bool,
}

#[async_trait]
impl<C: Send + Sync + 'static> ListSink for Sink<'_, C> {
    async fn push(&mut self, resource: ListedResource) -> ControlFlow<()> {
        if self.closed || self.left == Some(0) {
            return ControlFlow::Break(());
        }
        let sent = match self.encode(resource) {
            Ok(event) => self.events.send(event).await,
            Err(defect) => {
                self.defect = Some(defect);
                ControlFlow::Break(())
            }
        };
        self.closed = sent.is_break();
        if let Some(left) = &mut self.left {
            *left -= 1;
        }
        match self.left {
            Some(0) => ControlFlow::Break(()),
            _ => sent,
        }
    }
}

impl<C: Send + Sync + 'static> Sink<'_, C> {
    fn encode(&self, listed: ListedResource) -> Result<ListEvent, Diagnostic> {
        let Some(schema) = self.managed.identity_schema() else {
            return Err(provider_bug(
                Operation::List,
                "the resource type has no identity schema",
            ));
        };
        let identity = schema.project(&listed.identity);
        let missing = schema.missing(&identity);
        if !missing.is_empty() {
            let happened = format!(
                "found an object whose identity has no value for {}",
                missing.join(", ")
            );
            return Err(provider_bug(Operation::List, &happened));
        }
        if !identity.iter().all(|(_, value)| value.is_wholly_known()) {
            return Err(provider_bug(
                Operation::List,
                "found an object whose identity is not wholly known",
            ));
        }
        let encoded = encode_checked(&schema.ty(), &identity.clone().into()).map_err(|error| {
            let happened = format!(
                "found an object whose identity does not fit the schema; at {}: {}",
                error.path, error.reason
            );
            provider_bug(Operation::List, &happened)
        })?;
        let resource = match listed.resource.filter(|_| self.include_resource) {
            None => None,
            Some(resource) => Some(self.encode_resource(&identity, resource)?),
        };
        Ok(ListEvent {
            identity: Some(encoded),
            display_name: listed.display_name,
            resource,
            diagnostics: listed.warnings.into_iter().collect(),
        })
    }

    fn encode_resource(
        &self,
        identity: &Object,
        resource: Object,
    ) -> Result<DynamicValue, Diagnostic> {
        if !resource.iter().all(|(_, value)| value.is_wholly_known()) {
            return Err(provider_bug(Operation::List, "left a value unknown"));
        }
        // The import that Terraform writes uses the identity, and the configuration beside it the object.
        if let Some(own) = self.managed.identity_of(Some(&resource))?
            && differ(identity, &own)
        {
            return Err(self.managed.changed(Operation::List, identity, &own));
        }
        let (resource, misfit) = self.managed.encode_fitting(Operation::List, Some(resource));
        match misfit {
            Some(misfit) => Err(misfit),
            None => Ok(resource),
        }
    }
}
