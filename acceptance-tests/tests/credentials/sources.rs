//! Every source leads to a binding in the right account, configured by the provider block and by the environment alone.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
};

use acceptance_tests::{
    acceptance::{Case, Failed, TestContext, TestResult, contains, equal},
    cases,
};
use serde_json::{Value, json};

use crate::{
    BINDING, HUB, KEY_ID, KEY_SECRET, OIDC_PROVIDER, ROLE, TENANT, WABA, configure, keys,
    oidc_token, populate, stand_ins,
};

pub(crate) const CASES: &[Case] = cases![sources:
    static_keys_bind,
    deprecated_variable_names_are_read,
    assumed_role_binds,
    assumed_role_of_the_environment_binds,
    oidc_token_of_the_block_binds,
    oidc_token_of_the_environment_binds,
    profiles_of_every_mode_bind,
    ini_file_binds,
    current_profile_binds,
    default_section_of_the_ini_file_binds,
    credentials_uri_binds,
    instance_role_binds,
    named_instance_role_is_not_passed_over,
    instance_without_configuration_binds,
    silent_metadata_service_is_asked_once,
    role_chain_binds,
    credentials_are_not_requested_before_they_are_needed,
    credentials_error_names_the_cause,
    wrong_account_is_rejected_before_the_bind,
    guard_without_an_account_is_an_error,
];

/// Applies, and checks that the binding is in the tenant's account.
fn binds(context: &TestContext, arguments: &str) -> TestResult {
    configure(context, arguments, BINDING)?;
    context.apply()?.expecting(0)?;
    equal(
        "spaces of the tenant",
        context.emulator.spaces(TENANT).len(),
        1,
    )?;
    equal("spaces of the hub", context.emulator.spaces(HUB).len(), 0)?;
    context.plan(0)?;
    Ok(())
}

/// Resets the emulator and removes the state.
pub(crate) fn afresh(context: &mut TestContext) -> TestResult {
    context.emulator.reset();
    populate(context)?;
    stand_ins(context);
    for file in ["terraform.tfstate", "terraform.tfstate.backup"] {
        // The first round has no state.
        let _ = fs::remove_file(context.directory.path().join(file));
    }
    Ok(())
}

pub(crate) fn home_file(context: &TestContext, path: &str, text: &str) -> TestResult {
    let path = context.directory.path().join("../home").join(path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(path, text)?)
}

/// A session of the tenant's role: AccessKey ID, secret and token.
fn session(context: &TestContext) -> Result<[String; 3], Failed> {
    let mut stream = TcpStream::connect(context.emulator.address())?;
    stream.write_all(b"GET /credentials-uri HTTP/1.0\r\n\r\n")?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    let body = response.split("\r\n\r\n").nth(1).unwrap_or_default();
    let session: Value = serde_json::from_str(body)?;
    Ok(["AccessKeyId", "AccessKeySecret", "SecurityToken"]
        .map(|name| session[name].as_str().unwrap_or_default().to_owned()))
}

fn static_keys_bind(context: &mut TestContext) -> TestResult {
    afresh(context)?;
    let [id, secret, token] = session(context)?;
    binds(
        context,
        &format!(
            "  access_key     = \"{id}\"\n  secret_key     = \"{secret}\"\n  security_token = \"{token}\""
        ),
    )?;
    // Each name has precedence over those of the rounds before.
    for names in [
        [
            "ALICLOUD_ACCESS_KEY",
            "ALICLOUD_SECRET_KEY",
            "ALICLOUD_SECURITY_TOKEN",
        ],
        [
            "ALIBABACLOUD_ACCESS_KEY_ID",
            "ALIBABACLOUD_ACCESS_KEY_SECRET",
            "ALIBABACLOUD_SECURITY_TOKEN",
        ],
        [
            "ALIBABA_CLOUD_ACCESS_KEY_ID",
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
            "ALIBABA_CLOUD_SECURITY_TOKEN",
        ],
    ] {
        afresh(context)?;
        for (name, value) in names.iter().zip(session(context)?) {
            context.directory.set(name, value);
        }
        binds(context, "")
            .map_err(|failed| format!("{names:?}: {}", failed.message().unwrap_or_default()))?;
    }
    Ok(())
}

