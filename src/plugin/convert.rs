//! Between the types of the framework and the messages of the protocol. Every function here is a translation.
//!
//! Text for the user becomes safe to print here: diagnostics, errors of functions, progress of actions, names in lists.

use framework::{
    Attribute, AttributePath, Block, Diagnostic, Diagnostics, Nesting, Schema, Severity, Type,
    function::{FunctionDefinition, FunctionError, Parameter},
    identity::{IdentityAttribute, IdentitySchema},
    path::Step,
    printable_line, printable_text,
    schema::{AttributeKind, Collection, NestedBlock, Setting},
    server::{ClientCapabilities, DeferredReason, DynamicValue, RawState},
};

use super::proto::tfplugin6 as wire;

pub(super) fn value_from_wire(value: Option<wire::DynamicValue>) -> DynamicValue {
    value
        .map(|wire::DynamicValue { msgpack, json }| DynamicValue { msgpack, json })
        .unwrap_or_default()
}

pub(super) fn value_to_wire(value: DynamicValue) -> wire::DynamicValue {
    let DynamicValue { msgpack, json } = value;
    wire::DynamicValue { msgpack, json }
}

/// `None` where nothing was sent, in any encoding.
pub(super) fn identity_from_wire(
    identity: Option<wire::ResourceIdentityData>,
) -> Option<DynamicValue> {
    let wire::ResourceIdentityData { identity_data } = identity?;
    Some(value_from_wire(identity_data)).filter(|value| *value != DynamicValue::default())
}

pub(super) fn identity_to_wire(
    identity: Option<DynamicValue>,
) -> Option<wire::ResourceIdentityData> {
    identity.map(|identity| wire::ResourceIdentityData {
        identity_data: Some(value_to_wire(identity)),
    })
}

pub(super) fn raw_state_from_wire(state: wire::RawState) -> RawState {
    let wire::RawState { json, flatmap } = state;
    RawState {
        json,
        is_flatmap: !flatmap.is_empty(),
    }
}

pub(super) fn capabilities_from_wire(
    capabilities: Option<wire::ClientCapabilities>,
) -> ClientCapabilities {
    let wire::ClientCapabilities {
        deferral_allowed,
        write_only_attributes_allowed,
        store_planned_private: _,
        computed_blocks_allowed: _,
    } = capabilities.unwrap_or_default();
    ClientCapabilities {
        deferral_allowed,
        write_only_attributes_allowed,
    }
}

pub(super) fn deferred_to_wire(reason: DeferredReason) -> wire::Deferred {
    use wire::deferred::Reason;
    let reason = match reason {
        DeferredReason::ResourceConfigUnknown => Reason::ResourceConfigUnknown,
        DeferredReason::ProviderConfigUnknown => Reason::ProviderConfigUnknown,
    };
    wire::Deferred {
        reason: reason.into(),
    }
}

/// The longest summary, in characters. Ours are shorter; what they quote may not be.
const MAX_SUMMARY: usize = 200;

/// The longest line of progress and the longest name of a listed object, in characters.
const MAX_LINE: usize = 1000;

pub(super) fn diagnostics_to_wire(diagnostics: Diagnostics) -> Vec<wire::Diagnostic> {
    diagnostics.into_iter().map(diagnostic_to_wire).collect()
}

pub(super) fn diagnostic_to_wire(diagnostic: Diagnostic) -> wire::Diagnostic {
    let severity = match diagnostic.severity {
        Severity::Error => wire::diagnostic::Severity::Error,
        Severity::Warning => wire::diagnostic::Severity::Warning,
    };
    wire::Diagnostic {
        severity: severity.into(),
        summary: printable_line(&diagnostic.summary, MAX_SUMMARY),
        detail: printable_text(&diagnostic.detail),
        attribute: (!diagnostic.attribute.is_root()).then(|| path_to_wire(&diagnostic.attribute)),
    }
}

