//! Create, drift, replacement, import.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_warning},
    cases,
    emulator::ListImage,
    terraform::Output,
};
use serde_json::{Value, json};

use crate::{A, CREATE, DELETE, LIST, MESSAGE, NUMBER, SPACE, import_id, link, links, make_space};

pub(crate) const CASES: &[Case] = cases![lifecycle:
    link_is_created_and_refreshes_only_read,
    each_readable_attribute_drifts,
    link_that_is_not_listed_is_gone,
    change_replaces_the_link_with_a_warning,
    new_link_is_made_before_the_old_one_goes,
    changes_for_terraform_alone_send_nothing,
    link_is_imported,
    import_block_by_identity_imports needs ImportByIdentity,
    format_of_an_imported_link_comes_from_the_configuration,
    blanks_around_a_message_are_no_difference,
    late_links_are_waited_for,
    links_with_one_message_are_several,
];

fn link_is_created_and_refreshes_only_read(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    let output = context.applied(&link(""))?;
    equal("warnings", output.warnings().len(), 0)?;
    let object = context.object(A)?;
    let code = links(context)[0].code.clone();
    let expected = json!({
        "id": import_id(&code),
        "cust_space_id": SPACE,
        "phone_number": NUMBER,
        "prefilled_message": MESSAGE,
        "generate_qr_image": "SVG",
        "qrdl_code": code,
        "deep_link_url": format!("https://wa.me/message/{code}"),
        "deletion_policy": "DELETE",
        "timeouts": null,
        "account_id": null,
        "assume_role": null,
    });
    equal("the object", Value::Object(object.values), expected)?;
    equal("format", &*links(context)[0].image, "SVG")?;
    equal("creates", context.calls(CREATE), 1)?;

    // The URL of the picture differs in each list, and shows nowhere.
    context.emulator.clear_calls();
    for options in [&[][..], &["-refresh-only"]] {
        context.directory.plan(options)?.output.expecting(0)?;
    }
    let calls = context.emulator.calls();
    let actions: Vec<&str> = calls.iter().map(|call| &*call.action).collect();
    equal("calls of two refreshes", actions, [LIST, LIST])
}

fn each_readable_attribute_drifts(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context.applied(&link(""))?;
    // Somebody changed the link elsewhere: to have the message of the configuration takes another link.
    context
        .emulator
        .change_message_links(SPACE, NUMBER, |links| links[0].message = "Hello".to_owned());
    let (plan, _) = context.plan(2)?;
    let change = &plan.change(A).ok_or("no change")?.change;
    equal("actions", change.actions.as_slice(), ["delete", "create"])?;
    equal("before", &change.before["prefilled_message"], "Hello")?;
    context.apply()?.expecting(0)?;
    equal("message", &*links(context)[0].message, MESSAGE)?;
    context.plan(0)?;

    // The URL is the service's own: it shows in a refresh-only plan.
    context.emulator.set_behavior(|behavior| {
        behavior.message_link.deep_link_host = "api.example.net".to_owned();
    });
    context.plan(0)?;
    let refresh = context.directory.plan(&["-refresh-only"])?.output;
    refresh.expecting(2)?;

    // The format is not read.
    context.emulator.set_behavior(|behavior| {
        behavior.message_link.deep_link_host = "wa.me".to_owned();
        behavior.message_link.list_image = ListImage::Png;
    });
    let refresh = context.directory.plan(&["-refresh-only"])?.output;
    refresh.expecting(0)?;
    Ok(())
}

fn link_that_is_not_listed_is_gone(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context.applied(&link(""))?;
    let code = context.object(A)?.text("qrdl_code").to_owned();
    context
        .emulator
        .change_message_links(SPACE, NUMBER, Vec::clear);
    let (plan, output) = context.plan(2)?;
    let change = &plan.change(A).ok_or("no change")?.change;
    equal("actions", change.actions.as_slice(), ["create"])?;
    contains(&only_warning(&output)?.text(), &["is gone", &code])?;
    context.apply()?.expecting(0)?;
    context.plan(0)?;
    Ok(())
}

