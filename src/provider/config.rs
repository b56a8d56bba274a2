//! The provider block and the environment, read into settings.
//!
//! Must not contain: the choice of credentials, network or file access.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use super::arguments::{
    ACCOUNT_TYPE, Argument, CLIENT_CONNECT_TIMEOUT, CLIENT_READ_TIMEOUT, CONFIGURATION_SOURCE,
    FEATURES, MAX_RETRY_TIMEOUT, PRODUCTS, PROTOCOL, ProductArguments, REGION, REQUESTS_PER_SECOND,
    SIGN_VERSION, SIGN_VERSIONS_WITHOUT_EFFECT, WITHOUT_EFFECT,
};
use super::schema::{LARGEST, parse_protocol, whole};
use alicloud::{
    CAMS, ClientConfig, Endpoint, NoCredentials, PerProduct, Protocol, STS, SignatureVersion,
    StsHost, credentials::Environment,
};
use framework::{AttributePath, Diagnostic, Diagnostics, Object, Value};

/// The region whose endpoint CAMS documents.
const DEFAULT_REGION: &str = "ap-southeast-1";

/// The provider block and the environment, being read.
pub(super) struct Reading<'a> {
    pub(super) config: &'a Object,
    pub(super) machine: &'a Environment,
}

/// Where a setting was found, for the sentence about it.
#[derive(Clone, Copy)]
pub(super) enum Origin {
    Argument(&'static str),
    Variable(&'static str),
}

impl Reading<'_> {
    /// The arguments that count and whose values are known only after other resources are applied.
    pub(super) fn unknown(&self) -> Vec<String> {
        fn within(path: &AttributePath, value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Unknown => found.push(path.to_string()),
                Value::Map(attributes) => {
                    for (name, value) in attributes {
                        within(&path.then_attribute(name), value, found);
                    }
                }
                value if !value.is_wholly_known() => found.push(path.to_string()),
                _ => {}
            }
        }
        let mut found = Vec::new();
        for (name, value) in self.config.iter() {
            within(&AttributePath::attribute(name), value, &mut found);
        }
        let of_others =
            SIGN_VERSIONS_WITHOUT_EFFECT.map(|(name, _)| format!("{SIGN_VERSION}.{name}"));
        found.retain(|path| {
            let ignored = WITHOUT_EFFECT.iter().any(|(name, ..)| name == path);
            let switch = path == FEATURES || path.starts_with("features.");
            !ignored && !switch && path != ACCOUNT_TYPE.name && !of_others.contains(path)
        });
        found
    }

    pub(super) fn settings(&self, terraform_version: &str) -> Result<ClientConfig, Diagnostics> {
        let region = self
            .text(&REGION)?
            .map_or_else(|| DEFAULT_REGION.to_owned(), |(region, _)| region);
        let nobody = NoCredentials::because("the sources of credentials have not been chosen yet");
        let mut settings = ClientConfig::new(region, Arc::new(nobody));
        if let Some((protocol, _)) = self.text(&PROTOCOL)? {
            settings.protocol = parse_protocol(&protocol).unwrap_or_default();
        }
        for product in &PRODUCTS {
            if let Some(endpoint) = self.endpoint(product, settings.protocol)? {
                settings.endpoints = settings.endpoints.with(product.product, endpoint);
            }
        }
        if settings.endpoints.of(&STS).is_none()
            && let Ok(endpoint) = self.sts_host(&settings.region).endpoint()
        {
            settings.endpoints = settings.endpoints.with(&STS, endpoint);
        }
        // A region that no host name can have is told now, not at the first call.
        settings.endpoint(&CAMS).map_err(|error| {
            Diagnostic::error("Invalid region", capitalised(&format!("{error}."))).at(REGION.path())
        })?;
        if let Some(timeout) = self
            .number(&CLIENT_CONNECT_TIMEOUT)?
            .filter(|timeout| *timeout > 0)
        {
            settings.connect_timeout = Duration::from_millis(timeout);
        }
        if let Some(timeout) = self
            .number(&CLIENT_READ_TIMEOUT)?
            .filter(|timeout| *timeout > 0)
        {
            settings.read_timeout = Duration::from_millis(timeout);
        }
        settings.max_retry_timeout = self
            .number(&MAX_RETRY_TIMEOUT)?
            .filter(|timeout| *timeout > 0)
            .map(Duration::from_secs);
        settings.requests_per_second = self.number(&REQUESTS_PER_SECOND)?.and_then(|number| {
            // What is beyond this type is no limit either way.
            NonZeroU32::new(u32::try_from(number).unwrap_or(u32::MAX))
        });
        settings.signature = match self
            .config
            .object(SIGN_VERSION)
            .and_then(|versions| versions.get("cams"))
        {
            Some(version) if version.as_str() == Some("v3") => {
                PerProduct::default().with(&CAMS, SignatureVersion::V3)
            }
            _ => PerProduct::default(),
        };
        settings.user_agent = format!(
            "Terraform/{terraform_version} terraform-provider-alicloud-cams/{}",
            env!("CARGO_PKG_VERSION")
        );
        if let Some((source, _)) = self.text(&CONFIGURATION_SOURCE)? {
            settings.user_agent.push(' ');
            settings.user_agent.push_str(&source);
        }
        Ok(settings)
    }

