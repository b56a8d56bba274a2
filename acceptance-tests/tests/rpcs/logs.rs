//! What the log says of each attempt and of each diagnostic.

use acceptance_tests::emulator::{Fault, FaultKind};

use super::*;

/// The lines of a log.
pub(crate) fn lines(stderr: &str) -> Vec<Value> {
    stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[tokio::test]
async fn attempts_name_object_role_and_account() {
    let session = Session::logging().await;
    session
        .emulator
        .put_account(Account::new(TENANT).with_role(Role::new("onboarding", &[DEFAULT_ACCOUNT])))
        .expect("is put");
    let made = session
        .create(json!({ "waba_id": WABA, "assume_role": role(ROLE) }))
        .await;
    session.read(&made).await;
    session
        .read_data(json!({ "assume_role": role(ROLE) }))
        .await;
    session
        .list(json!({ "assume_role": role(ROLE) }), 0, false)
        .await;
    let ended = session.host.shut_down().await.expect("ends");
    let lines = lines(&ended.stderr);
    let attempts = |rpc: &str| -> Vec<&Value> {
        let attempts = lines
            .iter()
            .filter(|line| line["@message"] == "API attempt");
        let attempts: Vec<&Value> = attempts.filter(|line| line["tf_rpc"] == rpc).collect();
        assert!(!attempts.is_empty(), "{rpc}: {}", ended.stderr);
        attempts
    };
    for (rpc, kind) in [
        ("ApplyResourceChange", "tf_resource_type"),
        ("ReadResource", "tf_resource_type"),
        ("ReadDataSource", "tf_data_source_type"),
        ("ListResource", "tf_list_resource_type"),
    ] {
        for line in attempts(rpc) {
            assert_eq!(line["object.assume_role.role_arn"], ROLE, "{line}");
            assert!(line[kind].is_string(), "{line}");
            if kind == "tf_resource_type" {
                assert_eq!(line["object.waba_id"], WABA, "{line}");
            }
        }
    }
    for line in attempts("ReadResource") {
        assert_eq!(line["object.cust_space_id"], made.state["cust_space_id"]);
        assert_eq!(line["object.account_id"], TENANT);
    }
}

#[tokio::test]
async fn diagnostics_are_logged_with_their_object() {
    let session = Session::logging().await;
    let made = session.create(json!({ "waba_id": WABA })).await;
    let fault = FaultKind::Error {
        status: 403,
        code: "NoPermission".to_owned(),
        message: "You are not authorized.".to_owned(),
        retry_after_ms: None,
    };
    let fault = Fault {
        action: None,
        ..Fault::new("", fault).always()
    };
    session.emulator.inject(fault).expect("waits");
    let (_, _, messages) = session.read(&made).await;
    let ended = session.host.shut_down().await.expect("ends");
    let lines = lines(&ended.stderr);
    let logged: Vec<&Value> = lines
        .iter()
        .filter(|line| line["diagnostic_severity"] == "ERROR")
        .collect();
    assert_eq!(logged.len(), 1, "{}", ended.stderr);
    let line = logged[0];
    assert_eq!(
        (&line["@level"], &line["tf_rpc"]),
        (&json!("error"), &json!("ReadResource"))
    );
    let text = |key: &str| line[key].as_str().unwrap_or_default();
    assert_eq!(
        format!(
            "Error: {}: {}",
            text("diagnostic_summary"),
            text("diagnostic_detail")
        ),
        messages
    );
    assert_eq!(line["object.waba_id"], WABA);
}
