//! Every source against real sockets, files and processes: what it asks, what it makes of the response, and what it says
//! when there is none. No error may show a secret; all secrets here begin with `MARK`.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use time::{OffsetDateTime, macros::datetime};

use super::*;
use crate::client::Runtime;
use crate::mock_server::{MockServer, Reaction};
use crate::{ClientConfig, Endpoint, Protocol, STS};

mod secret_properties;

const ROLE: &str = "acs:ram::123:role/onboarding";

/// A home directory, an environment and a server.
struct TestContext {
    home: tempfile::TempDir,
    variables: BTreeMap<&'static str, String>,
    server: MockServer,
}

impl TestContext {
    async fn new(reactions: &[Reaction]) -> TestContext {
        let home = tempfile::tempdir().expect("a directory");
        let server = MockServer::start(reactions.to_vec()).await;
        let url = format!("http://{}", server.host());
        let home_text = home.path().to_str().expect("UTF-8").to_owned();
        let variables = BTreeMap::from([
            ("HOME", home_text.clone()),
            ("USERPROFILE", home_text),
            ("ALIBABA_CLOUD_ECS_METADATA_SERVICE_ENDPOINT", url.clone()),
            ("ALIBABA_CLOUD_OAUTH_ENDPOINT", url),
        ]);
        TestContext {
            home,
            variables,
            server,
        }
    }

    fn url(&self) -> String {
        format!("http://{}", self.server.host())
    }

    fn file(&self, path: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        std::fs::write(&path, text).expect("written");
        path
    }

    fn context(&self) -> Context {
        self.context_at(|| datetime!(2026-01-15 08:30:05 UTC))
    }

    fn context_at(&self, now: fn() -> OffsetDateTime) -> Context {
        let variables = self.variables.clone();
        let mut config = ClientConfig::new(
            "ap-southeast-1",
            Arc::new(NoCredentials::because("the client itself has none")),
        );
        let endpoint = Endpoint::parse(&self.server.host(), Protocol::Http).expect("an endpoint");
        config.endpoints = config.endpoints.with(&STS, endpoint);
        config.max_retry_timeout = Some(std::time::Duration::ZERO);
        let runtime = Runtime {
            now,
            jitter: || 0.0,
            nonce: || uuid::Uuid::new_v4().to_string(),
            limiter: Arc::default(),
            circuit_breaker: Default::default(),
        };
        Context {
            environment: Environment::new(move |name| variables.get(name).map(OsString::from)),
            client: Client::within(config, runtime),
        }
    }

    /// The source of the current profile of a file with these profiles.
    fn profiles(&self, profiles: &Value) -> Profile {
        let text = json!({"current": "p", "profiles": profiles}).to_string();
        self.file(".aliyun/config.json", &text);
        self.profile()
    }

    fn profile(&self) -> Profile {
        let selector = ProfileSelector {
            expected: true,
            ..ProfileSelector::default()
        };
        Profile::new(self.context(), selector)
    }