    /// The host of STS where none is set by hand: that of the provider's region, unless the SDKs' variables say otherwise.
    fn sts_host(&self, region: &str) -> StsHost {
        StsHost {
            region: self
                .machine
                .variable("ALIBABA_CLOUD_STS_REGION")
                .unwrap_or_else(|| region.to_owned()),
            vpc: self.machine.is_on("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED"),
        }
    }

    fn endpoint(
        &self,
        product: &ProductArguments,
        protocol: Protocol,
    ) -> Result<Option<Endpoint>, Diagnostics> {
        let path = AttributePath::attribute("endpoints").then_attribute(product.name);
        let argument = self
            .config
            .object("endpoints")
            .and_then(|endpoints| endpoints.get(product.name))
            .and_then(Value::as_str);
        let (text, origin) = match argument.filter(|text| !text.is_empty()) {
            Some(text) => (text.to_owned(), format!("The argument \"{path}\"")),
            None => match self.variable(product.variables)? {
                Some((text, name)) => (text, format!("The environment variable `{name}`")),
                None => return Ok(None),
            },
        };
        Endpoint::parse(&text, protocol).map(Some).map_err(|error| {
            Diagnostic::error(
                "Invalid endpoint",
                format!("{origin} cannot be used: {error}."),
            )
            .at(path)
            .into()
        })
    }

    /// An argument that is set and not empty.
    pub(super) fn argument(&self, argument: &Argument) -> Option<&str> {
        self.config
            .text(argument.name)
            .filter(|text| !text.is_empty())
    }

    /// An argument, or else the first of its variables that is set. Empty counts as not set.
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

    pub(super) fn number(&self, argument: &Argument) -> Result<Option<u64>, Diagnostics> {
        if let Value::Number(number) = self.config.get(argument.name) {
            return Ok(whole(number.as_i64()));
        }
        let Some((text, name)) = self.variable(argument.variables)? else {
            return Ok(None);
        };
        match whole(text.trim().parse().ok()) {
            Some(number) => Ok(Some(number)),
            None => Err(Diagnostic::error(
                "Invalid environment variable",
                format!(
                    "The environment variable `{name}` stands in for the argument \"{}\" and must be a whole number \
                     from 0 to {LARGEST}, but is \"{text}\".",
                    argument.name
                ),
            )
            .into()),
        }
    }

    pub(super) fn variable(
        &self,
        names: &[&'static str],
    ) -> Result<Option<(String, &'static str)>, Diagnostics> {
        for name in names {
            let Some(value) = self.machine.raw_variable(name) else {
                continue;
            };
            return match value.into_string() {
                Ok(text) => Ok(Some((text, name))),
                Err(_) => Err(Diagnostic::error(
                    "Invalid environment variable",
                    format!("The environment variable `{name}` holds bytes that are no UTF-8 text. Set it again."),
                )
                .into()),
            };
        }
        Ok(None)
    }
}

pub(super) fn capitalised(sentence: &str) -> String {
    let mut characters = sentence.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}
