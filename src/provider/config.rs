//! The provider block and the environment become a client configuration.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use super::arguments::{
    ACCOUNT_TYPE, Argument, CLIENT_CONNECT_TIMEOUT, CLIENT_READ_TIMEOUT, CONFIGURATION_SOURCE,
    FEATURES, MAX_RETRY_TIMEOUT, PRODUCTS, PROTOCOL, ProductArguments, REGION, REQUESTS_PER_SECOND,
    SIGN_VERSION, SIGN_VERSIONS_WITHOUT_EFFECT, WITHOUT_EFFECT,
};
use super::schema::{MAX_NUMBER, parse_protocol, whole_number};
use alicloud::{
    CAMS, ClientConfig, Endpoint, NoCredentials, PerProduct, Protocol, Proxies, STS,
    SignatureVersion, StsHost, credentials::Environment,
};
use framework::{AttributePath, Diagnostic, Diagnostics, Object, Value};

/// The region whose endpoint CAMS documents.
const DEFAULT_REGION: &str = "ap-southeast-1";

/// The configured provider block and the environment of this process.
pub(super) struct ProviderConfig<'a> {
    pub(super) block: &'a Object,
    pub(super) environment: &'a Environment,
}

/// Where a setting comes from.
#[derive(Clone, Copy)]
pub(super) enum Origin {
    Argument(&'static str),
    Variable(&'static str),
}

impl ProviderConfig<'_> {
    /// The arguments that have an effect and whose values are known only after apply.
    pub(super) fn unknown_arguments(&self) -> Vec<String> {
        fn collect(path: &AttributePath, value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Unknown => found.push(path.to_string()),
                Value::Map(attributes) => {
                    for (name, value) in attributes {
                        collect(&path.then_attribute(name), value, found);
                    }
                }
                value if !value.is_wholly_known() => found.push(path.to_string()),
                _ => {}
            }
        }
        let mut found = Vec::new();
        for (name, value) in self.block.iter() {
            collect(&AttributePath::attribute(name), value, &mut found);
        }
        let other_products =
            SIGN_VERSIONS_WITHOUT_EFFECT.map(|(name, _)| format!("{SIGN_VERSION}.{name}"));
        found.retain(|path| {
            let ignored = WITHOUT_EFFECT.iter().any(|(name, ..)| name == path);
            let feature = path == FEATURES || path.starts_with("features.");
            !ignored && !feature && path != ACCOUNT_TYPE.name && !other_products.contains(path)
        });
        found
    }

