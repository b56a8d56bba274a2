//! The whole life of a webhook.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_error, only_warning},
    cases,
    emulator::{Fault, FaultKind, PhoneNumber, WebhookEmpty},
};
use serde_json::{Value, json};

use crate::{LIST, NUMBER, SPACE, WABA, WEBHOOK, plan_only_reads, resource, with_numbers};

pub(crate) const CASES: &[Case] = cases![webhook:
    webhook_is_created_changed_and_cleared,
    changed_urls_are_drift,
    destroying_abandons_or_resets,
    reset_does_not_undo_what_the_run_has_written,
    number_declared_twice_is_an_error,
    runs_of_a_test_are_told_apart,
    overwritten_and_unencrypted_webhooks_are_warned_about,
    queue_that_is_turned_off_is_warned_about,
    lost_create_says_what_was_there,
    secret_parts_of_urls_are_not_printed,
    invalid_urls_are_rejected,
    import_takes_urls_and_sends_flags_once,
    import_block_by_identity_imports needs ImportByIdentity,
    missing_number_is_gone_and_unbound_space_is_an_error,
    lagging_and_kept_urls_are_warned_about,
    lost_responses_and_throttling_are_retried,
    refusals_name_the_number,
    all_numbers_of_a_space_share_one_list,
];

const A: &str = "alicloud_cams_phone_webhook.a";
const BOTH: &str = "status_callback_url = \"https://shop.example/status\"\n  up_callback_url = \"https://shop.example/inbound\"";

fn webhook(arguments: &str) -> String {
    resource("phone_webhook", arguments)
}

/// The URLs and flags at the service.
fn at_the_service(context: &TestContext) -> Value {
    match context.emulator.phone_copy(SPACE, NUMBER) {
        None => Value::Null,
        Some(copy) => json!([
            copy.status_callback_url,
            copy.up_callback_url,
            copy.http_flag,
            copy.queue_flag,
        ]),
    }
}

fn webhook_is_created_changed_and_cleared(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    let output = context.applied(&webhook(BOTH))?;
    equal("warnings", output.warnings().len(), 0)?;
    let object = context.object(A)?;
    let id = format!("{SPACE}:{NUMBER}");
    let expected = json!({
        "id": id,
        "cust_space_id": SPACE,
        "phone_number": NUMBER,
        "status_callback_url": "https://shop.example/status",
        "up_callback_url": "https://shop.example/inbound",
        "http_flag": "Y",
        "queue_flag": "N",
        "isv_code": null,
        "status_queue": null,
        "up_queue": null,
        "deletion_policy": "ABANDON",
        "timeouts": null,
        "account_id": null,
        "assume_role": null,
    });
    equal("the object", Value::Object(object.values), expected)?;
    let sent = json!([
        "https://shop.example/status",
        "https://shop.example/inbound",
        true,
        false
    ]);
    equal("the service", at_the_service(context), sent)?;
    equal("updates", context.calls(WEBHOOK), 1)?;
    let (plan, _) = plan_only_reads(context, 0)?;
    equal("drift", plan.resource_drift.len(), 0)?;

    // In place: the queue, and no inbound URL.
    context.configure(&webhook(
        "status_callback_url = \"https://shop.example/status\"\n  queue_flag = \"Y\"",
    ))?;
    let (plan, _) = plan_only_reads(context, 2)?;
    let change = &plan.change(A).ok_or("no change of the resource")?.change;
    equal("actions", change.actions.as_slice(), ["update"])?;
    context.apply()?.expecting(0)?;
    let sent = json!(["https://shop.example/status", "", true, true]);
    equal("the service", at_the_service(context), sent)?;
    let queue = context.object(A)?.text("status_queue").to_owned();
    contains(&queue, &["Alicom-Queue-", "-ChatAppStatus"])?;
    plan_only_reads(context, 0)?;

    // No URL at all: the flag follows.
    context.applied(&webhook(""))?;
    equal(
        "the service",
        at_the_service(context),
        json!(["", "", false, false]),
    )?;
    equal("http_flag", context.object(A)?.text("http_flag"), "N")?;
    plan_only_reads(context, 0)?;

    // What concerns Terraform alone is not sent.
    let updates = context.calls(WEBHOOK);
    context.applied(&webhook("deletion_policy = \"RESET\"\n  isv_code = \"x\""))?;
    equal("updates", context.calls(WEBHOOK), updates)?;
    plan_only_reads(context, 0)?;
    Ok(())
}

