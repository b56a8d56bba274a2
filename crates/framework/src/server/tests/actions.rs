//! `ValidateActionConfig`, `PlanAction` and `InvokeAction`.

use super::{deferral::waiting, *};
use crate::{
    Action, Diagnostic,
    action::{InvokeRequest, Progress},
};

/// Knocks at a door.
pub(super) struct Knock;

#[async_trait]
impl Action for Knock {
    type Client = String;

    fn type_name(&self) -> &'static str {
        "toy_knock"
    }

    fn schema(&self) -> Schema {
        Schema::new(Block::new("").attribute(Attribute::required("door", Type::String)))
    }

    fn validate(&self, config: &Object) -> Diagnostics {
        match config.text("door") {
            Some("trapdoor") => Diagnostic::error("No", "Not there.").into(),
            _ => Diagnostics::new(),
        }
    }

    fn plan(&self, client: Option<&String>, config: &Object) -> Diagnostics {
        match (client, config.text("door")) {
            (_, Some("panic in plan")) => panic!("a defect"),
            (Some(client), Some("mute")) => Diagnostic::warning("Mute", client.as_str()).into(),
            _ => Diagnostics::new(),
        }
    }

    async fn invoke(
        &self,
        client: &String,
        request: InvokeRequest,
        progress: &mut dyn Progress,
    ) -> Result<(), Diagnostics> {
        let door = request.config.text("door").unwrap_or_default().to_owned();
        progress.report(format!("{client} at {door}")).await;
        match &*door {
            "panic" => panic!("a defect"),
            "locked" => return Err(Diagnostic::error("No", "Nobody opens.").into()),
            _ => {}
        }
        progress.report("and again".to_owned()).await;
        Ok(())
    }
}

fn config(door: impl Into<Value>) -> DynamicValue {
    encode(&Knock.schema().ty(), &one("door", door).into())
}

async fn invoke(
    server: &Server<FixtureProvider>,
    door: &str,
    room: usize,
) -> (Vec<String>, String) {
    let mut progress = Receiver::new(room);
    let input = InvokeActionInput {
        config: config(door),
    };
    let diagnostics = server
        .invoke_action("toy_knock", &input, &mut progress)
        .await;
    (progress.events, summaries(&diagnostics).join(", "))
}

#[tokio::test]
async fn an_action_reports_progress_and_ends_with_diagnostics() {
    let server = configured().await;
    let check = async |door: &str, lines: &[&str], expected: &str| {
        let (progress, diagnostics) = invoke(&server, door, 9).await;
        assert_eq!(
            (progress, &*diagnostics),
            (
                lines.iter().map(|line| (*line).to_owned()).collect(),
                expected
            )
        );
    };
    check("A", &["hello at A", "and again"], "").await;
    check("locked", &["hello at locked"], "No").await;
    // What was unknown in the validation is validated now.
    check("trapdoor", &[], "No").await;
    check(
        "panic",
        &["hello at panic"],
        "Bug in the provider: the action panicked",
    )
    .await;
    // It goes on when nobody listens: the end is what matters.
    assert_eq!(invoke(&server, "A", 0).await, (Vec::new(), String::new()));
    assert_eq!(invoke(&server, "locked", 0).await.1, "No");
    assert_eq!(
        invoke(&waiting().await, "A", 9).await,
        (Vec::new(), "The greeting is not known yet".to_owned())
    );
    assert_eq!(
        invoke(&super::server(), "A", 9).await.1,
        "The provider is not configured"
    );
}

#[tokio::test]
async fn the_plan_of_an_action_waits_for_the_provider_only_with_leave() {
    let plan = |server: &Server<FixtureProvider>, door: Value, deferral_allowed: bool| {
        let input = PlanActionInput {
            config: config(door),
            client: ClientCapabilities {
                deferral_allowed,
                ..ClientCapabilities::default()
            },
        };
        let reply = server.plan_action("toy_knock", &input);
        (reply.deferred, summaries(&reply.diagnostics).join(", "))
    };
    let configured = configured().await;
    assert_eq!(plan(&configured, "A".into(), true), (None, String::new()));
    assert_eq!(
        plan(&configured, Value::Unknown, true),
        (None, String::new())
    );
    assert_eq!(
        plan(&configured, "mute".into(), true),
        (None, "Mute".to_owned())
    );
    assert_eq!(
        plan(&configured, "panic in plan".into(), true),
        (
            None,
            "Bug in the provider: plan of the action panicked".to_owned()
        )
    );
    let waiting = waiting().await;
    assert_eq!(
        plan(&waiting, "A".into(), true),
        (Some(DeferredReason::ProviderConfigUnknown), String::new())
    );
    assert_eq!(plan(&waiting, "A".into(), false), (None, String::new()));
}

#[test]
fn an_action_block_is_validated_by_schema_and_type() {
    let check = |type_name: &str, door: Value, expected: &[&str]| {
        let diagnostics = server().validate_action_config(type_name, &config(door));
        assert_eq!(summaries(&diagnostics), expected);
    };
    check("toy_knock", "A".into(), &[]);
    check("toy_knock", Value::Unknown, &[]);
    check("toy_knock", "trapdoor".into(), &["No"]);
    check("toy_knock", Value::Null, &["Missing required argument"]);
    check("toy_ring", "A".into(), &["Unknown action"]);
}
