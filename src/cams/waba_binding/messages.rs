//! What the user reads about existing bindings, and about a bind whose response was lost.

use std::fmt::Write as _;

use super::bind::Look;
use super::space_search::{Absence, Search, SearchError};
use crate::common::error_diagnostics::{facts_of_unknown_outcome, shell_word};
use alicloud::{Error, ErrorKind};
use framework::{AttributePath, Diagnostic};

const CONSOLE: &str =
    "Channel Management in the console\n   (https://chatapp.console.alibabacloud.com)";

/// `existing_binding = "ADOPT"`, and the WABA is bound.
pub(super) fn adopted(search: &Search<'_>, cust_space_id: &str) -> Diagnostic {
    let waba_id = search.waba_id;
    warning(
        format!("WABA {waba_id} was already bound"),
        format!(
            "Space {cust_space_id} of this account already holds WABA {waba_id}. Nothing was sent to bind it again: the \
             existing binding was taken into the state.\n\nIf another resource or another configuration manages this \
             binding, let only one of them do so, and remove it from the other's state with terraform state rm. For an \
             error instead of this warning, set `existing_binding = \"REFUSE\"`."
        ),
    )
}

/// `existing_binding = "REFUSE"`, and the WABA is bound.
pub(super) fn already_bound(search: &Search<'_>, cust_space_id: &str) -> Diagnostic {
    let waba_id = search.waba_id;
    let id = search.context.import_id(cust_space_id);
    error(
        format!("WABA {waba_id} is already bound"),
        format!(
            "Space {cust_space_id} of this account already holds WABA {waba_id}, and `existing_binding = \"REFUSE\"` does \
             not take an existing binding into the state. Nothing was sent to bind it again.\n\nTo manage the existing \
             binding here, import it. Either add this block, with the address of this resource, and run terraform apply:\n\n  \
             import {{\n    to = alicloud_cams_waba_binding.NAME\n    id = {}\n  }}\n\nor run:\n\n  terraform import \
             'ADDRESS' {}\n\n  Action:  QueryChatappBindWaba\n  Code:    Provider.AlreadyBound",
            hcl_text(&id),
            shell_word(&id),
        ),
    )
}

/// Another resource of this run has begun to create a binding for the same WABA.
pub(super) fn bound_twice(search: &Search<'_>) -> Diagnostic {
    let waba_id = search.waba_id;
    error(
        format!("Two resources bind WABA {waba_id}"),
        format!(
            "Another resource of this run already creates the binding of WABA {waba_id} in this account. Nothing was sent \
             for this one. A second bind could make a second permanent space.\n\nLet one resource bind the WABA: look for \
             the same `waba_id` in other resources, modules, and keys of `for_each`.\n\n  Action:  ChatappBindWaba\n  \
             Code:    Provider.BoundTwice"
        ),
    )
}

/// A bind that took place, while the look before it did not see everything. `None` if it did, or if none was wanted.
pub(super) fn not_checked(
    search: &Search<'_>,
    look: &Look,
    cust_space_id: &str,
) -> Option<Diagnostic> {
    let waba_id = search.waba_id;
    let why = match look {
        Look::Skipped => return None,
        Look::Failed(why) => format!("the spaces of the account could not be listed ({why})"),
        Look::Absent(absence) => unseen(absence)?,
    };
    Some(warning(
        format!("It was not checked whether WABA {waba_id} was already bound"),
        format!(
            "WABA {waba_id} is bound to space {cust_space_id} now. Before a bind, the provider looks for a space that \
             already holds the WABA. This time {why}. If the WABA was bound before, there may be two spaces with it.\n\n\
             Look in {CONSOLE} for a second channel with this WABA. To bind without this check, set `existing_binding = \
             \"IGNORE\"`.",
            CONSOLE = one_line(CONSOLE),
        ),
    ))
}

/// The outcome of the bind was unknown, and then a query showed the WABA.
pub(super) fn response_lost(
    search: &Search<'_>,
    lost: &Error,
    look: &Look,
    cust_space_id: &str,
) -> Diagnostic {
    let waba_id = search.waba_id;
    let certain = matches!(look, Look::Absent(absence) if unseen(absence).is_none());
    let before = if certain {
        ""
    } else {
        " The space may be older than this bind, because it was not checked before whether the WABA was bound. Look for a \
         second channel with this WABA in Channel Management in the console \
         (https://chatapp.console.alibabacloud.com)."
    };
    warning(
        format!("WABA {waba_id} was bound, but the response was lost"),
        format!(
            "{} Then a query showed WABA {waba_id} in space {cust_space_id}, and this binding was taken into the \
             state.{before}\n\n{}",
            what_was_lost(lost),
            facts_of_unknown_outcome(lost),
        ),
    )
}