fn changed_urls_are_drift(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    context.applied(&webhook(BOTH))?;
    context.emulator.set_behavior(|behavior| {
        // A documented sample has a line break behind a URL.
        behavior.phone_number.url_suffix = "\n".to_owned();
    });
    let (plan, _) = plan_only_reads(context, 0)?;
    equal("drift", plan.resource_drift.len(), 0)?;
    context.emulator.change_phone_copy(SPACE, NUMBER, |copy| {
        copy.up_callback_url = "https://elsewhere.example".to_owned();
        copy.status_callback_url.clear();
    });
    let (plan, _) = plan_only_reads(context, 2)?;
    let change = &plan.change(A).ok_or("no change of the resource")?.change;
    equal("actions", change.actions.as_slice(), ["update"])?;
    equal(
        "before",
        &change.before["up_callback_url"],
        "https://elsewhere.example",
    )?;
    equal(
        "cleared",
        &change.before["status_callback_url"],
        &Value::Null,
    )?;
    context.apply()?.expecting(0)?;
    plan_only_reads(context, 0)?;
    equal(
        "healed",
        &at_the_service(context)[1],
        "https://shop.example/inbound",
    )
}

fn destroying_abandons_or_resets(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    context.applied(&webhook(BOTH))?;
    let output = context
        .directory
        .run(&["destroy", "-json", "-auto-approve"])?
        .expecting(0)?;
    let messages: String = output
        .warnings()
        .iter()
        .map(|warning| warning.text())
        .collect();
    contains(
        &messages,
        &[
            "Destroyed webhooks stay in the cloud",
            "goes on sending messages of 6580000001 to https://shop.example. To end that",
            &format!("terraform import 'ADDRESS' {SPACE}:{NUMBER}"),
        ],
    )?;
    equal("kept", &at_the_service(context)[2], true)?;

    context.applied(&webhook(&format!("{BOTH}\n  deletion_policy = \"RESET\"")))?;
    let output = context
        .directory
        .run(&["destroy", "-json", "-auto-approve"])?
        .expecting(0)?;
    equal("warnings", output.warnings().len(), 0)?;
    equal(
        "reset",
        at_the_service(context),
        json!(["", "", false, false]),
    )?;

    // A service that cannot clear a URL.
    context.emulator.set_behavior(|behavior| {
        behavior.phone_number.webhook_empty = WebhookEmpty::Keep;
    });
    context.applied(&webhook(&format!("{BOTH}\n  deletion_policy = \"RESET\"")))?;
    let output = context
        .directory
        .run(&["destroy", "-json", "-auto-approve"])?
        .expecting(0)?;
    let warning = only_warning(&output)?;
    equal(
        "summary",
        &*warning.summary,
        "The webhook of 6580000001 was not cleared",
    )?;
    contains(&warning.text(), &["UpCallbackUrl at https://shop.example"])
}

fn reset_does_not_undo_what_the_run_has_written(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    let written = json!([
        "https://shop.example/status",
        "https://shop.example/inbound",
        true,
        false
    ]);
    let reset = format!("{BOTH}\n  deletion_policy = \"RESET\"");
    let first = format!("{reset}\n  lifecycle {{\n    create_before_destroy = true\n  }}");
    context.applied(&webhook(&first))?;
    let replace = format!("-replace={A}");
    let output = context
        .directory
        .run(&["apply", "-json", "-auto-approve", &replace])?
        .expecting(0)?;
    equal(
        "summary",
        &*only_warning(&output)?.summary,
        "The webhook of 6580000001 was left as it is",
    )?;
    equal("the service", at_the_service(context), written.clone())?;

    // Renamed without a `moved` block. What refers to the webhook is changed in between, so that the old one goes last.
    let refers = |name: &str| {
        format!(
            "resource \"terraform_data\" \"reference\" {{\n  input = \"{name} ${{alicloud_cams_phone_webhook.{name}.id}}\"\n}}\n"
        )
    };
    let config = webhook(&reset);
    context.applied(&format!("{config}{}", refers("a")))?;
    let renamed = config.replace("\" \"a\" {", "\" \"b\" {");
    context.applied(&format!("{renamed}{}", refers("b")))?;
    equal("the service", at_the_service(context), written)?;
    plan_only_reads(context, 0)?;
    context.applied("")?;
    let cleared = json!(["", "", false, false]);
    equal("the service", at_the_service(context), cleared)
}

