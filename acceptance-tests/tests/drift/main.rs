//! `examples/drift/drift.sh` as a CI job runs it: 200 bindings in 3 accounts, an OIDC token in the environment, and nights on
//! which things differ or fail. The two reports are snapshots. The workflows that call it are run, too, and the patterns of the
//! guide hold.

mod patterns;
mod workflows;

use std::{collections::BTreeMap, fs, path::PathBuf, process::ExitCode, time::Instant};

use acceptance_tests::{
    acceptance::{self, Case, Failed, TestContext, TestResult, contains, equal},
    cases,
    emulator::{Account, Fault, FaultKind, NewSpace, OidcProvider, Role, Waba},
    provider_binary::{self, Profile},
    terraform::{Installation, Output, WorkingDirectory},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use expect_test::{Expect, expect};
use serde_json::{Value, json};

const CASES: &[Case] = cases![drift:
    reports_of_all_scenarios_are_complete,
    arguments_and_files,
    files_of_a_night_are_complete,
    query_file_finds_what_nobody_declared needs Query,
];

fn main() -> ExitCode {
    acceptance::run(&[CASES, workflows::CASES, patterns::CASES].concat())
}

const HUB: &str = "1000000000000001";
const TENANTS: [&str; 3] = ["1000000000000002", "1000000000000003", "1000000000000004"];
const BINDINGS: usize = 200;

fn example(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../examples/drift")
        .join(name)
}

fn waba(number: usize) -> String {
    format!("{}", 300_000_000_000_000 + number)
}

/// The accounts of the example: a hub whose role the OIDC token may assume, and tenants whose roles that role may assume.
fn populate(context: &TestContext) -> TestResult {
    let provider = format!("acs:ram::{HUB}:oidc-provider/ci");
    let mut hub = Account::new(HUB).with_role(Role::new("drift", &[&provider]));
    hub.oidc_providers.push(OidcProvider {
        name: "ci".to_owned(),
        issuer: "https://ci.example".to_owned(),
        audiences: vec!["sts.aliyuncs.com".to_owned()],
        hs256_key: None,
    });
    context.emulator.put_account(hub)?;
    let drift = format!("acs:ram::{HUB}:role/drift");
    for tenant in TENANTS {
        let account = Account::new(tenant).with_role(Role::new("onboarding", &[&drift]));
        context.emulator.put_account(account)?;
    }
    Ok(())
}

fn token(expires: i64) -> String {
    let claims = json!({
        "iss": "https://ci.example",
        "aud": "sts.aliyuncs.com",
        "sub": "repo:acme/onboarding",
        "iat": 0,
        "exp": expires,
    });
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(&json!({"alg": "none"})), part(&claims))
}

/// A directory with the example, `bindings` bindings in the accounts, applied.
fn applied(context: &TestContext, bindings: usize) -> Result<WorkingDirectory, Failed> {
    populate(context)?;
    let binary = provider_binary::path(Profile::tested())?;
    let mut directory = context.another_directory(&Installation::filesystem_mirror(binary))?;
    for variable in ["ALIBABA_CLOUD_ENDPOINT_CAMS", "ALIBABA_CLOUD_ENDPOINT_STS"] {
        directory.set(variable, context.emulator.endpoint());
    }
    directory.set(
        "ALIBABA_CLOUD_ROLE_ARN",
        format!("acs:ram::{HUB}:role/drift"),
    );
    directory.set(
        "ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
        format!("acs:ram::{HUB}:oidc-provider/ci"),
    );
    let token_file = directory.path().join("token");
    directory.set("ALIBABA_CLOUD_OIDC_TOKEN_FILE", token_file);
    directory.write("token", &token(4_102_444_800))?;
    let mut accounts = String::new();
    for (index, tenant) in TENANTS.iter().enumerate() {
        accounts.push_str(&format!("\"{tenant}\":\n"));
        for number in (0..bindings).filter(|number| number % TENANTS.len() == index) {
            accounts.push_str(&format!("  - \"{}\"\n", waba(number)));
        }
    }
    directory.write("accounts.yaml", &accounts)?;
    directory.write("main.tf", &fs::read_to_string(example("main.tf"))?)?;
    directory.run(&["init"])?.expecting(0)?;
    without_limits(context, &mut directory);
    directory.run(&["apply", "-auto-approve"])?.expecting(0)?;
    // The data source of the first apply was read before the bindings were there.
    directory.run(&["apply", "-auto-approve"])?.expecting(0)?;
    Ok(directory)
}

