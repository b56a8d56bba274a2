//! Every source with marked secrets, in successful and in failed runs: no secret is in logs, diagnostics, plans or state.

use std::fs;

use acceptance_tests::{
    acceptance::{Case, Failed, TestContext, TestResult, contains},
    cases,
    emulator::{CredentialEndpoints, Fault, FaultKind},
    terraform::Output,
};
use serde_json::json;

use crate::{
    BINDING, KEY_ID, KEY_SECRET, OIDC_PROVIDER, ROLE, TENANT, configure, keys, oidc_token,
    populate, stand_ins,
};

pub(crate) const CASES: &[Case] = cases![secrets: sources_show_no_secret];

/// Fails if the output of a command, or the state, has a marked word, part of a token or the secret of a session.
pub(crate) fn keeps_quiet(
    context: &TestContext,
    what: &str,
    output: &Output,
    hidden: &[String],
) -> TestResult {
    let state = context
        .directory
        .read("terraform.tfstate")
        .unwrap_or_default();
    for text in [&output.stdout, &output.stderr, &state] {
        for line in text.lines() {
            let shown = hidden.iter().find(|secret| line.contains(secret.as_str()));
            if let Some(secret) = shown {
                return Err(format!("{what}: \"{secret}\" is in:\n{line}").into());
            }
        }
    }
    Ok(())
}

/// Texts that must not be shown.
pub(crate) fn hidden() -> Vec<String> {
    let token = oidc_token();
    let claims = token.split('.').nth(1).unwrap_or_default();
    [
        "MARK",
        // How every security token of the emulator begins.
        "CAIS",
        "emulator-metadata-token",
        claims,
        "emulated-access-",
        "emulated-refresh-",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn profile(name: &str) -> String {
    format!("  shared_credentials_file = \"config.json\"\n  profile = \"{name}\"")
}

/// Arguments of the provider block for each source of temporary credentials, by name.
pub(crate) fn sources(context: &TestContext) -> Result<[(&'static str, String); 9], Failed> {
    let endpoint = context.emulator.endpoint().to_owned();
    context.directory.write("token", &oidc_token())?;
    let role = format!(
        "  assume_role {{\n    role_arn    = \"{ROLE}\"\n    external_id = \"MARK-external\"\n  }}"
    );
    let oidc = format!(
        "  assume_role_with_oidc {{\n    oidc_provider_arn = \"{OIDC_PROVIDER}\"\n    role_arn = \"{ROLE}\"\n    oidc_token_file = \"token\"\n  }}"
    );
    let uri = format!("  credentials_uri = \"{endpoint}/credentials-uri?key=MARK-uri\"");
    let program = json!({"mode": "AK", "access_key_id": KEY_ID, "access_key_secret": KEY_SECRET});
    let profiles = [
        json!({"name": "External", "mode": "External", "process_command": format!("echo '{program}'")}),
        json!({"name": "CloudSSO", "mode": "CloudSSO", "cloud_sso_sign_in_url": endpoint, "cloud_sso_account_id": TENANT,
            "cloud_sso_access_config": "ac-1", "access_token": "MARK-sso-token"}),
        json!({"name": "OAuth", "mode": "OAuth", "oauth_site_type": "CN", "oauth_refresh_token": "MARK-oauth-refresh"}),
    ];
    let file = context.directory.path().join("config.json");
    fs::write(&file, json!({"profiles": profiles}).to_string())?;
    let ini = format!(
        "[ini]\ntype = ram_role_arn\naccess_key_id = {KEY_ID}\naccess_key_secret = {KEY_SECRET}\nrole_arn = {ROLE}\n"
    );
    context.directory.write("credentials.ini", &ini)?;
    Ok([
        ("AssumeRole", format!("{}{role}", keys())),
        ("AssumeRoleWithOIDC", oidc),
        ("CredentialsUri", uri),
        (
            "MetadataCredentials",
            "  ecs_role_name = \"onboarding\"".to_owned(),
        ),
        ("External", format!("{}\n{role}", profile("External"))),
        ("CloudSsoCredentials", profile("CloudSSO")),
        ("OAuthExchange", profile("OAuth")),
        (
            "an ini file",
            "  shared_credentials_file = \"credentials.ini\"\n  profile = \"ini\"".to_owned(),
        ),
        ("MetadataRole", String::new()),
    ])
}

fn sources_show_no_secret(context: &mut TestContext) -> TestResult {
    populate(context)?;
    stand_ins(context);
    context.directory.set("TF_LOG", "trace");
    let hidden = hidden();
    let sources = sources(context)?;
    let file = context.directory.path().join("config.json");
    let bad = [
        FaultKind::InvalidJson,
        FaultKind::Cut,
        FaultKind::ExpiredToken,
    ];
    for (what, block) in &sources {
        configure(context, block, BINDING)?;
        let good = context.directory.run(&["plan"])?.expecting(0)?;
        contains(&good.stderr, &["[TRACE]"])?;
        keeps_quiet(context, what, &good, &hidden)?;
        keeps_quiet(context, what, &context.apply()?.expecting(0)?, &hidden)?;
        for fault in &bad {
            // Faults of STS and of the service, one after the other, for the whole command.
            for action in ["AssumeRole", "AssumeRoleWithOIDC", "QueryChatappBindWaba"] {
                context
                    .emulator
                    .inject(Fault::new(action, fault.clone()).times(2))?;
            }
            let output = context.directory.run(&["plan"])?;
            keeps_quiet(context, what, &output, &hidden)?;
            context.emulator.clear_faults();
        }
        // The source refuses now.
        let credential_endpoints = context.emulator.credential_endpoints();
        context
            .emulator
            .set_credential_endpoints(CredentialEndpoints::default());
        let output = context.directory.run(&["plan"])?;
        keeps_quiet(context, what, &output, &hidden)?;
        context
            .emulator
            .set_credential_endpoints(credential_endpoints);
    }
    // A file with a syntax error, with secrets around it.
    let text = fs::read_to_string(&file)?;
    let broken = text.replacen("MARK-sso-token\"", "MARK-sso-token", 1);
    fs::write(&file, broken)?;
    configure(context, &profile("CloudSSO"), BINDING)?;
    let output = context.directory.run(&["plan"])?.expecting(1)?;
    contains(&output.stderr, &["is not valid JSON"])?;
    keeps_quiet(context, "a broken file", &output, &hidden)?;
    Ok(())
}
