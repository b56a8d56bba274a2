//! Errors of every source, with marked secrets: no secret is in logs, diagnostics or state.
//!
//! Successful runs, and errors of STS and of the service itself, are tested in `secrets`.

use acceptance_tests::{
    acceptance::{Case, Failed, TestContext, TestResult, contains},
    cases,
    emulator::{CredentialEndpoints, Pace, UnexpectedResponse},
};
use serde_json::{Value, json};

use crate::{
    BINDING, KEY_ID, OIDC_PROVIDER, ROLE, TENANT, configure, keys, oidc_token_of, populate,
    secrets::keeps_quiet, stand_ins,
};

pub(crate) const CASES: &[Case] = cases![failures:
    static_key_errors_show_no_secret,
    sts_errors_show_no_secret,
    unexpected_response_errors_show_no_secret,
    profile_errors_show_no_secret,
    program_errors_show_no_secret,
    ini_file_errors_show_no_secret,
    network_errors_show_no_secret,
];

/// A provider block with a fault, and words of the error that it leads to.
type Failure<'a> = (&'a str, String, &'a [&'a str]);

/// The plan of an object that must be read fails for the expected reason, and shows no secret of the configuration.
fn fails_quietly(context: &TestContext, hidden: &[String], failures: &[Failure<'_>]) -> TestResult {
    // An object in the state has to be read, so credentials are needed.
    let state = json!({"version": 4, "serial": 1, "lineage": "x", "outputs": {}, "resources": [{
        "mode": "managed", "type": "alicloud_cams_waba_binding", "name": "a",
        "provider": "provider[\"registry.terraform.io/alicloud-cams/alicloud\"]",
        "instances": [{"schema_version": 0, "attributes": {"id": "cams-a", "cust_space_id": "cams-a", "waba_id": "1"}}],
    }]});
    context
        .directory
        .write("terraform.tfstate", &state.to_string())?;
    for (what, block, words) in failures {
        configure(context, block, BINDING)?;
        let output = context.directory.run(&["plan"])?.expecting(1)?;
        contains(&output.text(), words)
            .map_err(|failed| format!("{what}: {}", failed.message().unwrap_or_default()))?;
        keeps_quiet(context, what, &output, hidden)?;
    }
    Ok(())
}

/// A log with everything, and short timeouts.
fn loud(context: &mut TestContext) -> Result<Vec<String>, Failed> {
    populate(context)?;
    stand_ins(context);
    context.directory.set("TF_LOG", "trace");
    context.directory.set("MAX_RETRY_TIMEOUT", "1");
    let words = ["MARK", "CAIS", "emulator-metadata-token", "emulated-"];
    Ok(words.map(str::to_owned).to_vec())
}

fn pair(id: &str, secret: &str) -> String {
    format!("  access_key = \"{id}\"\n  secret_key = \"{secret}\"\n")
}

fn static_key_errors_show_no_secret(context: &mut TestContext) -> TestResult {
    let hidden = loud(context)?;
    let token = |token: &str| format!("{}  security_token = \"{token}\"\n", keys());
    fails_quietly(
        context,
        &hidden,
        &[
            (
                "a wrong secret",
                pair(KEY_ID, "MARK-wrong"),
                &["SignatureDoesNotMatch"],
            ),
            (
                "a blank in it",
                pair(KEY_ID, "MARK-a b"),
                &["AccessKey secret has a blank"],
            ),
            (
                "a line break at its end",
                pair(KEY_ID, "MARK-a\\n"),
                &["line break around it"],
            ),
            (
                "no ID",
                pair("", "MARK-alone"),
                &["secret_key is set, but access_key is not"],
            ),
            ("a wrong token", token("MARK-token"), &["SecurityToken"]),
            (
                "a token with a blank",
                token("MARK to ken"),
                &["security token has a blank"],
            ),
            (
                "an unknown key",
                pair("nobody-0123456789", "MARK-of-nobody"),
                &["InvalidAccessKeyId.NotFound"],
            ),
        ],
    )
}

fn sts_errors_show_no_secret(context: &mut TestContext) -> TestResult {
    let mut hidden = loud(context)?;
    let token = oidc_token_of("terraform-of-another", 4_102_444_800);
    hidden.push(token.split('.').nth(1).unwrap_or_default().to_owned());
    context.directory.write("token", &token)?;
    context
        .directory
        .write("broken-token", "MARK-no-token-at-all")?;
    context.directory.write("empty-token", "\n")?;
    let role = |arn: &str, external: &str| {
        format!(
            "{}  assume_role {{\n    role_arn    = \"{arn}\"\n    external_id = \"{external}\"\n  }}",
            keys()
        )
    };
    let oidc = |token: &str| {
        format!(
            "  assume_role_with_oidc {{\n    oidc_provider_arn = \"{OIDC_PROVIDER}\"\n    role_arn = \"{ROLE}\"\n    {token}\n  }}"
        )
    };
    let nobody = "acs:ram::1000000000000020:role/nobody";
    // From the environment: the CLI itself shows lines of the configuration.
    context
        .directory
        .set("ALIBABA_CLOUD_EXTERNAL_ID", "MARK external");
    let block = format!(
        "{}  assume_role {{\n    role_arn = \"{ROLE}\"\n  }}",
        keys()
    );
    fails_quietly(
        context,
        &hidden,
        &[("an external ID with a blank", block, &["2 to 1224 letters"])],
    )?;
    fails_quietly(
        context,
        &hidden,
        &[
            (
                "no such role",
                role(nobody, "MARK-external"),
                &["EntityNotExist.Role"],
            ),
            (
                "another audience",
                oidc("oidc_token_file = \"token\""),
                &["AudienceNotMatch"],
            ),
            (
                "another audience, as text",
                oidc(&format!("oidc_token = \"{token}\"")),
                &["AudienceNotMatch"],
            ),
            (
                "no token",
                oidc("oidc_token_file = \"broken-token\""),
                &["OIDCToken"],
            ),
            (
                "an empty file",
                oidc("oidc_token_file = \"empty-token\""),
                &["empty-token"],
            ),
            (
                "no file",
                oidc("oidc_token_file = \"no-token\""),
                &["no-token"],
            ),
        ],
    )
}

/// Credential endpoints send unexpected responses with secrets in them.
fn unexpected_response_errors_show_no_secret(context: &mut TestContext) -> TestResult {
    let hidden = loud(context)?;
    let endpoint = context.emulator.endpoint().to_owned();
    let file = json!({"profiles": logins(&endpoint)});
    context.directory.write("config.json", &file.to_string())?;
    let sources = [
        (
            "the URI",
            format!("  credentials_uri = \"{endpoint}/credentials-uri?key=MARK-uri\""),
        ),
        ("metadata", "  ecs_role_name = \"onboarding\"".to_owned()),
        ("CloudSSO", of_file("CloudSSO")),
        ("OAuth", of_file("OAuth")),
    ];
    let whole = json!({"Code": "Success", "AccessKeyId": "MARK-id", "AccessKeySecret": "MARK-secret", "SecurityToken": "MARK-token",
        "access_token": "MARK-access", "refresh_token": "MARK-refresh"});
    let with = |name: &str, value: &str| {
        let mut body = whole.clone();
        body[name] = json!(value);
        json!({"CloudCredential": body, "Code": "Success", "Expiration": body["Expiration"]})
            .to_string()
    };
    let bodies: [(u16, String); 9] = [
        (200, whole.to_string()),
        (200, whole.to_string()[..60].to_owned()),
        (200, format!("[{whole}]")),
        (200, "MARK-secret is the secret".to_owned()),
        (200, with("Expiration", "MARK-date")),
        (200, with("Expiration", "2001-01-01T00:00:00Z")),
        (200, String::new()),
        (403, whole.to_string()),
        (500, "<html>MARK-secret</html>".to_owned()),
    ];
    for (status, body) in bodies {
        let credential_endpoints = CredentialEndpoints {
            unexpected_response: Some(UnexpectedResponse {
                status,
                body: body.clone(),
                pace: Pace::AtOnce,
            }),
            ..context.emulator.credential_endpoints()
        };
        context
            .emulator
            .set_credential_endpoints(credential_endpoints);
        for (source, block) in &sources {
            let what = format!("{source} returns {status} {body}");
            fails_quietly(
                context,
                &hidden,
                &[(&what, block.clone(), &["there are no valid credentials"])],
            )?;
        }
    }
    Ok(())
}

fn of_file(name: &str) -> String {
    format!("  shared_credentials_file = \"config.json\"\n  profile = \"{name}\"")
}

fn logins(endpoint: &str) -> [Value; 2] {
    [
        json!({"name": "CloudSSO", "mode": "CloudSSO", "cloud_sso_sign_in_url": endpoint, "cloud_sso_account_id": TENANT,
            "cloud_sso_access_config": "ac-1", "access_token": "MARK-sso-token"}),
        json!({"name": "OAuth", "mode": "OAuth", "oauth_site_type": "CN", "oauth_refresh_token": "MARK-oauth-refresh"}),
    ]
}

fn profile_errors_show_no_secret(context: &mut TestContext) -> TestResult {
    let hidden = loud(context)?;
    let endpoint = context.emulator.endpoint().to_owned();
    let [sso, oauth] = logins(&endpoint);
    // All keys of profiles, in a profile that uses none of them.
    let all = json!({"access_key_id": KEY_ID, "access_key_secret": "MARK-key", "sts_token": "MARK-sts", "private_key": "MARK-rsa",
        "bearer_token": "MARK-bearer", "access_token": "MARK-access", "oauth_access_token": "MARK-oa",
        "oauth_refresh_token": "MARK-or", "external_id": "MARK-ext", "key_pair_name": "MARK-pair"});
    let with = |base: &Value, more: Value| {
        let mut profile = base.clone();
        for (name, value) in more.as_object().into_iter().flatten() {
            profile[name] = value.clone();
        }
        profile
    };
    let of_mode = |name: &str, mode: &str, more: Value| {
        with(&with(&all, more), json!({"name": name, "mode": mode}))
    };
    let profiles = [
        of_mode("rsa", "RsaKeyPair", json!({})),
        of_mode("bearer", "BearerToken", json!({})),
        of_mode("odd", "Odd", json!({})),
        of_mode("half", "AK", json!({"access_key_id": ""})),
        of_mode("wrong", "AK", json!({})),
        of_mode("wrong-sts", "StsToken", json!({})),
        of_mode("no-arn", "RamRoleArn", json!({})),
        of_mode("refused", "RamRoleArn", json!({"ram_role_arn": ROLE})),
        of_mode(
            "loop",
            "ChainableRamRoleArn",
            json!({"source_profile": "loop", "ram_role_arn": ROLE}),
        ),
        of_mode(
            "no-token",
            "OIDC",
            json!({"oidc_provider_arn": OIDC_PROVIDER, "oidc_token_file": "nowhere", "ram_role_arn": ROLE}),
        ),
        of_mode(
            "gone",
            "CredentialsURI",
            json!({"credentials_uri": format!("{endpoint}/nowhere?key=MARK-uri")}),
        ),
        of_mode(
            "no-uri",
            "CredentialsURI",
            json!({"credentials_uri": "MARK no URI"}),
        ),
        with(
            &sso,
            json!({"name": "logged-out", "cloud_sso_access_token_expire": 1}),
        ),
        with(
            &sso,
            json!({"name": "sso-refused", "access_token": "MARK-other"}),
        ),
        with(
            &oauth,
            json!({"name": "oauth-refused", "oauth_refresh_token": "MARK-other"}),
        ),
    ];
    let file = json!({"profiles": profiles});
    context.directory.write("config.json", &file.to_string())?;
    let words: [(&str, &[&str]); 15] = [
        ("rsa", &["RsaKeyPair"]),
        ("bearer", &["BearerToken"]),
        ("odd", &["profile \"odd\""]),
        ("half", &["has mode AK but no access_key_id"]),
        ("wrong", &["SignatureDoesNotMatch"]),
        ("wrong-sts", &["SecurityToken"]),
        ("no-arn", &["has mode RamRoleArn but no ram_role_arn"]),
        ("refused", &["cannot be assumed"]),
        ("loop", &["loop"]),
        ("no-token", &["nowhere"]),
        ("gone", &["HTTP 404"]),
        ("no-uri", &["no-uri"]),
        ("logged-out", &["log in again"]),
        ("sso-refused", &["HTTP 401"]),
        ("oauth-refused", &["invalid_grant"]),
    ];
    for (name, words) in words {
        fails_quietly(context, &hidden, &[(name, of_file(name), words)])?;
    }
    // The file is not JSON, with secrets around the error.
    let text = file.to_string();
    for broken in [
        text.replacen("\"MARK-rsa\"", "MARK-rsa", 1),
        text.replacen("\"MARK-sts\"", "\"MARK-sts", 1),
        text[..text.len() / 2].to_owned(),
        "MARK-no-json".to_owned(),
    ] {
        context.directory.write("config.json", &broken)?;
        fails_quietly(
            context,
            &hidden,
            &[("broken", of_file("rsa"), &["config.json"])],
        )?;
    }
    Ok(())
}

fn program_errors_show_no_secret(context: &mut TestContext) -> TestResult {
    if cfg!(not(unix)) {
        return Ok(());
    }
    let hidden = loud(context)?;
    let commands: [(&str, &str, &[&str]); 7] = [
        (
            "fails",
            "sh -c 'echo MARK-result; echo why >&2; exit 3' MARK-argument",
            &["run its process_command by hand"],
        ),
        ("no-json", "echo MARK-text", &["is not JSON"]),
        (
            "cut",
            "echo '{\"mode\": \"AK\", \"access_key_secret\": \"MARK-cut'",
            &["is not JSON"],
        ),
        ("list", "echo '[\"MARK-list\"]'", &["not an object"]),
        (
            "no-id",
            "echo '{\"mode\": \"AK\", \"access_key_secret\": \"MARK-key\"}'",
            &["has no access_key_id"],
        ),
        (
            "odd-mode",
            "echo '{\"mode\": \"MARK-mode\", \"access_key_id\": \"x\", \"access_key_secret\": \"MARK-key\"}'",
            &["neither AK nor StsToken"],
        ),
        (
            "nothing",
            "/nowhere/program --password MARK-argument",
            &["cannot be run"],
        ),
    ];
    let profiles: Vec<Value> = commands
        .iter()
        .map(|(name, command, _)| json!({"name": name, "mode": "External", "process_command": command}))
        .collect();
    let file = json!({"profiles": profiles});
    context.directory.write("config.json", &file.to_string())?;
    for (name, _, words) in commands {
        fails_quietly(context, &hidden, &[(name, of_file(name), words)])?;
    }
    Ok(())
}

fn ini_file_errors_show_no_secret(context: &mut TestContext) -> TestResult {
    let hidden = loud(context)?;
    let block = "  shared_credentials_file = \"credentials.ini\"\n  profile = \"p\"";
    let files: [(&str, &str, &[&str]); 4] = [
        (
            "no type",
            "[p]\naccess_key_secret = MARK-key\n",
            &["credentials.ini"],
        ),
        (
            "an odd type",
            "[p]\ntype = odd\naccess_key_secret = MARK-key\n",
            &["credentials.ini"],
        ),
        (
            "no ID",
            "[p]\ntype = access_key\naccess_key_secret = MARK-key\n",
            &["access_key_id"],
        ),
        (
            "no such section",
            "[other]\ntype = access_key\naccess_key_secret = MARK-key\n",
            &["credentials.ini"],
        ),
    ];
    for (what, text, words) in files {
        context.directory.write("credentials.ini", text)?;
        fails_quietly(context, &hidden, &[(what, block.to_owned(), words)])?;
    }
    Ok(())
}

/// Nobody listens. Network errors name hosts, and not the path or query of a URL.
fn network_errors_show_no_secret(context: &mut TestContext) -> TestResult {
    let hidden = loud(context)?;
    let nobody = "http://127.0.0.1:1";
    let file = json!({"profiles": logins(nobody)});
    context.directory.write("config.json", &file.to_string())?;
    for variable in [
        "ALIBABA_CLOUD_ECS_METADATA_SERVICE_ENDPOINT",
        "ALIBABA_CLOUD_OAUTH_ENDPOINT",
    ] {
        context.directory.set(variable, nobody);
    }
    fails_quietly(
        context,
        &hidden,
        &[
            (
                "the URI",
                format!("  credentials_uri = \"{nobody}/x?key=MARK-uri\""),
                &["127.0.0.1:1"],
            ),
            (
                "metadata",
                "  ecs_role_name = \"onboarding\"".to_owned(),
                &["127.0.0.1:1"],
            ),
            ("CloudSSO", of_file("CloudSSO"), &["127.0.0.1:1"]),
            ("OAuth", of_file("OAuth"), &["127.0.0.1:1"]),
        ],
    )
}
