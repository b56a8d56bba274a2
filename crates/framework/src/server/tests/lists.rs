//! `ValidateListResourceConfig` and `ListResource`.

use super::{
    deferral::waiting,
    fixtures::{Room, room},
    *,
};
use crate::{
    Diagnostic, ListResource,
    list_resource::{ListRequest, ListSink, ListedResource},
};

/// Finds rooms without end, named by their number; `kind` decides what is wrong with the third.
pub(super) struct Rooms;

#[async_trait]
impl ListResource for Rooms {
    type Client = String;

    fn type_name(&self) -> &'static str {
        "toy_room"
    }

    fn schema(&self) -> Schema {
        Schema::new(
            Block::new("")
                .attribute(Attribute::optional("kind", Type::String))
                .attribute(Attribute::optional("count", Type::Number)),
        )
    }

    fn validate(&self, config: &Object) -> Diagnostics {
        match config.text("kind") {
            Some("cellar") => Diagnostic::error("No", "Not the cellar.").into(),
            _ => Diagnostics::new(),
        }
    }

    async fn list(
        &self,
        client: &String,
        request: ListRequest,
        sink: &mut dyn ListSink,
    ) -> Result<(), Diagnostics> {
        let kind = request.config.text("kind").unwrap_or_default();
        for number in 0.. {
            let door = format!("{client} {number}");
            let mut found = ListedResource {
                identity: one("door", door.as_str()),
                display_name: format!("Room {number}"),
                resource: Some(room(door.as_str().into(), Value::Null, "x".into())),
                warnings: Vec::new(),
            };
            if number == 2 {
                match kind {
                    "short" => return Ok(()),
                    "broken" => return Err(Diagnostic::error("No", "The end is missing.").into()),
                    "panic" => panic!("a defect"),
                    "nameless" => found.identity = Object::new(),
                    "unknown name" => found.identity.set("door", Value::Unknown),
                    "unknown house" => found.identity.set("house", Value::Unknown),
                    "wrong name" => found.identity.set("door", Value::List(Vec::new())),
                    "other name" => found.identity.set("door", "other"),
                    "unknown guest" => {
                        found.resource = found.resource.map(|mut room| {
                            room.set("guest", Value::Unknown);
                            room
                        });
                    }
                    "no room" => found.resource = None,
                    "warns" => found.warnings.push(Diagnostic::warning("Mind", "the step")),
                    _ => {}
                }
            }
            if sink.push(found).await.is_break() {
                // A type that does not listen changes nothing.
                for _ in 0..3 {
                    assert!(sink.push(ListedResource::default()).await.is_break());
                }
                return Ok(());
            }
        }
        Ok(())
    }
}

/// A list of a type that has no identity, which cannot be.
pub(super) struct Things;

#[async_trait]
impl ListResource for Things {
    type Client = String;

    fn type_name(&self) -> &'static str {
        "toy_thing"
    }

    fn schema(&self) -> Schema {
        Schema::new(Block::new(""))
    }

    async fn list(
        &self,
        _: &String,
        _: ListRequest,
        sink: &mut dyn ListSink,
    ) -> Result<(), Diagnostics> {
        let _ = sink.push(ListedResource::default()).await;
        Ok(())
    }
}

fn config(kind: impl Into<Value>) -> DynamicValue {
    encode(&Rooms.schema().ty(), &one("kind", kind).into())
}

async fn list(kind: &str, include_resource: bool, limit: Option<u64>) -> Vec<ListEvent> {
    list_of(&configured().await, kind, include_resource, limit, 100).await
}

async fn list_of(
    server: &Server<FixtureProvider>,
    kind: &str,
    include_resource: bool,
    limit: Option<u64>,
    room: usize,
) -> Vec<ListEvent> {
    let input = ListInput {
        config: config(kind),
        include_resource,
        limit,
    };
    let mut receiver = Receiver::new(room);
    server
        .list_resource("toy_room", &input, &mut receiver)
        .await;
    receiver.events
}

#[tokio::test]
async fn each_listed_object_has_its_identity_and_name() {
    let identity = Room.identity_schema().expect("has one").ty();
    let events = list("short", false, None).await;
    assert_eq!(events.len(), 2);
    for (number, event) in events.iter().enumerate() {
        let sent = event.identity.as_ref().expect("has an identity");
        let sent = decode_object(sent, &identity, "identity")
            .expect("fits")
            .expect("is not null");
        assert_eq!(sent.text("door"), Some(&*format!("hello {number}")));
        assert_eq!(sent.get("house"), &Value::Null);
        assert_eq!(event.display_name, format!("Room {number}"));
        assert_eq!(event.resource, None, "nobody asked for it");
        assert!(event.diagnostics.is_empty());
    }
}

