//! A page: front matter, heading, and a template with the generated sections in it.
//!
//! A template is Markdown. A line `{{ name }}` stands for the generated section of this name, and a line
//! `{{ file many-accounts/main.tf }}` for a file of `examples/` as a block of code. A template has every section once.

use std::{fs, io, path::Path};

use framework::identity::IdentitySchema;

use super::schema_markdown;

/// The page of a provider, a type or a function.
pub(super) struct Page {
    /// Below `docs/` and `templates/`, without the ending.
    pub(super) path: String,
    /// In the browser's title.
    pub(super) page_title: String,
    pub(super) heading: String,
    /// The group in the registry's list of pages.
    pub(super) subcategory: &'static str,
    /// Markdown of one paragraph: the section `description`, and as plain text the front matter.
    pub(super) description: String,
    pub(super) default_template: &'static str,
    /// Further generated sections by name. Empty ones need no place in the template.
    pub(super) sections: Vec<(&'static str, String)>,
}

/// The template of a type that needs no further explanation.
pub(super) const TYPE_TEMPLATE: &str = "{{ description }}\n\n{{ example }}\n\n{{ schema }}\n";

/// The template of a resource that needs no further explanation.
pub(super) const RESOURCE_TEMPLATE: &str =
    "{{ description }}\n\n{{ example }}\n\n{{ schema }}\n\n{{ import }}\n";

/// The template of a function.
pub(super) const FUNCTION_TEMPLATE: &str =
    "{{ description }}\n\n{{ example }}\n\n{{ signature }}\n\n{{ arguments }}\n";

impl Page {
    /// The whole page. `template` stands in for the default one.
    ///
    /// # Errors
    /// What is wrong with the template.
    pub(super) fn render(&self, examples: &Path, template: Option<&str>) -> Result<String, String> {
        let template = template.unwrap_or(self.default_template);
        let mut page = format!(
            "---\n# Generated from {}, examples/ and templates/. Edit those, not this file.\n\
             page_title: \"{}\"\nsubcategory: \"{}\"\ndescription: |-\n  {}\n---\n\n# {}\n\n",
            if self.path.starts_with("guides/") {
                "the sources"
            } else {
                "the schema"
            },
            self.page_title,
            self.subcategory,
            self.description.replace('`', "").replace('\n', "\n  "),
            self.heading,
        );
        let mut open: Vec<&str> = vec!["description"];
        let named = self.sections.iter().filter(|(_, text)| !text.is_empty());
        open.extend(named.map(|(name, _)| *name));
        for line in template.lines() {
            let placeholder = line
                .strip_prefix("{{ ")
                .and_then(|rest| rest.strip_suffix(" }}"));
            let text = match placeholder {
                None => line.to_owned(),
                Some(placeholder) => match placeholder.strip_prefix("file ") {
                    Some(file) => code_block(&examples.join(file))
                        .map_err(|error| format!("examples/{file}: {}", error.kind()))?,
                    None => self.section(placeholder, &mut open)?,
                },
            };
            page.push_str(text.trim_end());
            page.push('\n');
        }
        match open.first() {
            Some(name) => Err(format!("the template has no line {{{{ {name} }}}}")),
            None => Ok(format!("{}\n", page.trim_end())),
        }
    }

    /// The section of this name, which is struck off the list of those that the template has not shown yet.
    fn section(&self, name: &str, open: &mut Vec<&str>) -> Result<String, String> {
        let text = match name {
            "description" => &self.description,
            _ => match self.sections.iter().find(|(known, _)| *known == name) {
                Some((_, text)) => text,
                None => return Err(format!("there is no section {name:?}")),
            },
        };
        match open.iter().position(|open| *open == name) {
            Some(at) => drop(open.remove(at)),
            None if text.is_empty() => {}
            None => return Err(format!("the section {name:?} is there twice")),
        }
        Ok(text.clone())
    }
}

/// A file as a block of code, in the language of its ending.
pub(super) fn code_block(file: &Path) -> io::Result<String> {
    let language = match file.extension().and_then(|extension| extension.to_str()) {
        Some("sh") => "shell",
        Some("json") => "json",
        Some("yaml") => "yaml",
        _ => "terraform",
    };
    let text = fs::read_to_string(file)?;
    Ok(format!("```{language}\n{}\n```\n", text.trim_end()))
}

/// Ways to import that a resource's examples show, as blocks of code.
#[derive(Default)]
pub(super) struct ImportExamples {
    /// `import-by-identity.tf`
    pub(super) by_identity: Option<String>,
    /// `import-by-string-id.tf`
    pub(super) by_id: Option<String>,
    /// `import.sh`
    pub(super) command: Option<String>,
}

impl ImportExamples {
    pub(super) fn read(folder: &Path) -> Self {
        let block = |name: &str| code_block(&folder.join(name)).ok();
        Self {
            by_identity: block("import-by-identity.tf"),
            by_id: block("import-by-string-id.tf"),
            command: block("import.sh"),
        }
    }
}

/// The section that tells how to import; empty if nothing can be imported.
pub(super) fn import_section(
    examples: &ImportExamples,
    identity: Option<&IdentitySchema>,
) -> String {
    const BLOCK: &str =
        "[`import` block](https://developer.hashicorp.com/terraform/language/import)";
    const COMMAND: &str = "[`terraform import` command](https://developer.hashicorp.com/terraform/cli/commands/import)";
    let ways = [
        (
            &examples.by_identity,
            format!(
                "In Terraform v1.12.0 and later, the {BLOCK} can be used with the `identity` attribute:"
            ),
            identity.map(schema_markdown::of_identity),
        ),
        (
            &examples.by_id,
            format!(
                "In Terraform v1.5.0 and later, the {BLOCK} can be used with the `id` attribute:"
            ),
            None,
        ),
        (
            &examples.command,
            format!("The {COMMAND} can be used:"),
            None,
        ),
    ];
    let mut section = String::new();
    for (example, introduction, after) in ways {
        let Some(example) = example else { continue };
        section.push_str(&format!("\n{introduction}\n\n{example}"));
        if let Some(after) = after {
            section.push_str(&format!("\n{after}"));
        }
    }
    if section.is_empty() {
        return section;
    }
    format!("## Import\n{section}")
}
