//! Every method of the protocol, and every field behind the served ones, against a checked-in table.
//!
//! Must not contain: anything but these tests. The table, `testdata/coverage.tsv`, lists what is deliberately absent, with
//! the reason; `testdata/wire.tsv` is the contract itself. A method or a field that is neither handled nor listed fails
//! here, and so does one that is listed and handled after all.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
};

use async_trait::async_trait;
use tonic::{Code, Request, client::Grpc, codegen::http::uri::PathAndQuery};
use tonic_prost::ProstCodec;

use framework::{Block, ConfigureRequest, Diagnostics, Object, Provider, Resource, Schema};

use super::{ProviderService, proto::tfplugin6::provider_server::ProviderServer};

const COVERAGE: &str = include_str!("testdata/coverage.tsv");
const CONTRACT: &str = include_str!("testdata/wire.tsv");

/// Where messages are taken apart and put together.
const SOURCES: [&str; 5] = [
    include_str!("convert.rs"),
    include_str!("service/describe.rs"),
    include_str!("service/provider.rs"),
    include_str!("service/resource.rs"),
    include_str!("service/stored.rs"),
];

/// Nothing but the least a provider has to have.
struct Empty;

#[async_trait]
impl Provider for Empty {
    type Client = ();

    fn schema(&self) -> Schema {
        Schema::new(Block::new(""))
    }

    fn resources(&self) -> Vec<Box<dyn Resource<Client = ()>>> {
        Vec::new()
    }

    async fn configure(&self, _: ConfigureRequest) -> Result<(), Diagnostics> {
        Ok(())
    }

    fn validate(&self, _: &Object) -> Diagnostics {
        Diagnostics::new()
    }

    fn stop(&self, (): &()) {}
}

struct Method {
    name: &'static str,
    served: bool,
    sentence: &'static str,
}

fn rows(table: &'static str, kind: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .filter(move |row| row[0] == kind)
}

fn methods() -> Vec<Method> {
    rows(COVERAGE, "rpc")
        .map(|row| {
            let [_, name, _, _, _, _, answer, sentence] = row[..] else {
                panic!("a row of eight columns, not {row:?}");
            };
            let served = match answer {
                "served" => true,
                "refused" => false,
                other => panic!("{name} is {other}"),
            };
            Method {
                name,
                served,
                sentence,
            }
        })
        .collect()
}

#[test]
fn the_table_lists_every_method_once() {
    let listed: Vec<&str> = methods().iter().map(|method| method.name).collect();
    let contract: BTreeSet<&str> = rows(CONTRACT, "rpc").map(|row| row[2]).collect();
    assert_eq!(listed.len(), 36);
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), contract);
}

#[test]
fn no_method_is_called_before_it_exists() {
    let release = |text: &str| -> Vec<u32> {
        let parts = text
            .split('.')
            .map(|part| part.parse().expect("is a release"));
        parts.collect()
    };
    for row in rows(COVERAGE, "rpc") {
        let [_, name, protocol, since, terraform, opentofu, ..] = row[..] else {
            panic!("a row of eight columns, not {row:?}");
        };
        assert_eq!(release(protocol)[0], 6, "{name}");
        if terraform != "-" {
            assert!(release(terraform) >= release(since), "{name}");
        }
        if opentofu != "-" {
            // OpenTofu begins where Terraform was at 1.6.
            assert!(release(opentofu) >= release("1.6.0"), "{name}");
        }
    }
}

#[tokio::test]
async fn every_method_is_served_or_refused_with_its_sentence() {
    for method in methods() {
        let mut caller = Grpc::new(ProviderServer::new(ProviderService::new(Empty)));
        let ready: Result<(), Infallible> = caller.ready().await;
        ready.expect("the service is always ready");
        let path: PathAndQuery = format!("/tfplugin6.Provider/{}", method.name)
            .parse()
            .expect("is a path");
        // An empty message is a valid one of every type, and of an answer nothing is read here.
        let codec = ProstCodec::<(), ()>::default();
        let answer = caller.unary(Request::new(()), path, codec).await;
        match answer {
            Ok(_) => assert!(method.served, "{} was answered", method.name),
            Err(status) => {
                assert!(!method.served, "{}: {status:?}", method.name);
                assert_eq!(status.code(), Code::Unimplemented, "{}", method.name);
                assert_eq!(status.message(), method.sentence, "{}", method.name);
            }
        }
    }
}

#[test]
fn every_field_is_handled_or_deliberately_absent() {
    let listed: BTreeMap<(&str, &str), &str> = rows(COVERAGE, "absent")
        .map(|row| ((row[1], row[2]), row[3]))
        .collect();
    let absent = absent_fields();
    let listed_names: BTreeSet<(&str, &str)> = listed.keys().copied().collect();
    let unlisted: Vec<_> = absent.difference(&listed_names).collect();
    let handled: Vec<_> = listed_names.difference(&absent).collect();
    assert!(
        unlisted.is_empty() && handled.is_empty(),
        "neither handled nor listed: {unlisted:#?}\nlisted, but handled or not of a served method: {handled:#?}"
    );
    for (field, reason) in listed {
        assert!(reason.len() > 10, "{field:?} is absent without a reason");
    }
}

