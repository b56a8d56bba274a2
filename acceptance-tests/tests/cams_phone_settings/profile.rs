//! What is special of business profiles: attributes that nobody configures, empty values, other spellings, the picture.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_warning},
    cases,
    emulator::{EmptyField, OmittedField, VerticalStyle},
};
use serde_json::{Value, json};

use crate::{NUMBER, SPACE, make_space, resource};

pub(crate) const CASES: &[Case] = cases![profile:
    unmanaged_attributes_are_shown_and_not_sent,
    attributes_that_change_after_the_plan_are_kept,
    removed_argument_is_left_as_it_is,
    empty_value_that_does_not_clear_is_warned_about,
    values_that_the_service_clears_are_warned_about,
    other_spellings_are_no_difference,
    picture_is_sent_and_never_read,
    unknown_industry_is_sent_with_a_warning,
    reset_that_does_not_clear_is_warned_about,
    null_fields_of_the_service_are_empty,
];

const A: &str = "alicloud_cams_phone_business_profile.a";
const WRITE: &str = "ModifyPhoneBusinessProfile";

fn profile(arguments: &str) -> String {
    resource("alicloud_cams_phone_business_profile", arguments)
}

/// The fields of the last write.
fn sent(context: &TestContext) -> Vec<String> {
    let calls = context.emulator.calls_of(WRITE);
    let names = calls.last().map(|call| call.query_parameters.clone());
    let fields = [
        "About",
        "Address",
        "Description",
        "Email",
        "ProfilePictureUrl",
        "Vertical",
        "Websites",
    ];
    let names = names.into_iter().flatten();
    names.filter(|name| fields.contains(&&**name)).collect()
}

fn unmanaged_attributes_are_shown_and_not_sent(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context.emulator.change_profile(SPACE, NUMBER, |profile| {
        profile.email = "console@b.c".to_owned();
        profile.websites = vec!["https://console.b".to_owned()];
    });
    let output = context.applied(&profile("about = \"Open\""))?;
    equal("warnings", output.warnings().len(), 0)?;
    equal("sent", sent(context), ["About"])?;
    let object = context.object(A)?;
    equal("email", object.text("email"), "console@b.c")?;
    equal(
        "websites",
        &object.values["websites"],
        &json!(["https://console.b"]),
    )?;
    equal("address", object.text("address"), "")?;

    // A change of them at the console is no change of the configuration.
    context.emulator.change_profile(SPACE, NUMBER, |profile| {
        profile.email = "new@b.c".to_owned()
    });
    context.plan(0)?;
    let refresh = context.directory.plan(&["-refresh-only"])?.output;
    refresh.expecting(2)?;
    context.applied(&profile("about = \"Closed\""))?;
    equal("sent", sent(context), ["About"])?;
    equal("email", context.object(A)?.text("email"), "new@b.c")
}

fn attributes_that_change_after_the_plan_are_kept(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context.applied(&profile("about = \"Open\""))?;
    context.configure(&profile("about = \"Closed\""))?;
    context.plan(2)?;
    context.emulator.change_profile(SPACE, NUMBER, |profile| {
        profile.email = "console@b.c".to_owned()
    });
    let output = context.directory.run(&["apply", "-json", "tfplan"])?;
    let warning = only_warning(&output.expecting(0)?)?;
    let summary = format!("The profile of {NUMBER} was changed elsewhere");
    equal("summary", &*warning.summary, summary)?;
    contains(&warning.text(), &["`email`", "There is nothing to do"])?;
    equal("sent", sent(context), ["About"])?;
    let now = context.emulator.change_profile(SPACE, NUMBER, |_| {});
    equal("email", &*now.email, "console@b.c")?;
    context.plan(0)?;
    Ok(())
}

fn removed_argument_is_left_as_it_is(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context.applied(&profile("about = \"Open\"\n  email = \"a@b.c\""))?;
    context.configure(&profile("about = \"Open\""))?;
    context.plan(0)?;
    context.apply()?.expecting(0)?;
    equal("email", context.object(A)?.text("email"), "a@b.c")?;
    equal("writes", context.calls(WRITE), 1)?;
    context.applied(&profile("about = \"Open\"\n  email = \"\""))?;
    let truth = context.emulator.change_profile(SPACE, NUMBER, |_| {});
    equal("email", truth.email, "")
}

