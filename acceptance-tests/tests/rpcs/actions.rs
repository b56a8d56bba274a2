//! The actions on phone numbers, as a CLI of Terraform 1.14 invokes them.

use acceptance_tests::emulator::{Fault, FaultKind, NewSpace, PhoneNumber};

use super::*;

const SPACE: &str = "cams-shop0000001";
const NUMBER: &str = "6580001234";
const SYNC: &str = "alicloud_cams_sync_phone_numbers";
const REQUEST: &str = "alicloud_cams_request_verification_code";
const VERIFY: &str = "alicloud_cams_verify_phone_number";

impl Session {
    /// A space whose WABA has one number, which is not verified.
    async fn with_an_unverified_number() -> Self {
        let session = Self::configured().await;
        let space = NewSpace {
            cust_space_id: Some(SPACE.to_owned()),
            waba_id: Some(WABA.to_owned()),
            ..NewSpace::default()
        };
        session.emulator.add_space(space).expect("is made");
        let number = PhoneNumber::unverified(NUMBER);
        session.emulator.put_phone_number(WABA, number);
        session
    }

    /// Validates, plans and invokes; what was reported and the diagnostics of the end, line by line.
    async fn invoke(&self, action: &str, arguments: Value) -> String {
        let schema = schemas(&self.host).await.action_schemas[action].clone();
        let schema = schema.schema.expect("has one");
        let config = dynamic(&whole(&schema, arguments));
        let mut provider = self.host.provider();
        let request = wire::validate_action_config::Request {
            type_name: action.to_owned(),
            config: config.clone(),
        };
        let validated = provider.validate_action_config(request).await;
        let messages = text(&validated.expect("responds").into_inner().diagnostics);
        if !messages.is_empty() {
            return messages;
        }
        let request = wire::plan_action::Request {
            action_type: action.to_owned(),
            config: config.clone(),
            client_capabilities: None,
        };
        let planned = provider.plan_action(request).await.expect("responds");
        assert_eq!(text(&planned.into_inner().diagnostics), "");
        let request = wire::invoke_action::Request {
            action_type: action.to_owned(),
            config,
            client_capabilities: None,
        };
        let response = provider.invoke_action(request).await.expect("responds");
        let mut events = response.into_inner();
        let mut lines = Vec::new();
        while let Some(event) = events.message().await.expect("is an event") {
            match event.r#type.expect("has one") {
                wire::invoke_action::event::Type::Progress(progress) => {
                    lines.push(progress.message);
                }
                wire::invoke_action::event::Type::Completed(completed) => {
                    lines.push(text(&completed.diagnostics));
                }
            }
        }
        lines.join("\n")
    }

    fn calls(&self, action: &str) -> usize {
        self.emulator.calls_of(action).len()
    }
}

fn keys() -> Value {
    json!({"cust_space_id": SPACE, "phone_number": NUMBER})
}

fn keys_and(more: Value) -> Value {
    let (Value::Object(mut keys), Value::Object(more)) = (keys(), more) else {
        panic!("arguments are objects");
    };
    keys.extend(more);
    Value::Object(keys)
}

fn by_message() -> Value {
    keys_and(json!({"locale": "en_US", "method": "sms"}))
}

#[tokio::test]
async fn synchronisation_names_the_numbers() {
    let session = Session::with_an_unverified_number().await;
    let arguments = json!({"cust_space_id": SPACE});
    let messages = session.invoke(SYNC, arguments.clone()).await;
    assert_eq!(
        messages,
        format!("Space {SPACE} has {NUMBER} (UNVERIFIED).\n")
    );
    // The action can be sent twice, so it is retried after a lost response.
    let cut = Fault::new("ChatappSyncPhoneNumber", FaultKind::Cut).after();
    session.emulator.inject(cut).expect("is a fault");
    let again = session.invoke(SYNC, arguments.clone()).await;
    assert_eq!(again, messages);
    assert_eq!(session.calls("ChatappSyncPhoneNumber"), 3);
    let denied = Fault::new("ChatappSyncPhoneNumber", FaultKind::denied()).always();
    session.emulator.inject(denied).expect("is a fault");
    let messages = session.invoke(SYNC, arguments).await;
    must_say(&messages, "Cannot synchronise the numbers of space");
    must_say(&messages, "cams:ChatappSyncPhoneNumber");
}

#[tokio::test]
async fn code_is_sent_once_and_only_to_an_unverified_number() {
    let session = Session::with_an_unverified_number().await;
    let messages = session.invoke(REQUEST, by_message()).await;
    must_say(&messages, "has sent a code to 6580001234");
    let cut = Fault::new("GetChatappVerifyCode", FaultKind::Cut).after();
    session.emulator.inject(cut).expect("is a fault");
    let messages = session.invoke(REQUEST, by_message()).await;
    must_say(
        &messages,
        "It is unknown whether a code was sent to 6580001234",
    );
    must_say(&messages, "Provider.OutcomeUnknown");
    assert_eq!(session.calls("GetChatappVerifyCode"), 2);
    session
        .emulator
        .change_phone_number(WABA, NUMBER, |number| number.verified = true);
    let messages = session.invoke(REQUEST, by_message()).await;
    must_say(&messages, "is verified already. No code was sent.");
    assert_eq!(session.calls("GetChatappVerifyCode"), 2);
    let messages = session
        .invoke(REQUEST, keys_and(json!({"locale": "", "method": "sms"})))
        .await;
    must_say(&messages, "locale");
}

#[tokio::test]
async fn a_code_verifies_and_registers_and_is_never_shown() {
    let session = Session::with_an_unverified_number().await;
    session.invoke(REQUEST, by_message()).await;
    let number = session.emulator.phone_number(WABA, NUMBER);
    let code = number
        .and_then(|number| number.verify_code)
        .expect("was sent");
    let with = |code: &str| keys_and(json!({"verify_code": code}));

    // A service that returns the text of the request.
    let echo = FaultKind::Error {
        status: 400,
        code: "X.Wrong".to_owned(),
        message: format!("the code {code} is wrong"),
        retry_after_ms: None,
    };
    let echo = Fault::new("ChatappVerifyAndRegister", echo);
    session.emulator.inject(echo).expect("is a fault");
    let messages = session.invoke(VERIFY, with(&code)).await;
    must_say(&messages, "Cannot verify phone number 6580001234");
    assert!(!messages.contains(&code), "{messages}");
    let messages = session.invoke(VERIFY, with("12 34")).await;
    must_say(&messages, "without blanks or hyphens");
    assert!(!messages.contains("12 34"), "{messages}");
    let messages = session.invoke(VERIFY, with("000000x")).await;
    must_say(&messages, "136025");

    // The request is lost, then the response.
    let verify = "ChatappVerifyAndRegister";
    session
        .emulator
        .inject(Fault::new(verify, FaultKind::Cut))
        .expect("is a fault");
    let messages = session.invoke(VERIFY, with(&code)).await;
    must_say(&messages, "It is unknown whether 6580001234 was verified");
    session
        .emulator
        .inject(Fault::new(verify, FaultKind::Cut).after())
        .expect("is a fault");
    let messages = session.invoke(VERIFY, with(&code)).await;
    must_say(
        &messages,
        "The response was lost, but phone number 6580001234 is verified",
    );
    assert_eq!(session.calls(verify), 4);
    let number = session
        .emulator
        .phone_number(WABA, NUMBER)
        .expect("is there");
    assert_eq!((number.verified, &*number.status), (true, "CONNECTED"));
}
