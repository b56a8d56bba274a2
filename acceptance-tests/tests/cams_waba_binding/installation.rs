//! How the provider gets to the CLI, and the neighbours it has there.

use acceptance_tests::{
    acceptance::{Case, Ending, Stage, contains, equal},
    cases,
    provider_binary::{self, Profile},
    terraform::Installation,
};

use crate::{A, WABA, binding};

pub(crate) const CASES: &[Case] = cases![installation:
    init_installs_from_a_filesystem_mirror,
    it_works_beside_the_official_provider,
    it_works_without_tls_when_the_cli_asks_for_that,
    nothing_is_left_in_the_temporary_directory,
];

fn init_installs_from_a_filesystem_mirror(stage: &mut Stage) -> Ending {
    let binary = provider_binary::path(Profile::Dev)?;
    let directory = stage.another_directory(&Installation::filesystem_mirror(binary))?;
    stage.configure(&binding(WABA, ""))?;
    directory.write("main.tf", &stage.directory.read("main.tf")?)?;
    let output = directory.run(&["init"])?.expecting(0)?;
    contains(
        &output.text(),
        &[
            "Installed alicloud-cams/alicloud v",
            "successfully initialized",
        ],
    )?;
    let lock = directory.read(".terraform.lock.hcl")?;
    let registry = stage.directory.cli().program.registry();
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

fn it_works_beside_the_official_provider(stage: &mut Stage) -> Ending {
    // The official provider's own binary is not needed: nothing of it is used, so any provider under its address will do.
    let installation = Installation::DevOverrides {
        binary: provider_binary::path(Profile::Dev)?,
        sources: ["alicloud-cams/alicloud", "aliyun/alicloud"]
            .map(str::to_owned)
            .to_vec(),
    };
    let directory = stage.another_directory(&installation)?;
    let block = stage
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
    equal("id", object.text("id"), stage.space_of(WABA)?)?;
    directory.plan(&[])?.output.expecting(0)?;
    directory.run(&["state", "rm", A])?.expecting(0)?;
    let space = stage.space_of(WABA)?;
    directory.run(&["import", A, &space])?.expecting(0)?;
    Ok(())
}

fn it_works_without_tls_when_the_cli_asks_for_that(stage: &mut Stage) -> Ending {
    stage.directory.set("TF_DISABLE_PLUGIN_TLS", "1");
    stage.applied(&binding(WABA, ""))?;
    stage.plan(0)?;
    Ok(())
}

fn nothing_is_left_in_the_temporary_directory(stage: &mut Stage) -> Ending {
    let temporary = stage.directory.path().join("temporary");
    std::fs::create_dir(&temporary)?;
    for name in ["TMPDIR", "TEMP", "TMP"] {
        stage.directory.set(name, &temporary);
    }
    stage.applied(&binding(WABA, ""))?;
    stage.plan(0)?;
    let left: Vec<_> = std::fs::read_dir(&temporary)?
        .filter_map(|entry| Some(entry.ok()?.file_name()))
        .collect();
    equal("files left behind", left, Vec::<std::ffi::OsString>::new())
}
