//! The data source, the list resource, and the kinds of which this provider has none.

use acceptance_tests::emulator::NewSpace;

use super::*;

const DATA: &str = "alicloud_cams_waba_bindings";

impl Session {
    /// Makes a space in the console, with a WABA bound to it.
    fn bound_in_the_console(&self, cust_space_id: &str, waba_id: &str) {
        let space = NewSpace {
            cust_space_id: Some(cust_space_id.to_owned()),
            waba_id: Some(waba_id.to_owned()),
            ..NewSpace::default()
        };
        self.emulator.add_space(space).expect("is made");
    }

    /// The response and the `state` in it.
    pub(crate) async fn read_data(
        &self,
        arguments: Value,
    ) -> (wire::read_data_source::Response, Value) {
        let schema = schemas(&self.host).await.data_source_schemas[DATA].clone();
        let config = dynamic(&whole(&schema, arguments));
        let request = wire::validate_data_resource_config::Request {
            type_name: DATA.to_owned(),
            config: config.clone(),
        };
        let validated = self
            .host
            .provider()
            .validate_data_resource_config(request)
            .await;
        let diagnostics = validated.expect("responds").into_inner().diagnostics;
        assert_eq!(text(&diagnostics), "");
        let request = wire::read_data_source::Request {
            type_name: DATA.to_owned(),
            config,
            provider_meta: None,
            client_capabilities: Some(self.client),
        };
        let response = self.host.provider().read_data_source(request).await;
        let response = response.expect("responds").into_inner();
        let state = json(response.state.as_ref()).expect("is a value");
        (response, state)
    }

    pub(crate) async fn list(
        &self,
        arguments: Value,
        limit: i64,
        include_resource_object: bool,
    ) -> Vec<wire::list_resource::Event> {
        let schema = schemas(&self.host).await.list_resource_schemas[TYPE].clone();
        let config = dynamic(&whole(&schema, arguments));
        let request = wire::validate_list_resource_config::Request {
            type_name: TYPE.to_owned(),
            config: config.clone(),
            include_resource_object: None,
            limit: dynamic(&json!(limit)),
        };
        let validated = self
            .host
            .provider()
            .validate_list_resource_config(request)
            .await;
        let diagnostics = validated.expect("responds").into_inner().diagnostics;
        assert_eq!(text(&diagnostics), "");
        let request = wire::list_resource::Request {
            type_name: TYPE.to_owned(),
            config,
            include_resource_object,
            limit,
        };
        let response = self.host.provider().list_resource(request).await;
        let mut stream = response.expect("responds").into_inner();
        let mut events = Vec::new();
        while let Some(event) = stream.message().await.expect("is an event") {
            events.push(event);
        }
        events
    }
}

fn identities(events: &[wire::list_resource::Event]) -> Vec<Value> {
    let identity = |event: &wire::list_resource::Event| {
        assert_eq!(text(&event.diagnostic), "");
        identity_json(event.identity.as_ref())
    };
    events.iter().map(identity).collect()
}

#[tokio::test]
async fn data_source_reads_the_bindings_of_the_account() {
    let session = Session::configured().await;
    let (empty, state) = session.read_data(json!({})).await;
    assert_eq!(
        (text(&empty.diagnostics), empty.deferred),
        (String::new(), None)
    );
    assert_eq!(
        (&state["ids"], &state["complete"]),
        (&json!([]), &json!(true))
    );

    session.bound_in_the_console("cams-b", WABA);
    session.bound_in_the_console("cams-a", OTHER_WABA);
    let (_, state) = session.read_data(json!({})).await;
    assert_eq!(state["ids"], json!(["cams-a", "cams-b"]));
    assert_eq!(state["bindings"][1]["waba_id"], WABA);
    let (_, state) = session
        .read_data(json!({ "waba_ids_filter": [WABA] }))
        .await;
    assert_eq!(state["ids"], json!(["cams-b"]));
}

#[tokio::test]
async fn data_source_waits_for_a_provider_that_is_not_known() {
    let session = Session::waiting().await;
    let (response, state) = session.read_data(json!({})).await;
    must_say(&text(&response.diagnostics), "secret_key");
    assert_eq!((state, response.deferred), (Value::Null, None));
    let session = session.may_defer();
    let (response, state) = session.read_data(json!({})).await;
    assert_eq!(text(&response.diagnostics), "");
    assert_eq!(state, Value::Null);
    let reason = response.deferred.map(|deferred| deferred.reason());
    assert_eq!(reason, Some(Reason::ProviderConfigUnknown));
}

