//! Templates without failures: create, no change, drift, change in place, destroy.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_error, only_warning},
    cases,
    emulator::{ArchivedDetail, ComponentOrder, Fault, FaultKind, MediaUrl, TemplateShape},
};
use serde_json::{Value, json};

use crate::{
    A, ARCHIVE, CREATE, DELETE, DETAIL, LIST, MODIFY, PROPERTIES, WRITES, reviewed, template,
    the_template, utility, with_space,
};

pub(crate) const CASES: &[Case] = cases![lifecycle:
    create_sends_all_components_and_the_second_plan_is_empty,
    authentication_is_created_without_texts,
    every_form_of_the_response_plans_empty,
    content_changes_in_place_with_one_modification,
    properties_change_without_a_modification,
    refused_property_fails_an_update_and_not_a_create,
    drift_of_each_attribute_is_planned,
    removed_time_to_live_stays_and_is_not_sent_again,
    spelled_out_defaults_and_empty_components_change_nothing,
    refreshes_only_read,
    each_deletion_policy_does_what_it_says,
    templates_of_a_space_are_listed_once,
];

/// A template with every kind of component.
const RICH: &str = r#"
  header = {
    format = "IMAGE"
    url    = "https://example.com/i.png"
  }
  body = {
    text = <<-EOT
      Hello $(customer),
      your order $(order) is on its way.
    EOT
  }
  footer = { text = "Example Shop" }
  limited_time_offer = {
    text           = "Only today"
    has_expiration = true
  }
  buttons = [
    { type = "QUICK_REPLY", text = "Stop", is_opt_out = true },
    { type = "URL", text = "Track", url = "https://example.com/$(order)", url_type = "dynamic" },
    { type = "URL", text = "Shop", url = "https://example.com" },
    { type = "PHONE_NUMBER", text = "Call", phone_number = "+6580001234" },
  ]
  cards = [
    {
      header  = { format = "IMAGE", url = "https://example.com/1.png" }
      body    = { text = "One" }
      buttons = [{ type = "QUICK_REPLY", text = "Take one" }]
    },
    {
      header = { format = "IMAGE", url = "https://example.com/2.png" }
      body   = { text = "Two" }
    },
  ]
  example = {
    customer = "Ana"
    order    = "4711"
  }
  product_set_id           = "7"
"#;

fn create_sends_all_components_and_the_second_plan_is_empty(
    context: &mut TestContext,
) -> TestResult {
    with_space(context)?;
    let output = context.applied(&template("MARKETING", RICH))?;
    equal("warnings", output.warnings().len(), 0)?;
    let made = the_template(context)?;
    let kinds: Vec<&str> = made
        .components
        .as_array()
        .ok_or("components")?
        .iter()
        .filter_map(|part| part["Type"].as_str())
        .collect();
    equal(
        "components",
        kinds,
        [
            "HEADER",
            "LIMITED_TIME_OFFER",
            "BODY",
            "FOOTER",
            "BUTTONS",
            "CAROUSEL",
        ],
    )?;
    equal(
        "example",
        &made.example,
        &json!({"customer": "Ana", "order": "4711"}),
    )?;
    let object = context.object(A)?;
    equal("tainted", object.tainted, false)?;
    for (name, expected) in [
        ("audit_status", "auditing"),
        ("current_category", "MARKETING"),
        ("quality_score", "UNKNOWN"),
        ("template_type", "WHATSAPP"),
        ("deletion_policy", "DELETE"),
    ] {
        equal(name, object.text(name), expected)?;
    }
    equal("template_code", object.text("template_code"), &*made.code)?;
    equal(
        "id",
        object.text("id"),
        format!("{}:{}:en:WHATSAPP", crate::SPACE, made.code),
    )?;
    equal("allow_send", &object.values["allow_send"], true)?;
    equal("reason", &object.values["reason"], &Value::Null)?;
    let (plan, output) = context.plan(0)?;
    equal("drift", plan.resource_drift.len(), 0)?;
    equal("warnings", output.warnings().len(), 0)?;
    equal("creates", context.calls(CREATE), 1)
}

