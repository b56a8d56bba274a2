//! The messages and services of `proto/`, compiled at build time.
//!
//! Must not contain: anything written by hand.

/// Terraform plugin protocol 6.
#[allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::wildcard_imports
)]
pub mod tfplugin6 {
    tonic::include_proto!("tfplugin6");
}

/// go-plugin's controller, stdio and broker.
#[allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::wildcard_imports
)]
pub mod plugin {
    tonic::include_proto!("plugin");
}

/// The gRPC health service.
#[allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::wildcard_imports
)]
pub mod grpc_health_v1 {
    tonic::include_proto!("grpc.health.v1");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use prost::Message;
    use prost_types::{
        DescriptorProto, FieldDescriptorProto, FileDescriptorSet,
        field_descriptor_proto::{Label, Type},
    };

    /// What the build compiled from `proto/`, against the checked-in table of the wire contract. A name, number, type or
    /// label that changes in either place without the other fails here.
    #[test]
    fn the_compiled_protocol_is_the_wire_contract() {
        let table = include_str!("testdata/wire.tsv");
        let expected: BTreeSet<String> = table
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(str::to_owned)
            .collect();
        let actual: BTreeSet<String> = compiled().into_iter().collect();
        let missing: Vec<_> = expected.difference(&actual).collect();
        let extra: Vec<_> = actual.difference(&expected).collect();
        assert!(
            missing.is_empty() && extra.is_empty(),
            "missing: {missing:#?}\nnot in the table: {extra:#?}"
        );
        assert_eq!(
            expected
                .iter()
                .filter(|line| line.starts_with("rpc"))
                .count(),
            36
        );
    }

    /// The compiled descriptor in the form of the table.
    fn compiled() -> Vec<String> {
        let bytes = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin")).as_slice();
        let files = FileDescriptorSet::decode(bytes)
            .expect("the build writes a descriptor set")
            .file;
        let file = files
            .iter()
            .find(|file| file.package() == "tfplugin6")
            .expect("the protocol is among the files");
        let mut lines = Vec::new();
        for service in &file.service {
            for method in &service.method {
                let streams = match (method.client_streaming(), method.server_streaming()) {
                    (false, false) => "-",
                    (true, false) => "client",
                    (false, true) => "server",
                    (true, true) => "both",
                };
                let (input, output) = (
                    unrooted(method.input_type()),
                    unrooted(method.output_type()),
                );
                lines.push(format!(
                    "rpc\t{}\t{}\t{input}\t{output}\t{streams}",
                    service.name(),
                    method.name()
                ));
            }
        }
        for message in &file.message_type {
            describe(message, file.package(), &mut lines);
        }
        for values in &file.enum_type {
            describe_enum(values, file.package(), &mut lines);
        }
        lines
    }

    fn describe(message: &DescriptorProto, scope: &str, lines: &mut Vec<String>) {
        let name = format!("{scope}.{}", message.name());
        if message.field.is_empty() {
            lines.push(format!("message\t{name}"));
        }
        for field in &message.field {
            let entry = map_entry(message, field);
            let label = match (field.label(), &entry) {
                (_, Some(_)) => "map",
                (Label::Repeated, _) => "repeated",
                _ if field.proto3_optional() => "optional",
                _ => "singular",
            };
            let ty = match &entry {
                Some((key, value)) => format!("map<{key},{value}>"),
                None => type_of(field),
            };
            let oneof = match field.oneof_index {
                Some(index) if !field.proto3_optional() => {
                    message.oneof_decl[index as usize].name().to_owned()
                }
                _ => "-".to_owned(),
            };
            let deprecated = field
                .options
                .as_ref()
                .is_some_and(|options| options.deprecated());
            lines.push(format!(
                "field\t{name}\t{}\t{}\t{label}\t{ty}\t{oneof}\t{}",
                field.name(),
                field.number(),
                if deprecated { "deprecated" } else { "-" },
            ));
        }
        for nested in &message.nested_type {
            if !nested
                .options
                .as_ref()
                .is_some_and(|options| options.map_entry())
            {
                describe(nested, &name, lines);
            }
        }
        for values in &message.enum_type {
            describe_enum(values, &name, lines);
        }
    }

    fn describe_enum(
        values: &prost_types::EnumDescriptorProto,
        scope: &str,
        lines: &mut Vec<String>,
    ) {
        for value in &values.value {
            lines.push(format!(
                "value\t{scope}.{}\t{}\t{}",
                values.name(),
                value.name(),
                value.number()
            ));
        }
    }

    fn map_entry(
        message: &DescriptorProto,
        field: &FieldDescriptorProto,
    ) -> Option<(String, String)> {
        let entry = message.nested_type.iter().find(|nested| {
            nested
                .options
                .as_ref()
                .is_some_and(|options| options.map_entry())
                && field
                    .type_name()
                    .ends_with(&format!(".{}.{}", message.name(), nested.name()))
        })?;
        let part = |number| {
            entry
                .field
                .iter()
                .find(|field| field.number() == number)
                .map(type_of)
        };
        Some((part(1)?, part(2)?))
    }

    fn type_of(field: &FieldDescriptorProto) -> String {
        match field.r#type() {
            Type::Message | Type::Enum => unrooted(field.type_name()).to_owned(),
            scalar => scalar
                .as_str_name()
                .trim_start_matches("TYPE_")
                .to_ascii_lowercase(),
        }
    }

    fn unrooted(name: &str) -> &str {
        name.trim_start_matches('.')
    }
}
