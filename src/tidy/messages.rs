//! Rules for messages, checked on every snapshot of a whole message in the sources.

use std::fs;

use crate::docs::root;

/// Less than so many characters in a summary.
const SUMMARY: usize = 70;
/// Columns of a line, without the rule that Terraform draws at the left.
const COLUMNS: usize = 78;
/// Messages, so that the rules are known to check something.
const AT_LEAST: usize = 50;

/// Phrases that contradict each other in one message.
const CONTRADICTIONS: &[(&str, &str)] = &[
    ("try again", "before you apply again"),
    ("run the command again", "before you apply again"),
    ("nothing was sent", "may have been executed"),
    ("nothing was sent", "it is unknown whether"),
    ("nothing was sent", "request id:"),
    ("nothing was changed", "was saved"),
];

/// The messages in a file: the raw texts that begin as a diagnostic does when it is printed.
fn messages(source: &str) -> Vec<String> {
    let texts = source.split("r#\"").skip(1);
    let texts = texts
        .filter_map(|rest| rest.split_once("\"#"))
        .map(|(text, _)| text);
    let mut found = Vec::new();
    for text in texts {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let indent = lines.map(|line| line.len() - line.trim_start().len()).min();
        let begins = |line: &str| line.starts_with("Error: ") || line.starts_with("Warning: ");
        let mut is_message = false;
        for line in text.lines() {
            let line = line.get(indent.unwrap_or_default()..).unwrap_or_default();
            if begins(line) {
                is_message = true;
                found.push(String::new());
            }
            if is_message && let Some(message) = found.last_mut() {
                message.push_str(line);
                message.push('\n');
            }
        }
    }
    found
}

/// What is wrong with a message.
fn faults(message: &str, catalogue: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut must = |holds: bool, fault: String| {
        if !holds {
            faults.push(fault);
        }
    };
    let first = message.lines().next().unwrap_or_default();
    let (severity, summary) = first.split_once(": ").unwrap_or_default();
    let length = summary.chars().count();
    must(
        length < SUMMARY,
        format!("the summary has {length} characters"),
    );
    for line in message.lines().skip(1) {
        // A word that is too long alone is not broken, so that it can be copied.
        let is_word = line.split_whitespace().nth(1).is_none();
        must(
            is_word || line.chars().count() <= COLUMNS,
            format!("a long line: {line}"),
        );
    }
    let codes = message
        .lines()
        .filter_map(|line| line.strip_prefix(' ')?.trim_start().strip_prefix("Code:"));
    let codes: Vec<&str> = codes.map(str::trim).collect();
    match codes.as_slice() {
        [] => must(severity == "Warning", "no code".to_owned()),
        [code] => {
            let own = code.starts_with("Provider.");
            let is_listed = catalogue.contains(&format!("| `{code}` |"));
            let is_admitted = !own && message.contains("has no advice for this code");
            must(
                is_listed || is_admitted,
                format!("{code} is not in the guide"),
            );
        }
        _ => must(false, format!("several codes: {codes:?}")),
    }
    let lower = message
        .to_lowercase()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    for (one, other) in CONTRADICTIONS {
        must(
            !(lower.contains(one) && lower.contains(other)),
            format!("both \"{one}\" and \"{other}\""),
        );
    }
    let below = ["see reason below", "reason below"]
        .iter()
        .any(|text| lower.contains(text));
    must(
        !below || message.contains("Reason:"),
        "no Reason below".to_owned(),
    );
    let below = lower.contains("request id below");
    must(
        !below || message.contains("Request ID:"),
        "no Request ID below".to_owned(),
    );
    // Numbered steps count from one, without a gap.
    let steps = message
        .lines()
        .filter_map(|line| line.split_once(". ")?.0.parse::<u8>().ok());
    for (at, step) in steps.enumerate() {
        must(
            usize::from(step) == at + 1,
            format!("step {step} stands at place {}", at + 1),
        );
    }
    faults
}

#[test]
fn every_message_in_a_snapshot_follows_the_rules() {
    let catalogue = fs::read_to_string(root().join("docs/guides/errors.md")).expect("the guide");
    let mut seen = 0;
    let mut found = Vec::new();
    for folder in ["src", "crates", "acceptance-tests"] {
        for file in super::rust_files(folder) {
            let path = file.strip_prefix(root()).unwrap_or(&file).to_owned();
            if path.starts_with("src/tidy")
                || path.ends_with("printed.rs")
                || path.components().any(|part| part.as_os_str() == "target")
            {
                continue;
            }
            let source = fs::read_to_string(&file).expect("UTF-8");
            for message in messages(&source) {
                seen += 1;
                for fault in faults(&message, &catalogue) {
                    let summary = message.lines().next().unwrap_or_default();
                    found.push(format!("{}: {summary}: {fault}", path.display()));
                }
            }
        }
    }
    assert!(
        seen >= AT_LEAST,
        "{seen} messages: the rules check next to nothing"
    );
    super::assert_none(found);
}

#[test]
fn messages_are_found_in_sources() {
    let source = "x(expect![[r#\"\n        Error: One\n\n          Code: A\n\n        Warning: Two\n    \"#]]); r#\"no message\"#";
    let found = messages(source);
    assert_eq!(found, ["Error: One\n\n  Code: A\n\n", "Warning: Two\n\n"]);
}

#[test]
fn faults_of_messages_are_seen() {
    let catalogue = "| `Provider.Bug` | x |";
    let check = |message: &str, expected: &[&str]| {
        assert_eq!(faults(message, catalogue), expected, "{message}");
    };
    check("Error: One\n\n  Code:  Provider.Bug\n", &[]);
    check("Warning: One\n\nText.\n", &[]);
    check("Error: One\n\nText.\n", &["no code"]);
    check(
        "Error: One\n\n  Code: Provider.Stopped\n",
        &["Provider.Stopped is not in the guide"],
    );
    check(
        "Error: One\n\n  Code: Provider.Bug\n  Code: Provider.Bug\n",
        &["several codes: [\"Provider.Bug\", \"Provider.Bug\"]"],
    );
    let long = "x ".repeat(40);
    check(
        &format!("Warning: {long}\n{long}\n"),
        &[
            "the summary has 80 characters",
            &format!("a long line: {long}"),
        ],
    );
    check(&format!("Warning: One\n{}\n", "x".repeat(100)), &[]);
    check(
        "Warning: One\nTry again.\nBefore you\napply again, look.\n",
        &["both \"try again\" and \"before you apply again\""],
    );
    check("Warning: One\nSee Reason below.\n", &["no Reason below"]);
    check("Warning: One\n1. A\n3. B\n", &["step 3 stands at place 2"]);
}
