//! Values and schemas as text, for the reader of a counterexample. The product shows only shapes, since any value may
//! be a secret.
//!
//! Must not contain: anything that decides.

use framework::{Attribute, Block, Value, schema::AttributeKind};

/// A value as in the configuration language; `?` is unknown.
pub(crate) fn format_value(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Unknown => "?".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("{text:?}"),
        Value::List(elements) => {
            let elements: Vec<String> = elements.iter().map(format_value).collect();
            format!("[{}]", elements.join(", "))
        }
        Value::Map(elements) => {
            let elements: Vec<String> = elements
                .iter()
                .map(|(name, value)| format!("{name}: {}", format_value(value)))
                .collect();
            format!("{{{}}}", elements.join(", "))
        }
        Value::Dynamic(typed) => format!("({} as {})", format_value(&typed.1), typed.0),
    }
}

/// A block, one line an attribute.
pub(crate) fn format_block(block: &Block) -> String {
    let mut text = String::new();
    write_block(block, 1, &mut text);
    text
}

fn write_block(block: &Block, depth: usize, text: &mut String) {
    for attribute in &block.attributes {
        write_attribute(attribute, depth, text);
    }
    for nested in &block.blocks {
        let indent = "  ".repeat(depth);
        text.push_str(&format!(
            "{indent}block {}: {:?}\n",
            nested.name, nested.nesting
        ));
        write_block(&nested.block, depth + 1, text);
    }
}

fn write_attribute(attribute: &Attribute, depth: usize, text: &mut String) {
    let marks = [
        (attribute.sensitive, " sensitive"),
        (attribute.write_only, " write-only"),
        (attribute.use_state_for_unknown, " use-state"),
        (attribute.requires_replace, " replaces"),
        (attribute.requires_replace_if.is_some(), " replaces-if"),
        (attribute.planned_value.is_some(), " plans-value"),
        (attribute.equality.is_some(), " equality"),
    ];
    let marks: String = marks
        .iter()
        .filter(|(set, _)| *set)
        .map(|(_, mark)| *mark)
        .collect();
    let default = attribute
        .default
        .as_ref()
        .map(|default| format!(" default {}", format_value(default)))
        .unwrap_or_default();
    let kind = match &attribute.kind {
        AttributeKind::Plain(ty) => ty.to_json().to_string(),
        AttributeKind::Nested(collection, _) => format!("nested {collection:?}"),
    };
    text.push_str(&format!(
        "{}{}: {:?} {kind}{marks}{default}\n",
        "  ".repeat(depth),
        attribute.name,
        attribute.setting
    ));
    if let AttributeKind::Nested(_, nested) = &attribute.kind {
        for attribute in nested {
            write_attribute(attribute, depth + 1, text);
        }
    }
}
