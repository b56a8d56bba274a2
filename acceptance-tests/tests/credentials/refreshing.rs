//! Sessions that expire during a run.

use std::{env, fs, io::Write as _, path::Path, process::ExitCode, time::Duration};

use acceptance_tests::{
    acceptance::{Case, Failed, TestContext, TestResult, equal},
    cases,
    emulator::{Fault, FaultKind},
};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    KEY_ID, KEY_SECRET, OIDC_PROVIDER, ROLE, TENANT, configure, keys, oidc_token, oidc_token_of,
    populate, sources::home_file, stand_ins, tenant,
};

pub(crate) const CASES: &[Case] = cases![refreshing:
    sessions_are_renewed_during_an_apply,
    expired_session_is_replaced_and_the_call_retried,
    failed_renewal_is_ignored_while_the_session_is_valid,
    role_chain_is_renewed_from_its_first_role,
    oidc_token_file_of_the_block_is_read_again,
    oidc_token_file_of_the_environment_is_read_again,
    credentials_uri_is_read_again,
    instance_role_is_read_again,
    instance_without_configuration_is_read_again,
    profiles_of_every_mode_are_read_again,
    current_profile_is_read_again,
];

/// Binds one after the other, so slowly that the first sessions expire, and checks that each of `actions` was called again.
fn outlives(context: &TestContext, arguments: &str, actions: &[&str]) -> TestResult {
    prepare(context, arguments, 8)?;
    apply(context)?;
    for action in actions {
        let calls = context.calls(action);
        equal(format!("{action} ({calls} times) again"), calls >= 2, true)?;
    }
    Ok(())
}

/// Sessions of two seconds, and `count` bindings of a third of a second each.
fn prepare(context: &TestContext, arguments: &str, count: usize) -> TestResult {
    context.emulator.reset();
    populate(context)?;
    // The first round has no state to remove.
    let _ = fs::remove_file(context.directory.path().join("terraform.tfstate"));
    context
        .emulator
        .set_behavior(|behavior| behavior.sts.lifetime_seconds = Some(2));
    let slow = Fault::new("ChatappBindWaba", FaultKind::Slow { delay_ms: 350 });
    context.emulator.inject(slow.always())?;
    bindings(context, arguments, count)
}

fn bindings(context: &TestContext, arguments: &str, count: usize) -> TestResult {
    let text = format!(
        "resource \"alicloud_cams_waba_binding\" \"all\" {{\n  count   = {count}\n  waba_id = 100000000000000 + count.index\n}}\n"
    );
    configure(context, arguments, &text)
}

const APPLY: [&str; 4] = ["apply", "-json", "-auto-approve", "-parallelism=1"];

fn apply(context: &TestContext) -> TestResult {
    context.directory.run(&APPLY)?.expecting(0)?;
    none_had_expired(context)
}

fn none_had_expired(context: &TestContext) -> TestResult {
    let expired = "InvalidSecurityToken.Expired";
    let calls = context.emulator.calls();
    let refused = calls
        .iter()
        .any(|call| call.code.as_deref() == Some(expired));
    equal("a call with an expired session", refused, false)
}

fn with_role() -> String {
    format!(
        "{}  assume_role {{\n    role_arn = \"{ROLE}\"\n  }}\n",
        keys()
    )
}

fn sessions_are_renewed_during_an_apply(context: &mut TestContext) -> TestResult {
    prepare(context, &with_role(), 12)?;
    apply(context)?;
    equal("spaces", context.emulator.spaces(TENANT).len(), 12)?;
    let sessions = context.calls("AssumeRole");
    equal(
        format!("sessions ({sessions}) of an apply of more than four seconds"),
        sessions >= 3,
        true,
    )
}

fn expired_session_is_replaced_and_the_call_retried(context: &mut TestContext) -> TestResult {
    populate(context)?;
    bindings(context, &with_role(), 5)?;
    context
        .emulator
        .inject(Fault::new("ChatappBindWaba", FaultKind::ExpiredToken))?;
    context.apply()?.expecting(0)?;
    equal("spaces", context.emulator.spaces(TENANT).len(), 5)?;
    equal("sessions", context.calls("AssumeRole"), 2)?;
    equal("binds", context.calls("ChatappBindWaba"), 6)
}

