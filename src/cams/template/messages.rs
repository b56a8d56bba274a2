//! What the user reads about templates.

use std::fmt::Write as _;

use alicloud::Error;
use framework::{AttributePath, Diagnostic};

use super::model::Model;
use crate::common::{
    Context,
    error_diagnostics::{
        add_to_first_paragraph, facts_of_unknown_outcome, shell_word, what_was_lost,
    },
};

const CONSOLE: &str = "the console (https://chatapp.console.alibabacloud.com)";

/// The template for the middle of a sentence: "template order_shipped (en)".
pub(super) fn name(model: &Model) -> String {
    let language = match model.language.as_deref() {
        Some(language) => format!(" ({language})"),
        None => String::new(),
    };
    match (model.name.as_deref(), model.template_code.as_deref()) {
        (Some(name), _) => format!("template {name}{language}"),
        (None, Some(code)) => format!("template {code}{language}"),
        (None, None) => "a template".to_owned(),
    }
}

/// The same for a summary, which stays short.
pub(super) fn title(model: &Model) -> String {
    let name = name(model);
    let short: String = name.chars().take(40).collect();
    let mut letters = short.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn id(context: &Context<'_>, model: &Model, code: &str) -> String {
    let part = |field: &framework::Field<String>| field.as_deref().unwrap_or_default().to_owned();
    let (space, language) = (part(&model.cust_space_id), part(&model.language));
    shell_word(&context.import_id(&format!(
        "{space}:{code}:{language}:{}",
        part(&model.template_type)
    )))
}

fn at_name(diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.at(AttributePath::attribute("name"))
}

/// What stays when a template leaves the state alone.
pub(super) fn left_behind(model: &Model) -> String {
    format!(
        "{} stays at the service and can be sent as before. To delete it by hand, use the template list in {CONSOLE}.",
        title(model)
    )
}

/// Before a create, a list shows the template.
pub(super) fn exists(context: &Context<'_>, model: &Model, code: &str) -> Diagnostic {
    at_name(Diagnostic::error(
        format!("{} exists already", title(model)),
        format!(
            "The space has a template of this name, language and type, with the code {code}. Nothing was sent to create \
             another one.\n\nTo manage the existing template here, import it:\n\n  terraform import 'ADDRESS' {}\n\nFor a new \
             template choose another `name`.\n\n  Action:  ListChatappTemplate\n  Code:    Provider.TemplateExists",
            id(context, model, code)
        ),
    ))
}

/// Another resource of this run creates the same template.
pub(super) fn created_twice(model: &Model) -> Diagnostic {
    at_name(Diagnostic::error(
        format!(
            "Two resources create {}",
            name(model).chars().take(40).collect::<String>()
        ),
        "Another resource of this run already creates a template of this space, name, language and type. Nothing was sent for \
         this one.\n\nLet one resource manage the template: look for the same `name` in other resources, modules, and keys of \
         `for_each`.\n\n  Action:  CreateChatappTemplate\n  Code:    Provider.CreatedTwice",
    ))
}

/// A create of unknown outcome, and then the template was there.
pub(super) fn response_lost(model: &Model, lost: &Error, code: &str, checked: bool) -> Diagnostic {
    let before = if checked {
        ""
    } else {
        " The templates could not be listed before, so it may be older than this run; then the next plan shows how it differs."
    };
    at_name(Diagnostic::warning(
        format!("{} was created, but the response was lost", title(model)),
        format!(
            "{} Then the list of templates showed it with the code {code}, and it was saved in the state.{before}\n\n{}",
            what_was_lost(lost),
            facts_of_unknown_outcome(lost)
        ),
    ))
}

/// A create of unknown outcome, and the template was not found. `why` says why a list may not show it.
pub(super) fn unknown(
    context: &Context<'_>,
    model: &Model,
    lost: &Error,
    why: Option<&str>,
) -> Diagnostic {
    let seen = why.map_or_else(
        || "The list of templates does not show it, but it may lag behind.".to_owned(),
        |why| format!("The provider could not look for it ({why})."),
    );
    at_name(Diagnostic::error(
        format!(
            "It is unknown whether {} was created",
            name(model).chars().take(30).collect::<String>()
        ),
        format!(
            "{} {seen} Nothing was saved in the state.\n\nBefore you apply again:\n1. Look for the template in {CONSOLE}.\n2. If it is there, import it by its code:\n     terraform \
             import 'ADDRESS' {}\n3. If it is not, run terraform apply again.\n\n{}",
            what_was_lost(lost),
            id(context, model, "TEMPLATE_CODE"),
            facts_of_unknown_outcome(lost)
        ),
    ))
}

/// The template was created or changed, but not read afterwards.
pub(super) fn not_read(model: &Model, why: &str) -> Diagnostic {
    Diagnostic::warning(
        format!("{} was saved, but not read yet", title(model)),
        format!(
            "{} is at the service and in the state. Attributes such as `audit_status` stay as they are until the next \
             refresh.\n\n{why}",
            title(model)
        ),
    )
}

/// The service shows another content than it was sent.
pub(super) fn shows_otherwise(model: &Model, attributes: &[&str]) -> Diagnostic {
    Diagnostic::warning(
        format!("{} is shown otherwise than sent", title(model)),
        format!(
            "The service accepted the template, but shows other values of: {}. The state has what was sent; the next plan shows \
             the difference.",
            attributes.join(", ")
        ),
    )
}

/// `wait_for_audit` is over.
pub(super) fn not_reviewed(model: &Model, waited: &str) -> Diagnostic {
    Diagnostic::warning(
        format!("{} is still under review", title(model)),
        format!(
            "Meta's review did not end within {waited}. It goes on without Terraform, and the template cannot be sent \
             before. The next refresh shows the result in `audit_status`."
        ),
    )
}

/// Meta has rejected it.
pub(super) fn rejected(model: &Model) -> Diagnostic {
    Diagnostic::warning(
        format!(
            "Meta rejected {}",
            name(model).chars().take(50).collect::<String>()
        ),
        format!(
            "The review ended with `audit_status = \"{}\"`. Meta's reason: {}\n\nChange the content and apply again: a rejected \
             template can be modified.",
            model.audit_status.as_deref().unwrap_or_default(),
            model.reason.as_deref().unwrap_or("none was given.")
        ),
    )
}

/// Meta has moved it to another category since the last refresh.
pub(super) fn category_moved(model: &Model, category: &str) -> Diagnostic {
    Diagnostic::warning(
        format!(
            "Meta moved {}",
            name(model).chars().take(50).collect::<String>()
        ),
        format!(
            "The requested category is {}, and the present one is {category}, which may cost more. That is no change of the \
             configuration.\n\nTo contest it, use Meta's Business Support. With `category_change_paused = true` sending stops \
             when this happens.",
            model.category.as_deref().unwrap_or("another category"),
        ),
    )
}

/// A change of the content will be reviewed.
pub(super) fn will_be_reviewed(model: &Model) -> Option<Diagnostic> {
    let (summary, detail) = if model.is_approved() {
        (
            format!("{} will lose its approval", title(model)),
            "The change of its content submits the approved template to a new review. Until that ends, it may not be sendable. \
             Meta allows one such change a day and ten in 30 days. The service's pages contradict each other on whether an \
             approved template can be modified at all; if it refuses, give the new text a new `name`.",
        )
    } else if super::model::is_under_review(model.audit_status.as_deref()) {
        (
            format!("{} is under review", title(model)),
            "The plan changes its content, but Meta refuses changes while it reviews a template. If the apply fails, wait for \
             the end of the review and apply again.",
        )
    } else {
        return None;
    };
    Some(Diagnostic::warning(summary, detail))
}

/// An approved template will be deleted.
pub(super) fn approval_is_lost(model: &Model) -> Diagnostic {
    Diagnostic::warning(
        format!(
            "Destroying deletes the approved {}",
            name(model).chars().take(30).collect::<String>()
        ),
        "Its approval and its quality history are lost, and Meta locks its name for 30 days. To keep it, set `deletion_policy` \
         to `ARCHIVE` or `ABANDON` and apply before you destroy.",
    )
}

/// An approved template will be replaced by one of another name.
pub(super) fn replacement_loses_approval(model: &Model) -> Diagnostic {
    Diagnostic::warning(
        format!(
            "Replacing deletes the approved {}",
            name(model).chars().take(30).collect::<String>()
        ),
        "The plan deletes the approved template, and Meta locks its name for 30 days. The new one cannot be sent until Meta has \
         reviewed it, which takes minutes to days.\n\nTo be able to send all the time, keep this resource as it is, and add \
         another one for the new template. Remove this one once the new one is approved.\n\nElse let the `lifecycle` of the \
         resource have `create_before_destroy = true`, and set `wait_for_audit`: then the old template is deleted after the new \
         one was created and that wait is over. A wait that ends without an approval does not stop the deletion.",
    )
}

/// Approved templates will be archived. Printed once in a run.
pub(super) fn archives_approved(model: &Model) -> Diagnostic {
    Diagnostic::warning(
        "Destroying archives approved message templates",
        format!(
            "For example {}. By `deletion_policy = \"ARCHIVE\"` an approved template is archived, not deleted. Its name stays \
             taken, and it may not be sendable any more. The provider cannot undo this.\n\nTo keep it as it is, set \
             `deletion_policy` to `ABANDON` and apply before you destroy.",
            name(model)
        ),
    )
}

/// The state that a deletion was planned with does not show the approval.
pub(super) fn approved_since_plan(model: &Model) -> Diagnostic {
    Diagnostic::error(
        format!("{} is approved by now", title(model)),
        "The plan deletes a template that was not approved when Terraform read it last, but Meta has approved it since. Deleting \
         it would lose the approval, and Meta would lock its name for 30 days, also for a new template that replaces it. Nothing \
         was deleted.\n\nRun terraform plan again, without `-refresh=false`: the new plan shows what is lost.\n\n  \
         Code:  Provider.TemplateApproved",
    )
}

/// Adds to a failed change of properties what is true in spite of it. `names`: the attributes, for the begin of a sentence.
pub(super) fn add_unset_properties(failed: &mut Diagnostic, names: &str, is_update: bool) {
    let what = match is_update {
        true => format!(
            "The new content was submitted before that, and is in the state. {names} may be unchanged; the state has what the \
             service showed."
        ),
        false => format!(
            "The template was created, and is in the state. {names} may not be as planned; the next plan shows the difference."
        ),
    };
    add_to_first_paragraph(&mut failed.detail, &what);
}

/// A replacement under a name that is, or will be, taken.
pub(super) fn name_locked(model: &Model, because_it_stays: bool) -> Diagnostic {
    let why = if because_it_stays {
        "By its `deletion_policy` the old template stays at the service, so its name stays taken."
    } else {
        "The template was approved once. Meta locks the name of such a template for 30 days after it is deleted, so the new one \
         could not be created, and the old one would be lost."
    };
    at_name(Diagnostic::error(
        format!("{} cannot be replaced under its name", title(model)),
        format!(
            "{why} Nothing was changed.\n\nGive the new template another `name`, for example with a version at its end. If only \
             `category` differs, set it to the present one, which `current_category` shows. Without a change in the \
             configuration, plan without `-replace`, or run:\n\n  terraform untaint 'ADDRESS'\n\n  Code:  \
             Provider.TemplateNameLocked"
        ),
    ))
}

/// A new template under the name of one that is in the state and was approved.
pub(super) fn name_in_state(model: &Model) -> Diagnostic {
    at_name(Diagnostic::error(
        format!("{} is in the state and was approved", title(model)),
        "Terraform is to create a template under the name of one that it manages and that Meta approved. Meta keeps such a name, \
         and locks it for 30 days after the template is deleted, so the new one could not be created, and the old one would leave \
         the state. Nothing was changed.\n\nIf the template is tainted, run:\n\n  terraform untaint 'ADDRESS'\n\nIf its resource, \
         or its key in `for_each`, has another name now, add a `moved` block. Else give the new template another `name`. To \
         destroy the old one all the same, run terraform destroy with `-refresh=false`.\n\n  Code:  \
         Provider.TemplateNameLocked",
    ))
}

/// A replacement under the name of a template of which it is not known whether it was ever approved.
pub(super) fn name_perhaps_locked(model: &Model) -> Diagnostic {
    at_name(Diagnostic::warning(
        format!(
            "The name of {} may be locked",
            name(model).chars().take(40).collect::<String>()
        ),
        "The plan replaces the template under its name. Terraform did not create this template or has not seen its whole \
         history, so it may have been approved once; then Meta would lock its name for 30 days, and the new template could not \
         be created. The apply will refuse this.\n\nGive the new template another `name`.",
    ))
}

/// Adds to a refused modification what else can be done.
pub(super) fn two_ways_out(refused: &mut Diagnostic) {
    let _ = write!(
        refused.detail,
        "\n\nIf the service does not allow this template to be modified in its present state, there are two ways out: give the \
         new content another `name`, or delete the template by hand and wait until Meta releases the name. The provider never \
         replaces it by itself."
    );
}

/// Archiving failed within an envelope of success.
pub(super) fn not_archived(model: &Model, code: &str, message: Option<&str>) -> Diagnostic {
    Diagnostic::error(
        format!(
            "Cannot archive {}",
            name(model).chars().take(45).collect::<String>()
        ),
        format!(
            "The service accepted the request to archive the template, but reports that it failed.\n\nTo stop managing it and \
             leave it as it is, set `deletion_policy = \"ABANDON\"`, apply, and destroy again.\n\n  Action:   \
             ArchiveChatappTemplate\n  Code:     {code}\n  Message:  {}",
            message.unwrap_or("none")
        ),
    )
}

/// A template that no read has shown yet.
pub(super) fn not_shown_yet(model: &Model) -> Diagnostic {
    Diagnostic::warning(
        format!("{} is not shown yet", title(model)),
        "The template was created, but the service has not shown it since. The service may be behind, so it stays in the state \
         until a refresh shows more.\n\nIf it stays so, look for it in the console \
         (https://chatapp.console.alibabacloud.com). If it is not there, remove it from the state, and apply again:\n\n  \
         terraform state rm 'ADDRESS'\n  terraform apply",
    )
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::common::printed::printed;

    fn order_shipped() -> Model {
        Model {
            name: "order_shipped".into(),
            language: "en".into(),
            ..Model::default()
        }
    }

    #[test]
    fn lost_approvals_are_explained() {
        let model = order_shipped();
        expect![[r#"
            Warning: Replacing deletes the approved template order_shipped (en)

            The plan deletes the approved template, and Meta locks its name for 30 days.
            The new one cannot be sent until Meta has reviewed it, which takes minutes to
            days.

            To be able to send all the time, keep this resource as it is, and add another
            one for the new template. Remove this one once the new one is approved.

            Else let the `lifecycle` of the resource have `create_before_destroy = true`,
            and set `wait_for_audit`: then the old template is deleted after the new one
            was created and that wait is over. A wait that ends without an approval does
            not stop the deletion.

            Warning: Destroying archives approved message templates

            For example template order_shipped (en). By `deletion_policy = "ARCHIVE"` an
            approved template is archived, not deleted. Its name stays taken, and it may
            not be sendable any more. The provider cannot undo this.

            To keep it as it is, set `deletion_policy` to `ABANDON` and apply before you
            destroy.

            Error: Template order_shipped (en) is approved by now

            The plan deletes a template that was not approved when Terraform read it last,
            but Meta has approved it since. Deleting it would lose the approval, and Meta
            would lock its name for 30 days, also for a new template that replaces it.
            Nothing was deleted.

            Run terraform plan again, without `-refresh=false`: the new plan shows what is
            lost.

              Code:  Provider.TemplateApproved

            Error: Template order_shipped (en) is in the state and was approved
              at name

            Terraform is to create a template under the name of one that it manages and
            that Meta approved. Meta keeps such a name, and locks it for 30 days after the
            template is deleted, so the new one could not be created, and the old one
            would leave the state. Nothing was changed.

            If the template is tainted, run:

              terraform untaint 'ADDRESS'

            If its resource, or its key in `for_each`, has another name now, add a `moved`
            block. Else give the new template another `name`. To destroy the old one all
            the same, run terraform destroy with `-refresh=false`.

              Code:  Provider.TemplateNameLocked
        "#]]
        .assert_eq(&printed(&[
            replacement_loses_approval(&model),
            archives_approved(&model),
            approved_since_plan(&model),
            name_in_state(&model),
        ]));
    }

    #[test]
    fn unset_properties_are_named_in_the_first_paragraph() {
        let text = |is_update| {
            let mut failed = Diagnostic::error(
                "Cannot change it",
                "The service refused.\n\n  Code:  InvalidParameter.CreateError",
            );
            add_unset_properties(&mut failed, "`allow_send`", is_update);
            failed
        };
        expect![[r#"
            Error: Cannot change it

            The service refused. The new content was submitted before that, and is in the
            state. `allow_send` may be unchanged; the state has what the service showed.

              Code:  InvalidParameter.CreateError

            Error: Cannot change it

            The service refused. The template was created, and is in the state.
            `allow_send` may not be as planned; the next plan shows the difference.

              Code:  InvalidParameter.CreateError
        "#]]
        .assert_eq(&printed(&[text(true), text(false)]));
    }
}
