//! The pages in `docs/`, generated from schemas, `examples/` and `templates/` in the format of the Terraform Registry.
//!
//! `cargo test -p terraform-provider-alicloud docs` compares `docs/` with what the code gives; with `UPDATE_DOCS=1` it
//! writes the pages instead. Guides are written by hand and left alone, but for the one on errors, whose tables are made of the
//! codes in the sources. Nothing of this is in the shipped binary.

mod codes;
mod function_markdown;
mod page;
mod schema_markdown;
mod tests;

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use framework::{Function, Provider, Resource, Schema};

use self::page::{ImportExamples, Page};
use crate::{common::Connection, provider::Alicloud};

/// The folder in `docs/` that is written by hand.
const HAND_WRITTEN: &str = "guides/";

const SUBCATEGORY: &str = "Chat App Message Service (CAMS)";

/// What the pages of one kind of type have in common.
pub(crate) struct Kind {
    /// The folder in `docs/`, `templates/` and `examples/`.
    pub(crate) folder: &'static str,
    /// What follows the name of a type in titles.
    title: &'static str,
    /// How the names of its example files begin and end.
    example: (&'static str, &'static str),
}

const PROVIDER: Kind = Kind {
    folder: "provider",
    title: "Provider",
    example: ("provider", ".tf"),
};
pub(crate) const RESOURCE: Kind = Kind {
    folder: "resources",
    title: "Resource",
    example: ("resource", ".tf"),
};
pub(crate) const DATA_SOURCE: Kind = Kind {
    folder: "data-sources",
    title: "Data Source",
    example: ("data-source", ".tf"),
};
pub(crate) const LIST_RESOURCE: Kind = Kind {
    folder: "list-resources",
    title: "List Resource",
    example: ("list-resource", ".tfquery.hcl"),
};
pub(crate) const ACTION: Kind = Kind {
    folder: "actions",
    title: "Action",
    example: ("action", ".tf"),
};
pub(crate) const FUNCTION: Kind = Kind {
    folder: "functions",
    title: "Function",
    example: ("function", ".tf"),
};

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The text of each generated page, by its path in `docs/`.
fn generated_pages() -> BTreeMap<String, String> {
    let provider = Alicloud::new();
    let mut pages = vec![provider_page(&provider.schema()), codes::errors_page()];
    for resource in provider.resources() {
        pages.push(resource_page(&*resource));
    }
    for source in provider.data_sources() {
        pages.push(type_page(
            &DATA_SOURCE,
            source.type_name(),
            &source.schema(),
        ));
    }
    for list in provider.list_resources() {
        pages.push(type_page(&LIST_RESOURCE, list.type_name(), &list.schema()));
    }
    for action in provider.actions() {
        pages.push(type_page(&ACTION, action.type_name(), &action.schema()));
    }
    for function in provider.functions() {
        pages.push(function_page(&*function));
    }
    let rendered = pages.into_iter().map(|page| {
        let path = format!("{}.md", page.path);
        let template = fs::read_to_string(root().join("templates").join(&path)).ok();
        let text = page.render(&root().join("examples"), template.as_deref());
        let text = text.unwrap_or_else(|error| panic!("docs/{path}: {error}"));
        (path, text)
    });
    rendered.collect()
}

fn provider_page(schema: &Schema) -> Page {
    Page {
        path: "index".to_owned(),
        page_title: "Provider: Alibaba Cloud CAMS".to_owned(),
        heading: "Alibaba Cloud CAMS Provider".to_owned(),
        subcategory: "",
        description: schema.block.description.clone(),
        default_template: page::TYPE_TEMPLATE,
        sections: vec![
            ("example", example_section(&PROVIDER, "")),
            ("schema", schema_markdown::of_schema(schema)),
        ],
    }
}

fn resource_page(resource: &dyn Resource<Client = Connection>) -> Page {
    let name = resource.type_name();
    let mut page = type_page(&RESOURCE, name, &resource.schema());
    let examples = ImportExamples::read(&root().join("examples/resources").join(name));
    let import = page::import_section(&examples, resource.identity_schema().as_ref());
    page.sections.push(("import", import));
    page.default_template = page::RESOURCE_TEMPLATE;
    page
}

