//! What the tests of all operations use: an emulator with two accounts, and calls of its operations.

use super::super::test_client::{Draft, HttpResponse};
use super::super::{Account, Behavior, Emulator};

pub(super) const WABA: &str = "123456789012345";

pub(super) fn emulator(change: impl FnOnce(&mut Behavior)) -> Emulator {
    let emulator = Emulator::start().expect("a free port");
    let other = Account::new("2").with_key("other", "s");
    emulator.put_account(other).expect("a sound account");
    emulator.set_behavior(|behavior| {
        behavior.gateway.cams_calls_per_second = None;
        change(behavior);
    });
    emulator
}

pub(super) fn call(emulator: &Emulator, action: &str, parameters: &[(&str, &str)]) -> HttpResponse {
    Draft::new(emulator, action, parameters).send()
}

pub(super) fn call_as_other(
    emulator: &Emulator,
    action: &str,
    parameters: &[(&str, &str)],
) -> HttpResponse {
    let draft = Draft::new(emulator, action, parameters);
    draft.with_key("other", "s", None).send()
}

pub(super) fn bind(emulator: &Emulator, waba_id: &str) -> HttpResponse {
    call(emulator, "ChatappBindWaba", &[("WabaId", waba_id)])
}

pub(super) fn bound(emulator: &Emulator, waba_id: &str) -> String {
    let response = bind(emulator, waba_id).json();
    let space = response["Data"]["CustSpaceId"].as_str();
    space.expect("a space").to_owned()
}

pub(super) fn query(emulator: &Emulator, space: &str) -> HttpResponse {
    call(emulator, "QueryChatappBindWaba", &[("CustSpaceId", space)])
}

pub(super) fn check(response: &HttpResponse, status: u16, code: &str) {
    let found = (response.status, response.code());
    assert_eq!(found, (Some(status), code.to_owned()), "{response:?}");
}

pub(super) fn error(code: &str) -> String {
    code.to_owned()
}
