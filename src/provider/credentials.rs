//! Which credentials the provider block and the environment mean: what is written down first, then the environment, then
//! the usual files, then the machine.
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
//! The whole first column comes before the second. If neither says anything: the current profile of the CLI's file, the
//! default one of the SDKs' file, the role of the ECS instance. On top of any of these comes `assume_role`.
//!
//! Two things differ from the official provider, where they are known faults: a `profile` in the block beats keys in the
//! environment, and a security token from the environment is used only together with an AccessKey from the environment,
//! because a token of another key can only fail.
//!
//! Must not contain: network or file access; all of it waits for the first call.

use std::{collections::BTreeMap, sync::Arc};

use super::arguments::{
    ACCESS_KEY, ACCOUNT_ID, Argument, CREDENTIALS_URI, ECS_ROLE_NAME, PROFILE, SECRET_KEY,
    SECURITY_TOKEN, SHARED_CREDENTIALS_FILE, listed,
};
use super::config::{Origin, Reading, capitalised};
use crate::common::assume_role as role;
use alicloud::{
    CredentialsError, CredentialsSource, Secret, StaticKeys,
    credentials::{
        AccountRule, AssumedRole, Context, CredentialsUri, DefaultChain, EcsMetadata,
        InstanceMetadata, OidcRole, OidcToken, Profile, ProfileSelector, Role, RoleWithOidc,
    },
};
use framework::{Attribute, AttributePath, Diagnostic, Diagnostics, Type, Value};

/// The name of the block for OIDC.
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
/// These mean the role of OIDC where an OIDC provider is named, too, and else one to assume.
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

/// The attributes of the block for OIDC.
pub(super) fn oidc_attributes() -> Vec<Attribute> {
    let text = |name, description: &str, variables: &[&str]| {
        let variables = listed(variables);
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
            "The token. It beats `oidc_token_file`.",
            &OIDC_TOKEN,
        )
        .sensitive(),
        text(
            "oidc_token_file",
            "File that holds the token. It is read again at each refresh.",
            &OIDC_TOKEN_FILE,
        ),
        role::session_name("role_session_name"),
        role::policy(),
        role::session_expiration(),
    ]
}

/// The credentials, and whether they come from arguments of the provider block.
pub(super) struct Base {
    pub(super) source: Arc<dyn CredentialsSource>,
    from_arguments: bool,
}

