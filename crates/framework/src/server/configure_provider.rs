//! `ConfigureProvider`, and `StopProvider`, which ends what configuring began.

use std::sync::{Arc, MutexGuard, PoisonError};

use crate::{
    catch_panic::{Operation, catch_panic},
    diagnostics::{Diagnostic, Diagnostics},
    provider::{ConfigureRequest, Provider},
    value::{DynamicValue, Object, Value},
};

use super::{Server, codec::decode_object};

/// Whether one configuration has to do for all provider blocks, and which one it is.
#[derive(Default)]
pub(super) struct Kept {
    is_wanted: bool,
    config: Option<Object>,
}

impl<P: Provider> Server<P> {
    /// From now on a configuration that differs from the one before is refused. For a process that several provider blocks
    /// and runs share: the client of the last one serves them all.
    pub fn keep_configuration(&self) {
        self.kept().is_wanted = true;
    }

    /// `ConfigureProvider`: makes the client that all types use from now on.
    pub async fn configure(&self, config: &DynamicValue, terraform_version: String) -> Diagnostics {
        let config = match decode_object(
            config,
            &self.provider_schema().ty(),
            "provider configuration",
        ) {
            Ok(config) => config.unwrap_or_default(),
            Err(diagnostic) => return diagnostic.into(),
        };
        let before = match self.kept().agree(&config) {
            Ok(before) => before,
            Err(diagnostic) => return diagnostic.into(),
        };
        let configuring = self.provider.configure(ConfigureRequest {
            config: config.clone(),
            terraform_version,
            is_shared: self.kept().is_wanted,
        });
        let failed = match catch_panic(Operation::Configure, configuring).await {
            Ok(Ok(client)) => {
                *self.client.write().unwrap_or_else(PoisonError::into_inner) =
                    Some(Arc::new(client));
                return self.provider.warnings(&config);
            }
            Ok(Err(diagnostics)) => diagnostics,
            Err(panic) => panic.into(),
        };
        self.kept().config = before;
        failed
    }

    /// `StopProvider`: waiting work ends early; the server still responds.
    pub fn stop(&self) {
        if let Some(client) = self.client() {
            self.provider.stop(&client);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Only whole values are written.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Keeps a configuration that agrees with the one before, and returns the one before.
    fn agree(&mut self, config: &Object) -> Result<Option<Object>, Diagnostic> {
        if !self.is_wanted {
            return Ok(None);
        }
        let Some(before) = &self.config else {
            return Ok(self.config.replace(config.clone()));
        };
        if config
            .iter()
            .any(|(name, value)| contradict(before.get(name), value))
        {
            return Err(Diagnostic::error(
                "Another provider configuration is in use in debug mode",
                "In debug mode one process serves all provider blocks of all runs, and it has another configuration \
                 already. With this one in its place, objects of the other provider block would be made in the wrong \
                 account. It is refused, and nothing was changed.\n\n\
                 To use this configuration, end the debug process and start it again. While debugging, use a single \
                 provider block for this provider.\n\n  \
                 Code: Provider.DebugConfiguration",
            ));
        }
        // One that knows less says nothing new.
        match config.iter().all(|(_, value)| value.is_wholly_known()) {
            true => Ok(self.config.replace(config.clone())),
            false => Ok(self.config.clone()),
        }
    }
}

/// Whether two values differ where both are known. A value that is unknown in the plan is known in the apply.
fn contradict(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Unknown, _) | (_, Value::Unknown) => false,
        (Value::List(ones), Value::List(others)) => {
            ones.len() != others.len()
                || ones
                    .iter()
                    .zip(others)
                    .any(|(one, other)| contradict(one, other))
        }
        (Value::Map(ones), Value::Map(others)) => {
            ones.len() != others.len()
                || ones
                    .iter()
                    .any(|(name, one)| others.get(name).is_none_or(|other| contradict(one, other)))
        }
        _ => one != other,
    }
}
