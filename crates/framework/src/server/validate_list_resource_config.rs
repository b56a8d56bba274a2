//! `ValidateListResourceConfig`.

use crate::{
    diagnostics::{Diagnostic, Diagnostics},
    path::AttributePath,
    provider::Provider,
    types::Type,
    validate::INVALID_ARGUMENT,
    value::{DynamicValue, Value},
};

use super::{Server, codec::decode_value};

/// What the validation of a `list` block is asked with.
#[derive(Clone, Debug, Default)]
pub struct ValidateListInput {
    /// The `config` block within it.
    pub config: DynamicValue,
    /// Its `limit`: a number, null or unknown.
    pub limit: DynamicValue,
}

impl<P: Provider> Server<P> {
    /// `ValidateListResourceConfig`: one `list` block, values possibly unknown.
    pub fn validate_list_resource_config(
        &self,
        type_name: &str,
        input: &ValidateListInput,
    ) -> Diagnostics {
        let checked = self.list_resources.get(type_name).and_then(|typed| {
            let mut diagnostics =
                typed.validate(&input.config, |it, config| it.validate(config))?;
            if let Some(error) = limit_error(&input.limit)? {
                diagnostics.push(error);
            }
            Ok(diagnostics)
        });
        checked.unwrap_or_else(Into::into)
    }
}

fn limit_error(limit: &DynamicValue) -> Result<Option<Diagnostic>, Diagnostic> {
    let Value::Number(limit) = decode_value(limit, &Type::Number, "limit")? else {
        return Ok(None);
    };
    let limit = limit.to_string();
    Ok(limit.starts_with('-').then(|| {
        Diagnostic::error(
            "Invalid limit",
            format!("The limit of a list must not be negative, but is {limit}."),
        )
        .with_code(INVALID_ARGUMENT)
        .at(AttributePath::attribute("limit"))
    }))
}
