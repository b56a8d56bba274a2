//! What the user reads about existing bindings, and about a bind whose response was lost.

use std::fmt::Write as _;

use super::bind::Look;
use super::space_search::{Absence, Search, SearchError};
use crate::common::error_diagnostics::{facts_of_unknown_outcome, shell_word, what_was_lost};
use alicloud::Error;
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
    let why = not_seen(look)?;
    Some(warning(
        format!("It was not checked whether WABA {waba_id} was already bound"),
        format!(
            "WABA {waba_id} is bound to space {cust_space_id} now. Before a bind, the provider looks for a space that \
             already holds the WABA. This time {why}. If the WABA was bound before, there may be two spaces with it.\n\n\
             Look in {CONSOLE} for a second channel with this WABA. To bind without this check, set `existing_binding = \
             \"IGNORE\"`; to bind only after it, \"REFUSE\".\n\n  Action:  ListInstance\n  Code:    Provider.NotChecked",
            CONSOLE = one_line(CONSOLE),
        ),
    ))
}

/// `existing_binding = "REFUSE"`, and the look did not see everything. `None` if it did.
pub(super) fn cannot_refuse(search: &Search<'_>, look: &Look) -> Option<Diagnostic> {
    let waba_id = search.waba_id;
    let why = not_seen(look)?;
    Some(error(
        format!("Cannot check whether WABA {waba_id} is bound"),
        format!(
            "`existing_binding = \"REFUSE\"` binds only if no space holds the WABA, and {why}. No bind was sent.\n\nMake the \
             check possible. Or look in {CONSOLE}: if no channel has this WABA, set `existing_binding = \"ADOPT\"`, which \
             binds with a warning.\n\n  Action:  ListInstance\n  Code:    Provider.NotChecked",
            CONSOLE = one_line(CONSOLE),
        ),
    ))
}

/// What a look did not see, as a part of a sentence.
fn not_seen(look: &Look) -> Option<String> {
    match look {
        Look::Skipped => None,
        Look::Failed(why) => Some(format!(
            "the spaces of the account could not be listed ({})",
            one_line(&why.0)
        )),
        Look::Absent(absence) => unseen(absence),
    }
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

/// What to say of the ID of a space to import, if it is most likely the ID of a WABA.
pub(super) fn looks_like_a_waba(space: &str) -> Option<&'static str> {
    let digits = space.len() >= 10 && space.bytes().all(|byte| byte.is_ascii_digit());
    digits.then_some(
        "This looks like the ID of a WABA. An import takes the ID of the space that holds it: the channel ID in Channel \
         Management in the console, or `cust_space_id` of the data source `alicloud_cams_waba_bindings`.",
    )
}