/// Sets these variables, binds with an empty provider block, and unsets them.
fn binds_from(context: &mut TestContext, variables: &[(&str, &str)]) -> TestResult {
    afresh(context)?;
    for (name, value) in variables {
        context.directory.set(name, value);
    }
    let result = binds(context, "");
    for (name, _) in variables {
        context.directory.unset(name);
    }
    result.map_err(|failed| {
        let why = failed.message().unwrap_or_default();
        format!("{variables:?}: {why}").into()
    })
}

fn deprecated_variable_names_are_read(context: &mut TestContext) -> TestResult {
    let endpoint = context.emulator.endpoint().to_owned();
    let uri = format!("{endpoint}/credentials-uri");
    let token = oidc_token();
    context.directory.write("token", &token)?;
    let profile = json!({"current": "none", "profiles": [{"name": "p", "mode": "RamRoleArn", "access_key_id": KEY_ID,
        "access_key_secret": KEY_SECRET, "ram_role_arn": ROLE}]});
    home_file(context, ".aliyun/config.json", &profile.to_string())?;
    let mut current = profile;
    current["current"] = json!("p");
    context.directory.write("file.json", &current.to_string())?;
    let sets: [&[(&str, &str)]; 10] = [
        &[
            ("ALIBABACLOUD_ACCESS_KEY_ID", KEY_ID),
            ("ALIBABACLOUD_ACCESS_KEY_SECRET", KEY_SECRET),
            ("ALIBABACLOUD_ROLE_ARN", ROLE),
            ("ALIBABACLOUD_ROLE_SESSION_NAME", "older"),
        ],
        &[
            ("ALICLOUD_ACCESS_KEY", KEY_ID),
            ("ALICLOUD_SECRET_KEY", KEY_SECRET),
            ("ALICLOUD_ASSUME_ROLE_ARN", ROLE),
            ("ALICLOUD_ASSUME_ROLE_SESSION_NAME", "older"),
            ("ALICLOUD_ASSUME_ROLE_SESSION_EXPIRATION", "900"),
        ],
        &[
            ("ALIBABACLOUD_OIDC_PROVIDER_ARN", OIDC_PROVIDER),
            ("ALIBABACLOUD_ROLE_ARN", ROLE),
            ("ALIBABACLOUD_OIDC_TOKEN_FILE", "token"),
        ],
        &[("ALIBABACLOUD_PROFILE", "p")],
        &[("ALICLOUD_PROFILE", "p")],
        &[("ALIBABA_CLOUD_CREDENTIALS_FILE", "file.json")],
        &[("ALIBABA_CLOUD_CONFIG_FILE", "file.json")],
        &[("ALICLOUD_SHARED_CREDENTIALS_FILE", "file.json")],
        &[("ALICLOUD_CREDENTIALS_URI", &uri)],
        &[("ALICLOUD_ECS_ROLE_NAME", "onboarding")],
    ];
    for variables in sets {
        binds_from(context, variables)?;
    }
    // The current name has precedence over a deprecated one.
    binds_from(
        context,
        &[
            ("ALIBABA_CLOUD_ACCESS_KEY_ID", KEY_ID),
            ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", KEY_SECRET),
            ("ALIBABA_CLOUD_ROLE_ARN", ROLE),
            ("ALICLOUD_ACCESS_KEY", "another-key-0123456789"),
            ("ALICLOUD_SECRET_KEY", "another-secret"),
            (
                "ALICLOUD_ASSUME_ROLE_ARN",
                "acs:ram::1000000000000010:role/another",
            ),
        ],
    )
}

