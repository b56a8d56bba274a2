//! Which credentials source is chosen, which client configuration comes out, and every error. The sources themselves are
//! tested in `alicloud::credentials`.

use std::{collections::BTreeMap, num::NonZeroU32, sync::Arc, time::Duration};

use expect_test::{Expect, expect};

use super::*;
use crate::common::printed::printed;
use alicloud::{
    CAMS, ClientConfig, Protocol, STS, SignatureVersion,
    credentials::{Role, RoleArn},
};
use framework::{Object, Value};

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

/// The clients of a configuration, or the errors as Terraform prints them.
fn role_clients(
    config: &[(&str, Value)],
    environment: &[(&str, &str)],
) -> Result<RoleClients, String> {
    let environment: BTreeMap<String, String> = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let environment = Environment::new(move |name| environment.get(name).map(OsString::from));
    let config = object(config);
    let config = ProviderConfig {
        block: &config,
        environment: &environment,
    };
    let clients = config.role_clients("1.11.4");
    clients.map_err(|diagnostics| printed(diagnostics.iter()))
}

fn client_config(
    config: &[(&str, Value)],
    environment: &[(&str, &str)],
) -> Result<ClientConfig, String> {
    role_clients(config, environment).map(|clients| clients.client(None).config().clone())
}

const KEYS: [(&str, &str); 2] = [
    ("ALIBABA_CLOUD_ACCESS_KEY_ID", "env-id"),
    ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "env-secret"),
];

fn check_credentials(
    config: &[(&str, Value)],
    environment: &[(&str, &str)],
    (id, secret, token): (&str, &str, Option<&str>),
) {
    let config = client_config(config, environment).expect("a configuration");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let found = runtime
        .block_on(config.credentials.credentials())
        .expect("static credentials");
    assert_eq!(found.access_key_id, id);
    assert_eq!(found.access_key_secret.expose(), secret);
    let found_token = found.security_token.as_ref();
    assert_eq!(found_token.map(|token| token.expose()), token);
}

#[test]
fn arguments_come_before_variables_and_new_names_before_old_ones() {
    check_credentials(&[], &KEYS, ("env-id", "env-secret", None));
    check_credentials(
        &[("access_key", "id".into()), ("secret_key", "secret".into())],
        &KEYS,
        ("id", "secret", None),
    );
    check_credentials(
        &[],
        &[
            ("ALICLOUD_ACCESS_KEY", "old-id"),
            ("ALICLOUD_SECRET_KEY", "old-secret"),
            ("ALICLOUD_SECURITY_TOKEN", "old-token"),
        ],
        ("old-id", "old-secret", Some("old-token")),
    );
    check_credentials(
        &[],
        &[
            ("ALICLOUD_ACCESS_KEY", "old-id"),
            ("ALIBABA_CLOUD_ACCESS_KEY_ID", "env-id"),
            ("ALICLOUD_SECRET_KEY", "old-secret"),
            ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "env-secret"),
        ],
        ("env-id", "env-secret", None),
    );
    check_credentials(
        &[("access_key", "".into()), ("secret_key", "".into())],
        &KEYS,
        ("env-id", "env-secret", None),
    );
}

#[test]
fn security_token_is_used_only_with_its_access_key() {
    let token = ("ALIBABA_CLOUD_SECURITY_TOKEN", "env-token");
    check_credentials(
        &[],
        &[KEYS[0], KEYS[1], token],
        ("env-id", "env-secret", Some("env-token")),
    );
    check_credentials(
        &[("access_key", "id".into()), ("secret_key", "secret".into())],
        &[token],
        ("id", "secret", None),
    );
    check_credentials(
        &[
            ("access_key", "id".into()),
            ("secret_key", "secret".into()),
            ("security_token", "token".into()),
        ],
        &[token],
        ("id", "secret", Some("token")),
    );
}

/// Checks which source is chosen, by a part of its `Debug` form.
fn check_choice(config: &[(&str, Value)], environment: &[(&str, &str)], expected: &str) {
    let config = client_config(config, environment).expect("a configuration");
    let found = format!("{:?}", config.credentials);
    assert!(found.contains(expected), "{found}");
    assert!(!found.contains("MARK"), "{found}");
}

