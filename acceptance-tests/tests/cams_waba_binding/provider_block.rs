//! The provider block, environment variables instead of it, and validation of both.

use acceptance_tests::{
    acceptance::{
        Case, Failed, REQUIRED_PROVIDERS, TestContext, TestResult, contains, equal, only_error,
    },
    cases,
    emulator::{Account, DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET, DEFAULT_ACCOUNT},
    terraform::{Output, Program},
};

use crate::{A, BIND, QUERY, WABA, binding};

pub(crate) const CASES: &[Case] = cases![provider_block:
    environment_variables_alone_configure_the_provider,
    deprecated_environment_variables_are_read,
    provider_block_overrides_the_environment,
    provider_block_of_the_official_provider_is_accepted,
    missing_credentials_are_an_error,
    incomplete_credentials_are_an_error,
    both_signature_versions_are_sent,
    user_agent_names_the_provider_and_the_cli,
    invalid_resource_values_are_rejected,
    invalid_provider_values_are_rejected,
    invalid_values_of_variables_are_rejected_in_the_plan,
    unknown_endpoint_is_no_error_for_a_create,
    unknown_endpoint_is_an_error_when_it_is_needed,
    aliases_use_their_own_accounts,
    log_lines_reach_the_cli,
    trace_shows_the_shapes_of_values,
    log_level_of_the_provider_can_be_set,
    schema_is_complete,
];

const RESOURCE_ALONE: &str =
    "resource \"alicloud_cams_waba_binding\" \"a\" {\n  waba_id = \"100000000000001\"\n}\n";

fn without_a_block(context: &TestContext) -> TestResult {
    Ok(context.directory.write(
        "main.tf",
        &format!("{REQUIRED_PROVIDERS}\n{RESOURCE_ALONE}"),
    )?)
}

fn environment_variables_alone_configure_the_provider(context: &mut TestContext) -> TestResult {
    without_a_block(context)?;
    let endpoint = context.emulator.endpoint().to_owned();
    context
        .directory
        .set("ALIBABA_CLOUD_ENDPOINT_CAMS", endpoint);
    context
        .directory
        .set("ALIBABA_CLOUD_ACCESS_KEY_ID", DEFAULT_ACCESS_KEY_ID);
    context
        .directory
        .set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", DEFAULT_ACCESS_KEY_SECRET);
    context.apply()?.expecting(0)?;
    context.space_of(WABA)?;
    context.plan(0)?;
    Ok(())
}

fn deprecated_environment_variables_are_read(context: &mut TestContext) -> TestResult {
    without_a_block(context)?;
    let endpoint = context.emulator.endpoint().to_owned();
    context.directory.set("CAMS_ENDPOINT", endpoint);
    context
        .directory
        .set("ALICLOUD_ACCESS_KEY", DEFAULT_ACCESS_KEY_ID);
    context
        .directory
        .set("ALICLOUD_SECRET_KEY", DEFAULT_ACCESS_KEY_SECRET);
    context.apply()?.expecting(0)?;
    context.space_of(WABA)?;
    Ok(())
}

fn provider_block_overrides_the_environment(context: &mut TestContext) -> TestResult {
    context
        .directory
        .set("ALIBABA_CLOUD_ENDPOINT_CAMS", "http://127.0.0.1:1");
    context
        .directory
        .set("ALIBABA_CLOUD_ACCESS_KEY_ID", "another-key");
    context
        .directory
        .set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "another-secret");
    context
        .directory
        .set("ALIBABA_CLOUD_SECURITY_TOKEN", "a-token-of-the-other-key");
    context.applied(&binding(WABA, ""))?;
    context.space_of(WABA)?;
    Ok(())
}

