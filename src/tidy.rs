//! The rules of the house as tests: who imports whom, what every file says of itself, and what a resource brings along.
//!
//! Must not contain: rules that the compiler or clippy already enforces.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{framework::Provider as _, provider::Alicloud};

struct Source {
    /// From the root of the repository, with `/`.
    path: String,
    text: String,
}

impl Source {
    /// The code without its comments and without its tests.
    fn code(&self) -> String {
        let product = self
            .text
            .split("#[cfg(test)]\nmod tests")
            .next()
            .unwrap_or_default();
        product
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n")
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(below: &str) -> Vec<Source> {
    fn collect(directory: &Path, into: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).expect("the directory is readable") {
            let path = entry.expect("the entry is readable").path();
            if path.is_dir() {
                collect(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    collect(&root().join(below), &mut paths);
    paths.sort();
    let relative = |path: &Path| {
        path.strip_prefix(root())
            .expect("below the root")
            .to_string_lossy()
            .replace('\\', "/")
    };
    paths
        .iter()
        .map(|path| Source {
            path: relative(path),
            text: fs::read_to_string(path).expect("UTF-8"),
        })
        .collect()
}

fn assert_none(found: Vec<String>) {
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn rooms_import_only_what_they_may() {
    // Where, and which words must not stand in the code there.
    let rules: [(&str, &str, &[&str]); 6] = [
        (
            "src/framework/",
            "src/framework/protocol/",
            &[
                "crate::alicloud",
                "crate::resources",
                "crate::provider",
                "tonic",
                "prost",
                "tokio",
                "reqwest",
                "alicloud",
            ],
        ),
        (
            "src/framework/protocol/",
            "",
            &[
                "crate::alicloud",
                "crate::resources",
                "crate::provider",
                "reqwest",
                "alicloud",
            ],
        ),
        (
            "src/alicloud/",
            "",
            &[
                "crate::framework",
                "crate::resources",
                "crate::provider",
                "tonic",
                "prost",
                "env::var",
            ],
        ),
        (
            "src/resources/",
            "",
            &[
                "crate::provider",
                "tokio",
                "reqwest",
                "tonic",
                "SystemTime",
                "Instant",
                "env::var",
            ],
        ),
        (
            "src/framework/",
            "src/framework/protocol/handshake.rs",
            &["env::var"],
        ),
        (
            "acceptance-tests/src/emulator/",
            "",
            &["terraform_provider_alicloud"],
        ),
    ];
    let sources: Vec<Source> = sources("src")
        .into_iter()
        .chain(sources("acceptance-tests/src"))
        .collect();
    let mut found = Vec::new();
    for (room, except, words) in rules {
        let mut seen = 0;
        for source in sources
            .iter()
            .filter(|source| source.path.starts_with(room))
        {
            if !except.is_empty() && source.path.starts_with(except)
                || source.path.ends_with("/tests.rs")
                || source.path.contains("/tests/")
            {
                continue;
            }
            seen += 1;
            let code = source.code();
            let breaches = words.iter().filter(|word| code.contains(**word));
            found.extend(breaches.map(|word| format!("{} must not contain `{word}`", source.path)));
        }
        assert!(seen > 0, "no file in {room}: the rule would check nothing");
    }
    assert_none(found);
}

#[test]
fn every_file_says_what_it_is_for_and_what_it_must_not_contain() {
    let all = ["src", "acceptance-tests/src", "acceptance-tests/tests"]
        .into_iter()
        .flat_map(sources);
    let found = all.filter_map(|source| {
        let doc: Vec<&str> = source
            .text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .collect();
        let doc = doc.join("\n");
        // The map of the whole speaks for the root of the library.
        let complete = !doc.is_empty()
            && (source.path == "src/lib.rs"
                // What a file of tests contains, its tests say.
                || source.path.starts_with("acceptance-tests/tests/")
                || doc.replace("\n//! ", " ").contains("ust not contain"));
        (!complete).then(|| {
            format!(
                "{} needs a module doc that ends in \"Must not contain: ...\"",
                source.path
            )
        })
    });
    assert_none(found.collect());
}

#[test]
fn every_resource_is_registered_documented_shown_and_tested() {
    let registered: Vec<&str> = Alicloud::new()
        .resources()
        .iter()
        .map(|resource| resource.type_name())
        .collect();
    let mut found = Vec::new();
    for source in sources("src/resources") {
        let stem = source
            .path
            .trim_start_matches("src/resources/")
            .trim_end_matches(".rs");
        let is_resource = source.text.contains("impl Resource for");
        if is_resource && !registered.contains(&format!("alicloud_{stem}").as_str()) {
            found.push(format!("{} is not in `resources::all`", source.path));
        }
    }
    for type_name in &registered {
        let stem = type_name.trim_start_matches("alicloud_");
        for needed in [
            format!("src/resources/{stem}.rs"),
            format!("docs/resources/{stem}.md"),
            format!("examples/resources/{type_name}/resource.tf"),
            format!("examples/resources/{type_name}/import.sh"),
            format!("acceptance-tests/tests/{stem}.rs"),
        ] {
            if !root().join(&needed).is_file() {
                found.push(format!("{type_name} needs {needed}"));
            }
        }
    }
    assert!(!registered.is_empty());
    assert_none(found);
}

#[test]
fn the_documentation_names_every_attribute() {
    let mut found = Vec::new();
    let mut check = |page: String, schema: &crate::framework::Schema| {
        let text = fs::read_to_string(root().join(&page)).unwrap_or_default();
        for name in names(&schema.block) {
            if !text.contains(&format!("`{name}`")) {
                found.push(format!("{page} does not name `{name}`"));
            }
        }
    };
    check("docs/index.md".to_owned(), &Alicloud::new().schema());
    for resource in Alicloud::new().resources() {
        let stem = resource.type_name().trim_start_matches("alicloud_");
        check(format!("docs/resources/{stem}.md"), &resource.schema());
    }
    assert_none(found);
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The names of environment variables that stand between quotation marks.
fn variables(code: &str) -> Vec<String> {
    let rest = code.split("\"ALI").skip(1);
    rest.filter_map(|rest| Some(format!("ALI{}", rest.split_once('"')?.0)))
        .collect()
}

/// The table of sources in the README: its tests exist, what is refreshed has a test of that, its variables are read, and no
/// variable is missing.
#[test]
fn the_table_of_sources_is_true() {
    let readme = fs::read_to_string(root().join("README.md")).expect("UTF-8");
    let section = readme
        .split("\n## ")
        .find(|section| section.starts_with("Authentication\n"))
        .expect("a section");
    let rows: Vec<Vec<&str>> = section
        .lines()
        .filter(|line| line.starts_with("| ") && !line.contains("| Source |"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), 10, "nine sources, and a role on top of them");
    let cases = sources("acceptance-tests/tests/credentials");
    let mut found = Vec::new();
    for row in &rows {
        let [_, source, _, _, refreshed, tests] = row[..] else {
            panic!("a row of six columns, not {row:?}");
        };
        let tests = quoted(tests);
        if tests.is_empty() {
            found.push(format!("{source} has no test"));
        }
        let is_shown = tests.iter().any(|test| test.starts_with("refreshing::"));
        if refreshed.starts_with("ahead") && !is_shown {
            found.push(format!("no test shows that this is refreshed: {source}"));
        }
        for test in tests {
            let (module, case) = test.split_once("::").unwrap_or((test, ""));
            let path = format!("acceptance-tests/tests/credentials/{module}.rs");
            let is_case = cases.iter().any(|file| {
                file.path == path
                    && file.text.contains(&format!("\n    {case},\n"))
                    && file.text.contains(&format!("\nfn {case}("))
            });
            if !is_case {
                found.push(format!("{path} has no case {case}"));
            }
        }
    }

    let arguments: Vec<&str> = rows.iter().flat_map(|row| quoted(row[2])).collect();
    let product: Vec<Source> = sources("src/provider")
        .into_iter()
        .chain(sources("src/alicloud/credentials"))
        .collect();
    let code: String = product.iter().map(Source::code).collect();
    let told = quoted(section);
    for variable in told.iter().filter(|name| name.starts_with("ALI")) {
        if !code.contains(&format!("\"{variable}\"")) {
            found.push(format!("nothing reads {variable}"));
        }
    }
    let mut read = Vec::new();
    for source in &product {
        let code = source.code();
        if source.path == "src/provider/credentials.rs" {
            read.extend(variables(&code));
        }
        if source.path == "src/provider/arguments.rs" {
            // Each argument is its name and then its variables.
            for argument in code.split("name: \"").skip(1) {
                let (name, rest) = argument.split_once('"').expect("a name");
                if arguments.contains(&name) {
                    read.extend(variables(rest));
                }
            }
        }
    }
    assert!(read.len() > 25, "{read:?}");
    let missing = read.iter().filter(|name| !told.contains(&name.as_str()));
    found.extend(missing.map(|name| format!("README.md does not name {name}")));
    assert_none(found);
}

fn names(block: &crate::framework::Block) -> Vec<&'static str> {
    let below = block.blocks.iter().flat_map(|nested| {
        let inner = names(&nested.block);
        std::iter::once(nested.name).chain(inner)
    });
    block
        .attributes
        .iter()
        .map(|attribute| attribute.name)
        .chain(below)
        .collect()
}

/// The rules that Terraform enforces when it loads a schema (plugin protocol 6), before it can.
#[test]
fn schemas_are_ones_that_terraform_loads() {
    use crate::framework::schema::Setting;

    fn check(block: &crate::framework::Block, place: &str, found: &mut Vec<String>) {
        let mut seen = Vec::new();
        for name in block
            .attributes
            .iter()
            .map(|a| a.name)
            .chain(block.blocks.iter().map(|b| b.name))
        {
            let plain = name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
            if !plain || name.is_empty() {
                found.push(format!(
                    "{place}.{name}: lower case, digits and underscores only"
                ));
            }
            if seen.contains(&name) {
                found.push(format!("{place}.{name}: twice"));
            }
            seen.push(name);
        }
        for attribute in &block.attributes {
            let place = format!("{place}.{}", attribute.name);
            if attribute.description.is_empty() {
                found.push(format!("{place}: no description"));
            }
            if attribute.default.is_some() && attribute.setting != Setting::OptionalComputed {
                found.push(format!("{place}: a default needs optional and computed"));
            }
        }
        for nested in &block.blocks {
            check(&nested.block, &format!("{place}.{}", nested.name), found);
        }
    }
    let mut found = Vec::new();
    check(&Alicloud::new().schema().block, "provider", &mut found);
    for resource in Alicloud::new().resources() {
        let type_name = resource.type_name();
        let block = resource.schema().block;
        check(&block, type_name, &mut found);
        let Some(identity) = resource.identity_schema() else {
            continue;
        };
        if !identity.attributes.iter().any(|a| a.required_for_import) {
            found.push(format!(
                "{type_name}: an identity that needs nothing names nothing"
            ));
        }
        let mut seen = Vec::new();
        for attribute in &identity.attributes {
            let name = attribute.name;
            if attribute.description.is_empty() {
                found.push(format!(
                    "{type_name}.{name}: no description in the identity"
                ));
            }
            if seen.contains(&name) {
                found.push(format!("{type_name}.{name}: twice in the identity"));
            }
            seen.push(name);
        }
    }
    assert_none(found);
}
