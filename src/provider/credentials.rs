//! Chooses the credentials source: arguments of the provider block, then environment variables, then implicit sources.
//!
//! | | in the provider block | in the environment |
//! |---|---|---|
//! | 1 | `access_key`, `secret_key`, `security_token` | `ALIBABA_CLOUD_ACCESS_KEY_ID`, … |
//! | 2 | | `ALIBABA_CLOUD_OIDC_PROVIDER_ARN`, `ALIBABA_CLOUD_ROLE_ARN`, and a token |
//! | 3 | `profile`, `shared_credentials_file` | `ALIBABA_CLOUD_PROFILE`, … |
//! | 4 | `credentials_uri` | `ALIBABA_CLOUD_CREDENTIALS_URI` |
//! | 5 | `ecs_role_name` | `ALIBABA_CLOUD_ECS_METADATA` |
//! | 6 | `assume_role_with_oidc` | |
//!
//! All arguments come before all variables. The implicit sources are the current profile of the CLI's file, the default
//! profile of the SDKs' file, and the role of the ECS instance. `assume_role` is assumed with any of these.
//!
//! Two things differ from the official provider, where they are known faults: a `profile` in the block comes before keys in
//! the environment, and a security token from the environment is used only together with an AccessKey from the environment,
//! because a token cannot work with another key.
//!
//! Nothing here uses the network or reads a file: a source does that when the first request needs it.

use std::{collections::BTreeMap, sync::Arc};

use super::arguments::{
    ACCESS_KEY, ACCOUNT_ID, Argument, CREDENTIALS_URI, ECS_ROLE_NAME, PROFILE, SECRET_KEY,
    SECURITY_TOKEN, SHARED_CREDENTIALS_FILE, variable_list,
};
use super::config::{Origin, ProviderConfig, incomplete, invalid, sentence};
use super::validate::{ALLOWED_ACCOUNTS, FORBIDDEN_ACCOUNTS, account_list};
use crate::common::assume_role as role;
use alicloud::{
    CredentialsSource, Secret, StaticKeys,
    credentials::{
        AccountRule, AssumedRole, Context, CredentialsUri, DefaultChain, EcsMetadata,
        InstanceMetadata, OidcRole, OidcToken, Profile, ProfileSelector, Role, RoleWithOidc,
    },
};
use framework::{Attribute, AttributePath, Diagnostics, Type, Value};

/// The block of a role that is assumed with an OIDC token.
pub(super) const OIDC_BLOCK: &str = "assume_role_with_oidc";

const OIDC_PROVIDER_ARN: [&str; 2] = [
    "ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
    "ALIBABACLOUD_OIDC_PROVIDER_ARN",
];
const OIDC_TOKEN: [&str; 1] = ["ALIBABA_CLOUD_OIDC_TOKEN"];
const OIDC_TOKEN_FILE: [&str; 2] = [
    "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
    "ALIBABACLOUD_OIDC_TOKEN_FILE",
];
/// The role to assume with an OIDC token if an OIDC provider is set, too. Otherwise the role to assume with an AccessKey.
const ROLE_ARN: [&str; 2] = ["ALIBABA_CLOUD_ROLE_ARN", "ALIBABACLOUD_ROLE_ARN"];
const ASSUME_ROLE_ARN: [&str; 1] = ["ALICLOUD_ASSUME_ROLE_ARN"];
const SESSION_NAME: [&str; 3] = [
    "ALIBABA_CLOUD_ROLE_SESSION_NAME",
    "ALIBABACLOUD_ROLE_SESSION_NAME",
    "ALICLOUD_ASSUME_ROLE_SESSION_NAME",
];
const SESSION_EXPIRATION: [&str; 1] = ["ALICLOUD_ASSUME_ROLE_SESSION_EXPIRATION"];
const EXTERNAL_ID: [&str; 1] = ["ALIBABA_CLOUD_EXTERNAL_ID"];
const METADATA_DISABLED: &str = "ALIBABA_CLOUD_ECS_METADATA_DISABLED";
const IMDS_V1_DISABLED: &str = "ALIBABA_CLOUD_IMDSV1_DISABLED";

