//! Credentials that are there but cannot be used: nobody else's are used instead, nothing hangs, and one cause is met once.

use acceptance_tests::{
    acceptance::{Case, Failed, TestContext, TestResult, contains, equal, only_error},
    cases,
};
use serde_json::json;

use crate::{
    BINDING, KEY_ID, configure,
    sources::{afresh, home_file},
};

pub(crate) const CASES: &[Case] = cases![unusable:
    a_file_that_does_not_fit_is_not_passed_over,
    pipes_and_devices_do_not_hang,
    wrong_secret_of_many_objects_is_one_call_and_one_message,
];

/// On an instance with a role.
fn a_file_that_does_not_fit_is_not_passed_over(context: &mut TestContext) -> TestResult {
    const CLI: &str = ".aliyun/config.json";
    const INI: &str = ".alibabacloud/credentials";
    afresh(context)?;
    let prod = json!({"name": "prod", "mode": "AK", "access_key_id": "k", "access_key_secret": "MARK-secret"});
    let missing = json!({"current": "stage", "profiles": [prod]}).to_string();
    let list = json!([prod]).to_string();
    let ini = "[Default]\ntype = access_key\naccess_key_id = k\naccess_key_secret = MARK-secret\n";
    let files: [(&str, &str, &[&str]); 4] = [
        (CLI, &missing, &["config.json", "\"stage\"", "\"prod\""]),
        (CLI, &list, &["config.json", "not an object with profiles"]),
        (CLI, "{}", &["config.json", "\"default\""]),
        (INI, ini, &["credentials", "[default]", "[Default]"]),
    ];
    for (path, text, parts) in files {
        for other in [CLI, INI] {
            home_file(context, other, "")?;
        }
        home_file(context, path, text)?;
        configure(context, "", BINDING)?;
        let output = context.apply()?.expecting(1)?;
        let error = only_error(&output)?.text();
        contains(&error, parts)?;
        equal("secrets", error.contains("MARK"), false)?;
        equal("calls", context.emulator.calls().len(), 0)?;
    }
    // What holds nothing is passed over.
    for other in [CLI, INI] {
        home_file(context, other, "\n")?;
    }
    context.apply()?.expecting(0)?;
    equal("binds", context.calls("ChatappBindWaba"), 1)
}

fn pipes_and_devices_do_not_hang(context: &mut TestContext) -> TestResult {
    if cfg!(not(unix)) {
        return Ok(());
    }
    afresh(context)?;
    let pipe = context.directory.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status()?;
    equal("mkfifo succeeded", made.success(), true)?;
    let pipe = pipe.display().to_string();
    for file in [pipe.as_str(), "/dev/zero"] {
        let token = format!(
            "  assume_role_with_oidc {{\n    oidc_provider_arn = \"{}\"\n    role_arn = \"{}\"\n    oidc_token_file = \"{file}\"\n  }}",
            crate::OIDC_PROVIDER,
            crate::ROLE
        );
        let profile = format!("  shared_credentials_file = \"{file}\"\n");
        for arguments in [token, profile] {
            configure(context, &arguments, BINDING)?;
            let output = context.apply()?.expecting(1)?;
            contains(
                &only_error(&output)?.text(),
                &[file, "is not a regular file"],
            )?;
        }
    }
    equal("calls", context.emulator.calls().len(), 0)
}

/// So many objects with one wrong secret.
const MANY: usize = 200;

fn many_bindings() -> String {
    format!(
        "resource \"alicloud_cams_waba_binding\" \"all\" {{\n  count   = {MANY}\n  waba_id = 100000000000000 + count.index\n}}\n"
    )
}

/// Runs a command that fails for each object with one whole error. Returns how many errors are short.
fn one_error_is_whole(context: &TestContext, command: &[&str]) -> Result<usize, Failed> {
    context.emulator.clear_calls();
    let output = context.directory.run(command)?.expecting(1)?;
    let calls = context.emulator.calls().len();
    equal(format!("{calls} calls"), calls <= 2, true)?;
    let count = |part: &str| output.stderr.matches(part).count();
    equal(
        "whole errors",
        count("The secret does not belong to the AccessKey"),
        1,
    )?;
    equal("secrets", output.text().contains("MARK"), false)?;
    eprintln!(
        "{MANY} bindings with a wrong secret, {}: {calls} calls, {} lines",
        command[0],
        output.stdout.lines().count() + output.stderr.lines().count()
    );
    Ok(count("For the reason, see the message"))
}

fn wrong_secret_of_many_objects_is_one_call_and_one_message(
    context: &mut TestContext,
) -> TestResult {
    afresh(context)?;
    let keys = format!("  access_key = \"{KEY_ID}\"\n  secret_key = \"MARK-wrong-secret\"\n");
    configure(context, &keys, &many_bindings())?;
    // The CLI prints some eight lines around each error of a create, and twenty for its plan. So only calls are limited here.
    let apply = ["apply", "-auto-approve", "-no-color"];
    equal(
        "short errors of creates",
        one_error_is_whole(context, &apply)?,
        MANY - 1,
    )?;

    // Objects that exist. The CLI prints warnings of one summary once.
    let instances: Vec<_> = (0..MANY)
        .map(|number| {
            let space = format!("cams-{number}");
            json!({"index_key": number, "schema_version": 0, "attributes":
                {"id": space, "cust_space_id": space, "waba_id": (100_000_000_000_000 + number).to_string()}})
        })
        .collect();
    let state = json!({"version": 4, "serial": 1, "lineage": "x", "outputs": {}, "resources": [{
        "mode": "managed", "type": "alicloud_cams_waba_binding", "name": "all", "instances": instances,
        "provider": "provider[\"registry.terraform.io/alicloud-cams/alicloud\"]",
    }]});
    context
        .directory
        .write("terraform.tfstate", &state.to_string())?;
    equal(
        "short errors of refreshes",
        one_error_is_whole(context, &["plan", "-no-color"])? <= 1,
        true,
    )?;
    let output = context
        .directory
        .run(&["plan", "-no-color"])?
        .expecting(1)?;
    let lines = output.stdout.lines().count() + output.stderr.lines().count();
    equal(format!("{lines} lines"), lines <= 600, true)?;
    contains(
        &output.text(),
        &[
            "Not refreshed, because an earlier refresh failed",
            "198 more similar warnings",
        ],
    )
}