fn assumed_role_binds(context: &mut TestContext) -> TestResult {
    afresh(context)?;
    let block = format!(
        "{}  assume_role {{\n    role_arn           = \"{ROLE}\"\n    session_name       = \"ci-run\"\n    session_expiration = 900\n  }}",
        keys()
    );
    binds(context, &block)?;
    let calls = context.emulator.calls_of("AssumeRole");
    equal(
        "parameters",
        calls[0]
            .parameters
            .get("RoleSessionName")
            .map(String::as_str),
        Some("ci-run"),
    )?;
    equal(
        "parameters",
        calls[0]
            .parameters
            .get("DurationSeconds")
            .map(String::as_str),
        Some("900"),
    )
}

fn assumed_role_of_the_environment_binds(context: &mut TestContext) -> TestResult {
    afresh(context)?;
    context.directory.set("ALIBABA_CLOUD_ACCESS_KEY_ID", KEY_ID);
    context
        .directory
        .set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", KEY_SECRET);
    context.directory.set("ALIBABA_CLOUD_ROLE_ARN", ROLE);
    binds(context, "")?;
    context.directory.unset("ALIBABA_CLOUD_ROLE_ARN");
    for (name, value) in [
        ("ALICLOUD_ASSUME_ROLE_ARN", ROLE),
        ("ALICLOUD_ASSUME_ROLE_SESSION_NAME", "older"),
        ("ALICLOUD_ASSUME_ROLE_SESSION_EXPIRATION", "900"),
    ] {
        context.directory.set(name, value);
    }
    afresh(context)?;
    binds(context, "")?;
    let calls = context.emulator.calls_of("AssumeRole");
    for (name, value) in [("RoleSessionName", "older"), ("DurationSeconds", "900")] {
        let sent = calls[0].parameters.get(name).map(String::as_str);
        equal(name, sent, Some(value))?;
    }
    Ok(())
}

fn oidc_token_of_the_block_binds(context: &mut TestContext) -> TestResult {
    afresh(context)?;
    context
        .directory
        .write("token", &format!("{}\n", oidc_token()))?;
    let block = format!(
        "  assume_role_with_oidc {{\n    oidc_provider_arn = \"{OIDC_PROVIDER}\"\n    role_arn = \"{ROLE}\"\n    oidc_token_file = \"token\"\n  }}"
    );
    binds(context, &block)?;
    let calls = context.emulator.calls_of("AssumeRoleWithOIDC");
    equal(
        "a token in the URL",
        calls[0].query_parameters.contains(&"OIDCToken".to_owned()),
        false,
    )?;
    equal(
        "a token in the body",
        calls[0].form_parameters.contains(&"OIDCToken".to_owned()),
        true,
    )
}

fn oidc_token_of_the_environment_binds(context: &mut TestContext) -> TestResult {
    afresh(context)?;
    context
        .directory
        .set("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", OIDC_PROVIDER);
    context.directory.set("ALIBABA_CLOUD_ROLE_ARN", ROLE);
    context
        .directory
        .set("ALIBABA_CLOUD_OIDC_TOKEN", oidc_token());
    binds(context, "")
}

