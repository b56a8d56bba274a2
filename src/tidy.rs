//! Rules of this repository that the compiler cannot check, as tests.

mod messages;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use framework::{
    Attribute, Block, Provider as _,
    schema::{AttributeKind, Setting},
};
use syn::{Item, UseTree, visit::Visit};

use crate::{
    common::codes::CODES,
    docs::{
        ACTION, DATA_SOURCE, FUNCTION, Kind, LIST_RESOURCE, RESOURCE, example_files, files_below,
        page_path, root,
    },
    provider::Alicloud,
};

/// All Rust files below a folder.
fn rust_files(folder: &str) -> Vec<PathBuf> {
    fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("the folder is readable") {
            let path = entry.expect("the entry is readable").path();
            if path.is_dir() {
                collect(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    collect(&root().join(folder), &mut files);
    files.sort();
    files
}

fn assert_none(found: Vec<String>) {
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Every path that a file imports or names, as its segments: `use crate::{a::b, c}` gives `[crate, a, b]` and `[crate, c]`.
#[derive(Default)]
struct Paths(Vec<Vec<String>>);

impl Paths {
    fn of(source: &str) -> Vec<Vec<String>> {
        let file = syn::parse_file(source).expect("the file is Rust");
        let mut paths = Self::default();
        paths.visit_file(&file);
        paths.0
    }

    fn add_tree(&mut self, mut prefix: Vec<String>, tree: &UseTree) {
        match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.add_tree(prefix, &path.tree);
            }
            UseTree::Name(name) => {
                prefix.push(name.ident.to_string());
                self.0.push(prefix);
            }
            UseTree::Rename(rename) => {
                prefix.push(rename.ident.to_string());
                self.0.push(prefix);
            }
            UseTree::Glob(_) => self.0.push(prefix),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_tree(prefix.clone(), tree);
                }
            }
        }
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item(&mut self, item: &'ast Item) {
        if let Item::Use(item) = item {
            self.add_tree(Vec::new(), &item.tree);
        }
        syn::visit::visit_item(self, item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter();
        self.0
            .push(segments.map(|segment| segment.ident.to_string()).collect());
        syn::visit::visit_path(self, path);
    }
}

/// What a file in `folder` must not import, by the second segment of `crate::...`.
fn forbidden(path: &[String], folders: &[&str]) -> bool {
    path.first().is_some_and(|first| first == "crate")
        && path
            .get(1)
            .is_some_and(|second| folders.contains(&second.as_str()))
}

#[test]
fn the_plugin_folder_knows_no_provider() {
    let mut found = Vec::new();
    let files = rust_files("src/plugin");
    assert!(files.len() > 5, "the rule checks nothing");
    for file in files {
        let source = fs::read_to_string(&file).expect("UTF-8");
        for path in Paths::of(&source) {
            let is_cloud = path.first().is_some_and(|first| first == "alicloud");
            if is_cloud || forbidden(&path, &["provider", "common", "cams"]) {
                found.push(format!("{} uses {}", file.display(), path.join("::")));
            }
        }
    }
    assert_none(found);
}

#[test]
fn types_of_cams_know_no_other_type() {
    let mut found = Vec::new();
    let folder = root().join("src/cams");
    let mut nouns = 0;
    for entry in fs::read_dir(&folder).expect("the folder is readable") {
        let noun = entry.expect("the entry is readable").path();
        if !noun.is_dir() {
            continue;
        }
        nouns += 1;
        let name = noun
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let below = noun
            .strip_prefix(root())
            .expect("below the root")
            .to_string_lossy()
            .into_owned();
        for file in rust_files(&below) {
            let source = fs::read_to_string(&file).expect("UTF-8");
            for path in Paths::of(&source) {
                let other = path.get(2).filter(|other| **other != name);
                let crosses = path.len() > 2 && path[0] == "crate" && path[1] == "cams";
                if crosses && other.is_some() || forbidden(&path, &["provider", "plugin"]) {
                    found.push(format!("{} uses {}", file.display(), path.join("::")));
                }
            }
        }
    }
    assert!(nouns > 0, "the rule checks nothing");
    assert_none(found);
}

#[test]
fn imports_in_every_style_are_seen() {
    let check = |source: &str, expected: bool| {
        let paths = Paths::of(source);
        let found = paths.iter().any(|path| forbidden(path, &["provider"]));
        assert_eq!(found, expected, "{source}");
    };
    check("use crate::provider::Alicloud;", true);
    check("use crate::{common::x, provider::{Alicloud, y}};", true);
    check("use crate::{provider as p};", true);
    check("use crate::provider::*;", true);
    check("fn f() { crate::provider::g(); }", true);
    check("mod m { use crate::provider; }", true);
    check("use framework::Provider;", false);
    check("// use crate::provider::x;\nuse crate::common;", false);
}

/// Every type in every list has its page, its example, and an acceptance test that names it. What a page says is checked
/// in `docs`.
#[test]
fn every_type_has_a_page_an_example_and_an_acceptance_test() {
    let provider = Alicloud::new();
    let mut types: Vec<(&Kind, &str)> = Vec::new();
    types.extend(
        provider
            .resources()
            .iter()
            .map(|it| (&RESOURCE, it.type_name())),
    );
    types.extend(
        provider
            .data_sources()
            .iter()
            .map(|it| (&DATA_SOURCE, it.type_name())),
    );
    types.extend(
        provider
            .list_resources()
            .iter()
            .map(|it| (&LIST_RESOURCE, it.type_name())),
    );
    types.extend(
        provider
            .actions()
            .iter()
            .map(|it| (&ACTION, it.type_name())),
    );
    types.extend(provider.functions().iter().map(|it| (&FUNCTION, it.name())));
    assert!(!types.is_empty(), "the rule checks nothing");

    let tests: String = rust_files("acceptance-tests/tests")
        .iter()
        .map(|file| fs::read_to_string(file).expect("UTF-8"))
        .collect();
    let mut found = Vec::new();
    for (kind, name) in types {
        let page = format!("docs/{}.md", page_path(kind, name));
        if !root().join(&page).is_file() {
            found.push(format!("{name} has no page {page}"));
        }
        if example_files(kind, name).is_empty() {
            found.push(format!(
                "{name} has no example in examples/{}/{name}",
                kind.folder
            ));
        }
        if !tests.contains(name) {
            found.push(format!("{name} is in no acceptance test"));
        }
    }
    for resource in provider.resources() {
        let import = format!("examples/resources/{}/import.sh", resource.type_name());
        if !root().join(&import).is_file() {
            found.push(format!("{import} is missing"));
        }
    }
    assert_none(found);
}

/// Terraform core compares the list of sensitive paths of a stored object, whose order is random when there are two or
/// more (hashicorp/terraform#37406): `plan -refresh-only -detailed-exitcode` then reports drift where there is none.
#[test]
fn resources_have_at_most_one_sensitive_attribute() {
    fn count(block: &Block) -> usize {
        let attributes: usize = block.attributes.iter().map(in_attribute).sum();
        let blocks: usize = block.blocks.iter().map(|nested| count(&nested.block)).sum();
        attributes + blocks
    }
    fn in_attribute(attribute: &Attribute) -> usize {
        let nested = match &attribute.kind {
            AttributeKind::Nested(_, attributes) => attributes.iter().map(in_attribute).sum(),
            AttributeKind::Plain(_) => 0,
        };
        nested + usize::from(attribute.sensitive)
    }
    for resource in Alicloud::new().resources() {
        let sensitive = count(&resource.schema().block);
        let name = resource.type_name();
        assert!(
            sensitive <= 1,
            "{name} has {sensitive} sensitive attributes"
        );
    }
}

/// The rules that Terraform enforces when it loads a schema (plugin protocol 6), checked before it can.
#[test]
fn schemas_are_ones_that_terraform_loads() {
    fn check(block: &Block, place: &str, found: &mut Vec<String>) {
        let mut seen = Vec::new();
        let attributes = block.attributes.iter().map(|attribute| attribute.name);
        let blocks = block.blocks.iter().map(|nested| nested.name);
        for name in attributes.chain(blocks) {
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
    let provider = Alicloud::new();
    check(&provider.schema().block, "provider", &mut found);
    for source in provider.data_sources() {
        check(&source.schema().block, source.type_name(), &mut found);
    }
    for list in provider.list_resources() {
        check(&list.schema().block, list.type_name(), &mut found);
    }
    for action in provider.actions() {
        check(&action.schema().block, action.type_name(), &mut found);
    }
    for resource in provider.resources() {
        let type_name = resource.type_name();
        check(&resource.schema().block, type_name, &mut found);
        let Some(identity) = resource.identity_schema() else {
            continue;
        };
        if !identity
            .attributes
            .iter()
            .any(|attribute| attribute.required_for_import)
        {
            found.push(format!(
                "{type_name}: an identity without a required attribute"
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

/// Links to files and headings in the Markdown files, and the paths that `ARCHITECTURE.md` names.
#[test]
fn links_and_paths_in_markdown_exist() {
    let mut found = Vec::new();
    let mut pages = vec![root().join("README.md")];
    let others = [
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "README.zh-CN.md",
        "RELEASING.md",
        "SECURITY.md",
    ];
    pages.extend(others.map(|name| root().join(name)));
    pages.extend(
        files_below(&root().join("docs"))
            .iter()
            .map(|path| root().join("docs").join(path)),
    );
    for page in &pages {
        let text = fs::read_to_string(page).expect("UTF-8");
        // A link may be broken between its words, never in its target.
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            if link.contains("://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match path.is_empty() {
                true => page.clone(),
                false => page.with_file_name(path),
            };
            let target_text = fs::read_to_string(&target);
            let exists = target.exists()
                && (anchor.is_empty() || has_anchor(&target_text.unwrap_or_default(), anchor));
            if !exists {
                found.push(format!("{}: {link} leads nowhere", page.display()));
            }
        }
    }
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("UTF-8");
    let code = map.split('`').skip(1).step_by(2);
    let paths: Vec<&str> = code
        .filter(|code| code.starts_with("src/") || code.starts_with("crates/"))
        .collect();
    assert!(paths.len() > 5, "the rule checks nothing");
    for path in paths {
        if !root().join(path).exists() {
            found.push(format!(
                "ARCHITECTURE.md names {path}, which does not exist"
            ));
        }
    }
    assert_none(found);
}

/// Whether a page has this anchor: of its own, or made from a heading.
fn has_anchor(page: &str, anchor: &str) -> bool {
    let of_heading = |line: &str| -> String {
        let heading = line.trim_start_matches('#').trim().to_lowercase();
        let kept = heading
            .chars()
            .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    page.contains(&format!("<a id=\"{anchor}\"></a>"))
        || page
            .lines()
            .any(|line| line.starts_with('#') && of_heading(line) == anchor)
}

#[test]
fn anchors_are_found() {
    let page = "# Title\n## The `x` of a binding\n<a id=\"nestedatt--a\"></a>\nText\n";
    for (anchor, expected) in [
        ("title", true),
        ("the-x-of-a-binding", true),
        ("nestedatt--a", true),
        ("text", false),
    ] {
        assert_eq!(has_anchor(page, anchor), expected, "{anchor}");
    }
}

/// What a page has in every language: headings by level, blocks of code, inline code, rows of tables, links to files.
#[derive(Debug, Default, PartialEq, Eq)]
struct Skeleton {
    headings: Vec<usize>,
    code: Vec<String>,
    inline: BTreeSet<String>,
    rows: usize,
    links: BTreeSet<String>,
}

impl Skeleton {
    fn of(page: &str) -> Self {
        let mut skeleton = Self::default();
        let mut text = String::new();
        let mut is_code = false;
        for line in page.lines() {
            if line.starts_with("```") {
                is_code = !is_code;
            }
            if is_code || line.starts_with("```") {
                skeleton.code.push(line.to_owned());
                continue;
            }
            if line.starts_with('#') {
                let level = line.chars().take_while(|c| *c == '#').count();
                skeleton.headings.push(level);
            }
            skeleton.rows += usize::from(line.starts_with('|'));
            text.push_str(line);
            text.push('\n');
        }
        let inline = text.split('`').skip(1).step_by(2);
        skeleton.inline = inline.map(str::to_owned).collect();
        let links = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        // Anchors are headings, and the two name each other.
        skeleton.links = links
            .filter(|link| !link.starts_with('#') && !link.starts_with("README."))
            .map(str::to_owned)
            .collect();
        skeleton
    }
}

/// A change of one of the two pages needs the same change of the other: sections, code, tables and links are equal.
#[test]
fn the_readme_and_its_translation_say_the_same() {
    let read = |name: &str| fs::read_to_string(root().join(name)).expect("UTF-8");
    let english = Skeleton::of(&read("README.md"));
    let chinese = Skeleton::of(&read("README.zh-CN.md"));
    assert!(!english.code.is_empty());
    assert_eq!(english.headings, chinese.headings, "headings");
    assert_eq!(english.code, chinese.code, "blocks of code");
    assert_eq!(english.rows, chinese.rows, "rows of tables");
    assert_eq!(english.links, chinese.links, "links");
    let alone: Vec<_> = english
        .inline
        .symmetric_difference(&chinese.inline)
        .collect();
    assert!(alone.is_empty(), "code on one page alone: {alone:?}");
}

/// The README's table has every type and function: each has a page, and each page a row.
#[test]
fn the_readme_lists_all_types() {
    let readme = fs::read_to_string(root().join("README.md")).expect("UTF-8");
    let kinds = [
        "resources",
        "data-sources",
        "list-resources",
        "actions",
        "functions",
    ];
    let mut missing = Vec::new();
    for kind in kinds {
        let pages = files_below(&root().join("docs").join(kind));
        assert!(!pages.is_empty(), "docs/{kind} is empty");
        let links = pages.iter().map(|page| format!("(docs/{kind}/{page})"));
        missing.extend(links.filter(|link| !readme.contains(link)));
    }
    assert_none(missing);
}

#[test]
fn skeletons_leave_out_text() {
    let check = |a: &str, b: &str, same: bool| {
        assert_eq!(Skeleton::of(a) == Skeleton::of(b), same, "{a:?}, {b:?}");
    };
    check("# Title\nWords\n", "# Titel\nWörter, mehr\n", true);
    check("# Title\n", "## Title\n", false);
    check("```shell\na\n```\n", "```shell\nb\n```\n", false);
    check("```shell\n# a\n```\n", "", false);
    check("Use `a`\n", "Nimm `b`\n", false);
    check("[Words](LICENSE)\n", "[Wörter](LICENSE)\n", true);
    check("[Words](LICENSE)\n", "Wörter\n", false);
    check("[Words](#words)\n", "[Wörter](#wörter)\n", true);
    check("| a |\n| b |\n", "| a |\n", false);
}

/// Programs tell errors apart by their codes, so each one of the provider's own is documented, and no other.
#[test]
fn error_codes_of_the_provider_are_in_the_catalogue() {
    const PREFIX: &str = "Provider.";
    let catalogue = root().join("src/common/codes.rs");
    let mut used = BTreeSet::new();
    for file in ["src", "crates/framework/src", "crates/alicloud/src"]
        .iter()
        .flat_map(|it| rust_files(it))
        .filter(|file| *file != catalogue)
    {
        let source = fs::read_to_string(&file).expect("UTF-8");
        for (at, _) in source.match_indices(PREFIX) {
            let rest = &source[at + PREFIX.len()..];
            let end = rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '.')
                .unwrap_or(rest.len());
            let name = rest[..end].trim_end_matches('.');
            if name.starts_with(|c: char| c.is_ascii_uppercase()) {
                used.insert(format!("{PREFIX}{name}"));
            }
        }
    }
    assert!(used.len() > 1, "the rule checks nothing");
    let known: BTreeSet<String> = CODES.iter().map(|row| row.code.to_owned()).collect();
    let missing = used.difference(&known);
    let missing = missing.map(|code| format!("src/common/codes.rs has no row for {code}"));
    let unused = known.difference(&used);
    let unused =
        unused.map(|code| format!("{code} has a row in src/common/codes.rs, but nothing uses it"));
    assert_none(missing.chain(unused).collect());
}
