//! `ValidateDataResourceConfig`.

use crate::{diagnostics::Diagnostics, provider::Provider, value::DynamicValue};

use super::Server;

impl<P: Provider> Server<P> {
    /// `ValidateDataResourceConfig`: one `data` block, values possibly unknown.
    pub fn validate_data_resource_config(
        &self,
        type_name: &str,
        config: &DynamicValue,
    ) -> Diagnostics {
        let checked = self
            .data_sources
            .get(type_name)
            .and_then(|typed| typed.validate(config, |it, config| it.validate(config)));
        checked.unwrap_or_else(Into::into)
    }
}
