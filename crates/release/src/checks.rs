//! What the release is, and whether it may be one: a clean tree, and tag, Cargo version and head of CHANGELOG that agree.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use time::OffsetDateTime;

use crate::{
    command::{Failure, text},
    warn,
};

/// The identity of a release.
#[derive(Clone, Debug)]
pub(crate) struct Release {
    /// Without a leading `v`; ends in `-dev` for a snapshot.
    pub(crate) version: String,
    /// The commit, in short.
    pub(crate) commit: String,
    /// The time of the commit: the only time that gets into an asset.
    pub(crate) time: OffsetDateTime,
}

/// The root of the repository that this program was built from.
pub(crate) fn repository() -> Result<PathBuf, Failure> {
    let root = text(Command::new("cargo").args([
        "locate-project",
        "--workspace",
        "--message-format=plain",
    ]))?;
    let root = Path::new(&root).parent().map(Path::to_path_buf);
    root.ok_or_else(|| Failure::new("cargo names no workspace here; run this in the repository"))
}

impl Release {
    /// Checks the tree.
    ///
    /// # Errors
    /// What does not agree, and what to do.
    pub(crate) fn check(root: &Path, snapshot: bool) -> Result<Self, Failure> {
        let git =
            |arguments: &[&str]| text(Command::new("git").arg("-C").arg(root).args(arguments));
        let version = workspace_version(root)?;
        let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
        let seconds = git(&["log", "-1", "--format=%ct", "HEAD"])?;
        let time = seconds
            .parse()
            .ok()
            .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
        let time = time
            .ok_or_else(|| Failure(format!("git gives {seconds:?} as the time of the commit")))?;
        let changes = git(&["status", "--porcelain"])?;
        if snapshot {
            if !changes.is_empty() {
                warn("the tree has changes that are not committed; the snapshot has them, too");
            }
            return Ok(Self {
                version: format!("{version}-dev"),
                commit,
                time,
            });
        }
        if !changes.is_empty() {
            return Err(Failure::new(
                "the tree has changes that are not committed; commit or stash them first",
            ));
        }
        let tags = git(&["tag", "--points-at", "HEAD"])?;
        agree(
            &version,
            &tags,
            &fs::read_to_string(root.join("CHANGELOG.md")).unwrap_or_default(),
        )?;
        Ok(Self {
            version,
            commit,
            time,
        })
    }
}

fn workspace_version(root: &Path) -> Result<String, Failure> {
    let id = text(Command::new("cargo").current_dir(root).args([
        "pkgid",
        "--package",
        crate::NAME,
        "--offline",
    ]))?;
    let version = id
        .rsplit_once(['#', '@'])
        .map(|(_, version)| version.to_owned());
    version.ok_or_else(|| Failure(format!("`cargo pkgid` gives no version: {id}")))
}

/// Whether tag, Cargo version and head of CHANGELOG agree.
fn agree(version: &str, tags: &str, changelog: &str) -> Result<(), Failure> {
    let tag = format!("v{version}");
    if !tags.lines().any(|line| line == tag) {
        let found = if tags.is_empty() {
            "no tag".to_owned()
        } else {
            tags.replace('\n', ", ")
        };
        return Err(Failure(format!(
            "Cargo.toml has the version {version}, but the commit has {found}; tag it {tag}, or use --snapshot"
        )));
    }
    let head = changelog
        .lines()
        .find_map(|line| line.strip_prefix("## "))
        .unwrap_or_default();
    let (number, rest) = head.split_once(' ').unwrap_or((head, ""));
    if number != version {
        return Err(Failure(format!(
            "the first entry of CHANGELOG.md is {head:?}, not {version}"
        )));
    }
    if rest.to_lowercase().contains("unreleased") || rest.is_empty() {
        return Err(Failure(format!(
            "the entry of CHANGELOG.md for {version} has no date; write \"## {version} (Month D, YYYY)\""
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_version_and_changelog_must_agree() {
        let check = |tags: &str, changelog: &str, expected: &str| {
            let found = agree("1.2.3", tags, changelog)
                .err()
                .map(|failure| failure.0)
                .unwrap_or_default();
            assert!(found.contains(expected), "{found}");
            assert_eq!(found.is_empty(), expected.is_empty(), "{found}");
        };
        let good = "# Changelog\n\n## 1.2.3 (May 1, 2026)\n";
        check("v1.2.3", good, "");
        check("latest\nv1.2.3", good, "");
        check("", good, "the commit has no tag; tag it v1.2.3");
        check("v1.2.4\nx", good, "the commit has v1.2.4, x");
        check(
            "v1.2.3",
            "## 1.2.4 (May 1, 2026)",
            "is \"1.2.4 (May 1, 2026)\", not 1.2.3",
        );
        check("v1.2.3", "## 1.2.3 (unreleased)", "has no date");
        check("v1.2.3", "## 1.2.3", "has no date");
        check("v1.2.3", "", "is \"\", not 1.2.3");
    }
}
