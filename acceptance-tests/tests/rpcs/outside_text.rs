//! Text from outside: every text of a service or a configuration is printable when it reaches the user and the log.

use acceptance_tests::emulator::{Fault, FaultKind};
use fastrand::Rng;

use super::{logs::lines, *};

/// What no terminal and no reader may get: controls, separators of lines and paragraphs, directions, the invisible.
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..)
}

#[track_caller]
fn must_be_printable(texts: &[String], said: &str) {
    for text in texts {
        let bad = text
            .chars()
            .find(|&c| c != '\n' && c != '\t' && is_dangerous(c));
        assert_eq!(bad, None, "of {said:?}: {text:?}");
        let longest = text.lines().map(str::len).max().unwrap_or_default();
        assert!(
            longest < 20_000 && text.len() < 100_000,
            "of {} bytes: {}",
            said.len(),
            text.len()
        );
    }
}

/// What attackers have used, and what nobody thought of: few texts with much in each, because each costs many calls.
fn outside_texts() -> Vec<String> {
    let known = [
        "\u{1b}[2J\u{1b}[1;1HApply complete! Resources: 1 added",
        "\u{1b}]0;title\u{7}\u{1b}]8;;https://example.com\u{1b}\\link\u{1b}]8;;\u{1b}\\",
        "denied\rApply complete!",
        "\u{9b}1A\u{9b}2K\u{90}q\u{9c}\u{85}",
        "\u{202e}txt.exe\u{202c}\u{2066}\u{2069}\u{200f}\u{61c}",
        "a\u{200b}b\u{200d}c\u{feff}\u{ad}\u{2060}\u{fe0f}\u{e0041}",
        "line\u{2028}paragraph\u{2029}\u{b}\u{c}\u{8}\u{0}\u{7f}",
        "\u{e000}\u{f8ff}\u{10fffd}\u{378}\u{ffff}",
    ];
    let mut rng = Rng::with_seed(11);
    let mut random = |range: std::ops::Range<char>| -> String {
        (0..300).map(|_| rng.char(range.clone())).collect()
    };
    vec![
        known.join(" "),
        random('\0'..char::MAX),
        random('\0'..'\u{a0}'),
        random('\u{2000}'..'\u{2070}'),
        "\u{202e}".repeat(200_000),
    ]
}

/// Bodies of a service with `text` in every field.
fn bodies(text: &str) -> Vec<FaultKind> {
    let body = |status, content_type: &str, text: String| FaultKind::Body {
        status,
        content_type: content_type.to_owned(),
        text,
    };
    let json = "application/json";
    let denied = json!({
        "Code": "NoPermission", "Message": text, "RequestId": text, "HostId": text, "Recommend": text,
        "AccessDeniedDetail": {
            "AuthAction": text, "NoPermissionType": text, "PolicyType": text, "AuthPrincipalDisplayName": text,
            "AuthPrincipalType": text, "EncodedDiagnosticMessage": text,
        },
    });
    let envelope = json!({
        "Code": format!("Cams.{text}"), "Message": text, "RequestId": text, "Success": false, "AccessDeniedDetail": text,
    });
    vec![
        body(
            400,
            json,
            json!({ "Code": text, "Message": text, "RequestId": text }).to_string(),
        ),
        body(403, json, denied.to_string()),
        body(200, json, envelope.to_string()),
        body(
            200,
            json,
            json!({ "Code": "OK", "Data": text, "RequestId": text, "Success": text }).to_string(),
        ),
        body(
            404,
            "text/html",
            format!("<html><head><title>{text}</title></head><body>{text}</body></html>"),
        ),
        body(200, json, format!("{{\"Code\": \"{text}")),
    ]
}

fn texts(diagnostics: &[wire::Diagnostic]) -> Vec<String> {
    let texts = diagnostics
        .iter()
        .flat_map(|diagnostic| [&diagnostic.summary, &diagnostic.detail]);
    texts.cloned().collect()
}

/// All texts of the lines of a log.
fn logged(stderr: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for line in lines(stderr) {
        for (key, value) in line.as_object().expect("is an object") {
            texts.push(key.clone());
            texts.extend(value.as_str().map(str::to_owned));
        }
    }
    texts
}

#[tokio::test]
async fn texts_of_the_service_are_printable() {
    let mut sessions = tokio::task::JoinSet::new();
    for body in 0..bodies("").len() {
        sessions.spawn(service_says(body));
    }
    for failed in sessions.join_all().await {
        assert!(failed > 10, "the service was heard {failed} times");
    }
}

