//! A profile in a file: found, read and turned into the source that it describes, at first use.
//!
//! Two formats are distinguished by how they begin: the JSON file of the Alibaba Cloud CLI, with all of its modes, and the ini
//! file of the SDKs. Without a file named, the CLI's comes first. Source: the official CLI and SDKs.
//!
//! A file is absent if it is not there, is empty, or is the one that the CLI makes at its first start. Anything else there
//! is meant by somebody: if it does not fit, that is an error, because whoever comes next in the chain is somebody else.

mod cli_file;
mod ini;
mod write_back;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use super::cloud_sso::CloudSso;
use super::error::quoted_name;
use super::oauth::OAuth;
use super::process::Process;
use super::{
    AssumedRole, Context, Credentials, CredentialsError, CredentialsErrorKind, CredentialsSource,
    CredentialsUri, EcsMetadata, InstanceMetadata, OidcRole, OidcToken, ProgramFault, Role,
    RoleArn, RoleWithOidc, StaticKeys, Wait, file,
};
use crate::{Client, Endpoint, Protocol, STS, StsHost};
use cli_file::shown_word;
pub(super) use cli_file::{CliFile, CliProfile};
use ini::{IniFile, IniProfile};
pub(super) use write_back::LockedFile;

/// Switches the CLI's own file off, where no file is named.
const CLI_FILE_DISABLED: &str = "ALIBABA_CLOUD_CLI_PROFILE_DISABLED";

/// Which profile is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileSelector {
    /// The file, as a person writes it; `None`: the usual ones.
    pub file: Option<String>,
    /// Its name; `None`: the one that the file calls current, in an ini file `default`.
    pub name: Option<String>,
    /// Whether somebody has asked for it. If not, a file that is not there is no error but
    /// [`absent`](CredentialsError::is_absent).
    pub expected: bool,
}

/// The profile, once it was looked up.
#[derive(Debug)]
pub struct Profile {
    context: Context,
    selector: ProfileSelector,
    source: OnceCell<Arc<dyn CredentialsSource>>,
}

impl Profile {
    /// Reads nothing yet.
    pub fn new(context: Context, selector: ProfileSelector) -> Profile {
        Profile {
            context,
            selector,
            source: OnceCell::new(),
        }
    }

    async fn source(&self) -> Result<&Arc<dyn CredentialsSource>, CredentialsError> {
        self.source.get_or_try_init(|| self.find()).await
    }

    async fn find(&self) -> Result<Arc<dyn CredentialsSource>, CredentialsError> {
        let mut missing = Vec::new();
        for path in self.files()? {
            match self.find_in(&path).await {
                Err(error) if error.is_absent() => missing.push(error.to_string()),
                // A profile with a name of its own may as well stand in the next file. The current one may not.
                Err(error)
                    if error.kind() == CredentialsErrorKind::ProfileMissing
                        && self.selector.name.is_some() =>
                {
                    missing.push(error.to_string());
                }
                found => return found,
            }
        }
        let missing = missing.join("; ");
        Err(match self.selector.expected {
            // Somebody wants this profile, so that it is not there is a fault.
            true => CredentialsError::new(CredentialsErrorKind::ProfileMissing, missing),
            false => CredentialsError::absent(missing),
        })
    }

    async fn find_in(&self, path: &Path) -> Result<Arc<dyn CredentialsSource>, CredentialsError> {
        let text = file::read(path).await?;
        let name = self.selector.name.as_deref();
        match format(&text) {
            Format::Empty => Err(CredentialsError::absent(format!(
                "{} is empty",
                path.display()
            ))),
            Format::Json => {
                let file = CliFile::parse(path, &text)?;
                if name.is_none() && file.is_untouched() {
                    return Err(CredentialsError::absent(format!(
                        "{} is as the CLI made it, without credentials",
                        path.display()
                    )));
                }
                let name = match name {
                    Some(name) => name,
                    None => file.current()?,
                };
                let profile = file.profile(name)?;
                resolve(&self.context, &file, &profile, &mut Vec::new())
            }
            Format::Ini => {
                let file = IniFile::parse(path, &text)?;
                of_ini(&self.context, &file.profile(name.unwrap_or("default"))?)
            }
        }
    }

