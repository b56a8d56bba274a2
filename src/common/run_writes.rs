//! What this run has written: no destroy of the run undoes it, and no second resource writes over it.
//!
//! A setting of a phone number is not made and not deleted, only written. Two objects of one run may therefore stand for the
//! same setting: the old and the new one of a replacement with `create_before_destroy`, those of a renamed resource without a
//! `moved` block, or two resources that declare one setting. Terraform orders none of these: it destroys after it creates, or
//! does both at the same time.
//!
//! An object of which nothing is known before its create has no such namesake.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use framework::{AttributePath, Diagnostic};
use tokio::sync::OwnedMutexGuard;

use super::{
    deletion_policy::{NAME, sentence},
    import_id::Key,
};

/// The type and the ID of an object.
type ObjectKey = (&'static str, String);

/// The objects of one account that operations of this run work on.
#[derive(Default)]
pub(super) struct RunWrites(Mutex<BTreeMap<ObjectKey, Arc<tokio::sync::Mutex<bool>>>>);

impl RunWrites {
    /// Waits until no other operation of this run works on the object. The next one waits until the turn is dropped.
    pub(super) async fn turn(&self, type_name: &'static str, id: &str) -> Turn {
        let object = {
            // Only whole entries are added, so a poisoned map is still whole.
            let mut objects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let key = (type_name, id.to_owned());
            Arc::clone(objects.entry(key).or_default())
        };
        Turn(object.lock_owned().await)
    }
}

/// The sole operation of this run that works on an object.
pub(super) struct Turn(OwnedMutexGuard<bool>);

impl Turn {
    /// Whether a create or an update of this run has saved the object.
    pub(super) fn is_written(&self) -> bool {
        *self.0
    }

    /// The object was saved, so it is as this run wants it.
    pub(super) fn set_written(&mut self) {
        *self.0 = true;
    }
}

/// A warning: destroying would have undone what this run has written.
pub(super) fn left_as_written(name: &str, policy: &str) -> Diagnostic {
    Diagnostic::warning(
        format!("{} was left as it is", sentence(&short(name))),
        format!(
            "This run has written {name} for another object: the new one of a replacement with `create_before_destroy`, or one \
             with another address. Destroying the old object by `{NAME} = \"{policy}\"` would have undone that. So the old \
             object left the Terraform state only, and nothing was sent for it.\n\nFor a replacement or a new address there is \
             nothing to do; a `moved` block changes an address without destroying. If the setting is to be undone, remove the \
             resource that has it now, and apply again."
        ),
    )
}

/// An error: another resource of this run has written the same object.
pub(super) fn written_twice(name: &str, keys: &[Key]) -> Diagnostic {
    let names: Vec<String> = keys.iter().map(|key| format!("`{}`", key.name)).collect();
    let diagnostic = Diagnostic::error(
        format!("Two resources manage {}", short(name)),
        format!(
            "Another resource of this run has already written {name}. Nothing was sent for this one: each of them would change \
             what the other one sets.\n\nLet one resource manage it: look for the same {} in other resources, modules, and \
             keys of `for_each`. To remove the other one from the state without a change at the service, run:\n\n  terraform \
             state rm 'ADDRESS'\n\n  Code:  Provider.CreatedTwice",
            names.join(" and ")
        ),
    );
    match keys.last() {
        Some(key) => diagnostic.at(AttributePath::attribute(key.name)),
        None => diagnostic,
    }
}

/// For a summary; a template may have a name of 512 characters.
fn short(name: &str) -> String {
    name.chars().take(42).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::common::{phone_number, printed::printed};

    #[tokio::test]
    async fn written_object_is_remembered_for_its_type_and_id() {
        let writes = RunWrites::default();
        assert!(!writes.turn("webhook", "cams-1:65").await.is_written());
        writes.turn("webhook", "cams-1:65").await.set_written();
        assert!(writes.turn("webhook", "cams-1:65").await.is_written());
        assert!(!writes.turn("webhook", "cams-1:66").await.is_written());
        assert!(!writes.turn("number", "cams-1:65").await.is_written());
        assert!(
            !RunWrites::default()
                .turn("webhook", "cams-1:65")
                .await
                .is_written()
        );
    }

    #[tokio::test]
    async fn operations_on_one_object_wait_for_each_other() {
        let writes = Arc::new(RunWrites::default());
        let mut first = writes.turn("webhook", "cams-1:65").await;
        let second = tokio::spawn({
            let writes = Arc::clone(&writes);
            async move { writes.turn("webhook", "cams-1:65").await.is_written() }
        });
        // Others do not wait.
        drop(writes.turn("webhook", "cams-1:66").await);
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        first.set_written();
        drop(first);
        assert!(second.await.expect("does not panic"));
    }

    #[test]
    fn messages_name_the_object() {
        let name = "the webhook of 6580001234";
        expect![[r#"
            Warning: The webhook of 6580001234 was left as it is

            This run has written the webhook of 6580001234 for another object: the new one
            of a replacement with `create_before_destroy`, or one with another address.
            Destroying the old object by `deletion_policy = "RESET"` would have undone
            that. So the old object left the Terraform state only, and nothing was sent
            for it.

            For a replacement or a new address there is nothing to do; a `moved` block
            changes an address without destroying. If the setting is to be undone, remove
            the resource that has it now, and apply again.

            Error: Two resources manage the webhook of 6580001234
              at phone_number

            Another resource of this run has already written the webhook of 6580001234.
            Nothing was sent for this one: each of them would change what the other one
            sets.

            Let one resource manage it: look for the same `cust_space_id` and
            `phone_number` in other resources, modules, and keys of `for_each`. To remove
            the other one from the state without a change at the service, run:

              terraform state rm 'ADDRESS'

              Code:  Provider.CreatedTwice
        "#]]
        .assert_eq(&printed(&[
            left_as_written(name, "RESET"),
            written_twice(name, phone_number::KEYS),
        ]));
    }
}
