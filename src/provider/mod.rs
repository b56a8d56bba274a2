//! The `alicloud` provider: its block, and how configuration and environment become a client.
//!
//! Names of arguments and of environment variables follow the official `aliyun/alicloud` provider, so that an existing
//! provider block works unchanged. One thing differs: where several variables mean the same, the current spelling
//! `ALIBABA_CLOUD_*` beats the older ones, and a security token from the environment is used only together with an
//! AccessKey from the environment, because a token of another key can only fail.
//!
//! This is the one place, beside the plugin handshake, that reads the environment.
//!
//! Must not contain: network or file access, resources, or the obtaining of credentials.

use std::{ffi::OsString, sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{
    alicloud::{
        CAMS, Client, CredentialsSource, Endpoint, PerProduct, Product, Protocol, STS, Settings,
        SignatureVersion, StaticKeys,
    },
    framework::{
        Attribute, AttributePath, Block, ConfigureRequest, Diagnostic, Diagnostics, Nesting,
        Object, Provider, Resource, Schema, Type, Value, schema::Validator,
    },
    resources::{self, Connection},
};

/// The provider.
pub struct Alicloud {
    environment: Box<Environment>,
}

/// Looks up an environment variable.
type Environment = dyn Fn(&str) -> Option<OsString> + Send + Sync;

/// The region whose endpoint CAMS documents.
const DEFAULT_REGION: &str = "ap-southeast-1";

/// An argument of the provider block, and the environment variables that stand in for it, the first that is set first.
struct Argument {
    name: &'static str,
    variables: &'static [&'static str],
}

const ACCESS_KEY: Argument = Argument {
    name: "access_key",
    variables: &[
        "ALIBABA_CLOUD_ACCESS_KEY_ID",
        "ALIBABACLOUD_ACCESS_KEY_ID",
        "ALICLOUD_ACCESS_KEY",
    ],
};
const SECRET_KEY: Argument = Argument {
    name: "secret_key",
    variables: &[
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
        "ALIBABACLOUD_ACCESS_KEY_SECRET",
        "ALICLOUD_SECRET_KEY",
    ],
};
const SECURITY_TOKEN: Argument = Argument {
    name: "security_token",
    variables: &[
        "ALIBABA_CLOUD_SECURITY_TOKEN",
        "ALIBABACLOUD_SECURITY_TOKEN",
        "ALICLOUD_SECURITY_TOKEN",
    ],
};
const REGION: Argument = Argument {
    name: "region",
    variables: &["ALIBABA_CLOUD_REGION", "ALICLOUD_REGION"],
};
const PROTOCOL: Argument = Argument {
    name: "protocol",
    variables: &[],
};
const CONFIGURATION_SOURCE: Argument = Argument {
    name: "configuration_source",
    variables: &["TF_APPEND_USER_AGENT"],
};
const CLIENT_CONNECT_TIMEOUT: Argument = Argument {
    name: "client_connect_timeout",
    variables: &["CLIENT_CONNECT_TIMEOUT"],
};
const CLIENT_READ_TIMEOUT: Argument = Argument {
    name: "client_read_timeout",
    variables: &["CLIENT_READ_TIMEOUT"],
};
const MAX_RETRY_TIMEOUT: Argument = Argument {
    name: "max_retry_timeout",
    variables: &["MAX_RETRY_TIMEOUT"],
};

/// A product whose endpoint and signature can be set.
struct ProductArguments {
    name: &'static str,
    product: &'static Product,
    variables: &'static [&'static str],
}

const PRODUCTS: [ProductArguments; 2] = [
    ProductArguments {
        name: "cams",
        product: &CAMS,
        variables: &["ALIBABA_CLOUD_ENDPOINT_CAMS", "CAMS_ENDPOINT"],
    },
    ProductArguments {
        name: "sts",
        product: &STS,
        variables: &["ALIBABA_CLOUD_ENDPOINT_STS", "STS_ENDPOINT"],
    },
];

impl Alicloud {
    /// The provider, configured from its block and this process's environment.
    #[must_use]
    pub fn new() -> Self {
        Self::with_environment(|name| std::env::var_os(name))
    }

    fn with_environment(
        environment: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static,
    ) -> Self {
        Self {
            environment: Box::new(environment),
        }
    }
}

impl Default for Alicloud {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Provider for Alicloud {
    type Client = Connection;