    fn files(&self) -> Result<Vec<PathBuf>, CredentialsError> {
        let environment = &self.context.environment;
        if let Some(file) = &self.selector.file {
            return Ok(vec![environment.path(file)]);
        }
        let Some(home) = environment.home() else {
            return Err(CredentialsError::absent(
                "there is no home directory to look for profiles in",
            ));
        };
        let mut files = Vec::new();
        if !environment.forbids(CLI_FILE_DISABLED) {
            files.push(home.join(".aliyun").join("config.json"));
        }
        let sdk = home.join(".alibabacloud");
        files.extend([sdk.join("credentials"), sdk.join("credentials.ini")]);
        Ok(files)
    }
}

#[async_trait]
impl CredentialsSource for Profile {
    async fn credentials(&self) -> Result<Credentials, CredentialsError> {
        self.source().await?.credentials().await
    }

    async fn replacement(
        &self,
        expired: &Credentials,
    ) -> Result<Option<Credentials>, CredentialsError> {
        self.source().await?.replacement(expired).await
    }

    fn waiting_for(&self) -> Option<Wait> {
        match self.source.get() {
            Some(source) => source.waiting_for(),
            None => Some(Wait::File),
        }
    }

    fn access_key_id(&self) -> Option<String> {
        self.source.get()?.access_key_id()
    }

    fn account_id(&self) -> Option<String> {
        self.source.get()?.account_id()
    }
}

/// What a file is, by how it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Empty,
    Json,
    Ini,
}

fn format(text: &str) -> Format {
    let text = text.trim_start();
    match text.chars().next() {
        None => Format::Empty,
        Some('{' | '"') => Format::Json,
        // A list in JSON begins like a section. No section begins like an element of a list.
        Some('[') => match text[1..].trim_start().chars().next() {
            None | Some('{' | '[' | ']' | '"') => Format::Json,
            Some(_) if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => Format::Json,
            Some(_) => Format::Ini,
        },
        Some(_) => Format::Ini,
    }
}

