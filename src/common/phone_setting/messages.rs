//! What a user reads about settings of phone numbers, beside the errors of calls.

use framework::Diagnostic;

use crate::common::deletion_policy::sentence;

/// A warning: the service shows other values than a write sent. `changed` names attributes that are not in the configuration,
/// so that they were not to change.
pub(super) fn not_as_written(
    object: &str,
    action: &str,
    sent: &[String],
    changed: &[String],
) -> Diagnostic {
    let mut detail = format!("{action} succeeded, but the service still shows other values.");
    if !sent.is_empty() {
        detail.push_str(&format!(
            "\n\nNot as in the configuration: {}. The state has the values of the configuration.",
            list(sent)
        ));
    }
    if !changed.is_empty() {
        detail.push_str(&format!(
            "\n\nNot in the configuration, but changed by the service or by somebody else: {}. The state has the values from before.",
            list(changed)
        ));
    }
    detail.push_str(
        "\n\nRun terraform plan in a few minutes. If it still shows a difference, the service does not take these values: \
         an empty value may not clear an attribute. Then correct the configuration. If somebody else has changed them \
         meanwhile, apply again.\n\n  Code:  Provider.NotAsWritten",
    );
    Diagnostic::warning(format!("{} is not as written", sentence(object)), detail)
}

/// A warning: values that are not in the configuration have changed since the plan, and the update did not change them. `changed`
/// names attributes.
pub(super) fn changed_elsewhere(object: &str, changed: &[String]) -> Diagnostic {
    Diagnostic::warning(
        format!("{} was changed elsewhere", sentence(object)),
        format!(
            "Since the plan, somebody else has changed what the configuration does not set: {}. The service keeps these values. \
             The state has those of the plan until the next refresh.\n\nThere is nothing to do. To manage an attribute by \
             Terraform, set it in the configuration.",
            list(changed)
        ),
    )
}

/// A warning: destroying did not reset all values. `left` names attributes.
pub(super) fn not_reset(object: &str, action: &str, left: &[String]) -> Diagnostic {
    Diagnostic::warning(
        format!("{} was not wholly reset", sentence(object)),
        format!(
            "{action} succeeded, but the service still shows other values than the neutral ones: {}. The object has left the \
             state.\n\nLook in the console (https://chatapp.console.alibabacloud.com) in a few minutes. The service may be \
             late, or may not take an empty value.\n\n  Code:  Provider.NotAsWritten",
            list(left)
        ),
    )
}

/// A warning: the setting was written, but could not be read afterwards. `why` is the detail of the failed read.
pub(super) fn not_read_back(object: &str, why: &str) -> Diagnostic {
    Diagnostic::warning(
        format!("{} was written, but not read", sentence(object)),
        format!(
            "The write succeeded. The read after it failed, so the next plan shows whether the service took every value. The \
             state has the planned values.\n\n{why}"
        ),
    )
}

/// A warning: the setting was reset, but could not be read afterwards. `why` is the detail of the failed read.
pub(super) fn reset_not_read_back(object: &str, why: &str) -> Diagnostic {
    Diagnostic::warning(
        format!("{} was reset, but not read", sentence(object)),
        format!(
            "The write of the neutral values succeeded. The read after it failed, so it is not known whether the service took \
             every value. The object has left the state.\n\n{why}"
        ),
    )
}

fn list(names: &[String]) -> String {
    let names = names.iter().map(|name| format!("`{name}`"));
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::printed::printed;
    use expect_test::expect;

    #[test]
    fn warnings_tell_sent_from_unmanaged_attributes() {
        let names =
            |names: &[&str]| -> Vec<String> { names.iter().map(|&name| name.to_owned()).collect() };
        let object = "the profile of 6580012345";
        let action = "ModifyPhoneBusinessProfile";
        expect![[r#"
            Warning: The profile of 6580012345 is not as written

            ModifyPhoneBusinessProfile succeeded, but the service still shows other
            values.

            Not as in the configuration: `about`, `websites`. The state has the values of
            the configuration.

            Not in the configuration, but changed by the service or by somebody else:
            `description`. The state has the values from before.

            Run terraform plan in a few minutes. If it still shows a difference, the
            service does not take these values: an empty value may not clear an attribute.
            Then correct the configuration. If somebody else has changed them meanwhile,
            apply again.

              Code:  Provider.NotAsWritten

            Warning: The profile of 6580012345 was changed elsewhere

            Since the plan, somebody else has changed what the configuration does not set:
            `about`, `websites`. The service keeps these values. The state has those of
            the plan until the next refresh.

            There is nothing to do. To manage an attribute by Terraform, set it in the
            configuration.

            Warning: The profile of 6580012345 was not wholly reset

            ModifyPhoneBusinessProfile succeeded, but the service still shows other values
            than the neutral ones: `email`. The object has left the state.

            Look in the console (https://chatapp.console.alibabacloud.com) in a few
            minutes. The service may be late, or may not take an empty value.

              Code:  Provider.NotAsWritten

            Warning: The profile of 6580012345 was written, but not read

            The write succeeded. The read after it failed, so the next plan shows whether
            the service took every value. The state has the planned values.

            The connection was closed.

            Warning: The profile of 6580012345 was reset, but not read

            The write of the neutral values succeeded. The read after it failed, so it is
            not known whether the service took every value. The object has left the state.

            The connection was closed.
        "#]]
        .assert_eq(&printed(&[
            not_as_written(
                object,
                action,
                &names(&["about", "websites"]),
                &names(&["description"]),
            ),
            changed_elsewhere(object, &names(&["about", "websites"])),
            not_reset(object, action, &names(&["email"])),
            not_read_back(object, "The connection was closed."),
            reset_not_read_back(object, "The connection was closed."),
        ]));
    }
}