fn authentication_is_created_without_texts(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.applied(&template(
        "AUTHENTICATION",
        r#"
  body   = { add_secret_recommendation = true }
  footer = { code_expiration_minutes = 5 }
  buttons = [{
    type          = "ONE_TAP"
    text          = "Copy"
    autofill_text = "Fill in"
    supported_apps = [{ package_name = "com.example", signature_hash = "K8a" }]
  }]
  message_send_ttl_seconds = 60
"#,
    ))?;
    let sent = the_template(context)?.components;
    equal(
        "the body",
        &sent[0],
        &json!({"Type": "BODY", "AddSecretRecommendation": true}),
    )?;
    equal(
        "the footer",
        &sent[1],
        &json!({"Type": "FOOTER", "CodeExpirationMinutes": 5}),
    )?;
    context.plan(0)?;
    Ok(())
}

fn every_form_of_the_response_plans_empty(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.applied(&template("MARKETING", RICH))?;
    context
        .emulator
        .set_behavior(|behavior| behavior.template.fills_defaults = false);
    context.plan(0)?;
    context.emulator.set_behavior(|behavior| {
        behavior.template.fills_defaults = true;
        behavior.template.component_order = ComponentOrder::Reversed;
        behavior.template.media_url = MediaUrl::Copy;
    });
    context.plan(0)?;
    context
        .emulator
        .set_behavior(|behavior| behavior.template.shape = TemplateShape::OldJsonText);
    context.plan(0)?;
    Ok(())
}

fn content_changes_in_place_with_one_modification(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.applied(&utility("One", "category_change_paused = true"))?;
    let code = the_template(context)?.code;
    reviewed(context, "fail", Some("too short"));
    context.configure(&utility("Two", "category_change_paused = true"))?;
    let (plan, _) = context.plan(2)?;
    let change = &plan.change(A).ok_or("no change")?.change;
    equal("actions", change.actions.as_slice(), ["update"])?;
    equal(
        "audit_status is unknown",
        change.unknown().contains(&"audit_status"),
        true,
    )?;
    context.apply()?.expecting(0)?;
    let now = the_template(context)?;
    equal("the code", now.code, code)?;
    equal("the text", &now.components[0]["Text"], "Two")?;
    equal("paused", now.category_change_paused, true)?;
    equal("modifications", context.calls(MODIFY), 1)?;
    equal("properties", context.calls(PROPERTIES), 0)?;
    equal(
        "status",
        context.object(A)?.text("audit_status"),
        "auditing",
    )?;
    context.plan(0)?;
    // White space and the policy are no content.
    context.configure(&utility(
        "Two\\n",
        "category_change_paused = true\n  deletion_policy = \"ABANDON\"",
    ))?;
    let (plan, _) = context.plan(2)?;
    let change = &plan.change(A).ok_or("no change")?.change;
    equal("unknown attributes", change.unknown(), Vec::<&str>::new())?;
    context.apply()?.expecting(0)?;
    equal("modifications", context.calls(MODIFY), 1)?;
    context.plan(0)?;
    Ok(())
}

fn properties_change_without_a_modification(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.applied(&utility("One", "allow_send = false"))?;
    equal("allow_send", the_template(context)?.allow_send, false)?;
    equal("properties", context.calls(PROPERTIES), 1)?;
    context.plan(0)?;
    context.configure(&utility(
        "One",
        "allow_send = true\n  category_change_paused = true",
    ))?;
    let (plan, output) = context.plan(2)?;
    let change = &plan.change(A).ok_or("no change")?.change;
    equal("actions", change.actions.as_slice(), ["update"])?;
    equal(
        "changed attributes",
        change.changed(),
        ["allow_send", "category_change_paused"],
    )?;
    equal("warnings", output.warnings().len(), 0)?;
    context.apply()?.expecting(0)?;
    let now = the_template(context)?;
    equal("allow_send", now.allow_send, true)?;
    equal("paused", now.category_change_paused, true)?;
    equal("modifications", context.calls(MODIFY), 0)?;
    context.plan(0)?;
    Ok(())
}