pub(super) fn function_error_to_wire(error: FunctionError) -> wire::FunctionError {
    let FunctionError { text, argument } = error;
    // The CLI puts a full stop behind it.
    let text = text.strip_suffix('.').unwrap_or(&text);
    wire::FunctionError {
        text: printable_text(text),
        function_argument: argument.and_then(|index| i64::try_from(index).ok()),
    }
}

/// A line for the user that is no diagnostic: progress of an action, the name of a listed object.
pub(super) fn line_to_wire(line: &str) -> String {
    printable_line(line, MAX_LINE)
}

/// A path is data: the host looks for the place in the configuration by its keys, so they stay as they are.
pub(super) fn path_to_wire(path: &AttributePath) -> wire::AttributePath {
    use wire::attribute_path::step::Selector;
    let step = |step: &Step| wire::attribute_path::Step {
        selector: Some(match step {
            Step::Attribute(name) => Selector::AttributeName(name.clone()),
            Step::Key(key) => Selector::ElementKeyString(key.clone()),
            Step::Index(index) => Selector::ElementKeyInt(*index),
        }),
    };
    wire::AttributePath {
        steps: path.steps().iter().map(step).collect(),
    }
}

/// A path as the configuration language writes it, for the log.
pub(super) fn path_from_wire(path: &wire::AttributePath) -> AttributePath {
    use wire::attribute_path::step::Selector;
    let root = AttributePath::root();
    path.steps
        .iter()
        .filter_map(|step| step.selector.as_ref())
        .fold(root, |path, selector| match selector {
            Selector::AttributeName(name) => path.then_attribute(name),
            Selector::ElementKeyString(key) => path.then_key(key),
            Selector::ElementKeyInt(index) => {
                path.then_index(usize::try_from(*index).unwrap_or_default())
            }
        })
}

pub(super) fn schema_to_wire(schema: &Schema) -> wire::Schema {
    wire::Schema {
        version: schema.version(),
        block: Some(block_to_wire(&schema.block, schema.version())),
    }
}

pub(super) fn identity_schema_to_wire(schema: &IdentitySchema) -> wire::ResourceIdentitySchema {
    let attribute =
        |attribute: &IdentityAttribute| wire::resource_identity_schema::IdentityAttribute {
            name: attribute.name.to_owned(),
            r#type: type_to_wire(&attribute.ty.ty()),
            required_for_import: attribute.required_for_import,
            optional_for_import: !attribute.required_for_import,
            description: attribute.description.to_owned(),
        };
    wire::ResourceIdentitySchema {
        version: schema.version(),
        identity_attributes: schema.attributes.iter().map(attribute).collect(),
    }
}

pub(super) fn function_to_wire(definition: FunctionDefinition) -> wire::Function {
    let FunctionDefinition {
        parameters,
        variadic,
        return_type,
        summary,
        description,
        deprecation,
    } = definition;
    wire::Function {
        parameters: parameters.into_iter().map(parameter_to_wire).collect(),
        variadic_parameter: variadic.map(parameter_to_wire),
        r#return: Some(wire::function::Return {
            r#type: type_to_wire(&return_type),
        }),
        summary,
        description,
        description_kind: wire::StringKind::Markdown.into(),
        deprecation_message: deprecation.unwrap_or_default(),
    }
}

fn parameter_to_wire(parameter: Parameter) -> wire::function::Parameter {
    let Parameter {
        name,
        ty,
        nullable,
        accepts_unknown,
        description,
    } = parameter;
    wire::function::Parameter {
        name: name.to_owned(),
        r#type: type_to_wire(&ty),
        allow_null_value: nullable,
        allow_unknown_values: accepts_unknown,
        description,
        description_kind: wire::StringKind::Markdown.into(),
    }
}

fn type_to_wire(ty: &Type) -> Vec<u8> {
    ty.to_json().to_string().into_bytes()
}

fn block_to_wire(block: &Block, version: i64) -> wire::schema::Block {
    wire::schema::Block {
        version,
        attributes: block.attributes.iter().map(attribute_to_wire).collect(),
        block_types: block.blocks.iter().map(nested_block_to_wire).collect(),
        description: block.description.clone(),
        description_kind: wire::StringKind::Markdown.into(),
        deprecated: false,
        deprecation_message: String::new(),
        computed: false,
    }
}

