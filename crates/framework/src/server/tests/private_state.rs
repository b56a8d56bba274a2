//! A document whose service spells JSON in its own way, whose type keeps private state, and which takes a write-only key.

use async_trait::async_trait;
use serde_json::{Value as Json, json};

use super::*;
use crate::schema::Equality;

struct Library;

#[async_trait]
impl Provider for Library {
    type Client = ();

    fn schema(&self) -> Schema {
        Schema::new(Block::new(""))
    }

    fn resources(&self) -> Vec<Box<dyn Resource<Client = ()>>> {
        vec![Box::new(Document)]
    }

    async fn configure(&self, _: ConfigureRequest) -> Result<(), Diagnostics> {
        Ok(())
    }

    fn stop(&self, (): &()) {}
}

/// Its private state is a list of what happened, with the write-only key that came with it.
struct Document;

/// What the service makes of every body.
const BODY: &str = r#"{"a":1,"b":[true]}"#;

fn note(response: &mut StateResponse, what: &str) {
    let mut notes = match response.private_state.take() {
        Some(Json::Array(notes)) => notes,
        _ => Vec::new(),
    };
    notes.push(what.into());
    response.private_state = Some(notes.into());
}

fn stored(mut state: Object) -> Object {
    state.set("body", BODY);
    state.set("key", "must not be stored");
    state
}

#[async_trait]
impl Resource for Document {
    type Client = ();

    fn type_name(&self) -> &'static str {
        "toy_document"
    }

    fn schema(&self) -> Schema {
        Schema::new(
            Block::new("")
                .attribute(Attribute::required("name", Type::String).requires_replace())
                .attribute(Attribute::required("body", Type::String).equality(Equality::Json))
                .attribute(Attribute::optional("key", Type::String).write_only()),
        )
    }

    fn modify_plan(&self, request: &PlanRequest<'_, ()>, response: &mut PlanResponse) {
        response.private = Some("plan".into());
        if let Some(notes) = request.private_state {
            let warning = Diagnostic::warning("Notes", notes.to_string());
            response.diagnostics.push(warning);
        }
    }

    async fn create(
        &self,
        (): &(),
        request: CreateRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        assert_eq!(request.planned.get("key"), &Value::Null);
        note(response, request.config.text("key").unwrap_or("no key"));
        response.state = Some(stored(request.planned));
        Ok(())
    }

    async fn read(
        &self,
        (): &(),
        request: ReadRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        note(response, "read");
        match request.state.text("name") {
            Some("gone") => response.state = None,
            Some("broken") => return Err(Diagnostic::error("No", "Not to be read.").into()),
            _ => response.state = Some(stored(request.state)),
        }
        Ok(())
    }

    async fn update(
        &self,
        (): &(),
        request: UpdateRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        note(response, "update");
        match request.config.text("key") {
            Some("panic") => panic!("a defect"),
            _ => response.state = Some(stored(request.planned)),
        }
        Ok(())
    }

    async fn delete(
        &self,
        (): &(),
        _: DeleteRequest,
        _: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        Ok(())
    }

    fn import(&self, _: ImportRequest) -> Result<Object, Diagnostics> {
        Ok(Object::new())
    }
}

fn document(name: &str, body: &str, key: Value) -> Object {
    let mut object = Object::new();
    object.set("name", name);
    object.set("body", body);
    object.set("key", key);
    object
}

fn send(object: Object) -> DynamicValue {
    encode(&Document.schema().ty(), &object.into())
}

fn receive(state: &DynamicValue) -> Option<Object> {
    decode_object(state, &Document.schema().ty(), "state").expect("a state fits the schema")
}

async fn library() -> Server<Library> {
    let server = Server::new(Library);
    let diagnostics = server
        .configure(&DynamicValue::default(), String::new())
        .await;
    assert!(diagnostics.is_empty());
    server
}

/// Plans and applies, as Terraform does.
async fn change(prior: Option<(Object, Vec<u8>)>, config: Object) -> (PlanReply, StateReply) {
    let server = library().await;
    let (prior, prior_private) = match prior {
        Some((prior, private)) => (send(prior), private),
        None => (DynamicValue::default(), Vec::new()),
    };
    let config = send(config);
    let plan = server.plan_resource_change(
        "toy_document",
        &PlanInput {
            prior: prior.clone(),
            proposed: config.clone(),
            config: config.clone(),
            prior_private,
            ..PlanInput::default()
        },
    );
    let input = ApplyInput {
        prior,
        planned: plan.planned.clone(),
        config,
        planned_private: plan.private.clone(),
        planned_identity: None,
    };
    let reply = server.apply_resource_change("toy_document", &input).await;
    (plan, reply)
}

