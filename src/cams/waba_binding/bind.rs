//! The bind as a state machine: what is known after each answer, and what may be done next.
//!
//! `ChatappBindWaba` has no idempotency token, cannot be undone, and what a second bind of the same WABA does is not
//! documented: the same space, an error, or one more space. So after an attempt whose outcome is unknown nothing is
//! guessed. These are the states:
//!
//! ```text
//!            ┌─────────────── not there, provably ──────────────┐
//!            ▼                                                  │
//! start ► Binding ──── unknown, or an undocumented refusal ──► LookingUp ── found ──────────► adopted
//!            │                                                  │  ▲
//!            ├── answered ► bound                               ├──┘ not there yet: pause
//!            └── refused, by a documented code ► refused        └── cannot be known ► unknown, or refused
//! ```
//!
//! * A WABA that a query with the same credentials shows in a space of the account is adopted.
//! * Binding again needs a list seen to its end, several times over some seconds (the service may still be working on the
//!   first attempt), with every space in it known to hold another WABA; at most two binds while nothing proves that
//!   the list shows what binds make, never if it is proven not to, and three in all.
//! * An answer that was read as far as "this is no failure" contradicts a list without the WABA; then nothing is bound again.
//! * Whatever cannot be known ends as an error that says so and saves nothing.
//!
//! Must not contain: what is saved, or how spaces are searched.

use std::time::Duration;

use super::space_search::{Absence, Finding, Search, Showing, Unsearchable};
use super::{RAM_ACTIONS, messages};
use crate::common::error_diagnostics::{Attempted, diagnose, is_documented};
use alicloud::{
    ErrorKind,
    cams::waba::{ChatappBindWaba, Waba},
};
use framework::{AttributePath, Diagnostic, Diagnostics};

/// The waits between the rounds of looking: as long as a service that cut the connection may still need to finish.
const PAUSES: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// The most binds for one WABA, and the most while it is unproven that the list shows what a bind makes.
const MOST_BINDS: u32 = 3;
const MOST_BINDS_UNPROVEN: u32 = 2;

/// What a bind yields.
pub(super) struct Bound {
    pub(super) cust_space_id: String,
    /// As the service says it; it says nothing when all is as asked.
    pub(super) waba_id: String,
    /// What a query said, if the space was found by one.
    pub(super) waba: Option<Box<Waba>>,
    /// What the practitioner should know.
    pub(super) warning: Option<Diagnostic>,
    /// Whether an earlier attempt may have bound the WABA, too. [`doubled`] looks, once this one is saved.
    pub(super) doubted: bool,
}

/// Binds a WABA, or finds it bound.
pub(super) async fn bind(search: &Search<'_>) -> Result<Bound, Diagnostics> {
    let mut state = State::Binding(Binding::FIRST);
    loop {
        state = match state {
            State::Binding(binding) => {
                let outcome = attempt(search).await;
                binding.after(outcome)
            }
            State::LookingUp(looking) => {
                let finding = look(search, looking.rounds).await;
                looking.after(finding)
            }
            State::Ended(ending) => {
                return messages::ending(search.waba_id, search.role_arn, ending);
            }
        };
    }
}

/// After a bind that followed one with an unknown outcome: whether the WABA has ended up in a second space.
pub(super) async fn doubled(search: &Search<'_>, cust_space_id: &str) -> Option<Diagnostic> {
    let finding = search.round(Some(cust_space_id)).await;
    messages::doubled(search.waba_id, search.role_arn, cust_space_id, finding)
}

async fn look(search: &Search<'_>, rounds: usize) -> Result<Finding, Unsearchable> {
    let pause = rounds.checked_sub(1).and_then(|past| PAUSES.get(past));
    if let Some(pause) = pause
        && let Err(interrupt) = search.operation.pause(*pause).await
    {
        return Err(Unsearchable(interrupt.to_string()));
    }
    search.round(None).await
}