/// The source that a profile of the CLI describes. `chain` are the profiles that lead here.
fn resolve(
    context: &Context,
    file: &CliFile,
    profile: &CliProfile,
    chain: &mut Vec<String>,
) -> Result<Arc<dyn CredentialsSource>, CredentialsError> {
    if chain.contains(&profile.name) {
        chain.push(profile.name.clone());
        return Err(profile.fault(&format!(
            "builds on itself: its source_profile leads in a circle ({})",
            chain
                .iter()
                .map(|name| quoted_name(name))
                .collect::<Vec<_>>()
                .join(" -> ")
        )));
    }
    chain.push(profile.name.clone());
    let mode = match profile.text("mode")? {
        Some(mode) => mode,
        // As the CLI guesses.
        None if profile.text("sts_token")?.is_some() => "StsToken",
        None if profile.text("ram_role_arn")?.is_some() => "RamRoleArn",
        None => "AK",
    };
    let metadata = || {
        let role = profile.text("ram_role_name")?;
        instance(context, role).map_err(|error| profile.frame("cannot be used", error))
    };
    match mode {
        "AK" => keys(profile, None),
        "StsToken" => keys(profile, Some(profile.needed("sts_token")?)),
        "RamRoleArn" => {
            // The CLI allows temporary keys here.
            let source = keys(profile, profile.text("sts_token")?)?;
            assume(context, profile, source)
        }
        "EcsRamRole" => metadata(),
        "RamRoleArnWithRoleName" | "RamRoleArnWithEcs" => assume(context, profile, metadata()?),
        "ChainableRamRoleArn" => {
            let below = file.profile(profile.needed("source_profile")?).map_err(|error| {
                profile.fault("names a source_profile that cannot be used").because(error)
            })?;
            let source = resolve(context, file, &below, chain)?;
            assume(context, profile, source)
        }
        "OIDC" => {
            let role = role(profile)?;
            let token = context.environment.path(profile.needed("oidc_token_file")?);
            Ok(OidcRole::source(
                sts_client(context, profile)?,
                RoleWithOidc {
                    role,
                    oidc_provider_arn: profile.needed("oidc_provider_arn")?.to_owned(),
                    token: OidcToken::File(token),
                },
            ))
        }
        "CredentialsURI" => credentials_uri(context, profile)
            .map_err(|error| profile.frame("cannot be used", error)),
        "External" => Process::source(context, profile),
        "CloudSSO" => Ok(CloudSso::source(context, profile)),
        "OAuth" => Ok(OAuth::source(context, profile)),
        "RsaKeyPair" => Err(profile.fault(
            "has the mode RsaKeyPair, which Alibaba Cloud no longer supports; configure another mode, such as RamRoleArn",
        )),
        "BearerToken" => Err(profile.fault(
            "has the mode BearerToken, but this service accepts signed requests only; configure a mode with an AccessKey",
        )),
        "Anonymous" => Err(profile.fault(
            "has the mode Anonymous, but this service accepts signed requests only; configure a mode with an AccessKey",
        )),
        other => Err(profile.fault(&format!(
            "has the unknown mode {}; known are AK, StsToken, RamRoleArn, EcsRamRole, RamRoleArnWithRoleName, \
             ChainableRamRoleArn, OIDC, CredentialsURI, External, CloudSSO and OAuth, spelled like this",
            shown_word(other)
        ))),
    }
}

/// The switch that keeps profiles from having programs run covers the URI, too, as in the CLI.
fn credentials_uri(
    context: &Context,
    profile: &CliProfile,
) -> Result<Arc<dyn CredentialsSource>, CredentialsError> {
    const VARIABLE: &str = "ALIBABA_CLOUD_CREDENTIALS_URI";
    external_allowed(context)?;
    // As in the CLI, the variable stands in for an empty field.
    let of_environment = || context.environment.variable(VARIABLE);
    match profile
        .text("credentials_uri")?
        .map(str::to_owned)
        .or_else(of_environment)
    {
        Some(uri) => CredentialsUri::source(context, &uri),
        None => Err(CredentialsError::new(
            CredentialsErrorKind::Profile,
            format!("it has no credentials_uri, and the variable {VARIABLE} is not set"),
        )),
    }
}

/// Whether a profile may have credentials fetched from outside.
pub(super) fn external_allowed(context: &Context) -> Result<(), CredentialsError> {
    const DISABLED: &str = "ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS";
    if !context.environment.forbids(DISABLED) {
        return Ok(());
    }
    Err(CredentialsError::new(
        CredentialsErrorKind::Program(ProgramFault::Forbidden),
        format!(
            "the variable {DISABLED} forbids the modes External and CredentialsURI, in which a profile has credentials \
             fetched by a program or from a URL"
        ),
    ))
}

/// The role of the ECS instance, by name or discovered. A variable forbids the metadata service to profiles, too, as in the
/// SDKs.
fn instance(
    context: &Context,
    role: Option<&str>,
) -> Result<Arc<dyn CredentialsSource>, CredentialsError> {
    const DISABLED: &str = "ALIBABA_CLOUD_ECS_METADATA_DISABLED";
    if context.environment.forbids(DISABLED) {
        return Err(CredentialsError::new(
            CredentialsErrorKind::Profile,
            format!(
                "it uses the role of the ECS instance, but the variable {DISABLED} forbids to ask the metadata service of the \
                 instance; unset the variable, or choose another profile"
            ),
        ));
    }
    let wanted = InstanceMetadata {
        role: role.map(str::to_owned),
        v2_only: context.environment.forbids("ALIBABA_CLOUD_IMDSV1_DISABLED"),
        expected: true,
    };
    Ok(EcsMetadata::source(context, wanted))
}