    pub(super) fn client_config(
        &self,
        terraform_version: &str,
    ) -> Result<ClientConfig, Diagnostics> {
        let region = self
            .text(&REGION)?
            .map_or_else(|| DEFAULT_REGION.to_owned(), |(region, _)| region);
        // Choosing the credentials source needs a client, so the client starts without one.
        let none = NoCredentials::because("the source of credentials is not chosen yet");
        let mut config = ClientConfig::new(region, Arc::new(none));
        let lookup = |name: &str| self.environment.raw_variable(name);
        config.proxies = Proxies::from_environment(lookup).map_err(|error| {
            let variable = error.variable;
            invalid(
                &error.to_string(),
                &format!(
                    "The environment variable `{variable}` names the proxy that requests go through, but its value cannot be \
                     used. It is not shown, because it may hold a password. Nothing was sent.\n\nSet it to the URL of the proxy \
                     with http://, https:// or socks5://, such as http://proxy.example:3128, or unset it if this machine needs \
                     no proxy."
                ),
            )
        })?;
        if let Some((protocol, _)) = self.text(&PROTOCOL)? {
            config.protocol = parse_protocol(&protocol).unwrap_or_default();
        }
        for product in &PRODUCTS {
            if let Some(endpoint) = self.endpoint(product, config.protocol)? {
                config.endpoints = config.endpoints.with(product.product, endpoint);
            }
        }
        if config.endpoints.of(&STS).is_none()
            && let Ok(endpoint) = self.sts_host(&config.region).endpoint()
        {
            config.endpoints = config.endpoints.with(&STS, endpoint);
        }
        // A region that no host name can have is reported now, not by the first call.
        config.endpoint(&CAMS).map_err(|error| {
            invalid("The region cannot be used", &sentence(&error)).at(REGION.path())
        })?;
        let positive = |number: Option<u64>| number.filter(|number| *number > 0);
        if let Some(timeout) = positive(self.number(&CLIENT_CONNECT_TIMEOUT)?) {
            config.connect_timeout = Duration::from_millis(timeout);
        }
        if let Some(timeout) = positive(self.number(&CLIENT_READ_TIMEOUT)?) {
            config.read_timeout = Duration::from_millis(timeout);
        }
        config.max_retry_timeout =
            positive(self.number(&MAX_RETRY_TIMEOUT)?).map(Duration::from_secs);
        config.requests_per_second = self.number(&REQUESTS_PER_SECOND)?.and_then(|number| {
            // A larger number is no limit either way.
            NonZeroU32::new(u32::try_from(number).unwrap_or(u32::MAX))
        });
        config.signature = match self
            .block
            .object(SIGN_VERSION)
            .and_then(|versions| versions.get("cams"))
        {
            Some(version) if version.as_str() == Some("v3") => {
                PerProduct::default().with(&CAMS, SignatureVersion::V3)
            }
            _ => PerProduct::default(),
        };
        config.user_agent = format!(
            "Terraform/{terraform_version} terraform-provider-alicloud-cams/{}",
            env!("CARGO_PKG_VERSION")
        );
        if let Some((source, _)) = self.text(&CONFIGURATION_SOURCE)? {
            config.user_agent.push(' ');
            config.user_agent.push_str(&source);
        }
        Ok(config)
    }

    /// A warning if CAMS is called where no endpoint is documented.
    pub(super) fn undocumented_region(&self) -> Option<Diagnostic> {
        let documented = CAMS.only_documented_host?;
        let (region, origin) = self.text(&REGION).ok()??;
        let cams = PRODUCTS
            .iter()
            .find(|product| product.product.code == CAMS.code)?;
        let host = CAMS.host_in(&region);
        if host == documented || self.endpoint(cams, Protocol::Http).ok()?.is_some() {
            return None;
        }
        let origin = match origin {
            Origin::Argument(name) => format!("the argument `{name}`"),
            Origin::Variable(name) => format!("the environment variable `{name}`"),
        };
        Some(
            Diagnostic::warning(
                format!("CAMS documents no endpoint in the region {region}"),
                format!(
                    "The region comes from {origin}. The provider calls CAMS at {host}, which may not exist. The only \
                     documented endpoint of CAMS is {documented}.\n\nUnless you know that the host exists, set \
                     `region = \"{DEFAULT_REGION}\"` in the provider block, or `cams = \"{documented}\"` in its `endpoints` \
                     block.\n\n  Code:  Provider.UndocumentedRegion"
                ),
            )
            .at(REGION.path()),
        )
    }

    /// The host of STS when no endpoint is set: the one of the provider's region, unless the SDKs' variables name another.
    fn sts_host(&self, region: &str) -> StsHost {
        StsHost {
            region: self
                .environment
                .variable("ALIBABA_CLOUD_STS_REGION")
                .unwrap_or_else(|| region.to_owned()),
            vpc: self.environment.is_on("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED"),
        }
    }

    fn endpoint(
        &self,
        product: &ProductArguments,
        protocol: Protocol,
    ) -> Result<Option<Endpoint>, Diagnostics> {
        if let Some(text) = endpoint_argument(self.block, product) {
            return Ok(Some(parse_endpoint(text, protocol, product, None)?));
        }
        match self.variable(product.variables)? {
            Some((text, name)) => Ok(Some(parse_endpoint(&text, protocol, product, Some(name))?)),
            None => Ok(None),
        }
    }