fn profiles_of_every_mode_bind(context: &mut TestContext) -> TestResult {
    let key = |mode: &str| json!({"name": "p", "mode": mode, "access_key_id": KEY_ID, "access_key_secret": KEY_SECRET});
    let role = json!({"ram_role_arn": ROLE, "ram_session_name": "profile"});
    let with = |base: Value, more: &Value| {
        let mut profile = base;
        for (name, value) in more.as_object().into_iter().flatten() {
            profile[name] = value.clone();
        }
        profile
    };
    let program = json!({"mode": "AK", "access_key_id": KEY_ID, "access_key_secret": KEY_SECRET});
    let endpoint = context.emulator.endpoint().to_owned();
    context.directory.write("token", &oidc_token())?;
    let named = |mode: &str| json!({"name": "p", "mode": mode});
    let second = "acs:ram::1000000000000020:role/second";
    let on_top = format!("  assume_role {{\n    role_arn = \"{ROLE}\"\n  }}");
    let profiles: Vec<(Value, Option<Value>, &str)> = vec![
        (key("AK"), None, &on_top),
        (with(key("RamRoleArn"), &role), None, ""),
        (
            with(named("EcsRamRole"), &json!({"ram_role_name": "onboarding"})),
            None,
            "",
        ),
        (
            with(
                named("RamRoleArnWithRoleName"),
                &json!({"ram_role_name": "onboarding", "ram_role_arn": second}),
            ),
            None,
            "",
        ),
        (
            with(
                named("ChainableRamRoleArn"),
                &json!({"source_profile": "base", "ram_role_arn": second}),
            ),
            Some(with(
                with(key("RamRoleArn"), &role),
                &json!({"name": "base"}),
            )),
            "",
        ),
        (
            with(
                with(named("OIDC"), &role),
                &json!({"oidc_provider_arn": OIDC_PROVIDER, "oidc_token_file": "token"}),
            ),
            None,
            "",
        ),
        (
            with(
                named("CredentialsURI"),
                &json!({"credentials_uri": format!("{endpoint}/credentials-uri")}),
            ),
            None,
            "",
        ),
        (
            with(
                named("External"),
                &json!({"process_command": format!("echo '{program}'")}),
            ),
            None,
            &on_top,
        ),
        (
            with(
                named("CloudSSO"),
                &json!({"cloud_sso_sign_in_url": format!("{endpoint}/login"), "cloud_sso_account_id": TENANT,
                    "cloud_sso_access_config": "ac-1", "access_token": "MARK-sso-token",
                    "cloud_sso_access_token_expire": 4_102_444_800_i64}),
            ),
            None,
            "",
        ),
        (
            with(
                named("OAuth"),
                &json!({"oauth_site_type": "INTL", "oauth_access_token": "MARK-oauth-old",
                    "oauth_access_token_expire": 1, "oauth_refresh_token": "MARK-oauth-refresh"}),
            ),
            None,
            "",
        ),
    ];
    for (profile, below, more) in profiles {
        afresh(context)?;
        let mode = profile["mode"].clone();
        let mut list = vec![profile];
        list.extend(below);
        home_file(
            context,
            ".aliyun/config.json",
            &json!({"current": "other", "profiles": list}).to_string(),
        )?;
        binds(context, &format!("  profile = \"p\"\n{more}"))
            .map_err(|failed| format!("{mode}: {}", failed.message().unwrap_or_default()))?;
    }
    // Every process renewed the login with the tokens that the process before it had written to the file.
    let renewals = context.emulator.calls_of("OAuthToken");
    equal(
        "refused renewals",
        renewals.iter().any(|call| call.status != Some(200)),
        false,
    )?;
    let written = fs::read_to_string(context.directory.path().join("../home/.aliyun/config.json"))?;
    let token = context
        .emulator
        .credential_endpoints()
        .oauth_refresh_token
        .unwrap_or_default();
    contains(&written, &[&token])
}

fn ini_file_binds(context: &mut TestContext) -> TestResult {
    afresh(context)?;
    let text = format!(
        "[ci]\ntype = ram_role_arn\naccess_key_id = {KEY_ID}\naccess_key_secret = {KEY_SECRET} # the hub's\nrole_arn = {ROLE}\nrole_session_name = ini\n"
    );
    home_file(context, ".alibabacloud/credentials", &text)?;
    context.directory.set("ALIBABA_CLOUD_PROFILE", "ci");
    binds(context, "")
}