fn failed_renewal_is_ignored_while_the_session_is_valid(context: &mut TestContext) -> TestResult {
    prepare(context, &with_role(), 20)?;
    // The session is renewed from the fourth second on and expires in the fifth.
    context
        .emulator
        .set_behavior(|behavior| behavior.sts.lifetime_seconds = Some(5));
    let refusal = FaultKind::Error {
        status: 403,
        code: "NoPermission".to_owned(),
        message: "not now".to_owned(),
        retry_after_ms: None,
    };
    context
        .emulator
        .inject(Fault::new("AssumeRole", refusal).skip(1).times(1))?;
    // A slow machine may send a call in the moment in which the session ends. It is then sent again with the next one.
    context.directory.run(&APPLY)?.expecting(0)?;
    equal("spaces", context.emulator.spaces(TENANT).len(), 20)?;
    let renewals = context.emulator.calls_of("AssumeRole");
    let statuses: Vec<_> = renewals.iter().filter_map(|call| call.status).collect();
    equal("renewals", statuses.starts_with(&[200, 403, 200]), true)
}

fn role_chain_is_renewed_from_its_first_role(context: &mut TestContext) -> TestResult {
    stand_ins(context);
    let block = "  ecs_role_name = \"onboarding\"\n  assume_role {\n    role_arn = \"acs:ram::1000000000000020:role/second\"\n  }";
    outlives(context, block, &["MetadataCredentials", "AssumeRole"])
}

/// The first token is accepted for the first session only. The file has another one by then.
fn with_a_token_that_ends(context: &mut TestContext, arguments: &str) -> TestResult {
    context.directory.write("token", &oidc_token())?;
    prepare(context, arguments, 12)?;
    let next = "terraform-next";
    context.emulator.put_account(tenant(&["terraform", next]))?;
    let running = context.directory.start(&APPLY)?;
    let begun =
        context
            .emulator
            .wait_for_responses("AssumeRoleWithOIDC", 1, Duration::from_secs(30));
    context
        .directory
        .write("token", &oidc_token_of(next, 4_102_444_800))?;
    context.emulator.put_account(tenant(&[next]))?;
    running.finish()?.expecting(0)?;
    equal("the first token was used", begun, true)?;
    none_had_expired(context)?;
    let sessions = context.calls("AssumeRoleWithOIDC");
    equal(format!("sessions ({sessions})"), sessions >= 3, true)
}

fn oidc_token_file_of_the_block_is_read_again(context: &mut TestContext) -> TestResult {
    let block = format!(
        "  assume_role_with_oidc {{\n    oidc_provider_arn = \"{OIDC_PROVIDER}\"\n    role_arn = \"{ROLE}\"\n    oidc_token_file = \"token\"\n  }}"
    );
    with_a_token_that_ends(context, &block)
}