fn change_replaces_the_link_with_a_warning(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context.applied(&link(""))?;
    let code = context.object(A)?.text("qrdl_code").to_owned();
    for (from, to) in [(MESSAGE, "Hello"), ("SVG", "PNG")] {
        context.configure(&link("").replace(from, to))?;
        let (plan, output) = context.plan(2)?;
        let change = &plan.change(A).ok_or("no change")?.change;
        equal("actions", change.actions.as_slice(), ["delete", "create"])?;
        contains(
            &only_warning(&output)?.text(),
            &[
                &format!("Replacing voids the QR codes of message link {code}"),
                "in print",
                "create_before_destroy",
            ],
        )?;
    }
    context.apply()?.expecting(0)?;
    let links = links(context);
    equal("links", links.len(), 1)?;
    equal("another link", links[0].code == code, false)?;
    equal("format", &*links[0].image, "PNG")?;
    context.plan(0)?;
    Ok(())
}

fn new_link_is_made_before_the_old_one_goes(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    let lifecycle = "lifecycle {\n    create_before_destroy = true\n  }";
    context.applied(&link(lifecycle))?;
    context.emulator.clear_calls();
    context.applied(&link(lifecycle).replace(MESSAGE, "Hello"))?;
    let calls = context.emulator.calls();
    let at = |action: &str| calls.iter().position(|call| call.action == action);
    equal("order", at(CREATE) < at(DELETE), true)?;
    equal("links", links(context).len(), 1)?;
    context.plan(0)?;
    Ok(())
}

fn changes_for_terraform_alone_send_nothing(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context.applied(&link(""))?;
    context.emulator.clear_calls();
    for more in [
        "deletion_policy = \"PREVENT\"",
        "timeouts {\n    read = \"90s\"\n  }",
    ] {
        context.configure(&link(more))?;
        let (plan, _) = context.plan(2)?;
        let change = &plan.change(A).ok_or("no change")?.change;
        equal("actions", change.actions.as_slice(), ["update"])?;
        equal("unknown attributes", change.unknown(), Vec::<&str>::new())?;
        context.apply()?.expecting(0)?;
        context.plan(0)?;
    }
    equal("writes", context.calls(CREATE) + context.calls(DELETE), 0)
}

fn link_is_imported(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context.applied(&link(""))?;
    let created = context.object(A)?;
    let directory = context.directory_with_the_provider()?;
    directory.write("main.tf", &context.directory.read("main.tf")?)?;
    directory
        .run(&["import", A, created.text("id")])?
        .expecting(0)?;
    equal("the object", directory.state()?.resource(A), Some(&created))?;
    directory.plan(&[])?.output.expecting(0)?;
    equal("creates", context.calls(CREATE), 1)?;

    directory.run(&["state", "rm", A])?.expecting(0)?;
    for (id, part) in [
        ("cams-8filvjc8snw", "`phone_number` is missing"),
        ("cams-8filvjc8snw:6580000001", "`qrdl_code` is missing"),
        (
            "cams-8filvjc8snw:6580000001:https://wa.me/message/A",
            "without its URL",
        ),
        ("cams-8filvjc8snw:6580000001:UNKNOWN", "UNKNOWN"),
    ] {
        let output = directory.run(&["import", A, id])?.expecting(1)?;
        contains(&output.text(), &[part])?;
    }
    Ok(())
}

fn import_block_by_identity_imports(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context.applied(&link(""))?;
    let code = context.object(A)?.text("qrdl_code").to_owned();
    context.directory = context.directory_with_the_provider()?;
    let output = context.applied(&format!(
        "{}import {{\n  to = {A}\n  identity = {{\n    cust_space_id = \"{SPACE}\"\n    phone_number = \"{NUMBER}\"\n    \
         qrdl_code = \"{code}\"\n  }}\n}}\n",
        link(""),
    ))?;
    contains(&output.text(), &["1 imported, 0 added, 0 changed"])?;
    equal("creates", context.calls(CREATE), 1)?;
    context.plan(0)?;
    Ok(())
}