/// All arguments of the official provider's block, except the endpoints of other products.
fn provider_block_of_the_official_provider_is_accepted(context: &mut TestContext) -> TestResult {
    let block = format!(
        "  region                 = \"ap-southeast-1\"
  skip_region_validation = true
  account_id             = \"{DEFAULT_ACCOUNT}\"
  account_type           = \"INTERNATIONAL\"
  protocol               = \"HTTPS\"
  client_read_timeout    = 60000
  client_connect_timeout = 60000
  max_retry_timeout      = 30
  source_ip              = \"192.0.2.1\"
  secure_transport       = \"true\"
  security_transport     = \"true\"
  configuration_source   = \"acme/onboarding\"
  ots_instance_name      = \"ots\"
  log_endpoint           = \"log.example.com\"
  mns_endpoint           = \"mns.example.com\"
  fc                     = \"fc.example.com\"
  features {{
    ecs_instance {{
      replace_on_image_update = true
    }}
  }}
  sign_version {{
    oss = \"v4\"
    sls = \"v1\"
  }}"
    );
    context.configure_with(&block, &binding(WABA, ""))?;
    let output = context.apply()?.expecting(0)?;
    equal("warnings", output.warnings().len(), 0)?;
    context.plan(0)?;
    equal(
        "account",
        context.object(A)?.text("account_id"),
        DEFAULT_ACCOUNT,
    )?;
    context.configure_with("  account_type = \"Foreign\"", &binding(WABA, ""))?;
    let output = context.apply()?.expecting(1)?;
    contains(
        &first_error(&output)?,
        &["\"Domestic\" or \"International\"", "Foreign"],
    )?;
    context.configure_with("  account_id = \"acme\"", &binding(WABA, ""))?;
    let output = context.apply()?.expecting(1)?;
    contains(&first_error(&output)?, &["decimal digits only", "acme"])
}

/// The error of the provider. Without a provider block the CLI adds an error of its own.
fn first_error(output: &Output) -> Result<String, Failed> {
    match output.errors().as_slice() {
        [error, ..] => Ok(error.text()),
        [] => Err(format!("no error: {output}").into()),
    }
}

fn missing_credentials_are_an_error(context: &mut TestContext) -> TestResult {
    without_a_block(context)?;
    context
        .directory
        .set("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true");
    // Neither validation nor the plan of a new object needs credentials.
    context.directory.run(&["validate"])?.expecting(0)?;
    context.directory.plan(&[])?.output.expecting(2)?;
    let output = context.apply()?.expecting(1)?;
    contains(
        &first_error(&output)?,
        &[
            "was not sent",
            "access_key",
            "ALIBABA_CLOUD_ACCESS_KEY_ID",
            ".aliyun",
            "config.json",
        ],
    )
}

fn incomplete_credentials_are_an_error(context: &mut TestContext) -> TestResult {
    without_a_block(context)?;
    context
        .directory
        .set("ALIBABA_CLOUD_ACCESS_KEY_ID", "some-key");
    let output = context.directory.plan(&[])?.output.expecting(1)?;
    contains(
        &first_error(&output)?,
        &[
            "ALIBABA_CLOUD_ACCESS_KEY_ID is set, but secret_key is not",
            "Provider.IncompleteCredentials",
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
        ],
    )
}

fn both_signature_versions_are_sent(context: &mut TestContext) -> TestResult {
    for (version, signature) in [("v1", "V1"), ("v3", "V3")] {
        let arguments = format!("  sign_version {{\n    cams = \"{version}\"\n  }}");
        context
            .emulator
            .set_behavior(|behavior| behavior.gateway.accepts_v1 = version == "v1");
        context.emulator.clear_calls();
        context.configure_with(
            &arguments,
            &binding(WABA, "isv_code = \"a b+c*d~e/f=g&h%\""),
        )?;
        context.apply()?.expecting(0)?;
        let calls = context.emulator.calls();
        equal("calls", calls.is_empty(), false)?;
        for call in calls {
            equal("signature", call.signature, signature)?;
            equal("code", call.code.as_deref(), Some("OK"))?;
        }
    }
    Ok(())
}

