//! `ValidateProviderConfig`.

use crate::{
    catch_panic::{Operation, catch_panic_sync},
    diagnostics::Diagnostics,
    provider::Provider,
    validate::validate,
    value::DynamicValue,
};

use super::{Server, codec::decode_object};

impl<P: Provider> Server<P> {
    /// `ValidateProviderConfig`: the provider block, values possibly unknown.
    pub fn validate_provider_config(&self, config: &DynamicValue) -> Diagnostics {
        let checked = decode_object(
            config,
            &self.provider_schema().ty(),
            "provider configuration",
        )
        .and_then(|config| {
            let config = config.unwrap_or_default();
            let mut diagnostics = validate(self.provider_schema(), &config);
            if !diagnostics.has_errors() {
                diagnostics.extend(catch_panic_sync(Operation::Validate, || {
                    self.provider.validate(&config)
                })?);
            }
            Ok(diagnostics)
        });
        checked.unwrap_or_else(Into::into)
    }
}