fn number_declared_twice_is_an_error(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    let second = webhook("").replace("\" \"a\" {", "\" \"b\" {");
    context.configure(&format!("{}{second}", webhook(BOTH)))?;
    let error = only_error(&context.apply()?.expecting(1)?)?;
    equal(
        "summary",
        &*error.summary,
        "Two resources manage the webhook of 6580000001",
    )?;
    contains(&error.text(), &["Provider.CreatedTwice", "phone_number"])?;
    equal("updates", context.calls(WEBHOOK), 1)?;
    equal("objects", context.directory.state()?.resources.len(), 1)
}

fn runs_of_a_test_are_told_apart(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    let url = "up_callback_url = \"https://shop.example/${var.path}\"";
    let config = webhook(&format!("{url}\n  deletion_policy = \"RESET\""));
    context.configure(&format!(
        "variable \"path\" {{\n  type = string\n}}\n{config}"
    ))?;
    let run = |path: &str| {
        format!(
            "run \"{path}\" {{\n  variables {{\n    path = \"{path}\"\n  }}\n  assert {{\n    condition = {A}.http_flag == \
             \"Y\"\n    error_message = \"off\"\n  }}\n}}\n"
        )
    };
    let test = format!("{}{}", run("one"), run("two"));
    context.directory.write("webhook.tftest.hcl", &test)?;
    context.directory.run(&["test"])?.expecting(0)?;
    // A create, an update, and what clears it in the end.
    equal("updates", context.calls(WEBHOOK), 3)?;
    let cleared = json!(["", "", false, false]);
    equal("the service", at_the_service(context), cleared)
}

fn overwritten_and_unencrypted_webhooks_are_warned_about(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    context.emulator.change_phone_copy(SPACE, NUMBER, |copy| {
        copy.up_callback_url = "https://old.example".to_owned();
    });
    context.configure(&webhook("up_callback_url = \"http://shop.example\""))?;
    let (_, output) = plan_only_reads(context, 2)?;
    let warning = only_warning(&output)?;
    equal(
        "summary",
        &*warning.summary,
        "Messages of customers travel unencrypted",
    )?;
    let output = context.apply()?.expecting(0)?;
    let messages: String = output
        .warnings()
        .iter()
        .map(|warning| warning.text())
        .collect();
    contains(
        &messages,
        &[
            "The webhook of 6580000001 was overwritten",
            "https://old.example",
        ],
    )?;
    // Said once, when it is planned.
    let (_, output) = plan_only_reads(context, 0)?;
    equal("warnings", output.warnings().len(), 0)?;

    context.configure(&webhook("http_flag = \"Y\""))?;
    let output = context
        .directory
        .run(&["validate", "-json"])?
        .expecting(0)?;
    contains(&output.text(), &["http_flag is Y, but there is no URL"])
}

fn queue_that_is_turned_off_is_warned_about(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    let use_queue = |context: &TestContext| {
        context
            .emulator
            .change_phone_copy(SPACE, NUMBER, |copy| copy.queue_flag = true)
    };
    use_queue(context);
    let output = context.applied(&webhook(BOTH))?;
    contains(
        &only_warning(&output)?.text(),
        &[
            "The webhook of 6580000001 was overwritten",
            "the queue Alicom-Queue-",
            "`queue_flag` is `N`",
        ],
    )?;
    equal("the queue", &at_the_service(context)[3], false)?;

    // After an import the plan warns, as long as the configuration says nothing.
    context.directory = context.directory_with_the_provider()?;
    use_queue(context);
    context.configure(&webhook(BOTH))?;
    let id = format!("{SPACE}:{NUMBER}");
    context.directory.run(&["import", A, &id])?.expecting(0)?;
    let summary = "Messages of 6580000001 will no longer go to queues";
    let (_, output) = plan_only_reads(context, 2)?;
    let warning = only_warning(&output)?;
    equal("summary", &*warning.summary, summary)?;
    contains(&warning.text(), &["the queue Alicom-Queue-"])?;
    context.configure(&webhook(&format!("{BOTH}\n  queue_flag = \"N\"")))?;
    let (_, output) = plan_only_reads(context, 2)?;
    equal("warnings", output.warnings().len(), 0)?;
    let output = context.applied(&webhook(&format!("{BOTH}\n  queue_flag = \"Y\"")))?;
    equal("warnings", output.warnings().len(), 0)?;
    equal("the queue", &at_the_service(context)[3], true)?;
    // The argument is removed.
    context.configure(&webhook(BOTH))?;
    let (_, output) = plan_only_reads(context, 2)?;
    equal("summary", &*only_warning(&output)?.summary, summary)
}

