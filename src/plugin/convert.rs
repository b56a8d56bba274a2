//! Between the framework's words and the messages of the wire.
//!
//! Must not contain: decisions. Every function here is a translation.

use framework::{
    Attribute, AttributePath, Block, Diagnostic, Diagnostics, FunctionDefinition,
    IdentityAttribute, IdentitySchema, Nesting, Parameter, Schema, Severity, Step, Type,
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

/// `None` where nothing was sent, in whatever form.
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
        summary: diagnostic.summary,
        detail: diagnostic.detail,
        attribute: (!diagnostic.attribute.is_root()).then(|| path_to_wire(&diagnostic.attribute)),
    }
}

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
