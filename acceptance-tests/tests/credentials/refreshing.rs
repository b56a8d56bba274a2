//! Sessions that end in the middle of a run.

use acceptance_tests::{
    acceptance::{Case, Ending, Failed, Stage, equal},
    cases,
    emulator::{Fault, Misbehaviour},
};

use crate::{ROLE, TENANT, configure, keys, populate};

pub(crate) const CASES: &[Case] = cases![refreshing:
    sessions_are_renewed_during_an_apply,
    an_expired_session_is_replaced_and_the_call_repeated,
];

fn with_role(stage: &Stage, count: usize) -> Result<(), Failed> {
    let text = format!(
        "resource \"alicloud_cams_waba_binding\" \"all\" {{\n  count   = {count}\n  waba_id = 100000000000000 + count.index\n}}\n"
    );
    let block = format!(
        "{}  assume_role {{\n    role_arn = \"{ROLE}\"\n  }}\n",
        keys()
    );
    configure(stage, &block, &text)
}

fn sessions_are_renewed_during_an_apply(stage: &mut Stage) -> Ending {
    populate(stage)?;
    stage
        .emulator
        .set_switches(|switches| switches.sts_lifetime_seconds = Some(2));
    // Each bind takes a third of a second, one after the other: the apply outlives several sessions.
    let slow = Fault::new("ChatappBindWaba", Misbehaviour::Slow { delay_ms: 350 });
    stage.emulator.inject(slow.always())?;
    with_role(stage, 12)?;
    stage
        .directory
        .run(&["apply", "-json", "-auto-approve", "-parallelism=1"])?
        .expecting(0)?;
    equal("spaces", stage.emulator.spaces(TENANT).len(), 12)?;
    let sessions = stage.calls("AssumeRole");
    equal(
        format!("sessions ({sessions}) of an apply of more than four seconds"),
        sessions >= 3,
        true,
    )?;
    let refused = stage
        .emulator
        .calls()
        .iter()
        .any(|call| call.code.as_deref() == Some("InvalidSecurityToken.Expired"));
    equal("a call with an expired session", refused, false)
}

fn an_expired_session_is_replaced_and_the_call_repeated(stage: &mut Stage) -> Ending {
    populate(stage)?;
    with_role(stage, 5)?;
    stage
        .emulator
        .inject(Fault::new("ChatappBindWaba", Misbehaviour::ExpiredToken))?;
    stage.apply()?.expecting(0)?;
    equal("spaces", stage.emulator.spaces(TENANT).len(), 5)?;
    equal("sessions", stage.calls("AssumeRole"), 2)?;
    equal("binds", stage.calls("ChatappBindWaba"), 6)
}
