//! `ValidateProviderConfig`.

use crate::{
    diagnostics::Diagnostics, guard::guarded_now, provider::Provider, validate::validate,
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
                diagnostics.extend(guarded_now("validate the provider", || {
                    self.provider.validate(&config)
                })?);
            }
            Ok(diagnostics)
        });
        checked.unwrap_or_else(Into::into)
    }
}
