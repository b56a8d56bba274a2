//! What the emulated cloud remembers: accounts with their keys and roles, and the objects of each product.
//!
//! The type of an object of a product is in the file of its noun.

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Formatter};

use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::cams::{
    BusinessProfile, CommerceSetting, ConversationalAutomation, Late, MessageLink, NumberKey,
    PhoneNumbers, Space, Templates, Waba,
};

/// One account with everything that may act for it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Account ID, sixteen digits at the real cloud. In control documents it stands in the path.
    #[serde(default)]
    pub id: String,
    /// Whether the account has activated Chat App Message Service.
    #[serde(default = "yes")]
    pub subscribed: bool,
    /// Long-lived key pairs.
    #[serde(default)]
    pub access_keys: Vec<AccessKey>,
    /// Roles that may be assumed.
    #[serde(default)]
    pub roles: Vec<Role>,
    /// OIDC providers that roles may trust.
    #[serde(default)]
    pub oidc_providers: Vec<OidcProvider>,
    /// Queries that have not yet seen the activation of the service.
    #[serde(skip)]
    pub blind_queries: u32,
}

impl Account {
    /// A subscribed account with nothing in it.
    pub fn new(id: &str) -> Self {
        Account {
            id: id.to_owned(),
            subscribed: true,
            access_keys: Vec::new(),
            roles: Vec::new(),
            oidc_providers: Vec::new(),
            blind_queries: 0,
        }
    }

    /// The same account with one more key, of a RAM user that may do everything.
    pub fn with_key(mut self, id: &str, secret: &str) -> Self {
        self.access_keys.push(AccessKey {
            id: id.to_owned(),
            secret: secret.to_owned(),
            user: Some("terraform".to_owned()),
            allow: everything(),
            active: true,
        });
        self
    }

    /// The same account with one more role.
    pub fn with_role(mut self, role: Role) -> Self {
        self.roles.push(role);
        self
    }
}

/// A long-lived key pair and its owner.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessKey {
    /// AccessKey ID.
    pub id: String,
    /// AccessKey secret.
    pub secret: String,
    /// RAM user; absent, it is the key of the account itself, which may do everything but assume roles.
    #[serde(default)]
    pub user: Option<String>,
    /// What the user may do: patterns such as `*`, `cams:*`, `cams:Query*`, `sts:AssumeRole`.
    #[serde(default = "everything")]
    pub allow: Vec<String>,
    /// An inactive key is refused by name.
    #[serde(default = "yes")]
    pub active: bool,
}

impl Debug for AccessKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey")
            .field("id", &self.id)
            .field("user", &self.user)
            .field("allow", &self.allow)
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

/// A RAM role.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Name within the account.
    pub name: String,
    /// Who may assume it: account IDs, ARNs of users, roles or OIDC providers, or `*` for everybody who is signed.
    pub trusted: Vec<String>,
    /// Demanded of `AssumeRole` where present.
    #[serde(default)]
    pub external_id: Option<String>,
    /// Longest session in seconds.
    #[serde(default = "one_hour")]
    pub max_session_duration: u64,
    /// What the role may do, as in [`AccessKey::allow`].
    #[serde(default = "everything")]
    pub allow: Vec<String>,
    /// Subjects of OIDC tokens that may assume it; absent, every subject.
    #[serde(default)]
    pub oidc_subjects: Option<Vec<String>>,
}

impl Role {
    /// A role of one hour that may do everything.
    pub fn new(name: &str, trusted: &[&str]) -> Self {
        Role {
            name: name.to_owned(),
            trusted: trusted.iter().map(|&who| who.to_owned()).collect(),
            external_id: None,
            max_session_duration: one_hour(),
            allow: everything(),
            oidc_subjects: None,
        }
    }
}

/// An OIDC provider that an account knows.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcProvider {
    /// Name within the account.
    pub name: String,
    /// `iss` of its tokens.
    pub issuer: String,
    /// Accepted `aud`.
    pub audiences: Vec<String>,
    /// Key of `HS256` tokens; absent, tokens are unsigned (`alg` is `none`).
    #[serde(default)]
    pub hs256_key: Option<String>,
}

impl Debug for OidcProvider {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcProvider")
            .field("name", &self.name)
            .field("issuer", &self.issuer)
            .field("audiences", &self.audiences)
            .finish_non_exhaustive()
    }
}

/// A temporary key pair.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) secret: String,
    pub(super) token: String,
    pub(super) account: String,
    pub(super) role: String,
    pub(super) name: String,
    pub(super) expires: OffsetDateTime,
    /// The policy that narrows the role, where one was given.
    pub(super) policy: Option<Value>,
}

/// Everything that the cloud remembers.
#[derive(Default)]
pub(super) struct Entities {
    pub(super) accounts: BTreeMap<String, Account>,
    /// Temporary keys by AccessKey ID.
    pub(super) sessions: BTreeMap<String, Session>,
    pub(super) phone_numbers: PhoneNumbers,
    pub(super) spaces: BTreeMap<String, Space>,
    pub(super) spaces_made: u64,
    /// Message templates by space.
    pub(super) templates: BTreeMap<String, Templates>,
    pub(super) wabas: BTreeMap<String, Waba>,
    /// Message links by space and number, in the order in which they were made.
    pub(super) message_links: BTreeMap<NumberKey, Vec<MessageLink>>,
    pub(super) profiles: BTreeMap<NumberKey, Late<BusinessProfile>>,
    pub(super) commerce_settings: BTreeMap<NumberKey, Late<CommerceSetting>>,
    pub(super) automations: BTreeMap<NumberKey, Late<ConversationalAutomation>>,
}

impl Entities {
    /// Adds an account or replaces the one of that ID; its spaces stay.
    pub(super) fn put_account(&mut self, account: Account) -> Result<(), String> {
        if account.id.is_empty() || !account.id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!(
                "the account ID \"{}\" is not made of decimal digits",
                account.id
            ));
        }
        for key in &account.access_keys {
            let elsewhere = self.accounts.values().any(|other| {
                other.id != account.id && other.access_keys.iter().any(|known| known.id == key.id)
            });
            if elsewhere {
                return Err(format!(
                    "the AccessKey ID \"{}\" belongs to another account already",
                    key.id
                ));
            }
        }
        self.accounts.insert(account.id.clone(), account);
        Ok(())
    }

    /// The data for the control API: without secrets, and without lag.
    pub(super) fn snapshot(&self) -> Value {
        let accounts: Vec<Value> = self
            .accounts
            .values()
            .map(|account| {
                json!({
                    "id": account.id,
                    "subscribed": account.subscribed,
                    "access_key_ids": account.access_keys.iter().map(|key| &key.id).collect::<Vec<_>>(),
                    "roles": account.roles.iter().map(|role| &role.name).collect::<Vec<_>>(),
                    "oidc_providers": account.oidc_providers.iter().map(|provider| &provider.name).collect::<Vec<_>>(),
                    "spaces": self.spaces_of(&account.id),
                })
            })
            .collect();
        json!({
            "accounts": accounts,
            "phone_numbers": self.phone_number_snapshot(),
            "registered_wabas": self.wabas.values().collect::<Vec<_>>(),
            "sessions": self.sessions.len(),
            "templates": self.templates,
        })
    }
}

fn yes() -> bool {
    true
}

fn everything() -> Vec<String> {
    vec!["*".to_owned()]
}

fn one_hour() -> u64 {
    3600
}