#[tokio::test]
async fn whole_objects_are_listed_on_request() {
    let events = list("no room", true, Some(3)).await;
    let guests = events.iter().map(|event| {
        let room = event.resource.as_ref()?;
        let room = decode_object(room, &Room.schema().ty(), "object").expect("fits");
        Some(room.expect("is not null").text("door")?.to_owned())
    });
    assert_eq!(
        guests.collect::<Vec<_>>(),
        [Some("hello 0".to_owned()), Some("hello 1".to_owned()), None]
    );
}

#[tokio::test]
async fn list_ends_at_its_limit_and_without_its_caller() {
    for limit in 1..4 {
        let events = list("", true, Some(limit)).await;
        assert_eq!(events.len() as u64, limit);
        assert!(events.iter().all(|event| event.diagnostics.is_empty()));
    }
    let server = configured().await;
    // The list has no end of its own: without the caller's word it would go on.
    assert_eq!(list_of(&server, "", false, None, 7).await.len(), 7);
}

#[tokio::test]
async fn failure_of_a_list_is_its_last_event() {
    for (kind, expected) in [
        ("broken", "No"),
        ("panic", "Bug in the provider: list panicked"),
        ("nameless", "Bug in the provider: wrong result of list"),
        ("unknown name", "Bug in the provider: wrong result of list"),
        ("unknown house", "Bug in the provider: wrong result of list"),
        ("wrong name", "Bug in the provider: wrong result of list"),
        ("other name", "The identity of an object changed"),
        ("unknown guest", "Bug in the provider: wrong result of list"),
    ] {
        let events = list(kind, true, Some(5)).await;
        assert_eq!(events.len(), 3, "{kind}");
        let last = events.last().expect("there is one");
        assert_eq!(summaries(&last.diagnostics), [expected], "{kind}");
        assert_eq!((&last.identity, &last.resource), (&None, &None), "{kind}");
    }
    // What nobody asked for does no harm.
    assert_eq!(list("unknown guest", false, Some(5)).await.len(), 5);
    let events = list("warns", true, Some(5)).await;
    assert_eq!(events.len(), 5);
    assert_eq!(summaries(&events[2].diagnostics), ["Mind"]);
    assert!(events[2].identity.is_some());
}

#[tokio::test]
async fn list_that_cannot_start_is_one_event() {
    let refused = async |server: Server<FixtureProvider>, type_name: &str| {
        let mut receiver = Receiver::new(9);
        server
            .list_resource(type_name, &ListInput::default(), &mut receiver)
            .await;
        let [
            ListEvent {
                diagnostics,
                identity: None,
                ..
            },
        ] = &*receiver.events
        else {
            panic!("{} events", receiver.events.len());
        };
        summaries(diagnostics).join(", ")
    };
    assert_eq!(
        refused(configured().await, "toy_rooms").await,
        "Unknown list resource"
    );
    assert_eq!(
        refused(configured().await, "toy_thing").await,
        "Bug in the provider: wrong result of list"
    );
    assert_eq!(
        refused(server(), "toy_room").await,
        "The provider is not configured"
    );
    // The protocol has no way to put a list off.
    assert_eq!(
        refused(waiting().await, "toy_room").await,
        "The greeting is not known yet"
    );
}

#[test]
fn a_list_block_is_validated_with_its_limit() {
    let check = |kind: Value, limit: Value, expected: &[&str]| {
        let input = ValidateListInput {
            config: config(kind),
            limit: encode(&Type::Number, &limit),
        };
        let diagnostics = server().validate_list_resource_config("toy_room", &input);
        assert_eq!(summaries(&diagnostics), expected);
    };
    check("x".into(), Value::Null, &[]);
    check(Value::Unknown, Value::Unknown, &[]);
    check("x".into(), 1.into(), &[]);
    check("x".into(), 0.into(), &[]);
    check("cellar".into(), (-1).into(), &["No", "Invalid limit"]);
    let diagnostics =
        server().validate_list_resource_config("toy_rooms", &ValidateListInput::default());
    assert_eq!(summaries(&diagnostics), ["Unknown list resource"]);
}
