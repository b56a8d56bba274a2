//! The workflows on GitHub, read as YAML: actions are pinned by hash, and no job may do more than it needs.

use std::{collections::BTreeMap, fs, path::Path};

use yaml_rust2::{Yaml, YamlLoader};

/// The one job that may write, and what.
const WRITERS: [(&str, &str, &[&str]); 1] = [(
    "release.yml",
    "publish",
    &["attestations", "contents", "id-token"],
)];

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.github")
}

fn read(path: &Path) -> Yaml {
    let text = fs::read_to_string(path).expect("a file of UTF-8");
    let mut documents = YamlLoader::load_from_str(&text)
        .unwrap_or_else(|error| panic!("{} is no YAML: {error}", path.display()));
    assert_eq!(documents.len(), 1, "{}", path.display());
    documents.remove(0)
}

/// The workflows by file name.
fn workflows() -> BTreeMap<String, Yaml> {
    let entries = fs::read_dir(folder().join("workflows")).expect("the folder of workflows");
    let entries = entries.map(|entry| entry.expect("an entry").path());
    let workflows: BTreeMap<_, _> = entries
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy();
            (name.into_owned(), read(&path))
        })
        .collect();
    assert_eq!(
        workflows.keys().collect::<Vec<_>>(),
        ["ci.yml", "release.yml"]
    );
    workflows
}

fn entries(value: &Yaml) -> Vec<(&str, &Yaml)> {
    let entries = value.as_hash().into_iter().flatten();
    entries
        .map(|(key, value)| (key.as_str().expect("a text as key"), value))
        .collect()
}

fn steps(job: &Yaml) -> &[Yaml] {
    let steps = job["steps"].as_vec().expect("steps");
    assert!(!steps.is_empty());
    steps
}

#[test]
fn actions_are_pinned_by_hash_and_named_by_version() {
    let mut seen = 0;
    for (name, workflow) in workflows() {
        let text = fs::read_to_string(folder().join("workflows").join(&name)).expect("UTF-8");
        for (_, job) in entries(&workflow["jobs"]) {
            for step in steps(job) {
                let Some(action) = step["uses"].as_str() else {
                    assert!(step["run"].as_str().is_some(), "{name}: {step:?}");
                    continue;
                };
                let (_, hash) = action.split_once('@').expect("a version");
                let is_hash = hash.len() == 40 && hash.chars().all(|c| c.is_ascii_hexdigit());
                assert!(is_hash, "{name}: {action} is not pinned by hash");
                // Dependabot reads the version from the comment.
                assert!(
                    text.contains(&format!("{action} # v")),
                    "{name}: {action} has no comment with its version"
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 0);
}

#[test]
fn jobs_read_only_unless_they_publish() {
    for (name, workflow) in workflows() {
        assert_eq!(
            entries(&workflow["permissions"]),
            [("contents", &Yaml::String("read".to_owned()))],
            "{name}"
        );
        for (job_name, job) in entries(&workflow["jobs"]) {
            let writer = WRITERS
                .iter()
                .find(|(file, writer, _)| *file == name && *writer == job_name);
            let mut granted: Vec<&str> = entries(&job["permissions"])
                .into_iter()
                .map(|(permission, _)| permission)
                .collect();
            granted.sort_unstable();
            assert_eq!(
                granted,
                writer.map_or(&[] as &[&str], |(_, _, granted)| granted),
                "{name}: {job_name}"
            );
            assert!(
                job["timeout-minutes"].as_i64().is_some(),
                "{name}: {job_name} has no time limit"
            );
            for step in steps(job) {
                let action = step["uses"].as_str().unwrap_or_default();
                if action.starts_with("actions/checkout@") {
                    // Else the token lies in the checkout, for every program that the job runs.
                    assert_eq!(
                        step["with"]["persist-credentials"].as_bool(),
                        Some(false),
                        "{name}: {job_name}"
                    );
                }
            }
        }
    }
}

#[test]
fn secrets_are_known_to_the_protected_job_alone() {
    for (name, workflow) in workflows() {
        for (job_name, job) in entries(&workflow["jobs"]) {
            let is_protected = job["environment"].as_str() == Some("release");
            assert_eq!(is_protected, job_name == "publish", "{name}: {job_name}");
            if !is_protected {
                assert!(
                    !format!("{job:?}").contains("secrets."),
                    "{name}: {job_name} uses a secret"
                );
            }
        }
    }
}

/// A command that interpolates what outsiders choose, such as the title of a pull request, runs what they write.
#[test]
fn commands_use_no_text_of_events() {
    for (name, workflow) in workflows() {
        assert!(
            workflow["on"]["pull_request_target"].is_badvalue(),
            "{name}"
        );
        for (job_name, job) in entries(&workflow["jobs"]) {
            for step in steps(job) {
                let command = step["run"].as_str().unwrap_or_default();
                let parts = command.split("${{").skip(1);
                for part in parts {
                    let expression = part.split("}}").next().unwrap_or_default().trim();
                    assert!(
                        expression.starts_with("matrix."),
                        "{name}: {job_name} runs {expression}"
                    );
                }
            }
        }
    }
}

#[test]
fn every_released_target_is_built_twice_and_compared() {
    let workflow = &workflows()["release.yml"];
    let build = &workflow["jobs"]["build"];
    let matrix = build["strategy"]["matrix"]["include"]
        .as_vec()
        .expect("a matrix");
    let mut targets: Vec<&str> = matrix
        .iter()
        .map(|row| row["target"].as_str().expect("a target"))
        .collect();
    targets.sort_unstable();
    assert_eq!(
        targets,
        [
            "aarch64-apple-darwin",
            "aarch64-unknown-linux-musl",
            "x86_64-apple-darwin",
            "x86_64-pc-windows-msvc",
            "x86_64-unknown-linux-musl",
        ]
    );
    let commands: String = steps(build)
        .iter()
        .filter_map(|step| step["run"].as_str())
        .collect();
    assert_eq!(commands.matches("--build-only").count(), 2);
    assert!(commands.contains("diff -r one two"));
    let publish = &workflow["jobs"]["publish"];
    assert_eq!(publish["needs"].as_str(), Some("build"));
    let last = steps(publish)
        .last()
        .and_then(|step| step["run"].as_str())
        .expect("a command");
    let place = |part: &str| last.find(part).unwrap_or_else(|| panic!("{part}: {last}"));
    assert!(place("--draft --verify-tag") < place("release-provider --verify"));
    assert!(place("release-provider --verify") < place("--draft=false"));
    // A release needs a clean tree, so what the job makes lies outside the checkout.
    for command in steps(publish)
        .iter()
        .filter_map(|step| step["run"].as_str())
    {
        let words = command
            .split_whitespace()
            .map(|word| word.trim_matches('"'));
        for word in words.filter(|word| {
            ["packages", "assets", "downloaded"]
                .iter()
                .any(|made| word.ends_with(made))
        }) {
            assert!(word.starts_with("$RUNNER_TEMP/"), "{word} in {command}");
        }
    }
}

#[test]
fn dependencies_and_actions_are_kept_up_to_date() {
    let dependabot = read(&folder().join("dependabot.yml"));
    let updates = dependabot["updates"].as_vec().expect("updates");
    let mut ecosystems: Vec<&str> = updates
        .iter()
        .filter_map(|update| update["package-ecosystem"].as_str())
        .collect();
    ecosystems.sort_unstable();
    assert_eq!(ecosystems, ["cargo", "github-actions"]);
}
