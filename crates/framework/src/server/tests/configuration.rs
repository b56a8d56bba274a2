//! One configuration for a process that several provider blocks share.

use super::*;

fn greeting(value: impl Into<Value>) -> DynamicValue {
    let mut object = Object::new();
    object.set("greeting", value);
    let ty = server().provider_schema().ty();
    encode(&ty, &object.into())
}

/// Each configuration of a process in order, and whether it is refused because of one before.
async fn check(is_kept: bool, configurations: &[(Value, &str)]) -> Server<FixtureProvider> {
    let server = server();
    if is_kept {
        server.keep_configuration();
    }
    for (value, expected) in configurations {
        let config = greeting(value.clone());
        let diagnostics = server.configure(&config, "1.11.4".to_owned()).await;
        let refused = diagnostics
            .iter()
            .any(|it| it.detail.ends_with("Code: Provider.DebugConfiguration"));
        let found = match (refused, diagnostics.is_empty()) {
            (true, _) => "another",
            (false, false) => "failed",
            (false, true) => "",
        };
        assert_eq!(found, *expected, "{value:?}");
    }
    server
}

#[tokio::test]
async fn another_configuration_is_refused_where_one_serves_all() {
    let server = check(
        true,
        &[
            ("hello".into(), ""),
            ("hello".into(), ""),
            ("hi".into(), "another"),
            (Value::Null, "another"),
            ("hello".into(), ""),
        ],
    )
    .await;
    assert_eq!(
        server.client().as_deref().map(String::as_str),
        Some("hello")
    );
    let server = check(false, &[("hello".into(), ""), ("hi".into(), "")]).await;
    assert_eq!(server.client().as_deref().map(String::as_str), Some("hi"));
}

#[tokio::test]
async fn provider_knows_whether_its_process_is_shared() {
    for is_kept in [true, false] {
        let server = check(is_kept, &[("shared?".into(), "")]).await;
        let client = server.client().expect("configured");
        assert_eq!(*client, is_kept.to_string());
    }
}

#[tokio::test]
async fn unknown_value_agrees_with_every_value() {
    check(
        true,
        &[
            (Value::Unknown, ""),
            ("hello".into(), ""),
            (Value::Unknown, ""),
            ("hi".into(), "another"),
        ],
    )
    .await;
}

#[tokio::test]
async fn failed_configuration_does_not_bind_later_ones() {
    check(
        true,
        &[
            ("rude".into(), "failed"),
            ("panic".into(), "failed"),
            ("hello".into(), ""),
            ("rude".into(), "another"),
        ],
    )
    .await;
}
