//! How a CLI installs and starts the provider, and other providers beside it.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use acceptance_tests::{
    acceptance::{Case, TestContext, TestResult, contains, equal},
    cases,
    provider_binary::{self, Profile},
    terraform::{Installation, Program},
};

use crate::{A, WABA, binding};

pub(crate) const CASES: &[Case] = cases![installation:
    init_installs_from_a_filesystem_mirror,
    provider_works_beside_the_official_provider,
    provider_works_without_tls_if_the_cli_asks_for_it,
    provider_works_under_a_debugger,
    provider_works_through_a_proxy,
    temporary_directory_is_left_empty,
];

fn init_installs_from_a_filesystem_mirror(context: &mut TestContext) -> TestResult {
    let binary = provider_binary::path(Profile::tested())?;
    let directory = context.another_directory(&Installation::filesystem_mirror(binary))?;
    context.configure(&binding(WABA, ""))?;
    directory.write("main.tf", &context.directory.read("main.tf")?)?;
    let output = directory.run(&["init"])?.expecting(0)?;
    contains(
        &output.text(),
        &[
            "Installed alicloud-cams/alicloud v",
            "successfully initialized",
        ],
    )?;
    let lock = directory.read(".terraform.lock.hcl")?;
    let registry = context.directory.cli().program.registry();
    contains(
        &lock,
        &[&format!("{registry}/alicloud-cams/alicloud"), "h1:"],
    )?;
    let output = directory.run(&["apply", "-auto-approve"])?.expecting(0)?;
    contains(&output.text(), &["1 added"])?;
    equal("warnings", output.text().contains("Warning"), false)?;
    directory.plan(&[])?.output.expecting(0)?;
    Ok(())
}

fn provider_works_beside_the_official_provider(context: &mut TestContext) -> TestResult {
    // The binary of the official provider is not needed: none of its types is used, so any provider can have its address.
    let installation = Installation::DevOverrides {
        binary: provider_binary::path(Profile::tested())?,
        sources: ["alicloud-cams/alicloud", "aliyun/alicloud"]
            .map(str::to_owned)
            .to_vec(),
    };
    let directory = context.another_directory(&installation)?;
    let block = context
        .provider_block("")
        .replace("provider \"alicloud\"", "provider \"alicloud-cams\"");
    directory.write(
        "main.tf",
        &format!(
            r#"
terraform {{
  required_providers {{
    alicloud = {{
      source = "aliyun/alicloud"
    }}
    alicloud-cams = {{
      source = "alicloud-cams/alicloud"
    }}
  }}
}}
{block}
resource "alicloud_cams_waba_binding" "a" {{
  provider = alicloud-cams
  waba_id  = "{WABA}"
}}
"#
        ),
    )?;
    directory.run(&["apply", "-auto-approve"])?.expecting(0)?;
    let state = directory.state()?;
    let object = state.resource(A).ok_or("the object is not in state")?;
    let registry = directory.cli().program.registry();
    equal(
        "provider",
        &*object.provider_name,
        format!("{registry}/alicloud-cams/alicloud"),
    )?;
    equal("id", object.text("id"), context.space_of(WABA)?)?;
    directory.plan(&[])?.output.expecting(0)?;
    directory.run(&["state", "rm", A])?.expecting(0)?;
    let space = context.space_of(WABA)?;
    directory.run(&["import", A, &space])?.expecting(0)?;
    Ok(())
}

fn provider_works_without_tls_if_the_cli_asks_for_it(context: &mut TestContext) -> TestResult {
    context.directory.set("TF_DISABLE_PLUGIN_TLS", "1");
    context.applied(&binding(WABA, ""))?;
    context.plan(0)?;
    Ok(())
}

fn provider_works_under_a_debugger(context: &mut TestContext) -> TestResult {
    // As a maintainer does it: start the provider by hand, and give the CLI the line that it printed.
    let mut provider = Command::new(provider_binary::path(Profile::tested())?)
        .arg("-debug")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let result = (|| {
        let stdout = provider.stdout.take().ok_or("stdout is piped")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let providers = line
            .trim_end()
            .strip_prefix("TF_REATTACH_PROVIDERS='")
            .and_then(|rest| rest.strip_suffix('\''))
            .ok_or_else(|| format!("an assignment, not {line:?}"))?;
        // The CLI has no other way to find the provider.
        let mut directory = context.another_directory(&Installation::DevOverrides {
            binary: provider_binary::path(Profile::tested())?,
            sources: Vec::new(),
        })?;
        directory.set("TF_REATTACH_PROVIDERS", providers);
        context.configure(&binding(WABA, ""))?;
        // With the host of the printed address: OpenTofu would add another one.
        let main = context.directory.read("main.tf")?.replace(
            "\"alicloud-cams/alicloud\"",
            "\"registry.terraform.io/alicloud-cams/alicloud\"",
        );
        directory.write("main.tf", &main)?;
        if directory.cli().program == Program::Tofu {
            // This CLI needs an init. It downloads nothing, because the provider is running.
            directory.run(&["init"])?.expecting(0)?;
        }
        // One process serves several commands.
        for arguments in [
            ["apply", "-auto-approve"].as_slice(),
            &["plan", "-detailed-exitcode"],
            &["destroy", "-auto-approve"],
        ] {
            directory.run(arguments)?.expecting(0)?;
        }
        equal(
            "whether the provider has ended",
            provider.try_wait()?.is_some(),
            false,
        )
    })();
    provider.kill()?;
    provider.wait()?;
    result
}

fn provider_works_through_a_proxy(context: &mut TestContext) -> TestResult {
    // The emulator also accepts the requests that a proxy gets. The name of the endpoint can be resolved by no DNS.
    let emulator = context.emulator.endpoint().to_owned();
    context.configure_with("protocol = \"HTTP\"", &binding(WABA, ""))?;
    let configuration = context.directory.read("main.tf")?;
    let hidden = configuration.replace(&emulator, "http://cams.behind-the-proxy.invalid");
    context.directory.write("main.tf", &hidden)?;
    // Without the proxy nothing is sent. A short timeout ends the retries of the name lookup.
    context.directory.set("MAX_RETRY_TIMEOUT", "1");
    let output = context
        .directory
        .run(&["apply", "-auto-approve"])?
        .expecting(1)?;
    contains(&output.text(), &["the host name cannot be resolved"])?;

    context.directory.set("HTTP_PROXY", &emulator);
    context
        .directory
        .run(&["apply", "-auto-approve"])?
        .expecting(0)?;
    context.directory.plan(&[])?.output.expecting(0)?;

    context
        .directory
        .set("NO_PROXY", "behind-the-proxy.invalid");
    let output = context.directory.run(&["plan"])?.expecting(1)?;
    contains(&output.text(), &["the host name cannot be resolved"])
}

fn temporary_directory_is_left_empty(context: &mut TestContext) -> TestResult {
    let temporary = context.directory.path().join("temporary");
    std::fs::create_dir(&temporary)?;
    for name in ["TMPDIR", "TEMP", "TMP"] {
        context.directory.set(name, &temporary);
    }
    context.applied(&binding(WABA, ""))?;
    context.plan(0)?;
    let left: Vec<_> = std::fs::read_dir(&temporary)?
        .filter_map(|entry| Some(entry.ok()?.file_name()))
        .collect();
    equal("files left behind", left, Vec::<std::ffi::OsString>::new())
}
