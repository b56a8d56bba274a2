//! Whether somebody has proved that a number is theirs.

use alicloud::{
    Error,
    cams::phone_number::{
        GetPhoneNumberVerificationStatus, GetPhoneNumberVerificationStatusResponse,
    },
};

use crate::common::Context;

/// What the service calls a number whose proof counts.
pub(super) const VERIFIED: &str = "VERIFIED";

/// Asks Meta, through the service.
pub(super) async fn verification(
    context: &Context<'_>,
    cust_space_id: &str,
    phone_number: &str,
) -> Result<GetPhoneNumberVerificationStatusResponse, Error> {
    let action = GetPhoneNumberVerificationStatus {
        cust_space_id,
        phone_number,
    };
    Ok(context.operation.call(&action).await?.body)
}

/// Whether the word says so. Every other word, also none, does not.
pub(super) fn is_verified(response: &GetPhoneNumberVerificationStatusResponse) -> bool {
    let status = response.code_verification_status.as_deref();
    status.is_some_and(|status| status.eq_ignore_ascii_case(VERIFIED))
}