fn user_agent_names_the_provider_and_the_cli(context: &mut TestContext) -> TestResult {
    context.configure_with(
        "  configuration_source = \"acme/onboarding\"",
        &binding(WABA, ""),
    )?;
    context.apply()?.expecting(0)?;
    let calls = context.emulator.calls_of(BIND);
    let agent = calls
        .first()
        .and_then(|call| call.user_agent.clone())
        .unwrap_or_default();
    let cli = context.directory.cli();
    let version = match cli.program {
        Program::Terraform => &*cli.version,
        // OpenTofu sends providers the version of Terraform that it is compatible with.
        Program::Tofu => "1.",
    };
    contains(
        &agent,
        &[
            &format!("Terraform/{version}"),
            "terraform-provider-alicloud",
            "acme/onboarding",
        ],
    )
}

fn invalid_resource_values_are_rejected(context: &mut TestContext) -> TestResult {
    for (text, part) in [
        (binding("", ""), "waba_id"),
        (binding("12a", ""), "1 to 32 decimal digits, but is \"12a\""),
        (binding("+1", ""), "but is \"+1\""),
        (binding("１２", ""), "but is \"１２\""),
        (binding(&"1".repeat(33), ""), "1 to 32 decimal digits"),
        (binding(WABA, "isv_code = \"\""), "must not be empty"),
        (binding(WABA, "deletion_policy = \"DELETE\""), "\"ABANDON\""),
        (
            binding(WABA, "deletion_policy = \"abandon\""),
            "\"PREVENT\"",
        ),
        (
            binding(WABA, "timeouts {\n    create = \"5\"\n  }"),
            "such as \"90s\"",
        ),
        (
            binding(WABA, "timeouts {\n    read = \"-5m\"\n  }"),
            "but is \"-5m\"",
        ),
        (
            binding(WABA, "timeouts {\n    delete = \"0s\"\n  }"),
            "above zero",
        ),
        (
            binding(WABA, "timeouts {\n    update = \"5m\"\n  }"),
            "update",
        ),
        (binding(WABA, "timeouts {}\n  timeouts {}"), "timeouts"),
        (binding(WABA, "id = \"cams-1\""), "id"),
        (binding(WABA, "cust_space_id = \"cams-1\""), "cust_space_id"),
    ] {
        context.configure(&text)?;
        let output = context
            .directory
            .run(&["validate", "-json"])?
            .expecting(1)?;
        let errors = output.errors();
        let found = errors.iter().any(|error| {
            let place = format!("{} {}", error.text(), error.points_at());
            place.contains(part) && error.address.as_deref().is_none_or(|address| address == A)
        });
        equal(format!("\"{part}\" in {output}"), found, true)?;
    }
    context.configure("resource \"alicloud_cams_waba_binding\" \"a\" {}\n")?;
    let output = context
        .directory
        .run(&["validate", "-json"])?
        .expecting(1)?;
    contains(&only_error(&output)?.text(), &["waba_id", "required"])
}

fn invalid_provider_values_are_rejected(context: &mut TestContext) -> TestResult {
    for (arguments, part) in [
        ("  protocol = \"FTP\"", "must be \"HTTP\" or \"HTTPS\""),
        ("  client_read_timeout = -1", "whole number"),
        ("  client_connect_timeout = 1.5", "whole number"),
        ("  max_retry_timeout = \"soon\"", "number"),
        ("  sign_version {\n    cams = \"v2\"\n  }", "\"v1\""),
        ("  sign_version {\n    sts = \"v1\"\n  }", "sts"),
        ("  no_such_argument = 1", "no_such_argument"),
    ] {
        context.configure_with(arguments, &binding(WABA, ""))?;
        let output = context
            .directory
            .run(&["validate", "-json"])?
            .expecting(1)?;
        let errors = output.errors();
        let found = errors.iter().any(|error| error.text().contains(part));
        equal(format!("\"{part}\" in {output}"), found, true)?;
    }
    Ok(())
}

