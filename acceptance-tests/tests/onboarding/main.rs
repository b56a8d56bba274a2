//! `examples/onboarding` as it stands: two accounts are onboarded end to end with the rights that the guide names, each drift
//! shows in a plan and is healed, reviews stop a run, and plans only read.

use std::{collections::BTreeSet, fs, path::PathBuf, process::ExitCode};

use acceptance_tests::{
    acceptance::{self, Case, Failed, TestContext, TestResult, contains, equal},
    cases,
    emulator::{Account, NewSpace, PhoneNumber, Role, Waba},
    provider_binary::{self, Profile},
    terraform::{
        Installation, Output, Plan, Planned, ResourceChange, StateResource, WorkingDirectory,
    },
};
use serde_json::{Value, json};

const CASES: &[Case] = cases![onboarding:
    accounts_are_onboarded_and_let_go needs ProviderFunctions,
    people_and_reviews_are_waited_for needs ProviderFunctions,
    changed_arguments_are_planned_and_healed needs ProviderFunctions,
    computed_drift_shows_in_a_refresh_only_plan needs ProviderFunctions,
    reviews_fail_the_plan_and_change_nothing needs ProviderFunctions,
    undeclared_objects_are_warnings needs ProviderFunctions,
    rebound_and_vanished_bindings_are_protected needs ProviderFunctions,
];

fn main() -> ExitCode {
    acceptance::run(CASES)
}

/// An account of the example, and what is in it.
struct Tenant {
    name: &'static str,
    account: &'static str,
    waba: &'static str,
    /// Name, number and URL of each number.
    numbers: &'static [(&'static str, &'static str, &'static str)],
}

const TENANTS: [Tenant; 2] = [BERLIN, SINGAPORE];

const BERLIN: Tenant = Tenant {
    name: "berlin",
    account: "1000000000000002",
    waba: "102030405060708",
    numbers: &[
        ("orders", "49301234567", "https://berlin.example.com/orders"),
        (
            "service",
            "49307654321",
            "https://berlin.example.com/service",
        ),
    ],
};

const SINGAPORE: Tenant = Tenant {
    name: "singapore",
    account: "1000000000000003",
    waba: "203040506070809",
    numbers: &[(
        "orders",
        "6580001234",
        "https://singapore.example.com/orders",
    )],
};

const TEMPLATE: &str = "order_shipped_v1";

/// What a plan may call.
const READS: [&str; 12] = [
    "AssumeRole",
    "GetChatappOpenStatus",
    "GetChatappTemplateDetail",
    "GetCommerceSetting",
    "GetConversationalAutomation",
    "GetCustomerSite",
    "ListChatappTemplate",
    "ListInstance",
    "QueryChatappBindWaba",
    "QueryChatappPhoneNumbers",
    "QueryPhoneBusinessProfile",
    "QueryWabaBusinessInfo",
];

impl Tenant {
    fn address(&self, kind: &str, key: &str) -> String {
        let name = self.name;
        format!("module.tenant[\"{name}\"].alicloud_cams_{kind}[\"{key}\"]")
    }

    fn binding(&self) -> String {
        self.address("waba_binding.this", "shop")
    }

    fn number(&self, name: &str) -> String {
        self.address("phone_number.this", &format!("shop/{name}"))
    }

    fn webhook(&self, name: &str) -> String {
        self.address("phone_webhook.this", &format!("shop/{name}"))
    }

    /// A setting of a number, such as `phone_webhook`.
    fn setting(&self, kind: &str, name: &str) -> String {
        self.address(&format!("{kind}.this"), &format!("shop/{name}"))
    }

    fn template(&self) -> String {
        self.address("chatapp_template.order_shipped", "shop")
    }

    fn space(&self, context: &TestContext) -> Result<String, Failed> {
        context.space_of(self.waba)
    }

