//! What holds for each setting: its whole life, drift, import, both policies, errors, lost responses, throttling.

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal, only_error, only_warning},
    cases,
    emulator::{
        AccessKey, Account, DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET, DEFAULT_ACCOUNT,
        Fault, FaultKind,
    },
};
use serde_json::{Value, json};

use crate::{ID, NUMBER, SPACE, WABA, make_space, resource};

pub(crate) const CASES: &[Case] = cases![common:
    settings_live_and_refreshes_only_read,
    drift_is_planned_and_healed,
    settings_are_imported,
    import_block_by_identity_imports needs ImportByIdentity,
    missing_number_is_gone_and_unbound_space_is_an_error,
    abandon_leaves_and_reset_clears,
    reset_does_not_undo_what_the_run_has_written,
    number_declared_twice_is_an_error,
    changes_for_terraform_alone_send_nothing,
    errors_name_object_and_code,
    invalid_configurations_are_rejected_without_a_request,
    lost_responses_and_throttling_are_retried,
    late_reads_are_waited_for,
    ignored_writes_are_warned_about,
];

/// An attribute, and what changes it behind Terraform's back.
type Drift = (&'static str, fn(&TestContext));

/// One type, with two configurations and what they come to.
struct Type {
    kind: &'static str,
    noun: &'static str,
    write: &'static str,
    read: &'static str,
    /// Arguments, and the attributes that they become.
    one: (&'static str, Value),
    other: (&'static str, Value),
    /// What is there after a reset.
    neutral: Value,
    /// The setting as the cloud has it, in the words of the attributes.
    truth: fn(&TestContext) -> Value,
    /// Changes each readable attribute behind Terraform's back, one after the other.
    drifts: &'static [Drift],
}

fn types() -> Vec<Type> {
    vec![
        Type {
            kind: "alicloud_cams_phone_business_profile",
            noun: "profile",
            write: "ModifyPhoneBusinessProfile",
            read: "QueryPhoneBusinessProfile",
            one: (
                "about = \"Open\"\n  address = \"1 Road\"\n  description = \"Shop\"\n  email = \"a@b.c\"\n  vertical = \"RETAIL\"\n  websites = [\"https://a.b\", \"https://c.d\"]",
                json!({
                    "about": "Open", "address": "1 Road", "description": "Shop", "email": "a@b.c", "vertical": "RETAIL",
                    "websites": ["https://a.b", "https://c.d"],
                }),
            ),
            other: (
                "about = \"Closed\"\n  address = \"2 Road\"\n  description = \"\"\n  email = \"d@e.f\"\n  vertical = \"HOTEL\"\n  websites = []",
                json!({
                    "about": "Closed", "address": "2 Road", "description": "", "email": "d@e.f", "vertical": "HOTEL",
                    "websites": [],
                }),
            ),
            neutral: json!({
                "about": "Open", "address": "", "description": "", "email": "", "vertical": "", "websites": [],
            }),
            truth: |context| {
                let profile = context.emulator.change_profile(SPACE, NUMBER, |_| {});
                json!({
                    "about": profile.about, "address": profile.address, "description": profile.description,
                    "email": profile.email, "vertical": profile.vertical, "websites": profile.websites,
                })
            },
            drifts: &[
                ("about", |context| {
                    drift_profile(context, |it| it.about = "x".to_owned())
                }),
                ("address", |context| {
                    drift_profile(context, |it| it.address.clear())
                }),
                ("description", |context| {
                    drift_profile(context, |it| it.description = "x".to_owned())
                }),
                ("email", |context| {
                    drift_profile(context, |it| it.email = "x@y.z".to_owned())
                }),
                ("vertical", |context| {
                    drift_profile(context, |it| it.vertical = "OTHER".to_owned())
                }),
                ("websites", |context| {
                    drift_profile(context, |it| it.websites.reverse())
                }),
            ],
        },
        Type {
            kind: "alicloud_cams_commerce_setting",
            noun: "commerce setting",
            write: "UpdateCommerceSetting",
            read: "GetCommerceSetting",
            one: (
                "cart_enable = true\n  catalog_visible = true",
                json!({"cart_enable": true, "catalog_visible": true}),
            ),
            other: (
                "cart_enable = false\n  catalog_visible = true",
                json!({"cart_enable": false, "catalog_visible": true}),
            ),
            neutral: json!({"cart_enable": false, "catalog_visible": false}),
            truth: |context| {
                let setting = context
                    .emulator
                    .change_commerce_setting(SPACE, NUMBER, |_| {});
                json!({"cart_enable": setting.cart_enable, "catalog_visible": setting.catalog_visible})
            },
            drifts: &[
                ("cart_enable", |context| {
                    let change = |it: &mut acceptance_tests::emulator::CommerceSetting| {
                        it.cart_enable = false
                    };
                    context
                        .emulator
                        .change_commerce_setting(SPACE, NUMBER, change);
                }),
                ("catalog_visible", |context| {
                    let change = |it: &mut acceptance_tests::emulator::CommerceSetting| {
                        it.catalog_visible = false
                    };
                    context
                        .emulator
                        .change_commerce_setting(SPACE, NUMBER, change);
                }),
            ],
        },
        Type {
            kind: "alicloud_cams_conversational_automation",
            noun: "automation",
            write: "UpdateConversationalAutomation",
            read: "GetConversationalAutomation",
            one: (
                "prompts = [\"Hi\", \"Where?\"]\n  commands = [{ command_name = \"order\", command_description = \"Where\" }]\n  enable_welcome_message = false",
                json!({
                    "prompts": ["Hi", "Where?"],
                    "commands": [{"command_name": "order", "command_description": "Where"}],
                    "enable_welcome_message": false,
                }),
            ),
            other: (
                "prompts = [\"Where?\"]\n  commands = []\n  enable_welcome_message = true",
                json!({"prompts": ["Where?"], "commands": [], "enable_welcome_message": true}),
            ),
            neutral: json!({"prompts": [], "commands": [], "enable_welcome_message": false}),
            truth: |context| {
                let automation = context.emulator.change_automation(SPACE, NUMBER, |_| {});
                let commands: Vec<Value> = automation
                    .commands
                    .iter()
                    .map(|(name, text)| json!({"command_name": name, "command_description": text}))
                    .collect();
                json!({
                    "prompts": automation.prompts, "commands": commands,
                    "enable_welcome_message": automation.enable_welcome_message,
                })
            },
            drifts: &[
                ("prompts", |context| {
                    drift_automation(context, |it| it.prompts.reverse())
                }),
                ("commands", |context| {
                    drift_automation(context, |it| it.commands[0].1.push('x'))
                }),
                ("enable_welcome_message", |context| {
                    drift_automation(context, |it| it.enable_welcome_message = true);
                }),
            ],
        },
    ]
}

fn drift_profile(
    context: &TestContext,
    change: impl FnOnce(&mut acceptance_tests::emulator::BusinessProfile),
) {
    context.emulator.change_profile(SPACE, NUMBER, change);
}

fn drift_automation(
    context: &TestContext,
    change: impl FnOnce(&mut acceptance_tests::emulator::ConversationalAutomation),
) {
    context.emulator.change_automation(SPACE, NUMBER, change);
}

impl Type {
    fn address(&self) -> String {
        format!("{}.a", self.kind)
    }

    fn one(&self) -> String {
        resource(self.kind, self.one.0)
    }

    /// The first configuration with more arguments.
    fn one_with(&self, more: &str) -> String {
        resource(self.kind, &format!("{}\n  {more}", self.one.0))
    }

    fn other(&self) -> String {
        resource(self.kind, self.other.0)
    }
}

/// Does something for each type, in a cloud that has the space and nothing else, and an empty state.
fn for_each_type(
    context: &mut TestContext,
    show: impl Fn(&mut TestContext, &Type) -> TestResult,
) -> TestResult {
    for of in types() {
        context.emulator.reset();
        make_space(context)?;
        context.directory = context.directory_with_the_provider()?;
        let shown = show(context, &of);
        shown.map_err(|failed| format!("{}: {}", of.kind, failed.message().unwrap_or_default()))?;
    }
    Ok(())
}

/// The attributes of `expected`, as an object has them.
fn attributes_of(found: &serde_json::Map<String, Value>, expected: &Value) -> Value {
    let names = expected.as_object().into_iter().flatten();
    names
        .map(|(name, _)| (name.clone(), found.get(name).cloned().unwrap_or_default()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn settings_live_and_refreshes_only_read(context: &mut TestContext) -> TestResult {
    for_each_type(context, |context, of| {
        context.applied(&of.one())?;
        let object = context.object(&of.address())?;
        equal("id", object.text("id"), ID)?;
        equal("policy", object.text("deletion_policy"), "ABANDON")?;
        equal(
            "state",
            attributes_of(&object.values, &of.one.1),
            of.one.1.clone(),
        )?;
        equal("cloud", (of.truth)(context), of.one.1.clone())?;
        equal("writes", context.calls(of.write), 1)?;

        // A refresh reads once, and calls nothing else.
        context.emulator.clear_calls();
        context.plan(0)?;
        let calls = context.emulator.calls();
        let actions: Vec<&str> = calls.iter().map(|call| &*call.action).collect();
        equal("calls of a refresh", actions, [of.read])?;

        context.configure(&of.other())?;
        let (plan, _) = context.plan(2)?;
        let change = &plan.change(&of.address()).ok_or("no change")?.change;
        equal("actions", change.actions.as_slice(), ["update"])?;
        equal("unknown attributes", change.unknown(), Vec::<&str>::new())?;
        context.apply()?.expecting(0)?;
        equal("cloud", (of.truth)(context), of.other.1.clone())?;
        context.plan(0)?;
        equal("writes", context.calls(of.write), 1)
    })
}

fn drift_is_planned_and_healed(context: &mut TestContext) -> TestResult {
    for_each_type(context, |context, of| {
        context.applied(&of.one())?;
        for (attribute, drift) in of.drifts {
            drift(context);
            let (plan, _) = context.plan(2)?;
            let change = &plan.change(&of.address()).ok_or("no change")?.change;
            equal("actions", change.actions.as_slice(), ["update"])?;
            equal("changed", change.changed(), [*attribute])?;
            context.apply()?.expecting(0)?;
            equal("cloud", (of.truth)(context), of.one.1.clone())?;
        }
        context.plan(0)?;
        Ok(())
    })
}

fn settings_are_imported(context: &mut TestContext) -> TestResult {
    for_each_type(context, |context, of| {
        context.applied(&of.one())?;
        let created = context.object(&of.address())?;
        let directory = context.directory_with_the_provider()?;
        directory.write("main.tf", &context.directory.read("main.tf")?)?;
        directory
            .run(&["import", &of.address(), ID])?
            .expecting(0)?;
        equal(
            "the object",
            directory.state()?.resource(&of.address()),
            Some(&created),
        )?;
        directory.plan(&[])?.output.expecting(0)?;
        equal("writes", context.calls(of.write), 1)?;

        directory
            .run(&["state", "rm", &of.address()])?
            .expecting(0)?;
        for id in [
            "cams-8filvjc8snw",
            "cams-8filvjc8snw:+6580000001",
            "cams 1:6580000001",
        ] {
            let output = directory
                .run(&["import", &of.address(), id])?
                .expecting(1)?;
            contains(&output.text(), &["Invalid import ID"])?;
        }
        Ok(())
    })
}

fn import_block_by_identity_imports(context: &mut TestContext) -> TestResult {
    for_each_type(context, |context, of| {
        context.applied(&of.one())?;
        context.directory = context.directory_with_the_provider()?;
        let block = format!(
            "import {{\n  to = {}\n  identity = {{\n    cust_space_id = \"{SPACE}\"\n    phone_number = \"{NUMBER}\"\n  }}\n}}\n",
            of.address()
        );
        let output = context.applied(&format!("{}{block}", of.one()))?;
        contains(&output.text(), &["1 imported, 0 added, 0 changed"])?;
        equal("writes", context.calls(of.write), 1)?;
        context.plan(0)?;
        Ok(())
    })
}

fn missing_number_is_gone_and_unbound_space_is_an_error(context: &mut TestContext) -> TestResult {
    for_each_type(context, |context, of| {
        let name = format!("the {} of {NUMBER}", of.noun);
        context.applied(&of.one_with("deletion_policy = \"RESET\""))?;
        context.emulator.unbind(SPACE)?;
        let output = context.directory.plan(&[])?.output.expecting(1)?;
        let error = only_error(&output)?;
        let summary = format!("Space {SPACE} has no WABA");
        equal("summary", &*error.summary, summary)?;
        contains(&error.text(), &[&name, "stays in the state"])?;
        context.emulator.rebind(SPACE, WABA)?;
        context.plan(0)?;

        // Neither a refusal of a number that the list has, nor another refusal, says that it is gone.
        context.emulator.sync_phone_numbers(SPACE)?;
        let stays_in_spite_of = |context: &TestContext, code: &str| -> TestResult {
            let refused = FaultKind::Error {
                status: 400,
                code: code.to_owned(),
                message: "no".to_owned(),
                retry_after_ms: None,
            };
            let fault = Fault::new(of.read, refused).always();
            context.emulator.inject(fault)?;
            let output = context.directory.plan(&[])?.output.expecting(1)?;
            contains(&only_error(&output)?.text(), &[code, "stays in the state"])?;
            context.emulator.clear_faults();
            Ok(())
        };
        stays_in_spite_of(context, "InvalidParameter.PhoneNumberError")?;
        context.emulator.remove_phone_number(WABA, NUMBER);
        stays_in_spite_of(context, "X.Refused")?;
        stays_in_spite_of(context, "Unknown.ResourceOwnerId")?;

        let (plan, output) = context.plan(2)?;
        let change = &plan.change(&of.address()).ok_or("no change")?.change;
        equal("actions", change.actions.as_slice(), ["create"])?;
        contains(&output.text(), &["is gone", "does not show phone number"])?;
        // Without a refresh, destroying finds out that there is nothing to reset.
        let destroy = ["destroy", "-json", "-auto-approve", "-refresh=false"];
        let output = context.directory.run(&destroy)?.expecting(0)?;
        equal("warnings", output.warnings().len(), 0)?;
        equal("objects", context.directory.state()?.resources.len(), 0)
    })
}

fn abandon_leaves_and_reset_clears(context: &mut TestContext) -> TestResult {
    for_each_type(context, |context, of| {
        context.applied(&of.one())?;
        context.emulator.clear_calls();
        let planned = context
            .directory
            .plan(&["-destroy", "-refresh=false"])?
            .output
            .expecting(2)?;
        contains(
            &only_warning(&planned)?.text(),
            &["keeps its values", NUMBER],
        )?;
        let output = context
            .directory
            .run(&["apply", "-json", "tfplan"])?
            .expecting(0)?;
        contains(
            &only_warning(&output)?.text(),
            &["stay in the cloud", "keeps its values", NUMBER, ID],
        )?;
        equal("calls", context.emulator.calls().len(), 0)?;
        equal("cloud", (of.truth)(context), of.one.1.clone())?;

        context.applied(&of.one_with("deletion_policy = \"RESET\""))?;
        let output = context.applied("")?;
        equal("warnings", output.warnings().len(), 0)?;
        equal("objects", context.directory.state()?.resources.len(), 0)?;
        equal("cloud", (of.truth)(context), of.neutral.clone())
    })
}

fn reset_does_not_undo_what_the_run_has_written(context: &mut TestContext) -> TestResult {
    for_each_type(context, |context, of| {
        let replace = format!("-replace={}", of.address());
        let replace = ["apply", "-json", "-auto-approve", &replace];
        let reset = "deletion_policy = \"RESET\"";
        context.applied(&of.one_with(reset))?;
        // Destroyed, then created: a reset, and the values again.
        let output = context.directory.run(&replace)?.expecting(0)?;
        equal("warnings", output.warnings().len(), 0)?;
        equal("cloud", (of.truth)(context), of.one.1.clone())?;
        equal("writes", context.calls(of.write), 3)?;

        // Created, then destroyed.
        let first = format!("{reset}\n  lifecycle {{\n    create_before_destroy = true\n  }}");
        context.applied(&of.one_with(&first))?;
        context.emulator.clear_calls();
        let output = context.directory.run(&replace)?.expecting(0)?;
        let warning = only_warning(&output)?;
        let summary = format!("The {} of {NUMBER} was left as it is", of.noun);
        equal("summary", &*warning.summary, summary)?;
        contains(&warning.text(), &["create_before_destroy", "\"RESET\""])?;
        equal("writes", context.calls(of.write), 1)?;
        equal("cloud", (of.truth)(context), of.one.1.clone())?;
        context.plan(0)?;

        // Renamed without a `moved` block. What refers to the number is changed in between, so that the old one goes last.
        let refers = |name: &str| {
            format!(
                "resource \"terraform_data\" \"reference\" {{\n  input = \"{name} ${{{}.{name}.id}}\"\n}}\n",
                of.kind
            )
        };
        let config = of.one_with(reset);
        context.applied(&format!("{config}{}", refers("a")))?;
        let renamed = config.replace("\" \"a\" {", "\" \"b\" {");
        context.applied(&format!("{renamed}{}", refers("b")))?;
        equal("cloud", (of.truth)(context), of.one.1.clone())?;
        context.plan(0)?;
        // The next run has written nothing.
        context.applied("")?;
        equal("cloud", (of.truth)(context), of.neutral.clone())
    })
}

fn number_declared_twice_is_an_error(context: &mut TestContext) -> TestResult {
    for_each_type(context, |context, of| {
        let second = |config: String| config.replace("\" \"a\" {", "\" \"b\" {");
        context.configure(&format!("{}{}", of.one(), second(of.one())))?;
        let error = only_error(&context.apply()?.expecting(1)?)?;
        let summary = format!("Two resources manage the {} of {NUMBER}", of.noun);
        equal("summary", &*error.summary, summary)?;
        contains(&error.text(), &["Provider.CreatedTwice", "phone_number"])?;
        equal("writes", context.calls(of.write), 1)?;
        equal("objects", context.directory.state()?.resources.len(), 1)?;

        // One that is changed, and another one that is created.
        context.directory = context.directory_with_the_provider()?;
        context.applied(&of.one())?;
        context.emulator.clear_calls();
        context.configure(&format!("{}{}", of.other(), second(of.one())))?;
        let error = only_error(&context.apply()?.expecting(1)?)?;
        contains(&error.text(), &["Provider.CreatedTwice"])?;
        equal("writes", context.calls(of.write), 1)
    })
}

fn changes_for_terraform_alone_send_nothing(context: &mut TestContext) -> TestResult {
    for_each_type(context, |context, of| {
        context.applied(&of.one())?;
        for more in [
            "deletion_policy = \"RESET\"",
            "timeouts {\n    read = \"90s\"\n  }",
        ] {
            context.emulator.clear_calls();
            context.applied(&of.one_with(more))?;
            equal("writes", context.calls(of.write), 0)?;
            context.plan(0)?;
        }
        Ok(())
    })
}

fn errors_name_object_and_code(context: &mut TestContext) -> TestResult {
    for_each_type(context, |context, of| {
        let name = format!("the {} of {NUMBER}", of.noun);
        // A number that the space does not have.
        let unknown = of.one().replace(NUMBER, "6580009999");
        context.configure(&unknown)?;
        let error = only_error(&context.apply()?.expecting(1)?)?;
        // The cause is never cut off.
        let begin = format!("Cannot read the {} of 65800", of.noun);
        contains(&error.summary, &[&begin, ": the phone number is wrong"])?;
        contains(
            &error.text(),
            &[
                "InvalidParameter.PhoneNumberError",
                &format!("phone number 6580009999 of space {SPACE}"),
                "Request ID:",
            ],
        )?;
        equal("writes", context.calls(of.write), 0)?;

        // A caller without the right to write.
        let allow = |actions: &[&str]| {
            context.emulator.put_account(Account {
                access_keys: vec![AccessKey {
                    id: DEFAULT_ACCESS_KEY_ID.to_owned(),
                    secret: DEFAULT_ACCESS_KEY_SECRET.to_owned(),
                    user: Some("terraform".to_owned()),
                    allow: actions.iter().map(|&action| action.to_owned()).collect(),
                    active: true,
                }],
                ..Account::new(DEFAULT_ACCOUNT)
            })
        };
        let read = format!("cams:{}", of.read);
        allow(&[&read])?;
        context.configure(&of.one())?;
        let error = only_error(&context.apply()?.expecting(1)?)?;
        let summary = format!("Cannot change {name}: permission denied");
        equal("summary", &*error.summary, summary)?;
        contains(
            &error.text(),
            &["NoPermission", of.write, of.read, "\"Statement\""],
        )?;
        equal("objects", context.directory.state()?.resources.len(), 0)?;
        allow(&["*"])?;
        context.applied(&of.one())?;
        let before = context.object(&of.address())?;

        // A write that fails leaves the state as it was.
        let fault = FaultKind::Error {
            status: 400,
            code: "X.Refused".to_owned(),
            message: "no".to_owned(),
            retry_after_ms: None,
        };
        context
            .emulator
            .inject(Fault::new(of.write, fault.clone()))?;
        context.configure(&of.other())?;
        let error = only_error(&context.apply()?.expecting(1)?)?;
        let summary = format!("Cannot change {name}: X.Refused");
        equal("summary", &*error.summary, summary)?;
        contains(&error.text(), &["X.Refused", "Request ID:"])?;
        equal("the object", context.object(&of.address())?, before.clone())?;

        // So does a read that fails.
        context.emulator.inject(Fault::new(of.read, fault))?;
        let output = context.directory.plan(&[])?.output.expecting(1)?;
        let error = only_error(&output)?;
        let summary = format!("Cannot read {name}: X.Refused");
        equal("summary", &*error.summary, summary)?;
        contains(&error.text(), &["X.Refused", "stays in the state"])?;
        equal("the object", context.object(&of.address())?, before)
    })
}

fn invalid_configurations_are_rejected_without_a_request(context: &mut TestContext) -> TestResult {
    let long = |length: usize| "x".repeat(length);
    let many = |count: usize, element: &str| vec![element; count].join(", ");
    let profile = "alicloud_cams_phone_business_profile";
    let automation = "alicloud_cams_conversational_automation";
    let command = "{ command_name = \"a\", command_description = \"b\" }";
    for (kind, arguments, parts) in [
        (
            profile,
            "about = \"\"".to_owned(),
            &["about", "cannot clear it"][..],
        ),
        (
            profile,
            format!("about = \"{}\"", long(140)),
            &["about", "at most 139 characters, but has 140"],
        ),
        (
            profile,
            format!("address = \"{}\"", long(257)),
            &["address", "at most 256"],
        ),
        (
            profile,
            format!("description = \"{}\"", long(513)),
            &["description", "at most 512"],
        ),
        (
            profile,
            format!("email = \"{}\"", long(129)),
            &["email", "at most 128"],
        ),
        (
            profile,
            "websites = [\"a.b\"]".to_owned(),
            &["websites", "begins with https://"],
        ),
        (
            profile,
            format!("websites = [{}]", many(3, "\"https://a.b\"")),
            &["websites", "at most 2 elements"],
        ),
        (
            profile,
            "profile_picture_url = \"p.png\"".to_owned(),
            &["profile_picture_url", "begins with https://"],
        ),
        (
            profile,
            "deletion_policy = \"DELETE\"".to_owned(),
            &["deletion_policy", "\"ABANDON\" or \"RESET\""],
        ),
        (
            automation,
            format!("prompts = [{}]", many(5, "\"a\"")),
            &["prompts", "at most 4 elements"],
        ),
        (
            automation,
            format!("prompts = [\"{}\"]", long(81)),
            &["prompts", "at most 80 characters"],
        ),
        (
            automation,
            "prompts = [\"Hi \u{1f600}\"]".to_owned(),
            &["prompts", "no emoji"],
        ),
        (
            automation,
            format!("commands = [{}]", many(2, command)),
            &["commands", "A command is there twice", "\"a\""],
        ),
        (
            automation,
            format!("commands = [{}]", many(31, command)),
            &["commands", "at most 30 elements"],
        ),
        (
            automation,
            format!(
                "commands = [{{ command_name = \"{}\", command_description = \"b\" }}]",
                long(33)
            ),
            &["command_name", "at most 32 characters"],
        ),
    ] {
        context.configure(&resource(kind, &arguments))?;
        let output = context.directory.plan(&[])?.output.expecting(1)?;
        let errors: String = output
            .errors()
            .iter()
            .map(|error| format!("{} {}", error.text(), error.points_at()))
            .collect();
        contains(&errors, parts)?;
    }
    equal("calls", context.emulator.calls().len(), 0)
}

fn lost_responses_and_throttling_are_retried(context: &mut TestContext) -> TestResult {
    for_each_type(context, |context, of| {
        context
            .emulator
            .inject(Fault::new(of.write, FaultKind::Html { status: 502 }).after())?;
        let throttle = FaultKind::Throttle {
            code: "Throttling.User".to_owned(),
            status: 400,
            retry_after_ms: Some(10),
        };
        for action in [of.write, of.read] {
            context
                .emulator
                .inject(Fault::new(action, throttle.clone()))?;
        }
        context.applied(&of.one())?;
        equal("cloud", (of.truth)(context), of.one.1.clone())?;
        equal("writes", context.calls(of.write), 3)?;
        context.plan(0)?;
        Ok(())
    })
}

fn late_reads_are_waited_for(context: &mut TestContext) -> TestResult {
    for_each_type(context, |context, of| {
        context
            .emulator
            .set_behavior(|behavior| behavior.number_setting.lag_reads = 2);
        let output = context.applied(&of.one())?;
        // The automation warns of the welcome message.
        let late = output
            .warnings()
            .iter()
            .any(|warning| warning.summary.contains("as written"));
        equal("a warning", late, false)?;
        // One read before the write, three after it.
        equal("reads", context.calls(of.read), 4)?;
        context.plan(0)?;
        Ok(())
    })
}

fn ignored_writes_are_warned_about(context: &mut TestContext) -> TestResult {
    for_each_type(context, |context, of| {
        context.applied(&of.one())?;
        // More reads are blind than are made after a write.
        context
            .emulator
            .set_behavior(|behavior| behavior.number_setting.lag_reads = 6);
        context.configure(&of.other())?;
        let output = context
            .directory
            .run(&["apply", "-json", "-auto-approve"])?
            .expecting(0)?;
        let warnings = output.warnings();
        let warning = warnings
            .iter()
            .find(|warning| warning.summary.contains("as written"))
            .ok_or("no warning")?;
        let summary = format!("The {} of {NUMBER} is not as written", of.noun);
        equal("summary", &*warning.summary, summary)?;
        contains(
            &warning.text(),
            &[
                of.write,
                "Not as in the configuration: ",
                "Provider.NotAsWritten",
            ],
        )?;
        // The state has what was planned, and the next refresh finds it true after all.
        let object = context.object(&of.address())?;
        equal(
            "state",
            attributes_of(&object.values, &of.other.1),
            of.other.1.clone(),
        )?;
        context.plan(0)?;
        Ok(())
    })
}