/// Makes the service respond with one kind of body, which contains each text. Returns the number of diagnostics.
async fn service_says(body: usize) -> usize {
    let session = Session::logging().await;
    let timeouts = json!({ "create": "2s", "read": "2s", "delete": "2s" });
    let limited = json!({ "waba_id": WABA, "timeouts": timeouts });
    let made = session.create(limited).await;
    let config = session.object(json!({ "waba_id": OTHER_WABA, "timeouts": timeouts }));
    let plan = session.plan(None, Some(&config)).await;
    let mut failed = 0;
    for said in outside_texts() {
        session.emulator.clear_faults();
        let fault = Fault {
            action: None,
            ..Fault::new("", bodies(&said).swap_remove(body)).always()
        };
        session.emulator.inject(fault).expect("waits");
        let (_, _, read) = session.read(&made).await;
        let (_, applied) = session.apply(None, &plan).await;
        let (data, _) = session
            .read_data(json!({ "timeouts": { "read": "2s" } }))
            .await;
        let mut messages = vec![read, applied];
        messages.extend(texts(&data.diagnostics));
        let limited = json!({ "timeouts": { "read": "2s" } });
        for event in session.list(limited, 0, false).await {
            messages.push(event.display_name);
            messages.extend(texts(&event.diagnostic));
        }
        failed += messages
            .iter()
            .filter(|message| !message.is_empty())
            .count();
        must_be_printable(&messages, &said);
    }
    let ended = session.host.shut_down().await.expect("ends");
    must_be_printable(&logged(&ended.stderr), "all of these");
    failed
}

#[tokio::test]
async fn names_of_the_service_are_printable() {
    let session = Session::logging().await;
    session.create(json!({ "waba_id": WABA })).await;
    for said in outside_texts() {
        session.emulator.clear_faults();
        let fields = BTreeMap::from([
            ("Data.WabaName".to_owned(), json!(said)),
            ("Data.Name".to_owned(), json!(said)),
        ]);
        let fault = Fault::new("QueryChatappBindWaba", FaultKind::SetFields { fields });
        session
            .emulator
            .inject(fault.after().always())
            .expect("waits");
        let events = session.list(json!({}), 0, true).await;
        assert_eq!(events.len(), 1);
        must_be_printable(&[events[0].display_name.clone()], &said);
        assert!(!events[0].display_name.contains('\n'));
    }
}

#[tokio::test]
async fn texts_of_the_configuration_are_printable() {
    let session = Session::logging().await;
    let schema = schemas(&session.host).await.provider.expect("is there");
    let mut refused = 0;
    for said in outside_texts() {
        let timeouts = json!({ "create": said, "read": said, "delete": said });
        let mut role = role(&said);
        role["session_name"] = said.as_str().into();
        let mut messages = Vec::new();
        for arguments in [
            json!({ "waba_id": said }),
            json!({ "waba_id": WABA, "deletion_policy": said, "existing_binding": said }),
            json!({ "waba_id": WABA, "timeouts": timeouts }),
            json!({ "waba_id": WABA, "assume_role": role, "account_id": said }),
        ] {
            let config = session.object(arguments);
            messages.extend(texts(&session.validate(&config).await));
            messages.extend(texts(&session.plan(None, Some(&config)).await.diagnostics));
        }
        let (_, _, text) = session.import(&said, &Value::Null).await;
        messages.push(text);
        let (_, _, text) = session
            .import("", &identity_in(&json!(said), &json!(said)))
            .await;
        messages.push(text);
        let (_, diagnostics) = session
            .upgrade(0, raw(&json!({ said.as_str(): said }).to_string()))
            .await;
        messages.extend(texts(&diagnostics));
        for arguments in [
            json!({ "region": said }),
            json!({ "access_key": said, "secret_key": "s" }),
            json!({ "profile": said, "shared_credentials_file": said }),
            json!({ "endpoints": { "cams": said, "sts": said } }),
        ] {
            let mut config = whole(&schema, arguments.clone());
            if !arguments["endpoints"].is_null() {
                config["endpoints"] = arguments["endpoints"].clone();
            }
            let request = wire::validate_provider_config::Request {
                config: dynamic(&config),
            };
            let response = session
                .host
                .provider()
                .validate_provider_config(request)
                .await;
            messages.extend(texts(&response.expect("responds").into_inner().diagnostics));
            messages.extend(texts(&session.configure_with(arguments).await));
        }
        refused += messages.len();
        must_be_printable(&messages, &said);
    }
    assert!(refused > 60, "{refused}");
    let ended = session.host.shut_down().await.expect("ends");
    must_be_printable(&logged(&ended.stderr), "all of these");
}
