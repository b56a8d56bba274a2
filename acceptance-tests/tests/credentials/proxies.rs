//! Proxies of the environment: used for STS and for every sign-in, never for the metadata service, for this machine or for a
//! credentials URI without TLS.
//!
//! Servers on this machine are reached directly, so requests through a proxy go to names that no DNS has. Plain HTTP goes
//! to the emulator, which also accepts the requests that a proxy gets. HTTPS goes to a proxy that records requests and
//! refuses them.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use acceptance_tests::{
    acceptance::{Case, Failed, TestContext, TestResult, contains, equal, only_error},
    cases,
};
use serde_json::{Value, json};

use crate::{
    BINDING, OIDC_PROVIDER, ROLE, TENANT, configure, keys, oidc_token, populate,
    secrets::{hidden, keeps_quiet},
    stand_ins,
};

pub(crate) const CASES: &[Case] = cases![proxies:
    sts_and_sign_ins_use_the_proxy,
    sts_and_sign_ins_over_tls_use_the_proxy,
    plain_credentials_uri_bypasses_the_proxy,
    unusable_proxy_is_an_error_that_names_the_variable,
    localhost_and_metadata_service_bypass_the_proxy,
];

/// A proxy that refuses everything.
struct Refusing {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Refusing {
    fn start() -> Result<Refusing, Failed> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = format!("http://{}", listener.local_addr()?);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        // The thread ends with the process: the end of the last command is not known here.
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
                let first = lines.next().unwrap_or_default();
                lines.by_ref().take_while(|line| !line.is_empty()).count();
                drop(lines);
                let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
                noted.push(first);
                // The request is recorded, even if the client has closed the connection.
                let _ = stream.write_all(
                    b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                );
            }
        });
        Ok(Refusing { address, asked })
    }

    /// The first lines of the requests since the last time.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

const NAMES: [&str; 3] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

/// Writes a file with this profile, and configures it.
fn profile(context: &TestContext, profile: &Value) -> Result<String, Failed> {
    let text = json!({"current": "p", "profiles": [profile]}).to_string();
    context.directory.write("config.json", &text)?;
    Ok("  shared_credentials_file = \"config.json\"\n  profile = \"p\"".to_owned())
}

fn sso(sign_in_url: &str) -> Value {
    json!({"name": "p", "mode": "CloudSSO", "cloud_sso_sign_in_url": sign_in_url, "cloud_sso_account_id": TENANT,
        "cloud_sso_access_config": "ac-1", "access_token": "MARK-sso-token"})
}

fn assumed_role() -> String {
    format!(
        "{}  assume_role {{\n    role_arn = \"{ROLE}\"\n  }}",
        keys()
    )
}

fn oidc() -> String {
    format!(
        "  assume_role_with_oidc {{\n    oidc_provider_arn = \"{OIDC_PROVIDER}\"\n    role_arn = \"{ROLE}\"\n    oidc_token_file = \"token\"\n  }}"
    )
}

/// Writes a configuration with the STS endpoint `sts`.
fn with_sts_at(context: &TestContext, sts: &str, arguments: &str) -> TestResult {
    configure(context, arguments, BINDING)?;
    let written = context.directory.read("main.tf")?;
    let here = format!("sts  = \"{}\"", context.emulator.endpoint());
    let moved = written.replace(&here, &format!("sts  = \"{sts}\""));
    equal("whether STS was moved", moved != written, true)?;
    Ok(context.directory.write("main.tf", &moved)?)
}

fn sts_and_sign_ins_use_the_proxy(context: &mut TestContext) -> TestResult {
    context.directory.write("token", &oidc_token())?;
    // Retries of a name that is not found end soon.
    context.directory.set("MAX_RETRY_TIMEOUT", "1");
    let plain = |block: String| format!("  protocol = \"HTTP\"\n{block}");
    for (action, block) in [
        ("AssumeRole", plain(assumed_role())),
        ("AssumeRoleWithOIDC", plain(oidc())),
    ] {
        context.emulator.reset();
        populate(context)?;
        // The first round has no state to remove.
        let _ = std::fs::remove_file(context.directory.path().join("terraform.tfstate"));
        context
            .directory
            .set("HTTP_PROXY", context.emulator.endpoint());
        with_sts_at(context, "http://sts.behind-the-proxy.invalid", &block)?;
        context.apply()?.expecting(0)?;
        equal("spaces", context.emulator.spaces(TENANT).len(), 1)?;
        let calls = context.calls(action);
        equal(format!("{action} came"), calls > 0, true)?;

        context
            .directory
            .set("NO_PROXY", "behind-the-proxy.invalid");
        let output = context.directory.run(&["plan", "-json"])?.expecting(1)?;
        contains(
            &only_error(&output)?.text(),
            &["there are no valid credentials", "behind-the-proxy.invalid"],
        )?;
        equal(
            format!("{action} past NO_PROXY"),
            context.calls(action),
            calls,
        )?;
        context.directory.unset("NO_PROXY");
    }
    Ok(())
}

fn plain_credentials_uri_bypasses_the_proxy(context: &mut TestContext) -> TestResult {
    populate(context)?;
    let proxy = Refusing::start()?;
    context.directory.set("HTTP_PROXY", &proxy.address);
    let uri = "  credentials_uri = \"http://vend.behind-the-proxy.invalid/credentials-uri\"";
    configure(context, uri, BINDING)?;
    let output = context.apply()?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &["vend.behind-the-proxy.invalid"],
    )?;
    equal("asked of the proxy", proxy.asked(), Vec::<String>::new())
}

