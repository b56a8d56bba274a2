//! The schema of the provider block.

use super::arguments::{
    ACCESS_KEY, ACCOUNT_ID, ACCOUNT_TYPE, Argument, CLIENT_CONNECT_TIMEOUT, CLIENT_READ_TIMEOUT,
    CONFIGURATION_SOURCE, CREDENTIALS_URI, ECS_ROLE_NAME, FEATURES, MAX_RETRY_TIMEOUT, PRODUCTS,
    PROFILE, PROTOCOL, REGION, REQUESTS_PER_SECOND, SECRET_KEY, SECURITY_TOKEN,
    SHARED_CREDENTIALS_FILE, SIGN_VERSION, SIGN_VERSIONS_WITHOUT_EFFECT, WITHOUT_EFFECT,
    variable_list,
};
use super::credentials;
use super::validate::{ALLOWED_ACCOUNTS, FORBIDDEN_ACCOUNTS};
use crate::common::assume_role as role;
use alicloud::{Protocol, credentials::AccountRule};
use framework::{Attribute, Block, Nesting, Schema, Type, Value, schema::Validator};

/// The schema of the provider block.
pub(super) fn schema() -> Schema {
    Schema::new(with_attributes(
            Block::new(
                "Onboards WhatsApp Business Accounts on Alibaba Cloud Chat App Message Service (CAMS). \
                 Arguments and environment variables are those of the `aliyun/alicloud` provider.",
            )
            .attribute(text(&ACCESS_KEY, "AccessKey ID."))
            .attribute(text(&SECRET_KEY, "AccessKey secret.").sensitive())
            .attribute(
                text(
                    &SECURITY_TOKEN,
                    "Security token of a temporary AccessKey. From the environment only together with an AccessKey from the environment.",
                )
                .sensitive(),
            )
            .attribute(text(
                &PROFILE,
                "Name of a profile in `shared_credentials_file`. Default: the profile that the file calls current.",
            ))
            .attribute(text(
                &SHARED_CREDENTIALS_FILE,
                "File with profiles: the JSON file of the Alibaba Cloud CLI, or the ini file of the SDKs. Default: \
                 `~/.aliyun/config.json`, then `~/.alibabacloud/credentials`.",
            ))
            .attribute(text(&CREDENTIALS_URI, "URL that returns temporary credentials."))
            .attribute(text(&ECS_ROLE_NAME, "Name of the RAM role that is attached to the ECS instance."))
            .attribute(accounts(
                ALLOWED_ACCOUNTS,
                "IDs of the accounts that the provider may work in. Checked with `GetCallerIdentity` before the first call. An \
                 empty list, or a null in it, is an error.",
            ))
            .attribute(accounts(
                FORBIDDEN_ACCOUNTS,
                "IDs of accounts that the provider must not work in. Checked with `GetCallerIdentity` before the first call. A \
                 null in the list is an error.",
            ))
            .attribute(
                text(
                    &ACCOUNT_ID,
                    "ID of the account that the credentials, or the role that the provider assumes, belong to. Set it to skip the \
                     `GetCallerIdentity` call where the account has to be known. The provider does not check it by a call \
                     of its own. The environment variables count only for credentials from the environment, and not if \
                     the ARN of a role names the account.",
                )
                .validate(Validator::text(|text| {
                    if text.is_empty() || AccountRule::is_account_id(text) {
                        return Ok(());
                    }
                    Err(format!("must be an account ID, which has decimal digits only, but is \"{}\"", text.escape_debug()))
                })),
            )
            .attribute(
                text(
                    &ACCOUNT_TYPE,
                    "`Domestic` or `International`, in any case. Accepted without effect: the endpoint of CAMS is the same \
                     for both.",
                )
                .validate(Validator::text(|text| match text.to_ascii_lowercase().as_str() {
                    "" | "domestic" | "international" => Ok(()),
                    _ => Err(format!("must be \"Domestic\" or \"International\", but is \"{}\"", text.escape_debug())),
                })),
            )
            .attribute(text(&REGION, "Region. CAMS documents one endpoint, in `ap-southeast-1`, which is the default."))
            .attribute(
                text(&PROTOCOL, "`HTTPS` (default) or `HTTP`. With `HTTP`, the network can read every request.").validate(
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
                "Seconds that one operation may spend on retries. Default: `0`: only the operation's `timeouts` limit them.",
            ))
            .attribute(number(
                &REQUESTS_PER_SECOND,
                "Calls per second for each account and API action, in place of the documented limits (10 for most actions of \
                 CAMS). Default: `0`: the documented limits. Lower it if others use the same account.",
            ))
            .attribute(text(&CONFIGURATION_SOURCE, "Text appended to the user agent, up to 1024 characters.").validate(
                Validator::text(|text| match text.chars().count() {
                    0..=1024 => Ok(()),
                    length => Err(format!("must have at most 1024 characters, but has {length}")),
                }),
            ))
            .nested(
                role::NAME,
                Nesting::OPTIONAL,
                with_attributes(
                    Block::new("A RAM role that the provider assumes with its other credentials."),
                    role::attributes(false),
                ),
            )
            .nested(
                credentials::OIDC_BLOCK,
                Nesting::OPTIONAL,
                with_attributes(
                    Block::new("A RAM role that the provider assumes with an OIDC token instead of an AccessKey."),
                    credentials::oidc_attributes(),
                ),
            )
            .nested(
                "endpoints",
                Nesting::OPTIONAL,
                PRODUCTS.iter().fold(
                    Block::new("Endpoints in place of the public ones: a host, `host:port`, or a URL. Plain HTTP only to loopback addresses or with `protocol = \"HTTP\"`."),
                    |block, product| {
                        block.attribute(Attribute::optional(product.name, Type::String).describe(format!(
                            "Endpoint of {}. Environment: {}.",
                            product.product.code.to_uppercase(),
                            variable_list(product.variables),
                        )))
                    },
                ),
            )
            .nested(
                SIGN_VERSION,
                Nesting::OPTIONAL,
                with_attributes(
                    Block::new("Versions of the request signature.").attribute(
                        Attribute::optional("cams", Type::String)
                            .describe("`v1` (HMAC-SHA1, default) or `v3` (ACS3-HMAC-SHA256).")
                            .validate(Validator::one_of(&["v1", "v3"])),
                    ),
                    SIGN_VERSIONS_WITHOUT_EFFECT
                        .map(|(name, why)| without_effect(name, Type::String, why)),
                ),
            ),
            WITHOUT_EFFECT.map(|(name, ty, why)| without_effect(name, ty, why)),
        )
        .nested(FEATURES, Nesting::OPTIONAL, features()))
}