/// Neither the cloud nor the provider limits the rate of calls.
fn without_limits(context: &TestContext, directory: &mut WorkingDirectory) {
    context
        .emulator
        .set_behavior(|behavior| behavior.gateway.cams_calls_per_second = None);
    directory.set("TF_CLI_ARGS_plan", "-parallelism=50");
    directory.set("ALIBABA_CLOUD_REQUESTS_PER_SECOND", "1000");
}

/// One night: the exit code and both reports.
struct Night {
    code: Option<i32>,
    markdown: String,
    json: Value,
    output: Output,
}

fn night(directory: &WorkingDirectory) -> Result<Night, Failed> {
    let mut arguments = vec!["--markdown", "report.md", "--json", "report.json"];
    let cli = format!("-cli={}", directory.cli().path.display());
    arguments.push(&cli);
    let output = directory.run_program(&example("drift.sh"), &arguments)?;
    if !directory.path().join("report.json").exists() {
        return Err(format!("no report: {output}").into());
    }
    let json: Value = serde_json::from_str(&directory.read("report.json")?)?;
    let markdown = directory.read("report.md")?;
    for name in ["report.md", "report.json"] {
        fs::remove_file(directory.path().join(name))?;
    }
    equal(
        "exit code",
        json["exit_code"].as_i64(),
        output.code.map(i64::from),
    )?;
    Ok(Night {
        code: output.code,
        markdown,
        json,
        output,
    })
}

impl Night {
    /// The report with names in place of what differs from run to run.
    fn checks(&self, context: &TestContext, expected: &Expect) {
        let mut text = self.markdown.clone();
        let seconds = format!(", {} s, ", self.json["seconds"]);
        text = text.replace(&seconds, ", 7 s, ");
        for (id, name) in names(context) {
            text = text.replace(&id, &name);
        }
        expected.assert_eq(&text);
    }

    /// The same of the report for machines.
    fn checks_json(&self, context: &TestContext, expected: &Expect) -> TestResult {
        let mut json = self.json.clone();
        json["seconds"] = json!(7);
        let mut text = serde_json::to_string_pretty(&json)?;
        for (id, name) in names(context) {
            text = text.replace(&id, &name);
        }
        expected.assert_eq(&text);
        Ok(())
    }