fn lost_create_says_what_was_there(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    context.emulator.change_phone_copy(SPACE, NUMBER, |copy| {
        copy.up_callback_url = "https://old.example/S3CRET".to_owned();
    });
    // The retry is refused, so that no limit of time has to pass.
    let lost = Fault::new(WEBHOOK, FaultKind::Html { status: 502 }).after();
    context.emulator.inject(lost)?;
    let refused = Fault::new(WEBHOOK, FaultKind::denied()).always();
    context.emulator.inject(refused.clone())?;
    context.configure(&webhook(BOTH))?;
    let output = context.apply()?.expecting(1)?;
    let error = only_error(&output)?.text();
    contains(
        &error,
        &[
            "Cannot set the webhook of 6580000001",
            "UpCallbackUrl at https://old.example",
            "Messages may already go to the configured webhook",
        ],
    )?;
    equal("secrets", output.text().contains("S3CRET"), false)?;
    equal("objects", context.directory.state()?.resources.len(), 0)?;
    equal(
        "the service",
        &at_the_service(context)[1],
        "https://shop.example/inbound",
    )?;

    // A refusal alone changes nothing.
    context.emulator.clear_faults();
    context.emulator.change_phone_copy(SPACE, NUMBER, |copy| {
        copy.up_callback_url = "https://old.example/S3CRET".to_owned();
    });
    context.emulator.inject(refused)?;
    let error = only_error(&context.apply()?.expecting(1)?)?.text();
    equal("told", error.contains("old.example"), false)
}

fn secret_parts_of_urls_are_not_printed(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    let hidden = |output: &acceptance_tests::terraform::Output| -> TestResult {
        equal("secrets", output.text().contains("S3CRET"), false)
    };
    // Not in the resource itself: the CLI prints the lines that a diagnostic points at.
    let config = |url: &str| {
        let variable =
            format!("variable \"url\" {{\n  sensitive = true\n  default   = \"{url}\"\n}}\n");
        webhook("up_callback_url = var.url") + &variable
    };
    for url in [
        "https://shop.example/S3CRET\\n",
        "ftp://user:S3CRET@shop.example",
    ] {
        context.configure(&config(url))?;
        let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
        contains(&only_error(&output)?.text(), &["up_callback_url"])?;
        hidden(&output)?;
    }
    context.emulator.change_phone_copy(SPACE, NUMBER, |copy| {
        copy.up_callback_url = "https://user:S3CRET@old.example/S3CRET".to_owned();
    });
    // A service that shows no new URL for a while, and cannot clear one.
    context.emulator.set_behavior(|behavior| {
        behavior.phone_number.webhook_lag_queries = 100;
        behavior.phone_number.webhook_empty = WebhookEmpty::Keep;
    });
    context.configure(&config("https://shop.example/hook?token=S3CRET"))?;
    let output = context.apply()?.expecting(0)?;
    equal("warnings", output.warnings().len(), 2)?;
    hidden(&output)?;
    let destroy = ["destroy", "-json", "-auto-approve"];
    let output = context.directory.run(&destroy)?.expecting(0)?;
    contains(
        &output.text(),
        &["goes on sending messages of 6580000001 to https://"],
    )?;
    hidden(&output)?;
    // A refusal that repeats the request.
    let refusal = FaultKind::Error {
        status: 400,
        code: "InvalidParameter".to_owned(),
        message: "UpCallbackUrl https://shop.example/hook?token=S3CRET is wrong".to_owned(),
        retry_after_ms: None,
    };
    context.emulator.inject(Fault::new(WEBHOOK, refusal))?;
    let output = context.apply()?.expecting(1)?;
    contains(&only_error(&output)?.text(), &["is wrong"])?;
    hidden(&output)
}