#[tokio::test]
async fn list_resource_streams_what_can_be_imported_as_it_is() {
    let session = Session::configured().await;
    session.bound_in_the_console("cams-b", WABA);
    session.bound_in_the_console("cams-a", OTHER_WABA);
    let expected = [identity(&json!("cams-a")), identity(&json!("cams-b"))];
    let events = session.list(json!({}), 0, false).await;
    let mut found = identities(&events);
    found.sort_by_key(|identity| identity["cust_space_id"].to_string());
    assert_eq!(found, expected);
    assert!(events.iter().all(|event| event.resource_object.is_none()));
    assert!(events.iter().any(|event| event.display_name.contains(WABA)));

    let events = session.list(json!({ "waba_ids": [WABA] }), 0, true).await;
    assert_eq!(identities(&events), expected[1..]);
    let object = json(events[0].resource_object.as_ref()).expect("is a value");
    assert_eq!(
        (&object["waba_id"], &object["cust_space_id"]),
        (&json!(WABA), &json!("cams-b"))
    );
    // An import by the identity, and a read, give the same object.
    let (imported, _, messages) = session.import("", &expected[1]).await;
    assert_eq!(messages, "");
    let (read, _, messages) = session.read(&imported.expect("is imported")).await;
    assert_eq!(messages, "");
    assert_eq!((read.state, read.identity), (object, expected[1].clone()));
}

#[tokio::test]
async fn list_resource_ends_at_its_limit() {
    let session = Session::configured().await;
    for number in 1..=3 {
        session.bound_in_the_console(&format!("cams-{number}"), &format!("{WABA}{number}"));
    }
    session.emulator.clear_calls();
    assert_eq!(session.list(json!({}), 2, false).await.len(), 2);
    // No space is read for an object that nobody asked for.
    let reads = session.emulator.calls_of("QueryChatappBindWaba").len();
    assert_eq!(reads, 2);
    assert_eq!(session.list(json!({}), 0, false).await.len(), 3);
}

#[tokio::test]
async fn generated_configuration_of_a_listed_object_plans_empty() {
    let session = Session::configured().await;
    session.bound_in_the_console("cams-a", WABA);
    let events = session.list(json!({}), 0, true).await;
    let request = wire::generate_resource_config::Request {
        type_name: TYPE.to_owned(),
        state: events[0].resource_object.clone(),
    };
    let response = session
        .host
        .provider()
        .generate_resource_config(request)
        .await;
    let response = response.expect("responds").into_inner();
    assert_eq!(text(&response.diagnostics), "");
    let config = json(response.config.as_ref()).expect("is a value");
    let (imported, _, messages) = session.import("", &identities(&events)[0]).await;
    assert_eq!(messages, "");
    let (read, _, messages) = session.read(&imported.expect("is imported")).await;
    assert_eq!(messages, "");
    let plan = session.plan(Some(&read), Some(&config)).await;
    assert_eq!(text(&plan.diagnostics), "");
    assert_eq!((plan.planned, plan.replaces.len()), (read.state, 0));
}

#[tokio::test]
async fn actions_and_functions_that_do_not_exist_are_named() {
    let session = Session::configured().await;
    let mut provider = session.host.provider();
    let request = wire::plan_action::Request {
        action_type: "alicloud_cams_nothing".to_owned(),
        config: dynamic(&json!({})),
        client_capabilities: None,
    };
    let response = provider.plan_action(request).await.expect("responds");
    must_say(
        &text(&response.into_inner().diagnostics),
        "alicloud_cams_nothing",
    );

    let request = wire::invoke_action::Request {
        action_type: "alicloud_cams_nothing".to_owned(),
        config: dynamic(&json!({})),
        client_capabilities: None,
    };
    let response = provider.invoke_action(request).await.expect("responds");
    let mut events = response.into_inner();
    let event = events
        .message()
        .await
        .expect("is an event")
        .expect("is one");
    let Some(wire::invoke_action::event::Type::Completed(completed)) = event.r#type else {
        panic!("not completed: {event:?}");
    };
    must_say(&text(&completed.diagnostics), "alicloud_cams_nothing");
    assert!(events.message().await.expect("ends").is_none());

    let request = wire::call_function::Request {
        name: "nothing".to_owned(),
        arguments: Vec::new(),
    };
    let response = provider.call_function(request).await.expect("responds");
    let error = response.into_inner().error.expect("is an error");
    must_say(&error.text, "nothing");
}
