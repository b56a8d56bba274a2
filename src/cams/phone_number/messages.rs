//! The diagnostics about phone numbers.

use alicloud::Error;
use framework::{AttributePath, Diagnostic};

use super::model::NONE;
use crate::common::{
    error_diagnostics::{facts_of_unknown_outcome, what_was_lost},
    phone_number::PHONE_NUMBER,
};

/// The number does not exist, and there is not enough to add it.
pub(super) fn not_in_waba(phone_number: &str, cust_space_id: &str) -> Diagnostic {
    Diagnostic::error(
        format!("Phone number {phone_number} is not in the WABA"),
        format!(
            "The WABA of space {cust_space_id} does not have this number, also after its numbers were copied from Meta. Nothing \
             was saved in the state.\n\n1. If Meta's embedded signup was to bring the number, finish the signup, and apply \
             again.\n2. To add the number to the WABA, set `country_code` and `verified_name`, and apply again.\n\n  Code:  \
             Provider.PhoneNumberNotFound"
        ),
    )
    .at(AttributePath::attribute(PHONE_NUMBER))
}

/// The number was added, but no list shows it.
pub(super) fn added_but_not_shown(phone_number: &str, cust_space_id: &str) -> Diagnostic {
    Diagnostic::warning(
        format!("Phone number {phone_number} was added, but is not shown yet"),
        format!(
            "The service added the number to the WABA of space {cust_space_id}, and does not list it yet. It is in the state; the \
             next refresh reads its attributes. If the number is removed from the state then, wait some minutes and apply again: \
             a number that exists is never added twice."
        ),
    )
}

/// The detail of the error for an add of unknown outcome.
pub(super) fn add_outcome_unknown(
    phone_number: &str,
    cust_space_id: &str,
    lost: &Error,
    import_id: &str,
) -> Diagnostic {
    Diagnostic::error(
        format!("It is unknown whether {phone_number} was added"),
        format!(
            "{} The WABA of space {cust_space_id} does not show the \
             number, but it may lag behind. Nothing was saved in the state.\n\nApply again in some minutes: the provider looks for \
             the number before it adds it. If it is there already, import it:\n\n  terraform import 'ADDRESS' {import_id}\n\n{}",
            what_was_lost(lost),
            facts_of_unknown_outcome(lost),
        ),
    )
    .at(AttributePath::attribute(PHONE_NUMBER))
}

/// An add of unknown outcome took place.
pub(super) fn added_without_response(phone_number: &str) -> Diagnostic {
    Diagnostic::warning(
        format!("Phone number {phone_number} was added, but the response was lost"),
        "The request was sent once and no usable response came back. The WABA has the number now, so it was taken into the state.",
    )
}

/// The configuration names another display name than the number has.
pub(super) fn has_another_name(
    phone_number: &str,
    configured: &str,
    found: Option<&str>,
) -> Diagnostic {
    Diagnostic::warning(
        format!("Phone number {phone_number} has another display name"),
        format!(
            "The configuration has `verified_name = \"{}\"`, but Meta shows {}. The service has no operation to change the name, so \
             nothing was changed. Change the name at Meta, or set `verified_name` to the name that Meta shows, or leave it out.",
            configured.escape_debug(),
            shown(found),
        ),
    )
    .at(AttributePath::attribute("verified_name"))
}

/// The configuration changes the display name of a number that exists.
pub(super) fn cannot_rename(
    phone_number: &str,
    configured: &str,
    found: Option<&str>,
) -> Diagnostic {
    Diagnostic::error(
        format!("Cannot change the display name of {phone_number}"),
        format!(
            "The configuration has `verified_name = \"{}\"`, but Meta shows {}. The service has no operation to change the name of a \
             number that exists. Nothing was changed.\n\nChange the name at Meta and wait for its review, or set `verified_name` to the \
             name that Meta shows, or leave it out.\n\n  Code:  Provider.VerifiedNameCannotChange",
            configured.escape_debug(),
            shown(found),
        ),
    )
    .at(AttributePath::attribute("verified_name"))
}

fn shown(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("\"{}\"", name.escape_debug()),
        None => "no name".to_owned(),
    }
}