    /// Of each account, how many entries each list has.
    fn counts(&self) -> BTreeMap<String, Vec<(String, usize)>> {
        let accounts = self.json["accounts"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        accounts
            .iter()
            .map(|account| {
                let lists = account.as_object().into_iter().flatten();
                let counts = lists.filter_map(|(name, list)| {
                    let count = list.as_array()?.len();
                    (count > 0).then(|| (name.clone(), count))
                });
                (
                    account["account"].as_str().unwrap_or("none").to_owned(),
                    counts.collect(),
                )
            })
            .collect()
    }

    fn classes(&self) -> Vec<String> {
        let accounts = self.json["accounts"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let errors = accounts
            .iter()
            .flat_map(|account| account["errors"].as_array().cloned().unwrap_or_default());
        let mut classes: Vec<String> = errors
            .map(|error| error["class"].as_str().unwrap_or_default().to_owned())
            .collect();
        classes.sort();
        classes.dedup();
        classes
    }
}

/// Names for the IDs of spaces, which the cloud draws.
fn names(context: &TestContext) -> Vec<(String, String)> {
    let spaces = TENANTS
        .iter()
        .flat_map(|tenant| context.emulator.spaces(tenant));
    spaces
        .map(|space| {
            let waba = space.waba_id.unwrap_or_else(|| "none".to_owned());
            (space.cust_space_id, format!("SPACE-OF-{waba}"))
        })
        .collect()
}

fn space_of(context: &TestContext, number: usize) -> Result<String, Failed> {
    context.space_of(&waba(number))
}

fn reports_of_all_scenarios_are_complete(context: &mut TestContext) -> TestResult {
    let mut directory = applied(context, BINDINGS)?;

    // A quiet night, at the documented limit.
    context
        .emulator
        .set_behavior(|behavior| behavior.gateway.cams_calls_per_second = Some(10));
    directory.unset("ALIBABA_CLOUD_REQUESTS_PER_SECOND");
    context.emulator.clear_calls();
    let started = Instant::now();
    let quiet = night(&directory)?;
    let calls = context.emulator.calls();
    let cams = calls
        .iter()
        .filter(|call| !call.action.starts_with("Assume"));
    let (calls, throttled) = cams.fold((0, 0), |(all, throttled), call| {
        (
            all + 1,
            throttled + usize::from(call.code.as_deref() != Some("OK")),
        )
    });
    eprintln!(
        "drift.sh of {BINDINGS} bindings in {} accounts at 10 calls a second each: {:.1} s, {calls} calls of CAMS, {throttled} of \
         them refused",
        TENANTS.len(),
        started.elapsed().as_secs_f64(),
    );
    equal("a quiet night", quiet.code, Some(0))?;
    quiet.checks(
        context,
        &expect![[r#"
        # Drift report

        No drift in 3 accounts, 7 s, exit code 0.

        ## Account 1000000000000002

        Nothing differs.

        ## Account 1000000000000003

        Nothing differs.

        ## Account 1000000000000004

        Nothing differs.
    "#]],
    );
    without_limits(context, &mut directory);

    // What a year of nights brings, in one.
    let mut changed = Waba::derived(&waba(0), "APPROVED");
    changed.name = Some("Renamed | *Shop*".to_owned());
    context.emulator.put_waba(changed);
    context
        .emulator
        .put_waba(Waba::derived(&waba(3), "REJECTED"));
    let rebound = space_of(context, 1)?;
    let vanished = space_of(context, 2)?;
    context.emulator.rebind(&rebound, "300000000000900")?;
    context.emulator.unbind(&vanished)?;
    for (index, tenant) in TENANTS.iter().enumerate() {
        context.emulator.add_space(NewSpace {
            account: Some((*tenant).to_owned()),
            cust_space_id: Some(format!("cams-console-{index}")),
            waba_id: Some(format!("30000000000080{index}")),
            ..NewSpace::default()
        })?;
    }
    let night_of_all = night(&directory)?;
    equal("drift", night_of_all.code, Some(2))?;
    night_of_all.checks(context, &expect![[r##"
        # Drift report

        1 changed, 1 vanished, 1 rebound, 3 unmanaged, 1 reviews in 3 accounts, 7 s, exit code 2.

        ## Account 1000000000000002

        | Finding | Object | What |
        |---|---|---|
        | changed | `alicloud_cams_waba_binding.all["300000000000000"]` | waba_name: `Business 0000` → `Renamed \| *Shop*` |
        | unmanaged | space `SPACE-OF-300000000000800` | WABA `300000000000800`, `Business 0800`, is not declared |
        | reviews | `alicloud_cams_waba_binding.all["300000000000003"]` | account_review_status: `APPROVED` → `REJECTED` |

        ## Account 1000000000000003

        | Finding | Object | What |
        |---|---|---|
        | rebound | `alicloud_cams_waba_binding.all["300000000000001"]` | space `SPACE-OF-300000000000900` holds WABA `300000000000900`, not `300000000000001` |
        | unmanaged | space `SPACE-OF-300000000000801` | WABA `300000000000801`, `Business 0801`, is not declared |

        ## Account 1000000000000004

        | Finding | Object | What |
        |---|---|---|
        | vanished | `alicloud_cams_waba_binding.all["300000000000002"]` | WABA `300000000000002` is no longer in space `SPACE-OF-none` |
        | unmanaged | space `SPACE-OF-300000000000802` | WABA `300000000000802`, `Business 0802`, is not declared |
    "##]]);
    night_of_all.checks_json(
        context,
        &expect![[r#"
        {
          "accounts": [
            {
              "account": "1000000000000002",
              "changed": [
                {
                  "address": "alicloud_cams_waba_binding.all[\"300000000000000\"]",
                  "changes": [
                    {
                      "after": "Renamed | *Shop*",
                      "attribute": "waba_name",
                      "before": "Business 0000"
                    }
                  ],
                  "cust_space_id": "SPACE-OF-300000000000000",
                  "type": "alicloud_cams_waba_binding"
                }
              ],
              "errors": [],
              "pending": [],
              "rebound": [],
              "reviews": [
                {
                  "address": "alicloud_cams_waba_binding.all[\"300000000000003\"]",
                  "changes": [
                    {
                      "after": "REJECTED",
                      "attribute": "account_review_status",
                      "before": "APPROVED"
                    }
                  ],
                  "cust_space_id": "SPACE-OF-300000000000003",
                  "type": "alicloud_cams_waba_binding"
                }
              ],
              "unmanaged": [
                {
                  "cust_space_id": "SPACE-OF-300000000000800",
                  "type": "alicloud_cams_waba_binding",
                  "waba_id": "300000000000800",
                  "waba_name": "Business 0800"
                }
              ],
              "vanished": []
            },
            {
              "account": "1000000000000003",
              "changed": [],
              "errors": [],
              "pending": [],
              "rebound": [
                {
                  "address": "alicloud_cams_waba_binding.all[\"300000000000001\"]",
                  "changes": [
                    {
                      "after": "19290900",
                      "attribute": "business_id",
                      "before": "19290001"
                    },
                    {
                      "after": "Business 0900 Ltd",
                      "attribute": "business_name",
                      "before": "Business 0001 Ltd"
                    },
                    {
                      "after": "93e6b26e_8a67_4163_a093_ebfe645a0900",
                      "attribute": "message_template_namespace",
                      "before": "93e6b26e_8a67_4163_a093_ebfe645a0001"
                    },
                    {
                      "after": "300000000000900",
                      "attribute": "waba_id",
                      "before": "300000000000001"
                    },
                    {
                      "after": "Business 0900",
                      "attribute": "waba_name",
                      "before": "Business 0001"
                    }
                  ],
                  "cust_space_id": "SPACE-OF-300000000000900",
                  "type": "alicloud_cams_waba_binding"
                }
              ],
              "reviews": [],
              "unmanaged": [
                {
                  "cust_space_id": "SPACE-OF-300000000000801",
                  "type": "alicloud_cams_waba_binding",
                  "waba_id": "300000000000801",
                  "waba_name": "Business 0801"
                }
              ],
              "vanished": []
            },
            {
              "account": "1000000000000004",
              "changed": [],
              "errors": [],
              "pending": [],
              "rebound": [],
              "reviews": [],
              "unmanaged": [
                {
                  "cust_space_id": "SPACE-OF-300000000000802",
                  "type": "alicloud_cams_waba_binding",
                  "waba_id": "300000000000802",
                  "waba_name": "Business 0802"
                }
              ],
              "vanished": [
                {
                  "address": "alicloud_cams_waba_binding.all[\"300000000000002\"]",
                  "cust_space_id": "SPACE-OF-none",
                  "type": "alicloud_cams_waba_binding",
                  "waba_id": "300000000000002"
                }
              ]
            }
          ],
          "exit_code": 2,
          "seconds": 7
        }"#]],
    )?;
    let of = |lists: &[(&str, usize)]| -> Vec<(String, usize)> {
        lists
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect()
    };
    let drift = BTreeMap::from([
        (
            TENANTS[0].to_owned(),
            of(&[("changed", 1), ("reviews", 1), ("unmanaged", 1)]),
        ),
        (
            TENANTS[1].to_owned(),
            of(&[("rebound", 1), ("unmanaged", 1)]),
        ),
        (
            TENANTS[2].to_owned(),
            of(&[("unmanaged", 1), ("vanished", 1)]),
        ),
    ]);
    equal("lists", night_of_all.counts(), drift.clone())?;

    // One account denied, another throttled for good: the drift of the third is in the report all the same.
    let of_account = |tenant: &str, fault: FaultKind| Fault {
        action: None,
        account: Some(tenant.to_owned()),
        ..Fault::new("QueryChatappBindWaba", fault).always()
    };
    context
        .emulator
        .inject(of_account(TENANTS[1], FaultKind::denied()))?;
    let denied = night(&directory)?;
    equal("one account denied", denied.code, Some(4))?;
    equal(
        "classes",
        denied.classes(),
        ["permission"].map(str::to_owned).to_vec(),
    )?;
    for tenant in [TENANTS[0], TENANTS[2]] {
        equal(tenant, denied.counts().get(tenant), drift.get(tenant))?;
    }
    context.emulator.clear_faults();

    directory.set("MAX_RETRY_TIMEOUT", "1");
    context.emulator.inject(of_account(
        TENANTS[2],
        FaultKind::Error {
            status: 400,
            code: "Throttling.User".to_owned(),
            message: "Request was denied due to user flow control.".to_owned(),
            retry_after_ms: None,
        },
    ))?;
    let throttled = night(&directory)?;
    equal("one account throttled", throttled.code, Some(3))?;
    equal(
        "classes",
        throttled.classes(),
        ["throttled"].map(str::to_owned).to_vec(),
    )?;
    for tenant in [TENANTS[0], TENANTS[1]] {
        equal(tenant, throttled.counts().get(tenant), drift.get(tenant))?;
    }
    context.emulator.clear_faults();

    // Nothing can be read.
    directory.write("token", &token(1))?;
    let expired = night(&directory)?;
    equal(
        format!("an expired token: {}", expired.markdown),
        expired.code,
        Some(4),
    )?;
    equal(
        "nothing was read",
        expired.markdown.contains("Nothing differs"),
        false,
    )?;
    directory.write("token", &token(4_102_444_800))?;
    for action in ["AssumeRole", "AssumeRoleWithOIDC"] {
        context.emulator.inject(
            Fault::new(
                action,
                FaultKind::Error {
                    status: 503,
                    code: "ServiceUnavailable".to_owned(),
                    message: "The request has failed due to a temporary failure of the server."
                        .to_owned(),
                    retry_after_ms: None,
                },
            )
            .always(),
        )?;
    }
    let down = night(&directory)?;
    equal(
        format!("STS is down: {}", down.markdown),
        down.code,
        Some(3),
    )?;
    equal(
        "nothing was read",
        down.markdown.contains("Nothing differs"),
        false,
    )?;
    context.emulator.clear_faults();

    let secrets = context.emulator.session_secrets();
    for text in [
        &night_of_all.markdown,
        &denied.output.stdout,
        &down.output.stderr,
    ] {
        let leaked = secrets.iter().find(|secret| text.contains(secret.as_str()));
        equal("secrets in a report", leaked, None)?;
    }
    Ok(())
}

fn arguments_and_files(context: &mut TestContext) -> TestResult {
    let directory = applied(context, 3)?;
    let script = example("drift.sh");
    let cli = format!("-cli={}", directory.cli().path.display());
    let check = |arguments: &[&str], code: i32, parts: &[&str]| -> TestResult {
        let output = directory.run_program(&script, arguments)?.expecting(code)?;
        contains(&format!("{}{}", output.stdout, output.stderr), parts)
    };
    check(&[&cli], 0, &["# Drift report", "No drift in 3 accounts"])?;
    check(&["--nonsense"], 1, &["usage:"])?;
    check(&["--json"], 1, &["usage:"])?;
    check(&["-chdir=nowhere"], 1, &["nowhere is not a directory"])?;
    check(
        &["-cli=./nothing", "--json", "a.json"],
        1,
        &["./nothing cannot be run"],
    )?;
    check(
        &[&cli, "--json", "no/such/folder.json"],
        1,
        &["no/such/folder.json could not be written"],
    )?;
    // FILE is relative to the caller, DIR is where the configuration is.
    fs::create_dir(directory.path().join("deeper"))?;
    for name in ["main.tf", "accounts.yaml", "terraform.tfstate"] {
        let text = directory.read(name)?;
        directory.write(&format!("deeper/{name}"), &text)?;
    }
    check(&[&cli, "-chdir=deeper", "--json", "here.json"], 0, &[])?;
    let report: Value = serde_json::from_str(&directory.read("here.json")?)?;
    equal(
        "accounts",
        report["accounts"].as_array().map(Vec::len),
        Some(3),
    )?;
    equal(
        "no lock file stays",
        directory.path().join("deeper/.terraform.lock.hcl").exists(),
        false,
    )?;
    // What is declared and not applied, and what is not a configuration at all.
    let accounts = directory.read("accounts.yaml")?;
    directory.write("accounts.yaml", &format!("{accounts}  - \"{}\"\n", waba(7)))?;
    check(
        &[&cli],
        2,
        &["1 pending in 3 accounts", "declared, not applied: create"],
    )?;
    directory.write(
        "broken.tf",
        "resource \"alicloud_cams_waba_binding\" \"x\" {\n  waba_id = 7.5\n}\n",
    )?;
    check(&[&cli], 1, &["waba"])?;
    fs::remove_file(directory.path().join("broken.tf"))?;
    directory.write("broken.tf", "resource {")?;
    check(&[&cli], 1, &["init failed"])
}

fn files_of_a_night_are_complete(context: &mut TestContext) -> TestResult {
    let mut directory = applied(context, 3)?;
    let temporary = directory.path().join("temporary");
    fs::create_dir(&temporary)?;
    directory.set("TMPDIR", &temporary);
    let state = directory.read("terraform.tfstate")?;
    let files = || -> Result<Vec<String>, Failed> {
        let mut names = Vec::new();
        for entry in fs::read_dir(directory.path())? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    };
    let before = files()?;
    context
        .emulator
        .put_waba(Waba::derived(&waba(0), "REJECTED"));
    context.emulator.clear_calls();
    let cli = format!("-cli={}", directory.cli().path.display());
    directory
        .run_program(&example("drift.sh"), &[&cli])?
        .expecting(2)?;
    let reads = ["ListInstance", "QueryChatappBindWaba"];
    let writes: Vec<String> = context
        .emulator
        .calls()
        .into_iter()
        .map(|call| call.action)
        .filter(|action| !reads.contains(&action.as_str()) && !action.starts_with("AssumeRole"))
        .collect();
    equal("calls that write", writes, Vec::<String>::new())?;
    equal("the state", directory.read("terraform.tfstate")?, state)?;
    equal("files", files()?, before)?;
    let mut left = Vec::new();
    for entry in fs::read_dir(&temporary)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        // Terraform's own, which it leaves there by itself.
        if !name.starts_with("terraform-") && !name.starts_with("plugin") {
            left.push(name);
        }
    }
    equal("temporary files", left, Vec::<String>::new())
}

fn query_file_finds_what_nobody_declared(context: &mut TestContext) -> TestResult {
    let directory = applied(context, 3)?;
    let space = context.emulator.add_space(NewSpace {
        account: Some(TENANTS[0].to_owned()),
        waba_id: Some(waba(800)),
        ..NewSpace::default()
    })?;
    let space = space.cust_space_id;
    context.emulator.sync_phone_numbers(&space)?;
    context
        .emulator
        .add_template(&space, "4711", "by_hand", "de");
    let name = "unmanaged.tfquery.hcl";
    directory.write(name, &fs::read_to_string(example(name))?)?;
    directory
        .run(&["query", "-generate-config-out=found.tf"])?
        .expecting(0)?;
    let found = directory.read("found.tf")?;
    let number = format!("65800{:0>5}", &waba(800)[11..]);
    for part in [
        "import {",
        &format!("waba_id = \"{}\"", waba(800)),
        &format!("\"{number}\""),
        "\"4711\"",
    ] {
        let squeezed = found.split_whitespace().collect::<Vec<_>>().join(" ");
        contains(&squeezed, &[part])?;
    }
    Ok(())
}