/// The page of a type that has a schema.
fn type_page(kind: &Kind, name: &str, schema: &Schema) -> Page {
    Page {
        path: page_path(kind, name),
        page_title: format!("{name} {} - alicloud", kind.title),
        heading: format!("{name} ({})", kind.title),
        subcategory: SUBCATEGORY,
        description: schema.block.description.clone(),
        default_template: page::TYPE_TEMPLATE,
        sections: vec![
            ("example", example_section(kind, name)),
            ("schema", schema_markdown::of_schema(schema)),
        ],
    }
}

fn function_page(function: &dyn Function) -> Page {
    let name = function.name();
    let definition = function.definition();
    Page {
        path: page_path(&FUNCTION, name),
        page_title: format!("{name} {} - alicloud", FUNCTION.title),
        heading: format!("{name} ({})", FUNCTION.title),
        subcategory: SUBCATEGORY,
        description: definition.description.clone(),
        default_template: page::FUNCTION_TEMPLATE,
        sections: vec![
            ("example", example_section(&FUNCTION, name)),
            ("signature", function_markdown::signature(name, &definition)),
            ("arguments", function_markdown::arguments(&definition)),
        ],
    }
}

/// The path of a page below `docs/` and `templates/`, without the ending.
pub(crate) fn page_path(kind: &Kind, name: &str) -> String {
    let noun = name.strip_prefix("alicloud_").unwrap_or(name);
    format!("{}/{noun}", kind.folder)
}

/// The example files of a type, relative to the root of the repository.
pub(crate) fn example_files(kind: &Kind, name: &str) -> Vec<PathBuf> {
    let folder = Path::new("examples").join(kind.folder).join(name);
    let (begin, end) = kind.example;
    let mut files = files_below(&root().join(&folder));
    files.retain(|file| file.starts_with(begin) && file.ends_with(end));
    files.into_iter().map(|file| folder.join(file)).collect()
}

/// The section with every example file of a type; empty if there is none, which `tidy` reports.
fn example_section(kind: &Kind, name: &str) -> String {
    let mut section = String::from("## Example Usage\n");
    for file in example_files(kind, name) {
        section.push('\n');
        section.push_str(&page::code_block(&root().join(file)).expect("the example is readable"));
    }
    section
}

/// The files below a folder, with their paths in it, in order.
pub(crate) fn files_below(folder: &Path) -> Vec<String> {
    fn collect(folder: &Path, prefix: &str, files: &mut Vec<String>) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let entry = entry.expect("the entry is readable");
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                collect(&entry.path(), &format!("{name}/"), files);
            } else {
                files.push(name);
            }
        }
    }
    let mut files = Vec::new();
    collect(folder, "", &mut files);
    files.sort();
    files
}

#[test]
fn docs_are_fresh() {
    let docs = root().join("docs");
    let update = env::var_os("UPDATE_DOCS").is_some();
    let pages = generated_pages();
    let mut stale = Vec::new();
    for (path, expected) in &pages {
        let file = docs.join(path);
        if fs::read_to_string(&file).ok().as_ref() == Some(expected) {
            continue;
        }
        stale.push(format!("docs/{path}"));
        if update {
            fs::create_dir_all(file.parent().expect("a folder")).expect("the folder is writable");
            fs::write(&file, expected).expect("the page is writable");
        }
    }
    for path in files_below(&docs) {
        if !path.starts_with(HAND_WRITTEN) && !pages.contains_key(&path) {
            stale.push(format!("docs/{path}, which nothing generates"));
            if update {
                fs::remove_file(docs.join(&path)).expect("the page can be removed");
            }
        }
    }
    assert!(
        update || stale.is_empty(),
        "these pages differ; run UPDATE_DOCS=1 cargo test -p terraform-provider-alicloud docs:\n{}",
        stale.join("\n")
    );
}

#[test]
fn every_template_belongs_to_a_page() {
    let pages = generated_pages();
    for path in files_below(&root().join("templates")) {
        assert!(pages.contains_key(&path), "no page uses templates/{path}");
    }
}
