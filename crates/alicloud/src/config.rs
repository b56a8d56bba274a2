//! Everything a client needs to know, resolved: no defaults from an environment, no files, no network.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::credentials::CredentialsSource;
use super::endpoint::{Endpoint, EndpointError, Protocol};
use super::http::Proxies;
use super::product::{PerProduct, Product};
use super::signature::SignatureVersion;

/// The configuration of a [`Client`](super::Client).
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// The region ID that forms hosts, such as `ap-southeast-1`.
    pub region: String,
    /// Endpoints that are set by hand; they win over the region.
    pub endpoints: PerProduct<Endpoint>,
    /// The transport of endpoints formed by rule.
    pub protocol: Protocol,
    /// Which servers are reached through a proxy.
    pub proxies: Proxies,
    /// How long establishing a connection may take, name resolution and TLS included. At most nine tenths of
    /// `read_timeout` are used, so that an unreachable host is distinguished from a silent one.
    pub connect_timeout: Duration,
    /// How long one attempt may take, from its start to the last byte of the response.
    pub read_timeout: Duration,
    /// How long one operation may spend on retries. `None`: until its deadline.
    pub max_retry_timeout: Option<Duration>,
    /// Calls a second of each action for each account, in place of the documented limits.
    pub requests_per_second: Option<NonZeroU32>,
    /// The whole `User-Agent`. Characters that no header may carry are dropped.
    pub user_agent: String,
    /// The signature of each product; V1 where nothing is set.
    pub signature: PerProduct<SignatureVersion>,
    /// Where credentials come from.
    pub credentials: Arc<dyn CredentialsSource>,
}

impl ClientConfig {
    /// The default of both timeouts.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

    /// ClientConfig with the defaults for everything else.
    pub fn new(region: impl Into<String>, credentials: Arc<dyn CredentialsSource>) -> ClientConfig {
        ClientConfig {
            region: region.into(),
            endpoints: PerProduct::default(),
            protocol: Protocol::default(),
            proxies: Proxies::default(),
            connect_timeout: ClientConfig::DEFAULT_TIMEOUT,
            read_timeout: ClientConfig::DEFAULT_TIMEOUT,
            max_retry_timeout: None,
            requests_per_second: None,
            user_agent: format!("terraform-provider-alicloud/{}", env!("CARGO_PKG_VERSION")),
            signature: PerProduct::default(),
            credentials,
        }
    }

    /// Where `product` is called: the endpoint set by hand, else the one of the region.
    ///
    /// # Errors
    ///
    /// If the region cannot be part of a host name.
    pub fn endpoint(&self, product: &Product) -> Result<Endpoint, EndpointError> {
        match self.endpoints.of(product) {
            Some(endpoint) => Ok(endpoint.clone()),
            None => Endpoint::by_rule(product, &self.region, self.protocol),
        }
    }

    /// How requests to `product` are signed.
    pub fn signature_version(&self, product: &Product) -> SignatureVersion {
        self.signature.of(product).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::ClientConfig;
    use crate::credentials::NoCredentials;
    use crate::endpoint::{Endpoint, Protocol};
    use crate::product::{CAMS, STS};
    use crate::signature::SignatureVersion;

    #[test]
    fn an_endpoint_set_by_hand_wins() {
        let mut config =
            ClientConfig::new("eu-central-1", Arc::new(NoCredentials::because("none")));
        let by_hand = Endpoint::parse("cams.example.com", Protocol::Https).expect("an endpoint");
        config.endpoints = config.endpoints.with(&CAMS, by_hand);
        config.signature = config.signature.with(&CAMS, SignatureVersion::V3);
        let host = |product| config.endpoint(product).expect("an endpoint").host();
        assert_eq!(host(&CAMS), "cams.example.com");
        assert_eq!(host(&STS), "sts.eu-central-1.aliyuncs.com");
        assert_eq!(config.signature_version(&CAMS), SignatureVersion::V3);
        assert_eq!(config.signature_version(&STS), SignatureVersion::V1);
    }
}