/// One call of `ChatappBindWaba`.
async fn attempt(search: &Search<'_>) -> Outcome {
    let waba_id = search.waba_id;
    let attempted = Attempted {
        summary: SUMMARY,
        subject: &format!("WABA {waba_id}"),
        attribute: AttributePath::attribute("waba_id"),
        limit: "timeouts.create",
        ram_actions: &RAM_ACTIONS,
    };
    let answer = match search.operation.call(&ChatappBindWaba { waba_id }).await {
        Ok(answer) => answer,
        Err(error) => {
            let told = diagnose(&error, &attempted);
            return if error.outcome_unknown() {
                let answered = matches!(error.kind(), ErrorKind::Decode { .. });
                Outcome::Unknown(Doubt { told, answered })
            } else {
                let may_be_bound =
                    matches!(error.kind(), ErrorKind::Api(_)) && !is_documented(&error);
                Outcome::Refused { told, may_be_bound }
            };
        }
    };
    let bound = Bound {
        cust_space_id: answer.body.cust_space_id,
        // The service says nothing when all is as asked.
        waba_id: answer.body.waba_id.unwrap_or_else(|| waba_id.to_owned()),
        waba: None,
        warning: None,
        doubted: false,
    };
    search.sightings.bound(&bound.cust_space_id, &bound.waba_id);
    Outcome::Bound(bound)
}

const SUMMARY: &str = "Unable to bind the WhatsApp Business Account";

/// Where the bind stands.
enum State {
    Binding(Binding),
    LookingUp(LookingUp),
    Ended(Ending),
}

/// `ChatappBindWaba` is to be sent.
struct Binding {
    /// How many were sent before.
    binds: u32,
    /// Why the outcome of an earlier one is unknown.
    doubt: Option<Doubt>,
}

/// It is to be found out whether the WABA is bound.
struct LookingUp {
    binds: u32,
    /// How often it was looked for.
    rounds: usize,
    cause: Cause,
}

/// Why the outcome of a bind is unknown.
pub(super) struct Doubt {
    /// The failure.
    pub(super) told: Diagnostic,
    /// Whether there was an answer that reports no failure but cannot be used.
    pub(super) answered: bool,
}

/// Why it has to be looked up.
pub(super) enum Cause {
    /// The outcome of a bind is unknown.
    Doubt(Doubt),
    /// A bind was refused: for a reason that may be that the WABA is bound, or after one with an unknown outcome.
    Refusal {
        /// The refusal.
        told: Diagnostic,
        /// Why the outcome of an earlier bind is unknown.
        doubt: Option<Doubt>,
    },
}

/// What a bind came to.
enum Outcome {
    Bound(Bound),
    /// Certainly not executed.
    Refused {
        told: Diagnostic,
        /// Whether the reason may be that the WABA is bound: no code for that is documented.
        may_be_bound: bool,
    },
    Unknown(Doubt),
}

/// How it ended.
pub(super) enum Ending {
    /// The service answered with the space.
    Bound(Bound, Option<Doubt>),
    /// A query showed the WABA in this space.
    Adopted {
        /// The space.
        cust_space_id: String,
        /// What the query said.
        waba: Box<Waba>,
        /// Why it was looked for.
        cause: Cause,
    },
    /// Not bound by us.
    Refused(Diagnostic, Option<Result<Absence, Unsearchable>>),
    /// Whether it is bound is not known.
    Unknown {
        /// The last failure.
        told: Diagnostic,
        /// How many binds may have been executed.
        binds: u32,
        /// What looking for it showed.
        sought: Result<Absence, Unsearchable>,
    },
}

impl Binding {
    const FIRST: Binding = Binding {
        binds: 0,
        doubt: None,
    };

    fn after(self, outcome: Outcome) -> State {
        let Binding { binds, doubt } = self;
        let cause = match (outcome, doubt) {
            (Outcome::Bound(bound), doubt) => return State::Ended(Ending::Bound(bound, doubt)),
            (
                Outcome::Refused {
                    told,
                    may_be_bound: false,
                },
                None,
            ) => return State::Ended(Ending::Refused(told, None)),
            (Outcome::Refused { told, .. }, doubt) => Cause::Refusal { told, doubt },
            (Outcome::Unknown(new), None) => Cause::Doubt(new),
            (Outcome::Unknown(new), Some(old)) => Cause::Doubt(Doubt {
                answered: new.answered || old.answered,
                told: new.told,
            }),
        };
        State::LookingUp(LookingUp {
            binds: binds + 1,
            rounds: 0,
            cause,
        })
    }
}

