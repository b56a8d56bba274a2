//! The README does what it shows: its commands are run and its configurations applied, as they stand there.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use acceptance_tests::{
    acceptance::{Case, Failed, TestContext, TestResult, contains, equal},
    cases,
    emulator::{DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET},
    provider_binary::{self, Profile},
    terraform::{Cli, Installation},
};

use crate::{Release, repository};

pub(crate) const CASES: &[Case] = cases![readme:
    the_mirror_is_made_and_installed_from,
    the_development_build_is_used_without_init,
    complete_configurations_are_applied,
];

/// A fenced block of code.
struct Block {
    /// `shell`, `terraform`.
    language: String,
    text: String,
}

/// The blocks below a heading, up to the next one, in their order.
fn blocks(heading: &str) -> Result<Vec<Block>, Failed> {
    let text = fs::read_to_string(repository().join("README.md"))?;
    let (_, section) = text
        .split_once(&format!("\n{heading}\n"))
        .ok_or_else(|| format!("README.md has no heading {heading:?}"))?;
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in section.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                open = Some(Block {
                    language: language.to_owned(),
                    text: String::new(),
                });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) if line.starts_with('#') => break,
            (None, None) => {}
        }
    }
    equal("blocks", blocks.is_empty(), false)?;
    Ok(blocks)
}

/// The blocks of a language.
fn texts<'a>(blocks: &'a [Block], language: &str) -> Vec<&'a str> {
    let blocks = blocks.iter().filter(|block| block.language == language);
    blocks.map(|block| block.text.as_str()).collect()
}

/// Runs commands as a person types them: those of cargo in the repository, the others in the directory of the configuration.
/// `more` comes after them. What they print comes back.
fn type_in(context: &TestContext, commands: &[&str], more: &str) -> Result<String, Failed> {
    let cli = context.directory.cli();
    let mut script = "set -eu\n".to_owned();
    for commands in commands {
        let place = if commands.contains("cargo ") {
            repository().canonicalize()?
        } else {
            context.directory.path().to_owned()
        };
        let commands = commands.replace("terraform ", &format!("{} ", cli.program.name()));
        script.push_str(&format!("cd '{}'\n{commands}", place.display()));
    }
    script.push_str(more);
    let tools = tempfile::tempdir()?;
    let path = with_the_cli(cli, tools.path())?;
    let mut bash = Command::new("bash");
    // What cargo says of this test is no concern of the builds of others: it would make build scripts run again.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let of_this_test = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "CARGO_CRATE_",
            "CARGO_TARGET_",
            "OUT_DIR",
            "TF_",
        ];
        if of_this_test.iter().any(|prefix| text.starts_with(prefix)) {
            bash.env_remove(&name);
        }
    }
    let output = bash
        .arg("-c")
        .arg(&script)
        .env("PATH", path)
        // The key of the user who runs the tests signs nothing here.
        .env("GNUPGHOME", tools.path())
        .env("CHECKPOINT_DISABLE", "1")
        .env("TF_CLI_ARGS", "-no-color")
        .env("TF_INPUT", "0")
        .stdin(Stdio::null())
        .output()?;
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    if output.status.success() {
        Ok(text)
    } else {
        Err(format!("{script}\n{}:\n{text}", output.status).into())
    }
}

/// `PATH`, with the CLI under test first.
fn with_the_cli(cli: &Cli, folder: &Path) -> Result<std::ffi::OsString, Failed> {
    let program = folder.join(format!("{}{}", cli.program.name(), env::consts::EXE_SUFFIX));
    fs::write(
        &program,
        format!("#!/bin/sh\nexec '{}' \"$@\"\n", cli.path.display()),
    )?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = [PathBuf::from(folder)]
        .into_iter()
        .chain(env::split_paths(&path));
    Ok(env::join_paths(folders)?)
}

const BINDING: &str =
    "resource \"alicloud_cams_waba_binding\" \"a\" {\n  waba_id = \"102030405060708\"\n}\n";

fn the_mirror_is_made_and_installed_from(context: &mut TestContext) -> TestResult {
    // After this the command has nothing to compile.
    Release::made()?;
    let blocks = blocks("### For a team: a mirror")?;
    let [terraform] = texts(&blocks, "terraform")[..] else {
        return Err("the section has one configuration".into());
    };
    let provider = context.provider_block("");
    context
        .directory
        .write("main.tf", &format!("{terraform}\n{provider}\n{BINDING}"))?;
    let commands = texts(&blocks, "shell");
    let name = context.directory.cli().program.name();
    let output = type_in(
        context,
        &commands,
        &format!("{name} apply -auto-approve\n{name} plan -detailed-exitcode\n"),
    )?;
    contains(&output, &["successfully initialized", "1 added"])?;
    equal("binds", context.calls("ChatappBindWaba"), 1)?;

    // Another build of the same version has other checksums, as if the lock file were of that one.
    let lock = context.directory.read(".terraform.lock.hcl")?;
    let (before, _) = lock.split_once("  hashes = [").ok_or("checksums")?;
    let other = format!(
        "{before}  hashes = [\n    \"h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\n  ]\n}}\n"
    );
    context.directory.write(".terraform.lock.hcl", &other)?;
    let init = &commands[commands.len() - 1..];
    let settings = repository().canonicalize()?.join("target/mirror.tfrc");
    let settings = format!("export TF_CLI_CONFIG_FILE='{}'\n", settings.display());
    let with_settings = [settings.as_str(), init[0]];
    match type_in(context, &with_settings, "") {
        Ok(_) => return Err("init took other checksums".into()),
        Err(failed) => contains(failed.message().unwrap_or_default(), &["checksums"])?,
    }
    context.directory.write(".terraform.lock.hcl", "")?;
    type_in(context, &with_settings, "")?;
    Ok(())
}

fn the_development_build_is_used_without_init(context: &mut TestContext) -> TestResult {
    context.configure(BINDING)?;
    let blocks = blocks("### For development")?;
    let commands = texts(&blocks, "shell");
    let output = type_in(context, &commands, "")?;
    contains(
        &output,
        &["Provider development overrides are in effect", "1 to add"],
    )
}

fn complete_configurations_are_applied(context: &mut TestContext) -> TestResult {
    let blocks = blocks("## A complete configuration")?;
    let configurations = texts(&blocks, "terraform");
    equal("configurations", configurations.len(), 2)?;
    for configuration in configurations {
        // Nothing of the official provider is used, so that this one can stand in for it.
        let mut directory = context.another_directory(&Installation::DevOverrides {
            binary: provider_binary::path(Profile::tested())?,
            sources: ["alicloud-cams/alicloud", "aliyun/alicloud"]
                .map(str::to_owned)
                .to_vec(),
        })?;
        directory.set("ALIBABA_CLOUD_ENDPOINT_CAMS", context.emulator.endpoint());
        directory.set("ALIBABA_CLOUD_ACCESS_KEY_ID", DEFAULT_ACCESS_KEY_ID);
        directory.set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", DEFAULT_ACCESS_KEY_SECRET);
        directory.write("main.tf", configuration)?;
        directory
            .run(&["apply", "-json", "-auto-approve"])?
            .expecting(0)?;
        directory.plan(&[])?.output.expecting(0)?;
    }
    Ok(())
}
