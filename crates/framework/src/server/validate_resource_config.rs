//! `ValidateResourceConfig`.

use crate::{
    capabilities::ClientCapabilities,
    catch_panic::{Operation, catch_panic_sync},
    diagnostics::Diagnostics,
    provider::Provider,
    validate::{validate, write_only_values},
    value::DynamicValue,
};

use super::{Server, codec::decode_object};

impl<P: Provider> Server<P> {
    /// `ValidateResourceConfig`: one resource block, values possibly unknown.
    pub fn validate_resource_config(
        &self,
        type_name: &str,
        config: &DynamicValue,
        client: ClientCapabilities,
    ) -> Diagnostics {
        let checked = self.managed(type_name).and_then(|managed| {
            let config = decode_object(config, managed.ty(), "configuration")?.unwrap_or_default();
            managed.record_object(&[Some(&config)]);
            let mut diagnostics = validate(managed.schema(), &config);
            if !client.write_only_attributes_allowed {
                diagnostics.extend(write_only_values(managed.schema(), &config));
            }
            if !diagnostics.has_errors() {
                diagnostics.extend(catch_panic_sync(Operation::Validate, || {
                    managed.resource().validate(&config)
                })?);
            }
            Ok(diagnostics)
        });
        checked.unwrap_or_else(Into::into)
    }
}