fn format_of_an_imported_link_comes_from_the_configuration(
    context: &mut TestContext,
) -> TestResult {
    make_space(context)?;
    // The list does not show the format of the create. No link that is in print is replaced for that.
    for image in [ListImage::Absent, ListImage::Png] {
        context
            .emulator
            .set_behavior(|behavior| behavior.message_link.list_image = image);
        context.applied(&link(""))?;
        let id = context.object(A)?.text("id").to_owned();
        context.directory.run(&["state", "rm", A])?.expecting(0)?;
        context.directory.run(&["import", A, &id])?.expecting(0)?;
        let (plan, output) = context.plan(2)?;
        let change = &plan.change(A).ok_or("no change")?.change;
        equal("actions", change.actions.as_slice(), ["update"])?;
        equal("changed", change.changed(), ["generate_qr_image"])?;
        equal("warnings", output.warnings().len(), 0)?;
        context.emulator.clear_calls();
        context.apply()?.expecting(0)?;
        equal("writes", context.calls(CREATE) + context.calls(DELETE), 0)?;
        context.plan(0)?;
        // From now on a change replaces.
        context.configure(&link("").replace("SVG", "PNG"))?;
        let (plan, _) = context.plan(2)?;
        let change = &plan.change(A).ok_or("no change")?.change;
        equal("actions", change.actions.as_slice(), ["delete", "create"])?;
        context.applied("")?;
    }
    Ok(())
}

fn blanks_around_a_message_are_no_difference(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context
        .emulator
        .set_behavior(|behavior| behavior.message_link.message_trimmed = true);
    context.applied(&link("").replace(MESSAGE, "Hello "))?;
    equal(
        "state",
        context.object(A)?.text("prefilled_message"),
        "Hello ",
    )?;
    let refresh = context.directory.plan(&["-refresh-only"])?.output;
    refresh.expecting(0)?;
    context.configure(&link("").replace(MESSAGE, "Hello"))?;
    context.plan(0)?;
    Ok(())
}

fn late_links_are_waited_for(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    context
        .emulator
        .set_behavior(|behavior| behavior.message_link.lag_lists = 2);
    let output = context.applied(&link(""))?;
    equal("warnings", output.warnings().len(), 0)?;
    // One before the create, three after it.
    equal("lists", context.calls(LIST), 4)?;
    context.plan(0)?;

    // Six lists after the create do not show the link, nor do two plans. It is not made again.
    context.applied("")?;
    context
        .emulator
        .set_behavior(|behavior| behavior.message_link.lag_lists = 8);
    context.emulator.clear_calls();
    let output = context.applied(&link(""))?;
    let object = context.object(A)?;
    let code = object.text("qrdl_code");
    let check = |output: &Output| -> TestResult {
        let warning = only_warning(output)?;
        let summary = format!("Message link {code} is not in the list yet");
        equal("summary", &*warning.summary, summary)?;
        contains(
            &warning.text(),
            &["terraform state rm", "Provider.NotShownYet"],
        )
    };
    check(&output)?;
    for _ in 0..2 {
        let (_, output) = context.plan(0)?;
        check(&output)?;
    }
    let output = context.apply()?.expecting(0)?;
    equal("warnings", output.warnings().len(), 0)?;
    equal("the object", context.object(A)?, object.clone())?;
    equal("creates", context.calls(CREATE), 1)?;
    // Once it was shown, it can be gone.
    context
        .emulator
        .change_message_links(SPACE, NUMBER, Vec::clear);
    let (plan, _) = context.plan(2)?;
    let change = &plan.change(A).ok_or("no change")?.change;
    equal("actions", change.actions.as_slice(), ["create"])
}

fn links_with_one_message_are_several(context: &mut TestContext) -> TestResult {
    make_space(context)?;
    let both = format!("{}{}", link(""), link("").replace("\"a\"", "\"b\""));
    context.applied(&both)?;
    let state = context.directory.state()?;
    let ids: std::collections::BTreeSet<&str> = state
        .resources
        .iter()
        .map(|resource| resource.text("id"))
        .collect();
    equal("links in the state", ids.len(), 2)?;
    equal("links", links(context).len(), 2)?;
    context.plan(0)?;
    Ok(())
}
