//! Sources themselves are tested in `alicloud::credentials`; here it is which one is chosen.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use alicloud::{CAMS, ClientConfig, Protocol, STS, SignatureVersion};
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

type Accounted = Result<RoleClients, String>;

fn accounts(config: &[(&str, Value)], environment: &[(&str, &str)]) -> Accounted {
    let environment: BTreeMap<String, String> = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let machine = Environment::new(move |name| environment.get(name).map(OsString::from));
    let config = object(config);
    let reading = Reading {
        config: &config,
        machine: &machine,
    };
    reading.accounts("1.11.4").map_err(|diagnostics| {
        diagnostics
            .iter()
            .map(|diagnostic| format!("{}: {diagnostic}", diagnostic.attribute))
            .collect()
    })
}

fn settings(
    config: &[(&str, Value)],
    environment: &[(&str, &str)],
) -> Result<ClientConfig, String> {
    accounts(config, environment).map(|accounts| accounts.client(None).config().clone())
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

/// Which source is chosen, by what its `Debug` begins with.
fn check_choice(config: &[(&str, Value)], environment: &[(&str, &str)], expected: &str) {
    let found = match settings(config, environment) {
        Ok(settings) => format!("{:?}", settings.credentials),
        Err(error) => error,
    };
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
fn arguments_come_first_in_their_order() {
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
fn the_environment_comes_next_in_its_order() {
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
    let disabled = [
        ENV_INSTANCE,
        ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true"),
    ];
    check_choice(&[], &disabled, "DefaultChain");
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
fn older_spellings_count_after_the_new_ones() {
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
fn a_role_comes_on_top_of_any_source() {
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
    on_top(
        &[own(&[("role_arn", Value::Null)])],
        &KEYS,
        "assume_role.role_arn: Missing role",
    );
    on_top(
        &[own(&[("role_arn", "x".into())])],
        &KEYS,
        "assume_role.role_arn: Invalid role",
    );
    on_top(
        &[],
        &[
            KEYS[0],
            KEYS[1],
            env,
            ("ALICLOUD_ASSUME_ROLE_SESSION_EXPIRATION", "soon"),
        ],
        "must be a number of seconds",
    );
}

#[test]
fn gaps_of_the_oidc_block_are_filled_or_named() {
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
    check_choice(
        &[own(&[file()])],
        &OIDC[..1],
        "assume_role_with_oidc.role_arn: Missing credentials",
    );
    check_choice(
        &[own(&[])],
        &OIDC[..2],
        "assume_role_with_oidc.oidc_token_file: Missing credentials",
    );
}

#[test]
fn sts_is_called_where_it_is_meant() {
    let check = |environment: &[(&str, &str)], expected: &str| {
        let environment = [KEYS.as_slice(), environment].concat();
        let settings = settings(&[], &environment).expect("settings");
        let endpoint = settings.endpoint(&STS).expect("an endpoint");
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
fn guards_stand_before_every_account() {
    let ids = |id: &str| Value::List(vec![id.into()]);
    let config = [
        ("allowed_account_ids", ids("1")),
        ("forbidden_account_ids", ids("2")),
    ];
    let accounts = accounts(&config, &KEYS).expect("accounts");
    let arn = alicloud::credentials::RoleArn::parse("acs:ram::9:role/own").expect("an ARN");
    let role = alicloud::credentials::Role::new(arn);
    for client in [accounts.client(None), accounts.client(Some(&role))] {
        let found = format!("{:?}", client.credentials());
        assert!(found.starts_with("AccountGuard"), "{found}");
    }
}

#[test]
fn the_account_is_known_by_what_is_written_down() {
    let check = |config: &[(&str, Value)],
                 environment: &[(&str, &str)],
                 expected: Result<Option<&str>, &str>| {
        let found = accounts(config, &[&KEYS[..], environment].concat());
        let found = found.map(|accounts| accounts.configured_account().map(str::to_owned));
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found.as_deref(), expected),
            (Err(found), Err(part)) => assert!(found.contains(part), "{found}"),
            (found, expected) => panic!("found {found:?}, expected {expected:?}"),
        }
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
    check(&[], &[], Ok(None));
    check(&[stated("")], &[], Ok(None));
    check(&[stated("5")], &[new], Ok(Some("5")));
    check(&[], &[new, old], Ok(Some("7")));
    check(&[], &[old], Ok(Some("8")));
    check(
        &[],
        &[("ALICLOUD_ACCOUNT_ID", "x")],
        Err("`ALICLOUD_ACCOUNT_ID` must be an account ID"),
    );
    check(&[role()], &[], Ok(Some("9")));
    check(&[role(), stated("9")], &[], Ok(Some("9")));
    check(
        &[role(), stated("5")],
        &[],
        Err(
            "account_id: Invalid account ID: `account_id` says that the credentials belong to the account 5",
        ),
    );
    // The environment speaks of its own credentials only.
    check(&[role()], &[new], Ok(Some("9")));
    check(&own_keys(), &[new], Ok(None));
    let accounts = accounts(&[stated("5")], &KEYS).expect("accounts");
    let arn = alicloud::credentials::RoleArn::parse("acs:ram::9:role/own");
    let role = alicloud::credentials::Role::new(arn.expect("an ARN"));
    let of_role = accounts.client(Some(&role)).credentials().account_id();
    assert_eq!(of_role.as_deref(), Some("9"));
}

#[test]
fn what_has_no_effect_is_never_waited_for() {
    let mut config: Vec<(&str, Value)> = arguments::WITHOUT_EFFECT
        .iter()
        .map(|(name, ..)| (*name, Value::Unknown))
        .collect();
    let of_others = arguments::SIGN_VERSIONS_WITHOUT_EFFECT.map(|(name, _)| (name, Value::Unknown));
    config.push(("sign_version", block(&of_others)));
    config.push(("account_type", Value::Unknown));
    config.push(("features", block(&[("ecs_instance", Value::Unknown)])));
    let machine = Environment::new(|_| None);
    let config = object(&config);
    let reading = Reading {
        config: &config,
        machine: &machine,
    };
    assert_eq!(reading.unknown(), [""; 0]);
}

#[test]
fn whoever_asks_for_the_same_role_shares_its_session() {
    let accounts = accounts(&[], &KEYS).expect("accounts");
    let client = |name: &str| {
        let arn = alicloud::credentials::RoleArn::parse(&format!("acs:ram::9:role/{name}"));
        accounts.client(Some(&alicloud::credentials::Role::new(
            arn.expect("an ARN"),
        )))
    };
    let (a, again, b) = (client("a"), client("a"), client("b"));
    assert!(Arc::ptr_eq(a.credentials(), again.credentials()));
    assert!(!Arc::ptr_eq(a.credentials(), b.credentials()));
}

#[tokio::test]
async fn nothing_found_is_told_at_first_use_with_all_that_was_looked_at() {
    let home = tempfile::tempdir().expect("a directory");
    let home = home.path().to_str().expect("UTF-8");
    let environment = [
        ("HOME", home),
        ("USERPROFILE", home),
        ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true"),
    ];
    let settings = settings(&[], &environment).expect("no error before a credential is needed");
    let error = settings
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
fn defaults_are_those_of_the_official_provider_but_for_the_region() {
    let settings = settings(&[], &KEYS).expect("settings");
    assert_eq!(settings.region, "ap-southeast-1");
    assert_eq!(settings.protocol, Protocol::Https);
    assert_eq!(settings.connect_timeout, Duration::from_secs(60));
    assert_eq!(settings.read_timeout, Duration::from_secs(60));
    assert_eq!(settings.max_retry_timeout, None);
    assert_eq!(settings.requests_per_second, None);
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
    assert_eq!(settings.requests_per_second, NonZeroU32::new(4));
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
        ("allowed_account_ids", Value::List(vec![Value::Unknown])),
        ("region", "ap-southeast-1".into()),
        (
            "endpoints",
            block(&[("cams", Value::Unknown), ("sts", Value::Null)]),
        ),
    ]);
    let machine = Environment::new(|_| None);
    let reading = Reading {
        config: &config,
        machine: &machine,
    };
    assert_eq!(
        reading.unknown(),
        ["access_key", "allowed_account_ids", "endpoints.cams"]
    );
}