fn empty_value_that_does_not_clear_is_warned_about(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context.applied(&profile("email = \"a@b.c\""))?;
    context
        .emulator
        .set_behavior(|behavior| behavior.profile.empty = EmptyField::Keep);
    let output = context.applied(&profile("email = \"\""))?;
    contains(
        &only_warning(&output)?.text(),
        &[
            "is not as written",
            "Not as in the configuration: `email`",
            "an empty value may not clear",
        ],
    )?;
    equal("email in the state", context.object(A)?.text("email"), "")?;
    // The next plan shows the difference.
    let (plan, _) = context.plan(2)?;
    let change = &plan.change(A).ok_or("no change")?.change;
    equal("changed", change.changed(), ["email"])
}

fn values_that_the_service_clears_are_warned_about(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context
        .emulator
        .change_profile(SPACE, NUMBER, |profile| profile.email = "a@b.c".to_owned());
    context
        .emulator
        .set_behavior(|behavior| behavior.profile.omitted = OmittedField::Clear);
    let output = context.applied(&profile("about = \"Open\""))?;
    contains(
        &only_warning(&output)?.text(),
        &[
            "is not as written",
            "changed by the service or by somebody else: `email`",
        ],
    )?;
    context.plan(0)?;
    equal("email", context.object(A)?.text("about"), "Open")
}

fn other_spellings_are_no_difference(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context.emulator.set_behavior(|behavior| {
        behavior.profile.vertical_style = VerticalStyle::Capitalized;
        behavior.profile.websites_slash = true;
    });
    let text = "vertical = \"RETAIL\"\n  websites = [\"https://a.b\"]";
    let output = context.applied(&profile(text))?;
    equal("warnings", output.warnings().len(), 0)?;
    let object = context.object(A)?;
    equal("vertical", object.text("vertical"), "RETAIL")?;
    equal(
        "websites",
        &object.values["websites"],
        &json!(["https://a.b"]),
    )?;
    context.plan(0)?;
    let refresh = context.directory.plan(&["-refresh-only"])?.output;
    refresh.expecting(0)?;
    Ok(())
}

fn picture_is_sent_and_never_read(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    let picture =
        |name: &str| profile(&format!("profile_picture_url = \"https://a.b/{name}.png\""));
    context.applied(&picture("one"))?;
    equal("sent", sent(context), ["ProfilePictureUrl"])?;
    context.plan(0)?;
    context.applied(&picture("two"))?;
    let truth = context.emulator.change_profile(SPACE, NUMBER, |_| {});
    equal(
        "picture",
        &*truth.profile_picture_url,
        "https://a.b/two.png",
    )?;
    context.plan(0)?;
    // Removed, it is left as it is, and nothing is sent for it.
    context.applied(&profile(""))?;
    let truth = context.emulator.change_profile(SPACE, NUMBER, |_| {});
    equal(
        "picture",
        &*truth.profile_picture_url,
        "https://a.b/two.png",
    )?;
    equal(
        "in the state",
        &context.object(A)?.values["profile_picture_url"],
        &Value::Null,
    )
}

fn unknown_industry_is_sent_with_a_warning(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    let output = context.applied(&profile("vertical = \"SPACEFLIGHT\""))?;
    let warnings = output.warnings();
    let messages = warnings
        .iter()
        .any(|it| it.summary == "Unknown value of vertical");
    equal("a warning", messages, true)?;
    let truth = context.emulator.change_profile(SPACE, NUMBER, |_| {});
    equal("vertical", truth.vertical, "SPACEFLIGHT")
}

fn reset_that_does_not_clear_is_warned_about(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context.applied(&profile("email = \"a@b.c\"\n  deletion_policy = \"RESET\""))?;
    context
        .emulator
        .set_behavior(|behavior| behavior.profile.empty = EmptyField::Keep);
    let output = context.applied("")?;
    contains(
        &only_warning(&output)?.text(),
        &["was not wholly reset", "`email`", "has left the state"],
    )?;
    equal("objects", context.directory.state()?.resources.len(), 0)
}

fn null_fields_of_the_service_are_empty(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context
        .emulator
        .set_behavior(|behavior| behavior.profile.unset_absent = true);
    let output = context.applied(&profile(
        "about = \"Open\"\n  email = \"\"\n  websites = []",
    ))?;
    equal("warnings", output.warnings().len(), 0)?;
    context.plan(0)?;
    equal("address", context.object(A)?.text("address"), "")
}