fn invalid_urls_are_rejected(context: &mut TestContext) -> TestResult {
    for (arguments, part) in [
        ("up_callback_url = \"\"", "must not be empty"),
        (
            "up_callback_url = \"https://a.example \"",
            "white space around it",
        ),
        ("status_callback_url = \"ftp://a.example\"", "begins with"),
        ("http_flag = \"y\"", "http_flag"),
    ] {
        context.configure(&webhook(arguments))?;
        let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
        contains(&only_error(&output)?.text(), &[part])?;
    }
    let config = webhook("").replace(NUMBER, "+65 80000001");
    context.configure(&config)?;
    let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["phone_number", "normalize_phone_number"],
    )?;
    equal("calls", context.emulator.calls().len(), 0)
}

fn import_takes_urls_and_sends_flags_once(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    context.emulator.change_phone_copy(SPACE, NUMBER, |copy| {
        copy.up_callback_url = "https://shop.example/inbound".to_owned();
    });
    context.configure(&webhook(
        "up_callback_url = \"https://shop.example/inbound\"",
    ))?;
    let id = format!("{SPACE}:{NUMBER}");
    context.directory.run(&["import", A, &id])?.expecting(0)?;
    let object = context.object(A)?;
    equal(
        "URL",
        object.text("up_callback_url"),
        "https://shop.example/inbound",
    )?;
    equal("flag", &object.values["http_flag"], &Value::Null)?;
    let (plan, _) = plan_only_reads(context, 2)?;
    let change = &plan.change(A).ok_or("no change of the resource")?.change;
    equal("actions", change.actions.as_slice(), ["update"])?;
    context.apply()?.expecting(0)?;
    equal("updates", context.calls(WEBHOOK), 1)?;
    plan_only_reads(context, 0)?;

    for (id, part) in [
        ("cams-1", "`phone_number` is missing"),
        ("cams-1:+65", "must be a phone number"),
    ] {
        let directory = context.directory_with_the_provider()?;
        directory.write("main.tf", &context.directory.read("main.tf")?)?;
        let output = directory.run(&["import", A, id])?.expecting(1)?;
        contains(&output.text(), &[part])?;
    }
    Ok(())
}

fn import_block_by_identity_imports(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    context.configure(&format!(
        "{}import {{\n  to = {A}\n  identity = {{\n    cust_space_id = \"{SPACE}\"\n    phone_number = \"{NUMBER}\"\n  }}\n}}\n",
        webhook(""),
    ))?;
    let output = context
        .directory
        .run(&["apply", "-auto-approve"])?
        .expecting(0)?;
    contains(&output.text(), &["1 imported, 0 added"])?;
    plan_only_reads(context, 0)?;
    Ok(())
}

fn missing_number_is_gone_and_unbound_space_is_an_error(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    context.applied(&webhook(BOTH))?;
    context.emulator.unbind(SPACE)?;
    let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
    let error = only_error(&output)?;
    equal(
        "summary",
        &*error.summary,
        &*format!("Space {SPACE} has no WABA"),
    )?;
    contains(
        &error.text(),
        &[
            "the webhook of 6580000001",
            "stays in the state",
            "Provider.SpaceWithoutWaba",
        ],
    )?;
    context.emulator.rebind(SPACE, WABA)?;
    plan_only_reads(context, 0)?;
    // A list without its key is no empty list.
    let fields = vec!["PhoneNumbers".to_owned()];
    let missing = Fault::new(LIST, FaultKind::MissingFields { fields });
    context.emulator.inject(missing.always())?;
    let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["stays in the state", "PhoneNumbers"],
    )?;
    context.emulator.clear_faults();
    context.emulator.remove_phone_number(WABA, NUMBER);
    let (plan, output) = plan_only_reads(context, 2)?;
    let change = &plan.change(A).ok_or("no change of the resource")?.change;
    equal("actions", change.actions.as_slice(), ["create"])?;
    contains(&output.text(), &["is gone", "does not show phone number"])
}