fn refused_property_fails_an_update_and_not_a_create(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    let refused = || {
        let kind = FaultKind::Error {
            status: 400,
            code: "InvalidParameter.Properties".to_owned(),
            message: "no".to_owned(),
            retry_after_ms: None,
        };
        context.emulator.inject(Fault::new(PROPERTIES, kind))
    };
    // An error would taint the new template.
    refused()?;
    let output = context.applied(&utility("One", "allow_send = false"))?;
    contains(
        &only_warning(&output)?.text(),
        &[
            "Cannot change the properties of templat",
            "The template was created, and is in the state.",
            "InvalidParameter.Properties",
        ],
    )?;
    equal("tainted", context.object(A)?.tainted, false)?;
    let (plan, _) = context.plan(2)?;
    let change = &plan.change(A).ok_or("no change")?.change;
    equal("changed", change.changed(), ["allow_send"])?;
    context.applied(&utility("One", "allow_send = true"))?;
    // With other content, and where the template cannot be read after that.
    for (text, is_read) in [("Two", true), ("Three", false)] {
        refused()?;
        if !is_read {
            let gone = FaultKind::denied();
            context
                .emulator
                .inject(Fault::new(DETAIL, gone).skip(1).always())?;
        }
        context.configure(&utility(text, "allow_send = false"))?;
        let output = context.apply()?.expecting(1)?;
        context.emulator.clear_faults();
        contains(
            &only_error(&output)?.text(),
            &[
                "Cannot change the properties of templat",
                "The new content was submitted before that, and is in the state.",
                "InvalidParameter.Properties",
            ],
        )?;
        let object = context.object(A)?;
        equal("tainted", object.tainted, false)?;
        equal("allow_send", &object.values["allow_send"], true)?;
        equal("the text", &object.values["body"]["text"], text)?;
        let now = the_template(context)?;
        equal("the text", &now.components[0]["Text"], text)?;
        let (plan, _) = context.plan(2)?;
        let change = &plan.change(A).ok_or("no change")?.change;
        equal("changed", change.changed(), ["allow_send"])?;
    }
    // Alone.
    refused()?;
    let output = context.apply()?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["InvalidParameter.Properties"],
    )?;
    equal("allow_send", &context.object(A)?.values["allow_send"], true)?;
    equal("modifications", context.calls(MODIFY), 2)?;
    context.apply()?.expecting(0)?;
    equal("allow_send", the_template(context)?.allow_send, false)?;
    context.plan(0)?;
    Ok(())
}

fn drift_of_each_attribute_is_planned(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.applied(&template(
        "MARKETING",
        &format!("{RICH}\n  allow_send = true\n  message_send_ttl_seconds = 60"),
    ))?;
    let before = the_template(context)?;
    let position = |kind: &str| {
        let parts = before.components.as_array().cloned().unwrap_or_default();
        parts
            .iter()
            .position(|part| part["Type"] == kind)
            .unwrap_or_default()
    };
    let cases: Vec<(&str, usize, &str, Value)> = vec![
        ("header", position("HEADER"), "/Format", json!("VIDEO")),
        ("body", position("BODY"), "/Text", json!("Other")),
        ("footer", position("FOOTER"), "/Text", json!("Other")),
        (
            "limited_time_offer",
            position("LIMITED_TIME_OFFER"),
            "/HasExpiration",
            json!(false),
        ),
        (
            "buttons",
            position("BUTTONS"),
            "/Buttons/1/Text",
            json!("Other"),
        ),
        (
            "buttons",
            position("BUTTONS"),
            "/Buttons/3/PhoneNumber",
            json!("+4930"),
        ),
        (
            "cards",
            position("CAROUSEL"),
            "/Cards/1/CardComponents/1/Text",
            json!("Other"),
        ),
    ];
    let drifted = |context: &TestContext, name: &str| -> TestResult {
        let (plan, _) = context.plan(2)?;
        let change = &plan.change(A).ok_or("no change")?.change;
        equal("actions", change.actions.as_slice(), ["update"])?;
        equal(name, change.changed().contains(&name), true)
    };
    for (name, index, pointer, value) in cases {
        context
            .emulator
            .change_templates(crate::SPACE, "hello", |row| {
                let place = row.components[index].pointer_mut(pointer);
                *place.expect("the place is there") = value.clone();
            });
        drifted(context, name)?;
        context
            .emulator
            .change_templates(crate::SPACE, "hello", |row| *row = before.clone());
    }
    context
        .emulator
        .change_templates(crate::SPACE, "hello", |row| {
            row.example["order"] = json!("1")
        });
    drifted(context, "example")?;
    context
        .emulator
        .change_templates(crate::SPACE, "hello", |row| {
            *row = before.clone();
            row.message_send_ttl_seconds = Some(90);
        });
    drifted(context, "message_send_ttl_seconds")?;
    context
        .emulator
        .change_templates(crate::SPACE, "hello", |row| {
            *row = before.clone();
            row.allow_send = false;
        });
    drifted(context, "allow_send")?;
    context
        .emulator
        .change_templates(crate::SPACE, "hello", |row| {
            *row = before.clone();
            row.product_set_id = None;
        });
    drifted(context, "product_set_id")?;
    // An apply heals it.
    context.apply()?.expecting(0)?;
    equal(
        "healed",
        the_template(context)?.product_set_id.as_deref(),
        Some("7"),
    )?;
    // A template that is gone is planned as a create.
    context.emulator.remove_templates(crate::SPACE, "hello");
    let (plan, output) = context.plan(2)?;
    equal(
        "actions",
        plan.change(A).ok_or("no change")?.change.actions.as_slice(),
        ["create"],
    )?;
    contains(
        &only_warning(&output)?.text(),
        &["Template hello (en) is gone"],
    )
}