    fn schema(&self) -> Schema {
        Schema::new(
            Block::new(
                "Onboards WhatsApp Business Accounts on Alibaba Cloud Chat App Message Service (CAMS). \
                 Arguments and environment variables are those of the `aliyun/alicloud` provider.",
            )
            .attribute(text(&ACCESS_KEY, "AccessKey ID."))
            .attribute(text(&SECRET_KEY, "AccessKey secret.").sensitive())
            .attribute(
                text(
                    &SECURITY_TOKEN,
                    "Security token of a temporary AccessKey. Taken from the environment only if the AccessKey is, too.",
                )
                .sensitive(),
            )
            .attribute(text(&REGION, "Region. CAMS documents one endpoint, in `ap-southeast-1`, which is the default."))
            .attribute(
                text(&PROTOCOL, "`HTTPS` (default) or `HTTP`. `HTTP` shows every request to the network.").validate(
                    Validator::text(|text| {
                        parse_protocol(text).map(|_| ()).ok_or_else(|| format!("must be \"HTTP\" or \"HTTPS\", but is \"{text}\""))
                    }),
                ),
            )
            .attribute(number(
                &CLIENT_CONNECT_TIMEOUT,
                "Milliseconds that connecting may take. Default: `60000`.",
            ))
            .attribute(number(
                &CLIENT_READ_TIMEOUT,
                "Milliseconds that one attempt of a call may take. Default: `60000`.",
            ))
            .attribute(number(
                &MAX_RETRY_TIMEOUT,
                "Seconds that one operation may spend on repeating calls. Default: `0`, which leaves it to the \
                 operation's `timeouts`.",
            ))
            .attribute(text(&CONFIGURATION_SOURCE, "Text appended to the user agent, up to 1024 characters.").validate(
                Validator::text(|text| match text.chars().count() {
                    0..=1024 => Ok(()),
                    length => Err(format!("must have at most 1024 characters, but has {length}")),
                }),
            ))
            .nested(
                "endpoints",
                Nesting::OPTIONAL,
                PRODUCTS.iter().fold(
                    Block::new("Endpoints in place of the public ones: a host, `host:port`, or a URL. Plain HTTP only to loopback addresses or with `protocol = \"HTTP\"`."),
                    |block, product| {
                        block.attribute(Attribute::optional(product.name, Type::String).describe(format!(
                            "Endpoint of {}. Environment: {}.",
                            product.product.code.to_uppercase(),
                            listed(product.variables),
                        )))
                    },
                ),
            )
            .nested(
                "sign_version",
                Nesting::OPTIONAL,
                Block::new("Versions of the request signature.").attribute(
                    Attribute::optional("cams", Type::String)
                        .describe("`v1` (HMAC-SHA1, default) or `v3` (ACS3-HMAC-SHA256).")
                        .validate(Validator::one_of(&["v1", "v3"])),
                ),
            ),
        )
    }

    fn resources(&self) -> Vec<Box<dyn Resource<Client = Connection>>> {
        resources::all()
    }

    async fn configure(&self, request: ConfigureRequest) -> Result<Connection, Diagnostics> {
        let reading = Reading {
            config: &request.config,
            environment: &*self.environment,
        };
        let unknown = reading.unknown();
        if !unknown.is_empty() {
            return Ok(Connection::Waiting { unknown });
        }
        Ok(Connection::Ready(Client::new(
            reading.settings(&request.terraform_version)?,
        )))
    }

    fn stop(&self, connection: &Connection) {
        if let Connection::Ready(client) = connection {
            client.stop();
        }
    }
}

fn text(argument: &Argument, description: &str) -> Attribute {
    Attribute::optional(argument.name, Type::String).describe(argument.described(description))
}

fn number(argument: &Argument, description: &str) -> Attribute {
    Attribute::optional(argument.name, Type::Number)
        .describe(argument.described(description))
        .validate(Validator::new(|value| match value {
            Value::Number(number) if whole(number.as_i64()).is_none() => Err(format!(
                "must be a whole number from 0 to {LARGEST}, but is {number}"
            )),
            _ => Ok(()),
        }))
}

impl Argument {
    fn described(&self, description: &str) -> String {
        if self.variables.is_empty() {
            description.to_owned()
        } else {
            format!("{description} Environment: {}.", listed(self.variables))
        }
    }