    /// An argument that is set and not empty.
    pub(super) fn argument(&self, argument: &Argument) -> Option<&str> {
        self.block
            .text(argument.name)
            .filter(|text| !text.is_empty())
    }

    /// An argument, or the first of its variables that is set. An empty text counts as not set.
    pub(super) fn text(
        &self,
        argument: &Argument,
    ) -> Result<Option<(String, Origin)>, Diagnostics> {
        if let Some(text) = self.argument(argument) {
            return Ok(Some((text.to_owned(), Origin::Argument(argument.name))));
        }
        Ok(self
            .variable(argument.variables)?
            .map(|(text, name)| (text, Origin::Variable(name))))
    }

    fn number(&self, argument: &Argument) -> Result<Option<u64>, Diagnostics> {
        if let Value::Number(number) = self.block.get(argument.name) {
            return Ok(whole_number(number.as_i64()));
        }
        let Some((text, name)) = self.variable(argument.variables)? else {
            return Ok(None);
        };
        match whole_number(text.trim().parse().ok()) {
            Some(number) => Ok(Some(number)),
            None => Err(invalid(
                &format!("{name} is not a whole number"),
                &format!(
                    "The environment variable `{name}` stands in for the argument `{}`. It must be a whole number from 0 to \
                     {MAX_NUMBER}, but is \"{}\".",
                    argument.name,
                    text.escape_debug()
                ),
            )
            .at(argument.path())
            .into()),
        }
    }

    /// The first of these environment variables that is set, and its name.
    pub(super) fn variable(
        &self,
        names: &[&'static str],
    ) -> Result<Option<(String, &'static str)>, Diagnostics> {
        for name in names {
            let Some(value) = self.environment.raw_variable(name) else {
                continue;
            };
            return match value.into_string() {
                Ok(text) => Ok(Some((text, name))),
                Err(_) => Err(invalid(
                    &format!("{name} is not UTF-8 text"),
                    &format!("The environment variable `{name}` has bytes that are not UTF-8. Set it again, or unset it."),
                )
                .into()),
            };
        }
        Ok(None)
    }
}

/// An endpoint in the provider block that is known, set and not empty.
pub(super) fn endpoint_argument<'a>(
    block: &'a Object,
    product: &ProductArguments,
) -> Option<&'a str> {
    let endpoints = block.object("endpoints")?;
    let text = endpoints.get(product.name).and_then(Value::as_str);
    text.filter(|text| !text.is_empty())
}

/// An endpoint of the provider block, or of an environment variable.
pub(super) fn parse_endpoint(
    text: &str,
    protocol: Protocol,
    product: &ProductArguments,
    variable: Option<&str>,
) -> Result<Endpoint, Diagnostic> {
    let path = AttributePath::attribute("endpoints").then_attribute(product.name);
    Endpoint::parse(text, protocol).map_err(|error| {
        let origin = variable.map_or_else(|| path.to_string(), str::to_owned);
        invalid(
            &format!("The endpoint in {origin} cannot be used"),
            &sentence(&error),
        )
        .at(path)
    })
}

/// The error of a value that cannot be used, in the provider block or in an environment variable.
pub(super) fn invalid(summary: &str, detail: &str) -> Diagnostic {
    with_code(summary, detail, "Provider.InvalidConfiguration")
}

/// The error of credentials that lack a part.
pub(super) fn incomplete(summary: &str, detail: &str) -> Diagnostic {
    with_code(summary, detail, "Provider.IncompleteCredentials")
}

fn with_code(summary: &str, detail: &str, code: &str) -> Diagnostic {
    Diagnostic::error(summary, format!("{detail}\n\n  Code:  {code}"))
}

/// A fragment in lower case as a sentence.
pub(super) fn sentence(fragment: &impl ToString) -> String {
    let fragment = fragment.to_string();
    let mut characters = fragment.chars();
    let first = characters.next();
    let capital = first.into_iter().flat_map(char::to_uppercase);
    capital.chain(characters).chain(['.']).collect()
}
