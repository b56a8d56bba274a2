//! Registering a number, and waiting until it is.

use std::time::Duration;

use alicloud::{
    Error, Interrupt,
    cams::phone_number::{ChatappPhoneNumberRegister, PhoneNumber},
};
use framework::wait::{Pause, WaitPolicy, WaitResult};

use super::model::registered;
use crate::common::{Context, phone_numbers};

/// How long a `PENDING` number counts as being registered after it was asked for.
pub(super) const GRACE_SECONDS: i64 = 600;

/// Time that is left for the end of the operation.
const RESERVE: Duration = Duration::from_secs(2);

/// A number to register.
pub(super) struct Target<'a> {
    pub(super) cust_space_id: &'a str,
    pub(super) phone_number: &'a str,
    pub(super) isv_code: Option<&'a str>,
}

/// How a registration ended.
pub(super) enum Registration {
    /// The service shows this of the number now.
    Shown(PhoneNumber),
    /// The service took it, but does not show it in the time that there was. The last that was seen of the number.
    Pending(Option<PhoneNumber>),
    /// The service took it. Why it could not be looked at.
    Unseen(Error),
}

/// Registers a verified number. Meta allows ten registrations in 72 hours, so after an unclear outcome the list is read
/// first, and the call is retried once at most.
///
/// # Errors
/// If the service refused, or the outcome of both calls is unknown.
pub(super) async fn register(
    context: &Context<'_>,
    target: &Target<'_>,
) -> Result<Registration, Error> {
    if let Err(first) = send(context, target).await {
        if !first.outcome_unknown() {
            return Err(first);
        }
        match find_target(context, target).await {
            Ok(Some(number)) if is_settled(&number) => return Ok(Registration::Shown(number)),
            _ => send(context, target)
                .await
                .map_err(|second| second.after(&first))?,
        }
    }
    Ok(wait(context, target).await)
}

async fn send(context: &Context<'_>, target: &Target<'_>) -> Result<(), Error> {
    let action = ChatappPhoneNumberRegister {
        cust_space_id: target.cust_space_id,
        phone_number: target.phone_number,
    };
    let result = context.operation.call(&action).await;
    phone_numbers::forget(context, target.cust_space_id);
    result.map(|_| ())
}

async fn find_target(
    context: &Context<'_>,
    target: &Target<'_>,
) -> Result<Option<PhoneNumber>, Error> {
    phone_numbers::forget(context, target.cust_space_id);
    let Target {
        cust_space_id,
        phone_number,
        isv_code,
    } = target;
    phone_numbers::find_number(context, cust_space_id, *isv_code, phone_number).await
}

/// Whether nothing more is to be expected: it is registered, or in a state that no registration leads to.
fn is_settled(number: &PhoneNumber) -> bool {
    registered(number.status.as_deref()) != Some(false)
}

/// The change from `PENDING` to `CONNECTED` takes its time.
async fn wait(context: &Context<'_>, target: &Target<'_>) -> Registration {
    let operation = &context.operation;
    let limit = operation.remaining().saturating_sub(RESERVE);
    let policy = WaitPolicy {
        first_pause: Duration::from_secs(2),
        longest_pause: Duration::from_secs(10),
        limit,
    };
    let last = std::sync::Mutex::new(None);
    let result = policy
        .wait(
            || limit.saturating_sub(operation.remaining().saturating_sub(RESERVE)),
            async |pause| match operation.pause(pause).await {
                Err(Interrupt::Stopped) => Pause::Stopped,
                Ok(()) | Err(Interrupt::Deadline) => Pause::Over,
            },
            async || {
                let number = find_target(context, target).await?;
                let settled = number.clone().filter(is_settled);
                *last
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner) = number;
                Ok::<_, Error>(settled)
            },
        )
        .await;
    match result {
        WaitResult::Reached(number) => Registration::Shown(number),
        WaitResult::TimedOut | WaitResult::Stopped => {
            let last = last.into_inner();
            Registration::Pending(last.unwrap_or_else(std::sync::PoisonError::into_inner))
        }
        WaitResult::Failed(error) => Registration::Unseen(error),
    }
}
