//! What the provider is made of: the third-party notices and the software bill of materials (SBOM, CycloneDX 1.5).

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use crate::{
    checks::Release,
    command::{Failure, output},
    target::Target,
};

/// The packages that go into the executable.
pub(crate) struct Graph {
    root: PathBuf,
}

/// One package of the executable.
#[derive(Debug)]
struct Package {
    name: String,
    version: String,
    license: String,
    authors: Vec<String>,
    repository: Option<String>,
    folder: PathBuf,
    /// Whether it comes from a registry; else it is this project's own.
    third_party: bool,
    /// Ids of the packages that it needs.
    needs: BTreeSet<String>,
}

impl Graph {
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
        }
    }

    /// The packages of the executable for one target, by id.
    fn packages(&self, target: &Target) -> Result<BTreeMap<String, Package>, Failure> {
        let metadata = output(Command::new("cargo").current_dir(&self.root).args([
            "metadata",
            "--locked",
            "--format-version",
            "1",
            "--filter-platform",
            &target.triple,
        ]))?;
        let metadata: Value = serde_json::from_slice(&metadata).map_err(|error| {
            Failure(format!(
                "`cargo metadata` wrote something that is not JSON: {error}"
            ))
        })?;
        used_packages(&metadata)
    }

    /// Licences and notices of everything that is not this project's own.
    ///
    /// # Errors
    /// If a package has no licence text, or cargo fails.
    pub(crate) fn notices(&self, target: &Target) -> Result<String, Failure> {
        let packages = self.packages(target)?;
        let mut text = format!(
            "{} contains software of others. These are the packages, with their licences and notices.\n",
            crate::NAME
        );
        let mut third_party: Vec<&Package> = packages
            .values()
            .filter(|package| package.third_party)
            .collect();
        third_party.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        for package in third_party {
            let rule = "-".repeat(80);
            let Package {
                name,
                version,
                license,
                ..
            } = package;
            let _ = write!(text, "\n{rule}\n{name} {version}\nLicence: {license}\n");
            if let Some(repository) = &package.repository {
                let _ = writeln!(text, "Source: {repository}");
            }
            if !package.authors.is_empty() {
                let _ = writeln!(text, "Authors: {}", package.authors.join(", "));
            }
            for notice in license_files(&package.folder)? {
                let _ = write!(text, "\n{}\n", notice.trim());
            }
        }
        Ok(text)
    }

    /// The bill of materials as JSON.
    ///
    /// # Errors
    /// If cargo fails.
    pub(crate) fn sbom(&self, targets: &[Target], release: &Release) -> Result<String, Failure> {
        let mut packages = BTreeMap::new();
        for target in targets {
            packages.extend(self.packages(target)?);
        }
        let reference =
            |package: &Package| format!("pkg:cargo/{}@{}", package.name, package.version);
        let mut components = Vec::new();
        let mut dependencies = Vec::new();
        let mut own = json!(null);
        for package in packages.values() {
            let is_root = package.name == crate::NAME;
            let version = if is_root {
                release.version.as_str()
            } else {
                package.version.as_str()
            };
            let component = json!({
                "type": if is_root { "application" } else { "library" },
                "bom-ref": reference(package),
                "name": package.name,
                "version": version,
                "purl": reference(package),
                "licenses": [{ "expression": package.license }],
            });
            if is_root {
                own = component;
            } else {
                components.push(component);
            }
            let needs: Vec<String> = package
                .needs
                .iter()
                .filter_map(|id| packages.get(id))
                .map(reference)
                .collect();
            dependencies.push(json!({ "ref": reference(package), "dependsOn": needs }));
        }
        let time = release.time.format(&Rfc3339).unwrap_or_default();
        let document = json!({
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "version": 1,
            "metadata": { "timestamp": time, "component": own },
            "components": components,
            "dependencies": dependencies,
        });
        Ok(format!("{document:#}\n"))
    }
}