/// It is unknown whether the bind took place.
pub(super) fn unknown(
    search: &Search<'_>,
    lost: &Error,
    sought: &Result<Absence, SearchError>,
) -> Diagnostic {
    let waba_id = search.waba_id;
    let seen = match sought {
        Err(why) => format!("The provider could not look for the WABA ({why})."),
        Ok(absence) => match unseen(absence) {
            None => format!(
                "ListInstance shows no space with this WABA, but it may lag behind{}.",
                not_bound_yet(&absence.unbound)
            ),
            Some(why) => format!("No space with this WABA was found, but {why}."),
        },
    };
    let replaced = match search.except {
        Some(space) => format!(
            " Space {space}, whose binding was to be replaced, holds the WABA as before, unless it was changed in the \
             meantime."
        ),
        None => String::new(),
    };
    let id = search.context.import_id("CHANNEL_ID");
    error(
        format!("It is unknown whether WABA {waba_id} was bound"),
        format!(
            "{} {seen}{replaced} Nothing was saved in the state.\n\nBefore you apply again:\n1. Open {CONSOLE} and look \
             for this WABA.\n2. If there is a channel, import it:\n     terraform import 'ADDRESS' {}\n3. If there is none, \
             run terraform apply again.\n\n{}",
            what_was_lost(lost),
            shell_word(&id),
            facts_of_unknown_outcome(lost),
        ),
    )
}

/// Adds to a refusal with a code that is not documented what is known of existing bindings.
pub(super) fn explain_refusal(refusal: &mut Diagnostic, search: &Search<'_>, look: &Look) {
    let known = match (search.except, look) {
        (Some(space), _) => format!(
            "Space {space}, whose binding was to be replaced, may still hold the WABA. To keep that binding, import it:\n\n  \
             terraform import 'ADDRESS' {}",
            shell_word(&search.context.import_id(space))
        ),
        (None, Look::Skipped) => {
            "The provider did not look for an existing binding, because of `existing_binding = \"IGNORE\"`.".to_owned()
        }
        (None, Look::Failed(why)) => {
            format!("The provider could not look for an existing binding: {why}.")
        }
        (None, Look::Absent(absence)) => match unseen(absence) {
            Some(why) => format!("No space of this account with the WABA was found, but {why}."),
            None => "No space of this account holds the WABA, as far as ListInstance shows. If it is bound, then most likely \
                     in another account, which has to release it first."
                .to_owned(),
        },
    };
    let _ = write!(
        refusal.detail,
        "\n\nNo error code is documented for a WABA that is already bound, so this may be the reason. {known}"
    );
}

/// What stays when a binding leaves the state alone.
pub(super) fn stays_bound(waba_id: &str, space: &str) -> String {
    format!(
        "WABA {waba_id} stays bound to space {space}, because Chat App Message Service has no operation to unbind. To \
         release it by hand, delete the channel with this ID in Channel Management in the console \
         (https://chatapp.console.alibabacloud.com). That is permanent, and it is not documented whether the WABA can be \
         bound again afterwards."
    )
}

/// How to keep a binding that the plan would replace.
pub(super) fn keep(waba_id: &str, space: &str) -> String {
    format!(
        "To keep the binding, set `waba_id = \"{waba_id}\"`, the WABA that space {space} holds now, and leave the account of \
         `assume_role` as it is. If you did not change `waba_id`, the WABA of the space was changed outside of Terraform."
    )
}

/// The space of a binding holds another WABA than the state says.
pub(super) fn rebound(stored: &str, found: &str, space: &str) -> Diagnostic {
    warning(
        format!("Space {space} holds another WABA"),
        format!(
            "Space {space} holds WABA {found} now, not WABA {stored}. It was changed outside of Terraform, for example in the \
             console. While the configuration asks for WABA {stored}, the plan binds it to a new space.\n\nTo keep the space \
             and its new WABA, set `waba_id = \"{found}\"`."
        ),
    )
}

/// The space of a binding has no WABA any more.
pub(super) fn no_waba(waba_id: &str, space: &str) -> String {
    format!(
        "Space {space} has no WABA any more, so WABA {waba_id} is no longer bound to it. It may have been released in the \
         console, or have moved to another account."
    )
}