fn lagging_and_kept_urls_are_warned_about(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    context.emulator.set_behavior(|behavior| {
        behavior.phone_number.webhook_lag_queries = 2;
    });
    let output = context.applied(&webhook(BOTH))?;
    equal("warnings", output.warnings().len(), 0)?;
    plan_only_reads(context, 0)?;
    // A service that hides the URLs of a number without HTTP.
    context.emulator.set_behavior(|behavior| {
        behavior.phone_number.webhook_lag_queries = 0;
        behavior.phone_number.flag_n_hides_url = true;
    });
    let output = context.applied(&webhook(&format!("{BOTH}\n  http_flag = \"N\"")))?;
    let warning = only_warning(&output)?;
    equal(
        "summary",
        &*warning.summary,
        "The service does not show the new webhook of 6580000001",
    )?;
    contains(&warning.text(), &["shows no URL", "`http_flag` is `N`"])
}

fn lost_responses_and_throttling_are_retried(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    context
        .emulator
        .inject(Fault::new(WEBHOOK, FaultKind::Cut).after())?;
    context.applied(&webhook(BOTH))?;
    equal("updates", context.calls(WEBHOOK), 2)?;
    let throttle = FaultKind::Throttle {
        status: 429,
        code: "Throttling.User".to_owned(),
        retry_after_ms: Some(1),
    };
    context
        .emulator
        .inject(Fault::new(LIST, throttle).times(2))?;
    plan_only_reads(context, 0)?;
    // After a failed list the next object reads it again.
    let html = FaultKind::Html { status: 502 };
    context.emulator.inject(Fault::new(LIST, html))?;
    plan_only_reads(context, 0)?;
    Ok(())
}

fn refusals_name_the_number(context: &mut TestContext) -> TestResult {
    with_numbers(context)?;
    context.configure(&webhook(BOTH))?;
    context
        .emulator
        .inject(Fault::new(WEBHOOK, FaultKind::denied()).always())?;
    let output = context.apply()?.expecting(1)?;
    let error = only_error(&output)?;
    equal(
        "summary",
        &*error.summary,
        "Cannot set the webhook of 6580000001: permission denied",
    )?;
    contains(
        &error.text(),
        &["cams:UpdatePhoneWebhook", "cams:QueryChatappPhoneNumbers"],
    )?;
    equal("objects", context.directory.state()?.resources.len(), 0)?;
    context.emulator.clear_faults();
    context.configure(&webhook(BOTH).replace(NUMBER, "6580000009"))?;
    let output = context.apply()?.expecting(1)?;
    let error = only_error(&output)?;
    equal(
        "summary",
        &*error.summary,
        "Cannot set the webhook of 6580000009: the phone number is wrong",
    )?;
    contains(
        &error.text(),
        &[
            "InvalidParameter.PhoneNumberError",
            "the phone number is wrong",
        ],
    )
}

fn all_numbers_of_a_space_share_one_list(context: &mut TestContext) -> TestResult {
    crate::bound(context)?;
    let numbers: Vec<String> = (1..=12)
        .map(|number| format!("65800100{number:02}"))
        .collect();
    for number in &numbers {
        let mut signed_up = PhoneNumber::signed_up(number);
        signed_up.status = "CONNECTED".to_owned();
        context.emulator.put_phone_number(WABA, signed_up);
    }
    context.emulator.sync_phone_numbers(SPACE)?;
    let config = format!(
        "locals {{\n  numbers = toset({numbers:?})\n}}\n\
         resource \"alicloud_cams_phone_number\" \"a\" {{\n  for_each = local.numbers\n  cust_space_id = \"{SPACE}\"\n  phone_number = each.key\n}}\n\
         resource \"alicloud_cams_phone_webhook\" \"a\" {{\n  for_each = local.numbers\n  cust_space_id = \"{SPACE}\"\n  phone_number = each.key\n  \
         up_callback_url = \"https://shop.example/${{each.key}}\"\n}}\n\
         data \"alicloud_cams_phone_numbers\" \"a\" {{\n  cust_space_id = \"{SPACE}\"\n}}\n"
    );
    context.applied(&config)?;
    context.emulator.clear_calls();
    plan_only_reads(context, 0)?;
    equal("lists of a plan", context.calls(LIST), 1)?;
    equal("calls of a plan", context.emulator.calls().len(), 1)
}
