//! The products that this client can call: code, API version, endpoint rule and response envelope, one constant each.

use std::collections::BTreeMap;

use super::cams::error_codes::ERROR_CODES;
use super::error_codes::ErrorCode;

/// One product of Alibaba Cloud, as its RPC style API sees it.
#[derive(Debug, PartialEq, Eq)]
pub struct Product {
    /// The product code; also the first label of its host names.
    pub code: &'static str,
    /// The API version, a date such as `2020-06-06`.
    pub version: &'static str,
    /// The one public host that the product documents, where there is only one. Hosts of other regions are formed by
    /// rule and may not exist.
    pub only_documented_host: Option<&'static str>,
    /// How a successful response is distinguished from a failed one.
    pub envelope: Envelope,
    /// The error codes of its own.
    pub error_codes: &'static [ErrorCode],
}

/// How the body of a response says that the call succeeded. The HTTP status must be 2xx in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Envelope {
    /// `Code` must be there and equal `OK`, in any case. `Message`, `Success` and `AccessDeniedDetail` are no signals:
    /// documented samples of successful calls carry contradicting values in all three.
    CodeOk,
    /// `Code` may be left out; if it is there, it equals `OK`, in any case.
    CodeOkOrAbsent,
    /// There is no `Code` in a successful response.
    NoCode,
}

/// Chat App Message Service. Its endpoint page lists Singapore alone.
pub const CAMS: Product = Product {
    code: "cams",
    version: "2020-06-06",
    only_documented_host: Some("cams.ap-southeast-1.aliyuncs.com"),
    envelope: Envelope::CodeOk,
    error_codes: ERROR_CODES,
};

/// Security Token Service.
pub const STS: Product = Product {
    code: "sts",
    version: "2015-04-01",
    only_documented_host: None,
    envelope: Envelope::NoCode,
    error_codes: &[],
};

impl Product {
    /// The public host of a region: `<code>.<region>.aliyuncs.com`.
    pub fn host_in(&self, region: &str) -> String {
        format!("{}.{region}.aliyuncs.com", self.code)
    }
}

/// A setting that may differ between products. A product without a value of its own has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerProduct<T>(BTreeMap<&'static str, T>);

impl<T> PerProduct<T> {
    /// The same setting, with `value` for `product`.
    pub fn with(mut self, product: &Product, value: T) -> PerProduct<T> {
        self.0.insert(product.code, value);
        self
    }

    /// The value set for `product`.
    pub fn of(&self, product: &Product) -> Option<&T> {
        self.0.get(product.code)
    }
}

impl<T> Default for PerProduct<T> {
    fn default() -> PerProduct<T> {
        PerProduct(BTreeMap::new())
    }
}

#[cfg(test)]
mod tests {
    use super::{CAMS, PerProduct, STS};

    #[test]
    fn hosts_by_rule() {
        assert_eq!(
            CAMS.host_in("ap-southeast-1"),
            CAMS.only_documented_host.expect("CAMS documents one host")
        );
        assert_eq!(STS.host_in("eu-central-1"), "sts.eu-central-1.aliyuncs.com");
    }

    #[test]
    fn values_per_product_are_separate() {
        let setting = PerProduct::default().with(&CAMS, 1).with(&CAMS, 2);
        assert_eq!(setting.of(&CAMS), Some(&2));
        assert_eq!(setting.of(&STS), None);
    }
}