fn invalid_values_of_variables_are_rejected_in_the_plan(context: &mut TestContext) -> TestResult {
    for (endpoint, region, part) in [
        ("http://cams.example.com", "ap-southeast-1", "plain HTTP"),
        ("a b", "ap-southeast-1", "\"a b\""),
        ("ftp://127.0.0.1", "ap-southeast-1", "ftp"),
        ("", "Singapore!", "\"Singapore!\" is not a region"),
    ] {
        let text = format!(
            "{REQUIRED_PROVIDERS}
provider \"alicloud\" {{
  access_key = \"some-key\"
  secret_key = \"some-secret\"
  region     = \"{region}\"
  endpoints {{
    cams = \"{endpoint}\"
  }}
}}
{RESOURCE_ALONE}"
        );
        context.directory.write("main.tf", &text)?;
        let output = context.directory.plan(&[])?.output.expecting(1)?;
        contains(&only_error(&output)?.text(), &["Invalid", part])?;
    }
    Ok(())
}

/// A configuration whose endpoint is an output of another resource.
fn endpoint_from_a_resource(context: &TestContext, revision: u32) -> String {
    format!(
        "{REQUIRED_PROVIDERS}
resource \"terraform_data\" \"gateway\" {{
  input            = \"{endpoint}\"
  triggers_replace = {revision}
}}
provider \"alicloud\" {{
  access_key = \"{DEFAULT_ACCESS_KEY_ID}\"
  secret_key = \"{DEFAULT_ACCESS_KEY_SECRET}\"
  endpoints {{
    cams = terraform_data.gateway.output
  }}
}}
{RESOURCE_ALONE}",
        endpoint = context.emulator.endpoint(),
    )
}

fn unknown_endpoint_is_no_error_for_a_create(context: &mut TestContext) -> TestResult {
    context
        .directory
        .write("main.tf", &endpoint_from_a_resource(context, 1))?;
    let (plan, output) = context.plan(2)?;
    equal("warnings", output.warnings().len(), 0)?;
    let change = &plan.change(A).ok_or("no change of the resource")?.change;
    equal("actions", change.actions.as_slice(), ["create"])?;
    context
        .directory
        .run(&["apply", "-json", "tfplan"])?
        .expecting(0)?;
    context.space_of(WABA)?;
    context.plan(0)?;
    Ok(())
}

fn unknown_endpoint_is_an_error_when_it_is_needed(context: &mut TestContext) -> TestResult {
    context
        .directory
        .write("main.tf", &endpoint_from_a_resource(context, 1))?;
    context.apply()?.expecting(0)?;
    let before = context.object(A)?;
    context
        .directory
        .write("main.tf", &endpoint_from_a_resource(context, 2))?;
    let output = context.directory.plan(&[])?.output.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &[
            "Provider configuration is not known yet",
            "endpoints.cams",
            "-target",
        ],
    )?;
    equal("the object", context.object(A)?, before)
}

fn aliases_use_their_own_accounts(context: &mut TestContext) -> TestResult {
    let second = Account::new("2000000000000002")
        .with_key("second-access-key-id", "second-access-key-secret");
    context.emulator.put_account(second)?;
    let first = context.provider_block("");
    let second = context.provider_block_of(
        "second-access-key-id",
        "second-access-key-secret",
        "  alias = \"second\"",
    );
    let text = format!(
        "{REQUIRED_PROVIDERS}
{first}
{second}
resource \"alicloud_cams_waba_binding\" \"a\" {{
  waba_id = \"100000000000001\"
}}
resource \"alicloud_cams_waba_binding\" \"b\" {{
  provider = alicloud.second
  waba_id  = \"100000000000002\"
}}
"
    );
    context.directory.write("main.tf", &text)?;
    context.apply()?.expecting(0)?;
    let spaces = |account: &str| -> Vec<Option<String>> {
        context
            .emulator
            .spaces(account)
            .into_iter()
            .map(|space| space.waba_id)
            .collect()
    };
    equal(
        "the first account",
        spaces(DEFAULT_ACCOUNT),
        [Some("100000000000001".to_owned())],
    )?;
    equal(
        "the second account",
        spaces("2000000000000002"),
        [Some("100000000000002".to_owned())],
    )?;
    context.plan(0)?;
    Ok(())
}

