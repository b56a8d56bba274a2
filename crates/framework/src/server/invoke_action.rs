//! `InvokeAction`.

use async_trait::async_trait;

use crate::{
    action::{InvokeRequest, Progress},
    catch_panic::{Operation, catch_panic},
    diagnostics::Diagnostics,
    provider::Provider,
    value::DynamicValue,
};

use super::{EventSink, Server, codec::outcome_diagnostics};

/// What the invocation of an action is asked with.
#[derive(Clone, Debug, Default)]
pub struct InvokeActionInput {
    /// The configuration, wholly known.
    pub config: DynamicValue,
}

impl<P: Provider> Server<P> {
    /// `InvokeAction`: invokes the action. Progress goes to `progress` line by line. Returns the diagnostics.
    ///
    /// The caller must not drop this future: an action changes the remote system.
    pub async fn invoke_action(
        &self,
        type_name: &str,
        input: &InvokeActionInput,
        progress: &mut dyn EventSink<String>,
    ) -> Diagnostics {
        match self.invoke(type_name, input, progress).await {
            Ok(diagnostics) | Err(diagnostics) => diagnostics,
        }
    }

    async fn invoke(
        &self,
        type_name: &str,
        input: &InvokeActionInput,
        progress: &mut dyn EventSink<String>,
    ) -> Result<Diagnostics, Diagnostics> {
        let typed = self.actions.get(type_name)?;
        let client = self.ready()?;
        // The CLI validates a configuration while values such as ephemeral variables are unknown, and not again.
        let config = typed.config(&input.config)?;
        let checked = typed.check(&config, |it, config| it.validate(config))?;
        if checked.has_errors() {
            return Err(checked);
        }
        let mut lines = Lines(progress);
        let invoking = typed
            .inner
            .invoke(&client, InvokeRequest { config }, &mut lines);
        Ok(outcome_diagnostics(
            catch_panic(Operation::InvokeAction, invoking).await,
            Vec::new(),
        ))
    }
}

struct Lines<'a>(&'a mut dyn EventSink<String>);

#[async_trait]
impl Progress for Lines<'_> {
    async fn report(&mut self, message: String) {
        // An action goes on when nobody listens any more.
        let _ = self.0.send(message).await;
    }
}
