//! The state of the emulated cloud: accounts and their keys, spaces and what is bound to them, WABAs.
//!
//! Must not contain: HTTP, error answers, switches.

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Formatter};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

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

/// A space: what the console calls a channel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Space {
    /// The space ID, which is the ID of the binding.
    pub cust_space_id: String,
    /// Account that owns the space.
    pub account: String,
    /// Instance ID as `ListInstance` shows it.
    pub instance_id: String,
    /// Name as `ListInstance` shows it.
    pub instance_name: String,
    /// `whatsapp` or another channel.
    pub channel_type: String,
    /// `published` and the like.
    pub state: String,
    /// `YYYY-MM-DD hh:mm:ss`.
    pub submit_time: String,
    /// Made by a bind and not at the console.
    pub made_by_bind: bool,
    /// The WABA that is bound to it.
    pub waba_id: Option<String>,
    /// Demanded `IsvCode`; never shown.
    #[serde(skip)]
    pub(super) isv_code: Option<String>,
    /// Order of creation.
    #[serde(skip)]
    pub(super) number: u64,
    /// When a call has bound it, in milliseconds since the start; absent if it was not a call.
    #[serde(skip)]
    pub(super) bound_at_ms: Option<u64>,
    /// Queries that have not yet seen the bind.
    #[serde(skip)]
    pub(super) blind_queries: u32,
}

/// A WhatsApp Business Account as the service describes it; an absent field is not in the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names are those of the service's answer")]
pub struct Waba {
    #[serde(default)]
    pub id: String,
    /// Account that alone may bind it; absent, whoever comes first.
    #[serde(default)]
    pub owner: Option<String>,
    pub name: Option<String>,
    pub account_review_status: Option<String>,
    pub business_id: Option<String>,
    pub business_name: Option<String>,
    pub currency: Option<String>,
    pub message_template_namespace: Option<String>,
    pub marketing_message_lite_status: Option<String>,
    pub is_on_biz_app: Option<String>,
    pub primary_business_location: Option<String>,
    pub auth_international_rate_eligibility: Option<Value>,
    /// Phone objects in the service's own spelling (`PhoneNumber`, `Status`, …).
    #[serde(default)]
    pub phone_numbers: Vec<Value>,
}

impl Waba {
    /// The WABA that an unregistered ID stands for: plausible, and the same at every look.
    pub fn derived(id: &str, account_review_status: &str) -> Self {
        let start = id.char_indices().rev().nth(3).map_or(0, |(start, _)| start);
        let tail = &id[start..];
        let text = |text: String| Some(text);
        Waba {
            id: id.to_owned(),
            owner: None,
            name: text(format!("Business {tail}")),
            account_review_status: text(account_review_status.to_owned()),
            business_id: text(format!("1929{tail}")),
            business_name: text(format!("Business {tail} Ltd")),
            currency: text("USD".to_owned()),
            message_template_namespace: text(format!("93e6b26e_8a67_4163_a093_ebfe645a{tail:0>4}")),
            marketing_message_lite_status: text("Y".to_owned()),
            is_on_biz_app: text("N".to_owned()),
            primary_business_location: text("SG".to_owned()),
            auth_international_rate_eligibility: Some(
                json!({"start_time": 1_721_952_000, "exception_countries": []}),
            ),
            phone_numbers: vec![json!({
                "PhoneNumber": format!("65800{tail:0>5}"),
                "VerifiedName": format!("Business {tail}"),
                "Status": "CONNECTED",
                "NameStatus": "Approval",
                "CodeVerificationStatus": "VERIFIED",
                "QualityRating": "GREEN",
                "MessagingLimitTier": "TIER_1K",
                "IsOfficial": "N",
            })],
        }
    }
}

/// Everything that the cloud remembers.
#[derive(Default)]
pub(super) struct Entities {
    pub(super) accounts: BTreeMap<String, Account>,
    pub(super) spaces: BTreeMap<String, Space>,
    pub(super) wabas: BTreeMap<String, Waba>,
    /// Temporary keys by AccessKey ID.
    pub(super) sessions: BTreeMap<String, Session>,
    pub(super) spaces_made: u64,
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

    /// The WABA of that ID, registered or derived.
    pub(super) fn waba(&self, id: &str, account_review_status: &str) -> Waba {
        let registered = self.wabas.get(id).cloned();
        registered.unwrap_or_else(|| Waba::derived(id, account_review_status))
    }

    /// Spaces of one account in the order of their creation.
    pub(super) fn spaces_of(&self, account: &str) -> Vec<&Space> {
        let mut spaces: Vec<&Space> = self
            .spaces
            .values()
            .filter(|space| space.account == account)
            .collect();
        spaces.sort_by_key(|space| space.number);
        spaces
    }

    /// Spaces that a WABA is bound to, oldest first.
    pub(super) fn spaces_bound_to(&self, waba_id: &str) -> Vec<&Space> {
        let mut spaces: Vec<&Space> = self
            .spaces
            .values()
            .filter(|space| space.waba_id.as_deref() == Some(waba_id))
            .collect();
        spaces.sort_by_key(|space| space.number);
        spaces
    }

    /// Sets or clears what is bound to a space, seen at once by everybody.
    pub(super) fn set_binding(
        &mut self,
        cust_space_id: &str,
        waba_id: Option<&str>,
    ) -> Result<(), String> {
        let space = self.spaces.get_mut(cust_space_id).ok_or_else(|| {
            format!("there is no space \"{cust_space_id}\"; look for it in the state")
        })?;
        space.waba_id = waba_id.map(str::to_owned);
        space.blind_queries = 0;
        space.bound_at_ms = None;
        Ok(())
    }

    /// What may be shown to whoever controls the emulator: no secret, and truth without lag.
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
            "registered_wabas": self.wabas.values().collect::<Vec<_>>(),
            "sessions": self.sessions.len(),
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