/// No operation removes the time to live.
fn removed_time_to_live_stays_and_is_not_sent_again(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.applied(&utility("One", "message_send_ttl_seconds = 60"))?;
    reviewed(context, "pass", None);
    context.configure(&utility("One", ""))?;
    let (_, output) = context.plan(0)?;
    equal("warnings", output.warnings().len(), 0)?;
    context.apply()?.expecting(0)?;
    let seconds = &context.object(A)?.values["message_send_ttl_seconds"];
    equal("seconds in the state", seconds, 60)?;
    equal("modifications", context.calls(MODIFY), 0)?;
    // Other content is sent with the value that stays.
    context.applied(&utility("Two", ""))?;
    let now = the_template(context)?;
    equal("seconds", now.message_send_ttl_seconds, Some(60))?;
    context.plan(0)?;
    context.applied(&utility("Two", "message_send_ttl_seconds = 90"))?;
    let now = the_template(context)?;
    equal("seconds", now.message_send_ttl_seconds, Some(90))?;
    equal("modifications", context.calls(MODIFY), 2)?;
    context.plan(0)?;
    Ok(())
}

fn spelled_out_defaults_and_empty_components_change_nothing(
    context: &mut TestContext,
) -> TestResult {
    with_space(context)?;
    let with = |static_type: &str, dynamic_type: &str, more: &str| {
        utility(
            "One",
            &format!(
                "buttons = [\n    {{ type = \"URL\", text = \"Shop\", url = \"https://example.com\" {static_type} }},\n    {{ type \
                 = \"URL\", text = \"Track\", url = \"https://example.com/$(order)\" {dynamic_type} }},\n  ]\n  example = {{ order \
                 = \"1\" }}\n  {more}"
            ),
        )
    };
    let empty = "footer = {}\n  limited_time_offer = {}";
    context.applied(&with("", "", ""))?;
    reviewed(context, "pass", None);
    context
        .directory
        .run(&["apply", "-refresh-only", "-auto-approve"])?
        .expecting(0)?;
    context.configure(&with(
        ", url_type = \"static\"",
        ", url_type = \"dynamic\"",
        empty,
    ))?;
    for fills_defaults in [true, false] {
        context
            .emulator
            .set_behavior(|behavior| behavior.template.fills_defaults = fills_defaults);
        let (plan, output) = context.plan(if fills_defaults { 2 } else { 0 })?;
        equal("warnings", output.warnings().len(), 0)?;
        let unknown = plan.change(A).map(|change| change.change.unknown().len());
        equal("unknown attributes", unknown.unwrap_or(0), 0)?;
        context.apply()?.expecting(0)?;
        context.plan(0)?;
    }
    equal("modifications", context.calls(MODIFY), 0)?;
    equal("status", context.object(A)?.text("audit_status"), "pass")?;
    // Nothing empty is sent with other content.
    let other = with("", "", empty).replace("One", "Two");
    context.applied(&other)?;
    let parts = the_template(context)?.components;
    let parts = parts.as_array().ok_or("components")?.iter();
    let kinds: Vec<&str> = parts.filter_map(|part| part["Type"].as_str()).collect();
    equal("components", kinds, ["BODY", "BUTTONS"])?;
    context.plan(0)?;
    // Another type than the service derives is content.
    context.configure(&with(", url_type = \"dynamic\"", "", empty).replace("One", "Two"))?;
    let (plan, _) = context.plan(2)?;
    let change = &plan.change(A).ok_or("no change")?.change;
    equal(
        "audit_status is unknown",
        change.unknown().contains(&"audit_status"),
        true,
    )
}