/// The attributes of the block [`OIDC_BLOCK`].
pub(super) fn oidc_attributes() -> Vec<Attribute> {
    let text = |name, description: &str, variables: &[&str]| {
        let variables = variable_list(variables);
        Attribute::optional(name, Type::String)
            .describe(format!("{description} Environment: {variables}."))
    };
    vec![
        text(
            "oidc_provider_arn",
            "ARN of the OIDC provider in RAM: `acs:ram::<account ID>:oidc-provider/<name>`.",
            &OIDC_PROVIDER_ARN,
        ),
        text("role_arn", "ARN of the role.", &ROLE_ARN),
        text(
            "oidc_token",
            "The token. It comes before `oidc_token_file`.",
            &OIDC_TOKEN,
        )
        .sensitive(),
        text(
            "oidc_token_file",
            "File with the token. It is read again at each refresh.",
            &OIDC_TOKEN_FILE,
        ),
        role::session_name("role_session_name"),
        role::policy(),
        role::session_expiration(),
    ]
}

/// The chosen source.
pub(super) struct ChosenSource {
    pub(super) source: Arc<dyn CredentialsSource>,
    /// Whether arguments of the provider block chose it.
    from_arguments: bool,
}

impl ProviderConfig<'_> {
    /// Chooses the credentials source, with the role to assume. Obtains no credentials yet.
    pub(super) fn credentials_source(
        &self,
        context: &Context,
    ) -> Result<ChosenSource, Diagnostics> {
        let base = self.base_source(context)?;
        Ok(match self.assumed_role(base.from_arguments)? {
            Some(role) => ChosenSource {
                source: AssumedRole::source(context.client.acting_as(base.source), role),
                ..base
            },
            None => base,
        })
    }

    /// The account that the configuration says these credentials belong to. A variable speaks of the environment's
    /// credentials, not of those in the provider block. The ARN of a role also overrules a variable. So one environment
    /// fits several provider blocks.
    fn stated_account(&self, credentials: &ChosenSource) -> Result<Option<String>, Diagnostics> {
        let Some((stated, origin)) = self.text(&ACCOUNT_ID)? else {
            return Ok(None);
        };
        let account_of_role = credentials.source.account_id();
        match origin {
            Origin::Variable(_) if credentials.from_arguments => Ok(None),
            Origin::Variable(name) if !AccountRule::is_account_id(&stated) => Err(invalid(
                &format!("{name} is not an account ID"),
                &format!(
                    "An account ID has decimal digits only, but the environment variable `{name}` is \"{}\". Correct it, \
                     or unset it.",
                    stated.escape_debug()
                ),
            )
            .at(ACCOUNT_ID.path())
            .into()),
            Origin::Variable(_) if account_of_role.is_some() => Ok(None),
            _ => match account_of_role.filter(|account| *account != stated) {
                None => Ok(Some(stated)),
                Some(account) => Err(invalid(
                    &format!("account_id is {stated}, but the role is in account {account}"),
                    &format!(
                        "The provider assumes a role of account {account}, so its credentials belong to that account. \
                         Set `account_id` to {account}, remove it, or set a role of account {stated}. Nothing was changed."
                    ),
                )
                .at(ACCOUNT_ID.path())
                .into()),
            },
        }
    }

    /// The accounts that the provider may work in with these credentials.
    pub(super) fn account_rule(
        &self,
        credentials: &ChosenSource,
    ) -> Result<AccountRule, Diagnostics> {
        let ids = |name| account_list(self.block, name);
        Ok(AccountRule {
            allowed: ids(ALLOWED_ACCOUNTS)?,
            forbidden: ids(FORBIDDEN_ACCOUNTS)?,
            stated: self.stated_account(credentials)?,
        })
    }

    fn base_source(&self, context: &Context) -> Result<ChosenSource, Diagnostics> {
        let arguments = |source| ChosenSource {
            source,
            from_arguments: true,
        };
        let environment = |source| ChosenSource {
            source,
            from_arguments: false,
        };
        let oidc_block = self.block.object(OIDC_BLOCK);

        // 1. Arguments of the provider block.
        if self.argument(&ACCESS_KEY).is_some() || self.argument(&SECRET_KEY).is_some() {
            return self.static_keys().map(arguments);
        }
        if self.argument(&PROFILE).is_some() || self.argument(&SHARED_CREDENTIALS_FILE).is_some() {
            return self.profile_source(context).map(arguments);
        }
        if let Some(uri) = self.argument(&CREDENTIALS_URI) {
            return credentials_uri(context, uri, CREDENTIALS_URI.name).map(arguments);
        }
        if let Some(name) = self.argument(&ECS_ROLE_NAME) {
            let origin = Origin::Argument(ECS_ROLE_NAME.name);
            return self.named_instance(context, name, origin).map(arguments);
        }
        if let Some(block) = oidc_block {
            return self.oidc_source(context, block).map(arguments);
        }

        // 2. The environment.
        let is_set = |variables| self.variable(variables).map(|found| found.is_some());
        if is_set(ACCESS_KEY.variables)? || is_set(SECRET_KEY.variables)? {
            return self.static_keys().map(environment);
        }
        if is_set(&OIDC_PROVIDER_ARN)?
            && is_set(&ROLE_ARN)?
            && (is_set(&OIDC_TOKEN)? || is_set(&OIDC_TOKEN_FILE)?)
        {
            return self.oidc_source(context, &BTreeMap::new()).map(environment);
        }
        if is_set(PROFILE.variables)? || is_set(SHARED_CREDENTIALS_FILE.variables)? {
            return self.profile_source(context).map(environment);
        }
        if let Some((uri, name)) = self.variable(CREDENTIALS_URI.variables)? {
            return credentials_uri(context, &uri, name).map(environment);
        }
        if let Some((name, variable)) = self.variable(ECS_ROLE_NAME.variables)? {
            let origin = Origin::Variable(variable);
            return self.named_instance(context, &name, origin).map(environment);
        }

        self.reject_parts()?;

        // 3. Implicit sources.
        let profile = Profile::new(context.clone(), ProfileSelector::default());
        let mut members: Vec<Arc<dyn CredentialsSource>> = vec![Arc::new(profile)];
        if !self.environment.forbids(METADATA_DISABLED) {
            members.push(self.instance_source(context, None, false));
        }
        let absent = vec![
            "the provider block has none of access_key, profile, shared_credentials_file, credentials_uri, \
             ecs_role_name, assume_role_with_oidc"
                .to_owned(),
            format!(
                "the environment has none of {}, {}, {}, {}, {}",
                ACCESS_KEY.variables[0],
                OIDC_PROVIDER_ARN[0],
                PROFILE.variables[0],
                CREDENTIALS_URI.variables[0],
                ECS_ROLE_NAME.variables[0]
            ),
        ];
        Ok(environment(Arc::new(DefaultChain::new(members, absent))))
    }

    /// A user who sets a part of credentials wants these, and not an implicit source.
    fn reject_parts(&self) -> Result<(), Diagnostics> {
        let parts = [
            (SECURITY_TOKEN.variables, [ACCESS_KEY.variables].as_slice()),
            (&OIDC_PROVIDER_ARN, &[&ROLE_ARN, &OIDC_TOKEN_FILE]),
            (&OIDC_TOKEN, &[&OIDC_PROVIDER_ARN, &ROLE_ARN]),
            (&OIDC_TOKEN_FILE, &[&OIDC_PROVIDER_ARN, &ROLE_ARN]),
        ];
        if self.argument(&SECURITY_TOKEN).is_some() {
            return Err(incomplete_access_key(
                &ACCESS_KEY,
                Origin::Argument(SECURITY_TOKEN.name),
            ));
        }
        for (part, others) in parts {
            let Some((_, found)) = self.variable(part)? else {
                continue;
            };
            for other in others {
                if self.variable(other)?.is_some() {
                    continue;
                }
                return Err(incomplete(
                    &format!("{} is not set", other[0]),
                    &format!(
                        "The environment has a part of credentials only, so it is not known whose credentials are meant. Set \
                         one of these environment variables: {}. Or unset `{found}`, to use the CLI's profile or the role of \
                         the ECS instance.",
                        variable_list(other)
                    ),
                )
                .into());
            }
        }
        Ok(())
    }

    fn static_keys(&self) -> Result<Arc<dyn CredentialsSource>, Diagnostics> {
        let (id, id_origin, secret) = match (self.text(&ACCESS_KEY)?, self.text(&SECRET_KEY)?) {
            (Some((id, origin)), Some((secret, _))) => (id, origin, secret),
            (Some((_, origin)), None) => return Err(incomplete_access_key(&SECRET_KEY, origin)),
            (None, Some((_, origin))) => return Err(incomplete_access_key(&ACCESS_KEY, origin)),
            (None, None) => {
                return Err(incomplete_access_key(
                    &ACCESS_KEY,
                    Origin::Argument(SECRET_KEY.name),
                ));
            }
        };
        let token = match (self.argument(&SECURITY_TOKEN), id_origin) {
            (Some(token), _) => Some(token.to_owned()),
            (None, Origin::Variable(_)) => self.text(&SECURITY_TOKEN)?.map(|(token, _)| token),
            (None, Origin::Argument(_)) => None,
        };
        let keys = StaticKeys::new(&id, &secret, token.as_deref()).map_err(|error| {
            let (Origin::Argument(name) | Origin::Variable(name)) = id_origin;
            let summary = format!("The AccessKey from {name} cannot be used");
            invalid(&summary, &sentence(&error)).at(ACCESS_KEY.path())
        })?;
        Ok(Arc::new(keys))
    }

    fn profile_source(&self, context: &Context) -> Result<Arc<dyn CredentialsSource>, Diagnostics> {
        let selector = ProfileSelector {
            file: self.text(&SHARED_CREDENTIALS_FILE)?.map(|(file, _)| file),
            name: self.text(&PROFILE)?.map(|(name, _)| name),
            expected: true,
        };
        Ok(Arc::new(Profile::new(context.clone(), selector)))
    }

    /// The role of the ECS instance that somebody names. To pass it over because metadata is disabled would be to act as
    /// somebody else.
    fn named_instance(
        &self,
        context: &Context,
        role: &str,
        origin: Origin,
    ) -> Result<Arc<dyn CredentialsSource>, Diagnostics> {
        if !self.environment.forbids(METADATA_DISABLED) {
            return Ok(self.instance_source(context, Some(role.to_owned()), true));
        }
        let (name, remove) = match origin {
            Origin::Argument(name) => (name, "remove"),
            Origin::Variable(name) => (name, "unset"),
        };
        Err(invalid(
            &format!("{name} is set, but instance metadata is disabled"),
            &format!(
                "`{name}` names the role of the ECS instance, but the environment variable `{METADATA_DISABLED}` forbids to \
                 ask the instance for its credentials. The provider uses no others in their place, because these may belong to \
                 another account. Nothing was sent.\n\nUnset `{METADATA_DISABLED}` to use the role, or {remove} `{name}` to use \
                 other credentials."
            ),
        )
        .at(ECS_ROLE_NAME.path())
        .into())
    }

    fn instance_source(
        &self,
        context: &Context,
        role: Option<String>,
        expected: bool,
    ) -> Arc<dyn CredentialsSource> {
        let wanted = InstanceMetadata {
            role,
            v2_only: self.environment.forbids(IMDS_V1_DISABLED),
            expected,
        };
        EcsMetadata::source(context, wanted)
    }

    /// A role that is assumed with an OIDC token. Variables stand in for what the block does not set.
    fn oidc_source(
        &self,
        context: &Context,
        block: &BTreeMap<String, Value>,
    ) -> Result<Arc<dyn CredentialsSource>, Diagnostics> {
        let at = AttributePath::attribute(OIDC_BLOCK);
        let text = |name: &str, variables: &[&'static str]| self.block_text(block, name, variables);
        let needed = |name: &'static str, variables: &[&'static str]| {
            text(name, variables)?.ok_or_else(|| -> Diagnostics {
                incomplete(
                    &format!("{OIDC_BLOCK} needs {name}"),
                    &format!(
                        "A role cannot be assumed with an OIDC token without `{name}`. Set it in the block `{OIDC_BLOCK}`, \
                         or set one of these environment variables: {}.",
                        variable_list(variables)
                    ),
                )
                .at(at.then_attribute(name))
                .into()
            })
        };
        let oidc_provider_arn = needed("oidc_provider_arn", &OIDC_PROVIDER_ARN)?;
        let arn = needed("role_arn", &ROLE_ARN)?;
        let own = |name: &str| {
            block
                .get(name)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        // A file in the block comes before a token in the environment, which may belong to another role.
        let token = match (own("oidc_token"), own("oidc_token_file")) {
            (Some(token), _) => OidcToken::Text(Secret::new(token)),
            (None, Some(file)) => OidcToken::File(self.environment.path(file)),
            (None, None) => match self.variable(&OIDC_TOKEN)? {
                Some((token, _)) => OidcToken::Text(Secret::new(token)),
                None => OidcToken::File(
                    self.environment
                        .path(&needed("oidc_token_file", &OIDC_TOKEN_FILE)?),
                ),
            },
        };
        let mut attributes = block.clone();
        if let Some(name) = text("role_session_name", &SESSION_NAME)? {
            attributes.insert("session_name".to_owned(), name.into());
        }
        let role = role::parse_role(&arn, &attributes, &at)?;
        let role = RoleWithOidc {
            role,
            oidc_provider_arn,
            token,
        };
        Ok(OidcRole::source(context.client.clone(), role))
    }

    /// The role of the block `assume_role`, where variables stand in for what the block does not set. Without the block the
    /// role of the environment, unless arguments chose the credentials.
    fn assumed_role(&self, from_arguments: bool) -> Result<Option<Role>, Diagnostics> {
        let block = self.block.object(role::NAME);
        let empty = BTreeMap::new();
        let attributes = match block {
            Some(block) => block,
            None if from_arguments => return Ok(None),
            None => &empty,
        };
        let mut variables = ASSUME_ROLE_ARN.to_vec();
        if self.variable(&OIDC_PROVIDER_ARN)?.is_none() {
            variables.splice(..0, ROLE_ARN);
        }
        let Some(arn) = self.block_text(attributes, "role_arn", &variables)? else {
            return match attributes.get("role_arn") {
                // As in the official provider, an empty ARN means no role.
                Some(Value::String(_)) => Ok(None),
                _ if block.is_none() => Ok(None),
                _ => Err(incomplete(
                    &format!("{} has no role_arn", role::NAME),
                    &format!(
                        "Set `role_arn` in the block `{}`, or set one of these environment variables: {}.",
                        role::NAME,
                        variable_list(&variables)
                    ),
                )
                .at(AttributePath::attribute(role::NAME).then_attribute("role_arn"))
                .into()),
            };
        };
        let mut attributes = attributes.clone();
        for (name, variables) in [
            ("session_name", SESSION_NAME.as_slice()),
            ("external_id", EXTERNAL_ID.as_slice()),
        ] {
            if let Some(text) = self.block_text(&attributes, name, variables)? {
                attributes.insert(name.to_owned(), text.into());
            }
        }
        if attributes
            .get("session_expiration")
            .is_none_or(Value::is_null)
            && let Some((text, name)) = self.variable(&SESSION_EXPIRATION)?
        {
            let seconds: i64 = text.trim().parse().map_err(|_| {
                invalid(
                    &format!("{name} is not a whole number"),
                    &format!(
                        "The environment variable `{name}` must be a number of seconds, but is \"{}\".",
                        text.escape_debug()
                    ),
                )
            })?;
            attributes.insert("session_expiration".to_owned(), seconds.into());
        }
        role::parse_role(&arn, &attributes, &AttributePath::attribute(role::NAME)).map(Some)
    }

    /// A text of a block, or else of the environment. An empty text counts as not set.
    fn block_text(
        &self,
        block: &BTreeMap<String, Value>,
        name: &str,
        variables: &[&'static str],
    ) -> Result<Option<String>, Diagnostics> {
        let own = block
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty());
        match own {
            Some(text) => Ok(Some(text.to_owned())),
            None => Ok(self.variable(variables)?.map(|(text, _)| text)),
        }
    }
}

fn credentials_uri(
    context: &Context,
    uri: &str,
    origin: &str,
) -> Result<Arc<dyn CredentialsSource>, Diagnostics> {
    CredentialsUri::source(context, uri).map_err(|error| {
        invalid(
            &format!("The URI in {origin} cannot be used"),
            &sentence(&error),
        )
        .at(CREDENTIALS_URI.path())
        .into()
    })
}

/// The error of an AccessKey that lacks its ID or its secret.
fn incomplete_access_key(missing: &Argument, found: Origin) -> Diagnostics {
    let (Origin::Argument(found) | Origin::Variable(found)) = found;
    incomplete(
        &format!("{found} is set, but {} is not", missing.name),
        &format!(
            "An AccessKey has an ID and a secret. Set the argument `{}` or one of these environment variables: {}. \
             Create AccessKeys for a RAM user in the RAM console, not for the account itself.",
            missing.name,
            variable_list(missing.variables)
        ),
    )
    .at(missing.path())
    .into()
}
