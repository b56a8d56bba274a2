//! `ValidateActionConfig`.

use crate::{diagnostics::Diagnostics, provider::Provider, value::DynamicValue};

use super::Server;

impl<P: Provider> Server<P> {
    /// `ValidateActionConfig`: the `config` block of one `action` block, values possibly unknown.
    pub fn validate_action_config(&self, type_name: &str, config: &DynamicValue) -> Diagnostics {
        let checked = self
            .actions
            .get(type_name)
            .and_then(|typed| typed.validate(config, |it, config| it.validate(config)));
        checked.unwrap_or_else(Into::into)
    }
}
