//! The signature and the arguments of a function as Markdown.

use framework::function::{FunctionDefinition, Parameter};

use super::schema_markdown::type_name;

/// The section `## Signature` of a page.
pub(super) fn signature(name: &str, definition: &FunctionDefinition) -> String {
    let shown = |parameter: &Parameter| format!("{} {}", parameter.name, parameter.ty);
    let mut parameters: Vec<String> = definition.parameters.iter().map(shown).collect();
    let variadic = definition.variadic.as_ref();
    parameters.extend(variadic.map(|parameter| format!("{}...", shown(parameter))));
    let mut text = format!(
        "## Signature\n\n```text\n{name}({}) {}\n```\n",
        parameters.join(", "),
        definition.return_type
    );
    if let Some(instead) = &definition.deprecation {
        text.push_str(&format!("\n**Deprecated:** {instead}\n"));
    }
    text
}

/// The section `## Arguments` of a page.
pub(super) fn arguments(definition: &FunctionDefinition) -> String {
    let line = |parameter: &Parameter, variadic: bool| {
        let variadic = if variadic { "Variadic, " } else { "" };
        let nullable = if parameter.nullable { ", Nullable" } else { "" };
        format!(
            "1. `{}` ({variadic}{}{nullable}) {}\n",
            parameter.name,
            type_name(&parameter.ty),
            parameter.description.trim()
        )
    };
    let parameters = definition
        .parameters
        .iter()
        .map(|parameter| line(parameter, false));
    let variadic = definition
        .variadic
        .iter()
        .map(|parameter| line(parameter, true));
    let lines: String = parameters.chain(variadic).collect();
    match lines.is_empty() {
        true => "## Arguments\n\nNone.\n".to_owned(),
        false => format!("## Arguments\n\n{lines}"),
    }
}