/// The packages that the provider is linked from: those reached by normal dependencies, not by build or test ones.
fn used_packages(metadata: &Value) -> Result<BTreeMap<String, Package>, Failure> {
    let missing =
        || Failure::new("`cargo metadata` does not have the form that this program knows");
    let nodes = metadata["resolve"]["nodes"]
        .as_array()
        .ok_or_else(missing)?;
    let needs: BTreeMap<&str, BTreeSet<String>> = nodes
        .iter()
        .filter_map(|node| Some((node["id"].as_str()?, normal_dependencies(node))))
        .collect();
    let all = metadata["packages"].as_array().ok_or_else(missing)?;
    let is_root = |package: &&Value| package["name"] == crate::NAME && package["source"].is_null();
    let root = all
        .iter()
        .find(is_root)
        .and_then(|package| package["id"].as_str())
        .ok_or_else(missing)?;
    let mut used = BTreeSet::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(id) = waiting.pop() {
        if used.insert(id.clone()) {
            waiting.extend(needs.get(id.as_str()).into_iter().flatten().cloned());
        }
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let packages = all
        .iter()
        .filter(|package| package["id"].as_str().is_some_and(|id| used.contains(id)));
    packages
        .map(|package| {
            let id = text(&package["id"]).ok_or_else(missing)?;
            let name = text(&package["name"]).ok_or_else(missing)?;
            let license = text(&package["license"])
                .ok_or_else(|| Failure(format!("the package {name} names no licence")))?
                // The form before SPDX expressions.
                .replace(" / ", "/")
                .replace('/', " OR ");
            let manifest = text(&package["manifest_path"]).ok_or_else(missing)?;
            let authors = package["authors"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(text);
            Ok((
                id.clone(),
                Package {
                    version: text(&package["version"]).ok_or_else(missing)?,
                    authors: authors.collect(),
                    repository: text(&package["repository"]),
                    folder: Path::new(&manifest)
                        .parent()
                        .map(Path::to_path_buf)
                        .unwrap_or_default(),
                    third_party: !package["source"].is_null(),
                    needs: needs.get(id.as_str()).cloned().unwrap_or_default(),
                    name,
                    license,
                },
            ))
        })
        .collect()
}

fn normal_dependencies(node: &Value) -> BTreeSet<String> {
    let dependencies = node["deps"].as_array().into_iter().flatten();
    let normal = dependencies.filter(|dependency| {
        let mut kinds = dependency["dep_kinds"].as_array().into_iter().flatten();
        kinds.any(|kind| kind["kind"].is_null())
    });
    normal
        .filter_map(|dependency| dependency["pkg"].as_str().map(str::to_owned))
        .collect()
}

/// The texts of a package's licences and notices, in order of file name.
fn license_files(folder: &Path) -> Result<Vec<String>, Failure> {
    let entries = fs::read_dir(folder).map_err(|error| Failure::file("read", folder, &error))?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .to_uppercase();
            let wanted = [
                "LICENSE",
                "LICENCE",
                "COPYING",
                "NOTICE",
                "COPYRIGHT",
                "UNLICENSE",
            ];
            path.is_file() && wanted.iter().any(|prefix| name.starts_with(prefix))
        })
        .collect();
    files.sort();
    let texts = files.iter().map(|path| {
        let bytes = fs::read(path).map_err(|error| Failure::file("read", path, &error))?;
        Ok(String::from_utf8_lossy(&bytes).replace('\r', ""))
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_linked_is_used() {
        let package = |name: &str, source: Value| {
            json!({
                "id": name, "name": name, "version": "1.0.0", "license": "MIT / Apache-2.0", "authors": ["A"],
                "repository": null, "manifest_path": format!("/x/{name}/Cargo.toml"), "source": source,
            })
        };
        let need = |name: &str, kinds: &[Option<&str>]| {
            let kinds: Vec<Value> = kinds.iter().map(|kind| json!({ "kind": kind })).collect();
            json!({ "pkg": name, "dep_kinds": kinds })
        };
        let registry = || json!("registry");
        let metadata = json!({
            "packages": [
                package(crate::NAME, json!(null)), package("linked", registry()), package("deep", registry()),
                package("builds", registry()), package("tests", registry()), package("both", registry()),
            ],
            "resolve": { "nodes": [
                { "id": crate::NAME, "deps": [
                    need("linked", &[None]), need("builds", &[Some("build")]), need("tests", &[Some("dev")]),
                    need("both", &[Some("dev"), None]),
                ] },
                { "id": "linked", "deps": [need("deep", &[None])] },
                { "id": "builds", "deps": [need("tests", &[None])] },
            ] },
        });
        let used = used_packages(&metadata).expect("the form is known");
        let names: Vec<&str> = used.values().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["both", "deep", "linked", crate::NAME]);
        assert_eq!(used["linked"].license, "MIT OR Apache-2.0");
        assert!(used["linked"].third_party && !used[crate::NAME].third_party);
        assert!(used_packages(&json!({})).is_err());
    }
}