fn unusable_proxy_is_an_error_that_names_the_variable(context: &mut TestContext) -> TestResult {
    configure(context, &keys(), BINDING)?;
    context
        .directory
        .set("https_proxy", "ftp://me:MARK-proxy-password@proxy.example");
    let output = context.apply()?.expecting(1)?;
    let error = only_error(&output)?;
    equal(
        "summary",
        error.summary.as_str(),
        "https_proxy is not the URL of a proxy",
    )?;
    equal("MARK", output.text().contains("MARK"), false)?;
    equal("calls", context.emulator.calls().len(), 0)
}

fn sts_and_sign_ins_over_tls_use_the_proxy(context: &mut TestContext) -> TestResult {
    populate(context)?;
    context.directory.write("token", &oidc_token())?;
    context.directory.set("MAX_RETRY_TIMEOUT", "1");
    let proxy = Refusing::start()?;
    let with_password = proxy
        .address
        .replace("http://", "http://me:MARK-proxy-password@");
    context.directory.set("HTTPS_PROXY", with_password);
    context.directory.set("TF_LOG_PROVIDER", "trace");
    let hidden = hidden();
    let oauth = json!({"name": "p", "mode": "OAuth", "oauth_site_type": "INTL",
        "oauth_refresh_token": "MARK-oauth-refresh"});
    let uri = "  credentials_uri = \"https://vend.behind-the-proxy.invalid/credentials-uri\"";
    let sso = sso("https://sso.behind-the-proxy.invalid/start");
    let sources: [(&str, String, Option<&Value>); 5] = [
        ("sts.behind-the-proxy.invalid:443", assumed_role(), None),
        ("sts.behind-the-proxy.invalid:443", oidc(), None),
        ("vend.behind-the-proxy.invalid:443", uri.to_owned(), None),
        (
            "sso.behind-the-proxy.invalid:443",
            String::new(),
            Some(&sso),
        ),
        // Its host cannot be set. The proxy keeps the request on this machine.
        ("oauth.alibabacloud.com:443", String::new(), Some(&oauth)),
    ];
    for (host, block, login) in sources {
        let block = match login {
            Some(login) => profile(context, login)?,
            None => block,
        };
        with_sts_at(context, "https://sts.behind-the-proxy.invalid", &block)?;
        let output = context.apply()?.expecting(1)?;
        let error = only_error(&output)?;
        let by = &proxy.address["http://".len()..];
        contains(&error.text(), &["there are no valid credentials", by])?;
        let cause = if host.starts_with("sts.") {
            "STS: the proxy refused (HTTP 403)"
        } else {
            "proxy failed"
        };
        contains(&error.summary, &[cause])?;
        keeps_quiet(context, host, &output, &hidden)?;
        let asked = proxy.asked();
        let expected = format!("CONNECT {host} HTTP/1.1");
        equal(
            format!("{host}: all of {asked:?}"),
            !asked.is_empty() && asked.iter().all(|line| *line == expected),
            true,
        )?;
        if host.ends_with(".invalid:443") {
            context.directory.set("NO_PROXY", ".invalid");
            let output = context.apply()?.expecting(1)?;
            contains(
                &only_error(&output)?.text(),
                &["there are no valid credentials"],
            )?;
            equal("asked past NO_PROXY", proxy.asked(), Vec::<String>::new())?;
            context.directory.unset("NO_PROXY");
        }
    }
    equal("calls", context.emulator.calls().len(), 0)
}

fn localhost_and_metadata_service_bypass_the_proxy(context: &mut TestContext) -> TestResult {
    context.directory.write("token", &oidc_token())?;
    stand_ins(context);
    let proxy = Refusing::start()?;
    for name in NAMES {
        context.directory.set(name, &proxy.address);
    }
    let endpoint = context.emulator.endpoint().to_owned();
    let sso = sso(&format!("{endpoint}/start"));
    let oauth = json!({"name": "p", "mode": "OAuth", "oauth_site_type": "CN",
        "oauth_refresh_token": "MARK-oauth-refresh"});
    let sources: [(&str, String, Option<&Value>); 7] = [
        ("AssumeRole", assumed_role(), None),
        ("AssumeRoleWithOIDC", oidc(), None),
        (
            "CredentialsUri",
            format!("  credentials_uri = \"{endpoint}/credentials-uri\""),
            None,
        ),
        ("CloudSsoCredentials", String::new(), Some(&sso)),
        ("OAuthExchange", String::new(), Some(&oauth)),
        (
            "MetadataCredentials",
            "  ecs_role_name = \"onboarding\"".to_owned(),
            None,
        ),
        ("MetadataRole", String::new(), None),
    ];
    for (action, block, login) in sources {
        context.emulator.reset();
        populate(context)?;
        let _ = std::fs::remove_file(context.directory.path().join("terraform.tfstate"));
        let block = match login {
            Some(login) => profile(context, login)?,
            None => block,
        };
        configure(context, &block, BINDING)?;
        context.apply()?.expecting(0)?;
        equal(action, context.calls(action), 1)?;
        equal("asked of the proxy", proxy.asked(), Vec::<String>::new())?;
    }
    Ok(())
}
