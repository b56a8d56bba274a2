//! Whether the service is active, and the site of the account.

use alicloud::{
    Error, Operation,
    cams::service::{GetChatappOpenStatus, GetCustomerSite},
};

/// What the service says to an account that has not activated it.
const NOT_ACTIVE: &str = "Product.Unsubscript";

/// Whether the service is active for the account. Its page lists an error for an account without it, too.
pub(super) async fn open_status(operation: &Operation) -> Result<bool, Error> {
    match operation.call(&GetChatappOpenStatus {}).await {
        Ok(response) => Ok(response.body.open_status),
        Err(error) if error.code() == Some(NOT_ACTIVE) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The site of the account, `None` if the service does not say it.
pub(super) async fn site(operation: &Operation) -> Result<Option<String>, Error> {
    match operation.call(&GetCustomerSite {}).await {
        Ok(response) => Ok(response.body.site),
        Err(error) if error.code() == Some(NOT_ACTIVE) => Ok(None),
        Err(error) => Err(error),
    }
}