/// The space of an import has no WABA.
pub(super) fn no_waba_to_import(space: &str) -> String {
    let hint = looks_like_a_waba(space).unwrap_or(
        "The ID of a space is the channel ID in Channel Management in the console. It is neither the ID of the WABA nor the \
         name of the channel.",
    );
    format!("Space \"{}\" has no WABA. {hint}", space.escape_debug())
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

#[cfg(test)]
mod tests {
    use alicloud::{ErrorKind, Page, TimeoutPhase};
    use expect_test::{Expect, expect};

    use super::*;
    use crate::{
        cams::waba_binding::space_search::AccountSpaces,
        common::{Connection, Context, RunCache, printed::printed},
    };

    /// What a message about a search comes to.
    fn check(except: Option<&str>, message: impl Fn(&Search<'_>) -> Diagnostic, expected: Expect) {
        let connection = Connection::example(RunCache::default());
        let search = Search {
            context: &Context::example(&connection),
            spaces: &AccountSpaces::default(),
            waba_id: "102030405060708",
            isv_code: None,
            except,
        };
        expected.assert_eq(&printed([&message(&search)]));
    }

    fn lost(kind: ErrorKind) -> Error {
        Error::example("ChatappBindWaba", kind, None)
    }

    fn absence() -> Absence {
        Absence {
            listed: 3,
            complete: true,
            unreadable: Vec::new(),
            unbound: Vec::new(),
        }
    }

    #[test]
    fn error_of_unknown_outcome_says_what_to_do_first() {
        let page = |status, title: &str| ErrorKind::Page {
            status,
            page: Page::Html {
                title: Some(title.to_owned()),
            },
        };
        let proxy = "the proxy proxy.example:3128 from HTTPS_PROXY";
        check(
            None,
            |search| {
                unknown(
                    search,
                    &lost(page(502, "Bad Gateway")).through(proxy),
                    &Ok(absence()),
                )
            },
            expect![[r#"
                Error: It is unknown whether WABA 102030405060708 was bound
                  at waba_id

                The request was sent once and no usable response came back (HTTP 502 with an
                HTML page with the title "Bad Gateway"). ListInstance shows no space with this
                WABA, but it may lag behind. Nothing was saved in the state.

                Before you apply again:
                1. Open Channel Management in the console
                   (https://chatapp.console.alibabacloud.com) and look for this WABA.
                2. If there is a channel, import it:
                     terraform import 'ADDRESS' CHANNEL_ID
                3. If there is none, run terraform apply again.

                  Action:      ChatappBindWaba
                  Endpoint:    cams.ap-southeast-1.aliyuncs.com
                  Proxy:       proxy.example:3128 from HTTPS_PROXY
                  HTTP status: 502
                  Code:        Provider.OutcomeUnknown
                  Attempts:    1
            "#]],
        );
        let silent = ErrorKind::Timeout(TimeoutPhase::Response(std::time::Duration::from_secs(60)));
        let denied = SearchError(
            "the right to list spaces is missing; grant `cams:ListInstance`".to_owned(),
        );
        check(
            Some("cams-8filvjc8snw"),
            |search| unknown(search, &lost(silent.clone()), &Err(denied.clone())),
            expect![[r#"
                Error: It is unknown whether WABA 102030405060708 was bound
                  at waba_id

                The request was sent once and no usable response came back (no complete
                response within 60 s). The provider could not look for the WABA (the right to
                list spaces is missing; grant `cams:ListInstance`). Space cams-8filvjc8snw,
                whose binding was to be replaced, holds the WABA as before, unless it was
                changed in the meantime. Nothing was saved in the state.

                Before you apply again:
                1. Open Channel Management in the console
                   (https://chatapp.console.alibabacloud.com) and look for this WABA.
                2. If there is a channel, import it:
                     terraform import 'ADDRESS' CHANNEL_ID
                3. If there is none, run terraform apply again.

                  Action:   ChatappBindWaba
                  Endpoint: cams.ap-southeast-1.aliyuncs.com
                  Code:     Provider.OutcomeUnknown
                  Attempts: 1
            "#]],
        );
        let partial = Absence {
            complete: false,
            unreadable: (0..7).map(|at| format!("cams-{at}")).collect(),
            ..absence()
        };
        check(
            None,
            |search| {
                response_lost(
                    search,
                    &lost(ErrorKind::Interrupted),
                    &Look::Skipped,
                    "cams-8filvjc8snw",
                )
            },
            expect![[r#"
                Warning: WABA 102030405060708 was bound, but the response was lost
                  at waba_id

                The request was sent once and no usable response came back (the connection was
                closed). Then a query showed WABA 102030405060708 in space cams-8filvjc8snw,
                and this binding was taken into the state. The space may be older than this
                bind, because it was not checked before whether the WABA was bound. Look for a
                second channel with this WABA in Channel Management in the console
                (https://chatapp.console.alibabacloud.com).

                  Action:   ChatappBindWaba
                  Endpoint: cams.ap-southeast-1.aliyuncs.com
                  Code:     Provider.OutcomeUnknown
                  Attempts: 1
            "#]],
        );
        check(
            None,
            |search| {
                let look = Look::Absent(Absence {
                    unreadable: partial.unreadable.clone(),
                    ..absence()
                });
                not_checked(search, &look, "cams-8filvjc8snw").expect("not all was seen")
            },
            expect![[r#"
                Warning: It was not checked whether WABA 102030405060708 was already bound
                  at waba_id

                WABA 102030405060708 is bound to space cams-8filvjc8snw now. Before a bind,
                the provider looks for a space that already holds the WABA. This time the
                spaces cams-0, cams-1, cams-2, cams-3, cams-4 and 2 more could not be read. If
                the WABA was bound before, there may be two spaces with it.

                Look in Channel Management in the console
                (https://chatapp.console.alibabacloud.com) for a second channel with this
                WABA. To bind without this check, set `existing_binding = "IGNORE"`; to bind
                only after it, "REFUSE".

                  Action:  ListInstance
                  Code:    Provider.NotChecked
            "#]],
        );
    }

    #[test]
    fn bind_that_needs_a_check_is_not_sent_without_it() {
        let why = "ListInstance at cams.example failed: The identity\nlacks the right (grant `cams:ListInstance` to let the provider search)";
        check(
            None,
            |search| {
                let look = Look::Failed(SearchError(why.to_owned()));
                cannot_refuse(search, &look).expect("nothing was seen")
            },
            expect![[r#"
                Error: Cannot check whether WABA 102030405060708 is bound
                  at waba_id

                `existing_binding = "REFUSE"` binds only if no space holds the WABA, and the
                spaces of the account could not be listed (ListInstance at cams.example
                failed: The identity lacks the right (grant `cams:ListInstance` to let the
                provider search)). No bind was sent.

                Make the check possible. Or look in Channel Management in the console
                (https://chatapp.console.alibabacloud.com): if no channel has this WABA, set
                `existing_binding = "ADOPT"`, which binds with a warning.

                  Action:  ListInstance
                  Code:    Provider.NotChecked
            "#]],
        );
    }

    #[test]
    fn existing_bindings_are_reported() {
        let space = "cams-8filvjc8snw";
        check(
            None,
            |search| adopted(search, space),
            expect![[r#"
            Warning: WABA 102030405060708 was already bound
              at waba_id

            Space cams-8filvjc8snw of this account already holds WABA 102030405060708.
            Nothing was sent to bind it again: the existing binding was taken into the
            state.

            If another resource or another configuration manages this binding, let only
            one of them do so, and remove it from the other's state with terraform state
            rm. For an error instead of this warning, set `existing_binding = "REFUSE"`.
        "#]],
        );
        check(
            None,
            |search| already_bound(search, space),
            expect![[r#"
                Error: WABA 102030405060708 is already bound
                  at waba_id

                Space cams-8filvjc8snw of this account already holds WABA 102030405060708, and
                `existing_binding = "REFUSE"` does not take an existing binding into the
                state. Nothing was sent to bind it again.

                To manage the existing binding here, import it. Either add this block, with
                the address of this resource, and run terraform apply:

                  import {
                    to = alicloud_cams_waba_binding.NAME
                    id = "cams-8filvjc8snw"
                  }

                or run:

                  terraform import 'ADDRESS' cams-8filvjc8snw

                  Action:  QueryChatappBindWaba
                  Code:    Provider.AlreadyBound
            "#]],
        );
        check(
            None,
            bound_twice,
            expect![[r#"
            Error: Two resources bind WABA 102030405060708
              at waba_id

            Another resource of this run already creates the binding of WABA
            102030405060708 in this account. Nothing was sent for this one. A second bind
            could make a second permanent space.

            Let one resource bind the WABA: look for the same `waba_id` in other
            resources, modules, and keys of `for_each`.

              Action:  ChatappBindWaba
              Code:    Provider.BoundTwice
        "#]],
        );
        let asked = "102030405060708";
        let other = "102030405060709";
        check(
            None,
            |_| another_waba_was_bound(asked, other, space),
            expect![[r#"
                Error: WABA 102030405060709 was bound instead of 102030405060708
                  at waba_id

                ChatappBindWaba was asked to bind WABA 102030405060708, but the response says
                that WABA 102030405060709 is bound to space cams-8filvjc8snw. The binding is
                saved in the state as tainted.

                Look in Channel Management in the console
                (https://chatapp.console.alibabacloud.com) what is bound there, and report the
                case to Alibaba Cloud support. To keep the binding as it is, set `waba_id =
                "102030405060709"` and run:

                  terraform untaint 'ADDRESS'

                  Action:  ChatappBindWaba
                  Code:    Provider.AnotherWabaBound
            "#]],
        );
        check(
            None,
            |_| rebound(asked, other, space),
            expect![[r#"
            Warning: Space cams-8filvjc8snw holds another WABA
              at waba_id

            Space cams-8filvjc8snw holds WABA 102030405060709 now, not WABA
            102030405060708. It was changed outside of Terraform, for example in the
            console. While the configuration asks for WABA 102030405060708, the plan binds
            it to a new space.

            To keep the space and its new WABA, set `waba_id = "102030405060709"`.
        "#]],
        );
        check(
            None,
            |_| not_shown_yet(asked, space),
            expect![[r#"
            Warning: Space cams-8filvjc8snw does not show its WABA yet
              at waba_id

            WABA 102030405060708 was bound to space cams-8filvjc8snw, but the service has
            not shown a WABA in that space since. The service may be behind, so the
            binding stays in the state until a refresh shows more.

            If it stays so, look in Channel Management in the console
            (https://chatapp.console.alibabacloud.com) for the channel cams-8filvjc8snw.
            If it is not there, remove the binding from the state, and apply again:

              terraform state rm 'ADDRESS'
              terraform apply
        "#]],
        );
    }
}
