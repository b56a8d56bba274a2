//! Acceptance tests of `alicloud_cams_chatapp_template`, its list resource, the data source
//! `alicloud_cams_chatapp_templates` and the function `template_variables`: the real CLI, the real provider, an emulated
//! cloud.

mod errors;
mod import;
mod lifecycle;
mod listing;
mod names;
mod review;

use std::process::ExitCode;

use acceptance_tests::{
    acceptance::{self, Case, Failed, TestContext},
    emulator::{NewSpace, Template},
};

const SUBJECTS: &[&[Case]] = &[
    lifecycle::CASES,
    review::CASES,
    names::CASES,
    errors::CASES,
    import::CASES,
    listing::CASES,
];

fn main() -> ExitCode {
    acceptance::run(&SUBJECTS.concat())
}

/// The address of the resource in most cases.
const A: &str = "alicloud_cams_chatapp_template.a";

/// The space of all templates, made at the console.
const SPACE: &str = "cams-8filvjc8snw";

const CREATE: &str = "CreateChatappTemplate";
const DETAIL: &str = "GetChatappTemplateDetail";
const MODIFY: &str = "ModifyChatappTemplate";
const PROPERTIES: &str = "ModifyChatappTemplateProperties";
const DELETE: &str = "DeleteChatappTemplate";
const ARCHIVE: &str = "ArchiveChatappTemplate";
const LIST: &str = "ListChatappTemplate";

/// What changes something at the service.
const WRITES: [&str; 5] = [CREATE, MODIFY, PROPERTIES, DELETE, ARCHIVE];

/// Makes the space.
fn with_space(context: &TestContext) -> Result<(), Failed> {
    context.emulator.add_space(NewSpace {
        cust_space_id: Some(SPACE.to_owned()),
        waba_id: Some("100000000000001".to_owned()),
        ..NewSpace::default()
    })?;
    Ok(())
}

/// A template for utility with this text and more arguments.
fn utility(text: &str, arguments: &str) -> String {
    template(
        "UTILITY",
        &format!("body = {{ text = \"{text}\" }}\n  {arguments}"),
    )
}

/// A template of a category, named `hello`, with more arguments.
fn template(category: &str, arguments: &str) -> String {
    named("hello", category, arguments)
}

fn named(name: &str, category: &str, arguments: &str) -> String {
    format!(
        "resource \"alicloud_cams_chatapp_template\" \"a\" {{\n  cust_space_id = \"{SPACE}\"\n  name = \"{name}\"\n  language = \
         \"en\"\n  category = \"{category}\"\n  {arguments}\n}}\n"
    )
}

/// The one template of the space.
fn the_template(context: &TestContext) -> Result<Template, Failed> {
    match context.emulator.templates(SPACE).as_slice() {
        [template] => Ok(template.clone()),
        templates => Err(format!(
            "{} templates instead of one: {templates:#?}",
            templates.len()
        )
        .into()),
    }
}

/// Meta's decision on the template `hello`.
fn reviewed(context: &TestContext, status: &str, reason: Option<&str>) {
    let review = |template: &mut Template| template.review(status, reason);
    context.emulator.change_templates(SPACE, "hello", review);
}