fn current_profile_binds(context: &mut TestContext) -> TestResult {
    afresh(context)?;
    let profiles = json!([
        {"name": "other", "mode": "AK", "access_key_id": "other", "access_key_secret": "MARK-other"},
        {"name": "p", "mode": "RamRoleArn", "access_key_id": KEY_ID, "access_key_secret": KEY_SECRET, "ram_role_arn": ROLE},
    ]);
    let text = json!({"current": "p", "profiles": profiles}).to_string();
    home_file(context, ".aliyun/config.json", &text)?;
    binds(context, "")?;
    equal("roles", context.calls("AssumeRole") > 0, true)?;
    // It has precedence over the ini file and the instance, and can be disabled.
    equal("discoveries", context.calls("MetadataRole"), 0)?;
    afresh(context)?;
    context
        .directory
        .set("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true");
    binds(context, "")?;
    equal("roles", context.calls("AssumeRole"), 0)?;
    equal("discoveries", context.calls("MetadataRole"), 2)
}

fn default_section_of_the_ini_file_binds(context: &mut TestContext) -> TestResult {
    let text = |role: &str| {
        format!(
            "[default]\ntype = ram_role_arn\naccess_key_id = {KEY_ID}\naccess_key_secret = {KEY_SECRET}\nrole_arn = {role}\n"
        )
    };
    let section = text(ROLE);
    for file in [".alibabacloud/credentials.ini", ".alibabacloud/credentials"] {
        afresh(context)?;
        home_file(context, file, &section)?;
        binds(context, "")?;
        equal("roles", context.calls("AssumeRole") > 0, true)?;
        equal("discoveries", context.calls("MetadataRole"), 0)?;
        // The next file has precedence over this one.
        home_file(
            context,
            file,
            &text("acs:ram::1000000000000020:role/nobody"),
        )?;
    }
    Ok(())
}

fn credentials_uri_binds(context: &mut TestContext) -> TestResult {
    afresh(context)?;
    let uri = format!("{}/credentials-uri", context.emulator.endpoint());
    binds(context, &format!("  credentials_uri = \"{uri}\""))?;
    afresh(context)?;
    context.directory.set("ALIBABA_CLOUD_CREDENTIALS_URI", uri);
    binds(context, "")
}

fn instance_role_binds(context: &mut TestContext) -> TestResult {
    afresh(context)?;
    binds(context, "  ecs_role_name = \"onboarding\"")?;
    equal("discoveries", context.calls("MetadataRole"), 0)?;
    afresh(context)?;
    context
        .directory
        .set("ALIBABA_CLOUD_ECS_METADATA", "onboarding");
    binds(context, "")
}

/// A profile of the CLI could act in its place.
fn named_instance_role_is_not_passed_over(context: &mut TestContext) -> TestResult {
    const DISABLED: &str = "ALIBABA_CLOUD_ECS_METADATA_DISABLED";
    afresh(context)?;
    let profile = json!({"name": "default", "mode": "AK", "access_key_id": KEY_ID, "access_key_secret": KEY_SECRET});
    let file = json!({"profiles": [profile]}).to_string();
    home_file(context, ".aliyun/config.json", &file)?;
    context.directory.set(DISABLED, "true");
    let fails = |context: &TestContext, arguments: &str, name: &str| -> TestResult {
        configure(context, arguments, BINDING)?;
        let output = context.apply()?.expecting(1)?;
        let error = acceptance_tests::acceptance::only_error(&output)?.text();
        contains(&error, &[name, DISABLED, "Nothing was sent"])?;
        equal("calls", context.emulator.calls().len(), 0)
    };
    fails(
        context,
        "  ecs_role_name = \"onboarding\"",
        "ecs_role_name is set",
    )?;
    let variable = "ALIBABA_CLOUD_ECS_METADATA";
    context.directory.set(variable, "onboarding");
    fails(context, "", "ALIBABA_CLOUD_ECS_METADATA is set")
}

fn instance_without_configuration_binds(context: &mut TestContext) -> TestResult {
    afresh(context)?;
    binds(context, "")?;
    // Once in the process of the apply and once in that of the plan. The first plan had nothing to read.
    equal("discoveries", context.calls("MetadataRole"), 2)
}

