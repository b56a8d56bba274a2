//! Security Token Service (API 2015-04-01): its hosts, and the three actions that credentials are made with.
//!
//! Source: the API reference of STS and its list of endpoints.

use serde::{Deserialize, Serialize};

use super::action::{Action, Authentication, Placement};
use super::credentials::Document;
use super::endpoint::{Endpoint, EndpointError, Protocol};
use super::error::Error;
use super::operation::Operation;
use super::product::{Product, STS};

/// Which host of STS is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StsHost {
    /// The region ID, such as `ap-southeast-1`.
    pub region: String,
    /// Whether to use the host that is reached from within a VPC.
    pub vpc: bool,
}

/// Regions without a host of their own; the list of endpoints maps them to the central one.
const CENTRAL: [&str; 4] = [
    "cn-hangzhou-finance",
    "cn-shenzhen-finance-1",
    "ap-south-1",
    "ap-southeast-2",
];

impl StsHost {
    /// `sts.<region>.aliyuncs.com`, in a VPC `sts-vpc.<region>.aliyuncs.com`. Always HTTPS: STS serves nothing else.
    ///
    /// # Errors
    ///
    /// If the region cannot be part of a host name.
    pub fn endpoint(&self) -> Result<Endpoint, EndpointError> {
        let by_rule = Endpoint::by_rule(&STS, &self.region, Protocol::Https)?;
        if self.vpc {
            let host = format!("sts-vpc.{}.aliyuncs.com", self.region);
            return Endpoint::parse(&host, Protocol::Https);
        }
        if CENTRAL.contains(&self.region.as_str()) {
            return Endpoint::parse("sts.aliyuncs.com", Protocol::Https);
        }
        Ok(by_rule)
    }
}

/// `AssumeRole`: credentials of a role, for a caller whom the role trusts.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AssumeRole<'a> {
    pub(super) role_arn: &'a str,
    pub(super) role_session_name: &'a str,
    pub(super) duration_seconds: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) policy: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) external_id: Option<&'a str>,
}

impl Action for AssumeRole<'_> {
    const NAME: &'static str = "AssumeRole";
    const PRODUCT: &'static Product = &STS;
    const CALLS_PER_SECOND: u32 = 100;
    // A session that nobody uses does no harm.
    const IDEMPOTENT: bool = true;
    const SENSITIVE: &'static [&'static str] = &["ExternalId"];
    const SECRET_RESPONSE: bool = true;
    type Response = AssumeRoleResponse;
}

/// `AssumeRoleWithOIDC`: credentials of a role, for a token of an OIDC provider that the role trusts. Unsigned. The token
/// travels in the body, so that it stands in no URL.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AssumeRoleWithOidc<'a> {
    #[serde(rename = "OIDCProviderArn")]
    pub(super) oidc_provider_arn: &'a str,
    pub(super) role_arn: &'a str,
    #[serde(rename = "OIDCToken")]
    pub(super) oidc_token: &'a str,
    pub(super) role_session_name: &'a str,
    pub(super) duration_seconds: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) policy: Option<&'a str>,
}

impl Action for AssumeRoleWithOidc<'_> {
    const NAME: &'static str = "AssumeRoleWithOIDC";
    const PRODUCT: &'static Product = &STS;
    const CALLS_PER_SECOND: u32 = 100;
    const IDEMPOTENT: bool = true;
    const PLACEMENT: Placement = Placement::Form;
    const AUTHENTICATION: Authentication = Authentication::Anonymous;
    const SENSITIVE: &'static [&'static str] = &["OIDCToken"];
    const SECRET_RESPONSE: bool = true;
    type Response = AssumeRoleResponse;
}

/// The response of both.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AssumeRoleResponse {
    /// `AccessKeyId`, `AccessKeySecret`, `SecurityToken`, `Expiration`.
    #[serde(default)]
    pub(super) credentials: Document,
}

/// `GetCallerIdentity`: whose credentials these are. Needs no permission.
#[derive(Serialize)]
struct GetCallerIdentity {}

impl Action for GetCallerIdentity {
    const NAME: &'static str = "GetCallerIdentity";
    const PRODUCT: &'static Product = &STS;
    const CALLS_PER_SECOND: u32 = 100;
    const IDEMPOTENT: bool = true;
    type Response = CallerIdentity;
}

/// Who calls.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CallerIdentity {
    /// The account ID, decimal digits.
    pub(super) account_id: Option<String>,
    /// Such as `acs:ram::1000000000000001:user/terraform`.
    pub(super) arn: Option<String>,
}

impl CallerIdentity {
    /// Asks whose credentials an operation uses: one call, which needs no permission.
    pub(super) async fn of(operation: &Operation) -> Result<CallerIdentity, Error> {
        let response = operation.call(&GetCallerIdentity {}).await?;
        Ok(response.body)
    }
}

#[cfg(test)]
mod tests {
    use super::StsHost;

    #[test]
    fn hosts() {
        let check = |region: &str, vpc: bool, expected: &str| {
            let host = StsHost {
                region: region.to_owned(),
                vpc,
            };
            let found = host.endpoint().map(|endpoint| endpoint.to_string());
            assert_eq!(found.unwrap_or_default(), expected, "{region} {vpc}");
        };
        check(
            "ap-southeast-1",
            false,
            "https://sts.ap-southeast-1.aliyuncs.com",
        );
        check(
            "eu-central-1",
            true,
            "https://sts-vpc.eu-central-1.aliyuncs.com",
        );
        check("ap-south-1", false, "https://sts.aliyuncs.com");
        check("cn-shenzhen-finance-1", false, "https://sts.aliyuncs.com");
        check(
            "cn-shenzhen-finance-1",
            true,
            "https://sts-vpc.cn-shenzhen-finance-1.aliyuncs.com",
        );
        check("No Region", false, "");
    }
}