fn log_lines_reach_the_cli(context: &mut TestContext) -> TestResult {
    context.directory.set("TF_LOG_PROVIDER", "debug");
    context.configure(&binding(WABA, ""))?;
    let output = context
        .directory
        .run(&["apply", "-auto-approve"])?
        .expecting(0)?;
    let lines: Vec<&str> = output
        .stderr
        .lines()
        .filter(|line| line.contains("provider.terraform-provider-alicloud"))
        .collect();
    for parts in [
        ["Served request", "tf_rpc=ConfigureProvider"],
        ["Served request", "tf_rpc=ApplyResourceChange"],
        ["[DEBUG]", "tf_resource_type=alicloud_cams_waba_binding"],
        ["tf_req_id=", "tf_req_duration_ms="],
        [BIND, "status=200"],
        [QUERY, "status=200"],
    ] {
        let found = lines
            .iter()
            .any(|line| parts.iter().all(|part| line.contains(part)));
        equal(
            format!("a line with {parts:?} in {}", output.stderr),
            found,
            true,
        )?;
    }
    equal(
        "lines of trace",
        lines.iter().any(|line| line.contains("[TRACE]")),
        false,
    )
}

fn trace_shows_the_shapes_of_values(context: &mut TestContext) -> TestResult {
    context.directory.set("TF_LOG_PROVIDER", "trace");
    context.configure(&binding(WABA, "isv_code = \"marked-isv-code\""))?;
    let output = context
        .directory
        .run(&["apply", "-auto-approve"])?
        .expecting(0)?;
    let shapes: String = output
        .stderr
        .lines()
        .filter(|line| line.contains("Received value") || line.contains("Encoded value"))
        .collect();
    for part in [
        r#"\"waba_id\": string"#,
        r#"\"isv_code\": string"#,
        r#"\"cust_space_id\": unknown"#,
        r#"\"timeouts\": null"#,
    ] {
        contains(&shapes, &[part])?;
    }
    // The WABA names the object, in a field beside the shapes.
    for content in ["marked-isv-code", "ABANDON"] {
        equal(content, shapes.contains(content), false)?;
    }
    Ok(())
}

fn log_level_of_the_provider_can_be_set(context: &mut TestContext) -> TestResult {
    context.directory.set("TF_LOG_PROVIDER", "trace");
    context.directory.set("TF_LOG_PROVIDER_ALICLOUD", "warn");
    context.configure(&binding(WABA, ""))?;
    let output = context.directory.run(&["plan"])?.expecting(0)?;
    equal(
        "lines of the provider",
        output.stderr.contains("Served request"),
        false,
    )
}

fn schema_is_complete(context: &mut TestContext) -> TestResult {
    context.configure(&binding(WABA, ""))?;
    let output = context
        .directory
        .run(&["providers", "schema", "-json"])?
        .expecting(0)?;
    let schemas: serde_json::Value = serde_json::from_str(&output.stdout)?;
    let registry = context.directory.cli().program.registry();
    let provider = &schemas["provider_schemas"][format!("{registry}/alicloud-cams/alicloud")];
    let block = &provider["resource_schemas"]["alicloud_cams_waba_binding"]["block"];
    let attributes = block["attributes"].as_object().ok_or("no attributes")?;
    equal("attributes", attributes.len(), 18)?;
    for (name, attribute) in attributes {
        let described = attribute["description"]
            .as_str()
            .is_some_and(|text| !text.is_empty());
        equal(format!("a description of {name}"), described, true)?;
    }
    equal("waba_id", &attributes["waba_id"]["required"], true)?;
    equal("isv_code", &attributes["isv_code"]["sensitive"], true)?;
    let role = &attributes["assume_role"]["nested_type"]["attributes"];
    equal("role_arn", &role["role_arn"]["required"], true)?;
    // The CLI omits keys whose value is false.
    let sensitive = role["external_id"].get("sensitive");
    equal(
        "whether external_id is sensitive",
        sensitive,
        None::<&serde_json::Value>,
    )?;
    equal(
        "timeouts",
        &block["block_types"]["timeouts"]["nesting_mode"],
        "single",
    )?;
    let block = &provider["provider"]["block"]["attributes"];
    equal("secret_key", &block["secret_key"]["sensitive"], true)?;
    equal(
        "security_token",
        &block["security_token"]["sensitive"],
        true,
    )
}
