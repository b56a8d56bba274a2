//! Actions on phone numbers: `alicloud_cams_sync_phone_numbers`, `alicloud_cams_request_verification_code`,
//! `alicloud_cams_verify_phone_number`.

use alicloud::cams::phone_number::{
    ChatappSyncPhoneNumber, ChatappVerifyAndRegister, GetChatappVerifyCode,
};
use async_trait::async_trait;
use framework::{
    Attribute, AttributePath, Block, Diagnostic, Diagnostics, Field, Type, action::Progress,
    schema::Validator,
};
use serde::{Deserialize, Serialize};

use super::verification::{is_verified, verification};
use crate::common::{
    Context,
    action::CamsAction,
    error_diagnostics::{facts_of_unknown_outcome, what_was_lost},
    phone_number::{self, PHONE_NUMBER},
    phone_numbers,
    space::{self, CUST_SPACE_ID},
};

/// Copies the numbers of a space from Meta.
pub(crate) struct SyncPhoneNumbers;

/// The arguments of [`SyncPhoneNumbers`].
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct SyncConfig {
    cust_space_id: Field<String>,
}

#[async_trait]
impl CamsAction for SyncPhoneNumbers {
    type Config = SyncConfig;

    const TYPE: &'static str = "alicloud_cams_sync_phone_numbers";
    const TIMEOUT: &'static str = "2m";
    const RAM_ACTIONS: &'static [&'static str] = &["cams:ChatappSyncPhoneNumber"];

    fn block(&self) -> Block {
        Block::new(
            "Copies the phone numbers of the WABA of a space from Meta into the service, which lists its copy only. Run it after a \
             bind, or when numbers were added or changed at Meta. It can be run again.",
        )
        .attribute(space::argument())
    }

    async fn invoke(
        &self,
        context: &Context<'_>,
        config: SyncConfig,
        progress: &mut dyn Progress,
    ) -> Result<(), Diagnostics> {
        let space = config.cust_space_id.into_option().unwrap_or_default();
        let action = ChatappSyncPhoneNumber {
            cust_space_id: &space,
        };
        let result = context.operation.call(&action).await;
        phone_numbers::forget(context, &space);
        let response = result.map_err(|error| {
            let summary = format!("Cannot synchronise the numbers of space {space}");
            context.diagnose(&error, &summary, &format!("space {space}"), CUST_SPACE_ID)
        })?;
        let numbers = response.body.phone_numbers.iter();
        let mut numbers: Vec<String> = numbers
            .map(|number| {
                let status = number.status.as_deref().unwrap_or("no status");
                format!("{} ({status})", number.phone_number)
            })
            .collect();
        numbers.sort();
        let shown = match numbers.as_slice() {
            [] => "no phone numbers".to_owned(),
            numbers => numbers.join(", "),
        };
        let message = format!("Space {space} has {shown}.");
        progress.report(message).await;
        Ok(())
    }
}

/// Has a verification code sent to the person who owns a number.
pub(crate) struct RequestVerificationCode;

/// The arguments of [`RequestVerificationCode`].
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct RequestConfig {
    cust_space_id: Field<String>,
    phone_number: Field<String>,
    locale: Field<String>,
    method: Field<String>,
}

#[async_trait]
impl CamsAction for RequestVerificationCode {
    type Config = RequestConfig;

    const TYPE: &'static str = "alicloud_cams_request_verification_code";
    const TIMEOUT: &'static str = "2m";
    const RAM_ACTIONS: &'static [&'static str] = &[
        "cams:GetPhoneNumberVerificationStatus",
        "cams:GetChatappVerifyCode",
    ];

    fn block(&self) -> Block {
        Block::new(
            "Has a verification code sent to the person who owns a phone number, by text message or call. It reaches a person and may \
             cost money, and Meta limits the attempts: run it by hand (`terraform apply -invoke=…`), not by a trigger. Nothing is sent \
             if the number is verified. Give the code to `alicloud_cams_verify_phone_number`.",
        )
        .attribute(space::argument())
        .attribute(phone_number::argument())
        .attribute(
            Attribute::required("locale", Type::String)
                .describe("Language of the message, for example `en_US`.")
                .validate(not_empty()),
        )
        .attribute(
            Attribute::required("method", Type::String)
                .describe("How the code is sent: `sms`. The service documents no word for a call; others write `voice`.")
                .validate(not_empty()),
        )
    }

    async fn invoke(
        &self,
        context: &Context<'_>,
        config: RequestConfig,
        progress: &mut dyn Progress,
    ) -> Result<(), Diagnostics> {
        let text = |field: Field<String>| field.into_option().unwrap_or_default();
        let (space, number) = (text(config.cust_space_id), text(config.phone_number));
        let subject = format!("phone number {number} of space {space}");
        let found = verification(context, &space, &number).await;
        let found = found.map_err(|error| {
            let summary = format!("Cannot read the verification of {number}");
            context.diagnose(&error, &summary, &subject, PHONE_NUMBER)
        })?;
        if is_verified(&found) {
            let message = format!("Phone number {number} is verified already. No code was sent.");
            progress.report(message).await;
            return Ok(());
        }
        let (locale, method) = (text(config.locale), text(config.method));
        let action = GetChatappVerifyCode {
            cust_space_id: &space,
            phone_number: &number,
            locale: &locale,
            method: &method,
        };
        match context.operation.call(&action).await {
            Ok(_) => {
                let message = format!(
                    "The service has sent a code to {number}. Give it to the action alicloud_cams_verify_phone_number."
                );
                progress.report(message).await;
                Ok(())
            }
            Err(error) if error.outcome_unknown() => Err(Diagnostic::error(
                format!("It is unknown whether a code was sent to {number}"),
                format!(
                    "{}\n\n1. Ask the person who owns the number whether a code \
                     arrived.\n2. If not, wait some minutes, and invoke the action again. Meta limits the \
                     attempts.\n\n{}",
                    what_was_lost(&error),
                    facts_of_unknown_outcome(&error)
                ),
            )
            .at(AttributePath::attribute(PHONE_NUMBER))
            .into()),
            Err(error) => {
                let summary = format!("Cannot have a code sent to {number}");
                Err(context
                    .diagnose(&error, &summary, &subject, PHONE_NUMBER)
                    .into())
            }
        }
    }
}