/// How a person gets a number verified.
fn steps(phone_number: &str, cust_space_id: &str) -> String {
    // In two lines each: an indented line is not wrapped, and has to fit into 80 columns.
    let target = format!("--CustSpaceId {cust_space_id} \\\n       --PhoneNumber {phone_number}");
    format!(
        "1. Have a code sent: with the action `alicloud_cams_request_verification_code` (Terraform 1.14), or with the Alibaba \
         Cloud CLI:\n     aliyun cams GetChatappVerifyCode {target} --Locale en_US --Method sms\n2. Give the code to the \
         service: with the action `alicloud_cams_verify_phone_number`, or:\n     aliyun cams ChatappVerifyAndRegister {target} \
         --VerifyCode CODE\n3. Run terraform apply again."
    )
}

const NOT_VERIFIED: &str = "cannot be registered";

/// After a create: a number without a proof.
pub(super) fn not_verified_yet(
    phone_number: &str,
    cust_space_id: &str,
    status: Option<&str>,
) -> Diagnostic {
    Diagnostic::warning(
        format!("Phone number {phone_number} is not verified"),
        format!(
            "The number is in the WABA and in the state, but {NOT_VERIFIED}: its verification is {}. Until then `registered` is \
             false, and each plan shows that the registration is missing.\n\n{}",
            status.unwrap_or("not shown"),
            steps(phone_number, cust_space_id),
        ),
    )
}

/// In an update: a number without a proof.
pub(super) fn not_verified(
    phone_number: &str,
    cust_space_id: &str,
    status: Option<&str>,
) -> Diagnostic {
    Diagnostic::error(
        format!("Phone number {phone_number} is not verified"),
        format!(
            "The number {NOT_VERIFIED}: its verification is {}. A verification counts for about 14 days. The number stays in the \
             state with `registered = false`.\n\n{}\n\nTo manage the number without registering it, set `registration = \
             \"{NONE}\"`.\n\n  Code:  Provider.PhoneNumberNotVerified",
            status.unwrap_or("not shown"),
            steps(phone_number, cust_space_id),
        ),
    )
    .at(AttributePath::attribute(PHONE_NUMBER))
}

/// After a create: the registration failed. An error would taint the number, and the next apply would replace it.
pub(super) fn not_registered(phone_number: &str, detail: &str) -> Diagnostic {
    Diagnostic::warning(
        format!("Phone number {phone_number} is not registered"),
        format!(
            "The number is in the WABA and in the state, with `registered = false`. The next apply registers it. Meta allows ten \
             registrations of a number in 72 hours.\n\n{detail}"
        ),
    )
}

/// A registration that is not finished in time.
pub(super) fn still_pending(phone_number: &str, limit: &str) -> Diagnostic {
    Diagnostic::warning(
        format!("Phone number {phone_number} is not connected yet"),
        format!(
            "The service took the registration, but does not show the number as registered within `{limit}`. Nothing is sent \
             again for ten minutes; after that, a plan shows the missing registration. Run terraform plan in some minutes."
        ),
    )
}

/// A registration that could not be looked at.
pub(super) fn registered_but_not_read(phone_number: &str, detail: &str) -> Diagnostic {
    Diagnostic::warning(
        format!("Phone number {phone_number} was registered, but not read back"),
        format!(
            "The service took the registration. Reading the number afterwards failed, so the state still shows it as it was \
             before; the next refresh reads it.\n\n{detail}"
        ),
    )
}

/// A status of which it is not known whether registering is right.
pub(super) fn status_is_left_alone(phone_number: &str, status: &str) -> Diagnostic {
    Diagnostic::warning(
        format!("Phone number {phone_number} has the status {}", short(status)),
        format!(
            "The provider does not register a number in the status \"{}\": it is not known that registering is right. A number that \
             was moved to another provider, for example, could be taken back from there. Nothing is done about it.\n\nLook at the \
             number in the console (https://chatapp.console.alibabacloud.com) or at Meta.",
            status.escape_debug()
        ),
    )
    .at(AttributePath::attribute(PHONE_NUMBER))
}

