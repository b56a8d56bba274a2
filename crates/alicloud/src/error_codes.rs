//! What error codes mean and what to do about them, as data.
//!
//! Here is the type, and the codes of the gateway, which every product shares (source: the vendor's page on common errors
//! of RPC style APIs). A product's own codes stand in its folder. Whether a call is retried is decided elsewhere, by the
//! table of the retry rules.

/// What is known of an error code.
#[derive(Debug, PartialEq, Eq)]
pub struct ErrorCode {
    /// The code, exactly as the service writes it.
    pub code: &'static str,
    /// What it means, as a fragment of a sentence.
    pub meaning: &'static str,
    /// What to do, in whole sentences; empty where the meaning says it all. `{key}` stands for the AccessKey in use,
    /// `{subject}` for the object of the call, `{host}` for the endpoint.
    pub advice: &'static str,
    /// What has to change before the same call can succeed.
    pub cause: ErrorCause,
}

/// What has to change before a call can succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCause {
    /// The permissions of the caller, whatever the object.
    Permission,
    /// The permissions of the caller, in general or for this object.
    ObjectPermission,
    /// The account: its service, payment or verification.
    Account,
    /// The AccessKey, its secret or its token.
    Credentials,
    /// The object that the call is about.
    Object,
    /// A value in the request.
    Value,
    /// The endpoint, the clock, or what stands between client and service.
    Connection,
    /// The rate of calls, which passes by itself.
    Rate,
    /// Nothing: the service failed, for no fault of the request.
    Service,
}

impl ErrorCode {
    /// The codes of the gateway, which every product shares.
    pub const GATEWAY: &'static [ErrorCode] = GATEWAY;

    /// Whether the same call fails again until somebody changes something.
    pub fn is_final(&self) -> bool {
        !matches!(self.cause, ErrorCause::Rate | ErrorCause::Service)
            && self.code != "SignatureNonceUsed"
    }

