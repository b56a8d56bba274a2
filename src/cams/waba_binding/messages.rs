//! What the practitioner is told about a bind that did not go straight.
//!
//! Must not contain: decisions. They are made in the state machine.

use std::fmt::Write as _;

use super::bind::{Bound, Cause, Ending};
use super::space_search::{Absence, Finding, Showing, Unsearchable};
use crate::common::assume_role as role;
use framework::{AttributePath, Diagnostic, Diagnostics};

type Sought = Result<Absence, Unsearchable>;

const CONSOLE: &str =
    "Channel Management of the console (https://chatapp.console.alibabacloud.com)";

/// The result of a bind: the space with what is to be known about it, or the error.
pub(super) fn ending(
    waba_id: &str,
    role_arn: Option<&str>,
    ending: Ending,
) -> Result<Bound, Diagnostics> {
    match ending {
        Ending::Bound(bound, doubt) => Ok(Bound {
            doubted: doubt.is_some(),
            ..bound
        }),
        Ending::Adopted {
            cust_space_id,
            waba,
            cause,
        } => Ok(Bound {
            warning: Some(adopted(waba_id, &cust_space_id, &cause)),
            waba_id: waba.id.clone(),
            cust_space_id,
            waba: Some(waba),
            doubted: false,
        }),
        Ending::Refused(told, None) => Err(told.into()),
        Ending::Refused(mut told, Some(sought)) => {
            let _ = write!(
                told.detail,
                "\n\nNo code is documented for a WABA that is bound already, so the provider looked whether this is the \
                 reason. {}",
                looked(waba_id, &sought)
            );
            if sought.is_ok_and(|absence| doubts(&absence).is_none()) {
                told.detail.push_str(
                    " If the WABA is bound, then most likely to another account, which has to release it first.",
                );
            }
            Err(told.into())
        }
        Ending::Unknown {
            mut told,
            binds,
            sought,
        } => {
            let unknown = unknown(waba_id, role_arn, binds, &sought);
            let _ = write!(told.detail, "\n\n{unknown}");
            Err(told.into())
        }
    }
}

/// After a bind that followed one with an unknown outcome.
pub(super) fn doubled(
    waba_id: &str,
    role_arn: Option<&str>,
    cust_space_id: &str,
    finding: Result<Finding, Unsearchable>,
) -> Option<Diagnostic> {
    let before = format!(
        "The outcome of a first attempt to bind WABA {waba_id} was unknown, and no space with it was to be seen. So it was \
         bound again, to the space {cust_space_id}, which is saved in state."
    );
    let (summary, now) = match finding {
        Ok(Finding::Found {
            cust_space_id: other,
            ..
        }) => (
            "WhatsApp Business Account is bound to two spaces",
            format!(
                "Now the space {other} shows the same WABA: most likely the first attempt was executed late. Delete the \
                 one of the two channels that you do not need in {CONSOLE}. To keep the other one, import it in place \
                 of this object:\n\n  terraform state rm 'alicloud_cams_waba_binding.NAME'\n  terraform import \
                 'alicloud_cams_waba_binding.NAME' '{}'",
                role::import_id(role_arn, &other)
            ),
        ),
        Ok(Finding::Absent(absence)) => match doubts(&absence) {
            // The list shows what binds make, to its end, and the WABA is nowhere else.
            None => return None,
            Some(why) => (
                "WhatsApp Business Account may be bound to two spaces",
                format!(
                    "Whether the first attempt was executed, too, and bound it to another space cannot be told, because \
                     {why}. Look for a second channel with this WABA in {CONSOLE}."
                ),
            ),
        },
        Err(why) => (
            "WhatsApp Business Account may be bound to two spaces",
            format!(
                "Whether the first attempt was executed, too, could not be looked up: {why}. Look for a second channel \
                 with this WABA in {CONSOLE}."
            ),
        ),
    };
    Some(
        Diagnostic::warning(summary, format!("{before} {now}"))
            .at(AttributePath::attribute("waba_id")),
    )
}

fn adopted(waba_id: &str, cust_space_id: &str, cause: &Cause) -> Diagnostic {
    let second = format!(
        " If the WABA was in that space before, the bind may have made another space, or may yet: look for a second \
         channel with this WABA in {CONSOLE}."
    );
    let (summary, happened, told, second) = match cause {
        Cause::Doubt(doubt) => (
            "The bind was not answered properly, but took place",
            "was sent, but its outcome did not become known",
            &doubt.told,
            second.as_str(),
        ),
        Cause::Refusal { told, doubt } => (
            "The WhatsApp Business Account was bound already",
            "was refused",
            told,
            doubt.as_ref().map_or("", |_| second.as_str()),
        ),
    };
    Diagnostic::warning(
        summary,
        format!(
            "ChatappBindWaba for WABA {waba_id} {happened}. A query with the credentials in use then showed the WABA in the \
             space {cust_space_id} of this account, so that this binding was taken into state as it is. If it was made by \
             hand or by another configuration, let only one of them manage it.{second}\n\nWhat happened first: {}",
            told.detail
        ),
    )
    .at(AttributePath::attribute("waba_id"))
}

/// How to find out whether a bind took place.
fn unknown(waba_id: &str, role_arn: Option<&str>, binds: u32, sought: &Sought) -> String {
    let several = match binds {
        0 | 1 => String::new(),
        binds => format!(
            " ChatappBindWaba was sent {binds} times, and there may be more than one channel with this WABA: take over one \
             of them, and delete the others there."
        ),
    };
    format!(
        "Whether WABA {waba_id} is bound now is unknown, and nothing was saved in state. {} Before you apply again, look \
         in {CONSOLE} for a channel with this WABA.{several} If there is one, take it over by its channel ID:\n\n  \
         terraform import 'alicloud_cams_waba_binding.NAME' {}\n\nIf there is none, apply again:\n\n  terraform apply",
        looked(waba_id, sought),
        role::import_id(role_arn, "CHANNEL_ID"),
    )
}