fn short(status: &str) -> String {
    let shown = status.chars().take(24).collect::<String>();
    shown.escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use alicloud::ErrorKind;
    use expect_test::{Expect, expect};

    use super::*;
    use crate::common::printed::printed;

    #[test]
    fn messages() {
        let check = |diagnostic: Diagnostic, expected: Expect| {
            assert!(
                diagnostic.summary.chars().count() < 70,
                "{}",
                diagnostic.summary
            );
            expected.assert_eq(&printed(&[diagnostic]));
        };
        check(
            not_in_waba("6580001234", "cams-1"),
            expect![[r#"
            Error: Phone number 6580001234 is not in the WABA
              at phone_number

            The WABA of space cams-1 does not have this number, also after its numbers
            were copied from Meta. Nothing was saved in the state.

            1. If Meta's embedded signup was to bring the number, finish the signup, and
            apply again.
            2. To add the number to the WABA, set `country_code` and `verified_name`, and
            apply again.

              Code:  Provider.PhoneNumberNotFound
        "#]],
        );
        check(
            not_verified("6580001234", "cams-1", Some("EXPIRED")),
            expect![[r#"
                Error: Phone number 6580001234 is not verified
                  at phone_number

                The number cannot be registered: its verification is EXPIRED. A verification
                counts for about 14 days. The number stays in the state with `registered =
                false`.

                1. Have a code sent: with the action `alicloud_cams_request_verification_code`
                (Terraform 1.14), or with the Alibaba Cloud CLI:
                     aliyun cams GetChatappVerifyCode --CustSpaceId cams-1 \
                       --PhoneNumber 6580001234 --Locale en_US --Method sms
                2. Give the code to the service: with the action
                `alicloud_cams_verify_phone_number`, or:
                     aliyun cams ChatappVerifyAndRegister --CustSpaceId cams-1 \
                       --PhoneNumber 6580001234 --VerifyCode CODE
                3. Run terraform apply again.

                To manage the number without registering it, set `registration = "NONE"`.

                  Code:  Provider.PhoneNumberNotVerified
            "#]],
        );
        check(
            cannot_rename("6580001234", "Shop", Some("Old shop")),
            expect![[r#"
                Error: Cannot change the display name of 6580001234
                  at verified_name

                The configuration has `verified_name = "Shop"`, but Meta shows "Old shop". The
                service has no operation to change the name of a number that exists. Nothing
                was changed.

                Change the name at Meta and wait for its review, or set `verified_name` to the
                name that Meta shows, or leave it out.

                  Code:  Provider.VerifiedNameCannotChange
            "#]],
        );
        check(
            add_outcome_unknown(
                "6580001234",
                "cams-1",
                &Error::example("AddChatappPhoneNumber", ErrorKind::Interrupted, None),
                "cams-1:6580001234",
            ),
            expect![[r#"
                Error: It is unknown whether 6580001234 was added
                  at phone_number

                The request was sent once and no usable response came back (the connection was
                closed). The WABA of space cams-1 does not show the number, but it may lag
                behind. Nothing was saved in the state.

                Apply again in some minutes: the provider looks for the number before it adds
                it. If it is there already, import it:

                  terraform import 'ADDRESS' cams-1:6580001234

                  Action:   AddChatappPhoneNumber
                  Endpoint: cams.ap-southeast-1.aliyuncs.com
                  Code:     Provider.OutcomeUnknown
                  Attempts: 1
            "#]],
        );
        check(
            status_is_left_alone("6580001234", "MIGRATED"),
            expect![[r#"
                Warning: Phone number 6580001234 has the status MIGRATED
                  at phone_number

                The provider does not register a number in the status "MIGRATED": it is not
                known that registering is right. A number that was moved to another provider,
                for example, could be taken back from there. Nothing is done about it.

                Look at the number in the console (https://chatapp.console.alibabacloud.com)
                or at Meta.
            "#]],
        );
        check(
            still_pending("6580001234", "timeouts.create"),
            expect![[r#"
                Warning: Phone number 6580001234 is not connected yet

                The service took the registration, but does not show the number as registered
                within `timeouts.create`. Nothing is sent again for ten minutes; after that, a
                plan shows the missing registration. Run terraform plan in some minutes.
            "#]],
        );
    }
}
