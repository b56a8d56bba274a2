//! `deletion_policy`: what destroying an object does. The rules that all types share are here: `PREVENT` refuses, `ABANDON`
//! leaves the remote object and says so.

use framework::{Attribute, AttributePath, Diagnostic, Object, Type, schema::Validator};
use serde::{Deserialize, Serialize};

/// The name of the attribute.
pub(super) const NAME: &str = "deletion_policy";

/// The object leaves the state and stays where it is.
pub(crate) const ABANDON: &str = "ABANDON";
/// The remote object is deleted.
pub(crate) const DELETE: &str = "DELETE";
/// Destroying and replacing are refused.
pub(crate) const PREVENT: &str = "PREVENT";
/// Settings that cannot be deleted get their neutral values.
pub(crate) const RESET: &str = "RESET";

/// Which policies a type has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeletionPolicy {
    /// What a configuration without the argument means.
    pub(crate) default: &'static str,
    /// All policies, the default included.
    pub(crate) values: &'static [&'static str],
    /// What each does, in Markdown.
    pub(crate) description: &'static str,
}

impl DeletionPolicy {
    pub(super) fn attribute(&self) -> Attribute {
        let mut description = self.description.to_owned();
        if self.changes_what_stays() {
            description.push_str(
                " What the same run has written is never undone: after a replacement with `create_before_destroy`, or if only \
                 the address changed, it is left as it is, with a warning.",
            );
        }
        Attribute::optional(NAME, Type::String)
            .describe(description)
            .default(self.default)
            .validate(Validator::one_of(self.values))
    }

    /// Whether destroying writes to an object that goes on to exist, so that a new object of Terraform may have it already.
    fn changes_what_stays(&self) -> bool {
        let leaves = [ABANDON, PREVENT];
        !self.values.contains(&DELETE) && self.values.iter().any(|value| !leaves.contains(value))
    }

    /// The policy that a state holds.
    pub(super) fn of(&self, state: &Object) -> &'static str {
        let stored = state.text(NAME);
        let known = self.values.iter().copied();
        known
            .into_iter()
            .find(|value| stored == Some(value))
            .unwrap_or(self.default)
    }
}

/// What is known of an object that is about to be destroyed or replaced. The plan keeps it for the second plan of a
/// replacement and for the delete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Protected {
    /// For example "WABA 102030405060708".
    pub(super) name: String,
    /// Its `id`.
    pub(super) id: String,
    /// Whether the policy is `PREVENT`.
    pub(super) prevents: bool,
}

/// When a warning is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Plan,
    Apply,
}

impl DeletionPolicy {
    /// `PREVENT`, and the object would be destroyed.
    pub(super) fn not_destroyed(&self, object: &Protected) -> Diagnostic {
        let Protected { name, id, .. } = object;
        Diagnostic::error(
            protected(name),
            format!(
                "The state of {name} (ID {id}) has `deletion_policy = \"{PREVENT}\"`, so it is not destroyed. Nothing was \
                 changed.\n\nTo destroy it, first apply {others}, then destroy. To keep the remote object and only stop \
                 managing it, use a `removed` block with `destroy = false`, or run:\n\n  terraform state rm 'ADDRESS'\n\n  \
                 Code:  Provider.DeletionPrevented",
                others = self.others(),
            ),
        )
        .at(AttributePath::attribute(NAME))
    }

    /// `PREVENT`, and the object would be replaced. `changed` are the attributes whose change asks for it; none for
    /// `-replace`. `advice` is what the type knows of how to keep the object.
    pub(super) fn not_replaced(
        &self,
        object: &Protected,
        changed: &[AttributePath],
        advice: Option<&str>,
    ) -> Diagnostic {
        let Protected { name, id, .. } = object;
        let paths: Vec<String> = changed.iter().map(|path| format!("`{path}`")).collect();
        let (why, keep) = match changed {
            [] => (
                "this plan would replace it".to_owned(),
                "To keep it, plan without `-replace`, and look at `replace_triggered_by` of the resource.",
            ),
            _ => (
                format!("a change of {} would replace it", paths.join(" and ")),
                "To keep it, leave these attributes as they are. If only its address in the configuration changed, use a \
                 `moved` block.",
            ),
        };
        let keep = advice.filter(|_| !changed.is_empty()).unwrap_or(keep);
        let diagnostic = Diagnostic::error(
            protected(name),
            format!(
                "The state of {name} (ID {id}) has `deletion_policy = \"{PREVENT}\"`, but {why}. Nothing was changed.\n\n\
                 {keep}\n\nTo replace it, first apply {others}, then apply the change. To keep the remote object and only \
                 stop managing it, use a `removed` block with `destroy = false`, or run:\n\n  terraform state rm \
                 'ADDRESS'\n\n  Code:  Provider.DeletionPrevented",
                others = self.others(),
            ),
        );
        match changed.first() {
            Some(path) => diagnostic.at(path.clone()),
            None => diagnostic,
        }
    }

    /// The policies that allow it to be destroyed, as a user writes them.
    fn others(&self) -> String {
        let others = self.values.iter().filter(|value| **value != PREVENT);
        let others: Vec<String> = others.map(|value| format!("\"{value}\"")).collect();
        format!("`{NAME} = {}`", others.join("` or `"))
    }
}

/// `ABANDON`, and the object is destroyed. `stays` says what stays, and how to remove it by hand.
pub(super) fn left_behind(
    kind: &str,
    name: &str,
    stays: &str,
    import: &str,
    phase: Phase,
) -> Diagnostic {
    let (summary, tense) = match phase {
        Phase::Plan => (
            format!("Destroying leaves {kind} in the cloud"),
            "will leave",
        ),
        Phase::Apply => (format!("Destroyed {kind} stay in the cloud"), "left"),
    };
    Diagnostic::warning(
        summary,
        format!(
            "{} {tense} the Terraform state only (`deletion_policy = \"{ABANDON}\"`). {stays}\n\nTo manage it again: \
             terraform import 'ADDRESS' {import}",
            sentence(name)
        ),
    )
}

/// `ABANDON`, and the object is replaced.
pub(super) fn replaced_one_stays(name: &str, stays: &str) -> Diagnostic {
    Diagnostic::warning(
        "Replacing leaves the old object in the cloud",
        format!(
            "The old object, {name}, will leave the Terraform state only (`deletion_policy = \"{ABANDON}\"`). {stays}"
        ),
    )
}

fn protected(name: &str) -> String {
    // A summary stays short; a template may have a name of 512 characters.
    let shown: String = name.chars().take(42).collect();
    format!("{} is protected by deletion_policy", sentence(&shown))
}

/// With a capital letter at the beginning.
pub(super) fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}
