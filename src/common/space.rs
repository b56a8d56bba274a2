//! A space (channel) as the parent of an object: the attribute that names it, and whether it still holds a WABA.

use alicloud::{cams::waba::QueryChatappBindWaba, is_id};
use framework::{Attribute, Diagnostic, Type, schema::Validator};

use super::{Context, Key};

/// The attribute of an object that belongs to a space.
pub(crate) const CUST_SPACE_ID: &str = "cust_space_id";

/// What the attribute is where nothing more is known of the space.
pub(crate) const CUST_SPACE_ID_DESCRIPTION: &str =
    "ID of the space (`CustSpaceId`); the channel ID of the console.";

/// The part of an identity that names the space.
pub(crate) const KEY: Key = Key::new(CUST_SPACE_ID, CUST_SPACE_ID_DESCRIPTION);

/// The attribute for an object that belongs to a space: a replaced binding has another space, and its objects follow.
pub(crate) fn attribute() -> Attribute {
    Attribute::required(CUST_SPACE_ID, Type::String)
        .describe("ID of the space that the WABA is bound to (`CustSpaceId`), from `alicloud_cams_waba_binding`; the channel ID of the console.")
        .requires_replace()
        .validate(Validator::text(check_id))
}

/// The argument for a data source, a list or an action.
pub(crate) fn argument() -> Attribute {
    Attribute::required(CUST_SPACE_ID, Type::String)
        .describe(CUST_SPACE_ID_DESCRIPTION)
        .validate(Validator::text(check_id))
}

/// Whether a text may be the ID of a space.
pub(crate) fn check_id(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("must not be empty".to_owned());
    }
    if is_id(text) {
        return Ok(());
    }
    Err(format!(
        "must be the ID of a space, of letters, digits and hyphens, for example \"cams-8filvjc8snw\", but is \"{}\"",
        text.escape_debug()
    ))
}

/// The argument for the code of an ISV's sub-account. A refresh has no configuration, so the state keeps it.
pub(crate) fn isv_code_attribute() -> Attribute {
    Attribute::optional("isv_code", Type::String)
        .describe(
            "ISV verification code, which shows that the sub-account is authorised by the ISV.",
        )
        .sensitive()
        .validate(Validator::text(|text| {
            if text.is_empty() {
                Err("must not be empty; leave it out instead".to_owned())
            } else {
                Ok(())
            }
        }))
}

/// Why an object of a space that a list does not show counts as gone: only if the space itself is still there with a WABA.
///
/// # Errors
/// If the space has no WABA, or cannot be read: then nothing is known of the object, and it stays in the state. The cause
/// shows in the plan of the binding.
pub(crate) async fn check_bound(
    context: &Context<'_>,
    cust_space_id: &str,
    isv_code: Option<&str>,
    name: &str,
) -> Result<(), Diagnostic> {
    let action = QueryChatappBindWaba {
        cust_space_id,
        isv_code,
    };
    let summary = format!("Cannot read space {cust_space_id}");
    let subject = format!("space {cust_space_id}");
    let response = context.operation.call(&action).await;
    let response =
        response.map_err(|error| context.diagnose(&error, &summary, &subject, CUST_SPACE_ID))?;
    match response.body.waba {
        Some(_) => Ok(()),
        None => Err(Diagnostic::error(
            format!("Space {cust_space_id} has no WABA"),
            format!(
                "The service does not show {name}, and says that no WABA is bound to space {cust_space_id}, so it is not \
                 known whether the object is gone.\n\nCheck the binding of the space first: run terraform plan for \
                 `alicloud_cams_waba_binding`, or look in Channel Management in the console \
                 (https://chatapp.console.alibabacloud.com). If the space was deleted, remove the object from the \
                 state:\n\n  terraform state rm 'ADDRESS'\n\n  Code:  Provider.SpaceWithoutWaba"
            ),
        )
        .at(framework::AttributePath::attribute(CUST_SPACE_ID))),
    }
}
