//! Acceptance tests of credentials: the real CLI, the real provider, and emulated credential endpoints.
//!
//! One module for each subject, with the list of its cases. The compiler warns of a case that is in no list. What one source
//! does with each unexpected response is tested beside the source.

mod failures;
mod many_accounts;
mod panics;
mod private_root;
mod proxies;
mod refreshing;
mod roles;
mod secrets;
mod sources;
mod unusable;

use std::process::ExitCode;

use acceptance_tests::{
    acceptance::{self, Case, Failed, REQUIRED_PROVIDERS, TestContext},
    emulator::{AccessKey, Account, CredentialEndpoints, OidcProvider, Role},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

fn main() -> ExitCode {
    // A program that the provider starts inherits its environment, so this comes first.
    if let Some(ending) = refreshing::vend() {
        return ending;
    }
    if panics::is_the_provider() {
        return panics::serve();
    }
    let subjects: &[&[Case]] = &[
        sources::CASES,
        unusable::CASES,
        proxies::CASES,
        private_root::CASES,
        refreshing::CASES,
        roles::CASES,
        secrets::CASES,
        failures::CASES,
        panics::CASES,
        many_accounts::CASES,
    ];
    acceptance::run(&subjects.concat())
}

/// The hub: the account of the first credentials, its user, and the key of the user.
const HUB: &str = "1000000000000010";
const USER: &str = "acs:ram::1000000000000010:user/terraform";
const KEY_ID: &str = "hub-key-id-0123456789";
const KEY_SECRET: &str = "MARK-hub-secret-0123456789";

/// The tenant: the account of the bindings, its role, and the OIDC provider that may assume the role.
const TENANT: &str = "1000000000000020";
const ROLE: &str = "acs:ram::1000000000000020:role/onboarding";
const OIDC_PROVIDER: &str = "acs:ram::1000000000000020:oidc-provider/ci";

const WABA: &str = "100000000000001";
const BINDING: &str =
    "resource \"alicloud_cams_waba_binding\" \"a\" {\n  waba_id = \"100000000000001\"\n}\n";

/// Makes the two accounts. The metadata service and the sign-ins return credentials of the tenant's role.
fn populate(context: &TestContext) -> Result<(), Failed> {
    let mut hub = Account::new(HUB);
    hub.access_keys.push(AccessKey {
        id: KEY_ID.to_owned(),
        secret: KEY_SECRET.to_owned(),
        user: Some("terraform".to_owned()),
        // No CAMS action is allowed, so only the role of the tenant can bind.
        allow: vec!["sts:AssumeRole".to_owned()],
        active: true,
    });
    for account in [hub, tenant(&["terraform"])] {
        context.emulator.put_account(account)?;
    }
    context
        .emulator
        .set_credential_endpoints(CredentialEndpoints {
            account: Some(TENANT.to_owned()),
            role: "onboarding".to_owned(),
            sso_access_token: Some("MARK-sso-token".to_owned()),
            oauth_access_token: Some("MARK-oauth-access".to_owned()),
            oauth_refresh_token: Some("MARK-oauth-refresh".to_owned()),
            oauth_seconds: 3600,
            ..CredentialEndpoints::default()
        });
    Ok(())
}

/// The tenant, whose OIDC provider accepts tokens for these audiences.
fn tenant(audiences: &[&str]) -> Account {
    let mut tenant = Account::new(TENANT)
        .with_role(Role::new("onboarding", &[USER, OIDC_PROVIDER, ROLE]))
        .with_role(Role::new("second", &[USER, ROLE]));
    tenant.oidc_providers.push(OidcProvider {
        name: "ci".to_owned(),
        issuer: "https://ci.example".to_owned(),
        audiences: audiences
            .iter()
            .map(|&audience| audience.to_owned())
            .collect(),
        hs256_key: None,
    });
    tenant
}

/// An unsigned token of the OIDC provider `ci`, valid for a day.
fn oidc_token() -> String {
    oidc_token_of("terraform", 4_102_444_800)
}

/// The same for an audience, valid until a time in seconds since 1970.
fn oidc_token_of(audience: &str, end: i64) -> String {
    let claims = json!({
        "iss": "https://ci.example",
        "aud": audience,
        "sub": "repo:acme/onboarding",
        "iat": 0,
        "exp": end,
        "MARK": "MARK-oidc",
    });
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(&json!({"alg": "none"})), part(&claims))
}

/// Writes `main.tf`: a provider block with these arguments beside the endpoints, and `text`.
fn configure(context: &TestContext, arguments: &str, text: &str) -> Result<(), Failed> {
    let endpoint = context.emulator.endpoint();
    let block = format!(
        "provider \"alicloud\" {{\n  endpoints {{\n    cams = \"{endpoint}\"\n    sts  = \"{endpoint}\"\n  }}\n{arguments}\n}}\n"
    );
    context
        .directory
        .write("main.tf", &format!("{REQUIRED_PROVIDERS}\n{block}\n{text}"))?;
    Ok(())
}

/// The arguments of the hub's key.
fn keys() -> String {
    format!("  access_key = \"{KEY_ID}\"\n  secret_key = \"{KEY_SECRET}\"\n")
}

/// Replaces the fixed addresses of credential endpoints with that of the emulator.
fn stand_ins(context: &mut TestContext) {
    let endpoint = context.emulator.endpoint().to_owned();
    for variable in [
        "ALIBABA_CLOUD_ECS_METADATA_SERVICE_ENDPOINT",
        "ALIBABA_CLOUD_OAUTH_ENDPOINT",
    ] {
        context.directory.set(variable, &endpoint);
    }
}
