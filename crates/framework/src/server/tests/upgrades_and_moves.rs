//! What was stored: by earlier versions, by other providers, by hand.
//!
//! Must not contain: the fixture provider itself.

use super::{
    codec::decode_object,
    fixtures::{Room, room},
    *,
};
use crate::{identity::Shown, resource::MoveSource};

fn text(diagnostics: &Diagnostics) -> String {
    let text: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    text.join("\n")
}

fn raw(json: &str) -> RawState {
    RawState {
        json: json.as_bytes().to_vec(),
        is_flatmap: false,
    }
}

/// What an upgrade should come to.
enum Expected<'a> {
    /// A room of number 7 behind door A.
    Seven,
    /// The same, with a warning that has this part.
    SevenBut(&'a str),
    /// An error at this path that has this part.
    Error(&'a str, &'a str),
}

#[test]
fn stored_state_is_upgraded_or_an_error() {
    use Expected::{Error, Seven, SevenBut};
    let seven = encode(
        &Room.schema().ty(),
        &room("A".into(), Value::Null, Value::Null).into(),
    );
    let check = |version: i64, json: &str, expected: Expected<'_>| {
        // Nothing is configured: an upgrade needs no client.
        let reply = server().upgrade_resource_state("toy_room", version, &raw(json));
        let found = text(&reply.diagnostics);
        match expected {
            Seven => {
                assert_eq!(found, "", "{json}");
                assert_eq!(reply.state, seven, "{json}");
            }
            SevenBut(part) => {
                assert_eq!(
                    reply.diagnostics.count(Severity::Warning),
                    1,
                    "{json}: {found}"
                );
                assert!(found.contains(part), "{json}: {found}");
                assert_eq!(reply.state, seven, "{json}");
            }
            Error(path, part) => {
                assert!(reply.diagnostics.has_errors(), "{json}");
                assert!(found.contains(part), "{json}: {found}");
                let diagnostic = reply.diagnostics.iter().last().expect("there is one");
                assert_eq!(diagnostic.attribute.to_string(), path, "{json}");
                assert_eq!(reply.state, DynamicValue::default(), "{json}");
            }
        }
    };
    // Every version.
    check(0, r#"{"door":"A","room":"7"}"#, Seven);
    check(1, r#"{"door":"A","room":7}"#, Seven);
    check(2, r#"{"door":"A","number":7}"#, Seven);
    check(
        2,
        r#"{"bed":[],"door":"A","guest":null,"house":null,"number":7}"#,
        Seven,
    );
    // Numbers by value, blocks by what they hold.
    check(2, r#"{"door":"A","number":7.0,"bed":null}"#, Seven);
    // What is left out is named, unless it holds nothing.
    check(
        2,
        r#"{"door":"A","number":7,"old":null,"older":[],"oldest":{}}"#,
        Seven,
    );
    check(
        2,
        r#"{"door":"A","number":7,"old":{"a":[1]}}"#,
        SevenBut("no place for: old."),
    );
    check(
        0,
        r#"{"door":"A","room":"7","old":true}"#,
        SevenBut("no place for: old."),
    );
    // Other types, also further in.
    check(
        2,
        r#"{"door":1}"#,
        Error("door", "At door: expected string, found number"),
    );
    check(
        2,
        r#"{"number":"7"}"#,
        Error("number", "expected number, found string"),
    );
    check(2, r#"{"bed":{}}"#, Error("bed", "expected list of object"));
    check(
        2,
        r#"{"bed":[{"width":1},{"width":true}]}"#,
        Error("bed[1].width", "expected number, found bool"),
    );
    check(
        2,
        r#"{"bed":[{"width":1},null]}"#,
        Error("bed[1]", "null in place of a nested block at bed[1]"),
    );
    check(
        2,
        r#"{"door":"A","door":"B"}"#,
        Error("(root)", "\"door\" occurs more than once"),
    );
    check(
        0,
        r#"{"room":7}"#,
        Error("(root)", "Version 0 cannot be upgraded: `room` is not text"),
    );
    check(
        0,
        r#"{"room":"13"}"#,
        Error(
            "(root)",
            "upgrade of the state panicked. The stored state is unchanged",
        ),
    );
    // No object at all. A null would be taken for an object that is gone.
    check(
        2,
        "null",
        Error("(root)", "It is null, where an object was expected"),
    );
    check(0, "null", Error("(root)", "Expected an object, found null"));
    check(2, "[]", Error("(root)", "Expected object"));
    check(
        2,
        r#"{"door":"A","#,
        Error("(root)", "Unable to read the stored state"),
    );
    check(2, "", Error("(root)", "no JSON attributes"));
    // Other versions.
    check(
        3,
        r#"{"door":"A"}"#,
        Error("(root)", "stored by version 3 of the schema"),
    );
    check(-1, r#"{"door":"A"}"#, Error("(root)", "-1 is no version"));
    for part in ["terraform state rm", "of this toy_room"] {
        check(3, "{}", Error("(root)", part));
    }
}

#[test]
fn missing_nested_value_is_named_by_its_path() {
    let json = r#"{"door":"A","bed":[{"width":1,"colour":"red"}]}"#;
    let reply = server().upgrade_resource_state("toy_room", 2, &raw(json));
    assert!(text(&reply.diagnostics).contains("no place for: bed[0].colour."));
    let many: Vec<String> = (0..12).map(|n| format!("\"old{n:02}\":1")).collect();
    let json = format!("{{{}}}", many.join(","));
    let reply = server().upgrade_resource_state("toy_room", 2, &raw(&json));
    let found = text(&reply.diagnostics);
    assert!(found.contains("old08, old09 and 2 more."), "{found}");
    assert!(!found.contains("old10"), "{found}");
}

#[test]
fn state_of_terraform_0_11_is_refused() {
    let flatmap = RawState {
        json: Vec::new(),
        is_flatmap: true,
    };
    let reply = server().upgrade_resource_state("toy_thing", 0, &flatmap);
    assert!(
        text(&reply.diagnostics).contains("(flatmap)"),
        "{:?}",
        reply.diagnostics
    );
    assert!(text(&reply.diagnostics).contains("terraform state rm"));
}

#[test]
fn stored_identity_is_upgraded_or_an_error() {
    let ty = Room.identity_schema().expect("is declared").ty();
    let check = |type_name: &str, version: i64, json: &str, expected: Result<&str, &str>| {
        let reply = server().upgrade_resource_identity(type_name, version, &raw(json));
        match (reply.identity, expected) {
            (Some(identity), Ok(expected)) => {
                let identity = decode_object(&identity, &ty, "identity").expect("fits");
                assert_eq!(Shown(&identity.expect("is there")).to_string(), expected);
            }
            (None, Err(expected)) => {
                assert!(reply.diagnostics.has_errors(), "{json}");
                let found = text(&reply.diagnostics);
                assert!(found.contains(expected), "{json}: {found}");
            }
            (identity, _) => panic!("{json}: {identity:?}, {:?}", reply.diagnostics),
        }
    };
    let plain = Ok(r#"door = "A", house = null"#);
    check("toy_room", 0, r#"{"name":"A"}"#, plain);
    check("toy_room", 1, r#"{"door":"A"}"#, plain);
    check(
        "toy_room",
        1,
        r#"{"door":"A","house":"H"}"#,
        Ok(r#"door = "A", house = "H""#),
    );
    check("toy_room", 0, r#"{"door":"A"}"#, Err("there is no `name`"));
    check(
        "toy_room",
        1,
        r#"{"house":"H"}"#,
        Err("lacks a value for door"),
    );
    check(
        "toy_room",
        1,
        r#"{"door":1}"#,
        Err("At door: expected string, found number"),
    );
    check("toy_room", 1, "null", Err("null, where an object"));
    check("toy_room", 1, "", Err("no JSON attributes"));
    check(
        "toy_room",
        2,
        r#"{"door":"A"}"#,
        Err("by version 2 of the schema"),
    );
    check(
        "toy_thing",
        0,
        r#"{"id":"1"}"#,
        Err("toy_thing has no resource identity"),
    );
    check("toy_other", 0, "{}", Err("no resource type \"toy_other\""));
}

/// A move, from an address, a type and a version.
fn moved(from: (&str, &str, i64), to: &str, json: &str, identity: Option<&str>) -> StateReply {
    server().move_resource_state(&MoveInput {
        source: MoveSource {
            provider_address: from.0.to_owned(),
            type_name: from.1.to_owned(),
            schema_version: from.2,
        },
        state: raw(json),
        identity: identity.map(raw),
        target_type_name: to.to_owned(),
    })
}

const OLD: &str = "example.com/old/toy";
const OTHER: &str = "example.com/other/toy";

#[test]
fn state_of_the_same_type_is_moved() {
    let seven = encode(
        &Room.schema().ty(),
        &room("A".into(), Value::Null, Value::Null).into(),
    );
    let check = |address: &str, version: i64, json: &str, identity: Option<&str>, warning: &str| {
        let reply = moved((address, "toy_room", version), "toy_room", json, identity);
        assert!(!reply.diagnostics.has_errors(), "{:?}", reply.diagnostics);
        assert_eq!(
            reply.diagnostics.is_empty(),
            warning.is_empty(),
            "{:?}",
            reply.diagnostics
        );
        assert!(
            text(&reply.diagnostics).contains(warning),
            "{:?}",
            reply.diagnostics
        );
        assert_eq!(reply.state, seven);
        assert!(reply.identity.is_some());
    };
    // Our own versions take the upgrade path, another provider's say nothing.
    check(OLD, 0, r#"{"door":"A","room":"7"}"#, None, "");
    check(OLD, 2, r#"{"door":"A","number":7}"#, None, "");
    check(OTHER, 0, r#"{"door":"A","number":7}"#, None, "");
    check(OTHER, 41, r#"{"door":"A","number":7}"#, None, "");
    check(
        OTHER,
        1,
        r#"{"door":"A","number":7,"view":"sea"}"#,
        None,
        "no place for: view.",
    );
    // The same identity, one of another form, and none to speak of.
    check(
        OTHER,
        0,
        r#"{"door":"A","number":7}"#,
        Some(r#"{"door":"A"}"#),
        "",
    );
    check(
        OTHER,
        0,
        r#"{"door":"A","number":7}"#,
        Some(r#"{"door":1}"#),
        "",
    );
    check(
        OTHER,
        0,
        r#"{"door":"A","number":7}"#,
        Some(r#"{"arn":"x"}"#),
        "",
    );
    check(OTHER, 0, r#"{"door":"A","number":7}"#, Some(""), "");
}

#[test]
fn unsupported_moves_are_refused_by_name() {
    let check =
        |from: (&str, &str, i64), to: &str, json: &str, identity: Option<&str>, part: &str| {
            let reply = moved(from, to, json, identity);
            assert!(reply.diagnostics.has_errors(), "{from:?}");
            let found = text(&reply.diagnostics);
            assert!(found.contains(part), "{from:?}: {found}");
            assert_eq!(reply.state, DynamicValue::default());
            assert_eq!(reply.identity, None);
        };
    let good = r#"{"door":"A","number":7}"#;
    check(
        (OTHER, "toy_cell", 0),
        "toy_room",
        good,
        None,
        "a toy_cell of the provider example.com/other/toy cannot become the state of a toy_room",
    );
    check(
        (OTHER, "toy_room", 0),
        "toy_cell",
        good,
        None,
        "no resource type \"toy_cell\"",
    );
    check(
        ("example.com/evil/toy", "toy_room", 0),
        "toy_room",
        good,
        None,
        "accepts no state of that provider",
    );
    check(
        ("example.com/old/toy", "toy_thing", 0),
        "toy_thing",
        good,
        None,
        "accepts no state",
    );
    check(
        (OTHER, "toy_room", 0),
        "toy_room",
        r#"{"number":7}"#,
        None,
        "it lacks door",
    );
    check(
        (OTHER, "toy_room", 3),
        "toy_room",
        r#"{"door":7}"#,
        None,
        "example.com/other/toy (schema version 3) does not fit the schema. At door: expected string",
    );
    check(
        (OTHER, "toy_room", 0),
        "toy_room",
        "null",
        None,
        "null, where an object",
    );
    check(
        (OTHER, "toy_room", 0),
        "toy_room",
        "",
        None,
        "no JSON attributes",
    );
    check(
        (OLD, "toy_room", 3),
        "toy_room",
        good,
        None,
        "versions up to 2",
    );
    check(
        (OLD, "toy_room", 0),
        "toy_room",
        r#"{"room":"13"}"#,
        None,
        "Bug in the provider",
    );
    check(
        (OTHER, "toy_room", 0),
        "toy_room",
        good,
        Some(r#"{"door":"B"}"#),
        r#"its identity says door = "B", house = null, its attributes say door = "A""#,
    );
}