/// What was seen, in whole sentences.
fn looked(waba_id: &str, sought: &Sought) -> String {
    match sought {
        Err(why) => format!("The provider could not look it up by itself: {why}."),
        Ok(absence) => {
            let spaces = match absence.listed {
                0 => "ListInstance shows no space of this account".to_owned(),
                1 => format!("The one space that ListInstance shows does not hold WABA {waba_id}"),
                spaces => format!(
                    "None of the {spaces} spaces that ListInstance shows was seen to hold WABA {waba_id}"
                ),
            };
            match doubts(absence) {
                None => format!("{spaces}."),
                Some(why) => format!("{spaces}; but that proves nothing, because {why}."),
            }
        }
    }
}

/// Why a WABA that was not found may be there all the same.
fn doubts(absence: &Absence) -> Option<String> {
    let mut reasons = Vec::new();
    if !absence.complete {
        reasons.push("the end of the list was not to be seen".to_owned());
    }
    match absence.undecided.as_slice() {
        [] => {}
        [one] => reasons.push(format!(
            "the space {one} does not tell its WABA, or has none yet"
        )),
        several => {
            let (named, more) = several.split_at(several.len().min(5));
            let more = match more.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            reasons.push(format!(
                "the spaces {}{more} do not tell their WABA, or have none yet",
                named.join(", ")
            ));
        }
    }
    if absence.list == Showing::Hides {
        reasons.push("the list does not show the spaces that were bound in this run".to_owned());
    }
    (!reasons.is_empty()).then(|| reasons.join(", and "))
}

#[cfg(test)]
mod tests {
    use super::super::waba_attributes::unread;
    use super::*;

    const ARN: &str = "acs:ram::2:role/r";

    fn absence(complete: bool, undecided: &[&str], list: Showing) -> Absence {
        Absence {
            listed: 3,
            complete,
            undecided: undecided.iter().map(|&id| id.to_owned()).collect(),
            list,
        }
    }

    #[test]
    fn what_proves_nothing_says_why() {
        let check = |absence: Absence, expected: Option<&str>| {
            assert_eq!(doubts(&absence).as_deref(), expected);
        };
        check(absence(true, &[], Showing::Shows), None);
        check(absence(true, &[], Showing::Unproven), None);
        check(
            absence(false, &["a"], Showing::Hides),
            Some(
                "the end of the list was not to be seen, and the space a does not tell its WABA, or has none yet, and the \
                 list does not show the spaces that were bound in this run",
            ),
        );
        check(
            absence(true, &["a", "b", "c", "d", "e", "f", "g"], Showing::Shows),
            Some("the spaces a, b, c, d, e and 2 more do not tell their WABA, or have none yet"),
        );
    }

    #[test]
    fn a_second_space_is_named() {
        let found = Finding::Found {
            cust_space_id: "other".to_owned(),
            waba: unread("1"),
        };
        let told = doubled("1", Some(ARN), "mine", Ok(found)).expect("told");
        for word in [
            "WABA 1",
            "the space mine",
            "the space other",
            "terraform import",
            "'acs:ram::2:role/r/other'",
        ] {
            assert!(
                told.detail.contains(word),
                "{word} is not in {}",
                told.detail
            );
        }
        assert_eq!(
            doubled(
                "1",
                None,
                "mine",
                Ok(Finding::Absent(absence(true, &[], Showing::Shows)))
            ),
            None
        );
        let hidden = doubled(
            "1",
            None,
            "mine",
            Ok(Finding::Absent(absence(true, &[], Showing::Hides))),
        );
        let hidden = hidden.expect("told");
        assert!(
            hidden.summary.contains("may be bound to two spaces"),
            "{hidden:?}"
        );
    }

    #[test]
    fn what_is_unknown_comes_with_two_commands() {
        let text = |role_arn: Option<&str>, binds, sought: Sought| {
            let told = Diagnostic::error("S", "D");
            let unknown = Ending::Unknown {
                told,
                binds,
                sought,
            };
            let Err(told) = ending("1", role_arn, unknown) else {
                panic!("not an error")
            };
            let told = told.into_iter();
            told.map(|told| told.to_string()).collect::<String>()
        };
        let check = |role_arn: Option<&str>, sought: Sought, seen: &str| {
            let text = text(role_arn, 1, sought);
            for word in [
                "unknown, and nothing was saved",
                "terraform import",
                "  terraform apply",
                seen,
            ] {
                assert!(text.contains(word), "{word} is not in {text}");
            }
            assert!(!text.contains("more than one"), "{text}");
        };
        check(
            None,
            Err(Unsearchable("ListInstance: no".to_owned())),
            "could not look it up by itself: ListInstance: no.",
        );
        check(
            None,
            Ok(absence(true, &[], Showing::Shows)),
            "None of the 3 spaces that ListInstance shows",
        );
        let silent = || Ok(absence(true, &["x"], Showing::Shows));
        check(None, silent(), "the space x");
        // As it is printed, with the ID filled in, the command has to work.
        check(None, silent(), "NAME' CHANNEL_ID\n");
        check(Some(ARN), silent(), "NAME' acs:ram::2:role/r/CHANNEL_ID\n");
        let twice = text(None, 2, silent());
        for word in ["sent 2 times", "more than one channel", "delete the others"] {
            assert!(twice.contains(word), "{word} is not in {twice}");
        }
    }
}
