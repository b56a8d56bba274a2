//! The service itself: whether the account has activated it, and the site of the account.

use serde::{Deserialize, Serialize};

use crate::json::{Fields, UnexpectedResponse};
use crate::{Action, CAMS, Product};

/// Activates the service for the account. There is no operation that deactivates it.
#[derive(Debug, Serialize)]
pub struct OpenChatappService {}

/// Asks whether the service is active for the account.
#[derive(Debug, Serialize)]
pub struct GetChatappOpenStatus {}

/// Whether the service is active.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Fields")]
pub struct OpenStatus {
    /// Whether it is.
    pub open_status: bool,
}

impl TryFrom<Fields> for OpenStatus {
    type Error = UnexpectedResponse;

    fn try_from(body: Fields) -> Result<Self, UnexpectedResponse> {
        let open_status = body.flag("OpenStatus");
        let open_status = open_status.ok_or_else(|| body.lacks("OpenStatus"))?;
        Ok(Self { open_status })
    }
}

/// The response of an activation, of which nothing is needed: the status is asked for afterwards.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub struct OpenChatappServiceResponse {}

impl Action for OpenChatappService {
    const NAME: &'static str = "OpenChatappService";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 5;
    // An account that has the service does not get it twice.
    const IDEMPOTENT: bool = true;
    type Response = OpenChatappServiceResponse;
}

impl Action for GetChatappOpenStatus {
    const NAME: &'static str = "GetChatappOpenStatus";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 5;
    const IDEMPOTENT: bool = true;
    type Response = OpenStatus;
}

/// Asks for the site of the account.
#[derive(Debug, Serialize)]
pub struct GetCustomerSite {}

/// The site.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(from = "Fields")]
pub struct GetCustomerSiteResponse {
    /// As the service spells it; `cn` is the China site.
    pub site: Option<String>,
}

impl From<Fields> for GetCustomerSiteResponse {
    fn from(body: Fields) -> Self {
        let site = body.text("Data").filter(|site| !site.is_empty());
        Self { site }
    }
}

impl Action for GetCustomerSite {
    const NAME: &'static str = "GetCustomerSite";
    const PRODUCT: &'static Product = &CAMS;
    const CALLS_PER_SECOND: u32 = 5;
    const IDEMPOTENT: bool = true;
    type Response = GetCustomerSiteResponse;
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{GetCustomerSiteResponse, OpenStatus};

    #[test]
    fn a_status_is_a_truth() {
        let check = |body: Value, expected: Result<bool, &str>| {
            let found = serde_json::from_value::<OpenStatus>(body.clone());
            let found = found.map(|found| found.open_status);
            let found = found.map_err(|error| error.to_string());
            assert_eq!(found, expected.map_err(str::to_owned), "{body}");
        };
        check(json!({"OpenStatus": true}), Ok(true));
        check(json!({"OpenStatus": "false"}), Ok(false));
        check(json!({}), Err("it has no `OpenStatus`"));
        check(json!({"OpenStatus": 3}), Err("it has no `OpenStatus`"));
    }

    #[test]
    fn a_site_may_be_missing() {
        let check = |body: Value, expected: Option<&str>| {
            let found = serde_json::from_value::<GetCustomerSiteResponse>(body.clone());
            assert_eq!(
                found.expect("a response").site.as_deref(),
                expected,
                "{body}"
            );
        };
        check(json!({"Data": "cn"}), Some("cn"));
        check(json!({"Data": ""}), None);
        check(json!({}), None);
    }
}
