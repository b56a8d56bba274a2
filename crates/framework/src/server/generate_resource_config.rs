//! `GenerateResourceConfig`.

use crate::{
    catch_panic::{Operation, catch_panic_sync},
    diagnostics::{Diagnostic, Diagnostics},
    provider::Provider,
    state::config_of_state,
    value::DynamicValue,
};

use super::{Server, codec::decode_object};

/// A configuration, and diagnostics.
#[derive(Clone, Debug, Default)]
pub struct ConfigReply {
    /// Null when there is an error.
    pub config: DynamicValue,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

impl<P: Provider> Server<P> {
    /// `GenerateResourceConfig`: the configuration that an object could have been made with, for an object that was
    /// imported or listed. Its plan changes nothing.
    pub fn generate_resource_config(&self, type_name: &str, state: &DynamicValue) -> ConfigReply {
        let config = self.managed(type_name).and_then(|managed| {
            let state = decode_object(state, managed.ty(), "state")?.ok_or_else(|| {
                Diagnostic::error(
                    "There is no object to generate a configuration for",
                    format!("The state of this {type_name} is null."),
                )
                .with_code("Provider.InvalidState")
            })?;
            let config = config_of_state(&managed.schema().block, state);
            let config = catch_panic_sync(Operation::GenerateConfig, || {
                managed.resource().generated_config(config)
            })?;
            let (config, misfit) = managed.encode_fitting(Operation::GenerateConfig, Some(config));
            misfit.map_or(Ok(config), Err)
        });
        match config {
            Ok(config) => ConfigReply {
                config,
                diagnostics: Diagnostics::new(),
            },
            Err(error) => ConfigReply {
                config: DynamicValue::default(),
                diagnostics: error.into(),
            },
        }
    }
}