/// The space of an import has no WABA.
pub(super) fn no_waba_to_import(space: &str) -> String {
    let digits = space.len() >= 10 && space.bytes().all(|byte| byte.is_ascii_digit());
    let hint = if digits {
        " This looks like the ID of a WABA. An import takes the ID of the space that holds it: the channel ID in Channel \
         Management in the console, or `cust_space_id` of the data source `alicloud_cams_waba_bindings`."
    } else {
        " The ID of a space is the channel ID in Channel Management in the console. It is neither the ID of the WABA nor the name \
         of the channel."
    };
    format!("Space \"{}\" has no WABA.{hint}", space.escape_debug())
}

/// The service bound another WABA than the one it was asked to bind.
pub(super) fn another_waba_was_bound(asked: &str, bound: &str, space: &str) -> Diagnostic {
    error(
        format!("WABA {bound} was bound instead of {asked}"),
        format!(
            "ChatappBindWaba was asked to bind WABA {asked}, but the response says that WABA {bound} is bound to space {space}. \
             The binding is saved in the state as tainted.\n\nLook in Channel Management in the console \
             (https://chatapp.console.alibabacloud.com) what is bound there, and report the case to Alibaba Cloud support. To \
             keep the binding as it is, set `waba_id = \"{bound}\"` and run:\n\n  terraform untaint 'ADDRESS'\n\n  Action:  \
             ChatappBindWaba\n  Code:    Provider.AnotherWabaBound"
        ),
    )
}

/// A bind made the space, and then no query showed the WABA, for a reason.
pub(super) fn bound_but_not_read(waba_id: &str, space: &str, why: &str) -> Diagnostic {
    warning(
        format!("WABA {waba_id} is bound, but could not be read yet"),
        format!(
            "WABA {waba_id} is bound to space {space} and saved in the state. Attributes such as `waba_name` stay null until \
             the next refresh.\n\n{why}"
        ),
    )
}

/// A bind made the space, and no query has shown a WABA in it since. A service that is behind says the same as one that
/// has lost the binding; taken as gone, a binding that exists would leave the state, and the next apply would bind again.
pub(super) fn not_shown_yet(waba_id: &str, space: &str) -> Diagnostic {
    warning(
        format!("Space {space} does not show its WABA yet"),
        format!(
            "WABA {waba_id} was bound to space {space}, but the service has not shown a WABA in that space since. The service \
             may be behind, so the binding stays in the state until a refresh shows more.\n\nIf it stays so, look in Channel \
             Management in the console (https://chatapp.console.alibabacloud.com) for the channel {space}. If it is not \
             there, remove the binding from the state, and apply again:\n\n  terraform state rm 'ADDRESS'\n  terraform apply"
        ),
    )
}

/// "The request was sent once and no usable response came back (HTTP 502)."
fn what_was_lost(lost: &Error) -> String {
    let sent = match lost.attempts() {
        0 | 1 => "The request was sent once".to_owned(),
        attempts => format!(
            "The request was sent {attempts} times, of which only the last may have been executed,"
        ),
    };
    let how = match lost.kind() {
        ErrorKind::Unavailable(response) => format!("HTTP {}", response.status),
        ErrorKind::Interrupted => "the connection was closed".to_owned(),
        kind => kind.to_string(),
    };
    format!("{sent} and no usable response came back ({how}).")
}

/// Why a WABA that was not found may be bound all the same.
fn unseen(absence: &Absence) -> Option<String> {
    let mut reasons = Vec::new();
    if !absence.complete {
        reasons.push("the list of spaces may be incomplete".to_owned());
    }
    match absence.unreadable.as_slice() {
        [] => {}
        [one] => reasons.push(format!("space {one} could not be read")),
        several => reasons.push(format!("the spaces {} could not be read", some_of(several))),
    }
    (!reasons.is_empty()).then(|| reasons.join(", and "))
}

/// Spaces without a WABA: the bind may have gone to one of them.
fn not_bound_yet(unbound: &[String]) -> String {
    match unbound {
        [] => String::new(),
        [one] => format!(": space {one} has no WABA yet"),
        several => format!(": the spaces {} have no WABA yet", some_of(several)),
    }
}

/// The first five.
fn some_of(ids: &[String]) -> String {
    let (named, more) = ids.split_at(ids.len().min(5));
    let named = named.join(", ");
    match more.len() {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn hcl_text(text: &str) -> String {
    format!("\"{}\"", text.escape_debug())
}

fn error(summary: String, detail: String) -> Diagnostic {
    Diagnostic::error(summary, detail).at(AttributePath::attribute("waba_id"))
}

fn warning(summary: String, detail: String) -> Diagnostic {
    Diagnostic::warning(summary, detail).at(AttributePath::attribute("waba_id"))
}
