//! The static executable under the real CLI, in a root directory with no C library, no shell, no certificate: what a minimal
//! container image is.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use acceptance_tests::{
    acceptance::{Case, Failed, TestContext, TestResult, contains, equal},
    cases, provider_binary,
};

use crate::Release;

pub(crate) const CASES: &[Case] = cases![empty_root:
    static_executable_applies_in_an_empty_root,
    static_executable_resolves_names_without_nsswitch_modules,
];

/// What is missing for these cases; nothing, if they can run.
pub(crate) fn why_not() -> Option<String> {
    if !cfg!(target_os = "linux") {
        return Some("only Linux has static executables".to_owned());
    }
    if provider_binary::static_target().is_none() {
        return Some("the standard library of Rust's musl target is not installed".to_owned());
    }
    let unshare = Command::new("unshare")
        .args(["--map-root-user", "--root", "/", "true"])
        .stderr(Stdio::null())
        .status();
    if !unshare.is_ok_and(|status| status.success()) {
        return Some("unshare (util-linux) may not make a user namespace here".to_owned());
    }
    None
}

/// A root directory with the CLI, the provider and a configuration, and nothing else but what a process finds everywhere: a
/// directory for temporary files, and /dev/null.
struct Root(PathBuf);

impl Root {
    fn new(context: &TestContext, endpoint: &str) -> Result<Self, Failed> {
        let release = Release::made()?;
        let root = Self(context.directory.path().join("root"));
        for folder in ["dev", "etc", "provider", "tmp", "work"] {
            fs::create_dir_all(root.0.join(folder))?;
        }
        fs::write(root.0.join("dev/null"), "")?;
        fs::copy(&context.directory.cli().path, root.0.join("cli"))?;
        let provider = root.0.join("provider/terraform-provider-alicloud");
        release.extract_executable(&provider)?;
        fs::write(
            root.0.join("cli.tfrc"),
            "provider_installation {\n  dev_overrides {\n    \"alicloud-cams/alicloud\" = \"/provider\"\n  }\n}\n",
        )?;
        context.configure(
            "resource \"alicloud_cams_waba_binding\" \"a\" {\n  waba_id = \"102030405060708\"\n}\n",
        )?;
        let text = context.directory.read("main.tf")?;
        let text = text.replace(context.emulator.endpoint(), endpoint);
        fs::write(root.0.join("work/main.tf"), text)?;
        Ok(root)
    }

    /// Runs a program of the root directory within it.
    fn run(&self, arguments: &[&str]) -> Result<Output, Failed> {
        let output = Command::new("unshare")
            .args(["--map-root-user", "--root"])
            .arg(&self.0)
            .args(["--wd", "/work"])
            .args(arguments)
            .env_clear()
            .envs([
                ("PATH", "/usr/bin:/bin"),
                ("HOME", "/"),
                ("TMPDIR", "/tmp"),
                ("CHECKPOINT_DISABLE", "1"),
                ("TF_CLI_CONFIG_FILE", "/cli.tfrc"),
                ("TF_CLI_ARGS", "-no-color"),
            ])
            .stdin(Stdio::null())
            .output()?;
        if output.status.success() {
            return Ok(output);
        }
        Err(format!(
            "{arguments:?}: {}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
        .into())
    }

    fn applies(&self, context: &TestContext) -> TestResult {
        if let Err(failed) = self.run(&["/cli", "version"]) {
            let cli = context.directory.cli();
            eprintln!("SKIPPED: {cli} itself does not start in an empty root: {failed:?}");
            return Ok(());
        }
        let said = self.run(&["/provider/terraform-provider-alicloud", "-version"])?;
        contains(
            &String::from_utf8_lossy(&said.stdout),
            &["-unknown-linux-musl"],
        )?;
        self.run(&["/cli", "apply", "-auto-approve"])?;
        equal("binds", context.calls("ChatappBindWaba"), 1)?;
        self.run(&["/cli", "plan", "-detailed-exitcode"])?;
        Ok(())
    }
}

fn static_executable_applies_in_an_empty_root(context: &mut TestContext) -> TestResult {
    Root::new(context, context.emulator.endpoint())?.applies(context)
}

fn static_executable_resolves_names_without_nsswitch_modules(
    context: &mut TestContext,
) -> TestResult {
    let endpoint = context.emulator.endpoint();
    let endpoint = endpoint.replace("127.0.0.1", "emulator.localhost");
    let root = Root::new(context, &endpoint)?;
    fs::write(root.0.join("etc/hosts"), "127.0.0.1 emulator.localhost\n")?;
    fs::write(
        root.0.join("etc/nsswitch.conf"),
        "hosts: mymachines mdns4_minimal [NOTFOUND=return] resolve [!UNAVAIL=return] files myhostname dns\n",
    )?;
    root.applies(context)
}