    fn path(&self) -> AttributePath {
        AttributePath::attribute(self.name)
    }
}

fn listed(variables: &[&str]) -> String {
    let quoted: Vec<String> = variables.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// Milliseconds or seconds of a setting: enough for a month of milliseconds.
const LARGEST: i64 = 2_678_400_000;

fn whole(number: Option<i64>) -> Option<u64> {
    number
        .filter(|number| (0..=LARGEST).contains(number))
        .and_then(|number| u64::try_from(number).ok())
}

fn parse_protocol(text: &str) -> Option<Protocol> {
    match text.to_ascii_uppercase().as_str() {
        "HTTPS" => Some(Protocol::Https),
        "HTTP" => Some(Protocol::Http),
        _ => None,
    }
}

/// The provider block and the environment, being read.
struct Reading<'a> {
    config: &'a Object,
    environment: &'a Environment,
}

/// Where a setting was found, for the sentence about it.
#[derive(Clone, Copy)]
enum Origin {
    Argument(&'static str),
    Variable(&'static str),
}

impl Reading<'_> {
    /// The arguments whose values are known only after other resources are applied.
    fn unknown(&self) -> Vec<String> {
        fn within(path: &AttributePath, value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Unknown => found.push(path.to_string()),
                Value::Map(attributes) => {
                    for (name, value) in attributes {
                        within(&path.then_attribute(name), value, found);
                    }
                }
                _ => {}
            }
        }
        let mut found = Vec::new();
        for (name, value) in self.config.iter() {
            within(&AttributePath::attribute(name), value, &mut found);
        }
        found
    }