impl LookingUp {
    fn after(self, finding: Result<Finding, Unsearchable>) -> State {
        let LookingUp {
            binds,
            rounds,
            cause,
        } = self;
        let sought = match finding {
            Ok(Finding::Found {
                cust_space_id,
                waba,
            }) => {
                return State::Ended(Ending::Adopted {
                    cust_space_id,
                    waba,
                    cause,
                });
            }
            Ok(Finding::Absent(absence)) => {
                // A bind of the past shows at once, unless a space keeps silent. One that may still be going on does not.
                let past = matches!(&cause, Cause::Refusal { doubt: None, .. });
                let settled = past && absence.complete && absence.undecided.is_empty();
                if rounds < PAUSES.len() && !settled {
                    return State::LookingUp(LookingUp {
                        binds,
                        rounds: rounds + 1,
                        cause,
                    });
                }
                Ok(absence)
            }
            Err(unsearchable) => Err(unsearchable),
        };
        match cause {
            Cause::Doubt(doubt) if may_bind_again(&doubt, &sought, binds) => {
                State::Binding(Binding {
                    binds,
                    doubt: Some(doubt),
                })
            }
            Cause::Doubt(Doubt { told, .. }) => State::Ended(Ending::Unknown {
                told,
                binds,
                sought,
            }),
            Cause::Refusal {
                told,
                doubt: Some(_),
            } => State::Ended(Ending::Unknown {
                told,
                // The refused one was certainly not.
                binds: binds - 1,
                sought,
            }),
            Cause::Refusal { told, doubt: None } => {
                State::Ended(Ending::Refused(told, Some(sought)))
            }
        }
    }
}