    /// Waits for a request.
    async fn request_arrives(&self, number: usize) {
        while self.server.requests().len() <= number {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }

    fn request(&self, number: usize) -> String {
        self.server.requests()[number].clone()
    }
}

fn session(id: &str) -> Value {
    json!({"AccessKeyId": id, "AccessKeySecret": "MARK-secret", "SecurityToken": "MARK-token",
        "Expiration": "2026-01-15T09:30:05Z"})
}

fn ok(body: &Value) -> Reaction {
    Reaction::response(200, &[], &body.to_string())
}

fn issued(id: &str) -> Reaction {
    ok(&json!({"RequestId": "R", "Credentials": session(id)}))
}

fn refusal(status: u16, code: &str) -> Reaction {
    let body = json!({"RequestId": "R-1", "Code": code, "Message": "said MARK-token-text"});
    Reaction::response(status, &[], &body.to_string())
}

/// The AccessKey ID, or everything that the error says.
async fn outcome(source: &dyn CredentialsSource) -> String {
    match source.credentials().await {
        Ok(credentials) => {
            assert!(!format!("{credentials:?} {source:?}").contains("MARK"));
            credentials.access_key_id
        }
        Err(error) => shown(&error),
    }
}

/// An error with its causes.
fn chain(error: &CredentialsError) -> String {
    let mut text = error.to_string();
    let mut next = StdError::source(error);
    while let Some(cause) = next {
        text.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    text
}

fn shown(error: &CredentialsError) -> String {
    let text = chain(error);
    let debug = format!("{error:?}");
    for hidden in [
        "MARK-secret",
        "MARK-token",
        "MARK-oidc",
        "MARK-refresh",
        "MARK-external",
    ] {
        // The one place where the emulated service itself says a marked word that is no secret of ours.
        let said = debug.replace("MARK-token-text", "") + &text.replace("MARK-token-text", "");
        assert!(!said.contains(hidden), "{hidden}: {text}\n{debug}");
    }
    text
}

fn parts(found: &str, expected: &[&str]) {
    for part in expected {
        assert!(found.contains(part), "{part:?} is not in {found:?}");
    }
}

fn keys() -> Arc<dyn CredentialsSource> {
    Arc::new(StaticKeys::new("LTAI5tQnKxAbCdEfGhJkwXyZ", "MARK-secret", None).expect("valid keys"))
}

fn role() -> Role {
    let mut role = Role::new(RoleArn::parse(ROLE).expect("an ARN"));
    role.external_id = Some("MARK-external".to_owned());
    role.policy = Some("{}".to_owned());
    role
}

#[tokio::test]
async fn a_role_is_assumed_with_the_credentials_of_another_source() {
    let test = TestContext::new(&[issued("STS.a"), issued("STS.b")]).await;
    let first = AssumedRole::source(test.context().client.acting_as(keys()), role());
    let second = AssumedRole::source(test.context().client.acting_as(first), role());
    assert_eq!(outcome(&*second).await, "STS.b");
    assert_eq!(second.account_id().as_deref(), Some("123"));
    let request = test.request(0);
    for part in [
        "Action=AssumeRole&",
        "AccessKeyId=LTAI5tQnKxAbCdEfGhJkwXyZ",
        "RoleArn=acs%3Aram%3A%3A123%3Arole%2Fonboarding",
        "RoleSessionName=terraform",
        "DurationSeconds=3600",
        "ExternalId=MARK-external",
        "Policy=%7B%7D",
    ] {
        assert!(request.contains(part), "{part}: {request}");
    }
    parts(
        &test.request(1),
        &["AccessKeyId=STS.a", "SecurityToken=MARK-token"],
    );
    assert_eq!(outcome(&*second).await, "STS.b");
    assert_eq!(test.server.requests().len(), 2, "kept");
}

#[tokio::test]
async fn refusals_of_sts_come_with_a_remedy() {
    for (status, code, remedy) in [
        (403, "NoPermission", "trust policy"),
        (404, "EntityNotExist.Role", "there is no such role"),
        (
            400,
            "InvalidParameter.DurationSeconds",
            "session_expiration",
        ),
        (
            404,
            "InvalidAccessKeyId.NotFound",
            "does not know this AccessKey",
        ),
        (400, "Another.Code", "Another.Code"),
    ] {
        let test = TestContext::new(&[refusal(status, code)]).await;
        let source = AssumedRole::source(test.context().client.acting_as(keys()), role());
        let found = outcome(&*source).await;
        parts(&found, &[ROLE, "LTAI…wXyZ", "R-1", code, remedy]);
    }
    let test = TestContext::new(&[ok(
        &json!({"RequestId": "R", "Credentials": {"AccessKeyId": "STS.a"}}),
    )])
    .await;
    let source = AssumedRole::source(test.context().client.acting_as(keys()), role());
    parts(
        &outcome(&*source).await,
        &["no usable credentials", "it has no AccessKeySecret"],
    );
}

#[tokio::test]
async fn an_oidc_token_travels_in_the_body_and_is_read_again() {
    let test = TestContext::new(&[
        issued("STS.a"),
        issued("STS.b"),
        refusal(401, "AuthenticationFail.OIDCToken.Expired"),
    ])
    .await;
    let file = test.file("token", "MARK-oidc-1\n");
    let source = OidcRole::source(
        test.context().client,
        RoleWithOidc {
            role: role(),
            oidc_provider_arn: "acs:ram::123:oidc-provider/ci".to_owned(),
            token: OidcToken::File(file.clone()),
        },
    );
    let first = source.credentials().await.expect("credentials");
    std::fs::write(&file, "MARK-oidc-2").expect("written");
    let second = source
        .replacement(&first)
        .await
        .expect("success")
        .expect("a replacement");
    assert_eq!(
        (first.access_key_id.as_str(), second.access_key_id.as_str()),
        ("STS.a", "STS.b")
    );
    for (number, token) in [(0, "OIDCToken=MARK-oidc-1"), (1, "OIDCToken=MARK-oidc-2")] {
        let request = test.request(number);
        let (head, body) = request.split_once("\r\n\r\n").expect("a body");
        assert!(
            !head.contains("MARK") && !head.contains("Signature="),
            "{head}"
        );
        assert!(body.split('&').any(|pair| pair == token), "{body}");
    }
    let error = source.replacement(&second).await.expect_err("expired");
    parts(&shown(&error), &["has expired: get a new one in the job"]);
    std::fs::write(&file, " \n").expect("written");
    let error = source.replacement(&second).await.expect_err("empty");
    parts(&shown(&error), &["is empty", "token"]);
    std::fs::remove_file(&file).expect("removed");
    let error = source.replacement(&second).await.expect_err("gone");
    parts(&shown(&error), &["cannot be used", "there is no file"]);
}

#[tokio::test]
async fn a_credentials_uri() {
    let check = async |reaction: Reaction, expected: &[&str]| {
        let test = TestContext::new(&[reaction]).await;
        let url = format!("{}/vend?key=MARK-secret", test.url());
        let source = CredentialsUri::source(&test.context(), &url).expect("a URL");
        parts(&outcome(&*source).await, expected);
        assert!(test.request(0).starts_with("GET /vend?key=MARK-secret "));
    };
    let mut good = session("STS.u");
    check(ok(&good), &["STS.u"]).await;
    good["Code"] = json!("Success");
    check(ok(&good), &["STS.u"]).await;
    good["Code"] = json!("Failed");
    check(ok(&good), &["the Code \"Failed\", not \"Success\""]).await;
    check(
        Reaction::response(200, &[], "<html>"),
        &["HTTP 200 with an HTML page without a title came in place of credentials, perhaps"],
    )
    .await;
    check(
        Reaction::response(200, &[], "{\"AccessKeyId\""),
        &["not JSON (line 1, column"],
    )
    .await;
    check(refusal(403, "Denied"), &["HTTP 403: Denied: said"]).await;
    check(
        Reaction::raw(b"").cut(),
        &["returned no credentials", "sent no whole response"],
    )
    .await;
    let test = TestContext::new(&[]).await;
    let error = CredentialsUri::source(&test.context(), "ftp://MARK-secret").expect_err("no HTTP");
    parts(&shown(&error), &["credentials URI cannot be used"]);
}

/// Each is another thing to do.
#[tokio::test]
async fn failures_of_a_host_of_credentials_are_distinguished() {
    let check = async |reaction: Reaction, expected: ServiceFault| {
        let test = TestContext::new(&[reaction]).await;
        let source = CredentialsUri::source(&test.context(), &test.url()).expect("a URL");
        let error = source.credentials().await.expect_err("a failure");
        let expected = CredentialsErrorKind::Service(expected);
        assert_eq!(error.kind(), expected, "{error:?}");
    };
    let mut session = session("STS.u");
    session["Code"] = json!("Failed");
    check(ok(&session), ServiceFault::Failed).await;
    check(refusal(403, "Denied"), ServiceFault::Failed).await;
    check(Reaction::response(500, &[], ""), ServiceFault::Failed).await;
    check(ok(&json!({})), ServiceFault::Response).await;
    check(ok(&json!([])), ServiceFault::Response).await;
    let large = " ".repeat(300 << 10);
    check(Reaction::response(200, &[], &large), ServiceFault::Response).await;
    check(Reaction::raw(b"").cut(), ServiceFault::Silent).await;
    check(Reaction::raw(b"no HTTP\r\n\r\n"), ServiceFault::Silent).await;

    let test = TestContext::new(&[]).await;
    let source = CredentialsUri::source(&test.context(), "http://127.0.0.1:1").expect("a URL");
    let error = source.credentials().await.expect_err("nobody listens");
    let expected = CredentialsErrorKind::Service(ServiceFault::Unreachable);
    assert_eq!(error.kind(), expected, "{error:?}");

    // Somebody wants the role of an instance that has none.
    let token = Reaction::response(200, &[], "a token");
    let test = TestContext::new(&[token, Reaction::response(404, &[], "")]).await;
    let wanted = InstanceMetadata {
        expected: true,
        ..InstanceMetadata::default()
    };
    let source = EcsMetadata::source(&test.context(), wanted);
    let error = source.credentials().await.expect_err("no role");
    let expected = CredentialsErrorKind::Service(ServiceFault::NoInstanceRole);
    assert_eq!(error.kind(), expected, "{error:?}");
}

/// The title says who wrote it, and no login is blamed.
#[tokio::test]
async fn page_in_place_of_credentials_is_shown_by_its_title() {
    let title = "HTTP 403 with an HTML page with the title \"Blocked by policy\" came in place of credentials";
    let vendors = [
        Vendor::CredentialsUri,
        Vendor::Metadata,
        Vendor::CloudSso,
        Vendor::OAuthRenewal,
        Vendor::OAuthExchange,
    ];
    for vendor in vendors {
        for (status, body, expected, kind) in [
            (
                403,
                "<html><title>Blocked by policy</title>MARK-secret",
                title,
                CredentialsErrorKind::Page,
            ),
            (
                401,
                "<h1>Sign in</h1>",
                "with the title \"Sign in\" came",
                CredentialsErrorKind::Page,
            ),
            (
                200,
                "please sign in",
                "HTTP 200 with something that is not JSON came",
                CredentialsErrorKind::Page,
            ),
            (
                200,
                "",
                "HTTP 200 with no content came",
                CredentialsErrorKind::Page,
            ),
            (
                502,
                "<html><h1>502</h1>",
                "HTTP 502 with an HTML page",
                CredentialsErrorKind::Service(ServiceFault::Failed),
            ),
        ] {
            let page = Reaction::response(status, &[], body);
            let token = Reaction::response(200, &[], "MARK-token");
            let test = match vendor {
                Vendor::Metadata => TestContext::new(&[token, page]).await,
                _ => TestContext::new(&[page]).await,
            };
            let source = vendor.source(&test);
            let error = source.credentials().await.expect_err("a page");
            parts(&shown(&error), &[expected]);
            assert_eq!(error.kind(), kind, "{vendor:?}: {error:?}");
            assert!(
                !error.is_permanent(),
                "{vendor:?}: a login of the network may come"
            );
        }
    }
}

#[tokio::test]
async fn instance_metadata() {
    let text = |status, text: &str| Reaction::response(status, &[], text);
    let check = async |wanted: InstanceMetadata,
                       reactions: &[Reaction],
                       expected: &[&str],
                       paths: &[&str]| {
        let test = TestContext::new(reactions).await;
        let source = EcsMetadata::source(&test.context(), wanted);
        parts(&outcome(&*source).await, expected);
        let requests = test.server.requests();
        assert_eq!(requests.len(), paths.len(), "{requests:?}");
        for (request, path) in requests.iter().zip(paths) {
            assert!(request.starts_with(path), "{path}: {request}");
        }
    };
    let named = InstanceMetadata {
        role: Some("runner".to_owned()),
        expected: true,
        ..InstanceMetadata::default()
    };
    let discovered = InstanceMetadata::default();
    let v2_only = InstanceMetadata {
        v2_only: true,
        ..named.clone()
    };
    const TOKEN: &str = "PUT /latest/api/token ";
    const ROLES: &str = "GET /latest/meta-data/ram/security-credentials/ ";
    const RUNNER: &str = "GET /latest/meta-data/ram/security-credentials/runner ";
    let credentials = || ok(&session("STS.e"));
    check(
        named.clone(),
        &[text(200, "MARK-token"), credentials()],
        &["STS.e"],
        &[TOKEN, RUNNER],
    )
    .await;
    let with_discovery = [
        text(200, "MARK-token"),
        text(200, "runner\n"),
        credentials(),
    ];
    check(
        discovered.clone(),
        &with_discovery,
        &["STS.e"],
        &[TOKEN, ROLES, RUNNER],
    )
    .await;
    check(
        named.clone(),
        &[text(404, ""), credentials()],
        &["STS.e"],
        &[TOKEN, RUNNER],
    )
    .await;
    check(
        v2_only,
        &[text(404, "")],
        &["version 1 of the service", "not allowed"],
        &[TOKEN],
    )
    .await;
    check(
        discovered,
        &[text(200, "t"), text(404, "")],
        &["no RAM role is attached"],
        &[TOKEN, ROLES],
    )
    .await;
    check(
        named.clone(),
        &[text(200, "t"), text(404, "")],
        &["the role runner is not attached"],
        &[TOKEN, RUNNER],
    )
    .await;
    let failed = ok(&json!({"Code": "Failed"}));
    check(
        named,
        &[text(200, "t"), failed],
        &["the Code \"Failed\""],
        &[TOKEN, RUNNER],
    )
    .await;
}

#[tokio::test]
async fn silent_metadata_service_is_no_service() {
    let silent = Reaction::raw(b"").after(std::time::Duration::from_secs(30));
    let test = TestContext::new(&[silent]).await;
    let source = EcsMetadata::source(&test.context(), InstanceMetadata::default());
    let error = source.credentials().await.expect_err("nobody responds");
    assert!(error.is_absent(), "{error:?}");
    parts(&shown(&error), &["does not seem to be an ECS instance"]);
}

#[tokio::test]
async fn test_servers_must_be_on_loopback() {
    let mut test = TestContext::new(&[]).await;
    let variable = "ALIBABA_CLOUD_ECS_METADATA_SERVICE_ENDPOINT";
    test.variables
        .insert(variable, "http://203.0.113.1/".to_owned());
    let source = EcsMetadata::source(&test.context(), InstanceMetadata::default());
    parts(&outcome(&*source).await, &[variable, "loopback address"]);
}

#[tokio::test]
async fn modes_of_profiles() {
    let check = async |profiles: Value, reactions: &[Reaction], expected: &[&str]| {
        let test = TestContext::new(reactions).await;
        let source = test.profiles(&profiles);
        parts(&outcome(&source).await, expected);
    };
    let key = |mode: &str, more: &Value| {
        let mut profile = json!({"name": "p", "mode": mode, "access_key_id": "LTAI5tQnKxAbCdEfGhJkwXyZ",
            "access_key_secret": "MARK-secret", "ram_session_name": "", "expired_seconds": 0});
        for (name, value) in more.as_object().expect("an object") {
            profile[name] = value.clone();
        }
        profile
    };
    let none = json!({});
    let arn = json!({"ram_role_arn": ROLE});
    check(
        json!([key("AK", &none)]),
        &[],
        &["LTAI5tQnKxAbCdEfGhJkwXyZ"],
    )
    .await;
    check(json!([key("", &none)]), &[], &["LTAI5tQnKxAbCdEfGhJkwXyZ"]).await;
    check(
        json!([key("StsToken", &json!({"sts_token": "MARK-token"}))]),
        &[],
        &["LTAI5tQnKxAbCdEfGhJkwXyZ"],
    )
    .await;
    check(
        json!([key("StsToken", &none)]),
        &[],
        &[
            "profile \"p\" in ",
            "config.json has mode StsToken but no sts_token",
        ],
    )
    .await;
    check(
        json!([key("RamRoleArn", &arn)]),
        &[issued("STS.r")],
        &["STS.r"],
    )
    .await;
    check(
        json!([key("RamRoleArn", &none)]),
        &[],
        &["has mode RamRoleArn but no ram_role_arn"],
    )
    .await;
    check(
        json!([key("RamRoleArn", &json!({"ram_role_arn": "x"}))]),
        &[],
        &["bad ram_role_arn: it must be the ARN of a role"],
    )
    .await;
    check(
        json!([key(
            "RamRoleArn",
            &json!({"ram_role_arn": ROLE, "expired_seconds": 60})
        )]),
        &[],
        &["bad expired_seconds: it must be 900 to 43200"],
    )
    .await;
    let metadata = [Reaction::response(200, &[], "t"), ok(&session("STS.e"))];
    check(
        json!([{"name": "p", "mode": "EcsRamRole", "ram_role_name": "runner"}]),
        &metadata,
        &["STS.e"],
    )
    .await;
    for mode in ["RamRoleArnWithRoleName", "RamRoleArnWithEcs"] {
        check(
            json!([{"name": "p", "mode": mode, "ram_role_name": "runner", "ram_role_arn": ROLE}]),
            &[metadata[0].clone(), metadata[1].clone(), issued("STS.w")],
            &["STS.w"],
        )
        .await;
    }
    let mut base = key("RamRoleArn", &arn);
    base["name"] = json!("base");
    let top = json!({"name": "p", "mode": "ChainableRamRoleArn", "source_profile": "base", "ram_role_arn": ROLE});
    check(
        json!([top.clone(), base]),
        &[issued("STS.1"), issued("STS.2")],
        &["STS.2"],
    )
    .await;
    check(
        json!([top.clone()]),
        &[],
        &[
            "names a source_profile that cannot be used",
            "no profile \"base\"",
        ],
    )
    .await;
    let back = json!({"name": "base", "mode": "ChainableRamRoleArn", "source_profile": "p", "ram_role_arn": ROLE});
    check(
        json!([top, back]),
        &[],
        &["in a circle (\"p\" -> \"base\" -> \"p\")"],
    )
    .await;
    let uri_stage = TestContext::new(&[ok(&session("STS.u"))]).await;
    let source = uri_stage.profiles(
        &json!([{"name": "p", "mode": "CredentialsURI", "credentials_uri": uri_stage.url()}]),
    );
    parts(&outcome(&source).await, &["STS.u"]);
    let oidc_stage = TestContext::new(&[issued("STS.o")]).await;
    oidc_stage.file("token", "MARK-oidc");
    let source = oidc_stage.profiles(&json!([{"name": "p", "mode": "OIDC", "oidc_token_file": "~/token",
        "oidc_provider_arn": "acs:ram::123:oidc-provider/ci", "ram_role_arn": ROLE, "ram_session_name": "ci-run"}]));
    parts(&outcome(&source).await, &["STS.o"]);
    parts(&oidc_stage.request(0), &["RoleSessionName=ci-run"]);
    for mode in ["RsaKeyPair", "BearerToken", "Anonymous", "ak"] {
        check(json!([key(mode, &none)]), &[], &["profile \"p\"", mode]).await;
    }
    check(
        json!([{"name": "q"}]),
        &[],
        &["there is no profile \"p\"", "its profiles are \"q\""],
    )
    .await;
}

/// Each of these fields was written by somebody who wants a narrower session, another host or another identity.
#[tokio::test]
async fn field_of_another_type_is_an_error_and_no_request() {
    let key = json!({"name": "p", "access_key_id": "LTAI5tQnKxAbCdEfGhJkwXyZ", "access_key_secret": "MARK-secret",
        "ram_role_arn": ROLE});
    for (mode, field, value, expected) in [
        (
            "RamRoleArn",
            "policy",
            json!({"MARK": "x"}),
            "a JSON string, but is an object",
        ),
        (
            "RamRoleArn",
            "external_id",
            json!(["MARK"]),
            "a JSON string, but is a list",
        ),
        (
            "RamRoleArn",
            "sts_endpoint",
            json!(5),
            "a JSON string, but is a number",
        ),
        (
            "RamRoleArn",
            "sts_region",
            json!({}),
            "a JSON string, but is an object",
        ),
        ("RamRoleArn", "enable_vpc", json!("yes"), "true or false"),
        (
            "RamRoleArn",
            "expired_seconds",
            json!("MARK"),
            "a whole number",
        ),
        (
            "RamRoleArn",
            "ram_session_name",
            json!(7),
            "a JSON string, but is a number",
        ),
        (
            "RamRoleArn",
            "sts_token",
            json!(true),
            "a JSON string, but is true or false",
        ),
        ("AK", "mode", json!(5), "a JSON string, but is a number"),
        (
            "AK",
            "access_key_id",
            json!(12345),
            "a JSON string, but is a number",
        ),
        (
            "",
            "sts_token",
            json!(["MARK"]),
            "a JSON string, but is a list",
        ),
        (
            "EcsRamRole",
            "ram_role_name",
            json!(5),
            "a JSON string, but is a number",
        ),
        (
            "ChainableRamRoleArn",
            "source_profile",
            json!(5),
            "a JSON string, but is a number",
        ),
        (
            "CredentialsURI",
            "credentials_uri",
            json!(5),
            "a JSON string, but is a number",
        ),
        (
            "External",
            "process_command",
            json!(["MARK"]),
            "a JSON string, but is a list",
        ),
    ] {
        let test = TestContext::new(&[]).await;
        let mut profile = key.clone();
        profile["mode"] = json!(mode);
        profile[field] = value;
        let source = test.profiles(&json!([profile]));
        let error = source.credentials().await.expect_err("a bad field");
        assert_eq!(error.kind(), CredentialsErrorKind::Profile, "{error}");
        let expected = format!("has a bad {field}: it must be {expected}");
        parts(
            &shown(&error),
            &["profile \"p\" in ", "config.json", &expected],
        );
    }
    // Null is not set, as in the CLI.
    let test = TestContext::new(&[issued("STS.n")]).await;
    let mut profile = key.clone();
    for field in [
        "mode",
        "policy",
        "external_id",
        "sts_endpoint",
        "enable_vpc",
        "expired_seconds",
        "sts_token",
    ] {
        profile[field] = Value::Null;
    }
    parts(
        &outcome(&test.profiles(&json!([profile]))).await,
        &["STS.n"],
    );
}

#[tokio::test]
async fn profile_of_an_instance_with_metadata_disabled_is_an_error() {
    let disabled = ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true");
    for profile in [
        json!({"name": "p", "mode": "EcsRamRole", "ram_role_name": "runner"}),
        json!({"name": "p", "mode": "EcsRamRole"}),
        json!({"name": "p", "mode": "RamRoleArnWithRoleName", "ram_role_arn": ROLE}),
    ] {
        let mut test = TestContext::new(&[]).await;
        test.variables.insert(disabled.0, disabled.1.to_owned());
        let found = outcome(&test.profiles(&json!([profile]))).await;
        parts(&found, &["profile \"p\" in ", disabled.0]);
    }
    let mut test = TestContext::new(&[]).await;
    test.variables.insert(disabled.0, disabled.1.to_owned());
    test.file(
        ".alibabacloud/credentials",
        "[default]\ntype = ecs_ram_role\n",
    );
    parts(
        &outcome(&test.profile()).await,
        &["section [default] of ", disabled.0],
    );
}

#[tokio::test]
async fn files_of_profiles() {
    let test = TestContext::new(&[]).await;
    parts(
        &outcome(&test.profile()).await,
        &["there is no file", "config.json", "credentials"],
    );
    test.file(
        ".aliyun/config.json",
        "{\"current\": \"p\",\n  \"profiles\": [MARK-secret]}",
    );
    parts(
        &outcome(&test.profile()).await,
        &["is not valid JSON", "line 2 column"],
    );

    // The ini file serves where the CLI's file is switched off.
    let mut test = TestContext::new(&[issued("STS.i")]).await;
    test.file(".aliyun/config.json", "broken");
    test.file(
        ".alibabacloud/credentials",
        "[default]\ntype = access_key\naccess_key_id = ini\naccess_key_secret = MARK-secret # c\n",
    );
    test.variables
        .insert("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true".to_owned());
    assert_eq!(outcome(&test.profile()).await, "ini");
    let ini = |test: &TestContext, text: &str| {
        test.file(".alibabacloud/credentials", text);
        test.profile()
    };
    let found = outcome(&ini(
        &test,
        "[default]\ntype = access_key\naccess_key_id = ini\n",
    ))
    .await;
    parts(&found, &["has type access_key but no access_key_secret"]);
    let role_text = format!(
        "[default]\ntype = ram_role_arn\naccess_key_id = k\naccess_key_secret = MARK-secret\nrole_arn = {ROLE}\nrole_session_name = s1\n"
    );
    assert_eq!(outcome(&ini(&test, &role_text)).await, "STS.i");
    for kind in ["rsa_key_pair", "other"] {
        parts(
            &outcome(&ini(&test, &format!("[default]\ntype = {kind}\n"))).await,
            &["section [default] of", kind],
        );
    }
    let test = TestContext::new(&[Reaction::response(200, &[], "t"), ok(&session("STS.m"))]).await;
    assert_eq!(
        outcome(&ini(
            &test,
            "[default]\ntype = ecs_ram_role\nrole_name = runner\n"
        ))
        .await,
        "STS.m"
    );
    let test = TestContext::new(&[issued("STS.t")]).await;
    test.file("token", "MARK-oidc");
    let text = format!(
        "[default]\ntype = oidc_role_arn\nrole_arn = {ROLE}\nrole_session_name = s1\noidc_provider_arn = x\noidc_token_file_path = ~/token\n"
    );
    assert_eq!(outcome(&ini(&test, &text)).await, "STS.t");
}

#[tokio::test]
async fn no_file_that_cannot_be_used_shows_a_secret() {
    const CLI: &str = ".aliyun/config.json";
    const INI: &str = ".alibabacloud/credentials";
    let check = async |path: &str, content: &[u8], expected: &[&str]| {
        let test = TestContext::new(&[]).await;
        std::fs::write(test.file(path, ""), content).expect("written");
        let source = test.profile();
        parts(&outcome(&source).await, expected);
        assert!(!format!("{source:?}").contains("MARK"));
        assert!(test.server.requests().is_empty());
    };
    check(
        CLI,
        b"{\"a\": \"MARK-secret\xff\"}",
        &["config.json is not UTF-8 text"],
    )
    .await;
    check(
        CLI,
        &b"{\"MARK-secret\"".repeat(512 << 10),
        &["config.json is larger than 4 MiB"],
    )
    .await;
    check(
        CLI,
        b"{\"profiles\": \"MARK-secret\"}",
        &["no profile \"default\"", "it has no profiles"],
    )
    .await;
    check(
        CLI,
        b"{\"access_key_secret\": \"MARK-secret\n\"}",
        &["not valid JSON", "line 2 column 0"],
    )
    .await;
    check(
        CLI,
        b"{\"access_key_secret\": \"MARK-secret\",\n \"sts_token\": MARK}",
        &["line 2 column 15"],
    )
    .await;
    check(
        CLI,
        b"{\"access_key_secret\": \"MARK-secret",
        &["not valid JSON", "line 1 column 34"],
    )
    .await;
    check(
        INI,
        b"[default]\ntype = access_key\nMARK-secret\n",
        &["credentials line 3: neither"],
    )
    .await;
    check(
        INI,
        b"access_key_secret = MARK-secret\n",
        &["line 1: an entry before"],
    )
    .await;
    check(
        INI,
        b"[\"MARK-secret\"",
        &["credentials is not valid JSON", "line 1 column"],
    )
    .await;
    check(
        INI,
        b"[MARK-secret",
        &["line 1: a section needs a closing ]"],
    )
    .await;
    check(
        INI,
        b"[default]\ntype = access_key\naccess_key_id = k\naccess_key_secret = MARK-secret x\n",
        &[
            "section [default]",
            "has an AccessKey that cannot be used",
            "the AccessKey secret has a blank",
        ],
    )
    .await;

    let test = TestContext::new(&[]).await;
    std::fs::create_dir_all(test.home.path().join(CLI)).expect("made");
    parts(
        &outcome(&test.profile()).await,
        &["config.json is not a regular file"],
    );

    for (field, value, expected) in [
        (
            "access_key_secret",
            " MARK-secret",
            "the AccessKey secret has a blank",
        ),
        (
            "external_id",
            "MARK-secret of ours",
            "bad external_id: it must be 2 to 1224 letters",
        ),
        ("policy", "MARK-secret", "bad policy: it must be JSON"),
        (
            "sts_endpoint",
            "https://user:MARK-secret@sts.example",
            "bad sts_endpoint",
        ),
        ("sts_region", "", "cannot be assumed"),
    ] {
        let test = TestContext::new(&[refusal(403, "NoPermission")]).await;
        let mut profile = json!({"name": "p", "mode": "RamRoleArn", "access_key_id": "LTAI5tQnKxAbCdEfGhJkwXyZ",
            "access_key_secret": "MARK-secret", "ram_role_arn": ROLE});
        profile[field] = json!(value);
        parts(
            &outcome(&test.profiles(&json!([profile]))).await,
            &[expected],
        );
    }
    for (field, value, expected) in [
        (
            "credentials_uri",
            "https://user:MARK-secret@vend.example",
            "must not contain a user name",
        ),
        ("credentials_uri", "vend?key=MARK-secret", "it is not a URL"),
        ("credentials_uri", "https://:MARK-secret", "it is not a URL"),
    ] {
        let test = TestContext::new(&[]).await;
        let profiles = json!([{"name": "p", "mode": "CredentialsURI", field: value}]);
        parts(
            &outcome(&test.profiles(&profiles)).await,
            &["profile \"p\"", expected],
        );
    }

    for (content, expected) in [
        (&b"MARK-oidc\xff"[..], "is not UTF-8 text"),
        (&b"\n"[..], "is empty"),
    ] {
        let test = TestContext::new(&[]).await;
        let file = test.file("token", "");
        std::fs::write(&file, content).expect("written");
        let role = RoleWithOidc {
            role: role(),
            oidc_provider_arn: "acs:ram::123:oidc-provider/ci".to_owned(),
            token: OidcToken::File(file),
        };
        let source = OidcRole::source(test.context().client, role);
        parts(&outcome(&*source).await, &["the OIDC token file", expected]);
    }
}

#[tokio::test]
async fn login_that_cannot_be_saved_lasts_as_long_as_the_process() {
    let renewed = json!({"access_token": "MARK-token-new", "refresh_token": "MARK-refresh-new", "expires_in": 3600});
    let renewed = ok(&renewed).after(std::time::Duration::from_millis(300));
    let test = TestContext::new(&[renewed, ok(&session("STS.o"))]).await;
    let source = test.profiles(
        &json!([{"name": "p", "mode": "OAuth", "oauth_site_type": "CN",
        "oauth_refresh_token": "MARK-refresh"}]),
    );
    let gone = async {
        test.request_arrives(0).await;
        test.file(
            ".aliyun/config.json",
            r#"{"profiles": [{"name": "MARKed", "x": "MARK-secret"}]}"#,
        );
    };
    let (found, ()) = tokio::join!(outcome(&source), gone);
    assert_eq!(found, "STS.o");
}

/// The kind of failure of what nobody has asked for, and what is said; or the AccessKey ID.
async fn implicit(test: &TestContext) -> Result<String, (CredentialsErrorKind, String)> {
    let profile = Profile::new(test.context(), ProfileSelector::default());
    match profile.credentials().await {
        Ok(credentials) => Ok(credentials.access_key_id),
        Err(error) => Err((error.kind(), shown(&error))),
    }
}

#[tokio::test]
async fn absent_is_no_file_or_an_empty_one_or_the_untouched_one() {
    const CLI: &str = ".aliyun/config.json";
    const INI: &str = ".alibabacloud/credentials";
    let absent = async |path: &str, text: &str| {
        let test = TestContext::new(&[]).await;
        test.file(path, text);
        let (kind, _) = implicit(&test).await.expect_err("nothing");
        assert_eq!(kind, CredentialsErrorKind::Absent, "{path}: {text}");
    };
    let test = TestContext::new(&[]).await;
    let (kind, _) = implicit(&test).await.expect_err("nothing");
    assert_eq!(kind, CredentialsErrorKind::Absent, "no file");
    for path in [CLI, INI] {
        for text in ["", "\n \t\r\n", "\u{feff}\n"] {
            absent(path, text).await;
        }
    }
    for profile in [
        json!({"name": "default"}),
        json!({"name": "default", "mode": ""}),
        json!({"name": "default", "mode": "AK", "access_key_id": "", "access_key_secret": "", "expired_seconds": 0,
            "region_id": "ap-southeast-1", "output_format": "json", "language": "en", "site": "", "retry_timeout": 0,
            "verify": false, "private_key": null}),
    ] {
        absent(
            CLI,
            &json!({"current": "default", "profiles": [profile.clone()], "meta_path": ""})
                .to_string(),
        )
        .await;
        absent(
            CLI,
            &json!({"current": "", "profiles": [profile]}).to_string(),
        )
        .await;
    }
}

#[tokio::test]
async fn whatever_else_is_there_is_an_error_that_names_it() {
    const CLI: &str = ".aliyun/config.json";
    const INI: &str = ".alibabacloud/credentials";
    let check = async |path: &str, text: &str, expected: &[&str]| {
        let test = TestContext::new(&[]).await;
        test.file(path, text);
        let (kind, shown) = implicit(&test).await.expect_err("unusable");
        assert_ne!(kind, CredentialsErrorKind::Absent, "{text}: {shown}");
        parts(&shown, &[path.rsplit('/').next().expect("a name")]);
        parts(&shown, expected);
    };
    let keys = json!({"name": "prod", "mode": "AK", "access_key_id": "k", "access_key_secret": "MARK-secret"});
    let bare =
        json!({"name": "default", "mode": "AK", "access_key_id": "", "access_key_secret": ""});
    let file = |current: Value, profiles: &[&Value]| {
        json!({"current": current, "profiles": profiles}).to_string()
    };
    let missing = [
        "no profile \"test\"",
        "its profiles are \"prod\", \"default\"",
    ];
    check(CLI, &file(json!("test"), &[&keys, &bare]), &missing).await;
    check(
        CLI,
        &file(json!("Prod"), &[&keys]),
        &["no profile \"Prod\"", "\"prod\""],
    )
    .await;
    check(CLI, &file(json!(7), &[&keys]), &["`current`", "\"prod\""]).await;
    check(CLI, &file(json!(["prod"]), &[&keys]), &["`current`"]).await;
    check(
        CLI,
        &file(json!(null), &[&keys]),
        &["no profile \"default\"", "\"prod\""],
    )
    .await;
    // The current one is empty, but another one is not; it is begun; it has what nobody knows.
    check(
        CLI,
        &file(json!("default"), &[&bare, &keys]),
        &["profile \"default\"", "no access_key_id"],
    )
    .await;
    for (field, value) in [
        ("access_key_id", json!("k")),
        ("access_key_id", json!(7)),
        ("access_key_secret", json!("MARK-secret")),
        ("mode", json!(3)),
        ("ram_role_name", json!("runner")),
        ("process_command", json!("vend")),
        ("unheard_of", json!(true)),
    ] {
        let mut begun = bare.clone();
        begun[field] = value;
        check(
            CLI,
            &file(json!("default"), &[&begun]),
            &["profile \"default\""],
        )
        .await;
    }
    for text in [
        "{}",
        "{\"profiles\": []}",
        "{\"profiles\": null}",
        "{\"profiles\": {\"default\": {}}}",
    ] {
        check(CLI, text, &["no profile \"default\"", "it has no profiles"]).await;
    }
    for text in [
        "[]",
        "[{\"name\": \"default\"}]",
        " [\n\"MARK-secret\"]",
        "\"MARK-secret\"",
        "[7]",
    ] {
        check(CLI, text, &["is JSON, but not an object"]).await;
        check(INI, text, &["is JSON, but not an object"]).await;
    }
    for text in [
        "[{\"access_key_secret\": \"MARK-secret\"",
        "[",
        "{",
        "[[\"MARK-secret\"",
    ] {
        check(CLI, text, &["is not valid JSON"]).await;
    }
    for text in [
        "null",
        "7",
        "profiles:\n  - MARK-secret\n",
        "<MARK-secret/>",
    ] {
        check(CLI, text, &["line 1: neither [section] nor key = value"]).await;
    }
    let ini = "type = access_key\naccess_key_id = k\naccess_key_secret = MARK-secret\n";
    check(
        INI,
        &format!("[Default]\n{ini}"),
        &["no section [default]", "its sections are [Default]"],
    )
    .await;
    check(
        INI,
        &format!("[prod]\n{ini}[test]\n"),
        &["no section [default]", "[prod], [test]"],
    )
    .await;
    check(
        INI,
        "# nothing but this\n",
        &["no section [default]", "it has no sections"],
    )
    .await;
    check(INI, "[default]\n", &["section [default] of", "has no type"]).await;
    check(INI, "\u{0}", &["line 1"]).await;
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_no_file_is_not_absent() {
    use std::os::unix::fs::symlink;

    let check = async |make: &dyn Fn(&std::path::Path), expected: FileFault| {
        let test = TestContext::new(&[]).await;
        make(test.home.path());
        let (kind, _) = implicit(&test).await.expect_err("unusable");
        assert_eq!(kind, CredentialsErrorKind::File(expected));
    };
    let directory = |home: &std::path::Path| {
        std::fs::create_dir(home.join(".aliyun")).expect("made");
        home.join(".aliyun/config.json")
    };
    check(
        &|home| std::fs::create_dir(directory(home)).expect("made"),
        FileFault::NotRegular,
    )
    .await;
    check(
        &|home| symlink("/no/such", directory(home)).expect("made"),
        FileFault::BrokenLink,
    )
    .await;
    check(
        &|home| symlink("/no/such", home.join(".aliyun")).expect("made"),
        FileFault::BrokenLink,
    )
    .await;
    check(
        &|home| symlink("/dev/zero", directory(home)).expect("made"),
        FileFault::NotRegular,
    )
    .await;
    check(
        &|home| std::fs::write(home.join(".aliyun"), "").expect("made"),
        FileFault::Unreadable,
    )
    .await;
    check(
        &|home| {
            let made = std::process::Command::new("mkfifo")
                .arg(directory(home))
                .status();
            assert!(made.expect("mkfifo runs").success());
        },
        FileFault::NotRegular,
    )
    .await;
}

#[tokio::test]
async fn profile_with_a_name_may_stand_in_any_file() {
    let test = TestContext::new(&[]).await;
    test.file(
        ".aliyun/config.json",
        r#"{"current": "a", "profiles": [{"name": "a"}]}"#,
    );
    test.file(
        ".alibabacloud/credentials",
        "[b]\ntype = access_key\naccess_key_id = ini\naccess_key_secret = MARK-secret\n",
    );
    let profile = async |name: &str| {
        let selector = ProfileSelector {
            name: Some(name.to_owned()),
            file: None,
            expected: true,
        };
        outcome(&Profile::new(test.context(), selector)).await
    };
    assert_eq!(profile("b").await, "ini");
    parts(
        &profile("c").await,
        &[
            "no profile \"c\" in",
            "its profiles are \"a\"",
            "no section [c] in",
            "its sections are [b]",
        ],
    );
}

#[tokio::test]
async fn names_from_files_are_shown_only_if_they_look_like_names() {
    const KEY: &str = "LTAI5tQnKxAbCdEfGhJkwXyZ";
    let test = TestContext::new(&[]).await;
    for profiles in [
        json!([{"name": KEY}, {"name": "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ"}]),
        json!([{"name": "p", "mode": KEY}]),
        json!([{"name": "p", "mode": "ChainableRamRoleArn", "source_profile": KEY, "ram_role_arn": ROLE}]),
        json!([{"name": "p", "mode": "RamRoleArn", "access_key_id": "k", "access_key_secret": "s", "ram_role_arn": KEY}]),
        json!([{"name": "p", "mode": "RamRoleArn", "access_key_id": "k", "access_key_secret": "s", "ram_role_arn": ROLE,
            "ram_session_name": format!("{KEY} {KEY}")}]),
        json!([{"name": "p", "mode": "RamRoleArn", "access_key_id": "k", "access_key_secret": "s", "ram_role_arn": ROLE,
            "sts_endpoint": format!("https://sts.example/{KEY}")}]),
        json!([{"name": "p", "mode": "RamRoleArn", "access_key_id": "k", "access_key_secret": "s", "ram_role_arn": ROLE,
            "sts_region": KEY}]),
        json!([{"name": "p", "mode": "External", "process_command": format!("/no/such/{KEY}")}]),
    ] {
        let found = outcome(&test.profiles(&profiles)).await;
        assert!(!found.contains(KEY) && !found.contains("eyJ"), "{found}");
        parts(&found, &["config.json"]);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn an_external_program() {
    let check = async |command: &str, expected: &[&str]| {
        let test = TestContext::new(&[]).await;
        let source =
            test.profiles(&json!([{"name": "p", "mode": "External", "process_command": command}]));
        parts(&outcome(&source).await, expected);
    };
    let good = json!({"mode": "StsToken", "access_key_id": "STS.x", "access_key_secret": "MARK-secret",
        "sts_token": "MARK-token", "expiration": "2026-01-15T09:30:05Z"});
    check(&format!("echo '{good}'"), &["STS.x"]).await;
    check(
        r#"echo '{"mode":"AK","access_key_id":"k","access_key_secret":"MARK-secret"}'"#,
        &["k"],
    )
    .await;
    check(
        r#"echo '{"mode":"StsToken","access_key_id":"k","access_key_secret":"MARK-secret"}'"#,
        &["no sts_token"],
    )
    .await;
    check(
        "echo MARK-secret",
        &["its output is not JSON (line 1, column 1)"],
    )
    .await;
    // Of a program that fails nothing is shown: whatever it writes may be a secret.
    check(
        "sh -c 'echo MARK-secret; echo the vault is sealed MARK-token >&2; exit 3' --key=MARK-secret",
        &[
            "the program sh of profile \"p\" in ",
            "exit status: 3",
            "run its process_command by hand",
        ],
    )
    .await;
    check(
        r#"echo '{"mode":"MARK-secret","access_key_secret":"MARK-secret"}'"#,
        &["neither AK nor StsToken"],
    )
    .await;
    check(
        r#"echo '{"mode":"AK","access_key_id":"k","access_key_secret":"MARK-secret","expiration":"MARK-secret"}'"#,
        &["its Expiration is not a date"],
    )
    .await;
    check(
        r#"echo '{"mode":"AK","access_key_id":"k","access_key_secret":"MARK-secret","expiration":1768469405}'"#,
        &["the expiration in its output is not a JSON string"],
    )
    .await;
    check(r#"echo '["MARK-secret"]'"#, &["not an object"]).await;
    check(
        "VAULT_TOKEN=MARK-secret vend",
        &[
            "the program of profile \"p\" in ",
            "returned no credentials: it cannot be run (process_command runs without a shell, which alone gives a meaning to \
             NAME=value)",
        ],
    )
    .await;
    check("sh -c 'kill -9 $$' MARK-secret", &["signal: 9"]).await;
    check(
        "/no/such/program MARK-secret",
        &["the program program of profile \"p\"", "cannot be run"],
    )
    .await;
    check(
        "$HOME/vend --key=MARK-secret",
        &[
            "the program vend of profile \"p\"",
            "without a shell, which alone gives a meaning to $)",
        ],
    )
    .await;
    check(
        "echo MARK-secret | jq .",
        &[
            "its output is not JSON (line 1, column 1) (process_command runs without a shell",
            "to |)",
        ],
    )
    .await;
    let stale = good.to_string().replace("09:30:05", "08:30:05");
    check(
        &format!("echo '{stale}'"),
        &[
            "the credentials from the program echo of profile \"p\" in ",
            "had already expired when they arrived: their expiration is 2026-01-15T08:30:05Z",
        ],
    )
    .await;
    check("echo 'MARK-secret", &["quote that is not closed"]).await;
    // Without end, on either stream, and with a child that outlives it.
    check(
        "sh -c 'yes MARK-secret'",
        &["it wrote more than 64 KiB and was ended"],
    )
    .await;
    check("sh -c 'head -c 65537 /dev/zero'", &["more than 64 KiB"]).await;
    check(
        &format!("sh -c 'yes MARK-secret | head -c 9999999 >&2; echo \"$0\"' '{good}'"),
        &["STS.x"],
    )
    .await;
    check(
        &format!("sh -c 'sleep 1000 & echo \"$0\"' '{good}'"),
        &["STS.x"],
    )
    .await;
    for value in ["1", "true", "yes"] {
        let mut test = TestContext::new(&[]).await;
        test.variables
            .insert("ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS", value.to_owned());
        for profile in [
            json!({"name": "p", "mode": "External", "process_command": "echo"}),
            json!({"name": "p", "mode": "CredentialsURI", "credentials_uri": test.url()}),
        ] {
            parts(
                &outcome(&test.profiles(&json!([profile]))).await,
                &["ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS forbids"],
            );
        }
        assert!(test.server.requests().is_empty());
    }
}

/// Whether a process is there and is no zombie.
#[cfg(target_os = "linux")]
fn is_alive(id: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/stat", id.trim()));
    status.is_ok_and(|text| !text.contains(") Z "))
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn program_that_nobody_waits_for_is_ended_with_its_children() {
    let test = TestContext::new(&[]).await;
    let children = test.home.path().join("children");
    let command = format!(
        "sh -c 'sleep 1000 & echo $! >> \"$0\"; sleep 1000 & echo $! >> \"$0\"; wait' '{}'",
        children.display()
    );
    let source =
        test.profiles(&json!([{"name": "p", "mode": "External", "process_command": command}]));
    let started = async {
        loop {
            let ids = std::fs::read_to_string(&children).unwrap_or_default();
            if ids.lines().count() == 2 && ids.ends_with('\n') {
                return ids;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    let ids = tokio::select! {
        ids = started => ids,
        _ = source.credentials() => panic!("the program never ends"),
    };
    assert_eq!(ids.lines().count(), 2);
    // As after a limit of time, or when the process is asked to stop.
    drop(source);
    while ids.lines().any(is_alive) {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn profile_without_a_uri_takes_that_of_the_environment() {
    let mut test = TestContext::new(&[ok(&session("STS.v"))]).await;
    let profiles = json!([{"name": "p", "mode": "CredentialsURI", "credentials_uri": ""}]);
    parts(
        &outcome(&test.profiles(&profiles)).await,
        &[
            "no credentials_uri",
            "ALIBABA_CLOUD_CREDENTIALS_URI is not set",
        ],
    );
    let url = test.url();
    test.variables.insert("ALIBABA_CLOUD_CREDENTIALS_URI", url);
    assert_eq!(outcome(&test.profiles(&profiles)).await, "STS.v");
}

#[tokio::test]
async fn a_cloud_sso_login() {
    let check = async |reaction: Reaction, change: &Value, expected: &[&str]| {
        let test = TestContext::new(&[reaction]).await;
        let mut profile = json!({"name": "p", "mode": "CloudSSO", "cloud_sso_sign_in_url": format!("{}/x/login", test.url()),
            "cloud_sso_account_id": "123", "cloud_sso_access_config": "ac-1", "access_token": "MARK-token",
            "cloud_sso_access_token_expire": 1_768_470_000});
        for (name, value) in change.as_object().expect("an object") {
            profile[name] = value.clone();
        }
        let source = test.profiles(&json!([profile]));
        parts(&outcome(&source).await, expected);
        test.server.requests()
    };
    let good = ok(&json!({"CloudCredential": session("STS.s"), "RequestId": "R"}));
    let requests = check(good.clone(), &json!({}), &["STS.s"]).await;
    parts(
        &requests[0],
        &[
            "POST /cloud-credentials ",
            "Bearer MARK-token",
            r#""AccountId":"123""#,
            r#""AccessConfigurationId":"ac-1""#,
        ],
    );
    let gone = json!({"cloud_sso_access_token_expire": 1_768_465_805});
    let requests = check(
        good.clone(),
        &gone,
        &["has expired; log in again: aliyun configure --mode CloudSSO --profile 'p'"],
    )
    .await;
    assert!(requests.is_empty());
    check(
        good.clone(),
        &json!({"access_token": ""}),
        &["has no access token; log in again"],
    )
    .await;
    check(
        good.clone(),
        &json!({"cloud_sso_account_id": ""}),
        &["has mode CloudSSO but no cloud_sso_account_id"],
    )
    .await;
    check(
        good,
        &json!({"cloud_sso_sign_in_url": "http://sso.example/"}),
        &["unusable cloud_sso_sign_in_url"],
    )
    .await;
    check(
        refusal(401, "Unauthorized"),
        &json!({}),
        &[
            "was refused",
            "log in again",
            "HTTP 401: Unauthorized: said",
        ],
    )
    .await;
    check(ok(&json!({})), &json!({}), &["no CloudCredential"]).await;
}

#[tokio::test]
async fn an_oauth_login_is_renewed_and_written_back() {
    let profile = |expires: i64| {
        json!([{"name": "p", "mode": "OAuth", "oauth_site_type": "INTL", "oauth_access_token": "MARK-token-old",
            "oauth_access_token_expire": expires, "oauth_refresh_token": "MARK-refresh-old", "language": "en"}])
    };
    let exchanged = ok(
        &json!({"accessKeyId": "STS.o", "accessKeySecret": "MARK-secret", "securityToken": "MARK-token",
        "expiration": "2026-01-15T09:30:05Z"}),
    );
    let renewed = ok(
        &json!({"access_token": "MARK-token-new", "refresh_token": "MARK-refresh-new", "expires_in": 3600}),
    );
    const NOW: i64 = 1_768_465_805;

    // Enough of the access token is left.
    let test = TestContext::new(std::slice::from_ref(&exchanged)).await;
    assert_eq!(outcome(&test.profiles(&profile(NOW + 1201))).await, "STS.o");
    parts(
        &test.request(0),
        &["POST /v1/exchange ", "Bearer MARK-token-old"],
    );

    // Too little is left.
    let test = TestContext::new(&[renewed.clone(), exchanged]).await;
    assert_eq!(outcome(&test.profiles(&profile(NOW + 1200))).await, "STS.o");
    parts(
        &test.request(0),
        &[
            "POST /v1/token ",
            "grant_type=refresh_token",
            "refresh_token=MARK-refresh-old",
            "client_id=4103531455503354461",
            "Timestamp=2026-01-15T08%3A30%3A05Z",
        ],
    );
    parts(&test.request(1), &["Bearer MARK-token-new"]);
    let text = std::fs::read_to_string(test.home.path().join(".aliyun/config.json")).expect("text");
    let root: Value = serde_json::from_str(&text).expect("JSON");
    let written = &root["profiles"][0];
    assert_eq!(written["oauth_access_token"], "MARK-token-new");
    assert_eq!(written["oauth_refresh_token"], "MARK-refresh-new");
    assert_eq!(written["oauth_access_token_expire"], json!(NOW + 3600));
    assert_eq!(written["language"], "en");

    // What was renewed is written back although the exchange fails, and nobody loses a login.
    let test = TestContext::new(&[renewed, refusal(403, "Forbidden")]).await;
    parts(
        &outcome(&test.profiles(&profile(0))).await,
        &["could not be exchanged", "HTTP 403: Forbidden"],
    );
    let text = std::fs::read_to_string(test.home.path().join(".aliyun/config.json")).expect("text");
    assert!(text.contains("MARK-refresh-new") && !text.contains("MARK-refresh-old"));

    let test = TestContext::new(&[refusal(400, "invalid_grant")]).await;
    parts(
        &outcome(&test.profiles(&profile(0))).await,
        &[
            "could not be renewed",
            "log in again: aliyun configure --mode OAuth --profile 'p'",
            "invalid_grant",
        ],
    );
    for out_of_order in [
        Reaction::raw(b"").cut(),
        Reaction::response(503, &[], "busy"),
    ] {
        let test = TestContext::new(&[out_of_order]).await;
        let found = outcome(&test.profiles(&profile(0))).await;
        parts(&found, &["could not be renewed at 127.0.0.1"]);
        assert!(!found.contains("log in again"), "{found}");
    }
    let mut other = profile(0);
    other[0]["oauth_site_type"] = json!("EU");
    parts(
        &outcome(&test.profiles(&other)).await,
        &["an oauth_site_type other than CN or INTL"],
    );
    other[0]["oauth_site_type"] = json!("CN");
    other[0]["oauth_refresh_token"] = json!("");
    parts(
        &outcome(&test.profiles(&other)).await,
        &["has no refresh token"],
    );
}

#[tokio::test]
async fn abandoned_renewal_is_written_back() {
    let renewed = Reaction::response(200, &[], &json!({"access_token": "MARK-token-new", "refresh_token": "MARK-refresh-new", "expires_in": 3600}).to_string())
        .after(std::time::Duration::from_millis(300));
    let test = TestContext::new(&[renewed, refusal(403, "Forbidden")]).await;
    let source = test.profiles(&json!([{"name": "p", "mode": "OAuth", "oauth_site_type": "CN", "oauth_refresh_token": "MARK-refresh-old"}]));
    tokio::select! {
        () = test.request_arrives(0) => {}
        _ = source.credentials() => panic!("the response is slow"),
    }
    let path = test.home.path().join(".aliyun/config.json");
    for _ in 0..100 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        if std::fs::read_to_string(&path)
            .expect("text")
            .contains("MARK-refresh-new")
        {
            return;
        }
    }
    panic!("the new refresh token was lost");
}

#[tokio::test]
async fn end_waits_for_a_renewal_in_flight() {
    let renewed = json!({"access_token": "MARK-token-new", "refresh_token": "MARK-refresh-new", "expires_in": 3600});
    let renewed = ok(&renewed).after(std::time::Duration::from_millis(300));
    let test = TestContext::new(&[renewed]).await;
    let text = json!({"current": "p", "profiles": [{"name": "p", "mode": "OAuth", "oauth_site_type": "CN",
        "oauth_refresh_token": "MARK-refresh-old"}]});
    let path = test.file(".aliyun/config.json", &text.to_string());
    let context = test.context();
    let profile = Profile::new(context.clone(), ProfileSelector::default());
    let client = context.client.acting_as(Arc::new(profile));
    let operation = client.operation(std::time::Duration::from_secs(60));
    let call = crate::sts::CallerIdentity::of(&operation);
    let stopped = async {
        test.request_arrives(0).await;
        context.client.stop();
    };
    let (outcome, ()) = tokio::join!(call, stopped);
    let error = outcome.err().expect("stopped");
    assert_eq!(*error.kind(), crate::ErrorKind::Stopped);
    // At once: the process may end now.
    let text = std::fs::read_to_string(&path).expect("text");
    assert!(text.contains("MARK-refresh-new"));
}

/// All that is marked in a request, to be said back.
fn marked(request: &str) -> String {
    let words = request.split(|c: char| c.is_whitespace() || "&?=/\"".contains(c));
    let marked: Vec<&str> = words.filter(|word| word.contains("MARK")).collect();
    assert!(!marked.is_empty(), "nothing to say back of {request}");
    marked.join(" ")
}

fn html(request: &str) -> String {
    format!("<html>{} {request}</html>", marked(request))
}

/// How whoever hands out credentials may fail, each with as many marked words as it can say: a name, the reaction, and
/// what has to be said if it is STS that responds, and if it is not.
fn failures() -> Vec<(&'static str, Reaction, &'static str, &'static str)> {
    let all = || {
        json!({"AccessKeyId": "STS.x", "AccessKeySecret": "MARK-secret", "SecurityToken": "MARK-token",
            "Expiration": "2026-01-15T09:30:05Z"})
    };
    let wrapped = |session: Value| {
        // Where each of them looks for its session.
        let mut response = session.clone();
        response["Credentials"] = session.clone();
        response["CloudCredential"] = session;
        response["access_token"] = json!("MARK-token-new");
        response
    };
    let without = |name: &str| {
        let mut session = all();
        session[name] = Value::Null;
        wrapped(session)
    };
    let with = |name: &str, value: &str| {
        let mut session = all();
        session[name] = json!(value);
        wrapped(session)
    };
    let mut large = wrapped(all()).to_string();
    large.push_str(&" ".repeat(4 << 20));
    vec![
        ("cut off", Reaction::raw(b"").cut(), "the connection was closed", "sent no whole response"),
        (
            "cut off within the response",
            Reaction::raw(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"AccessKeySecret\": \"MARK-secret\"").cut(),
            "the connection was closed",
            "sent no whole response",
        ),
        ("no HTTP", Reaction::raw(b"MARK-secret\r\n\r\n").cut(), "the connection was closed", "sent no whole response"),
        (
            "refused",
            Reaction::reply(|request| {
                let body = json!({"Code": "Denied", "Message": marked(request)});
                Reaction::response(403, &[], &body.to_string())
            }),
            "HTTP 403 Denied: (withheld)",
            "HTTP 403",
        ),
        (
            "refused as OAuth does it",
            Reaction::reply(|request| {
                let body = json!({"error": marked(request), "error_description": marked(request)});
                Reaction::response(400, &[], &body.to_string())
            }),
            "HTTP 400",
            "HTTP 400",
        ),
        (
            "a code that repeats the request",
            Reaction::reply(|request| {
                let body = json!({"Code": marked(request), "Message": request});
                Reaction::response(403, &[], &body.to_string())
            }),
            "HTTP 403",
            "HTTP 403",
        ),
        (
            "no success, and a code that repeats the request",
            Reaction::reply(|request| {
                let body = json!({"Code": marked(request), "Message": request});
                Reaction::response(200, &[], &body.to_string())
            }),
            "HTTP 200 (withheld)",
            "it",
        ),
        (
            "an error page that repeats the request",
            Reaction::reply(|request| Reaction::response(500, &[], &html(request))),
            "HTTP 500",
            "HTTP 500",
        ),
        (
            "a page that repeats the request",
            Reaction::reply(|request| Reaction::response(200, &[], &html(request))),
            "with an HTML page without a title",
            "HTTP 200 with an HTML page without a title came in place of credentials",
        ),
        (
            "an error that holds a session",
            Reaction::response(500, &[], &wrapped(all()).to_string()),
            "HTTP 500",
            "HTTP 500",
        ),
        (
            "half a session",
            Reaction::response(200, &[], "{\"AccessKeySecret\": \"MARK-secret\",\n\"SecurityToken\": MARK-token}"),
            "not a JSON object",
            "not JSON (line 2, column 18)",
        ),
        (
            "another kind of JSON",
            Reaction::response(200, &[], "[\"MARK-secret\"]"),
            "not a JSON object",
            "not an object",
        ),
        (
            "no secret",
            Reaction::response(200, &[], &without("AccessKeySecret").to_string()),
            "it has no AccessKeySecret",
            "it has no AccessKeySecret",
        ),
        (
            "no token",
            Reaction::response(200, &[], &without("SecurityToken").to_string()),
            "it has no SecurityToken",
            "it has no SecurityToken",
        ),
        (
            "an end that is no date",
            Reaction::response(200, &[], &with("Expiration", "MARK-secret").to_string()),
            "its Expiration is not a date",
            "its Expiration is not a date",
        ),
        (
            "an end in the past",
            Reaction::response(200, &[], &with("Expiration", "2026-01-15T08:30:04Z").to_string()),
            "had already expired",
            "had already expired",
        ),
        (
            "elsewhere",
            Reaction::reply(|request| {
                let location = format!("http://127.0.0.1:1/{}", marked(request).replace(' ', "/"));
                Reaction::response(302, &[("location", &location)], &html(request))
            }),
            "HTTP 302, a redirect to http://127.0.0.1;",
            "HTTP 302",
        ),
        ("endless", Reaction::response(200, &[], &large), "larger than 4 MiB", "larger than 256 KiB"),
    ]
}

/// Who hands out credentials over HTTP.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Vendor {
    AssumeRole,
    AssumeRoleWithOidc,
    CredentialsUri,
    Metadata,
    CloudSso,
    OAuthRenewal,
    OAuthExchange,
}

impl Vendor {
    fn source(self, test: &TestContext) -> Arc<dyn CredentialsSource> {
        match self {
            Vendor::AssumeRole => {
                let keys = StaticKeys::new(
                    "LTAI5tQnKxAbCdEfGhJkwXyZ",
                    "MARK-secret",
                    Some("MARK-token"),
                );
                let client = test
                    .context()
                    .client
                    .acting_as(Arc::new(keys.expect("valid keys")));
                AssumedRole::source(client, role())
            }
            Vendor::AssumeRoleWithOidc => OidcRole::source(
                test.context().client,
                RoleWithOidc {
                    role: role(),
                    oidc_provider_arn: "acs:ram::123:oidc-provider/ci".to_owned(),
                    token: OidcToken::Text(Secret::new("MARK-oidc")),
                },
            ),
            Vendor::CredentialsUri => {
                let url = format!(
                    "{}/MARK-secret-of-a-path/vend?key=MARK-secret&MARK-token",
                    test.url()
                );
                CredentialsUri::source(&test.context(), &url).expect("a URL")
            }
            Vendor::Metadata => EcsMetadata::source(
                &test.context(),
                InstanceMetadata {
                    role: Some("runner".to_owned()),
                    expected: true,
                    ..InstanceMetadata::default()
                },
            ),
            Vendor::CloudSso => Arc::new(test.profiles(&json!([{"name": "p", "mode": "CloudSSO",
                "cloud_sso_sign_in_url": test.url(), "cloud_sso_account_id": "123",
                "cloud_sso_access_config": "ac-1", "access_token": "MARK-token"}]))),
            Vendor::OAuthRenewal | Vendor::OAuthExchange => {
                let expires = if self == Vendor::OAuthExchange {
                    4_102_444_800_i64
                } else {
                    0
                };
                Arc::new(test.profiles(
                    &json!([{"name": "p", "mode": "OAuth", "oauth_site_type": "CN",
                    "oauth_access_token": "MARK-token", "oauth_access_token_expire": expires,
                    "oauth_refresh_token": "MARK-refresh"}]),
                ))
            }
        }
    }
}

#[tokio::test]
async fn vendor_failures_show_no_secret() {
    let mut found = Vec::new();
    for vendor in [
        Vendor::AssumeRole,
        Vendor::AssumeRoleWithOidc,
        Vendor::CredentialsUri,
        Vendor::Metadata,
        Vendor::CloudSso,
        Vendor::OAuthRenewal,
        Vendor::OAuthExchange,
    ] {
        for (name, failure, of_sts, of_others) in failures() {
            let mut reactions = Vec::new();
            if vendor == Vendor::Metadata {
                reactions.push(Reaction::response(200, &[], "MARK-token"));
            }
            let before = reactions.len();
            reactions.push(failure);
            let test = TestContext::new(&reactions).await;
            let source = vendor.source(&test);
            let error = source.credentials().await.expect_err(name);
            let shown = format!("{} {error:?} {source:?}", chain(&error));
            let is_sts = matches!(vendor, Vendor::AssumeRole | Vendor::AssumeRoleWithOidc);
            let expected = match of_others {
                // A renewal reads other fields, and goes no further without them.
                "it has no AccessKeySecret"
                | "it has no SecurityToken"
                | "had already expired"
                | "its Expiration is not a date"
                    if vendor == Vendor::OAuthRenewal =>
                {
                    "its response has no refresh_token"
                }
                _ if is_sts => of_sts,
                _ => of_others,
            };
            // STS is asked again where that may help; the others are not.
            let requests = test.server.requests().len();
            let repeated = !is_sts && requests != before + 1;
            if shown.contains("MARK") || !shown.contains(expected) || repeated {
                found.push(format!("{vendor:?}, {name}: expected {expected:?}, found after {requests} requests: {shown}"));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[tokio::test]
async fn panic_message_of_a_renewal_is_hidden() {
    thread_local! {
        static LOOKS: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
    }
    let test = TestContext::new(&[]).await;
    let text = json!({"current": "p", "profiles": [{"name": "p", "mode": "OAuth", "oauth_site_type": "CN",
        "oauth_refresh_token": "MARK-refresh"}]});
    test.file(".aliyun/config.json", &text.to_string());
    // The cache looks at the clock first, then it is seen what is left of the access token; the renewal is third.
    let context = test.context_at(|| {
        LOOKS.set(LOOKS.get() + 1);
        assert!(LOOKS.get() < 3, "MARK-secret");
        datetime!(2026-01-15 08:30:05 UTC)
    });
    let source = Profile::new(context, ProfileSelector::default());
    parts(
        &outcome(&source).await,
        &["the renewal failed because of a bug"],
    );
    assert_eq!(LOOKS.get(), 3);
}

#[tokio::test]
async fn account_guard_allows_listed_accounts_only() {
    let identity = ok(
        &json!({"RequestId": "R", "AccountId": "1", "Arn": "acs:ram::1:user/u", "IdentityType": "RAMUser"}),
    );
    let check = async |reaction: &Reaction, allowed: &str, expected: &[&str], calls: usize| {
        let test = TestContext::new(std::slice::from_ref(reaction)).await;
        let rule = AccountRule {
            allowed: vec![allowed.to_owned()],
            forbidden: Vec::new(),
            stated: None,
        };
        let guard = AccountGuard::new(test.context().client.acting_as(keys()), rule);
        parts(&outcome(&guard).await, expected);
        parts(&outcome(&guard).await, expected);
        assert_eq!(test.server.requests().len(), calls);
        guard.account_id()
    };
    let account = check(&identity, "1", &["LTAI5tQnKxAbCdEfGhJkwXyZ"], 1).await;
    assert_eq!(account.as_deref(), Some("1"));
    check(
        &identity,
        "2",
        &["acs:ram::1:user/u", "not one of allowed_account_ids (2)"],
        1,
    )
    .await;
    check(
        &refusal(403, "InvalidAccessKeyId.Inactive"),
        "1",
        &["cannot be compared", "InvalidAccessKeyId.Inactive"],
        1,
    )
    .await;
}

#[tokio::test]
async fn stated_account_needs_no_call() {
    let rule = AccountRule {
        stated: Some("9".to_owned()),
        ..AccountRule::default()
    };
    let test = TestContext::new(&[]).await;
    let guard = AccountGuard::new(test.context().client.acting_as(keys()), rule.clone());
    assert_eq!(guard.account_id().as_deref(), Some("9"));
    parts(&outcome(&guard).await, &["LTAI5tQnKxAbCdEfGhJkwXyZ"]);
    assert_eq!(test.server.requests().len(), 0);

    // A profile tells the account of its role when it is read.
    let test = TestContext::new(&[issued("STS.a")]).await;
    let profile = Arc::new(test.profiles(&json!([{
        "name": "p", "mode": "RamRoleArn", "access_key_id": "id", "access_key_secret": "MARK-secret", "ram_role_arn": ROLE,
    }])));
    let guard = AccountGuard::new(test.context().client.acting_as(profile), rule);
    parts(
        &outcome(&guard).await,
        &[
            "account_id says",
            "the account 9",
            "the account 123",
            "nothing was changed",
        ],
    );
}
