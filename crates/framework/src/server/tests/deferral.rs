//! Values that are not known yet: in the provider block and in a resource, with and without leave to defer.
//!
//! Must not contain: the fixture provider itself.

use super::{
    fixtures::{Room, room},
    *,
};

pub(super) async fn waiting() -> Server<FixtureProvider> {
    let server = server();
    let mut config = Object::new();
    config.set("greeting", "waiting");
    let config = encode(&FixtureProvider.schema().ty(), &config.into());
    assert!(server.configure(&config, String::new()).await.is_empty());
    server
}

fn client(deferral_allowed: bool) -> ClientCapabilities {
    ClientCapabilities {
        deferral_allowed,
        ..ClientCapabilities::default()
    }
}

fn wire(object: Option<Object>) -> DynamicValue {
    encode(
        &Room.schema().ty(),
        &object.map_or(Value::Null, Value::from),
    )
}

fn numbered(number: Value) -> Object {
    let mut room = room("A".into(), Value::Null, "x".into());
    room.set("number", number);
    room
}

const PROVIDER: Option<DeferredReason> = Some(DeferredReason::ProviderConfigUnknown);
const RESOURCE: Option<DeferredReason> = Some(DeferredReason::ResourceConfigUnknown);

#[tokio::test]
async fn read_is_deferred_only_if_the_cli_allows_it() {
    let read = async |server: Server<FixtureProvider>, allowed: bool| {
        let input = ReadInput {
            stored: wire(Some(numbered(7.into()))),
            identity: Some(DynamicValue {
                json: br#"{"door":"A","house":null}"#.to_vec(),
                ..DynamicValue::default()
            }),
            private: b"notes".to_vec(),
            client: client(allowed),
        };
        (input.clone(), server.read_resource("toy_room", input).await)
    };
    let (input, reply) = read(waiting().await, true).await;
    assert_eq!(reply.deferred, PROVIDER);
    assert!(reply.diagnostics.is_empty());
    assert_eq!(
        (reply.state, reply.identity, reply.private),
        (input.stored, input.identity, input.private),
        "all goes back as it came"
    );
    // Without leave it is an error, and the resource is not called.
    let (input, reply) = read(waiting().await, false).await;
    assert_eq!(reply.deferred, None);
    assert_eq!(reply.state, input.stored);
    assert_eq!(
        reply
            .diagnostics
            .iter()
            .map(|it| &*it.summary)
            .collect::<Vec<_>>(),
        ["The greeting is not known yet"]
    );
    let (_, reply) = read(configured().await, true).await;
    assert_eq!(reply.deferred, None);
}

#[tokio::test]
async fn import_is_deferred_only_if_allowed_and_valid() {
    let check =
        |server: &Server<FixtureProvider>, allowed: bool, deferred: Option<DeferredReason>| {
            let input = ImportInput {
                id: "A".to_owned(),
                identity: None,
                client: client(allowed),
            };
            let reply = server.import_resource_state("toy_room", &input);
            assert!(reply.diagnostics.is_empty());
            assert_eq!(reply.deferred, deferred);
            assert_eq!(reply.state == DynamicValue::default(), deferred.is_some());
        };
    check(&waiting().await, true, PROVIDER);
    check(&waiting().await, false, None);
    check(&configured().await, true, None);
    let input = ImportInput {
        id: "A".to_owned(),
        identity: Some(encode(&Type::Bool, &true.into())),
        client: client(true),
    };
    let reply = waiting().await.import_resource_state("toy_room", &input);
    assert_eq!(reply.deferred, None);
    assert!(reply.diagnostics.has_errors());
}

#[tokio::test]
async fn plan_is_always_made_and_deferred_only_if_the_cli_allows_it() {
    let check = |server: &Server<FixtureProvider>,
                 allowed: bool,
                 prior: Option<Object>,
                 planned: Option<Object>,
                 deferred: Option<DeferredReason>,
                 replaces: usize| {
        let input = PlanInput {
            prior: wire(prior),
            config: wire(planned.clone()),
            proposed: wire(planned.clone()),
            client: client(allowed),
            ..PlanInput::default()
        };
        let reply = server.plan_resource_change("toy_room", &input);
        assert!(reply.diagnostics.is_empty(), "{:?}", reply.diagnostics);
        assert_eq!(reply.deferred, deferred);
        assert_eq!(reply.requires_replace.len(), replaces);
        assert_eq!(reply.planned == wire(None), planned.is_none());
        assert_ne!(reply.planned, DynamicValue::default());
    };
    let (waiting, configured) = (waiting().await, configured().await);
    let (seven, eight) = (|| Some(numbered(7.into())), || Some(numbered(8.into())));
    let unknown = || Some(numbered(Value::Unknown));
    for (server, allowed, deferred) in [
        (&waiting, true, PROVIDER),
        (&waiting, false, None),
        (&configured, true, None),
        (&configured, false, None),
    ] {
        check(server, allowed, None, seven(), deferred, 0);
        check(server, allowed, None, unknown(), deferred, 0);
        check(server, allowed, seven(), seven(), deferred, 0);
        check(server, allowed, seven(), eight(), deferred, 1);
        check(server, allowed, seven(), None, deferred, 0);
    }
    // Whether an unknown number makes another room of it is not known yet.
    check(&configured, true, seven(), unknown(), RESOURCE, 0);
    check(&configured, false, seven(), unknown(), None, 1);
    check(&waiting, true, seven(), unknown(), PROVIDER, 1);
}
