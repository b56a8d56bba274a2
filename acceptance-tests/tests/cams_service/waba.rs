//! The data source `alicloud_cams_waba`.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_error},
    cases,
    emulator::{Fault, FaultKind, NewSpace, Waba},
};

use crate::{WABA, binding};

pub(crate) const CASES: &[Case] = cases![waba:
    waba_is_read_with_the_verification_of_its_business,
    review_stops_a_run_by_a_postcondition_and_taints_nothing,
    space_without_a_waba_is_an_error,
    failed_read_of_the_business_is_an_error,
];

const DATA: &str = "data.alicloud_cams_waba.a";

fn waba(arguments: &str) -> String {
    format!(
        "{}data \"alicloud_cams_waba\" \"a\" {{\n  cust_space_id = alicloud_cams_waba_binding.a.cust_space_id\n  \
         {arguments}\n}}\n",
        binding()
    )
}

fn waba_is_read_with_the_verification_of_its_business(context: &mut TestContext) -> TestResult {
    context.applied(&waba(""))?;
    let found = context.object(DATA)?;
    for (name, expected) in [
        ("waba_id", WABA),
        ("waba_name", "Business 0001"),
        ("account_review_status", "APPROVED"),
        ("verification_status", "verified"),
        ("vertical", "RETAIL"),
        ("currency", "USD"),
    ] {
        equal(name, found.text(name), expected)?;
    }
    context.emulator.clear_calls();
    context.plan(0)?;
    let reads = ["QueryChatappBindWaba", "QueryWabaBusinessInfo"];
    let calls = context.emulator.calls();
    let only_reads = calls.iter().all(|call| reads.contains(&&*call.action));
    equal("only reads", only_reads, true)
}

fn review_stops_a_run_by_a_postcondition_and_taints_nothing(
    context: &mut TestContext,
) -> TestResult {
    context.emulator.put_waba(Waba::derived(WABA, "PENDING"));
    let gate = "lifecycle {\n    postcondition {\n      condition = self.account_review_status == \"APPROVED\"\n      \
                error_message = \"review: ${self.account_review_status}\"\n    }\n  }";
    context.configure(&waba(gate))?;
    let output = context.apply()?.expecting(1)?;
    contains(&only_error(&output)?.text(), &["review: PENDING"])?;
    let bound = context.object("alicloud_cams_waba_binding.a")?;
    equal("tainted", bound.tainted, false)?;
    context.emulator.put_waba(Waba::derived(WABA, "APPROVED"));
    context.apply()?.expecting(0)?;
    equal("binds", context.calls("ChatappBindWaba"), 1)?;
    context.plan(0)?;
    Ok(())
}

fn space_without_a_waba_is_an_error(context: &mut TestContext) -> TestResult {
    context.emulator.add_space(NewSpace {
        cust_space_id: Some("cams-a".to_owned()),
        ..NewSpace::default()
    })?;
    let source = |id: &str| {
        format!("data \"alicloud_cams_waba\" \"a\" {{\n  cust_space_id = \"{id}\"\n}}\n")
    };
    context.configure(&source("cams-a"))?;
    let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
    let error = only_error(&output)?;
    equal("summary", &*error.summary, "Space cams-a has no WABA")?;
    contains(&error.text(), &["Provider.SpaceWithoutWaba"])?;
    context.configure(&source("not a space"))?;
    context.emulator.clear_calls();
    let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
    contains(&only_error(&output)?.text(), &["must be the ID of a space"])?;
    equal("calls", context.emulator.calls().len(), 0)
}

fn failed_read_of_the_business_is_an_error(context: &mut TestContext) -> TestResult {
    let denied = Fault::new("QueryWabaBusinessInfo", FaultKind::denied());
    context.emulator.inject(denied.always())?;
    context.configure(&waba(""))?;
    let output = context.apply()?.expecting(1)?;
    let error = only_error(&output)?;
    contains(
        &error.text(),
        &[
            "Cannot read the WABA of space",
            "cams:QueryWabaBusinessInfo",
        ],
    )
}