    fn settings(&self, terraform_version: &str) -> Result<Settings, Diagnostics> {
        let region = self
            .text(&REGION)?
            .map_or_else(|| DEFAULT_REGION.to_owned(), |(region, _)| region);
        let mut settings = Settings::new(region, self.credentials()?);
        if let Some((protocol, _)) = self.text(&PROTOCOL)? {
            settings.protocol = parse_protocol(&protocol).unwrap_or_default();
        }
        for product in &PRODUCTS {
            if let Some(endpoint) = self.endpoint(product, settings.protocol)? {
                settings.endpoints = settings.endpoints.with(product.product, endpoint);
            }
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
        settings.signature = match self
            .config
            .object("sign_version")
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

    /// Static keys: the arguments, else the environment.
    ///
    /// Further sources (profiles, roles, OIDC, instance metadata) will be chosen here and live in
    /// `alicloud/credentials`.
    fn credentials(&self) -> Result<Arc<dyn CredentialsSource>, Diagnostics> {
        let access_key = self.text(&ACCESS_KEY)?;
        let secret_key = self.text(&SECRET_KEY)?;
        let (id, id_origin, secret) = match (access_key, secret_key) {
            (Some((id, origin)), Some((secret, _))) => (id, origin, secret),
            (None, None) => return Err(Self::missing(&[&ACCESS_KEY, &SECRET_KEY], None).into()),
            (Some((_, origin)), None) => {
                return Err(Self::missing(&[&SECRET_KEY], Some(origin)).into());
            }
            (None, Some((_, origin))) => {
                return Err(Self::missing(&[&ACCESS_KEY], Some(origin)).into());
            }
        };
        let token = match (self.argument(&SECURITY_TOKEN), id_origin) {
            (Some(token), _) => Some(token.to_owned()),
            (None, Origin::Variable(_)) => self.text(&SECURITY_TOKEN)?.map(|(token, _)| token),
            (None, Origin::Argument(_)) => None,
        };
        let keys = StaticKeys::new(&id, &secret, token.as_deref()).map_err(|error| {
            Diagnostic::error("Invalid credentials", capitalised(&format!("{error}.")))
                .at(ACCESS_KEY.path())
        })?;
        Ok(Arc::new(keys))
    }

    fn missing(arguments: &[&Argument], other: Option<Origin>) -> Diagnostic {
        let wanted: Vec<String> = arguments
            .iter()
            .map(|argument| {
                format!(
                    "the argument \"{}\" or one of {}",
                    argument.name,
                    listed(argument.variables)
                )
            })
            .collect();
        let found = match other {
            None => "Neither the provider block nor the environment has an AccessKey.".to_owned(),
            Some(Origin::Argument(name)) => {
                format!("The argument \"{name}\" is set, but its other half is missing.")
            }
            Some(Origin::Variable(name)) => {
                format!("`{name}` is set, but its other half is missing.")
            }
        };
        let diagnostic = Diagnostic::error(
            "Missing credentials",
            format!(
                "{found} Set {}. Create AccessKeys for a RAM user in the RAM console; never use those of the account \
                 itself.",
                wanted.join(", and ")
            ),
        );
        match arguments {
            [only] => diagnostic.at(only.path()),
            _ => diagnostic,
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
    fn argument(&self, argument: &Argument) -> Option<&str> {
        self.config
            .text(argument.name)
            .filter(|text| !text.is_empty())
    }

    /// An argument, or else the first of its variables that is set. Empty counts as not set.
    fn text(&self, argument: &Argument) -> Result<Option<(String, Origin)>, Diagnostics> {
        if let Some(text) = self.argument(argument) {
            return Ok(Some((text.to_owned(), Origin::Argument(argument.name))));
        }
        Ok(self
            .variable(argument.variables)?
            .map(|(text, name)| (text, Origin::Variable(name))))
    }

    fn number(&self, argument: &Argument) -> Result<Option<u64>, Diagnostics> {
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

    fn variable(
        &self,
        names: &[&'static str],
    ) -> Result<Option<(String, &'static str)>, Diagnostics> {
        for name in names {
            let Some(value) = (self.environment)(name).filter(|value| !value.is_empty()) else {
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

fn capitalised(sentence: &str) -> String {
    let mut characters = sentence.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn object(attributes: &[(&str, Value)]) -> Object {
        let attributes: BTreeMap<String, Value> = attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        attributes.into()
    }

    fn block(attributes: &[(&str, Value)]) -> Value {
        object(attributes).into()
    }

    fn settings(
        config: &[(&str, Value)],
        environment: &[(&str, &str)],
    ) -> Result<Settings, String> {
        let environment: BTreeMap<String, String> = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let environment = move |name: &str| environment.get(name).map(OsString::from);
        let config = object(config);
        let reading = Reading {
            config: &config,
            environment: &environment,
        };
        reading.settings("1.11.4").map_err(|diagnostics| {
            diagnostics
                .iter()
                .map(|diagnostic| format!("{}: {diagnostic}", diagnostic.attribute))
                .collect()
        })
    }

    const KEYS: [(&str, &str); 2] = [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "env-id"),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "env-secret"),
    ];

    fn check_credentials(
        config: &[(&str, Value)],
        environment: &[(&str, &str)],
        expected: Result<(&str, &str, Option<&str>), &str>,
    ) {
        let found = settings(config, environment).map(|settings| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .build()
                .expect("a runtime");
            runtime
                .block_on(settings.credentials.credentials())
                .expect("static credentials")
        });
        match (found, expected) {
            (Ok(found), Ok((id, secret, token))) => {
                assert_eq!(found.access_key_id, id);
                assert_eq!(found.access_key_secret.expose(), secret);
                assert_eq!(
                    found.security_token.as_ref().map(|token| token.expose()),
                    token
                );
            }
            (Err(found), Err(part)) => assert!(found.contains(part), "{found}"),
            (found, expected) => panic!("found {found:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn arguments_beat_the_environment_and_new_names_the_old() {
        check_credentials(&[], &KEYS, Ok(("env-id", "env-secret", None)));
        check_credentials(
            &[("access_key", "id".into()), ("secret_key", "secret".into())],
            &KEYS,
            Ok(("id", "secret", None)),
        );
        check_credentials(
            &[],
            &[
                ("ALICLOUD_ACCESS_KEY", "old-id"),
                ("ALICLOUD_SECRET_KEY", "old-secret"),
                ("ALICLOUD_SECURITY_TOKEN", "old-token"),
            ],
            Ok(("old-id", "old-secret", Some("old-token"))),
        );
        check_credentials(
            &[],
            &[
                ("ALICLOUD_ACCESS_KEY", "old-id"),
                ("ALIBABA_CLOUD_ACCESS_KEY_ID", "env-id"),
                ("ALICLOUD_SECRET_KEY", "old-secret"),
                ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "env-secret"),
            ],
            Ok(("env-id", "env-secret", None)),
        );
        check_credentials(
            &[("access_key", "".into()), ("secret_key", "".into())],
            &KEYS,
            Ok(("env-id", "env-secret", None)),
        );
    }

    #[test]
    fn a_token_goes_with_the_key_it_belongs_to() {
        let token = ("ALIBABA_CLOUD_SECURITY_TOKEN", "env-token");
        check_credentials(
            &[],
            &[KEYS[0], KEYS[1], token],
            Ok(("env-id", "env-secret", Some("env-token"))),
        );
        check_credentials(
            &[("access_key", "id".into()), ("secret_key", "secret".into())],
            &[token],
            Ok(("id", "secret", None)),
        );
        check_credentials(
            &[
                ("access_key", "id".into()),
                ("secret_key", "secret".into()),
                ("security_token", "token".into()),
            ],
            &[token],
            Ok(("id", "secret", Some("token"))),
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        check_credentials(
            &[],
            &[],
            Err("Neither the provider block nor the environment has an AccessKey."),
        );
        check_credentials(
            &[("access_key", "id".into())],
            &[],
            Err("secret_key: Missing credentials: The argument \"access_key\" is set"),
        );
        check_credentials(
            &[],
            &KEYS[1..],
            Err("access_key: Missing credentials: `ALIBABA_CLOUD_ACCESS_KEY_SECRET` is set"),
        );
        check_credentials(
            &[
                ("access_key", "id".into()),
                ("secret_key", "secret ".into()),
            ],
            &[],
            Err("The AccessKey secret has a blank"),
        );
    }

    #[test]
    fn defaults_are_those_of_the_official_provider_but_for_the_region() {
        let settings = settings(&[], &KEYS).expect("settings");
        assert_eq!(settings.region, "ap-southeast-1");
        assert_eq!(settings.protocol, Protocol::Https);
        assert_eq!(settings.connect_timeout, Duration::from_secs(60));
        assert_eq!(settings.read_timeout, Duration::from_secs(60));
        assert_eq!(settings.max_retry_timeout, None);
        assert_eq!(settings.signature_version(&CAMS), SignatureVersion::V1);
        assert_eq!(
            settings.endpoint(&CAMS).expect("an endpoint").to_string(),
            "https://cams.ap-southeast-1.aliyuncs.com"
        );
        assert!(
            settings
                .user_agent
                .starts_with("Terraform/1.11.4 terraform-provider-alicloud-cams/")
        );
    }

    #[test]
    fn everything_can_be_set() {
        let config = [
            ("access_key", "id".into()),
            ("secret_key", "secret".into()),
            ("region", "eu-central-1".into()),
            ("protocol", "http".into()),
            ("client_connect_timeout", 1500_i64.into()),
            ("client_read_timeout", 2500_i64.into()),
            ("max_retry_timeout", 30_i64.into()),
            ("configuration_source", "acme/pipeline".into()),
            (
                "endpoints",
                block(&[
                    ("cams", "gateway.internal:8080".into()),
                    ("sts", Value::Null),
                ]),
            ),
            ("sign_version", block(&[("cams", "v3".into())])),
        ];
        let settings =
            settings(&config, &[("ALIBABA_CLOUD_ENDPOINT_STS", "sts.internal")]).expect("settings");
        assert_eq!(
            settings.endpoint(&CAMS).expect("an endpoint").to_string(),
            "http://gateway.internal:8080"
        );
        assert_eq!(
            settings.endpoint(&STS).expect("an endpoint").to_string(),
            "http://sts.internal"
        );
        assert_eq!(settings.connect_timeout, Duration::from_millis(1500));
        assert_eq!(settings.read_timeout, Duration::from_millis(2500));
        assert_eq!(settings.max_retry_timeout, Some(Duration::from_secs(30)));
        assert_eq!(settings.signature_version(&CAMS), SignatureVersion::V3);
        assert!(settings.user_agent.ends_with(" acme/pipeline"));
    }

    #[test]
    fn bad_values_are_named() {
        let check = |config: &[(&str, Value)], environment: &[(&str, &str)], part: &str| {
            let environment = [KEYS.as_slice(), environment].concat();
            let found = settings(config, &environment).expect_err("an error");
            assert!(found.contains(part), "{found}");
        };
        check(
            &[("region", "Singapore!".into())],
            &[],
            "region: Invalid region: \"Singapore!\" is not a region",
        );
        check(
            &[(
                "endpoints",
                block(&[("cams", "http://cams.example.com".into())]),
            )],
            &[],
            "endpoints.cams: Invalid endpoint: The argument \"endpoints.cams\" cannot be used: \"http://cams.example.com\" asks for plain HTTP",
        );
        check(
            &[],
            &[("CAMS_ENDPOINT", "a b")],
            "The environment variable `CAMS_ENDPOINT` cannot be used",
        );
        check(
            &[],
            &[("CLIENT_READ_TIMEOUT", "soon")],
            "`CLIENT_READ_TIMEOUT` stands in for the argument \"client_read_timeout\"",
        );
    }

    #[test]
    fn unknown_arguments_are_found_wherever_they_are() {
        let config = object(&[
            ("access_key", Value::Unknown),
            ("region", "ap-southeast-1".into()),
            (
                "endpoints",
                block(&[("cams", Value::Unknown), ("sts", Value::Null)]),
            ),
        ]);
        let reading = Reading {
            config: &config,
            environment: &|_| None,
        };
        assert_eq!(reading.unknown(), ["access_key", "endpoints.cams"]);
    }
}