fn keys(
    profile: &CliProfile,
    token: Option<&str>,
) -> Result<Arc<dyn CredentialsSource>, CredentialsError> {
    let (id, secret) = (
        profile.needed("access_key_id")?,
        profile.needed("access_key_secret")?,
    );
    let keys = StaticKeys::new(id, secret, token).map_err(|error| {
        profile
            .fault("has an AccessKey that cannot be used")
            .because(error)
    })?;
    Ok(Arc::new(keys))
}

fn assume(
    context: &Context,
    profile: &CliProfile,
    source: Arc<dyn CredentialsSource>,
) -> Result<Arc<dyn CredentialsSource>, CredentialsError> {
    let client = sts_client(context, profile)?.acting_as(source);
    Ok(AssumedRole::source(client, role(profile)?))
}

fn role(profile: &CliProfile) -> Result<Role, CredentialsError> {
    let bad = |field: &str, reason: String| {
        profile.fault(&format!("has a bad {field}: it must be {}", rule(&reason)))
    };
    let arn = RoleArn::parse(profile.needed("ram_role_arn")?)
        .map_err(|reason| bad("ram_role_arn", reason))?;
    let mut role = Role::new(arn);
    for field in ["ram_session_name", "role_session_name"] {
        if let Some(name) = profile.text(field)? {
            Role::check_session_name(name).map_err(|reason| bad(field, reason))?;
            role.session_name = name.to_owned();
            break;
        }
    }
    if let Some(seconds) = profile.number("expired_seconds")? {
        role.session_expiration = Role::check_session_expiration(seconds)
            .map_err(|reason| bad("expired_seconds", reason))?;
    }
    if let Some(policy) = profile.text("policy")? {
        Role::check_policy(policy).map_err(|reason| bad("policy", reason))?;
        role.policy = Some(policy.to_owned());
    }
    if let Some(id) = profile.text("external_id")? {
        Role::check_external_id(id).map_err(|reason| bad("external_id", reason))?;
        role.external_id = Some(id.to_owned());
    }
    Ok(role)
}

/// What a value must be, without the value: in a file it may be anything, a secret included.
fn rule(reason: &str) -> &str {
    reason.split_once(", but ").map_or(reason, |(rule, _)| rule)
}

/// A client for the STS that the profile names, else for the one that is configured anyway.
fn sts_client(context: &Context, profile: &CliProfile) -> Result<Client, CredentialsError> {
    let bad = |field: &str, expected: &str| {
        profile.fault(&format!("has a bad {field}: it must be {expected}"))
    };
    let configured = context.client.config();
    let (region, vpc) = (profile.text("sts_region")?, profile.is_on("enable_vpc")?);
    let endpoint = if let Some(host) = profile.text("sts_endpoint")? {
        let endpoint = Endpoint::parse(host, Protocol::Https);
        let expected =
            "a host, host:port or https://host[:port], such as sts.ap-southeast-1.aliyuncs.com";
        Some(endpoint.map_err(|_| bad("sts_endpoint", expected))?)
    } else if region.is_some() || vpc {
        let region = region.unwrap_or(&configured.region).to_owned();
        let host = StsHost { region, vpc };
        let expected = "a region ID, such as ap-southeast-1";
        Some(host.endpoint().map_err(|_| bad("sts_region", expected))?)
    } else {
        None
    };
    Ok(match endpoint {
        Some(endpoint) => context.client.with(|config| {
            config.endpoints = std::mem::take(&mut config.endpoints).with(&STS, endpoint);
        }),
        None => context.client.clone(),
    })
}