/// Whether it is certain enough that the binds so far did not bind.
fn may_bind_again(doubt: &Doubt, sought: &Result<Absence, Unsearchable>, binds: u32) -> bool {
    let Ok(absence) = sought else { return false };
    let most = match absence.list {
        Showing::Shows => MOST_BINDS,
        Showing::Unproven => MOST_BINDS_UNPROVEN,
        Showing::Hides => 0,
    };
    !doubt.answered && absence.complete && absence.undecided.is_empty() && binds < most
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes back, in short.
    #[derive(Clone, Copy, Debug)]
    enum Back {
        Bound,
        /// Refused by a documented code; by another one.
        No,
        Perhaps,
        /// Cut; answered, but oddly.
        Cut,
        Odd,
        Found,
        /// Nothing there, with this proof; a space keeps silent; the end of the list was not seen.
        Absent(Showing),
        Silent,
        Endless,
        Unsearchable,
    }
    use Back::{Absent, Cut, Endless, Found, No, Odd, Perhaps, Silent, Unsearchable as Blind};
    use Showing::{Hides, Shows, Unproven};

    fn told() -> Diagnostic {
        Diagnostic::error("S", "D")
    }

    fn step(state: State, back: Back) -> State {
        let doubt = |answered| {
            Outcome::Unknown(Doubt {
                told: told(),
                answered,
            })
        };
        let absent = |list, complete, undecided: &[&str]| {
            Ok(Finding::Absent(Absence {
                listed: 1,
                complete,
                undecided: undecided.iter().map(|&id| id.to_owned()).collect(),
                list,
            }))
        };
        match state {
            State::Binding(binding) => binding.after(match back {
                Back::Bound => Outcome::Bound(Bound {
                    cust_space_id: "s".to_owned(),
                    waba_id: "1".to_owned(),
                    waba: None,
                    warning: None,
                    doubted: false,
                }),
                No | Perhaps => Outcome::Refused {
                    told: told(),
                    may_be_bound: matches!(back, Perhaps),
                },
                Cut => doubt(false),
                Odd => doubt(true),
                other => panic!("{other:?} while binding"),
            }),
            State::LookingUp(looking) => looking.after(match back {
                Found => Ok(Finding::Found {
                    cust_space_id: "s".to_owned(),
                    waba: super::super::waba_attributes::unread("1"),
                }),
                Absent(list) => absent(list, true, &[]),
                Silent => absent(Shows, true, &["x"]),
                Endless => absent(Shows, false, &[]),
                Blind => Err(Unsearchable("no".to_owned())),
                other => panic!("{other:?} while looking up"),
            }),
            State::Ended(_) => panic!("{back:?} after the end"),
        }
    }

    fn check(path: &[Back], expected: &str) {
        let start = State::Binding(Binding::FIRST);
        let end = path.iter().fold(start, |state, back| step(state, *back));
        let found = match end {
            State::Binding(Binding { binds, .. }) => format!("bind {}", binds + 1),
            State::LookingUp(looking) => format!("look {}", looking.rounds + 1),
            State::Ended(Ending::Bound(_, None)) => "bound".to_owned(),
            State::Ended(Ending::Bound(_, Some(_))) => "bound, doubtfully".to_owned(),
            State::Ended(Ending::Adopted { .. }) => "adopted".to_owned(),
            State::Ended(Ending::Refused(..)) => "refused".to_owned(),
            State::Ended(Ending::Unknown { binds: 1, .. }) => "unknown".to_owned(),
            State::Ended(Ending::Unknown { binds, .. }) => format!("unknown, {binds} times"),
        };
        assert_eq!(found, expected, "{path:?}");
    }

    #[test]
    fn clear_answers() {
        check(&[], "bind 1");
        check(&[Back::Bound], "bound");
        check(&[No], "refused");
    }

    #[test]
    fn an_unknown_outcome_is_looked_up() {
        check(&[Cut], "look 1");
        check(&[Cut, Found], "adopted");
        check(&[Odd, Found], "adopted");
        check(&[Cut, Blind], "unknown");
        let patience = |list| [Cut, Absent(list), Absent(list), Absent(list)];
        for list in [Shows, Hides, Unproven] {
            check(&patience(list), "look 4");
            check(&patience(list)[..2], "look 2");
        }
        check(&[Cut, Absent(Shows), Absent(Shows), Found], "adopted");
        check(&[Cut, Silent, Silent, Silent, Found], "adopted");
    }

    /// The same answer four times, which is all the patience there is.
    fn looked(before: &[Back], absence: Back) -> Vec<Back> {
        [before, &[absence; 4]].concat()
    }

    #[test]
    fn binding_again_needs_proof() {
        check(&looked(&[Cut], Absent(Shows)), "bind 2");
        check(&looked(&[Cut], Absent(Unproven)), "bind 2");
        check(&looked(&[Cut], Absent(Hides)), "unknown");
        check(&looked(&[Cut], Silent), "unknown");
        check(&looked(&[Cut], Endless), "unknown");
        check(&looked(&[Odd], Absent(Shows)), "unknown");
        check(&[Cut, Silent, Silent, Silent, Absent(Shows)], "bind 2");
    }

    #[test]
    fn binding_again_has_bounds() {
        let twice = |list| {
            looked(
                &[looked(&[Cut], Absent(list)), vec![Cut]].concat(),
                Absent(list),
            )
        };
        check(&twice(Unproven), "unknown, 2 times");
        check(&twice(Shows), "bind 3");
        let thrice = looked(&[twice(Shows), vec![Cut]].concat(), Absent(Shows));
        check(&thrice, "unknown, 3 times");
        // An odd answer at any time ends the binding.
        let odd = [looked(&[Cut], Absent(Shows)), vec![Odd]].concat();
        check(&looked(&odd, Absent(Shows)), "unknown, 2 times");
    }

    #[test]
    fn a_second_bind_does_not_hide_the_doubt_about_the_first() {
        let again = |back: &[Back]| [looked(&[Cut], Absent(Shows)), back.to_vec()].concat();
        check(&again(&[Back::Bound]), "bound, doubtfully");
        check(&again(&[No]), "look 1");
        check(&again(&[No, Found]), "adopted");
        check(&looked(&again(&[No]), Absent(Shows)), "unknown");
        check(&again(&[No, Blind]), "unknown");
        check(&again(&[Perhaps, Found]), "adopted");
        check(&looked(&again(&[Perhaps]), Absent(Shows)), "unknown");
    }

    #[test]
    fn an_undocumented_refusal_is_looked_up() {
        check(&[Perhaps], "look 1");
        check(&[Perhaps, Found], "adopted");
        check(&[Perhaps, Blind], "refused");
        for list in [Shows, Hides, Unproven] {
            check(&[Perhaps, Absent(list)], "refused");
        }
        check(&[Perhaps, Silent], "look 2");
        check(&[Perhaps, Silent, Found], "adopted");
        check(&looked(&[Perhaps], Silent), "refused");
        check(&looked(&[Perhaps], Endless), "refused");
    }
}