/// The block `features` of the official provider, in full: a block accepts only what its schema names.
fn features() -> Block {
    let why = "only that provider has these resources";
    let instance = Block::new("Accepted without effect.").attribute(without_effect(
        "replace_on_image_update",
        Type::Bool,
        why,
    ));
    Block::new(format!(
        "Accepted without effect, for blocks of `aliyun/alicloud`: {why}."
    ))
    .nested("ecs_instance", Nesting::OPTIONAL, instance)
}

/// An argument of the official provider that is accepted and ignored.
fn without_effect(name: &'static str, ty: Type, why: &str) -> Attribute {
    Attribute::optional(name, ty).describe(format!(
        "Accepted without effect, for blocks of `aliyun/alicloud`: {why}."
    ))
}

fn text(argument: &Argument, description: &str) -> Attribute {
    Attribute::optional(argument.name, Type::String).describe(argument.description(description))
}

fn number(argument: &Argument, description: &str) -> Attribute {
    Attribute::optional(argument.name, Type::Number)
        .describe(argument.description(description))
        .validate(Validator::new(|value| match value {
            Value::Number(number) if whole_number(number.as_i64()).is_none() => Err(format!(
                "must be a whole number from 0 to {MAX_NUMBER}, but is {number}"
            )),
            _ => Ok(()),
        }))
}

/// A set of account IDs.
fn accounts(name: &'static str, description: &str) -> Attribute {
    Attribute::optional(name, Type::Set(Box::new(Type::String)))
        .describe(description)
        .validate(Validator::new(|value| {
            let Value::List(ids) = value else {
                return Ok(());
            };
            match ids
                .iter()
                .filter_map(Value::as_str)
                .find(|id| !AccountRule::is_account_id(id))
            {
                Some(id) => Err(format!(
                    "must hold account IDs, which have decimal digits only, but holds \"{}\"",
                    id.escape_debug()
                )),
                None => Ok(()),
            }
        }))
}

fn with_attributes(block: Block, attributes: impl IntoIterator<Item = Attribute>) -> Block {
    attributes.into_iter().fold(block, Block::attribute)
}

/// The largest number of milliseconds or seconds that an argument takes: a month of milliseconds.
pub(super) const MAX_NUMBER: i64 = 2_678_400_000;

pub(super) fn whole_number(number: Option<i64>) -> Option<u64> {
    number
        .filter(|number| (0..=MAX_NUMBER).contains(number))
        .and_then(|number| u64::try_from(number).ok())
}

pub(super) fn parse_protocol(text: &str) -> Option<Protocol> {
    match text.to_ascii_uppercase().as_str() {
        "HTTPS" => Some(Protocol::Https),
        "HTTP" => Some(Protocol::Http),
        _ => None,
    }
}