/// The fields of all messages that a served method can send or receive, which the sources leave out.
fn absent_fields() -> BTreeSet<(&'static str, &'static str)> {
    let mut fields: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for row in rows(CONTRACT, "field") {
        fields.entry(row[1]).or_default().push((row[2], row[5]));
    }
    let served: BTreeSet<&str> = methods()
        .iter()
        .filter(|method| method.served)
        .map(|method| method.name)
        .collect();
    let mut next: Vec<&str> = rows(CONTRACT, "rpc")
        .filter(|row| served.contains(row[2]))
        .flat_map(|row| [row[3], row[4]])
        .collect();
    let mut seen = BTreeSet::new();
    let mut absent = BTreeSet::new();
    while let Some(message) = next.pop() {
        if !seen.insert(message) {
            continue;
        }
        let mentioned = mentioned(message);
        for (field, ty) in fields.get(message).into_iter().flatten() {
            if mentioned.contains(&rust_field(field)) {
                let inner = ty.trim_start_matches("map<string,").trim_end_matches('>');
                if inner.starts_with("tfplugin6.") {
                    next.push(inner);
                }
            } else {
                absent.insert((message, *field));
            }
        }
    }
    absent
}

/// The fields of a message that the sources bind to a name, or give a value that may be other than the default.
fn mentioned(message: &str) -> BTreeSet<String> {
    let mut parts: Vec<&str> = message.split('.').skip(1).collect();
    let name = parts.pop().expect("a message has a name");
    let path: Vec<String> = parts.iter().map(|part| snake_case(part)).collect();
    let path = [path.as_slice(), &[name.to_owned()]].concat().join("::");
    let mut mentioned = BTreeSet::new();
    for source in SOURCES {
        for (at, _) in source.match_indices(&format!("{path} {{")) {
            let before = source[..at].trim_end_matches("wire::");
            let body = at + path.len() + 2;
            if before.ends_with("-> ") || before.ends_with(char::is_alphanumeric) {
                continue;
            }
            if before.ends_with("impl Rpc for ") {
                const PATTERN: &str = "let Self {";
                let pattern = source[body..].find(PATTERN).expect("takes itself apart");
                mentioned.extend(entries(&source[body + pattern + PATTERN.len()..]));
            } else {
                mentioned.extend(entries(&source[body..]));
            }
        }
        // The variants of the only oneof.
        if message == "tfplugin6.AttributePath.Step" {
            let variants = ["attribute_name", "element_key_string", "element_key_int"];
            mentioned.extend(
                variants
                    .iter()
                    .filter(|name| source.contains(&format!("Selector::{}(", camel_case(name))))
                    .map(|name| (*name).to_owned()),
            );
        }
    }
    mentioned
}

/// The entries of a struct expression or pattern, from behind its opening brace, but those that are let go or left empty.
fn entries(body: &str) -> Vec<String> {
    const EMPTY: [&str; 7] = [
        "_",
        "None",
        "false",
        "0",
        "Vec::new()",
        "HashMap::new()",
        "String::new()",
    ];
    let code: String = body
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join(" ");
    let mut depth = 0_usize;
    let mut entry = String::new();
    let mut entries = Vec::new();
    for character in code.chars() {
        match character {
            '{' | '(' | '[' => depth += 1,
            '}' if depth == 0 => break,
            '}' | ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                entries.push(std::mem::take(&mut entry));
                continue;
            }
            _ => {}
        }
        entry.push(character);
    }
    entries.push(entry);
    entries
        .iter()
        .map(|entry| entry.trim())
        .filter(|entry| !entry.is_empty() && !entry.starts_with(".."))
        .filter_map(|entry| {
            let (name, value) = entry.split_once(':').unwrap_or((entry, ""));
            (!EMPTY.contains(&value.trim())).then(|| name.trim().to_owned())
        })
        .collect()
}

/// The name of a field in Rust.
fn rust_field(field: &str) -> String {
    match field {
        "type" => "r#type".to_owned(),
        field => snake_case(field),
    }
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for (position, character) in name.chars().enumerate() {
        if character.is_uppercase() && position > 0 {
            snake.push('_');
        }
        snake.extend(character.to_lowercase());
    }
    snake
}

fn camel_case(name: &str) -> String {
    name.split('_')
        .map(|word| word[..1].to_uppercase() + &word[1..])
        .collect()
}

#[test]
fn entries_are_told_from_what_is_let_go() {
    let check = |body: &str, expected: &[&str]| assert_eq!(entries(body), expected, "{body}");
    check(" a, b: _, c: f(x, y), } = self; d, }", &["a", "c"]);
    check(
        "\n  a: Vec::new(), // none\n  b: Some(S { c: 1 }),\n}",
        &["b"],
    );
    check(" } = self", &[]);
    check(
        " a: None, b: x.map(|y| Z { y }), ..Default::default() }",
        &["b"],
    );
}