/// The source that a section of the ini file describes.
fn of_ini(
    context: &Context,
    profile: &IniProfile<'_>,
) -> Result<Arc<dyn CredentialsSource>, CredentialsError> {
    let keys = || -> Result<Arc<dyn CredentialsSource>, CredentialsError> {
        let (id, secret) = (
            profile.needed("access_key_id")?,
            profile.needed("access_key_secret")?,
        );
        let keys = StaticKeys::new(id, secret, None).map_err(|error| {
            profile
                .fault("has an AccessKey that cannot be used")
                .because(error)
        })?;
        Ok(Arc::new(keys))
    };
    let role = || {
        let bad = |key: &str, reason: String| {
            profile.fault(&format!("has a bad {key}: it must be {}", rule(&reason)))
        };
        let arn = RoleArn::parse(profile.needed("role_arn")?)
            .map_err(|reason| bad("role_arn", reason))?;
        let mut role = Role::new(arn);
        if let Some(name) = profile.text("role_session_name") {
            Role::check_session_name(name).map_err(|reason| bad("role_session_name", reason))?;
            role.session_name = name.to_owned();
        }
        if let Some(policy) = profile.text("policy") {
            Role::check_policy(policy).map_err(|reason| bad("policy", reason))?;
            role.policy = Some(policy.to_owned());
        }
        Ok(role)
    };
    match profile.needed("type")? {
        "access_key" => keys(),
        "ram_role_arn" => Ok(AssumedRole::source(context.client.acting_as(keys()?), role()?)),
        "ecs_ram_role" => instance(context, profile.text("role_name"))
            .map_err(|error| profile.fault("cannot be used").because(error)),
        "oidc_role_arn" => Ok(OidcRole::source(
            context.client.clone(),
            RoleWithOidc {
                role: role()?,
                oidc_provider_arn: profile.needed("oidc_provider_arn")?.to_owned(),
                token: OidcToken::File(context.environment.path(profile.needed("oidc_token_file_path")?)),
            },
        )),
        "rsa_key_pair" => Err(profile.fault(
            "has the type rsa_key_pair, which Alibaba Cloud no longer supports; configure another type, such as ram_role_arn",
        )),
        other => Err(profile.fault(&format!(
            "has the unknown type {}; known are access_key, ram_role_arn, ecs_ram_role and oidc_role_arn",
            shown_word(other)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::{CliFile, sts_client};
    use crate::credentials::{Context, Environment, NoCredentials};
    use crate::{Client, ClientConfig, STS};

    #[test]
    fn a_profile_says_where_its_sts_is() {
        let check = |fields: Value, expected: &str| {
            let none = Arc::new(NoCredentials::because("none are needed"));
            let context = Context {
                environment: Environment::new(|_| None),
                client: Client::new(ClientConfig::new("ap-southeast-1", none)),
            };
            let mut profile = fields.clone();
            profile["name"] = json!("p");
            let text = json!({"profiles": [profile]}).to_string();
            let found = CliFile::parse(Path::new("file"), &text)
                .and_then(|file| sts_client(&context, &file.profile("p")?))
                .map(|client| {
                    client
                        .config()
                        .endpoint(&STS)
                        .expect("an endpoint")
                        .to_string()
                })
                .unwrap_or_else(|error| error.to_string());
            assert_eq!(found, expected, "{fields}");
        };
        check(json!({}), "https://sts.ap-southeast-1.aliyuncs.com");
        check(
            json!({"sts_region": "eu-central-1"}),
            "https://sts.eu-central-1.aliyuncs.com",
        );
        check(
            json!({"enable_vpc": true}),
            "https://sts-vpc.ap-southeast-1.aliyuncs.com",
        );
        check(
            json!({"sts_region": "eu-central-1", "enable_vpc": "true"}),
            "https://sts-vpc.eu-central-1.aliyuncs.com",
        );
        check(
            json!({"sts_endpoint": "sts.internal.example", "sts_region": "eu-central-1"}),
            "https://sts.internal.example",
        );
    }
}
