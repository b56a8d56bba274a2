//! Schemas as Markdown: Required, Optional and Read-Only, and a section with an anchor for each nested schema.

use std::collections::BTreeMap;

use framework::{
    Attribute, Block, Nesting, Schema, Type, Value,
    identity::IdentitySchema,
    schema::{AttributeKind, Collection, NestedBlock, Setting},
};

const WRITE_ONLY: &str = "[Write-only](https://developer.hashicorp.com/terraform/language/resources/ephemeral#write-only-arguments)";

/// The section `## Schema` of a page.
pub(super) fn of_schema(schema: &Schema) -> String {
    let mut text = String::from("## Schema\n");
    write_children(&mut text, &Vec::new(), Children::of_block(&schema.block));
    text
}

/// The identity, within the section on import.
pub(super) fn of_identity(schema: &IdentitySchema) -> String {
    let mut text = String::from("### Identity Schema\n");
    for (title, required) in [("Required", true), ("Optional", false)] {
        let mut attributes = schema
            .attributes
            .iter()
            .filter(|attribute| attribute.required_for_import == required)
            .peekable();
        if attributes.peek().is_some() {
            text.push_str(&format!("\n#### {title}\n\n"));
        }
        for attribute in attributes {
            let facts = type_name(&attribute.ty.ty());
            text.push_str(&item(attribute.name, &facts, attribute.description, None));
        }
    }
    text
}

/// The names from the root down to what is described.
type Names = Vec<String>;

/// The group of a list that something stands in.
#[derive(Clone, Copy, PartialEq)]
enum Group {
    Required,
    Optional,
    ReadOnly,
}

/// What stands in a list, and what is described below it.
struct Child<'a> {
    name: &'a str,
    group: Group,
    facts: String,
    description: String,
    nested: Option<Nested<'a>>,
}

struct Nested<'a> {
    /// `nestedatt` or `nestedblock`, as the registry's other pages have it.
    anchor: &'static str,
    children: Children<'a>,
}

struct Children<'a>(Vec<Child<'a>>);

impl<'a> Children<'a> {
    fn of_block(block: &'a Block) -> Self {
        let attributes = block.attributes.iter().map(of_attribute);
        let blocks = block.blocks.iter().map(of_nested_block);
        Self(attributes.chain(blocks).collect())
    }

    /// The attributes of a plain object type, which have neither settings nor descriptions of their own.
    fn of_object(attributes: &'a BTreeMap<String, Type>, group: Group) -> Self {
        let attributes = attributes.iter().map(|(name, ty)| Child {
            name,
            group,
            facts: type_name(ty),
            description: String::new(),
            nested: nested_in_type(ty, group),
        });
        Self(attributes.collect())
    }
}

fn of_attribute(attribute: &Attribute) -> Child<'_> {
    let group = match attribute.setting {
        Setting::Required => Group::Required,
        Setting::Optional | Setting::OptionalComputed => Group::Optional,
        Setting::Computed => Group::ReadOnly,
    };
    let (mut facts, nested) = match &attribute.kind {
        AttributeKind::Plain(ty) => (type_name(ty), nested_in_type(ty, group)),
        AttributeKind::Nested(collection, attributes) => {
            let nested = Nested {
                anchor: "nestedatt",
                children: Children(attributes.iter().map(of_attribute).collect()),
            };
            let facts = format!("Attributes{}", collection_name(*collection));
            (facts, Some(nested))
        }
    };
    for (holds, fact) in [
        (attribute.sensitive, "Sensitive"),
        (attribute.deprecated.is_some(), "Deprecated"),
        (attribute.write_only, WRITE_ONLY),
    ] {
        if holds {
            facts.push_str(", ");
            facts.push_str(fact);
        }
    }
    let mut description = attribute.description.clone();
    if let Some(instead) = &attribute.deprecated {
        description.push_str(&format!(" **Deprecated:** {instead}"));
    }
    if let Some(value) = &attribute.default {
        description.push_str(&format!(" Default: `{}`.", literal(value)));
    }
    Child {
        name: attribute.name,
        group,
        facts,
        description,
        nested,
    }
}

