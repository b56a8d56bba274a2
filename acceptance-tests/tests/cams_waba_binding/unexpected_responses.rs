//! Answers that no document describes: success without data, other data, no JSON, too much of it.

use std::collections::BTreeMap;

use acceptance_tests::{
    acceptance::{Case, Ending, Stage, contains, equal, only_error},
    cases,
    emulator::{BindAnswerWabaId, Fault, Misbehaviour, SuccessFlag},
};
use serde_json::json;

use crate::{A, BIND, LIST, OTHER_WABA, QUERY, WABA, binding};

pub(crate) const CASES: &[Case] = cases![odd:
    success_is_the_code_alone,
    a_bind_without_data_saves_nothing_and_says_so,
    a_bind_that_cannot_be_read_saves_nothing_and_says_so,
    a_bind_of_another_waba_is_saved_tainted_and_named,
    a_bind_that_does_not_repeat_the_waba_is_fine,
    a_read_that_cannot_be_understood_keeps_the_object,
    a_redirect_is_not_followed,
];

fn success_is_the_code_alone(stage: &mut Stage) -> Ending {
    stage.emulator.set_switches(|switches| {
        switches.ok_code = "ok".to_owned();
        switches.ok_message = "You are not authorized to do this action.".to_owned();
        switches.ok_access_denied_detail = "None".to_owned();
        switches.success_flag = SuccessFlag::FalseBesideOk;
    });
    let output = stage.applied(&binding(WABA, ""))?;
    equal("warnings", output.warnings().len(), 0)?;
    equal(
        "waba_name",
        stage.object(A)?.text("waba_name"),
        "Business 0001",
    )?;
    stage
        .emulator
        .set_switches(|switches| switches.success_flag = SuccessFlag::Absent);
    stage.plan(0)?;
    Ok(())
}

/// Applies under each fault, where spaces cannot be listed; nothing may be saved or repeated, and the error says that the
/// outcome is unknown.
fn spoilt_binds(stage: &Stage, faults: &[(Misbehaviour, &[&str])]) -> Ending {
    stage.configure(&binding(WABA, ""))?;
    stage
        .emulator
        .inject(Fault::new(LIST, Misbehaviour::denied()).always())?;
    for (fault, parts) in faults {
        stage.emulator.clear_calls();
        stage
            .emulator
            .inject(Fault::new(BIND, fault.clone()).after())?;
        let output = stage.apply()?.expecting(1)?;
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
        equal("binds", stage.calls(BIND), 1)?;
        equal("objects", stage.directory.state()?.resources.len(), 0)?;
    }
    Ok(())
}

fn a_bind_without_data_saves_nothing_and_says_so(stage: &mut Stage) -> Ending {
    let missing = |field: &str| Misbehaviour::MissingFields {
        fields: vec![field.to_owned()],
    };
    let set = |field: &str, value| Misbehaviour::SetFields {
        fields: BTreeMap::from([(field.to_owned(), value)]),
    };
    spoilt_binds(
        stage,
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

fn a_bind_that_cannot_be_read_saves_nothing_and_says_so(stage: &mut Stage) -> Ending {
    let body = |text: &str| Misbehaviour::Body {
        status: 200,
        content_type: "application/json".to_owned(),
        text: text.to_owned(),
    };
    spoilt_binds(
        stage,
        &[
            (Misbehaviour::InvalidJson, &[]),
            (Misbehaviour::EmptyBody, &[]),
            (
                Misbehaviour::HugeBody {
                    bytes: 5 * 1024 * 1024,
                },
                &["4 MiB"],
            ),
            (Misbehaviour::Truncate { bytes: Some(10) }, &[]),
            (body("[]"), &[]),
            (body("{}"), &[]),
        ],
    )
}

fn a_bind_of_another_waba_is_saved_tainted_and_named(stage: &mut Stage) -> Ending {
    stage.emulator.set_switches(|switches| {
        switches.bind_answer_waba_id = BindAnswerWabaId::Other(OTHER_WABA.to_owned())
    });
    stage.configure(&binding(WABA, ""))?;
    let output = stage.apply()?.expecting(1)?;
    let error = only_error(&output)?;
    let object = stage.object(A)?;
    let space = object.text("id");
    contains(
        &error.text(),
        &[
            "Another WhatsApp Business Account was bound",
            WABA,
            OTHER_WABA,
            space,
            "terraform untaint",
        ],
    )?;
    equal("tainted", object.tainted, true)?;
    equal("waba_id", object.text("waba_id"), OTHER_WABA)?;
    equal("the space", space, stage.space_of(WABA)?)
}

fn a_bind_that_does_not_repeat_the_waba_is_fine(stage: &mut Stage) -> Ending {
    stage
        .emulator
        .set_switches(|switches| switches.bind_answer_waba_id = BindAnswerWabaId::Absent);
    stage.applied(&binding(WABA, ""))?;
    equal("waba_id", stage.object(A)?.text("waba_id"), WABA)?;
    stage.plan(0)?;
    Ok(())
}

fn a_read_that_cannot_be_understood_keeps_the_object(stage: &mut Stage) -> Ending {
    stage.applied(&binding(WABA, ""))?;
    let before = stage.object(A)?;
    let wrong = |field: &str| Misbehaviour::WrongTypes {
        fields: vec![field.to_owned()],
    };
    for fault in [
        Misbehaviour::InvalidJson,
        Misbehaviour::EmptyBody,
        Misbehaviour::HugeBody {
            bytes: 5 * 1024 * 1024,
        },
        wrong("Data.Id"),
        wrong("Code"),
    ] {
        stage.emulator.clear_faults();
        stage
            .emulator
            .inject(Fault::new(QUERY, fault.clone()).always())?;
        let output = stage.directory.plan(&[])?.output.expecting(1)?;
        let text = only_error(&output)?.text();
        contains(
            &text,
            &[
                "Unable to read the binding",
                before.text("id"),
                "stays in state as it was",
            ],
        )
        .map_err(|failed| format!("{fault:?}: {}", failed.message().unwrap_or_default()))?;
        equal("the object", stage.object(A)?, before.clone())?;
    }
    stage.emulator.clear_faults();
    stage.plan(0)?;
    Ok(())
}

fn a_redirect_is_not_followed(stage: &mut Stage) -> Ending {
    stage.applied(&binding(WABA, ""))?;
    stage.emulator.clear_calls();
    let location = format!("{}/somewhere-else", stage.emulator.endpoint());
    let fault = Misbehaviour::Redirect {
        status: 302,
        location,
    };
    stage.emulator.inject(Fault::new(QUERY, fault).always())?;
    let output = stage.directory.plan(&[])?.output.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &[
            "Unable to read the binding",
            "`endpoints`",
            "stays in state",
        ],
    )?;
    equal("calls", stage.emulator.calls().len(), 1)
}