const OIDC: [(&str, &str); 3] = [
    (
        "ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
        "acs:ram::7:oidc-provider/env",
    ),
    ("ALIBABA_CLOUD_ROLE_ARN", "acs:ram::7:role/env"),
    ("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "/env/token"),
];
const ENV_PROFILE: (&str, &str) = ("ALIBABA_CLOUD_PROFILE", "env-profile");
const ENV_URI: (&str, &str) = ("ALIBABA_CLOUD_CREDENTIALS_URI", "https://env.example/MARK");
const ENV_INSTANCE: (&str, &str) = ("ALIBABA_CLOUD_ECS_METADATA", "env-instance");

#[test]
fn arguments_are_chosen_in_order() {
    let everything = [
        KEYS[0],
        KEYS[1],
        OIDC[0],
        OIDC[1],
        OIDC[2],
        ENV_PROFILE,
        ENV_URI,
        ENV_INSTANCE,
    ];
    let mut config: Vec<(&str, Value)> = vec![
        ("access_key", "id".into()),
        ("secret_key", "MARK".into()),
        ("profile", "own-profile".into()),
        ("credentials_uri", "https://own.example/MARK".into()),
        ("ecs_role_name", "own-instance".into()),
        (
            "assume_role_with_oidc",
            block(&[
                ("oidc_provider_arn", "acs:ram::7:oidc-provider/own".into()),
                ("role_arn", "acs:ram::7:role/own".into()),
                ("oidc_token", "MARK".into()),
            ]),
        ),
    ];
    for expected in [
        &["StaticKeys(", ""][..],
        &["own-profile"],
        &["CredentialsUri(own.example)"],
        &["own-instance"],
        &["role/own", "Text(Secret(withheld))"],
    ] {
        for part in expected {
            check_choice(&config, &everything, part);
        }
        config.remove(0);
        if config
            .first()
            .is_some_and(|(name, _)| *name == "secret_key")
        {
            config.remove(0);
        }
    }
}

#[test]
fn variables_are_chosen_in_order_after_arguments() {
    let mut environment = vec![
        KEYS[0],
        KEYS[1],
        OIDC[0],
        OIDC[1],
        OIDC[2],
        ENV_PROFILE,
        ENV_URI,
        ENV_INSTANCE,
    ];
    check_choice(&[], &environment, "StaticKeys(");
    environment.drain(..2);
    check_choice(&[], &environment, "role/env");
    check_choice(&[], &environment, "File(\"/env/token\")");
    environment.drain(..3);
    check_choice(
        &[],
        &environment,
        "name: Some(\"env-profile\"), expected: true",
    );
    environment.drain(..1);
    check_choice(&[], &environment, "CredentialsUri(env.example)");
    environment.drain(..1);
    check_choice(
        &[],
        &environment,
        "role: Some(\"env-instance\"), v2_only: false, expected: true",
    );
    check_choice(
        &[],
        &[("ALIBABA_CLOUD_IMDSV1_DISABLED", "true"), ENV_INSTANCE],
        "v2_only: true",
    );
    check_choice(
        &[],
        &[("ALIBABA_CLOUD_CONFIG_FILE", "/f")],
        "file: Some(\"/f\"), name: None, expected: true",
    );
}

#[test]
fn older_spellings_of_variables_come_last() {
    for (old, new, expected) in [
        ("ALICLOUD_PROFILE", "ALIBABA_CLOUD_PROFILE", "name: Some"),
        (
            "ALICLOUD_SHARED_CREDENTIALS_FILE",
            "ALIBABA_CLOUD_CREDENTIALS_FILE",
            "file: Some",
        ),
        (
            "ALICLOUD_ECS_ROLE_NAME",
            "ALIBABA_CLOUD_ECS_METADATA",
            "role: Some",
        ),
    ] {
        check_choice(&[], &[(old, "old")], &format!("{expected}(\"old\")"));
        check_choice(
            &[],
            &[(old, "old"), (new, "new")],
            &format!("{expected}(\"new\")"),
        );
    }
    let (old, new) = ("https://old.example", "https://new.example");
    check_choice(
        &[],
        &[("ALICLOUD_CREDENTIALS_URI", old)],
        "CredentialsUri(old.example)",
    );
    check_choice(
        &[],
        &[
            ("ALICLOUD_CREDENTIALS_URI", old),
            ("ALIBABA_CLOUD_CREDENTIALS_URI", new),
        ],
        "CredentialsUri(new.example)",
    );
}

#[test]
fn role_is_assumed_with_any_source() {
    let own = |attributes: &[(&str, Value)]| ("assume_role", block(attributes));
    let arn = || ("role_arn", Value::from("acs:ram::9:role/own"));
    let env = ("ALICLOUD_ASSUME_ROLE_ARN", "acs:ram::9:role/env");
    let on_top = |config: &[(&str, Value)], environment: &[(&str, &str)], expected: &str| {
        check_choice(config, environment, expected);
    };
    on_top(
        &[own(&[arn()])],
        &KEYS,
        "role: Role { arn: \"acs:ram::9:role/own\", session_name: \"terraform\"",
    );
    on_top(
        &[own(&[
            arn(),
            ("session_expiration", 900_i64.into()),
            ("session_name", "me".into()),
        ])],
        &KEYS,
        "session_name: \"me\", session_expiration: 900",
    );
    on_top(
        &[own(&[arn()]), ("profile", "p".into())],
        &[],
        "AssumedRole",
    );
    on_top(&[own(&[arn()])], &OIDC, "AssumedRole");
    // From the environment alone.
    on_top(&[], &[KEYS[0], KEYS[1], env], "role/env");
    on_top(
        &[],
        &[
            KEYS[0],
            KEYS[1],
            ("ALIBABA_CLOUD_ROLE_ARN", "acs:ram::9:role/new"),
            env,
        ],
        "role/new",
    );
    on_top(
        &[],
        &[
            KEYS[0],
            KEYS[1],
            env,
            ("ALIBABA_CLOUD_ROLE_SESSION_NAME", "job"),
            ("ALICLOUD_ASSUME_ROLE_SESSION_EXPIRATION", "901"),
        ],
        "session_name: \"job\", session_expiration: 901",
    );
    // The role of OIDC is not another one to assume.
    on_top(&[], &OIDC, "OidcRole");
    on_top(&[], &[KEYS[0], KEYS[1], OIDC[0], OIDC[1]], "StaticKeys");
    // Credentials in the block are meant as they stand.
    on_top(&[("profile", "p".into())], &[env], "Profile");
    on_top(&[("profile", "p".into()), own(&[])], &[env], "role/env");
    // No role, as the official provider has it.
    on_top(&[own(&[("role_arn", "".into())])], &KEYS, "StaticKeys");
}

#[test]
fn variables_stand_in_for_what_the_oidc_block_does_not_set() {
    let own = |attributes: &[(&str, Value)]| ("assume_role_with_oidc", block(attributes));
    let file = || ("oidc_token_file", Value::from("/own/token"));
    check_choice(&[own(&[])], &OIDC, "/env/token");
    check_choice(&[own(&[file()])], &OIDC, "/own/token");
    check_choice(
        &[own(&[file()])],
        &[OIDC[0], OIDC[1], ("ALIBABA_CLOUD_OIDC_TOKEN", "MARK")],
        "/own/token",
    );
    check_choice(
        &[own(&[])],
        &[
            OIDC[0],
            OIDC[1],
            OIDC[2],
            ("ALIBABA_CLOUD_OIDC_TOKEN", "MARK"),
        ],
        "Text(Secret(withheld))",
    );
    check_choice(
        &[own(&[("role_session_name", "ci".into())])],
        &OIDC,
        "session_name: \"ci\"",
    );
}

#[test]
fn sts_endpoint_follows_region_and_variables() {
    let check = |environment: &[(&str, &str)], expected: &str| {
        let environment = [KEYS.as_slice(), environment].concat();
        let config = client_config(&[], &environment).expect("a configuration");
        let endpoint = config.endpoint(&STS).expect("an endpoint");
        assert_eq!(endpoint.to_string(), expected);
    };
    check(&[], "https://sts.ap-southeast-1.aliyuncs.com");
    check(
        &[("ALIBABA_CLOUD_REGION", "eu-central-1")],
        "https://sts.eu-central-1.aliyuncs.com",
    );
    check(
        &[("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED", "true")],
        "https://sts-vpc.ap-southeast-1.aliyuncs.com",
    );
    check(
        &[("ALIBABA_CLOUD_STS_REGION", "us-east-1")],
        "https://sts.us-east-1.aliyuncs.com",
    );
    check(
        &[("ALIBABA_CLOUD_STS_ENDPOINT", "sts.aliyuncs.com")],
        "https://sts.aliyuncs.com",
    );
}

#[test]
fn account_rules_guard_every_client() {
    let ids = |id: &str| Value::List(vec![id.into()]);
    let config = [
        ("allowed_account_ids", ids("1")),
        ("forbidden_account_ids", ids("2")),
    ];
    let clients = role_clients(&config, &KEYS).expect("a configuration");
    let arn = RoleArn::parse("acs:ram::9:role/own").expect("an ARN");
    let role = Role::new(arn);
    for client in [clients.client(None), clients.client(Some(&role))] {
        let found = format!("{:?}", client.credentials());
        assert!(found.starts_with("AccountGuard"), "{found}");
    }
}

#[test]
fn account_is_known_from_account_id_or_role_arn() {
    let check = |config: &[(&str, Value)], environment: &[(&str, &str)], expected: Option<&str>| {
        let clients = role_clients(config, &[&KEYS[..], environment].concat());
        let clients = clients.expect("a configuration");
        assert_eq!(clients.configured_account(), expected);
    };
    let stated = |id: &str| ("account_id", Value::from(id));
    let role = || {
        (
            "assume_role",
            block(&[("role_arn", "acs:ram::9:role/own".into())]),
        )
    };
    let own_keys = || {
        [
            ("access_key", Value::from("id")),
            ("secret_key", "secret".into()),
        ]
    };
    let (new, old) = (
        ("ALIBABA_CLOUD_ACCOUNT_ID", "7"),
        ("ALICLOUD_ACCOUNT_ID", "8"),
    );
    check(&[], &[], None);
    check(&[stated("")], &[], None);
    check(&[stated("5")], &[new], Some("5"));
    check(&[], &[new, old], Some("7"));
    check(&[], &[old], Some("8"));
    check(&[role()], &[], Some("9"));
    check(&[role(), stated("9")], &[], Some("9"));
    // A variable speaks of the credentials in the environment only.
    check(&[role()], &[new], Some("9"));
    check(&own_keys(), &[new], None);
    let clients = role_clients(&[stated("5")], &KEYS).expect("a configuration");
    let arn = RoleArn::parse("acs:ram::9:role/own");
    let role = Role::new(arn.expect("an ARN"));
    let of_role = clients.client(Some(&role)).credentials().account_id();
    assert_eq!(of_role.as_deref(), Some("9"));
}

#[test]
fn unknown_arguments_without_effect_do_not_defer() {
    let mut config: Vec<(&str, Value)> = arguments::WITHOUT_EFFECT
        .iter()
        .map(|(name, ..)| (*name, Value::Unknown))
        .collect();
    let of_others = arguments::SIGN_VERSIONS_WITHOUT_EFFECT.map(|(name, _)| (name, Value::Unknown));
    config.push(("sign_version", block(&of_others)));
    config.push(("account_type", Value::Unknown));
    config.push(("features", block(&[("ecs_instance", Value::Unknown)])));
    let environment = Environment::new(|_| None);
    let config = object(&config);
    let config = ProviderConfig {
        block: &config,
        environment: &environment,
    };
    assert_eq!(config.unknown_arguments(), [""; 0]);
}

#[test]
fn clients_of_one_role_share_a_session() {
    let clients = role_clients(&[], &KEYS).expect("a configuration");
    let client = |name: &str| {
        let arn = RoleArn::parse(&format!("acs:ram::9:role/{name}"));
        clients.client(Some(&Role::new(arn.expect("an ARN"))))
    };
    let (a, again, b) = (client("a"), client("a"), client("b"));
    assert!(Arc::ptr_eq(a.credentials(), again.credentials()));
    assert!(!Arc::ptr_eq(a.credentials(), b.credentials()));
}

#[tokio::test]
async fn missing_credentials_are_reported_at_first_use_with_every_source() {
    let home = tempfile::tempdir().expect("a directory");
    let home = home.path().to_str().expect("UTF-8");
    let environment = [
        ("HOME", home),
        ("USERPROFILE", home),
        ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true"),
    ];
    let config = client_config(&[], &environment).expect("no error before a credential is needed");
    let error = config
        .credentials
        .credentials()
        .await
        .expect_err("there are none");
    let found = error.to_string();
    for part in [
        "the provider block has none of access_key",
        "ALIBABA_CLOUD_ACCESS_KEY_ID",
        "there is no file",
        "config.json",
        "credentials.ini",
    ] {
        assert!(found.contains(part), "{part}: {found}");
    }
}

#[test]
fn defaults_are_those_of_the_official_provider_except_the_region() {
    let config = client_config(&[], &KEYS).expect("a configuration");
    assert_eq!(config.region, "ap-southeast-1");
    assert_eq!(config.protocol, Protocol::Https);
    assert_eq!(config.connect_timeout, Duration::from_secs(60));
    assert_eq!(config.read_timeout, Duration::from_secs(60));
    assert_eq!(config.max_retry_timeout, None);
    assert_eq!(config.requests_per_second, None);
    assert_eq!(config.signature_version(&CAMS), SignatureVersion::V1);
    assert_eq!(
        config.endpoint(&CAMS).expect("an endpoint").to_string(),
        "https://cams.ap-southeast-1.aliyuncs.com"
    );
    assert!(
        config
            .user_agent
            .starts_with("Terraform/1.11.4 terraform-provider-alicloud-cams/")
    );
}

#[test]
fn every_argument_reaches_the_client_configuration() {
    let block = [
        ("access_key", "id".into()),
        ("secret_key", "secret".into()),
        ("region", "eu-central-1".into()),
        ("protocol", "http".into()),
        ("client_connect_timeout", 1500_i64.into()),
        ("client_read_timeout", 2500_i64.into()),
        ("max_retry_timeout", 30_i64.into()),
        ("requests_per_second", 4_i64.into()),
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
    let config = client_config(&block, &[("ALIBABA_CLOUD_ENDPOINT_STS", "sts.internal")])
        .expect("a configuration");
    assert_eq!(
        config.endpoint(&CAMS).expect("an endpoint").to_string(),
        "http://gateway.internal:8080"
    );
    assert_eq!(
        config.endpoint(&STS).expect("an endpoint").to_string(),
        "http://sts.internal"
    );
    assert_eq!(config.connect_timeout, Duration::from_millis(1500));
    assert_eq!(config.read_timeout, Duration::from_millis(2500));
    assert_eq!(config.max_retry_timeout, Some(Duration::from_secs(30)));
    assert_eq!(config.requests_per_second, NonZeroU32::new(4));
    assert_eq!(config.signature_version(&CAMS), SignatureVersion::V3);
    assert!(config.user_agent.ends_with(" acme/pipeline"));
}

#[test]
fn unknown_arguments_are_found_at_any_depth() {
    let config = object(&[
        ("access_key", Value::Unknown),
        ("allowed_account_ids", Value::List(vec![Value::Unknown])),
        ("region", "ap-southeast-1".into()),
        (
            "endpoints",
            block(&[("cams", Value::Unknown), ("sts", Value::Null)]),
        ),
    ]);
    let environment = Environment::new(|_| None);
    let config = ProviderConfig {
        block: &config,
        environment: &environment,
    };
    assert_eq!(
        config.unknown_arguments(),
        ["access_key", "allowed_account_ids", "endpoints.cams"]
    );
}

/// Also for a host that does not validate first.
#[test]
fn lists_of_accounts_that_guard_nothing_are_errors_of_the_configuration() {
    for (name, ids, expected) in [
        (
            "allowed_account_ids",
            vec![],
            "allowed_account_ids is empty",
        ),
        (
            "allowed_account_ids",
            vec!["1".into(), Value::Null],
            "allowed_account_ids holds null",
        ),
        (
            "forbidden_account_ids",
            vec![Value::Null],
            "forbidden_account_ids holds null",
        ),
    ] {
        let error = role_clients(&[(name, Value::List(ids))], &KEYS).expect_err("no guard");
        assert!(error.contains(expected), "{error}");
    }
    for (name, ids) in [
        ("forbidden_account_ids", Value::List(vec![])),
        ("allowed_account_ids", Value::Null),
    ] {
        role_clients(&[(name, ids)], &KEYS).expect("a configuration without a guard");
    }
}

/// Checks an error whole, as Terraform prints it.
fn check_error(config: &[(&str, Value)], environment: &[(&str, &str)], expected: Expect) {
    let found = role_clients(config, environment).expect_err("an error");
    assert!(
        found.lines().all(|line| line.chars().count() <= 80),
        "{found}"
    );
    assert!(found.contains("\n  Code:  Provider."), "{found}");
    expected.assert_eq(&found);
}

#[test]
fn incomplete_access_key_is_an_error() {
    check_error(
        &[("access_key", "id".into())],
        &[],
        expect![[r#"
        Error: access_key is set, but secret_key is not
          at secret_key

        An AccessKey has an ID and a secret. Set the argument `secret_key` or one of
        these environment variables: `ALIBABA_CLOUD_ACCESS_KEY_SECRET`,
        `ALIBABACLOUD_ACCESS_KEY_SECRET`, `ALICLOUD_SECRET_KEY`. Create AccessKeys for
        a RAM user in the RAM console, not for the account itself.

          Code:  Provider.IncompleteCredentials
    "#]],
    );
    check_error(
        &[],
        &KEYS[1..],
        expect![[r#"
        Error: ALIBABA_CLOUD_ACCESS_KEY_SECRET is set, but access_key is not
          at access_key

        An AccessKey has an ID and a secret. Set the argument `access_key` or one of
        these environment variables: `ALIBABA_CLOUD_ACCESS_KEY_ID`,
        `ALIBABACLOUD_ACCESS_KEY_ID`, `ALICLOUD_ACCESS_KEY`. Create AccessKeys for a
        RAM user in the RAM console, not for the account itself.

          Code:  Provider.IncompleteCredentials
    "#]],
    );
    let keys = [
        ("access_key", "id".into()),
        ("secret_key", "secret ".into()),
    ];
    check_error(
        &keys,
        &[],
        expect![[r#"
            Error: The AccessKey from access_key cannot be used
              at access_key

            The AccessKey secret has a blank or a line break around it; copy it again from
            the RAM console.

              Code:  Provider.InvalidConfiguration
        "#]],
    );
}

#[test]
fn incomplete_or_invalid_role_is_an_error() {
    let assume = |attributes: &[(&str, Value)]| [("assume_role", block(attributes))];
    check_error(
        &assume(&[("role_arn", Value::Null)]),
        &KEYS,
        expect![[r#"
            Error: assume_role has no role_arn
              at assume_role.role_arn

            Set `role_arn` in the block `assume_role`, or set one of these environment
            variables: `ALIBABA_CLOUD_ROLE_ARN`, `ALIBABACLOUD_ROLE_ARN`,
            `ALICLOUD_ASSUME_ROLE_ARN`.

              Code:  Provider.IncompleteCredentials
        "#]],
    );
    let role = ("ALICLOUD_ASSUME_ROLE_ARN", "acs:ram::9:role/env");
    let expiration = ("ALICLOUD_ASSUME_ROLE_SESSION_EXPIRATION", "soon");
    let environment = [KEYS[0], KEYS[1], role, expiration];
    check_error(
        &[],
        &environment,
        expect![[r#"
            Error: ALICLOUD_ASSUME_ROLE_SESSION_EXPIRATION is not a whole number

            The environment variable `ALICLOUD_ASSUME_ROLE_SESSION_EXPIRATION` must be a
            number of seconds, but is "soon".

              Code:  Provider.InvalidConfiguration
        "#]],
    );
}

#[test]
fn incomplete_oidc_block_is_an_error() {
    let oidc = |attributes: &[(&str, Value)]| [("assume_role_with_oidc", block(attributes))];
    let file = ("oidc_token_file", "/own/token".into());
    check_error(
        &oidc(&[file]),
        &OIDC[..1],
        expect![[r#"
        Error: assume_role_with_oidc needs role_arn
          at assume_role_with_oidc.role_arn

        A role cannot be assumed with an OIDC token without `role_arn`. Set it in the
        block `assume_role_with_oidc`, or set one of these environment variables:
        `ALIBABA_CLOUD_ROLE_ARN`, `ALIBABACLOUD_ROLE_ARN`.

          Code:  Provider.IncompleteCredentials
    "#]],
    );
    check_error(
        &oidc(&[]),
        &OIDC[..2],
        expect![[r#"
        Error: assume_role_with_oidc needs oidc_token_file
          at assume_role_with_oidc.oidc_token_file

        A role cannot be assumed with an OIDC token without `oidc_token_file`. Set it
        in the block `assume_role_with_oidc`, or set one of these environment
        variables: `ALIBABA_CLOUD_OIDC_TOKEN_FILE`, `ALIBABACLOUD_OIDC_TOKEN_FILE`.

          Code:  Provider.IncompleteCredentials
    "#]],
    );
}

#[test]
fn part_of_credentials_does_not_lead_to_an_implicit_source() {
    let check = |environment: &[(&str, &str)], missing: &str| {
        let printed = client_config(&[], environment).expect_err("a part");
        let summary = format!("Error: {missing} is not set\n");
        assert!(printed.contains(&summary), "{printed}");
        assert!(!printed.contains("MARK"), "{printed}");
    };
    let token = ("ALIBABA_CLOUD_OIDC_TOKEN", "MARK");
    check(&OIDC[..1], "ALIBABA_CLOUD_ROLE_ARN");
    check(&OIDC[..2], "ALIBABA_CLOUD_OIDC_TOKEN_FILE");
    check(&[OIDC[0], OIDC[2]], "ALIBABA_CLOUD_ROLE_ARN");
    check(&[OIDC[2], OIDC[1]], "ALIBABA_CLOUD_OIDC_PROVIDER_ARN");
    check(&[token], "ALIBABA_CLOUD_OIDC_PROVIDER_ARN");
    check(
        &[("ALICLOUD_SECURITY_TOKEN", "MARK")],
        "ALIBABA_CLOUD_ACCESS_KEY_ID",
    );
    check_error(
        &[("security_token", "MARK".into())],
        &[],
        expect![[r#"
        Error: security_token is set, but access_key is not
          at access_key

        An AccessKey has an ID and a secret. Set the argument `access_key` or one of
        these environment variables: `ALIBABA_CLOUD_ACCESS_KEY_ID`,
        `ALIBABACLOUD_ACCESS_KEY_ID`, `ALICLOUD_ACCESS_KEY`. Create AccessKeys for a
        RAM user in the RAM console, not for the account itself.

          Code:  Provider.IncompleteCredentials
    "#]],
    );
    check_error(
        &[],
        &OIDC[..1],
        expect![[r#"
        Error: ALIBABA_CLOUD_ROLE_ARN is not set

        The environment has a part of credentials only, so it is not known whose
        credentials are meant. Set one of these environment variables:
        `ALIBABA_CLOUD_ROLE_ARN`, `ALIBABACLOUD_ROLE_ARN`. Or unset
        `ALIBABA_CLOUD_OIDC_PROVIDER_ARN`, to use the CLI's profile or the role of the
        ECS instance.

          Code:  Provider.IncompleteCredentials
    "#]],
    );
    // A source that is completely set is used, also if parts of other sources are set.
    check_choice(&[], &[OIDC[0], ENV_PROFILE], "name: Some(\"env-profile\")");
}

#[test]
fn named_instance_role_with_metadata_disabled_is_an_error() {
    // A word that nobody knows forbids, too.
    let disabled = ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "yes");
    check_error(
        &[],
        &[disabled, ENV_INSTANCE],
        expect![[r#"
            Error: ALIBABA_CLOUD_ECS_METADATA is set, but instance metadata is disabled
              at ecs_role_name

            `ALIBABA_CLOUD_ECS_METADATA` names the role of the ECS instance, but the
            environment variable `ALIBABA_CLOUD_ECS_METADATA_DISABLED` forbids to ask the
            instance for its credentials. The provider uses no others in their place,
            because these may belong to another account. Nothing was sent.

            Unset `ALIBABA_CLOUD_ECS_METADATA_DISABLED` to use the role, or unset
            `ALIBABA_CLOUD_ECS_METADATA` to use other credentials.

              Code:  Provider.InvalidConfiguration
        "#]],
    );
    check_error(
        &[("ecs_role_name", "own-instance".into())],
        &[disabled],
        expect![[r#"
            Error: ecs_role_name is set, but instance metadata is disabled
              at ecs_role_name

            `ecs_role_name` names the role of the ECS instance, but the environment
            variable `ALIBABA_CLOUD_ECS_METADATA_DISABLED` forbids to ask the instance for
            its credentials. The provider uses no others in their place, because these may
            belong to another account. Nothing was sent.

            Unset `ALIBABA_CLOUD_ECS_METADATA_DISABLED` to use the role, or remove
            `ecs_role_name` to use other credentials.

              Code:  Provider.InvalidConfiguration
        "#]],
    );
    // Without a named role the variable forbids, and is no choice. It says nothing about other sources.
    check_choice(&[], &[disabled], "DefaultChain");
    check_choice(
        &[],
        &[disabled, ENV_INSTANCE, KEYS[0], KEYS[1]],
        "StaticKeys(",
    );
    check_choice(
        &[],
        &[
            ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "false"),
            ENV_INSTANCE,
        ],
        "env-instance",
    );
}

#[test]
fn contradictory_or_invalid_account_id_is_an_error() {
    let stated = ("account_id", "5".into());
    let role = block(&[("role_arn", "acs:ram::9:role/own".into())]);
    check_error(
        &[stated, ("assume_role", role)],
        &KEYS,
        expect![[r#"
        Error: account_id is 5, but the role is in account 9
          at account_id

        The provider assumes a role of account 9, so its credentials belong to that
        account. Set `account_id` to 9, remove it, or set a role of account 5. Nothing
        was changed.

          Code:  Provider.InvalidConfiguration
    "#]],
    );
    let environment = [KEYS[0], KEYS[1], ("ALICLOUD_ACCOUNT_ID", "x")];
    check_error(
        &[],
        &environment,
        expect![[r#"
        Error: ALICLOUD_ACCOUNT_ID is not an account ID
          at account_id

        An account ID has decimal digits only, but the environment variable
        `ALICLOUD_ACCOUNT_ID` is "x". Correct it, or unset it.

          Code:  Provider.InvalidConfiguration
    "#]],
    );
}

#[test]
fn contradictions_of_the_block_are_found_by_validate() {
    let check = |config: &[(&str, Value)], expected: Expect| {
        let found = Alicloud::with_environment(|_| None).validate(&object(config));
        expected.assert_eq(&printed(found.iter()));
    };
    let ids = |ids: &[&str]| Value::List(ids.iter().map(|id| (*id).into()).collect());
    let both = [
        (
            "allowed_account_ids",
            ids(&["1000000000000001", "1000000000000002"]),
        ),
        (
            "forbidden_account_ids",
            ids(&["1000000000000003", "1000000000000002"]),
        ),
    ];
    check(
        &both,
        expect![[r#"
        Error: Account 1000000000000002 is both allowed and forbidden
          at forbidden_account_ids

        `allowed_account_ids` and `forbidden_account_ids` have it. Nothing was sent.

        Remove it from one of the two.

          Code:  Provider.InvalidConfiguration
    "#]],
    );
    let endpoints = |url: &str| {
        (
            "endpoints",
            block(&[("sts", url.into()), ("cams", Value::Unknown)]),
        )
    };
    check(
        &[endpoints("http://sts.example.com")],
        expect![[r#"
        Error: The endpoint in endpoints.sts cannot be used
          at endpoints.sts

        "http://sts.example.com" asks for plain HTTP, which shows every request to the
        network; use https://, or choose the protocol HTTP to accept this (a loopback
        address may always be plain).

          Code:  Provider.InvalidConfiguration
    "#]],
    );
    let list = |ids: Vec<Value>| Value::List(ids);
    check(
        &[("allowed_account_ids", list(vec![Value::Null]))],
        expect![[r#"
            Error: allowed_account_ids holds null
              at allowed_account_ids

            One of its elements is null, so it is not known which account is meant.
            Nothing was sent.

            Set the variable or expression that the element comes from to an account ID,
            or remove the element. To work without `allowed_account_ids`, leave it out.

              Code:  Provider.InvalidConfiguration
        "#]],
    );
    check(
        &[
            ("allowed_account_ids", list(vec![])),
            (
                "forbidden_account_ids",
                list(vec!["1".into(), Value::Unknown, Value::Null]),
            ),
        ],
        expect![[r#"
            Error: allowed_account_ids is empty
              at allowed_account_ids

            An empty list allows no account, so the provider could do nothing. Nothing was
            sent.

            Add the IDs of the accounts that the provider may work in. To allow every
            account, leave `allowed_account_ids` out.

              Code:  Provider.InvalidConfiguration

            Error: forbidden_account_ids holds null
              at forbidden_account_ids

            One of its elements is null, so it is not known which account is meant.
            Nothing was sent.

            Set the variable or expression that the element comes from to an account ID,
            or remove the element. To work without `forbidden_account_ids`, leave it out.

              Code:  Provider.InvalidConfiguration
        "#]],
    );
    for fine in [
        vec![("allowed_account_ids", Value::Null)],
        vec![("allowed_account_ids", Value::Unknown)],
        vec![("allowed_account_ids", list(vec![Value::Unknown]))],
        vec![("forbidden_account_ids", list(vec![]))],
        vec![
            endpoints("http://sts.example.com"),
            ("protocol", "http".into()),
        ],
        vec![
            endpoints("http://sts.example.com"),
            ("protocol", Value::Unknown),
        ],
        vec![endpoints("http://127.0.0.1:8080")],
        vec![both[0].clone(), ("forbidden_account_ids", Value::Unknown)],
        vec![both[0].clone(), ("forbidden_account_ids", ids(&["3"]))],
    ] {
        check(&fine, expect![[""]]);
    }
}

#[test]
fn region_without_a_documented_endpoint_is_a_warning() {
    let warning = |config: &[(&str, Value)], environment: &[(&'static str, &'static str)]| {
        let environment: BTreeMap<&str, &str> = environment.iter().copied().collect();
        let provider =
            Alicloud::with_environment(move |name| environment.get(name).map(OsString::from));
        printed(provider.warnings(&object(config)).iter())
    };
    let shell = ("ALIBABA_CLOUD_REGION", "eu-central-1");
    expect![[r#"
        Warning: CAMS documents no endpoint in the region eu-central-1
          at region

        The region comes from the environment variable `ALIBABA_CLOUD_REGION`. The
        provider calls CAMS at cams.eu-central-1.aliyuncs.com, which may not exist.
        The only documented endpoint of CAMS is cams.ap-southeast-1.aliyuncs.com.

        Unless you know that the host exists, set `region = "ap-southeast-1"` in the
        provider block, or `cams = "cams.ap-southeast-1.aliyuncs.com"` in its
        `endpoints` block.

          Code:  Provider.UndocumentedRegion
    "#]]
    .assert_eq(&warning(&[], &[shell]));
    let here = || ("region", Value::from("eu-central-1"));
    assert!(warning(&[here()], &[]).contains("argument `region`"));
    for quiet in [
        warning(&[], &[]),
        warning(&[("region", "ap-southeast-1".into())], &[shell]),
        warning(&[], &[shell, ("CAMS_ENDPOINT", "cams.example.com")]),
        warning(
            &[
                here(),
                ("endpoints", block(&[("cams", "h.example".into())])),
            ],
            &[],
        ),
    ] {
        assert_eq!(quiet, "");
    }
}

#[test]
fn proxies_come_from_the_environment() {
    let with = |variable| [KEYS[0], KEYS[1], variable];
    let config = client_config(&[], &with(("https_proxy", "http://me:MARK@p:3128")));
    let shown = format!("{:?}", config.expect("a configuration").proxies);
    assert!(
        shown.contains("p:3128 from https_proxy") && !shown.contains("MARK"),
        "{shown}"
    );
    check_error(
        &[],
        &with(("HTTPS_PROXY", "ftp://me:MARK@p")),
        expect![[r#"
            Error: HTTPS_PROXY is not the URL of a proxy

            The environment variable `HTTPS_PROXY` names the proxy that requests go
            through, but its value cannot be used. It is not shown, because it may hold a
            password. Nothing was sent.

            Set it to the URL of the proxy with http://, https:// or socks5://, such as
            http://proxy.example:3128, or unset it if this machine needs no proxy.

              Code:  Provider.InvalidConfiguration
        "#]],
    );
}

#[test]
fn invalid_region_endpoint_or_number_is_an_error() {
    check_error(
        &[("region", "Singapore!".into())],
        &KEYS,
        expect![[r#"
        Error: The region cannot be used
          at region

        "Singapore!" is not a region: a region ID has lower-case letters, digits and
        inner hyphens only, such as ap-southeast-1.

          Code:  Provider.InvalidConfiguration
    "#]],
    );
    let endpoints = block(&[("cams", "http://cams.example.com".into())]);
    check_error(
        &[("endpoints", endpoints)],
        &KEYS,
        expect![[r#"
        Error: The endpoint in endpoints.cams cannot be used
          at endpoints.cams

        "http://cams.example.com" asks for plain HTTP, which shows every request to
        the network; use https://, or choose the protocol HTTP to accept this (a
        loopback address may always be plain).

          Code:  Provider.InvalidConfiguration
    "#]],
    );
    let with = |variable| [KEYS[0], KEYS[1], variable];
    check_error(
        &[],
        &with(("CAMS_ENDPOINT", "a b")),
        expect![[r#"
        Error: The endpoint in CAMS_ENDPOINT cannot be used
          at endpoints.cams

        "a b" is not an endpoint: it has a blank in it; expected a host, host:port or
        http(s)://host[:port], such as cams.ap-southeast-1.aliyuncs.com.

          Code:  Provider.InvalidConfiguration
    "#]],
    );
    check_error(
        &[],
        &with(("CLIENT_READ_TIMEOUT", "soon")),
        expect![[r#"
            Error: CLIENT_READ_TIMEOUT is not a whole number
              at client_read_timeout

            The environment variable `CLIENT_READ_TIMEOUT` stands in for the argument
            `client_read_timeout`. It must be a whole number from 0 to 2678400000, but is
            "soon".

              Code:  Provider.InvalidConfiguration
        "#]],
    );
    check_error(
        &[("credentials_uri", "x".into())],
        &[],
        expect![[r#"
            Error: The URI in credentials_uri cannot be used
              at credentials_uri

            The credentials URI cannot be used: it is not a URL: relative URL without a
            base.

              Code:  Provider.InvalidConfiguration
        "#]],
    );
}
