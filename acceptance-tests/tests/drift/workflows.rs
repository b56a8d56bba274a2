//! The workflows beside the script: read as YAML, and their steps run by a shell as a CI service does.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

use acceptance_tests::{
    acceptance::{Case, Failed, TestContext, TestResult, contains, equal},
    cases,
    emulator::Waba,
    terraform::{Output, WorkingDirectory},
};
use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

use crate::{HUB, TENANTS, applied, example, token, waba};

pub(crate) const CASES: &[Case] = cases![workflows:
    github_workflow_has_least_rights_and_no_keys,
    github_workflow_reports,
    gitlab_job_has_a_token_and_no_keys,
    gitlab_job_reports_and_comments,
];

/// What says where the OIDC token and the role come from.
const VARIABLES: [&str; 4] = [
    "ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
    "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
    "ALIBABA_CLOUD_ROLE_ARN",
    "DIRECTORY",
];

fn workflow(name: &str) -> Result<(Yaml, String), Failed> {
    let text = fs::read_to_string(example(name))?;
    let mut documents = YamlLoader::load_from_str(&text)?;
    equal("documents", documents.len(), 1)?;
    // No key of an account, and no secret that would have to hold one.
    for word in ["ACCESS_KEY", "SECRET", "secrets.", "password"] {
        equal(format!("{name} has {word}"), text.contains(word), false)?;
    }
    Ok((documents.remove(0), text))
}

fn keys(value: &Yaml) -> Vec<&str> {
    let keys = value.as_hash().into_iter().flatten();
    let mut keys: Vec<&str> = keys.filter_map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    keys
}

fn text<'a>(value: &'a Yaml, what: &str) -> Result<&'a str, Failed> {
    Ok(value.as_str().ok_or_else(|| format!("{what} is no text"))?)
}

fn github_workflow_has_least_rights_and_no_keys(_: &mut TestContext) -> TestResult {
    let (workflow, text) = workflow("github-actions.yml")?;
    let permissions = &workflow["permissions"];
    equal("rights", keys(permissions), ["contents", "id-token"])?;
    equal("contents", permissions["contents"].as_str(), Some("read"))?;
    equal("the token", permissions["id-token"].as_str(), Some("write"))?;
    equal("jobs", keys(&workflow["jobs"]), ["drift"])?;
    let job = &workflow["jobs"]["drift"];
    equal("rights of the job", &job["permissions"], &Yaml::BadValue)?;
    equal("variables", keys(&job["env"]), VARIABLES)?;
    equal("time limit", job["timeout-minutes"].as_i64(), Some(60))?;
    equal(
        "schedules",
        workflow["on"]["schedule"].as_vec().map(Vec::len),
        Some(1),
    )?;
    let mut pinned = Vec::new();
    for step in job["steps"].as_vec().into_iter().flatten() {
        let Some(action) = step["uses"].as_str() else {
            continue;
        };
        let (name, hash) = action.split_once('@').ok_or("no version")?;
        let is_hash = hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        equal(format!("{action} is pinned by hash"), is_hash, true)?;
        contains(&text, &[&format!("{action} # v")])?;
        if name == "actions/checkout" {
            let kept = step["with"]["persist-credentials"].as_bool();
            equal("the checkout keeps its token", kept, Some(false))?;
        }
        pinned.push(name);
    }
    equal(
        "actions",
        pinned,
        ["actions/checkout", "hashicorp/setup-terraform"],
    )
}

fn gitlab_job_has_a_token_and_no_keys(_: &mut TestContext) -> TestResult {
    let (workflow, _) = workflow("gitlab-ci.yml")?;
    equal("jobs", keys(&workflow), ["drift"])?;
    let job = &workflow["drift"];
    equal("variables", keys(&job["variables"]), VARIABLES)?;
    equal("tokens", keys(&job["id_tokens"]), ["OIDC_TOKEN"])?;
    equal(
        "audience",
        job["id_tokens"]["OIDC_TOKEN"]["aud"].as_str(),
        Some("sts.aliyuncs.com"),
    )?;
    let image = text(&job["image"]["name"], "the image")?;
    let (_, version) = image.split_once(':').ok_or("no version of the image")?;
    let is_version = version.split('.').all(|part| part.parse::<u32>().is_ok());
    equal(format!("{image} has a version"), is_version, true)?;
    equal(
        "the reports are kept",
        job["artifacts"]["paths"].as_vec().map(Vec::len),
        Some(2),
    )
}

/// A runner: the example in a folder of its own, a review that changed, and the programs that the steps call.
struct Runner {
    directory: WorkingDirectory,
}

/// A program in place of `curl`: prints an OIDC token, and records its arguments.
const CURL: &str = "#!/bin/sh\nfor argument; do echo \"$argument\" >>curl-arguments; done\nprintf '{\"value\": \"%s\"}' \"$TOKEN\"\n";

