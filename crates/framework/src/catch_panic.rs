//! Bugs of the provider: a panic in one operation ends that operation, not the process, and loses nothing.
//!
//! What a panic said is not in the diagnostic: it was not written for users and may hold anything. It is on stderr.

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

use super::diagnostics::Diagnostic;

/// The part that panicked. It decides what the error says about object and state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The checks of a configuration.
    Validate,
    /// The configuration of the provider.
    Configure,
    /// The plan of a resource.
    Plan,
    /// The creation of a resource.
    Create,
    /// The read of a resource.
    Read,
    /// The update of a resource.
    Update,
    /// The deletion of a resource.
    Delete,
    /// The import of a resource.
    Import,
    /// The upgrade of a stored state or identity.
    Upgrade,
    /// The move of a stored state from another type.
    Move,
    /// The identity of an object, from its state.
    Identity,
    /// The configuration for an object, from its state.
    GenerateConfig,
    /// The read of a data source.
    ReadDataSource,
    /// A list of objects.
    List,
    /// The plan of an action.
    PlanAction,
    /// An action.
    InvokeAction,
    /// A function.
    CallFunction,
    /// An RPC, by its name in the protocol, outside of all these.
    Rpc(&'static str),
}

impl Operation {
    /// A noun that "panicked" can follow.
    const fn name(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::Configure => "configure",
            Self::Plan => "plan",
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Import => "import",
            Self::Upgrade => "upgrade of the state",
            Self::Move => "move of the state",
            Self::Identity => "identity",
            Self::GenerateConfig => "generation of the configuration",
            Self::ReadDataSource => "read of the data source",
            Self::List => "list",
            Self::PlanAction => "plan of the action",
            Self::InvokeAction => "the action",
            Self::CallFunction => "the function",
            Self::Rpc(name) => name,
        }
    }

    /// The name at the beginning of a sentence.
    pub(crate) fn title(self) -> String {
        let mut characters = self.name().chars();
        let first = characters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(characters).collect()
    }

    /// What it means for object and state, as far as the framework knows it.
    const fn consequence(self) -> &'static str {
        match self {
            Self::Validate | Self::Plan => "Nothing was changed.",
            Self::Configure => "The provider is not configured, so nothing was changed.",
            Self::Create => {
                "What was known of the new object is saved in the state. If nothing was known yet, it may exist all the \
                 same: look for it in the service before you apply again."
            }
            Self::Update => {
                "What was known of the object is saved in the state. The change may have been made in part; the next plan \
                 reads the object again."
            }
            Self::Delete => {
                "The object stays in the state. It may be gone already; the next plan reads it again."
            }
            Self::Read | Self::Identity => "The object stays in the state.",
            Self::Import => "Nothing was imported.",
            Self::Upgrade | Self::Move => "The stored state is unchanged.",
            Self::GenerateConfig => "No configuration was generated.",
            Self::ReadDataSource => "Nothing was read.",
            Self::List => "The list may be incomplete. Nothing was changed.",
            Self::PlanAction => "The action was not invoked.",
            Self::InvokeAction => {
                "The action may have taken effect, in whole or in part: look in the service before you invoke it again."
            }
            Self::CallFunction => "The function has no result.",
            Self::Rpc(_) => "Nothing that it did is in the state.",
        }
    }
}

/// Runs an operation to its end. A panic ends that operation only; what it put into its response stays.
///
/// # Errors
/// The diagnostic for the panic.
pub async fn catch_panic<F: Future>(
    operation: Operation,
    work: F,
) -> Result<F::Output, Diagnostic> {
    let mut work = pin!(work);
    // The work is never polled again after a panic, and the responses it writes to are plain data.
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(_) => Poll::Ready(Err(panicked(operation))),
        },
    )
    .await
}

/// Runs a function to its end or its panic.
pub(crate) fn catch_panic_sync<T>(
    operation: Operation,
    work: impl FnOnce() -> T,
) -> Result<T, Diagnostic> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| panicked(operation))
}

fn panicked(operation: Operation) -> Diagnostic {
    let name = operation.name();
    bug(
        operation,
        format!("Bug in the provider: {name} panicked"),
        &format!("{name} panicked"),
        "Provider.Panic",
    )
}

/// The diagnostic for a result that the framework cannot pass on. `happened` continues the name of the operation, such as
/// "left a value unknown".
pub(crate) fn provider_bug(operation: Operation, happened: &str) -> Diagnostic {
    let name = operation.name();
    bug(
        operation,
        format!("Bug in the provider: wrong result of {name}"),
        &format!("{name} {happened}"),
        "Provider.Bug",
    )
}

fn bug(operation: Operation, summary: String, happened: &str, code: &str) -> Diagnostic {
    Diagnostic::error(
        summary,
        format!(
            "This is a bug in the provider: {happened}. {}\n\n{REPORT}\n\n  Code: {code}",
            operation.consequence(),
        ),
    )
}

/// The request to report a bug.
pub(crate) const REPORT: &str = "Please report it to the developers of the provider, with the output of the same command run with \
     TF_LOG_PROVIDER=debug.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panic_error_says_what_happened_to_object_and_state() {
        let check = |operation, summary: &str, beginning: &str| {
            let diagnostic = catch_panic_sync(operation, || panic!("a secret")).err();
            let Some(Diagnostic {
                summary: found,
                detail,
                ..
            }) = diagnostic
            else {
                panic!("no diagnostic");
            };
            assert_eq!(found, summary);
            assert!(detail.starts_with(beginning), "{detail}");
            assert!(detail.ends_with("\n\n  Code: Provider.Panic"), "{detail}");
            assert!(!detail.contains("a secret"));
        };
        check(
            Operation::Create,
            "Bug in the provider: create panicked",
            "This is a bug in the provider: create panicked. What was known of the new object is saved in the state.",
        );
        check(
            Operation::Delete,
            "Bug in the provider: delete panicked",
            "This is a bug in the provider: delete panicked. The object stays in the state.",
        );
        check(
            Operation::ReadDataSource,
            "Bug in the provider: read of the data source panicked",
            "This is a bug in the provider: read of the data source panicked. Nothing was read.",
        );
        check(
            Operation::List,
            "Bug in the provider: list panicked",
            "This is a bug in the provider: list panicked. The list may be incomplete.",
        );
        check(
            Operation::InvokeAction,
            "Bug in the provider: the action panicked",
            "This is a bug in the provider: the action panicked. The action may have taken effect",
        );
        check(
            Operation::CallFunction,
            "Bug in the provider: the function panicked",
            "This is a bug in the provider: the function panicked. The function has no result.",
        );
        check(
            Operation::Rpc("PlanResourceChange"),
            "Bug in the provider: PlanResourceChange panicked",
            "This is a bug in the provider: PlanResourceChange panicked. Nothing that it did is in the state.",
        );
    }

    #[test]
    fn a_wrong_result_is_a_bug_with_another_code() {
        let diagnostic = provider_bug(Operation::Read, "left a value unknown");
        assert_eq!(
            diagnostic.summary,
            "Bug in the provider: wrong result of read"
        );
        assert_eq!(
            diagnostic.detail,
            "This is a bug in the provider: read left a value unknown. The object stays in the state.\n\n\
             Please report it to the developers of the provider, with the output of the same command run with \
             TF_LOG_PROVIDER=debug.\n\n  Code: Provider.Bug"
        );
    }
}