    /// Gives the role of the account these rights.
    fn allow(&self, context: &TestContext, actions: &[String]) -> TestResult {
        let hub = acceptance_tests::emulator::DEFAULT_ACCOUNT;
        let user = format!("acs:ram::{hub}:user/terraform");
        let role = Role {
            allow: actions.to_vec(),
            ..Role::new("onboarding", &[&user])
        };
        Ok(context
            .emulator
            .put_account(Account::new(self.account).with_role(role))?)
    }
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The actions that the policies of the guide allow: those of a job that applies, and those of a job that only reads.
fn policies() -> Result<[Vec<String>; 2], Failed> {
    let guide = fs::read_to_string(repository().join("docs/guides/onboarding.md"))?;
    let blocks = guide.split("```json\n").skip(1);
    let policies: Vec<Value> = blocks
        .filter_map(|block| block.split("```").next())
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    let [apply, look] = policies.as_slice() else {
        return Err(format!("{} policies instead of two", policies.len()).into());
    };
    let allowed = |policy: &Value| -> Vec<String> {
        let statements = policy["Statement"].as_array().into_iter().flatten();
        let allowing = statements.filter(|statement| statement["Effect"] == "Allow");
        let actions = allowing.flat_map(|statement| statement["Action"].as_array().cloned());
        actions
            .flatten()
            .filter_map(|action| action.as_str().map(str::to_owned))
            .collect()
    };
    Ok([allowed(apply), allowed(look)])
}

/// A directory with the example, initialised. The accounts have the role of the guide, and Meta has the numbers.
fn prepared(context: &TestContext) -> Result<WorkingDirectory, Failed> {
    let [apply, _] = policies()?;
    for tenant in TENANTS {
        tenant.allow(context, &apply)?;
        for (_, number, _) in tenant.numbers {
            let number = PhoneNumber::signed_up(number);
            context.emulator.put_phone_number(tenant.waba, number);
        }
    }
    let binary = provider_binary::path(Profile::tested())?;
    let mut directory = context.another_directory(&Installation::filesystem_mirror(binary))?;
    for product in ["CAMS", "STS"] {
        let variable = format!("ALIBABA_CLOUD_ENDPOINT_{product}");
        directory.set(&variable, context.emulator.endpoint());
    }
    use acceptance_tests::emulator::{DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET};
    directory.set("ALIBABA_CLOUD_ACCESS_KEY_ID", DEFAULT_ACCESS_KEY_ID);
    directory.set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", DEFAULT_ACCESS_KEY_SECRET);
    let example = repository().join("examples/onboarding");
    fs::create_dir(directory.path().join("tenant"))?;
    for folder in ["", "tenant"] {
        for entry in fs::read_dir(example.join(folder))? {
            let path = entry?.path();
            if path.is_file() {
                let name = path.file_name().unwrap_or_default();
                fs::copy(&path, directory.path().join(folder).join(name))?;
            }
        }
    }
    directory.run(&["init"])?.expecting(0)?;
    Ok(directory)
}

fn apply(directory: &WorkingDirectory) -> Result<Output, Failed> {
    Ok(directory.run(&["apply", "-json", "-auto-approve"])?)
}

/// The example, applied in both accounts. Meta approves templates at once.
fn onboarded(context: &TestContext) -> Result<WorkingDirectory, Failed> {
    context
        .emulator
        .set_behavior(|behavior| behavior.template.review_after_ms = Some(0));
    let directory = prepared(context)?;
    apply(&directory)?.expecting(0)?;
    Ok(directory)
}

/// A plan that ends with this exit code, and has called nothing that changes anything.
fn plan(
    context: &TestContext,
    directory: &WorkingDirectory,
    arguments: &[&str],
    code: i32,
) -> Result<Planned, Failed> {
    let mut planned = planned(context, directory, arguments)?;
    planned.output = planned.output.expecting(code)?;
    Ok(planned)
}

/// A plan that has called nothing that changes anything.
fn planned(
    context: &TestContext,
    directory: &WorkingDirectory,
    arguments: &[&str],
) -> Result<Planned, Failed> {
    context.emulator.clear_calls();
    let planned = directory.plan(arguments)?;
    let calls = context.emulator.calls();
    let written: BTreeSet<&str> = calls
        .iter()
        .map(|call| call.action.as_str())
        .filter(|action| !READS.contains(action))
        .collect();
    equal("calls of a plan that do not read", written, BTreeSet::new())?;
    equal("a plan reads", calls.is_empty(), false)?;
    Ok(planned)
}

/// A refresh-only plan that shows whether objects of the state differ. That is exit code 2; but Terraform 1.15 ends each
/// refresh-only plan of a configuration with data sources so, whatever it found.
fn refresh_only(
    context: &TestContext,
    directory: &WorkingDirectory,
    differs: bool,
) -> Result<Vec<ResourceChange>, Failed> {
    let shown = planned(context, directory, &["-refresh-only"])?;
    let codes: &[i32] = if differs { &[2] } else { &[0, 2] };
    let code = shown.output.code.unwrap_or_default();
    equal(format!("exit code {code}"), codes.contains(&code), true)?;
    let drift = shown.plan.ok_or("no plan")?.resource_drift;
    equal("objects differ", drift.is_empty(), !differs)?;
    Ok(drift)
}

/// What a plan does, by address, but for what it leaves as it is.
fn actions(planned: &Planned) -> Result<Vec<(String, Vec<String>)>, Failed> {
    let plan: &Plan = planned.plan.as_ref().ok_or("no plan")?;
    let changes = plan.resource_changes.iter();
    let changes = changes.filter(|change| !change.change.is(&["no-op"]));
    Ok(changes
        .map(|change| (change.address.clone(), change.change.actions.clone()))
        .collect())
}

/// Errors or warnings as texts.
fn texts(diagnostics: &[acceptance_tests::terraform::Diagnostic]) -> Vec<String> {
    let mut texts: Vec<String> = diagnostics
        .iter()
        .map(|diagnostic| diagnostic.text())
        .collect();
    texts.sort();
    texts
}

fn object(directory: &WorkingDirectory, address: &str) -> Result<StateResource, Failed> {
    let state = directory.state()?;
    let object = state.resource(address).cloned();
    object.ok_or_else(|| format!("{address} is not in the state").into())
}

/// Meta's decision on the template of a tenant.
fn review(
    context: &TestContext,
    tenant: &Tenant,
    status: &str,
    reason: Option<&str>,
) -> TestResult {
    let space = tenant.space(context)?;
    let count = context
        .emulator
        .change_templates(&space, TEMPLATE, |template| template.review(status, reason));
    equal("templates", count, 1)
}

/// Meta's decision on the WABA of a tenant.
fn review_waba(context: &TestContext, tenant: &Tenant, status: &str) {
    let waba = Waba::derived(tenant.waba, status);
    context.emulator.put_waba(waba);
}

/// All is in the cloud as the example declares it, in the account of each tenant.
fn check_cloud(context: &TestContext) -> TestResult {
    for tenant in TENANTS {
        let spaces = context.emulator.spaces(tenant.account);
        equal("spaces", spaces.len(), 1)?;
        let space = tenant.space(context)?;
        for (_, number, url) in tenant.numbers {
            let at_meta = context.emulator.phone_number(tenant.waba, number);
            let at_meta = at_meta.ok_or("the number is not at Meta")?;
            equal("status at Meta", &*at_meta.status, "CONNECTED")?;
            let copy = context.emulator.phone_copy(&space, number);
            let copy = copy.ok_or("the number is not at the service")?;
            equal("inbound", copy.up_callback_url, format!("{url}/inbound"))?;
            equal("status", copy.status_callback_url, format!("{url}/status"))?;
            equal("by HTTP", copy.http_flag, true)?;
            let profile = context.emulator.change_profile(&space, number, |_| ());
            equal("profile", profile.about.is_empty(), false)?;
            equal("industry", &*profile.vertical, "RETAIL")?;
            equal("web sites", profile.websites.len(), 1)?;
        }
        let templates = context.emulator.templates(&space);
        let [template] = templates.as_slice() else {
            return Err(format!("templates: {templates:?}").into());
        };
        equal("template", &*template.name, TEMPLATE)?;
        equal("paused", template.category_change_paused, true)?;
    }
    let (space, number) = (BERLIN.space(context)?, BERLIN.numbers[0].1);
    let emulator = &context.emulator;
    let commerce = emulator.change_commerce_setting(&space, number, |_| ());
    equal(
        "catalogue",
        commerce.catalog_visible && commerce.cart_enable,
        true,
    )?;
    let automation = emulator.change_automation(&space, number, |_| ());
    equal("commands", automation.commands.len(), 2)?;
    equal(
        "spaces of the hub",
        context
            .emulator
            .spaces(acceptance_tests::emulator::DEFAULT_ACCOUNT)
            .len(),
        0,
    )
}

fn accounts_are_onboarded_and_let_go(context: &mut TestContext) -> TestResult {
    let directory = prepared(context)?;
    let output = apply(&directory)?.expecting(0)?;
    equal("warnings", texts(&output.warnings()), Vec::<String>::new())?;
    check_cloud(context)?;
    let calls = |action| context.calls(action);
    equal("binds", calls("ChatappBindWaba"), 2)?;
    equal("registrations", calls("ChatappPhoneNumberRegister"), 3)?;
    equal("templates", calls("CreateChatappTemplate"), 2)?;

    // Nothing to do, for either kind of plan.
    let planned = plan(context, &directory, &[], 0)?;
    equal(
        "warnings",
        texts(&planned.output.warnings()),
        Vec::<String>::new(),
    )?;
    refresh_only(context, &directory, false)?;
    // Meta's approval is no change of the configuration.
    for tenant in TENANTS {
        review(context, &tenant, "pass", None)?;
    }
    apply(&directory)?.expecting(0)?;
    let outputs = directory.state()?.outputs;
    equal(
        "the link of a number",
        &outputs["numbers"]["berlin"]["shop/orders"]["link"],
        &json!("https://wa.me/49301234567?text=Hello"),
    )?;
    equal(
        "the review of a template",
        &outputs["templates"]["singapore"]["shop"]["audit_status"],
        &json!("pass"),
    )?;
    // A job that only looks needs no more rights than the guide says.
    let [all, look] = policies()?;
    for tenant in TENANTS {
        tenant.allow(context, &look)?;
    }
    plan(context, &directory, &[], 0)?;
    for tenant in TENANTS {
        tenant.allow(context, &all)?;
    }

    // Nothing is destroyed by mistake.
    let refused = plan(context, &directory, &["-destroy"], 1)?;
    let errors = texts(&refused.output.errors());
    contains(&errors.join("\n"), &["Code: Provider.DeletionPrevented"])?;
    // One customer leaves, as the comment in the file says.
    let tenants = directory.read("tenants.yaml")?;
    let (comment, entries) = tenants.split_once("berlin:\n").ok_or("no berlin")?;
    let (_, singapore) = entries.split_once("\nsingapore:").ok_or("no singapore")?;
    let leaving = format!("{comment}berlin:\n  deletion_policy: ABANDON\n{entries}");
    directory.write("tenants.yaml", &leaving)?;
    let writes_before = context.emulator.calls().len();
    apply(&directory)?.expecting(0)?;
    let later = context.emulator.calls().split_off(writes_before);
    let written = later.iter().find(|call| !READS.contains(&&*call.action));
    equal("a change of the policy calls nothing", written, None)?;
    directory.write("tenants.yaml", &format!("{comment}singapore:{singapore}"))?;
    let output = apply(&directory)?.expecting(0)?;
    contains(
        &texts(&output.warnings()).join("\n"),
        &["Destroyed WABA bindings stay in the cloud"],
    )?;
    let state = directory.state()?;
    let of_berlin = |it: &&StateResource| it.address.starts_with("module.tenant[\"berlin\"]");
    equal("berlin", state.resources.iter().find(of_berlin), None)?;
    plan(context, &directory, &[], 0)?;
    equal("the binding stays", BERLIN.space(context).is_ok(), true)?;

    // And all of it.
    let leaving = format!("singapore:\n  deletion_policy: ABANDON{singapore}");
    directory.write("tenants.yaml", &leaving)?;
    apply(&directory)?.expecting(0)?;
    directory.run(&["destroy", "-auto-approve"])?.expecting(0)?;
    equal("objects", directory.state()?.resources.len(), 0)?;
    let space = SINGAPORE.space(context)?;
    let archived = context.emulator.templates(&space);
    let archived = archived.iter().all(|template| template.archived);
    equal("the template is archived", archived, true)
}

fn people_and_reviews_are_waited_for(context: &mut TestContext) -> TestResult {
    let directory = prepared(context)?;
    let [all, _] = policies()?;
    // Nobody has activated the service for Berlin, and Meta has not reviewed the WABA of Singapore.
    let user = "acs:ram::1000000000000001:user/terraform";
    let role = Role {
        allow: all.clone(),
        ..Role::new("onboarding", &[user])
    };
    context.emulator.put_account(Account {
        subscribed: false,
        ..Account::new(BERLIN.account).with_role(role)
    })?;
    review_waba(context, &SINGAPORE, "PENDING");
    let output = apply(&directory)?.expecting(1)?;
    contains(
        &texts(&output.errors()).join("\n"),
        &["is not active for the account of acs:ram::1000000000000002:role/onboarding"],
    )?;
    equal("binds", context.calls("ChatappBindWaba"), 0)?;

    BERLIN.allow(context, &all)?;
    let output = apply(&directory)?.expecting(1)?;
    let errors = texts(&output.errors());
    equal("errors", errors.len(), 1)?;
    contains(
        &errors[0],
        &["WABA 203040506070809 (shop) is PENDING at Meta."],
    )?;
    let state = directory.state()?;
    let tainted = state.resources.iter().filter(|it| it.tainted).count();
    equal("tainted objects", tainted, 0)?;
    object(&directory, &SINGAPORE.binding())?;
    // The other account can go on by itself.
    let target = "-target=module.tenant[\"berlin\"]";
    directory
        .run(&["apply", "-auto-approve", target])?
        .expecting(0)?;
    object(&directory, &BERLIN.webhook("orders"))?;

    // Meta approves. The number of Singapore turns out to be verified by nobody.
    review_waba(context, &SINGAPORE, "APPROVED");
    let unverified = PhoneNumber::unverified("6580001234");
    context
        .emulator
        .put_phone_number(SINGAPORE.waba, unverified);
    let output = apply(&directory)?.expecting(0)?;
    let warnings = texts(&output.warnings()).join("\n");
    contains(&warnings, &["6580001234", "verif"])?;
    let address = SINGAPORE.number("orders");
    equal(
        "registered",
        &object(&directory, &address)?.values["registered"],
        &json!(false),
    )?;
    // What is unfinished stays visible.
    let planned = plan(context, &directory, &[], 2)?;
    equal(
        "the plan registers",
        actions(&planned)?,
        vec![(address.clone(), vec!["update".to_owned()])],
    )?;
    // A person has verified it.
    context
        .emulator
        .change_phone_number(SINGAPORE.waba, "6580001234", |number| {
            number.verified = true
        });
    apply(&directory)?.expecting(0)?;
    plan(context, &directory, &[], 0)?;
    check_cloud(context)
}

fn changed_arguments_are_planned_and_healed(context: &mut TestContext) -> TestResult {
    let directory = onboarded(context)?;
    let space = BERLIN.space(context)?;
    let other = SINGAPORE.space(context)?;
    let (orders, service) = (BERLIN.numbers[0].1, BERLIN.numbers[1].1);
    context.emulator.change_phone_copy(&space, orders, |copy| {
        copy.up_callback_url = "https://thief.example/inbound".to_owned();
    });
    context.emulator.change_phone_copy(&space, service, |copy| {
        copy.number.status = "DISCONNECTED".to_owned();
    });
    context
        .emulator
        .change_phone_number(BERLIN.waba, service, |number| {
            number.status = "DISCONNECTED".to_owned();
        });
    context
        .emulator
        .change_phone_copy(&other, SINGAPORE.numbers[0].1, |copy| {
            copy.status_callback_url.clear();
        });
    context
        .emulator
        .change_templates(&space, TEMPLATE, |template| {
            template.components[0]["Text"] = json!("Hello $(customer), pay order $(order) now.");
        });
    context
        .emulator
        .change_templates(&other, TEMPLATE, |template| {
            template.category_change_paused = false;
        });
    let emulator = &context.emulator;
    emulator.change_profile(&space, service, |profile| {
        profile.websites = vec!["https://thief.example".to_owned()];
    });
    emulator.change_commerce_setting(&space, orders, |commerce| commerce.cart_enable = false);
    emulator.change_automation(&space, orders, |automation| {
        automation.commands.pop();
    });

    let planned = plan(context, &directory, &[], 2)?;
    let update = |address: String| (address, vec!["update".to_owned()]);
    let mut found = actions(&planned)?;
    found.sort();
    let mut expected = vec![
        update(BERLIN.webhook("orders")),
        update(BERLIN.number("service")),
        update(BERLIN.template()),
        update(BERLIN.setting("phone_business_profile", "service")),
        update(BERLIN.setting("commerce_setting", "orders")),
        update(BERLIN.setting("conversational_automation", "orders")),
        update(SINGAPORE.webhook("orders")),
        update(SINGAPORE.template()),
    ];
    expected.sort();
    equal("the plan heals what was changed, in place", found, expected)?;
    let change = planned.plan.as_ref().and_then(|plan| {
        let change = plan.change(&BERLIN.webhook("orders"))?;
        Some(change.change.clone())
    });
    let change = change.ok_or("no change")?;
    equal(
        "before and after",
        [&change.before, &change.after].map(|side| side["up_callback_url"].clone()),
        [
            "https://thief.example/inbound",
            "https://berlin.example.com/orders/inbound",
        ]
        .map(Value::from),
    )?;
    let warnings = texts(&planned.output.warnings()).join("\n");
    contains(
        &warnings,
        &["Messages of customers go elsewhere: 49301234567."],
    )?;
    let drift = refresh_only(context, &directory, true)?;
    equal("objects that differ", drift.len(), 8)?;

    apply(&directory)?.expecting(0)?;
    check_cloud(context)?;
    let planned = plan(context, &directory, &[], 0)?;
    equal(
        "warnings",
        texts(&planned.output.warnings()),
        Vec::<String>::new(),
    )?;
    refresh_only(context, &directory, false)?;
    let text = &context.emulator.templates(&space)[0].components;
    let text = text.as_array().into_iter().flatten();
    let texts: Vec<&Value> = text.map(|component| &component["Text"]).collect();
    let body = json!("Hello $(customer), your order $(order) is on its way to you.");
    equal("the text of the template", texts.contains(&&body), true)
}

fn computed_drift_shows_in_a_refresh_only_plan(context: &mut TestContext) -> TestResult {
    let directory = onboarded(context)?;
    let space = BERLIN.space(context)?;
    let number = BERLIN.numbers[0].1;
    context.emulator.change_phone_copy(&space, number, |copy| {
        copy.number.quality_rating = Some("RED".to_owned());
        copy.number.messaging_limit_tier = Some("TIER_250".to_owned());
    });
    let mut waba = Waba::derived(BERLIN.waba, "APPROVED");
    waba.name = Some("Renamed".to_owned());
    context.emulator.put_waba(waba);
    context
        .emulator
        .change_templates(&space, TEMPLATE, |template| {
            template.quality_score = "YELLOW".to_owned();
        });
    plan(context, &directory, &[], 0)?;
    let drift = refresh_only(context, &directory, true)?;
    let mut changed: Vec<(String, Vec<String>)> = drift
        .iter()
        .map(|it| {
            let names = it.change.changed().into_iter().map(str::to_owned);
            (it.address.clone(), names.collect())
        })
        .collect();
    changed.sort();
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let mut expected: Vec<(String, Vec<String>)> = vec![
        (BERLIN.binding(), names(&["waba_name"])),
        (
            BERLIN.number("orders"),
            names(&["messaging_limit_tier", "quality_rating"]),
        ),
        (BERLIN.template(), names(&["quality_score"])),
    ];
    expected.sort();
    equal("what differs", changed, expected)?;
    // An apply takes it into the state.
    apply(&directory)?.expecting(0)?;
    refresh_only(context, &directory, false)?;
    Ok(())
}

fn reviews_fail_the_plan_and_change_nothing(context: &mut TestContext) -> TestResult {
    let directory = onboarded(context)?;
    let (space, other) = (BERLIN.space(context)?, SINGAPORE.space(context)?);
    review(context, &BERLIN, "fail", Some("it promises a prize"))?;
    let moved = |to: &'static str| {
        context
            .emulator
            .change_templates(&other, TEMPLATE, |template| template.move_category(to))
    };
    equal("templates", moved("MARKETING"), 1)?;
    let planned = plan(context, &directory, &[], 1)?;
    let errors = texts(&planned.output.errors());
    equal("errors", errors.len(), 2)?;
    contains(
        &errors.join("\n"),
        &[
            "Template order_shipped_v1 (shop) is fail: it promises a prize",
            "Meta has moved order_shipped_v1 (shop) from UTILITY to MARKETING.",
        ],
    )?;
    refresh_only(context, &directory, true)?;
    apply(&directory)?.expecting(1)?;
    let written = context.emulator.calls();
    let written = written.iter().find(|call| !READS.contains(&&*call.action));
    equal("calls of an apply that cannot begin", written, None)?;

