//! One list of the phone numbers of a space for all that read it.
//!
//! `QueryChatappPhoneNumbers` returns all numbers of a space with their webhooks. All that a plan or an apply reads of a space
//! shares one call, until something is written to the space.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use alicloud::{
    Error, ErrorCause,
    cams::phone_number::{ChatappSyncPhoneNumber, PhoneNumber, QueryChatappPhoneNumbers},
};
use framework::Diagnostic;
use tokio::sync::OnceCell;

use super::{
    Context,
    space::{CUST_SPACE_ID, check_bound},
};

/// The space and the ISV code that its list was read with.
type ListKey = (String, Option<String>);

/// A list, once somebody has read it.
type ListCell = Arc<OnceCell<Arc<[PhoneNumber]>>>;

/// The lists of one account that this run has read.
#[derive(Default)]
struct Lists {
    lists: Mutex<BTreeMap<ListKey, ListCell>>,
    synced: Mutex<BTreeMap<String, Arc<OnceCell<()>>>>,
}

/// All numbers of a space. The first one to ask makes the call, and everybody else gets its result. Failures are not kept.
///
/// # Errors
/// If the list could not be read.
pub(crate) async fn list(
    context: &Context<'_>,
    cust_space_id: &str,
    isv_code: Option<&str>,
) -> Result<Arc<[PhoneNumber]>, Error> {
    let shared = context.shared::<Lists>();
    let cell = {
        let mut lists = lock(&shared.lists);
        let key = (cust_space_id.to_owned(), isv_code.map(str::to_owned));
        Arc::clone(lists.entry(key).or_default())
    };
    let numbers = cell
        .get_or_try_init(async || {
            let action = QueryChatappPhoneNumbers {
                cust_space_id,
                isv_code,
            };
            let response = context.operation.call(&action).await?;
            Ok::<_, Error>(Arc::from(response.body.phone_numbers))
        })
        .await?;
    Ok(Arc::clone(numbers))
}

/// One number of a space, `None` if the list does not have it.
///
/// # Errors
/// If the list could not be read.
pub(crate) async fn find_number(
    context: &Context<'_>,
    cust_space_id: &str,
    isv_code: Option<&str>,
    phone_number: &str,
) -> Result<Option<PhoneNumber>, Error> {
    let numbers = list(context, cust_space_id, isv_code).await?;
    let found = numbers
        .iter()
        .find(|number| number.phone_number == phone_number);
    Ok(found.cloned())
}

/// The same for a resource: an error is ready for the user.
///
/// # Errors
/// If the list could not be read.
pub(crate) async fn find_or_diagnose(
    context: &Context<'_>,
    cust_space_id: &str,
    isv_code: Option<&str>,
    phone_number: &str,
) -> Result<Option<PhoneNumber>, Diagnostic> {
    let found = find_number(context, cust_space_id, isv_code, phone_number).await;
    found.map_err(|error| not_listed(context, &error, cust_space_id))
}

/// The diagnostic for a list of numbers that could not be read.
pub(crate) fn not_listed(context: &Context<'_>, error: &Error, cust_space_id: &str) -> Diagnostic {
    let summary = format!("Cannot read the phone numbers of space {cust_space_id}");
    let subject = format!("space {cust_space_id}");
    context.diagnose(error, &summary, &subject, CUST_SPACE_ID)
}

/// Whether the service refused a call because the number is not there any more. The code for a wrong number does not say so by
/// itself, but with a list that does not have the number it does. `name` is what belongs to the number.
///
/// # Errors
/// If the space has no WABA, so that nothing is known of the number.
pub(crate) async fn refused_without_number(
    context: &Context<'_>,
    error: &Error,
    cust_space_id: &str,
    phone_number: &str,
    name: &str,
) -> Result<bool, Diagnostic> {
    let known = error.known_code();
    if !known.is_some_and(|known| known.cause == ErrorCause::Value) {
        return Ok(false);
    }
    match find_number(context, cust_space_id, None, phone_number).await {
        Ok(None) => check_bound(context, cust_space_id, None, name).await?,
        // A list that cannot be read says nothing. The first error is what the user has to know.
        Ok(Some(_)) | Err(_) => return Ok(false),
    }
    Ok(true)
}

/// How it is known that what belongs to a number is gone.
pub(crate) fn not_shown(cust_space_id: &str, phone_number: &str) -> String {
    format!("The service does not show phone number {phone_number} in space {cust_space_id}.")
}

/// Forgets what was read of a space. Call it after every write to the space, also after one that failed.
pub(crate) fn forget(context: &Context<'_>, cust_space_id: &str) {
    let shared = context.shared::<Lists>();
    lock(&shared.lists).retain(|(space, _), _| space != cust_space_id);
}

/// Reads a number after a write until it is as expected, for a short while, and gives the last that was seen of it.
///
/// # Errors
/// If the list could not be read.
pub(crate) async fn look_up_fresh(
    context: &Context<'_>,
    cust_space_id: &str,
    isv_code: Option<&str>,
    phone_number: &str,
    is_expected: impl Fn(&PhoneNumber) -> bool,
) -> Result<Option<PhoneNumber>, Error> {
    let mut seen = None;
    let mut looks = context.looks_after_write();
    while let Ok(true) = looks.next().await {
        forget(context, cust_space_id);
        seen = find_number(context, cust_space_id, isv_code, phone_number).await?;
        if seen.as_ref().is_some_and(&is_expected) {
            break;
        }
    }
    Ok(seen)
}

/// Copies the numbers of a space from Meta, once in a run however many ask for it.
///
/// # Errors
/// If the call failed.
pub(crate) async fn sync_once(context: &Context<'_>, cust_space_id: &str) -> Result<(), Error> {
    let shared = context.shared::<Lists>();
    let cell = Arc::clone(
        lock(&shared.synced)
            .entry(cust_space_id.to_owned())
            .or_default(),
    );
    cell.get_or_try_init(|| sync(context, cust_space_id))
        .await
        .copied()
}

/// Copies the numbers of a space from Meta.
///
/// # Errors
/// If the call failed.
pub(crate) async fn sync(context: &Context<'_>, cust_space_id: &str) -> Result<(), Error> {
    let result = context
        .operation
        .call(&ChatappSyncPhoneNumber { cust_space_id })
        .await;
    forget(context, cust_space_id);
    result.map(|_| ())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Only whole entries are added and removed, so a poisoned map is still whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