impl Reading<'_> {
    /// The source of credentials that is meant. Nothing is looked up yet.
    pub(super) fn credentials(&self, context: &Context) -> Result<Base, Diagnostics> {
        let base = self.base(context)?;
        Ok(match self.role(base.from_arguments)? {
            Some(role) => Base {
                source: AssumedRole::source(context.client.acting_as(base.source), role),
                ..base
            },
            None => base,
        })
    }

    /// The account that these credentials are said to belong to. A variable speaks of the environment's credentials, not of
    /// those that the provider block names, and gives way to the ARN of a role, which knows better; so one environment
    /// fits several provider blocks.
    fn stated_account(&self, credentials: &Base) -> Result<Option<String>, Diagnostics> {
        let Some((stated, origin)) = self.text(&ACCOUNT_ID)? else {
            return Ok(None);
        };
        let invalid = |detail: String| -> Diagnostics {
            Diagnostic::error("Invalid account ID", detail)
                .at(ACCOUNT_ID.path())
                .into()
        };
        let by_role = credentials.source.account_id();
        match origin {
            Origin::Variable(_) if credentials.from_arguments => Ok(None),
            Origin::Variable(name) if !AccountRule::is_account_id(&stated) => {
                Err(invalid(format!(
                    "`{name}` must be an account ID, which has decimal digits only, but is \"{}\".",
                    stated.escape_debug()
                )))
            }
            Origin::Variable(_) if by_role.is_some() => Ok(None),
            _ => match by_role.filter(|account| *account != stated) {
                None => Ok(Some(stated)),
                Some(account) => Err(invalid(format!(
                    "`account_id` says that the credentials belong to the account {stated}, but the role that the provider \
                     assumes is one of the account {account}. Set `account_id` to {account}, leave it out, or name a role of \
                     the account {stated}. Nothing was changed."
                ))),
            },
        }
    }

    /// Which accounts may be acted on with these credentials.
    pub(super) fn account_rule(&self, credentials: &Base) -> Result<AccountRule, Diagnostics> {
        let ids = |name: &str| match self.config.get(name) {
            Value::List(ids) => ids
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            _ => Vec::new(),
        };
        Ok(AccountRule {
            allowed: ids("allowed_account_ids"),
            forbidden: ids("forbidden_account_ids"),
            stated: self.stated_account(credentials)?,
        })
    }

    fn base(&self, context: &Context) -> Result<Base, Diagnostics> {
        let arguments = |source| Base {
            source,
            from_arguments: true,
        };
        let environment = |source| Base {
            source,
            from_arguments: false,
        };
        let oidc_block = self.config.object(OIDC_BLOCK);

        // 1. Arguments of the provider block.
        if self.argument(&ACCESS_KEY).is_some() || self.argument(&SECRET_KEY).is_some() {
            return self.keys().map(arguments);
        }
        if self.argument(&PROFILE).is_some() || self.argument(&SHARED_CREDENTIALS_FILE).is_some() {
            return self.profile(context).map(arguments);
        }
        if let Some(uri) = self.argument(&CREDENTIALS_URI) {
            return credentials_uri(context, uri).map(arguments);
        }
        if let Some(name) = self.argument(&ECS_ROLE_NAME) {
            return Ok(arguments(self.instance(
                context,
                Some(name.to_owned()),
                true,
            )));
        }
        if let Some(block) = oidc_block {
            return self.oidc(context, block).map(arguments);
        }

        // 2. The environment.
        let is_set = |variables| self.variable(variables).map(|found| found.is_some());
        if is_set(ACCESS_KEY.variables)? || is_set(SECRET_KEY.variables)? {
            return self.keys().map(environment);
        }
        if is_set(&OIDC_PROVIDER_ARN)?
            && is_set(&ROLE_ARN)?
            && (is_set(&OIDC_TOKEN)? || is_set(&OIDC_TOKEN_FILE)?)
        {
            return self.oidc(context, &BTreeMap::new()).map(environment);
        }
        if is_set(PROFILE.variables)? || is_set(SHARED_CREDENTIALS_FILE.variables)? {
            return self.profile(context).map(environment);
        }
        if let Some((uri, _)) = self.variable(CREDENTIALS_URI.variables)? {
            return credentials_uri(context, &uri).map(environment);
        }
        let metadata_disabled = self.machine.is_on(METADATA_DISABLED);
        if let Some((name, _)) = self.variable(ECS_ROLE_NAME.variables)?
            && !metadata_disabled
        {
            return Ok(environment(self.instance(context, Some(name), true)));
        }

        // 3. What lies about.
        let profile = Profile::new(context.clone(), ProfileSelector::default());
        let mut members: Vec<Arc<dyn CredentialsSource>> = vec![Arc::new(profile)];
        if !metadata_disabled {
            members.push(self.instance(context, None, false));
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

    fn keys(&self) -> Result<Arc<dyn CredentialsSource>, Diagnostics> {
        let (id, id_origin, secret) = match (self.text(&ACCESS_KEY)?, self.text(&SECRET_KEY)?) {
            (Some((id, origin)), Some((secret, _))) => (id, origin, secret),
            (Some((_, origin)), None) => return Err(half_missing(&SECRET_KEY, origin)),
            (None, Some((_, origin))) => return Err(half_missing(&ACCESS_KEY, origin)),
            (None, None) => {
                return Err(half_missing(&ACCESS_KEY, Origin::Argument(SECRET_KEY.name)));
            }
        };
        let token = match (self.argument(&SECURITY_TOKEN), id_origin) {
            (Some(token), _) => Some(token.to_owned()),
            (None, Origin::Variable(_)) => self.text(&SECURITY_TOKEN)?.map(|(token, _)| token),
            (None, Origin::Argument(_)) => None,
        };
        let keys = StaticKeys::new(&id, &secret, token.as_deref())
            .map_err(|error| invalid(&error).at(ACCESS_KEY.path()))?;
        Ok(Arc::new(keys))
    }

    fn profile(&self, context: &Context) -> Result<Arc<dyn CredentialsSource>, Diagnostics> {
        let wish = ProfileSelector {
            file: self.text(&SHARED_CREDENTIALS_FILE)?.map(|(file, _)| file),
            name: self.text(&PROFILE)?.map(|(name, _)| name),
            expected: true,
        };
        Ok(Arc::new(Profile::new(context.clone(), wish)))
    }

    fn instance(
        &self,
        context: &Context,
        role: Option<String>,
        expected: bool,
    ) -> Arc<dyn CredentialsSource> {
        let wanted = InstanceMetadata {
            role,
            v2_only: self.machine.is_on(IMDS_V1_DISABLED),
            expected,
        };
        EcsMetadata::source(context, wanted)
    }

    /// The block for OIDC, its gaps filled from the environment.
    fn oidc(
        &self,
        context: &Context,
        block: &BTreeMap<String, Value>,
    ) -> Result<Arc<dyn CredentialsSource>, Diagnostics> {
        let at = AttributePath::attribute(OIDC_BLOCK);
        let text = |name: &str, variables: &[&'static str]| self.within(block, name, variables);
        let needed = |name: &'static str, variables: &[&'static str]| {
            text(name, variables)?.ok_or_else(|| -> Diagnostics {
                let detail = format!(
                    "A role that is assumed with an OIDC token needs `{name}`, which neither the block `{OIDC_BLOCK}` nor \
                     the environment ({}) has.",
                    listed(variables)
                );
                Diagnostic::error("Missing credentials", detail)
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
        // A file in the block beats a token in the environment, which is somebody else's.
        let token = match (own("oidc_token"), own("oidc_token_file")) {
            (Some(token), _) => OidcToken::Text(Secret::new(token)),
            (None, Some(file)) => OidcToken::File(self.machine.path(file)),
            (None, None) => match self.variable(&OIDC_TOKEN)? {
                Some((token, _)) => OidcToken::Text(Secret::new(token)),
                None => OidcToken::File(
                    self.machine
                        .path(&needed("oidc_token_file", &OIDC_TOKEN_FILE)?),
                ),
            },
        };
        let mut attributes = block.clone();
        if let Some(name) = text("role_session_name", &SESSION_NAME)? {
            attributes.insert("session_name".to_owned(), name.into());
        }
        let role = role::read(&arn, &attributes, &at)?;
        let role = RoleWithOidc {
            role,
            oidc_provider_arn,
            token,
        };
        Ok(OidcRole::source(context.client.clone(), role))
    }

    /// The role of the block `assume_role`, its gaps filled from the environment; or that of the environment alone, but
    /// not on top of credentials that the provider block names.
    fn role(&self, from_arguments: bool) -> Result<Option<Role>, Diagnostics> {
        let block = self.config.object(role::NAME);
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
        let Some(arn) = self.within(attributes, "role_arn", &variables)? else {
            return match attributes.get("role_arn") {
                // As in the official provider, an empty ARN says that there is no role.
                Some(Value::String(_)) => Ok(None),
                _ if block.is_none() => Ok(None),
                _ => Err(Diagnostic::error(
                    "Missing role",
                    format!(
                        "The block `{}` names no role. Set its `role_arn`, or one of {}.",
                        role::NAME,
                        listed(&variables)
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
            if let Some(text) = self.within(&attributes, name, variables)? {
                attributes.insert(name.to_owned(), text.into());
            }
        }
        if attributes
            .get("session_expiration")
            .is_none_or(Value::is_null)
            && let Some((text, name)) = self.variable(&SESSION_EXPIRATION)?
        {
            let seconds: i64 = text.trim().parse().map_err(|_| {
                Diagnostic::error(
                    "Invalid environment variable",
                    format!(
                        "`{name}` must be a number of seconds, but is \"{}\".",
                        text.escape_debug()
                    ),
                )
            })?;
            attributes.insert("session_expiration".to_owned(), seconds.into());
        }
        role::read(&arn, &attributes, &AttributePath::attribute(role::NAME)).map(Some)
    }

    /// A text of a block, or else of the environment. Empty counts as not set.
    fn within(
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
) -> Result<Arc<dyn CredentialsSource>, Diagnostics> {
    CredentialsUri::source(context, uri)
        .map_err(|error| invalid(&error).at(CREDENTIALS_URI.path()).into())
}

fn invalid(error: &CredentialsError) -> Diagnostic {
    Diagnostic::error("Invalid credentials", capitalised(&format!("{error}.")))
}

/// One half of an AccessKey without the other.
fn half_missing(missing: &Argument, other: Origin) -> Diagnostics {
    let found = match other {
        Origin::Argument(name) => format!("The argument \"{name}\" is set"),
        Origin::Variable(name) => format!("`{name}` is set"),
    };
    Diagnostic::error(
        "Missing credentials",
        format!(
            "{found}, but its other half is missing. Set the argument \"{}\" or one of {}. Create AccessKeys for a RAM \
             user in the RAM console; never use those of the account itself.",
            missing.name,
            listed(missing.variables)
        ),
    )
    .at(missing.path())
    .into()
}