    review(context, &BERLIN, "pass", None)?;
    moved("UTILITY");
    context
        .emulator
        .change_templates(&other, TEMPLATE, |template| template.allow_send = true);
    plan(context, &directory, &[], 0)?;

    // The WABA itself.
    review_waba(context, &BERLIN, "REJECTED");
    let planned = plan(context, &directory, &[], 1)?;
    let errors = texts(&planned.output.errors());
    equal("errors", errors.len(), 1)?;
    contains(
        &errors[0],
        &["WABA 102030405060708 (shop) is REJECTED at Meta."],
    )?;
    refresh_only(context, &directory, true)?;
    // The other tenant can be worked on meanwhile.
    directory
        .run(&[
            "apply",
            "-auto-approve",
            "-target=module.tenant[\"singapore\"]",
        ])?
        .expecting(0)?;
    review_waba(context, &BERLIN, "APPROVED");
    plan(context, &directory, &[], 0)?;
    refresh_only(context, &directory, false)?;
    equal("templates", context.emulator.templates(&space).len(), 1)
}

fn undeclared_objects_are_warnings(context: &mut TestContext) -> TestResult {
    let directory = onboarded(context)?;
    let space = BERLIN.space(context)?;
    context.emulator.add_space(NewSpace {
        account: Some(SINGAPORE.account.to_owned()),
        waba_id: Some("999999999999999".to_owned()),
        ..NewSpace::default()
    })?;
    let number = PhoneNumber::signed_up("49309999999");
    context.emulator.put_phone_number(BERLIN.waba, number);
    context.emulator.sync_phone_numbers(&space)?;
    context
        .emulator
        .add_template(&space, "4711", "by_hand", "de");
    let planned = plan(context, &directory, &[], 0)?;
    let warnings = texts(&planned.output.warnings());
    equal("warnings", warnings.len(), 3)?;
    contains(
        &warnings.join("\n"),
        &[
            "Bound by somebody, and not declared: WABA 999999999999999.",
            &format!("Not declared: phone number {space}:49309999999."),
            &format!("Not declared: template {space}:4711:de:WHATSAPP."),
        ],
    )?;
    // No object of the state differs.
    refresh_only(context, &directory, false)?;

    // The report of the night lists them.
    let script = repository().join("examples/drift/drift.sh");
    let cli = format!("-cli={}", directory.cli().path.display());
    let arguments = [&*cli, "--markdown", "night.md", "--json", "night.json"];
    directory.run_program(&script, &arguments)?.expecting(2)?;
    let report: Value = serde_json::from_str(&directory.read("night.json")?)?;
    let unmanaged = |index: usize| report["accounts"][index]["unmanaged"].clone();
    equal(
        "unmanaged in Berlin",
        unmanaged(0),
        json!([
            {
                "type": "alicloud_cams_chatapp_template",
                "cust_space_id": space,
                "template_code": "4711",
                "template_name": "by_hand",
                "language": "de",
            },
            {
                "type": "alicloud_cams_phone_number",
                "cust_space_id": space,
                "phone_number": "49309999999",
                "verified_name": "Shop",
            },
        ]),
    )?;
    equal(
        "unmanaged in Singapore",
        unmanaged(1).as_array().map(Vec::len),
        Some(1),
    )?;
    let lists = report["accounts"][0].as_object().into_iter().flatten();
    let full: Vec<&String> = lists
        .filter(|(_, list)| list.as_array().is_some_and(|list| !list.is_empty()))
        .map(|(name, _)| name)
        .collect();
    equal("lists with something in them", full, ["unmanaged"])?;
    contains(
        &directory.read("night.md")?,
        &[
            &format!(
                "| unmanaged | space `{space}` | phone number `49309999999`, `Shop`, is not declared |"
            ),
            &format!(
                "| unmanaged | space `{space}` | template `by_hand` in `de` is not declared |"
            ),
        ],
    )
}

