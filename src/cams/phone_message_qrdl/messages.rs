//! What a user reads about message links.

use alicloud::{Error, cams::phone_message_qrdl::Qrdl};
use framework::{AttributePath, Diagnostic};

use super::model::Model;
use crate::common::error_diagnostics::facts_of_unknown_outcome;

/// What a call is about: "phone number 6580001234 of space cams-1".
pub(super) fn subject(model: &Model) -> String {
    format!("phone number {} of space {}", model.number(), model.space())
}

/// A warning: the create took place, although its response was lost.
pub(super) fn response_lost(model: &Model, error: &Error, link: &Qrdl) -> Diagnostic {
    let code = &link.qrdl_code;
    Diagnostic::warning(
        format!("The response to the creation of message link {code} was lost"),
        format!(
            "CreatePhoneMessageQrdl was sent once, and no usable response came back. ListPhoneMessageQrdl shows one link of {} \
             with this message that was not there before, {code}. It is in the state now.\n\n{}",
            model.number(),
            facts_of_unknown_outcome(error)
        ),
    )
}

/// It is not known whether the link was made. `found` are the links that may be it.
pub(super) fn unknown(model: &Model, error: &Error, found: Result<&[Qrdl], String>) -> Diagnostic {
    let number = model.number();
    let looked = match &found {
        Err(why) => format!("ListPhoneMessageQrdl could not show what happened: {why}."),
        Ok([]) => {
            "ListPhoneMessageQrdl shows no new link with this message, but it may lag behind."
                .to_owned()
        }
        Ok(links) => format!(
            "ListPhoneMessageQrdl shows several new links with this message, so it is not certain which of them was made by \
             this create:\n{}",
            links.iter().map(line).collect::<String>()
        ),
    };
    Diagnostic::error(
        format!("It is unknown whether a link of {number} was created"),
        format!(
            "The request was sent once, and no usable response came back. {looked}\n\nNothing was saved in the state.\n\n\
             Before you apply again:\n1. List the links of {} with the API action ListPhoneMessageQrdl, or look in the console \
             (https://chatapp.console.alibabacloud.com).\n2. If there is a new link with this message, import it:\n     \
             terraform import 'ADDRESS' {}:{number}:QRDL_CODE\n3. If there is none, run terraform apply again.\n\n{}",
            subject(model),
            model.space(),
            facts_of_unknown_outcome(error)
        ),
    )
    .at(AttributePath::attribute("prefilled_message"))
}

fn line(link: &Qrdl) -> String {
    format!("  {}\n", link.qrdl_code)
}

/// A warning: no list has shown a link that was made.
pub(super) fn not_shown_yet(model: &Model) -> Diagnostic {
    let code = model.code();
    Diagnostic::warning(
        format!("Message link {code} is not in the list yet"),
        format!(
            "The service made message link {code} of {}, but ListPhoneMessageQrdl has not shown it yet. It stays in the state \
             until the list has shown it once.\n\nRun terraform plan again in some minutes. If the list never shows the link, \
             remove it from the state, and apply again:\n\n  terraform state rm 'ADDRESS'\n\n  Code:  Provider.NotShownYet",
            model.number()
        ),
    )
}

/// A warning: the link was made, but the links could not be listed. `why` is the detail of the failed call.
pub(super) fn made_but_not_read(model: &Model, why: &str) -> Diagnostic {
    Diagnostic::warning(
        format!("Message link {} was created, but not read", model.code()),
        format!(
            "The service made the link, and it is in the state. Listing the links after that failed.\n\n{why}"
        ),
    )
}

/// A warning in the plan: what is in print stops working.
pub(super) fn voids_print(model: &Model, replaced: bool) -> Diagnostic {
    let code = model.code();
    let what = if replaced { "Replacing" } else { "Destroying" };
    let new_one = match replaced {
        true => {
            " The new link has another code. The old one goes before it is made, unless the `lifecycle` of the resource has \
             `create_before_destroy = true`."
        }
        false => "",
    };
    Diagnostic::warning(
        format!("{what} voids the QR codes of message link {code}"),
        format!(
            "Message link {code} of {} will be deleted (`deletion_policy = \"DELETE\"`). The link and its QR codes stop working, \
             also those in print, and cannot be restored.{new_one}\n\nTo keep the link working, first apply \
             `deletion_policy = \"ABANDON\"`.",
            model.number()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::printed::printed;
    use expect_test::expect;

    #[test]
    fn warnings_name_the_link_and_what_to_do() {
        let model = Model {
            cust_space_id: "cams-8filvjc8snw".into(),
            phone_number: "6580001234".into(),
            qrdl_code: "4O4YGZEG3RIVE1".into(),
            ..Model::default()
        };
        expect![[r#"
            Warning: Destroying voids the QR codes of message link 4O4YGZEG3RIVE1

            Message link 4O4YGZEG3RIVE1 of 6580001234 will be deleted (`deletion_policy =
            "DELETE"`). The link and its QR codes stop working, also those in print, and
            cannot be restored.

            To keep the link working, first apply `deletion_policy = "ABANDON"`.

            Warning: Replacing voids the QR codes of message link 4O4YGZEG3RIVE1

            Message link 4O4YGZEG3RIVE1 of 6580001234 will be deleted (`deletion_policy =
            "DELETE"`). The link and its QR codes stop working, also those in print, and
            cannot be restored. The new link has another code. The old one goes before it
            is made, unless the `lifecycle` of the resource has `create_before_destroy =
            true`.

            To keep the link working, first apply `deletion_policy = "ABANDON"`.

            Warning: Message link 4O4YGZEG3RIVE1 is not in the list yet

            The service made message link 4O4YGZEG3RIVE1 of 6580001234, but
            ListPhoneMessageQrdl has not shown it yet. It stays in the state until the
            list has shown it once.

            Run terraform plan again in some minutes. If the list never shows the link,
            remove it from the state, and apply again:

              terraform state rm 'ADDRESS'

              Code:  Provider.NotShownYet

            Warning: Message link 4O4YGZEG3RIVE1 was created, but not read

            The service made the link, and it is in the state. Listing the links after
            that failed.

            The connection was closed.
        "#]]
        .assert_eq(&printed(&[
            voids_print(&model, false),
            voids_print(&model, true),
            not_shown_yet(&model),
            made_but_not_read(&model, "The connection was closed."),
        ]));
    }
}