fn of_nested_block(nested: &NestedBlock) -> Child<'_> {
    let (required, facts) = match nested.nesting {
        Nesting::Single { required: true } => (true, "Block, Required".to_owned()),
        Nesting::Single { required: false } | Nesting::Group => {
            (false, "Block, Optional".to_owned())
        }
        Nesting::List(bounds) | Nesting::Set(bounds) => {
            let mut facts = format!("Block{}", collection_name(nested.nesting.collection()));
            if bounds.min > 0 {
                facts.push_str(&format!(", Min: {}", bounds.min));
            }
            if let Some(max) = bounds.max {
                facts.push_str(&format!(", Max: {max}"));
            }
            (bounds.min > 0, facts)
        }
        Nesting::Map => (false, "Block Map".to_owned()),
    };
    let children = Children::of_block(&nested.block);
    let all_read_only = children
        .0
        .iter()
        .all(|child| child.group == Group::ReadOnly);
    Child {
        name: nested.name,
        group: match required {
            true => Group::Required,
            false if all_read_only && !children.0.is_empty() => Group::ReadOnly,
            false => Group::Optional,
        },
        facts,
        description: nested.block.description.clone(),
        nested: Some(Nested {
            anchor: "nestedblock",
            children,
        }),
    }
}

/// The object in a plain type, at any depth.
fn nested_in_type(ty: &Type, group: Group) -> Option<Nested<'_>> {
    match ty {
        Type::Object(attributes) => Some(Nested {
            anchor: "nestedatt",
            children: Children::of_object(attributes, group),
        }),
        Type::List(element) | Type::Set(element) | Type::Map(element) => {
            nested_in_type(element, group)
        }
        _ => None,
    }
}

/// Lists the children by group, then describes what is nested in them.
fn write_children(text: &mut String, path: &Names, children: Children<'_>) {
    for (group, title) in [
        (Group::Required, "Required"),
        (Group::Optional, "Optional"),
        (Group::ReadOnly, "Read-Only"),
    ] {
        let mut members = children
            .0
            .iter()
            .filter(|child| child.group == group)
            .peekable();
        if members.peek().is_some() {
            match path.is_empty() {
                true => text.push_str(&format!("\n### {title}\n\n")),
                false => text.push_str(&format!("\n{title}:\n\n")),
            }
        }
        for child in members {
            let anchor = child
                .nested
                .as_ref()
                .map(|nested| anchor(nested.anchor, &below(path, child.name)));
            text.push_str(&item(
                child.name,
                &child.facts,
                &child.description,
                anchor.as_deref(),
            ));
        }
    }
    for child in children.0 {
        let Some(nested) = child.nested else { continue };
        let path = below(path, child.name);
        text.push_str(&format!(
            "\n<a id=\"{}\"></a>\n### Nested Schema for `{}`\n",
            anchor(nested.anchor, &path),
            path.join(".")
        ));
        write_children(text, &path, nested.children);
    }
}

fn below(path: &Names, name: &str) -> Names {
    let mut path = path.clone();
    path.push(name.to_owned());
    path
}

fn anchor(kind: &str, path: &Names) -> String {
    format!("{kind}--{}", path.join("--"))
}

/// One line of a list.
fn item(name: &str, facts: &str, description: &str, anchor: Option<&str>) -> String {
    let mut line = format!("- `{name}` ({facts})");
    if !description.is_empty() {
        line.push_str(&format!(" {}", description.trim()));
    }
    if let Some(anchor) = anchor {
        line.push_str(&format!(" (see [below for nested schema](#{anchor}))"));
    }
    line.push('\n');
    line
}

fn collection_name(collection: Collection) -> &'static str {
    match collection {
        Collection::Single => "",
        Collection::List => " List",
        Collection::Set => " Set",
        Collection::Map => " Map",
    }
}

/// A type as the registry's pages name it.
pub(super) fn type_name(ty: &Type) -> String {
    match ty {
        Type::String => "String".to_owned(),
        Type::Number => "Number".to_owned(),
        Type::Bool => "Boolean".to_owned(),
        Type::Dynamic => "Dynamic".to_owned(),
        Type::List(element) => format!("List of {}", type_name(element)),
        Type::Set(element) => format!("Set of {}", type_name(element)),
        Type::Map(element) => format!("Map of {}", type_name(element)),
        Type::Tuple(_) => "Tuple".to_owned(),
        Type::Object(_) => "Object".to_owned(),
    }
}

/// A default value, as it would be written in a configuration, but text without quotes.
fn literal(value: &Value) -> String {
    match value {
        Value::Null | Value::Unknown => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::List(elements) => {
            let elements: Vec<String> = elements.iter().map(literal).collect();
            format!("[{}]", elements.join(", "))
        }
        Value::Map(elements) => {
            let elements = elements.iter();
            let elements: Vec<String> = elements
                .map(|(name, value)| format!("{name} = {}", literal(value)))
                .collect();
            format!("{{{}}}", elements.join(", "))
        }
        Value::Dynamic(typed) => literal(&typed.1),
    }
}
