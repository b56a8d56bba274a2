//! Creates a binding: looks for an existing one, sends the bind at most once, and finds out what came of it.
//!
//! `ChatappBindWaba` has no idempotency token and cannot be undone. What a second bind of the same WABA does is not
//! documented: it may return the same space, an error, or a second permanent space. So:
//!
//! ```text
//! look ── found ─────────────────► adopted, or refused (`existing_binding`)
//!   │
//!   └─ not found, not checked ──► bind ── a space ──► bound
//!                                  │ ├── refused ───► error
//!                                  └─ unknown ─► look for some seconds ── found ──► adopted
//!                                                                  └──── else ───► error: it is unknown
//! ```
//!
//! A bind that may have been executed is not sent again.

use super::messages;
use super::space_search::{Absence, Finding, LookError, Search, SearchError};
use crate::common::error_diagnostics::is_documented;
use alicloud::{
    Error, ErrorKind, Interrupt,
    cams::waba::{ChatappBindWaba, Waba},
};
use framework::{Diagnostic, Diagnostics};

/// What to do if the WABA is bound already: the argument `existing_binding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IfBound {
    /// Take the existing binding into the state.
    Adopt,
    /// End with an error.
    Refuse,
    /// Bind without looking.
    Ignore,
}

/// A binding that exists, and what the user should know about how it came to be in the state.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) cust_space_id: String,
    /// As the service says it; it says nothing when all is as asked.
    pub(super) waba_id: String,
    /// What a query said, if the space was found by one.
    pub(super) waba: Option<Box<Waba>>,
    pub(super) warning: Option<Diagnostic>,
}

/// What was known of existing bindings when the bind was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// `existing_binding = "IGNORE"`.
    Skipped,
    /// Nothing was found, as far as this says.
    Absent(Absence),
    /// It was not possible.
    Failed(SearchError),
}

/// Binds a WABA, or finds it bound.
pub(super) async fn bind(search: &Search<'_>, if_bound: IfBound) -> Result<Bound, Diagnostics> {
    // Claimed also without a look, so that another resource learns of it.
    let claimed = search.spaces.claim(search.waba_id);
    let look = match if_bound {
        IfBound::Ignore => Look::Skipped,
        _ if !claimed => return Err(messages::bound_twice(search).into()),
        IfBound::Adopt | IfBound::Refuse => match search.before_bind().await {
            Ok(Finding::Absent(absence)) => Look::Absent(absence),
            Err(LookError::Search(error)) => Look::Failed(error),
            Err(LookError::Call(error)) => {
                // No bind was sent, so another attempt at this WABA is no second one.
                search.spaces.release(search.waba_id);
                return Err(refused(search, &error, &Look::Skipped).into());
            }
            Ok(Finding::Found {
                cust_space_id,
                waba,
            }) => {
                if if_bound == IfBound::Refuse {
                    return Err(messages::already_bound(search, &cust_space_id).into());
                }
                return Ok(adopted(
                    messages::adopted(search, &cust_space_id),
                    cust_space_id,
                    waba,
                ));
            }
        },
    };
    // `REFUSE` means that no second binding is made. A search that did not see every space cannot rule one out.
    if if_bound == IfBound::Refuse
        && let Some(error) = messages::cannot_refuse(search, &look)
    {
        search.spaces.release(search.waba_id);
        return Err(error.into());
    }
    let action = ChatappBindWaba {
        waba_id: search.waba_id,
    };
    match search.context.operation.call(&action).await {
        Ok(response) => {
            let response = response.body;
            let waba_id = response
                .waba_id
                .unwrap_or_else(|| search.waba_id.to_owned());
            search.spaces.note_bound(&response.cust_space_id, &waba_id);
            Ok(Bound {
                warning: messages::not_checked(search, &look, &response.cust_space_id),
                cust_space_id: response.cust_space_id,
                waba_id,
                waba: None,
            })
        }
        Err(error) if error.outcome_unknown() => match after_bind(search).await {
            Ok(Finding::Found {
                cust_space_id,
                waba,
            }) => Ok(adopted(
                messages::response_lost(search, &error, &look, &cust_space_id),
                cust_space_id,
                waba,
            )),
            Ok(Finding::Absent(absence)) => {
                Err(messages::unknown(search, &error, &Ok(absence)).into())
            }
            Err(why) => Err(messages::unknown(search, &error, &Err(why)).into()),
        },
        Err(error) => Err(refused(search, &error, &look).into()),
    }
}

fn adopted(warning: Diagnostic, cust_space_id: String, waba: Box<Waba>) -> Bound {
    Bound {
        cust_space_id,
        waba_id: waba.id.clone(),
        waba: Some(waba),
        warning: Some(warning),
    }
}

/// Searches until the WABA is found, for some seconds.
async fn after_bind(search: &Search<'_>) -> Result<Finding, SearchError> {
    let mut looks = search.context.looks_after_unknown_outcome();
    let interrupted = |interrupt: Interrupt| SearchError(interrupt.to_string());
    let mut finding = Finding::Absent(Absence::default());
    while looks.next().await.map_err(interrupted)? {
        finding = search.after_bind().await?;
        if matches!(finding, Finding::Found { .. }) {
            break;
        }
    }
    Ok(finding)
}

/// The error for a bind that was certainly not executed.
fn refused(search: &Search<'_>, error: &Error, look: &Look) -> Diagnostic {
    let waba = format!("WABA {}", search.waba_id);
    let summary = format!("Cannot bind {waba}");
    let mut diagnostic = search.context.diagnose(error, &summary, &waba, "waba_id");
    if matches!(error.kind(), ErrorKind::Api(_)) && !is_documented(error) {
        messages::explain_refusal(&mut diagnostic, search, look);
    }
    diagnostic
}