fn silent_metadata_service_is_asked_once(context: &mut TestContext) -> TestResult {
    afresh(context)?;
    // The server at the address of the metadata service accepts connections and sends nothing.
    let mute = TcpListener::bind("127.0.0.1:0")?;
    context.directory.set(
        "ALIBABA_CLOUD_ECS_METADATA_SERVICE_ENDPOINT",
        format!("http://{}", mute.local_addr()?),
    );
    context
        .directory
        .set("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "false");
    let bindings = "resource \"alicloud_cams_waba_binding\" \"all\" {\n  count   = 4\n  waba_id = 100000000000000 + count.index\n}\n";
    configure(context, "", bindings)?;
    // One after the other: a source that asks again for each binding connects four times.
    let output = context
        .directory
        .run(&["apply", "-json", "-auto-approve", "-parallelism=1"])?
        .expecting(1)?;
    equal("errors", output.errors().len(), 4)?;
    let (short, whole): (Vec<_>, Vec<_>) = output
        .errors()
        .into_iter()
        .map(|error| error.text())
        .partition(|text| text.contains("For the reason, see the message about"));
    equal("errors in short", short.len(), 3)?;
    contains(
        &whole.concat(),
        &["no credentials were found", "config.json"],
    )?;
    mute.set_nonblocking(true)?;
    let tries = std::iter::from_fn(|| mute.accept().ok()).count();
    equal("connections to the metadata service", tries, 1)
}

fn role_chain_binds(context: &mut TestContext) -> TestResult {
    afresh(context)?;
    let block = "  ecs_role_name = \"onboarding\"\n  assume_role {\n    role_arn = \"acs:ram::1000000000000020:role/second\"\n  }";
    binds(context, block)
}

fn credentials_are_not_requested_before_they_are_needed(context: &mut TestContext) -> TestResult {
    afresh(context)?;
    configure(context, "  profile = \"no-such-profile\"", BINDING)?;
    // A new object needs no request, no credentials and no file.
    context.plan(2)?;
    equal("calls", context.emulator.calls().len(), 0)?;
    configure(
        context,
        &format!("{}  allowed_account_ids = [\"{HUB}\"]\n", keys()),
        BINDING,
    )?;
    context.plan(2)?;
    equal("calls", context.emulator.calls().len(), 0)?;
    configure(context, "  profile = \"no-such-profile\"", BINDING)?;
    let output = context.apply()?.expecting(1)?;
    contains(
        &acceptance_tests::acceptance::only_error(&output)?.text(),
        &["there are no valid credentials", ".aliyun", "config.json"],
    )
}

fn credentials_error_names_the_cause(context: &mut TestContext) -> TestResult {
    afresh(context)?;
    let file = |profile: Value| json!({"profiles": [profile]}).to_string();
    let refused = json!({"name": "p", "mode": "RamRoleArn", "access_key_id": KEY_ID, "access_key_secret": "MARK-wrong",
        "ram_role_arn": ROLE});
    let mut causes: Vec<(String, &[&str])> = vec![
        (
            file(
                json!({"name": "p", "mode": "RamRoleArn", "access_key_id": "k", "access_key_secret": "MARK-secret"}),
            ),
            &[
                "profile \"p\" in ",
                "config.json has mode RamRoleArn but no ram_role_arn",
            ],
        ),
        (
            file(
                json!({"name": "p", "mode": "RamRoleArn", "access_key_id": KEY_ID, "access_key_secret": KEY_SECRET,
                    "ram_role_arn": ROLE, "policy": {"MARK": "1"}}),
            ),
            &[
                "profile \"p\" in ",
                "config.json has a bad policy: it must be a JSON string, but is an object",
                "Provider.Credentials.Profile",
            ],
        ),
        (
            file(refused.clone()).replacen('}', ",\n}", 1),
            &["config.json is not valid JSON", "line 2 column 1"],
        ),
        (
            file(refused),
            &[
                ROLE,
                "SignatureDoesNotMatch",
                "the secret does not belong to this AccessKey",
            ],
        ),
    ];
    if cfg!(unix) {
        let program = "sh -c 'echo the vault is sealed >&2; exit 3'";
        causes.push((
            file(json!({"name": "p", "mode": "External", "process_command": program})),
            &[
                "the program sh",
                "exit status: 3",
                "run its process_command by hand",
            ],
        ));
    }
    let expired = json!({"mode": "AK", "access_key_id": "k", "access_key_secret": "MARK-secret",
        "expiration": "2020-01-15T09:30:05Z"});
    if cfg!(unix) {
        let program = format!("echo '{expired}'");
        causes.push((
            file(json!({"name": "p", "mode": "External", "process_command": program})),
            &[
                "the program echo of profile \"p\"",
                "2020-01-15T09:30:05Z",
                "Provider.Credentials.Expired",
            ],
        ));
    }
    for (text, parts) in causes {
        home_file(context, ".aliyun/config.json", &text)?;
        configure(context, "  profile = \"p\"", BINDING)?;
        let output = context.apply()?.expecting(1)?;
        let error = acceptance_tests::acceptance::only_error(&output)?.text();
        contains(&error, &["there are no valid credentials"])?;
        contains(&error, parts)?;
        equal("secrets", error.contains("MARK"), false)?;
    }
    Ok(())
}

fn wrong_account_is_rejected_before_the_bind(context: &mut TestContext) -> TestResult {
    let block = |rule: &str| {
        format!(
            "{}  assume_role {{\n    role_arn = \"{ROLE}\"\n  }}\n  {rule}\n",
            keys()
        )
    };
    for rule in [
        format!("allowed_account_ids = [\"{HUB}\"]"),
        format!("forbidden_account_ids = [\"{TENANT}\"]"),
    ] {
        afresh(context)?;
        configure(context, &block(&rule), BINDING)?;
        let output = context.apply()?.expecting(1)?;
        contains(
            &acceptance_tests::acceptance::only_error(&output)?.text(),
            &["account_ids", TENANT, "nothing was changed"],
        )?;
        equal("binds", context.calls("ChatappBindWaba"), 0)?;
    }
    afresh(context)?;
    binds(
        context,
        &block(&format!("allowed_account_ids = [\"{TENANT}\"]")),
    )?;
    context.space_of(WABA)?;
    equal("checks", context.calls("GetCallerIdentity"), 2)
}

/// A variable without a value does not remove a guard.
fn guard_without_an_account_is_an_error(context: &mut TestContext) -> TestResult {
    afresh(context)?;
    let variable = "variable \"account\" {\n  type    = string\n  default = null\n}\n";
    for (rule, expected) in [
        (
            "allowed_account_ids = [var.account]",
            "allowed_account_ids holds null",
        ),
        (
            "allowed_account_ids = compact([var.account])",
            "allowed_account_ids is empty",
        ),
        (
            "forbidden_account_ids = [\"1\", var.account]",
            "forbidden_account_ids holds null",
        ),
    ] {
        configure(
            context,
            &format!("  ecs_role_name = \"onboarding\"\n  {rule}\n"),
            &format!("{variable}{BINDING}"),
        )?;
        for output in [
            context.directory.plan(&[])?.output.expecting(1)?,
            context.apply()?.expecting(1)?,
        ] {
            contains(
                &acceptance_tests::acceptance::only_error(&output)?.text(),
                &[
                    expected,
                    "Nothing was sent",
                    "Provider.InvalidConfiguration",
                ],
            )?;
        }
    }
    equal("calls", context.emulator.calls().len(), 0)?;
    // Without a value the arguments as a whole are not set, as everywhere.
    binds(
        context,
        "  ecs_role_name = \"onboarding\"\n  allowed_account_ids = null\n  forbidden_account_ids = []\n",
    )
}
