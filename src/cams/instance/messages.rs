//! What a user reads about instances.

use alicloud::{Error, cams::space::Space};
use framework::{AttributePath, Diagnostic};

use super::model::Model;
use crate::common::error_diagnostics::{facts_of_unknown_outcome, what_was_lost};

/// Where a person sees instances.
const CONSOLE: &str =
    "Channel Management in the console (https://chatapp.console.alibabacloud.com)";

/// An instance that has no ID yet, for the middle of a sentence.
pub(super) fn subject(model: &Model) -> String {
    let name = model.instance_name.as_deref().unwrap_or("(unknown)");
    format!("instance \"{}\"", name.escape_debug())
}

/// A warning: the create took place, although its response was lost.
pub(super) fn response_lost(model: &Model, error: &Error, id: &str) -> Diagnostic {
    let subject = subject(model);
    Diagnostic::warning(
        format!("The response to the creation of {subject} was lost"),
        format!(
            "{} ListInstance shows one instance of this name and channel that was not there before, {id}. It is in the state \
             now.\n\n{}",
            what_was_lost(error),
            facts_of_unknown_outcome(error)
        ),
    )
}

/// It is not known whether the instance was made. `found` are the instances that may be it.
pub(super) fn unknown(model: &Model, error: &Error, found: Result<&[Space], String>) -> Diagnostic {
    let subject = subject(model);
    let looked = match &found {
        Err(why) => format!("ListInstance could not show what happened: {why}."),
        Ok([]) => "ListInstance shows no instance of this name and channel that was not there before, but it may lag \
                   behind."
            .to_owned(),
        Ok(rows) => format!(
            "ListInstance shows these instances of this name and channel, and it is not certain which of them, if any, was \
             made by this create:\n{}",
            rows.iter().map(line).collect::<String>()
        ),
    };
    Diagnostic::error(
        format!("It is unknown whether {subject} was created"),
        format!(
            "{} {looked}\n\nNothing was saved in the state.\n\n\
             Before you apply again:\n1. Look for the instance in {CONSOLE}.\n2. If it is there, import it:\n     terraform \
             import 'ADDRESS' INSTANCE_ID\n3. If it is not, run terraform apply again.\n\n{}",
            what_was_lost(error),
            facts_of_unknown_outcome(error)
        ),
    )
    .at(AttributePath::attribute("instance_name"))
}

fn line(row: &Space) -> String {
    format!(
        "  {}, made {}\n",
        row.instance_id.as_deref().unwrap_or("(without ID)"),
        row.submit_time
            .as_deref()
            .unwrap_or("at a time that is not known"),
    )
}

/// A warning: the service does not show what was sent.
pub(super) fn not_shown(model: &Model, names: &[&'static str]) -> Diagnostic {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    Diagnostic::warning(
        format!("Instance {} does not show all that was sent", model.id()),
        format!(
            "The service accepted the change of instance {}, but does not show the new value of {} yet. The state has the \
             value that was sent.\n\nRun terraform plan in some minutes: it shows a difference if the service has kept the \
             old value.\n\n  Code:  Provider.NotShownYet",
            model.id(),
            names.join(" and ")
        ),
    )
}

/// A warning: the instance exists, but could not be read.
pub(super) fn made_but_not_read(model: &Model, why: &str) -> Diagnostic {
    Diagnostic::warning(
        format!("Instance {} was not read after the change", model.id()),
        format!(
            "The service accepted the change of instance {}. What the service computes is missing in the state until the next \
             refresh.\n\n{why}",
            model.id()
        ),
    )
}

/// A warning in the plan: the object will be deleted for good.
pub(super) fn deletes_for_good(model: &Model, replaced: bool) -> Diagnostic {
    let id = model.id();
    let what = if replaced { "Replacing" } else { "Destroying" };
    Diagnostic::warning(
        format!("{what} deletes instance {id} for good"),
        format!(
            "The state has `deletion_policy = \"DELETE\"`, so instance {id} will be deleted, which cannot be undone. The service \
             does not say what becomes of the space {} and of a WABA, numbers and templates in it: they may be lost.\n\nTo keep \
             the instance, first apply `deletion_policy = \"ABANDON\"` or `deletion_policy = \"PREVENT\"`.",
            model.cust_space_id.as_deref().unwrap_or("(unknown)")
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::printed::printed;
    use expect_test::expect;

    #[test]
    fn warnings_name_the_instance_and_what_to_do() {
        let model = Model {
            instance_id: "cams-8filvjc8snw".into(),
            cust_space_id: "cams-8filvjc8snw".into(),
            ..Model::default()
        };
        expect![[r#"
            Warning: Instance cams-8filvjc8snw does not show all that was sent

            The service accepted the change of instance cams-8filvjc8snw, but does not
            show the new value of `contact_mail` and `country_id` yet. The state has the
            value that was sent.

            Run terraform plan in some minutes: it shows a difference if the service has
            kept the old value.

              Code:  Provider.NotShownYet

            Warning: Destroying deletes instance cams-8filvjc8snw for good

            The state has `deletion_policy = "DELETE"`, so instance cams-8filvjc8snw will
            be deleted, which cannot be undone. The service does not say what becomes of
            the space cams-8filvjc8snw and of a WABA, numbers and templates in it: they
            may be lost.

            To keep the instance, first apply `deletion_policy = "ABANDON"` or
            `deletion_policy = "PREVENT"`.
        "#]]
        .assert_eq(&printed(&[
            not_shown(&model, &["contact_mail", "country_id"]),
            deletes_for_good(&model, false),
        ]));
    }
}