/// Takes the code that a person has received, and registers the number.
pub(crate) struct VerifyPhoneNumber;

/// The arguments of [`VerifyPhoneNumber`].
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct VerifyConfig {
    cust_space_id: Field<String>,
    phone_number: Field<String>,
    verify_code: Field<String>,
}

#[async_trait]
impl CamsAction for VerifyPhoneNumber {
    type Config = VerifyConfig;

    const TYPE: &'static str = "alicloud_cams_verify_phone_number";
    const TIMEOUT: &'static str = "2m";
    const RAM_ACTIONS: &'static [&'static str] = &[
        "cams:ChatappVerifyAndRegister",
        "cams:GetPhoneNumberVerificationStatus",
    ];

    fn block(&self) -> Block {
        Block::new(
            "Verifies a phone number with the code that a person has received, and registers it. Run it by hand (`terraform apply \
             -invoke=…`) with the code in an `ephemeral` variable that is given by `-var`.",
        )
        .attribute(space::argument())
        .attribute(phone_number::argument())
        .attribute(verify_code())
    }

    async fn invoke(
        &self,
        context: &Context<'_>,
        config: VerifyConfig,
        progress: &mut dyn Progress,
    ) -> Result<(), Diagnostics> {
        let text = |field: Field<String>| field.into_option().unwrap_or_default();
        let (space, number) = (text(config.cust_space_id), text(config.phone_number));
        let verify_code = text(config.verify_code);
        let action = ChatappVerifyAndRegister {
            cust_space_id: &space,
            phone_number: &number,
            verify_code: &verify_code,
        };
        let result = context.operation.call(&action).await;
        phone_numbers::forget(context, &space);
        let Err(error) = result else {
            let message = format!("Phone number {number} is verified, and is being registered.");
            progress.report(message).await;
            return Ok(());
        };
        if !error.outcome_unknown() {
            let summary = format!("Cannot verify phone number {number}");
            let subject = format!("phone number {number} of space {space}");
            return Err(context
                .diagnose(&error, &summary, &subject, PHONE_NUMBER)
                .into());
        }
        // The code may be used up. Whether it was taken shows in the verification.
        if let Ok(found) = verification(context, &space, &number).await
            && is_verified(&found)
        {
            let message = format!(
                "The response was lost, but phone number {number} is verified. Run terraform apply to see whether it is registered."
            );
            progress.report(message).await;
            return Ok(());
        }
        Err(Diagnostic::error(
            format!("It is unknown whether {number} was verified"),
            format!(
                "{} The service does not show the number as verified.\n\nInvoke the action again with the same code. If the service refuses it, have a new code sent \
                 with `alicloud_cams_request_verification_code`.\n\n{}",
                what_was_lost(&error),
                facts_of_unknown_outcome(&error)
            ),
        )
        .at(AttributePath::attribute(PHONE_NUMBER))
        .into())
    }
}

fn verify_code() -> Attribute {
    Attribute::required("verify_code", Type::String)
        .describe("The code, without blanks or hyphens. May come from an `ephemeral` variable.")
        .sensitive()
        .write_only()
        .validate(Validator::text(|text| {
            // The message must not contain the code itself.
            let is_code = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if is_code {
                return Ok(());
            }
            Err("must be the code that was received, without blanks or hyphens".to_owned())
        }))
}

fn not_empty() -> Validator {
    Validator::text(|text| {
        if text.trim().is_empty() {
            Err("must not be empty".to_owned())
        } else {
            Ok(())
        }
    })
}