fn oidc_token_file_of_the_environment_is_read_again(context: &mut TestContext) -> TestResult {
    for (name, value) in [
        ("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", OIDC_PROVIDER),
        ("ALIBABA_CLOUD_ROLE_ARN", ROLE),
        ("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "token"),
    ] {
        context.directory.set(name, value);
    }
    with_a_token_that_ends(context, "")
}

fn credentials_uri_is_read_again(context: &mut TestContext) -> TestResult {
    let uri = format!("{}/credentials-uri", context.emulator.endpoint());
    let block = format!("  credentials_uri = \"{uri}\"");
    outlives(context, &block, &["CredentialsUri"])
}

fn instance_role_is_read_again(context: &mut TestContext) -> TestResult {
    stand_ins(context);
    let block = "  ecs_role_name = \"onboarding\"";
    outlives(context, block, &["MetadataCredentials"])
}

fn instance_without_configuration_is_read_again(context: &mut TestContext) -> TestResult {
    stand_ins(context);
    outlives(context, "", &["MetadataRole", "MetadataCredentials"])
}

fn current_profile_is_read_again(context: &mut TestContext) -> TestResult {
    let profile = json!({"name": "p", "mode": "RamRoleArn", "access_key_id": KEY_ID, "access_key_secret": KEY_SECRET,
        "ram_role_arn": ROLE});
    let text = json!({"current": "p", "profiles": [profile]}).to_string();
    home_file(context, ".aliyun/config.json", &text)?;
    outlives(context, "", &["AssumeRole"])
}

/// The argument that makes this executable a credentials program: it prints the hub's key, valid for two seconds, and counts
/// its runs in a file.
const VEND: &str = "vend-keys";

/// Prints the credentials, if this executable was started for that.
pub(crate) fn vend() -> Option<ExitCode> {
    let mut arguments = env::args().skip(1);
    if arguments.next()? != VEND {
        return None;
    }
    let count = |path: String| {
        let mut file = fs::File::options().create(true).append(true).open(path)?;
        file.write_all(b".")
    };
    let ends = (OffsetDateTime::now_utc() + Duration::from_secs(2)).format(&Rfc3339);
    let keys = json!({"mode": "AK", "access_key_id": KEY_ID, "access_key_secret": KEY_SECRET,
        "expiration": ends.ok()?});
    let written = writeln!(std::io::stdout(), "{keys}");
    Some(match arguments.next().map(count) {
        Some(Ok(())) if written.is_ok() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

fn credential_endpoints(runs: &Path) -> Result<String, Failed> {
    let program = env::current_exe()?;
    Ok(format!(
        "'{}' {VEND} '{}'",
        program.display(),
        runs.display()
    ))
}

fn profiles_of_every_mode_are_read_again(context: &mut TestContext) -> TestResult {
    stand_ins(context);
    context.directory.write("token", &oidc_token())?;
    let endpoint = context.emulator.endpoint().to_owned();
    let runs = context.directory.path().join("runs");
    let second = "acs:ram::1000000000000020:role/second";
    let modes: [(&str, Value, &[&str]); 9] = [
        (
            "RamRoleArn",
            json!({"access_key_id": KEY_ID, "access_key_secret": KEY_SECRET, "ram_role_arn": ROLE}),
            &["AssumeRole"],
        ),
        (
            "EcsRamRole",
            json!({"ram_role_name": "onboarding"}),
            &["MetadataCredentials"],
        ),
        (
            "RamRoleArnWithRoleName",
            json!({"ram_role_name": "onboarding", "ram_role_arn": second}),
            &["MetadataCredentials", "AssumeRole"],
        ),
        (
            "ChainableRamRoleArn",
            json!({"source_profile": "base", "ram_role_arn": second}),
            // Both the session of the source and that of the role are renewed each time.
            &["MetadataCredentials", "AssumeRole"],
        ),
        (
            "OIDC",
            json!({"oidc_provider_arn": OIDC_PROVIDER, "oidc_token_file": "token", "ram_role_arn": ROLE}),
            &["AssumeRoleWithOIDC"],
        ),
        (
            "CredentialsURI",
            json!({"credentials_uri": format!("{endpoint}/credentials-uri")}),
            &["CredentialsUri"],
        ),
        (
            "CloudSSO",
            json!({"cloud_sso_sign_in_url": endpoint, "cloud_sso_account_id": TENANT, "cloud_sso_access_config": "ac-1",
                "access_token": "MARK-sso-token"}),
            &["CloudSsoCredentials"],
        ),
        (
            "OAuth",
            json!({"oauth_site_type": "CN", "oauth_refresh_token": "MARK-oauth-refresh"}),
            &["OAuthExchange"],
        ),
        (
            "External",
            json!({"process_command": credential_endpoints(&runs)?}),
            &[],
        ),
    ];
    for (mode, mut profile, actions) in modes {
        profile["name"] = json!("p");
        profile["mode"] = json!(mode);
        let base = json!({"name": "base", "mode": "EcsRamRole", "ram_role_name": "onboarding"});
        let text = json!({"profiles": [base, profile]}).to_string();
        home_file(context, ".aliyun/config.json", &text)?;
        let more = match mode {
            "External" => format!("\n  assume_role {{\n    role_arn = \"{ROLE}\"\n  }}"),
            _ => String::new(),
        };
        outlives(context, &format!("  profile = \"p\"{more}"), actions)
            .map_err(|failed| format!("{mode}: {}", failed.message().unwrap_or_default()))?;
    }
    let runs = fs::read_to_string(runs)?.len();
    equal(format!("runs of the program ({runs})"), runs >= 2, true)
}