fn attribute_to_wire(attribute: &Attribute) -> wire::schema::Attribute {
    let (plain, nested) = match &attribute.kind {
        AttributeKind::Plain(ty) => (type_to_wire(ty), None),
        AttributeKind::Nested(collection, attributes) => {
            use wire::schema::object::NestingMode;
            let nesting = match collection {
                Collection::Single => NestingMode::Single,
                Collection::List => NestingMode::List,
                Collection::Set => NestingMode::Set,
                Collection::Map => NestingMode::Map,
            };
            let attributes = attributes.iter().map(attribute_to_wire).collect();
            // The deprecated numbers of items stay zero, which sets no limit.
            let object = wire::schema::Object {
                attributes,
                nesting: nesting.into(),
                ..wire::schema::Object::default()
            };
            (Vec::new(), Some(object))
        }
    };
    wire::schema::Attribute {
        name: attribute.name.to_owned(),
        r#type: plain,
        nested_type: nested,
        description: attribute.description.clone(),
        required: attribute.setting == Setting::Required,
        optional: matches!(
            attribute.setting,
            Setting::Optional | Setting::OptionalComputed
        ),
        computed: attribute.setting.is_computed(),
        sensitive: attribute.sensitive,
        description_kind: wire::StringKind::Markdown.into(),
        deprecated: attribute.deprecated.is_some(),
        write_only: attribute.write_only,
        deprecation_message: attribute.deprecated.clone().unwrap_or_default(),
    }
}

fn nested_block_to_wire(nested: &NestedBlock) -> wire::schema::NestedBlock {
    use wire::schema::nested_block::NestingMode;
    let (nesting, min, max) = match nested.nesting {
        Nesting::Single { required } => (
            NestingMode::Single,
            u32::from(required),
            u32::from(required),
        ),
        Nesting::Group => (NestingMode::Group, 0, 0),
        Nesting::List(bounds) => (NestingMode::List, bounds.min, bounds.max.unwrap_or(0)),
        Nesting::Set(bounds) => (NestingMode::Set, bounds.min, bounds.max.unwrap_or(0)),
        Nesting::Map => (NestingMode::Map, 0, 0),
    };
    wire::schema::NestedBlock {
        type_name: nested.name.to_owned(),
        block: Some(block_to_wire(&nested.block, 0)),
        nesting: nesting.into(),
        min_items: min.into(),
        max_items: max.into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Control characters, line and paragraph separators, directions, and what cannot be seen.
    fn is_dangerous(c: char) -> bool {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..)
    }

    fn outside_text() -> impl Strategy<Value = String> {
        let character = prop_oneof![
            any::<char>(),
            proptest::char::range('\0', '\u{9f}'),
            proptest::char::range('\u{2000}', '\u{206f}'),
        ];
        proptest::collection::vec(character, 0..40).prop_map(String::from_iter)
    }

    #[test]
    fn error_of_a_function_has_no_full_stop_of_its_own() {
        let text = |text: &str| function_error_to_wire(FunctionError::new(text)).text;
        assert_eq!(text("It is empty. Set it."), "It is empty. Set it");
        assert_eq!(text("It is empty"), "It is empty");
    }

    proptest! {
        #[test]
        fn only_printable_text_reaches_the_wire(outside in outside_text()) {
            let diagnostic = diagnostic_to_wire(Diagnostic::error(
                format!("It failed: {outside}"),
                format!("The service said: {outside}\n\n  Code: {outside}"),
            ));
            prop_assert!(!diagnostic.summary.contains(is_dangerous), "{:?}", diagnostic.summary);
            let error = function_error_to_wire(FunctionError::new(outside.clone()));
            for text in [&diagnostic.detail, &error.text] {
                let bad = text.contains(|c| c != '\n' && c != '\t' && is_dangerous(c));
                prop_assert!(!bad, "{text:?}");
            }
            let line = line_to_wire(&outside);
            prop_assert!(!line.contains(is_dangerous), "{line:?}");
        }
    }
}
