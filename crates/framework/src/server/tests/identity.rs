//! Identity beside state: complete, unchanged, and only where it was declared.
//!
//! Must not contain: the fixture provider itself.

use super::{
    codec::decode_object,
    fixtures::{Room, room},
    *,
};
use crate::identity::Shown;

fn wire(object: Option<Object>) -> DynamicValue {
    encode(
        &Room.schema().ty(),
        &object.map_or(Value::Null, Value::from),
    )
}

fn identity(door: impl Into<Value>, house: impl Into<Value>) -> Option<DynamicValue> {
    let mut object = Object::new();
    object.set("door", door);
    object.set("house", house);
    Some(encode(&ty(), &object.into()))
}

fn ty() -> Type {
    Room.identity_schema().expect("is declared").ty()
}

fn shown(identity: Option<&DynamicValue>) -> String {
    identity.map_or("none".to_owned(), |identity| {
        let identity = decode_object(identity, &ty(), "identity")
            .expect("what the server sends fits the schema")
            .expect("is never null");
        Shown(&identity).to_string()
    })
}

fn text(diagnostics: &Diagnostics) -> String {
    let text: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    text.join("\n")
}

fn guest(guest: &str) -> Object {
    room("A".into(), Value::Null, guest.into())
}

/// Each case: what was stored, the identity beside it, then the identity and the error expected.
#[tokio::test]
async fn read_returns_the_identity() {
    let server = configured().await;
    let check = async |stored: Object, sent: Option<DynamicValue>, expected: &str, error: &str| {
        let input = ReadInput {
            stored: wire(Some(stored)),
            identity: sent,
            ..ReadInput::default()
        };
        let reply = server.read_resource("toy_room", input.clone()).await;
        assert_eq!(shown(reply.identity.as_ref()), expected);
        assert!(
            text(&reply.diagnostics).contains(error),
            "{:?}",
            reply.diagnostics
        );
        assert_eq!(reply.diagnostics.has_errors(), !error.is_empty());
        if !error.is_empty() {
            assert_eq!(reply.state, input.stored, "what was stored is kept");
        }
    };
    let known = || identity("A", Value::Null);
    let plain = r#"door = "A", house = null"#;
    // A CLI that knows no identity, and the first read by one that does.
    check(guest("x"), None, plain, "").await;
    check(guest("x"), known(), plain, "").await;
    // What becomes known is added, what was known stays.
    check(guest("an owner"), known(), r#"door = "A", house = "H""#, "").await;
    let lost = r#"began with the object door = "A", house = "H" and ended with the object door = "A", house = null"#;
    check(
        guest("x"),
        identity("A", "H"),
        r#"door = "A", house = "H""#,
        lost,
    )
    .await;
    // Another object than the one that was asked for.
    let another = r#"Read of this toy_room began with the object door = "A", house = null and ended with the object door = "B", house = null"#;
    check(guest("a wanderer"), known(), plain, another).await;
    check(guest("a wanderer"), None, "none", another).await;
    check(
        guest("a ghost"),
        known(),
        plain,
        "left the object without an identity",
    )
    .await;
    // Nothing was learned, so what was stored goes back.
    check(guest("a mute"), known(), plain, "Not to be read").await;
    check(guest("a mute"), None, "none", "Not to be read").await;
    // An identity that is none.
    let broken = Some(DynamicValue {
        msgpack: vec![0xc1],
        json: Vec::new(),
    });
    let input = ReadInput {
        stored: wire(Some(guest("x"))),
        identity: broken.clone(),
        ..ReadInput::default()
    };
    let reply = server.read_resource("toy_room", input).await;
    assert!(text(&reply.diagnostics).contains("Unable to read the identity"));
    assert_eq!(reply.identity, broken);
}

#[tokio::test]
async fn an_object_that_is_gone_has_no_identity() {
    let input = ReadInput {
        stored: wire(Some(guest("nobody"))),
        identity: identity("A", Value::Null),
        ..ReadInput::default()
    };
    let reply = configured().await.read_resource("toy_room", input).await;
    assert!(reply.diagnostics.is_empty());
    assert_eq!((reply.identity, reply.state), (None, wire(None)));
}

async fn plan(
    prior: Option<Object>,
    sent: Option<DynamicValue>,
    planned: Option<Object>,
) -> PlanReply {
    let input = PlanInput {
        prior: wire(prior),
        config: wire(planned.clone()),
        proposed: wire(planned),
        prior_identity: sent,
        ..PlanInput::default()
    };
    configured().await.plan_resource_change("toy_room", &input)
}

#[tokio::test]
async fn plan_keeps_the_identity_of_an_existing_object() {
    let check = |reply: PlanReply, expected: &str, error: &str| {
        assert!(
            text(&reply.diagnostics).contains(error),
            "{:?}",
            reply.diagnostics
        );
        assert_eq!(reply.diagnostics.has_errors(), !error.is_empty());
        assert_eq!(shown(reply.identity.as_ref()), expected);
    };
    let known = || identity("A", Value::Null);
    let (old, new) = (
        || Some(guest("x")),
        || Some(room(Value::Null, Value::Null, "y".into())),
    );
    // A creation: nothing is known yet, and an identity that is not wholly known is not sent.
    check(plan(None, None, new()).await, "none", "");
    // The second plan of a replacement comes with the identity of the object that goes.
    check(plan(None, known(), new()).await, "none", "");
    // An update, with and without an identity from the CLI.
    let mut update = guest("y");
    check(
        plan(old(), known(), Some(update.clone())).await,
        r#"door = "A", house = null"#,
        "",
    );
    check(
        plan(old(), None, Some(update.clone())).await,
        r#"door = "A", house = null"#,
        "",
    );
    // The first plan of a replacement may have another.
    update.set("number", 8);
    let reply = plan(old(), known(), Some(update)).await;
    assert_eq!(reply.requires_replace.len(), 1);
    assert_eq!(shown(reply.identity.as_ref()), "door = \"A\", house = null");
    // An update may not.
    check(
        plan(old(), identity("A", Value::Null), Some(guest("a planner"))).await,
        "none",
        r#"began with the object door = "A", house = null and ended with the object door = "C""#,
    );
    // The end of an object is the end of this one.
    check(
        plan(old(), known(), None).await,
        r#"door = "A", house = null"#,
        "",
    );
    check(
        plan(old(), None, None).await,
        r#"door = "A", house = null"#,
        "",
    );
}

async fn apply(
    prior: Option<Object>,
    sent: Option<DynamicValue>,
    planned: Option<Object>,
) -> StateReply {
    let input = ApplyInput {
        prior: wire(prior),
        config: wire(planned.clone()),
        planned: wire(planned),
        planned_private: Vec::new(),
        planned_identity: sent,
    };
    configured()
        .await
        .apply_resource_change("toy_room", &input)
        .await
}

#[tokio::test]
async fn apply_returns_the_identity_and_keeps_the_state_without_one() {
    let check = |reply: StateReply, expected: &str, error: &str| {
        assert!(
            text(&reply.diagnostics).contains(error),
            "{:?}",
            reply.diagnostics
        );
        assert_eq!(reply.diagnostics.has_errors(), !error.is_empty());
        assert_eq!(shown(reply.identity.as_ref()), expected);
        reply.state != wire(None)
    };
    let new = |guest: &str| Some(room(Value::Unknown, Value::Unknown, guest.into()));
    let plain = r#"door = "A", house = null"#;
    let unknown = || identity(Value::Unknown, Value::Unknown);
    // Created, with and without a planned identity.
    assert!(check(apply(None, None, new("x")).await, plain, ""));
    assert!(check(apply(None, unknown(), new("x")).await, plain, ""));
    // Planned as one object, made as another: an error, and the state is kept.
    let another =
        r#"began with the object door = "Z", house = null and ended with the object door = "A""#;
    let planned = identity("Z", Value::Null);
    assert!(check(apply(None, planned, new("x")).await, plain, another));
    let ghost = apply(None, unknown(), new("a ghost")).await;
    assert!(check(ghost, "none", "without an identity"));
    // Nothing made, nothing to name.
    assert!(!check(
        apply(None, unknown(), new("nobody")).await,
        "none",
        "Nothing was made"
    ));
    // Updated.
    let known = || identity("A", Value::Null);
    let (old, new) = (|| Some(guest("x")), |name| Some(guest(name)));
    assert!(check(apply(old(), known(), new("y")).await, plain, ""));
    assert!(check(apply(old(), None, new("y")).await, plain, ""));
    let wandered = || apply(old(), None, new("a wanderer"));
    let another =
        r#"began with the object door = "A", house = null and ended with the object door = "B""#;
    assert!(check(
        wandered().await,
        r#"door = "B", house = null"#,
        another
    ));
    // Deleted, or not.
    assert!(!check(apply(old(), None, None).await, "none", ""));
    let squatter = || Some(guest("a squatter"));
    assert!(check(
        apply(squatter(), None, None).await,
        plain,
        "It stays"
    ));
    // Not even begun.
    let input = ApplyInput {
        prior: wire(old()),
        planned: wire(new("y")),
        config: wire(new("y")),
        planned_private: Vec::new(),
        planned_identity: known(),
    };
    let reply = server().apply_resource_change("toy_room", &input).await;
    assert!(check(reply, plain, "not configured"));
}

#[tokio::test]
async fn an_import_names_its_object_once() {
    let server = configured().await;
    let check = |id: &str, sent: Option<DynamicValue>, expected: &str, error: &str| {
        let input = ImportInput {
            id: id.to_owned(),
            identity: sent,
            ..ImportInput::default()
        };
        let reply = server.import_resource_state("toy_room", &input);
        assert!(
            text(&reply.diagnostics).contains(error),
            "{:?}",
            reply.diagnostics
        );
        assert_eq!(reply.diagnostics.has_errors(), !error.is_empty());
        assert_eq!(shown(reply.identity.as_ref()), expected);
        reply.state
    };
    let plain = r#"door = "A", house = null"#;
    let by_id = check("A", None, plain, "");
    let by_identity = check("", identity("A", Value::Null), plain, "");
    assert_eq!(by_id, by_identity, "both ways lead to the same object");
    check("", identity("A", "H"), r#"door = "A", house = "H""#, "");
    check(
        "A",
        identity("A", Value::Null),
        "none",
        "names its object twice",
    );
    check(
        "",
        identity(Value::Null, "H"),
        "none",
        "lacks a value for door",
    );
    check("", identity("A", Value::Unknown), "none", "has to be known");
    check("", Some(encode(&ty(), &Value::Null)), "none", "is null");
    check(
        "",
        identity("revolving", Value::Null),
        "none",
        "ended with the object door = \"B\"",
    );
    check(
        "",
        identity("", Value::Null),
        r#"door = "", house = null"#,
        "",
    );
}
