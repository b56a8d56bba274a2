//! Every source with marked secrets, in successful and in failed runs: no secret is in logs, diagnostics, plans or state.

use std::fs;

use acceptance_tests::{
    acceptance::{Case, Failed, TestContext, TestResult, contains, equal},
    cases,
    emulator::{CredentialEndpoints, Fault, FaultKind},
    terraform::Output,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::{
    BINDING, KEY_ID, KEY_SECRET, OIDC_PROVIDER, ROLE, TENANT, configure, keys, oidc_token,
    populate,
    sources::{afresh, home_file},
    stand_ins,
};

pub(crate) const CASES: &[Case] =
    cases![secrets: sources_show_no_secret, no_file_of_a_run_has_a_secret_in_any_escaping];

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

/// A secret, as services and proxies may write it.
fn written(secret: &str) -> [String; 7] {
    let each = |write: fn(u8) -> String| secret.bytes().map(write).collect();
    [
        secret.to_owned(),
        each(|byte| format!("%{byte:02x}")),
        each(|byte| format!("%25{byte:02X}")),
        each(|byte| format!("\\u{byte:04x}")),
        each(|byte| format!("&#{byte};")),
        STANDARD.encode(secret),
        STANDARD.encode(format!("{{\"k\":\"{secret}\"}}")),
    ]
}

/// The CLI's own files, too: its log, the state and the plan.
fn no_file_of_a_run_has_a_secret_in_any_escaping(context: &mut TestContext) -> TestResult {
    afresh(context)?;
    let escaped = &written(KEY_SECRET)[3];
    let text = json!({"current": "p", "profiles": [{"name": "p", "mode": "RamRoleArn", "access_key_id": KEY_ID,
        "access_key_secret": "SECRET", "ram_role_arn": ROLE, "private_key": "MARK-private-key"}]});
    let text = text.to_string().replace("SECRET", escaped);
    home_file(context, ".aliyun/config.json", &text)?;
    context.directory.set("TF_LOG", "trace");
    context.directory.set("TF_LOG_PATH", "trace.log");
    configure(context, "", BINDING)?;

    let mut said = String::new();
    let mut run = |context: &TestContext, command: &[&str], status: i32| -> TestResult {
        let output = context.directory.run(command)?.expecting(status)?;
        said.push_str(&output.stdout);
        said.push_str(&output.stderr);
        Ok(())
    };
    run(context, &["plan", "-out=tfplan"], 0)?;
    run(context, &["show", "-json", "tfplan"], 0)?;
    run(context, &["apply", "tfplan"], 0)?;
    let mut forms = written(KEY_SECRET).to_vec();
    // The responses repeat what the request was signed with.
    for form in &forms {
        let echo = FaultKind::Error {
            status: 403,
            code: "Echo.Of.Secret".to_owned(),
            message: format!("you sent {form}, did you not?"),
            retry_after_ms: None,
        };
        context.emulator.clear_faults();
        context
            .emulator
            .inject(Fault::new("AssumeRole", echo).always())?;
        run(context, &["plan"], 1)?;
    }
    equal("echoes", said.matches("(withheld)").count(), forms.len())?;
    for secret in context.emulator.session_secrets() {
        forms.extend(written(&secret));
    }

    let mut files = vec![("output".to_owned(), said)];
    for name in [
        "trace.log",
        "terraform.tfstate",
        "terraform.tfstate.backup",
        "tfplan",
    ] {
        if let Ok(bytes) = fs::read(context.directory.path().join(name)) {
            files.push((
                name.to_owned(),
                String::from_utf8_lossy(&bytes).into_owned(),
            ));
        }
    }
    contains(&files[1].1, &["[TRACE]", "API attempt"])?;
    forms.push("MARK-private-key".to_owned());
    for (name, text) in files {
        for form in &forms {
            if let Some(line) = text.lines().find(|line| line.contains(form.as_str())) {
                return Err(format!("{form} is in {name}:\n{line}").into());
            }
        }
    }
    Ok(())
}
