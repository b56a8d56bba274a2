//! `ValidateDataResourceConfig` and `ReadDataSource`.

use super::{deferral::waiting, *};
use crate::{DataSource, Diagnostic, data_source::DataSourceReadRequest};

/// Counts the beds of a room, as its argument `floor` says.
pub(super) struct Rooms;

#[async_trait]
impl DataSource for Rooms {
    type Client = String;

    fn type_name(&self) -> &'static str {
        "toy_rooms"
    }

    fn schema(&self) -> Schema {
        let room = Block::new("").attribute(Attribute::computed("beds", Type::Number));
        Schema::new(
            Block::new("")
                .attribute(Attribute::required("floor", Type::String))
                .attribute(Attribute::computed("greeting", Type::String))
                .nested("room", Nesting::List(Bounds::default()), room),
        )
    }

    fn validate(&self, config: &Object) -> Diagnostics {
        match config.text("floor") {
            Some("cellar") => Diagnostic::error("No", "Nobody sleeps in the cellar.").into(),
            Some("panic in validate") => panic!("a defect"),
            _ => Diagnostics::new(),
        }
    }

    async fn read(
        &self,
        client: &String,
        request: DataSourceReadRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        response
            .warnings
            .push(Diagnostic::warning("Mind", "the step"));
        let mut state = request.config;
        match state.text("floor") {
            Some("panic") => panic!("a defect"),
            Some("locked") => return Err(Diagnostic::error("No", "It is locked.").into()),
            Some("gone") => response.state = None,
            Some("unknown") => {
                state.set("greeting", Value::Unknown);
                response.state = Some(state);
            }
            Some("misfit") => {
                state.set("greeting", Value::Map(std::collections::BTreeMap::new()));
                response.state = Some(state);
            }
            _ => {
                state.set("greeting", client.as_str());
                response.state = Some(state);
            }
        }
        Ok(())
    }
}

fn config(floor: impl Into<Value>) -> DynamicValue {
    encode(&Rooms.schema().ty(), &Rooms.completed(one("floor", floor)))
}

impl Rooms {
    /// As Terraform sends it: blocks are there, even if empty.
    fn completed(&self, object: Object) -> Value {
        crate::state::complete(&self.schema().block, object.into())
    }
}

async fn read(
    server: &Server<FixtureProvider>,
    floor: &str,
    deferral_allowed: bool,
) -> DataSourceReply {
    let input = ReadDataSourceInput {
        config: config(floor),
        client: ClientCapabilities {
            deferral_allowed,
            ..ClientCapabilities::default()
        },
    };
    server.read_data_source("toy_rooms", &input).await
}

#[tokio::test]
async fn a_data_source_is_read_into_a_whole_object() {
    let server = configured().await;
    let reply = read(&server, "first", true).await;
    assert_eq!(summaries(&reply.diagnostics), ["Mind"]);
    assert_eq!(reply.deferred, None);
    let state = decode_object(&reply.state, &Rooms.schema().ty(), "state")
        .expect("fits")
        .expect("is not null");
    assert_eq!(state.text("floor"), Some("first"));
    assert_eq!(state.text("greeting"), Some("hello"));
    assert_eq!(state.get("room"), &Value::List(Vec::new()));
}

#[tokio::test]
async fn a_failed_read_of_a_data_source_is_a_diagnostic() {
    let server = configured().await;
    for (floor, expected) in [
        ("locked", "No"),
        (
            "panic",
            "Bug in the provider: read of the data source panicked",
        ),
        (
            "gone",
            "Bug in the provider: wrong result of read of the data source",
        ),
        (
            "unknown",
            "Bug in the provider: wrong result of read of the data source",
        ),
        (
            "misfit",
            "Bug in the provider: wrong result of read of the data source",
        ),
    ] {
        let reply = read(&server, floor, false).await;
        assert_eq!(summaries(&reply.diagnostics), ["Mind", expected], "{floor}");
        assert_eq!(reply.state, DynamicValue::default(), "{floor}");
    }
    let reply = server
        .read_data_source("toy_thing", &ReadDataSourceInput::default())
        .await;
    assert_eq!(summaries(&reply.diagnostics), ["Unknown data source"]);
    let reply = read(&super::server(), "first", false).await;
    assert_eq!(
        summaries(&reply.diagnostics),
        ["The provider is not configured"]
    );
}

#[tokio::test]
async fn data_source_is_deferred_only_if_the_cli_allows_it() {
    let reply = read(&waiting().await, "first", true).await;
    assert_eq!(
        (reply.deferred, reply.diagnostics.is_empty()),
        (Some(DeferredReason::ProviderConfigUnknown), true)
    );
    let reply = read(&waiting().await, "first", false).await;
    assert_eq!(reply.deferred, None);
    assert_eq!(
        summaries(&reply.diagnostics),
        ["The greeting is not known yet"]
    );
}

#[tokio::test]
async fn a_data_block_is_validated_by_schema_and_type() {
    let check = |config: DynamicValue, expected: &[&str]| {
        let diagnostics = server().validate_data_resource_config("toy_rooms", &config);
        assert_eq!(summaries(&diagnostics), expected);
    };
    check(config("first"), &[]);
    check(config(Value::Unknown), &[]);
    check(config("cellar"), &["No"]);
    check(
        config("panic in validate"),
        &["Bug in the provider: validate panicked"],
    );
    check(config(Value::Null), &["Missing required argument"]);
    check(
        encode(&Type::Bool, &true.into()),
        &["Unable to read the configuration"],
    );
    let diagnostics = server().validate_data_resource_config("toy_cellar", &config("first"));
    assert_eq!(summaries(&diagnostics), ["Unknown data source"]);
}