    /// The code in a table of a product or, if it is not there, in that of the gateway.
    pub(crate) fn find(product: &'static [ErrorCode], code: &str) -> Option<&'static ErrorCode> {
        let tables = product.iter().chain(GATEWAY);
        tables.into_iter().find(|known| known.code == code)
    }
}

/// Shorthand for a row.
pub(crate) const fn row(
    code: &'static str,
    cause: ErrorCause,
    meaning: &'static str,
    advice: &'static str,
) -> ErrorCode {
    ErrorCode {
        code,
        meaning,
        advice,
        cause,
    }
}

const UNKNOWN_KEY: &str = "Check the AccessKey ID {key} for typing errors, and whether it belongs to the other site: keys \
     of the China site (aliyun.com) and of the international site (alibabacloud.com) differ. A key that begins with \
     `STS.` has expired or lacks its security token.";
const CLOCK: &str = "Set the clock of this machine, for example with NTP, and try again.";
const TOKEN_MISMATCH: &str = "The security token does not belong to the AccessKey {key}. Set AccessKey ID, secret and \
     token together, from the same response of the Security Token Service.";
const WRONG_API: &str = "{host} does not serve this API. Check the region and the endpoint.";
const CHANGED_REQUEST: &str = "The request is not what the service expects. If a proxy changes requests, bypass it. \
     Otherwise report this to the developers of this program.";

const LATER: &str = "Run the command again in a few minutes. If it happens again, give the request ID to Alibaba Cloud \
     support.";

/// The codes of the gateway.
const GATEWAY: &[ErrorCode] = {
    use ErrorCause::{Account, Connection, Credentials, Permission, Rate, Service, Value};
    &[
        row(
            "Forbidden.RAM",
            Permission,
            "the caller lacks a RAM action",
            "",
        ),
        row(
            "NoPermission",
            Permission,
            "the caller lacks a RAM action",
            "",
        ),
        row("Forbidden", Permission, "the caller lacks a RAM action", ""),
        row(
            "ActionUnauthorized",
            Permission,
            "the caller lacks a RAM action",
            "",
        ),
        row(
            "InvalidAccessKeyId.NotFound",
            Credentials,
            "there is no such AccessKey",
            UNKNOWN_KEY,
        ),
        row(
            "InvalidAccessKeyId",
            Credentials,
            "there is no such AccessKey",
            UNKNOWN_KEY,
        ),
        row(
            "InvalidAccessKeyId.Inactive",
            Credentials,
            "the AccessKey is disabled",
            "The AccessKey {key} is disabled. Enable it in the RAM console, or use another one.",
        ),
        row(
            "SignatureDoesNotMatch",
            Credentials,
            "the signature is wrong",
            "The secret does not belong to the AccessKey {key}. Copy the AccessKey secret again, without blanks or \
             line breaks around it.",
        ),
        row(
            "InvalidTimeStamp.Expired",
            Connection,
            "the clock is more than 15 minutes off",
            CLOCK,
        ),
        row(
            "InvalidTimeStamp.Format",
            Connection,
            "the clock is more than 15 minutes off",
            CLOCK,
        ),
        row(
            "IllegalTimestamp",
            Connection,
            "the clock is more than 15 minutes off",
            CLOCK,
        ),
        row(
            "InvalidSecurityToken.Expired",
            Credentials,
            "the security token has expired",
            "Get new temporary credentials, and set AccessKey ID, secret and token together.",
        ),
        row(
            "InvalidSecurityToken.Malformed",
            Credentials,
            "the security token is wrong",
            TOKEN_MISMATCH,
        ),
        row(
            "InvalidSecurityToken.MismatchWithAccessKey",
            Credentials,
            "the security token belongs to another AccessKey",
            TOKEN_MISMATCH,
        ),
        row(
            "MissingSecurityToken",
            Credentials,
            "the security token is missing",
            TOKEN_MISMATCH,
        ),
        row(
            "Forbidden.RiskControl",
            Account,
            "the account is under risk control",
            "Only Alibaba Cloud support can lift that.",
        ),
        row(
            "Forbidden.UserVerification",
            Account,
            "the account is not verified",
            "Complete the enterprise verification in the account center.",
        ),
        row(
            "InsufficientBalance",
            Account,
            "the balance of the account is too low",
            "Top it up, and try again.",
        ),
        row(
            "InvalidVersion",
            Connection,
            "the endpoint does not serve this API version",
            WRONG_API,
        ),
        row(
            "NoSuchVersion",
            Connection,
            "the endpoint does not serve this API version",
            WRONG_API,
        ),
        row(
            "InvalidAction.NotFound",
            Connection,
            "the endpoint does not serve this action",
            WRONG_API,
        ),
        row(
            "InvalidApi.NotFound",
            Connection,
            "the endpoint does not serve this action",
            WRONG_API,
        ),
        row(
            "InvalidAction",
            Connection,
            "the endpoint does not serve this action",
            WRONG_API,
        ),
        row(
            "InvalidProduct.NotFound",
            Connection,
            "the endpoint does not serve this product",
            WRONG_API,
        ),
        row(
            "InvalidProtocol.NeedSsl",
            Connection,
            "the endpoint accepts HTTPS only",
            "Use HTTPS.",
        ),
        row(
            "SignatureNonceUsed",
            Connection,
            "the request arrived twice",
            "Something between this machine and the service sends requests twice, perhaps a proxy. Try again. If it \
             happens again, bypass it.",
        ),
        row(
            "IncompleteSignature",
            Connection,
            "the signature is incomplete",
            CHANGED_REQUEST,
        ),
        row(
            "InvalidSignatureMethod",
            Connection,
            "the signature method is unknown",
            CHANGED_REQUEST,
        ),
        row(
            "UnsupportedHTTPMethod",
            Connection,
            "the HTTP method is not accepted",
            CHANGED_REQUEST,
        ),
        row(
            "MissingParameter",
            Value,
            "a parameter is missing",
            CHANGED_REQUEST,
        ),
        row("InternalError", Service, "the service failed", LATER),
        row(
            "ServiceUnavailable",
            Service,
            "the service is not available",
            LATER,
        ),
        row("Throttling", Rate, "flow control", ""),
        row("Throttling.User", Rate, "flow control of the account", ""),
        row("Throttling.Api", Rate, "flow control of the action", ""),
    ]
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{ErrorCause, ErrorCode, GATEWAY};
    use crate::CAMS;

    #[test]
    fn each_code_has_one_row() {
        let codes = GATEWAY.iter().chain(CAMS.error_codes).map(|row| row.code);
        let all: Vec<_> = codes.collect();
        let distinct: BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn advice_has_known_placeholders_only() {
        for row in GATEWAY.iter().chain(CAMS.error_codes) {
            let mut rest = row.advice;
            for placeholder in ["{key}", "{subject}", "{host}"] {
                assert!(!row.meaning.contains(placeholder), "{}", row.code);
            }
            while let Some(at) = rest.find('{') {
                let end = rest[at..]
                    .find('}')
                    .map(|end| at + end + 1)
                    .expect("closed");
                assert!(
                    ["{key}", "{subject}", "{host}"].contains(&&rest[at..end]),
                    "{}",
                    row.code
                );
                rest = &rest[end..];
            }
        }
    }

    #[test]
    fn codes_are_found_exactly() {
        let check = |code: &str, expected: Option<ErrorCause>| {
            let found = ErrorCode::find(CAMS.error_codes, code).map(|known| known.cause);
            assert_eq!(found, expected, "{code}");
        };
        check("Product.Unsubscript", Some(ErrorCause::Account));
        check("InvalidAccessKeyId.NotFound", Some(ErrorCause::Credentials));
        check("System.LimitControl", Some(ErrorCause::Rate));
        check("DetailError.TemplateNotExist", Some(ErrorCause::Object));
        check("product.unsubscript", None);
        check("InvalidAccessKeyId.Other", None);
        assert!(ErrorCode::find(&[], "Product.Unsubscript").is_none());
    }
}