fn refreshes_only_read(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    context.applied(&utility("One", ""))?;
    context.emulator.clear_calls();
    reviewed(context, "pass", None);
    context.plan(0)?;
    let refresh = ["plan", "-refresh-only", "-detailed-exitcode"];
    context.directory.run(&refresh)?.expecting(2)?;
    let calls = context.emulator.calls();
    let actions: Vec<&str> = calls.iter().map(|call| &*call.action).collect();
    equal("calls", actions, [DETAIL, DETAIL])?;
    context.emulator.remove_templates(crate::SPACE, "hello");
    context.plan(2)?;
    let calls = context.emulator.calls();
    let writes = calls.iter().filter(|call| WRITES.contains(&&*call.action));
    equal("writes", writes.count(), 0)
}

fn each_deletion_policy_does_what_it_says(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    let destroy = ["destroy", "-json", "-auto-approve"];
    context.applied(&utility("One", "deletion_policy = \"PREVENT\""))?;
    let output = context.directory.run(&destroy)?.expecting(1)?;
    contains(&output.text(), &["Provider.DeletionPrevented"])?;
    context.applied(&utility("One", "deletion_policy = \"ABANDON\""))?;
    let output = context.directory.run(&destroy)?.expecting(0)?;
    contains(
        &output.text(),
        &[
            "Destroyed message templates stay in the cloud",
            "terraform import 'ADDRESS' cams-8filvjc8snw:",
        ],
    )?;
    the_template(context)?;
    context.emulator.remove_templates(crate::SPACE, "hello");

    context.applied(&utility("One", "deletion_policy = \"ARCHIVE\""))?;
    context
        .emulator
        .set_behavior(|behavior| behavior.template.archive_inner_code = "X.Inner".to_owned());
    let output = context.directory.run(&destroy)?.expecting(1)?;
    contains(
        &output.text(),
        &[
            "Cannot archive template hello",
            "X.Inner",
            "stays in the state",
        ],
    )?;
    context
        .emulator
        .set_behavior(|behavior| behavior.template.archive_inner_code = "OK".to_owned());
    reviewed(context, "pass", None);
    let output = context.directory.run(&destroy)?.expecting(0)?;
    contains(
        &output.text(),
        &["Destroying archives approved message templates"],
    )?;
    equal("archived", the_template(context)?.archived, true)?;
    equal("deletes", context.calls(DELETE), 0)?;
    context.emulator.remove_templates(crate::SPACE, "hello");

    // An archived template that details do not show is gone.
    context.applied(&utility("One", ""))?;
    context
        .emulator
        .change_templates(crate::SPACE, "hello", |row| row.archived = true);
    context
        .emulator
        .set_behavior(|behavior| behavior.template.archived_detail = ArchivedDetail::NotFound);
    context.plan(2)?;
    context
        .emulator
        .set_behavior(|behavior| behavior.template.archived_detail = ArchivedDetail::Shown);

    reviewed(context, "pass", None);
    context.apply()?.expecting(0)?;
    let output = context.directory.run(&destroy)?.expecting(0)?;
    contains(
        &output.text(),
        &["Destroying deletes the approved template hello"],
    )?;
    equal(
        "templates",
        context.emulator.templates(crate::SPACE).len(),
        0,
    )?;
    equal("archives", context.calls(ARCHIVE), 2)
}

fn templates_of_a_space_are_listed_once(context: &mut TestContext) -> TestResult {
    with_space(context)?;
    let many = format!(
        "resource \"alicloud_cams_chatapp_template\" \"a\" {{\n  count = 6\n  cust_space_id = \"{}\"\n  name = \
         \"t${{count.index}}\"\n  language = \"en\"\n  category = \"UTILITY\"\n  body = {{ text = \"x\" }}\n}}\n",
        crate::SPACE
    );
    context.applied(&many)?;
    equal(
        "templates",
        context.emulator.templates(crate::SPACE).len(),
        6,
    )?;
    equal("lists", context.calls(LIST), 1)?;
    equal("creates", context.calls(CREATE), 6)?;
    context.plan(0)?;
    Ok(())
}
