//! The compiled proto against the checked-in table of the wire contract.
//!
//! Must not contain: anything but that test. The table, `testdata/wire.tsv`, was written down apart from `proto/`; where the
//! two differ, one of them is wrong, and Terraform would find out first.

use std::collections::BTreeSet;

use prost::Message;
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    field_descriptor_proto::{Label, Type},
};

const TABLE: &str = include_str!("testdata/wire.tsv");
const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

#[test]
fn the_proto_is_the_contract() {
    let set = FileDescriptorSet::decode(DESCRIPTORS).expect("was encoded by the build");
    let file = set
        .file
        .iter()
        .find(|file| file.package() == "tfplugin6")
        .expect("is compiled");
    let compiled: BTreeSet<String> = lines(file).into_iter().collect();
    let table: BTreeSet<String> = TABLE
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(str::to_owned)
        .collect();
    let missing: Vec<_> = table.difference(&compiled).collect();
    let surplus: Vec<_> = compiled.difference(&table).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "missing in proto: {missing:#?}\nnot in the table: {surplus:#?}"
    );
    assert_eq!(
        table
            .iter()
            .filter(|line| line.starts_with("rpc\t"))
            .count(),
        36
    );
}

/// The file in the table's form.
fn lines(file: &FileDescriptorProto) -> Vec<String> {
    let mut lines = Vec::new();
    for service in &file.service {
        for method in &service.method {
            let streams = match (method.client_streaming(), method.server_streaming()) {
                (false, false) => "-",
                (true, false) => "client",
                (false, true) => "server",
                (true, true) => "both",
            };
            lines.push(
                [
                    "rpc",
                    service.name(),
                    method.name(),
                    name(method.input_type()),
                    name(method.output_type()),
                    streams,
                ]
                .join("\t"),
            );
        }
    }
    for r#enum in &file.enum_type {
        values(
            &format!("{}.{}", file.package(), r#enum.name()),
            r#enum,
            &mut lines,
        );
    }
    for message in &file.message_type {
        messages(
            &format!("{}.{}", file.package(), message.name()),
            message,
            &mut lines,
        );
    }
    lines
}

fn messages(path: &str, message: &DescriptorProto, lines: &mut Vec<String>) {
    if message.field.is_empty() {
        lines.push(format!("message\t{path}"));
    }
    for field in &message.field {
        lines.push(field_line(path, message, field));
    }
    for r#enum in &message.enum_type {
        values(&format!("{path}.{}", r#enum.name()), r#enum, lines);
    }
    for nested in message
        .nested_type
        .iter()
        .filter(|nested| !is_map_entry(nested))
    {
        messages(&format!("{path}.{}", nested.name()), nested, lines);
    }
}

fn field_line(path: &str, message: &DescriptorProto, field: &FieldDescriptorProto) -> String {
    let entry = message.nested_type.iter().find(|nested| {
        is_map_entry(nested) && name(field.type_name()) == format!("{path}.{}", nested.name())
    });
    let (label, r#type) = match entry {
        Some(entry) => (
            "map",
            format!(
                "map<{},{}>",
                field_type(&entry.field[0]),
                field_type(&entry.field[1])
            ),
        ),
        None if field.label() == Label::Repeated => ("repeated", field_type(field)),
        None if field.proto3_optional() => ("optional", field_type(field)),
        None => ("singular", field_type(field)),
    };
    // An optional field stands in a oneof of its own that is no part of the contract.
    let oneof = match field.oneof_index {
        Some(index) if !field.proto3_optional() => message.oneof_decl[index as usize].name(),
        _ => "-",
    };
    let deprecated = field
        .options
        .as_ref()
        .is_some_and(prost_types::FieldOptions::deprecated);
    [
        "field",
        path,
        field.name(),
        &field.number().to_string(),
        label,
        &r#type,
        oneof,
        if deprecated { "deprecated" } else { "-" },
    ]
    .join("\t")
}

fn values(path: &str, r#enum: &prost_types::EnumDescriptorProto, lines: &mut Vec<String>) {
    for value in &r#enum.value {
        lines.push(format!(
            "value\t{path}\t{}\t{}",
            value.name(),
            value.number()
        ));
    }
}

fn is_map_entry(message: &DescriptorProto) -> bool {
    message
        .options
        .as_ref()
        .is_some_and(prost_types::MessageOptions::map_entry)
}

fn field_type(field: &FieldDescriptorProto) -> String {
    match field.r#type() {
        Type::Message | Type::Enum => name(field.type_name()).to_owned(),
        scalar => scalar
            .as_str_name()
            .trim_start_matches("TYPE_")
            .to_lowercase(),
    }
}

/// A full name, without the dot that marks it as such.
fn name(full: &str) -> &str {
    full.trim_start_matches('.')
}