fn rebound_and_vanished_bindings_are_protected(context: &mut TestContext) -> TestResult {
    let directory = onboarded(context)?;
    let space = BERLIN.space(context)?;
    context.emulator.rebind(&space, "300000000000000")?;
    let planned = plan(context, &directory, &[], 1)?;
    let errors = texts(&planned.output.errors()).join("\n");
    contains(&errors, &["Code: Provider.DeletionPrevented"])?;
    refresh_only(context, &directory, true)?;
    context.emulator.rebind(&space, BERLIN.waba)?;
    plan(context, &directory, &[], 0)?;

    // A number that its owner removed from the WABA is planned as a create.
    let number = BERLIN.numbers[1].1;
    context.emulator.remove_phone_number(BERLIN.waba, number);
    context.emulator.sync_phone_numbers(&space)?;
    let planned = plan(context, &directory, &[], 2)?;
    let create = |address| (address, vec!["create".to_owned()]);
    let mut found = actions(&planned)?;
    found.sort();
    equal(
        "what is gone is made again",
        found,
        vec![
            create(BERLIN.setting("phone_business_profile", "service")),
            create(BERLIN.number("service")),
            create(BERLIN.webhook("service")),
        ],
    )?;
    // It is back at Meta: the apply finds it there.
    let number = PhoneNumber::signed_up(number);
    context.emulator.put_phone_number(BERLIN.waba, number);
    apply(&directory)?.expecting(0)?;
    check_cloud(context)?;
    plan(context, &directory, &[], 0)?;
    Ok(())
}