impl Runner {
    fn new(context: &TestContext) -> Result<Self, Failed> {
        let mut directory = applied(context, 3)?;
        let folder = directory.path().join("cams");
        fs::create_dir(&folder)?;
        for name in ["main.tf", "accounts.yaml", "terraform.tfstate"] {
            fs::copy(directory.path().join(name), folder.join(name))?;
        }
        fs::copy(example("drift.sh"), folder.join("drift.sh"))?;
        let programs = directory.path().join("programs");
        fs::create_dir(&programs)?;
        symlink(&directory.cli().path, programs.join("terraform"))?;
        let curl = programs.join("curl");
        fs::write(&curl, CURL)?;
        fs::set_permissions(&curl, fs::Permissions::from_mode(0o755))?;
        let path = std::env::var("PATH").unwrap_or_default();
        directory.set("PATH", format!("{}:{path}", programs.display()));
        directory.set("TOKEN", token(4_102_444_800));
        // The values that a user changes.
        directory.set("DIRECTORY", "cams");
        directory.set(
            "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
            directory.path().join("oidc-token"),
        );
        directory.set(
            "ALIBABA_CLOUD_ROLE_ARN",
            format!("acs:ram::{HUB}:role/drift"),
        );
        context
            .emulator
            .put_waba(Waba::derived(&waba(0), "REJECTED"));
        Ok(Self { directory })
    }

    /// Runs commands as a step of a job: a command that fails ends it.
    fn run(&self, commands: &str) -> Result<Output, Failed> {
        Ok(self
            .directory
            .run_program(Path::new("/bin/sh"), &["-e", "-c", commands])?)
    }

    fn curl_arguments(&self) -> Result<String, Failed> {
        Ok(self.directory.read("curl-arguments")?)
    }

    /// Both reports are there, and tell of the review.
    fn check_reports(&self) -> TestResult {
        contains(
            &self.directory.read("drift.md")?,
            &["# Drift report", "1 reviews in 3 accounts", "`REJECTED`"],
        )?;
        let report: Value = serde_json::from_str(&self.directory.read("drift.json")?)?;
        equal("account", &report["accounts"][0]["account"], TENANTS[0])?;
        equal("exit code", &report["exit_code"], 2)
    }
}

fn github_workflow_reports(context: &mut TestContext) -> TestResult {
    let (workflow, _) = workflow("github-actions.yml")?;
    let mut runner = Runner::new(context)?;
    for (name, value) in [
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "request-token"),
        (
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            "https://token.example/?id=1",
        ),
        ("GITHUB_STEP_SUMMARY", "summary.md"),
    ] {
        runner.directory.set(name, value);
    }
    let steps = workflow["jobs"]["drift"]["steps"].as_vec();
    let commands: Vec<&str> = steps
        .into_iter()
        .flatten()
        .filter_map(|step| step["run"].as_str())
        .collect();
    let [get_token, report] = commands.as_slice() else {
        return Err(format!("{} steps with commands instead of two", commands.len()).into());
    };
    runner.run(get_token)?.expecting(0)?;
    contains(
        &runner.curl_arguments()?,
        &[
            "Authorization: bearer request-token",
            "https://token.example/?id=1&audience=sts.aliyuncs.com",
        ],
    )?;
    equal(
        "the token",
        runner.directory.read("oidc-token")?.trim_end(),
        token(4_102_444_800),
    )?;
    runner.run(report)?.expecting(2)?;
    runner.check_reports()?;
    equal(
        "the summary of the job",
        runner.directory.read("summary.md")?,
        runner.directory.read("drift.md")?,
    )
}

fn gitlab_job_reports_and_comments(context: &mut TestContext) -> TestResult {
    let (workflow, _) = workflow("gitlab-ci.yml")?;
    let mut runner = Runner::new(context)?;
    runner.directory.set("OIDC_TOKEN", token(4_102_444_800));
    let lines = workflow["drift"]["script"].as_vec();
    let lines: Vec<&str> = lines
        .into_iter()
        .flatten()
        .filter_map(Yaml::as_str)
        .collect();
    let commands = lines.join("\n");
    // A schedule has no merge request to comment on.
    let output = runner.run(&commands)?.expecting(2)?;
    contains(&output.stdout, &["# Drift report"])?;
    runner.check_reports()?;
    equal("a comment", runner.curl_arguments().is_ok(), false)?;
    for (name, value) in [
        ("CI_MERGE_REQUEST_IID", "7"),
        ("CI_PROJECT_ID", "42"),
        ("CI_API_V4_URL", "https://gitlab.example/api/v4"),
        ("DRIFT_TOKEN", "may-comment"),
    ] {
        runner.directory.set(name, value);
    }
    runner.run(&commands)?.expecting(2)?;
    contains(
        &runner.curl_arguments()?,
        &[
            "PRIVATE-TOKEN: may-comment",
            "body@drift.md",
            "https://gitlab.example/api/v4/projects/42/merge_requests/7/notes",
        ],
    )
}