fn private(bytes: &[u8]) -> Json {
    match bytes {
        b"" => Json::Null,
        bytes => serde_json::from_slice(bytes).expect("private bytes are JSON"),
    }
}

#[tokio::test]
async fn private_state_goes_from_create_to_plan_to_update_and_to_read() {
    let (plan, created) = change(None, document("a", BODY, "k".into())).await;
    assert_eq!(private(&plan.private), json!({"plan": "plan"}));
    assert_eq!(private(&created.private), json!({"state": ["k"]}));

    let state = receive(&created.state).expect("a state");
    let config = document("a", "{}", Value::Null);
    let (plan, updated) = change(Some((state, created.private)), config).await;
    assert_eq!(summaries(&plan.diagnostics), ["Notes"]);
    assert_eq!(
        private(&plan.private),
        json!({"plan": "plan", "state": ["k"]})
    );
    assert_eq!(private(&updated.private), json!({"state": ["k", "update"]}));

    let input = ReadInput {
        stored: updated.state,
        private: updated.private,
        ..ReadInput::default()
    };
    let read = library().await.read_resource("toy_document", input).await;
    assert_eq!(
        private(&read.private),
        json!({"state": ["k", "update", "read"]})
    );
}

#[tokio::test]
async fn private_state_of_an_older_version_stays_with_the_object() {
    let older = br#"{"schema_version":"1","state":["old"]}"#.to_vec();
    let prior = || (document("a", "{}", Value::Null), older.clone());
    let (_, updated) = change(Some(prior()), document("a", BODY, Value::Null)).await;
    assert_eq!(
        private(&updated.private),
        json!({"schema_version": "1", "state": ["old", "update"]})
    );

    // What was noted before a panic counts, and nothing else is lost.
    let (_, panicked) = change(Some(prior()), document("a", BODY, "panic".into())).await;
    assert!(panicked.diagnostics.has_errors());
    assert_eq!(
        private(&panicked.private),
        json!({"schema_version": "1", "state": ["old", "update"]})
    );

    let read = async |name: &str| {
        let input = ReadInput {
            stored: send(document(name, "{}", Value::Null)),
            private: older.clone(),
            ..ReadInput::default()
        };
        library().await.read_resource("toy_document", input).await
    };
    assert_eq!(read("broken").await.private, older);
    assert_eq!(private(&read("gone").await.private), Json::Null);
    assert_eq!(
        private(&read("a").await.private),
        json!({"schema_version": "1", "state": ["old", "read"]})
    );
}

#[tokio::test]
async fn private_state_does_not_go_to_the_object_that_replaces_another() {
    let first = br#"{"plan":"first","schema_version":"1","state":["old"]}"#;
    let config = send(document("b", "{}", Value::Null));
    let plan = library().await.plan_resource_change(
        "toy_document",
        &PlanInput {
            proposed: config.clone(),
            config,
            prior_private: first.to_vec(),
            ..PlanInput::default()
        },
    );
    assert!(plan.diagnostics.is_empty());
    assert_eq!(private(&plan.private), json!({"plan": "plan"}));
}

#[tokio::test]
async fn spelling_of_the_configuration_stays_after_apply_and_read() {
    let ours = "{ \"b\": [true], \"a\": 1.0 }";
    let (_, created) = change(None, document("a", ours, Value::Null)).await;
    let state = receive(&created.state).expect("a state");
    assert_eq!(state.text("body"), Some(ours));
    assert!(created.diagnostics.is_empty());

    let read = async |body: &str| {
        let input = ReadInput {
            stored: send(document("a", body, Value::Null)),
            ..ReadInput::default()
        };
        let reply = library().await.read_resource("toy_document", input).await;
        receive(&reply.state).expect("a state")
    };
    assert_eq!(read(ours).await.text("body"), Some(ours));
    assert_eq!(read("{}").await.text("body"), Some(BODY), "drift shows");

    // Another spelling in the configuration is no change.
    let (plan, _) = change(
        Some((state.clone(), Vec::new())),
        document("a", BODY, Value::Null),
    )
    .await;
    assert_eq!(receive(&plan.planned), Some(state));
}

#[tokio::test]
async fn write_only_value_reaches_create_and_no_state() {
    let (plan, created) = change(None, document("a", BODY, "s3cret".into())).await;
    for state in [&plan.planned, &created.state] {
        let state = receive(state).expect("an object");
        assert_eq!(state.get("key"), &Value::Null);
    }
    // The type had it: it is what it noted.
    assert_eq!(private(&created.private), json!({"state": ["s3cret"]}));
}
