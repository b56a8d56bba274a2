//! Responses that no page describes: success without data, other data, no JSON, a body that is too long.

use std::collections::BTreeMap;

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_error},
    cases,
    emulator::{BindResponseWabaId, Fault, FaultKind, SuccessFlag},
};
use serde_json::json;

use crate::{A, BIND, LIST, OTHER_WABA, QUERY, WABA, binding};

pub(crate) const CASES: &[Case] = cases![unexpected_responses:
    code_alone_decides_success,
    bind_response_without_data_saves_nothing,
    unreadable_bind_response_saves_nothing,
    bind_response_with_another_waba_is_saved_as_tainted,
    bind_response_without_the_waba_is_accepted,
    unreadable_read_response_keeps_the_object,
    redirect_is_not_followed,
];

fn code_alone_decides_success(context: &mut TestContext) -> TestResult {
    context.emulator.set_behavior(|behavior| {
        behavior.response.ok_code = "ok".to_owned();
        behavior.response.ok_message = "You are not authorized to do this action.".to_owned();
        behavior.response.ok_access_denied_detail = "None".to_owned();
        behavior.response.success_flag = SuccessFlag::FalseBesideOk;
    });
    let output = context.applied(&binding(WABA, ""))?;
    equal("warnings", output.warnings().len(), 0)?;
    equal(
        "waba_name",
        context.object(A)?.text("waba_name"),
        "Business 0001",
    )?;
    context
        .emulator
        .set_behavior(|behavior| behavior.response.success_flag = SuccessFlag::Absent);
    context.plan(0)?;
    Ok(())
}

/// Applies with each fault, while spaces cannot be listed. Nothing may be saved or retried, and the error must say that the
/// outcome is unknown.
fn spoilt_binds(context: &TestContext, faults: &[(FaultKind, &[&str])]) -> TestResult {
    context.configure(&binding(WABA, ""))?;
    context
        .emulator
        .inject(Fault::new(LIST, FaultKind::denied()).always())?;
    for (fault, parts) in faults {
        context.emulator.clear_calls();
        context
            .emulator
            .inject(Fault::new(BIND, fault.clone()).after())?;
        let output = context.apply()?.expecting(1)?;
        let text = only_error(&output)?.text();
        contains(
            &text,
            &[
                &format!("It is unknown whether WABA {WABA} was bound"),
                "ChatappBindWaba",
                WABA,
            ],
        )?;
        contains(&text, &["Nothing was saved in the state"])?;
        contains(&text, parts)?;
        equal("binds", context.calls(BIND), 1)?;
        equal("objects", context.directory.state()?.resources.len(), 0)?;
    }
    Ok(())
}

fn bind_response_without_data_saves_nothing(context: &mut TestContext) -> TestResult {
    let missing = |field: &str| FaultKind::MissingFields {
        fields: vec![field.to_owned()],
    };
    let set = |field: &str, value| FaultKind::SetFields {
        fields: BTreeMap::from([(field.to_owned(), value)]),
    };
    spoilt_binds(
        context,
        &[
            (missing("Data"), &["it has no `Data`", "Request ID:"]),
            (
                missing("Data.CustSpaceId"),
                &["it has no `Data.CustSpaceId`", "Request ID:"],
            ),
            (
                set("Data.CustSpaceId", json!("")),
                &["it has no `Data.CustSpaceId`"],
            ),
            (set("Data", json!(null)), &["it has no `Data`"]),
            (set("Data", json!("cams-1")), &["`Data` is a single value"]),
            (set("Data", json!([1])), &["`Data` is a list"]),
            (
                set("Data.CustSpaceId", json!({"Id": 1})),
                &["`Data.CustSpaceId` is neither text nor a number"],
            ),
        ],
    )
}

fn unreadable_bind_response_saves_nothing(context: &mut TestContext) -> TestResult {
    let body = |text: &str| FaultKind::Body {
        status: 200,
        content_type: "application/json".to_owned(),
        text: text.to_owned(),
    };
    spoilt_binds(
        context,
        &[
            (FaultKind::InvalidJson, &[]),
            (FaultKind::EmptyBody, &[]),
            (
                FaultKind::HugeBody {
                    bytes: 5 * 1024 * 1024,
                },
                &["4 MiB"],
            ),
            (FaultKind::Truncate { bytes: Some(10) }, &[]),
            (body("[]"), &[]),
            (body("{}"), &[]),
        ],
    )
}

fn bind_response_with_another_waba_is_saved_as_tainted(context: &mut TestContext) -> TestResult {
    context.emulator.set_behavior(|behavior| {
        behavior.waba.bind_response_waba_id = BindResponseWabaId::Other(OTHER_WABA.to_owned())
    });
    context.configure(&binding(WABA, ""))?;
    let output = context.apply()?.expecting(1)?;
    let error = only_error(&output)?;
    let object = context.object(A)?;
    let space = object.text("id");
    contains(
        &error.text(),
        &[
            "was bound instead of",
            WABA,
            OTHER_WABA,
            space,
            "terraform untaint",
        ],
    )?;
    equal("tainted", object.tainted, true)?;
    equal("waba_id", object.text("waba_id"), OTHER_WABA)?;
    equal("the space", space, context.space_of(WABA)?)
}

fn bind_response_without_the_waba_is_accepted(context: &mut TestContext) -> TestResult {
    context
        .emulator
        .set_behavior(|behavior| behavior.waba.bind_response_waba_id = BindResponseWabaId::Absent);
    context.applied(&binding(WABA, ""))?;
    equal("waba_id", context.object(A)?.text("waba_id"), WABA)?;
    context.plan(0)?;
    Ok(())
}

fn unreadable_read_response_keeps_the_object(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, ""))?;
    let before = context.object(A)?;
    let wrong = |field: &str| FaultKind::WrongTypes {
        fields: vec![field.to_owned()],
    };
    for fault in [
        FaultKind::InvalidJson,
        FaultKind::EmptyBody,
        FaultKind::HugeBody {
            bytes: 5 * 1024 * 1024,
        },
        wrong("Data.Id"),
        wrong("Code"),
    ] {
        context.emulator.clear_faults();
        context
            .emulator
            .inject(Fault::new(QUERY, fault.clone()).always())?;
        let output = context.directory.plan(&[])?.output.expecting(1)?;
        let text = only_error(&output)?.text();
        contains(
            &text,
            &[
                "Cannot read the binding",
                before.text("id"),
                "stays in the state",
            ],
        )
        .map_err(|failed| format!("{fault:?}: {}", failed.message().unwrap_or_default()))?;
        equal("the object", context.object(A)?, before.clone())?;
    }
    context.emulator.clear_faults();
    context.plan(0)?;
    Ok(())
}

fn redirect_is_not_followed(context: &mut TestContext) -> TestResult {
    context.applied(&binding(WABA, ""))?;
    context.emulator.clear_calls();
    let location = format!("{}/somewhere-else", context.emulator.endpoint());
    let fault = FaultKind::Redirect {
        status: 302,
        location,
    };
    context.emulator.inject(Fault::new(QUERY, fault).always())?;
    let output = context.directory.plan(&[])?.output.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &[
            "Cannot read the binding",
            "`endpoints`",
            "stays in the state",
        ],
    )?;
    equal("calls", context.emulator.calls().len(), 1)
}
